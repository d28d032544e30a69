/* See kernel.h.  base + number is exact as long as it stays below 2^53: tested per call. */
#include "kernel/loops.h"

#define EXACT (INT64_C(1) << 53)

/* -- integers ----------------------------------------------------------------- */

void sw_decode_ints(const struct sw_chunk *chunk, uint32_t start, uint32_t n,
                    int64_t *restrict into)
{
    const uint8_t *restrict from8 = chunk->data;
    const uint16_t *restrict from16 = chunk->data;
    const uint32_t *restrict from32 = chunk->data;
    uint64_t base = (uint64_t)chunk->base;
    switch (chunk->width) {
    case 1:
        for (uint32_t i = 0; i < n; i++) {
            into[i] = (int64_t)(base + from8[start + i]);
        }
        break;
    case 2:
        for (uint32_t i = 0; i < n; i++) {
            into[i] = (int64_t)(base + from16[start + i]);
        }
        break;
    case 4:
        for (uint32_t i = 0; i < n; i++) {
            into[i] = (int64_t)(base + from32[start + i]);
        }
        break;
    case 8:
        memcpy(into, (const int64_t *)chunk->data + start, n * sizeof(*into));
        break;
    default:
        for (uint32_t i = 0; i < n; i++) {
            into[i] = chunk->base;
        }
        break;
    }
}

/* -- floats --------------------------------------------------------------------- */

static void wide_to_floats(const struct sw_chunk *chunk, uint32_t start, uint32_t n,
                           double *restrict into)
{
    for (uint32_t at = 0; at < n; at += 64) {
        int64_t values[64];
        uint32_t count = n - at < 64 ? n - at : 64;
        sw_decode_ints(chunk, start + at, count, values);
        for (uint32_t i = 0; i < count; i++) {
            into[at + i] = (double)values[i];
        }
    }
}

/* base + number as doubles. */
static void ints_to_floats(const struct sw_chunk *chunk, uint32_t start, uint32_t n,
                           double *restrict into)
{
    const struct sw_loops *loops = sw_loops_choose();
    double base = (double)chunk->base;
    if (chunk->width == 8 || chunk->base < -EXACT + UINT32_MAX ||
        chunk->base > EXACT - UINT32_MAX) {
        wide_to_floats(chunk, start, n, into);
        return;
    }
    switch (chunk->width) {
    case 1:
        loops->floats_of_8((const uint8_t *)chunk->data + start, n, base, into);
        break;
    case 2:
        loops->floats_of_16((const uint16_t *)chunk->data + start, n, base, into);
        break;
    case 4:
        loops->floats_of_32((const uint32_t *)chunk->data + start, n, base, into);
        break;
    default:
        for (uint32_t i = 0; i < n; i++) {
            into[i] = base;
        }
        break;
    }
}

void sw_decode_floats(const struct sw_chunk *chunk, uint32_t start, uint32_t n,
                      double *restrict into)
{
    switch (chunk->encoding) {
    case SW_ENC_INT:
        ints_to_floats(chunk, start, n, into);
        break;
    case SW_ENC_DECIMAL:
        ints_to_floats(chunk, start, n, into);
        if (chunk->scale > 0) {
            sw_loops_choose()->divide(into, n, sw_decimal_powers[chunk->scale]);
        }
        break;
    case SW_ENC_FLOAT:
        memcpy(into, (const double *)chunk->data + start, n * sizeof(*into));
        break;
    case SW_ENC_DICT:
    case SW_ENC_TEXT:
        sw_assert(false);
    }
}

/* -- rows of a list --------------------------------------------------------------- */

void sw_gather_ints(const struct sw_chunk *chunk, const uint16_t *rows, uint32_t n,
                    int64_t *restrict into)
{
    const uint8_t *restrict from8 = chunk->data;
    const uint16_t *restrict from16 = chunk->data;
    const uint32_t *restrict from32 = chunk->data;
    const int64_t *restrict from64 = chunk->data;
    uint64_t base = (uint64_t)chunk->base;
    switch (chunk->width) {
    case 1:
        for (uint32_t i = 0; i < n; i++) {
            into[i] = (int64_t)(base + from8[rows[i]]);
        }
        break;
    case 2:
        for (uint32_t i = 0; i < n; i++) {
            into[i] = (int64_t)(base + from16[rows[i]]);
        }
        break;
    case 4:
        for (uint32_t i = 0; i < n; i++) {
            into[i] = (int64_t)(base + from32[rows[i]]);
        }
        break;
    case 8:
        for (uint32_t i = 0; i < n; i++) {
            into[i] = from64[rows[i]];
        }
        break;
    default:
        for (uint32_t i = 0; i < n; i++) {
            into[i] = chunk->base;
        }
        break;
    }
}

void sw_gather_floats(const struct sw_chunk *chunk, const uint16_t *rows, uint32_t n,
                      double *restrict into)
{
    if (chunk->encoding == SW_ENC_FLOAT) {
        const double *restrict from = chunk->data;
        for (uint32_t i = 0; i < n; i++) {
            into[i] = from[rows[i]];
        }
        return;
    }
    for (uint32_t at = 0; at < n; at += 64) {
        int64_t values[64];
        uint32_t count = n - at < 64 ? n - at : 64;
        sw_gather_ints(chunk, rows + at, count, values);
        for (uint32_t i = 0; i < count; i++) {
            into[at + i] = (double)values[i];
        }
    }
    if (chunk->encoding == SW_ENC_DECIMAL && chunk->scale > 0) {
        sw_loops_choose()->divide(into, n, sw_decimal_powers[chunk->scale]);
    }
}

/* -- codes ------------------------------------------------------------------------ */

void sw_decode_codes(const struct sw_chunk *chunk, uint32_t start, uint32_t n,
                     uint32_t *restrict into)
{
    const uint8_t *restrict from8 = chunk->data;
    const uint16_t *restrict from16 = chunk->data;
    sw_assert(chunk->encoding == SW_ENC_DICT);
    switch (chunk->width) {
    case 1:
        for (uint32_t i = 0; i < n; i++) {
            into[i] = from8[start + i];
        }
        break;
    case 2:
        for (uint32_t i = 0; i < n; i++) {
            into[i] = from16[start + i];
        }
        break;
    default:
        memcpy(into, (const uint32_t *)chunk->data + start, n * sizeof(*into));
        break;
    }
}

const uint16_t *sw_decode_codes_wide(const struct sw_chunk *chunk, uint32_t start, uint32_t n,
                                     uint16_t *restrict room)
{
    const uint8_t *restrict from8 = chunk->data;
    const uint32_t *restrict from32 = chunk->data;
    sw_assert(chunk->encoding == SW_ENC_DICT);
    sw_assert(chunk->dict_count <= UINT16_MAX + 1);
    if (chunk->width == 2) {
        return (const uint16_t *)chunk->data + start;
    }
    for (uint32_t i = 0; i < n; i++) {
        room[i] = chunk->width == 1 ? from8[start + i] : (uint16_t)from32[start + i];
    }
    return room;
}
