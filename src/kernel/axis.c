/* See axis.h. */
#include "kernel/axis.h"

#include <math.h>
#include <stdlib.h>

#include "base/random.h"

#define DAY_MS 86400000.0

/* -- making -------------------------------------------------------------------- */

double sw_axis_unit(enum sw_type type)
{
    return type == SW_TYPE_DATE ? DAY_MS : 1;
}

static sw_status allocate(struct sw_axis *axis, uint32_t bins, enum sw_type type)
{
    sw_assert(bins >= 1);
    sw_assert(bins <= SW_BINS_MAX);
    *axis = (struct sw_axis){.bins = bins, .unit = sw_axis_unit(type)};
    axis->edges = malloc((bins + (size_t)1) * sizeof(double));
    axis->bounds = malloc((bins + (size_t)1) * sizeof(double));
    if (axis->edges == NULL || axis->bounds == NULL) {
        sw_axis_fini(axis);
        return SW_NO_MEMORY;
    }
    return SW_OK;
}

/* From the edges: bounds, the proposal, whether it can be trusted to one bin, and the id. */
static void settle(struct sw_axis *axis)
{
    uint32_t bins = axis->bins;
    double low = axis->edges[0];
    double high = axis->edges[bins];
    double range = high - low;
    double largest = fabs(low) > fabs(high) ? fabs(low) : fabs(high);
    memcpy(axis->bounds, axis->edges, (bins + (size_t)1) * sizeof(double));
    axis->bounds[0] = -INFINITY;
    axis->bounds[bins] = INFINITY;
    axis->low = low;
    axis->scale = (double)bins / range;
    axis->id = sw_hash(axis->edges, (bins + (size_t)1) * sizeof(double)) | 1;
    axis->is_regular = isfinite(range) && isfinite(axis->scale) && range / bins > largest * 0x1p-44;
}

sw_status sw_axis_init(struct sw_axis *axis, double low, double high, uint32_t bins,
                       enum sw_type type)
{
    sw_assert(isfinite(low));
    sw_assert(isfinite(high));
    sw_assert(low < high);
    SW_TRY(allocate(axis, bins, type));
    double range = high - low;
    bool is_exact = isfinite(range * (double)bins);
    for (uint32_t k = 0; k <= bins; k++) {
        /* Multiplied before divided: whole edges come out whole (14 / 50 * 50 is not 14). */
        double share = (double)k / (double)bins;
        axis->edges[k] =
            is_exact ? low + range * (double)k / (double)bins : low * (1 - share) + high * share;
    }
    axis->edges[0] = low;
    axis->edges[bins] = high;
    settle(axis);
    return SW_OK;
}

sw_status sw_axis_init_width(struct sw_axis *axis, double first, double width, uint32_t bins,
                             enum sw_type type)
{
    SW_TRY(allocate(axis, bins, type));
    for (uint32_t k = 0; k <= bins; k++) {
        axis->edges[k] = (first + k) * width;
    }
    settle(axis);
    return SW_OK;
}

void sw_axis_fini(struct sw_axis *axis)
{
    free(axis->edges);
    free(axis->bounds);
    *axis = (struct sw_axis){0};
}

/* -- places by arithmetic --------------------------------------------------------- */

