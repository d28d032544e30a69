/* See moment.h. */
#include "ingest/moment.h"

#include "table/datetime.h"

#define DAY_MS 86400000

/* What the text says before its order is settled. */
struct parts {
    unsigned part[3]; /* in the order of the text */
    unsigned digits[3];
    unsigned separator; /* 0..2 */
    size_t length;      /* of the date */
};

static unsigned separator_of(char byte)
{
    return byte == '-' ? 0 : byte == '/' ? 1 : byte == '.' ? 2 : 3;
}

/* Up to `digits_max` digits at *at. */
static unsigned read_number(struct sw_span text, size_t *at, unsigned digits_max, unsigned *digits)
{
    unsigned sum = 0;
    *digits = 0;
    while (*at < text.length && *digits < digits_max) {
        unsigned digit = (unsigned)(unsigned char)text.data[*at] - '0';
        if (digit > 9) {
            break;
        }
        sum = sum * 10 + digit;
        (*at)++;
        (*digits)++;
    }
    return sum;
}

static bool read_parts(struct sw_span text, struct parts *parts)
{
    size_t at = 0;
    for (unsigned i = 0; i < 3; i++) {
        parts->part[i] = read_number(text, &at, 4, &parts->digits[i]);
        if (parts->digits[i] == 0) {
            return false;
        }
        if (i == 2) {
            break;
        }
        unsigned separator = at < text.length ? separator_of(text.data[at]) : 3;
        if (separator == 3 || (i == 1 && separator != parts->separator)) {
            return false;
        }
        parts->separator = separator;
        at++;
    }
    parts->length = at;
    if (parts->digits[0] == 4) {
        return parts->digits[1] == 2 && parts->digits[2] == 2;
    }
    return parts->digits[0] <= 2 && parts->digits[1] <= 2 && parts->digits[2] == 4;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && is_leap ? 29 : days[month - 1];
}

static bool days_in_order(const struct parts *parts, enum sw_date_order order, int64_t *days)
{
    const bool is_year_first = parts->digits[0] == 4;
    if (is_year_first != (order == SW_ORDER_YMD)) {
        return false;
    }
    unsigned year = parts->part[is_year_first ? 0 : 2];
    unsigned month = parts->part[order == SW_ORDER_MDY ? 0 : 1];
    unsigned day = parts->part[is_year_first ? 2 : order == SW_ORDER_MDY ? 1 : 0];
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) {
        return false;
    }
    *days = sw_days_from_civil((int64_t)year, month, day);
    return true;
}

/* [blank] AM or PM to the end of the text; hour becomes that of 24. */
static bool read_half(struct sw_span text, size_t at, unsigned *hour)
{
    at += at < text.length && text.data[at] == ' ';
    if (at + 2 != text.length || (text.data[at + 1] | 32) != 'm' || *hour < 1 || *hour > 12) {
        return false;
    }
    const int half = text.data[at] | 32;
    *hour = *hour % 12 + (half == 'p' ? 12 : 0);
    return half == 'a' || half == 'p';
}

/* Digits behind the seconds' point. */
static bool read_fraction(struct sw_span text, size_t *at, unsigned *ms)
{
    unsigned digits;
    unsigned sum = read_number(text, at, 3, &digits);
    for (unsigned i = digits; i < 3; i++) {
        sum *= 10;
    }
    while (*at < text.length && text.data[*at] == '0') {
        (*at)++;
    }
    *ms = sum;
    return digits > 0;
}

/* h:mm[:ss[.fraction]][ AM|PM] */
static bool read_time(struct sw_span text, int64_t *ms)
{
    size_t at = 0;
    unsigned digits[3];
    unsigned second = 0;
    unsigned fraction = 0;
    unsigned hour = read_number(text, &at, 2, &digits[0]);
    if (digits[0] == 0 || at >= text.length || text.data[at++] != ':') {
        return false;
    }
    unsigned minute = read_number(text, &at, 2, &digits[1]);
    if (digits[1] != 2) {
        return false;
    }
    if (at < text.length && text.data[at] == ':') {
        at++;
        second = read_number(text, &at, 2, &digits[2]);
        if (digits[2] != 2) {
            return false;
        }
        if (at < text.length && text.data[at] == '.') {
            at++;
            if (!read_fraction(text, &at, &fraction)) {
                return false;
            }
        }
    }
    if (at < text.length && !read_half(text, at, &hour)) {
        return false;
    }
    *ms = ((int64_t)(hour * 60 + minute) * 60 + second) * 1000 + fraction;
    return hour < 24 && minute < 60 && second < 60;
}

/* The time behind the date, 0 where there is none. */
static bool read_rest(struct sw_span text, const struct parts *parts, int64_t *ms, bool *has_time)
{
    size_t at = parts->length;
    *ms = 0;
    *has_time = at < text.length;
    if (!*has_time) {
        return true;
    }
    if (text.data[at] != ' ' && text.data[at] != 'T') {
        return false;
    }
    return read_time(sw_span_of(text.data + at + 1, text.length - at - 1), ms);
}

static sw_formats format_of(enum sw_date_order order, unsigned separator)
{
    return (sw_formats)(1u << ((unsigned)order * 3 + separator));
}

sw_formats sw_moment_formats(struct sw_span text, bool *has_time)
{
    struct parts parts;
    int64_t days;
    int64_t ms;
    if (text.length < 8 || !read_parts(text, &parts)) {
        return 0;
    }
    if (parts.digits[0] == 4 && parts.separator == 0) {
        *has_time = text.length > 10;
        bool is_good = *has_time ? sw_timestamp_parse(text, &ms) : sw_date_parse(text, &days);
        return is_good ? SW_FORMAT_ISO : 0;
    }
    if (!read_rest(text, &parts, &ms, has_time)) {
        return 0;
    }
    sw_formats formats = 0;
    for (unsigned order = 0; order < SW_ORDERS; order++) {
        if (days_in_order(&parts, (enum sw_date_order)order, &days)) {
            formats |= format_of((enum sw_date_order)order, parts.separator);
        }
    }
    return formats;
}

bool sw_moment_read(struct sw_span text, sw_formats format, int64_t *days, int64_t *ms,
                    bool *has_time)
{
    struct parts parts;
    sw_assert(sw_formats_is_one(format));
    if (format == SW_FORMAT_ISO) {
        *has_time = text.length > 10;
        if (*has_time) {
            return sw_timestamp_parse(text, ms);
        }
        bool is_good = sw_date_parse(text, days);
        *ms = is_good ? *days * DAY_MS : 0;
        return is_good;
    }
    if (text.length < 8 || !read_parts(text, &parts)) {
        return false;
    }
    enum sw_date_order order = (enum sw_date_order)((unsigned)__builtin_ctz(format) / 3);
    if (format_of(order, parts.separator) != format || !days_in_order(&parts, order, days) ||
        !read_rest(text, &parts, ms, has_time)) {
        return false;
    }
    *ms += *days * DAY_MS;
    return true;
}
