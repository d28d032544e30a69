#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "wire/decode.h"

struct world {
    struct sw_arena arena;
    struct sw_err err;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    sw_arena_init(&world->arena);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    sw_arena_fini(&world->arena);
    free(world);
    return 0;
}

/* From an exact copy of the bytes, so that a read past the end is seen. */
static sw_status decode_bytes(struct world *world, const char *bytes, size_t length,
                              const struct sw_json **json)
{
    char *copy = malloc(length > 0 ? length : 1);
    memcpy(copy, bytes, length);
    sw_status status = sw_decode_json(&world->arena, sw_span_of(copy, length), json, &world->err);
    free(copy);
    return status;
}

static const struct sw_json *decoded(struct world *world, const char *text)
{
    const struct sw_json *json = NULL;
    sw_status status = decode_bytes(world, text, strlen(text), &json);
    if (status != SW_OK) {
        fail_msg("%s: %s", text, world->err.message);
    }
    return json;
}

static void assert_int(struct world *world, const char *text, int64_t expected)
{
    const struct sw_json *json = decoded(world, text);
    assert_int_equal(json->kind, SW_JSON_INT);
    assert_true(json->u.integer == expected);
}

static void assert_float(struct world *world, const char *text, double expected)
{
    const struct sw_json *json = decoded(world, text);
    assert_int_equal(json->kind, SW_JSON_FLOAT);
    assert_memory_equal(&json->u.number, &expected, sizeof expected);
}

static void assert_text(struct world *world, const char *text, const char *expected, size_t length)
{
    const struct sw_json *json = decoded(world, text);
    assert_int_equal(json->kind, SW_JSON_STRING);
    assert_int_equal(json->u.text.length, length);
    assert_memory_equal(json->u.text.data, expected, length);
}

struct bad {
    const char *bytes;
    size_t length;
    size_t position;
};
#define BAD(literal, position)                 \
    {                                          \
        literal, sizeof(literal) - 1, position \
    }

