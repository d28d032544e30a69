/* An entry's phases:  running (in the list, job set) -> ready (order set) -> evicted.
 * A running entry that leaves the list (cache cleared or freed, nobody waiting) is an
 * orphan: cache is NULL, and it is freed when its job is done.                        */
#include "exec/order_cache.h"

#include <stdlib.h>

#include "base/identity.h"
#include "base/thread.h"

struct sw_order_entry {
    struct sw_order_cache *cache; /* NULL: an orphan */
    struct sw_order_entry *next, *previous;
    struct sw_identity rows; /* of the version, see rows_of */
    uint32_t sort_count;
    struct sw_sort_key sort[SW_SORT_KEYS_MAX];
    char *filter_key; /* owned */
    size_t filter_key_length;
    struct sw_order_job *job; /* running */
    struct sw_order *order;   /* ready; counted */
    struct sw_order_waiter *waiters;
};

struct sw_order_cache {
    struct sw_budget *budget;
    struct sw_order_entry *first, *last; /* most recently used first */
    size_t entries;
    size_t bytes; /* of those ready */
};

sw_status sw_order_cache_new(struct sw_budget *budget, struct sw_order_cache **cache)
{
    *cache = calloc(1, sizeof(**cache));
    if (*cache == NULL) {
        return SW_NO_MEMORY;
    }
    (*cache)->budget = budget;
    return SW_OK;
}

static void free_entry(struct sw_order_entry *entry)
{
    sw_order_unref(entry->order);
    free(entry->filter_key);
    free(entry);
}

static void link_first(struct sw_order_cache *cache, struct sw_order_entry *entry)
{
    entry->cache = cache;
    entry->previous = NULL;
    entry->next = cache->first;
    if (cache->first != NULL) {
        cache->first->previous = entry;
    } else {
        cache->last = entry;
    }
    cache->first = entry;
    cache->entries++;
    cache->bytes += entry->order == NULL ? 0 : entry->order->bytes;
}

static void unlink_entry(struct sw_order_entry *entry)
{
    struct sw_order_cache *cache = entry->cache;
    if (entry->previous != NULL) {
        entry->previous->next = entry->next;
    } else {
        cache->first = entry->next;
    }
    if (entry->next != NULL) {
        entry->next->previous = entry->previous;
    } else {
        cache->last = entry->previous;
    }
    cache->entries--;
    cache->bytes -= entry->order == NULL ? 0 : entry->order->bytes;
    entry->cache = NULL;
}

static void drop_entry(struct sw_order_entry *entry)
{
    unlink_entry(entry);
    if (entry->job == NULL) {
        free_entry(entry);
    }
}

void sw_order_cache_clear(struct sw_order_cache *cache)
{
    sw_assert_loop();
    while (cache->first != NULL) {
        drop_entry(cache->first);
    }
}

void sw_order_cache_free(struct sw_order_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    for (struct sw_order_entry *entry = cache->first; entry != NULL; entry = entry->next) {
        if (entry->job != NULL) {
            sw_order_cancel(entry->job);
        }
    }
    sw_order_cache_clear(cache);
    free(cache);
}

/* -- finding room ------------------------------------------------------------------- */

/* Least recently used first; what is running is left alone. */
static bool evict_one(struct sw_order_cache *cache)
{
    struct sw_order_entry *entry = cache->last;
    while (entry != NULL && entry->order == NULL) {
        entry = entry->previous;
    }
    if (entry == NULL) {
        return false;
    }
    drop_entry(entry);
    return true;
}

static int64_t room_in(const struct sw_budget *budget)
{
    int64_t room = INT64_MAX;
    for (; budget != NULL; budget = budget->parent) {
        int64_t left = budget->limit - sw_budget_used(budget);
        room = left < room ? left : room;
    }
    return room;
}

