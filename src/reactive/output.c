#include <stdlib.h>

#include "base/params.h"
#include "reactive/graph_priv.h"
#include "reactive/window.h"

#define PAGE_KIND "table"

struct sw_output *sw_output_find(const struct sw_graph *graph, struct sw_span name)
{
    struct sw_output *output;
    HASH_FIND(by_name, graph->outputs_by_name, name.data, name.length, output);
    return output;
}

static void free_output(struct sw_output *output)
{
    sw_expr_free(output->where);
    sw_output_value_unref(output->value);
    sw_buf_fini(&output->key);
    sw_arena_fini(&output->arena);
    free(output->name);
    free(output);
}

static void unlink_output(struct sw_graph *graph, struct sw_output *output)
{
    for (struct sw_output **link = &graph->outputs; *link != NULL; link = &(*link)->next) {
        if (*link == output) {
            *link = output->next;
            break;
        }
    }
    HASH_DELETE(by_name, graph->outputs_by_name, output);
    graph->output_count--;
    free_output(output);
}

void sw_output_free_all(struct sw_graph *graph)
{
    while (graph->outputs != NULL) {
        unlink_output(graph, graph->outputs);
    }
}

/* -- what it depends on ------------------------------------------------------------------------ */

/* Members whose texts are no "$input": names, and expressions with a syntax of their own. */
static bool is_verbatim(struct sw_span key)
{
    static const char *const names[] = {"output", "kind",  "table", "select",
                                        "except", "where", "expr"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (sw_span_equal(key, sw_span_text(names[i]))) {
            return true;
        }
    }
    return false;
}

/* Some text in it is "$input", or some expression in it may read it. */
static bool json_uses(const struct sw_json *json, struct sw_span input)
{
    switch (json->kind) {
    case SW_JSON_STRING:
        if (sw_span_equal(json->key, sw_span_text("expr"))) {
            return memmem(json->u.text.data, json->u.text.length, input.data, input.length) != NULL;
        }
        return sw_span_equal(sw_graph_input_of(json), input);
    case SW_JSON_ARRAY:
    case SW_JSON_OBJECT:
        for (size_t i = 0; i < json->u.list.count; i++) {
            if (json_uses(&json->u.list.items[i], input)) {
                return true;
            }
        }
        return false;
    case SW_JSON_NULL:
    case SW_JSON_BOOL:
    case SW_JSON_INT:
    case SW_JSON_FLOAT:
        return false;
    }
    return false;
}

bool sw_output_is_except(const struct sw_output *output, const struct sw_clause *clause)
{
    if (output->except == NULL || clause->name.length == 0) {
        return false;
    }
    for (size_t i = 0; i < output->except->u.list.count; i++) {
        struct sw_span name;
        if (sw_json_get_text(&output->except->u.list.items[i], &name) &&
            sw_span_equal(name, clause->name)) {
            return true;
        }
    }
    return false;
}

static bool selection_uses(const struct sw_graph *graph, const struct sw_output *output,
                           struct sw_span input)
{
    const struct sw_selection *selection = sw_selection_find(graph, output->select);
    if (output->select.length == 0 || selection == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < selection->clauses; i++) {
        const struct sw_clause *clause = &selection->clause[i];
        if (!sw_output_is_except(output, clause) && sw_clause_uses(clause, input)) {
            return true;
        }
    }
    return false;
}

static bool where_uses(const struct sw_output *output, struct sw_span input)
{
    if (output->where == NULL) {
        return false;
    }
    const struct sw_span *inputs;
    size_t count = sw_expr_inputs(output->where, &inputs);
    for (size_t i = 0; i < count; i++) {
        if (sw_span_equal(inputs[i], input)) {
            return true;
        }
    }
    return false;
}

bool sw_output_uses_input(const struct sw_graph *graph, const struct sw_output *output,
                          struct sw_span input)
{
    return selection_uses(graph, output, input) || where_uses(output, input) ||
           json_uses(output->params, input);
}

/* -- its params with the inputs put in ------------------------------------------------------------ */

static sw_status substitute(const struct sw_graph *graph, const struct sw_schema *schema,
                            struct sw_arena *arena, const struct sw_json *from,
                            struct sw_json *into, struct sw_err *err);

static sw_status substitute_list(const struct sw_graph *graph, const struct sw_schema *schema,
                                 struct sw_arena *arena, const struct sw_json *from,
                                 struct sw_json *into, struct sw_err *err)
{
    size_t count = from->u.list.count;
    struct sw_json *items = sw_arena_array(arena, count, sizeof *items);
    if (items == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        const struct sw_json *item = &from->u.list.items[i];
        if (is_verbatim(item->key)) {
            items[i] = *item;
            continue;
        }
        SW_TRY(substitute(graph, schema, arena, item, &items[i], err));
    }
    into->u.list.items = items;
    return SW_OK;
}

