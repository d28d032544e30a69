/* Days and milliseconds to text and back, against a calendar counted day by day. */
#include "table/datetime.h"

#include <stdio.h>

#include "support/test.h"

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static void every_day_of_the_calendar_goes_there_and_back(void **state)
{
    (void)state;
    static const unsigned length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t days = -719162;
    for (int64_t year = 1; year <= 9999; year++) {
        for (unsigned month = 1; month <= 12; month++) {
            unsigned last = length[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
            for (unsigned day = 1; day <= last; day++, days++) {
                int64_t y;
                unsigned m;
                unsigned d;
                sw_civil_from_days(days, &y, &m, &d);
                if (y != year || m != month || d != day ||
                    sw_days_from_civil(year, month, day) != days) {
                    fail_msg("day %lld is not %lld-%u-%u", (long long)days, (long long)year, month,
                             day);
                }
            }
        }
    }
    assert_int_equal(days, 2932897);
}

static void dates_are_written_and_read_the_same(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int i = 0; i < 100000; i++) {
        char text[SW_DATE_TEXT_MAX];
        int64_t back;
        int64_t days = test_random_between(&random, -719162, 2932896);

        size_t length = sw_date_format(days, text);

        assert_int_equal(length, strlen(text));
        assert_true(sw_date_parse(sw_span_text(text), &back));
        assert_int_equal(back, days);
    }
}

static void timestamps_are_written_and_read_the_same(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int i = 0; i < 100000; i++) {
        char text[SW_TIMESTAMP_TEXT_MAX];
        int64_t back;
        int64_t ms = test_random_between(&random, -719162 * INT64_C(86400000),
                                         2932897 * INT64_C(86400000) - 1);
        ms -= test_random_once_in(&random, 2) ? ms % 1000 : 0;

        size_t length = sw_timestamp_format(ms, text);

        assert_int_equal(length, strlen(text));
        assert_true(sw_timestamp_parse(sw_span_text(text), &back));
        assert_int_equal(back, ms);
    }
}

static void known_moments_have_their_text(void **state)
{
    (void)state;
    char text[SW_TIMESTAMP_TEXT_MAX];

    sw_timestamp_format(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    sw_timestamp_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    sw_timestamp_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    sw_date_format(INT64_MIN, text);
    assert_string_equal(text, "0001-01-01");
    sw_date_format(19782, text);
    assert_string_equal(text, "2024-02-29");
}

static void times_are_read_as_iso_8601_says(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"1970-01-01T00:00", 0},          {"1970-01-01 00:00:01", 1000},
        {"1970-01-01T00:00:00.5Z", 500},  {"1970-01-01T00:00:00.120000000Z", 120},
        {"1970-01-01T01:00:00+01:00", 0}, {"1970-01-01T01:30:00+0130", 0},
        {"1969-12-31T22:00:00-02", 0},    {"1970-01-01t00:00:00z", 0},
    };
    static const char *const bad[] = {
        "",
        "1970-01-01",
        "1970-01-01T",
        "1970-01-01T00",
        "1970-01-01T0:00:00",
        "1970-01-01T24:00:00",
        "1970-01-01T00:60",
        "1970-01-01T00:00:60",
        "1970-02-29T00:00:00",
        "1970-01-01T00:00:00.",
        "1970-01-01T00:00:00.0001Z",
        "1970-01-01T00:00:00+1",
        "1970-01-01T00:00:00+24:00",
        "1970-01-01T00:00:00+01:0",
        "1970-01-01T00:00:00 Z",
        "1970-01-01T00:00:00Zx",
        "1970-01-01_00:00:00",
        "0000-01-01T00:00:00",
        "0001-01-01T00:00:00+01:00",
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t ms = -1;
        assert_true(sw_timestamp_parse(sw_span_text(good[i].text), &ms));
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t ms;
        if (sw_timestamp_parse(sw_span_text(bad[i]), &ms)) {
            fail_msg("\"%s\" was read as a timestamp", bad[i]);
        }
    }
}

static void only_real_days_are_dates(void **state)
{
    (void)state;
    static const char *const bad[] = {"1900-02-29", "2023-02-29", "2024-13-01", "2024-00-01",
                                      "2024-01-00", "2024-04-31", "0000-01-01", "2024-1-1",
                                      "2024/01/01", "20240101",   "2024-01-01 "};
    int64_t days;

    assert_true(sw_date_parse(sw_span_text("2000-02-29"), &days));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(sw_date_parse(sw_span_text(bad[i]), &days));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_of_the_calendar_goes_there_and_back),
        cmocka_unit_test(dates_are_written_and_read_the_same),
        cmocka_unit_test(timestamps_are_written_and_read_the_same),
        cmocka_unit_test(known_moments_have_their_text),
        cmocka_unit_test(times_are_read_as_iso_8601_says),
        cmocka_unit_test(only_real_days_are_dates),
    };
    return cmocka_run_group_tests_name("table/datetime", tests, NULL, NULL);
}
