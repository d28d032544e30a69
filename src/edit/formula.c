/* Formulas of a schema: made of their text, and checked as a whole; see formula.h. */
#include "edit/formula.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "edit/edit_priv.h"
#include "edit/formula_priv.h"

/* -- names ------------------------------------------------------------------------------ */

static char lower(char letter)
{
    return (char)(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter);
}

static bool is_same_name(const char *own, struct sw_span name)
{
    size_t i = 0;
    while (i < name.length && own[i] != '\0' && lower(own[i]) == lower(name.data[i])) {
        i++;
    }
    return i == name.length && own[i] == '\0';
}

/* The column that an expression means: as written, or the only one that differs in case alone; -1:
 * none, or several. */
static int32_t find_column(const struct sw_schema *schema, struct sw_span name)
{
    int32_t found = sw_schema_find(schema, name);
    if (found >= 0) {
        return found;
    }
    for (uint32_t i = 0; i < schema->columns; i++) {
        if (is_same_name(schema->column[i].name, name)) {
            if (found >= 0) {
                return -1;
            }
            found = (int32_t)i;
        }
    }
    return found;
}

static struct sw_span spell(void *context, struct sw_span name)
{
    const struct sw_schema *schema = context;
    int32_t column = find_column(schema, name);
    return column < 0 ? name : sw_span_text(schema->column[column].name);
}

/* -- one formula ------------------------------------------------------------------------- */

static sw_status keep_sources(struct sw_formula *formula, const struct sw_expr *expr,
                              const struct sw_schema *schema)
{
    const struct sw_span *names = NULL;
    size_t count = sw_expr_columns(expr, &names);
    formula->source = sw_arena_array(&formula->arena, count + 1, sizeof *formula->source);
    if (formula->source == NULL) {
        return SW_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        int32_t column = find_column(schema, names[i]);
        if (column >= 0 && !sw_formula_reads(formula, schema->column[column].id)) {
            formula->source[formula->sources++] = schema->column[column].id;
        }
    }
    return SW_OK;
}

static sw_status keep_inputs(struct sw_formula *formula, const struct sw_span *names, size_t count,
                             sw_expr_input_fn input, void *context)
{
    formula->input = sw_arena_array(&formula->arena, count + 1, sizeof *formula->input);
    formula->value = sw_arena_array(&formula->arena, count + 1, sizeof(struct sw_json *));
    if (formula->input == NULL || formula->value == NULL) {
        return SW_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = sw_arena_text(&formula->arena, names[i]);
        const struct sw_json *now = input == NULL ? NULL : input(context, names[i]);
        const struct sw_json *value =
            sw_json_is_null(now) ? NULL : sw_json_copy(&formula->arena, now);
        if (name == NULL || (value == NULL && !sw_json_is_null(now))) {
            return SW_NO_MEMORY;
        }
        formula->input[i] = sw_span_of(name, names[i].length);
        formula->value[i] = value;
        formula->inputs = (uint32_t)i + 1;
    }
    return SW_OK;
}

static sw_status keep_text(struct sw_formula *formula, const struct sw_buf *text)
{
    const char *copy = sw_arena_text(&formula->arena, sw_buf_peek(text));
    formula->text = sw_span_of(copy, text->length);
    return copy == NULL ? SW_NO_MEMORY : SW_OK;
}

static sw_status fill(struct sw_formula *formula, const struct sw_expr *expr,
                      const struct sw_schema *schema, sw_expr_input_fn input, void *context,
                      struct sw_err *err)
{
    const struct sw_span *names = NULL;
    size_t inputs = sw_expr_inputs(expr, &names);
    struct sw_buf text;
    sw_buf_init(&text);
    sw_status status = sw_expr_respell(expr, spell, (void *)(uintptr_t)schema, &text, err);
    if (status == SW_OK &&
        (keep_text(formula, &text) != SW_OK || keep_sources(formula, expr, schema) != SW_OK ||
         keep_inputs(formula, names, inputs, input, context) != SW_OK)) {
        status = sw_edit_no_memory(err);
    }
    sw_buf_fini(&text);
    return status;
}

sw_status sw_formula_new(struct sw_span text, bool has_type, const struct sw_schema *schema,
                         sw_expr_input_fn input, void *context, struct sw_formula **formula,
                         struct sw_err *err)
{
    struct sw_expr *expr = NULL;
    struct sw_formula *made = NULL;
    SW_TRY(sw_expr_parse(text, &expr, err));
    sw_status status = sw_formula_alloc(&made);
    status =
        status == SW_OK ? fill(made, expr, schema, input, context, err) : sw_edit_no_memory(err);
    sw_expr_free(expr);
    if (status != SW_OK) {
        sw_formula_unref(made);
        return status;
    }
    made->has_type = has_type;
    *formula = made;
    return SW_OK;
}

