#include "session/dispatch.h"

#include <stdlib.h>

#include "base/log.h"
#include "session/server_priv.h"
#include "wire/encode.h"

struct method {
    const char *name;
    sw_handler_fn handle;
    bool is_before_open; /* may be called without a session */
};

static const struct method methods[] = {
    {"input.set", sw_method_input_set, false},
    {"flush.ack", sw_method_flush_ack, false},
    {"session.open", sw_method_session_open, true},
    {"session.info", sw_method_session_info, false},
    {"session.close", sw_method_session_close, false},
    {"table.list", sw_method_table_list, false},
    {"table.describe", sw_method_table_describe, false},
    {"table.page", sw_method_table_page, false},
    {"table.drop", sw_method_table_drop, false},
    {"table.update", sw_method_table_edit, false},
    {"table.append", sw_method_table_edit, false},
    {"table.delete_rows", sw_method_table_edit, false},
    {"table.add_column", sw_method_table_edit, false},
    {"table.drop_column", sw_method_table_edit, false},
    {"table.rename_column", sw_method_table_edit, false},
    {"table.cast_column", sw_method_table_edit, false},
    {"table.batch", sw_method_table_edit, false},
    {"table.undo", sw_method_table_undo, false},
    {"table.redo", sw_method_table_redo, false},
    {"table.history", sw_method_table_history, false},
    {"download.create", sw_method_download_create, false},
    {"input.list", sw_method_input_list, false},
    {"select.define", sw_method_select_define, false},
    {"output.define", sw_method_output_define, false},
    {"output.drop", sw_method_output_drop, false},
    {"output.pause", sw_method_output_pause, false},
    {"output.resume", sw_method_output_resume, false},
    {"output.list", sw_method_output_list, false},
    {"$/cancel", sw_method_cancel, true},
};

/* -- answers that come later ---------------------------------------------------------- */

sw_status sw_pending_new(struct sw_call *call, struct sw_pending **pending, struct sw_err *err)
{
    struct sw_pending *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    sw_arena_init(&made->arena);
    if (call->request->id != NULL) {
        made->id = sw_json_copy(&made->arena, call->request->id);
        if (made->id == NULL) {
            sw_arena_fini(&made->arena);
            free(made);
            return sw_fail(err, SW_NO_MEMORY, "out of memory");
        }
    }
    made->socket = call->socket;
    made->next = call->socket->pending;
    made->link = &call->socket->pending;
    if (made->next != NULL) {
        made->next->link = &made->next;
    }
    call->socket->pending = made;
    call->is_deferred = true;
    *pending = made;
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
                        const struct sw_err *err)
{
    if (id == NULL) {
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
    sw_buf_fini(&message);
}

void sw_pending_answer(struct sw_pending *pending, struct sw_buf *result, const struct sw_err *err)
{
    struct sw_socket *socket = pending->socket;
    unlink_pending(pending);
    if (socket != NULL) {
        send_answer(socket, pending->id, result, err);
    }
    sw_arena_fini(&pending->arena);
    free(pending);
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
    return method->handle(call, err);
}

static void handle_request(struct sw_socket *socket, const struct sw_request *request)
{
    struct sw_err err = {0};
    struct sw_call call = {.socket = socket, .session = socket->session, .request = request};
    sw_buf_init(&call.result);
    sw_status status = call_method(&call, &err);
    if (status != SW_OK) {
        sw_assert(!call.is_deferred);
        if (err.status != status) {
            (void)sw_fail(&err, status, "%s", sw_status_name(status));
        }
        send_answer(socket, request->id, &call.result, &err);
    } else if (!call.is_deferred) {
        if (call.result.length == 0 && !call.result.failed) {
            sw_buf_put_text(&call.result, "{}");
        }
        send_answer(socket, request->id, &call.result, NULL);
    }
    sw_buf_fini(&call.result);
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
        handle_request(socket, &request);
    } else {
        struct sw_buf unused = {0};
        send_answer(socket, request.id == NULL ? &null_id : request.id, &unused, &err);
    }
    sw_arena_fini(&arena);
    /* the reply stands before what the run it caused will send */
    if (socket->session != NULL) {
        sw_session_run(socket->session);
    }
}
