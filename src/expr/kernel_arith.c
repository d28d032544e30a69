/* kernel_arith: + - * / % and functions of numbers over whole vectors.  Loops of one statement over
 * restrict arrays, three times each (vector with vector, vector with constant, constant with
 * vector), so that the compiler makes SIMD of them.  Int overflow is gathered on the way; one row
 * that overflows sends the vector to the row by row path.                                        */
#include "expr/number.h"
#include "expr/vec.h"

#include <math.h>

/* An operand: an array, or one value for all rows. */
struct ints {
    const int64_t *at; /* NULL: constant */
    int64_t value;
};

struct floats {
    const double *at; /* NULL: constant */
    double value;
};

static bool is_int(const struct sw_vec *vec)
{
    return vec->form == SW_FORM_INT ||
           (vec->form == SW_FORM_CONSTANT && vec->value.tag == SW_TAG_INT);
}

static bool is_float(const struct sw_vec *vec)
{
    return vec->form == SW_FORM_FLOAT ||
           (vec->form == SW_FORM_CONSTANT && vec->value.tag == SW_TAG_FLOAT);
}

static struct ints ints_of(const struct sw_vec *vec)
{
    bool is_constant = vec->form == SW_FORM_CONSTANT;
    return (struct ints){is_constant ? NULL : vec->ints, is_constant ? vec->value.u.i : 0};
}

/* Ints become floats in `room`. */
static struct floats floats_of(const struct sw_vec *vec, uint32_t rows, double *restrict room)
{
    if (vec->form == SW_FORM_CONSTANT) {
        return (struct floats){NULL, sw_scalar_as_float(vec->value)};
    }
    if (vec->form == SW_FORM_FLOAT) {
        return (struct floats){vec->floats, 0};
    }
    const int64_t *restrict from = vec->ints;
    for (uint32_t i = 0; i < rows; i++) {
        room[i] = (double)from[i];
    }
    return (struct floats){room, 0};
}

/* BODY sees x and y and writes r[i]. */
#define EACH_PAIR(type, a, b, BODY)                             \
    do {                                                        \
        const type *restrict xs = (a).at;                       \
        const type *restrict ys = (b).at;                       \
        if (xs != NULL && ys != NULL) {                         \
            for (uint32_t i = 0; i < rows; i++) {               \
                type x = xs[i];                                 \
                type y = ys[i];                                 \
                BODY;                                           \
            }                                                   \
        } else if (xs != NULL) {                                \
            type y = (b).value;                                 \
            for (uint32_t i = 0; i < rows; i++) {               \
                type x = xs[i];                                 \
                BODY;                                           \
            }                                                   \
        } else {                                                \
            type x = (a).value;                                 \
            for (uint32_t i = 0; ys != NULL && i < rows; i++) { \
                type y = ys[i];                                 \
                BODY;                                           \
            }                                                   \
        }                                                       \
    } while (0)

static int64_t add_wrapping(int64_t x, int64_t y)
{
    return (int64_t)((uint64_t)x + (uint64_t)y);
}

static int64_t subtract_wrapping(int64_t x, int64_t y)
{
    return (int64_t)((uint64_t)x - (uint64_t)y);
}

/* True when no row overflowed. */
static bool whole_loop(enum sw_op op, struct ints a, struct ints b, uint32_t rows,
                       int64_t *restrict r)
{
    int64_t over = 0;
    if (op == SW_OP_ADD) {
        EACH_PAIR(int64_t, a, b, {
            r[i] = add_wrapping(x, y);
            over |= (x ^ r[i]) & (y ^ r[i]);
        });
    } else if (op == SW_OP_SUBTRACT) {
        EACH_PAIR(int64_t, a, b, {
            r[i] = subtract_wrapping(x, y);
            over |= (x ^ y) & (x ^ r[i]);
        });
    } else {
        EACH_PAIR(int64_t, a, b, over |= -(int64_t)__builtin_mul_overflow(x, y, &r[i]));
    }
    return over >= 0;
}

static void float_loop(enum sw_op op, struct floats a, struct floats b, uint32_t rows,
                       double *restrict r)
{
    if (op == SW_OP_ADD) {
        EACH_PAIR(double, a, b, r[i] = x + y);
    } else if (op == SW_OP_SUBTRACT) {
        EACH_PAIR(double, a, b, r[i] = x - y);
    } else if (op == SW_OP_MULTIPLY) {
        EACH_PAIR(double, a, b, r[i] = x * y);
    } else {
        EACH_PAIR(double, a, b, r[i] = x / y);
    }
}

