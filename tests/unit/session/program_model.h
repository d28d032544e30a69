/*
 * The model of program_test.c: the same tables in SQLite, and a copy of the edited one for every
 * step of its history.  What a server must say is written from queries as the JSON that it sends.
 * A column's type is its affinity, but for `flag` (bool), `day` (date) and `at` (timestamp); NaN is
 * null, as in SQLite, and `is_nan` says of r which one it is.  Columns z1, z2, ... have values of
 * their own, w1, w2, ... are formulas: which one is in the number.
 */
#ifndef SW_TEST_PROGRAM_MODEL_H
#define SW_TEST_PROGRAM_MODEL_H

#include "support/test.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "table/datetime.h"

struct model {
    sqlite3 *db;
    struct test_random random;
    unsigned at, count; /* states h.s0 .. h.s(count-1); t is that of `at` */
    unsigned names;     /* given to columns so far */
    int64_t next_id;    /* of rows, never given twice */
    /* inputs: as SQL, "NULL" or a condition */
    char x_range[80], categories[160], days[80];
    unsigned rate;  /* quarters: of the input that formulas follow */
    unsigned floor; /* $floor: of the derived table's condition */
};

static uint64_t pick(struct model *model, uint64_t below)
{
    return test_random_below(&model->random, below);
}

/* %q, %Q and %w quote, as in sqlite3_mprintf. */
static void sql(struct model *model, const char *format, ...)
{
    char *message = NULL;
    va_list arguments;
    va_start(arguments, format);
    char *text = sqlite3_vmprintf(format, arguments);
    va_end(arguments);
    assert_non_null(text);
    if (sqlite3_exec(model->db, text, NULL, NULL, &message) != SQLITE_OK) {
        fail_msg("%s: %s", message, text);
    }
    sqlite3_free(text);
}

static sqlite3_stmt *query(struct model *model, const char *text)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(model->db, text, -1, &statement, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sqlite3_errmsg(model->db), text);
    }
    return statement;
}

static int64_t query_int(struct model *model, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = sqlite3_vmprintf(format, arguments);
    va_end(arguments);
    sqlite3_stmt *statement = query(model, text);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_free(text);
    return value;
}

/* -- states --------------------------------------------------------------------------- */

static const char *const formulas[][2] = {{"INT", "x * 2"},
                                          {"REAL", "y / 4"},
                                          {"TEXT", "category || '/' || name"},
                                          {"REAL", "y * $rate"}};
#define FORMULAS 4u

/* Formulas of t, and fixed, which is x * 2 + 1, and rated, which is y * $rate, have the values that
 * the rows and the input give them. */
static void follow(struct model *model)
{
    sqlite3_stmt *columns =
        query(model, "SELECT substr(name, 2) FROM pragma_table_info('t') WHERE name GLOB 'w*'");
    struct sw_buf update;
    double rate = model->rate / 4.0;
    sw_buf_init(&update);
    sw_buf_printf(&update, "UPDATE t SET fixed = x * 2 + 1, rated = y * %.2f", rate);
    while (sqlite3_step(columns) == SQLITE_ROW) {
        unsigned w = (unsigned)sqlite3_column_int64(columns, 0);
        const char *formula = formulas[w % FORMULAS][1];
        const char *input = strchr(formula, '$');
        sw_buf_printf(&update, ", w%u = ", w);
        if (input == NULL) {
            sw_buf_put_text(&update, formula);
        } else {
            sw_buf_printf(&update, "%.*s%.2f", (int)(input - formula), formula, rate);
        }
    }
    sqlite3_finalize(columns);
    sw_buf_put_byte(&update, '\0');
    sql(model, "%s", update.data);
    sw_buf_fini(&update);
}

/* t has changed: states that were undone go, this is the newest. */
static void keep_state(struct model *model)
{
    for (unsigned i = model->at + 1; i < model->count; i++) {
        sql(model, "DROP TABLE h.s%u", i);
    }
    model->at++;
    model->count = model->at + 1;
    sql(model, "CREATE TABLE h.s%u AS SELECT * FROM t", model->at);
}

static void show_state(struct model *model, unsigned at)
{
    model->at = at;
    sql(model, "DROP TABLE t; CREATE TABLE t AS SELECT * FROM h.s%u", at);
}

/* -- as JSON -------------------------------------------------------------------------- */

/* i, f, s, b, d or t: int, float, string, bool, date, timestamp. */
static char type_of(const char *name, const char *affinity)
{
    if (strcmp(name, "flag") == 0) {
        return 'b';
    }
    if (strcmp(name, "day") == 0) {
        return 'd';
    }
    if (strcmp(name, "at") == 0) {
        return 't';
    }
    return affinity[0] == 'T' ? 's' : affinity[0] == 'R' ? 'f' : 'i';
}

static const char *type_name(char type)
{
    return type == 's'   ? "string"
           : type == 'f' ? "float"
           : type == 'b' ? "bool"
           : type == 'd' ? "date"
           : type == 't' ? "timestamp"
                         : "int";
}

