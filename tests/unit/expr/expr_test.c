/* What errors of expressions say, where limits stand, what is known before rows are read. */
#include "unit/expr/hand.h"

struct mistake {
    const char *text;
    sw_status status;
    size_t position;
    const char *message; /* a part of it */
};

static void errors_name_the_place_and_what_was_expected(void **context)
{
    static const struct mistake mistakes[] = {
        {"prise > 1", SW_NO_COLUMN, 0, "Did you mean \"price\""},
        {"1 + qtty", SW_NO_COLUMN, 4, "Did you mean \"qty\""},
        {"(1 + 2", SW_EXPRESSION, 6, "expected ) after"},
        {"1 +", SW_EXPRESSION, 3, "expected a value after"},
        {"", SW_EXPRESSION, 0, "expected a value at the beginning"},
        {"1 2", SW_EXPRESSION, 2, "expected an operator or the end after `1`, found `2`"},
        {"price > > 2", SW_EXPRESSION, 8, "expected a value"},
        {"'open", SW_EXPRESSION, 0, "no closing '"},
        {"\"open", SW_EXPRESSION, 0, "no closing \""},
        {"substring_index(name)", SW_EXPRESSION, 0, "unknown function `substring_index`"},
        {"lenght(name)", SW_EXPRESSION, 0, "did you mean `length`"},
        {"length(name, 2)", SW_EXPRESSION, 0, "length takes 1 argument, not 2"},
        {"max(price)", SW_EXPRESSION, 0, "measure"},
        {"CAST(price AS blob)", SW_EXPRESSION, 14, "expected a type"},
        {"CASE price END", SW_EXPRESSION, 11, "expected WHEN"},
        {"CASE WHEN 1 THEN 2", SW_EXPRESSION, 18, "expected WHEN, ELSE or END"},
        {"qty BETWEEN 1", SW_EXPRESSION, 13, "expected AND"},
        {"qty IN 5", SW_EXPRESSION, 7, "expected ( or an input"},
        {"qty & 1", SW_EXPRESSION, 4, "bit operators"},
        {"qty ; 1", SW_EXPRESSION, 4, "unexpected character ;"},
        {"12abc", SW_EXPRESSION, 2, "after the number"},
        {"$ + 1", SW_EXPRESSION, 1, "name of an input"},
        {"day > 'soon'", SW_TYPE, 6, "'soon' is compared with a date"},
        {"DATE '2024-13-01'", SW_EXPRESSION, 5, "expected a day"},
        {"day + at", SW_TYPE, 4, "cannot be added"},
        {"date_trunc('decade', day)", SW_EXPRESSION, 11, "year, quarter"},
        {"date_part('year', qty)", SW_TYPE, 18, "needs a date"},
        {"1 /* open", SW_EXPRESSION, 2, "no closing */"},
    };
    struct fixture f;
    size_t bad = 0;
    (void)context;
    make_table(&f, 1);
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        const struct mistake *m = &mistakes[i];
        struct sw_program *program = NULL;
        struct sw_err err = {.message = ""};
        sw_status status = compile(&f, m->text, &program, &err);
        bool is_good = status == m->status && err.has_position && err.position == m->position &&
                       strstr(err.message, m->message) != NULL;
        if (!is_good) {
            printf("# %s: %d at %zu: %s\n", m->text, (int)status, err.position, err.message);
            bad++;
        }
        sw_program_free(program);
    }
    free_table(&f);
    assert_int_equal(bad, 0);
}

static void columns_and_inputs_are_read_off_the_expression(void **context)
{
    struct sw_expr *expr;
    const struct sw_span *found;
    (void)context;

    assert_int_equal(
        sw_expr_parse(sw_span_text("a + \"b c\" * $x > a OR $y IN (a, $x)"), &expr, NULL), SW_OK);

    assert_int_equal(sw_expr_columns(expr, &found), 2);
    assert_true(sw_span_equal(found[0], sw_span_text("a")));
    assert_true(sw_span_equal(found[1], sw_span_text("b c")));
    assert_int_equal(sw_expr_inputs(expr, &found), 2);
    assert_true(sw_span_equal(found[0], sw_span_text("x")));
    sw_expr_free(expr);
}

