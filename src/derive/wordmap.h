/* wordmap: 64-bit words to dense numbers 0, 1, 2, ... in the order in which they were added: the
 * keys of a join.  An array over a narrow range, else open addressing.  Filled by one worker, then
 * read by many.                                                                                 */
#ifndef SW_DERIVE_WORDMAP_H
#define SW_DERIVE_WORDMAP_H

#include "base/budget.h"

#define SW_WORD_NONE UINT32_MAX /* the word was not added */

struct sw_wordmap {
    uint32_t count;     /* words */
    uint32_t *by_value; /* [range] a narrow range; owned; NULL: slots */
    uint64_t lowest, range;
    uint64_t *word;   /* [slots]; owned */
    uint32_t *number; /* [slots] SW_WORD_NONE: free; owned */
    uint64_t slots;   /* power of two */
    uint64_t seed;
    size_t charged;
    struct sw_budget *budget;
};

/* Words are lowest..lowest + range - 1 (as unsigned differences); range 0: any. */
SW_MUST_USE sw_status sw_wordmap_init(struct sw_wordmap *map, uint64_t lowest, uint64_t range,
                                      struct sw_budget *budget, struct sw_err *err);
void sw_wordmap_fini(struct sw_wordmap *map);
/* number[i] of word[i], added where it is new; where number[i] is SW_WORD_NONE already, nothing. */
SW_MUST_USE sw_status sw_wordmap_add(struct sw_wordmap *map, const uint64_t *restrict word,
                                     uint32_t n, uint32_t *restrict number, struct sw_err *err);
/* The same without adding: SW_WORD_NONE where the word is not there. */
void sw_wordmap_find(const struct sw_wordmap *map, const uint64_t *restrict word, uint32_t n,
                     uint32_t *restrict number);

#endif
