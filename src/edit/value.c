/* Single values: from JSON, as text, from type to type. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/number.h"
#include "edit/edit_priv.h"
#include "expr/number.h"
#include "table/datetime.h"

#define DAY_FIRST  (-719162)             /* 0001-01-01 */
#define DAY_LAST   2932896               /* 9999-12-31 */
#define INT_END    9223372036854775808.0 /* the first double beyond int64 */
#define SHOWN_TEXT 40u

int sw_edit_shown(struct sw_span text, size_t most)
{
    size_t shown = text.length < most ? text.length : most;
    while (shown > 0 && shown < text.length && ((unsigned char)text.data[shown] & 0xc0) == 0x80) {
        shown--;
    }
    return (int)shown;
}

bool sw_edit_time_in_range(enum sw_type type, int64_t value)
{
    if (type == SW_TYPE_DATE) {
        return value >= DAY_FIRST && value <= DAY_LAST;
    }
    return value >= DAY_FIRST * SW_DAY_MS && value < (DAY_LAST + 1) * SW_DAY_MS;
}

/* -- from JSON ----------------------------------------------------------------------- */

static sw_status refuse(const char *column, enum sw_type type, const struct sw_json *json,
                        const char *advice, struct sw_err *err)
{
    struct sw_buf shown;
    sw_buf_init(&shown);
    sw_json_put(&shown, json);
    struct sw_span text = shown.failed ? sw_span_text("the value") : sw_buf_peek(&shown);
    int length = sw_edit_shown(text, SHOWN_TEXT);
    sw_status status = sw_fail(err, SW_TYPE, "column `%.100s` is of type %s, and %.*s%s is not: %s",
                               column, sw_type_name(type), length, text.data,
                               (size_t)length < text.length ? "..." : "", advice);
    sw_buf_fini(&shown);
    return status;
}

static bool is_text(const struct sw_json *json, const char *text)
{
    return json->kind == SW_JSON_STRING && sw_span_equal(json->u.text, sw_span_text(text));
}

static bool read_float(const struct sw_json *json, double *value)
{
    if (is_text(json, "NaN")) {
        *value = NAN;
    } else if (is_text(json, "Infinity")) {
        *value = INFINITY;
    } else if (is_text(json, "-Infinity")) {
        *value = -INFINITY;
    } else {
        return sw_json_get_float(json, value);
    }
    return true;
}

/* A date or a timestamp from text, or from milliseconds. */
static bool read_time(enum sw_type type, const struct sw_json *json, int64_t *value)
{
    struct sw_span text;
    int64_t ms;
    if (sw_json_get_text(json, &text)) {
        int64_t days;
        if (sw_date_parse(text, &days)) {
            ms = days * SW_DAY_MS;
        } else if (!sw_timestamp_parse(text, &ms)) {
            return false;
        }
    } else if (!sw_json_get_int(json, &ms)) {
        return false;
    }
    if (type == SW_TYPE_DATE) {
        if (ms % SW_DAY_MS != 0) {
            return false;
        }
        ms /= SW_DAY_MS;
    }
    *value = ms;
    return sw_edit_time_in_range(type, ms);
}

sw_status sw_edit_value_read(const char *column, enum sw_type type, const struct sw_json *json,
                             struct sw_value *value, struct sw_err *err)
{
    *value = (struct sw_value){.type = type};
    if (sw_json_is_null(json)) {
        value->is_null = true;
        return SW_OK;
    }
    switch (type) {
    case SW_TYPE_BOOL:
        if (json->kind == SW_JSON_BOOL) {
            value->u.i = json->u.boolean;
            return SW_OK;
        }
        if (json->kind == SW_JSON_INT && (json->u.integer == 0 || json->u.integer == 1)) {
            value->u.i = json->u.integer;
            return SW_OK;
        }
        return refuse(column, type, json, "write true or false", err);
    case SW_TYPE_INT:
        return sw_json_get_int(json, &value->u.i)
                   ? SW_OK
                   : refuse(column, type, json,
                            json->kind == SW_JSON_FLOAT
                                ? "cast the column to float first (table.cast_column)"
                                : "write a whole number",
                            err);
    case SW_TYPE_FLOAT:
        return read_float(json, &value->u.f) ? SW_OK
                                             : refuse(column, type, json, "write a number", err);
    case SW_TYPE_STRING:
        return sw_json_get_text(json, &value->u.s)
                   ? SW_OK
                   : refuse(column, type, json, "write it as text, in quotes", err);
    case SW_TYPE_DATE:
        return read_time(type, json, &value->u.i)
                   ? SW_OK
                   : refuse(column, type, json,
                            "write \"2024-01-31\", or its milliseconds since 1970", err);
    case SW_TYPE_TIMESTAMP:
        return read_time(type, json, &value->u.i)
                   ? SW_OK
                   : refuse(column, type, json,
                            "write \"2024-01-31T12:00:00Z\", or milliseconds since 1970", err);
    case SW_TYPE_COUNT:
        break;
    }
    sw_assert(false);
    return SW_INTERNAL;
}

/* -- from type to type ------------------------------------------------------------------ */

