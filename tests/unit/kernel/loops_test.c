/* The loops for the machine at hand and the plainest ones against naive twins: the same bits. */
#include "kernel/loops.h"

#include <math.h>
#include <stdlib.h>

#include "support/test.h"
#include "table/chunk.h"

#define ROUNDS       200u
#define LINEAR_PARTS 4096u

typedef void (*check_fn)(struct test_random *random, const struct sw_loops *loops, uint32_t n);

static void with_both(check_fn check)
{
    const struct sw_loops *both[] = {&sw_loops_plain, sw_loops_choose()};
    struct test_random random;
    test_random_init(&random, test_seed());
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t n = test_random_once_in(&random, 3)
                         ? SW_VECTOR_ROWS
                         : (uint32_t)test_random_below(&random, SW_VECTOR_ROWS) + 1;
        struct test_random copy = random;
        check(&copy, both[0], n);
        check(&random, both[1], n);
    }
}

static void random_bits(struct test_random *random, uint32_t n, uint64_t *bits)
{
    uint64_t share = test_random_below(random, 4) + 1;
    memset(bits, 0, SW_VECTOR_WORDS * sizeof(*bits));
    for (uint32_t i = 0; i < n; i++) {
        if (test_random_once_in(random, share)) {
            sw_bits_set(bits, i);
        }
    }
}

static void check_marks(struct test_random *random, const struct sw_loops *loops, uint32_t n)
{
    uint8_t code[SW_VECTOR_ROWS];
    uint8_t into[SW_VECTOR_ROWS];
    uint64_t keep[SW_VECTOR_WORDS];
    uint16_t wide[SW_VECTOR_ROWS];
    uint16_t into_wide[SW_VECTOR_ROWS];
    uint8_t other = (uint8_t)test_random_below(random, 256);
    uint32_t count = 0;
    random_bits(random, n, keep);
    for (uint32_t i = 0; i < n; i++) {
        code[i] = (uint8_t)test_random_below(random, 256);
        wide[i] = (uint16_t)test_random_below(random, 65536);
        count += sw_bits_has(keep, i);
    }

    loops->mark(code, keep, n, other, into);
    loops->mark_wide(wide, keep, n, (uint16_t)(other * 257), into_wide);

    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(into[i], sw_bits_has(keep, i) ? code[i] : other);
        assert_int_equal(into_wide[i], sw_bits_has(keep, i) ? wide[i] : other * 257);
    }
    assert_int_equal(loops->count_bits(keep), count);
}

static void rows_of_a_set_keep_their_code(void **state)
{
    (void)state;
    with_both(check_marks);
}

static void check_packing(struct test_random *random, const struct sw_loops *loops, uint32_t n)
{
    uint8_t flags[SW_VECTOR_ROWS] = {0};
    uint64_t bits[SW_VECTOR_WORDS] = {0};
    for (uint32_t i = 0; i < n; i++) {
        flags[i] = test_random_once_in(random, 2);
    }

    loops->pack(flags, sw_bits_words(n), bits);

    for (uint32_t i = 0; i < SW_VECTOR_ROWS; i++) {
        assert_int_equal(sw_bits_has(bits, i), flags[i]);
    }
}

static void flags_are_packed_in_order(void **state)
{
    (void)state;
    with_both(check_packing);
}

static void check_counts(struct test_random *random, const struct sw_loops *loops, uint32_t n)
{
    uint8_t narrow[SW_VECTOR_ROWS];
    uint16_t wide[SW_VECTOR_ROWS];
    uint64_t counts[2][SW_COUNT_WIDE];
    uint64_t naive[2][SW_COUNT_WIDE];
    uint32_t codes = (uint32_t)test_random_below(random, 255) + 1;
    uint32_t wides = (uint32_t)test_random_below(random, SW_COUNT_WIDE) + 1;
    for (uint32_t c = 0; c < SW_COUNT_WIDE; c++) {
        counts[0][c] = naive[0][c] = c;
        counts[1][c] = naive[1][c] = UINT64_C(1) << 40;
    }
    bool is_skewed = test_random_once_in(random, 2);
    for (uint32_t i = 0; i < n; i++) {
        bool is_other = !is_skewed || test_random_once_in(random, 10);
        narrow[i] = is_other ? (uint8_t)test_random_below(random, 256) : (uint8_t)(codes - 1);
        wide[i] = is_other ? (uint16_t)test_random_below(random, wides + 1) : 0;
        naive[0][narrow[i] % SW_COUNT_WIDE] += narrow[i] < codes;
        naive[1][wide[i] % SW_COUNT_WIDE] += wide[i] < wides;
    }

    loops->count_narrow(narrow, n, codes, counts[0]);
    loops->count_wide(wide, n, wides, counts[1]);

    for (uint32_t c = 0; c < SW_COUNT_WIDE; c++) {
        assert_true(counts[0][c] == naive[0][c]);
        assert_true(counts[1][c] == naive[1][c]);
    }
}