/* With the same sources, and the inputs of `input`; its text is still to come. */
static sw_status copy_formula(const struct sw_formula *formula, sw_expr_input_fn input,
                              void *context, struct sw_formula **copy)
{
    struct sw_formula *made = NULL;
    SW_TRY(sw_formula_alloc(&made));
    made->has_type = formula->has_type;
    made->source = sw_arena_array(&made->arena, formula->sources + (size_t)1, sizeof *made->source);
    if (made->source == NULL ||
        keep_inputs(made, formula->input, formula->inputs, input, context) != SW_OK) {
        sw_formula_unref(made);
        return SW_NO_MEMORY;
    }
    memcpy(made->source, formula->source, formula->sources * sizeof *made->source);
    made->sources = formula->sources;
    *copy = made;
    return SW_OK;
}

/* The inputs that a formula has; the context is the formula. */
static const struct sw_json *own_input(void *context, struct sw_span name)
{
    const struct sw_formula *formula = context;
    for (uint32_t i = 0; i < formula->inputs; i++) {
        if (sw_span_equal(formula->input[i], name)) {
            return formula->value[i];
        }
    }
    return NULL;
}

struct renaming {
    struct sw_span from, to;
};

static struct sw_span rename_one(void *context, struct sw_span name)
{
    const struct renaming *renaming = context;
    return sw_span_equal(name, renaming->from) ? renaming->to : name;
}

sw_status sw_formula_renamed(const struct sw_formula *formula, struct sw_span from,
                             struct sw_span to, struct sw_formula **renamed, struct sw_err *err)
{
    struct renaming renaming = {from, to};
    struct sw_expr *expr = NULL;
    struct sw_formula *made = NULL;
    struct sw_buf text;
    SW_TRY(sw_expr_parse(formula->text, &expr, err));
    sw_buf_init(&text);
    sw_status status = sw_expr_respell(expr, rename_one, &renaming, &text, err);
    if (status == SW_OK &&
        (copy_formula(formula, own_input, (void *)(uintptr_t)formula, &made) != SW_OK ||
         keep_text(made, &text) != SW_OK)) {
        sw_formula_unref(made);
        status = sw_edit_no_memory(err);
    }
    sw_expr_free(expr);
    sw_buf_fini(&text);
    if (status != SW_OK) {
        return status;
    }
    made->id = formula->id;
    struct sw_dict *dict = formula->dict;
    made->dict = dict == NULL ? NULL : sw_dict_ref(dict);
    made->is_plain = formula->is_plain;
    made->is_wanted = formula->is_wanted;
    if (formula->broken != NULL) {
        made->broken = sw_arena_text(&made->arena, sw_span_text(formula->broken));
    }
    *renamed = made;
    return SW_OK;
}

sw_status sw_formula_with_inputs(const struct sw_formula *formula, sw_expr_input_fn input,
                                 void *context, struct sw_formula **copy)
{
    SW_TRY(copy_formula(formula, input, context, copy));
    const char *text = sw_arena_text(&(*copy)->arena, formula->text);
    if (text == NULL) {
        sw_formula_unref(*copy);
        return SW_NO_MEMORY;
    }
    (*copy)->text = sw_span_of(text, formula->text.length);
    return SW_OK;
}

bool sw_formula_same_value(const struct sw_json *a, const struct sw_json *b)
{
    return sw_json_is_null(a) || sw_json_is_null(b) ? sw_json_is_null(a) && sw_json_is_null(b)
                                                    : sw_json_equal(a, b);
}

sw_status sw_formula_compile(const struct sw_schema *schema, uint32_t column,
                             struct sw_program **program, struct sw_err *err)
{
    struct sw_formula *formula = schema->column[column].formula;
    struct sw_expr *expr = NULL;
    SW_TRY(sw_expr_parse(formula->text, &expr, err));
    sw_status status = sw_expr_compile(expr, schema, own_input, formula, program, err);
    sw_expr_free(expr);
    return status;
}

/* -- all of a schema ------------------------------------------------------------------------- */

enum mark { NEW, OPEN, DONE };

struct walk {
    const struct sw_schema *schema;
    uint8_t *mark;  /* [columns]: enum mark; owned */
    uint32_t *path; /* formulas that are open, outermost first; owned */
    uint32_t depth;
    uint32_t *order; /* [formulas] the result */
    uint32_t count;
};

static sw_status say_cycle(const struct walk *walk, uint32_t column, struct sw_err *err)
{
    char text[SW_ERR_MESSAGE_MAX / 2];
    size_t length = 0;
    uint32_t from = 0;
    while (walk->path[from] != column) {
        from++;
    }
    for (uint32_t i = from; i < walk->depth && length < sizeof text; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "%.60s -> ",
                                   walk->schema->column[walk->path[i]].name);
    }
    return sw_fail(err, SW_EXPRESSION, "formulas cannot read themselves: %s%.60s",
                   length < sizeof text ? text : "... -> ", walk->schema->column[column].name);
}

