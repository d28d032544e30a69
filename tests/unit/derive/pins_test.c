/* Readers of chunks whose values are away and come back, or fail to at the Nth time: whatever
 * becomes of it, no pin is left, the failure is told as what it is, and the next try works. */
#include "unit/derive/bed.h"

#include "edit/edit.h"
#include "exec/describe.h"
#include "exec/page.h"
#include "exec/scan.h"
#include "support/away.h"
#include "wire/encode.h"

typedef sw_status (*reader_fn)(struct bed *bed, struct sw_err *err);

static const struct sw_json *json_in(struct sw_arena *arena, const char *text)
{
    const struct sw_json *json = NULL;
    assert_int_equal(sw_decode_json(arena, sw_span_text(text), &json, NULL), SW_OK);
    return json;
}

static struct sw_filter *condition(const struct sw_version *version, const char *text)
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

static struct sw_filter *between(const struct sw_version *version, uint32_t column, int64_t low,
                                 int64_t high)
{
    struct sw_filter *filter = NULL;
    const struct sw_json from = {.kind = SW_JSON_INT, .u.integer = low};
    const struct sw_json to = {.kind = SW_JSON_INT, .u.integer = high};
    assert_int_equal(sw_filter_between(version, column, &from, &to, false, false, &filter, NULL),
                     SW_OK);
    return filter;
}

/* -- a scan ------------------------------------------------------------------------------- */

static const struct {
    const char *kind, *params;
} outputs[] = {
    {"groupby", "{\"by\": [\"s\", \"t\"], \"measures\": {\"a\": {\"fn\": \"median\", \"column\": "
                "\"f\"}, \"b\": {\"fn\": \"max\", \"column\": \"t\"}}}"},
    {"line", "{\"x\": \"m\", \"y\": [\"f\", \"i\"], \"points\": 40}"},
    {"scatter", "{\"x\": \"f\", \"y\": \"i\", \"color\": \"t\", \"points\": 50}"},
    {"histogram", "{\"x\": \"f\", \"bins\": 10, \"facet\": {\"column\": \"s\"}}"},
};
enum { OUTPUTS = sizeof(outputs) / sizeof(outputs[0]) };

static void scan_done(void *context, struct sw_scan *scan)
{
    (void)scan;
    (*(unsigned *)context)++;
}

static struct sw_scan *start_scan(struct bed *bed, unsigned *calls)
{
    static const uint32_t which[] = {0, 1};
    struct sw_filter *filter[] = {between(bed->w, WORLD_I, -30, 30),
                                  condition(bed->w, "length(t) > 3 AND f < 10")};
    struct sw_scan_output output[OUTPUTS] = {0};
    struct sw_scan *scan = NULL;
    struct sw_arena arena;
    sw_arena_init(&arena);
    for (unsigned i = 0; i < OUTPUTS; i++) {
        const struct sw_fold *fold = sw_fold_find(sw_span_text(outputs[i].kind));
        output[i] = (struct sw_scan_output){.filters = which, .filter_count = i % 3};
        assert_int_equal(
            sw_foldrun_new(fold, json_in(&arena, outputs[i].params), bed->w, &output[i].run, NULL),
            SW_OK);
    }
    const struct sw_scan_spec spec = {.version = bed->w,
                                      .filters = filter,
                                      .filter_count = 2,
                                      .outputs = output,
                                      .output_count = OUTPUTS,
                                      .budget = &bed->budget,
                                      .clock = &sw_clock_system};
    assert_int_equal(sw_scan_submit(bed->pool, bed->lane, &spec, scan_done, calls, &scan, NULL),
                     SW_OK);
    sw_arena_fini(&arena);
    return scan;
}

static sw_status read_scan(struct bed *bed, struct sw_err *err)
{
    unsigned calls = 0;
    struct sw_scan *scan = start_scan(bed, &calls);
    sw_status status = SW_OK;
    sw_pool_settle(bed->pool);
    assert_int_equal(calls, 1);
    for (uint32_t i = 0; i < OUTPUTS && status == SW_OK; i++) {
        status = sw_scan_result(scan, i)->status;
        *err = sw_scan_result(scan, i)->err;
    }
    sw_scan_free(scan);
    return status;
}

/* -- pages, descriptions ------------------------------------------------------------------- */

struct outcome {
    unsigned calls;
    sw_status status;
    struct sw_err err;
    struct sw_page *page;
};

