/* See measure.h: rows into cells. */
#include <math.h>

#include "fold/measure_priv.h"

#define FEW_GROUPS 64u
#define LANES      4u

/* -- inputs ------------------------------------------------------------------------- */

/* Values of a measure's input for the rows of a vector. */
struct input {
    const int64_t *ints;
    const double *floats;
    const struct sw_span *texts; /* NULL: a column's strings, read one by one */
    const uint64_t *valid;
};

/* Rows with their groups, all below `groups`. */
struct rows {
    uint32_t n;
    uint32_t groups;
    const uint16_t *row;
    const uint32_t *group;
    int64_t tally[FEW_GROUPS]; /* rows of each group, where groups are few */
};

/* Room for those of them that are not null. */
struct kept {
    uint16_t row[SW_VECTOR_ROWS];
    uint32_t group[SW_VECTOR_ROWS];
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
        input->ints = sw_batch_ints(batch, measure->column);
    }
}

/* `room` takes the doubles of integers where doubles are wanted. */
static void read_program(const struct sw_measure *measure, struct sw_measure_column *column,
                         struct sw_batch *batch, struct input *input, double *room)
{
    struct sw_expr_vector vector;
    sw_expr_eval(measure->program, column->expr, batch, &vector);
    *input = (struct input){vector.ints, vector.floats, vector.texts, vector.valid};
    if (measure->fn == SW_MEASURE_STDDEV && measure->type != SW_TYPE_FLOAT) {
        for (uint32_t i = 0; i < batch->rows; i++) {
            room[i] = (double)vector.ints[i];
        }
        input->floats = room;
    }
}

/* Neighbours often meet in one group, and then the second waits for the first one's store. So rows
 * take turns between LANES counters of each group. */
static void tally_rows(struct rows *rows)
{
    uint32_t lane[LANES * FEW_GROUPS];
    if (rows->groups > FEW_GROUPS) {
        return;
    }
    memset(lane, 0, LANES * rows->groups * sizeof(*lane));
    for (uint32_t i = 0; i < rows->n; i++) {
        lane[rows->group[i] * LANES + i % LANES]++;
    }
    for (uint32_t g = 0; g < rows->groups; g++) {
        const uint32_t *own = lane + (size_t)g * LANES;
        rows->tally[g] = (int64_t)own[0] + own[1] + own[2] + own[3];
    }
}

/* Of `all` those that are valid. */
static void keep_valid(const uint64_t *valid, const struct rows *all, struct kept *kept,
                       struct rows *rows)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < all->n; i++) {
        kept->row[n] = all->row[i];
        kept->group[n] = all->group[i];
        n += sw_bits_has(valid, all->row[i]);
    }
    rows->n = n;
    rows->groups = all->groups;
    rows->row = kept->row;
    rows->group = kept->group;
    tally_rows(rows);
}

/* -- adding -------------------------------------------------------------------------- */

static void add_counts(struct sw_cell_count *cell, const struct rows *rows)
{
    for (uint32_t g = 0; g < rows->groups && rows->groups <= FEW_GROUPS; g++) {
        cell[g].n += rows->tally[g];
    }
    for (uint32_t i = 0; i < rows->n && rows->groups > FEW_GROUPS; i++) {
        cell[rows->group[i]].n++;
    }
}

static void add_ints(struct sw_cell_int *cell, const int64_t *values, const struct rows *rows)
{
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

/* Few groups: in turns, as in tally_rows. */
static sw_status add_floats_few(const struct sw_measure *measure, struct sw_cell_float *cell,
                                const double *values, const struct rows *rows)
{
    const struct sw_exact_cut cut = measure->cut[0];
    struct {
        int64_t high, low;
    } lane[LANES * FEW_GROUPS];
    memset(lane, 0, LANES * rows->groups * sizeof(lane[0]));
    for (uint32_t i = 0; i < rows->n; i++) {
        uint32_t at = rows->group[i] * LANES + i % LANES;
        int64_t high;
        int64_t low;
        double value = values[rows->row[i]];
        if (__builtin_expect(!sw_exact_split(&cut, value, &high, &low), 0)) {
            SW_TRY(sw_exact_sum_stray(&cell[rows->group[i]].sum, value));
            continue;
        }
        lane[at].high += high;
        lane[at].low += low;
    }
    for (uint32_t at = 0; at < rows->groups * LANES; at++) {
        cell[at / LANES].sum.high += lane[at].high;
        cell[at / LANES].sum.low += lane[at].low;
    }
    for (uint32_t g = 0; g < rows->groups; g++) {
        cell[g].n += rows->tally[g];
    }
    return SW_OK;
}

static sw_status add_floats(const struct sw_measure *measure, struct sw_cell_float *cell,
                            const double *values, const struct rows *rows)
{
    if (rows->groups <= FEW_GROUPS && measure->cut[0].is_usable) {
        return add_floats_few(measure, cell, values, rows);
    }
    const struct sw_exact_cut cut = measure->cut[0];
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
                           const struct rows *rows)
{
    bool is_max = measure->fn == SW_MEASURE_MAX;
    switch (sw_measure_kind(measure)) {
    case SW_CELL_COUNT:
        add_counts(column->cells.count, rows);
        return SW_OK;
    case SW_CELL_INT:
        add_ints(column->cells.ints, input->ints, rows);
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
                             struct sw_batch *batch, const struct rows *all)
{
    struct rows valid_rows;
    struct kept kept;
    const struct rows *rows = all;
    struct input input = {0};
    double room[SW_VECTOR_ROWS];
    if (measure->program != NULL) {
        read_program(measure, column, batch, &input, room);
    } else if (measure->has_input) {
        read_column(measure, batch, &input);
    }
    if (input.valid != NULL) {
        keep_valid(input.valid, all, &kept, &valid_rows);
        rows = &valid_rows;
    }
    SW_TRY(add_cells(measure, column, batch, &input, rows));
    if (measure->ranks != NULL) {
        return add_ranks(measure, column->ranks, &input, rows);
    }
    if (column->distinct != NULL) {
        return add_distinct(measure, column->distinct, batch, &input, rows);
    }
    return SW_OK;
}

sw_status sw_measures_add(const struct sw_measures *measures, struct sw_measures_state *state,
                          struct sw_batch *batch, const uint16_t *row, const uint32_t *group,
                          uint32_t n, uint32_t groups)
{
    struct rows rows;
    SW_TRY(sw_measures_grow(measures, state, groups));
    if (state->rows + n > SW_EXACT_ROWS) {
        sw_measures_carry(measures, state);
    }
    state->rows += n;
    rows.n = n;
    rows.groups = groups;
    rows.row = row;
    rows.group = group;
    tally_rows(&rows);
    for (uint32_t i = 0; i < measures->count; i++) {
        SW_TRY(add_measure(&measures->measure[i], &state->column[i], batch, &rows));
    }
    return SW_OK;
}