/* What cJSON would take, and what nobody should. */
static const struct bad refused[] = {
    BAD("", 0),
    BAD(" \n", 2),
    BAD("\xef\xbb\xbf{}", 0),
    BAD("{}x", 2),
    BAD("{}{}", 2),
    BAD("{} {}", 3),
    BAD("1 2", 2),
    BAD("01", 1),
    BAD("-01", 2),
    BAD("00", 1),
    BAD("1.", 2),
    BAD(".5", 0),
    BAD("+1", 0),
    BAD("-", 1),
    BAD("-x", 1),
    BAD("1e", 2),
    BAD("1e+", 3),
    BAD("1.e3", 2),
    BAD("0x10", 1),
    BAD("1_000", 1),
    BAD("Infinity", 0),
    BAD("-Infinity", 1),
    BAD("NaN", 0),
    BAD("1e400", 0),
    BAD("-1e400", 0),
    BAD("[1e309]", 1),
    BAD("9223372036854775808", 0),
    BAD("-9223372036854775809", 0),
    BAD("[1, 99999999999999999999]", 4),
    BAD("\"a\nb\"", 2),
    BAD("\"a\tb\"", 2),
    BAD("\"a\0b\"", 2),
    BAD("{}\0", 2),
    BAD("\0{}", 0),
    BAD("\"\x1f\"", 1),
    BAD("\"", 1),
    BAD("\"abc", 4),
    BAD("\"abc\\", 5),
    BAD("\"abc\\\"", 6),
    BAD("\"\\x41\"", 2),
    BAD("\"\\'\"", 2),
    BAD("\"\\U0041\"", 2),
    BAD("\"\\u12\"", 3),
    BAD("\"\\u12g4\"", 3),
    BAD("\"\\u+123\"", 3),
    BAD("\"\\u", 3),
    BAD("\"\\ud800\"", 7),
    BAD("\"\\ud800x\"", 7),
    BAD("\"\\ud800\\n\"", 7),
    BAD("\"\\ud800\\u0041\"", 7),
    BAD("\"\\ud800\\ud800\"", 7),
    BAD("\"\\udc00\"", 3),
    BAD("\"\\udc00\\ud800\"", 3),
    BAD("\"\\ud800\\", 7),
    BAD("\"\\ud800\\u", 7),
    BAD("\"\\ud800\\udc", 7),
    BAD("\"\xff\"", 1),
    BAD("\"\x80\"", 1),
    BAD("\"a\xc3\"", 2),
    BAD("\"\xc0\x80\"", 1),
    BAD("\"\xc1\xbf\"", 1),
    BAD("\"\xe0\x9f\xbf\"", 1),
    BAD("\"\xed\xa0\x80\"", 1),
    BAD("\"\xed\xbf\xbf\"", 1),
    BAD("\"\xf0\x8f\xbf\xbf\"", 1),
    BAD("\"\xf4\x90\x80\x80\"", 1),
    BAD("\"\xf5\x80\x80\x80\"", 1),
    BAD("\"\xe2\x82\"", 1),
    BAD("\"\xf0\x9f\x98", 1),
    BAD("[", 1),
    BAD("]", 0),
    BAD("[1", 2),
    BAD("[1,", 3),
    BAD("[1,]", 3),
    BAD("[,1]", 1),
    BAD("[1 2]", 3),
    BAD("[1}", 2),
    BAD("{", 1),
    BAD("}", 0),
    BAD("{]", 1),
    BAD("{\"a\"}", 4),
    BAD("{\"a\":}", 5),
    BAD("{\"a\":1", 6),
    BAD("{\"a\":1,", 7),
    BAD("{\"a\":1,}", 7),
    BAD("{\"a\" 1}", 5),
    BAD("{\"a\"::1}", 5),
    BAD("{a:1}", 1),
    BAD("{'a':1}", 1),
    BAD("{1:1}", 1),
    BAD("{null:1}", 1),
    BAD("{\"a\":1 \"b\":2}", 7),
    BAD("{\"a\":1]", 6),
    BAD("tru", 0),
    BAD("True", 0),
    BAD("nul", 0),
    BAD("truefalse", 4),
    BAD("[1]//c", 3),
    BAD("/*c*/1", 0),
    BAD("\v1", 0),
    BAD("\f1", 0),
    BAD("\xc2\xa0"
        "1",
        0),
    BAD("{\"a\":1,\"a\":2}", 8),
    BAD("{\"a\":1,\"\\u0061\":2}", 8),
    BAD("{\"\":1,\"\":2}", 7),
    BAD("{\"a\\u0000b\":1,\"a\\u0000b\":2}", 15),
    BAD("[{\"x\":{\"k\":1,\"l\":2,\"k\":3}}]", 20),
};

static void every_hostile_text_is_refused_with_its_position(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const struct sw_json *json = NULL;

        sw_status status = decode_bytes(world, refused[i].bytes, refused[i].length, &json);

        if (status != SW_JSON || world->err.position != refused[i].position) {
            fail_msg("case %zu (%s): status %s, position %zu, expected %zu: %s", i,
                     refused[i].bytes, sw_status_name(status), world->err.position,
                     refused[i].position, world->err.message);
        }
        assert_null(json);
        assert_true(world->err.has_position);
        assert_true(strlen(world->err.message) > 20);
    }
}

static void no_prefix_of_a_document_is_a_document(void **state)
{
    struct world *world = *state;
    static const char text[] =
        "{\"jsonrpc\":\"2.0\",\"p\":[1,-2.5e3,true,false,null,\"\\ud83d\\ude00\xf0\x9f\x98\x80\"]}";
    for (size_t length = 0; length < sizeof text - 1; length++) {
        const struct sw_json *json = NULL;
        assert_int_equal(decode_bytes(world, text, length, &json), SW_JSON);
    }
    (void)decoded(world, text);
}

static void integers_of_64_bits_are_exact(void **state)
{
    struct world *world = *state;
    assert_int(world, "0", 0);
    assert_int(world, "-1", -1);
    assert_int(world, "9007199254740993", 9007199254740993);
    assert_int(world, "-9007199254740993", -9007199254740993);
    assert_int(world, "9223372036854775807", INT64_MAX);
    assert_int(world, "-9223372036854775808", INT64_MIN);
    const struct sw_json *list = decoded(world, "[9007199254740993,{\"a\":9007199254740995}]");
    assert_true(list->u.list.items[0].u.integer == 9007199254740993);
    assert_true(list->u.list.items[1].u.list.items[0].u.integer == 9007199254740995);
}