/* A column whose name looks like an input is the column. */
static sw_status substitute(const struct sw_graph *graph, const struct sw_schema *schema,
                            struct sw_arena *arena, const struct sw_json *from,
                            struct sw_json *into, struct sw_err *err)
{
    *into = *from;
    if (from->kind == SW_JSON_ARRAY || from->kind == SW_JSON_OBJECT) {
        return substitute_list(graph, schema, arena, from, into, err);
    }
    struct sw_span input = sw_graph_input_of(from);
    if (input.length == 0 || sw_schema_find(schema, from->u.text) >= 0) {
        return SW_OK;
    }
    const struct sw_json *value = sw_graph_input(graph, input);
    if (sw_json_is_null(value)) {
        return sw_fail(err, SW_PARAMS, "waits for the input `%.*s`: set it with input.set",
                       (int)input.length, input.data);
    }
    *into = *value;
    into->key = from->key;
    return SW_OK;
}

sw_status sw_output_params(const struct sw_graph *graph, const struct sw_output *output,
                           const struct sw_schema *schema, struct sw_arena *arena,
                           const struct sw_json **params, struct sw_err *err)
{
    struct sw_json *made = sw_arena_alloc(arena, sizeof *made);
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    SW_TRY(substitute(graph, schema, arena, output->params, made, err));
    *params = made;
    return SW_OK;
}

/* -- definition --------------------------------------------------------------------------------------- */

static sw_status read_kind(struct sw_output *output, struct sw_err *err)
{
    output->fold = sw_fold_find(output->kind);
    if (output->fold == NULL && !sw_span_equal(output->kind, sw_span_text(PAGE_KIND))) {
        return sw_fail(err, SW_PARAMS,
                       "no output kind `%.*s`: there are histogram, histogram2d, line, scatter, "
                       "groupby, value, quantiles and table",
                       (int)(output->kind.length < 32 ? output->kind.length : 32),
                       output->kind.data);
    }
    return SW_OK;
}

/* What every kind has; the rest is the kind's own. */
static sw_status read_common(struct sw_output *output, struct sw_span *name, struct sw_err *err)
{
    const struct {
        const char *member;
        bool is_required;
        struct sw_span *into;
    } texts[] = {{"output", true, name},
                 {"kind", true, &output->kind},
                 {"table", true, &output->table},
                 {"select", false, &output->select},
                 {"where", false, &output->where_text}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const struct sw_json *value = sw_json_member(output->params, texts[i].member);
        if (sw_json_is_null(value) && !texts[i].is_required) {
            continue;
        }
        if (!sw_json_get_text(value, texts[i].into) || texts[i].into->length == 0 ||
            (texts[i].is_required && texts[i].into->length > SW_NAME_BYTES_MAX)) {
            return sw_fail(err, SW_PARAMS, "output.define needs `%s`: a text of 1 to %u bytes",
                           texts[i].member, SW_NAME_BYTES_MAX);
        }
    }
    output->except = sw_json_member(output->params, "except");
    if (sw_json_is_null(output->except)) {
        output->except = NULL;
    } else if (output->except->kind != SW_JSON_ARRAY) {
        return sw_fail(err, SW_PARAMS, "`except` must be a list of clause names");
    }
    return read_kind(output, err);
}

static sw_status check_page(const struct sw_json *params, const struct sw_schema *schema,
                            struct sw_err *err)
{
    int64_t offset = 0;
    int64_t limit = 0;
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
    struct sw_window window;
    SW_TRY(sw_window_init(&window, columns, sort, schema, err));
    sw_window_fini(&window);
    return SW_OK;
}

static sw_status check_filters(struct sw_graph *graph, const struct sw_output *output,
                               const struct sw_version *version, struct sw_err *err)
{
    const struct sw_selection *selection = sw_selection_find(graph, output->select);
    if (output->select.length > 0 &&
        (selection == NULL || !sw_span_equal(sw_span_text(selection->table), output->table))) {
        return sw_fail(err, SW_PARAMS, "no selection `%.*s` of this table: define it first",
                       (int)output->select.length, output->select.data);
    }
    if (output->where != NULL) {
        struct sw_filter *filter;
        SW_TRY(sw_where_filter(graph, output->where, version, &filter, err));
        sw_filter_free(filter);
    }
    return SW_OK;
}

