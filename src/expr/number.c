#include "expr/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DIGITS_KEPT  800u /* more cannot change a correctly rounded double, but for a sticky one */
#define EXPONENT_MAX 100000

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const double exact_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Up to 15 digits and a power of ten that is exact: one rounding, so the result is right. */
static bool scale_fast(const char *digits, size_t count, int64_t exponent, double *value)
{
    if (count > 15 || exponent > 22 || exponent < -22) {
        return false;
    }
    int64_t whole = 0;
    for (size_t i = 0; i < count; i++) {
        whole = whole * 10 + (digits[i] - '0');
    }
    *value = exponent < 0 ? (double)whole / exact_powers[-exponent]
                          : (double)whole * exact_powers[exponent];
    return true;
}

double sw_number_scale(const char *digits, size_t count, int64_t exponent)
{
    double value;
    if (scale_fast(digits, count, exponent, &value)) {
        return value;
    }
    char text[DIGITS_KEPT + 32];
    size_t kept = count < DIGITS_KEPT ? count : DIGITS_KEPT;
    memcpy(text, digits, kept);
    bool is_sticky = false;
    for (size_t i = kept; i < count && !is_sticky; i++) {
        is_sticky = digits[i] != '0';
    }
    exponent += (int64_t)(count - kept);
    if (is_sticky) {
        text[kept - 1] = (char)(text[kept - 1] == '0' ? '1' : text[kept - 1]);
    }
    (void)snprintf(text + kept, sizeof text - kept, "e%lld", (long long)exponent);
    return strtod(text, NULL);
}

/* Digits with at most one point, gathered without it. */
struct digits {
    char kept[DIGITS_KEPT + 1];
    size_t count;     /* in kept, without leading zeros */
    int64_t exponent; /* of the last kept digit */
    bool has_any;
};

static void take_digit(struct digits *d, char c, bool is_fraction)
{
    d->has_any = true;
    if (d->count == 0 && c == '0') {
        d->exponent -= is_fraction ? 1 : 0;
    } else if (d->count < DIGITS_KEPT) {
        d->kept[d->count++] = c;
        d->exponent -= is_fraction ? 1 : 0;
    } else {
        d->kept[DIGITS_KEPT - 1] =
            (char)(c != '0' && d->kept[DIGITS_KEPT - 1] == '0' ? '1' : d->kept[DIGITS_KEPT - 1]);
        d->exponent += is_fraction ? 0 : 1;
    }
}

/* The integer that the digits begin with; returns false when it does not fit. */
static bool read_int(const char *at, const char *end, bool is_negative, int64_t *value)
{
    uint64_t sum = 0;
    uint64_t limit = (uint64_t)INT64_MAX + (is_negative ? 1u : 0u);
    for (; at < end && is_digit(*at); at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (sum > (limit - digit) / 10) {
            *value = is_negative ? INT64_MIN : INT64_MAX;
            return false;
        }
        sum = sum * 10 + digit;
    }
    *value = is_negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return true;
}

/* Reads e[+-]digits; false when no digit follows (the e is eaten all the same, as in SQLite). */
static bool read_exponent(const char **at, const char *end, int64_t *exponent)
{
    const char *p = *at + 1;
    bool is_negative = false;
    if (p < end && (*p == '-' || *p == '+')) {
        is_negative = *p == '-';
        p++;
    }
    bool has_digits = p < end && is_digit(*p);
    int64_t sum = 0;
    for (; p < end && is_digit(*p); p++) {
        sum = sum < EXPONENT_MAX ? sum * 10 + (*p - '0') : EXPONENT_MAX;
    }
    *exponent = is_negative ? -sum : sum;
    *at = p;
    return has_digits;
}

static enum sw_number_form form_of(bool is_whole, bool has_digits, bool has_point, bool has_e,
                                   bool is_e_good)
{
    if (is_whole && has_digits && is_e_good) {
        return has_point || has_e ? SW_NUMBER_WHOLE_FLOAT : SW_NUMBER_WHOLE_INT;
    }
    bool is_part = has_digits && (has_point || has_e) && (is_e_good || has_point);
    return is_part ? SW_NUMBER_PART_FLOAT : SW_NUMBER_NONE;
}

struct sw_number sw_number_read(struct sw_span text)
{
    struct sw_number number = {.form = SW_NUMBER_NONE, .is_exact = true};
    const char *at = text.data;
    const char *end = text.data + text.length;
    while (at < end && is_blank(*at)) {
        at++;
    }
    bool is_negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) {
        at++;
    }
    number.is_exact = read_int(at, end, is_negative, &number.i);
    struct digits d = {.count = 0, .exponent = 0, .has_any = false};
    for (; at < end && is_digit(*at); at++) {
        take_digit(&d, *at, false);
    }
    bool has_point = at < end && *at == '.';
    if (has_point) {
        for (at++; at < end && is_digit(*at); at++) {
            take_digit(&d, *at, true);
        }
    }
    bool has_e = at < end && (*at == 'e' || *at == 'E');
    int64_t exponent = 0;
    bool is_e_good = !has_e || read_exponent(&at, end, &exponent);
    while (at < end && is_blank(*at)) {
        at++;
    }
    number.form = form_of(at == end, d.has_any, has_point, has_e, is_e_good);
    if (d.count > 0) {
        double f = sw_number_scale(d.kept, d.count, d.exponent + exponent);
        number.f = is_negative ? -f : f;
    }
    return number;
}

