/* keys: the distinct values of one or more columns, numbered in the order in which they were
 * first seen: the groups of a group-by, the panels of a facet, the distinct values of a measure.
 * Null is a value of its own, so is NaN (all NaN are one); -0.0 is 0.0.
 *
 * A coded string is looked up by its code, an integer of a narrow column by its offset, all
 * others by a hash; what was found is the same.  Owned by one state of a fold; worker thread. */
#ifndef SW_FOLD_KEYS_H
#define SW_FOLD_KEYS_H

#include "base/identity.h"
#include "kernel/batch.h"

#define SW_KEYS_NONE UINT32_MAX

struct sw_keys;

/* Keys of `count` columns of the version (0: every row has key 0); more than SW_GROUPS_MAX are
 * refused. */
SW_MUST_USE sw_status sw_keys_new(const struct sw_version *version, const uint32_t *columns,
                                  uint32_t count, struct sw_keys **keys);
void sw_keys_free(struct sw_keys *keys);
uint32_t sw_keys_count(const struct sw_keys *keys);

/* Adds what the way of keeping keys of these columns follows from, besides their chunks. */
void sw_keys_identify(const struct sw_version *version, const uint32_t *columns, uint32_t count,
                      struct sw_identity *identity);
/* No more rows or keys come: what finds them goes, merging from it still works.  The bytes left. */
size_t sw_keys_settle(struct sw_keys *keys);

/* The key of each of the rows row[0..n) of the vector, new or known. SW_LIMIT, SW_NO_MEMORY. */
SW_MUST_USE sw_status sw_keys_of(struct sw_keys *keys, struct sw_batch *batch, const uint16_t *row,
                                 uint32_t n, uint32_t *key);
/* Of one column that has one dictionary: the key of a code, SW_DICT_NONE for null, new or known. */
SW_MUST_USE sw_status sw_keys_add_code(struct sw_keys *keys, uint32_t code, uint32_t *key);
/* rank[key] in the order of sw_keys_compare, where that can be had cheaply; else false. */
bool sw_keys_ranks(const struct sw_keys *keys, uint32_t *rank);
/* map[k]: the key in `into` of key k of `from`, added where it is new. */
SW_MUST_USE sw_status sw_keys_merge(struct sw_keys *into, const struct sw_keys *from,
                                    uint32_t *map);
/* The same without adding: SW_KEYS_NONE where `in` has no such key. */
uint32_t sw_keys_find(const struct sw_keys *in, const struct sw_keys *of, uint32_t key);

/* Value of the i-th column of a key; text is borrowed from the keys. */
struct sw_value sw_keys_value(const struct sw_keys *keys, uint32_t key, uint32_t i);
/* Order of two keys, column by column, as sw_value_compare. */
int sw_keys_compare(const struct sw_keys *keys, uint32_t a, uint32_t b);

#endif