bool sw_edit_is_castable(enum sw_type from, enum sw_type to)
{
    bool is_from_time = from == SW_TYPE_DATE || from == SW_TYPE_TIMESTAMP;
    bool is_to_time = to == SW_TYPE_DATE || to == SW_TYPE_TIMESTAMP;
    if (from == to || from == SW_TYPE_STRING || to == SW_TYPE_STRING) {
        return true;
    }
    if (is_from_time && is_to_time) {
        return true;
    }
    if (is_from_time || is_to_time) {
        return from == SW_TYPE_INT || to == SW_TYPE_INT;
    }
    return true; /* among bool, int, float */
}

static bool same_word(struct sw_span text, const char *word)
{
    if (text.length != strlen(word)) {
        return false;
    }
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != word[i]) {
            return false;
        }
    }
    return true;
}

static bool text_to_float(struct sw_span text, double *value)
{
    struct sw_number number = sw_number_read(text);
    if (number.form == SW_NUMBER_WHOLE_INT || number.form == SW_NUMBER_WHOLE_FLOAT) {
        *value = number.f;
        return isfinite(number.f);
    }
    bool is_negative = text.length > 0 && text.data[0] == '-';
    struct sw_span rest = is_negative ? sw_span_of(text.data + 1, text.length - 1) : text;
    if (same_word(rest, "infinity")) {
        *value = is_negative ? -INFINITY : INFINITY;
        return true;
    }
    *value = NAN;
    return same_word(text, "nan");
}

static bool cast_float(double value, struct sw_value *into)
{
    if (!(value >= -INT_END && value < INT_END) || value != trunc(value)) {
        return false;
    }
    into->u.i = (int64_t)value;
    return into->type == SW_TYPE_INT || into->u.i == 0 || into->u.i == 1;
}

static bool cast_text(struct sw_span text, struct sw_value *into)
{
    struct sw_number number;
    switch (into->type) {
    case SW_TYPE_BOOL:
        into->u.i = same_word(text, "true") || same_word(text, "1");
        return into->u.i != 0 || same_word(text, "false") || same_word(text, "0");
    case SW_TYPE_INT:
        number = sw_number_read(text);
        if (number.form == SW_NUMBER_WHOLE_FLOAT) {
            return cast_float(number.f, into); /* 176.0: a float's text, without a fraction */
        }
        into->u.i = number.i;
        return number.form == SW_NUMBER_WHOLE_INT && number.is_exact;
    case SW_TYPE_FLOAT:
        return text_to_float(text, &into->u.f);
    default: {
        struct sw_json json = {.kind = SW_JSON_STRING, .u.text = text};
        return read_time(into->type, &json, &into->u.i);
    }
    }
}

static bool int_to_float(int64_t value, double *into)
{
    *into = (double)value;
    return *into < INT_END && (int64_t)*into == value;
}

/* The text that CAST gives, where it reads back as the same number; else the shortest that does, as
 * nothing of a column may be lost in silence. */
static struct sw_span text_of_float(double value, char *text)
{
    if (isfinite(value) && !(fabs(value) >= 1e-4 && fabs(value) < 1e15)) {
        struct sw_span said = sw_span_of(text, sw_number_format(value, text));
        double again = sw_number_read(said).f;
        if (memcmp(&again, &value, sizeof value) == 0) {
            return said;
        }
    }
    struct sw_span plain = sw_span_of(text, (size_t)(sw_number_put_float(text, value) - text));
    bool is_whole = isfinite(value) && memchr(plain.data, '.', plain.length) == NULL &&
                    memchr(plain.data, 'e', plain.length) == NULL;
    if (is_whole) {
        memcpy(text + plain.length, ".0", 2);
        plain.length += 2;
    }
    return plain;
}

bool sw_edit_value_cast(const struct sw_value *value, enum sw_type type, struct sw_value *into,
                        char *text)
{
    enum sw_type from = value->type;
    if (value->is_null || from == type) {
        *into = *value;
        into->type = type;
        return true;
    }
    *into = (struct sw_value){.type = type};
    if (type == SW_TYPE_STRING) {
        into->u.s =
            from == SW_TYPE_FLOAT ? text_of_float(value->u.f, text) : sw_value_text(value, text);
        return true;
    }
    if (from == SW_TYPE_STRING) {
        return cast_text(value->u.s, into);
    }
    if (from == SW_TYPE_FLOAT) {
        return cast_float(value->u.f, into);
    }
    if (type == SW_TYPE_FLOAT) {
        return int_to_float(value->u.i, &into->u.f);
    }
    into->u.i = value->u.i;
    if (from == SW_TYPE_DATE && type == SW_TYPE_TIMESTAMP) {
        into->u.i = value->u.i * SW_DAY_MS;
        return true;
    }
    if (from == SW_TYPE_TIMESTAMP && type == SW_TYPE_DATE) {
        into->u.i = value->u.i / SW_DAY_MS;
        return value->u.i % SW_DAY_MS == 0;
    }
    if (type == SW_TYPE_BOOL) {
        return value->u.i == 0 || value->u.i == 1;
    }
    return type == SW_TYPE_INT || sw_edit_time_in_range(type, value->u.i);
}
