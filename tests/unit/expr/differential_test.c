/* Random expressions over random tables, evaluated by Spillway and by SQLite on the same rows.
 * SW_EXPRESSIONS=N sets how many (100,000 unless told otherwise); SW_SEED repeats a run. */
#include "expr/expr.h"
#include "expr/scalar.h"
#include "unit/expr/generate.h"
#include "unit/expr/oracle.h"
#include "unit/expr/rows.h"

#define EXPRESSIONS    100000
#define FAILURES_SHOWN 10

static struct generate generator;
static uint64_t fixed_count;

static uint64_t wanted_count(void)
{
    const char *given = getenv("SW_EXPRESSIONS");
    return given == NULL ? EXPRESSIONS : strtoull(given, NULL, 10);
}

/* Does SQLite's value equal row i of the vector, by the rule for the program's type? */
static bool is_same(sqlite3_value *theirs, const struct sw_expr_vector *ours, uint32_t i)
{
    bool is_null = ours->valid != NULL && !((ours->valid[i / 64] >> (i % 64)) & 1);
    bool is_misfit = ours->misfits != NULL && ((ours->misfits[i / 64] >> (i % 64)) & 1);
    int type = sqlite3_value_type(theirs);
    if (type == SQLITE_NULL || is_null) {
        return is_misfit ? type == SQLITE_FLOAT : is_null == (type == SQLITE_NULL);
    }
    if (ours->type == SW_TYPE_FLOAT) {
        return type != SQLITE_TEXT && sqlite3_value_double(theirs) == ours->floats[i];
    }
    if (ours->type != SW_TYPE_STRING) {
        return type == SQLITE_INTEGER && sqlite3_value_int64(theirs) == ours->ints[i];
    }
    char *made = type == SQLITE_FLOAT ? oracle_float_text(sqlite3_value_double(theirs)) : NULL;
    const char *text = made != NULL ? made : (const char *)sqlite3_value_text(theirs);
    bool is_equal = strlen(text) == ours->texts[i].length &&
                    memcmp(text, ours->texts[i].data, ours->texts[i].length) == 0;
    sqlite3_free(made);
    return is_equal;
}

static int truth_of(sqlite3_value *value)
{
    return sqlite3_value_type(value) != SQLITE_NULL && sqlite3_value_double(value) != 0;
}

static void show(sqlite3_value *theirs, const struct sw_expr_vector *ours, uint32_t i, uint32_t row)
{
    bool is_null = ours->valid != NULL && !((ours->valid[i / 64] >> (i % 64)) & 1);
    printf("# row %u: sqlite (type %d) %s, ours (%s) ", row, sqlite3_value_type(theirs),
           sqlite3_value_type(theirs) == SQLITE_NULL ? "NULL"
                                                     : (const char *)sqlite3_value_text(theirs),
           sw_type_name(ours->type));
    if (is_null) {
        printf("NULL\n");
    } else if (ours->type == SW_TYPE_FLOAT) {
        printf("%.17g (sqlite %.17g)\n", ours->floats[i], sqlite3_value_double(theirs));
    } else if (ours->type == SW_TYPE_STRING) {
        printf("'%.*s'\n", (int)ours->texts[i].length, ours->texts[i].data);
    } else {
        printf("%lld\n", (long long)ours->ints[i]);
    }
}

/* Steps through SQLite's rows beside ours; false at the first difference. */
static bool compare_rows(const struct rows *rows, const struct sw_program *program,
                         struct sw_expr_state *state, sqlite3_stmt *select, bool is_shown)
{
    struct sw_batch batch;
    uint64_t into[SW_VECTOR_WORDS];
    uint32_t row = 0;
    for (uint32_t k = 0; k < rows->version->groups; k++) {
        const struct sw_rowgroup *group = rows->version->group[k];
        enum sw_expr_reach reach = sw_program_reach(program, group);
        for (uint32_t start = 0; start < group->rows; start += SW_VECTOR_ROWS) {
            struct sw_expr_vector vector;
            sw_batch_at(&batch, rows->cache, rows->version, k, start);
            sw_expr_test(program, state, &batch, into);
            sw_expr_eval(program, state, &batch, &vector);
            for (uint32_t i = 0; i < batch.rows; i++, row++) {
                assert_int_equal(sqlite3_step(select), SQLITE_ROW);
                sqlite3_value *theirs = sqlite3_column_value(select, 0);
                int is_true = (int)((into[i / 64] >> (i % 64)) & 1);
                bool is_good =
                    is_same(theirs, &vector, i) && is_true == truth_of(theirs) &&
                    (reach == SW_EXPR_REACH_SOME || is_true == (reach == SW_EXPR_REACH_ALL));
                if (!is_good) {
                    if (is_shown) {
                        show(theirs, &vector, i, row);
                        printf("# true: %d, reach: %d\n", is_true, (int)reach);
                    }
                    return false;
                }
            }
        }
    }
    return true;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *expression)
{
    static char sql[GENERATE_TEXT_MAX + 64];
    sqlite3_stmt *select = NULL;
    snprintf(sql, sizeof sql, "SELECT %s FROM t ORDER BY rowid", expression);
    if (sqlite3_prepare_v2(db, sql, -1, &select, NULL) != SQLITE_OK) {
        return NULL;
    }
    return select;
}

