/* line: what the files of kind "line" share; see kinds.h for what it shows.  No one else includes
 * it. */
#ifndef SW_FOLD_LINE_H
#define SW_FOLD_LINE_H

#include "fold/fold.h"
#include "fold/measure.h"

enum sw_line_method { SW_LINE_M4, SW_LINE_MINMAX, SW_LINE_LTTB, SW_LINE_MEAN };

struct sw_line {
    const struct sw_version *version; /* borrowed from the run */
    enum sw_line_method method;
    uint32_t x;
    uint32_t ys;
    uint32_t y[SW_LINE_COLUMNS_MAX];
    uint32_t points;
    struct sw_axis axis;          /* the buckets */
    struct sw_measures *measures; /* mean: one for each y; owned */
};

/* A row that may be shown: where it is and what it is compared by. */
struct sw_line_mark {
    double x, y;
    uint32_t group, row;
};

enum sw_line_place { SW_LINE_LEAST, SW_LINE_GREATEST, SW_LINE_FIRST, SW_LINE_LAST, SW_LINE_PLACES };

/* Of one y in one bucket. */
struct sw_line_cell {
    bool has_rows;
    struct sw_line_mark mark[SW_LINE_PLACES]; /* the last two for m4 only */
};

struct sw_line_state {
    sw_status status;
    size_t cells;
    struct sw_line_cell *cell; /* [cells = buckets * ys], y inner; NULL for mean */
    uint64_t *counts;          /* [places of the axis]; mean: rows of each bucket */
    struct sw_measures_state *measures;
};

/* Which of the marks the method shows. */
static inline unsigned sw_line_places(const struct sw_line *line)
{
    return line->method == SW_LINE_M4 ? SW_LINE_PLACES : SW_LINE_FIRST;
}

SW_MUST_USE sw_status sw_line_finish(const struct sw_line *line, const struct sw_line_state *state,
                                     struct sw_series *series, size_t panel, struct sw_err *err);

/* lttb.c: the indices of `points` of n points (x ascending) that keep the shape; kept has room for
 * n; returns how many. */
size_t sw_lttb(const double *x, const double *y, size_t n, size_t points, size_t *kept);

#endif