/* Old orders are only worth their memory while nothing else needs it. */
static void make_room(struct sw_order_cache *cache, const struct sw_page_spec *spec)
{
    uint64_t row_bytes = spec->sort_count > 0 ? sizeof(uint64_t) + sizeof(uint32_t) : 0;
    uint64_t need = spec->version->rows * row_bytes + spec->version->rows / 8 + (1u << 20);
    while (room_in(cache->budget) < (int64_t)need && evict_one(cache)) {
    }
    while (cache->entries >= SW_ORDERS_MAX && evict_one(cache)) {
    }
}

/* -- asking and answering --------------------------------------------------------------- */

/* What an order follows from, of the version: how its rows lie in groups, and the chunks of the
 * columns that are sorted by and tested.  So an order outlives the edit of another column.  Of a
 * formula the sources stand for its chunks; the key of the filters and `id` tell formulas apart. */
static sw_status rows_of(const struct sw_page_spec *spec, struct sw_identity *rows)
{
    const struct sw_version *version = spec->version;
    const struct sw_schema *schema = version->schema;
    uint8_t *set = calloc(schema->columns + (size_t)1, 1);
    if (set == NULL) {
        return SW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < spec->sort_count; i++) {
        set[spec->sort[i].column] = 1;
    }
    for (uint32_t i = 0; i < spec->filter_count; i++) {
        const uint32_t *column = NULL;
        size_t columns = sw_filter_columns(spec->filters[i], &column);
        for (size_t k = 0; k < columns; k++) {
            set[column[k]] = 1;
        }
    }
    if (schema->formulas > 0) {
        sw_schema_add_sources(schema, set);
    }
    *rows = (struct sw_identity){version->rows, version->groups};
    for (uint32_t c = 0; c < schema->columns; c++) {
        const struct sw_formula *formula = set[c] != 0 ? schema->column[c].formula : NULL;
        sw_identity_add(rows, formula == NULL ? 0 : formula->id);
        set[c] = set[c] != 0 && formula == NULL;
    }
    for (uint32_t i = 0; i < version->groups; i++) {
        const struct sw_rowgroup *group = version->group[i];
        sw_identity_add(rows, group->rows);
        for (uint32_t c = 0; c < schema->columns; c++) {
            if (set[c] != 0) {
                const struct sw_chunk *chunk = group->chunk[c];
                sw_identity_add(rows, chunk->id);
            }
        }
    }
    free(set);
    return SW_OK;
}

static bool is_match(const struct sw_order_entry *entry, const struct sw_page_spec *spec,
                     const struct sw_identity *rows)
{
    if (!sw_identity_equal(&entry->rows, rows) || entry->sort_count != spec->sort_count ||
        !sw_span_equal(sw_span_of(entry->filter_key, entry->filter_key_length), spec->filter_key)) {
        return false;
    }
    for (uint32_t i = 0; i < spec->sort_count; i++) {
        if (entry->sort[i].column != spec->sort[i].column ||
            entry->sort[i].is_descending != spec->sort[i].is_descending) {
            return false;
        }
    }
    return true;
}

static void order_done(void *context, sw_status status, struct sw_order *order,
                       const struct sw_err *err)
{
    struct sw_order_entry *entry = context;
    struct sw_order_cache *cache = entry->cache;
    struct sw_order_waiter *waiter = entry->waiters;
    entry->waiters = NULL;
    entry->job = NULL;
    if (cache != NULL) {
        unlink_entry(entry);
    }
    entry->order = order;
    if (order != NULL && cache != NULL) {
        link_first(cache, entry);
        while (cache->bytes > SW_ORDERS_BYTES_MAX && cache->last != entry && evict_one(cache)) {
        }
    }
    while (waiter != NULL) {
        struct sw_order_waiter *next = waiter->next;
        waiter->entry = NULL;
        waiter->arrived(waiter, status, order, err);
        waiter = next;
    }
    if (entry->cache == NULL) {
        free_entry(entry);
    }
}

static void free_filters(const struct sw_page_spec *spec)
{
    for (uint32_t i = 0; i < spec->filter_count; i++) {
        sw_filter_free(spec->filters[i]);
    }
}

