/* parse: a text to a tree, by precedence climbing.  The levels are SQLite's:
 * OR, AND, NOT, equality (= <> IS IN LIKE BETWEEN), order (< <= > >=), + -,
 * * / %, ||, sign.  Nesting is bounded by SW_EXPR_DEPTH_MAX, the height of a row
 * of operators by SW_EXPR_HEIGHT_MAX, the nodes by SW_EXPR_NODES_MAX, so that
 * no later walk can run deep or long.                                         */
#include "expr/expr.h"
#include "expr/parse_priv.h"

#include <stdlib.h>

/* The level of the operator at the token, or SW_LEVEL_NONE where none begins. */
static enum sw_level level_here(const struct sw_parser *p)
{
    static const struct {
        const char *word;
        enum sw_level level;
    } words[] = {{"OR", SW_LEVEL_OR},        {"AND", SW_LEVEL_AND},
                 {"IS", SW_LEVEL_EQUAL},     {"IN", SW_LEVEL_EQUAL},
                 {"LIKE", SW_LEVEL_EQUAL},   {"GLOB", SW_LEVEL_EQUAL},
                 {"NOT", SW_LEVEL_EQUAL},    {"BETWEEN", SW_LEVEL_EQUAL},
                 {"ISNULL", SW_LEVEL_EQUAL}, {"NOTNULL", SW_LEVEL_EQUAL}};
    static const enum sw_level marks[SW_OP_COUNT] = {
        [SW_OP_EQ] = SW_LEVEL_EQUAL,          [SW_OP_NE] = SW_LEVEL_EQUAL,
        [SW_OP_LT] = SW_LEVEL_ORDER,          [SW_OP_LE] = SW_LEVEL_ORDER,
        [SW_OP_GT] = SW_LEVEL_ORDER,          [SW_OP_GE] = SW_LEVEL_ORDER,
        [SW_OP_ADD] = SW_LEVEL_SUM,           [SW_OP_SUBTRACT] = SW_LEVEL_SUM,
        [SW_OP_MULTIPLY] = SW_LEVEL_PRODUCT,  [SW_OP_DIVIDE] = SW_LEVEL_PRODUCT,
        [SW_OP_REMAINDER] = SW_LEVEL_PRODUCT, [SW_OP_CONCAT] = SW_LEVEL_CONCAT};
    if (p->token.kind == SW_TOKEN_MARK) {
        return p->token.mark < SW_OP_COUNT ? marks[p->token.mark] : SW_LEVEL_NONE;
    }
    for (size_t i = 0; p->token.kind == SW_TOKEN_NAME && i < sizeof words / sizeof words[0]; i++) {
        if (sw_parse_is_word(p, words[i].word)) {
            return words[i].level;
        }
    }
    return SW_LEVEL_NONE;
}

/* x BETWEEN low AND high: low ends at its AND, high at anything as weak as BETWEEN. */
static sw_status parse_between(struct sw_parser *p, size_t position, struct sw_node *left,
                               struct sw_node **node)
{
    struct sw_node_list parts = {0};
    struct sw_node *bound;
    SW_TRY(sw_parse_push(p, &parts, left));
    SW_TRY(sw_parse_nested(p, SW_LEVEL_EQUAL, &bound));
    SW_TRY(sw_parse_push(p, &parts, bound));
    SW_TRY(sw_parse_word_only(p, "AND"));
    SW_TRY(sw_parse_nested(p, SW_LEVEL_ORDER, &bound));
    SW_TRY(sw_parse_push(p, &parts, bound));
    return sw_parse_from_list(p, SW_OP_BETWEEN, position, &parts, node);
}

