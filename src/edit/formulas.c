/* Formulas in edits: table.set_formula, table.freeze_column, and what every other edit owes to the
 * formulas of its table. */
#include <stdlib.h>

#include "edit/edit_priv.h"

/* -- reading them ---------------------------------------------------------------------- */

sw_status sw_edit_reads(struct sw_edit *edit, const struct sw_program *program, struct sw_err *err)
{
    const struct sw_schema *schema = edit->version->schema;
    const uint32_t *columns = NULL;
    if (schema->formulas == 0 || program == NULL) {
        return SW_OK;
    }
    if (edit->reads == NULL) {
        edit->reads = calloc(schema->columns, 1);
    }
    if (edit->reads == NULL) {
        return sw_edit_no_memory(err);
    }
    size_t count = sw_program_columns(program, &columns);
    for (size_t i = 0; i < count; i++) {
        edit->reads[columns[i]] = 1;
    }
    sw_schema_add_sources(schema, edit->reads);
    return sw_schema_check_formulas(schema, edit->reads, err);
}

static sw_status need_realise(struct sw_edit *edit, struct sw_err *err)
{
    if (edit->realise_plan == NULL) {
        SW_TRY(sw_realise_plan_new(edit->version->schema, edit->reads, &edit->realise_plan, err));
    }
    return edit->realise_state != NULL
               ? SW_OK
               : sw_realise_state_new(edit->realise_plan, edit->budget, &edit->realise_state, err);
}

sw_status sw_edit_realise(struct sw_edit *edit, uint32_t group, struct sw_err *err)
{
    if (edit->reads == NULL || sw_realise_is_done(edit->version, edit->reads, group, group + 1)) {
        return SW_OK;
    }
    SW_TRY(need_realise(edit, err));
    return sw_realise_group(edit->realise_state, edit->version, group, err);
}

void sw_edit_forget_reads(struct sw_edit *edit)
{
    sw_realise_state_free(edit->realise_state);
    sw_realise_plan_free(edit->realise_plan);
    free(edit->reads);
    edit->realise_state = NULL;
    edit->realise_plan = NULL;
    edit->reads = NULL;
}

/* -- writing beside them ------------------------------------------------------------------ */

sw_status sw_edit_need_values(const struct sw_schema *schema, uint32_t column, struct sw_err *err)
{
    const struct sw_column *facts = &schema->column[column];
    if (facts->formula == NULL) {
        return SW_OK;
    }
    int shown = sw_edit_shown(facts->formula->text, 100);
    return sw_fail(err, SW_NOT_ALLOWED,
                   "column `%.100s` is a formula (%.*s%s), its values follow from that: change it "
                   "with table.set_formula, or make it values with table.freeze_column first",
                   facts->name, shown, facts->formula->text.data,
                   (size_t)shown < facts->formula->text.length ? "..." : "");
}

/* Formulas that read a column whose chunk is another one now, and that were computed. */
static bool find_emptied(const struct sw_schema *schema, const struct sw_rowgroup *before,
                         const struct sw_rowgroup *after, uint8_t *set)
{
    bool is_any = false;
    for (uint32_t i = 0; i < schema->columns; i++) {
        set[i] = before->chunk[i] != after->chunk[i];
    }
    sw_schema_add_dependents(schema, set);
    for (uint32_t i = 0; i < schema->columns; i++) {
        set[i] = set[i] != 0 && schema->column[i].formula != NULL && after->chunk[i] != NULL;
        is_any = is_any || set[i] != 0;
    }
    return is_any;
}

sw_status sw_edit_emit_changed(struct sw_edit *edit, uint32_t index, struct sw_rowgroup *group,
                               struct sw_err *err)
{
    const struct sw_schema *schema = edit->version->schema;
    if (schema->formulas == 0) {
        return sw_edit_emit(edit, group, err);
    }
    struct sw_rowgroup *emptied = NULL;
    sw_status status = SW_OK;
    uint8_t *set = calloc(schema->columns, 1);
    if (set == NULL) {
        status = SW_NO_MEMORY;
    } else if (find_emptied(schema, edit->version->group[index], group, set)) {
        status = sw_rowgroup_without(group, set, &emptied);
    } else {
        emptied = sw_rowgroup_ref(group);
    }
    free(set);
    sw_rowgroup_unref(group);
    return status == SW_OK ? sw_edit_emit(edit, emptied, err) : sw_edit_no_memory(err);
}

/* -- a new schema ------------------------------------------------------------------------ */

static int32_t find_id(const struct sw_schema *schema, uint32_t id)
{
    for (uint32_t i = 0; i < schema->columns; i++) {
        if (schema->column[i].id == id) {
            return (int32_t)i;
        }
    }
    return -1;
}

/* The formula of column `index` of the schema before, as it stands in the new one; NULL: none. */
static sw_status carry_one(const struct sw_edit *edit, uint32_t index, struct sw_formula **formula,
                           struct sw_err *err)
{
    const struct sw_schema *before = edit->version->schema;
    const struct sw_edit_op *op = edit->op;
    const struct sw_column *column = &before->column[index];
    *formula = NULL;
    if (column->formula == NULL || (op->kind == SW_EDIT_FREEZE_COLUMN &&
                                    sw_span_equal(sw_span_text(column->name), op->column))) {
        return SW_OK;
    }
    if (op->kind == SW_EDIT_RENAME_COLUMN) {
        int32_t renamed = sw_schema_find(before, op->column);
        if (renamed >= 0 && sw_formula_reads(column->formula, before->column[renamed].id)) {
            return sw_formula_renamed(column->formula, op->column, op->to, formula, err);
        }
    }
    *formula = sw_formula_ref(column->formula);
    return SW_OK;
}

