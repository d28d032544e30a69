/* Chunks of a session leave memory and come back as they were, whoever asks for them when. */
#include "world.h"

#include <pthread.h>

#include "spill/cache.h"

#define CHUNKS 24u
#define ROWS   4000u
#define PLENTY ((int64_t)1 << 40)

struct fixture {
    char folder[64];
    struct sw_spill *spill;
    struct sw_store *store;
    struct sw_budget budget;
    struct sw_cache *cache;
    struct test_random random;
    struct sw_dict *dict;           /* of the budget */
    struct sw_chunk *chunk[CHUNKS]; /* in the cache */
    struct sw_chunk *twin[CHUNKS];  /* the same, in nobody's */
};

static void open_all(struct fixture *fixture, int64_t limit)
{
    sw_budget_init(&fixture->budget, "session_memory_bytes", limit, NULL);
    assert_int_equal(sw_cache_new(NULL, &fixture->budget, limit, &fixture->cache), SW_OK);
    sw_cache_set_store_work(fixture->cache, fixture->store);
}

static void close_all(struct fixture *fixture)
{
    sw_cache_set_store_work(fixture->cache, NULL);
    sw_store_close_work(fixture->store);
    sw_cache_close(fixture->cache);
    sw_dict_unref(fixture->dict);
    fixture->dict = NULL;
    assert_int_equal(sw_budget_used(&fixture->budget), 0);
}

static void make_chunks(struct fixture *fixture)
{
    struct sw_dict *twin_dict;
    assert_int_equal(sw_dict_new(&fixture->budget, &fixture->dict, NULL), SW_OK);
    assert_int_equal(sw_dict_new(NULL, &twin_dict, NULL), SW_OK);
    for (uint32_t i = 0; i < CHUNKS; i++) {
        enum sw_type type = (enum sw_type)(i % SW_TYPE_COUNT);
        enum world_shape shape = (enum world_shape)(i % WORLD_SHAPES);
        bool is_coded = type == SW_TYPE_STRING && shape != WORLD_WIDE;
        struct test_random again = fixture->random;
        fixture->chunk[i] = world_chunk(&fixture->random, type, shape,
                                        is_coded ? fixture->dict : NULL, &fixture->budget, ROWS);
        fixture->twin[i] =
            world_chunk(&again, type, shape, is_coded ? twin_dict : NULL, NULL, ROWS);
    }
    sw_dict_unref(twin_dict);
}

static void drop_chunks(struct fixture *fixture)
{
    for (uint32_t i = 0; i < CHUNKS; i++) {
        sw_chunk_unref(fixture->chunk[i]);
        sw_chunk_unref(fixture->twin[i]);
    }
}

static void write_all(struct fixture *fixture)
{
    struct sw_err err = {0};
    assert_int_equal(sw_cache_write_work(fixture->cache, fixture->store, SIZE_MAX, &err), SW_OK);
}

