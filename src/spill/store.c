#include "spill/store.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/log.h"
#include "base/random.h"
#include "base/thread.h"
#include "spill/spill_priv.h"

/* A nearly full disk still takes what frees it: a save that cuts the log, a removal. */
#define SMALL_BYTES (64u << 10)

/* -- disk ------------------------------------------------------------------------------- */

static int64_t used_by(const struct sw_store *store)
{
    return atomic_load_explicit(&store->session_bytes, memory_order_relaxed) +
           atomic_load_explicit(&store->chunk_bytes, memory_order_relaxed);
}

static sw_status check_limit(const char *name, int64_t used, uint64_t bytes, int64_t limit,
                             const char *hint, struct sw_err *err)
{
    used = used > 0 ? used : 0; /* below: somebody else made a file shorter */
    int64_t more = bytes < (uint64_t)INT64_MAX / 2 ? (int64_t)bytes : INT64_MAX / 2;
    return used <= limit && more <= limit - used
               ? SW_OK
               : sw_fail_limit(err, name, used + more, limit, hint);
}

sw_status sw_store_reserve(struct sw_store *store, uint64_t bytes, struct sw_err *err)
{
    const struct sw_spill *spill = store->spill;
    struct statvfs disk;
    uint64_t free_pages = (uint64_t)atomic_load_explicit(&store->free_bytes, memory_order_relaxed);
    bytes = bytes > free_pages ? bytes - free_pages : 0;
    SW_TRY(check_limit("session_disk_bytes", used_by(store), bytes, store->disk_limit,
                       "drop tables that are no longer needed, or ask the operator to raise "
                       "--session-disk",
                       err));
    SW_TRY(check_limit("disk_bytes", atomic_load_explicit(&spill->disk_used, memory_order_relaxed),
                       bytes, spill->disk_limit,
                       "close sessions that are no longer needed, or ask the operator to raise "
                       "--disk",
                       err));
    if (fstatvfs(spill->folder_fd, &disk) == 0) {
        uint64_t free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
        if (free_bytes < bytes || free_bytes - bytes < (uint64_t)spill->free_limit) {
            return sw_fail(err, SW_STORAGE,
                           "The server's disk is nearly full: what was to be stored of \"%s\" is "
                           "not. Try again when there is space.",
                           store->name);
        }
    }
    return SW_OK;
}

static void settle(struct sw_store *store, struct sw_db *db, _Atomic int64_t *bytes)
{
    int64_t now = sw_db_disk_bytes(db);
    int64_t before = atomic_exchange_explicit(bytes, now, memory_order_relaxed);
    atomic_fetch_add_explicit(&store->spill->disk_used, now - before, memory_order_relaxed);
}

void sw_store_settle_session(struct sw_store *store)
{
    settle(store, store->session, &store->session_bytes);
}

void sw_store_settle_chunks(struct sw_store *store)
{
    struct sw_row row;
    bool is_there = false;
    settle(store, store->chunks, &store->chunk_bytes);
    if (sw_row_start(&row, store->chunks, SW_SQL_FREE_PAGES, NULL) == SW_OK &&
        sw_row_one(&row, &is_there, NULL) == SW_OK && is_there) {
        atomic_store_explicit(&store->free_bytes, sw_row_int(&row) * SW_CHUNKS_PAGE_BYTES,
                              memory_order_relaxed);
    }
    sw_row_end(&row);
}

int64_t sw_store_disk_bytes(const struct sw_store *store)
{
    return used_by(store);
}

/* -- making and opening ------------------------------------------------------------------- */

static sw_status new_store(struct sw_spill *spill, const char *name, int64_t disk_bytes,
                           struct sw_store **store, struct sw_err *err)
{
    if (!sw_store_name_is_good(name)) {
        return sw_fail(err, SW_STORAGE, "\"%.100s\" is no name for anything stored.", name);
    }
    struct sw_store *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to store this.");
    }
    made->magic = SW_STORE_MAGIC;
    made->spill = spill;
    snprintf(made->name, sizeof(made->name), "%s", name);
    made->disk_limit = disk_bytes;
    sw_assert(pthread_mutex_init(&made->writing, NULL) == 0);
    sw_chunk_map_init(&made->map);
    sw_manifest_init(&made->manifest);
    atomic_fetch_add_explicit(&spill->open_stores, 1, memory_order_relaxed);
    *store = made;
    return SW_OK;
}

/* Closes the files; they stay as they are. */
static void free_store(struct sw_store *store)
{
    sw_db_close(store->session);
    sw_db_close(store->chunks);
    sw_chunk_map_fini(&store->map);
    sw_manifest_fini(&store->manifest);
    pthread_mutex_destroy(&store->writing);
    atomic_fetch_sub_explicit(&store->spill->disk_used, used_by(store), memory_order_relaxed);
    atomic_fetch_sub_explicit(&store->spill->open_stores, 1, memory_order_relaxed);
    store->magic = 0;
    free(store);
}

