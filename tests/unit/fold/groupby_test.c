/* Group-by and value against SQLite: the same groups, in the same order, with the same measures. */
#include "unit/fold/runs.h"

#define WORLDS 10
#define CASES  20

struct wanted {
    const char *json, *sql;
    enum { EXACT, CLOSE } how;
};

/* Measures that SQLite has itself; sums of floats differ in the last bits, for ours are exact. */
static const struct wanted wanted[] = {
    {"{\"fn\": \"count\"}", "count(*)", EXACT},
    {"{\"fn\": \"count\", \"column\": \"f\"}", "count(f)", EXACT},
    {"{\"fn\": \"count\", \"column\": \"t\"}", "count(t)", EXACT},
    {"{\"fn\": \"sum\", \"column\": \"i\"}", "sum(i)", EXACT},
    {"{\"fn\": \"sum\", \"column\": \"b\"}", "sum(b)", EXACT},
    {"{\"fn\": \"sum\", \"column\": \"f\"}", "sum(f)", CLOSE},
    {"{\"fn\": \"sum\", \"column\": \"g\"}", "sum(g)", CLOSE},
    {"{\"fn\": \"mean\", \"column\": \"i\"}", "avg(i)", CLOSE},
    {"{\"fn\": \"mean\", \"column\": \"g\"}", "avg(g)", CLOSE},
    {"{\"fn\": \"min\", \"column\": \"g\"}", "min(g)", EXACT},
    {"{\"fn\": \"max\", \"column\": \"big\"}", "max(big)", EXACT},
    {"{\"fn\": \"min\", \"column\": \"d\"}", "min(d)", EXACT},
    {"{\"fn\": \"max\", \"column\": \"ts\"}", "max(ts)", EXACT},
    {"{\"fn\": \"min\", \"column\": \"t\"}", "min(t)", EXACT},
    {"{\"fn\": \"max\", \"column\": \"s\"}", "max(s)", EXACT},
    {"{\"fn\": \"distinct\", \"column\": \"t\"}", "count(DISTINCT t)", EXACT},
    {"{\"fn\": \"distinct\", \"column\": \"i\"}", "count(DISTINCT i)", EXACT},
    {"{\"fn\": \"distinct\", \"column\": \"f\"}", "count(DISTINCT f)", EXACT},
};
#define WANTED (sizeof(wanted) / sizeof(wanted[0]))

static void check_cell(const struct sw_field *field, size_t i, sqlite3_stmt *row, int at,
                       bool is_close)
{
    bool is_null = sqlite3_column_type(row, at) == SQLITE_NULL;
    if (is_null_at(field, i) != is_null) {
        fail_msg("%s[%zu] is %snull, SQLite says otherwise", field->name, i, is_null ? "not " : "");
    }
    if (is_null) {
        return;
    }
    if (field->type == SW_TYPE_STRING) {
        struct sw_span text = sw_span_text((const char *)sqlite3_column_text(row, at));
        assert_true(sw_span_equal(field->u.texts[i], text));
    } else if (field->type == SW_TYPE_FLOAT) {
        double ours = field->u.floats[i];
        double theirs = sqlite3_column_double(row, at);
        double room = is_close ? 1e-9 * (fabs(theirs) + 1000) : 0;
        if (!(fabs(ours - theirs) <= room)) {
            fail_msg("%s[%zu] = %.17g, SQLite says %.17g", field->name, i, ours, theirs);
        }
    } else {
        assert_int_equal(field->u.ints[i], sqlite3_column_int64(row, at));
    }
}

struct shape {
    unsigned keys, measures;
    int key[3];
    unsigned measure[4];
};

static struct shape random_shape(struct world *world)
{
    static const int columns[] = {C_I, C_F, C_S, C_T, C_D, C_B, C_BIG};
    struct shape shape = {.keys = (unsigned)test_random_below(&world->random, 4),
                          .measures = (unsigned)test_random_below(&world->random, 4) + 1};
    uint64_t first = test_random_below(&world->random, 7);
    for (unsigned i = 0; i < shape.keys; i++) {
        shape.key[i] = columns[(first + i * 2) % 7];
    }
    for (unsigned i = 0; i < shape.measures; i++) {
        shape.measure[i] = (unsigned)test_random_below(&world->random, WANTED);
    }
    return shape;
}