static void page_done(void *context, sw_status status, struct sw_page *page,
                      const struct sw_err *err)
{
    *(struct outcome *)context = (struct outcome){1, status, *err, page};
}

static sw_status read_page(struct bed *bed, struct sw_err *err)
{
    static const struct sw_sort_key sort[] = {{WORLD_T, false}, {WORLD_S, true}, {WORLD_F, false}};
    struct sw_order_cache *cache = NULL;
    struct sw_page_job *job = NULL;
    struct outcome outcome = {0};
    struct sw_filter *filter = condition(bed->w, "i % 2 = 0");
    const struct sw_page_spec spec = {.version = bed->w,
                                      .offset = 5,
                                      .limit = 50,
                                      .sort = sort,
                                      .sort_count = 3,
                                      .filters = &filter,
                                      .filter_count = 1,
                                      .filter_key = sw_span_text("even")};
    assert_int_equal(sw_order_cache_new(&bed->budget, &cache), SW_OK);
    assert_int_equal(
        sw_page_submit(bed->pool, bed->lane, cache, &spec, page_done, &outcome, &job, NULL), SW_OK);
    sw_pool_settle(bed->pool);
    assert_int_equal(outcome.calls, 1);
    sw_page_unref(outcome.page);
    sw_order_cache_free(cache);
    *err = outcome.err;
    return outcome.status;
}

static void describe_done(void *context, sw_status status, struct sw_description *description,
                          const struct sw_err *err)
{
    *(struct outcome *)context = (struct outcome){1, status, *err, NULL};
    sw_description_free(description);
}

static sw_status read_description(struct bed *bed, struct sw_err *err)
{
    struct outcome outcome = {0};
    struct sw_describe_job *job = NULL;
    assert_int_equal(
        sw_describe_submit(bed->pool, bed->lane, bed->w, describe_done, &outcome, &job), SW_OK);
    sw_pool_settle(bed->pool);
    assert_int_equal(outcome.calls, 1);
    *err = outcome.err;
    return outcome.status;
}

/* -- edits, derivations, downloads ---------------------------------------------------------- */

static sw_status run_edit(struct bed *bed, const char *method, const char *params,
                          struct sw_err *err)
{
    struct sw_arena arena;
    struct sw_edit_plan *plan = NULL;
    struct sw_edit *edit = NULL;
    struct sw_edit_result result;
    sw_arena_init(&arena);
    assert_int_equal(sw_edit_plan_new(sw_span_text(method), json_in(&arena, params), NULL, NULL,
                                      NULL, &plan, err),
                     SW_OK);
    assert_int_equal(sw_edit_new(plan, bed->w, NULL, &edit, err), SW_OK);
    while (sw_edit_step_work(edit, 0)) {
    }
    sw_status status = sw_edit_result(edit, &result, err);
    sw_edit_free(edit);
    sw_edit_plan_free(plan);
    sw_arena_fini(&arena);
    return status;
}

static sw_status read_edits(struct bed *bed, struct sw_err *err)
{
    static const char *const edits[][2] = {
        {"table.update", "{\"set\": {\"f\": {\"expr\": \"f * 2\"}, \"t\": {\"expr\": \"t || 'x'\"}"
                         "}, \"where\": \"i > 0\"}"},
        {"table.delete_rows", "{\"where\": \"i % 3 = 0\"}"},
        {"table.cast_column", "{\"column\": \"i\", \"type\": \"string\"}"},
        {"table.append", "{\"rows\": [{\"i\": 1}]}"},
    };
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        SW_TRY(run_edit(bed, edits[i][0], edits[i][1], err));
    }
    return SW_OK;
}

static sw_status read_derivations(struct bed *bed, struct sw_err *err)
{
    static const char *const definitions[] = {
        "{\"from\":\"w\",\"join\":{\"table\":\"v\",\"on\":[\"t\"]},\"sort\":[{\"column\":\"t\"}]}",
        "{\"from\":\"w\",\"group_by\":[\"s\"],\"pivot\":{\"column\":\"n\",\"measure\":{\"fn\":"
        "\"max\",\"column\":\"t\"}}}",
        "{\"from\":\"w\",\"columns\":[\"i\",{\"name\":\"z\",\"expr\":\"f + 1\"}],\"where\":\"i > "
        "0\"}",
    };
    for (size_t i = 0; i < sizeof(definitions) / sizeof(definitions[0]); i++) {
        sw_status status = bed_run(bed, definitions[i]);
        if (bed->calls == 0) {
            fail_msg("%s: %s", definitions[i], bed->err.message);
        }
        *err = bed->err;
        SW_TRY(status);
    }
    return SW_OK;
}

