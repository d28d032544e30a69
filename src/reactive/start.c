#include <stdlib.h>

#include "base/params.h"
#include "reactive/graph_priv.h"
#include "reactive/window.h"

/* A run starts: every dirty output gets a part of it, parts of one table share a leg
 * (one scan), pages go by themselves.  A part that cannot start has failed already
 * and settles with the others.                                                     */

#define PAGE_ROWS_DEFAULT 100

static void drop_leg_plan(struct sw_leg *leg)
{
    for (uint32_t i = 0; i < leg->filters; i++) {
        sw_buf_fini(&leg->filter_key[i]);
    }
    free(leg->filter);
    free(leg->filter_key);
    for (uint32_t i = 0; i < leg->outputs; i++) {
        free((void *)leg->output[i].filters);
    }
    free(leg->output);
    leg->filter = NULL;
    leg->filter_key = NULL;
    leg->output = NULL;
    leg->filters = leg->outputs = 0;
}

void sw_run_free(struct sw_run *run)
{
    for (uint32_t i = 0; i < run->parts; i++) {
        sw_buf_fini(&run->part[i].key);
        sw_page_unref(run->part[i].page);
        free(run->part[i].output);
    }
    for (uint32_t i = 0; i < run->legs; i++) {
        drop_leg_plan(&run->leg[i]);
        sw_scan_free(run->leg[i].scan);
        sw_version_unref(run->leg[i].version);
        free(run->table[i]);
    }
    free(run->part);
    free(run->leg);
    free(run->table);
    free(run);
}

/* -- keys ------------------------------------------------------------------------------------------ */

static void put_filters_key(const struct sw_graph *graph, const struct sw_output *output,
                            struct sw_buf *key)
{
    const struct sw_selection *selection = sw_selection_find(graph, output->select);
    if (output->select.length > 0 && selection != NULL) {
        for (uint32_t i = 0; i < selection->clauses; i++) {
            const struct sw_clause *clause = &selection->clause[i];
            if (!sw_output_is_except(output, clause) && sw_clause_is_on(graph, clause)) {
                sw_clause_put_key(graph, clause, key);
            }
        }
    }
    if (output->where != NULL) {
        sw_where_put_key(graph, output->where, output->where_text, key);
    }
}

/* Values of inputs that expressions within the params read: any that its text could name. */
static void put_inputs_key(const struct sw_graph *graph, const struct sw_output *output,
                           struct sw_buf *key)
{
    for (const struct sw_input *input = graph->inputs; input != NULL; input = input->by_name.next) {
        if (sw_output_uses_input(graph, output, sw_span_text(input->name))) {
            sw_json_put_text(key, sw_span_text(input->name));
            sw_json_put(key, input->value);
        }
    }
}

/* The output with all that its answer depends on, but the data. */
static void make_key(const struct sw_graph *graph, const struct sw_output *output,
                     struct sw_buf *key)
{
    sw_buf_printf(key, "%llu|", (unsigned long long)output->serial);
    put_filters_key(graph, output, key);
    sw_buf_put_byte(key, '|');
    put_inputs_key(graph, output, key);
}

static bool is_still_right(const struct sw_output *output, const struct sw_buf *key)
{
    return !output->is_data_new && (output->value != NULL || output->has_error) &&
           sw_span_equal(sw_buf_peek(&output->key), sw_buf_peek(key));
}

/* -- parts ------------------------------------------------------------------------------------------- */

