/*
 * The edits of program_test.c.  Each writes the parameters of a method behind `"table":"fruit"` and
 * does the same to the model; `is_change` says whether the table has changed.  NULL: not now.
 */
#ifndef SW_TEST_PROGRAM_EDITS_H
#define SW_TEST_PROGRAM_EDITS_H

#include "unit/session/program_model.h"

#define ROWS_MAX    700
#define COLUMNS_MAX 16

static const char *const words[] = {"apples",
                                    "figs",
                                    "oranges",
                                    "",
                                    "\xC3\x84pfel, s\xC3\xBC\xC3\x9F",
                                    "\xF0\x9F\x8D\x87 \"dark\"",
                                    "two\nlines",
                                    "plums"};
#define WORDS 8u

/* Conditions, for the server and for SQLite. */
static const char *const wheres[][2] = {
    {"x > 50", "x > 50"},
    {"category = 'figs'", "category = 'figs'"},
    {"y IS NULL", "y IS NULL"},
    {"name LIKE 'n1%'", "name LIKE 'n1%'"},
    {"x % 5 = 2 AND NOT flag", "x % 5 = 2 AND NOT flag"},
    {"category IS NULL OR category = ''", "category IS NULL OR category = ''"},
    {"day > '2024-03-18'", "day > 19800"},
    {"at < TIMESTAMP '2024-01-10T00:00:00Z'", "at < 1704844800000"},
    {"category LIKE '%\xC3\xBC%' AND x < 40", "category LIKE '%\xC3\xBC%' AND x < 40"},
    {"fixed BETWEEN 31 AND 51", "fixed BETWEEN 31 AND 51"},
    {"length(name) = 2", "length(name) = 2"},
    {"r > 0.5", "r > 0.5"},
    {"x = 17", "x = 17"},
    {"0", "0"},
};
#define WHERES 14u

static void put_word(struct sw_buf *out, const char *word)
{
    sw_json_put_text(out, sw_span_text(word));
}

/* A row that is there, or -1. */
static int64_t random_row(struct model *model)
{
    uint64_t rows = (uint64_t)query_int(model, "SELECT count(*) FROM t");
    return rows == 0 ? -1
                     : query_int(model, "SELECT pos FROM t ORDER BY pos LIMIT 1 OFFSET %llu",
                                 (unsigned long long)pick(model, rows));
}

static const char *edit_cells(struct model *model, struct sw_buf *params, bool *is_change)
{
    int64_t first = random_row(model);
    int64_t second = random_row(model);
    unsigned k = (unsigned)pick(model, 90);
    const char *word = words[pick(model, WORDS)];
    bool is_nan = pick(model, 4) == 0;
    if (first < 0) {
        return NULL;
    }
    sw_buf_printf(params, ",\"row_ids\":[%" PRId64, first);
    if (second != first) {
        sw_buf_printf(params, ",%" PRId64, second);
    }
    sw_buf_printf(params, "],\"set\":{\"x\":%u,\"r\":%s,\"day\":null,\"category\":", k,
                  is_nan ? "\"NaN\"" : "0.1");
    put_word(params, word);
    sw_buf_printf(params, ",\"flag\":%s,\"at\":\"2024-01-%02uT01:02:03.004Z\"}",
                  k % 2 == 0 ? "true" : "false", k % 28 + 1);
    sql(model,
        "UPDATE t SET x = %u, r = %s, is_nan = %d, day = NULL, category = %Q, flag = %u, at = %lld "
        "WHERE pos IN (%lld, %lld)",
        k, is_nan ? "NULL" : "0.1", is_nan, word, k % 2 == 0,
        1704067200000 + k % 28 * 86400000ll + 3723004, (long long)first, (long long)second);
    *is_change = true;
    return "table.update";
}

