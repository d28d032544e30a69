/* loading: drives one sw_load: bytes that arrive on the loop are written to the
 * spool and parsed by steps on a worker, one step at a time; after each the owner
 * hears how it stands.
 *
 * Phases: new -> write/offer/end as bytes come, steps run whenever there is
 * something to do -> state DONE or FAILED is reported once -> close.
 * All calls on the loop; blocks change hands under a lock held for moments.      */
#ifndef SW_SESSION_LOADING_H
#define SW_SESSION_LOADING_H

#include "exec/pool.h"
#include "ingest/load.h"

struct sw_loading;

/* After a step: the report, a new version (one reference for the callee) or NULL when it is the
 * same as before. state FAILED: err says why. */
typedef void (*sw_loading_step_fn)(void *context, const struct sw_load_report *report,
                                   struct sw_version *version, const struct sw_err *err);

struct sw_loading_options {
    struct sw_pool *pool;
    struct sw_lane *lane;
    struct sw_load_options load; /* its fd is the spool or the file; closed by _close */
    bool is_spool;               /* bytes come by _write; false: the file is there already */
    uint64_t written;            /* bytes that a spool holds from before */
    sw_loading_step_fn on_step;
    /* Of a spool: bytes could not be written. What is there of it, and was offered, stays good; the
     * rest is to be sent again. */
    void (*on_refused)(void *context, uint64_t written, const struct sw_err *err);
    void (*on_drained)(void *context); /* written blocks fell under the low mark; may be NULL */
    void *context;
};

SW_MUST_USE sw_status sw_loading_new(const struct sw_loading_options *options,
                                     struct sw_loading **loading, struct sw_err *err);
/* Bytes for the spool at `offset`: copied. SW_NO_MEMORY only. */
SW_MUST_USE sw_status sw_loading_write(struct sw_loading *loading, uint64_t offset,
                                       const void *data, size_t length);
/* Another descriptor of the spool, or -1: to sync it. */
int sw_loading_dup(const struct sw_loading *loading);
/* Bytes not yet in the spool. */
size_t sw_loading_pending(struct sw_loading *loading);
/* Blocks not yet written beyond `length` are forgotten (a checksum did not match). */
void sw_loading_cut(struct sw_loading *loading, uint64_t length);
/* Parse up to `length` bytes of the spool (as they get written). */
void sw_loading_offer(struct sw_loading *loading, uint64_t length);
void sw_loading_end(struct sw_loading *loading); /* nothing comes after what was offered */
/* After a failure, from within the call-back or later: all that was made of the bytes is forgotten
 * and made anew. False: there is no memory for it. */
bool sw_loading_again(struct sw_loading *loading);
/* Cancels; freed when the running step has returned. No call of the context afterwards. */
void sw_loading_close(struct sw_loading *loading);

#endif
