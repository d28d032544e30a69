/* vec: the values of one register for one vector of rows, in the narrowest form
 * that holds them.  The form is found out per vector: an int sum that overflows
 * in some row makes that vector SW_FORM_ANY, with the class beside each value, and
 * the next one is ints again.  One worker.                                        */
#ifndef SW_EXPR_VEC_H
#define SW_EXPR_VEC_H

#include "expr/program.h"
#include "kernel/kernel.h"

enum sw_form {
    SW_FORM_NULL,     /* every row is NULL */
    SW_FORM_CONSTANT, /* every row is `value`, not NULL */
    SW_FORM_BITS,     /* truth values: ints 0 and 1 */
    SW_FORM_INT,
    SW_FORM_FLOAT,
    SW_FORM_TEXT,
    SW_FORM_ANY /* tags and cells */
};

struct sw_vec_store {
    union {
        uint64_t bits[SW_VECTOR_WORDS];
        int64_t ints[SW_VECTOR_ROWS];
        double floats[SW_VECTOR_ROWS];
        struct sw_span texts[SW_VECTOR_ROWS];
        union sw_cell cells[SW_VECTOR_ROWS];
    } u;
    uint8_t tags[SW_VECTOR_ROWS];
    uint64_t valid[SW_VECTOR_WORDS];
};

struct sw_vec {
    uint8_t form; /* enum sw_form */
    const uint64_t *bits;
    const int64_t *ints;
    const double *floats;
    const struct sw_span *texts;
    const union sw_cell *cells; /* ANY */
    const uint8_t *tags;        /* ANY */
    const uint64_t *valid;      /* [SW_VECTOR_WORDS]; NULL: no nulls; ANY has them in tags */
    struct sw_scalar value;     /* CONSTANT */
    struct sw_vec_store *store; /* owned by the state; NULL for constants */
};

/* Results lie in the vector's own store; `is_valid` says that store->valid counts. */
static inline void sw_vec_set(struct sw_vec *vec, enum sw_form form, bool has_nulls)
{
    vec->form = (uint8_t)form;
    vec->bits = vec->store->u.bits;
    vec->ints = vec->store->u.ints;
    vec->floats = vec->store->u.floats;
    vec->texts = vec->store->u.texts;
    vec->cells = vec->store->u.cells;
    vec->tags = vec->store->tags;
    vec->valid = has_nulls ? vec->store->valid : NULL;
}

static inline struct sw_scalar sw_vec_get(const struct sw_vec *vec, uint32_t i)
{
    if (vec->form == SW_FORM_ANY) {
        return (struct sw_scalar){.tag = vec->tags[i], .u = vec->cells[i]};
    }
    if (vec->form == SW_FORM_NULL || (vec->valid != NULL && !sw_bits_has(vec->valid, i))) {
        return sw_scalar_null();
    }
    switch ((enum sw_form)vec->form) {
    case SW_FORM_BITS:
        return sw_scalar_int(sw_bits_has(vec->bits, i));
    case SW_FORM_INT:
        return sw_scalar_int(vec->ints[i]);
    case SW_FORM_FLOAT:
        return sw_scalar_float(vec->floats[i]);
    case SW_FORM_TEXT:
        return sw_scalar_text(vec->texts[i]);
    case SW_FORM_CONSTANT:
        return vec->value;
    case SW_FORM_NULL:
    case SW_FORM_ANY:
        break;
    }
    return sw_scalar_null();
}

/* Tags and cells in the store become the narrowest form; `seen` has bit 1 << tag for each tag. */
void sw_vec_narrow(struct sw_vec *vec, uint32_t rows, unsigned seen);
/* True and not-NULL rows; bits at and beyond `rows` are 0. */
void sw_vec_truth(const struct sw_vec *vec, uint32_t rows, uint64_t *restrict is_true,
                  uint64_t *restrict is_known);
/* into = rows valid in both; returns whether any row is NULL. Constants count as valid. */
bool sw_vec_both_valid(const struct sw_vec *a, const struct sw_vec *b, uint64_t *restrict into);

/* kernels: true when the forms suit it and `out` is set; else the caller goes row by row. */
typedef bool (*sw_kernel_fn)(const struct sw_call *call, struct sw_vec *out,
                             const struct sw_vec *const *args, uint32_t count, uint32_t rows);
sw_kernel_fn sw_kernel_of(enum sw_op op); /* NULL: none */

#define SW_KERNEL(name)                                                                         \
    bool name(const struct sw_call *call, struct sw_vec *out, const struct sw_vec *const *args, \
              uint32_t count, uint32_t rows)
SW_KERNEL(sw_kernel_arithmetic);
SW_KERNEL(sw_kernel_divide);
SW_KERNEL(sw_kernel_negate);
SW_KERNEL(sw_kernel_to_float);
SW_KERNEL(sw_kernel_compare);
SW_KERNEL(sw_kernel_logic);
SW_KERNEL(sw_kernel_not);
SW_KERNEL(sw_kernel_is_truth);
SW_KERNEL(sw_kernel_is_null);
SW_KERNEL(sw_kernel_choose);
SW_KERNEL(sw_kernel_coalesce);
SW_KERNEL(sw_kernel_in_set);
SW_KERNEL(sw_kernel_like);
SW_KERNEL(sw_kernel_time);
SW_KERNEL(sw_kernel_math);
SW_KERNEL(sw_kernel_cast_int);

#endif
