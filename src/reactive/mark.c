/* The down leg: what is dirty, when a run is due, and when one is cancelled for a
 * newer one.  See graph.h for the rule.                                            */
#include <stdlib.h>

#include "base/limits.h"
#include "reactive/reactive_priv.h"

#define FRAME_US ((int64_t)SW_FRAME_MS * 1000)
#define HOLD_US  (FRAME_US * 2 / 5) /* the next tick and a scan then end about with the frame */

void sw_mark_changed(struct sw_graph *graph)
{
    if (graph->changed_us == 0) {
        graph->changed_us = sw_graph_now(graph);
    }
}

void sw_mark_output(struct sw_graph *graph, struct sw_output *output)
{
    output->is_dirty = true;
    sw_mark_changed(graph);
    for (size_t i = 0; graph->run != NULL && i < graph->run->items; i++) {
        if (graph->run->item[i].output == output) {
            graph->run->is_superseded = true;
        }
    }
}

void sw_mark_input(struct sw_graph *graph, struct sw_span name)
{
    for (struct sw_output *output = sw_output_first(graph); output != NULL;
         output = sw_output_next(output)) {
        if (sw_output_follows(graph, output, name)) {
            sw_mark_output(graph, output);
        }
    }
}

void sw_mark_selection(struct sw_graph *graph, struct sw_span name)
{
    for (struct sw_output *output = sw_output_first(graph); output != NULL;
         output = sw_output_next(output)) {
        if (sw_span_equal(output->select, name)) {
            sw_mark_output(graph, output);
        }
    }
}

void sw_mark_gone(struct sw_graph *graph, struct sw_output *output)
{
    struct sw_run *run = graph->run;
    bool has_others = false;
    for (size_t i = 0; run != NULL && i < run->items; i++) {
        if (run->item[i].output == output) {
            run->item[i].output = NULL;
        }
        has_others = has_others || run->item[i].output != NULL;
    }
    if (run != NULL && !has_others) {
        sw_run_cancel(run);
    }
}

/* New versions may come by the hundred while a table loads: they start a run of their own only once
 * per frame.  Those of an edit start one at once.  Neither ever ends one. */
void sw_graph_table_changed(struct sw_graph *graph, struct sw_span table, bool is_growing)
{
    sw_brushing_table_changed(graph, table);
    for (struct sw_output *output = sw_output_first(graph); output != NULL;
         output = sw_output_next(output)) {
        if (sw_span_equal(output->table, table)) {
            output->is_stale = true;
            output->is_edited = output->is_edited || !is_growing;
            sw_mark_changed(graph);
        }
    }
}

void sw_graph_formulas_changed(struct sw_graph *graph, struct sw_span table,
                               const struct sw_schema *schema, const uint8_t *set)
{
    uint8_t *reads = calloc(schema->columns, 1);
    for (struct sw_output *output = sw_output_first(graph); output != NULL;
         output = sw_output_next(output)) {
        if (!sw_span_equal(output->table, table)) {
            continue;
        }
        bool is_reader = reads == NULL; /* no memory to find out */
        if (reads != NULL) {
            memset(reads, 0, schema->columns);
            sw_output_add_reads(graph, output, schema, reads);
        }
        for (uint32_t i = 0; i < schema->columns && !is_reader; i++) {
            is_reader = reads[i] != 0 && set[i] != 0;
        }
        if (is_reader) {
            sw_mark_output(graph, output);
        }
    }
    free(reads);
}

static bool is_due(const struct sw_graph *graph, int64_t now_us, bool *is_waiting)
{
    bool is_stale_due = !graph->has_stale_run || now_us - graph->stale_run_us >= FRAME_US;
    bool is_run_due = graph->owes_flush;
    for (struct sw_output *output = sw_output_first(graph); output != NULL;
         output = sw_output_next(output)) {
        if (!output->is_paused) {
            *is_waiting = *is_waiting || output->is_dirty || output->is_stale;
            is_run_due = is_run_due || output->is_dirty || output->is_edited ||
                         (output->is_stale && is_stale_due);
        }
    }
    return is_run_due;
}

double sw_run_progress(const struct sw_run *run)
{
    double sum = 0;
    size_t count = 0;
    const struct sw_graph_options *options = &run->graph->options;
    if (run->is_preparing) {
        return options->calls->prepare_progress(options->context) / 2;
    }
    for (size_t i = 0; i < run->tables; i++) {
        if (run->table[i].slots > 0) {
            sum += run->table[i].scan != NULL ? sw_scan_progress(run->table[i].scan) : 1;
            count++;
        }
    }
    for (size_t i = 0; i < run->items; i++) {
        if (run->item[i].page_job != NULL) {
            sum += sw_page_progress(run->item[i].page_job);
            count++;
        }
    }
    double part = count == 0 ? 1 : sum / (double)count;
    return run->was_prepared ? 0.5 + part / 2 : part;
}

/* Bounded staleness and progress: a run is given up only early in its work, right after a frame was
 * shown, and never twice in a row. */
static void consider_cancel(struct sw_graph *graph, int64_t now_us)
{
    struct sw_run *run = graph->run;
    bool is_frame_fresh = graph->has_flushed && now_us - graph->flushed_us < FRAME_US;
    if (run->is_superseded && !run->is_cancelled && is_frame_fresh && !graph->was_cancelled &&
        sw_run_progress(run) < 0.5) {
        sw_run_cancel(run);
    }
}

/* The index that would answer is being made: a scan would only hold it up, as long as what is shown
 * is fresh. */
static bool is_held(const struct sw_graph *graph, int64_t now_us)
{
    return graph->has_flushed && now_us - graph->flushed_us < HOLD_US && sw_brushing_is_near(graph);
}

/* True while something runs or waits. */
static bool advance(struct sw_graph *graph)
{
    bool is_waiting = false;
    int64_t now_us = sw_graph_now(graph);
    if (graph->run != NULL) {
        consider_cancel(graph, now_us);
        return true;
    }
    if (is_held(graph, now_us)) {
        return true;
    }
    /* A run that has nothing to compute is over when start returns. */
    while (graph->run == NULL && is_due(graph, now_us, &is_waiting) && sw_run_start(graph)) {
        is_waiting = false;
    }
    return graph->run != NULL || is_waiting;
}

void sw_graph_run(struct sw_graph *graph)
{
    (void)advance(graph);
}

static void tell_busy(struct sw_graph *graph)
{
    struct sw_run *run = graph->run;
    if (sw_graph_now(graph) - run->started_us < (int64_t)SW_BUSY_AFTER_MS * 1000) {
        return;
    }
    double progress = sw_run_progress(run);
    for (size_t i = 0; i < run->items; i++) {
        struct sw_output *output = run->item[i].output;
        if (output != NULL && !output->is_paused &&
            (output->shown != SW_OUTPUT_BUSY || output->shown_progress != progress)) {
            sw_graph_tell_state(graph, output, SW_OUTPUT_BUSY, progress, NULL);
        }
    }
}

static void consider_time(struct sw_graph *graph)
{
    struct sw_run *run = graph->run;
    int64_t most_us = graph->options.flush_ms * 1000;
    if (most_us > 0 && !run->is_cancelled && sw_graph_now(graph) - run->started_us > most_us) {
        run->is_too_long = true;
        sw_run_cancel(run);
    }
}

bool sw_graph_tick(struct sw_graph *graph)
{
    bool is_active = advance(graph);
    if (graph->run != NULL) {
        consider_time(graph);
    }
    if (graph->run != NULL) {
        tell_busy(graph);
    }
    return is_active;
}
