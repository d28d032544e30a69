/* Values that leave their chunk and come back, from a home that makes them anew. */
#include "support/look.h"
#include "support/test.h"
#include "table/builder.h"

#include <pthread.h>
#include <stdlib.h>

#define ROWS    1000u
#define CHUNKS  8u
#define THREADS 4u
#define TURNS   20000u

struct home {
    struct sw_chunk_home home; /* first */
    int64_t first;             /* of its chunk's values */
    uint32_t fail_every;       /* loads; 0: none fails */
    bool is_wrong;             /* another chunk's values come */
    _Atomic uint32_t loads, loaded, forgotten;
};

static sw_status load(struct sw_chunk_home *home, const struct sw_chunk *chunk,
                      struct sw_chunk **copy, struct sw_err *err);

static void loaded(struct sw_chunk_home *home)
{
    ((struct home *)home)->loaded++;
}

static void forget(struct sw_chunk_home *home)
{
    ((struct home *)home)->forgotten++;
}

static const struct sw_chunk_home_ops home_ops = {load, loaded, forget};

static int64_t value_at(int64_t first, uint32_t row)
{
    return first + (int64_t)row * 3;
}

static sw_status make(struct sw_budget *budget, int64_t first, struct sw_chunk **chunk,
                      struct sw_err *err)
{
    struct sw_builder *builder;
    assert_int_equal(sw_builder_new(SW_TYPE_INT, NULL, NULL, &builder, NULL), SW_OK);
    for (uint32_t row = 0; row < ROWS; row++) {
        if (row == 7) {
            assert_int_equal(sw_builder_exception(builder, sw_span_text("seven")), SW_OK);
        } else {
            assert_int_equal(sw_builder_int(builder, value_at(first, row)), SW_OK);
        }
    }
    builder->budget = budget;
    sw_status status = sw_builder_seal(builder, chunk, err);
    builder->budget = NULL;
    sw_builder_free(builder);
    return status;
}

static sw_status load(struct sw_chunk_home *of, const struct sw_chunk *chunk,
                      struct sw_chunk **copy, struct sw_err *err)
{
    struct home *home = (struct home *)of;
    uint32_t loads = ++home->loads;
    if (home->fail_every > 0 && loads % home->fail_every == 0) {
        return sw_fail(err, SW_STORAGE, "the disk refuses");
    }
    return make(chunk->budget, home->is_wrong ? home->first + 1 : home->first, copy, err);
}

static struct sw_chunk *settled(struct sw_budget *budget, struct home *home, int64_t first)
{
    struct sw_chunk *chunk;
    *home = (struct home){.home = {&home_ops}, .first = first};
    assert_int_equal(make(budget, first, &chunk, NULL), SW_OK);
    chunk->home = &home->home;
    return chunk;
}

static void assert_values(const struct sw_chunk *chunk, int64_t first)
{
    struct sw_span text;
    for (uint32_t row = 0; row < ROWS; row += 1 + row / 3) {
        struct sw_value value = sw_chunk_value(chunk, row);
        assert_int_equal(value.is_null, row == 7);
        assert_true(value.is_null || value.u.i == value_at(first, row));
    }
    assert_true(sw_exceptions_find(chunk->exceptions, 7, &text));
    assert_true(sw_span_equal(text, sw_span_text("seven")));
}

static bool evict(struct sw_chunk *chunk)
{
    struct sw_chunk_values values;
    if (sw_chunk_evict(chunk, &values) == 0) {
        return false;
    }
    sw_chunk_values_free(&values);
    return true;
}

static void a_pinned_chunk_keeps_its_values(void **state)
{
    (void)state;
    struct home home;
    struct sw_chunk *chunk = settled(NULL, &home, 5);

    assert_int_equal(sw_chunk_pin(chunk, NULL), SW_OK);
    assert_int_equal(sw_chunk_pin(chunk, NULL), SW_OK);
    assert_false(evict(chunk));
    sw_chunk_unpin(chunk);
    assert_false(evict(chunk));
    assert_values(chunk, 5);
    sw_chunk_unpin(chunk);
    assert_true(evict(chunk));

    assert_false(sw_chunk_is_here(chunk));
    assert_false(evict(chunk));
    sw_chunk_unref(chunk);
    assert_int_equal(home.forgotten, 1);
}

static void values_come_back_and_the_budget_follows_them(void **state)
{
    (void)state;
    struct sw_budget budget;
    struct home home;
    sw_budget_init(&budget, "memory_bytes", 1 << 20, NULL);
    struct sw_chunk *chunk = settled(&budget, &home, 70);
    const int64_t here = sw_budget_used(&budget);
    assert_int_equal(here, chunk->held_bytes);

    for (uint32_t i = 1; i <= 3; i++) {
        assert_true(evict(chunk));
        assert_int_equal(sw_budget_used(&budget), sizeof *chunk);
        assert_int_equal(sw_chunk_pin(chunk, NULL), SW_OK);
        assert_values(chunk, 70);
        sw_chunk_unpin(chunk);
        assert_int_equal(sw_budget_used(&budget), here);
        assert_int_equal(home.loads, i);
        assert_int_equal(home.loaded, i);
    }
    sw_chunk_unref(chunk);
    assert_int_equal(sw_budget_used(&budget), 0);
}

