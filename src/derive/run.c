/* A run: phases in a fixed order, most of which have nothing to do.  Each looks at the plan and
 * at `now`, and either starts a job or goes on at once; so what a phase has to resolve it resolves
 * against the very version that it reads.
 *
 *   join               pairs of rows, with the selection's filters and `where` where they are about
 *                      the left table alone
 *   group              filter and compute the keys; fold; sort by keys; pivot
 *   project            filter, then compute columns
 *   distinct           a fold over all columns
 *   finish             filter, sort, limit, names                                               */
#include <stdatomic.h>
#include <stdlib.h>

#include "base/thread.h"
#include "derive/derive_priv.h"

/* -- parts ---------------------------------------------------------------------------------- */

static struct sw_derive *run_of(void *job)
{
    struct sw_derive *run = job;
    sw_assert(run->magic == SW_DERIVE_MAGIC);
    return run;
}

static bool step_work(struct sw_job *job, unsigned worker)
{
    struct sw_derive *run = run_of(job);
    sw_assert_worker();
    if (atomic_load_explicit(&run->is_failed, memory_order_relaxed)) {
        return false;
    }
    uint64_t part = atomic_fetch_add_explicit(&run->next, 1, memory_order_relaxed);
    if (part >= run->parts) {
        return false;
    }
    struct sw_err err = {0};
    sw_status status = run->part(run, worker, part, &err);
    if (status != SW_OK) {
        pthread_mutex_lock(&run->lock);
        if (run->status == SW_OK) {
            run->status = status;
            run->err = err;
        }
        pthread_mutex_unlock(&run->lock);
        atomic_store_explicit(&run->is_failed, true, memory_order_relaxed);
    }
    return true;
}

static void parts_done(struct sw_job *job);
static const struct sw_job_ops parts_ops = {step_work, parts_done};

void sw_derive_parts(struct sw_derive *run, uint64_t parts, unsigned width, sw_derive_part_fn part,
                     sw_derive_then_fn then)
{
    run->part = part;
    run->then = then;
    run->parts = parts;
    atomic_store_explicit(&run->next, 0, memory_order_relaxed);
    run->is_busy = true;
    sw_job_init(&run->job, &parts_ops, run->lane, SW_CLASS_INTERACTIVE, width);
    sw_pool_submit(run->pool, &run->job);
}

/* -- the end -------------------------------------------------------------------------------- */

static void free_phase(struct sw_derive *run)
{
    sw_derive_join_free(run->joining);
    sw_derive_gather_free(run->gather);
    sw_derive_extend_free(run->extend);
    sw_derive_group_free(run->group);
    sw_derive_pivot_free(run->pivot);
    sw_order_unref(run->order);
    run->joining = NULL;
    run->gather = NULL;
    run->extend = NULL;
    run->group = NULL;
    run->pivot = NULL;
    run->order = NULL;
}

static void free_run(struct sw_derive *run)
{
    free_phase(run);
    for (uint32_t i = 0; i < run->filters; i++) {
        sw_filter_free(run->filter[i]);
    }
    free(run->filter);
    sw_version_unref(run->now);
    sw_version_unref(run->join);
    sw_derive_plan_unref(run->plan);
    sw_arena_fini(&run->arena);
    pthread_mutex_destroy(&run->lock);
    run->magic = 0;
    free(run);
}

static void finish(struct sw_derive *run, sw_status status, const struct sw_err *err)
{
    struct sw_err copy = {0};
    struct sw_version *version = NULL;
    if (run->is_cancelled) {
        status = sw_fail(&copy, SW_CANCELLED, "the table was not made: it was cancelled");
    } else if (status == SW_NO_MEMORY && err->status != status) {
        (void)sw_derive_no_memory(&copy);
    } else if (status != SW_OK) {
        copy = *err;
    } else {
        version = run->now;
        run->now = NULL;
    }
    sw_derive_done_fn done = run->done;
    void *context = run->context;
    free_run(run);
    done(context, status, version, &copy);
}

/* -- phases --------------------------------------------------------------------------------- */

typedef sw_status (*phase_fn)(struct sw_derive *run, struct sw_err *err);

static bool has_expressions(const struct sw_derive_column *columns, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (columns[i].expr != NULL) {
            return true;
        }
    }
    return false;
}

/* The filters first, so that what follows is computed of few rows only. */
static sw_status filter_first(struct sw_derive *run, struct sw_err *err)
{
    bool *needed = sw_arena_array(&run->arena, run->now->schema->columns + 1u, sizeof(*needed));
    if (needed == NULL) {
        return sw_derive_no_memory(err);
    }
    SW_TRY(sw_derive_needed(run, run->now->schema, needed, err));
    SW_TRY(sw_derive_out_all(run, needed, err));
    return sw_derive_select(run, NULL, 0, UINT64_MAX, err);
}

