/* See formulas.h. */
#include "session/formulas.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "edit/formula.h"
#include "session/editing.h"
#include "session/forget.h"
#include "session/server_priv.h"

/* -- inputs ---------------------------------------------------------------------------- */

/* The version with these inputs; what a client can see of that is told. */
static sw_status rebind(struct sw_session *session, struct sw_table *table, bool is_input_new,
                        struct sw_err *err)
{
    struct sw_rebound rebound = {0};
    uint64_t number = table->version->number;
    uint32_t followed = table->followed;
    SW_TRY(sw_formula_rebind(table->version, number + 1, sw_graph_expr_input, session->graph,
                             &rebound, err));
    if (rebound.version == NULL) {
        return SW_OK;
    }
    sw_table_set_version(table, rebound.version);
    table->followed = followed + rebound.is_visible;
    if (is_input_new) {
        sw_graph_formulas_changed(session->graph, sw_span_text(table->name), table->version->schema,
                                  rebound.set);
    }
    free(rebound.set);
    if (rebound.is_visible) {
        sw_session_tell_changed(session, table, "formulas follow new inputs");
    }
    return SW_OK;
}

static bool is_stale(const struct sw_session *session, const struct sw_table *table,
                     bool is_wanted_only)
{
    return table->version != NULL && table->version->schema->formulas > 0 &&
           sw_formula_is_stale(table->version->schema, sw_graph_expr_input, session->graph,
                               is_wanted_only);
}

void sw_formulas_inputs_changed(struct sw_session *session)
{
    for (uint32_t i = 0; i < session->tables.count; i++) {
        struct sw_table *table = session->tables.item[i];
        if (is_stale(session, table, true) && rebind(session, table, true, NULL) != SW_OK) {
            /* no memory: who reads it next tries again, and says so */
            sw_graph_table_changed(session->graph, sw_span_text(table->name), false);
        }
    }
}

sw_status sw_formulas_refresh(struct sw_session *session, struct sw_table *table,
                              struct sw_err *err)
{
    return is_stale(session, table, false) ? rebind(session, table, false, err) : SW_OK;
}

sw_status sw_formulas_install(struct sw_session *session, struct sw_table *table,
                              struct sw_version *version, struct sw_err *err)
{
    struct sw_version *made = NULL;
    struct sw_rebound rebound = {0};
    uint64_t number = table->version->number + 1;
    uint64_t next = table->version->next_row_id;
    next = version->next_row_id > next ? version->next_row_id : next;
    if (version->number == number && version->next_row_id == next) {
        made = sw_version_ref(version);
    } else if (sw_version_new(number, version->schema, version->groups, version->group, next,
                              &made) != SW_OK) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    sw_status status =
        sw_formula_rebind(made, number, sw_graph_expr_input, session->graph, &rebound, err);
    if (status != SW_OK) {
        sw_version_unref(made);
        return status;
    }
    if (rebound.version != NULL) {
        sw_version_unref(made);
        made = rebound.version;
        free(rebound.set);
    }
    sw_table_set_version(table, made);
    return SW_OK;
}

/* -- computing ------------------------------------------------------------------------------ */

/* Formulas of a range of a version's row groups: a step takes the next group.  In the session's
 * list from its start until it is over, and one round of sw_prepare_poke has seen that. */
struct sw_realising {
    struct sw_job job;         /* first: a step finds the rest by it */
    struct sw_realising *next; /* session->realisings */
    struct sw_session *session;
    struct sw_budget *budget;   /* of the session */
    struct sw_version *version; /* counted */
    uint8_t *set;               /* [columns]; owned */
    uint32_t first, end;        /* groups */
    struct sw_realise_plan *plan;
    struct sw_realise_state **state; /* [threads]: worker; owned each */
    _Atomic uint32_t claimed, made;  /* groups */
    _Atomic bool has_failed;
    sw_status status; /* worker: of the first that failed */
    struct sw_err err;
    bool is_wanted, is_over, is_cancelled;
    bool is_again; /* formulas have given way to it */
};

