/* The run of a plan; see edit.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"
#include "edit/edit_priv.h"

static const struct sw_edit_kind_ops *const kinds[SW_EDIT_KINDS] = {
    [SW_EDIT_UPDATE] = &sw_edit_update,
    [SW_EDIT_APPEND] = &sw_edit_append,
    [SW_EDIT_DELETE_ROWS] = &sw_edit_delete_rows,
    [SW_EDIT_ADD_COLUMN] = &sw_edit_add_column,
    [SW_EDIT_DROP_COLUMN] = &sw_edit_drop_column,
    [SW_EDIT_RENAME_COLUMN] = &sw_edit_rename_column,
    [SW_EDIT_CAST_COLUMN] = &sw_edit_cast_column,
    [SW_EDIT_SET_FORMULA] = &sw_edit_set_formula,
    [SW_EDIT_FREEZE_COLUMN] = &sw_edit_freeze_column,
    [SW_EDIT_PREVIEW] = &sw_edit_preview,
};

#define SENTENCE_BYTES_MAX 400u /* of a batch: the rest is counted */

sw_status sw_edit_no_memory(struct sw_err *err)
{
    return sw_fail(err, SW_NO_MEMORY, "There is not enough memory for this edit.");
}

/* -- words ------------------------------------------------------------------------ */

void sw_edit_say_rows(struct sw_buf *what, uint64_t rows)
{
    char digits[SW_NUMBER_INT_BYTES];
    size_t length = (size_t)(sw_number_put_uint(digits, rows) - digits);
    for (size_t i = 0; i < length; i++) {
        sw_buf_put_byte(what, digits[i]);
        if (i + 1 < length && (length - i - 1) % 3 == 0) {
            sw_buf_put_byte(what, ',');
        }
    }
    sw_buf_put_text(what, rows == 1 ? " row" : " rows");
}

void sw_edit_say_name(struct sw_buf *what, struct sw_span name)
{
    int shown = sw_edit_shown(name, 60);
    sw_buf_printf(what, "`%.*s%s`", shown, name.data, (size_t)shown < name.length ? "..." : "");
}

/* -- what becomes of the version --------------------------------------------------- */

sw_status sw_edit_emit(struct sw_edit *edit, struct sw_rowgroup *group, struct sw_err *err)
{
    if (edit->outs == edit->out_capacity) {
        uint32_t capacity = edit->out_capacity + edit->out_capacity / 2 + 16;
        struct sw_rowgroup **out = realloc(edit->out, capacity * sizeof(struct sw_rowgroup *));
        if (out == NULL) {
            sw_rowgroup_unref(group);
            return sw_edit_no_memory(err);
        }
        edit->out = out;
        edit->out_capacity = capacity;
    }
    edit->out[edit->outs++] = group;
    return SW_OK;
}

sw_status sw_edit_emit_shared(struct sw_edit *edit, uint32_t index, struct sw_err *err)
{
    return sw_edit_emit(edit, sw_rowgroup_ref(edit->version->group[index]), err);
}

static void drop_outs(struct sw_edit *edit)
{
    for (uint32_t i = 0; i < edit->outs; i++) {
        sw_rowgroup_unref(edit->out[i]);
    }
    edit->outs = 0;
}

sw_status sw_edit_batch_at(struct sw_edit *edit, struct sw_batch *batch, uint32_t group,
                           uint32_t start, struct sw_err *err)
{
    if (edit->cache == NULL &&
        sw_batch_cache_new(edit->version->schema->columns, &edit->cache) != SW_OK) {
        return sw_edit_no_memory(err);
    }
    sw_batch_at(batch, edit->cache, edit->version, group, start);
    return SW_OK;
}

sw_status sw_edit_group(struct sw_edit *edit, uint32_t index, struct sw_err *err)
{
    struct sw_err lost = {0};
    sw_status status = edit->ops->group(edit, index, err);
    sw_status read = edit->cache == NULL ? SW_OK : sw_batch_leave(edit->cache, &lost);
    if (read != SW_OK) {
        *err = lost; /* what the kind said of it follows from that */
    }
    return read != SW_OK ? read : status;
}

/* -- one op after the other ----------------------------------------------------------- */

/* Forgets what belongs to the op and to the version before it. */
static void end_op(struct sw_edit *edit)
{
    if (edit->ops != NULL) {
        edit->ops->end(edit);
    }
    sw_edit_split_end(edit);
    drop_outs(edit);
    sw_schema_unref(edit->schema);
    sw_batch_cache_free(edit->cache);
    sw_edit_forget_reads(edit);
    edit->schema = NULL;
    edit->cache = NULL;
    edit->ops = NULL;
    edit->state = NULL;
}

sw_status sw_edit_begin_op(struct sw_edit *edit, struct sw_err *err)
{
    edit->op = &edit->plan->op[edit->op_index];
    edit->ops = kinds[edit->op->kind];
    edit->next_group = 0;
    edit->next_row_id = edit->version->next_row_id;
    edit->is_same = false;
    sw_edit_outcome_now(edit)->kind = edit->op->kind;
    SW_TRY(edit->ops->begin(edit, err));
    return edit->schema == NULL ? SW_OK : sw_edit_carry_formulas(edit, err);
}

static void say(struct sw_edit *edit)
{
    struct sw_buf *what = &edit->what;
    uint32_t ops = edit->plan->ops;
    if (edit->plan->is_batch && edit->op_index == 0) {
        sw_buf_printf(what, "%" PRIu32 " change%s: ", ops, ops == 1 ? "" : "s");
    }
    if (what->length > SENTENCE_BYTES_MAX) {
        if (edit->op_index + 1 == ops) {
            sw_buf_put_text(what, "; ...");
        }
        return;
    }
    sw_buf_put_text(what, edit->op_index == 0 ? "" : "; ");
    edit->ops->say(edit, what);
}

