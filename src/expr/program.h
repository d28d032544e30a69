/* program: a compiled expression: instructions over registers.  A register holds
 * one vector of values, or a constant, or a column.  Immutable, shared by workers;
 * what they write is in struct sw_expr_state (eval.c).                            */
#ifndef SW_EXPR_PROGRAM_H
#define SW_EXPR_PROGRAM_H

#include "expr/typed.h"

#define SW_PROGRAM_MAGIC 0x70726f67u /* "prog" */

enum sw_register_kind {
    SW_REGISTER_TEMP,     /* room for a vector */
    SW_REGISTER_CONSTANT, /* value */
    SW_REGISTER_COLUMN    /* column, read as ints, floats or texts */
};

struct sw_register {
    uint8_t kind;
    bool as_float; /* COLUMN: ints and floats as floats */
    uint32_t column;
    struct sw_scalar value;
};

/* COLUMN: load register `out`.  DICTIONARY: look `out` up in cache `slot` by the code of `column`
 * and skip `skip` instructions, or go on.  Others: out = call(arg...).                          */
struct sw_instruction {
    struct sw_call call;
    uint8_t args;
    uint32_t out;
    uint32_t arg[SW_CALL_ARGS_MAX];
    uint32_t column;
    uint32_t slot;
    uint32_t skip;
};

struct sw_program {
    uint32_t magic;
    struct sw_arena arena;    /* owns what follows */
    struct sw_pool pool;      /* texts of folded constants */
    struct sw_schema *schema; /* counted */
    struct sw_typed *root;
    enum sw_type type;
    struct sw_instruction *code;
    uint32_t count;
    struct sw_register *registers;
    uint32_t register_count;
    uint32_t slots;
    uint32_t result;   /* register */
    uint32_t *columns; /* read, each once */
    size_t column_count;
};

#endif
