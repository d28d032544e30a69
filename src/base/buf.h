/* buf: growable bytes, caller's storage.  A failed growth sets `failed` and
 * drops what follows, so that a writer checks once at the end.
 * One thread at a time; the holder owns it.                                 */
#ifndef SW_BASE_BUF_H
#define SW_BASE_BUF_H

#include "base/span.h"
#include "base/status.h"

struct sw_buf {
    char *data; /* owned */
    size_t length;
    size_t capacity;
    bool failed; /* memory ran out: what is here is cut */
};

void sw_buf_init(struct sw_buf *buf);
void sw_buf_fini(struct sw_buf *buf);
void sw_buf_clear(struct sw_buf *buf); /* keeps the memory */
/* Room for `more` bytes behind length, not yet counted in it; NULL when memory runs out. */
char *sw_buf_reserve(struct sw_buf *buf, size_t more);
void sw_buf_put(struct sw_buf *buf, const void *data, size_t length);
void sw_buf_put_text(struct sw_buf *buf, const char *text);
void sw_buf_put_byte(struct sw_buf *buf, char byte);
void sw_buf_put_int(struct sw_buf *buf, int64_t value);
/* Shortest decimal that reads back as the same double (base/number.h). */
void sw_buf_put_float(struct sw_buf *buf, double value);
SW_PRINTF(2, 3) void sw_buf_printf(struct sw_buf *buf, const char *format, ...);
/* The bytes change owner: free() them. The buf is empty afterwards. */
char *sw_buf_take(struct sw_buf *buf, size_t *length);
static inline struct sw_span sw_buf_peek(const struct sw_buf *buf) /* until the next put */
{
    return (struct sw_span){buf->data, buf->length};
}

#endif
