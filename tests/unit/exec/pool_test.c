/* The pool with real threads: every morsel and every done once, whatever is cancelled. */
#include "support/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "exec/pool.h"

struct counted {
    struct sw_job job;
    atomic_uint claimed;
    unsigned morsels;
    atomic_uint running, running_most;
    atomic_uint hits[64]; /* per morsel */
    unsigned done;
    unsigned resubmits; /* done submits it again so often */
    struct sw_pool *pool;
    bool is_own; /* freed by its done */
    unsigned *alive;
};

static bool step_counted(struct sw_job *job, unsigned worker)
{
    struct counted *counted = (struct counted *)job;
    (void)worker;
    unsigned morsel = atomic_fetch_add(&counted->claimed, 1);
    if (morsel >= counted->morsels) {
        return false;
    }
    unsigned running = atomic_fetch_add(&counted->running, 1) + 1;
    unsigned most = atomic_load(&counted->running_most);
    while (running > most &&
           !atomic_compare_exchange_weak(&counted->running_most, &most, running)) {
    }
    atomic_fetch_add(&counted->hits[morsel], 1);
    atomic_fetch_sub(&counted->running, 1);
    return true;
}

static void done_counted(struct sw_job *job)
{
    struct counted *counted = (struct counted *)job;
    counted->done++;
    assert_int_equal(atomic_load(&counted->running), 0);
    if (counted->resubmits > 0 && !sw_job_is_cancelled(job)) {
        counted->resubmits--;
        atomic_store(&counted->claimed, 0);
        sw_pool_submit(counted->pool, job);
    } else if (counted->is_own) {
        (*counted->alive)--;
        free(counted);
    }
}

static const struct sw_job_ops counted_ops = {step_counted, done_counted};

static void init_counted(struct counted *counted, struct sw_pool *pool, struct sw_lane *lane,
                         enum sw_class urgency, unsigned width, unsigned morsels)
{
    memset(counted, 0, sizeof(*counted));
    counted->pool = pool;
    counted->morsels = morsels;
    sw_job_init(&counted->job, &counted_ops, lane, urgency, width);
}

static struct sw_pool *new_pool(unsigned threads)
{
    struct sw_pool *pool = NULL;
    assert_int_equal(sw_pool_new(threads, NULL, NULL, &pool, NULL), SW_OK);
    assert_int_equal(sw_pool_threads(pool), threads);
    return pool;
}

static struct sw_lane *new_lane(struct sw_pool *pool)
{
    struct sw_lane *lane = NULL;
    assert_int_equal(sw_lane_new(pool, &lane), SW_OK);
    return lane;
}

static void each_morsel_runs_once_and_done_is_called_once(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        struct sw_pool *pool = new_pool(threads);
        struct sw_lane *lane = new_lane(pool);
        static struct counted job[100];
        for (unsigned i = 0; i < 100; i++) {
            init_counted(&job[i], pool, lane, (enum sw_class)(i % SW_CLASSES), 0, i % 65);
            sw_pool_submit(pool, &job[i].job);
        }

        sw_pool_settle(pool);

        for (unsigned i = 0; i < 100; i++) {
            assert_int_equal(job[i].done, 1);
            for (unsigned morsel = 0; morsel < 64; morsel++) {
                assert_int_equal(atomic_load(&job[i].hits[morsel]), morsel < i % 65);
            }
        }
        assert_true(sw_lane_is_idle(lane));
        sw_lane_free(lane);
        sw_pool_free(pool);
    }
}

static void no_more_steps_run_at_once_than_the_width(void **state)
{
    (void)state;
    struct sw_pool *pool = new_pool(4);
    struct sw_lane *lane = new_lane(pool);
    static struct counted job[40];
    for (unsigned i = 0; i < 40; i++) {
        init_counted(&job[i], pool, lane, SW_CLASS_INGEST, 1 + i % 3, 64);
        sw_pool_submit(pool, &job[i].job);
    }

    sw_pool_settle(pool);

    for (unsigned i = 0; i < 40; i++) {
        assert_true(atomic_load(&job[i].running_most) <= 1 + i % 3);
        assert_int_equal(job[i].done, 1);
    }
    sw_lane_free(lane);
    sw_pool_free(pool);
}

static void a_job_cancelled_before_submit_gets_done_without_a_step(void **state)
{
    (void)state;
    struct sw_pool *pool = new_pool(2);
    struct sw_lane *lane = new_lane(pool);
    struct counted job;
    init_counted(&job, pool, lane, SW_CLASS_INTERACTIVE, 0, 10);
    sw_job_cancel(pool, &job.job);
    sw_pool_submit(pool, &job.job);
    assert_int_equal(job.done, 0);

    sw_pool_settle(pool);

    assert_int_equal(job.done, 1);
    assert_int_equal(atomic_load(&job.claimed), 0);
    sw_lane_free(lane);
    sw_pool_free(pool);
}

static void count_wake(void *context)
{
    atomic_fetch_add((atomic_uint *)context, 1);
}

