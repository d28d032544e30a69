/* See measure.h: from cells to values. */
#include <math.h>
#include <stdlib.h>

#include "fold/measure_priv.h"

sw_status sw_measures_round(struct sw_measures *measures, struct sw_measures_state *state,
                            uint32_t groups)
{
    sw_status result = SW_OK;
    for (uint32_t i = 0; i < measures->count; i++) {
        struct sw_measure *measure = &measures->measure[i];
        if (measure->ranks == NULL) {
            continue;
        }
        sw_status status = sw_ranks_round(measure->ranks, state->column[i].ranks, groups,
                                          measure->type == SW_TYPE_FLOAT);
        if (status != SW_OK && status != SW_AGAIN) {
            return status;
        }
        result = status == SW_AGAIN ? SW_AGAIN : result;
    }
    return result;
}

static double spread_of(const struct sw_measure *measure, const struct sw_cell_spread *cell)
{
    struct sw_exact total = {0};
    struct sw_exact squares = {0};
    double n = (double)cell->n;
    sw_exact_sum_put(&measure->cut[0], &cell->sum[0], &total);
    sw_exact_sum_put(&measure->cut[1], &cell->sum[1], &squares);
    sw_exact_sum_put(&measure->cut[2], &cell->sum[2], &squares);
    double spread = sw_exact_spread(&total, &squares, (uint64_t)cell->n);
    double variance = spread / n / (n - 1);
    return sqrt(variance > 0 || variance != variance ? variance : 0) / measure->power;
}

enum sw_type sw_measure_result_type(const struct sw_measure *measure)
{
    bool is_time = measure->type == SW_TYPE_DATE || measure->type == SW_TYPE_TIMESTAMP;
    switch (measure->fn) {
    case SW_MEASURE_COUNT:
    case SW_MEASURE_DISTINCT:
        return SW_TYPE_INT;
    case SW_MEASURE_SUM:
        return measure->type == SW_TYPE_FLOAT ? SW_TYPE_FLOAT : SW_TYPE_INT;
    case SW_MEASURE_MEAN:
    case SW_MEASURE_MEDIAN:
        return is_time ? SW_TYPE_TIMESTAMP : SW_TYPE_FLOAT;
    case SW_MEASURE_STDDEV:
        return SW_TYPE_FLOAT;
    case SW_MEASURE_MIN:
    case SW_MEASURE_MAX:
        break;
    }
    return measure->type;
}

/* A float result; of times it is the moment, in milliseconds. */
static struct sw_value float_or_moment(const struct sw_measure *measure, double value)
{
    struct sw_value result = {.type = sw_measure_result_type(measure)};
    if (result.type == SW_TYPE_TIMESTAMP) {
        result.u.i = (int64_t)rint(value * sw_axis_unit(measure->type));
    } else {
        result.u.f = value;
    }
    return result;
}

static struct sw_value int_sum(__int128 sum)
{
    struct sw_value value = {.type = SW_TYPE_INT, .u.i = (int64_t)sum};
    if (sum < INT64_MIN || sum > INT64_MAX) {
        value.type = SW_TYPE_FLOAT;
        value.u.f = (double)sum;
    }
    return value;
}

static struct sw_value best_of(const struct sw_measure *measure, const struct sw_cell_best *cell)
{
    struct sw_value value = {.type = measure->type, .u.i = cell->u.i};
    if (measure->type == SW_TYPE_FLOAT) {
        value.u.f = cell->has_best ? cell->u.f : (double)NAN;
    }
    return value;
}

