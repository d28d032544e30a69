#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/utf8.h"

#define EXACT_INT_MAX 9007199254740992.0 /* 2^53: beyond it doubles skip integers */

const struct sw_json *sw_json_member(const struct sw_json *json, const char *name)
{
    if (json == NULL || json->kind != SW_JSON_OBJECT) {
        return NULL;
    }
    struct sw_span wanted = sw_span_text(name);
    for (size_t i = 0; i < json->u.list.count; i++) {
        if (sw_span_equal(json->u.list.items[i].key, wanted)) {
            return &json->u.list.items[i];
        }
    }
    return NULL;
}

bool sw_json_is_null(const struct sw_json *json)
{
    return json == NULL || json->kind == SW_JSON_NULL;
}

/* Decimal text of at most 31 bytes, NUL-terminated for the C parsers. */
static bool copy_number_text(struct sw_span text, char *into, size_t size)
{
    if (text.length == 0 || text.length >= size) {
        return false;
    }
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        bool is_part =
            (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
        if (!is_part) {
            return false;
        }
    }
    memcpy(into, text.data, text.length);
    into[text.length] = '\0';
    return true;
}

static bool int_of_text(struct sw_span text, int64_t *value)
{
    char copy[32];
    if (!copy_number_text(text, copy, sizeof copy)) {
        return false;
    }
    char *end = NULL;
    errno = 0;
    long long parsed = strtoll(copy, &end, 10);
    if (errno != 0 || end == copy || *end != '\0') {
        return false;
    }
    *value = parsed;
    return true;
}

bool sw_json_get_int(const struct sw_json *json, int64_t *value)
{
    if (json == NULL) {
        return false;
    }
    switch (json->kind) {
    case SW_JSON_INT:
        *value = json->u.integer;
        return true;
    case SW_JSON_FLOAT:
        if (fabs(json->u.number) > EXACT_INT_MAX || json->u.number != trunc(json->u.number)) {
            return false;
        }
        *value = (int64_t)json->u.number;
        return true;
    case SW_JSON_STRING:
        return int_of_text(json->u.text, value);
    case SW_JSON_NULL:
    case SW_JSON_BOOL:
    case SW_JSON_ARRAY:
    case SW_JSON_OBJECT:
        return false;
    }
    return false;
}

bool sw_json_get_float(const struct sw_json *json, double *value)
{
    if (json == NULL) {
        return false;
    }
    switch (json->kind) {
    case SW_JSON_INT:
        *value = (double)json->u.integer;
        return true;
    case SW_JSON_FLOAT:
        *value = json->u.number;
        return true;
    case SW_JSON_STRING: {
        char copy[64];
        if (!copy_number_text(json->u.text, copy, sizeof copy)) {
            return false;
        }
        char *end = NULL;
        *value = strtod(copy, &end);
        return end != copy && *end == '\0' && isfinite(*value);
    }
    case SW_JSON_NULL:
    case SW_JSON_BOOL:
    case SW_JSON_ARRAY:
    case SW_JSON_OBJECT:
        return false;
    }
    return false;
}

bool sw_json_get_text(const struct sw_json *json, struct sw_span *value)
{
    if (json == NULL || json->kind != SW_JSON_STRING) {
        return false;
    }
    *value = json->u.text;
    return true;
}

static bool equal_lists(const struct sw_json *a, const struct sw_json *b)
{
    if (a->u.list.count != b->u.list.count) {
        return false;
    }
    for (size_t i = 0; i < a->u.list.count; i++) {
        const struct sw_json *x = &a->u.list.items[i];
        const struct sw_json *y = &b->u.list.items[i];
        if (!sw_span_equal(x->key, y->key) || !sw_json_equal(x, y)) {
            return false;
        }
    }
    return true;
}

bool sw_json_equal(const struct sw_json *a, const struct sw_json *b)
{
    if (a == NULL || b == NULL) {
        return sw_json_is_null(a) && sw_json_is_null(b);
    }
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case SW_JSON_NULL:
        return true;
    case SW_JSON_BOOL:
        return a->u.boolean == b->u.boolean;
    case SW_JSON_INT:
        return a->u.integer == b->u.integer;
    case SW_JSON_FLOAT:
        return a->u.number == b->u.number;
    case SW_JSON_STRING:
        return sw_span_equal(a->u.text, b->u.text);
    case SW_JSON_ARRAY:
    case SW_JSON_OBJECT:
        return equal_lists(a, b);
    }
    return false;
}

static bool copy_span(struct sw_arena *arena, struct sw_span *span)
{
    if (span->data == NULL) {
        return true;
    }
    span->data = sw_arena_text(arena, *span);
    return span->data != NULL;
}

