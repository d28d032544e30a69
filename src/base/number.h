/* number: integers and doubles as decimal text, fast: used for every number of
 * a reply, a series and a download, and back, for those of a request.  A function
 * that writes does so at `into`, which has room for the bytes named, and returns
 * the end; no NUL is written.  Any thread.                                     */
#ifndef SW_BASE_NUMBER_H
#define SW_BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#define SW_NUMBER_INT_BYTES   20 /* -9223372036854775808, 18446744073709551615 */
#define SW_NUMBER_FLOAT_BYTES 25 /* -2.2250738585072014e-308, with one to spare */

char *sw_number_put_uint(char *into, uint64_t value);
char *sw_number_put_int(char *into, int64_t value);
/* Exactly `digits` digits (1..8) of a value below 10^digits, with leading zeros. */
char *sw_number_put_padded(char *into, uint32_t value, unsigned digits);
/* The shortest decimal that reads back as the same double, the nearest to it among those, as
 * JavaScript writes numbers (exponent below 1e-6), but with an exponent from 1e16 on, so that what
 * looks like an integer fits 64 bits; -0 keeps its sign.  Also NaN, Infinity, -Infinity. */
char *sw_number_put_float(char *into, double value);
/* mantissa / 10^scale (scale up to 9), |mantissa| < 10^15, as sw_number_put_float writes that
 * double: decimals so short are their own shortest text. */
char *sw_number_put_decimal(char *into, int64_t mantissa, unsigned scale);

/* The double nearest to digits * 10^exponent, ties to even.  False where that takes more than 128
 * bits to decide (a tie, or nearly one) or is not a normal number: strtod is for those. */
bool sw_number_scale10(uint64_t digits, int exponent, double *value);

#endif