static sw_status phase_join(struct sw_derive *run, struct sw_err *err)
{
    return run->plan->has_join ? sw_derive_join_start(run, err) : sw_derive_next(run, NULL, err);
}

static sw_status phase_group_filter(struct sw_derive *run, struct sw_err *err)
{
    bool is_due = run->plan->is_grouped && sw_derive_has_filters(run) &&
                  has_expressions(run->plan->key, run->plan->keys);
    return is_due ? filter_first(run, err) : sw_derive_next(run, NULL, err);
}

static sw_status phase_group_keys(struct sw_derive *run, struct sw_err *err)
{
    return run->plan->is_grouped ? sw_derive_extend(run, run->plan->key, run->plan->keys, err)
                                 : sw_derive_next(run, NULL, err);
}

/* A pivot's column is one key more. */
static sw_status add_pivot_key(struct sw_derive *run, struct sw_err *err)
{
    const struct sw_derive_plan *plan = run->plan;
    struct sw_derive_out *out = sw_arena_array(&run->arena, run->outs + 2u, sizeof(*out));
    if (out == NULL) {
        return sw_derive_no_memory(err);
    }
    if (run->outs > 0) {
        memcpy(out, run->out, run->outs * sizeof(*out));
    }
    run->out = out;
    out[run->outs].name = sw_span_text("\x01pivot"); /* no other column has such a name */
    SW_TRY(sw_schema_need(run->now->schema, plan->pivot, &out[run->outs].column, err));
    run->outs++;
    return SW_OK;
}

static sw_status phase_group(struct sw_derive *run, struct sw_err *err)
{
    if (!run->plan->is_grouped) {
        return sw_derive_next(run, NULL, err);
    }
    if (run->plan->has_pivot) {
        SW_TRY(add_pivot_key(run, err));
    }
    return sw_derive_group(run, run->plan->measures, err);
}

static sw_status phase_group_sort(struct sw_derive *run, struct sw_err *err)
{
    const struct sw_derive_plan *plan = run->plan;
    struct sw_sort_key sort[SW_SORT_KEYS_MAX];
    uint32_t keys = plan->keys + (plan->has_pivot ? 1 : 0);
    if (!plan->is_grouped) {
        return sw_derive_next(run, NULL, err);
    }
    run->is_group_done = true;
    if (keys > SW_SORT_KEYS_MAX) {
        return sw_fail_limit(err, "group_columns", keys, SW_SORT_KEYS_MAX,
                             "Group by fewer columns.");
    }
    for (uint32_t i = 0; i < keys; i++) {
        sort[i] = (struct sw_sort_key){.column = i};
    }
    return keys == 0 ? sw_derive_next(run, NULL, err)
                     : sw_derive_select(run, sort, keys, UINT64_MAX, err);
}

static sw_status phase_pivot(struct sw_derive *run, struct sw_err *err)
{
    return run->plan->has_pivot ? sw_derive_pivot(run, err) : sw_derive_next(run, NULL, err);
}

static sw_status phase_project_filter(struct sw_derive *run, struct sw_err *err)
{
    if (run->plan->is_grouped) {
        run->where = run->plan->having;
    }
    bool is_due =
        sw_derive_has_filters(run) && has_expressions(run->plan->column, run->plan->columns);
    return is_due ? filter_first(run, err) : sw_derive_next(run, NULL, err);
}

static sw_status phase_project(struct sw_derive *run, struct sw_err *err)
{
    return run->plan->has_columns
               ? sw_derive_extend(run, run->plan->column, run->plan->columns, err)
               : sw_derive_next(run, NULL, err);
}

static sw_status phase_distinct_filter(struct sw_derive *run, struct sw_err *err)
{
    bool is_due = run->plan->is_distinct && (sw_derive_has_filters(run) || run->out != NULL);
    return is_due ? sw_derive_select(run, NULL, 0, UINT64_MAX, err)
                  : sw_derive_next(run, NULL, err);
}

static sw_status phase_distinct(struct sw_derive *run, struct sw_err *err)
{
    uint32_t columns = run->now->schema->columns;
    if (!run->plan->is_distinct) {
        return sw_derive_next(run, NULL, err);
    }
    if (columns > SW_GROUP_COLUMNS_MAX) {
        return sw_fail_limit(err, "distinct_columns", columns, SW_GROUP_COLUMNS_MAX,
                             "name fewer `columns`");
    }
    SW_TRY(sw_derive_out_all(run, NULL, err));
    return sw_derive_group(run, NULL, err);
}