static void a_program_lists_its_columns_by_index(void **context)
{
    struct fixture f;
    struct sw_program *program;
    const uint32_t *columns;
    (void)context;
    make_table(&f, 1);

    assert_int_equal(compile(&f, "QTY + price > qty", &program, NULL), SW_OK);

    assert_int_equal(sw_program_columns(program, &columns), 2);
    assert_int_equal(columns[0] + columns[1], 1);
    sw_program_free(program);
    free_table(&f);
}

static void types_are_known_before_a_row_is_read(void **context)
{
    static const struct {
        const char *text;
        enum sw_type type;
    } cases[] = {
        {"qty", SW_TYPE_INT},
        {"qty + 1", SW_TYPE_INT},
        {"qty * price", SW_TYPE_FLOAT},
        {"qty > 1", SW_TYPE_INT},
        {"flag", SW_TYPE_BOOL},
        {"CASE WHEN flag THEN TRUE ELSE FALSE END", SW_TYPE_BOOL},
        {"flag + 1", SW_TYPE_INT},
        {"name || 1", SW_TYPE_STRING},
        {"CASE WHEN flag THEN 1 ELSE 2.5 END", SW_TYPE_FLOAT},
        {"CASE WHEN flag THEN 'a' ELSE 2.5 END", SW_TYPE_STRING},
        {"day + 1", SW_TYPE_DATE},
        {"at", SW_TYPE_TIMESTAMP},
        {"coalesce(day, at)", SW_TYPE_TIMESTAMP},
        {"day - day", SW_TYPE_INT},
        {"NULL", SW_TYPE_INT},
    };
    struct fixture f;
    (void)context;
    make_table(&f, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sw_program *program;
        assert_int_equal(compile(&f, cases[i].text, &program, NULL), SW_OK);
        assert_int_equal(sw_program_type(program), cases[i].type);
        sw_program_free(program);
    }
    free_table(&f);
}

static void an_overflowing_int_is_a_misfit_or_a_float_as_asked(void **context)
{
    struct fixture f;
    struct sw_program *program;
    struct sw_expr_state *state;
    struct sw_expr_vector vector;
    struct sw_batch batch;
    (void)context;
    make_table(&f, 3);
    assert_int_equal(compile(&f, "\"Big Number\" + 1", &program, NULL), SW_OK);
    assert_int_equal(sw_expr_state_new(program, &state), SW_OK);
    sw_batch_at(&batch, f.cache, f.version, 0, 0);

    sw_expr_eval(program, state, &batch, &vector);
    assert_int_equal(vector.misfits[0], 1);
    assert_int_equal(vector.valid[0], 6);
    assert_true(vector.ints[1] == INT64_MAX);
    sw_expr_eval_as(program, state, &batch, SW_TYPE_FLOAT, &vector);
    assert_null(vector.valid);
    assert_true(vector.floats[0] == 9223372036854775808.0);

    sw_expr_state_free(state);
    sw_program_free(program);
    free_table(&f);
}

static void zones_decide_a_group_where_they_can(void **context)
{
    static const struct {
        const char *text;
        enum sw_expr_reach reach;
    } cases[] = {
        {"qty > 100", SW_EXPR_REACH_NONE},
        {"qty >= 4", SW_EXPR_REACH_ALL},
        {"qty >= 5", SW_EXPR_REACH_SOME},
        {"100 > qty", SW_EXPR_REACH_ALL},
        {"qty = 4.5", SW_EXPR_REACH_SOME},
        {"qty BETWEEN 0 AND 50", SW_EXPR_REACH_ALL},
        {"qty BETWEEN 50 AND 60", SW_EXPR_REACH_NONE},
        {"qty IN (1, 2, 3)", SW_EXPR_REACH_NONE},
        {"price < 0 OR qty > 100", SW_EXPR_REACH_NONE},
        {"price > 0 AND qty > 0", SW_EXPR_REACH_ALL},
        {"note IS NULL", SW_EXPR_REACH_ALL},
        {"note IS NOT NULL", SW_EXPR_REACH_NONE},
        {"name = 'Kiwi'", SW_EXPR_REACH_NONE},
        {"name = 'Fig'", SW_EXPR_REACH_SOME},
        {"day < '2000-01-01'", SW_EXPR_REACH_NONE},
        {"qty > $unset", SW_EXPR_REACH_NONE},
        {"qty + 0 > 100", SW_EXPR_REACH_SOME},
        {"1 = 1", SW_EXPR_REACH_ALL},
    };
    struct fixture f;
    (void)context;
    make_table(&f, 10);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sw_program *program;
        assert_int_equal(compile(&f, cases[i].text, &program, NULL), SW_OK);
        enum sw_expr_reach reach = sw_program_reach(program, f.version->group[0]);
        if (reach != cases[i].reach) {
            printf("# %s\n", cases[i].text);
        }
        assert_int_equal(reach, cases[i].reach);
        sw_program_free(program);
    }
    free_table(&f);
}