static void assert_same(const struct sw_chunk *chunk, const struct sw_chunk *twin)
{
    struct sw_err err = {0};
    if (sw_chunk_pin(chunk, &err) != SW_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(sw_chunk_pin(twin, NULL), SW_OK);
    world_same_chunk(chunk, twin);
    sw_chunk_unpin(twin);
    sw_chunk_unpin(chunk);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    world_make_folder(fixture->folder);
    fixture->spill = world_open(fixture->folder, SW_DURABILITY_PROCESS, NULL);
    fixture->store = world_create(fixture->spill, "session");
    test_random_init(&fixture->random, test_seed());
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    sw_spill_close(fixture->spill);
    test_remove_folder(fixture->folder);
    free(fixture);
    return 0;
}

/* -- out and in ----------------------------------------------------------------------------- */

static void written_chunks_leave_and_come_back_as_they_were(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_cache_figures figures;
    open_all(fixture, PLENTY);
    make_chunks(fixture);

    assert_int_equal(sw_cache_give_up(fixture->cache, SIZE_MAX), 0); /* nothing is written */
    write_all(fixture);
    int64_t used = sw_budget_used(&fixture->budget);
    size_t given = sw_cache_give_up(fixture->cache, SIZE_MAX);
    assert_int_equal(sw_budget_used(&fixture->budget), used - (int64_t)given);
    sw_cache_figures(fixture->cache, &figures);
    assert_int_equal(figures.away_bytes, given);
    assert_int_equal(figures.here_bytes + figures.unwritten_bytes, 0);

    uint32_t loads = 0;
    for (uint32_t i = 0; i < CHUNKS; i++) {
        bool is_empty = fixture->chunk[i]->held_bytes == sizeof(struct sw_chunk); /* a constant */
        assert_int_equal(sw_chunk_is_here(fixture->chunk[i]), is_empty);
        loads += !is_empty;
        assert_same(fixture->chunk[i], fixture->twin[i]);
    }
    assert_int_equal(sw_budget_used(&fixture->budget), used);
    sw_cache_figures(fixture->cache, &figures);
    assert_int_equal(figures.away_bytes, 0);
    assert_int_equal(figures.here_bytes, given);
    assert_int_equal(figures.loads, loads);

    drop_chunks(fixture);
    close_all(fixture);
}

static void a_charge_takes_what_is_written_and_fails_when_nothing_is(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_err err = {0};
    open_all(fixture, PLENTY);
    make_chunks(fixture);
    fixture->budget.limit = sw_budget_used(&fixture->budget);

    assert_int_equal(sw_budget_charge(&fixture->budget, 1000, &err), SW_LIMIT);
    assert_string_equal(err.limit, "session_memory_bytes");
    write_all(fixture);
    assert_int_equal(sw_budget_charge(&fixture->budget, 1000, &err), SW_OK);
    sw_budget_release(&fixture->budget, 1000);

    /* one at a time fits */
    (void)sw_cache_give_up(fixture->cache, SIZE_MAX);
    size_t largest = 0;
    for (uint32_t i = 0; i < CHUNKS; i++) {
        size_t bytes = fixture->chunk[i]->held_bytes;
        largest = bytes > largest ? bytes : largest;
    }
    fixture->budget.limit = sw_budget_used(&fixture->budget) + (int64_t)largest;
    for (uint32_t i = 0; i < 3 * CHUNKS; i++) {
        assert_same(fixture->chunk[i % CHUNKS], fixture->twin[i % CHUNKS]);
    }

    drop_chunks(fixture);
    close_all(fixture);
}

static void the_cache_keeps_below_its_mark(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_budget *budget = &fixture->budget;
    const int64_t limit = 120000;
    const int64_t mark = limit / 4 * 3;
    open_all(fixture, limit);
    budget->limit = PLENTY; /* as while a session wakes */
    make_chunks(fixture);
    assert_true(sw_budget_used(budget) > mark);

    assert_false(sw_cache_make_room(fixture->cache));
    write_all(fixture);
    assert_true(sw_cache_make_room(fixture->cache));
    assert_true(sw_budget_used(budget) <= mark);
    for (uint32_t i = 0; i < CHUNKS; i++) {
        assert_same(fixture->chunk[i], fixture->twin[i]);
        assert_true(sw_budget_used(budget) <= mark + (int64_t)fixture->chunk[i]->held_bytes);
    }

    drop_chunks(fixture);
    close_all(fixture);
}

/* -- what goes wrong ------------------------------------------------------------------------ */

static void without_its_store_a_chunk_stays_away(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_err err = {0};
    open_all(fixture, PLENTY);
    make_chunks(fixture);
    write_all(fixture);
    (void)sw_cache_give_up(fixture->cache, SIZE_MAX);

    sw_cache_set_store_work(fixture->cache, NULL);
    for (uint32_t i = 0; i < CHUNKS; i++) {
        bool is_here = sw_chunk_is_here(fixture->chunk[i]); /* a constant has nothing to lose */
        assert_int_equal(sw_chunk_pin(fixture->chunk[i], &err), is_here ? SW_OK : SW_STORAGE);
        if (is_here) {
            sw_chunk_unpin(fixture->chunk[i]);
        }
    }
    sw_cache_set_store_work(fixture->cache, fixture->store);
    for (uint32_t i = 0; i < CHUNKS; i++) {
        assert_same(fixture->chunk[i], fixture->twin[i]);
    }
    assert_int_equal(sw_cache_check(fixture->cache, &err), SW_OK);

    drop_chunks(fixture);
    close_all(fixture);
}

/* Bytes of the file of chunks are flipped beyond its first page. */
static void harm(const struct fixture *fixture)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/sessions/session.chunks", fixture->folder);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    for (long at = 65536; at < size; at += 500) {
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        int byte = fgetc(file);
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        assert_true(fputc(byte ^ 0x55, file) != EOF);
    }
    assert_int_equal(fclose(file), 0);
}

