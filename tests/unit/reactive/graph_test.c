/* The rules of the graph, one by one; see src/reactive/README.md. */
#include "unit/reactive/stage.h"

/* A table `w` of ten row groups of 100 rows. */
static void stage_with_table(struct stage *stage, struct world *world, unsigned threads)
{
    struct test_random random;
    test_random_init(&random, test_seed());
    world_init(world, &random, 1000, false);
    stage_init(stage, threads);
    stage_put_table(stage, 0, "w", world_version(world, 1, 100, 0));
    (void)stage_log(stage);
    gate_open(true);
}

static void an_output_runs_at_once_and_after_what_it_depends_on(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    stage_with_table(&stage, &world, 2);
    stage_must(&stage, sw_graph_define_select,
               "{\"select\":\"q\",\"table\":\"w\",\"clauses\":["
               "{\"column\":\"n\",\"equals\":\"$n\"},{\"column\":\"i\",\"between\":\"$i\"}]}");
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\",\"select\":\"q\"}");
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"b\",\"kind\":\"gated\",\"table\":\"w\",\"select\":\"q\","
               "\"except\":[\"n\"]}");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;a=1000;b=1000;flush;");

    stage_must(&stage, sw_graph_set_inputs, "{\"n\":77}");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;a=0;flush;");

    stage_must(&stage, sw_graph_set_inputs, "{\"i\":[2000000,null]}");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;a=0;b=0;flush;");
    assert_int_equal(stage_output(&stage, "b")->values, 2);

    stage_must(&stage, sw_graph_set_inputs, "{\"i\":[null,null],\"n\":null}");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;a=1000;b=1000;flush;");
    stage_fini(&stage);
    world_fini(&world);
}

static void every_input_change_is_closed_by_a_flush(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    stage_with_table(&stage, &world, 2);
    stage_must(&stage, sw_graph_set_inputs, "{\"nobody\":1}");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;flush;");

    stage_must(&stage, sw_graph_set_inputs, "{\"nobody\":1}");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;flush;");

    stage_must(&stage, sw_graph_set_inputs, "{}");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;flush;");

    sw_graph_run(stage.graph);
    assert_string_equal(stage_log(&stage), "");
    stage_fini(&stage);
    world_fini(&world);
}

static void what_is_shown_already_is_not_computed_again(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    stage_with_table(&stage, &world, 2);
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\",\"where\":\"n > $n\"}");
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-1}");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;a=1000;flush;");

    /* There and back between two runs. */
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":5}");
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-1}");
    stage_settle(&stage);

    assert_string_equal(stage_log(&stage), "start;flush;");
    stage_fini(&stage);
    world_fini(&world);
}

/* The stage's table as the next version, with the same values of a column in another chunk. */
static void edit_column(struct stage *stage, const struct world *world, enum world_column column)
{
    const struct sw_version *before = stage->version[0];
    struct sw_rowgroup *group[10];
    struct sw_version *made = NULL;
    assert_int_equal(before->groups, 10);
    for (uint32_t i = 0; i < 10; i++) {
        group[i] = before->group[i];
    }
    struct sw_chunk *chunk = world_chunk(world, (int)column, 300, 100, NULL);
    assert_int_equal(sw_rowgroup_with_chunk(before->group[3], column, chunk, &group[3]), SW_OK);
    assert_int_equal(
        sw_version_new(before->number + 1, before->schema, 10, group, before->next_row_id, &made),
        SW_OK);
    sw_rowgroup_unref(group[3]);
    sw_version_unref(stage->version[0]);
    stage->version[0] = made;
    sw_graph_table_changed(stage->graph, sw_span_text("w"), false);
    stage_settle(stage);
}

static void note_version(void *context, struct sw_output_value *value)
{
    uint64_t *version = context;
    *version = *version * 10 + value->version;
}

static void note_nothing(void *context, const char *output, enum sw_output_state state,
                         double progress, const struct sw_err *err)
{
    (void)context;
    (void)output;
    (void)state;
    (void)progress;
    (void)err;
}

