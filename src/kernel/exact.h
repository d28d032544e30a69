/* exact: sums of doubles without rounding, so that they do not depend on the order of the rows,
 * on how rows are split into chunks, or on who added what: rounded once, at the end.
 *
 * struct sw_exact holds any sum of doubles: 2,100 bits as signed digits of 32 (Neal 2015, "small
 * superaccumulator").  struct sw_exact_sum is what groups have, three words: with a bound on the
 * column (its zone) each value is cut by two additions into two integers of 43 bits,
 *
 *     value = high * 2^(e - 43) + low * 2^(e - 86),   |value| < 2^e,
 *
 * and those are added (the pre-rounding of Demmel and Nguyen 2013, but with a test).  A value
 * that is not met exactly (far below the bound, NaN, infinite) goes to a struct sw_exact of its
 * group. After SW_EXACT_ROWS values the sums must be carried. */
#ifndef SW_KERNEL_EXACT_H
#define SW_KERNEL_EXACT_H

#include "base/status.h"

#define SW_EXACT_DIGITS 70
#define SW_EXACT_BITS   43
#define SW_EXACT_ROWS   (1u << 19) /* 2^19 * 2^43 < 2^63 */

struct sw_exact {
    int64_t digit[SW_EXACT_DIGITS]; /* digit i weighs 2^(32 i - 1088) */
    uint32_t pending;               /* additions since the last carry */
    bool has_nan, has_plus, has_minus;
};

void sw_exact_add(struct sw_exact *exact, double value);
/* value * 2^exponent, -1088 <= exponent <= 1000 */
void sw_exact_add_int(struct sw_exact *exact, int64_t value, int exponent);
void sw_exact_merge(struct sw_exact *into, const struct sw_exact *from);
/* The nearest double (ties to even); NaN and infinities as addition has them. */
double sw_exact_round(struct sw_exact *exact);

/* How values are cut; from a bound on their magnitude. */
struct sw_exact_cut {
    double high_magic, low_magic;
    int exponent;   /* the e above */
    bool is_usable; /* else every value goes the long way */
};

/* A cut for values up to |largest|; infinite, NaN or 0: none is usable. */
struct sw_exact_cut sw_exact_cut_for(double largest);

struct sw_exact_sum {
    int64_t high, low, carry;
    struct sw_exact *stray; /* values that the cut does not meet; owned; NULL: none yet */
};

static inline uint64_t sw_exact_bits(double value)
{
    uint64_t bits;
    __builtin_memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* Cuts the value; false when it is not met and must go to a stray. */
static inline bool sw_exact_split(const struct sw_exact_cut *cut, double value, int64_t *high,
                                  int64_t *low)
{
    double a = value + cut->high_magic;
    double rest = value - (a - cut->high_magic);
    double b = rest + cut->low_magic;
    *high = (int64_t)(sw_exact_bits(a) - sw_exact_bits(cut->high_magic));
    *low = (int64_t)(sw_exact_bits(b) - sw_exact_bits(cut->low_magic));
    return rest == b - cut->low_magic;
}

/* The long way. SW_NO_MEMORY when there is none for the stray. */
SW_MUST_USE sw_status sw_exact_sum_stray(struct sw_exact_sum *sum, double value);
void sw_exact_sum_carry(struct sw_exact_sum *sum);
/* Both under one cut. */
SW_MUST_USE sw_status sw_exact_sum_merge(struct sw_exact_sum *into,
                                         const struct sw_exact_sum *from);
/* The sum as a struct sw_exact, added to `into`. */
void sw_exact_sum_put(const struct sw_exact_cut *cut, const struct sw_exact_sum *sum,
                      struct sw_exact *into);
double sw_exact_sum_round(const struct sw_exact_cut *cut, const struct sw_exact_sum *sum);
void sw_exact_sum_fini(struct sw_exact_sum *sum);

/* (n * squares - total^2), rounded once: the variance of n values times n (n - 1) or n^2. */
double sw_exact_spread(struct sw_exact *total, struct sw_exact *squares, uint64_t n);

#endif