static void an_integer_too_long_for_64_bits_is_told_to_come_as_text(void **state)
{
    struct world *world = *state;
    const struct sw_json *json = NULL;
    assert_int_equal(decode_bytes(world, "9223372036854775808", 19, &json), SW_JSON);
    assert_non_null(strstr(world->err.message, "send it as a string"));
}

static void numbers_with_a_point_or_an_exponent_are_the_nearest_doubles(void **state)
{
    struct world *world = *state;
    assert_float(world, "0.1", 0.1);
    assert_float(world, "1.0", 1.0);
    assert_float(world, "1e2", 100.0);
    assert_float(world, "1E+2", 100.0);
    assert_float(world, "-1.5e-3", -0.0015);
    assert_float(world, "1.7976931348623157e308", 1.7976931348623157e308);
    assert_float(world, "5e-324", 5e-324);
    assert_float(world, "1e-400", 0.0);
    assert_float(world, "99999999999999999999.0", 1e20);
}

static void decimals_of_every_length_are_what_strtod_reads(void **state)
{
    struct world *world = *state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 20000; round++) {
        char text[64];
        char digits[24];
        unsigned count = (unsigned)test_random_below(&random, 18) + 1;
        unsigned whole = (unsigned)test_random_below(&random, count) + 1;
        for (unsigned i = 0; i < count; i++) {
            digits[i] = (char)('0' + test_random_below(&random, 10));
        }
        digits[0] = whole > 1 && digits[0] == '0' ? '7' : digits[0];
        (void)snprintf(
            text, sizeof text, "%s%.*s.%.*s%s", test_random_once_in(&random, 3) ? "-" : "",
            (int)whole, digits, whole < count ? (int)(count - whole) : 1,
            whole < count ? digits + whole : "0", test_random_once_in(&random, 5) ? "e-7" : "");
        assert_float(world, text, strtod(text, NULL));
        if (round % 1000 == 0) {
            sw_arena_reset(&world->arena);
        }
    }
}

static void minus_zero_keeps_its_sign(void **state)
{
    assert_float(*state, "-0", -0.0);
    assert_float(*state, "-0.0", -0.0);
}

static void a_number_of_the_longest_length_is_read_and_one_byte_more_is_refused(void **state)
{
    struct world *world = *state;
    char text[SW_JSON_NUMBER_BYTES_MAX + 2];
    memset(text, '3', sizeof text);
    text[1] = '.';
    const struct sw_json *json = NULL;

    assert_int_equal(decode_bytes(world, text, SW_JSON_NUMBER_BYTES_MAX, &json), SW_OK);
    assert_true(json->u.number == 10.0 / 3.0);
    assert_int_equal(decode_bytes(world, text, SW_JSON_NUMBER_BYTES_MAX + 1, &json), SW_LIMIT);
    assert_string_equal(world->err.limit, "json_number_bytes");
}

