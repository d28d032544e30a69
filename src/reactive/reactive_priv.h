/* reactive_priv: what the files of this folder share.  Loop thread only.
 *
 *   graph.c      the object, its names, what it tells
 *   reference.c  "$name" in parameters: finding and replacing
 *   selection.c  selections and where: clauses -> filters with keys
 *   output.c     definitions -> what a run needs of them
 *   content.c    what of a version an output shows
 *   reads.c      which formulas an output reads
 *   mark.c       down: what is dirty, what is due, what is cancelled
 *   run.c        down: dirty outputs -> scans and pages of one moment
 *   settle.c     up: results -> values, states, one flush
 *   brushing.c   an index over the clause that moves
 *   keep.c       what outlives a restart                                         */
#ifndef SW_REACTIVE_PRIV_H
#define SW_REACTIVE_PRIV_H

#include "exec/brush.h"
#include "exec/scan.h"
#include "expr/expr.h"
#include "reactive/graph.h"
#include "reactive/names.h"

struct sw_input {
    struct sw_named node;
    struct sw_arena arena;
    const struct sw_json *value; /* in the arena; NULL: unset */
};

enum sw_clause_kind { SW_CLAUSE_BETWEEN, SW_CLAUSE_IN, SW_CLAUSE_EQUALS, SW_CLAUSE_EXPR };

struct sw_clause {
    enum sw_clause_kind kind;
    struct sw_span name;         /* empty: none */
    struct sw_span column;       /* not SW_CLAUSE_EXPR */
    const struct sw_json *value; /* may hold "$name" */
    bool is_low_open, is_high_open;
    struct sw_expr *expr; /* SW_CLAUSE_EXPR; owned */
    struct sw_span text;  /* of expr */
    size_t inputs;
    const struct sw_span *input; /* names that it follows */
};

struct sw_selection {
    struct sw_named node;
    struct sw_arena arena; /* all below */
    const struct sw_json *definition;
    struct sw_span table;
    size_t clauses;
    struct sw_clause *clause;
};

struct sw_output {
    struct sw_named node;
    struct sw_arena arena; /* the definition */
    const struct sw_json *definition;
    const struct sw_json *params; /* the definition without what is common to all, but for facet */
    struct sw_span kind, table, select;
    const struct sw_json *except; /* list of clause names, or NULL */
    struct sw_expr *where;        /* owned */
    struct sw_span where_text;
    const struct sw_fold *fold; /* NULL: a page */
    size_t inputs;
    const struct sw_span *input; /* names that the parameters hold */

    bool is_paused;
    bool is_dirty;              /* an input or the definition has changed */
    bool is_stale;              /* the table has a newer version ... */
    bool is_edited;             /* ... that is not one of many while it loads */
    enum sw_output_state shown; /* what the owner was told last */
    double shown_progress;
    struct sw_buf settled;         /* key of what value or err show; empty: nothing */
    struct sw_output_value *value; /* counted */
    bool has_err;
    struct sw_err err;
    uint64_t seq;
};

/* Filters with the keys that tell them apart, each once. */
struct sw_filter_list {
    size_t count, capacity;
    struct sw_filter **filter;       /* owned until taken */
    struct sw_span *key;             /* owned; texts in the arena */
    const struct sw_clause **clause; /* owned; whose it is first; NULL: of a `where` */
    struct sw_arena *arena;
    struct sw_span skip; /* clauses that follow this input are left out; may be empty */
};

struct sw_run_item {
    struct sw_run *run;
    struct sw_output *output;      /* NULL: dropped or redefined since */
    size_t table;                  /* index into the run's */
    struct sw_span key;            /* of what is computed; in the run's arena */
    struct sw_identity definition; /* of kind and parameters with their inputs, for partials */
    const struct sw_json *params;
    uint32_t *filter; /* indices into the table's list; in the arena */
    uint32_t filters;
    struct sw_foldrun *foldrun; /* until given to the scan */
    int32_t slot;               /* in the table's scan, or -1 */
    struct sw_page_job *page_job;
    sw_status status;
    struct sw_err err;
    uint64_t rows;
    struct sw_series *series; /* counted */
    struct sw_page *page;     /* counted */
    bool is_brushed;          /* the brushed input filters it: an index could answer, under ... */
    struct sw_identity identity;
};

struct sw_run_table {
    struct sw_run *run;
    struct sw_span name;        /* in the arena */
    struct sw_version *version; /* counted; NULL: there is no such table */
    uint8_t *reads;             /* [columns] formulas that some item reads; in the arena; NULL: the
                                   table has none */
    struct sw_filter_list list;
    uint32_t slots;
    struct sw_scan *scan; /* running */
};