static void a_load_that_fails_pins_nothing_and_may_be_tried_again(void **state)
{
    (void)state;
    struct sw_budget budget;
    struct home home;
    struct sw_err err;
    sw_budget_init(&budget, "memory_bytes", 1 << 20, NULL);
    struct sw_chunk *chunk = settled(&budget, &home, 1);
    assert_true(evict(chunk));

    home.fail_every = 1;
    assert_int_equal(sw_chunk_pin(chunk, &err), SW_STORAGE);
    home.fail_every = 0;
    home.is_wrong = true;
    assert_int_equal(sw_chunk_pin(chunk, &err), SW_DAMAGED);
    budget.limit = (int64_t)sizeof *chunk;
    assert_int_equal(sw_chunk_pin(chunk, &err), SW_LIMIT);
    assert_int_equal(sw_budget_used(&budget), sizeof *chunk);
    budget.limit = 1 << 20;
    home.is_wrong = false;
    assert_int_equal(sw_chunk_pin(chunk, &err), SW_OK);

    assert_values(chunk, 1);
    sw_chunk_unpin(chunk);
    sw_chunk_unref(chunk);
    assert_int_equal(sw_budget_used(&budget), 0);
}

static void a_chunk_that_begins_away_is_as_one_that_left(void **state)
{
    (void)state;
    struct sw_budget budget;
    struct home home;
    struct home away_home = {.home = {&home_ops}, .first = 9};
    struct sw_chunk *away;
    sw_budget_init(&budget, "memory_bytes", 1 << 20, NULL);
    struct sw_chunk *chunk = settled(&budget, &home, 9);
    struct sw_chunk parts = *test_look(chunk);
    parts.data = NULL;
    parts.valid = NULL;
    parts.exceptions = NULL;

    assert_int_equal(sw_chunk_new_away(&parts, true, false, test_look(chunk)->exceptions->size,
                                       &away_home.home, &away, NULL),
                     SW_OK);

    assert_int_equal(away->held_bytes, chunk->held_bytes);
    assert_int_equal(sw_budget_used(&budget), chunk->held_bytes + sizeof *away);
    assert_int_equal(sw_chunk_pin(away, NULL), SW_OK);
    assert_values(away, 9);
    sw_chunk_unpin(away);
    sw_chunk_unref(away);
    sw_chunk_unref(chunk);
    assert_int_equal(sw_budget_used(&budget), 0);
}

/* -- many threads ----------------------------------------------------------------------- */

struct bench {
    struct sw_chunk *chunk[CHUNKS];
    uint64_t seed;
};

struct hand {
    struct bench *bench;
    pthread_t thread;
    uint64_t number;
    uint32_t failed;
};

static void *pin_and_evict(void *context)
{
    struct hand *hand = context;
    struct test_random random;
    test_random_init(&random, hand->bench->seed + hand->number);
    for (uint32_t i = 0; i < TURNS; i++) {
        uint32_t at = (uint32_t)test_random_below(&random, CHUNKS);
        struct sw_chunk *chunk = hand->bench->chunk[at];
        if (test_random_below(&random, 3) == 0) {
            (void)evict(chunk);
        } else if (sw_chunk_pin(chunk, NULL) == SW_OK) {
            uint32_t row = (uint32_t)test_random_below(&random, ROWS);
            struct sw_value value = sw_chunk_value(chunk, row);
            if (value.is_null != (row == 7) ||
                (!value.is_null && value.u.i != value_at(at * 1000, row))) {
                hand->failed++;
            }
            sw_chunk_unpin(chunk);
        }
    }
    return NULL;
}

static void threads_that_pin_and_evict_see_whole_values_only(void **state)
{
    (void)state;
    struct bench bench = {.seed = test_seed()};
    struct home home[CHUNKS];
    struct hand hand[THREADS];
    struct sw_budget budget;
    sw_budget_init(&budget, "memory_bytes", 1 << 20, NULL);
    for (uint32_t i = 0; i < CHUNKS; i++) {
        bench.chunk[i] = settled(&budget, &home[i], (int64_t)i * 1000);
        home[i].fail_every = i % 2 == 0 ? 0 : 5;
    }

    for (uint32_t i = 0; i < THREADS; i++) {
        hand[i] = (struct hand){.bench = &bench, .number = i};
        assert_int_equal(pthread_create(&hand[i].thread, NULL, pin_and_evict, &hand[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(hand[i].thread, NULL), 0);
        assert_int_equal(hand[i].failed, 0);
    }

    for (uint32_t i = 0; i < CHUNKS; i++) {
        sw_chunk_unref(bench.chunk[i]);
        assert_int_equal(home[i].forgotten, 1);
    }
    assert_int_equal(sw_budget_used(&budget), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pinned_chunk_keeps_its_values),
        cmocka_unit_test(values_come_back_and_the_budget_follows_them),
        cmocka_unit_test(a_load_that_fails_pins_nothing_and_may_be_tried_again),
        cmocka_unit_test(a_chunk_that_begins_away_is_as_one_that_left),
        cmocka_unit_test(threads_that_pin_and_evict_see_whole_values_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