static void codes_are_counted_and_those_beyond_are_not(void **state)
{
    (void)state;
    with_both(check_counts);
}

/* Values of which most are met by the cut and some, in some blocks, are not. */
static void fill_values(struct test_random *random, uint32_t n, double *values)
{
    uint64_t share = test_random_once_in(random, 2) ? 0 : 200;
    for (uint32_t i = 0; i < n; i++) {
        const double strays[] = {NAN, INFINITY, 1e-300, -1e-40};
        bool is_stray = share > 0 && test_random_once_in(random, share);
        values[i] = is_stray ? strays[test_random_below(random, 4)]
                             : (test_random_unit(random) - 0.5) * 1000;
    }
}

static void check_sums(struct test_random *random, const struct sw_loops *loops, uint32_t n)
{
    double values[SW_VECTOR_ROWS];
    uint8_t group[SW_VECTOR_ROWS];
    uint32_t groups = (uint32_t)test_random_below(random, SW_FEW_GROUPS + 1) + 1;
    struct sw_exact_cut cut = sw_exact_cut_for(500);
    struct sw_few_sum sum[SW_FEW_GROUPS + 1];
    struct sw_few_sum naive[SW_FEW_GROUPS + 1] = {{0, 0, 0}};
    uint32_t naive_left = 0;
    fill_values(random, n, values);
    for (uint32_t i = 0; i < n; i++) {
        int64_t high;
        int64_t low;
        group[i] = test_random_once_in(random, 2) ? 0 : (uint8_t)test_random_below(random, groups);
        naive_left |= sw_exact_split(&cut, values[i], &high, &low) ? 0 : 1u << (i / 64);
    }
    for (uint32_t i = 0; i < n; i++) {
        int64_t high;
        int64_t low;
        if ((naive_left >> (i / 64) & 1) == 0) {
            (void)sw_exact_split(&cut, values[i], &high, &low);
            naive[group[i]].high += high;
            naive[group[i]].low += low;
            naive[group[i]].n++;
        }
    }

    int64_t parts[2 * SW_VECTOR_ROWS];
    assert_int_equal(loops->parts(&cut, values, n, parts), naive_left);
    for (uint32_t i = 0; i < n; i++) {
        int64_t high;
        int64_t low;
        if (sw_exact_split(&cut, values[i], &high, &low)) {
            assert_true(parts[2 * i] == high && parts[2 * i + 1] == low);
        }
    }

    uint32_t left = loops->sum_few(&cut, values, group, n, groups, sum);

    assert_int_equal(left, naive_left);
    for (uint32_t g = 0; g < groups; g++) {
        assert_true(sum[g].high == naive[g].high);
        assert_true(sum[g].low == naive[g].low);
        assert_true(sum[g].n == naive[g].n);
    }
}

static void sums_of_few_groups_are_those_of_each_value(void **state)
{
    (void)state;
    with_both(check_sums);
}

static void check_int_sums(struct test_random *random, const struct sw_loops *loops, uint32_t n)
{
    int64_t values[SW_VECTOR_ROWS];
    uint8_t group[SW_VECTOR_ROWS];
    int64_t sum[SW_FEW_GROUPS + 1];
    int64_t naive[SW_FEW_GROUPS + 1] = {0};
    uint32_t groups = (uint32_t)test_random_below(random, SW_FEW_GROUPS + 1) + 1;
    int64_t most = (INT64_C(1) << (test_random_below(random, 51) + 1)) - 1;
    for (uint32_t i = 0; i < n; i++) {
        values[i] =
            test_random_once_in(random, 3) ? most : test_random_between(random, -most, most);
        group[i] = (uint8_t)test_random_below(random, groups);
        naive[group[i]] += values[i];
    }

    loops->sum_few_ints(values, group, n, groups, sum);

    for (uint32_t g = 0; g < groups; g++) {
        assert_true(sum[g] == naive[g]);
    }
}

static void integers_of_few_groups_are_summed(void **state)
{
    (void)state;
    with_both(check_int_sums);
}

