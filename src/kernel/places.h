/* places: the place on an axis of each row of a chunk (its "bin codes"), made once and kept for the
 * next scan of whatever session: a filter that moves then counts bytes instead of binning doubles
 * again.  A null has the place of what is not a number, bins + 2, so that the codes of a chunk and
 * a set of rows are all that a histogram, or a cube of them, needs.
 *
 * Kept under the ids of chunk and axis, which never mean anything else later; the least lately used
 * go when there are more than the bytes allowed, and all of them as soon as somebody else needs the
 * memory (sw_budget's shed).  They are charged to the server's budget and to no session's, so no
 * work is refused on their account.
 *
 * For a scan: kernel/batch.h (sw_batch_places) takes a reference per row group and hands out a
 * vector's part.  For an index over whole chunks (a brush's cube): sw_places_of with a workspace of
 * one's own, hold the reference while reading, sw_places_unref.  Any thread; one lock, taken once
 * or twice for each row group. */
#ifndef SW_KERNEL_PLACES_H
#define SW_KERNEL_PLACES_H

#include "kernel/axis.h"

#define SW_PLACES_NARROW 255u /* axes with at most as many places have bytes for codes */

struct sw_places {
    uint64_t chunk_id, axis_id;
    uint32_t rows, places;
    const uint8_t *narrow; /* [rows] if places <= SW_PLACES_NARROW, else NULL */
    const uint16_t *wide;  /* [rows] otherwise */
};

/* Room to make them in, of one thread. */
struct sw_places_work {
    struct sw_axis_table table;
    uint32_t table_start[SW_AXIS_TABLE_PLACES + 1];
    uint16_t table_place[SW_AXIS_TABLE_MAX];
    double values[SW_VECTOR_ROWS];
    uint16_t part[SW_VECTOR_ROWS];
};

/* The codes of the chunk on the axis with a reference where they are known, else NULL: the chunk
 * need not be pinned. */
struct sw_places *sw_places_find(const struct sw_chunk *chunk, const struct sw_axis *axis);
/* The same, but what is not known is made now from the pinned chunk and kept; NULL when there is no
 * memory to keep it. */
struct sw_places *sw_places_of(const struct sw_chunk *chunk, const struct sw_axis *axis,
                               struct sw_places_work *work);
void sw_places_unref(struct sw_places *places); /* NULL accepted */
/* The codes of a pinned chunk without keeping them: narrow[chunk->rows] or wide[chunk->rows], as
 * the axis says. */
void sw_places_make(const struct sw_chunk *chunk, const struct sw_axis *axis,
                    struct sw_places_work *work, uint8_t *narrow, uint16_t *wide);

/* Who is charged and how many bytes may be kept; before the first is made, and again (NULL, 0) when
 * the budget ends: all are dropped then. */
void sw_places_keep(struct sw_budget *budget, size_t bytes);
/* Gives up about that many bytes, the least lately used first; how many went. */
size_t sw_places_shed(size_t bytes);
/* The chunk is no more: drops what is kept of it. */
void sw_places_forget(uint64_t chunk_id);
size_t sw_places_bytes(void);

#endif
