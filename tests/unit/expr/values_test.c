/* What expressions give, by hand: one line each. */
#include "unit/expr/hand.h"

struct pair {
    const char *text;
    const char *value;
};

static void check_all(const struct pair *pairs, size_t count)
{
    struct fixture f;
    size_t bad = 0;
    make_table(&f, 1);
    for (size_t i = 0; i < count; i++) {
        char value[600];
        value_of(&f, pairs[i].text, value, sizeof value);
        if (strcmp(value, pairs[i].value) != 0) {
            printf("# %s: %s, not %s\n", pairs[i].text, value, pairs[i].value);
            bad++;
        }
    }
    free_table(&f);
    assert_int_equal(bad, 0);
}

static const struct pair values[] = {
    {"1 + 2 * 3", "7"},
    {"7 / 2", "3"},
    {"-7 / 2", "-3"},
    {"-7 % 3", "-1"},
    {"7 / 2.0", "3.5"},
    {"1 / 0", "NULL"},
    {"1 % 0", "NULL"},
    {"price / 0", "NULL"},
    {"qty / 0", "NULL"},
    {"5.5 % 2", "1"},
    {"2 - - 3", "5"},
    {"-9223372036854775808", "-9223372036854775808"},
    {"9223372036854775807 + 1", "9.2233720368547758e+18"},
    {"\"Big Number\" + 1", "misfit"},
    {"\"Big Number\" + 0", "9223372036854775807"},
    {"0x1F", "31"},
    {"1e3", "1000"},
    {".5", "0.5"},
    {"'it''s'", "it's"},
    {"'a' || 1 || 2.0", "a12.0"},
    {"'12' + 1", "13"},
    {"'12abc' + 1", "13"},
    {"'abc' + 1", "1"},
    {"1 = '1'", "0"},
    {"qty = '4'", "1"},
    {"name = 'Fig'", "1"},
    {"name = 'fig'", "0"},
    {"name LIKE 'f%'", "1"},
    {"name GLOB 'f*'", "0"},
    {"name NOT LIKE '_i_'", "0"},
    {"'50%' LIKE '50!%' ESCAPE '!'", "1"},
    {"'50x' LIKE '50!%' ESCAPE '!'", "0"},
    {"NULL = NULL", "NULL"},
    {"NULL IS NULL", "1"},
    {"note IS NULL", "1"},
    {"NULL AND 0", "0"},
    {"NULL OR 1", "1"},
    {"NOT NULL", "NULL"},
    {"NULL + 1", "NULL"},
    {"5 BETWEEN 1 AND 9", "1"},
    {"5 NOT BETWEEN 6 AND 9", "1"},
    {"5 IN (1, 5)", "1"},
    {"5 IN (1, NULL)", "NULL"},
    {"5 IN ()", "0"},
    {"name IN ('Fig', 'x')", "1"},
    {"qty IN (1, qty, 9)", "1"},
    {"CASE WHEN qty > 3 THEN 'many' ELSE 'few' END", "many"},
    {"CASE qty WHEN 4 THEN 'four' END", "four"},
    {"CASE qty WHEN 5 THEN 'five' END", "NULL"},
    {"CAST('12.7' AS INTEGER)", "12"},
    {"CAST(12.7 AS INT)", "12"},
    {"CAST('abc' AS REAL)", "0"},
    {"CAST(2.0 AS TEXT)", "2.0"},
    {"CAST(1e15 AS TEXT)", "1.0e+15"},
    {"CAST(0.1 + 0.2 AS TEXT)", "0.3"},
    {"CAST('5' AS NUMERIC) + 1", "6"},
    {"CAST(7 AS BOOL)", "1"},
    {"abs(-3)", "3"},
    {"abs(-9223372036854775808)", "9.2233720368547758e+18"},
    {"round(2.5)", "3"},
    {"round(-2.5)", "-3"},
    {"round(2.675, 2)", "2.6699999999999999"},
    {"round(0.125, 2)", "0.13"},
    {"floor(-1.5)", "-2"},
    {"ceil(1.2)", "2"},
    {"sqrt(16)", "4"},
    {"sqrt(-1)", "NULL"},
    {"ln(0)", "NULL"},
    {"log10(1000)", "3"},
    {"pow(2, 10)", "1024"},
    {"sign(-2.5)", "-1"},
    {"min(3, 1, 2)", "1"},
    {"max(3, 'a')", "a"},
    {"max(3, NULL)", "NULL"},
    {"coalesce(NULL, NULL, 5)", "5"},
    {"ifnull(note, 'none')", "none"},
    {"nullif(4, 4)", "NULL"},
    {"iif(flag, 'yes', 'no')", "yes"},
    {"length('\xc3\xa4\xf0\x9f\x98\x80')", "2"},
    {"upper('a\xc3\xa4')", "A\xc3\xa4"},
    {"trim('  x ')", "x"},
    {"ltrim('xxabxx', 'x')", "abxx"},
    {"substr('hello', 2, 3)", "ell"},
    {"substr('hello', -3)", "llo"},
    {"substr('hello', 0, 2)", "h"},
    {"substr('hello', -9223372036854775808, 9223372036854775807)", "hell"},
    {"substr('hello', 5, -9223372036854775808)", "hell"},
    {"instr('hello', 'l')", "3"},
    {"replace('aXbX', 'X', '--')", "a--b--"},
    {"TRUE", "1"},
    {"(2 > 1) IS TRUE", "1"},
    {"NULL IS NOT TRUE", "1"},
    {"qty ISNULL", "0"},
    {"[price] * `qty`", "10"},
    {"PRICE", "2.5"},
    {"qty -- a comment\n + 1 /* another */", "5"},
};

