/* derive: a table made from others: joined, filtered, grouped, pivoted, without its
 * repeats, computed, sorted, cut.  Two things:
 *
 *   plan   the definition (parameters of table.create), parsed: names, expressions, what it
 *          depends on; immutable, counted
 *   run    a plan over versions of its sources: a chain of jobs on workers, each from one
 *          immutable version to the next (README.md); its result is a version
 *
 * The caller (session/derived.c) says which versions, compiles the selection's filters and keeps
 * the result.  Loop thread, but for the jobs' work halves.  Whatever does not change is shared:
 * a chunk that goes through whole is the source's own, strings keep the source's dictionary.   */
#ifndef SW_DERIVE_DERIVE_H
#define SW_DERIVE_DERIVE_H

#include "base/clock.h"
#include "exec/pool.h"
#include "fold/filter.h"
#include "table/table.h"

struct sw_derive_plan;

/* `params` as in PROTOCOL section 3; members named in `also` are the caller's. SW_PARAMS,
 * SW_EXPRESSION (the message says which expression), SW_LIMIT. */
SW_MUST_USE sw_status sw_derive_plan_new(const struct sw_json *params, const char *const *also,
                                         struct sw_derive_plan **plan, struct sw_err *err);
struct sw_derive_plan *sw_derive_plan_ref(struct sw_derive_plan *plan);
void sw_derive_plan_unref(struct sw_derive_plan *plan); /* NULL accepted */
struct sw_span sw_derive_plan_from(const struct sw_derive_plan *plan);
struct sw_span sw_derive_plan_join(const struct sw_derive_plan *plan);   /* empty: none */
struct sw_span sw_derive_plan_select(const struct sw_derive_plan *plan); /* empty: none */
/* Inputs that its expressions name, each once; as long as the plan. */
size_t sw_derive_plan_inputs(const struct sw_derive_plan *plan, const struct sw_span **names);
/* What it is, in at most 120 bytes: "derived from `trips` and `stations`, by `city`". */
void sw_derive_plan_say(const struct sw_derive_plan *plan, struct sw_buf *out);

struct sw_derive_spec {
    struct sw_derive_plan *plan;
    struct sw_version *from, *join;   /* join: NULL where the plan has none */
    struct sw_filter *const *filters; /* of the selection, over `from`; taken over */
    uint32_t filter_count;
    sw_expr_input_fn input; /* read during the call only; NULL: no input is set */
    void *input_context;
    uint64_t number; /* of the version to make */
    struct sw_budget *budget;
    const struct sw_clock *clock;
};

struct sw_derive;
/* On SW_OK one reference is handed over; else version is NULL. On the loop, once. */
typedef void (*sw_derive_done_fn)(void *context, sw_status status, struct sw_version *version,
                                  const struct sw_err *err);
/* What is wrong with columns and types of the sources is often said here; on failure filters are
 * freed and done is not called. */
SW_MUST_USE sw_status sw_derive_submit(struct sw_pool *pool, struct sw_lane *lane,
                                       const struct sw_derive_spec *spec, sw_derive_done_fn done,
                                       void *context, struct sw_derive **run, struct sw_err *err);
void sw_derive_cancel(struct sw_derive *run);           /* done follows with SW_CANCELLED */
double sw_derive_progress(const struct sw_derive *run); /* 0..1 */

#endif
