/* select: the k-th least of some keys without sorting them: their bytes are counted from the top,
 * and only keys that share the byte with the k-th stay. Linear whatever the keys.  Any thread. */
#ifndef SW_FOLD_SELECT_H
#define SW_FOLD_SELECT_H

#include <stddef.h>
#include <stdint.h>

/* rank < n; the keys are moved about and partly lost. */
uint64_t sw_select(uint64_t *key, size_t n, size_t rank);

#endif