static void a_damaged_chunk_is_an_error_of_whoever_asks(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_err err = {0};
    uint32_t damaged = 0;
    open_all(fixture, PLENTY);
    make_chunks(fixture);
    write_all(fixture);
    (void)sw_cache_give_up(fixture->cache, SIZE_MAX);
    sw_cache_set_store_work(fixture->cache, NULL);
    struct sw_saved *state = world_state(&fixture->random, 1, 1, 1, 10);
    world_save(fixture->store, state);

    harm(fixture);
    sw_cache_set_store_work(fixture->cache, fixture->store);
    for (uint32_t i = 0; i < CHUNKS; i++) {
        sw_status status = sw_chunk_pin(fixture->chunk[i], &err);
        if (status == SW_OK) {
            world_same_chunk(fixture->chunk[i], fixture->twin[i]); /* SQLite had its page */
            sw_chunk_unpin(fixture->chunk[i]);
        } else {
            damaged += status == SW_DAMAGED;
        }
    }
    if (damaged > 0) {
        assert_int_equal(sw_cache_check(fixture->cache, &err), SW_DAMAGED);
        assert_non_null(strstr(err.message, "damaged"));
    }

    drop_chunks(fixture);
    close_all(fixture);
}

/* -- saves, sweeps, restores ------------------------------------------------------------------ */

static void save_nothing(struct fixture *fixture, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) {
        struct sw_saved *state;
        assert_int_equal(sw_saved_new(0, 0, &state), SW_OK);
        world_save(fixture->store, state);
    }
}

static void what_lives_stays_stored_whatever_is_saved(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_chunks_figures figures;
    open_all(fixture, PLENTY);
    make_chunks(fixture);
    write_all(fixture);
    (void)sw_cache_give_up(fixture->cache, SIZE_MAX);

    save_nothing(fixture, 4);
    for (uint32_t i = 0; i < CHUNKS; i++) {
        assert_same(fixture->chunk[i], fixture->twin[i]);
    }
    sw_chunks_figures(fixture->store, &figures);
    assert_int_equal(figures.chunks, CHUNKS);

    drop_chunks(fixture);
    save_nothing(fixture, 1);
    sw_chunks_figures(fixture->store, &figures);
    assert_int_equal(figures.chunks, 0);
    close_all(fixture);
}

static void pin_version(const struct sw_version *version, bool is_pin)
{
    for (uint32_t g = 0; g < version->groups; g++) {
        const struct sw_rowgroup *group = version->group[g];
        for (uint32_t i = 0; i <= group->columns; i++) {
            const struct sw_chunk *chunk = i < group->columns ? group->chunk[i] : group->row_ids;
            struct sw_err err = {0};
            if (chunk != NULL && is_pin && sw_chunk_pin(chunk, &err) != SW_OK) {
                fail_msg("%s", err.message);
            } else if (chunk != NULL && !is_pin) {
                sw_chunk_unpin(chunk);
            }
        }
    }
}

static void pin_state(const struct sw_saved *state, bool is_pin)
{
    for (uint32_t i = 0; i < state->tables; i++) {
        const struct sw_saved_table *table = &state->table[i];
        if (table->version != NULL) {
            pin_version(table->version, is_pin);
        }
        for (uint32_t k = 0; k < table->steps; k++) {
            pin_version(table->step[k].before, is_pin);
            pin_version(table->step[k].after, is_pin);
        }
    }
}

