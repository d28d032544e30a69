/* See keys.h.  One column: its own numbers are the keys.  Several: the tuple of their numbers is
 * looked up in a hash of tuples. */
#include "fold/keys.h"

#include <stdlib.h>

#include "fold/key_column.h"

#define SLOTS_MIN 64u

struct sw_keys {
    uint32_t columns;
    uint32_t count; /* tuples; used with no column or several */
    uint32_t capacity;
    uint32_t slots;  /* power of two */
    uint32_t *tuple; /* [capacity * columns]; owned */
    uint32_t *slot;  /* [slots]; owned */
    struct sw_key_column column[];
};

static bool has_tuples(const struct sw_keys *keys)
{
    return keys->columns > 1;
}

sw_status sw_keys_new(const struct sw_version *version, const uint32_t *columns, uint32_t count,
                      struct sw_keys **keys)
{
    struct sw_keys *made = calloc(1, sizeof(*made) + count * sizeof(struct sw_key_column));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    sw_status status = SW_OK;
    for (; made->columns < count && status == SW_OK; made->columns++) {
        status = sw_key_column_init(&made->column[made->columns], version, columns[made->columns]);
    }
    made->slots = SLOTS_MIN;
    made->slot = malloc(SLOTS_MIN * sizeof(*made->slot));
    if (status != SW_OK || made->slot == NULL) {
        sw_keys_free(made);
        return SW_NO_MEMORY;
    }
    memset(made->slot, 0xff, SLOTS_MIN * sizeof(*made->slot));
    *keys = made;
    return SW_OK;
}

void sw_keys_free(struct sw_keys *keys)
{
    if (keys == NULL) {
        return;
    }
    for (uint32_t i = 0; i < keys->columns; i++) {
        sw_key_column_fini(&keys->column[i]);
    }
    free(keys->tuple);
    free(keys->slot);
    free(keys);
}

uint32_t sw_keys_count(const struct sw_keys *keys)
{
    return keys->columns == 1 ? keys->column[0].count : keys->count;
}

void sw_keys_identify(const struct sw_version *version, const uint32_t *columns, uint32_t count,
                      struct sw_identity *identity)
{
    for (uint32_t i = 0; i < count; i++) {
        sw_identity_add(identity, sw_key_column_is_coded(version, columns[i]));
    }
}

size_t sw_keys_settle(struct sw_keys *keys)
{
    size_t bytes = sizeof(*keys) + keys->capacity * keys->columns * sizeof(*keys->tuple);
    free(keys->slot);
    keys->slot = NULL;
    keys->slots = 0;
    for (uint32_t i = 0; i < keys->columns; i++) {
        bytes += sizeof(keys->column[i]) + sw_key_column_settle(&keys->column[i]);
    }
    return bytes;
}

/* -- tuples -------------------------------------------------------------------------- */

static uint32_t *find_tuple(const struct sw_keys *keys, const uint32_t *tuple)
{
    uint64_t hash = keys->column[0].seed;
    for (uint32_t i = 0; i < keys->columns; i++) {
        unsigned __int128 product = (unsigned __int128)(hash ^ tuple[i]) * 0x9e3779b97f4a7c15u;
        hash = (uint64_t)product ^ (uint64_t)(product >> 64);
    }
    uint32_t at = (uint32_t)hash & (keys->slots - 1);
    for (;; at = (at + 1) & (keys->slots - 1)) {
        uint32_t key = keys->slot[at];
        if (key == SW_KEYS_NONE || memcmp(keys->tuple + (size_t)key * keys->columns, tuple,
                                          keys->columns * sizeof(*tuple)) == 0) {
            return &keys->slot[at];
        }
    }
}

static sw_status grow_tuples(struct sw_keys *keys)
{
    uint32_t capacity = keys->capacity == 0 ? SLOTS_MIN / 2 : keys->capacity * 2;
    uint32_t slots = capacity * 2;
    uint32_t *tuple = realloc(keys->tuple, (size_t)capacity * keys->columns * sizeof(*tuple));
    if (tuple == NULL) {
        return SW_NO_MEMORY;
    }
    keys->tuple = tuple;
    uint32_t *slot = malloc(slots * sizeof(*slot));
    if (slot == NULL) {
        return SW_NO_MEMORY;
    }
    memset(slot, 0xff, slots * sizeof(*slot));
    free(keys->slot);
    keys->slot = slot;
    keys->slots = slots;
    keys->capacity = capacity;
    for (uint32_t key = 0; key < keys->count; key++) {
        *find_tuple(keys, keys->tuple + (size_t)key * keys->columns) = key;
    }
    return SW_OK;
}

static sw_status add_tuple(struct sw_keys *keys, const uint32_t *tuple, uint32_t *key)
{
    uint32_t *slot = find_tuple(keys, tuple);
    if (*slot != SW_KEYS_NONE) {
        *key = *slot;
        return SW_OK;
    }
    if (keys->count >= SW_GROUPS_MAX) {
        return SW_LIMIT;
    }
    if (keys->count == keys->capacity) {
        SW_TRY(grow_tuples(keys));
        slot = find_tuple(keys, tuple);
    }
    memcpy(keys->tuple + (size_t)keys->count * keys->columns, tuple,
           keys->columns * sizeof(*tuple));
    *slot = keys->count;
    *key = keys->count++;
    return SW_OK;
}

