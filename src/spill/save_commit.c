/* The last step of a save: what the state holds is marked in the manifest, then one transaction
 * writes what is new, removes what is no longer held, and cuts the log. */
#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "spill/save_priv.h"
#include "spill/schema_code.h"

#define WAL_KEPT_BYTES ((int64_t)4 << 20) /* a longer WAL is folded into its file by a save */

/* -- marking: under the lock of the file of chunks ------------------------------------------ */

static sw_status no_memory(struct sw_err *err)
{
    return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to save.");
}

static uint64_t key_of(struct sw_store *store, const struct sw_chunk *chunk)
{
    const struct sw_chunk_entry *entry = sw_chunk_map_by_id(&store->map, chunk->id);
    sw_assert(entry != NULL);
    return entry->key;
}

static sw_status mark_group(struct sw_store *store, const struct sw_rowgroup *group,
                            const struct sw_schema *schema, int64_t *id, struct sw_err *err)
{
    struct sw_manifest *manifest = &store->manifest;
    uint64_t hash = sw_manifest_group_hash(group, schema);
    struct sw_stored_group *entry = sw_manifest_group(manifest, hash);
    if (entry == NULL) {
        entry = sw_manifest_add_group(manifest, hash, manifest->next_group, group->columns + 1);
        if (entry == NULL) {
            return no_memory(err);
        }
        entry->source = group;
        for (uint32_t i = 0; i < group->columns; i++) {
            const struct sw_chunk *chunk = group->chunk[i];
            entry->key[i] = schema->column[i].formula != NULL ? 0 : key_of(store, chunk);
        }
        entry->key[group->columns] = group->row_ids != NULL ? key_of(store, group->row_ids) : 0;
    }
    entry->is_marked = true;
    *id = entry->id;
    return SW_OK;
}

static sw_status mark_columns(struct sw_manifest *manifest, const struct sw_schema *schema,
                              int64_t *id, struct sw_err *err)
{
    struct sw_buf bytes;
    sw_buf_init(&bytes);
    sw_schema_encode(schema, &bytes);
    if (bytes.failed) {
        sw_buf_fini(&bytes);
        return no_memory(err);
    }
    uint64_t hash = sw_hash_bytes(bytes.data, bytes.length, 0);
    struct sw_stored_columns *entry = sw_manifest_columns(manifest, hash);
    if (entry == NULL) {
        entry = sw_manifest_add_columns(manifest, hash, manifest->next_columns);
        if (entry == NULL) {
            sw_buf_fini(&bytes);
            return no_memory(err);
        }
        entry->bytes = bytes;
    } else {
        sw_buf_fini(&bytes);
    }
    entry->is_marked = true;
    *id = entry->id;
    return SW_OK;
}

static sw_status mark_version(struct sw_store *store, struct sw_save_version *version,
                              struct sw_err *err)
{
    const struct sw_version *source = version->version;
    struct sw_manifest *manifest = &store->manifest;
    struct sw_buf groups;
    int64_t columns;
    sw_buf_init(&groups);
    sw_status status = mark_columns(manifest, source->schema, &columns, err);
    for (uint32_t i = 0; status == SW_OK && i < source->groups; i++) {
        int64_t id;
        status = mark_group(store, source->group[i], source->schema, &id, err);
        sw_buf_put(&groups, &id, sizeof(id));
    }
    if (status != SW_OK || groups.failed) {
        sw_buf_fini(&groups);
        return status != SW_OK ? status : no_memory(err);
    }
    uint64_t hash = sw_manifest_version_hash(source, columns, sw_buf_peek(&groups));
    struct sw_stored_version *entry = sw_manifest_version(manifest, hash);
    if (entry == NULL) {
        entry = sw_manifest_add_version(manifest, hash, manifest->next_version);
        if (entry == NULL) {
            sw_buf_fini(&groups);
            return no_memory(err);
        }
        entry->source = source;
        entry->columns = columns;
        entry->groups = groups;
    } else {
        sw_buf_fini(&groups);
    }
    entry->is_marked = true;
    version->id = entry->id;
    return SW_OK;
}

