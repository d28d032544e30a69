#include "spill/chunks.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/block.h"
#include "base/thread.h"
#include "spill/cache.h"
#include "spill/chunk_format.h"
#include "spill/dicts.h"
#include "spill/spill_priv.h"

static struct sw_db *chunks_of(struct sw_store *store)
{
    return atomic_load_explicit(&store->chunks, memory_order_acquire);
}

/* -- the file --------------------------------------------------------------------------- */

static sw_status put_uid(struct sw_db *db, void *store_of, struct sw_err *err)
{
    const struct sw_store *store = store_of;
    struct sw_row row;
    SW_TRY(sw_row_start(&row, db, SW_SQL_CHUNKS_STORE_PUT, err));
    sw_row_put_int(&row, 1);
    sw_row_put_blob(&row, sw_span_of((const char *)store->uid, SW_UID_BYTES));
    return sw_row_write(&row, err);
}

sw_status sw_chunks_need(struct sw_store *store, struct sw_db **db, struct sw_err *err)
{
    *db = chunks_of(store);
    if (*db != NULL) {
        return SW_OK;
    }
    char *path = sw_spill_path(store->spill->folder, store->name, ".chunks");
    if (path == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to store this.");
    }
    const struct sw_db_place place = {
        .path = path,
        .name = store->name,
        .vfs = store->spill->vfs,
        .kind = SW_DB_CHUNKS,
        .durability = store->spill->durability,
    };
    sw_status status = sw_db_create(&place, put_uid, store, db, err);
    free(path);
    SW_TRY(status);
    atomic_store_explicit(&store->chunks, *db, memory_order_release);
    return SW_OK;
}

/* -- writing ---------------------------------------------------------------------------- */

static sw_status put_rows(struct sw_db *db, uint64_t key, const struct sw_chunk_code *code,
                          struct sw_err *err)
{
    struct sw_row row;
    SW_TRY(sw_row_start(&row, db, SW_SQL_CHUNK_PUT, err));
    sw_row_bind_int(&row, (int64_t)key);
    sw_row_put_blob(&row, sw_span_of((const char *)code->facts, code->facts_size));
    SW_TRY(sw_row_run(&row, err));
    if (code->payload.length == 0) {
        return SW_OK;
    }
    SW_TRY(sw_row_start(&row, db, SW_SQL_PAYLOAD_PUT, err));
    sw_row_bind_int(&row, (int64_t)key);
    sqlite3_bind_blob64(row.statement, ++row.at, code->payload.data, code->payload.length,
                        SQLITE_STATIC);
    return sw_row_run(&row, err);
}

static sw_status put_one(struct sw_store *store, struct sw_db *db, const struct sw_chunk *chunk,
                         size_t *written, struct sw_err *err)
{
    struct sw_chunk_entry entry = {.id = chunk->id, .memory_bytes = chunk->held_bytes};
    sw_db_lock(db);
    entry.key = store->map.next_key++;
    sw_status status = SW_OK;
    if (chunk->dict != NULL) {
        status = sw_dicts_put(&store->map, db, chunk->dict, chunk->dict_count, &entry.dict, err);
    }
    sw_db_unlock(db);
    SW_TRY(status);
    struct sw_chunk_code code;
    SW_TRY(sw_chunk_pin(chunk, err));
    status = sw_chunk_encode(chunk, entry.key, entry.dict, &code, err);
    if (status != SW_OK) {
        sw_chunk_unpin(chunk);
        return status;
    }
    entry.payload_bytes = code.payload.length;
    *written += code.facts_size + code.payload.length;
    sw_db_lock(db);
    status = put_rows(db, entry.key, &code, err);
    if (status == SW_OK && sw_chunk_map_add(&store->map, &entry) == NULL) {
        status = sw_fail(err, SW_NO_MEMORY, "There is not enough memory to store this.");
    }
    sw_db_unlock(db);
    sw_chunk_code_fini(&code);
    sw_chunk_unpin(chunk);
    return status;
}

static bool is_written(struct sw_store *store, struct sw_db *db, const struct sw_chunk *chunk)
{
    sw_db_lock(db);
    bool is_there = sw_chunk_map_by_id(&store->map, chunk->id) != NULL;
    sw_db_unlock(db);
    return is_there;
}

