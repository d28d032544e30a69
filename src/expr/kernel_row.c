/* kernel_row: LIKE and the calendar over whole vectors: no SIMD to be had, but no value is wrapped
 * and unwrapped on the way either.                                                              */
#include "expr/pattern.h"
#include "expr/time.h"
#include "expr/vec.h"

SW_KERNEL(sw_kernel_like)
{
    uint8_t flags[SW_VECTOR_ROWS];
    const struct sw_vec *a = args[0];
    const struct sw_vec *b = args[1];
    bool is_plain = count == 2 && a->form == SW_FORM_TEXT && b->form == SW_FORM_CONSTANT &&
                    b->value.tag == SW_TAG_TEXT;
    if (!is_plain || b->value.u.s.length > SW_PATTERN_BYTES_MAX) {
        return false;
    }
    struct sw_span none = sw_span_of("", 0);
    bool is_glob = call->op == SW_OP_GLOB;
    for (uint32_t i = 0; i < rows; i++) {
        bool is_valid = a->valid == NULL || sw_bits_has(a->valid, i);
        flags[i] = is_valid && (is_glob ? sw_pattern_glob(a->texts[i], b->value.u.s)
                                        : sw_pattern_like(a->texts[i], b->value.u.s, none));
    }
    bool has_nulls = sw_vec_both_valid(a, a, out->store->valid);
    sw_bits_pack(flags, rows, out->store->u.bits);
    sw_vec_set(out, SW_FORM_BITS, has_nulls);
    return true;
}

/* One value; false where the calendar ends. */
static bool unit_of(enum sw_op op, enum sw_unit unit, int64_t value, int64_t *result)
{
    if (op == SW_OP_TIME_PART) {
        return sw_time_part(value, unit, result);
    }
    if (op == SW_OP_TIME_TRUNC) {
        return sw_time_trunc(value, unit, result);
    }
    if (!sw_time_is_date(value)) {
        return false;
    }
    if (op == SW_OP_DATE_PART) {
        return sw_time_part(value * SW_DAY_MS, unit, result);
    }
    bool is_good = sw_time_trunc(value * SW_DAY_MS, unit, result);
    int64_t rest = *result % SW_DAY_MS;
    *result = (*result - (rest < 0 ? rest + SW_DAY_MS : rest)) / SW_DAY_MS;
    return is_good;
}

/* Neighbours are often equal: their answer is looked up once. */
SW_KERNEL(sw_kernel_time)
{
    (void)count;
    uint8_t flags[SW_VECTOR_ROWS];
    uint64_t good[SW_VECTOR_WORDS];
    const struct sw_vec *a = args[0];
    if (a->form != SW_FORM_INT) {
        return false;
    }
    struct sw_vec_store *store = out->store;
    enum sw_op op = (enum sw_op)call->op;
    int64_t result = 0;
    bool is_good = unit_of(op, (enum sw_unit)call->unit, a->ints[0], &result);
    uint32_t bad = 0;
    for (uint32_t i = 0; i < rows; i++) {
        if (i > 0 && a->ints[i] != a->ints[i - 1]) {
            is_good = unit_of(op, (enum sw_unit)call->unit, a->ints[i], &result);
        }
        store->u.ints[i] = is_good ? result : 0;
        flags[i] = is_good;
        bad += !is_good;
    }
    bool has_nulls = sw_vec_both_valid(a, a, store->valid);
    if (bad > 0) {
        sw_bits_pack(flags, rows, good);
        for (uint32_t w = 0; w < SW_VECTOR_WORDS; w++) {
            store->valid[w] = has_nulls ? store->valid[w] & good[w] : good[w];
        }
    }
    sw_vec_set(out, SW_FORM_INT, has_nulls || bad > 0);
    return true;
}
