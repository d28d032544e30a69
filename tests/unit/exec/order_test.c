/* Orders and pages against a plain sort of plain values. */
#include "unit/exec/world.h"

#include "exec/order.h"
#include "exec/page.h"
#include "expr/expr.h"

struct outcome {
    sw_status status;
    struct sw_order *order;
    struct sw_page *page;
    struct sw_err err;
    unsigned calls;
};

static void order_done(void *context, sw_status status, struct sw_order *order,
                       const struct sw_err *err)
{
    struct outcome *outcome = context;
    outcome->status = status;
    outcome->order = order;
    outcome->err = *err;
    outcome->calls++;
}

static void page_done(void *context, sw_status status, struct sw_page *page,
                      const struct sw_err *err)
{
    struct outcome *outcome = context;
    outcome->status = status;
    outcome->page = page;
    outcome->err = *err;
    outcome->calls++;
}

static struct sw_filter *filter_of(const struct sw_version *version, const char *text)
{
    struct sw_expr *expr = NULL;
    struct sw_program *program = NULL;
    struct sw_filter *filter = NULL;
    assert_int_equal(sw_expr_parse(sw_span_text(text), &expr, NULL), SW_OK);
    assert_int_equal(sw_expr_compile(expr, version->schema, NULL, NULL, &program, NULL), SW_OK);
    assert_int_equal(sw_filter_program(program, &filter), SW_OK);
    sw_expr_free(expr);
    return filter;
}

/* -- the slow twin --------------------------------------------------------------------- */

static const struct world *sorted_world;
static const struct sw_sort_key *sorted_keys;
static uint32_t sorted_key_count;

static int class_of(const struct sw_value *value)
{
    if (value->is_null) {
        return 2;
    }
    return value->type == SW_TYPE_FLOAT && isnan(value->u.f);
}

static int compare_cells(const struct sw_value *a, const struct sw_value *b, bool is_descending)
{
    int by_class = class_of(a) - class_of(b);
    if (by_class != 0 || class_of(a) != 0) {
        return by_class;
    }
    int order = sw_value_compare(a, b);
    return is_descending ? -order : order;
}

static int compare_positions(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    for (uint32_t i = 0; i < sorted_key_count; i++) {
        const struct sw_value *column = sorted_world->value[sorted_keys[i].column];
        int order = compare_cells(&column[left], &column[right], sorted_keys[i].is_descending);
        if (order != 0) {
            return order;
        }
    }
    return (left > right) - (left < right);
}

/* i is not null and even, or every row. */
static bool passes(const struct world *world, uint64_t row, bool is_filtered)
{
    const struct sw_value *value = &world->value[WORLD_I][row];
    return !is_filtered || (!value->is_null && value->u.i % 2 == 0);
}

static uint64_t plain_order(const struct world *world, bool is_filtered,
                            const struct sw_sort_key *keys, uint32_t count, uint64_t *positions)
{
    uint64_t rows = 0;
    for (uint64_t row = 0; row < world->rows; row++) {
        if (passes(world, row, is_filtered)) {
            positions[rows++] = row;
        }
    }
    sorted_world = world;
    sorted_keys = keys;
    sorted_key_count = count;
    if (rows > 1) {
        qsort(positions, rows, sizeof(*positions), compare_positions);
    }
    return rows;
}

/* -- tests ---------------------------------------------------------------------------- */

struct stage {
    struct sw_pool *pool;
    struct sw_lane *lane;
    struct sw_budget budget;
};

static void stage_init(struct stage *stage, unsigned threads, int64_t limit)
{
    sw_budget_init(&stage->budget, "session_memory_bytes", limit, NULL);
    assert_int_equal(sw_pool_new(threads, NULL, NULL, &stage->pool, NULL), SW_OK);
    assert_int_equal(sw_lane_new(stage->pool, &stage->lane), SW_OK);
}

static void stage_fini(struct stage *stage)
{
    sw_pool_settle(stage->pool);
    sw_lane_free(stage->lane);
    sw_pool_free(stage->pool);
    assert_int_equal(sw_budget_used(&stage->budget), 0);
}

