#include "session/dispatch.h"

#include <stdlib.h>

#include "base/log.h"
#include "session/change.h"
#include "session/keeping.h"
#include "session/prepare.h"
#include "session/server_priv.h"
#include "wire/encode.h"

#define HOLD_BYTES_MIN (64u << 10) /* below, a copy of what is needed is less to keep */

struct method {
    const char *name;
    sw_handler_fn handle;
    bool is_before_open; /* may be called without a session */
    bool is_change;      /* of what outlives the process */
};

static const struct method methods[] = {
    {"input.set", sw_method_input_set, false, true},
    {"flush.ack", sw_method_flush_ack, false, false},
    {"session.open", sw_method_session_open, true, false},
    {"session.info", sw_method_session_info, false, false},
    {"session.close", sw_method_session_close, false, false},
    {"table.list", sw_method_table_list, false, false},
    {"table.describe", sw_method_table_describe, false, false},
    {"table.page", sw_method_table_page, false, false},
    {"table.create", sw_method_table_create, false, true},
    {"table.drop", sw_method_table_drop, false, true},
    {"table.update", sw_method_table_edit, false, true},
    {"table.append", sw_method_table_edit, false, true},
    {"table.delete_rows", sw_method_table_edit, false, true},
    {"table.add_column", sw_method_table_edit, false, true},
    {"table.drop_column", sw_method_table_edit, false, true},
    {"table.rename_column", sw_method_table_edit, false, true},
    {"table.cast_column", sw_method_table_edit, false, true},
    {"table.set_formula", sw_method_table_edit, false, true},
    {"table.freeze_column", sw_method_table_edit, false, true},
    {"table.batch", sw_method_table_edit, false, true},
    {"table.preview", sw_method_table_edit, false, false},
    {"table.undo", sw_method_table_undo, false, true},
    {"table.redo", sw_method_table_redo, false, true},
    {"table.history", sw_method_table_history, false, false},
    {"download.create", sw_method_download_create, false, false},
    {"input.list", sw_method_input_list, false, false},
    {"select.define", sw_method_select_define, false, true},
    {"select.hint", sw_method_select_hint, false, false},
    {"output.define", sw_method_output_define, false, true},
    {"output.drop", sw_method_output_drop, false, true},
    {"output.pause", sw_method_output_pause, false, true},
    {"output.resume", sw_method_output_resume, false, true},
    {"output.list", sw_method_output_list, false, false},
    {"$/cancel", sw_method_cancel, true, false},
};

/* -- answers that come later ---------------------------------------------------------- */

static void free_pending(struct sw_pending *pending)
{
    sw_arena_fini(&pending->arena);
    sw_buf_fini(&pending->extra);
    free(pending->text);
    free(pending);
}

sw_status sw_pending_new(struct sw_call *call, struct sw_pending **pending, struct sw_err *err)
{
    struct sw_pending *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    sw_arena_init(&made->arena);
    if (call->request->id != NULL) {
        made->id = sw_json_copy(&made->arena, call->request->id);
    }
    bool has_id = call->request->id == NULL || made->id != NULL;
    if (!has_id || !sw_change_note(call, made)) {
        free_pending(made);
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    call->is_deferred = true;
    *pending = made;
    if (call->socket == NULL) {
        return SW_OK;
    }
    made->socket = call->socket;
    made->next = call->socket->pending;
    made->link = &call->socket->pending;
    if (made->next != NULL) {
        made->next->link = &made->next;
    }
    call->socket->pending = made;
    return SW_OK;
}

static void unlink_pending(struct sw_pending *pending)
{
    if (pending->socket == NULL) {
        return;
    }
    *pending->link = pending->next;
    if (pending->next != NULL) {
        pending->next->link = pending->link;
    }
    pending->socket = NULL;
}

static void send_answer(struct sw_socket *socket, const struct sw_json *id, struct sw_buf *result,
                        const struct sw_err *err, bool is_change)
{
    if (id == NULL || socket == NULL) {
        return;
    }
    struct sw_err no_memory;
    if (err == NULL && result->failed) {
        (void)sw_fail(&no_memory, SW_NO_MEMORY, "out of memory: ask for less at once");
        err = &no_memory;
    }
    struct sw_buf message;
    sw_buf_init(&message);
    if (err != NULL) {
        sw_encode_error(&message, id, err);
    } else {
        sw_encode_reply(&message, id, sw_buf_peek(result));
    }
    sw_socket_put(socket, &message);
    if (is_change && err == NULL) {
        sw_outbox_promise(socket->outbox, id);
    }
    sw_buf_fini(&message);
}

void sw_pending_answer(struct sw_pending *pending, struct sw_buf *result, const struct sw_err *err)
{
    struct sw_socket *socket = pending->socket;
    void (*replayed)(void *context, const struct sw_err *err) = pending->replayed;
    void *replay_context = pending->replay_context;
    unlink_pending(pending);
    if (err == NULL) {
        sw_pending_log(pending, NULL);
    }
    send_answer(socket, pending->id, result, err, pending->text != NULL);
    free_pending(pending);
    if (replayed != NULL) {
        replayed(replay_context, err);
    }
}

void sw_pending_abandon(struct sw_socket *socket)
{
    while (socket->pending != NULL) {
        struct sw_pending *pending = socket->pending;
        unlink_pending(pending);
        pending->cancel(pending->work); /* its done half frees it */
    }
}

/* -- dispatch --------------------------------------------------------------------------- */

static const struct method *find_method(struct sw_span name)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (sw_span_equal(sw_span_text(methods[i].name), name)) {
            return &methods[i];
        }
    }
    return NULL;
}

