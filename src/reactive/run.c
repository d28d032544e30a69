/* Starting a run: all dirty outputs, with the inputs and versions of this moment,
 * become one scan per table and one job per page.                                   */
#include <stdlib.h>

#include "reactive/reactive_priv.h"

/* -- planning ------------------------------------------------------------------------- */

static struct sw_run *new_run(struct sw_graph *graph)
{
    size_t count = graph->outputs.count;
    struct sw_run *run = calloc(1, sizeof(*run));
    if (run == NULL) {
        return NULL;
    }
    sw_arena_init(&run->arena);
    run->item = sw_arena_array(&run->arena, count + 1, sizeof(*run->item));
    run->table = sw_arena_array(&run->arena, count + 1, sizeof(*run->table));
    if (run->item == NULL || run->table == NULL) {
        sw_run_free(run);
        return NULL;
    }
    run->graph = graph;
    run->started_us = sw_graph_now(graph);
    run->changed_us = graph->changed_us == 0 ? run->started_us : graph->changed_us;
    run->pending = 1;
    return run;
}

void sw_run_free(struct sw_run *run)
{
    if (run == NULL) {
        return;
    }
    for (size_t i = 0; i < run->items; i++) {
        sw_foldrun_free(run->item[i].foldrun);
        sw_series_unref(run->item[i].series);
        sw_page_unref(run->item[i].page);
    }
    for (size_t i = 0; i < run->tables; i++) {
        sw_filter_list_fini(&run->table[i].list);
        sw_version_unref(run->table[i].version);
    }
    sw_arena_fini(&run->arena);
    free(run);
}

static size_t table_of(struct sw_run *run, struct sw_span name)
{
    const struct sw_graph_options *options = &run->graph->options;
    for (size_t i = 0; i < run->tables; i++) {
        if (sw_span_equal(run->table[i].name, name)) {
            return i;
        }
    }
    struct sw_run_table *table = &run->table[run->tables];
    struct sw_version *version = options->calls->version(options->context, name);
    const char *copy = sw_arena_text(&run->arena, name);
    table->run = run;
    table->name = sw_span_of(copy, copy == NULL ? 0 : name.length);
    table->version = version == NULL ? NULL : sw_version_ref(version);
    table->list.arena = &run->arena;
    return run->tables++;
}

/* All that its value depends on, in text. */
static sw_status put_key(struct sw_run *run, struct sw_run_item *item, struct sw_buf *key,
                         struct sw_err *err)
{
    const struct sw_run_table *table = &run->table[item->table];
    sw_buf_clear(key);
    sw_buf_printf(key, "%llu %llx\n", (unsigned long long)table->version->number,
                  (unsigned long long)sw_order_version_key(table->version));
    for (uint32_t i = 0; i < item->filters; i++) {
        struct sw_span filter = table->list.key[item->filter[i]];
        sw_buf_printf(key, "%zu ", filter.length);
        sw_buf_put(key, filter.data, filter.length);
        sw_buf_put_byte(key, '\n');
    }
    sw_json_put(key, item->params);
    for (size_t i = 0; i < item->output->inputs; i++) {
        const struct sw_json *value = sw_graph_input(run->graph, item->output->input[i]);
        sw_buf_put_byte(key, '\x1f');
        if (value != NULL) {
            sw_json_put(key, value);
        }
    }
    return key->failed ? sw_graph_no_memory(err) : SW_OK;
}

static sw_status plan_item(struct sw_run *run, struct sw_run_item *item, struct sw_buf *key)
{
    struct sw_graph *graph = run->graph;
    struct sw_output *output = item->output;
    struct sw_run_table *table = &run->table[item->table];
    struct sw_err *err = &item->err;
    if (table->version == NULL) {
        return sw_fail(err, SW_NO_TABLE, "the table `%.*s` is gone: load it again",
                       (int)output->table.length, output->table.data);
    }
    item->filter = sw_arena_array(&run->arena, SW_CLAUSES_MAX + 1, sizeof(*item->filter));
    if (item->filter == NULL) {
        return sw_graph_no_memory(err);
    }
    SW_TRY(sw_output_params(graph, output, &run->arena, &item->params, err));
    SW_TRY(sw_output_filters(graph, output, table->version, &table->list, item->filter,
                             &item->filters, err));
    return put_key(run, item, key, err);
}

