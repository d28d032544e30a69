/* See keeping.h. */
#include "session/keeping.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "session/dataset.h"
#include "session/facts.h"
#include "session/outbox.h"
#include "session/server_priv.h"
#include "session/socket_priv.h"
#include "session/spool.h"
#include "session/upload_priv.h"
#include "spill/journal.h"

#define RECORD_KIND_CALL 1

/* In one block with its texts. */
struct sw_keep_record {
    struct sw_keep_record *next;
    uint64_t seq, shape;
    int64_t wall_ms;
    size_t method, params; /* bytes */
    char text[];           /* method, then params: extra, a line feed, the message */
};

static int64_t wall_ms(const struct sw_server *server)
{
    return server->clock->wall_ms(server->clock->context);
}

sw_status sw_keep_new(struct sw_session *session, struct sw_store *store, uint64_t seq,
                      struct sw_err *err)
{
    struct sw_server *server = session->server;
    if (server->spill == NULL) {
        return SW_OK;
    }
    struct sw_keep *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    made->server = server;
    made->session = session;
    memcpy(made->name, session->name, sizeof made->name);
    made->store = store;
    made->cache = session->cache != NULL ? sw_cache_ref(session->cache) : NULL;
    made->has_store = store != NULL;
    made->queued = made->committed = made->saved = seq;
    made->facts.kind = SW_STORE_SESSION;
    memcpy(made->facts.key, session->key, sizeof made->facts.key);
    memcpy(made->facts.app, session->app, sizeof made->facts.app);
    made->facts.opened_ms = wall_ms(server) - (sw_clock_ms(server->clock) - session->opened_ms);
    session->keep = made;
    server->keep_count++;
    return SW_OK;
}

static void free_records(struct sw_keep_record **list)
{
    while (*list != NULL) {
        struct sw_keep_record *next = (*list)->next;
        free(*list);
        *list = next;
    }
}

static void free_keep(struct sw_keep *keep)
{
    free_records(&keep->first);
    free_records(&keep->batch);
    keep->server->keep_count--;
    sw_cache_unref(keep->cache);
    free(keep);
}

uint64_t sw_keep_need(const struct sw_session *session)
{
    const struct sw_keep *keep = session->keep;
    return keep == NULL || keep->committed == keep->queued ? 0 : keep->queued;
}

int64_t sw_keep_disk_bytes(const struct sw_session *session)
{
    const struct sw_keep *keep = session->keep;
    bool is_known = keep != NULL && keep->has_store && !keep->is_broken;
    return is_known ? sw_store_disk_bytes(keep->store) : 0;
}

bool sw_keep_is_committed(const struct sw_session *session, uint64_t seq)
{
    const struct sw_keep *keep = session->keep;
    return keep == NULL || keep->committed >= seq;
}

bool sw_keep_is_clean(const struct sw_session *session)
{
    const struct sw_keep *keep = session->keep;
    return keep == NULL || (!keep->is_appending && !keep->is_saving && !keep->is_writing &&
                            keep->first == NULL && keep->saved == keep->queued);
}

/* -- when the log cannot be written --------------------------------------------------------- */

sw_status sw_keep_check(const struct sw_session *session, struct sw_err *err)
{
    const struct sw_keep *keep = session->keep;
    if (keep == NULL || !keep->is_broken) {
        return SW_OK;
    }
    return sw_fail(err, SW_STORAGE,
                   "changes cannot be recorded now, so nothing was changed (%.200s); the server "
                   "tries again every second",
                   keep->broken.message);
}

/* What waited for these records is told that they are not there. */
static void break_log(struct sw_keep *keep, const struct sw_err *why)
{
    struct sw_err err;
    struct sw_session *session = keep->session;
    keep->is_broken = true;
    keep->broken = *why;
    free_records(&keep->first);
    keep->last = NULL;
    keep->committed = keep->queued;
    sw_log(SW_LOG_ERROR, keep->name, "log.failed reason=\"%s\"", why->message);
    if (session == NULL) {
        return;
    }
    (void)sw_fail(&err, SW_STORAGE,
                  "this was done, but could not be recorded: it is lost if the server stops before "
                  "it can be (%.200s)",
                  why->message);
    for (struct sw_socket *socket = session->sockets; socket != NULL; socket = socket->sibling) {
        sw_outbox_refuse(socket->outbox, &err);
        sw_socket_wake(socket);
    }
    sw_uploads_refused(session, &err);
    sw_session_tell(session, "warn",
                    "Changes cannot be recorded now: the server tries again every second.");
}

