/* See kernel.h.  Comparisons write flags of one byte, which the compiler does for 16 rows at
 * once; the flags then become bits, eight by one multiplication.  A range over base + number is
 * one unsigned comparison in the chunk's own width: number - first <= span. */
#include "kernel/loops.h"

#include <math.h>

void sw_bits_pack(uint8_t *restrict flags, uint32_t n, uint64_t *restrict into)
{
    uint32_t words = sw_bits_words(n);
    memset(flags + n, 0, words * 64 - n);
    sw_loops_choose()->pack(flags, words, into);
    memset(into + words, 0, (SW_VECTOR_WORDS - words) * sizeof(*into));
}

static void none(uint64_t *into)
{
    memset(into, 0, SW_VECTOR_WORDS * sizeof(*into));
}

/* first <= number <= last, both below 2^(8 * width). */
static void compare_numbers(const struct sw_chunk *chunk, uint32_t start, uint32_t n,
                            uint64_t first, uint64_t last, uint8_t *restrict flags)
{
    const struct sw_loops *loops = sw_loops_choose();
    uint64_t span = last - first;
    switch (chunk->width) {
    case 1:
        loops->within8((const uint8_t *)chunk->data + start, n, (uint8_t)first, (uint8_t)span,
                       flags);
        break;
    case 2:
        loops->within16((const uint16_t *)chunk->data + start, n, (uint16_t)first, (uint16_t)span,
                        flags);
        break;
    default:
        loops->within32((const uint32_t *)chunk->data + start, n, (uint32_t)first, (uint32_t)span,
                        flags);
        break;
    }
}

static void compare_wide(const int64_t *restrict from, uint32_t n, int64_t low, int64_t high,
                         uint8_t *restrict flags)
{
    for (uint32_t i = 0; i < n; i++) {
        flags[i] = (from[i] >= low) & (from[i] <= high);
    }
}

void sw_compare_ints(const struct sw_chunk *chunk, uint32_t start, uint32_t n, int64_t low,
                     int64_t high, uint64_t *restrict into)
{
    uint8_t flags[SW_VECTOR_ROWS];
    int64_t base = chunk->base;
    if (chunk->width == 8) {
        compare_wide((const int64_t *)chunk->data + start, n, low, high, flags);
        sw_bits_pack(flags, n, into);
        return;
    }
    uint64_t most = chunk->width == 0 ? 0 : UINT64_MAX >> (64 - 8 * chunk->width);
    if (low > high || high < base || (low > base && (uint64_t)low - (uint64_t)base > most)) {
        none(into);
        return;
    }
    uint64_t first = low > base ? (uint64_t)low - (uint64_t)base : 0;
    uint64_t last = (uint64_t)high - (uint64_t)base;
    last = last > most ? most : last;
    if (first == 0 && last == most) {
        sw_bits_all(into, n);
        return;
    }
    compare_numbers(chunk, start, n, first, last, flags);
    sw_bits_pack(flags, n, into);
}

/* The least mantissa of which the value is at least `low`, within [-limit, limit]. */
static int64_t mantissa_at_least(double low, double power)
{
    double limit = 0x1p52;
    double scaled = ceil(low * power);
    int64_t m = (int64_t)(scaled < -limit ? -limit : scaled > limit ? limit : scaled);
    while (m > -(int64_t)limit && (double)(m - 1) / power >= low) {
        m--;
    }
    while (m < (int64_t)limit && (double)m / power < low) {
        m++;
    }
    return m;
}

void sw_compare_floats(const struct sw_chunk *chunk, uint32_t start, uint32_t n, double low,
                       double high, uint64_t *restrict into)
{
    if (!(low <= high)) {
        none(into);
        return;
    }
    if (chunk->encoding == SW_ENC_DECIMAL) {
        double power = sw_decimal_powers[chunk->scale];
        int64_t first = mantissa_at_least(low, power);
        int64_t last = mantissa_at_least(nextafter(high, INFINITY), power) - 1;
        last = isinf(high) ? INT64_MAX : last;
        sw_compare_ints(chunk, start, n, first, last, into);
        return;
    }
    uint8_t flags[SW_VECTOR_ROWS];
    sw_loops_choose()->within_floats((const double *)chunk->data + start, n, low, high, flags);
    sw_bits_pack(flags, n, into);
}

void sw_compare_codes(const struct sw_chunk *chunk, uint32_t start, uint32_t n,
                      const uint8_t *restrict passes, uint64_t *restrict into)
{
    uint8_t flags[SW_VECTOR_ROWS];
    const uint8_t *restrict from8 = (const uint8_t *)chunk->data + start;
    const uint16_t *restrict from16 = (const uint16_t *)chunk->data + start;
    const uint32_t *restrict from32 = (const uint32_t *)chunk->data + start;
    if (chunk->dict_count == 0) {
        none(into);
        return;
    }
    switch (chunk->width) {
    case 1:
        for (uint32_t i = 0; i < n; i++) {
            flags[i] = passes[from8[i]];
        }
        break;
    case 2:
        for (uint32_t i = 0; i < n; i++) {
            flags[i] = passes[from16[i]];
        }
        break;
    default:
        for (uint32_t i = 0; i < n; i++) {
            flags[i] = passes[from32[i]];
        }
        break;
    }
    sw_bits_pack(flags, n, into);
}