/* An error is a settled answer too: its key is what it says. */
static void put_error_key(const struct sw_run_item *item, struct sw_buf *key)
{
    sw_buf_clear(key);
    sw_buf_printf(key, "! %d %s", (int)item->status, item->err.message);
}

static bool is_settled(const struct sw_output *output, const struct sw_buf *key)
{
    return output->settled.length > 0 &&
           sw_span_equal(sw_buf_peek(&output->settled), sw_buf_peek(key));
}

static void plan_fold(struct sw_run *run, struct sw_run_item *item)
{
    struct sw_run_table *table = &run->table[item->table];
    item->slot = -1;
    if (item->status == SW_OK && item->output->fold != NULL) {
        const struct sw_fold_env env = {table->version, sw_graph_expr_input, run->graph};
        item->status =
            sw_foldrun_new_env(item->output->fold, item->params, &env, &item->foldrun, &item->err);
        if (item->status == SW_OK) {
            item->slot = (int32_t)table->slots++;
        }
    }
}

/* What an output shows already is not computed again. */
static void add_item(struct sw_run *run, struct sw_output *output, struct sw_buf *key)
{
    struct sw_run_item *item = &run->item[run->items];
    *item = (struct sw_run_item){.run = run, .output = output, .slot = -1};
    item->table = table_of(run, output->table);
    output->is_dirty = false;
    output->is_stale = false;
    item->status = plan_item(run, item, key);
    if (item->status != SW_OK) {
        put_error_key(item, key);
    }
    if (is_settled(output, key)) {
        enum sw_output_state state = output->has_err ? SW_OUTPUT_ERROR : SW_OUTPUT_OK;
        if (output->shown != state) {
            sw_graph_tell_state(run->graph, output, state, -1,
                                output->has_err ? &output->err : NULL);
        }
        return;
    }
    const char *copy = sw_arena_text(&run->arena, sw_buf_peek(key));
    item->key = sw_span_of(copy, copy == NULL ? 0 : key->length);
    plan_fold(run, item);
    run->items++;
}

/* -- submitting ---------------------------------------------------------------------------- */

static void fail_slots(struct sw_run *run, size_t table, sw_status status, const struct sw_err *err)
{
    for (size_t i = 0; i < run->items; i++) {
        struct sw_run_item *item = &run->item[i];
        if (item->table == table && item->slot >= 0) {
            item->slot = -1;
            item->status = status;
            item->err = *err;
        }
    }
}

static void submit_scan(struct sw_run *run, size_t index)
{
    struct sw_run_table *table = &run->table[index];
    const struct sw_graph_options *options = &run->graph->options;
    struct sw_err err;
    struct sw_scan_output *outputs =
        sw_arena_array(&run->arena, table->slots + 1, sizeof(*outputs));
    if (outputs == NULL) {
        (void)sw_graph_no_memory(&err);
        fail_slots(run, index, SW_NO_MEMORY, &err);
        table->slots = 0;
        return;
    }
    for (size_t i = 0; i < run->items; i++) {
        struct sw_run_item *item = &run->item[i];
        if (item->table == index && item->slot >= 0) {
            outputs[item->slot] =
                (struct sw_scan_output){item->foldrun, item->filter, item->filters};
            item->foldrun = NULL;
        }
    }
    const struct sw_scan_spec spec = {.version = table->version,
                                      .filters = table->list.filter,
                                      .filter_count = (uint32_t)table->list.count,
                                      .outputs = outputs,
                                      .output_count = table->slots,
                                      .budget = options->budget,
                                      .clock = options->clock,
                                      .urgency = SW_CLASS_INTERACTIVE};
    table->list.count = 0; /* the scan has them now */
    sw_status status = sw_scan_submit(options->pool, options->lane, &spec, sw_run_scan_done, table,
                                      &table->scan, &err);
    if (status != SW_OK) {
        fail_slots(run, index, status, &err);
        table->slots = 0;
        return;
    }
    run->pending++;
}

