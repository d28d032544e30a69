/* order: the rows of a version that pass filters, in a given order: what a page
 * shows a window of and what a download reads from end to end.  Computed on workers
 * in phases of one job (order.c), then immutable, counted, and readable on any thread
 * together with the version that it was made for (which it does not hold).
 *
 *   unsorted   a bitmap per row group, NULL where all rows pass, and rows before each
 *              group: read it group by group with sw_order_select
 *   sorted     the position of each row, first to last: read it with sw_order_positions
 *
 * Sort order: by the keys in turn; nulls last and NaN after numbers in both
 * directions; strings by bytes; equal rows stay in their order in the table.        */
#ifndef SW_EXEC_ORDER_H
#define SW_EXEC_ORDER_H

#include "exec/pool.h"
#include "fold/filter.h"
#include "table/table.h"

struct sw_sort_key {
    uint32_t column;
    bool is_descending;
};

struct sw_order {
    _Atomic uint32_t refs;
    bool is_sorted;
    uint64_t rows; /* that pass */
    uint32_t groups;
    const uint64_t **select;  /* [groups] unsorted; NULL: all rows of the group pass; owned */
    uint64_t *start;          /* [groups + 1] unsorted: rows that pass before each group; owned */
    uint64_t *row_start;      /* [groups + 1] unsorted: rows of the version before each; owned */
    uint32_t *position;       /* [rows] sorted; owned */
    size_t bytes;             /* all of it: charged */
    struct sw_budget *budget; /* outlives the order; may be NULL */
};

struct sw_order *sw_order_ref(struct sw_order *order);
void sw_order_unref(struct sw_order *order); /* NULL accepted */
/* Unsorted. *passed: how many rows of the group do; where that is neither none nor all of them, bit
 * i of word i/64 is set for each row i that passes; else NULL. */
const uint64_t *sw_order_select(const struct sw_order *order, uint32_t group, uint32_t *passed);
/* Positions in the version of rows [first, first + count) of the order, which must exist. */
void sw_order_positions(const struct sw_order *order, uint64_t first, uint32_t count,
                        uint64_t *positions);

struct sw_order_spec {
    struct sw_version *version;     /* a reference is taken until done */
    const struct sw_sort_key *sort; /* copied */
    uint32_t sort_count;
    struct sw_filter *const *filters; /* taken over, all must pass */
    uint32_t filter_count;
    struct sw_budget *budget; /* outlives the order; may be NULL */
    enum sw_class urgency;
};

/* On SW_OK one reference is handed over; else order is NULL. */
typedef void (*sw_order_done_fn)(void *context, sw_status status, struct sw_order *order,
                                 const struct sw_err *err);

struct sw_order_job;
/* Loop; done is called on the loop, once.  On failure of the call itself filters are freed and done
 * is not called. */
SW_MUST_USE sw_status sw_order_submit(struct sw_pool *pool, struct sw_lane *lane,
                                      const struct sw_order_spec *spec, sw_order_done_fn done,
                                      void *context, struct sw_order_job **job, struct sw_err *err);
void sw_order_cancel(struct sw_order_job *job);           /* done follows with SW_CANCELLED */
double sw_order_progress(const struct sw_order_job *job); /* 0..1 */

#endif