struct sw_run {
    struct sw_graph *graph; /* NULL: forgotten */
    struct sw_arena arena;
    size_t items, tables;
    struct sw_run_item *item;   /* in the arena */
    struct sw_run_table *table; /* in the arena */
    struct sw_need *need;       /* [tables] in the arena */
    struct sw_input *kept;      /* values before later changes, while it is prepared; owned list by
                                   node.next */
    bool is_preparing;          /* sw_graph_prepared is still to come */
    bool was_prepared;          /* it has come */
    size_t pending;             /* jobs whose done half is still to come; 1 more while starting */
    int64_t changed_us;         /* the oldest change that it answers */
    int64_t started_us;
    int64_t begun_us; /* the first step of a scan; 0: none yet known */
    bool is_drag;     /* inputs alone, again and again: what filters pass will not come again */
    struct sw_span brushed; /* the one input that has changed, else that of the index; or empty */
    bool moves_again;       /* it alone had changed before the last run, or has an index */
    const struct sw_filter *asked; /* the index was moved to this filter */
    bool is_met;                   /* it could be */
    bool is_told;                  /* on_start was called, so on_flush follows */
    bool is_superseded;            /* an input of one of its outputs has changed since */
    bool is_cancelled;
    bool is_too_long; /* cancelled because it took longer than it may */
    bool is_cut;      /* some job ended before its result */
};

/* brushing.c */
struct sw_brushing {
    char *moved, *last;  /* inputs; owned: changed since the last run, and before it; NULL: none */
    bool has_several;    /* inputs that changed since the last run */
    char *input, *table; /* of the index, or of the last try; owned */
    struct sw_brush *brush;    /* owned; NULL: none */
    int64_t used_us;           /* when it was asked last */
    struct sw_identity *known; /* of the outputs that it was made for; owned */
    size_t knowns;
};

struct sw_graph {
    struct sw_graph_options options;
    struct sw_brushing brushing;
    struct sw_names inputs, selections, outputs; /* owned; outputs run in the order of definition */
    struct sw_run *run;                          /* the one that goes on, or NULL */
    const struct sw_run *view;                   /* whose inputs are looked up; NULL: the newest */
    int64_t changed_us;                          /* oldest change not yet taken by a run; 0: none */
    int64_t stale_run_us;                        /* when a run for new versions last started */
    int64_t input_run_us;                        /* when a run for inputs last started; 0: never */
    int64_t flushed_us;                          /* last flush that showed something */
    bool has_stale_run;
    bool has_flushed;
    bool was_cancelled; /* the last run */
    bool owes_flush;    /* inputs came that no run has taken yet */
    bool is_restoring;  /* definitions are taken as they are */
};

int64_t sw_graph_now(const struct sw_graph *graph);

static inline struct sw_output *sw_output_first(const struct sw_graph *graph)
{
    return (struct sw_output *)graph->outputs.first;
}

static inline struct sw_output *sw_output_next(const struct sw_output *output)
{
    return (struct sw_output *)output->node.next;
}

/* graph.c */
void sw_input_free(struct sw_input *input);
struct sw_output *sw_graph_output(const struct sw_graph *graph, struct sw_span name);
struct sw_selection *sw_graph_selection(const struct sw_graph *graph, struct sw_span name);
/* Value of an input, or NULL. */
const struct sw_json *sw_graph_input(const struct sw_graph *graph, struct sw_span name);
void sw_graph_tell_state(struct sw_graph *graph, struct sw_output *output,
                         enum sw_output_state state, double progress, const struct sw_err *err);

/* reference.c */
/* Is the text "$name"? */
bool sw_reference_parse(const struct sw_json *json, struct sw_span *name);
/* Names in a tree ("$name", and in the text of members called `expr`), each once, appended to a
 * list in the arena; false: no memory. */
bool sw_reference_collect(struct sw_arena *arena, const struct sw_json *json,
                          struct sw_span **names, size_t *count);
/* A copy with each "$name" replaced by its input's value and "$$" by "$" at a text's start. An
 * unset input becomes null, or with `missing` stops there and names it. NULL: no memory, or
 * missing. */
const struct sw_json *sw_reference_replace(const struct sw_graph *graph, struct sw_arena *arena,
                                           const struct sw_json *json, struct sw_span *missing);

/* selection.c */
SW_MUST_USE sw_status sw_selection_new(struct sw_graph *graph, const struct sw_json *params,
                                       struct sw_selection **selection, struct sw_err *err);
void sw_selection_free(struct sw_selection *selection);
bool sw_selection_has_clause(const struct sw_selection *selection, struct sw_span name);
bool sw_clause_follows(const struct sw_clause *clause, struct sw_span input);
bool sw_is_excepted(const struct sw_clause *clause, const struct sw_json *except);
void sw_filter_list_fini(struct sw_filter_list *list);
/* The filters of all clauses that are on; indices into the list appended to into[] (room for
 * SW_CLAUSES_MAX), list in `list->arena`. */
SW_MUST_USE sw_status sw_selection_filters(const struct sw_graph *graph,
                                           const struct sw_selection *selection,
                                           const struct sw_json *except,
                                           const struct sw_version *version,
                                           struct sw_filter_list *list, uint32_t *into,
                                           uint32_t *count, struct sw_err *err);
