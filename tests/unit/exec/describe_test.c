/* Descriptions against plain counting, and the estimate beyond exact counting. */
#include "unit/exec/world.h"

#include "exec/describe.h"
#include "exec/distinct_count.h"

struct outcome {
    unsigned calls;
    sw_status status;
    struct sw_description *description;
};

static void describe_done(void *context, sw_status status, struct sw_description *description,
                          const struct sw_err *err)
{
    (void)err;
    struct outcome *outcome = context;
    outcome->calls++;
    outcome->status = status;
    outcome->description = description;
}

static int compare_values(const void *a, const void *b)
{
    return sw_value_compare(a, b);
}

static void assert_column(const struct world *world, int column,
                          const struct sw_column_stats *stats)
{
    struct sw_value *sorted = calloc(world->rows + 1, sizeof(*sorted));
    uint64_t values = 0;
    uint64_t distinct = 0;
    uint64_t numbers = 0;
    assert_non_null(sorted);
    for (uint64_t row = 0; row < world->rows; row++) {
        if (!world->value[column][row].is_null) {
            sorted[values++] = world->value[column][row];
        }
    }
    qsort(sorted, values, sizeof(*sorted), compare_values);
    for (uint64_t i = 0; i < values; i++) {
        distinct += i == 0 || sw_value_compare(&sorted[i - 1], &sorted[i]) != 0;
        numbers += sorted[i].type != SW_TYPE_FLOAT || !isnan(sorted[i].u.f);
    }
    assert_int_equal(stats->nulls, world->rows - values);
    assert_int_equal(stats->distinct, distinct);
    assert_true(stats->is_distinct_exact);
    assert_int_equal(stats->has_values, numbers > 0);
    if (numbers > 0) {
        assert_int_equal(sw_value_compare(&stats->min, &sorted[0]), 0);
        assert_int_equal(sw_value_compare(&stats->max, &sorted[numbers - 1]), 0);
    }
    free(sorted);
}

static void random_tables_are_described_as_plain_counting_does(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 40; round++) {
        const uint32_t group_rows[] = {SW_CHUNK_ROWS, 1000, 90};
        struct world world;
        struct sw_pool *pool = NULL;
        struct sw_lane *lane = NULL;
        struct sw_describe_job *job = NULL;
        struct outcome outcome = {0};
        world_init(&world, &random, test_random_below(&random, round % 4 == 0 ? 20 : 5000), true);
        struct sw_version *version =
            world_version(&world, 7, group_rows[round % 3], (uint32_t)round % 4);
        assert_int_equal(sw_pool_new(1u << (round % 3), NULL, NULL, &pool, NULL), SW_OK);
        assert_int_equal(sw_lane_new(pool, &lane), SW_OK);

        assert_int_equal(sw_describe_submit(pool, lane, version, describe_done, &outcome, &job),
                         SW_OK);
        bool is_cancelled = round % 8 == 7;
        if (is_cancelled) {
            sw_describe_cancel(job);
        }
        sw_pool_settle(pool);

        assert_int_equal(outcome.calls, 1);
        if (outcome.status == SW_OK) {
            assert_int_equal(outcome.description->version, 7);
            for (int column = 0; column < WORLD_COLUMNS; column++) {
                assert_column(&world, column, &outcome.description->column[column]);
            }
        } else {
            assert_true(is_cancelled);
            assert_int_equal(outcome.status, SW_CANCELLED);
        }
        sw_description_free(outcome.description);
        sw_lane_free(lane);
        sw_pool_free(pool);
        sw_version_unref(version);
        world_fini(&world);
    }
}

static void many_values_are_estimated_within_three_per_cent(void **state)
{
    (void)state;
    struct sw_distinct_count *count = NULL;
    bool is_exact = true;
    const uint64_t values = 3000000;
    assert_int_equal(sw_distinct_count_new(&count), SW_OK);
    for (uint64_t i = 0; i < 2 * values; i++) {
        assert_int_equal(sw_distinct_count_word(count, i % values), SW_OK);
    }

    uint64_t estimate = sw_distinct_count_value(count, &is_exact);

    assert_false(is_exact);
    assert_in_range(estimate, values * 97 / 100, values * 103 / 100);
    sw_distinct_count_free(count);
}

static void the_last_exact_count_is_exact(void **state)
{
    (void)state;
    struct sw_distinct_count *count = NULL;
    bool is_exact = false;
    assert_int_equal(sw_distinct_count_new(&count), SW_OK);
    for (uint64_t i = 0; i < SW_DISTINCT_EXACT_MAX; i++) {
        assert_int_equal(sw_distinct_count_word(count, i * 65536), SW_OK);
    }
    assert_int_equal(sw_distinct_count_value(count, &is_exact), SW_DISTINCT_EXACT_MAX);
    assert_true(is_exact);

    assert_int_equal(sw_distinct_count_word(count, 1), SW_OK);

    (void)sw_distinct_count_value(count, &is_exact);
    assert_false(is_exact);
    sw_distinct_count_free(count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_tables_are_described_as_plain_counting_does),
        cmocka_unit_test(many_values_are_estimated_within_three_per_cent),
        cmocka_unit_test(the_last_exact_count_is_exact),
    };
    return cmocka_run_group_tests_name("exec/describe", tests, NULL, NULL);
}
