#include <inttypes.h>
#include <stdio.h>

#include "base/params.h"
#include "session/dataset.h"
#include "session/dispatch.h"
#include "session/keeping.h"
#include "session/outbox.h"
#include "session/server_priv.h"
#include "session/stored.h"

#define WINDOW_MAX       1024
#define CLOSE_TAKEN_OVER 4409

static void put_limits(struct sw_buf *out, const struct sw_session *session)
{
    const struct sw_server *server = session->server;
    sw_buf_printf(out,
                  "{\"memory_bytes\":%" PRId64 ",\"session_memory_bytes\":%" PRId64
                  ",\"upload_bytes\":%" PRId64 ",\"uploads\":%" PRId64 ",\"message_bytes\":%u"
                  ",\"page_rows\":%u,\"tables\":%u,\"columns\":%u,\"inputs\":%u,\"selections\":%u"
                  ",\"outputs\":%u,\"clauses\":%u,\"bins\":%u,\"cells\":%u,\"points\":%u"
                  ",\"groups\":%u,\"facets\":%u,\"sockets\":%" PRId64 "}",
                  server->budget.limit, session->budget.limit, server->upload_bytes_max,
                  server->session_uploads, SW_MESSAGE_BYTES_MAX, SW_PAGE_ROWS_MAX, SW_TABLES_MAX,
                  SW_COLUMNS_MAX, SW_INPUTS_MAX, SW_SELECTIONS_MAX, SW_OUTPUTS_MAX, SW_CLAUSES_MAX,
                  SW_BINS_MAX, SW_CELLS_MAX, SW_POINTS_MAX, SW_GROUPS_SENT_MAX, SW_FACETS_MAX,
                  server->session_sockets);
}

static void put_opened(struct sw_buf *out, const struct sw_session *session, struct sw_span token,
                       bool is_resumed)
{
    sw_buf_printf(out, "{\"session\":\"%s\",\"token\":", session->name);
    sw_json_put_text(out, token);
    sw_buf_printf(out, ",\"resumed\":%s,\"app\":", is_resumed ? "true" : "false");
    sw_json_put_text(out, sw_span_text(session->app));
    sw_buf_printf(out,
                  ",\"idle_timeout_s\":%" PRId64 ",\"limits\":", session->server->idle_timeout_s);
    put_limits(out, session);
    sw_buf_printf(out, ",\"server\":{\"name\":\"spillway\",\"version\":\"%s\",\"protocol\":1}",
                  SW_VERSION);
    sw_buf_put_text(out, ",\"tables\":");
    sw_put_tables(out, &session->tables);
    sw_buf_put_text(out, ",\"inputs\":");
    sw_graph_put_inputs(session->graph, out);
    sw_buf_put_text(out, ",\"outputs\":");
    sw_graph_put_outputs(session->graph, out);
    sw_buf_put_byte(out, '}');
}

/* -- what a resumed socket is shown ---------------------------------------------------------- */

struct replay {
    struct sw_socket *socket;
    const char *table[SW_TABLES_MAX];
    uint64_t version[SW_TABLES_MAX];
    size_t tables;
};

static void replay_value(void *context, struct sw_output_value *value)
{
    struct replay *replay = context;
    sw_outbox_put_value(replay->socket->outbox, value);
}

static void replay_state(void *context, const char *output, enum sw_output_state state,
                         double progress, const struct sw_err *err)
{
    struct replay *replay = context;
    sw_outbox_put_state(replay->socket->outbox, output, state, progress, err);
}

/* The current value of every output, closed by a flush. */
static void replay_outputs(struct sw_socket *socket)
{
    struct sw_session *session = socket->session;
    struct replay replay = {.socket = socket};
    for (uint32_t i = 0; i < session->tables.count; i++) {
        replay.table[i] = session->tables.item[i]->name;
        replay.version[i] = sw_table_version_number(session->tables.item[i]);
    }
    replay.tables = session->tables.count;
    sw_graph_each_value(session->graph, replay_value, replay_state, &replay);
    struct sw_flush flush = {
        .tables = replay.tables, .table = replay.table, .version = replay.version};
    sw_outbox_put_flush(socket->outbox, &flush, session->epoch);
}

/* -- methods ---------------------------------------------------------------------------------- */

