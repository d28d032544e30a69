/* Selections: named lists of clauses that follow inputs, and `where` expressions,
 * compiled into filters for one version and the inputs of one moment.  Each filter
 * gets a key (column, kind, values), so that equal ones are made and run once.      */
#include <stdlib.h>

#include "base/limits.h"
#include "base/params.h"
#include "reactive/reactive_priv.h"

sw_status sw_graph_no_memory(struct sw_err *err)
{
    return sw_fail(err, SW_NO_MEMORY, "the server has no memory left for this session");
}

/* -- definition ------------------------------------------------------------------- */

static sw_status read_ends(struct sw_span ends, struct sw_clause *clause, struct sw_err *err)
{
    if (ends.length == 2 && (ends.data[0] == '[' || ends.data[0] == '(') &&
        (ends.data[1] == ']' || ends.data[1] == ')')) {
        clause->is_low_open = ends.data[0] == '(';
        clause->is_high_open = ends.data[1] == ')';
        return SW_OK;
    }
    return sw_fail(err, SW_PARAMS,
                   "a clause's `ends` must be \"[]\", \"[)\", \"(]\" or \"()\": which ends of "
                   "`between` belong to it");
}

static sw_status read_expr(struct sw_selection *selection, struct sw_clause *clause,
                           struct sw_err *err)
{
    const struct sw_span *names;
    SW_TRY(sw_expr_parse(clause->text, &clause->expr, err));
    clause->inputs = sw_expr_inputs(clause->expr, &names);
    struct sw_span *copy =
        sw_arena_array(&selection->arena, clause->inputs + 1, sizeof(struct sw_span));
    if (copy == NULL) {
        return sw_graph_no_memory(err);
    }
    for (size_t i = 0; i < clause->inputs; i++) {
        copy[i] = names[i];
    }
    clause->input = copy;
    return SW_OK;
}

static sw_status read_clause(struct sw_selection *selection, const struct sw_json *json,
                             struct sw_clause *clause, struct sw_err *err)
{
    struct sw_span ends = sw_span_text("[]");
    const struct sw_json *between = NULL;
    const struct sw_json *in = NULL;
    const struct sw_json *equals = NULL;
    const struct sw_param params[] = {
        {"name", SW_PARAM_NAME, false, &clause->name, 0, 0},
        {"column", SW_PARAM_NAME, false, &clause->column, 0, 0},
        {"between", SW_PARAM_ANY, false, &between, 0, 0},
        {"in", SW_PARAM_ANY, false, &in, 0, 0},
        {"equals", SW_PARAM_ANY, false, &equals, 0, 0},
        {"expr", SW_PARAM_TEXT, false, &clause->text, 0, 0},
        {"ends", SW_PARAM_TEXT, false, &ends, 0, 0},
    };
    SW_TRY(sw_params_read(json, "a clause", params, sizeof(params) / sizeof(params[0]), NULL, err));
    int kinds = (between != NULL) + (in != NULL) + (equals != NULL) + (clause->text.length > 0);
    if (kinds != 1) {
        return sw_fail(err, SW_PARAMS,
                       "a clause needs exactly one of `between`, `in`, `equals` and `expr`");
    }
    SW_TRY(read_ends(ends, clause, err));
    if (clause->text.length > 0) {
        clause->kind = SW_CLAUSE_EXPR;
        SW_TRY(read_expr(selection, clause, err));
    } else {
        if (clause->column.length == 0) {
            return sw_fail(err, SW_PARAMS,
                           "a clause with `between`, `in` or `equals` needs a "
                           "`column`");
        }
        clause->kind =
            between != NULL ? SW_CLAUSE_BETWEEN : (in != NULL ? SW_CLAUSE_IN : SW_CLAUSE_EQUALS);
        clause->value = between != NULL ? between : (in != NULL ? in : equals);
        struct sw_span *names = NULL;
        if (!sw_reference_collect(&selection->arena, clause->value, &names, &clause->inputs)) {
            return sw_graph_no_memory(err);
        }
        clause->input = names;
    }
    if (clause->name.length == 0 && clause->inputs > 0) {
        clause->name = clause->input[0];
    }
    return SW_OK;
}

static sw_status read_clauses(struct sw_selection *selection, const struct sw_json *list,
                              struct sw_err *err)
{
    size_t count = list->u.list.count;
    if (count > SW_CLAUSES_MAX) {
        return sw_fail_limit(err, "clauses", (int64_t)count, SW_CLAUSES_MAX,
                             "join clauses with AND in one `expr`");
    }
    selection->clause = sw_arena_array(&selection->arena, count + 1, sizeof(struct sw_clause));
    if (selection->clause == NULL) {
        return sw_graph_no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        selection->clauses++;
        SW_TRY(read_clause(selection, &list->u.list.items[i], &selection->clause[i], err));
    }
    return SW_OK;
}

