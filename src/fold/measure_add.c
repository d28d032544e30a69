/* See measure.h: rows into cells. */
#include <math.h>
#include <stddef.h>

#include "fold/measure_priv.h"
#include "fold/measure_rows.h"

#define PART_ROWS  256u
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

/* Is a selected row beyond the ints of its expression? */
static bool has_misfits(const struct sw_expr_vector *vector, const struct sw_batch *batch)
{
    uint64_t any = 0;
    for (uint32_t word = 0; vector->misfits != NULL && word * 64 < batch->rows; word++) {
        const uint32_t left = batch->rows - word * 64;
        const uint64_t inside = left >= 64 ? UINT64_MAX : ((uint64_t)1 << left) - 1;
        const uint64_t wanted = batch->select == NULL ? inside : batch->select[word] & inside;
        any |= vector->misfits[word] & wanted;
    }
    return any != 0;
}

/* `room` takes the doubles of integers where doubles are wanted.  An int that overflows is a float
 * in SQLite: a count and a spread take it so; all others are made of ints, and leaving the row out
 * would be wrong in silence. SW_TYPE: exec/merge.c says what to do. */
static sw_status read_program(const struct sw_measure *measure, struct sw_measure_column *column,
                              struct sw_batch *batch, struct input *input, double *room)
{
    struct sw_expr_vector vector;
    const enum sw_type type = sw_program_type(measure->program);
    const bool takes_floats = measure->fn == SW_MEASURE_COUNT || measure->fn == SW_MEASURE_STDDEV;
    sw_expr_eval_as(measure->program, column->expr, batch,
                    takes_floats && type == SW_TYPE_INT ? SW_TYPE_FLOAT : type, &vector);
    if (has_misfits(&vector, batch)) {
        return SW_TYPE;
    }
    *input = (struct input){vector.ints, vector.floats, vector.texts, vector.valid, false};
    if (measure->fn == SW_MEASURE_STDDEV && vector.type != SW_TYPE_FLOAT) {
        for (uint32_t i = 0; i < batch->rows; i++) {
            room[i] = (double)vector.ints[i];
        }
        input->floats = room;
    }
    return SW_OK;
}

/* -- adding -------------------------------------------------------------------------- */

static void add_counts(struct sw_cell_count *cell, struct sw_rows *rows)
{
    switch (rows->form) {
    case SW_ROWS_FEW:
        for (uint32_t g = 0; g < rows->groups; g++) {
            cell[g].n += (int64_t)sw_rows_tally(rows)[g];
        }
        return;
    case SW_ROWS_WIDE:
        for (uint32_t i = 0; i < rows->batch->rows; i++) {
            cell[rows->wide[i]].n++;
        }
        return;
    case SW_ROWS_LISTED:
        break;
    }
    sw_rows_list(rows);
    for (uint32_t i = 0; i < rows->n; i++) {
        cell[rows->group[i]].n++;
    }
}

static void add_ints(struct sw_cell_int *cell, const struct input *input, struct sw_rows *rows)
{
    const int64_t *values = input->ints;
    if (rows->form == SW_ROWS_FEW && input->is_small) {
        int64_t sum[SW_FEW_GROUPS + 1];
        const uint64_t *tally = sw_rows_tally(rows);
        sw_few_sum_ints(values, rows->few, rows->batch->rows, rows->groups + 1, sum);
        for (uint32_t g = 0; g < rows->groups; g++) {
            cell[g].n += (int64_t)tally[g];
            cell[g].sum += sum[g];
        }
        return;
    }
    for (uint32_t i = 0; i < rows->batch->rows && rows->form == SW_ROWS_WIDE; i++) {
        struct sw_cell_int *c = &cell[rows->wide[i]];
        c->n++;
        c->sum += values[i];
    }
    if (rows->form == SW_ROWS_WIDE) {
        return;
    }
    sw_rows_list(rows);
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

static sw_status add_float(const struct sw_measure *measure, struct sw_measure_column *column,
                           uint32_t group, double value)
{
    struct sw_cell_float *cell = &column->cells.floats[group];
    SW_TRY(add_sum(&measure->cut[0], &cell->sum, value));
    cell->n++;
    column->has_strays = column->has_strays || cell->sum.stray != NULL;
    return SW_OK;
}

/* All rows at once, but for blocks in which a value is not met by the cut. */
static sw_status add_floats_few(const struct sw_measure *measure, struct sw_measure_column *column,
                                const double *values, struct sw_rows *rows)
{
    struct sw_cell_float *cell = column->cells.floats;
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
                SW_TRY(add_float(measure, column, rows->few[i], values[i]));
            }
        }
    }
    return SW_OK;
}

