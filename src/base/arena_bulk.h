/* arena_bulk: arenas that hold much, those of large messages: memory that is not
 * zeroed, and several owners of what was read.  See arena.h for all else.       */
#ifndef SW_BASE_ARENA_BULK_H
#define SW_BASE_ARENA_BULK_H

#include "base/arena.h"

/* The same as sw_arena_alloc for what is written at once: not zeroed. */
void *sw_arena_raw(struct sw_arena *arena, size_t size);

/* What a filled arena holds, for several owners that read it: counted by the loop alone. */
struct sw_arena_held;

/* Moves all blocks out of the arena, which is empty then; one reference. NULL: no memory, and the
 * arena is as it was. */
struct sw_arena_held *sw_arena_hold(struct sw_arena *arena);
struct sw_arena_held *sw_arena_held_ref(struct sw_arena_held *held);
void sw_arena_held_unref(struct sw_arena_held *held); /* NULL accepted */
size_t sw_arena_held_bytes(const struct sw_arena_held *held);

#endif