static struct outcome make_order(struct stage *stage, struct sw_version *version, bool is_filtered,
                                 const struct sw_sort_key *keys, uint32_t count)
{
    struct outcome outcome = {0};
    struct sw_order_job *job = NULL;
    struct sw_filter *filter = is_filtered ? filter_of(version, "i % 2 = 0") : NULL;
    const struct sw_order_spec spec = {.version = version,
                                       .sort = keys,
                                       .sort_count = count,
                                       .filters = &filter,
                                       .filter_count = is_filtered,
                                       .budget = &stage->budget};
    assert_int_equal(
        sw_order_submit(stage->pool, stage->lane, &spec, order_done, &outcome, &job, NULL), SW_OK);
    sw_pool_settle(stage->pool);
    assert_int_equal(outcome.calls, 1);
    return outcome;
}

static void assert_order(const struct sw_order *order, const uint64_t *expected, uint64_t rows)
{
    assert_int_equal(order->rows, rows);
    uint64_t *positions = calloc(rows + 1, sizeof(*positions));
    assert_non_null(positions);
    sw_order_positions(order, 0, (uint32_t)rows, positions);
    assert_memory_equal(positions, expected, rows * sizeof(*positions));
    free(positions);
}

static void random_orders_equal_a_plain_sort(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 60; round++) {
        struct world world;
        struct stage stage;
        const uint32_t group_rows[] = {SW_CHUNK_ROWS, 3000, 700, 64, 1};
        uint64_t rows =
            round % 5 == 4 ? test_random_below(&random, 40) : test_random_below(&random, 20000);
        world_init(&world, &random, rows, true);
        struct sw_version *version =
            world_version(&world, 1, group_rows[round % 5], round % 3 == 0 ? 0 : 2);
        uint64_t *expected = calloc(rows + 1, sizeof(*expected));
        assert_non_null(expected);
        stage_init(&stage, 1u << (round % 3), INT64_MAX);
        for (int times = 0; times < 4; times++) {
            struct sw_sort_key keys[5];
            uint32_t count = (uint32_t)test_random_below(&random, 6);
            for (uint32_t i = 0; i < count; i++) {
                keys[i].column = (uint32_t)test_random_below(&random, WORLD_COLUMNS);
                keys[i].is_descending = test_random_once_in(&random, 2);
            }
            bool is_filtered = test_random_once_in(&random, 2);

            struct outcome outcome = make_order(&stage, version, is_filtered, keys, count);

            assert_int_equal(outcome.status, SW_OK);
            uint64_t passed = plain_order(&world, is_filtered, keys, count, expected);
            assert_order(outcome.order, expected, passed);
            sw_order_unref(outcome.order);
        }
        stage_fini(&stage);
        free(expected);
        sw_version_unref(version);
        world_fini(&world);
    }
}

static void an_unsorted_order_is_read_group_by_group(void **state)
{
    (void)state;
    struct test_random random;
    struct world world;
    struct stage stage;
    test_random_init(&random, test_seed());
    world_init(&world, &random, 10000, false);
    struct sw_version *version = world_version(&world, 1, 3000, 0);
    stage_init(&stage, 2, INT64_MAX);

    struct outcome outcome = make_order(&stage, version, true, NULL, 0);

    uint64_t seen = 0;
    for (uint32_t group = 0; group < version->groups; group++) {
        uint32_t passed = 0;
        const uint64_t *bits = sw_order_select(outcome.order, group, &passed);
        assert_non_null(bits);
        for (uint32_t row = 0; row < version->group[group]->rows; row++) {
            bool is_set = (bits[row >> 6] >> (row & 63)) & 1;
            assert_int_equal(is_set, passes(&world, version->row_start[group] + row, true));
            seen += is_set;
        }
    }
    assert_int_equal(seen, outcome.order->rows);
    sw_order_unref(outcome.order);
    stage_fini(&stage);
    sw_version_unref(version);
    world_fini(&world);
}

static void a_sort_over_the_budget_is_refused_by_name(void **state)
{
    (void)state;
    struct test_random random;
    struct world world;
    struct stage stage;
    test_random_init(&random, test_seed());
    world_init(&world, &random, 50000, false);
    struct sw_version *version = world_version(&world, 1, 8192, 0);
    const struct sw_sort_key key = {WORLD_I, false};
    stage_init(&stage, 2, 100000);

    struct outcome outcome = make_order(&stage, version, false, &key, 1);

    assert_int_equal(outcome.status, SW_LIMIT);
    assert_string_equal(outcome.err.limit, "session_memory_bytes");
    assert_null(outcome.order);
    stage_fini(&stage);
    sw_version_unref(version);
    world_fini(&world);
}

