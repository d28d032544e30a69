/* See brush.h: answers. */
#include <math.h>
#include <stdlib.h>

#include "base/thread.h"
#include "exec/brush_priv.h"

#define EXACT_INT 0x1p53 /* whole numbers up to it are themselves as doubles */

int32_t sw_brush_find(const struct sw_brush *brush, const struct sw_identity *identity)
{
    for (uint32_t i = 0; brush->is_ready && i < brush->slots; i++) {
        if (sw_identity_equal(&brush->slot[i].identity, identity) &&
            !atomic_load_explicit(&brush->slot[i].is_dead, memory_order_relaxed)) {
            return (int32_t)i;
        }
    }
    return -1;
}

/* -- a move -------------------------------------------------------------------------------- */

static bool is_in_range(const struct sw_filter_range *range, const struct sw_value *value)
{
    return range->type == SW_TYPE_FLOAT ? value->u.f >= range->low_f && value->u.f <= range->high_f
                                        : value->u.i >= range->low_i && value->u.i <= range->high_i;
}

/* All that the bin holds lies in the range? */
static bool is_whole(const struct sw_brush *brush, const struct sw_filter_range *range,
                     uint32_t bin)
{
    double least = brush->least[bin];
    double most = brush->most[bin];
    if (range->type == SW_TYPE_FLOAT) {
        return least >= range->low_f && most <= range->high_f;
    }
    return fabs(least) < EXACT_INT && fabs(most) < EXACT_INT && (int64_t)least >= range->low_i &&
           (int64_t)most <= range->high_i;
}

static bool keep_edge(struct sw_brush *brush, uint32_t group, uint32_t at)
{
    if (brush->edges == brush->edges_capacity) {
        uint32_t capacity = brush->edges_capacity < 1024 ? 1024 : brush->edges_capacity * 2;
        struct sw_brush_edge *edge = realloc(brush->edge, capacity * sizeof(*edge));
        if (edge == NULL) {
            return false;
        }
        brush->edge = edge;
        brush->edges_capacity = capacity;
    }
    brush->edge[brush->edges++] = (struct sw_brush_edge){group, at};
    return true;
}

/* The rows of one row group's list. False: they are not in memory, or the edges find no room. */
static bool look_in(struct sw_brush *brush, const struct sw_filter_range *range, uint32_t group,
                    uint32_t from, uint32_t end)
{
    const struct sw_chunk *chunk = brush->version->group[group]->chunk[brush->column];
    const uint16_t *row = brush->lists[group].row;
    bool is_good = sw_chunk_pin_here(chunk);
    if (!is_good) {
        return false;
    }
    for (uint32_t at = from; is_good && at < end; at++) {
        struct sw_value value = sw_chunk_value(chunk, row[at]);
        is_good = !is_in_range(range, &value) || keep_edge(brush, group, at);
    }
    sw_chunk_unpin(chunk);
    return is_good;
}

/* The rows of a bin that are in the range. False: too many to be looked at, or not in memory. */
static bool look_at(struct sw_brush *brush, const struct sw_filter_range *range, uint32_t bin,
                    uint32_t *seen)
{
    for (uint32_t g = 0; g < brush->version->groups; g++) {
        const struct sw_brush_lists *lists = &brush->lists[g];
        if (lists->start == NULL) {
            continue;
        }
        uint32_t end = lists->start[bin + 1];
        *seen += end - lists->start[bin];
        if (*seen > SW_BRUSH_EDGE_ROWS) {
            return false;
        }
        if (lists->start[bin] < end && !look_in(brush, range, g, lists->start[bin], end)) {
            return false;
        }
    }
    return true;
}

static uint32_t place_of(const struct sw_brush *brush, double value)
{
    uint16_t place;
    sw_axis_places(&brush->axis, &value, 1, &place);
    return place;
}

bool sw_brush_move(struct sw_brush *brush, const struct sw_filter_range *range)
{
    sw_assert_loop();
    uint32_t seen = 0;
    if (!brush->is_ready || range->column != brush->column || range->type != brush->type) {
        return false;
    }
    brush->from = 0;
    brush->to = 0;
    brush->edges = 0;
    bool is_float = range->type == SW_TYPE_FLOAT;
    uint32_t first = place_of(brush, is_float ? range->low_f : (double)range->low_i);
    uint32_t last = place_of(brush, is_float ? range->high_f : (double)range->high_i);
    if (range->is_nothing || first > brush->bins || last < 1) {
        return true;
    }
    uint32_t low = first < 1 ? 0 : first - 1;
    uint32_t high = last > brush->bins ? brush->bins - 1 : last - 1;
    brush->from = low + 1;
    brush->to = high;
    if (is_whole(brush, range, low)) {
        brush->from = low;
    } else if (!look_at(brush, range, low, &seen)) {
        return false;
    }
    if (high > low && is_whole(brush, range, high)) {
        brush->to = high + 1;
    } else if (high > low && !look_at(brush, range, high, &seen)) {
        return false;
    }
    if (high == low) {
        brush->to = brush->from == low ? low + 1 : brush->from;
    }
    return true;
}

/* -- an answer ----------------------------------------------------------------------------- */

