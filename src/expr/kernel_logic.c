/* kernel_logic: comparison, three-valued logic and choice over whole vectors; truth values are
 * bitmaps, so AND, OR and NOT work on 64 rows at a time.                                         */
#include "expr/set.h"
#include "expr/vec.h"

static uint8_t class_of(const struct sw_vec *vec)
{
    switch ((enum sw_form)vec->form) {
    case SW_FORM_INT:
        return SW_TAG_INT;
    case SW_FORM_FLOAT:
        return SW_TAG_FLOAT;
    case SW_FORM_TEXT:
        return SW_TAG_TEXT;
    case SW_FORM_CONSTANT:
        return vec->value.tag;
    case SW_FORM_NULL:
    case SW_FORM_BITS:
    case SW_FORM_ANY:
        break;
    }
    return SW_TAG_NULL;
}

#define COMPARE_WITH(OPERATOR, right)     \
    for (uint32_t i = 0; i < rows; i++) { \
        flags[i] = x[i] OPERATOR(right);  \
    }                                     \
    break

#define COMPARE_ALL(right)       \
    switch (op) {                \
    case SW_OP_EQ:               \
    case SW_OP_IS:               \
        COMPARE_WITH(==, right); \
    case SW_OP_NE:               \
    case SW_OP_IS_NOT:           \
        COMPARE_WITH(!=, right); \
    case SW_OP_LT:               \
        COMPARE_WITH(<, right);  \
    case SW_OP_LE:               \
        COMPARE_WITH(<=, right); \
    case SW_OP_GT:               \
        COMPARE_WITH(>, right);  \
    default: /* SW_OP_GE */      \
        COMPARE_WITH(>=, right); \
    }

static void compare_ints(enum sw_op op, const int64_t *restrict x, const int64_t *restrict y,
                         int64_t value, uint32_t rows, uint8_t *restrict flags)
{
    if (y == NULL) {
        COMPARE_ALL(value)
    } else {
        COMPARE_ALL(y[i])
    }
}

static void compare_floats(enum sw_op op, const double *restrict x, const double *restrict y,
                           double value, uint32_t rows, uint8_t *restrict flags)
{
    if (y == NULL) {
        COMPARE_ALL(value)
    } else {
        COMPARE_ALL(y[i])
    }
}

static enum sw_op mirrored(enum sw_op op)
{
    return op == SW_OP_LT   ? SW_OP_GT
           : op == SW_OP_GT ? SW_OP_LT
           : op == SW_OP_LE ? SW_OP_GE
           : op == SW_OP_GE ? SW_OP_LE
                            : op;
}

/* Doubles hold ints up to 2^53 exactly; with larger ones in the vector it goes row by row. */
static const double *exact_floats(const struct sw_vec *vec, uint32_t rows, double *restrict room,
                                  bool *is_exact)
{
    if (vec->form == SW_FORM_FLOAT) {
        return vec->floats;
    }
    const int64_t *restrict from = vec->ints;
    uint64_t large = 0;
    for (uint32_t i = 0; i < rows; i++) {
        room[i] = (double)from[i];
        large |= ((uint64_t)from[i] + ((uint64_t)1 << 53)) >> 54;
    }
    *is_exact = *is_exact && large == 0;
    return room;
}

static bool compare_numbers(enum sw_op op, const struct sw_vec *a, const struct sw_vec *b,
                            uint32_t rows, uint8_t *restrict flags)
{
    double left[SW_VECTOR_ROWS];
    double right[SW_VECTOR_ROWS];
    bool is_constant = b->form == SW_FORM_CONSTANT;
    if (class_of(a) == SW_TAG_INT && class_of(b) == SW_TAG_INT) {
        compare_ints(op, a->ints, is_constant ? NULL : b->ints, is_constant ? b->value.u.i : 0,
                     rows, flags);
        return true;
    }
    bool is_exact = true;
    double value = is_constant ? sw_scalar_as_float(b->value) : 0;
    if (is_constant && b->value.tag == SW_TAG_INT) {
        is_exact = sw_scalar_compare_mixed(b->value.u.i, value) == 0;
    }
    const double *x = exact_floats(a, rows, left, &is_exact);
    const double *y = is_constant ? NULL : exact_floats(b, rows, right, &is_exact);
    if (is_exact) {
        compare_floats(op, x, y, value, rows, flags);
    }
    return is_exact;
}

