#include "base/budget.h"

#include <stdatomic.h>
#include <string.h>

#include "base/limits.h"

void sw_budget_init(struct sw_budget *budget, const char *name, int64_t limit,
                    struct sw_budget *parent)
{
    atomic_init(&budget->used, 0);
    budget->limit = limit;
    budget->name = name;
    budget->parent = parent;
    budget->keeper = NULL;
    memset(budget->spare, 0, sizeof(budget->spare));
}

void sw_budget_add_last_shed(struct sw_budget *budget, sw_budget_shed_fn shed, void *context)
{
    sw_assert(budget->spare[SW_BUDGET_SHEDS - 1].shed == NULL);
    budget->spare[SW_BUDGET_SHEDS - 1].shed = shed;
    budget->spare[SW_BUDGET_SHEDS - 1].context = context;
}

void sw_budget_add_shed(struct sw_budget *budget, sw_budget_shed_fn shed, void *context)
{
    for (unsigned i = 0; i < SW_BUDGET_SHEDS - 1; i++) {
        if (budget->spare[i].shed == NULL) {
            budget->spare[i].shed = shed;
            budget->spare[i].context = context;
            return;
        }
    }
    sw_assert(false);
}

void sw_budget_remove_shed(struct sw_budget *budget, sw_budget_shed_fn shed)
{
    for (unsigned i = 0; i < SW_BUDGET_SHEDS; i++) {
        if (budget->spare[i].shed == shed) {
            budget->spare[i].shed = NULL;
        }
    }
}

/* Adds where the sum stays within the limit, so that a charge which a limit refuses is never seen
 * there: a neighbour's small one does not fail because of it.  Relaxed: the sum is all that
 * matters; what was charged is published by other means. */
static bool add_within(struct sw_budget *budget, int64_t limit, int64_t bytes, int64_t *used)
{
    *used = atomic_load_explicit(&budget->used, memory_order_relaxed);
    do {
        if (bytes > limit - *used) {
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(&budget->used, used, *used + bytes,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

/* The same within all of the limit, at the price of what can be made again. */
static bool add_or_shed(struct sw_budget *budget, int64_t bytes, int64_t *used)
{
    bool is_within = add_within(budget, budget->limit, bytes, used);
    for (unsigned i = 0; i < SW_BUDGET_SHEDS && bytes <= budget->limit; i++) {
        sw_budget_shed_fn shed = budget->spare[i].shed;
        while (!is_within && shed != NULL && shed(budget->spare[i].context, (size_t)bytes) > 0) {
            is_within = add_within(budget, budget->limit, bytes, used);
        }
    }
    return is_within;
}

/* Takes back what was charged below `end`. */
static void uncharge(struct sw_budget *budget, const struct sw_budget *end, size_t bytes)
{
    for (struct sw_budget *at = budget; at != end; at = at->parent) {
        (void)atomic_fetch_sub_explicit(&at->used, (int64_t)bytes, memory_order_relaxed);
    }
}

static sw_status fail_over(struct sw_err *err, const struct sw_budget *budget, int64_t asked)
{
    return sw_fail_limit(err, budget->name, asked, budget->limit,
                         "drop tables that are no longer needed, load fewer columns, or ask the "
                         "operator to raise the limit");
}

sw_status sw_budget_charge(struct sw_budget *budget, size_t bytes, struct sw_err *err)
{
    if (budget != NULL && bytes > INT64_MAX / 2) {
        return fail_over(err, budget, INT64_MAX);
    }
    for (struct sw_budget *at = budget; at != NULL; at = at->parent) {
        int64_t used;
        if (!add_or_shed(at, (int64_t)bytes, &used)) {
            uncharge(budget, at, bytes);
            return fail_over(err, at, used + (int64_t)bytes);
        }
    }
    return SW_OK;
}

bool sw_budget_charge_spare(struct sw_budget *budget, size_t bytes)
{
    if (bytes > INT64_MAX / 2) {
        return false;
    }
    for (struct sw_budget *at = budget; at != NULL; at = at->parent) {
        int64_t used;
        int64_t most = at->limit - at->limit / SW_SPARE_SHARE;
        if (!add_within(at, most, (int64_t)bytes, &used)) {
            uncharge(budget, at, bytes);
            return false;
        }
    }
    return true;
}

void sw_budget_release(struct sw_budget *budget, size_t bytes)
{
    for (struct sw_budget *at = budget; at != NULL; at = at->parent) {
        int64_t before = atomic_fetch_sub_explicit(&at->used, (int64_t)bytes, memory_order_relaxed);
        sw_assert(before >= (int64_t)bytes);
    }
}

int64_t sw_budget_used(const struct sw_budget *budget)
{
    return atomic_load_explicit(&budget->used, memory_order_relaxed);
}
