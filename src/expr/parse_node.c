/* See parse_priv.h. */
#include "expr/parse_priv.h"

#include <stdio.h>

sw_status sw_parse_advance(struct sw_parser *p)
{
    p->before = p->token.end;
    return sw_lexer_next(&p->lexer, &p->token, p->err);
}

/* "expected X after `...`, found `...`", at the token. */
sw_status sw_parse_expected(struct sw_parser *p, const char *what)
{
    struct sw_span text = p->expr->text;
    size_t begin = p->before > 12 ? p->before - 12 : 0;
    while (begin < p->before && ((unsigned char)text.data[begin] & 0xc0) == 0x80) {
        begin++;
    }
    char after[64] = "at the beginning";
    if (p->before > 0) {
        (void)snprintf(after, sizeof after, "after `%s%.*s`", begin > 0 ? "..." : "",
                       (int)(p->before - begin), text.data + begin);
    }
    if (p->token.kind == SW_TOKEN_END) {
        return sw_expr_fail(p->err, SW_EXPRESSION, p->token.position,
                            "expected %s %s, but the expression ends", what, after);
    }
    size_t length = p->token.end - p->token.position;
    return sw_expr_fail(p->err, SW_EXPRESSION, p->token.position, "expected %s %s, found `%.*s`",
                        what, after, (int)(length > 40 ? 40 : length),
                        text.data + p->token.position);
}

bool sw_parse_is_bracket(const struct sw_parser *p, char bracket)
{
    return p->token.kind == SW_TOKEN_MARK && p->token.bracket == bracket;
}

bool sw_parse_is_word(const struct sw_parser *p, const char *word)
{
    return sw_token_is(&p->token, word);
}

sw_status sw_parse_bracket(struct sw_parser *p, char bracket)
{
    char what[2] = {bracket, '\0'};
    return sw_parse_is_bracket(p, bracket) ? sw_parse_advance(p) : sw_parse_expected(p, what);
}

sw_status sw_parse_word_only(struct sw_parser *p, const char *word)
{
    return sw_parse_is_word(p, word) ? sw_parse_advance(p) : sw_parse_expected(p, word);
}

sw_status sw_parse_new(struct sw_parser *p, enum sw_op op, size_t position, uint32_t count,
                       struct sw_node **node)
{
    if (++p->expr->nodes > SW_EXPR_NODES_MAX) {
        return sw_fail_limit(p->err, "expression_nodes", p->expr->nodes, SW_EXPR_NODES_MAX,
                             "split it into columns, or hand a long list in as an input");
    }
    struct sw_node *made = sw_arena_alloc(&p->expr->arena, sizeof *made);
    struct sw_node **child = sw_arena_array(&p->expr->arena, count, sizeof(struct sw_node *));
    if (made == NULL || child == NULL) {
        return sw_fail(p->err, SW_NO_MEMORY, "out of memory");
    }
    made->op = (uint8_t)op;
    made->position = (uint32_t)position;
    made->count = count;
    made->child = child;
    made->height = 1;
    *node = made;
    return SW_OK;
}

static sw_status set_child(struct sw_parser *p, struct sw_node *node, uint32_t i,
                           struct sw_node *child)
{
    node->child[i] = child;
    if (child->height >= node->height) {
        node->height = (uint16_t)(child->height + 1);
    }
    if (node->height > SW_EXPR_HEIGHT_MAX) {
        return sw_fail_limit(p->err, "expression_height", node->height, SW_EXPR_HEIGHT_MAX,
                             "use IN (...) instead of a long row of operators");
    }
    return SW_OK;
}

sw_status sw_parse_join(struct sw_parser *p, enum sw_op op, size_t position, struct sw_node *left,
                        struct sw_node *right, struct sw_node **node)
{
    SW_TRY(sw_parse_new(p, op, position, right == NULL ? 1 : 2, node));
    SW_TRY(set_child(p, *node, 0, left));
    return right == NULL ? SW_OK : set_child(p, *node, 1, right);
}

