#include "session/outbox.h"

#include <stdlib.h>

#include "base/limits.h"
#include "wire/encode.h"

#define WINDOW_MAX 1024

struct message {
    struct message *next;
    struct sw_buf bytes;
    uint64_t seq;      /* of the log: it waits for its release */
    bool is_promise;   /* it answers a change, */
    struct sw_json id; /* the request's; a text's bytes are owned */
};

/* What is newest of one output. */
struct slot {
    struct slot *next;             /* in the order in which the outputs first came */
    char *output;                  /* owned */
    struct sw_output_value *value; /* counted; waiting to be sent; NULL: none */
    bool has_state;
    bool is_in_flush; /* to be named by the next flush */
    enum sw_output_state state;
    double progress;
    struct sw_err err;
};

struct sw_outbox {
    enum sw_format format;
    struct message *first, *last;
    size_t messages, message_bytes;
    uint64_t held, released; /* of the log: what comes now waits for the first */
    uint64_t put, taken;     /* messages so far */
    bool has_news;           /* values, states or a flush wait, */
    uint64_t news_after;     /* for so many messages */
    struct slot *slots;
    bool has_flush;
    int64_t epoch;                /* of the flush that waits */
    struct sw_buf flush_versions; /* its versions object, JSON */
    double queue_ms, compute_ms;
    int64_t window;          /* 0: none */
    int64_t *unacknowledged; /* [window] epochs of flushes sent, oldest first; NULL: no window */
    int64_t in_flight;
    struct sw_buf current; /* the message being sent */
    bool has_current, is_current_binary;
};

sw_status sw_outbox_new(enum sw_format format, struct sw_outbox **outbox)
{
    *outbox = calloc(1, sizeof **outbox);
    if (*outbox == NULL) {
        return SW_NO_MEMORY;
    }
    (*outbox)->format = format;
    return SW_OK;
}

static void free_id(struct message *message)
{
    if (message->is_promise && message->id.kind == SW_JSON_STRING) {
        free((char *)(uintptr_t)message->id.u.text.data);
    }
}

static void free_slot(struct slot *slot)
{
    sw_output_value_unref(slot->value);
    free(slot->output);
    free(slot);
}

void sw_outbox_free(struct sw_outbox *outbox)
{
    if (outbox == NULL) {
        return;
    }
    while (outbox->first != NULL) {
        struct message *next = outbox->first->next;
        sw_buf_fini(&outbox->first->bytes);
        free_id(outbox->first);
        free(outbox->first);
        outbox->first = next;
    }
    while (outbox->slots != NULL) {
        struct slot *next = outbox->slots->next;
        free_slot(outbox->slots);
        outbox->slots = next;
    }
    sw_buf_fini(&outbox->flush_versions);
    sw_buf_fini(&outbox->current);
    free(outbox->unacknowledged);
    free(outbox);
}

sw_status sw_outbox_set_window(struct sw_outbox *outbox, int64_t window)
{
    sw_assert(outbox->in_flight == 0);
    window = window > WINDOW_MAX ? WINDOW_MAX : window;
    int64_t *room = window == 0 ? NULL : malloc((size_t)window * sizeof(*room));
    if (window != 0 && room == NULL) {
        return SW_NO_MEMORY;
    }
    free(outbox->unacknowledged);
    outbox->unacknowledged = room;
    outbox->window = window;
    return SW_OK;
}

sw_status sw_outbox_put(struct sw_outbox *outbox, struct sw_buf *message)
{
    if (message->failed) {
        return SW_NO_MEMORY;
    }
    if (outbox->messages >= SW_OUTBOX_REPLIES_MAX ||
        outbox->message_bytes + message->length > SW_OUTBOX_BYTES_MAX) {
        return SW_LIMIT;
    }
    struct message *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->seq = outbox->held;
    made->bytes = *message;
    *message = (struct sw_buf){0};
    if (outbox->last == NULL) {
        outbox->first = made;
    } else {
        outbox->last->next = made;
    }
    outbox->last = made;
    outbox->messages++;
    outbox->message_bytes += made->bytes.length;
    outbox->put++;
    return SW_OK;
}

/* -- what waits for the log ----------------------------------------------------------- */

void sw_outbox_hold(struct sw_outbox *outbox, uint64_t seq)
{
    outbox->held = seq;
}

void sw_outbox_release(struct sw_outbox *outbox, uint64_t seq)
{
    outbox->released = seq > outbox->released ? seq : outbox->released;
}

