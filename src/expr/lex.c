#include "expr/lex.h"

#include "expr/number.h"
#include "expr/tree.h"

static char peek(const struct sw_lexer *lexer, size_t ahead)
{
    size_t at = lexer->at + ahead;
    return at < lexer->text.length ? lexer->text.data[at] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool begins_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_in_word(char c)
{
    return begins_word(c) || is_digit(c);
}

static struct sw_span span_from(const struct sw_lexer *lexer, size_t begin)
{
    return sw_span_of(lexer->text.data + begin, lexer->at - begin);
}

/* Blanks and SQL comments. */
static sw_status skip_blanks(struct sw_lexer *lexer, struct sw_err *err)
{
    while (lexer->at < lexer->text.length) {
        char c = peek(lexer, 0);
        if (c == ' ' || (c >= '\t' && c <= '\r')) {
            lexer->at++;
        } else if (c == '-' && peek(lexer, 1) == '-') {
            while (lexer->at < lexer->text.length && peek(lexer, 0) != '\n') {
                lexer->at++;
            }
        } else if (c == '/' && peek(lexer, 1) == '*') {
            size_t begin = lexer->at;
            const char *rest = lexer->text.data + begin + 2;
            const char *end = memmem(rest, lexer->text.length - begin - 2, "*/", 2);
            if (end == NULL) {
                return sw_expr_fail(err, SW_EXPRESSION, begin, "this comment has no closing */");
            }
            lexer->at = (size_t)(end - lexer->text.data) + 2;
        } else {
            break;
        }
    }
    return SW_OK;
}

/* 0x1f: up to 16 hexadecimal digits, as the bits of an int64. */
static sw_status read_hex(struct sw_lexer *lexer, struct sw_token *token, struct sw_err *err)
{
    size_t begin = lexer->at;
    uint64_t value = 0;
    lexer->at += 2;
    size_t digits = 0;
    for (char c = peek(lexer, 0); is_in_word(c); c = peek(lexer, 0)) {
        uint64_t digit = is_digit(c)            ? (uint64_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint64_t)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (uint64_t)(c - 'A') + 10
                                                : 16;
        digits += value != 0 || digit != 0 ? 1 : 0;
        if (digit == 16 || digits > 16) {
            return sw_expr_fail(err, SW_EXPRESSION, begin,
                                "a hexadecimal number has at most 16 digits 0-9 and a-f");
        }
        value = value << 4 | digit;
        lexer->at++;
    }
    token->value = sw_scalar_int((int64_t)value);
    return SW_OK;
}

static sw_status read_number(struct sw_lexer *lexer, struct sw_token *token, struct sw_err *err)
{
    size_t begin = lexer->at;
    token->kind = SW_TOKEN_NUMBER;
    bool is_hex = peek(lexer, 0) == '0' && (peek(lexer, 1) == 'x' || peek(lexer, 1) == 'X');
    char third = peek(lexer, 2);
    if (is_hex && is_in_word(third)) {
        return read_hex(lexer, token, err);
    }
    while (is_digit(peek(lexer, 0))) {
        lexer->at++;
    }
    if (peek(lexer, 0) == '.') {
        lexer->at++;
        while (is_digit(peek(lexer, 0))) {
            lexer->at++;
        }
    }
    char c = peek(lexer, 0);
    char sign = peek(lexer, 1);
    size_t skip = sign == '+' || sign == '-' ? 2 : 1;
    if ((c == 'e' || c == 'E') && is_digit(peek(lexer, skip))) {
        lexer->at += skip;
        while (is_digit(peek(lexer, 0))) {
            lexer->at++;
        }
    }
    if (is_in_word(peek(lexer, 0))) {
        return sw_expr_fail(err, SW_EXPRESSION, lexer->at,
                            "expected an operator after the number, not a letter");
    }
    struct sw_number number = sw_number_read(span_from(lexer, begin));
    bool is_int = number.form == SW_NUMBER_WHOLE_INT && number.is_exact;
    token->value = is_int ? sw_scalar_int(number.i) : sw_scalar_float(number.f);
    return SW_OK;
}

/* From the opening quote to the closing one; a doubled one stands for itself. */
static sw_status read_quoted(struct sw_lexer *lexer, char close, const char *what,
                             struct sw_span *content, struct sw_err *err)
{
    size_t begin = lexer->at++;
    size_t doubled = 0;
    while (true) {
        if (lexer->at >= lexer->text.length) {
            return sw_expr_fail(err, SW_EXPRESSION, begin, "this %s has no closing %c", what,
                                close);
        }
        if (lexer->text.data[lexer->at++] != close) {
            continue;
        }
        if (close == ']' || peek(lexer, 0) != close) {
            break;
        }
        doubled++;
        lexer->at++;
    }
    struct sw_span raw = sw_span_of(lexer->text.data + begin + 1, lexer->at - begin - 2);
    *content = raw;
    if (doubled == 0) {
        return SW_OK;
    }
    char *into = sw_arena_alloc(lexer->arena, raw.length);
    if (into == NULL) {
        return SW_NO_MEMORY;
    }
    size_t length = 0;
    for (size_t i = 0; i < raw.length; i++) {
        into[length++] = raw.data[i];
        i += raw.data[i] == close ? 1 : 0;
    }
    *content = sw_span_of(into, length);
    return SW_OK;
}

static const struct {
    const char *text;
    enum sw_op op;
} marks[] = {
    {"||", SW_OP_CONCAT}, {"<=", SW_OP_LE},       {">=", SW_OP_GE},      {"<>", SW_OP_NE},
    {"!=", SW_OP_NE},     {"==", SW_OP_EQ},       {"=", SW_OP_EQ},       {"<", SW_OP_LT},
    {">", SW_OP_GT},      {"+", SW_OP_ADD},       {"-", SW_OP_SUBTRACT}, {"*", SW_OP_MULTIPLY},
    {"/", SW_OP_DIVIDE},  {"%", SW_OP_REMAINDER},
};

static sw_status read_mark(struct sw_lexer *lexer, struct sw_token *token, struct sw_err *err)
{
    char c = peek(lexer, 0);
    token->kind = SW_TOKEN_MARK;
    token->mark = SW_OP_COUNT;
    if (c == '(' || c == ')' || c == ',') {
        token->bracket = c;
        lexer->at++;
        return SW_OK;
    }
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        size_t length = strlen(marks[i].text);
        if (lexer->text.length - lexer->at >= length &&
            memcmp(lexer->text.data + lexer->at, marks[i].text, length) == 0) {
            token->mark = marks[i].op;
            lexer->at += length;
            return SW_OK;
        }
    }
    if (c == '&' || c == '|' || c == '~') {
        return sw_expr_fail(err, SW_EXPRESSION, lexer->at,
                            "there are no bit operators; use AND, OR, NOT, or || to join texts");
    }
    if (c >= ' ' && c <= '~') {
        return sw_expr_fail(err, SW_EXPRESSION, lexer->at, "unexpected character %c", c);
    }
    return sw_expr_fail(err, SW_EXPRESSION, lexer->at, "unexpected byte %d", (unsigned char)c);
}

