#include "spill/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spill/row.h"

#define LENGTH_MAX       (1 << 30) /* of a blob or a statement: SQLite's own */
#define JOURNAL_KEPT     (1 << 20) /* bytes of a journal that stay for the next transaction */
#define INDEX_CACHE      256       /* KiB */
#define COLUMN_COUNT_MAX 32

static const struct {
    int64_t application;
    const char *pragmas;  /* before the first page is read or made */
    const char *settings; /* after */
} kinds[] = {
    [SW_DB_SESSION] = {SW_SESSION_APPLICATION, "PRAGMA page_size=4096; PRAGMA journal_mode=WAL;",
                       "PRAGMA wal_autocheckpoint=0;"},
    [SW_DB_CHUNKS] = {SW_CHUNKS_APPLICATION, "PRAGMA page_size=65536; PRAGMA journal_mode=PERSIST;",
                      ""},
    [SW_DB_INDEX] = {SW_INDEX_APPLICATION, "PRAGMA page_size=4096; PRAGMA journal_mode=PERSIST;",
                     ""},
};

/* -- SQLite as a whole ---------------------------------------------------------------- */

static int configure_result;

static void configure(void)
{
    /* A connection is used by one thread at a time, under its db's lock. Fails where SQLite was in
     * use before: then it has more locks than it needs, and that is all. */
    int code = sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    configure_result = sqlite3_initialize();
    if (configure_result == SQLITE_OK && sqlite3_threadsafe() == 0) {
        configure_result = SQLITE_MISUSE;
    }
    (void)code;
    sqlite3_soft_heap_limit64(SW_SPILL_SQLITE_BYTES);
}

sw_status sw_db_configure(struct sw_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    sw_assert(pthread_once(&once, configure) == 0);
    if (configure_result != SQLITE_OK) {
        return sw_fail(err, SW_STORAGE, "SQLite cannot be used here: %s.",
                       sqlite3_errstr(configure_result));
    }
    return SW_OK;
}

/* -- failures ------------------------------------------------------------------------- */

sw_status sw_db_damaged(const struct sw_db *db, struct sw_err *err, const char *format, ...)
{
    char what[200];
    va_list list;
    va_start(list, format);
    vsnprintf(what, sizeof(what), format, list);
    va_end(list);
    return sw_fail(err, SW_DAMAGED, "What is stored of \"%s\" is damaged: %s.", db->name, what);
}

static bool is_sync_failure(int code)
{
    return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC ||
           code == SQLITE_IOERR_TRUNCATE || code == SQLITE_IOERR_CLOSE;
}

sw_status sw_db_fail(struct sw_db *db, int code, struct sw_err *err)
{
    int extended = db->handle != NULL ? sqlite3_extended_errcode(db->handle) : code;
    if ((extended & 0xff) != (code & 0xff)) {
        extended = code;
    }
    if (is_sync_failure(extended)) {
        atomic_store_explicit(&db->has_failed, true, memory_order_relaxed);
    }
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to store this.");
    case SQLITE_FULL:
        return sw_fail(err, SW_STORAGE,
                       "The server's disk is full: what was to be stored of \"%s\" is not. "
                       "Try again when there is space.",
                       db->name);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return sw_fail(err, SW_STORAGE, "What is stored of \"%s\" is in use by another program.",
                       db->name);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return sw_db_damaged(db, err, "%s", sqlite3_errstr(extended));
    default:
        return sw_fail(err, SW_STORAGE,
                       "The server cannot read or write what is stored of \"%s\": %s.", db->name,
                       sqlite3_errstr(extended));
    }
}

/* -- files ---------------------------------------------------------------------------- */

/* SQLite's EXISTS does not see an empty file. */
bool sw_file_exists(const char *vfs, const char *path)
{
    sqlite3_vfs *layer = sqlite3_vfs_find(vfs);
    int is_there = 0;
    return layer != NULL &&
           layer->xAccess(layer, path, SQLITE_ACCESS_READWRITE, &is_there) == SQLITE_OK &&
           is_there != 0;
}

void sw_file_remove(const char *vfs, const char *path, bool is_synced)
{
    sqlite3_vfs *layer = sqlite3_vfs_find(vfs);
    if (layer != NULL) {
        int code = layer->xDelete(layer, path, is_synced);
        (void)code; /* it was not there, or stays until the next sweep */
    }
}

