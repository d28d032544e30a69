/* See measure.h: the life of a partial, and two of them together. */
#include <stdlib.h>

#include "fold/measure_priv.h"

#define GROUPS_MIN 16u

enum sw_cell_kind sw_measure_kind(const struct sw_measure *measure)
{
    bool is_float = measure->type == SW_TYPE_FLOAT;
    switch (measure->fn) {
    case SW_MEASURE_COUNT:
    case SW_MEASURE_MEDIAN:
    case SW_MEASURE_DISTINCT:
        return SW_CELL_COUNT;
    case SW_MEASURE_SUM:
    case SW_MEASURE_MEAN:
        return is_float ? SW_CELL_FLOAT : SW_CELL_INT;
    case SW_MEASURE_STDDEV:
        return SW_CELL_SPREAD;
    case SW_MEASURE_MIN:
    case SW_MEASURE_MAX:
        break;
    }
    return measure->type == SW_TYPE_STRING ? SW_CELL_TEXT : SW_CELL_BEST;
}

static size_t size_of(enum sw_cell_kind kind)
{
    static const size_t sizes[] = {
        [SW_CELL_COUNT] = sizeof(struct sw_cell_count),
        [SW_CELL_INT] = sizeof(struct sw_cell_int),
        [SW_CELL_FLOAT] = sizeof(struct sw_cell_float),
        [SW_CELL_SPREAD] = sizeof(struct sw_cell_spread),
        [SW_CELL_BEST] = sizeof(struct sw_cell_best),
        [SW_CELL_TEXT] = sizeof(struct sw_cell_text),
    };
    return sizes[kind];
}

size_t sw_measure_cell_bytes(const struct sw_measure *measure)
{
    return size_of(sw_measure_kind(measure));
}

/* -- life ------------------------------------------------------------------------- */

static sw_status new_column(const struct sw_measures *measures, const struct sw_measure *measure,
                            struct sw_measure_column *column)
{
    column->kind = sw_measure_kind(measure);
    if (measure->program != NULL) {
        SW_TRY(sw_expr_state_new(measure->program, &column->expr));
    }
    if (measure->ranks != NULL) {
        SW_TRY(sw_ranks_state_new(measure->ranks, &column->ranks));
    }
    if (measure->fn == SW_MEASURE_DISTINCT) {
        int64_t index = measure->program != NULL ? -1 : (int64_t)measure->column;
        return sw_distinct_new(measures->version, index, measure->type, &column->distinct);
    }
    return SW_OK;
}

sw_status sw_measures_state_new(const struct sw_measures *measures,
                                struct sw_measures_state **state)
{
    struct sw_measures_state *made =
        calloc(1, sizeof(*made) + measures->count * sizeof(struct sw_measure_column));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->columns = measures->count;
    for (uint32_t i = 0; i < measures->count; i++) {
        sw_status status = new_column(measures, &measures->measure[i], &made->column[i]);
        if (status != SW_OK) {
            sw_measures_state_free(made);
            return status;
        }
    }
    *state = made;
    return SW_OK;
}

static void free_cells(const struct sw_measure_column *column, uint32_t capacity)
{
    enum sw_cell_kind kind = column->kind;
    union sw_cells cells = column->cells;
    for (uint32_t g = 0; g < capacity; g++) {
        if (kind == SW_CELL_FLOAT && column->has_strays) {
            free(cells.floats[g].sum.stray);
        } else if (kind == SW_CELL_SPREAD) {
            for (unsigned k = 0; k < 3; k++) {
                sw_exact_sum_fini(&cells.spread[g].sum[k]);
            }
        } else if (kind == SW_CELL_TEXT) {
            free(cells.text[g].data);
        } else {
            break;
        }
    }
    free(cells.any);
}

void sw_measures_state_free(struct sw_measures_state *state)
{
    if (state == NULL) {
        return;
    }
    for (uint32_t i = 0; i < state->columns; i++) {
        struct sw_measure_column *column = &state->column[i];
        free_cells(column, column->cells.any != NULL ? state->capacity : 0);
        sw_distinct_free(column->distinct);
        sw_ranks_state_free(column->ranks);
        if (column->expr != NULL) {
            sw_expr_state_free(column->expr);
        }
    }
    free(state);
}

