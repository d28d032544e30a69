/*
 * Random programs of everything that changes what is shown: edits, batches, undo and redo, inputs,
 * brushes that are dragged, over a table with formulas and over tables derived from it.  After each
 * step every output says what SQLite says, and now and then to the bit what the same output says
 * when it is computed anew; pages and downloads that were asked for before an edit show the rows of
 * before.  At the end all is undone, which gives the first table, and done again.
 *
 * SW_SEED repeats a run, SW_STEPS=N makes it longer, SW_TRACE shows the requests.  Under
 * ThreadSanitizer the pool has more workers, so that pages, downloads and outputs are read while
 * the next edits are made.
 */
#include "unit/session/program_edits.h"
#include "unit/session/program_outputs.h"

#if defined(__SANITIZE_THREAD__)
#define STEPS   1500u
#define THREADS 4u
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STEPS   1500u
#define THREADS 4u
#endif
#endif
#ifndef STEPS
#define STEPS   10000u
#define THREADS 2u
#endif

#define SHARES 50u /* of the steps, with parts of the table in memory */

struct program {
    struct world world;
    struct model model;
    unsigned steps; /* operations: edits (each of a batch), undo, redo, moves, pages, downloads */
    /* reads that are under way while an edit is made */
    unsigned page;
    uint64_t page_from;
    char *page_tail;      /* in SQL */
    struct sw_buf before; /* the page as it was when it was asked for */
    struct sw_download *download;
    struct sw_buf cells; /* of the download */
};

/* -- pages ---------------------------------------------------------------------------- */

static void begin_page(struct program *p)
{
    static const char *const sorts[] = {"x", "category", "name", "day", "fixed"};
    struct model *model = &p->model;
    const char *const *where = wheres[pick(model, WHERES)];
    const char *sort = sorts[pick(model, 5)];
    bool is_desc = pick(model, 2) == 0;
    bool has_where = pick(model, 3) > 0;
    bool has_sort = pick(model, 3) > 0;
    unsigned limit = 1 + (unsigned)pick(model, 60);
    p->steps++;
    p->page_from = pick(model, 200);
    p->page = say(&p->world, "table.page",
                  "{\"table\":\"fruit\",\"offset\":%" PRIu64 ",\"limit\":%u%s%s%s%s%s%s}",
                  p->page_from, limit, has_where ? ",\"where\":\"" : "", has_where ? where[0] : "",
                  has_where ? "\"" : "", has_sort ? ",\"sort\":[{\"column\":\"" : "",
                  has_sort ? sort : "",
                  !has_sort ? ""
                  : is_desc ? "\",\"desc\":true}]"
                            : "\"}]");
    p->page_tail = sqlite3_mprintf("WHERE %s ORDER BY %s%s pos LIMIT %u OFFSET %llu",
                                   has_where ? where[1] : "1", has_sort ? sort : "",
                                   !has_sort ? ""
                                   : is_desc ? " DESC NULLS LAST,"
                                             : " NULLS LAST,",
                                   limit, (unsigned long long)p->page_from);
    sw_buf_clear(&p->before);
    put_page(model, &p->before, p->page_tail);
}

/* The page shows one version: that of before, or that of now. */
static void end_page(struct program *p)
{
    const char *came = result_of(&p->world, p->page);
    struct sw_buf after;
    sw_buf_init(&after);
    put_page(&p->model, &after, p->page_tail);
    sw_buf_put_byte(&after, '\0');
    sw_buf_put_byte(&p->before, '\0');
    if (strstr(came, p->before.data) == NULL && strstr(came, after.data) == NULL) {
        fail_msg("page %s: expected %.3000s\nor %.3000s\nin %.3000s", p->page_tail, p->before.data,
                 after.data, came);
    }
    sw_buf_fini(&after);
    sqlite3_free(p->page_tail);
    p->page_tail = NULL;
}

