/* The up leg: results of a run to values and states, all at once, then one flush. */
#include <stdatomic.h>
#include <stdlib.h>

#include "reactive/reactive_priv.h"

/* -- values ------------------------------------------------------------------------------ */

struct sw_output_value *sw_output_value_ref(struct sw_output_value *value)
{
    atomic_fetch_add_explicit(&value->refs, 1, memory_order_relaxed);
    return value;
}

void sw_output_value_unref(struct sw_output_value *value)
{
    if (value == NULL || atomic_fetch_sub_explicit(&value->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    sw_series_unref(value->series);
    sw_page_unref(value->page);
    free(value->output);
    free(value->kind);
    free(value);
}

static struct sw_output_value *new_value(const struct sw_run *run, struct sw_run_item *item)
{
    const struct sw_output *output = item->output;
    const struct sw_version *version = run->table[item->table].version;
    struct sw_output_value *value = calloc(1, sizeof(*value));
    if (value == NULL) {
        return NULL;
    }
    atomic_init(&value->refs, 1);
    value->output = strdup(output->node.name);
    value->kind = sw_span_dup(output->kind);
    value->version = version->number;
    value->seq = output->seq + 1;
    value->rows = item->rows;
    value->total = version->rows;
    value->series = item->series;
    value->page = item->page;
    item->series = NULL;
    item->page = NULL;
    if (value->output == NULL || value->kind == NULL) {
        sw_output_value_unref(value);
        return NULL;
    }
    return value;
}

/* A value of its own: what sockets have still to send stays as it is. */
void sw_output_renew(struct sw_output *output, uint64_t version)
{
    struct sw_output_value *old = output->value;
    if (old == NULL || old->version == version) {
        return;
    }
    struct sw_output_value *value = calloc(1, sizeof(*value));
    char *name = strdup(old->output);
    char *kind = strdup(old->kind);
    if (value == NULL || name == NULL || kind == NULL) {
        free(value);
        free(name);
        free(kind);
        return; /* no memory: it says the version at which it was computed */
    }
    *value = (struct sw_output_value){.output = name,
                                      .kind = kind,
                                      .version = version,
                                      .seq = old->seq,
                                      .rows = old->rows,
                                      .total = old->total};
    atomic_init(&value->refs, 1);
    value->series = old->series == NULL ? NULL : sw_series_ref(old->series);
    value->page = old->page == NULL ? NULL : sw_page_ref(old->page);
    output->value = value;
    sw_output_value_unref(old);
}

/* -- results ------------------------------------------------------------------------------ */

static void take_result(struct sw_run_item *item, const struct sw_scan_result *result)
{
    item->status = result->status;
    if (result->status != SW_OK) {
        item->err = result->err;
        return;
    }
    item->series = sw_series_ref(result->series);
    item->rows = result->rows;
}

void sw_run_scan_done(void *context, struct sw_scan *scan)
{
    struct sw_run_table *table = context;
    struct sw_run *run = table->run;
    size_t index = (size_t)(table - run->table);
    int64_t begun_us = sw_scan_begun_us(scan);
    if (begun_us != 0 && (run->begun_us == 0 || begun_us < run->begun_us)) {
        run->begun_us = begun_us;
    }
    run->is_cut = run->is_cut || sw_scan_was_cancelled(scan);
    for (size_t i = 0; i < run->items; i++) {
        struct sw_run_item *item = &run->item[i];
        if (item->table == index && item->slot >= 0) {
            take_result(item, sw_scan_result(scan, (uint32_t)item->slot));
        }
    }
    table->scan = NULL;
    sw_scan_free(scan);
    sw_run_settle(run);
}

void sw_run_page_done(void *context, sw_status status, struct sw_page *page,
                      const struct sw_err *err)
{
    struct sw_run_item *item = context;
    item->page_job = NULL;
    item->status = status;
    item->page = page;
    if (status == SW_OK) {
        item->rows = page->total;
    } else {
        item->err = *err;
        item->run->is_cut = item->run->is_cut || status == SW_CANCELLED;
    }
    sw_run_settle(item->run);
}

/* -- the flush ------------------------------------------------------------------------------ */

static void keep_key(struct sw_output *output, const struct sw_run_item *item)
{
    sw_buf_clear(&output->settled);
    /* What may go better the next time is not an answer to keep to. */
    if (item->status != SW_NO_MEMORY && item->status != SW_LIMIT) {
        sw_buf_put(&output->settled, item->key.data, item->key.length);
    }
    if (output->settled.failed) {
        sw_buf_fini(&output->settled);
        sw_buf_init(&output->settled);
    }
}

/* Given up before it was there. */
static void judge_time(const struct sw_run *run, struct sw_run_item *item)
{
    bool is_missing = item->status == SW_OK && item->series == NULL && item->page == NULL;
    if (run->is_too_long && (is_missing || item->status == SW_CANCELLED)) {
        int64_t most_ms = run->graph->options.flush_ms;
        item->status = sw_fail_limit(&item->err, "flush_ms",
                                     (sw_graph_now(run->graph) - run->started_us) / 1000, most_ms,
                                     "ask for less at once (fewer rows, groups or outputs), or ask "
                                     "the operator to raise --flush-timeout");
    }
}

static bool show_item(struct sw_run *run, struct sw_run_item *item)
{
    struct sw_graph *graph = run->graph;
    struct sw_output *output = item->output;
    judge_time(run, item);
    if (output->is_paused) {
        output->is_dirty = true;
        return false;
    }
    struct sw_output_value *value = item->status == SW_OK ? new_value(run, item) : NULL;
    if (item->status == SW_OK && value == NULL) {
        item->status = sw_graph_no_memory(&item->err);
    }
    keep_key(output, item);
    output->has_err = value == NULL;
    if (value == NULL) {
        output->err = item->err;
        sw_graph_tell_state(graph, output, SW_OUTPUT_ERROR, -1, &output->err);
        return false;
    }
    sw_output_value_unref(output->value);
    output->value = value;
    output->seq = value->seq;
    graph->options.calls->on_value(graph->options.context, value);
    if (output->shown != SW_OUTPUT_OK) {
        sw_graph_tell_state(graph, output, SW_OUTPUT_OK, -1, NULL);
    }
    return true;
}

static void flush(struct sw_run *run)
{
    struct sw_graph *graph = run->graph;
    const char **outputs = sw_arena_array(&run->arena, run->items + 1, sizeof(*outputs));
    const char **tables = sw_arena_array(&run->arena, run->tables + 1, sizeof(*tables));
    uint64_t *versions = sw_arena_array(&run->arena, run->tables + 1, sizeof(*versions));
    struct sw_flush shown = {.table = tables, .version = versions, .output = outputs};
    int64_t now_us = sw_graph_now(graph);
    int64_t begun_us = run->begun_us == 0 ? run->started_us : run->begun_us;
    for (size_t i = 0; i < run->items; i++) {
        struct sw_run_item *item = &run->item[i];
        if (item->output != NULL && show_item(run, item) && outputs != NULL) {
            outputs[shown.outputs++] = item->output->node.name;
        }
    }
    for (size_t i = 0; tables != NULL && versions != NULL && i < run->tables; i++) {
        if (run->table[i].version != NULL) {
            tables[shown.tables] = run->table[i].name.data;
            versions[shown.tables++] = run->table[i].version->number;
        }
    }
    shown.queue_ms = (double)(begun_us - run->changed_us) / 1000;
    shown.compute_ms = (double)(now_us - begun_us) / 1000;
    if (run->items > 0) {
        graph->flushed_us = now_us;
        graph->has_flushed = true;
    }
    graph->options.calls->on_flush(graph->options.context, &shown);
}

/* Cut short: its outputs are as dirty as before, and the flush is still owed. */
static void give_back(struct sw_run *run)
{
    struct sw_graph *graph = run->graph;
    for (size_t i = 0; i < run->items; i++) {
        if (run->item[i].output != NULL) {
            run->item[i].output->is_dirty = true;
        }
    }
    graph->owes_flush = true;
    if (graph->changed_us == 0 || run->changed_us < graph->changed_us) {
        graph->changed_us = run->changed_us;
    }
}

void sw_run_settle(struct sw_run *run)
{
    sw_assert(run->pending > 0);
    run->pending--;
    struct sw_graph *graph = run->graph;
    if (run->pending > 0) {
        return;
    }
    if (graph == NULL) {
        sw_run_free(run);
        return;
    }
    sw_assert(graph->run == run);
    bool had_jobs = run->items > 0 || run->was_prepared;
    bool is_given_back = run->is_cut && !run->is_too_long;
    if (is_given_back) {
        give_back(run);
    } else if (run->is_told) {
        flush(run);
    }
    graph->was_cancelled = is_given_back;
    graph->run = NULL;
    sw_run_free(run);
    if (had_jobs) {
        sw_graph_run(graph);
    }
}