static sw_status read_window(const struct sw_json *flow, int64_t *window, struct sw_err *err)
{
    if (flow == NULL) {
        return SW_OK;
    }
    const struct sw_param list[] = {
        {"window", SW_PARAM_INT, true, window, 1, WINDOW_MAX},
    };
    return sw_params_read(flow, "session.open's flow", list, 1, NULL, err);
}

static sw_status attach(struct sw_call *call, struct sw_session *session, bool is_exclusive,
                        struct sw_err *err)
{
    if (is_exclusive) {
        struct sw_socket *next;
        for (struct sw_socket *other = session->sockets; other != NULL; other = next) {
            next = other->sibling;
            sw_pending_abandon(other);
            sw_socket_leave(other);
            sw_socket_shut(other, CLOSE_TAKEN_OVER, "taken over by a newer connection");
        }
    }
    int64_t most = session->server->session_sockets;
    if (session->socket_count >= most) {
        return sw_fail_limit(err, "sockets", session->socket_count + 1, most,
                             "close a tab of this session, or ask the operator to raise "
                             "--session-sockets");
    }
    sw_socket_attach(call->socket, session);
    call->session = session;
    return SW_OK;
}

/* What a session.open that waits for its session needs afterwards. */
struct open_call {
    struct sw_pending *pending;
    int64_t window;
    bool is_exclusive;
    char token[SW_TOKEN_TEXT];
};

static sw_status finish_open(struct sw_call *call, struct sw_session *session, struct sw_span token,
                             const struct open_call *open, bool is_resumed, struct sw_err *err)
{
    SW_TRY(sw_outbox_set_window(call->socket->outbox, open->window));
    SW_TRY(attach(call, session, open->is_exclusive, err));
    put_opened(&call->result, session, token, is_resumed);
    return SW_OK;
}

/* Waits for it whether its socket does or not: it frees itself when the session is there. */
static void cancel_open(void *work)
{
    (void)work;
}

static void open_awake(void *context, struct sw_session *session, const struct sw_err *why)
{
    struct open_call *open = context;
    struct sw_socket *socket = open->pending->socket;
    struct sw_err err;
    struct sw_call call = {.socket = socket};
    sw_buf_init(&call.result);
    sw_status status = SW_OK;
    if (why != NULL) {
        err = *why;
        status = why->status;
    } else if (socket != NULL && socket->session != NULL) {
        status =
            sw_fail(&err, SW_REQUEST, "this socket has a session already: open another socket");
    } else if (socket != NULL) {
        status = finish_open(&call, session, sw_span_text(open->token), open, true, &err);
    }
    sw_pending_answer(open->pending, &call.result, status == SW_OK ? NULL : &err);
    if (socket != NULL && status == SW_OK) {
        replay_outputs(socket);
        sw_datasets_tell(session);
        sw_socket_wake(socket);
    }
    sw_buf_fini(&call.result);
    free(open);
}

static sw_status wait_for_session(struct sw_call *call, struct sw_span token,
                                  const struct open_call *open, struct sw_session **session,
                                  struct sw_err *err)
{
    struct open_call *made = malloc(sizeof *made);
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    *made = *open;
    (void)snprintf(made->token, sizeof made->token, "%.*s", (int)token.length, token.data);
    sw_status status = sw_stored_wake(call->socket->server, token, open_awake, made, session, err);
    if (status != SW_AGAIN) {
        free(made);
        return status;
    }
    if (sw_pending_new(call, &made->pending, err) != SW_OK) {
        sw_stored_no_longer(call->socket->server, made);
        free(made);
        return SW_NO_MEMORY;
    }
    made->pending->cancel = cancel_open;
    return SW_AGAIN;
}

sw_status sw_method_session_open(struct sw_call *call, struct sw_err *err)
{
    struct sw_span resume = {0};
    struct sw_span app = {0};
    const struct sw_json *flow = NULL;
    struct open_call open = {0};
    const struct sw_param list[] = {
        {"resume", SW_PARAM_TEXT, false, &resume, 0, 0},
        {"app", SW_PARAM_NAME, false, &app, 0, 0},
        {"flow", SW_PARAM_OBJECT, false, &flow, 0, 0},
        {"exclusive", SW_PARAM_BOOL, false, &open.is_exclusive, 0, 0},
    };
    SW_TRY(sw_params_read(call->request->params, "session.open", list, 4, NULL, err));
    SW_TRY(read_window(flow, &open.window, err));
    if (call->socket->session != NULL) {
        return sw_fail(err, SW_REQUEST, "this socket has a session already: open another socket");
    }
    struct sw_session *session;
    char token[SW_TOKEN_TEXT];
    if (resume.data == NULL) {
        SW_TRY(sw_session_new(call->socket->server, app, token, &session, err));
        return finish_open(call, session, sw_span_text(token), &open, false, err);
    }
    SW_TRY(wait_for_session(call, resume, &open, &session, err));
    SW_TRY(finish_open(call, session, resume, &open, true, err));
    replay_outputs(call->socket);
    sw_datasets_tell(session);
    return SW_OK;
}

