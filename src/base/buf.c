#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"

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
    char *into = sw_buf_reserve(buf, SW_NUMBER_INT_BYTES);
    if (into != NULL) {
        buf->length += (size_t)(sw_number_put_int(into, value) - into);
    }
}

void sw_buf_put_float(struct sw_buf *buf, double value)
{
    char *into = sw_buf_reserve(buf, SW_NUMBER_FLOAT_BYTES);
    if (into != NULL) {
        buf->length += (size_t)(sw_number_put_float(into, value) - into);
    }
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
