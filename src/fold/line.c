/* Kind "line"; see kinds.h.  Selected rows of one bucket that follow one another are a run; a run
 * offers its marks to the bucket's cell at once, so that an ascending x costs little more than
 * the search for the least and the greatest y. */
#include "fold/line.h"

#include <stdlib.h>

#include "base/params.h"
#include "fold/binned.h"
#include "fold/kinds.h"
#include "kernel/kernel.h"

#define POINTS_DEFAULT  1000
#define LTTB_CANDIDATES 4u /* buckets of candidates for each point */

/* -- plan --------------------------------------------------------------------------- */

static void plan_free(void *plan)
{
    struct sw_line *line = plan;
    if (line != NULL) {
        sw_measures_free(line->measures);
        sw_axis_fini(&line->axis);
        free(line);
    }
}

static sw_status read_method(struct sw_line *line, struct sw_span name, struct sw_err *err)
{
    static const char *const names[] = {
        [SW_LINE_M4] = "m4",
        [SW_LINE_MINMAX] = "minmax",
        [SW_LINE_LTTB] = "lttb",
        [SW_LINE_MEAN] = "mean",
    };
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (sw_span_equal(name, sw_span_text(names[i]))) {
            line->method = (enum sw_line_method)i;
            return SW_OK;
        }
    }
    return sw_fail(err, SW_PARAMS, "line: `method` is m4, minmax, lttb or mean.");
}

static sw_status read_ys(struct sw_line *line, const struct sw_json *y, struct sw_err *err)
{
    if (y->u.list.count == 0 || y->u.list.count > SW_LINE_COLUMNS_MAX) {
        return sw_fail(err, SW_PARAMS, "line: `y` lists 1 to %u columns.", SW_LINE_COLUMNS_MAX);
    }
    for (size_t i = 0; i < y->u.list.count; i++) {
        struct sw_span name;
        if (!sw_json_get_text(&y->u.list.items[i], &name)) {
            return sw_fail(err, SW_PARAMS, "line: `y` is a list of column names.");
        }
        SW_TRY(sw_binned_column(line->version, name, "line", &line->y[i], err));
        for (size_t k = 0; k < i; k++) {
            if (line->y[k] == line->y[i]) {
                return sw_fail(err, SW_PARAMS, "line: `y` names a column twice.");
            }
        }
    }
    line->ys = (uint32_t)y->u.list.count;
    return SW_OK;
}

/* The mean of each y as a measure, written as its definition would be. */
static sw_status plan_means(struct sw_line *line, const struct sw_fold_env *env, struct sw_err *err)
{
    struct sw_json members[SW_LINE_COLUMNS_MAX][2];
    struct sw_json items[SW_LINE_COLUMNS_MAX];
    for (uint32_t i = 0; i < line->ys; i++) {
        struct sw_span name = sw_span_text(line->version->schema->column[line->y[i]].name);
        members[i][0] = (struct sw_json){
            .kind = SW_JSON_STRING, .key = sw_span_text("fn"), .u.text = sw_span_text("mean")};
        members[i][1] =
            (struct sw_json){.kind = SW_JSON_STRING, .key = sw_span_text("column"), .u.text = name};
        items[i] = (struct sw_json){.kind = SW_JSON_OBJECT, .key = name};
        items[i].u.list.items = members[i];
        items[i].u.list.count = 2;
    }
    struct sw_json all = {.kind = SW_JSON_OBJECT};
    all.u.list.items = items;
    all.u.list.count = line->ys;
    return sw_measures_parse(&all, "line", env, &line->measures, err);
}