sw_status sw_method_session_info(struct sw_call *call, struct sw_err *err)
{
    SW_TRY(sw_params_read(call->request->params, "session.info", NULL, 0, NULL, err));
    struct sw_session *session = call->session;
    int64_t shared = 0;
    struct sw_cache_figures spilled = {0};
    if (session->cache != NULL) {
        sw_cache_figures(session->cache, &spilled);
    }
    for (uint32_t i = 0; i < session->tables.count; i++) {
        const struct sw_table *table = session->tables.item[i];
        if (table->is_shared && table->version != NULL) {
            shared += (int64_t)sw_version_bytes(table->version);
        }
    }
    sw_buf_printf(&call->result,
                  "{\"memory_bytes\":%" PRId64 ",\"memory_limit_bytes\":%" PRId64
                  ",\"spilled_bytes\":%" PRIu64 ",\"disk_bytes\":%" PRId64
                  ",\"shared_bytes\":%" PRId64 ",\"state\":\"live\",\"connections\":%" PRIu32
                  ",\"tables\":%" PRIu32 ",\"uptime_s\":%" PRId64 "}",
                  sw_budget_used(&session->budget), session->budget.limit, spilled.away_bytes,
                  sw_keep_disk_bytes(session), shared, session->socket_count, session->tables.count,
                  (sw_clock_ms(session->server->clock) - session->opened_ms) / 1000);
    return SW_OK;
}

/* Every byte of it is gone. */
static void session_removed(void *context)
{
    struct sw_buf result;
    sw_buf_init(&result);
    sw_buf_put_text(&result, "{}");
    sw_pending_answer(context, &result, NULL);
    sw_buf_fini(&result);
}

static void cancel_close(void *work)
{
    (void)work; /* what was asked for is done all the same */
}

sw_status sw_method_session_close(struct sw_call *call, struct sw_err *err)
{
    SW_TRY(sw_params_read(call->request->params, "session.close", NULL, 0, NULL, err));
    struct sw_session *session = call->session;
    struct sw_pending *pending = NULL;
    /* this socket stays, to carry the answer; it may open anew */
    sw_pending_abandon(call->socket);
    if (session->keep != NULL) {
        SW_TRY(sw_pending_new(call, &pending, err));
        pending->cancel = cancel_close;
        session->keep->on_end = session_removed;
        session->keep->on_end_context = pending;
    }
    sw_outbox_let_go(call->socket->outbox);
    sw_socket_leave(call->socket);
    sw_session_end(session);
    call->session = NULL;
    return SW_OK;
}

sw_status sw_method_cancel(struct sw_call *call, struct sw_err *err)
{
    const struct sw_json *id = NULL;
    const struct sw_param list[] = {{"id", SW_PARAM_ANY, true, &id, 0, 0}};
    SW_TRY(sw_params_read(call->request->params, "$/cancel", list, 1, NULL, err));
    for (struct sw_pending *pending = call->socket->pending; pending != NULL;
         pending = pending->next) {
        if (pending->id != NULL && pending->id->kind == id->kind &&
            sw_json_equal(pending->id, id)) {
            pending->cancel(pending->work);
            break;
        }
    }
    return SW_OK;
}

sw_status sw_method_flush_ack(struct sw_call *call, struct sw_err *err)
{
    int64_t epoch = 0;
    const struct sw_param list[] = {{"epoch", SW_PARAM_INT, true, &epoch, 0, 0}};
    SW_TRY(sw_params_read(call->request->params, "flush.ack", list, 1, NULL, err));
    sw_outbox_acknowledge(call->socket->outbox, epoch);
    sw_socket_wake(call->socket);
    return SW_OK;
}
