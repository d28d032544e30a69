/* filter: one compiled clause of a selection (between, in, equals, expression),
 * evaluated per vector; and the short cut that decides a whole row group by the
 * zones of its chunks.  Compiled on the loop for one schema and one set of input
 * values, then immutable and shared by workers, each with its own state.        */
#ifndef SW_FOLD_FILTER_H
#define SW_FOLD_FILTER_H

#include "base/json.h"
#include "expr/expr.h"
#include "kernel/batch.h"

struct sw_filter;
struct sw_filter_state;

enum sw_filter_reach { SW_REACH_NONE, SW_REACH_SOME, SW_REACH_ALL };

/* Both bounds may be JSON null (open); has_low_open/high_open: the end itself is left out
 * ("ends": "[]" default, "[)", "(]", "()").  The bounds are numbers for numeric columns, text for
 * dates, timestamps (also ms numbers) and strings.  SW_TYPE where they do not fit the column. */
SW_MUST_USE sw_status sw_filter_between(const struct sw_version *version, uint32_t column,
                                        const struct sw_json *low, const struct sw_json *high,
                                        bool is_low_open, bool is_high_open,
                                        struct sw_filter **filter, struct sw_err *err);
/* A JSON list of values; null in the list selects nulls; an empty list selects nothing. */
SW_MUST_USE sw_status sw_filter_in(const struct sw_version *version, uint32_t column,
                                   const struct sw_json *values, struct sw_filter **filter,
                                   struct sw_err *err);
SW_MUST_USE sw_status sw_filter_equals(const struct sw_version *version, uint32_t column,
                                       const struct sw_json *value, struct sw_filter **filter,
                                       struct sw_err *err);
/* Takes over the program. */
SW_MUST_USE sw_status sw_filter_program(struct sw_program *program, struct sw_filter **filter);
void sw_filter_free(struct sw_filter *filter);

/* A range of a numeric column, both ends included. */
struct sw_filter_range {
    uint32_t column;
    enum sw_type type;
    bool is_nothing;
    int64_t low_i, high_i; /* integral types, in the column's unit */
    double low_f, high_f;  /* SW_TYPE_FLOAT */
};
/* False: the filter is no such range, or passes everything. */
bool sw_filter_range(const struct sw_filter *filter, struct sw_filter_range *range);

/* A list of values of a column, sorted; borrowed from the filter. */
struct sw_filter_values {
    uint32_t column;
    enum sw_type type;
    bool has_null;
    size_t count;
    const int64_t *ints; /* integral types, in the column's unit */
    const double *floats;
    const struct sw_span *texts;
};
/* False: the filter is no such list. */
bool sw_filter_values(const struct sw_filter *filter, struct sw_filter_values *values);

/* The columns that it reads, each once; borrowed from the filter. */
size_t sw_filter_columns(const struct sw_filter *filter, const uint32_t **columns);
enum sw_filter_reach sw_filter_reach(const struct sw_filter *filter,
                                     const struct sw_rowgroup *group);
SW_MUST_USE sw_status sw_filter_state_new(const struct sw_filter *filter,
                                          struct sw_filter_state **state);
void sw_filter_state_free(struct sw_filter_state *state);
/* SW_OK, or why some rows could not be tested (an expression made too much text): what was tested
 * so far is then not to be used. */
SW_MUST_USE sw_status sw_filter_state_status(const struct sw_filter_state *state,
                                             struct sw_err *err);
/* Bit i set where row i of the vector passes: into[SW_VECTOR_WORDS], bits beyond rows 0. */
void sw_filter_test(const struct sw_filter *filter, struct sw_filter_state *state,
                    struct sw_batch *batch, uint64_t *into);

#endif
