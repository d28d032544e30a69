/* Outputs: a definition, checked when it comes, and what a run needs of it. */
#include <stdlib.h>

#include "base/limits.h"
#include "base/params.h"
#include "reactive/reactive_priv.h"

#define PAGE_ROWS_DEFAULT 100

/* -- definition --------------------------------------------------------------------- */

static const char *const common[] = {"output", "kind", "table", "select", "except", "where", NULL};

static bool is_common(struct sw_span key)
{
    for (size_t i = 0; common[i] != NULL; i++) {
        if (sw_span_equal(key, sw_span_text(common[i]))) {
            return true;
        }
    }
    return false;
}

/* The members that are common to all outputs, or the others. */
static const struct sw_json *pick_members(struct sw_arena *arena, const struct sw_json *object,
                                          bool want_common)
{
    size_t count = object->u.list.count;
    struct sw_json *picked = sw_arena_alloc(arena, sizeof(*picked));
    struct sw_json *items = sw_arena_array(arena, count + 1, sizeof(*items));
    if (picked == NULL || items == NULL) {
        return NULL;
    }
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_common(object->u.list.items[i].key) == want_common) {
            items[at++] = object->u.list.items[i];
        }
    }
    picked->kind = SW_JSON_OBJECT;
    picked->u.list.items = items;
    picked->u.list.count = at;
    return picked;
}

static sw_status read_common(struct sw_output *output, struct sw_err *err)
{
    struct sw_span name = {0};
    const struct sw_param params[] = {
        {"output", SW_PARAM_NAME, true, &name, 0, 0},
        {"kind", SW_PARAM_NAME, true, &output->kind, 0, 0},
        {"table", SW_PARAM_NAME, true, &output->table, 0, 0},
        {"select", SW_PARAM_NAME, false, &output->select, 0, 0},
        {"except", SW_PARAM_ARRAY, false, &output->except, 0, 0},
        {"where", SW_PARAM_TEXT, false, &output->where_text, 0, 0},
    };
    const struct sw_json *object = pick_members(&output->arena, output->definition, true);
    if (object == NULL) {
        return sw_graph_no_memory(err);
    }
    SW_TRY(sw_params_read(object, "output.define", params, sizeof(params) / sizeof(params[0]), NULL,
                          err));
    output->node.name = sw_span_dup(name);
    output->params = pick_members(&output->arena, output->definition, false);
    return output->node.name == NULL || output->params == NULL ? sw_graph_no_memory(err) : SW_OK;
}

static sw_status find_kind(const struct sw_graph *graph, struct sw_output *output,
                           struct sw_err *err)
{
    output->fold = graph->options.find_fold != NULL ? graph->options.find_fold(output->kind)
                                                    : sw_fold_find(output->kind);
    if (output->fold != NULL) {
        return SW_OK;
    }
    if (!sw_span_equal(output->kind, sw_span_text("table"))) {
        return sw_fail(err, SW_PARAMS,
                       "there is no output kind `%.*s`; there are histogram, histogram2d, line, "
                       "scatter, groupby, value, quantiles and table",
                       (int)(output->kind.length < 64 ? output->kind.length : 64),
                       output->kind.data);
    }
    if (!sw_json_is_null(sw_json_member(output->params, "facet"))) {
        return sw_fail(err, SW_PARAMS, "an output of kind `table` has no `facet`");
    }
    return SW_OK;
}

static sw_status check_except(const struct sw_graph *graph, const struct sw_output *output,
                              struct sw_err *err)
{
    struct sw_selection *selection = NULL;
    if (output->select.length == 0) {
        if (output->except != NULL && output->except->u.list.count > 0) {
            return sw_fail(err, SW_PARAMS, "`except` names clauses of a selection: add `select`");
        }
        return SW_OK;
    }
    SW_TRY(sw_selection_need(graph, output->select, output->table, &selection, err));
    for (size_t i = 0; output->except != NULL && i < output->except->u.list.count; i++) {
        struct sw_span name;
        if (!sw_json_get_text(&output->except->u.list.items[i], &name)) {
            return sw_fail(err, SW_PARAMS, "`except` must be a list of clause names");
        }
        if (!sw_selection_has_clause(selection, name)) {
            return sw_fail(err, SW_PARAMS, "the selection `%s` has no clause named `%.*s`",
                           selection->node.name, (int)(name.length < 64 ? name.length : 64),
                           name.data);
        }
    }
    return SW_OK;
}

/* Plans it once against the table as it is.  Where parameters come from inputs only a missing
 * column speaks against the definition; the rest may change with them. */
