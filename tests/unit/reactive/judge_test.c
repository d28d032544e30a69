/*
 * Whole sessions against SQLite: random tables, selections, outputs with random `except` and
 * `where`, and random inputs; after each step every output shows what SQLite says for the same
 * rows, exactly one flush has come, and outputs that nothing touched were not run.
 */
#include "unit/reactive/stage.h"

#include <inttypes.h>

#include "table/datetime.h"

enum { CLAUSES = 6, OUTPUTS = 7 };

static const char *const clause_inputs[CLAUSES] = {"ii", "ss", "nn", "ff", "dd", "bb"};
static const char *const clause_json[CLAUSES] = {
    "{\"column\":\"i\",\"between\":\"$ii\",\"ends\":\"[)\"}",
    "{\"column\":\"s\",\"in\":\"$ss\"}",
    "{\"column\":\"n\",\"equals\":\"$nn\"}",
    "{\"expr\":\"f > $ff AND f IS NOT NULL\"}",
    "{\"column\":\"d\",\"between\":\"$dd\"}",
    "{\"column\":\"b\",\"equals\":\"$bb\"}",
};

struct session {
    struct stage stage;
    struct test_random random;
    struct world world[2];
    sqlite3 *db[2];
    int at; /* which world is the table now */
    uint32_t group_rows;
    uint64_t number;
    char input_json[CLAUSES][256]; /* "null" when unset */
    char input_sql[CLAUSES][256];  /* condition; "1" when off */
    double where_value;            /* of $w; NaN: unset */
    unsigned except[OUTPUTS];      /* bit per clause */
    bool has_where[OUTPUTS];
    unsigned drag;           /* so many moves more of one brush alone */
    int dragged;             /* whose clause */
    char key[OUTPUTS][4096]; /* condition and version that it shows */
};

static const char *const output_json[OUTPUTS] = {
    "\"kind\":\"value\",\"measures\":{\"c\":{\"fn\":\"count\"},\"sf\":{\"fn\":\"sum\",\"column\":"
    "\"f\"},\"lo\":{\"fn\":\"min\",\"column\":\"i\"},\"hi\":{\"fn\":\"max\",\"column\":\"r\"},"
    "\"un\":{\"fn\":\"distinct\",\"column\":\"t\"}}",
    "\"kind\":\"groupby\",\"by\":[\"s\"],\"measures\":{\"c\":{\"fn\":\"count\"},\"sf\":{\"fn\":"
    "\"sum\",\"column\":\"f\"}}",
    "\"kind\":\"groupby\",\"by\":[\"n\",\"b\"],\"measures\":{\"c\":{\"fn\":\"count\"}}",
    "\"kind\":\"histogram\",\"x\":\"i\",\"bins\":7",
    "\"kind\":\"histogram\",\"x\":\"f\",\"bins\":16,\"domain\":[-1000,1000]",
    "\"kind\":\"table\",\"limit\":50,\"offset\":10,\"columns\":[\"i\",\"t\"],\"sort\":[{\"column\":"
    "\"s\",\"desc\":true},{\"column\":\"f\"}]",
    "\"kind\":\"table\",\"limit\":20,\"columns\":[\"r\"]",
};

/* -- inputs --------------------------------------------------------------------------- */

static void choose_ints(struct session *s, char *json, char *sql)
{
    int64_t low = test_random_between(&s->random, -1200000, 1200000);
    int64_t high = test_random_between(&s->random, low, 1200000);
    if (test_random_once_in(&s->random, 5)) {
        snprintf(json, 256, "[%" PRId64 ",null]", low);
        snprintf(sql, 256, "i >= %" PRId64, low);
    } else {
        snprintf(json, 256, "[%" PRId64 ",%" PRId64 "]", low, high);
        snprintf(sql, 256, "i >= %" PRId64 " AND i < %" PRId64, low, high);
    }
}

