/* cube: what an index of a brush (exec/brush.h) needs of an output kind: each row is in one cell,
 * and what the kind shows follows from the rows of each cell and from sums over them.  So the
 * partial of any range of a brushed column is a difference of two running totals: whole numbers
 * all of them (a value is cut into integers, see kernel/exact.h), so nothing is lost by
 * subtracting.  Least and greatest values are no sums; they are kept as numbers in their order.
 *
 * A kind that can do it has `cube`, `cells` and `fill` in its struct sw_fold (fold/fold.h).  Any
 * thread; a plan is read-only to cube, cells and fill. */
#ifndef SW_FOLD_CUBE_H
#define SW_FOLD_CUBE_H

#include "fold/measure.h"

#define SW_CUBE_CELLS_MAX 65534u /* a cell fits 16 bits, and one more value for no cell */
#define SW_CUBE_WORDS_MAX 10u
#define SW_CUBE_NO_BEST   INT64_MAX

struct sw_cube_shape {
    uint32_t cells;
    const struct sw_measures
        *measures; /* each of them such as sw_cube_has_measures wants; or NULL */
};

/* What a measure needs of its values, besides how many there are that are not null. */
enum sw_cube_form {
    SW_CUBE_ROWS,   /* nothing: it counts rows */
    SW_CUBE_KNOWN,  /* nothing more */
    SW_CUBE_SUM,    /* sums of sw_cube_words words: sum, mean, stddev */
    SW_CUBE_EXTREME /* the least of sw_cube_place: min, max */
};

/* Of one measure, by cell. */
struct sw_cube_measure {
    int64_t *n;       /* [cells] that are not null; NULL: all of them */
    __int128 *word;   /* [cells * words]; or NULL */
    int64_t *extreme; /* [cells]; or NULL */
};

struct sw_cube_cells {
    const uint64_t *rows;                  /* [cells] */
    const struct sw_cube_measure *measure; /* [measures] */
};

/* Counts, sums, means, spreads and extremes of numeric columns, and nothing else? */
bool sw_cube_has_measures(const struct sw_measures *measures); /* NULL: true */
enum sw_cube_form sw_cube_form(const struct sw_measure *measure);
/* Words of a value that are added up; 0 but for SW_CUBE_SUM. */
uint32_t sw_cube_words(const struct sw_measure *measure);
/* Are its values doubles (by their bits in an int64), or integers? */
bool sw_cube_reads_floats(const struct sw_measure *measure);
/* values[0..n) into words[n * sw_cube_words].  False: one of them is none that can be cut (NaN,
 * infinite, far below the others): no cube can hold it. */
SW_MUST_USE bool sw_cube_split(const struct sw_measure *measure, const int64_t *values, uint32_t n,
                               int64_t *words);
/* Where the value stands among others, the better the less; NaN SW_CUBE_NO_BEST.  False: no cube
 * can hold it (-0, of which it matters which row came first). */
SW_MUST_USE bool sw_cube_place(const struct sw_measure *measure, int64_t value, int64_t *place);
/* The cells of measures as if the rows had been folded into them. */
SW_MUST_USE sw_status sw_cube_fill(const struct sw_measures *measures,
                                   struct sw_measures_state *state,
                                   const struct sw_cube_cells *cells, uint32_t count);

#endif
