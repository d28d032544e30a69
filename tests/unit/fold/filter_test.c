/* Filters at the borders of types: what a bound or a value of JSON means for each column. */
#include "unit/fold/runs.h"

/* How many of the rows pass; every clause is also judged by SQLite in the other tests. */
static int64_t passing(struct world *world, enum sw_filter_reach *reach, struct sw_filter *filter)
{
    struct selection none = {0};
    struct scan scan;
    int64_t count = 0;
    *reach = SW_REACH_SOME;
    begin_scan(&scan, world->version[0], &none);
    scan.filter[0] = filter;
    scan.filters = 1;
    assert_int_equal(sw_filter_state_new(filter, &scan.state[0]), SW_OK);
    for (uint32_t at = 0; at < world->rows; at += SW_VECTOR_ROWS) {
        struct sw_batch batch;
        uint64_t bits[SW_VECTOR_WORDS];
        sw_batch_at(&batch, scan.cache, scan.version, 0, at);
        sw_filter_test(filter, scan.state[0], &batch, bits);
        check_reach(&scan, 0, &batch, bits);
        count += sw_bits_count(bits);
    }
    *reach = sw_filter_reach(filter, world->version[0]->group[0]);
    end_scan(&scan);
    return count;
}

static struct sw_filter *between(struct world *world, int column, const char *low, const char *high,
                                 const char *ends)
{
    struct sw_filter *filter;
    struct sw_json l = json_of(&world->arena, low);
    struct sw_json h = json_of(&world->arena, high);
    assert_int_equal(sw_filter_between(world->version[0], (uint32_t)column, &l, &h, ends[0] == '(',
                                       ends[1] == ')', &filter, NULL),
                     SW_OK);
    return filter;
}

static int64_t sql_count(struct world *world, const char *where)
{
    sqlite3_stmt *count =
        sql_prepare(world, text_of(world, "SELECT count(*) FROM t WHERE %s", where));
    assert_int_equal(sqlite3_step(count), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(count, 0);
    sqlite3_finalize(count);
    return n;
}

/* A world with some rows. */
static struct world *world_of_rows(void)
{
    uint64_t seed = test_seed();
    struct world *world = new_world(seed);
    while (world->rows < 50) {
        free_world(world);
        world = new_world(++seed);
    }
    return world;
}

static void bounds_mean_what_they_say_for_every_type(void **state)
{
    (void)state;
    static const struct {
        int column;
        const char *low, *high, *ends, *sql;
    } cases[] = {
        {C_I, "0.5", "10.5", "[]", "i >= 0.5 AND i <= 10.5"},
        {C_I, "3.0", "10.0", "()", "i > 3 AND i < 10"},
        {C_I, "\"-5\"", "\"7\"", "[)", "i >= -5 AND i < 7"},
        {C_I, "-1e300", "1e300", "()", "i IS NOT NULL"},
        {C_I, "1e300", "null", "[]", "0"},
        {C_I, "9223372036854775807", "null", "()", "0"},
        {C_I, "null", "-9223372036854775808", "()", "0"},
        {C_I, "10", "0", "[]", "0"},
        {C_I, "5", "5", "[)", "0"},
        {C_I, "5", "5", "[]", "i = 5"},
        {C_I, "null", "null", "[]", "1"},
        {C_F, "3", "40", "[]", "f >= 3 AND f <= 40"},
        {C_F, "3.01", "40", "()", "f > 3.01 AND f < 40"},
        {C_F, "null", "0", "[)", "f < 0"},
        {C_G, "-1e400", "0", "[]", "g <= 0"},
        {C_B, "true", "true", "[]", "b = 1"},
        {C_B, "false", "1", "[)", "b = 0"},
        {C_D, "\"2024-01-01\"", "null", "[]", "d >= 19723"},
        {C_D, "\"2024-01-01\"", "null", "()", "d > 19723"},
        {C_D, "\"2024-01-01T00:00:00.001Z\"", "null", "[]", "d > 19723"},
        {C_D, "1704067200000", "1704067200000.5", "[]", "d = 19723"},
        {C_TS, "\"2023-11-14\"", "\"2023-11-15\"", "[)",
         "ts >= 1699920000000 AND ts < 1700006400000"},
        {C_S, "\"a\"", "\"g\"", "[)", "s >= 'a' AND s < 'g'"},
        {C_S, "\"figs\"", "null", "()", "s > 'figs'"},
        {C_S, "\"\"", "\"\"", "[]", "s = ''"},
    };
    struct world *world = world_of_rows();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum sw_filter_reach reach;
        struct sw_filter *filter =
            between(world, cases[i].column, cases[i].low, cases[i].high, cases[i].ends);
        int64_t expected = sql_count(world, cases[i].sql);

        int64_t count = passing(world, &reach, filter);

        if (count != expected) {
            fail_msg("case %zu: %lld rows, not %lld where %s", i, (long long)count,
                     (long long)expected, cases[i].sql);
        }
    }
    free_world(world);
}

