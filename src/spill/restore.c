#include "spill/restore.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/thread.h"
#include "spill/restore_priv.h"

sw_status sw_restore_new(struct sw_store *store, struct sw_budget *budget,
                         struct sw_restore **restore, struct sw_err *err)
{
    struct sw_restore *made = calloc(1, sizeof(*made));
    if (made == NULL || sw_saved_new(0, 0, &made->state) != SW_OK) {
        free(made);
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to open what is stored.");
    }
    made->store = store;
    made->budget = budget;
    sw_arena_init(&made->arena);
    *restore = made;
    return SW_OK;
}

void sw_restore_free(struct sw_restore *restore)
{
    if (restore == NULL) {
        return;
    }
    sw_saved_free(restore->state);
    for (uint32_t i = 0; i < restore->version_count; i++) {
        sw_version_unref(restore->version[i].version);
    }
    for (uint32_t i = 0; i < restore->group_count; i++) {
        sw_rowgroup_unref(restore->group[i].group);
    }
    for (uint32_t i = 0; i < restore->columns_count; i++) {
        sw_schema_unref(restore->columns[i].schema);
    }
    sw_restore_drop_chunks(restore);
    sw_arena_fini(&restore->arena);
    free(restore->columns);
    free(restore->group);
    free(restore->version);
    free(restore->data);
    free(restore->step);
    free(restore->fact);
    free(restore);
}

static sw_status step(struct sw_restore *restore, bool *is_done, struct sw_err *err)
{
    uint32_t built = atomic_load_explicit(&restore->built, memory_order_relaxed);
    switch (restore->phase) {
    case SW_RESTORE_READ:
        sw_assert(!restore->store->is_known);
        SW_TRY(sw_restore_read(restore, err));
        restore->phase = SW_RESTORE_GROUPS;
        return SW_OK;
    case SW_RESTORE_GROUPS:
        if (built < restore->group_count) {
            return sw_restore_build_group(restore, built, err);
        }
        restore->phase = SW_RESTORE_BUILD;
        return SW_OK;
    case SW_RESTORE_BUILD:
        SW_TRY(sw_restore_build(restore, err));
        sw_restore_drop_chunks(restore);
        SW_TRY(sw_chunks_sweep(restore->store, true, err));
        restore->store->is_known = true;
        restore->phase = SW_RESTORE_DONE;
        return SW_OK;
    case SW_RESTORE_DONE:
        *is_done = true;
        return SW_OK;
    }
    return SW_INTERNAL;
}

sw_status sw_restore_step_work(struct sw_restore *restore, bool *is_done, struct sw_err *err)
{
    sw_assert_worker();
    *is_done = false;
    sw_assert(pthread_mutex_lock(&restore->store->writing) == 0);
    sw_status status = step(restore, is_done, err);
    sw_assert(pthread_mutex_unlock(&restore->store->writing) == 0);
    return status;
}

double sw_restore_progress(const struct sw_restore *restore)
{
    uint32_t built = atomic_load_explicit(&restore->built, memory_order_relaxed);
    uint32_t total = atomic_load_explicit(&restore->total, memory_order_relaxed);
    return total == 0 ? 0 : (double)built / total;
}

struct sw_saved *sw_restore_take(struct sw_restore *restore)
{
    struct sw_saved *state = restore->state;
    sw_assert(restore->phase == SW_RESTORE_DONE);
    sw_assert(state != NULL);
    restore->state = NULL;
    return state;
}