void sw_outbox_let_go(struct sw_outbox *outbox)
{
    for (struct message *at = outbox->first; at != NULL; at = at->next) {
        at->seq = 0;
    }
    outbox->held = 0;
    outbox->released = 0;
}

void sw_outbox_promise(struct sw_outbox *outbox, const struct sw_json *id)
{
    struct message *message = outbox->last;
    if (message == NULL || message->is_promise || message->seq <= outbox->released) {
        return;
    }
    message->id = (struct sw_json){.kind = id->kind, .u = id->u};
    if (id->kind == SW_JSON_STRING) {
        message->id.u.text.data = sw_span_dup(id->u.text);
    }
    message->is_promise = id->kind != SW_JSON_STRING || message->id.u.text.data != NULL;
}

void sw_outbox_refuse(struct sw_outbox *outbox, const struct sw_err *err)
{
    for (struct message *at = outbox->first; at != NULL; at = at->next) {
        if (at->is_promise && at->seq > outbox->released) {
            outbox->message_bytes -= at->bytes.length;
            sw_buf_clear(&at->bytes);
            sw_encode_error(&at->bytes, &at->id, err);
            outbox->message_bytes += at->bytes.length;
        }
    }
    sw_outbox_release(outbox, outbox->held);
}

static void note_news(struct sw_outbox *outbox)
{
    if (!outbox->has_news) {
        outbox->has_news = true;
        outbox->news_after = outbox->put;
    }
}

static bool may_message(const struct sw_outbox *outbox)
{
    return outbox->first != NULL && outbox->first->seq <= outbox->released;
}

static bool may_news(const struct sw_outbox *outbox)
{
    return outbox->first == NULL || outbox->taken >= outbox->news_after;
}

bool sw_outbox_is_held(const struct sw_outbox *outbox)
{
    return outbox->first != NULL && !may_message(outbox);
}

/* -- what outputs show ------------------------------------------------------------------ */

static struct slot *slot_of(struct sw_outbox *outbox, const char *output)
{
    struct slot **link = &outbox->slots;
    for (; *link != NULL; link = &(*link)->next) {
        if (strcmp((*link)->output, output) == 0) {
            return *link;
        }
    }
    struct slot *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return NULL;
    }
    made->output = strdup(output);
    if (made->output == NULL) {
        free(made);
        return NULL;
    }
    *link = made;
    return made;
}

/* Where memory runs out a value is not sent: the output's next value will be. */
void sw_outbox_put_value(struct sw_outbox *outbox, struct sw_output_value *value)
{
    struct slot *slot = slot_of(outbox, value->output);
    if (slot == NULL) {
        return;
    }
    note_news(outbox);
    sw_output_value_unref(slot->value);
    slot->value = sw_output_value_ref(value);
    slot->is_in_flush = true;
}

void sw_outbox_put_state(struct sw_outbox *outbox, const char *output, enum sw_output_state state,
                         double progress, const struct sw_err *err)
{
    struct slot *slot = slot_of(outbox, output);
    if (slot == NULL) {
        return;
    }
    note_news(outbox);
    slot->has_state = true;
    slot->state = state;
    slot->progress = progress;
    if (err != NULL) {
        slot->err = *err;
    }
}

void sw_outbox_put_flush(struct sw_outbox *outbox, const struct sw_flush *flush, int64_t epoch)
{
    note_news(outbox);
    sw_buf_clear(&outbox->flush_versions);
    sw_buf_put_byte(&outbox->flush_versions, '{');
    for (size_t i = 0; i < flush->tables; i++) {
        if (i > 0) {
            sw_buf_put_byte(&outbox->flush_versions, ',');
        }
        sw_json_put_text(&outbox->flush_versions, sw_span_text(flush->table[i]));
        sw_buf_put_byte(&outbox->flush_versions, ':');
        sw_json_put_int(&outbox->flush_versions, (int64_t)flush->version[i]);
    }
    sw_buf_put_byte(&outbox->flush_versions, '}');
    for (size_t i = 0; i < flush->outputs; i++) {
        struct slot *slot = slot_of(outbox, flush->output[i]);
        if (slot != NULL) {
            slot->is_in_flush = true;
        }
    }
    outbox->has_flush = true;
    outbox->epoch = epoch;
    outbox->queue_ms = flush->queue_ms;
    outbox->compute_ms = flush->compute_ms;
}