/* Both parts of a sum at once. */
typedef int64_t pair __attribute__((vector_size(16), aligned(8), may_alias));
_Static_assert(offsetof(struct sw_exact_sum, low) ==
                   offsetof(struct sw_exact_sum, high) + sizeof(int64_t),
               "the parts of a sum lie side by side");

/* Many groups: the values are cut all at once, a part of the vector at a time. */
static sw_status add_floats_wide(const struct sw_measure *measure, struct sw_measure_column *column,
                                 const double *values, const struct sw_rows *rows)
{
    struct sw_cell_float *cell = column->cells.floats;
    int64_t parts[2 * PART_ROWS];
    uint32_t n = rows->batch->rows;
    for (uint32_t at = 0; at < n; at += PART_ROWS) {
        uint32_t count = n - at < PART_ROWS ? n - at : PART_ROWS;
        const uint16_t *group = rows->wide + at;
        uint32_t missed = sw_exact_parts(&measure->cut[0], values + at, count, parts);
        for (uint32_t i = 0; i < count && missed != 0; i++) {
            SW_TRY(add_float(measure, column, group[i], values[at + i]));
        }
        for (uint32_t i = 0; i < count && missed == 0; i++) {
            struct sw_cell_float *c = &cell[group[i]];
            c->n++;
            *(pair *)&c->sum.high += *(const pair *)&parts[2 * (size_t)i];
        }
    }
    return SW_OK;
}

static sw_status add_floats(const struct sw_measure *measure, struct sw_measure_column *column,
                            const double *values, struct sw_rows *rows)
{
    if (rows->form == SW_ROWS_FEW && measure->cut[0].is_usable) {
        return add_floats_few(measure, column, values, rows);
    }
    if (rows->form == SW_ROWS_WIDE && measure->cut[0].is_usable) {
        return add_floats_wide(measure, column, values, rows);
    }
    sw_rows_list(rows);
    for (uint32_t i = 0; i < rows->n; i++) {
        SW_TRY(add_float(measure, column, rows->group[i], values[rows->row[i]]));
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
                            const double *values, const struct sw_rows *rows)
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
                            const struct sw_rows *rows)
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
                          const struct sw_rows *rows)
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
                           const struct sw_rows *rows)
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
                              const struct sw_rows *rows)
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

/* The keys of rows row[0..n) of group[0..n). */
static sw_status add_keys(const struct sw_measure *measure, struct sw_ranks_state *state,
                          const struct input *input, const uint16_t *row, const uint32_t *group,
                          uint32_t n, uint32_t groups)
{
    uint64_t key[SW_VECTOR_ROWS];
    uint32_t of[SW_VECTOR_ROWS];
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++) {
        of[kept] = group[i];
        if (measure->type == SW_TYPE_FLOAT) {
            double value = input->floats[row[i]];
            key[kept] = sw_ranks_key_float(value);
            kept += value == value;
        } else {
            key[kept++] = sw_ranks_key_int(input->ints[row[i]]);
        }
    }
    return sw_ranks_add(measure->ranks, state, key, of, kept, groups);
}

