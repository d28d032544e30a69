#include <stdlib.h>

#include "reactive/graph_priv.h"

/* The up leg: when the last scan and page of a run is done, all its outputs get their
 * values, then one flush closes it.  A cancelled run leaves its outputs dirty.       */

void sw_settle_scan(void *context, struct sw_scan *scan)
{
    struct sw_leg *leg = context;
    leg->scan = scan;
    leg->is_running = false;
    leg->run->open--;
    sw_settle_if_over(leg->run);
}

void sw_settle_page(void *context, sw_status status, struct sw_page *page, const struct sw_err *err)
{
    struct sw_part *part = context;
    part->page_job = NULL;
    part->page = page;
    part->status = status;
    if (status != SW_OK && err != NULL) {
        part->err = *err;
    }
    part->run->open--;
    sw_settle_if_over(part->run);
}

/* What became of a part, once everything is done. */
static sw_status outcome(const struct sw_part *part, struct sw_err *err,
                         const struct sw_scan_result **result)
{
    *result = NULL;
    *err = part->err;
    if (part->leg == NULL) {
        return part->status;
    }
    *result = sw_scan_result(part->leg->scan, part->slot);
    *err = (*result)->err;
    return (*result)->status;
}

static struct sw_output_value *make_value(const struct sw_output *output,
                                          const struct sw_part *part,
                                          const struct sw_scan_result *result)
{
    struct sw_output_value *value = calloc(1, sizeof *value);
    if (value == NULL) {
        return NULL;
    }
    value->refs = 1;
    value->output = strdup(output->name);
    value->kind = strndup(output->kind.data, output->kind.length);
    if (value->output == NULL || value->kind == NULL) {
        sw_output_value_unref(value);
        return NULL;
    }
    value->version = part->version;
    value->total = part->total;
    value->seq = output->seq + 1;
    if (result != NULL) {
        value->series = sw_series_ref(result->series);
        value->rows = result->rows;
    } else {
        value->page = sw_page_ref(part->page);
        value->rows = part->page->total;
    }
    return value;
}

static void settle_error(struct sw_graph *graph, struct sw_output *output, sw_status status,
                         const struct sw_err *err)
{
    output->has_error = true;
    output->err = *err;
    if (err->status != status) {
        (void)sw_fail(&output->err, status, "%s",
                      status == SW_NO_MEMORY ? "out of memory" : sw_status_name(status));
    }
    output->is_busy_told = false;
    graph->options.calls->on_state(graph->options.context, output->name, SW_OUTPUT_ERROR, -1,
                                   &output->err);
}

static void settle_value(struct sw_graph *graph, struct sw_output *output,
                         struct sw_output_value *value)
{
    bool was_told = output->is_busy_told || output->has_error;
    sw_output_value_unref(output->value);
    output->value = value;
    output->seq = value->seq;
    output->has_error = false;
    output->is_busy_told = false;
    graph->options.calls->on_value(graph->options.context, value);
    if (was_told) {
        graph->options.calls->on_state(graph->options.context, output->name, SW_OUTPUT_OK, -1,
                                       NULL);
    }
}

/* The output that a part was made for, if it is still there. */
static struct sw_output *owner(const struct sw_graph *graph, const struct sw_part *part)
{
    struct sw_output *output = sw_output_find(graph, sw_span_text(part->output));
    return output != NULL && output->serial == part->serial ? output : NULL;
}

/* True: the output has a new value or error. */
static bool settle_part(struct sw_graph *graph, struct sw_part *part)
{
    struct sw_output *output = owner(graph, part);
    if (output == NULL) {
        return false;
    }
    output->is_in_run = false;
    struct sw_err err;
    const struct sw_scan_result *result;
    sw_status status = outcome(part, &err, &result);
    struct sw_output_value *value = NULL;
    if (status == SW_OK) {
        value = make_value(output, part, result);
        status = value == NULL ? SW_NO_MEMORY : SW_OK;
    }
    if (status == SW_OK) {
        settle_value(graph, output, value);
    } else {
        settle_error(graph, output, status, &err);
    }
    sw_buf_fini(&output->key);
    output->key = part->key;
    part->key = (struct sw_buf){0};
    return true;
}

static void settle_all(struct sw_graph *graph, struct sw_run *run)
{
    const char **outputs = calloc(run->parts + 1, sizeof *outputs);
    uint64_t *versions = calloc(run->legs + 1, sizeof *versions);
    struct sw_flush flush = {
        .table = (const char *const *)run->table, .version = versions, .output = outputs};
    for (uint32_t i = 0; i < run->parts; i++) {
        if (settle_part(graph, &run->part[i]) && outputs != NULL) {
            outputs[flush.outputs++] = run->part[i].output;
        }
    }
    for (uint32_t i = 0; versions != NULL && i < run->legs; i++) {
        versions[flush.tables++] = run->leg[i].version->number;
    }
    int64_t now_us = sw_graph_now_us(graph);
    flush.queue_ms = (double)(run->started_us - run->queued_us) / 1000;
    flush.compute_ms = (double)(now_us - run->started_us) / 1000;
    graph->frame_us = now_us;
    graph->cost_us = now_us - run->started_us;
    graph->options.calls->on_flush(graph->options.context, &flush);
    free(outputs);
    free(versions);
}

/* Its outputs run again, with what is newest. */
static void take_back(struct sw_graph *graph, const struct sw_run *run)
{
    for (uint32_t i = 0; i < run->parts; i++) {
        struct sw_output *output = owner(graph, &run->part[i]);
        if (output != NULL) {
            output->is_in_run = false;
            output->is_data_new = true;
            sw_mark_output(graph, output, true);
        }
    }
    graph->is_flush_due = true;
}

void sw_settle_if_over(struct sw_run *run)
{
    if (run->open > 0 || run->is_starting) {
        return;
    }
    struct sw_graph *graph = run->graph;
    if (graph == NULL) {
        sw_run_free(run);
        return;
    }
    graph->run = NULL;
    if (run->is_cancelled) {
        take_back(graph, run);
    } else {
        settle_all(graph, run);
    }
    graph->was_cancelled = run->is_cancelled;
    sw_run_free(run);
    sw_graph_run(graph);
}