/* Rows that are NaN become NULL. */
static bool drop_nans(const double *restrict values, uint32_t rows, bool has_nulls,
                      uint64_t *restrict valid)
{
    uint32_t nans = 0;
    for (uint32_t i = 0; i < rows; i++) {
        nans += values[i] != values[i];
    }
    if (nans == 0) {
        return has_nulls;
    }
    uint8_t flags[SW_VECTOR_ROWS];
    uint64_t good[SW_VECTOR_WORDS];
    for (uint32_t i = 0; i < rows; i++) {
        flags[i] = values[i] == values[i];
    }
    sw_bits_pack(flags, rows, good);
    for (uint32_t w = 0; w < SW_VECTOR_WORDS; w++) {
        valid[w] = has_nulls ? valid[w] & good[w] : good[w];
    }
    return true;
}

SW_KERNEL(sw_kernel_arithmetic)
{
    (void)count;
    double left[SW_VECTOR_ROWS];
    double right[SW_VECTOR_ROWS];
    enum sw_op op = (enum sw_op)call->op;
    const struct sw_vec *a = args[0];
    const struct sw_vec *b = args[1];
    struct sw_vec_store *store = out->store;
    if (is_int(a) && is_int(b)) {
        if (!whole_loop(op, ints_of(a), ints_of(b), rows, store->u.ints)) {
            return false;
        }
        sw_vec_set(out, SW_FORM_INT, sw_vec_both_valid(a, b, store->valid));
        return true;
    }
    if (!(is_float(a) || is_int(a)) || !(is_float(b) || is_int(b))) {
        return false;
    }
    bool has_nulls = sw_vec_both_valid(a, b, store->valid);
    float_loop(op, floats_of(a, rows, left), floats_of(b, rows, right), rows, store->u.floats);
    has_nulls = drop_nans(store->u.floats, rows, has_nulls, store->valid);
    sw_vec_set(out, SW_FORM_FLOAT, has_nulls);
    return true;
}

static void clear_rows(const uint8_t *flags_good, uint32_t rows, bool has_nulls,
                       uint64_t *restrict valid)
{
    uint8_t flags[SW_VECTOR_ROWS];
    uint64_t good[SW_VECTOR_WORDS];
    memcpy(flags, flags_good, rows);
    sw_bits_pack(flags, rows, good);
    for (uint32_t w = 0; w < SW_VECTOR_WORDS; w++) {
        valid[w] = has_nulls ? valid[w] & good[w] : good[w];
    }
}

/* Ints; by zero is NULL, the smallest by -1 goes row by row. */
static bool divide_ints(enum sw_op op, struct sw_vec *out, const struct sw_vec *const *args,
                        uint32_t rows)
{
    uint8_t good[SW_VECTOR_ROWS];
    int64_t *restrict r = out->store->u.ints;
    uint32_t zeros = 0;
    bool is_over = false;
    bool is_rest = op == SW_OP_REMAINDER;
    EACH_PAIR(int64_t, ints_of(args[0]), ints_of(args[1]), {
        bool is_zero = y == 0;
        bool is_minus = y == -1;
        int64_t by = is_zero || is_minus ? 1 : y;
        zeros += is_zero;
        good[i] = !is_zero;
        is_over = is_over || (is_minus && x == INT64_MIN);
        r[i] = is_rest ? x % by : is_minus ? subtract_wrapping(0, x) : x / by;
    });
    if (is_over && !is_rest) {
        return false;
    }
    bool has_nulls = sw_vec_both_valid(args[0], args[1], out->store->valid);
    if (zeros > 0) {
        clear_rows(good, rows, has_nulls, out->store->valid);
    }
    sw_vec_set(out, SW_FORM_INT, has_nulls || zeros > 0);
    return true;
}

SW_KERNEL(sw_kernel_divide)
{
    (void)count;
    double left[SW_VECTOR_ROWS];
    double right[SW_VECTOR_ROWS];
    uint8_t good[SW_VECTOR_ROWS];
    const struct sw_vec *a = args[0];
    const struct sw_vec *b = args[1];
    bool is_number = (is_int(a) || is_float(a)) && (is_int(b) || is_float(b));
    if (is_int(a) && is_int(b)) {
        return divide_ints((enum sw_op)call->op, out, args, rows);
    }
    if (!is_number || call->op == SW_OP_REMAINDER) {
        return false;
    }
    struct sw_vec_store *store = out->store;
    struct floats divisor = floats_of(b, rows, right);
    if (divisor.at == NULL && divisor.value == 0) {
        sw_vec_set(out, SW_FORM_NULL, false);
        return true;
    }
    bool has_nulls = sw_vec_both_valid(a, b, store->valid);
    float_loop(SW_OP_DIVIDE, floats_of(a, rows, left), divisor, rows, store->u.floats);
    uint32_t zeros = 0;
    for (uint32_t i = 0; divisor.at != NULL && i < rows; i++) {
        zeros += divisor.at[i] == 0;
    }
    if (zeros > 0) {
        for (uint32_t i = 0; i < rows; i++) {
            good[i] = divisor.at[i] != 0;
        }
        clear_rows(good, rows, has_nulls, store->valid);
        has_nulls = true;
    }
    has_nulls = drop_nans(store->u.floats, rows, has_nulls, store->valid);
    sw_vec_set(out, SW_FORM_FLOAT, has_nulls);
    return true;
}