static sw_status read_params(struct sw_line *line, const struct sw_json *params,
                             const struct sw_fold_env *env, struct sw_err *err)
{
    struct sw_span x = {NULL, 0};
    struct sw_span method = sw_span_text("m4");
    const struct sw_json *y = NULL;
    const struct sw_json *domain = NULL;
    int64_t points = POINTS_DEFAULT;
    double low;
    double high;
    const struct sw_param list[] = {
        {.name = "x", .kind = SW_PARAM_NAME, .is_required = true, .into = &x},
        {.name = "y", .kind = SW_PARAM_ARRAY, .is_required = true, .into = &y},
        {.name = "points", .kind = SW_PARAM_INT, .into = &points, .low = 1, .high = SW_BINS_MAX},
        {.name = "method", .kind = SW_PARAM_NAME, .into = &method},
        {.name = "domain", .kind = SW_PARAM_ARRAY, .into = &domain},
    };
    SW_TRY(sw_params_read(params, "line", list, 5, sw_fold_common_params, err));
    SW_TRY(sw_binned_column(env->version, x, "line", &line->x, err));
    SW_TRY(read_method(line, method, err));
    SW_TRY(read_ys(line, y, err));
    SW_TRY(sw_binned_domain(env->version, line->x, domain, "line", &low, &high, err));
    if ((uint64_t)points * line->ys > SW_POINTS_MAX) {
        return sw_fail_limit(err, "points", points * line->ys, SW_POINTS_MAX,
                             "Ask for fewer points, or fewer y columns.");
    }
    line->points = (uint32_t)points;
    uint32_t buckets = line->points;
    if (line->method == SW_LINE_LTTB) {
        buckets = buckets > SW_BINS_MAX / LTTB_CANDIDATES ? SW_BINS_MAX : buckets * LTTB_CANDIDATES;
    }
    enum sw_type type = env->version->schema->column[line->x].type;
    SW_TRY(sw_axis_init(&line->axis, low, high, buckets, type));
    return line->method == SW_LINE_MEAN ? plan_means(line, env, err) : SW_OK;
}

static sw_status plan(const struct sw_json *params, const struct sw_fold_env *env, void **into,
                      struct sw_err *err)
{
    struct sw_line *line = calloc(1, sizeof(*line));
    if (line == NULL) {
        return SW_NO_MEMORY;
    }
    line->version = env->version;
    sw_status status = read_params(line, params, env, err);
    if (status != SW_OK) {
        plan_free(line);
        return status;
    }
    *into = line;
    return SW_OK;
}

/* -- state ----------------------------------------------------------------------------- */

static void state_free(void *state_)
{
    struct sw_line_state *state = state_;
    if (state == NULL) {
        return;
    }
    sw_measures_state_free(state->measures);
    free(state->cell);
    free(state->counts);
    free(state);
}

static sw_status init(const void *plan_, void **into)
{
    const struct sw_line *line = plan_;
    struct sw_line_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return SW_NO_MEMORY;
    }
    sw_status status = SW_OK;
    if (line->method == SW_LINE_MEAN) {
        state->counts = calloc(SW_AXIS_PLACES(&line->axis), sizeof(*state->counts));
        status = state->counts == NULL ? SW_NO_MEMORY
                                       : sw_measures_state_new(line->measures, &state->measures);
    } else {
        state->cells = (size_t)line->axis.bins * line->ys;
        state->cell = calloc(state->cells, sizeof(*state->cell));
        status = state->cell == NULL ? SW_NO_MEMORY : SW_OK;
    }
    if (status != SW_OK) {
        state_free(state);
        return status;
    }
    *into = state;
    return SW_OK;
}

static size_t state_bytes(const void *plan_)
{
    const struct sw_line *line = plan_;
    return (size_t)line->axis.bins * line->ys * sizeof(struct sw_line_cell);
}

/* -- marks -------------------------------------------------------------------------------- */

/* Order of rows by x, then by where they lie. */
static bool is_before(const struct sw_line_mark *a, const struct sw_line_mark *b)
{
    if (a->x != b->x) {
        return a->x < b->x;
    }
    return a->group != b->group ? a->group < b->group : a->row < b->row;
}

/* Should the offered row take the place of the kept one? */
static bool is_better(enum sw_line_place place, const struct sw_line_mark *offered,
                      const struct sw_line_mark *kept)
{
    switch (place) {
    case SW_LINE_LEAST:
        return offered->y != kept->y ? offered->y < kept->y : is_before(offered, kept);
    case SW_LINE_GREATEST:
        return offered->y != kept->y ? offered->y > kept->y : is_before(offered, kept);
    case SW_LINE_FIRST:
        return is_before(offered, kept);
    case SW_LINE_LAST:
        return is_before(kept, offered);
    case SW_LINE_PLACES:
        break;
    }
    return false;
}

