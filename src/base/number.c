/* Doubles: "The Schubfach way to render doubles" (R. Giulietti, 2020).  A double v = c * 2^q is
 * shown by any decimal between the middles to its neighbours.  With k = floor(log10(2^q)) that
 * interval holds at least one multiple of 10^k and at most one of 10^(k+1): the latter, if there is
 * one, is the shortest, otherwise the multiple of 10^k nearest to v.  The interval's ends and v are
 * scaled by 10^-k with 128 bits, enough to decide every comparison when the part that is cut off
 * leaves its trace in the lowest bit (rounding to odd).
 *
 * The way back (sw_number_scale10) takes one product of the digits and a power of ten: that many
 * bits say on which side of the middle between two doubles it lies, unless it lies right there. */
#include "base/number.h"

#include <string.h>

#include "base/status.h"

#define FRACTION_BITS   52
#define EXPONENT_MASK   0x7ffu
#define EXPONENT_BIAS   1075 /* of c * 2^q with an integer c */
#define HIDDEN_BIT      ((uint64_t)1 << FRACTION_BITS)
#define POWER_MIN       (-292)
#define POWER_MAX       324
#define PLAIN_POINT_MAX 16   /* digits before the point without an exponent */
#define PLAIN_POINT_MIN (-5) /* 0.000001 has five zeros before its first digit */
#define DECIMAL_DIGITS  15   /* any decimal so long is told apart by doubles */
#define MICRO_PLACES    6

struct power {
    uint64_t high, low;
};

static const struct power powers[] = {
#define POWER(exponent, high, low) [(exponent) - (POWER_MIN)] = {high, low},
#include "base/number_powers.inc"
#undef POWER
};

static const uint64_t tens[] = {
    1u,
    10u,
    100u,
    1000u,
    10000u,
    100000u,
    1000000u,
    10000000u,
    100000000u,
    1000000000u,
    10000000000u,
    100000000000u,
    1000000000000u,
    10000000000000u,
    100000000000000u,
    1000000000000000u,
    10000000000000000u,
    100000000000000000u,
    1000000000000000000u,
    10000000000000000000u,
};

static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233"
                            "34353637383940414243444546474849505152535455565758596061626364656667"
                            "6869707172737475767778798081828384858687888990919293949596979899";

static inline void put_pair(char *into, uint32_t value)
{
    memcpy(into, pairs + 2 * value, 2);
}

/* Digits of a value; 0 has one. 1233 / 4096 is just above log10(2). */
static inline unsigned count_digits(uint64_t value)
{
    unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);
    unsigned guess = bits * 1233 >> 12;
    return guess + (value >= tens[guess]) + (value == 0);
}

static inline void put_four(char *into, uint32_t value)
{
    put_pair(into, value / 100);
    put_pair(into + 2, value % 100);
}

static inline void put_eight(char *into, uint32_t value)
{
    put_four(into, value / 10000);
    put_four(into + 4, value % 10000);
}

/* Exactly `digits` digits of a value, ending at into + digits. */
static void put_digits(char *into, uint64_t value, unsigned digits)
{
    char *end = into + digits;
    while (digits > 8) {
        end -= 8;
        digits -= 8;
        put_eight(end, (uint32_t)(value % 100000000u));
        value /= 100000000u;
    }
    uint32_t rest = (uint32_t)value;
    while (digits >= 2) {
        end -= 2;
        digits -= 2;
        put_pair(end, rest % 100);
        rest /= 100;
    }
    if (digits == 1) {
        end[-1] = (char)('0' + rest);
    }
}

char *sw_number_put_padded(char *into, uint32_t value, unsigned digits)
{
    put_digits(into, value, digits);
    return into + digits;
}

char *sw_number_put_uint(char *into, uint64_t value)
{
    unsigned digits = count_digits(value);
    put_digits(into, value, digits);
    return into + digits;
}

char *sw_number_put_int(char *into, int64_t value)
{
    uint64_t size = (uint64_t)value;
    if (value < 0) {
        *into++ = '-';
        size = 0 - size;
    }
    return sw_number_put_uint(into, size);
}

/* A decimal: digits * 10^exponent. */
struct decimal {
    uint64_t digits;
    int32_t exponent;
};

