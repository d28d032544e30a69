#include "support/test.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

#define ROUNDS 100000

static const char *float_text(double value)
{
    static char text[64];
    memset(text, '#', sizeof text);
    char *end = sw_number_put_float(text, value);
    assert_true(end - text <= SW_NUMBER_FLOAT_BYTES);
    assert_int_equal(text[SW_NUMBER_FLOAT_BYTES], '#');
    *end = '\0';
    return text;
}

static double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t to_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Digits that matter: without sign, point, exponent, and zeros at either end. */
static size_t count_significant(const char *text)
{
    char digits[64];
    size_t count = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text >= '0' && *text <= '9' && (count > 0 || *text != '0')) {
            digits[count++] = *text;
        }
    }
    while (count > 0 && digits[count - 1] == '0') {
        count--;
    }
    return count;
}

/* The slow twin: the fewest digits of printf that read back, the nearest of that length. */
static void plain_twin(double value, char *text, size_t size)
{
    for (int digits = 1; digits <= 17; digits++) {
        (void)snprintf(text, size, "%.*e", digits - 1, value);
        if (strtod(text, NULL) == value) {
            return;
        }
    }
}

/* Reads back bit for bit, is as short as can be, and is the nearest decimal of its length. */
static void check_float(double value)
{
    const char *text = float_text(value);
    char twin[64];
    plain_twin(value, twin, sizeof twin);
    bool is_same = to_bits(strtod(text, NULL)) == to_bits(value);
    if (!is_same || count_significant(text) > count_significant(twin)) {
        fail_msg("%a: %s, but %s", value, text, twin);
    }
    if (count_significant(text) < count_significant(twin)) {
        return; /* a shorter one that is not the nearest of its length, which printf cannot find */
    }
    long double ours = fabsl(strtold(text, NULL) - (long double)value);
    long double theirs = fabsl(strtold(twin, NULL) - (long double)value);
    if (ours > theirs * 1.001L) {
        fail_msg("%a: %s is further than %s", value, text, twin);
    }
}

static void check_with_neighbours(double value)
{
    check_float(value);
    check_float(-value);
    check_float(nextafter(value, INFINITY));
    check_float(nextafter(value, -INFINITY));
}

static void random_bits_read_back_shortest(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int i = 0; i < ROUNDS; i++) {
        double value = from_bits(test_random_bits(&random));
        if (isfinite(value) && value != 0) {
            check_float(value);
        }
    }
}

static void decimals_read_back_shortest(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed() + 1);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t digits = test_random_between(&random, -999999999999999, 999999999999999);
        digits /= (int64_t)pow(10, (double)test_random_below(&random, 15));
        char text[64];
        (void)snprintf(text, sizeof text, "%" PRId64 "e%d", digits,
                       (int)test_random_between(&random, -30, 30));
        check_float(strtod(text, NULL));
    }
}

static void powers_of_two_and_ten_and_their_neighbours_read_back_shortest(void **state)
{
    (void)state;
    for (int e = -1074; e <= 1023; e++) {
        check_with_neighbours(ldexp(1, e));
        check_with_neighbours(ldexp(3, e - 1));
    }
    for (int e = -323; e <= 308; e++) {
        char text[16];
        (void)snprintf(text, sizeof text, "1e%d", e);
        check_with_neighbours(strtod(text, NULL));
    }
}

struct spelling {
    double value;
    const char *text;
};

