#include <stdlib.h>

#include "base/params.h"
#include "reactive/graph_priv.h"

struct sw_selection *sw_selection_find(const struct sw_graph *graph, struct sw_span name)
{
    struct sw_selection *selection;
    HASH_FIND(by_name, graph->selections, name.data, name.length, selection);
    return selection;
}

static void free_selection(struct sw_selection *selection)
{
    for (uint32_t i = 0; i < selection->clauses; i++) {
        sw_expr_free(selection->clause[i].expr);
    }
    sw_arena_fini(&selection->arena);
    free(selection->name);
    free(selection->table);
    free(selection);
}

void sw_selection_free_all(struct sw_graph *graph)
{
    while (graph->selections != NULL) {
        struct sw_selection *selection = graph->selections;
        HASH_DELETE(by_name, graph->selections, selection);
        free_selection(selection);
    }
}

/* -- reading a definition ------------------------------------------------------------------- */

static sw_status read_ends(struct sw_clause *clause, struct sw_span ends, struct sw_err *err)
{
    if (ends.data == NULL) {
        return SW_OK;
    }
    bool is_right = ends.length == 2 && (ends.data[0] == '[' || ends.data[0] == '(') &&
                    (ends.data[1] == ']' || ends.data[1] == ')');
    if (!is_right || clause->kind != SW_CLAUSE_BETWEEN) {
        return sw_fail(err, SW_PARAMS,
                       "a clause's `ends` goes with `between` and is one of [] [) (] ()");
    }
    clause->is_low_open = ends.data[0] == '(';
    clause->is_high_open = ends.data[1] == ')';
    return SW_OK;
}

static sw_status read_operand(struct sw_clause *clause, struct sw_span column,
                              const struct sw_json *between, const struct sw_json *in,
                              const struct sw_json *equals, struct sw_span expr, struct sw_err *err)
{
    int given = (between != NULL) + (in != NULL) + (equals != NULL) + (expr.data != NULL);
    if (given != 1) {
        return sw_fail(err, SW_PARAMS,
                       "a clause has one of `between`, `in`, `equals` (with `column`) or `expr`");
    }
    if (expr.data != NULL) {
        clause->kind = SW_CLAUSE_EXPR;
        clause->text = expr;
        return sw_expr_parse(expr, &clause->expr, err);
    }
    if (column.data == NULL) {
        return sw_fail(err, SW_PARAMS, "a clause with `between`, `in` or `equals` needs `column`");
    }
    clause->column = column;
    clause->kind = between != NULL ? SW_CLAUSE_BETWEEN
                   : in != NULL    ? SW_CLAUSE_IN
                                   : SW_CLAUSE_EQUALS;
    clause->operand = between != NULL ? between : in != NULL ? in : equals;
    return SW_OK;
}

/* Its own name, else that of its input. */
static void name_clause(struct sw_clause *clause, struct sw_span name)
{
    clause->name = name;
    if (name.data != NULL) {
        return;
    }
    if (clause->kind != SW_CLAUSE_EXPR) {
        clause->name = sw_graph_input_of(clause->operand);
        return;
    }
    const struct sw_span *inputs;
    if (sw_expr_inputs(clause->expr, &inputs) > 0) {
        clause->name = inputs[0];
    }
}

static sw_status read_clause(struct sw_clause *clause, const struct sw_json *json,
                             struct sw_err *err)
{
    struct sw_span column = {0};
    struct sw_span name = {0};
    struct sw_span ends = {0};
    struct sw_span expr = {0};
    const struct sw_json *between = NULL;
    const struct sw_json *in = NULL;
    const struct sw_json *equals = NULL;
    const struct sw_param list[] = {
        {"column", SW_PARAM_TEXT, false, &column, 0, 0},
        {"between", SW_PARAM_ANY, false, &between, 0, 0},
        {"in", SW_PARAM_ANY, false, &in, 0, 0},
        {"equals", SW_PARAM_ANY, false, &equals, 0, 0},
        {"expr", SW_PARAM_TEXT, false, &expr, 0, 0},
        {"name", SW_PARAM_NAME, false, &name, 0, 0},
        {"ends", SW_PARAM_TEXT, false, &ends, 0, 0},
    };
    SW_TRY(sw_params_read(json, "a clause", list, 7, NULL, err));
    if (equals == NULL) {
        equals = sw_json_member(json, "equals"); /* a literal null selects nulls */
    }
    SW_TRY(read_operand(clause, column, between, in, equals, expr, err));
    name_clause(clause, name);
    return read_ends(clause, ends, err);
}

