/* Series: named arrays that outlive what they were copied from. */
#include "table/series.h"

#include "support/test.h"

static void fields_are_copied_into_their_panel(void **state)
{
    (void)state;
    struct sw_series *series;
    int64_t ints[] = {1, 2, 3};
    double floats[] = {0.5};
    char bytes[] = "abcd";
    struct sw_span texts[] = {{bytes, 2}, {NULL, 0}, {bytes + 2, 2}};
    uint8_t is_null[] = {0, 1, 0};
    char name[] = "count";
    assert_int_equal(sw_series_new(2, &series), SW_OK);

    assert_int_equal(sw_series_ints(series, 0, NULL, name, SW_TYPE_TIMESTAMP, ints, NULL, 3),
                     SW_OK);
    sw_series_mark_axis(series, 0);
    assert_int_equal(sw_series_floats(series, 0, "measures", "mean", floats, NULL, 1), SW_OK);
    sw_series_mark_scalar(series, 0);
    assert_int_equal(sw_series_texts(series, 1, "keys", "k", texts, is_null, 3), SW_OK);
    memset(ints, 0xff, sizeof(ints));
    memset(bytes, 'x', 4);
    memset(name, 'x', 4);

    const struct sw_field *first = &series->panel[0].field[0];
    const struct sw_field *mean = &series->panel[0].field[1];
    const struct sw_field *key = &series->panel[1].field[0];
    assert_string_equal(first->name, "count");
    assert_null(first->group);
    assert_true(first->is_axis);
    assert_int_equal(first->u.ints[2], 3);
    assert_int_equal(mean->shape, SW_FIELD_SCALAR);
    assert_string_equal(mean->group, "measures");
    assert_true(sw_span_equal(key->u.texts[2], sw_span_text("cd")));
    assert_int_equal(key->is_null[1], 1);
    assert_true(sw_series_bytes(series) > sizeof(*series));
    sw_series_unref(series);
}

static void values_become_a_field_of_their_type(void **state)
{
    (void)state;
    struct sw_series *series;
    const struct sw_value texts[] = {{.type = SW_TYPE_STRING, .u.s = {"x", 1}},
                                     {.type = SW_TYPE_STRING, .is_null = true}};
    const struct sw_value days[] = {{.type = SW_TYPE_DATE, .u.i = 5},
                                    {.type = SW_TYPE_DATE, .u.i = 6}};
    const struct sw_value floats[] = {{.type = SW_TYPE_FLOAT, .u.f = 0.25}};
    assert_int_equal(sw_series_new(1, &series), SW_OK);

    assert_int_equal(sw_series_values(series, 0, NULL, "a", SW_TYPE_STRING, texts, 2), SW_OK);
    assert_int_equal(sw_series_values(series, 0, NULL, "b", SW_TYPE_DATE, days, 2), SW_OK);
    assert_int_equal(sw_series_values(series, 0, NULL, "c", SW_TYPE_FLOAT, floats, 1), SW_OK);
    assert_int_equal(sw_series_values(series, 0, NULL, "d", SW_TYPE_FLOAT, NULL, 0), SW_OK);

    const struct sw_field *field = series->panel[0].field;
    assert_int_equal(field[0].is_null[1], 1);
    assert_int_equal(field[1].u.ints[1], 6);
    assert_null(field[1].is_null);
    assert_true(field[2].u.floats[0] == 0.25);
    assert_int_equal(field[3].length, 0);
    sw_series_unref(series);
}

static void a_panel_holds_as_many_fields_as_it_is_given(void **state)
{
    (void)state;
    struct sw_series *series;
    assert_int_equal(sw_series_new(1, &series), SW_OK);

    for (int64_t i = 0; i < 100; i++) {
        assert_int_equal(sw_series_ints(series, 0, NULL, "n", SW_TYPE_INT, &i, NULL, 1), SW_OK);
    }

    assert_int_equal(series->panel[0].fields, 100);
    for (int64_t i = 0; i < 100; i++) {
        assert_int_equal(series->panel[0].field[i].u.ints[0], i);
    }
    assert_ptr_equal(sw_series_ref(series), series);
    sw_series_unref(series);
    sw_series_unref(series);
    sw_series_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_copied_into_their_panel),
        cmocka_unit_test(values_become_a_field_of_their_type),
        cmocka_unit_test(a_panel_holds_as_many_fields_as_it_is_given),
    };
    return cmocka_run_group_tests_name("table/series", tests, NULL, NULL);
}
