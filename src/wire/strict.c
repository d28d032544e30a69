/* Recursive descent, at most SW_JSON_DEPTH_MAX calls deep, over a copy that ends with a NUL: no
 * byte of JSON is one, so nothing else has to look for the end.  Each function leaves `at` behind
 * what it has read. */
#include "wire/strict.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena_bulk.h"
#include "base/limits.h"
#include "base/number.h"
#include "base/utf8.h"

#define MANTISSA_DIGITS 19   /* as many fit 64 bits */
#define INT_DIGITS_SAFE 18   /* as many fit an int64 whatever they are */
#define EXPONENT_CAP    9999 /* beyond any double */

struct reader {
    char *start, *end, *at;
    unsigned depth;
    size_t nests; /* lists and objects that have begun */
    size_t deep;  /* those that are no object of plain values */
    struct sw_json *value;
    size_t values, room;
    struct sw_buf *bulks;
    struct sw_err *err;
};

/* -- failures --------------------------------------------------------------------------- */

static sw_status mark(struct reader *reader, const char *position)
{
    if (reader->err != NULL) {
        reader->err->has_position = true;
        reader->err->position = (size_t)(position - reader->start);
    }
    return SW_JSON;
}

static sw_status fail_at(struct reader *reader, const char *position, const char *what)
{
    (void)sw_fail(reader->err, SW_JSON, "the text is not JSON at byte %zu: %s",
                  (size_t)(position - reader->start), what);
    return mark(reader, position);
}

static sw_status fail_memory(struct reader *reader)
{
    return sw_fail(reader->err, SW_NO_MEMORY, "out of memory while reading a message");
}

/* -- bytes ------------------------------------------------------------------------------ */

static inline bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static inline void skip_blank(struct reader *reader)
{
    char *at = reader->at;
    while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r') {
        at++;
    }
    reader->at = at;
}

/* -- numbers ---------------------------------------------------------------------------- */

/* A number taken apart: digits * 10^exponent where kept is at most MANTISSA_DIGITS. */
struct decimal {
    uint64_t digits; /* without point; modulo 2^64 */
    unsigned kept;   /* digits from the first on that is not 0 */
    int exponent;
    bool is_negative, is_float;
};

static inline char *take_digits(char *at, struct decimal *decimal)
{
    uint64_t digits = decimal->digits;
    unsigned kept = decimal->kept;
    for (; is_digit(*at); at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        digits = digits * 10 + digit;
        kept += (kept | digit) != 0;
    }
    decimal->digits = digits;
    decimal->kept = kept;
    return at;
}

/* `at` stands behind the e. */
static sw_status take_exponent(struct reader *reader, struct decimal *decimal)
{
    char *at = reader->at;
    bool is_negative = *at == '-';
    at += *at == '-' || *at == '+';
    int sum = 0;
    char *first = at;
    for (; is_digit(*at); at++) {
        sum = sum < EXPONENT_CAP ? sum * 10 + (*at - '0') : sum;
    }
    reader->at = at;
    decimal->is_float = true;
    decimal->exponent += is_negative ? -sum : sum;
    return at == first ? fail_at(reader, at, "a digit belongs in the exponent") : SW_OK;
}

static sw_status take_decimal(struct reader *reader, struct decimal *decimal)
{
    char *at = reader->at;
    decimal->is_negative = *at == '-';
    at += *at == '-';
    char *first = at;
    if (*at == '0' && is_digit(at[1])) {
        return fail_at(reader, at + 1, "a number has no leading zeros");
    }
    at = take_digits(at, decimal);
    if (at == first) {
        return fail_at(reader, at, "a digit belongs here");
    }
    if (*at == '.') {
        first = ++at;
        at = take_digits(at, decimal);
        decimal->is_float = true;
        decimal->exponent = (int)(first - at);
        if (at == first) {
            return fail_at(reader, at, "a digit belongs behind the decimal point");
        }
    }
    reader->at = at;
    if (*at == 'e' || *at == 'E') {
        reader->at++;
        return take_exponent(reader, decimal);
    }
    return SW_OK;
}

