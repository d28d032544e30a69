/*
 * What SQLite does not have, as SQL functions written plainly: the calendar on libc's gmtime and
 * timegm, and functions that stand for the first listed difference (docs/expressions.md): where
 * SQLite's own conversion between decimal text and double is not the correctly rounded one, they
 * give that, having checked that it is the neighbour; else they hand through what they got.
 */
#ifndef SW_TEST_EXPR_ORACLE_H
#define SW_TEST_EXPR_ORACLE_H

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ORACLE_DAY_MS 86400000ll

static inline bool oracle_ms_ok(int64_t ms)
{
    return ms >= -62135596800000ll && ms < 253402300800000ll;
}

static inline bool oracle_day_ok(int64_t days)
{
    return days >= -719162 && days <= 2932896;
}

static inline int64_t oracle_floor(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return a % b != 0 && a < 0 ? q - 1 : q;
}

/* "%!.15g" of the value rounded to 15 digits exactly, half up. */
static inline char *oracle_float_text(double value)
{
    char *given = sqlite3_mprintf("%!.15g", value);
    if (isinf(value) || value == 0) {
        return given;
    }
    char all[900];
    snprintf(all, sizeof all, "%.800e", fabs(value));
    char digits[17] = {all[0]};
    memcpy(digits + 1, all + 2, 15);
    int exponent = atoi(strchr(all, 'e') + 1);
    long long whole = 0;
    for (int i = 0; i < 15; i++) {
        whole = whole * 10 + (digits[i] - '0');
    }
    whole += digits[15] >= '5';
    char text[64];
    snprintf(text, sizeof text, "%s%llde%d", value < 0 ? "-" : "", whole, exponent - 14);
    char *right = sqlite3_mprintf("%!.15g", strtod(text, NULL));
    sqlite3_free(given);
    return right;
}

static inline void oracle_tx(sqlite3_context *context, int count, sqlite3_value **args)
{
    (void)count;
    if (sqlite3_value_type(args[0]) != SQLITE_FLOAT) {
        sqlite3_result_value(context, args[0]);
        return;
    }
    sqlite3_result_text(context, oracle_float_text(sqlite3_value_double(args[0])), -1,
                        sqlite3_free);
}

/* The numeric beginning of a text, copied for strtod; says whether it has a point or an exponent
 * and whether anything but blanks follows. */
static inline void oracle_prefix(const char *text, char *into, size_t size, bool *is_float,
                                 bool *is_whole)
{
    const char *p = text;
    size_t n = 0;
    *is_float = false;
    while (isspace((unsigned char)*p)) {
        p++;
    }
    if (*p == '-' || *p == '+') {
        into[n++] = *p++;
    }
    while (n < size - 2 && (isdigit((unsigned char)*p) || (*p == '.' && !*is_float))) {
        *is_float = *is_float || *p == '.';
        into[n++] = *p++;
    }
    const char *q = p;
    if (*q == 'e' || *q == 'E') {
        q++;
        q += *q == '-' || *q == '+';
        if (isdigit((unsigned char)*q)) {
            *is_float = true;
            while (isdigit((unsigned char)*q)) {
                q++;
            }
            memcpy(into + n, p, (size_t)(q - p));
            n += (size_t)(q - p);
            p = q;
        }
    }
    while (isspace((unsigned char)*p)) {
        p++;
    }
    *is_whole = *p == '\0';
    into[n] = '\0';
}

/* A text whose number SQLite reads a step beside the right one becomes that number. */
static inline void oracle_number(sqlite3_context *context, sqlite3_value *value, bool only_whole)
{
    char prefix[128];
    bool is_float;
    bool is_whole;
    if (sqlite3_value_type(value) == SQLITE_TEXT && sqlite3_value_bytes(value) < 100) {
        oracle_prefix((const char *)sqlite3_value_text(value), prefix, sizeof prefix, &is_float,
                      &is_whole);
        errno = 0;
        (void)strtoll(prefix, NULL, 10);
        is_float = is_float || errno == ERANGE; /* more digits than an int has */
        double right = strtod(prefix, NULL);
        if (is_float && (is_whole || !only_whole) && right != sqlite3_value_double(value) &&
            fabs(right - sqlite3_value_double(value)) <= fabs(right) * 1e-15) {
            sqlite3_result_double(context, right);
            return;
        }
    }
    sqlite3_result_value(context, value);
}