static sw_status read_clauses(struct sw_selection *selection, const struct sw_json *clauses,
                              struct sw_err *err)
{
    if (clauses->u.list.count > SW_CLAUSES_MAX) {
        return sw_fail_limit(err, "clauses", (int64_t)clauses->u.list.count, SW_CLAUSES_MAX,
                             "use several selections, or one expression for several conditions");
    }
    const struct sw_json *copy = sw_json_copy(&selection->arena, clauses);
    if (copy == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < copy->u.list.count; i++) {
        SW_TRY(read_clause(&selection->clause[selection->clauses++], &copy->u.list.items[i], err));
    }
    return SW_OK;
}

/* Columns and literals are right for the table as it is now. */
static sw_status check_clauses(struct sw_graph *graph, const struct sw_selection *selection,
                               const struct sw_version *version, struct sw_err *err)
{
    for (uint32_t i = 0; i < selection->clauses; i++) {
        const struct sw_clause *clause = &selection->clause[i];
        if (clause->kind != SW_CLAUSE_EXPR) {
            uint32_t column;
            SW_TRY(sw_schema_need(version->schema, clause->column, &column, err));
            if (sw_graph_input_of(clause->operand).length > 0) {
                continue; /* its value is looked at when there is one */
            }
        }
        struct sw_filter *filter;
        SW_TRY(sw_clause_filter(graph, clause, version, &filter, err));
        sw_filter_free(filter);
    }
    return SW_OK;
}

static sw_status new_selection(struct sw_span name, struct sw_span table,
                               struct sw_selection **selection)
{
    struct sw_selection *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    sw_arena_init(&made->arena);
    made->name = strndup(name.data, name.length);
    made->table = strndup(table.data, table.length);
    if (made->name == NULL || made->table == NULL) {
        free_selection(made);
        return SW_NO_MEMORY;
    }
    *selection = made;
    return SW_OK;
}

static sw_status check_room(const struct sw_graph *graph, struct sw_span name, struct sw_err *err)
{
    if (HASH_CNT(by_name, graph->selections) >= SW_SELECTIONS_MAX &&
        sw_selection_find(graph, name) == NULL) {
        return sw_fail_limit(err, "selections", SW_SELECTIONS_MAX + 1, SW_SELECTIONS_MAX,
                             "redefine one that is no longer used");
    }
    return SW_OK;
}

sw_status sw_graph_define_select(struct sw_graph *graph, const struct sw_json *params,
                                 struct sw_err *err)
{
    struct sw_span name = {0};
    struct sw_span table = {0};
    const struct sw_json *clauses = NULL;
    const struct sw_param list[] = {
        {"select", SW_PARAM_NAME, true, &name, 0, 0},
        {"table", SW_PARAM_NAME, true, &table, 0, 0},
        {"clauses", SW_PARAM_ARRAY, true, &clauses, 0, 0},
    };
    SW_TRY(sw_params_read(params, "select.define", list, 3, NULL, err));
    SW_TRY(check_room(graph, name, err));
    const struct sw_version *version = graph->options.calls->version(graph->options.context, table);
    if (version == NULL) {
        return sw_fail(err, SW_NO_TABLE, "no table `%.*s`, or its header has not arrived yet",
                       (int)table.length, table.data);
    }
    struct sw_selection *made;
    if (new_selection(name, table, &made) != SW_OK) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    sw_status status = read_clauses(made, clauses, err);
    if (status == SW_OK) {
        status = check_clauses(graph, made, version, err);
    }
    if (status != SW_OK) {
        free_selection(made);
        return status;
    }
    struct sw_selection *old = sw_selection_find(graph, name);
    if (old != NULL) {
        HASH_DELETE(by_name, graph->selections, old);
        free_selection(old);
    }
    HASH_ADD_KEYPTR(by_name, graph->selections, made->name, strlen(made->name), made);
    sw_mark_selection(graph, sw_span_text(made->name));
    return SW_OK;
}

