#include "ingest/dialect.h"

#include "ingest/scan.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

static bool guess(const char *text, bool is_whole, char delimiter, int has_header,
                  struct sw_dialect *dialect)
{
    struct sw_err err = {0};
    bool is_short = true;
    const size_t length = strlen(text);
    char *copy = calloc(1, length + SW_SCAN_BEHIND);
    assert_non_null(copy);
    memcpy(copy, text, length);
    assert_int_equal(sw_dialect_guess(sw_span_of(copy, length), is_whole, delimiter, has_header,
                                      dialect, &is_short, &err),
                     SW_OK);
    free(copy);
    return !is_short;
}

static void check_delimiter(const char *text, char want, uint32_t columns)
{
    struct sw_dialect dialect;
    assert_true(guess(text, true, 0, -1, &dialect));
    if (dialect.delimiter != want || dialect.columns != columns) {
        fail_msg("%s\nhas %u columns by '%c'", text, dialect.columns, dialect.delimiter);
    }
}

static void the_delimiter_is_the_one_on_which_records_agree(void **state)
{
    (void)state;
    check_delimiter("a,b\n1,2\n", ',', 2);
    check_delimiter("a;b\n1;2\n", ';', 2);
    check_delimiter("a\tb\n1\t2\n", '\t', 2);
    check_delimiter("a|b\n1|2\n", '|', 2);
    check_delimiter("a;b\n\"x,y,z\";2\n", ';', 2);
    check_delimiter("a;b\nx, y, z;2\np;q\n", ';', 2);
    check_delimiter("a,b,c\nx;y,2,3\np;q,5,6\n", ',', 3);
    check_delimiter("1,5;2,5;3,5\n2,5;3,5;4,5\n", ';', 3);
    check_delimiter("t\tv\n2024-01-01\t1,5\n2024-01-02\t2,5\n", '\t', 2);
    check_delimiter("one\ntwo\nthree\n", SW_DELIMITER_NONE, 1);
    check_delimiter("Hello, world\nno comma\nnor here\nnor there\n", SW_DELIMITER_NONE, 1);
    check_delimiter("a,b,c", ',', 3);
    check_delimiter("x", SW_DELIMITER_NONE, 1);
}

static void check_header(const char *text, bool want)
{
    struct sw_dialect dialect;
    assert_true(guess(text, true, 0, -1, &dialect));
    if (dialect.has_header != want) {
        fail_msg("%s\nhas %s header", text, want ? "a" : "no");
    }
}

static void a_header_differs_from_what_stands_below_it(void **state)
{
    (void)state;
    check_header("a,b\n1,2\n", true);
    check_header("a,b\nx,y\n", true);
    check_header("a,b\n", true);
    check_header("1,2\n3,4\n", false);
    check_header("1,2\n", false);
    check_header("x,1\ny,2\n", false);
    check_header("x,y,1\nx,z,2\nx,q,3\n", false);
    check_header(",a,b\n0,1,2\n", true);
    check_header("name,2019,2020\nA,1.5,2.5\n", true);
    check_header("Bob,1984\nAnn,1990\n", false);
    check_header("2024-01-01\n2024-01-02\n", false);
    check_header("true\nfalse\n", false);
    check_header("active\nfalse\ntrue\n", true);
    check_header("1;2,5\n", false);
}

static void quotes_are_single_only_when_used_throughout(void **state)
{
    (void)state;
    struct sw_dialect dialect;
    assert_true(guess("'a','b'\n'1','x, y'\n'2','z'\n", true, 0, -1, &dialect));
    assert_int_equal(dialect.quote, '\'');
    assert_true(guess("a,b\n'tis,2\n'twas,3\n", true, 0, -1, &dialect));
    assert_int_equal(dialect.quote, '"');
    assert_true(guess("a,b\n'x',\"2\"\n'y',\"3\"\n", true, 0, -1, &dialect));
    assert_int_equal(dialect.quote, '"');
}

static void lines_end_in_cr_only_where_there_is_no_lf(void **state)
{
    (void)state;
    struct sw_dialect dialect;
    assert_true(guess("a,b\r1,2\r", true, 0, -1, &dialect));
    assert_int_equal(dialect.newline, '\r');
    assert_true(guess("a,b\r\n1,2\r\n", true, 0, -1, &dialect));
    assert_int_equal(dialect.newline, '\n');
    assert_true(guess("a\rb,c\n1,2\n", true, 0, -1, &dialect));
    assert_int_equal(dialect.newline, '\n');
    assert_true(guess("a,b\r\"x\ny\",2\r", true, 0, -1, &dialect));
    assert_int_equal(dialect.newline, '\r');
}

static void what_is_given_is_not_guessed(void **state)
{
    (void)state;
    struct sw_dialect dialect;
    assert_true(guess("a;b,c\n1;2,3\n", true, ';', 0, &dialect));
    assert_int_equal(dialect.delimiter, ';');
    assert_false(dialect.has_header);
    assert_int_equal(dialect.columns, 2);
    assert_true(guess("1:2\n3:4\n", true, ':', 1, &dialect));
    assert_true(dialect.has_header);
    assert_int_equal(dialect.columns, 2);
}

static void a_part_without_a_complete_record_is_too_short(void **state)
{
    (void)state;
    struct sw_dialect dialect;
    assert_false(guess("a,b,c", false, 0, -1, &dialect));
    assert_false(guess("\"a\nb\nc", false, 0, -1, &dialect));
    assert_true(guess("a,b\n1,2\n3,", false, 0, -1, &dialect));
    assert_int_equal(dialect.columns, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_delimiter_is_the_one_on_which_records_agree),
        cmocka_unit_test(a_header_differs_from_what_stands_below_it),
        cmocka_unit_test(quotes_are_single_only_when_used_throughout),
        cmocka_unit_test(lines_end_in_cr_only_where_there_is_no_lf),
        cmocka_unit_test(what_is_given_is_not_guessed),
        cmocka_unit_test(a_part_without_a_complete_record_is_too_short),
    };
    return cmocka_run_group_tests_name("ingest/dialect", tests, NULL, NULL);
}