static void an_edit_runs_at_once_what_reads_the_column_and_nothing_else(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    uint64_t versions = 0;
    stage_with_table(&stage, &world, 2);
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"h\",\"kind\":\"histogram\",\"table\":\"w\",\"x\":\"f\"}");
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"v\",\"kind\":\"value\",\"table\":\"w\",\"where\":\"n < 9\","
               "\"measures\":{\"s\":{\"fn\":\"sum\",\"expr\":\"i + 1\"}}}");
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"p\",\"kind\":\"scatter\",\"table\":\"w\",\"x\":\"f\",\"y\":\"i\","
               "\"color\":\"m\"}");
    stage_settle(&stage);
    (void)stage_log(&stage);

    edit_column(&stage, &world, WORLD_F);
    edit_column(&stage, &world, WORLD_N);
    edit_column(&stage, &world, WORLD_I);
    edit_column(&stage, &world, WORLD_M);
    edit_column(&stage, &world, WORLD_B);

    const char *log = stage_log(&stage);
    const char *h = strstr(log, "start;h=1000;p=");
    assert_non_null(h);
    assert_ptr_equal(h, log);
    assert_non_null(strstr(log, "flush;start;v=1000;flush;start;v=1000;p="));
    const char *end = strstr(log, "flush;start;p=");
    assert_non_null(end);
    assert_non_null(strstr(end, "flush;start;flush;")); /* nothing shows b */
    sw_graph_each_value(stage.graph, note_version, note_nothing, &versions);
    assert_int_equal(versions, 666); /* all are those of the newest version */
    stage_fini(&stage);
    world_fini(&world);
}

static void an_unset_input_of_a_parameter_is_an_error_of_its_own(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    stage_with_table(&stage, &world, 2);
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"h\",\"kind\":\"histogram\",\"table\":\"w\",\"x\":\"i\","
               "\"bins\":\"$bins\"}");
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"g\",\"kind\":\"gated\",\"table\":\"w\"}");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;h:error;g=1000;flush;");
    assert_int_equal(stage_output(&stage, "h")->err.status, SW_PARAMS);
    assert_non_null(strstr(stage_output(&stage, "h")->err.message, "`bins`"));

    stage_must(&stage, sw_graph_set_inputs, "{\"bins\":4}");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;h=1000;h:ok;flush;");
    const struct sw_series *series = stage_output(&stage, "h")->value->series;
    assert_int_equal(stage_field(series, NULL, "count")->length, 4);

    stage_must(&stage, sw_graph_set_inputs, "{\"bins\":\"many\"}");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;h:error;flush;");

    stage_must(&stage, sw_graph_set_inputs, "{\"bins\":4}");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;h=1000;h:ok;flush;");
    stage_fini(&stage);
    world_fini(&world);
}

static void an_input_in_a_measures_expression_is_followed(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    stage_with_table(&stage, &world, 2);
    stage_must(&stage, sw_graph_set_inputs, "{\"k\":1}");
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"v\",\"kind\":\"value\",\"table\":\"w\",\"measures\":"
               "{\"s\":{\"fn\":\"sum\",\"expr\":\"n * $k\"}}}");
    stage_settle(&stage);
    const struct sw_field *field =
        stage_field(stage_output(&stage, "v")->value->series, "measures", "s");
    double once = field->type == SW_TYPE_FLOAT ? field->u.floats[0] : (double)field->u.ints[0];

    stage_must(&stage, sw_graph_set_inputs, "{\"k\":3}");
    stage_settle(&stage);

    field = stage_field(stage_output(&stage, "v")->value->series, "measures", "s");
    double thrice = field->type == SW_TYPE_FLOAT ? field->u.floats[0] : (double)field->u.ints[0];
    assert_true(once > 0);
    assert_true(thrice == 3 * once);
    stage_fini(&stage);
    world_fini(&world);
}