/* -- from clauses to filters --------------------------------------------------------------------- */

bool sw_clause_uses(const struct sw_clause *clause, struct sw_span input)
{
    if (clause->kind != SW_CLAUSE_EXPR) {
        return sw_span_equal(sw_graph_input_of(clause->operand), input);
    }
    const struct sw_span *inputs;
    size_t count = sw_expr_inputs(clause->expr, &inputs);
    for (size_t i = 0; i < count; i++) {
        if (sw_span_equal(inputs[i], input)) {
            return true;
        }
    }
    return false;
}

/* The literal, or the input's value. */
static const struct sw_json *operand_value(const struct sw_graph *graph,
                                           const struct sw_clause *clause)
{
    struct sw_span input = sw_graph_input_of(clause->operand);
    return input.length == 0 ? clause->operand : sw_graph_input(graph, input);
}

static bool is_open_range(const struct sw_json *value)
{
    return value->kind == SW_JSON_ARRAY && value->u.list.count == 2 &&
           sw_json_is_null(&value->u.list.items[0]) && sw_json_is_null(&value->u.list.items[1]);
}

bool sw_clause_is_on(const struct sw_graph *graph, const struct sw_clause *clause)
{
    if (clause->kind == SW_CLAUSE_EXPR) {
        const struct sw_span *inputs;
        size_t count = sw_expr_inputs(clause->expr, &inputs);
        for (size_t i = 0; i < count; i++) {
            if (sw_json_is_null(sw_graph_input(graph, inputs[i]))) {
                return false;
            }
        }
        return true;
    }
    const struct sw_json *value = operand_value(graph, clause);
    if (sw_graph_input_of(clause->operand).length > 0 && sw_json_is_null(value)) {
        return false;
    }
    return clause->kind != SW_CLAUSE_BETWEEN || !is_open_range(value);
}

void sw_where_put_key(const struct sw_graph *graph, const struct sw_expr *expr, struct sw_span text,
                      struct sw_buf *key)
{
    sw_buf_put_byte(key, 'e');
    sw_json_put_text(key, text);
    const struct sw_span *inputs;
    size_t count = sw_expr_inputs(expr, &inputs);
    for (size_t i = 0; i < count; i++) {
        sw_buf_put_byte(key, ',');
        sw_json_put(key, sw_graph_input(graph, inputs[i]));
    }
    sw_buf_put_byte(key, ';');
}

void sw_clause_put_key(const struct sw_graph *graph, const struct sw_clause *clause,
                       struct sw_buf *key)
{
    if (clause->kind == SW_CLAUSE_EXPR) {
        sw_where_put_key(graph, clause->expr, clause->text, key);
        return;
    }
    static const char kinds[] = {
        [SW_CLAUSE_BETWEEN] = 'b', [SW_CLAUSE_IN] = 'i', [SW_CLAUSE_EQUALS] = '='};
    sw_buf_put_byte(key, kinds[clause->kind]);
    sw_json_put_text(key, clause->column);
    sw_buf_put_byte(key, clause->is_low_open ? '(' : '[');
    sw_buf_put_byte(key, clause->is_high_open ? ')' : ']');
    sw_json_put(key, operand_value(graph, clause));
    sw_buf_put_byte(key, ';');
}

static sw_status between_filter(const struct sw_clause *clause, const struct sw_json *value,
                                const struct sw_version *version, uint32_t column,
                                struct sw_filter **filter, struct sw_err *err)
{
    if (value->kind != SW_JSON_ARRAY || value->u.list.count != 2) {
        return sw_fail(err, SW_PARAMS, "`between` on `%.*s` wants [low, high], either may be null",
                       (int)clause->column.length, clause->column.data);
    }
    return sw_filter_between(version, column, &value->u.list.items[0], &value->u.list.items[1],
                             clause->is_low_open, clause->is_high_open, filter, err);
}