static void choose_strings(struct session *s, char *json, char *sql)
{
    static const char *const some[] = {"apples", "oranges", "figs", "", "nowhere"};
    size_t json_at = 0;
    size_t sql_at = 0;
    bool has_null = test_random_once_in(&s->random, 3);
    json_at += (size_t)snprintf(json, 256, "[");
    sql_at += (size_t)snprintf(sql, 256, "(s IN (");
    uint64_t count = test_random_below(&s->random, 4);
    for (uint64_t i = 0; i < count; i++) {
        const char *text = some[test_random_below(&s->random, 5)];
        json_at +=
            (size_t)snprintf(json + json_at, 256 - json_at, "%s\"%s\"", i > 0 ? "," : "", text);
        sql_at += (size_t)snprintf(sql + sql_at, 256 - sql_at, "%s'%s'", i > 0 ? "," : "", text);
    }
    snprintf(json + json_at, 256 - json_at, "%s]", has_null ? (count > 0 ? ",null" : "null") : "");
    snprintf(sql + sql_at, 256 - sql_at, ")%s)", has_null ? " OR s IS NULL" : "");
}

static void choose_days(struct session *s, char *json, char *sql)
{
    char low_text[SW_DATE_TEXT_MAX];
    char high_text[SW_DATE_TEXT_MAX];
    int64_t low = test_random_between(&s->random, 17990, 18400);
    int64_t high = test_random_between(&s->random, low, 18410);
    (void)sw_date_format(low, low_text);
    (void)sw_date_format(high, high_text);
    snprintf(json, 256, "[\"%s\",\"%s\"]", low_text, high_text);
    snprintf(sql, 256, "d BETWEEN %" PRId64 " AND %" PRId64, low, high);
}

static void choose_input(struct session *s, int clause)
{
    char *json = s->input_json[clause];
    char *sql = s->input_sql[clause];
    if (test_random_once_in(&s->random, 4)) {
        snprintf(json, 256, "null");
        snprintf(sql, 256, "1");
        return;
    }
    int64_t number;
    switch (clause) {
    case 0:
        choose_ints(s, json, sql);
        break;
    case 1:
        choose_strings(s, json, sql);
        break;
    case 2:
        number = test_random_between(&s->random, -1, 6);
        snprintf(json, 256, "%" PRId64, number);
        snprintf(sql, 256, "n = %" PRId64, number);
        break;
    case 3:
        number = test_random_between(&s->random, -1000, 1000);
        snprintf(json, 256, "%" PRId64 ".25", number);
        snprintf(sql, 256, "f > %" PRId64 ".25", number);
        break;
    case 4:
        choose_days(s, json, sql);
        break;
    default:
        number = test_random_between(&s->random, 0, 1);
        snprintf(json, 256, "%s", number != 0 ? "true" : "false");
        snprintf(sql, 256, "b = %" PRId64, number);
        break;
    }
}

/* -- SQL ---------------------------------------------------------------------------------- */

static void condition_of(const struct session *s, int output, char *into, size_t size)
{
    size_t at = (size_t)snprintf(into, size, "1");
    for (int clause = 0; clause < CLAUSES; clause++) {
        if (((s->except[output] >> clause) & 1) == 0) {
            at += (size_t)snprintf(into + at, size - at, " AND (%s)", s->input_sql[clause]);
        }
    }
    if (s->has_where[output] && isnan(s->where_value)) {
        snprintf(into + at, size - at, " AND r < NULL");
    } else if (s->has_where[output]) {
        snprintf(into + at, size - at, " AND r < %.17g", s->where_value);
    }
}

static sqlite3_stmt *query(const struct session *s, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(s->db[s->at], sql, -1, &statement, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(s->db[s->at]));
    }
    return statement;
}

static sqlite3_int64 count_of(const struct session *s, const char *condition, const char *more)
{
    char sql[8192];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM w WHERE %s %s", condition, more);
    sqlite3_stmt *statement = query(s, sql);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    sqlite3_int64 count = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return count;
}

