/* Derived tables against SQLite on the same rows. */
#include "unit/derive/bed.h"

#define ROUNDS 6

struct pair {
    const char *definition, *sql;
};

static void compare_all(const struct pair *pairs, size_t count, uint64_t left_rows,
                        uint64_t right_rows)
{
    uint64_t seed = test_seed();
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct bed bed;
        bed_init(&bed, seed + round, round == 0 ? 0 : left_rows, round == 1 ? 0 : right_rows);
        for (size_t i = 0; i < count; i++) {
            bed_compare(&bed, pairs[i].definition, pairs[i].sql);
        }
        bed_fini(&bed);
    }
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void columns_filters_and_expressions_are_those_of_sql(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"{\"from\":\"w\"}", "SELECT n,i,f,r,s,t,d,m,b FROM w ORDER BY pos"},
        {"{\"from\":\"w\",\"columns\":[\"t\",{\"name\":\"x\",\"column\":\"i\"},\"s\"]}",
         "SELECT t,i,s FROM w ORDER BY pos"},
        {"{\"from\":\"w\",\"where\":\"n > 2\"}",
         "SELECT n,i,f,r,s,t,d,m,b FROM w WHERE n > 2 ORDER BY pos"},
        {"{\"from\":\"w\",\"where\":\"n > 100\"}",
         "SELECT n,i,f,r,s,t,d,m,b FROM w WHERE n > 100 ORDER BY pos"},
        {"{\"from\":\"w\",\"where\":\"s LIKE '%a%' OR i IS NULL\",\"columns\":[\"i\",{\"name\":"
         "\"y\",\"expr\":\"i * 2 + n\"},{\"name\":\"u\",\"expr\":\"upper(s) || '!'\"},"
         "{\"name\":\"z\",\"expr\":\"f / 4\"}]}",
         "SELECT i, i*2+n, upper(s)||'!', f/4 FROM w WHERE s LIKE '%a%' OR i IS NULL ORDER BY "
         "pos"},
        {"{\"from\":\"w\",\"columns\":[{\"name\":\"i\",\"expr\":\"n\"},{\"name\":\"n\",\"column\":"
         "\"i\"}]}",
         "SELECT n, i FROM w ORDER BY pos"},
        {"{\"from\":\"w\",\"columns\":[{\"name\":\"one\",\"expr\":\"1\"}],\"limit\":3}",
         "SELECT 1 FROM w LIMIT 3"},
        {"{\"from\":\"w\",\"limit\":0}", "SELECT n,i,f,r,s,t,d,m,b FROM w LIMIT 0"},
    };
    compare_all(pairs, COUNT(pairs), 5000, 10);
}

static void sorts_and_limits_are_those_of_sql(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"{\"from\":\"w\",\"sort\":[{\"column\":\"s\"},{\"column\":\"i\",\"desc\":true}]}",
         "SELECT n,i,f,r,s,t,d,m,b FROM w ORDER BY s NULLS LAST, i DESC NULLS LAST, pos"},
        {"{\"from\":\"w\",\"sort\":[{\"column\":\"t\"}],\"columns\":[\"t\",\"n\"],\"limit\":100}",
         "SELECT t,n FROM w ORDER BY t, pos LIMIT 100"},
        {"{\"from\":\"w\",\"sort\":[\"k\"],\"columns\":[{\"name\":\"k\",\"expr\":\"-f\"},\"b\"],"
         "\"where\":\"n = 1\",\"limit\":50}",
         "SELECT -f, b FROM w WHERE n = 1 ORDER BY -f NULLS LAST, pos LIMIT 50"},
        {"{\"from\":\"w\",\"where\":\"b\",\"sort\":[{\"column\":\"d\",\"desc\":true}],\"limit\":"
         "1000000}",
         "SELECT n,i,f,r,s,t,d,m,b FROM w WHERE b ORDER BY d DESC NULLS LAST, pos"},
    };
    compare_all(pairs, COUNT(pairs), 5000, 10);
}

