/* Removal of chunks and dictionaries that nothing holds any more. */
#include <stdatomic.h>
#include <stdlib.h>

#include "spill/cache.h"
#include "spill/spill_priv.h"

struct keys {
    uint64_t *key;
    size_t count, room;
    bool failed;
};

static void add_key(struct keys *keys, uint64_t key)
{
    if (keys->count == keys->room) {
        keys->room = keys->room == 0 ? 64 : keys->room * 2;
        uint64_t *more = realloc(keys->key, keys->room * sizeof(*more));
        if (more == NULL) {
            keys->room = keys->count;
            keys->failed = true; /* the rest goes with another sweep */
            return;
        }
        keys->key = more;
    }
    keys->key[keys->count++] = key;
}

/* Chunks that have ended: what no save holds of them goes now. */
static void note_gone(struct sw_store *store)
{
    uint64_t key = store->cache != NULL ? sw_cache_next_gone(store->cache) : 0;
    while (key != 0) {
        struct sw_chunk_entry *entry = sw_chunk_map_by_key(&store->map, key);
        if (entry != NULL) {
            entry->is_held = false;
            entry->idle = SW_IDLE_SAVES_MAX;
        }
        key = sw_cache_next_gone(store->cache);
    }
}

/* Chunks that the saves have stopped to hold. */
static void list_idle(struct sw_chunk_map *map, struct keys *keys)
{
    struct sw_chunk_entry *entry;
    struct sw_chunk_entry *next;
    HASH_ITER (by_key, map->by_key, entry, next) {
        entry->idle = entry->refs > 0 || entry->is_held ? 0 : entry->idle + 1;
        if (entry->idle >= SW_IDLE_SAVES_MAX) {
            add_key(keys, entry->key);
        }
    }
}

/* Chunks of the file that nothing names. */
static sw_status list_unknown(const struct sw_chunk_map *map, struct sw_db *db, struct keys *keys,
                              struct sw_err *err)
{
    struct sw_row row;
    sw_status status;
    SW_TRY(sw_row_start(&row, db, SW_SQL_CHUNK_KEYS, err));
    while (sw_row_next(&row, &status, err)) {
        uint64_t key = (uint64_t)sw_row_int(&row);
        if (sw_chunk_map_by_key(map, key) == NULL) {
            add_key(keys, key);
        }
    }
    sw_row_end(&row);
    return status;
}

/* Dictionaries of the file that no chunk of the map has. */
static sw_status list_unknown_dicts(const struct sw_chunk_map *map, struct sw_db *db,
                                    struct keys *keys, struct sw_err *err)
{
    struct sw_row row;
    sw_status status;
    uint64_t last = 0;
    SW_TRY(sw_row_start(&row, db, SW_SQL_ENTRIES_IDS, err));
    while (sw_row_next(&row, &status, err)) {
        uint64_t key = (uint64_t)sw_row_int(&row) >> 32;
        if (key != last && sw_chunk_map_dict_by_key(map, key) == NULL) {
            add_key(keys, key);
        }
        last = key;
    }
    sw_row_end(&row);
    return status;
}

/* Dictionaries of the map that only chunks to be removed have. Chunks of the list are given no
 * dictionary first, so that they do not count. */
static void list_unused_dicts(struct sw_chunk_map *map, const struct keys *chunks,
                              struct keys *dicts)
{
    struct sw_chunk_entry *entry;
    struct sw_chunk_entry *next;
    struct sw_dict_entry *dict;
    struct sw_dict_entry *next_dict;
    HASH_ITER (by_key, map->dict_by_key, dict, next_dict) {
        dict->is_used = false;
    }
    for (size_t i = 0; i < chunks->count; i++) {
        entry = sw_chunk_map_by_key(map, chunks->key[i]);
        if (entry != NULL) {
            entry->is_leaving = true;
        }
    }
    HASH_ITER (by_key, map->by_key, entry, next) {
        dict = entry->dict == 0 || entry->is_leaving ? NULL
                                                     : sw_chunk_map_dict_by_key(map, entry->dict);
        if (dict != NULL) {
            dict->is_used = true;
        }
    }
    HASH_ITER (by_key, map->dict_by_key, dict, next_dict) {
        if (!dict->is_used) {
            add_key(dicts, dict->key);
        }
    }
}

static sw_status cut_chunk(struct sw_db *db, uint64_t key, struct sw_err *err)
{
    struct sw_row row;
    SW_TRY(sw_row_start(&row, db, SW_SQL_CHUNK_CUT, err));
    sw_row_bind_int(&row, (int64_t)key);
    SW_TRY(sw_row_run(&row, err));
    SW_TRY(sw_row_start(&row, db, SW_SQL_PAYLOAD_CUT, err));
    sw_row_bind_int(&row, (int64_t)key);
    return sw_row_run(&row, err);
}

