/* joinkey: the keys of a join: the columns of the right table by which rows are found, numbered;
 * and for rows of the left table the number of their key.
 *
 * Equal is as SQL has it: ints, bools and floats by value, a date and a timestamp by the moment,
 * strings by bytes; null and NaN equal nothing.  Words of a column are numbered by a map; those of
 * several columns are paired and numbered again.  A string is a word by its dictionary: each
 * dictionary's entries are looked up once, not the rows.
 *
 * _add by one worker, part by part; _prepare by one; _find by many, each with a scratch.        */
#ifndef SW_DERIVE_JOINKEY_H
#define SW_DERIVE_JOINKEY_H

#include "derive/wordmap.h"
#include "kernel/batch.h"

struct sw_joinkeys;

/* Key i is left_column[i] = right_column[i]. SW_TYPE where the two cannot be compared. */
SW_MUST_USE sw_status sw_joinkeys_new(const struct sw_version *left, const uint32_t *left_column,
                                      const struct sw_version *right, const uint32_t *right_column,
                                      uint32_t count, struct sw_budget *budget,
                                      struct sw_joinkeys **keys, struct sw_err *err);
void sw_joinkeys_free(struct sw_joinkeys *keys);
uint32_t sw_joinkeys_count(const struct sw_joinkeys *keys);

struct sw_joinkeys_scratch {
    uint64_t word[SW_VECTOR_ROWS];
    uint32_t more[SW_VECTOR_ROWS];
};

/* number[i] of the key of row i of a vector of the right table; SW_WORD_NONE: it has none. */
SW_MUST_USE sw_status sw_joinkeys_add(struct sw_joinkeys *keys, struct sw_batch *batch,
                                      struct sw_joinkeys_scratch *scratch, uint32_t *number,
                                      struct sw_err *err);
/* All keys are there: look up the left table's dictionaries. */
SW_MUST_USE sw_status sw_joinkeys_prepare(struct sw_joinkeys *keys, struct sw_err *err);
/* The same for a vector of the left table: SW_WORD_NONE where no key is equal. */
void sw_joinkeys_find(const struct sw_joinkeys *keys, struct sw_batch *batch,
                      struct sw_joinkeys_scratch *scratch, uint32_t *number);

#endif
