/* A brush that moves again and again: its outputs come from an index then, without a worker, and
 * show what a scan shows. */
#include "unit/reactive/stage.h"

enum { ROWS = 30000, GROUP = 4000, MOVES = 30 };

static const char *const outputs[] = {
    "{\"output\":\"bars\",\"kind\":\"groupby\",\"table\":\"w\",\"select\":\"s\",\"by\":[\"s\"],"
    "\"measures\":{\"c\":{\"fn\":\"count\"},\"m\":{\"fn\":\"mean\",\"column\":\"f\"}}}",
    "{\"output\":\"shape\",\"kind\":\"histogram\",\"table\":\"w\",\"select\":\"s\",\"x\":\"f\"}",
    "{\"output\":\"when\",\"kind\":\"histogram\",\"table\":\"w\",\"select\":\"s\",\"x\":\"m\","
    "\"where\":\"n > 1\"}",
    "{\"output\":\"own\",\"kind\":\"histogram\",\"table\":\"w\",\"select\":\"s\",\"x\":\"i\","
    "\"except\":[\"b\"]}",
    "{\"output\":\"sum\",\"kind\":\"value\",\"table\":\"w\",\"select\":\"s\",\"measures\":{\"c\":"
    "{\"fn\":\"count\"},\"s\":{\"fn\":\"sum\",\"column\":\"i\"}}}",
};
enum { OUTPUTS = sizeof(outputs) / sizeof(outputs[0]) };
static const char *const names[OUTPUTS] = {"bars", "shape", "when", "own", "sum"};

static void open_stage(struct stage *stage, struct world *world, bool has_line)
{
    stage_init(stage, 2);
    stage_put_table(stage, 0, "w", world_version(world, 1, GROUP, 0));
    stage_must(
        stage, sw_graph_define_select,
        "{\"select\":\"s\",\"table\":\"w\",\"clauses\":[{\"column\":\"i\",\"between\":\"$b\"},"
        "{\"column\":\"d\",\"between\":\"$days\"}]}");
    for (int i = 0; i < OUTPUTS; i++) {
        stage_must(stage, sw_graph_define_output, outputs[i]);
    }
    if (has_line) {
        stage_must(stage, sw_graph_define_output,
                   "{\"output\":\"line\",\"kind\":\"line\",\"table\":\"w\",\"select\":\"s\",\"x\":"
                   "\"m\",\"y\":[\"f\"],\"points\":20}");
    }
    stage_settle(stage);
}

static void move(struct stage *stage, struct test_random *random, const char *more)
{
    char text[200];
    int64_t low = test_random_between(random, -1100000, 1100000);
    int64_t high = test_random_between(random, low, 1200000);
    snprintf(text, sizeof(text), "{\"b\":[%lld,%lld]%s}", (long long)low, (long long)high, more);
    stage_must(stage, sw_graph_set_inputs, text);
}

static void assert_same(const struct sw_output_value *a, const struct sw_output_value *b)
{
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->series->panel[0].fields, b->series->panel[0].fields);
    for (size_t i = 0; i < a->series->panel[0].fields; i++) {
        const struct sw_field *left = &a->series->panel[0].field[i];
        const struct sw_field *right = &b->series->panel[0].field[i];
        assert_string_equal(left->name, right->name);
        assert_int_equal(left->length, right->length);
        for (size_t k = 0; k < left->length; k++) {
            assert_int_equal(left->is_null != NULL && left->is_null[k],
                             right->is_null != NULL && right->is_null[k]);
            if (left->type == SW_TYPE_STRING) {
                assert_true(sw_span_equal(left->u.texts[k], right->u.texts[k]));
            } else {
                assert_int_equal(left->u.ints[k], right->u.ints[k]); /* all bits */
            }
        }
    }
}

/* Two graphs, of which one never sees a single input move alone. */
static void a_drag_shows_what_scans_show(void **state)
{
    (void)state;
    struct test_random random;
    struct world world;
    struct stage brushed;
    struct stage scanned;
    test_random_init(&random, test_seed());
    world_init(&world, &random, ROWS, false);
    open_stage(&brushed, &world, true);
    open_stage(&scanned, &world, true);

    for (int i = 0; i < MOVES; i++) {
        char other[32];
        struct test_random again = random;
        snprintf(other, sizeof(other), ",\"odd\":%d", i);
        move(&brushed, &random, "");
        move(&scanned, &again, other);
        stage_settle(&brushed);
        stage_settle(&scanned);
        for (int k = 0; k < OUTPUTS; k++) {
            assert_same(stage_output(&brushed, names[k])->value,
                        stage_output(&scanned, names[k])->value);
        }
        if (i == MOVES / 2) { /* another filter stands still from now on */
            stage_must(&brushed, sw_graph_set_inputs, "{\"days\":[\"2020-01-01\",null]}");
            stage_must(&scanned, sw_graph_set_inputs, "{\"days\":[\"2020-01-01\",null]}");
            stage_settle(&brushed);
            stage_settle(&scanned);
        }
    }

    stage_fini(&brushed);
    stage_fini(&scanned);
    world_fini(&world);
}