static const char *shape_json(struct world *world, const struct shape *shape)
{
    const char *by = "";
    const char *measures = "";
    for (unsigned i = 0; i < shape->keys; i++) {
        by = text_of(world, "%s%s\"%s\"", by, i > 0 ? ", " : "", column_names[shape->key[i]]);
    }
    for (unsigned i = 0; i < shape->measures; i++) {
        measures = text_of(world, "%s%s\"m%u\": %s", measures, i > 0 ? ", " : "", i,
                           wanted[shape->measure[i]].json);
    }
    return text_of(world, "\"by\": [%s], \"measures\": {%s}", by, measures);
}

/* SELECT keys, measures; *order lists the keys with nulls last. */
static const char *shape_sql(struct world *world, const struct shape *shape, const char *where,
                             const char **order)
{
    const char *keys = "";
    const char *measures = "";
    *order = "1";
    for (unsigned i = 0; i < shape->keys; i++) {
        keys = text_of(world, "%s%s%s", keys, i > 0 ? ", " : "", column_names[shape->key[i]]);
        *order = text_of(world, "%s%s%s NULLS LAST", i > 0 ? *order : "", i > 0 ? ", " : "",
                         column_names[shape->key[i]]);
    }
    for (unsigned i = 0; i < shape->measures; i++) {
        measures = text_of(world, "%s%s%s AS m%u", measures, i > 0 ? ", " : "",
                           wanted[shape->measure[i]].sql, i);
    }
    return text_of(world, "SELECT %s%s%s FROM t WHERE %s %s%s", keys, shape->keys > 0 ? ", " : "",
                   measures, where, shape->keys > 0 ? "GROUP BY " : "GROUP BY 1=1", keys);
}

static void check_groups(const struct world *world, const struct shape *shape, const char *sql,
                         const struct sw_series *series)
{
    sqlite3_stmt *rows = sql_prepare(world, sql);
    size_t n = field_of(series, 0, "measures", "m0")->length;
    for (size_t i = 0; i < n; i++) {
        if (sqlite3_step(rows) != SQLITE_ROW) {
            fail_msg("SQLite has %zu groups, not %zu: %s", i, n, sql);
        }
        for (unsigned k = 0; k < shape->keys; k++) {
            const char *name = column_names[shape->key[k]];
            check_cell(field_of(series, 0, "keys", name), i, rows, (int)k, false);
        }
        for (unsigned k = 0; k < shape->measures; k++) {
            const char *name = (const char *[]){"m0", "m1", "m2", "m3"}[k];
            check_cell(field_of(series, 0, "measures", name), i, rows, (int)(shape->keys + k),
                       wanted[shape->measure[k]].how == CLOSE);
        }
    }
    assert_int_equal(sqlite3_step(rows), SQLITE_DONE);
    sqlite3_finalize(rows);
}

static int64_t groups_there_are(const struct world *world, const char *sql)
{
    char *count = sqlite3_mprintf("SELECT count(*) FROM (%s)", sql);
    sqlite3_stmt *statement = sql_prepare(world, count);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t groups = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_free(count);
    return groups;
}

static void groups_and_measures_are_those_of_sqlite(void **state)
{
    (void)state;
    for (unsigned w = 0; w < WORLDS; w++) {
        struct world *world = new_world(test_seed() + w);
        for (unsigned k = 0; k < CASES; k++) {
            struct selection selection = random_selection(world);
            struct shape shape = random_shape(world);
            const char *order;
            const char *sql = shape_sql(world, &shape, selection.sql, &order);
            int64_t limit = test_random_between(&world->random, 1, 40);

            struct sw_series *series = run_output(
                world, &selection, "groupby",
                text_of(world, "{%s, \"limit\": %d}", shape_json(world, &shape), (int)limit));

            check_groups(world, &shape,
                         text_of(world, "%s ORDER BY %s LIMIT %d", sql, order, (int)limit), series);
            assert_int_equal(field_of(series, 0, NULL, "groups")->u.ints[0],
                             groups_there_are(world, sql));
            sw_series_unref(series);
        }
        free_world(world);
    }
}