/* y stays in quarters: its sums are exact, in whatever order SQLite adds. */
static const char *edit_where(struct model *model, struct sw_buf *params, bool *is_change)
{
    static const char *const sets[][2] = {
        {"\"x\":{\"expr\":\"(x + 7) % 101\"}", "x = (x + 7) % 101"},
        {"\"y\":{\"expr\":\"y - x\"},\"x\":{\"expr\":\"(x + 1) % 101\"}",
         "y = y - x, x = (x + 1) % 101"},
        {"\"r\":{\"expr\":\"r * 1.1 - y\"}", "r = r * 1.1 - y, is_nan = 0"},
        {"\"category\":{\"expr\":\"substr(name, 1, 2)\"}", "category = substr(name, 1, 2)"},
        {"\"category\":\"plums\",\"y\":null", "category = 'plums', y = NULL"},
        {"\"category\":{\"expr\":\"name\"},\"name\":{\"expr\":\"category\"}",
         "category = name, name = category"},
        {"\"day\":{\"expr\":\"day + 1\"},\"name\":{\"expr\":\"'m' || x\"}",
         "day = day + 1, name = 'm' || x"},
        {"\"flag\":{\"expr\":\"x > 30\"},\"at\":{\"expr\":\"at + 3600000\"}",
         "flag = x > 30, at = at + 3600000"},
        {"\"x\":{\"expr\":\"fixed % 50\"},\"y\":{\"expr\":\"x + 0.25\"}",
         "x = fixed % 50, y = x + 0.25"},
    };
    const char *const *where = wheres[pick(model, WHERES)];
    const char *const *set = sets[pick(model, sizeof sets / sizeof sets[0])];
    sw_buf_printf(params, ",\"where\":\"%s\",\"set\":{%s}", where[0], set[0]);
    sql(model, "UPDATE t SET %s WHERE %s", set[1], where[1]);
    *is_change = sqlite3_changes(model->db) > 0;
    return "table.update";
}

static const char *edit_append(struct model *model, struct sw_buf *params, bool *is_change)
{
    unsigned k = (unsigned)pick(model, 60);
    unsigned rows = 1 + (unsigned)pick(model, 20);
    if (query_int(model, "SELECT count(*) FROM t") > ROWS_MAX) {
        return NULL;
    }
    sw_buf_put_text(params, ",\"rows\":[{}");
    sql(model, "INSERT INTO t(pos) VALUES(%lld)", (long long)model->next_id++);
    for (unsigned i = 0; i < rows; i++) {
        const char *word = words[pick(model, WORDS)];
        sw_buf_put_text(params, ",{\"category\":");
        put_word(params, word);
        sw_buf_printf(params, ",\"x\":%u,\"y\":%u.5,\"name\":\"new %u\",\"day\":\"2024-05-06\"}",
                      k + i, k, i);
        sql(model,
            "INSERT INTO t(pos, category, x, y, name, day) VALUES(%lld, %Q, %u, %u.5, 'new %u', "
            "19849)",
            (long long)model->next_id++, word, k + i, k, i);
    }
    sw_buf_put_text(params, "]");
    *is_change = true;
    return "table.append";
}

static const char *edit_delete(struct model *model, struct sw_buf *params, bool *is_change)
{
    static const unsigned few[] = {9, 10, 12, 13};
    int64_t row = random_row(model);
    if (row >= 0 && pick(model, 2) > 0) {
        sw_buf_printf(params, ",\"row_ids\":[%" PRId64 "]", row);
        sql(model, "DELETE FROM t WHERE pos = %lld", (long long)row);
    } else {
        bool is_full = query_int(model, "SELECT count(*) FROM t") > ROWS_MAX / 2;
        const char *const *where = wheres[is_full ? pick(model, WHERES) : few[pick(model, 4)]];
        sw_buf_printf(params, ",\"where\":\"%s\"", where[0]);
        sql(model, "DELETE FROM t WHERE %s", where[1]);
    }
    *is_change = sqlite3_changes(model->db) > 0;
    return "table.delete_rows";
}

/* -- columns -------------------------------------------------------------------------- */

/* An added column of a letter, with its affinity, or 0. */
static unsigned added_column(struct model *model, char letter, char *affinity)
{
    int64_t count = query_int(
        model, "SELECT count(*) FROM pragma_table_info('t') WHERE name GLOB '%c*'", letter);
    if (count == 0) {
        return 0;
    }
    char *text = sqlite3_mprintf("SELECT substr(name, 2), type FROM pragma_table_info('t') WHERE "
                                 "name GLOB '%c*' LIMIT 1 OFFSET %llu",
                                 letter, (unsigned long long)pick(model, (uint64_t)count));
    sqlite3_stmt *row = query(model, text);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    unsigned number = (unsigned)sqlite3_column_int64(row, 0);
    *affinity = ((const char *)sqlite3_column_text(row, 1))[0];
    sqlite3_finalize(row);
    sqlite3_free(text);
    return number;
}

/* A number for a formula of that kind. */
static unsigned next_formula(struct model *model, unsigned kind)
{
    model->names += FORMULAS;
    model->names -= model->names % FORMULAS;
    model->names += kind % FORMULAS;
    return model->names;
}