static sw_status read_downloads(struct bed *bed, struct sw_err *err)
{
    static const uint32_t columns[] = {WORLD_T, WORLD_F, WORLD_S, WORLD_T};
    struct sw_csv_gather *gather = NULL;
    struct sw_buf out;
    uint64_t positions[SW_CSV_GATHER_MAX];
    sw_status status = SW_OK;
    sw_buf_init(&out);
    for (uint32_t g = 0; g < bed->w->groups && status == SW_OK; g++) {
        const struct sw_rowgroup *group = bed->w->group[g];
        status = sw_encode_csv_rows(&out, group, columns, 4, NULL, 0, group->rows, err);
    }
    for (uint32_t i = 0; i < SW_CSV_GATHER_MAX; i++) {
        positions[i] = i * UINT64_C(7919) % bed->w->rows;
    }
    assert_int_equal(sw_csv_gather_new(bed->w, columns, 4, &gather), SW_OK);
    if (status == SW_OK) {
        status = sw_csv_gather_rows(gather, positions, SW_CSV_GATHER_MAX, &out, err);
    }
    sw_csv_gather_free(gather);
    sw_buf_fini(&out);
    return status;
}

/* -- tests ---------------------------------------------------------------------------------- */

static void send_away(const struct bed *bed)
{
    test_send_away(bed->w);
    test_send_away(bed->v);
}

static void check_reader(reader_fn read)
{
    struct bed bed;
    struct sw_err err = {0};
    bed_init(&bed, test_seed(), 900, 150);

    send_away(&bed);
    if (read(&bed, &err) != SW_OK) {
        fail_msg("%s", err.message);
    }
    uint32_t loads = test_away_loads;
    assert_true(loads > 0);

    uint32_t step = loads / 40 + 1;
    for (uint32_t at = 1; at <= loads; at += step) {
        send_away(&bed); /* asserts that nothing is pinned */
        test_away_fails_at = at;
        assert_int_equal(read(&bed, &err), SW_STORAGE);
        assert_string_equal(err.message, "the disk refuses");
        assert_int_equal(read(&bed, &err), SW_OK);
    }
    send_away(&bed);
    bed_fini(&bed);
}

static void scans_tell_what_could_not_be_read_and_hold_no_pin(void **state)
{
    (void)state;
    check_reader(read_scan);
}

static void sorted_pages_tell_what_could_not_be_read_and_hold_no_pin(void **state)
{
    (void)state;
    check_reader(read_page);
}

static void descriptions_tell_what_could_not_be_read_and_hold_no_pin(void **state)
{
    (void)state;
    check_reader(read_description);
}

static void edits_tell_what_could_not_be_read_and_hold_no_pin(void **state)
{
    (void)state;
    check_reader(read_edits);
}

static void derivations_tell_what_could_not_be_read_and_hold_no_pin(void **state)
{
    (void)state;
    check_reader(read_derivations);
}

static void downloads_tell_what_could_not_be_read_and_hold_no_pin(void **state)
{
    (void)state;
    check_reader(read_downloads);
}

static void a_cancelled_scan_holds_no_pin(void **state)
{
    (void)state;
    struct bed bed;
    bed_init(&bed, test_seed(), 5000, 10);
    for (int round = 0; round < 20; round++) {
        unsigned calls = 0;
        send_away(&bed);
        struct sw_scan *scan = start_scan(&bed, &calls);
        if (round % 2 == 0) {
            while (test_away_loads < (uint32_t)round && !calls) {
                sw_pool_drain(bed.pool);
            }
        }
        sw_scan_cancel(scan);
        sw_pool_settle(bed.pool);
        assert_int_equal(calls, 1);
        sw_scan_free(scan);
    }
    send_away(&bed);
    bed_fini(&bed);
}