static sw_status call_method(struct sw_call *call, struct sw_err *err)
{
    const struct method *method = find_method(call->request->method);
    if (method == NULL) {
        struct sw_span name = call->request->method;
        return sw_fail(err, SW_NO_METHOD, "no method `%.*s`: see the protocol for what there is",
                       (int)(name.length < 64 ? name.length : 64), name.data);
    }
    if (call->session == NULL && !method->is_before_open) {
        return sw_fail(err, SW_NO_SESSION, "no session on this socket: call session.open first");
    }
    call->is_change = method->is_change;
    bool is_input = sw_span_equal(call->request->method, sw_span_text("input.set"));
    if (call->is_change && !is_input) {
        SW_TRY(sw_keep_check(call->session, err));
    }
    SW_TRY(method->handle(call, err));
    if (call->is_change && !call->is_deferred) {
        sw_change_log(call);
    }
    /* a chart may follow a brush that cannot be recorded; its sender hears of it all the same */
    return is_input ? sw_keep_check(call->session, err) : SW_OK;
}

static void handle_request(struct sw_socket *socket, const struct sw_request *request,
                           struct sw_arena_held *held, struct sw_span message,
                           struct sw_deferred *prepared)
{
    struct sw_err err = {0};
    struct sw_call call = {.socket = socket,
                           .session = socket->session,
                           .request = request,
                           .held = held,
                           .message = message,
                           .prepared = prepared};
    sw_buf_init(&call.result);
    sw_status status = call_method(&call, &err);
    if (status != SW_OK && status != SW_AGAIN) {
        sw_assert(!call.is_deferred);
        if (err.status != status) {
            (void)sw_fail(&err, status, "%s", sw_status_name(status));
        }
        send_answer(socket, request->id, &call.result, &err, false);
    } else if (!call.is_deferred) {
        if (call.result.length == 0 && !call.result.failed) {
            sw_buf_put_text(&call.result, "{}");
        }
        send_answer(socket, request->id, &call.result, NULL, call.is_change);
    }
    sw_buf_fini(&call.extra);
    sw_buf_fini(&call.result);
}

/* -- handlers that wait until a table can be read ------------------------------------------ */

/* The request as it came, and what it needs. */
struct sw_deferred {
    struct sw_arena arena; /* of all below */
    struct sw_request request;
    struct sw_need need;
    struct sw_prepare *prepare;
    struct sw_pending *pending; /* NULL: not deferred */
};

static void free_deferred(struct sw_deferred *deferred)
{
    sw_version_unref(deferred->need.version);
    sw_arena_fini(&deferred->arena);
    free(deferred);
}

static void cancel_deferred(void *work)
{
    struct sw_deferred *deferred = work;
    sw_prepare_cancel(deferred->prepare);
}

static void deferred_ready(void *context)
{
    struct sw_deferred *deferred = context;
    struct sw_pending *pending = deferred->pending;
    struct sw_socket *socket = pending->socket;
    if (socket == NULL || deferred->need.status != SW_OK) {
        struct sw_buf unused = {0};
        sw_pending_answer(pending, &unused, &deferred->need.err);
    } else {
        unlink_pending(pending);
        handle_request(socket, &deferred->request, NULL, sw_span_of("", 0), deferred);
        free_pending(pending);
    }
    free_deferred(deferred);
}

