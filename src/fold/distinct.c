/* See distinct.h. */
#include "fold/distinct.h"

#include <stdlib.h>

#include "fold/key_column.h"

#define SLOTS_MIN 64u
#define FREE      UINT64_MAX

/* Pairs of a small group and a small value are remembered by a bit, too. */
#define SEEN_GROUPS 64u
#define SEEN_VALUES 65536u

struct sw_distinct {
    struct sw_key_column values;
    uint64_t *slot; /* group << 32 | value, or FREE */
    uint32_t slots; /* power of two */
    uint32_t pairs;
    int64_t *count; /* [groups] */
    uint32_t groups;
    uint64_t *seen[SEEN_GROUPS]; /* [SEEN_VALUES bits] pairs that are known, to be sure at once */
};

sw_status sw_distinct_new(const struct sw_version *version, int64_t column, enum sw_type type,
                          struct sw_distinct **distinct)
{
    struct sw_distinct *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    sw_status status = column >= 0 ? sw_key_column_init(&made->values, version, (uint32_t)column)
                                   : sw_key_column_init_type(&made->values, type);
    made->slots = SLOTS_MIN;
    made->slot = malloc(SLOTS_MIN * sizeof(*made->slot));
    if (status != SW_OK || made->slot == NULL) {
        sw_distinct_free(made);
        return SW_NO_MEMORY;
    }
    memset(made->slot, 0xff, SLOTS_MIN * sizeof(*made->slot));
    *distinct = made;
    return SW_OK;
}

static void forget_seen(struct sw_distinct *distinct)
{
    for (uint32_t g = 0; g < SEEN_GROUPS; g++) {
        free(distinct->seen[g]);
        distinct->seen[g] = NULL;
    }
}

void sw_distinct_free(struct sw_distinct *distinct)
{
    if (distinct == NULL) {
        return;
    }
    sw_key_column_fini(&distinct->values);
    free(distinct->slot);
    free(distinct->count);
    forget_seen(distinct);
    free(distinct);
}

size_t sw_distinct_settle(struct sw_distinct *distinct)
{
    free(distinct->count);
    distinct->count = NULL;
    distinct->groups = 0;
    forget_seen(distinct);
    return sizeof(*distinct) + distinct->slots * sizeof(*distinct->slot) +
           sw_key_column_settle(&distinct->values);
}

static uint64_t *find_slot(uint64_t *slot, uint32_t slots, uint64_t pair)
{
    unsigned __int128 product = (unsigned __int128)pair * 0x9e3779b97f4a7c15u;
    uint32_t at = (uint32_t)((uint64_t)product ^ (uint64_t)(product >> 64)) & (slots - 1);
    while (slot[at] != FREE && slot[at] != pair) {
        at = (at + 1) & (slots - 1);
    }
    return &slot[at];
}

static sw_status grow_slots(struct sw_distinct *distinct)
{
    uint32_t slots = distinct->slots * 2;
    uint64_t *grown = malloc(slots * sizeof(*grown));
    if (grown == NULL) {
        return SW_NO_MEMORY;
    }
    memset(grown, 0xff, slots * sizeof(*grown));
    for (uint32_t i = 0; i < distinct->slots; i++) {
        if (distinct->slot[i] != FREE) {
            *find_slot(grown, slots, distinct->slot[i]) = distinct->slot[i];
        }
    }
    free(distinct->slot);
    distinct->slot = grown;
    distinct->slots = slots;
    return SW_OK;
}

static sw_status grow_groups(struct sw_distinct *distinct, uint32_t group)
{
    uint32_t groups = group < 8 ? 16 : group * 2;
    int64_t *count = realloc(distinct->count, groups * sizeof(*count));
    if (count == NULL) {
        return SW_NO_MEMORY;
    }
    memset(count + distinct->groups, 0, (groups - distinct->groups) * sizeof(*count));
    distinct->count = count;
    distinct->groups = groups;
    return SW_OK;
}

static sw_status add_pair(struct sw_distinct *distinct, uint32_t group, uint32_t value)
{
    uint64_t pair = (uint64_t)group << 32 | value;
    uint64_t *slot = find_slot(distinct->slot, distinct->slots, pair);
    if (*slot == pair) {
        return SW_OK;
    }
    if (distinct->pairs >= SW_DISTINCT_MAX) {
        return SW_LIMIT;
    }
    if (distinct->pairs >= distinct->slots / 2) {
        SW_TRY(grow_slots(distinct));
        slot = find_slot(distinct->slot, distinct->slots, pair);
    }
    if (group >= distinct->groups) {
        SW_TRY(grow_groups(distinct, group));
    }
    *slot = pair;
    distinct->pairs++;
    distinct->count[group]++;
    return SW_OK;
}

static bool is_seen(const struct sw_distinct *distinct, uint32_t group, uint32_t value)
{
    return group < SEEN_GROUPS && value < SEEN_VALUES && distinct->seen[group] != NULL &&
           (distinct->seen[group][value / 64] >> (value % 64) & 1) != 0;
}

/* Without memory for it the hash knows all the same. */
static void see(struct sw_distinct *distinct, uint32_t group, uint32_t value)
{
    if (group >= SEEN_GROUPS || value >= SEEN_VALUES) {
        return;
    }
    if (distinct->seen[group] == NULL) {
        distinct->seen[group] = calloc(SEEN_VALUES / 64, sizeof(uint64_t));
    }
    if (distinct->seen[group] != NULL) {
        distinct->seen[group][value / 64] |= (uint64_t)1 << (value % 64);
    }
}

sw_status sw_distinct_rows(struct sw_distinct *distinct, struct sw_batch *batch,
                           const uint16_t *row, const uint32_t *group, uint32_t n)
{
    uint32_t value[64];
    for (uint32_t at = 0; at < n; at += 64) {
        uint32_t count = n - at < 64 ? n - at : 64;
        SW_TRY(sw_key_column_of(&distinct->values, batch, row + at, count, value));
        for (uint32_t i = 0; i < count; i++) {
            if (!is_seen(distinct, group[at + i], value[i])) {
                SW_TRY(add_pair(distinct, group[at + i], value[i]));
                see(distinct, group[at + i], value[i]);
            }
        }
    }
    return SW_OK;
}

sw_status sw_distinct_add(struct sw_distinct *distinct, const struct sw_value *value,
                          uint32_t group)
{
    uint32_t key;
    SW_TRY(sw_key_column_add(&distinct->values, value, &key));
    return add_pair(distinct, group, key);
}

sw_status sw_distinct_merge(struct sw_distinct *into, const struct sw_distinct *from,
                            const uint32_t *map)
{
    uint32_t *value = malloc((from->values.count + (size_t)1) * sizeof(*value));
    sw_status status = value == NULL ? SW_NO_MEMORY : SW_OK;
    if (status == SW_OK) {
        status = sw_key_column_merge(&into->values, &from->values, value);
    }
    for (uint32_t i = 0; i < from->slots && status == SW_OK; i++) {
        if (from->slot[i] != FREE) {
            uint32_t group = (uint32_t)(from->slot[i] >> 32);
            group = map != NULL ? map[group] : group;
            status = group == SW_KEYS_NONE
                         ? SW_OK
                         : add_pair(into, group, value[from->slot[i] & UINT32_MAX]);
        }
    }
    free(value);
    return status;
}

int64_t sw_distinct_count(const struct sw_distinct *distinct, uint32_t group)
{
    return group < distinct->groups ? distinct->count[group] : 0;
}
