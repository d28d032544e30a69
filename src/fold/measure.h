/* measure: what an output computes of each of its groups: count, sum, mean, min, max, stddev,
 * median, distinct, of a column or an expression.
 *
 *   count     rows; with a column: its values that are not null (NaN is a value)
 *   sum       of bool and int exact, an int where it fits 64 bits, else a float; of float the exact
 *             sum rounded once (kernel/exact.h), so that no order or split of rows is seen in it;
 *             null where there are no values, as in SQL
 *   mean      sum / count; null where there are no values.  Of times: the mean moment (timestamp)
 *   min, max  of any type, strings by bytes; NaN only where there is nothing else
 *   stddev    of a sample (n - 1), computed without cancellation; null for fewer than two values
 *   median    exact, type 7 (kind "quantiles"); NaN has no place in it.  Of times: a timestamp
 *   distinct  exact; SW_LIMIT beyond SW_DISTINCT_MAX values
 *
 * sum and stddev of times are refused, and strings have only count, min, max, distinct.  NaN and
 * infinities go through sum, mean and stddev as IEEE 754 has them.
 *
 * struct sw_measures belongs to the plan; a state to one partial. */
#ifndef SW_FOLD_MEASURE_H
#define SW_FOLD_MEASURE_H

#include "fold/distinct.h"
#include "fold/fold.h"
#include "fold/ranks.h"
#include "kernel/exact.h"

enum sw_measure_fn {
    SW_MEASURE_COUNT,
    SW_MEASURE_SUM,
    SW_MEASURE_MEAN,
    SW_MEASURE_MIN,
    SW_MEASURE_MAX,
    SW_MEASURE_STDDEV,
    SW_MEASURE_MEDIAN,
    SW_MEASURE_DISTINCT
};

struct sw_measure {
    char *name; /* owned by the arena */
    enum sw_measure_fn fn;
    bool has_input;             /* else count of rows */
    uint32_t column;            /* where there is no program */
    struct sw_program *program; /* owned */
    enum sw_type type;          /* of the input */
    double power;               /* stddev: values are scaled by this power of two */
    struct sw_exact_cut cut[3]; /* float sum; stddev: of values, squares, errors of squares */
    struct sw_ranks *ranks;     /* median, quantiles; owned */
};

struct sw_measures {
    const struct sw_version *version; /* borrowed from the run */
    uint32_t count;
    struct sw_measure *measure; /* [count] */
    /* The measure of which every row is a value, so that it knows the rows of a group and counts of
     * rows need not be counted; -1: none. */
    int32_t rows_from;
    struct sw_arena arena;
};

/* `json` is {name: {fn, column? or expr?}}; `what` is the kind, for messages. */
SW_MUST_USE sw_status sw_measures_parse(const struct sw_json *json, const char *what,
                                        const struct sw_fold_env *env,
                                        struct sw_measures **measures, struct sw_err *err);
/* One measure {fn, column? or expr?}, named "value". */
SW_MUST_USE sw_status sw_measures_parse_one(const struct sw_json *json, const char *what,
                                            const struct sw_fold_env *env,
                                            struct sw_measures **measures, struct sw_err *err);
/* The quantiles q of a column, as one measure of which sw_measures_ranks reads the results. */
SW_MUST_USE sw_status sw_measures_quantiles(uint32_t column, const double *q, uint32_t count,
                                            const struct sw_fold_env *env,
                                            struct sw_measures **measures, struct sw_err *err);
void sw_measures_free(struct sw_measures *measures);
/* As many groups are to be expected: a plan's advice, where it can give one. */
void sw_measures_expect(struct sw_measures *measures, uint64_t groups);
bool sw_measures_has_rounds(const struct sw_measures *measures);
void sw_measures_needs(const struct sw_measures *measures, struct sw_fold_needs *needs);

size_t sw_measure_cell_bytes(const struct sw_measure *measure); /* of one group */
/* Of its values, but that an int sum beyond 64 bits is a float. */
enum sw_type sw_measure_result_type(const struct sw_measure *measure);
struct sw_measures_state;                                   /* cells of all measures by group */
size_t sw_measures_settle(struct sw_measures_state *state); /* as settle of a kind */
SW_MUST_USE sw_status sw_measures_state_new(const struct sw_measures *measures,
                                            struct sw_measures_state **state);
void sw_measures_state_free(struct sw_measures_state *state); /* NULL accepted */
/* Which rows of a vector belong to which group, all below `groups`: by row, for those of a set, in
 * whatever width it is known; or listed. */
struct sw_grouping {
    uint32_t groups;
    uint32_t selected;      /* how many rows */
    const uint64_t *select; /* NULL: all of the vector */
    const uint8_t *narrow;  /* group of each row of the vector; those not selected are not seen */
    const uint16_t *wide;
    const uint32_t *full;
    bool has_spare;      /* the last group is nobody's: rows that are not seen may be put there */
    const uint16_t *row; /* listed: [selected] rows, ascending, and their groups; NULL: by row */
    const uint32_t *group;
    uint64_t *rows; /* [groups] counted up by the rows of each; narrow or wide; NULL: not wanted */
};

/* In a later round only what needs it is computed, and groups are numbered as at the end of the
 * first. */
SW_MUST_USE sw_status sw_measures_add(const struct sw_measures *measures,
                                      struct sw_measures_state *state, struct sw_batch *batch,
                                      const struct sw_grouping *grouping);
/* map: group in `into` of each group of `from` (NULL: the same; SW_KEYS_NONE: leave it out), all
 * below groups. */
SW_MUST_USE sw_status sw_measures_merge(const struct sw_measures *measures,
                                        struct sw_measures_state *into,
                                        const struct sw_measures_state *from, const uint32_t *map,
                                        uint32_t groups);
/* The end of a round over `groups` groups: SW_AGAIN when a median needs another. */
SW_MUST_USE sw_status sw_measures_round(struct sw_measures *measures,
                                        struct sw_measures_state *state, uint32_t groups);
/* The value for a group, after the last round; the state is that of the first. */
struct sw_value sw_measures_value(const struct sw_measures *measures,
                                  const struct sw_measures_state *state, uint32_t i,
                                  uint32_t group);
/* Rows of a group; only where some measure knows (rows_from). */
int64_t sw_measures_rows(const struct sw_measures *measures, const struct sw_measures_state *state,
                         uint32_t group);
/* Adds a field of one value for each group[0..n) to the series. */
SW_MUST_USE sw_status sw_measures_put(const struct sw_measures *measures,
                                      const struct sw_measures_state *state, uint32_t i,
                                      const uint32_t *group, size_t n, struct sw_series *series,
                                      size_t panel, const char *field_group);

#endif
