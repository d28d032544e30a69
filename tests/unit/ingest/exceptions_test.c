/* A few cells among many that do not fit: null, with their text, whichever rows they stand in. */
#include "loading.h"

#include "base/limits.h"
#include "ingest/tally.h"

#define ROWS_MAX 70000

/* -- a column that is made up, and what must come of it -------------------------------- */

enum main_kind {
    MAIN_BOOL,
    MAIN_INT,
    MAIN_FLOAT,
    MAIN_DATE,
    MAIN_TIMESTAMP,
    MAIN_DAY_FIRST,
    MAINS
};
static const enum sw_type main_type[MAINS] = {SW_TYPE_BOOL, SW_TYPE_INT,       SW_TYPE_FLOAT,
                                              SW_TYPE_DATE, SW_TYPE_TIMESTAMP, SW_TYPE_DATE};

/* Texts that none of the kinds takes, and then those that only keep some kinds from exceptions. */
static const char *const foreign[] = {"n.a.", "12abc", "-", "see below", "1,5", "2020-13-45", "?"};
static const char *const kept[] = {"007", "1e999", "99999999999999999999"};

struct made {
    uint32_t rows;
    char (*cell)[24];
    bool *is_foreign;
    uint64_t values, misfits;
    bool has_kept;
};

static void put_fitting(struct made *made, enum main_kind kind, uint32_t row)
{
    char *into = made->cell[row];
    const size_t room = sizeof made->cell[row];
    switch (kind) {
    case MAIN_BOOL:
        snprintf(into, room, "%s", row % 3 == 0 ? "true" : "false");
        break;
    case MAIN_INT:
        snprintf(into, room, "%u", row);
        break;
    case MAIN_FLOAT:
        snprintf(into, room, "%u.5", row);
        break;
    case MAIN_DATE:
        snprintf(into, room, "2020-01-%02u", row % 28 + 1);
        break;
    case MAIN_TIMESTAMP:
        snprintf(into, room, "2020-01-%02u 10:%02u", row % 28 + 1, row % 60);
        break;
    case MAIN_DAY_FIRST:
        snprintf(into, room, "%u/02/2020", row % 15 + 13);
        break;
    case MAINS:
        fail();
    }
}

static struct made make(struct test_random *random, enum main_kind kind)
{
    struct made made = {.rows = 900 + (uint32_t)test_random_below(random, 3000)};
    made.cell = calloc(made.rows, sizeof(made.cell[0]));
    made.is_foreign = calloc(made.rows, sizeof(bool));
    assert_non_null(made.cell);
    assert_non_null(made.is_foreign);
    const bool is_early = test_random_below(random, 2) == 0;
    const uint32_t span = is_early ? 40 : made.rows;
    const uint64_t wanted = test_random_below(random, 6);
    for (uint64_t i = 0; i < wanted; i++) {
        made.is_foreign[test_random_below(random, span)] = true;
    }
    const bool may_keep = test_random_below(random, 4) == 0;
    for (uint32_t row = 0; row < made.rows; row++) {
        if (!made.is_foreign[row] && test_random_below(random, 50) == 0) {
            continue; /* a null */
        }
        made.values++;
        if (!made.is_foreign[row]) {
            put_fitting(&made, kind, row);
            continue;
        }
        const bool is_kept = may_keep && test_random_below(random, 2) == 0;
        const char *text =
            is_kept ? kept[test_random_below(random, 3)] : foreign[test_random_below(random, 7)];
        snprintf(made.cell[row], sizeof made.cell[row], "%s", text);
        made.has_kept = made.has_kept || is_kept;
        made.misfits++;
    }
    return made;
}

static void write_csv(const struct made *made, struct sw_buf *csv)
{
    sw_buf_put_text(csv, "a,n\n");
    for (uint32_t row = 0; row < made->rows; row++) {
        const bool is_quoted = strchr(made->cell[row], ',') != NULL;
        sw_buf_printf(csv, is_quoted ? "\"%s\",%u\n" : "%s,%u\n", made->cell[row], row);
    }
}

