/* See infer.h. */
#include "ingest/infer.h"

#include "ingest/digits.h"

#include <strings.h>

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

struct sw_span sw_infer_trim(struct sw_span text)
{
    while (text.length > 0 && is_blank(text.data[0])) {
        text.data++;
        text.length--;
    }
    while (text.length > 0 && is_blank(text.data[text.length - 1])) {
        text.length--;
    }
    return text;
}

/* Is the text one of the words, in any case? */
static bool is_among(struct sw_span text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (text.length == strlen(*words) && strncasecmp(text.data, *words, text.length) == 0) {
            return true;
        }
    }
    return false;
}

bool sw_infer_bool(struct sw_span text, int64_t *value)
{
    static const char *const yes[] = {"true", NULL};
    static const char *const no[] = {"false", NULL};
    *value = is_among(text, yes);
    return *value == 1 || is_among(text, no);
}

bool sw_infer_bool_declared(struct sw_span text, int64_t *value)
{
    static const char *const yes[] = {"true", "t", "yes", "y", "1", NULL};
    static const char *const no[] = {"false", "f", "no", "n", "0", NULL};
    *value = is_among(text, yes);
    return *value == 1 || is_among(text, no);
}

bool sw_infer_int_declared(struct sw_span text, int64_t *value)
{
    const bool has_sign = text.length > 0 && (text.data[0] == '-' || text.data[0] == '+');
    const bool is_negative = has_sign && text.data[0] == '-';
    struct sw_span digits = {text.data + has_sign, text.length - has_sign};
    while (digits.length > 1 && digits.data[0] == '0') {
        digits.data++;
        digits.length--;
    }
    if (digits.length == 0 || digits.data[0] < '0' || digits.data[0] > '9') {
        return false;
    }
    if (is_negative && digits.length == 19 && memcmp(digits.data, "9223372036854775808", 19) == 0) {
        *value = INT64_MIN;
        return true;
    }
    if (!sw_digits_int(digits, value)) {
        return false;
    }
    *value = is_negative ? -*value : *value;
    return true;
}

/* A cell that begins like a number or a date. */
static struct sw_guess guess_digits(struct sw_span text)
{
    int64_t whole;
    double real;
    if (sw_digits_int(text, &whole)) {
        return (struct sw_guess){.kind = SW_INFER_INT,
                                 .is_beyond_float = !sw_digits_is_exact(whole)};
    }
    if (sw_digits_float(text, &real)) {
        return (struct sw_guess){.kind = SW_INFER_FLOAT};
    }
    bool has_time = false;
    sw_formats formats = sw_moment_formats(text, &has_time);
    if (formats == 0) {
        return (struct sw_guess){.kind = SW_INFER_STRING};
    }
    return (struct sw_guess){.kind = has_time ? SW_INFER_TIMESTAMP : SW_INFER_DATE,
                             .formats = formats};
}

struct sw_guess sw_infer_cell(struct sw_span text)
{
    text = sw_infer_trim(text);
    if (sw_infer_null(text.data, text.length) >= 0) {
        return (struct sw_guess){.kind = SW_INFER_NONE};
    }
    char first = text.data[0];
    if ((first >= '0' && first <= '9') || first == '-' || first == '+' || first == '.') {
        return guess_digits(text);
    }
    int64_t value;
    double real;
    if (sw_infer_bool(text, &value)) {
        return (struct sw_guess){.kind = SW_INFER_BOOL};
    }
    if (sw_digits_float(text, &real)) {
        return (struct sw_guess){.kind = SW_INFER_FLOAT};
    }
    return (struct sw_guess){.kind = SW_INFER_STRING};
}

static bool is_moment(enum sw_infer kind)
{
    return kind == SW_INFER_DATE || kind == SW_INFER_TIMESTAMP || kind == SW_INFER_MAYBE;
}

static void join_moments(struct sw_inferred *inferred, struct sw_guess cell)
{
    inferred->formats &= cell.formats;
    inferred->has_time |= cell.kind == SW_INFER_TIMESTAMP;
    if (inferred->formats == 0) {
        inferred->kind = SW_INFER_STRING;
    } else if (!sw_formats_is_one(inferred->formats)) {
        inferred->kind = SW_INFER_MAYBE;
    } else {
        inferred->kind = inferred->has_time ? SW_INFER_TIMESTAMP : SW_INFER_DATE;
    }
}

void sw_infer_join(struct sw_inferred *inferred, bool ints_fit, struct sw_guess cell)
{
    const enum sw_infer kind = inferred->kind;
    if (cell.kind == SW_INFER_NONE) {
        return;
    }
    if (kind == SW_INFER_NONE && is_moment(cell.kind)) {
        inferred->formats = SW_FORMATS_ALL;
        join_moments(inferred, cell);
    } else if (kind == SW_INFER_NONE) {
        inferred->kind = cell.kind;
    } else if (is_moment(kind) && is_moment(cell.kind)) {
        join_moments(inferred, cell);
    } else if (kind == SW_INFER_INT && cell.kind == SW_INFER_FLOAT) {
        inferred->kind = ints_fit ? SW_INFER_FLOAT : SW_INFER_STRING;
    } else if (kind == SW_INFER_FLOAT && cell.kind == SW_INFER_INT) {
        inferred->kind = cell.is_beyond_float ? SW_INFER_STRING : SW_INFER_FLOAT;
    } else if (kind != cell.kind) {
        inferred->kind = SW_INFER_STRING;
    }
}

enum sw_type sw_infer_type(enum sw_infer kind)
{
    switch (kind) {
    case SW_INFER_BOOL:
        return SW_TYPE_BOOL;
    case SW_INFER_INT:
        return SW_TYPE_INT;
    case SW_INFER_FLOAT:
        return SW_TYPE_FLOAT;
    case SW_INFER_DATE:
        return SW_TYPE_DATE;
    case SW_INFER_TIMESTAMP:
        return SW_TYPE_TIMESTAMP;
    case SW_INFER_NONE:
    case SW_INFER_MAYBE:
    case SW_INFER_STRING:
        return SW_TYPE_STRING;
    }
    return SW_TYPE_STRING;
}
