/* pins: chunks held by one reader that jumps between them: rows in sorted order, matches of a join.
 * Up to SW_PINS stay pinned, each until another takes its place or until sw_pins_leave; so a
 * row costs a look and not a pin, and what is held does not grow with the table.
 *
 * One thread at a time; the chunks are somebody's who stays.  Owned by the reader's step: leave at
 * its end, on every path. */
#ifndef SW_TABLE_PINS_H
#define SW_TABLE_PINS_H

#include "table/chunk.h"

#define SW_PINS 32u

struct sw_pins {
    const struct sw_chunk *chunk[SW_PINS]; /* pinned, or NULL; by id */
    sw_status status;                      /* the first failure */
    struct sw_err err;
};

/* For sw_pins_get.  False: the values cannot be had, and sw_pins_leave says why. */
SW_MUST_USE bool sw_pins_change(struct sw_pins *pins, const struct sw_chunk *chunk);

/* The chunk with its values until the next call; NULL: they are lost.  An empty struct is ready. */
static inline const struct sw_chunk *sw_pins_get(struct sw_pins *pins, const struct sw_chunk *chunk)
{
    bool is_here = pins->chunk[chunk->id % SW_PINS] == chunk || sw_pins_change(pins, chunk);
    return is_here ? chunk : NULL;
}

/* Lets go of all; SW_OK, or why some chunk was lost since the last time. */
SW_MUST_USE sw_status sw_pins_leave(struct sw_pins *pins, struct sw_err *err);

#endif
