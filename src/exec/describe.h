/* describe: what each column of a version holds: nulls, least and greatest
 * value, distinct values.  A job over the chunks on workers; the caller keeps the
 * result with the version (session/tables).  `done` is called on the loop once.
 *
 * Distinct values are counted exactly by a bitmap where the values are codes of
 * dictionaries or integers of a narrow range, by a set up to SW_DISTINCT_EXACT_MAX
 * values, and estimated beyond that (HyperLogLog, Flajolet et al. 2007, 16,384
 * registers: about one per cent off).  NaN is a value, null is none.  A worker holds
 * the set of one column at a time.                                                  */
#ifndef SW_EXEC_DESCRIBE_H
#define SW_EXEC_DESCRIBE_H

#include "base/arena.h"
#include "exec/pool.h"
#include "table/table.h"

/* A cell that does not fit its column's type. */
struct sw_described_exception {
    uint64_t row_id;
    struct sw_span text; /* owned by the description; cut at SW_EXCEPTION_TEXT_MAX bytes */
};

struct sw_column_stats {
    uint64_t nulls; /* exceptions too */
    uint64_t exceptions;
    uint32_t exceptions_listed; /* the first ones, up to SW_EXCEPTIONS_LISTED_MAX */
    struct sw_described_exception *exception;
    bool has_values;          /* min and max hold */
    struct sw_value min, max; /* texts owned by the description; NaN is neither */
    uint64_t distinct;
    bool is_distinct_exact;
};

struct sw_description {
    struct sw_arena arena;
    uint64_t version;
    uint32_t columns;
    struct sw_column_stats *column; /* [columns] */
};
void sw_description_free(struct sw_description *description);

/* SW_OK with a description, which the callee takes over; else NULL. */
typedef void (*sw_describe_done_fn)(void *context, sw_status status,
                                    struct sw_description *description, const struct sw_err *err);
struct sw_describe_job;
SW_MUST_USE sw_status sw_describe_submit(struct sw_pool *pool, struct sw_lane *lane,
                                         struct sw_version *version, sw_describe_done_fn done,
                                         void *context, struct sw_describe_job **job);
void sw_describe_cancel(struct sw_describe_job *job);

#endif
