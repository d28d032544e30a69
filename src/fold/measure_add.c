/* See measure.h: rows into cells. */
#include <math.h>

#include "fold/measure_priv.h"
#include "kernel/kernel.h"

#define FEW_SHARE  4u                 /* one row in so many must count for groups by row */
#define INT_SUMMED (INT64_C(1) << 51) /* sums of 2,048 values below it are below 2^63 */

/* -- inputs ------------------------------------------------------------------------- */

/* Values of a measure's input for the rows of a vector. */
struct input {
    const int64_t *ints;
    const double *floats;
    const struct sw_span *texts; /* NULL: a column's strings, read one by one */
    const uint64_t *valid;
    bool is_small; /* ints lie within INT_SUMMED */
};

/* The rows of a vector that a measure sees, with their groups, all below `groups`: by row where
 * groups are few and rows are many (`few`), and as a list once somebody asks for it. */
struct rows {
    const struct sw_grouping *grouping;
    const struct sw_batch *batch;
    const uint64_t *valid; /* those of the grouping that are in this set; NULL: all */
    bool is_few, has_tally, is_listed;
    uint32_t groups;
    uint32_t n; /* of the list */
    const uint16_t *row;
    const uint32_t *group;
    uint64_t tally[SW_FEW_GROUPS + 1]; /* rows of each group; few */
    uint8_t few[SW_VECTOR_ROWS];       /* group of each row, `groups` for rows not in it */
    uint16_t own_row[SW_VECTOR_ROWS];
    uint32_t own_group[SW_VECTOR_ROWS];
};

static void read_column(const struct sw_measure *measure, struct sw_batch *batch,
                        struct input *input)
{
    bool as_float = measure->type == SW_TYPE_FLOAT || measure->fn == SW_MEASURE_STDDEV;
    input->valid = sw_batch_valid(batch, measure->column);
    if (measure->type == SW_TYPE_STRING || measure->fn == SW_MEASURE_COUNT) {
        return;
    }
    if (as_float) {
        input->floats = sw_batch_floats(batch, measure->column);
    } else {
        const struct sw_zone *zone = &sw_batch_chunk(batch, measure->column)->zone;
        input->ints = sw_batch_ints(batch, measure->column);
        input->is_small = zone->has_values && zone->min_i > -INT_SUMMED && zone->max_i < INT_SUMMED;
    }
}

/* `room` takes the doubles of integers where doubles are wanted. */
static void read_program(const struct sw_measure *measure, struct sw_measure_column *column,
                         struct sw_batch *batch, struct input *input, double *room)
{
    struct sw_expr_vector vector;
    sw_expr_eval(measure->program, column->expr, batch, &vector);
    *input = (struct input){vector.ints, vector.floats, vector.texts, vector.valid, false};
    if (measure->fn == SW_MEASURE_STDDEV && measure->type != SW_TYPE_FLOAT) {
        for (uint32_t i = 0; i < batch->rows; i++) {
            room[i] = (double)vector.ints[i];
        }
        input->floats = room;
    }
}

/* -- rows ---------------------------------------------------------------------------- */

static void begin_rows(struct rows *rows, const struct sw_grouping *grouping,
                       const struct sw_batch *batch, const uint64_t *valid)
{
    rows->grouping = grouping;
    rows->batch = batch;
    rows->valid = valid;
    rows->groups = grouping->groups;
    rows->has_tally = false;
    rows->is_listed = false;
    rows->is_few = grouping->narrow != NULL && grouping->groups <= SW_FEW_GROUPS &&
                   grouping->selected >= batch->rows / FEW_SHARE;
    if (!rows->is_few) {
        return;
    }
    uint64_t keep[SW_VECTOR_WORDS];
    for (uint32_t word = 0; word < SW_VECTOR_WORDS; word++) {
        keep[word] =
            (grouping->select != NULL ? grouping->select[word] : UINT64_MAX) &
            (valid != NULL && word < sw_bits_words(batch->rows) ? valid[word] : UINT64_MAX);
    }
    if (grouping->select == NULL && valid == NULL) {
        memcpy(rows->few, grouping->narrow, batch->rows);
    } else {
        sw_mark(grouping->narrow, keep, batch->rows, (uint8_t)grouping->groups, rows->few);
    }
}

static const uint64_t *tally_of(struct rows *rows)
{
    if (!rows->has_tally) {
        memset(rows->tally, 0, (rows->groups + (size_t)1) * sizeof(*rows->tally));
        sw_count_narrow(rows->few, NULL, rows->batch->rows, rows->batch->rows, rows->tally,
                        rows->groups);
        rows->has_tally = true;
    }
    return rows->tally;
}