void sw_outbox_forget(struct sw_outbox *outbox, struct sw_span output)
{
    for (struct slot **link = &outbox->slots; *link != NULL; link = &(*link)->next) {
        if (sw_span_equal(sw_span_text((*link)->output), output)) {
            struct slot *gone = *link;
            *link = gone->next;
            free_slot(gone);
            return;
        }
    }
}

void sw_outbox_acknowledge(struct sw_outbox *outbox, int64_t epoch)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < outbox->in_flight; i++) {
        if (outbox->unacknowledged[i] > epoch) {
            outbox->unacknowledged[kept++] = outbox->unacknowledged[i];
        }
    }
    outbox->in_flight = kept;
}

/* -- choosing what to send ------------------------------------------------------------ */

static bool may_flush(const struct sw_outbox *outbox)
{
    return outbox->has_flush && (outbox->window == 0 || outbox->in_flight < outbox->window);
}

/* The state that belongs to a value waits for the value. */
static struct slot *slot_with_state(const struct sw_outbox *outbox)
{
    for (struct slot *slot = outbox->slots; slot != NULL; slot = slot->next) {
        if (slot->has_state && slot->value == NULL) {
            return slot;
        }
    }
    return NULL;
}

static struct slot *slot_with_value(const struct sw_outbox *outbox)
{
    for (struct slot *slot = outbox->slots; slot != NULL; slot = slot->next) {
        if (slot->value != NULL) {
            return slot;
        }
    }
    return NULL;
}

static void take_message(struct sw_outbox *outbox)
{
    struct message *message = outbox->first;
    outbox->first = message->next;
    if (outbox->first == NULL) {
        outbox->last = NULL;
    }
    outbox->messages--;
    outbox->taken++;
    outbox->message_bytes -= message->bytes.length;
    sw_buf_fini(&outbox->current);
    outbox->current = message->bytes;
    outbox->is_current_binary = false;
    free_id(message);
    free(message);
}

static void take_state(struct sw_outbox *outbox, struct slot *slot)
{
    struct sw_buf params;
    sw_buf_init(&params);
    sw_buf_put_text(&params, "{\"output\":");
    sw_json_put_text(&params, sw_span_text(slot->output));
    sw_buf_printf(&params, ",\"state\":\"%s\"", sw_output_state_name(slot->state));
    if (slot->progress >= 0 && slot->state == SW_OUTPUT_BUSY) {
        sw_buf_put_text(&params, ",\"progress\":");
        sw_json_put_float(&params, slot->progress);
    }
    if (slot->state == SW_OUTPUT_ERROR) {
        sw_buf_put_text(&params, ",\"error\":");
        sw_encode_error_object(&params, &slot->err);
    }
    sw_buf_put_byte(&params, '}');
    sw_encode_notification(&outbox->current, "output.state", sw_buf_peek(&params));
    outbox->current.failed |= params.failed;
    sw_buf_fini(&params);
    outbox->is_current_binary = false;
    slot->has_state = false;
}

/* output.value's params up to `data`, without the closing brace. */
static void put_value_header(struct sw_buf *out, const struct sw_output_value *value, int64_t epoch)
{
    sw_buf_put_text(out, "{\"output\":");
    sw_json_put_text(out, sw_span_text(value->output));
    sw_buf_put_text(out, ",\"kind\":");
    sw_json_put_text(out, sw_span_text(value->kind));
    sw_buf_put_text(out, ",\"epoch\":");
    sw_json_put_int(out, epoch);
    sw_buf_put_text(out, ",\"version\":");
    sw_json_put_int(out, (int64_t)value->version);
    sw_buf_put_text(out, ",\"seq\":");
    sw_json_put_int(out, (int64_t)value->seq);
    sw_buf_put_text(out, ",\"rows\":");
    sw_json_put_int(out, (int64_t)value->rows);
    sw_buf_put_text(out, ",\"total\":");
    sw_json_put_int(out, (int64_t)value->total);
}

static void take_value_json(struct sw_outbox *outbox, const struct sw_output_value *value)
{
    struct sw_buf *out = &outbox->current;
    sw_buf_put_text(out, "{\"jsonrpc\":\"2.0\",\"method\":\"output.value\",\"params\":");
    put_value_header(out, value, outbox->epoch);
    sw_buf_put_text(out, ",\"data\":");
    if (value->series != NULL) {
        sw_encode_series(out, value->series);
    } else {
        sw_encode_page(out, value->page);
    }
    sw_buf_put_text(out, "}}");
    outbox->is_current_binary = false;
}

