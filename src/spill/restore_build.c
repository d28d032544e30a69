/* From rows to row groups, versions and tables.  What a row names must be there and must fit. */

/* uthash, told to report that memory ran out instead of ending the program. */
#define HASH_NONFATAL_OOM            1
#define uthash_nonfatal_oom(element) (is_out_of_memory = true)

#include <stdatomic.h>
#include <stdlib.h>

#include "spill/chunks.h"
#include "spill/restore_priv.h"
#include "spill/schema_code.h"

static sw_status no_memory(struct sw_err *err)
{
    return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to open what is stored.");
}

/* -- row groups --------------------------------------------------------------------------- */

/* The chunk of a key, with a reference for the caller; read once however many groups hold it. */
static sw_status get_chunk(struct sw_restore *restore, uint64_t key, struct sw_chunk **chunk,
                           struct sw_err *err)
{
    bool is_out_of_memory = false;
    struct sw_restore_chunk *entry;
    HASH_FIND(hh, restore->chunks, &key, sizeof(key), entry);
    if (entry != NULL) {
        *chunk = sw_chunk_ref(entry->chunk);
        return SW_OK;
    }
    sw_status (*get)(struct sw_store *, uint64_t, struct sw_budget *, struct sw_chunk **,
                     struct sw_err *) =
        restore->store->cache != NULL ? sw_chunks_shell_work : sw_chunks_get_work;
    SW_TRY(get(restore->store, key, restore->budget, chunk, err));
    entry = calloc(1, sizeof(*entry));
    if (entry != NULL) {
        entry->key = key;
        entry->chunk = *chunk;
        HASH_ADD(hh, restore->chunks, key, sizeof(entry->key), entry);
    }
    if (entry == NULL || is_out_of_memory) {
        free(entry);
        sw_chunk_unref(*chunk);
        return no_memory(err);
    }
    sw_chunk_ref(*chunk);
    return SW_OK;
}

void sw_restore_drop_chunks(struct sw_restore *restore)
{
    struct sw_restore_chunk *entry;
    struct sw_restore_chunk *next;
    HASH_ITER (hh, restore->chunks, entry, next) {
        HASH_DEL(restore->chunks, entry);
        sw_chunk_unref(entry->chunk);
        free(entry);
    }
}

/* Chunks [0, columns) and the row ids behind them; NULL where there is none. */
static sw_status get_chunks(struct sw_restore *restore, const struct sw_restore_group *from,
                            struct sw_chunk **chunk, struct sw_err *err)
{
    bool has_any = false;
    for (uint32_t i = 0; i <= from->columns; i++) {
        uint64_t key = i < from->columns ? from->key[i] : from->row_ids;
        if (key == 0) {
            continue;
        }
        SW_TRY(get_chunk(restore, key, &chunk[i], err));
        if (chunk[i]->rows != from->rows) {
            return sw_db_damaged(restore->store->session, err,
                                 "the columns of a row group are of different lengths");
        }
        has_any = has_any || i < from->columns;
    }
    const struct sw_chunk *row_ids = chunk[from->columns];
    if (!has_any || (row_ids != NULL && (row_ids->type != SW_TYPE_INT || row_ids->zone.nulls > 0 ||
                                         row_ids->zone.min_i < 0))) {
        return sw_db_damaged(restore->store->session, err, "a row group has no such columns");
    }
    return SW_OK;
}

sw_status sw_restore_build_group(struct sw_restore *restore, uint32_t i, struct sw_err *err)
{
    struct sw_restore_group *from = &restore->group[i];
    struct sw_chunk **chunk = calloc(from->columns + (size_t)1, sizeof(*chunk));
    if (chunk == NULL) {
        return no_memory(err);
    }
    sw_status status = get_chunks(restore, from, chunk, err);
    if (status == SW_OK) {
        status = sw_rowgroup_take(from->columns, chunk, from->first_row_id, chunk[from->columns],
                                  &from->group);
        status = status == SW_OK ? SW_OK : no_memory(err);
    } else {
        for (uint32_t k = 0; k <= from->columns; k++) {
            sw_chunk_unref(chunk[k]);
        }
    }
    free(chunk);
    atomic_fetch_add_explicit(&restore->built, 1, memory_order_relaxed);
    return status;
}

