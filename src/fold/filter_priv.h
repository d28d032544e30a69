/* filter_priv: what the files of the filter share: a filter is a struct with its functions.  No
 * one else includes it. */
#ifndef SW_FOLD_FILTER_PRIV_H
#define SW_FOLD_FILTER_PRIV_H

#include "fold/filter.h"

struct sw_filter_ops {
    void (*free)(struct sw_filter *filter);
    enum sw_filter_reach (*reach)(const struct sw_filter *filter, const struct sw_rowgroup *group);
    void (*test)(const struct sw_filter *filter, struct sw_filter_state *state,
                 struct sw_batch *batch, uint64_t *into);
    bool (*passes_text)(const struct sw_filter *filter, struct sw_span text); /* or NULL */
};

/* First member of every filter. */
struct sw_filter {
    const struct sw_filter_ops *ops;
    uint32_t column;
    struct sw_program *program; /* NULL but for expressions; owned */
    struct sw_arena arena;      /* owns the filter's texts and lists */
};

struct sw_filter_state {
    struct sw_dict *dict; /* whose codes `passes` speaks of; counted */
    uint8_t *passes;      /* [known]; owned */
    uint32_t known;
    struct sw_expr_state *expr; /* owned */
};

/* A string column: by code where it has codes, else row by row. Nulls are not looked at. */
void sw_filter_test_texts(const struct sw_filter *filter, struct sw_filter_state *state,
                          struct sw_batch *batch, uint64_t *into);
/* Takes the rows that are null in the column out of `into`. */
void sw_filter_drop_nulls(const struct sw_filter *filter, struct sw_batch *batch, uint64_t *into);

/* A number that stands for a value of an integral column, in its own unit or in milliseconds: */
struct sw_filter_number {
    bool is_integer; /* i holds it exactly; else f */
    int64_t i;
    double f;
};
/* Reads a JSON value for a column: numbers, truth values for bool, text for times. SW_TYPE where it
 * does not fit.  For dates the number is in milliseconds. */
SW_MUST_USE sw_status sw_filter_read_number(const struct sw_version *version, uint32_t column,
                                            const struct sw_json *json,
                                            struct sw_filter_number *number, struct sw_err *err);
SW_MUST_USE sw_status sw_filter_read_text(const struct sw_version *version, uint32_t column,
                                          const struct sw_json *json, struct sw_span *text,
                                          struct sw_err *err);

#endif
