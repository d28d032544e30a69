/* pool: worker threads, turns between sessions, and the mailbox back to the loop.
 *
 * A job is work cut into morsels.  Workers call its step_work until nothing is
 * left to claim; when the last running step has returned, the job is put in the
 * mailbox and the loop calls its done.  Between morsels a worker may turn to
 * another lane, so nobody waits longer than a morsel (well under a millisecond of
 * rows).  A lane is a session's place in the queue: the lane that has used the
 * least time goes first; within a lane the more urgent class goes first, and
 * over all lanes ingest and bulk work get at least a tenth of the time (turns.h).
 *
 * Threads: everything on the loop but step_work (worker) and sw_job_is_cancelled
 * (any).  The pool never touches what a job points to after done was called.     */
#ifndef SW_EXEC_POOL_H
#define SW_EXEC_POOL_H

#include "base/status.h"

#define SW_JOB_MAGIC 0x6a6f6221u /* "job!" */

struct sw_pool;
struct sw_lane;
struct sw_job;

enum sw_class {
    SW_CLASS_INTERACTIVE, /* what a user waits for: folds, pages */
    SW_CLASS_INDEX,       /* what makes the next answer faster */
    SW_CLASS_INGEST,
    SW_CLASS_BULK, /* downloads, describe of large tables */
    SW_CLASSES
};

struct sw_job_ops {
    /* Claim one morsel and run it, at most `width` at once.  False: there was nothing to claim.
     * That holds until another running step of the job returns true, which may have left work
     * behind it (a next phase); the job is over when false comes and no other step runs. */
    bool (*step_work)(struct sw_job *job, unsigned worker);
    /* All steps have returned; also after a cancel.  May free the job or submit it again. */
    void (*done)(struct sw_job *job);
};

/* Embedded in whatever the job is about; filled by sw_job_init. */
struct sw_job {
    uint32_t magic;
    const struct sw_job_ops *ops;
    struct sw_lane *lane;
    enum sw_class urgency;
    unsigned width; /* most steps at once; 0: as many as there are workers */
    _Atomic bool is_cancelled;
    struct {                            /* lock: the pool's */
        struct sw_job *next, *previous; /* in its lane's queue, or in the mailbox */
        struct sw_job *next_live, *previous_live;
        unsigned running;
        bool is_live;   /* submitted, and done not called yet */
        bool is_queued; /* in its lane's queue: may be given another worker */
        bool is_dry;    /* step_work said false; steps are running that may change that */
        bool is_spent;  /* over or cancelled: no step is started any more */
        uint64_t gains; /* steps that returned true */
    } pool;
};

/* `wake` is called from workers, and on the loop by a cancel, when the mailbox goes from empty to
 * not empty (net/wake).  threads 0: one. */
SW_MUST_USE sw_status sw_pool_new(unsigned threads, void (*wake)(void *context), void *context,
                                  struct sw_pool **pool, struct sw_err *err);
/* Cancels, joins and calls the remaining done halves. All lanes must have been freed or be about
 * to become idle by that. */
void sw_pool_free(struct sw_pool *pool);
unsigned sw_pool_threads(const struct sw_pool *pool);
/* Call done for all that has arrived; the loop calls it after each wake. */
void sw_pool_drain(struct sw_pool *pool);
/* Run until nothing is queued or running, draining: for tests and for a stop. */
void sw_pool_settle(struct sw_pool *pool);

SW_MUST_USE sw_status sw_lane_new(struct sw_pool *pool, struct sw_lane **lane);
/* A lane with jobs left lives on until the last one's done has been called; none may be submitted
 * to it any more, except again by its own done half. */
void sw_lane_free(struct sw_lane *lane);
/* Nothing of it is queued, running or waiting for its done half. */
bool sw_lane_is_idle(const struct sw_lane *lane);

void sw_job_init(struct sw_job *job, const struct sw_job_ops *ops, struct sw_lane *lane,
                 enum sw_class urgency, unsigned width);
/* A job that was cancelled before stays so: its done is called without a step. */
void sw_pool_submit(struct sw_pool *pool, struct sw_job *job);
/* No further step is claimed; running ones see the flag; done is still called. */
void sw_job_cancel(struct sw_pool *pool, struct sw_job *job);
bool sw_job_is_cancelled(const struct sw_job *job);

#endif
