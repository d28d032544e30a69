/* Partials that are kept: scans that find some against scans that know of none, over versions that
 * come from one another by edits, bit for bit; what is folded again; and what memory they hold. */
#include <stdatomic.h>

#include "exec/scan.h"
#include "fold/kinds.h"
#include "support/look.h"
#include "unit/fold/runs.h"

struct definition {
    const char *kind, *params;
};

static const struct definition definitions[] = {
    {"histogram", "{\"x\": \"f\", \"bins\": 20}"},
    {"histogram", "{\"x\": \"g\", \"bins\": 30, \"domain\": [-2000, 2000],"
                  " \"measure\": {\"fn\": \"stddev\", \"column\": \"f\"}}"},
    {"histogram", "{\"x\": \"ts\", \"bins\": 5000, \"measure\": {\"fn\": \"mean\", \"column\": "
                  "\"n\"}}"},
    {"histogram2d", "{\"x\": {\"column\": \"f\", \"bins\": 9}, \"y\": {\"column\": \"d\", "
                    "\"bins\": 7}, \"measure\": {\"fn\": \"max\", \"column\": \"t\"}}"},
    {"line", "{\"x\": \"ts\", \"y\": [\"f\", \"n\"], \"points\": 40}"},
    {"line", "{\"x\": \"g\", \"y\": [\"f\"], \"points\": 25, \"method\": \"minmax\"}"},
    {"line", "{\"x\": \"f\", \"y\": [\"g\", \"i\"], \"points\": 30, \"method\": \"mean\"}"},
    {"line", "{\"x\": \"ts\", \"y\": [\"g\"], \"points\": 20, \"method\": \"lttb\"}"},
    {"scatter", "{\"x\": \"f\", \"y\": \"g\", \"color\": \"t\", \"points\": 50}"},
    {"groupby", "{\"by\": [\"s\", \"b\"], \"measures\": {\"n\": {\"fn\": \"count\"}, \"m\": "
                "{\"fn\": \"mean\", \"column\": \"g\"}, \"x\": {\"fn\": \"sum\", \"expr\": \"f * "
                "1.1 + i\"}, \"low\": {\"fn\": \"min\", \"column\": \"n\"}}}"},
    {"groupby", "{\"by\": [\"t\"], \"measures\": {\"d\": {\"fn\": \"distinct\", \"column\": \"s\"},"
                " \"s\": {\"fn\": \"stddev\", \"column\": \"i\"}}, \"limit\": 5, \"other\": true,"
                " \"order\": {\"measure\": \"s\", \"desc\": true}}"},
    {"groupby",
     "{\"by\": [\"i\"], \"measures\": {\"m\": {\"fn\": \"median\", \"column\": \"f\"}}}"},
    {"value", "{\"measures\": {\"n\": {\"fn\": \"count\"}, \"s\": {\"fn\": \"sum\", \"column\": "
              "\"big\"}, \"d\": {\"fn\": \"distinct\", \"column\": \"t\"}, \"x\": {\"fn\": "
              "\"stddev\", \"expr\": \"g / f\"}}}"},
    {"quantiles", "{\"column\": \"f\", \"q\": [0.1, 0.5]}"},
    {"histogram", "{\"x\": \"f\", \"bins\": 10, \"facet\": {\"column\": \"s\"}}"},
    {"scatter", "{\"x\": \"f\", \"y\": \"i\", \"points\": 9, \"facet\": {\"column\": \"t\", "
                "\"limit\": 4}}"},
};
enum { OUTPUTS = sizeof(definitions) / sizeof(definitions[0]) };

/* -- one scan ------------------------------------------------------------------------------ */

struct ground {
    struct sw_pool *pool;
    struct sw_lane *lane;
    struct sw_budget server, budget;
    struct sw_partials_set *set;
    struct sw_partials *partials;
    struct sw_scan *scan;
};

static void ground_init(struct ground *ground, unsigned threads, int64_t limit)
{
    *ground = (struct ground){0};
    sw_budget_init(&ground->server, "memory_bytes", INT64_MAX, NULL);
    sw_budget_init(&ground->budget, "session_memory_bytes", limit, &ground->server);
    assert_int_equal(sw_pool_new(threads, NULL, NULL, &ground->pool, NULL), SW_OK);
    assert_int_equal(sw_lane_new(ground->pool, &ground->lane), SW_OK);
    assert_int_equal(sw_partials_set_new(&ground->server, &ground->set), SW_OK);
    assert_int_equal(sw_partials_new(ground->set, &ground->budget, &ground->partials), SW_OK);
}