static void list_groups(struct rows *rows)
{
    const struct sw_grouping *from = rows->grouping;
    rows->n = sw_bits_rows(from->select, rows->batch->rows, rows->own_row);
    rows->row = rows->own_row;
    rows->group = rows->own_group;
    for (uint32_t i = 0; i < rows->n && from->narrow != NULL; i++) {
        rows->own_group[i] = from->narrow[rows->own_row[i]];
    }
    for (uint32_t i = 0; i < rows->n && from->wide != NULL; i++) {
        rows->own_group[i] = from->wide[rows->own_row[i]];
    }
    for (uint32_t i = 0; i < rows->n && from->full != NULL; i++) {
        rows->own_group[i] = from->full[rows->own_row[i]];
    }
}

static void keep_valid(struct rows *rows)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < rows->n; i++) {
        uint16_t row = rows->row[i];
        rows->own_row[n] = row;
        rows->own_group[n] = rows->group[i];
        n += sw_bits_has(rows->valid, row);
    }
    rows->n = n;
    rows->row = rows->own_row;
    rows->group = rows->own_group;
}

/* Makes row[0..n) and group[0..n). */
static void list_rows(struct rows *rows)
{
    if (rows->is_listed) {
        return;
    }
    rows->is_listed = true;
    if (rows->grouping->row == NULL) {
        list_groups(rows);
    } else {
        rows->n = rows->grouping->selected;
        rows->row = rows->grouping->row;
        rows->group = rows->grouping->group;
    }
    if (rows->valid != NULL) {
        keep_valid(rows);
    }
}

/* -- adding -------------------------------------------------------------------------- */

static void add_counts(struct sw_cell_count *cell, struct rows *rows)
{
    if (rows->is_few) {
        const uint64_t *tally = tally_of(rows);
        for (uint32_t g = 0; g < rows->groups; g++) {
            cell[g].n += (int64_t)tally[g];
        }
        return;
    }
    list_rows(rows);
    for (uint32_t i = 0; i < rows->n; i++) {
        cell[rows->group[i]].n++;
    }
}

static void add_ints(struct sw_cell_int *cell, const struct input *input, struct rows *rows)
{
    const int64_t *values = input->ints;
    if (rows->is_few && input->is_small) {
        int64_t sum[SW_FEW_GROUPS + 1];
        const uint64_t *tally = tally_of(rows);
        sw_few_sum_ints(values, rows->few, rows->batch->rows, rows->groups + 1, sum);
        for (uint32_t g = 0; g < rows->groups; g++) {
            cell[g].n += (int64_t)tally[g];
            cell[g].sum += sum[g];
        }
        return;
    }
    list_rows(rows);
    for (uint32_t i = 0; i < rows->n; i++) {
        struct sw_cell_int *c = &cell[rows->group[i]];
        c->n++;
        c->sum += values[rows->row[i]];
    }
}

static sw_status add_sum(const struct sw_exact_cut *cut, struct sw_exact_sum *sum, double value)
{
    int64_t high;
    int64_t low;
    if (cut->is_usable && sw_exact_split(cut, value, &high, &low)) {
        sum->high += high;
        sum->low += low;
        return SW_OK;
    }
    return sw_exact_sum_stray(sum, value);
}

static sw_status add_float(const struct sw_measure *measure, struct sw_cell_float *cell,
                           double value)
{
    cell->n++;
    return add_sum(&measure->cut[0], &cell->sum, value);
}

/* All rows at once, but for blocks in which a value is not met by the cut. */
static sw_status add_floats_few(const struct sw_measure *measure, struct sw_cell_float *cell,
                                const double *values, struct rows *rows)
{
    struct sw_few_sum sum[SW_FEW_GROUPS + 1];
    uint32_t n = rows->batch->rows;
    uint32_t left = sw_few_sum(&measure->cut[0], values, rows->few, n, rows->groups + 1, sum);
    for (uint32_t g = 0; g < rows->groups; g++) {
        cell[g].n += sum[g].n;
        cell[g].sum.high += sum[g].high;
        cell[g].sum.low += sum[g].low;
        rows->tally[g] = (uint64_t)sum[g].n;
    }
    rows->has_tally = left == 0;
    for (; left != 0; left &= left - 1) {
        uint32_t first = (uint32_t)__builtin_ctz(left) * 64;
        for (uint32_t i = first; i < first + 64 && i < n; i++) {
            if (rows->few[i] < rows->groups) {
                SW_TRY(add_float(measure, &cell[rows->few[i]], values[i]));
            }
        }
    }
    return SW_OK;
}

