/* Memory that runs out inside SQLite, at any of its allocations: said, and nothing is lost. */
#include "world.h"

#include <sqlite3.h>

#include "base/log.h"
#include "support/disk.h"

#define NAME "session"

static sqlite3_mem_methods system_memory;
static uint64_t countdown; /* 0: nothing fails */
static bool has_failed;

static bool fails(void)
{
    if (countdown == 0 || --countdown > 0) {
        return false;
    }
    has_failed = true;
    return true;
}

static void *allocate(int size)
{
    return fails() ? NULL : system_memory.xMalloc(size);
}

static void *reallocate(void *memory, int size)
{
    return fails() ? NULL : system_memory.xRealloc(memory, size);
}

/* Before SQLite is used at all. */
static void put_in_between(void)
{
    sqlite3_mem_methods methods;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &system_memory), SQLITE_OK);
    methods = system_memory;
    methods.xMalloc = allocate;
    methods.xRealloc = reallocate;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods), SQLITE_OK);
}

struct life {
    struct sw_spill *spill;
    struct sw_saved *state;
    uint64_t seq; /* acknowledged */
    bool is_made, is_saved;
};

static void expect(sw_status status, const struct sw_err *err)
{
    if (status != SW_OK) {
        assert_true(has_failed);
        assert_true(status == SW_NO_MEMORY || status == SW_STORAGE);
        assert_true(err->message[0] != '\0');
    }
}

static void append(struct life *life, struct sw_store *store)
{
    struct sw_err err = {0};
    const struct sw_record record = {.seq = sw_journal_last_seq(store) + 1,
                                     .method = sw_span_text("m"),
                                     .params = sw_span_text("{}")};
    sw_status status = sw_journal_append_work(store, &record, 1, &err);
    life->seq = status == SW_OK ? record.seq : life->seq;
    expect(status, &err);
}

static void live(struct life *life)
{
    const struct sw_store_facts facts = {.opened_ms = 1};
    struct sw_store *store = NULL;
    struct sw_saved *back = NULL;
    struct sw_err err = {0};
    sw_status status = sw_store_create_work(life->spill, NAME, &facts, INT64_MAX, &store, &err);
    expect(status, &err);
    if (status != SW_OK) {
        return;
    }
    life->is_made = true;
    append(life, store);
    struct sw_saved *state = world_copy_state(life->state);
    state->seq = life->seq;
    status = world_try_save(store, state, &err);
    life->is_saved = status == SW_OK;
    expect(status, &err);
    append(life, store);
    sw_store_close_work(store);
    status = sw_store_open_work(life->spill, NAME, INT64_MAX, &store, &err);
    expect(status, &err);
    if (status == SW_OK) {
        expect(world_try_restore(store, NULL, &back, &err), &err);
        sw_saved_free(back);
        sw_store_close_work(store);
    }
}

static void memory_that_runs_out_loses_nothing(void **unused)
{
    char folder[64];
    struct test_random random;
    struct life life = {0};
    uint64_t nth = 1;
    (void)unused;
    world_make_folder(folder);
    test_random_init(&random, test_seed());
    life.state = world_state(&random, 1, 1, 1, 8);
    do {
        struct disk *disk = disk_new();
        struct sw_store *store;
        struct sw_err err = {0};
        life.spill = world_open(folder, SW_DURABILITY_POWER, disk_vfs(disk));
        life.seq = 0;
        life.is_made = life.is_saved = has_failed = false;
        countdown = nth;

        live(&life);

        countdown = 0;
        sw_status status = sw_store_open_work(life.spill, NAME, INT64_MAX, &store, &err);
        if (status == SW_OK) {
            struct sw_saved *back = world_restore(store);
            assert_true(sw_journal_last_seq(store) >= life.seq);
            if (life.is_saved) {
                assert_int_equal(back->tables, 1);
                world_same_version(life.state->table[0].version, back->table[0].version);
            }
            sw_saved_free(back);
            sw_store_close_work(store);
        } else {
            assert_false(life.is_made);
        }
        sw_spill_close(life.spill);
        disk_free(disk);
        nth += 1 + nth / 40; /* each of the first, then every so many */
    } while (has_failed);
    print_message("# up to allocation %llu\n", (unsigned long long)nth);
    sw_saved_free(life.state);
    test_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory_that_runs_out_loses_nothing)};
    put_in_between();
    sw_log_set_level(SW_LOG_ERROR);
    return cmocka_run_group_tests_name("spill/memory", tests, NULL, NULL);
}
