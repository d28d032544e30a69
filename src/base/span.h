/* span: borrowed bytes, not NUL-terminated, valid as long as their owner says. Any thread. */
#ifndef SW_BASE_SPAN_H
#define SW_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct sw_span {
    const char *data;
    size_t length;
};

static inline struct sw_span sw_span_of(const char *data, size_t length)
{
    return (struct sw_span){data, length};
}

static inline struct sw_span sw_span_text(const char *text)
{
    return (struct sw_span){text, strlen(text)};
}

static inline bool sw_span_equal(struct sw_span a, struct sw_span b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* A NUL-terminated copy, to be freed; NULL: no memory. (strndup may look behind a span.) */
static inline char *sw_span_dup(struct sw_span span)
{
    char *copy = malloc(span.length + 1);
    if (copy != NULL) {
        if (span.length > 0) {
            memcpy(copy, span.data, span.length);
        }
        copy[span.length] = '\0';
    }
    return copy;
}

/* Order by bytes, as SQLite's BINARY collation: <0, 0, >0. */
static inline int sw_span_compare(struct sw_span a, struct sw_span b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    if (order != 0) {
        return order;
    }
    return (a.length > b.length) - (a.length < b.length);
}

#endif