static void assert_page(const struct world *world, const struct sw_page *page,
                        const uint64_t *expected, uint64_t rows, uint64_t offset, uint32_t limit)
{
    uint64_t left = offset < rows ? rows - offset : 0;
    assert_int_equal(page->total, rows);
    assert_int_equal(page->offset, offset);
    assert_int_equal(page->rows, left < limit ? left : limit);
    for (uint32_t row = 0; row < page->rows; row++) {
        uint64_t position = expected[offset + row];
        assert_int_equal(page->row_id[row], position);
        for (uint32_t column = 0; column < page->columns; column++) {
            const struct sw_value *is = &page->value[column][row];
            const struct sw_value *should = &world->value[column][position];
            assert_int_equal(is->is_null, should->is_null);
            assert_true(is->is_null || sw_value_compare(is, should) == 0);
        }
    }
}

static struct outcome get_page(struct stage *stage, struct sw_order_cache *cache,
                               struct sw_version *version, bool is_filtered,
                               const struct sw_sort_key *keys, uint32_t count, uint64_t offset,
                               uint32_t limit)
{
    struct outcome outcome = {0};
    struct sw_page_job *job = NULL;
    struct sw_filter *filter = is_filtered ? filter_of(version, "i % 2 = 0") : NULL;
    const struct sw_page_spec spec = {.version = version,
                                      .offset = offset,
                                      .limit = limit,
                                      .sort = keys,
                                      .sort_count = count,
                                      .filters = &filter,
                                      .filter_count = is_filtered,
                                      .filter_key = sw_span_text(is_filtered ? "even" : "")};
    assert_int_equal(
        sw_page_submit(stage->pool, stage->lane, cache, &spec, page_done, &outcome, &job, NULL),
        SW_OK);
    sw_pool_settle(stage->pool);
    assert_int_equal(outcome.calls, 1);
    assert_int_equal(outcome.status, SW_OK);
    return outcome;
}

static void random_pages_equal_windows_of_a_plain_sort(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 10; round++) {
        struct world world;
        struct stage stage;
        struct sw_order_cache *cache = NULL;
        uint64_t rows = test_random_below(&random, 8000);
        world_init(&world, &random, rows, true);
        struct sw_version *version = world_version(&world, 1, 1000, 0);
        uint64_t *expected = calloc(rows + 1, sizeof(*expected));
        assert_non_null(expected);
        stage_init(&stage, 2, INT64_MAX);
        assert_int_equal(sw_order_cache_new(&stage.budget, &cache), SW_OK);
        for (int times = 0; times < 25; times++) {
            const struct sw_sort_key keys[2] = {
                {(uint32_t)test_random_below(&random, 3) + WORLD_S, times % 2 == 0},
                {WORLD_F, true}};
            uint32_t count = (uint32_t)test_random_below(&random, 3);
            bool is_filtered = test_random_once_in(&random, 2);
            uint64_t offset = test_random_below(&random, rows + rows / 8 + 1);
            uint32_t limit = (uint32_t)test_random_below(&random, SW_PAGE_ROWS_MAX + 1);

            struct outcome outcome =
                get_page(&stage, cache, version, is_filtered, keys, count, offset, limit);

            uint64_t passed = plain_order(&world, is_filtered, keys, count, expected);
            assert_page(&world, outcome.page, expected, passed, offset, limit);
            sw_page_unref(outcome.page);
        }
        sw_order_cache_free(cache);
        stage_fini(&stage);
        free(expected);
        sw_version_unref(version);
        world_fini(&world);
    }
}