static void a_restored_session_reads_what_is_asked_for(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_cache_figures figures;
    struct sw_err err = {0};
    struct sw_saved *state = world_state(&fixture->random, 2, 6, 3, 900);
    world_save(fixture->store, world_copy_state(state));
    for (int round = 0; round < 3; round++) {
        sw_store_close_work(fixture->store);
        fixture->store = world_reopen(fixture->spill, "session");
        open_all(fixture, PLENTY);

        struct sw_saved *back;
        assert_int_equal(world_try_restore(fixture->store, &fixture->budget, &back, &err), SW_OK);
        sw_cache_figures(fixture->cache, &figures);
        assert_int_equal(figures.loads, 0);
        assert_int_equal(figures.here_bytes + figures.unwritten_bytes, 0);
        pin_state(state, true);
        pin_state(back, true);
        world_same_state(state, back);
        pin_state(back, false);
        pin_state(state, false);

        if (round > 0) { /* saved again from what is away */
            (void)sw_cache_give_up(fixture->cache, SIZE_MAX);
            struct sw_saved *copy = world_copy_state(back);
            copy->seq = ++state->seq;
            world_save(fixture->store, copy);
        }
        sw_saved_free(back);
        sw_cache_set_store_work(fixture->cache, NULL);
        sw_store_close_work(fixture->store);
        sw_cache_close(fixture->cache);
        assert_int_equal(sw_budget_used(&fixture->budget), 0);
        fixture->store = world_reopen(fixture->spill, "session");
    }
    sw_saved_free(state);
    sw_store_remove_work(fixture->store);
}

/* -- threads --------------------------------------------------------------------------------- */

struct hand {
    struct fixture *fixture;
    pthread_t thread;
    uint64_t seed;
    uint32_t failed;
};

static _Atomic bool is_over;

static bool is_same_cell(const struct sw_chunk *chunk, const struct sw_chunk *twin, uint32_t row)
{
    struct sw_value a = sw_chunk_value(chunk, row);
    struct sw_value b = sw_chunk_value(twin, row);
    return a.is_null == b.is_null &&
           (a.is_null || (a.type == SW_TYPE_STRING ? sw_span_equal(a.u.s, b.u.s)
                                                   : memcmp(&a.u.i, &b.u.i, sizeof(a.u.i)) == 0));
}

static void *read_cells(void *context)
{
    struct hand *hand = context;
    struct test_random random;
    test_random_init(&random, hand->seed);
    for (uint32_t turn = 0; turn < 3000; turn++) {
        uint32_t i = (uint32_t)test_random_below(&random, CHUNKS);
        const struct sw_chunk *chunk = hand->fixture->chunk[i];
        const struct sw_chunk *twin = hand->fixture->twin[i];
        if (sw_chunk_pin(chunk, NULL) != SW_OK || sw_chunk_pin(twin, NULL) != SW_OK) {
            hand->failed++;
            break;
        }
        hand->failed += !is_same_cell(chunk, twin, (uint32_t)test_random_below(&random, ROWS));
        sw_chunk_unpin(twin);
        sw_chunk_unpin(chunk);
    }
    return NULL;
}

static void *press(void *context)
{
    struct hand *hand = context;
    struct test_random random;
    test_random_init(&random, hand->seed);
    while (!atomic_load(&is_over)) {
        (void)sw_cache_give_up(hand->fixture->cache, (size_t)test_random_below(&random, 200000));
        hand->failed +=
            sw_cache_write_work(hand->fixture->cache, hand->fixture->store, 50000, NULL) != SW_OK;
        struct sw_chunk *chunk =
            world_chunk(&random, SW_TYPE_INT, WORLD_WIDE, NULL, &hand->fixture->budget, 500);
        sw_chunk_unref(chunk);
    }
    return NULL;
}

static void threads_share_a_cache(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct hand hand[4];
    open_all(fixture, PLENTY);
    make_chunks(fixture);
    atomic_store(&is_over, false);

    for (uint32_t i = 0; i < 4; i++) {
        hand[i] = (struct hand){.fixture = fixture, .seed = fixture->random.state + i};
        assert_int_equal(
            pthread_create(&hand[i].thread, NULL, i == 0 ? press : read_cells, &hand[i]), 0);
    }
    for (uint32_t i = 4; i-- > 0;) {
        atomic_store(&is_over, i == 0);
        assert_int_equal(pthread_join(hand[i].thread, NULL), 0);
        assert_int_equal(hand[i].failed, 0);
    }

    drop_chunks(fixture);
    close_all(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(written_chunks_leave_and_come_back_as_they_were, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_charge_takes_what_is_written_and_fails_when_nothing_is,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_cache_keeps_below_its_mark, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_its_store_a_chunk_stays_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_chunk_is_an_error_of_whoever_asks, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_lives_stays_stored_whatever_is_saved, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_restored_session_reads_what_is_asked_for, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(threads_share_a_cache, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