static void joins_are_those_of_sql(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"{\"from\":\"w\",\"join\":{\"table\":\"v\",\"on\":[\"s\"]},\"columns\":[\"s\",\"t\","
         "\"t_2\",\"i_2\"]}",
         "SELECT w.s, w.t, v.t, v.i FROM w JOIN v ON w.s = v.s ORDER BY w.pos, v.pos"},
        {"{\"from\":\"w\",\"join\":{\"table\":\"v\",\"on\":[\"s\",\"i\"],\"kind\":\"left\"}}",
         "SELECT w.n,w.i,w.f,w.r,w.s,w.t,w.d,w.m,w.b, v.n,v.f,v.r,v.t,v.d,v.m,v.b FROM w LEFT "
         "JOIN v ON w.s = v.s AND w.i = v.i ORDER BY w.pos, v.pos"},
        {"{\"from\":\"w\",\"join\":{\"table\":\"v\",\"on\":\"d\",\"suffix\":\"_v\"},\"where\":"
         "\"n_v > n\",\"columns\":[\"d\",\"n\",\"n_v\",{\"name\":\"x\",\"expr\":\"i + i_v\"}]}",
         "SELECT w.d, w.n, v.n, w.i + v.i FROM w JOIN v ON w.d = v.d WHERE v.n > w.n ORDER BY "
         "w.pos, v.pos"},
        {"{\"from\":\"w\",\"join\":{\"table\":\"v\",\"on\":[\"t\"],\"kind\":\"left\"},\"where\":"
         "\"n < 4 AND i_2 IS NULL\",\"columns\":[\"t\",\"s_2\"]}",
         "SELECT w.t, v.s FROM w LEFT JOIN v ON w.t = v.t WHERE w.n < 4 AND v.i IS NULL ORDER BY "
         "w.pos, v.pos"},
        {"{\"from\":\"w\",\"join\":{\"table\":\"v\",\"on\":[\"d\",\"b\",\"s\"]},\"where\":\"n >= "
         "3\",\"sort\":[{\"column\":\"f_2\",\"desc\":true}],\"limit\":200}",
         "SELECT w.n,w.i,w.f,w.r,w.s,w.t,w.d,w.m,w.b, v.n,v.i,v.f,v.r,v.t,v.m FROM w JOIN v ON "
         "w.d = v.d AND w.b = v.b AND w.s = v.s WHERE w.n >= 3 ORDER BY v.f DESC NULLS LAST, "
         "w.pos, v.pos LIMIT 200"},
        {"{\"from\":\"w\",\"join\":{\"table\":\"v\",\"on\":[\"i\"]},\"measures\":{\"n\":{\"fn\":"
         "\"count\"}}}",
         "SELECT count(*) FROM w JOIN v ON w.i = v.i"},
        {"{\"from\":\"w\",\"join\":{\"table\":\"v\",\"on\":[\"i\"],\"kind\":\"left\"},"
         "\"group_by\":[\"s_2\"],\"measures\":{\"n\":{\"fn\":\"count\"},\"x\":{\"fn\":\"sum\","
         "\"column\":\"n_2\"}}}",
         "SELECT v.s, count(*), sum(v.n) FROM w LEFT JOIN v ON w.i = v.i GROUP BY v.s ORDER BY v.s "
         "NULLS LAST"},
    };
    compare_all(pairs, COUNT(pairs), 4000, 300);
}

/* Keys of any two types that can be equal. */
static void keys_of_different_types_meet_by_value(void **state)
{
    (void)state;
    static const struct {
        const char *left, *right, *condition;
    } keys[] = {
        {"n", "n", "w.n = v.n"},
        {"n", "i", "w.n = v.i"},
        {"i", "f", "w.i = v.f"},
        {"f", "i", "w.f = v.i"},
        {"f", "f", "w.f = v.f"},
        {"b", "n", "w.b = v.n"},
        {"r", "r", "w.r = v.r"},
        {"s", "t", "w.s = v.t"},
        {"t", "t", "w.t = v.t"},
        {"t", "s", "w.t = v.s"},
        {"d", "m", "w.d * 86400000 = v.m"},
        {"m", "d", "w.m = v.d * 86400000"},
        {"m", "m", "w.m = v.m"},
        {"f", "b", "w.f = v.b"},
    };
    struct bed bed;
    bed_init(&bed, test_seed(), 3000, 150);
    for (size_t i = 0; i < COUNT(keys); i++) {
        for (size_t k = 0; k < COUNT(keys); k += 1 + test_random_below(&bed.random, 4)) {
            bool is_left = test_random_once_in(&bed.random, 2);
            char definition[400];
            char sql[400];
            (void)snprintf(definition, sizeof(definition),
                           "{\"from\":\"w\",\"join\":{\"table\":\"v\",\"kind\":\"%s\",\"on\":["
                           "{\"left\":\"%s\",\"right\":\"%s\"},{\"left\":\"%s\",\"right\":\"%s\"}]"
                           ",\"suffix\":\"_right\"},\"columns\":[\"n\",\"t\",\"s\"]}",
                           is_left ? "left" : "inner", keys[i].left, keys[i].right, keys[k].left,
                           keys[k].right);
            (void)snprintf(sql, sizeof(sql),
                           "SELECT w.n, w.t, w.s FROM w %s JOIN v ON %s AND %s ORDER BY w.pos, "
                           "v.pos",
                           is_left ? "LEFT" : "", keys[i].condition, keys[k].condition);
            bed_compare(&bed, definition, sql);
        }
    }
    bed_fini(&bed);
}

