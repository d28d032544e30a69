/* tree: an expression as parsed: nodes in an arena, immutable, any thread. */
#ifndef SW_EXPR_TREE_H
#define SW_EXPR_TREE_H

#include "expr/scalar.h"

/* What an int stands for. */
enum sw_sense { SW_SENSE_PLAIN, SW_SENSE_BOOL, SW_SENSE_DATE, SW_SENSE_TIME };

/* The type named in a CAST. */
enum sw_cast {
    SW_CAST_TO_INT,
    SW_CAST_TO_FLOAT,
    SW_CAST_TO_TEXT,
    SW_CAST_TO_NUMERIC,
    SW_CAST_TO_BOOL,
    SW_CAST_TO_DATE,
    SW_CAST_TO_TIME
};

struct sw_node {
    uint8_t op;    /* enum sw_op */
    uint8_t sense; /* CONSTANT: enum sw_sense */
    uint8_t cast;  /* CAST: enum sw_cast */
    uint16_t height;
    uint32_t position; /* in the text, bytes */
    uint32_t count;
    struct sw_node **child;
    struct sw_scalar value; /* CONSTANT */
    struct sw_span name;    /* COLUMN, INPUT */
};

struct sw_expr {
    struct sw_arena arena;
    struct sw_span text;
    struct sw_node *root;
    uint32_t nodes;
    struct sw_span *columns; /* each once */
    size_t column_count;
    struct sw_span *inputs;
    size_t input_count;
};

/* Fails with SW_EXPRESSION (or another status) at a position of the text. */
SW_PRINTF(4, 5)
sw_status sw_expr_fail(struct sw_err *err, sw_status status, size_t position, const char *format,
                       ...);
/* The function's op and how many arguments it takes; false: no such function. */
struct sw_function {
    const char *name;
    enum sw_op op;
    uint32_t least;
    uint32_t most; /* UINT32_MAX: any number */
};
const struct sw_function *sw_function_find(struct sw_span name);
const char *sw_function_near(struct sw_span name); /* the nearest name, or NULL */
bool sw_cast_find(struct sw_span name, enum sw_cast *cast);
/* Edits that turn one text into the other, ASCII case aside; more than `most` is most + 1. */
size_t sw_name_distance(struct sw_span a, struct sw_span b, size_t most);
bool sw_name_same(struct sw_span a, struct sw_span b); /* ASCII case aside */

#endif
