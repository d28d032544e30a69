/* lex: an expression's text as tokens, one at a time.  Any thread. */
#ifndef SW_EXPR_LEX_H
#define SW_EXPR_LEX_H

#include "expr/scalar.h"

enum sw_token_kind {
    SW_TOKEN_END,
    SW_TOKEN_NUMBER, /* value */
    SW_TOKEN_TEXT,   /* value: '...' with '' undone */
    SW_TOKEN_NAME,   /* bare word: column, function or keyword */
    SW_TOKEN_QUOTED, /* "..", `..`, [..]: always a column */
    SW_TOKEN_INPUT,  /* $name; name without the $ */
    SW_TOKEN_MARK    /* an operator or a bracket: mark */
};

struct sw_token {
    enum sw_token_kind kind;
    enum sw_op mark;        /* operators */
    char bracket;           /* ( ) , or 0 */
    size_t position, end;   /* in the text */
    struct sw_span name;    /* NAME, QUOTED, INPUT */
    struct sw_scalar value; /* NUMBER, TEXT */
};

struct sw_lexer {
    struct sw_span text;
    size_t at;
    struct sw_arena *arena; /* for texts and names with doubled quotes */
};

SW_MUST_USE sw_status sw_lexer_next(struct sw_lexer *lexer, struct sw_token *token,
                                    struct sw_err *err);
bool sw_token_is(const struct sw_token *token, const char *keyword); /* a bare word, any case */

#endif
