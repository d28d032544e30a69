/* Cells that do not fit their column through edits: random programs on a column against a plain
 * list of what each row should be, and casts there and back.                                    */
#include "unit/fold/world.h"

#include "edit/edit.h"
#include "support/look.h"

#include <inttypes.h>

#define ROWS_MAX 400

struct cell {
    uint64_t row_id;
    bool is_null, is_exception;
    int64_t value, n;
    char text[12];
};

struct model {
    struct sw_arena arena;
    struct sw_version *version;
    struct cell cell[ROWS_MAX];
    uint32_t rows;
    uint64_t next_id;
};

static void edit(struct model *model, const char *method, const char *params,
                 struct sw_edit_outcome *outcome)
{
    struct sw_edit_plan *plan = NULL;
    struct sw_edit *run = NULL;
    struct sw_edit_result result;
    struct sw_err err = {0};
    struct sw_json json = json_of(&model->arena, params);
    assert_int_equal(sw_edit_plan_new(sw_span_text(method), &json, NULL, NULL, NULL, &plan, &err),
                     SW_OK);
    assert_int_equal(sw_edit_new(plan, model->version, NULL, &run, &err), SW_OK);
    while (sw_edit_step_work(run, 0)) {
    }
    if (sw_edit_result(run, &result, &err) != SW_OK) {
        fail_msg("%s %s: %s", method, params, err.message);
    }
    if (outcome != NULL) {
        *outcome = result.outcome[0];
    }
    struct sw_version *after = sw_version_ref(result.version);
    sw_edit_free(run);
    sw_edit_plan_free(plan);
    sw_version_unref(model->version);
    model->version = after;
}

static void check(const struct model *model)
{
    assert_int_equal(model->version->rows, model->rows);
    for (uint32_t i = 0; i < model->rows; i++) {
        const struct cell *want = &model->cell[i];
        uint32_t g;
        uint32_t row;
        sw_version_locate(model->version, i, &g, &row);
        const struct sw_rowgroup *group = model->version->group[g];
        const struct sw_chunk *chunk = group->chunk[0];
        struct sw_span text = {0};
        const struct sw_value value = test_cell(chunk, row);
        assert_int_equal(test_row_id(group, row), want->row_id);
        assert_int_equal(sw_exceptions_find(test_look(chunk)->exceptions, row, &text),
                         want->is_exception);
        assert_int_equal(value.is_null, want->is_null || want->is_exception);
        if (want->is_exception) {
            assert_true(sw_span_equal(text, sw_span_text(want->text)));
        } else if (!want->is_null) {
            assert_int_equal(value.u.i, want->value);
        }
    }
}

/* A table `a int, n int` of a few row groups; some cells of `a` are exceptions. */
static void make_model(struct model *model, struct test_random *random)
{
    static const char *const names[] = {"a", "n"};
    static const enum sw_type types[] = {SW_TYPE_INT, SW_TYPE_INT};
    struct sw_schema *schema = NULL;
    struct sw_rowgroup *group[3];
    *model = (struct model){0};
    sw_arena_init(&model->arena);
    assert_int_equal(sw_schema_new(2, names, types, &schema), SW_OK);
    for (int g = 0; g < 3; g++) {
        struct sw_builder *builder[2];
        struct sw_chunk *chunk[2];
        const uint64_t first = model->rows;
        const uint32_t rows = 1 + (uint32_t)test_random_below(random, 80);
        for (int c = 0; c < 2; c++) {
            assert_int_equal(sw_builder_new(SW_TYPE_INT, NULL, NULL, &builder[c], NULL), SW_OK);
        }
        for (uint32_t i = 0; i < rows; i++) {
            struct cell *cell = &model->cell[model->rows];
            *cell = (struct cell){.row_id = model->rows++, .value = i, .n = i};
            cell->is_exception = test_random_below(random, 4) == 0;
            cell->is_null = !cell->is_exception && test_random_below(random, 6) == 0;
            snprintf(cell->text, sizeof cell->text, "x%u", (unsigned)(model->rows % 7));
            assert_int_equal(cell->is_exception
                                 ? sw_builder_exception(builder[0], sw_span_text(cell->text))
                             : cell->is_null ? sw_builder_null(builder[0], SW_NULL_EMPTY)
                                             : sw_builder_int(builder[0], cell->value),
                             SW_OK);
            assert_int_equal(sw_builder_int(builder[1], i), SW_OK);
        }
        for (int c = 0; c < 2; c++) {
            assert_int_equal(sw_builder_seal(builder[c], &chunk[c], NULL), SW_OK);
            sw_builder_free(builder[c]);
        }
        assert_int_equal(sw_rowgroup_take(2, chunk, first, NULL, &group[g]), SW_OK);
    }
    assert_int_equal(sw_version_new(1, schema, 3, group, model->rows, &model->version), SW_OK);
    for (int g = 0; g < 3; g++) {
        sw_rowgroup_unref(group[g]);
    }
    sw_schema_unref(schema);
    model->next_id = model->rows;
}

