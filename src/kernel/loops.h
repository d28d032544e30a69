/* loops: the loops of kernel.h that gain from wide registers, compiled once for the plainest
 * machine and once for AVX2 and FMA, and chosen by what the processor can do.  The results are
 * the same bits.  Within kernel/ alone; the others call kernel.h. */
#ifndef SW_KERNEL_LOOPS_H
#define SW_KERNEL_LOOPS_H

#include "kernel/kernel.h"

struct sw_loops {
    uint32_t (*count_bits)(const uint64_t *bits);
    void (*mark)(const uint8_t *restrict code, const uint64_t *restrict keep, uint32_t n,
                 uint8_t else_code, uint8_t *restrict into);
    void (*mark_wide)(const uint16_t *restrict code, const uint64_t *restrict keep, uint32_t n,
                      uint16_t else_code, uint16_t *restrict into);
    void (*count_narrow)(const uint8_t *restrict code, uint32_t n, uint32_t codes,
                         uint64_t *restrict counts);
    void (*count_wide)(const uint16_t *restrict code, uint32_t n, uint32_t codes,
                       uint64_t *restrict counts);
    uint32_t (*sum_few)(const struct sw_exact_cut *cut, const double *restrict values,
                        const uint8_t *restrict group, uint32_t n, uint32_t groups,
                        struct sw_few_sum *restrict sum);
    uint32_t (*parts)(const struct sw_exact_cut *cut, const double *restrict values, uint32_t n,
                      int64_t *restrict parts);
    void (*sum_few_ints)(const int64_t *restrict values, const uint8_t *restrict group, uint32_t n,
                         uint32_t groups, int64_t *restrict sum);
    void (*linear)(const double *restrict values, uint32_t n, double low, double scale,
                   uint32_t parts, uint16_t *restrict part);
    void (*pack)(const uint8_t *restrict flags, uint32_t words, uint64_t *restrict into);
    void (*within8)(const uint8_t *restrict from, uint32_t n, uint8_t first, uint8_t span,
                    uint8_t *restrict flags);
    void (*within16)(const uint16_t *restrict from, uint32_t n, uint16_t first, uint16_t span,
                     uint8_t *restrict flags);
    void (*within32)(const uint32_t *restrict from, uint32_t n, uint32_t first, uint32_t span,
                     uint8_t *restrict flags);
    void (*within_floats)(const double *restrict from, uint32_t n, double low, double high,
                          uint8_t *restrict flags);
    void (*min_max)(const double *restrict values, uint32_t n, double *least, double *greatest);
    uint32_t (*find)(const double *restrict values, uint32_t n, double value);
    /* where the least and the greatest first are */
    void (*extremes8)(const uint8_t *restrict from, uint32_t n, uint32_t *least,
                      uint32_t *greatest);
    void (*extremes16)(const uint16_t *restrict from, uint32_t n, uint32_t *least,
                       uint32_t *greatest);
    void (*extremes32)(const uint32_t *restrict from, uint32_t n, uint32_t *least,
                       uint32_t *greatest);
    void (*mask_floats)(const double *restrict values, const uint64_t *restrict keep, uint32_t n,
                        double *restrict into);
    /* floats[i] = base + from[i], exactly */
    void (*floats_of_8)(const uint8_t *restrict from, uint32_t n, double base,
                        double *restrict into);
    void (*floats_of_16)(const uint16_t *restrict from, uint32_t n, double base,
                         double *restrict into);
    void (*floats_of_32)(const uint32_t *restrict from, uint32_t n, double base,
                         double *restrict into);
    /* values[i] /= power, rounded as division rounds; power is one of sw_decimal_powers */
    void (*divide)(double *restrict values, uint32_t n, double power);
};

extern const struct sw_loops sw_loops_plain;
extern const struct sw_loops sw_loops_avx2;

/* Those for this machine. */
const struct sw_loops *sw_loops_choose(void);

#endif
