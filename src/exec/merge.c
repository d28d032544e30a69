/* The up leg of a scan: stripes' partials into totals, in order, and totals into
 * series.  See scan.h and exec_priv.h.                                             */
#include <stdatomic.h>
#include <string.h>

#include "exec/exec_priv.h"

void sw_scan_fail(struct sw_scan *scan, struct sw_scan_slot *slot, sw_status status,
                  const struct sw_err *err)
{
    sw_assert(status != SW_OK && status != SW_AGAIN);
    pthread_mutex_lock(&scan->lock);
    if (!atomic_load_explicit(&slot->is_failed, memory_order_relaxed)) {
        slot->result.status = status;
        if (err != NULL && err->status == status) {
            slot->result.err = *err;
        } else if (status == SW_NO_MEMORY) {
            (void)sw_fail(&slot->result.err, status,
                          "the server has no memory left for this "
                          "output; try fewer bins or groups");
        } else if (status == SW_TYPE) {
            (void)sw_fail(&slot->result.err, status,
                          "the expression of a measure goes beyond 64 bits in some row: make it a "
                          "float, such as CAST(a AS REAL) * b");
        } else {
            (void)sw_fail(&slot->result.err, status, "the output could not be computed (%s)",
                          sw_status_name(status));
        }
        atomic_store_explicit(&slot->is_failed, true, memory_order_relaxed);
    }
    pthread_mutex_unlock(&scan->lock);
}

bool sw_scan_new_partial_work(struct sw_scan *scan, struct sw_scan_slot *slot, void **partial)
{
    struct sw_err err;
    sw_status status = sw_budget_charge(scan->budget, slot->state_bytes, &err);
    if (status != SW_OK) {
        sw_scan_fail(scan, slot, status, &err);
        return false;
    }
    status = sw_foldrun_init(slot->run, partial);
    if (status != SW_OK) {
        sw_budget_release(scan->budget, slot->state_bytes);
        *partial = NULL;
        sw_scan_fail(scan, slot, status, NULL);
        return false;
    }
    return true;
}

void sw_scan_free_partial(struct sw_scan *scan, struct sw_scan_slot *slot, void *partial)
{
    if (partial != NULL) {
        sw_foldrun_state_free(partial);
        sw_budget_release(scan->budget, slot->state_bytes);
    }
}

/* Before any step of the round runs, or while one worker alone is in the finish stage. */
void sw_scan_open_round(struct sw_scan *scan)
{
    uint32_t groups = scan->version->groups;
    for (uint32_t i = 0; i < scan->stripes; i++) {
        struct sw_stripe *stripe = &scan->stripe[i];
        stripe->next = (uint32_t)((uint64_t)groups * i / scan->stripes);
        stripe->begin = stripe->next;
        stripe->end = (uint32_t)((uint64_t)groups * (i + 1) / scan->stripes);
        stripe->is_folded = false;
        memset(stripe->open, 0, scan->slots * sizeof(*stripe->open));
    }
    for (uint32_t i = 0; i < scan->slots; i++) {
        if (scan->slot[i].is_active) {
            scan->slot[i].state_bytes = sw_foldrun_state_bytes(scan->slot[i].run);
            sw_scan_plan_keep(scan, &scan->slot[i]);
        }
    }
    scan->merged = 0;
    atomic_fetch_add_explicit(&scan->groups_total, groups, memory_order_relaxed);
}

void sw_scan_free_item(struct sw_scan *scan, struct sw_scan_slot *slot, struct sw_scan_item *item)
{
    sw_scan_free_partial(scan, slot, item->state);
    sw_partial_unref(item->kept);
    *item = (struct sw_scan_item){0};
}

/* A partial that nobody else has becomes the total; others are merged into one. */
static void merge_item(struct sw_scan *scan, struct sw_scan_slot *slot, struct sw_scan_item *item,
                       uint32_t group)
{
    if (slot->total == NULL && item->state != NULL && !item->is_settled) {
        slot->total = item->state;
        item->state = NULL;
        return;
    }
    const void *from = item->kept != NULL ? sw_partial_state(item->kept) : item->state;
    bool is_ready = from != NULL && !atomic_load_explicit(&slot->is_failed, memory_order_relaxed) &&
                    (slot->total != NULL || sw_scan_new_partial_work(scan, slot, &slot->total));
    if (is_ready) {
        uint32_t at = item->kept != NULL ? group : SW_FOLD_GROUPS;
        sw_status status = sw_foldrun_merge(slot->run, slot->total, from, at);
        if (status != SW_OK) {
            sw_scan_fail(scan, slot, status, NULL);
        }
    }
    sw_scan_free_item(scan, slot, item);
}

