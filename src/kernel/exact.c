/* See exact.h. */
#include "kernel/exact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BIAS        1088 /* digit 0 weighs 2^-BIAS */
#define DIGIT_BITS  32
#define DIGIT_MASK  0xffffffffu
#define PENDING_MAX (1u << 29)
#define PARTS_MAX   42 /* doubles of 53 bits that make up any sum */

/* -- the long sum ------------------------------------------------------------------ */

/* Makes all digits but the last lie in [0, 2^32). */
static void carry_digits(struct sw_exact *exact)
{
    int64_t carry = 0;
    for (unsigned i = 0; i + 1 < SW_EXACT_DIGITS; i++) {
        int64_t digit = exact->digit[i] + carry;
        carry = digit >> DIGIT_BITS;
        exact->digit[i] = digit & (int64_t)DIGIT_MASK;
    }
    exact->digit[SW_EXACT_DIGITS - 1] += carry;
    exact->pending = 0;
}

static void add_magnitude(struct sw_exact *exact, uint64_t magnitude, int exponent, bool is_minus)
{
    unsigned at = (unsigned)(exponent + BIAS);
    unsigned __int128 shifted = (unsigned __int128)magnitude << (at % DIGIT_BITS);
    int64_t *digit = &exact->digit[at / DIGIT_BITS];
    for (unsigned i = 0; i < 3; i++) {
        int64_t part = (int64_t)((uint64_t)(shifted >> (i * DIGIT_BITS)) & DIGIT_MASK);
        digit[i] += is_minus ? -part : part;
    }
    if (++exact->pending >= PENDING_MAX) {
        carry_digits(exact);
    }
}

void sw_exact_add_int(struct sw_exact *exact, int64_t value, int exponent)
{
    sw_assert(exponent >= -BIAS);
    sw_assert(exponent <= 1000);
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    add_magnitude(exact, magnitude, exponent, value < 0);
}

void sw_exact_add(struct sw_exact *exact, double value)
{
    uint64_t bits = sw_exact_bits(value);
    int exponent = (int)(bits >> 52 & 0x7ff);
    uint64_t fraction = bits & 0xfffffffffffffu;
    bool is_minus = bits >> 63 != 0;
    if (exponent == 0x7ff) {
        exact->has_nan = exact->has_nan || fraction != 0;
        exact->has_plus = exact->has_plus || (fraction == 0 && !is_minus);
        exact->has_minus = exact->has_minus || (fraction == 0 && is_minus);
        return;
    }
    if (exponent == 0) {
        exponent = 1;
    } else {
        fraction |= (uint64_t)1 << 52;
    }
    add_magnitude(exact, fraction, exponent - 1075, is_minus);
}

void sw_exact_merge(struct sw_exact *into, const struct sw_exact *from)
{
    struct sw_exact copy = *from;
    carry_digits(&copy);
    carry_digits(into);
    for (unsigned i = 0; i < SW_EXACT_DIGITS; i++) {
        into->digit[i] += copy.digit[i];
    }
    into->pending = 1;
    into->has_nan = into->has_nan || from->has_nan;
    into->has_plus = into->has_plus || from->has_plus;
    into->has_minus = into->has_minus || from->has_minus;
}

static void negate(struct sw_exact *exact)
{
    for (unsigned i = 0; i < SW_EXACT_DIGITS; i++) {
        exact->digit[i] = -exact->digit[i];
    }
    carry_digits(exact);
}

/* Bit `bit` of carried, non-negative digits and whether any below it is set. */
static bool bit_at(const struct sw_exact *exact, int bit)
{
    return bit >= 0 && (exact->digit[bit / DIGIT_BITS] >> (bit % DIGIT_BITS) & 1) != 0;
}

static bool any_below(const struct sw_exact *exact, int bit)
{
    for (int i = 0; i * DIGIT_BITS < bit; i++) {
        int64_t digit = exact->digit[i];
        int left = bit - i * DIGIT_BITS;
        digit &= left >= DIGIT_BITS ? (int64_t)DIGIT_MASK : ((int64_t)1 << left) - 1;
        if (digit != 0) {
            return true;
        }
    }
    return false;
}