static void groups_are_those_of_sql(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"{\"from\":\"w\",\"group_by\":[\"s\"],\"measures\":{\"n\":{\"fn\":\"count\"},\"x\":{"
         "\"fn\":\"sum\",\"column\":\"i\"},\"y\":{\"fn\":\"mean\",\"column\":\"f\"},\"lo\":{\"fn\":"
         "\"min\",\"column\":\"t\"},\"hi\":{\"fn\":\"max\",\"column\":\"r\"},\"u\":{\"fn\":"
         "\"distinct\",\"column\":\"d\"}}}",
         "SELECT s, count(*), sum(i), avg(f), min(t), max(r), count(DISTINCT d) FROM w GROUP BY s "
         "ORDER BY s NULLS LAST"},
        {"{\"from\":\"w\",\"where\":\"i > 0\",\"group_by\":[{\"name\":\"k\",\"expr\":\"n % 3\"},"
         "\"b\"],\"measures\":{\"c\":{\"fn\":\"count\",\"column\":\"s\"},\"z\":{\"fn\":\"sum\","
         "\"expr\":\"f * 4\"}}}",
         "SELECT n % 3, b, count(s), sum(f * 4) FROM w WHERE i > 0 GROUP BY n % 3, b ORDER BY 1, "
         "2 NULLS LAST"},
        {"{\"from\":\"w\",\"measures\":{\"c\":{\"fn\":\"count\"},\"m\":{\"fn\":\"max\",\"column\":"
         "\"i\"}},\"where\":\"n > 3\"}",
         "SELECT count(*), max(i) FROM w WHERE n > 3"},
        {"{\"from\":\"w\",\"group_by\":[\"i\",\"s\"]}",
         "SELECT i, s FROM w GROUP BY i, s ORDER BY i NULLS LAST, s NULLS LAST"},
        {"{\"from\":\"w\",\"group_by\":[\"d\"],\"measures\":{\"n\":{\"fn\":\"count\"},\"x\":{"
         "\"fn\":\"sum\",\"column\":\"i\"}},\"having\":\"n > 3\",\"columns\":[\"d\",{\"name\":"
         "\"each\",\"expr\":\"x * 1.0 / n\"}],\"sort\":[{\"column\":\"each\",\"desc\":true}],"
         "\"limit\":20}",
         "SELECT d, sum(i) * 1.0 / count(*) AS each FROM w GROUP BY d HAVING count(*) > 3 ORDER BY "
         "each DESC NULLS LAST, d NULLS LAST LIMIT 20"},
        {"{\"from\":\"w\",\"group_by\":[\"t\"],\"measures\":{\"n\":{\"fn\":\"count\"}},\"sort\":["
         "{\"column\":\"n\",\"desc\":true}]}",
         "SELECT t, count(*) AS c FROM w GROUP BY t ORDER BY c DESC, t"},
    };
    compare_all(pairs, COUNT(pairs), 5000, 10);
}

static void distinct_rows_keep_the_order_of_the_first(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"{\"from\":\"w\",\"columns\":[\"s\",\"n\"],\"distinct\":true}",
         "SELECT s, n FROM w GROUP BY s, n ORDER BY min(pos)"},
        {"{\"from\":\"w\",\"columns\":[{\"name\":\"k\",\"expr\":\"i % 7\"}],\"where\":\"n > 1\","
         "\"distinct\":true,\"sort\":[\"k\"]}",
         "SELECT DISTINCT i % 7 FROM w WHERE n > 1 ORDER BY 1 NULLS LAST"},
        {"{\"from\":\"w\",\"columns\":[\"s\"],\"distinct\":true,\"limit\":4}",
         "SELECT s FROM w GROUP BY s ORDER BY min(pos) LIMIT 4"},
        {"{\"from\":\"w\",\"distinct\":true}",
         "SELECT n,i,f,r,s,t,d,m,b FROM w GROUP BY n,i,f,r,s,t,d,m,b ORDER BY min(pos)"},
    };
    compare_all(pairs, COUNT(pairs), 5000, 10);
}

