/* order_cache: orders by version, filter and sort.  Private to exec/page.c; loop. */
#ifndef SW_EXEC_ORDER_CACHE_H
#define SW_EXEC_ORDER_CACHE_H

#include "exec/page.h"

/* One who waits for an order: part of a page job. */
struct sw_order_waiter {
    struct sw_order_waiter *next;
    struct sw_order_entry *entry; /* waited for; NULL: nothing */
    /* order: borrowed, NULL on failure */
    void (*arrived)(struct sw_order_waiter *waiter, sw_status status, struct sw_order *order,
                    const struct sw_err *err);
};

/* The order that a page needs. Ready: *order is borrowed until the next call, and the
 * spec's filters are freed.  Else *order is NULL and `arrived` will be called, once. */
SW_MUST_USE sw_status sw_order_cache_get(struct sw_order_cache *cache, struct sw_pool *pool,
                                         struct sw_lane *lane, const struct sw_page_spec *spec,
                                         struct sw_order_waiter *waiter, struct sw_order **order,
                                         struct sw_err *err);
/* `arrived` is not called any more; an order that nobody waits for is cancelled. */
void sw_order_waiter_leave(struct sw_order_waiter *waiter);
double sw_order_waiter_progress(const struct sw_order_waiter *waiter);

#endif
