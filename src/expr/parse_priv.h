/* parse_priv: the parser's state and steps, shared by its files: parse_node.c makes nodes and
 * reads what stands everywhere, parse_value.c reads one value, parse.c the operators between. */
#ifndef SW_EXPR_PARSE_PRIV_H
#define SW_EXPR_PARSE_PRIV_H

#include "expr/lex.h"
#include "expr/tree.h"

enum sw_level {
    SW_LEVEL_NONE,
    SW_LEVEL_OR,
    SW_LEVEL_AND,
    SW_LEVEL_NOT,
    SW_LEVEL_EQUAL,
    SW_LEVEL_ORDER,
    SW_LEVEL_SUM,
    SW_LEVEL_PRODUCT,
    SW_LEVEL_CONCAT,
    SW_LEVEL_SIGN
};

struct sw_parser {
    struct sw_expr *expr;
    struct sw_lexer lexer;
    struct sw_token token; /* the one to look at */
    size_t before;         /* end of the token before it */
    uint32_t depth;
    struct sw_err *err;
};

/* Children collected before their number is known. */
struct sw_node_list {
    struct sw_node **items;
    uint32_t count;
    uint32_t capacity;
};

SW_MUST_USE sw_status sw_parse_advance(struct sw_parser *p);
/* "expected X after `...`, found `...`", at the token. */
SW_MUST_USE sw_status sw_parse_expected(struct sw_parser *p, const char *what);
bool sw_parse_is_bracket(const struct sw_parser *p, char bracket);
bool sw_parse_is_word(const struct sw_parser *p, const char *word);
SW_MUST_USE sw_status sw_parse_bracket(struct sw_parser *p, char bracket);
SW_MUST_USE sw_status sw_parse_word_only(struct sw_parser *p, const char *word);
SW_MUST_USE sw_status sw_parse_new(struct sw_parser *p, enum sw_op op, size_t position,
                                   uint32_t count, struct sw_node **node);
SW_MUST_USE sw_status sw_parse_join(struct sw_parser *p, enum sw_op op, size_t position,
                                    struct sw_node *left, struct sw_node *right,
                                    struct sw_node **node);
SW_MUST_USE sw_status sw_parse_push(struct sw_parser *p, struct sw_node_list *list,
                                    struct sw_node *node);
SW_MUST_USE sw_status sw_parse_from_list(struct sw_parser *p, enum sw_op op, size_t position,
                                         const struct sw_node_list *list, struct sw_node **node);
/* One level deeper: brackets, arguments, CASE, NOT and signs. */
SW_MUST_USE sw_status sw_parse_nested(struct sw_parser *p, enum sw_level least,
                                      struct sw_node **node);
SW_MUST_USE sw_status sw_parse_constant(struct sw_parser *p, size_t position,
                                        struct sw_scalar value, enum sw_sense sense,
                                        struct sw_node **node);
/* Each name once, in order of appearance. */
SW_MUST_USE sw_status sw_parse_note_name(struct sw_parser *p, struct sw_span name,
                                         struct sw_span **names, size_t *count);
SW_MUST_USE sw_status sw_parse_input(struct sw_parser *p, struct sw_node **node);
/* (a, b, ...) with the opening bracket still to come. */
SW_MUST_USE sw_status sw_parse_arguments(struct sw_parser *p, struct sw_node_list *list);
SW_MUST_USE sw_status sw_parse_primary(struct sw_parser *p, struct sw_node **node);
/* A value and the operators behind it that bind at least as strongly as `least`. */
SW_MUST_USE sw_status sw_parse_level(struct sw_parser *p, enum sw_level least,
                                     struct sw_node **node);

#endif
