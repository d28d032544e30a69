#include "ingest/infer.h"

#include "support/test.h"
#include "table/datetime.h"

#include <stdio.h>

/* What a column of these cells is, in this order. */
static struct sw_inferred infer(const char *const *cells, size_t count)
{
    struct sw_inferred inferred = {SW_INFER_NONE, 0, false};
    bool ints_fit = true;
    for (size_t i = 0; i < count; i++) {
        const struct sw_guess guess = sw_infer_cell(sw_span_text(cells[i]));
        sw_infer_join(&inferred, ints_fit, guess);
        ints_fit = ints_fit && !(guess.kind == SW_INFER_INT && guess.is_beyond_float);
    }
    return inferred;
}

static void check_cell(const char *text, enum sw_infer want)
{
    const struct sw_guess guess = sw_infer_cell(sw_span_text(text));
    if (guess.kind != want) {
        fail_msg("'%s' is %d, not %d", text, guess.kind, want);
    }
}

static void a_cell_is_the_narrowest_kind_that_holds_it(void **state)
{
    (void)state;
    static const char *const nulls[] = {"", "NA", "N/A", "NULL", "null", "None", "  ", " NA "};
    static const char *const texts[] = {
        "na", "none", "NAN/A", "yes",        "x1",     "2020-1-2", "12:30",    "1 2",   "-",
        "+",  "0x1",  "007",   "2024-02-30", "vmx-15", "20240131", "31/12/99", "truely"};
    for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++) {
        check_cell(nulls[i], SW_INFER_NONE);
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        check_cell(texts[i], i == 14 ? SW_INFER_INT : SW_INFER_STRING);
    }
    check_cell("True", SW_INFER_BOOL);
    check_cell("1", SW_INFER_INT);
    check_cell(" -12 ", SW_INFER_INT);
    check_cell("-0", SW_INFER_FLOAT);
    check_cell("nan", SW_INFER_FLOAT);
    check_cell("1e5", SW_INFER_FLOAT);
    check_cell("2024-01-31", SW_INFER_DATE);
    check_cell("31.12.2024", SW_INFER_DATE);
    check_cell("2024-01-31T10:00", SW_INFER_TIMESTAMP);
    check_cell("1/2/2024 3:04 PM", SW_INFER_TIMESTAMP);
}

static void the_order_of_the_cells_does_not_change_the_kind(void **state)
{
    (void)state;
    static const char *const pool[] = {"",
                                       "NA",
                                       "true",
                                       "1",
                                       "-0",
                                       "2.5",
                                       "9007199254740993",
                                       "2024-01-31",
                                       "2024-01-31T10:00Z",
                                       "01/02/2020",
                                       "13/02/2020",
                                       "02/13/2020",
                                       "1/2/2020 10:00",
                                       "x",
                                       "07",
                                       "01-02-2020",
                                       "2024/01/31"};
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 20000; round++) {
        const char *cells[5];
        const char *shuffled[5];
        const size_t count = 1 + test_random_below(&random, 5);
        for (size_t i = 0; i < count; i++) {
            cells[i] = pool[test_random_below(&random, sizeof(pool) / sizeof(pool[0]))];
            shuffled[i] = cells[i];
        }
        for (size_t i = count - 1; i > 0; i--) {
            const size_t k = test_random_below(&random, i + 1);
            const char *other = shuffled[i];
            shuffled[i] = shuffled[k];
            shuffled[k] = other;
        }
        const struct sw_inferred one = infer(cells, count);
        const struct sw_inferred two = infer(shuffled, count);
        if (one.kind != two.kind || (one.kind == SW_INFER_MAYBE && one.formats != two.formats)) {
            fail_msg("%s %s ... is %d one way and %d the other", cells[0],
                     count > 1 ? cells[1] : "", one.kind, two.kind);
        }
    }
}

static void check_column(const char *const *cells, enum sw_infer want)
{
    size_t count = 0;
    while (cells[count] != NULL) {
        count++;
    }
    assert_int_equal(infer(cells, count).kind, want);
}

static void columns_widen_along_the_lattice(void **state)
{
    (void)state;
    check_column((const char *const[]){"1", "2.5", NULL}, SW_INFER_FLOAT);
    check_column((const char *const[]){"2.5", "1", NULL}, SW_INFER_FLOAT);
    check_column((const char *const[]){"9007199254740993", "2.5", NULL}, SW_INFER_STRING);
    check_column((const char *const[]){"9007199254740994", "2.5", NULL}, SW_INFER_FLOAT);
    check_column((const char *const[]){"true", "1", NULL}, SW_INFER_STRING);
    check_column((const char *const[]){"2024-01-31", "2024-01-31 10:00", NULL}, SW_INFER_TIMESTAMP);
    check_column((const char *const[]){"2024-01-31", "1", NULL}, SW_INFER_STRING);
    check_column((const char *const[]){"01/02/2020", "03/04/2020", NULL}, SW_INFER_MAYBE);
    check_column((const char *const[]){"01/02/2020", "13/04/2020", NULL}, SW_INFER_DATE);
    check_column((const char *const[]){"01/02/2020 1:00", "13/04/2020", NULL}, SW_INFER_TIMESTAMP);
    check_column((const char *const[]){"01/02/2020", "13.04.2020", NULL}, SW_INFER_STRING);
    check_column((const char *const[]){"13/02/2020", "02/13/2020", NULL}, SW_INFER_STRING);
    check_column((const char *const[]){"", "NA", NULL}, SW_INFER_NONE);
}