sw_status sw_parse_push(struct sw_parser *p, struct sw_node_list *list, struct sw_node *node)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
        struct sw_node **items =
            sw_arena_array(&p->expr->arena, capacity, sizeof(struct sw_node *));
        if (items == NULL) {
            return sw_fail(p->err, SW_NO_MEMORY, "out of memory");
        }
        if (list->count > 0) {
            memcpy(items, list->items, list->count * sizeof(struct sw_node *));
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = node;
    return SW_OK;
}

sw_status sw_parse_from_list(struct sw_parser *p, enum sw_op op, size_t position,
                             const struct sw_node_list *list, struct sw_node **node)
{
    SW_TRY(sw_parse_new(p, op, position, list->count, node));
    for (uint32_t i = 0; i < list->count; i++) {
        SW_TRY(set_child(p, *node, i, list->items[i]));
    }
    return SW_OK;
}

/* One level deeper: brackets, arguments, CASE, NOT and signs. */
sw_status sw_parse_nested(struct sw_parser *p, enum sw_level least, struct sw_node **node)
{
    if (++p->depth > SW_EXPR_DEPTH_MAX) {
        return sw_fail_limit(p->err, "expression_depth", p->depth, SW_EXPR_DEPTH_MAX,
                             "nest it less, or make a column of a part of it");
    }
    SW_TRY(sw_parse_level(p, least, node));
    p->depth--;
    return SW_OK;
}

sw_status sw_parse_constant(struct sw_parser *p, size_t position, struct sw_scalar value,
                            enum sw_sense sense, struct sw_node **node)
{
    SW_TRY(sw_parse_new(p, SW_OP_CONSTANT, position, 0, node));
    (*node)->value = value;
    (*node)->sense = (uint8_t)sense;
    return SW_OK;
}

/* Each name once, in order of appearance. */
sw_status sw_parse_note_name(struct sw_parser *p, struct sw_span name, struct sw_span **names,
                             size_t *count)
{
    for (size_t i = 0; i < *count; i++) {
        if (sw_span_equal((*names)[i], name)) {
            return SW_OK;
        }
    }
    bool is_full = *count == 0 || (*count >= 8 && (*count & (*count - 1)) == 0);
    if (is_full) {
        size_t capacity = *count == 0 ? 8 : *count * 2;
        struct sw_span *grown = sw_arena_array(&p->expr->arena, capacity, sizeof *grown);
        if (grown == NULL) {
            return sw_fail(p->err, SW_NO_MEMORY, "out of memory");
        }
        if (*count > 0) {
            memcpy(grown, *names, *count * sizeof *grown);
        }
        *names = grown;
    }
    (*names)[(*count)++] = name;
    return SW_OK;
}

sw_status sw_parse_input(struct sw_parser *p, struct sw_node **node)
{
    SW_TRY(sw_parse_new(p, SW_OP_INPUT, p->token.position, 0, node));
    (*node)->name = p->token.name;
    SW_TRY(sw_parse_note_name(p, p->token.name, &p->expr->inputs, &p->expr->input_count));
    return sw_parse_advance(p);
}

/* (a, b, ...) with the opening bracket still to come. */
sw_status sw_parse_arguments(struct sw_parser *p, struct sw_node_list *list)
{
    SW_TRY(sw_parse_bracket(p, '('));
    if (sw_parse_is_bracket(p, ')')) {
        return sw_parse_advance(p);
    }
    while (true) {
        struct sw_node *item;
        SW_TRY(sw_parse_nested(p, SW_LEVEL_OR, &item));
        SW_TRY(sw_parse_push(p, list, item));
        if (!sw_parse_is_bracket(p, ',')) {
            break;
        }
        SW_TRY(sw_parse_advance(p));
    }
    return sw_parse_is_bracket(p, ')') ? sw_parse_advance(p) : sw_parse_expected(p, ") or ,");
}