static sw_status check_plan(struct sw_graph *graph, struct sw_output *output,
                            const struct sw_version *version, struct sw_err *err)
{
    const struct sw_json *params = NULL;
    struct sw_arena arena;
    sw_arena_init(&arena);
    sw_status status = sw_output_params(graph, output, &arena, &params, err);
    if (status == SW_OK && output->fold != NULL) {
        struct sw_foldrun *run = NULL;
        const struct sw_fold_env env = {version, sw_graph_expr_input, graph};
        status = sw_foldrun_new_env(output->fold, params, &env, &run, err);
        sw_foldrun_free(run);
    } else if (status == SW_OK) {
        struct sw_page_spec spec = {0};
        status = sw_output_page_spec(params, version, &arena, &spec, err);
    }
    sw_arena_fini(&arena);
    bool is_excused = output->inputs > 0 && status != SW_NO_COLUMN;
    return is_excused ? SW_OK : status;
}

static sw_status check_where(struct sw_graph *graph, struct sw_output *output,
                             const struct sw_version *version, struct sw_err *err)
{
    struct sw_program *program = NULL;
    if (output->where == NULL) {
        return SW_OK;
    }
    SW_TRY(
        sw_expr_compile(output->where, version->schema, sw_graph_expr_input, graph, &program, err));
    sw_program_free(program);
    return SW_OK;
}

static sw_status fill_output(struct sw_graph *graph, struct sw_output *output,
                             const struct sw_json *params, struct sw_err *err)
{
    const struct sw_graph_options *options = &graph->options;
    struct sw_span *names = NULL;
    if (params == NULL || params->kind != SW_JSON_OBJECT) {
        return sw_fail(err, SW_PARAMS, "output.define: the parameters must be an object");
    }
    output->definition = sw_json_copy(&output->arena, params);
    if (output->definition == NULL) {
        return sw_graph_no_memory(err);
    }
    SW_TRY(read_common(output, err));
    SW_TRY(find_kind(graph, output, err));
    if (!sw_reference_collect(&output->arena, output->params, &names, &output->inputs)) {
        return sw_graph_no_memory(err);
    }
    output->input = names;
    if (output->where_text.length > 0) {
        SW_TRY(sw_expr_parse(output->where_text, &output->where, err));
    }
    if (graph->is_restoring) {
        return SW_OK;
    }
    struct sw_version *version = options->calls->version(options->context, output->table);
    if (version == NULL) {
        return sw_fail(err, SW_NO_TABLE,
                       "there is no table `%.*s`: load it first, or see table.list",
                       (int)output->table.length, output->table.data);
    }
    SW_TRY(check_except(graph, output, err));
    SW_TRY(check_where(graph, output, version, err));
    return check_plan(graph, output, version, err);
}

sw_status sw_output_new(struct sw_graph *graph, const struct sw_json *params,
                        struct sw_output **result, struct sw_err *err)
{
    struct sw_output *output = calloc(1, sizeof(*output));
    if (output == NULL) {
        return sw_graph_no_memory(err);
    }
    sw_arena_init(&output->arena);
    sw_buf_init(&output->settled);
    output->shown = SW_OUTPUT_OK;
    output->shown_progress = -1;
    sw_status status = fill_output(graph, output, params, err);
    if (status != SW_OK) {
        sw_output_free(output);
        return status;
    }
    *result = output;
    return SW_OK;
}

void sw_output_free(struct sw_output *output)
{
    if (output == NULL) {
        return;
    }
    sw_expr_free(output->where);
    sw_output_value_unref(output->value);
    sw_buf_fini(&output->settled);
    sw_arena_fini(&output->arena);
    free(output->node.name);
    free(output);
}

/* -- what it depends on ------------------------------------------------------------------ */

static bool holds_name(const struct sw_span *names, size_t count, struct sw_span name)
{
    for (size_t i = 0; i < count; i++) {
        if (sw_span_equal(names[i], name)) {
            return true;
        }
    }
    return false;
}

bool sw_output_follows(const struct sw_graph *graph, const struct sw_output *output,
                       struct sw_span input)
{
    if (holds_name(output->input, output->inputs, input)) {
        return true;
    }
    if (output->where != NULL) {
        const struct sw_span *names;
        size_t count = sw_expr_inputs(output->where, &names);
        if (holds_name(names, count, input)) {
            return true;
        }
    }
    const struct sw_selection *selection =
        output->select.length > 0 ? sw_graph_selection(graph, output->select) : NULL;
    for (size_t i = 0; selection != NULL && i < selection->clauses; i++) {
        const struct sw_clause *clause = &selection->clause[i];
        if (sw_clause_follows(clause, input) && !sw_is_excepted(clause, output->except)) {
            return true;
        }
    }
    return false;
}

/* -- what a run needs ---------------------------------------------------------------------- */