static void escapes_become_the_bytes_that_they_name(void **state)
{
    struct world *world = *state;
    assert_text(world, "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8);
    assert_text(world, "\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac", 6);
    assert_text(world, "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80", 4);
    assert_text(world, "\"\\uDBFF\\uDFFF\"", "\xf4\x8f\xbf\xbf", 4);
    assert_text(world, "\"\x7f\xc2\x80\xed\x9f\xbf\xee\x80\x80\"",
                "\x7f\xc2\x80\xed\x9f\xbf\xee\x80\x80", 9);
}

static void a_string_is_kept_whole_behind_a_nul(void **state)
{
    struct world *world = *state;
    assert_text(world, "\"a\\u0000b\"", "a\0b", 3);
    assert_text(world, "\"\\u0000\"", "\0", 1);
    assert_text(world, "\"\\u0000\\ud83d\\ude00\\n\\\"x\\/\"", "\0\xf0\x9f\x98\x80\n\"x/", 9);
    const struct sw_json *json = decoded(world, "{\"k\\u0000\":1,\"k\":2}");
    assert_int_equal(json->u.list.count, 2);
    assert_int_equal(json->u.list.items[0].key.length, 2);
}

static void names_that_differ_in_case_are_two_names(void **state)
{
    const struct sw_json *json = decoded(*state, "{\"a\":1,\"A\":2}");
    int64_t value = 0;
    assert_true(sw_json_get_int(sw_json_member(json, "A"), &value));
    assert_int_equal(value, 2);
}

/* depth opening brackets and as many closing ones. */
static char *nested(size_t depth, char open, char close)
{
    char *text = malloc(depth * 2 + 1);
    memset(text, open, depth);
    memset(text + depth, close, depth);
    text[depth * 2] = '\0';
    return text;
}

static void depth_is_limited_at_its_edge(void **state)
{
    struct world *world = *state;
    char *good = nested(SW_JSON_DEPTH_MAX, '[', ']');
    char *bad = nested(SW_JSON_DEPTH_MAX + 1, '[', ']');
    const struct sw_json *json = NULL;

    assert_int_equal(decode_bytes(world, good, strlen(good), &json), SW_OK);
    assert_int_equal(decode_bytes(world, bad, strlen(bad), &json), SW_LIMIT);
    assert_string_equal(world->err.limit, "json_depth");
    assert_true(world->err.limit_value == SW_JSON_DEPTH_MAX + 1);
    assert_true(world->err.limit_allowed == SW_JSON_DEPTH_MAX);
    free(good);
    free(bad);
}

static void half_a_million_brackets_do_not_fill_the_stack(void **state)
{
    struct world *world = *state;
    char *text = nested(SW_MESSAGE_BYTES_MAX / 2, '[', ']');
    const struct sw_json *json = NULL;
    assert_int_equal(decode_bytes(world, text, strlen(text), &json), SW_LIMIT);
    free(text);
}

static void the_number_of_values_is_limited_at_its_edge(void **state)
{
    struct world *world = *state;
    size_t values = SW_JSON_TOKENS_MAX - 1; /* the array itself is one */
    char *text = malloc(values * 2 + 4);
    text[0] = '[';
    for (size_t i = 0; i < values; i++) {
        text[1 + 2 * i] = '7';
        text[2 + 2 * i] = ',';
    }
    text[2 * values] = ']';
    const struct sw_json *json = NULL;

    assert_int_equal(decode_bytes(world, text, 2 * values + 1, &json), SW_OK);
    assert_int_equal(json->u.list.count, values);
    memcpy(text + 2 * values, ",7]", 3);
    assert_int_equal(decode_bytes(world, text, 2 * values + 3, &json), SW_LIMIT);
    assert_string_equal(world->err.limit, "json_values");
    free(text);
}

/* {"k0":0,"k1":0,...}; the last name may be given again. */
static size_t object_of(char *text, size_t members, bool has_twin)
{
    size_t at = 0;
    text[at++] = '{';
    for (size_t i = 0; i < members; i++) {
        size_t number = has_twin && i == members - 1 ? 0 : i;
        at += (size_t)sprintf(text + at, "%s\"k%zu\":0", i > 0 ? "," : "", number);
    }
    text[at++] = '}';
    return at;
}

static void the_members_of_an_object_are_limited_at_their_edge(void **state)
{
    struct world *world = *state;
    char *text = malloc((SW_JSON_KEYS_MAX + 2) * 16);
    const struct sw_json *json = NULL;
    size_t length = object_of(text, SW_JSON_KEYS_MAX, false);
    assert_int_equal(decode_bytes(world, text, length, &json), SW_OK);
    assert_int_equal(json->u.list.count, SW_JSON_KEYS_MAX);

    length = object_of(text, SW_JSON_KEYS_MAX + 1, false);
    assert_int_equal(decode_bytes(world, text, length, &json), SW_LIMIT);
    assert_string_equal(world->err.limit, "json_keys");
    free(text);
}

static void a_name_that_comes_twice_is_found_in_objects_of_every_size(void **state)
{
    struct world *world = *state;
    static const size_t sizes[] = {2, 3, 15, 16, 17, 18, 63, 64, 65, 1000, SW_JSON_KEYS_MAX};
    char *text = malloc((SW_JSON_KEYS_MAX + 2) * 16);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct sw_json *json = NULL;
        size_t length = object_of(text, sizes[i], false);
        assert_int_equal(decode_bytes(world, text, length, &json), SW_OK);

        length = object_of(text, sizes[i], true);
        assert_int_equal(decode_bytes(world, text, length, &json), SW_JSON);
        assert_non_null(strstr(world->err.message, "`k0`"));
    }
    free(text);
}