static void a_pivot_makes_columns_of_the_data(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"{\"from\":\"w\",\"group_by\":[\"s\"],\"pivot\":{\"column\":\"n\",\"measure\":{\"fn\":"
         "\"sum\",\"column\":\"i\"}}}",
         "SELECT s, sum(i) FILTER (WHERE n=0), sum(i) FILTER (WHERE n=1), sum(i) FILTER (WHERE "
         "n=2), sum(i) FILTER (WHERE n=3), sum(i) FILTER (WHERE n=4), sum(i) FILTER (WHERE n=5) "
         "FROM w GROUP BY s ORDER BY s NULLS LAST"},
        {"{\"from\":\"w\",\"group_by\":[\"i\",\"s\"],\"pivot\":{\"column\":\"b\",\"measure\":{"
         "\"fn\":\"count\"}}}",
         "SELECT i, s, count(*) FILTER (WHERE b=0), count(*) FILTER (WHERE b=1), count(*) FILTER "
         "(WHERE b IS NULL) FROM w GROUP BY i, s ORDER BY i NULLS LAST, s NULLS LAST"},
        {"{\"from\":\"w\",\"group_by\":[],\"pivot\":{\"column\":\"b\",\"measure\":{\"fn\":\"min\","
         "\"column\":\"t\"}},\"columns\":[\"true\",\"null\"]}",
         "SELECT min(t) FILTER (WHERE b=1), min(t) FILTER (WHERE b IS NULL) FROM w"},
    };
    struct bed bed;
    uint64_t seed = test_seed();
    for (unsigned round = 0; round < ROUNDS; round++) {
        bed_init(&bed, seed + round, 4000, 3);
        for (size_t i = 0; i < COUNT(pairs); i++) {
            bed_compare(&bed, pairs[i].definition, pairs[i].sql);
        }
        bed_fini(&bed);
    }
}

static void a_pivot_names_its_columns_after_their_values(void **state)
{
    (void)state;
    struct bed bed;
    bed_init(&bed, test_seed(), 3000, 3);
    assert_int_equal(bed_run(&bed, "{\"from\":\"w\",\"group_by\":[{\"name\":\"figs\",\"column\":"
                                   "\"n\"}],\"pivot\":{\"column\":\"s\",\"measure\":{\"fn\":"
                                   "\"count\"}}}"),
                     SW_OK);
    static const char *const names[] = {"figs", "empty",   "a \"quoted\", one", "apples", "figs_2",
                                        "kiwi", "oranges", "pineapples",        "Äpfel",  "null"};
    const struct sw_schema *schema = bed.made->schema;
    assert_int_equal(schema->columns, COUNT(names));
    for (uint32_t i = 0; i < schema->columns; i++) {
        bool is_found = false;
        for (size_t k = 0; k < COUNT(names); k++) {
            is_found = is_found || strcmp(schema->column[i].name, names[k]) == 0;
        }
        assert_true(is_found);
    }
    assert_int_equal(bed_run(&bed, "{\"from\":\"w\",\"group_by\":[\"n\"],\"pivot\":{\"column\":"
                                   "\"d\",\"limit\":5,\"measure\":{\"fn\":\"count\"}}}"),
                     SW_LIMIT);
    assert_string_equal(bed.err.limit, "pivot_columns");
    bed_fini(&bed);
}

static void whole_row_groups_are_shared_and_not_copied(void **state)
{
    (void)state;
    struct bed bed;
    bed_init(&bed, test_seed(), 3000, 6);
    assert_int_equal(bed_run(&bed, "{\"from\":\"w\",\"columns\":[\"s\",{\"name\":\"x\",\"expr\":"
                                   "\"i + 1\"}]}"),
                     SW_OK);
    assert_int_equal(bed.made->groups, bed.w->groups);
    for (uint32_t i = 0; i < bed.w->groups; i++) {
        assert_ptr_equal(bed.made->group[i]->chunk[0], bed.w->group[i]->chunk[WORLD_S]);
    }
    bed_fini(&bed);
}

