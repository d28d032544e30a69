#include "support/test.h"

#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "base/params.h"
#include "base/utf8.h"

#define ITEMS_MAX 8

/* An object that tests fill member by member. */
struct object {
    struct sw_json json;
    struct sw_json items[ITEMS_MAX];
};

static struct sw_json *add(struct object *object, const char *name, enum sw_json_kind kind)
{
    struct sw_json *item = &object->items[object->json.u.list.count++];
    *item = (struct sw_json){.kind = kind, .key = sw_span_text(name)};
    object->json.kind = SW_JSON_OBJECT;
    object->json.u.list.items = object->items;
    return item;
}

static void add_text(struct object *object, const char *name, const char *text)
{
    add(object, name, SW_JSON_STRING)->u.text = sw_span_text(text);
}

static void add_int(struct object *object, const char *name, int64_t value)
{
    add(object, name, SW_JSON_INT)->u.integer = value;
}

struct read {
    struct sw_span name, text;
    int64_t count;
    double ratio;
    bool is_on;
    const struct sw_json *list, *map, *any;
};

static sw_status read_all(const struct sw_json *json, struct read *into, struct sw_err *err)
{
    const struct sw_param params[] = {
        {"name", SW_PARAM_NAME, true, &into->name, 0, 0},
        {"text", SW_PARAM_TEXT, false, &into->text, 0, 0},
        {"count", SW_PARAM_INT, false, &into->count, 1, 100},
        {"ratio", SW_PARAM_FLOAT, false, &into->ratio, 0, 0},
        {"on", SW_PARAM_BOOL, false, &into->is_on, 0, 0},
        {"list", SW_PARAM_ARRAY, false, &into->list, 0, 0},
        {"map", SW_PARAM_OBJECT, false, &into->map, 0, 0},
        {"any", SW_PARAM_ANY, false, &into->any, 0, 0},
    };
    static const char *const also[] = {"facet", NULL};
    return sw_params_read(json, "a thing", params, 8, also, err);
}

static void all_kinds_are_read(void **state)
{
    (void)state;
    struct object object = {0};
    struct read into = {0};
    add_text(&object, "name", "größe");
    add_text(&object, "text", "");
    add_int(&object, "count", 100);
    add(&object, "ratio", SW_JSON_FLOAT)->u.number = 0.5;
    add(&object, "on", SW_JSON_BOOL)->u.boolean = true;
    struct sw_json *list = add(&object, "list", SW_JSON_ARRAY);
    struct sw_json *map = add(&object, "map", SW_JSON_OBJECT);
    struct sw_json *any = add(&object, "any", SW_JSON_STRING);

    assert_int_equal(read_all(&object.json, &into, NULL), SW_OK);

    assert_true(sw_span_equal(into.name, sw_span_text("größe")));
    assert_int_equal(into.text.length, 0);
    assert_true(into.count == 100);
    assert_true(into.ratio == 0.5);
    assert_true(into.is_on);
    assert_ptr_equal(into.list, list);
    assert_ptr_equal(into.map, map);
    assert_ptr_equal(into.any, any);
}

static void what_is_absent_or_null_keeps_its_default(void **state)
{
    (void)state;
    struct object object = {0};
    struct read into = {.count = 50, .ratio = 2, .is_on = true};
    add_text(&object, "name", "n");
    (void)add(&object, "count", SW_JSON_NULL);
    (void)add(&object, "any", SW_JSON_NULL);
    assert_int_equal(read_all(&object.json, &into, NULL), SW_OK);
    assert_true(into.count == 50 && into.ratio == 2 && into.is_on && into.any == NULL);
}

static void assert_refused(const struct sw_json *json, const char *message)
{
    struct read into = {0};
    struct sw_err err;
    assert_int_equal(read_all(json, &into, &err), SW_PARAMS);
    assert_string_equal(err.message, message);
}

static void what_is_missing_unknown_or_wrong_is_named(void **state)
{
    (void)state;
    assert_refused(NULL, "a thing needs `name`: a name (text of 1 to 255 bytes)");
    struct object object = {0};
    add_int(&object, "colour", 1);
    assert_refused(&object.json, "a thing has no parameter `colour`");
    object = (struct object){0};
    add_int(&object, "name", 5);
    assert_refused(&object.json, "a thing: `name` must be a name (text of 1 to 255 bytes)");
    object = (struct object){0};
    add_text(&object, "name", "n");
    add_text(&object, "count", "many");
    assert_refused(&object.json, "a thing: `count` must be an integer");
    struct sw_json array = {.kind = SW_JSON_ARRAY};
    assert_refused(&array, "a thing: the parameters must be an object");
}

