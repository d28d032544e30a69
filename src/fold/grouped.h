/* grouped: rows put into groups by the values of columns, and measures of each group: what group-
 * by, value and quantiles have in common.  A plan with a median may need further rounds over the
 * rows; groups and all else are as the first round found them, and kept in the plan. */
#ifndef SW_FOLD_GROUPED_H
#define SW_FOLD_GROUPED_H

#include "fold/cube.h"

struct sw_grouped_state;

struct sw_grouped {
    const struct sw_version *version; /* borrowed from the run */
    uint32_t columns;
    uint32_t column[SW_GROUP_COLUMNS_MAX];
    struct sw_measures *measures;   /* owned; may be NULL */
    struct sw_grouped_state *first; /* of the first round, once there are more; owned */
    /* One column with one dictionary of few strings: rows are folded by their codes, all below
     * this; null is the one after.  0: by keys. */
    uint32_t codes;
};

#define SW_GROUPED_CODES 16383u /* as many groups of cells stay in a cache */

struct sw_grouped_state {
    sw_status status; /* of the first thing that failed */
    struct sw_keys *keys;
    struct sw_measures_state *measures;
    uint32_t *known; /* [capacity] in a later round: the key's number in the first; owned */
    uint32_t knowns; /* keys that have it */
    uint32_t capacity;
    /* Not 0: measures are numbered by code, and `keys` is empty until the round ends. */
    uint32_t codes;
    uint64_t *rows; /* [codes + 1] of each code; owned; NULL: a measure knows */
};

/* Reads a list of column names, or one name; NULL: none. */
SW_MUST_USE sw_status sw_grouped_columns(struct sw_grouped *grouped, const struct sw_json *by,
                                         const char *what, struct sw_err *err);
/* After columns and measures: chooses how rows find their group. */
void sw_grouped_ready(struct sw_grouped *grouped);
void sw_grouped_fini(struct sw_grouped *grouped);

SW_MUST_USE sw_status sw_grouped_init(const struct sw_grouped *grouped,
                                      struct sw_grouped_state **state);
void sw_grouped_free(struct sw_grouped_state *state); /* NULL accepted */
size_t sw_grouped_state_bytes(const struct sw_grouped *grouped);
void sw_grouped_fold(const struct sw_grouped *grouped, struct sw_grouped_state *state,
                     struct sw_batch *batch);
/* As of a kind (fold/cube.h): by code, or all rows in one group. */
bool sw_grouped_cube(const struct sw_grouped *grouped, struct sw_cube_shape *shape);
void sw_grouped_cells(const struct sw_grouped *grouped, struct sw_batch *batch, uint16_t *into);
SW_MUST_USE sw_status sw_grouped_fill(const struct sw_grouped *grouped,
                                      struct sw_grouped_state *state,
                                      const struct sw_cube_cells *cells);
SW_MUST_USE sw_status sw_grouped_merge(const struct sw_grouped *grouped,
                                       struct sw_grouped_state *into,
                                       const struct sw_grouped_state *from);
/* As needs and settle of a kind. */
void sw_grouped_needs(const struct sw_grouped *grouped, struct sw_fold_needs *needs);
size_t sw_grouped_settle(struct sw_grouped_state *state);
/* SW_AGAIN, or SW_OK with *result borrowed: the state of the first round. */
SW_MUST_USE sw_status sw_grouped_round(struct sw_grouped *grouped, struct sw_grouped_state *state,
                                       const struct sw_grouped_state **result, struct sw_err *err);
/* Field "keys".<column> for each column, of the given keys. */
SW_MUST_USE sw_status sw_grouped_put_keys(const struct sw_grouped *grouped,
                                          const struct sw_grouped_state *state, const uint32_t *key,
                                          size_t n, struct sw_series *series, size_t panel);
/* Words for a status that a partial met. */
SW_MUST_USE sw_status sw_grouped_explain(sw_status status, struct sw_err *err);

#endif