/* The depth of the recursion is that of formulas over formulas, at most the number of columns. */
static sw_status visit(struct walk *walk, uint32_t column, struct sw_err *err)
{
    const struct sw_schema *schema = walk->schema;
    if (walk->mark[column] == OPEN) {
        return say_cycle(walk, column, err);
    }
    if (walk->mark[column] == DONE || schema->column[column].formula == NULL) {
        return SW_OK;
    }
    if (walk->depth >= SW_FORMULA_DEPTH_MAX) {
        return sw_fail_limit(err, "formula_depth", walk->depth + (int64_t)1, SW_FORMULA_DEPTH_MAX,
                             "make one of the formulas values with table.freeze_column");
    }
    walk->mark[column] = OPEN;
    walk->path[walk->depth++] = column;
    for (uint32_t i = 0; i < schema->columns; i++) {
        if (sw_formula_reads(schema->column[column].formula, schema->column[i].id)) {
            SW_TRY(visit(walk, i, err));
        }
    }
    walk->depth--;
    walk->mark[column] = DONE;
    walk->order[walk->count++] = column;
    return SW_OK;
}

sw_status sw_formula_order(const struct sw_schema *schema, uint32_t first, uint32_t *order,
                           struct sw_err *err)
{
    struct walk walk = {.schema = schema, .order = order};
    walk.mark = calloc(schema->columns, 1);
    walk.path = calloc(schema->columns, sizeof *walk.path);
    sw_status status = walk.mark == NULL || walk.path == NULL ? sw_edit_no_memory(err) : SW_OK;
    if (status == SW_OK && first < schema->columns) {
        status = visit(&walk, first, err);
    }
    for (uint32_t i = 0; i < schema->columns && status == SW_OK; i++) {
        status = visit(&walk, i, err);
    }
    free(walk.mark);
    free(walk.path);
    return status;
}

/* What it gives must be something that the column's type can hold, at least in part. */
static sw_status check_type(const struct sw_column *column, enum sw_type from, struct sw_err *err)
{
    if (sw_edit_is_convertible(from, column->type)) {
        return SW_OK;
    }
    return sw_fail(err, SW_TYPE,
                   "column `%.100s` is to be of type %s, and its formula gives %s: use CAST(... AS "
                   "%s) or another type",
                   column->name, sw_type_name(column->type), sw_type_name(from),
                   sw_type_name(column->type));
}

sw_status sw_formula_settle_one(struct sw_schema *schema, uint32_t index, struct sw_err *err)
{
    struct sw_column *column = &schema->column[index];
    struct sw_program *program = NULL;
    SW_TRY(sw_formula_compile(schema, index, &program, err));
    enum sw_type from = sw_program_type(program);
    sw_program_free(program);
    if (column->formula->has_type) {
        return check_type(column, from, err);
    }
    column->type = from;
    return SW_OK;
}

static sw_status say_which(const struct sw_column *column, sw_status status, struct sw_err *err)
{
    if (err == NULL) {
        return status;
    }
    struct sw_err own = *err;
    int shown = sw_edit_shown(column->formula->text, 80);
    return sw_fail(err, status,
                   "the formula of column `%.100s` (%.*s%s) would no longer work: %.250s",
                   column->name, shown, column->formula->text.data,
                   (size_t)shown < column->formula->text.length ? "..." : "", own.message);
}

sw_status sw_formula_settle(struct sw_schema *schema, uint32_t about, struct sw_err *err)
{
    if (schema->formulas == 0) {
        return SW_OK;
    }
    uint32_t *order = calloc(schema->formulas, sizeof *order);
    if (order == NULL) {
        return sw_edit_no_memory(err);
    }
    sw_status status = sw_formula_order(schema, about, order, err);
    for (uint32_t i = 0; i < schema->formulas && status == SW_OK; i++) {
        const struct sw_column *column = &schema->column[order[i]];
        if (column->formula->broken != NULL && order[i] != about) {
            continue; /* it was so before, and its inputs may mend it */
        }
        status = sw_formula_settle_one(schema, order[i], err);
        if (status != SW_OK && status != SW_NO_MEMORY && order[i] != about) {
            status = say_which(column, status, err);
        }
    }
    free(order);
    return status;
}

sw_status sw_formula_need_unused(const struct sw_schema *schema, uint32_t column,
                                 struct sw_err *err)
{
    char text[SW_ERR_MESSAGE_MAX / 2] = "";
    size_t length = 0;
    uint32_t users = 0;
    for (uint32_t i = 0; i < schema->columns; i++) {
        const struct sw_formula *formula = schema->column[i].formula;
        if (i == column || formula == NULL ||
            !sw_formula_reads(formula, schema->column[column].id)) {
            continue;
        }
        if (length + 80 < sizeof text) {
            length += (size_t)snprintf(text + length, sizeof text - length, "%s`%.60s`",
                                       users == 0 ? "" : ", ", schema->column[i].name);
        } else if (text[length - 1] != '.') {
            length += (size_t)snprintf(text + length, sizeof text - length, ", ...");
        }
        users++;
    }
    if (users == 0) {
        return SW_OK;
    }
    return sw_fail(err, SW_NOT_ALLOWED,
                   "column `%.100s` is read by the formula%s of %s: drop %s first, or make %s "
                   "values with table.freeze_column",
                   schema->column[column].name, users == 1 ? "" : "s", text,
                   users == 1 ? "it" : "them", users == 1 ? "it" : "them");
}