static sw_status finish_op(struct sw_edit *edit, struct sw_err *err)
{
    SW_TRY(edit->ops->finish(edit, err));
    say(edit);
    if (!edit->is_same) {
        struct sw_version *made = NULL;
        struct sw_schema *schema = edit->schema != NULL ? edit->schema : edit->version->schema;
        if (sw_version_new(edit->base->number + 1, schema, edit->outs, edit->out, edit->next_row_id,
                           &made) != SW_OK) {
            return sw_edit_no_memory(err);
        }
        sw_version_unref(edit->version);
        edit->version = made;
    }
    sw_edit_outcome_now(edit)->table_rows = edit->version->rows;
    end_op(edit);
    edit->op_index++;
    edit->is_over = edit->op_index == edit->plan->ops;
    return SW_OK;
}

/* A batch's error says which of its changes it is about. */
static void name_op(const struct sw_edit *edit, struct sw_err *err)
{
    if (edit->plan->is_batch && err->status == edit->status) {
        struct sw_err copy = *err;
        (void)snprintf(err->message, sizeof err->message, "change %" PRIu32 ": %.480s",
                       edit->op_index + 1, copy.message);
    }
}

static void fail(struct sw_edit *edit, sw_status status)
{
    struct sw_err *err = &edit->err;
    if (err->status != status) {
        (void)sw_fail(err, status, "%s",
                      status == SW_NO_MEMORY ? "There is not enough memory for this edit."
                                             : sw_status_name(status));
    }
    edit->status = status;
    name_op(edit, err);
    end_op(edit);
    edit->is_over = true;
}

/* A step that runs alone: the lock is not held. */
static sw_status step_alone(struct sw_edit *edit)
{
    struct sw_err *err = &edit->err;
    if (edit->ops == NULL) {
        SW_TRY(sw_edit_begin_op(edit, err));
        return sw_edit_split_begin(edit, err);
    }
    if (edit->next_group < edit->version->groups) {
        return sw_edit_group(edit, edit->next_group++, err);
    }
    return finish_op(edit, err);
}

static bool step(struct sw_edit *edit, unsigned worker)
{
    sw_status status = SW_OK;
    if (edit->split.is_on) {
        bool is_joined = false;
        if (!sw_edit_split_step(edit, worker, &is_joined, &status, &edit->err)) {
            return false;
        }
        if (is_joined) {
            sw_edit_split_end(edit);
        }
    } else {
        edit->is_busy = true;
        pthread_mutex_unlock(&edit->lock);
        status = step_alone(edit);
        pthread_mutex_lock(&edit->lock);
        edit->is_busy = false;
    }
    if (status != SW_OK) {
        fail(edit, status);
    }
    return true;
}

bool sw_edit_step_work(struct sw_edit *edit, unsigned worker)
{
    sw_assert(worker < SW_THREADS_MAX);
    pthread_mutex_lock(&edit->lock);
    /* in this order: a step that runs alone may be writing is_over */
    bool is_done = !edit->is_busy && !edit->is_over && step(edit, worker);
    pthread_mutex_unlock(&edit->lock);
    return is_done;
}

/* -- lifetime ------------------------------------------------------------------------- */

sw_status sw_edit_new(const struct sw_edit_plan *plan, struct sw_version *version,
                      struct sw_budget *budget, struct sw_edit **edit, struct sw_err *err)
{
    struct sw_edit *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sw_edit_no_memory(err);
    }
    made->outcome = calloc(plan->ops, sizeof *made->outcome);
    if (made->outcome == NULL) {
        free(made);
        return sw_edit_no_memory(err);
    }
    pthread_mutex_init(&made->lock, NULL);
    made->plan = plan;
    made->budget = budget;
    made->base = sw_version_ref(version);
    made->version = sw_version_ref(version);
    sw_buf_init(&made->what);
    sw_arena_init(&made->samples);
    *edit = made;
    return SW_OK;
}

void sw_edit_free(struct sw_edit *edit)
{
    if (edit == NULL) {
        return;
    }
    end_op(edit);
    sw_version_unref(edit->version);
    sw_version_unref(edit->base);
    sw_buf_fini(&edit->what);
    pthread_mutex_destroy(&edit->lock);
    sw_arena_fini(&edit->samples);
    free(edit->out);
    free(edit->outcome);
    free(edit);
}

sw_status sw_edit_result(const struct sw_edit *edit, struct sw_edit_result *result,
                         struct sw_err *err)
{
    if (edit->status != SW_OK) {
        if (err != NULL) {
            *err = edit->err;
        }
        return edit->status;
    }
    sw_assert(edit->is_over);
    struct sw_buf *what = (struct sw_buf *)(uintptr_t)&edit->what;
    sw_buf_put_byte(what, '\0');
    if (what->failed) {
        return sw_edit_no_memory(err);
    }
    what->length--;
    *result = (struct sw_edit_result){
        .version = edit->version,
        .is_changed = edit->version != edit->base,
        .what = what->data,
        .outcomes = edit->plan->ops,
        .outcome = edit->outcome,
    };
    for (uint32_t i = 0; i < edit->plan->ops; i++) {
        result->rows += edit->outcome[i].rows;
    }
    return SW_OK;
}

sw_status sw_edit_finish_nothing(struct sw_edit *edit, struct sw_err *err)
{
    (void)edit;
    (void)err;
    return SW_OK;
}

void sw_edit_end_nothing(struct sw_edit *edit)
{
    (void)edit;
}
