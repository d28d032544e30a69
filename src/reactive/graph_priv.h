/* graph_priv: the graph's nodes, for the files of reactive/ only.
 *
 *   inputs --names--> clauses of selections --names--> outputs <--names-- tables
 *
 * Edges are names, looked up when a run starts: a selection may be redefined and a
 * table dropped at any time, and whoever names it sees what is there then.
 *
 * An output is dirty when something it names has changed.  When a run starts, its
 * key is made: its definition with the inputs' values put in, and the clauses that
 * filter it.  A key that equals the one of its last settled value, on the same data,
 * means that the value still holds: the output is clean without a run.            */
#ifndef SW_REACTIVE_GRAPH_PRIV_H
#define SW_REACTIVE_GRAPH_PRIV_H

#include <uthash.h>

#include "exec/scan.h"
#include "expr/expr.h"
#include "reactive/graph.h"

struct sw_input {
    char *name;                  /* owned */
    struct sw_arena arena;       /* owns value */
    const struct sw_json *value; /* JSON null: unset */
    UT_hash_handle by_name;
};

enum sw_clause_kind { SW_CLAUSE_BETWEEN, SW_CLAUSE_IN, SW_CLAUSE_EQUALS, SW_CLAUSE_EXPR };

struct sw_clause {
    struct sw_span name; /* what `except` calls it; may be empty */
    enum sw_clause_kind kind;
    struct sw_span column;
    const struct sw_json *operand; /* a literal, or the text "$input" */
    bool is_low_open, is_high_open;
    struct sw_expr *expr; /* SW_CLAUSE_EXPR; owned */
    struct sw_span text;  /* its source */
};

struct sw_selection {
    char *name, *table;    /* owned */
    struct sw_arena arena; /* owns what clauses point to */
    struct sw_clause clause[SW_CLAUSES_MAX];
    uint32_t clauses;
    UT_hash_handle by_name;
};

struct sw_output {
    char *name;                   /* owned */
    struct sw_arena arena;        /* owns params and spans */
    const struct sw_json *params; /* as defined */
    struct sw_span kind, table, select;
    const struct sw_json *except; /* list of clause names, or NULL */
    struct sw_span where_text;
    struct sw_expr *where;      /* owned; NULL: none */
    const struct sw_fold *fold; /* NULL: a page */
    uint64_t serial;            /* of this definition */
    bool is_paused, is_dirty, is_in_run, is_busy_told;
    bool is_data_new; /* the table changed since the last settled value */
    bool is_urgent;   /* dirty by more than a table that is still growing */
    double progress_told;
    uint64_t seq;
    struct sw_buf key;             /* of the last settled value or error */
    struct sw_output_value *value; /* counted; NULL before the first */
    bool has_error;
    struct sw_err err;
    struct sw_output *next; /* graph->outputs, in the order of definition */
    UT_hash_handle by_name;
};

/* One output's part of a run. */
struct sw_part {
    struct sw_run *run;
    char *output; /* owned: the output may be gone when the run settles */
    uint64_t serial;
    struct sw_buf key;
    uint64_t version, total;
    sw_status status; /* known before the run: a wrong definition; or from a page */
    struct sw_err err;
    struct sw_leg *leg;           /* its scan; NULL: a page, or failed already */
    uint32_t slot;                /* in it */
    struct sw_page_job *page_job; /* runs */
    struct sw_page *page;         /* counted */
};

/* One scan of a run: the outputs of one table. */
struct sw_leg {
    struct sw_run *run;
    struct sw_version *version; /* counted */
    struct sw_span table;       /* names[i] below */
    struct sw_scan *scan;       /* owned once done */
    bool is_running;
    /* while it is put together: */
    struct sw_filter **filter; /* [filters] distinct */
    struct sw_buf *filter_key;
    uint32_t filters, filters_capacity;
    struct sw_scan_output *output; /* [outputs] */
    uint32_t outputs;
};

