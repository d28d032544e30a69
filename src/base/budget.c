#include "base/budget.h"

#include <stdatomic.h>

void sw_budget_init(struct sw_budget *budget, const char *name, int64_t limit,
                    struct sw_budget *parent)
{
    atomic_init(&budget->used, 0);
    budget->limit = limit;
    budget->name = name;
    budget->parent = parent;
}

/* Relaxed: the sum is all that matters; what was charged is published by other means. */
sw_status sw_budget_charge(struct sw_budget *budget, size_t bytes, struct sw_err *err)
{
    for (struct sw_budget *at = budget; at != NULL; at = at->parent) {
        int64_t before = atomic_fetch_add_explicit(&at->used, (int64_t)bytes, memory_order_relaxed);
        if (before + (int64_t)bytes <= at->limit) {
            continue;
        }
        for (struct sw_budget *undo = budget;; undo = undo->parent) {
            (void)atomic_fetch_sub_explicit(&undo->used, (int64_t)bytes, memory_order_relaxed);
            if (undo == at) {
                break;
            }
        }
        return sw_fail_limit(
            err, at->name, before + (int64_t)bytes, at->limit,
            "drop tables that are no longer needed, load fewer columns, or ask the "
            "operator to raise the limit");
    }
    return SW_OK;
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