static sw_status add_floats(const struct sw_measure *measure, struct sw_cell_float *cell,
                            const double *values, struct rows *rows)
{
    if (rows->is_few && measure->cut[0].is_usable) {
        return add_floats_few(measure, cell, values, rows);
    }
    const struct sw_exact_cut cut = measure->cut[0];
    list_rows(rows);
    for (uint32_t i = 0; i < rows->n; i++) {
        struct sw_cell_float *c = &cell[rows->group[i]];
        int64_t high;
        int64_t low;
        double value = values[rows->row[i]];
        c->n++;
        if (__builtin_expect(!sw_exact_split(&cut, value, &high, &low) || !cut.is_usable, 0)) {
            SW_TRY(sw_exact_sum_stray(&c->sum, value));
            continue;
        }
        c->sum.high += high;
        c->sum.low += low;
    }
    return SW_OK;
}

/* a * a - square, exactly (Dekker 1971), for |a| < 1. */
static double square_error(double a, double square)
{
    double c = a * 0x1.0000002p27;
    double high = c - (c - a);
    double low = a - high;
    return ((high * high - square) + 2 * high * low) + low * low;
}

static sw_status add_spread(const struct sw_measure *measure, struct sw_cell_spread *cell,
                            const double *values, const struct rows *rows)
{
    for (uint32_t i = 0; i < rows->n; i++) {
        struct sw_cell_spread *c = &cell[rows->group[i]];
        double value = values[rows->row[i]] * measure->power;
        double square = value * value;
        c->n++;
        SW_TRY(add_sum(&measure->cut[0], &c->sum[0], value));
        SW_TRY(add_sum(&measure->cut[1], &c->sum[1], square));
        if (isfinite(square) && fabs(value) < 0x1p900) {
            SW_TRY(add_sum(&measure->cut[2], &c->sum[2], square_error(value, square)));
        }
    }
    return SW_OK;
}

static void add_best_floats(bool is_max, struct sw_cell_best *cell, const double *values,
                            const struct rows *rows)
{
    for (uint32_t i = 0; i < rows->n; i++) {
        struct sw_cell_best *c = &cell[rows->group[i]];
        double value = values[rows->row[i]];
        c->n++;
        if (value == value && (!c->has_best || (is_max ? value > c->u.f : value < c->u.f))) {
            c->u.f = value;
            c->has_best = true;
        }
    }
}

static void add_best_ints(bool is_max, struct sw_cell_best *cell, const int64_t *values,
                          const struct rows *rows)
{
    for (uint32_t i = 0; i < rows->n; i++) {
        struct sw_cell_best *c = &cell[rows->group[i]];
        int64_t value = values[rows->row[i]];
        c->n++;
        if (!c->has_best || (is_max ? value > c->u.i : value < c->u.i)) {
            c->u.i = value;
            c->has_best = true;
        }
    }
}

static struct sw_span text_at(const struct sw_measure *measure, const struct sw_batch *batch,
                              const struct input *input, uint32_t row)
{
    return input->texts != NULL ? input->texts[row] : sw_batch_text(batch, measure->column, row);
}

static sw_status add_texts(const struct sw_measure *measure, struct sw_cell_text *cell,
                           const struct sw_batch *batch, const struct input *input,
                           const struct rows *rows)
{
    bool is_max = measure->fn == SW_MEASURE_MAX;
    for (uint32_t i = 0; i < rows->n; i++) {
        struct sw_cell_text *c = &cell[rows->group[i]];
        c->n++;
        SW_TRY(sw_measure_keep_text(c, is_max, text_at(measure, batch, input, rows->row[i])));
    }
    return SW_OK;
}

static sw_status add_distinct(const struct sw_measure *measure, struct sw_distinct *distinct,
                              struct sw_batch *batch, const struct input *input,
                              const struct rows *rows)
{
    if (measure->program == NULL) {
        return sw_distinct_rows(distinct, batch, rows->row, rows->group, rows->n);
    }
    for (uint32_t i = 0; i < rows->n; i++) {
        struct sw_value value = {.type = measure->type};
        uint32_t row = rows->row[i];
        if (measure->type == SW_TYPE_STRING) {
            value.u.s = input->texts[row];
        } else if (measure->type == SW_TYPE_FLOAT) {
            value.u.f = input->floats[row];
        } else {
            value.u.i = input->ints[row];
        }
        SW_TRY(sw_distinct_add(distinct, &value, rows->group[i]));
    }
    return SW_OK;
}