/* Many pages of one order at once: one order is computed, all get their rows; some leave early. */
static void pages_that_share_an_order_wait_for_it_together(void **state)
{
    (void)state;
    struct test_random random;
    struct world world;
    struct stage stage;
    struct sw_order_cache *cache = NULL;
    test_random_init(&random, test_seed());
    world_init(&world, &random, 30000, false);
    struct sw_version *version = world_version(&world, 1, 4096, 0);
    uint64_t *expected = calloc(world.rows, sizeof(*expected));
    assert_non_null(expected);
    const struct sw_sort_key key = {WORLD_R, true};
    uint64_t rows = plain_order(&world, false, &key, 1, expected);
    stage_init(&stage, 2, INT64_MAX);
    for (int round = 0; round < 30; round++) {
        struct outcome outcome[8] = {{0}};
        struct sw_page_job *job[8];
        assert_int_equal(sw_order_cache_new(&stage.budget, &cache), SW_OK);
        for (uint64_t i = 0; i < 8; i++) {
            const struct sw_page_spec spec = {.version = version,
                                              .offset = i * 3000,
                                              .limit = 100,
                                              .sort = &key,
                                              .sort_count = 1};
            assert_int_equal(sw_page_submit(stage.pool, stage.lane, cache, &spec, page_done,
                                            &outcome[i], &job[i], NULL),
                             SW_OK);
        }
        uint64_t leaving = test_random_bits(&random) & (round % 3 == 0 ? 0xff : 0x0f);
        for (int i = 0; i < 8; i++) {
            if ((leaving >> i) & 1) {
                sw_page_cancel(job[i]);
            }
        }
        if (round % 5 == 4) {
            sw_order_cache_clear(cache);
        }
        if (round % 5 == 3) {
            sw_order_cache_free(cache); /* ends what waits */
            cache = NULL;
        }

        sw_pool_settle(stage.pool);

        for (uint64_t i = 0; i < 8; i++) {
            assert_int_equal(outcome[i].calls, 1);
            if (((leaving >> i) & 1) == 0 && round % 5 != 3) {
                assert_int_equal(outcome[i].status, SW_OK);
            }
            if (outcome[i].status == SW_OK) {
                assert_page(&world, outcome[i].page, expected, rows, i * 3000, 100);
            } else {
                assert_int_equal(outcome[i].status, SW_CANCELLED);
            }
            sw_page_unref(outcome[i].page);
        }
        sw_order_cache_free(cache);
    }
    stage_fini(&stage);
    free(expected);
    sw_version_unref(version);
    world_fini(&world);
}

static void cached_orders_give_way_when_memory_is_short(void **state)
{
    (void)state;
    struct test_random random;
    struct world world;
    struct stage stage;
    struct sw_order_cache *cache = NULL;
    test_random_init(&random, test_seed());
    world_init(&world, &random, 40000, false);
    struct sw_version *version = world_version(&world, 1, 4096, 0);
    stage_init(&stage, 2, 3 << 20);
    assert_int_equal(sw_order_cache_new(&stage.budget, &cache), SW_OK);

    for (uint32_t i = 0; i < 40; i++) {
        const struct sw_sort_key keys[3] = {
            {i % WORLD_COLUMNS, i % 2 == 0}, {WORLD_M, true}, {i / WORLD_COLUMNS, false}};
        struct outcome outcome = get_page(&stage, cache, version, false, keys, 3, 20000, 10);
        sw_page_unref(outcome.page);
    }

    assert_true(sw_budget_used(&stage.budget) > 0);
    sw_order_cache_free(cache);
    stage_fini(&stage);
    sw_version_unref(version);
    world_fini(&world);
}

/* The next version, with the values of a column in a new chunk for the second group. */
static struct sw_version *with_new_chunk(const struct world *world,
                                         const struct sw_version *version, enum world_column column)
{
    struct sw_rowgroup *group[3];
    struct sw_version *made = NULL;
    assert_int_equal(version->groups, 3);
    for (uint32_t i = 0; i < 3; i++) {
        group[i] = version->group[i];
    }
    struct sw_chunk *chunk =
        world_chunk(world, (int)column, version->row_start[1], group[1]->rows, NULL);
    assert_int_equal(sw_rowgroup_with_chunk(group[1], column, chunk, &group[1]), SW_OK);
    assert_int_equal(
        sw_version_new(version->number + 1, version->schema, 3, group, version->next_row_id, &made),
        SW_OK);
    sw_rowgroup_unref(group[1]);
    return made;
}

