/* Partials of row groups that a scan finds, and those that it leaves for the next one.  See
 * scan.h, partials.h and exec_priv.h.
 *
 * The key of a partial: what the output follows from (definition, what its plan found, round),
 * then for the row group its rows and the ids of the chunks that are read, then each filter that
 * decides row by row there, with its chunks.  A filter that takes all rows of the group adds
 * nothing, so a brush that moves leaves the groups within it as they are.  A formula's values
 * follow from its id and its sources' chunks, whether its own chunk is there or not.           */
#include <stdatomic.h>
#include <stdlib.h>

#include "exec/exec_priv.h"

/* -- plans ---------------------------------------------------------------------------- */

/* Columns that are read, formulas replaced by their sources and their ids. */
static bool list_columns(const struct sw_schema *schema, uint8_t *set, struct sw_identity *identity,
                         uint32_t **column, uint32_t *columns)
{
    uint32_t count = 0;
    if (schema->formulas > 0) {
        sw_schema_add_sources(schema, set);
    }
    for (uint32_t i = 0; i < schema->columns; i++) {
        if (set[i] != 0 && schema->column[i].formula != NULL) {
            sw_identity_add(identity, schema->column[i].formula->id);
            set[i] = 0;
        }
        count += set[i] != 0;
    }
    *column = malloc((count + (size_t)1) * sizeof(**column));
    if (*column == NULL) {
        return false;
    }
    *columns = 0;
    for (uint32_t i = 0; i < schema->columns; i++) {
        if (set[i] != 0) {
            (*column)[(*columns)++] = i;
        }
    }
    return true;
}

static sw_status plan_filter(const struct sw_scan *scan, uint32_t index, uint8_t *set)
{
    const struct sw_schema *schema = scan->version->schema;
    struct sw_scan_filter_keep *keep = &scan->filter_keep[index];
    const uint32_t *columns = NULL;
    size_t count = sw_filter_columns(sw_sieve_filter(scan->sieve, index), &columns);
    memset(set, 0, schema->columns);
    for (size_t i = 0; i < count; i++) {
        set[columns[i]] = 1;
    }
    return list_columns(schema, set, &keep->identity, &keep->column, &keep->columns) ? SW_OK
                                                                                     : SW_NO_MEMORY;
}

sw_status sw_scan_plan_filters(struct sw_scan *scan, const struct sw_identity *filter_keys)
{
    uint8_t *set = malloc(scan->version->schema->columns + (size_t)1);
    scan->filter_keep = calloc(scan->filters + (size_t)1, sizeof(*scan->filter_keep));
    sw_status status = set == NULL || scan->filter_keep == NULL ? SW_NO_MEMORY : SW_OK;
    for (uint32_t i = 0; i < scan->filters && status == SW_OK; i++) {
        scan->filter_keep[i].identity = filter_keys[i];
        status = plan_filter(scan, i, set);
    }
    free(set);
    return status;
}

void sw_scan_plan_keep(struct sw_scan *scan, struct sw_scan_slot *slot)
{
    struct sw_scan_keep *keep = &slot->keep;
    const struct sw_schema *schema = scan->version->schema;
    struct sw_fold_needs needs;
    free(keep->column);
    keep->column = NULL;
    keep->is_kept = false;
    if (scan->partials == NULL || !sw_foldrun_is_kept(slot->run) ||
        sw_foldrun_needs(slot->run, &needs) != SW_OK) {
        return;
    }
    keep->identity = slot->definition;
    sw_identity_add(&keep->identity, scan->round);
    sw_identity_add_other(&keep->identity, &needs.identity);
    for (uint32_t i = 0; i < schema->columns; i++) {
        needs.reads[i] = needs.reads[i] == SW_READ_FOLD;
    }
    keep->reads_row_ids = needs.reads_row_ids;
    keep->is_kept =
        list_columns(schema, needs.reads, &keep->identity, &keep->column, &keep->columns);
    sw_fold_needs_fini(&needs);
}

void sw_scan_keep_fini(struct sw_scan *scan)
{
    for (uint32_t i = 0; i < scan->slots; i++) {
        free(scan->slot[i].keep.column);
    }
    for (uint32_t i = 0; scan->filter_keep != NULL && i < scan->filters; i++) {
        free(scan->filter_keep[i].column);
    }
    free(scan->filter_keep);
}

/* -- a worker ----------------------------------------------------------------------------- */

sw_status sw_scan_worker_init(const struct sw_scan *scan, struct sw_scan_worker *worker)
{
    size_t slots = scan->slots + (size_t)1;
    uint32_t masks = sw_sieve_masks(scan->sieve);
    worker->state = calloc(slots, sizeof(*worker->state));
    worker->key = calloc(slots, sizeof(*worker->key));
    worker->mask_key = calloc(masks + (size_t)1, sizeof(*worker->mask_key));
    worker->asked = calloc(slots + scan->filters, sizeof(*worker->asked));
    worker->asked_key = calloc(slots, sizeof(*worker->asked_key));
    worker->found = calloc(slots, sizeof(*worker->found));
    if (worker->state == NULL || worker->key == NULL || worker->mask_key == NULL ||
        worker->asked == NULL || worker->asked_key == NULL || worker->found == NULL) {
        return SW_NO_MEMORY;
    }
    return sw_sieve_state_new(scan->sieve, scan->version, &worker->sieve);
}

void sw_scan_worker_fini(struct sw_scan_worker *worker)
{
    sw_sieve_state_free(worker->sieve);
    free(worker->state);
    free(worker->key);
    free(worker->mask_key);
    free(worker->asked);
    free(worker->asked_key);
    free(worker->found);
    *worker = (struct sw_scan_worker){0};
}

/* -- keys ---------------------------------------------------------------------------------- */

