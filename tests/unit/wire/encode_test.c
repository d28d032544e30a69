#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "wire/decode.h"
#include "wire/encode.h"

static void must(sw_status status)
{
    assert_int_equal(status, SW_OK);
}

static void assert_bytes(struct sw_buf *out, const char *expected)
{
    sw_buf_put_byte(out, '\0');
    assert_false(out->failed);
    assert_string_equal(out->data, expected);
    sw_buf_fini(out);
    sw_buf_init(out);
}

/* -- envelopes ----------------------------------------------------------------------------- */

static void a_reply_carries_the_id_as_it_came(void **state)
{
    (void)state;
    struct sw_buf out;
    sw_buf_init(&out);
    struct sw_json id = {.kind = SW_JSON_INT, .u.integer = 7};
    sw_encode_reply(&out, &id, sw_span_text("{\"a\":1}"));
    assert_bytes(&out, "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"a\":1}}");
    id.u.integer = 9007199254740993;
    sw_encode_reply(&out, &id, sw_span_text("[]"));
    assert_bytes(&out, "{\"jsonrpc\":\"2.0\",\"id\":9007199254740993,\"result\":[]}");
    id = (struct sw_json){.kind = SW_JSON_STRING, .u.text = sw_span_text("a\"1")};
    sw_encode_reply(&out, &id, sw_span_text("null"));
    assert_bytes(&out, "{\"jsonrpc\":\"2.0\",\"id\":\"a\\\"1\",\"result\":null}");
}

static void a_notification_has_no_id(void **state)
{
    (void)state;
    struct sw_buf out;
    sw_buf_init(&out);
    sw_encode_notification(&out, "flush", sw_span_text("{\"epoch\":1}"));
    assert_bytes(&out, "{\"jsonrpc\":\"2.0\",\"method\":\"flush\",\"params\":{\"epoch\":1}}");
}

static void an_error_says_code_message_and_what_is_known(void **state)
{
    (void)state;
    struct sw_buf out;
    struct sw_err err;
    sw_buf_init(&out);
    (void)sw_fail(&err, SW_NO_TABLE, "there is no table `%s`", "a\"b");
    sw_encode_error(&out, NULL, &err);
    assert_bytes(&out, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32030,\"message\":"
                       "\"there is no table `a\\\"b`\"}}");
    (void)sw_fail_limit(&err, "bins", 100000, 65536, "use fewer bins");
    sw_encode_error_object(&out, &err);
    assert_bytes(&out, "{\"code\":-32050,\"message\":\"over the limit bins: 100000, at most 65536: "
                       "use fewer bins\",\"data\":{\"limit\":\"bins\",\"value\":100000,\"allowed\":"
                       "65536,\"hint\":\"use fewer bins\"}}");
    (void)sw_fail(&err, SW_EXPRESSION, "unknown function");
    err.has_position = true;
    err.position = 12;
    sw_encode_error_object(&out, &err);
    assert_bytes(&out,
                 "{\"code\":-32040,\"message\":\"unknown function\",\"data\":{\"position\":12}}");
    (void)sw_fail(&err, SW_CONFLICT, "the table has changed");
    err.version = 5;
    sw_encode_error_object(&out, &err);
    assert_bytes(
        &out, "{\"code\":-32021,\"message\":\"the table has changed\",\"data\":{\"version\":5}}");
}

static void every_failure_makes_an_error_object_that_is_json(void **state)
{
    (void)state;
    for (int i = 0; i < SW_STATUS_COUNT; i++) {
        struct sw_err err;
        struct sw_buf out;
        struct sw_arena arena;
        const struct sw_json *json = NULL;
        sw_buf_init(&out);
        sw_arena_init(&arena);
        if (i == SW_OK || i == SW_AGAIN) {
            continue;
        }
        (void)sw_fail(&err, (sw_status)i, "what \x01 happened \xff");
        sw_encode_error_object(&out, &err);
        must(sw_decode_json(&arena, sw_buf_peek(&out), &json, NULL));
        int64_t code;
        assert_true(sw_json_get_int(sw_json_member(json, "code"), &code));
        assert_true(code == sw_status_code((sw_status)i));
        sw_arena_fini(&arena);
        sw_buf_fini(&out);
    }
}

/* -- round trips ----------------------------------------------------------------------------- */

static struct sw_span random_text(struct test_random *random, struct sw_arena *arena)
{
    static const char *const pieces[] = {"a", "\"", "\\", "/",           "\n",   "\x7f",
                                         "é", "€",  "😀",  "\t",          "\x01", "\\u0041",
                                         "{", "}",  " ",  "\xed\x9f\xbf"};
    struct sw_buf text;
    sw_buf_init(&text);
    for (uint64_t n = test_random_below(random, 12); n > 0; n--) {
        sw_buf_put_text(&text, pieces[test_random_below(random, 16)]);
        if (test_random_once_in(random, 20)) {
            sw_buf_put_byte(&text, '\0');
        }
    }
    char *copy = sw_arena_text(arena, sw_buf_peek(&text));
    struct sw_span span = sw_span_of(copy, text.length);
    sw_buf_fini(&text);
    return span;
}