/* A clause that cannot work whatever its inputs say is refused at once; what the inputs of this
 * moment make of it is no concern of the definition. */
static sw_status check_clause(struct sw_graph *graph, struct sw_selection *selection,
                              const struct sw_clause *clause, const struct sw_version *version,
                              struct sw_err *err)
{
    uint32_t column;
    if (clause->kind != SW_CLAUSE_EXPR) {
        SW_TRY(sw_schema_need(version->schema, clause->column, &column, err));
    }
    struct sw_filter_list list = {.arena = &selection->arena};
    struct sw_selection alone = {.clauses = 1, .clause = (struct sw_clause *)clause};
    uint32_t index;
    uint32_t count = 0;
    struct sw_err local;
    sw_status status =
        sw_selection_filters(graph, &alone, NULL, version, &list, &index, &count, &local);
    sw_filter_list_fini(&list);
    if (status == SW_OK || (clause->inputs > 0 && status != SW_NO_COLUMN)) {
        return SW_OK;
    }
    if (err != NULL) {
        *err = local;
    }
    return status;
}

static sw_status fill_selection(struct sw_graph *graph, struct sw_selection *selection,
                                const struct sw_json *params, struct sw_err *err)
{
    struct sw_span name = {0};
    const struct sw_json *clauses = NULL;
    const struct sw_param list[] = {
        {"select", SW_PARAM_NAME, true, &name, 0, 0},
        {"table", SW_PARAM_NAME, true, &selection->table, 0, 0},
        {"clauses", SW_PARAM_ARRAY, true, &clauses, 0, 0},
    };
    const struct sw_json *copy = sw_json_copy(&selection->arena, params);
    if (copy == NULL) {
        return sw_graph_no_memory(err);
    }
    SW_TRY(sw_params_read(copy, "select.define", list, 3, NULL, err));
    selection->definition = copy;
    selection->node.name = sw_span_dup(name);
    if (selection->node.name == NULL) {
        return sw_graph_no_memory(err);
    }
    SW_TRY(read_clauses(selection, clauses, err));
    if (graph->is_restoring) {
        return SW_OK;
    }
    const struct sw_graph_options *options = &graph->options;
    struct sw_version *version = options->calls->version(options->context, selection->table);
    if (version == NULL) {
        return sw_fail(err, SW_NO_TABLE, "there is no table `%s`: load it first, or see table.list",
                       sw_arena_text(&selection->arena, selection->table));
    }
    for (size_t i = 0; i < selection->clauses; i++) {
        SW_TRY(check_clause(graph, selection, &selection->clause[i], version, err));
    }
    return SW_OK;
}

sw_status sw_selection_new(struct sw_graph *graph, const struct sw_json *params,
                           struct sw_selection **result, struct sw_err *err)
{
    struct sw_selection *selection = calloc(1, sizeof(*selection));
    if (selection == NULL) {
        return sw_graph_no_memory(err);
    }
    sw_arena_init(&selection->arena);
    sw_status status = fill_selection(graph, selection, params, err);
    if (status != SW_OK) {
        sw_selection_free(selection);
        return status;
    }
    *result = selection;
    return SW_OK;
}

void sw_selection_free(struct sw_selection *selection)
{
    if (selection == NULL) {
        return;
    }
    for (size_t i = 0; i < selection->clauses; i++) {
        sw_expr_free(selection->clause[i].expr);
    }
    sw_arena_fini(&selection->arena);
    free(selection->node.name);
    free(selection);
}

bool sw_selection_has_clause(const struct sw_selection *selection, struct sw_span name)
{
    for (size_t i = 0; i < selection->clauses; i++) {
        if (sw_span_equal(selection->clause[i].name, name)) {
            return true;
        }
    }
    return false;
}

bool sw_clause_follows(const struct sw_clause *clause, struct sw_span input)
{
    for (size_t i = 0; i < clause->inputs; i++) {
        if (sw_span_equal(clause->input[i], input)) {
            return true;
        }
    }
    return false;
}

bool sw_is_excepted(const struct sw_clause *clause, const struct sw_json *except)
{
    for (size_t i = 0; except != NULL && i < except->u.list.count; i++) {
        const struct sw_json *name = &except->u.list.items[i];
        if (clause->name.length > 0 && name->kind == SW_JSON_STRING &&
            sw_span_equal(name->u.text, clause->name)) {
            return true;
        }
    }
    return false;
}