/* One worker and a bulk job that waits behind: when it is at rest all have been posted. */
static void the_loop_is_woken_only_when_the_mailbox_was_empty(void **state)
{
    (void)state;
    atomic_uint wakes = 0;
    struct sw_pool *pool = NULL;
    assert_int_equal(sw_pool_new(1, count_wake, &wakes, &pool, NULL), SW_OK);
    struct sw_lane *lane = new_lane(pool);
    static struct counted job[50];
    for (unsigned i = 0; i < 50; i++) {
        init_counted(&job[i], pool, lane, SW_CLASS_INTERACTIVE, 0, 10);
        sw_job_cancel(pool, &job[i].job);
        sw_pool_submit(pool, &job[i].job);
    }
    assert_int_equal(atomic_load(&wakes), 1);

    sw_pool_drain(pool);
    assert_int_equal(atomic_load(&wakes), 1);
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(job[i].done, 1);
    }

    init_counted(&job[0], pool, lane, SW_CLASS_INTERACTIVE, 0, 3);
    sw_pool_submit(pool, &job[0].job);
    sw_pool_settle(pool);
    sw_lane_free(lane);
    sw_pool_free(pool); /* joins: the wake of the last job has been called */
    assert_int_equal(atomic_load(&wakes), 2);
}

/* A step that goes on until its job is cancelled. */
struct endless {
    struct sw_job job;
    atomic_uint steps;
    unsigned done;
    bool was_cancelled;
};

static bool step_endless(struct sw_job *job, unsigned worker)
{
    (void)worker;
    atomic_fetch_add(&((struct endless *)job)->steps, 1);
    return true;
}

static void done_endless(struct sw_job *job)
{
    struct endless *endless = (struct endless *)job;
    endless->done++;
    endless->was_cancelled = sw_job_is_cancelled(job);
}

static const struct sw_job_ops endless_ops = {step_endless, done_endless};

static void a_running_job_ends_when_it_is_cancelled(void **state)
{
    (void)state;
    struct sw_pool *pool = new_pool(3);
    struct sw_lane *lane = new_lane(pool);
    struct endless job[5] = {0};
    for (int i = 0; i < 5; i++) {
        sw_job_init(&job[i].job, &endless_ops, lane, SW_CLASS_INTERACTIVE, 0);
        sw_pool_submit(pool, &job[i].job);
    }
    for (int i = 0; i < 5; i++) {
        while (atomic_load(&job[i].steps) < 3) {
        }
    }

    for (int i = 0; i < 5; i++) {
        sw_job_cancel(pool, &job[i].job);
    }
    sw_pool_settle(pool);

    for (int i = 0; i < 5; i++) {
        assert_int_equal(job[i].done, 1);
        assert_true(job[i].was_cancelled);
    }
    sw_lane_free(lane);
    sw_pool_free(pool);
}

static void freeing_the_pool_ends_what_runs_and_calls_every_done(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct sw_pool *pool = new_pool(2);
        struct sw_lane *lane = new_lane(pool);
        struct endless job[6] = {0};
        for (int i = 0; i < 6; i++) {
            sw_job_init(&job[i].job, &endless_ops, lane, (enum sw_class)(i % SW_CLASSES),
                        (unsigned)i % 3);
            sw_pool_submit(pool, &job[i].job);
        }
        sw_lane_free(lane); /* lives until its last job is done */

        sw_pool_free(pool);

        for (int i = 0; i < 6; i++) {
            assert_int_equal(job[i].done, 1);
            assert_true(job[i].was_cancelled);
        }
    }
}

/* Thousands of jobs in lanes that come and go, cancelled at any moment, submitted again by their
 * done halves, freed by them. */
static void thousands_of_jobs_survive_cancels_and_frees(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (unsigned threads = 1; threads <= 4; threads *= 2) {
        struct sw_pool *pool = new_pool(threads);
        enum { LANES = 8, RECENT = 32 };
        struct sw_lane *lane[LANES];
        for (int i = 0; i < LANES; i++) {
            lane[i] = new_lane(pool);
        }
        unsigned alive = 0;
        static struct counted fixed[RECENT];
        memset(fixed, 0, sizeof(fixed));
        for (int round = 0; round < 4000; round++) {
            struct sw_lane **some = &lane[test_random_below(&random, LANES)];
            struct counted *job = malloc(sizeof(*job));
            assert_non_null(job);
            init_counted(job, pool, *some, (enum sw_class)test_random_below(&random, SW_CLASSES),
                         (unsigned)test_random_below(&random, 4),
                         (unsigned)test_random_below(&random, 20));
            job->is_own = true;
            job->alive = &alive;
            job->resubmits = (unsigned)test_random_below(&random, 3);
            alive++;
            sw_pool_submit(pool, &job->job);
            if (test_random_once_in(&random, 4)) {
                sw_job_cancel(pool, &job->job);
            }
            struct counted *other = &fixed[test_random_below(&random, RECENT)];
            if (other->job.magic == 0 || !other->job.pool.is_live) {
                init_counted(other, pool, lane[0], SW_CLASS_BULK, 0, 5);
                sw_pool_submit(pool, &other->job);
            } else {
                sw_job_cancel(pool, &other->job);
            }
            if (some != &lane[0] && test_random_once_in(&random, 50)) {
                sw_lane_free(*some); /* with jobs still in it */
                *some = new_lane(pool);
            }
            if (test_random_once_in(&random, 8)) {
                sw_pool_drain(pool);
            }
        }

        sw_pool_settle(pool);

        assert_int_equal(alive, 0);
        for (int i = 0; i < LANES; i++) {
            assert_true(sw_lane_is_idle(lane[i]));
            sw_lane_free(lane[i]);
        }
        sw_pool_free(pool);
    }
}

