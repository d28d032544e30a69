#include "ingest/decode.h"

#include "support/test.h"

#include <stdlib.h>
#include <string.h>

/* Decodes `bytes` in pieces that end at `cut` and at the end. */
static size_t decode_cut(const char *bytes, size_t length, size_t cut, char *into,
                         struct sw_decode *decode)
{
    *decode = (struct sw_decode){0};
    size_t written = sw_decode_run(decode, bytes, cut, false, into);
    written += sw_decode_run(decode, bytes + cut, length - cut, false, into + written);
    written += sw_decode_run(decode, NULL, 0, true, into + written);
    return written;
}

static void check(const char *bytes, size_t length, const char *want, uint64_t replaced)
{
    for (size_t cut = 0; cut <= length; cut++) {
        char into[512];
        struct sw_decode decode;
        assert_true(sw_decode_room(length) <= sizeof(into));
        const size_t written = decode_cut(bytes, length, cut, into, &decode);
        into[written] = '\0';
        if (written != strlen(want) || memcmp(into, want, written) != 0) {
            fail_msg("cut at %zu: want '%s', got '%s'", cut, want, into);
        }
        assert_int_equal(decode.replaced, replaced);
    }
}

#define CHECK(bytes, want, replaced) check(bytes, sizeof(bytes) - 1, want, replaced)

static void utf8_is_kept_and_its_mark_dropped(void **state)
{
    (void)state;
    CHECK("", "", 0);
    CHECK("a", "a", 0);
    CHECK("plain text that is longer than a word of thirty-two bytes",
          "plain text that is longer than a word of thirty-two bytes", 0);
    CHECK("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "ä€😀", 0);
    CHECK("\xef\xbb\xbfx", "x", 0);
    CHECK("\xef\xbb", "\xef\xbf\xbd", 1);
    CHECK("x\xef\xbb\xbf", "x\xef\xbb\xbf", 0);
}

static void each_broken_piece_becomes_one_replacement(void **state)
{
    (void)state;
    CHECK("a\x80z", "a\xef\xbf\xbdz", 1);
    CHECK("a\xc3z", "a\xef\xbf\xbdz", 1);
    CHECK("a\xe2\x82z", "a\xef\xbf\xbdz", 1);
    CHECK("a\xf0\x9f\x98", "a\xef\xbf\xbd", 1);
    CHECK("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd", 2);
    CHECK("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 3);
    CHECK("\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 4);
    CHECK("\xff\xc3\xa4", "\xef\xbf\xbdä", 1);
}

static void utf16_of_both_orders_becomes_utf8(void **state)
{
    (void)state;
    CHECK("\xff\xfe"
          "a\0\xe4\0\xac\x20\x3d\xd8\x00\xde",
          "aä€😀", 0);
    CHECK("\xfe\xff\0a\0\xe4\x20\xac\xd8\x3d\xde\x00", "aä€😀", 0);
    CHECK("\xff\xfe"
          "a\0\x3d\xd8z\0",
          "a\xef\xbf\xbdz", 1);
    CHECK("\xff\xfe\x00\xde", "\xef\xbf\xbd", 1);
    CHECK("\xff\xfe"
          "a\0b",
          "a\xef\xbf\xbd", 1);
    CHECK("\xff\xfe", "", 0);
}

/* Well-formed UTF-8 by the table of the standard, naively. */
static bool is_valid(const unsigned char *p, size_t n)
{
    static const unsigned char table[][8] = {{0x00, 0x7f},
                                             {0xc2, 0xdf, 0x80, 0xbf},
                                             {0xe0, 0xe0, 0xa0, 0xbf, 0x80, 0xbf},
                                             {0xe1, 0xec, 0x80, 0xbf, 0x80, 0xbf},
                                             {0xed, 0xed, 0x80, 0x9f, 0x80, 0xbf},
                                             {0xee, 0xef, 0x80, 0xbf, 0x80, 0xbf},
                                             {0xf0, 0xf0, 0x90, 0xbf, 0x80, 0xbf, 0x80, 0xbf},
                                             {0xf1, 0xf3, 0x80, 0xbf, 0x80, 0xbf, 0x80, 0xbf},
                                             {0xf4, 0xf4, 0x80, 0x8f, 0x80, 0xbf, 0x80, 0xbf}};
    static const size_t lengths[] = {1, 2, 3, 3, 3, 3, 4, 4, 4};
    while (n > 0) {
        size_t used = 0;
        for (size_t row = 0; row < 9 && used == 0; row++) {
            bool fits = lengths[row] <= n;
            for (size_t i = 0; i < lengths[row] && fits; i++) {
                fits = p[i] >= table[row][2 * i] && p[i] <= table[row][2 * i + 1];
            }
            used = fits ? lengths[row] : 0;
        }
        if (used == 0) {
            return false;
        }
        p += used;
        n -= used;
    }
    return true;
}

static void random_bytes_become_valid_utf8_and_valid_ones_stay(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 20000; round++) {
        char bytes[100];
        char into[400];
        struct sw_decode decode;
        const size_t length = test_random_below(&random, sizeof(bytes));
        for (size_t i = 0; i < length; i++) {
            static const unsigned char likely[] = {'a', 0x80, 0xbf, 0xc3, 0xe2, 0xed, 0xf0, 0xf4};
            bytes[i] =
                (char)(test_random_once_in(&random, 3) ? test_random_bits(&random)
                                                       : likely[test_random_below(&random, 8)]);
        }
        const bool was_valid = is_valid((const unsigned char *)bytes, length);
        const size_t cut = test_random_below(&random, length + 1);
        const size_t written = decode_cut(bytes, length, cut, into, &decode);
        const struct sw_decode fresh = {.encoding = SW_TEXT_UTF8};

        assert_true(sw_decode_is_plain(&fresh, bytes, length) == was_valid);
        if (decode.encoding == SW_TEXT_UTF8) {
            assert_true(is_valid((const unsigned char *)into, written));
            assert_true(was_valid == (decode.replaced == 0));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_kept_and_its_mark_dropped),
        cmocka_unit_test(each_broken_piece_becomes_one_replacement),
        cmocka_unit_test(utf16_of_both_orders_becomes_utf8),
        cmocka_unit_test(random_bytes_become_valid_utf8_and_valid_ones_stay),
    };
    return cmocka_run_group_tests_name("ingest/decode", tests, NULL, NULL);
}