static void take_value_arrow(struct sw_outbox *outbox, const struct sw_output_value *value)
{
    struct sw_buf header;
    sw_buf_init(&header);
    put_value_header(&header, value, outbox->epoch);
    if (value->series != NULL && value->series->facet_column != NULL) {
        sw_buf_put_text(&header, ",\"facet\":");
        sw_encode_facet(&header, value->series);
    }
    sw_buf_put_byte(&header, '}');
    sw_status status =
        header.failed ? SW_NO_MEMORY
        : value->series != NULL
            ? sw_encode_series_arrow(&outbox->current, sw_buf_peek(&header), value->series)
            : sw_encode_page_arrow(&outbox->current, sw_buf_peek(&header), value->page);
    outbox->current.failed |= status != SW_OK;
    sw_buf_fini(&header);
    outbox->is_current_binary = true;
}

static void take_value(struct sw_outbox *outbox, struct slot *slot)
{
    if (outbox->format == SW_FORMAT_ARROW) {
        take_value_arrow(outbox, slot->value);
    } else {
        take_value_json(outbox, slot->value);
    }
    sw_output_value_unref(slot->value);
    slot->value = NULL;
}

static void take_flush(struct sw_outbox *outbox)
{
    struct sw_buf params;
    sw_buf_init(&params);
    sw_buf_put_text(&params, "{\"epoch\":");
    sw_json_put_int(&params, outbox->epoch);
    sw_buf_put_text(&params, ",\"versions\":");
    sw_buf_put(&params, outbox->flush_versions.data, outbox->flush_versions.length);
    sw_buf_put_text(&params, ",\"outputs\":[");
    bool is_first = true;
    for (struct slot *slot = outbox->slots; slot != NULL; slot = slot->next) {
        if (slot->is_in_flush) {
            sw_buf_put_text(&params, is_first ? "" : ",");
            sw_json_put_text(&params, sw_span_text(slot->output));
            slot->is_in_flush = false;
            is_first = false;
        }
    }
    sw_buf_put_text(&params, "],\"queue_ms\":");
    sw_json_put_float(&params, outbox->queue_ms);
    sw_buf_put_text(&params, ",\"compute_ms\":");
    sw_json_put_float(&params, outbox->compute_ms);
    sw_buf_put_byte(&params, '}');
    sw_encode_notification(&outbox->current, "flush", sw_buf_peek(&params));
    outbox->current.failed |= params.failed || outbox->flush_versions.failed;
    sw_buf_fini(&params);
    outbox->is_current_binary = false;
    outbox->has_flush = false;
    if (outbox->window > 0) {
        outbox->unacknowledged[outbox->in_flight++] = outbox->epoch;
    }
}

/* False: nothing to send now. */
static bool take_next(struct sw_outbox *outbox)
{
    sw_buf_clear(&outbox->current);
    struct slot *slot;
    if (may_message(outbox)) {
        take_message(outbox);
    } else if (!may_news(outbox)) {
        return false;
    } else if ((slot = slot_with_state(outbox)) != NULL) {
        take_state(outbox, slot);
    } else if (!may_flush(outbox)) {
        outbox->has_news = outbox->has_flush;
        return false;
    } else if ((slot = slot_with_value(outbox)) != NULL) {
        take_value(outbox, slot);
    } else {
        take_flush(outbox);
    }
    return true;
}

bool sw_outbox_next(struct sw_outbox *outbox, struct sw_outgoing *message)
{
    while (!outbox->has_current) {
        if (!take_next(outbox)) {
            return false;
        }
        /* a message that memory ran out for is left out: the next value of the output follows */
        outbox->has_current = !outbox->current.failed;
    }
    message->bytes = sw_buf_peek(&outbox->current);
    message->is_binary = outbox->is_current_binary;
    return true;
}

bool sw_outbox_is_empty(const struct sw_outbox *outbox)
{
    bool has_news = may_news(outbox) && (slot_with_state(outbox) != NULL || may_flush(outbox));
    return !outbox->has_current && !may_message(outbox) && !has_news;
}

void sw_outbox_sent(struct sw_outbox *outbox)
{
    outbox->has_current = false;
    if (outbox->current.capacity > SW_SEND_BYTES_MAX || sw_outbox_is_empty(outbox)) {
        sw_buf_fini(&outbox->current); /* most sockets are idle most of the time */
    }
}

size_t sw_outbox_bytes(const struct sw_outbox *outbox)
{
    return outbox->message_bytes + outbox->current.capacity;
}