static void a_key_that_is_once_leaves_the_left_columns_as_they_are(void **state)
{
    (void)state;
    struct bed bed;
    bed_init(&bed, test_seed(), 3000, 200);
    /* one row of v per n, as a version of its own */
    assert_int_equal(bed_run(&bed, "{\"from\":\"w\",\"group_by\":[\"n\"],\"measures\":{\"c\":{"
                                   "\"fn\":\"count\"}}}"),
                     SW_OK);
    sw_version_unref(bed.v);
    bed.v = sw_version_ref(bed.made);
    assert_int_equal(bed_run(&bed, "{\"from\":\"w\",\"join\":{\"table\":\"v\",\"on\":[\"n\"]}}"),
                     SW_OK);
    assert_int_equal(bed.made->rows, bed.w->rows);
    assert_int_equal(bed.made->groups, bed.w->groups);
    for (uint32_t i = 0; i < bed.w->groups; i++) {
        assert_ptr_equal(bed.made->group[i]->chunk[WORLD_T], bed.w->group[i]->chunk[WORLD_T]);
    }
    bed_fini(&bed);
}

static void a_nan_equals_nothing_and_groups_with_itself(void **state)
{
    (void)state;
    struct bed bed;
    bed_init(&bed, test_seed(), 2000, 200);
    world_fini(&bed.left);
    world_init(&bed.left, &bed.random, 2000, true);
    sw_version_unref(bed.w);
    bed.w = world_version(&bed.left, 1, 300, 0);
    sw_version_unref(bed.v);
    bed.v = sw_version_ref(bed.w);
    uint64_t want = 0;
    for (uint64_t a = 0; a < 2000; a++) {
        const struct sw_value *x = &bed.left.value[WORLD_R][a];
        for (uint64_t b = 0; b < 2000 && !x->is_null; b++) {
            const struct sw_value *y = &bed.left.value[WORLD_R][b];
            want += !y->is_null && x->u.f == y->u.f;
        }
    }
    assert_int_equal(bed_run(&bed, "{\"from\":\"w\",\"join\":{\"table\":\"v\",\"on\":[\"r\"]}}"),
                     SW_OK);
    assert_int_equal(bed.made->rows, want);
    assert_int_equal(bed_run(&bed, "{\"from\":\"w\",\"group_by\":[\"r\"],\"measures\":{\"c\":{"
                                   "\"fn\":\"count\"}}}"),
                     SW_OK);
    uint64_t nans = 0;
    for (uint32_t i = 0; i < bed.made->groups; i++) {
        nans += bed.made->group[i]->chunk[0]->zone.nans;
    }
    assert_int_equal(nans, 1);
    bed_fini(&bed);
}

/* Ints 0, 1, 2, ... of which every fifth is a text that does not fit. */
static struct sw_version *version_with_exceptions(uint32_t rows)
{
    static const char *const names[] = {"x"};
    static const enum sw_type types[] = {SW_TYPE_INT};
    struct sw_builder *builder = NULL;
    struct sw_chunk *chunk = NULL;
    struct sw_schema *schema = NULL;
    struct sw_rowgroup *group = NULL;
    struct sw_version *version = NULL;
    assert_int_equal(sw_builder_new(SW_TYPE_INT, NULL, NULL, &builder, NULL), SW_OK);
    for (uint32_t i = 0; i < rows; i++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "text %u", (unsigned)i);
        assert_int_equal(i % 5 == 0 ? sw_builder_exception(builder, sw_span_text(text))
                                    : sw_builder_int(builder, i),
                         SW_OK);
    }
    assert_int_equal(sw_builder_seal(builder, &chunk, NULL), SW_OK);
    sw_builder_free(builder);
    assert_int_equal(sw_schema_new(1, names, types, &schema), SW_OK);
    assert_int_equal(sw_rowgroup_take(1, &chunk, 0, NULL, &group), SW_OK);
    assert_int_equal(sw_version_new(1, schema, 1, &group, rows, &version), SW_OK);
    sw_rowgroup_unref(group);
    sw_schema_unref(schema);
    return version;
}