/* Most row groups of the base, some of the other: rows deleted, edited, put back. */
static struct sw_version *edited(const struct sw_version *base, const struct sw_version *other,
                                 struct test_random *random, uint64_t number)
{
    struct sw_rowgroup *group[ROWS / GROUP + 2];
    struct sw_version *version = NULL;
    uint32_t groups = 0;
    for (uint32_t g = 0; g < base->groups; g++) {
        uint64_t what = test_random_below(random, 8);
        if (what > 0) {
            group[groups++] = what == 1 ? other->group[g] : base->group[g];
        }
    }
    group[groups++] = other->group[test_random_below(random, other->groups)]; /* an append */
    assert_int_equal(
        sw_version_new(number, base->schema, groups, group, base->next_row_id, &version), SW_OK);
    return version;
}

static void show_edit(struct stage *stage, struct sw_version *version)
{
    stage_put_table(stage, 0, "w", sw_version_ref(version));
    stage_forward(stage, 1000); /* new versions alone run once per frame */
}

static void a_drag_over_edits_shows_what_scans_show(void **state)
{
    (void)state;
    struct test_random random;
    struct world world;
    struct stage brushed;
    struct stage scanned;
    test_random_init(&random, test_seed());
    world_init(&world, &random, ROWS, false);
    open_stage(&brushed, &world, false);
    open_stage(&scanned, &world, false);
    struct sw_version *base = world_version(&world, 1, GROUP, 0);
    struct sw_version *other = world_version(&world, 1, GROUP, 0);

    for (int i = 0; i < MOVES; i++) {
        char odd[32];
        struct test_random again;
        if (test_random_once_in(&random, 3)) {
            struct sw_version *version = edited(base, other, &random, (uint64_t)i + 2);
            show_edit(&brushed, version);
            show_edit(&scanned, version);
            sw_version_unref(version);
        }
        again = random;
        snprintf(odd, sizeof(odd), ",\"odd\":%d", i);
        move(&brushed, &random, "");
        move(&scanned, &again, odd);
        stage_settle(&brushed);
        stage_settle(&scanned);
        for (int k = 0; k < OUTPUTS; k++) {
            assert_same(stage_output(&brushed, names[k])->value,
                        stage_output(&scanned, names[k])->value);
        }
    }

    sw_version_unref(base);
    sw_version_unref(other);
    stage_fini(&brushed);
    stage_fini(&scanned);
    world_fini(&world);
}

static void from_the_third_move_on_no_worker_is_asked(void **state)
{
    (void)state;
    struct test_random random;
    struct world world;
    struct stage stage;
    test_random_init(&random, test_seed());
    world_init(&world, &random, ROWS, false);
    open_stage(&stage, &world, false);
    for (int i = 0; i < 2; i++) {
        move(&stage, &random, "");
        stage_settle(&stage);
    }

    for (int i = 0; i < 5; i++) {
        unsigned flushes = stage.flushes;
        move(&stage, &random, "");
        sw_graph_run(stage.graph);
        assert_int_equal(stage.flushes, flushes + 1); /* before the pool was looked at */
        assert_int_equal(stage.flushed_outputs, OUTPUTS - 1);
    }

    stage_fini(&stage);
    world_fini(&world);
}

static void moves(struct stage *stage, struct test_random *random, int count)
{
    for (int i = 0; i < count; i++) {
        move(stage, random, "");
        stage_settle(stage);
    }
}

static void an_index_goes_when_memory_is_short_or_its_table_is_dropped(void **state)
{
    (void)state;
    struct test_random random;
    struct world world;
    struct stage stage;
    test_random_init(&random, test_seed());
    world_init(&world, &random, ROWS, false);
    open_stage(&stage, &world, false);
    moves(&stage, &random, 3);
    int64_t with = sw_budget_used(&stage.budget);
    sw_graph_give_up(stage.graph);
    int64_t without = sw_budget_used(&stage.budget);
    assert_true(without < with);
    moves(&stage, &random, 3);
    assert_true(sw_budget_used(&stage.budget) > without);

    stage_put_table(&stage, 0, "w", NULL);

    assert_int_equal(sw_budget_used(&stage.budget), without);
    stage_settle(&stage);
    stage_fini(&stage);
    world_fini(&world);
}

/* Moves that the index answers before a worker was asked. */
static void move_at_once(struct stage *stage, struct test_random *random)
{
    unsigned flushes = stage->flushes;
    move(stage, random, "");
    sw_graph_run(stage->graph);
    assert_int_equal(stage->flushes, flushes + 1);
    assert_int_equal(stage->flushed_outputs, OUTPUTS - 1);
}

