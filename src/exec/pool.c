/* See pool.h.  One lock guards turns, the list of live jobs and the mailbox; it is
 * held for a few dozen instructions at a time and never across a call out.
 *
 * A job's phases (all under the lock):
 *
 *   idle -> live and queued -> live, not queued (at its width, or dry) -> live and queued ...
 *        -> live and spent, steps running -> live, in the mailbox -> idle
 *
 * It enters the mailbox exactly once: at the moment when it is spent and running is
 * zero, which only the last returning step, a cancel, or the submit of a cancelled
 * job can see.                                                                      */
#include "exec/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/obj.h"
#include "base/thread.h"
#include "exec/turns.h"

struct worker {
    struct sw_pool *pool;
    unsigned index;
    pthread_t thread;
};

struct sw_pool {
    pthread_mutex_t lock;
    pthread_cond_t has_work;               /* a job was queued, or the pool stops */
    pthread_cond_t has_arrived;            /* the mailbox is not empty */
    struct sw_turns turns;                 /* lock */
    struct sw_job *live;                   /* lock: all live jobs */
    struct sw_job *mail_first, *mail_last; /* lock */
    bool is_stopping;                      /* lock */
    void (*wake)(void *context);
    void *context;
    unsigned threads;
    struct worker *worker; /* [threads] */
};

/* -- under the lock --------------------------------------------------------- */

/* True when the mailbox was empty before: the caller wakes the loop once it has unlocked. */
static bool post(struct sw_pool *pool, struct sw_job *job)
{
    bool was_empty = pool->mail_first == NULL;
    job->pool.next = NULL;
    job->pool.previous = NULL;
    if (was_empty) {
        pool->mail_first = job;
    } else {
        pool->mail_last->pool.next = job;
    }
    pool->mail_last = job;
    pthread_cond_signal(&pool->has_arrived);
    return was_empty;
}

static bool spend(struct sw_pool *pool, struct sw_job *job)
{
    job->pool.is_spent = true;
    if (job->pool.is_queued) {
        sw_turns_remove(&pool->turns, job);
    }
    return job->pool.running == 0 && post(pool, job);
}

static void start_step(struct sw_pool *pool, struct sw_job *job)
{
    job->pool.running++;
    if (job->width != 0 && job->pool.running >= job->width) {
        sw_turns_remove(&pool->turns, job);
    }
}

/* A false that was decided before another step gained is out of date: that step may have left work
 * and be gone, so the question is put again instead of ending the job. */
static bool finish_step(struct sw_pool *pool, struct sw_job *job, bool has_more,
                        uint64_t gains_before)
{
    sw_assert(job->pool.running > 0);
    job->pool.running--;
    if (job->pool.is_spent) {
        return job->pool.running == 0 && post(pool, job);
    }
    if (sw_job_is_cancelled(job)) {
        return spend(pool, job);
    }
    if (!has_more && job->pool.gains == gains_before) {
        job->pool.is_dry = true;
        if (job->pool.is_queued) {
            sw_turns_remove(&pool->turns, job);
        }
        return job->pool.running == 0 && spend(pool, job);
    }
    job->pool.gains += has_more;
    if (job->pool.is_dry) {
        job->pool.is_dry = false;
        pthread_cond_broadcast(&pool->has_work);
    }
    if (!job->pool.is_queued) {
        sw_turns_put(&pool->turns, job);
    }
    return false;
}

/* -- workers ------------------------------------------------------------------ */

