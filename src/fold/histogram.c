/* Kind "histogram"; see kinds.h. */
#include <stdlib.h>

#include "base/params.h"
#include "fold/binned.h"
#include "fold/cube.h"
#include "fold/kinds.h"
#include "fold/measure.h"
#include "kernel/kernel.h"

#define BINS_DEFAULT 50

struct state {
    sw_status status;
    uint64_t *counts; /* [places]; owned */
    uint32_t places;
    struct sw_measures_state *measures;
};

struct histogram {
    uint32_t column;
    enum sw_type type;
    struct sw_axis axis;
    struct sw_measures *measures; /* of one, or NULL */
    struct state *first;          /* of the first round, once there are more */
};

/* -- plan ---------------------------------------------------------------------------- */

static void state_free(void *state_);

static void plan_free(void *plan)
{
    struct histogram *histogram = plan;
    if (histogram == NULL) {
        return;
    }
    state_free(histogram->first);
    sw_measures_free(histogram->measures);
    sw_axis_fini(&histogram->axis);
    free(histogram);
}

static sw_status read_axis(struct histogram *histogram, const struct sw_version *version,
                           int64_t bins, double width, const struct sw_json *domain,
                           struct sw_err *err)
{
    if (width != 0) {
        return sw_binned_width(version, histogram->column, domain, width, "histogram",
                               &histogram->axis, err);
    }
    double low;
    double high;
    SW_TRY(sw_binned_domain(version, histogram->column, domain, "histogram", &low, &high, err));
    return sw_axis_init(&histogram->axis, low, high, (uint32_t)bins, histogram->type);
}

static sw_status read_params(struct histogram *histogram, const struct sw_json *params,
                             const struct sw_fold_env *env, struct sw_err *err)
{
    struct sw_span x = {NULL, 0};
    int64_t bins = 0;
    double width = 0;
    const struct sw_json *domain = NULL;
    const struct sw_json *measure = NULL;
    const struct sw_param list[] = {
        {.name = "x", .kind = SW_PARAM_NAME, .is_required = true, .into = &x},
        {.name = "bins", .kind = SW_PARAM_INT, .into = &bins, .low = 1, .high = SW_BINS_MAX},
        {.name = "width", .kind = SW_PARAM_FLOAT, .into = &width},
        {.name = "domain", .kind = SW_PARAM_ARRAY, .into = &domain},
        {.name = "measure", .kind = SW_PARAM_OBJECT, .into = &measure},
    };
    SW_TRY(sw_params_read(params, "histogram", list, sizeof(list) / sizeof(list[0]),
                          sw_fold_common_params, err));
    bool has_width = !sw_json_is_null(sw_json_member(params, "width"));
    if (has_width && !(width > 0)) {
        return sw_fail(err, SW_PARAMS, "histogram: `width` must be above 0.");
    }
    if (bins != 0 && has_width) {
        return sw_fail(err, SW_PARAMS, "histogram: give `bins` or `width`, not both.");
    }
    SW_TRY(sw_binned_column(env->version, x, "histogram", &histogram->column, err));
    histogram->type = env->version->schema->column[histogram->column].type;
    if (measure != NULL) {
        SW_TRY(sw_measures_parse_one(measure, "histogram", env, &histogram->measures, err));
    }
    SW_TRY(read_axis(histogram, env->version, bins == 0 ? BINS_DEFAULT : bins, width, domain, err));
    return SW_OK;
}

static sw_status plan(const struct sw_json *params, const struct sw_fold_env *env, void **into,
                      struct sw_err *err)
{
    struct histogram *histogram = calloc(1, sizeof(*histogram));
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

/* -- state ----------------------------------------------------------------------------- */

static sw_status init(const void *plan_, void **into)
{
    const struct histogram *histogram = plan_;
    struct state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return SW_NO_MEMORY;
    }
    state->places = SW_AXIS_PLACES(&histogram->axis);
    state->counts = calloc(state->places, sizeof(*state->counts));
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
    const struct histogram *histogram = plan_;
    return sizeof(struct state) + (size_t)SW_AXIS_PLACES(&histogram->axis) * 7 * sizeof(uint64_t);
}

/* -- fold ------------------------------------------------------------------------------- */

static sw_status add_measure(const struct histogram *histogram, struct state *state,
                             struct sw_batch *batch, struct sw_batch_places places)
{
    const struct sw_grouping grouping = {.select = batch->select,
                                         .selected = batch->selected,
                                         .narrow = places.narrow,
                                         .wide = places.wide,
                                         .groups = SW_AXIS_PLACES(&histogram->axis)};
    return sw_measures_add(histogram->measures, state->measures, batch, &grouping);
}

static void fold(const void *plan_, void *state_, struct sw_batch *batch)
{
    const struct histogram *histogram = plan_;
    struct state *state = state_;
    if (state->status != SW_OK || batch->selected == 0) {
        return;
    }
    struct sw_batch_places places = sw_batch_places(batch, histogram->column, &histogram->axis);
    sw_binned_count(places, batch, state->counts, SW_AXIS_PLACES(&histogram->axis));
    if (histogram->measures != NULL) {
        state->status = add_measure(histogram, state, batch, places);
    }
}