/* All rows, as they are now. */
static void check_rows(struct program *p)
{
    struct sw_buf rows;
    sw_buf_init(&rows);
    sw_buf_put_text(&rows, "\"offset\":0,");
    put_page(&p->model, &rows, "ORDER BY pos");
    need_text(
        result_of(&p->world, say(&p->world, "table.page", "{\"table\":\"fruit\",\"limit\":1000}")),
        &rows, "all rows");
    sw_buf_fini(&rows);
}

/* -- downloads ------------------------------------------------------------------------ */

/* Each cell: its type, or n for null, its text as JSON, NUL. */
static void put_cells(struct model *model, struct sw_buf *cells, const char *where)
{
    struct sw_buf ignored;
    struct sw_buf list;
    char types[33];
    sw_buf_init(&ignored);
    sw_buf_init(&list);
    put_columns(model, &ignored, &ignored, types, &list);
    char *text = sqlite3_mprintf("SELECT %s FROM t WHERE %s ORDER BY pos", list.data + 2, where);
    sqlite3_stmt *rows = query(model, text);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        for (int i = 0; types[i] != '\0'; i++) {
            bool is_null = sqlite3_column_type(rows, i) == SQLITE_NULL;
            sw_buf_put_byte(cells, is_null ? 'n' : types[i]);
            if (types[i] == 's' && !is_null) {
                sw_buf_put_text(cells, (const char *)sqlite3_column_text(rows, i));
            } else {
                put_cell(cells, rows, i, types[i]);
            }
            sw_buf_put_byte(cells, '\0');
        }
    }
    sqlite3_finalize(rows);
    sqlite3_free(text);
    sw_buf_fini(&ignored);
    sw_buf_fini(&list);
}

static void begin_download(struct program *p)
{
    const char *const *where = wheres[pick(&p->model, WHERES)];
    const char *came =
        result_of(&p->world, say(&p->world, "download.create",
                                 "{\"table\":\"fruit\",\"where\":\"%s\"}", where[0]));
    p->steps++;
    p->download = open_download(&p->world, came);
    sw_buf_clear(&p->cells);
    put_cells(&p->model, &p->cells, where[1]);
}

/* One cell of CSV, unpacked in place and closed by NUL; what follows its delimiter is returned. */
static char *take_cell(char *at, char **text, bool *is_quoted)
{
    char *to = at;
    *text = at;
    *is_quoted = *at == '"';
    if (*is_quoted) {
        for (at++; *at != '"' || at[1] == '"'; at++) {
            assert_int_not_equal(*at, '\0');
            at += *at == '"';
            *to++ = *at;
        }
        at++;
    } else {
        at += strcspn(at, ",\n");
        to = at;
    }
    assert_true(*at == ',' || *at == '\n');
    *to = '\0';
    return at + 1;
}

static void check_cell(const char *wanted, const char *text, bool is_quoted)
{
    char unquoted[SW_TIMESTAMP_TEXT_MAX + 2] = "";
    bool is_same;
    if (wanted[0] == 'n') {
        is_same = !is_quoted && (text[0] == '\0' || strcasecmp(text, "nan") == 0);
    } else if (wanted[0] == 'f') {
        is_same = strtod(wanted + 1, NULL) == strtod(text, NULL);
    } else if (wanted[0] == 'd' || wanted[0] == 't') {
        (void)snprintf(unquoted, sizeof unquoted, "\"%s\"", text);
        is_same = strcmp(wanted + 1, unquoted) == 0;
    } else {
        is_same = strcmp(wanted + 1, text) == 0 && (text[0] != '\0' || is_quoted);
    }
    if (!is_same) {
        fail_msg("download: wanted %s, came %s", wanted, text);
    }
}

static void end_download(struct program *p)
{
    struct sw_buf body;
    sw_buf_init(&body);
    read_download(&p->world, p->download, &body);
    p->download = NULL;
    char *at = body.data + strcspn(body.data, "\n") + 1;
    const char *wanted = p->cells.data;
    size_t left = p->cells.length;
    while (left > 0) {
        char *text;
        bool is_quoted;
        size_t length = strlen(wanted) + 1;
        at = take_cell(at, &text, &is_quoted);
        check_cell(wanted, text, is_quoted);
        wanted += length;
        left -= length;
    }
    assert_int_equal(*at, '\0');
    sw_buf_fini(&body);
}

