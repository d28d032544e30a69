/* Exact sums: against 128-bit integers, in every order, whatever the partials. */
#include "kernel/exact.h"

#include <math.h>
#include <stdlib.h>

#include "support/test.h"

#define VALUES 500

/* Doubles m * 2^e of one exponent range, of which 128 bits hold the sum; the sum in units 2^low. */
static __int128 random_values(struct test_random *random, double *values, int low, int range)
{
    __int128 sum = 0;
    for (int i = 0; i < VALUES; i++) {
        int64_t m = test_random_between(random, -(INT64_C(1) << 53) + 1, (INT64_C(1) << 53) - 1);
        int shift = (int)test_random_below(random, (uint64_t)range);
        values[i] = ldexp((double)m, low + shift);
        sum += (__int128)m * ((__int128)1 << shift);
    }
    return sum;
}

static double naive_round(__int128 sum, int low)
{
    return ldexp((double)sum, low); /* the conversion rounds to the nearest, ties to even */
}

static void a_long_sum_is_rounded_once(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (unsigned round = 0; round < 400; round++) {
        double values[VALUES];
        int low = (int)test_random_between(&random, -900, 850);
        __int128 sum = random_values(&random, values, low, 60);
        struct sw_exact one = {0};
        struct sw_exact two = {0};

        for (int i = 0; i < VALUES; i++) {
            sw_exact_add(i % 3 == 0 ? &one : &two, values[i]);
        }
        sw_exact_merge(&one, &two);

        assert_true(sw_exact_round(&one) == naive_round(sum, low));
        assert_true(sw_exact_round(&one) == naive_round(sum, low)); /* rounding keeps the sum */
    }
}

static void special_sums_come_out_as_ieee_754_says(void **state)
{
    (void)state;
    static const struct {
        double values[4], sum;
    } cases[] = {
        {{0x1p1023, 0x1p1023, 0, 0}, INFINITY},
        {{0x1p1023, 0x1p1023, -0x1p1023, 0}, 0x1p1023},
        {{INFINITY, 1, 2, 3}, INFINITY},
        {{-INFINITY, 1, 0, 0}, -INFINITY},
        {{5e-324, 5e-324, 5e-324, 0}, 1.5e-323},
        {{1e300, 1, -1e300, 0}, 1},
        {{1, 0x1p-53, 0, 0}, 1},
        {{1, 0x1p-53, 0x1p-1074, 0}, 1 + 0x1p-52},
        {{-1, -0x1p-53, -0x1p-1074, 0}, -1 - 0x1p-52},
        {{0x1.fffffffffffffp1023, 0x1p969, 0, 0}, 0x1.fffffffffffffp1023},
        {{0x1.fffffffffffffp1023, 0x1p970, 0, 0}, INFINITY},
        {{0x1p-1022, -0x1p-1074, 0, 0}, 0x0.fffffffffffffp-1022},
        {{0, -0.0, 0, 0}, 0},
    };
    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        struct sw_exact exact = {0};
        for (int i = 0; i < 4; i++) {
            sw_exact_add(&exact, cases[k].values[i]);
        }
        assert_true(sw_exact_round(&exact) == cases[k].sum);
    }
    struct sw_exact both = {0};
    sw_exact_add(&both, INFINITY);
    sw_exact_add(&both, -INFINITY);
    assert_true(isnan(sw_exact_round(&both)));
    struct sw_exact not = {0};
    sw_exact_add(&not, NAN);
    assert_true(isnan(sw_exact_round(&not )));
}

static void add(struct sw_exact_sum *sum, const struct sw_exact_cut *cut, double value,
                unsigned *strays)
{
    int64_t high;
    int64_t low;
    if (cut->is_usable && sw_exact_split(cut, value, &high, &low)) {
        sum->high += high;
        sum->low += low;
    } else {
        assert_int_equal(sw_exact_sum_stray(sum, value), SW_OK);
        (*strays)++;
    }
}

static void a_short_sum_equals_the_long_one_whatever_the_bound(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    unsigned strays = 0;
    unsigned values_seen = 0;
    for (unsigned round = 0; round < 400; round++) {
        double values[VALUES];
        double largest = 0;
        struct sw_exact exact = {0};
        struct sw_exact_sum sum[2] = {{0}, {0}};
        (void)random_values(&random, values, (int)test_random_between(&random, -700, 600),
                            (int)test_random_below(&random, 60) + 1);
        for (int i = 0; i < VALUES; i++) {
            largest = fabs(values[i]) > largest ? fabs(values[i]) : largest;
            sw_exact_add(&exact, values[i]);
        }
        struct sw_exact_cut cut = sw_exact_cut_for(largest * (double)(round % 3 + 1));

        for (int i = 0; i < VALUES; i++) {
            add(&sum[i % 2], &cut, values[i], &strays);
            values_seen++;
            if (i % 50 == 0) {
                sw_exact_sum_carry(&sum[i % 2]);
            }
        }
        assert_int_equal(sw_exact_sum_merge(&sum[0], &sum[1]), SW_OK);

        assert_true(sw_exact_sum_round(&cut, &sum[0]) == sw_exact_round(&exact));
        sw_exact_sum_fini(&sum[0]);
        sw_exact_sum_fini(&sum[1]);
    }
    assert_true(strays < values_seen); /* both ways were taken */
    assert_true(strays > 0);
}

static void as_many_values_as_may_be_added_do_not_overflow(void **state)
{
    (void)state;
    struct sw_exact_cut cut = sw_exact_cut_for(0x1.fffffffffffffp9);
    struct sw_exact_sum sum = {0};
    unsigned strays = 0;

    for (uint32_t i = 0; i < SW_EXACT_ROWS; i++) {
        add(&sum, &cut, -0x1.fffffffffffffp9, &strays);
    }

    assert_int_equal(strays, 0);
    assert_true(sw_exact_sum_round(&cut, &sum) == -0x1.fffffffffffffp9 * SW_EXACT_ROWS);
    sw_exact_sum_fini(&sum);
}

static void a_spread_does_not_cancel(void **state)
{
    (void)state;
    for (int shift = 0; shift < 40; shift += 3) {
        struct sw_exact total = {0};
        struct sw_exact squares = {0};
        const double values[] = {1, 2, 4, 9};
        for (int i = 0; i < 4; i++) {
            double value = values[i] + ldexp(1, shift);
            sw_exact_add(&total, value);
            sw_exact_add(&squares, value * value);
            sw_exact_add(&squares, fma(value, value, -value * value));
        }

        /* n * sum of squares - square of the sum, of 1 2 4 9: 4 * 102 - 256 */
        assert_true(sw_exact_spread(&total, &squares, 4) == 152);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_sum_is_rounded_once),
        cmocka_unit_test(special_sums_come_out_as_ieee_754_says),
        cmocka_unit_test(a_short_sum_equals_the_long_one_whatever_the_bound),
        cmocka_unit_test(as_many_values_as_may_be_added_do_not_overflow),
        cmocka_unit_test(a_spread_does_not_cancel),
    };
    return cmocka_run_group_tests_name("kernel/exact", tests, NULL, NULL);
}
