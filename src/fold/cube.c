/* See cube.h.  The words of a sum are pairs, high and low: one pair for a value, and for a spread
 * one of values and two each of squares and of errors of squares, which reach much further below
 * the largest one than a value's bits do. */
#include "fold/cube.h"

#include <math.h>
#include <stdlib.h>

#include "fold/measure_priv.h"
#include "kernel/kernel.h"

#define PAIR_BITS   (2 * SW_EXACT_BITS)
#define SUM_WORDS   2u
#define SPREAD_SUMS 3u

/* First word and pairs of each sum of a spread. */
static const struct {
    uint32_t at, pairs;
} spread_words[SPREAD_SUMS] = {{0, 1}, {2, 2}, {6, 2}};

enum sw_cube_form sw_cube_form(const struct sw_measure *measure)
{
    switch (measure->fn) {
    case SW_MEASURE_COUNT:
        return measure->has_input ? SW_CUBE_KNOWN : SW_CUBE_ROWS;
    case SW_MEASURE_MIN:
    case SW_MEASURE_MAX:
        return SW_CUBE_EXTREME;
    case SW_MEASURE_SUM:
    case SW_MEASURE_MEAN:
    case SW_MEASURE_STDDEV:
    case SW_MEASURE_MEDIAN:
    case SW_MEASURE_DISTINCT:
        break;
    }
    return SW_CUBE_SUM;
}

uint32_t sw_cube_words(const struct sw_measure *measure)
{
    if (sw_cube_form(measure) != SW_CUBE_SUM) {
        return 0;
    }
    return measure->fn == SW_MEASURE_STDDEV ? SW_CUBE_WORDS_MAX : SUM_WORDS;
}

bool sw_cube_reads_floats(const struct sw_measure *measure)
{
    return measure->type == SW_TYPE_FLOAT || measure->fn == SW_MEASURE_STDDEV;
}