static sw_status in_filter(const struct sw_clause *clause, const struct sw_json *value,
                           const struct sw_version *version, uint32_t column,
                           struct sw_filter **filter, struct sw_err *err)
{
    if (value->kind != SW_JSON_ARRAY) {
        return sw_fail(err, SW_PARAMS, "`in` on `%.*s` wants a list of values",
                       (int)clause->column.length, clause->column.data);
    }
    if (value->u.list.count > SW_IN_LIST_MAX) {
        return sw_fail_limit(err, "in_list", (int64_t)value->u.list.count, SW_IN_LIST_MAX,
                             "use a range or an expression");
    }
    return sw_filter_in(version, column, value, filter, err);
}

sw_status sw_where_filter(struct sw_graph *graph, const struct sw_expr *expr,
                          const struct sw_version *version, struct sw_filter **filter,
                          struct sw_err *err)
{
    struct sw_program *program;
    SW_TRY(sw_expr_compile(expr, version->schema, sw_graph_expr_input, graph, &program, err));
    return sw_filter_program(program, filter);
}

sw_status sw_clause_filter(struct sw_graph *graph, const struct sw_clause *clause,
                           const struct sw_version *version, struct sw_filter **filter,
                           struct sw_err *err)
{
    if (clause->kind == SW_CLAUSE_EXPR) {
        return sw_where_filter(graph, clause->expr, version, filter, err);
    }
    uint32_t column;
    SW_TRY(sw_schema_need(version->schema, clause->column, &column, err));
    const struct sw_json *value = operand_value(graph, clause);
    switch (clause->kind) {
    case SW_CLAUSE_BETWEEN:
        return between_filter(clause, value, version, column, filter, err);
    case SW_CLAUSE_IN:
        return in_filter(clause, value, version, column, filter, err);
    case SW_CLAUSE_EQUALS:
        return sw_filter_equals(version, column, value, filter, err);
    case SW_CLAUSE_EXPR:
        break;
    }
    return SW_INTERNAL;
}

/* -- for pages and downloads ------------------------------------------------------------------------ */

static sw_status append_select(struct sw_graph *graph, const struct sw_version *version,
                               struct sw_span table, struct sw_span select,
                               struct sw_filter **filters, size_t capacity, size_t *count,
                               struct sw_buf *key, struct sw_err *err)
{
    const struct sw_selection *selection = sw_selection_find(graph, select);
    if (selection == NULL || !sw_span_equal(sw_span_text(selection->table), table)) {
        return sw_fail(err, SW_PARAMS, "no selection `%.*s` of this table: define it first",
                       (int)select.length, select.data);
    }
    for (uint32_t i = 0; i < selection->clauses; i++) {
        const struct sw_clause *clause = &selection->clause[i];
        if (!sw_clause_is_on(graph, clause)) {
            continue;
        }
        sw_assert(*count < capacity);
        SW_TRY(sw_clause_filter(graph, clause, version, &filters[*count], err));
        ++*count;
        sw_clause_put_key(graph, clause, key);
    }
    return SW_OK;
}

static sw_status append_where(struct sw_graph *graph, const struct sw_version *version,
                              struct sw_span where, struct sw_filter **filters, size_t capacity,
                              size_t *count, struct sw_buf *key, struct sw_err *err)
{
    struct sw_expr *expr;
    SW_TRY(sw_expr_parse(where, &expr, err));
    sw_assert(*count < capacity);
    sw_status status = sw_where_filter(graph, expr, version, &filters[*count], err);
    if (status == SW_OK) {
        ++*count;
        sw_where_put_key(graph, expr, where, key);
    }
    sw_expr_free(expr);
    return status;
}

sw_status sw_graph_filters(struct sw_graph *graph, const struct sw_version *version,
                           struct sw_span table, struct sw_span select, struct sw_span where,
                           struct sw_filter **filters, size_t capacity, size_t *count,
                           struct sw_buf *key, struct sw_err *err)
{
    size_t before = *count;
    sw_status status = SW_OK;
    if (select.data != NULL) {
        status = append_select(graph, version, table, select, filters, capacity, count, key, err);
    }
    if (status == SW_OK && where.data != NULL) {
        status = append_where(graph, version, where, filters, capacity, count, key, err);
    }
    while (status != SW_OK && *count > before) {
        sw_filter_free(filters[--*count]);
    }
    return status;
}