static bool answers(enum sw_op op, int order)
{
    return op == SW_OP_EQ || op == SW_OP_IS       ? order == 0
           : op == SW_OP_NE || op == SW_OP_IS_NOT ? order != 0
           : op == SW_OP_LT                       ? order < 0
           : op == SW_OP_LE                       ? order <= 0
           : op == SW_OP_GT                       ? order > 0
                                                  : order >= 0;
}

static void compare_texts(enum sw_op op, const struct sw_vec *a, const struct sw_vec *b,
                          uint32_t rows, uint8_t *restrict flags)
{
    bool is_constant = b->form == SW_FORM_CONSTANT;
    bool is_equality = op == SW_OP_EQ || op == SW_OP_NE || op == SW_OP_IS || op == SW_OP_IS_NOT;
    bool is_negated = op == SW_OP_NE || op == SW_OP_IS_NOT;
    for (uint32_t i = 0; i < rows; i++) {
        struct sw_span y = is_constant ? b->value.u.s : b->texts[i];
        if (a->valid != NULL && !sw_bits_has(a->valid, i)) {
            flags[i] = 0;
        } else if (!is_constant && b->valid != NULL && !sw_bits_has(b->valid, i)) {
            flags[i] = 0;
        } else if (is_equality) {
            flags[i] = sw_span_equal(a->texts[i], y) != is_negated;
        } else {
            flags[i] = answers(op, sw_span_compare(a->texts[i], y));
        }
    }
}

SW_KERNEL(sw_kernel_compare)
{
    (void)count;
    uint8_t flags[SW_VECTOR_ROWS];
    enum sw_op op = (enum sw_op)call->op;
    const struct sw_vec *a = args[0];
    const struct sw_vec *b = args[1];
    if (a->form == SW_FORM_CONSTANT) {
        a = args[1];
        b = args[0];
        op = mirrored(op);
    }
    uint8_t left = class_of(a);
    uint8_t right = class_of(b);
    bool is_text = left == SW_TAG_TEXT && right == SW_TAG_TEXT;
    bool is_number = (left == SW_TAG_INT || left == SW_TAG_FLOAT) &&
                     (right == SW_TAG_INT || right == SW_TAG_FLOAT);
    bool has_nulls = sw_vec_both_valid(a, b, out->store->valid);
    bool is_null_safe = op == SW_OP_IS || op == SW_OP_IS_NOT;
    if (a->form == SW_FORM_CONSTANT || (is_null_safe && has_nulls)) {
        return false;
    }
    if (is_text && call->affinity != SW_AFFINITY_NUMERIC) {
        compare_texts(op, a, b, rows, flags);
    } else if (!is_number || !compare_numbers(op, a, b, rows, flags)) {
        return false;
    }
    sw_bits_pack(flags, rows, out->store->u.bits);
    sw_vec_set(out, SW_FORM_BITS, has_nulls);
    return true;
}

/* Known everywhere? Then no validity is kept. */
static bool has_unknown(const uint64_t *is_known, uint32_t rows)
{
    uint64_t missing = 0;
    for (uint32_t w = 0; w < SW_VECTOR_WORDS; w++) {
        missing |= is_known[w] ^ sw_bits_inside(rows, w);
    }
    return missing != 0;
}