static void numbers_are_spelled_as_people_write_them(void **state)
{
    (void)state;
    static const struct spelling cases[] = {
        {0.0, "0"},
        {-0.0, "-0"},
        {1.0, "1"},
        {-1.0, "-1"},
        {10.0, "10"},
        {0.1, "0.1"},
        {0.5, "0.5"},
        {-12.34, "-12.34"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3.0, "0.3333333333333333"},
        {2.0 / 3.0, "0.6666666666666666"},
        {100.25, "100.25"},
        {123456789.125, "123456789.125"},
        {0.000001, "0.000001"},
        {0.00000123456789, "0.00000123456789"},
        {1e-7, "1e-7"},
        {1.5e-7, "1.5e-7"},
        {1e15, "1000000000000000"},
        {9007199254740992.0, "9007199254740992"},
        {9007199254740994.0, "9007199254740994"},
        {9999999999999998.0, "9999999999999998"},
        {1e16, "1e+16"},
        {1.2345678901234568e17, "1.2345678901234568e+17"},
        {9.5e15, "9500000000000000"},
        {4503599627370495.5, "4503599627370495.5"},
        {1e22, "1e+22"},
        {1e23, "1e+23"},
        {9e-265, "9e-265"},
        {5e-324, "5e-324"},
        {-5e-324, "-5e-324"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {2.225073858507201e-308, "2.225073858507201e-308"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {-1.7976931348623157e308, "-1.7976931348623157e+308"},
        {2e-44, "2e-44"},
        {4.35, "4.35"},
        {2.98023223876953125e-8, "2.9802322387695312e-8"},
        {INFINITY, "Infinity"},
        {-INFINITY, "-Infinity"},
        {NAN, "NaN"},
        {-NAN, "NaN"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(float_text(cases[i].value), cases[i].text);
    }
}

static void a_decimal_is_written_as_its_double(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed() + 2);
    for (int i = 0; i < ROUNDS; i++) {
        unsigned scale = (unsigned)test_random_below(&random, 10);
        int64_t limit = (int64_t)pow(10, (double)test_random_between(&random, 0, 15)) - 1;
        int64_t mantissa = test_random_between(&random, -limit, limit);
        mantissa -= test_random_once_in(&random, 3) ? mantissa % 100 : 0;
        char text[64];
        *sw_number_put_decimal(text, mantissa, scale) = '\0';
        double value = (double)mantissa / pow(10, scale);
        value = mantissa == 0 ? 0 : value;
        assert_string_equal(text, float_text(value));
    }
}

static void assert_int(int64_t value)
{
    char text[SW_NUMBER_INT_BYTES + 1];
    char expected[32];
    *sw_number_put_int(text, value) = '\0';
    (void)snprintf(expected, sizeof expected, "%" PRId64, value);
    assert_string_equal(text, expected);
}

static void assert_uint(uint64_t value)
{
    char text[SW_NUMBER_INT_BYTES + 1];
    char expected[32];
    *sw_number_put_uint(text, value) = '\0';
    (void)snprintf(expected, sizeof expected, "%" PRIu64, value);
    assert_string_equal(text, expected);
}

static void integers_of_every_length_are_written_as_printf_does(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed() + 3);
    assert_int(INT64_MIN);
    assert_int(INT64_MAX);
    assert_uint(UINT64_MAX);
    uint64_t ten = 1;
    for (int i = 0; i < 20; i++, ten *= 10) {
        for (uint64_t near = 0; near < 3; near++) {
            assert_uint(ten - 1 + near);
            assert_int((int64_t)(ten - 1 + near));
            assert_int(-(int64_t)(ten / 2 - 1 + near));
        }
    }
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t bits = test_random_bits(&random) >> test_random_below(&random, 64);
        assert_uint(bits);
        assert_int((int64_t)bits);
        assert_int((int64_t)(0 - bits));
    }
}

static void padded_digits_keep_their_zeros(void **state)
{
    (void)state;
    char text[16];
    *sw_number_put_padded(text, 7, 2) = '\0';
    assert_string_equal(text, "07");
    *sw_number_put_padded(text, 45, 3) = '\0';
    assert_string_equal(text, "045");
    *sw_number_put_padded(text, 1, 8) = '\0';
    assert_string_equal(text, "00000001");
    *sw_number_put_padded(text, 9999, 4) = '\0';
    assert_string_equal(text, "9999");
}

/* Long integers of base 2^32, least word first: enough for 10^324 * 2^1200. */
#define WORDS 80
struct longint {
    uint32_t word[WORDS];
};