static void each_kind_refuses_the_others(void **state)
{
    (void)state;
    static const char *const names[] = {"name", "text", "count", "ratio", "on", "list", "map"};
    static const enum sw_json_kind kinds[] = {SW_JSON_BOOL, SW_JSON_STRING, SW_JSON_ARRAY,
                                              SW_JSON_OBJECT};
    /* which of the kinds above each parameter takes */
    static const bool is_taken[7][4] = {
        {false, false, false, false}, /* a name is not empty */
        {false, true, false, false},  {false, false, false, false}, {false, false, false, false},
        {true, false, false, false},  {false, false, true, false},  {false, false, false, true},
    };
    for (size_t i = 0; i < 7; i++) {
        for (size_t k = 0; k < 4; k++) {
            struct object object = {0};
            struct read into = {0};
            if (i > 0) {
                add_text(&object, "name", "n");
            }
            (void)add(&object, names[i], kinds[k]);
            sw_status status = read_all(&object.json, &into, NULL);
            assert_int_equal(status, is_taken[i][k] ? SW_OK : SW_PARAMS);
        }
    }
}

static void an_integer_stays_in_its_range(void **state)
{
    (void)state;
    static const int64_t bad[] = {0, -1, 101, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < 5; i++) {
        struct object object = {0};
        struct read into = {0};
        struct sw_err err;
        add_text(&object, "name", "n");
        add_int(&object, "count", bad[i]);
        assert_int_equal(read_all(&object.json, &into, &err), SW_PARAMS);
        assert_non_null(strstr(err.message, "count must be from 1 to 100, not "));
    }
}

static void a_name_has_1_to_255_bytes_without_control_bytes(void **state)
{
    (void)state;
    char longest[SW_NAME_BYTES_MAX + 2] = {0};
    memset(longest, 'n', SW_NAME_BYTES_MAX);
    struct object object = {0};
    struct read into = {0};
    add_text(&object, "name", longest);
    assert_int_equal(read_all(&object.json, &into, NULL), SW_OK);
    longest[SW_NAME_BYTES_MAX] = 'n';
    static const char *const bad[] = {"", "a\nb", "\x1f", "a\x7f", "\t"};
    for (size_t i = 0; i < 6; i++) {
        object = (struct object){0};
        add_text(&object, "name", i < 5 ? bad[i] : longest);
        assert_int_equal(read_all(&object.json, &into, NULL), SW_PARAMS);
    }
    object = (struct object){0};
    add(&object, "name", SW_JSON_STRING)->u.text = sw_span_of("a\0b", 3);
    assert_int_equal(read_all(&object.json, &into, NULL), SW_PARAMS);
}

static void a_float_is_finite(void **state)
{
    (void)state;
    struct object object = {0};
    struct read into = {0};
    add_text(&object, "name", "n");
    add_text(&object, "ratio", "1e999");
    assert_int_equal(read_all(&object.json, &into, NULL), SW_PARAMS);
}

static void members_that_others_read_are_let_through(void **state)
{
    (void)state;
    struct object object = {0};
    struct read into = {0};
    add_text(&object, "name", "n");
    add_int(&object, "facet", 1);
    assert_int_equal(read_all(&object.json, &into, NULL), SW_OK);
}

static void a_long_unknown_name_is_shown_cut_between_characters(void **state)
{
    (void)state;
    char name[200] = "x";
    while (strlen(name) < 150) {
        strcat(name, "€");
    }
    struct object object = {0};
    struct read into = {0};
    struct sw_err err;
    add_int(&object, name, 1);
    assert_int_equal(read_all(&object.json, &into, &err), SW_PARAMS);
    assert_true(sw_utf8_is_valid(sw_span_text(err.message)));
    assert_true(strlen(err.message) < 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_kinds_are_read),
        cmocka_unit_test(what_is_absent_or_null_keeps_its_default),
        cmocka_unit_test(what_is_missing_unknown_or_wrong_is_named),
        cmocka_unit_test(each_kind_refuses_the_others),
        cmocka_unit_test(an_integer_stays_in_its_range),
        cmocka_unit_test(a_name_has_1_to_255_bytes_without_control_bytes),
        cmocka_unit_test(a_float_is_finite),
        cmocka_unit_test(members_that_others_read_are_let_through),
        cmocka_unit_test(a_long_unknown_name_is_shown_cut_between_characters),
    };
    return cmocka_run_group_tests_name("base/params", tests, NULL, NULL);
}
