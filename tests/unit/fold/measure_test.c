/* Measures where SQLite has no word: NaN, infinities, sums beyond 64 bits, moments, many groups. */
#include "unit/fold/runs.h"

/* A table of one column, of one or two row groups. */
static struct sw_version *table_of(enum sw_type type, const struct sw_value *values, uint32_t n,
                                   uint32_t first)
{
    static const char *const names[] = {"v"};
    struct sw_schema *schema;
    struct sw_version *version;
    struct sw_rowgroup *group[2];
    uint32_t groups = 0;
    for (uint32_t at = 0; at < n; at += groups == 1 ? first : n - first) {
        struct sw_builder *builder;
        struct sw_chunk *chunk;
        uint32_t rows = groups == 0 ? first : n - first;
        assert_int_equal(sw_builder_new(type, NULL, NULL, &builder, NULL), SW_OK);
        for (uint32_t i = 0; i < rows; i++) {
            assert_int_equal(sw_builder_value(builder, &values[at + i]), SW_OK);
        }
        assert_int_equal(sw_builder_seal(builder, &chunk, NULL), SW_OK);
        sw_builder_free(builder);
        assert_int_equal(sw_rowgroup_take(1, &chunk, at, NULL, &group[groups++]), SW_OK);
    }
    assert_int_equal(sw_schema_new(1, names, &type, &schema), SW_OK);
    assert_int_equal(sw_version_new(1, schema, groups, group, n, &version), SW_OK);
    for (uint32_t i = 0; i < groups; i++) {
        sw_rowgroup_unref(group[i]);
    }
    sw_schema_unref(schema);
    return version;
}

static struct sw_series *run_on(struct sw_version *version, const char *kind, const char *params)
{
    struct selection all = {0};
    struct sw_series *series;
    struct sw_err err = {0};
    struct sw_arena arena;
    sw_arena_init(&arena);
    struct sw_json json = json_of(&arena, params);
    sw_status status = try_output(version, &all, kind, &json, 2, &series, &err);
    if (status != SW_OK) {
        fail_msg("%s: %s", params, err.message);
    }
    sw_arena_fini(&arena);
    sw_version_unref(version);
    return series;
}

static const char *const all_measures =
    "{\"measures\": {\"count\": {\"fn\": \"count\", \"column\": \"v\"}, \"sum\": {\"fn\": \"sum\", "
    "\"column\": \"v\"}, \"mean\": {\"fn\": \"mean\", \"column\": \"v\"}, \"min\": {\"fn\": "
    "\"min\", \"column\": \"v\"}, \"max\": {\"fn\": \"max\", \"column\": \"v\"}, \"stddev\": "
    "{\"fn\": \"stddev\", \"column\": \"v\"}, \"median\": {\"fn\": \"median\", \"column\": "
    "\"v\"}, \"distinct\": {\"fn\": \"distinct\", \"column\": \"v\"}}}";

static double float_of(const struct sw_series *series, const char *name)
{
    const struct sw_field *field = field_of(series, 0, "measures", name);
    assert_int_equal(field->type, SW_TYPE_FLOAT);
    assert_false(is_null_at(field, 0));
    return field->u.floats[0];
}

static int64_t int_of(const struct sw_series *series, const char *name)
{
    const struct sw_field *field = field_of(series, 0, "measures", name);
    assert_true(sw_type_is_integral(field->type));
    assert_false(is_null_at(field, 0));
    return field->u.ints[0];
}

static struct sw_value float_value(double f)
{
    return (struct sw_value){.type = SW_TYPE_FLOAT, .u.f = f};
}

static void nan_is_a_value_that_has_no_place(void **state)
{
    (void)state;
    const struct sw_value values[] = {float_value(2), float_value(NAN), float_value(-1),
                                      float_value(NAN)};

    struct sw_series *series = run_on(table_of(SW_TYPE_FLOAT, values, 4, 2), "value", all_measures);

    assert_int_equal(int_of(series, "count"), 4);
    assert_int_equal(int_of(series, "distinct"), 3);
    assert_true(isnan(float_of(series, "sum")));
    assert_true(isnan(float_of(series, "mean")));
    assert_true(isnan(float_of(series, "stddev")));
    assert_true(float_of(series, "min") == -1);
    assert_true(float_of(series, "max") == 2);
    assert_true(float_of(series, "median") == 0.5);
    sw_series_unref(series);
}

static void infinities_sum_as_ieee_754_says(void **state)
{
    (void)state;
    const struct sw_value one[] = {float_value(INFINITY), float_value(1)};
    const struct sw_value both[] = {float_value(INFINITY), float_value(-INFINITY)};

    struct sw_series *plus = run_on(table_of(SW_TYPE_FLOAT, one, 2, 1), "value", all_measures);
    struct sw_series *none = run_on(table_of(SW_TYPE_FLOAT, both, 2, 1), "value", all_measures);

    assert_true(isinf(float_of(plus, "sum")));
    assert_true(isnan(float_of(none, "sum")));
    assert_true(float_of(plus, "min") == 1);
    sw_series_unref(plus);
    sw_series_unref(none);
}