SW_KERNEL(sw_kernel_logic)
{
    (void)count;
    uint64_t a[SW_VECTOR_WORDS];
    uint64_t b[SW_VECTOR_WORDS];
    uint64_t known_a[SW_VECTOR_WORDS];
    uint64_t known_b[SW_VECTOR_WORDS];
    uint64_t *restrict bits = out->store->u.bits;
    uint64_t *restrict valid = out->store->valid;
    sw_vec_truth(args[0], rows, a, known_a);
    sw_vec_truth(args[1], rows, b, known_b);
    bool is_and = call->op == SW_OP_AND;
    for (uint32_t w = 0; w < SW_VECTOR_WORDS; w++) {
        uint64_t is_true = is_and ? a[w] & b[w] : a[w] | b[w];
        uint64_t false_a = known_a[w] & ~a[w];
        uint64_t false_b = known_b[w] & ~b[w];
        uint64_t is_false = is_and ? false_a | false_b : false_a & false_b;
        bits[w] = is_true;
        valid[w] = is_true | is_false;
    }
    sw_vec_set(out, SW_FORM_BITS, has_unknown(valid, rows));
    return true;
}

SW_KERNEL(sw_kernel_not)
{
    (void)call;
    (void)count;
    uint64_t is_true[SW_VECTOR_WORDS];
    uint64_t *restrict valid = out->store->valid;
    sw_vec_truth(args[0], rows, is_true, valid);
    for (uint32_t w = 0; w < SW_VECTOR_WORDS; w++) {
        out->store->u.bits[w] = valid[w] & ~is_true[w];
    }
    sw_vec_set(out, SW_FORM_BITS, has_unknown(valid, rows));
    return true;
}

SW_KERNEL(sw_kernel_is_truth)
{
    (void)count;
    uint64_t is_true[SW_VECTOR_WORDS];
    uint64_t is_known[SW_VECTOR_WORDS];
    sw_vec_truth(args[0], rows, is_true, is_known);
    bool asks_true = call->op == SW_OP_IS_TRUE || call->op == SW_OP_IS_NOT_TRUE;
    bool is_negated = call->op == SW_OP_IS_NOT_TRUE || call->op == SW_OP_IS_NOT_FALSE;
    for (uint32_t w = 0; w < SW_VECTOR_WORDS; w++) {
        uint64_t bits = asks_true ? is_true[w] : is_known[w] & ~is_true[w];
        out->store->u.bits[w] = (is_negated ? ~bits : bits) & sw_bits_inside(rows, w);
    }
    sw_vec_set(out, SW_FORM_BITS, false);
    return true;
}

SW_KERNEL(sw_kernel_is_null)
{
    (void)count;
    uint8_t flags[SW_VECTOR_ROWS];
    const struct sw_vec *a = args[0];
    uint64_t *restrict bits = out->store->u.bits;
    memset(bits, 0, SW_VECTOR_WORDS * sizeof *bits);
    if (a->form == SW_FORM_ANY) {
        for (uint32_t i = 0; i < rows; i++) {
            flags[i] = a->tags[i] != SW_TAG_NULL;
        }
        sw_bits_pack(flags, rows, bits);
    } else if (a->form != SW_FORM_NULL) {
        for (uint32_t w = 0; w < SW_VECTOR_WORDS; w++) {
            bits[w] = sw_bits_inside(rows, w) & (a->valid == NULL ? UINT64_MAX : a->valid[w]);
        }
    }
    for (uint32_t w = 0; call->op == SW_OP_IS_NULL && w < SW_VECTOR_WORDS; w++) {
        bits[w] = sw_bits_inside(rows, w) & ~bits[w];
    }
    sw_vec_set(out, SW_FORM_BITS, false);
    return true;
}

/* Values of eight bytes, ints or floats, as bits; step 0: one value for all rows. */
struct wide {
    const char *at;
    size_t step;
};

static struct wide wide_of(const struct sw_vec *vec)
{
    if (vec->form == SW_FORM_CONSTANT || vec->form == SW_FORM_NULL) {
        return (struct wide){(const char *)&vec->value.u, 0};
    }
    return (struct wide){vec->form == SW_FORM_INT ? (const char *)vec->ints
                                                  : (const char *)vec->floats,
                         sizeof(int64_t)};
}

