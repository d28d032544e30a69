/* scalar: one value of an expression as SQLite sees it (NULL, INTEGER, REAL or
 * TEXT) and what every op means for it.  This is the definition of the language;
 * the vector kernels are short cuts for it and constant folding runs on it.
 * Any thread; texts made here live in the caller's pool.                        */
#ifndef SW_EXPR_SCALAR_H
#define SW_EXPR_SCALAR_H

#include "base/arena.h"
#include "base/limits.h"
#include "table/type.h"

enum sw_op {
#define SW_OP(name, shown) SW_OP_##name,
#include "expr/ops.inc"
#undef SW_OP
    SW_OP_COUNT
};

const char *sw_op_name(enum sw_op op);

enum sw_tag { SW_TAG_NULL, SW_TAG_INT, SW_TAG_FLOAT, SW_TAG_TEXT };

union sw_cell {
    int64_t i;
    double f;
    struct sw_span s; /* borrowed */
};

struct sw_scalar {
    uint8_t tag; /* enum sw_tag */
    union sw_cell u;
};

/* How SQLite would convert the sides of a comparison before it compares. */
enum sw_affinity { SW_AFFINITY_NONE, SW_AFFINITY_TEXT, SW_AFFINITY_NUMERIC };

/* Where texts are made; the first failure stays in `status` and the text is NULL. */
struct sw_pool {
    struct sw_arena arena;
    sw_status status; /* SW_OK, SW_NO_MEMORY, or SW_LIMIT: a text or all of them too long */
};

void sw_pool_init(struct sw_pool *pool);
void sw_pool_fini(struct sw_pool *pool);
char *sw_pool_alloc(struct sw_pool *pool, size_t length); /* NULL: see status */

/* What an instruction does besides its arguments. */
struct sw_call {
    uint8_t op;        /* enum sw_op */
    uint8_t affinity;  /* comparisons: enum sw_affinity */
    uint8_t unit;      /* date_trunc, date_part: enum sw_unit */
    const void *extra; /* IN_SET: struct sw_set */
};

#define SW_CALL_ARGS_MAX 3

struct sw_scalar sw_scalar_apply(const struct sw_call *call, const struct sw_scalar *args,
                                 size_t count, struct sw_pool *pool);

static inline struct sw_scalar sw_scalar_null(void)
{
    return (struct sw_scalar){.tag = SW_TAG_NULL, .u = {.s = {NULL, 0}}};
}

static inline struct sw_scalar sw_scalar_int(int64_t value)
{
    return (struct sw_scalar){.tag = SW_TAG_INT, .u = {.i = value}};
}

/* A NaN is NULL, as SQLite stores it. */
static inline struct sw_scalar sw_scalar_float(double value)
{
    if (__builtin_isnan(value)) {
        return sw_scalar_null();
    }
    return (struct sw_scalar){.tag = SW_TAG_FLOAT, .u = {.f = value}};
}

static inline struct sw_scalar sw_scalar_text(struct sw_span value)
{
    return (struct sw_scalar){.tag = SW_TAG_TEXT, .u = {.s = value}};
}

/* Conversions by SQLite's rules; NULL stays NULL (0 for the C types). */
double sw_scalar_as_float(struct sw_scalar value); /* a text: its numeric beginning */
int64_t sw_scalar_as_int(struct sw_scalar value);  /* cut toward zero, saturated */
struct sw_scalar sw_scalar_as_text(struct sw_scalar value, struct sw_pool *pool);
struct sw_scalar sw_scalar_as_number(struct sw_scalar value); /* as an operand of + */
struct sw_scalar sw_scalar_to_affinity(struct sw_scalar value, enum sw_affinity affinity,
                                       struct sw_pool *pool);
/* 1 true, 0 false, -1 NULL. */
int sw_scalar_truth(struct sw_scalar value);
/* Storage class order: numbers before texts; neither may be NULL. */
int sw_scalar_compare(struct sw_scalar a, struct sw_scalar b);
int sw_scalar_compare_mixed(int64_t a, double b); /* exact */
/* After a comparison's affinity; neither may be NULL. */
int sw_scalar_compare_as(struct sw_scalar a, struct sw_scalar b, enum sw_affinity affinity,
                         struct sw_pool *pool);

#endif
