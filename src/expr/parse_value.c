/* parse_value: one value: a literal, a name, a call, CAST, CASE, brackets, a sign, NOT. */
#include "expr/parse_priv.h"
#include "expr/time.h"

#include <stdio.h>

static sw_status column(struct sw_parser *p, const struct sw_token *token, struct sw_node **node)
{
    SW_TRY(sw_parse_new(p, SW_OP_COLUMN, token->position, 0, node));
    (*node)->name = token->name;
    return sw_parse_note_name(p, token->name, &p->expr->columns, &p->expr->column_count);
}

static sw_status check_count(struct sw_parser *p, const struct sw_token *name,
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

static sw_status parse_call(struct sw_parser *p, struct sw_token name, struct sw_node **node)
{
    const struct sw_function *function = sw_function_find(name.name);
    if (function == NULL) {
        const char *near = sw_function_near(name.name);
        int length = (int)(name.name.length > 64 ? 64 : name.name.length);
        return sw_expr_fail(p->err, SW_EXPRESSION, name.position, "unknown function `%.*s`%s%s%s",
                            length, name.name.data, near == NULL ? "" : ", did you mean `",
                            near == NULL ? "" : near, near == NULL ? "" : "`?");
    }
    struct sw_node_list arguments = {0};
    SW_TRY(sw_parse_arguments(p, &arguments));
    SW_TRY(check_count(p, &name, function, arguments.count));
    return sw_parse_from_list(p, function->op, name.position, &arguments, node);
}

/* CAST (x AS type), a length in brackets after the type is read and has no meaning. */
static sw_status parse_cast(struct sw_parser *p, size_t position, struct sw_node **node)
{
    struct sw_node *value;
    enum sw_cast cast;
    SW_TRY(sw_parse_bracket(p, '('));
    SW_TRY(sw_parse_nested(p, SW_LEVEL_OR, &value));
    SW_TRY(sw_parse_word_only(p, "AS"));
    if (p->token.kind != SW_TOKEN_NAME || !sw_cast_find(p->token.name, &cast)) {
        return sw_parse_expected(p, "a type (int, float, text, numeric, bool, date, timestamp)");
    }
    SW_TRY(sw_parse_advance(p));
    if (sw_parse_is_word(p, "PRECISION")) {
        SW_TRY(sw_parse_advance(p));
    }
    if (sw_parse_is_bracket(p, '(')) {
        struct sw_node_list sizes = {0};
        SW_TRY(sw_parse_arguments(p, &sizes));
    }
    SW_TRY(sw_parse_bracket(p, ')'));
    SW_TRY(sw_parse_join(p, SW_OP_CAST, position, value, NULL, node));
    (*node)->cast = (uint8_t)cast;
    return SW_OK;
}

static sw_status parse_case(struct sw_parser *p, size_t position, struct sw_node **node)
{
    struct sw_node_list parts = {0};
    struct sw_node *part;
    bool has_base = !sw_parse_is_word(p, "WHEN");
    if (has_base) {
        SW_TRY(sw_parse_nested(p, SW_LEVEL_OR, &part));
        SW_TRY(sw_parse_push(p, &parts, part));
    }
    if (!sw_parse_is_word(p, "WHEN")) {
        return sw_parse_expected(p, "WHEN");
    }
    while (sw_parse_is_word(p, "WHEN")) {
        SW_TRY(sw_parse_advance(p));
        SW_TRY(sw_parse_nested(p, SW_LEVEL_OR, &part));
        SW_TRY(sw_parse_push(p, &parts, part));
        SW_TRY(sw_parse_word_only(p, "THEN"));
        SW_TRY(sw_parse_nested(p, SW_LEVEL_OR, &part));
        SW_TRY(sw_parse_push(p, &parts, part));
    }
    if (sw_parse_is_word(p, "ELSE")) {
        SW_TRY(sw_parse_advance(p));
        SW_TRY(sw_parse_nested(p, SW_LEVEL_OR, &part));
    } else {
        SW_TRY(sw_parse_constant(p, position, sw_scalar_null(), SW_SENSE_PLAIN, &part));
    }
    SW_TRY(sw_parse_push(p, &parts, part));
    if (!sw_parse_is_word(p, "END")) {
        return sw_parse_expected(p, "WHEN, ELSE or END");
    }
    SW_TRY(sw_parse_advance(p));
    return sw_parse_from_list(p, has_base ? SW_OP_CASE_OF : SW_OP_CASE, position, &parts, node);
}

/* DATE '2024-01-31', TIMESTAMP '2024-01-31T12:00:00Z'. */
static sw_status parse_time_literal(struct sw_parser *p, const struct sw_token *word, bool is_date,
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
    SW_TRY(sw_parse_constant(p, word->position, sw_scalar_int(value),
                             is_date ? SW_SENSE_DATE : SW_SENSE_TIME, node));
    return sw_parse_advance(p);
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

static sw_status parse_word(struct sw_parser *p, struct sw_node **node)
{
    struct sw_token word = p->token;
    if (is_reserved(&word)) {
        return sw_parse_expected(p, "a value");
    }
    SW_TRY(sw_parse_advance(p));
    if (sw_token_is(&word, "NULL")) {
        return sw_parse_constant(p, word.position, sw_scalar_null(), SW_SENSE_PLAIN, node);
    }
    if (sw_token_is(&word, "TRUE") || sw_token_is(&word, "FALSE")) {
        SW_TRY(sw_parse_constant(p, word.position, sw_scalar_int(sw_token_is(&word, "TRUE")),
                                 SW_SENSE_BOOL, node));
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
    return sw_parse_is_bracket(p, '(') ? parse_call(p, word, node) : column(p, &word, node);
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

static sw_status parse_sign(struct sw_parser *p, bool is_minus, struct sw_node **node)
{
    size_t position = p->token.position;
    struct sw_node *operand;
    SW_TRY(sw_parse_advance(p));
    bool is_number = p->token.kind == SW_TOKEN_NUMBER;
    size_t length = p->token.end - p->token.position;
    const char *digits = p->expr->text.data + p->token.position;
    bool is_least = is_number && is_minus && p->token.value.tag == SW_TAG_FLOAT && length == 19 &&
                    memcmp(digits, "9223372036854775808", 19) == 0;
    SW_TRY(sw_parse_nested(p, SW_LEVEL_SIGN, &operand));
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
    return sw_parse_join(p, is_minus ? SW_OP_NEGATE : SW_OP_PLUS, position, operand, NULL, node);
}

sw_status sw_parse_primary(struct sw_parser *p, struct sw_node **node)
{
    struct sw_token token = p->token;
    switch (token.kind) {
    case SW_TOKEN_NUMBER:
    case SW_TOKEN_TEXT:
        SW_TRY(sw_parse_constant(p, token.position, token.value, SW_SENSE_PLAIN, node));
        return sw_parse_advance(p);
    case SW_TOKEN_QUOTED:
        SW_TRY(column(p, &token, node));
        return sw_parse_advance(p);
    case SW_TOKEN_INPUT:
        return sw_parse_input(p, node);
    case SW_TOKEN_NAME:
        if (sw_token_is(&token, "NOT")) {
            struct sw_node *operand;
            SW_TRY(sw_parse_advance(p));
            SW_TRY(sw_parse_nested(p, SW_LEVEL_NOT, &operand));
            return sw_parse_join(p, SW_OP_NOT, token.position, operand, NULL, node);
        }
        return parse_word(p, node);
    case SW_TOKEN_MARK:
        if (token.bracket == '(') {
            SW_TRY(sw_parse_advance(p));
            SW_TRY(sw_parse_nested(p, SW_LEVEL_OR, node));
            return sw_parse_bracket(p, ')');
        }
        if (token.mark == SW_OP_ADD || token.mark == SW_OP_SUBTRACT) {
            return parse_sign(p, token.mark == SW_OP_SUBTRACT, node);
        }
        break;
    case SW_TOKEN_END:
        break;
    }
    return sw_parse_expected(p, "a value");
}
