/* table.add_column, drop_column and rename_column: other columns' chunks are shared. */
#include <stdlib.h>

#include "edit/edit_priv.h"

/* -- schemas ----------------------------------------------------------------------- */

/* The version's schema with room for one more at the end; ids stay. */
struct draft {
    uint32_t columns;
    const char **name;
    enum sw_type *type;
    uint32_t *id;
};

static void free_draft(struct draft *draft)
{
    free(draft->name);
    free(draft->type);
    free(draft->id);
}

static sw_status new_draft(const struct sw_schema *schema, struct draft *draft, struct sw_err *err)
{
    size_t room = schema->columns + (size_t)1;
    *draft = (struct draft){.columns = schema->columns,
                            .name = calloc(room, sizeof(char *)),
                            .type = calloc(room, sizeof *draft->type),
                            .id = calloc(room, sizeof *draft->id)};
    if (draft->name == NULL || draft->type == NULL || draft->id == NULL) {
        free_draft(draft);
        return sw_edit_no_memory(err);
    }
    for (uint32_t i = 0; i < schema->columns; i++) {
        draft->name[i] = schema->column[i].name;
        draft->type[i] = schema->column[i].type;
        draft->id[i] = schema->column[i].id;
    }
    return SW_OK;
}

/* The draft is freed. */
static sw_status make_schema(struct sw_edit *edit, struct draft *draft, struct sw_err *err)
{
    sw_status status = sw_schema_new(draft->columns, draft->name, draft->type, &edit->schema);
    if (status == SW_LIMIT) {
        status = sw_fail_limit(err, "columns", draft->columns, SW_COLUMNS_MAX,
                               "drop columns that are not needed");
    } else if (status != SW_OK) {
        status = sw_edit_no_memory(err);
    }
    for (uint32_t i = 0; status == SW_OK && i < draft->columns; i++) {
        edit->schema->column[i].id = draft->id[i];
    }
    free_draft(draft);
    return status;
}

static sw_status need_free_name(const struct sw_schema *schema, struct sw_span name,
                                struct sw_err *err)
{
    if (sw_schema_find(schema, name) < 0) {
        return SW_OK;
    }
    return sw_fail(err, SW_PARAMS, "there is a column `%.*s` already: choose another name",
                   sw_edit_shown(name, 100), name.data);
}

static void copy_name(struct sw_span name, char into[SW_NAME_BYTES_MAX + 1])
{
    sw_assert(name.length <= SW_NAME_BYTES_MAX);
    memcpy(into, name.data, name.length);
    into[name.length] = '\0';
}

static sw_status share_group(struct sw_edit *edit, uint32_t index, struct sw_err *err)
{
    return sw_edit_emit_shared(edit, index, err);
}

/* NULL for a formula that nothing has read. */
static struct sw_chunk *ref_chunk(const struct sw_rowgroup *group, uint32_t column)
{
    struct sw_chunk *chunk = group->chunk[column];
    return chunk == NULL ? NULL : sw_chunk_ref(chunk);
}

/* -- add -------------------------------------------------------------------------------- */

/* The column at the end; its id is one that no other has. */
static sw_status add_to_schema(struct sw_edit *edit, enum sw_type type, struct sw_err *err)
{
    struct draft draft;
    SW_TRY(new_draft(edit->version->schema, &draft, err));
    char name[SW_NAME_BYTES_MAX + 1];
    copy_name(edit->op->column, name);
    uint32_t id = 0;
    for (uint32_t i = 0; i < draft.columns; i++) {
        id = draft.id[i] >= id ? draft.id[i] + 1 : id;
    }
    draft.name[draft.columns] = name;
    draft.type[draft.columns] = type;
    draft.id[draft.columns] = id;
    draft.columns++;
    return make_schema(edit, &draft, err);
}

static sw_status begin_values(struct sw_edit *edit, struct sw_err *err)
{
    const struct sw_schema *schema = edit->version->schema;
    const struct sw_edit_op *op = edit->op;
    struct sw_edit_target *target = calloc(1, sizeof *target);
    if (target == NULL) {
        return sw_edit_no_memory(err);
    }
    edit->state = target;
    target->column = schema->columns;
    target->is_new = true;
    target->type = op->type;
    SW_TRY(sw_edit_target_begin(target, op->sets == 0 ? NULL : op->set, schema, err));
    SW_TRY(sw_edit_reads(edit, target->program, err));
    target->type = op->has_type ? op->type : target->from;
    SW_TRY(add_to_schema(edit, target->type, err));
    target->name = edit->schema->column[target->column].name;
    return SW_OK;
}

/* The column's slots stay empty until something reads them. */
static sw_status begin_formula(struct sw_edit *edit, struct sw_err *err)
{
    const struct sw_edit_op *op = edit->op;
    struct sw_formula *formula = NULL;
    SW_TRY(add_to_schema(edit, op->has_type ? op->type : SW_TYPE_INT, err));
    SW_TRY(sw_formula_new(op->formula, op->has_type, edit->schema, sw_edit_expr_input,
                          (void *)&op->set->expr, &formula, err));
    sw_schema_set_formula(edit->schema, edit->schema->columns - 1, formula);
    return SW_OK;
}