static enum sw_type wanted_type(const struct made *made, enum main_kind kind, bool is_strict)
{
    const bool is_number = kind == MAIN_INT || kind == MAIN_FLOAT;
    const bool is_allowed = !is_strict && made->values >= 1000 &&
                            made->misfits * 1000 < made->values && !(is_number && made->has_kept);
    return made->misfits == 0 || is_allowed ? main_type[kind] : SW_TYPE_STRING;
}

static void check_cells(const struct made *made, const struct sw_version *version)
{
    uint64_t exceptions = 0;
    for (uint32_t row = 0; row < made->rows; row++) {
        uint32_t group;
        uint32_t at;
        sw_version_locate(version, row, &group, &at);
        const struct sw_chunk *chunk = version->group[group]->chunk[0];
        const struct sw_value value = test_cell(chunk, at);
        const struct sw_span text = sw_span_text(made->cell[row]);
        struct sw_span got = {0};
        const bool is_exception = sw_exceptions_find(test_look(chunk)->exceptions, at, &got);
        exceptions += is_exception;
        if (chunk->type == SW_TYPE_STRING) {
            assert_true(value.is_null == (text.length == 0));
            assert_true(value.is_null || sw_span_equal(value.u.s, text));
        } else {
            assert_int_equal(value.is_null, text.length == 0 || made->is_foreign[row]);
            assert_int_equal(is_exception, text.length > 0 && made->is_foreign[row]);
            assert_true(!is_exception || sw_span_equal(got, text));
        }
    }
    const bool is_string = version->schema->column[0].type == SW_TYPE_STRING;
    assert_int_equal(exceptions, is_string ? 0 : made->misfits);
}

/* Cut anywhere: the last word is the same. */
static void check_made(struct test_random *random, const struct made *made, enum main_kind kind,
                       bool is_strict)
{
    struct sw_buf csv;
    struct sw_err err = {0};
    struct sw_budget budget;
    struct sw_load_report report;
    size_t pieces[8];
    size_t count = 0;
    sw_buf_init(&csv);
    write_csv(made, &csv);
    for (size_t at = 0; at < csv.length && count < 8;
         at += 1 + test_random_below(random, csv.length)) {
        pieces[count++] = at;
    }
    const struct loading how = {.has_header = -1,
                                .pieces = pieces,
                                .piece_count = count,
                                .step_bytes = 1 + test_random_below(random, csv.length),
                                .is_strict = is_strict};

    struct sw_load *load = load_bytes(csv.data, csv.length, &how, &budget, &report, &err);

    assert_non_null(load);
    assert_int_equal(report.state, SW_LOAD_DONE);
    struct sw_version *version = sw_load_version(load);
    assert_int_equal(version->rows, made->rows);
    assert_int_equal(version->schema->column[0].type, wanted_type(made, kind, is_strict));
    check_cells(made, version);
    sw_version_unref(version);
    sw_load_free(load);
    assert_int_equal(sw_budget_used(&budget), 0);
    sw_buf_fini(&csv);
}

static void the_share_of_all_values_decides_wherever_the_misfits_stand(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 120; round++) {
        const enum main_kind kind = (enum main_kind)(round % MAINS);
        struct made made = make(&random, kind);

        check_made(&random, &made, kind, round % 10 == 9);

        free(made.cell);
        free(made.is_foreign);
    }
}

/* -- by hand ------------------------------------------------------------------------------- */

/* `rows` rows of a column `a`; of each `misfit` rows one has the text. */
static struct sw_version *load_column(const char *fit, const char *misfit, int rows, int every,
                                      const struct loading *how, struct sw_load **load,
                                      struct sw_budget *budget)
{
    struct sw_buf csv;
    struct sw_err err = {0};
    struct sw_load_report report;
    sw_buf_init(&csv);
    sw_buf_put_text(&csv, "a,n\n");
    for (int i = 0; i < rows; i++) {
        sw_buf_printf(&csv, "%s,%d\n", i % every == 7 ? misfit : fit, i);
    }
    *load = load_bytes(csv.data, csv.length, how, budget, &report, &err);
    assert_non_null(*load);
    assert_int_equal(report.state, SW_LOAD_DONE);
    sw_buf_fini(&csv);
    return sw_load_version(*load);
}

