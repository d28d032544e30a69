#include "ingest/digits.h"

#include "support/test.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 300000

/* A text with readable bytes before it, as fields have. */
struct field {
    char bytes[64];
    const char *text;
    uint32_t length;
};

static void set_field(struct field *field, const char *text)
{
    memset(field->bytes, '7', 16); /* digits that do not belong to it */
    snprintf(field->bytes + 16, sizeof(field->bytes) - 16, "%s", text);
    field->text = field->bytes + 16;
    field->length = (uint32_t)strlen(text);
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static void fast_ints_are_what_the_slow_way_reads(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < ROUNDS; round++) {
        char text[32];
        struct field field;
        const int64_t value = (int64_t)test_random_bits(&random) >> test_random_below(&random, 64);
        snprintf(text, sizeof(text), "%" PRId64, value);
        if (test_random_once_in(&random, 3)) {
            text[test_random_below(&random, strlen(text))] =
                (char)(32 + test_random_below(&random, 95));
        }
        set_field(&field, text);
        int64_t fast = 0;
        int64_t slow = 0;
        const bool is_fast = sw_digits_int_fast(field.text, field.length, &fast);
        const bool is_slow = sw_digits_int(sw_span_of(field.text, field.length), &slow);
        if (is_fast) {
            assert_true(is_slow);
            assert_int_equal(fast, slow);
        }
        if (is_slow) {
            assert_int_equal(slow, strtoll(text, NULL, 10));
        }
    }
}

static void fast_floats_are_what_the_c_library_reads(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    uint32_t taken = 0;
    for (int round = 0; round < ROUNDS; round++) {
        char text[48];
        struct field field;
        const double value = (test_random_unit(&random) - 0.5) * pow(10, (double)(round % 9));
        snprintf(text, sizeof(text), "%.*f", (int)test_random_below(&random, 8), value);
        if (test_random_once_in(&random, 3)) {
            text[test_random_below(&random, strlen(text))] =
                "0123456789.-+e "[test_random_below(&random, 15)];
        }
        set_field(&field, text);
        double fast = 0;
        double slow = 0;
        const bool is_fast = sw_digits_float_fast(field.text, field.length, &fast);
        const bool is_slow = sw_digits_float(sw_span_of(field.text, field.length), &slow);
        taken += is_fast;
        if (is_fast) {
            if (!is_slow) {
                fail_msg("'%s' is read fast but not slowly", text);
            }
            assert_true(bits_of(fast) == bits_of(strtod(text, NULL)));
        }
        if (is_slow) {
            assert_true(bits_of(slow) == bits_of(strtod(text, NULL)));
        }
    }
    assert_true(taken > ROUNDS / 4);
}

static void every_double_written_with_17_digits_is_read_back(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < ROUNDS / 4; round++) {
        char text[64];
        double value;
        uint64_t bits = test_random_bits(&random);
        memcpy(&value, &bits, sizeof(value));
        if (!isfinite(value)) {
            continue;
        }
        snprintf(text, sizeof(text), "%.*e", (int)test_random_below(&random, 3) + 14 + 2, value);
        double read = 0;
        if (!sw_digits_float(sw_span_text(text), &read)) {
            fail_msg("%s is not read", text);
        }
        assert_true(bits_of(read) == bits_of(strtod(text, NULL)));
    }
}

static void decimals_of_up_to_19_digits_are_rounded_correctly(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < ROUNDS; round++) {
        char text[64];
        char digits[24];
        uint64_t mantissa = test_random_bits(&random) >> test_random_below(&random, 64);
        if (test_random_once_in(&random, 4)) { /* near the middle between two doubles */
            mantissa = ((mantissa >> 12 | 1) << 11 | 1024) + test_random_below(&random, 3) - 1;
        }
        mantissa %= 10000000000000000000u;
        const int length = snprintf(digits, sizeof(digits), "%" PRIu64, mantissa);
        const int places = (int)test_random_below(&random, 20);
        if (places < length) {
            snprintf(text, sizeof(text), "%.*s.%s", length - places, digits,
                     digits + length - places);
        } else {
            snprintf(text, sizeof(text), "0.%.*s%s", places - length, "0000000000000000000",
                     digits);
        }
        double read;
        if (sw_digits_float(sw_span_text(text), &read) &&
            bits_of(read) != bits_of(strtod(text, NULL))) {
            fail_msg("%s is read as %.17g", text, read);
        }
    }
}

static void check_float(const char *text, bool is_one)
{
    double value;
    if (sw_digits_float(sw_span_text(text), &value) != is_one) {
        fail_msg("'%s' should %s a float", text, is_one ? "be" : "not be");
    }
}

static void texts_that_a_double_cannot_hold_are_no_floats(void **state)
{
    (void)state;
    static const char *const floats[] = {"0",
                                         "-0",
                                         "1.5",
                                         ".5",
                                         "5.",
                                         "1e22",
                                         "1e23",
                                         "1e308",
                                         "1E-308",
                                         "4.9e-324",
                                         "inf",
                                         "-Infinity",
                                         "nan",
                                         "NaN",
                                         "+1.5",
                                         "0.0e999",
                                         "9007199254740992",
                                         "-9007199254740994",
                                         "1000000000000000000",
                                         "0.1000000000000000055511151231257827",
                                         "100000000000000000000.0",
                                         "1.000000000000000000"};
    static const char *const others[] = {"",
                                         "-",
                                         ".",
                                         "1e",
                                         "1e+",
                                         "1..5",
                                         "1.5.",
                                         "00.5",
                                         "01",
                                         "1e400",
                                         "1e-400",
                                         "0x10",
                                         "1_000",
                                         "1,5",
                                         "infin",
                                         "nano",
                                         "1.5 ",
                                         "--1",
                                         "9007199254740993",
                                         "9223372036854775807",
                                         "0.1234567890123456789",
                                         "12345678901234567890.5"};
    for (size_t i = 0; i < sizeof(floats) / sizeof(floats[0]); i++) {
        check_float(floats[i], true);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        check_float(others[i], false);
    }
    char digits[1000];
    memset(digits, '3', sizeof(digits));
    memcpy(digits, "0.", 2);
    double value;
    assert_false(sw_digits_float(sw_span_of(digits, sizeof(digits)), &value));
}

static void ints_end_where_64_bits_end(void **state)
{
    (void)state;
    int64_t value;
    assert_true(sw_digits_int(sw_span_text("9223372036854775807"), &value));
    assert_true(value == INT64_MAX);
    assert_true(sw_digits_int(sw_span_text("-9223372036854775808"), &value));
    assert_true(value == INT64_MIN);
    assert_false(sw_digits_int(sw_span_text("9223372036854775808"), &value));
    assert_false(sw_digits_int(sw_span_text("-9223372036854775809"), &value));
    assert_false(sw_digits_int(sw_span_text("99999999999999999999"), &value));
    assert_false(sw_digits_int(sw_span_text("-0"), &value));
    assert_false(sw_digits_int(sw_span_text("007"), &value));
    assert_false(sw_digits_int(sw_span_text("+"), &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fast_ints_are_what_the_slow_way_reads),
        cmocka_unit_test(fast_floats_are_what_the_c_library_reads),
        cmocka_unit_test(every_double_written_with_17_digits_is_read_back),
        cmocka_unit_test(decimals_of_up_to_19_digits_are_rounded_correctly),
        cmocka_unit_test(texts_that_a_double_cannot_hold_are_no_floats),
        cmocka_unit_test(ints_end_where_64_bits_end),
    };
    return cmocka_run_group_tests_name("ingest/digits", tests, NULL, NULL);
}
