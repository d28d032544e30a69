#include "reactive/reactive_priv.h"

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* "$name" with the name of an expression's input; "$5" and "$ 5" are texts. */
bool sw_reference_parse(const struct sw_json *json, struct sw_span *name)
{
    if (json == NULL || json->kind != SW_JSON_STRING || json->u.text.length < 2 ||
        json->u.text.data[0] != '$' || !is_name_start(json->u.text.data[1])) {
        return false;
    }
    for (size_t i = 2; i < json->u.text.length; i++) {
        char c = json->u.text.data[i];
        if (!is_name_start(c) && !(c >= '0' && c <= '9')) {
            return false;
        }
    }
    *name = sw_span_of(json->u.text.data + 1, json->u.text.length - 1);
    return true;
}

static bool add_name(struct sw_arena *arena, struct sw_span name, struct sw_span **names,
                     size_t *count)
{
    for (size_t i = 0; i < *count; i++) {
        if (sw_span_equal((*names)[i], name)) {
            return true;
        }
    }
    struct sw_span *grown = sw_arena_array(arena, *count + 1, sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    for (size_t i = 0; i < *count; i++) {
        grown[i] = (*names)[i];
    }
    grown[(*count)++] = name;
    *names = grown;
    return true;
}

/* The member `expr` of a measure is an expression, with inputs of its own. */
static bool is_expression(const struct sw_json *json)
{
    return json != NULL && json->kind == SW_JSON_STRING &&
           sw_span_equal(json->key, sw_span_text("expr"));
}

/* One that cannot be parsed names none: the kind's plan says what is wrong with it. */
static bool collect_expression(struct sw_arena *arena, struct sw_span text, struct sw_span **names,
                               size_t *count)
{
    struct sw_expr *expr = NULL;
    const struct sw_span *inputs;
    if (sw_expr_parse(text, &expr, NULL) != SW_OK) {
        return true;
    }
    bool is_added = true;
    size_t found = sw_expr_inputs(expr, &inputs);
    for (size_t i = 0; i < found && is_added; i++) {
        const char *copy = sw_arena_text(arena, inputs[i]);
        is_added =
            copy != NULL && add_name(arena, sw_span_of(copy, inputs[i].length), names, count);
    }
    sw_expr_free(expr);
    return is_added;
}

bool sw_reference_collect(struct sw_arena *arena, const struct sw_json *json,
                          struct sw_span **names, size_t *count)
{
    struct sw_span name;
    if (is_expression(json)) {
        return collect_expression(arena, json->u.text, names, count);
    }
    if (sw_reference_parse(json, &name)) {
        return add_name(arena, name, names, count);
    }
    if (json == NULL || (json->kind != SW_JSON_ARRAY && json->kind != SW_JSON_OBJECT)) {
        return true;
    }
    for (size_t i = 0; i < json->u.list.count; i++) {
        if (!sw_reference_collect(arena, &json->u.list.items[i], names, count)) {
            return false;
        }
    }
    return true;
}

static bool replace(const struct sw_graph *graph, struct sw_arena *arena, struct sw_json *node,
                    struct sw_span *missing)
{
    struct sw_span name;
    struct sw_span key = node->key;
    if (is_expression(node)) {
        return true;
    }
    if (sw_reference_parse(node, &name)) {
        const struct sw_json *value = sw_graph_input(graph, name);
        if (sw_json_is_null(value) && missing != NULL) {
            *missing = name;
            return false;
        }
        const struct sw_json null = {.kind = SW_JSON_NULL};
        const struct sw_json *copy = sw_json_copy(arena, value == NULL ? &null : value);
        if (copy == NULL) {
            return false;
        }
        *node = *copy;
        node->key = key;
        return true;
    }
    if (node->kind == SW_JSON_STRING && node->u.text.length > 1 && node->u.text.data[0] == '$' &&
        node->u.text.data[1] == '$') {
        node->u.text = sw_span_of(node->u.text.data + 1, node->u.text.length - 1);
        return true;
    }
    if (node->kind != SW_JSON_ARRAY && node->kind != SW_JSON_OBJECT) {
        return true;
    }
    size_t count = node->u.list.count;
    struct sw_json *items = sw_arena_array(arena, count + 1, sizeof(*items));
    if (items == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        items[i] = node->u.list.items[i];
        if (!replace(graph, arena, &items[i], missing)) {
            return false;
        }
    }
    node->u.list.items = items;
    return true;
}

/* Everything is copied: an input may change while a run still reads what it was. */
const struct sw_json *sw_reference_replace(const struct sw_graph *graph, struct sw_arena *arena,
                                           const struct sw_json *json, struct sw_span *missing)
{
    const struct sw_json *copy = sw_json_copy(arena, json);
    struct sw_json *node = sw_arena_alloc(arena, sizeof(*node));
    if (copy == NULL || node == NULL) {
        return NULL;
    }
    *node = *copy;
    return replace(graph, arena, node, missing) ? node : NULL;
}