static uint64_t wide_at(struct wide values, uint32_t i)
{
    uint64_t bits;
    memcpy(&bits, values.at + i * values.step, sizeof bits);
    return bits;
}

/* r[i] = bit i of `first` ? x[i] : y[i], without a branch that rows could mislead. */
static void blend_wide(struct sw_vec *out, const uint64_t *restrict first, struct wide x,
                       struct wide y, uint32_t rows)
{
    char *restrict r = (char *)&out->store->u;
    for (uint32_t i = 0; i < rows; i++) {
        uint64_t mask = 0 - (first[i >> 6] >> (i & 63) & 1);
        uint64_t bits = (wide_at(x, i) & mask) | (wide_at(y, i) & ~mask);
        memcpy(r + i * sizeof bits, &bits, sizeof bits);
    }
}

static void blend_texts(struct sw_vec *out, const uint64_t *restrict first, const struct sw_vec *a,
                        const struct sw_vec *b, uint32_t rows)
{
    for (uint32_t i = 0; i < rows; i++) {
        const struct sw_vec *from = sw_bits_has(first, i) ? a : b;
        out->store->u.texts[i] = from->form == SW_FORM_TEXT ? from->texts[i] : from->value.u.s;
    }
}

static uint64_t valid_word(const struct sw_vec *vec, uint32_t w)
{
    return vec->form == SW_FORM_NULL ? 0 : vec->valid == NULL ? UINT64_MAX : vec->valid[w];
}

/* Rows of `first` from a, the others from b; both of one class, or one of them NULL. */
static bool choose(struct sw_vec *out, const uint64_t *restrict first, const struct sw_vec *a,
                   const struct sw_vec *b, uint32_t rows)
{
    uint8_t class = a->form == SW_FORM_NULL ? class_of(b) : class_of(a);
    bool is_same = a->form == SW_FORM_NULL || b->form == SW_FORM_NULL || class == class_of(b);
    if (class == SW_TAG_NULL || !is_same) {
        return false;
    }
    bool has_nulls =
        a->form == SW_FORM_NULL || b->form == SW_FORM_NULL || a->valid != NULL || b->valid != NULL;
    if (class == SW_TAG_TEXT) {
        blend_texts(out, first, a, b, rows);
    } else {
        blend_wide(out, first, wide_of(a), wide_of(b), rows);
    }
    for (uint32_t w = 0; w < SW_VECTOR_WORDS; w++) {
        out->store->valid[w] = (first[w] & valid_word(a, w)) | (~first[w] & valid_word(b, w));
    }
    enum sw_form form = class == SW_TAG_INT     ? SW_FORM_INT
                        : class == SW_TAG_FLOAT ? SW_FORM_FLOAT
                                                : SW_FORM_TEXT;
    sw_vec_set(out, form, has_nulls);
    return true;
}

SW_KERNEL(sw_kernel_choose)
{
    (void)call;
    (void)count;
    uint64_t is_true[SW_VECTOR_WORDS];
    uint64_t is_known[SW_VECTOR_WORDS];
    sw_vec_truth(args[0], rows, is_true, is_known);
    return choose(out, is_true, args[1], args[2], rows);
}

SW_KERNEL(sw_kernel_coalesce)
{
    (void)call;
    (void)count;
    uint64_t first[SW_VECTOR_WORDS];
    for (uint32_t w = 0; w < SW_VECTOR_WORDS; w++) {
        first[w] = valid_word(args[0], w);
    }
    return args[0]->form != SW_FORM_ANY && choose(out, first, args[0], args[1], rows);
}

