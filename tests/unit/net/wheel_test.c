#include "support/test.h"

#include "net/wheel.h"

#include <stddef.h>

#define TIMERS 50

/* The slow twin: each timer's due second in an array. */
struct world {
    struct sw_wheel wheel;
    struct sw_timer timers[TIMERS];
    int64_t due[TIMERS]; /* -1: not set */
    struct test_random *random;
    int fired;
};

static void set(struct world *world, size_t i, int64_t seconds)
{
    sw_wheel_set(&world->wheel, &world->timers[i], seconds);
    int64_t kept = seconds < 1 ? 1 : seconds > 63 ? 63 : seconds;
    world->due[i] = world->wheel.now_s + kept;
}

static void fire(struct sw_timer *timer, void *context)
{
    struct world *world = context;
    size_t i = (size_t)(timer - world->timers);

    assert_int_equal(world->due[i], world->wheel.now_s);
    assert_null(timer->link);
    world->due[i] = -1;
    world->fired++;
    if (test_random_once_in(world->random, 3)) {
        set(world, i, test_random_between(world->random, 0, 70));
    }
    size_t other = (size_t)test_random_below(world->random, TIMERS);
    if (test_random_once_in(world->random, 4)) {
        sw_wheel_clear(&world->timers[other]);
        world->due[other] = -1;
    }
}

static void timers_fire_in_their_second_and_only_then(void **state)
{
    (void)state;
    struct test_random random;
    struct world world = {.random = &random};
    test_random_init(&random, test_seed());
    sw_wheel_init(&world.wheel, 1000);
    for (size_t i = 0; i < TIMERS; i++) {
        world.due[i] = -1;
    }
    for (int64_t now = 1000; now < 3000; now += test_random_between(&random, 0, 3)) {
        size_t i = (size_t)test_random_below(&random, TIMERS);
        set(&world, i, test_random_between(&random, -1, 80));

        sw_wheel_turn(&world.wheel, now, fire, &world);

        for (size_t k = 0; k < TIMERS; k++) {
            assert_true(world.due[k] == -1 || world.due[k] > now);
            assert_int_equal(world.timers[k].link != NULL, world.due[k] != -1);
        }
    }
    assert_true(world.fired > 100);
}

static void count_fire(struct sw_timer *timer, void *context)
{
    (void)timer;
    ++*(int *)context;
}

static void a_long_stop_of_the_process_fires_each_timer_once(void **state)
{
    (void)state;
    struct sw_wheel wheel;
    struct sw_timer timers[3] = {{NULL, NULL}, {NULL, NULL}, {NULL, NULL}};
    int fired = 0;
    sw_wheel_init(&wheel, 0);
    sw_wheel_set(&wheel, &timers[0], 1);
    sw_wheel_set(&wheel, &timers[1], 63);
    sw_wheel_set(&wheel, &timers[2], 30);

    sw_wheel_turn(&wheel, 1000000, count_fire, &fired);

    assert_int_equal(fired, 3);
    assert_int_equal(wheel.now_s, 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_their_second_and_only_then),
        cmocka_unit_test(a_long_stop_of_the_process_fires_each_timer_once),
    };
    return cmocka_run_group_tests_name("net/wheel", tests, NULL, NULL);
}
