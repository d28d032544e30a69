/* What was saved comes back as it was, and is written once. */
#include "world.h"

struct fixture {
    char folder[64];
    struct sw_spill *spill;
    struct test_random random;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    world_make_folder(fixture->folder);
    fixture->spill = world_open(fixture->folder, SW_DURABILITY_PROCESS, NULL);
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

static void a_saved_session_comes_back_as_it_was(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    for (int round = 0; round < 8; round++) {
        struct sw_store *store = world_create(fixture->spill, "session");
        struct sw_saved *state = world_state(&fixture->random, 1 + (uint32_t)round % 3,
                                             (uint32_t)round * 2, 1 + (uint32_t)round, 700);
        world_save(store, world_copy_state(state));
        sw_store_close_work(store);

        store = world_reopen(fixture->spill, "session");
        struct sw_saved *back = world_restore(store);

        world_same_state(state, back);
        assert_string_equal(sw_store_facts_peek(store)->app, "an app");
        sw_saved_free(back);
        sw_saved_free(state);
        sw_store_remove_work(store);
    }
}

static void full_row_groups_come_back(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_store *store = world_create(fixture->spill, "session");
    struct sw_saved *state = world_state(&fixture->random, 1, 0, 1, SW_CHUNK_ROWS);
    world_save(store, world_copy_state(state));
    sw_store_close_work(store);

    store = world_reopen(fixture->spill, "session");
    struct sw_saved *back = world_restore(store);

    world_same_state(state, back);
    sw_saved_free(back);
    sw_saved_free(state);
    sw_store_remove_work(store);
}

static void a_session_without_tables_comes_back(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_store *store = world_create(fixture->spill, "session");
    sw_store_close_work(store);

    store = world_reopen(fixture->spill, "session");
    struct sw_saved *back = world_restore(store);

    assert_int_equal(back->tables, 0);
    assert_int_equal(back->facts, 0);
    assert_int_equal(back->seq, 0);
    sw_saved_free(back);
    sw_store_remove_work(store);
}

/* What versions share on disk they share again in memory. */
static void versions_share_what_they_shared(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_store *store = world_create(fixture->spill, "session");
    struct sw_saved *state = world_state(&fixture->random, 1, 4, 5, 100);
    world_save(store, world_copy_state(state));
    sw_store_close_work(store);

    store = world_reopen(fixture->spill, "session");
    struct sw_saved *back = world_restore(store);

    for (uint32_t k = 0; k < 4; k++) {
        const struct sw_saved_step *x = &state->table[0].step[k];
        const struct sw_saved_step *y = &back->table[0].step[k];
        for (uint32_t g = 0; g < x->before->groups && g < x->after->groups; g++) {
            assert_int_equal(x->before->group[g] == x->after->group[g],
                             y->before->group[g] == y->after->group[g]);
            for (uint32_t c = 0; c < x->before->schema->columns; c++) {
                assert_int_equal(x->before->group[g]->chunk[c] == x->after->group[g]->chunk[c],
                                 y->before->group[g]->chunk[c] == y->after->group[g]->chunk[c]);
            }
        }
    }
    assert_ptr_equal(back->table[0].version, back->table[0].step[3].after);
    sw_saved_free(back);
    sw_saved_free(state);
    sw_store_remove_work(store);
}

static void what_is_stored_is_not_written_again(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_chunks_figures first;
    struct sw_chunks_figures second;
    struct sw_store *store = world_create(fixture->spill, "session");
    struct sw_saved *state = world_state(&fixture->random, 1, 3, 4, 300);
    world_save(store, world_copy_state(state));
    sw_chunks_figures(store, &first);
    int64_t disk = sw_store_disk_bytes(store);

    world_save(store, world_copy_state(state));

    sw_chunks_figures(store, &second);
    assert_int_equal(first.chunks, second.chunks);
    assert_int_equal(first.payload_bytes, second.payload_bytes);
    assert_true(sw_store_disk_bytes(store) < disk + 65536);
    sw_saved_free(state);
    sw_store_remove_work(store);
}

/* Also across a restart: what was restored has the keys that it had. */
static void what_was_restored_is_not_written_again(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_chunks_figures first;
    struct sw_chunks_figures second;
    struct sw_store *store = world_create(fixture->spill, "session");
    struct sw_saved *state = world_state(&fixture->random, 2, 3, 4, 300);
    world_save(store, world_copy_state(state));
    sw_chunks_figures(store, &first);
    sw_store_close_work(store);
    store = world_reopen(fixture->spill, "session");
    struct sw_saved *back = world_restore(store);

    world_save(store, world_copy_state(back));

    sw_chunks_figures(store, &second);
    assert_int_equal(first.chunks, second.chunks);
    assert_int_equal(first.payload_bytes, second.payload_bytes);
    sw_saved_free(back);
    sw_saved_free(state);
    sw_store_remove_work(store);
}

/* Edits, undo steps given up, tables dropped, over and over with restarts: the last state counts,
 * and what nothing holds any more goes. */
static void superseded_versions_go(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_chunks_figures figures;
    struct sw_store *store = world_create(fixture->spill, "session");
    struct sw_saved *state = NULL;
    for (int round = 0; round < 12; round++) {
        sw_saved_free(state);
        state = world_state(&fixture->random, 1 + (uint32_t)test_random_below(&fixture->random, 3),
                            (uint32_t)test_random_below(&fixture->random, 4), 2, 50);
        world_save(store, world_copy_state(state));
        if (test_random_once_in(&fixture->random, 3)) {
            sw_store_close_work(store);
            store = world_reopen(fixture->spill, "session");
            struct sw_saved *back = world_restore(store);
            world_same_state(state, back);
            sw_saved_free(state);
            state = back;
        }
    }
    struct sw_saved *empty;
    assert_int_equal(sw_saved_new(0, 0, &empty), SW_OK);
    world_save(store, empty);

    sw_chunks_figures(store, &figures);

    assert_int_equal(figures.chunks, 0);
    assert_int_equal(figures.payload_bytes, 0);
    sw_saved_free(state);
    sw_store_remove_work(store);
}

static void chunks_written_behind_are_found_by_the_save(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_err err = {0};
    struct sw_chunks_figures before;
    struct sw_chunks_figures after;
    struct sw_store *store = world_create(fixture->spill, "session");
    struct sw_saved *state = world_state(&fixture->random, 1, 0, 6, 200);
    const struct sw_version *version = state->table[0].version;
    for (uint32_t g = 0; g < version->groups; g++) {
        struct sw_chunk *chunk[64];
        for (uint32_t c = 0; c < version->schema->columns; c++) {
            chunk[c] = version->group[g]->chunk[c];
        }
        assert_int_equal(sw_chunks_put_work(store, chunk, version->schema->columns, &err), SW_OK);
    }
    sw_chunks_figures(store, &before);

    world_save(store, world_copy_state(state));

    sw_chunks_figures(store, &after);
    uint64_t row_ids = 0;
    for (uint32_t g = 0; g < version->groups; g++) {
        row_ids += version->group[g]->row_ids != NULL;
    }
    assert_int_equal(after.chunks, before.chunks + row_ids);
    sw_saved_free(state);
    sw_store_remove_work(store);
}

/* A save given up between its steps leaves the one before. */
static void a_save_that_is_given_up_changes_nothing(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_err err = {0};
    struct sw_store *store = world_create(fixture->spill, "session");
    struct sw_saved *first = world_state(&fixture->random, 1, 2, 2, 100);
    world_save(store, world_copy_state(first));
    struct sw_saved *second = world_state(&fixture->random, 2, 2, 2, 100);
    struct sw_save *save;
    bool is_done = false;
    assert_int_equal(sw_save_new(store, second, &save, &err), SW_OK);
    assert_int_equal(sw_save_step_work(save, &is_done, &err), SW_OK);
    assert_false(is_done);
    assert_true(sw_save_progress(save) > 0);
    sw_save_free(save);
    sw_store_close_work(store);

    store = world_reopen(fixture->spill, "session");
    struct sw_saved *back = world_restore(store);

    world_same_state(first, back);
    sw_saved_free(back);
    sw_saved_free(first);
    sw_store_remove_work(store);
}

/* After a failed disk: opened again without being restored, then saved from memory. */
static void a_store_can_be_saved_over_what_it_held(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_store *store = world_create(fixture->spill, "session");
    struct sw_saved *first = world_state(&fixture->random, 2, 2, 3, 100);
    world_save(store, world_copy_state(first));
    sw_store_close_work(store);
    store = world_reopen(fixture->spill, "session");
    struct sw_saved *second = world_state(&fixture->random, 1, 3, 2, 100);

    world_save(store, world_copy_state(second));

    sw_store_close_work(store);
    store = world_reopen(fixture->spill, "session");
    struct sw_saved *back = world_restore(store);
    world_same_state(second, back);
    sw_saved_free(back);
    sw_saved_free(first);
    sw_saved_free(second);
    sw_store_remove_work(store);
}

static void restored_chunks_are_charged(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_err err = {0};
    struct sw_budget budget;
    struct sw_saved *back;
    struct sw_store *store = world_create(fixture->spill, "session");
    struct sw_saved *state = world_state(&fixture->random, 1, 0, 3, 400);
    size_t bytes = sw_version_bytes(state->table[0].version);
    world_save(store, state);
    sw_store_close_work(store);

    store = world_reopen(fixture->spill, "session");
    sw_budget_init(&budget, "memory_bytes", 1000, NULL);
    assert_int_equal(world_try_restore(store, &budget, &back, &err), SW_LIMIT);
    assert_string_equal(err.limit, "memory_bytes");
    sw_store_close_work(store);
    assert_int_equal(sw_budget_used(&budget), 0);

    store = world_reopen(fixture->spill, "session");
    sw_budget_init(&budget, "memory_bytes", INT64_MAX, NULL);
    assert_int_equal(world_try_restore(store, &budget, &back, &err), SW_OK);
    assert_true(sw_budget_used(&budget) > 0);
    assert_true((size_t)sw_budget_used(&budget) <= bytes + 65536);
    sw_saved_free(back);
    sw_store_remove_work(store);
    assert_int_equal(sw_budget_used(&budget), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_saved_session_comes_back_as_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_row_groups_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_session_without_tables_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(versions_share_what_they_shared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_stored_is_not_written_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_restored_is_not_written_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(superseded_versions_go, set_up, tear_down),
        cmocka_unit_test_setup_teardown(chunks_written_behind_are_found_by_the_save, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_save_that_is_given_up_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_store_can_be_saved_over_what_it_held, set_up, tear_down),
        cmocka_unit_test_setup_teardown(restored_chunks_are_charged, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("spill/save", tests, NULL, NULL);
}
