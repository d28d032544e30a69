/* text: string functions in UTF-8 characters, as SQLite counts them (a byte that
 * begins a character and the continuation bytes behind it).  Any thread.       */
#ifndef SW_EXPR_TEXT_H
#define SW_EXPR_TEXT_H

#include "expr/scalar.h"

size_t sw_text_characters(struct sw_span text);
/* Characters from `start` (1 is the first, negative counts from the end), `count` of them
 * (negative: those before start); has_count false: to the end. */
struct sw_span sw_text_part(struct sw_span text, int64_t start, bool has_count, int64_t count);
enum sw_text_side { SW_TEXT_LEFT = 1, SW_TEXT_RIGHT = 2, SW_TEXT_BOTH = 3 };
/* Without the characters of `set` at its ends. */
struct sw_span sw_text_trim(struct sw_span text, struct sw_span set, enum sw_text_side side);
/* Place of the first `part` in characters from 1, or 0. */
int64_t sw_text_find(struct sw_span text, struct sw_span part);
/* ASCII letters only. */
struct sw_scalar sw_text_lower(struct sw_span text, struct sw_pool *pool);
struct sw_scalar sw_text_upper(struct sw_span text, struct sw_pool *pool);
struct sw_scalar sw_text_join(struct sw_span a, struct sw_span b, struct sw_pool *pool);
/* `part` is not empty. */
struct sw_scalar sw_text_replace(struct sw_span text, struct sw_span part, struct sw_span by,
                                 struct sw_pool *pool);

/* One character at text[at], at < length: its bytes, by SQLite's rule. */
static inline size_t sw_text_step(struct sw_span text, size_t at)
{
    size_t next = at + 1;
    if ((unsigned char)text.data[at] >= 0xc0) {
        while (next < text.length && ((unsigned char)text.data[next] & 0xc0) == 0x80) {
            next++;
        }
    }
    return next - at;
}

#endif