static void a_paused_output_does_not_run_until_it_is_resumed(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    stage_with_table(&stage, &world, 2);
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\",\"where\":\"n > $n\"}");
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-1}");
    stage_settle(&stage);
    (void)stage_log(&stage);

    assert_int_equal(sw_graph_pause_output(stage.graph, sw_span_text("a"), true, NULL), SW_OK);
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "a:paused;");
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":99}");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;flush;");

    assert_int_equal(sw_graph_pause_output(stage.graph, sw_span_text("a"), false, NULL), SW_OK);
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;a=0;a:ok;flush;");

    /* Nothing has changed meanwhile: no run, but the state is told. */
    assert_int_equal(sw_graph_pause_output(stage.graph, sw_span_text("a"), true, NULL), SW_OK);
    assert_int_equal(sw_graph_pause_output(stage.graph, sw_span_text("a"), false, NULL), SW_OK);
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "a:paused;a:ok;");
    stage_fini(&stage);
    world_fini(&world);
}

static void a_run_is_given_up_early_and_only_once_in_a_row(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    stage_with_table(&stage, &world, 1);
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\",\"where\":\"n > $n\"}");
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-1}");
    stage_settle(&stage); /* a frame, just now */
    (void)stage_log(&stage);
    gate_open(false);

    /* Two of ten groups are done when the next move comes: given up. */
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-2}");
    sw_graph_run(stage.graph);
    gate_allow(2);
    gate_await(3);
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-3}");
    sw_graph_run(stage.graph);
    gate_allow(1);
    while (stage.starts < 3) { /* its done half starts the next run */
        sw_pool_drain(stage.pool);
    }
    assert_string_equal(stage_log(&stage), "start;start;");

    /* The next one may not be given up for a third, however early. */
    gate_await(4);
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-4}");
    sw_graph_run(stage.graph);
    gate_open(true);
    sw_pool_settle(stage.pool);
    assert_string_equal(stage_log(&stage), "a=1000;flush;start;a=1000;flush;");
    stage_fini(&stage);
    world_fini(&world);
}

static void a_run_more_than_half_done_is_finished(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    stage_with_table(&stage, &world, 1);
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\",\"where\":\"n > $n\"}");
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-1}");
    stage_settle(&stage);
    (void)stage_log(&stage);
    gate_open(false);

    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-2}");
    sw_graph_run(stage.graph);
    gate_allow(6);
    gate_await(7);
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":99}");
    sw_graph_run(stage.graph);
    gate_open(true);
    sw_pool_settle(stage.pool);

    assert_string_equal(stage_log(&stage), "start;a=1000;flush;start;a=0;flush;");
    stage_fini(&stage);
    world_fini(&world);
}

static void a_run_is_finished_when_the_last_frame_is_old(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    stage_with_table(&stage, &world, 1);
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\",\"where\":\"n > $n\"}");
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-1}");
    stage_settle(&stage);
    (void)stage_log(&stage);
    gate_open(false);

    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-2}");
    sw_graph_run(stage.graph);
    gate_allow(1);
    gate_await(2);
    stage_forward(&stage, SW_FRAME_MS);
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":99}");
    sw_graph_run(stage.graph);
    gate_open(true);
    sw_pool_settle(stage.pool);

    assert_string_equal(stage_log(&stage), "start;a=1000;flush;start;a=0;flush;");
    stage_fini(&stage);
    world_fini(&world);
}

/* A drag that never pauses: each move comes while the run before it is at its first group. */
static void a_drag_sees_a_frame_at_least_with_every_second_run(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    char text[64];
    stage_with_table(&stage, &world, 1);
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\",\"where\":\"n > $n\"}");
    stage_settle(&stage);
    unsigned flushes = stage.flushes;

    for (int move = 0; move < 40; move++) {
        gate_open(false);
        snprintf(text, sizeof(text), "{\"n\":%d}", -2 - move);
        stage_must(&stage, sw_graph_set_inputs, text);
        sw_graph_run(stage.graph);
        gate_await(move % 2 == 0 ? 1 : 0);
        snprintf(text, sizeof(text), "{\"n\":%d}", -1000 - move);
        stage_must(&stage, sw_graph_set_inputs, text);
        sw_graph_run(stage.graph);
        gate_open(true);
        sw_pool_settle(stage.pool);
        stage_forward(&stage, 10);
    }

    assert_true(stage.flushes - flushes >= 40);
    stage_fini(&stage);
    world_fini(&world);
}