static sw_status add_ranks(const struct sw_measure *measure, struct sw_ranks_state *state,
                           const struct input *input, const struct rows *rows)
{
    uint64_t key[SW_VECTOR_ROWS];
    uint32_t group[SW_VECTOR_ROWS];
    uint32_t n = 0;
    for (uint32_t i = 0; i < rows->n; i++) {
        uint32_t row = rows->row[i];
        group[n] = rows->group[i];
        if (measure->type == SW_TYPE_FLOAT) {
            double value = input->floats[row];
            key[n] = sw_ranks_key_float(value);
            n += value == value;
        } else {
            key[n++] = sw_ranks_key_int(input->ints[row]);
        }
    }
    return sw_ranks_add(measure->ranks, state, key, group, n, rows->groups);
}

static sw_status add_cells(const struct sw_measure *measure, struct sw_measure_column *column,
                           const struct sw_batch *batch, const struct input *input,
                           struct rows *rows)
{
    bool is_max = measure->fn == SW_MEASURE_MAX;
    enum sw_cell_kind kind = sw_measure_kind(measure);
    if (kind != SW_CELL_COUNT && kind != SW_CELL_INT && kind != SW_CELL_FLOAT) {
        list_rows(rows);
    }
    switch (kind) {
    case SW_CELL_COUNT:
        add_counts(column->cells.count, rows);
        return SW_OK;
    case SW_CELL_INT:
        add_ints(column->cells.ints, input, rows);
        return SW_OK;
    case SW_CELL_FLOAT:
        return add_floats(measure, column->cells.floats, input->floats, rows);
    case SW_CELL_SPREAD:
        return add_spread(measure, column->cells.spread, input->floats, rows);
    case SW_CELL_BEST:
        if (measure->type == SW_TYPE_FLOAT) {
            add_best_floats(is_max, column->cells.best, input->floats, rows);
        } else {
            add_best_ints(is_max, column->cells.best, input->ints, rows);
        }
        return SW_OK;
    case SW_CELL_TEXT:
        return add_texts(measure, column->cells.text, batch, input, rows);
    }
    return SW_INTERNAL;
}

static sw_status add_measure(const struct sw_measure *measure, struct sw_measure_column *column,
                             struct sw_batch *batch, struct rows *all)
{
    struct rows valid_rows;
    struct rows *rows = all;
    struct input input = {0};
    double room[SW_VECTOR_ROWS];
    if (measure->program != NULL) {
        read_program(measure, column, batch, &input, room);
    } else if (measure->has_input) {
        read_column(measure, batch, &input);
    }
    if (input.valid != NULL) {
        begin_rows(&valid_rows, all->grouping, batch, input.valid);
        rows = &valid_rows;
    }
    SW_TRY(add_cells(measure, column, batch, &input, rows));
    if (measure->ranks != NULL) {
        list_rows(rows);
        return add_ranks(measure, column->ranks, &input, rows);
    }
    if (column->distinct != NULL) {
        list_rows(rows);
        return add_distinct(measure, column->distinct, batch, &input, rows);
    }
    return SW_OK;
}

static void count_rows(struct rows *rows, uint64_t *counts)
{
    const struct sw_grouping *from = rows->grouping;
    uint32_t n = rows->batch->rows;
    if (rows->is_few) {
        const uint64_t *tally = tally_of(rows);
        for (uint32_t g = 0; g < rows->groups; g++) {
            counts[g] += tally[g];
        }
    } else if (from->narrow != NULL) {
        sw_count_narrow(from->narrow, from->select, from->selected, n, counts, from->groups);
    } else {
        sw_assert(from->wide != NULL);
        sw_count_wide(from->wide, from->select, from->selected, n, counts, from->groups);
    }
}

static bool is_float_sum(const struct sw_measure *measure)
{
    return sw_measure_kind(measure) == SW_CELL_FLOAT;
}

/* Sums first: those of few groups know how many rows there were. */
sw_status sw_measures_add(const struct sw_measures *measures, struct sw_measures_state *state,
                          struct sw_batch *batch, const struct sw_grouping *grouping)
{
    struct rows rows;
    SW_TRY(sw_measures_grow(measures, state, grouping->groups));
    if (state->rows + grouping->selected > SW_EXACT_ROWS) {
        sw_measures_carry(measures, state);
    }
    state->rows += grouping->selected;
    begin_rows(&rows, grouping, batch, NULL);
    for (uint32_t i = 0; i < measures->count * 2; i++) {
        uint32_t k = i % measures->count;
        if (is_float_sum(&measures->measure[k]) == (i < measures->count)) {
            SW_TRY(add_measure(&measures->measure[k], &state->column[k], batch, &rows));
        }
    }
    if (grouping->rows != NULL) {
        count_rows(&rows, grouping->rows);
    }
    return SW_OK;
}
