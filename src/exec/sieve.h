/* sieve: which rows of a version pass which filters.  Filters are distinct
 * clauses; a mask is a set of them that must all pass; many outputs share few
 * masks and masks share filters.  Each filter is evaluated at most once per vector
 * of 2,048 rows, whatever asks for it, and not at all where the zones of a row
 * group decide.
 *
 * The chunks that filters read are pinned with those of the batch (kernel/batch.h), so one whose
 * zone decides never is.
 *
 * A sieve is made on the loop and then immutable; each worker has a state of its
 * own, which also holds the batch that folds read.                              */
#ifndef SW_EXEC_SIEVE_H
#define SW_EXEC_SIEVE_H

#include "fold/filter.h"

struct sw_sieve;
struct sw_sieve_state;

/* Takes over the filters, also on failure. */
SW_MUST_USE sw_status sw_sieve_new(struct sw_filter *const *filters, uint32_t count,
                                   struct sw_sieve **sieve);
const struct sw_filter *sw_sieve_filter(const struct sw_sieve *sieve, uint32_t filter);
void sw_sieve_free(struct sw_sieve *sieve);
/* The mask of a set of filters (indices in any order, repeats allowed); equal sets get one mask. */
SW_MUST_USE sw_status sw_sieve_mask(struct sw_sieve *sieve, const uint32_t *filters, uint32_t count,
                                    uint32_t *mask);
uint32_t sw_sieve_masks(const struct sw_sieve *sieve);

/* The version must outlive the state. */
SW_MUST_USE sw_status sw_sieve_state_new(const struct sw_sieve *sieve,
                                         const struct sw_version *version,
                                         struct sw_sieve_state **state);
void sw_sieve_state_free(struct sw_sieve_state *state);
/* Stand at a row group; false: no row of it passes any mask. */
bool sw_sieve_group(struct sw_sieve_state *state, uint32_t group);
/* In this group, may (SOME), do (ALL) or cannot (NONE) rows pass the mask? */
enum sw_filter_reach sw_sieve_reach(const struct sw_sieve_state *state, uint32_t mask);
/* The filters of the mask that decide row by row in this group, ascending: filters[] has room for
 * all; how many. */
uint32_t sw_sieve_deciding(const struct sw_sieve_state *state, uint32_t mask, uint32_t *filters);
/* After the last vector of the group: see sw_batch_leave. */
SW_MUST_USE sw_status sw_sieve_leave(struct sw_sieve_state *state, struct sw_err *err);
/* Stand at the vector of the group that begins at row `start`. */
void sw_sieve_vector(struct sw_sieve_state *state, uint32_t start);
/* Choose the rows of the vector that pass the mask: batch->select and ->selected are set (NULL when
 * all pass) until the next call. Returns how many. */
uint32_t sw_sieve_select(struct sw_sieve_state *state, uint32_t mask);
struct sw_batch *sw_sieve_batch(struct sw_sieve_state *state);
/* SW_OK, or why a filter of the mask could not test some row up to here. */
SW_MUST_USE sw_status sw_sieve_status(const struct sw_sieve_state *state, uint32_t mask,
                                      struct sw_err *err);

#endif
