/* Lines, scatters and facets against their plain definition over the rows that SQLite selects. */
#include "kernel/axis.h"
#include "unit/fold/runs.h"

#define WORLDS 8
#define CASES  12

/* -- lines ------------------------------------------------------------------------------- */

struct point {
    double x, y[2];
    bool has_y[2];
    int64_t pos;
    bool is_shown;
};

static int by_x(const void *a, const void *b)
{
    const struct point *p = a;
    const struct point *q = b;
    if (p->x != q->x) {
        return p->x < q->x ? -1 : 1;
    }
    return (p->pos > q->pos) - (p->pos < q->pos);
}

/* Selected rows with an x within the domain, ordered by x, then by position. */
static struct point *read_points(struct world *world, const struct selection *selection,
                                 const char *x, const char *y0, const char *y1, double low,
                                 double high, size_t *n)
{
    struct point *point = calloc(world->rows + 1, sizeof(*point));
    sqlite3_stmt *rows = sql_prepare(
        world, text_of(world,
                       "SELECT pos, %s, %s, %s FROM t WHERE (%s) AND %s BETWEEN %.17g AND"
                       " %.17g",
                       x, y0, y1, selection->sql, x, low, high));
    for (*n = 0; sqlite3_step(rows) == SQLITE_ROW; (*n)++) {
        struct point *p = &point[*n];
        p->pos = sqlite3_column_int64(rows, 0);
        p->x = sqlite3_column_double(rows, 1);
        for (int k = 0; k < 2; k++) {
            p->has_y[k] = sqlite3_column_type(rows, 2 + k) != SQLITE_NULL;
            p->y[k] = sqlite3_column_double(rows, 2 + k);
        }
    }
    sqlite3_finalize(rows);
    qsort(point, *n, sizeof(*point), by_x);
    return point;
}

/* Marks what m4 (or minmax) shows of the points [begin, end) of one bucket for one y. */
static void show_bucket(struct point *point, size_t begin, size_t end, int k, bool is_m4)
{
    struct point *first = NULL;
    struct point *last = NULL;
    struct point *least = NULL;
    struct point *greatest = NULL;
    for (struct point *p = point + begin; p < point + end; p++) {
        if (!p->has_y[k]) {
            continue;
        }
        first = first == NULL ? p : first;
        last = p;
        least = least == NULL || p->y[k] < least->y[k] ? p : least;
        greatest = greatest == NULL || p->y[k] > greatest->y[k] ? p : greatest;
    }
    if (first == NULL) {
        return;
    }
    least->is_shown = true;
    greatest->is_shown = true;
    first->is_shown = first->is_shown || is_m4;
    last->is_shown = last->is_shown || is_m4;
}

static double number_at(const struct sw_field *field, size_t i)
{
    return field->type == SW_TYPE_FLOAT ? field->u.floats[i] : (double)field->u.ints[i];
}

static void check_line(const struct sw_series *series, const struct point *point, size_t n,
                       const char *y0, const char *y1)
{
    const struct sw_field *x = field_of(series, 0, NULL, "x");
    const struct sw_field *y[] = {field_of(series, 0, "y", y0), field_of(series, 0, "y", y1)};
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (!point[i].is_shown) {
            continue;
        }
        assert_true(at < x->length);
        assert_true(number_at(x, at) == point[i].x);
        for (int k = 0; k < 2; k++) {
            assert_int_equal(is_null_at(y[k], at), !point[i].has_y[k]);
            if (point[i].has_y[k]) {
                assert_true(number_at(y[k], at) == point[i].y[k]);
            }
        }
        at++;
    }
    assert_int_equal(at, x->length);
}

/* The line's domain, written out in the request so that the test knows it. */
static void domain_of(const struct world *world, const char *x, double *low, double *high)
{
    sqlite3_stmt *range = sql_prepare(world, "SELECT 0");
    sqlite3_finalize(range);
    char *sql = sqlite3_mprintf("SELECT min(%s), max(%s) FROM t", x, x);
    range = sql_prepare(world, sql);
    sqlite3_free(sql);
    assert_int_equal(sqlite3_step(range), SQLITE_ROW);
    *low = sqlite3_column_double(range, 0);
    *high = sqlite3_column_double(range, 1);
    *high = *high > *low ? *high : *low + 1;
    sqlite3_finalize(range);
}