struct sw_run {
    struct sw_graph *graph; /* NULL: the graph has gone */
    struct sw_part *part;   /* [parts] */
    uint32_t parts;
    struct sw_leg *leg; /* [legs] */
    uint32_t legs;
    char **table;     /* [legs] owned */
    uint32_t open;    /* scans and pages not yet done */
    bool is_starting; /* done halves that come meanwhile do not settle */
    bool is_cancelled;
    int64_t queued_us, started_us;
};

struct sw_graph {
    struct sw_graph_options options;
    struct sw_input *inputs;           /* uthash */
    struct sw_selection *selections;   /* uthash */
    struct sw_output *outputs_by_name; /* uthash */
    struct sw_output *outputs;         /* list */
    uint32_t output_count;
    uint64_t serial;
    struct sw_run *run;        /* NULL: idle */
    bool is_flush_due;         /* an input was set that no flush has closed */
    bool was_cancelled;        /* the run before this one */
    int64_t dirty_since_us;    /* 0: nothing dirty */
    int64_t frame_us;          /* of the last flush */
    int64_t start_us, cost_us; /* last run: start, time */
};

int64_t sw_graph_now_us(const struct sw_graph *graph);
/* JSON null where unset. */
const struct sw_json *sw_graph_input(const struct sw_graph *graph, struct sw_span name);
/* For sw_expr_compile; context is the graph. */
const struct sw_json *sw_graph_expr_input(void *context, struct sw_span name);
/* The input that a text "$name" stands for, or an empty span. */
struct sw_span sw_graph_input_of(const struct sw_json *json);

/* selection.c */
struct sw_selection *sw_selection_find(const struct sw_graph *graph, struct sw_span name);
void sw_selection_free_all(struct sw_graph *graph);
bool sw_clause_uses(const struct sw_clause *clause, struct sw_span input);
/* Its input is set (or it needs none). */
bool sw_clause_is_on(const struct sw_graph *graph, const struct sw_clause *clause);
/* What identifies its filter: column, kind, values. */
void sw_clause_put_key(const struct sw_graph *graph, const struct sw_clause *clause,
                       struct sw_buf *key);
SW_MUST_USE sw_status sw_clause_filter(struct sw_graph *graph, const struct sw_clause *clause,
                                       const struct sw_version *version, struct sw_filter **filter,
                                       struct sw_err *err);
/* The same for a where expression. */
void sw_where_put_key(const struct sw_graph *graph, const struct sw_expr *expr, struct sw_span text,
                      struct sw_buf *key);
SW_MUST_USE sw_status sw_where_filter(struct sw_graph *graph, const struct sw_expr *expr,
                                      const struct sw_version *version, struct sw_filter **filter,
                                      struct sw_err *err);

/* output.c */
struct sw_output *sw_output_find(const struct sw_graph *graph, struct sw_span name);
void sw_output_free_all(struct sw_graph *graph);
bool sw_output_uses_input(const struct sw_graph *graph, const struct sw_output *output,
                          struct sw_span input);
bool sw_output_is_except(const struct sw_output *output, const struct sw_clause *clause);
/* Its params with the inputs' values for "$name" texts; SW_PARAMS where one is not set. */
SW_MUST_USE sw_status sw_output_params(const struct sw_graph *graph, const struct sw_output *output,
                                       const struct sw_schema *schema, struct sw_arena *arena,
                                       const struct sw_json **params, struct sw_err *err);

/* mark.c */
void sw_mark_output(struct sw_graph *graph, struct sw_output *output, bool is_urgent);
void sw_mark_input(struct sw_graph *graph, struct sw_span name);
void sw_mark_selection(struct sw_graph *graph, struct sw_span name);
/* Cancel the running work if what is dirty makes it stale and the rules allow it. */
void sw_mark_supersede(struct sw_graph *graph);

/* start.c */
void sw_run_start(struct sw_graph *graph);
void sw_run_free(struct sw_run *run);
/* settle.c: a scan or a page of it is done. */
void sw_settle_scan(void *context, struct sw_scan *scan);
void sw_settle_page(void *context, sw_status status, struct sw_page *page,
                    const struct sw_err *err);
void sw_settle_if_over(struct sw_run *run);

#endif
