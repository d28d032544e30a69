/* See kernel.h. */
#include "kernel/loops.h"

uint32_t sw_few_sum(const struct sw_exact_cut *cut, const double *restrict values,
                    const uint8_t *restrict group, uint32_t n, uint32_t groups,
                    struct sw_few_sum *restrict sum)
{
    sw_assert(groups <= SW_FEW_GROUPS + 1);
    return sw_loops_choose()->sum_few(cut, values, group, n, groups, sum);
}

uint32_t sw_exact_parts(const struct sw_exact_cut *cut, const double *restrict values, uint32_t n,
                        int64_t *restrict parts)
{
    return sw_loops_choose()->parts(cut, values, n, parts);
}

void sw_linear_parts(const double *restrict values, uint32_t n, double low, double scale,
                     uint32_t parts, uint16_t *restrict part)
{
    sw_assert(parts < UINT16_MAX);
    sw_loops_choose()->linear(values, n, low, scale, parts, part);
}

void sw_few_sum_ints(const int64_t *restrict values, const uint8_t *restrict group, uint32_t n,
                     uint32_t groups, int64_t *restrict sum)
{
    sw_assert(groups <= SW_FEW_GROUPS + 1);
    sw_loops_choose()->sum_few_ints(values, group, n, groups, sum);
}