/* -- steps ---------------------------------------------------------------------------- */

/* Sends an edit; the model is that of after it. */
static void do_edit(struct program *p, edit write)
{
    struct sw_buf params;
    bool is_change = false;
    sw_buf_init(&params);
    sw_buf_put_text(&params, "{\"table\":\"fruit\"");
    const char *method = write(&p->model, &params, &is_change);
    sw_buf_put_text(&params, "}");
    sw_buf_put_byte(&params, '\0');
    if (method != NULL) {
        long long before = *version_of(&p->world, "fruit");
        unsigned request = say_text(&p->world, method, params.data);
        bool is_wavering = is_change && pick(&p->model, 8) == 0;
        if (is_wavering) { /* waits behind the edit */
            (void)say(&p->world, "table.undo", "{\"table\":\"fruit\"}");
            (void)say(&p->world, "table.redo", "{\"table\":\"fruit\"}");
            (void)result_of(&p->world, request + 1);
            (void)result_of(&p->world, request + 2);
            p->steps += 2;
        }
        const char *came = answer_to(&p->world, request);
        if (strncmp(strchr(came, ',') + 1, "\"result\":", 9) != 0) {
            fail_msg("refused: %s %s: %.600s", method, params.data, came);
        }
        for (const char *at = params.data; (at = strstr(at, "}},{\"method\"")) != NULL; at++) {
            p->steps++;
        }
        follow(&p->model);
        if (is_change) {
            assert_true(number_behind(came, "\"version\":") > before);
            keep_state(&p->model);
        }
    }
    sw_buf_fini(&params);
}

/* A batch whose last change is refused: nothing of it is done. */
static void do_refused(struct program *p)
{
    struct sw_buf params;
    bool is_change = false;
    unsigned names = p->model.names;
    int64_t next_id = p->model.next_id;
    sw_buf_init(&params);
    sw_buf_put_text(&params, "{\"table\":\"fruit\"");
    sql(&p->model, "BEGIN");
    const char *method = edit_batch(&p->model, &params, &is_change);
    sql(&p->model, "ROLLBACK");
    p->model.names = names;
    p->model.next_id = next_id;
    if (method != NULL) {
        params.length--; /* the list goes on */
        sw_buf_printf(&params, ",%s]}", refused[pick(&p->model, REFUSED)]);
        sw_buf_put_byte(&params, '\0');
        unsigned request = say_text(&p->world, method, params.data);
        if (strncmp(strchr(answer_to(&p->world, request), ',') + 1, "\"error\":", 8) != 0) {
            fail_msg("not refused: %s", params.data);
        }
    }
    sw_buf_fini(&params);
}

static bool undo(struct program *p)
{
    if (p->model.at == 0) {
        return false;
    }
    unsigned request = say(&p->world, "table.undo", "{\"table\":\"fruit\"}");
    assert_non_null(strstr(result_of(&p->world, request), "\"undone\":"));
    show_state(&p->model, p->model.at - 1);
    follow(&p->model);
    return true;
}

static bool redo(struct program *p)
{
    unsigned request = say(&p->world, "table.redo", "{\"table\":\"fruit\"}");
    if (p->model.at + 1 == p->model.count) {
        assert_non_null(strstr(answer_to(&p->world, request), "-32020"));
        return false;
    }
    assert_non_null(strstr(result_of(&p->world, request), "\"redone\":"));
    show_state(&p->model, p->model.at + 1);
    follow(&p->model);
    return true;
}

static void put_range(struct program *p, char *values, size_t size)
{
    struct model *model = &p->model;
    unsigned low = (unsigned)pick(model, 90);
    unsigned high = low + (unsigned)pick(model, 40);
    if (pick(model, 8) == 0) {
        (void)snprintf(values, size, "\"xr\":null");
        (void)snprintf(model->x_range, sizeof model->x_range, "1");
    } else {
        (void)snprintf(values, size, "\"xr\":[%u,%u]", low, high);
        (void)snprintf(model->x_range, sizeof model->x_range, "x BETWEEN %u AND %u", low, high);
    }
}