static void a_message_over_its_limit_is_refused_before_it_is_read(void **state)
{
    struct world *world = *state;
    char *text = malloc(SW_MESSAGE_BYTES_MAX + 1);
    memset(text, ' ', SW_MESSAGE_BYTES_MAX + 1);
    text[0] = '1';
    const struct sw_json *json = NULL;
    assert_int_equal(decode_bytes(world, text, SW_MESSAGE_BYTES_MAX, &json), SW_OK);
    assert_int_equal(decode_bytes(world, text, SW_MESSAGE_BYTES_MAX + 1, &json), SW_LIMIT);
    assert_string_equal(world->err.limit, "message_bytes");
    free(text);
}

static void blanks_are_allowed_where_json_allows_them(void **state)
{
    const struct sw_json *json = decoded(*state, " \t\r\n{ \"a\" : [ ] , \"b\" : { } } \n");
    assert_int_equal(json->u.list.count, 2);
}

/* A list of plain values, with the blanks that are allowed. */
static void put_plain_list(struct test_random *random, struct sw_buf *text)
{
    static const char *const values[] = {"null",
                                         "true",
                                         "false",
                                         "0",
                                         "-0",
                                         "-17",
                                         "9007199254740993",
                                         "2.50",
                                         "-3e-9",
                                         "\"figs\"",
                                         "\"a\\u0000b\"",
                                         "\"\\n\"",
                                         "\"\"",
                                         "\"],[\\\",\xc3\xa9\""};
    static const char *const blanks[] = {"", "", "", " ", "\n\t", " \r "};
    size_t count = test_random_below(random, 40);
    for (size_t i = 0; i < count; i++) {
        sw_buf_put_text(text, i == 0 ? "" : ",");
        sw_buf_put_text(text, blanks[test_random_below(random, 6)]);
        sw_buf_put_text(text, values[test_random_below(random, 14)]);
        sw_buf_put_text(text, blanks[test_random_below(random, 6)]);
    }
}

/* The same list so that it is read by way of cJSON: a list within it makes it no bulk. */
static void assert_reads_as_any_other(struct world *world, struct sw_span list)
{
    struct sw_buf text;
    sw_buf_init(&text);
    bool is_empty = true;
    for (size_t i = 0; i < list.length; i++) {
        is_empty = is_empty && strchr(" \t\r\n", list.data[i]) != NULL;
    }
    sw_buf_printf(&text, "{\"fast\":[[%.*s],[],\"x\",[ ]],\"slow\":[%.*s%s[]]}", (int)list.length,
                  list.data, is_empty ? 0 : (int)list.length, list.data, is_empty ? "" : ",");
    const struct sw_json *json = NULL;
    assert_int_equal(decode_bytes(world, text.data, text.length, &json), SW_OK);
    const struct sw_json *fast = &sw_json_member(json, "fast")->u.list.items[0];
    const struct sw_json *slow = sw_json_member(json, "slow");
    assert_int_equal(fast->u.list.count + 1, slow->u.list.count);
    for (size_t i = 0; i < fast->u.list.count; i++) {
        assert_int_equal(fast->u.list.items[i].kind, slow->u.list.items[i].kind);
        assert_true(sw_json_equal(&fast->u.list.items[i], &slow->u.list.items[i]));
    }
    assert_int_equal(sw_json_member(json, "fast")->u.list.count, 4);
    sw_arena_reset(&world->arena);
    sw_buf_fini(&text);
}

static void a_long_list_of_plain_values_reads_as_any_other(void **state)
{
    struct world *world = *state;
    struct test_random random;
    test_random_init(&random, test_seed());
    struct sw_buf list;
    sw_buf_init(&list);
    for (int round = 0; round < 2000; round++) {
        sw_buf_clear(&list);
        put_plain_list(&random, &list);
        assert_reads_as_any_other(world, list.length == 0 ? sw_span_text("") : sw_buf_peek(&list));
    }
    sw_buf_fini(&list);
}