static void put_cell(struct sw_buf *out, sqlite3_stmt *row, int at, char type)
{
    char time[SW_TIMESTAMP_TEXT_MAX];
    if (sqlite3_column_type(row, at) == SQLITE_NULL) {
        sw_buf_put_text(out, "null");
    } else if (type == 's') {
        sw_json_put_text(out, sw_span_of((const char *)sqlite3_column_text(row, at),
                                         (size_t)sqlite3_column_bytes(row, at)));
    } else if (type == 'f') {
        sw_json_put_float(out, sqlite3_column_double(row, at));
    } else if (type == 'd') {
        size_t length = sw_date_format(sqlite3_column_int64(row, at), time);
        sw_json_put_text(out, sw_span_of(time, length));
    } else if (type == 't') {
        size_t length = sw_timestamp_format(sqlite3_column_int64(row, at), time);
        sw_json_put_text(out, sw_span_of(time, length));
    } else if (type == 'b') {
        sw_buf_put_text(out, sqlite3_column_int(row, at) != 0 ? "true" : "false");
    } else {
        sw_json_put_int(out, sqlite3_column_int64(row, at));
    }
}

/* Columns of a query, from the first on, as lists: "a":[..],"b":[..], or without names. */
static void put_lists(struct model *model, struct sw_buf *out, const char *text, const char *types,
                      int first, bool has_names)
{
    sqlite3_stmt *rows = query(model, text);
    int count = (int)strlen(types);
    struct sw_buf list[32];
    assert_true(count <= 32);
    for (int i = 0; i < count; i++) {
        sw_buf_init(&list[i]);
    }
    for (bool is_first = true; sqlite3_step(rows) == SQLITE_ROW; is_first = false) {
        for (int i = 0; i < count; i++) {
            sw_buf_put_text(&list[i], is_first ? "" : ",");
            put_cell(&list[i], rows, first + i, types[i]);
        }
    }
    for (int i = 0; i < count; i++) {
        sw_buf_put_text(out, i > 0 ? "," : "");
        if (has_names) {
            sw_buf_printf(out, "\"%s\":", sqlite3_column_name(rows, first + i));
        }
        sw_buf_put_byte(out, '[');
        sw_buf_put(out, list[i].data, list[i].length);
        sw_buf_put_byte(out, ']');
        sw_buf_fini(&list[i]);
    }
    sqlite3_finalize(rows);
}

/* "a":1,"b":2 of the one row that a query gives. */
static void put_figures(struct model *model, struct sw_buf *out, const char *text,
                        const char *types)
{
    sqlite3_stmt *row = query(model, text);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    for (int i = 0; types[i] != '\0'; i++) {
        sw_buf_printf(out, "%s\"%s\":", i > 0 ? "," : "", sqlite3_column_name(row, i));
        put_cell(out, row, i, types[i]);
    }
    sqlite3_finalize(row);
}

/* Names and types of t's columns: names as "a","b" into `names` and SQL a, b into `list`. */
static void put_columns(struct model *model, struct sw_buf *names, struct sw_buf *type_names,
                        char types[33], struct sw_buf *list)
{
    sqlite3_stmt *columns = query(
        model, "SELECT name, type FROM pragma_table_info('t') WHERE name NOT IN ('pos', 'is_nan')");
    size_t count = 0;
    while (sqlite3_step(columns) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(columns, 0);
        char type = type_of(name, (const char *)sqlite3_column_text(columns, 1));
        const char *comma = count > 0 ? "," : "";
        assert_true(count < 32);
        types[count++] = type;
        sw_buf_printf(names, "%s\"%s\"", comma, name);
        sw_buf_printf(type_names, "%s\"%s\"", comma, type_name(type));
        sw_buf_printf(list, ", %s", name);
    }
    types[count] = '\0';
    sw_buf_put_byte(list, '\0');
    sqlite3_finalize(columns);
}

/* What a page of t says behind its offset; `tail` is WHERE, ORDER BY and LIMIT. */
static void put_page(struct model *model, struct sw_buf *out, const char *tail)
{
    struct sw_buf names;
    struct sw_buf type_names;
    struct sw_buf list;
    char types[33];
    sw_buf_init(&names);
    sw_buf_init(&type_names);
    sw_buf_init(&list);
    put_columns(model, &names, &type_names, types, &list);
    char *text = sqlite3_mprintf("SELECT pos%s FROM t %s", list.data, tail);
    sw_buf_put_text(out, "\"row_ids\":");
    put_lists(model, out, text, "i", 0, false);
    sw_buf_put_text(out, ",\"columns\":[");
    sw_buf_put(out, names.data, names.length);
    sw_buf_put_text(out, "],\"types\":[");
    sw_buf_put(out, type_names.data, type_names.length);
    sw_buf_put_text(out, "],\"data\":[");
    put_lists(model, out, text, types, 1, false);
    sw_buf_put_text(out, "]}");
    sqlite3_free(text);
    sw_buf_fini(&names);
    sw_buf_fini(&type_names);
    sw_buf_fini(&list);
}

#endif