/* SQLite would make it for all to read; journals take the mode of their file. */
static sw_status make_private(const char *path, const char *vfs, struct sw_db *db,
                              struct sw_err *err)
{
    if (sw_file_exists(vfs, path)) {
        return sw_fail(err, SW_STORAGE, "There is something stored as \"%s\" already.", db->name);
    }
    if (vfs == NULL) {
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) {
            return sw_fail(err, SW_STORAGE, "The server cannot make a file to store \"%s\": %s.",
                           db->name, strerrordesc_np(errno));
        }
        close(fd);
    }
    return SW_OK;
}

/* -- opening -------------------------------------------------------------------------- */

static sw_status run(struct sw_db *db, const char *sql, struct sw_err *err)
{
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? SW_OK : sw_db_fail(db, code, err);
}

/* The first column of the first row. */
static sw_status ask(struct sw_db *db, const char *sql, int64_t *number, struct sw_err *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
        *number = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    }
    sw_status status =
        code == SQLITE_ROW || code == SQLITE_DONE ? SW_OK : sw_db_fail(db, code, err);
    sqlite3_finalize(statement);
    return status;
}

/* Nothing in the file may make SQLite do more than read and write tables. */
static void restrict_connection(sqlite3 *handle)
{
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, 0);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
    sqlite3_limit(handle, SQLITE_LIMIT_COLUMN, COLUMN_COUNT_MAX);
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(handle, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
}

static sw_status connect_to(struct sw_db *db, struct sw_err *err)
{
    /* The file is there by now, but in a layer of a test. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                (db->vfs != NULL ? SQLITE_OPEN_CREATE : 0);
    int code = sqlite3_open_v2(db->path, &db->handle, flags, db->vfs);
    if (code != SQLITE_OK) {
        return sw_db_fail(db, code, err);
    }
    restrict_connection(db->handle);
    SW_TRY(run(db,
               "PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; "
               "PRAGMA cell_size_check=ON; PRAGMA secure_delete=OFF; PRAGMA auto_vacuum=NONE;",
               err));
    return SW_OK;
}

/* When a commit waits for the disk. EXTRA rather than FULL: it also waits for a journal's removal,
 * without which a power cut could bring the journal back and undo what it belonged to. */
static const char *synchronous_of(enum sw_db_kind kind, enum sw_durability durability)
{
    if (kind == SW_DB_INDEX || durability == SW_DURABILITY_OFF) {
        return "OFF";
    }
    return kind == SW_DB_CHUNKS || durability == SW_DURABILITY_POWER ? "EXTRA" : "NORMAL";
}

static sw_status settle(struct sw_db *db, enum sw_durability durability, struct sw_err *err)
{
    char text[200];
    int64_t cache = db->kind == SW_DB_CHUNKS    ? SW_SPILL_CHUNK_PAGES
                    : db->kind == SW_DB_SESSION ? -(int64_t)(SW_SPILL_SESSION_BYTES >> 10)
                                                : -INDEX_CACHE;
    snprintf(text, sizeof(text),
             "PRAGMA synchronous=%s; PRAGMA cache_size=%lld; PRAGMA journal_size_limit=%d;",
             synchronous_of(db->kind, durability), (long long)cache, JOURNAL_KEPT);
    SW_TRY(run(db, text, err));
    return run(db, kinds[db->kind].settings, err);
}

static const char *schema_of(enum sw_db_kind kind)
{
    return kind == SW_DB_SESSION  ? sw_session_sql
           : kind == SW_DB_CHUNKS ? sw_chunks_sql
                                  : SW_INDEX_SCHEMA;
}

static sw_status make_tables(struct sw_db *db, struct sw_err *err)
{
    char text[120];
    snprintf(text, sizeof(text), "PRAGMA application_id=%lld; PRAGMA user_version=%d;",
             (long long)kinds[db->kind].application, SW_FILE_VERSION);
    SW_TRY(run(db, text, err));
    return run(db, schema_of(db->kind), err);
}

/* Each table of the file is one of ours to the letter, and none is missing. */
static sw_status check_schema(struct sw_db *db, struct sw_err *err)
{
    const char *schema = schema_of(db->kind);
    int wanted = 0;
    for (const char *at = schema; (at = strstr(at, "CREATE TABLE")) != NULL; at++) {
        wanted++;
    }
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db->handle, "SELECT ifnull(sql, '') FROM sqlite_schema", -1,
                                  &statement, NULL);
    bool is_ours = true;
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            const char *sql = (const char *)sqlite3_column_text(statement, 0);
            is_ours = is_ours && sql != NULL && sql[0] != '\0' && strstr(schema, sql) != NULL;
            wanted--;
        }
    }
    sw_status status = code == SQLITE_DONE ? SW_OK : sw_db_fail(db, code, err);
    sqlite3_finalize(statement);
    SW_TRY(status);
    if (!is_ours || wanted != 0) {
        return sw_db_damaged(db, err, "the tables of its file are not those of Spillway");
    }
    return SW_OK;
}