static bool realise_work(struct sw_job *job, unsigned worker)
{
    struct sw_realising *run = (struct sw_realising *)job;
    struct sw_err err = {0};
    uint32_t group = run->first + atomic_fetch_add(&run->claimed, 1);
    if (group >= run->end || run->has_failed) {
        return false;
    }
    sw_status status = SW_OK;
    if (run->state[worker] == NULL) {
        status = sw_realise_state_new(run->plan, run->budget, &run->state[worker], &err);
    }
    if (status == SW_OK) {
        status = sw_realise_group(run->state[worker], run->version, group, &err);
    }
    if (status != SW_OK && !atomic_exchange(&run->has_failed, true)) {
        run->status = status;
        run->err = err;
    }
    atomic_fetch_add(&run->made, 1);
    return true;
}

static void free_states(struct sw_realising *run)
{
    unsigned threads = sw_pool_threads(run->session->server->pool);
    for (unsigned i = 0; run->state != NULL && i < threads; i++) {
        sw_realise_state_free(run->state[i]);
        run->state[i] = NULL;
    }
}

static void free_run(struct sw_realising *run)
{
    free_states(run);
    sw_realise_plan_free(run->plan);
    sw_version_unref(run->version);
    free(run->set);
    free(run->state);
    free(run);
}

static void remove_run(struct sw_realising *run)
{
    struct sw_realising **link = &run->session->realisings;
    while (*link != run) {
        link = &(*link)->next;
    }
    *link = run->next;
    free_run(run);
}

static void start(struct sw_realising *run);

/* Other formulas give way at first, once, then old steps of edits. */
static bool make_room(struct sw_realising *run)
{
    struct sw_session *session = run->session;
    if (!run->is_again && sw_editing_is_short(session, &run->err)) {
        run->is_again = true;
        if (sw_forget_formulas(session, &run->version)) {
            return true;
        }
    }
    return sw_editing_make_room(session, &run->err);
}

static void realise_done(struct sw_job *job)
{
    struct sw_realising *run = (struct sw_realising *)job;
    struct sw_session *session = run->session;
    free_states(run); /* what they hold is charged */
    if (session->graph == NULL) {
        remove_run(run);
        return;
    }
    if (run->has_failed && !run->is_cancelled && make_room(run)) {
        run->has_failed = false;
        run->status = SW_OK;
        run->claimed = 0;
        run->made = 0;
        start(run);
        return;
    }
    run->is_over = true;
    sw_prepare_poke(session);
}

static const struct sw_job_ops realise_ops = {realise_work, realise_done};

static void start(struct sw_realising *run)
{
    sw_job_init(&run->job, &realise_ops, run->session->lane, SW_CLASS_INTERACTIVE, 0);
    sw_pool_submit(run->session->server->pool, &run->job);
}