/* Rows that mostly have the same names, now and then others, in another order, or none. */
static void put_rows(struct test_random *random, struct sw_buf *text)
{
    static const char *const names[] = {"a", "b", "a\\u0000", "\xc3\xa9", "price", ""};
    static const char *const values[] = {"null", "true", "-2.5", "\"x\\ty\"", "{}", "7"};
    size_t count = test_random_below(random, 40);
    size_t members = test_random_below(random, 7);
    size_t first = 0;
    for (size_t i = 0; i < count; i++) {
        if (test_random_once_in(random, 6)) {
            members = test_random_below(random, 7);
            first = test_random_below(random, 6);
        }
        if (test_random_once_in(random, 30)) {
            sw_buf_printf(text, "%s%s", i == 0 ? "" : ",", values[test_random_below(random, 6)]);
            continue;
        }
        sw_buf_put_text(text, i == 0 ? "{" : ",{");
        for (size_t k = 0; k < members; k++) {
            size_t value = test_random_below(random, test_random_once_in(random, 50) ? 6 : 4);
            sw_buf_printf(text, "%s\"%s\":%s", k == 0 ? "" : " , ", names[(first + k) % 6],
                          values[value]);
        }
        sw_buf_put_byte(text, '}');
    }
}

static void a_long_list_of_rows_reads_as_any_other(void **state)
{
    struct world *world = *state;
    struct test_random random;
    test_random_init(&random, test_seed());
    struct sw_buf list;
    sw_buf_init(&list);
    for (int round = 0; round < 2000; round++) {
        sw_buf_clear(&list);
        put_rows(&random, &list);
        assert_reads_as_any_other(world, list.length == 0 ? sw_span_text("") : sw_buf_peek(&list));
    }
    sw_buf_fini(&list);
}

/* A row in a list of rows that says a name twice, as the first, or after rows that did not. */
static void a_name_that_comes_twice_is_found_in_every_row(void **state)
{
    struct world *world = *state;
    struct sw_buf text;
    sw_buf_init(&text);
    for (size_t at = 0; at < 20; at++) {
        sw_buf_clear(&text);
        size_t position = 0;
        for (size_t i = 0; i < 20; i++) {
            sw_buf_put_text(&text, i == 0 ? "[" : ",");
            position = i == at ? text.length + 9 : position;
            sw_buf_put_text(&text, i == at ? "{\"a\":1, \"a\":2}" : "{\"a\":1, \"b\":2}");
        }
        sw_buf_put_byte(&text, ']');
        const struct sw_json *json = NULL;
        assert_int_equal(decode_bytes(world, text.data, text.length, &json), SW_JSON);
        assert_int_equal(world->err.position, position);
    }
    sw_buf_fini(&text);
}

static sw_status request_of(struct world *world, const char *text, struct sw_request *request)
{
    return sw_decode_request(&world->arena, sw_span_text(text), request, &world->err);
}

static void a_request_gives_its_id_method_and_params(void **state)
{
    struct world *world = *state;
    struct sw_request request;
    assert_int_equal(request_of(world,
                                "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"table.list\","
                                "\"params\":{\"a\":1},\"trace\":[]}",
                                &request),
                     SW_OK);
    assert_int_equal(request.id->u.integer, 7);
    assert_true(sw_span_equal(request.method, sw_span_text("table.list")));
    assert_int_equal(request.params->u.list.count, 1);
}

static void a_request_without_an_id_is_a_notification(void **state)
{
    struct world *world = *state;
    struct sw_request request;
    assert_int_equal(request_of(world, "{\"jsonrpc\":\"2.0\",\"method\":\"m\"}", &request), SW_OK);
    assert_null(request.id);
    assert_null(request.params);
    assert_int_equal(
        request_of(world, "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":null}", &request),
        SW_OK);
    assert_null(request.params);
}

struct bad_request {
    const char *text;
    bool has_id;
};

