/* kernel: the inner loops.  All of them keep one contract:
 *   - they work on up to SW_VECTOR_ROWS values that lie side by side, the length comes with them;
 *   - they do not allocate, lock, branch on a type per row, or fail: arguments are right;
 *   - outputs do not overlap inputs (restrict);
 *   - a set of rows is a bitmap as in bits.h, NULL meaning all rows;
 *   - slots of null rows hold something readable, and whoever must not see it masks the rows;
 *   - the result does not depend on the machine: no reassociation of floats, no fused
 *     multiply-add (the build says -ffp-contract=off).
 * Each has a naive twin in tests/unit/kernel.  Any thread. */
#ifndef SW_KERNEL_KERNEL_H
#define SW_KERNEL_KERNEL_H

#include "kernel/bits.h"
#include "kernel/exact.h"
#include "table/chunk.h"

/* -- decode.c: rows [start, start + n) of a chunk as plain arrays ------------- */

void sw_decode_floats(const struct sw_chunk *chunk, uint32_t start, uint32_t n,
                      double *restrict into);
void sw_decode_ints(const struct sw_chunk *chunk, uint32_t start, uint32_t n,
                    int64_t *restrict into);
void sw_decode_codes(const struct sw_chunk *chunk, uint32_t start, uint32_t n,
                     uint32_t *restrict into);

/* Codes below 2^16 as they lie, or in `room`. */
const uint16_t *sw_decode_codes_wide(const struct sw_chunk *chunk, uint32_t start, uint32_t n,
                                     uint16_t *restrict room);
/* The same for n rows of a list. */
void sw_gather_ints(const struct sw_chunk *chunk, const uint16_t *rows, uint32_t n,
                    int64_t *restrict into);
void sw_gather_floats(const struct sw_chunk *chunk, const uint16_t *rows, uint32_t n,
                      double *restrict into);

/* -- compare.c: into[SW_VECTOR_WORDS], bits beyond n are 0; nulls are not looked at ---- */

/* low <= value <= high for an integral chunk, in its own width. */
void sw_compare_ints(const struct sw_chunk *chunk, uint32_t start, uint32_t n, int64_t low,
                     int64_t high, uint64_t *restrict into);
/* The same for a float or decimal chunk; NaN is in no range. */
void sw_compare_floats(const struct sw_chunk *chunk, uint32_t start, uint32_t n, double low,
                       double high, uint64_t *restrict into);
/* passes[code] for a chunk with a dictionary; passes has dict_count entries of 0 or 1. */
void sw_compare_codes(const struct sw_chunk *chunk, uint32_t start, uint32_t n,
                      const uint8_t *restrict passes, uint64_t *restrict into);
/* flags[i] of 0 or 1 to bits; flags has room for SW_VECTOR_ROWS. */
void sw_bits_pack(uint8_t *restrict flags, uint32_t n, uint64_t *restrict into);

/* -- count.c: counts[code[i]]++ over the `selected` rows of `select` (NULL: all n) ------- */

/* Codes below `codes`, at most 255. */
void sw_count_narrow(const uint8_t *restrict code, const uint64_t *restrict select,
                     uint32_t selected, uint32_t n, uint64_t *restrict counts, uint32_t codes);
/* Codes below `codes`; fastest up to SW_COUNT_WIDE of them. */
#define SW_COUNT_WIDE 1024u
void sw_count_wide(const uint16_t *restrict code, const uint64_t *restrict select,
                   uint32_t selected, uint32_t n, uint64_t *restrict counts, uint32_t codes);
/* Many codes, of which neighbours are hardly ever the same. */
void sw_count(const uint32_t *restrict code, const uint64_t *restrict select, uint32_t n,
              uint64_t *restrict counts);
/* into[i] is code[i] for rows of the set, else_code for others. */
void sw_mark(const uint8_t *restrict code, const uint64_t *restrict keep, uint32_t n,
             uint8_t else_code, uint8_t *restrict into);

void sw_mark_wide(const uint16_t *restrict code, const uint64_t *restrict keep, uint32_t n,
                  uint16_t else_code, uint16_t *restrict into);

/* -- few.c: sums by group, for few groups; every row counts, so those that shall not have a group
 * of their own ---------------------------------------------------------------------------- */

#define SW_FEW_GROUPS 64u /* one more may be among them, for the rows that do not count */
struct sw_few_sum {
    int64_t high, low, n; /* parts as sw_exact_split makes them, and rows */
};
/* sum[0..groups) of values[0..n). Returns the blocks of 64 rows, by bit, that are not in the sums
 * because a value of theirs is not met by the cut. */
uint32_t sw_few_sum(const struct sw_exact_cut *cut, const double *restrict values,
                    const uint8_t *restrict group, uint32_t n, uint32_t groups,
                    struct sw_few_sum *restrict sum);
/* The same of integers below 2^52, all of them summed. */
void sw_few_sum_ints(const int64_t *restrict values, const uint8_t *restrict group, uint32_t n,
                     uint32_t groups, int64_t *restrict sum);

/* -- also few.c: for many groups ------------------------------------------------------ */

/* The parts of values[0..n), high and low in turn, as sw_exact_split makes them. Returns the blocks
 * of 64 rows, by bit, in which a value is not met by the cut. */
uint32_t sw_exact_parts(const struct sw_exact_cut *cut, const double *restrict values, uint32_t n,
                        int64_t *restrict parts);

/* Parts of a range: (value - low) * scale as an integer within [0, parts - 1]; for NaN `parts`,
 * which is below 2^16.  Ascends with the values. */
void sw_linear_parts(const double *restrict values, uint32_t n, double low, double scale,
                     uint32_t parts, uint16_t *restrict part);

/* -- m4.c ----------------------------------------------------------------------- */

/* The least and the greatest of n values, of which the first is no NaN; NaN is passed over. */
void sw_min_max(const double *restrict values, uint32_t n, double *least, double *greatest);
/* Where the value first is; it is there. */
uint32_t sw_find(const double *restrict values, uint32_t n, double value);
/* Do the packed numbers of the chunk order its values, and tell any two apart, as doubles? */
bool sw_has_extremes(const struct sw_chunk *chunk);
/* Where, counted from `start`, the least and the greatest of n values first are; no nulls among
 * them. */
void sw_extremes(const struct sw_chunk *chunk, uint32_t start, uint32_t n, uint32_t *least,
                 uint32_t *greatest);
/* into[i] is the value for rows of the set, NaN for others. */
void sw_mask_floats(const double *restrict values, const uint64_t *restrict keep, uint32_t n,
                    double *restrict into);

#endif