static void a_long_run_says_busy_with_progress_and_ok_afterwards(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    stage_with_table(&stage, &world, 1);
    gate_open(false);
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\"}");
    sw_graph_run(stage.graph);
    gate_allow(5);
    gate_await(6);

    assert_true(sw_graph_tick(stage.graph));
    assert_string_equal(stage_log(&stage), "start;");
    stage_forward(&stage, SW_BUSY_AFTER_MS);
    assert_true(sw_graph_tick(stage.graph));
    assert_true(sw_graph_tick(stage.graph)); /* the same progress is not told twice */
    assert_string_equal(stage_log(&stage), "a:busy;");
    gate_open(true);
    sw_pool_settle(stage.pool);

    assert_string_equal(stage_log(&stage), "a=1000;a:ok;flush;");
    assert_false(sw_graph_tick(stage.graph));
    stage_fini(&stage);
    world_fini(&world);
}

static void a_run_that_takes_too_long_ends_in_an_error_beside_what_it_has(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    stage_with_table(&stage, &world, 1);
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"p\",\"kind\":\"table\",\"table\":\"w\"}");
    stage_settle(&stage);
    (void)stage_log(&stage);
    gate_open(false);
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\",\"where\":\"n > $n\"}");
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-1}");
    sw_graph_run(stage.graph);
    gate_allow(2);
    gate_await(3);

    stage_forward(&stage, STAGE_FLUSH_MS);
    assert_true(sw_graph_tick(stage.graph));
    assert_string_equal(stage_log(&stage), "start;a:busy;"); /* at the edge it goes on */
    stage_forward(&stage, 1);
    assert_true(sw_graph_tick(stage.graph));
    gate_open(true);
    sw_pool_settle(stage.pool);

    assert_string_equal(stage_log(&stage), "a:error;flush;");
    const struct sw_err *err = &stage_output(&stage, "a")->err;
    assert_int_equal(err->status, SW_LIMIT);
    assert_string_equal(err->limit, "flush_ms");
    assert_int_equal(err->limit_allowed, STAGE_FLUSH_MS);
    assert_false(sw_graph_tick(stage.graph)); /* it is not tried again by itself */
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-2}");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;a=1000;a:ok;flush;");
    stage_fini(&stage);
    world_fini(&world);
}

static void versions_that_stream_in_start_one_run_per_frame(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    stage_with_table(&stage, &world, 2);
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\",\"where\":\"n > $n\"}");
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-1}");
    stage_settle(&stage);
    unsigned starts = stage.starts;

    for (uint64_t number = 2; number < 102; number++) { /* one every 10 ms */
        stage_put_table(&stage, 0, "w", world_version(&world, number, 100, 0));
        stage_settle(&stage);
        stage_forward(&stage, 10);
    }
    assert_in_range(stage.starts - starts, 9, 11);

    /* An input does not wait for the frame, and takes the newest version with it. */
    stage_put_table(&stage, 0, "w", world_version(&world, 200, 100, 0));
    stage_must(&stage, sw_graph_set_inputs, "{\"n\":-2}");
    stage_settle(&stage);
    assert_int_equal(stage.flushed_version, 200);
    assert_int_equal(stage_output(&stage, "a")->value->version, 200);

    /* The last version is shown in the end, by a tick. */
    stage_put_table(&stage, 0, "w", world_version(&world, 300, 100, 0));
    stage_put_table(&stage, 0, "w", world_version(&world, 301, 100, 0));
    while (sw_graph_tick(stage.graph)) {
        sw_pool_settle(stage.pool);
        stage_forward(&stage, 50);
    }
    assert_int_equal(stage_output(&stage, "a")->value->version, 301);
    stage_fini(&stage);
    world_fini(&world);
}

