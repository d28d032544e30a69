/* The index of a brush against folds of the same rows, bit for bit: random tables, other filters,
 * ranges, lists, workers, and versions that share row groups with the one before. */
#include "exec/brush.h"
#include "unit/fold/runs.h"

#define MOVES 6

static const struct {
    const char *kind, *params;
} outputs[] = {
    {"histogram", "{\"x\": \"f\", \"bins\": 20}"},
    {"histogram", "{\"x\": \"ts\", \"bins\": 300, \"measure\": {\"fn\": \"mean\", \"column\": "
                  "\"f\"}}"},
    {"histogram", "{\"x\": \"g\", \"bins\": 30, \"domain\": [-2000, 2000], \"measure\": {\"fn\": "
                  "\"sum\", \"column\": \"big\"}}"},
    {"histogram2d", "{\"x\": {\"column\": \"f\", \"bins\": 9}, \"y\": {\"column\": \"d\", "
                    "\"bins\": 7}}"},
    {"groupby", "{\"by\": [\"s\"], \"measures\": {\"n\": {\"fn\": \"count\"}, \"m\": {\"fn\": "
                "\"mean\", \"column\": \"g\"}, \"k\": {\"fn\": \"count\", \"column\": \"i\"}}}"},
    {"groupby", "{\"by\": [\"t\"], \"measures\": {\"s\": {\"fn\": \"sum\", \"column\": \"i\"}},"
                " \"limit\": 5, \"other\": true, \"order\": {\"measure\": \"s\", \"desc\": true}}"},
    {"value", "{\"measures\": {\"n\": {\"fn\": \"count\"}, \"s\": {\"fn\": \"sum\", \"column\": "
              "\"big\"}, \"m\": {\"fn\": \"mean\", \"column\": \"ts\"}, \"f\": {\"fn\": \"sum\", "
              "\"column\": \"f\"}}}"},
    {"value", "{\"measures\": {\"n\": {\"fn\": \"sum\", \"column\": \"n\"}}}"}, /* NaN: none */
    {"groupby",
     "{\"by\": [\"s\"], \"measures\": {\"f\": {\"fn\": \"stddev\", \"column\": \"f\"}, \"g\": "
     "{\"fn\": \"stddev\", \"column\": \"g\"}, \"i\": {\"fn\": \"stddev\", \"column\": \"i\"}}}"},
    {"histogram",
     "{\"x\": \"g\", \"bins\": 12, \"measure\": {\"fn\": \"min\", \"column\": \"f\"}}"},
    {"value",
     "{\"measures\": {\"d\": {\"fn\": \"max\", \"column\": \"d\"}, \"g\": {\"fn\": \"max\", "
     "\"column\": \"g\"}, \"n\": {\"fn\": \"min\", \"column\": \"n\"}, \"b\": {\"fn\": \"min\", "
     "\"column\": \"b\"}, \"big\": {\"fn\": \"max\", \"column\": \"big\"}}}"},
    {"histogram2d", "{\"x\": {\"column\": \"g\", \"bins\": 16}, \"y\": {\"column\": \"ts\", "
                    "\"bins\": 20}, \"measure\": {\"fn\": \"sum\", \"column\": \"i\"}}"},
};
enum { OUTPUTS = sizeof(outputs) / sizeof(outputs[0]) };