static sw_status tuples_of(struct sw_keys *keys, struct sw_batch *batch, const uint16_t *row,
                           uint32_t n, uint32_t *key)
{
    for (uint32_t at = 0; at < n; at += 64) {
        uint32_t part[SW_GROUP_COLUMNS_MAX][64];
        uint32_t count = n - at < 64 ? n - at : 64;
        for (uint32_t c = 0; c < keys->columns; c++) {
            SW_TRY(sw_key_column_of(&keys->column[c], batch, row + at, count, part[c]));
        }
        for (uint32_t i = 0; i < count; i++) {
            uint32_t tuple[SW_GROUP_COLUMNS_MAX];
            for (uint32_t c = 0; c < keys->columns; c++) {
                tuple[c] = part[c][i];
            }
            SW_TRY(add_tuple(keys, tuple, &key[at + i]));
        }
    }
    return SW_OK;
}

static sw_status keys_of(struct sw_keys *keys, struct sw_batch *batch, const uint16_t *row,
                         uint32_t n, uint32_t *key)
{
    if (has_tuples(keys)) {
        return tuples_of(keys, batch, row, n, key);
    }
    if (keys->columns == 1) {
        return sw_key_column_of(&keys->column[0], batch, row, n, key);
    }
    keys->count = n > 0 ? 1 : keys->count;
    memset(key, 0, n * sizeof(*key));
    return SW_OK;
}

/* Keys of a column that is lost may be such as no row has: nobody gets to see them. */
sw_status sw_keys_of(struct sw_keys *keys, struct sw_batch *batch, const uint16_t *row, uint32_t n,
                     uint32_t *key)
{
    SW_TRY(keys_of(keys, batch, row, n, key));
    return sw_batch_is_lost(batch) ? SW_CANCELLED : SW_OK;
}

sw_status sw_keys_add_code(struct sw_keys *keys, uint32_t code, uint32_t *key)
{
    sw_assert(keys->columns == 1);
    return sw_key_column_add_code(&keys->column[0], code, key);
}

bool sw_keys_ranks(const struct sw_keys *keys, uint32_t *rank)
{
    return keys->columns == 1 && sw_key_column_ranks(&keys->column[0], rank);
}

/* -- two sets of keys ------------------------------------------------------------------ */

static sw_status merge_tuples(struct sw_keys *into, const struct sw_keys *from,
                              uint32_t *const *column_map, uint32_t *map)
{
    for (uint32_t key = 0; key < from->count; key++) {
        uint32_t tuple[SW_GROUP_COLUMNS_MAX];
        for (uint32_t c = 0; c < from->columns; c++) {
            tuple[c] = column_map[c][from->tuple[(size_t)key * from->columns + c]];
        }
        SW_TRY(add_tuple(into, tuple, &map[key]));
    }
    return SW_OK;
}

sw_status sw_keys_merge(struct sw_keys *into, const struct sw_keys *from, uint32_t *map)
{
    sw_assert(into->columns == from->columns);
    if (from->columns == 0) {
        into->count = into->count > from->count ? into->count : from->count;
        map[0] = 0;
        return SW_OK;
    }
    if (from->columns == 1) {
        return sw_key_column_merge(&into->column[0], &from->column[0], map);
    }
    struct sw_arena arena;
    sw_arena_init(&arena);
    uint32_t *column_map[SW_GROUP_COLUMNS_MAX];
    sw_status status = SW_OK;
    for (uint32_t c = 0; c < from->columns && status == SW_OK; c++) {
        column_map[c] =
            sw_arena_array(&arena, from->column[c].count + (size_t)1, sizeof(**column_map));
        status = column_map[c] == NULL
                     ? SW_NO_MEMORY
                     : sw_key_column_merge(&into->column[c], &from->column[c], column_map[c]);
    }
    if (status == SW_OK) {
        status = merge_tuples(into, from, column_map, map);
    }
    sw_arena_fini(&arena);
    return status;
}

uint32_t sw_keys_find(const struct sw_keys *in, const struct sw_keys *of, uint32_t key)
{
    sw_assert(in->columns == of->columns);
    uint32_t tuple[SW_GROUP_COLUMNS_MAX];
    for (uint32_t c = 0; c < of->columns; c++) {
        struct sw_value value = sw_keys_value(of, key, c);
        tuple[c] = sw_key_column_find(&in->column[c], &value);
        if (tuple[c] == SW_KEYS_NONE) {
            return SW_KEYS_NONE;
        }
    }
    if (in->columns == 0) {
        return in->count > 0 ? 0 : SW_KEYS_NONE;
    }
    return has_tuples(in) ? *find_tuple(in, tuple) : tuple[0];
}

struct sw_value sw_keys_value(const struct sw_keys *keys, uint32_t key, uint32_t i)
{
    sw_assert(i < keys->columns);
    uint32_t own = has_tuples(keys) ? keys->tuple[(size_t)key * keys->columns + i] : key;
    return sw_key_column_value(&keys->column[i], own);
}

int sw_keys_compare(const struct sw_keys *keys, uint32_t a, uint32_t b)
{
    for (uint32_t i = 0; i < keys->columns; i++) {
        struct sw_value x = sw_keys_value(keys, a, i);
        struct sw_value y = sw_keys_value(keys, b, i);
        int order = sw_value_compare(&x, &y);
        if (order != 0) {
            return order;
        }
    }
    return 0;
}
