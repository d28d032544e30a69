/* See digits.h. */
#include "ingest/digits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define TEXT_MAX     800 /* bytes of a number: more than the longest exact double needs */
#define DIGITS_SAFE  17  /* significant digits that tell any two doubles apart */
#define DIGITS_KEPT  19  /* of a mantissa, and of a divisor, in 64 bits */
#define EXPONENT_CAP 100000

const double sw_digits_powers[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static inline bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

bool sw_digits_int(struct sw_span text, int64_t *value)
{
    size_t at = text.length > 0 && (text.data[0] == '-' || text.data[0] == '+');
    const bool is_negative = at == 1 && text.data[0] == '-';
    const size_t digits = text.length - at;
    if (digits == 0 || digits > 19 || (text.data[at] == '0' && (digits > 1 || is_negative))) {
        return false;
    }
    uint64_t sum = 0; /* 19 digits stay below 2^64 */
    for (; at < text.length; at++) {
        if (!is_digit(text.data[at])) {
            return false;
        }
        sum = sum * 10 + (uint64_t)(text.data[at] - '0');
    }
    if (sum > (uint64_t)INT64_MAX + is_negative) {
        return false;
    }
    *value = (int64_t)(is_negative ? 0 - sum : sum);
    return true;
}

/* A decimal taken apart: 0.ddd... with `digits` significant ones times 10^point. */
struct decimal {
    bool is_negative;
    bool is_plain_int; /* neither point nor exponent */
    uint64_t mantissa; /* the first 19 significant digits */
    int digits;        /* significant, without zeros at either end */
    int exponent;      /* value = mantissa * 10^exponent where digits <= DIGITS_KEPT */
    const char *first; /* first significant digit in the text */
};

/* Digits with at most one point; returns where they end, or NULL when there are none. */
static const char *read_digits(const char *p, const char *end, struct decimal *decimal)
{
    int zeros = 0; /* significant only if a digit follows */
    int count = 0;
    bool has_point = false;
    for (; p < end && (is_digit(*p) || (*p == '.' && !has_point)); p++) {
        if (*p == '.') {
            has_point = true;
            decimal->is_plain_int = false;
            continue;
        }
        count++;
        decimal->exponent -= has_point;
        if (*p == '0') {
            zeros += decimal->first != NULL;
            continue;
        }
        if (decimal->first == NULL) {
            decimal->first = p;
        }
        decimal->digits += zeros + 1;
        for (; zeros > 0 && decimal->digits <= DIGITS_KEPT; zeros--) {
            decimal->mantissa *= 10;
        }
        zeros = 0;
        if (decimal->digits <= DIGITS_KEPT) {
            decimal->mantissa = decimal->mantissa * 10 + (uint64_t)(*p - '0');
        }
    }
    decimal->exponent += zeros;
    return count == 0 ? NULL : p;
}

static const char *read_exponent(const char *p, const char *end, struct decimal *decimal)
{
    bool is_negative = p < end && *p == '-';
    p += p < end && (*p == '-' || *p == '+');
    if (p == end) {
        return NULL;
    }
    int sum = 0;
    for (; p < end && is_digit(*p); p++) {
        sum = sum < EXPONENT_CAP ? sum * 10 + (*p - '0') : sum;
    }
    decimal->exponent += is_negative ? -sum : sum;
    decimal->is_plain_int = false;
    return p;
}

static bool read_decimal(struct sw_span text, struct decimal *decimal)
{
    const char *p = text.data;
    const char *end = text.data + text.length;
    *decimal = (struct decimal){.is_plain_int = true};
    if (p < end && (*p == '-' || *p == '+')) {
        decimal->is_negative = *p == '-';
        p++;
    }
    if (end - p > 1 && p[0] == '0' && is_digit(p[1])) {
        return false;
    }
    p = read_digits(p, end, decimal);
    if (p != NULL && p < end && (*p == 'e' || *p == 'E')) {
        p = read_exponent(p + 1, end, decimal);
    }
    return p != NULL && p == end;
}

/* Does the double, written with as many digits, give back the text's? */
static bool gives_back(const struct decimal *decimal, double value)
{
    char written[TEXT_MAX + 32];
    if (snprintf(written, sizeof(written), "%.*e", decimal->digits - 1, fabs(value)) < 0) {
        return false;
    }
    const char *mine = decimal->first;
    const char *its = written;
    for (int i = 0; i < decimal->digits; i++, mine++, its++) {
        mine += *mine == '.';
        its += *its == '.';
        if (*mine != *its) {
            return false;
        }
    }
    return true;
}

/* mantissa / 10^places, correctly rounded: the quotient of 63 or 64 bits and whether anything is
 * left over decide the rounding to 53 bits.  Far from the ends of the exponent: 1e-19 at least. */
static double divide(uint64_t mantissa, int places)
{
    uint64_t divisor = 1;
    for (int i = 0; i < places; i++) {
        divisor *= 10;
    }
    const int lead = __builtin_clzll(mantissa);
    const int divisor_lead = __builtin_clzll(divisor);
    const unsigned __int128 dividend = (unsigned __int128)(mantissa << lead) << 63;
    uint64_t quotient = (uint64_t)(dividend / (divisor << divisor_lead));
    const bool has_rest = dividend % (divisor << divisor_lead) != 0;
    const int cut = 11 - __builtin_clzll(quotient);
    const uint64_t half = (uint64_t)1 << (cut - 1);
    const uint64_t low = quotient & (2 * half - 1);
    quotient >>= cut;
    quotient += low > half || (low == half && (has_rest || (quotient & 1) != 0));
    return ldexp((double)(int64_t)quotient, cut - 63 - lead + divisor_lead);
}

/* By the C library, whose locale is "C" in this program: correctly rounded, any length. */
static double read_slowly(struct sw_span text)
{
    char copy[TEXT_MAX + 1];
    memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    return strtod(copy, NULL);
}

/* A decimal that takes more than one exact operation. */
static bool read_long(struct sw_span text, const struct decimal *decimal, double *value)
{
    double read;
    if (text.length > TEXT_MAX) {
        return false;
    }
    if (decimal->digits <= DIGITS_KEPT && decimal->exponent < 0 &&
        decimal->exponent >= -DIGITS_KEPT) {
        read = divide(decimal->mantissa, -decimal->exponent);
        read = decimal->is_negative ? -read : read;
    } else {
        read = read_slowly(text);
    }
    if (!isfinite(read) || read == 0) {
        return false;
    }
    if (decimal->digits > DIGITS_SAFE && !gives_back(decimal, read)) {
        return false;
    }
    *value = read;
    return true;
}

static bool is_word(struct sw_span text, const char *word)
{
    return text.length == strlen(word) && strncasecmp(text.data, word, text.length) == 0;
}

static bool read_word(struct sw_span text, double *value)
{
    const bool has_sign = text.length > 0 && (text.data[0] == '-' || text.data[0] == '+');
    const bool is_negative = has_sign && text.data[0] == '-';
    struct sw_span word = {text.data + has_sign, text.length - has_sign};
    if (is_word(word, "inf") || is_word(word, "infinity")) {
        *value = is_negative ? -HUGE_VAL : HUGE_VAL;
        return true;
    }
    if (is_word(word, "nan")) {
        *value = (double)NAN;
        return true;
    }
    return false;
}

bool sw_digits_float(struct sw_span text, double *value)
{
    struct decimal decimal;
    if (!read_decimal(text, &decimal)) {
        return read_word(text, value);
    }
    if (decimal.digits == 0) {
        *value = decimal.is_negative ? -0.0 : 0.0;
        return true;
    }
    const bool is_small =
        decimal.digits <= DIGITS_KEPT && decimal.mantissa <= (uint64_t)SW_DIGITS_INT_EXACT;
    if (decimal.is_plain_int) {
        int64_t whole;
        struct sw_span digits = text;
        digits.data += text.data[0] == '+';
        digits.length -= text.data[0] == '+';
        if (!sw_digits_int(digits, &whole) || !sw_digits_is_exact(whole)) {
            return false;
        }
        *value = (double)whole;
        return true;
    }
    if (!is_small || decimal.exponent < -22 || decimal.exponent > 22) {
        return read_long(text, &decimal, value);
    }
    double sum = (double)decimal.mantissa;
    sum = decimal.exponent < 0 ? sum / sw_digits_powers[-decimal.exponent]
                               : sum * sw_digits_powers[decimal.exponent];
    *value = decimal.is_negative ? -sum : sum;
    return true;
}
