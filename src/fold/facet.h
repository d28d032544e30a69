/* facet: one sub-state of a kind for each value of a column, by splitting the selection.
 *
 * The first round opens a sub-state for each value it meets.  Where there turn out to be more
 * values than panels, it only counts; the panels are then the most frequent values (ties by
 * value), and a second round folds those.  Panels stand in that order, by count and then by
 * value, and share the plan, therefore the axes; a kind with rounds has a plan for each panel,
 * equal at first. Part of foldrun.c's run; no one else includes it. */
#ifndef SW_FOLD_FACET_H
#define SW_FOLD_FACET_H

#include "fold/fold.h"
#include "fold/keys.h"

#define SW_FACET_LIMIT 24u /* panels when the definition does not say */

struct sw_facet {
    const struct sw_fold *fold;
    const struct sw_version *version;
    uint32_t column;
    uint32_t limit;
    void **plan;    /* [plans]; owned by the run */
    uint32_t plans; /* 1, or `limit` for a kind with rounds */

    /* once the panels are chosen */
    struct sw_keys *keys; /* of the first round; owned; NULL: not yet */
    uint32_t *panel;      /* [keys] or SW_KEYS_NONE; owned */
    uint32_t *key;        /* [panels]; owned */
    int64_t *rows;        /* [keys]; owned */
    uint32_t panels;
    bool *is_done;            /* [panels]; owned */
    struct sw_series *series; /* with the panels that are done; owned */
};

struct sw_facet_state {
    sw_status status;
    const struct sw_fold *fold;
    uint32_t limit;
    struct sw_keys *keys;
    uint32_t capacity;
    int64_t *rows;    /* [capacity] of each key */
    uint32_t *slot;   /* [capacity] key -> sub; SW_KEYS_NONE: none */
    uint32_t slots;   /* keys that have a slot */
    bool is_counting; /* too many values: no more subs */
    void **sub;       /* [limit]; by key in the first round, by panel in later ones */
    uint64_t (*select)[SW_VECTOR_WORDS]; /* [limit] of the current vector */
};

void sw_facet_fini(struct sw_facet *facet);
SW_MUST_USE sw_status sw_facet_init(const struct sw_facet *facet, struct sw_facet_state **state);
void sw_facet_free(struct sw_facet_state *state); /* NULL accepted */
void sw_facet_fold(const struct sw_facet *facet, struct sw_facet_state *state,
                   struct sw_batch *batch);
SW_MUST_USE sw_status sw_facet_merge(const struct sw_facet *facet, struct sw_facet_state *into,
                                     const struct sw_facet_state *from, uint32_t group);
/* As needs and settle of a kind. */
void sw_facet_needs(const struct sw_facet *facet, struct sw_fold_needs *needs);
size_t sw_facet_settle(struct sw_facet_state *state);
SW_MUST_USE sw_status sw_facet_finish(struct sw_facet *facet, struct sw_facet_state *state,
                                      struct sw_series **series, struct sw_err *err);

#endif
