/* set: the constants of an IN list, sorted once; numbers by value, texts by bytes.
 * Immutable; any thread.                                                       */
#ifndef SW_EXPR_SET_H
#define SW_EXPR_SET_H

#include "expr/scalar.h"

struct sw_set {
    bool has_null;
    enum sw_affinity affinity; /* of the left side */
    size_t numbers;
    struct sw_scalar *number; /* ascending, distinct */
    size_t texts;
    struct sw_span *text; /* ascending */
    /* Short cut for ints: those of the numbers that are whole, and a bitmap when they lie close. */
    size_t ints;
    int64_t *sorted;
    int64_t low;
    uint64_t range; /* bits in the map; 0: none */
    uint64_t *map;
};

#define SW_SET_MAP_BITS 65536u

/* Values already have the affinity; texts are borrowed. All memory from the arena. */
SW_MUST_USE sw_status sw_set_new(struct sw_arena *arena, const struct sw_scalar *values,
                                 size_t count, enum sw_affinity affinity, struct sw_set **set);
/* 1 in it, 0 not, -1 NULL: the value is NULL, or it is not in it and the list has a NULL. */
int sw_set_find(const struct sw_set *set, struct sw_scalar value);
static inline bool sw_set_has_int(const struct sw_set *set, int64_t value)
{
    uint64_t offset = (uint64_t)value - (uint64_t)set->low;
    if (set->range > 0) {
        return offset < set->range && ((set->map[offset >> 6] >> (offset & 63)) & 1) != 0;
    }
    size_t low = 0;
    size_t high = set->ints;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->sorted[middle] < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < set->ints && set->sorted[low] == value;
}

#endif