/* `a` ascends over the groups: 0..99 in the first, 100..199 in the second, ... */
static struct sw_version *make_ascending(uint32_t groups, uint32_t rows)
{
    static const char *const names[] = {"a", "b"};
    static const enum sw_type types[] = {SW_TYPE_INT, SW_TYPE_INT};
    struct sw_rowgroup **group = calloc(groups, sizeof(struct sw_rowgroup *));
    struct sw_schema *schema = NULL;
    struct sw_version *version = NULL;
    assert_non_null(group);
    assert_int_equal(sw_schema_new(2, names, types, &schema), SW_OK);
    for (uint32_t g = 0; g < groups; g++) {
        struct sw_chunk *chunk[2];
        for (uint32_t c = 0; c < 2; c++) {
            struct sw_builder *builder = NULL;
            assert_int_equal(sw_builder_new(SW_TYPE_INT, NULL, NULL, &builder, NULL), SW_OK);
            for (uint32_t i = 0; i < rows; i++) {
                int64_t value = c == 0 ? g * (int64_t)rows + i : i % 7;
                assert_int_equal(sw_builder_int(builder, value), SW_OK);
            }
            assert_int_equal(sw_builder_seal(builder, &chunk[c], NULL), SW_OK);
            sw_builder_free(builder);
        }
        assert_int_equal(sw_rowgroup_take(2, chunk, g * (uint64_t)rows, NULL, &group[g]), SW_OK);
    }
    assert_int_equal(sw_version_new(1, schema, groups, group, groups * (uint64_t)rows, &version),
                     SW_OK);
    for (uint32_t g = 0; g < groups; g++) {
        sw_rowgroup_unref(group[g]);
    }
    sw_schema_unref(schema);
    free(group);
    return version;
}

static void chunks_that_a_zone_decides_are_never_read(void **state)
{
    (void)state;
    enum { GROUPS = 10, ROWS = 3000 };
    struct bed bed;
    bed_init(&bed, test_seed(), 1, 1);
    struct sw_version *version = make_ascending(GROUPS, ROWS);
    struct sw_arena arena;
    struct sw_scan *scan = NULL;
    unsigned calls = 0;
    const uint32_t which = 0;
    sw_arena_init(&arena);
    test_send_away(version);
    /* all of the groups 2 to 4, the first rows of group 5, none of the others */
    struct sw_filter *filter = between(version, 0, 2 * ROWS, 5 * ROWS + 10);
    struct sw_scan_output output = {.filters = &which, .filter_count = 1};
    assert_int_equal(sw_foldrun_new(sw_fold_find(sw_span_text("value")),
                                    json_in(&arena, "{\"measures\": {\"x\": {\"fn\": \"sum\", "
                                                    "\"column\": \"b\"}}}"),
                                    version, &output.run, NULL),
                     SW_OK);
    const struct sw_scan_spec spec = {.version = version,
                                      .filters = &filter,
                                      .filter_count = 1,
                                      .outputs = &output,
                                      .output_count = 1,
                                      .clock = &sw_clock_system};

    assert_int_equal(sw_scan_submit(bed.pool, bed.lane, &spec, scan_done, &calls, &scan, NULL),
                     SW_OK);
    sw_pool_settle(bed.pool);

    assert_int_equal(sw_scan_result(scan, 0)->status, SW_OK);
    assert_int_equal(sw_scan_result(scan, 0)->rows, 3 * ROWS + 11);
    for (uint32_t g = 0; g < GROUPS; g++) {
        assert_int_equal(test_loads_of(version->group[g]->chunk[0]), g == 5);
        assert_int_equal(test_loads_of(version->group[g]->chunk[1]), g >= 2 && g <= 5);
    }
    sw_scan_free(scan);
    test_send_away(version);
    sw_version_unref(version);
    sw_arena_fini(&arena);
    bed_fini(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scans_tell_what_could_not_be_read_and_hold_no_pin),
        cmocka_unit_test(sorted_pages_tell_what_could_not_be_read_and_hold_no_pin),
        cmocka_unit_test(descriptions_tell_what_could_not_be_read_and_hold_no_pin),
        cmocka_unit_test(edits_tell_what_could_not_be_read_and_hold_no_pin),
        cmocka_unit_test(derivations_tell_what_could_not_be_read_and_hold_no_pin),
        cmocka_unit_test(downloads_tell_what_could_not_be_read_and_hold_no_pin),
        cmocka_unit_test(a_cancelled_scan_holds_no_pin),
        cmocka_unit_test(chunks_that_a_zone_decides_are_never_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