/* -- appending ------------------------------------------------------------------------------- */

static void log_committed(struct sw_keep *keep)
{
    struct sw_session *session = keep->session;
    if (session == NULL) {
        return;
    }
    for (struct sw_socket *socket = session->sockets; socket != NULL; socket = socket->sibling) {
        sw_outbox_release(socket->outbox, keep->committed);
        sw_socket_wake(socket);
    }
    sw_uploads_committed(session);
}

static sw_status make_store_work(struct sw_keep *keep, struct sw_err *err)
{
    if (keep->store != NULL) {
        return SW_OK;
    }
    SW_TRY(sw_store_create_work(keep->server->spill, keep->name, &keep->facts,
                                keep->server->session_disk_bytes, &keep->store, err));
    if (keep->cache != NULL) {
        sw_cache_set_store_work(keep->cache, keep->store);
    }
    return SW_OK;
}

static bool append_work(struct sw_disk_task *task)
{
    struct sw_keep *keep = task->context;
    struct sw_record *records = NULL;
    size_t count = 0;
    for (const struct sw_keep_record *at = keep->batch; at != NULL; at = at->next) {
        count++;
    }
    task->status = make_store_work(keep, &task->err);
    records = calloc(count, sizeof *records);
    if (records == NULL) {
        task->status = sw_fail(&task->err, SW_NO_MEMORY, "out of memory");
    }
    size_t i = 0;
    for (struct sw_keep_record *at = keep->batch; records != NULL && at != NULL; at = at->next) {
        records[i++] = (struct sw_record){
            .seq = at->seq,
            .kind = RECORD_KIND_CALL,
            .wall_ms = at->wall_ms,
            .method = sw_span_of(at->text, at->method),
            .params = sw_span_of(at->text + at->method, at->params),
        };
    }
    if (task->status == SW_OK) {
        task->status = sw_journal_append_work(keep->store, records, count, &task->err);
    }
    free(records);
    return false;
}

static void start_append(struct sw_keep *keep);
static void finish_end(struct sw_keep *keep);

static void append_done(struct sw_disk_task *task)
{
    struct sw_keep *keep = task->context;
    keep->is_appending = false;
    keep->has_store = keep->has_store || keep->store != NULL;
    for (const struct sw_keep_record *at = keep->batch; at != NULL; at = at->next) {
        /* where the log broke meanwhile, nobody waits for what is behind it */
        bool is_newer = task->status == SW_OK && at->seq > keep->committed;
        keep->committed = is_newer ? at->seq : keep->committed;
        keep->log_bytes += at->params;
    }
    free_records(&keep->batch);
    if (task->status != SW_OK) {
        break_log(keep, &task->err);
    } else {
        log_committed(keep);
    }
    start_append(keep);
    finish_end(keep);
}

/* All that wait, as far as one append takes. */
static void start_append(struct sw_keep *keep)
{
    bool is_busy_store = !keep->has_store && (keep->is_saving || keep->is_writing);
    if (keep->is_appending || keep->first == NULL || is_busy_store || keep->is_broken) {
        return;
    }
    size_t count = 1;
    size_t bytes = keep->first->params;
    struct sw_keep_record *last = keep->first;
    while (last->next != NULL && count < SW_RECORDS_PER_APPEND && bytes < SW_APPEND_BYTES) {
        last = last->next;
        count++;
        bytes += last->params;
    }
    keep->batch = keep->first;
    keep->first = last->next;
    keep->last = keep->first == NULL ? NULL : keep->last;
    last->next = NULL;
    keep->is_appending = true;
    keep->append.work = append_work;
    keep->append.done = append_done;
    keep->append.context = keep;
    sw_disk_run(keep->server->disk, SW_DISK_LOG, &keep->append);
}

static struct sw_keep_record *new_record(const struct sw_keep_entry *entry)
{
    size_t method = entry->method.length;
    size_t params = entry->extra.length + 1 + entry->message.length;
    struct sw_keep_record *made = malloc(sizeof *made + method + params);
    if (made == NULL) {
        return NULL;
    }
    *made = (struct sw_keep_record){.shape = entry->shape, .method = method, .params = params};
    char *at = made->text;
    memcpy(at, entry->method.data, method);
    at += method;
    if (entry->extra.length > 0) {
        memcpy(at, entry->extra.data, entry->extra.length);
    }
    at += entry->extra.length;
    *at++ = '\n';
    memcpy(at, entry->message.data, entry->message.length);
    return made;
}