static void a_malformed_request_is_refused_and_its_id_kept_where_it_is_one(void **state)
{
    struct world *world = *state;
    static const struct bad_request cases[] = {
        {"[]", false},
        {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}]", false},
        {"1", false},
        {"null", false},
        {"\"m\"", false},
        {"{}", false},
        {"{\"id\":1}", true},
        {"{\"id\":1,\"method\":\"m\"}", true},
        {"{\"id\":1,\"method\":\"m\",\"jsonrpc\":\"1.0\"}", true},
        {"{\"id\":1,\"method\":\"m\",\"jsonrpc\":2.0}", true},
        {"{\"id\":\"x\",\"jsonrpc\":\"2.0\"}", true},
        {"{\"id\":\"x\",\"method\":\"\",\"jsonrpc\":\"2.0\"}", true},
        {"{\"id\":\"x\",\"method\":5,\"jsonrpc\":\"2.0\"}", true},
        {"{\"id\":1,\"method\":\"m\",\"jsonrpc\":\"2.0\",\"params\":[1]}", true},
        {"{\"id\":1,\"method\":\"m\",\"jsonrpc\":\"2.0\",\"params\":\"p\"}", true},
        {"{\"id\":1,\"result\":{},\"jsonrpc\":\"2.0\"}", true},
        {"{\"id\":null,\"method\":\"m\",\"jsonrpc\":\"2.0\"}", false},
        {"{\"id\":1.5,\"method\":\"m\",\"jsonrpc\":\"2.0\"}", false},
        {"{\"id\":true,\"method\":\"m\",\"jsonrpc\":\"2.0\"}", false},
        {"{\"id\":[1],\"method\":\"m\",\"jsonrpc\":\"2.0\"}", false},
        {"{\"id\":{},\"method\":\"m\",\"jsonrpc\":\"2.0\"}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sw_request request;
        sw_status status = request_of(world, cases[i].text, &request);
        if (status != SW_REQUEST || (request.id != NULL) != cases[i].has_id) {
            fail_msg("%s: status %s", cases[i].text, sw_status_name(status));
        }
    }
}

static void an_id_over_its_limit_is_refused(void **state)
{
    struct world *world = *state;
    char text[SW_ID_BYTES_MAX + 64];
    for (size_t extra = 0; extra < 2; extra++) {
        char id[SW_ID_BYTES_MAX + 2] = {0};
        memset(id, 'i', SW_ID_BYTES_MAX + extra);
        (void)snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"method\":\"m\"}",
                       id);
        struct sw_request request;
        assert_int_equal(request_of(world, text, &request), extra == 0 ? SW_OK : SW_LIMIT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(every_hostile_text_is_refused_with_its_position),
        TEST(no_prefix_of_a_document_is_a_document),
        TEST(integers_of_64_bits_are_exact),
        TEST(an_integer_too_long_for_64_bits_is_told_to_come_as_text),
        TEST(numbers_with_a_point_or_an_exponent_are_the_nearest_doubles),
        TEST(decimals_of_every_length_are_what_strtod_reads),
        TEST(minus_zero_keeps_its_sign),
        TEST(a_number_of_the_longest_length_is_read_and_one_byte_more_is_refused),
        TEST(escapes_become_the_bytes_that_they_name),
        TEST(a_string_is_kept_whole_behind_a_nul),
        TEST(names_that_differ_in_case_are_two_names),
        TEST(depth_is_limited_at_its_edge),
        TEST(half_a_million_brackets_do_not_fill_the_stack),
        TEST(the_number_of_values_is_limited_at_its_edge),
        TEST(the_members_of_an_object_are_limited_at_their_edge),
        TEST(a_name_that_comes_twice_is_found_in_objects_of_every_size),
        TEST(a_message_over_its_limit_is_refused_before_it_is_read),
        TEST(a_long_list_of_plain_values_reads_as_any_other),
        TEST(a_long_list_of_rows_reads_as_any_other),
        TEST(a_name_that_comes_twice_is_found_in_every_row),
        TEST(blanks_are_allowed_where_json_allows_them),
        TEST(a_request_gives_its_id_method_and_params),
        TEST(a_request_without_an_id_is_a_notification),
        TEST(a_malformed_request_is_refused_and_its_id_kept_where_it_is_one),
        TEST(an_id_over_its_limit_is_refused),
    };
    return cmocka_run_group_tests_name("wire/decode", tests, NULL, NULL);
}
