/* graph: a session's inputs, selections and outputs; what is dirty (down, mark.c)
 * and what has settled (up, settle.c).  Loop thread only; the owner (a session)
 * gives it tables by name and takes what comes up through calls.
 *
 * A run takes all dirty outputs with the inputs and versions of one moment,
 * groups them by table into fused scans (exec/scan) and pages (exec/page), and
 * settles as a whole: on_value for each output, then one on_flush.  So all outputs
 * of one flush show the same inputs and the same versions.
 *
 * Latest wins, and nothing starves: an input that comes while a run goes on marks
 * its dependents for the next run; the running one is cancelled when more than
 * half of it is still to do, unless its predecessor was cancelled too or the last
 * frame is SW_FRAME_MS old.  A paused output is dirty but not run.  An output whose
 * definition or table is wrong settles with an error of its own; the others live on.
 *
 * A run that takes longer than flush_ms is given up: what it has is shown, the rest gets an error,
 * and is tried again by the next change.
 *
 * Every input change is closed by a flush, an empty one where nothing depends on it. */
#ifndef SW_REACTIVE_GRAPH_H
#define SW_REACTIVE_GRAPH_H

#include "base/clock.h"
#include "base/json.h"
#include "exec/page.h"
#include "exec/pool.h"
#include "fold/fold.h"
#include "table/page.h"
#include "table/series.h"
#include "table/table.h"

struct sw_graph;
struct sw_output;

enum sw_output_state { SW_OUTPUT_BUSY, SW_OUTPUT_OK, SW_OUTPUT_ERROR, SW_OUTPUT_PAUSED };
const char *sw_output_state_name(enum sw_output_state state);

/* What an output shows; borrowed in calls, counted for who keeps it. */
struct sw_output_value {
    _Atomic uint32_t refs;
    char *output, *kind;      /* owned */
    uint64_t version;         /* of the output's table */
    uint64_t seq;             /* 1, 2, ... per output */
    uint64_t rows, total;     /* after the filter, of the table */
    struct sw_series *series; /* one of the two */
    struct sw_page *page;
};
struct sw_output_value *sw_output_value_ref(struct sw_output_value *value);
void sw_output_value_unref(struct sw_output_value *value);

struct sw_flush {
    size_t tables;
    const char *const *table; /* [tables] names, with versions */
    const uint64_t *version;
    size_t outputs;
    const char *const *output; /* [outputs] */
    double queue_ms, compute_ms;
};

/* What is about to be read of one table, and what became of that.  Whoever asks fills the first
 * part, which stays as it is until the answer. */
struct sw_need {
    struct sw_span table;
    bool is_all;                  /* every column; else: */
    const struct sw_span *column; /* [columns] names; those that the table does not have count for
                                     nothing */
    size_t columns;
    uint64_t first_row, rows; /* of these rows alone, by position; rows 0: of all */
    /* the answer: the version to read (counted, the asker's; NULL: there is no such table), and
     * SW_OK or why the table cannot be read */
    struct sw_version *version;
    sw_status status;
    struct sw_err err;
    uint64_t moment; /* of the owner: when it was asked */
};

/* What the graph needs of its owner and tells it.  All on the loop, never re-entered: an owner may
 * call the graph from within a call only to read. */
struct sw_graph_calls {
    /* The current version of a table, borrowed; NULL: no such table. */
    struct sw_version *(*version)(void *context, struct sw_span table);
    void (*on_start)(void *context); /* a run begins with all inputs set so far */
    void (*on_value)(void *context, struct sw_output_value *value);
    /* progress 0..1, or < 0 where unknown; err only with SW_OUTPUT_ERROR */
    void (*on_state)(void *context, const char *output, enum sw_output_state state, double progress,
                     const struct sw_err *err);
    void (*on_flush)(void *context, const struct sw_flush *flush);
    /* A run is about to read: SW_OK, the needs are answered; SW_AGAIN, they will be, and then the
     * owner calls sw_graph_prepared, once.  The needs stay where they are.  One question at a time;
     * NULL: whatever there is can be read as it is. */
    sw_status (*prepare)(void *context, struct sw_need *needs, size_t count);
    void (*prepare_cancel)(void *context);     /* the answer may be SW_CANCELLED now; it follows */
    void (*prepare_forget)(void *context);     /* there will be no answer: the graph goes */
    double (*prepare_progress)(void *context); /* 0..1 */
};

struct sw_graph_options {
    struct sw_pool *pool;
    struct sw_lane *lane;
    const struct sw_clock *clock;
    struct sw_budget *budget;
    struct sw_order_cache *orders; /* borrowed, outlives the graph */
    struct sw_partials *partials;  /* the same; NULL: nothing is kept */
    int64_t flush_ms;              /* a run may take so long; 0: any time */
    const struct sw_graph_calls *calls;
    void *context;
    /* Output kinds by name; NULL: sw_fold_find. */
    const struct sw_fold *(*find_fold)(struct sw_span kind);
};