static void an_order_by_a_measure_breaks_ties_by_keys(void **state)
{
    (void)state;
    for (unsigned w = 0; w < WORLDS; w++) {
        struct world *world = new_world(test_seed() + 300 + w);
        for (unsigned k = 0; k < CASES; k++) {
            static const unsigned exact[] = {0, 1, 3, 9, 10, 13, 15};
            struct selection selection = random_selection(world);
            struct shape shape = random_shape(world);
            bool is_descending = test_random_once_in(&world->random, 2);
            const char *order;
            shape.measure[0] = exact[test_random_below(&world->random, 7)];
            const char *sql = shape_sql(world, &shape, selection.sql, &order);

            struct sw_series *series = run_output(
                world, &selection, "groupby",
                text_of(world,
                        "{%s, \"limit\": 10, \"order\": {\"measure\": \"m0\", \"desc\": %s}}",
                        shape_json(world, &shape), is_descending ? "true" : "false"));

            check_groups(world, &shape,
                         text_of(world, "%s ORDER BY m0 %s NULLS LAST, %s LIMIT 10", sql,
                                 is_descending ? "DESC" : "ASC", order),
                         series);
            sw_series_unref(series);
        }
        free_world(world);
    }
}

static void other_holds_all_groups_that_are_not_sent(void **state)
{
    (void)state;
    for (unsigned w = 0; w < WORLDS; w++) {
        struct world *world = new_world(test_seed() + 400 + w);
        struct selection selection = random_selection(world);

        struct sw_series *series = run_output(
            world, &selection, "groupby",
            "{\"by\": \"t\", \"limit\": 3, \"other\": true, \"measures\": {\"m0\": {\"fn\": "
            "\"count\"}, \"m1\": {\"fn\": \"sum\", \"column\": \"i\"}, \"m2\": {\"fn\": "
            "\"distinct\", \"column\": \"i\"}}}");

        sqlite3_stmt *rest = sql_prepare(
            world,
            text_of(world,
                    "WITH g AS (SELECT t, row_number() OVER (ORDER BY t NULLS LAST) AS r FROM t"
                    " WHERE %s GROUP BY t) SELECT count(*), sum(i), count(DISTINCT i), (SELECT"
                    " count(*) FROM g WHERE r > 3) FROM t WHERE (%s) AND EXISTS (SELECT 1 FROM g"
                    " WHERE g.t IS t.t AND r > 3)",
                    selection.sql, selection.sql));
        assert_int_equal(sqlite3_step(rest), SQLITE_ROW);
        for (int k = 0; k < 3; k++) {
            const char *name = (const char *[]){"m0", "m1", "m2"}[k];
            check_cell(field_of(series, 0, "other", name), 0, rest, k, false);
        }
        check_cell(field_of(series, 0, NULL, "other_groups"), 0, rest, 3, false);
        sqlite3_finalize(rest);
        sw_series_unref(series);
        free_world(world);
    }
}

/* -- what SQLite has not: by the plain definition ------------------------------------------- */

static double *selected(struct world *world, const struct selection *selection, const char *column,
                        size_t *n)
{
    double *values = calloc(world->rows + 1, sizeof(*values));
    sqlite3_stmt *rows =
        sql_prepare(world, text_of(world,
                                   "SELECT %s FROM t WHERE (%s) AND %s IS NOT NULL ORDER"
                                   " BY %s",
                                   column, selection->sql, column, column));
    for (*n = 0; sqlite3_step(rows) == SQLITE_ROW; (*n)++) {
        values[*n] = sqlite3_column_double(rows, 0);
    }
    sqlite3_finalize(rows);
    return values;
}

static double naive_stddev(const double *values, size_t n)
{
    long double mean = 0;
    long double squares = 0;
    for (size_t i = 0; i < n; i++) {
        mean += (long double)values[i] / (long double)n;
    }
    for (size_t i = 0; i < n; i++) {
        squares += ((long double)values[i] - mean) * ((long double)values[i] - mean);
    }
    return sqrt((double)(squares / (long double)(n - 1)));
}