static struct sw_order_entry *new_entry(const struct sw_page_spec *spec,
                                        const struct sw_identity *rows)
{
    struct sw_order_entry *entry = calloc(1, sizeof(*entry));
    if (entry == NULL) {
        return NULL;
    }
    entry->filter_key = malloc(spec->filter_key.length + 1);
    if (entry->filter_key == NULL) {
        free(entry);
        return NULL;
    }
    if (spec->filter_key.length > 0) {
        memcpy(entry->filter_key, spec->filter_key.data, spec->filter_key.length);
    }
    entry->filter_key_length = spec->filter_key.length;
    entry->rows = *rows;
    entry->sort_count = spec->sort_count;
    if (spec->sort_count > 0) {
        memcpy(entry->sort, spec->sort, spec->sort_count * sizeof(*spec->sort));
    }
    return entry;
}

static sw_status start_entry(struct sw_order_cache *cache, struct sw_pool *pool,
                             struct sw_lane *lane, const struct sw_page_spec *spec,
                             const struct sw_identity *rows, struct sw_order_entry **result,
                             struct sw_err *err)
{
    struct sw_order_entry *entry = new_entry(spec, rows);
    if (entry == NULL) {
        free_filters(spec);
        return sw_fail(err, SW_NO_MEMORY, "the server has no memory left for this page");
    }
    make_room(cache, spec);
    const struct sw_order_spec order = {.version = spec->version,
                                        .sort = spec->sort,
                                        .sort_count = spec->sort_count,
                                        .filters = spec->filters,
                                        .filter_count = spec->filter_count,
                                        .budget = cache->budget,
                                        .urgency = SW_CLASS_INTERACTIVE};
    sw_status status = sw_order_submit(pool, lane, &order, order_done, entry, &entry->job, err);
    if (status != SW_OK) {
        free_entry(entry);
        return status;
    }
    link_first(cache, entry);
    *result = entry;
    return SW_OK;
}

static void join(struct sw_order_entry *entry, struct sw_order_waiter *waiter)
{
    waiter->entry = entry;
    waiter->next = entry->waiters;
    entry->waiters = waiter;
}

sw_status sw_order_cache_get(struct sw_order_cache *cache, struct sw_pool *pool,
                             struct sw_lane *lane, const struct sw_page_spec *spec,
                             struct sw_order_waiter *waiter, struct sw_order **order,
                             struct sw_err *err)
{
    sw_assert_loop();
    *order = NULL;
    waiter->entry = NULL;
    if (spec->sort_count > SW_SORT_KEYS_MAX) {
        free_filters(spec);
        return sw_fail_limit(err, "sort_keys", spec->sort_count, SW_SORT_KEYS_MAX,
                             "sort by fewer columns");
    }
    struct sw_identity rows;
    if (rows_of(spec, &rows) != SW_OK) {
        free_filters(spec);
        return sw_fail(err, SW_NO_MEMORY, "the server has no memory left for this page");
    }
    struct sw_order_entry *entry = cache->first;
    while (entry != NULL && !is_match(entry, spec, &rows)) {
        entry = entry->next;
    }
    if (entry == NULL) {
        SW_TRY(start_entry(cache, pool, lane, spec, &rows, &entry, err));
        join(entry, waiter);
        return SW_OK;
    }
    free_filters(spec);
    unlink_entry(entry);
    link_first(cache, entry);
    if (entry->order == NULL) {
        join(entry, waiter);
    }
    *order = entry->order;
    return SW_OK;
}

void sw_order_waiter_leave(struct sw_order_waiter *waiter)
{
    struct sw_order_entry *entry = waiter->entry;
    if (entry == NULL) {
        return;
    }
    struct sw_order_waiter **at = &entry->waiters;
    while (*at != waiter) {
        at = &(*at)->next;
    }
    *at = waiter->next;
    waiter->entry = NULL;
    if (entry->waiters == NULL) {
        if (entry->cache != NULL) {
            unlink_entry(entry);
        }
        sw_order_cancel(entry->job);
    }
}

double sw_order_waiter_progress(const struct sw_order_waiter *waiter)
{
    return waiter->entry == NULL ? 1.0 : sw_order_progress(waiter->entry->job);
}