static sw_status put_saved(struct sw_db *db, uint64_t seq, struct sw_err *err)
{
    struct sw_row row;
    SW_TRY(sw_row_start(&row, db, SW_SQL_SAVED_PUT, err));
    sw_row_put_int(&row, 1);
    sw_row_put_int(&row, (int64_t)seq);
    return sw_row_write(&row, err);
}

static sw_status put_facts(struct sw_db *db, void *store_of, struct sw_err *err)
{
    const struct sw_store *store = store_of;
    struct sw_row row;
    SW_TRY(sw_row_start(&row, db, SW_SQL_STORE_PUT, err));
    sw_row_put_int(&row, 1);
    sw_row_put_int(&row, (int64_t)store->facts.kind);
    sw_row_put_text(&row, sw_span_text(store->name));
    sw_row_put_blob(&row, sw_span_of((const char *)store->facts.key, SW_SHA256_BYTES));
    sw_row_put_text(&row, sw_span_text(store->facts.app));
    sw_row_put_int(&row, store->facts.opened_ms);
    sw_row_put_blob(&row, sw_span_of((const char *)store->uid, SW_UID_BYTES));
    SW_TRY(sw_row_write(&row, err));
    return put_saved(db, 0, err);
}

static void put_index(struct sw_store *store)
{
    struct sw_stored stored = {
        .kind = store->facts.kind,
        .opened_ms = store->facts.opened_ms,
        .seen_ms = atomic_load_explicit(&store->seen_ms, memory_order_relaxed),
        .disk_bytes = used_by(store),
    };
    memcpy(stored.name, store->name, sizeof(stored.name));
    memcpy(stored.key, store->facts.key, sizeof(stored.key));
    memcpy(stored.app, store->facts.app, sizeof(stored.app));
    struct sw_err err;
    if (sw_index_put(store->spill, &stored, &err) != SW_OK) {
        sw_log(SW_LOG_WARN, store->name, "spill.index reason=\"%s\"", err.message);
    }
}

static struct sw_db_place place_of(const struct sw_store *store, const char *path,
                                   enum sw_db_kind kind)
{
    return (struct sw_db_place){
        .path = path,
        .name = store->name,
        .vfs = store->spill->vfs,
        .kind = kind,
        .durability = store->spill->durability,
    };
}

static sw_status make_file(struct sw_store *store, struct sw_err *err)
{
    SW_TRY(sw_store_reserve(store, SMALL_BYTES, err));
    char *path = sw_spill_path(store->spill->folder, store->name, ".db");
    if (path == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to store this.");
    }
    const struct sw_db_place place = place_of(store, path, SW_DB_SESSION);
    sw_status status = sw_db_create(&place, put_facts, store, &store->session, err);
    free(path);
    return status;
}

sw_status sw_store_create_work(struct sw_spill *spill, const char *name,
                               const struct sw_store_facts *facts, int64_t disk_bytes,
                               struct sw_store **store, struct sw_err *err)
{
    struct sw_store *made;
    sw_assert_worker();
    SW_TRY(new_store(spill, name, disk_bytes, &made, err));
    made->facts = *facts;
    made->seen_ms = facts->opened_ms;
    made->is_known = true;
    sw_random_bytes(made->uid, sizeof(made->uid));
    sw_status status = make_file(made, err);
    if (status != SW_OK) {
        free_store(made);
        return status;
    }
    sw_store_settle_session(made);
    atomic_fetch_add_explicit(&spill->stores, 1, memory_order_relaxed);
    put_index(made);
    *store = made;
    return SW_OK;
}

static bool copy_text(struct sw_span text, char *into, size_t size)
{
    if (text.length >= size || memchr(text.data, '\0', text.length) != NULL) {
        return false;
    }
    memcpy(into, text.data, text.length);
    into[text.length] = '\0';
    return true;
}

static sw_status read_facts(struct sw_store *store, struct sw_row *row, struct sw_err *err)
{
    sw_row_int(row);
    int64_t kind = sw_row_int(row);
    struct sw_span name = sw_row_text(row);
    struct sw_span key = sw_row_blob(row);
    struct sw_span app = sw_row_text(row);
    store->facts.opened_ms = sw_row_int(row);
    struct sw_span uid = sw_row_blob(row);
    SW_TRY(sw_row_check(row, err));
    if (!sw_span_equal(name, sw_span_text(store->name))) {
        return sw_db_damaged(row->db, err, "the file belongs to another name");
    }
    if (key.length != SW_SHA256_BYTES || uid.length != SW_UID_BYTES ||
        !copy_text(app, store->facts.app, sizeof(store->facts.app)) ||
        (kind != SW_STORE_SESSION && kind != SW_STORE_DATASET)) {
        return sw_db_damaged(row->db, err, "its facts have no such form");
    }
    store->facts.kind = (enum sw_store_kind)kind;
    memcpy(store->facts.key, key.data, SW_SHA256_BYTES);
    memcpy(store->uid, uid.data, SW_UID_BYTES);
    return SW_OK;
}