/* What a failed transaction had put into the map. */
static void forget_from(struct sw_chunk_map *map, uint64_t key)
{
    for (; key < map->next_key; key++) {
        struct sw_chunk_entry *entry = sw_chunk_map_by_key(map, key);
        if (entry != NULL) {
            sw_chunk_map_remove(map, entry);
        }
    }
}

/* Of the chunks from `at` on, up to a batch. */
static uint64_t bytes_ahead(struct sw_chunk *const *chunks, size_t count, size_t at)
{
    uint64_t bytes = 0;
    for (; at < count && bytes < SW_SPILL_BATCH_BYTES; at++) {
        bytes += chunks[at]->held_bytes;
    }
    return bytes;
}

/* They can leave memory from now on, and what is stored of them stays as long as they live. */
static void tell_cache(struct sw_store *store, struct sw_chunk *const *chunks, size_t count)
{
    for (size_t i = 0; store->cache != NULL && i < count; i++) {
        struct sw_chunk_entry *entry = sw_chunk_map_by_id(&store->map, chunks[i]->id);
        if (entry != NULL && sw_cache_note_written(store->cache, chunks[i], entry->key)) {
            entry->is_held = true;
        }
    }
}

static sw_status end_batch(struct sw_store *store, struct sw_db *db, uint64_t first_key,
                           struct sw_chunk *const *chunks, size_t count, sw_status status,
                           struct sw_err *err)
{
    sw_db_lock(db);
    if (status == SW_OK) {
        status = sw_db_commit(db, err);
    } else {
        sw_db_rollback(db);
    }
    sw_dicts_settle(&store->map, status == SW_OK);
    if (status == SW_OK) {
        tell_cache(store, chunks, count);
    } else {
        forget_from(&store->map, first_key);
    }
    sw_store_settle_chunks(store);
    sw_db_unlock(db);
    return status;
}

sw_status sw_chunks_put_batch(struct sw_store *store, struct sw_chunk *const *chunks, size_t count,
                              size_t *at, struct sw_err *err)
{
    struct sw_db *db;
    size_t written = 0;
    size_t next = *at;
    SW_TRY(sw_chunks_need(store, &db, err));
    while (next < count && is_written(store, db, chunks[next])) {
        next++;
    }
    if (next == count) {
        *at = next;
        return SW_OK;
    }
    SW_TRY(sw_store_reserve(store, bytes_ahead(chunks, count, next), err));
    sw_db_lock(db);
    uint64_t first_key = store->map.next_key;
    sw_status status = sw_db_begin(db, err);
    sw_db_unlock(db);
    SW_TRY(status);
    for (; status == SW_OK && next < count && written < SW_SPILL_BATCH_BYTES; next++) {
        if (!is_written(store, db, chunks[next])) {
            status = put_one(store, db, chunks[next], &written, err);
        }
    }
    SW_TRY(end_batch(store, db, first_key, chunks + *at, next - *at, status, err));
    *at = next;
    return SW_OK;
}

sw_status sw_chunks_put_work(struct sw_store *store, struct sw_chunk *const *chunks, size_t count,
                             struct sw_err *err)
{
    sw_assert_worker();
    sw_status status = SW_OK;
    size_t at = 0;
    sw_assert(pthread_mutex_lock(&store->writing) == 0);
    while (status == SW_OK && at < count) {
        status = sw_chunks_put_batch(store, chunks, count, &at, err);
    }
    sw_assert(pthread_mutex_unlock(&store->writing) == 0);
    return status;
}

bool sw_chunks_key(struct sw_store *store, const struct sw_chunk *chunk, uint64_t *key)
{
    struct sw_db *db = chunks_of(store);
    if (db == NULL) {
        return false;
    }
    sw_db_lock(db);
    const struct sw_chunk_entry *entry = sw_chunk_map_by_id(&store->map, chunk->id);
    if (entry != NULL) {
        *key = entry->key;
    }
    sw_db_unlock(db);
    return entry != NULL;
}

/* -- reading ---------------------------------------------------------------------------- */

/* "chunk 17: " and what is wrong with it, as the store's sentence. */
static sw_status say_damage(const struct sw_db *db, uint64_t key, struct sw_err *err)
{
    char what[160];
    snprintf(what, sizeof(what), "%.150s", err->message);
    return sw_db_damaged(db, err, "%s (chunk %llu)", what, (unsigned long long)key);
}