/* Depth is bounded by the decoder (SW_JSON_DEPTH_MAX). */
static bool copy_into(struct sw_arena *arena, const struct sw_json *from, struct sw_json *into)
{
    *into = *from;
    if (!copy_span(arena, &into->key)) {
        return false;
    }
    if (from->kind == SW_JSON_STRING) {
        return copy_span(arena, &into->u.text);
    }
    if (from->kind != SW_JSON_ARRAY && from->kind != SW_JSON_OBJECT) {
        return true;
    }
    struct sw_json *items = sw_arena_array(arena, from->u.list.count, sizeof *items);
    if (items == NULL) {
        return false;
    }
    for (size_t i = 0; i < from->u.list.count; i++) {
        if (!copy_into(arena, &from->u.list.items[i], &items[i])) {
            return false;
        }
    }
    into->u.list.items = items;
    return true;
}

const struct sw_json *sw_json_copy(struct sw_arena *arena, const struct sw_json *json)
{
    static const struct sw_json null_value = {.kind = SW_JSON_NULL};
    if (json == NULL) {
        return &null_value;
    }
    struct sw_json *copy = sw_arena_alloc(arena, sizeof *copy);
    if (copy == NULL || !copy_into(arena, json, copy)) {
        return NULL;
    }
    return copy;
}

static void put_escaped(struct sw_buf *out, unsigned char byte)
{
    switch (byte) {
    case '"':
        sw_buf_put(out, "\\\"", 2);
        break;
    case '\\':
        sw_buf_put(out, "\\\\", 2);
        break;
    case '\n':
        sw_buf_put(out, "\\n", 2);
        break;
    case '\r':
        sw_buf_put(out, "\\r", 2);
        break;
    case '\t':
        sw_buf_put(out, "\\t", 2);
        break;
    default:
        sw_buf_printf(out, "\\u%04x", byte);
        break;
    }
}

/* Bytes that need no escape are copied in runs.  What is not UTF-8 becomes U+FFFD: a text frame
 * that held it would cost the client its connection. */
void sw_json_put_text(struct sw_buf *out, struct sw_span text)
{
    sw_buf_put_byte(out, '"');
    size_t plain = 0;
    for (size_t i = 0; i < text.length;) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
            i++;
            continue;
        }
        size_t step = byte < 0x80 ? 0 : sw_utf8_step(sw_span_of(text.data + i, text.length - i));
        if (step > 0) {
            i += step;
            continue;
        }
        sw_buf_put(out, text.data + plain, i - plain);
        if (byte < 0x80) {
            put_escaped(out, byte);
        } else {
            sw_buf_put_text(out, "\xef\xbf\xbd");
        }
        plain = ++i;
    }
    sw_buf_put(out, text.data + plain, text.length - plain);
    sw_buf_put_byte(out, '"');
}

void sw_json_put_int(struct sw_buf *out, int64_t value)
{
    bool is_exact = value >= -(int64_t)EXACT_INT_MAX && value <= (int64_t)EXACT_INT_MAX;
    if (!is_exact) {
        sw_buf_put_byte(out, '"');
    }
    sw_buf_put_int(out, value);
    if (!is_exact) {
        sw_buf_put_byte(out, '"');
    }
}

void sw_json_put_float(struct sw_buf *out, double value)
{
    if (isfinite(value)) {
        sw_buf_put_float(out, value);
    } else {
        sw_buf_put_text(out, "null");
    }
}

static void put_list(struct sw_buf *out, const struct sw_json *json, char open, char close)
{
    sw_buf_put_byte(out, open);
    for (size_t i = 0; i < json->u.list.count; i++) {
        if (i > 0) {
            sw_buf_put_byte(out, ',');
        }
        if (json->kind == SW_JSON_OBJECT) {
            sw_json_put_text(out, json->u.list.items[i].key);
            sw_buf_put_byte(out, ':');
        }
        sw_json_put(out, &json->u.list.items[i]);
    }
    sw_buf_put_byte(out, close);
}

void sw_json_put(struct sw_buf *out, const struct sw_json *json)
{
    if (json == NULL) {
        sw_buf_put_text(out, "null");
        return;
    }
    switch (json->kind) {
    case SW_JSON_NULL:
        sw_buf_put_text(out, "null");
        break;
    case SW_JSON_BOOL:
        sw_buf_put_text(out, json->u.boolean ? "true" : "false");
        break;
    case SW_JSON_INT:
        sw_json_put_int(out, json->u.integer);
        break;
    case SW_JSON_FLOAT:
        sw_json_put_float(out, json->u.number);
        break;
    case SW_JSON_STRING:
        sw_json_put_text(out, json->u.text);
        break;
    case SW_JSON_ARRAY:
        put_list(out, json, '[', ']');
        break;
    case SW_JSON_OBJECT:
        put_list(out, json, '{', '}');
        break;
    }
}
