/* An op whose row groups are done by several workers at once.  Each worker has a part: a run of the
 * same op with a state of its own, of which only the groups count that the worker claims.  What
 * becomes of a group goes into its slot; the last one joins: slots in order, counts added up.  So
 * the result is that of one worker, and of several failures the first group's is told.
 *
 *   one step alone: begin -> parts at work, a group each -> the last joins -> alone again: finish
 *
 * The lock guards who may do what; a part is its worker's, a slot belongs to who claimed it. */
#include <stdlib.h>

#include "edit/edit_priv.h"

#define NO_GROUP UINT32_MAX

static const struct sw_edit_split_ops *const kinds[SW_EDIT_KINDS] = {
    [SW_EDIT_UPDATE] = &sw_edit_update_split,
    [SW_EDIT_DELETE_ROWS] = &sw_edit_delete_rows_split,
};

sw_status sw_edit_split_begin(struct sw_edit *edit, struct sw_err *err)
{
    struct sw_edit_split *split = &edit->split;
    uint32_t groups = edit->version->groups;
    const struct sw_edit_split_ops *ops = kinds[edit->op->kind];
    bool is_wanted = groups > 1 && ops != NULL && edit->version->schema->formulas == 0 &&
                     ops->is_divisible(edit);
    if (!is_wanted) {
        return SW_OK;
    }
    split->slot = calloc(groups, sizeof(struct sw_rowgroup *));
    split->part = calloc(SW_THREADS_MAX, sizeof(struct sw_edit *));
    if (split->slot == NULL || split->part == NULL) {
        return sw_edit_no_memory(err);
    }
    split->groups = groups;
    split->failed_at = NO_GROUP;
    split->is_on = true;
    return SW_OK;
}

void sw_edit_split_end(struct sw_edit *edit)
{
    struct sw_edit_split *split = &edit->split;
    for (uint32_t i = 0; split->slot != NULL && i < split->groups; i++) {
        sw_rowgroup_unref(split->slot[i]);
    }
    for (unsigned i = 0; split->part != NULL && i < SW_THREADS_MAX; i++) {
        sw_edit_free(split->part[i]);
    }
    free(split->slot);
    free(split->part);
    *split = (struct sw_edit_split){0};
}

static sw_status need_part(const struct sw_edit *edit, struct sw_edit **part, struct sw_err *err)
{
    if (*part != NULL) {
        return SW_OK;
    }
    SW_TRY(sw_edit_new(edit->plan, edit->version, edit->budget, part, err));
    (*part)->op_index = edit->op_index;
    return sw_edit_begin_op(*part, err);
}

static sw_status run_group(struct sw_edit *edit, unsigned worker, uint32_t index,
                           struct sw_err *err)
{
    struct sw_edit **own = &edit->split.part[worker];
    SW_TRY(need_part(edit, own, err));
    struct sw_edit *part = *own;
    SW_TRY(sw_edit_group(part, index, err));
    sw_assert(part->outs <= 1);
    if (part->outs == 1) {
        edit->split.slot[index] = part->out[0];
        part->outs = 0;
    }
    return SW_OK;
}

static sw_status join(struct sw_edit *edit, struct sw_err *err)
{
    struct sw_edit_split *split = &edit->split;
    if (split->failed_at != NO_GROUP) {
        *err = split->err;
        return split->status;
    }
    for (unsigned i = 0; i < SW_THREADS_MAX; i++) {
        if (split->part[i] != NULL) {
            SW_TRY(kinds[edit->op->kind]->join(edit, split->part[i], err));
        }
    }
    for (uint32_t i = 0; i < split->groups; i++) {
        struct sw_rowgroup *group = split->slot[i];
        split->slot[i] = NULL;
        if (group != NULL) {
            SW_TRY(sw_edit_emit(edit, group, err));
        }
    }
    return SW_OK;
}

/* Of several that fail the first group counts: it was claimed before the others. */
static void note_failure(struct sw_edit_split *split, uint32_t index, sw_status status,
                         const struct sw_err *err)
{
    if (index < split->failed_at) {
        split->failed_at = index;
        split->status = status;
        split->err = *err;
    }
}

bool sw_edit_split_step(struct sw_edit *edit, unsigned worker, bool *is_joined, sw_status *status,
                        struct sw_err *err)
{
    struct sw_edit_split *split = &edit->split;
    struct sw_err own = {0};
    *is_joined = false;
    if (split->failed_at != NO_GROUP || edit->next_group == split->groups) {
        return false; /* others are still at theirs, the last of them joins */
    }
    uint32_t index = edit->next_group++;
    split->running++;
    pthread_mutex_unlock(&edit->lock);
    sw_status done = run_group(edit, worker, index, &own);
    pthread_mutex_lock(&edit->lock);
    split->running--;
    if (done != SW_OK) {
        note_failure(split, index, done, &own);
    }
    bool is_last =
        split->running == 0 && (split->failed_at != NO_GROUP || edit->next_group == split->groups);
    if (is_last) {
        edit->next_group = split->groups;
        *status = join(edit, err);
        *is_joined = true;
    }
    return true;
}
