/* Scans with folds of the test's own: who sees which rows, rounds, errors, budgets, cancels. */
#include "unit/exec/world.h"

#include <stdatomic.h>

#include "exec/scan.h"
#include "expr/expr.h"

/* A fold that adds up a float column in the order in which it sees it, so that its bits tell the
 * order; it can ask for rounds, fail at a stage, and be slow. */
struct probe {
    double rounds; /* to ask for */
    double round;
    bool fails_in_init, fails_in_merge, fails_in_finish;
    size_t state_bytes;
};

struct probe_state {
    double sum;
    int64_t rows;
    uint64_t last_row; /* position; ascending within a partial and over merges */
    bool is_ordered;
};

static struct probe next_probe; /* what the next plan takes */

static sw_status probe_plan(const struct sw_json *params, const struct sw_fold_env *env,
                            void **plan, struct sw_err *err)
{
    (void)params;
    (void)env;
    (void)err;
    struct probe *probe = malloc(sizeof(*probe));
    assert_non_null(probe);
    *probe = next_probe;
    *plan = probe;
    return SW_OK;
}

static void probe_plan_free(void *plan)
{
    free(plan);
}

static sw_status probe_init(const void *plan, void **state)
{
    const struct probe *probe = plan;
    if (probe->fails_in_init) {
        return SW_NO_MEMORY;
    }
    struct probe_state *made = calloc(1, sizeof(*made));
    assert_non_null(made);
    made->is_ordered = true;
    *state = made;
    return SW_OK;
}

static void probe_fold(const void *plan, void *state, struct sw_batch *batch)
{
    (void)plan;
    struct probe_state *to = state;
    const double *values = sw_batch_floats(batch, WORLD_R);
    const uint64_t *valid = sw_batch_valid(batch, WORLD_R);
    for (uint32_t i = 0; i < batch->rows; i++) {
        if (batch->select != NULL && ((batch->select[i >> 6] >> (i & 63)) & 1) == 0) {
            continue;
        }
        uint64_t row = batch->version->row_start[batch->group_index] + batch->start + i;
        to->is_ordered = to->is_ordered && (to->rows == 0 || row > to->last_row);
        to->last_row = row;
        to->rows++;
        bool is_valid = valid == NULL || ((valid[i >> 6] >> (i & 63)) & 1);
        to->sum += is_valid ? values[i] : 0;
    }
}

static sw_status probe_merge(const void *plan, void *into, const void *from, uint32_t group)
{
    (void)group;
    const struct probe *probe = plan;
    struct probe_state *to = into;
    const struct probe_state *other = from;
    to->is_ordered = to->is_ordered && other->is_ordered &&
                     (to->rows == 0 || other->rows == 0 || other->last_row > to->last_row);
    to->sum += other->sum;
    to->rows += other->rows;
    to->last_row = other->rows > 0 ? other->last_row : to->last_row;
    return probe->fails_in_merge ? SW_LIMIT : SW_OK;
}

static sw_status probe_finish(void *plan, void *state, struct sw_series *series, size_t panel,
                              struct sw_err *err)
{
    struct probe *probe = plan;
    struct probe_state *from = state;
    assert_true(from->is_ordered);
    if (probe->fails_in_finish) {
        return sw_fail(err, SW_TYPE, "the probe was told to fail");
    }
    if (probe->round < probe->rounds) {
        probe->round++;
        return SW_AGAIN;
    }
    SW_TRY(sw_series_floats(series, panel, NULL, "sum", &from->sum, NULL, 1));
    return sw_series_ints(series, panel, NULL, "rows", SW_TYPE_INT, &from->rows, NULL, 1);
}

static void probe_state_free(void *state)
{
    free(state);
}

static size_t probe_state_bytes(const void *plan)
{
    return ((const struct probe *)plan)->state_bytes;
}

static bool probe_has_rounds(const void *plan)
{
    return ((const struct probe *)plan)->rounds > 0;
}

static const struct sw_fold probe_kind = {.kind = "probe",
                                          .plan = probe_plan,
                                          .plan_free = probe_plan_free,
                                          .init = probe_init,
                                          .fold = probe_fold,
                                          .merge = probe_merge,
                                          .finish = probe_finish,
                                          .state_free = probe_state_free,
                                          .state_bytes = probe_state_bytes,
                                          .has_rounds = probe_has_rounds};