/* t with another expression in the place of a column. */
static void replace_column(struct model *model, const char *name, const char *expression,
                           const char *new_name)
{
    sqlite3_stmt *columns = query(model, "SELECT name FROM pragma_table_info('t')");
    struct sw_buf list;
    sw_buf_init(&list);
    while (sqlite3_step(columns) == SQLITE_ROW) {
        const char *column = (const char *)sqlite3_column_text(columns, 0);
        bool is_it = strcmp(column, name) == 0;
        sw_buf_printf(&list, "%s%s AS %s", list.length > 0 ? ", " : "", is_it ? expression : column,
                      is_it ? new_name : column);
    }
    sw_buf_put_byte(&list, '\0');
    sqlite3_finalize(columns);
    sql(model, "CREATE TABLE t2 AS SELECT %s FROM t; DROP TABLE t; ALTER TABLE t2 RENAME TO t",
        list.data);
    sw_buf_fini(&list);
}

static const char *edit_add(struct model *model, struct sw_buf *params, bool *is_change)
{
    static const char *const kinds[][2] = {{"INT", "x * 2"}, {"REAL", "y / 4"}, {"TEXT", "name"}};
    if (query_int(model, "SELECT count(*) FROM pragma_table_info('t')") >= COLUMNS_MAX) {
        return NULL;
    }
    *is_change = true;
    if (pick(model, 2) == 0) {
        unsigned w = next_formula(model, (unsigned)pick(model, FORMULAS));
        sw_buf_printf(params, ",\"name\":\"w%u\",\"expr\":\"%s\"", w, formulas[w % FORMULAS][1]);
        sql(model, "ALTER TABLE t ADD COLUMN w%u %s", w, formulas[w % FORMULAS][0]);
        return "table.add_column";
    }
    uint64_t kind = pick(model, 3);
    unsigned z = ++model->names;
    sw_buf_printf(params, ",\"name\":\"z%u\",\"expr\":\"%s\",\"frozen\":true", z, kinds[kind][1]);
    sql(model, "ALTER TABLE t ADD COLUMN z%u %s; UPDATE t SET z%u = %s", z, kinds[kind][0], z,
        kinds[kind][1]);
    return "table.add_column";
}

static const char *edit_drop(struct model *model, struct sw_buf *params, bool *is_change)
{
    char affinity = 0;
    char letter = pick(model, 2) == 0 ? 'z' : 'w';
    unsigned number = added_column(model, letter, &affinity);
    if (number == 0) {
        return NULL;
    }
    sw_buf_printf(params, ",\"column\":\"%c%u\"", letter, number);
    sql(model, "ALTER TABLE t DROP COLUMN %c%u", letter, number);
    *is_change = true;
    return "table.drop_column";
}

static const char *edit_rename(struct model *model, struct sw_buf *params, bool *is_change)
{
    char affinity = 0;
    char letter = pick(model, 2) == 0 ? 'z' : 'w';
    unsigned number = added_column(model, letter, &affinity);
    if (number == 0) {
        return NULL;
    }
    unsigned to = letter == 'w' ? next_formula(model, number) : ++model->names;
    sw_buf_printf(params, ",\"from\":\"%c%u\",\"to\":\"%c%u\"", letter, number, letter, to);
    sql(model, "ALTER TABLE t RENAME COLUMN %c%u TO %c%u", letter, number, letter, to);
    *is_change = true;
    return "table.rename_column";
}

/* What does not fit becomes null. */
static const char *edit_cast(struct model *model, struct sw_buf *params, bool *is_change)
{
    char affinity = 0;
    char name[24];
    char cast[640];
    unsigned z = added_column(model, 'z', &affinity);
    bool is_second = pick(model, 2) == 0;
    const char *type = affinity == 'T' || (affinity == 'R' && is_second) ? "int"
                       : affinity == 'I' && is_second                    ? "float"
                                                                         : "string";
    if (z == 0) {
        return NULL;
    }
    (void)snprintf(name, sizeof name, "z%u", z);
    if (type[0] == 's') {
        (void)snprintf(cast, sizeof cast, "CAST(%s AS TEXT)", name);
    } else if (type[0] == 'f') {
        (void)snprintf(cast, sizeof cast, "CAST(%s AS REAL)", name);
    } else if (affinity == 'R') {
        (void)snprintf(cast, sizeof cast, "CAST(iif(%s = CAST(%s AS INT), %s, NULL) AS INT)", name,
                       name, name);
    } else {
        char whole[160]; /* 2.0, the text of a float, is 2 */
        (void)snprintf(whole, sizeof whole, "iif(%s GLOB '*.0', substr(%s, 1, length(%s) - 2), %s)",
                       name, name, name, name);
        (void)snprintf(cast, sizeof cast,
                       "CAST(iif(ltrim(%s, '-') GLOB '[0-9]*' AND substr(%s, 2) NOT GLOB "
                       "'*[^0-9]*', %s, NULL) AS INT)",
                       whole, whole, whole);
    }
    sw_buf_printf(params, ",\"column\":\"%s\",\"type\":\"%s\",\"on_error\":\"null\"", name, type);
    replace_column(model, name, cast, name);
    *is_change = true;
    return "table.cast_column";
}

