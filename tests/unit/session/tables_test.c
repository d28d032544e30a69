/* A session's tables: names from files, free names, finding. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "session/tables.h"

static void names_file(const char *path, const char *wanted)
{
    struct sw_span name = sw_tables_name_of_file(sw_span_text(path));
    assert_int_equal(name.length, strlen(wanted));
    assert_memory_equal(name.data, wanted, name.length);
}

static void a_table_is_named_after_its_file(void **state)
{
    (void)state;
    names_file("trips.csv", "trips");
    names_file("/data/2024/trips.csv.gz", "trips");
    names_file("C:\\data\\Trips.CSV", "Trips");
    names_file("trips.tsv.zst", "trips");
    names_file("trips", "trips");
    names_file("trips.2024.csv", "trips.2024");
    names_file(".csv", ".csv");
    names_file("dir/", "");
}

static void add(struct sw_tables *tables, const char *name)
{
    struct sw_table *table;
    assert_int_equal(sw_table_new(sw_span_text(name), &table), SW_OK);
    assert_int_equal(sw_tables_add(tables, table, NULL), SW_OK);
    sw_table_unref(table);
}

static void frees_name(const struct sw_tables *tables, const char *asked, const char *wanted)
{
    char name[SW_NAME_BYTES_MAX + 1];
    sw_tables_free_name(tables, sw_span_text(asked), name);
    assert_string_equal(name, wanted);
}

static void a_taken_name_gets_a_number(void **state)
{
    (void)state;
    struct sw_tables tables = {0};
    frees_name(&tables, "trips", "trips");
    add(&tables, "trips");
    frees_name(&tables, "trips", "trips_2");
    add(&tables, "trips_2");
    frees_name(&tables, "trips", "trips_3");
    frees_name(&tables, "", "table");
    frees_name(&tables, "a\nb", "a_b");
    sw_tables_fini(&tables);
}

static void a_long_name_is_cut_between_characters(void **state)
{
    (void)state;
    struct sw_tables tables = {0};
    char asked[600];
    for (size_t i = 0; i + 2 < sizeof asked; i += 2) {
        memcpy(asked + i, "\xc3\xa4", 3); /* a umlaut */
    }
    char name[SW_NAME_BYTES_MAX + 1];
    sw_tables_free_name(&tables, sw_span_text(asked), name);
    assert_true(strlen(name) <= SW_NAME_BYTES_MAX);
    assert_int_equal(strlen(name) % 2, 0);
    sw_tables_fini(&tables);
}

static void an_unknown_table_is_answered_with_those_there_are(void **state)
{
    (void)state;
    struct sw_tables tables = {0};
    struct sw_table *table;
    struct sw_err err;
    assert_int_equal(sw_tables_need(&tables, sw_span_text("x"), &table, &err), SW_NO_TABLE);
    assert_non_null(strstr(err.message, "upload a file"));
    add(&tables, "trips");
    assert_int_equal(sw_tables_need(&tables, sw_span_text("x"), &table, &err), SW_NO_TABLE);
    assert_non_null(strstr(err.message, "`trips`"));
    assert_int_equal(sw_tables_need(&tables, sw_span_text("trips"), &table, &err), SW_OK);
    sw_tables_fini(&tables);
}

static void tables_are_limited_at_their_edge(void **state)
{
    (void)state;
    struct sw_tables tables = {0};
    for (unsigned i = 0; i < SW_TABLES_MAX; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "t%u", i);
        add(&tables, name);
    }
    struct sw_table *table;
    struct sw_err err;
    assert_int_equal(sw_table_new(sw_span_text("more"), &table), SW_OK);
    assert_int_equal(sw_tables_add(&tables, table, &err), SW_LIMIT);
    assert_string_equal(err.limit, "tables");
    sw_table_unref(table);
    sw_tables_fini(&tables);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_named_after_its_file),
        cmocka_unit_test(a_taken_name_gets_a_number),
        cmocka_unit_test(a_long_name_is_cut_between_characters),
        cmocka_unit_test(an_unknown_table_is_answered_with_those_there_are),
        cmocka_unit_test(tables_are_limited_at_their_edge),
    };
    return cmocka_run_group_tests_name("session/tables", tests, NULL, NULL);
}