static void ground_fini(struct ground *ground)
{
    sw_pool_settle(ground->pool);
    sw_lane_free(ground->lane);
    sw_pool_free(ground->pool);
    sw_partials_free(ground->partials);
    sw_partials_set_free(ground->set);
    assert_int_equal(sw_budget_used(&ground->budget), 0);
}

static void scan_done(void *context, struct sw_scan *scan)
{
    ((struct ground *)context)->scan = scan;
}

/* The filters of a test are told apart by a number. */
struct filters {
    struct selection selection;
    uint64_t number;
};

/* All definitions, each with one of the masks of the clauses; `fold` replaces that of the kind. */
static struct sw_scan *scan_all(struct ground *ground, struct world *world,
                                struct sw_version *version, const struct filters *filters,
                                bool with_partials, bool is_drag, const struct sw_fold *fold)
{
    struct sw_filter *filter[FILTERS_MAX];
    struct sw_identity key[FILTERS_MAX];
    struct sw_scan_output outputs[OUTPUTS];
    const uint32_t index[FILTERS_MAX] = {0, 1, 2};
    uint32_t clauses = filters->selection.clauses;
    struct sw_scan *scan = NULL;
    for (uint32_t i = 0; i < clauses; i++) {
        filter[i] = compile(&filters->selection.clause[i], version);
        key[i] = (struct sw_identity){filters->number, i};
    }
    uint32_t count = fold != NULL ? 1 : OUTPUTS;
    for (uint32_t i = 0; i < count; i++) {
        struct sw_json params = json_of(&world->arena, definitions[i].params);
        const struct sw_fold *kind =
            fold != NULL ? fold : sw_fold_find(sw_span_text(definitions[i].kind));
        struct sw_foldrun *run = NULL;
        assert_int_equal(sw_foldrun_new(kind, &params, version, &run, NULL), SW_OK);
        outputs[i] = (struct sw_scan_output){run, index, i % (clauses + 1), {0, 0}};
        sw_identity_add_text(&outputs[i].definition, sw_span_text(definitions[i].kind));
        sw_identity_add_text(&outputs[i].definition, sw_span_text(definitions[i].params));
    }
    const struct sw_scan_spec spec = {.version = version,
                                      .filters = filter,
                                      .filter_count = clauses,
                                      .outputs = outputs,
                                      .output_count = count,
                                      .budget = &ground->budget,
                                      .partials = with_partials ? ground->partials : NULL,
                                      .filter_keys = key,
                                      .keeps_whole_only = is_drag,
                                      .clock = &sw_clock_system};
    assert_int_equal(
        sw_scan_submit(ground->pool, ground->lane, &spec, scan_done, ground, &scan, NULL), SW_OK);
    sw_pool_settle(ground->pool);
    assert_ptr_equal(scan, ground->scan);
    return scan;
}

/* -- edits ------------------------------------------------------------------------------------ */

static struct sw_chunk *random_chunk(struct world *world, int column, uint32_t rows,
                                     const struct sw_chunk *before)
{
    struct sw_builder *builder;
    struct sw_chunk *chunk;
    struct sw_dict *dict = before == NULL ? NULL : before->dict;
    assert_int_equal(sw_builder_new(column_types[column], dict, NULL, &builder, NULL), SW_OK);
    for (uint32_t row = 0; row < rows; row++) {
        struct sw_value value = random_value(world, column, row);
        assert_int_equal(sw_builder_value(builder, &value), SW_OK);
    }
    assert_int_equal(sw_builder_seal(builder, &chunk, NULL), SW_OK);
    sw_builder_free(builder);
    return chunk;
}

static struct sw_rowgroup *random_group(struct world *world, uint64_t first_row_id)
{
    struct sw_chunk *chunk[COLUMNS];
    struct sw_rowgroup *group;
    uint32_t rows = (uint32_t)test_random_below(&world->random, 200) + 1;
    for (int c = 0; c < COLUMNS; c++) {
        chunk[c] = random_chunk(world, c, rows, NULL);
    }
    assert_int_equal(sw_rowgroup_take(COLUMNS, chunk, first_row_id, NULL, &group), SW_OK);
    return group;
}