static void a_new_version_takes_the_index_along(void **state)
{
    (void)state;
    struct test_random random;
    struct world world;
    struct stage stage;
    test_random_init(&random, test_seed());
    world_init(&world, &random, ROWS, false);
    open_stage(&stage, &world, false);
    moves(&stage, &random, 3);

    struct sw_version *other = world_version(&world, 1, GROUP, 0);
    struct sw_version *version = world_version(&world, 1, GROUP, 0);
    show_edit(&stage, version);
    stage_settle(&stage);
    moves(&stage, &random, 3);
    for (uint32_t number = 2; number < 6; number++) {
        struct sw_rowgroup *group[ROWS / GROUP + 2];
        uint32_t at = number % version->groups;
        struct sw_chunk *chunk = sw_chunk_ref(other->group[at]->chunk[WORLD_F]);
        struct sw_version *next = NULL;
        memcpy(group, version->group, version->groups * sizeof(*group));
        assert_int_equal(sw_rowgroup_with_chunk(version->group[at], WORLD_F, chunk, &group[at]),
                         SW_OK);
        assert_int_equal(sw_version_new(number, version->schema, version->groups, group,
                                        version->next_row_id, &next),
                         SW_OK);
        sw_rowgroup_unref(group[at]);
        sw_version_unref(version);
        version = next;
        show_edit(&stage, version);
        stage_settle(&stage);

        move_at_once(&stage, &random);
    }

    sw_version_unref(version);
    sw_version_unref(other);
    stage_fini(&stage);
    world_fini(&world);
}

static void an_index_goes_with_a_version_that_changes_most_rows(void **state)
{
    (void)state;
    struct test_random random;
    struct world world;
    struct stage stage;
    test_random_init(&random, test_seed());
    world_init(&world, &random, ROWS, false);
    open_stage(&stage, &world, false);
    moves(&stage, &random, 3);
    int64_t with = sw_budget_used(&stage.budget);

    stage_put_table(&stage, 0, "w", world_version(&world, 2, GROUP, 0));
    stage_forward(&stage, 1000);
    stage_settle(&stage);
    int64_t without = sw_budget_used(&stage.budget);
    moves(&stage, &random, 1);
    int64_t after_one = sw_budget_used(&stage.budget);
    moves(&stage, &random, 1);

    assert_true(without < with);
    assert_int_equal(after_one, without); /* a move after an edit is the first in a row */
    assert_true(sw_budget_used(&stage.budget) > without);
    move_at_once(&stage, &random);
    stage_fini(&stage);
    world_fini(&world);
}

static void a_brush_that_is_announced_has_its_index_before_it_moves(void **state)
{
    (void)state;
    struct test_random random;
    struct world world;
    struct stage stage;
    test_random_init(&random, test_seed());
    world_init(&world, &random, ROWS, false);
    open_stage(&stage, &world, false);

    assert_int_equal(sw_graph_hint(stage.graph, sw_span_text("b")), OUTPUTS - 1);
    stage_settle(&stage);
    assert_int_equal(sw_graph_hint(stage.graph, sw_span_text("b")), OUTPUTS - 1);
    assert_int_equal(sw_graph_hint(stage.graph, sw_span_text("nothing")), 0);

    move_at_once(&stage, &random);
    stage_fini(&stage);
    world_fini(&world);
}

static void when_another_filter_changes_the_index_follows_with_the_next_move(void **state)
{
    (void)state;
    struct test_random random;
    struct world world;
    struct stage stage;
    test_random_init(&random, test_seed());
    world_init(&world, &random, ROWS, false);
    open_stage(&stage, &world, false);
    moves(&stage, &random, 3);

    for (int i = 0; i < 3; i++) {
        stage_must(&stage, sw_graph_set_inputs,
                   i == 1 ? "{\"days\":null}" : "{\"days\":[\"2020-01-01\",null]}");
        stage_settle(&stage);
        moves(&stage, &random, 1);
        move_at_once(&stage, &random);
    }

    stage_fini(&stage);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drag_shows_what_scans_show),
        cmocka_unit_test(a_drag_over_edits_shows_what_scans_show),
        cmocka_unit_test(from_the_third_move_on_no_worker_is_asked),
        cmocka_unit_test(an_index_goes_when_memory_is_short_or_its_table_is_dropped),
        cmocka_unit_test(a_new_version_takes_the_index_along),
        cmocka_unit_test(an_index_goes_with_a_version_that_changes_most_rows),
        cmocka_unit_test(a_brush_that_is_announced_has_its_index_before_it_moves),
        cmocka_unit_test(when_another_filter_changes_the_index_follows_with_the_next_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