sw_status sw_measures_grow(const struct sw_measures *measures, struct sw_measures_state *state,
                           uint32_t groups)
{
    state->groups = groups > state->groups ? groups : state->groups;
    if (groups <= state->capacity) {
        return SW_OK;
    }
    uint32_t more = state->capacity == 0 ? 0 : groups / 2; /* the first time it may be all */
    uint32_t capacity = groups <= GROUPS_MIN ? GROUPS_MIN : groups + more;
    for (uint32_t i = 0; i < measures->count; i++) {
        size_t size = sw_measure_cell_bytes(&measures->measure[i]);
        union sw_cells *cells = &state->column[i].cells;
        bool is_first = cells->any == NULL && state->capacity == 0;
        char *grown = is_first ? calloc(capacity, size) : realloc(cells->any, capacity * size);
        if (grown == NULL) {
            return SW_NO_MEMORY;
        }
        if (!is_first) {
            memset(grown + state->capacity * size, 0, (capacity - state->capacity) * size);
        }
        cells->any = grown;
    }
    state->capacity = capacity;
    return SW_OK;
}

void sw_measures_carry(const struct sw_measures *measures, struct sw_measures_state *state)
{
    for (uint32_t i = 0; i < measures->count; i++) {
        enum sw_cell_kind kind = sw_measure_kind(&measures->measure[i]);
        union sw_cells cells = state->column[i].cells;
        for (uint32_t g = 0; kind == SW_CELL_FLOAT && g < state->capacity; g++) {
            sw_exact_sum_carry(&cells.floats[g].sum);
        }
        for (uint32_t g = 0; kind == SW_CELL_SPREAD && g < state->capacity; g++) {
            for (unsigned k = 0; k < 3; k++) {
                sw_exact_sum_carry(&cells.spread[g].sum[k]);
            }
        }
    }
    state->rows = 0;
}

/* -- merging --------------------------------------------------------------------------- */

sw_status sw_measure_keep_text(struct sw_cell_text *cell, bool is_max, struct sw_span text)
{
    if (cell->data != NULL) {
        int order = sw_span_compare(text, sw_span_of(cell->data, cell->length));
        if (is_max ? order <= 0 : order >= 0) {
            return SW_OK;
        }
    }
    if (cell->data == NULL || cell->capacity < text.length) {
        char *data = realloc(cell->data, text.length + 16);
        if (data == NULL) {
            return SW_NO_MEMORY;
        }
        cell->data = data;
        cell->capacity = text.length + 16;
    }
    if (text.length > 0) {
        memcpy(cell->data, text.data, text.length);
    }
    cell->length = text.length;
    return SW_OK;
}

static sw_status merge_text(struct sw_cell_text *into, const struct sw_cell_text *from, bool is_max)
{
    into->n += from->n;
    return from->data == NULL
               ? SW_OK
               : sw_measure_keep_text(into, is_max, sw_span_of(from->data, from->length));
}

static void merge_best(const struct sw_measure *measure, struct sw_cell_best *into,
                       const struct sw_cell_best *from)
{
    into->n += from->n;
    if (!from->has_best) {
        return;
    }
    int order = measure->type == SW_TYPE_FLOAT ? (from->u.f > into->u.f) - (from->u.f < into->u.f)
                                               : (from->u.i > into->u.i) - (from->u.i < into->u.i);
    if (!into->has_best || (measure->fn == SW_MEASURE_MAX ? order > 0 : order < 0)) {
        into->u = from->u;
        into->has_best = true;
    }
}

/* Sums that have room for one another, and none of `from` a stray: a cell is then words to be
 * added, the last of them, where a stray of `into` may be, to nothing. */
typedef uint64_t word __attribute__((may_alias));
_Static_assert(sizeof(struct sw_cell_float) == 5 * sizeof(word), "no padding between the words");

static void add_floats(struct sw_cell_float *into, const struct sw_cell_float *from,
                       uint32_t groups)
{
    const word *restrict words = (const word *)from;
    word *restrict sums = (word *)into;
    for (size_t i = 0; i < (size_t)groups * 5; i++) {
        sums[i] += words[i];
    }
}

/* Of many groups most may be empty, and those need no carry. */
static sw_status merge_floats(struct sw_measure_column *into, const struct sw_measure_column *from,
                              const uint32_t *map, uint32_t groups)
{
    into->has_strays = into->has_strays || from->has_strays;
    for (uint32_t g = 0; g < groups; g++) {
        const struct sw_cell_float *cell = &from->cells.floats[g];
        uint32_t to = map != NULL ? map[g] : g;
        if (cell->n > 0 && to != SW_KEYS_NONE) {
            into->cells.floats[to].n += cell->n;
            SW_TRY(sw_exact_sum_merge(&into->cells.floats[to].sum, &cell->sum));
        }
    }
    return SW_OK;
}