static sw_status read_input(struct sw_lexer *lexer, struct sw_token *token, struct sw_err *err)
{
    size_t begin = ++lexer->at;
    token->kind = SW_TOKEN_INPUT;
    while (is_in_word(peek(lexer, 0))) {
        lexer->at++;
    }
    token->name = span_from(lexer, begin);
    if (token->name.length == 0) {
        return sw_expr_fail(err, SW_EXPRESSION, begin, "expected the name of an input after $");
    }
    return SW_OK;
}

static sw_status read_token(struct sw_lexer *lexer, struct sw_token *token, struct sw_err *err)
{
    char c = peek(lexer, 0);
    struct sw_span content = {NULL, 0};
    if (is_digit(c) || (c == '.' && is_digit(peek(lexer, 1)))) {
        return read_number(lexer, token, err);
    }
    if (begins_word(c)) {
        size_t begin = lexer->at;
        token->kind = SW_TOKEN_NAME;
        while (is_in_word(peek(lexer, 0))) {
            lexer->at++;
        }
        token->name = span_from(lexer, begin);
        return SW_OK;
    }
    if (c == '\'') {
        token->kind = SW_TOKEN_TEXT;
        SW_TRY(read_quoted(lexer, '\'', "text", &content, err));
        token->value = sw_scalar_text(content);
        return SW_OK;
    }
    if (c == '"' || c == '`' || c == '[') {
        token->kind = SW_TOKEN_QUOTED;
        return read_quoted(lexer, c == '[' ? ']' : c, "column name", &token->name, err);
    }
    return c == '$' ? read_input(lexer, token, err) : read_mark(lexer, token, err);
}

sw_status sw_lexer_next(struct sw_lexer *lexer, struct sw_token *token, struct sw_err *err)
{
    SW_TRY(skip_blanks(lexer, err));
    *token = (struct sw_token){.kind = SW_TOKEN_END, .mark = SW_OP_COUNT, .position = lexer->at};
    if (lexer->at < lexer->text.length) {
        SW_TRY(read_token(lexer, token, err));
    }
    token->end = lexer->at;
    return SW_OK;
}

bool sw_token_is(const struct sw_token *token, const char *keyword)
{
    return token->kind == SW_TOKEN_NAME && sw_name_same(token->name, sw_span_text(keyword));
}