/* The column of `now` that the result calls so. */
static sw_status find_out(struct sw_derive *run, struct sw_span name, uint32_t *column,
                          struct sw_err *err)
{
    for (uint32_t i = 0; i < run->outs; i++) {
        if (sw_span_equal(run->out[i].name, name)) {
            *column = run->out[i].column;
            return SW_OK;
        }
    }
    if (run->out == NULL) {
        return sw_schema_need(run->now->schema, name, column, err);
    }
    return sw_fail(err, SW_NO_COLUMN,
                   "sort: the new table has no column `%.*s`: sort by one of its own columns",
                   (int)(name.length < 64 ? name.length : 64), name.data);
}

static sw_status phase_finish(struct sw_derive *run, struct sw_err *err)
{
    const struct sw_derive_plan *plan = run->plan;
    struct sw_sort_key sort[SW_SORT_KEYS_MAX];
    for (uint32_t i = 0; i < plan->sorts; i++) {
        SW_TRY(find_out(run, plan->sort[i].column, &sort[i].column, err));
        sort[i].is_descending = plan->sort[i].is_descending;
    }
    return sw_derive_select(run, sort, plan->sorts, plan->has_limit ? plan->limit : UINT64_MAX,
                            err);
}

static const phase_fn phases[] = {
    phase_join,   phase_group_filter,   phase_group_keys, phase_group,           phase_group_sort,
    phase_pivot,  phase_project_filter, phase_project,    phase_distinct_filter, phase_distinct,
    phase_finish,
};
#define PHASES (sizeof(phases) / sizeof(phases[0]))

sw_status sw_derive_next(struct sw_derive *run, struct sw_version *version, struct sw_err *err)
{
    (void)err;
    free_phase(run); /* it may read `now` */
    if (version != NULL) {
        sw_version_unref(run->now);
        run->now = version;
    }
    run->phase++;
    return SW_OK;
}

/* Goes on until a job runs or all is done; *is_over: it is. */
static sw_status advance(struct sw_derive *run, bool *is_over, struct sw_err *err)
{
    while (!run->is_busy && run->phase < PHASES) {
        SW_TRY(phases[run->phase](run, err));
    }
    *is_over = !run->is_busy;
    return SW_OK;
}

/* A job has come back with this status. */
static void go_on(struct sw_derive *run, sw_status status, struct sw_err *err)
{
    bool is_over = false;
    run->is_busy = false;
    if (status == SW_OK && run->is_cancelled) {
        status = SW_CANCELLED;
    }
    if (status == SW_OK && run->then != NULL) {
        sw_derive_then_fn then = run->then;
        run->then = NULL;
        status = then(run, err);
    }
    if (status == SW_OK) {
        status = advance(run, &is_over, err);
    }
    if (status != SW_OK || is_over) {
        finish(run, status, err);
    }
}

static void parts_done(struct sw_job *job)
{
    struct sw_derive *run = run_of(job);
    struct sw_err err = run->err;
    sw_status status = sw_job_is_cancelled(job) ? SW_CANCELLED : run->status;
    run->part = NULL;
    go_on(run, status, &err);
}

void sw_derive_order_done(void *context, sw_status status, struct sw_order *order,
                          const struct sw_err *err)
{
    struct sw_derive *run = run_of(context);
    struct sw_err copy = {0};
    if (status != SW_OK) {
        copy = *err;
    }
    run->order_job = NULL;
    run->order = order;
    go_on(run, status, &copy);
}

void sw_derive_scan_done(void *context, struct sw_scan *scan)
{
    struct sw_derive *run = run_of(context);
    const struct sw_scan_result *result = sw_scan_result(scan, 0);
    struct sw_err err = result->err;
    sw_status status = result->status;
    run->scan = NULL;
    sw_scan_free(scan);
    go_on(run, status, &err);
}

/* -- inputs and filters --------------------------------------------------------------------- */

const struct sw_json *sw_derive_input(void *context, struct sw_span name)
{
    const struct sw_derive *run = context;
    for (size_t i = 0; i < run->plan->inputs; i++) {
        if (sw_span_equal(run->plan->input[i], name)) {
            return run->input[i];
        }
    }
    return NULL;
}

sw_status sw_derive_compile(struct sw_derive *run, const struct sw_expr *expr,
                            const struct sw_schema *schema, struct sw_program **program,
                            struct sw_err *err)
{
    return sw_expr_compile(expr, schema, sw_derive_input, run, program, err);
}

