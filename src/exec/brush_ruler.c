/* Which bin a value is in.  See brush_priv.h. */
#include <math.h>
#include <stdlib.h>

#include "exec/brush_priv.h"
#include "kernel/kernel.h"

#define NUMBER_MAX 0x1p51 /* numbers of decimals below it are exact, and so is their rounding */

/* -- making one ------------------------------------------------------------------------- */

static bool has_nulls(const struct sw_version *version, uint32_t column)
{
    return sw_version_zone(version, column).nulls > 0;
}

/* Room for the values from `base` on, and for nulls. */
static bool take_values(struct sw_brush_ruler *ruler, const struct sw_version *version,
                        uint32_t column, uint64_t values)
{
    bool with_null = has_nulls(version, column);
    if (values > SW_BRUSH_BINS_MAX - with_null) {
        return false;
    }
    ruler->bins = (uint32_t)values + with_null;
    ruler->null_bin = with_null ? (uint32_t)values : SW_BRUSH_NO_BIN;
    return true;
}

static bool init_integers(struct sw_brush_ruler *ruler, const struct sw_version *version,
                          uint32_t column)
{
    struct sw_column_zone zone = sw_version_zone(version, column);
    uint64_t span = (uint64_t)zone.max_i - (uint64_t)zone.min_i;
    ruler->rule = SW_BRUSH_NUMBERS;
    ruler->base = zone.min_i;
    return zone.has_values && span < SW_BRUSH_BINS_MAX &&
           take_values(ruler, version, column, span + 1);
}

/* The scale in which all of the column's values are whole numbers; -1: there is none. */
static int scale_of(const struct sw_version *version, uint32_t column)
{
    int scale = 0;
    for (uint32_t g = 0; g < version->groups; g++) {
        const struct sw_chunk *chunk = version->group[g]->chunk[column];
        if (chunk->zone.has_values && chunk->encoding != SW_ENC_DECIMAL) {
            return -1;
        }
        scale = chunk->zone.has_values && chunk->scale > scale ? chunk->scale : scale;
    }
    return scale;
}

static bool init_decimals(struct sw_brush_ruler *ruler, const struct sw_version *version,
                          uint32_t column)
{
    struct sw_column_zone zone = sw_version_zone(version, column);
    int scale = scale_of(version, column);
    if (!zone.has_values || zone.nans > 0 || scale < 0) {
        return false;
    }
    double low = rint(zone.min_f * sw_decimal_powers[scale]);
    double high = rint(zone.max_f * sw_decimal_powers[scale]);
    if (!(fabs(low) < NUMBER_MAX) || !(fabs(high) < NUMBER_MAX) ||
        high - low >= SW_BRUSH_BINS_MAX) {
        return false;
    }
    ruler->rule = SW_BRUSH_NUMBERS;
    ruler->scale = (uint8_t)scale;
    ruler->base = (int64_t)low;
    return take_values(ruler, version, column, (uint64_t)(high - low) + 1);
}

/* The dictionary of all chunks that have values, and how many of its codes occur. */
static bool codes_of(const struct sw_version *version, uint32_t column, struct sw_dict **dict,
                     uint32_t *codes)
{
    *dict = NULL;
    *codes = 0;
    for (uint32_t g = 0; g < version->groups; g++) {
        const struct sw_chunk *chunk = version->group[g]->chunk[column];
        if (chunk->zone.nulls == chunk->rows) {
            continue;
        }
        if (chunk->encoding != SW_ENC_DICT || (*dict != NULL && *dict != chunk->dict)) {
            return false;
        }
        *dict = chunk->dict;
        *codes = chunk->dict_count > *codes ? chunk->dict_count : *codes;
    }
    return *dict != NULL;
}