sw_status sw_selection_need(const struct sw_graph *graph, struct sw_span name, struct sw_span table,
                            struct sw_selection **result, struct sw_err *err)
{
    struct sw_selection *selection = sw_graph_selection(graph, name);
    int length = (int)(name.length < SW_NAME_BYTES_MAX ? name.length : SW_NAME_BYTES_MAX);
    if (selection == NULL) {
        return sw_fail(err, SW_PARAMS, "there is no selection `%.*s`: send select.define first",
                       length, name.data);
    }
    if (!sw_span_equal(selection->table, table)) {
        return sw_fail(err, SW_PARAMS, "the selection `%.*s` is of the table `%.*s`, not of `%.*s`",
                       length, name.data, (int)selection->table.length, selection->table.data,
                       (int)table.length, table.data);
    }
    *result = selection;
    return SW_OK;
}

/* -- filters ------------------------------------------------------------------------- */

void sw_filter_list_fini(struct sw_filter_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        sw_filter_free(list->filter[i]);
    }
    free(list->filter);
    free(list->key);
    free(list->clause);
    *list = (struct sw_filter_list){0};
}

static int64_t find_key(const struct sw_filter_list *list, struct sw_span key)
{
    for (size_t i = 0; i < list->count; i++) {
        if (sw_span_equal(list->key[i], key)) {
            return (int64_t)i;
        }
    }
    return -1;
}

static bool make_room(struct sw_filter_list *list)
{
    if (list->count < list->capacity) {
        return true;
    }
    size_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
    struct sw_filter **filter = realloc(list->filter, capacity * sizeof(*filter));
    if (filter == NULL) {
        return false;
    }
    list->filter = filter;
    struct sw_span *key = realloc(list->key, capacity * sizeof(*key));
    if (key == NULL) {
        return false;
    }
    list->key = key;
    const struct sw_clause **clause = realloc(list->clause, capacity * sizeof(*clause));
    if (clause == NULL) {
        return false;
    }
    list->clause = clause;
    list->capacity = capacity;
    return true;
}

/* Where a filter of that key is in the list; *is_new: the caller makes one and puts it there. */
static sw_status place_key(struct sw_filter_list *list, struct sw_buf *key, uint32_t *index,
                           bool *is_new, struct sw_err *err)
{
    if (key->failed) {
        return sw_graph_no_memory(err);
    }
    int64_t found = find_key(list, sw_buf_peek(key));
    *is_new = found < 0;
    *index = found < 0 ? (uint32_t)list->count : (uint32_t)found;
    if (found >= 0) {
        return SW_OK;
    }
    const char *copy = sw_arena_text(list->arena, sw_buf_peek(key));
    if (copy == NULL || !make_room(list)) {
        return sw_graph_no_memory(err);
    }
    list->key[list->count] = sw_span_of(copy, key->length);
    list->clause[list->count] = NULL;
    return SW_OK;
}

static void put_ends(struct sw_buf *key, const struct sw_clause *clause)
{
    sw_buf_put_byte(key, clause->is_low_open ? '(' : '[');
    sw_buf_put_byte(key, clause->is_high_open ? ')' : ']');
}

static sw_status make_filter(const struct sw_clause *clause, const struct sw_version *version,
                             uint32_t column, const struct sw_json *value,
                             struct sw_filter **filter, struct sw_err *err)
{
    switch (clause->kind) {
    case SW_CLAUSE_BETWEEN:
        return sw_filter_between(version, column, &value->u.list.items[0], &value->u.list.items[1],
                                 clause->is_low_open, clause->is_high_open, filter, err);
    case SW_CLAUSE_IN:
        return sw_filter_in(version, column, value, filter, err);
    case SW_CLAUSE_EQUALS:
        return sw_filter_equals(version, column, value, filter, err);
    case SW_CLAUSE_EXPR:
        break;
    }
    return SW_INTERNAL;
}

static sw_status check_value(const struct sw_clause *clause, const struct sw_json *value,
                             struct sw_err *err)
{
    int length = (int)clause->column.length;
    if (clause->kind == SW_CLAUSE_BETWEEN &&
        (value->kind != SW_JSON_ARRAY || value->u.list.count != 2)) {
        return sw_fail(err, SW_PARAMS,
                       "`between` on the column `%.*s` needs a list of two values, "
                       "[low, high]; either may be null",
                       length, clause->column.data);
    }
    if (clause->kind == SW_CLAUSE_IN && value->kind != SW_JSON_ARRAY) {
        return sw_fail(err, SW_PARAMS, "`in` on the column `%.*s` needs a list of values", length,
                       clause->column.data);
    }
    return SW_OK;
}

static bool is_unbounded(const struct sw_clause *clause, const struct sw_json *value)
{
    return clause->kind == SW_CLAUSE_BETWEEN && sw_json_is_null(&value->u.list.items[0]) &&
           sw_json_is_null(&value->u.list.items[1]);
}

