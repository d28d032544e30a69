/* The k-th least key against sorting. */
#include "fold/select.h"

#include <stdlib.h>
#include <string.h>

#include "support/test.h"

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void the_kth_key_is_that_of_the_sorted_keys(void **state)
{
    (void)state;
    enum { MOST = 2000 };
    struct test_random random;
    test_random_init(&random, test_seed());
    for (unsigned round = 0; round < 300; round++) {
        uint64_t key[MOST];
        uint64_t sorted[MOST];
        size_t n = (size_t)test_random_below(&random, round % 3 == 0 ? 20 : MOST) + 1;
        size_t rank = (size_t)test_random_below(&random, n);
        unsigned shift = (unsigned)test_random_below(&random, 64);
        for (size_t i = 0; i < n; i++) {
            key[i] = test_random_bits(&random) >> shift << (round % 2 == 0 ? 0 : shift / 2);
            sorted[i] = key[i];
        }
        qsort(sorted, n, sizeof(*sorted), compare);

        assert_true(sw_select(key, n, rank) == sorted[rank]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kth_key_is_that_of_the_sorted_keys),
    };
    return cmocka_run_group_tests_name("fold/select", tests, NULL, NULL);
}