/* Bits [lowest, lowest + 53) as an integer; the sum has none above. */
static uint64_t bits_from(const struct sw_exact *exact, int lowest)
{
    uint64_t value = 0;
    for (int i = 3; i-- > 0;) {
        int index = lowest / DIGIT_BITS + i;
        uint64_t digit = index < SW_EXACT_DIGITS ? (uint64_t)exact->digit[index] : 0;
        int shift = i * DIGIT_BITS - lowest % DIGIT_BITS;
        value |= shift >= 64 ? 0 : shift >= 0 ? digit << shift : digit >> -shift;
    }
    return value;
}

static double round_positive(const struct sw_exact *exact, unsigned top)
{
    int highest = (int)top * DIGIT_BITS + 63 - __builtin_clzll((uint64_t)exact->digit[top]);
    if (highest - BIAS > 1100) {
        return INFINITY;
    }
    int lowest = highest - 52;
    lowest = lowest < BIAS - 1074 ? BIAS - 1074 : lowest;
    uint64_t kept = bits_from(exact, lowest);
    bool is_half = bit_at(exact, lowest - 1);
    if (is_half && ((kept & 1) != 0 || any_below(exact, lowest - 1))) {
        kept++;
    }
    return ldexp((double)kept, lowest - BIAS);
}

double sw_exact_round(struct sw_exact *exact)
{
    if (exact->has_nan || (exact->has_plus && exact->has_minus)) {
        return NAN;
    }
    if (exact->has_plus || exact->has_minus) {
        return exact->has_plus ? INFINITY : -INFINITY;
    }
    carry_digits(exact);
    bool is_minus = exact->digit[SW_EXACT_DIGITS - 1] < 0;
    if (is_minus) {
        negate(exact);
    }
    unsigned top = SW_EXACT_DIGITS;
    while (top > 0 && exact->digit[top - 1] == 0) {
        top--;
    }
    double rounded = top == 0 ? 0 : round_positive(exact, top - 1);
    if (is_minus) {
        negate(exact);
        rounded = -rounded;
    }
    return rounded;
}

/* -- the short sum ------------------------------------------------------------------- */

struct sw_exact_cut sw_exact_cut_for(double largest)
{
    struct sw_exact_cut cut = {0};
    largest = fabs(largest);
    if (!(largest > 0) || !isfinite(largest)) {
        return cut;
    }
    (void)frexp(largest, &cut.exponent);
    cut.is_usable = cut.exponent > -800 && cut.exponent < 900;
    if (cut.is_usable) {
        cut.high_magic = ldexp(0x1.8p52, cut.exponent - SW_EXACT_BITS);
        cut.low_magic = ldexp(0x1.8p52, cut.exponent - 2 * SW_EXACT_BITS);
    }
    return cut;
}

sw_status sw_exact_sum_stray(struct sw_exact_sum *sum, double value)
{
    if (sum->stray == NULL) {
        sum->stray = calloc(1, sizeof(*sum->stray));
        if (sum->stray == NULL) {
            return SW_NO_MEMORY;
        }
    }
    sw_exact_add(sum->stray, value);
    return SW_OK;
}

void sw_exact_sum_carry(struct sw_exact_sum *sum)
{
    const int64_t mask = ((int64_t)1 << SW_EXACT_BITS) - 1;
    sum->high += sum->low >> SW_EXACT_BITS;
    sum->low &= mask;
    sum->carry += sum->high >> SW_EXACT_BITS;
    sum->high &= mask;
}

