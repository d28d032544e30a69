/* See fold.h: a planned output, with its facet if it has one, as a scan runs it. */
#include <stdlib.h>

#include "base/obj.h"
#include "base/params.h"
#include "fold/facet.h"

#define RUN_MAGIC   0x666c726eu /* "flrn" */
#define STATE_MAGIC 0x666c7374u /* "flst" */

struct sw_foldrun {
    uint32_t magic;
    const struct sw_fold *fold;
    struct sw_version *version; /* counted */
    void **plan;                /* [plans]; owned */
    uint32_t plans;
    bool has_facet;
    struct sw_facet facet;
};

struct run_state {
    uint32_t magic;
    const struct sw_fold *fold;
    uint64_t rows; /* selected */
    void *plain;   /* of the kind; NULL when faceted */
    struct sw_facet_state *facet;
};

static const struct sw_foldrun *run_of(const struct sw_foldrun *run)
{
    sw_assert(run->magic == RUN_MAGIC);
    return run;
}

static struct run_state *state_of(void *state)
{
    return SW_CAST(struct run_state, STATE_MAGIC, state);
}

/* -- life --------------------------------------------------------------------------- */

static sw_status read_facet(struct sw_foldrun *run, const struct sw_json *params,
                            struct sw_err *err)
{
    struct sw_span column = {NULL, 0};
    int64_t limit = SW_FACET_LIMIT;
    const struct sw_json *json = sw_json_member(params, "facet");
    const struct sw_param list[] = {
        {.name = "column", .kind = SW_PARAM_NAME, .is_required = true, .into = &column},
        {.name = "limit", .kind = SW_PARAM_INT, .into = &limit, .low = 1, .high = SW_FACETS_MAX},
    };
    if (sw_json_is_null(json)) {
        return SW_OK;
    }
    SW_TRY(sw_params_read(json, "facet", list, 2, NULL, err));
    run->has_facet = true;
    run->facet =
        (struct sw_facet){.fold = run->fold, .version = run->version, .limit = (uint32_t)limit};
    return sw_schema_need(run->version->schema, column, &run->facet.column, err);
}

static sw_status make_plan(struct sw_foldrun *run, const struct sw_json *params,
                           const struct sw_fold_env *env, struct sw_err *err)
{
    SW_TRY(run->fold->plan(params, env, &run->plan[run->plans], err));
    run->plans++;
    return SW_OK;
}

/* One plan, or one for each panel where a kind changes it from round to round. */
static sw_status make_plans(struct sw_foldrun *run, const struct sw_json *params,
                            const struct sw_fold_env *env, struct sw_err *err)
{
    run->plan = calloc(run->has_facet ? run->facet.limit : 1, sizeof(*run->plan));
    if (run->plan == NULL) {
        return SW_NO_MEMORY;
    }
    SW_TRY(make_plan(run, params, env, err));
    if (!run->has_facet) {
        return SW_OK;
    }
    bool has_rounds = run->fold->has_rounds != NULL && run->fold->has_rounds(run->plan[0]);
    while (has_rounds && run->plans < run->facet.limit) {
        SW_TRY(make_plan(run, params, env, err));
    }
    run->facet.plan = run->plan;
    run->facet.plans = run->plans;
    return SW_OK;
}

sw_status sw_foldrun_new_env(const struct sw_fold *fold, const struct sw_json *params,
                             const struct sw_fold_env *env, struct sw_foldrun **run,
                             struct sw_err *err)
{
    struct sw_foldrun *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->magic = RUN_MAGIC;
    made->fold = fold;
    made->version = sw_version_ref((struct sw_version *)(uintptr_t)env->version);
    sw_status status = read_facet(made, params, err);
    if (status == SW_OK) {
        status = make_plans(made, params, env, err);
    }
    if (status != SW_OK) {
        sw_foldrun_free(made);
        return status;
    }
    *run = made;
    return SW_OK;
}

sw_status sw_foldrun_new(const struct sw_fold *fold, const struct sw_json *params,
                         const struct sw_version *version, struct sw_foldrun **run,
                         struct sw_err *err)
{
    const struct sw_fold_env env = {.version = version};
    return sw_foldrun_new_env(fold, params, &env, run, err);
}

void sw_foldrun_free(struct sw_foldrun *run)
{
    if (run == NULL) {
        return;
    }
    sw_facet_fini(&run->facet);
    for (uint32_t i = 0; i < run->plans; i++) {
        run->fold->plan_free(run->plan[i]);
    }
    free(run->plan);
    sw_version_unref(run->version);
    run->magic = 0;
    free(run);
}

/* -- a round --------------------------------------------------------------------------- */

sw_status sw_foldrun_init(const struct sw_foldrun *run, void **state)
{
    struct run_state *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->magic = STATE_MAGIC;
    made->fold = run->fold;
    sw_status status = run_of(run)->has_facet ? sw_facet_init(&run->facet, &made->facet)
                                              : run->fold->init(run->plan[0], &made->plain);
    if (status != SW_OK) {
        free(made);
        return status;
    }
    *state = made;
    return SW_OK;
}