/* A page has filters of its own: its order may outlive the run's scan in the cache. */
static sw_status start_page(struct sw_run *run, struct sw_run_item *item)
{
    const struct sw_graph_options *options = &run->graph->options;
    struct sw_version *version = run->table[item->table].version;
    struct sw_filter_list list = {.arena = &run->arena};
    struct sw_page_spec spec = {.version = version};
    uint32_t filters = 0;
    struct sw_buf key;
    sw_buf_init(&key);
    sw_status status = sw_output_page_spec(item->params, version, &run->arena, &spec, &item->err);
    if (status == SW_OK) {
        status = sw_output_filters(run->graph, item->output, version, &list, item->filter, &filters,
                                   &item->err);
    }
    if (status == SW_OK) {
        for (size_t i = 0; i < list.count; i++) {
            sw_buf_put(&key, list.key[i].data, list.key[i].length);
            sw_buf_put_byte(&key, '\n');
        }
        status = key.failed ? sw_graph_no_memory(&item->err) : SW_OK;
    }
    if (status == SW_OK) {
        spec.filters = list.filter;
        spec.filter_count = (uint32_t)list.count;
        spec.filter_key = sw_buf_peek(&key);
        list.count = 0; /* taken over */
        status = sw_page_submit(options->pool, options->lane, options->orders, &spec,
                                sw_run_page_done, item, &item->page_job, &item->err);
    }
    sw_filter_list_fini(&list);
    sw_buf_fini(&key);
    return status;
}

static void submit_pages(struct sw_run *run)
{
    for (size_t i = 0; i < run->items; i++) {
        struct sw_run_item *item = &run->item[i];
        if (item->status != SW_OK || item->output == NULL || item->output->fold != NULL) {
            continue;
        }
        item->status = start_page(run, item);
        run->pending += item->status == SW_OK;
    }
}

void sw_run_cancel(struct sw_run *run)
{
    run->is_cancelled = true;
    for (size_t i = 0; i < run->tables; i++) {
        if (run->table[i].scan != NULL) {
            sw_scan_cancel(run->table[i].scan);
        }
    }
    for (size_t i = 0; i < run->items; i++) {
        if (run->item[i].page_job != NULL) {
            sw_page_cancel(run->item[i].page_job);
        }
    }
}

static void collect_items(struct sw_run *run)
{
    struct sw_graph *graph = run->graph;
    struct sw_buf key;
    sw_buf_init(&key);
    for (struct sw_output *output = sw_output_first(graph); output != NULL;
         output = sw_output_next(output)) {
        if (output->is_stale && !output->is_paused) {
            graph->stale_run_us = run->started_us;
            graph->has_stale_run = true;
        }
        if ((output->is_dirty || output->is_stale) && !output->is_paused) {
            add_item(run, output, &key);
        }
    }
    sw_buf_fini(&key);
}

bool sw_run_start(struct sw_graph *graph)
{
    struct sw_run *run = new_run(graph);
    if (run == NULL) {
        return false;
    }
    graph->run = run;
    graph->changed_us = 0;
    collect_items(run);
    run->is_told = run->items > 0 || graph->owes_flush;
    graph->owes_flush = false;
    if (run->is_told) {
        graph->options.calls->on_start(graph->options.context);
    }
    for (size_t i = 0; i < run->tables; i++) {
        if (run->table[i].slots > 0) {
            submit_scan(run, i);
        }
    }
    submit_pages(run);
    sw_run_settle(run);
    return true;
}
