/* Recursive descent, at most SW_JSON_DEPTH_MAX calls deep; each function leaves `at` behind what it
 * has read. */
#include "wire/precheck.h"

#include <inttypes.h>

#include "base/limits.h"
#include "base/utf8.h"

struct check {
    struct sw_span text;
    size_t at;
    unsigned depth;
    size_t values;
    size_t nests; /* lists and objects that have begun */
    struct sw_buf *tokens;
    struct sw_buf *lists;
    struct sw_err *err;
};

static sw_status fail_at(struct check *check, size_t position, const char *what)
{
    (void)sw_fail(check->err, SW_JSON, "the text is not JSON at byte %zu: %s", position, what);
    if (check->err != NULL) {
        check->err->has_position = true;
        check->err->position = position;
    }
    return SW_JSON;
}

static inline int peek(const struct check *check)
{
    return check->at < check->text.length ? (unsigned char)check->text.data[check->at] : -1;
}

static void skip_blank(struct check *check)
{
    for (;;) {
        int byte = peek(check);
        if (byte != ' ' && byte != '\t' && byte != '\n' && byte != '\r') {
            return;
        }
        check->at++;
    }
}

static sw_status note(struct check *check, size_t offset, size_t length, size_t decoded)
{
    struct sw_token token = {(uint32_t)offset, (uint32_t)length, (uint32_t)decoded};
    sw_buf_put(check->tokens, &token, sizeof token);
    return check->tokens->failed ? sw_fail(check->err, SW_NO_MEMORY, "out of memory") : SW_OK;
}

static sw_status note_list(struct check *check, size_t offset, size_t count)
{
    if (count > 0 && count < SW_PLAIN_LIST_MIN) {
        return SW_OK;
    }
    struct sw_plain_list list = {(uint32_t)offset, (uint32_t)(check->at - offset), (uint32_t)count};
    sw_buf_put(check->lists, &list, sizeof list);
    return check->lists->failed ? sw_fail(check->err, SW_NO_MEMORY, "out of memory") : SW_OK;
}

static bool is_digit(int byte)
{
    return byte >= '0' && byte <= '9';
}

static bool skip_digits(struct check *check)
{
    size_t start = check->at;
    while (is_digit(peek(check))) {
        check->at++;
    }
    return check->at > start;
}

static sw_status check_number(struct check *check)
{
    size_t start = check->at;
    check->at += peek(check) == '-';
    if (peek(check) == '0') {
        check->at++;
        if (is_digit(peek(check))) {
            return fail_at(check, check->at, "a number has no leading zeros");
        }
    } else if (!skip_digits(check)) {
        return fail_at(check, check->at, "a digit belongs here");
    }
    if (peek(check) == '.') {
        check->at++;
        if (!skip_digits(check)) {
            return fail_at(check, check->at, "a digit belongs behind the decimal point");
        }
    }
    if (peek(check) == 'e' || peek(check) == 'E') {
        check->at++;
        check->at += peek(check) == '+' || peek(check) == '-';
        if (!skip_digits(check)) {
            return fail_at(check, check->at, "a digit belongs in the exponent");
        }
    }
    size_t length = check->at - start;
    if (length > SW_JSON_NUMBER_BYTES_MAX) {
        return sw_fail_limit(check->err, "json_number_bytes", (int64_t)length,
                             SW_JSON_NUMBER_BYTES_MAX,
                             "write the number with fewer digits, or as a string");
    }
    return note(check, start, length, 0);
}