/* floor(log2(10^e)), |e| <= 1233; floor(log10(2^q)) and floor(log10(3/4 * 2^q)), |q| <= 1500.
 * Shifts of negative numbers are arithmetic with both of our compilers. */
static inline int32_t log2_of_power10(int32_t e)
{
    return (e * 1741647) >> 19;
}

static inline int32_t log10_of_power2(int32_t q, bool is_three_quarters)
{
    return (q * 1262611 - (is_three_quarters ? 524031 : 0)) >> 22;
}

/* The high 64 bits of power * c, with 1 in the lowest where the rest is not 0. */
static inline uint64_t scale_to_odd(struct power power, uint64_t c)
{
    unsigned __int128 low = (unsigned __int128)power.low * c;
    unsigned __int128 high = (unsigned __int128)power.high * c + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* v = c * 2^q; is_edge: the neighbour below is half as far as the one above. */
static struct decimal shortest_decimal(uint64_t c, int32_t q, bool is_edge)
{
    int32_t k = log10_of_power2(q, is_edge);
    int32_t h = q + log2_of_power10(-k) + 1;
    struct power power = powers[-k - POWER_MIN];
    uint64_t is_odd = c & 1; /* an even c owns the ends of its interval */
    uint64_t lower = scale_to_odd(power, (4 * c - 2 + is_edge) << h) + is_odd;
    uint64_t exact = scale_to_odd(power, (4 * c) << h);
    uint64_t upper = scale_to_odd(power, (4 * c + 2) << h) - is_odd;
    uint64_t floor = exact / 4;
    if (floor >= 10) {
        uint64_t tenth = floor / 10;
        bool is_below_in = lower <= 40 * tenth;
        bool is_above_in = 40 * tenth + 40 <= upper;
        if (is_below_in != is_above_in) {
            return (struct decimal){tenth + is_above_in, k + 1};
        }
    }
    bool is_below_in = lower <= 4 * floor;
    bool is_above_in = 4 * floor + 4 <= upper;
    if (is_below_in != is_above_in) {
        return (struct decimal){floor + is_above_in, k};
    }
    uint64_t middle = 4 * floor + 2; /* both or none: the nearer one, ties to even */
    bool is_up = exact > middle || (exact == middle && (floor & 1) != 0);
    return (struct decimal){floor + is_up, k};
}

static struct decimal drop_zeros(struct decimal decimal)
{
    static const struct {
        uint64_t divisor;
        int32_t places;
    } steps[] = {{100000000u, 8}, {10000u, 4}, {100u, 2}, {10u, 1}};
    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        while (decimal.digits % steps[i].divisor == 0) {
            decimal.digits /= steps[i].divisor;
            decimal.exponent += steps[i].places;
        }
    }
    return decimal;
}

static char *put_zeros(char *into, int32_t count)
{
    memset(into, '0', (size_t)count);
    return into + count;
}

static char *put_exponent(char *into, int32_t exponent)
{
    *into++ = 'e';
    *into++ = exponent < 0 ? '-' : '+';
    return sw_number_put_uint(into, (uint64_t)(exponent < 0 ? -exponent : exponent));
}

/* digits without zeros at its end. */
static char *put_decimal(char *into, struct decimal decimal)
{
    int32_t count = (int32_t)count_digits(decimal.digits);
    int32_t point = count + decimal.exponent; /* digits before the point */
    if (point > PLAIN_POINT_MAX || point < PLAIN_POINT_MIN) {
        put_digits(into + 1, decimal.digits, (unsigned)count);
        into[0] = into[1];
        into[1] = '.';
        return put_exponent(into + (count > 1 ? count + 1 : 1), point - 1);
    }
    if (point <= 0) {
        *into++ = '0';
        *into++ = '.';
        into = put_zeros(into, -point);
        put_digits(into, decimal.digits, (unsigned)count);
        return into + count;
    }
    if (decimal.exponent >= 0) {
        put_digits(into, decimal.digits, (unsigned)count);
        return put_zeros(into + count, decimal.exponent);
    }
    put_digits(into + 1, decimal.digits, (unsigned)count);
    memmove(into, into + 1, (size_t)point);
    into[point] = '.';
    return into + count + 1;
}

static char *put_word(char *into, const char *word)
{
    size_t length = strlen(word);
    memcpy(into, word, length);
    return into + length;
}

