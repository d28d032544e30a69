/* distinct: how many different values each group has, exactly: a set of (group, value).  More
 * than SW_DISTINCT_MAX of them are refused (SW_LIMIT), never estimated.  NaN is one value, null
 * is none. Owned by one state of a fold; worker thread. */
#ifndef SW_FOLD_DISTINCT_H
#define SW_FOLD_DISTINCT_H

#include "fold/keys.h"

struct sw_distinct;

/* Of a column of the version, or (column < 0) of values of a type that sw_distinct_add gives. */
SW_MUST_USE sw_status sw_distinct_new(const struct sw_version *version, int64_t column,
                                      enum sw_type type, struct sw_distinct **distinct);
void sw_distinct_free(struct sw_distinct *distinct);
/* As sw_keys_settle. */
size_t sw_distinct_settle(struct sw_distinct *distinct);
/* Rows that are not null. */
SW_MUST_USE sw_status sw_distinct_rows(struct sw_distinct *distinct, struct sw_batch *batch,
                                       const uint16_t *row, const uint32_t *group, uint32_t n);
SW_MUST_USE sw_status sw_distinct_add(struct sw_distinct *distinct, const struct sw_value *value,
                                      uint32_t group);
/* map: the group in `into` of each group of `from`, SW_KEYS_NONE: leave it out. */
SW_MUST_USE sw_status sw_distinct_merge(struct sw_distinct *into, const struct sw_distinct *from,
                                        const uint32_t *map);
int64_t sw_distinct_count(const struct sw_distinct *distinct, uint32_t group);

#endif
