/* See datetime.h.  The calendar is counted in eras of 400 years that begin on 1 March, so that
 * the leap day is the last of its year (Howard Hinnant, "chrono-compatible low-level date
 * algorithms"). */
#include "table/datetime.h"

#define DAYS_MIN (-719162) /* 0001-01-01 */
#define DAYS_MAX 2932896   /* 9999-12-31 */
#define DAY_MS   86400000

int64_t sw_days_from_civil(int64_t year, unsigned month, unsigned day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year =
        (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void sw_civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    *day = (unsigned)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *month = (unsigned)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

static void put_digits(char *into, unsigned value, unsigned digits)
{
    for (unsigned i = digits; i-- > 0;) {
        into[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

size_t sw_date_format(int64_t days, char *into)
{
    int64_t year;
    unsigned month;
    unsigned day;
    days = days < DAYS_MIN ? DAYS_MIN : days > DAYS_MAX ? DAYS_MAX : days;
    sw_civil_from_days(days, &year, &month, &day);

    put_digits(into, (unsigned)year, 4);
    into[4] = '-';
    put_digits(into + 5, month, 2);
    into[7] = '-';
    put_digits(into + 8, day, 2);
    into[10] = '\0';
    return 10;
}

size_t sw_timestamp_format(int64_t ms, char *into)
{
    const int64_t low = (int64_t)DAYS_MIN * DAY_MS;
    const int64_t high = ((int64_t)DAYS_MAX + 1) * DAY_MS - 1;
    ms = ms < low ? low : ms > high ? high : ms;
    int64_t days = ms / DAY_MS;
    int64_t rest = ms % DAY_MS;
    if (rest < 0) {
        rest += DAY_MS;
        days--;
    }

    size_t length = sw_date_format(days, into);
    into[length] = 'T';
    put_digits(into + 11, (unsigned)(rest / 3600000), 2);
    into[13] = ':';
    put_digits(into + 14, (unsigned)(rest / 60000 % 60), 2);
    into[16] = ':';
    put_digits(into + 17, (unsigned)(rest / 1000 % 60), 2);
    length = 19;
    if (rest % 1000 != 0) {
        into[19] = '.';
        put_digits(into + 20, (unsigned)(rest % 1000), 3);
        length = 23;
    }
    into[length] = 'Z';
    into[length + 1] = '\0';
    return length + 1;
}

/* `digits` decimal digits at `text`; false when another byte is among them. */
static bool read_digits(const char *text, unsigned digits, unsigned *value)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < digits; i++) {
        unsigned digit = (unsigned)((unsigned char)text[i]) - '0';
        if (digit > 9) {
            return false;
        }
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && is_leap ? 29 : days[month - 1];
}

bool sw_date_parse(struct sw_span text, int64_t *days)
{
    unsigned year;
    unsigned month;
    unsigned day;
    const char *p = text.data;
    if (text.length != 10 || p[4] != '-' || p[7] != '-' || !read_digits(p, 4, &year) ||
        !read_digits(p + 5, 2, &month) || !read_digits(p + 8, 2, &day)) {
        return false;
    }
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) {
        return false;
    }
    *days = sw_days_from_civil(year, month, day);
    return true;
}

/* Digits behind the '.', at least one; *at moves behind them. */
static bool read_fraction(struct sw_span text, size_t *at, unsigned *ms)
{
    static const unsigned weight[] = {100, 10, 1};
    size_t begin = *at;
    unsigned sum = 0;
    for (; *at < text.length; (*at)++) {
        unsigned digit = (unsigned)((unsigned char)text.data[*at]) - '0';
        if (digit > 9) {
            break;
        }
        if (*at - begin < 3) {
            sum += digit * weight[*at - begin];
        } else if (digit != 0) {
            return false;
        }
    }
    *ms = sum;
    return *at > begin;
}

/* Nothing, Z, +hh, +hhmm or +hh:mm; the minutes east of UTC. */
static bool read_zone(struct sw_span zone, int *east)
{
    *east = 0;
    if (zone.length == 0) {
        return true;
    }
    if (zone.length == 1) {
        return zone.data[0] == 'Z' || zone.data[0] == 'z';
    }
    unsigned hours;
    unsigned minutes = 0;
    if ((zone.data[0] != '+' && zone.data[0] != '-') || zone.length < 3 ||
        !read_digits(zone.data + 1, 2, &hours)) {
        return false;
    }
    size_t at = 3;
    if (zone.length == 6 && zone.data[3] == ':') {
        at = 4;
    }
    if (zone.length != 3 && (zone.length != at + 2 || !read_digits(zone.data + at, 2, &minutes))) {
        return false;
    }
    if (hours > 23 || minutes > 59) {
        return false;
    }
    *east = (int)(hours * 60 + minutes) * (zone.data[0] == '-' ? -1 : 1);
    return true;
}

bool sw_timestamp_parse(struct sw_span text, int64_t *ms)
{
    int64_t days;
    unsigned hour;
    unsigned minute;
    unsigned second = 0;
    unsigned fraction = 0;
    const char *p = text.data;
    if (text.length < 16 || (p[10] != 'T' && p[10] != 't' && p[10] != ' ') || p[13] != ':' ||
        !sw_date_parse(sw_span_of(p, 10), &days) || !read_digits(p + 11, 2, &hour) ||
        !read_digits(p + 14, 2, &minute)) {
        return false;
    }
    size_t at = 16;
    if (text.length >= 19 && p[16] == ':') {
        if (!read_digits(p + 17, 2, &second)) {
            return false;
        }
        at = 19;
        if (text.length > 19 && p[19] == '.') {
            at = 20;
            if (!read_fraction(text, &at, &fraction)) {
                return false;
            }
        }
    }
    int east;
    if (hour > 23 || minute > 59 || second > 59 ||
        !read_zone(sw_span_of(p + at, text.length - at), &east)) {
        return false;
    }
    int64_t minutes = (int64_t)hour * 60 + minute - east;
    int64_t result = days * DAY_MS + minutes * 60000 + second * 1000 + fraction;
    if (result < (int64_t)DAYS_MIN * DAY_MS || result >= ((int64_t)DAYS_MAX + 1) * DAY_MS) {
        return false;
    }
    *ms = result;
    return true;
}
