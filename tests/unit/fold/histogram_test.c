/* Histograms against SQLite: its comparison of each value with the edges that are sent. */
#include "unit/fold/runs.h"

#define WORLDS 8
#define CASES  25

/* The edges of an axis into table e, so that SQL compares the same doubles. */
static void fill_edges(const struct world *world, const struct sw_field *edges)
{
    sql_run(world, "DELETE FROM e");
    sqlite3_stmt *insert = sql_prepare(world, "INSERT INTO e VALUES(?,?,?,?)");
    for (size_t k = 0; k + 1 < edges->length; k++) {
        bool is_float = edges->type == SW_TYPE_FLOAT;
        sqlite3_bind_int64(insert, 1, (int64_t)k);
        for (size_t side = 0; side < 2; side++) {
            double edge = is_float ? edges->u.floats[k + side] : (double)edges->u.ints[k + side];
            sqlite3_bind_double(insert, 2 + (int)side, edge);
        }
        sqlite3_bind_int(insert, 4, k + 2 == edges->length);
        assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
}

static const char *axis_sql(int column)
{
    static const char *const sql[COLUMNS] = {"i", "big",          "f",  "g", "n", "",
                                             "",  "d*86400000.0", "ts", "b"};
    return sql[column];
}

static int random_axis(struct world *world)
{
    static const int axes[] = {C_I, C_BIG, C_F, C_G, C_N, C_D, C_TS, C_B};
    return axes[test_random_below(&world->random, 8)];
}

/* A domain that cuts the column, or none. */
static const char *random_domain(struct world *world, int column)
{
    static const double low[COLUMNS] = {-5, -1e15,           10.25,           -500, -1, 0,
                                        0,  1702512000000.0, 1700000500000.0, 0};
    static const double high[COLUMNS] = {
        40, 2e15, 99.99, 800, 1.5, 0, 0, 1704931200000.0, 1700009000000.0, 1};
    if (test_random_once_in(&world->random, 2)) {
        return "";
    }
    return text_of(world, ", \"domain\": [%.17g, %.17g]", low[column], high[column]);
}

static int64_t sql_int(const struct world *world, const char *sql)
{
    sqlite3_stmt *statement = sql_prepare(world, sql);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

static int64_t scalar(const struct sw_series *series, const char *name)
{
    const struct sw_field *field = field_of(series, 0, NULL, name);
    assert_int_equal(field->shape, SW_FIELD_SCALAR);
    return field->u.ints[0];
}

static void check_bins(struct world *world, const struct selection *selection, int column,
                       const struct sw_series *series, const char *measure)
{
    const struct sw_field *edges = field_of(series, 0, NULL, "edges");
    const struct sw_field *count = field_of(series, 0, NULL, "count");
    const char *x = axis_sql(column);
    fill_edges(world, edges);
    sqlite3_stmt *bins = sql_prepare(
        world, text_of(world,
                       "SELECT count(p.pos), %s FROM e LEFT JOIN (SELECT *, %s AS v FROM t WHERE"
                       " %s) p ON p.v >= e.low AND (p.v < e.high OR (e.last AND p.v = e.high))"
                       " GROUP BY e.k ORDER BY e.k",
                       measure != NULL ? measure : "0", x, selection->sql));
    for (size_t k = 0; k < count->length; k++) {
        assert_int_equal(sqlite3_step(bins), SQLITE_ROW);
        assert_int_equal(count->u.ints[k], sqlite3_column_int64(bins, 0));
        if (measure != NULL) {
            const struct sw_field *value = field_of(series, 0, NULL, "value");
            bool is_null = sqlite3_column_type(bins, 1) == SQLITE_NULL;
            assert_int_equal(is_null_at(value, k), is_null);
            if (!is_null) {
                assert_int_equal(value->u.ints[k], sqlite3_column_int64(bins, 1));
            }
        }
    }
    sqlite3_finalize(bins);
    const char *where = selection->sql;
    assert_int_equal(scalar(series, "nulls"),
                     sql_int(world, text_of(world,
                                            "SELECT count(*) FROM t WHERE (%s) AND %s IS"
                                            " NULL",
                                            where, column_names[column])));
    assert_int_equal(
        scalar(series, "below"),
        sql_int(world, text_of(world,
                               "SELECT count(*) FROM t WHERE (%s) AND %s < (SELECT min(low)"
                               " FROM e)",
                               where, x)));
    assert_int_equal(scalar(series, "above"),
                     sql_int(world, text_of(world,
                                            "SELECT count(*) FROM t WHERE (%s) AND %s > (SELECT"
                                            " max(high) FROM e)",
                                            where, x)));
    assert_int_equal(series->rows,
                     sql_int(world, text_of(world, "SELECT count(*) FROM t WHERE %s", where)));
}

static void every_bin_counts_what_sqlite_counts_between_its_edges(void **state)
{
    (void)state;
    for (unsigned w = 0; w < WORLDS; w++) {
        struct world *world = new_world(test_seed() + w);
        for (unsigned k = 0; k < CASES; k++) {
            struct selection selection = random_selection(world);
            int column = random_axis(world);
            bool has_measure = test_random_once_in(&world->random, 3);
            const char *params = text_of(
                world, "{\"x\": \"%s\", \"bins\": %u%s%s}", column_names[column],
                (unsigned)test_random_below(&world->random, 70) + 1, random_domain(world, column),
                has_measure ? ", \"measure\": {\"fn\": \"sum\", \"column\": \"i\"}" : "");

            struct sw_series *series = run_output(world, &selection, "histogram", params);

            check_bins(world, &selection, column, series, has_measure ? "sum(p.i)" : NULL);
            sw_series_unref(series);
        }
        free_world(world);
    }
}

static void bins_of_a_width_stand_on_its_multiples(void **state)
{
    (void)state;
    for (unsigned w = 0; w < WORLDS; w++) {
        struct world *world = new_world(test_seed() + 100 + w);
        for (unsigned k = 0; k < 6; k++) {
            static const char *const width[] = {"1", "7", "0.1", "12.5", "2.5"};
            struct selection selection = random_selection(world);
            int column = test_random_once_in(&world->random, 2) ? C_I : C_F;
            const char *params =
                text_of(world, "{\"x\": \"%s\", \"width\": %s}", column_names[column],
                        width[test_random_below(&world->random, 5)]);

            struct sw_series *series = run_output(world, &selection, "histogram", params);

            check_bins(world, &selection, column, series, NULL);
            assert_int_equal(scalar(series, "below"), 0);
            assert_int_equal(scalar(series, "above"), 0);
            sw_series_unref(series);
        }
        free_world(world);
    }
}

static void cells_count_what_lies_within_both_pairs_of_edges(void **state)
{
    (void)state;
    for (unsigned w = 0; w < WORLDS; w++) {
        struct world *world = new_world(test_seed() + 200 + w);
        for (unsigned k = 0; k < CASES; k++) {
            struct selection selection = random_selection(world);
            int x = random_axis(world);
            int y = random_axis(world);
            const char *params = text_of(
                world,
                "{\"x\": {\"column\": \"%s\", \"bins\": 7%s}, \"y\": {\"column\": \"%s\", "
                "\"bins\": 5%s}, \"measure\": {\"fn\": \"max\", \"column\": \"ts\"}}",
                column_names[x], random_domain(world, x), column_names[y], random_domain(world, y));

            struct sw_series *series = run_output(world, &selection, "histogram2d", params);

            const struct sw_field *y_edges = field_of(series, 0, NULL, "y_edges");
            const struct sw_field *count = field_of(series, 0, NULL, "count");
            const struct sw_field *value = field_of(series, 0, NULL, "value");
            assert_int_equal(count->length, 35);
            fill_edges(world, y_edges);
            sql_run(world, "CREATE TEMP TABLE ey AS SELECT * FROM e");
            fill_edges(world, field_of(series, 0, NULL, "x_edges"));
            sqlite3_stmt *cells = sql_prepare(
                world,
                text_of(world,
                        "SELECT count(p.pos), max(p.ts) FROM ey JOIN e LEFT JOIN (SELECT *, %s AS"
                        " vx, %s AS vy FROM t WHERE %s) p ON p.vx >= e.low AND (p.vx < e.high OR"
                        " (e.last AND p.vx = e.high)) AND p.vy >= ey.low AND (p.vy < ey.high OR"
                        " (ey.last AND p.vy = ey.high)) GROUP BY ey.k, e.k ORDER BY ey.k, e.k",
                        axis_sql(x), axis_sql(y), selection.sql));
            for (size_t i = 0; i < count->length; i++) {
                assert_int_equal(sqlite3_step(cells), SQLITE_ROW);
                assert_int_equal(count->u.ints[i], sqlite3_column_int64(cells, 0));
                assert_int_equal(is_null_at(value, i), count->u.ints[i] == 0);
                if (count->u.ints[i] > 0) {
                    assert_int_equal(value->u.ints[i], sqlite3_column_int64(cells, 1));
                }
            }
            sqlite3_finalize(cells);
            sql_run(world, "DROP TABLE ey");
            sw_series_unref(series);
        }
        free_world(world);
    }
}

static void check_refused(struct world *world, const char *kind, const char *params,
                          sw_status expected, const char *words)
{
    struct sw_json json = json_of(&world->arena, params);
    struct selection all = {0};
    struct sw_series *series;
    struct sw_err err = {0};
    sw_status status = try_output(world->version[0], &all, kind, &json, 1, &series, &err);
    if (status != expected || strstr(err.message, words) == NULL) {
        fail_msg("%s: %s, not \"%s\"", params, err.message, words);
    }
}

static void bad_parameters_are_named(void **state)
{
    (void)state;
    struct world *world = new_world(1);

    check_refused(world, "histogram", "{}", SW_PARAMS, "needs `x`");
    check_refused(world, "histogram", "{\"x\": \"ii\"}", SW_NO_COLUMN, "Did you mean \"i\"");
    check_refused(world, "histogram", "{\"x\": \"s\"}", SW_TYPE, "groupby");
    check_refused(world, "histogram", "{\"x\": \"i\", \"bins\": 0}", SW_PARAMS, "bins");
    check_refused(world, "histogram", "{\"x\": \"i\", \"bins\": 65537}", SW_PARAMS, "65000");
    check_refused(world, "histogram", "{\"x\": \"i\", \"width\": 0}", SW_PARAMS, "above 0");
    check_refused(world, "histogram", "{\"x\": \"i\", \"width\": 1e-9}", SW_LIMIT, "bins");
    check_refused(world, "histogram", "{\"x\": \"i\", \"bins\": 2, \"width\": 1}", SW_PARAMS,
                  "not both");
    check_refused(world, "histogram", "{\"x\": \"i\", \"domain\": [2, 2]}", SW_PARAMS, "lo below");
    check_refused(world, "histogram", "{\"x\": \"i\", \"nonsense\": 1}", SW_PARAMS, "nonsense");
    check_refused(world, "histogram2d",
                  "{\"x\": {\"column\": \"i\", \"bins\": 2000}, \"y\": {\"column\": \"f\", "
                  "\"bins\": 2000}}",
                  SW_LIMIT, "cells");
    free_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bin_counts_what_sqlite_counts_between_its_edges),
        cmocka_unit_test(bins_of_a_width_stand_on_its_multiples),
        cmocka_unit_test(cells_count_what_lies_within_both_pairs_of_edges),
        cmocka_unit_test(bad_parameters_are_named),
    };
    return cmocka_run_group_tests_name("fold/histogram", tests, NULL, NULL);
}