/* Phases with a barrier between them: whoever ends the last morsel of a phase opens the next, and
 * workers that found nothing meanwhile come back. */
struct phased {
    struct sw_job job;
    pthread_mutex_t lock;
    unsigned phase, claimed, ended; /* lock */
    unsigned width_of_phase[8];
    unsigned done;
    bool is_order_kept;
};

static bool step_phased(struct sw_job *job, unsigned worker)
{
    struct phased *phased = (struct phased *)job;
    (void)worker;
    pthread_mutex_lock(&phased->lock);
    unsigned phase = phased->phase;
    if (phase == 8 || phased->claimed == phased->width_of_phase[phase]) {
        pthread_mutex_unlock(&phased->lock);
        return false;
    }
    phased->claimed++;
    pthread_mutex_unlock(&phased->lock);

    pthread_mutex_lock(&phased->lock);
    phased->is_order_kept = phased->is_order_kept && phased->phase == phase;
    if (++phased->ended == phased->width_of_phase[phase]) {
        phased->phase++;
        phased->claimed = 0;
        phased->ended = 0;
    }
    pthread_mutex_unlock(&phased->lock);
    return true;
}

static void done_phased(struct sw_job *job)
{
    ((struct phased *)job)->done++;
}

static const struct sw_job_ops phased_ops = {step_phased, done_phased};

static void a_job_goes_through_phases_with_barriers(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (unsigned threads = 1; threads <= 4; threads++) {
        struct sw_pool *pool = new_pool(threads);
        struct sw_lane *lane[2] = {new_lane(pool), new_lane(pool)};
        static struct phased job[200];
        for (int i = 0; i < 200; i++) {
            job[i] = (struct phased){.is_order_kept = true};
            pthread_mutex_init(&job[i].lock, NULL);
            for (int phase = 0; phase < 8; phase++) {
                job[i].width_of_phase[phase] = 1 + (unsigned)test_random_below(&random, 5);
            }
            sw_job_init(&job[i].job, &phased_ops, lane[i % 2], SW_CLASS_INTERACTIVE, 0);
            sw_pool_submit(pool, &job[i].job);
        }

        sw_pool_settle(pool);

        for (int i = 0; i < 200; i++) {
            assert_int_equal(job[i].done, 1);
            assert_int_equal(job[i].phase, 8);
            assert_true(job[i].is_order_kept);
            pthread_mutex_destroy(&job[i].lock);
        }
        sw_lane_free(lane[0]);
        sw_lane_free(lane[1]);
        sw_pool_free(pool);
    }
}

static void two_lanes_share_one_worker(void **state)
{
    (void)state;
    struct sw_pool *pool = new_pool(1);
    struct sw_lane *lane[2] = {new_lane(pool), new_lane(pool)};
    struct endless job[2] = {0};
    for (int i = 0; i < 2; i++) {
        sw_job_init(&job[i].job, &endless_ops, lane[i], SW_CLASS_INTERACTIVE, 0);
        sw_pool_submit(pool, &job[i].job);
    }

    while (atomic_load(&job[0].steps) < 100 || atomic_load(&job[1].steps) < 100) {
    }

    for (int i = 0; i < 2; i++) {
        sw_job_cancel(pool, &job[i].job);
    }
    sw_pool_settle(pool);
    sw_lane_free(lane[0]);
    sw_lane_free(lane[1]);
    sw_pool_free(pool);
}

static void too_many_threads_are_refused_by_name(void **state)
{
    (void)state;
    struct sw_pool *pool = NULL;
    struct sw_err err;

    assert_int_equal(sw_pool_new(100000, NULL, NULL, &pool, &err), SW_LIMIT);

    assert_string_equal(err.limit, "threads");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_morsel_runs_once_and_done_is_called_once),
        cmocka_unit_test(no_more_steps_run_at_once_than_the_width),
        cmocka_unit_test(a_job_cancelled_before_submit_gets_done_without_a_step),
        cmocka_unit_test(the_loop_is_woken_only_when_the_mailbox_was_empty),
        cmocka_unit_test(a_running_job_ends_when_it_is_cancelled),
        cmocka_unit_test(freeing_the_pool_ends_what_runs_and_calls_every_done),
        cmocka_unit_test(thousands_of_jobs_survive_cancels_and_frees),
        cmocka_unit_test(a_job_goes_through_phases_with_barriers),
        cmocka_unit_test(two_lanes_share_one_worker),
        cmocka_unit_test(too_many_threads_are_refused_by_name),
    };
    return cmocka_run_group_tests_name("exec/pool", tests, NULL, NULL);
}
