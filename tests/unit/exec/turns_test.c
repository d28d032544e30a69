/* The rules of turns.h, without a thread. */
#include "support/test.h"

#include "exec/turns.h"

static bool step_nothing(struct sw_job *job, unsigned worker)
{
    (void)job;
    (void)worker;
    return false;
}

static void done_nothing(struct sw_job *job)
{
    (void)job;
}

static const struct sw_job_ops nothing = {step_nothing, done_nothing};

static void add_lane(struct sw_turns *turns, struct sw_lane *lane)
{
    *lane = (struct sw_lane){.magic = SW_LANE_MAGIC};
    assert_true(sw_turns_add_lane(turns));
}

static void put(struct sw_turns *turns, struct sw_job *job, struct sw_lane *lane,
                enum sw_class urgency)
{
    *job = (struct sw_job){0};
    sw_job_init(job, &nothing, lane, urgency, 0);
    sw_turns_put(turns, job);
}

static void the_lane_that_used_least_goes_first(void **state)
{
    (void)state;
    struct sw_turns turns = {0};
    struct sw_lane lane[3];
    struct sw_job job[3];
    for (int i = 0; i < 3; i++) {
        add_lane(&turns, &lane[i]);
        put(&turns, &job[i], &lane[i], SW_CLASS_INTERACTIVE);
    }
    int64_t used[3] = {0};
    const int64_t cost[3] = {100, 200, 400};

    for (int i = 0; i < 7000; i++) {
        struct sw_job *next = sw_turns_next(&turns);
        long at = next - job;
        used[at] += cost[at];
        sw_turns_charge(&turns, next->lane, next->urgency, cost[at]);
    }

    assert_in_range(used[0], used[1] - 400, used[1] + 400);
    assert_in_range(used[0], used[2] - 400, used[2] + 400);
    sw_turns_fini(&turns);
}

static void a_lane_that_rested_comes_back_at_the_present(void **state)
{
    (void)state;
    struct sw_turns turns = {0};
    struct sw_lane busy;
    struct sw_lane rested;
    struct sw_job job[2];
    add_lane(&turns, &busy);
    add_lane(&turns, &rested);
    put(&turns, &job[0], &busy, SW_CLASS_INTERACTIVE);
    for (int i = 0; i < 1000; i++) {
        (void)sw_turns_next(&turns);
        sw_turns_charge(&turns, &busy, SW_CLASS_INTERACTIVE, 100);
    }

    put(&turns, &job[1], &rested, SW_CLASS_INTERACTIVE);
    int turns_of_rested = 0;
    for (int i = 0; i < 100; i++) {
        struct sw_job *next = sw_turns_next(&turns);
        turns_of_rested += next == &job[1];
        sw_turns_charge(&turns, next->lane, next->urgency, 100);
    }

    assert_in_range(turns_of_rested, 49, 52);
    sw_turns_fini(&turns);
}

static void urgent_classes_go_first_within_a_lane(void **state)
{
    (void)state;
    struct sw_turns turns = {0};
    struct sw_lane lane;
    struct sw_job job[SW_CLASSES];
    add_lane(&turns, &lane);
    for (int i = SW_CLASSES - 1; i >= 0; i--) {
        put(&turns, &job[i], &lane, (enum sw_class)i);
    }

    assert_ptr_equal(sw_turns_next(&turns), &job[SW_CLASS_INTERACTIVE]);
    sw_turns_remove(&turns, &job[SW_CLASS_INTERACTIVE]);
    assert_ptr_equal(sw_turns_next(&turns), &job[SW_CLASS_INDEX]);
    sw_turns_remove(&turns, &job[SW_CLASS_INDEX]);
    assert_ptr_equal(sw_turns_next(&turns), &job[SW_CLASS_INGEST]);
    assert_ptr_equal(sw_turns_next(&turns), &job[SW_CLASS_BULK]);
    assert_ptr_equal(sw_turns_next(&turns), &job[SW_CLASS_INGEST]);
    sw_turns_fini(&turns);
}

