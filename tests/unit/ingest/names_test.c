#include "ingest/names.h"

#include "base/limits.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The names of a header line with `columns` columns, joined by bars. */
static void check_names(const char *line, uint32_t columns, const char *want)
{
    const struct sw_dialect dialect = {
        .delimiter = ',', .quote = '"', .newline = '\n', .has_header = true, .columns = columns};
    uint32_t *index = malloc((1 + SW_SCAN_INDEX_MAX + SW_SCAN_INDEX_SLACK) * sizeof(*index));
    struct sw_rows rows = {.dialect = &dialect, .text = line};
    char **names = NULL;
    char joined[2000] = "";
    assert_non_null(index);
    index[0] = UINT32_MAX;
    rows.scan.at = index + 1;
    sw_scan_exact(&dialect, line, (uint32_t)strlen(line), &rows.scan);
    assert_int_equal(sw_rows_index(&rows, NULL), SW_OK);

    assert_int_equal(sw_names_new(&rows, columns, &names, NULL), SW_OK);

    for (uint32_t i = 0; i < columns; i++) {
        size_t length = strlen(joined);
        snprintf(joined + length, sizeof(joined) - length, "%s%s", i > 0 ? "|" : "", names[i]);
    }
    assert_string_equal(joined, want);
    sw_names_free(names, columns);
    sw_rows_fini(&rows);
    free(index);
}

static void names_are_those_of_the_header_trimmed(void **state)
{
    (void)state;
    check_names("a,b c,\"d \"\"e\"\"\"\n", 3, "a|b c|d \"e\"");
    check_names(" a ,\tb\t\n", 2, "a|b");
    check_names("\"a\nb\",c\n", 2, "a b|c");
}

static void missing_names_are_numbered_by_their_column(void **state)
{
    (void)state;
    check_names("a,,\" \"\n", 5, "a|column_2|column_3|column_4|column_5");
    check_names("column_2,\n", 2, "column_2|column_2_2");
}

static void names_alike_get_the_next_free_number(void **state)
{
    (void)state;
    check_names("a,a,a\n", 3, "a|a_2|a_3");
    check_names("a,a,a_2,a\n", 4, "a|a_3|a_2|a_4");
    check_names("a_2,a_2,a,a\n", 4, "a_2|a_2_2|a|a_3");
    check_names("A,a\n", 2, "A|a");
}

static void many_names_alike_are_all_different_and_within_the_limit(void **state)
{
    (void)state;
    char **names = NULL;
    assert_int_equal(sw_names_new(NULL, SW_COLUMNS_MAX, &names, NULL), SW_OK);
    assert_string_equal(names[0], "column_1");
    assert_string_equal(names[SW_COLUMNS_MAX - 1], "column_4096");
    sw_names_free(names, SW_COLUMNS_MAX);

    char line[600];
    char want[600];
    memset(line, 'x', sizeof(line));
    memcpy(line + 280, ",", 1);
    memcpy(line + 561, "\n", 2);
    memset(want, 'x', sizeof(want));
    want[255] = '|';
    memcpy(want + 255 + 1 + 253, "_2", 3);
    check_names(line, 2, want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_the_header_trimmed),
        cmocka_unit_test(missing_names_are_numbered_by_their_column),
        cmocka_unit_test(names_alike_get_the_next_free_number),
        cmocka_unit_test(many_names_alike_are_all_different_and_within_the_limit),
    };
    return cmocka_run_group_tests_name("ingest/names", tests, NULL, NULL);
}
