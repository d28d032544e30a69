#include "session/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/random.h"
#include "session/derived.h"
#include "session/editing.h"
#include "session/keeping.h"
#include "session/prepare.h"
#include "session/replay.h"
#include "session/server_priv.h"
#include "session/socket_priv.h"
#include "session/ticket.h"
#include "session/upload_priv.h"
#include "spill/cache.h"
#include "wire/encode.h"

/* -- what the graph asks and tells --------------------------------------------------- */

static struct sw_version *graph_version(void *context, struct sw_span name)
{
    struct sw_session *session = context;
    struct sw_table *table = sw_tables_find(&session->tables, name);
    return table == NULL ? NULL : table->version;
}

static void graph_start(void *context)
{
    struct sw_session *session = context;
    for (struct sw_socket *socket = session->sockets; socket != NULL; socket = socket->sibling) {
        socket->running_epoch = socket->has_epoch ? socket->epoch : session->epoch;
    }
}

static void graph_value(void *context, struct sw_output_value *value)
{
    struct sw_session *session = context;
    for (struct sw_socket *socket = session->sockets; socket != NULL; socket = socket->sibling) {
        sw_outbox_put_value(socket->outbox, value);
    }
}

static void graph_state(void *context, const char *output, enum sw_output_state state,
                        double progress, const struct sw_err *err)
{
    struct sw_session *session = context;
    session->is_short = session->is_short || (err != NULL && sw_editing_make_room(session, err));
    for (struct sw_socket *socket = session->sockets; socket != NULL; socket = socket->sibling) {
        sw_outbox_put_state(socket->outbox, output, state, progress, err);
        sw_socket_wake(socket);
    }
}

static void graph_flush(void *context, const struct sw_flush *flush)
{
    struct sw_session *session = context;
    session->server->count.flushes++;
    for (struct sw_socket *socket = session->sockets; socket != NULL; socket = socket->sibling) {
        sw_outbox_put_flush(socket->outbox, flush, socket->running_epoch);
        sw_socket_wake(socket);
    }
}

static void graph_prepared(void *context)
{
    struct sw_session *session = context;
    session->graph_prepare = NULL;
    sw_graph_prepared(session->graph);
    session->is_active = true;
}

static sw_status graph_prepare(void *context, struct sw_need *needs, size_t count)
{
    struct sw_session *session = context;
    return sw_prepare(session, needs, count, graph_prepared, session, &session->graph_prepare);
}

static void graph_prepare_cancel(void *context)
{
    struct sw_session *session = context;
    sw_prepare_cancel(session->graph_prepare);
}

static void graph_prepare_forget(void *context)
{
    struct sw_session *session = context;
    sw_prepare_forget(session->graph_prepare);
    session->graph_prepare = NULL;
}

static double graph_prepare_progress(void *context)
{
    const struct sw_session *session = context;
    return sw_prepare_progress(session->graph_prepare);
}

static const struct sw_graph_calls graph_calls = {
    .version = graph_version,
    .on_start = graph_start,
    .on_value = graph_value,
    .on_state = graph_state,
    .on_flush = graph_flush,
    .prepare = graph_prepare,
    .prepare_cancel = graph_prepare_cancel,
    .prepare_forget = graph_prepare_forget,
    .prepare_progress = graph_prepare_progress,
};

/* -- lifetime ---------------------------------------------------------------------------- */

sw_status sw_session_make_parts(struct sw_session *session, struct sw_err *err)
{
    (void)err;
    struct sw_server *server = session->server;
    SW_TRY(sw_lane_new(server->pool, &session->lane));
    SW_TRY(sw_order_cache_new(&session->budget, &session->orders));
    SW_TRY(sw_partials_new(server->partials, &session->budget, &session->partials));
    struct sw_graph_options options = {
        .pool = server->pool,
        .lane = session->lane,
        .clock = server->clock,
        .budget = &session->budget,
        .orders = session->orders,
        .partials = session->partials,
        .flush_ms = server->flush_ms,
        .calls = &graph_calls,
        .context = session,
    };
    return sw_graph_new(&options, &session->graph);
}

sw_status sw_session_add_datasets(struct sw_session *session, struct sw_err *err)
{
    const struct sw_server *server = session->server;
    for (uint32_t i = 0; i < server->datasets.count; i++) {
        SW_TRY(sw_tables_add(&session->tables, server->datasets.item[i], err));
    }
    return SW_OK;
}