static sw_status leg_filter(struct sw_graph *graph, struct sw_leg *leg, struct sw_buf *key,
                            const struct sw_clause *clause, const struct sw_expr *where,
                            uint32_t *index, struct sw_err *err)
{
    for (uint32_t i = 0; i < leg->filters; i++) {
        if (sw_span_equal(sw_buf_peek(&leg->filter_key[i]), sw_buf_peek(key))) {
            *index = i;
            return SW_OK;
        }
    }
    if (leg->filters == leg->filters_capacity) {
        uint32_t more = leg->filters_capacity == 0 ? 8 : leg->filters_capacity * 2;
        struct sw_filter **filter = realloc(leg->filter, more * sizeof *filter);
        leg->filter = filter == NULL ? leg->filter : filter;
        struct sw_buf *keys = realloc(leg->filter_key, more * sizeof *keys);
        leg->filter_key = keys == NULL ? leg->filter_key : keys;
        if (filter == NULL || keys == NULL) {
            return sw_fail(err, SW_NO_MEMORY, "out of memory");
        }
        leg->filters_capacity = more;
    }
    struct sw_filter *filter;
    if (clause != NULL) {
        SW_TRY(sw_clause_filter(graph, clause, leg->version, &filter, err));
    } else {
        SW_TRY(sw_where_filter(graph, where, leg->version, &filter, err));
    }
    *index = leg->filters++;
    leg->filter[*index] = filter;
    leg->filter_key[*index] = *key;
    *key = (struct sw_buf){0};
    return SW_OK;
}

static sw_status add_clause(struct sw_graph *graph, struct sw_leg *leg,
                            const struct sw_output *output, const struct sw_clause *clause,
                            uint32_t *filters, uint32_t *count, struct sw_err *err)
{
    struct sw_buf key;
    sw_buf_init(&key);
    if (clause != NULL) {
        sw_clause_put_key(graph, clause, &key);
    } else {
        sw_where_put_key(graph, output->where, output->where_text, &key);
    }
    sw_status status = leg_filter(graph, leg, &key, clause, output->where, &filters[*count], err);
    *count += status == SW_OK;
    sw_buf_fini(&key);
    return status;
}

/* Indices, among the leg's filters, of those that the output wants. */
static sw_status output_filters(struct sw_graph *graph, struct sw_leg *leg,
                                const struct sw_output *output, uint32_t *filters, uint32_t *count,
                                struct sw_err *err)
{
    const struct sw_selection *selection = sw_selection_find(graph, output->select);
    *count = 0;
    if (output->select.length > 0) {
        if (selection == NULL) {
            return sw_fail(err, SW_PARAMS, "no selection `%.*s`", (int)output->select.length,
                           output->select.data);
        }
        for (uint32_t i = 0; i < selection->clauses; i++) {
            const struct sw_clause *clause = &selection->clause[i];
            if (!sw_output_is_except(output, clause) && sw_clause_is_on(graph, clause)) {
                SW_TRY(add_clause(graph, leg, output, clause, filters, count, err));
            }
        }
    }
    if (output->where != NULL) {
        SW_TRY(add_clause(graph, leg, output, NULL, filters, count, err));
    }
    return SW_OK;
}

