/* order: which rows of a version pass a filter, and in which order they are asked
 * for.  Made by workers, kept in the session's order cache, held by reference by
 * pages and downloads; immutable, any thread may read.
 *
 * Two forms: unsorted, a bitmap per row group (none where all its rows pass);
 * sorted, the positions of the passing rows (nulls last in both directions, NaN
 * after numbers, ties by position).                                              */
#ifndef SW_EXEC_ORDER_H
#define SW_EXEC_ORDER_H

#include "exec/page.h"

struct sw_order;

struct sw_order *sw_order_ref(struct sw_order *order);
void sw_order_unref(struct sw_order *order); /* NULL accepted */
uint64_t sw_order_rows(const struct sw_order *order); /* rows that pass */
bool sw_order_is_sorted(const struct sw_order *order);

/* Unsorted: rows of a group that pass, and their bitmap of SW_CHUNK_ROWS / 64 words (NULL: all). */
uint32_t sw_order_group_rows(const struct sw_order *order, uint32_t group);
const uint64_t *sw_order_group_select(const struct sw_order *order, uint32_t group);
/* Sorted: positions in the version of the rows [first, first + count) of the order. */
void sw_order_positions(const struct sw_order *order, uint64_t first, uint32_t count,
                        uint64_t *into);

typedef void (*sw_order_done_fn)(void *context, sw_status status, struct sw_order *order,
                                 const struct sw_err *err); /* order: one reference, or NULL */
struct sw_order_job;
/* Version, sort and filters of `spec` count; its window does not.  As sw_page_submit: filters are
 * taken over, done follows once on the loop. */
SW_MUST_USE sw_status sw_order_submit(struct sw_pool *pool, struct sw_lane *lane,
                                      struct sw_order_cache *cache,
                                      const struct sw_page_spec *spec, sw_order_done_fn done,
                                      void *context, struct sw_order_job **job,
                                      struct sw_err *err);
void sw_order_cancel(struct sw_order_job *job);

#endif