/* A blob of a statement that finds it by a key, copied to a block of its length. */
static sw_status read_blob(struct sw_db *db, enum sw_sql sql, uint64_t key, size_t room, void *into,
                           size_t *length, struct sw_err *err)
{
    struct sw_row row;
    bool is_there;
    *length = 0;
    SW_TRY(sw_row_start(&row, db, sql, err));
    sw_row_bind_int(&row, (int64_t)key);
    sw_status status = sw_row_one(&row, &is_there, err);
    if (status == SW_OK && is_there) {
        const void *data = sqlite3_column_blob(row.statement, 0);
        *length = (size_t)sqlite3_column_bytes(row.statement, 0);
        if (data != NULL && *length <= room) {
            memcpy(into, data, *length);
        }
    }
    sw_row_end(&row);
    return status;
}

struct stored {
    struct sw_chunk_facts facts;
    struct sw_dict *dict; /* counted */
    void *payload;        /* a block */
};

static void stored_fini(struct stored *stored)
{
    sw_block_free(stored->payload, (size_t)stored->facts.payload_size);
    sw_dict_unref(stored->dict);
}

static sw_status no_file(const struct sw_store *store, struct sw_err *err)
{
    return sw_fail(err, SW_DAMAGED,
                   "What is stored of \"%s\" is damaged: its file of chunks is missing.",
                   store->name);
}

/* The next three: under the file's lock. */
static sw_status read_facts(struct sw_db *db, uint64_t key, struct stored *stored,
                            struct sw_err *err)
{
    char bytes[SW_CHUNK_FACTS_MAX];
    size_t size;
    SW_TRY(read_blob(db, SW_SQL_CHUNK_GET, key, sizeof(bytes), bytes, &size, err));
    if (size == 0 || size > sizeof(bytes)) {
        return sw_db_damaged(db, err, "chunk %llu is missing", (unsigned long long)key);
    }
    sw_status status = sw_chunk_facts_read(sw_span_of(bytes, size), key, &stored->facts, err);
    return status == SW_OK ? SW_OK : say_damage(db, key, err);
}

static sw_status read_dict(struct sw_store *store, struct sw_db *db, struct sw_budget *budget,
                           struct stored *stored, struct sw_err *err)
{
    if (stored->facts.dict != 0) {
        struct sw_dict *dict;
        SW_TRY(sw_dicts_get(&store->map, db, stored->facts.dict, budget, &dict, err));
        stored->dict = sw_dict_ref(dict);
    }
    return SW_OK;
}

static sw_status read_payload(struct sw_db *db, uint64_t key, struct stored *stored,
                              struct sw_err *err)
{
    size_t size = (size_t)stored->facts.payload_size;
    if (size == 0) {
        return SW_OK;
    }
    stored->payload = sw_block_alloc(size);
    if (stored->payload == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to read a table.");
    }
    size_t length;
    SW_TRY(read_blob(db, SW_SQL_PAYLOAD_GET, key, size, stored->payload, &length, err));
    return length == size ? SW_OK
                          : sw_db_damaged(db, err, "chunk %llu is shorter or longer than it was",
                                          (unsigned long long)key);
}

static sw_status decode(struct sw_db *db, uint64_t key, const struct stored *stored,
                        struct sw_budget *budget, struct sw_chunk **chunk, struct sw_err *err)
{
    struct sw_span payload = sw_span_of(stored->payload, (size_t)stored->facts.payload_size);
    sw_status status =
        sw_chunk_decode(&stored->facts, key, payload, stored->dict, budget, chunk, err);
    return status == SW_DAMAGED ? say_damage(db, key, err) : status;
}

/* The map learns which chunk that key is now. */
static sw_status note_read(struct sw_store *store, uint64_t key, const struct stored *stored,
                           const struct sw_chunk *chunk, struct sw_err *err)
{
    bool is_held = chunk->home != NULL;
    struct sw_chunk_entry *entry = sw_chunk_map_by_key(&store->map, key);
    if (entry != NULL) {
        sw_chunk_map_set_id(&store->map, entry, chunk->id);
        entry->is_held = is_held;
        return SW_OK;
    }
    const struct sw_chunk_entry made = {
        .key = key,
        .id = chunk->id,
        .dict = stored->facts.dict,
        .memory_bytes = chunk->held_bytes,
        .payload_bytes = (size_t)stored->facts.payload_size,
        .is_held = is_held,
    };
    return sw_chunk_map_add(&store->map, &made) != NULL
               ? SW_OK
               : sw_fail(err, SW_NO_MEMORY, "There is not enough memory to read a table.");
}

