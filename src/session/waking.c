/* Bringing a session back: its files are opened and what they hold is read on a disk thread; on the
 * loop the session is made of it, and the records of its log are done again, one after another, by
 * the methods that did them first.
 *
 *   CLOSING  its files are still another's -> READING on a disk thread
 *   WAITING  for the data sets of the command line, which it may share
 *   REPLAYING -> the session is live, who waits hears of it; or nothing of it is left */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "session/dataset.h"
#include "session/dispatch.h"
#include "session/facts.h"
#include "session/keeping.h"
#include "session/keptupload.h"
#include "session/replay.h"
#include "session/server_priv.h"
#include "session/stored.h"
#include "spill/cache.h"
#include "spill/journal.h"
#include "spill/restore.h"
#include "wire/decode.h"

struct waiter {
    struct waiter *next;
    sw_awake_fn awake;
    void *context;
};

enum phase { PHASE_CLOSING, PHASE_READING, PHASE_WAITING, PHASE_REPLAYING };

/* In one block with its texts. */
struct record {
    struct record *next;
    int64_t wall_ms;
    struct sw_span method, extra, message;
    char text[];
};

struct sw_waking {
    struct sw_disk_task task; /* first */
    struct sw_waking *next;   /* server->wakings */
    struct sw_server *server;
    struct sw_stored_session *stored;
    struct sw_session *session; /* not in the server's list yet */
    struct waiter *waiters;
    enum phase phase;
    bool is_stopped;
    /* the worker's, then the loop's */
    struct sw_store *store;
    struct sw_restore *restore;
    struct sw_saved *saved;
    struct record *first, *last;
    struct sw_arena arena; /* of the record that is done again */
    struct sw_replay replay;
    bool is_calling, is_answered;
    uint32_t done, failed;
};

/* -- the worker's half: reading --------------------------------------------------------------- */