static sw_status parse_in(struct sw_parser *p, size_t position, struct sw_node *left,
                          struct sw_node **node)
{
    struct sw_node_list parts = {0};
    struct sw_node *input;
    SW_TRY(sw_parse_push(p, &parts, left));
    if (p->token.kind == SW_TOKEN_INPUT) {
        SW_TRY(sw_parse_input(p, &input));
        SW_TRY(sw_parse_push(p, &parts, input));
    } else if (sw_parse_is_bracket(p, '(')) {
        SW_TRY(sw_parse_arguments(p, &parts));
    } else {
        return sw_parse_expected(p, "( or an input");
    }
    return sw_parse_from_list(p, SW_OP_IN, position, &parts, node);
}

static sw_status parse_like(struct sw_parser *p, enum sw_op op, size_t position,
                            struct sw_node *left, struct sw_node **node)
{
    struct sw_node_list parts = {0};
    struct sw_node *part;
    SW_TRY(sw_parse_push(p, &parts, left));
    SW_TRY(sw_parse_nested(p, SW_LEVEL_ORDER, &part));
    SW_TRY(sw_parse_push(p, &parts, part));
    if (op == SW_OP_LIKE && sw_parse_is_word(p, "ESCAPE")) {
        SW_TRY(sw_parse_advance(p));
        SW_TRY(sw_parse_nested(p, SW_LEVEL_SUM, &part));
        SW_TRY(sw_parse_push(p, &parts, part));
    }
    return sw_parse_from_list(p, op, position, &parts, node);
}

/* After IS: [NOT] NULL, TRUE, FALSE, DISTINCT FROM, or any value. */
static sw_status parse_is(struct sw_parser *p, size_t position, struct sw_node *left,
                          struct sw_node **node)
{
    struct sw_node *right;
    bool is_not = sw_parse_is_word(p, "NOT");
    if (is_not) {
        SW_TRY(sw_parse_advance(p));
    }
    if (sw_parse_is_word(p, "DISTINCT")) {
        SW_TRY(sw_parse_advance(p));
        SW_TRY(sw_parse_word_only(p, "FROM"));
        is_not = !is_not;
    }
    SW_TRY(sw_parse_nested(p, SW_LEVEL_ORDER, &right));
    bool is_plain = right->op == SW_OP_CONSTANT;
    if (is_plain && right->sense == SW_SENSE_BOOL) {
        bool is_true = right->value.u.i != 0;
        enum sw_op op = is_true ? (is_not ? SW_OP_IS_NOT_TRUE : SW_OP_IS_TRUE)
                                : (is_not ? SW_OP_IS_NOT_FALSE : SW_OP_IS_FALSE);
        return sw_parse_join(p, op, position, left, NULL, node);
    }
    if (is_plain && right->value.tag == SW_TAG_NULL) {
        return sw_parse_join(p, is_not ? SW_OP_NOT_NULL : SW_OP_IS_NULL, position, left, NULL,
                             node);
    }
    return sw_parse_join(p, is_not ? SW_OP_IS_NOT : SW_OP_IS, position, left, right, node);
}

/* An operator that is a word, at the level of equality; NOT before it negates it. */
static sw_status parse_word_operator(struct sw_parser *p, struct sw_node *left,
                                     struct sw_node **node)
{
    size_t position = p->token.position;
    bool is_not = sw_parse_is_word(p, "NOT");
    if (is_not) {
        SW_TRY(sw_parse_advance(p));
    }
    struct sw_token word = p->token;
    bool is_known = sw_token_is(&word, "IN") || sw_token_is(&word, "LIKE") ||
                    sw_token_is(&word, "GLOB") || sw_token_is(&word, "BETWEEN") ||
                    (is_not ? sw_token_is(&word, "NULL")
                            : sw_token_is(&word, "IS") || sw_token_is(&word, "ISNULL") ||
                                  sw_token_is(&word, "NOTNULL"));
    if (!is_known) {
        return sw_parse_expected(p, "IN, LIKE, GLOB, BETWEEN or NULL");
    }
    SW_TRY(sw_parse_advance(p));
    if (sw_token_is(&word, "IS")) {
        return parse_is(p, position, left, node);
    }
    if (sw_token_is(&word, "ISNULL")) {
        return sw_parse_join(p, SW_OP_IS_NULL, position, left, NULL, node);
    }
    if (sw_token_is(&word, "NOTNULL") || sw_token_is(&word, "NULL")) {
        return sw_parse_join(p, SW_OP_NOT_NULL, position, left, NULL, node);
    }
    struct sw_node *made;
    if (sw_token_is(&word, "IN")) {
        SW_TRY(parse_in(p, position, left, &made));
        if (made->count == 1) { /* (): FALSE, or TRUE behind NOT, whatever stands before it */
            return sw_parse_constant(p, position, sw_scalar_int(is_not), SW_SENSE_BOOL, node);
        }
    } else if (sw_token_is(&word, "BETWEEN")) {
        SW_TRY(parse_between(p, position, left, &made));
    } else {
        bool is_like = sw_token_is(&word, "LIKE");
        SW_TRY(parse_like(p, is_like ? SW_OP_LIKE : SW_OP_GLOB, position, left, &made));
    }
    *node = made;
    return is_not ? sw_parse_join(p, SW_OP_NOT, position, made, NULL, node) : SW_OK;
}