/* The one row of a table. */
static sw_status read_one(struct sw_store *store, struct sw_db *db, enum sw_sql sql,
                          sw_status (*read)(struct sw_store *, struct sw_row *, struct sw_err *),
                          struct sw_err *err)
{
    struct sw_row row;
    bool is_there;
    SW_TRY(sw_row_start(&row, db, sql, err));
    sw_status status = sw_row_one(&row, &is_there, err);
    if (status == SW_OK) {
        status = is_there ? read(store, &row, err)
                          : sw_db_damaged(db, err, "the row of its table \"%s\" is missing",
                                          sw_sql_table(sql));
    }
    sw_row_end(&row);
    return status;
}

static sw_status read_saved(struct sw_store *store, struct sw_row *row, struct sw_err *err)
{
    sw_row_int(row);
    int64_t seq = sw_row_int(row);
    SW_TRY(sw_row_check(row, err));
    store->last_seq = (uint64_t)seq;
    return SW_OK;
}

static sw_status read_log_sum(struct sw_store *store, struct sw_row *row, struct sw_err *err)
{
    uint64_t records = (uint64_t)sw_row_int(row);
    uint64_t bytes = (uint64_t)sw_row_int(row);
    uint64_t last = (uint64_t)sw_row_int(row);
    SW_TRY(sw_row_check_kinds(row, err));
    store->log_records = records;
    store->log_bytes = bytes;
    store->last_seq = last > store->last_seq ? last : store->last_seq;
    return SW_OK;
}

static sw_status check_uid(struct sw_store *store, struct sw_row *row, struct sw_err *err)
{
    sw_row_int(row);
    struct sw_span uid = sw_row_blob(row);
    SW_TRY(sw_row_check(row, err));
    if (uid.length != SW_UID_BYTES || memcmp(uid.data, store->uid, SW_UID_BYTES) != 0) {
        return sw_db_damaged(row->db, err, "its file of chunks belongs to another");
    }
    return SW_OK;
}

static sw_status read_last_keys(struct sw_store *store, struct sw_row *row, struct sw_err *err)
{
    int64_t chunk = sw_row_int(row);
    int64_t payload = sw_row_int(row);
    int64_t run = sw_row_int(row);
    SW_TRY(sw_row_check_kinds(row, err));
    chunk = chunk > payload ? chunk : payload;
    if (chunk < 0 || chunk > INT64_MAX / 2 || run < 0 || run >> 32 >= INT32_MAX) {
        return sw_db_damaged(row->db, err, "a chunk has no such key");
    }
    store->map.next_key = (uint64_t)chunk + 1;
    store->map.next_dict = ((uint64_t)run >> 32) + 1;
    return SW_OK;
}

static sw_status open_chunks(struct sw_store *store, const char *path, struct sw_err *err)
{
    struct sw_db *db;
    const struct sw_db_place place = place_of(store, path, SW_DB_CHUNKS);
    if (!sw_file_exists(place.vfs, path)) {
        return SW_OK;
    }
    SW_TRY(sw_db_open(&place, &db, err));
    if (db == NULL) {
        sw_file_remove(place.vfs, path, false); /* its making was cut short: nothing names it */
        return SW_OK;
    }
    store->chunks = db;
    SW_TRY(read_one(store, db, SW_SQL_CHUNKS_STORE_GET, check_uid, err));
    return read_one(store, db, SW_SQL_CHUNKS_LAST, read_last_keys, err);
}

static sw_status open_session(struct sw_store *store, const char *path, struct sw_err *err)
{
    const struct sw_db_place place = place_of(store, path, SW_DB_SESSION);
    SW_TRY(sw_db_open(&place, &store->session, err));
    if (store->session == NULL) {
        return sw_fail(err, SW_UNKNOWN_TOKEN, "\"%s\" was never stored to its end.", store->name);
    }
    SW_TRY(read_one(store, store->session, SW_SQL_STORE_GET, read_facts, err));
    SW_TRY(read_one(store, store->session, SW_SQL_SAVED_GET, read_saved, err));
    return read_one(store, store->session, SW_SQL_LOG_SUM, read_log_sum, err);
}