static void a_dropped_table_is_an_error_and_comes_back(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    stage_with_table(&stage, &world, 2);
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\"}");
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"p\",\"kind\":\"table\",\"table\":\"w\",\"limit\":3}");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;a=1000;p=1000;flush;");

    stage_put_table(&stage, 0, "w", NULL);
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;a:error;p:error;flush;");
    assert_int_equal(stage_output(&stage, "a")->err.status, SW_NO_TABLE);

    stage_forward(&stage, SW_FRAME_MS);
    stage_put_table(&stage, 0, "w", world_version(&world, 1, 100, 0));
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;a=1000;a:ok;p=1000;p:ok;flush;");
    stage_fini(&stage);
    world_fini(&world);
}

static const struct {
    stage_call call;
    const char *text;
    sw_status status;
    const char *says;
} wrong[] = {
    {sw_graph_define_output, "{\"output\":\"a\",\"kind\":\"pie\",\"table\":\"w\"}", SW_PARAMS,
     "`pie`"},
    {sw_graph_define_output, "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"x\"}", SW_NO_TABLE,
     "`x`"},
    {sw_graph_define_output,
     "{\"output\":\"a\",\"kind\":\"histogram\",\"table\":\"w\",\"x\":\"ii\",\"bins\":3}",
     SW_NO_COLUMN, "ii"},
    {sw_graph_define_output,
     "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\",\"where\":\"i >\"}", SW_EXPRESSION, ""},
    {sw_graph_define_output,
     "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\",\"where\":\"nope > 1\"}", SW_NO_COLUMN,
     "nope"},
    {sw_graph_define_output,
     "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\",\"select\":\"q\"}", SW_PARAMS, "`q`"},
    {sw_graph_define_output,
     "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\",\"except\":[\"i\"]}", SW_PARAMS,
     "select"},
    {sw_graph_define_output, "{\"output\":\"a\",\"kind\":\"table\",\"table\":\"w\",\"limit\":2000}",
     SW_PARAMS, "limit"},
    {sw_graph_define_output,
     "{\"output\":\"a\",\"kind\":\"table\",\"table\":\"w\",\"sort\":[{\"column\":\"zz\"}]}",
     SW_NO_COLUMN, "zz"},
    {sw_graph_define_output, "[]", SW_PARAMS, "object"},
    {sw_graph_define_select, "{\"select\":\"q\",\"table\":\"w\",\"clauses\":[{}]}", SW_PARAMS,
     "exactly one"},
    {sw_graph_define_select,
     "{\"select\":\"q\",\"table\":\"w\",\"clauses\":[{\"column\":\"zz\",\"in\":\"$x\"}]}",
     SW_NO_COLUMN, "zz"},
    {sw_graph_define_select,
     "{\"select\":\"q\",\"table\":\"w\",\"clauses\":[{\"column\":\"i\",\"between\":[1]}]}",
     SW_PARAMS, "two values"},
    {sw_graph_define_select,
     "{\"select\":\"q\",\"table\":\"w\",\"clauses\":[{\"column\":\"i\",\"between\":\"$i\","
     "\"ends\":\"[[\"}]}",
     SW_PARAMS, "ends"},
    {sw_graph_define_select, "{\"select\":\"q\",\"table\":\"x\",\"clauses\":[]}", SW_NO_TABLE,
     "`x`"},
    {sw_graph_set_inputs, "[1]", SW_PARAMS, "object"},
};

static void wrong_definitions_are_refused_and_leave_what_was(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    struct sw_err err;
    stage_with_table(&stage, &world, 2);
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"a\",\"kind\":\"histogram\",\"table\":\"w\",\"x\":\"i\",\"bins\":3}");
    stage_settle(&stage);
    (void)stage_log(&stage);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(stage_do(&stage, wrong[i].call, wrong[i].text, &err), wrong[i].status);
        assert_non_null(strstr(err.message, wrong[i].says));
        stage_settle(&stage);
        assert_string_equal(stage_log(&stage), "");
    }

    struct sw_buf out;
    sw_buf_init(&out);
    sw_graph_put_outputs(stage.graph, &out);
    assert_non_null(memmem(out.data, out.length, "\"kind\":\"histogram\"", 18));
    sw_buf_fini(&out);
    stage_fini(&stage);
    world_fini(&world);
}