struct ground {
    struct sw_pool *pool;
    struct sw_lane *lane;
    struct sw_budget budget;
    struct sw_brush *done;
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

static void brush_done(void *context, struct sw_brush *brush)
{
    ((struct ground *)context)->done = brush;
}

/* All outputs that can be in an index, the even ones without the last of the other filters. */
static sw_status start(struct ground *ground, struct world *world, struct sw_version *version,
                       uint32_t column, const struct selection *others, struct sw_brush *from,
                       struct sw_brush **brush)
{
    const uint32_t index[FILTERS_MAX] = {0, 1, 2};
    struct sw_filter *filter[FILTERS_MAX];
    struct sw_brush_output output[OUTPUTS];
    uint32_t count = 0;
    for (uint32_t i = 0; i < others->clauses; i++) {
        filter[i] = compile(&others->clause[i], version);
    }
    for (uint32_t i = 0; i < OUTPUTS; i++) {
        struct sw_json params = json_of(&world->arena, outputs[i].params);
        struct sw_foldrun *run = NULL;
        const struct sw_fold *fold = sw_fold_find(sw_span_text(outputs[i].kind));
        assert_int_equal(sw_foldrun_new(fold, &params, version, &run, NULL), SW_OK);
        if (!sw_brush_takes(run)) {
            sw_foldrun_free(run);
            continue;
        }
        uint32_t filters =
            i % 2 == 0 && others->clauses > 0 ? others->clauses - 1 : others->clauses;
        output[count++] = (struct sw_brush_output){run, index, filters, {i, 0}};
    }
    const struct sw_brush_spec spec = {.version = version,
                                       .column = column,
                                       .filters = filter,
                                       .filter_count = others->clauses,
                                       .outputs = output,
                                       .output_count = count,
                                       .budget = &ground->budget,
                                       .from = from};
    return sw_brush_new(ground->pool, ground->lane, &spec, brush_done, ground, brush);
}

static struct clause random_brush(struct world *world, int column)
{
    struct clause clause = {.column = column, .kind = BETWEEN};
    if (column_types[column] == SW_TYPE_STRING || test_random_once_in(&world->random, 3)) {
        clause.kind = IN;
        (void)random_in(world, &clause);
    } else {
        (void)random_between(world, &clause);
    }
    return clause;
}

static void check_output(struct sw_brush *brush, struct world *world, struct sw_version *version,
                         const struct selection *others, const struct clause *clause, uint32_t i)
{
    const struct sw_identity identity = {i, 0};
    struct selection all = *others;
    struct sw_series *wanted = NULL;
    struct sw_series *got = NULL;
    struct sw_err err = {0};
    uint64_t rows = 0;
    int32_t slot = sw_brush_find(brush, &identity);
    if (slot < 0) {
        return;
    }
    all.clauses -= i % 2 == 0 && others->clauses > 0;
    all.clause[all.clauses++] = *clause;
    struct sw_json params = json_of(&world->arena, outputs[i].params);
    assert_int_equal(try_output(version, &all, outputs[i].kind, &params, 1, &wanted, &err), SW_OK);
    assert_int_equal(sw_brush_answer(brush, (uint32_t)slot, &got, &rows, &err), SW_OK);
    assert_int_equal(rows, wanted->rows);
    check_same(wanted, got, outputs[i].kind);
    sw_series_unref(wanted);
    sw_series_unref(got);
}

/* How many outputs the index held. */
static uint32_t check_moves(struct sw_brush *brush, struct world *world, struct sw_version *version,
                            const struct selection *others, int column, uint32_t *followed)
{
    uint32_t held = 0;
    for (int move = 0; move < MOVES; move++) {
        struct clause clause = random_brush(world, column);
        struct sw_filter *filter = compile(&clause, version);
        if (sw_brush_move(brush, filter)) {
            (*followed)++;
            for (uint32_t i = 0; i < OUTPUTS; i++) {
                check_output(brush, world, version, others, &clause, i);
            }
        }
        sw_filter_free(filter);
    }
    for (uint32_t i = 0; i < OUTPUTS; i++) {
        held += sw_brush_find(brush, &(struct sw_identity){i, 0}) >= 0;
    }
    return held;
}

/* Some of the row groups of a version, in their order, and now and then one of another version. */
static struct sw_version *some_groups(struct world *world, const struct sw_version *of,
                                      const struct sw_version *other)
{
    struct sw_rowgroup **group = calloc(of->groups + (size_t)1, sizeof(*group));
    struct sw_version *version = NULL;
    uint32_t groups = 0;
    for (uint32_t g = 0; g < of->groups; g++) {
        if (test_random_once_in(&world->random, 12) && other->groups > 0) {
            group[groups++] = other->group[test_random_below(&world->random, other->groups)];
        } else if (!test_random_once_in(&world->random, 6)) {
            group[groups++] = of->group[g];
        }
    }
    assert_int_equal(sw_version_new(2, world->schema, groups, group, world->rows, &version), SW_OK);
    free(group);
    return version;
}

struct tally {
    uint32_t made, held, followed, taken_over;
};

/* An index, and the same taken along through versions that share row groups. */
static void check_versions(struct ground *ground, struct world *world, int column, int round,
                           struct tally *tally)
{
    struct sw_brush *brush = NULL;
    struct selection others = random_selection(world);
    struct sw_version *version = sw_version_ref(world->version[round % 3]);
    others.clauses = others.clauses > 2 ? 2 : others.clauses;
    for (int edit = 0; edit < 3; edit++) {
        struct sw_brush *from = brush;
        brush = NULL;
        if (start(ground, world, version, (uint32_t)column, &others, from, &brush) == SW_OK) {
            sw_pool_settle(ground->pool);
            assert_ptr_equal(ground->done, brush);
            assert_true(sw_brush_is_of(brush, version));
            assert_int_equal(sw_budget_used(&ground->budget), sw_brush_bytes(brush));
            tally->held += check_moves(brush, world, version, &others, column, &tally->followed);
            tally->taken_over += sw_brush_groups_made(brush) < version->groups;
            tally->made++;
        } else {
            brush = NULL;
        }
        sw_version_unref(version);
        version = some_groups(world, world->version[round % 3], world->version[(round + 1) % 3]);
    }
    sw_version_unref(version);
    sw_brush_free(brush);
}

static void a_move_shows_what_a_fold_of_the_same_rows_shows(void **state)
{
    static const int brushed[] = {C_F, C_G, C_I, C_TS, C_D, C_BIG, C_N, C_S, C_T, C_B};
    struct tally tally = {0};
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 20; round++) {
        struct ground ground;
        struct world *world = new_world(test_random_below(&random, UINT64_MAX));
        int column = brushed[round % (int)(sizeof(brushed) / sizeof(brushed[0]))];
        ground_init(&ground, (unsigned)round % 3 + 1, INT64_MAX);

        check_versions(&ground, world, column, round / 10, &tally);

        ground_fini(&ground);
        free_world(world);
    }
    assert_true(tally.made > 25);
    assert_true(tally.held > 6 * tally.made);
    assert_true(tally.followed > 3 * tally.made);
    assert_true(tally.taken_over > tally.made / 4);
}

