/* parse: a text to a tree, by precedence climbing.  The levels are SQLite's:
 * OR, AND, NOT, equality (= <> IS IN LIKE BETWEEN), order (< <= > >=), + -,
 * * / %, ||, sign.  Nesting is bounded by SW_EXPR_DEPTH_MAX, the height of a row
 * of operators by SW_EXPR_HEIGHT_MAX, the nodes by SW_EXPR_NODES_MAX, so that
 * no later walk can run deep or long.                                         */
#include "expr/expr.h"
#include "expr/lex.h"
#include "expr/time.h"
#include "expr/tree.h"

#include <stdio.h>
#include <stdlib.h>

enum level {
    LEVEL_NONE,
    LEVEL_OR,
    LEVEL_AND,
    LEVEL_NOT,
    LEVEL_EQUAL,
    LEVEL_ORDER,
    LEVEL_SUM,
    LEVEL_PRODUCT,
    LEVEL_CONCAT,
    LEVEL_SIGN
};

struct parser {
    struct sw_expr *expr;
    struct sw_lexer lexer;
    struct sw_token token; /* the one to look at */
    size_t before;         /* end of the token before it */
    uint32_t depth;
    struct sw_err *err;
};

/* Children collected before their number is known. */
struct list {
    struct sw_node **items;
    uint32_t count;
    uint32_t capacity;
};

static sw_status parse_level(struct parser *p, enum level least, struct sw_node **node);

static sw_status advance(struct parser *p)
{
    p->before = p->token.end;
    return sw_lexer_next(&p->lexer, &p->token, p->err);
}

/* "expected X after `...`, found `...`", at the token. */
static sw_status fail_expected(struct parser *p, const char *what)
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

static bool is_bracket(const struct parser *p, char bracket)
{
    return p->token.kind == SW_TOKEN_MARK && p->token.bracket == bracket;
}

static bool is_word(const struct parser *p, const char *word)
{
    return sw_token_is(&p->token, word);
}

static sw_status expect_bracket(struct parser *p, char bracket)
{
    char what[2] = {bracket, '\0'};
    return is_bracket(p, bracket) ? advance(p) : fail_expected(p, what);
}

static sw_status expect_word(struct parser *p, const char *word)
{
    return is_word(p, word) ? advance(p) : fail_expected(p, word);
}

