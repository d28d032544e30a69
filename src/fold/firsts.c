/* See firsts.h: a heap of the best k so far, its worst on top. */
#include "fold/firsts.h"

#include <stdlib.h>

#define SORTED_SHARE 8u /* with more than one in so many wanted, sorting all is as good */

static void swap(uint32_t *a, uint32_t *b)
{
    uint32_t kept = *a;
    *a = *b;
    *b = kept;
}

static void sink(uint32_t *heap, size_t k, size_t at, sw_firsts_fn compare, void *context)
{
    for (;;) {
        size_t worst = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < k; child++) {
            worst = compare(&heap[child], &heap[worst], context) > 0 ? child : worst;
        }
        if (worst == at) {
            return;
        }
        swap(&heap[at], &heap[worst]);
        at = worst;
    }
}

void sw_firsts(uint32_t *item, size_t n, size_t k, sw_firsts_fn compare, void *context)
{
    if (k > n / SORTED_SHARE) {
        qsort_r(item, n, sizeof(*item), compare, context);
        return;
    }
    for (size_t i = k / 2; i-- > 0;) {
        sink(item, k, i, compare, context);
    }
    for (size_t i = k; i < n && k > 0; i++) {
        if (compare(&item[i], &item[0], context) < 0) {
            swap(&item[i], &item[0]);
            sink(item, k, 0, compare, context);
        }
    }
    qsort_r(item, k, sizeof(*item), compare, context);
}