static bool is_cubed(const struct sw_measure *measure)
{
    if (measure->program != NULL) {
        return false;
    }
    switch (measure->fn) {
    case SW_MEASURE_COUNT:
        return true;
    case SW_MEASURE_SUM:
    case SW_MEASURE_MEAN:
        return measure->type != SW_TYPE_FLOAT || measure->cut[0].is_usable;
    case SW_MEASURE_STDDEV:
        return measure->cut[0].is_usable && measure->cut[1].is_usable && measure->cut[2].is_usable;
    case SW_MEASURE_MIN:
    case SW_MEASURE_MAX:
        return measure->type != SW_TYPE_STRING;
    case SW_MEASURE_MEDIAN:
    case SW_MEASURE_DISTINCT:
        break;
    }
    return false;
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

/* -- cutting ------------------------------------------------------------------------------- */

static double float_of(int64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* A pair of words, and what they leave of the value. */
static double split_off(const struct sw_exact_cut *cut, double value, int64_t *pair)
{
    double a = value + cut->high_magic;
    double rest = value - (a - cut->high_magic);
    double b = rest + cut->low_magic;
    pair[0] = (int64_t)(sw_exact_bits(a) - sw_exact_bits(cut->high_magic));
    pair[1] = (int64_t)(sw_exact_bits(b) - sw_exact_bits(cut->low_magic));
    return rest - (b - cut->low_magic);
}

/* The cut of what a cut leaves. */
static struct sw_exact_cut next_cut(const struct sw_exact_cut *cut)
{
    return sw_exact_cut_for(ldexp(1, cut->exponent - PAIR_BITS));
}

/* a * a - square, exactly (Dekker 1971), for |a| < 1. */
static double square_error(double a, double square)
{
    double c = a * 0x1.0000002p27;
    double high = c - (c - a);
    double low = a - high;
    return ((high * high - square) + 2 * high * low) + low * low;
}

static bool split_spread(const struct sw_measure *measure, const int64_t *values, uint32_t n,
                         int64_t *words)
{
    struct sw_exact_cut next[SPREAD_SUMS];
    bool is_met = true;
    for (uint32_t k = 0; k < SPREAD_SUMS; k++) {
        next[k] = next_cut(&measure->cut[k]);
    }
    for (uint32_t i = 0; i < n; i++) {
        double value = float_of(values[i]) * measure->power;
        double part[SPREAD_SUMS] = {value, value * value, square_error(value, value * value)};
        for (uint32_t k = 0; k < SPREAD_SUMS; k++) {
            int64_t *word = words + spread_words[k].at;
            double rest = split_off(&measure->cut[k], part[k], word);
            if (spread_words[k].pairs > 1) {
                rest = split_off(&next[k], rest, word + 2);
            }
            is_met = is_met && rest == 0;
        }
        words += SW_CUBE_WORDS_MAX;
    }
    return is_met;
}

bool sw_cube_split(const struct sw_measure *measure, const int64_t *values, uint32_t n,
                   int64_t *words)
{
    if (measure->fn == SW_MEASURE_STDDEV) {
        return split_spread(measure, values, n, words);
    }
    if (measure->type == SW_TYPE_FLOAT) {
        double value[SW_VECTOR_ROWS];
        sw_assert(n <= SW_VECTOR_ROWS);
        memcpy(value, values, n * sizeof(*value));
        return sw_exact_parts(&measure->cut[0], value, n, words) == 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        words[2 * i] = values[i] >> 32;
        words[2 * i + 1] = values[i] & UINT32_MAX;
    }
    return true;
}

bool sw_cube_place(const struct sw_measure *measure, int64_t value, int64_t *place)
{
    *place = value;
    if (measure->type == SW_TYPE_FLOAT) {
        double number = float_of(value);
        if (number != number) {
            *place = SW_CUBE_NO_BEST;
            return true;
        }
        *place = value < 0 ? value ^ INT64_MAX : value;
        if (value == INT64_MIN) {
            return false;
        }
    }
    *place = measure->fn == SW_MEASURE_MAX ? ~*place : *place;
    return true;
}

/* -- filling ------------------------------------------------------------------------------- */

/* Both parts within a word again: what is beyond goes to the next larger part. */
static void fill_sum(const __int128 *pair, struct sw_exact_sum *sum)
{
    __int128 low_carry = pair[1] >> SW_EXACT_BITS;
    __int128 high = pair[0] + low_carry;
    __int128 carry = high >> SW_EXACT_BITS;
    sum->low = (int64_t)(pair[1] - low_carry * ((__int128)1 << SW_EXACT_BITS));
    sum->high = (int64_t)(high - carry * ((__int128)1 << SW_EXACT_BITS));
    sum->carry = (int64_t)carry;
}

/* What the first pair of words leaves goes the long way. */
static sw_status fill_rest(const __int128 *pair, const struct sw_exact_cut *cut,
                           struct sw_exact_sum *sum)
{
    struct sw_exact_sum rest = {0};
    struct sw_exact_cut next = next_cut(cut);
    if (pair[0] == 0 && pair[1] == 0) {
        return SW_OK;
    }
    fill_sum(pair, &rest);
    SW_TRY(sw_exact_sum_stray(sum, 0));
    sw_exact_sum_put(&next, &rest, sum->stray);
    return SW_OK;
}

static sw_status fill_spread(const struct sw_measure *measure, const __int128 *word, int64_t n,
                             struct sw_cell_spread *cell)
{
    cell->n = n;
    for (uint32_t k = 0; k < SPREAD_SUMS; k++) {
        const __int128 *pair = word + spread_words[k].at;
        fill_sum(pair, &cell->sum[k]);
        if (spread_words[k].pairs > 1) {
            SW_TRY(fill_rest(pair + 2, &measure->cut[k], &cell->sum[k]));
        }
    }
    return SW_OK;
}

static struct sw_cell_best best_of(const struct sw_measure *measure, int64_t place, int64_t n)
{
    struct sw_cell_best cell = {.n = n};
    bool is_float = measure->type == SW_TYPE_FLOAT;
    cell.has_best = n > 0 && (!is_float || place != SW_CUBE_NO_BEST);
    if (!cell.has_best) {
        return cell;
    }
    int64_t value = measure->fn == SW_MEASURE_MAX ? ~place : place;
    if (is_float) {
        cell.u.f = float_of(value < 0 ? value ^ INT64_MAX : value);
    } else {
        cell.u.i = value;
    }
    return cell;
}

static sw_status fill_measure(const struct sw_measure *measure, union sw_cells into,
                              const struct sw_cube_cells *cells, const struct sw_cube_measure *from,
                              uint32_t count)
{
    enum sw_cell_kind kind = sw_measure_kind(measure);
    uint32_t words = sw_cube_words(measure);
    for (uint32_t cell = 0; cell < count; cell++) {
        int64_t n = from->n == NULL ? (int64_t)cells->rows[cell] : from->n[cell];
        const __int128 *word = words == 0 ? NULL : from->word + (size_t)cell * words;
        if (kind == SW_CELL_COUNT) {
            into.count[cell].n = n;
        } else if (kind == SW_CELL_BEST) {
            into.best[cell] = best_of(measure, from->extreme[cell], n);
        } else if (kind == SW_CELL_SPREAD) {
            SW_TRY(fill_spread(measure, word, n, &into.spread[cell]));
        } else if (kind == SW_CELL_FLOAT) {
            into.floats[cell].n = n;
            fill_sum(word, &into.floats[cell].sum);
        } else {
            into.ints[cell] = (struct sw_cell_int){n, word[0] * ((__int128)1 << 32) + word[1]};
        }
    }
    return SW_OK;
}

sw_status sw_cube_fill(const struct sw_measures *measures, struct sw_measures_state *state,
                       const struct sw_cube_cells *cells, uint32_t count)
{
    SW_TRY(sw_measures_grow(measures, state, count));
    for (uint32_t i = 0; i < measures->count; i++) {
        SW_TRY(fill_measure(&measures->measure[i], state->column[i].cells, cells,
                            &cells->measure[i], count));
    }
    return SW_OK;
}
