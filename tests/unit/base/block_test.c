#include "support/test.h"

#include <pthread.h>
#include <string.h>

#include "base/block.h"

static void blocks_of_every_size_are_aligned_and_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = {0,       1,    64,    2048,           2049,     4095,
                                   4096,    4097, 65536, (4u << 20) - 1, 4u << 20, (4u << 20) + 1,
                                   9u << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *block = sw_block_alloc(sizes[i]);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 64, 0);
        memset(block, 0x5a, sizes[i]);
        sw_block_free(block, sizes[i]);
        block = sw_block_alloc_whole(sizes[i]);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 64, 0);
        memset(block, 0xa5, sizes[i]);
        sw_block_free(block, sizes[i]);
    }
    sw_block_free(NULL, 4096);
    sw_block_trim();
}

static void a_size_that_cannot_be_gives_null(void **state)
{
    (void)state;
    assert_null(sw_block_alloc(SIZE_MAX));
    assert_null(sw_block_alloc(SIZE_MAX - 10));
}

#define HELD 64

static void *churn(void *context)
{
    struct test_random random;
    test_random_init(&random, *(uint64_t *)context);
    unsigned char *blocks[HELD] = {0};
    size_t sizes[HELD] = {0};
    for (int i = 0; i < 4000; i++) {
        size_t at = test_random_below(&random, HELD);
        if (blocks[at] != NULL) {
            assert_int_equal(blocks[at][0], at);
            assert_int_equal(blocks[at][sizes[at] - 1], at);
        }
        sw_block_free(blocks[at], sizes[at]);
        sizes[at] = test_random_below(&random, 100000) + 1;
        blocks[at] = sw_block_alloc(sizes[at]);
        blocks[at][0] = (unsigned char)at;
        blocks[at][sizes[at] - 1] = (unsigned char)at;
        if (i % 1000 == 0) {
            sw_block_trim();
        }
    }
    for (size_t at = 0; at < HELD; at++) {
        sw_block_free(blocks[at], sizes[at]);
    }
    return NULL;
}

static void threads_never_get_one_block_twice(void **state)
{
    (void)state;
    pthread_t threads[3];
    uint64_t seeds[3];
    for (size_t i = 0; i < 3; i++) {
        seeds[i] = test_seed() + i;
        assert_int_equal(pthread_create(&threads[i], NULL, churn, &seeds[i]), 0);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    sw_block_trim();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_every_size_are_aligned_and_whole),
        cmocka_unit_test(a_size_that_cannot_be_gives_null),
        cmocka_unit_test(threads_never_get_one_block_twice),
    };
    return cmocka_run_group_tests_name("base/block", tests, NULL, NULL);
}
