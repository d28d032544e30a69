/* reach: what the zones of a row group say about a condition before a row is read. */
#include "expr/expr.h"
#include "expr/program.h"

/* What is known of a condition over all rows of a group. */
struct known {
    bool may_true;  /* some row may be true */
    bool may_other; /* some row may be false or NULL */
};

static const struct known anything = {true, true};

static const struct sw_chunk *chunk_of(const struct sw_typed *typed,
                                       const struct sw_rowgroup *group)
{
    return typed->op == SW_OP_COLUMN && (uint32_t)typed->column < group->columns
               ? group->chunk[typed->column]
               : NULL;
}

static bool has_gaps(const struct sw_chunk *chunk)
{
    return chunk->zone.nulls > 0 || chunk->zone.nans > 0;
}

/* The order of the smallest and the greatest value to the constant. */
static bool orders(const struct sw_chunk *chunk, struct sw_scalar value, int *least, int *greatest)
{
    bool is_integral = sw_type_is_integral(chunk->type);
    bool is_number = value.tag == SW_TAG_INT || value.tag == SW_TAG_FLOAT;
    if (!is_number || chunk->type == SW_TYPE_STRING || !chunk->zone.has_values) {
        return false;
    }
    struct sw_scalar low =
        is_integral ? sw_scalar_int(chunk->zone.min_i) : sw_scalar_float(chunk->zone.min_f);
    struct sw_scalar high =
        is_integral ? sw_scalar_int(chunk->zone.max_i) : sw_scalar_float(chunk->zone.max_f);
    *least = sw_scalar_compare(low, value);
    *greatest = sw_scalar_compare(high, value);
    return true;
}

static struct known compare_known(enum sw_op op, const struct sw_chunk *chunk,
                                  struct sw_scalar value)
{
    int least;
    int greatest;
    if (value.tag == SW_TAG_NULL || (!chunk->zone.has_values && chunk->type != SW_TYPE_STRING)) {
        return (struct known){false, true};
    }
    if (chunk->type == SW_TYPE_STRING && op == SW_OP_EQ && value.tag == SW_TAG_TEXT &&
        chunk->encoding == SW_ENC_DICT) {
        uint32_t code =
            chunk->dict_count == 0 ? SW_DICT_NONE : sw_dict_find(chunk->dict, value.u.s);
        return (struct known){code != SW_DICT_NONE && code < chunk->dict_count, true};
    }
    if (!orders(chunk, value, &least, &greatest)) {
        return anything;
    }
    bool may = true;
    bool must = false;
    if (op == SW_OP_LT) {
        may = least < 0;
        must = greatest < 0;
    } else if (op == SW_OP_LE) {
        may = least <= 0;
        must = greatest <= 0;
    } else if (op == SW_OP_GT) {
        may = greatest > 0;
        must = least > 0;
    } else if (op == SW_OP_GE) {
        may = greatest >= 0;
        must = least >= 0;
    } else if (op == SW_OP_EQ) {
        may = least <= 0 && greatest >= 0;
        must = least == 0 && greatest == 0;
    } else {
        may = least != 0 || greatest != 0;
        must = least > 0 || greatest < 0;
    }
    return (struct known){may, !must || has_gaps(chunk)};
}

static enum sw_op mirrored(enum sw_op op)
{
    return op == SW_OP_LT   ? SW_OP_GT
           : op == SW_OP_GT ? SW_OP_LT
           : op == SW_OP_LE ? SW_OP_GE
           : op == SW_OP_GE ? SW_OP_LE
                            : op;
}

static struct known comparison(const struct sw_typed *typed, const struct sw_rowgroup *group)
{
    const struct sw_chunk *left = chunk_of(typed->child[0], group);
    const struct sw_chunk *right = chunk_of(typed->child[1], group);
    enum sw_op op = (enum sw_op)typed->op;
    if (left != NULL && sw_typed_is_constant(typed->child[1])) {
        return compare_known(op, left, typed->child[1]->value);
    }
    if (right != NULL && sw_typed_is_constant(typed->child[0])) {
        return compare_known(mirrored(op), right, typed->child[0]->value);
    }
    return anything;
}

static struct known set_known(const struct sw_typed *typed, const struct sw_rowgroup *group)
{
    const struct sw_chunk *chunk = chunk_of(typed->child[0], group);
    const struct sw_set *set = typed->set;
    int least;
    int greatest;
    if (chunk == NULL || chunk->type == SW_TYPE_STRING) {
        return anything;
    }
    if (set->numbers == 0 || !chunk->zone.has_values) {
        return (struct known){false, true};
    }
    if (!orders(chunk, set->number[0], &least, &greatest)) {
        return anything;
    }
    bool is_below = greatest < 0;
    (void)orders(chunk, set->number[set->numbers - 1], &least, &greatest);
    return (struct known){!is_below && least <= 0, true};
}

static struct known null_known(const struct sw_typed *typed, const struct sw_rowgroup *group)
{
    const struct sw_chunk *chunk = chunk_of(typed->child[0], group);
    if (chunk == NULL) {
        return anything;
    }
    uint32_t gaps = chunk->zone.nulls + chunk->zone.nans;
    bool is_null = typed->op == SW_OP_IS_NULL;
    uint32_t hits = is_null ? gaps : chunk->rows - gaps;
    return (struct known){hits > 0, hits < chunk->rows};
}

static struct known look(const struct sw_typed *typed, const struct sw_rowgroup *group)
{
    enum sw_op op = (enum sw_op)typed->op;
    if (op == SW_OP_CONSTANT) {
        bool is_true = sw_scalar_truth(typed->value) == 1;
        return (struct known){is_true, !is_true};
    }
    if (op == SW_OP_AND || op == SW_OP_OR || op == SW_OP_BETWEEN) {
        uint32_t first = op == SW_OP_BETWEEN ? 1 : 0;
        struct known a = look(typed->child[first], group);
        struct known b = look(typed->child[first + 1], group);
        return op == SW_OP_OR
                   ? (struct known){a.may_true || b.may_true, a.may_other && b.may_other}
                   : (struct known){a.may_true && b.may_true, a.may_other || b.may_other};
    }
    if (op == SW_OP_EQ || op == SW_OP_NE || op == SW_OP_LT || op == SW_OP_LE || op == SW_OP_GT ||
        op == SW_OP_GE) {
        return comparison(typed, group);
    }
    if (op == SW_OP_IN_SET) {
        return set_known(typed, group);
    }
    return op == SW_OP_IS_NULL || op == SW_OP_NOT_NULL ? null_known(typed, group) : anything;
}

enum sw_expr_reach sw_program_reach(const struct sw_program *program,
                                    const struct sw_rowgroup *group)
{
    struct known known = look(program->root, group);
    return !known.may_true    ? SW_EXPR_REACH_NONE
           : !known.may_other ? SW_EXPR_REACH_ALL
                              : SW_EXPR_REACH_SOME;
}