static void an_outlier_does_not_swallow_small_values(void **state)
{
    (void)state;
    const struct sw_value values[] = {float_value(1e300), float_value(1.5), float_value(-1e300),
                                      float_value(0x1p-1074), float_value(-0x1p-1074)};

    struct sw_series *series = run_on(table_of(SW_TYPE_FLOAT, values, 5, 2), "value", all_measures);

    assert_true(float_of(series, "sum") == 1.5);
    assert_true(float_of(series, "mean") == 0.3);
    sw_series_unref(series);
}

static void a_sum_beyond_64_bits_is_a_float(void **state)
{
    (void)state;
    struct sw_value values[3];
    for (int i = 0; i < 3; i++) {
        values[i] = (struct sw_value){.type = SW_TYPE_INT, .u.i = INT64_MAX};
    }

    struct sw_series *two = run_on(table_of(SW_TYPE_INT, values, 3, 1), "value", all_measures);
    struct sw_series *one = run_on(table_of(SW_TYPE_INT, values, 1, 1), "value", all_measures);

    assert_true(float_of(two, "sum") == 3 * 0x1p63);
    assert_int_equal(int_of(one, "sum"), INT64_MAX);
    assert_int_equal(int_of(two, "max"), INT64_MAX);
    assert_true(is_null_at(field_of(one, 0, "measures", "stddev"), 0));
    sw_series_unref(two);
    sw_series_unref(one);
}

static void the_mean_of_days_is_a_moment(void **state)
{
    (void)state;
    const struct sw_value days[] = {{.type = SW_TYPE_DATE, .u.i = 10},
                                    {.type = SW_TYPE_DATE, .u.i = 11}};

    struct sw_series *series =
        run_on(table_of(SW_TYPE_DATE, days, 2, 1), "value",
               "{\"measures\": {\"mean\": {\"fn\": \"mean\", \"column\": \"v\"}, \"median\": "
               "{\"fn\": \"median\", \"column\": \"v\"}, \"max\": {\"fn\": \"max\", \"column\": "
               "\"v\"}}}");

    assert_int_equal(field_of(series, 0, "measures", "mean")->type, SW_TYPE_TIMESTAMP);
    assert_int_equal(int_of(series, "mean"), 10 * 86400000 + 43200000);
    assert_int_equal(int_of(series, "median"), 10 * 86400000 + 43200000);
    assert_int_equal(field_of(series, 0, "measures", "max")->type, SW_TYPE_DATE);
    assert_int_equal(int_of(series, "max"), 11);
    sw_series_unref(series);
}

static void a_spread_far_from_zero_keeps_its_digits(void **state)
{
    (void)state;
    const struct sw_value values[] = {float_value(1e9 + 1), float_value(1e9 + 2),
                                      float_value(1e9 + 4), float_value(1e9 + 9)};

    struct sw_series *series = run_on(table_of(SW_TYPE_FLOAT, values, 4, 3), "value", all_measures);

    assert_true(fabs(float_of(series, "stddev") - sqrt(152.0 / 12)) < 1e-15 * 4);
    sw_series_unref(series);
}

static void equal_values_have_no_spread_at_all(void **state)
{
    (void)state;
    const struct sw_value values[] = {float_value(0.1), float_value(0.1), float_value(0.1)};

    struct sw_series *series = run_on(table_of(SW_TYPE_FLOAT, values, 3, 2), "value", all_measures);

    assert_true(float_of(series, "stddev") == 0);
    sw_series_unref(series);
}

static void nan_and_null_are_two_groups_and_minus_zero_is_zero(void **state)
{
    (void)state;
    const struct sw_value values[] = {float_value(NAN),  {.type = SW_TYPE_FLOAT, .is_null = true},
                                      float_value(-0.0), float_value(0.0),
                                      float_value(-NAN), float_value(-7)};

    struct sw_series *series =
        run_on(table_of(SW_TYPE_FLOAT, values, 6, 3), "groupby",
               "{\"by\": [\"v\"], \"measures\": {\"n\": {\"fn\": \"count\"}}}");

    const struct sw_field *key = field_of(series, 0, "keys", "v");
    const struct sw_field *n = field_of(series, 0, "measures", "n");
    assert_int_equal(key->length, 4);
    assert_true(key->u.floats[0] == -7 && n->u.ints[0] == 1);
    assert_true(key->u.floats[1] == 0 && n->u.ints[1] == 2);
    assert_true(isnan(key->u.floats[2]) && n->u.ints[2] == 2);
    assert_true(is_null_at(key, 3) && n->u.ints[3] == 1);
    sw_series_unref(series);
}