/* It stands in the place of the newest one that waits, which has the same shape. */
static void replace_last(struct sw_keep *keep, struct sw_keep_record *made)
{
    struct sw_keep_record **link = &keep->first;
    while (*link != keep->last) {
        link = &(*link)->next;
    }
    made->seq = keep->last->seq;
    free(keep->last);
    *link = keep->last = made;
}

static void queue_record(struct sw_keep *keep, struct sw_keep_record *made)
{
    if (made->shape != 0 && keep->last != NULL && keep->last->shape == made->shape) {
        replace_last(keep, made);
        return;
    }
    made->seq = ++keep->queued;
    if (keep->last == NULL) {
        keep->first = made;
    } else {
        keep->last->next = made;
    }
    keep->last = made;
}

/* All of the session must be saved before anything is promised again. */
static void miss_record(struct sw_keep *keep)
{
    struct sw_err err;
    (void)sw_fail(&err, SW_NO_MEMORY, "out of memory");
    keep->queued++;
    break_log(keep, &err);
}

void sw_keep_add_unknown(struct sw_session *session)
{
    if (session->keep != NULL && session->replay == NULL) {
        session->keep->changed_ms = sw_clock_ms(session->server->clock);
        miss_record(session->keep);
    }
}

void sw_keep_add(struct sw_session *session, const struct sw_keep_entry *entry)
{
    struct sw_keep *keep = session->keep;
    if (keep == NULL || session->replay != NULL) {
        return;
    }
    keep->changed_ms = sw_clock_ms(keep->server->clock);
    if (keep->is_broken || sw_spill_durability(keep->server->spill) == SW_DURABILITY_OFF) {
        keep->committed = ++keep->queued;
        return;
    }
    if (!keep->is_begun && keep->queued == 0) {
        keep->is_begun = true;
        sw_datasets_log_files(session);
    }
    struct sw_keep_record *made = new_record(entry);
    if (made == NULL) {
        miss_record(keep);
        return;
    }
    made->wall_ms = wall_ms(keep->server);
    queue_record(keep, made);
    start_append(keep);
}

/* -- saving ----------------------------------------------------------------------------------- */

/* After a failed sync the files are opened anew: what they hold is known again then. */
sw_status sw_keep_need_store_work(struct sw_keep *keep, struct sw_err *err)
{
    if (keep->store == NULL || !keep->is_broken || !sw_store_has_failed(keep->store)) {
        return make_store_work(keep, err);
    }
    if (keep->cache != NULL) {
        sw_cache_set_store_work(keep->cache, NULL);
    }
    SW_TRY(sw_store_reopen_work(&keep->store, err));
    if (keep->cache != NULL) {
        sw_cache_set_store_work(keep->cache, keep->store);
    }
    return SW_OK;
}

static bool save_work(struct sw_disk_task *task)
{
    struct sw_keep *keep = task->context;
    struct sw_save *save = NULL;
    bool is_done = false;
    task->status = sw_keep_need_store_work(keep, &task->err);
    if (task->status == SW_OK) {
        struct sw_saved *state = keep->state;
        keep->state = NULL;
        task->status = sw_save_new(keep->store, state, &save, &task->err);
    }
    while (task->status == SW_OK && !is_done) {
        if (sw_job_is_cancelled(&task->job)) {
            task->status = sw_fail(&task->err, SW_CANCELLED, "cancelled");
            break;
        }
        task->status = sw_save_step_work(save, &is_done, &task->err);
    }
    sw_save_free(save);
    return false;
}

static void save_done(struct sw_disk_task *task)
{
    struct sw_keep *keep = task->context;
    keep->is_saving = false;
    keep->has_store = keep->is_appending ? keep->has_store : keep->store != NULL;
    sw_saved_free(keep->state);
    keep->state = NULL;
    if (task->status == SW_OK) {
        keep->saved = keep->saving_to;
        keep->log_bytes = 0;
        /* one that had begun before the log broke lacks what the log lacks */
        bool is_well = keep->is_broken && keep->saved == keep->queued;
        if (is_well && keep->session != NULL) {
            sw_session_tell(keep->session, "info", "Changes are recorded again.");
        }
        keep->is_broken = keep->is_broken && !is_well;
        if (keep->session != NULL) {
            sw_uploads_saved(keep->session, keep->saved);
        }
    } else if (task->status != SW_CANCELLED) {
        sw_log(SW_LOG_WARN, keep->name, "save failed reason=\"%s\"", task->err.message);
    }
    start_append(keep);
    finish_end(keep);
}