static sw_status put_int(struct reader *reader, const char *start, const struct decimal *decimal,
                         struct sw_json *into)
{
    bool fits = decimal->kept <= INT_DIGITS_SAFE ||
                (decimal->kept <= MANTISSA_DIGITS &&
                 decimal->digits <= (uint64_t)INT64_MAX + decimal->is_negative);
    if (!fits) {
        (void)sw_fail(reader->err, SW_JSON,
                      "the integer at byte %zu does not fit 64 bits: send it as a string, or "
                      "with a decimal point as a float",
                      (size_t)(start - reader->start));
        return mark(reader, start);
    }
    into->kind = SW_JSON_INT;
    into->u.integer = (int64_t)(decimal->is_negative ? 0 - decimal->digits : decimal->digits);
    return SW_OK;
}

static sw_status put_float(struct reader *reader, const char *start, const struct decimal *decimal,
                           struct sw_json *into)
{
    double value;
    if (decimal->kept <= MANTISSA_DIGITS &&
        sw_number_scale10(decimal->digits, decimal->exponent, &value)) {
        value = decimal->is_negative ? -value : value;
    } else {
        char *end;
        value = strtod(start, &end); /* the process keeps the C locale */
        sw_assert(end == reader->at);
        if (!isfinite(value)) {
            (void)sw_fail(reader->err, SW_JSON,
                          "the number at byte %zu is beyond the range of a 64-bit float",
                          (size_t)(start - reader->start));
            return mark(reader, start);
        }
    }
    into->kind = SW_JSON_FLOAT;
    into->u.number = value;
    return SW_OK;
}

static sw_status read_number(struct reader *reader, struct sw_json *into)
{
    const char *start = reader->at;
    struct decimal decimal = {0};
    SW_TRY(take_decimal(reader, &decimal));
    size_t length = (size_t)(reader->at - start);
    if (length > SW_JSON_NUMBER_BYTES_MAX) {
        return sw_fail_limit(reader->err, "json_number_bytes", (int64_t)length,
                             SW_JSON_NUMBER_BYTES_MAX,
                             "write the number with fewer digits, or as a string");
    }
    bool is_minus_zero = decimal.is_negative && decimal.kept == 0;
    return decimal.is_float || is_minus_zero ? put_float(reader, start, &decimal, into)
                                             : put_int(reader, start, &decimal, into);
}

/* -- strings ---------------------------------------------------------------------------- */