static sw_status note(struct sw_store *store, struct sw_db *db, uint64_t key,
                      const struct stored *stored, struct sw_chunk **chunk, struct sw_err *err)
{
    sw_db_lock(db);
    sw_status status = note_read(store, key, stored, *chunk, err);
    sw_db_unlock(db);
    if (status != SW_OK) {
        sw_chunk_unref(*chunk);
        *chunk = NULL;
    }
    return status;
}

sw_status sw_chunks_get_work(struct sw_store *store, uint64_t key, struct sw_budget *budget,
                             struct sw_chunk **chunk, struct sw_err *err)
{
    sw_assert_worker();
    struct sw_db *db = chunks_of(store);
    struct stored stored = {0};
    struct sw_err local;
    err = err != NULL ? err : &local;
    if (db == NULL) {
        return no_file(store, err);
    }
    sw_db_lock(db);
    sw_status status = read_facts(db, key, &stored, err);
    status = status == SW_OK ? read_dict(store, db, budget, &stored, err) : status;
    status = status == SW_OK ? read_payload(db, key, &stored, err) : status;
    sw_db_unlock(db);
    status = status == SW_OK ? decode(db, key, &stored, budget, chunk, err) : status;
    status = status == SW_OK ? note(store, db, key, &stored, chunk, err) : status;
    stored_fini(&stored);
    return status;
}

static size_t exceptions_size(const struct sw_chunk_facts *facts)
{
    for (uint32_t i = 0; i < facts->sections; i++) {
        if (facts->section[i].kind == SW_SECTION_EXCEPTIONS) {
            return (size_t)facts->section[i].size - sizeof(uint32_t) + sizeof(struct sw_exceptions);
        }
    }
    return 0;
}

sw_status sw_chunks_shell_work(struct sw_store *store, uint64_t key, struct sw_budget *budget,
                               struct sw_chunk **chunk, struct sw_err *err)
{
    sw_assert_worker();
    struct sw_db *db = chunks_of(store);
    struct stored stored = {0};
    struct sw_err local;
    err = err != NULL ? err : &local;
    if (db == NULL) {
        return no_file(store, err);
    }
    sw_db_lock(db);
    sw_status status = read_facts(db, key, &stored, err);
    status = status == SW_OK ? read_dict(store, db, budget, &stored, err) : status;
    sw_db_unlock(db);
    struct sw_chunk parts = stored.facts.parts;
    parts.dict = stored.dict;
    parts.budget = budget;
    if (status == SW_OK && stored.dict != NULL && sw_dict_count(stored.dict) < parts.dict_count) {
        status = sw_db_damaged(db, err, "the dictionary of chunk %llu lacks entries",
                               (unsigned long long)key);
    }
    status = status == SW_OK ? sw_cache_shell(store->cache, key, &parts, stored.facts.has_valid,
                                              stored.facts.has_spelling,
                                              exceptions_size(&stored.facts), chunk, err)
                             : status;
    status = status == SW_OK ? note(store, db, key, &stored, chunk, err) : status;
    stored_fini(&stored);
    return status;
}

sw_status sw_chunks_load_work(struct sw_store *store, uint64_t key, const struct sw_chunk *chunk,
                              struct sw_chunk **copy, struct sw_err *err)
{
    sw_assert_worker();
    struct sw_db *db = chunks_of(store);
    struct stored stored = {0};
    struct sw_err local;
    err = err != NULL ? err : &local;
    if (db == NULL) {
        return no_file(store, err);
    }
    stored.dict = chunk->dict != NULL ? sw_dict_ref(chunk->dict) : NULL;
    sw_db_lock(db);
    sw_status status = read_facts(db, key, &stored, err);
    status = status == SW_OK ? read_payload(db, key, &stored, err) : status;
    sw_db_unlock(db);
    status = status == SW_OK ? decode(db, key, &stored, chunk->budget, copy, err) : status;
    stored_fini(&stored);
    return status;
}

void sw_chunks_figures(struct sw_store *store, struct sw_chunks_figures *figures)
{
    struct sw_db *db = chunks_of(store);
    *figures = (struct sw_chunks_figures){0};
    if (db != NULL) {
        sw_db_lock(db);
        figures->chunks = store->map.chunks;
        figures->memory_bytes = store->map.memory_bytes;
        figures->payload_bytes = store->map.payload_bytes;
        sw_db_unlock(db);
    }
}
