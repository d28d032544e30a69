/* derive_priv: what the files of derive/ share.  No one else includes it.
 *
 *   parse.c    definition -> plan
 *   run.c      the phases, one after another; the job that a phase's parts run in
 *   names.c    columns by name, what of a schema is needed, names for new columns
 *   join.c     which row goes with which; joinkey.c, wordmap.c: values -> keys
 *   gather.c   rows of a version, in any order, as a new one
 *   extend.c   expressions as further columns
 *   group.c    groups and measures (fold/grouped.h) as rows
 *   pivot.c    groups as columns
 *
 * Loop: everything but the part functions (`_work`), which run on workers and touch their own
 * part, atomics, and what no part of the phase changes.                                        */
#ifndef SW_DERIVE_DERIVE_PRIV_H
#define SW_DERIVE_DERIVE_PRIV_H

#include <pthread.h>

#include "base/arena.h"
#include "derive/derive.h"
#include "exec/order.h"
#include "exec/scan.h"
#include "exec/sieve.h"
#include "table/builder.h"

#define SW_DERIVE_MAGIC 0x64657276u /* "derv" */
#define SW_ROW_NONE     UINT32_MAX  /* no row: a left join found none */

/* -- plan (parse.c) ------------------------------------------------------------------------- */

/* A column of the result, or a key of its groups: a column by name, or an expression. */
struct sw_derive_column {
    struct sw_span name;
    struct sw_span column; /* where there is no expression */
    struct sw_expr *expr;  /* owned */
};

struct sw_derive_on {
    struct sw_span left, right;
};

struct sw_derive_sort {
    struct sw_span column;
    bool is_descending;
};

struct sw_derive_plan {
    uint32_t refs;
    struct sw_arena arena; /* all below but the expressions */
    struct sw_span from, select;
    struct sw_expr *where, *having; /* owned; NULL: none */

    bool has_join, is_left_join;
    struct sw_span join, suffix;
    uint32_t ons;
    struct sw_derive_on *on;

    bool has_columns; /* else all */
    uint32_t columns;
    struct sw_derive_column *column;

    bool is_grouped; /* group_by, measures or pivot */
    uint32_t keys;
    struct sw_derive_column *key;
    const struct sw_json *measures;    /* an object, or NULL: none */
    uint32_t measure_count;            /* what they read: */
    struct sw_derive_column *measured; /* [measure_count] column or expression, or neither */
    bool has_pivot;
    struct sw_span pivot;
    uint32_t pivot_limit;

    bool is_distinct;
    uint32_t sorts;
    struct sw_derive_sort *sort;
    bool has_limit;
    uint64_t limit;

    size_t inputs;
    struct sw_span *input;
};

/* -- run (run.c) ---------------------------------------------------------------------------- */

struct sw_derive_join;
struct sw_derive_gather;
struct sw_derive_extend;
struct sw_derive_group;
struct sw_derive_pivot;

/* One part of a phase. */
typedef sw_status (*sw_derive_part_fn)(struct sw_derive *run, unsigned worker, uint64_t part,
                                       struct sw_err *err);
/* The phase's parts are done (or it had none); on the loop. */
typedef sw_status (*sw_derive_then_fn)(struct sw_derive *run, struct sw_err *err);

/* Where a column of the result comes from: names are in the run's arena. */
struct sw_derive_out {
    struct sw_span name;
    uint32_t column; /* of run->now */
};

struct sw_derive {
    struct sw_job job; /* first: a step finds the rest by it */
    uint32_t magic;
    struct sw_pool *pool;
    struct sw_lane *lane;
    sw_derive_done_fn done;
    void *context;
    struct sw_derive_plan *plan; /* counted */
    struct sw_budget *budget;
    const struct sw_clock *clock;
    uint64_t number;
    struct sw_arena arena;
    const struct sw_json **input; /* [plan->inputs] as they were at the start; NULL: unset */

