/* exec_priv: what scan.c (down: claims and folds), scan_keep.c (partials that are kept)
 * and merge.c (up: merges and finishes) share.  Nobody else includes it.
 *
 * Who touches what: the lock guards stages, stripes' flags and outputs' errors, and
 * is held for moments; a busy stripe's partials belong to the worker that holds it;
 * totals belong to whoever has is_merging or the finish stage.  Holding is passed on
 * under the lock, so what one worker wrote the next one sees.                       */
#ifndef SW_EXEC_PRIV_H
#define SW_EXEC_PRIV_H

#include <pthread.h>

#include "exec/scan.h"
#include "exec/sieve.h"

#define SW_SCAN_MAGIC      0x7363616eu /* "scan" */
#define SW_SCAN_ROUNDS_MAX 16u         /* of one output: none of ours asks for more than three */

struct sw_stripe {
    uint32_t begin, next, end; /* row groups; those from next on are still to fold; holder */
    bool is_busy;              /* lock: a worker holds it */
    bool is_folded;            /* lock */
    void **open;               /* [outputs] the partial that takes the next rows, borrowed from its
                                  item; NULL: none; holder */
};

/* What an output has of a row group, or of it and those after it in the stripe. */
struct sw_scan_item {
    void *state; /* owned, charged */
    bool is_settled;
    struct sw_partial *kept; /* counted */
};

/* An output's part of the keys of its partials. */
struct sw_scan_keep {
    bool is_kept;                /* in this round, by plan */
    _Atomic bool is_large;       /* its partials turned out not to be worth it */
    struct sw_identity identity; /* of definition, needs and round */
    uint32_t *column;            /* [columns] whose chunks it reads; owned */
    uint32_t columns;
    bool reads_row_ids;
};

struct sw_scan_filter_keep {
    struct sw_identity identity;
    uint32_t *column; /* [columns]; owned */
    uint32_t columns;
};

/* What a worker has of the row group at which it stands. */
struct sw_scan_worker {
    struct sw_sieve_state *sieve; /* owned */
    uint8_t *state;               /* [slots] enum sw_scan_at */
    struct sw_identity *key;      /* [slots] */
    struct sw_identity *mask_key; /* [masks] */
    uint32_t *asked;              /* [slots + filters] scratch */
    struct sw_identity *asked_key;
    struct sw_partial **found; /* [slots] scratch */
};

enum sw_scan_at {
    SW_AT_NOTHING, /* no row for it, or it has failed */
    SW_AT_STRIPE,  /* into the stripe's partial */
    SW_AT_KEEP,    /* into one of its own, to be kept */
    SW_AT_FOUND    /* that was kept */
};

struct sw_scan_slot {
    struct sw_foldrun *run; /* owned */
    uint32_t mask;
    bool is_active; /* folded in this round; changes between rounds */
    struct sw_identity definition;
    struct sw_scan_keep keep;
    _Atomic bool is_failed;       /* result.err is set; checked before each fold */
    size_t state_bytes;           /* of one partial in this round, as charged */
    void *total;                  /* merged so far; NULL: nothing yet */
    struct sw_scan_result result; /* lock, until done */
};

enum sw_scan_stage { SW_SCAN_FOLDING, SW_SCAN_FINISHING, SW_SCAN_OVER };

struct sw_scan {
    struct sw_job job; /* first: a step finds its scan by it */
    uint32_t magic;
    struct sw_pool *pool;
    sw_scan_done_fn done;
    void *context;
    struct sw_version *version; /* counted */
    struct sw_sieve *sieve;     /* owned */
    struct sw_budget *budget;
    const struct sw_clock *clock;
    uint32_t slots;
    struct sw_scan_slot *slot;     /* [slots] owned */
    uint32_t *by_mask;             /* [slots] indices, grouped by mask; owned */
    uint32_t *mask_start;          /* [masks + 1] into by_mask; owned */
    struct sw_scan_worker *worker; /* [threads] each fills its own at its first step; owned */
    struct sw_partials *partials;  /* NULL: nothing is kept */
    struct sw_scan_filter_keep *filter_keep; /* [filters] owned; NULL without partials */
    uint32_t filters;
    bool keeps_whole_only;

    pthread_mutex_t lock;
    enum sw_scan_stage stage; /* lock */
    bool is_cut;              /* a cancel came before a slot's finish; finish stage */
    bool is_merging;          /* lock */
    uint32_t merged;          /* stripes; lock */
    uint32_t round;           /* lock; read by holders */
    uint32_t stripes;
    struct sw_stripe *stripe;  /* [stripes] owned */
    void **open;               /* [stripes * slots] owned */
    struct sw_scan_item *item; /* [groups * slots] owned; a holder's, then is_merging's */

    _Atomic uint64_t groups_done, groups_total; /* progress */
    _Atomic int64_t begun_us, ended_us;
};

static inline struct sw_scan_item *sw_scan_item_of(const struct sw_scan *scan, uint32_t group,
                                                   uint32_t slot)
{
    return &scan->item[(size_t)group * scan->slots + slot];
}

/* scan_keep.c */
/* The filters' keys; before the first round. */
SW_MUST_USE sw_status sw_scan_plan_filters(struct sw_scan *scan,
                                           const struct sw_identity *filter_keys);
/* What of the slot's partials can be kept in the round to come: nothing when memory is short. */
void sw_scan_plan_keep(struct sw_scan *scan, struct sw_scan_slot *slot);
void sw_scan_keep_fini(struct sw_scan *scan);
SW_MUST_USE sw_status sw_scan_worker_init(const struct sw_scan *scan,
                                          struct sw_scan_worker *worker);
void sw_scan_worker_fini(struct sw_scan_worker *worker);
/* At the row group where the sieve stands: what becomes of each output.  True: some rows must be
 * folded. */
bool sw_scan_look_up_work(struct sw_scan *scan, struct sw_scan_worker *worker, uint32_t group);
/* After folding it. */
void sw_scan_keep_work(struct sw_scan *scan, struct sw_scan_worker *worker,
                       struct sw_stripe *stripe, uint32_t group);

/* merge.c */
void sw_scan_open_round(struct sw_scan *scan);
void sw_scan_fail(struct sw_scan *scan, struct sw_scan_slot *slot, sw_status status,
                  const struct sw_err *err);
/* A charged empty partial; false: the slot has failed. */
bool sw_scan_new_partial_work(struct sw_scan *scan, struct sw_scan_slot *slot, void **partial);
void sw_scan_free_partial(struct sw_scan *scan, struct sw_scan_slot *slot, void *partial);
void sw_scan_free_item(struct sw_scan *scan, struct sw_scan_slot *slot, struct sw_scan_item *item);
/* Merge every stripe whose turn has come; with the last one finish the round. True: this call
 * opened another round. */
bool sw_scan_merge_work(struct sw_scan *scan);

#endif