static void check_type(const char *fit, const char *misfit, int rows, int every,
                       const struct loading *how, enum sw_type type)
{
    struct sw_load *load = NULL;
    struct sw_budget budget;
    struct sw_version *version = load_column(fit, misfit, rows, every, how, &load, &budget);
    if (version->schema->column[0].type != type) {
        fail_msg("%d of '%s' and '%s': %s", rows, fit, misfit,
                 sw_type_name(version->schema->column[0].type));
    }
    sw_version_unref(version);
    sw_load_free(load);
    assert_int_equal(sw_budget_used(&budget), 0);
}

static void the_share_is_met_exactly_at_its_edge(void **state)
{
    (void)state;
    check_type("1", "x", 1000, 2000, &usual_way, SW_TYPE_STRING);
    check_type("1", "x", 1001, 2000, &usual_way, SW_TYPE_INT);
    check_type("1", "x", 2000, 1000, &usual_way, SW_TYPE_STRING); /* 2: not less than 0.1 % */
    check_type("1", "x", 2001, 1000, &usual_way, SW_TYPE_INT);
    check_type("", "x", 5000, 5000, &usual_way, SW_TYPE_STRING); /* nulls are no values */
}

static void what_would_harm_keeps_its_column_text(void **state)
{
    (void)state;
    check_type("12", "007", 5000, 5000, &usual_way, SW_TYPE_STRING);
    check_type("12", "+007", 5000, 5000, &usual_way, SW_TYPE_STRING);
    check_type("12", "123456789012345678901", 5000, 5000, &usual_way, SW_TYPE_STRING);
    check_type("1.5", "9007199254740993", 5000, 5000, &usual_way, SW_TYPE_STRING);
    check_type("1.5", "1e-400", 5000, 5000, &usual_way, SW_TYPE_STRING);
    check_type("13/02/2020", "02/13/2020", 5000, 5000, &usual_way, SW_TYPE_STRING);
    check_type("2020-01-31 10:00", "2020-01-31 10:00:00.123456", 5000, 5000, &usual_way,
               SW_TYPE_STRING);
    check_type("01/02/2020", "soon", 5000, 5000, &usual_way, SW_TYPE_STRING);
    check_type("12", "12abc", 5000, 5000, &usual_way, SW_TYPE_INT);
    check_type("12", "2020-01-31", 5000, 5000, &usual_way, SW_TYPE_INT);
    check_type("2020-01-31", "007", 5000, 5000, &usual_way, SW_TYPE_DATE);
    check_type("2020-01-31", "31/01/2020", 5000, 5000, &usual_way, SW_TYPE_DATE);
    check_type("true", "1", 5000, 5000, &usual_way, SW_TYPE_BOOL);
}

static void what_widens_without_loss_is_no_exception(void **state)
{
    (void)state;
    check_type("12", "2.5", 5000, 5000, &usual_way, SW_TYPE_FLOAT);
    check_type("2.5", "12", 5000, 5000, &usual_way, SW_TYPE_FLOAT);
    check_type("2020-01-31", "2020-01-31 10:00", 5000, 5000, &usual_way, SW_TYPE_TIMESTAMP);
}

static void strict_columns_have_no_exceptions(void **state)
{
    (void)state;
    const struct loading how = {.has_header = -1, .is_strict = true};
    check_type("12", "x", 5000, 5000, &how, SW_TYPE_STRING);
}