static int hex_of(int byte)
{
    if (is_digit(byte)) {
        return byte - '0';
    }
    int lower = byte | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Four hex digits at a position, or -1. */
static int32_t read_hex(struct sw_span text, size_t at)
{
    if (text.length < 4 || at > text.length - 4) {
        return -1;
    }
    int32_t value = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = hex_of((unsigned char)text.data[at + i]);
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

/* `at` stands behind the backslash and the u. */
static sw_status check_unicode_escape(struct check *check, size_t *decoded)
{
    int32_t unit = read_hex(check->text, check->at);
    if (unit < 0) {
        return fail_at(check, check->at, "four hexadecimal digits belong behind \\u");
    }
    if (is_low_surrogate(unit)) {
        return fail_at(check, check->at, "a low surrogate stands without its high one");
    }
    check->at += 4;
    if (!is_high_surrogate(unit)) {
        *decoded += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
        return SW_OK;
    }
    bool has_escape = peek(check) == '\\' && check->at + 1 < check->text.length &&
                      check->text.data[check->at + 1] == 'u';
    if (!has_escape || !is_low_surrogate(read_hex(check->text, check->at + 2))) {
        return fail_at(check, check->at, "a high surrogate stands without its low one");
    }
    check->at += 6;
    *decoded += 4;
    return SW_OK;
}

static sw_status check_escape(struct check *check, size_t *decoded)
{
    check->at++;
    switch (peek(check)) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        check->at++;
        *decoded += 1;
        return SW_OK;
    case 'u':
        check->at++;
        return check_unicode_escape(check, decoded);
    default:
        return fail_at(check, check->at, "no such escape in a string");
    }
}

/* Passes the bytes that stand for themselves; most strings are made of them. */
static size_t skip_ascii(struct check *check)
{
    size_t start = check->at;
    const char *data = check->text.data;
    while (check->at < check->text.length) {
        char byte = data[check->at];
        if ((unsigned char)byte < 0x20 || (unsigned char)byte >= 0x80 || byte == '"' ||
            byte == '\\') {
            break;
        }
        check->at++;
    }
    return check->at - start;
}

static sw_status check_string(struct check *check)
{
    size_t start = ++check->at;
    size_t decoded = 0;
    for (;;) {
        decoded += skip_ascii(check);
        int byte = peek(check);
        if (byte < 0) {
            return fail_at(check, check->at, "a string has no closing quote");
        }
        if (byte == '"') {
            break;
        }
        if (byte < 0x20) {
            return fail_at(check, check->at, "a control byte in a string must be escaped");
        }
        if (byte == '\\') {
            SW_TRY(check_escape(check, &decoded));
            continue;
        }
        size_t step =
            sw_utf8_step(sw_span_of(check->text.data + check->at, check->text.length - check->at));
        if (step == 0) {
            return fail_at(check, check->at, "the text is not valid UTF-8");
        }
        check->at += step;
        decoded += step;
    }
    SW_TRY(note(check, start, check->at - start, decoded));
    check->at++;
    return SW_OK;
}

static sw_status check_word(struct check *check, const char *word)
{
    size_t length = strlen(word);
    if (check->text.length - check->at < length ||
        memcmp(check->text.data + check->at, word, length) != 0) {
        return fail_at(check, check->at, "a value belongs here");
    }
    check->at += length;
    return SW_OK;
}

static sw_status check_value(struct check *check);

/* The name and the colon of a member. */
static sw_status check_name(struct check *check, size_t members)
{
    if (members > SW_JSON_KEYS_MAX) {
        return sw_fail_limit(check->err, "json_keys", (int64_t)members, SW_JSON_KEYS_MAX,
                             "use fewer members in one object");
    }
    if (peek(check) != '"') {
        return fail_at(check, check->at, "a member's name in double quotes belongs here");
    }
    SW_TRY(check_string(check));
    skip_blank(check);
    if (peek(check) != ':') {
        return fail_at(check, check->at, "a colon belongs behind a member's name");
    }
    check->at++;
    skip_blank(check);
    return SW_OK;
}

/* An array or, with names, an object. */
static sw_status check_list(struct check *check, char close)
{
    if (check->depth >= SW_JSON_DEPTH_MAX) {
        return sw_fail_limit(check->err, "json_depth", (int64_t)check->depth + 1, SW_JSON_DEPTH_MAX,
                             "nest lists and objects less deeply");
    }
    check->depth++;
    size_t start = ++check->at;
    size_t nests = ++check->nests;
    skip_blank(check);
    bool is_first = true;
    size_t members = 1;
    for (; peek(check) != close || !is_first; members++) {
        if (close == '}') {
            SW_TRY(check_name(check, members));
        }
        SW_TRY(check_value(check));
        skip_blank(check);
        is_first = false;
        if (peek(check) == close) {
            break;
        }
        if (peek(check) != ',') {
            return fail_at(check, check->at,
                           close == '}' ? "a comma or } belongs here"
                                        : "a comma or ] belongs here");
        }
        check->at++;
        skip_blank(check);
    }
    if (close == ']' && check->nests == nests) {
        SW_TRY(note_list(check, start, is_first ? 0 : members));
    }
    check->at++;
    check->depth--;
    return SW_OK;
}

static sw_status check_value(struct check *check)
{
    if (++check->values > SW_JSON_TOKENS_MAX) {
        return sw_fail_limit(check->err, "json_values", (int64_t)check->values, SW_JSON_TOKENS_MAX,
                             "send the values in several requests");
    }
    int byte = peek(check);
    if (byte == '-' || is_digit(byte)) {
        return check_number(check);
    }
    switch (byte) {
    case '"':
        return check_string(check);
    case '{':
        return check_list(check, '}');
    case '[':
        return check_list(check, ']');
    case 't':
        return check_word(check, "true");
    case 'f':
        return check_word(check, "false");
    case 'n':
        return check_word(check, "null");
    case -1:
        return fail_at(check, check->at, "it ends where a value belongs");
    default:
        return fail_at(check, check->at, "a value belongs here");
    }
}

sw_status sw_precheck_json(struct sw_span text, struct sw_buf *tokens, struct sw_buf *lists,
                           struct sw_err *err)
{
    struct check check = {.text = text, .tokens = tokens, .lists = lists, .err = err};
    if (text.length > SW_MESSAGE_BYTES_MAX) {
        return sw_fail_limit(err, "message_bytes", (int64_t)text.length, SW_MESSAGE_BYTES_MAX,
                             "send less in one message");
    }
    if (text.length >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
        return fail_at(&check, 0, "it begins with a byte order mark; leave that out");
    }
    skip_blank(&check);
    SW_TRY(check_value(&check));
    skip_blank(&check);
    if (check.at < text.length) {
        return fail_at(&check, check.at, "there is text behind the end of the document");
    }
    return SW_OK;
}

static size_t put_character(uint32_t code, char *into)
{
    if (code < 0x80) {
        into[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        into[0] = (char)(0xc0 | (code >> 6));
        into[1] = (char)(0x80 | (code & 63));
        return 2;
    }
    if (code < 0x10000) {
        into[0] = (char)(0xe0 | (code >> 12));
        into[1] = (char)(0x80 | ((code >> 6) & 63));
        into[2] = (char)(0x80 | (code & 63));
        return 3;
    }
    into[0] = (char)(0xf0 | (code >> 18));
    into[1] = (char)(0x80 | ((code >> 12) & 63));
    into[2] = (char)(0x80 | ((code >> 6) & 63));
    into[3] = (char)(0x80 | (code & 63));
    return 4;
}

void sw_precheck_unescape(struct sw_span source, char *into)
{
    static const char names[] = "bfnrt";
    static const char bytes[] = "\b\f\n\r\t";
    for (size_t at = 0; at < source.length; at++) {
        if (source.data[at] != '\\') {
            *into++ = source.data[at];
            continue;
        }
        char kind = source.data[++at];
        if (kind == 'u') {
            uint32_t code = (uint32_t)read_hex(source, at + 1);
            at += 4;
            if (is_high_surrogate((int32_t)code)) {
                uint32_t low = (uint32_t)read_hex(source, at + 3);
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                at += 6;
            }
            into += put_character(code, into);
            continue;
        }
        const char *name = memchr(names, kind, sizeof names - 1);
        *into++ = name != NULL ? bytes[name - names] : kind;
    }
}
