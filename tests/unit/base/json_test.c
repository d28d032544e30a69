#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static struct sw_json text_of(const char *text)
{
    struct sw_json json = {.kind = SW_JSON_STRING};
    json.u.text = sw_span_text(text);
    return json;
}

static struct sw_json int_of(int64_t value)
{
    struct sw_json json = {.kind = SW_JSON_INT};
    json.u.integer = value;
    return json;
}

static struct sw_json float_of(double value)
{
    struct sw_json json = {.kind = SW_JSON_FLOAT};
    json.u.number = value;
    return json;
}

static void assert_written(const struct sw_json *json, const char *expected)
{
    struct sw_buf out;
    sw_buf_init(&out);
    sw_json_put(&out, json);
    sw_buf_put_byte(&out, '\0');
    assert_string_equal(out.data, expected);
    sw_buf_fini(&out);
}

static void assert_text_written(const char *bytes, size_t length, const char *expected)
{
    struct sw_json json = {.kind = SW_JSON_STRING};
    json.u.text = sw_span_of(bytes, length);
    assert_written(&json, expected);
}

static void a_member_is_found_by_its_exact_name(void **state)
{
    (void)state;
    struct sw_json items[] = {int_of(1), int_of(2), int_of(3)};
    items[0].key = sw_span_text("a");
    items[1].key = sw_span_text("A");
    items[2].key = sw_span_text("ab");
    struct sw_json object = {.kind = SW_JSON_OBJECT};
    object.u.list.items = items;
    object.u.list.count = 3;
    assert_ptr_equal(sw_json_member(&object, "a"), &items[0]);
    assert_ptr_equal(sw_json_member(&object, "A"), &items[1]);
    assert_ptr_equal(sw_json_member(&object, "ab"), &items[2]);
    assert_null(sw_json_member(&object, "b"));
    assert_null(sw_json_member(&object, ""));
    assert_null(sw_json_member(&items[0], "a"));
    assert_null(sw_json_member(NULL, "a"));
    object.kind = SW_JSON_ARRAY;
    assert_null(sw_json_member(&object, "a"));
}

static void integers_are_read_from_numbers_and_decimal_strings(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_int;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"-5", true, -5},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"--5", false, 0},
        {" 5", false, 0},
        {"5 ", false, 0},
        {"5.0", false, 0},
        {"5e1", false, 0},
        {"0x10", false, 0},
        {"five", false, 0},
        {"5\n", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sw_json json = text_of(cases[i].text);
        int64_t value = 77;
        assert_int_equal(sw_json_get_int(&json, &value), cases[i].is_int);
        assert_true(value == (cases[i].is_int ? cases[i].value : 77));
    }
    struct sw_json nul = {.kind = SW_JSON_STRING};
    nul.u.text = sw_span_of("5\0", 2);
    int64_t value;
    assert_false(sw_json_get_int(&nul, &value));
}

static void floats_that_are_exact_integers_are_integers(void **state)
{
    (void)state;
    int64_t value;
    struct sw_json json = float_of(9007199254740992.0);
    assert_true(sw_json_get_int(&json, &value) && value == 9007199254740992);
    json = float_of(-3.0);
    assert_true(sw_json_get_int(&json, &value) && value == -3);
    json = float_of(9007199254740994.0);
    assert_false(sw_json_get_int(&json, &value));
    json = float_of(0.5);
    assert_false(sw_json_get_int(&json, &value));
    json = float_of(NAN);
    assert_false(sw_json_get_int(&json, &value));
    json = float_of(-INFINITY);
    assert_false(sw_json_get_int(&json, &value));
}

static void numbers_are_read_from_decimal_strings_within_range(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_number;
        double value;
    } cases[] = {
        {"1.5", true, 1.5},  {"-2e3", true, -2000}, {"+7", true, 7},    {"1e308", true, 1e308},
        {"1e309", false, 0}, {"inf", false, 0},     {"nan", false, 0},  {"0x1p3", false, 0},
        {"", false, 0},      {"e5", false, 0},      {"1.5x", false, 0}, {"1-2", false, 0},
        {" 1", false, 0},    {"1e", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sw_json json = text_of(cases[i].text);
        double value;
        bool is_number = sw_json_get_float(&json, &value);
        assert_int_equal(is_number, cases[i].is_number);
        assert_true(!is_number || value == cases[i].value);
    }
    struct sw_json json = int_of(-7);
    double value;
    assert_true(sw_json_get_float(&json, &value) && value == -7);
}

static void other_kinds_are_no_numbers_and_no_texts(void **state)
{
    (void)state;
    static const enum sw_json_kind kinds[] = {SW_JSON_NULL, SW_JSON_BOOL, SW_JSON_ARRAY,
                                              SW_JSON_OBJECT};
    for (size_t i = 0; i < 4; i++) {
        struct sw_json json = {.kind = kinds[i]};
        int64_t integer;
        double number;
        struct sw_span text;
        assert_false(sw_json_get_int(&json, &integer));
        assert_false(sw_json_get_float(&json, &number));
        assert_false(sw_json_get_text(&json, &text));
    }
    int64_t integer;
    double number;
    struct sw_span text;
    assert_false(sw_json_get_int(NULL, &integer));
    assert_false(sw_json_get_float(NULL, &number));
    assert_false(sw_json_get_text(NULL, &text));
    assert_true(sw_json_is_null(NULL));
}