static void *run_worker(void *argument)
{
    struct worker *worker = argument;
    struct sw_pool *pool = worker->pool;
    sw_thread_be(SW_THREAD_WORKER);
    pthread_mutex_lock(&pool->lock);
    while (!pool->is_stopping) {
        struct sw_job *job = sw_turns_next(&pool->turns);
        if (job == NULL) {
            pthread_cond_wait(&pool->has_work, &pool->lock);
            continue;
        }
        start_step(pool, job);
        uint64_t gains = job->pool.gains;
        pthread_mutex_unlock(&pool->lock);

        int64_t start_us = sw_clock_us(&sw_clock_system);
        bool has_more = job->ops->step_work(job, worker->index);
        int64_t used_us = sw_clock_us(&sw_clock_system) - start_us;

        pthread_mutex_lock(&pool->lock);
        sw_turns_charge(&pool->turns, job->lane, job->urgency, used_us);
        if (finish_step(pool, job, has_more, gains)) {
            pthread_mutex_unlock(&pool->lock);
            pool->wake(pool->context);
            pthread_mutex_lock(&pool->lock);
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* Signals belong to the loop: workers are born with all of them blocked. */
static unsigned start_workers(struct sw_pool *pool)
{
    sigset_t all;
    sigset_t before;
    unsigned started = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (; started < pool->threads; started++) {
        struct worker *worker = &pool->worker[started];
        *worker = (struct worker){.pool = pool, .index = started};
        if (pthread_create(&worker->thread, NULL, run_worker, worker) != 0) {
            break;
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static void stop_workers(struct sw_pool *pool, unsigned started)
{
    pthread_mutex_lock(&pool->lock);
    pool->is_stopping = true;
    for (struct sw_job *job = pool->live; job != NULL; job = job->pool.next_live) {
        atomic_store_explicit(&job->is_cancelled, true, memory_order_relaxed);
    }
    pthread_cond_broadcast(&pool->has_work);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < started; i++) {
        pthread_join(pool->worker[i].thread, NULL);
    }
}

/* -- the loop's side -------------------------------------------------------- */

static void wake_nobody(void *context)
{
    (void)context;
}

sw_status sw_pool_new(unsigned threads, void (*wake)(void *context), void *context,
                      struct sw_pool **result, struct sw_err *err)
{
    threads = threads == 0 ? 1 : threads;
    if (threads > SW_THREADS_MAX) {
        return sw_fail_limit(err, "threads", threads, SW_THREADS_MAX, "one per core is enough");
    }
    struct sw_pool *pool = calloc(1, sizeof(*pool));
    struct worker *worker = calloc(threads, sizeof(*worker));
    if (pool == NULL || worker == NULL) {
        free(pool);
        free(worker);
        return sw_fail(err, SW_NO_MEMORY, "there is no memory for %u worker threads", threads);
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->has_work, NULL);
    pthread_cond_init(&pool->has_arrived, NULL);
    pool->wake = wake != NULL ? wake : wake_nobody;
    pool->context = context;
    pool->threads = threads;
    pool->worker = worker;
    unsigned started = start_workers(pool);
    if (started < threads) {
        pool->threads = started;
        sw_pool_free(pool);
        return sw_fail(err, SW_NO_MEMORY, "only %u of %u worker threads could be started", started,
                       threads);
    }
    *result = pool;
    return SW_OK;
}

/* With the workers gone whatever is not in the mailbox yet goes there; what done halves submit
 * again comes back at once, cancelled. */
void sw_pool_free(struct sw_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    sw_assert_loop();
    stop_workers(pool, pool->threads);
    pthread_mutex_lock(&pool->lock);
    for (struct sw_job *job = pool->live; job != NULL; job = job->pool.next_live) {
        sw_assert(job->pool.running == 0);
        if (!job->pool.is_spent) {
            (void)spend(pool, job);
        }
    }
    pthread_mutex_unlock(&pool->lock);
    while (pool->mail_first != NULL) {
        sw_pool_drain(pool);
    }
    sw_assert(pool->live == NULL);
    sw_turns_fini(&pool->turns);
    pthread_cond_destroy(&pool->has_arrived);
    pthread_cond_destroy(&pool->has_work);
    pthread_mutex_destroy(&pool->lock);
    free(pool->worker);
    free(pool);
}

unsigned sw_pool_threads(const struct sw_pool *pool)
{
    return pool->threads;
}

/* Out of the pool's hands: from here on the job is its owner's again. */
static void retire(struct sw_pool *pool, struct sw_job *job)
{
    struct sw_lane *lane = job->lane;
    pthread_mutex_lock(&pool->lock);
    if (job->pool.previous_live != NULL) {
        job->pool.previous_live->pool.next_live = job->pool.next_live;
    } else {
        pool->live = job->pool.next_live;
    }
    if (job->pool.next_live != NULL) {
        job->pool.next_live->pool.previous_live = job->pool.previous_live;
    }
    job->pool.is_live = false;
    pthread_mutex_unlock(&pool->lock);

    job->ops->done(job);

    pthread_mutex_lock(&pool->lock);
    sw_assert(lane->jobs > 0);
    lane->jobs--;
    pthread_mutex_unlock(&pool->lock);
    if (lane->is_freed) {
        sw_lane_free(lane);
    }
}

void sw_pool_drain(struct sw_pool *pool)
{
    sw_assert_loop();
    pthread_mutex_lock(&pool->lock);
    struct sw_job *job = pool->mail_first;
    pool->mail_first = NULL;
    pool->mail_last = NULL;
    pthread_mutex_unlock(&pool->lock);
    while (job != NULL) {
        struct sw_job *next = job->pool.next;
        retire(pool, job);
        job = next;
    }
}

void sw_pool_settle(struct sw_pool *pool)
{
    sw_assert_loop();
    for (;;) {
        sw_pool_drain(pool);
        pthread_mutex_lock(&pool->lock);
        while (pool->live != NULL && pool->mail_first == NULL) {
            pthread_cond_wait(&pool->has_arrived, &pool->lock);
        }
        bool is_settled = pool->live == NULL;
        pthread_mutex_unlock(&pool->lock);
        if (is_settled) {
            return;
        }
    }
}

/* -- lanes and jobs ----------------------------------------------------------- */

sw_status sw_lane_new(struct sw_pool *pool, struct sw_lane **result)
{
    sw_assert_loop();
    struct sw_lane *lane = calloc(1, sizeof(*lane));
    if (lane == NULL) {
        return SW_NO_MEMORY;
    }
    lane->magic = SW_LANE_MAGIC;
    lane->pool = pool;
    pthread_mutex_lock(&pool->lock);
    bool is_added = sw_turns_add_lane(&pool->turns);
    pthread_mutex_unlock(&pool->lock);
    if (!is_added) {
        free(lane);
        return SW_NO_MEMORY;
    }
    *result = lane;
    return SW_OK;
}

void sw_lane_free(struct sw_lane *lane)
{
    if (lane == NULL) {
        return;
    }
    sw_assert_loop();
    sw_assert(lane->magic == SW_LANE_MAGIC);
    struct sw_pool *pool = lane->pool;
    pthread_mutex_lock(&pool->lock);
    lane->is_freed = true;
    bool is_last = lane->jobs == 0;
    if (is_last) {
        sw_turns_drop_lane(&pool->turns);
    }
    pthread_mutex_unlock(&pool->lock);
    if (is_last) {
        lane->magic = 0;
        free(lane);
    }
}

/* `jobs` changes on the loop only; the lock is for those who read it elsewhere. */
bool sw_lane_is_idle(const struct sw_lane *lane)
{
    sw_assert_loop();
    return lane->jobs == 0;
}

void sw_job_init(struct sw_job *job, const struct sw_job_ops *ops, struct sw_lane *lane,
                 enum sw_class urgency, unsigned width)
{
    sw_assert(ops != NULL && ops->step_work != NULL && ops->done != NULL);
    sw_assert(lane != NULL);
    sw_assert(urgency < SW_CLASSES);
    job->magic = SW_JOB_MAGIC;
    job->ops = ops;
    job->lane = lane;
    job->urgency = urgency;
    job->width = width;
    atomic_init(&job->is_cancelled, false);
    job->pool.is_live = false;
}

static void make_live(struct sw_pool *pool, struct sw_job *job)
{
    job->pool.is_live = true;
    job->pool.is_queued = false;
    job->pool.is_dry = false;
    job->pool.is_spent = false;
    job->pool.gains = 0;
    job->pool.running = 0;
    job->pool.previous_live = NULL;
    job->pool.next_live = pool->live;
    if (pool->live != NULL) {
        pool->live->pool.previous_live = job;
    }
    pool->live = job;
    job->lane->jobs++;
}

void sw_pool_submit(struct sw_pool *pool, struct sw_job *job)
{
    sw_assert_loop();
    sw_assert(job->magic == SW_JOB_MAGIC);
    sw_assert(job->lane->pool == pool);
    sw_assert(!job->pool.is_live);
    bool must_wake = false;
    pthread_mutex_lock(&pool->lock);
    make_live(pool, job);
    if (pool->is_stopping) {
        atomic_store_explicit(&job->is_cancelled, true, memory_order_relaxed);
    }
    if (sw_job_is_cancelled(job)) {
        must_wake = spend(pool, job);
    } else {
        sw_turns_put(&pool->turns, job);
        if (job->width == 1) {
            pthread_cond_signal(&pool->has_work);
        } else {
            pthread_cond_broadcast(&pool->has_work);
        }
    }
    pthread_mutex_unlock(&pool->lock);
    if (must_wake) {
        pool->wake(pool->context);
    }
}

void sw_job_cancel(struct sw_pool *pool, struct sw_job *job)
{
    sw_assert_loop();
    sw_assert(job->magic == SW_JOB_MAGIC);
    atomic_store_explicit(&job->is_cancelled, true, memory_order_relaxed);
    bool must_wake = false;
    pthread_mutex_lock(&pool->lock);
    if (job->pool.is_live && !job->pool.is_spent) {
        must_wake = spend(pool, job);
    }
    pthread_mutex_unlock(&pool->lock);
    if (must_wake) {
        pool->wake(pool->context);
    }
}

/* Relaxed: the flag carries no data; what a step wrote reaches done through the pool's lock. */
bool sw_job_is_cancelled(const struct sw_job *job)
{
    return atomic_load_explicit(&job->is_cancelled, memory_order_relaxed);
}
