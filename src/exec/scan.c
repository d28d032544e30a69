/* The down leg of a scan: plan, claims, folds.  See scan.h. */
#include "exec/scan.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/obj.h"
#include "base/thread.h"
#include "exec/exec_priv.h"

static size_t shed_places(void *context, size_t bytes)
{
    (void)context;
    return sw_places_shed(bytes);
}

void sw_scan_caches_open(struct sw_budget *budget)
{
    sw_budget_add_shed(budget, shed_places, NULL);
    sw_places_keep(budget, SW_PLACES_BYTES_MAX);
}

void sw_scan_caches_close(void)
{
    sw_places_keep(NULL, 0);
}

/* -- workers ------------------------------------------------------------------ */

static struct sw_scan *scan_of(struct sw_job *job)
{
    struct sw_scan *scan = (struct sw_scan *)job;
    sw_assert(scan->magic == SW_SCAN_MAGIC);
    return scan;
}

/* Where the rows of the group go; NULL: nowhere. */
static void *state_for(struct sw_scan *scan, const struct sw_scan_worker *worker,
                       struct sw_stripe *stripe, uint32_t group, uint32_t index)
{
    struct sw_scan_slot *slot = &scan->slot[index];
    struct sw_scan_item *item = sw_scan_item_of(scan, group, index);
    bool is_own = worker->state[index] == SW_AT_KEEP;
    if ((!is_own && worker->state[index] != SW_AT_STRIPE) ||
        atomic_load_explicit(&slot->is_failed, memory_order_relaxed)) {
        return NULL;
    }
    if (!is_own && stripe->open[index] != NULL) {
        return stripe->open[index];
    }
    if (item->state == NULL && !sw_scan_new_partial_work(scan, slot, &item->state)) {
        return NULL;
    }
    if (!is_own) {
        stripe->open[index] = item->state;
    }
    return item->state;
}

static void fold_outputs(struct sw_scan *scan, const struct sw_scan_worker *worker,
                         struct sw_stripe *stripe, uint32_t mask, uint32_t group)
{
    struct sw_batch *batch = sw_sieve_batch(worker->sieve);
    for (uint32_t i = scan->mask_start[mask]; i < scan->mask_start[mask + 1]; i++) {
        uint32_t index = scan->by_mask[i];
        void *state = state_for(scan, worker, stripe, group, index);
        if (state != NULL) {
            sw_foldrun_fold(scan->slot[index].run, state, batch);
        }
    }
}

