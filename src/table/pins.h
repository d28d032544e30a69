/* pins: chunks held by one reader that jumps between them: rows in sorted order, matches of a join.
 * Up to SW_PINS stay pinned, each until another takes its place or until sw_pins_leave; so a
 * row costs a look and not a pin, and what is held does not grow with the table.
 *
 * One thread at a time; the chunks are somebody's who stays.  Owned by the reader's step: leave at
 * its end, on every path. */
#ifndef SW_TABLE_PINS_H
#define SW_TABLE_PINS_H

#include "table/chunk.h"

#define SW_PINS 64u /* 2^6, as sw_pins_slot has it */

struct sw_pins {
    const struct sw_chunk *chunk[SW_PINS]; /* pinned, or NULL; by id */
    sw_status status;                      /* the first failure */
    struct sw_err err;
};

/* For sw_pins_get.  False: the values cannot be had, and sw_pins_leave says why. */
SW_MUST_USE bool sw_pins_change(struct sw_pins *pins, const struct sw_chunk *chunk);

/* Ids of one column's chunks lie a table's width apart. */
static inline uint32_t sw_pins_slot(const struct sw_chunk *chunk)
{
    return (uint32_t)((chunk->id * UINT64_C(0x9e3779b97f4a7c15)) >> 58);
}

/* Is it pinned here?  Then sw_pins_get lets go of no other. */
static inline bool sw_pins_has(const struct sw_pins *pins, const struct sw_chunk *chunk)
{
    return pins->chunk[sw_pins_slot(chunk)] == chunk;
}

/* The chunk with its values, until another is got that is not pinned here; NULL: they are lost.  An
 * empty struct is ready. */
static inline const struct sw_chunk *sw_pins_get(struct sw_pins *pins, const struct sw_chunk *chunk)
{
    return sw_pins_has(pins, chunk) || sw_pins_change(pins, chunk) ? chunk : NULL;
}

/* Lets go of all; SW_OK, or why some chunk was lost since the last time. */
SW_MUST_USE sw_status sw_pins_leave(struct sw_pins *pins, struct sw_err *err);

#endif
