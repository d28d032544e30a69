#include "expr/scalar.h"

#include "expr/apply.h"
#include "expr/number.h"

const char *sw_op_name(enum sw_op op)
{
    static const char *const shown[SW_OP_COUNT] = {
#define SW_OP(name, text) [SW_OP_##name] = text,
#include "expr/ops.inc"
#undef SW_OP
    };
    return shown[op];
}

void sw_pool_init(struct sw_pool *pool)
{
    sw_arena_init(&pool->arena);
    pool->status = SW_OK;
}

void sw_pool_fini(struct sw_pool *pool)
{
    sw_arena_fini(&pool->arena);
}

char *sw_pool_alloc(struct sw_pool *pool, size_t length)
{
    if (length > SW_EXPR_TEXT_BYTES_MAX || pool->arena.bytes + length > SW_EXPR_VECTOR_BYTES_MAX) {
        pool->status = SW_LIMIT;
        return NULL;
    }
    char *memory = sw_arena_alloc(&pool->arena, length + 1);
    if (memory == NULL) {
        pool->status = SW_NO_MEMORY;
    }
    return memory;
}

double sw_scalar_as_float(struct sw_scalar value)
{
    switch ((enum sw_tag)value.tag) {
    case SW_TAG_NULL:
        return 0;
    case SW_TAG_INT:
        return (double)value.u.i;
    case SW_TAG_FLOAT:
        return value.u.f;
    case SW_TAG_TEXT:
        return sw_number_read(value.u.s).f;
    }
    return 0;
}

int64_t sw_scalar_as_int(struct sw_scalar value)
{
    switch ((enum sw_tag)value.tag) {
    case SW_TAG_NULL:
        return 0;
    case SW_TAG_INT:
        return value.u.i;
    case SW_TAG_FLOAT:
        return sw_number_cut(value.u.f);
    case SW_TAG_TEXT:
        return sw_number_read(value.u.s).i;
    }
    return 0;
}

struct sw_scalar sw_scalar_as_text(struct sw_scalar value, struct sw_pool *pool)
{
    if (value.tag == SW_TAG_NULL || value.tag == SW_TAG_TEXT) {
        return value;
    }
    char *into = sw_pool_alloc(pool, SW_NUMBER_TEXT_MAX);
    if (into == NULL) {
        return sw_scalar_null();
    }
    if (value.tag == SW_TAG_FLOAT) {
        return sw_scalar_text(sw_span_of(into, sw_number_format(value.u.f, into)));
    }
    uint64_t rest = value.u.i < 0 ? 0 - (uint64_t)value.u.i : (uint64_t)value.u.i;
    char *end = into + SW_NUMBER_TEXT_MAX;
    char *at = end;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value.u.i < 0) {
        *--at = '-';
    }
    return sw_scalar_text(sw_span_of(at, (size_t)(end - at)));
}

struct sw_scalar sw_scalar_as_number(struct sw_scalar value)
{
    if (value.tag != SW_TAG_TEXT) {
        return value;
    }
    struct sw_number number = sw_number_read(value.u.s);
    bool is_int = number.form == SW_NUMBER_WHOLE_INT || number.form == SW_NUMBER_NONE;
    if (is_int && number.is_exact) {
        return sw_scalar_int(number.i);
    }
    return sw_scalar_float(number.f);
}

struct sw_scalar sw_scalar_to_affinity(struct sw_scalar value, enum sw_affinity affinity,
                                       struct sw_pool *pool)
{
    switch (affinity) {
    case SW_AFFINITY_NONE:
        return value;
    case SW_AFFINITY_TEXT:
        return sw_scalar_as_text(value, pool);
    case SW_AFFINITY_NUMERIC:
        return sw_apply_numeric(value);
    }
    return value;
}

int sw_scalar_truth(struct sw_scalar value)
{
    if (value.tag == SW_TAG_NULL) {
        return -1;
    }
    return value.tag == SW_TAG_INT ? value.u.i != 0 : sw_scalar_as_float(value) != 0;
}

int sw_scalar_compare_mixed(int64_t a, double b)
{
    double rounded = (double)a;
    if (rounded != b) {
        return rounded < b ? -1 : 1;
    }
    if (b >= 9223372036854775808.0) {
        return -1;
    }
    int64_t whole = (int64_t)b;
    return (a > whole) - (a < whole);
}

int sw_scalar_compare(struct sw_scalar a, struct sw_scalar b)
{
    if (a.tag == SW_TAG_TEXT || b.tag == SW_TAG_TEXT) {
        return a.tag == b.tag ? sw_span_compare(a.u.s, b.u.s) : a.tag == SW_TAG_TEXT ? 1 : -1;
    }
    if (a.tag == SW_TAG_INT) {
        return b.tag == SW_TAG_INT ? (a.u.i > b.u.i) - (a.u.i < b.u.i)
                                   : sw_scalar_compare_mixed(a.u.i, b.u.f);
    }
    return b.tag == SW_TAG_INT ? -sw_scalar_compare_mixed(b.u.i, a.u.f)
                               : (a.u.f > b.u.f) - (a.u.f < b.u.f);
}

int sw_scalar_compare_as(struct sw_scalar a, struct sw_scalar b, enum sw_affinity affinity,
                         struct sw_pool *pool)
{
    bool has_text = a.tag == SW_TAG_TEXT || b.tag == SW_TAG_TEXT;
    if (!has_text || affinity == SW_AFFINITY_NONE) {
        return sw_scalar_compare(a, b);
    }
    struct sw_scalar left = sw_scalar_to_affinity(a, affinity, pool);
    struct sw_scalar right = sw_scalar_to_affinity(b, affinity, pool);
    if (left.tag == SW_TAG_NULL || right.tag == SW_TAG_NULL) {
        return 0; /* memory ran out: the pool says so */
    }
    return sw_scalar_compare(left, right);
}