static sw_status mark_all(struct sw_save *save, struct sw_err *err)
{
    struct sw_db *chunks = atomic_load_explicit(&save->store->chunks, memory_order_acquire);
    sw_status status = SW_OK;
    sw_manifest_unmark(&save->store->manifest);
    if (chunks != NULL) {
        sw_db_lock(chunks);
    }
    for (uint32_t i = 0; status == SW_OK && i < save->versions; i++) {
        status = mark_version(save->store, &save->version[i], err);
    }
    if (chunks != NULL) {
        sw_db_unlock(chunks);
    }
    return status;
}

/* A row group that comes or goes: its chunks are held by one more, or less. */
static void count_refs(void *context, const struct sw_stored_group *group, int by)
{
    struct sw_chunk_map *map = context;
    for (uint32_t i = 0; i < group->keys; i++) {
        struct sw_chunk_entry *entry =
            group->key[i] == 0 ? NULL : sw_chunk_map_by_key(map, group->key[i]);
        if (entry != NULL) {
            sw_assert(by > 0 || entry->refs > 0);
            entry->refs += by > 0 ? 1 : UINT32_MAX;
            entry->idle = entry->refs == 0 ? SW_IDLE_SAVES_MAX : 0; /* it was held, and goes */
        }
    }
}

static void settle_all(struct sw_store *store, bool is_committed)
{
    struct sw_db *chunks = atomic_load_explicit(&store->chunks, memory_order_acquire);
    if (chunks != NULL) {
        sw_db_lock(chunks);
    }
    sw_manifest_settle(&store->manifest, is_committed, count_refs, &store->map);
    if (chunks != NULL) {
        sw_db_unlock(chunks);
    }
}

/* -- writing: under the lock of the session's file ------------------------------------------- */

static sw_status cut(struct sw_db *db, enum sw_sql sql, int64_t id, struct sw_err *err)
{
    struct sw_row row;
    SW_TRY(sw_row_start(&row, db, sql, err));
    sw_row_bind_int(&row, id);
    return sw_row_run(&row, err);
}

static sw_status clear(struct sw_db *db, enum sw_sql sql, struct sw_err *err)
{
    struct sw_row row;
    SW_TRY(sw_row_start(&row, db, sql, err));
    return sw_row_run(&row, err);
}

static sw_status put_group(struct sw_db *db, const struct sw_stored_group *entry,
                           struct sw_err *err)
{
    struct sw_row row;
    SW_TRY(sw_row_start(&row, db, SW_SQL_GROUP_PUT, err));
    sw_row_put_int(&row, entry->id);
    sw_row_put_int(&row, entry->source->rows);
    sw_row_put_int(&row, (int64_t)entry->source->first_row_id);
    sw_row_put_int(&row, (int64_t)entry->key[entry->keys - 1]);
    sw_row_put_blob(&row,
                    sw_span_of((const char *)entry->key, (entry->keys - 1) * sizeof(*entry->key)));
    return sw_row_write(&row, err);
}

static sw_status put_groups(struct sw_db *db, const struct sw_manifest *manifest,
                            struct sw_err *err)
{
    for (const struct sw_stored_group *at = manifest->groups; at != NULL; at = at->hh.next) {
        if (at->is_marked && !at->is_stored) {
            SW_TRY(put_group(db, at, err));
        } else if (!at->is_marked) {
            SW_TRY(cut(db, SW_SQL_GROUP_CUT, at->id, err));
        }
    }
    return SW_OK;
}

static sw_status put_columns(struct sw_db *db, const struct sw_manifest *manifest,
                             struct sw_err *err)
{
    for (const struct sw_stored_columns *at = manifest->columns; at != NULL; at = at->hh.next) {
        if (at->is_marked && !at->is_stored) {
            struct sw_row row;
            SW_TRY(sw_row_start(&row, db, SW_SQL_COLUMNS_PUT, err));
            sw_row_put_int(&row, at->id);
            sw_row_put_blob(&row, sw_buf_peek(&at->bytes));
            SW_TRY(sw_row_write(&row, err));
        } else if (!at->is_marked) {
            SW_TRY(cut(db, SW_SQL_COLUMNS_CUT, at->id, err));
        }
    }
    return SW_OK;
}