static void many_groups_are_counted_and_a_limit_cuts_what_is_sent(void **state)
{
    (void)state;
    enum { N = 60000 };
    struct sw_value *values = calloc(N, sizeof(*values));
    for (uint32_t i = 0; i < N; i++) {
        values[i] = (struct sw_value){.type = SW_TYPE_INT, .u.i = (int64_t)(i % 30000) * 1000003};
    }

    struct sw_series *series =
        run_on(table_of(SW_TYPE_INT, values, N, 45000), "groupby",
               "{\"by\": \"v\", \"measures\": {\"n\": {\"fn\": \"count\"}}, \"order\": "
               "{\"measure\": \"n\", \"desc\": true}}");

    const struct sw_field *key = field_of(series, 0, "keys", "v");
    assert_int_equal(field_of(series, 0, NULL, "groups")->u.ints[0], 30000);
    assert_int_equal(key->length, SW_GROUPS_SENT_MAX);
    assert_int_equal(key->u.ints[9999], INT64_C(9999) * 1000003);
    sw_series_unref(series);
    free(values);
}

static void a_median_of_many_values_in_facets_takes_its_rounds(void **state)
{
    (void)state;
    const uint32_t n = SW_RANKED_KEPT + 100000;
    struct sw_builder *builder[2];
    struct sw_schema *schema;
    struct sw_version *version;
    struct sw_rowgroup *group[32];
    static const char *const names[] = {"v", "k"};
    static const enum sw_type types[] = {SW_TYPE_INT, SW_TYPE_INT};
    uint32_t groups = 0;
    for (unsigned c = 0; c < 2; c++) {
        assert_int_equal(sw_builder_new(SW_TYPE_INT, NULL, NULL, &builder[c], NULL), SW_OK);
    }
    for (uint32_t first = 0; first < n; first += SW_CHUNK_ROWS) {
        struct sw_chunk *chunk[2];
        for (uint32_t i = first; i < n && i < first + SW_CHUNK_ROWS; i++) {
            bool is_rare = i % 1000 == 0;
            assert_int_equal(sw_builder_int(builder[0], is_rare ? -(int64_t)i : i), SW_OK);
            assert_int_equal(sw_builder_int(builder[1], is_rare), SW_OK);
        }
        for (unsigned c = 0; c < 2; c++) {
            assert_int_equal(sw_builder_seal(builder[c], &chunk[c], NULL), SW_OK);
        }
        assert_int_equal(sw_rowgroup_take(2, chunk, first, NULL, &group[groups++]), SW_OK);
    }
    assert_int_equal(sw_schema_new(2, names, types, &schema), SW_OK);
    assert_int_equal(sw_version_new(1, schema, groups, group, n, &version), SW_OK);
    for (uint32_t i = 0; i < groups; i++) {
        sw_rowgroup_unref(group[i]);
    }
    sw_schema_unref(schema);
    sw_builder_free(builder[0]);
    sw_builder_free(builder[1]);

    struct sw_series *series = run_on(
        version, "groupby",
        "{\"by\": [], \"measures\": {\"n\": {\"fn\": \"count\"}, \"m\": {\"fn\": \"median\", "
        "\"column\": \"v\"}}, \"facet\": {\"column\": \"k\"}}");

    /* The common values are all i that 1000 does not divide, the rare ones the others negated. */
    uint32_t rare = (n + 999) / 1000;
    uint32_t common = n - rare;
    assert_int_equal(series->panels, 2);
    assert_int_equal(field_of(series, 0, "measures", "n")->u.ints[0], common);
    assert_int_equal(field_of(series, 1, "measures", "n")->u.ints[0], rare);
    double low = (double)((common - 1) / 2 + (common - 1) / 2 / 999 + 1);
    double high = (double)(common / 2 + common / 2 / 999 + 1);
    assert_true(field_of(series, 0, "measures", "m")->u.floats[0] == (low + high) / 2);
    assert_true(field_of(series, 1, "measures", "m")->u.floats[0] ==
                -1000.0 * ((double)(rare - 1) / 2));
    sw_series_unref(series);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nan_is_a_value_that_has_no_place),
        cmocka_unit_test(infinities_sum_as_ieee_754_says),
        cmocka_unit_test(an_outlier_does_not_swallow_small_values),
        cmocka_unit_test(a_sum_beyond_64_bits_is_a_float),
        cmocka_unit_test(the_mean_of_days_is_a_moment),
        cmocka_unit_test(a_spread_far_from_zero_keeps_its_digits),
        cmocka_unit_test(equal_values_have_no_spread_at_all),
        cmocka_unit_test(nan_and_null_are_two_groups_and_minus_zero_is_zero),
        cmocka_unit_test(many_groups_are_counted_and_a_limit_cuts_what_is_sent),
        cmocka_unit_test(a_median_of_many_values_in_facets_takes_its_rounds),
    };
    return cmocka_run_group_tests_name("fold/measure", tests, NULL, NULL);
}