/* A float that is written with a point or an exponent, so that it comes back as one. */
static double random_fraction(struct test_random *random)
{
    for (;;) {
        uint64_t bits = test_random_bits(random);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (test_random_once_in(random, 2)) {
            value = (double)test_random_between(random, -1000000, 1000000) / 64.0;
        }
        bool is_written_as_int = fabs(value) < 1e16 && value == trunc(value);
        if (isfinite(value) && !is_written_as_int) {
            return value;
        }
    }
}

static void random_json(struct test_random *random, struct sw_arena *arena, unsigned depth,
                        struct sw_json *into)
{
    into->kind = (enum sw_json_kind)test_random_below(random, depth > 0 ? 7 : 5);
    switch (into->kind) {
    case SW_JSON_NULL:
        break;
    case SW_JSON_BOOL:
        into->u.boolean = test_random_once_in(random, 2);
        break;
    case SW_JSON_INT:
        into->u.integer = test_random_between(random, -(INT64_C(1) << 53), INT64_C(1) << 53) >>
                          test_random_below(random, 54);
        break;
    case SW_JSON_FLOAT:
        into->u.number = random_fraction(random);
        break;
    case SW_JSON_STRING:
        into->u.text = random_text(random, arena);
        break;
    case SW_JSON_ARRAY:
    case SW_JSON_OBJECT: {
        size_t count = test_random_below(random, 6);
        struct sw_json *items = sw_arena_array(arena, count, sizeof *items);
        for (size_t i = 0; i < count; i++) {
            random_json(random, arena, depth - 1, &items[i]);
            if (into->kind == SW_JSON_OBJECT) {
                char name[32];
                (void)snprintf(name, sizeof name, "%zu", i);
                struct sw_span tail = random_text(random, arena);
                char *key = sw_arena_alloc(arena, tail.length + 32);
                size_t digits = strlen(name);
                memcpy(key, name, digits);
                memcpy(key + digits, tail.data, tail.length);
                items[i].key = sw_span_of(key, digits + tail.length);
            }
        }
        into->u.list.items = items;
        into->u.list.count = count;
        break;
    }
    }
}

static void what_is_written_is_read_as_the_same_tree(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 20000; round++) {
        struct sw_arena arena;
        struct sw_json json = {0};
        const struct sw_json *again = NULL;
        struct sw_buf out;
        struct sw_err err;
        sw_arena_init(&arena);
        sw_buf_init(&out);
        random_json(&random, &arena, 5, &json);

        sw_json_put(&out, &json);

        if (sw_decode_json(&arena, sw_buf_peek(&out), &again, &err) != SW_OK) {
            fail_msg("%.*s: %s", (int)out.length, out.data, err.message);
        }
        if (!sw_json_equal(&json, again)) {
            fail_msg("%.*s", (int)out.length, out.data);
        }
        sw_buf_fini(&out);
        sw_arena_fini(&arena);
    }
}

/* -- values --------------------------------------------------------------------------------- */

static void values_are_spelled_by_their_type(void **state)
{
    (void)state;
    static const struct {
        struct sw_value value;
        const char *text;
    } cases[] = {
        {{.type = SW_TYPE_BOOL, .u.i = 1}, "true"},
        {{.type = SW_TYPE_BOOL, .u.i = 0}, "false"},
        {{.type = SW_TYPE_INT, .u.i = -5}, "-5"},
        {{.type = SW_TYPE_INT, .u.i = INT64_MIN}, "\"-9223372036854775808\""},
        {{.type = SW_TYPE_FLOAT, .u.f = 0.1}, "0.1"},
        {{.type = SW_TYPE_FLOAT, .u.f = NAN}, "null"},
        {{.type = SW_TYPE_FLOAT, .u.f = -INFINITY}, "null"},
        {{.type = SW_TYPE_STRING, .u.s = {"a\"b", 3}}, "\"a\\\"b\""},
        {{.type = SW_TYPE_STRING, .u.s = {NULL, 0}}, "\"\""},
        {{.type = SW_TYPE_DATE, .u.i = 19723}, "\"2024-01-01\""},
        {{.type = SW_TYPE_DATE, .u.i = -1}, "\"1969-12-31\""},
        {{.type = SW_TYPE_TIMESTAMP, .u.i = 1704067200000}, "\"2024-01-01T00:00:00Z\""},
        {{.type = SW_TYPE_TIMESTAMP, .u.i = -1}, "\"1969-12-31T23:59:59.999Z\""},
        {{.type = SW_TYPE_STRING, .is_null = true}, "null"},
        {{.type = SW_TYPE_INT, .is_null = true, .u.i = 5}, "null"},
    };
    struct sw_buf out;
    sw_buf_init(&out);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sw_encode_value(&out, &cases[i].value);
        assert_bytes(&out, cases[i].text);
    }
}

/* -- series and pages ------------------------------------------------------------------------ */