static void assert_cell(sqlite3_stmt *statement, int column, const struct sw_field *field,
                        size_t row)
{
    bool is_null = field->is_null != NULL && field->is_null[row] != 0;
    assert_true(row < field->length);
    assert_int_equal(is_null, sqlite3_column_type(statement, column) == SQLITE_NULL);
    if (is_null) {
        return;
    }
    if (field->type == SW_TYPE_STRING) {
        struct sw_span text = field->u.texts[row];
        assert_int_equal(text.length, sqlite3_column_bytes(statement, column));
        if (text.length > 0) {
            assert_memory_equal(text.data, sqlite3_column_text(statement, column), text.length);
        }
    } else if (field->type == SW_TYPE_FLOAT) {
        assert_true(field->u.floats[row] == sqlite3_column_double(statement, column));
    } else {
        assert_int_equal(field->u.ints[row], sqlite3_column_int64(statement, column));
    }
}

static void check_value(const struct session *s, const struct sw_series *series,
                        const char *condition)
{
    static const char *const names[] = {"c", "sf", "lo", "hi", "un"};
    char sql[8192];
    snprintf(sql, sizeof(sql),
             "SELECT count(*), sum(f), min(i), max(r), count(DISTINCT t) FROM w WHERE %s",
             condition);
    sqlite3_stmt *statement = query(s, sql);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    for (int i = 0; i < 5; i++) {
        assert_cell(statement, i, stage_field(series, "measures", names[i]), 0);
    }
    sqlite3_finalize(statement);
}

/* Groups may come in any order: each of ours is looked up. */
static void check_groups(const struct session *s, const struct sw_series *series,
                         const char *condition, bool by_two)
{
    char sql[8192];
    const struct sw_field *count = stage_field(series, "measures", "c");
    const struct sw_field *key = stage_field(series, "keys", by_two ? "n" : "s");
    const struct sw_field *second = by_two ? stage_field(series, "keys", "b") : NULL;
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM (SELECT DISTINCT %s FROM w WHERE %s)",
             by_two ? "n, b" : "s", condition);
    sqlite3_stmt *statement = query(s, sql);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int64(statement, 0), count->length);
    sqlite3_finalize(statement);
    snprintf(sql, sizeof(sql), "SELECT count(*), sum(f) FROM w WHERE %s AND %s", condition,
             by_two ? "n IS ?1 AND b IS ?2" : "s IS ?1");
    statement = query(s, sql);
    for (size_t i = 0; i < count->length; i++) {
        if (key->is_null != NULL && key->is_null[i] != 0) {
            sqlite3_bind_null(statement, 1);
        } else if (by_two) {
            sqlite3_bind_int64(statement, 1, key->u.ints[i]);
        } else {
            sqlite3_bind_text(statement, 1, key->u.texts[i].data, (int)key->u.texts[i].length,
                              SQLITE_TRANSIENT);
        }
        if (by_two && (second->is_null == NULL || second->is_null[i] == 0)) {
            sqlite3_bind_int64(statement, 2, second->u.ints[i]);
        } else if (by_two) {
            sqlite3_bind_null(statement, 2);
        }
        assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
        assert_cell(statement, 0, count, i);
        if (!by_two) {
            assert_cell(statement, 1, stage_field(series, "measures", "sf"), i);
        }
        sqlite3_reset(statement);
    }
    sqlite3_finalize(statement);
}

static void check_histogram(const struct session *s, const struct sw_series *series,
                            const char *condition, const char *column)
{
    const struct sw_field *edges = stage_field(series, NULL, "edges");
    const struct sw_field *count = stage_field(series, NULL, "count");
    char more[256];
    for (size_t i = 0; i < count->length; i++) {
        double low = edges->type == SW_TYPE_FLOAT ? edges->u.floats[i] : (double)edges->u.ints[i];
        double high =
            edges->type == SW_TYPE_FLOAT ? edges->u.floats[i + 1] : (double)edges->u.ints[i + 1];
        snprintf(more, sizeof(more), "AND %s >= %.17g AND %s %s %.17g", column, low, column,
                 i + 1 == count->length ? "<=" : "<", high);
        assert_int_equal(count->u.ints[i], count_of(s, condition, more));
    }
}