static void ingest_keeps_a_tenth_beside_any_urgent_work(void **state)
{
    (void)state;
    struct sw_turns turns = {0};
    struct sw_lane lane[5];
    struct sw_job job[5];
    for (int i = 0; i < 5; i++) {
        add_lane(&turns, &lane[i]);
    }
    /* Four sessions drag; the first of them uploads too. */
    for (int i = 0; i < 4; i++) {
        put(&turns, &job[i], &lane[i], SW_CLASS_INTERACTIVE);
    }
    put(&turns, &job[4], &lane[0], SW_CLASS_INGEST);
    int64_t ingest_us = 0;
    int64_t all_us = 0;

    for (int i = 0; i < 20000; i++) {
        struct sw_job *next = sw_turns_next(&turns);
        int64_t cost = next == &job[4] ? 900 : 150;
        ingest_us += next == &job[4] ? cost : 0;
        all_us += cost;
        sw_turns_charge(&turns, next->lane, next->urgency, cost);
    }

    assert_in_range(ingest_us * 100 / all_us, 9, 11);
    sw_turns_fini(&turns);
}

static void jobs_of_a_class_take_turns(void **state)
{
    (void)state;
    struct sw_turns turns = {0};
    struct sw_lane lane;
    struct sw_job job[3];
    add_lane(&turns, &lane);
    for (int i = 0; i < 3; i++) {
        put(&turns, &job[i], &lane, SW_CLASS_INTERACTIVE);
    }

    for (int i = 0; i < 9; i++) {
        assert_ptr_equal(sw_turns_next(&turns), &job[i % 3]);
    }
    sw_turns_remove(&turns, &job[1]);
    assert_ptr_equal(sw_turns_next(&turns), &job[0]);
    assert_ptr_equal(sw_turns_next(&turns), &job[2]);
    sw_turns_remove(&turns, &job[0]);
    sw_turns_remove(&turns, &job[2]);
    assert_null(sw_turns_next(&turns));
    sw_turns_fini(&turns);
}

/* Against a plain search of all lanes, on random puts, removes and charges. */
static void the_heap_always_gives_the_least_used_lane(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    enum { LANES = 40 };
    struct sw_turns turns = {0};
    static struct sw_lane lane[LANES];
    static struct sw_job job[LANES];
    for (int i = 0; i < LANES; i++) {
        add_lane(&turns, &lane[i]);
        job[i] = (struct sw_job){0};
        sw_job_init(&job[i], &nothing, &lane[i], SW_CLASS_INTERACTIVE, 0);
    }

    for (int round = 0; round < 50000; round++) {
        struct sw_job *some = &job[test_random_below(&random, LANES)];
        if (!some->pool.is_queued) {
            sw_turns_put(&turns, some);
        } else if (test_random_once_in(&random, 2)) {
            sw_turns_remove(&turns, some);
        }
        struct sw_job *next = sw_turns_next(&turns);
        bool has_any = false;
        for (int i = 0; i < LANES; i++) {
            has_any = has_any || job[i].pool.is_queued;
            if (job[i].pool.is_queued) {
                assert_true(next->lane->used_us <= lane[i].used_us);
            }
        }
        assert_int_equal(has_any, next != NULL);
        if (next != NULL) {
            sw_turns_charge(&turns, next->lane, next->urgency,
                            (int64_t)test_random_below(&random, 300));
        }
    }
    sw_turns_fini(&turns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lane_that_used_least_goes_first),
        cmocka_unit_test(a_lane_that_rested_comes_back_at_the_present),
        cmocka_unit_test(urgent_classes_go_first_within_a_lane),
        cmocka_unit_test(ingest_keeps_a_tenth_beside_any_urgent_work),
        cmocka_unit_test(jobs_of_a_class_take_turns),
        cmocka_unit_test(the_heap_always_gives_the_least_used_lane),
    };
    return cmocka_run_group_tests_name("exec/turns", tests, NULL, NULL);
}
