/* See save.h.  The steps before the last write chunks; the last one, in save_commit.c, the rest. */
#include "spill/save_priv.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/thread.h"

#define LOOKED_AT_MAX 100000u /* row groups that a step passes over because they are stored */

/* -- which versions ----------------------------------------------------------------------- */

static int compare_versions(const void *a, const void *b)
{
    const struct sw_save_version *x = a;
    const struct sw_save_version *y = b;
    return ((uintptr_t)x->version > (uintptr_t)y->version) -
           ((uintptr_t)x->version < (uintptr_t)y->version);
}

static void add_version(struct sw_save *save, const struct sw_version *version)
{
    if (version != NULL) {
        save->version[save->versions++].version = version;
    }
}

/* Each version of the state once. */
static sw_status list_versions(struct sw_save *save)
{
    const struct sw_saved *state = save->state;
    size_t most = 0;
    for (uint32_t i = 0; i < state->tables; i++) {
        most += 1 + 2 * (size_t)state->table[i].steps;
    }
    save->version = calloc(most + 1, sizeof(*save->version));
    if (save->version == NULL) {
        return SW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < state->tables; i++) {
        const struct sw_saved_table *table = &state->table[i];
        add_version(save, table->version);
        for (uint32_t k = 0; k < table->steps; k++) {
            add_version(save, table->step[k].before);
            add_version(save, table->step[k].after);
        }
    }
    if (save->versions > 0) {
        qsort(save->version, save->versions, sizeof(*save->version), compare_versions);
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < save->versions; i++) {
        if (kept == 0 || save->version[kept - 1].version != save->version[i].version) {
            save->version[kept++] = save->version[i];
        }
    }
    save->versions = kept;
    for (uint32_t i = 0; i < kept; i++) {
        save->groups += save->version[i].version->groups;
    }
    return SW_OK;
}

sw_status sw_save_new(struct sw_store *store, struct sw_saved *state, struct sw_save **save,
                      struct sw_err *err)
{
    struct sw_save *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        sw_saved_free(state);
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to save.");
    }
    made->store = store;
    made->state = state;
    if (list_versions(made) != SW_OK) {
        sw_save_free(made);
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to save.");
    }
    *save = made;
    return SW_OK;
}

void sw_save_free(struct sw_save *save)
{
    if (save != NULL) {
        sw_saved_free(save->state);
        free(save->version);
        free(save->chunk);
        free(save);
    }
}

double sw_save_progress(const struct sw_save *save)
{
    uint64_t done = atomic_load_explicit(&save->looked_at, memory_order_relaxed);
    return save->groups == 0 ? 1 : (double)done / (double)save->groups;
}

const struct sw_save_version *sw_save_find_version(const struct sw_save *save,
                                                   const struct sw_version *version)
{
    const struct sw_save_version wanted = {.version = version};
    const struct sw_save_version *found =
        bsearch(&wanted, save->version, save->versions, sizeof(wanted), compare_versions);
    sw_assert(found != NULL);
    return found;
}

/* -- chunks ------------------------------------------------------------------------------- */

static sw_status add_chunk(struct sw_save *save, struct sw_chunk *chunk)
{
    if (save->chunks == save->chunks_room) {
        size_t room = save->chunks_room == 0 ? 256 : save->chunks_room * 2;
        struct sw_chunk **more = realloc(save->chunk, room * sizeof(*more));
        if (more == NULL) {
            return SW_NO_MEMORY;
        }
        save->chunk = more;
        save->chunks_room = room;
    }
    save->chunk[save->chunks++] = chunk;
    save->chunk_bytes += chunk->held_bytes;
    return SW_OK;
}

static sw_status add_group(struct sw_save *save, const struct sw_rowgroup *group,
                           const struct sw_schema *schema)
{
    for (uint32_t i = 0; i < group->columns; i++) {
        struct sw_chunk *chunk = group->chunk[i];
        if (schema->column[i].formula == NULL) {
            SW_TRY(add_chunk(save, chunk));
        }
    }
    return group->row_ids != NULL ? add_chunk(save, group->row_ids) : SW_OK;
}

/* Chunks of the next row groups that are not stored, a batch of them; none: all groups have been
 * looked at, or many that are stored. */
static sw_status gather(struct sw_save *save)
{
    uint32_t looked_at = 0;
    save->chunks = save->chunks_at = 0;
    save->chunk_bytes = 0;
    while (save->at_version < save->versions && looked_at < LOOKED_AT_MAX &&
           save->chunk_bytes < SW_SPILL_BATCH_BYTES) {
        const struct sw_version *version = save->version[save->at_version].version;
        if (save->at_group == version->groups) {
            save->at_version++;
            save->at_group = 0;
            continue;
        }
        const struct sw_rowgroup *group = version->group[save->at_group++];
        looked_at++;
        uint64_t hash = sw_manifest_group_hash(group, version->schema);
        if (sw_manifest_group(&save->store->manifest, hash) == NULL) {
            SW_TRY(add_group(save, group, version->schema));
        }
    }
    atomic_fetch_add_explicit(&save->looked_at, looked_at, memory_order_relaxed);
    return SW_OK;
}

static sw_status step(struct sw_save *save, bool *is_done, struct sw_err *err)
{
    if (save->chunks_at == save->chunks && save->at_version < save->versions &&
        gather(save) != SW_OK) {
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to save.");
    }
    if (save->chunks_at < save->chunks) {
        return sw_chunks_put_batch(save->store, save->chunk, save->chunks, &save->chunks_at, err);
    }
    if (save->at_version < save->versions) {
        return SW_OK;
    }
    *is_done = true;
    return sw_save_commit(save, err);
}

sw_status sw_save_step_work(struct sw_save *save, bool *is_done, struct sw_err *err)
{
    sw_assert_worker();
    *is_done = false;
    sw_assert(pthread_mutex_lock(&save->store->writing) == 0);
    if (save->first_key == 0) {
        save->first_key = save->store->map.next_key;
    }
    sw_status status = step(save, is_done, err);
    if (status != SW_OK && !save->was_tried) {
        sw_chunks_take_back(save->store, save->first_key);
    }
    sw_assert(pthread_mutex_unlock(&save->store->writing) == 0);
    return status;
}