static void check_page(const struct session *s, const struct sw_page *page, const char *condition,
                       bool is_sorted)
{
    char sql[8192];
    snprintf(sql, sizeof(sql),
             is_sorted ? "SELECT pos, i, t FROM w WHERE %s ORDER BY s IS NULL, s DESC, f IS NULL, "
                         "f, pos LIMIT 50 OFFSET 10"
                       : "SELECT pos, r FROM w WHERE %s ORDER BY pos LIMIT 20",
             condition);
    sqlite3_stmt *statement = query(s, sql);
    for (uint32_t row = 0; row < page->rows; row++) {
        assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
        assert_int_equal(page->row_id[row], sqlite3_column_int64(statement, 0));
        const struct sw_value *value = &page->value[0][row];
        assert_int_equal(value->is_null, sqlite3_column_type(statement, 1) == SQLITE_NULL);
        if (!value->is_null && is_sorted) {
            assert_int_equal(value->u.i, sqlite3_column_int64(statement, 1));
        } else if (!value->is_null) {
            assert_true(value->u.f == sqlite3_column_double(statement, 1));
        }
    }
    assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
    sqlite3_finalize(statement);
}

static void check_output(struct session *s, int output, const char *condition)
{
    char name[16];
    snprintf(name, sizeof(name), "o%d", output);
    const struct sw_output_value *value = stage_output(&s->stage, name)->value;
    assert_non_null(value);
    assert_int_equal(value->version, s->number);
    assert_int_equal(value->total, s->world[s->at].rows);
    assert_int_equal(value->rows, count_of(s, condition, ""));
    switch (output) {
    case 0:
        check_value(s, value->series, condition);
        break;
    case 1:
    case 2:
        check_groups(s, value->series, condition, output == 2);
        break;
    case 3:
    case 4:
        check_histogram(s, value->series, condition, output == 3 ? "i" : "f");
        break;
    default:
        check_page(s, value->page, condition, output == 5);
        break;
    }
}

/* -- a session ------------------------------------------------------------------------------ */

static void define_all(struct session *s)
{
    char text[2048];
    size_t at =
        (size_t)snprintf(text, sizeof(text), "{\"select\":\"q\",\"table\":\"w\",\"clauses\":[");
    for (int i = 0; i < CLAUSES; i++) {
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", i > 0 ? "," : "",
                               clause_json[i]);
    }
    snprintf(text + at, sizeof(text) - at, "]}");
    stage_must(&s->stage, sw_graph_define_select, text);
    for (int output = 0; output < OUTPUTS; output++) {
        at =
            (size_t)snprintf(text, sizeof(text),
                             "{\"output\":\"o%d\",\"table\":\"w\",%s,\"select\":\"q\",\"except\":[",
                             output, output_json[output]);
        s->except[output] = (unsigned)test_random_below(&s->random, 1u << CLAUSES) &
                            (unsigned)test_random_below(&s->random, 1u << CLAUSES);
        bool is_first = true;
        for (int i = 0; i < CLAUSES; i++) {
            if ((s->except[output] >> i) & 1) {
                at += (size_t)snprintf(text + at, sizeof(text) - at, "%s\"%s\"",
                                       is_first ? "" : ",", clause_inputs[i]);
                is_first = false;
            }
        }
        s->has_where[output] = test_random_once_in(&s->random, 3);
        snprintf(text + at, sizeof(text) - at, "]%s}",
                 s->has_where[output] ? ",\"where\":\"r < $w\"" : "");
        stage_must(&s->stage, sw_graph_define_output, text);
    }
}

static void put_world(struct session *s)
{
    s->number++;
    stage_put_table(&s->stage, 0, "w",
                    world_version(&s->world[s->at], s->number, s->group_rows,
                                  (uint32_t)test_random_below(&s->random, 4)));
}