/* A value and the operators behind it that bind at least as strongly as `least`. */
sw_status sw_parse_level(struct sw_parser *p, enum sw_level least, struct sw_node **node)
{
    struct sw_node *left;
    SW_TRY(sw_parse_primary(p, &left));
    while (true) {
        enum sw_level level = level_here(p);
        if (level == SW_LEVEL_NONE || level < least) {
            break;
        }
        struct sw_token token = p->token;
        if (level == SW_LEVEL_EQUAL && token.kind == SW_TOKEN_NAME) {
            SW_TRY(parse_word_operator(p, left, &left));
            continue;
        }
        enum sw_op op = token.mark;
        if (token.kind == SW_TOKEN_NAME) {
            op = sw_token_is(&token, "AND") ? SW_OP_AND : SW_OP_OR;
        }
        struct sw_node *right;
        SW_TRY(sw_parse_advance(p));
        SW_TRY(sw_parse_nested(p, (enum sw_level)(level + 1), &right));
        SW_TRY(sw_parse_join(p, op, token.position, left, right, &left));
    }
    *node = left;
    return SW_OK;
}

static sw_status parse_all(struct sw_expr *expr, struct sw_err *err)
{
    struct sw_parser p = {
        .expr = expr, .lexer = {.text = expr->text, .at = 0, .arena = &expr->arena}, .err = err};
    SW_TRY(sw_parse_advance(&p));
    SW_TRY(sw_parse_level(&p, SW_LEVEL_OR, &expr->root));
    return p.token.kind == SW_TOKEN_END ? SW_OK : sw_parse_expected(&p, "an operator or the end");
}

sw_status sw_expr_parse(struct sw_span text, struct sw_expr **expr, struct sw_err *err)
{
    if (text.length > SW_EXPR_BYTES_MAX) {
        return sw_fail_limit(err, "expression_bytes", (int64_t)text.length, SW_EXPR_BYTES_MAX,
                             "hand long lists in as an input");
    }
    struct sw_expr *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    sw_arena_init(&made->arena);
    char *copy = sw_arena_text(&made->arena, text);
    made->text = sw_span_of(copy, text.length);
    sw_status status =
        copy == NULL ? sw_fail(err, SW_NO_MEMORY, "out of memory") : parse_all(made, err);
    if (status == SW_NO_MEMORY) {
        (void)sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    if (status != SW_OK) {
        sw_expr_free(made);
        return status;
    }
    *expr = made;
    return SW_OK;
}

void sw_expr_free(struct sw_expr *expr)
{
    if (expr != NULL) {
        sw_arena_fini(&expr->arena);
        free(expr);
    }
}

size_t sw_expr_columns(const struct sw_expr *expr, const struct sw_span **names)
{
    *names = expr->columns;
    return expr->column_count;
}

size_t sw_expr_inputs(const struct sw_expr *expr, const struct sw_span **names)
{
    *names = expr->inputs;
    return expr->input_count;
}