static void lines_show_the_rows_that_their_method_names(void **state)
{
    (void)state;
    for (unsigned w = 0; w < WORLDS; w++) {
        struct world *world = new_world(test_seed() + w);
        for (unsigned k = 0; k < CASES; k++) {
            static const char *const xs[] = {"ts", "ts", "i", "f", "g"};
            const char *x = xs[test_random_below(&world->random, 5)];
            bool is_m4 = !test_random_once_in(&world->random, 3);
            uint32_t points = (uint32_t)test_random_below(&world->random, 40) + 1;
            struct selection selection = random_selection(world);
            double low;
            double high;
            size_t n;
            struct sw_axis axis;
            domain_of(world, x, &low, &high);
            const char *y = test_random_once_in(&world->random, 2) ? "big" : "b";
            struct point *point = read_points(world, &selection, x, "n", y, low, high, &n);
            assert_int_equal(sw_axis_init(&axis, low, high, points, SW_TYPE_FLOAT), SW_OK);
            for (uint32_t b = 0; b < points; b++) {
                size_t begin = 0;
                while (begin < n && point[begin].x < axis.edges[b]) {
                    begin++;
                }
                size_t end = begin;
                while (end < n && (b + 1 == points || point[end].x < axis.edges[b + 1])) {
                    end++;
                }
                show_bucket(point, begin, end, 0, is_m4);
                show_bucket(point, begin, end, 1, is_m4);
            }

            struct sw_series *series =
                run_output(world, &selection, "line",
                           text_of(world,
                                   "{\"x\": \"%s\", \"y\": [\"n\", \"%s\"], \"points\": %u, "
                                   "\"method\": \"%s\", \"domain\": [%.17g, %.17g]}",
                                   x, y, points, is_m4 ? "m4" : "minmax", low, high));

            check_line(series, point, n, "n", y);
            sw_axis_fini(&axis);
            free(point);
            sw_series_unref(series);
        }
        free_world(world);
    }
}

static void a_mean_line_has_one_point_per_bucket_with_rows(void **state)
{
    (void)state;
    for (unsigned w = 0; w < WORLDS; w++) {
        struct world *world = new_world(test_seed() + 100 + w);
        struct selection selection = random_selection(world);

        struct sw_series *series = run_output(
            world, &selection, "line",
            "{\"x\": \"i\", \"y\": [\"f\"], \"points\": 10, \"method\": \"mean\", \"domain\": "
            "[0, 50]}");

        sqlite3_stmt *rows = sql_prepare(
            world, text_of(world,
                           "SELECT min(i / 5, 9) * 5 + 2.5 AS x, avg(f) FROM t WHERE (%s) AND i"
                           " BETWEEN 0 AND 50 GROUP BY x ORDER BY x",
                           selection.sql));
        const struct sw_field *x = field_of(series, 0, NULL, "x");
        const struct sw_field *f = field_of(series, 0, "y", "f");
        for (size_t i = 0; i < x->length; i++) {
            assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
            assert_true(fabs(x->u.floats[i] - sqlite3_column_double(rows, 0)) < 1e-9);
            bool is_null = sqlite3_column_type(rows, 1) == SQLITE_NULL;
            assert_int_equal(is_null_at(f, i), is_null);
            if (!is_null) {
                assert_true(fabs(f->u.floats[i] - sqlite3_column_double(rows, 1)) < 1e-9);
            }
        }
        assert_int_equal(sqlite3_step(rows), SQLITE_DONE);
        sqlite3_finalize(rows);
        sw_series_unref(series);
        free_world(world);
    }
}

static void lttb_keeps_the_ends_and_the_asked_number_of_points(void **state)
{
    (void)state;
    for (unsigned w = 0; w < WORLDS; w++) {
        struct world *world = new_world(test_seed() + 200 + w);
        struct selection all = {.sql = "1"};
        size_t n;
        struct point *point = read_points(world, &all, "ts", "g", "g", -1e300, 1e300, &n);
        size_t with_y = 0;
        for (size_t i = 0; i < n; i++) {
            with_y += point[i].has_y[0];
        }

        struct sw_series *series =
            run_output(world, &all, "line",
                       "{\"x\": \"ts\", \"y\": [\"g\"], \"points\": 20, \"method\": \"lttb\"}");

        const struct sw_field *x = field_of(series, 0, NULL, "x");
        const struct sw_field *g = field_of(series, 0, "y", "g");
        assert_true(x->length <= 20);
        assert_true(with_y < 400 || x->length == 20);
        for (size_t i = 0; i < x->length; i++) {
            assert_false(is_null_at(g, i));
            assert_true(i == 0 || x->u.ints[i] >= x->u.ints[i - 1]);
        }
        free(point);
        sw_series_unref(series);
        free_world(world);
    }
}

