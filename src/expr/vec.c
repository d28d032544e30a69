#include "expr/vec.h"

static void narrow_valid(struct sw_vec_store *store, uint32_t rows)
{
    uint8_t flags[SW_VECTOR_ROWS];
    for (uint32_t i = 0; i < rows; i++) {
        flags[i] = store->tags[i] != SW_TAG_NULL;
    }
    sw_bits_pack(flags, rows, store->valid);
}

void sw_vec_narrow(struct sw_vec *vec, uint32_t rows, unsigned seen)
{
    struct sw_vec_store *store = vec->store;
    bool has_nulls = (seen & 1u << SW_TAG_NULL) != 0;
    unsigned classes = seen & ~(1u << SW_TAG_NULL);
    if (classes == 0) {
        sw_vec_set(vec, SW_FORM_NULL, false);
        return;
    }
    if (has_nulls && (classes & (classes - 1)) == 0) {
        narrow_valid(store, rows);
    }
    if (classes == 1u << SW_TAG_INT) {
        for (uint32_t i = 0; i < rows; i++) {
            store->u.ints[i] = store->u.cells[i].i;
        }
        sw_vec_set(vec, SW_FORM_INT, has_nulls);
    } else if (classes == 1u << SW_TAG_FLOAT) {
        for (uint32_t i = 0; i < rows; i++) {
            store->u.floats[i] = store->u.cells[i].f;
        }
        sw_vec_set(vec, SW_FORM_FLOAT, has_nulls);
    } else if (classes == 1u << SW_TAG_TEXT) {
        sw_vec_set(vec, SW_FORM_TEXT, has_nulls);
    } else {
        sw_vec_set(vec, SW_FORM_ANY, false);
    }
}

static void known_rows(const struct sw_vec *vec, uint32_t rows, uint64_t *restrict is_known)
{
    for (uint32_t w = 0; w < SW_VECTOR_WORDS; w++) {
        is_known[w] = sw_bits_inside(rows, w) & (vec->valid == NULL ? UINT64_MAX : vec->valid[w]);
    }
}

static void truth_by_row(const struct sw_vec *vec, uint32_t rows, uint64_t *restrict is_true,
                         uint64_t *restrict is_known)
{
    memset(is_true, 0, SW_VECTOR_WORDS * sizeof *is_true);
    memset(is_known, 0, SW_VECTOR_WORDS * sizeof *is_known);
    for (uint32_t i = 0; i < rows; i++) {
        int truth = sw_scalar_truth(sw_vec_get(vec, i));
        if (truth >= 0) {
            sw_bits_set(is_known, i);
        }
        if (truth == 1) {
            sw_bits_set(is_true, i);
        }
    }
}

void sw_vec_truth(const struct sw_vec *vec, uint32_t rows, uint64_t *restrict is_true,
                  uint64_t *restrict is_known)
{
    uint8_t flags[SW_VECTOR_ROWS];
    switch ((enum sw_form)vec->form) {
    case SW_FORM_NULL:
    case SW_FORM_TEXT:
    case SW_FORM_ANY:
        truth_by_row(vec, rows, is_true, is_known);
        return;
    case SW_FORM_CONSTANT:
        memset(is_true, 0, SW_VECTOR_WORDS * sizeof *is_true);
        if (sw_scalar_truth(vec->value) == 1) {
            sw_bits_all(is_true, rows);
        }
        break;
    case SW_FORM_BITS:
        memset(is_true, 0, SW_VECTOR_WORDS * sizeof *is_true);
        memcpy(is_true, vec->bits, sw_bits_words(rows) * sizeof *is_true);
        break;
    case SW_FORM_INT:
        for (uint32_t i = 0; i < rows; i++) {
            flags[i] = vec->ints[i] != 0;
        }
        sw_bits_pack(flags, rows, is_true);
        break;
    case SW_FORM_FLOAT:
        for (uint32_t i = 0; i < rows; i++) {
            flags[i] = vec->floats[i] != 0;
        }
        sw_bits_pack(flags, rows, is_true);
        break;
    }
    known_rows(vec, rows, is_known);
    for (uint32_t w = 0; w < SW_VECTOR_WORDS; w++) {
        is_true[w] &= is_known[w];
    }
}

bool sw_vec_both_valid(const struct sw_vec *a, const struct sw_vec *b, uint64_t *restrict into)
{
    if (a->valid == NULL && b->valid == NULL) {
        return false;
    }
    for (uint32_t w = 0; w < SW_VECTOR_WORDS; w++) {
        into[w] = (a->valid == NULL ? UINT64_MAX : a->valid[w]) &
                  (b->valid == NULL ? UINT64_MAX : b->valid[w]);
    }
    return true;
}