sw_status sw_session_alloc(struct sw_server *server, const char *name, const unsigned char *key,
                           const char *app, struct sw_session **session)
{
    struct sw_session *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->server = server;
    sw_budget_init(&made->budget, "session_memory_bytes", server->session_memory_bytes,
                   &server->budget);
    if (server->is_spilling && sw_cache_new(server->caches, &made->budget,
                                            server->session_memory_bytes, &made->cache) != SW_OK) {
        free(made);
        return SW_NO_MEMORY;
    }
    (void)snprintf(made->name, sizeof made->name, "%s", name);
    (void)snprintf(made->app, sizeof made->app, "%s", app == NULL ? "" : app);
    memcpy(made->key, key, sizeof made->key);
    made->opened_ms = made->idle_since_ms = sw_clock_ms(server->clock);
    *session = made;
    return SW_OK;
}

void sw_session_free(struct sw_session *session)
{
    sw_cache_close(session->cache);
    free(session);
}

void sw_session_enter(struct sw_session *session)
{
    struct sw_server *server = session->server;
    HASH_ADD(by_key, server->sessions, key, sizeof session->key, session);
    server->session_count++;
    session->is_listed = true;
}

int64_t sw_session_wall_ms(const struct sw_session *session)
{
    const struct sw_clock *clock = session->server->clock;
    return session->replay != NULL ? session->replay->wall_ms : clock->wall_ms(clock->context);
}

sw_status sw_session_renumber(const struct sw_session *session, struct sw_table *table)
{
    uint64_t number = session->replay == NULL ? 0 : session->replay->version;
    return number == 0 ? SW_OK : sw_table_renumber(table, number);
}

sw_status sw_session_new(struct sw_server *server, struct sw_span app, char token[SW_TOKEN_TEXT],
                         struct sw_session **session, struct sw_err *err)
{
    if (server->is_stopping) {
        return sw_fail(err, SW_NOT_ALLOWED, "the server is stopping: connect again in a moment");
    }
    int64_t count = (int64_t)server->session_count + server->stored_count;
    if (count >= SW_SESSIONS_MAX) {
        return sw_fail_limit(err, "sessions", count + 1, SW_SESSIONS_MAX,
                             "try again when others have ended");
    }
    struct sw_session *made = NULL;
    char name[SW_SESSION_NAME_TEXT];
    unsigned char key[SW_SHA256_BYTES];
    sw_random_text(name, 12);
    sw_random_text(token, SW_TOKEN_BYTES);
    sw_sha256(token, strlen(token), key);
    if (sw_session_alloc(server, name, key, NULL, &made) != SW_OK) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    (void)snprintf(made->app, sizeof made->app, "%.*s", (int)app.length, app.data);
    sw_session_enter(made);
    server->count.sessions++;
    sw_status status = sw_session_make_parts(made, err);
    status = status == SW_OK ? sw_session_add_datasets(made, err) : status;
    status = status == SW_OK ? sw_keep_new(made, NULL, 0, err) : status;
    if (status != SW_OK) {
        sw_session_end(made);
        return status == SW_NO_MEMORY ? sw_fail(err, status, "out of memory") : status;
    }
    sw_log(SW_LOG_INFO, made->name, "open sessions=%" PRIu32, server->session_count);
    *session = made;
    return SW_OK;
}

/* Whatever of it is in memory goes, as soon as no worker is at it. */
static void end(struct sw_session *session)
{
    struct sw_server *server = session->server;
    while (session->sockets != NULL) {
        sw_socket_detach(session->sockets);
    }
    while (session->uploads != NULL) {
        sw_upload_remove(session->uploads, "the session has ended");
    }
    while (session->tickets != NULL) {
        sw_ticket_free(session->tickets);
    }
    sw_editing_end(session);
    sw_graph_free(session->graph);
    session->graph = NULL;
    sw_prepare_end(session);
    if (session->is_listed) {
        HASH_DELETE(by_key, server->sessions, session);
        server->session_count--;
    }
    session->next_ending = server->ending;
    server->ending = session;
    sw_session_reap(server);
}

void sw_session_end(struct sw_session *session)
{
    if (session->keep != NULL) {
        sw_keep_end(session->keep, true);
        session->keep = NULL;
    }
    end(session);
}

void sw_session_leave(struct sw_session *session)
{
    session->is_leaving = true;
    end(session);
}

/* Nothing of it is on a worker any more; what it held itself goes.  A download that still holds a
 * version keeps the budget, and so the session, until net has closed it. */