static inline void oracle_nx(sqlite3_context *context, int count, sqlite3_value **args)
{
    (void)count;
    oracle_number(context, args[0], false);
}

static inline void oracle_nw(sqlite3_context *context, int count, sqlite3_value **args)
{
    (void)count;
    oracle_number(context, args[0], true);
}

/* round(x, n) from the exact decimal expansion, half away from zero. */
static inline void oracle_rx(sqlite3_context *context, int count, sqlite3_value **args)
{
    (void)count;
    if (sqlite3_value_type(args[0]) == SQLITE_NULL || sqlite3_value_type(args[1]) == SQLITE_NULL) {
        return;
    }
    double value = sqlite3_value_double(args[0]);
    int64_t places = sqlite3_value_int64(args[1]);
    places = places > 30 ? 30 : places;
    if (fabs(value) > 4503599627370496.0) {
        sqlite3_result_double(context, value);
        return;
    }
    if (places <= 0) {
        sqlite3_result_double(context, (double)(int64_t)(value + (value < 0 ? -0.5 : 0.5)));
        return;
    }
    static char all[1400];
    int length = snprintf(all, sizeof all, "%.1100f", value);
    char *cut = strchr(all, '.') + 1 + places;
    bool is_up = *cut >= '5';
    *cut = '\0';
    length = (int)strlen(all);
    for (int i = length - 1; is_up && i >= 0; i--) {
        if (isdigit((unsigned char)all[i])) {
            is_up = all[i] == '9';
            all[i] = (char)(all[i] == '9' ? '0' : all[i] + 1);
        }
    }
    double carried = strtod(all, NULL);
    sqlite3_result_double(
        context, is_up ? carried + (value < 0 ? -1 : 1) *
                                       pow(10, (double)(strchr(all, '.') - all - (value < 0)))
                       : carried);
}

/* The logarithms of libc, where SQLite 3.40 divides two natural ones: the last digit may differ. */
static inline void oracle_log(sqlite3_context *context, sqlite3_value *value,
                              double (*function)(double))
{
    int type = sqlite3_value_numeric_type(value);
    double x = sqlite3_value_double(value);
    if ((type == SQLITE_INTEGER || type == SQLITE_FLOAT) && x > 0) {
        sqlite3_result_double(context, function(x));
    }
}

static inline void oracle_log10x(sqlite3_context *context, int count, sqlite3_value **args)
{
    (void)count;
    oracle_log(context, args[0], log10);
}

static inline void oracle_log2x(sqlite3_context *context, int count, sqlite3_value **args)
{
    (void)count;
    oracle_log(context, args[0], log2);
}

static inline void oracle_abs(sqlite3_context *context, int count, sqlite3_value **args)
{
    (void)count;
    if (sqlite3_value_type(args[0]) == SQLITE_NULL) {
        return;
    }
    bool is_int = sqlite3_value_type(args[0]) == SQLITE_INTEGER;
    if (is_int && sqlite3_value_int64(args[0]) != INT64_MIN) {
        sqlite3_result_int64(context, llabs(sqlite3_value_int64(args[0])));
    } else {
        sqlite3_result_double(context, fabs(sqlite3_value_double(args[0])));
    }
}

/* -- the calendar ------------------------------------------------------------- */

static inline void oracle_int_or_null(sqlite3_context *context, bool is_good, int64_t value)
{
    if (is_good) {
        sqlite3_result_int64(context, value);
    }
}