static void free_model(struct model *model)
{
    sw_version_unref(model->version);
    sw_arena_fini(&model->arena);
}

static void update_some(struct model *model, struct test_random *random)
{
    char params[200];
    const uint32_t i = (uint32_t)test_random_below(random, model->rows);
    const bool to_null = test_random_below(random, 3) == 0;
    snprintf(params, sizeof params, "{\"set\":{\"a\":%s},\"row_ids\":[%" PRIu64 "]}",
             to_null ? "null" : "77", model->cell[i].row_id);
    edit(model, "table.update", params, NULL);
    model->cell[i].is_exception = false;
    model->cell[i].is_null = to_null;
    model->cell[i].value = 77;
}

static void update_where(struct model *model, struct test_random *random)
{
    char params[200];
    const int below = (int)test_random_below(random, 40);
    snprintf(params, sizeof params,
             "{\"set\":{\"a\":{\"expr\":\"coalesce(a, -1) + 1\"}},\"where\":\"n < %d\"}", below);
    edit(model, "table.update", params, NULL);
    for (uint32_t i = 0; i < model->rows; i++) {
        struct cell *cell = &model->cell[i];
        if (cell->n < below) {
            cell->value = cell->is_null || cell->is_exception ? 0 : cell->value + 1;
            cell->is_null = false;
            cell->is_exception = false;
        }
    }
}

static void delete_some(struct model *model, struct test_random *random)
{
    char params[200];
    const int rest = (int)test_random_below(random, 9);
    snprintf(params, sizeof params, "{\"where\":\"n %% 9 = %d\"}", rest);
    edit(model, "table.delete_rows", params, NULL);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < model->rows; i++) {
        if (model->cell[i].n % 9 != rest) {
            model->cell[kept++] = model->cell[i];
        }
    }
    model->rows = kept;
}

static void append_some(struct model *model)
{
    edit(model, "table.append", "{\"rows\":[{\"a\":5,\"n\":50},{\"n\":51}]}", NULL);
    for (int i = 0; i < 2; i++) {
        model->cell[model->rows++] =
            (struct cell){.row_id = model->next_id++, .is_null = i == 1, .value = 5, .n = 50 + i};
    }
}

static void random_edits_touch_the_exceptions_of_their_rows_only(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 60; round++) {
        struct model model;
        make_model(&model, &random);
        check(&model);
        for (int step = 0; step < 12 && model.rows > 0; step++) {
            switch (test_random_below(&random, 6)) {
            case 0:
            case 1:
                update_some(&model, &random);
                break;
            case 2:
                update_where(&model, &random);
                break;
            case 3:
                delete_some(&model, &random);
                break;
            case 4:
                append_some(&model);
                break;
            default:
                edit(&model, "table.rename_column", "{\"from\":\"n\",\"to\":\"m\"}", NULL);
                edit(&model, "table.rename_column", "{\"from\":\"m\",\"to\":\"n\"}", NULL);
            }
            check(&model);
        }
        free_model(&model);
    }
}