sw_status sw_derive_take_filters(struct sw_derive *run, struct sw_filter ***filters,
                                 uint32_t *count, struct sw_err *err)
{
    struct sw_filter **all = calloc(run->filters + 1u, sizeof(struct sw_filter *));
    struct sw_program *program = NULL;
    struct sw_filter *where = NULL;
    if (all == NULL) {
        return sw_derive_no_memory(err);
    }
    sw_status status = SW_OK;
    if (run->where != NULL) {
        status = sw_derive_compile(run, run->where, run->now->schema, &program, err);
    }
    if (status == SW_OK && program != NULL) {
        status = sw_filter_program(program, &where) == SW_OK ? SW_OK : sw_derive_no_memory(err);
    }
    if (status != SW_OK) {
        free(all);
        return status;
    }
    for (uint32_t i = 0; i < run->filters; i++) {
        all[i] = run->filter[i];
    }
    *count = run->filters;
    if (where != NULL) {
        all[(*count)++] = where;
    }
    run->filters = 0;
    run->where = NULL;
    *filters = all;
    return SW_OK;
}

/* -- the loop's side ------------------------------------------------------------------------ */

static sw_status copy_inputs(struct sw_derive *run, const struct sw_derive_spec *spec,
                             struct sw_err *err)
{
    size_t inputs = run->plan->inputs;
    run->input = sw_arena_array(&run->arena, inputs + 1, sizeof(struct sw_json *));
    if (run->input == NULL) {
        return sw_derive_no_memory(err);
    }
    for (size_t i = 0; i < inputs && spec->input != NULL; i++) {
        const struct sw_json *value = spec->input(spec->input_context, run->plan->input[i]);
        run->input[i] = value == NULL ? NULL : sw_json_copy(&run->arena, value);
        if (value != NULL && run->input[i] == NULL) {
            return sw_derive_no_memory(err);
        }
    }
    return SW_OK;
}

static sw_status new_run(struct sw_pool *pool, struct sw_lane *lane,
                         const struct sw_derive_spec *spec, struct sw_derive **run,
                         struct sw_err *err)
{
    struct sw_derive *made = calloc(1, sizeof(*made));
    struct sw_filter **filters = calloc(spec->filter_count + 1u, sizeof(struct sw_filter *));
    if (made == NULL || filters == NULL) {
        for (uint32_t i = 0; i < spec->filter_count; i++) {
            sw_filter_free(spec->filters[i]);
        }
        free(filters);
        free(made);
        return sw_derive_no_memory(err);
    }
    for (uint32_t i = 0; i < spec->filter_count; i++) {
        filters[i] = spec->filters[i];
    }
    made->magic = SW_DERIVE_MAGIC;
    made->pool = pool;
    made->lane = lane;
    made->plan = sw_derive_plan_ref(spec->plan);
    made->budget = spec->budget;
    made->clock = spec->clock;
    made->number = spec->number;
    made->now = sw_version_ref(spec->from);
    made->join = spec->join == NULL ? NULL : sw_version_ref(spec->join);
    made->filter = filters;
    made->filters = spec->filter_count;
    made->where = spec->plan->where;
    pthread_mutex_init(&made->lock, NULL);
    sw_arena_init(&made->arena);
    *run = made;
    return SW_OK;
}

sw_status sw_derive_submit(struct sw_pool *pool, struct sw_lane *lane,
                           const struct sw_derive_spec *spec, sw_derive_done_fn done, void *context,
                           struct sw_derive **run, struct sw_err *err)
{
    struct sw_derive *made = NULL;
    bool is_over = false;
    sw_assert_loop();
    sw_assert(spec->plan->has_join == (spec->join != NULL));
    SW_TRY(new_run(pool, lane, spec, &made, err));
    made->done = done;
    made->context = context;
    sw_status status = copy_inputs(made, spec, err);
    if (status == SW_OK) {
        status = advance(made, &is_over, err);
    }
    if (status != SW_OK) {
        free_run(made);
        return status;
    }
    sw_assert(!is_over); /* the last phase is a job */
    *run = made;
    return SW_OK;
}

void sw_derive_cancel(struct sw_derive *run)
{
    run->is_cancelled = true;
    if (run->order_job != NULL) {
        sw_order_cancel(run->order_job);
    } else if (run->scan != NULL) {
        sw_scan_cancel(run->scan);
    } else if (run->part != NULL) {
        sw_job_cancel(run->pool, &run->job);
    }
}

double sw_derive_progress(const struct sw_derive *run)
{
    double part = 0;
    if (run->order_job != NULL) {
        part = sw_order_progress(run->order_job);
    } else if (run->scan != NULL) {
        part = sw_scan_progress(run->scan);
    } else if (run->part != NULL && run->parts > 0) {
        uint64_t next = atomic_load_explicit(&run->next, memory_order_relaxed);
        part = (double)(next < run->parts ? next : run->parts) / (double)run->parts;
    }
    return ((double)run->phase + part) / (double)PHASES;
}
