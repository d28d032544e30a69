/* ranks: exact quantiles of groups, type 7 (linear between the two nearest ranks, as R, numpy and
 * Excel do), in bounded memory.  Values become unsigned keys of the same order.
 *
 *   count    where the values' range is known and groups are few: count them in equal parts of it;
 *            then gather the parts with the wanted ranks, mostly that is all
 *   gather   else keep every (group, key) up to SW_RANKED_KEPT of them; mostly that is all
 *   narrow   too many: each wanted rank has an interval of keys that holds it; count the keys of
 *            the interval in equal parts, and take the part with the rank as the next one
 *   gather   again, of the intervals alone, once they hold few enough
 *
 * Each arrow is a round over the chunks (SW_AGAIN).  NaN has no rank.  struct sw_ranks belongs to
 * the plan and changes in sw_ranks_round alone; a state belongs to a partial. */
#ifndef SW_FOLD_RANKS_H
#define SW_FOLD_RANKS_H

#include "base/status.h"

struct sw_ranks;
struct sw_ranks_state;

SW_MUST_USE sw_status sw_ranks_new(const double *q, uint32_t count, struct sw_ranks **ranks);
void sw_ranks_free(struct sw_ranks *ranks);
bool sw_ranks_is_done(const struct sw_ranks *ranks);

/* Values are expected in [low, high]; others are as the nearer one until they are gathered.  Before
 * the first state. */
void sw_ranks_expect(struct sw_ranks *ranks, double low, double high, bool is_integral);

void sw_ranks_expect_many(struct sw_ranks *ranks); /* groups: gather from the start */

SW_MUST_USE sw_status sw_ranks_state_new(const struct sw_ranks *ranks,
                                         struct sw_ranks_state **state);
void sw_ranks_state_free(struct sw_ranks_state *state);

static inline uint64_t sw_ranks_key_float(double value)
{
    uint64_t bits;
    value += 0.0; /* -0.0 is 0.0 */
    __builtin_memcpy(&bits, &value, sizeof(bits));
    return bits >> 63 != 0 ? ~bits : bits | (uint64_t)1 << 63;
}

static inline uint64_t sw_ranks_key_int(int64_t value)
{
    return (uint64_t)value ^ (uint64_t)1 << 63;
}

/* n keys with their groups; groups are below `groups`, after the first round those of that round.
 */
SW_MUST_USE sw_status sw_ranks_add(const struct sw_ranks *ranks, struct sw_ranks_state *state,
                                   const uint64_t *key, const uint32_t *group, uint32_t n,
                                   uint32_t groups);
/* In rounds that want it, rows come by their part of the range.  One that counts takes all rows,
 * one that gathers says which rows it wants added. */
enum sw_ranks_want { SW_RANKS_KEYS, SW_RANKS_COUNTS, SW_RANKS_WANTED };
enum sw_ranks_want sw_ranks_wants(const struct sw_ranks *ranks);
#define SW_RANKS_GROUPS 64u /* more are gathered from the start */

/* The parts of n values, NaN apart. */
void sw_ranks_parts(const struct sw_ranks *ranks, const double *values, uint32_t n, uint16_t *part);
/* Rows with their groups: few[row] of all n rows, or (few NULL) row[0..n) and group[0..n). */
struct sw_ranks_rows {
    uint32_t n, groups;
    const uint8_t *few;
    const uint16_t *row;
    const uint32_t *group;
};
SW_MUST_USE sw_status sw_ranks_count(struct sw_ranks_state *state, const struct sw_ranks_rows *rows,
                                     const uint16_t *part);
/* Returns how many; row and group have room for rows->n. */
uint32_t sw_ranks_wanted(const struct sw_ranks *ranks, const struct sw_ranks_rows *rows,
                         const uint16_t *restrict part, uint16_t *restrict row,
                         uint32_t *restrict group);

/* map: the group in `into` of each group of `from`; NULL: the same. */
SW_MUST_USE sw_status sw_ranks_merge(const struct sw_ranks *ranks, struct sw_ranks_state *into,
                                     const struct sw_ranks_state *from, const uint32_t *map,
                                     uint32_t groups);
/* SW_OK: results are there; SW_AGAIN: another round is needed. `is_float`: how keys were made. */
SW_MUST_USE sw_status sw_ranks_round(struct sw_ranks *ranks, struct sw_ranks_state *state,
                                     uint32_t groups, bool is_float);
/* The i-th quantile of a group; false where the group has no values. */
bool sw_ranks_value(const struct sw_ranks *ranks, uint32_t group, uint32_t i, double *value);

#endif