static sw_status start_fold(struct sw_graph *graph, struct sw_part *part, struct sw_leg *leg,
                            const struct sw_output *output, const struct sw_json *params,
                            struct sw_err *err)
{
    uint32_t filters[SW_CLAUSES_MAX + 1];
    uint32_t count;
    SW_TRY(output_filters(graph, leg, output, filters, &count, err));
    struct sw_scan_output *grown = realloc(leg->output, (leg->outputs + 1) * sizeof leg->output[0]);
    if (grown == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    leg->output = grown;
    uint32_t *copy = malloc((count + 1) * sizeof *copy);
    if (copy == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    memcpy(copy, filters, count * sizeof *copy);
    struct sw_foldrun *run;
    sw_status status = sw_foldrun_new(output->fold, params, leg->version, &run, err);
    if (status != SW_OK) {
        free(copy);
        return status;
    }
    part->leg = leg;
    part->slot = leg->outputs;
    leg->output[leg->outputs++] =
        (struct sw_scan_output){.run = run, .filters = copy, .filter_count = count};
    return SW_OK;
}

static sw_status read_window(const struct sw_json *params, const struct sw_schema *schema,
                             struct sw_page_spec *spec, struct sw_window *window,
                             struct sw_err *err)
{
    int64_t offset = 0;
    int64_t limit = PAGE_ROWS_DEFAULT;
    const struct sw_json *columns = NULL;
    const struct sw_json *sort = NULL;
    static const char *const also[] = {"output", "kind",  "table", "select",
                                       "except", "where", NULL};
    const struct sw_param list[] = {
        {"offset", SW_PARAM_INT, false, &offset, 0, INT64_MAX},
        {"limit", SW_PARAM_INT, false, &limit, 0, SW_PAGE_ROWS_MAX},
        {"columns", SW_PARAM_ARRAY, false, &columns, 0, 0},
        {"sort", SW_PARAM_ARRAY, false, &sort, 0, 0},
    };
    SW_TRY(sw_params_read(params, "the output kind table", list, 4, also, err));
    SW_TRY(sw_window_init(window, columns, sort, schema, err));
    spec->offset = (uint64_t)offset;
    spec->limit = (uint32_t)limit;
    spec->columns = window->columns;
    spec->column_count = window->column_count;
    spec->sort = window->sort;
    spec->sort_count = window->sort_count;
    return SW_OK;
}

/* The filters of a page: its own, since pages are not fused. */
static sw_status page_filters(struct sw_graph *graph, const struct sw_output *output,
                              const struct sw_version *version, struct sw_filter **filters,
                              uint32_t *count, struct sw_err *err)
{
    const struct sw_selection *selection = sw_selection_find(graph, output->select);
    for (uint32_t i = 0; output->select.length > 0 && selection != NULL && i < selection->clauses;
         i++) {
        const struct sw_clause *clause = &selection->clause[i];
        if (!sw_output_is_except(output, clause) && sw_clause_is_on(graph, clause)) {
            SW_TRY(sw_clause_filter(graph, clause, version, &filters[*count], err));
            ++*count;
        }
    }
    if (output->where != NULL) {
        SW_TRY(sw_where_filter(graph, output->where, version, &filters[*count], err));
        ++*count;
    }
    return SW_OK;
}

static sw_status start_page(struct sw_graph *graph, struct sw_part *part,
                            const struct sw_output *output, struct sw_version *version,
                            const struct sw_json *params, struct sw_err *err)
{
    struct sw_filter *filters[SW_CLAUSES_MAX + 1];
    struct sw_page_spec spec = {.version = version, .filters = filters};
    struct sw_window window = {0};
    struct sw_buf key;
    sw_buf_init(&key);
    sw_status status = read_window(params, version->schema, &spec, &window, err);
    if (status == SW_OK) {
        status = page_filters(graph, output, version, filters, &spec.filter_count, err);
        put_filters_key(graph, output, &key);
        spec.filter_key = sw_buf_peek(&key);
        if (status == SW_OK) {
            status = sw_page_submit(graph->options.pool, graph->options.lane, graph->options.orders,
                                    &spec, sw_settle_page, part, &part->page_job, err);
        } else {
            while (spec.filter_count > 0) {
                sw_filter_free(filters[--spec.filter_count]);
            }
        }
    }
    part->run->open += status == SW_OK;
    sw_window_fini(&window);
    sw_buf_fini(&key);
    return status;
}

/* The leg of the output's table, made at the first output of it. */
static struct sw_leg *leg_of(struct sw_run *run, struct sw_span table, struct sw_version *version)
{
    for (uint32_t i = 0; i < run->legs; i++) {
        if (sw_span_equal(sw_span_text(run->table[i]), table)) {
            return &run->leg[i];
        }
    }
    char *name = strndup(table.data, table.length);
    if (name == NULL) {
        return NULL;
    }
    run->table[run->legs] = name;
    struct sw_leg *leg = &run->leg[run->legs++];
    leg->run = run;
    leg->version = sw_version_ref(version);
    leg->table = sw_span_text(name);
    return leg;
}

static sw_status start_part(struct sw_graph *graph, struct sw_part *part,
                            const struct sw_output *output, struct sw_err *err)
{
    struct sw_version *version =
        graph->options.calls->version(graph->options.context, output->table);
    if (version == NULL) {
        return sw_fail(err, SW_NO_TABLE, "no table `%.*s`", (int)output->table.length,
                       output->table.data);
    }
    struct sw_leg *leg = leg_of(part->run, output->table, version);
    if (leg == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    part->version = version->number;
    part->total = version->rows;
    struct sw_arena arena;
    const struct sw_json *params;
    sw_arena_init(&arena);
    sw_status status = sw_output_params(graph, output, version->schema, &arena, &params, err);
    if (status == SW_OK) {
        status = output->fold == NULL ? start_page(graph, part, output, version, params, err)
                                      : start_fold(graph, part, leg, output, params, err);
    }
    sw_arena_fini(&arena);
    return status;
}

/* A part for every dirty output whose value no longer holds. */
static void collect_parts(struct sw_graph *graph, struct sw_run *run)
{
    for (struct sw_output *output = graph->outputs; output != NULL; output = output->next) {
        if (!output->is_dirty || output->is_paused) {
            continue;
        }
        output->is_dirty = false;
        output->is_urgent = false;
        struct sw_buf key;
        sw_buf_init(&key);
        make_key(graph, output, &key);
        char *name = is_still_right(output, &key) ? NULL : strdup(output->name);
        if (name == NULL) {
            sw_buf_fini(&key);
            continue;
        }
        output->is_in_run = true;
        output->is_data_new = false;
        run->part[run->parts++] =
            (struct sw_part){.run = run, .output = name, .serial = output->serial, .key = key};
    }
}

static void submit_leg(struct sw_graph *graph, struct sw_run *run, struct sw_leg *leg)
{
    if (leg->outputs == 0) {
        return;
    }
    struct sw_scan_spec spec = {
        .version = leg->version,
        .filters = leg->filter,
        .filter_count = leg->filters,
        .outputs = leg->output,
        .output_count = leg->outputs,
        .budget = graph->options.budget,
        .clock = graph->options.clock,
        .urgency = SW_CLASS_INTERACTIVE,
    };
    struct sw_err err = {0};
    sw_status status = sw_scan_submit(graph->options.pool, graph->options.lane, &spec,
                                      sw_settle_scan, leg, &leg->scan, &err);
    drop_leg_plan(leg);
    if (status == SW_OK) {
        leg->is_running = true;
        run->open++;
        return;
    }
    for (uint32_t i = 0; i < run->parts; i++) {
        if (run->part[i].leg == leg) {
            run->part[i].leg = NULL;
            run->part[i].status = status;
            run->part[i].err = err;
        }
    }
}

static struct sw_run *new_run(struct sw_graph *graph)
{
    struct sw_run *run = calloc(1, sizeof *run);
    if (run == NULL) {
        return NULL;
    }
    run->graph = graph;
    run->part = calloc(graph->output_count + 1, sizeof run->part[0]);
    run->leg = calloc(graph->output_count + 1, sizeof run->leg[0]);
    run->table = calloc(graph->output_count + 1, sizeof run->table[0]);
    if (run->part == NULL || run->leg == NULL || run->table == NULL) {
        sw_run_free(run);
        return NULL;
    }
    return run;
}

/* Where memory runs out everything stays dirty and the next tick tries again. */
void sw_run_start(struct sw_graph *graph)
{
    sw_assert(graph->run == NULL);
    struct sw_run *run = new_run(graph);
    if (run == NULL) {
        return;
    }
    graph->run = run;
    graph->is_flush_due = false;
    run->started_us = graph->start_us = sw_graph_now_us(graph);
    run->queued_us = graph->dirty_since_us == 0 ? run->started_us : graph->dirty_since_us;
    graph->dirty_since_us = 0;
    run->is_starting = true;
    graph->options.calls->on_start(graph->options.context);
    collect_parts(graph, run);
    for (uint32_t i = 0; i < run->parts; i++) {
        struct sw_part *part = &run->part[i];
        struct sw_output *output = sw_output_find(graph, sw_span_text(part->output));
        part->status = start_part(graph, part, output, &part->err);
    }
    for (uint32_t i = 0; i < run->legs; i++) {
        submit_leg(graph, run, &run->leg[i]);
    }
    run->is_starting = false;
    sw_settle_if_over(run);
}