static void lists_mean_what_they_say_for_every_type(void **state)
{
    (void)state;
    static const struct {
        int column;
        const char *list, *sql;
    } cases[] = {
        {C_I, "[]", "0"},
        {C_I, "[null]", "i IS NULL"},
        {C_I, "[5.0, 6.5, 1e300, \"7\"]", "i IN (5, 7)"},
        {C_I, "[1, 2, null, 1]", "i IN (1, 2) OR i IS NULL"},
        {C_F, "[1, 2.5, -0.0]", "f IN (1, 2.5, 0)"},
        {C_B, "[true]", "b = 1"},
        {C_D, "[\"2024-01-01\", 1704153600000, 1704153600001]", "d IN (19723, 19724)"},
        {C_S, "[\"figs\", \"absent\", \"\"]", "s IN ('figs', '')"},
        {C_S, "[\"figs\", null]", "s = 'figs' OR s IS NULL"},
        {C_T, "[\"it's\", \"apples\"]", "t IN ('it''s', 'apples')"},
    };
    struct world *world = world_of_rows();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum sw_filter_reach reach;
        struct sw_filter *filter;
        struct sw_json list = json_of(&world->arena, cases[i].list);
        assert_int_equal(
            sw_filter_in(world->version[0], (uint32_t)cases[i].column, &list, &filter, NULL),
            SW_OK);
        int64_t expected = sql_count(world, cases[i].sql);

        int64_t count = passing(world, &reach, filter);

        if (count != expected) {
            fail_msg("case %zu: %lld rows, not %lld where %s", i, (long long)count,
                     (long long)expected, cases[i].sql);
        }
    }
    free_world(world);
}

static void zones_decide_what_they_can(void **state)
{
    (void)state;
    struct world *world = world_of_rows();
    enum sw_filter_reach reach;

    (void)passing(world, &reach, between(world, C_TS, "0", "null", "[]"));
    assert_int_equal(reach, SW_REACH_ALL);
    (void)passing(world, &reach, between(world, C_TS, "null", "0", "[]"));
    assert_int_equal(reach, SW_REACH_NONE);
    (void)passing(world, &reach, between(world, C_I, "1000", "null", "[]"));
    assert_int_equal(reach, SW_REACH_NONE);
    (void)passing(world, &reach, between(world, C_I, "-1000", "null", "[]"));
    assert_int_equal(reach, SW_REACH_SOME); /* nulls */
    free_world(world);
}

static void a_value_of_another_type_is_refused_with_the_column_s_name(void **state)
{
    (void)state;
    struct world *world = world_of_rows();
    struct sw_filter *filter;
    struct sw_err err = {0};
    struct sw_json text = json_of(&world->arena, "\"abc\"");
    struct sw_json number = json_of(&world->arena, "5");
    struct sw_json list = json_of(&world->arena, "[1, \"x\"]");
    const struct sw_version *version = world->version[0];

    assert_int_equal(sw_filter_between(version, C_I, &text, &number, false, false, &filter, &err),
                     SW_TYPE);
    assert_non_null(strstr(err.message, "\"i\" is of type int"));
    assert_int_equal(sw_filter_equals(version, C_S, &number, &filter, &err), SW_TYPE);
    assert_non_null(strstr(err.message, "text"));
    assert_int_equal(sw_filter_equals(version, C_D, &text, &filter, &err), SW_TYPE);
    assert_non_null(strstr(err.message, "date"));
    assert_int_equal(sw_filter_in(version, C_F, &list, &filter, &err), SW_TYPE);
    assert_int_equal(sw_filter_in(version, C_F, &number, &filter, &err), SW_PARAMS);
    free_world(world);
}

static void an_expression_filters_rows_where_it_is_true(void **state)
{
    (void)state;
    struct world *world = world_of_rows();
    enum sw_filter_reach reach;
    struct sw_expr *expr;
    struct sw_program *program;
    struct sw_filter *filter;
    assert_int_equal(sw_expr_parse(sw_span_text("i > 10 AND f < 50 OR s IS NULL"), &expr, NULL),
                     SW_OK);
    assert_int_equal(sw_expr_compile(expr, world->schema, NULL, NULL, &program, NULL), SW_OK);
    sw_expr_free(expr);
    assert_int_equal(sw_filter_program(program, &filter), SW_OK);

    int64_t count = passing(world, &reach, filter);

    assert_int_equal(reach, SW_REACH_SOME);
    assert_int_equal(count, sql_count(world, "i > 10 AND f < 50 OR s IS NULL"));
    free_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_mean_what_they_say_for_every_type),
        cmocka_unit_test(lists_mean_what_they_say_for_every_type),
        cmocka_unit_test(zones_decide_what_they_can),
        cmocka_unit_test(a_value_of_another_type_is_refused_with_the_column_s_name),
        cmocka_unit_test(an_expression_filters_rows_where_it_is_true),
    };
    return cmocka_run_group_tests_name("fold/filter", tests, NULL, NULL);
}