/* `count` times `part` between `before` and `after`; the caller frees. */
static char *repeat(const char *before, const char *part, size_t count, const char *after)
{
    struct sw_buf out;
    size_t length;
    sw_buf_init(&out);
    sw_buf_put_text(&out, before);
    for (size_t i = 0; i < count; i++) {
        sw_buf_put_text(&out, part);
    }
    sw_buf_put_text(&out, after);
    sw_buf_put_byte(&out, '\0');
    return sw_buf_take(&out, &length);
}

static sw_status parse(char *text, struct sw_err *err)
{
    struct sw_expr *expr = NULL;
    sw_status status = sw_expr_parse(sw_span_text(text), &expr, err);
    sw_expr_free(expr);
    free(text);
    return status;
}

static void limits_stand_where_they_are_written(void **context)
{
    struct sw_err err;
    (void)context;

    char *deep = repeat("", "(", SW_EXPR_DEPTH_MAX, "1");
    char *closed = repeat(deep, ")", SW_EXPR_DEPTH_MAX, "");
    free(deep);
    assert_int_equal(parse(closed, &err), SW_OK);
    deep = repeat("", "(", SW_EXPR_DEPTH_MAX + 1, "1");
    closed = repeat(deep, ")", SW_EXPR_DEPTH_MAX + 1, "");
    free(deep);
    assert_int_equal(parse(closed, &err), SW_LIMIT);
    assert_string_equal(err.limit, "expression_depth");

    assert_int_equal(parse(repeat("1", " + 1", SW_EXPR_HEIGHT_MAX - 1, ""), &err), SW_OK);
    assert_int_equal(parse(repeat("1", " + 1", SW_EXPR_HEIGHT_MAX, ""), &err), SW_LIMIT);
    assert_string_equal(err.limit, "expression_height");

    assert_int_equal(parse(repeat("1 IN (1", ",1", SW_EXPR_NODES_MAX - 3, ")"), &err), SW_OK);
    assert_int_equal(parse(repeat("1 IN (1", ",1", SW_EXPR_NODES_MAX - 2, ")"), &err), SW_LIMIT);
    assert_string_equal(err.limit, "expression_nodes");

    assert_int_equal(parse(repeat("1", " ", SW_EXPR_BYTES_MAX - 1, ""), &err), SW_OK);
    assert_int_equal(parse(repeat("1", " ", SW_EXPR_BYTES_MAX, ""), &err), SW_LIMIT);
    assert_string_equal(err.limit, "expression_bytes");
}

static void a_row_of_operators_at_the_limit_runs(void **context)
{
    struct fixture f;
    char value[64];
    (void)context;
    make_table(&f, 1);
    char *text = repeat("qty", " + 1", SW_EXPR_HEIGHT_MAX - 1, "");

    value_of(&f, text, value, sizeof value);

    assert_string_equal(value, "1003");
    free(text);
    free_table(&f);
}

static void a_text_that_grows_too_long_is_reported(void **context)
{
    struct fixture f;
    struct sw_err err;
    struct sw_program *program;
    struct sw_expr_state *state;
    struct sw_expr_vector vector;
    struct sw_batch batch;
    (void)context;
    make_table(&f, 1);
    struct sw_buf text;
    sw_buf_init(&text);
    for (int i = 0; i < 8; i++) {
        sw_buf_put_text(&text, "replace(");
    }
    sw_buf_put_text(&text, "name");
    for (int i = 0; i < 8; i++) {
        sw_buf_put_text(&text, ", 'i', 'iiiiiiiiiiiiiiii')");
    }
    sw_buf_put_byte(&text, '\0');

    assert_int_equal(compile(&f, text.data, &program, &err), SW_OK);
    assert_int_equal(sw_expr_state_new(program, &state), SW_OK);
    sw_batch_at(&batch, f.cache, f.version, 0, 0);
    sw_expr_eval(program, state, &batch, &vector);

    assert_int_equal(vector.valid[0] & 1, 0);
    assert_int_equal(sw_expr_state_status(state, &err), SW_LIMIT);
    assert_string_equal(err.limit, "expression_text");
    sw_expr_state_free(state);
    sw_program_free(program);
    sw_buf_fini(&text);
    free_table(&f);
}