    struct sw_version *now;    /* counted: what the phases so far made */
    struct sw_version *join;   /* counted; NULL: none, or joined */
    struct sw_filter **filter; /* owned: not yet applied, over the columns of `now` */
    uint32_t filters;
    const struct sw_expr *where; /* not yet applied; borrowed from the plan */
    struct sw_derive_out *out;   /* [outs] what of `now` goes on, or the keys; NULL: all */
    uint32_t outs;
    bool is_group_done; /* names are those of the groups */

    uint32_t phase;
    bool is_cancelled;
    bool is_busy; /* a job runs */

    /* the parts of a phase */
    sw_derive_part_fn part;
    sw_derive_then_fn then;
    uint64_t parts;
    _Atomic uint64_t next;
    _Atomic bool is_failed;
    pthread_mutex_t lock;
    sw_status status;  /* lock */
    struct sw_err err; /* lock */

    /* or a job of exec's */
    struct sw_order_job *order_job;
    struct sw_scan *scan;
    struct sw_order *order; /* counted: that a gather reads */
    uint64_t select_limit;

    /* what phases hold; freed when they end, or with the run */
    struct sw_derive_join *joining;
    struct sw_derive_gather *gather;
    struct sw_derive_extend *extend;
    struct sw_derive_group *group;
    struct sw_derive_pivot *pivot;
};

sw_status sw_derive_no_memory(struct sw_err *err);
/* Run `part` for 0..parts-1, `width` at once (0: any), then `then` on the loop. */
void sw_derive_parts(struct sw_derive *run, uint64_t parts, unsigned width, sw_derive_part_fn part,
                     sw_derive_then_fn then);
/* The phase is over: `version` (taken over; NULL: as it is) is what the next one sees. */
sw_status sw_derive_next(struct sw_derive *run, struct sw_version *version, struct sw_err *err);
/* Done halves of exec's jobs: what comes after is run->then. The context is the run. */
void sw_derive_order_done(void *run, sw_status status, struct sw_order *order,
                          const struct sw_err *err);
void sw_derive_scan_done(void *run, struct sw_scan *scan);
/* An input of the plan as it was at the start: sw_expr_input_fn, the context is the run. */
const struct sw_json *sw_derive_input(void *run, struct sw_span name);
SW_MUST_USE sw_status sw_derive_compile(struct sw_derive *run, const struct sw_expr *expr,
                                        const struct sw_schema *schema, struct sw_program **program,
                                        struct sw_err *err);
/* Takes what filters there are for `now`, the where expression among them. */
SW_MUST_USE sw_status sw_derive_take_filters(struct sw_derive *run, struct sw_filter ***filters,
                                             uint32_t *count, struct sw_err *err);
static inline bool sw_derive_has_filters(const struct sw_derive *run)
{
    return run->filters > 0 || run->where != NULL;
}

/* -- names.c -------------------------------------------------------------------------------- */

/* run->out: all columns of `now`, or those marked. */
SW_MUST_USE sw_status sw_derive_out_all(struct sw_derive *run, const bool *marked,
                                        struct sw_err *err);
/* The bytes of a name that fit, no UTF-8 sequence cut. */
size_t sw_derive_cut(struct sw_span name, size_t most);
/* A name like `wanted` that none of names[0..count) has ("a", "a_2", ...), in the arena. */
struct sw_span sw_derive_free_name(struct sw_arena *arena, struct sw_span wanted,
                                   const char *suffix, const struct sw_span *names, size_t count);
/* Marks the columns of the schema that the phases still to come read. */
SW_MUST_USE sw_status sw_derive_needed(struct sw_derive *run, const struct sw_schema *schema,
                                       bool *needed, struct sw_err *err);
SW_MUST_USE sw_status sw_derive_schema(uint32_t columns, const struct sw_span *names,
                                       const enum sw_type *types, struct sw_schema **schema,
                                       struct sw_err *err);

/* -- join.c --------------------------------------------------------------------------------- */

sw_status sw_derive_join_start(struct sw_derive *run, struct sw_err *err);
void sw_derive_join_free(struct sw_derive_join *join); /* NULL accepted, as below */

