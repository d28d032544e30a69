/* The graph: names, definitions, and what it tells; see graph.h.  The walk down is
 * mark.c -> run.c, the walk up settle.c.                                             */
#include "reactive/graph.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/thread.h"
#include "reactive/reactive_priv.h"

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
    return "";
}

int64_t sw_graph_now(const struct sw_graph *graph)
{
    return sw_clock_us(graph->options.clock);
}

sw_status sw_graph_new(const struct sw_graph_options *options, struct sw_graph **result)
{
    sw_assert_loop();
    sw_assert(options->pool != NULL && options->lane != NULL && options->clock != NULL);
    sw_assert(options->orders != NULL && options->calls != NULL);
    struct sw_graph *graph = calloc(1, sizeof(*graph));
    if (graph == NULL) {
        return SW_NO_MEMORY;
    }
    graph->options = *options;
    *result = graph;
    return SW_OK;
}

void sw_input_free(struct sw_input *input)
{
    sw_arena_fini(&input->arena);
    free(input->node.name);
    free(input);
}

void sw_graph_free(struct sw_graph *graph)
{
    if (graph == NULL) {
        return;
    }
    sw_assert_loop();
    if (graph->run != NULL) {
        struct sw_run *run = graph->run;
        for (size_t i = 0; i < run->items; i++) {
            run->item[i].output = NULL;
        }
        if (run->is_preparing) {
            graph->options.calls->prepare_forget(graph->options.context);
            sw_run_free(run);
        } else {
            run->graph = NULL;
            sw_run_cancel(run);
        }
    }
    struct sw_named *next;
    for (struct sw_named *at = graph->inputs.first; at != NULL; at = next) {
        next = at->next;
        sw_input_free((struct sw_input *)at);
    }
    for (struct sw_named *at = graph->selections.first; at != NULL; at = next) {
        next = at->next;
        sw_selection_free((struct sw_selection *)at);
    }
    for (struct sw_named *at = graph->outputs.first; at != NULL; at = next) {
        next = at->next;
        sw_output_free((struct sw_output *)at);
    }
    sw_brushing_fini(graph);
    free(graph);
}

struct sw_output *sw_graph_output(const struct sw_graph *graph, struct sw_span name)
{
    return (struct sw_output *)sw_names_find(&graph->outputs, name);
}

struct sw_selection *sw_graph_selection(const struct sw_graph *graph, struct sw_span name)
{
    return (struct sw_selection *)sw_names_find(&graph->selections, name);
}

/* -- inputs ------------------------------------------------------------------------------- */

static struct sw_input *find_input(const struct sw_graph *graph, struct sw_span name)
{
    return (struct sw_input *)sw_names_find(&graph->inputs, name);
}

const struct sw_json *sw_graph_input(const struct sw_graph *graph, struct sw_span name)
{
    for (const struct sw_input *kept = graph->view == NULL ? NULL : graph->view->kept; kept != NULL;
         kept = (const struct sw_input *)kept->node.next) {
        if (sw_span_equal(sw_span_text(kept->node.name), name)) {
            return kept->value;
        }
    }
    const struct sw_input *input = find_input(graph, name);
    return input == NULL ? NULL : input->value;
}

const struct sw_json *sw_graph_expr_input(void *graph, struct sw_span name)
{
    const struct sw_json *value = sw_graph_input(graph, name);
    return sw_json_is_null(value) ? NULL : value;
}

static bool is_name(struct sw_span name)
{
    for (size_t i = 0; i < name.length; i++) {
        unsigned char byte = (unsigned char)name.data[i];
        if (byte < 0x20 || byte == 0x7f) {
            return false;
        }
    }
    return name.length > 0 && name.length <= SW_NAME_BYTES_MAX;
}

static sw_status check_names(const struct sw_graph *graph, const struct sw_json *values,
                             struct sw_err *err)
{
    size_t more = 0;
    if (values == NULL || values->kind != SW_JSON_OBJECT) {
        return sw_fail(err, SW_PARAMS, "`values` must be an object of input names and values");
    }
    for (size_t i = 0; i < values->u.list.count; i++) {
        struct sw_span name = values->u.list.items[i].key;
        if (!is_name(name)) {
            return sw_fail(err, SW_PARAMS,
                           "the name of an input has 1 to %u bytes and no control characters",
                           SW_NAME_BYTES_MAX);
        }
        more += find_input(graph, name) == NULL;
    }
    size_t count = graph->inputs.count + more;
    if (count > SW_INPUTS_MAX) {
        return sw_fail_limit(err, "inputs", (int64_t)count, SW_INPUTS_MAX,
                             "use fewer names; one input may hold a list or an object");
    }
    return SW_OK;
}

static struct sw_input *need_input(struct sw_graph *graph, struct sw_span name)
{
    struct sw_input *input = find_input(graph, name);
    if (input != NULL) {
        return input;
    }
    input = calloc(1, sizeof(*input));
    char *copy = sw_span_dup(name);
    if (input == NULL || copy == NULL) {
        free(input);
        free(copy);
        return NULL;
    }
    sw_arena_init(&input->arena);
    input->node.name = copy;
    sw_names_add(&graph->inputs, &input->node);
    return input;
}