static sw_status begin_add(struct sw_edit *edit, struct sw_err *err)
{
    SW_TRY(need_free_name(edit->version->schema, edit->op->column, err));
    return edit->op->formula.data != NULL ? begin_formula(edit, err) : begin_values(edit, err);
}
static sw_status add_to_group(struct sw_edit *edit, uint32_t index, struct sw_err *err)
{
    const struct sw_rowgroup *group = edit->version->group[index];
    struct sw_chunk **chunk = calloc(group->columns + (size_t)1, sizeof(struct sw_chunk *));
    if (chunk == NULL) {
        return sw_edit_no_memory(err);
    }
    sw_status status = sw_edit_realise(edit, index, err);
    if (status == SW_OK && edit->state != NULL) {
        status = sw_edit_target_chunk(edit, edit->state, index, NULL, &chunk[group->columns], err);
    }
    struct sw_rowgroup *made = NULL;
    if (status == SW_OK) {
        for (uint32_t i = 0; i < group->columns; i++) {
            chunk[i] = ref_chunk(group, i);
        }
        struct sw_chunk *ids = group->row_ids == NULL ? NULL : sw_chunk_ref(group->row_ids);
        status = sw_rowgroup_take(group->columns + 1, chunk, group->first_row_id, ids, &made);
        status = status == SW_OK ? sw_edit_emit(edit, made, err) : sw_edit_no_memory(err);
    }
    free(chunk);
    return status;
}

static sw_status finish_add(struct sw_edit *edit, struct sw_err *err)
{
    return edit->state == NULL ? SW_OK : sw_edit_target_finish(edit->state, err);
}

static void end_add(struct sw_edit *edit)
{
    if (edit->state != NULL) {
        sw_edit_target_end(edit->state);
        free(edit->state);
    }
}

static void say_add(const struct sw_edit *edit, struct sw_buf *what)
{
    sw_buf_put_text(what, "added column ");
    sw_edit_say_name(what, edit->op->column);
    if (edit->op->formula.data != NULL) {
        sw_edit_say_formula(what, edit->op->formula);
    }
}

const struct sw_edit_kind_ops sw_edit_add_column = {begin_add, add_to_group, finish_add, end_add,
                                                    say_add};

/* -- drop ---------------------------------------------------------------------------------- */

static sw_status begin_drop(struct sw_edit *edit, struct sw_err *err)
{
    const struct sw_schema *schema = edit->version->schema;
    uint32_t column;
    SW_TRY(sw_schema_need(schema, edit->op->column, &column, err));
    if (schema->columns == 1) {
        return sw_fail(err, SW_NOT_ALLOWED,
                       "`%.100s` is the only column: a table has at least one (table.drop drops "
                       "the table)",
                       schema->column[0].name);
    }
    SW_TRY(sw_formula_need_unused(schema, column, err));
    SW_TRY(sw_edit_need_other_values(schema, column, err));
    struct draft draft;
    SW_TRY(new_draft(schema, &draft, err));
    for (uint32_t i = column; i + 1 < draft.columns; i++) {
        draft.name[i] = draft.name[i + 1];
        draft.type[i] = draft.type[i + 1];
        draft.id[i] = draft.id[i + 1];
    }
    draft.columns--;
    return make_schema(edit, &draft, err);
}

static sw_status drop_from_group(struct sw_edit *edit, uint32_t index, struct sw_err *err)
{
    const struct sw_rowgroup *group = edit->version->group[index];
    uint32_t gone = (uint32_t)sw_schema_find(edit->version->schema, edit->op->column);
    struct sw_chunk **chunk = calloc(group->columns, sizeof(struct sw_chunk *));
    if (chunk == NULL) {
        return sw_edit_no_memory(err);
    }
    uint32_t columns = 0;
    for (uint32_t i = 0; i < group->columns; i++) {
        if (i != gone) {
            chunk[columns++] = ref_chunk(group, i);
        }
    }
    struct sw_chunk *ids = group->row_ids == NULL ? NULL : sw_chunk_ref(group->row_ids);
    struct sw_rowgroup *made = NULL;
    sw_status status = sw_rowgroup_take(columns, chunk, group->first_row_id, ids, &made);
    free(chunk);
    return status == SW_OK ? sw_edit_emit(edit, made, err) : sw_edit_no_memory(err);
}

static void say_drop(const struct sw_edit *edit, struct sw_buf *what)
{
    sw_buf_put_text(what, "dropped column ");
    sw_edit_say_name(what, edit->op->column);
}

const struct sw_edit_kind_ops sw_edit_drop_column = {
    begin_drop, drop_from_group, sw_edit_finish_nothing, sw_edit_end_nothing, say_drop};

/* -- rename ----------------------------------------------------------------------------------- */

static sw_status begin_rename(struct sw_edit *edit, struct sw_err *err)
{
    const struct sw_schema *schema = edit->version->schema;
    const struct sw_edit_op *op = edit->op;
    uint32_t column;
    SW_TRY(sw_schema_need(schema, op->column, &column, err));
    if (!sw_span_equal(op->column, op->to)) {
        SW_TRY(need_free_name(schema, op->to, err));
    }
    struct draft draft;
    SW_TRY(new_draft(schema, &draft, err));
    char name[SW_NAME_BYTES_MAX + 1];
    copy_name(op->to, name);
    draft.name[column] = name;
    return make_schema(edit, &draft, err);
}

static void say_rename(const struct sw_edit *edit, struct sw_buf *what)
{
    sw_buf_put_text(what, "renamed column ");
    sw_edit_say_name(what, edit->op->column);
    sw_buf_put_text(what, " to ");
    sw_edit_say_name(what, edit->op->to);
}

const struct sw_edit_kind_ops sw_edit_rename_column = {
    begin_rename, share_group, sw_edit_finish_nothing, sw_edit_end_nothing, say_rename};