static void values_are_what_sqlite_says(void **context)
{
    (void)context;
    check_all(values, sizeof values / sizeof values[0]);
}

static const struct pair dates[] = {
    {"day", "2024-02-29"},
    {"day + 1", "2024-03-01"},
    {"1 + day", "2024-03-01"},
    {"day - 60", "2023-12-31"},
    {"day - DATE '2024-01-01'", "59"},
    {"at", "2024-02-29T12:34:56.789Z"},
    {"at + 1000", "2024-02-29T12:34:57.789Z"},
    {"at - day", "45296789"},
    {"day = '2024-02-29'", "1"},
    {"day < '2024-02-29T00:00:00.001Z'", "1"},
    {"day >= $day", "1"},
    {"at > day", "1"},
    {"day IN ('2024-02-28', '2024-02-29')", "1"},
    {"day BETWEEN '2024-01-01' AND '2024-12-31'", "1"},
    {"day || '!'", "2024-02-29!"},
    {"day LIKE '2024-02%'", "1"},
    {"length(at)", "24"},
    {"date_trunc('month', day)", "2024-02-01"},
    {"date_trunc('week', day)", "2024-02-26"},
    {"date_trunc('hour', at)", "2024-02-29T12:00:00Z"},
    {"date_part('year', at)", "2024"},
    {"date_part('week', day)", "9"},
    {"date_part('dow', day)", "4"},
    {"date_part('millisecond', at)", "789"},
    {"CAST(at AS DATE)", "2024-02-29"},
    {"CAST('2024-02-30' AS DATE)", "NULL"},
    {"CAST(day AS TIMESTAMP)", "2024-02-29T00:00:00Z"},
    {"CAST(day AS INT)", "19782"},
    {"day + 10000000", "NULL"},
    {"coalesce(day, '2020-01-01')", "2024-02-29"},
    {"CASE WHEN flag THEN day ELSE 'none' END", "2024-02-29"},
    {"max(day, '2030-01-01')", "2030-01-01"},
    {"TIMESTAMP '2024-02-29 12:00:00+02:00'", "2024-02-29T10:00:00Z"},
};

static void dates_and_timestamps_have_arithmetic_and_text(void **context)
{
    (void)context;
    check_all(dates, sizeof dates / sizeof dates[0]);
}

static const struct pair inputs[] = {
    {"qty > $low", "1"},
    {"qty IN $list", "1"},
    {"qty IN ($list, 9)", "1"},
    {"name IN $list", "1"},
    {"qty IN $none", "0"},
    {"qty IN $unset", "NULL"},
    {"qty > $unset", "NULL"},
    {"$unset IS NULL", "1"},
    {"$list + 1", "this input is a list: it fits behind IN only"},
};

static void inputs_are_constants_lists_or_null(void **context)
{
    (void)context;
    check_all(inputs, sizeof inputs / sizeof inputs[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_what_sqlite_says),
        cmocka_unit_test(dates_and_timestamps_have_arithmetic_and_text),
        cmocka_unit_test(inputs_are_constants_lists_or_null),
    };
    return cmocka_run_group_tests_name("expr/values", tests, NULL, NULL);
}
