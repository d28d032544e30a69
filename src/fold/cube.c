/* See cube.h. */
#include "fold/cube.h"

#include "fold/measure_priv.h"

static bool is_cubed(const struct sw_measure *measure)
{
    bool adds = measure->fn == SW_MEASURE_SUM || measure->fn == SW_MEASURE_MEAN;
    if (measure->program != NULL || (!adds && measure->fn != SW_MEASURE_COUNT)) {
        return false;
    }
    return !adds || measure->type != SW_TYPE_FLOAT || measure->cut[0].is_usable;
}

bool sw_cube_has_measures(const struct sw_measures *measures)
{
    for (uint32_t i = 0; measures != NULL && i < measures->count; i++) {
        if (!is_cubed(&measures->measure[i])) {
            return false;
        }
    }
    return true;
}

bool sw_cube_sums(const struct sw_measure *measure)
{
    return measure->fn != SW_MEASURE_COUNT;
}

bool sw_cube_add(const struct sw_measure *measure, const struct sw_value *value,
                 struct sw_cube_sum *sum)
{
    int64_t high = 0;
    int64_t low = 0;
    if (value->is_null) {
        return true;
    }
    sum->n++;
    if (!sw_cube_sums(measure)) {
        return true;
    }
    if (measure->type != SW_TYPE_FLOAT) {
        sum->low += value->u.i;
        return true;
    }
    bool is_met = sw_exact_split(&measure->cut[0], value->u.f, &high, &low);
    sum->high += high;
    sum->low += low;
    return is_met;
}

/* Both parts within a word again: what is beyond goes to the next larger part. */
static void fill_float(const struct sw_cube_sum *sum, struct sw_cell_float *cell)
{
    __int128 low_carry = sum->low >> SW_EXACT_BITS;
    __int128 high = sum->high + low_carry;
    __int128 carry = high >> SW_EXACT_BITS;
    cell->n = sum->n;
    cell->sum.low = (int64_t)(sum->low - low_carry * ((__int128)1 << SW_EXACT_BITS));
    cell->sum.high = (int64_t)(high - carry * ((__int128)1 << SW_EXACT_BITS));
    cell->sum.carry = (int64_t)carry;
}

sw_status sw_cube_fill(const struct sw_measures *measures, struct sw_measures_state *state,
                       const struct sw_cube_cells *cells, uint32_t count)
{
    SW_TRY(sw_measures_grow(measures, state, count));
    for (uint32_t i = 0; i < measures->count; i++) {
        const struct sw_measure *measure = &measures->measure[i];
        const struct sw_cube_sum *sum = cells->sum + (size_t)i * count;
        union sw_cells into = state->column[i].cells;
        for (uint32_t cell = 0; cell < count; cell++) {
            if (!measure->has_input) {
                into.count[cell].n = (int64_t)cells->rows[cell];
            } else if (measure->fn == SW_MEASURE_COUNT) {
                into.count[cell].n = sum[cell].n;
            } else if (measure->type == SW_TYPE_FLOAT) {
                fill_float(&sum[cell], &into.floats[cell]);
            } else {
                into.ints[cell] = (struct sw_cell_int){sum[cell].n, sum[cell].low};
            }
        }
    }
    return SW_OK;
}
