/* edit: changes of a table: (version, parsed edit) -> new version that shares all
 * chunks that were not touched, with what was done in numbers and in words.
 *
 *   sw_edit_plan_new   parameters of table.update, ..., table.batch -> a plan; any thread
 *   sw_edit_new        a plan and the version to start from -> a run; any thread
 *   sw_edit_step_work  one row group's worth of work: workers, or any one thread, until false
 *   sw_edit_result     what came of it
 *
 * Nothing outside is touched: an edit that fails, or is given up half way, leaves
 * no trace but new strings in the dictionaries of the columns that it wrote to.
 * A batch is a plan of several edits, each over the result of the one before.     */
#ifndef SW_EDIT_EDIT_H
#define SW_EDIT_EDIT_H

#include "base/arena_bulk.h"
#include "base/json.h"
#include "expr/expr.h"
#include "table/table.h"

enum sw_edit_kind {
    SW_EDIT_UPDATE,
    SW_EDIT_APPEND,
    SW_EDIT_DELETE_ROWS,
    SW_EDIT_ADD_COLUMN,
    SW_EDIT_DROP_COLUMN,
    SW_EDIT_RENAME_COLUMN,
    SW_EDIT_CAST_COLUMN,
    SW_EDIT_SET_FORMULA,
    SW_EDIT_FREEZE_COLUMN,
    SW_EDIT_PREVIEW, /* changes nothing; not in a batch */
    SW_EDIT_KINDS
};

struct sw_edit_plan;
struct sw_edit;

/* Is it a method that a plan can be made of (table.batch too)? */
bool sw_edit_is_method(struct sw_span method);

/* `params` as they came; members `table` and `if_version` are the caller's and passed over.  What
 * they lie in is held on to; NULL: they are copied.  Inputs that expressions name are looked up now
 * and kept.  SW_PARAMS, SW_EXPRESSION, SW_LIMIT. */
SW_MUST_USE sw_status sw_edit_plan_new(struct sw_span method, const struct sw_json *params,
                                       struct sw_arena_held *held, sw_expr_input_fn input,
                                       void *context, struct sw_edit_plan **plan,
                                       struct sw_err *err);
void sw_edit_plan_free(struct sw_edit_plan *plan); /* NULL accepted */
uint32_t sw_edit_plan_ops(const struct sw_edit_plan *plan);
/* What it holds, expressions aside. */
size_t sw_edit_plan_bytes(const struct sw_edit_plan *plan);
bool sw_edit_plan_is_preview(const struct sw_edit_plan *plan); /* it will change nothing */

/* Plan and budget outlive the run; the version gets a reference. A plan can be run again. */
SW_MUST_USE sw_status sw_edit_new(const struct sw_edit_plan *plan, struct sw_version *version,
                                  struct sw_budget *budget, struct sw_edit **edit,
                                  struct sw_err *err);
void sw_edit_free(struct sw_edit *edit); /* NULL accepted; any time */
/* A worker has a number below SW_THREADS_MAX; several may be at it, each with another.  False: it
 * is over, done or failed, or all that can be done now is being done by others. */
bool sw_edit_step_work(struct sw_edit *edit, unsigned worker);

#define SW_EDIT_EXAMPLE_TEXT 64

/* A value that a cast could not keep. */
struct sw_edit_example {
    uint64_t row_id;
    char text[SW_EDIT_EXAMPLE_TEXT]; /* cut where it is longer */
};

/* A row of a preview. */
struct sw_edit_sample {
    uint64_t row_id;
    struct sw_value before,
        after; /* before: of a cast; a text that fits nowhere shows in `before` */
};

/* What one edit of the plan did, or a preview would do. */
struct sw_edit_outcome {
    enum sw_edit_kind kind;
    uint64_t rows;       /* changed, appended, deleted; 0 for edits of columns */
    uint64_t table_rows; /* of the table, after it */
    uint64_t misfits;    /* cast_column: values that became null */
    uint32_t examples;
    struct sw_edit_example example[SW_CAST_EXAMPLES_MAX];
    bool is_preview; /* cast_column with `preview`, and table.preview */
    bool has_type;   /* table.preview with an expression: `type` is that of its values */
    enum sw_type type;
    uint64_t nulls; /* cast_column with `preview`: null before and after */
    uint32_t samples;
    struct sw_edit_sample *sample; /* [samples] the first rows; texts too live as long as the run */
};

struct sw_edit_result {
    struct sw_version *version; /* borrowed; the one given to _new where nothing has changed */
    bool is_changed;
    uint64_t rows;    /* of all outcomes that change rows */
    const char *what; /* a readable sentence */
    uint32_t outcomes;
    const struct sw_edit_outcome *outcome;
};

/* After the last step; borrowed from the edit. */
SW_MUST_USE sw_status sw_edit_result(const struct sw_edit *edit, struct sw_edit_result *result,
                                     struct sw_err *err);

#endif
