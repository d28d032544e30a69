/* Kind "histogram2d"; see kinds.h.  Cells are places of both axes, those outside included, so
 * that the fill needs no test: cell = place of y * places of x + place of x. */
#include <stdlib.h>

#include "base/params.h"
#include "fold/binned.h"
#include "fold/cube.h"
#include "fold/kinds.h"
#include "fold/measure.h"
#include "kernel/kernel.h"

#define BINS_DEFAULT 50

struct side {
    uint32_t column;
    enum sw_type type;
    struct sw_axis axis;
};

struct state {
    sw_status status;
    uint64_t *counts; /* [cells] */
    uint32_t cells;
    struct sw_measures_state *measures;
};

struct histogram2d {
    struct side x, y;
    uint32_t cells;
    struct sw_measures *measures; /* of one, or NULL */
    struct state *first;          /* of the first round, once there are more */
};

/* -- plan ------------------------------------------------------------------------------ */

static void state_free(void *state_);

static void plan_free(void *plan)
{
    struct histogram2d *histogram = plan;
    if (histogram == NULL) {
        return;
    }
    state_free(histogram->first);
    sw_measures_free(histogram->measures);
    sw_axis_fini(&histogram->x.axis);
    sw_axis_fini(&histogram->y.axis);
    free(histogram);
}

static sw_status read_side(struct side *side, const struct sw_json *json, const char *what,
                           const struct sw_version *version, struct sw_err *err)
{
    struct sw_span column = {NULL, 0};
    int64_t bins = BINS_DEFAULT;
    const struct sw_json *domain = NULL;
    double low;
    double high;
    const struct sw_param list[] = {
        {.name = "column", .kind = SW_PARAM_NAME, .is_required = true, .into = &column},
        {.name = "bins", .kind = SW_PARAM_INT, .into = &bins, .low = 1, .high = SW_BINS_MAX},
        {.name = "domain", .kind = SW_PARAM_ARRAY, .into = &domain},
    };
    SW_TRY(sw_params_read(json, what, list, 3, NULL, err));
    SW_TRY(sw_binned_column(version, column, what, &side->column, err));
    SW_TRY(sw_binned_domain(version, side->column, domain, what, &low, &high, err));
    side->type = version->schema->column[side->column].type;
    return sw_axis_init(&side->axis, low, high, (uint32_t)bins, side->type);
}

static sw_status read_params(struct histogram2d *histogram, const struct sw_json *params,
                             const struct sw_fold_env *env, struct sw_err *err)
{
    const struct sw_json *x = NULL;
    const struct sw_json *y = NULL;
    const struct sw_json *measure = NULL;
    const struct sw_param list[] = {
        {.name = "x", .kind = SW_PARAM_OBJECT, .is_required = true, .into = &x},
        {.name = "y", .kind = SW_PARAM_OBJECT, .is_required = true, .into = &y},
        {.name = "measure", .kind = SW_PARAM_OBJECT, .into = &measure},
    };
    SW_TRY(sw_params_read(params, "histogram2d", list, 3, sw_fold_common_params, err));
    SW_TRY(read_side(&histogram->x, x, "histogram2d.x", env->version, err));
    SW_TRY(read_side(&histogram->y, y, "histogram2d.y", env->version, err));
    uint64_t cells = (uint64_t)histogram->x.axis.bins * histogram->y.axis.bins;
    if (cells > SW_CELLS_MAX) {
        return sw_fail_limit(err, "cells", (int64_t)cells, SW_CELLS_MAX,
                             "Take fewer bins on one of the axes.");
    }
    histogram->cells = SW_AXIS_PLACES(&histogram->x.axis) * SW_AXIS_PLACES(&histogram->y.axis);
    if (measure == NULL) {
        return SW_OK;
    }
    return sw_measures_parse_one(measure, "histogram2d", env, &histogram->measures, err);
}

static sw_status plan(const struct sw_json *params, const struct sw_fold_env *env, void **into,
                      struct sw_err *err)
{
    struct histogram2d *histogram = calloc(1, sizeof(*histogram));
    if (histogram == NULL) {
        return SW_NO_MEMORY;
    }
    sw_status status = read_params(histogram, params, env, err);
    if (status != SW_OK) {
        plan_free(histogram);
        return status;
    }
    *into = histogram;
    return SW_OK;
}