static sw_status new_node(struct parser *p, enum sw_op op, size_t position, uint32_t count,
                          struct sw_node **node)
{
    if (++p->expr->nodes > SW_EXPR_NODES_MAX) {
        return sw_fail_limit(p->err, "expression-nodes", p->expr->nodes, SW_EXPR_NODES_MAX,
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

static sw_status set_child(struct parser *p, struct sw_node *node, uint32_t i,
                           struct sw_node *child)
{
    node->child[i] = child;
    if (child->height >= node->height) {
        node->height = (uint16_t)(child->height + 1);
    }
    if (node->height > SW_EXPR_HEIGHT_MAX) {
        return sw_fail_limit(p->err, "expression-height", node->height, SW_EXPR_HEIGHT_MAX,
                             "use IN (...) instead of a long row of operators");
    }
    return SW_OK;
}

static sw_status join(struct parser *p, enum sw_op op, size_t position, struct sw_node *left,
                      struct sw_node *right, struct sw_node **node)
{
    SW_TRY(new_node(p, op, position, right == NULL ? 1 : 2, node));
    SW_TRY(set_child(p, *node, 0, left));
    return right == NULL ? SW_OK : set_child(p, *node, 1, right);
}

static sw_status push(struct parser *p, struct list *list, struct sw_node *node)
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

static sw_status from_list(struct parser *p, enum sw_op op, size_t position,
                           const struct list *list, struct sw_node **node)
{
    SW_TRY(new_node(p, op, position, list->count, node));
    for (uint32_t i = 0; i < list->count; i++) {
        SW_TRY(set_child(p, *node, i, list->items[i]));
    }
    return SW_OK;
}

/* One level deeper: brackets, arguments, CASE, NOT and signs. */
static sw_status parse_nested(struct parser *p, enum level least, struct sw_node **node)
{
    if (++p->depth > SW_EXPR_DEPTH_MAX) {
        return sw_fail_limit(p->err, "expression-depth", p->depth, SW_EXPR_DEPTH_MAX,
                             "nest it less, or make a column of a part of it");
    }
    SW_TRY(parse_level(p, least, node));
    p->depth--;
    return SW_OK;
}

static sw_status constant(struct parser *p, size_t position, struct sw_scalar value,
                          enum sw_sense sense, struct sw_node **node)
{
    SW_TRY(new_node(p, SW_OP_CONSTANT, position, 0, node));
    (*node)->value = value;
    (*node)->sense = (uint8_t)sense;
    return SW_OK;
}

/* Each name once, in order of appearance. */
static sw_status note_name(struct parser *p, struct sw_span name, struct sw_span **names,
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

static sw_status column(struct parser *p, const struct sw_token *token, struct sw_node **node)
{
    SW_TRY(new_node(p, SW_OP_COLUMN, token->position, 0, node));
    (*node)->name = token->name;
    return note_name(p, token->name, &p->expr->columns, &p->expr->column_count);
}

static sw_status parse_input(struct parser *p, struct sw_node **node)
{
    SW_TRY(new_node(p, SW_OP_INPUT, p->token.position, 0, node));
    (*node)->name = p->token.name;
    SW_TRY(note_name(p, p->token.name, &p->expr->inputs, &p->expr->input_count));
    return advance(p);
}

/* (a, b, ...) with the opening bracket still to come. */
static sw_status parse_arguments(struct parser *p, struct list *list)
{
    SW_TRY(expect_bracket(p, '('));
    if (is_bracket(p, ')')) {
        return advance(p);
    }
    while (true) {
        struct sw_node *item;
        SW_TRY(parse_nested(p, LEVEL_OR, &item));
        SW_TRY(push(p, list, item));
        if (!is_bracket(p, ',')) {
            break;
        }
        SW_TRY(advance(p));
    }
    return is_bracket(p, ')') ? advance(p) : fail_expected(p, ") or ,");
}

static sw_status check_count(struct parser *p, const struct sw_token *name,
                             const struct sw_function *function, uint32_t count)
{
    if (count >= function->least && count <= function->most) {
        return SW_OK;
    }
    if (function->most == UINT32_MAX && count == 1) {
        return sw_expr_fail(p->err, SW_EXPRESSION, name->position,
                            "%s takes 2 or more arguments here: over rows it is a measure",
                            function->name);
    }
    char takes[48];
    if (function->most == UINT32_MAX) {
        (void)snprintf(takes, sizeof takes, "%u or more arguments", function->least);
    } else if (function->least == function->most) {
        (void)snprintf(takes, sizeof takes, "%u argument%s", function->least,
                       function->least == 1 ? "" : "s");
    } else {
        (void)snprintf(takes, sizeof takes, "%u or %u arguments", function->least, function->most);
    }
    return sw_expr_fail(p->err, SW_EXPRESSION, name->position, "%s takes %s, not %u",
                        function->name, takes, count);
}

static sw_status parse_call(struct parser *p, struct sw_token name, struct sw_node **node)
{
    const struct sw_function *function = sw_function_find(name.name);
    if (function == NULL) {
        const char *near = sw_function_near(name.name);
        int length = (int)(name.name.length > 64 ? 64 : name.name.length);
        return sw_expr_fail(p->err, SW_EXPRESSION, name.position, "unknown function `%.*s`%s%s%s",
                            length, name.name.data, near == NULL ? "" : ", did you mean `",
                            near == NULL ? "" : near, near == NULL ? "" : "`?");
    }
    struct list arguments = {0};
    SW_TRY(parse_arguments(p, &arguments));
    SW_TRY(check_count(p, &name, function, arguments.count));
    return from_list(p, function->op, name.position, &arguments, node);
}

/* CAST (x AS type), a length in brackets after the type is read and has no meaning. */
static sw_status parse_cast(struct parser *p, size_t position, struct sw_node **node)
{
    struct sw_node *value;
    enum sw_cast cast;
    SW_TRY(expect_bracket(p, '('));
    SW_TRY(parse_nested(p, LEVEL_OR, &value));
    SW_TRY(expect_word(p, "AS"));
    if (p->token.kind != SW_TOKEN_NAME || !sw_cast_find(p->token.name, &cast)) {
        return fail_expected(p, "a type (int, float, text, numeric, bool, date, timestamp)");
    }
    SW_TRY(advance(p));
    if (is_word(p, "PRECISION")) {
        SW_TRY(advance(p));
    }
    if (is_bracket(p, '(')) {
        struct list sizes = {0};
        SW_TRY(parse_arguments(p, &sizes));
    }
    SW_TRY(expect_bracket(p, ')'));
    SW_TRY(join(p, SW_OP_CAST, position, value, NULL, node));
    (*node)->cast = (uint8_t)cast;
    return SW_OK;
}

static sw_status parse_case(struct parser *p, size_t position, struct sw_node **node)
{
    struct list parts = {0};
    struct sw_node *part;
    bool has_base = !is_word(p, "WHEN");
    if (has_base) {
        SW_TRY(parse_nested(p, LEVEL_OR, &part));
        SW_TRY(push(p, &parts, part));
    }
    if (!is_word(p, "WHEN")) {
        return fail_expected(p, "WHEN");
    }
    while (is_word(p, "WHEN")) {
        SW_TRY(advance(p));
        SW_TRY(parse_nested(p, LEVEL_OR, &part));
        SW_TRY(push(p, &parts, part));
        SW_TRY(expect_word(p, "THEN"));
        SW_TRY(parse_nested(p, LEVEL_OR, &part));
        SW_TRY(push(p, &parts, part));
    }
    if (is_word(p, "ELSE")) {
        SW_TRY(advance(p));
        SW_TRY(parse_nested(p, LEVEL_OR, &part));
    } else {
        SW_TRY(constant(p, position, sw_scalar_null(), SW_SENSE_PLAIN, &part));
    }
    SW_TRY(push(p, &parts, part));
    if (!is_word(p, "END")) {
        return fail_expected(p, "WHEN, ELSE or END");
    }
    SW_TRY(advance(p));
    return from_list(p, has_base ? SW_OP_CASE_OF : SW_OP_CASE, position, &parts, node);
}

/* DATE '2024-01-31', TIMESTAMP '2024-01-31T12:00:00Z'. */
static sw_status parse_time_literal(struct parser *p, const struct sw_token *word, bool is_date,
                                    struct sw_node **node)
{
    struct sw_span text = p->token.value.u.s;
    int64_t value = 0;
    bool is_good = is_date ? sw_date_parse(text, &value) : sw_time_read_timestamp(text, &value);
    if (!is_good) {
        return sw_expr_fail(p->err, SW_EXPRESSION, p->token.position,
                            is_date ? "expected a day as '2024-01-31' after DATE"
                                    : "expected a time as '2024-01-31T12:00:00Z' after TIMESTAMP");
    }
    SW_TRY(constant(p, word->position, sw_scalar_int(value),
                    is_date ? SW_SENSE_DATE : SW_SENSE_TIME, node));
    return advance(p);
}

static bool is_reserved(const struct sw_token *word)
{
    static const char *const reserved[] = {"AND",     "OR",     "IS",     "IN",     "LIKE", "GLOB",
                                           "WHEN",    "THEN",   "ELSE",   "END",    "AS",   "NOT",
                                           "BETWEEN", "ESCAPE", "ISNULL", "NOTNULL"};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        if (sw_token_is(word, reserved[i])) {
            return true;
        }
    }
    return false;
}

static sw_status parse_word(struct parser *p, struct sw_node **node)
{
    struct sw_token word = p->token;
    if (is_reserved(&word)) {
        return fail_expected(p, "a value");
    }
    SW_TRY(advance(p));
    if (sw_token_is(&word, "NULL")) {
        return constant(p, word.position, sw_scalar_null(), SW_SENSE_PLAIN, node);
    }
    if (sw_token_is(&word, "TRUE") || sw_token_is(&word, "FALSE")) {
        SW_TRY(constant(p, word.position, sw_scalar_int(sw_token_is(&word, "TRUE")), SW_SENSE_BOOL,
                        node));
        return SW_OK;
    }
    if (sw_token_is(&word, "CASE")) {
        return parse_case(p, word.position, node);
    }
    if (sw_token_is(&word, "CAST")) {
        return parse_cast(p, word.position, node);
    }
    bool is_date = sw_token_is(&word, "DATE");
    if (p->token.kind == SW_TOKEN_TEXT && (is_date || sw_token_is(&word, "TIMESTAMP"))) {
        return parse_time_literal(p, &word, is_date, node);
    }
    return is_bracket(p, '(') ? parse_call(p, word, node) : column(p, &word, node);
}

/* -9223372036854775808 is an int though its digits alone are not. */
static void negate_literal(struct sw_node *literal)
{
    struct sw_scalar *value = &literal->value;
    if (value->tag == SW_TAG_INT) {
        value->u.i = -value->u.i;
    } else {
        value->u.f = -value->u.f;
    }
}

static sw_status parse_sign(struct parser *p, bool is_minus, struct sw_node **node)
{
    size_t position = p->token.position;
    struct sw_node *operand;
    SW_TRY(advance(p));
    bool is_number = p->token.kind == SW_TOKEN_NUMBER;
    size_t length = p->token.end - p->token.position;
    const char *digits = p->expr->text.data + p->token.position;
    bool is_least = is_number && is_minus && p->token.value.tag == SW_TAG_FLOAT && length == 19 &&
                    memcmp(digits, "9223372036854775808", 19) == 0;
    SW_TRY(parse_nested(p, LEVEL_SIGN, &operand));
    bool is_literal = is_number && operand->op == SW_OP_CONSTANT;
    if (is_least && is_literal) {
        operand->value = sw_scalar_int(INT64_MIN);
        *node = operand;
        return SW_OK;
    }
    if (is_minus && is_literal && operand->value.u.i != INT64_MIN) {
        negate_literal(operand);
        *node = operand;
        return SW_OK;
    }
    return join(p, is_minus ? SW_OP_NEGATE : SW_OP_PLUS, position, operand, NULL, node);
}

static sw_status parse_primary(struct parser *p, struct sw_node **node)
{
    struct sw_token token = p->token;
    switch (token.kind) {
    case SW_TOKEN_NUMBER:
    case SW_TOKEN_TEXT:
        SW_TRY(constant(p, token.position, token.value, SW_SENSE_PLAIN, node));
        return advance(p);
    case SW_TOKEN_QUOTED:
        SW_TRY(column(p, &token, node));
        return advance(p);
    case SW_TOKEN_INPUT:
        return parse_input(p, node);
    case SW_TOKEN_NAME:
        if (sw_token_is(&token, "NOT")) {
            struct sw_node *operand;
            SW_TRY(advance(p));
            SW_TRY(parse_nested(p, LEVEL_NOT, &operand));
            return join(p, SW_OP_NOT, token.position, operand, NULL, node);
        }
        return parse_word(p, node);
    case SW_TOKEN_MARK:
        if (token.bracket == '(') {
            SW_TRY(advance(p));
            SW_TRY(parse_nested(p, LEVEL_OR, node));
            return expect_bracket(p, ')');
        }
        if (token.mark == SW_OP_ADD || token.mark == SW_OP_SUBTRACT) {
            return parse_sign(p, token.mark == SW_OP_SUBTRACT, node);
        }
        break;
    case SW_TOKEN_END:
        break;
    }
    return fail_expected(p, "a value");
}

/* The level of the operator at the token, or LEVEL_NONE where none begins. */
static enum level level_here(const struct parser *p)
{
    static const struct {
        const char *word;
        enum level level;
    } words[] = {{"OR", LEVEL_OR},        {"AND", LEVEL_AND},       {"IS", LEVEL_EQUAL},
                 {"IN", LEVEL_EQUAL},     {"LIKE", LEVEL_EQUAL},    {"GLOB", LEVEL_EQUAL},
                 {"NOT", LEVEL_EQUAL},    {"BETWEEN", LEVEL_EQUAL}, {"ISNULL", LEVEL_EQUAL},
                 {"NOTNULL", LEVEL_EQUAL}};
    static const enum level marks[SW_OP_COUNT] = {
        [SW_OP_EQ] = LEVEL_EQUAL,          [SW_OP_NE] = LEVEL_EQUAL,
        [SW_OP_LT] = LEVEL_ORDER,          [SW_OP_LE] = LEVEL_ORDER,
        [SW_OP_GT] = LEVEL_ORDER,          [SW_OP_GE] = LEVEL_ORDER,
        [SW_OP_ADD] = LEVEL_SUM,           [SW_OP_SUBTRACT] = LEVEL_SUM,
        [SW_OP_MULTIPLY] = LEVEL_PRODUCT,  [SW_OP_DIVIDE] = LEVEL_PRODUCT,
        [SW_OP_REMAINDER] = LEVEL_PRODUCT, [SW_OP_CONCAT] = LEVEL_CONCAT};
    if (p->token.kind == SW_TOKEN_MARK) {
        return p->token.mark < SW_OP_COUNT ? marks[p->token.mark] : LEVEL_NONE;
    }
    for (size_t i = 0; p->token.kind == SW_TOKEN_NAME && i < sizeof words / sizeof words[0]; i++) {
        if (is_word(p, words[i].word)) {
            return words[i].level;
        }
    }
    return LEVEL_NONE;
}

/* x BETWEEN low AND high: low ends at its AND, high at anything as weak as BETWEEN. */
static sw_status parse_between(struct parser *p, size_t position, struct sw_node *left,
                               struct sw_node **node)
{
    struct list parts = {0};
    struct sw_node *bound;
    SW_TRY(push(p, &parts, left));
    SW_TRY(parse_nested(p, LEVEL_EQUAL, &bound));
    SW_TRY(push(p, &parts, bound));
    SW_TRY(expect_word(p, "AND"));
    SW_TRY(parse_nested(p, LEVEL_ORDER, &bound));
    SW_TRY(push(p, &parts, bound));
    return from_list(p, SW_OP_BETWEEN, position, &parts, node);
}

static sw_status parse_in(struct parser *p, size_t position, struct sw_node *left,
                          struct sw_node **node)
{
    struct list parts = {0};
    struct sw_node *input;
    SW_TRY(push(p, &parts, left));
    if (p->token.kind == SW_TOKEN_INPUT) {
        SW_TRY(parse_input(p, &input));
        SW_TRY(push(p, &parts, input));
    } else if (is_bracket(p, '(')) {
        SW_TRY(parse_arguments(p, &parts));
    } else {
        return fail_expected(p, "( or an input");
    }
    return from_list(p, SW_OP_IN, position, &parts, node);
}

static sw_status parse_like(struct parser *p, enum sw_op op, size_t position, struct sw_node *left,
                            struct sw_node **node)
{
    struct list parts = {0};
    struct sw_node *part;
    SW_TRY(push(p, &parts, left));
    SW_TRY(parse_nested(p, LEVEL_ORDER, &part));
    SW_TRY(push(p, &parts, part));
    if (op == SW_OP_LIKE && is_word(p, "ESCAPE")) {
        SW_TRY(advance(p));
        SW_TRY(parse_nested(p, LEVEL_SUM, &part));
        SW_TRY(push(p, &parts, part));
    }
    return from_list(p, op, position, &parts, node);
}

/* After IS: [NOT] NULL, TRUE, FALSE, DISTINCT FROM, or any value. */
static sw_status parse_is(struct parser *p, size_t position, struct sw_node *left,
                          struct sw_node **node)
{
    struct sw_node *right;
    bool is_not = is_word(p, "NOT");
    if (is_not) {
        SW_TRY(advance(p));
    }
    if (is_word(p, "DISTINCT")) {
        SW_TRY(advance(p));
        SW_TRY(expect_word(p, "FROM"));
        is_not = !is_not;
    }
    SW_TRY(parse_nested(p, LEVEL_ORDER, &right));
    bool is_plain = right->op == SW_OP_CONSTANT;
    if (is_plain && right->sense == SW_SENSE_BOOL) {
        bool is_true = right->value.u.i != 0;
        enum sw_op op = is_true ? (is_not ? SW_OP_IS_NOT_TRUE : SW_OP_IS_TRUE)
                                : (is_not ? SW_OP_IS_NOT_FALSE : SW_OP_IS_FALSE);
        return join(p, op, position, left, NULL, node);
    }
    if (is_plain && right->value.tag == SW_TAG_NULL) {
        return join(p, is_not ? SW_OP_NOT_NULL : SW_OP_IS_NULL, position, left, NULL, node);
    }
    return join(p, is_not ? SW_OP_IS_NOT : SW_OP_IS, position, left, right, node);
}

/* An operator that is a word, at the level of equality; NOT before it negates it. */
static sw_status parse_word_operator(struct parser *p, struct sw_node *left, struct sw_node **node)
{
    size_t position = p->token.position;
    bool is_not = is_word(p, "NOT");
    if (is_not) {
        SW_TRY(advance(p));
    }
    struct sw_token word = p->token;
    bool is_known = sw_token_is(&word, "IN") || sw_token_is(&word, "LIKE") ||
                    sw_token_is(&word, "GLOB") || sw_token_is(&word, "BETWEEN") ||
                    (is_not ? sw_token_is(&word, "NULL")
                            : sw_token_is(&word, "IS") || sw_token_is(&word, "ISNULL") ||
                                  sw_token_is(&word, "NOTNULL"));
    if (!is_known) {
        return fail_expected(p, "IN, LIKE, GLOB, BETWEEN or NULL");
    }
    SW_TRY(advance(p));
    if (sw_token_is(&word, "IS")) {
        return parse_is(p, position, left, node);
    }
    if (sw_token_is(&word, "ISNULL")) {
        return join(p, SW_OP_IS_NULL, position, left, NULL, node);
    }
    if (sw_token_is(&word, "NOTNULL") || sw_token_is(&word, "NULL")) {
        return join(p, SW_OP_NOT_NULL, position, left, NULL, node);
    }
    struct sw_node *made;
    if (sw_token_is(&word, "IN")) {
        SW_TRY(parse_in(p, position, left, &made));
        if (made->count == 1) { /* (): FALSE, or TRUE behind NOT, whatever stands before it */
            return constant(p, position, sw_scalar_int(is_not), SW_SENSE_BOOL, node);
        }
    } else if (sw_token_is(&word, "BETWEEN")) {
        SW_TRY(parse_between(p, position, left, &made));
    } else {
        bool is_like = sw_token_is(&word, "LIKE");
        SW_TRY(parse_like(p, is_like ? SW_OP_LIKE : SW_OP_GLOB, position, left, &made));
    }
    *node = made;
    return is_not ? join(p, SW_OP_NOT, position, made, NULL, node) : SW_OK;
}

/* A value and the operators behind it that bind at least as strongly as `least`. */
static sw_status parse_level(struct parser *p, enum level least, struct sw_node **node)
{
    struct sw_node *left;
    SW_TRY(parse_primary(p, &left));
    while (true) {
        enum level level = level_here(p);
        if (level == LEVEL_NONE || level < least) {
            break;
        }
        struct sw_token token = p->token;
        if (level == LEVEL_EQUAL && token.kind == SW_TOKEN_NAME) {
            SW_TRY(parse_word_operator(p, left, &left));
            continue;
        }
        enum sw_op op = token.mark;
        if (token.kind == SW_TOKEN_NAME) {
            op = sw_token_is(&token, "AND") ? SW_OP_AND : SW_OP_OR;
        }
        struct sw_node *right;
        SW_TRY(advance(p));
        SW_TRY(parse_nested(p, (enum level)(level + 1), &right));
        SW_TRY(join(p, op, token.position, left, right, &left));
    }
    *node = left;
    return SW_OK;
}

static sw_status parse_all(struct sw_expr *expr, struct sw_err *err)
{
    struct parser p = {
        .expr = expr, .lexer = {.text = expr->text, .at = 0, .arena = &expr->arena}, .err = err};
    SW_TRY(advance(&p));
    SW_TRY(parse_level(&p, LEVEL_OR, &expr->root));
    return p.token.kind == SW_TOKEN_END ? SW_OK : fail_expected(&p, "an operator or the end");
}

sw_status sw_expr_parse(struct sw_span text, struct sw_expr **expr, struct sw_err *err)
{
    if (text.length > SW_EXPR_BYTES_MAX) {
        return sw_fail_limit(err, "expression-bytes", (int64_t)text.length, SW_EXPR_BYTES_MAX,
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
