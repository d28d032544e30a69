#include "expr/apply.h"

#include "expr/number.h"
#include "expr/set.h"

#include <math.h>

struct sw_scalar sw_apply_numeric(struct sw_scalar value)
{
    if (value.tag != SW_TAG_TEXT) {
        return value;
    }
    struct sw_number number = sw_number_read(value.u.s);
    if (number.form == SW_NUMBER_WHOLE_INT && number.is_exact) {
        return sw_scalar_int(number.i);
    }
    bool is_number = number.form == SW_NUMBER_WHOLE_INT || number.form == SW_NUMBER_WHOLE_FLOAT;
    return is_number ? sw_scalar_float(number.f) : value;
}

static struct sw_scalar truth_of(int truth)
{
    return truth < 0 ? sw_scalar_null() : sw_scalar_int(truth);
}

/* Two ints; a result that does not fit is the float result. */
static struct sw_scalar whole_arithmetic(enum sw_op op, int64_t a, int64_t b)
{
    int64_t result = 0;
    double x = (double)a;
    double y = (double)b;
    if (op == SW_OP_ADD) {
        return __builtin_add_overflow(a, b, &result) ? sw_scalar_float(x + y)
                                                     : sw_scalar_int(result);
    }
    if (op == SW_OP_SUBTRACT) {
        return __builtin_sub_overflow(a, b, &result) ? sw_scalar_float(x - y)
                                                     : sw_scalar_int(result);
    }
    if (op == SW_OP_MULTIPLY) {
        return __builtin_mul_overflow(a, b, &result) ? sw_scalar_float(x * y)
                                                     : sw_scalar_int(result);
    }
    if (b == 0) {
        return sw_scalar_null();
    }
    if (op == SW_OP_REMAINDER) {
        return sw_scalar_int(b == -1 ? 0 : a % b);
    }
    return b == -1 && a == INT64_MIN ? sw_scalar_float(x / y) : sw_scalar_int(a / b);
}

static SW_APPLY(apply_arithmetic)
{
    (void)count;
    (void)pool;
    enum sw_op op = (enum sw_op)call->op;
    struct sw_scalar a = sw_scalar_as_number(args[0]);
    struct sw_scalar b = sw_scalar_as_number(args[1]);
    if (a.tag == SW_TAG_NULL || b.tag == SW_TAG_NULL) {
        return sw_scalar_null();
    }
    if (a.tag == SW_TAG_INT && b.tag == SW_TAG_INT) {
        return whole_arithmetic(op, a.u.i, b.u.i);
    }
    if (op == SW_OP_REMAINDER) {
        struct sw_scalar rest =
            whole_arithmetic(op, sw_scalar_as_int(args[0]), sw_scalar_as_int(args[1]));
        return rest.tag == SW_TAG_INT ? sw_scalar_float((double)rest.u.i) : rest;
    }
    double x = sw_scalar_as_float(a);
    double y = sw_scalar_as_float(b);
    if (op == SW_OP_DIVIDE) {
        return y == 0 ? sw_scalar_null() : sw_scalar_float(x / y);
    }
    return sw_scalar_float(op == SW_OP_ADD ? x + y : op == SW_OP_SUBTRACT ? x - y : x * y);
}

/* 0 - x, so that the smallest int becomes a float. */
static SW_APPLY(apply_negate)
{
    (void)count;
    struct sw_call minus = *call;
    minus.op = SW_OP_SUBTRACT;
    struct sw_scalar both[2] = {sw_scalar_int(0), args[0]};
    return apply_arithmetic(&minus, both, 2, pool);
}

static SW_APPLY(apply_same)
{
    (void)call;
    (void)count;
    (void)pool;
    return args[0];
}

static SW_APPLY(apply_compare)
{
    (void)count;
    enum sw_op op = (enum sw_op)call->op;
    if (args[0].tag == SW_TAG_NULL || args[1].tag == SW_TAG_NULL) {
        return sw_scalar_null();
    }
    int order = sw_scalar_compare_as(args[0], args[1], (enum sw_affinity)call->affinity, pool);
    bool answer = op == SW_OP_EQ   ? order == 0
                  : op == SW_OP_NE ? order != 0
                  : op == SW_OP_LT ? order < 0
                  : op == SW_OP_LE ? order <= 0
                  : op == SW_OP_GT ? order > 0
                                   : order >= 0;
    return sw_scalar_int(answer);
}

static SW_APPLY(apply_is)
{
    (void)count;
    bool has_null = args[0].tag == SW_TAG_NULL || args[1].tag == SW_TAG_NULL;
    bool is_same = has_null ? args[0].tag == args[1].tag
                            : sw_scalar_compare_as(args[0], args[1],
                                                   (enum sw_affinity)call->affinity, pool) == 0;
    return sw_scalar_int(is_same == (call->op == SW_OP_IS));
}

