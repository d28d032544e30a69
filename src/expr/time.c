#include "expr/time.h"

#include <strings.h>

#define DAYS_MIN (-719162) /* 0001-01-01 */
#define DAYS_MAX 2932896   /* 9999-12-31 */

static const struct {
    const char *text;
    bool is_unit;
    bool is_part;
} units[SW_UNIT_COUNT] = {
#define SW_UNIT(name, text, is_unit, is_part) [SW_UNIT_##name] = {text, is_unit, is_part},
#include "expr/units.inc"
#undef SW_UNIT
};

bool sw_unit_parse(struct sw_span text, bool is_part, enum sw_unit *unit)
{
    for (int i = 0; i < SW_UNIT_COUNT; i++) {
        bool is_allowed = is_part ? units[i].is_part : units[i].is_unit;
        if (is_allowed && strlen(units[i].text) == text.length &&
            strncasecmp(units[i].text, text.data, text.length) == 0) {
            *unit = (enum sw_unit)i;
            return true;
        }
    }
    return false;
}

const char *sw_unit_names(bool is_part)
{
    return is_part ? "year, quarter, month, week, day, hour, minute, second, millisecond, "
                     "isoyear, isodow, dow, doy, epoch"
                   : "year, quarter, month, week, day, hour, minute, second";
}

bool sw_time_is_date(int64_t days)
{
    return days >= DAYS_MIN && days <= DAYS_MAX;
}

bool sw_time_is_timestamp(int64_t ms)
{
    return ms >= (int64_t)DAYS_MIN * SW_DAY_MS && ms < ((int64_t)DAYS_MAX + 1) * SW_DAY_MS;
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

static int64_t floor_to(int64_t a, int64_t b)
{
    return floor_divide(a, b) * b;
}

/* Monday 0 .. Sunday 6; 1970-01-01 was a Thursday. */
static int64_t weekday_of(int64_t days)
{
    return days + 3 - floor_to(days + 3, 7);
}

static int64_t trunc_days(int64_t days, enum sw_unit unit)
{
    int64_t year;
    unsigned month;
    unsigned day;
    sw_civil_from_days(days, &year, &month, &day);
    if (unit == SW_UNIT_YEAR) {
        return sw_days_from_civil(year, 1, 1);
    }
    if (unit == SW_UNIT_QUARTER) {
        return sw_days_from_civil(year, (month - 1) / 3 * 3 + 1, 1);
    }
    if (unit == SW_UNIT_MONTH) {
        return sw_days_from_civil(year, month, 1);
    }
    return unit == SW_UNIT_WEEK ? days - weekday_of(days) : days;
}

bool sw_time_trunc(int64_t ms, enum sw_unit unit, int64_t *result)
{
    if (!sw_time_is_timestamp(ms)) {
        return false;
    }
    if (unit == SW_UNIT_HOUR || unit == SW_UNIT_MINUTE || unit == SW_UNIT_SECOND) {
        int64_t step = unit == SW_UNIT_HOUR ? 3600000 : unit == SW_UNIT_MINUTE ? 60000 : 1000;
        *result = floor_to(ms, step);
        return true;
    }
    *result = trunc_days(floor_divide(ms, SW_DAY_MS), unit) * SW_DAY_MS;
    return sw_time_is_timestamp(*result);
}

/* The Thursday of a day's week decides its ISO year and week. */
static int64_t iso_part(int64_t days, enum sw_unit unit)
{
    int64_t thursday = days - weekday_of(days) + 3;
    int64_t year;
    unsigned month;
    unsigned day;
    sw_civil_from_days(thursday, &year, &month, &day);
    if (unit == SW_UNIT_ISOYEAR) {
        return year;
    }
    return (thursday - sw_days_from_civil(year, 1, 1)) / 7 + 1;
}

static int64_t day_part(int64_t days, enum sw_unit unit)
{
    int64_t year;
    unsigned month;
    unsigned day;
    sw_civil_from_days(days, &year, &month, &day);
    if (unit == SW_UNIT_YEAR) {
        return year;
    }
    if (unit == SW_UNIT_QUARTER) {
        return (month - 1) / 3 + 1;
    }
    if (unit == SW_UNIT_MONTH) {
        return month;
    }
    if (unit == SW_UNIT_DAY) {
        return day;
    }
    return days - sw_days_from_civil(year, 1, 1) + 1;
}

bool sw_time_part(int64_t ms, enum sw_unit unit, int64_t *result)
{
    if (!sw_time_is_timestamp(ms)) {
        return false;
    }
    int64_t days = floor_divide(ms, SW_DAY_MS);
    int64_t rest = ms - days * SW_DAY_MS;
    switch (unit) {
    case SW_UNIT_YEAR:
    case SW_UNIT_QUARTER:
    case SW_UNIT_MONTH:
    case SW_UNIT_DAY:
    case SW_UNIT_DOY:
        *result = day_part(days, unit);
        break;
    case SW_UNIT_WEEK:
    case SW_UNIT_ISOYEAR:
        *result = iso_part(days, unit);
        break;
    case SW_UNIT_ISODOW:
        *result = weekday_of(days) + 1;
        break;
    case SW_UNIT_DOW:
        *result = (weekday_of(days) + 1) % 7;
        break;
    case SW_UNIT_HOUR:
        *result = rest / 3600000;
        break;
    case SW_UNIT_MINUTE:
        *result = rest / 60000 % 60;
        break;
    case SW_UNIT_SECOND:
        *result = rest / 1000 % 60;
        break;
    case SW_UNIT_MILLISECOND:
        *result = rest % 1000;
        break;
    case SW_UNIT_EPOCH:
        *result = floor_divide(ms, 1000);
        break;
    case SW_UNIT_COUNT:
        return false;
    }
    return true;
}

bool sw_time_read_date(struct sw_span text, int64_t *days)
{
    int64_t ms;
    if (sw_date_parse(text, days)) {
        return true;
    }
    if (!sw_timestamp_parse(text, &ms)) {
        return false;
    }
    *days = floor_divide(ms, SW_DAY_MS);
    return true;
}

bool sw_time_read_timestamp(struct sw_span text, int64_t *ms)
{
    int64_t days;
    if (sw_timestamp_parse(text, ms)) {
        return true;
    }
    if (!sw_date_parse(text, &days)) {
        return false;
    }
    *ms = days * SW_DAY_MS;
    return true;
}
