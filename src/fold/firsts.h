/* firsts: the first k of n things in order, without sorting the others.  Any thread. */
#ifndef SW_FOLD_FIRSTS_H
#define SW_FOLD_FIRSTS_H

#include <stddef.h>
#include <stdint.h>

/* Which of two comes first, as qsort_r has it; no two may be equal. */
typedef int (*sw_firsts_fn)(const void *a, const void *b, void *context);

/* Moves the first k (or all) of item[0..n) to the front, in order; the others follow anyhow. */
void sw_firsts(uint32_t *item, size_t n, size_t k, sw_firsts_fn compare, void *context);

#endif