static void do_input(struct program *p)
{
    static const char *const lists[][2] = {
        {"null", "1"},
        {"[\"figs\",\"\"]", "category IN ('figs', '')"},
        {"[\"apples\",null,\"plums\"]", "category IN ('apples', 'plums') OR category IS NULL"},
        {"[]", "0"}};
    static const char *const days[][2] = {
        {"null", "1"},
        {"[\"2024-03-01\",\"2024-06-01\"]", "day BETWEEN 19783 AND 19875"},
        {"[null,\"2024-02-01\"]", "day <= 19754"}};
    struct model *model = &p->model;
    char values[160];
    const char *const *chosen;
    switch (pick(model, 5)) {
    case 0:
        model->rate = 1 + (unsigned)pick(model, 9);
        (void)snprintf(values, sizeof values, "\"rate\":%.2f", model->rate / 4.0);
        follow(model);
        break;
    case 1:
        model->floor = (unsigned)pick(model, 100);
        (void)snprintf(values, sizeof values, "\"floor\":%u", model->floor);
        break;
    case 2:
        chosen = lists[pick(model, 4)];
        (void)snprintf(values, sizeof values, "\"cats\":%s", chosen[0]);
        (void)snprintf(model->categories, sizeof model->categories, "%s", chosen[1]);
        break;
    case 3:
        chosen = days[pick(model, 3)];
        (void)snprintf(values, sizeof values, "\"days\":%s", chosen[0]);
        (void)snprintf(model->days, sizeof model->days, "%s", chosen[1]);
        break;
    default:
        put_range(p, values, sizeof values);
        break;
    }
    /* not waited for: what comes next overtakes it */
    (void)say(&p->world, "input.set", "{\"values\":{%s},\"epoch\":%u}", values, ++p->world.epoch);
}

static void check_outputs(struct program *p)
{
    for (unsigned i = 0; i <= FLOATS; i++) {
        check_output(&p->world, &p->model, i);
    }
}

/* Moves of one brush alone: after the first ones an index answers. */
static void do_drag(struct program *p)
{
    char values[160];
    for (uint64_t moves = 2 + pick(&p->model, 6); moves > 0; moves--) {
        put_range(p, values, sizeof values);
        set_inputs(&p->world, values);
        p->steps += moves > 1;
        check_outputs(p);
        turn(&p->world); /* the index, which no message announces */
    }
}

static void do_labels(struct program *p)
{
    const char *word = words[pick(&p->model, 3)];
    (void)result_of(&p->world, say(&p->world, "table.update",
                                   "{\"table\":\"labels\",\"where\":\"category = '%s'\",\"set\":{"
                                   "\"weight\":{\"expr\":\"weight + 1\"}}}",
                                   word));
    sql(&p->model, "UPDATE l SET weight = weight + 1 WHERE category = %Q", word);
}

static void do_something(struct program *p)
{
    p->steps++;
    uint64_t what = pick(&p->model, 32);
    if (what < 14) {
        do_edit(p, edits[pick(&p->model, EDITS)]);
    } else if (what < 16) {
        do_edit(p, edit_batch);
    } else if (what < 17) {
        do_edit(p, edit_freeze);
    } else if (what < 18) {
        do_edit(p, edit_formula);
    } else if (what < 19) {
        do_refused(p);
    } else if (what < 22) {
        (void)undo(p);
    } else if (what < 24) {
        (void)redo(p);
    } else if (what < 25) {
        do_labels(p);
    } else if (what < 31) {
        do_input(p);
    } else {
        do_drag(p);
    }
}

static void check_history(struct program *p)
{
    unsigned undone = 0;
    unsigned all = 0;
    const char *came =
        result_of(&p->world, say(&p->world, "table.history", "{\"table\":\"fruit\"}"));
    for (const char *at = came; (at = strstr(at, "\"what\":")) != NULL; at++) {
        all++;
    }
    for (const char *at = came; (at = strstr(at, "\"undone\":true")) != NULL; at++) {
        undone++;
    }
    assert_int_equal(all, p->model.count - 1 + 2); /* two formulas came first */
    assert_int_equal(undone, p->model.count - 1 - p->model.at);
}