static bool copy_text(struct sw_arena *arena, struct sw_span *text)
{
    const char *copy = sw_arena_text(arena, *text);
    *text = sw_span_of(copy, copy == NULL ? 0 : text->length);
    return copy != NULL;
}

static bool copy_need(struct sw_deferred *deferred, const struct sw_call *call,
                      const struct sw_need *need)
{
    struct sw_arena *arena = &deferred->arena;
    const struct sw_request *request = call->request;
    struct sw_span *column = sw_arena_array(arena, need->columns + 1, sizeof *column);
    deferred->request = *request;
    deferred->need = *need;
    bool is_copied = column != NULL && copy_text(arena, &deferred->request.method) &&
                     copy_text(arena, &deferred->need.table);
    for (size_t i = 0; is_copied && i < need->columns; i++) {
        column[i] = need->column[i];
        is_copied = copy_text(arena, &column[i]);
    }
    if (is_copied && request->params != NULL) {
        deferred->request.params = sw_json_copy(arena, request->params);
        is_copied = deferred->request.params != NULL;
    }
    if (is_copied && request->id != NULL) {
        deferred->request.id = sw_json_copy(arena, request->id);
        is_copied = deferred->request.id != NULL;
    }
    deferred->need.column = column;
    return is_copied;
}

static sw_status take_version(struct sw_need *need, struct sw_version **version, struct sw_err *err)
{
    if (need->status != SW_OK) {
        *err = need->err;
        return need->status;
    }
    *version = need->version;
    need->version = NULL;
    return SW_OK;
}

sw_status sw_call_prepare(struct sw_call *call, const struct sw_need *need,
                          struct sw_version **version, struct sw_err *err)
{
    if (call->prepared != NULL) {
        return take_version(&call->prepared->need, version, err);
    }
    struct sw_deferred *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    sw_arena_init(&made->arena);
    if (!copy_need(made, call, need)) {
        free_deferred(made);
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    sw_status status =
        sw_prepare(call->session, &made->need, 1, deferred_ready, made, &made->prepare);
    if (status == SW_OK) {
        status = take_version(&made->need, version, err);
        free_deferred(made);
        return status;
    }
    status = sw_pending_new(call, &made->pending, err);
    if (status != SW_OK) {
        sw_prepare_forget(made->prepare);
        free_deferred(made);
        return status;
    }
    made->pending->cancel = cancel_deferred;
    made->pending->work = made;
    return SW_AGAIN;
}

/* A large request is not copied by who goes on with it. */
static struct sw_arena_held *hold_large(struct sw_arena *arena)
{
    return arena->bytes >= HOLD_BYTES_MIN ? sw_arena_hold(arena) : NULL;
}

sw_status sw_dispatch_replay(struct sw_session *session, struct sw_span message,
                             void (*replayed)(void *context, const struct sw_err *err),
                             void *context, struct sw_err *err)
{
    struct sw_arena arena;
    struct sw_request request = {0};
    sw_arena_init(&arena);
    struct sw_call call = {.session = session,
                           .request = &request,
                           .message = message,
                           .replayed = replayed,
                           .replay_context = context};
    sw_buf_init(&call.result);
    sw_status status = sw_decode_request(&arena, message, &request, err);
    call.held = status == SW_OK ? hold_large(&arena) : NULL;
    status = status == SW_OK ? call_method(&call, err) : status;
    sw_arena_held_unref(call.held);
    sw_buf_fini(&call.extra);
    sw_buf_fini(&call.result);
    sw_arena_fini(&arena);
    return status == SW_OK && call.is_deferred ? SW_AGAIN : status;
}

void sw_dispatch(struct sw_socket *socket, struct sw_span message)
{
    static const struct sw_json null_id = {.kind = SW_JSON_NULL};
    struct sw_arena arena;
    struct sw_request request = {0};
    struct sw_err err = {0};
    sw_arena_init(&arena);
    socket->server->count.messages++;
    sw_status status = sw_decode_request(&arena, message, &request, &err);
    if (status == SW_OK) {
        struct sw_arena_held *held = hold_large(&arena);
        handle_request(socket, &request, held, message, NULL);
        sw_arena_held_unref(held);
    } else {
        struct sw_buf unused = {0};
        send_answer(socket, request.id == NULL ? &null_id : request.id, &unused, &err, false);
    }
    sw_arena_fini(&arena);
    /* the reply stands before what the run it caused will send */
    if (socket->session != NULL) {
        sw_session_run(socket->session);
    }
}