static void a_text_is_escaped_where_json_wants_it(void **state)
{
    (void)state;
    assert_text_written("", 0, "\"\"");
    assert_text_written("a\"b\\c/d", 7, "\"a\\\"b\\\\c/d\"");
    assert_text_written("\n\r\t\b\f\x01\x1f\x7f", 8,
                        "\"\\n\\r\\t\\u0008\\u000c\\u0001\\u001f\\u007f\"");
    assert_text_written("a\0b", 3, "\"a\\u0000b\"");
    assert_text_written("größe 😀", 12, "\"größe 😀\"");
}

static void bytes_that_are_no_utf8_never_leave(void **state)
{
    (void)state;
    assert_text_written("a\xff"
                        "b",
                        3,
                        "\"a\xef\xbf\xbd"
                        "b\"");
    assert_text_written("\xc3", 1, "\"\xef\xbf\xbd\"");
    assert_text_written("\xc3\"", 2, "\"\xef\xbf\xbd\\\"\"");
    assert_text_written("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_text_written("\xf0\x9f\x98", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void numbers_beyond_two_to_the_53_are_written_as_strings(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-1, "-1"},
        {9007199254740992, "9007199254740992"},
        {-9007199254740992, "-9007199254740992"},
        {9007199254740993, "\"9007199254740993\""},
        {-9007199254740993, "\"-9007199254740993\""},
        {INT64_MAX, "\"9223372036854775807\""},
        {INT64_MIN, "\"-9223372036854775808\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sw_json json = int_of(cases[i].value);
        assert_written(&json, cases[i].text);
    }
}

static void what_json_cannot_say_is_null(void **state)
{
    (void)state;
    struct sw_json json = float_of(NAN);
    assert_written(&json, "null");
    json = float_of(INFINITY);
    assert_written(&json, "null");
    json = float_of(-0.0);
    assert_written(&json, "-0");
    assert_written(NULL, "null");
}

static struct sw_json sample(struct sw_json inner[4], struct sw_json items[2])
{
    inner[0] = int_of(1);
    inner[1] = float_of(2.5);
    inner[2] = text_of("t");
    inner[3] = (struct sw_json){.kind = SW_JSON_BOOL};
    inner[3].u.boolean = true;
    items[0] = (struct sw_json){.kind = SW_JSON_ARRAY, .key = sw_span_text("list")};
    items[0].u.list.items = inner;
    items[0].u.list.count = 4;
    items[1] = (struct sw_json){.kind = SW_JSON_NULL, .key = sw_span_text("nothing")};
    struct sw_json object = {.kind = SW_JSON_OBJECT};
    object.u.list.items = items;
    object.u.list.count = 2;
    return object;
}

static void a_tree_is_written_compactly(void **state)
{
    (void)state;
    struct sw_json inner[4], items[2];
    struct sw_json object = sample(inner, items);
    assert_written(&object, "{\"list\":[1,2.5,\"t\",true],\"nothing\":null}");
}

static void a_copy_is_equal_and_lives_by_itself(void **state)
{
    (void)state;
    struct sw_arena arena;
    sw_arena_init(&arena);
    char *bytes = strdup("text");
    struct sw_json inner[4], items[2];
    struct sw_json object = sample(inner, items);
    inner[2] = text_of(bytes);

    const struct sw_json *copy = sw_json_copy(&arena, &object);

    assert_true(sw_json_equal(copy, &object));
    free(bytes);
    assert_memory_equal(copy->u.list.items[0].u.list.items[2].u.text.data, "text", 4);
    assert_int_equal(sw_json_copy(&arena, NULL)->kind, SW_JSON_NULL);
    sw_arena_fini(&arena);
}

static void any_difference_makes_trees_unequal(void **state)
{
    (void)state;
    struct sw_json inner[4], items[2], other_inner[4], other_items[2];
    struct sw_json object = sample(inner, items);
    for (int change = 0; change < 6; change++) {
        struct sw_json other = sample(other_inner, other_items);
        assert_true(sw_json_equal(&object, &other));
        switch (change) {
        case 0:
            other_inner[0].u.integer = 2;
            break;
        case 1:
            other_inner[1].u.number = 2.25;
            break;
        case 2:
            other_inner[2].u.text = sw_span_text("T");
            break;
        case 3:
            other_inner[3].u.boolean = false;
            break;
        case 4:
            other_items[0].key = sw_span_text("lisp");
            break;
        default:
            other_items[0].u.list.count = 3;
            break;
        }
        assert_false(sw_json_equal(&object, &other));
    }
    assert_true(sw_json_equal(NULL, NULL));
    assert_false(sw_json_equal(NULL, &object));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_is_found_by_its_exact_name),
        cmocka_unit_test(integers_are_read_from_numbers_and_decimal_strings),
        cmocka_unit_test(floats_that_are_exact_integers_are_integers),
        cmocka_unit_test(numbers_are_read_from_decimal_strings_within_range),
        cmocka_unit_test(other_kinds_are_no_numbers_and_no_texts),
        cmocka_unit_test(a_text_is_escaped_where_json_wants_it),
        cmocka_unit_test(bytes_that_are_no_utf8_never_leave),
        cmocka_unit_test(numbers_beyond_two_to_the_53_are_written_as_strings),
        cmocka_unit_test(what_json_cannot_say_is_null),
        cmocka_unit_test(a_tree_is_written_compactly),
        cmocka_unit_test(a_copy_is_equal_and_lives_by_itself),
        cmocka_unit_test(any_difference_makes_trees_unequal),
    };
    return cmocka_run_group_tests_name("base/json", tests, NULL, NULL);
}