/* What quick_check found; where it could not read a page, it names SQLite's code in its words. */
static sw_status judge_check(struct sw_db *db, const char *found, struct sw_err *err)
{
    static const char named[] = "error code=";
    if (found != NULL && strcmp(found, "ok") == 0) {
        return SW_OK;
    }
    const char *at = found != NULL ? strstr(found, named) : NULL;
    int code = at != NULL ? (int)strtol(at + sizeof(named) - 1, NULL, 10) : SQLITE_CORRUPT;
    return (code & 0xff) != SQLITE_CORRUPT
               ? sw_db_fail(db, code, err)
               : sw_db_damaged(db, err, "its pages do not hang together");
}

static sw_status check_pages(struct sw_db *db, struct sw_err *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db->handle, "PRAGMA quick_check(1)", -1, &statement, NULL);
    code = code == SQLITE_OK ? sqlite3_step(statement) : code;
    sw_status status = code == SQLITE_ROW
                           ? judge_check(db, (const char *)sqlite3_column_text(statement, 0), err)
                           : sw_db_fail(db, code, err);
    sqlite3_finalize(statement);
    return status;
}

static sw_status check_file(struct sw_db *db, struct sw_err *err)
{
    int64_t application = 0;
    int64_t version = 0;
    SW_TRY(ask(db, "PRAGMA application_id", &application, err));
    SW_TRY(ask(db, "PRAGMA user_version", &version, err));
    if (application != kinds[db->kind].application) {
        return sw_db_damaged(db, err, "its file is not one of Spillway's");
    }
    if (version != SW_FILE_VERSION) {
        return sw_db_damaged(db, err, "its file is of version %lld, this server reads version %d",
                             (long long)version, SW_FILE_VERSION);
    }
    SW_TRY(check_schema(db, err));
    /* A file of chunks is checked blob by blob, when they are read. */
    return db->kind == SW_DB_CHUNKS ? SW_OK : check_pages(db, err);
}

static sw_status new_db(const struct sw_db_place *place, struct sw_db **db, struct sw_err *err)
{
    struct sw_db *made = calloc(1, sizeof(*made));
    if (made == NULL || (made->path = strdup(place->path)) == NULL) {
        free(made);
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to store this.");
    }
    made->kind = place->kind;
    made->name = place->name;
    made->vfs = place->vfs;
    sw_assert(pthread_mutex_init(&made->lock, NULL) == 0);
    *db = made;
    return SW_OK;
}

/* How a new file is made: safely, or, where a power cut may lose it until it is saved, without
 * waiting for the disk; then also without a journal that the cut could bring back. */
static const char *making_of(enum sw_db_kind kind, enum sw_durability durability)
{
    bool is_safe =
        kind == SW_DB_CHUNKS ? durability != SW_DURABILITY_OFF : durability == SW_DURABILITY_POWER;
    return is_safe && kind != SW_DB_INDEX ? "PRAGMA synchronous=EXTRA;"
                                          : "PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY;";
}

static sw_status fill_new(struct sw_db *db, enum sw_durability durability, sw_db_fill_fn fill,
                          void *context, struct sw_err *err)
{
    SW_TRY(connect_to(db, err));
    SW_TRY(run(db, making_of(db->kind, durability), err));
    SW_TRY(run(db, kinds[db->kind].pragmas, err));
    SW_TRY(run(db, "BEGIN EXCLUSIVE;", err));
    SW_TRY(make_tables(db, err));
    if (fill != NULL) {
        SW_TRY(fill(db, context, err));
    }
    SW_TRY(run(db, "COMMIT;", err));
    return settle(db, durability, err);
}

sw_status sw_db_create(const struct sw_db_place *place, sw_db_fill_fn fill, void *context,
                       struct sw_db **db, struct sw_err *err)
{
    struct sw_db *made;
    SW_TRY(new_db(place, &made, err));
    sw_status status = make_private(place->path, place->vfs, made, err);
    if (status != SW_OK) {
        sw_db_close(made);
        return status;
    }
    status = fill_new(made, place->durability, fill, context, err);
    if (status != SW_OK) {
        sw_db_close(made);
        sw_file_remove(place->vfs, place->path, false);
        return status;
    }
    *db = made;
    return SW_OK;
}