static sw_status merge_cell(const struct sw_measure *measure, union sw_cells into,
                            uint32_t into_group, const union sw_cells from, uint32_t g)
{
    switch (sw_measure_kind(measure)) {
    case SW_CELL_COUNT:
        into.count[into_group].n += from.count[g].n;
        return SW_OK;
    case SW_CELL_INT:
        into.ints[into_group].n += from.ints[g].n;
        into.ints[into_group].sum += from.ints[g].sum;
        return SW_OK;
    case SW_CELL_FLOAT:
        break; /* all at once: merge_floats */
    case SW_CELL_SPREAD:
        into.spread[into_group].n += from.spread[g].n;
        for (unsigned k = 0; k < 3; k++) {
            SW_TRY(sw_exact_sum_merge(&into.spread[into_group].sum[k], &from.spread[g].sum[k]));
        }
        return SW_OK;
    case SW_CELL_BEST:
        merge_best(measure, &into.best[into_group], &from.best[g]);
        return SW_OK;
    case SW_CELL_TEXT:
        return merge_text(&into.text[into_group], &from.text[g], measure->fn == SW_MEASURE_MAX);
    }
    return SW_INTERNAL;
}

/* `is_short`: the sums have room for one another. */
static sw_status merge_cells(const struct sw_measure *measure, struct sw_measure_column *into,
                             const struct sw_measure_column *from, const uint32_t *map,
                             uint32_t groups, bool is_short)
{
    if (from->kind == SW_CELL_FLOAT && is_short && !from->has_strays) {
        sw_assert(map == NULL);
        add_floats(into->cells.floats, from->cells.floats, groups);
        return SW_OK;
    }
    if (from->kind == SW_CELL_FLOAT) {
        return merge_floats(into, from, map, groups);
    }
    for (uint32_t g = 0; g < groups; g++) {
        uint32_t to = map != NULL ? map[g] : g;
        if (to != SW_KEYS_NONE) {
            SW_TRY(merge_cell(measure, into->cells, to, from->cells, g));
        }
    }
    return SW_OK;
}

/* A bound on the values in a sum of a partial: those since it was carried, and what the carry left
 * is below one more. */
static uint32_t bound_of(const struct sw_measures_state *state)
{
    return state->rows + 1;
}

sw_status sw_measures_merge(const struct sw_measures *measures, struct sw_measures_state *into,
                            const struct sw_measures_state *from, const uint32_t *map,
                            uint32_t groups)
{
    SW_TRY(sw_measures_grow(measures, into, groups));
    if (bound_of(into) + bound_of(from) > SW_EXACT_ROWS) {
        sw_measures_carry(measures, into);
    }
    /* With a map many groups may become one, each with what its carry left. */
    bool is_short = map == NULL && bound_of(into) + bound_of(from) <= SW_EXACT_ROWS;
    into->rows += is_short ? bound_of(from) : 2;
    for (uint32_t i = 0; i < measures->count; i++) {
        const struct sw_measure *measure = &measures->measure[i];
        struct sw_measure_column *to = &into->column[i];
        const struct sw_measure_column *of = &from->column[i];
        SW_TRY(merge_cells(measure, to, of, map, from->groups, is_short));
        if (measure->ranks != NULL) {
            SW_TRY(sw_ranks_merge(measure->ranks, to->ranks, of->ranks, map, groups));
        }
        if (to->distinct != NULL) {
            SW_TRY(sw_distinct_merge(to->distinct, of->distinct, map));
        }
    }
    return SW_OK;
}

/* -- kept partials ----------------------------------------------------------------------- */

static size_t bytes_of_cells(const struct sw_measure_column *column, uint32_t capacity)
{
    size_t bytes = capacity * size_of(column->kind);
    for (uint32_t g = 0; column->kind == SW_CELL_FLOAT && g < capacity; g++) {
        bytes += column->cells.floats[g].sum.stray != NULL ? sizeof(struct sw_exact) : 0;
    }
    for (uint32_t g = 0; column->kind == SW_CELL_SPREAD && g < capacity; g++) {
        for (unsigned k = 0; k < 3; k++) {
            bytes += column->cells.spread[g].sum[k].stray != NULL ? sizeof(struct sw_exact) : 0;
        }
    }
    for (uint32_t g = 0; column->kind == SW_CELL_TEXT && g < capacity; g++) {
        bytes += column->cells.text[g].capacity;
    }
    return bytes;
}

size_t sw_measures_settle(struct sw_measures_state *state)
{
    size_t bytes = sizeof(*state) + state->columns * sizeof(state->column[0]);
    for (uint32_t i = 0; i < state->columns; i++) {
        struct sw_measure_column *column = &state->column[i];
        bytes += column->cells.any != NULL ? bytes_of_cells(column, state->capacity) : 0;
        bytes += column->distinct != NULL ? sw_distinct_settle(column->distinct) : 0;
        if (column->expr != NULL) {
            sw_expr_state_free(column->expr);
            column->expr = NULL;
        }
    }
    return bytes;
}
