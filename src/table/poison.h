/* poison: in builds with AddressSanitizer nobody can touch the values of a chunk that is not
 * pinned: not what data, bytes, valid, null_spelling and exceptions point to, nor the pointers
 * themselves.  A reader that forgot its pin dies in whatever test comes by, on any table, whether
 * or not anything was evicted.  In other builds all of it is nothing.
 *
 * For chunk.c, and for who gives a chunk its values or takes them away.  Any thread: a chunk's
 * count of those who may look changes under a lock, apart from its pins. */
#ifndef SW_TABLE_POISON_H
#define SW_TABLE_POISON_H

struct sw_chunk;

/* After a pin, and before its unpin: the first shows the values, the last hides them. */
void sw_poison_enter(struct sw_chunk *chunk);
void sw_poison_leave(struct sw_chunk *chunk);
/* Around a change of the values of a chunk that nobody has pinned (filled, freed, moved).  New ones
 * begin lifted; laying and lifting twice does no harm. */
void sw_poison_lift(struct sw_chunk *chunk);
void sw_poison_lay(struct sw_chunk *chunk);

#endif
