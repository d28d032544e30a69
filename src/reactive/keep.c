/* What a graph keeps over a restart: values of inputs, definitions, what is paused. Results are
 * computed anew. */
#include "base/limits.h"
#include "reactive/reactive_priv.h"

/* -- writing ---------------------------------------------------------------------------- */

static void put_inputs(const struct sw_graph *graph, struct sw_buf *out)
{
    for (const struct sw_named *at = graph->inputs.first; at != NULL; at = at->next) {
        const struct sw_input *input = (const struct sw_input *)at;
        if (!sw_json_is_null(input->value)) {
            sw_buf_put_text(out, "{\"input\":{");
            sw_json_put_text(out, sw_span_text(at->name));
            sw_buf_put_byte(out, ':');
            sw_json_put(out, input->value);
            sw_buf_put_text(out, "}}\n");
        }
    }
}

static void put_selections(const struct sw_graph *graph, struct sw_buf *out)
{
    for (const struct sw_named *at = graph->selections.first; at != NULL; at = at->next) {
        sw_buf_put_text(out, "{\"select\":");
        sw_json_put(out, ((const struct sw_selection *)at)->definition);
        sw_buf_put_text(out, "}\n");
    }
}

static void put_outputs(const struct sw_graph *graph, struct sw_buf *out)
{
    for (const struct sw_output *at = sw_output_first(graph); at != NULL; at = sw_output_next(at)) {
        sw_buf_put_text(out, "{\"output\":");
        sw_json_put(out, at->definition);
        sw_buf_put_text(out, at->is_paused ? ",\"paused\":true,\"seq\":" : ",\"seq\":");
        sw_json_put_int(out, (int64_t)at->seq);
        sw_buf_put_text(out, "}\n");
    }
}

void sw_graph_put_state(const struct sw_graph *graph, struct sw_buf *out)
{
    put_inputs(graph, out);
    put_selections(graph, out);
    put_outputs(graph, out);
}

/* -- reading ---------------------------------------------------------------------------- */

static sw_status take_output(struct sw_graph *graph, const struct sw_json *line,
                             const struct sw_json *params, struct sw_err *err)
{
    const struct sw_json *paused = sw_json_member(line, "paused");
    struct sw_span name = {0};
    int64_t seq = 0;
    SW_TRY(sw_graph_define_output(graph, params, err));
    (void)sw_json_get_text(sw_json_member(params, "output"), &name);
    (void)sw_json_get_int(sw_json_member(line, "seq"), &seq);
    struct sw_output *output = sw_graph_output(graph, name);
    output->seq = seq > 0 ? (uint64_t)seq : 0;
    output->is_paused = paused != NULL && paused->kind == SW_JSON_BOOL && paused->u.boolean;
    return SW_OK;
}

sw_status sw_graph_take_state(struct sw_graph *graph, const struct sw_json *line,
                              struct sw_err *err)
{
    const struct sw_json *input = sw_json_member(line, "input");
    const struct sw_json *select = sw_json_member(line, "select");
    const struct sw_json *output = sw_json_member(line, "output");
    sw_assert(graph->is_restoring);
    if (input != NULL) {
        return sw_graph_set_inputs(graph, input, err);
    }
    if (select != NULL) {
        return sw_graph_define_select(graph, select, err);
    }
    return take_output(graph, line, output, err);
}

void sw_graph_set_restoring(struct sw_graph *graph, bool is_restoring)
{
    graph->is_restoring = is_restoring;
}