static sw_status add_record_work(void *context, const struct sw_record *from, struct sw_err *err)
{
    struct sw_waking *waking = context;
    size_t length = from->method.length + from->params.length;
    struct record *made = malloc(sizeof *made + length);
    const char *feed = memchr(from->params.data, '\n', from->params.length);
    if (made == NULL || feed == NULL) {
        free(made);
        return feed == NULL ? sw_fail(err, SW_DAMAGED, "a record of its log has no such form")
                            : sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    size_t extra = (size_t)(feed - from->params.data);
    memcpy(made->text, from->method.data, from->method.length);
    memcpy(made->text + from->method.length, from->params.data, from->params.length);
    const char *params = made->text + from->method.length;
    made->next = NULL;
    made->wall_ms = from->wall_ms;
    made->method = sw_span_of(made->text, from->method.length);
    made->extra = sw_span_of(params, extra);
    made->message = sw_span_of(params + extra + 1, from->params.length - extra - 1);
    if (waking->last == NULL) {
        waking->first = made;
    } else {
        waking->last->next = made;
    }
    waking->last = made;
    return SW_OK;
}

static sw_status read_work(struct sw_waking *waking, bool *is_done, struct sw_err *err)
{
    struct sw_server *server = waking->server;
    if (waking->store == NULL) {
        SW_TRY(sw_store_open_work(server->spill, waking->stored->name, server->session_disk_bytes,
                                  &waking->store, err));
        if (waking->session->cache != NULL) {
            sw_cache_set_store_work(waking->session->cache, waking->store);
        }
        return sw_restore_new(waking->store, &waking->session->budget, &waking->restore, err);
    }
    bool is_restored = false;
    SW_TRY(sw_restore_step_work(waking->restore, &is_restored, err));
    if (!is_restored) {
        return SW_OK;
    }
    waking->saved = sw_restore_take(waking->restore);
    *is_done = true;
    return sw_journal_read_work(waking->store, waking->saved->seq, add_record_work, waking, err);
}

static bool step_work(struct sw_disk_task *task)
{
    struct sw_waking *waking = (struct sw_waking *)task;
    bool is_done = false;
    task->status = read_work(waking, &is_done, &task->err);
    if (task->status == SW_OK && !is_done) {
        return true;
    }
    sw_restore_free(waking->restore);
    waking->restore = NULL;
    if (task->status != SW_OK) {
        sw_saved_free(waking->saved);
        waking->saved = NULL;
        if (waking->session->cache != NULL) {
            sw_cache_set_store_work(waking->session->cache, NULL);
        }
        sw_store_close_work(waking->store);
        waking->store = NULL;
    }
    if (task->status == SW_DAMAGED) {
        struct sw_err why;
        (void)snprintf(why.message, sizeof why.message, "%s", task->err.message);
        sw_status status =
            sw_store_set_aside_work(waking->server->spill, waking->stored->name, &task->err);
        (void)sw_fail(&task->err, SW_DAMAGED, "%.300s%s", why.message,
                      status == SW_OK ? "" : " (and could not be set aside)");
    }
    return false;
}

/* -- the end of it ---------------------------------------------------------------------------- */

static void free_waking(struct sw_waking *waking)
{
    struct sw_waking **link = &waking->server->wakings;
    while (*link != waking) {
        link = &(*link)->next;
    }
    *link = waking->next;
    while (waking->first != NULL) {
        struct record *next = waking->first->next;
        free(waking->first);
        waking->first = next;
    }
    sw_saved_free(waking->saved);
    sw_arena_fini(&waking->arena);
    free(waking);
}

static void answer(struct sw_waking *waking, struct sw_session *session, const struct sw_err *err)
{
    while (waking->waiters != NULL) {
        struct waiter *waiter = waking->waiters;
        waking->waiters = waiter->next;
        waiter->awake(waiter->context, session, err);
        free(waiter);
    }
}

/* It cannot be opened. A damaged one is forgotten: its files have been set aside. */
static void fail(struct sw_waking *waking, const struct sw_err *why)
{
    struct sw_server *server = waking->server;
    struct sw_stored_session *stored = waking->stored;
    struct sw_err err = *why;
    sw_log(SW_LOG_ERROR, stored->name, "open failed reason=\"%s\"", why->message);
    if (why->status == SW_DAMAGED) {
        (void)sw_fail(&err, SW_UNKNOWN_TOKEN,
                      "this session's file is damaged and was set aside; open a new session "
                      "(%.200s)",
                      why->message);
    }
    stored->waking = NULL;
    if (why->status == SW_DAMAGED || why->status == SW_UNKNOWN_TOKEN) {
        sw_stored_forget(server, stored);
    }
    answer(waking, NULL, &err);
    free_waking(waking);
}

static void files_closed(void *context)
{
    struct sw_stored_session *stored = context;
    stored->is_closing = false;
}

/* What was made of the session goes; its files stay, or are set aside. */
static void drop_session(struct sw_waking *waking, bool is_damaged)
{
    struct sw_session *session = waking->session;
    waking->session = NULL;
    if (session->keep == NULL && waking->store != NULL &&
        sw_keep_new(session, waking->store, 0, NULL) != SW_OK) {
        sw_assert(waking->store == NULL); /* there is no memory for a hundred bytes */
    }
    waking->store = NULL;
    if (session->keep != NULL) {
        session->keep->is_set_aside = is_damaged;
        session->keep->on_end = is_damaged ? NULL : files_closed;
        session->keep->on_end_context = waking->stored;
        waking->stored->is_closing = true;
    }
    sw_session_leave(session);
}

static void finish(struct sw_waking *waking)
{
    struct sw_session *session = waking->session;
    struct sw_server *server = waking->server;
    session->replay = NULL;
    sw_graph_set_restoring(session->graph, false);
    session->budget.limit = server->session_memory_bytes;
    session->idle_since_ms = sw_clock_ms(server->clock);
    sw_session_enter(session);
    sw_log(SW_LOG_INFO, session->name, "open again records=%" PRIu32 " failed=%" PRIu32,
           waking->done, waking->failed);
    waking->stored->waking = NULL;
    sw_stored_forget(server, waking->stored);
    sw_kept_uploads_go_on(session);
    sw_session_run(session);
    answer(waking, session, NULL);
    free_waking(waking);
}

static void stop(struct sw_waking *waking)
{
    struct sw_err err;
    (void)sw_fail(&err, SW_NOT_ALLOWED, "the server is stopping: connect again in a moment");
    drop_session(waking, false);
    fail(waking, &err);
}

/* -- the log, once more ----------------------------------------------------------------------- */

static void replay_next(struct sw_waking *waking);

static void replayed(void *context, const struct sw_err *err)
{
    struct sw_waking *waking = context;
    waking->is_answered = true;
    if (err != NULL) {
        waking->failed++;
        sw_log(SW_LOG_WARN, waking->session->name, "record failed reason=\"%s\"", err->message);
    }
    if (!waking->is_calling) {
        replay_next(waking);
    }
}

/* {"inputs": ..., "version": ..., "wall_ms": ...}: the last, of the step in its history */
static void read_extra(struct sw_waking *waking, const struct record *record)
{
    const struct sw_json *extra = NULL;
    int64_t version = 0;
    waking->replay = (struct sw_replay){.wall_ms = record->wall_ms};
    if (record->extra.length > 0 &&
        sw_decode_json(&waking->arena, record->extra, &extra, NULL) == SW_OK) {
        waking->replay.inputs = sw_json_member(extra, "inputs");
        (void)sw_json_get_int(sw_json_member(extra, "version"), &version);
        (void)sw_json_get_int(sw_json_member(extra, "wall_ms"), &waking->replay.wall_ms);
        waking->replay.version = (uint64_t)version;
    }
}

static sw_status take_files(struct sw_session *session, struct sw_span files)
{
    free(session->files);
    session->files = sw_span_dup(files);
    return session->files == NULL ? SW_NO_MEMORY : SW_OK;
}

static sw_status replay_one(struct sw_waking *waking, const struct record *record,
                            struct sw_err *err)
{
    struct sw_session *session = waking->session;
    const struct sw_json *json = NULL;
    sw_arena_reset(&waking->arena);
    read_extra(waking, record);
    if (sw_span_equal(record->method, sw_span_text(SW_FILES_RECORD))) {
        return take_files(session, record->message);
    }
    bool is_upload = record->method.length > 7 && memcmp(record->method.data, "upload.", 7) == 0;
    if (!is_upload) {
        return sw_dispatch_replay(session, record->message, replayed, waking, err);
    }
    SW_TRY(sw_decode_json(&waking->arena, record->message, &json, err));
    return sw_kept_upload_replay(session, record->method, json, replayed, waking, err);
}

static void replay_next(struct sw_waking *waking)
{
    while (waking->first != NULL && !waking->is_stopped) {
        struct record *record = waking->first;
        struct sw_err err = {0};
        waking->first = record->next;
        waking->done++;
        waking->is_calling = true;
        waking->is_answered = false;
        sw_status status = replay_one(waking, record, &err);
        waking->is_calling = false;
        free(record);
        if (status == SW_AGAIN && !waking->is_answered) {
            return;
        }
        if (status != SW_OK && status != SW_AGAIN) {
            waking->failed++;
            sw_log(SW_LOG_WARN, waking->session->name, "record failed reason=\"%s\"", err.message);
        }
    }
    if (waking->is_stopped) {
        stop(waking);
    } else {
        finish(waking);
    }
}

/* -- making the session ----------------------------------------------------------------------- */

static sw_status fill(struct sw_waking *waking, struct sw_err *err)
{
    struct sw_session *session = waking->session;
    uint64_t seq = waking->store == NULL ? 0 : sw_journal_last_seq(waking->store);
    SW_TRY(sw_session_make_parts(session, err));
    SW_TRY(sw_keep_new(session, waking->store, seq, err));
    if (waking->store != NULL) {
        session->keep->saved = waking->saved->seq;
        session->opened_ms = sw_clock_ms(waking->server->clock) -
                             (waking->server->clock->wall_ms(waking->server->clock->context) -
                              sw_store_facts_peek(waking->store)->opened_ms);
    }
    waking->store = NULL;
    session->replay = &waking->replay;
    sw_graph_set_restoring(session->graph, true);
    if (waking->saved == NULL || waking->saved->facts == 0) {
        return sw_session_add_datasets(session, err);
    }
    return sw_facts_apply(session, waking->saved, err);
}

static void build(struct sw_waking *waking)
{
    struct sw_err err = {0};
    sw_status status = fill(waking, &err);
    if (status != SW_OK) {
        if (err.status != status) {
            (void)sw_fail(&err, status, "%s", sw_status_name(status));
        }
        drop_session(waking, status == SW_DAMAGED);
        fail(waking, &err);
        return;
    }
    sw_saved_free(waking->saved);
    waking->saved = NULL;
    waking->phase = PHASE_REPLAYING;
    replay_next(waking);
}

static void read_done(struct sw_disk_task *task)
{
    struct sw_waking *waking = (struct sw_waking *)task;
    if (waking->store != NULL) {
        (void)snprintf(waking->session->app, sizeof waking->session->app, "%s",
                       sw_store_facts_peek(waking->store)->app);
    }
    if (task->status != SW_OK || waking->is_stopped) {
        struct sw_err err = task->err;
        if (task->status == SW_OK) {
            (void)sw_fail(&err, SW_NOT_ALLOWED, "the server is stopping");
        }
        sw_saved_free(waking->saved);
        waking->saved = NULL;
        drop_session(waking, false);
        fail(waking, &err);
        return;
    }
    waking->phase = PHASE_WAITING;
    sw_waking_go_on(waking);
}

static void start_reading(struct sw_waking *waking)
{
    struct sw_stored_session *stored = waking->stored;
    waking->phase = PHASE_READING;
    if (!stored->has_store) {
        waking->phase = PHASE_WAITING;
        sw_waking_go_on(waking);
        return;
    }
    waking->task.work = step_work;
    waking->task.done = read_done;
    waking->task.context = waking;
    sw_disk_run(waking->server->disk, SW_DISK_BULK, &waking->task);
}

void sw_waking_go_on(struct sw_waking *waking)
{
    if (waking->phase == PHASE_CLOSING && !waking->stored->is_closing) {
        start_reading(waking);
    } else if (waking->phase == PHASE_WAITING && waking->server->datasets_loading == 0) {
        build(waking);
    }
}

void sw_stored_no_longer(struct sw_server *server, const void *context)
{
    for (struct sw_waking *waking = server->wakings; waking != NULL; waking = waking->next) {
        for (struct waiter **link = &waking->waiters; *link != NULL; link = &(*link)->next) {
            struct waiter *waiter = *link;
            if (waiter->context == context) {
                *link = waiter->next;
                free(waiter);
                return;
            }
        }
    }
}

static sw_status add_waiter(struct sw_waking *waking, sw_awake_fn awake, void *context,
                            struct sw_err *err)
{
    struct waiter *made = awake == NULL ? NULL : calloc(1, sizeof *made);
    if (made == NULL) {
        return awake == NULL ? SW_OK : sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    *made = (struct waiter){.next = waking->waiters, .awake = awake, .context = context};
    waking->waiters = made;
    return SW_OK;
}

sw_status sw_waking_start(struct sw_server *server, struct sw_stored_session *stored,
                          sw_awake_fn awake, void *context, struct sw_err *err)
{
    if (stored->waking != NULL) {
        return add_waiter(stored->waking, awake, context, err);
    }
    struct sw_waking *made = calloc(1, sizeof *made);
    if (made == NULL ||
        sw_session_alloc(server, stored->name, stored->key, stored->app, &made->session) != SW_OK) {
        free(made);
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    made->server = server;
    made->stored = stored;
    made->session->opened_ms = stored->opened_ms;
    made->session->budget.limit = INT64_MAX; /* it was within its limit, and will be again */
    sw_arena_init(&made->arena);
    sw_status status = add_waiter(made, awake, context, err);
    if (status != SW_OK) {
        sw_session_free(made->session);
        free(made);
        return status;
    }
    stored->waking = made;
    made->next = server->wakings;
    server->wakings = made;
    made->phase = PHASE_CLOSING;
    server->calls.wake(server->calls.net); /* it begins on the loop, not within the question */
    return SW_OK;
}

void sw_wakings_go_on(struct sw_server *server)
{
    struct sw_waking *next;
    for (struct sw_waking *waking = server->wakings; waking != NULL; waking = next) {
        next = waking->next;
        sw_waking_go_on(waking);
    }
}

void sw_wakings_stop(struct sw_server *server)
{
    struct sw_waking *next;
    for (struct sw_waking *waking = server->wakings; waking != NULL; waking = next) {
        next = waking->next;
        waking->is_stopped = true;
        if (waking->phase == PHASE_CLOSING || waking->phase == PHASE_WAITING) {
            stop(waking);
        }
    }
}
