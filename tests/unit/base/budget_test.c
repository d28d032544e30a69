#include "support/test.h"

#include <pthread.h>
#include <string.h>

#include "base/budget.h"

static void a_charge_goes_up_the_tree_and_back(void **state)
{
    (void)state;
    struct sw_budget server, session;
    sw_budget_init(&server, "memory", 1000, NULL);
    sw_budget_init(&session, "session-memory", 600, &server);
    assert_int_equal(sw_budget_charge(&session, 400, NULL), SW_OK);
    assert_true(sw_budget_used(&session) == 400);
    assert_true(sw_budget_used(&server) == 400);
    sw_budget_release(&session, 150);
    assert_true(sw_budget_used(&session) == 250);
    assert_true(sw_budget_used(&server) == 250);
    assert_int_equal(sw_budget_charge(NULL, 1, NULL), SW_OK);
    sw_budget_release(NULL, 1);
}

static void the_limit_itself_is_allowed_and_one_byte_more_is_not(void **state)
{
    (void)state;
    struct sw_budget budget;
    struct sw_err err;
    sw_budget_init(&budget, "memory", 1000, NULL);
    assert_int_equal(sw_budget_charge(&budget, 1000, &err), SW_OK);
    assert_int_equal(sw_budget_charge(&budget, 0, &err), SW_OK);
    assert_int_equal(sw_budget_charge(&budget, 1, &err), SW_LIMIT);
    assert_string_equal(err.limit, "memory");
    assert_true(err.limit_value == 1001 && err.limit_allowed == 1000);
    assert_true(sw_budget_used(&budget) == 1000);
}

struct spare {
    struct sw_budget *budget;
    size_t held;
    unsigned asked;
};

static size_t give_back(void *context, size_t bytes)
{
    struct spare *spare = context;
    size_t given = bytes < spare->held ? bytes : spare->held;
    spare->asked++;
    spare->held -= given;
    sw_budget_release(spare->budget, given);
    return given;
}

static void what_is_spare_goes_before_a_charge_is_refused(void **state)
{
    (void)state;
    struct sw_budget server, session;
    sw_budget_init(&server, "memory", 1600, NULL);
    sw_budget_init(&session, "session-memory", 800, &server);
    struct spare spare = {.budget = &session};
    sw_budget_add_shed(&session, give_back, &spare);
    sw_budget_add_shed(&server, give_back, &spare);

    assert_false(sw_budget_charge_spare(&session, 701)); /* an eighth stays free */
    assert_true(sw_budget_charge_spare(&session, 700));
    spare.held = 700;
    assert_int_equal(sw_budget_charge(&session, 100, NULL), SW_OK);
    assert_int_equal(spare.asked, 0);
    assert_int_equal(sw_budget_charge(&session, 300, NULL), SW_OK);
    assert_int_equal(spare.held, 400);
    assert_int_equal(sw_budget_charge(&server, 900, NULL), SW_OK); /* takes the session's */
    assert_true(sw_budget_used(&session) == 400 && sw_budget_used(&server) == 1300);
    assert_int_equal(sw_budget_charge(&session, 301, NULL), SW_LIMIT);
    assert_true(sw_budget_used(&session) == 400 && sw_budget_used(&server) == 1300);
    assert_false(sw_budget_charge_spare(&session, 101)); /* of the server's eighth */
    assert_true(sw_budget_used(&session) == 400);
}

static void a_parent_that_refuses_leaves_nothing_charged(void **state)
{
    (void)state;
    struct sw_budget server, session, table;
    struct sw_err err;
    sw_budget_init(&server, "memory", 1000, NULL);
    sw_budget_init(&session, "session-memory", 5000, &server);
    sw_budget_init(&table, "table", 5000, &session);
    assert_int_equal(sw_budget_charge(&table, 900, &err), SW_OK);
    assert_int_equal(sw_budget_charge(&table, 200, &err), SW_LIMIT);
    assert_string_equal(err.limit, "memory");
    assert_true(sw_budget_used(&table) == 900);
    assert_true(sw_budget_used(&session) == 900);
    assert_true(sw_budget_used(&server) == 900);
}

static void a_size_no_machine_has_is_refused(void **state)
{
    (void)state;
    struct sw_budget budget;
    sw_budget_init(&budget, "memory", INT64_MAX, NULL);
    assert_int_equal(sw_budget_charge(&budget, SIZE_MAX, NULL), SW_LIMIT);
    assert_int_equal(sw_budget_charge(&budget, (size_t)INT64_MAX + 1, NULL), SW_LIMIT);
    assert_true(sw_budget_used(&budget) == 0);
}

#define THREADS 4
#define TURNS   20000

struct worker {
    struct sw_budget session;
    uint64_t seed;
    size_t refused;
};

static struct sw_budget shared;

static void *charge_and_release(void *context)
{
    struct worker *worker = context;
    struct test_random random;
    test_random_init(&random, worker->seed);
    size_t held = 0;
    for (int i = 0; i < TURNS; i++) {
        size_t bytes = test_random_below(&random, 100);
        if (sw_budget_charge(&worker->session, bytes, NULL) == SW_OK) {
            held += bytes;
        } else {
            worker->refused++;
        }
        if (held > 200 || test_random_once_in(&random, 3)) {
            sw_budget_release(&worker->session, held);
            held = 0;
        }
    }
    sw_budget_release(&worker->session, held);
    return NULL;
}

/* A neighbour that asks for too much all the time must not make the others' charges fail. */
static void *ask_for_too_much(void *context)
{
    struct sw_budget greedy;
    sw_budget_init(&greedy, "session-memory", INT64_MAX, context);
    for (int i = 0; i < TURNS; i++) {
        assert_int_equal(sw_budget_charge(&greedy, 1000000, NULL), SW_LIMIT);
    }
    return NULL;
}

static void threads_share_a_budget_and_a_greedy_one_harms_nobody(void **state)
{
    (void)state;
    struct worker workers[THREADS];
    pthread_t threads[THREADS + 1];
    sw_budget_init(&shared, "memory", 400 * THREADS, NULL);
    for (size_t i = 0; i < THREADS; i++) {
        sw_budget_init(&workers[i].session, "session-memory", 10000, &shared);
        workers[i].seed = test_seed() + i;
        workers[i].refused = 0;
        assert_int_equal(pthread_create(&threads[i], NULL, charge_and_release, &workers[i]), 0);
    }
    assert_int_equal(pthread_create(&threads[THREADS], NULL, ask_for_too_much, &shared), 0);
    for (size_t i = 0; i <= THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(workers[i].refused, 0);
        assert_true(sw_budget_used(&workers[i].session) == 0);
    }
    assert_true(sw_budget_used(&shared) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_charge_goes_up_the_tree_and_back),
        cmocka_unit_test(the_limit_itself_is_allowed_and_one_byte_more_is_not),
        cmocka_unit_test(what_is_spare_goes_before_a_charge_is_refused),
        cmocka_unit_test(a_parent_that_refuses_leaves_nothing_charged),
        cmocka_unit_test(a_size_no_machine_has_is_refused),
        cmocka_unit_test(threads_share_a_budget_and_a_greedy_one_harms_nobody),
    };
    return cmocka_run_group_tests_name("base/budget", tests, NULL, NULL);
}