static sw_status put_versions(struct sw_db *db, const struct sw_manifest *manifest,
                              struct sw_err *err)
{
    for (const struct sw_stored_version *at = manifest->versions; at != NULL; at = at->hh.next) {
        if (at->is_marked && !at->is_stored) {
            struct sw_row row;
            SW_TRY(sw_row_start(&row, db, SW_SQL_VERSION_PUT, err));
            sw_row_put_int(&row, at->id);
            sw_row_put_int(&row, (int64_t)at->source->number);
            sw_row_put_int(&row, at->columns);
            sw_row_put_int(&row, (int64_t)at->source->next_row_id);
            sw_row_put_blob(&row, sw_buf_peek(&at->groups));
            SW_TRY(sw_row_write(&row, err));
        } else if (!at->is_marked) {
            SW_TRY(cut(db, SW_SQL_VERSION_CUT, at->id, err));
        }
    }
    return SW_OK;
}

static sw_status put_step(struct sw_db *db, const struct sw_save *save, int64_t id, uint64_t data,
                          const struct sw_saved_step *step, struct sw_err *err)
{
    struct sw_row row;
    SW_TRY(sw_row_start(&row, db, SW_SQL_STEP_PUT, err));
    sw_row_put_int(&row, id);
    sw_row_put_int(&row, (int64_t)data);
    sw_row_put_int(&row, sw_save_find_version(save, step->before)->id);
    sw_row_put_int(&row, sw_save_find_version(save, step->after)->id);
    sw_row_put_text(&row, step->what);
    sw_row_put_int(&row, (int64_t)step->rows);
    sw_row_put_int(&row, (int64_t)step->number);
    sw_row_put_int(&row, step->wall_ms);
    sw_row_put_int(&row, step->made_us);
    return sw_row_write(&row, err);
}

static sw_status put_table(struct sw_db *db, const struct sw_save *save, uint32_t place,
                           int64_t *next_step, struct sw_err *err)
{
    const struct sw_saved_table *table = &save->state->table[place];
    struct sw_row row;
    SW_TRY(sw_row_start(&row, db, SW_SQL_DATA_PUT, err));
    sw_row_put_int(&row, (int64_t)table->id);
    sw_row_put_int(&row, place);
    sw_row_put_text(&row, table->name);
    sw_row_put_text(&row, table->source);
    sw_row_put_blob(&row, table->facts);
    sw_row_put_int(&row,
                   table->version == NULL ? 0 : sw_save_find_version(save, table->version)->id);
    sw_row_put_int(&row, table->steps);
    sw_row_put_int(&row, table->done);
    SW_TRY(sw_row_write(&row, err));
    for (uint32_t i = 0; i < table->steps; i++) {
        SW_TRY(put_step(db, save, (*next_step)++, table->id, &table->step[i], err));
    }
    return SW_OK;
}

static sw_status put_state(struct sw_db *db, const struct sw_save *save, struct sw_err *err)
{
    const struct sw_saved *state = save->state;
    struct sw_row row;
    int64_t next_step = 1;
    SW_TRY(clear(db, SW_SQL_DATA_CLEAR, err));
    SW_TRY(clear(db, SW_SQL_STEP_CLEAR, err));
    SW_TRY(clear(db, SW_SQL_FACT_CLEAR, err));
    for (uint32_t i = 0; i < state->tables; i++) {
        SW_TRY(put_table(db, save, i, &next_step, err));
    }
    for (uint32_t i = 0; i < state->facts; i++) {
        SW_TRY(sw_row_start(&row, db, SW_SQL_FACT_PUT, err));
        sw_row_put_int(&row, i + 1);
        sw_row_put_text(&row, state->fact[i].name);
        sw_row_put_blob(&row, state->fact[i].value);
        SW_TRY(sw_row_write(&row, err));
    }
    SW_TRY(sw_row_start(&row, db, SW_SQL_SAVED_PUT, err));
    sw_row_put_int(&row, 1);
    sw_row_put_int(&row, (int64_t)state->seq);
    SW_TRY(sw_row_write(&row, err));
    return cut(db, SW_SQL_LOG_CUT, (int64_t)state->seq, err);
}