static void cells_that_do_not_fit_go_along_with_their_rows(void **state)
{
    (void)state;
    struct bed bed;
    bed_init(&bed, test_seed(), 10, 10);
    sw_version_unref(bed.w);
    bed.w = version_with_exceptions(5000);
    assert_int_equal(bed_run(&bed, "{\"from\":\"w\",\"where\":\"x IS NULL OR x > 4000\","
                                   "\"sort\":[{\"column\":\"x\",\"desc\":true}]}"),
                     SW_OK);
    const struct sw_chunk *chunk = bed.made->group[0]->chunk[0];
    assert_int_equal(bed.made->rows, 1000 + 800);
    assert_non_null(test_look(chunk)->exceptions);
    assert_int_equal(test_look(chunk)->exceptions->count, 1000);
    for (uint32_t i = 0; i < 1000; i++) {
        char want[16];
        struct sw_span text;
        (void)snprintf(want, sizeof(want), "text %u", (unsigned)(i * 5));
        assert_true(sw_exceptions_find(test_look(chunk)->exceptions, 800 + i, &text));
        assert_true(sw_span_equal(text, sw_span_text(want)));
    }
    bed_fini(&bed);
}

static void inputs_are_those_of_the_start(void **state)
{
    (void)state;
    struct bed bed;
    const struct sw_json two = {.kind = SW_JSON_INT, .u.integer = 2};
    bed_init(&bed, test_seed(), 2000, 10);
    bed.input = &two;
    assert_int_equal(bed_start(&bed, "{\"from\":\"w\",\"where\":\"n = $a\",\"columns\":[{\"name\":"
                                     "\"x\",\"expr\":\"n * $b\"}]}"),
                     SW_OK);
    bed.input = NULL;
    sw_pool_settle(bed.pool);
    assert_int_equal(bed.status, SW_OK);
    assert_true(bed.made->rows > 0);
    struct sw_value value = test_cell(bed.made->group[0]->chunk[0], 0);
    assert_int_equal(value.u.i, 4);
    bed_fini(&bed);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *definition;
        sw_status status;
        const char *words;
    } wrong[] = {
        {"{}", SW_PARAMS, "from"},
        {"{\"from\":\"w\",\"where\":\"prise > 1\"}", SW_NO_COLUMN, "prise"},
        {"{\"from\":\"w\",\"where\":\"n >\"}", SW_EXPRESSION, "where: "},
        {"{\"from\":\"w\",\"columns\":[]}", SW_PARAMS, "columns"},
        {"{\"from\":\"w\",\"columns\":[\"nn\"]}", SW_NO_COLUMN, "nn"},
        {"{\"from\":\"w\",\"columns\":[\"n\",\"n\"]}", SW_PARAMS, "two columns `n`"},
        {"{\"from\":\"w\",\"columns\":[{\"expr\":\"n\"}]}", SW_PARAMS, "name"},
        {"{\"from\":\"w\",\"columns\":[\"n\"],\"sort\":[\"i\"]}", SW_NO_COLUMN, "own columns"},
        {"{\"from\":\"w\",\"join\":{\"table\":\"v\"}}", SW_PARAMS, "on"},
        {"{\"from\":\"w\",\"join\":{\"table\":\"v\",\"on\":[]}}", SW_PARAMS, "at least one"},
        {"{\"from\":\"w\",\"join\":{\"table\":\"v\",\"on\":[\"x\"]}}", SW_NO_COLUMN, "x"},
        {"{\"from\":\"w\",\"join\":{\"table\":\"v\",\"on\":[\"n\"],\"kind\":\"outer\"}}", SW_PARAMS,
         "inner"},
        {"{\"from\":\"w\",\"join\":{\"table\":\"v\",\"on\":[{\"left\":\"n\",\"right\":\"s\"}]}}",
         SW_TYPE, "never equal"},
        {"{\"from\":\"w\",\"group_by\":[]}", SW_PARAMS, "group_by"},
        {"{\"from\":\"w\",\"having\":\"n > 1\"}", SW_PARAMS, "where"},
        {"{\"from\":\"w\",\"group_by\":[\"n\"],\"measures\":{\"n\":{\"fn\":\"count\"}}}", SW_PARAMS,
         "two columns `n`"},
        {"{\"from\":\"w\",\"measures\":{\"x\":{\"fn\":\"sum\",\"column\":\"s\"}}}", SW_TYPE, "s"},
        {"{\"from\":\"w\",\"measures\":{\"x\":{\"fn\":\"sum\",\"expr\":\"i +\"}}}", SW_EXPRESSION,
         "measure `x`"},
        {"{\"from\":\"w\",\"columns\":[{\"name\":\"x\",\"expr\":\"m * 9223372036854775807\"}]}",
         SW_TYPE, "CAST"},
    };
    struct bed bed;
    bed_init(&bed, test_seed(), 100, 10);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        sw_status status = bed_run(&bed, wrong[i].definition);
        if (status != wrong[i].status || strstr(bed.err.message, wrong[i].words) == NULL) {
            fail_msg("%s: %d %s", wrong[i].definition, (int)status, bed.err.message);
        }
    }
    bed_fini(&bed);
}