static inline struct tm oracle_tm(int64_t ms)
{
    time_t seconds = (time_t)oracle_floor(ms, 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    return tm;
}

static inline void oracle_date_text(sqlite3_context *context, int count, sqlite3_value **args)
{
    (void)count;
    int64_t days = sqlite3_value_int64(args[0]);
    if (sqlite3_value_type(args[0]) != SQLITE_INTEGER || !oracle_day_ok(days)) {
        return;
    }
    struct tm tm = oracle_tm(days * ORACLE_DAY_MS);
    sqlite3_result_text(
        context, sqlite3_mprintf("%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday),
        -1, sqlite3_free);
}

static inline void oracle_time_text(sqlite3_context *context, int count, sqlite3_value **args)
{
    (void)count;
    int64_t ms = sqlite3_value_int64(args[0]);
    if (sqlite3_value_type(args[0]) != SQLITE_INTEGER || !oracle_ms_ok(ms)) {
        return;
    }
    struct tm tm = oracle_tm(ms);
    int rest = (int)(ms - oracle_floor(ms, 1000) * 1000);
    char part[16] = "";
    if (rest != 0) {
        snprintf(part, sizeof part, ".%03d", rest);
    }
    sqlite3_result_text(context,
                        sqlite3_mprintf("%04d-%02d-%02dT%02d:%02d:%02d%sZ", tm.tm_year + 1900,
                                        tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                                        part),
                        -1, sqlite3_free);
}

static inline void oracle_date_ms(sqlite3_context *context, int count, sqlite3_value **args)
{
    (void)count;
    int64_t days = sqlite3_value_int64(args[0]);
    bool is_good = sqlite3_value_type(args[0]) == SQLITE_INTEGER && oracle_day_ok(days);
    oracle_int_or_null(context, is_good, is_good ? days * ORACLE_DAY_MS : 0);
}

static inline void oracle_ms_date(sqlite3_context *context, int count, sqlite3_value **args)
{
    (void)count;
    int64_t ms = sqlite3_value_int64(args[0]);
    bool is_good = sqlite3_value_type(args[0]) == SQLITE_INTEGER && oracle_ms_ok(ms);
    oracle_int_or_null(context, is_good, oracle_floor(ms, ORACLE_DAY_MS));
}

static inline void oracle_add(sqlite3_context *context, sqlite3_value **args, bool is_date)
{
    if (sqlite3_value_type(args[0]) != SQLITE_INTEGER ||
        sqlite3_value_type(args[1]) == SQLITE_NULL) {
        return;
    }
    __int128 sum = (__int128)sqlite3_value_int64(args[0]) + sqlite3_value_int64(args[1]);
    bool is_small = sum >= INT64_MIN && sum <= INT64_MAX;
    int64_t value = is_small ? (int64_t)sum : 0;
    oracle_int_or_null(context, is_small && (is_date ? oracle_day_ok(value) : oracle_ms_ok(value)),
                       value);
}

static inline void oracle_date_add(sqlite3_context *context, int count, sqlite3_value **args)
{
    (void)count;
    oracle_add(context, args, true);
}

static inline void oracle_time_add(sqlite3_context *context, int count, sqlite3_value **args)
{
    (void)count;
    oracle_add(context, args, false);
}

/* trunc(unit, ms) and part(unit, ms). */
static inline void oracle_trunc(sqlite3_context *context, int count, sqlite3_value **args)
{
    (void)count;
    int64_t ms = sqlite3_value_int64(args[1]);
    if (sqlite3_value_type(args[1]) != SQLITE_INTEGER || !oracle_ms_ok(ms)) {
        return;
    }
    const char *unit = (const char *)sqlite3_value_text(args[0]);
    struct tm tm = oracle_tm(ms);
    bool is_year = strcmp(unit, "year") == 0;
    bool is_quarter = strcmp(unit, "quarter") == 0;
    bool is_month = strcmp(unit, "month") == 0;
    bool is_week = strcmp(unit, "week") == 0;
    bool is_long = is_year || is_quarter || is_month || is_week || strcmp(unit, "day") == 0;
    if (is_long) {
        tm.tm_hour = 0;
    }
    if (is_long || strcmp(unit, "hour") == 0) {
        tm.tm_min = 0;
    }
    if (is_long || strcmp(unit, "second") != 0) {
        tm.tm_sec = 0;
    }
    if (is_year || is_quarter || is_month) {
        tm.tm_mday = 1;
        tm.tm_mon = is_year ? 0 : is_quarter ? tm.tm_mon / 3 * 3 : tm.tm_mon;
    }
    if (is_week) {
        tm.tm_mday -= (tm.tm_wday + 6) % 7;
    }
    int64_t result = (int64_t)timegm(&tm) * 1000;
    oracle_int_or_null(context, oracle_ms_ok(result), result);
}

static inline void oracle_part(sqlite3_context *context, int count, sqlite3_value **args)
{
    (void)count;
    int64_t ms = sqlite3_value_int64(args[1]);
    if (sqlite3_value_type(args[1]) != SQLITE_INTEGER || !oracle_ms_ok(ms)) {
        return;
    }
    static const char *const names[] = {"year", "month",   "day",    "hour", "minute", "second",
                                        "week", "isoyear", "isodow", "dow",  "doy"};
    const char *unit = (const char *)sqlite3_value_text(args[0]);
    struct tm tm = oracle_tm(ms);
    char text[64];
    strftime(text, sizeof text, "%Y %m %d %H %M %S %V %G %u %w %j", &tm);
    char *at = text;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        long value = strtol(at, &at, 10);
        if (strcmp(unit, names[i]) == 0) {
            sqlite3_result_int64(context, value);
            return;
        }
    }
    if (strcmp(unit, "quarter") == 0) {
        sqlite3_result_int64(context, tm.tm_mon / 3 + 1);
    } else if (strcmp(unit, "epoch") == 0) {
        sqlite3_result_int64(context, oracle_floor(ms, 1000));
    } else {
        sqlite3_result_int64(context, ms - oracle_floor(ms, 1000) * 1000);
    }
}

/* CAST of one of the texts that the tests hold; all else is no date. */
static inline void oracle_cast_date(sqlite3_context *context, int count, sqlite3_value **args)
{
    (void)count;
    int year;
    int month;
    int day;
    int used = 0;
    const char *text = (const char *)sqlite3_value_text(args[0]);
    if (text == NULL || sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3 ||
        used != 10 || (text[10] != '\0' && strcmp(text + 10, "T10:00:00Z") != 0)) {
        return;
    }
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    sqlite3_result_int64(context, (int64_t)timegm(&tm) / 86400);
}

static inline sqlite3 *oracle_open(void)
{
    static const struct {
        const char *name;
        int args;
        void (*function)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {
        {"tx", 1, oracle_tx},
        {"nx", 1, oracle_nx},
        {"nw", 1, oracle_nw},
        {"rx", 2, oracle_rx},
        {"log10x", 1, oracle_log10x},
        {"log2x", 1, oracle_log2x},
        {"absx", 1, oracle_abs},
        {"date_text", 1, oracle_date_text},
        {"time_text", 1, oracle_time_text},
        {"date_ms", 1, oracle_date_ms},
        {"ms_date", 1, oracle_ms_date},
        {"date_add", 2, oracle_date_add},
        {"time_add", 2, oracle_time_add},
        {"trunc_ms", 2, oracle_trunc},
        {"part_ms", 2, oracle_part},
        {"cast_date", 1, oracle_cast_date},
    };
    sqlite3 *db = NULL;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK) {
        abort();
    }
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        sqlite3_create_function(db, functions[i].name, functions[i].args,
                                SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, functions[i].function,
                                NULL, NULL);
    }
    return db;
}

#endif