/* The text of a row of column a, which is of strings. */
static struct sw_value text_at(const struct model *model, uint32_t i)
{
    uint32_t g;
    uint32_t row;
    sw_version_locate(model->version, i, &g, &row);
    return test_cell(model->version->group[g]->chunk[0], row);
}

static void a_cast_to_string_gives_every_text_back(void **state)
{
    (void)state;
    struct test_random random;
    struct model model;
    struct sw_edit_outcome outcome;
    test_random_init(&random, test_seed());
    make_model(&model, &random);

    edit(&model, "table.cast_column", "{\"column\":\"a\",\"type\":\"string\"}", &outcome);

    assert_int_equal(outcome.misfits, 0);
    for (uint32_t i = 0; i < model.rows; i++) {
        const struct cell *cell = &model.cell[i];
        char number[24];
        snprintf(number, sizeof number, "%" PRId64, cell->value);
        const struct sw_value value = text_at(&model, i);
        assert_int_equal(value.is_null, cell->is_null);
        assert_true(
            cell->is_null ||
            sw_span_equal(value.u.s, sw_span_text(cell->is_exception ? cell->text : number)));
    }
    free_model(&model);
}

static void a_cast_with_keep_makes_exceptions_and_one_without_refuses(void **state)
{
    (void)state;
    struct test_random random;
    struct model model;
    struct sw_edit_outcome outcome;
    uint64_t exceptions = 0;
    test_random_init(&random, test_seed());
    make_model(&model, &random);
    for (uint32_t i = 0; i < model.rows; i++) {
        exceptions += model.cell[i].is_exception;
    }

    edit(&model, "table.cast_column", "{\"column\":\"a\",\"type\":\"float\"}", &outcome);
    assert_int_equal(outcome.misfits, 0); /* they are kept, not lost */
    edit(&model, "table.cast_column", "{\"column\":\"a\",\"type\":\"string\"}", &outcome);
    edit(&model, "table.cast_column", "{\"column\":\"a\",\"type\":\"int\",\"on_error\":\"keep\"}",
         &outcome);
    assert_int_equal(outcome.misfits, exceptions);

    check(&model);
    edit(&model, "table.cast_column", "{\"column\":\"a\",\"type\":\"date\",\"on_error\":\"keep\"}",
         &outcome);
    edit(&model, "table.cast_column", "{\"column\":\"a\",\"type\":\"int\",\"on_error\":\"fail\"}",
         &outcome);
    check(&model);
    free_model(&model);
}

static void a_text_that_a_new_type_takes_becomes_a_value(void **state)
{
    (void)state;
    struct test_random random;
    struct model model;
    test_random_init(&random, test_seed());
    make_model(&model, &random);
    edit(&model, "table.cast_column", "{\"column\":\"a\",\"type\":\"string\"}", NULL);
    edit(&model, "table.update", "{\"set\":{\"a\":\"1.5\"}}", NULL);
    edit(&model, "table.cast_column", "{\"column\":\"a\",\"type\":\"int\",\"on_error\":\"keep\"}",
         NULL);
    for (uint32_t g = 0; g < model.version->groups; g++) {
        const struct sw_chunk *chunk = model.version->group[g]->chunk[0];
        assert_int_equal(test_look(chunk)->exceptions->count, chunk->rows);
    }

    edit(&model, "table.cast_column", "{\"column\":\"a\",\"type\":\"float\"}", NULL);

    for (uint32_t g = 0; g < model.version->groups; g++) {
        const struct sw_chunk *chunk = model.version->group[g]->chunk[0];
        assert_null(test_look(chunk)->exceptions);
        assert_true(test_cell(chunk, 0).u.f == 1.5);
    }
    free_model(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_edits_touch_the_exceptions_of_their_rows_only),
        cmocka_unit_test(a_cast_to_string_gives_every_text_back),
        cmocka_unit_test(a_cast_with_keep_makes_exceptions_and_one_without_refuses),
        cmocka_unit_test(a_text_that_a_new_type_takes_becomes_a_value),
    };
    return cmocka_run_group_tests_name("edit/exceptions", tests, NULL, NULL);
}