static void an_order_outlives_the_edit_of_another_column(void **state)
{
    (void)state;
    struct test_random random;
    struct world world;
    struct stage stage;
    struct sw_order_cache *cache = NULL;
    const struct sw_sort_key keys[1] = {{WORLD_F, true}};
    test_random_init(&random, test_seed());
    world_init(&world, &random, 12000, false);
    struct sw_version *version = world_version(&world, 1, 4000, 0);
    struct sw_version *other = with_new_chunk(&world, version, WORLD_M);
    struct sw_version *sorted = with_new_chunk(&world, other, WORLD_F);
    struct sw_version *tested = with_new_chunk(&world, other, WORLD_I);
    stage_init(&stage, 2, INT64_MAX);
    assert_int_equal(sw_order_cache_new(&stage.budget, &cache), SW_OK);
    struct outcome first = get_page(&stage, cache, version, true, keys, 1, 100, 10);
    int64_t one = sw_budget_used(&stage.budget);

    struct outcome again = get_page(&stage, cache, other, true, keys, 1, 100, 10);

    assert_int_equal(sw_budget_used(&stage.budget), one);
    assert_int_equal(again.page->version, 2);
    assert_memory_equal(first.page->row_id, again.page->row_id, 10 * sizeof(uint64_t));
    sw_page_unref(get_page(&stage, cache, sorted, true, keys, 1, 100, 10).page);
    assert_int_equal(sw_budget_used(&stage.budget), 2 * one);
    sw_page_unref(get_page(&stage, cache, tested, true, keys, 1, 100, 10).page);
    assert_int_equal(sw_budget_used(&stage.budget), 3 * one);

    sw_page_unref(first.page);
    sw_page_unref(again.page);
    sw_order_cache_free(cache);
    stage_fini(&stage);
    sw_version_unref(version);
    sw_version_unref(other);
    sw_version_unref(sorted);
    sw_version_unref(tested);
    world_fini(&world);
}

/* A cancel at any moment: done comes once, and nothing is left behind. */
static void an_order_may_be_cancelled_at_any_moment(void **state)
{
    (void)state;
    struct test_random random;
    struct world world;
    struct stage stage;
    test_random_init(&random, test_seed());
    world_init(&world, &random, 20000, false);
    struct sw_version *version = world_version(&world, 1, 512, 0);
    stage_init(&stage, 3, INT64_MAX);
    for (int round = 0; round < 300; round++) {
        struct outcome outcome = {0};
        struct sw_order_job *job = NULL;
        struct sw_filter *filter = filter_of(version, "i % 2 = 0");
        const struct sw_sort_key key = {(uint32_t)round % WORLD_COLUMNS, false};
        const struct sw_order_spec spec = {.version = version,
                                           .sort = &key,
                                           .sort_count = 1,
                                           .filters = &filter,
                                           .filter_count = 1,
                                           .budget = &stage.budget};
        assert_int_equal(
            sw_order_submit(stage.pool, stage.lane, &spec, order_done, &outcome, &job, NULL),
            SW_OK);
        uint64_t spins = test_random_below(&random, 20000);
        double until = test_random_unit(&random);
        for (uint64_t spin = 0; spin < spins && sw_order_progress(job) < until; spin++) {
        }
        sw_order_cancel(job);

        sw_pool_settle(stage.pool);

        assert_int_equal(outcome.calls, 1);
        assert_true(outcome.status == SW_OK || outcome.status == SW_CANCELLED);
        sw_order_unref(outcome.order);
    }
    stage_fini(&stage);
    sw_version_unref(version);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_orders_equal_a_plain_sort),
        cmocka_unit_test(an_unsorted_order_is_read_group_by_group),
        cmocka_unit_test(a_sort_over_the_budget_is_refused_by_name),
        cmocka_unit_test(random_pages_equal_windows_of_a_plain_sort),
        cmocka_unit_test(pages_that_share_an_order_wait_for_it_together),
        cmocka_unit_test(cached_orders_give_way_when_memory_is_short),
        cmocka_unit_test(an_order_outlives_the_edit_of_another_column),
        cmocka_unit_test(an_order_may_be_cancelled_at_any_moment),
    };
    return cmocka_run_group_tests_name("exec/order", tests, NULL, NULL);
}
