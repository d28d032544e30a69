/* cells: single cells of a version, in whatever order they are wanted.  They are read row group by
 * row group, so that each chunk is pinned once and one at a time.  For who needs a few cells of
 * many groups: the rows of a page, the points of a line; scans read vectors (kernel/batch.h).
 *
 * Worker thread (a chunk's values may have to come from the disk). */
#ifndef SW_TABLE_CELLS_H
#define SW_TABLE_CELLS_H

#include "base/arena.h"
#include "table/table.h"

struct sw_cell_at {
    uint32_t group, row;
};

/* The cells of whatever column at some places. */
struct sw_cells {
    const struct sw_version *version; /* borrowed */
    const struct sw_cell_at *at;      /* [n] borrowed */
    size_t n;
    uint32_t *order; /* [n] indices of at[] by row group; owned */
};

SW_MUST_USE sw_status sw_cells_init(struct sw_cells *cells, const struct sw_version *version,
                                    const struct sw_cell_at *at, size_t n, struct sw_err *err);
void sw_cells_fini(struct sw_cells *cells);

/* values[i]: the column's cell at place i, texts copied into the arena (NULL will do where there
 * are none); exceptions[i], if not NULL: likewise the text of a cell that does not fit its type,
 * data NULL where there is none.  SW_NO_MEMORY, or as sw_chunk_pin. */
SW_MUST_USE sw_status sw_cells_read(const struct sw_cells *cells, uint32_t column,
                                    struct sw_arena *arena, struct sw_value *values,
                                    struct sw_span *exceptions, struct sw_err *err);
SW_MUST_USE sw_status sw_cells_row_ids(const struct sw_cells *cells, uint64_t *row_ids,
                                       struct sw_err *err);

#endif