static struct sw_program *compile(const struct rows *rows, const char *text, struct sw_err *err)
{
    struct sw_expr *expr = NULL;
    struct sw_program *program = NULL;
    if (sw_expr_parse(sw_span_text(text), &expr, err) != SW_OK) {
        return NULL;
    }
    sw_status status = sw_expr_compile(expr, rows->schema, NULL, NULL, &program, err);
    sw_expr_free(expr);
    return status == SW_OK ? program : NULL;
}

/* One expression; what differs is asked again with the listed difference taken out. */
static bool check_one(const struct rows *rows, const struct generate *g)
{
    struct sw_err err;
    sqlite3_stmt *select = prepare(rows->db, g->text[GEN_PLAIN_SQL]);
    struct sw_program *program = compile(rows, g->text[GEN_OURS], &err);
    if (select == NULL || program == NULL) {
        bool is_agreed = select == NULL && program == NULL;
        if (!is_agreed) {
            printf("# %s\n# %s\n# sqlite: %s\n# ours: %s\n", g->text[GEN_OURS],
                   g->text[GEN_PLAIN_SQL], sqlite3_errmsg(rows->db),
                   program == NULL ? err.message : "fine");
        }
        sqlite3_finalize(select);
        sw_program_free(program);
        return is_agreed;
    }
    struct sw_expr_state *state = NULL;
    assert_int_equal(sw_expr_state_new(program, &state), SW_OK);
    bool is_good = compare_rows(rows, program, state, select, false);
    sqlite3_finalize(select);
    if (!is_good) {
        fixed_count++;
        select = prepare(rows->db, g->text[GEN_FIXED_SQL]);
        assert_non_null(select);
        is_good = compare_rows(rows, program, state, select, true);
        sqlite3_finalize(select);
    }
    if (!is_good) {
        printf("# ours:   %s\n# sqlite: %s\n", g->text[GEN_OURS], g->text[GEN_PLAIN_SQL]);
    }
    is_good = is_good && sw_expr_state_status(state, NULL) == SW_OK;
    sw_expr_state_free(state);
    sw_program_free(program);
    return is_good;
}

/* Tables of some rows, of some words of a bitmap, of some vectors. */
#define SIZES 3
static const struct size {
    uint32_t rows;
    uint64_t expressions;
} sizes[SIZES] = {{12, 400}, {200, 60}, {4200, 6}};

static void each_table(uint64_t expressions, void (*generate_one)(struct generate *))
{
    struct test_random random;
    struct rows rows;
    sqlite3 *db = oracle_open();
    test_random_init(&random, test_seed());
    generator.random = &random;
    uint32_t failures = 0;
    for (uint64_t done = 0; done < expressions && failures < FAILURES_SHOWN;) {
        uint32_t groups = 1 + (uint32_t)test_random_below(&random, 3);
        const struct size *size = &sizes[test_random_below(&random, SIZES)];
        uint32_t per_group = 1 + (uint32_t)test_random_below(&random, size->rows);
        rows_make(&rows, &random, groups, per_group, test_random_once_in(&random, 2), db);
        uint64_t count = size->expressions;
        for (uint64_t k = 0; k < count && done < expressions; k++, done++) {
            gen_reset(&generator);
            generate_one(&generator);
            failures += check_one(&rows, &generator) ? 0 : 1;
        }
        rows_free(&rows);
    }
    sqlite3_close(db);
    assert_int_equal(failures, 0);
}

static void generate_nested(struct generate *g)
{
    int depth = 1 + (int)gen_below(g, 4);
    uint64_t kind = gen_below(g, 12);
    if (kind < 2) {
        gen_time(g, depth, kind == 0);
    } else {
        gen_plain(g, depth);
    }
}

static void random_expressions_give_what_sqlite_gives(void **context)
{
    (void)context;
    fixed_count = 0;
    uint64_t count = wanted_count();

    each_table(count, generate_nested);

    printf("# %llu expressions, %llu with a decimal that SQLite rounds otherwise\n",
           (unsigned long long)count, (unsigned long long)fixed_count);
    assert_true(fixed_count <= count / 20 + 10);
}

static void rows_of_operators_bind_as_in_sqlite(void **context)
{
    (void)context;
    each_table(wanted_count() / 5, gen_flat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_operators_bind_as_in_sqlite),
        cmocka_unit_test(random_expressions_give_what_sqlite_gives),
    };
    return cmocka_run_group_tests_name("expr/differential", tests, NULL, NULL);
}