/* The bin of a value between the outer edges: the last edge at or below it. */
static uint32_t search_bin(const struct sw_axis *axis, double value)
{
    uint32_t low = 0;
    uint32_t high = axis->bins;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (axis->edges[middle] <= value) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static inline uint32_t place_outside(const struct sw_axis *axis, double value)
{
    return value < axis->low ? 0 : value == value ? axis->bins + 1 : axis->bins + 2;
}

/* Bins proposed by multiplication, within [0, bins - 1] for any value at all. */
static void propose(const struct sw_axis *axis, const double *restrict values, uint32_t n,
                    int32_t *restrict bin)
{
    double unit = axis->unit;
    double low = axis->low;
    double scale = axis->scale;
    double last = (double)(axis->bins - 1);
    for (uint32_t i = 0; i < n; i++) {
        double at = (values[i] * unit - low) * scale;
        at = at > 0 ? at : 0;
        at = at < last ? at : last;
        bin[i] = (int32_t)at;
    }
}

void sw_axis_places(const struct sw_axis *axis, const double *restrict values, uint32_t n,
                    uint16_t *restrict places)
{
    int32_t bin[64];
    double high = axis->edges[axis->bins];
    for (uint32_t at = 0; at < n; at += 64) {
        uint32_t count = n - at < 64 ? n - at : 64;
        propose(axis, values + at, count, bin);
        for (uint32_t i = 0; i < count; i++) {
            double value = values[at + i] * axis->unit;
            if (!(value >= axis->low && value <= high)) {
                places[at + i] = (uint16_t)place_outside(axis, value);
            } else if (axis->is_regular) {
                uint32_t k = (uint32_t)bin[i];
                k += value >= axis->bounds[k + 1];
                k -= value < axis->bounds[k];
                places[at + i] = (uint16_t)(k + 1);
            } else {
                places[at + i] = (uint16_t)(search_bin(axis, value) + 1);
            }
        }
    }
}

/* -- places by table ---------------------------------------------------------------- */

struct numbers { /* of a chunk: value = (base + number) / power, in the axis' unit */
    int64_t base;
    double power, unit;
    uint64_t count; /* numbers are below this */
};

static double value_of(const struct numbers *numbers, uint64_t number)
{
    return (double)(int64_t)((uint64_t)numbers->base + number) / numbers->power * numbers->unit;
}

/* The least number of which the value is >= bound, or numbers->count. */
static uint64_t number_at(const struct numbers *numbers, double bound)
{
    double most = (double)numbers->count;
    double guess = ceil(bound / numbers->unit * numbers->power) - (double)numbers->base;
    guess = guess > 0 ? guess : 0;
    uint64_t number = (uint64_t)(guess < most ? guess : most);
    while (number > 0 && value_of(numbers, number - 1) >= bound) {
        number--;
    }
    while (number < numbers->count && value_of(numbers, number) < bound) {
        number++;
    }
    return number;
}

/* Numbers of the chunk up to the greatest that occurs; false where a table does not pay. */
static bool read_numbers(const struct sw_axis *axis, const struct sw_chunk *chunk,
                         struct numbers *numbers)
{
    bool is_number = chunk->encoding == SW_ENC_INT || chunk->encoding == SW_ENC_DECIMAL;
    if (!is_number || chunk->width == 0 || chunk->width == 8 || !chunk->zone.has_values ||
        chunk->rows < SW_VECTOR_ROWS * 2 || SW_AXIS_PLACES(axis) > SW_AXIS_TABLE_PLACES ||
        !axis->is_regular) {
        return false;
    }
    int64_t far = INT64_C(1) << 51;
    if (chunk->base < -far || chunk->base > far) {
        return false;
    }
    *numbers = (struct numbers){
        .base = chunk->base, .power = sw_decimal_powers[chunk->scale], .unit = axis->unit};
    double max = rint(chunk->zone.max_f * numbers->power);
    numbers->count = (uint64_t)((int64_t)max - chunk->base) + 1;
    return numbers->count <= UINT32_MAX;
}

/* Where each place begins, for at most `cells` cells; false when one of them would hold two
 * beginnings. */
static bool find_starts(struct sw_axis_table *table, const struct sw_axis *axis,
                        const struct numbers *numbers, uint32_t cells)
{
    uint32_t bins = axis->bins;
    uint64_t before = 0;
    table->shift = 0;
    while ((numbers->count - 1) >> table->shift >= cells) {
        table->shift++;
    }
    uint64_t cell = (uint64_t)1 << table->shift;
    bool is_first = true;
    table->start[0] = 0;
    for (uint32_t place = 1; place <= bins + 1; place++) {
        double bound =
            place <= bins ? axis->edges[place - 1] : nextafter(axis->edges[bins], INFINITY);
        uint64_t number = number_at(numbers, bound);
        bool is_inside = number > 0 && number < numbers->count;
        if (is_inside && !is_first && table->shift > 0 && number / cell == before / cell) {
            return false;
        }
        is_first = is_first && !is_inside;
        before = is_inside ? number : before;
        table->start[place] = number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
    }
    table->start[bins + 2] = UINT32_MAX;
    return true;
}

static void fill_table(struct sw_axis_table *table, const struct sw_axis *axis,
                       const struct numbers *numbers)
{
    uint32_t cells = (uint32_t)((numbers->count - 1) >> table->shift) + 1;
    uint32_t cell = 0;
    for (uint32_t place = 0; place <= axis->bins + 1; place++) {
        /* The cells that begin in this place: up to the one that begins at or after the next. */
        uint64_t next = table->start[place + 1];
        uint64_t end =
            place > axis->bins ? cells : (next + ((uint64_t)1 << table->shift) - 1) >> table->shift;
        end = end < cells ? end : cells;
        for (; cell < end; cell++) {
            table->place[cell] = (uint16_t)place;
        }
    }
}

void sw_axis_table_make(struct sw_axis_table *table, const struct sw_axis *axis,
                        const struct sw_chunk *chunk)
{
    struct numbers numbers;
    table->chunk_id = chunk->id;
    table->axis_id = axis->id;
    table->is_usable = read_numbers(axis, chunk, &numbers);
    if (!table->is_usable) {
        return;
    }
    /* Small enough for the first cache if it can be, else as fine as there is room. */
    table->is_usable = find_starts(table, axis, &numbers, SW_AXIS_TABLE_SMALL) ||
                       find_starts(table, axis, &numbers, SW_AXIS_TABLE_MAX);
    if (table->is_usable) {
        fill_table(table, axis, &numbers);
    }
}

void sw_axis_table_places(const struct sw_axis_table *table, const struct sw_chunk *chunk,
                          uint32_t start, uint32_t n, uint16_t *restrict places)
{
    const uint8_t *restrict from8 = (const uint8_t *)chunk->data + start;
    const uint16_t *restrict from16 = (const uint16_t *)chunk->data + start;
    const uint32_t *restrict from32 = (const uint32_t *)chunk->data + start;
    const uint16_t *restrict place = table->place;
    const uint32_t *restrict next = table->start + 1;
    uint8_t shift = table->shift;
    if (chunk->width == 1) {
        for (uint32_t i = 0; i < n; i++) {
            places[i] = place[from8[i]];
        }
    } else if (chunk->width == 2 && shift == 0) {
        for (uint32_t i = 0; i < n; i++) {
            places[i] = place[from16[i]];
        }
    } else if (chunk->width == 2) {
        for (uint32_t i = 0; i < n; i++) {
            uint32_t number = from16[i];
            uint32_t at = place[number >> shift];
            places[i] = (uint16_t)(at + (number >= next[at]));
        }
    } else if (shift == 0) {
        for (uint32_t i = 0; i < n; i++) {
            places[i] = place[from32[i]];
        }
    } else {
        for (uint32_t i = 0; i < n; i++) {
            uint32_t number = from32[i];
            uint32_t at = place[number >> shift];
            places[i] = (uint16_t)(at + (number >= next[at]));
        }
    }
}