static struct sw_value value_of(const struct sw_measure *measure,
                                const struct sw_measure_column *column, uint32_t group)
{
    union sw_cells cells = column->cells;
    double value;
    switch (measure->fn) {
    case SW_MEASURE_COUNT:
        return (struct sw_value){.type = SW_TYPE_INT, .u.i = cells.count[group].n};
    case SW_MEASURE_DISTINCT:
        return (struct sw_value){.type = SW_TYPE_INT,
                                 .u.i = sw_distinct_count(column->distinct, group)};
    case SW_MEASURE_SUM:
        if (measure->type != SW_TYPE_FLOAT) {
            return int_sum(cells.ints[group].sum);
        }
        return float_or_moment(measure,
                               sw_exact_sum_round(&measure->cut[0], &cells.floats[group].sum));
    case SW_MEASURE_MEAN:
        if (measure->type == SW_TYPE_FLOAT) {
            value = sw_exact_sum_round(&measure->cut[0], &cells.floats[group].sum) /
                    (double)cells.floats[group].n;
        } else {
            value = (double)cells.ints[group].sum / (double)cells.ints[group].n;
        }
        return float_or_moment(measure, value);
    case SW_MEASURE_STDDEV:
        return float_or_moment(measure, spread_of(measure, &cells.spread[group]));
    case SW_MEASURE_MEDIAN:
        if (sw_ranks_value(measure->ranks, group, 0, &value)) {
            return float_or_moment(measure, value);
        }
        return (struct sw_value){.type = sw_measure_result_type(measure), .is_null = true};
    case SW_MEASURE_MIN:
    case SW_MEASURE_MAX:
        if (measure->type == SW_TYPE_STRING) {
            return (struct sw_value){
                .type = SW_TYPE_STRING,
                .u.s = sw_span_of(cells.text[group].data, cells.text[group].length)};
        }
        break;
    }
    return best_of(measure, &cells.best[group]);
}

/* How many values a group needs before it has a result. */
static int64_t least_values(const struct sw_measure *measure)
{
    bool is_count = measure->fn == SW_MEASURE_COUNT || measure->fn == SW_MEASURE_DISTINCT;
    return is_count ? 0 : measure->fn == SW_MEASURE_STDDEV ? 2 : 1;
}

/* Every kind of cell begins with n. */
static int64_t values_of(const struct sw_measures *measures, const struct sw_measures_state *state,
                         uint32_t i, uint32_t group)
{
    int64_t n = 0;
    if (group < state->capacity) {
        size_t size = sw_measure_cell_bytes(&measures->measure[i]);
        memcpy(&n, (const char *)state->column[i].cells.any + group * size, sizeof(n));
    }
    return n;
}

int64_t sw_measures_rows(const struct sw_measures *measures, const struct sw_measures_state *state,
                         uint32_t group)
{
    sw_assert(measures->rows_from >= 0);
    return values_of(measures, state, (uint32_t)measures->rows_from, group);
}

struct sw_value sw_measures_value(const struct sw_measures *measures,
                                  const struct sw_measures_state *state, uint32_t i, uint32_t group)
{
    const struct sw_measure *measure = &measures->measure[i];
    const struct sw_measure_column *column = &state->column[i];
    int64_t n = values_of(measures, state, i, group);
    if (measure->ranks != NULL) {
        return value_of(measure, column, group);
    }
    if (sw_measure_is_row_count(measure) && measures->rows_from >= 0) {
        return (struct sw_value){.type = SW_TYPE_INT,
                                 .u.i = sw_measures_rows(measures, state, group)};
    }
    if (n < least_values(measure)) {
        return (struct sw_value){.type = sw_measure_result_type(measure), .is_null = true};
    }
    if (group >= state->capacity) {
        return (struct sw_value){.type = SW_TYPE_INT, .u.i = 0};
    }
    return value_of(measure, column, group);
}

sw_status sw_measures_put(const struct sw_measures *measures, const struct sw_measures_state *state,
                          uint32_t i, const uint32_t *group, size_t n, struct sw_series *series,
                          size_t panel, const char *field_group)
{
    struct sw_value *values = malloc((n + 1) * sizeof(*values));
    if (values == NULL) {
        return SW_NO_MEMORY;
    }
    enum sw_type type = sw_measure_result_type(&measures->measure[i]);
    for (size_t k = 0; k < n; k++) {
        values[k] = sw_measures_value(measures, state, i, group[k]);
        type = values[k].type == SW_TYPE_FLOAT ? SW_TYPE_FLOAT : type;
    }
    for (size_t k = 0; k < n; k++) {
        if (values[k].type != type) { /* one sum is beyond 64 bits: all are floats */
            values[k].u.f = (double)values[k].u.i;
            values[k].type = type;
        }
    }
    sw_status status =
        sw_series_values(series, panel, field_group, measures->measure[i].name, type, values, n);
    free(values);
    return status;
}