/* Half away from zero where glibc would go to the even digit: only when the double is exactly
 * between two decimals of 15 digits, so the 16th digit is a 5 and nothing follows. */
static void format_15(double value, char *into, size_t size)
{
    char longer[64];
    (void)snprintf(longer, sizeof longer, "%.30e", value);
    const char *point = strchr(longer, '.');
    bool is_tie = point[15] == '5' && strspn(point + 16, "0") == 15;
    double nudged = is_tie ? nextafter(value, value < 0 ? -INFINITY : INFINITY) : value;
    (void)snprintf(into, size, "%.14e", nudged);
}

/* Two digits, or three from 100. */
static size_t put_exponent(int exponent, char *into)
{
    size_t length = 0;
    if (exponent >= 100) {
        into[length++] = (char)('0' + exponent / 100);
    }
    into[length++] = (char)('0' + exponent / 10 % 10);
    into[length++] = (char)('0' + exponent % 10);
    return length;
}

/* "d.dddde+XX" to SQLite's %!.15g: plain between 1e-4 and 1e15, a point always. */
static size_t lay_out(const char *digits, size_t count, int exponent, char *into)
{
    char *at = into;
    if (exponent < -4 || exponent > 14) {
        *at++ = digits[0];
        *at++ = '.';
        if (count > 1) {
            memcpy(at, digits + 1, count - 1);
            at += count - 1;
        } else {
            *at++ = '0';
        }
        *at++ = 'e';
        *at++ = exponent < 0 ? '-' : '+';
        return (size_t)(at - into) + put_exponent(abs(exponent), at);
    }
    if (exponent < 0) {
        *at++ = '0';
        *at++ = '.';
        for (int i = -1; i > exponent; i--) {
            *at++ = '0';
        }
        memcpy(at, digits, count);
        return (size_t)(at - into) + count;
    }
    size_t whole = (size_t)exponent + 1;
    for (size_t i = 0; i < whole; i++) {
        *at++ = i < count ? digits[i] : '0';
    }
    *at++ = '.';
    if (count > whole) {
        memcpy(at, digits + whole, count - whole);
        at += count - whole;
    } else {
        *at++ = '0';
    }
    return (size_t)(at - into);
}

size_t sw_number_format(double value, char *into)
{
    char *at = into;
    if (value < 0) {
        *at++ = '-';
    }
    if (isinf(value)) {
        memcpy(at, "Inf", 4);
        return (size_t)(at - into) + 3;
    }
    if (value == 0) {
        memcpy(into, "0.0", 4);
        return 3;
    }
    char text[64];
    format_15(fabs(value), text, sizeof text);
    char *mark = strchr(text, 'e');
    int exponent = (int)strtol(mark + 1, NULL, 10);
    char digits[16];
    digits[0] = text[0];
    memcpy(digits + 1, text + 2, 14);
    size_t count = 15;
    while (count > 1 && digits[count - 1] == '0') {
        count--;
    }
    at += lay_out(digits, count, exponent, at);
    *at = '\0';
    return (size_t)(at - into);
}

/* value * 2^(places + 1) is an odd integer exactly when value stands half way between two decimals
 * of so many places. */
static bool is_half_way(double value, int places)
{
    double scaled = ldexp(value, places + 1);
    if (fabs(scaled) >= 0x1p53 || scaled != floor(scaled)) {
        return false;
    }
    return fmod(scaled, 2) != 0;
}

/* "12.345" to "12.35": the last digit, a 5, is dropped and one added to the digit before it. */
static void round_up_last(char *text)
{
    size_t at = strlen(text) - 1;
    text[at] = '\0';
    while (at > 0) {
        at--;
        if (is_digit(text[at]) && text[at] != '9') {
            text[at]++;
            return;
        }
        text[at] = (char)(text[at] == '9' ? '0' : text[at]);
    }
}

/* One digit more than enough in front, for the carry of 9.95. */
static double round_slow(double value, int places)
{
    char text[400] = "0";
    bool is_tie = is_half_way(value, places);
    (void)snprintf(text + 1, sizeof text - 1, "%.*f", is_tie ? places + 1 : places, fabs(value));
    if (is_tie) {
        round_up_last(text);
    }
    double rounded = strtod(text, NULL);
    return value < 0 ? -rounded : rounded;
}

double sw_number_round(double value, int64_t places)
{
    if (!(value >= -4503599627370496.0 && value <= 4503599627370496.0)) {
        return value;
    }
    if (places <= 0) {
        return (double)(int64_t)(value + (value < 0 ? -0.5 : 0.5));
    }
    int n = places > 30 ? 30 : (int)places;
    if (n <= 15) {
        double scaled = value * exact_powers[n];
        double whole = floor(scaled);
        double rest = scaled - whole;
        if (fabs(scaled) < 1e12 && fabs(rest - 0.5) > 0.01) {
            return (rest > 0.5 ? whole + 1 : whole) / exact_powers[n];
        }
    }
    return round_slow(value, n);
}

int64_t sw_number_cut(double value)
{
    if (value <= -9223372036854775808.0) {
        return INT64_MIN;
    }
    if (value >= 9223372036854775808.0) {
        return INT64_MAX;
    }
    return (int64_t)value;
}
