/* edit_priv: what the files of edit/ share.  No one else includes it. */
#ifndef SW_EDIT_EDIT_PRIV_H
#define SW_EDIT_EDIT_PRIV_H

#include <pthread.h>

#include "edit/edit.h"
#include "edit/formula.h"
#include "kernel/batch.h"
#include "table/builder.h"

#define SW_GROUP_WORDS (SW_CHUNK_ROWS / 64)
#define SW_DAY_MS      INT64_C(86400000)

/* -- parsed ------------------------------------------------------------------- */

/* An expression with the values of its inputs at the time of the request. */
struct sw_edit_expr {
    struct sw_expr *expr; /* owned; NULL: there is none */
    size_t inputs;
    const struct sw_span *name;         /* [inputs]; as long as expr */
    const struct sw_json *const *value; /* [inputs]; NULL: unset */
};

/* A column's new value: a literal, or an expression. */
struct sw_edit_set {
    struct sw_span column;
    const struct sw_json *literal; /* NULL: the expression */
    struct sw_edit_expr expr;
};

struct sw_edit_op {
    enum sw_edit_kind kind;
    /* update, delete_rows: which rows; neither: all */
    struct sw_edit_expr where;
    const uint64_t *id; /* ascending, each once */
    size_t ids;
    bool has_ids;
    /* update: columns; add_column: one with its expression, or none */
    struct sw_edit_set *set;
    size_t sets;
    /* append: one of the two */
    const struct sw_json *columns, *rows;
    /* columns */
    struct sw_span column, to; /* of add_column the name is `column` */
    struct sw_span formula;    /* text of a column that is one; else no data */
    bool is_preview;
    int64_t limit; /* rows of a preview */
    bool has_type, is_null_on_error, is_kept_on_error;
    enum sw_type type;
};

struct sw_edit_plan {
    struct sw_arena arena;
    struct sw_arena_held *held; /* of the parameters; counted; NULL: they are in the arena */
    struct sw_edit_op *op;
    uint32_t ops;
    bool is_batch;
};

/* -- running -------------------------------------------------------------------- */

struct sw_edit_kind_ops {
    /* Ready for edit->version and edit->op; may set edit->schema. */
    sw_status (*begin)(struct sw_edit *edit, struct sw_err *err);
    /* One row group of edit->version: adds what becomes of it with sw_edit_emit. */
    sw_status (*group)(struct sw_edit *edit, uint32_t index, struct sw_err *err);
    /* After the last group; may emit more; sets outcome and edit->is_same where nothing changes. */
    sw_status (*finish)(struct sw_edit *edit, struct sw_err *err);
    void (*end)(struct sw_edit *edit); /* frees edit->state, also after a failure */
    void (*say)(const struct sw_edit *edit, struct sw_buf *what);
};

/* Of kinds whose groups several workers can do; see split.c. */
struct sw_edit_split_ops {
    bool (*is_divisible)(const struct sw_edit *edit);
    /* Adds what a part has found to the edit's state. */
    sw_status (*join)(struct sw_edit *edit, const struct sw_edit *part, struct sw_err *err);
};
extern const struct sw_edit_split_ops sw_edit_update_split, sw_edit_delete_rows_split;
extern const struct sw_edit_kind_ops sw_edit_update, sw_edit_append, sw_edit_delete_rows,
    sw_edit_add_column, sw_edit_drop_column, sw_edit_rename_column, sw_edit_cast_column,
    sw_edit_set_formula, sw_edit_freeze_column, sw_edit_preview;

/* The rows of a version that an edit is about. */
struct sw_edit_rows {
    struct sw_program *where; /* owned; NULL: by id, or all */
    struct sw_expr_state *state;
    const uint64_t *id; /* borrowed */
    size_t ids;
    bool has_ids;
    uint8_t *is_found; /* [ids]; owned */
    size_t found;
};

/* The op that runs, by several workers; see split.c. Lock: the edit's. */
struct sw_edit_split {
    bool is_on;
    uint32_t groups;
    uint32_t running;          /* groups that workers are at */
    uint32_t failed_at;        /* the first group that failed, with what: */
    struct sw_rowgroup **slot; /* [groups] what became of them; counted, owned */
    struct sw_edit **part;     /* [SW_THREADS_MAX] by worker; owned */
    sw_status status;
    struct sw_err err;
};

struct sw_edit {
    pthread_mutex_t lock; /* guards the two below, next_group and is_over */
    bool is_busy;         /* a step runs that must be alone */
    struct sw_edit_split split;
    const struct sw_edit_plan *plan;
    struct sw_budget *budget;
    struct sw_version *base;    /* counted: as given */
    struct sw_version *version; /* counted: before the op that runs */
    uint32_t op_index;
    const struct sw_edit_op *op;
    const struct sw_edit_kind_ops *ops; /* NULL: begin is due */
    void *state;                        /* of the op */
    uint32_t next_group;
    struct sw_batch_cache *cache; /* for edit->version; made when first asked for */
    /* formulas of edit->version that the op reads */
    uint8_t *reads; /* [columns]; owned; NULL: none */
    struct sw_realise_plan *realise_plan;
    struct sw_realise_state *realise_state;
    /* what becomes of the version */
    struct sw_schema *schema; /* counted; NULL: as it is */
    struct sw_rowgroup **out; /* counted each */
    uint32_t outs, out_capacity;
    uint64_t next_row_id;
    bool is_same;
    struct sw_edit_outcome *outcome; /* [plan->ops] */
    struct sw_arena samples;         /* of previews */
    struct sw_buf what;
    bool is_over;
    sw_status status;
    struct sw_err err;
};

