/* axis: equal bins over a range of numbers, and the place of a value on them:
 *
 *     place 0            below the first edge
 *     place 1..bins      bin place - 1: edges[k] <= v < edges[k + 1], the last closed on both sides
 *     place bins + 1     above the last edge
 *     place bins + 2     not a number, or null
 *
 * exactly as the edges say that are sent to the reader: a multiplication proposes the bin, the
 * edges decide.  Chunks of narrow integers and decimals find it in a table of their own numbers
 * instead (sw_axis_table), built from the same edges, so the places are the same.
 *
 * Made by a fold's plan, then read-only on any thread.  A value on an axis is a double: integers
 * beyond 2^53 are rounded, dates are the milliseconds of their midnight. */
#ifndef SW_KERNEL_AXIS_H
#define SW_KERNEL_AXIS_H

#include "table/chunk.h"

struct sw_axis {
    double *edges;  /* [bins + 1], ascending; owned */
    double *bounds; /* [bins + 1]: edges with the outer two moved to infinity; owned */
    uint32_t bins;
    double low, scale;
    double unit;     /* milliseconds of one unit of the column: 86400000 for dates, else 1 */
    bool is_regular; /* bins are wide enough for the proposal to be off by one at most */
    uint64_t id;     /* keyed hash of the edges, not 0: equal axes share what is cached for them */
};

#define SW_AXIS_PLACES(axis) ((axis)->bins + 3)

/* Equal bins from low to high; both finite, low < high, 1 <= bins <= SW_BINS_MAX. */
SW_MUST_USE sw_status sw_axis_init(struct sw_axis *axis, double low, double high, uint32_t bins,
                                   enum sw_type type);
/* Bins of a width: edges are (first + k) * width. */
SW_MUST_USE sw_status sw_axis_init_width(struct sw_axis *axis, double first, double width,
                                         uint32_t bins, enum sw_type type);
void sw_axis_fini(struct sw_axis *axis);

/* What one unit of a column of that type is on an axis. */
double sw_axis_unit(enum sw_type type);

/* Places of n values (in the column's unit). */
void sw_axis_places(const struct sw_axis *axis, const double *restrict values, uint32_t n,
                    uint16_t *restrict places);

/* Places by table, for one chunk. */
#define SW_AXIS_TABLE_MAX   65536u
#define SW_AXIS_TABLE_SMALL 2048u
struct sw_axis_table {
    uint64_t chunk_id, axis_id; /* of what it was made for; 0: nothing */
    bool is_usable;
    uint8_t shift;   /* the table is looked up at number >> shift */
    uint32_t *start; /* [places + 1]: least number at or beyond that place; owned by the caller */
    uint16_t
        *place; /* [SW_AXIS_TABLE_MAX] place at number == index << shift; owned by the caller */
};
#define SW_AXIS_TABLE_PLACES 1027u /* axes with more places than this have no table */

/* Makes it for a chunk, or marks it as not usable. */
void sw_axis_table_make(struct sw_axis_table *table, const struct sw_axis *axis,
                        const struct sw_chunk *chunk);
void sw_axis_table_places(const struct sw_axis_table *table, const struct sw_chunk *chunk,
                          uint32_t start, uint32_t n, uint16_t *restrict places);

#endif
