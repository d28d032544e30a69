/* Kind "scatter"; see kinds.h.  A heap of the `points` smallest (hash, row id): whatever the
 * order of rows and partials, the same remain.  The hash is fixed (splitmix64), so the sample is
 * the same on every machine and in every run. */
#include <stdlib.h>

#include "base/params.h"
#include "fold/binned.h"
#include "fold/kinds.h"
#include "table/cells.h"

#define POINTS_DEFAULT 1000

struct scatter {
    uint32_t x, y, color;
    bool has_color;
    enum sw_type x_type, y_type, color_type;
    uint32_t points;
    const struct sw_version *version; /* borrowed from the run */
};

struct point {
    uint64_t hash, row_id;
    double x, y;
    uint32_t group, row; /* where its color is */
};

struct state {
    uint64_t total;
    uint32_t count;
    struct point *heap; /* [points]; the greatest first */
};

/* -- plan ------------------------------------------------------------------------------ */

static void plan_free(void *plan)
{
    free(plan);
}

static sw_status plan(const struct sw_json *params, const struct sw_fold_env *env, void **into,
                      struct sw_err *err)
{
    struct sw_span x = {NULL, 0};
    struct sw_span y = {NULL, 0};
    struct sw_span color = {NULL, 0};
    int64_t points = POINTS_DEFAULT;
    struct scatter made = {.version = env->version};
    const struct sw_column *column = env->version->schema->column;
    const struct sw_param list[] = {
        {.name = "x", .kind = SW_PARAM_NAME, .is_required = true, .into = &x},
        {.name = "y", .kind = SW_PARAM_NAME, .is_required = true, .into = &y},
        {.name = "color", .kind = SW_PARAM_NAME, .into = &color},
        {.name = "points", .kind = SW_PARAM_INT, .into = &points, .low = 1, .high = SW_POINTS_MAX},
    };
    SW_TRY(sw_params_read(params, "scatter", list, 4, sw_fold_common_params, err));
    SW_TRY(sw_binned_column(env->version, x, "scatter", &made.x, err));
    SW_TRY(sw_binned_column(env->version, y, "scatter", &made.y, err));
    made.has_color = color.data != NULL;
    if (made.has_color) {
        SW_TRY(sw_schema_need(env->version->schema, color, &made.color, err));
        made.color_type = column[made.color].type;
    }
    made.points = (uint32_t)points;
    made.x_type = column[made.x].type;
    made.y_type = column[made.y].type;
    struct scatter *scatter = malloc(sizeof(*scatter));
    if (scatter == NULL) {
        return SW_NO_MEMORY;
    }
    *scatter = made;
    *into = scatter;
    return SW_OK;
}

/* -- state ------------------------------------------------------------------------------ */

static sw_status init(const void *plan_, void **into)
{
    const struct scatter *scatter = plan_;
    struct state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return SW_NO_MEMORY;
    }
    state->heap = malloc(scatter->points * sizeof(*state->heap));
    if (state->heap == NULL) {
        free(state);
        return SW_NO_MEMORY;
    }
    *into = state;
    return SW_OK;
}

static void state_free(void *state_)
{
    struct state *state = state_;
    if (state != NULL) {
        free(state->heap);
        free(state);
    }
}

static size_t state_bytes(const void *plan_)
{
    const struct scatter *scatter = plan_;
    return sizeof(struct state) + scatter->points * sizeof(struct point);
}

/* -- the heap ----------------------------------------------------------------------------- */

