/* Quantiles of more values than are kept: by rounds, against a sort. */
#include "fold/ranks.h"

#include <math.h>
#include <stdlib.h>

#include "base/limits.h"
#include "support/test.h"

#define VALUES (SW_RANKED_KEPT + SW_RANKED_KEPT / 4)
#define GROUPS 3u

static int compare_floats(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double random_value(struct test_random *random, unsigned kind)
{
    switch (kind) {
    case 0:
        return test_random_unit(random) * 1e6 - 5e5;
    case 1:
        return (double)test_random_below(random, 3);
    case 2:
        return test_random_once_in(random, 1000) ? -1e300 : 1 + test_random_unit(random) * 1e-9;
    default:
        return 7;
    }
}

/* All values through two partials, as often as the ranks want. */
static unsigned run_rounds(struct sw_ranks *ranks, const double *values, const uint32_t *group)
{
    sw_status status = SW_AGAIN;
    unsigned rounds = 0;
    while (status == SW_AGAIN) {
        struct sw_ranks_state *part[2];
        for (unsigned p = 0; p < 2; p++) {
            assert_int_equal(sw_ranks_state_new(ranks, &part[p]), SW_OK);
            size_t end = p == 0 ? VALUES / 3 : VALUES;
            for (size_t at = p == 0 ? 0 : VALUES / 3; at < end; at += 2048) {
                uint64_t key[2048];
                uint32_t n = end - at < 2048 ? (uint32_t)(end - at) : 2048;
                for (uint32_t i = 0; i < n; i++) {
                    key[i] = sw_ranks_key_float(values[at + i]);
                }
                assert_int_equal(sw_ranks_add(ranks, part[p], key, group + at, n, GROUPS), SW_OK);
            }
        }
        assert_int_equal(sw_ranks_merge(ranks, part[0], part[1], NULL, GROUPS), SW_OK);
        status = sw_ranks_round(ranks, part[0], GROUPS, true);
        sw_ranks_state_free(part[0]);
        sw_ranks_state_free(part[1]);
        rounds++;
    }
    assert_int_equal(status, SW_OK);
    return rounds;
}

static void many_values_are_ranked_in_few_rounds(void **state)
{
    (void)state;
    static const double q[] = {0, 0.01, 0.5, 0.77, 1};
    struct test_random random;
    test_random_init(&random, test_seed());
    double *values = malloc(VALUES * sizeof(*values));
    double *sorted = malloc(VALUES * sizeof(*sorted));
    uint32_t *group = malloc(VALUES * sizeof(*group));
    for (unsigned kind = 0; kind < 4; kind++) {
        struct sw_ranks *ranks;
        for (size_t i = 0; i < VALUES; i++) {
            values[i] = random_value(&random, kind);
            group[i] = test_random_once_in(&random, 10) ? 2 : 0;
        }
        assert_int_equal(sw_ranks_new(q, 5, &ranks), SW_OK);

        unsigned rounds = run_rounds(ranks, values, group);

        assert_true(sw_ranks_is_done(ranks));
        assert_true(rounds >= 2);
        assert_true(rounds <= 8);
        for (uint32_t g = 0; g < GROUPS; g++) {
            size_t n = 0;
            for (size_t i = 0; i < VALUES; i++) {
                sorted[n] = values[i];
                n += group[i] == g;
            }
            qsort(sorted, n, sizeof(*sorted), compare_floats);
            for (uint32_t i = 0; i < 5; i++) {
                double value;
                assert_int_equal(sw_ranks_value(ranks, g, i, &value), n > 0);
                if (n > 0) {
                    double h = (double)(n - 1) * q[i];
                    size_t low = (size_t)h;
                    double share = h - floor(h);
                    double next = low + 1 < n ? sorted[low + 1] : sorted[low];
                    assert_true(value == (share > 0 ? sorted[low] + share * (next - sorted[low])
                                                    : sorted[low]));
                }
            }
        }
        sw_ranks_free(ranks);
    }
    free(values);
    free(sorted);
    free(group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_values_are_ranked_in_few_rounds),
    };
    return cmocka_run_group_tests_name("fold/ranks", tests, NULL, NULL);
}
