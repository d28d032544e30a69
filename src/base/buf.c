#include "base/buf.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_FIRST_BYTES 256u

void sw_buf_init(struct sw_buf *buf)
{
    *buf = (struct sw_buf){0};
}

void sw_buf_fini(struct sw_buf *buf)
{
    free(buf->data);
    *buf = (struct sw_buf){0};
}

void sw_buf_clear(struct sw_buf *buf)
{
    buf->length = 0;
    buf->failed = false;
}

char *sw_buf_reserve(struct sw_buf *buf, size_t more)
{
    if (buf->failed) {
        return NULL;
    }
    if (buf->capacity - buf->length >= more && buf->data != NULL) {
        return buf->data + buf->length;
    }
    size_t need;
    if (__builtin_add_overflow(buf->length, more, &need) || need > SIZE_MAX / 2) {
        buf->failed = true;
        return NULL;
    }
    size_t capacity = buf->capacity < BUF_FIRST_BYTES ? BUF_FIRST_BYTES : buf->capacity;
    while (capacity < need) {
        capacity += capacity / 2;
    }
    char *data = realloc(buf->data, capacity);
    if (data == NULL) {
        buf->failed = true;
        return NULL;
    }
    buf->data = data;
    buf->capacity = capacity;
    return data + buf->length;
}

void sw_buf_put(struct sw_buf *buf, const void *data, size_t length)
{
    if (length == 0) {
        return;
    }
    char *into = sw_buf_reserve(buf, length);
    if (into != NULL) {
        memcpy(into, data, length);
        buf->length += length;
    }
}

void sw_buf_put_text(struct sw_buf *buf, const char *text)
{
    sw_buf_put(buf, text, strlen(text));
}

void sw_buf_put_byte(struct sw_buf *buf, char byte)
{
    sw_buf_put(buf, &byte, 1);
}

void sw_buf_put_int(struct sw_buf *buf, int64_t value)
{
    char digits[24];
    char *at = digits + sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (value < 0) {
        *--at = '-';
    }
    sw_buf_put(buf, at, (size_t)(digits + sizeof digits - at));
}

/* Doubles that are decimals of up to 6 places and 15 digits print without a search: the text of
 * the scaled integer is exact and no shorter text reads back the same. */
static bool put_short_decimal(struct sw_buf *buf, double value)
{
    static const double power[] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6};
    double size = fabs(value);
    if (!(size < 1e9) || (value == 0 && signbit(value))) {
        return false;
    }
    for (size_t places = 0; places < sizeof power / sizeof power[0]; places++) {
        double scaled = rint(size * power[places]);
        if (scaled / power[places] != size) {
            continue;
        }
        int64_t whole = (int64_t)scaled / (int64_t)power[places];
        int64_t part = (int64_t)scaled % (int64_t)power[places];
        if (value < 0) {
            sw_buf_put_byte(buf, '-');
        }
        sw_buf_put_int(buf, whole);
        if (places > 0) {
            char digits[8];
            for (size_t i = places; i > 0; i--) {
                digits[i - 1] = (char)('0' + part % 10);
                part /= 10;
            }
            sw_buf_put_byte(buf, '.');
            sw_buf_put(buf, digits, places);
        }
        return true;
    }
    return false;
}

void sw_buf_put_float(struct sw_buf *buf, double value)
{
    if (isnan(value)) {
        sw_buf_put_text(buf, "NaN");
        return;
    }
    if (isinf(value)) {
        sw_buf_put_text(buf, value < 0 ? "-Infinity" : "Infinity");
        return;
    }
    if (put_short_decimal(buf, value)) {
        return;
    }
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    sw_buf_put_text(buf, text);
}

void sw_buf_printf(struct sw_buf *buf, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    sw_assert(length >= 0);
    char *into = sw_buf_reserve(buf, (size_t)length + 1);
    if (into != NULL) {
        (void)vsnprintf(into, (size_t)length + 1, format, again);
        buf->length += (size_t)length;
    }
    va_end(again);
}

char *sw_buf_take(struct sw_buf *buf, size_t *length)
{
    char *data = buf->data;
    *length = buf->length;
    *buf = (struct sw_buf){0};
    return data;
}