/* -- several at once ------------------------------------------------------------------ */

typedef const char *(*edit)(struct model *model, struct sw_buf *params, bool *is_change);

static const edit edits[] = {edit_cells, edit_cells,  edit_where,  edit_where,
                             edit_where, edit_append, edit_delete, edit_add,
                             edit_drop,  edit_rename, edit_cast};
#define EDITS (sizeof edits / sizeof edits[0])

static const char *edit_batch(struct model *model, struct sw_buf *params, bool *is_change)
{
    struct sw_buf one;
    unsigned count = 1 + (unsigned)pick(model, 5);
    unsigned done = 0;
    sw_buf_init(&one);
    sw_buf_put_text(params, ",\"ops\":[");
    for (unsigned i = 0; i < count; i++) {
        bool is_one = false;
        sw_buf_clear(&one);
        const char *method = edits[pick(model, EDITS)](model, &one, &is_one);
        if (method != NULL) {
            sw_buf_printf(params, "%s{\"method\":\"%s\",\"params\":{", done++ > 0 ? "," : "",
                          method);
            sw_buf_put(params, one.data + 1, one.length - 1); /* without its comma */
            sw_buf_put_text(params, "}}");
            *is_change |= is_one;
            follow(model);
        }
    }
    sw_buf_fini(&one);
    sw_buf_put_text(params, "]");
    return done > 0 ? "table.batch" : NULL;
}

/* A formula becomes values. */
static const char *edit_freeze(struct model *model, struct sw_buf *params, bool *is_change)
{
    char affinity = 0;
    unsigned w = added_column(model, 'w', &affinity);
    if (w == 0) {
        return NULL;
    }
    unsigned z = ++model->names;
    sw_buf_printf(params,
                  ",\"ops\":[{\"method\":\"table.freeze_column\",\"params\":{\"column\":\"w%u\"}},"
                  "{\"method\":\"table.rename_column\",\"params\":{\"from\":\"w%u\",\"to\":"
                  "\"z%u\"}}]",
                  w, w, z);
    sql(model, "ALTER TABLE t RENAME COLUMN w%u TO z%u", w, z);
    *is_change = true;
    return "table.batch";
}

/* A formula becomes another one, or values become one. */
static const char *edit_formula(struct model *model, struct sw_buf *params, bool *is_change)
{
    char affinity = 0;
    char from[24];
    char to[24];
    char letter = pick(model, 2) == 0 ? 'z' : 'w';
    unsigned number = added_column(model, letter, &affinity);
    if (number == 0) {
        return NULL;
    }
    unsigned w = next_formula(model, (unsigned)pick(model, FORMULAS));
    (void)snprintf(from, sizeof from, "%c%u", letter, number);
    (void)snprintf(to, sizeof to, "w%u", w);
    const char *kind = formulas[w % FORMULAS][0];
    sw_buf_printf(params,
                  ",\"ops\":[{\"method\":\"table.set_formula\",\"params\":{\"column\":\"%s\","
                  "\"expr\":\"%s\"}},{\"method\":\"table.rename_column\",\"params\":{\"from\":"
                  "\"%s\",\"to\":\"%s\"}}]",
                  from, formulas[w % FORMULAS][1], from, to);
    replace_column(model, from,
                   kind[0] == 'I'   ? "CAST(NULL AS INT)"
                   : kind[0] == 'R' ? "CAST(NULL AS REAL)"
                                    : "CAST(NULL AS TEXT)",
                   to);
    *is_change = true;
    return "table.batch";
}

/* Refused, each for a reason of its own, behind edits that would do. */
static const char *const refused[] = {
    "{\"method\":\"table.update\",\"params\":{\"set\":{\"x\":\"text\"}}}",
    "{\"method\":\"table.update\",\"params\":{\"set\":{\"x\":{\"expr\":\"name || 'a'\"}},"
    "\"where\":\"name IS NOT NULL OR 1\"}}",
    "{\"method\":\"table.drop_column\",\"params\":{\"column\":\"x\"}}",
    "{\"method\":\"table.rename_column\",\"params\":{\"from\":\"x\",\"to\":\"y\"}}",
    "{\"method\":\"table.add_column\",\"params\":{\"name\":\"loop\",\"expr\":\"loop + 1\"}}",
    "{\"method\":\"table.update\",\"params\":{\"set\":{\"fixed\":1}}}",
    "{\"method\":\"table.delete_rows\",\"params\":{\"row_ids\":[99999999]}}",
    "{\"method\":\"table.cast_column\",\"params\":{\"column\":\"nowhere\",\"type\":\"int\"}}",
};
#define REFUSED 8u

#endif