void sw_foldrun_fold(const struct sw_foldrun *run, void *state_, struct sw_batch *batch)
{
    struct run_state *state = state_of(state_);
    state->rows += batch->selected;
    if (run_of(run)->has_facet) {
        sw_facet_fold(&run->facet, state->facet, batch);
    } else {
        run->fold->fold(run->plan[0], state->plain, batch);
    }
}

sw_status sw_foldrun_merge(const struct sw_foldrun *run, void *into_, const void *from_,
                           uint32_t group)
{
    struct run_state *into = state_of(into_);
    const struct run_state *from = from_;
    sw_assert(from->magic == STATE_MAGIC);
    into->rows += from->rows;
    return run_of(run)->has_facet ? sw_facet_merge(&run->facet, into->facet, from->facet, group)
                                  : run->fold->merge(run->plan[0], into->plain, from->plain, group);
}

static sw_status finish_plain(struct sw_foldrun *run, struct run_state *state,
                              struct sw_series **series, struct sw_err *err)
{
    struct sw_series *made;
    SW_TRY(sw_series_new(1, &made));
    sw_status status = run->fold->finish(run->plan[0], state->plain, made, 0, err);
    if (status != SW_OK) {
        sw_series_unref(made);
        return status;
    }
    *series = made;
    return SW_OK;
}

sw_status sw_foldrun_finish(struct sw_foldrun *run, void *state_, struct sw_series **series,
                            struct sw_err *err)
{
    struct run_state *state = state_of(state_);
    sw_status status = run_of(run)->has_facet
                           ? sw_facet_finish(&run->facet, state->facet, series, err)
                           : finish_plain(run, state, series, err);
    if (status == SW_OK) {
        (*series)->rows = state->rows;
    } else if (status == SW_NO_MEMORY) {
        return sw_fail(err, status, "There is not enough memory to compute this output.");
    }
    return status;
}

void sw_foldrun_state_free(void *state_)
{
    if (state_ == NULL) {
        return;
    }
    struct run_state *state = state_of(state_);
    sw_facet_free(state->facet);
    state->fold->state_free(state->plain);
    state->magic = 0;
    free(state);
}

size_t sw_foldrun_state_bytes(const struct sw_foldrun *run)
{
    size_t one = run_of(run)->fold->state_bytes(run->plan[0]);
    return run->has_facet ? one * run->facet.limit : one;
}

/* -- kept partials --------------------------------------------------------------------- */

sw_status sw_foldrun_needs(const struct sw_foldrun *run, struct sw_fold_needs *needs)
{
    *needs = (struct sw_fold_needs){.is_known = run_of(run)->fold->needs != NULL};
    if (!needs->is_known) {
        return SW_OK;
    }
    needs->reads = calloc(run->version->schema->columns + (size_t)1, 1);
    if (needs->reads == NULL) {
        return SW_NO_MEMORY;
    }
    run->fold->needs(run->plan[0], needs);
    if (run->has_facet) {
        sw_facet_needs(&run->facet, needs);
    }
    return SW_OK;
}

void sw_fold_needs_fini(struct sw_fold_needs *needs)
{
    free(needs->reads);
    *needs = (struct sw_fold_needs){0};
}

bool sw_foldrun_is_kept(const struct sw_foldrun *run)
{
    const struct sw_fold *fold = run_of(run)->fold;
    return fold->needs != NULL && (fold->has_rounds == NULL || !fold->has_rounds(run->plan[0]));
}

size_t sw_foldrun_settle(void *state_)
{
    struct run_state *state = state_of(state_);
    size_t bytes =
        state->facet != NULL ? sw_facet_settle(state->facet) : state->fold->settle(state->plain);
    return bytes > SIZE_MAX - sizeof(*state) ? SIZE_MAX : bytes + sizeof(*state);
}

uint64_t sw_foldrun_state_rows(const void *state)
{
    return ((const struct run_state *)state)->rows;
}

/* -- an index over it -------------------------------------------------------------------- */

bool sw_foldrun_cube(const struct sw_foldrun *run, struct sw_cube_shape *shape)
{
    return !run_of(run)->has_facet && run->fold->cube != NULL &&
           run->fold->cube(run->plan[0], shape);
}

void sw_foldrun_cells(const struct sw_foldrun *run, struct sw_batch *batch, uint16_t *into)
{
    run_of(run)->fold->cells(run->plan[0], batch, into);
}

sw_status sw_foldrun_fill(const struct sw_foldrun *run, void *state_,
                          const struct sw_cube_cells *cells, uint64_t rows)
{
    struct run_state *state = state_of(state_);
    state->rows = rows;
    return run_of(run)->fold->fill(run->plan[0], state->plain, cells);
}