static bool is_same(const struct sw_json *a, const struct sw_json *b)
{
    return (sw_json_is_null(a) && sw_json_is_null(b)) ||
           (a != NULL && b != NULL && sw_json_equal(a, b));
}

static sw_status set_input(struct sw_graph *graph, const struct sw_json *value, struct sw_err *err)
{
    struct sw_input *input = need_input(graph, value->key);
    if (input == NULL) {
        return sw_graph_no_memory(err);
    }
    if (is_same(input->value, value)) {
        return SW_OK;
    }
    struct sw_arena arena;
    sw_arena_init(&arena);
    const struct sw_json *copy = sw_json_copy(&arena, value);
    if (copy == NULL) {
        sw_arena_fini(&arena);
        return sw_graph_no_memory(err);
    }
    if (!sw_run_keep_input(graph->run, input)) {
        sw_arena_fini(&arena);
        return sw_graph_no_memory(err);
    }
    sw_arena_fini(&input->arena);
    input->arena = arena;
    input->value = copy;
    sw_mark_input(graph, value->key);
    sw_brushing_input(graph, value->key);
    return SW_OK;
}

sw_status sw_graph_set_inputs(struct sw_graph *graph, const struct sw_json *values,
                              struct sw_err *err)
{
    sw_assert_loop();
    SW_TRY(check_names(graph, values, err));
    graph->owes_flush = true;
    sw_mark_changed(graph);
    for (size_t i = 0; i < values->u.list.count; i++) {
        SW_TRY(set_input(graph, &values->u.list.items[i], err));
    }
    return SW_OK;
}

/* -- selections and outputs ------------------------------------------------------------------ */

sw_status sw_graph_define_select(struct sw_graph *graph, const struct sw_json *params,
                                 struct sw_err *err)
{
    sw_assert_loop();
    struct sw_selection *selection = NULL;
    SW_TRY(sw_selection_new(graph, params, &selection, err));
    struct sw_span name = sw_span_text(selection->node.name);
    struct sw_selection *before = sw_graph_selection(graph, name);
    if (before == NULL && graph->selections.count >= SW_SELECTIONS_MAX) {
        sw_selection_free(selection);
        return sw_fail_limit(err, "selections", (int64_t)SW_SELECTIONS_MAX + 1, SW_SELECTIONS_MAX,
                             "define one of a known name anew, or join clauses in one selection");
    }
    if (before != NULL) {
        sw_names_remove(&graph->selections, &before->node);
        sw_selection_free(before);
    }
    sw_names_add(&graph->selections, &selection->node);
    sw_mark_selection(graph, name);
    return SW_OK;
}

static void remove_output(struct sw_graph *graph, struct sw_output *output)
{
    sw_mark_gone(graph, output);
    sw_names_remove(&graph->outputs, &output->node);
    sw_output_free(output);
}

sw_status sw_graph_define_output(struct sw_graph *graph, const struct sw_json *params,
                                 struct sw_err *err)
{
    sw_assert_loop();
    struct sw_output *output = NULL;
    SW_TRY(sw_output_new(graph, params, &output, err));
    struct sw_span name = sw_span_text(output->node.name);
    struct sw_output *before = sw_graph_output(graph, name);
    if (before == NULL && graph->outputs.count >= SW_OUTPUTS_MAX) {
        sw_output_free(output);
        return sw_fail_limit(err, "outputs", (int64_t)SW_OUTPUTS_MAX + 1, SW_OUTPUTS_MAX,
                             "drop outputs that are not shown, or use a facet");
    }
    if (before != NULL) {
        output->seq = before->seq;
        remove_output(graph, before);
    }
    sw_names_add(&graph->outputs, &output->node);
    sw_mark_output(graph, output);
    return SW_OK;
}

static sw_status need_output(const struct sw_graph *graph, struct sw_span name,
                             struct sw_output **output, struct sw_err *err)
{
    *output = sw_graph_output(graph, name);
    if (*output == NULL) {
        return sw_fail(err, SW_NO_OUTPUT, "there is no output `%.*s`: see output.list",
                       (int)(name.length < SW_NAME_BYTES_MAX ? name.length : SW_NAME_BYTES_MAX),
                       name.data);
    }
    return SW_OK;
}

sw_status sw_graph_drop_output(struct sw_graph *graph, struct sw_span name, struct sw_err *err)
{
    sw_assert_loop();
    struct sw_output *output = NULL;
    SW_TRY(need_output(graph, name, &output, err));
    remove_output(graph, output);
    return SW_OK;
}

