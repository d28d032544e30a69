/* See select.h. */
#include "fold/select.h"

#include <string.h>

#include "base/status.h"

#define FEW 16u /* fewer keys are sorted by insertion */

static uint64_t among_few(uint64_t *key, size_t n, size_t rank)
{
    for (size_t i = 1; i < n; i++) {
        uint64_t moved = key[i];
        size_t at = i;
        for (; at > 0 && key[at - 1] > moved; at--) {
            key[at] = key[at - 1];
        }
        key[at] = moved;
    }
    return key[rank];
}

uint64_t sw_select(uint64_t *key, size_t n, size_t rank)
{
    sw_assert(rank < n);
    for (unsigned shift = 64; shift > 0 && n > FEW;) {
        size_t count[256] = {0};
        shift -= 8;
        for (size_t i = 0; i < n; i++) {
            count[key[i] >> shift & 0xff]++;
        }
        uint64_t byte = 0;
        for (; rank >= count[byte]; byte++) {
            rank -= count[byte];
        }
        size_t kept = 0;
        for (size_t i = 0; i < n && count[byte] < n; i++) {
            key[kept] = key[i];
            kept += (key[i] >> shift & 0xff) == byte;
        }
        n = count[byte];
        if (shift == 0) {
            return key[0]; /* all bytes are the same */
        }
    }
    return among_few(key, n, rank);
}