static bool is_at_rest(struct sw_session *session)
{
    if (session->lane != NULL && !sw_lane_is_idle(session->lane)) {
        return false;
    }
    sw_order_cache_free(session->orders);
    session->orders = NULL;
    sw_partials_free(session->partials);
    session->partials = NULL;
    sw_lane_free(session->lane);
    session->lane = NULL;
    sw_tables_fini(&session->tables);
    if (session->keep != NULL) {
        sw_keep_end(session->keep, false); /* the store has dictionaries of the budget's */
        session->keep = NULL;
    }
    return sw_budget_used(&session->budget) == 0;
}

void sw_session_reap(struct sw_server *server)
{
    bool is_any_freed = false;
    struct sw_session **link = &server->ending;
    while (*link != NULL) {
        struct sw_session *session = *link;
        if (!is_at_rest(session)) {
            link = &session->next_ending;
            continue;
        }
        *link = session->next_ending;
        if (!session->is_leaving) {
            sw_log(SW_LOG_INFO, session->name, "end sessions=%" PRIu32, server->session_count);
        }
        free(session->files);
        sw_session_free(session);
        is_any_freed = true;
    }
    if (is_any_freed) {
        sw_trim_want(&server->trimming, sw_clock_ms(server->clock));
    }
}

sw_status sw_session_find(struct sw_server *server, struct sw_span token,
                          struct sw_session **session, struct sw_err *err)
{
    unsigned char key[SW_SHA256_BYTES];
    sw_sha256(token.data, token.length, key);
    HASH_FIND(by_key, server->sessions, key, sizeof key, *session);
    if (*session == NULL) {
        return sw_fail(err, SW_UNKNOWN_TOKEN,
                       "this session has ended or never was: open a new one");
    }
    return SW_OK;
}

bool sw_session_is_expired(const struct sw_session *session, int64_t now_ms)
{
    return session->socket_count == 0 && !sw_upload_list_is_receiving(session->uploads) &&
           now_ms - session->idle_since_ms >= session->server->idle_timeout_s * 1000;
}

bool sw_session_may_park(const struct sw_session *session, int64_t now_ms)
{
    return session->keep != NULL && session->socket_count == 0 && session->ticket_count == 0 &&
           session->edits == NULL && session->prepares == NULL && sw_lane_is_idle(session->lane) &&
           !sw_upload_list_is_receiving(session->uploads) &&
           now_ms - session->idle_since_ms >= session->server->park_after_s * 1000;
}

/* -- telling ------------------------------------------------------------------------------- */

void sw_session_notify(struct sw_session *session, const char *method, struct sw_span params)
{
    struct sw_socket *next;
    for (struct sw_socket *socket = session->sockets; socket != NULL; socket = next) {
        next = socket->sibling;
        sw_socket_notify(socket, method, params);
    }
}

void sw_session_tell(struct sw_session *session, const char *level, const char *text)
{
    struct sw_buf params;
    sw_buf_init(&params);
    sw_buf_printf(&params, "{\"level\":\"%s\",\"text\":", level);
    sw_json_put_text(&params, sw_span_text(text));
    sw_buf_put_byte(&params, '}');
    if (!params.failed) {
        sw_session_notify(session, "session.notice", sw_buf_peek(&params));
    }
    sw_buf_fini(&params);
}

void sw_session_table_changed(struct sw_session *session, const struct sw_table *table)
{
    session->moment++;
    sw_graph_table_changed(session->graph, sw_span_text(table->name), table->is_loading);
    sw_derived_table_changed(session, sw_span_text(table->name));
    sw_session_run(session);
}

void sw_session_tell_changed(struct sw_session *session, const struct sw_table *table,
                             const char *what)
{
    struct sw_buf params;
    sw_buf_init(&params);
    sw_buf_put_text(&params, "{\"table\":");
    sw_json_put_text(&params, sw_span_text(table->name));
    sw_buf_put_text(&params, ",\"version\":");
    sw_json_put_int(&params, (int64_t)sw_table_version_number(table));
    sw_buf_put_text(&params, ",\"rows\":");
    sw_json_put_int(&params, (int64_t)sw_table_rows(table));
    sw_buf_put_text(&params, ",\"what\":");
    sw_json_put_text(&params, sw_span_text(what));
    sw_buf_put_byte(&params, '}');
    if (!params.failed) {
        sw_session_notify(session, "table.changed", sw_buf_peek(&params));
    }
    sw_buf_fini(&params);
}

void sw_session_run(struct sw_session *session)
{
    if (session->replay != NULL) {
        return;
    }
    sw_graph_run(session->graph);
    session->is_active = true;
}