/* A resumed output is dirty; a run that finds it settled says so without computing it. */
sw_status sw_graph_pause_output(struct sw_graph *graph, struct sw_span name, bool is_paused,
                                struct sw_err *err)
{
    sw_assert_loop();
    struct sw_output *output = NULL;
    SW_TRY(need_output(graph, name, &output, err));
    if (output->is_paused == is_paused) {
        return SW_OK;
    }
    output->is_paused = is_paused;
    if (is_paused) {
        sw_graph_tell_state(graph, output, SW_OUTPUT_PAUSED, -1, NULL);
    } else {
        sw_mark_output(graph, output);
    }
    return SW_OK;
}

sw_status sw_graph_filters(struct sw_graph *graph, const struct sw_version *version,
                           struct sw_span table, struct sw_span select, struct sw_span where,
                           struct sw_filter **filters, size_t capacity, size_t *count,
                           struct sw_buf *key, struct sw_err *err)
{
    uint32_t index[SW_CLAUSES_MAX + 1];
    uint32_t indices = 0;
    struct sw_arena arena;
    struct sw_expr *expr = NULL;
    struct sw_selection *selection = NULL;
    sw_assert_loop();
    sw_arena_init(&arena);
    struct sw_filter_list list = {.arena = &arena};
    sw_status status = SW_OK;
    if (select.data != NULL) {
        status = sw_selection_need(graph, select, table, &selection, err);
        status = status != SW_OK ? status
                                 : sw_selection_filters(graph, selection, NULL, version, &list,
                                                        index, &indices, err);
    }
    if (status == SW_OK && where.data != NULL) {
        status = sw_expr_parse(where, &expr, err);
        status = status != SW_OK
                     ? status
                     : sw_where_filter(graph, expr, where, version, &list, index, &indices, err);
    }
    if (status == SW_OK) {
        sw_assert(list.count <= capacity - *count);
        for (size_t i = 0; i < list.count; i++) {
            filters[(*count)++] = list.filter[i];
            sw_buf_put(key, list.key[i].data, list.key[i].length);
            sw_buf_put_byte(key, '\n');
        }
        list.count = 0; /* the caller's now */
    }
    sw_expr_free(expr);
    sw_filter_list_fini(&list);
    sw_arena_fini(&arena);
    return status;
}

/* -- telling and reading -------------------------------------------------------------------- */

void sw_graph_tell_state(struct sw_graph *graph, struct sw_output *output,
                         enum sw_output_state state, double progress, const struct sw_err *err)
{
    output->shown = state;
    output->shown_progress = progress;
    graph->options.calls->on_state(graph->options.context, output->node.name, state, progress, err);
}

void sw_graph_put_inputs(const struct sw_graph *graph, struct sw_buf *out)
{
    bool is_first = true;
    sw_buf_put_byte(out, '{');
    for (const struct sw_named *at = graph->inputs.first; at != NULL; at = at->next) {
        const struct sw_input *input = (const struct sw_input *)at;
        if (sw_json_is_null(input->value)) {
            continue;
        }
        sw_buf_put_text(out, is_first ? "" : ",");
        sw_json_put_text(out, sw_span_text(input->node.name));
        sw_buf_put_byte(out, ':');
        sw_json_put(out, input->value);
        is_first = false;
    }
    sw_buf_put_byte(out, '}');
}

static void put_output(const struct sw_output *output, struct sw_buf *out)
{
    sw_buf_put_text(out, "{\"output\":");
    sw_json_put_text(out, sw_span_text(output->node.name));
    sw_buf_put_text(out, ",\"kind\":");
    sw_json_put_text(out, output->kind);
    sw_buf_put_text(out, ",\"table\":");
    sw_json_put_text(out, output->table);
    if (output->select.length > 0) {
        sw_buf_put_text(out, ",\"select\":");
        sw_json_put_text(out, output->select);
    }
    sw_buf_printf(out, ",\"state\":\"%s\",\"params\":",
                  sw_output_state_name(output->is_paused ? SW_OUTPUT_PAUSED : output->shown));
    sw_json_put(out, output->definition);
    sw_buf_put_byte(out, '}');
}

void sw_graph_put_outputs(const struct sw_graph *graph, struct sw_buf *out)
{
    sw_buf_put_byte(out, '[');
    for (const struct sw_output *at = sw_output_first(graph); at != NULL; at = sw_output_next(at)) {
        sw_buf_put_text(out, at == sw_output_first(graph) ? "" : ",");
        put_output(at, out);
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
    for (const struct sw_output *at = sw_output_first(graph); at != NULL; at = sw_output_next(at)) {
        if (at->value != NULL && !at->has_err) {
            on_value(context, at->value);
        }
        if (at->is_paused) {
            on_state(context, at->node.name, SW_OUTPUT_PAUSED, -1, NULL);
        } else if (at->has_err) {
            on_state(context, at->node.name, SW_OUTPUT_ERROR, -1, &at->err);
        } else if (at->shown == SW_OUTPUT_BUSY) {
            on_state(context, at->node.name, SW_OUTPUT_BUSY, at->shown_progress, NULL);
        }
    }
}
