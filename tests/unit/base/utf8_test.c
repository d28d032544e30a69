#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* The slow twin: every scalar value has one spelling, and nothing else is well-formed. */
static size_t encode(uint32_t code, char *into)
{
    if (code < 0x80) {
        into[0] = (char)code;
        return 1;
    }
    size_t tails = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char head[] = {0, 0xc0, 0xe0, 0xf0};
    into[0] = (char)(head[tails] | code >> (6 * tails));
    for (size_t i = 1; i <= tails; i++) {
        into[i] = (char)(0x80 | (code >> (6 * (tails - i)) & 63));
    }
    return tails + 1;
}

static void every_character_is_taken_and_every_surrogate_refused(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x110fff; code++) {
        char text[4];
        size_t length = encode(code, text);
        bool is_scalar = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
        assert_int_equal(sw_utf8_step(sw_span_of(text, length)), is_scalar ? length : 0);
        for (size_t cut = 1; cut < length; cut++) {
            assert_int_equal(sw_utf8_step(sw_span_of(text, cut)), 0);
        }
    }
}

/* All sequences of three bytes: well-formed exactly where the twin spells some character so. */
static void no_other_sequence_of_up_to_three_bytes_is_well_formed(void **state)
{
    (void)state;
    unsigned char *good = calloc(1u << 24, 1);
    for (uint32_t code = 0; code < 0x10000; code++) {
        char text[4];
        size_t length = encode(code, text);
        if (code >= 0xd800 && code <= 0xdfff) {
            continue;
        }
        uint32_t at = 0;
        for (size_t i = 0; i < 3; i++) {
            at = at << 8 | (i < length ? (unsigned char)text[i] : 0);
        }
        uint32_t rest = 1u << (8 * (3 - length));
        memset(good + at, (int)length, rest);
    }
    size_t wrong = 0;
    for (uint32_t bytes = 0; bytes < 1u << 24; bytes++) {
        char text[3] = {(char)(bytes >> 16), (char)(bytes >> 8), (char)bytes};
        wrong += sw_utf8_step(sw_span_of(text, 3)) != good[bytes];
    }
    assert_int_equal(wrong, 0);
    free(good);
}

static void a_text_is_valid_when_all_of_it_is(void **state)
{
    (void)state;
    assert_true(sw_utf8_is_valid(sw_span_text("")));
    assert_true(sw_utf8_is_valid(sw_span_text("größe 😀")));
    assert_true(sw_utf8_is_valid(sw_span_of("a\0b", 3)));
    assert_false(sw_utf8_is_valid(sw_span_text("gr\xf6sse")));
    assert_false(sw_utf8_is_valid(sw_span_text("cut \xf0\x9f\x98")));
    assert_false(sw_utf8_is_valid(sw_span_text("\x80")));
}

static void a_cut_does_not_end_within_a_character(void **state)
{
    (void)state;
    struct sw_span text = sw_span_text("aé€😀");
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
    for (size_t length = 0; length < 12; length++) {
        assert_int_equal(sw_utf8_cut(text, length).length, expected[length]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_is_taken_and_every_surrogate_refused),
        cmocka_unit_test(no_other_sequence_of_up_to_three_bytes_is_well_formed),
        cmocka_unit_test(a_text_is_valid_when_all_of_it_is),
        cmocka_unit_test(a_cut_does_not_end_within_a_character),
    };
    return cmocka_run_group_tests_name("base/utf8", tests, NULL, NULL);
}