static void move_brush(struct session *s)
{
    char text[4096];
    s->drag--;
    choose_input(s, s->dragged);
    snprintf(text, sizeof(text), "{\"%s\":%s}", clause_inputs[s->dragged],
             s->input_json[s->dragged]);
    stage_must(&s->stage, sw_graph_set_inputs, text);
}

static void change_inputs(struct session *s)
{
    char text[4096];
    if (s->drag == 0 && test_random_once_in(&s->random, 4)) {
        s->drag = (unsigned)test_random_below(&s->random, 8);
        s->dragged = test_random_once_in(&s->random, 2) ? 0 : 4;
    }
    if (s->drag > 0) {
        move_brush(s);
        return;
    }
    size_t at = (size_t)snprintf(text, sizeof(text), "{");
    for (int clause = 0; clause < CLAUSES; clause++) {
        if (test_random_once_in(&s->random, 3)) {
            choose_input(s, clause);
            at += (size_t)snprintf(text + at, sizeof(text) - at, "\"%s\":%s,",
                                   clause_inputs[clause], s->input_json[clause]);
        }
    }
    if (test_random_once_in(&s->random, 3)) {
        s->where_value = test_random_once_in(&s->random, 4)
                             ? (double)NAN
                             : (double)test_random_between(&s->random, -100, 100) / 16;
        at += isnan(s->where_value)
                  ? (size_t)snprintf(text + at, sizeof(text) - at, "\"w\":null,")
                  : (size_t)snprintf(text + at, sizeof(text) - at, "\"w\":%.17g,", s->where_value);
    }
    snprintf(text + at, sizeof(text) - at, "\"idle\":%d}", (int)test_random_below(&s->random, 9));
    stage_must(&s->stage, sw_graph_set_inputs, text);
}

static void step_session(struct session *s)
{
    char condition[4096];
    char key[4200];
    unsigned values[OUTPUTS];
    unsigned flushes = s->stage.flushes;
    char name[16];
    for (int output = 0; output < OUTPUTS; output++) {
        snprintf(name, sizeof(name), "o%d", output);
        values[output] = stage_output(&s->stage, name)->values;
    }
    if (test_random_once_in(&s->random, 8)) {
        s->at = 1 - s->at;
        put_world(s);
    }
    change_inputs(s);

    stage_settle(&s->stage);

    assert_int_equal(s->stage.flushes, flushes + 1);
    for (int output = 0; output < OUTPUTS; output++) {
        snprintf(name, sizeof(name), "o%d", output);
        condition_of(s, output, condition, sizeof(condition));
        snprintf(key, sizeof(key), "%" PRIu64 " %s", s->number, condition);
        bool is_same = strcmp(key, s->key[output]) == 0;
        assert_true(!is_same || stage_output(&s->stage, name)->values == values[output]);
        snprintf(s->key[output], sizeof(s->key[output]), "%.4000s", key);
        check_output(s, output, condition);
    }
}

static void random_sessions_show_what_sqlite_says(void **state)
{
    (void)state;
    const uint32_t group_rows[] = {SW_CHUNK_ROWS, 2048, 500, 97};
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 120; round++) {
        static struct session session;
        struct session *s = &session;
        memset(s, 0, sizeof(*s));
        test_random_init(&s->random, test_random_bits(&random));
        s->group_rows = group_rows[round % 4];
        s->where_value = (double)NAN;
        for (int i = 0; i < 2; i++) {
            uint64_t most = round % 4 == 0 ? 6000 : 1500;
            world_init(&s->world[i], &s->random, 1 + test_random_below(&s->random, most), false);
            s->db[i] = world_sqlite(&s->world[i]);
        }
        for (int clause = 0; clause < CLAUSES; clause++) {
            snprintf(s->input_json[clause], 256, "null");
            snprintf(s->input_sql[clause], 256, "1");
        }
        stage_init(&s->stage, 1u << (round % 3));
        put_world(s);
        define_all(s);

        for (int step = 0; step < 8; step++) {
            step_session(s);
        }

        stage_fini(&s->stage);
        for (int i = 0; i < 2; i++) {
            sqlite3_close(s->db[i]);
            world_fini(&s->world[i]);
        }
    }
}