static bool is_mask_wanted(const struct sw_scan *scan, const struct sw_scan_worker *worker,
                           uint32_t mask)
{
    for (uint32_t i = scan->mask_start[mask]; i < scan->mask_start[mask + 1]; i++) {
        uint32_t index = scan->by_mask[i];
        bool is_read = worker->state[index] == SW_AT_KEEP || worker->state[index] == SW_AT_STRIPE;
        if (is_read && !atomic_load_explicit(&scan->slot[index].is_failed, memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

static void fail_all(struct sw_scan *scan, sw_status status, const struct sw_err *err)
{
    for (uint32_t i = 0; i < scan->slots; i++) {
        if (scan->slot[i].is_active) {
            sw_scan_fail(scan, &scan->slot[i], status, err);
        }
    }
}

/* Chunks whose values cannot be brought back fail all outputs: a vector is read for all of them. */
static void read_group(struct sw_scan *scan, const struct sw_scan_worker *worker,
                       struct sw_stripe *stripe, uint32_t index)
{
    const struct sw_rowgroup *group = scan->version->group[index];
    uint32_t masks = sw_sieve_masks(scan->sieve);
    for (uint32_t start = 0; start < group->rows; start += SW_VECTOR_ROWS) {
        sw_sieve_vector(worker->sieve, start);
        for (uint32_t mask = 0; mask < masks; mask++) {
            if (is_mask_wanted(scan, worker, mask) && sw_sieve_select(worker->sieve, mask) > 0) {
                fold_outputs(scan, worker, stripe, mask, index);
            }
        }
        if (sw_batch_is_lost(sw_sieve_batch(worker->sieve))) {
            break;
        }
    }
    struct sw_err err = {0};
    sw_status status = sw_sieve_leave(worker->sieve, &err);
    if (status != SW_OK) {
        fail_all(scan, status, &err);
    }
}

/* Outputs of which a filter could not be tested fail. */
static void check_filters(struct sw_scan *scan, const struct sw_sieve_state *sieve)
{
    uint32_t masks = sw_sieve_masks(scan->sieve);
    for (uint32_t mask = 0; mask < masks; mask++) {
        struct sw_err err;
        sw_status status = sw_sieve_status(sieve, mask, &err);
        for (uint32_t i = scan->mask_start[mask]; status != SW_OK && i < scan->mask_start[mask + 1];
             i++) {
            struct sw_scan_slot *slot = &scan->slot[scan->by_mask[i]];
            if (slot->is_active) {
                sw_scan_fail(scan, slot, status, &err);
            }
        }
    }
}

/* False: no row of the group had to be read. */
static bool fold_group(struct sw_scan *scan, struct sw_scan_worker *worker,
                       struct sw_stripe *stripe, uint32_t index)
{
    if (!sw_sieve_group(worker->sieve, index)) {
        return false;
    }
    bool is_read = sw_scan_look_up_work(scan, worker, index);
    if (is_read) {
        read_group(scan, worker, stripe, index);
        check_filters(scan, worker->sieve);
    }
    sw_scan_keep_work(scan, worker, stripe, index);
    return is_read;
}

/* The first stripe that nobody works on: those who come back take up the oldest work, so partials
 * wait for their merge as briefly as can be. */
static struct sw_stripe *claim_stripe(struct sw_scan *scan)
{
    struct sw_stripe *claimed = NULL;
    pthread_mutex_lock(&scan->lock);
    if (scan->stage == SW_SCAN_FOLDING) {
        for (uint32_t i = scan->merged; i < scan->stripes && claimed == NULL; i++) {
            struct sw_stripe *stripe = &scan->stripe[i];
            if (!stripe->is_busy && !stripe->is_folded) {
                stripe->is_busy = true;
                claimed = stripe;
            }
        }
    }
    pthread_mutex_unlock(&scan->lock);
    return claimed;
}

static bool release_stripe(struct sw_scan *scan, struct sw_stripe *stripe, uint32_t next)
{
    uint32_t groups = next - stripe->next;
    pthread_mutex_lock(&scan->lock);
    stripe->next = next;
    stripe->is_busy = false;
    stripe->is_folded = stripe->next == stripe->end;
    bool is_folded = stripe->is_folded;
    pthread_mutex_unlock(&scan->lock);
    atomic_fetch_add_explicit(&scan->groups_done, groups, memory_order_relaxed);
    return is_folded;
}

static struct sw_scan_worker *worker_of(struct sw_scan *scan, unsigned index)
{
    struct sw_scan_worker *worker = &scan->worker[index];
    if (worker->sieve == NULL) {
        sw_status status = sw_scan_worker_init(scan, worker);
        if (status != SW_OK) {
            sw_scan_worker_fini(worker);
            fail_all(scan, status, NULL);
            return NULL;
        }
    }
    return worker;
}

static void note_begin(struct sw_scan *scan)
{
    int64_t none = 0;
    if (atomic_load_explicit(&scan->begun_us, memory_order_relaxed) == 0) {
        (void)atomic_compare_exchange_strong_explicit(&scan->begun_us, &none,
                                                      sw_clock_us(scan->clock),
                                                      memory_order_relaxed, memory_order_relaxed);
    }
}

/* Groups of which nothing is read take a microsecond: the next one follows in the same step. */
static void fold_stripe(struct sw_scan *scan, struct sw_scan_worker *worker,
                        struct sw_stripe *stripe)
{
    uint32_t next = worker == NULL ? stripe->end : stripe->next;
    bool is_read = false;
    while (!is_read && next < stripe->end) {
        is_read = fold_group(scan, worker, stripe, next++);
    }
    if (release_stripe(scan, stripe, next)) {
        (void)sw_scan_merge_work(scan);
    }
}

static bool step_work(struct sw_job *job, unsigned index)
{
    struct sw_scan *scan = scan_of(job);
    sw_assert_worker();
    note_begin(scan);
    struct sw_stripe *stripe = claim_stripe(scan);
    if (stripe == NULL) {
        return scan->stripes == 0 && sw_scan_merge_work(scan); /* an empty version: no folds */
    }
    fold_stripe(scan, worker_of(scan, index), stripe);
    return true;
}

/* -- the loop's side ---------------------------------------------------------- */

static void job_done(struct sw_job *job)
{
    struct sw_scan *scan = scan_of(job);
    scan->done(scan->context, scan);
}

static const struct sw_job_ops scan_ops = {step_work, job_done};

static sw_status plan_masks(struct sw_scan *scan, const struct sw_scan_spec *spec)
{
    for (uint32_t i = 0; i < scan->slots; i++) {
        SW_TRY(sw_sieve_mask(scan->sieve, spec->outputs[i].filters, spec->outputs[i].filter_count,
                             &scan->slot[i].mask));
    }
    uint32_t masks = sw_sieve_masks(scan->sieve);
    scan->by_mask = calloc(scan->slots + 1, sizeof(*scan->by_mask));
    scan->mask_start = calloc(masks + 1, sizeof(*scan->mask_start));
    if (scan->by_mask == NULL || scan->mask_start == NULL) {
        return SW_NO_MEMORY;
    }
    uint32_t at = 0;
    for (uint32_t mask = 0; mask < masks; mask++) {
        scan->mask_start[mask] = at;
        for (uint32_t i = 0; i < scan->slots; i++) {
            if (scan->slot[i].mask == mask) {
                scan->by_mask[at++] = i;
            }
        }
    }
    scan->mask_start[masks] = at;
    return SW_OK;
}

static sw_status plan_stripes(struct sw_scan *scan)
{
    uint32_t groups = scan->version->groups;
    scan->stripes = groups < SW_SCAN_STRIPES ? groups : SW_SCAN_STRIPES;
    scan->stripe = calloc(scan->stripes + 1, sizeof(*scan->stripe));
    scan->open = calloc((size_t)scan->stripes * scan->slots + 1, sizeof(void *));
    scan->item = calloc((size_t)groups * scan->slots + 1, sizeof(*scan->item));
    scan->worker = calloc(sw_pool_threads(scan->pool), sizeof(*scan->worker));
    if (scan->stripe == NULL || scan->open == NULL || scan->item == NULL || scan->worker == NULL) {
        return SW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < scan->stripes; i++) {
        scan->stripe[i].open = scan->open + (size_t)i * scan->slots;
    }
    return SW_OK;
}

static sw_status fill_slots(struct sw_scan *scan, const struct sw_scan_spec *spec)
{
    scan->slot = calloc(spec->output_count + 1, sizeof(*scan->slot));
    if (scan->slot == NULL) {
        return SW_NO_MEMORY;
    }
    scan->slots = spec->output_count;
    for (uint32_t i = 0; i < scan->slots; i++) {
        scan->slot[i].run = spec->outputs[i].run;
        scan->slot[i].definition = spec->outputs[i].definition;
        scan->slot[i].is_active = true;
        scan->slot[i].result.status = SW_CANCELLED;
    }
    return SW_OK;
}

static void free_runs(const struct sw_scan_spec *spec)
{
    for (uint32_t i = 0; i < spec->output_count; i++) {
        sw_foldrun_free(spec->outputs[i].run);
    }
}

static sw_status new_scan(const struct sw_scan_spec *spec, struct sw_pool *pool,
                          struct sw_scan **result)
{
    struct sw_sieve *sieve = NULL;
    sw_status status = sw_sieve_new(spec->filters, spec->filter_count, &sieve);
    struct sw_scan *scan = status == SW_OK ? calloc(1, sizeof(*scan)) : NULL;
    if (scan == NULL || fill_slots(scan, spec) != SW_OK) {
        sw_sieve_free(sieve);
        free(scan);
        free_runs(spec);
        return SW_NO_MEMORY;
    }
    scan->magic = SW_SCAN_MAGIC;
    scan->pool = pool;
    scan->sieve = sieve;
    scan->version = sw_version_ref(spec->version);
    scan->budget = spec->budget;
    scan->clock = spec->clock;
    scan->filters = spec->filter_count;
    scan->partials = spec->partials;
    scan->keeps_whole_only = spec->keeps_whole_only;
    pthread_mutex_init(&scan->lock, NULL);
    *result = scan;
    status = plan_masks(scan, spec);
    if (status == SW_OK && scan->partials != NULL) {
        status = sw_scan_plan_filters(scan, spec->filter_keys);
    }
    return status == SW_OK ? plan_stripes(scan) : status;
}

sw_status sw_scan_submit(struct sw_pool *pool, struct sw_lane *lane,
                         const struct sw_scan_spec *spec, sw_scan_done_fn done, void *context,
                         struct sw_scan **result, struct sw_err *err)
{
    sw_assert_loop();
    sw_assert(spec->version != NULL && spec->clock != NULL && done != NULL);
    struct sw_scan *scan = NULL;
    sw_status status = new_scan(spec, pool, &scan);
    if (status != SW_OK) {
        sw_scan_free(scan);
        return sw_fail(err, status, "the server has no memory left to start a scan");
    }
    scan->done = done;
    scan->context = context;
    sw_scan_open_round(scan);
    sw_job_init(&scan->job, &scan_ops, lane, spec->urgency, 0);
    *result = scan;
    sw_pool_submit(pool, &scan->job);
    return SW_OK;
}

void sw_scan_cancel(struct sw_scan *scan)
{
    sw_job_cancel(scan->pool, &scan->job);
}

double sw_scan_progress(const struct sw_scan *scan)
{
    uint64_t total = atomic_load_explicit(&scan->groups_total, memory_order_relaxed);
    uint64_t groups = atomic_load_explicit(&scan->groups_done, memory_order_relaxed);
    return total == 0 ? 1.0 : (double)groups / (double)total;
}

bool sw_scan_was_cancelled(const struct sw_scan *scan)
{
    return scan->stage != SW_SCAN_OVER || scan->is_cut;
}

const struct sw_scan_result *sw_scan_result(const struct sw_scan *scan, uint32_t output)
{
    sw_assert(output < scan->slots);
    return &scan->slot[output].result;
}

int64_t sw_scan_begun_us(const struct sw_scan *scan)
{
    return atomic_load_explicit(&scan->begun_us, memory_order_relaxed);
}

int64_t sw_scan_compute_us(const struct sw_scan *scan)
{
    int64_t ended = atomic_load_explicit(&scan->ended_us, memory_order_relaxed);
    return ended == 0 ? 0 : ended - sw_scan_begun_us(scan);
}

static void free_slots(struct sw_scan *scan)
{
    for (uint32_t i = 0; i < scan->slots; i++) {
        struct sw_scan_slot *slot = &scan->slot[i];
        for (uint32_t group = 0; scan->item != NULL && group < scan->version->groups; group++) {
            sw_scan_free_item(scan, slot, sw_scan_item_of(scan, group, i));
        }
        sw_scan_free_partial(scan, slot, slot->total);
        sw_series_unref(slot->result.series);
        sw_foldrun_free(slot->run);
    }
    free(scan->slot);
}

void sw_scan_free(struct sw_scan *scan)
{
    if (scan == NULL) {
        return;
    }
    sw_assert(scan->magic == SW_SCAN_MAGIC);
    sw_assert(!scan->job.pool.is_live);
    for (unsigned i = 0; scan->worker != NULL && i < sw_pool_threads(scan->pool); i++) {
        sw_scan_worker_fini(&scan->worker[i]);
    }
    sw_scan_keep_fini(scan);
    free_slots(scan);
    free(scan->worker);
    free(scan->open);
    free(scan->item);
    free(scan->stripe);
    free(scan->by_mask);
    free(scan->mask_start);
    sw_sieve_free(scan->sieve);
    sw_version_unref(scan->version);
    pthread_mutex_destroy(&scan->lock);
    scan->magic = 0;
    free(scan);
}