static void add_chunks(struct sw_identity *identity, const struct sw_rowgroup *group,
                       const uint32_t *column, uint32_t columns)
{
    for (uint32_t i = 0; i < columns; i++) {
        const struct sw_chunk *chunk = group->chunk[column[i]];
        sw_assert(chunk != NULL);
        sw_identity_add(identity, chunk->id);
    }
}

/* What decides row by row in the group; false: it is not for keeping. */
static bool mask_key(const struct sw_scan *scan, struct sw_scan_worker *worker, uint32_t mask,
                     const struct sw_rowgroup *group)
{
    struct sw_identity *key = &worker->mask_key[mask];
    uint32_t count = sw_sieve_deciding(worker->sieve, mask, worker->asked);
    *key = (struct sw_identity){0, 0};
    for (uint32_t i = 0; i < count; i++) {
        const struct sw_scan_filter_keep *filter = &scan->filter_keep[worker->asked[i]];
        sw_identity_add_other(key, &filter->identity);
        add_chunks(key, group, filter->column, filter->columns);
    }
    return count == 0 || !scan->keeps_whole_only;
}

static void slot_key(const struct sw_scan_keep *keep, const struct sw_identity *mask,
                     const struct sw_rowgroup *group, struct sw_identity *key)
{
    *key = keep->identity;
    sw_identity_add(key, group->rows);
    add_chunks(key, group, keep->column, keep->columns);
    sw_identity_add_other(key, mask);
    if (keep->reads_row_ids) {
        sw_identity_add(key, group->row_ids == NULL);
        sw_identity_add(key, group->row_ids == NULL ? group->first_row_id : group->row_ids->id);
    }
}

/* Which of the mask's outputs may be kept: their keys are asked for. */
static uint32_t ask_mask(const struct sw_scan *scan, struct sw_scan_worker *worker, uint32_t mask,
                         const struct sw_rowgroup *group, uint32_t *asked, uint32_t count)
{
    bool is_keeping = scan->partials != NULL && mask_key(scan, worker, mask, group);
    for (uint32_t i = scan->mask_start[mask]; i < scan->mask_start[mask + 1]; i++) {
        uint32_t index = scan->by_mask[i];
        struct sw_scan_slot *slot = &scan->slot[index];
        if (!slot->is_active || atomic_load_explicit(&slot->is_failed, memory_order_relaxed)) {
            continue;
        }
        worker->state[index] = SW_AT_STRIPE;
        if (is_keeping && slot->keep.is_kept &&
            !atomic_load_explicit(&slot->keep.is_large, memory_order_relaxed)) {
            worker->state[index] = SW_AT_KEEP;
            slot_key(&slot->keep, &worker->mask_key[mask], group, &worker->key[index]);
            worker->asked_key[count] = worker->key[index];
            asked[count++] = index;
        }
    }
    return count;
}

bool sw_scan_look_up_work(struct sw_scan *scan, struct sw_scan_worker *worker, uint32_t group)
{
    uint32_t masks = sw_sieve_masks(scan->sieve);
    uint32_t *asked = worker->asked + scan->filters;
    uint32_t count = 0;
    bool is_any = false;
    memset(worker->state, SW_AT_NOTHING, scan->slots);
    for (uint32_t mask = 0; mask < masks; mask++) {
        if (sw_sieve_reach(worker->sieve, mask) != SW_REACH_NONE) {
            count = ask_mask(scan, worker, mask, scan->version->group[group], asked, count);
        }
    }
    if (count > 0) {
        sw_partials_find(scan->partials, worker->asked_key, count, worker->found);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (worker->found[i] != NULL) {
            worker->state[asked[i]] = SW_AT_FOUND;
            sw_scan_item_of(scan, group, asked[i])->kept = worker->found[i];
        }
    }
    for (uint32_t i = 0; i < scan->slots; i++) {
        is_any = is_any || worker->state[i] == SW_AT_STRIPE || worker->state[i] == SW_AT_KEEP;
    }
    return is_any;
}

/* -- keeping ---------------------------------------------------------------------------------- */

/* No row of the group passed: that is worth knowing, too. */
static bool has_state(struct sw_scan *scan, struct sw_scan_slot *slot, struct sw_scan_item *item)
{
    return !atomic_load_explicit(&slot->is_failed, memory_order_relaxed) &&
           (item->state != NULL || sw_scan_new_partial_work(scan, slot, &item->state));
}

static void keep_item(struct sw_scan *scan, struct sw_scan_slot *slot, struct sw_scan_item *item,
                      const struct sw_identity *key)
{
    size_t bytes = sw_foldrun_settle(item->state);
    item->is_settled = true;
    if (bytes > SW_PARTIAL_BYTES_MAX) {
        atomic_store_explicit(&slot->keep.is_large, true, memory_order_relaxed);
        return;
    }
    item->kept = sw_partials_keep(scan->partials, key, item->state, bytes);
    if (item->kept != NULL) {
        item->state = NULL;
        sw_budget_release(scan->budget, slot->state_bytes);
    }
}

void sw_scan_keep_work(struct sw_scan *scan, struct sw_scan_worker *worker,
                       struct sw_stripe *stripe, uint32_t group)
{
    for (uint32_t i = 0; i < scan->slots; i++) {
        struct sw_scan_item *item = sw_scan_item_of(scan, group, i);
        struct sw_scan_slot *slot = &scan->slot[i];
        if (worker->state[i] == SW_AT_KEEP && has_state(scan, slot, item)) {
            keep_item(scan, slot, item, &worker->key[i]);
        }
        if (worker->state[i] == SW_AT_KEEP || worker->state[i] == SW_AT_FOUND) {
            stripe->open[i] = NULL; /* what comes after it is merged after it */
        }
    }
}