static sw_status cut_dict(struct sw_db *db, uint64_t key, struct sw_err *err)
{
    struct sw_row row;
    SW_TRY(sw_row_start(&row, db, SW_SQL_ENTRIES_CUT, err));
    sw_row_bind_int(&row, (int64_t)(key << 32));
    sw_row_bind_int(&row, (int64_t)(key << 32 | UINT32_MAX));
    return sw_row_run(&row, err);
}

/* One transaction; the lock is held for a chunk at a time, as in sw_chunks_put_batch. */
static sw_status cut_all(struct sw_db *db, const struct keys *chunks, const struct keys *dicts,
                         struct sw_err *err)
{
    sw_status status = sw_db_begin(db, err);
    for (size_t i = 0; status == SW_OK && i < chunks->count; i++) {
        status = cut_chunk(db, chunks->key[i], err);
        sw_db_unlock(db);
        sw_db_lock(db);
    }
    for (size_t i = 0; status == SW_OK && i < dicts->count; i++) {
        status = cut_dict(db, dicts->key[i], err);
    }
    if (status != SW_OK) {
        sw_db_rollback(db);
        return status;
    }
    return sw_db_commit(db, err);
}

static void settle_map(struct sw_chunk_map *map, const struct keys *chunks,
                       const struct keys *dicts, bool is_committed)
{
    for (size_t i = 0; i < chunks->count; i++) {
        struct sw_chunk_entry *entry = sw_chunk_map_by_key(map, chunks->key[i]);
        if (entry != NULL && is_committed) {
            sw_chunk_map_remove(map, entry);
        } else if (entry != NULL) {
            entry->is_leaving = false;
        }
    }
    for (size_t i = 0; is_committed && i < dicts->count; i++) {
        struct sw_dict_entry *entry = sw_chunk_map_dict_by_key(map, dicts->key[i]);
        if (entry != NULL) {
            sw_chunk_map_remove_dict(map, entry);
        }
    }
}

/* What the session's file says may not be on the disk yet: after a power cut it could name the
 * chunks that are to go. */
static sw_status make_safe(struct sw_store *store, struct sw_err *err)
{
    sw_db_lock(store->session);
    sw_status status = sw_db_fold_wal(store->session, err);
    sw_store_settle_session(store);
    sw_db_unlock(store->session);
    return status;
}

void sw_chunks_take_back(struct sw_store *store, uint64_t first_key)
{
    struct sw_db *db = atomic_load_explicit(&store->chunks, memory_order_acquire);
    struct keys chunks = {0};
    const struct keys none = {0};
    if (db == NULL) {
        return;
    }
    sw_db_lock(db);
    for (uint64_t key = first_key; key < store->map.next_key; key++) {
        const struct sw_chunk_entry *entry = sw_chunk_map_by_key(&store->map, key);
        if (entry != NULL && entry->refs == 0 && !entry->is_held) {
            add_key(&chunks, key);
        }
    }
    if (chunks.count > 0) {
        sw_status status = cut_all(db, &chunks, &none, NULL);
        settle_map(&store->map, &chunks, &none, status == SW_OK);
        sw_store_settle_chunks(store);
    }
    sw_db_unlock(db);
    free(chunks.key);
}

static sw_status list_all(struct sw_chunk_map *map, struct sw_db *db, bool is_opened,
                          struct keys *chunks, struct keys *dicts, struct sw_err *err)
{
    if (!is_opened) {
        list_idle(map, chunks);
        list_unused_dicts(map, chunks, dicts);
        return SW_OK;
    }
    SW_TRY(list_unknown(map, db, chunks, err));
    return list_unknown_dicts(map, db, dicts, err);
}

sw_status sw_chunks_sweep(struct sw_store *store, bool is_opened, struct sw_err *err)
{
    struct sw_chunk_map *map = &store->map;
    struct sw_db *db = atomic_load_explicit(&store->chunks, memory_order_acquire);
    struct keys chunks = {0};
    struct keys dicts = {0};
    if (db == NULL) {
        return SW_OK;
    }
    sw_db_lock(db);
    note_gone(store);
    sw_status status = list_all(map, db, is_opened, &chunks, &dicts, err);
    sw_db_unlock(db);
    if (status == SW_OK && chunks.count + dicts.count > 0) {
        status = make_safe(store, err);
        sw_db_lock(db);
        status = status == SW_OK ? cut_all(db, &chunks, &dicts, err) : status;
        settle_map(map, &chunks, &dicts, status == SW_OK);
        sw_store_settle_chunks(store);
        sw_db_unlock(db);
    }
    free(chunks.key);
    free(dicts.key);
    return status;
}
