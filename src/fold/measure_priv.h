/* measure_priv: the cells of a partial, which the files of the measures share.  Each measure has
 * an array of cells of its own kind, one for each group; a cell that is all zero is empty, and
 * every kind of cell begins with n, the values that are not null.  No one else includes it. */
#ifndef SW_FOLD_MEASURE_PRIV_H
#define SW_FOLD_MEASURE_PRIV_H

#include "fold/measure.h"

struct sw_cell_count {
    int64_t n;
};

struct sw_cell_int {
    int64_t n;
    __int128 sum;
};

struct sw_cell_float {
    int64_t n;
    struct sw_exact_sum sum;
};

struct sw_cell_spread {
    int64_t n;
    struct sw_exact_sum sum[3]; /* of values, squares, errors of squares */
};

struct sw_cell_best {
    int64_t n;
    bool has_best; /* a value that is not NaN */
    union {
        int64_t i;
        double f;
    } u;
};

struct sw_cell_text {
    int64_t n;
    char *data; /* owned; NULL: none yet */
    size_t length, capacity;
};

union sw_cells {
    void *any;
    struct sw_cell_count *count;
    struct sw_cell_int *ints;
    struct sw_cell_float *floats;
    struct sw_cell_spread *spread;
    struct sw_cell_best *best;
    struct sw_cell_text *text;
};

enum sw_cell_kind {
    SW_CELL_COUNT,
    SW_CELL_INT,
    SW_CELL_FLOAT,
    SW_CELL_SPREAD,
    SW_CELL_BEST,
    SW_CELL_TEXT
};

struct sw_measure_column {
    enum sw_cell_kind kind;
    union sw_cells cells; /* [capacity]; owned */
    bool has_strays;      /* of floats: a cell's sum may have one */
    struct sw_distinct *distinct;
    struct sw_ranks_state *ranks;
    struct sw_expr_state *expr;
};

struct sw_measures_state {
    uint32_t capacity;
    uint32_t groups; /* that were spoken of */
    uint32_t rows;   /* a bound on the values in each sum since it was carried */
    uint32_t columns;
    struct sw_measure_column column[];
};

static inline bool sw_measure_is_row_count(const struct sw_measure *measure)
{
    return measure->fn == SW_MEASURE_COUNT && !measure->has_input;
}

enum sw_cell_kind sw_measure_kind(const struct sw_measure *measure);
/* Room for cells of that many groups. */
SW_MUST_USE sw_status sw_measures_grow(const struct sw_measures *measures,
                                       struct sw_measures_state *state, uint32_t groups);
void sw_measures_carry(const struct sw_measures *measures, struct sw_measures_state *state);
/* Puts the text in the cell where it is better than what is there. */
SW_MUST_USE sw_status sw_measure_keep_text(struct sw_cell_text *cell, bool is_max,
                                           struct sw_span text);

#endif
