#include "session/stored.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "session/dataset.h"
#include "session/keeping.h"
#include "session/server_priv.h"
#include "session/spool.h"

static struct sw_stored_session *add(struct sw_server *server, const unsigned char *key,
                                     const char *name)
{
    struct sw_stored_session *made = calloc(1, sizeof *made);
    if (made != NULL) {
        memcpy(made->key, key, sizeof made->key);
        (void)snprintf(made->name, sizeof made->name, "%s", name);
        made->idle_since_ms = made->opened_ms = sw_clock_ms(server->clock);
        HASH_ADD(by_key, server->stored, key, sizeof made->key, made);
        server->stored_count++;
    }
    return made;
}

void sw_stored_forget(struct sw_server *server, struct sw_stored_session *stored)
{
    HASH_DELETE(by_key, server->stored, stored);
    server->stored_count--;
    free(stored->app);
    free(stored);
}

/* -- at the start ----------------------------------------------------------------------------- */

static void read_one(void *context, const struct sw_stored *stored)
{
    struct sw_server *server = context;
    if (stored->kind == SW_STORE_DATASET) {
        sw_dataset_note_store(server, stored);
        return;
    }
    if (strlen(stored->name) >= SW_SESSION_NAME_TEXT) {
        return;
    }
    struct sw_stored_session *made = add(server, stored->key, stored->name);
    if (made != NULL) {
        made->has_store = true;
    }
}

static bool is_known(void *context, const char *name)
{
    struct sw_server *server = context;
    struct sw_stored_session *stored;
    struct sw_stored_session *next;
    HASH_ITER (by_key, server->stored, stored, next) {
        if (strcmp(stored->name, name) == 0) {
            return true;
        }
    }
    return false;
}

sw_status sw_stored_read(struct sw_server *server, struct sw_err *err)
{
    SW_TRY(sw_spill_each(server->spill, read_one, server, err));
    sw_spools_sweep(server->uploads_fd, is_known, server);
    if (server->stored_count > 0) {
        sw_log(SW_LOG_INFO, NULL, "state read sessions=%" PRIu32, server->stored_count);
    }
    return SW_OK;
}

/* -- going to sleep --------------------------------------------------------------------------- */

static void files_closed(void *context)
{
    struct sw_stored_session *stored = context;
    stored->is_closing = false;
    if (stored->waking != NULL) {
        sw_waking_go_on(stored->waking);
    }
}

void sw_stored_park(struct sw_session *session)
{
    struct sw_server *server = session->server;
    struct sw_keep *keep = session->keep;
    struct sw_stored_session *made = add(server, session->key, session->name);
    if (made == NULL) {
        return; /* it stays awake */
    }
    made->has_store = keep->store != NULL;
    made->is_closing = true;
    made->opened_ms = session->opened_ms;
    made->app = made->has_store ? NULL : strdup(session->app);
    keep->on_end = files_closed;
    keep->on_end_context = made;
    server->count.parked++;
    sw_log(SW_LOG_INFO, session->name, "park sessions=%" PRIu32, server->session_count - 1);
    sw_session_leave(session);
}

/* -- coming back ------------------------------------------------------------------------------ */

sw_status sw_stored_wake(struct sw_server *server, struct sw_span token, sw_awake_fn awake,
                         void *context, struct sw_session **session, struct sw_err *err)
{
    unsigned char key[SW_SHA256_BYTES];
    struct sw_stored_session *stored;
    sw_status status = sw_session_find(server, token, session, err);
    if (status == SW_OK) {
        return SW_OK;
    }
    sw_sha256(token.data, token.length, key);
    HASH_FIND(by_key, server->stored, key, sizeof key, stored);
    if (stored == NULL) {
        return status;
    }
    if (server->is_stopping) {
        return sw_fail(err, SW_NOT_ALLOWED, "the server is stopping: connect again in a moment");
    }
    SW_TRY(sw_waking_start(server, stored, awake, context, err));
    return SW_AGAIN;
}

/* -- the end of long sleeps ------------------------------------------------------------------- */

struct removal {
    struct sw_disk_task task; /* first */
    struct sw_server *server;
    char name[SW_SESSION_NAME_TEXT];
};

static bool remove_work(struct sw_disk_task *task)
{
    struct removal *removal = task->context;
    sw_spools_remove_work(removal->server->uploads_fd, removal->name);
    task->status = sw_spill_remove_work(removal->server->spill, removal->name, &task->err);
    return false;
}

static void remove_done(struct sw_disk_task *task)
{
    struct removal *removal = task->context;
    if (task->status != SW_OK) {
        sw_log(SW_LOG_WARN, removal->name, "remove failed reason=\"%s\"", task->err.message);
    }
    free(removal);
}

static void expire(struct sw_server *server, struct sw_stored_session *stored)
{
    struct removal *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return; /* the next sweep tries again */
    }
    made->server = server;
    memcpy(made->name, stored->name, sizeof made->name);
    made->task.work = remove_work;
    made->task.done = remove_done;
    made->task.context = made;
    sw_log(SW_LOG_INFO, stored->name, "end parked");
    sw_stored_forget(server, stored);
    sw_disk_run(server->disk, SW_DISK_BULK, &made->task);
}

void sw_stored_sweep(struct sw_server *server, int64_t now_ms)
{
    struct sw_stored_session *stored;
    struct sw_stored_session *next;
    HASH_ITER (by_key, server->stored, stored, next) {
        if (stored->waking == NULL && !stored->is_closing &&
            now_ms - stored->idle_since_ms >= server->idle_timeout_s * 1000) {
            expire(server, stored);
        }
    }
}

void sw_stored_free(struct sw_server *server)
{
    while (server->stored != NULL) {
        sw_stored_forget(server, server->stored);
    }
}
