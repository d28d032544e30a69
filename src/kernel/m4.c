/* See kernel.h. */
#include "kernel/loops.h"

void sw_min_max(const double *restrict values, uint32_t n, double *least, double *greatest)
{
    sw_loops_choose()->min_max(values, n, least, greatest);
}

uint32_t sw_find(const double *restrict values, uint32_t n, double value)
{
    return sw_loops_choose()->find(values, n, value);
}

void sw_mask_floats(const double *restrict values, const uint64_t *restrict keep, uint32_t n,
                    double *restrict into)
{
    sw_loops_choose()->mask_floats(values, keep, n, into);
}

#define EXACT_MAX (INT64_C(1) << 53) /* up to here a double is one integer's */

bool sw_has_extremes(const struct sw_chunk *chunk)
{
    bool is_packed = chunk->encoding == SW_ENC_DECIMAL ||
                     (chunk->encoding == SW_ENC_INT && chunk->zone.min_i >= -EXACT_MAX &&
                      chunk->zone.max_i <= EXACT_MAX);
    return is_packed && (chunk->width == 1 || chunk->width == 2 || chunk->width == 4);
}

void sw_extremes(const struct sw_chunk *chunk, uint32_t start, uint32_t n, uint32_t *least,
                 uint32_t *greatest)
{
    const struct sw_loops *loops = sw_loops_choose();
    sw_assert(n > 0);
    switch (chunk->width) {
    case 1:
        loops->extremes8((const uint8_t *)chunk->data + start, n, least, greatest);
        break;
    case 2:
        loops->extremes16((const uint16_t *)chunk->data + start, n, least, greatest);
        break;
    default:
        loops->extremes32((const uint32_t *)chunk->data + start, n, least, greatest);
        break;
    }
}
