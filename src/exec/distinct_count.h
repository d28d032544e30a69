/* distinct_count: how many different values were added: exactly up to a limit, then
 * as an estimate.  Private to exec/describe.c; owned by one worker at a time.
 *
 *   bitmap   integers of a narrow range
 *   set      open addressing over an array of the values seen
 *   sketch   HyperLogLog of their hashes, once the set is full                        */
#ifndef SW_EXEC_DISTINCT_COUNT_H
#define SW_EXEC_DISTINCT_COUNT_H

#include "base/span.h"
#include "base/status.h"

struct sw_distinct_count;

/* Of 64-bit words or of texts, not of both.  Texts are told apart by 128 bits of hash: where they
 * lie may leave memory before the last is counted. */
SW_MUST_USE sw_status sw_distinct_count_new(struct sw_distinct_count **count);
void sw_distinct_count_free(struct sw_distinct_count *count);
SW_MUST_USE sw_status sw_distinct_count_word(struct sw_distinct_count *count, uint64_t word);
SW_MUST_USE sw_status sw_distinct_count_text(struct sw_distinct_count *count, struct sw_span text);
uint64_t sw_distinct_count_value(const struct sw_distinct_count *count, bool *is_exact);

#endif