SW_KERNEL(sw_kernel_in_set)
{
    (void)count;
    uint8_t flags[SW_VECTOR_ROWS];
    const struct sw_set *set = call->extra;
    const struct sw_vec *a = args[0];
    if (a->form != SW_FORM_INT || set->affinity == SW_AFFINITY_TEXT) {
        return false;
    }
    for (uint32_t i = 0; i < rows; i++) {
        flags[i] = sw_set_has_int(set, a->ints[i]);
    }
    uint64_t *restrict bits = out->store->u.bits;
    uint64_t *restrict valid = out->store->valid;
    sw_bits_pack(flags, rows, bits);
    bool has_nulls = sw_vec_both_valid(a, a, valid);
    for (uint32_t w = 0; set->has_null && w < SW_VECTOR_WORDS; w++) {
        valid[w] = has_nulls ? valid[w] & bits[w] : bits[w];
    }
    sw_vec_set(out, SW_FORM_BITS, has_nulls || set->has_null);
    return true;
}

sw_kernel_fn sw_kernel_of(enum sw_op op)
{
    static const sw_kernel_fn kernels[SW_OP_COUNT] = {
        [SW_OP_ADD] = sw_kernel_arithmetic,
        [SW_OP_SUBTRACT] = sw_kernel_arithmetic,
        [SW_OP_MULTIPLY] = sw_kernel_arithmetic,
        [SW_OP_DIVIDE] = sw_kernel_divide,
        [SW_OP_REMAINDER] = sw_kernel_divide,
        [SW_OP_NEGATE] = sw_kernel_negate,
        [SW_OP_TO_FLOAT] = sw_kernel_to_float,
        [SW_OP_EQ] = sw_kernel_compare,
        [SW_OP_NE] = sw_kernel_compare,
        [SW_OP_LT] = sw_kernel_compare,
        [SW_OP_LE] = sw_kernel_compare,
        [SW_OP_GT] = sw_kernel_compare,
        [SW_OP_GE] = sw_kernel_compare,
        [SW_OP_IS] = sw_kernel_compare,
        [SW_OP_IS_NOT] = sw_kernel_compare,
        [SW_OP_AND] = sw_kernel_logic,
        [SW_OP_OR] = sw_kernel_logic,
        [SW_OP_NOT] = sw_kernel_not,
        [SW_OP_IS_TRUE] = sw_kernel_is_truth,
        [SW_OP_IS_NOT_TRUE] = sw_kernel_is_truth,
        [SW_OP_IS_FALSE] = sw_kernel_is_truth,
        [SW_OP_IS_NOT_FALSE] = sw_kernel_is_truth,
        [SW_OP_IS_NULL] = sw_kernel_is_null,
        [SW_OP_NOT_NULL] = sw_kernel_is_null,
        [SW_OP_CHOOSE] = sw_kernel_choose,
        [SW_OP_COALESCE] = sw_kernel_coalesce,
        [SW_OP_IN_SET] = sw_kernel_in_set,
        [SW_OP_ABS] = sw_kernel_math,
        [SW_OP_ROUND] = sw_kernel_math,
        [SW_OP_FLOOR] = sw_kernel_math,
        [SW_OP_CEIL] = sw_kernel_math,
        [SW_OP_TRUNC] = sw_kernel_math,
        [SW_OP_SQRT] = sw_kernel_math,
        [SW_OP_EXP] = sw_kernel_math,
        [SW_OP_LN] = sw_kernel_math,
        [SW_OP_LOG10] = sw_kernel_math,
        [SW_OP_LOG2] = sw_kernel_math,
        [SW_OP_CAST_INT] = sw_kernel_cast_int,
        [SW_OP_CAST_FLOAT] = sw_kernel_to_float,
        [SW_OP_LIKE] = sw_kernel_like,
        [SW_OP_GLOB] = sw_kernel_like,
        [SW_OP_DATE_TRUNC] = sw_kernel_time,
        [SW_OP_TIME_TRUNC] = sw_kernel_time,
        [SW_OP_DATE_PART] = sw_kernel_time,
        [SW_OP_TIME_PART] = sw_kernel_time,
    };
    return kernels[op];
}
