/* table.update: new values for some columns of some rows.  Row groups without such a row are
 * shared, and so are the columns that are not named; all expressions see the rows as they were. */
#include <stdlib.h>

#include "edit/edit_priv.h"

struct update {
    struct sw_edit_rows rows;
    size_t targets;
    struct sw_edit_target target[];
};

static sw_status begin_targets(struct sw_edit *edit, struct update *update, struct sw_err *err)
{
    const struct sw_schema *schema = edit->version->schema;
    for (size_t i = 0; i < edit->op->sets; i++) {
        const struct sw_edit_set *set = &edit->op->set[i];
        struct sw_edit_target *target = &update->target[i];
        SW_TRY(sw_schema_need(schema, set->column, &target->column, err));
        target->name = schema->column[target->column].name;
        target->type = schema->column[target->column].type;
        update->targets = i + 1;
        SW_TRY(sw_edit_need_values(schema, target->column, err));
        SW_TRY(sw_edit_target_begin(target, set, schema, err));
        SW_TRY(sw_edit_reads(edit, target->program, err));
    }
    return SW_OK;
}

static sw_status begin(struct sw_edit *edit, struct sw_err *err)
{
    struct update *update =
        calloc(1, sizeof *update + edit->op->sets * sizeof(struct sw_edit_target));
    if (update == NULL) {
        return sw_edit_no_memory(err);
    }
    edit->state = update;
    SW_TRY(begin_targets(edit, update, err));
    return sw_edit_rows_begin(edit, &update->rows, err);
}

static sw_status write_group(struct sw_edit *edit, struct update *update, uint32_t index,
                             const uint64_t *bits, struct sw_err *err)
{
    SW_TRY(sw_edit_realise(edit, index, err));
    struct sw_rowgroup *group = sw_rowgroup_ref(edit->version->group[index]);
    for (size_t i = 0; i < update->targets; i++) {
        struct sw_chunk *chunk = NULL;
        struct sw_rowgroup *next = NULL;
        sw_status status = sw_edit_target_chunk(edit, &update->target[i], index, bits, &chunk, err);
        if (status == SW_OK &&
            sw_rowgroup_with_chunk(group, update->target[i].column, chunk, &next) != SW_OK) {
            status = sw_edit_no_memory(err);
        }
        sw_rowgroup_unref(group);
        if (status != SW_OK) {
            return status;
        }
        group = next;
    }
    return sw_edit_emit_changed(edit, index, group, err);
}

static sw_status group(struct sw_edit *edit, uint32_t index, struct sw_err *err)
{
    struct update *update = edit->state;
    uint64_t bits[SW_GROUP_WORDS];
    uint32_t count = 0;
    SW_TRY(sw_edit_rows_group(edit, &update->rows, index, bits, &count, err));
    if (count == 0) {
        return sw_edit_emit_shared(edit, index, err);
    }
    sw_edit_outcome_now(edit)->rows += count;
    return write_group(edit, update, index, bits, err);
}

static sw_status finish(struct sw_edit *edit, struct sw_err *err)
{
    struct update *update = edit->state;
    SW_TRY(sw_edit_rows_finish(&update->rows, err));
    for (size_t i = 0; i < update->targets; i++) {
        SW_TRY(sw_edit_target_finish(&update->target[i], err));
    }
    edit->is_same = sw_edit_outcome_now(edit)->rows == 0;
    return SW_OK;
}

/* New strings get their codes in the order of the rows: that is one worker's. */
static bool is_divisible(const struct sw_edit *edit)
{
    const struct update *update = edit->state;
    for (size_t i = 0; i < update->targets; i++) {
        if (update->target[i].type == SW_TYPE_STRING) {
            return false;
        }
    }
    return !update->rows.has_ids;
}

static sw_status join(struct sw_edit *edit, const struct sw_edit *part, struct sw_err *err)
{
    struct update *update = edit->state;
    const struct update *other = part->state;
    sw_edit_outcome_now(edit)->rows += part->outcome[part->op_index].rows;
    SW_TRY(sw_edit_rows_join(&update->rows, &other->rows, err));
    for (size_t i = 0; i < other->targets; i++) {
        SW_TRY(sw_edit_target_finish(&other->target[i], err));
    }
    return SW_OK;
}

static void end(struct sw_edit *edit)
{
    struct update *update = edit->state;
    if (update == NULL) {
        return;
    }
    for (size_t i = 0; i < update->targets; i++) {
        sw_edit_target_end(&update->target[i]);
    }
    sw_edit_rows_end(&update->rows);
    free(update);
}

static void say(const struct sw_edit *edit, struct sw_buf *what)
{
    sw_buf_put_text(what, "changed ");
    for (size_t i = 0; i < edit->op->sets; i++) {
        if (i == 3 && edit->op->sets > 4) {
            sw_buf_printf(what, " and %zu more columns", edit->op->sets - i);
            break;
        }
        sw_buf_put_text(what, i == 0 ? "" : ", ");
        sw_edit_say_name(what, edit->op->set[i].column);
    }
    sw_buf_put_text(what, " in ");
    sw_edit_say_rows(what, edit->outcome[edit->op_index].rows);
}

const struct sw_edit_kind_ops sw_edit_update = {begin, group, finish, end, say};
const struct sw_edit_split_ops sw_edit_update_split = {is_divisible, join};