/* -- scatters ------------------------------------------------------------------------------- */

static uint64_t hash_of(uint64_t row_id)
{
    struct test_random random;
    test_random_init(&random, row_id); /* the same splitmix64 */
    return test_random_bits(&random);
}

static void a_scatter_is_the_rows_of_the_smallest_hashes(void **state)
{
    (void)state;
    for (unsigned w = 0; w < WORLDS; w++) {
        struct world *world = new_world(test_seed() + 300 + w);
        for (unsigned k = 0; k < CASES; k++) {
            struct selection selection = random_selection(world);
            size_t points = test_random_below(&world->random, 60) + 1;
            size_t n;
            struct point *point = read_points(world, &selection, "n", "f", "i", -1e300, 1e300, &n);
            size_t total = 0;
            for (size_t i = 0; i < n; i++) {
                point[total] = point[i];
                point[total].x = (double)(hash_of((uint64_t)point[i].pos) >> 12);
                total += point[i].has_y[0];
            }
            qsort(point, total, sizeof(*point), by_x);
            size_t shown = total < points ? total : points;

            struct sw_series *series = run_output(
                world, &selection, "scatter",
                text_of(world, "{\"x\": \"n\", \"y\": \"f\", \"color\": \"s\", \"points\": %zu}",
                        points));

            const struct sw_field *ids = field_of(series, 0, NULL, "row_ids");
            const struct sw_field *x = field_of(series, 0, NULL, "x");
            const struct sw_field *color = field_of(series, 0, NULL, "color");
            assert_int_equal(field_of(series, 0, NULL, "total")->u.ints[0], total);
            assert_int_equal(ids->length, shown);
            for (size_t i = 0; i < shown; i++) {
                bool is_expected = false;
                for (size_t j = 0; j < shown; j++) {
                    is_expected = is_expected || point[j].pos == ids->u.ints[i];
                }
                assert_true(is_expected);
                assert_true(i == 0 || ids->u.ints[i] > ids->u.ints[i - 1]);
                const struct sw_value *own = world->value[C_S];
                int64_t row = ids->u.ints[i];
                assert_true(x->u.floats[i] == world->value[C_N][row].u.f);
                assert_int_equal(is_null_at(color, i), own[row].is_null);
                if (!own[row].is_null) {
                    assert_true(sw_span_equal(color->u.texts[i], own[row].u.s));
                }
            }
            free(point);
            sw_series_unref(series);
        }
        free_world(world);
    }
}

/* -- facets ---------------------------------------------------------------------------------- */

static struct sw_json json_of_value(const struct sw_value *value)
{
    struct sw_json json = {.kind = SW_JSON_NULL};
    if (value->is_null) {
        return json;
    }
    if (value->type == SW_TYPE_STRING) {
        json.kind = SW_JSON_STRING;
        json.u.text = value->u.s;
    } else if (value->type == SW_TYPE_FLOAT) {
        json.kind = SW_JSON_FLOAT;
        json.u.number = value->u.f;
    } else {
        json.kind = SW_JSON_INT;
        json.u.integer = value->u.i * (value->type == SW_TYPE_DATE ? 86400000 : 1);
    }
    return json;
}

/* The panel must be what the output shows of the rows with its value. */
static void check_panel(struct world *world, const struct selection *selection, int column,
                        const char *kind, const char *params, const struct sw_series *series,
                        size_t panel)
{
    struct selection one = *selection;
    struct sw_series *alone;
    struct sw_err err = {0};
    struct sw_json json = json_of(&world->arena, params);
    one.clause[one.clauses++] = (struct clause){
        .column = column, .kind = EQUALS, .low = json_of_value(&series->facet_value[panel])};
    sw_status status = try_output(world->version[1], &one, kind, &json, 1, &alone, &err);
    assert_int_equal(status, SW_OK);
    assert_int_equal(series->facet_count[panel], alone->rows);
    check_same_panel(series, panel, alone, 0, params);
    sw_series_unref(alone);
}