static sw_status open_files(struct sw_store *store, struct sw_err *err)
{
    char *session = sw_spill_path(store->spill->folder, store->name, ".db");
    char *chunks = sw_spill_path(store->spill->folder, store->name, ".chunks");
    sw_status status = SW_OK;
    if (session == NULL || chunks == NULL) {
        status = sw_fail(err, SW_NO_MEMORY, "There is not enough memory to open this.");
    }
    status = status == SW_OK ? open_session(store, session, err) : status;
    status = status == SW_OK ? open_chunks(store, chunks, err) : status;
    free(session);
    free(chunks);
    return status;
}

sw_status sw_store_open_work(struct sw_spill *spill, const char *name, int64_t disk_bytes,
                             struct sw_store **store, struct sw_err *err)
{
    struct sw_store *made;
    SW_TRY(new_store(spill, name, disk_bytes, &made, err));
    int64_t bytes = sw_spill_stored_bytes(spill, name);
    sw_status status = open_files(made, err);
    if (status != SW_OK) {
        free_store(made);
        if (status == SW_UNKNOWN_TOKEN) {
            sw_status removed = sw_spill_remove_work(spill, name, NULL);
            (void)removed; /* fails for want of a good name alone */
        }
        return status;
    }
    /* What was counted as a closed store's is now an open one's. */
    atomic_fetch_sub_explicit(&spill->disk_used, bytes, memory_order_relaxed);
    struct sw_stored stored;
    made->seen_ms = sw_index_get(spill, name, &stored) ? stored.seen_ms : made->facts.opened_ms;
    sw_store_settle_session(made);
    if (made->chunks != NULL) {
        sw_store_settle_chunks(made);
    }
    *store = made;
    return SW_OK;
}

/* -- the end ---------------------------------------------------------------------------- */

void sw_store_close_work(struct sw_store *store)
{
    if (store == NULL) {
        return;
    }
    struct sw_spill *spill = store->spill;
    char name[sizeof(store->name)];
    memcpy(name, store->name, sizeof(name));
    put_index(store);
    free_store(store);
    atomic_fetch_add_explicit(&spill->disk_used, sw_spill_stored_bytes(spill, name),
                              memory_order_relaxed);
}

void sw_store_remove_work(struct sw_store *store)
{
    struct sw_spill *spill = store->spill;
    char name[sizeof(store->name)];
    memcpy(name, store->name, sizeof(name));
    free_store(store);
    sw_spill_remove_files(spill, name);
    sw_index_cut(spill, name);
    atomic_fetch_sub_explicit(&spill->stores, 1, memory_order_relaxed);
}

/* The chunks that are committed keep their keys; no save of the new store holds them yet. */
static void carry_map(struct sw_chunk_map *from, struct sw_chunk_map *to)
{
    uint64_t next_key = to->next_key;
    uint64_t next_dict = to->next_dict;
    sw_chunk_map_fini(to);
    *to = *from;
    sw_chunk_map_init(from);
    to->next_key = to->next_key > next_key ? to->next_key : next_key;
    to->next_dict = to->next_dict > next_dict ? to->next_dict : next_dict;
    for (struct sw_chunk_entry *at = to->by_key; at != NULL; at = at->by_key.next) {
        at->refs = 0;
        at->idle = 0;
    }
}

sw_status sw_store_reopen_work(struct sw_store **store, struct sw_err *err)
{
    struct sw_spill *spill = (*store)->spill;
    int64_t disk_limit = (*store)->disk_limit;
    char name[sizeof((*store)->name)];
    struct sw_chunk_map map = (*store)->map;
    memcpy(name, (*store)->name, sizeof(name));
    sw_chunk_map_init(&(*store)->map);
    sw_store_close_work(*store);
    *store = NULL;
    sw_status status = sw_store_open_work(spill, name, disk_limit, store, err);
    if (status == SW_OK) {
        carry_map(&map, &(*store)->map);
    }
    sw_chunk_map_fini(&map);
    return status;
}

/* -- facts ------------------------------------------------------------------------------ */

const char *sw_store_name(const struct sw_store *store)
{
    return store->name;
}

const struct sw_store_facts *sw_store_facts_peek(const struct sw_store *store)
{
    return &store->facts;
}

bool sw_store_has_failed(const struct sw_store *store)
{
    const struct sw_db *chunks = store->chunks;
    return atomic_load_explicit(&store->session->has_failed, memory_order_relaxed) ||
           (chunks != NULL && atomic_load_explicit(&chunks->has_failed, memory_order_relaxed));
}

void sw_store_touch_work(struct sw_store *store, int64_t seen_ms)
{
    atomic_store_explicit(&store->seen_ms, seen_ms, memory_order_relaxed);
    put_index(store);
}
