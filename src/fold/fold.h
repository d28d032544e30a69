/* fold: the one shape of every answer.  An output kind is a struct sw_fold of
 * functions in a file of its own (fold/histogram.c, fold/groupby.c, ...):
 *
 *   plan     parameters + version -> plan: columns resolved, axes and domains fixed
 *   init     an empty partial result
 *   fold     one vector of rows (and its filter) into a partial
 *   merge    two partials; the scan calls it in row group order, so that floats
 *            come out the same whatever the number of workers
 *   finish   the partial into a series; SW_AGAIN asks for another round over the
 *            chunks with the plan as finish has changed it (facets, quantiles)
 *
 * and, so that a partial can be kept for the versions to come (exec/partials.h):
 *
 *   needs    what a partial follows from: columns, and what the plan found in the version
 *   settle   the partial takes no more rows: what only folding needs goes
 *
 * plan/finish/plan_free run on the loop or a worker, one at a time; init, fold,
 * merge, state_free on workers: a plan is read-only to them.  fold never fails
 * and never blocks: a partial that cannot grow remembers its status and merge or
 * finish returns it.  Nothing per row allocates, locks or branches on type: the
 * loops are in kernel/.                                                         */
#ifndef SW_FOLD_FOLD_H
#define SW_FOLD_FOLD_H

#include "base/identity.h"
#include "base/json.h"
#include "expr/expr.h"
#include "kernel/batch.h"
#include "table/series.h"

/* What a plan is made over: the rows, and the inputs that its expressions name. */
struct sw_fold_env {
    const struct sw_version *version;
    sw_expr_input_fn input; /* NULL: no input is set */
    void *context;
};

#define SW_FOLD_GROUPS UINT32_MAX /* rows of several row groups, numbered as they are now */

enum sw_fold_reading {
    SW_READ_NOT,
    SW_READ_FINISH, /* by finish alone: the value needs it, a partial does not */
    SW_READ_FOLD
};

/* What a value follows from besides its definition and its filters.  Partials of one definition
 * with equal identities over the same chunks (and row ids, where they are read) are equal. */
struct sw_fold_needs {
    struct sw_identity identity; /* of what the plan found in the version: axes, how sums are cut */
    uint8_t *reads;              /* [columns of the schema] enum sw_fold_reading; owned */
    bool reads_row_ids;
    bool is_known; /* else it follows from the version as a whole */
};

static inline void sw_fold_reads(struct sw_fold_needs *needs, uint32_t column)
{
    needs->reads[column] = SW_READ_FOLD;
}

struct sw_cube_shape;
struct sw_cube_cells;

struct sw_fold {
    const char *kind; /* PROTOCOL section 4 */
    SW_MUST_USE sw_status (*plan)(const struct sw_json *params, const struct sw_fold_env *env,
                                  void **plan, struct sw_err *err);
    void (*plan_free)(void *plan);
    SW_MUST_USE sw_status (*init)(const void *plan, void **state);
    void (*fold)(const void *plan, void *state, struct sw_batch *batch);
    /* `from` stays as it is: other scans may be merging it.  All its rows are of the row group
     * `group`, wherever that lay when they were folded, but for SW_FOLD_GROUPS. */
    SW_MUST_USE sw_status (*merge)(const void *plan, void *into, const void *from, uint32_t group);
    /* Writes its fields into `panel` of the series (made by the caller). */
    SW_MUST_USE sw_status (*finish)(void *plan, void *state, struct sw_series *series, size_t panel,
                                    struct sw_err *err);
    void (*state_free)(void *state);         /* NULL accepted; the plan may be gone */
    size_t (*state_bytes)(const void *plan); /* an estimate, for budgets */
    bool (*has_rounds)(const void *plan);    /* may finish say SW_AGAIN?  NULL: never */
    /* Both or none; see struct sw_fold_needs.  settle returns the bytes that are left; SIZE_MAX
     * for a partial that has failed. */
    void (*needs)(const void *plan, struct sw_fold_needs *needs);
    size_t (*settle)(void *state);
    /* All or none; see fold/cube.h.  cube: false where this plan cannot; cells: the cell of each
     * row of the vector into[SW_VECTOR_ROWS]; fill: the cells into an empty partial. */
    bool (*cube)(const void *plan, struct sw_cube_shape *shape);
    void (*cells)(const void *plan, struct sw_batch *batch, uint16_t *into);
    SW_MUST_USE sw_status (*fill)(const void *plan, void *state, const struct sw_cube_cells *cells);
};

/* The kind by name, or NULL. A page ("table") is no fold: see exec/page.h. */
const struct sw_fold *sw_fold_find(struct sw_span kind);

/* Parameters that belong to every output and not to its kind; a kind's plan ignores them. */
extern const char *const sw_fold_common_params[];

/* A planned output with its facet, if it has one: what a scan runs.  Owns the plan. */
struct sw_foldrun;
SW_MUST_USE sw_status sw_foldrun_new(const struct sw_fold *fold, const struct sw_json *params,
                                     const struct sw_version *version, struct sw_foldrun **run,
                                     struct sw_err *err);
/* The same with inputs for the expressions of measures; they are read now, not later. */
SW_MUST_USE sw_status sw_foldrun_new_env(const struct sw_fold *fold, const struct sw_json *params,
                                         const struct sw_fold_env *env, struct sw_foldrun **run,
                                         struct sw_err *err);
void sw_foldrun_free(struct sw_foldrun *run);
SW_MUST_USE sw_status sw_foldrun_init(const struct sw_foldrun *run, void **state);
void sw_foldrun_fold(const struct sw_foldrun *run, void *state, struct sw_batch *batch);
SW_MUST_USE sw_status sw_foldrun_merge(const struct sw_foldrun *run, void *into, const void *from,
                                       uint32_t group);
/* SW_OK with *series (one reference), or SW_AGAIN: fold once more from sw_foldrun_init. */
SW_MUST_USE sw_status sw_foldrun_finish(struct sw_foldrun *run, void *state,
                                        struct sw_series **series, struct sw_err *err);
void sw_foldrun_state_free(void *state); /* also after the run has gone */
size_t sw_foldrun_state_bytes(const struct sw_foldrun *run);
/* Of the round to come; SW_NO_MEMORY.  Owned by the caller: sw_fold_needs_fini. */
SW_MUST_USE sw_status sw_foldrun_needs(const struct sw_foldrun *run, struct sw_fold_needs *needs);
void sw_fold_needs_fini(struct sw_fold_needs *needs);
/* Can partials of this round be kept at all? */
bool sw_foldrun_is_kept(const struct sw_foldrun *run);
size_t sw_foldrun_settle(void *state); /* as settle of the kind */
/* As of the kind; faceted outputs have no cube. */
bool sw_foldrun_cube(const struct sw_foldrun *run, struct sw_cube_shape *shape);
void sw_foldrun_cells(const struct sw_foldrun *run, struct sw_batch *batch, uint16_t *into);
SW_MUST_USE sw_status sw_foldrun_fill(const struct sw_foldrun *run, void *state,
                                      const struct sw_cube_cells *cells, uint64_t rows);
uint64_t sw_foldrun_state_rows(const void *state);

#endif