static void each_facet_shows_what_a_filter_on_its_value_shows(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *params;
    } outputs[] = {
        {"histogram", "\"x\": \"f\", \"bins\": 9"},
        {"line", "\"x\": \"ts\", \"y\": [\"g\"], \"points\": 5"},
        {"scatter", "\"x\": \"i\", \"y\": \"f\", \"points\": 4"},
        {"groupby", "\"by\": \"b\", \"measures\": {\"m\": {\"fn\": \"sum\", \"column\": \"g\"}}"},
        {"value", "\"measures\": {\"m\": {\"fn\": \"median\", \"column\": \"g\"}}"},
        {"quantiles", "\"column\": \"f\", \"q\": [0.3], \"by\": [\"b\"]"},
    };
    static const int columns[] = {C_S, C_T, C_I, C_B, C_D};
    for (unsigned w = 0; w < WORLDS; w++) {
        struct world *world = new_world(test_seed() + 400 + w);
        for (unsigned k = 0; k < 6; k++) {
            struct selection selection = random_selection(world);
            selection.clauses = selection.clauses > 2 ? 2 : selection.clauses;
            selection.sql = selection.clauses > 0 ? selection.sql : "1";
            int column = columns[test_random_below(&world->random, 5)];
            unsigned limit = (unsigned)test_random_below(&world->random, 8) + 1;
            const char *params = text_of(world, "{%s}", outputs[k].params);

            struct sw_series *series =
                run_output(world, &selection, outputs[k].kind,
                           text_of(world, "{%s, \"facet\": {\"column\": \"%s\", \"limit\": %u}}",
                                   outputs[k].params, column_names[column], limit));

            assert_true(series->panels <= limit);
            assert_true(series->facet_total >= (int64_t)series->panels);
            for (size_t p = 0; p < series->panels; p++) {
                assert_true(
                    p == 0 || series->facet_count[p] < series->facet_count[p - 1] ||
                    (series->facet_count[p] == series->facet_count[p - 1] &&
                     sw_value_compare(&series->facet_value[p - 1], &series->facet_value[p]) < 0));
                check_panel(world, &selection, column, outputs[k].kind, params, series, p);
            }
            sw_series_unref(series);
        }
        free_world(world);
    }
}

static void the_panels_are_the_most_frequent_values(void **state)
{
    (void)state;
    for (unsigned w = 0; w < WORLDS; w++) {
        struct world *world = new_world(test_seed() + 500 + w);
        struct selection selection = {.sql = "1"};

        struct sw_series *series =
            run_output(world, &selection, "value",
                       "{\"measures\": {\"n\": {\"fn\": \"count\"}}, \"facet\": {\"column\": "
                       "\"t\", \"limit\": 5}}");

        sqlite3_stmt *rows =
            sql_prepare(world, "SELECT t, count(*) AS n FROM t GROUP BY t ORDER BY n DESC, t NULLS"
                               " LAST LIMIT 5");
        for (size_t p = 0; p < series->panels; p++) {
            assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
            assert_int_equal(series->facet_count[p], sqlite3_column_int64(rows, 1));
            bool is_null = sqlite3_column_type(rows, 0) == SQLITE_NULL;
            assert_int_equal(series->facet_value[p].is_null, is_null);
            if (!is_null) {
                struct sw_span text = sw_span_text((const char *)sqlite3_column_text(rows, 0));
                assert_true(sw_span_equal(series->facet_value[p].u.s, text));
            }
        }
        assert_int_equal(sqlite3_step(rows), SQLITE_DONE);
        sqlite3_finalize(rows);
        sw_series_unref(series);
        free_world(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_show_the_rows_that_their_method_names),
        cmocka_unit_test(a_mean_line_has_one_point_per_bucket_with_rows),
        cmocka_unit_test(lttb_keeps_the_ends_and_the_asked_number_of_points),
        cmocka_unit_test(a_scatter_is_the_rows_of_the_smallest_hashes),
        cmocka_unit_test(each_facet_shows_what_a_filter_on_its_value_shows),
        cmocka_unit_test(the_panels_are_the_most_frequent_values),
    };
    return cmocka_run_group_tests_name("fold/shapes", tests, NULL, NULL);
}
