/*
 * A random table that tests hold in the plainest form, one struct sw_value per cell, and the same
 * rows as a version of any group size and as an SQLite table. For the tests of exec and reactive.
 */
#ifndef SW_TEST_WORLD_H
#define SW_TEST_WORLD_H

#include "support/test.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "table/builder.h"
#include "table/table.h"

enum world_column {
    WORLD_N, /* int 0..5 */
    WORLD_I, /* int, wide, nulls */
    WORLD_F, /* float, nulls, quarters: sums are exact */
    WORLD_R, /* float, any size, NaN and infinities where asked for */
    WORLD_S, /* string, few, coded, nulls */
    WORLD_T, /* string, many, plain, shared beginnings */
    WORLD_D, /* date, nulls */
    WORLD_M, /* timestamp */
    WORLD_B, /* bool, nulls */
    WORLD_COLUMNS
};

static const char *const world_names[WORLD_COLUMNS] = {"n", "i", "f", "r", "s", "t", "d", "m", "b"};
static const enum sw_type world_types[WORLD_COLUMNS] = {
    SW_TYPE_INT,    SW_TYPE_INT,  SW_TYPE_FLOAT,     SW_TYPE_FLOAT, SW_TYPE_STRING,
    SW_TYPE_STRING, SW_TYPE_DATE, SW_TYPE_TIMESTAMP, SW_TYPE_BOOL};

struct world {
    uint64_t rows;
    struct sw_value *value[WORLD_COLUMNS];
    struct sw_arena texts;
};

static inline struct sw_span world_text(struct world *world, const char *text)
{
    const char *copy = sw_arena_text(&world->texts, sw_span_text(text));
    assert_non_null(copy);
    return sw_span_text(copy);
}

static inline void world_string(struct world *world, struct test_random *random,
                                enum world_column column, struct sw_value *value)
{
    static const char *const few[] = {"apples", "oranges", "figs", "pineapples",
                                      "",       "Äpfel",   "kiwi", "a \"quoted\", one"};
    char text[64];
    if (column == WORLD_S) {
        value->u.s = sw_span_text(few[test_random_below(random, 8)]);
        return;
    }
    /* Long common beginnings, so that a sort has to look far, and some prefixes of others. */
    int length = snprintf(text, sizeof(text), "https://example.org/%.*s%d",
                          (int)test_random_below(random, 10), "abcdefghij",
                          (int)test_random_below(random, 400));
    if (test_random_once_in(random, 10)) {
        text[test_random_below(random, (uint64_t)length)] = '\0';
    }
    value->u.s = world_text(world, text);
}

static inline double world_float(struct test_random *random, bool has_odd)
{
    if (has_odd && test_random_once_in(random, 20)) {
        const double odd[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, -0.0};
        return odd[test_random_below(random, 4)];
    }
    return ldexp(test_random_unit(random) - 0.5, (int)test_random_below(random, 40) - 20);
}

static inline void world_cell(struct world *world, struct test_random *random,
                              enum world_column column, bool has_odd, struct sw_value *value)
{
    value->type = world_types[column];
    value->is_null = column != WORLD_N && column != WORLD_T && column != WORLD_M &&
                     test_random_once_in(random, 12);
    if (value->is_null) {
        return;
    }
    switch (column) {
    case WORLD_N:
        value->u.i = (int64_t)test_random_below(random, 6);
        break;
    case WORLD_I:
        value->u.i = test_random_between(random, -1000000, 1000000);
        break;
    case WORLD_F:
        value->u.f = (double)test_random_between(random, -4000, 4000) / 4;
        break;
    case WORLD_R:
        value->u.f = world_float(random, has_odd);
        break;
    case WORLD_S:
    case WORLD_T:
        world_string(world, random, column, value);
        break;
    case WORLD_D:
        value->u.i = test_random_between(random, 18000, 18400);
        break;
    case WORLD_M:
        value->u.i = test_random_between(random, 1600000000000, 1600100000000);
        break;
    case WORLD_B:
        value->u.i = (int64_t)test_random_below(random, 2);
        break;
    case WORLD_COLUMNS:
        break;
    }
}

static inline void world_init(struct world *world, struct test_random *random, uint64_t rows,
                              bool has_odd)
{
    *world = (struct world){.rows = rows};
    sw_arena_init(&world->texts);
    for (int column = 0; column < WORLD_COLUMNS; column++) {
        world->value[column] = calloc(rows + 1, sizeof(struct sw_value));
        assert_non_null(world->value[column]);
        for (uint64_t row = 0; row < rows; row++) {
            world_cell(world, random, (enum world_column)column, has_odd,
                       &world->value[column][row]);
        }
    }
}

