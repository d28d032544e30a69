/* The log of changes: in order, whole or not at all, cut by the save that contains it; and a store
 * used from several threads at once. */
#include "world.h"

#include <pthread.h>

#include <sqlite3.h>

#include "base/log.h"

#define NAME "session"

struct fixture {
    char folder[64];
    struct sw_spill *spill;
    struct sw_store *store;
    struct test_random random;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    world_make_folder(fixture->folder);
    fixture->spill = world_open(fixture->folder, SW_DURABILITY_PROCESS, NULL);
    fixture->store = world_create(fixture->spill, NAME);
    test_random_init(&fixture->random, test_seed());
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    sw_store_close_work(fixture->store);
    sw_spill_close(fixture->spill);
    test_remove_folder(fixture->folder);
    free(fixture);
    return 0;
}

static void reopen(struct fixture *fixture)
{
    sw_store_close_work(fixture->store);
    fixture->store = world_reopen(fixture->spill, NAME);
}

static void append(struct fixture *fixture, uint64_t first, size_t count, const char *params)
{
    struct sw_record record[16];
    struct sw_err err = {0};
    for (size_t i = 0; i < count; i++) {
        record[i] = (struct sw_record){
            .seq = first + i,
            .kind = 7,
            .wall_ms = -5,
            .method = sw_span_text("table.update"),
            .params = sw_span_text(params),
        };
    }
    assert_int_equal(sw_journal_append_work(fixture->store, record, count, &err), SW_OK);
}

struct reading {
    uint64_t seq[64];
    size_t count;
    size_t stop_after;
};

static sw_status read_one(void *context, const struct sw_record *record, struct sw_err *err)
{
    struct reading *reading = context;
    assert_int_equal(record->kind, 7);
    assert_int_equal(record->wall_ms, -5);
    assert_true(sw_span_equal(record->method, sw_span_text("table.update")));
    reading->seq[reading->count++] = record->seq;
    return reading->count == reading->stop_after
               ? sw_fail(err, SW_CANCELLED, "the reader has enough")
               : SW_OK;
}

static size_t read_all(struct fixture *fixture, uint64_t after, struct reading *reading)
{
    struct sw_err err = {0};
    *reading = (struct reading){0};
    assert_int_equal(sw_journal_read_work(fixture->store, after, read_one, reading, &err), SW_OK);
    return reading->count;
}

static void records_come_back_in_order(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct reading reading;
    append(fixture, 1, 3, "{\"a\": 1}");
    append(fixture, 10, 2, "");
    reopen(fixture);

    assert_int_equal(read_all(fixture, 0, &reading), 5);

    assert_int_equal(reading.seq[2], 3);
    assert_int_equal(reading.seq[3], 10);
    assert_int_equal(reading.seq[4], 11);
    assert_int_equal(read_all(fixture, 3, &reading), 2);
    assert_int_equal(read_all(fixture, 11, &reading), 0);
    assert_int_equal(read_all(fixture, UINT64_MAX, &reading), 0);
    assert_int_equal(sw_journal_last_seq(fixture->store), 11);
}

static void a_reader_can_stop(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct reading reading = {.stop_after = 2};
    struct sw_err err = {0};
    append(fixture, 1, 5, "x");

    assert_int_equal(sw_journal_read_work(fixture->store, 0, read_one, &reading, &err),
                     SW_CANCELLED);

    assert_int_equal(reading.count, 2);
    append(fixture, 6, 1, "x"); /* and the log goes on */
}

static void a_save_cuts_what_it_contains(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct reading reading;
    struct sw_saved *state;
    uint64_t records;
    uint64_t bytes;
    append(fixture, 1, 6, "0123456789");
    sw_journal_figures(fixture->store, &records, &bytes);
    assert_int_equal(records, 6);
    assert_int_equal(bytes, 6 * (10 + strlen("table.update")));
    assert_int_equal(sw_saved_new(0, 0, &state), SW_OK);
    state->seq = 4;

    world_save(fixture->store, state);

    sw_journal_figures(fixture->store, &records, &bytes);
    assert_int_equal(records, 2);
    assert_int_equal(read_all(fixture, 0, &reading), 2);
    assert_int_equal(reading.seq[0], 5);
    assert_int_equal(sw_journal_last_seq(fixture->store), 6);
    reopen(fixture);
    assert_int_equal(sw_journal_last_seq(fixture->store), 6);
    assert_int_equal(sw_saved_new(0, 0, &state), SW_OK);
    sw_saved_free(world_restore(fixture->store));
    state->seq = 6;
    world_save(fixture->store, state);
    reopen(fixture);
    assert_int_equal(sw_journal_last_seq(fixture->store), 6); /* though the log is empty */
}

static void records_over_the_limits_are_refused(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_err err = {0};
    static struct sw_record many[SW_RECORDS_PER_APPEND + 1];
    const struct sw_record large = {.seq = 1,
                                    .params = sw_span_of("", (size_t)SW_RECORD_PARAMS_MAX + 1)};
    for (size_t i = 0; i <= SW_RECORDS_PER_APPEND; i++) {
        many[i] = (struct sw_record){
            .seq = i + 1, .method = sw_span_text("m"), .params = sw_span_text("")};
    }

    assert_int_equal(sw_journal_append_work(fixture->store, &large, 1, &err), SW_LIMIT);
    assert_string_equal(err.limit, "record_params_bytes");
    assert_int_equal(sw_journal_append_work(fixture->store, many, SW_RECORDS_PER_APPEND + 1, &err),
                     SW_LIMIT);
    assert_int_equal(sw_journal_append_work(fixture->store, many, SW_RECORDS_PER_APPEND, &err),
                     SW_OK);
    assert_int_equal(sw_journal_last_seq(fixture->store), SW_RECORDS_PER_APPEND);
}