static void needs(const void *plan_, struct sw_fold_needs *needs)
{
    const struct histogram *histogram = plan_;
    sw_fold_reads(needs, histogram->column);
    sw_identity_add(&needs->identity, histogram->axis.id);
    if (histogram->measures != NULL) {
        sw_measures_needs(histogram->measures, needs);
    }
}

static size_t settle(void *state_)
{
    struct state *state = state_;
    size_t bytes = sizeof(*state) + state->places * sizeof(*state->counts);
    bytes += state->measures != NULL ? sw_measures_settle(state->measures) : 0;
    return state->status == SW_OK ? bytes : SIZE_MAX;
}

static sw_status merge(const void *plan_, void *into_, const void *from_, uint32_t group)
{
    const struct histogram *histogram = plan_;
    struct state *into = into_;
    const struct state *from = from_;
    (void)group;
    SW_TRY(into->status);
    SW_TRY(from->status);
    for (uint32_t i = 0; i < into->places; i++) {
        into->counts[i] += from->counts[i];
    }
    if (histogram->measures == NULL) {
        return SW_OK;
    }
    return sw_measures_merge(histogram->measures, into->measures, from->measures, NULL,
                             SW_AXIS_PLACES(&histogram->axis));
}

/* -- finish ------------------------------------------------------------------------------ */

static sw_status put_scalar(struct sw_series *series, size_t panel, const char *name, int64_t value)
{
    SW_TRY(sw_series_ints(series, panel, NULL, name, SW_TYPE_INT, &value, NULL, 1));
    sw_series_mark_scalar(series, panel);
    return SW_OK;
}

static sw_status put_values(const struct histogram *histogram, const struct state *state,
                            struct sw_series *series, size_t panel)
{
    uint32_t bins = histogram->axis.bins;
    uint32_t *place = malloc(bins * sizeof(*place));
    if (place == NULL) {
        return SW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < bins; i++) {
        place[i] = i + 1;
    }
    sw_status status =
        sw_measures_put(histogram->measures, state->measures, 0, place, bins, series, panel, NULL);
    free(place);
    return status;
}

static sw_status put(const struct histogram *histogram, const struct state *state,
                     struct sw_series *series, size_t panel)
{
    uint32_t bins = histogram->axis.bins;
    uint32_t places = SW_AXIS_PLACES(&histogram->axis);
    int64_t *counts = calloc(places, sizeof(*counts));
    if (counts == NULL) {
        return SW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < places; i++) {
        counts[i] = (int64_t)state->counts[i];
    }
    int64_t below = counts[0];
    int64_t above = counts[bins + 1];
    int64_t nulls = counts[bins + 2];
    sw_status status =
        sw_series_ints(series, panel, NULL, "count", SW_TYPE_INT, counts + 1, NULL, bins);
    free(counts);
    SW_TRY(status);
    if (histogram->measures != NULL) {
        SW_TRY(put_values(histogram, state, series, panel));
    }
    SW_TRY(put_scalar(series, panel, "nulls", nulls));
    SW_TRY(put_scalar(series, panel, "below", below));
    return put_scalar(series, panel, "above", above);
}

static sw_status finish(void *plan_, void *state_, struct sw_series *series, size_t panel,
                        struct sw_err *err)
{
    struct histogram *histogram = plan_;
    struct state *state = state_;
    SW_TRY(state->status);
    const struct state *first = histogram->first != NULL ? histogram->first : state;
    (void)err;
    if (sw_measures_has_rounds(histogram->measures)) {
        sw_status status = sw_measures_round(histogram->measures, state->measures,
                                             SW_AXIS_PLACES(&histogram->axis));
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
    SW_TRY(sw_binned_put_edges(&histogram->axis, histogram->type, series, panel, "edges"));
    return put(histogram, first, series, panel);
}

static bool has_rounds(const void *plan_)
{
    return sw_measures_has_rounds(((const struct histogram *)plan_)->measures);
}

/* -- cube ---------------------------------------------------------------------------------- */

static bool cube(const void *plan_, struct sw_cube_shape *shape)
{
    const struct histogram *histogram = plan_;
    *shape = (struct sw_cube_shape){SW_AXIS_PLACES(&histogram->axis), histogram->measures};
    return shape->cells <= SW_CUBE_CELLS_MAX && sw_cube_has_measures(histogram->measures);
}

static void cells(const void *plan_, struct sw_batch *batch, uint16_t *into)
{
    const struct histogram *histogram = plan_;
    struct sw_batch_places places = sw_batch_places(batch, histogram->column, &histogram->axis);
    const uint16_t *wide = sw_binned_wide(places, batch->rows, into);
    if (wide != into) {
        memcpy(into, wide, batch->rows * sizeof(*into));
    }
}

static sw_status fill(const void *plan_, void *state_, const struct sw_cube_cells *cells)
{
    const struct histogram *histogram = plan_;
    struct state *state = state_;
    memcpy(state->counts, cells->rows, state->places * sizeof(*state->counts));
    return histogram->measures == NULL
               ? SW_OK
               : sw_cube_fill(histogram->measures, state->measures, cells, state->places);
}

const struct sw_fold sw_fold_histogram = {
    .kind = "histogram",
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