char *sw_number_put_float(char *into, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t fraction = bits & (HIDDEN_BIT - 1);
    uint32_t exponent = (uint32_t)(bits >> FRACTION_BITS) & EXPONENT_MASK;
    bool is_negative = bits >> 63 != 0;
    if (exponent == EXPONENT_MASK) {
        return put_word(into, fraction != 0 ? "NaN" : is_negative ? "-Infinity" : "Infinity");
    }
    if (is_negative) {
        *into++ = '-';
    }
    if (exponent == 0 && fraction == 0) {
        *into++ = '0';
        return into;
    }
    uint64_t c = exponent != 0 ? fraction | HIDDEN_BIT : fraction;
    int32_t q = (int32_t)(exponent != 0 ? exponent : 1) - EXPONENT_BIAS;
    if (q <= 0 && q > -FRACTION_BITS - 1 && (c & (((uint64_t)1 << -q) - 1)) == 0) {
        return sw_number_put_uint(into, c >> -q); /* an integer below 2^53 */
    }
    return put_decimal(into, drop_zeros(shortest_decimal(c, q, fraction == 0 && exponent > 1)));
}

char *sw_number_put_decimal(char *into, int64_t mantissa, unsigned scale)
{
    sw_assert(scale < DECIMAL_DIGITS);
    uint64_t size = (uint64_t)mantissa;
    if (mantissa < 0) {
        *into++ = '-';
        size = 0 - size;
    }
    if (scale == 0 || size == 0) {
        return sw_number_put_uint(into, size);
    }
    uint64_t whole = size / tens[scale];
    uint64_t part = size % tens[scale];
    if (whole == 0 && scale > MICRO_PLACES) { /* perhaps below 1e-6 */
        return put_decimal(into, drop_zeros((struct decimal){part, -(int32_t)scale}));
    }
    into = sw_number_put_uint(into, whole);
    if (part == 0) {
        return into;
    }
    *into++ = '.';
    put_digits(into, part, scale);
    into += scale;
    while (into[-1] == '0') {
        into--;
    }
    return into;
}

/* digits and the power are moved up until their top bits are 1: 64 and 128 bits.  The table's
 * powers are rounded up by less than 1, so the product is too large by less than 2^64, and its high
 * 128 bits too large by less than 1, or too small by what is cut off below them. */
bool sw_number_scale10(uint64_t digits, int exponent, double *value)
{
    static const double exact[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (digits <= HIDDEN_BIT * 2 && exponent >= -22 && exponent <= 22) {
        /* both are doubles: one operation rounds once (Clinger 1990) */
        double whole = (double)digits;
        *value = exponent < 0 ? whole / exact[-exponent] : whole * exact[exponent];
        return true;
    }
    if (digits == 0 || exponent < POWER_MIN || exponent > POWER_MAX) {
        *value = 0;
        return digits == 0;
    }
    int lead = __builtin_clzll(digits);
    struct power power = powers[exponent - POWER_MIN];
    unsigned __int128 low = (unsigned __int128)power.low * (digits << lead);
    unsigned __int128 high =
        (unsigned __int128)power.high * (digits << lead) + (uint64_t)(low >> 64);
    int cut = (uint64_t)(high >> 127) != 0 ? 128 - FRACTION_BITS - 1 : 127 - FRACTION_BITS - 1;
    unsigned __int128 half = (unsigned __int128)1 << (cut - 1);
    unsigned __int128 rest = high & (2 * half - 1);
    if (rest + 1 >= half && rest <= half + 1) {
        return false;
    }
    /* 2^(64 + 127 - log2) above the value, and `lead` more */
    int binary = cut + 64 - lead - 127 + log2_of_power10(exponent);
    uint64_t mantissa = (uint64_t)(high >> cut) + (rest > half);
    if (binary + EXPONENT_BIAS < 1 || binary + EXPONENT_BIAS > (int)EXPONENT_MASK - 2) {
        return false;
    }
    /* a mantissa of 2^53 carries over into the exponent */
    uint64_t bits = ((uint64_t)(binary + EXPONENT_BIAS) << FRACTION_BITS) + mantissa - HIDDEN_BIT;
    memcpy(value, &bits, sizeof bits);
    return true;
}