static inline void world_fini(struct world *world)
{
    for (int column = 0; column < WORLD_COLUMNS; column++) {
        free(world->value[column]);
    }
    sw_arena_fini(&world->texts);
}

static inline struct sw_chunk *world_chunk(const struct world *world, int column, uint64_t from,
                                           uint32_t rows, struct sw_dict *dict)
{
    struct sw_builder *builder = NULL;
    struct sw_chunk *chunk = NULL;
    assert_int_equal(sw_builder_new(world_types[column], dict, NULL, &builder, NULL), SW_OK);
    if (dict != NULL) {
        sw_dict_write_begin(dict);
    }
    for (uint32_t i = 0; i < rows; i++) {
        assert_int_equal(sw_builder_value(builder, &world->value[column][from + i]), SW_OK);
    }
    if (dict != NULL) {
        sw_dict_write_end(dict);
    }
    assert_int_equal(sw_builder_seal(builder, &chunk, NULL), SW_OK);
    sw_builder_free(builder);
    return chunk;
}

/* The rows in groups of `group_rows`; every `dict_groups` groups strings get a new dictionary (0:
 * never). */
static inline struct sw_version *world_version(const struct world *world, uint64_t number,
                                               uint32_t group_rows, uint32_t dict_groups)
{
    uint32_t groups = (uint32_t)((world->rows + group_rows - 1) / group_rows);
    struct sw_rowgroup **group = calloc(groups + 1, sizeof(*group));
    struct sw_schema *schema = NULL;
    struct sw_version *version = NULL;
    struct sw_dict *dict = NULL;
    assert_non_null(group);
    assert_int_equal(sw_schema_new(WORLD_COLUMNS, world_names, world_types, &schema), SW_OK);
    for (uint32_t at = 0; at < groups; at++) {
        uint64_t from = (uint64_t)at * group_rows;
        uint32_t rows =
            world->rows - from < group_rows ? (uint32_t)(world->rows - from) : group_rows;
        struct sw_chunk *chunk[WORLD_COLUMNS];
        if (dict == NULL || (dict_groups > 0 && at % dict_groups == 0)) {
            sw_dict_unref(dict);
            assert_int_equal(sw_dict_new(NULL, &dict, NULL), SW_OK);
        }
        for (int column = 0; column < WORLD_COLUMNS; column++) {
            chunk[column] = world_chunk(world, column, from, rows, column == WORLD_S ? dict : NULL);
        }
        assert_int_equal(sw_rowgroup_take(WORLD_COLUMNS, chunk, from, NULL, &group[at]), SW_OK);
    }
    assert_int_equal(sw_version_new(number, schema, groups, group, world->rows, &version), SW_OK);
    for (uint32_t at = 0; at < groups; at++) {
        sw_rowgroup_unref(group[at]);
    }
    sw_dict_unref(dict);
    sw_schema_unref(schema);
    free(group);
    return version;
}

static inline void world_bind(sqlite3_stmt *statement, int at, const struct sw_value *value)
{
    if (value->is_null) {
        sqlite3_bind_null(statement, at);
    } else if (value->type == SW_TYPE_STRING) {
        sqlite3_bind_text(statement, at, value->u.s.data, (int)value->u.s.length, SQLITE_TRANSIENT);
    } else if (value->type == SW_TYPE_FLOAT) {
        sqlite3_bind_double(statement, at, value->u.f);
    } else {
        sqlite3_bind_int64(statement, at, value->u.i);
    }
}

/* Table w(pos, n, i, ...); dates are days and timestamps are milliseconds. */
static inline sqlite3 *world_sqlite(const struct world *world)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *insert = NULL;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db,
                     "CREATE TABLE w(pos INTEGER PRIMARY KEY, n INTEGER, i INTEGER, "
                     "f REAL, r REAL, s TEXT, t TEXT, d INTEGER, m INTEGER, b INTEGER);"
                     "BEGIN",
                     NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "INSERT INTO w VALUES(?,?,?,?,?,?,?,?,?,?)", -1, &insert, NULL),
        SQLITE_OK);
    for (uint64_t row = 0; row < world->rows; row++) {
        sqlite3_bind_int64(insert, 1, (sqlite3_int64)row);
        for (int column = 0; column < WORLD_COLUMNS; column++) {
            world_bind(insert, column + 2, &world->value[column][row]);
        }
        assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

#endif