/* *tables: how many the file has; 0: it is blank. */
static sw_status open_old(struct sw_db *db, enum sw_durability durability, int64_t *tables,
                          struct sw_err *err)
{
    SW_TRY(connect_to(db, err));
    /* Takes the lock, which is then kept, and takes back what was left half done. */
    SW_TRY(run(db, "BEGIN EXCLUSIVE; COMMIT;", err));
    SW_TRY(ask(db, "SELECT count(*) FROM sqlite_schema", tables, err));
    if (*tables == 0) {
        return SW_OK;
    }
    SW_TRY(check_file(db, err));
    SW_TRY(run(db, kinds[db->kind].pragmas, err));
    return settle(db, durability, err);
}

sw_status sw_db_open(const struct sw_db_place *place, struct sw_db **db, struct sw_err *err)
{
    struct sw_db *made;
    int64_t tables = 0;
    *db = NULL;
    if (!sw_file_exists(place->vfs, place->path)) {
        return sw_fail(err, SW_STORAGE, "What was stored of \"%s\" is no longer there.",
                       place->name);
    }
    SW_TRY(new_db(place, &made, err));
    sw_status status = open_old(made, place->durability, &tables, err);
    if (status != SW_OK || tables == 0) {
        sw_db_close(made);
        return status;
    }
    *db = made;
    return SW_OK;
}

void sw_db_close(struct sw_db *db)
{
    if (db == NULL) {
        return;
    }
    for (int i = 0; i < SW_SQL_COUNT; i++) {
        sqlite3_finalize(db->statement[i]);
    }
    int code = sqlite3_close(db->handle);
    sw_assert(code == SQLITE_OK);
    pthread_mutex_destroy(&db->lock);
    free(db->path);
    free(db);
}

/* -- using ---------------------------------------------------------------------------- */

void sw_db_lock(struct sw_db *db)
{
    sw_assert(pthread_mutex_lock(&db->lock) == 0);
}

void sw_db_unlock(struct sw_db *db)
{
    sw_assert(pthread_mutex_unlock(&db->lock) == 0);
}

sw_status sw_db_begin(struct sw_db *db, struct sw_err *err)
{
    if (atomic_load_explicit(&db->has_failed, memory_order_relaxed)) {
        return sw_fail(err, SW_STORAGE,
                       "The server's disk has failed while \"%s\" was written: nothing more of it "
                       "is stored until it is opened again.",
                       db->name);
    }
    return run(db, "BEGIN IMMEDIATE", err);
}

void sw_db_rollback(struct sw_db *db)
{
    if (sqlite3_get_autocommit(db->handle) == 0) {
        int code = sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
        (void)code; /* SQLite takes back what it can when the file is opened next */
    }
}

sw_status sw_db_commit(struct sw_db *db, struct sw_err *err)
{
    sw_status status = run(db, "COMMIT", err);
    if (status != SW_OK) {
        sw_db_rollback(db);
    }
    if (db->kind == SW_DB_CHUNKS) {
        /* Chunks are written once: what of them SQLite kept serves nobody, and each store has its
         * own. */
        (void)sqlite3_db_release_memory(db->handle);
    }
    return status;
}

sw_status sw_db_fold_wal(struct sw_db *db, struct sw_err *err)
{
    int code = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return code == SQLITE_OK ? SW_OK : sw_db_fail(db, code, err);
}

static int64_t file_bytes(struct sw_db *db, int which)
{
    sqlite3_file *file = NULL;
    sqlite3_int64 bytes = 0;
    if (sqlite3_file_control(db->handle, "main", which, (void *)&file) != SQLITE_OK ||
        file == NULL || file->pMethods == NULL ||
        file->pMethods->xFileSize(file, &bytes) != SQLITE_OK) {
        return 0;
    }
    return bytes;
}

int64_t sw_db_journal_bytes(struct sw_db *db)
{
    return file_bytes(db, SQLITE_FCNTL_JOURNAL_POINTER);
}

int64_t sw_db_disk_bytes(struct sw_db *db)
{
    return file_bytes(db, SQLITE_FCNTL_FILE_POINTER) + sw_db_journal_bytes(db);
}
