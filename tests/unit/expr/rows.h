/*
 * Small tables for the tests of expressions: plain cells, put into a version through the builder
 * and into a SQLite table of the same shape, where dates are days and timestamps milliseconds.
 */
#ifndef SW_TEST_EXPR_ROWS_H
#define SW_TEST_EXPR_ROWS_H

#include "kernel/batch.h"
#include "support/test.h"
#include "table/builder.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_COLUMNS 10

static const char *const rows_names[ROWS_COLUMNS] = {"b", "i", "j", "f", "g",
                                                     "s", "u", "d", "e", "t"};
static const enum sw_type rows_types[ROWS_COLUMNS] = {
    SW_TYPE_BOOL,   SW_TYPE_INT,    SW_TYPE_INT,  SW_TYPE_FLOAT, SW_TYPE_FLOAT,
    SW_TYPE_STRING, SW_TYPE_STRING, SW_TYPE_DATE, SW_TYPE_DATE,  SW_TYPE_TIMESTAMP};

static const int64_t rows_extremes[] = {0,
                                        1,
                                        -1,
                                        2,
                                        INT64_MAX,
                                        INT64_MIN,
                                        INT64_MAX - 1,
                                        1ll << 53,
                                        (1ll << 53) + 1,
                                        -(1ll << 53) - 1,
                                        2147483648,
                                        4294967296,
                                        3037000500};
static const double rows_floats[] = {0.0,
                                     0.5,
                                     -0.5,
                                     1.5,
                                     2.5,
                                     -2.5,
                                     0.1,
                                     1e15,
                                     1e16,
                                     1e300,
                                     -1e300,
                                     1e-300,
                                     123456.789,
                                     9.2233720368547758e18,
                                     9007199254740993.0,
                                     3.0,
                                     -7.0};
static const char *const rows_words[] = {"figs", "Figs", "apples", "", "pear%", "a_b", "zebra"};
static const char *const rows_texts[] = {"",
                                         "12",
                                         " 12 ",
                                         "1.5",
                                         "1e3",
                                         "-7",
                                         "abc",
                                         "ABC",
                                         "1.5x",
                                         "5.",
                                         ".5",
                                         "+3",
                                         "1e",
                                         "inf",
                                         "\xc3\xa4",
                                         "\xc3\x84\xc3\xa9",
                                         "\xe6\x97\xa5\xe6\x9c\xac",
                                         "\xf0\x9f\x98\x80x",
                                         "9223372036854775808",
                                         "9223372036854775807",
                                         "-9223372036854775808",
                                         "0x10",
                                         "2024-02-29",
                                         "x%y",
                                         "%",
                                         "_",
                                         "  pad  ",
                                         "aXbXc",
                                         "0.1",
                                         "2024-01-01T10:00:00Z",
                                         "-",
                                         "1e400",
                                         "00012",
                                         "1 2"};

/* One random value of a column; texts are static. */
static inline struct sw_value rows_value(struct test_random *random, uint32_t column)
{
    struct sw_value value = {.type = rows_types[column]};
    value.is_null = test_random_once_in(random, 6);
    if (value.is_null) {
        return value;
    }
    switch (column) {
    case 0:
        value.u.i = (int64_t)test_random_below(random, 2);
        break;
    case 1:
        value.u.i = test_random_between(random, -20, 20);
        break;
    case 2:
        value.u.i = test_random_once_in(random, 2)
                        ? rows_extremes[test_random_below(random, sizeof rows_extremes /
                                                                      sizeof *rows_extremes)]
                        : (int64_t)test_random_bits(random);
        break;
    case 3:
        value.u.f = test_random_once_in(random, 2)
                        ? (double)test_random_between(random, -400, 400) / 8
                        : test_random_unit(random) * 1000 - 500;
        break;
    case 4:
        value.u.f =
            test_random_once_in(random, 8)   ? (double)NAN
            : test_random_once_in(random, 8) ? (double)INFINITY
            : test_random_once_in(random, 8)
                ? (double)-INFINITY
                : rows_floats[test_random_below(random, sizeof rows_floats / sizeof *rows_floats)];
        break;
    case 5:
        value.u.s = sw_span_text(
            rows_words[test_random_below(random, sizeof rows_words / sizeof *rows_words)]);
        break;
    case 6:
        value.u.s = sw_span_text(
            rows_texts[test_random_below(random, sizeof rows_texts / sizeof *rows_texts)]);
        break;
    case 7:
        value.u.i = test_random_between(random, -30000, 40000);
        break;
    case 8:
        value.u.i = test_random_between(random, 19720, 19760);
        break;
    default:
        value.u.i = test_random_between(random, -2000000000000, 4000000000000);
        break;
    }
    return value;
}