/* Takes over the reference, also on failure. */
SW_MUST_USE sw_status sw_edit_emit(struct sw_edit *edit, struct sw_rowgroup *group,
                                   struct sw_err *err);
SW_MUST_USE sw_status sw_edit_emit_shared(struct sw_edit *edit, uint32_t index, struct sw_err *err);
static inline struct sw_edit_outcome *sw_edit_outcome_now(struct sw_edit *edit)
{
    return &edit->outcome[edit->op_index];
}
/* The batch stands at a vector of a group of edit->version.  What a kind's group reads by it needs
 * no more asking: sw_edit_group leaves the row group and fails where it could not be read. */
SW_MUST_USE sw_status sw_edit_batch_at(struct sw_edit *edit, struct sw_batch *batch, uint32_t group,
                                       uint32_t start, struct sw_err *err);
/* The kind's group, with all that its batch has pinned let go of. */
SW_MUST_USE sw_status sw_edit_group(struct sw_edit *edit, uint32_t index, struct sw_err *err);
/* The last halves of a kind that has nothing left to do, and nothing to free. */
sw_status sw_edit_finish_nothing(struct sw_edit *edit, struct sw_err *err);
void sw_edit_end_nothing(struct sw_edit *edit);
sw_status sw_edit_no_memory(struct sw_err *err);
SW_MUST_USE sw_status sw_edit_begin_op(struct sw_edit *edit, struct sw_err *err);
/* Room for `most` samples in the outcome. */
SW_MUST_USE sw_status sw_edit_sample_begin(struct sw_edit *edit, uint32_t most, struct sw_err *err);
/* One more; texts are copied. */
SW_MUST_USE sw_status sw_edit_sample_add(struct sw_edit *edit, uint64_t row_id,
                                         const struct sw_value *before,
                                         const struct sw_value *after, struct sw_err *err);
/* A value that does not fit: counted, the first ones kept to be shown. */
void sw_edit_note_misfit(struct sw_edit *edit, uint64_t row_id, const struct sw_value *value);
/* "1 row", "2,000 rows" */
void sw_edit_say_rows(struct sw_buf *what, uint64_t rows);
/* `name` in back quotes, cut where it is long */
void sw_edit_say_name(struct sw_buf *what, struct sw_span name);

/* split.c */
/* After the op's begin: divides it where that pays. */
SW_MUST_USE sw_status sw_edit_split_begin(struct sw_edit *edit, struct sw_err *err);
void sw_edit_split_end(struct sw_edit *edit);
/* With the lock held, which is let go in between: does a group on a part. False: none is left to
 * claim. *is_joined: it was the last, and *status what has come of all. */
bool sw_edit_split_step(struct sw_edit *edit, unsigned worker, bool *is_joined, sw_status *status,
                        struct sw_err *err);

/* expression.c */
SW_MUST_USE sw_status sw_edit_expr_read(struct sw_arena *arena, struct sw_span text,
                                        sw_expr_input_fn input, void *context,
                                        struct sw_edit_expr *expr, struct sw_err *err);
SW_MUST_USE sw_status sw_edit_expr_compile(const struct sw_edit_expr *expr,
                                           const struct sw_schema *schema,
                                           struct sw_program **program, struct sw_err *err);
/* Row i of what an expression gave. */
struct sw_value sw_edit_expr_value(const struct sw_expr_vector *vector, uint32_t i);
/* The inputs as they were with the request; the context is the struct sw_edit_expr. */
const struct sw_json *sw_edit_expr_input(void *expr, struct sw_span name);

/* formulas.c: formulas in edits */
/* The op reads what the program reads: before it looks at a group it calls sw_edit_realise. */
SW_MUST_USE sw_status sw_edit_reads(struct sw_edit *edit, const struct sw_program *program,
                                    struct sw_err *err);
SW_MUST_USE sw_status sw_edit_realise(struct sw_edit *edit, uint32_t group, struct sw_err *err);
void sw_edit_forget_reads(struct sw_edit *edit);
/* SW_NOT_ALLOWED where the column is a formula: it cannot be written to. */
SW_MUST_USE sw_status sw_edit_need_values(const struct sw_schema *schema, uint32_t column,
                                          struct sw_err *err);
/* A changed copy of a group of edit->version, all of whose rows stay: formulas that read a column
 * that is another now are emptied. The reference is taken over. */
SW_MUST_USE sw_status sw_edit_emit_changed(struct sw_edit *edit, uint32_t index,
                                           struct sw_rowgroup *group, struct sw_err *err);
