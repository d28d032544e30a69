/* cube: what an index of a brush (exec/brush.h) needs of an output kind: each row is in one cell,
 * and what the kind shows follows from the rows of each cell and from sums over them.  So the
 * partial of any range of a brushed column is a difference of two running totals: whole numbers
 * all of them (kernel/exact.h cuts doubles into integers), so nothing is lost by subtracting.
 *
 * A kind that can do it has `cube`, `cells` and `fill` in its struct sw_fold (fold/fold.h).  Any
 * thread; a plan is read-only to cube, cells and fill. */
#ifndef SW_FOLD_CUBE_H
#define SW_FOLD_CUBE_H

#include "fold/measure.h"

#define SW_CUBE_CELLS_MAX 65534u /* a cell fits 16 bits, and one more value for no cell */

struct sw_cube_shape {
    uint32_t cells;
    const struct sw_measures
        *measures; /* each of them such as sw_cube_has_measures wants; or NULL */
};

/* The values of one measure in one cell. */
struct sw_cube_sum {
    int64_t n;          /* that are not null */
    __int128 high, low; /* of floats: the two parts of kernel/exact.h; else the sum is `low` */
};

struct sw_cube_cells {
    const uint64_t *rows;          /* [cells] */
    const struct sw_cube_sum *sum; /* [measures * cells], measure by measure */
};

/* Counts, sums and means of rows and columns, and nothing else? */
bool sw_cube_has_measures(const struct sw_measures *measures); /* NULL: true */
/* Does the measure add up values, besides counting them? */
bool sw_cube_sums(const struct sw_measure *measure);
/* One value into a sum. False: it is none that can be cut (NaN, infinite, far below the others):
 * no cube can hold it. */
SW_MUST_USE bool sw_cube_add(const struct sw_measure *measure, const struct sw_value *value,
                             struct sw_cube_sum *sum);
/* The cells of measures as if the rows had been folded into them. */
SW_MUST_USE sw_status sw_cube_fill(const struct sw_measures *measures,
                                   struct sw_measures_state *state,
                                   const struct sw_cube_cells *cells, uint32_t count);

#endif
