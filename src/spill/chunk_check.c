/* What kernels rely on without looking, checked for a chunk that came from outside. */
#include "spill/chunk_format.h"

static sw_status damaged(struct sw_err *err, const char *what)
{
    return sw_fail(err, SW_DAMAGED, "%s", what);
}

static bool are_nulls_good(const struct sw_chunk *chunk)
{
    if (chunk->valid == NULL) {
        return chunk->zone.nulls == 0;
    }
    uint32_t words = (chunk->rows + 63) / 64;
    uint32_t set = 0;
    for (uint32_t i = 0; i < words; i++) {
        set += (uint32_t)__builtin_popcountll(chunk->valid[i]);
    }
    uint32_t behind = chunk->rows % 64;
    return (behind == 0 || chunk->valid[words - 1] >> behind == 0) &&
           set == chunk->rows - chunk->zone.nulls;
}

static bool are_spellings_good(const struct sw_chunk *chunk)
{
    uint8_t highest = 0;
    for (uint32_t i = 0; chunk->null_spelling != NULL && i < chunk->rows; i++) {
        highest = chunk->null_spelling[i] > highest ? chunk->null_spelling[i] : highest;
    }
    return highest < SW_NULL_SPELLINGS;
}

/* The highest of the stored numbers; those of nulls are 0. */
#define HIGHEST(type)                                   \
    do {                                                \
        const type *restrict values = chunk->data;      \
        type most = 0;                                  \
        for (uint32_t i = 0; i < chunk->rows; i++) {    \
            most = values[i] > most ? values[i] : most; \
        }                                               \
        highest = most;                                 \
    } while (0)

static uint64_t highest_of(const struct sw_chunk *chunk)
{
    uint64_t highest = 0;
    switch (chunk->width) {
    case 1:
        HIGHEST(uint8_t);
        break;
    case 2:
        HIGHEST(uint16_t);
        break;
    case 4:
        HIGHEST(uint32_t);
        break;
    default:
        break;
    }
    return highest;
}

/* Width 8 holds the values themselves; nulls are 0, which need not lie within the zone. */
static bool are_wide_ints_good(const struct sw_chunk *chunk)
{
    const int64_t *values = chunk->data;
    uint32_t outside = 0;
    for (uint32_t i = 0; i < chunk->rows; i++) {
        outside += (values[i] < chunk->zone.min_i || values[i] > chunk->zone.max_i) &&
                   !sw_chunk_is_null(chunk, i);
    }
    return outside == 0;
}

static bool are_ints_good(const struct sw_chunk *chunk)
{
    const struct sw_zone *zone = &chunk->zone;
    if (!zone->has_values) {
        return chunk->width == 0; /* all null */
    }
    if (chunk->width == 8) {
        return are_wide_ints_good(chunk);
    }
    return chunk->base == zone->min_i &&
           highest_of(chunk) <= (uint64_t)zone->max_i - (uint64_t)zone->min_i;
}

static bool are_decimals_good(const struct sw_chunk *chunk)
{
    const double power = sw_decimal_powers[chunk->scale];
    const int64_t most = (int64_t)1 << 53;
    if (chunk->base < -most || chunk->base > most) {
        return false;
    }
    if (!chunk->zone.has_values) {
        return chunk->width == 0 && chunk->zone.nans == 0;
    }
    double low = (double)chunk->base / power;
    double high = (double)(chunk->base + (int64_t)highest_of(chunk)) / power;
    return chunk->zone.nans == 0 && low >= chunk->zone.min_f && high <= chunk->zone.max_f;
}

static bool are_floats_good(const struct sw_chunk *chunk)
{
    const double *values = chunk->data;
    const double min = chunk->zone.min_f;
    const double max = chunk->zone.max_f;
    uint64_t outside = 0;
    uint64_t nans = 0;
    for (uint32_t i = 0; i < chunk->rows; i++) {
        nans += values[i] != values[i];
        outside += (values[i] < min) | (values[i] > max);
    }
    /* A null's 0 may lie outside of the zone. */
    for (uint32_t i = 0; outside > 0 && i < chunk->rows; i++) {
        bool is_outside = values[i] < min || values[i] > max;
        outside -= is_outside && sw_chunk_is_null(chunk, i) ? 1 : 0;
    }
    return nans == chunk->zone.nans && (outside == 0 || !chunk->zone.has_values);
}

static bool are_codes_good(const struct sw_chunk *chunk)
{
    uint64_t highest = highest_of(chunk);
    return chunk->dict_count > 0 ? highest < chunk->dict_count
                                 : highest == 0 && chunk->zone.nulls == chunk->rows;
}

static bool are_texts_good(const struct sw_chunk *chunk)
{
    const uint32_t *offset = chunk->data;
    size_t size = chunk->bytes_size > 0
                      ? chunk->bytes_size
                      : chunk->data_size - ((size_t)chunk->rows + 1) * sizeof(uint32_t);
    uint32_t descents = 0;
    for (uint32_t i = 0; i < chunk->rows; i++) {
        descents += offset[i + 1] < offset[i];
    }
    return offset[0] == 0 && descents == 0 && offset[chunk->rows] <= size;
}

sw_status sw_chunk_check(const struct sw_chunk *chunk, struct sw_err *err)
{
    if (!are_nulls_good(chunk) || !are_spellings_good(chunk)) {
        return damaged(err, "a chunk's nulls contradict its facts");
    }
    bool is_good = false;
    switch (chunk->encoding) {
    case SW_ENC_INT:
        is_good = are_ints_good(chunk);
        break;
    case SW_ENC_DECIMAL:
        is_good = are_decimals_good(chunk);
        break;
    case SW_ENC_FLOAT:
        is_good = are_floats_good(chunk);
        break;
    case SW_ENC_DICT:
        is_good = are_codes_good(chunk);
        break;
    case SW_ENC_TEXT:
        is_good = are_texts_good(chunk);
        break;
    }
    return is_good ? SW_OK : damaged(err, "a chunk's values contradict its facts");
}