SW_MUST_USE sw_status sw_where_filter(const struct sw_graph *graph, const struct sw_expr *expr,
                                      struct sw_span text, const struct sw_version *version,
                                      struct sw_filter_list *list, uint32_t *into, uint32_t *count,
                                      struct sw_err *err);
/* The selection by name, which must be of that table. */
SW_MUST_USE sw_status sw_selection_need(const struct sw_graph *graph, struct sw_span name,
                                        struct sw_span table, struct sw_selection **selection,
                                        struct sw_err *err);
sw_status sw_graph_no_memory(struct sw_err *err);

/* output.c */
SW_MUST_USE sw_status sw_output_new(struct sw_graph *graph, const struct sw_json *params,
                                    struct sw_output **output, struct sw_err *err);
void sw_output_free(struct sw_output *output);
bool sw_output_follows(const struct sw_graph *graph, const struct sw_output *output,
                       struct sw_span input);
/* Indices into the list of the filters that the output wants; into[]: SW_CLAUSES_MAX + 1. */
SW_MUST_USE sw_status sw_output_filters(const struct sw_graph *graph,
                                        const struct sw_output *output,
                                        const struct sw_version *version,
                                        struct sw_filter_list *list, uint32_t *into,
                                        uint32_t *count, struct sw_err *err);
/* Its parameters with inputs put in; SW_PARAMS naming an input that is not set. */
SW_MUST_USE sw_status sw_output_params(const struct sw_graph *graph, const struct sw_output *output,
                                       struct sw_arena *arena, const struct sw_json **params,
                                       struct sw_err *err);
/* Reads a page's parameters; columns and sort are in the arena. */
SW_MUST_USE sw_status sw_output_page_spec(const struct sw_json *params,
                                          const struct sw_version *version, struct sw_arena *arena,
                                          struct sw_page_spec *spec, struct sw_err *err);

/* reads.c */
/* Formulas that the output reads with its parameters of now, added to `set`. */
void sw_output_add_reads(const struct sw_graph *graph, const struct sw_output *output,
                         const struct sw_schema *schema, uint8_t *set);
/* Are they all there, or is there one that cannot be computed? */
bool sw_output_is_ready(const struct sw_graph *graph, const struct sw_output *output,
                        const struct sw_version *version);

/* brushing.c */
void sw_brushing_input(struct sw_graph *graph, struct sw_span name); /* it has changed */
void sw_brushing_begin(struct sw_run *run);
/* From the index; false: it does not hold the item. */
bool sw_brushing_answer(struct sw_run *run, struct sw_run_item *item);
/* Starts an index where the brush has moved twice and the run had to scan, or brings the one that
 * is there to the run's version. */
void sw_brushing_make(struct sw_run *run);
/* The index of the one input that has changed is being made. */
bool sw_brushing_is_near(const struct sw_graph *graph);
void sw_brushing_table_changed(struct sw_graph *graph, struct sw_span table);
void sw_brushing_drop(struct sw_graph *graph);
void sw_brushing_fini(struct sw_graph *graph);

/* mark.c */
void sw_mark_changed(struct sw_graph *graph);
void sw_mark_output(struct sw_graph *graph, struct sw_output *output);
void sw_mark_input(struct sw_graph *graph, struct sw_span name);
void sw_mark_selection(struct sw_graph *graph, struct sw_span name);
/* The output goes: a run that has it forgets it. */
void sw_mark_gone(struct sw_graph *graph, struct sw_output *output);
double sw_run_progress(const struct sw_run *run);

/* run.c */
/* Appends to `text` what a definition says with the inputs of now, and makes an identity of it. */
void sw_output_put_definition(const struct sw_graph *graph, const struct sw_output *output,
                              const struct sw_json *params, struct sw_buf *text,
                              struct sw_identity *identity);
/* False: there is no memory; what is dirty stays so. */
bool sw_run_start(struct sw_graph *graph);
void sw_run_cancel(struct sw_run *run);
/* The input is about to get another value: a run that is being prepared keeps the one it has.
 * False: no memory. */
bool sw_run_keep_input(struct sw_run *run, struct sw_input *input);
void sw_run_free(struct sw_run *run);

/* content.c */
/* Of a planned item. */
SW_MUST_USE sw_status sw_run_content(const struct sw_run *run, const struct sw_run_item *item,
                                     struct sw_identity *content, struct sw_err *err);

/* settle.c */
/* The output shows at this version what it showed before. */
void sw_output_renew(struct sw_output *output, uint64_t version);
void sw_run_scan_done(void *table, struct sw_scan *scan);
void sw_run_page_done(void *item, sw_status status, struct sw_page *page, const struct sw_err *err);
/* One of the run's pending things is over. */
void sw_run_settle(struct sw_run *run);

#endif
