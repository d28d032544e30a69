#include "support/test.h"

#include <stdalign.h>
#include <string.h>

#include "base/arena_bulk.h"

static void memory_is_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    struct sw_arena arena;
    struct test_random random;
    test_random_init(&random, test_seed());
    sw_arena_init(&arena);
    for (int round = 0; round < 3; round++) {
        unsigned char *blocks[500];
        size_t sizes[500];
        for (size_t i = 0; i < 500; i++) {
            sizes[i] = test_random_below(&random, i % 50 == 0 ? 100000 : 200);
            blocks[i] = sw_arena_alloc(&arena, sizes[i]);
            assert_non_null(blocks[i]);
            assert_int_equal((uintptr_t)blocks[i] % alignof(max_align_t), 0);
            for (size_t k = 0; k < sizes[i]; k++) {
                assert_int_equal(blocks[i][k], 0);
            }
            memset(blocks[i], (int)(i & 0xff), sizes[i]);
        }
        for (size_t i = 0; i < 500; i++) {
            for (size_t k = 0; k < sizes[i]; k++) {
                assert_int_equal(blocks[i][k], i & 0xff);
            }
        }
        sw_arena_reset(&arena);
    }
    sw_arena_fini(&arena);
    assert_int_equal(arena.bytes, 0);
}

static void impossible_sizes_give_null_and_change_nothing(void **state)
{
    (void)state;
    struct sw_arena arena;
    sw_arena_init(&arena);
    assert_null(sw_arena_alloc(&arena, SIZE_MAX));
    assert_null(sw_arena_alloc(&arena, SIZE_MAX / 2 + 1));
    assert_null(sw_arena_array(&arena, SIZE_MAX / 4, 8));
    assert_null(sw_arena_array(&arena, 2, SIZE_MAX));
    assert_int_equal(arena.bytes, 0);
    sw_arena_fini(&arena);
}

static void nothing_of_size_zero_has_an_address(void **state)
{
    (void)state;
    struct sw_arena arena;
    sw_arena_init(&arena);
    assert_non_null(sw_arena_alloc(&arena, 0));
    assert_non_null(sw_arena_array(&arena, 0, 8));
    assert_string_equal(sw_arena_text(&arena, sw_span_of(NULL, 0)), "");
    sw_arena_fini(&arena);
}

static void a_text_is_copied_with_its_nul_bytes(void **state)
{
    (void)state;
    struct sw_arena arena;
    sw_arena_init(&arena);
    char *copy = sw_arena_text(&arena, sw_span_of("a\0b", 3));
    assert_memory_equal(copy, "a\0b", 4);
    sw_arena_fini(&arena);
}

static void a_reset_keeps_one_block_and_counts_it(void **state)
{
    (void)state;
    struct sw_arena arena;
    sw_arena_init(&arena);
    sw_arena_reset(&arena);
    assert_int_equal(arena.bytes, 0);
    for (int i = 0; i < 100; i++) {
        assert_non_null(sw_arena_alloc(&arena, 1000));
    }
    size_t before = arena.bytes;
    sw_arena_reset(&arena);
    assert_true(arena.bytes > 0 && arena.bytes < before);
    size_t kept = arena.bytes;
    assert_non_null(sw_arena_alloc(&arena, 1000));
    assert_int_equal(arena.bytes, kept);
    sw_arena_fini(&arena);
}

static void what_is_held_lives_until_its_last_owner_goes(void **state)
{
    (void)state;
    struct sw_arena arena;
    sw_arena_init(&arena);
    const char *text = sw_arena_text(&arena, sw_span_text("kept"));
    size_t bytes = arena.bytes;

    struct sw_arena_held *held = sw_arena_hold(&arena);
    struct sw_arena_held *again = sw_arena_held_ref(held);

    assert_int_equal(arena.bytes, 0);
    assert_int_equal(sw_arena_held_bytes(again), bytes);
    sw_arena_fini(&arena);
    sw_arena_held_unref(held);
    assert_string_equal(text, "kept");
    sw_arena_held_unref(again);
    sw_arena_held_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(impossible_sizes_give_null_and_change_nothing),
        cmocka_unit_test(nothing_of_size_zero_has_an_address),
        cmocka_unit_test(a_text_is_copied_with_its_nul_bytes),
        cmocka_unit_test(a_reset_keeps_one_block_and_counts_it),
        cmocka_unit_test(what_is_held_lives_until_its_last_owner_goes),
    };
    return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