static void merge_stripe(struct sw_scan *scan, const struct sw_stripe *stripe)
{
    for (uint32_t group = stripe->begin; group < stripe->end; group++) {
        for (uint32_t i = 0; i < scan->slots; i++) {
            merge_item(scan, &scan->slot[i], sw_scan_item_of(scan, group, i), group);
        }
    }
}

/* True: it wants another round. */
static bool finish_slot(struct sw_scan *scan, struct sw_scan_slot *slot)
{
    struct sw_series *series = NULL;
    struct sw_err err = {0};
    sw_status status = SW_CANCELLED;
    uint64_t rows = 0;
    bool is_cancelled = sw_job_is_cancelled(&scan->job);
    scan->is_cut = scan->is_cut || is_cancelled;
    bool is_ready = !is_cancelled &&
                    !atomic_load_explicit(&slot->is_failed, memory_order_relaxed) &&
                    (slot->total != NULL || sw_scan_new_partial_work(scan, slot, &slot->total));
    if (is_ready) {
        rows = sw_foldrun_state_rows(slot->total);
        status = sw_foldrun_finish(slot->run, slot->total, &series, &err);
    }
    sw_scan_free_partial(scan, slot, slot->total);
    slot->total = NULL;
    if (!is_ready) {
        return false;
    }
    if (status == SW_AGAIN) {
        if (scan->round + 1 < SW_SCAN_ROUNDS_MAX) {
            return true;
        }
        (void)sw_fail(&err, SW_INTERNAL, "the output asked for more than %u rounds",
                      SW_SCAN_ROUNDS_MAX);
        status = SW_INTERNAL;
    }
    if (status != SW_OK) {
        sw_scan_fail(scan, slot, status, &err);
        return false;
    }
    sw_assert(series != NULL);
    pthread_mutex_lock(&scan->lock);
    slot->result.status = SW_OK;
    slot->result.series = series;
    slot->result.rows = rows;
    pthread_mutex_unlock(&scan->lock);
    return false;
}

static bool finish_round(struct sw_scan *scan)
{
    bool has_more = false;
    for (uint32_t i = 0; i < scan->slots; i++) {
        struct sw_scan_slot *slot = &scan->slot[i];
        if (slot->is_active) {
            slot->is_active = finish_slot(scan, slot);
            has_more = has_more || slot->is_active;
        }
    }
    pthread_mutex_lock(&scan->lock);
    if (has_more) {
        scan->round++;
        sw_scan_open_round(scan);
        scan->stage = SW_SCAN_FOLDING;
    } else {
        scan->stage = SW_SCAN_OVER;
        atomic_store_explicit(&scan->ended_us, sw_clock_us(scan->clock), memory_order_relaxed);
    }
    pthread_mutex_unlock(&scan->lock);
    return has_more;
}

bool sw_scan_merge_work(struct sw_scan *scan)
{
    bool is_last = false;
    pthread_mutex_lock(&scan->lock);
    if (scan->is_merging || scan->stage != SW_SCAN_FOLDING) {
        pthread_mutex_unlock(&scan->lock);
        return false;
    }
    scan->is_merging = true;
    while (scan->merged < scan->stripes && scan->stripe[scan->merged].is_folded) {
        struct sw_stripe *stripe = &scan->stripe[scan->merged];
        pthread_mutex_unlock(&scan->lock);
        merge_stripe(scan, stripe);
        pthread_mutex_lock(&scan->lock);
        scan->merged++;
    }
    scan->is_merging = false;
    if (scan->merged == scan->stripes) {
        scan->stage = SW_SCAN_FINISHING;
        is_last = true;
    }
    pthread_mutex_unlock(&scan->lock);
    return is_last && finish_round(scan);
}