static double naive_quantile(const double *sorted, size_t n, double q)
{
    double h = (double)(n - 1) * q;
    size_t low = (size_t)h;
    size_t high = low + 1 < n ? low + 1 : low;
    double share = h - floor(h);
    return share > 0 ? sorted[low] + share * (sorted[high] - sorted[low]) : sorted[low];
}

static void stddev_and_median_are_those_of_the_definition(void **state)
{
    (void)state;
    for (unsigned w = 0; w < WORLDS; w++) {
        struct world *world = new_world(test_seed() + 500 + w);
        for (unsigned k = 0; k < 8; k++) {
            static const char *const columns[] = {"i", "f", "g", "big"};
            const char *column = columns[test_random_below(&world->random, 4)];
            struct selection selection = random_selection(world);
            size_t n;
            double *values = selected(world, &selection, column, &n);

            struct sw_series *series = run_output(
                world, &selection, "value",
                text_of(world,
                        "{\"measures\": {\"s\": {\"fn\": \"stddev\", \"column\": \"%s\"}, "
                        "\"m\": {\"fn\": \"median\", \"column\": \"%s\"}}}",
                        column, column));

            const struct sw_field *stddev = field_of(series, 0, "measures", "s");
            const struct sw_field *median = field_of(series, 0, "measures", "m");
            assert_int_equal(is_null_at(stddev, 0), n < 2);
            assert_int_equal(is_null_at(median, 0), n < 1);
            if (n >= 2) {
                double naive = naive_stddev(values, n);
                double room = 1e-11 * naive + 1e-15 * (fabs(values[0]) + fabs(values[n - 1]));
                if (!(fabs(stddev->u.floats[0] - naive) <= room)) {
                    fail_msg("stddev of %zu of %s: %.17g, not %.17g", n, column,
                             stddev->u.floats[0], naive);
                }
            }
            if (n >= 1) {
                assert_true(median->u.floats[0] == naive_quantile(values, n, 0.5));
            }
            free(values);
            sw_series_unref(series);
        }
        free_world(world);
    }
}

static void quantiles_are_of_type_7(void **state)
{
    (void)state;
    static const double q[] = {0, 0.1, 0.25, 0.5, 0.999, 1};
    for (unsigned w = 0; w < WORLDS; w++) {
        struct world *world = new_world(test_seed() + 600 + w);
        for (unsigned k = 0; k < 8; k++) {
            static const char *const columns[] = {"i", "f", "g", "n", "big"};
            const char *column = columns[test_random_below(&world->random, 5)];
            struct selection selection = random_selection(world);
            size_t n;
            double *values = selected(world, &selection, column, &n);

            struct sw_series *series = run_output(
                world, &selection, "quantiles",
                text_of(world, "{\"column\": \"%s\", \"q\": [0, 0.1, 0.25, 0.5, 0.999, 1]}",
                        column));

            const struct sw_field *value = field_of(series, 0, NULL, "value");
            assert_int_equal(value->length, 6);
            for (size_t i = 0; i < 6; i++) {
                assert_int_equal(is_null_at(value, i), n == 0);
                if (n > 0) {
                    assert_true(value->u.floats[i] == naive_quantile(values, n, q[i]));
                }
            }
            free(values);
            sw_series_unref(series);
        }
        free_world(world);
    }
}

static void no_rows_give_null_sums_and_zero_counts(void **state)
{
    (void)state;
    struct world *world = new_world(test_seed());
    struct selection none = {.clauses = 1, .sql = "0"};
    none.clause[0] =
        (struct clause){.column = C_I, .kind = IN, .low = json_of(&world->arena, "[]")};

    struct sw_series *series = run_output(
        world, &none, "value",
        "{\"measures\": {\"c\": {\"fn\": \"count\"}, \"d\": {\"fn\": \"distinct\", \"column\": "
        "\"s\"}, \"s\": {\"fn\": \"sum\", \"column\": \"f\"}, \"m\": {\"fn\": \"min\", "
        "\"column\": \"t\"}}}");

    assert_int_equal(field_of(series, 0, "measures", "c")->u.ints[0], 0);
    assert_int_equal(field_of(series, 0, "measures", "d")->u.ints[0], 0);
    assert_true(is_null_at(field_of(series, 0, "measures", "s"), 0));
    assert_true(is_null_at(field_of(series, 0, "measures", "m"), 0));
    sw_series_unref(series);
    free_world(world);
}

