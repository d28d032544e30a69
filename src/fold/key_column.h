/* key_column: the distinct values of one column (or of an expression, through _add), numbered:
 * the part of keys.h that knows types.  For keys.c and distinct.c. */
#ifndef SW_FOLD_KEY_COLUMN_H
#define SW_FOLD_KEY_COLUMN_H

#include "base/arena.h"
#include "fold/keys.h"

struct sw_key_column {
    uint32_t column;
    enum sw_type type;
    uint32_t count; /* distinct values, null among them */
    uint32_t capacity;
    uint32_t null_key; /* SW_KEYS_NONE: not seen */
    uint64_t *bits;    /* [capacity] numbers: int64 or the bits of a double; strings: hash; owned */
    struct sw_span *texts; /* [capacity] strings, in the arena; owned */
    struct sw_arena arena;
    uint32_t *slot; /* [slots] key or SW_KEYS_NONE; owned */
    uint32_t slots; /* power of two */
    uint64_t seed;

    /* All chunks of the column speak of one dictionary: bits are codes, by_code is the whole index,
     * and neither hash nor texts are needed. */
    bool is_coded;

    /* what was found, for the next time */
    const struct sw_dict *dict; /* whose codes by_code speaks of; borrowed from the version */
    uint32_t *by_code;          /* [codes]; owned */
    uint32_t codes;
    uint32_t *by_number; /* [numbers] by value - lowest; owned; NULL: the range is too wide */
    uint64_t numbers;
    int64_t lowest;
};

SW_MUST_USE sw_status sw_key_column_init(struct sw_key_column *column,
                                         const struct sw_version *version, uint32_t index);
SW_MUST_USE sw_status sw_key_column_init_type(struct sw_key_column *column, enum sw_type type);
void sw_key_column_fini(struct sw_key_column *column);
/* Will keys of this column be codes of one dictionary? */
bool sw_key_column_is_coded(const struct sw_version *version, uint32_t index);
/* As sw_keys_settle. */
size_t sw_key_column_settle(struct sw_key_column *column);
SW_MUST_USE sw_status sw_key_column_of(struct sw_key_column *column, struct sw_batch *batch,
                                       const uint16_t *row, uint32_t n, uint32_t *key);
struct sw_value sw_key_column_value(const struct sw_key_column *column, uint32_t key);
uint32_t sw_key_column_find(const struct sw_key_column *column, const struct sw_value *value);
SW_MUST_USE sw_status sw_key_column_add(struct sw_key_column *column, const struct sw_value *value,
                                        uint32_t *key);
/* Only where is_coded: SW_DICT_NONE for null. */
SW_MUST_USE sw_status sw_key_column_add_code(struct sw_key_column *column, uint32_t code,
                                             uint32_t *key);
/* rank[key] by order of the texts, nulls last; false where that is not known. */
bool sw_key_column_ranks(const struct sw_key_column *column, uint32_t *rank);

/* map[k]: the key in `into` of key k of `from`, added where it is new. */
SW_MUST_USE sw_status sw_key_column_merge(struct sw_key_column *into,
                                          const struct sw_key_column *from, uint32_t *map);

#endif