/* -- state ------------------------------------------------------------------------------ */

static sw_status init(const void *plan_, void **into)
{
    const struct histogram2d *histogram = plan_;
    struct state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return SW_NO_MEMORY;
    }
    state->cells = histogram->cells;
    state->counts = calloc(histogram->cells, sizeof(*state->counts));
    sw_status status = state->counts == NULL ? SW_NO_MEMORY : SW_OK;
    if (status == SW_OK && histogram->measures != NULL) {
        status = sw_measures_state_new(histogram->measures, &state->measures);
    }
    if (status != SW_OK) {
        state_free(state);
        return status;
    }
    *into = state;
    return SW_OK;
}

static void state_free(void *state_)
{
    struct state *state = state_;
    if (state == NULL) {
        return;
    }
    sw_measures_state_free(state->measures);
    free(state->counts);
    free(state);
}

static size_t state_bytes(const void *plan_)
{
    const struct histogram2d *histogram = plan_;
    return sizeof(struct state) + (size_t)histogram->cells * sizeof(uint64_t);
}

/* -- fold --------------------------------------------------------------------------------- */

static void fold(const void *plan_, void *state_, struct sw_batch *batch)
{
    const struct histogram2d *histogram = plan_;
    struct state *state = state_;
    uint16_t room[2][SW_VECTOR_ROWS];
    uint32_t cell[SW_VECTOR_ROWS];
    if (state->status != SW_OK || batch->selected == 0) {
        return;
    }
    const struct side *x = &histogram->x;
    const struct side *y = &histogram->y;
    const uint16_t *restrict x_at =
        sw_binned_wide(sw_batch_places(batch, x->column, &x->axis), batch->rows, room[0]);
    const uint16_t *restrict y_at =
        sw_binned_wide(sw_batch_places(batch, y->column, &y->axis), batch->rows, room[1]);
    uint32_t stride = SW_AXIS_PLACES(&x->axis);
    for (uint32_t i = 0; i < batch->rows; i++) {
        cell[i] = y_at[i] * stride + x_at[i];
    }
    sw_count(cell, batch->select, batch->rows, state->counts);
    if (histogram->measures != NULL) {
        const struct sw_grouping grouping = {.select = batch->select,
                                             .selected = batch->selected,
                                             .full = cell,
                                             .groups = histogram->cells};
        state->status = sw_measures_add(histogram->measures, state->measures, batch, &grouping);
    }
}

static void needs(const void *plan_, struct sw_fold_needs *needs)
{
    const struct histogram2d *histogram = plan_;
    sw_fold_reads(needs, histogram->x.column);
    sw_fold_reads(needs, histogram->y.column);
    sw_identity_add(&needs->identity, histogram->x.axis.id);
    sw_identity_add(&needs->identity, histogram->y.axis.id);
    if (histogram->measures != NULL) {
        sw_measures_needs(histogram->measures, needs);
    }
}

static size_t settle(void *state_)
{
    struct state *state = state_;
    size_t bytes = sizeof(*state) + state->cells * sizeof(*state->counts);
    bytes += state->measures != NULL ? sw_measures_settle(state->measures) : 0;
    return state->status == SW_OK ? bytes : SIZE_MAX;
}

static sw_status merge(const void *plan_, void *into_, const void *from_, uint32_t group)
{
    const struct histogram2d *histogram = plan_;
    struct state *into = into_;
    const struct state *from = from_;
    (void)group;
    SW_TRY(into->status);
    SW_TRY(from->status);
    for (uint32_t i = 0; i < histogram->cells; i++) {
        into->counts[i] += from->counts[i];
    }
    if (histogram->measures == NULL) {
        return SW_OK;
    }
    return sw_measures_merge(histogram->measures, into->measures, from->measures, NULL,
                             histogram->cells);
}

/* -- finish -------------------------------------------------------------------------------- */

