/* Which formulas of its table an output reads, found in its definition and in the clauses that
 * filter it.  A text that is a formula's name counts as one wherever it stands among the
 * parameters, so that no kind of output needs to say more: at worst a formula is made ready too
 * early. */
#include <stdlib.h>

#include "reactive/reactive_priv.h"

/* -- names -------------------------------------------------------------------------------- */

static char lower(char letter)
{
    return (char)(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter);
}

/* Expressions spell names in either case. */
static bool is_name(const struct sw_column *column, struct sw_span name)
{
    size_t i = 0;
    while (i < name.length && column->name[i] != '\0' &&
           lower(column->name[i]) == lower(name.data[i])) {
        i++;
    }
    return i == name.length && column->name[i] == '\0';
}

static void add_name(const struct sw_schema *schema, struct sw_span name, uint8_t *set)
{
    for (uint32_t i = 0; i < schema->columns; i++) {
        if (schema->column[i].formula != NULL && is_name(&schema->column[i], name)) {
            set[i] = 1;
        }
    }
}

static void add_expr(const struct sw_schema *schema, const struct sw_expr *expr, uint8_t *set)
{
    const struct sw_span *names = NULL;
    size_t count = sw_expr_columns(expr, &names);
    for (size_t i = 0; i < count; i++) {
        add_name(schema, names[i], set);
    }
}

static void add_text(const struct sw_schema *schema, struct sw_span text, uint8_t *set)
{
    struct sw_expr *expr = NULL;
    if (sw_expr_parse(text, &expr, NULL) == SW_OK) {
        add_expr(schema, expr, set);
        sw_expr_free(expr);
    }
}

/* The depth is that of the request's JSON, which is limited. */
static void add_json(const struct sw_schema *schema, const struct sw_json *json, uint8_t *set)
{
    if (json->kind == SW_JSON_STRING) {
        add_name(schema, json->u.text, set);
        if (sw_span_equal(json->key, sw_span_text("expr"))) {
            add_text(schema, json->u.text, set);
        }
    } else if (json->kind == SW_JSON_ARRAY || json->kind == SW_JSON_OBJECT) {
        for (size_t i = 0; i < json->u.list.count; i++) {
            add_json(schema, &json->u.list.items[i], set);
        }
    }
}

static void add_all(const struct sw_schema *schema, uint8_t *set)
{
    for (uint32_t i = 0; i < schema->columns; i++) {
        set[i] = set[i] != 0 || schema->column[i].formula != NULL;
    }
}

/* What the formulas read themselves, of which only formulas count. */
static void close_set(const struct sw_schema *schema, uint8_t *set)
{
    sw_schema_add_sources(schema, set);
    for (uint32_t i = 0; i < schema->columns; i++) {
        set[i] = set[i] != 0 && schema->column[i].formula != NULL;
    }
}

/* -- outputs --------------------------------------------------------------------------------- */

static void add_selection(const struct sw_graph *graph, struct sw_span name,
                          const struct sw_json *except, const struct sw_schema *schema,
                          uint8_t *set)
{
    const struct sw_selection *selection =
        name.length == 0 ? NULL : sw_graph_selection(graph, name);
    for (size_t i = 0; selection != NULL && i < selection->clauses; i++) {
        const struct sw_clause *clause = &selection->clause[i];
        if (sw_is_excepted(clause, except)) {
            continue;
        }
        add_name(schema, clause->column, set);
        if (clause->expr != NULL) {
            add_expr(schema, clause->expr, set);
        }
    }
}

static bool has_columns(const struct sw_json *params)
{
    return !sw_json_is_null(sw_json_member(params, "columns"));
}

void sw_output_add_reads(const struct sw_graph *graph, const struct sw_output *output,
                         const struct sw_schema *schema, uint8_t *set)
{
    const struct sw_json *params = NULL;
    struct sw_arena arena;
    if (schema->formulas == 0) {
        return;
    }
    sw_arena_init(&arena);
    if (sw_output_params(graph, output, &arena, &params, NULL) == SW_OK) {
        add_json(schema, params, set);
        if (output->fold == NULL && !has_columns(params)) {
            add_all(schema, set);
        }
    }
    add_selection(graph, output->select, output->except, schema, set);
    if (output->where != NULL) {
        add_expr(schema, output->where, set);
    }
    close_set(schema, set);
    sw_arena_fini(&arena);
}

bool sw_output_is_ready(const struct sw_graph *graph, const struct sw_output *output,
                        const struct sw_version *version)
{
    const struct sw_schema *schema = version->schema;
    uint8_t *set = schema->formulas == 0 ? NULL : calloc(schema->columns, 1);
    bool is_ready = schema->formulas == 0;
    if (set == NULL) {
        return is_ready;
    }
    sw_output_add_reads(graph, output, schema, set);
    is_ready = true;
    for (uint32_t c = 0; c < schema->columns && is_ready; c++) {
        for (uint32_t i = 0; set[c] != 0 && i < version->groups && is_ready; i++) {
            is_ready = version->group[i]->chunk[c] != NULL;
        }
    }
    /* what cannot be computed is an error, not something to wait for */
    is_ready = is_ready || sw_schema_check_formulas(schema, set, NULL) != SW_OK;
    free(set);
    return is_ready;
}

void sw_graph_add_reads(struct sw_graph *graph, const struct sw_schema *schema,
                        struct sw_span select, struct sw_span where, uint8_t *set)
{
    add_selection(graph, select, NULL, schema, set);
    if (where.data != NULL) {
        add_text(schema, where, set);
    }
    close_set(schema, set);
}