/* With so many rows that an index can be made. */
static struct world *full_world(void)
{
    uint64_t seed = test_seed();
    struct world *world = new_world(seed);
    while (world->rows < 100) {
        free_world(world);
        world = new_world(++seed);
    }
    return world;
}

static void without_room_there_is_no_index(void **state)
{
    (void)state;
    struct ground ground;
    struct sw_brush *brush = NULL;
    struct world *world = full_world();
    const struct selection none = {.clauses = 0};
    ground_init(&ground, 2, 100);

    assert_int_equal(start(&ground, world, world->version[0], C_F, &none, NULL, &brush), SW_LIMIT);
    assert_int_equal(sw_budget_used(&ground.budget), 0);

    ground_fini(&ground);
    free_world(world);
}

static void an_index_may_be_given_up_while_it_is_made(void **state)
{
    (void)state;
    struct ground ground;
    struct sw_brush *brush = NULL;
    struct world *world = full_world();
    const struct selection none = {.clauses = 0};
    ground_init(&ground, 2, INT64_MAX);
    assert_int_equal(start(&ground, world, world->version[0], C_F, &none, NULL, &brush), SW_OK);

    sw_brush_free(brush);
    sw_pool_settle(ground.pool);

    assert_null(ground.done);
    ground_fini(&ground);
    free_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_move_shows_what_a_fold_of_the_same_rows_shows),
        cmocka_unit_test(without_room_there_is_no_index),
        cmocka_unit_test(an_index_may_be_given_up_while_it_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