/* Rows of a table with `distinct` strings in a dictionary, `rows` of them. */
static uint64_t count_by_dictionary(uint32_t rows, uint32_t distinct, const char *text)
{
    static const char *const one[] = {"word"};
    static const enum sw_type string[] = {SW_TYPE_STRING};
    struct fixture f = {NULL, NULL, NULL};
    struct sw_builder *builder;
    struct sw_chunk *chunk;
    struct sw_rowgroup *group;
    struct sw_dict *dict;
    struct sw_program *program;
    struct sw_expr_state *state;
    uint64_t total = 0;
    assert_int_equal(sw_schema_new(1, one, string, &f.schema), SW_OK);
    assert_int_equal(sw_dict_new(NULL, &dict, NULL), SW_OK);
    assert_int_equal(sw_builder_new(SW_TYPE_STRING, dict, NULL, &builder, NULL), SW_OK);
    for (uint32_t i = 0; i < rows; i++) {
        char word[32];
        int length = snprintf(word, sizeof word, "w%u", i % distinct);
        assert_int_equal(sw_builder_text(builder, sw_span_of(word, (size_t)length)), SW_OK);
    }
    assert_int_equal(sw_builder_seal(builder, &chunk, NULL), SW_OK);
    assert_int_equal(sw_rowgroup_take(1, &chunk, 0, NULL, &group), SW_OK);
    assert_int_equal(sw_version_new(1, f.schema, 1, &group, rows, &f.version), SW_OK);
    assert_int_equal(sw_batch_cache_new(1, &f.cache), SW_OK);
    assert_int_equal(compile(&f, text, &program, NULL), SW_OK);
    assert_int_equal(sw_expr_state_new(program, &state), SW_OK);
    for (uint32_t start = 0; start < rows; start += SW_VECTOR_ROWS) {
        struct sw_batch batch;
        uint64_t bits[SW_VECTOR_WORDS];
        sw_batch_at(&batch, f.cache, f.version, 0, start);
        sw_expr_test(program, state, &batch, bits);
        for (uint32_t w = 0; w < SW_VECTOR_WORDS; w++) {
            total += (uint64_t)__builtin_popcountll(bits[w]);
        }
    }
    sw_expr_state_free(state);
    sw_program_free(program);
    sw_rowgroup_unref(group);
    sw_builder_free(builder);
    sw_dict_unref(dict);
    free_table(&f);
    return total;
}

static void a_dictionary_larger_than_a_vector_counts_the_same(void **context)
{
    (void)context;

    assert_int_equal(count_by_dictionary(60000, 20, "word LIKE '%7'"), 6000);
    assert_int_equal(count_by_dictionary(60000, 6000, "word LIKE '%7'"), 6000);
    assert_int_equal(count_by_dictionary(60000, 6000, "length(word) = 2"), 100);
    assert_int_equal(count_by_dictionary(60000, 6000, "upper(word) || '!' = 'W77!'"), 10);
}

static void like_with_many_wildcards_does_not_run_away(void **context)
{
    struct fixture f;
    char value[64];
    (void)context;
    make_table(&f, 1);
    char *text = repeat("'", "a", 20000, "' LIKE '");
    char *pattern = repeat(text, "%a", 1000, "%b'");

    value_of(&f, pattern, value, sizeof value);

    assert_string_equal(value, "0");
    free(text);
    free(pattern);
    free_table(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_name_the_place_and_what_was_expected),
        cmocka_unit_test(columns_and_inputs_are_read_off_the_expression),
        cmocka_unit_test(a_program_lists_its_columns_by_index),
        cmocka_unit_test(types_are_known_before_a_row_is_read),
        cmocka_unit_test(an_overflowing_int_is_a_misfit_or_a_float_as_asked),
        cmocka_unit_test(zones_decide_a_group_where_they_can),
        cmocka_unit_test(limits_stand_where_they_are_written),
        cmocka_unit_test(a_row_of_operators_at_the_limit_runs),
        cmocka_unit_test(a_text_that_grows_too_long_is_reported),
        cmocka_unit_test(a_dictionary_larger_than_a_vector_counts_the_same),
        cmocka_unit_test(like_with_many_wildcards_does_not_run_away),
    };
    return cmocka_run_group_tests_name("expr/expr", tests, NULL, NULL);
}
