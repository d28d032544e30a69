/* Runs that wait until their tables are ready: the owner is played here. */
#include "unit/reactive/stage.h"

#include "edit/edit.h"
#include "edit/formula.h"

static struct {
    struct stage *stage;
    unsigned questions, cancels, forgets;
    bool is_slow; /* the answer comes later */
    sw_status status;
    struct sw_need *need;
    size_t needs;
} owner;

static void answer_needs(void)
{
    for (size_t i = 0; i < owner.needs; i++) {
        struct sw_need *need = &owner.need[i];
        struct sw_version *version = stage_version(owner.stage, need->table);
        need->version = version == NULL ? NULL : sw_version_ref(version);
        need->status =
            owner.status == SW_OK ? SW_OK : sw_fail(&need->err, owner.status, "not this time");
    }
}

static sw_status on_prepare(void *context, struct sw_need *needs, size_t count)
{
    assert_ptr_equal(context, owner.stage);
    owner.questions++;
    owner.need = needs;
    owner.needs = count;
    if (owner.is_slow) {
        return SW_AGAIN;
    }
    answer_needs();
    return SW_OK;
}

static void on_cancel(void *context)
{
    (void)context;
    owner.cancels++;
}

static void on_forget(void *context)
{
    (void)context;
    owner.forgets++;
}

static double on_progress(void *context)
{
    (void)context;
    return 0.2;
}

static const struct sw_graph_calls calls = {.version = stage_version,
                                            .on_start = stage_on_start,
                                            .on_value = stage_on_value,
                                            .on_state = stage_on_state,
                                            .on_flush = stage_on_flush,
                                            .prepare = on_prepare,
                                            .prepare_cancel = on_cancel,
                                            .prepare_forget = on_forget,
                                            .prepare_progress = on_progress};

static void begin(struct stage *stage, struct world *world)
{
    memset(&owner, 0, sizeof(owner));
    owner.stage = stage;
    gate_open(true);
    struct test_random random;
    test_random_init(&random, test_seed());
    world_init(world, &random, 1000, false);
    stage_init(stage, 2);
    sw_graph_free(stage->graph);
    const struct sw_graph_options options = {.pool = stage->pool,
                                             .lane = stage->lane,
                                             .clock = &stage->clock,
                                             .budget = &stage->budget,
                                             .orders = stage->orders,
                                             .calls = &calls,
                                             .context = stage,
                                             .find_fold = stage_find_fold};
    assert_int_equal(sw_graph_new(&options, &stage->graph), SW_OK);
    (void)stage_log(stage);
    stage_put_table(stage, 0, "w", world_version(world, 1, 100, 0));
}

static void end(struct stage *stage, struct world *world)
{
    stage_fini(stage);
    world_fini(world);
}

/* The answer that is owed. */
static void answer_now(struct stage *stage)
{
    answer_needs();
    sw_graph_prepared(stage->graph);
    sw_pool_settle(stage->pool);
}

static void define(struct stage *stage, const char *name)
{
    char text[160];
    (void)snprintf(text, sizeof(text),
                   "{\"output\":\"%s\",\"kind\":\"gated\",\"table\":\"w\",\"where\":\"n > $n\"}",
                   name);
    stage_must(stage, sw_graph_define_output, text);
}

static void a_run_asks_once_for_all_that_it_reads(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    begin(&stage, &world);
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-1}");
    define(&stage, "a");
    define(&stage, "b");

    stage_settle(&stage);

    assert_int_equal(owner.questions, 1);
    assert_int_equal(owner.needs, 1);
    assert_string_equal(stage_log(&stage), "start;a=1000;b=1000;flush;");
    end(&stage, &world);
}

static void a_run_waits_with_the_inputs_of_its_beginning(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    begin(&stage, &world);
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-1}");
    define(&stage, "a");
    owner.is_slow = true;
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;");

    stage_must(&stage, sw_graph_set_inputs, "{\"n\":5}");
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":1000000000}");
    stage_settle(&stage);
    assert_int_equal(owner.questions, 1);
    answer_now(&stage);
    assert_string_equal(stage_log(&stage), "a=1000;flush;start;");

    assert_int_equal(owner.questions, 2);
    answer_now(&stage);
    assert_string_equal(stage_log(&stage), "a=0;flush;");
    end(&stage, &world);
}

static void what_cannot_be_made_ready_is_its_outputs_error(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    begin(&stage, &world);
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-1}");
    define(&stage, "a");
    owner.status = SW_LIMIT;

    stage_settle(&stage);

    assert_string_equal(stage_log(&stage), "start;a:error;flush;");
    assert_string_equal(stage_output(&stage, "a")->err.message, "not this time");
    owner.status = SW_OK;
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-2}");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;a=1000;a:ok;flush;");
    end(&stage, &world);
}