static sw_status put_all(struct sw_db *db, const struct sw_save *save, struct sw_err *err)
{
    const struct sw_manifest *manifest = &save->store->manifest;
    if (!save->store->is_known) {
        SW_TRY(clear(db, SW_SQL_VERSION_CLEAR, err));
        SW_TRY(clear(db, SW_SQL_COLUMNS_CLEAR, err));
        SW_TRY(clear(db, SW_SQL_GROUP_CLEAR, err));
    }
    SW_TRY(put_columns(db, manifest, err));
    SW_TRY(put_groups(db, manifest, err));
    SW_TRY(put_versions(db, manifest, err));
    return put_state(db, save, err);
}

/* About what the transaction will add. */
static uint64_t bytes_to_write(const struct sw_save *save)
{
    const struct sw_saved *state = save->state;
    uint64_t bytes = 0;
    for (const struct sw_stored_group *at = save->store->manifest.groups; at != NULL;
         at = at->hh.next) {
        bytes += at->is_stored ? 0 : 64 + at->keys * sizeof(uint64_t);
    }
    for (const struct sw_stored_version *at = save->store->manifest.versions; at != NULL;
         at = at->hh.next) {
        bytes += at->is_stored ? 0 : 64 + at->groups.length;
    }
    for (uint32_t i = 0; i < state->facts; i++) {
        bytes += state->fact[i].value.length;
    }
    return bytes;
}

static sw_status check_state(const struct sw_saved *state, struct sw_err *err)
{
    for (uint32_t i = 0; i < state->facts; i++) {
        if (state->fact[i].value.length > SW_SAVED_FACT_BYTES_MAX) {
            return sw_fail_limit(err, "saved_fact_bytes", (int64_t)state->fact[i].value.length,
                                 SW_SAVED_FACT_BYTES_MAX, "remove definitions from the session");
        }
    }
    return SW_OK;
}

/* What the log holds from now on. */
static void count_log(struct sw_store *store)
{
    struct sw_row row;
    bool is_there = false;
    if (sw_row_start(&row, store->session, SW_SQL_LOG_SUM, NULL) == SW_OK &&
        sw_row_one(&row, &is_there, NULL) == SW_OK && is_there) {
        uint64_t records = (uint64_t)sw_row_int(&row);
        uint64_t bytes = (uint64_t)sw_row_int(&row);
        atomic_store_explicit(&store->log_records, records, memory_order_relaxed);
        atomic_store_explicit(&store->log_bytes, bytes, memory_order_relaxed);
    }
    sw_row_end(&row);
}

static sw_status write_all(struct sw_save *save, struct sw_err *err)
{
    struct sw_store *store = save->store;
    struct sw_db *db = store->session;
    SW_TRY(sw_db_begin(db, err));
    sw_status status = put_all(db, save, err);
    if (status != SW_OK) {
        sw_db_rollback(db);
        return status;
    }
    save->was_tried = true;
    SW_TRY(sw_db_commit(db, err));
    save->is_committed = true;
    count_log(store);
    if (save->state->seq > atomic_load_explicit(&store->last_seq, memory_order_relaxed)) {
        atomic_store_explicit(&store->last_seq, save->state->seq, memory_order_relaxed);
    }
    /* What is saved survives a power cut, too, where the log need not. */
    return store->spill->durability == SW_DURABILITY_PROCESS ||
                   sw_db_journal_bytes(db) > WAL_KEPT_BYTES
               ? sw_db_fold_wal(db, err)
               : SW_OK;
}

sw_status sw_save_commit(struct sw_save *save, struct sw_err *err)
{
    struct sw_store *store = save->store;
    bool was_known = store->is_known;
    SW_TRY(check_state(save->state, err));
    sw_status status = mark_all(save, err);
    status = status == SW_OK ? sw_store_reserve(store, bytes_to_write(save), err) : status;
    if (status == SW_OK) {
        sw_db_lock(store->session);
        status = write_all(save, err);
        sw_store_settle_session(store);
        sw_db_unlock(store->session);
    }
    settle_all(store, save->is_committed);
    store->is_known = store->is_known || save->is_committed;
    SW_TRY(status);
    struct sw_err local;
    if (sw_chunks_sweep(store, !was_known, &local) != SW_OK) {
        sw_log(SW_LOG_WARN, store->name, "spill.sweep reason=\"%s\"", local.message);
    }
    return SW_OK;
}