static SW_APPLY(apply_not)
{
    (void)call;
    (void)count;
    (void)pool;
    int truth = sw_scalar_truth(args[0]);
    return truth_of(truth < 0 ? truth : !truth);
}

static SW_APPLY(apply_and)
{
    (void)call;
    (void)count;
    (void)pool;
    int a = sw_scalar_truth(args[0]);
    int b = sw_scalar_truth(args[1]);
    return truth_of(a == 0 || b == 0 ? 0 : a < 0 || b < 0 ? -1 : 1);
}

static SW_APPLY(apply_or)
{
    (void)call;
    (void)count;
    (void)pool;
    int a = sw_scalar_truth(args[0]);
    int b = sw_scalar_truth(args[1]);
    return truth_of(a == 1 || b == 1 ? 1 : a < 0 || b < 0 ? -1 : 0);
}

static SW_APPLY(apply_is_truth)
{
    (void)count;
    (void)pool;
    int truth = sw_scalar_truth(args[0]);
    bool answer = call->op == SW_OP_IS_TRUE       ? truth == 1
                  : call->op == SW_OP_IS_NOT_TRUE ? truth != 1
                  : call->op == SW_OP_IS_FALSE    ? truth == 0
                                                  : truth != 0;
    return sw_scalar_int(answer);
}

static SW_APPLY(apply_is_null)
{
    (void)count;
    (void)pool;
    return sw_scalar_int((args[0].tag == SW_TAG_NULL) == (call->op == SW_OP_IS_NULL));
}

static SW_APPLY(apply_in_set)
{
    (void)count;
    const struct sw_set *set = call->extra;
    return truth_of(sw_set_find(set, sw_scalar_to_affinity(args[0], set->affinity, pool)));
}

static SW_APPLY(apply_choose)
{
    (void)call;
    (void)count;
    (void)pool;
    return sw_scalar_truth(args[0]) == 1 ? args[1] : args[2];
}

static SW_APPLY(apply_to_float)
{
    (void)call;
    (void)count;
    (void)pool;
    return args[0].tag == SW_TAG_INT ? sw_scalar_float((double)args[0].u.i) : args[0];
}

static SW_APPLY(apply_cast)
{
    (void)count;
    struct sw_scalar value = args[0];
    if (value.tag == SW_TAG_NULL) {
        return value;
    }
    if (call->op == SW_OP_CAST_INT) {
        return sw_scalar_int(sw_scalar_as_int(value));
    }
    if (call->op == SW_OP_CAST_BOOL) {
        return sw_scalar_int(sw_scalar_truth(value));
    }
    if (call->op == SW_OP_CAST_FLOAT) {
        return sw_scalar_float(sw_scalar_as_float(value));
    }
    return sw_scalar_as_text(value, pool);
}

/* A text's numeric beginning; a float that is whole and below 2^51 becomes an int. */
static SW_APPLY(apply_cast_numeric)
{
    (void)call;
    (void)count;
    (void)pool;
    struct sw_scalar number = sw_scalar_as_number(args[0]);
    if (args[0].tag != SW_TAG_TEXT || number.tag != SW_TAG_FLOAT) {
        return number;
    }
    double f = number.u.f;
    bool is_whole = f >= -0x1p51 && f < 0x1p51 && f == floor(f);
    return is_whole ? sw_scalar_int((int64_t)f) : number;
}

static SW_APPLY(apply_coalesce)
{
    (void)call;
    (void)count;
    (void)pool;
    return args[0].tag == SW_TAG_NULL ? args[1] : args[0];
}

static SW_APPLY(apply_nullif)
{
    (void)call;
    (void)count;
    (void)pool;
    bool has_null = args[0].tag == SW_TAG_NULL || args[1].tag == SW_TAG_NULL;
    return !has_null && sw_scalar_compare(args[0], args[1]) == 0 ? sw_scalar_null() : args[0];
}

/* Of equal ones min takes the later and max the earlier: 1 and 1.0 differ in type. */
static SW_APPLY(apply_extreme)
{
    (void)count;
    (void)pool;
    if (args[0].tag == SW_TAG_NULL || args[1].tag == SW_TAG_NULL) {
        return sw_scalar_null();
    }
    int order = sw_scalar_compare(args[0], args[1]);
    bool is_second = call->op == SW_OP_MIN ? order >= 0 : order < 0;
    return is_second ? args[1] : args[0];
}

