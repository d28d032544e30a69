/* batch: one vector of up to 2,048 rows of a row group, as filters, expressions
 * and folds see it.  Columns are decoded on first use and kept for the other
 * readers of the same vector, so a flush reads each column once however many
 * outputs share it.  Worker thread (or any one thread in tests); the cache is the
 * worker's own, made once per scan and worker.
 *
 * Pins: the first that anybody asks of a column in a row group, beyond the facts of its chunk, pins
 * the chunk, and it stays pinned until the row group is left: one pin for each column and row group
 * that is read, none for those that are not.  Where a chunk's values cannot be brought back
 * nothing here fails: the column's rows are nulls or the least value of the chunk, and
 * sw_batch_leave says why: who reads asks once per row group and throws away what came of it.
 *
 * `select` is the row filter of the reader: bit i of word i/64 is row start + i;
 * NULL selects all.  Bits at and beyond `rows` are 0.                            */
#ifndef SW_KERNEL_BATCH_H
#define SW_KERNEL_BATCH_H

#include "kernel/bits.h"
#include "kernel/places.h"
#include "table/table.h"

struct sw_batch_cache; /* decoded columns of the current vector */

struct sw_batch {
    const struct sw_version *version;
    const struct sw_rowgroup *group;
    uint32_t group_index;   /* in version->group */
    uint32_t start;         /* multiple of SW_VECTOR_ROWS */
    uint32_t rows;          /* 1..SW_VECTOR_ROWS */
    const uint64_t *select; /* [SW_VECTOR_WORDS] or NULL */
    uint32_t selected;      /* rows selected */
    struct sw_batch_cache *cache;
};

SW_MUST_USE sw_status sw_batch_cache_new(uint32_t columns, struct sw_batch_cache **cache);
void sw_batch_cache_free(struct sw_batch_cache *cache);

/* Stand at the vector of `group` that begins at row `start`; all rows selected; forgets what the
 * cache decoded before, and lets go of another row group's chunks. */
void sw_batch_at(struct sw_batch *batch, struct sw_batch_cache *cache,
                 const struct sw_version *version, uint32_t group_index, uint32_t start);
/* Has a column been lost since sw_batch_leave was asked?  For who must not go on with what it reads
 * even so far. */
bool sw_batch_is_lost(const struct sw_batch *batch);
/* After the last vector of a row group: lets go of its chunks.  Not SW_OK: since it was last asked
 * some column could not be read, and no result that follows from the rows is right. */
SW_MUST_USE sw_status sw_batch_leave(struct sw_batch_cache *cache, struct sw_err *err);

/* The column's values of all rows of the vector (selected or not), borrowed until the next
 * sw_batch_at.  A null's value is unspecified but readable. floats: any numeric type (ints and
 * days as doubles, timestamps as ms). ints: integral types. codes: only where
 * sw_batch_is_coded.  Allocation happened at _new: these never fail but as said above. */
const double *sw_batch_floats(struct sw_batch *batch, uint32_t column);
const int64_t *sw_batch_ints(struct sw_batch *batch, uint32_t column);
bool sw_batch_is_coded(const struct sw_batch *batch, uint32_t column);
const uint32_t *sw_batch_codes(struct sw_batch *batch, uint32_t column);
/* String of row i of the vector, coded or plain; empty for a null. */
struct sw_span sw_batch_text(const struct sw_batch *batch, uint32_t column, uint32_t i);
/* Of row i of the vector; 0 where they are lost. */
uint64_t sw_batch_row_id(const struct sw_batch *batch, uint32_t i);
/* Number of row i of the vector, for who needs few of them. */
double sw_batch_float(const struct sw_batch *batch, uint32_t column, uint32_t i);
/* Validity words of the vector, or NULL when it has no nulls. */
const uint64_t *sw_batch_valid(struct sw_batch *batch, uint32_t column);
/* The column's chunk, for its facts. */
static inline const struct sw_chunk *sw_batch_chunk(const struct sw_batch *batch, uint32_t column)
{
    return batch->group->chunk[column];
}
/* The same with its values, for kernels that read them where they lie; NULL: they are lost. */
const struct sw_chunk *sw_batch_values(const struct sw_batch *batch, uint32_t column);

/* Place of each row of the column on the axis, see axis.h, nulls among what is not a number; as
 * bytes where the axis has at most SW_PLACES_NARROW places.  Made for the whole chunk at first use
 * and shared with later scans (places.h); borrowed as above, but only until SW_BATCH_AXES - 1 other
 * axes were asked for. */
#define SW_BATCH_AXES 8u
struct sw_batch_places {
    const uint8_t *narrow; /* one is set */
    const uint16_t *wide;
};
struct sw_batch_places sw_batch_places(struct sw_batch *batch, uint32_t column,
                                       const struct sw_axis *axis);

/* Rows selected and not null in the column: into[SW_VECTOR_WORDS]; returns how many. */
uint32_t sw_batch_select_valid(struct sw_batch *batch, uint32_t column, uint64_t *into);

#endif
