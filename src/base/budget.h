/* budget: bytes held, against a limit, in a tree (session below server).
 * Chunks, dictionaries, caches and buffers charge before they allocate and
 * release when they free.  Any thread (atomics); the owner frees it last.       */
#ifndef SW_BASE_BUDGET_H
#define SW_BASE_BUDGET_H

#include "base/status.h"

struct sw_budget {
    _Atomic int64_t used;     /* bytes; atomic */
    int64_t limit;            /* bytes; set before threads see it */
    const char *name;         /* of the limit, for errors: "memory_bytes", ... */
    struct sw_budget *parent; /* charged too; NULL at the root */
    /* Drops about so many bytes of what can be made again, says how many, 0 when nothing is left:
     * asked before a charge is refused, on any thread.  NULL, or set before threads see it. */
    size_t (*shed)(size_t bytes);
};

void sw_budget_init(struct sw_budget *budget, const char *name, int64_t limit,
                    struct sw_budget *parent);
/* SW_LIMIT and nothing charged when this or a parent would go over; NULL budget: OK. */
SW_MUST_USE sw_status sw_budget_charge(struct sw_budget *budget, size_t bytes, struct sw_err *err);
void sw_budget_release(struct sw_budget *budget, size_t bytes);
int64_t sw_budget_used(const struct sw_budget *budget);

#endif
