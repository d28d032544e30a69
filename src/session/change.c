#include "session/change.h"

#include <inttypes.h>
#include <stdlib.h>

#include "session/history.h"
#include "session/keeping.h"
#include "session/replay.h"

static uint64_t hash_text(uint64_t hash, struct sw_span text)
{
    for (size_t i = 0; i < text.length; i++) {
        hash = (hash ^ (unsigned char)text.data[i]) * 0x100000001b3u;
    }
    return (hash ^ 0xff) * 0x100000001b3u;
}

/* Of input.set by the names that it sets: the newest of a drag is enough. 0: no other will do. */
static uint64_t shape_of(const struct sw_request *request)
{
    const struct sw_json *values = sw_json_member(request->params, "values");
    uint64_t hash = 0xcbf29ce484222325u;
    if (!sw_span_equal(request->method, sw_span_text("input.set")) || values == NULL ||
        values->kind != SW_JSON_OBJECT) {
        return 0;
    }
    for (size_t i = 0; i < values->u.list.count; i++) {
        hash = hash_text(hash, values->u.list.items[i].key);
    }
    return hash == 0 ? 1 : hash;
}

void sw_change_log(const struct sw_call *call)
{
    const struct sw_keep_entry entry = {.method = call->request->method,
                                        .message = call->message,
                                        .shape = shape_of(call->request)};
    sw_keep_add(call->session, &entry);
}

bool sw_change_note(struct sw_call *call, struct sw_pending *pending)
{
    struct sw_span method = call->request->method;
    pending->replayed = call->replayed;
    pending->replay_context = call->replay_context;
    if (!call->is_change || call->session->keep == NULL || call->session->replay != NULL) {
        return true;
    }
    pending->text = malloc(method.length + call->message.length);
    if (pending->text == NULL || call->extra.failed) {
        return false;
    }
    memcpy(pending->text, method.data, method.length);
    memcpy(pending->text + method.length, call->message.data, call->message.length);
    pending->method = method.length;
    pending->message = call->message.length;
    pending->session = call->session;
    pending->extra = call->extra;
    call->extra = (struct sw_buf){0};
    return true;
}

static void put_extra(struct sw_buf *out, const struct sw_buf *members,
                      const struct sw_table *table)
{
    sw_buf_put_byte(out, '{');
    if (members->length > 0) {
        sw_buf_put(out, members->data, members->length);
    }
    if (table != NULL) {
        sw_buf_printf(out, "%s\"version\":%" PRIu64, members->length > 0 ? "," : "",
                      sw_table_version_number(table));
    }
    const struct sw_history *history = table == NULL ? NULL : table->history;
    if (history != NULL && history->at > 0) {
        sw_buf_printf(out, ",\"wall_ms\":%" PRId64, history->step[history->at - 1].wall_ms);
    }
    sw_buf_put_byte(out, '}');
}

void sw_pending_log(struct sw_pending *pending, const struct sw_table *table)
{
    struct sw_buf extra;
    if (pending->text == NULL || pending->is_logged) {
        return;
    }
    pending->is_logged = true;
    sw_buf_init(&extra);
    put_extra(&extra, &pending->extra, table);
    const struct sw_keep_entry entry = {
        .method = sw_span_of(pending->text, pending->method),
        .message = sw_span_of(pending->text + pending->method, pending->message),
        .extra = sw_buf_peek(&extra)};
    if (extra.failed) {
        sw_keep_add_unknown(pending->session);
    } else {
        sw_keep_add(pending->session, &entry);
    }
    sw_buf_fini(&extra);
}

void sw_pending_log_nothing(struct sw_pending *pending)
{
    pending->is_logged = true;
}

/* -- inputs that a change saw ---------------------------------------------------------------- */

static const struct sw_json *input_of_then(const struct sw_replay *replay, struct sw_span name)
{
    const struct sw_json *inputs = replay->inputs;
    for (size_t i = 0; inputs != NULL && i < inputs->u.list.count; i++) {
        if (sw_span_equal(inputs->u.list.items[i].key, name)) {
            return &inputs->u.list.items[i];
        }
    }
    return NULL;
}

static void note_input(struct sw_seen_inputs *seen, struct sw_span name)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (sw_span_equal(seen->name[i], name)) {
            return;
        }
    }
    if (seen->count == seen->room) {
        size_t room = seen->room * 2 + 8;
        struct sw_span *more = realloc(seen->name, room * sizeof *more);
        if (more == NULL) {
            seen->failed = true;
            return;
        }
        seen->name = more;
        seen->room = room;
    }
    seen->name[seen->count++] = name;
}

const struct sw_json *sw_change_input(void *context, struct sw_span name)
{
    const struct sw_session *session = context;
    return session->replay != NULL ? input_of_then(session->replay, name)
                                   : sw_graph_expr_input(session->graph, name);
}

const struct sw_json *sw_seen_input(void *context, struct sw_span name)
{
    struct sw_seen_inputs *seen = context;
    struct sw_session *session = seen->call->session;
    if (session->replay == NULL) {
        note_input(seen, name);
    }
    return sw_change_input(session, name);
}

/* "inputs":{...}; nothing where none is set. */
static void put_inputs(struct sw_buf *out, struct sw_graph *graph, const struct sw_span *name,
                       size_t count)
{
    const char *comma = "\"inputs\":{";
    bool is_any = false;
    for (size_t i = 0; i < count; i++) {
        const struct sw_json *value = sw_graph_expr_input(graph, name[i]);
        if (value != NULL) {
            sw_buf_put_text(out, comma);
            sw_json_put_text(out, name[i]);
            sw_buf_put_byte(out, ':');
            sw_json_put(out, value);
            comma = ",";
            is_any = true;
        }
    }
    if (is_any) {
        sw_buf_put_byte(out, '}');
    }
}

void sw_seen_inputs_end(struct sw_seen_inputs *seen)
{
    struct sw_call *call = seen->call;
    put_inputs(&call->extra, call->session->graph, seen->name, seen->count);
    call->extra.failed = call->extra.failed || seen->failed;
    free(seen->name);
}

void sw_pending_note_inputs(struct sw_pending *pending, const struct sw_span *name, size_t count)
{
    if (pending->text != NULL) {
        sw_buf_clear(&pending->extra);
        put_inputs(&pending->extra, pending->session->graph, name, count);
    }
}