/* A version with one group changed in a column, gone, or new. */
static struct sw_version *edit(struct world *world, const struct sw_version *version)
{
    struct sw_rowgroup **group = calloc(version->groups + 1, sizeof(struct sw_rowgroup *));
    struct sw_version *made;
    uint32_t groups = 0;
    uint64_t what = test_random_below(&world->random, 6);
    uint32_t at = (uint32_t)test_random_below(&world->random, version->groups + 1);
    int column = (int)test_random_below(&world->random, COLUMNS);
    for (uint32_t i = 0; i < version->groups; i++) {
        struct sw_rowgroup *old = version->group[i];
        if (i == at && what < 4) {
            struct sw_chunk *chunk = random_chunk(world, column, old->rows, old->chunk[column]);
            assert_int_equal(sw_rowgroup_with_chunk(old, (uint32_t)column, chunk, &group[groups++]),
                             SW_OK);
        } else if (i != at || what != 4) {
            group[groups++] = sw_rowgroup_ref(old);
        }
    }
    if (what == 5) {
        group[groups++] = random_group(world, version->next_row_id);
    }
    assert_int_equal(sw_version_new(version->number + 1, version->schema, groups, group,
                                    version->next_row_id + 200, &made),
                     SW_OK);
    for (uint32_t i = 0; i < groups; i++) {
        sw_rowgroup_unref(group[i]);
    }
    free(group);
    return made;
}

/* -- tests ------------------------------------------------------------------------------------ */

static void compare(struct ground *ground, struct world *world, struct sw_version *version,
                    const struct filters *filters, bool is_drag)
{
    struct sw_scan *warm = scan_all(ground, world, version, filters, true, is_drag, NULL);
    struct sw_scan *cold = scan_all(ground, world, version, filters, false, false, NULL);
    for (uint32_t i = 0; i < OUTPUTS; i++) {
        const struct sw_scan_result *a = sw_scan_result(cold, i);
        const struct sw_scan_result *b = sw_scan_result(warm, i);
        assert_int_equal(a->status, b->status);
        assert_int_equal(a->rows, b->rows);
        if (a->status == SW_OK) {
            check_same(a->series, b->series, definitions[i].params);
        }
    }
    sw_scan_free(warm);
    sw_scan_free(cold);
}

static void edits_and_filters_show_what_a_cold_scan_shows(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 12; round++) {
        enum { KEPT = 5 };
        struct ground ground;
        struct world *world = new_world(test_random_below(&random, UINT64_MAX));
        struct sw_version *version[KEPT];
        struct filters filters = {.selection = random_selection(world)};
        uint32_t now = 0;
        /* every third round there is room for a few only */
        ground_init(&ground, (unsigned)round % 3 + 1, round % 3 == 2 ? 8 << 20 : INT64_MAX);
        for (int i = 0; i < KEPT; i++) {
            version[i] = sw_version_ref(world->version[round % 3]);
        }

        for (int step = 0; step < 25; step++) {
            uint64_t what = test_random_below(&world->random, 8);
            if (what < 4) {
                struct sw_version *next = edit(world, version[now]);
                now = (now + 1) % KEPT;
                sw_version_unref(version[now]);
                version[now] = next;
            } else if (what < 6) { /* undo, sometimes far */
                now = (uint32_t)test_random_below(&world->random, KEPT);
            } else if (what == 6) {
                filters.selection = random_selection(world);
                filters.number++;
            }
            compare(&ground, world, version[now], &filters, test_random_once_in(&world->random, 3));
        }

        for (int i = 0; i < KEPT; i++) {
            sw_version_unref(version[i]);
        }
        ground_fini(&ground);
        free_world(world);
    }
}

static atomic_uint folded; /* row groups, by their first vectors */

static void counting_fold(const void *plan, void *state, struct sw_batch *batch)
{
    if (batch->start == 0) {
        atomic_fetch_add(&folded, 1);
    }
    sw_fold_histogram.fold(plan, state, batch);
}

static unsigned count_folded(struct ground *ground, struct world *world, struct sw_version *version,
                             const struct filters *filters, bool is_drag)
{
    static struct sw_fold counting; /* kept partials free their states by it */
    counting = sw_fold_histogram;
    counting.fold = counting_fold;
    atomic_store(&folded, 0);
    sw_scan_free(scan_all(ground, world, version, filters, true, is_drag, &counting));
    return atomic_load(&folded);
}