static void go_to_and_fro(struct program *p)
{
    uint64_t back = pick(&p->model, 12);
    uint64_t forth = pick(&p->model, 12);
    for (uint64_t i = 0; i < back && undo(p); i++) {
        p->steps++;
    }
    for (uint64_t i = 0; i < forth && redo(p); i++) {
        p->steps++;
    }
}

static void step(struct program *p)
{
    struct model *model = &p->model;
    forget(&p->world);
    bool has_page = pick(model, 4) == 0;
    bool has_download = pick(model, 16) == 0;
    if (has_download) {
        begin_download(p);
    }
    if (has_page) {
        begin_page(p);
    }
    if (!has_page && pick(model, 16) == 0) {
        go_to_and_fro(p);
    } else {
        for (uint64_t left = has_page ? 1 : 1 + pick(model, 3); left > 0; left--) {
            do_something(p);
        }
    }
    if (has_page) {
        end_page(p);
    }
    set_inputs(&p->world, "");
    check_outputs(p);
    if (has_download) {
        end_download(p);
    }
    if (pick(model, 8) == 0) {
        check_rows(p);
    }
    if (pick(model, 10) == 0) {
        check_anew(&p->world, (unsigned)pick(model, OUTPUTS));
    }
    if (pick(model, 64) == 0) {
        check_cold(&p->world);
        check_history(p);
    }
}

/* -- a program ------------------------------------------------------------------------ */

static void put_quoted(struct sw_buf *csv, const char *text)
{
    sw_buf_put_byte(csv, '"');
    for (; *text != '\0'; text++) {
        sw_buf_put_text(csv, *text == '"' ? "\"" : "");
        sw_buf_put_byte(csv, *text);
    }
    sw_buf_put_byte(csv, '"');
}

static void fill_fruit(struct program *p)
{
    struct model *model = &p->model;
    struct sw_buf csv;
    sw_buf_init(&csv);
    sw_buf_put_text(&csv, "category,x,y,r,name,flag,day,at\n");
    sql(model, "CREATE TABLE t(pos INT, category TEXT, x INT, y REAL, r REAL, is_nan INT, name "
               "TEXT, flag INT, "
               "day INT, at INT)");
    for (unsigned i = 0; i < 300; i++) {
        const char *word = words[pick(model, WORDS)];
        bool has_word = pick(model, 9) > 0;
        unsigned x = (unsigned)pick(model, 100);
        unsigned name = (unsigned)pick(model, 30);
        char date[SW_DATE_TEXT_MAX];
        char r[40];
        int64_t day = 19700 + (int64_t)pick(model, 200);
        bool is_nan = pick(model, 20) == 0;
        (void)sw_date_format(day, date);
        (void)snprintf(r, sizeof r, "%.17g", test_random_unit(&model->random) * 10 - 3);
        if (has_word) {
            put_quoted(&csv, word);
        }
        sw_buf_printf(&csv, ",%u,%u.25,%s,n%u,%s,%s,%sT01:00:00Z\n", x, x, is_nan ? "NaN" : r, name,
                      x % 3 == 0 ? "true" : "false", date, date);
        sql(model, "INSERT INTO t VALUES(%u, %Q, %u, %u.25, %s, %d, 'n%u', %u, %lld, %lld)", i,
            has_word ? word : NULL, x, x, is_nan ? "NULL" : r, is_nan, name, x % 3 == 0,
            (long long)day, (long long)day * 86400000 + 3600000);
    }
    upload(&p->world, "fruit.csv", &csv);
    sw_buf_fini(&csv);
    model->next_id = 300;
}

