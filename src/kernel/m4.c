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