sw_status sw_exact_sum_merge(struct sw_exact_sum *into, const struct sw_exact_sum *from)
{
    struct sw_exact_sum carried = {from->high, from->low, from->carry, NULL};
    sw_exact_sum_carry(into);
    sw_exact_sum_carry(&carried);
    into->high += carried.high;
    into->low += carried.low;
    into->carry += carried.carry;
    if (from->stray == NULL) {
        return SW_OK;
    }
    if (into->stray == NULL) {
        into->stray = malloc(sizeof(*into->stray));
        if (into->stray == NULL) {
            return SW_NO_MEMORY;
        }
        *into->stray = *from->stray;
        return SW_OK;
    }
    sw_exact_merge(into->stray, from->stray);
    return SW_OK;
}

void sw_exact_sum_put(const struct sw_exact_cut *cut, const struct sw_exact_sum *sum,
                      struct sw_exact *into)
{
    if (cut->is_usable) {
        sw_exact_add_int(into, sum->carry, cut->exponent);
        sw_exact_add_int(into, sum->high, cut->exponent - SW_EXACT_BITS);
        sw_exact_add_int(into, sum->low, cut->exponent - 2 * SW_EXACT_BITS);
    }
    if (sum->stray != NULL) {
        sw_exact_merge(into, sum->stray);
    }
}

/* The three words as one integer, which the machine rounds as it should; far from where doubles
 * end, scaling it rounds no more. */
static bool round_short(const struct sw_exact_cut *cut, const struct sw_exact_sum *sum,
                        double *value)
{
    const int64_t most = INT64_C(1) << 36;
    int exponent = cut->exponent - 2 * SW_EXACT_BITS;
    if (!cut->is_usable || sum->stray != NULL || sum->carry > most || sum->carry < -most ||
        exponent < -900) {
        return false;
    }
    __int128 total = sum->carry * ((__int128)1 << (2 * SW_EXACT_BITS)) +
                     sum->high * ((__int128)1 << SW_EXACT_BITS) + sum->low;
    *value = ldexp((double)total, exponent);
    return true;
}

double sw_exact_sum_round(const struct sw_exact_cut *cut, const struct sw_exact_sum *sum)
{
    double value;
    if (round_short(cut, sum, &value)) {
        return value;
    }
    struct sw_exact exact = {0};
    sw_exact_sum_put(cut, sum, &exact);
    return sw_exact_round(&exact);
}

void sw_exact_sum_fini(struct sw_exact_sum *sum)
{
    free(sum->stray);
    *sum = (struct sw_exact_sum){0};
}

/* -- spread --------------------------------------------------------------------------- */

/* The sum as doubles of which it is exactly the sum, largest first; how many. */
static unsigned take_apart(struct sw_exact *exact, double *part)
{
    unsigned n = 0;
    for (; n < PARTS_MAX; n++) {
        part[n] = sw_exact_round(exact);
        if (part[n] == 0 || !isfinite(part[n])) {
            break;
        }
        sw_exact_add(exact, -part[n]);
    }
    return n;
}

/* Adds sign * a * b without rounding, unless it is below all doubles. */
static void add_product(struct sw_exact *into, double a, double b)
{
    double product = a * b;
    sw_exact_add(into, product);
    if (isfinite(product)) {
        sw_exact_add(into, fma(a, b, -product));
    }
}

double sw_exact_spread(struct sw_exact *total, struct sw_exact *squares, uint64_t n)
{
    double t[PARTS_MAX];
    double s[PARTS_MAX];
    double whole = sw_exact_round(total);
    if (!isfinite(whole) || !isfinite(sw_exact_round(squares))) {
        return NAN;
    }
    unsigned t_parts = take_apart(total, t);
    unsigned s_parts = take_apart(squares, s);
    struct sw_exact spread = {0};
    for (unsigned i = 0; i < s_parts; i++) {
        add_product(&spread, s[i], (double)(n >> 32) * 0x1p32);
        add_product(&spread, s[i], (double)(n & 0xffffffffu));
    }
    for (unsigned i = 0; i < t_parts; i++) {
        for (unsigned j = 0; j < t_parts; j++) {
            add_product(&spread, -t[i], t[j]);
        }
    }
    return sw_exact_round(&spread);
}