static sw_status new_run(struct sw_session *session, struct sw_version *version, uint8_t *set,
                         uint32_t first, uint32_t end, struct sw_realising **result,
                         struct sw_err *err)
{
    struct sw_realising *run = calloc(1, sizeof *run);
    if (run == NULL) {
        free(set);
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    run->session = session;
    run->budget = &session->budget;
    run->version = sw_version_ref(version);
    run->set = set;
    run->first = first;
    run->end = end;
    run->state = calloc(sw_pool_threads(session->server->pool), sizeof(struct sw_realise_state *));
    sw_status status = run->state == NULL
                           ? sw_fail(err, SW_NO_MEMORY, "out of memory")
                           : sw_realise_plan_new(version->schema, set, &run->plan, err);
    if (status != SW_OK) {
        free_run(run);
        return status;
    }
    *result = run;
    return SW_OK;
}

/* -- the kind of preparation ------------------------------------------------------------------- */

static bool covers(const struct sw_realising *run, const struct sw_version *version,
                   const uint8_t *set, uint32_t first, uint32_t end)
{
    if (run->version != version || run->is_cancelled || first < run->first || end > run->end) {
        return false;
    }
    const struct sw_schema *schema = version->schema;
    for (uint32_t i = 0; i < schema->columns; i++) {
        if (set[i] != 0 && run->set[i] == 0 && schema->column[i].formula != NULL) {
            return false;
        }
    }
    return true;
}

static struct sw_realising *find_run(const struct sw_session *session,
                                     const struct sw_version *version, const uint8_t *set,
                                     uint32_t first, uint32_t end)
{
    struct sw_realising *run = session->realisings;
    while (run != NULL && !covers(run, version, set, first, end)) {
        run = run->next;
    }
    return run;
}

/* The groups that hold the rows of a need: [*first, *end). */
static void find_groups(const struct sw_need *need, uint32_t *first, uint32_t *end)
{
    const struct sw_version *version = need->version;
    uint32_t row;
    *first = 0;
    *end = version->groups;
    if (need->rows == 0) {
        return;
    }
    if (need->first_row >= version->rows) {
        *end = 0;
        return;
    }
    uint64_t left = version->rows - need->first_row;
    uint64_t last = need->first_row + (need->rows < left ? need->rows : left) - 1;
    sw_version_locate(version, need->first_row, first, &row);
    sw_version_locate(version, last, end, &row);
    *end += 1;
}

static sw_status run_or_wait(struct sw_session *session, struct sw_need *need, uint8_t *set,
                             uint32_t first, uint32_t end, struct sw_err *err)
{
    struct sw_realising *run = find_run(session, need->version, set, first, end);
    if (run != NULL) {
        free(set);
        if (run->is_over) {
            sw_assert(run->has_failed);
            *err = run->err;
            return run->status;
        }
        run->is_wanted = true;
        return SW_AGAIN;
    }
    SW_TRY(new_run(session, need->version, set, first, end, &run, err));
    run->is_wanted = true;
    run->next = session->realisings;
    session->realisings = run;
    start(run);
    return SW_AGAIN;
}

static sw_status ready(struct sw_session *session, struct sw_need *need, struct sw_err *err)
{
    const struct sw_schema *schema = need->version == NULL ? NULL : need->version->schema;
    uint32_t first;
    uint32_t end;
    if (schema == NULL || schema->formulas == 0) {
        return SW_OK;
    }
    uint8_t *set = calloc(schema->columns, 1);
    if (set == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    sw_need_columns(need, schema, set);
    find_groups(need, &first, &end);
    if (sw_realise_is_done(need->version, set, first, end)) {
        free(set);
        return SW_OK;
    }
    return run_or_wait(session, need, set, first, end, err);
}

static double progress(const struct sw_session *session, const struct sw_need *need)
{
    double least = 1;
    for (const struct sw_realising *run = session->realisings; run != NULL; run = run->next) {
        if (run->version == need->version && !run->is_over && !run->is_cancelled) {
            double part = (double)run->made / (run->end - run->first);
            least = part < least ? part : least;
        }
    }
    return least;
}

static void sweep_begin(struct sw_session *session)
{
    for (struct sw_realising *run = session->realisings; run != NULL; run = run->next) {
        run->is_wanted = false;
    }
}

static void sweep_end(struct sw_session *session)
{
    struct sw_realising *next;
    for (struct sw_realising *run = session->realisings; run != NULL; run = next) {
        next = run->next;
        if (run->is_over) {
            remove_run(run);
        } else if (!run->is_wanted && !run->is_cancelled) {
            run->is_cancelled = true;
            sw_job_cancel(session->server->pool, &run->job);
        }
    }
}

static void end_all(struct sw_session *session)
{
    for (struct sw_realising *run = session->realisings; run != NULL; run = run->next) {
        run->is_cancelled = true;
        sw_job_cancel(session->server->pool, &run->job);
    }
}

const struct sw_preparer sw_formulas_preparer = {ready, progress, sweep_begin, sweep_end, end_all};