static void multiply(struct longint *number, uint32_t factor)
{
    uint64_t carry = 0;
    for (int i = 0; i < WORDS; i++) {
        carry += (uint64_t)number->word[i] * factor;
        number->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    assert_true(carry == 0);
}

static void shift_left(struct longint *number, unsigned bits)
{
    for (; bits > 0; bits--) {
        multiply(number, 2);
    }
}

static int compare(const struct longint *a, const struct longint *b)
{
    for (int i = WORDS - 1; i >= 0; i--) {
        if (a->word[i] != b->word[i]) {
            return a->word[i] < b->word[i] ? -1 : 1;
        }
    }
    return 0;
}

static struct longint long_of(uint64_t high, uint64_t low)
{
    struct longint made = {
        {(uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high, (uint32_t)(high >> 32)}};
    return made;
}

static void raise(struct longint *number, int exponent)
{
    for (; exponent > 0; exponent--) {
        multiply(number, 10);
    }
}

/* g is the power rounded up: (g - 1) * 2^-s < 10^e <= g * 2^-s with s = 127 - floor(log2(10^e)). */
static void check_power(int e, uint64_t high, uint64_t low)
{
    assert_true(high >> 63 == 1);
    struct longint above = long_of(high, low);
    struct longint below = long_of(low == 0 ? high - 1 : high, low - 1);
    struct longint power = long_of(0, 1);
    int s = 127 - (int)floor((double)e * 3.3219280948873623478703194294894);
    raise(e < 0 ? &above : &power, abs(e));
    if (e < 0) {
        raise(&below, -e);
    }
    shift_left(s >= 0 ? &power : &above, (unsigned)abs(s));
    if (s < 0) {
        shift_left(&below, (unsigned)-s);
    }
    assert_true(compare(&below, &power) < 0);
    assert_true(compare(&power, &above) <= 0);
}

static void every_row_of_the_table_of_powers_is_right(void **state)
{
    (void)state;
#define POWER(exponent, high, low) check_power(exponent, high, low);
#include "base/number_powers.inc"
#undef POWER
}

static void assert_scaled(uint64_t digits, int exponent)
{
    char text[64];
    double value = -1;
    (void)snprintf(text, sizeof text, "%" PRIu64 "e%d", digits, exponent);
    double right = strtod(text, NULL);
    if (sw_number_scale10(digits, exponent, &value) && to_bits(value) != to_bits(right)) {
        fail_msg("%s: %a, and not %a", text, value, right);
    }
}

static void digits_and_a_power_of_ten_are_what_strtod_reads(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed() + 2);
    for (int i = 0; i < ROUNDS * 5; i++) {
        uint64_t digits = test_random_bits(&random) >> test_random_below(&random, 64);
        assert_scaled(digits, (int)test_random_between(&random, -345, 330));
        assert_scaled(digits, (int)test_random_between(&random, -25, 25));
    }
    for (int exponent = -345; exponent < 330; exponent++) {
        assert_scaled(0, exponent);
        assert_scaled(1, exponent);
        assert_scaled(UINT64_MAX, exponent);
    }
}

/* Middles between doubles, as far as their digits fit, and what is next to them. */
static void digits_at_the_middle_of_two_doubles_are_right_or_refused(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed() + 3);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t middle = (((uint64_t)1 << 52 | test_random_bits(&random) >> 12) << 1) | 1;
        middle <<= test_random_below(&random, 10);
        double value;
        assert_false(sw_number_scale10(middle, 0, &value));
        assert_scaled(middle - 1, 0);
        assert_scaled(middle + 1, 0);
        /* halves of a double's last place below 2^54: 2^-k is 5^k / 10^k */
        uint64_t small = (middle >> 30 | 1) * 5;
        assert_scaled(small, -1);
        assert_scaled(small * 25, -3);
    }
}

static void nearly_every_number_with_a_fraction_takes_the_fast_way(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed() + 4);
    int slow = 0;
    for (int i = 0; i < 10000; i++) {
        uint64_t digits = test_random_below(&random, UINT64_C(100000000000000000));
        double value;
        slow += !sw_number_scale10(digits, -(int)test_random_below(&random, 40) - 1, &value);
    }
    assert_true(slow < 100); /* ties */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_spelled_as_people_write_them),
        cmocka_unit_test(random_bits_read_back_shortest),
        cmocka_unit_test(decimals_read_back_shortest),
        cmocka_unit_test(powers_of_two_and_ten_and_their_neighbours_read_back_shortest),
        cmocka_unit_test(a_decimal_is_written_as_its_double),
        cmocka_unit_test(integers_of_every_length_are_written_as_printf_does),
        cmocka_unit_test(padded_digits_keep_their_zeros),
        cmocka_unit_test(every_row_of_the_table_of_powers_is_right),
        cmocka_unit_test(digits_and_a_power_of_ten_are_what_strtod_reads),
        cmocka_unit_test(digits_at_the_middle_of_two_doubles_are_right_or_refused),
        cmocka_unit_test(nearly_every_number_with_a_fraction_takes_the_fast_way),
    };
    return cmocka_run_group_tests_name("base/number", tests, NULL, NULL);
}
