/* Column types and the order of single values. */
#include "table/type.h"

#include <math.h>

#include "support/test.h"

static struct sw_value of_int(int64_t i)
{
    return (struct sw_value){.type = SW_TYPE_INT, .u.i = i};
}

static struct sw_value of_float(double f)
{
    return (struct sw_value){.type = SW_TYPE_FLOAT, .u.f = f};
}

static struct sw_value of_text(const char *text)
{
    return (struct sw_value){.type = SW_TYPE_STRING, .u.s = sw_span_text(text)};
}

static void every_type_is_found_by_its_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SW_TYPE_COUNT; i++) {
        enum sw_type found;

        assert_true(sw_type_parse(sw_span_text(sw_type_name((enum sw_type)i)), &found));
        assert_int_equal(found, i);
    }
    enum sw_type found;
    assert_false(sw_type_parse(sw_span_text("integer"), &found));
    assert_false(sw_type_parse(sw_span_text(""), &found));
}

static void numbers_are_integral_or_float_and_strings_are_neither(void **state)
{
    (void)state;
    assert_true(sw_type_is_integral(SW_TYPE_BOOL));
    assert_true(sw_type_is_integral(SW_TYPE_TIMESTAMP));
    assert_false(sw_type_is_integral(SW_TYPE_FLOAT));
    assert_true(sw_type_is_numeric(SW_TYPE_FLOAT));
    assert_true(sw_type_is_numeric(SW_TYPE_DATE));
    assert_false(sw_type_is_integral(SW_TYPE_STRING));
    assert_false(sw_type_is_numeric(SW_TYPE_STRING));
}

static void check_order(const struct sw_value *rising, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            int order = sw_value_compare(&rising[i], &rising[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}

static void values_order_as_in_a_sort_with_nulls_last(void **state)
{
    (void)state;
    struct sw_value null = {.type = SW_TYPE_FLOAT, .is_null = true};
    const struct sw_value ints[] = {of_int(INT64_MIN), of_int(-1), of_int(0), of_int(INT64_MAX)};
    const struct sw_value floats[] = {of_float(-INFINITY), of_float(-1.5), of_float(0),
                                      of_float(INFINITY),  of_float(NAN),  null};
    const struct sw_value texts[] = {of_text(""), of_text("B"), of_text("a"), of_text("aa"),
                                     of_text("\xc3\xa9")};

    check_order(ints, 4);
    check_order(floats, 6);
    check_order(texts, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_found_by_its_name),
        cmocka_unit_test(numbers_are_integral_or_float_and_strings_are_neither),
        cmocka_unit_test(values_order_as_in_a_sort_with_nulls_last),
    };
    return cmocka_run_group_tests_name("table/type", tests, NULL, NULL);
}