static uint64_t hash_of(uint64_t row_id)
{
    uint64_t z = row_id + 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* splitmix64 is a bijection: no two row ids have one hash. */
static bool is_before(const struct point *a, const struct point *b)
{
    return a->hash < b->hash;
}

static void sift_down(struct point *heap, uint32_t count, uint32_t at)
{
    struct point moved = heap[at];
    for (;;) {
        uint32_t child = at * 2 + 1;
        if (child >= count) {
            break;
        }
        child += child + 1 < count && is_before(&heap[child], &heap[child + 1]);
        if (!is_before(&moved, &heap[child])) {
            break;
        }
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

static void sift_up(struct point *heap, uint32_t at)
{
    struct point moved = heap[at];
    while (at > 0 && is_before(&heap[(at - 1) / 2], &moved)) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = moved;
}

static void keep(const struct scatter *scatter, struct state *state, const struct point *point)
{
    if (state->count < scatter->points) {
        state->heap[state->count] = *point;
        sift_up(state->heap, state->count++);
    } else if (is_before(point, &state->heap[0])) {
        state->heap[0] = *point;
        sift_down(state->heap, state->count, 0);
    }
}

/* -- fold ----------------------------------------------------------------------------------- */

static void fold_row(const struct scatter *scatter, struct state *state,
                     const struct sw_batch *batch, uint32_t row, double x, double y)
{
    const struct sw_rowgroup *group = batch->group;
    uint32_t at = batch->start + row;
    struct point point = {.row_id = group->row_ids == NULL ? group->first_row_id + at
                                                           : sw_batch_row_id(batch, row),
                          .x = x,
                          .y = y,
                          .group = batch->group_index,
                          .row = at};
    point.hash = hash_of(point.row_id);
    if (state->count == scatter->points && !is_before(&point, &state->heap[0])) {
        return;
    }
    keep(scatter, state, &point);
}

/* Values that may be NaN are looked at row by row. */
static void fold_each(const struct scatter *scatter, struct state *state, struct sw_batch *batch,
                      const uint64_t *select)
{
    uint16_t row[SW_VECTOR_ROWS];
    const double *x = sw_batch_floats(batch, scatter->x);
    const double *y = sw_batch_floats(batch, scatter->y);
    uint32_t n = sw_bits_rows(select, batch->rows, row);
    for (uint32_t i = 0; i < n; i++) {
        double vx = x[row[i]];
        double vy = y[row[i]];
        if (vx == vx && vy == vy) {
            state->total++;
            fold_row(scatter, state, batch, row[i], vx, vy);
        }
    }
}

/* Bit i: the hash of row id first + i is below the bound. */
static uint64_t bits_below(uint64_t first, uint64_t bound)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < 64; i++) {
        bits |= (uint64_t)(hash_of(first + i) < bound) << i;
    }
    return bits;
}

/* All rows count, and only those whose hash may be among the smallest are looked at. */
static void fold_hashes(const struct scatter *scatter, struct state *state, struct sw_batch *batch,
                        const uint64_t *select)
{
    uint64_t first = batch->group->first_row_id + batch->start;
    for (uint32_t word = 0; word < sw_bits_words(batch->rows); word++) {
        bool is_full = state->count == scatter->points;
        uint64_t bits = select[word];
        if (bits == 0) {
            continue;
        }
        state->total += (uint64_t)__builtin_popcountll(bits);
        bits &= is_full ? bits_below(first + word * 64, state->heap[0].hash) : UINT64_MAX;
        for (; bits != 0; bits &= bits - 1) {
            uint32_t row = word * 64 + (uint32_t)__builtin_ctzll(bits);
            double x = sw_batch_float(batch, scatter->x, row);
            double y = sw_batch_float(batch, scatter->y, row);
            fold_row(scatter, state, batch, row, x, y);
        }
    }
}

static void fold(const void *plan_, void *state_, struct sw_batch *batch)
{
    const struct scatter *scatter = plan_;
    struct state *state = state_;
    uint64_t select[SW_VECTOR_WORDS];
    if (batch->selected == 0 || sw_batch_select_valid(batch, scatter->x, select) == 0) {
        return;
    }
    const uint64_t *valid = sw_batch_valid(batch, scatter->y);
    for (uint32_t word = 0; valid != NULL && word < sw_bits_words(batch->rows); word++) {
        select[word] &= valid[word];
    }
    bool has_nans = sw_batch_chunk(batch, scatter->x)->zone.nans > 0 ||
                    sw_batch_chunk(batch, scatter->y)->zone.nans > 0;
    if (has_nans || batch->group->row_ids != NULL) {
        fold_each(scatter, state, batch, select);
    } else {
        fold_hashes(scatter, state, batch, select);
    }
}

static void needs(const void *plan_, struct sw_fold_needs *needs)
{
    const struct scatter *scatter = plan_;
    sw_fold_reads(needs, scatter->x);
    sw_fold_reads(needs, scatter->y);
    needs->reads_row_ids = true;
    if (scatter->has_color && needs->reads[scatter->color] == SW_READ_NOT) {
        needs->reads[scatter->color] = SW_READ_FINISH;
    }
}

static size_t settle(void *state_)
{
    struct state *state = state_;
    size_t held = (state->count + (size_t)1) * sizeof(*state->heap);
    struct point *heap = realloc(state->heap, held);
    if (heap != NULL) {
        state->heap = heap;
    }
    return sizeof(*state) + held;
}

static sw_status merge(const void *plan_, void *into_, const void *from_, uint32_t group)
{
    const struct scatter *scatter = plan_;
    struct state *into = into_;
    const struct state *from = from_;
    into->total += from->total;
    for (uint32_t i = 0; i < from->count; i++) {
        struct point point = from->heap[i];
        if (into->count == scatter->points && !is_before(&point, &into->heap[0])) {
            continue;
        }
        point.group = group == SW_FOLD_GROUPS ? point.group : group;
        keep(scatter, into, &point);
    }
    return SW_OK;
}

/* -- finish ---------------------------------------------------------------------------------- */

static int compare_points(const void *a, const void *b)
{
    const struct point *x = a;
    const struct point *y = b;
    return (x->row_id > y->row_id) - (x->row_id < y->row_id);
}

static sw_status put_axes(const struct scatter *scatter, const struct state *state,
                          struct sw_series *series, size_t panel)
{
    uint32_t n = state->count;
    double *values = malloc((n + (size_t)1) * sizeof(*values));
    int64_t *ids = malloc((n + (size_t)1) * sizeof(*ids));
    sw_status status = values == NULL || ids == NULL ? SW_NO_MEMORY : SW_OK;
    for (uint32_t i = 0; i < n && status == SW_OK; i++) {
        values[i] = state->heap[i].x * sw_axis_unit(scatter->x_type);
        ids[i] = (int64_t)state->heap[i].row_id;
    }
    if (status == SW_OK) {
        status = sw_binned_put(values, NULL, n, scatter->x_type, series, panel, NULL, "x");
    }
    for (uint32_t i = 0; i < n && status == SW_OK; i++) {
        values[i] = state->heap[i].y * sw_axis_unit(scatter->y_type);
    }
    if (status == SW_OK) {
        status = sw_binned_put(values, NULL, n, scatter->y_type, series, panel, NULL, "y");
    }
    if (status == SW_OK) {
        status = sw_series_ints(series, panel, NULL, "row_ids", SW_TYPE_INT, ids, NULL, n);
    }
    free(values);
    free(ids);
    return status;
}

static sw_status put_color(const struct scatter *scatter, const struct state *state,
                           struct sw_series *series, size_t panel, struct sw_err *err)
{
    struct sw_arena arena;
    struct sw_cells cells = {0};
    struct sw_value *values = malloc((state->count + (size_t)1) * sizeof(*values));
    struct sw_cell_at *at = malloc((state->count + (size_t)1) * sizeof(*at));
    sw_status status = values == NULL || at == NULL ? SW_NO_MEMORY : SW_OK;
    sw_arena_init(&arena);
    for (uint32_t i = 0; i < state->count && status == SW_OK; i++) {
        at[i] = (struct sw_cell_at){state->heap[i].group, state->heap[i].row};
    }
    if (status == SW_OK) {
        status = sw_cells_init(&cells, scatter->version, at, state->count, err);
    }
    if (status == SW_OK) {
        status = sw_cells_read(&cells, scatter->color, &arena, values, NULL, err);
    }
    if (status == SW_OK) {
        status = sw_series_values(series, panel, NULL, "color", scatter->color_type, values,
                                  state->count);
    }
    sw_cells_fini(&cells);
    sw_arena_fini(&arena);
    free(values);
    free(at);
    return status;
}

static sw_status finish(void *plan_, void *state_, struct sw_series *series, size_t panel,
                        struct sw_err *err)
{
    const struct scatter *scatter = plan_;
    struct state *state = state_;
    int64_t total = (int64_t)state->total;
    qsort(state->heap, state->count, sizeof(*state->heap), compare_points);
    SW_TRY(put_axes(scatter, state, series, panel));
    if (scatter->has_color) {
        SW_TRY(put_color(scatter, state, series, panel, err));
    }
    SW_TRY(sw_series_ints(series, panel, NULL, "total", SW_TYPE_INT, &total, NULL, 1));
    sw_series_mark_scalar(series, panel);
    return SW_OK;
}

const struct sw_fold sw_fold_scatter = {
    .kind = "scatter",
    .plan = plan,
    .plan_free = plan_free,
    .init = init,
    .fold = fold,
    .merge = merge,
    .finish = finish,
    .state_free = state_free,
    .state_bytes = state_bytes,
    .needs = needs,
    .settle = settle,
};