static sw_status put(const struct histogram2d *histogram, const struct state *state,
                     struct sw_series *series, size_t panel)
{
    uint32_t nx = histogram->x.axis.bins;
    uint32_t ny = histogram->y.axis.bins;
    uint32_t stride = SW_AXIS_PLACES(&histogram->x.axis);
    size_t n = (size_t)nx * ny;
    int64_t *counts = malloc(n * sizeof(*counts));
    uint32_t *cell = malloc(n * sizeof(*cell));
    sw_status status = counts == NULL || cell == NULL ? SW_NO_MEMORY : SW_OK;
    for (size_t i = 0; i < n && status == SW_OK; i++) {
        cell[i] = ((uint32_t)(i / nx) + 1) * stride + (uint32_t)(i % nx) + 1;
        counts[i] = (int64_t)state->counts[cell[i]];
    }
    if (status == SW_OK) {
        status = sw_series_ints(series, panel, NULL, "count", SW_TYPE_INT, counts, NULL, n);
    }
    if (status == SW_OK && histogram->measures != NULL) {
        status =
            sw_measures_put(histogram->measures, state->measures, 0, cell, n, series, panel, NULL);
    }
    free(counts);
    free(cell);
    return status;
}

static sw_status finish(void *plan_, void *state_, struct sw_series *series, size_t panel,
                        struct sw_err *err)
{
    struct histogram2d *histogram = plan_;
    struct state *state = state_;
    (void)err;
    SW_TRY(state->status);
    const struct state *first = histogram->first != NULL ? histogram->first : state;
    if (sw_measures_has_rounds(histogram->measures)) {
        sw_status status =
            sw_measures_round(histogram->measures, state->measures, histogram->cells);
        if (status == SW_AGAIN && histogram->first == NULL) {
            histogram->first = calloc(1, sizeof(*histogram->first));
            if (histogram->first == NULL) {
                return SW_NO_MEMORY;
            }
            *histogram->first = *state; /* moved: the caller frees an empty one */
            *state = (struct state){0};
        }
        SW_TRY(status);
    }
    SW_TRY(sw_binned_put_edges(&histogram->x.axis, histogram->x.type, series, panel, "x_edges"));
    SW_TRY(sw_binned_put_edges(&histogram->y.axis, histogram->y.type, series, panel, "y_edges"));
    return put(histogram, first, series, panel);
}

static bool has_rounds(const void *plan_)
{
    return sw_measures_has_rounds(((const struct histogram2d *)plan_)->measures);
}

/* -- cube ---------------------------------------------------------------------------------- */

static bool cube(const void *plan_, struct sw_cube_shape *shape)
{
    const struct histogram2d *histogram = plan_;
    *shape = (struct sw_cube_shape){histogram->cells, histogram->measures};
    return shape->cells <= SW_CUBE_CELLS_MAX && sw_cube_has_measures(histogram->measures);
}

static void cells(const void *plan_, struct sw_batch *batch, uint16_t *into)
{
    const struct histogram2d *histogram = plan_;
    uint16_t room[2][SW_VECTOR_ROWS];
    const struct side *x = &histogram->x;
    const struct side *y = &histogram->y;
    uint32_t stride = SW_AXIS_PLACES(&x->axis);
    const uint16_t *x_at =
        sw_binned_wide(sw_batch_places(batch, x->column, &x->axis), batch->rows, room[0]);
    const uint16_t *y_at =
        sw_binned_wide(sw_batch_places(batch, y->column, &y->axis), batch->rows, room[1]);
    for (uint32_t i = 0; i < batch->rows; i++) {
        into[i] = (uint16_t)(y_at[i] * stride + x_at[i]);
    }
}

static sw_status fill(const void *plan_, void *state_, const struct sw_cube_cells *cells)
{
    const struct histogram2d *histogram = plan_;
    struct state *state = state_;
    memcpy(state->counts, cells->rows, state->cells * sizeof(*state->counts));
    return histogram->measures == NULL
               ? SW_OK
               : sw_cube_fill(histogram->measures, state->measures, cells, state->cells);
}

const struct sw_fold sw_fold_histogram2d = {
    .kind = "histogram2d",
    .plan = plan,
    .plan_free = plan_free,
    .init = init,
    .fold = fold,
    .merge = merge,
    .finish = finish,
    .state_free = state_free,
    .state_bytes = state_bytes,
    .has_rounds = has_rounds,
    .needs = needs,
    .settle = settle,
    .cube = cube,
    .cells = cells,
    .fill = fill,
};