/* The world's middle version with another chunk in one of its groups. */
static struct sw_version *with_chunk(struct world *world, int column, uint32_t at)
{
    const struct sw_version *version = world->version[1];
    struct sw_rowgroup **group = calloc(version->groups, sizeof(struct sw_rowgroup *));
    struct sw_version *made;
    struct sw_rowgroup *old = version->group[at];
    struct sw_chunk *chunk = sw_chunk_ref(old->chunk[C_F]);
    if (column != C_F) {
        sw_chunk_unref(chunk);
        chunk = random_chunk(world, column, old->rows, old->chunk[column]);
    } else { /* the same values, so that the axis stays */
        struct sw_builder *builder;
        assert_int_equal(sw_builder_new(SW_TYPE_FLOAT, NULL, NULL, &builder, NULL), SW_OK);
        for (uint32_t row = 0; row < old->rows; row++) {
            struct sw_value value = test_cell(chunk, row);
            assert_int_equal(sw_builder_value(builder, &value), SW_OK);
        }
        sw_chunk_unref(chunk);
        assert_int_equal(sw_builder_seal(builder, &chunk, NULL), SW_OK);
        sw_builder_free(builder);
    }
    for (uint32_t i = 0; i < version->groups; i++) {
        group[i] = version->group[i];
    }
    assert_int_equal(sw_rowgroup_with_chunk(old, (uint32_t)column, chunk, &group[at]), SW_OK);
    assert_int_equal(
        sw_version_new(2, version->schema, version->groups, group, version->next_row_id, &made),
        SW_OK);
    sw_rowgroup_unref(group[at]);
    free(group);
    return made;
}

static void only_row_groups_with_another_chunk_are_folded_again(void **state)
{
    (void)state;
    struct ground ground;
    uint64_t seed = test_seed();
    struct world *world = new_world(seed);
    while (world->version[1]->groups < 10) {
        free_world(world);
        world = new_world(++seed);
    }
    struct sw_version *version = world->version[1];
    struct filters none = {.number = 0};
    ground_init(&ground, 2, INT64_MAX);

    assert_int_equal(count_folded(&ground, world, version, &none, false), version->groups);
    assert_int_equal(count_folded(&ground, world, version, &none, false), 0);
    struct sw_version *edited = with_chunk(world, C_F, 7);
    assert_int_equal(count_folded(&ground, world, edited, &none, false), 1);
    assert_int_equal(count_folded(&ground, world, edited, &none, true), 0);
    assert_int_equal(count_folded(&ground, world, version, &none, false), 0);
    struct sw_version *unread = with_chunk(world, C_I, 3);
    assert_int_equal(count_folded(&ground, world, unread, &none, false), 0);

    sw_version_unref(edited);
    sw_version_unref(unread);
    ground_fini(&ground);
    free_world(world);
}

static void a_charge_is_not_refused_for_what_partials_hold(void **state)
{
    (void)state;
    struct ground ground;
    struct world *world = new_world(test_seed());
    const struct filters none = {.number = 0};
    ground_init(&ground, 2, 64 << 20);
    ground.server.limit = 70 << 20;
    sw_scan_free(scan_all(&ground, world, world->version[0], &none, true, false, NULL));
    size_t kept = sw_partials_bytes(ground.partials);
    assert_true(world->rows == 0 || kept > 0);
    assert_int_equal(sw_budget_used(&ground.budget), kept);

    assert_int_equal(sw_budget_charge(&ground.budget, 64 << 20, NULL), SW_OK);

    assert_int_equal(sw_partials_bytes(ground.partials), 0);
    sw_budget_release(&ground.budget, 64 << 20);
    sw_scan_free(scan_all(&ground, world, world->version[0], &none, true, false, NULL));
    assert_int_equal(sw_budget_charge(&ground.server, 70 << 20, NULL), SW_OK); /* a neighbour's */
    assert_int_equal(sw_partials_bytes(ground.partials), 0);
    /* and none are kept while memory is short */
    sw_budget_release(&ground.server, 1 << 20);
    sw_scan_free(scan_all(&ground, world, world->version[1], &none, true, false, NULL));
    assert_int_equal(sw_partials_bytes(ground.partials), 0);
    sw_budget_release(&ground.server, 69 << 20);
    ground_fini(&ground);
    free_world(world);
}

static void what_is_left_of_given_up_partials_is_right(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 20; round++) {
        struct ground ground;
        struct world *world = new_world(test_random_below(&random, UINT64_MAX));
        struct filters filters = {.selection = random_selection(world)};
        ground_init(&ground, 2, INT64_MAX);
        struct sw_scan *scan =
            scan_all(&ground, world, world->version[1], &filters, true, false, NULL);
        sw_scan_free(scan);
        (void)sw_partials_give_up(ground.partials, sw_partials_bytes(ground.partials) / 2);
        compare(&ground, world, world->version[1], &filters, round % 2 == 0);
        ground_fini(&ground);
        free_world(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_and_filters_show_what_a_cold_scan_shows),
        cmocka_unit_test(only_row_groups_with_another_chunk_are_folded_again),
        cmocka_unit_test(a_charge_is_not_refused_for_what_partials_hold),
        cmocka_unit_test(what_is_left_of_given_up_partials_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