static bool has_unset_input(const struct sw_graph *graph, const struct sw_clause *clause)
{
    for (size_t i = 0; i < clause->inputs; i++) {
        if (sw_json_is_null(sw_graph_input(graph, clause->input[i]))) {
            return true;
        }
    }
    return false;
}

/* Off: *is_on false. */
static sw_status column_filter(const struct sw_graph *graph, const struct sw_clause *clause,
                               const struct sw_version *version, struct sw_filter_list *list,
                               struct sw_buf *key, uint32_t *index, bool *is_on, struct sw_err *err)
{
    uint32_t column;
    bool is_new;
    SW_TRY(sw_schema_need(version->schema, clause->column, &column, err));
    const struct sw_json *value = sw_reference_replace(graph, list->arena, clause->value, NULL);
    if (value == NULL) {
        return sw_graph_no_memory(err);
    }
    *is_on = false;
    if (value->kind == SW_JSON_NULL ||
        (clause->kind == SW_CLAUSE_IN && has_unset_input(graph, clause))) {
        return SW_OK;
    }
    SW_TRY(check_value(clause, value, err));
    if (is_unbounded(clause, value)) {
        return SW_OK;
    }
    sw_buf_printf(key, "%d %u ", (int)clause->kind, column);
    put_ends(key, clause);
    sw_json_put(key, value);
    SW_TRY(place_key(list, key, index, &is_new, err));
    if (is_new) {
        SW_TRY(make_filter(clause, version, column, value, &list->filter[list->count], err));
        list->count++;
    }
    *is_on = true;
    return SW_OK;
}

static sw_status expr_filter(const struct sw_graph *graph, const struct sw_expr *expr,
                             struct sw_span text, const struct sw_version *version,
                             struct sw_filter_list *list, struct sw_buf *key, uint32_t *index,
                             struct sw_err *err)
{
    const struct sw_span *names;
    size_t count = sw_expr_inputs(expr, &names);
    bool is_new;
    sw_buf_put_text(key, "x ");
    sw_buf_put(key, text.data, text.length);
    for (size_t i = 0; i < count; i++) {
        const struct sw_json *value = sw_graph_input(graph, names[i]);
        sw_buf_put_byte(key, '\x1f');
        if (value != NULL) {
            sw_json_put(key, value);
        }
    }
    SW_TRY(place_key(list, key, index, &is_new, err));
    if (is_new) {
        struct sw_program *program = NULL;
        SW_TRY(sw_expr_compile(expr, version->schema, sw_graph_expr_input, (void *)graph, &program,
                               err));
        sw_status status = sw_filter_program(program, &list->filter[list->count]);
        if (status != SW_OK) {
            return sw_graph_no_memory(err);
        }
        list->count++;
    }
    return SW_OK;
}

static sw_status clause_filter(const struct sw_graph *graph, const struct sw_clause *clause,
                               const struct sw_version *version, struct sw_filter_list *list,
                               struct sw_buf *key, uint32_t *index, bool *is_on, struct sw_err *err)
{
    if (clause->kind != SW_CLAUSE_EXPR) {
        return column_filter(graph, clause, version, list, key, index, is_on, err);
    }
    *is_on = !has_unset_input(graph, clause);
    if (!*is_on) {
        return SW_OK;
    }
    return expr_filter(graph, clause->expr, clause->text, version, list, key, index, err);
}

sw_status sw_selection_filters(const struct sw_graph *graph, const struct sw_selection *selection,
                               const struct sw_json *except, const struct sw_version *version,
                               struct sw_filter_list *list, uint32_t *into, uint32_t *count,
                               struct sw_err *err)
{
    struct sw_buf key;
    sw_status status = SW_OK;
    sw_buf_init(&key);
    for (size_t i = 0; i < selection->clauses && status == SW_OK; i++) {
        bool is_on = false;
        if (sw_is_excepted(&selection->clause[i], except) ||
            (list->skip.length > 0 && sw_clause_follows(&selection->clause[i], list->skip))) {
            continue;
        }
        size_t before = list->count;
        sw_buf_clear(&key);
        status = clause_filter(graph, &selection->clause[i], version, list, &key, &into[*count],
                               &is_on, err);
        if (list->count > before) {
            list->clause[before] = &selection->clause[i];
        }
        *count += status == SW_OK && is_on;
    }
    sw_buf_fini(&key);
    return status;
}

sw_status sw_where_filter(const struct sw_graph *graph, const struct sw_expr *expr,
                          struct sw_span text, const struct sw_version *version,
                          struct sw_filter_list *list, uint32_t *into, uint32_t *count,
                          struct sw_err *err)
{
    struct sw_buf key;
    sw_buf_init(&key);
    sw_status status = expr_filter(graph, expr, text, version, list, &key, &into[*count], err);
    *count += status == SW_OK;
    sw_buf_fini(&key);
    return status;
}