static struct sw_foldrun *probe_run(const struct sw_version *version, struct probe probe)
{
    struct sw_foldrun *run = NULL;
    const struct sw_json params = {.kind = SW_JSON_OBJECT};
    next_probe = probe;
    assert_int_equal(sw_foldrun_new(&probe_kind, &params, version, &run, NULL), SW_OK);
    return run;
}

/* -- filters ------------------------------------------------------------------------------ */

enum { FILTERS = 4 };

static const char *const filter_texts[FILTERS] = {"n <= 3", "i > 0", "s = 'figs'", "n >= 2"};

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

static bool passes(const struct world *world, uint64_t row, unsigned mask)
{
    const struct sw_value *n = &world->value[WORLD_N][row];
    const struct sw_value *i = &world->value[WORLD_I][row];
    const struct sw_value *s = &world->value[WORLD_S][row];
    bool is[FILTERS] = {n->u.i <= 3, !i->is_null && i->u.i > 0,
                        !s->is_null && sw_span_equal(s->u.s, sw_span_text("figs")), n->u.i >= 2};
    for (int filter = 0; filter < FILTERS; filter++) {
        if (((mask >> filter) & 1) != 0 && !is[filter]) {
            return false;
        }
    }
    return true;
}

static uint64_t count_plain(const struct world *world, unsigned mask)
{
    uint64_t rows = 0;
    for (uint64_t row = 0; row < world->rows; row++) {
        rows += passes(world, row, mask);
    }
    return rows;
}

/* -- a scan ------------------------------------------------------------------------------- */

struct ground {
    struct sw_pool *pool;
    struct sw_lane *lane;
    struct sw_budget budget;
    unsigned done;
    struct sw_scan *scan; /* done, the test's */
};

static void ground_init(struct ground *ground, unsigned threads, int64_t limit)
{
    *ground = (struct ground){0};
    sw_budget_init(&ground->budget, "session_memory_bytes", limit, NULL);
    assert_int_equal(sw_pool_new(threads, NULL, NULL, &ground->pool, NULL), SW_OK);
    assert_int_equal(sw_lane_new(ground->pool, &ground->lane), SW_OK);
}

static void ground_fini(struct ground *ground)
{
    sw_pool_settle(ground->pool);
    sw_lane_free(ground->lane);
    sw_pool_free(ground->pool);
    assert_int_equal(sw_budget_used(&ground->budget), 0);
}

static void scan_done(void *context, struct sw_scan *scan)
{
    struct ground *ground = context;
    ground->done++;
    ground->scan = scan;
}

