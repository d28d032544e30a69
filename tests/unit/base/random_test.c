#include "support/test.h"

#include <string.h>

#include "base/random.h"

static void bytes_differ_and_all_of_them_are_written(void **state)
{
    (void)state;
    unsigned char a[1000], b[1000];
    unsigned char seen[1000] = {0};
    for (int round = 0; round < 40; round++) {
        sw_random_bytes(a, sizeof a);
        sw_random_bytes(b, sizeof b);
        assert_memory_not_equal(a, b, sizeof a);
        for (size_t i = 0; i < sizeof a; i++) {
            seen[i] |= a[i];
        }
    }
    for (size_t i = 0; i < sizeof seen; i++) {
        assert_int_not_equal(seen[i], 0);
    }
    sw_random_bytes(a, 0);
}

static void a_text_is_base64url_of_the_right_length(void **state)
{
    (void)state;
    static const size_t expected[] = {0, 2, 3, 4, 6, 7, 8};
    for (size_t length = 0; length <= 6; length++) {
        char text[64];
        memset(text, '#', sizeof text);
        sw_random_text(text, length);
        assert_int_equal(strlen(text), expected[length]);
        assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789-_"),
                         expected[length]);
    }
    char token[64];
    sw_random_text(token, 32);
    assert_int_equal(strlen(token), 43);
}

static void every_digit_of_the_alphabet_occurs(void **state)
{
    (void)state;
    bool seen[128] = {0};
    size_t count = 0;
    for (int i = 0; i < 2000; i++) {
        char text[64];
        sw_random_text(text, 32);
        for (const char *at = text; *at != '\0'; at++) {
            count += !seen[(unsigned char)*at];
            seen[(unsigned char)*at] = true;
        }
    }
    assert_int_equal(count, 64);
}

static void a_hash_depends_on_every_byte_and_on_the_length(void **state)
{
    (void)state;
    unsigned char bytes[40] = {0};
    for (size_t length = 0; length <= sizeof bytes; length++) {
        uint64_t plain = sw_hash(bytes, length);
        assert_true(sw_hash(bytes, length) == plain);
        assert_true(length == 0 || sw_hash(bytes, length - 1) != plain);
        for (size_t i = 0; i < length; i++) {
            bytes[i] ^= 1;
            assert_true(sw_hash(bytes, length) != plain);
            bytes[i] ^= 1;
        }
    }
}

static void hashes_of_counted_names_spread_over_buckets(void **state)
{
    (void)state;
    unsigned buckets[256] = {0};
    for (uint32_t i = 0; i < 256 * 100; i++) {
        buckets[sw_hash(&i, sizeof i) & 255]++;
    }
    for (size_t i = 0; i < 256; i++) {
        assert_in_range(buckets[i], 40, 180);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_differ_and_all_of_them_are_written),
        cmocka_unit_test(a_text_is_base64url_of_the_right_length),
        cmocka_unit_test(every_digit_of_the_alphabet_occurs),
        cmocka_unit_test(a_hash_depends_on_every_byte_and_on_the_length),
        cmocka_unit_test(hashes_of_counted_names_spread_over_buckets),
    };
    return cmocka_run_group_tests_name("base/random", tests, NULL, NULL);
}