static void offer(const struct sw_line *line, struct sw_line_cell *cell,
                  const struct sw_line_mark *marks)
{
    for (unsigned place = 0; place < sw_line_places(line); place++) {
        if (!cell->has_rows ||
            is_better((enum sw_line_place)place, &marks[place], &cell->mark[place])) {
            cell->mark[place] = marks[place];
        }
    }
    cell->has_rows = true;
}

/* -- fold ------------------------------------------------------------------------------- */

/* The rows of one y: those with an x on the axis and a y that is a number. */
struct run_input {
    const struct sw_line *line;
    const struct sw_batch *batch;
    const double *x, *y;
};

static struct sw_line_mark mark_of(const struct run_input *in, uint16_t row)
{
    return (struct sw_line_mark){in->x[row], in->y[row], in->batch->group_index,
                                 in->batch->start + row};
}

/* Which of the equals in y comes first is seen row by row. */
static void offer_each(const struct run_input *in, struct sw_line_cell *cell, const uint16_t *row,
                       uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct sw_line_mark mark = mark_of(in, row[i]);
        const struct sw_line_mark marks[SW_LINE_PLACES] = {mark, mark, mark, mark};
        offer(in->line, cell, marks);
    }
}

/* Keeps the rows whose x is on the axis and whose y is a number. */
static uint32_t keep_shown(const struct sw_line *line, const uint16_t *places, const double *y,
                           uint16_t *row, uint32_t n)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint16_t at = row[i];
        row[kept] = at;
        kept += (places[at] - 1u < line->axis.bins) & (y[at] == y[at]);
    }
    return kept;
}

/* x in any order. */
static void fold_rows(const struct sw_line *line, struct sw_line_state *state,
                      struct sw_batch *batch, const uint64_t *with_x, const uint16_t *places,
                      uint32_t k)
{
    uint64_t select[SW_VECTOR_WORDS];
    uint16_t row[SW_VECTOR_ROWS];
    const uint64_t *valid = sw_batch_valid(batch, line->y[k]);
    memcpy(select, with_x, sizeof(select));
    for (uint32_t word = 0; valid != NULL && word < sw_bits_words(batch->rows); word++) {
        select[word] &= valid[word];
    }
    struct run_input in = {.line = line,
                           .batch = batch,
                           .x = sw_batch_floats(batch, line->x),
                           .y = sw_batch_floats(batch, line->y[k])};
    uint32_t n = sw_bits_rows(select, batch->rows, row);
    n = keep_shown(line, places, in.y, row, n);
    for (uint32_t begin = 0; begin < n;) {
        uint32_t place = places[row[begin]];
        uint32_t end = begin + 1;
        while (end < n && places[row[end]] == place) {
            end++;
        }
        offer_each(&in, &state->cell[(size_t)(place - 1) * line->ys + k], row + begin, end - begin);
        begin = end;
    }
}

/* x ascends, so the rows of a bucket lie side by side: `y` has NaN for those that do not count.
 * Where all do, the packed numbers of the chunk are enough. */
struct stretch {
    const struct sw_line *line;
    const struct sw_batch *batch;
    const double *y; /* NULL: packed */
    const struct sw_chunk *packed;
    uint32_t column; /* of y */
    uint32_t begin, end;
};

static struct sw_line_mark mark_at(const struct stretch *stretch, uint32_t row)
{
    const struct sw_batch *batch = stretch->batch;
    struct sw_line_mark mark = {.group = batch->group_index, .row = batch->start + row};
    mark.y = stretch->y != NULL ? stretch->y[row] : sw_batch_float(batch, stretch->column, row);
    mark.x = sw_batch_float(batch, stretch->line->x, row);
    return mark;
}