/* -- gather.c ------------------------------------------------------------------------------- */

/* Which rows of a version: those of an order, or a list, or all. */
struct sw_derive_rows {
    const struct sw_version *version; /* borrowed */
    const struct sw_order *order;     /* borrowed; NULL: position, or all */
    const uint32_t *position;         /* borrowed; SW_ROW_NONE: a row of nulls */
};

/* A column to gather: of one of the two sets of rows. */
struct sw_derive_pick {
    uint32_t side; /* 0 or 1 */
    uint32_t column;
};

struct sw_derive_gather_spec {
    struct sw_derive_rows rows[2];
    uint64_t count;
    uint32_t columns;
    const struct sw_derive_pick *pick; /* copied */
    struct sw_schema *schema;          /* taken over, also on failure */
};
/* Makes a version of the rows; then sw_derive_next with it. */
sw_status sw_derive_gather(struct sw_derive *run, const struct sw_derive_gather_spec *spec,
                           struct sw_err *err);
void sw_derive_gather_free(struct sw_derive_gather *gather);
/* Filters, sort (columns of `now`) and the first `limit` rows of `now`, columns as in run->out;
 * then the next phase. */
sw_status sw_derive_select(struct sw_derive *run, const struct sw_sort_key *sort,
                           uint32_t sort_count, uint64_t limit, struct sw_err *err);

/* -- extend.c ------------------------------------------------------------------------------- */

/* `now` with a further column for each of columns[0..count) that is an expression; run->out becomes
 * those columns. Then the next phase. */
sw_status sw_derive_extend(struct sw_derive *run, const struct sw_derive_column *columns,
                           uint32_t count, struct sw_err *err);
void sw_derive_extend_free(struct sw_derive_extend *extend);

/* -- group.c -------------------------------------------------------------------------------- */

/* A row for each distinct value of the columns run->out of `now`, in the order in which they come,
 * with the measures (NULL: none). Then the next phase. */
sw_status sw_derive_group(struct sw_derive *run, const struct sw_json *measures,
                          struct sw_err *err);
void sw_derive_group_free(struct sw_derive_group *group);

/* -- pivot.c -------------------------------------------------------------------------------- */

/* `now`: keys, then the pivot's column, then one measure; sorted by the first two. */
sw_status sw_derive_pivot(struct sw_derive *run, struct sw_err *err);
void sw_derive_pivot_free(struct sw_derive_pivot *pivot);

/* -- columns.c: columns of new chunks, written part by part --------------------------------- */

/* Chunks of a version in the making: chunk[group * columns + column]. */
struct sw_derive_made {
    uint32_t groups, columns;
    struct sw_chunk **chunk; /* counted each; owned */
};
SW_MUST_USE sw_status sw_derive_made_init(struct sw_derive_made *made, uint64_t groups,
                                          uint32_t columns, struct sw_err *err);
void sw_derive_made_fini(struct sw_derive_made *made);
/* The version of them: all chunks are there. The references go over, also on failure. */
SW_MUST_USE sw_status sw_derive_made_version(struct sw_derive_made *made, uint64_t number,
                                             struct sw_schema *schema, struct sw_version **version,
                                             struct sw_err *err);
/* Groups of SW_CHUNK_ROWS rows, and the rows of one of them. */
static inline uint64_t sw_derive_groups(uint64_t rows)
{
    return (rows + SW_CHUNK_ROWS - 1) / SW_CHUNK_ROWS;
}
static inline uint32_t sw_derive_group_rows(uint64_t rows, uint64_t group)
{
    uint64_t left = rows - group * SW_CHUNK_ROWS;
    return left < SW_CHUNK_ROWS ? (uint32_t)left : SW_CHUNK_ROWS;
}
/* Words for what a builder's function returned, and the limit of a row group's text. */
SW_MUST_USE sw_status sw_derive_builder_said(sw_status status, const struct sw_builder *builder,
                                             struct sw_err *err);

#endif
