/* The first k in order against sorting them all. */
#include "fold/firsts.h"

#include <stdlib.h>

#include "support/test.h"

/* By weight, ties by place. */
static int compare(const void *a, const void *b, void *context)
{
    const uint32_t *weight = context;
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    if (weight[x] != weight[y]) {
        return weight[x] < weight[y] ? -1 : 1;
    }
    return (x > y) - (x < y);
}

static void the_first_are_those_that_sorting_would_put_there(void **state)
{
    (void)state;
    enum { MOST = 3000 };
    struct test_random random;
    test_random_init(&random, test_seed());
    for (unsigned round = 0; round < 200; round++) {
        static uint32_t weight[MOST];
        static uint32_t item[MOST];
        static uint32_t sorted[MOST];
        uint8_t is_seen[MOST] = {0};
        size_t n = (size_t)test_random_below(&random, MOST) + 1;
        size_t k = (size_t)test_random_below(&random, round % 2 == 0 ? 30 : n + 10);
        uint64_t weights = test_random_once_in(&random, 2) ? 5 : 1u << 30;
        for (uint32_t i = 0; i < n; i++) {
            weight[i] = (uint32_t)test_random_below(&random, weights);
            item[i] = sorted[i] = i;
        }
        qsort_r(sorted, n, sizeof(*sorted), compare, weight);

        sw_firsts(item, n, k, compare, weight);

        for (size_t i = 0; i < n; i++) {
            assert_true(i >= k || item[i] == sorted[i]);
            assert_false(is_seen[item[i]]); /* and none is lost */
            is_seen[item[i]] = 1;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_are_those_that_sorting_would_put_there),
    };
    return cmocka_run_group_tests_name("fold/firsts", tests, NULL, NULL);
}