/* -- the same floats, bit for bit -------------------------------------------------------------- */

static void take_floats(const struct sw_series *series, struct sw_buf *into)
{
    for (size_t i = 0; i < series->panel[0].fields; i++) {
        const struct sw_field *field = &series->panel[0].field[i];
        sw_buf_put_text(into, field->name);
        if (field->type == SW_TYPE_FLOAT) {
            sw_buf_put(into, field->u.floats, field->length * sizeof(double));
        } else if (field->type != SW_TYPE_STRING) {
            sw_buf_put(into, field->u.ints, field->length * sizeof(int64_t));
        }
    }
}

static void show_floats(const struct world *world, unsigned threads, uint32_t group_rows,
                        struct sw_buf *into)
{
    static const char *const outputs[] = {
        "{\"output\":\"o0\",\"table\":\"w\",\"where\":\"n <> 3\",\"kind\":\"value\",\"measures\":{"
        "\"a\":{\"fn\":\"sum\",\"column\":\"r\"},\"b\":{\"fn\":\"mean\",\"column\":\"r\"},"
        "\"c\":{\"fn\":\"stddev\",\"column\":\"r\"},\"d\":{\"fn\":\"median\",\"column\":\"r\"}}}",
        "{\"output\":\"o1\",\"table\":\"w\",\"where\":\"n <> "
        "3\",\"kind\":\"groupby\",\"by\":[\"n\"],"
        "\"measures\":{\"a\":{\"fn\":\"sum\",\"column\":\"r\"},\"c\":{\"fn\":\"stddev\","
        "\"column\":\"r\"}},\"order\":{\"measure\":\"a\",\"desc\":true}}",
        "{\"output\":\"o2\",\"table\":\"w\",\"kind\":\"histogram\",\"x\":\"i\",\"bins\":9,"
        "\"measure\":{\"fn\":\"mean\",\"column\":\"r\"}}",
        "{\"output\":\"o3\",\"table\":\"w\",\"kind\":\"line\",\"x\":\"m\",\"y\":[\"r\"],"
        "\"points\":40,\"method\":\"mean\"}",
    };
    struct stage stage;
    stage_init(&stage, threads);
    stage_put_table(&stage, 0, "w", world_version(world, 1, group_rows, 0));
    for (int i = 0; i < 4; i++) {
        stage_must(&stage, sw_graph_define_output, outputs[i]);
    }
    stage_settle(&stage);
    for (int i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof(name), "o%d", i);
        assert_non_null(stage_output(&stage, name)->value);
        take_floats(stage_output(&stage, name)->value->series, into);
    }
    stage_fini(&stage);
}

static void floats_are_the_same_for_any_threads_and_row_groups(void **state)
{
    (void)state;
    const unsigned threads[] = {1, 2, 4};
    const uint32_t group_rows[] = {SW_CHUNK_ROWS, 7000, 2048, 333};
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 5; round++) {
        struct world world;
        struct sw_buf first;
        sw_buf_init(&first);
        world_init(&world, &random, 30000, false);
        for (int i = 0; i < 12; i++) {
            struct sw_buf other;
            sw_buf_init(&other);
            show_floats(&world, threads[i % 3], group_rows[i / 3], i == 0 ? &first : &other);
            if (i > 0) {
                assert_int_equal(other.length, first.length);
                assert_memory_equal(other.data, first.data, first.length);
            }
            sw_buf_fini(&other);
        }
        sw_buf_fini(&first);
        world_fini(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_sessions_show_what_sqlite_says),
        cmocka_unit_test(floats_are_the_same_for_any_threads_and_row_groups),
    };
    return cmocka_run_group_tests_name("reactive/judge", tests, NULL, NULL);
}
