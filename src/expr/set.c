#include "expr/set.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
    return sw_scalar_compare(*(const struct sw_scalar *)a, *(const struct sw_scalar *)b);
}

static int by_bytes(const void *a, const void *b)
{
    return sw_span_compare(*(const struct sw_span *)a, *(const struct sw_span *)b);
}

/* The whole numbers among the sorted ones, as int64. */
static sw_status gather_ints(struct sw_arena *arena, struct sw_set *set)
{
    set->sorted = sw_arena_array(arena, set->numbers + 1, sizeof *set->sorted);
    if (set->sorted == NULL) {
        return SW_NO_MEMORY;
    }
    for (size_t i = 0; i < set->numbers; i++) {
        int64_t whole = sw_scalar_as_int(set->number[i]);
        bool is_new = set->ints == 0 || set->sorted[set->ints - 1] != whole;
        if (is_new && sw_scalar_compare(sw_scalar_int(whole), set->number[i]) == 0) {
            set->sorted[set->ints++] = whole;
        }
    }
    if (set->ints == 0) {
        return SW_OK;
    }
    set->low = set->sorted[0];
    uint64_t range = (uint64_t)set->sorted[set->ints - 1] - (uint64_t)set->low;
    if (range >= SW_SET_MAP_BITS) {
        return SW_OK;
    }
    set->map = sw_arena_array(arena, range / 64 + 1, sizeof *set->map);
    if (set->map == NULL) {
        return SW_NO_MEMORY;
    }
    set->range = range + 1;
    for (size_t i = 0; i < set->ints; i++) {
        uint64_t offset = (uint64_t)set->sorted[i] - (uint64_t)set->low;
        set->map[offset >> 6] |= (uint64_t)1 << (offset & 63);
    }
    return SW_OK;
}

sw_status sw_set_new(struct sw_arena *arena, const struct sw_scalar *values, size_t count,
                     enum sw_affinity affinity, struct sw_set **set)
{
    struct sw_set *made = sw_arena_alloc(arena, sizeof *made);
    struct sw_scalar *number = sw_arena_array(arena, count + 1, sizeof *number);
    struct sw_span *text = sw_arena_array(arena, count + 1, sizeof *text);
    if (made == NULL || number == NULL || text == NULL) {
        return SW_NO_MEMORY;
    }
    made->affinity = affinity;
    made->number = number;
    made->text = text;
    for (size_t i = 0; i < count; i++) {
        if (values[i].tag == SW_TAG_NULL) {
            made->has_null = true;
        } else if (values[i].tag == SW_TAG_TEXT) {
            text[made->texts++] = values[i].u.s;
        } else {
            number[made->numbers++] = values[i];
        }
    }
    qsort(number, made->numbers, sizeof *number, by_value);
    qsort(text, made->texts, sizeof *text, by_bytes);
    *set = made;
    return gather_ints(arena, made);
}

int sw_set_find(const struct sw_set *set, struct sw_scalar value)
{
    bool is_in = false;
    switch ((enum sw_tag)value.tag) {
    case SW_TAG_NULL:
        return -1;
    case SW_TAG_INT:
        is_in = sw_set_has_int(set, value.u.i);
        break;
    case SW_TAG_FLOAT:
        is_in = set->numbers > 0 &&
                bsearch(&value, set->number, set->numbers, sizeof value, by_value) != NULL;
        break;
    case SW_TAG_TEXT:
        is_in = set->texts > 0 &&
                bsearch(&value.u.s, set->text, set->texts, sizeof value.u.s, by_bytes) != NULL;
        break;
    }
    return is_in ? 1 : set->has_null ? -1 : 0;
}