/* -- looking up: the rows came ordered by id ------------------------------------------ */

#define FIND(restore, what, wanted) \
    find((restore)->what, (restore)->what##_count, sizeof(*(restore)->what), (wanted))

/* Each struct begins with its id. */
static void *find(void *array, uint32_t count, size_t size, int64_t id)
{
    uint32_t low = 0;
    uint32_t high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        char *at = (char *)array + middle * size;
        int64_t there;
        memcpy(&there, at, sizeof(there));
        if (there == id) {
            return at;
        }
        if (there < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

/* -- versions ------------------------------------------------------------------------------- */

/* Columns that are no formulas have a chunk of their type, the others none. */
static bool fits(const struct sw_rowgroup *group, const struct sw_schema *schema)
{
    bool is_good = group->columns == schema->columns;
    for (uint32_t i = 0; is_good && i < schema->columns; i++) {
        const struct sw_chunk *chunk = group->chunk[i];
        const struct sw_column *column = &schema->column[i];
        is_good =
            column->formula != NULL ? chunk == NULL : chunk != NULL && chunk->type == column->type;
    }
    return is_good;
}

/* The manifest and the map learn that the group is stored, and what holds its chunks. */
static sw_status know_group(struct sw_restore *restore, struct sw_restore_group *from,
                            const struct sw_schema *schema, struct sw_err *err)
{
    struct sw_store *store = restore->store;
    if (from->is_known) {
        return SW_OK;
    }
    struct sw_stored_group *entry = sw_manifest_add_group(
        &store->manifest, sw_manifest_group_hash(from->group, schema), from->id, from->columns + 1);
    if (entry == NULL) {
        return no_memory(err);
    }
    entry->is_stored = true;
    memcpy(entry->key, from->key, from->columns * sizeof(*entry->key));
    entry->key[from->columns] = from->row_ids;
    for (uint32_t i = 0; i < entry->keys; i++) {
        struct sw_chunk_entry *chunk =
            entry->key[i] == 0 ? NULL : sw_chunk_map_by_key(&store->map, entry->key[i]);
        if (chunk != NULL) {
            chunk->refs++;
        }
    }
    from->is_known = true;
    return SW_OK;
}

static sw_status list_groups(struct sw_restore *restore, const struct sw_restore_version *from,
                             const struct sw_schema *schema, struct sw_rowgroup **groups,
                             struct sw_err *err)
{
    for (uint64_t i = 0; i < from->groups; i++) {
        struct sw_restore_group *group = FIND(restore, group, from->group[i]);
        if (group == NULL || !fits(group->group, schema)) {
            return sw_db_damaged(restore->store->session, err,
                                 "a version of a table names a row group that is not its own");
        }
        SW_TRY(know_group(restore, group, schema, err));
        groups[i] = group->group;
    }
    return SW_OK;
}

static sw_status know_version(struct sw_restore *restore, const struct sw_restore_version *from,
                              struct sw_err *err)
{
    const struct sw_span ids = sw_span_of((const char *)from->group, from->groups * 8);
    uint64_t hash = sw_manifest_version_hash(from->version, from->columns, ids);
    struct sw_stored_version *entry =
        sw_manifest_add_version(&restore->store->manifest, hash, from->id);
    if (entry == NULL) {
        return no_memory(err);
    }
    entry->is_stored = true;
    entry->columns = from->columns;
    return SW_OK;
}

static sw_status build_version(struct sw_restore *restore, struct sw_restore_version *from,
                               struct sw_err *err)
{
    const struct sw_restore_columns *columns = FIND(restore, columns, from->columns);
    if (columns == NULL) {
        return sw_db_damaged(restore->store->session, err,
                             "a version of a table names columns that are missing");
    }
    struct sw_rowgroup **groups = malloc((from->groups + 1) * sizeof(*groups));
    if (groups == NULL) {
        return no_memory(err);
    }
    sw_status status = list_groups(restore, from, columns->schema, groups, err);
    if (status == SW_OK) {
        status = sw_version_new(from->number, columns->schema, (uint32_t)from->groups, groups,
                                from->next_row_id, &from->version);
        status = status == SW_OK ? know_version(restore, from, err) : no_memory(err);
    }
    free(groups);
    return status;
}

/* By its bytes, as a save would look it up. */
static sw_status know_columns(struct sw_restore *restore, const struct sw_restore_columns *from,
                              struct sw_err *err)
{
    struct sw_buf bytes;
    sw_buf_init(&bytes);
    sw_schema_encode(from->schema, &bytes);
    struct sw_stored_columns *entry =
        bytes.failed
            ? NULL
            : sw_manifest_add_columns(&restore->store->manifest,
                                      sw_hash_bytes(bytes.data, bytes.length, 0), from->id);
    sw_buf_fini(&bytes);
    if (entry == NULL) {
        return no_memory(err);
    }
    entry->is_stored = true;
    return SW_OK;
}

/* -- the state ------------------------------------------------------------------------------ */

/* The version of an id, counted; NULL: damaged. */
static struct sw_version *get_version(struct sw_restore *restore, int64_t id)
{
    const struct sw_restore_version *found = FIND(restore, version, id);
    return found == NULL ? NULL : sw_version_ref(found->version);
}

static sw_status build_table(struct sw_restore *restore, const struct sw_restore_data *from,
                             uint32_t *next_step, struct sw_saved_table *table, struct sw_err *err)
{
    struct sw_db *db = restore->store->session;
    uint32_t steps = from->table.steps;
    *table = from->table;
    table->steps = 0;
    if (steps > restore->step_count - *next_step) {
        return sw_db_damaged(db, err, "the history of a table is shorter than it was");
    }
    table->step = sw_arena_array(&restore->state->arena, steps + (size_t)1, sizeof(*table->step));
    if (table->step == NULL) {
        return no_memory(err);
    }
    table->version = from->version == 0 ? NULL : get_version(restore, from->version);
    if (from->version != 0 && table->version == NULL) {
        return sw_db_damaged(db, err, "the version of a table is missing");
    }
    while (table->steps < steps) {
        const struct sw_restore_step *step = &restore->step[(*next_step)++];
        struct sw_saved_step *into = &table->step[table->steps++];
        *into = step->step;
        into->before = get_version(restore, step->before);
        into->after = get_version(restore, step->after);
        if (into->before == NULL || into->after == NULL || step->data != (int64_t)from->table.id) {
            return sw_db_damaged(db, err, "the history of a table is not its own");
        }
    }
    return SW_OK;
}

static sw_status build_state(struct sw_restore *restore, struct sw_err *err)
{
    uint32_t next_step = 0;
    struct sw_saved *state = restore->state;
    state->table =
        sw_arena_array(&state->arena, restore->data_count + (size_t)1, sizeof(*state->table));
    state->fact =
        sw_arena_array(&state->arena, restore->fact_count + (size_t)1, sizeof(*state->fact));
    if (state->table == NULL || state->fact == NULL) {
        return no_memory(err);
    }
    state->seq = restore->seq;
    while (state->tables < restore->data_count) {
        uint32_t i = state->tables++;
        SW_TRY(build_table(restore, &restore->data[i], &next_step, &state->table[i], err));
    }
    if (next_step != restore->step_count) {
        return sw_db_damaged(restore->store->session, err, "a history belongs to no table");
    }
    state->facts = restore->fact_count;
    for (uint32_t i = 0; i < restore->fact_count; i++) {
        state->fact[i] = restore->fact[i];
    }
    return SW_OK;
}

static sw_status build_all(struct sw_restore *restore, struct sw_err *err)
{
    for (uint32_t i = 0; i < restore->columns_count; i++) {
        SW_TRY(know_columns(restore, &restore->columns[i], err));
    }
    for (uint32_t i = 0; i < restore->version_count; i++) {
        SW_TRY(build_version(restore, &restore->version[i], err));
    }
    for (uint32_t i = 0; i < restore->group_count; i++) {
        if (!restore->group[i].is_known) {
            return sw_db_damaged(restore->store->session, err, "a row group belongs to no table");
        }
    }
    return build_state(restore, err);
}

sw_status sw_restore_build(struct sw_restore *restore, struct sw_err *err)
{
    struct sw_db *chunks = atomic_load_explicit(&restore->store->chunks, memory_order_acquire);
    if (chunks != NULL) {
        sw_db_lock(chunks);
    }
    sw_status status = build_all(restore, err);
    if (chunks != NULL) {
        sw_db_unlock(chunks);
    }
    return status;
}