static void take_whole(const struct sw_brush *brush, uint32_t index, uint64_t *rows,
                       struct sw_cube_sum *sum)
{
    const struct sw_cube_shape *shape = &brush->slot[index].shape;
    const struct sw_brush_totals *totals = &brush->totals[index];
    size_t from = (size_t)brush->from * shape->cells;
    size_t to = (size_t)brush->to * shape->cells;
    for (uint32_t c = 0; c < shape->cells; c++) {
        rows[c] = totals->rows[to + c] - totals->rows[from + c];
    }
    for (uint32_t m = 0; shape->measures != NULL && m < shape->measures->count; m++) {
        const struct sw_brush_sums *sums = &totals->sums[m];
        struct sw_cube_sum *into = sum + (size_t)m * shape->cells;
        for (uint32_t c = 0; sums->n != NULL && c < shape->cells; c++) {
            into[c].n = sums->n[to + c] - sums->n[from + c];
            into[c].high = sums->high == NULL ? 0 : sums->high[to + c] - sums->high[from + c];
            into[c].low = sums->low == NULL ? 0 : sums->low[to + c] - sums->low[from + c];
        }
    }
}

static uint32_t cell_of(const struct sw_brush *brush, uint32_t index,
                        const struct sw_brush_edge *edge)
{
    const void *cells = brush->lists[edge->group].cells[index];
    return brush->slot[index].is_narrow ? ((const uint8_t *)cells)[edge->at]
                                        : ((const uint16_t *)cells)[edge->at];
}

/* The edges [from, end) are of one row group, whose chunk is pinned. */
static void add_edges(const struct sw_brush *brush, uint32_t index,
                      const struct sw_measure *measure, uint32_t from, uint32_t end,
                      struct sw_cube_sum *sum)
{
    uint32_t group = brush->edge[from].group;
    const struct sw_chunk *chunk = brush->version->group[group]->chunk[measure->column];
    const uint16_t *row = brush->lists[group].row;
    for (uint32_t i = from; i < end; i++) {
        uint32_t cell = cell_of(brush, index, &brush->edge[i]);
        if (cell < brush->slot[index].shape.cells) {
            struct sw_value value = sw_chunk_value(chunk, row[brush->edge[i].at]);
            bool is_met = sw_cube_add(measure, &value, &sum[cell]);
            sw_assert(is_met); /* one that is not was found when the index was made */
        }
    }
}

/* False: what the measure reads is not in memory. */
static bool take_values(const struct sw_brush *brush, uint32_t index,
                        const struct sw_measure *measure, struct sw_cube_sum *sum)
{
    for (uint32_t from = 0; from < brush->edges;) {
        uint32_t group = brush->edge[from].group;
        const struct sw_chunk *chunk = brush->version->group[group]->chunk[measure->column];
        uint32_t end = from + 1;
        while (end < brush->edges && brush->edge[end].group == group) {
            end++;
        }
        if (!sw_chunk_pin_here(chunk)) {
            return false;
        }
        add_edges(brush, index, measure, from, end, sum);
        sw_chunk_unpin(chunk);
        from = end;
    }
    return true;
}

static sw_status take_edges(const struct sw_brush *brush, uint32_t index, uint64_t *rows,
                            struct sw_cube_sum *sum)
{
    const struct sw_cube_shape *shape = &brush->slot[index].shape;
    const struct sw_measures *measures = shape->measures;
    for (uint32_t i = 0; i < brush->edges; i++) {
        uint32_t cell = cell_of(brush, index, &brush->edge[i]);
        if (cell < shape->cells) {
            rows[cell]++;
        }
    }
    for (uint32_t m = 0; measures != NULL && m < measures->count; m++) {
        const struct sw_measure *measure = &measures->measure[m];
        if (measure->has_input &&
            !take_values(brush, index, measure, sum + (size_t)m * shape->cells)) {
            return SW_AGAIN;
        }
    }
    return SW_OK;
}

static sw_status finish(const struct sw_brush_slot *slot, const struct sw_cube_cells *cells,
                        uint64_t rows, struct sw_series **series, struct sw_err *err)
{
    void *state = NULL;
    SW_TRY(sw_foldrun_init(slot->run, &state));
    sw_status status = sw_foldrun_fill(slot->run, state, cells, rows);
    if (status == SW_OK) {
        status = sw_foldrun_finish(slot->run, state, series, err);
    }
    sw_foldrun_state_free(state);
    return status;
}

sw_status sw_brush_answer(struct sw_brush *brush, uint32_t output, struct sw_series **series,
                          uint64_t *rows, struct sw_err *err)
{
    sw_assert_loop();
    sw_assert(brush->is_ready);
    sw_assert(output < brush->slots);
    const struct sw_brush_slot *slot = &brush->slot[output];
    size_t measures = slot->shape.measures == NULL ? 0 : slot->shape.measures->count;
    uint64_t *count = calloc(slot->shape.cells, sizeof(*count));
    struct sw_cube_sum *sum = calloc(measures * slot->shape.cells + 1, sizeof(*sum));
    sw_status status = count == NULL || sum == NULL ? SW_NO_MEMORY : SW_OK;
    if (status == SW_OK) {
        take_whole(brush, output, count, sum);
        status = take_edges(brush, output, count, sum);
    }
    if (status == SW_OK) {
        *rows = 0;
        for (uint32_t c = 0; c < slot->shape.cells; c++) {
            *rows += count[c];
        }
        const struct sw_cube_cells cells = {count, sum};
        status = finish(slot, &cells, *rows, series, err);
    }
    free(count);
    free(sum);
    return status;
}
