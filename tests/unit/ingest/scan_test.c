#include "ingest/scan.h"

#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX 700
#define ROUNDS   30000

static uint32_t *new_index(void)
{
    uint32_t *index = malloc((1 + SW_SCAN_INDEX_MAX + SW_SCAN_INDEX_SLACK) * sizeof(*index));
    assert_non_null(index);
    index[0] = UINT32_MAX;
    return index;
}

static void assert_same_scan(const struct sw_scan *want, const struct sw_scan *got)
{
    assert_int_equal(got->count, want->count);
    assert_int_equal(got->records, want->records);
    assert_int_equal(got->consumed, want->consumed);
    assert_int_equal(got->lines, want->lines);
    assert_int_equal(got->scanned, want->scanned);
    assert_int_equal(got->odd_count, want->odd_count);
    for (uint32_t i = 0; i < want->count; i++) {
        assert_int_equal(got->at[i], want->at[i]);
    }
}

/* Mostly the bytes that matter, with a share of quotes that varies from text to text. */
static uint32_t random_text(struct test_random *random, char *text, bool is_well_formed)
{
    const uint32_t length = (uint32_t)test_random_below(random, TEXT_MAX);
    const uint64_t quotes = 1 + test_random_below(random, 20);
    static const char bytes[] = ",,,\n\n\r;abcdef ghijk'";
    bool is_inside = false;
    uint32_t n = 0;
    while (n < length) {
        const bool is_start = n == 0 || text[n - 1] == ',' || text[n - 1] == '\n';
        if (!is_well_formed && test_random_once_in(random, quotes)) {
            text[n++] = '"';
        } else if (is_inside && test_random_once_in(random, 6) && n + 2 < length) {
            const bool closes = test_random_once_in(random, 2);
            text[n++] = '"';
            text[n++] = closes ? (test_random_once_in(random, 2) ? ',' : '\n') : '"';
            is_inside = !closes;
        } else if (is_well_formed && !is_inside && is_start && test_random_once_in(random, 2)) {
            text[n++] = '"';
            is_inside = true;
        } else {
            text[n++] = bytes[test_random_below(random, sizeof(bytes) - 1)];
        }
    }
    return n;
}

static void compare(sw_scan_fast *fast, bool is_well_formed)
{
    struct test_random random;
    test_random_init(&random, test_seed());
    struct sw_scan want = {.at = new_index() + 1};
    struct sw_scan got = {.at = new_index() + 1};
    char text[TEXT_MAX + 64 + 2];
    uint32_t taken = 0;
    for (int round = 0; round < ROUNDS; round++) {
        const struct sw_dialect dialect = {
            .delimiter = ',',
            .quote = test_random_once_in(&random, 10) ? '\'' : '"',
            .newline = test_random_once_in(&random, 8) ? '\r' : '\n',
        };
        memset(text, ',', sizeof(text)); /* what stands behind the text must not matter */
        const uint32_t length = random_text(&random, text, is_well_formed);

        sw_scan_exact(&dialect, text, length, &want);
        const bool is_taken = fast(&dialect, text, length, &got);

        if (is_taken) {
            assert_same_scan(&want, &got);
            taken++;
        } else {
            sw_scan_block(fast, &dialect, text, length, &got);
            assert_same_scan(&want, &got);
        }
    }
    assert_true(taken > ROUNDS / 50);
    free(want.at - 1);
    free(got.at - 1);
}

static void the_scanner_of_this_machine_finds_what_the_exact_one_finds(void **state)
{
    (void)state;
    compare(sw_scan_choose(), false);
    compare(sw_scan_choose(), true);
}

static void the_plain_scanner_finds_what_the_exact_one_finds(void **state)
{
    (void)state;
    compare(sw_scan_plain, false);
    compare(sw_scan_plain, true);
}

#ifdef __x86_64__
static void the_sse2_scanner_finds_what_the_exact_one_finds(void **state)
{
    (void)state;
    compare(sw_scan_sse2, false);
    compare(sw_scan_sse2, true);
}
#endif

static void check_refusal(const char *text, bool is_refused)
{
    const struct sw_dialect dialect = {.delimiter = ',', .quote = '"', .newline = '\n'};
    struct sw_scan scan = {.at = new_index() + 1};
    char padded[256] = {0};
    memcpy(padded, text, strlen(text));
    const bool is_taken = sw_scan_choose()(&dialect, padded, (uint32_t)strlen(text), &scan);
    if (is_taken == is_refused) {
        fail_msg("%s is %s", text, is_taken ? "taken" : "refused");
    }
    free(scan.at - 1);
}

static void irregular_quotes_are_refused_and_regular_ones_taken(void **state)
{
    (void)state;
    check_refusal("a,\"b\",\"c\"\"d\"\n\"\",\"\"\"\"\n", false);
    check_refusal("\"a\"\r\n\"b\"\r\n", false);
    check_refusal("a,\"b\nc\",d\n", false);
    check_refusal("a\"b,c\n", true);
    check_refusal("\"a\"b,c\n", true);
    check_refusal("\"a\" ,c\n", true);
    check_refusal(" \"a\",c\n", true);
    check_refusal("\"a\"\rb,c\n", true);
    check_refusal("a\"\"b,c\n", true);
}

static void a_long_quoted_field_spans_many_words_of_masks(void **state)
{
    (void)state;
    const struct sw_dialect dialect = {.delimiter = ',', .quote = '"', .newline = '\n'};
    struct sw_scan scan = {.at = new_index() + 1};
    char text[1100];
    memset(text, ',', sizeof(text));
    text[0] = '"';
    text[1000] = '"';
    text[1001] = '\n';

    assert_true(sw_scan_choose()(&dialect, text, 1002, &scan));

    assert_int_equal(scan.count, 1);
    assert_int_equal(scan.at[0], 1001);
    assert_int_equal(scan.consumed, 1002);
    free(scan.at - 1);
}

static void a_full_index_stops_the_scan_at_a_whole_record(void **state)
{
    (void)state;
    const struct sw_dialect dialect = {.delimiter = ',', .quote = '"', .newline = '\n'};
    struct sw_scan fast = {.at = new_index() + 1};
    struct sw_scan exact = {.at = new_index() + 1};
    const uint32_t length = 2 * SW_SCAN_INDEX_MAX;
    char *text = malloc(length + 64);
    assert_non_null(text);
    memset(text, ',', length + 64);
    for (uint32_t i = 9; i < length; i += 10) {
        text[i] = '\n';
    }

    assert_true(sw_scan_choose()(&dialect, text, length, &fast));
    sw_scan_exact(&dialect, text, length, &exact);

    assert_true(fast.scanned < length);
    assert_true(exact.scanned < length);
    assert_true(fast.consumed > length / 3);
    assert_int_equal(fast.consumed % 10, 0);
    assert_int_equal(exact.consumed % 10, 0);
    assert_int_equal(fast.count, fast.consumed);
    free(text);
    free(fast.at - 1);
    free(exact.at - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scanner_of_this_machine_finds_what_the_exact_one_finds),
        cmocka_unit_test(the_plain_scanner_finds_what_the_exact_one_finds),
#ifdef __x86_64__
        cmocka_unit_test(the_sse2_scanner_finds_what_the_exact_one_finds),
#endif
        cmocka_unit_test(irregular_quotes_are_refused_and_regular_ones_taken),
        cmocka_unit_test(a_long_quoted_field_spans_many_words_of_masks),
        cmocka_unit_test(a_full_index_stops_the_scan_at_a_whole_record),
    };
    return cmocka_run_group_tests_name("ingest/scan", tests, NULL, NULL);
}