/* Is there a column with values besides this one, or is this a formula? */
SW_MUST_USE sw_status sw_edit_need_other_values(const struct sw_schema *schema, uint32_t column,
                                                struct sw_err *err);
/* " = expression", cut where it is long */
void sw_edit_say_formula(struct sw_buf *what, struct sw_span formula);
/* After an op has made edit->schema: formulas move over from the schema before, all are checked. */
SW_MUST_USE sw_status sw_edit_carry_formulas(struct sw_edit *edit, struct sw_err *err);

/* rows.c */
SW_MUST_USE sw_status sw_edit_rows_begin(struct sw_edit *edit, struct sw_edit_rows *rows,
                                         struct sw_err *err);
/* bits[SW_GROUP_WORDS] of the group's rows, those beyond it 0; *count of them. */
SW_MUST_USE sw_status sw_edit_rows_group(struct sw_edit *edit, struct sw_edit_rows *rows,
                                         uint32_t index, uint64_t *bits, uint32_t *count,
                                         struct sw_err *err);
/* What a part of the edit has found; or why it could not test all of its rows. */
SW_MUST_USE sw_status sw_edit_rows_join(struct sw_edit_rows *rows, const struct sw_edit_rows *part,
                                        struct sw_err *err);
/* SW_PARAMS where an id was in no group. */
SW_MUST_USE sw_status sw_edit_rows_finish(const struct sw_edit_rows *rows, struct sw_err *err);
void sw_edit_rows_end(struct sw_edit_rows *rows);

/* copy.c: rows of a pinned chunk behind those of a builder of the same type */
SW_MUST_USE sw_status sw_edit_copy(struct sw_builder *builder, const struct sw_chunk *chunk,
                                   uint32_t start, uint32_t n, struct sw_err *err);
/* Overwrite the null flag of a row that stands in the builder already (not of plain text); what it
 * was an exception of is gone. */
void sw_edit_poke_valid(struct sw_builder *builder, uint32_t row, bool is_valid);
/* The dictionary for writing new strings to a column: its own, one of this budget, or a new one;
 * counted. *dict NULL: plain text. `chunk`: what stood there, may be NULL. */
SW_MUST_USE sw_status sw_edit_dict(const struct sw_edit *edit, uint32_t column,
                                   const struct sw_chunk *chunk, struct sw_dict **dict,
                                   struct sw_err *err);
/* SW_OK, or the words for what a builder's function returned. */
SW_MUST_USE sw_status sw_edit_builder_said(sw_status status, const struct sw_builder *builder,
                                           struct sw_err *err);

/* The row ids in the builder, which is freed: a run is told by *first, *ids NULL; others are
 * sealed. */
SW_MUST_USE sw_status sw_edit_seal_ids(struct sw_builder *builder, uint64_t *first,
                                       struct sw_chunk **ids, struct sw_err *err);

/* value.c */
/* A JSON value as one of the column's type; SW_TYPE names column and value. Text is borrowed. */
SW_MUST_USE sw_status sw_edit_value_read(const char *column, enum sw_type type,
                                         const struct sw_json *json, struct sw_value *value,
                                         struct sw_err *err);
bool sw_edit_time_in_range(enum sw_type type, int64_t value);
/* The length to show of a text of any length, no UTF-8 sequence cut. */
int sw_edit_shown(struct sw_span text, size_t most);
/* `value` as another type without loss; false: it does not fit. A string made of a number lies in
 * `text`, with room for SW_VALUE_TEXT. */
bool sw_edit_value_cast(const struct sw_value *value, enum sw_type type, struct sw_value *into,
                        char *text);
/* What an expression may give a column besides values of its own type. */
bool sw_edit_is_convertible(enum sw_type from, enum sw_type to);
bool sw_edit_is_castable(enum sw_type from, enum sw_type to);

/* target.c: a column that values are written to */
enum sw_edit_source { SW_SOURCE_LITERAL, SW_SOURCE_PROGRAM, SW_SOURCE_NULLS };
struct sw_edit_target {
    const char *name; /* borrowed */
    enum sw_type type;
    uint32_t column;
    bool is_new; /* the column is not there yet */
    enum sw_edit_source source;
    struct sw_value literal;    /* text borrowed from the plan */
    struct sw_program *program; /* owned */
    struct sw_expr_state *state;
    enum sw_type from; /* of the program */
    struct sw_builder *builder;
    bool is_plain; /* a dictionary did not pay: plain text from now on */
};
/* Values for the column; type and name are set. */
SW_MUST_USE sw_status sw_edit_target_begin(struct sw_edit_target *target,
                                           const struct sw_edit_set *set,
                                           const struct sw_schema *schema, struct sw_err *err);
/* The chunk of a group with the rows of `bits` written (NULL: all). */
SW_MUST_USE sw_status sw_edit_target_chunk(struct sw_edit *edit, struct sw_edit_target *target,
                                           uint32_t index, const uint64_t *bits,
                                           struct sw_chunk **chunk, struct sw_err *err);
SW_MUST_USE sw_status sw_edit_target_finish(const struct sw_edit_target *target,
                                            struct sw_err *err);
void sw_edit_target_end(struct sw_edit_target *target);

#endif