static void a_clause_with_a_bad_input_is_an_error_of_those_who_use_it(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    stage_with_table(&stage, &world, 2);
    stage_must(&stage, sw_graph_define_select,
               "{\"select\":\"q\",\"table\":\"w\",\"clauses\":["
               "{\"column\":\"i\",\"between\":\"$i\",\"name\":\"brush\"}]}");
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\",\"select\":\"q\"}");
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"b\",\"kind\":\"gated\",\"table\":\"w\",\"select\":\"q\","
               "\"except\":[\"brush\"]}");
    stage_settle(&stage);
    (void)stage_log(&stage);

    stage_must(&stage, sw_graph_set_inputs, "{\"i\":3}");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;a:error;flush;");
    stage_must(&stage, sw_graph_set_inputs, "{\"i\":[\"x\",\"y\"]}");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;a:error;flush;");
    stage_must(&stage, sw_graph_set_inputs, "{\"i\":null}");
    stage_settle(&stage);
    assert_string_equal(stage_log(&stage), "start;a=1000;a:ok;flush;");
    stage_fini(&stage);
    world_fini(&world);
}

static void a_redefined_or_dropped_output_is_forgotten_by_its_run(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    stage_with_table(&stage, &world, 1);
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\"}");
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"b\",\"kind\":\"gated\",\"table\":\"w\"}");
    stage_settle(&stage);
    (void)stage_log(&stage);
    gate_open(false);
    stage_put_table(&stage, 0, "w", world_version(&world, 2, 100, 0));
    sw_graph_run(stage.graph);
    gate_await(1);

    assert_int_equal(sw_graph_drop_output(stage.graph, sw_span_text("a"), NULL), SW_OK);
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"b\",\"kind\":\"gated\",\"table\":\"w\",\"where\":\"n > 99\"}");
    sw_graph_run(stage.graph);
    gate_open(true);
    sw_pool_settle(stage.pool);

    assert_string_equal(stage_log(&stage), "start;start;b=0;flush;");
    assert_int_equal(stage_output(&stage, "b")->value->seq, 2);
    assert_int_equal(sw_graph_drop_output(stage.graph, sw_span_text("a"), NULL), SW_NO_OUTPUT);
    stage_fini(&stage);
    world_fini(&world);
}

static void a_graph_may_be_freed_while_it_runs(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        struct world world;
        struct stage stage;
        stage_with_table(&stage, &world, 1 + round % 3);
        gate_open(false);
        stage_must(&stage, sw_graph_define_output,
                   "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\"}");
        stage_must(&stage, sw_graph_define_output,
                   "{\"output\":\"p\",\"kind\":\"table\",\"table\":\"w\","
                   "\"sort\":[{\"column\":\"r\",\"desc\":true}]}");
        sw_graph_run(stage.graph);
        gate_allow(round % 5);
        sw_graph_free(stage.graph);
        stage.graph = NULL;
        gate_open(true);
        stage_fini(&stage);
        world_fini(&world);
    }
}

/* One more than fits is refused by name; one of a known name still goes. */
static void limits_are_named_at_their_edge(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    struct sw_err err;
    char text[256];
    stage_with_table(&stage, &world, 1);
    for (unsigned i = 0; i <= SW_INPUTS_MAX; i++) {
        snprintf(text, sizeof(text), "{\"in%u\":%u}", i, i);
        assert_int_equal(stage_do(&stage, sw_graph_set_inputs, text, &err),
                         i < SW_INPUTS_MAX ? SW_OK : SW_LIMIT);
    }
    assert_string_equal(err.limit, "inputs");
    stage_must(&stage, sw_graph_set_inputs, "{\"in7\":8}");
    for (unsigned i = 0; i <= SW_SELECTIONS_MAX; i++) {
        snprintf(text, sizeof(text), "{\"select\":\"q%u\",\"table\":\"w\",\"clauses\":[]}", i);
        assert_int_equal(stage_do(&stage, sw_graph_define_select, text, &err),
                         i < SW_SELECTIONS_MAX ? SW_OK : SW_LIMIT);
    }
    assert_string_equal(err.limit, "selections");
    stage_must(&stage, sw_graph_define_select,
               "{\"select\":\"q0\",\"table\":\"w\",\"clauses\":[]}");
    for (unsigned i = 0; i <= SW_OUTPUTS_MAX; i++) {
        snprintf(text, sizeof(text), "{\"output\":\"o%u\",\"table\":\"w\",\"kind\":\"gated\"}", i);
        assert_int_equal(stage_do(&stage, sw_graph_define_output, text, &err),
                         i < SW_OUTPUTS_MAX ? SW_OK : SW_LIMIT);
    }
    assert_string_equal(err.limit, "outputs");
    stage_fini(&stage); /* without a run: the stage keeps fewer outputs than these */
    world_fini(&world);
}