/* A quotient that is rounded as division rounds it, for numbers of all sizes up to 2^53. */
static void check_quotients(struct test_random *random, const struct sw_loops *loops, uint32_t n)
{
    double values[SW_VECTOR_ROWS];
    double naive[SW_VECTOR_ROWS];
    double power = sw_decimal_powers[test_random_below(random, SW_DECIMAL_SCALES - 1) + 1];
    for (uint32_t i = 0; i < n; i++) {
        int64_t most = INT64_C(1) << test_random_below(random, 54);
        values[i] = (double)test_random_between(random, -most, most);
        naive[i] = values[i] / power;
    }

    loops->divide(values, n, power);

    for (uint32_t i = 0; i < n; i++) {
        assert_true(sw_exact_bits(values[i]) == sw_exact_bits(naive[i]));
    }
}

static void quotients_are_rounded_as_division_rounds(void **state)
{
    (void)state;
    with_both(check_quotients);
}

static void check_extremes(struct test_random *random, const struct sw_loops *loops, uint32_t n)
{
    double values[SW_VECTOR_ROWS];
    double masked[SW_VECTOR_ROWS];
    uint16_t part[SW_VECTOR_ROWS];
    uint64_t keep[SW_VECTOR_WORDS];
    double least;
    double greatest;
    uint32_t least_at = 0;
    random_bits(random, n, keep);
    fill_values(random, n, values);
    values[0] = 1;
    sw_bits_set(keep, 0);
    for (uint32_t i = 1; i < n; i++) {
        least_at = sw_bits_has(keep, i) && values[i] < values[least_at] ? i : least_at;
    }

    loops->mask_floats(values, keep, n, masked);
    loops->min_max(masked, n, &least, &greatest);
    loops->linear(values, n, -500, LINEAR_PARTS / 1000.0, LINEAR_PARTS, part);

    assert_true(least == values[least_at]);
    assert_int_equal(loops->find(masked, n, least), least_at);
    for (uint32_t i = 0; i < n; i++) {
        bool is_kept = sw_bits_has(keep, i) && values[i] == values[i];
        double at = floor((values[i] + 500) * (LINEAR_PARTS / 1000.0));
        at = at < 0 ? 0 : at < LINEAR_PARTS - 1 ? at : LINEAR_PARTS - 1;
        assert_true(is_kept ? masked[i] == values[i] : masked[i] != masked[i]);
        assert_true(!is_kept || values[i] <= greatest);
        assert_int_equal(part[i], values[i] == values[i] ? at : LINEAR_PARTS);
    }
}

static void check_packed_extremes(struct test_random *random, const struct sw_loops *loops,
                                  uint32_t n)
{
    uint8_t narrow[SW_VECTOR_ROWS];
    uint16_t wide[SW_VECTOR_ROWS];
    uint32_t full[SW_VECTOR_ROWS];
    uint32_t spread = test_random_once_in(random, 2) ? 200 : 3;
    uint32_t least = 0;
    uint32_t greatest = 0;
    for (uint32_t i = 0; i < n; i++) {
        narrow[i] = (uint8_t)(test_random_below(random, spread) + 50);
        wide[i] = (uint16_t)(narrow[i] * 250u);
        full[i] = narrow[i] * 16000000u;
        least = narrow[i] < narrow[least] ? i : least;
        greatest = narrow[i] > narrow[greatest] ? i : greatest;
    }
    uint32_t found[3][2];

    loops->extremes8(narrow, n, &found[0][0], &found[0][1]);
    loops->extremes16(wide, n, &found[1][0], &found[1][1]);
    loops->extremes32(full, n, &found[2][0], &found[2][1]);

    for (unsigned k = 0; k < 3; k++) {
        assert_int_equal(found[k][0], least);
        assert_int_equal(found[k][1], greatest);
    }
}

static void the_first_of_the_least_and_of_the_greatest_is_found(void **state)
{
    (void)state;
    with_both(check_packed_extremes);
}

static void extremes_and_parts_are_those_of_each_value(void **state)
{
    (void)state;
    with_both(check_extremes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_a_set_keep_their_code),
        cmocka_unit_test(flags_are_packed_in_order),
        cmocka_unit_test(codes_are_counted_and_those_beyond_are_not),
        cmocka_unit_test(sums_of_few_groups_are_those_of_each_value),
        cmocka_unit_test(integers_of_few_groups_are_summed),
        cmocka_unit_test(extremes_and_parts_are_those_of_each_value),
        cmocka_unit_test(the_first_of_the_least_and_of_the_greatest_is_found),
        cmocka_unit_test(quotients_are_rounded_as_division_rounds),
    };
    return cmocka_run_group_tests_name("kernel/loops", tests, NULL, NULL);
}
