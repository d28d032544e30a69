#include "reactive/graph.h"

#include <stdlib.h>

#include "base/thread.h"
#include "reactive/graph_priv.h"

static const struct sw_json json_null = {.kind = SW_JSON_NULL};

int64_t sw_graph_now_us(const struct sw_graph *graph)
{
    return sw_clock_us(graph->options.clock);
}

/* -- lifetime --------------------------------------------------------------------------- */

sw_status sw_graph_new(const struct sw_graph_options *options, struct sw_graph **graph)
{
    struct sw_graph *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->options = *options;
    *graph = made;
    return SW_OK;
}

static void free_input(struct sw_graph *graph, struct sw_input *input)
{
    HASH_DELETE(by_name, graph->inputs, input);
    sw_arena_fini(&input->arena);
    free(input->name);
    free(input);
}

static void cancel_run(struct sw_run *run)
{
    run->graph = NULL;
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

void sw_graph_free(struct sw_graph *graph)
{
    if (graph == NULL) {
        return;
    }
    sw_assert_loop();
    if (graph->run != NULL) {
        cancel_run(graph->run); /* its last done half frees it */
    }
    sw_output_free_all(graph);
    sw_selection_free_all(graph);
    while (graph->inputs != NULL) {
        free_input(graph, graph->inputs);
    }
    free(graph);
}

/* -- inputs -------------------------------------------------------------------------------- */

static struct sw_input *find_input(const struct sw_graph *graph, struct sw_span name)
{
    struct sw_input *input;
    HASH_FIND(by_name, graph->inputs, name.data, name.length, input);
    return input;
}

const struct sw_json *sw_graph_input(const struct sw_graph *graph, struct sw_span name)
{
    const struct sw_input *input = find_input(graph, name);
    return input == NULL ? &json_null : input->value;
}

const struct sw_json *sw_graph_expr_input(void *context, struct sw_span name)
{
    return sw_graph_input(context, name);
}

static bool is_name_byte(char byte, bool is_first)
{
    bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
                     ((unsigned char)byte & 0x80) != 0;
    return is_letter || (!is_first && ((byte >= '0' && byte <= '9') || byte == '.' || byte == '-'));
}

struct sw_span sw_graph_input_of(const struct sw_json *json)
{
    struct sw_span none = {0};
    struct sw_span text;
    if (!sw_json_get_text(json, &text) || text.length < 2 || text.data[0] != '$') {
        return none;
    }
    for (size_t i = 1; i < text.length; i++) {
        if (!is_name_byte(text.data[i], i == 1)) {
            return none;
        }
    }
    return sw_span_of(text.data + 1, text.length - 1);
}

static struct sw_input *need_input(struct sw_graph *graph, struct sw_span name)
{
    struct sw_input *input = find_input(graph, name);
    if (input != NULL) {
        return input;
    }
    input = calloc(1, sizeof *input);
    if (input == NULL) {
        return NULL;
    }
    input->name = strndup(name.data, name.length);
    if (input->name == NULL) {
        free(input);
        return NULL;
    }
    sw_arena_init(&input->arena);
    input->value = &json_null;
    HASH_ADD_KEYPTR(by_name, graph->inputs, input->name, name.length, input);
    return input;
}

static sw_status set_input(struct sw_graph *graph, const struct sw_json *value, struct sw_err *err)
{
    struct sw_input *input = need_input(graph, value->key);
    if (input == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    if (sw_json_equal(input->value, value)) {
        return SW_OK;
    }
    struct sw_arena arena;
    sw_arena_init(&arena);
    const struct sw_json *copy = sw_json_copy(&arena, value);
    if (copy == NULL) {
        sw_arena_fini(&arena);
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    sw_arena_fini(&input->arena);
    input->arena = arena;
    input->value = copy;
    sw_mark_input(graph, sw_span_text(input->name));
    return SW_OK;
}

static sw_status check_names(const struct sw_graph *graph, const struct sw_json *values,
                             struct sw_err *err)
{
    size_t fresh = 0;
    for (size_t i = 0; i < values->u.list.count; i++) {
        struct sw_span name = values->u.list.items[i].key;
        if (name.length == 0 || name.length > SW_NAME_BYTES_MAX) {
            return sw_fail(err, SW_PARAMS, "an input's name has 1 to %u bytes", SW_NAME_BYTES_MAX);
        }
        fresh += find_input(graph, name) == NULL;
    }
    size_t count = HASH_CNT(by_name, graph->inputs) + fresh;
    if (count > SW_INPUTS_MAX) {
        return sw_fail_limit(err, "inputs", (int64_t)count, SW_INPUTS_MAX,
                             "use fewer names for inputs");
    }
    return SW_OK;
}

sw_status sw_graph_set_inputs(struct sw_graph *graph, const struct sw_json *values,
                              struct sw_err *err)
{
    sw_assert_loop();
    sw_assert(values->kind == SW_JSON_OBJECT);
    SW_TRY(check_names(graph, values, err));
    for (size_t i = 0; i < values->u.list.count; i++) {
        SW_TRY(set_input(graph, &values->u.list.items[i], err));
    }
    graph->is_flush_due = true;
    return SW_OK;
}

/* -- what changes from outside ------------------------------------------------------------------ */

void sw_graph_table_changed(struct sw_graph *graph, struct sw_span table)
{
    sw_assert_loop();
    for (struct sw_output *output = graph->outputs; output != NULL; output = output->next) {
        if (sw_span_equal(output->table, table)) {
            output->is_data_new = true;
            sw_mark_output(graph, output, false);
        }
    }
}

static bool has_dirty(const struct sw_graph *graph, bool *is_urgent)
{
    bool is_any = false;
    *is_urgent = false;
    for (const struct sw_output *output = graph->outputs; output != NULL; output = output->next) {
        if (output->is_dirty && !output->is_paused) {
            is_any = true;
            *is_urgent |= output->is_urgent;
        }
    }
    return is_any;
}

/* A table that grows a version at a time does not make its charts run all the time: they pause for
 * three times as long as the last run took, a frame at most. */
static bool is_too_soon(const struct sw_graph *graph)
{
    int64_t wait_us = graph->cost_us * 3;
    if (wait_us > (int64_t)SW_FRAME_MS * 1000) {
        wait_us = (int64_t)SW_FRAME_MS * 1000;
    }
    return sw_graph_now_us(graph) - (graph->start_us + graph->cost_us) < wait_us;
}

void sw_graph_run(struct sw_graph *graph)
{
    sw_assert_loop();
    bool is_urgent;
    bool is_any = has_dirty(graph, &is_urgent);
    if (graph->run != NULL) {
        if (is_any && is_urgent) {
            sw_mark_supersede(graph);
        }
        return;
    }
    if (is_any && !is_urgent && !graph->is_flush_due && is_too_soon(graph)) {
        return; /* the next tick looks again */
    }
    if (is_any || graph->is_flush_due) {
        sw_run_start(graph);
    }
}

static double run_progress(const struct sw_run *run)
{
    double least = -1;
    for (uint32_t i = 0; i < run->legs; i++) {
        double progress = run->leg[i].is_running ? sw_scan_progress(run->leg[i].scan) : 1;
        least = least < 0 || progress < least ? progress : least;
    }
    return least;
}

static void tell_busy(struct sw_graph *graph)
{
    double progress = run_progress(graph->run);
    for (uint32_t i = 0; i < graph->run->parts; i++) {
        struct sw_output *output = sw_output_find(graph, sw_span_text(graph->run->part[i].output));
        if (output == NULL || output->serial != graph->run->part[i].serial) {
            continue;
        }
        if (output->is_busy_told && progress < output->progress_told + 0.05) {
            continue;
        }
        output->is_busy_told = true;
        output->progress_told = progress;
        graph->options.calls->on_state(graph->options.context, output->name, SW_OUTPUT_BUSY,
                                       progress, NULL);
    }
}

bool sw_graph_tick(struct sw_graph *graph)
{
    sw_graph_run(graph);
    if (graph->run != NULL &&
        sw_graph_now_us(graph) - graph->run->started_us >= (int64_t)SW_BUSY_AFTER_MS * 1000) {
        tell_busy(graph);
    }
    bool is_urgent;
    return graph->run != NULL || has_dirty(graph, &is_urgent) || graph->is_flush_due;
}

/* -- to read --------------------------------------------------------------------------------------- */

const char *sw_output_state_name(enum sw_output_state state)
{
    switch (state) {
    case SW_OUTPUT_BUSY:
        return "busy";
    case SW_OUTPUT_OK:
        return "ok";
    case SW_OUTPUT_ERROR:
        return "error";
    case SW_OUTPUT_PAUSED:
        return "paused";
    }
    return "ok";
}

struct sw_output_value *sw_output_value_ref(struct sw_output_value *value)
{
    value->refs++;
    return value;
}

void sw_output_value_unref(struct sw_output_value *value)
{
    if (value == NULL || --value->refs > 0) {
        return;
    }
    sw_series_unref(value->series);
    sw_page_unref(value->page);
    free(value->output);
    free(value->kind);
    free(value);
}

void sw_graph_put_inputs(const struct sw_graph *graph, struct sw_buf *out)
{
    bool is_first = true;
    sw_buf_put_byte(out, '{');
    for (const struct sw_input *input = graph->inputs; input != NULL; input = input->by_name.next) {
        sw_buf_put_text(out, is_first ? "" : ",");
        sw_json_put_text(out, sw_span_text(input->name));
        sw_buf_put_byte(out, ':');
        sw_json_put(out, input->value);
        is_first = false;
    }
    sw_buf_put_byte(out, '}');
}

static enum sw_output_state state_of(const struct sw_output *output)
{
    if (output->is_paused) {
        return SW_OUTPUT_PAUSED;
    }
    if (output->is_in_run || (output->value == NULL && !output->has_error)) {
        return SW_OUTPUT_BUSY;
    }
    return output->has_error ? SW_OUTPUT_ERROR : SW_OUTPUT_OK;
}

void sw_graph_put_outputs(const struct sw_graph *graph, struct sw_buf *out)
{
    sw_buf_put_byte(out, '[');
    for (const struct sw_output *output = graph->outputs; output != NULL; output = output->next) {
        sw_buf_put_text(out, output == graph->outputs ? "{\"output\":" : ",{\"output\":");
        sw_json_put_text(out, sw_span_text(output->name));
        sw_buf_put_text(out, ",\"kind\":");
        sw_json_put_text(out, output->kind);
        sw_buf_put_text(out, ",\"table\":");
        sw_json_put_text(out, output->table);
        if (output->select.length > 0) {
            sw_buf_put_text(out, ",\"select\":");
            sw_json_put_text(out, output->select);
        }
        sw_buf_printf(out, ",\"state\":\"%s\",\"params\":", sw_output_state_name(state_of(output)));
        sw_json_put(out, output->params);
        sw_buf_put_byte(out, '}');
    }
    sw_buf_put_byte(out, ']');
}

void sw_graph_each_value(const struct sw_graph *graph,
                         void (*on_value)(void *context, struct sw_output_value *value),
                         void (*on_state)(void *context, const char *output,
                                          enum sw_output_state state, double progress,
                                          const struct sw_err *err),
                         void *context)
{
    for (const struct sw_output *output = graph->outputs; output != NULL; output = output->next) {
        if (output->value != NULL) {
            on_value(context, output->value);
        }
        if (output->has_error) {
            on_state(context, output->name, SW_OUTPUT_ERROR, -1, &output->err);
        } else if (output->is_paused) {
            on_state(context, output->name, SW_OUTPUT_PAUSED, -1, NULL);
        } else if (output->is_busy_told) {
            on_state(context, output->name, SW_OUTPUT_BUSY, output->progress_told, NULL);
        }
    }
}