static bool init_codes(struct sw_brush_ruler *ruler, const struct sw_version *version,
                       uint32_t column)
{
    struct sw_dict *dict = NULL;
    uint32_t codes = 0;
    ruler->rule = SW_BRUSH_CODES;
    if (!codes_of(version, column, &dict, &codes) || !take_values(ruler, version, column, codes)) {
        return false;
    }
    ruler->dict = sw_dict_ref(dict);
    return true;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A few values far away from all others must not leave the others in one bin: the width is that of
 * what row groups usually hold, unless some row groups lie beyond that altogether. */
static bool usual_span(const struct sw_version *version, uint32_t column, double *low, double *high)
{
    double *least = malloc((version->groups + (size_t)1) * sizeof(*least));
    double *most = malloc((version->groups + (size_t)1) * sizeof(*most));
    double last = -INFINITY;
    double first = INFINITY;
    uint32_t n = 0;
    for (uint32_t g = 0; least != NULL && most != NULL && g < version->groups; g++) {
        const struct sw_zone *zone = &version->group[g]->chunk[column]->zone;
        if (zone->has_values) {
            least[n] = zone->min_f;
            most[n++] = zone->max_f;
            first = fmin(first, zone->max_f);
            last = fmax(last, zone->min_f);
        }
    }
    if (n > 0) {
        qsort(least, n, sizeof(*least), compare_doubles);
        qsort(most, n, sizeof(*most), compare_doubles);
        *low = first >= least[n / 2] ? least[n / 2] : least[0];
        *high = last <= most[n / 2] ? most[n / 2] : most[n - 1];
        if (!(*low < *high)) {
            *low = least[0];
            *high = most[n - 1];
        }
    }
    free(least);
    free(most);
    return n > 0 && isfinite(*low) && isfinite(*high) && *low < *high;
}

static bool init_ranges(struct sw_brush_ruler *ruler, const struct sw_version *version,
                        uint32_t column, uint32_t ranges)
{
    double high = 0;
    ruler->rule = SW_BRUSH_RANGES;
    ruler->bins = ranges;
    ruler->null_bin = SW_BRUSH_NO_BIN;
    if (!usual_span(version, column, &ruler->low, &high)) {
        return false;
    }
    ruler->per_unit = ranges / (high - ruler->low);
    return isfinite(ruler->per_unit) && ruler->per_unit > 0;
}

static bool is_there(const struct sw_version *version, uint32_t column)
{
    for (uint32_t g = 0; g < version->groups; g++) {
        if (version->group[g]->chunk[column] == NULL) {
            return false;
        }
    }
    return version->groups > 0;
}

sw_status sw_brush_ruler_init(struct sw_brush_ruler *ruler, const struct sw_version *version,
                              uint32_t column, uint32_t values, uint32_t ranges)
{
    const struct sw_brush_ruler empty = {.type = version->schema->column[column].type};
    bool is_made = false;
    *ruler = empty;
    if (!is_there(version, column)) {
        return SW_PARAMS;
    }
    if (ruler->type == SW_TYPE_STRING) {
        return init_codes(ruler, version, column) ? SW_OK : SW_PARAMS;
    }
    is_made = ruler->type == SW_TYPE_FLOAT ? init_decimals(ruler, version, column)
                                           : init_integers(ruler, version, column);
    if (!is_made || ruler->bins > values) {
        *ruler = empty;
        is_made = init_ranges(ruler, version, column, ranges);
    }
    return is_made ? SW_OK : SW_PARAMS;
}

void sw_brush_ruler_fini(struct sw_brush_ruler *ruler)
{
    sw_dict_unref(ruler->dict);
    *ruler = (struct sw_brush_ruler){0};
}

bool sw_brush_ruler_fits(const struct sw_brush_ruler *ruler, const struct sw_version *version,
                         uint32_t column)
{
    struct sw_brush_ruler now;
    uint32_t values = ruler->bins - (ruler->null_bin != SW_BRUSH_NO_BIN);
    if (version->schema->column[column].type != ruler->type || !is_there(version, column)) {
        return false;
    }
    if (ruler->rule == SW_BRUSH_RANGES) {
        return true; /* what is new and beyond it goes into the outer bins */
    }
    if (sw_brush_ruler_init(&now, version, column, SW_BRUSH_BINS_MAX, 1) != SW_OK) {
        return false;
    }
    uint32_t now_values = now.bins - (now.null_bin != SW_BRUSH_NO_BIN);
    bool fits = now.rule == ruler->rule && now.scale == ruler->scale && now.dict == ruler->dict &&
                now.base >= ruler->base && now_values <= values &&
                (uint64_t)now.base - (uint64_t)ruler->base <= values - now_values &&
                (now.null_bin == SW_BRUSH_NO_BIN || ruler->null_bin != SW_BRUSH_NO_BIN);
    sw_brush_ruler_fini(&now);
    return fits;
}

/* -- bins ---------------------------------------------------------------------------------- */

static void bins_of_numbers(const struct sw_brush_ruler *ruler, const struct sw_chunk *chunk,
                            uint32_t start, uint32_t n, uint16_t *bin)
{
    int64_t number[SW_VECTOR_ROWS];
    uint64_t times =
        ruler->type == SW_TYPE_FLOAT ? (uint64_t)sw_decimal_powers[ruler->scale - chunk->scale] : 1;
    uint16_t first = (uint16_t)((uint64_t)chunk->base - (uint64_t)ruler->base);
    if (times == 1 && chunk->width == 2) {
        const uint16_t *from = (const uint16_t *)chunk->data + start;
        for (uint32_t i = 0; i < n; i++) {
            bin[i] = (uint16_t)(from[i] + first);
        }
        return;
    }
    sw_decode_ints(chunk, start, n, number);
    for (uint32_t i = 0; i < n; i++) {
        bin[i] = (uint16_t)((uint64_t)number[i] * times - (uint64_t)ruler->base);
    }
}

static void bins_of_ranges(const struct sw_brush_ruler *ruler, const double *values, uint32_t n,
                           uint16_t *bin)
{
    sw_linear_parts(values, n, ruler->low, ruler->per_unit, ruler->bins, bin);
    for (uint32_t i = 0; i < n; i++) {
        bin[i] = bin[i] < ruler->bins ? bin[i] : SW_BRUSH_NO_BIN;
    }
}

void sw_brush_ruler_bins_work(const struct sw_brush_ruler *ruler, struct sw_batch *batch,
                              uint32_t column, uint16_t *bin)
{
    const uint64_t *valid = sw_batch_valid(batch, column);
    const struct sw_chunk *chunk = sw_batch_chunk(batch, column);
    if (chunk->zone.nulls == chunk->rows) {
        for (uint32_t i = 0; i < batch->rows; i++) {
            bin[i] = (uint16_t)ruler->null_bin;
        }
        return;
    }
    switch (ruler->rule) {
    case SW_BRUSH_NUMBERS:
        bins_of_numbers(ruler, chunk, batch->start, batch->rows, bin);
        break;
    case SW_BRUSH_CODES: {
        const uint32_t *codes = sw_batch_codes(batch, column);
        for (uint32_t i = 0; i < batch->rows; i++) {
            bin[i] = (uint16_t)codes[i];
        }
        break;
    }
    case SW_BRUSH_RANGES:
        bins_of_ranges(ruler, sw_batch_floats(batch, column), batch->rows, bin);
        break;
    }
    for (uint32_t i = 0; valid != NULL && i < batch->rows; i++) {
        bin[i] = sw_bits_has(valid, i) ? bin[i] : (uint16_t)ruler->null_bin;
    }
}

/* -- values ---------------------------------------------------------------------------------- */

static double number_at(const struct sw_brush_ruler *ruler, uint32_t bin)
{
    return (double)(ruler->base + (int64_t)bin) / sw_decimal_powers[ruler->scale];
}

int64_t sw_brush_ruler_value(const struct sw_brush_ruler *ruler, uint32_t bin, bool as_float)
{
    double value = number_at(ruler, bin);
    int64_t bits;
    if (!as_float) {
        return ruler->base + (int64_t)bin;
    }
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* The bins of values below `value`, or up to it. */
static uint32_t bins_before(const struct sw_brush_ruler *ruler, uint32_t values, double value,
                            bool is_with)
{
    uint32_t from = 0;
    uint32_t to = values;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        double at = number_at(ruler, middle);
        if (is_with ? at <= value : at < value) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

static struct sw_brush_span span_of_numbers(const struct sw_brush_ruler *ruler, uint32_t values,
                                            const struct sw_filter_range *range)
{
    struct sw_brush_span span = {0, 0, false};
    int64_t last = ruler->base + (int64_t)values - 1;
    if (ruler->type == SW_TYPE_FLOAT) {
        span.from = bins_before(ruler, values, range->low_f, false);
        span.to = bins_before(ruler, values, range->high_f, true);
    } else if (range->low_i <= last && range->high_i >= ruler->base) {
        int64_t low = range->low_i < ruler->base ? ruler->base : range->low_i;
        int64_t high = range->high_i > last ? last : range->high_i;
        span.from = (uint32_t)(low - ruler->base);
        span.to = high < low ? span.from : (uint32_t)(high - ruler->base + 1);
    }
    span.to = span.to < span.from ? span.from : span.to;
    return span;
}

struct sw_brush_span sw_brush_ruler_span(const struct sw_brush_ruler *ruler,
                                         const struct sw_filter_range *range)
{
    uint32_t values = ruler->bins - (ruler->null_bin != SW_BRUSH_NO_BIN);
    bool is_float = range->type == SW_TYPE_FLOAT;
    const double ends[2] = {is_float ? range->low_f : (double)range->low_i,
                            is_float ? range->high_f : (double)range->high_i};
    uint16_t bin[2];
    if (range->is_nothing || !(ends[0] <= ends[1])) {
        return (struct sw_brush_span){0, 0, false};
    }
    if (ruler->rule == SW_BRUSH_NUMBERS) {
        return span_of_numbers(ruler, values, range);
    }
    bins_of_ranges(ruler, ends, 2, bin);
    return (struct sw_brush_span){bin[0], bin[1] + 1u, true};
}

/* -- lists ----------------------------------------------------------------------------------- */

static int compare_bins(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

/* False: no row has the value. */
static bool bin_of(const struct sw_brush_ruler *ruler, uint32_t values,
                   const struct sw_filter_values *list, size_t i, uint16_t *bin)
{
    uint32_t at = UINT32_MAX;
    if (ruler->rule == SW_BRUSH_CODES) {
        at = sw_dict_find(ruler->dict, list->texts[i]);
    } else if (list->type == SW_TYPE_FLOAT) {
        at = bins_before(ruler, values, list->floats[i], false);
        at = at < values && number_at(ruler, at) == list->floats[i] ? at : UINT32_MAX;
    } else if (list->ints[i] >= ruler->base) {
        uint64_t far = (uint64_t)list->ints[i] - (uint64_t)ruler->base;
        at = far < values ? (uint32_t)far : UINT32_MAX;
    }
    *bin = (uint16_t)at;
    return at < values;
}

int32_t sw_brush_ruler_list(const struct sw_brush_ruler *ruler, const struct sw_filter_values *list,
                            uint16_t *into)
{
    uint32_t values = ruler->bins - (ruler->null_bin != SW_BRUSH_NO_BIN);
    int32_t n = 0;
    int32_t kept = 0;
    if (ruler->rule == SW_BRUSH_RANGES) {
        return -1;
    }
    for (size_t i = 0; i < list->count; i++) {
        n += bin_of(ruler, values, list, i, &into[n]);
    }
    if (list->has_null && ruler->null_bin != SW_BRUSH_NO_BIN) {
        into[n++] = (uint16_t)ruler->null_bin;
    }
    qsort(into, (size_t)n, sizeof(*into), compare_bins);
    for (int32_t i = 0; i < n; i++) {
        if (kept == 0 || into[kept - 1] != into[i]) {
            into[kept++] = into[i];
        }
    }
    return kept;
}
