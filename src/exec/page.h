/* page: rows of a version in order: filter, sort, window.  Not a fold but the
 * second interface, compute(snapshot): the order (positions of the rows that pass,
 * sorted; nulls last, ties by position) is computed on workers once per version,
 * filter and sort, and kept in an order cache; a window of it is a gather.
 * A page without filter and sort needs no order at all.  Pages that ask for the same
 * order while it is being computed wait for the one job.
 *
 * Submit on the loop; `done` is called on the loop, always, exactly once.        */
#ifndef SW_EXEC_PAGE_H
#define SW_EXEC_PAGE_H

#include "exec/order.h"
#include "table/page.h"
#include "table/table.h"

/* Orders of one session, newest first, under SW_ORDERS_BYTES_MAX and the budget, which outlives
 * them; loop. */
struct sw_order_cache;

SW_MUST_USE sw_status sw_order_cache_new(struct sw_budget *budget, struct sw_order_cache **cache);
/* What is being computed is cancelled: its pages end with SW_CANCELLED. */
void sw_order_cache_free(struct sw_order_cache *cache);
/* Forget all; what is being computed is still given to the pages that wait for it. */
void sw_order_cache_clear(struct sw_order_cache *cache);

struct sw_page_spec {
    struct sw_version *version; /* a reference is taken */
    uint64_t offset;
    uint32_t limit;          /* 0..SW_PAGE_ROWS_MAX */
    const uint32_t *columns; /* copied; NULL: all */
    uint32_t column_count;
    const struct sw_sort_key *sort; /* copied */
    uint32_t sort_count;
    struct sw_filter *const *filters; /* taken over, all must pass */
    uint32_t filter_count;
    struct sw_span filter_key; /* copied: equal keys mean equal filters on one version */
};

typedef void (*sw_page_done_fn)(void *context, sw_status status, struct sw_page *page,
                                const struct sw_err *err); /* page: one reference, or NULL */

struct sw_page_job;
/* On failure of the call itself filters are freed and done is not called. */
SW_MUST_USE sw_status sw_page_submit(struct sw_pool *pool, struct sw_lane *lane,
                                     struct sw_order_cache *cache, const struct sw_page_spec *spec,
                                     sw_page_done_fn done, void *context, struct sw_page_job **job,
                                     struct sw_err *err);
void sw_page_cancel(struct sw_page_job *job);           /* done follows with SW_CANCELLED */
double sw_page_progress(const struct sw_page_job *job); /* 0..1 */

#endif
