/* Schemas, row groups, versions. */
#include "table/table.h"

#include <stdlib.h>

#include "support/look.h"
#include "support/test.h"
#include "table/builder.h"

static struct sw_chunk *chunk_of(int64_t first, uint32_t rows)
{
    struct sw_builder *builder;
    struct sw_chunk *chunk;
    assert_int_equal(sw_builder_new(SW_TYPE_INT, NULL, NULL, &builder, NULL), SW_OK);
    for (uint32_t i = 0; i < rows; i++) {
        assert_int_equal(sw_builder_int(builder, first + i), SW_OK);
    }
    assert_int_equal(sw_builder_seal(builder, &chunk, NULL), SW_OK);
    sw_builder_free(builder);
    return chunk;
}

static struct sw_schema *new_schema(void)
{
    static const char *const names[] = {"id", "Price", "caf\xc3\xa9"};
    static const enum sw_type types[] = {SW_TYPE_INT, SW_TYPE_INT, SW_TYPE_INT};
    struct sw_schema *schema;
    assert_int_equal(sw_schema_new(3, names, types, &schema), SW_OK);
    return schema;
}

static struct sw_rowgroup *group_of(int64_t first, uint32_t rows, uint64_t first_row_id)
{
    struct sw_chunk *chunks[3];
    struct sw_rowgroup *group;
    for (unsigned i = 0; i < 3; i++) {
        chunks[i] = chunk_of(first * (i + 1), rows);
    }
    assert_int_equal(sw_rowgroup_take(3, chunks, first_row_id, NULL, &group), SW_OK);
    return group;
}

static void a_column_is_found_by_its_whole_name(void **state)
{
    (void)state;
    struct sw_schema *schema = new_schema();

    assert_int_equal(sw_schema_find(schema, sw_span_text("Price")), 1);
    assert_int_equal(sw_schema_find(schema, sw_span_text("caf\xc3\xa9")), 2);
    assert_int_equal(sw_schema_find(schema, sw_span_text("Pric")), -1);
    assert_int_equal(sw_schema_find(schema, sw_span_text("Prices")), -1);
    assert_int_equal(sw_schema_find(schema, sw_span_text("")), -1);
    assert_int_equal(sw_schema_find(schema, sw_span_of("id\0", 3)), -1);
    sw_schema_unref(schema);
}

static void a_missing_column_is_answered_with_the_nearest_name(void **state)
{
    (void)state;
    struct sw_schema *schema = new_schema();
    struct sw_err err;
    uint32_t column = 99;

    assert_int_equal(sw_schema_need(schema, sw_span_text("Price"), &column, &err), SW_OK);
    assert_int_equal(column, 1);
    assert_int_equal(sw_schema_need(schema, sw_span_text("prise"), &column, &err), SW_NO_COLUMN);
    assert_string_equal(err.message, "There is no column \"prise\". Did you mean \"Price\"?");
    assert_int_equal(sw_schema_need(schema, sw_span_text("zzz"), &column, &err), SW_NO_COLUMN);
    assert_null(strstr(err.message, "Did you mean"));
    sw_schema_unref(schema);
}

static void a_long_missing_name_is_cut_between_letters(void **state)
{
    (void)state;
    struct sw_schema *schema = new_schema();
    struct sw_err err;
    uint32_t column;
    char name[301];
    for (unsigned i = 0; i < 300; i += 2) {
        memcpy(name + i + 1, "\xc3\xa9", 2);
    }
    name[0] = 'x';

    assert_int_equal(sw_schema_need(schema, sw_span_of(name, 300), &column, &err), SW_NO_COLUMN);

    const char *cut = strstr(err.message, "\"; ");
    assert_non_null(cut);
    assert_int_equal((unsigned char)cut[-1], 0xa9);
    sw_schema_unref(schema);
}

static void too_many_columns_are_a_limit(void **state)
{
    (void)state;
    struct sw_schema *schema;
    assert_int_equal(sw_schema_new(SW_COLUMNS_MAX + 1, NULL, NULL, &schema), SW_LIMIT);
}

