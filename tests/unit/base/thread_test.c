#include "support/test.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/thread.h"

static void *be_worker(void *context)
{
    enum sw_thread_kind *seen = context;
    seen[0] = sw_thread_kind();
    sw_thread_be(SW_THREAD_WORKER);
    sw_assert_worker();
    seen[1] = sw_thread_kind();
    return NULL;
}

static void each_thread_says_for_itself_what_it_is(void **state)
{
    (void)state;
    sw_assert_loop();
    sw_assert_worker();
    sw_thread_be(SW_THREAD_LOOP);
    enum sw_thread_kind seen[2];
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, be_worker, seen), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(seen[0], SW_THREAD_ANY);
    assert_int_equal(seen[1], SW_THREAD_WORKER);
    assert_int_equal(sw_thread_kind(), SW_THREAD_LOOP);
    sw_assert_loop();
    sw_thread_be(SW_THREAD_ANY);
}

static void the_system_clock_never_goes_back(void **state)
{
    (void)state;
    int64_t before = sw_clock_us(&sw_clock_system);
    for (int i = 0; i < 1000; i++) {
        int64_t now = sw_clock_us(&sw_clock_system);
        assert_true(now >= before);
        before = now;
    }
    assert_true(sw_clock_system.wall_ms(NULL) > 1704067200000); /* later than 2024-01-01 */
}

static int64_t fake_now(void *context)
{
    return *(int64_t *)context;
}

static void a_test_can_have_a_clock_of_its_own(void **state)
{
    (void)state;
    int64_t now = 5999;
    const struct sw_clock clock = {fake_now, fake_now, &now};
    assert_true(sw_clock_us(&clock) == 5999);
    assert_true(sw_clock_ms(&clock) == 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_thread_says_for_itself_what_it_is),
        cmocka_unit_test(the_system_clock_never_goes_back),
        cmocka_unit_test(a_test_can_have_a_clock_of_its_own),
    };
    return cmocka_run_group_tests_name("base/thread", tests, NULL, NULL);
}