sw_status sw_output_filters(const struct sw_graph *graph, const struct sw_output *output,
                            const struct sw_version *version, struct sw_filter_list *list,
                            uint32_t *into, uint32_t *count, struct sw_err *err)
{
    *count = 0;
    if (output->select.length > 0) {
        struct sw_selection *selection = NULL;
        SW_TRY(sw_selection_need(graph, output->select, output->table, &selection, err));
        SW_TRY(sw_selection_filters(graph, selection, output->except, version, list, into, count,
                                    err));
    }
    if (output->where != NULL) {
        SW_TRY(sw_where_filter(graph, output->where, output->where_text, version, list, into, count,
                               err));
    }
    return SW_OK;
}

sw_status sw_output_params(const struct sw_graph *graph, const struct sw_output *output,
                           struct sw_arena *arena, const struct sw_json **params,
                           struct sw_err *err)
{
    struct sw_span missing = {0};
    *params = sw_reference_replace(graph, arena, output->params, &missing);
    if (*params != NULL) {
        return SW_OK;
    }
    if (missing.length == 0) {
        return sw_graph_no_memory(err);
    }
    return sw_fail(err, SW_PARAMS,
                   "the output `%s` needs the input `%.*s`, which is not set: give it a value with "
                   "input.set",
                   output->node.name, (int)missing.length, missing.data);
}

static sw_status read_columns(const struct sw_json *list, const struct sw_version *version,
                              struct sw_arena *arena, struct sw_page_spec *spec, struct sw_err *err)
{
    size_t count = list->u.list.count;
    if (count > SW_COLUMNS_MAX) {
        return sw_fail_limit(err, "columns", (int64_t)count, SW_COLUMNS_MAX, "ask for fewer");
    }
    uint32_t *columns = sw_arena_array(arena, count + 1, sizeof(*columns));
    if (columns == NULL) {
        return sw_graph_no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        struct sw_span name;
        if (!sw_json_get_text(&list->u.list.items[i], &name)) {
            return sw_fail(err, SW_PARAMS, "`columns` must be a list of column names");
        }
        SW_TRY(sw_schema_need(version->schema, name, &columns[i], err));
    }
    spec->columns = columns;
    spec->column_count = (uint32_t)count;
    return SW_OK;
}

static sw_status read_sort(const struct sw_json *list, const struct sw_version *version,
                           struct sw_arena *arena, struct sw_page_spec *spec, struct sw_err *err)
{
    size_t count = list->u.list.count;
    if (count > SW_SORT_KEYS_MAX) {
        return sw_fail_limit(err, "sort_keys", (int64_t)count, SW_SORT_KEYS_MAX,
                             "sort by fewer columns");
    }
    struct sw_sort_key *keys = sw_arena_array(arena, count + 1, sizeof(*keys));
    if (keys == NULL) {
        return sw_graph_no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        struct sw_span name = {0};
        const struct sw_param params[] = {
            {"column", SW_PARAM_NAME, true, &name, 0, 0},
            {"desc", SW_PARAM_BOOL, false, &keys[i].is_descending, 0, 0},
        };
        SW_TRY(sw_params_read(&list->u.list.items[i], "sort", params, 2, NULL, err));
        SW_TRY(sw_schema_need(version->schema, name, &keys[i].column, err));
    }
    spec->sort = keys;
    spec->sort_count = (uint32_t)count;
    return SW_OK;
}

sw_status sw_output_page_spec(const struct sw_json *params, const struct sw_version *version,
                              struct sw_arena *arena, struct sw_page_spec *spec, struct sw_err *err)
{
    int64_t offset = 0;
    int64_t limit = PAGE_ROWS_DEFAULT;
    const struct sw_json *columns = NULL;
    const struct sw_json *sort = NULL;
    const struct sw_json *facet = NULL;
    const struct sw_param list[] = {
        {"offset", SW_PARAM_INT, false, &offset, 0, INT64_MAX},
        {"limit", SW_PARAM_INT, false, &limit, 0, SW_PAGE_ROWS_MAX},
        {"columns", SW_PARAM_ARRAY, false, &columns, 0, 0},
        {"sort", SW_PARAM_ARRAY, false, &sort, 0, 0},
        {"facet", SW_PARAM_ANY, false, &facet, 0, 0},
    };
    SW_TRY(sw_params_read(params, "table", list, sizeof(list) / sizeof(list[0]), NULL, err));
    spec->offset = (uint64_t)offset;
    spec->limit = (uint32_t)limit;
    if (columns != NULL) {
        SW_TRY(read_columns(columns, version, arena, spec, err));
    }
    return sort == NULL ? SW_OK : read_sort(sort, version, arena, spec, err);
}