static void rows_of_a_version_are_found_by_position(void **state)
{
    (void)state;
    static const uint32_t rows[] = {3, 1, 70, 2};
    struct sw_schema *schema = new_schema();
    struct sw_rowgroup *groups[4];
    struct sw_version *version;
    for (unsigned i = 0; i < 4; i++) {
        groups[i] = group_of(i * 100, rows[i], i * 100);
    }
    assert_int_equal(sw_version_new(5, schema, 4, groups, 302, &version), SW_OK);
    for (unsigned i = 0; i < 4; i++) {
        sw_rowgroup_unref(groups[i]);
    }
    sw_schema_unref(schema);

    assert_int_equal(version->rows, 76);
    uint64_t position = 0;
    for (uint32_t g = 0; g < 4; g++) {
        for (uint32_t r = 0; r < rows[g]; r++, position++) {
            uint32_t group;
            uint32_t row;
            sw_version_locate(version, position, &group, &row);
            assert_int_equal(group, g);
            assert_int_equal(row, r);
            assert_int_equal(test_row_id(version->group[g], r), g * 100 + r);
        }
    }
    sw_version_unref(version);
}

static void a_version_with_one_chunk_replaced_shares_the_rest(void **state)
{
    (void)state;
    struct sw_rowgroup *group = group_of(10, 4, 0);
    struct sw_rowgroup *copy;

    assert_int_equal(sw_rowgroup_with_chunk(group, 1, chunk_of(900, 4), &copy), SW_OK);

    assert_ptr_equal(copy->chunk[0], group->chunk[0]);
    assert_ptr_equal(copy->chunk[2], group->chunk[2]);
    assert_int_equal(test_cell(copy->chunk[1], 3).u.i, 903);
    assert_int_equal(test_cell(group->chunk[1], 3).u.i, 23);
    assert_true(copy->id != group->id);
    sw_rowgroup_unref(group);
    assert_int_equal(test_cell(copy->chunk[0], 3).u.i, 13);
    sw_rowgroup_unref(copy);
}

static void row_ids_can_be_listed(void **state)
{
    (void)state;
    struct sw_chunk *chunks[] = {chunk_of(0, 3)};
    struct sw_chunk *row_ids = chunk_of(40, 3);
    struct sw_rowgroup *group;

    assert_int_equal(sw_rowgroup_take(1, chunks, 7, row_ids, &group), SW_OK);

    assert_int_equal(test_row_id(group, 2), 42);
    sw_rowgroup_unref(group);
}

static void the_zone_of_a_column_spans_its_chunks(void **state)
{
    (void)state;
    struct sw_schema *schema = new_schema();
    struct sw_rowgroup *groups[] = {group_of(-5, 3, 0), group_of(100, 2, 3)};
    struct sw_version *version;
    struct sw_version *empty;
    assert_int_equal(sw_version_new(1, schema, 2, groups, 5, &version), SW_OK);
    assert_int_equal(sw_version_new(2, schema, 0, NULL, 5, &empty), SW_OK);

    struct sw_column_zone zone = sw_version_zone(version, 1);
    struct sw_column_zone none = sw_version_zone(empty, 1);

    assert_true(zone.has_values);
    assert_int_equal(zone.min_i, -10);
    assert_int_equal(zone.max_i, 201);
    assert_true(zone.min_f == -10.0 && zone.max_f == 201.0);
    assert_false(none.has_values);
    assert_int_equal(sw_version_bytes(empty), 0);
    assert_int_equal(sw_version_bytes(version),
                     3 * (groups[0]->chunk[0]->held_bytes + groups[1]->chunk[0]->held_bytes));
    sw_rowgroup_unref(groups[0]);
    sw_rowgroup_unref(groups[1]);
    sw_schema_unref(schema);
    sw_version_unref(version);
    sw_version_unref(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_column_is_found_by_its_whole_name),
        cmocka_unit_test(a_missing_column_is_answered_with_the_nearest_name),
        cmocka_unit_test(a_long_missing_name_is_cut_between_letters),
        cmocka_unit_test(too_many_columns_are_a_limit),
        cmocka_unit_test(rows_of_a_version_are_found_by_position),
        cmocka_unit_test(a_version_with_one_chunk_replaced_shares_the_rest),
        cmocka_unit_test(row_ids_can_be_listed),
        cmocka_unit_test(the_zone_of_a_column_spans_its_chunks),
    };
    return cmocka_run_group_tests_name("table/table", tests, NULL, NULL);
}