static void a_column_that_began_with_words_is_read_again_as_numbers(void **state)
{
    (void)state;
    const size_t pieces[] = {3000, 60000, 400000};
    const struct loading how = {.has_header = -1, .pieces = pieces, .piece_count = 3};
    struct sw_load *load = NULL;
    struct sw_budget budget;

    struct sw_version *version =
        load_column("12", "not known", ROWS_MAX, 8000, &how, &load, &budget);

    assert_int_equal(version->schema->column[0].type, SW_TYPE_INT);
    assert_int_equal(test_look(version->group[0]->chunk[0])->exceptions->count, 9);
    assert_int_equal(version->group[0]->chunk[0]->zone.nulls, 9);
    assert_int_equal(version->group[0]->chunk[0]->zone.min_i, 12);
    assert_null(test_look(version->group[1]->chunk[0])->exceptions);
    assert_int_equal(version->group[1]->chunk[1]->zone.max_i, ROWS_MAX - 1);
    sw_version_unref(version);
    sw_load_free(load);
    assert_int_equal(sw_budget_used(&budget), 0);
}

static void more_misfits_than_the_limit_are_text(void **state)
{
    (void)state;
    struct sw_tally tally = {0};
    const struct sw_span word = sw_span_text("word");
    const struct sw_span number = sw_span_text("5");
    for (uint32_t i = 0; i < SW_EXCEPTIONS_MAX; i++) {
        sw_tally_add(&tally, word, sw_infer_cell(word));
    }
    tally.values += UINT64_C(1) << 40;
    tally.ints += UINT64_C(1) << 40;
    sw_tally_add(&tally, number, sw_infer_cell(number));

    struct sw_inferred choice;
    uint64_t misfits;
    assert_true(sw_tally_choose(&tally, &choice, &misfits));
    assert_int_equal(choice.kind, SW_INFER_INT);
    assert_int_equal(misfits, SW_EXCEPTIONS_MAX);
    assert_true(sw_tally_is_share(misfits, tally.values));
    assert_false(sw_tally_is_hopeless(&tally));

    sw_tally_add(&tally, word, sw_infer_cell(word));
    assert_true(sw_tally_choose(&tally, &choice, &misfits));
    assert_false(sw_tally_is_share(misfits, tally.values));
    assert_true(sw_tally_is_hopeless(&tally));
}

static void a_declared_column_keeps_the_text_of_what_does_not_fit(void **state)
{
    (void)state;
    struct sw_json member = {
        .kind = SW_JSON_STRING, .key = sw_span_text("d"), .u.text = sw_span_text("date:dmy")};
    struct sw_json types = {.kind = SW_JSON_OBJECT};
    types.u.list.items = &member;
    types.u.list.count = 1;
    struct loading how = {.has_header = -1, .types = &types};
    static const char csv[] = "d,n\nsoon,1\n,2\n13/02/2020,3\n2020-01-01,4\n";

    assert_loads_as(csv, &how,
                    "columns: d date | n int\nrow: except \"soon\" | 1\nrow: null | 2\n"
                    "row: 2020-02-13 | 3\nrow: except \"2020-01-01\" | 4\n"
                    "bad: line 2 column 1: 'soon' is no date: the cell is null\n"
                    "bad: line 5 column 1: '2020-01-01' is no date: the cell is null\n");
    how.is_strict = true;
    assert_loads_as(csv, &how,
                    "columns: d date | n int\nrow: null | 1\nrow: null | 2\n"
                    "row: 2020-02-13 | 3\nrow: null | 4\n"
                    "bad: line 2 column 1: 'soon' is no date: the cell is null\n"
                    "bad: line 5 column 1: '2020-01-01' is no date: the cell is null\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_share_of_all_values_decides_wherever_the_misfits_stand),
        cmocka_unit_test(the_share_is_met_exactly_at_its_edge),
        cmocka_unit_test(what_would_harm_keeps_its_column_text),
        cmocka_unit_test(what_widens_without_loss_is_no_exception),
        cmocka_unit_test(strict_columns_have_no_exceptions),
        cmocka_unit_test(a_column_that_began_with_words_is_read_again_as_numbers),
        cmocka_unit_test(more_misfits_than_the_limit_are_text),
        cmocka_unit_test(a_declared_column_keeps_the_text_of_what_does_not_fit),
    };
    return cmocka_run_group_tests_name("ingest/exceptions", tests, NULL, NULL);
}