/* Where the op has made a formula: that column. */
static uint32_t new_formula(const struct sw_edit *edit)
{
    return edit->op->formula.data == NULL
               ? SW_FORMULA_NONE
               : (uint32_t)sw_schema_find(edit->schema, edit->op->column);
}

sw_status sw_edit_carry_formulas(struct sw_edit *edit, struct sw_err *err)
{
    struct sw_schema *schema = edit->schema;
    for (uint32_t i = 0; i < schema->columns; i++) {
        int32_t before = find_id(edit->version->schema, schema->column[i].id);
        if (before >= 0 && schema->column[i].formula == NULL) {
            struct sw_formula *formula = NULL;
            SW_TRY(carry_one(edit, (uint32_t)before, &formula, err));
            sw_schema_set_formula(schema, i, formula);
        }
    }
    return sw_formula_settle(schema, new_formula(edit), err);
}

sw_status sw_edit_need_other_values(const struct sw_schema *schema, uint32_t column,
                                    struct sw_err *err)
{
    if (schema->column[column].formula != NULL || schema->columns - schema->formulas > 1) {
        return SW_OK;
    }
    return sw_fail(err, SW_NOT_ALLOWED,
                   "`%.100s` is the only column that is no formula: make another one values first "
                   "(table.freeze_column)",
                   schema->column[column].name);
}

/* -- table.set_formula ------------------------------------------------------------------- */

static sw_status begin_set(struct sw_edit *edit, struct sw_err *err)
{
    const struct sw_schema *schema = edit->version->schema;
    const struct sw_edit_op *op = edit->op;
    struct sw_formula *formula = NULL;
    uint32_t column;
    SW_TRY(sw_schema_need(schema, op->column, &column, err));
    SW_TRY(sw_edit_need_other_values(schema, column, err));
    if (sw_schema_copy(schema, &edit->schema) != SW_OK) {
        return sw_edit_no_memory(err);
    }
    SW_TRY(sw_formula_new(op->formula, op->has_type, edit->schema, sw_edit_expr_input,
                          (void *)&op->set->expr, &formula, err));
    sw_schema_set_formula(edit->schema, column, formula);
    edit->schema->column[column].type = op->has_type ? op->type : schema->column[column].type;
    return SW_OK;
}

/* Every group is another one, also where nothing was computed: readers of the version before may
 * fill in what is old. */
static sw_status set_in_group(struct sw_edit *edit, uint32_t index, struct sw_err *err)
{
    const struct sw_schema *schema = edit->schema;
    struct sw_rowgroup *made = NULL;
    uint8_t *set = calloc(schema->columns, 1);
    if (set == NULL) {
        return sw_edit_no_memory(err);
    }
    set[sw_schema_find(schema, edit->op->column)] = 1;
    sw_schema_add_dependents(schema, set);
    sw_status status = sw_rowgroup_without(edit->version->group[index], set, &made);
    free(set);
    return status == SW_OK ? sw_edit_emit(edit, made, err) : sw_edit_no_memory(err);
}

void sw_edit_say_formula(struct sw_buf *what, struct sw_span formula)
{
    int shown = sw_edit_shown(formula, 80);
    sw_buf_printf(what, " = %.*s%s", shown, formula.data,
                  (size_t)shown < formula.length ? "..." : "");
}

static void say_set(const struct sw_edit *edit, struct sw_buf *what)
{
    sw_buf_put_text(what, "set formula ");
    sw_edit_say_name(what, edit->op->column);
    sw_edit_say_formula(what, edit->op->formula);
}

const struct sw_edit_kind_ops sw_edit_set_formula = {
    begin_set, set_in_group, sw_edit_finish_nothing, sw_edit_end_nothing, say_set};

/* -- table.freeze_column ----------------------------------------------------------------- */

static sw_status begin_freeze(struct sw_edit *edit, struct sw_err *err)
{
    const struct sw_schema *schema = edit->version->schema;
    uint32_t column;
    SW_TRY(sw_schema_need(schema, edit->op->column, &column, err));
    if (schema->column[column].formula == NULL) {
        return sw_fail(err, SW_NOT_ALLOWED, "column `%.100s` is no formula: it has values already",
                       schema->column[column].name);
    }
    edit->reads = calloc(schema->columns, 1);
    if (edit->reads == NULL) {
        return sw_edit_no_memory(err);
    }
    edit->reads[column] = 1;
    sw_schema_add_sources(schema, edit->reads);
    SW_TRY(sw_schema_check_formulas(schema, edit->reads, err));
    struct sw_schema *copy = NULL;
    if (sw_schema_copy(schema, &copy) != SW_OK) {
        return sw_edit_no_memory(err);
    }
    sw_schema_set_formula(copy, column, NULL);
    edit->schema = copy;
    return SW_OK;
}

static sw_status freeze_group(struct sw_edit *edit, uint32_t index, struct sw_err *err)
{
    SW_TRY(sw_edit_realise(edit, index, err));
    return sw_edit_emit_shared(edit, index, err);
}

static void say_freeze(const struct sw_edit *edit, struct sw_buf *what)
{
    sw_buf_put_text(what, "made column ");
    sw_edit_say_name(what, edit->op->column);
    sw_buf_put_text(what, " values");
}

const struct sw_edit_kind_ops sw_edit_freeze_column = {
    begin_freeze, freeze_group, sw_edit_finish_nothing, sw_edit_end_nothing, say_freeze};
