#include "reactive/graph_priv.h"

/* The down leg: what a change makes dirty, and what running work it makes stale. */

void sw_mark_output(struct sw_graph *graph, struct sw_output *output, bool is_urgent)
{
    output->is_dirty = true;
    output->is_urgent |= is_urgent;
    if (graph->dirty_since_us == 0) {
        graph->dirty_since_us = sw_graph_now_us(graph);
    }
}

void sw_mark_input(struct sw_graph *graph, struct sw_span name)
{
    for (struct sw_output *output = graph->outputs; output != NULL; output = output->next) {
        if (sw_output_uses_input(graph, output, name)) {
            sw_mark_output(graph, output, true);
        }
    }
}

void sw_mark_selection(struct sw_graph *graph, struct sw_span name)
{
    for (struct sw_output *output = graph->outputs; output != NULL; output = output->next) {
        if (sw_span_equal(output->select, name)) {
            sw_mark_output(graph, output, true);
        }
    }
}

/* Some output that runs is dirty again. */
static bool is_stale(const struct sw_graph *graph)
{
    for (const struct sw_output *output = graph->outputs; output != NULL; output = output->next) {
        if (output->is_in_run && output->is_dirty) {
            return true;
        }
    }
    return false;
}

/* Less than half of the scans is done. */
static bool is_mostly_ahead(const struct sw_run *run)
{
    double done = 0;
    for (uint32_t i = 0; i < run->legs; i++) {
        done += run->leg[i].is_running ? sw_scan_progress(run->leg[i].scan) : 1;
    }
    return run->legs > 0 && done < 0.5 * run->legs;
}

void sw_mark_supersede(struct sw_graph *graph)
{
    struct sw_run *run = graph->run;
    int64_t now_us = sw_graph_now_us(graph);
    bool is_frame_due = now_us - graph->frame_us >= (int64_t)SW_FRAME_MS * 1000;
    if (run->is_cancelled || graph->was_cancelled || is_frame_due || !is_stale(graph) ||
        !is_mostly_ahead(run)) {
        return;
    }
    run->is_cancelled = true;
    for (uint32_t i = 0; i < run->legs; i++) {
        if (run->leg[i].is_running) {
            sw_scan_cancel(run->leg[i].scan);
        }
    }
    for (uint32_t i = 0; i < run->parts; i++) {
        if (run->part[i].page_job != NULL) {
            sw_page_cancel(run->part[i].page_job);
        }
    }
}