static int hex_of(char byte)
{
    if (is_digit(byte)) {
        return byte - '0';
    }
    int lower = byte | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Four hex digits, or -1. */
static int32_t read_hex(const char *at)
{
    int32_t value = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = hex_of(at[i]);
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

static bool is_high_surrogate(int32_t unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low_surrogate(int32_t unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

static char *put_character(uint32_t code, char *into)
{
    if (code < 0x80) {
        *into++ = (char)code;
        return into;
    }
    if (code < 0x800) {
        *into++ = (char)(0xc0 | (code >> 6));
    } else {
        if (code < 0x10000) {
            *into++ = (char)(0xe0 | (code >> 12));
        } else {
            *into++ = (char)(0xf0 | (code >> 18));
            *into++ = (char)(0x80 | ((code >> 12) & 63));
        }
        *into++ = (char)(0x80 | ((code >> 6) & 63));
    }
    *into++ = (char)(0x80 | (code & 63));
    return into;
}

/* `at` stands behind the backslash and the u; an escape is longer than what it stands for. */
static sw_status take_unicode(struct reader *reader, char **into)
{
    char *at = reader->at;
    int32_t unit = read_hex(at);
    if (unit < 0) {
        return fail_at(reader, at, "four hexadecimal digits belong behind \\u");
    }
    if (is_low_surrogate(unit)) {
        return fail_at(reader, at, "a low surrogate stands without its high one");
    }
    at += 4;
    uint32_t code = (uint32_t)unit;
    if (is_high_surrogate(unit)) {
        int32_t low = at[0] == '\\' && at[1] == 'u' ? read_hex(at + 2) : -1;
        if (!is_low_surrogate(low)) {
            return fail_at(reader, at, "a high surrogate stands without its low one");
        }
        code = 0x10000 + ((code - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
        at += 6;
    }
    *into = put_character(code, *into);
    reader->at = at;
    return SW_OK;
}

/* `at` stands at the backslash. */
static sw_status take_escape(struct reader *reader, char **into)
{
    static const char names[] = "\"\\/bfnrt";
    static const char bytes[] = "\"\\/\b\f\n\r\t";
    char kind = *++reader->at;
    if (kind == 'u') {
        reader->at++;
        return take_unicode(reader, into);
    }
    const char *name = memchr(names, kind, sizeof names - 1);
    if (name == NULL) {
        return fail_at(reader, reader->at, "no such escape in a string");
    }
    *(*into)++ = bytes[name - names];
    reader->at++;
    return SW_OK;
}

/* Bytes that stand for themselves; most strings are made of them. */
static inline char *skip_ascii(char *at)
{
    while ((unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' && *at != '\\') {
        at++;
    }
    return at;
}

/* At a byte that is none of them, and no quote. */
static sw_status take_special(struct reader *reader, char **into)
{
    char *at = reader->at;
    if (*at == '\\') {
        return take_escape(reader, into);
    }
    if (at == reader->end) {
        return fail_at(reader, at, "a string has no closing quote");
    }
    if ((unsigned char)*at < 0x20) {
        return fail_at(reader, at, "a control byte in a string must be escaped");
    }
    size_t step = sw_utf8_step(sw_span_of(at, (size_t)(reader->end - at)));
    if (step == 0) {
        return fail_at(reader, at, "the text is not valid UTF-8");
    }
    memmove(*into, at, step);
    *into += step;
    reader->at += step;
    return SW_OK;
}

/* In place: what is written never overtakes what is read. */
static sw_status read_string(struct reader *reader, struct sw_span *text)
{
    char *start = reader->at + 1;
    char *into = start;
    reader->at = start;
    for (;;) {
        char *from = reader->at;
        reader->at = skip_ascii(from);
        if (into != from) {
            memmove(into, from, (size_t)(reader->at - from));
        }
        into += reader->at - from;
        if (*reader->at == '"') {
            break;
        }
        SW_TRY(take_special(reader, &into));
    }
    *text = sw_span_of(start, (size_t)(into - start));
    *into = '\0';
    reader->at++;
    return SW_OK;
}

/* -- values ------------------------------------------------------------------------------- */

static sw_status read_word(struct reader *reader, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(reader->at, word, length) != 0) {
        return fail_at(reader, reader->at, "a value belongs here");
    }
    reader->at += length;
    return SW_OK;
}

static sw_status read_value(struct reader *reader, struct sw_span key);

/* The name and the colon of a member. */
static sw_status read_name(struct reader *reader, size_t members, struct sw_span *key)
{
    if (members > SW_JSON_KEYS_MAX) {
        return sw_fail_limit(reader->err, "json_keys", (int64_t)members, SW_JSON_KEYS_MAX,
                             "use fewer members in one object");
    }
    if (*reader->at != '"') {
        return fail_at(reader, reader->at, "a member's name in double quotes belongs here");
    }
    SW_TRY(read_string(reader, key));
    skip_blank(reader);
    if (*reader->at != ':') {
        return fail_at(reader, reader->at, "a colon belongs behind a member's name");
    }
    reader->at++;
    skip_blank(reader);
    return SW_OK;
}

static sw_status read_items(struct reader *reader, char close, size_t *items)
{
    size_t count = 0;
    skip_blank(reader);
    while (*reader->at != close || count > 0) {
        struct sw_span key = {0};
        count++;
        if (close == '}') {
            SW_TRY(read_name(reader, count, &key));
        }
        SW_TRY(read_value(reader, key));
        skip_blank(reader);
        if (*reader->at == close) {
            break;
        }
        if (*reader->at != ',') {
            return fail_at(reader, reader->at,
                           close == '}' ? "a comma or } belongs here"
                                        : "a comma or ] belongs here");
        }
        reader->at++;
        skip_blank(reader);
    }
    *items = count;
    return SW_OK;
}

static sw_status note_bulk(struct reader *reader, const char *start, size_t first)
{
    struct sw_bulk bulk = {(uint32_t)(start - reader->start), (uint32_t)(reader->at - start),
                           (uint32_t)first, (uint32_t)(reader->values - first)};
    sw_buf_put(reader->bulks, &bulk, sizeof bulk);
    return reader->bulks->failed ? fail_memory(reader) : SW_OK;
}

/* An array or, with names, an object. */
static sw_status read_list(struct reader *reader, char close, struct sw_json *into)
{
    if (reader->depth >= SW_JSON_DEPTH_MAX) {
        return sw_fail_limit(reader->err, "json_depth", (int64_t)reader->depth + 1,
                             SW_JSON_DEPTH_MAX, "nest lists and objects less deeply");
    }
    const char *start = ++reader->at;
    size_t nests = ++reader->nests;
    size_t deep = reader->deep;
    size_t first = reader->values;
    size_t count;
    reader->depth++;
    SW_TRY(read_items(reader, close, &count));
    into->kind = close == ']' ? SW_JSON_ARRAY : SW_JSON_OBJECT;
    into->u.list.items = NULL;
    into->u.list.count = count;
    if (close == ']' && reader->deep == deep && count >= SW_BULK_ITEMS_MIN) {
        SW_TRY(note_bulk(reader, start, first));
    }
    reader->deep += close == ']' || reader->nests > nests;
    reader->at++;
    reader->depth--;
    return SW_OK;
}

static sw_status read_value(struct reader *reader, struct sw_span key)
{
    if (reader->values >= SW_JSON_TOKENS_MAX) {
        return sw_fail_limit(reader->err, "json_values", SW_JSON_TOKENS_MAX + 1, SW_JSON_TOKENS_MAX,
                             "send the values in several requests");
    }
    sw_assert(reader->values < reader->room);
    struct sw_json *into = &reader->value[reader->values++];
    into->key = key;
    switch (*reader->at) {
    case '"':
        into->kind = SW_JSON_STRING;
        return read_string(reader, &into->u.text);
    case '{':
        return read_list(reader, '}', into);
    case '[':
        return read_list(reader, ']', into);
    case 't':
    case 'f':
        into->kind = SW_JSON_BOOL;
        into->u.boolean = *reader->at == 't';
        return read_word(reader, into->u.boolean ? "true" : "false");
    case 'n':
        into->kind = SW_JSON_NULL;
        return read_word(reader, "null");
    default:
        break;
    }
    if (*reader->at == '-' || is_digit(*reader->at)) {
        return read_number(reader, into);
    }
    return fail_at(reader, reader->at,
                   reader->at == reader->end ? "it ends where a value belongs"
                                             : "a value belongs here");
}

/* -- the document ---------------------------------------------------------------------------- */

/* At least as many as there are values: each but the first stands behind one of these bytes. */
static size_t count_values(struct sw_span text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.data[i];
        count += (byte == ',') | (byte == '[') | (byte == '{');
    }
    return count < SW_JSON_TOKENS_MAX ? count : SW_JSON_TOKENS_MAX;
}

static sw_status read_document(struct reader *reader)
{
    if (strncmp(reader->start, "\xef\xbb\xbf", 3) == 0) {
        return fail_at(reader, reader->start, "it begins with a byte order mark; leave that out");
    }
    skip_blank(reader);
    SW_TRY(read_value(reader, (struct sw_span){0}));
    skip_blank(reader);
    if (reader->at < reader->end) {
        return fail_at(reader, reader->at, "there is text behind the end of the document");
    }
    return SW_OK;
}

sw_status sw_strict_read(struct sw_arena *arena, struct sw_span text, struct sw_strict *strict,
                         struct sw_err *err)
{
    *strict = (struct sw_strict){0};
    sw_buf_init(&strict->bulks);
    if (text.length > SW_MESSAGE_BYTES_MAX) {
        return sw_fail_limit(err, "message_bytes", (int64_t)text.length, SW_MESSAGE_BYTES_MAX,
                             "send less in one message");
    }
    struct reader reader = {.room = count_values(text), .bulks = &strict->bulks, .err = err};
    reader.start = sw_arena_text(arena, text);
    reader.value = sw_arena_raw(arena, reader.room * sizeof *reader.value);
    if (reader.start == NULL || reader.value == NULL) {
        return fail_memory(&reader);
    }
    reader.at = reader.start;
    reader.end = reader.start + text.length;
    SW_TRY(read_document(&reader));
    strict->text = reader.start;
    strict->value = reader.value;
    strict->values = reader.values;
    return SW_OK;
}

void sw_strict_fini(struct sw_strict *strict)
{
    sw_buf_fini(&strict->bulks);
}