static void a_series_is_members_and_groups_of_members(void **state)
{
    (void)state;
    struct sw_series *series;
    struct sw_buf out;
    sw_buf_init(&out);
    must(sw_series_new(1, &series));
    must(sw_series_ints(series, 0, NULL, "x", SW_TYPE_DATE, (const int64_t[]){86400000, 0}, NULL,
                        2));
    sw_series_mark_axis(series, 0);
    must(sw_series_floats(series, 0, "y", "price", (const double[]){1.5, NAN}, NULL, 2));
    must(sw_series_ints(series, 0, NULL, "nulls", SW_TYPE_INT, (const int64_t[]){3}, NULL, 1));
    sw_series_mark_scalar(series, 0);
    must(sw_series_ints(series, 0, "y", "n", SW_TYPE_INT, (const int64_t[]){4, 5},
                        (const uint8_t[]){0, 1}, 2));
    must(sw_series_ints(series, 0, "keys", "day", SW_TYPE_DATE, (const int64_t[]){1}, NULL, 1));
    must(sw_series_texts(series, 0, "keys", "t", NULL, NULL, 0));

    sw_encode_series(&out, series);

    assert_bytes(&out,
                 "{\"x\":[86400000,0],\"y\":{\"price\":[1.5,null],\"n\":[4,null]},\"nulls\":3,"
                 "\"keys\":{\"day\":[\"1970-01-02\"],\"t\":[]}}");
    sw_series_unref(series);
}

static void facets_make_panels_in_their_order(void **state)
{
    (void)state;
    struct sw_series *series;
    struct sw_buf out;
    sw_buf_init(&out);
    must(sw_series_new(2, &series));
    for (size_t panel = 0; panel < 2; panel++) {
        const int64_t count = (int64_t)panel + 1;
        must(sw_series_ints(series, panel, NULL, "count", SW_TYPE_INT, &count, NULL, 1));
    }
    struct sw_value values[2] = {{.type = SW_TYPE_STRING, .u.s = {"figs", 4}},
                                 {.type = SW_TYPE_STRING, .is_null = true}};
    series->facet_column = "category";
    series->facet_value = values;
    series->facet_count = (int64_t[]){10, 20};
    series->facet_total = 3;

    sw_encode_series(&out, series);

    assert_bytes(&out,
                 "{\"facet\":{\"column\":\"category\",\"values\":[\"figs\",null],\"counts\":[10,"
                 "20],\"total\":3},\"panels\":[{\"count\":[1]},{\"count\":[2]}]}");
    sw_series_unref(series);
}

static void facets_of_no_rows_have_no_panels(void **state)
{
    (void)state;
    struct sw_series *series;
    struct sw_buf out;
    sw_buf_init(&out);
    must(sw_series_new(0, &series));
    series->facet_column = "category";

    sw_encode_series(&out, series);

    assert_bytes(&out,
                 "{\"facet\":{\"column\":\"category\",\"values\":[],\"counts\":[],\"total\":0},"
                 "\"panels\":[]}");
    sw_series_unref(series);
}

static void a_page_is_columns_side_by_side(void **state)
{
    (void)state;
    struct sw_value prices[] = {{.type = SW_TYPE_FLOAT, .u.f = 1.5},
                                {.type = SW_TYPE_FLOAT, .is_null = true}};
    struct sw_value names[] = {{.type = SW_TYPE_STRING, .u.s = {"a", 1}},
                               {.type = SW_TYPE_STRING, .u.s = {"", 0}}};
    struct sw_page page = {
        .version = 3,
        .total = 1000,
        .offset = 17,
        .rows = 2,
        .columns = 2,
        .name = (const char *[]){"price", "a \"b\""},
        .type = (enum sw_type[]){SW_TYPE_FLOAT, SW_TYPE_STRING},
        .row_id = (uint64_t[]){20, 5},
        .value = (struct sw_value *[]){prices, names},
    };
    struct sw_buf out;
    sw_buf_init(&out);
    sw_encode_page(&out, &page);
    assert_bytes(&out,
                 "{\"version\":3,\"rows\":1000,\"offset\":17,\"row_ids\":[20,5],\"columns\":["
                 "\"price\",\"a \\\"b\\\"\"],\"types\":[\"float\",\"string\"],\"data\":[[1.5,null],"
                 "[\"a\",\"\"]]}");
    page.rows = 0;
    page.columns = 0;
    sw_encode_page(&out, &page);
    assert_bytes(&out, "{\"version\":3,\"rows\":1000,\"offset\":17,\"row_ids\":[],\"columns\":[],"
                       "\"types\":[],\"data\":[]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_carries_the_id_as_it_came),
        cmocka_unit_test(a_notification_has_no_id),
        cmocka_unit_test(an_error_says_code_message_and_what_is_known),
        cmocka_unit_test(every_failure_makes_an_error_object_that_is_json),
        cmocka_unit_test(what_is_written_is_read_as_the_same_tree),
        cmocka_unit_test(values_are_spelled_by_their_type),
        cmocka_unit_test(a_series_is_members_and_groups_of_members),
        cmocka_unit_test(facets_make_panels_in_their_order),
        cmocka_unit_test(facets_of_no_rows_have_no_panels),
        cmocka_unit_test(a_page_is_columns_side_by_side),
    };
    return cmocka_run_group_tests_name("wire/encode", tests, NULL, NULL);
}