static sw_status add_ranks(const struct sw_measure *measure, struct sw_ranks_state *state,
                           const struct input *input, struct sw_rows *rows)
{
    const struct sw_ranks *ranks = measure->ranks;
    enum sw_ranks_want want = sw_ranks_wants(ranks);
    uint16_t part[SW_VECTOR_ROWS];
    double room[SW_VECTOR_ROWS];
    uint16_t row[SW_VECTOR_ROWS];
    uint32_t group[SW_VECTOR_ROWS];
    uint32_t n = rows->batch->rows;
    if (want == SW_RANKS_KEYS || rows->form != SW_ROWS_FEW) {
        sw_rows_list(rows);
    }
    if (want == SW_RANKS_KEYS) {
        return add_keys(measure, state, input, rows->row, rows->group, rows->n, rows->groups);
    }
    for (uint32_t i = 0; i < n && measure->type != SW_TYPE_FLOAT; i++) {
        room[i] = (double)input->ints[i];
    }
    sw_ranks_parts(ranks, measure->type == SW_TYPE_FLOAT ? input->floats : room, n, part);
    bool is_few = rows->form == SW_ROWS_FEW;
    const struct sw_ranks_rows ranked = {.n = is_few ? n : rows->n,
                                         .groups = rows->groups,
                                         .few = is_few ? rows->few : NULL,
                                         .row = rows->row,
                                         .group = rows->group};
    if (want == SW_RANKS_COUNTS) {
        return sw_ranks_count(state, &ranked, part);
    }
    n = sw_ranks_wanted(ranks, &ranked, part, row, group);
    return add_keys(measure, state, input, row, group, n, rows->groups);
}

static sw_status add_cells(const struct sw_measure *measure, struct sw_measure_column *column,
                           const struct sw_batch *batch, const struct input *input,
                           struct sw_rows *rows)
{
    bool is_max = measure->fn == SW_MEASURE_MAX;
    enum sw_cell_kind kind = sw_measure_kind(measure);
    if (kind != SW_CELL_COUNT && kind != SW_CELL_INT && kind != SW_CELL_FLOAT) {
        sw_rows_list(rows);
    }
    switch (kind) {
    case SW_CELL_COUNT:
        add_counts(column->cells.count, rows);
        return SW_OK;
    case SW_CELL_INT:
        add_ints(column->cells.ints, input, rows);
        return SW_OK;
    case SW_CELL_FLOAT:
        return add_floats(measure, column, input->floats, rows);
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
                             struct sw_batch *batch, struct sw_rows *all)
{
    struct sw_rows valid_rows;
    struct sw_rows *rows = all;
    struct input input = {0};
    double room[SW_VECTOR_ROWS];
    if (measure->program != NULL) {
        SW_TRY(read_program(measure, column, batch, &input, room));
    } else if (measure->has_input) {
        read_column(measure, batch, &input);
    }
    if (input.valid != NULL) {
        sw_rows_begin(&valid_rows, all->grouping, batch, input.valid);
        rows = &valid_rows;
    }
    if (measure->ranks != NULL) { /* which count for themselves */
        return add_ranks(measure, column->ranks, &input, rows);
    }
    SW_TRY(add_cells(measure, column, batch, &input, rows));
    if (column->distinct != NULL) {
        sw_rows_list(rows);
        return add_distinct(measure, column->distinct, batch, &input, rows);
    }
    return SW_OK;
}

static bool is_float_sum(const struct sw_measure *measure)
{
    return sw_measure_kind(measure) == SW_CELL_FLOAT;
}

/* Sums first: those of few groups know how many rows there were. */
sw_status sw_measures_add(const struct sw_measures *measures, struct sw_measures_state *state,
                          struct sw_batch *batch, const struct sw_grouping *grouping)
{
    struct sw_rows rows;
    SW_TRY(sw_measures_grow(measures, state, grouping->groups));
    if (state->rows + grouping->selected > SW_EXACT_ROWS) {
        sw_measures_carry(measures, state);
    }
    state->rows += grouping->selected;
    sw_rows_begin(&rows, grouping, batch, NULL);
    for (uint32_t i = 0; i < measures->count * 2; i++) {
        uint32_t k = i % measures->count;
        if (sw_measure_is_row_count(&measures->measure[k]) && (int32_t)k != measures->rows_from) {
            continue; /* another knows */
        }
        if (is_float_sum(&measures->measure[k]) == (i < measures->count)) {
            SW_TRY(add_measure(&measures->measure[k], &state->column[k], batch, &rows));
        }
    }
    if (grouping->rows != NULL) {
        sw_rows_count(&rows, grouping->rows);
    }
    return SW_OK;
}