SW_KERNEL(sw_kernel_negate)
{
    struct sw_vec zero = {.form = SW_FORM_CONSTANT, .value = sw_scalar_int(0)};
    const struct sw_vec *both[2] = {&zero, args[0]};
    struct sw_call minus = *call;
    minus.op = SW_OP_SUBTRACT;
    return sw_kernel_arithmetic(&minus, out, both, count + 1, rows);
}

SW_KERNEL(sw_kernel_to_float)
{
    (void)call;
    (void)count;
    const struct sw_vec *a = args[0];
    struct sw_vec_store *store = out->store;
    if (a->form == SW_FORM_FLOAT) {
        memcpy(store->u.floats, a->floats, rows * sizeof(double));
    } else if (a->form == SW_FORM_INT) {
        (void)floats_of(a, rows, store->u.floats);
    } else if (a->form == SW_FORM_BITS) {
        for (uint32_t i = 0; i < rows; i++) {
            store->u.floats[i] = sw_bits_has(a->bits, i) ? 1 : 0;
        }
    } else {
        return false;
    }
    sw_vec_set(out, SW_FORM_FLOAT, sw_vec_both_valid(a, a, store->valid));
    return true;
}

/* x where the function is defined; elsewhere NaN, which is NULL. */
static double positive(double x)
{
    return x > 0 ? x : (double)NAN;
}

static bool math_loop(enum sw_op op, const double *restrict x, uint32_t rows, int64_t places,
                      double *restrict r)
{
#define EACH(value)                       \
    for (uint32_t i = 0; i < rows; i++) { \
        r[i] = (value);                   \
    }                                     \
    return true
    if (op == SW_OP_ABS) {
        EACH(x[i] < 0 ? -x[i] : x[i]);
    }
    if (op == SW_OP_SQRT) {
        EACH(sqrt(x[i]));
    }
    if (op == SW_OP_FLOOR) {
        EACH(floor(x[i]));
    }
    if (op == SW_OP_CEIL) {
        EACH(ceil(x[i]));
    }
    if (op == SW_OP_TRUNC) {
        EACH(trunc(x[i]));
    }
    if (op == SW_OP_EXP) {
        EACH(exp(x[i]));
    }
    if (op == SW_OP_LN) {
        EACH(log(positive(x[i])));
    }
    if (op == SW_OP_LOG10) {
        EACH(log10(positive(x[i])));
    }
    if (op == SW_OP_LOG2) {
        EACH(log2(positive(x[i])));
    }
    if (op == SW_OP_ROUND) {
        EACH(sw_number_round(x[i], places));
    }
#undef EACH
    return false;
}

SW_KERNEL(sw_kernel_math)
{
    const struct sw_vec *a = args[0];
    bool is_plain = count == 1 || (args[1]->form == SW_FORM_CONSTANT && is_int(args[1]));
    if (a->form != SW_FORM_FLOAT || !is_plain) {
        return false;
    }
    struct sw_vec_store *store = out->store;
    int64_t places = count == 1 ? 0 : args[1]->value.u.i;
    bool has_nulls = sw_vec_both_valid(a, a, store->valid);
    if (!math_loop((enum sw_op)call->op, a->floats, rows, places, store->u.floats)) {
        return false;
    }
    has_nulls = drop_nans(store->u.floats, rows, has_nulls, store->valid);
    sw_vec_set(out, SW_FORM_FLOAT, has_nulls);
    return true;
}

SW_KERNEL(sw_kernel_cast_int)
{
    (void)call;
    (void)count;
    const struct sw_vec *a = args[0];
    struct sw_vec_store *store = out->store;
    if (a->form != SW_FORM_FLOAT) {
        return false;
    }
    for (uint32_t i = 0; i < rows; i++) {
        store->u.ints[i] = a->floats[i] == a->floats[i] ? sw_number_cut(a->floats[i]) : 0;
    }
    sw_vec_set(out, SW_FORM_INT, sw_vec_both_valid(a, a, store->valid));
    return true;
}
