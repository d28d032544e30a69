#include "base/status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

struct status_row {
    const char *name;
    int code;
    int http;
};

static const struct status_row rows[SW_STATUS_COUNT] = {
#define SW_STATUS(name, code, http, text) [SW_##name] = {text, code, http},
#include "base/status.inc"
#undef SW_STATUS
};

/* A message cut by its room may end within a character of UTF-8. */
static void drop_cut_character(char *text)
{
    size_t length = strlen(text);
    size_t start = length;
    while (start > 0 && length - start < 4) {
        start--;
        if (((unsigned char)text[start] & 0xc0) != 0x80) {
            break;
        }
    }
    if (start < length && sw_utf8_step(sw_span_of(text + start, length - start)) == 0) {
        text[start] = '\0';
    }
}

sw_status sw_fail(struct sw_err *err, sw_status status, const char *format, ...)
{
    if (err != NULL) {
        memset(err, 0, sizeof *err);
        err->status = status;
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(err->message, sizeof err->message, format, arguments);
        va_end(arguments);
        drop_cut_character(err->message);
    }
    return status;
}

sw_status sw_fail_limit(struct sw_err *err, const char *name, int64_t value, int64_t allowed,
                        const char *hint)
{
    if (err != NULL) {
        (void)sw_fail(err, SW_LIMIT, "over the limit %s: %" PRId64 ", at most %" PRId64 ": %s",
                      name, value, allowed, hint);
        (void)snprintf(err->limit, sizeof err->limit, "%s", name);
        (void)snprintf(err->hint, sizeof err->hint, "%s", hint);
        err->limit_value = value;
        err->limit_allowed = allowed;
    }
    return SW_LIMIT;
}

const char *sw_status_name(sw_status status)
{
    return rows[status].name;
}

int sw_status_code(sw_status status)
{
    return rows[status].code;
}

int sw_status_http(sw_status status)
{
    return rows[status].http;
}

void sw_assert_failed(const char *claim, const char *file, int line)
{
    (void)fprintf(stderr, "spillway: broken promise: %s (%s:%d)\n", claim, file, line);
    abort();
}
