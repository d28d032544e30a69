/* Random programs of edits, undos and redos through the protocol, against SQLite: after every step
 * a page, a description and a group-by say what SQLite says. */
#include "unit/session/edits_world.h"

#define STEPS    2500
#define KEPT_MAX 60 /* states that the model keeps */
#define ROWS_MAX 500

/* -- the model: states of t, at one of which the table stands ------------------------- */

struct model {
    sqlite3 *db;
    struct test_random random;
    unsigned at, count; /* states s0 .. s(count-1); t is that of `at` */
    unsigned names;     /* given to columns so far */
    unsigned rate;      /* quarters: of the input that formulas follow */
    int64_t next_id;    /* of rows, never given twice */
};

SW_PRINTF(2, 3) static void sql(struct model *model, const char *format, ...)
{
    char text[8192];
    char *message = NULL;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (sqlite3_exec(model->db, text, NULL, NULL, &message) != SQLITE_OK) {
        fail_msg("%s: %s", message, text);
    }
}

static sqlite3_stmt *query(struct model *model, const char *text)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(model->db, text, -1, &statement, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sqlite3_errmsg(model->db), text);
    }
    return statement;
}

static int64_t query_int(struct model *model, const char *text)
{
    sqlite3_stmt *statement = query(model, text);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

/* t has changed: states that were undone go, this is the newest. */
static void keep_state(struct model *model)
{
    for (unsigned i = model->at + 1; i < model->count; i++) {
        sql(model, "DROP TABLE s%u", i);
    }
    model->at++;
    model->count = model->at + 1;
    sql(model, "CREATE TABLE s%u AS SELECT * FROM t", model->at);
}

static void show_state(struct model *model, unsigned at)
{
    model->at = at;
    sql(model, "DROP TABLE t; CREATE TABLE t AS SELECT * FROM s%u", at);
}

/* Formulas are the columns w4, w5, ...: which one is in the number. */
static const char *const formulas[][2] = {{"INT", "x * 2"},
                                          {"REAL", "y / 3"},
                                          {"TEXT", "category || '/' || name"},
                                          {"REAL", "x * $rate"}};
#define FORMULAS 4u

static void put_formula(const struct model *model, unsigned w, char text[64])
{
    const char *formula = formulas[w % FORMULAS][1];
    const char *input = strchr(formula, '$');
    if (input == NULL) {
        (void)snprintf(text, 64, "%s", formula);
    } else {
        (void)snprintf(text, 64, "%.*s%.2f", (int)(input - formula), formula, model->rate / 4.0);
    }
}

/* The formulas of t have the values that its rows and the input give them. */
static void follow(struct model *model)
{
    sqlite3_stmt *columns =
        query(model, "SELECT substr(name, 2) FROM pragma_table_info('t') WHERE name GLOB 'w*'");
    struct sw_buf update;
    sw_buf_init(&update);
    while (sqlite3_step(columns) == SQLITE_ROW) {
        unsigned w = (unsigned)sqlite3_column_int64(columns, 0);
        char text[64];
        put_formula(model, w, text);
        sw_buf_printf(&update, "UPDATE t SET w%u = %s;", w, text);
    }
    sqlite3_finalize(columns);
    sw_buf_put_byte(&update, '\0');
    sql(model, "%s", update.data);
    sw_buf_fini(&update);
}

/* -- what the server must say --------------------------------------------------------- */

static void put_cell(struct sw_buf *out, sqlite3_stmt *row, int at, const char *type)
{
    char date[SW_DATE_TEXT_MAX];
    if (sqlite3_column_type(row, at) == SQLITE_NULL) {
        sw_buf_put_text(out, "null");
    } else if (strcmp(type, "TEXT") == 0) {
        sw_json_put_text(out, sw_span_of((const char *)sqlite3_column_text(row, at),
                                         (size_t)sqlite3_column_bytes(row, at)));
    } else if (strcmp(type, "REAL") == 0) {
        sw_json_put_float(out, sqlite3_column_double(row, at));
    } else if (strcmp(type, "NUM") == 0) {
        size_t length = sw_date_format(sqlite3_column_int64(row, at), date);
        sw_json_put_text(out, sw_span_of(date, length));
    } else {
        sw_json_put_int(out, sqlite3_column_int64(row, at));
    }
}

static void put_list(struct model *model, struct sw_buf *out, const char *text, const char *type)
{
    sqlite3_stmt *rows = query(model, text);
    sw_buf_put_byte(out, '[');
    for (bool is_first = true; sqlite3_step(rows) == SQLITE_ROW; is_first = false) {
        sw_buf_put_text(out, is_first ? "" : ",");
        put_cell(out, rows, 0, type);
    }
    sw_buf_put_byte(out, ']');
    sqlite3_finalize(rows);
}

/* All that a page, a description and a group-by hold, one text each. */
static void expected(struct model *model, struct sw_buf *page, struct sw_buf *stats,
                     struct sw_buf *groups)
{
    char text[512];
    sqlite3_stmt *columns =
        query(model, "SELECT name, type FROM pragma_table_info('t') WHERE name <> 'pos'");
    sw_buf_put_text(page, "\"data\":[");
    for (bool is_first = true; sqlite3_step(columns) == SQLITE_ROW; is_first = false) {
        const char *name = (const char *)sqlite3_column_text(columns, 0);
        const char *type = (const char *)sqlite3_column_text(columns, 1);
        (void)snprintf(text, sizeof text, "SELECT %s FROM t ORDER BY pos", name);
        sw_buf_put_text(page, is_first ? "" : ",");
        put_list(model, page, text, type);
        (void)snprintf(text, sizeof text,
                       "SELECT count(*) - count(%s), min(%s), max(%s), count(DISTINCT %s) FROM t",
                       name, name, name, name);
        sqlite3_stmt *facts = query(model, text);
        assert_int_equal(sqlite3_step(facts), SQLITE_ROW);
        sw_buf_printf(stats, "%s{\"name\":\"%s\",\"type\":\"%s\",\"nulls\":%d,\"min\":",
                      is_first ? "" : ",", name,
                      strcmp(type, "TEXT") == 0   ? "string"
                      : strcmp(type, "REAL") == 0 ? "float"
                      : strcmp(type, "NUM") == 0  ? "date"
                                                  : "int",
                      sqlite3_column_int(facts, 0));
        put_cell(stats, facts, 1, type);
        sw_buf_put_text(stats, ",\"max\":");
        put_cell(stats, facts, 2, type);
        sw_buf_printf(stats, ",\"distinct\":%d,\"distinct_exact\":true",
                      sqlite3_column_int(facts, 3));
        if (name[0] == 'w') {
            sw_buf_printf(stats, ",\"formula\":\"%s\"", formulas[atoi(name + 1) % 4][1]);
        }
        sw_buf_put_byte(stats, '}');
        sqlite3_finalize(facts);
    }
    sqlite3_finalize(columns);
    sw_buf_put_text(page, "]}");
    sw_buf_put_text(groups, "\"keys\":{\"category\":");
    put_list(model, groups, "SELECT category FROM t GROUP BY 1 ORDER BY category IS NULL, 1",
             "TEXT");
    sw_buf_put_text(groups, "},\"measures\":{\"n\":");
    put_list(model, groups,
             "SELECT count(*) FROM t GROUP BY category ORDER BY category IS NULL, "
             "category",
             "INT");
    sw_buf_put_text(groups, ",\"s\":");
    put_list(model, groups,
             "SELECT sum(x) FROM t GROUP BY category ORDER BY category IS NULL, "
             "category",
             "INT");
    sw_buf_put_byte(groups, '}');
}

static void need_text(const char *where, struct sw_buf *text, const char *what)
{
    sw_buf_put_byte(text, '\0');
    assert_false(text->failed);
    if (strstr(where, text->data) == NULL) {
        fail_msg("%s: expected %.3000s\nin %.3000s", what, text->data, where);
    }
    sw_buf_fini(text);
}

static void check(struct world *world, struct model *model)
{
    struct sw_buf page;
    struct sw_buf stats;
    struct sw_buf groups;
    struct sw_buf ids;
    sw_buf_init(&page);
    sw_buf_init(&stats);
    sw_buf_init(&groups);
    sw_buf_init(&ids);
    expected(model, &page, &stats, &groups);
    sw_buf_put_text(&ids, "\"row_ids\":");
    put_list(model, &ids, "SELECT pos FROM t ORDER BY pos", "INT");
    forget(world);
    say(world, "table.page", "{\"table\":\"fruit\",\"limit\":1000}");
    const char *came = answer(world);
    need_text(came, &ids, "row ids");
    need_text(came, &page, "page");
    say(world, "table.describe", "{\"table\":\"fruit\"}");
    need_text(answer(world), &stats, "describe");
    forget(world);
    say(world, "output.define",
        "{\"output\":\"g%u\",\"kind\":\"groupby\",\"table\":\"fruit\",\"by\":[\"category\"],"
        "\"measures\":{\"n\":{\"fn\":\"count\"},\"s\":{\"fn\":\"sum\",\"column\":\"x\"}}}",
        world->id);
    (void)answer(world);
    char name[64];
    (void)snprintf(name, sizeof name, "{\"output\":\"g%u\",\"kind\":\"groupby\"", world->id - 1);
    need_text(await_text(world, name), &groups, "group-by");
    say(world, "output.drop", "{\"output\":\"g%u\"}", world->id - 1);
    (void)answer(world);
}

/* -- steps ---------------------------------------------------------------------------- */

static uint64_t pick(struct model *model, uint64_t below)
{
    return test_random_below(&model->random, below);
}

static const char *const wheres[] = {
    "x > 50",           "category = 'figs'", "y IS NULL", "name LIKE 'n1%'",  "x % 5 = 2",
    "category IS NULL", "day > 19800",       "x = 17",    "length(name) = 2", "0"};
/* The same for the server, where a date is not its number of days. */
static const char *where_of(const char *where)
{
    return strcmp(where, "day > 19800") == 0 ? "day > '2024-03-18'" : where;
}

static const char *random_where(struct model *model)
{
    return wheres[pick(model, sizeof wheres / sizeof wheres[0])];
}

/* A row that is there, or -1. */
static int64_t random_row(struct model *model)
{
    char text[128];
    int64_t rows = query_int(model, "SELECT count(*) FROM t");
    if (rows == 0) {
        return -1;
    }
    (void)snprintf(text, sizeof text, "SELECT pos FROM t ORDER BY pos LIMIT 1 OFFSET %" PRIu64,
                   pick(model, (uint64_t)rows));
    return query_int(model, text);
}

static bool step_cell(struct world *world, struct model *model)
{
    int64_t row = random_row(model);
    unsigned k = (unsigned)pick(model, 40);
    if (row < 0) {
        return false;
    }
    say(world, "table.update",
        "{\"table\":\"fruit\",\"row_ids\":[%" PRId64 "],\"set\":{\"x\":%u,\"name\":\"n%u\","
        "\"day\":null}}",
        row, k, k);
    sql(model, "UPDATE t SET x = %u, name = 'n%u', day = NULL WHERE pos = %" PRId64, k, k, row);
    return true;
}

static bool step_update(struct world *world, struct model *model)
{
    static const char *const sets[][2] = {
        {"\"x\":{\"expr\":\"(x + 7) % 101\"}", "x = (x + 7) % 101"},
        {"\"y\":{\"expr\":\"y * 1.1 + x\"},\"x\":{\"expr\":\"x + 1\"}",
         "y = y * 1.1 + x, x = x + 1"},
        {"\"category\":{\"expr\":\"substr(name, 1, 2)\"}", "category = substr(name, 1, 2)"},
        {"\"category\":\"plums\",\"y\":null", "category = 'plums', y = NULL"},
        {"\"category\":{\"expr\":\"name\"},\"name\":{\"expr\":\"category\"}",
         "category = name, name = category"},
        {"\"day\":{\"expr\":\"day + 1\"},\"name\":{\"expr\":\"'m' || x\"}",
         "day = day + 1, name = 'm' || x"},
    };
    const char *where = random_where(model);
    uint64_t i = pick(model, sizeof sets / sizeof sets[0]);
    say(world, "table.update", "{\"table\":\"fruit\",\"where\":\"%s\",\"set\":{%s}}",
        where_of(where), sets[i][0]);
    sql(model, "UPDATE t SET %s WHERE %s", sets[i][1], where);
    return sqlite3_changes(model->db) > 0;
}

static bool step_append(struct world *world, struct model *model)
{
    unsigned k = (unsigned)pick(model, 60);
    if (query_int(model, "SELECT count(*) FROM t") > ROWS_MAX) {
        return false;
    }
    say(world, "table.append",
        "{\"table\":\"fruit\",\"rows\":[{\"category\":\"figs\",\"x\":%u,\"y\":%u.5},{},{\"name\":"
        "\"new %u\",\"day\":\"2024-05-06\"}]}",
        k, k, k);
    sql(model, "INSERT INTO t(pos, category, x, y) VALUES(%" PRId64 ", 'figs', %u, %u.5)",
        model->next_id, k, k);
    sql(model, "INSERT INTO t(pos) VALUES(%" PRId64 ")", model->next_id + 1);
    sql(model, "INSERT INTO t(pos, name, day) VALUES(%" PRId64 ", 'new %u', 19849)",
        model->next_id + 2, k);
    model->next_id += 3;
    return true;
}

static bool step_delete(struct world *world, struct model *model)
{
    int64_t row = random_row(model);
    if (row >= 0 && pick(model, 3) > 0) {
        say(world, "table.delete_rows", "{\"table\":\"fruit\",\"row_ids\":[%" PRId64 "]}", row);
        sql(model, "DELETE FROM t WHERE pos = %" PRId64, row);
        return true;
    }
    const char *where = wheres[pick(model, 2) == 0 ? 7 : 9];
    say(world, "table.delete_rows", "{\"table\":\"fruit\",\"where\":\"%s\"}", where_of(where));
    sql(model, "DELETE FROM t WHERE %s", where);
    return sqlite3_changes(model->db) > 0;
}

/* A column that was added, by the letter of its kind, or 0. */
static unsigned added_column(struct model *model, char letter)
{
    char text[256];
    (void)snprintf(text, sizeof text,
                   "SELECT count(*) FROM pragma_table_info('t') WHERE name GLOB '%c*'", letter);
    int64_t count = query_int(model, text);
    if (count == 0) {
        return 0;
    }
    (void)snprintf(
        text, sizeof text,
        "SELECT substr(name, 2) FROM pragma_table_info('t') WHERE name GLOB '%c*' LIMIT 1 "
        "OFFSET %" PRIu64,
        letter, pick(model, (uint64_t)count));
    return (unsigned)query_int(model, text);
}

static bool step_column(struct world *world, struct model *model)
{
    static const char *const kinds[][2] = {
        {"INT", "x * 2"}, {"REAL", "y / 3"}, {"TEXT", "category || '/' || name"}};
    unsigned z = added_column(model, 'z');
    uint64_t what = pick(model, 4);
    if (z == 0 ||
        (what == 0 && query_int(model, "SELECT count(*) FROM pragma_table_info('t')") < 9)) {
        uint64_t i = pick(model, 3);
        z = ++model->names;
        say(world, "table.add_column",
            "{\"table\":\"fruit\",\"name\":\"z%u\",\"expr\":\"%s\",\"frozen\":true}", z,
            kinds[i][1]);
        sql(model, "ALTER TABLE t ADD COLUMN z%u %s; UPDATE t SET z%u = %s", z, kinds[i][0], z,
            kinds[i][1]);
    } else if (what == 1) {
        say(world, "table.rename_column", "{\"table\":\"fruit\",\"from\":\"z%u\",\"to\":\"z%u\"}",
            z, ++model->names);
        sql(model, "ALTER TABLE t RENAME COLUMN z%u TO z%u", z, model->names);
    } else if (what == 2) {
        say(world, "table.batch",
            "{\"table\":\"fruit\",\"ops\":[{\"method\":\"table.update\",\"params\":{\"where\":\"x "
            "> "
            "60\",\"set\":{\"x\":{\"expr\":\"x - 60\"}}}},{\"method\":\"table.drop_column\","
            "\"params\":{\"column\":\"z%u\"}}]}",
            z);
        sql(model, "UPDATE t SET x = x - 60 WHERE x > 60; ALTER TABLE t DROP COLUMN z%u", z);
    } else {
        say(world, "table.drop_column", "{\"table\":\"fruit\",\"column\":\"z%u\"}", z);
        sql(model, "ALTER TABLE t DROP COLUMN z%u", z);
    }
    return true;
}

/* A number for a formula of the same kind as w. */
static unsigned next_formula(struct model *model, unsigned w)
{
    model->names += FORMULAS;
    model->names -= model->names % FORMULAS;
    model->names += w % FORMULAS;
    return model->names;
}

static bool step_formula(struct world *world, struct model *model)
{
    unsigned w = added_column(model, 'w');
    uint64_t what = pick(model, 6);
    if (w == 0 ||
        (what < 2 && query_int(model, "SELECT count(*) FROM pragma_table_info('t')") < 11)) {
        w = next_formula(model, (unsigned)pick(model, FORMULAS));
        say(world, "table.add_column", "{\"table\":\"fruit\",\"name\":\"w%u\",\"expr\":\"%s\"}", w,
            formulas[w % FORMULAS][1]);
        sql(model, "ALTER TABLE t ADD COLUMN w%u %s", w, formulas[w % FORMULAS][0]);
    } else if (what == 2) {
        unsigned to = next_formula(model, w);
        say(world, "table.rename_column", "{\"table\":\"fruit\",\"from\":\"w%u\",\"to\":\"w%u\"}",
            w, to);
        sql(model, "ALTER TABLE t RENAME COLUMN w%u TO w%u", w, to);
    } else if (what == 3) {
        say(world, "table.batch",
            "{\"table\":\"fruit\",\"ops\":[{\"method\":\"table.freeze_column\",\"params\":"
            "{\"column\":\"w%u\"}},{\"method\":\"table.rename_column\",\"params\":"
            "{\"from\":\"w%u\",\"to\":\"z%u\"}}]}",
            w, w, ++model->names);
        sql(model, "ALTER TABLE t RENAME COLUMN w%u TO z%u", w, model->names);
    } else if (what == 4) {
        say(world, "table.update",
            "{\"table\":\"fruit\",\"set\":{\"name\":{\"expr\":\"w%u || ''\"}},\"where\":\"length("
            "w%u) > 3\"}",
            w, w);
        sql(model, "UPDATE t SET name = w%u || '' WHERE length(w%u) > 3", w, w);
        return sqlite3_changes(model->db) > 0;
    } else {
        say(world, "table.drop_column", "{\"table\":\"fruit\",\"column\":\"w%u\"}", w);
        sql(model, "ALTER TABLE t DROP COLUMN w%u", w);
    }
    return true;
}

/* No edit, and nothing to take back: every state has the formulas of the input of now. */
static void set_rate(struct world *world, struct model *model)
{
    model->rate = (unsigned)pick(model, 9);
    say(world, "input.set", "{\"values\":{\"rate\":%.2f}}", model->rate / 4.0);
    assert_non_null(strstr(answer(world), "\"result\""));
}

static bool undo(struct world *world, struct model *model)
{
    say(world, "table.undo", "{\"table\":\"fruit\"}");
    if (model->at == 0) {
        assert_non_null(strstr(answer(world), "-32020"));
        return false;
    }
    assert_non_null(strstr(answer(world), "\"undone\":"));
    show_state(model, model->at - 1);
    return true;
}

static bool redo(struct world *world, struct model *model)
{
    say(world, "table.redo", "{\"table\":\"fruit\"}");
    if (model->at + 1 == model->count) {
        assert_non_null(strstr(answer(world), "-32020"));
        return false;
    }
    assert_non_null(strstr(answer(world), "\"redone\":"));
    show_state(model, model->at + 1);
    return true;
}

static void step(struct world *world, struct model *model)
{
    static bool (*const edits[])(struct world *, struct model *) = {
        step_cell,   step_cell,   step_update, step_update,
        step_append, step_delete, step_column, step_formula};
    uint64_t what = pick(model, 14);
    if (what == 13) {
        set_rate(world, model);
        return;
    }
    if (what < 5 || model->at + 1 >= KEPT_MAX) {
        (void)(what % 2 == 0 || model->at + 1 >= KEPT_MAX ? undo(world, model)
                                                          : redo(world, model));
        return;
    }
    if (edits[what - 5](world, model)) {
        const char *came = answer(world);
        if (strstr(came, "\"result\"") == NULL) {
            fail_msg("refused: %.500s", came);
        }
        follow(model);
        keep_state(model);
    }
}

static void fill(struct world *world, struct model *model)
{
    static const char *const categories[] = {"apples", "figs", "oranges", ""};
    struct sw_buf csv;
    sw_buf_init(&csv);
    sw_buf_put_text(&csv, "category,x,y,name,day\n");
    sql(model, "CREATE TABLE t(pos INT, category TEXT, x INT, y REAL, name TEXT, day NUM)");
    for (unsigned i = 0; i < 150; i++) {
        const char *category = categories[pick(model, 4)];
        unsigned x = (unsigned)pick(model, 100);
        unsigned name = (unsigned)pick(model, 30);
        char date[SW_DATE_TEXT_MAX];
        int64_t day = 19700 + (int64_t)pick(model, 200);
        (void)sw_date_format(day, date);
        sw_buf_printf(&csv, "%s,%u,%u.25,n%u,%s\n", category, x, x, name, date);
        sql(model, "INSERT INTO t VALUES(%u, nullif('%s', ''), %u, %u.25, 'n%u', %" PRId64 ")", i,
            category, x, x, name, day);
    }
    sw_buf_put_byte(&csv, '\0');
    upload_text(world, "fruit.csv", csv.data);
    sw_buf_fini(&csv);
    sql(model, "CREATE TABLE s0 AS SELECT * FROM t");
    model->count = 1;
    model->next_id = 150;
}

static void random_programs_follow_sqlite_there_and_back(void **state)
{
    (void)state;
    struct world world;
    struct model model = {0};
    test_random_init(&model.random, test_seed());
    assert_int_equal(sqlite3_open(":memory:", &model.db), SQLITE_OK);
    sql(&model, "PRAGMA journal_mode = OFF");
    open_world(&world, 1 << 29);
    connect_client(&world);
    fill(&world, &model);
    set_rate(&world, &model);
    for (int i = 0; i < STEPS; i++) {
        step(&world, &model);
        follow(&model);
        check(&world, &model);
    }
    while (undo(&world, &model)) {
    }
    check(&world, &model);
    while (redo(&world, &model)) {
    }
    follow(&model);
    check(&world, &model);
    close_world(&world);
    sqlite3_close(model.db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_programs_follow_sqlite_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