static void offer_packed(const struct stretch *stretch, struct sw_line_cell *cell)
{
    uint32_t least;
    uint32_t greatest;
    uint32_t begin = stretch->begin;
    sw_extremes(stretch->packed, stretch->batch->start + begin, stretch->end - begin, &least,
                &greatest);
    const struct sw_line_mark marks[SW_LINE_PLACES] = {
        [SW_LINE_LEAST] = mark_at(stretch, begin + least),
        [SW_LINE_GREATEST] = mark_at(stretch, begin + greatest),
        [SW_LINE_FIRST] = mark_at(stretch, begin),
        [SW_LINE_LAST] = mark_at(stretch, stretch->end - 1),
    };
    offer(stretch->line, cell, marks);
}

static void offer_stretch(const struct stretch *stretch, struct sw_line_cell *cell)
{
    const double *y = stretch->y;
    uint32_t first = stretch->begin;
    uint32_t last = stretch->end;
    while (first < last && y[first] != y[first]) {
        first++;
    }
    if (first == last) {
        return;
    }
    while (y[last - 1] != y[last - 1]) {
        last--;
    }
    double least;
    double greatest;
    uint32_t n = last - first;
    sw_min_max(y + first, n, &least, &greatest);
    /* Where what is kept is better, the row need not be found. */
    bool has_least = !cell->has_rows || least <= cell->mark[SW_LINE_LEAST].y;
    bool has_greatest = !cell->has_rows || greatest >= cell->mark[SW_LINE_GREATEST].y;
    const struct sw_line_mark marks[SW_LINE_PLACES] = {
        [SW_LINE_LEAST] = has_least ? mark_at(stretch, first + sw_find(y + first, n, least))
                                    : cell->mark[SW_LINE_LEAST],
        [SW_LINE_GREATEST] = has_greatest
                                 ? mark_at(stretch, first + sw_find(y + first, n, greatest))
                                 : cell->mark[SW_LINE_GREATEST],
        [SW_LINE_FIRST] = mark_at(stretch, first),
        [SW_LINE_LAST] = mark_at(stretch, last - 1),
    };
    offer(stretch->line, cell, marks);
}

static uint32_t place_at(const struct stretch *stretch, uint32_t row)
{
    uint16_t place;
    double x = sw_batch_float(stretch->batch, stretch->line->x, row);
    sw_axis_places(&stretch->line->axis, &x, 1, &place);
    return place;
}

/* The end of the rows from `begin` on that have that place, no row being before its place. */
static uint32_t end_of_place(const struct stretch *stretch, uint32_t place)
{
    uint32_t low = stretch->begin;
    uint32_t high = stretch->batch->rows;
    if (place_at(stretch, high - 1) == place) {
        return high;
    }
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (place_at(stretch, middle) == place) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return high;
}

/* Of x only the values at the borders of buckets are looked at. */
static void fold_ascending(const struct sw_line *line, struct sw_line_state *state,
                           struct sw_batch *batch, uint32_t k)
{
    double room[SW_VECTOR_ROWS];
    uint64_t keep[SW_VECTOR_WORDS];
    struct stretch stretch = {.line = line, .batch = batch, .column = line->y[k]};
    bool is_whole = sw_batch_select_valid(batch, line->y[k], keep) == batch->rows;
    if (is_whole && sw_has_extremes(sw_batch_chunk(batch, line->y[k]))) {
        stretch.packed = sw_batch_values(batch, line->y[k]);
    }
    if (stretch.packed == NULL) {
        stretch.y = sw_batch_floats(batch, line->y[k]);
    }
    if (!is_whole) {
        sw_mask_floats(stretch.y, keep, batch->rows, room);
        stretch.y = room;
    }
    for (; stretch.begin < batch->rows; stretch.begin = stretch.end) {
        uint32_t place = place_at(&stretch, stretch.begin);
        stretch.end = end_of_place(&stretch, place);
        if (place - 1 >= line->axis.bins) {
            continue;
        }
        struct sw_line_cell *cell = &state->cell[(size_t)(place - 1) * line->ys + k];
        if (stretch.packed != NULL) {
            offer_packed(&stretch, cell);
        } else {
            offer_stretch(&stretch, cell);
        }
    }
}