static unsigned told;

static void count_value(void *context, struct sw_output_value *value)
{
    assert_int_equal(value->rows, 1000);
    told++;
    (void)context;
}

static void count_state(void *context, const char *output, enum sw_output_state state,
                        double progress, const struct sw_err *err)
{
    assert_string_equal(output, "h");
    assert_int_equal(state, SW_OUTPUT_ERROR);
    assert_non_null(err);
    told += 100;
    (void)context;
    (void)progress;
}

static void after_a_resume_values_and_errors_are_there_again(void **state)
{
    (void)state;
    struct world world;
    struct stage stage;
    stage_with_table(&stage, &world, 2);
    stage_must(&stage, sw_graph_set_inputs, "{\"a\":[1,2],\"b\":\"x\",\"c\":null}");
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"a\",\"kind\":\"gated\",\"table\":\"w\"}");
    stage_must(&stage, sw_graph_define_output,
               "{\"output\":\"h\",\"kind\":\"histogram\",\"table\":\"w\",\"x\":\"i\","
               "\"bins\":\"$none\"}");
    stage_settle(&stage);

    told = 0;
    sw_graph_each_value(stage.graph, count_value, count_state, NULL);
    struct sw_buf out;
    sw_buf_init(&out);
    sw_graph_put_inputs(stage.graph, &out);

    assert_int_equal(told, 101);
    sw_buf_put_byte(&out, '\0');
    assert_string_equal(out.data, "{\"a\":[1,2],\"b\":\"x\"}");
    sw_buf_fini(&out);
    stage_fini(&stage);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_output_runs_at_once_and_after_what_it_depends_on),
        cmocka_unit_test(every_input_change_is_closed_by_a_flush),
        cmocka_unit_test(what_is_shown_already_is_not_computed_again),
        cmocka_unit_test(an_edit_runs_at_once_what_reads_the_column_and_nothing_else),
        cmocka_unit_test(an_unset_input_of_a_parameter_is_an_error_of_its_own),
        cmocka_unit_test(an_input_in_a_measures_expression_is_followed),
        cmocka_unit_test(a_paused_output_does_not_run_until_it_is_resumed),
        cmocka_unit_test(a_run_is_given_up_early_and_only_once_in_a_row),
        cmocka_unit_test(a_run_more_than_half_done_is_finished),
        cmocka_unit_test(a_run_is_finished_when_the_last_frame_is_old),
        cmocka_unit_test(a_drag_sees_a_frame_at_least_with_every_second_run),
        cmocka_unit_test(a_long_run_says_busy_with_progress_and_ok_afterwards),
        cmocka_unit_test(a_run_that_takes_too_long_ends_in_an_error_beside_what_it_has),
        cmocka_unit_test(versions_that_stream_in_start_one_run_per_frame),
        cmocka_unit_test(a_dropped_table_is_an_error_and_comes_back),
        cmocka_unit_test(wrong_definitions_are_refused_and_leave_what_was),
        cmocka_unit_test(a_clause_with_a_bad_input_is_an_error_of_those_who_use_it),
        cmocka_unit_test(a_redefined_or_dropped_output_is_forgotten_by_its_run),
        cmocka_unit_test(a_graph_may_be_freed_while_it_runs),
        cmocka_unit_test(limits_are_named_at_their_edge),
        cmocka_unit_test(after_a_resume_values_and_errors_are_there_again),
    };
    return cmocka_run_group_tests_name("reactive/graph", tests, NULL, NULL);
}