static void bad_measures_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *measures;
        sw_status status;
        const char *words;
    } cases[] = {
        {"{}", SW_PARAMS, "needs `measures`"},
        {"{\"a\": {\"fn\": \"average\"}}", SW_PARAMS, "one of count"},
        {"{\"a\": {\"fn\": \"sum\"}}", SW_PARAMS, "needs a `column`"},
        {"{\"a\": {\"fn\": \"sum\", \"column\": \"s\"}}", SW_TYPE, "needs numbers"},
        {"{\"a\": {\"fn\": \"sum\", \"column\": \"d\"}}", SW_TYPE, "of type date"},
        {"{\"a\": {\"fn\": \"sum\", \"column\": \"x\"}}", SW_NO_COLUMN, "no column"},
        {"{\"a\": {\"fn\": \"sum\", \"expr\": \"i +\"}}", SW_EXPRESSION, ""},
        {"{\"a\": {\"fn\": \"sum\", \"expr\": \"i\", \"column\": \"i\"}}", SW_PARAMS, "not both"},
    };
    struct world *world = new_world(1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct selection all = {0};
        struct sw_series *series;
        struct sw_err err = {0};
        struct sw_json json =
            json_of(&world->arena, text_of(world, "{\"measures\": %s}", cases[i].measures));
        sw_status status = try_output(world->version[0], &all, "value", &json, 1, &series, &err);
        if (status != cases[i].status || strstr(err.message, cases[i].words) == NULL) {
            fail_msg("%s: %s", cases[i].measures, err.message);
        }
    }
    free_world(world);
}

static void a_measure_of_an_expression_is_computed_row_by_row(void **state)
{
    (void)state;
    for (unsigned w = 0; w < 4; w++) {
        struct world *world = new_world(test_seed() + 700 + w);
        struct selection selection = random_selection(world);

        struct sw_series *series = run_output(
            world, &selection, "groupby",
            "{\"by\": \"s\", \"measures\": {\"m0\": {\"fn\": \"sum\", \"expr\": \"i * 2 + 1\"}, "
            "\"m1\": {\"fn\": \"mean\", \"expr\": \"f * 0.5\"}, \"m2\": {\"fn\": \"max\", "
            "\"expr\": \"upper(s)\"}, \"m3\": {\"fn\": \"distinct\", \"expr\": \"i % 7\"}}}");

        sqlite3_stmt *rows = sql_prepare(
            world, text_of(world,
                           "SELECT sum(i * 2 + 1), avg(f * 0.5), max(upper(s)), count(DISTINCT i"
                           " %% 7) FROM t WHERE %s GROUP BY s ORDER BY s NULLS LAST",
                           selection.sql));
        size_t n = field_of(series, 0, "measures", "m0")->length;
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
            for (int k = 0; k < 4; k++) {
                const char *name = (const char *[]){"m0", "m1", "m2", "m3"}[k];
                check_cell(field_of(series, 0, "measures", name), i, rows, k, k == 1);
            }
        }
        sqlite3_finalize(rows);
        sw_series_unref(series);
        free_world(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_and_measures_are_those_of_sqlite),
        cmocka_unit_test(an_order_by_a_measure_breaks_ties_by_keys),
        cmocka_unit_test(other_holds_all_groups_that_are_not_sent),
        cmocka_unit_test(stddev_and_median_are_those_of_the_definition),
        cmocka_unit_test(quantiles_are_of_type_7),
        cmocka_unit_test(no_rows_give_null_sums_and_zero_counts),
        cmocka_unit_test(bad_measures_are_named),
        cmocka_unit_test(a_measure_of_an_expression_is_computed_row_by_row),
    };
    return cmocka_run_group_tests_name("fold/groupby", tests, NULL, NULL);
}