static void start_save(struct sw_keep *keep)
{
    struct sw_session *session = keep->session;
    keep->is_urgent = false;
    keep->tried_ms = sw_clock_ms(keep->server->clock);
    if (sw_facts_collect(session, keep->queued, &keep->state) != SW_OK) {
        return; /* no memory: the next tick tries again */
    }
    keep->saving_to = keep->queued;
    keep->is_saving = true;
    keep->save.work = save_work;
    keep->save.done = save_done;
    keep->save.context = keep;
    sw_disk_run(keep->server->disk, SW_DISK_BULK, &keep->save);
}

void sw_keep_tick(struct sw_session *session, int64_t now_ms, bool is_now)
{
    struct sw_keep *keep = session->keep;
    if (keep == NULL || keep->is_saving || keep->is_writing || keep->is_appending ||
        keep->first != NULL || keep->saved == keep->queued) {
        return;
    }
    bool is_due = keep->is_urgent || now_ms - keep->changed_ms >= SW_SAVE_QUIET_MS ||
                  keep->log_bytes >= SW_SAVE_LOG_BYTES ||
                  keep->queued - keep->saved >= SW_SAVE_RECORDS || keep->is_broken;
    if (is_now || (is_due && now_ms - keep->tried_ms >= 1000)) {
        start_save(keep);
    }
}

bool sw_keep_may_write(const struct sw_keep *keep)
{
    bool is_busy_store = !keep->has_store && keep->is_appending;
    return !keep->is_saving && !keep->is_writing && !is_busy_store && !keep->is_broken &&
           !keep->is_ended;
}

void sw_keep_written(struct sw_keep *keep)
{
    keep->is_writing = false;
    keep->has_store = keep->is_appending ? keep->has_store : keep->store != NULL;
    start_append(keep);
    if (keep->session != NULL && keep->session->replay == NULL) {
        sw_keep_tick(keep->session, sw_clock_ms(keep->server->clock), false);
    }
    finish_end(keep);
}

/* -- the end ---------------------------------------------------------------------------------- */

static bool end_work(struct sw_disk_task *task)
{
    struct sw_keep *keep = task->context;
    if (keep->cache != NULL) {
        sw_cache_set_store_work(keep->cache, NULL);
    }
    if (keep->is_removed) {
        sw_spools_remove_work(keep->server->uploads_fd, keep->name);
        if (keep->store != NULL) {
            sw_store_remove_work(keep->store);
        }
    } else if (keep->store != NULL) {
        sw_store_touch_work(keep->store, wall_ms(keep->server));
        sw_store_close_work(keep->store);
    }
    if (keep->is_set_aside) {
        task->status = sw_store_set_aside_work(keep->server->spill, keep->name, &task->err);
    }
    keep->store = NULL;
    return false;
}

static void end_done(struct sw_disk_task *task)
{
    struct sw_keep *keep = task->context;
    if (task->status != SW_OK) {
        sw_log(SW_LOG_WARN, keep->name, "close failed reason=\"%s\"", task->err.message);
    }
    if (keep->on_end != NULL) {
        keep->on_end(keep->on_end_context);
    }
    free_keep(keep);
}

static void finish_end(struct sw_keep *keep)
{
    if (!keep->is_ended || keep->is_appending || keep->is_saving || keep->is_writing ||
        keep->first != NULL) {
        return;
    }
    keep->append.work = end_work;
    keep->append.done = end_done;
    keep->append.context = keep;
    sw_disk_run(keep->server->disk, SW_DISK_BULK, &keep->append);
}

void sw_keep_end(struct sw_keep *keep, bool is_removed)
{
    keep->session = NULL;
    keep->is_ended = true;
    keep->is_removed = is_removed;
    if (is_removed) {
        free_records(&keep->first);
        keep->last = NULL;
        if (keep->is_saving) {
            sw_disk_cancel(keep->server->disk, &keep->save);
        }
    }
    finish_end(keep);
}
