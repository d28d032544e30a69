/* digits: text to int64 and double, exactly or not at all.  Any thread, no
 * allocation.  csv parse loops call the inline halves; they read the eight bytes
 * before the end of a field and one or two behind it, which must be readable.
 *
 * int:   [+-] digits, no leading zero, within 64 bits.  "-0" is none: as an int it
 *        would lose its sign.
 * float: [+-] digits [. digits] [e [+-] digits], or inf, infinity, nan in any case.
 *        ".5" and "5." are; "00.5" is not.  Written without point and exponent it
 *        is a float only if a double holds just that integer, as all up to 2^53
 *        and few beyond.  The double must be finite, and not 0 for a text that is not 0.  Up to 17
 *        significant digits are taken as the writing of the double they read as;
 *        with more the double, written with as many digits, must give back the
 *        text's digits: 0.1000000000000000055511151231257827 does, a decimal(38)
 *        does not and stays text.
 * Blanks are the caller's to trim.                                               */
#ifndef SW_INGEST_DIGITS_H
#define SW_INGEST_DIGITS_H

#include "base/span.h"
#include "base/status.h"

#include <endian.h>

#define SW_DIGITS_INT_EXACT ((int64_t)1 << 53) /* integers up to here are doubles */

/* Does a double hold just that integer? */
static inline bool sw_digits_is_exact(int64_t value)
{
    const double real = (double)value;
    return real < 0x1p63 && (int64_t)real == value;
}

bool sw_digits_int(struct sw_span text, int64_t *value);
bool sw_digits_float(struct sw_span text, double *value);

extern const double sw_digits_powers[23]; /* 10^i, exact */

#define SW_DIGITS_ZEROS 0x3030303030303030u

static inline uint64_t sw_digits_load8(const char *from)
{
    uint64_t word;
    memcpy(&word, from, sizeof(word));
    return le64toh(word);
}

/* The last n bytes (1..8) before `end`, first digit lowest, filled up in front with '0'. */
static inline uint64_t sw_digits_tail(const char *end, uint32_t n)
{
    const uint32_t drop = (8 - n) * 8;
    const uint64_t word = sw_digits_load8(end - 8) >> drop << drop;
    return word | ((((uint64_t)1 << drop) - 1) & SW_DIGITS_ZEROS);
}

/* The values of eight digits, each in its byte; any other byte leaves its high bit in *wrong. */
static inline uint64_t sw_digits_values(uint64_t word, uint64_t *wrong)
{
    const uint64_t values = word ^ SW_DIGITS_ZEROS;
    *wrong |= ((values + 0x7676767676767676u) | values) & 0x8080808080808080u;
    return values;
}

/* Their number: pairs, then fours, then all, by three multiplications. */
static inline uint64_t sw_digits_join(uint64_t values)
{
    values = values * 10 + (values >> 8);
    return ((values & 0x000000ff000000ffu) * 0x000f424000000064u +
            (values >> 16 & 0x000000ff000000ffu) * 0x0000271000000001u) >>
           32;
}

/* A plain int of up to 16 digits; false: look closer. */
static inline bool sw_digits_int_fast(const char *text, uint32_t length, int64_t *value)
{
    const bool is_negative = length > 0 && text[0] == '-';
    const char *end = text + length;
    text += is_negative;
    length -= is_negative;
    if (length - 1 >= 16 || (text[0] == '0' && (length > 1 || is_negative))) {
        return false;
    }
    uint64_t wrong = 0;
    const uint64_t low = sw_digits_tail(end, length < 8 ? length : 8);
    int64_t sum = (int64_t)sw_digits_join(sw_digits_values(low, &wrong));
    if (length > 8) {
        const uint64_t high = sw_digits_tail(end - 8, length - 8);
        sum += (int64_t)sw_digits_join(sw_digits_values(high, &wrong)) * 100000000;
    }
    if (wrong != 0) {
        return false;
    }
    *value = (sum ^ -(int64_t)is_negative) + is_negative;
    return true;
}

/* A plain decimal of up to eight bytes behind the sign; false: look closer.  Exact: digits and
 * power of ten are doubles, and one division rounds once (Clinger 1990). */
static inline bool sw_digits_float_fast(const char *text, uint32_t length, double *value)
{
    const bool is_negative = length > 0 && text[0] == '-';
    const char *end = text + length;
    text += is_negative;
    length -= is_negative;
    /* One branch: whether a number begins with 0 cannot be foretold. */
    const bool has_lead = (text[0] == '0') & (length > 1) & (text[1] != '.');
    if ((length - 1 >= 8) | has_lead) {
        return false;
    }
    uint64_t word = sw_digits_tail(end, length);
    const uint64_t x = word ^ 0x2e2e2e2e2e2e2e2eu; /* zero at the point */
    const uint64_t points = (x - 0x0101010101010101u) & ~x & 0x8080808080808080u;
    uint32_t places = 0;
    if (points != 0) {
        if (length == 1) {
            return false;
        }
        const uint64_t up_to = points ^ (points - 1); /* all bytes up to the first point */
        places = (uint32_t)__builtin_clzll(up_to) / 8;
        word = (word & ~up_to) | ((word & up_to >> 8) << 8) | '0';
    }
    uint64_t wrong = 0;
    const uint64_t values = sw_digits_values(word, &wrong);
    if (wrong != 0) {
        return false;
    }
    *value = (double)(int64_t)sw_digits_join(values) / sw_digits_powers[places];
    /* Signs are as good as random: no branch. */
    uint64_t bits;
    memcpy(&bits, value, sizeof(bits));
    bits |= (uint64_t)is_negative << 63;
    memcpy(value, &bits, sizeof(bits));
    return true;
}

#endif
