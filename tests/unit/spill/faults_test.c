/* A disk that is full, or fails, at any one call: what was acknowledged stays, what failed is said,
 * and when the disk is well again so is the store. */
#include "world.h"

#include "base/log.h"
#include "support/disk.h"

#define NAME "session"

struct life {
    char folder[64];
    struct disk *disk;
    struct sw_spill *spill;
    struct sw_store *store; /* NULL: could not be made or opened */
    struct sw_saved *states[3];
    uint64_t seq;      /* the last acknowledged record */
    uint64_t asked;    /* the last one that was asked for */
    int saved;         /* states[saved] is acknowledged; -1: none */
    int tried;         /* the last one that was asked for */
    unsigned failures; /* calls that said so */
};

static void note(struct life *life, sw_status status, const struct sw_err *err)
{
    if (status != SW_OK) {
        life->failures++;
        assert_true(status == SW_STORAGE || status == SW_NO_MEMORY || status == SW_UNKNOWN_TOKEN);
        assert_true(err->message[0] != '\0');
    }
}

static void append(struct life *life)
{
    struct sw_err err = {0};
    if (life->store == NULL) {
        return;
    }
    const struct sw_record record = {
        .seq = ++life->asked,
        .method = sw_span_text("table.update"),
        .params = sw_span_text("{\"table\": \"trips\"}"),
    };
    sw_status status = sw_journal_append_work(life->store, &record, 1, &err);
    if (status == SW_OK) {
        life->seq = life->asked;
    } else {
        life->asked--; /* nothing of it is there: the number is used again */
    }
    note(life, status, &err);
}

static void save(struct life *life, int which)
{
    struct sw_err err = {0};
    if (life->store == NULL) {
        return;
    }
    struct sw_saved *state = world_copy_state(life->states[which]);
    state->seq = life->asked;
    life->tried = which;
    sw_status status = world_try_save(life->store, state, &err);
    if (status == SW_OK) {
        life->saved = which;
    }
    note(life, status, &err);
}

static void reopen(struct life *life, bool is_restoring)
{
    struct sw_err err = {0};
    struct sw_saved *state = NULL;
    if (life->store == NULL) {
        return;
    }
    sw_store_close_work(life->store);
    life->store = NULL;
    sw_status status = sw_store_open_work(life->spill, NAME, INT64_MAX, &life->store, &err);
    note(life, status, &err);
    if (status == SW_OK) {
        life->asked = sw_journal_last_seq(life->store); /* what failed may be there nevertheless */
    }
    if (status == SW_OK && is_restoring) {
        status = world_try_restore(life->store, NULL, &state, &err);
        note(life, status, &err);
        sw_saved_free(state);
        if (status != SW_OK) { /* a store whose restoring failed is of no more use */
            sw_store_close_work(life->store);
            life->store = NULL;
        }
    }
}

static void live(struct life *life)
{
    struct sw_err err = {0};
    const struct sw_store_facts facts = {.opened_ms = 1};
    sw_status status =
        sw_store_create_work(life->spill, NAME, &facts, INT64_MAX, &life->store, &err);
    if (status != SW_OK) {
        life->store = NULL;
    }
    note(life, status, &err);
    append(life);
    save(life, 0);
    append(life);
    append(life);
    save(life, 1);
    if (life->store != NULL && sw_store_has_failed(life->store)) {
        reopen(life, false);
    }
    append(life);
    reopen(life, true);
    save(life, 2);
    append(life);
}

static void check(struct life *life)
{
    struct sw_saved *back = world_restore(life->store);
    bool is_known = back->tables == 0 && life->saved < 0;
    for (int i = life->saved < 0 ? 0 : life->saved; i <= life->tried; i++) {
        is_known =
            is_known || (back->tables > 0 && back->table[0].id == life->states[i]->table[0].id);
    }
    assert_true(is_known);
    uint64_t last = sw_journal_last_seq(life->store);
    assert_true(last >= life->seq && last <= life->asked + 1);
    sw_saved_free(back);
}