/* Ops that exist in trees only have no entry. */
static const sw_apply_fn functions[SW_OP_COUNT] = {
    [SW_OP_NEGATE] = apply_negate,
    [SW_OP_PLUS] = apply_same,
    [SW_OP_NOT] = apply_not,
    [SW_OP_ADD] = apply_arithmetic,
    [SW_OP_SUBTRACT] = apply_arithmetic,
    [SW_OP_MULTIPLY] = apply_arithmetic,
    [SW_OP_DIVIDE] = apply_arithmetic,
    [SW_OP_REMAINDER] = apply_arithmetic,
    [SW_OP_CONCAT] = sw_apply_concat,
    [SW_OP_EQ] = apply_compare,
    [SW_OP_NE] = apply_compare,
    [SW_OP_LT] = apply_compare,
    [SW_OP_LE] = apply_compare,
    [SW_OP_GT] = apply_compare,
    [SW_OP_GE] = apply_compare,
    [SW_OP_IS] = apply_is,
    [SW_OP_IS_NOT] = apply_is,
    [SW_OP_AND] = apply_and,
    [SW_OP_OR] = apply_or,
    [SW_OP_IS_TRUE] = apply_is_truth,
    [SW_OP_IS_NOT_TRUE] = apply_is_truth,
    [SW_OP_IS_FALSE] = apply_is_truth,
    [SW_OP_IS_NOT_FALSE] = apply_is_truth,
    [SW_OP_IS_NULL] = apply_is_null,
    [SW_OP_NOT_NULL] = apply_is_null,
    [SW_OP_LIKE] = sw_apply_like,
    [SW_OP_GLOB] = sw_apply_glob,
    [SW_OP_IN_SET] = apply_in_set,
    [SW_OP_CHOOSE] = apply_choose,
    [SW_OP_TO_FLOAT] = apply_to_float,
    [SW_OP_CAST_INT] = apply_cast,
    [SW_OP_CAST_FLOAT] = apply_cast,
    [SW_OP_CAST_TEXT] = apply_cast,
    [SW_OP_CAST_BOOL] = apply_cast,
    [SW_OP_CAST_NUMERIC] = apply_cast_numeric,
    [SW_OP_DATE_TEXT] = sw_apply_date_text,
    [SW_OP_TIME_TEXT] = sw_apply_time_text,
    [SW_OP_DATE_TIME] = sw_apply_date_time,
    [SW_OP_TIME_DATE] = sw_apply_time_date,
    [SW_OP_TEXT_DATE] = sw_apply_text_date,
    [SW_OP_TEXT_TIME] = sw_apply_text_time,
    [SW_OP_NUMBER_DATE] = sw_apply_number_date,
    [SW_OP_NUMBER_TIME] = sw_apply_number_time,
    [SW_OP_DATE_ADD] = sw_apply_date_shift,
    [SW_OP_DATE_SUBTRACT] = sw_apply_date_shift,
    [SW_OP_TIME_ADD] = sw_apply_time_shift,
    [SW_OP_TIME_SUBTRACT] = sw_apply_time_shift,
    [SW_OP_DATE_TRUNC] = sw_apply_date_unit,
    [SW_OP_DATE_PART] = sw_apply_date_unit,
    [SW_OP_TIME_TRUNC] = sw_apply_time_unit,
    [SW_OP_TIME_PART] = sw_apply_time_unit,
    [SW_OP_ABS] = sw_apply_abs,
    [SW_OP_ROUND] = sw_apply_round,
    [SW_OP_FLOOR] = sw_apply_whole,
    [SW_OP_CEIL] = sw_apply_whole,
    [SW_OP_TRUNC] = sw_apply_whole,
    [SW_OP_SQRT] = sw_apply_math,
    [SW_OP_EXP] = sw_apply_math,
    [SW_OP_LN] = sw_apply_math,
    [SW_OP_LOG10] = sw_apply_math,
    [SW_OP_LOG2] = sw_apply_math,
    [SW_OP_SIGN] = sw_apply_math,
    [SW_OP_POW] = sw_apply_pow,
    [SW_OP_MIN] = apply_extreme,
    [SW_OP_MAX] = apply_extreme,
    [SW_OP_COALESCE] = apply_coalesce,
    [SW_OP_NULLIF] = apply_nullif,
    [SW_OP_LENGTH] = sw_apply_length,
    [SW_OP_LOWER] = sw_apply_lower,
    [SW_OP_UPPER] = sw_apply_upper,
    [SW_OP_TRIM] = sw_apply_trim,
    [SW_OP_LTRIM] = sw_apply_trim,
    [SW_OP_RTRIM] = sw_apply_trim,
    [SW_OP_SUBSTR] = sw_apply_substr,
    [SW_OP_INSTR] = sw_apply_instr,
    [SW_OP_REPLACE] = sw_apply_replace,
};

struct sw_scalar sw_scalar_apply(const struct sw_call *call, const struct sw_scalar *args,
                                 size_t count, struct sw_pool *pool)
{
    sw_apply_fn function = functions[call->op];
    sw_assert(function != NULL);
    return function(call, args, count, pool);
}