static void declared_ints_and_bools_take_more_spellings(void **state)
{
    (void)state;
    int64_t value;
    assert_true(sw_infer_int_declared(sw_span_text("007"), &value));
    assert_int_equal(value, 7);
    assert_true(sw_infer_int_declared(sw_span_text("-0"), &value));
    assert_int_equal(value, 0);
    assert_true(sw_infer_int_declared(sw_span_text("-9223372036854775808"), &value));
    assert_true(value == INT64_MIN);
    assert_false(sw_infer_int_declared(sw_span_text("--1"), &value));
    assert_false(sw_infer_int_declared(sw_span_text("+-1"), &value));
    assert_false(sw_infer_int_declared(sw_span_text(""), &value));
    assert_true(sw_infer_bool_declared(sw_span_text("Y"), &value));
    assert_int_equal(value, 1);
    assert_true(sw_infer_bool_declared(sw_span_text("off"), &value) == false);
}

static void every_day_is_read_in_every_order_it_is_written(void **state)
{
    (void)state;
    static const char separators[] = "-/.";
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 20000; round++) {
        const int64_t days = test_random_between(&random, -719162, 2932896);
        int64_t year;
        unsigned month;
        unsigned day;
        char text[64];
        int64_t read = 0;
        int64_t ms = 0;
        bool has_time = true;
        sw_civil_from_days(days, &year, &month, &day);
        const unsigned separator = (unsigned)test_random_below(&random, 3);
        const enum sw_date_order order = (enum sw_date_order)test_random_below(&random, SW_ORDERS);
        const char s = separators[separator];
        if (order == SW_ORDER_YMD) {
            snprintf(text, sizeof(text), "%04d%c%02u%c%02u", (int)year, s, month, s, day);
        } else {
            snprintf(text, sizeof(text), "%u%c%u%c%04d", order == SW_ORDER_DMY ? day : month, s,
                     order == SW_ORDER_DMY ? month : day, s, (int)year);
        }
        const sw_formats format = (sw_formats)(1u << ((unsigned)order * 3 + separator));
        const sw_formats formats = sw_moment_formats(sw_span_text(text), &has_time);

        assert_true((formats & format) != 0);
        assert_false(has_time);
        assert_true(sw_moment_read(sw_span_text(text), format, &read, &ms, &has_time));
        assert_int_equal(read, days);
        assert_int_equal(ms, days * 86400000);
        const bool is_open = order != SW_ORDER_YMD && day <= 12;
        assert_true(sw_formats_is_one(formats) == !is_open);
    }
}

static void times_behind_dates_are_read_to_the_millisecond(void **state)
{
    (void)state;
    int64_t days;
    int64_t ms;
    bool has_time;
    const sw_formats mdy = (sw_formats)(1u << (SW_ORDER_MDY * 3 + 1));
    static const struct {
        const char *text;
        int64_t ms; /* of the day; -1: none */
    } cases[] = {
        {"1/2/1970 0:00", 0},
        {"1/2/1970T23:59:59.999", 86399999},
        {"1/2/1970 1:02:03", 3723000},
        {"1/2/1970 1:02:03.5", 3723500},
        {"1/2/1970 1:02:03.0040", 3723004},
        {"1/2/1970 12:00 AM", 0},
        {"1/2/1970 12:00pm", 43200000},
        {"1/2/1970 3:04:05 pm", 54245000},
        {"1/2/1970 13:00 PM", -1},
        {"1/2/1970 24:00", -1},
        {"1/2/1970 1:60", -1},
        {"1/2/1970 1:2", -1},
        {"1/2/1970 ", -1},
        {"1/2/1970 1:02:03.1234", -1},
        {"1/2/1970  1:02", -1},
        {"1/2/1970 1:02 XM", -1},
        {"1/2/1970 1:02:03.", -1},
        {"13/2/1970 1:02", -1},
        {"1/2/19700", -1},
        {"1/2/197", -1},
        {"001/2/1970", -1},
        {"1//1970", -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const bool is_read =
            sw_moment_read(sw_span_text(cases[i].text), mdy, &days, &ms, &has_time);
        if (is_read != (cases[i].ms >= 0) || (is_read && ms != 86400000 + cases[i].ms)) {
            fail_msg("'%s' is read wrongly", cases[i].text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cell_is_the_narrowest_kind_that_holds_it),
        cmocka_unit_test(the_order_of_the_cells_does_not_change_the_kind),
        cmocka_unit_test(columns_widen_along_the_lattice),
        cmocka_unit_test(declared_ints_and_bools_take_more_spellings),
        cmocka_unit_test(every_day_is_read_in_every_order_it_is_written),
        cmocka_unit_test(times_behind_dates_are_read_to_the_millisecond),
    };
    return cmocka_run_group_tests_name("ingest/infer", tests, NULL, NULL);
}