static void a_newer_input_cancels_what_has_just_begun_to_be_made_ready(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    begin(&stage, &world);
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-1}");
    define(&stage, "a");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;a=1000;flush;");

    owner.is_slow = true;
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":5}");
    stage_settle(&stage);
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-3}");
    stage_settle(&stage);
    assert_int_equal(owner.cancels, 1);
    assert_int_equal(owner.questions, 2);
    owner.is_slow = false;
    owner.status = SW_CANCELLED;
    answer_needs();
    owner.status = SW_OK;
    sw_graph_prepared(stage.graph);
    sw_pool_settle(stage.pool);

    assert_int_equal(owner.questions, 3);
    assert_string_equal(stage_log(&stage), "start;start;a=1000;flush;");
    end(&stage, &world);
}

static void outputs_may_go_and_pause_while_their_table_is_made_ready(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    begin(&stage, &world);
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-1}");
    define(&stage, "a");
    define(&stage, "b");
    define(&stage, "c");
    owner.is_slow = true;
    stage_settle(&stage);
    assert_int_equal(sw_graph_drop_output(stage.graph, sw_span_text("a"), NULL), SW_OK);
    assert_int_equal(sw_graph_pause_output(stage.graph, sw_span_text("b"), true, NULL), SW_OK);

    answer_now(&stage);

    assert_string_equal(stage_log(&stage), "start;b:paused;c=1000;flush;");
    end(&stage, &world);
}

/* The stage's table with a column z = n * 2, of which nothing is computed. */
static void add_formula(struct stage *stage)
{
    struct sw_edit_plan *plan = NULL;
    struct sw_edit *edit = NULL;
    struct sw_edit_result result;
    struct sw_arena arena;
    const struct sw_json *params = NULL;
    sw_arena_init(&arena);
    assert_int_equal(
        sw_decode_json(&arena, sw_span_text("{\"name\":\"z\",\"expr\":\"n * 2\"}"), &params, NULL),
        SW_OK);
    assert_int_equal(
        sw_edit_plan_new(sw_span_text("table.add_column"), params, NULL, NULL, NULL, &plan, NULL),
        SW_OK);
    assert_int_equal(sw_edit_new(plan, stage->version[0], NULL, &edit, NULL), SW_OK);
    while (sw_edit_step_work(edit, 0)) {
    }
    assert_int_equal(sw_edit_result(edit, &result, NULL), SW_OK);
    stage_put_table(stage, 0, "w", sw_version_ref(result.version));
    sw_edit_free(edit);
    sw_edit_plan_free(plan);
    sw_arena_fini(&arena);
}

static void realise(const struct sw_version *version)
{
    struct sw_realise_plan *plan = NULL;
    struct sw_realise_state *state = NULL;
    uint8_t *set = calloc(version->schema->columns, 1);
    set[version->schema->columns - 1] = 1;
    assert_int_equal(sw_realise_plan_new(version->schema, set, &plan, NULL), SW_OK);
    assert_int_equal(sw_realise_state_new(plan, NULL, &state, NULL), SW_OK);
    for (uint32_t i = 0; i < version->groups; i++) {
        assert_int_equal(sw_realise_group(state, version, i, NULL), SW_OK);
    }
    sw_realise_state_free(state);
    sw_realise_plan_free(plan);
    free(set);
}

static void a_formula_that_a_newer_selection_reads_is_asked_for_first(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    begin(&stage, &world);
    add_formula(&stage);
    stage_must(&stage, sw_graph_define_select,
               "{\"select\":\"q\",\"table\":\"w\",\"clauses\":[{\"expr\":\"1\"}]}");
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\",\"select\":\"q\"}");
    owner.is_slow = true;
    stage_settle(&stage);
    assert_int_equal(owner.need[0].columns, 0);
    stage_must(&stage, sw_graph_define_select,
               "{\"select\":\"q\",\"table\":\"w\",\"clauses\":[{\"expr\":\"Z IS NULL OR 1\"}]}");

    answer_now(&stage);
    assert_int_equal(owner.questions, 2);
    assert_int_equal(owner.need[0].columns, 1);
    assert_true(sw_span_equal(owner.need[0].column[0], sw_span_text("z")));
    realise(stage.version[0]);
    answer_now(&stage);

    assert_string_equal(stage_log(&stage), "start;flush;start;a=1000;flush;");
    end(&stage, &world);
}

static void a_graph_that_goes_wants_no_answer(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    begin(&stage, &world);
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-1}");
    define(&stage, "a");
    owner.is_slow = true;
    stage_settle(&stage);
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":4}");

    end(&stage, &world);

    assert_int_equal(owner.forgets, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_asks_once_for_all_that_it_reads),
        cmocka_unit_test(a_run_waits_with_the_inputs_of_its_beginning),
        cmocka_unit_test(what_cannot_be_made_ready_is_its_outputs_error),
        cmocka_unit_test(a_newer_input_cancels_what_has_just_begun_to_be_made_ready),
        cmocka_unit_test(outputs_may_go_and_pause_while_their_table_is_made_ready),
        cmocka_unit_test(a_formula_that_a_newer_selection_reads_is_asked_for_first),
        cmocka_unit_test(a_graph_that_goes_wants_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
