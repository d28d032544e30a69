/* See kernel.h. */
#include "kernel/kernel.h"

/* Rows of a full word above which adding each row's bit is cheaper than finding the rows that are
 * set: no branch and no chain of bit tricks. */
#define DENSE_ROWS 20

static inline void count_dense(const uint32_t *restrict code, uint64_t bits,
                               uint64_t *restrict counts, size_t stride, unsigned mask)
{
    for (uint32_t i = 0; i < 64; i++) {
        counts[(i & mask) * stride + code[i]] += (bits >> i) & 1;
    }
}

/* `is_full`: all 64 rows of the word exist, so their codes may be read. */
static inline void count_word(const uint32_t *restrict code, uint64_t bits, bool is_full,
                              uint64_t *restrict counts, size_t stride, unsigned mask)
{
    if (bits == UINT64_MAX) {
        for (uint32_t i = 0; i < 64; i++) {
            counts[(i & mask) * stride + code[i]]++;
        }
        return;
    }
    if (is_full && __builtin_popcountll(bits) >= DENSE_ROWS) {
        count_dense(code, bits, counts, stride, mask);
        return;
    }
    for (uint32_t turn = 0; bits != 0; bits &= bits - 1, turn++) {
        counts[(turn & mask) * stride + code[__builtin_ctzll(bits)]]++;
    }
}

void sw_count(const uint32_t *restrict code, const uint64_t *restrict select, uint32_t n,
              uint64_t *restrict counts, size_t stride, unsigned lanes)
{
    for (uint32_t word = 0; word < sw_bits_words(n); word++) {
        uint64_t bits = select == NULL ? sw_bits_inside(n, word) : select[word];
        bool is_full = word * 64 + 64 <= n;
        if (lanes == 1) {
            count_word(code + word * 64, bits, is_full, counts, stride, 0);
        } else {
            count_word(code + word * 64, bits, is_full, counts, stride, SW_COUNT_LANES - 1);
        }
    }
}