static void a_join_that_explodes_is_refused_before_it_does(void **state)
{
    (void)state;
    struct bed bed;
    bed_init(&bed, test_seed(), 200000, 10);
    sw_version_unref(bed.v);
    bed.v = sw_version_ref(bed.w);
    bed.budget.limit = INT64_C(1) << 26;
    assert_int_equal(bed_run(&bed, "{\"from\":\"w\",\"join\":{\"table\":\"v\",\"on\":[\"n\"]}}"),
                     SW_LIMIT);
    assert_string_equal(bed.err.limit, "derived_rows");
    assert_int_equal(bed.err.limit_allowed, SW_DERIVED_ROWS_MAX);
    bed.budget.limit = INT64_C(1) << 20;
    assert_int_equal(bed_run(&bed, "{\"from\":\"w\",\"sort\":[\"t\"]}"), SW_LIMIT);
    assert_string_equal(bed.err.limit, "test_bytes");
    bed_fini(&bed);
}

static void a_cancelled_run_ends_and_gives_back_all(void **state)
{
    (void)state;
    static const char *const definitions[] = {
        "{\"from\":\"w\",\"sort\":[\"t\"]}",
        "{\"from\":\"w\",\"join\":{\"table\":\"v\",\"on\":[\"i\"]},\"columns\":[{\"name\":\"x\","
        "\"expr\":\"i + i\"}]}",
        "{\"from\":\"w\",\"group_by\":[\"t\"],\"measures\":{\"n\":{\"fn\":\"median\",\"column\":"
        "\"f\"}}}",
    };
    struct bed bed;
    bed_init(&bed, test_seed(), 5000, 10);
    for (size_t i = 0; i < COUNT(definitions); i++) {
        for (unsigned drains = 0; drains < 8; drains++) {
            assert_int_equal(bed_start(&bed, definitions[i]), SW_OK);
            for (unsigned k = 0; k < drains && bed.calls == 0; k++) {
                assert_true(sw_derive_progress(bed.run) >= 0);
                assert_true(sw_derive_progress(bed.run) <= 1);
                sw_pool_drain(bed.pool);
            }
            if (bed.calls == 0) {
                sw_derive_cancel(bed.run);
                sw_pool_settle(bed.pool);
                assert_int_equal(bed.status, SW_CANCELLED);
                assert_null(bed.made);
            }
            assert_int_equal(bed.calls, 1);
        }
    }
    bed_fini(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_filters_and_expressions_are_those_of_sql),
        cmocka_unit_test(sorts_and_limits_are_those_of_sql),
        cmocka_unit_test(joins_are_those_of_sql),
        cmocka_unit_test(keys_of_different_types_meet_by_value),
        cmocka_unit_test(groups_are_those_of_sql),
        cmocka_unit_test(distinct_rows_keep_the_order_of_the_first),
        cmocka_unit_test(a_pivot_makes_columns_of_the_data),
        cmocka_unit_test(a_pivot_names_its_columns_after_their_values),
        cmocka_unit_test(whole_row_groups_are_shared_and_not_copied),
        cmocka_unit_test(a_key_that_is_once_leaves_the_left_columns_as_they_are),
        cmocka_unit_test(a_nan_equals_nothing_and_groups_with_itself),
        cmocka_unit_test(cells_that_do_not_fit_go_along_with_their_rows),
        cmocka_unit_test(inputs_are_those_of_the_start),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(a_join_that_explodes_is_refused_before_it_does),
        cmocka_unit_test(a_cancelled_run_ends_and_gives_back_all),
    };
    return cmocka_run_group_tests_name("derive/derive", tests, NULL, NULL);
}