/* One life with one fault. False: it came after the end. */
static bool live_with(struct life *life, enum disk_fault fault, uint64_t nth, bool is_lasting)
{
    struct sw_err err = {0};
    life->disk = disk_new();
    life->spill = world_open(life->folder, SW_DURABILITY_POWER, disk_vfs(life->disk));
    life->seq = life->asked = life->failures = 0;
    life->saved = life->tried = -1;
    disk_set_fault(life->disk, fault, nth, is_lasting);

    live(life);

    bool has_failed = disk_has_failed(life->disk);
    assert_true(has_failed || life->failures == 0);
    disk_set_fault(life->disk, DISK_FINE, 0, false);
    bool was_made = life->seq > 0 || life->saved >= 0;
    sw_store_close_work(life->store);
    sw_status status = sw_store_open_work(life->spill, NAME, INT64_MAX, &life->store, &err);
    if (status == SW_OK) {
        check(life);
        life->asked = sw_journal_last_seq(life->store);
        append(life); /* and it can be used again */
        save(life, 2);
        assert_int_equal(life->saved, 2);
        sw_store_close_work(life->store);
    } else if (was_made) {
        fail_msg("fault %d at call %llu: %s", (int)fault, (unsigned long long)nth, err.message);
    }
    sw_spill_close(life->spill);
    disk_free(life->disk);
    return has_failed;
}

/* Each call, or each `stride`th: SW_STRIDE=1 in the environment takes them all. */
static void fail_calls(enum disk_fault fault, bool is_lasting, uint64_t stride)
{
    struct life life = {0};
    struct test_random random;
    world_make_folder(life.folder);
    test_random_init(&random, test_seed());
    for (int i = 0; i < 3; i++) {
        life.states[i] = world_state(&random, 1, 1, 1, 10);
        life.states[i]->table[0].id = 200 + (uint64_t)i;
    }
    stride = getenv("SW_STRIDE") != NULL ? strtoull(getenv("SW_STRIDE"), NULL, 10) : stride;
    uint64_t nth = 1 + test_random_below(&random, stride);
    while (live_with(&life, fault, nth, is_lasting)) {
        nth += stride;
    }
    print_message("# %llu calls\n", (unsigned long long)nth - 1);
    assert_true(nth > 5);
    for (int i = 0; i < 3; i++) {
        sw_saved_free(life.states[i]);
    }
    test_remove_folder(life.folder);
}

static void a_full_disk_loses_nothing(void **state)
{
    (void)state;
    fail_calls(DISK_FULL, false, 2);
    fail_calls(DISK_FULL, true, 4);
}

static void a_write_that_is_cut_short_loses_nothing(void **state)
{
    (void)state;
    fail_calls(DISK_SHORT, false, 5);
    fail_calls(DISK_SHORT, true, 7);
}

static void a_write_that_fails_loses_nothing(void **state)
{
    (void)state;
    fail_calls(DISK_WRITE_FAILS, false, 5);
    fail_calls(DISK_WRITE_FAILS, true, 7);
}

static void a_sync_that_fails_loses_nothing(void **state)
{
    (void)state;
    fail_calls(DISK_SYNC_FAILS, false, 2);
    fail_calls(DISK_SYNC_FAILS, true, 4);
}

static void a_read_that_fails_loses_nothing(void **state)
{
    (void)state;
    fail_calls(DISK_READ_FAILS, false, 1);
}

/* After a failed sync nothing is written any more, until the store is opened anew. */
static void a_failed_sync_is_not_forgotten(void **state)
{
    struct life life = {0};
    struct test_random random;
    (void)state;
    world_make_folder(life.folder);
    test_random_init(&random, test_seed());
    life.disk = disk_new();
    life.spill = world_open(life.folder, SW_DURABILITY_POWER, disk_vfs(life.disk));
    life.store = world_create(life.spill, NAME);
    life.states[0] = world_state(&random, 1, 1, 1, 10);
    life.saved = life.tried = -1;
    append(&life);
    disk_set_fault(life.disk, DISK_SYNC_FAILS, 1, false);

    append(&life);
    assert_int_equal(life.failures, 1);
    assert_true(sw_store_has_failed(life.store));
    append(&life);
    assert_int_equal(life.failures, 2);
    save(&life, 0);
    assert_int_equal(life.saved, -1);

    reopen(&life, false);
    save(&life, 0);
    assert_int_equal(life.saved, 0);
    append(&life);
    assert_int_equal(life.failures, 3);
    sw_store_close_work(life.store);
    sw_spill_close(life.spill);
    disk_free(life.disk);
    sw_saved_free(life.states[0]);
    test_remove_folder(life.folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_loses_nothing),
        cmocka_unit_test(a_write_that_is_cut_short_loses_nothing),
        cmocka_unit_test(a_write_that_fails_loses_nothing),
        cmocka_unit_test(a_sync_that_fails_loses_nothing),
        cmocka_unit_test(a_read_that_fails_loses_nothing),
        cmocka_unit_test(a_failed_sync_is_not_forgotten),
    };
    sw_log_set_level(SW_LOG_ERROR);
    return cmocka_run_group_tests_name("spill/faults", tests, NULL, NULL);
}