SW_MUST_USE sw_status sw_graph_new(const struct sw_graph_options *options, struct sw_graph **graph);
/* Cancels what runs; work still on a worker is forgotten and freed by its done half. */
void sw_graph_free(struct sw_graph *graph);

/* -- down ----------------------------------------------------------------- */
/* A JSON object of name: value, each replacing that input's value (null: unset). */
SW_MUST_USE sw_status sw_graph_set_inputs(struct sw_graph *graph, const struct sw_json *values,
                                          struct sw_err *err);
/* params of select.define / output.define as they came (PROTOCOL section 4). */
SW_MUST_USE sw_status sw_graph_define_select(struct sw_graph *graph, const struct sw_json *params,
                                             struct sw_err *err);
/* Also replaces an output of that name. A wrong kind, column or expression is refused here; the
 * definition before it, if any, stays. */
SW_MUST_USE sw_status sw_graph_define_output(struct sw_graph *graph, const struct sw_json *params,
                                             struct sw_err *err);
SW_MUST_USE sw_status sw_graph_drop_output(struct sw_graph *graph, struct sw_span name,
                                           struct sw_err *err);
SW_MUST_USE sw_status sw_graph_pause_output(struct sw_graph *graph, struct sw_span name,
                                            bool is_paused, struct sw_err *err);
/* The input is about to move a brush: what makes its moves fast is begun, for so many outputs. */
uint32_t sw_graph_hint(struct sw_graph *graph, struct sw_span input);
/* The table has a new version, or has gone (its outputs then show an error).  `is_growing`: many
 * more follow at once, so that outputs wait for the next frame. */
void sw_graph_table_changed(struct sw_graph *graph, struct sw_span table, bool is_growing);
/* Start what is due: called by the owner at the end of each handling of messages, uploads, ticks.
 * `tick` also sends busy states and progress. True while something runs or waits. */
void sw_graph_run(struct sw_graph *graph);
bool sw_graph_tick(struct sw_graph *graph);

/* The answer to calls->prepare is there: the run goes on with the versions in it and the inputs of
 * the moment when it was asked. */
void sw_graph_prepared(struct sw_graph *graph);
/* Formulas of a table give other values than before, since an input has another value: outputs that
 * read one of the columns of `set` (see table/formula.h) are dirty. */
void sw_graph_formulas_changed(struct sw_graph *graph, struct sw_span table,
                               const struct sw_schema *schema, const uint8_t *set);
/* Formulas that a selection and a where expression read, added to `set`; either may have NULL
 * data. What is wrong with them is for sw_graph_filters to say. */
void sw_graph_add_reads(struct sw_graph *graph, const struct sw_schema *schema,
                        struct sw_span select, struct sw_span where, uint8_t *set);

/* Filters of a selection and/or a where expression against a version, for table.page and downloads:
 * appended to filters[] (taken over by the caller), *count updated; `key` grows by what identifies
 * them.  select and where may have NULL data. */
SW_MUST_USE sw_status sw_graph_filters(struct sw_graph *graph, const struct sw_version *version,
                                       struct sw_span table, struct sw_span select,
                                       struct sw_span where, struct sw_filter **filters,
                                       size_t capacity, size_t *count, struct sw_buf *key,
                                       struct sw_err *err);

/* Gives back what is kept for the next answers alone: memory is short. */
void sw_graph_give_up(struct sw_graph *graph);

/* An input's value as sw_expr_input_fn (the context is the graph): NULL where null or unset. */
const struct sw_json *sw_graph_expr_input(void *graph, struct sw_span name);

/* -- to read ---------------------------------------------------------------- */
/* {"name": value, ...} */
void sw_graph_put_inputs(const struct sw_graph *graph, struct sw_buf *out);
/* [{"output", "kind", "table", "select", "state", "params": {...}}, ...] */
void sw_graph_put_outputs(const struct sw_graph *graph, struct sw_buf *out);
/* The newest value (or the error) of every output, through on_value-like calls: after a resume. */
void sw_graph_each_value(const struct sw_graph *graph,
                         void (*on_value)(void *context, struct sw_output_value *value),
                         void (*on_state)(void *context, const char *output,
                                          enum sw_output_state state, double progress,
                                          const struct sw_err *err),
                         void *context);

/* -- to keep (keep.c) --------------------------------------------------------- */
/* Inputs, selections, outputs, each as a line of JSON: what take_state makes them of. */
void sw_graph_put_state(const struct sw_graph *graph, struct sw_buf *out);
/* One line of it, while it is restored. SW_PARAMS: not what put_state wrote. */
SW_MUST_USE sw_status sw_graph_take_state(struct sw_graph *graph, const struct sw_json *line,
                                          struct sw_err *err);
/* While it is restored, definitions are not held against the tables: they were when they came, and
 * what does not fit by now shows an error when it is run. */
void sw_graph_set_restoring(struct sw_graph *graph, bool is_restoring);

#endif
