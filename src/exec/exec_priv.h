/* exec_priv: what scan.c (down: claims and folds) and merge.c (up: merges and
 * finishes) share.  Nobody else includes it.
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
    uint32_t next, end; /* row groups still to fold; holder */
    bool is_busy;       /* lock: a worker holds it */
    bool is_folded;     /* lock */
    void **partial;     /* [outputs] NULL until a row arrives; holder */
    uint64_t *rows;     /* [masks] passed, counted in the first round; holder */
};

struct sw_scan_slot {
    struct sw_foldrun *run; /* owned */
    uint32_t mask;
    bool is_active;               /* folded in this round; changes between rounds */
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
    struct sw_scan_slot *slot;      /* [slots] owned */
    uint32_t *by_mask;              /* [slots] indices, grouped by mask; owned */
    uint32_t *mask_start;           /* [masks + 1] into by_mask; owned */
    struct sw_sieve_state **worker; /* [threads] made by each at its first step; owned */

    pthread_mutex_t lock;
    enum sw_scan_stage stage; /* lock */
    bool is_cut;              /* a cancel came before a slot's finish; finish stage */
    bool is_merging;          /* lock */
    uint32_t merged;          /* stripes; lock */
    uint32_t round;           /* lock; read by holders */
    uint32_t stripes;
    struct sw_stripe *stripe; /* [stripes] owned */
    void **partials;          /* [stripes * slots] owned */
    uint64_t *stripe_rows;    /* [stripes * masks] owned */
    uint64_t *rows;           /* [masks] in all; is_merging */

    _Atomic uint64_t groups_done, groups_total; /* progress */
    _Atomic int64_t begun_us, ended_us;
};

/* merge.c */
void sw_scan_open_round(struct sw_scan *scan);
void sw_scan_fail(struct sw_scan *scan, struct sw_scan_slot *slot, sw_status status,
                  const struct sw_err *err);
/* A charged empty partial; false: the slot has failed. */
bool sw_scan_new_partial_work(struct sw_scan *scan, struct sw_scan_slot *slot, void **partial);
void sw_scan_free_partial(struct sw_scan *scan, struct sw_scan_slot *slot, void *partial);
/* Merge every stripe whose turn has come; with the last one finish the round. True: this call
 * opened another round. */
bool sw_scan_merge_work(struct sw_scan *scan);

#endif
