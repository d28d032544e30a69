/* See kernel.h. */
#include "kernel/kernel.h"

bool sw_min_max_rows(const double *restrict values, const uint16_t *restrict row, uint32_t n,
                     uint32_t *least, uint32_t *greatest)
{
    uint32_t i = 0;
    while (i < n && values[row[i]] != values[row[i]]) {
        i++;
    }
    if (i == n) {
        return false;
    }
    double min = values[row[i]];
    double max = min;
    *least = i;
    *greatest = i;
    for (; i < n; i++) {
        double value = values[row[i]];
        if (value < min) {
            min = value;
            *least = i;
        } else if (value > max) {
            max = value;
            *greatest = i;
        }
    }
    return true;
}