static struct sw_scan *start(struct ground *ground, struct sw_version *version,
                             const struct probe *probes, const unsigned *masks, uint32_t count)
{
    struct sw_filter *filters[FILTERS];
    uint32_t indices[64][FILTERS];
    struct sw_scan_output outputs[64];
    struct sw_scan *scan = NULL;
    for (int i = 0; i < FILTERS; i++) {
        filters[i] = filter_of(version, filter_texts[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        outputs[i] =
            (struct sw_scan_output){.run = probe_run(version, probes[i]), .filters = indices[i]};
        for (uint32_t filter = 0; filter < FILTERS; filter++) {
            if ((masks[i] >> filter) & 1) {
                indices[i][outputs[i].filter_count++] = filter;
            }
        }
    }
    const struct sw_scan_spec spec = {.version = version,
                                      .filters = filters,
                                      .filter_count = FILTERS,
                                      .outputs = outputs,
                                      .output_count = count,
                                      .budget = &ground->budget,
                                      .clock = &sw_clock_system};
    assert_int_equal(
        sw_scan_submit(ground->pool, ground->lane, &spec, scan_done, ground, &scan, NULL), SW_OK);
    return scan;
}

static double sum_of(const struct sw_scan_result *result)
{
    assert_int_equal(result->status, SW_OK);
    assert_string_equal(result->series->panel[0].field[0].name, "sum");
    return result->series->panel[0].field[0].u.floats[0];
}

static int64_t rows_of(const struct sw_scan_result *result)
{
    return result->series->panel[0].field[1].u.ints[0];
}

static void each_output_sees_the_rows_that_pass_its_filters_in_order(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 40; round++) {
        const uint32_t group_rows[] = {SW_CHUNK_ROWS, 5000, 300, 17};
        struct world world;
        struct ground ground;
        struct probe probes[24] = {{0}};
        unsigned masks[24];
        uint64_t rows = round % 10 == 9 ? 0 : test_random_below(&random, 12000);
        world_init(&world, &random, rows, false);
        struct sw_version *version = world_version(&world, 1, group_rows[round % 4], 3);
        for (int i = 0; i < 24; i++) {
            masks[i] = (unsigned)test_random_below(&random, 1u << FILTERS);
            probes[i].rounds = (double)test_random_below(&random, 3);
        }
        ground_init(&ground, 1u << (round % 3), INT64_MAX);

        (void)start(&ground, version, probes, masks, 24);
        sw_pool_settle(ground.pool);

        assert_int_equal(ground.done, 1);
        assert_false(sw_scan_was_cancelled(ground.scan));
        assert_true(sw_scan_progress(ground.scan) == 1);
        for (uint32_t i = 0; i < 24; i++) {
            const struct sw_scan_result *result = sw_scan_result(ground.scan, i);
            uint64_t passed = count_plain(&world, masks[i]);
            (void)sum_of(result);
            assert_int_equal(result->rows, passed);
            assert_int_equal(rows_of(result), passed);
        }
        sw_scan_free(ground.scan);
        ground_fini(&ground);
        sw_version_unref(version);
        world_fini(&world);
    }
}

static void the_order_of_additions_does_not_depend_on_threads_or_company(void **state)
{
    (void)state;
    struct test_random random;
    struct world world;
    double alone = 0;
    test_random_init(&random, test_seed());
    world_init(&world, &random, 40000, false);
    struct sw_version *version = world_version(&world, 1, 256, 0); /* 157 groups, 32 stripes */
    const unsigned masks[5] = {1, 0, 3, 12, 1};
    const struct probe probes[5] = {
        {.rounds = 1}, {.rounds = 0}, {.rounds = 0}, {.rounds = 2}, {.rounds = 0}};
    for (unsigned threads = 1; threads <= 8; threads++) {
        for (int times = 0; times < 5; times++) {
            struct ground ground;
            ground_init(&ground, threads, INT64_MAX);
            (void)start(&ground, version, probes, masks, threads == 1 ? 1 : 5);
            sw_pool_settle(ground.pool);
            double sum = sum_of(sw_scan_result(ground.scan, 0));
            alone = threads == 1 ? sum : alone;
            assert_memory_equal(&sum, &alone, sizeof(sum));
            sw_scan_free(ground.scan);
            ground_fini(&ground);
        }
    }
    sw_version_unref(version);
    world_fini(&world);
}

static void an_output_that_fails_keeps_its_error_to_itself(void **state)
{
    (void)state;
    struct test_random random;
    struct world world;
    struct ground ground;
    test_random_init(&random, test_seed());
    world_init(&world, &random, 5000, false);
    struct sw_version *version = world_version(&world, 1, 100, 0);
    const unsigned masks[6] = {0};
    const struct probe probes[6] = {
        {.fails_in_init = true}, {.fails_in_merge = true}, {.fails_in_finish = true}, {.rounds = 0},
        {.rounds = 2},           {.rounds = 1000}};
    ground_init(&ground, 2, INT64_MAX);

    (void)start(&ground, version, probes, masks, 6);
    sw_pool_settle(ground.pool);

    assert_int_equal(sw_scan_result(ground.scan, 0)->status, SW_NO_MEMORY);
    assert_int_equal(sw_scan_result(ground.scan, 1)->status, SW_LIMIT);
    assert_int_equal(sw_scan_result(ground.scan, 2)->status, SW_TYPE);
    assert_string_equal(sw_scan_result(ground.scan, 2)->err.message, "the probe was told to fail");
    assert_int_equal(rows_of(sw_scan_result(ground.scan, 3)), 5000);
    assert_int_equal(rows_of(sw_scan_result(ground.scan, 4)), 5000);
    assert_int_equal(sw_scan_result(ground.scan, 5)->status, SW_INTERNAL);
    sw_scan_free(ground.scan);
    ground_fini(&ground);
    sw_version_unref(version);
    world_fini(&world);
}

static void a_partial_over_the_budget_is_refused_by_name(void **state)
{
    (void)state;
    struct test_random random;
    struct world world;
    struct ground ground;
    test_random_init(&random, test_seed());
    world_init(&world, &random, 3000, false);
    struct sw_version *version = world_version(&world, 1, 100, 0);
    const unsigned masks[2] = {0};
    const struct probe probes[2] = {{.state_bytes = 1 << 20}, {.state_bytes = 16}};
    ground_init(&ground, 2, 1 << 19);

    (void)start(&ground, version, probes, masks, 2);
    sw_pool_settle(ground.pool);

    assert_int_equal(sw_scan_result(ground.scan, 0)->status, SW_LIMIT);
    assert_string_equal(sw_scan_result(ground.scan, 0)->err.limit, "session_memory_bytes");
    assert_int_equal(sw_scan_result(ground.scan, 1)->status, SW_OK);
    sw_scan_free(ground.scan);
    ground_fini(&ground);
    sw_version_unref(version);
    world_fini(&world);
}

static void a_filter_that_makes_too_much_text_fails_its_outputs_alone(void **state)
{
    (void)state;
    struct test_random random;
    struct world world;
    struct ground ground;
    struct sw_scan *scan = NULL;
    test_random_init(&random, test_seed());
    world_init(&world, &random, 40, false);
    struct sw_version *version = world_version(&world, 1, 10, 0);
    struct sw_filter *filters[1] = {filter_of(
        version, "length(replace(replace(replace('aaaaaaaaaaaaaaaa' || n, 'a', "
                 "'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'), 'b', "
                 "'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc'), 'c', "
                 "'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
                 "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
                 "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
                 "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
                 "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd')) > 0")};
    const uint32_t first = 0;
    const struct sw_scan_output outputs[2] = {
        {probe_run(version, (struct probe){.rounds = 0}), &first, 1, {0, 0}},
        {probe_run(version, (struct probe){.rounds = 0}), &first, 0, {0, 0}}};
    ground_init(&ground, 2, INT64_MAX);
    const struct sw_scan_spec spec = {.version = version,
                                      .filters = filters,
                                      .filter_count = 1,
                                      .outputs = outputs,
                                      .output_count = 2,
                                      .budget = &ground.budget,
                                      .clock = &sw_clock_system,
                                      .urgency = SW_CLASS_INTERACTIVE};

    assert_int_equal(
        sw_scan_submit(ground.pool, ground.lane, &spec, scan_done, &ground, &scan, NULL), SW_OK);
    sw_pool_settle(ground.pool);

    assert_int_equal(sw_scan_result(ground.scan, 0)->status, SW_LIMIT);
    assert_string_equal(sw_scan_result(ground.scan, 0)->err.limit, "expression_text");
    assert_int_equal(sw_scan_result(ground.scan, 1)->status, SW_OK);
    sw_scan_free(ground.scan);
    ground_fini(&ground);
    sw_version_unref(version);
    world_fini(&world);
}

static void a_scan_may_be_cancelled_at_any_moment(void **state)
{
    (void)state;
    struct test_random random;
    struct world world;
    test_random_init(&random, test_seed());
    world_init(&world, &random, 6000, false);
    struct sw_version *version = world_version(&world, 1, 50, 0);
    const unsigned masks[4] = {0, 1, 2, 3};
    const struct probe probes[4] = {{.rounds = 2}, {.rounds = 0}, {.rounds = 1}, {.rounds = 0}};
    for (int round = 0; round < 200; round++) {
        struct ground ground;
        ground_init(&ground, 1u + (unsigned)round % 3, INT64_MAX);
        struct sw_scan *scan = start(&ground, version, probes, masks, 4);
        double until = test_random_unit(&random);
        uint64_t spins = test_random_below(&random, 50000);
        for (uint64_t spin = 0; spin < spins && sw_scan_progress(scan) < until; spin++) {
        }
        sw_scan_cancel(scan);
        sw_pool_settle(ground.pool);
        assert_int_equal(ground.done, 1);
        for (uint32_t i = 0; i < 4; i++) {
            const struct sw_scan_result *result = sw_scan_result(ground.scan, i);
            assert_true(result->status == SW_CANCELLED || result->status == SW_OK);
            assert_true(result->status == SW_OK || sw_scan_was_cancelled(ground.scan));
        }
        sw_scan_free(ground.scan);
        ground_fini(&ground);
    }
    sw_version_unref(version);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_output_sees_the_rows_that_pass_its_filters_in_order),
        cmocka_unit_test(the_order_of_additions_does_not_depend_on_threads_or_company),
        cmocka_unit_test(an_output_that_fails_keeps_its_error_to_itself),
        cmocka_unit_test(a_partial_over_the_budget_is_refused_by_name),
        cmocka_unit_test(a_filter_that_makes_too_much_text_fails_its_outputs_alone),
        cmocka_unit_test(a_scan_may_be_cancelled_at_any_moment),
    };
    return cmocka_run_group_tests_name("exec/scan", tests, NULL, NULL);
}
