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

/* Some rows as the round wants them. */
static void add_rows(const struct sw_ranks *ranks, struct sw_ranks_state *state,
                     const double *values, const uint32_t *group, uint32_t n)
{
    static uint16_t all[2048];
    uint16_t part[2048];
    uint16_t row[2048];
    uint32_t of[2048];
    uint64_t key[2048];
    enum sw_ranks_want want = sw_ranks_wants(ranks);
    const struct sw_ranks_rows rows = {.n = n, .groups = GROUPS, .row = all, .group = group};
    for (uint32_t i = 0; i < n; i++) {
        all[i] = row[i] = (uint16_t)i;
        of[i] = group[i];
    }
    if (want != SW_RANKS_KEYS) {
        sw_ranks_parts(ranks, values, n, part);
    }
    if (want == SW_RANKS_COUNTS) {
        assert_int_equal(sw_ranks_count(state, &rows, part), SW_OK);
        return;
    }
    n = want == SW_RANKS_WANTED ? sw_ranks_wanted(ranks, &rows, part, row, of) : n;
    for (uint32_t i = 0; i < n; i++) {
        key[i] = sw_ranks_key_float(values[row[i]]);
    }
    assert_int_equal(sw_ranks_add(ranks, state, key, of, n, GROUPS), SW_OK);
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
                uint32_t n = end - at < 2048 ? (uint32_t)(end - at) : 2048;
                add_rows(ranks, part[p], values + at, group + at, n);
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

#define QUANTILES 5u

struct wanted {
    size_t n[GROUPS];
    double value[GROUPS][QUANTILES];
};

static void sort_out(const double *values, const uint32_t *group, const double *q,
                     struct wanted *wanted)
{
    double *sorted = malloc(VALUES * sizeof(*sorted));
    for (uint32_t g = 0; g < GROUPS; g++) {
        size_t n = 0;
        for (size_t i = 0; i < VALUES; i++) {
            sorted[n] = values[i];
            n += group[i] == g;
        }
        qsort(sorted, n, sizeof(*sorted), compare_floats);
        wanted->n[g] = n;
        for (uint32_t i = 0; i < QUANTILES && n > 0; i++) {
            double h = (double)(n - 1) * q[i];
            size_t low = (size_t)h;
            double share = h - floor(h);
            double next = low + 1 < n ? sorted[low + 1] : sorted[low];
            wanted->value[g][i] =
                share > 0 ? sorted[low] + share * (next - sorted[low]) : sorted[low];
        }
    }
    free(sorted);
}

static void check_ranks(const struct sw_ranks *ranks, const struct wanted *wanted)
{
    assert_true(sw_ranks_is_done(ranks));
    for (uint32_t g = 0; g < GROUPS; g++) {
        for (uint32_t i = 0; i < QUANTILES; i++) {
            double value;
            assert_int_equal(sw_ranks_value(ranks, g, i, &value), wanted->n[g] > 0);
            assert_true(wanted->n[g] == 0 || value == wanted->value[g][i]);
        }
    }
}

static void many_values_are_ranked_in_few_rounds(void **state)
{
    (void)state;
    static const double q[QUANTILES] = {0, 0.01, 0.5, 0.77, 1};
    struct test_random random;
    test_random_init(&random, test_seed());
    double *values = malloc(VALUES * sizeof(*values));
    uint32_t *group = malloc(VALUES * sizeof(*group));
    for (unsigned kind = 0; kind < 4; kind++) {
        struct wanted wanted;
        for (size_t i = 0; i < VALUES; i++) {
            values[i] = random_value(&random, kind);
            group[i] = test_random_once_in(&random, 10) ? 2 : 0;
        }
        sort_out(values, group, q, &wanted);
        for (unsigned is_expected = 0; is_expected < 2 - kind % 2; is_expected++) {
            struct sw_ranks *ranks;
            assert_int_equal(sw_ranks_new(q, QUANTILES, &ranks), SW_OK);
            if (is_expected) { /* the range is known, or thought to be */
                sw_ranks_expect(ranks, kind == 2 ? -1e300 : -5e5, 5e5, false);
            }

            unsigned rounds = run_rounds(ranks, values, group);

            check_ranks(ranks, &wanted);
            assert_true(rounds >= 2);
            assert_true(rounds <= 8);
            sw_ranks_free(ranks);
        }
    }
    free(values);
    free(group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_values_are_ranked_in_few_rounds),
    };
    return cmocka_run_group_tests_name("fold/ranks", tests, NULL, NULL);
}
