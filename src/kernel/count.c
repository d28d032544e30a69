/* See kernel.h.  Where a good part of the rows is selected the others are counted too, under a code
 * of their own: cheaper than finding out for each. */
#include "kernel/loops.h"

#define SELECTED_SHARE 4u /* of which one must be selected for that */

static bool is_dense(uint32_t selected, uint32_t n)
{
    return selected >= n / SELECTED_SHARE;
}

void sw_mark(const uint8_t *restrict code, const uint64_t *restrict keep, uint32_t n,
             uint8_t else_code, uint8_t *restrict into)
{
    sw_loops_choose()->mark(code, keep, n, else_code, into);
}

void sw_mark_wide(const uint16_t *restrict code, const uint64_t *restrict keep, uint32_t n,
                  uint16_t else_code, uint16_t *restrict into)
{
    sw_loops_choose()->mark_wide(code, keep, n, else_code, into);
}

void sw_count_narrow(const uint8_t *restrict code, const uint64_t *restrict select,
                     uint32_t selected, uint32_t n, uint64_t *restrict counts, uint32_t codes)
{
    const struct sw_loops *loops = sw_loops_choose();
    sw_assert(codes <= UINT8_MAX);
    if (select == NULL) {
        loops->count_narrow(code, n, codes, counts);
        return;
    }
    if (is_dense(selected, n)) {
        uint8_t marked[SW_VECTOR_ROWS];
        loops->mark(code, select, n, UINT8_MAX, marked);
        loops->count_narrow(marked, n, codes, counts);
        return;
    }
    for (uint32_t word = 0; word < sw_bits_words(n); word++) {
        const uint8_t *restrict own = code + word * 64;
        for (uint64_t bits = select[word]; bits != 0; bits &= bits - 1) {
            counts[own[__builtin_ctzll(bits)]]++;
        }
    }
}

void sw_count_wide(const uint16_t *restrict code, const uint64_t *restrict select,
                   uint32_t selected, uint32_t n, uint64_t *restrict counts, uint32_t codes)
{
    const struct sw_loops *loops = sw_loops_choose();
    if (codes <= SW_COUNT_WIDE && n * 4 > codes && (select == NULL || is_dense(selected, n))) {
        uint16_t marked[SW_VECTOR_ROWS];
        if (select != NULL) {
            loops->mark_wide(code, select, n, (uint16_t)codes, marked);
        }
        loops->count_wide(select == NULL ? code : marked, n, codes, counts);
        return;
    }
    for (uint32_t word = 0; word < sw_bits_words(n); word++) {
        const uint16_t *restrict own = code + word * 64;
        uint64_t bits = select == NULL ? sw_bits_inside(n, word) : select[word];
        for (; bits != 0; bits &= bits - 1) {
            counts[own[__builtin_ctzll(bits)]]++;
        }
    }
}

/* Rows of a full word above which adding each row's bit is cheaper than finding the rows that are
 * set: no branch and no chain of bit tricks. */
#define DENSE_ROWS 20

void sw_count(const uint32_t *restrict code, const uint64_t *restrict select, uint32_t n,
              uint64_t *restrict counts)
{
    for (uint32_t word = 0; word < sw_bits_words(n); word++) {
        const uint32_t *restrict own = code + word * 64;
        uint64_t bits = select == NULL ? sw_bits_inside(n, word) : select[word];
        bool is_full = word * 64 + 64 <= n;
        if (bits == UINT64_MAX) {
            for (uint32_t i = 0; i < 64; i++) {
                counts[own[i]]++;
            }
        } else if (is_full && __builtin_popcountll(bits) >= DENSE_ROWS) {
            for (uint32_t i = 0; i < 64; i++) {
                counts[own[i]] += (bits >> i) & 1;
            }
        } else {
            for (; bits != 0; bits &= bits - 1) {
                counts[own[__builtin_ctzll(bits)]]++;
            }
        }
    }
}