/* Would it run on the table as it is?  Inputs that are not set yet are no fault. */
static sw_status check_plan(struct sw_graph *graph, const struct sw_output *output,
                            const struct sw_version *version, struct sw_err *err)
{
    struct sw_arena arena;
    const struct sw_json *params;
    sw_arena_init(&arena);
    sw_status status = sw_output_params(graph, output, version->schema, &arena, &params, err);
    if (status == SW_OK && output->fold == NULL) {
        status = check_page(params, version->schema, err);
    } else if (status == SW_OK) {
        struct sw_foldrun *run;
        status = sw_foldrun_new(output->fold, params, version, &run, err);
        if (status == SW_OK) {
            sw_foldrun_free(run);
        }
    } else if (status == SW_PARAMS) {
        status = SW_OK;
    }
    sw_arena_fini(&arena);
    return status;
}

static sw_status read_output(struct sw_graph *graph, struct sw_output *output,
                             const struct sw_json *params, struct sw_err *err)
{
    if (sw_json_is_null(params) || params->kind != SW_JSON_OBJECT) {
        return sw_fail(err, SW_PARAMS, "output.define needs `output`, `kind` and `table`");
    }
    output->params = sw_json_copy(&output->arena, params);
    if (output->params == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    struct sw_span name = {0};
    SW_TRY(read_common(output, &name, err));
    output->name = strndup(name.data, name.length);
    if (output->name == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    if (output->where_text.data != NULL) {
        SW_TRY(sw_expr_parse(output->where_text, &output->where, err));
    }
    const struct sw_version *version =
        graph->options.calls->version(graph->options.context, output->table);
    if (version == NULL) {
        return sw_fail(err, SW_NO_TABLE, "no table `%.*s`, or its header has not arrived yet",
                       (int)output->table.length, output->table.data);
    }
    SW_TRY(check_filters(graph, output, version, err));
    return check_plan(graph, output, version, err);
}

/* The value of the definition before it stays until the new one has its own. */
static void replace_output(struct sw_graph *graph, struct sw_output *old, struct sw_output *made)
{
    made->seq = old->seq;
    made->value = old->value;
    old->value = NULL;
    struct sw_output **link = &graph->outputs;
    while (*link != old) {
        link = &(*link)->next;
    }
    made->next = old->next;
    *link = made;
    HASH_DELETE(by_name, graph->outputs_by_name, old);
    free_output(old);
}

static void append_output(struct sw_graph *graph, struct sw_output *made)
{
    struct sw_output **link = &graph->outputs;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = made;
    graph->output_count++;
}

sw_status sw_graph_define_output(struct sw_graph *graph, const struct sw_json *params,
                                 struct sw_err *err)
{
    struct sw_output *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    sw_arena_init(&made->arena);
    sw_buf_init(&made->key);
    sw_status status = read_output(graph, made, params, err);
    struct sw_output *old =
        status == SW_OK ? sw_output_find(graph, sw_span_text(made->name)) : NULL;
    if (status == SW_OK && old == NULL && graph->output_count >= SW_OUTPUTS_MAX) {
        status = sw_fail_limit(err, "outputs", graph->output_count + 1, SW_OUTPUTS_MAX,
                               "drop outputs that are no longer shown");
    }
    if (status != SW_OK) {
        free_output(made);
        return status;
    }
    made->serial = ++graph->serial;
    made->is_data_new = true;
    if (old != NULL) {
        replace_output(graph, old, made);
    } else {
        append_output(graph, made);
    }
    HASH_ADD_KEYPTR(by_name, graph->outputs_by_name, made->name, strlen(made->name), made);
    sw_mark_output(graph, made, true);
    return SW_OK;
}

static sw_status need_output(const struct sw_graph *graph, struct sw_span name,
                             struct sw_output **output, struct sw_err *err)
{
    *output = sw_output_find(graph, name);
    if (*output == NULL) {
        return sw_fail(err, SW_NO_OUTPUT, "no output `%.*s`: output.list names those there are",
                       (int)name.length, name.data);
    }
    return SW_OK;
}

sw_status sw_graph_drop_output(struct sw_graph *graph, struct sw_span name, struct sw_err *err)
{
    struct sw_output *output;
    SW_TRY(need_output(graph, name, &output, err));
    unlink_output(graph, output);
    return SW_OK;
}

sw_status sw_graph_pause_output(struct sw_graph *graph, struct sw_span name, bool is_paused,
                                struct sw_err *err)
{
    struct sw_output *output;
    SW_TRY(need_output(graph, name, &output, err));
    if (output->is_paused == is_paused) {
        return SW_OK;
    }
    output->is_paused = is_paused;
    output->is_busy_told = false;
    graph->options.calls->on_state(graph->options.context, output->name,
                                   is_paused           ? SW_OUTPUT_PAUSED
                                   : output->has_error ? SW_OUTPUT_ERROR
                                                       : SW_OUTPUT_OK,
                                   -1, output->has_error ? &output->err : NULL);
    return SW_OK;
}