static void fill_labels(struct program *p)
{
    struct sw_buf csv;
    sw_buf_init(&csv);
    sw_buf_put_text(&csv, "category,label,weight\n");
    sql(&p->model, "CREATE TABLE l(category TEXT, label TEXT, weight INT)");
    for (unsigned i = 0; i < 5; i++) {
        put_quoted(&csv, words[i]);
        sw_buf_printf(&csv, ",l%u,%u\n", i / 2, i);
        sql(&p->model, "INSERT INTO l VALUES(%Q, 'l%u', %u)", words[i], i / 2, i);
    }
    upload(&p->world, "labels.csv", &csv);
    sw_buf_fini(&csv);
}

static void begin_program(struct program *p, int share)
{
    *p = (struct program){0};
    sw_buf_init(&p->before);
    sw_buf_init(&p->cells);
    struct model *model = &p->model;
    (void)snprintf(model->x_range, sizeof model->x_range, "1");
    (void)snprintf(model->categories, sizeof model->categories, "1");
    (void)snprintf(model->days, sizeof model->days, "1");
    test_random_init(&model->random, test_seed());
    assert_int_equal(sqlite3_open(":memory:", &model->db), SQLITE_OK);
    (void)sqlite3_db_config(model->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 1200, 2000);
    sql(model, "ATTACH ':memory:' AS h");
    open_world(&p->world, THREADS, share);
    fill_fruit(p);
    fill_labels(p);
    (void)result_of(&p->world,
                    say(&p->world, "table.add_column",
                        "{\"table\":\"fruit\",\"name\":\"fixed\",\"expr\":\"x * 2 + 1\"}"));
    (void)result_of(&p->world, say(&p->world, "table.add_column",
                                   "{\"table\":\"fruit\",\"name\":\"rated\",\"expr\":\"y * $rate\","
                                   "\"type\":\"float\"}"));
    sql(model, "ALTER TABLE t ADD COLUMN fixed INT; ALTER TABLE t ADD COLUMN rated REAL");
    model->rate = 1;
    set_inputs(&p->world, "\"rate\":0.25,\"floor\":0");
    follow(model);
    sql(model, "CREATE TABLE h.s0 AS SELECT * FROM t");
    model->count = 1;
    define_outputs(&p->world);
    set_inputs(&p->world, "");
    check_outputs(p);
    check_rows(p);
}

static void end_program(struct program *p)
{
    close_world(&p->world);
    sqlite3_close(p->model.db);
    sw_buf_fini(&p->before);
    sw_buf_fini(&p->cells);
}

static void run_program(unsigned usual_steps, int share)
{
    static struct program program;
    struct program *p = &program;
    const char *given = getenv("SW_STEPS");
    unsigned steps = given != NULL ? (unsigned)strtoul(given, NULL, 10) : usual_steps;
    begin_program(p, share);
    while (p->steps < steps) {
        step(p);
    }
    while (undo(p)) {
        forget(&p->world);
    }
    set_inputs(&p->world, "");
    check_outputs(p);
    check_rows(p);
    check_cold(&p->world);
    while (redo(p)) {
        forget(&p->world);
    }
    set_inputs(&p->world, "");
    check_outputs(p);
    check_rows(p);
    check_cold(&p->world);
    end_program(p);
}

static void every_output_follows_a_random_program_there_and_back(void **state)
{
    (void)state;
    run_program(STEPS, SHARE_NONE);
}

static void answers_are_the_same_with_all_of_the_table_in_memory(void **state)
{
    (void)state;
    run_program(STEPS / SHARES, 100);
}

static void answers_are_the_same_with_half_of_the_table_in_memory(void **state)
{
    (void)state;
    run_program(STEPS / SHARES, 50);
}

static void answers_are_the_same_with_a_tenth_of_the_table_in_memory(void **state)
{
    (void)state;
    run_program(STEPS / SHARES, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_output_follows_a_random_program_there_and_back),
        cmocka_unit_test(answers_are_the_same_with_all_of_the_table_in_memory),
        cmocka_unit_test(answers_are_the_same_with_half_of_the_table_in_memory),
        cmocka_unit_test(answers_are_the_same_with_a_tenth_of_the_table_in_memory),
    };
    return cmocka_run_group_tests_name("session/program", tests, NULL, NULL);
}