struct rows {
    struct sw_schema *schema;
    struct sw_version *version;
    struct sw_batch_cache *cache;
    sqlite3 *db;
    uint32_t count;
};

static inline void rows_bind(sqlite3_stmt *insert, int index, const struct sw_value *value)
{
    if (value->is_null) {
        sqlite3_bind_null(insert, index);
    } else if (value->type == SW_TYPE_FLOAT) {
        sqlite3_bind_double(insert, index, value->u.f);
    } else if (value->type == SW_TYPE_STRING) {
        sqlite3_bind_text(insert, index, value->u.s.data, (int)value->u.s.length, SQLITE_TRANSIENT);
    } else {
        sqlite3_bind_int64(insert, index, value->u.i);
    }
}

/* `groups` row groups of `per_group` random rows; strings coded or plain. */
static inline void rows_make(struct rows *rows, struct test_random *random, uint32_t groups,
                             uint32_t per_group, bool is_coded, sqlite3 *db)
{
    struct sw_dict *dicts[ROWS_COLUMNS] = {NULL};
    struct sw_rowgroup *group[8];
    sqlite3_stmt *insert;
    assert_true(groups <= 8);
    assert_int_equal(sw_schema_new(ROWS_COLUMNS, rows_names, rows_types, &rows->schema), SW_OK);
    rows->db = db;
    rows->count = 0;
    assert_int_equal(sqlite3_exec(db,
                                  "DROP TABLE IF EXISTS t; CREATE TABLE t(b INTEGER, i INTEGER, "
                                  "j INTEGER, f REAL, g REAL, s TEXT, u TEXT, d INTEGER, "
                                  "e INTEGER, t INTEGER); BEGIN",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "INSERT INTO t VALUES(?,?,?,?,?,?,?,?,?,?)", -1, &insert, NULL),
        SQLITE_OK);
    for (uint32_t c = 5; is_coded && c < 7; c++) {
        assert_int_equal(sw_dict_new(NULL, &dicts[c], NULL), SW_OK);
    }
    for (uint32_t k = 0; k < groups; k++) {
        struct sw_builder *builder[ROWS_COLUMNS];
        struct sw_chunk *chunk[ROWS_COLUMNS];
        for (uint32_t c = 0; c < ROWS_COLUMNS; c++) {
            assert_int_equal(sw_builder_new(rows_types[c], dicts[c], NULL, &builder[c], NULL),
                             SW_OK);
        }
        for (uint32_t i = 0; i < per_group; i++) {
            for (uint32_t c = 0; c < ROWS_COLUMNS; c++) {
                struct sw_value value = rows_value(random, c);
                rows_bind(insert, (int)c + 1, &value);
                assert_int_equal(sw_builder_value(builder[c], &value), SW_OK);
            }
            assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
            sqlite3_reset(insert);
            rows->count++;
        }
        for (uint32_t c = 0; c < ROWS_COLUMNS; c++) {
            assert_int_equal(sw_builder_seal(builder[c], &chunk[c], NULL), SW_OK);
            sw_builder_free(builder[c]);
        }
        assert_int_equal(
            sw_rowgroup_take(ROWS_COLUMNS, chunk, (uint64_t)k * per_group, NULL, &group[k]), SW_OK);
    }
    sqlite3_finalize(insert);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sw_version_new(1, rows->schema, groups, group, rows->count, &rows->version),
                     SW_OK);
    for (uint32_t k = 0; k < groups; k++) {
        sw_rowgroup_unref(group[k]);
    }
    for (uint32_t c = 0; c < ROWS_COLUMNS; c++) {
        sw_dict_unref(dicts[c]);
    }
    assert_int_equal(sw_batch_cache_new(ROWS_COLUMNS, &rows->cache), SW_OK);
}

static inline void rows_free(struct rows *rows)
{
    sw_batch_cache_free(rows->cache);
    sw_version_unref(rows->version);
    sw_schema_unref(rows->schema);
}

#endif
