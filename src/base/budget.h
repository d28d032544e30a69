/* budget: bytes held, against a limit, in a tree (session below server).
 * Chunks, dictionaries, caches and buffers charge before they allocate and
 * release when they free.  Any thread (atomics); the owner frees it last.
 *
 * What can be made again is charged as spare, and shed before a charge is refused. */
#ifndef SW_BASE_BUDGET_H
#define SW_BASE_BUDGET_H

#include "base/status.h"

/* Drops about so many bytes of what can be made again, says how many, 0 when nothing is left: asked
 * before a charge is refused, on any thread, with whatever locks the one who charges holds. */
typedef size_t (*sw_budget_shed_fn)(void *context, size_t bytes);
#define SW_BUDGET_SHEDS 3u

struct sw_chunk_keeper; /* table/chunk.h */

struct sw_budget {
    _Atomic int64_t used;           /* bytes; atomic */
    int64_t limit;                  /* bytes; set before threads see it */
    const char *name;               /* of the limit, for errors: "memory_bytes", ... */
    struct sw_budget *parent;       /* charged too; NULL at the root */
    struct sw_chunk_keeper *keeper; /* of the chunks that are charged; NULL: none. Set before
                                       threads see it */
    struct {
        sw_budget_shed_fn shed; /* NULL: none */
        void *context;
    } spare[SW_BUDGET_SHEDS]; /* in the order in which they are asked */
};

void sw_budget_init(struct sw_budget *budget, const char *name, int64_t limit,
                    struct sw_budget *parent);
/* At most SW_BUDGET_SHEDS - 1; added before threads charge it, removed after the last of them. */
void sw_budget_add_shed(struct sw_budget *budget, sw_budget_shed_fn shed, void *context);
/* The same, to be asked when the others have nothing left. One. */
void sw_budget_add_last_shed(struct sw_budget *budget, sw_budget_shed_fn shed, void *context);
void sw_budget_remove_shed(struct sw_budget *budget, sw_budget_shed_fn shed);
/* SW_LIMIT and nothing charged when this or a parent would go over; NULL budget: OK. */
SW_MUST_USE sw_status sw_budget_charge(struct sw_budget *budget, size_t bytes, struct sw_err *err);
/* Charges what can be made again: false, and nothing charged, where less than a part
 * (SW_SPARE_SHARE) of this or a parent's limit would stay free. */
SW_MUST_USE bool sw_budget_charge_spare(struct sw_budget *budget, size_t bytes);
void sw_budget_release(struct sw_budget *budget, size_t bytes);
int64_t sw_budget_used(const struct sw_budget *budget);

#endif