static void harm(struct fixture *fixture, const char *sql)
{
    char path[200];
    sqlite3 *db;
    sw_store_close_work(fixture->store);
    snprintf(path, sizeof(path), "%s/sessions/" NAME ".db", fixture->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    fixture->store = world_reopen(fixture->spill, NAME);
}

static void a_damaged_record_ends_the_log(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct reading reading = {0};
    struct sw_err err = {0};
    append(fixture, 1, 5, "abc");
    harm(fixture, "UPDATE log SET params = x'616264' WHERE seq = 4");

    assert_int_equal(sw_journal_read_work(fixture->store, 0, read_one, &reading, &err), SW_DAMAGED);

    assert_int_equal(reading.count, 3);
    assert_non_null(strstr(err.message, "log"));
}

/* A record moved to another place keeps its hash, which is not that place's. */
static void records_that_changed_places_are_seen(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct reading reading = {0};
    struct sw_err err = {0};
    append(fixture, 1, 3, "abc");
    harm(fixture, "UPDATE log SET seq = 9 WHERE seq = 2");

    assert_int_equal(sw_journal_read_work(fixture->store, 0, read_one, &reading, &err), SW_DAMAGED);

    assert_int_equal(reading.count, 2);
}

/* -- threads --------------------------------------------------------------------------------- */

#define ROUNDS 40

struct shared {
    struct sw_store *store;
    struct sw_saved *state;
    _Atomic uint64_t key; /* of a chunk that is stored; 0: none yet */
    _Atomic bool failed;
};

static void *append_always(void *context)
{
    struct shared *shared = context;
    struct sw_err err;
    for (uint64_t i = 1; i <= ROUNDS * 5; i++) {
        const struct sw_record record = {.seq = i,
                                         .kind = 7,
                                         .wall_ms = -5,
                                         .method = sw_span_text("table.update"),
                                         .params = sw_span_text("{}")};
        if (sw_journal_append_work(shared->store, &record, 1, &err) != SW_OK) {
            shared->failed = true;
        }
    }
    return NULL;
}

static void *save_always(void *context)
{
    struct shared *shared = context;
    struct sw_err err;
    for (int i = 0; i < ROUNDS; i++) {
        struct sw_saved *state = world_copy_state(shared->state);
        if (world_try_save(shared->store, state, &err) != SW_OK) {
            shared->failed = true;
        }
        uint64_t key = 0;
        const struct sw_version *version = shared->state->table[0].version;
        if (sw_chunks_key(shared->store, version->group[0]->chunk[0], &key)) {
            shared->key = key;
        }
    }
    return NULL;
}

static void *put_always(void *context)
{
    struct shared *shared = context;
    struct test_random random;
    struct sw_err err;
    test_random_init(&random, 5);
    for (int i = 0; i < ROUNDS; i++) {
        struct sw_chunk *chunk = world_chunk(&random, SW_TYPE_INT, WORLD_NARROW, NULL, NULL, 500);
        if (sw_chunks_put_work(shared->store, &chunk, 1, &err) != SW_OK) {
            shared->failed = true;
        }
        sw_chunk_unref(chunk);
    }
    return NULL;
}

static void *read_always(void *context)
{
    struct shared *shared = context;
    struct sw_err err;
    for (int i = 0; i < ROUNDS * 5;) {
        struct sw_chunk *chunk;
        if (shared->key == 0) {
            continue;
        }
        if (sw_chunks_get_work(shared->store, shared->key, NULL, &chunk, &err) != SW_OK) {
            shared->failed = true;
            return NULL;
        }
        sw_chunk_unref(chunk);
        i++;
    }
    return NULL;
}

static void threads_do_not_disturb_each_other(void **fixture_of)
{
    static void *(*const lives[])(void *) = {append_always, save_always, put_always, read_always,
                                             read_always};
    struct fixture *fixture = *fixture_of;
    struct shared shared = {.store = fixture->store};
    pthread_t thread[5];
    shared.state = world_state(&fixture->random, 1, 2, 2, 100);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, lives[i], &shared), 0);
    }
    for (int i = 0; i < 5; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    }

    assert_false(shared.failed);
    reopen(fixture);
    struct sw_saved *back = world_restore(fixture->store);
    world_same_state(shared.state, back);
    assert_int_equal(sw_journal_last_seq(fixture->store), ROUNDS * 5);
    sw_saved_free(back);
    sw_saved_free(shared.state);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(records_come_back_in_order),        TEST(a_reader_can_stop),
        TEST(a_save_cuts_what_it_contains),      TEST(records_over_the_limits_are_refused),
        TEST(a_damaged_record_ends_the_log),     TEST(records_that_changed_places_are_seen),
        TEST(threads_do_not_disturb_each_other),
    };
    sw_log_set_level(SW_LOG_ERROR);
    return cmocka_run_group_tests_name("spill/journal", tests, NULL, NULL);
}