static sw_status fold_means(const struct sw_line *line, struct sw_line_state *state,
                            struct sw_batch *batch, struct sw_batch_places places)
{
    const struct sw_grouping grouping = {.select = batch->select,
                                         .selected = batch->selected,
                                         .narrow = places.narrow,
                                         .wide = places.wide,
                                         .groups = SW_AXIS_PLACES(&line->axis)};
    sw_binned_count(places, batch, state->counts, SW_AXIS_PLACES(&line->axis));
    return sw_measures_add(line->measures, state->measures, batch, &grouping);
}

static void fold(const void *plan_, void *state_, struct sw_batch *batch)
{
    const struct sw_line *line = plan_;
    struct sw_line_state *state = state_;
    uint64_t select[SW_VECTOR_WORDS];
    uint16_t room[SW_VECTOR_ROWS];
    if (state->status != SW_OK || batch->selected == 0 ||
        sw_batch_select_valid(batch, line->x, select) == 0) {
        return;
    }
    if (line->method != SW_LINE_MEAN && sw_batch_chunk(batch, line->x)->zone.is_ascending) {
        for (uint32_t k = 0; k < line->ys; k++) {
            fold_ascending(line, state, batch, k);
        }
        return;
    }
    struct sw_batch_places at = sw_batch_places(batch, line->x, &line->axis);
    if (line->method == SW_LINE_MEAN) {
        state->status = fold_means(line, state, batch, at);
        return;
    }
    const uint16_t *places = sw_binned_wide(at, batch->rows, room);
    for (uint32_t k = 0; k < line->ys; k++) {
        fold_rows(line, state, batch, select, places, k);
    }
}

static void needs(const void *plan_, struct sw_fold_needs *needs)
{
    const struct sw_line *line = plan_;
    sw_fold_reads(needs, line->x);
    for (uint32_t k = 0; k < line->ys; k++) {
        sw_fold_reads(needs, line->y[k]);
    }
    sw_identity_add(&needs->identity, line->axis.id);
    if (line->measures != NULL) {
        sw_measures_needs(line->measures, needs);
    }
}

static size_t settle(void *state_)
{
    struct sw_line_state *state = state_;
    size_t bytes = sizeof(*state) + state->cells * sizeof(*state->cell);
    bytes += state->measures != NULL ? sw_measures_settle(state->measures) : 0;
    return state->status == SW_OK ? bytes : SIZE_MAX;
}

/* The marks as rows of the group where they are now. */
static void offer_moved(const struct sw_line *line, struct sw_line_cell *cell,
                        const struct sw_line_mark *marks, uint32_t group)
{
    struct sw_line_mark moved[SW_LINE_PLACES];
    memcpy(moved, marks, sizeof(moved));
    for (unsigned place = 0; place < SW_LINE_PLACES && group != SW_FOLD_GROUPS; place++) {
        moved[place].group = group;
    }
    offer(line, cell, moved);
}

static sw_status merge(const void *plan_, void *into_, const void *from_, uint32_t group)
{
    const struct sw_line *line = plan_;
    struct sw_line_state *into = into_;
    const struct sw_line_state *from = from_;
    SW_TRY(into->status);
    SW_TRY(from->status);
    if (line->method == SW_LINE_MEAN) {
        for (uint32_t i = 0; i < SW_AXIS_PLACES(&line->axis); i++) {
            into->counts[i] += from->counts[i];
        }
        return sw_measures_merge(line->measures, into->measures, from->measures, NULL,
                                 SW_AXIS_PLACES(&line->axis));
    }
    for (size_t i = 0; i < (size_t)line->axis.bins * line->ys; i++) {
        if (from->cell[i].has_rows) {
            offer_moved(line, &into->cell[i], from->cell[i].mark, group);
        }
    }
    return SW_OK;
}

static sw_status finish(void *plan_, void *state, struct sw_series *series, size_t panel,
                        struct sw_err *err)
{
    return sw_line_finish(plan_, state, series, panel, err);
}

const struct sw_fold sw_fold_line = {
    .kind = "line",
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
