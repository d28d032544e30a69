/* The end of kind "line": from the marks of all buckets to the rows that are shown. */
#include <stdlib.h>

#include "fold/binned.h"
#include "fold/line.h"
#include "table/cells.h"

/* -- rows --------------------------------------------------------------------------- */

static int compare_marks(const void *a, const void *b)
{
    const struct sw_line_mark *x = a;
    const struct sw_line_mark *y = b;
    if (x->x != y->x) {
        return x->x < y->x ? -1 : 1;
    }
    if (x->group != y->group) {
        return x->group < y->group ? -1 : 1;
    }
    return (x->row > y->row) - (x->row < y->row);
}

/* All marks, each row once, in order of x; returns how many. */
static size_t gather(const struct sw_line *line, const struct sw_line_state *state,
                     struct sw_line_mark *mark)
{
    size_t n = 0;
    for (size_t i = 0; i < (size_t)line->axis.bins * line->ys; i++) {
        if (!state->cell[i].has_rows) {
            continue;
        }
        for (unsigned place = 0; place < sw_line_places(line); place++) {
            mark[n++] = state->cell[i].mark[place];
        }
    }
    qsort(mark, n, sizeof(*mark), compare_marks);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || compare_marks(&mark[kept - 1], &mark[i]) != 0) {
            mark[kept++] = mark[i];
        }
    }
    return kept;
}

/* The column's values at the marks, which are numbers. */
static sw_status read_cells(const struct sw_line *line, uint32_t column,
                            const struct sw_line_mark *mark, size_t n, struct sw_value *values,
                            struct sw_err *err)
{
    struct sw_cell_at *at = malloc((n + 1) * sizeof(*at));
    if (at == NULL) {
        return SW_NO_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        at[i] = (struct sw_cell_at){mark[i].group, mark[i].row};
    }
    struct sw_cells cells = {0};
    sw_status status = sw_cells_init(&cells, line->version, at, n, err);
    if (status == SW_OK) {
        status = sw_cells_read(&cells, column, NULL, values, NULL, err);
    }
    sw_cells_fini(&cells);
    free(at);
    return status;
}

/* -- fields ---------------------------------------------------------------------------- */

/* The column's values at the rows; times as milliseconds, truth as 0 and 1, NaN as null. */
static sw_status put_column(const struct sw_line *line, uint32_t column,
                            const struct sw_line_mark *mark, size_t n, struct sw_series *series,
                            size_t panel, const char *group, const char *name, struct sw_err *err)
{
    enum sw_type type = line->version->schema->column[column].type;
    bool is_time = type == SW_TYPE_DATE || type == SW_TYPE_TIMESTAMP;
    enum sw_type shown = type == SW_TYPE_FLOAT ? SW_TYPE_FLOAT
                         : is_time             ? SW_TYPE_TIMESTAMP
                                               : SW_TYPE_INT;
    struct sw_value *values = malloc((n + 1) * sizeof(*values));
    if (values == NULL) {
        return SW_NO_MEMORY;
    }
    sw_status status = read_cells(line, column, mark, n, values, err);
    for (size_t i = 0; i < n && status == SW_OK; i++) {
        values[i].type = shown;
        if (shown == SW_TYPE_FLOAT) {
            values[i].is_null = values[i].is_null || values[i].u.f != values[i].u.f;
        } else if (!values[i].is_null) {
            values[i].u.i *= type == SW_TYPE_DATE ? 86400000 : 1;
        }
    }
    if (status == SW_OK) {
        status = sw_series_values(series, panel, group, name, shown, values, n);
    }
    if (status == SW_OK && is_time) {
        sw_series_mark_axis(series, panel);
    }
    free(values);
    return status;
}

static sw_status put_rows(const struct sw_line *line, const struct sw_line_mark *mark, size_t n,
                          struct sw_series *series, size_t panel, struct sw_err *err)
{
    SW_TRY(put_column(line, line->x, mark, n, series, panel, NULL, "x", err));
    for (uint32_t k = 0; k < line->ys; k++) {
        const char *name = line->version->schema->column[line->y[k]].name;
        SW_TRY(put_column(line, line->y[k], mark, n, series, panel, "y", name, err));
    }
    return SW_OK;
}

/* -- methods --------------------------------------------------------------------------- */

/* Of the marks those that lttb chooses by the first y; marks without it are left out. */
static sw_status thin(const struct sw_line *line, struct sw_line_mark *mark, size_t *n,
                      struct sw_err *err)
{
    size_t kept = 0;
    double *x = malloc((*n + 1) * sizeof(*x));
    double *y = malloc((*n + 1) * sizeof(*y));
    size_t *index = malloc((*n + 1) * sizeof(*index));
    struct sw_value *values = malloc((*n + 1) * sizeof(*values));
    sw_status status = x == NULL || y == NULL || index == NULL || values == NULL
                           ? SW_NO_MEMORY
                           : read_cells(line, line->y[0], mark, *n, values, err);
    for (size_t i = 0; i < *n && status == SW_OK; i++) {
        struct sw_value value = values[i];
        double number = value.is_null                 ? 0
                        : value.type == SW_TYPE_FLOAT ? value.u.f
                                                      : (double)value.u.i;
        if (!value.is_null && number == number) {
            x[kept] = mark[i].x;
            y[kept] = number;
            mark[kept++] = mark[i];
        }
    }
    if (status == SW_OK) {
        *n = sw_lttb(x, y, kept, line->points, index);
        for (size_t i = 0; i < *n; i++) {
            mark[i] = mark[index[i]];
        }
    }
    free(x);
    free(y);
    free(index);
    free(values);
    return status;
}

static sw_status put_means(const struct sw_line *line, const struct sw_line_state *state,
                           struct sw_series *series, size_t panel)
{
    uint32_t bins = line->axis.bins;
    const double *edges = line->axis.edges;
    double *middle = malloc(bins * sizeof(*middle));
    uint32_t *place = malloc(bins * sizeof(*place));
    sw_status status = middle == NULL || place == NULL ? SW_NO_MEMORY : SW_OK;
    size_t n = 0;
    for (uint32_t i = 0; i < bins && status == SW_OK; i++) {
        if (state->counts[i + 1] > 0) {
            middle[n] = edges[i] / 2 + edges[i + 1] / 2;
            place[n++] = i + 1;
        }
    }
    if (status == SW_OK) {
        enum sw_type type = line->version->schema->column[line->x].type;
        status = sw_binned_put(middle, NULL, n, type, series, panel, NULL, "x");
    }
    for (uint32_t k = 0; k < line->ys && status == SW_OK; k++) {
        status = sw_measures_put(line->measures, state->measures, k, place, n, series, panel, "y");
    }
    free(middle);
    free(place);
    return status;
}

sw_status sw_line_finish(const struct sw_line *line, const struct sw_line_state *state,
                         struct sw_series *series, size_t panel, struct sw_err *err)
{
    SW_TRY(state->status);
    if (line->method == SW_LINE_MEAN) {
        return put_means(line, state, series, panel);
    }
    size_t cells = (size_t)line->axis.bins * line->ys;
    struct sw_line_mark *mark = malloc(cells * sw_line_places(line) * sizeof(*mark));
    if (mark == NULL) {
        return SW_NO_MEMORY;
    }
    size_t n = gather(line, state, mark);
    sw_status status = line->method == SW_LINE_LTTB ? thin(line, mark, &n, err) : SW_OK;
    if (status == SW_OK) {
        status = put_rows(line, mark, n, series, panel, err);
    }
    free(mark);
    return status;
}
