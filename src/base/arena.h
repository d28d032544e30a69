/* arena: bump memory for one request or one plan; freed all at once.
 * One thread at a time; pointers live until reset or fini.                  */
#ifndef SW_BASE_ARENA_H
#define SW_BASE_ARENA_H

#include "base/span.h"
#include "base/status.h"

struct sw_arena_block;

struct sw_arena {
    struct sw_arena_block *head; /* owned list, newest first */
    size_t bytes;                /* held in all blocks */
};

void sw_arena_init(struct sw_arena *arena);
void sw_arena_fini(struct sw_arena *arena);
void sw_arena_reset(struct sw_arena *arena); /* keeps one block */
/* Zeroed, aligned for any type; NULL when memory runs out. */
void *sw_arena_alloc(struct sw_arena *arena, size_t size);
void *sw_arena_array(struct sw_arena *arena, size_t count, size_t size); /* overflow: NULL */
char *sw_arena_text(struct sw_arena *arena, struct sw_span text);        /* NUL-terminated copy */

#endif
