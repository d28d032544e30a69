/* bits: row sets of one vector as bitmaps: bit i of word i/64 is row i, SW_VECTOR_WORDS words,
 * bits at and beyond the vector's rows are 0.  Any thread, inline. */
#ifndef SW_KERNEL_BITS_H
#define SW_KERNEL_BITS_H

#include "base/limits.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define SW_VECTOR_WORDS (SW_VECTOR_ROWS / 64)

/* The bits of word `word` that are rows. */
static inline uint64_t sw_bits_inside(uint32_t rows, uint32_t word)
{
    uint32_t begin = word * 64;
    if (begin >= rows) {
        return 0;
    }
    return rows - begin >= 64 ? UINT64_MAX : ((uint64_t)1 << (rows - begin)) - 1;
}

static inline void sw_bits_all(uint64_t *into, uint32_t rows)
{
    for (uint32_t word = 0; word < SW_VECTOR_WORDS; word++) {
        into[word] = sw_bits_inside(rows, word);
    }
}

static inline uint32_t sw_bits_words(uint32_t rows)
{
    return (rows + 63) / 64;
}

static inline uint32_t sw_bits_count(const uint64_t *bits)
{
    uint32_t count = 0;
    for (uint32_t word = 0; word < SW_VECTOR_WORDS; word++) {
        count += (uint32_t)__builtin_popcountll(bits[word]);
    }
    return count;
}

static inline void sw_bits_and(uint64_t *restrict into, const uint64_t *restrict with)
{
    for (uint32_t word = 0; word < SW_VECTOR_WORDS; word++) {
        into[word] &= with[word];
    }
}

static inline bool sw_bits_has(const uint64_t *bits, uint32_t row)
{
    return (bits[row >> 6] >> (row & 63) & 1) != 0;
}

static inline void sw_bits_set(uint64_t *bits, uint32_t row)
{
    bits[row >> 6] |= (uint64_t)1 << (row & 63);
}

/* The rows of the set in order; NULL is all rows. Returns how many; row holds SW_VECTOR_ROWS. */
static inline uint32_t sw_bits_rows(const uint64_t *bits, uint32_t rows, uint16_t *restrict row)
{
    uint32_t n = 0;
    for (uint32_t word = 0; word < sw_bits_words(rows); word++) {
        uint64_t left = bits == NULL ? sw_bits_inside(rows, word) : bits[word];
        if (left == UINT64_MAX) {
            for (uint32_t i = 0; i < 64; i++) {
                row[n + i] = (uint16_t)(word * 64 + i);
            }
            n += 64;
            continue;
        }
        for (; left != 0; left &= left - 1) {
            row[n++] = (uint16_t)(word * 64 + (uint32_t)__builtin_ctzll(left));
        }
    }
    return n;
}

#endif
