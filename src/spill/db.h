/* db: one SQLite file with its statements, opened the one way in which Spillway opens
 * them: exclusively, checked for being its own, of a known version and unharmed.
 *
 * A db belongs to a store or to the index.  Whoever uses it holds `lock` from
 * sw_db_begin, or the first row, to the end of what he does.
 *
 * Three kinds, and why they differ:
 *   session  4 KiB pages (a log record dirties one), WAL: a commit is one append, and
 *            one sync where the durability wants it
 *   chunks   64 KiB pages, a rollback journal that is kept (PERSIST): blobs that are
 *            added are written once.  Always synced at a commit but by
 *            SW_DURABILITY_OFF, so that what a session's file names is there
 *   index    a rollback journal, never synced: it can be made anew                  */
#ifndef SW_SPILL_DB_H
#define SW_SPILL_DB_H

#include <pthread.h>

#include <sqlite3.h>

#include "spill/spill.h"
#include "spill/sql.h"

extern const char sw_session_sql[], sw_chunks_sql[];

#define SW_SESSION_APPLICATION 0x5370694c /* "SpiL" */
#define SW_CHUNKS_APPLICATION  0x53704368 /* "SpCh" */
#define SW_INDEX_APPLICATION   0x53704978 /* "SpIx" */
#define SW_CHUNKS_PAGE_BYTES   65536
#define SW_FILE_VERSION        1 /* user_version of all three */

/* The one table of index.db. */
#define SW_INDEX_SCHEMA                                                                        \
    "CREATE TABLE stored (id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind INTEGER NOT NULL, " \
    "key BLOB NOT NULL, app TEXT NOT NULL, opened_ms INTEGER NOT NULL, "                       \
    "seen_ms INTEGER NOT NULL, disk_bytes INTEGER NOT NULL, hash INTEGER NOT NULL)"

enum sw_db_kind { SW_DB_SESSION, SW_DB_CHUNKS, SW_DB_INDEX };

struct sw_db {
    enum sw_db_kind kind;
    sqlite3 *handle;                       /* lock: lock; owned */
    sqlite3_stmt *statement[SW_SQL_COUNT]; /* lock: lock; owned; NULL: not used yet */
    pthread_mutex_t lock;
    char *path;       /* owned */
    const char *name; /* of the store, for messages; the owner's */
    const char *vfs;
    _Atomic bool has_failed; /* a sync failed: nothing is written any more */
};

/* Once in a process; later calls do nothing. */
SW_MUST_USE sw_status sw_db_configure(struct sw_err *err);

struct sw_db_place {
    const char *path;
    const char *name; /* as long as the db */
    const char *vfs;
    enum sw_db_kind kind;
    enum sw_durability durability;
};

/* What else belongs into the first transaction; NULL: nothing. */
typedef sw_status (*sw_db_fill_fn)(struct sw_db *db, void *context, struct sw_err *err);

/* Makes the file with its tables, in one transaction with what `fill` puts in; SW_STORAGE when it
 * exists. */
SW_MUST_USE sw_status sw_db_create(const struct sw_db_place *place, sw_db_fill_fn fill,
                                   void *context, struct sw_db **db, struct sw_err *err);
/* Opens what is there; SW_DAMAGED: it is another program's, of another version, contradicts itself;
 * SW_STORAGE: it is missing, in use, cannot be read.
 * *db is NULL with SW_OK where the file is blank: its making was cut short. */
SW_MUST_USE sw_status sw_db_open(const struct sw_db_place *place, struct sw_db **db,
                                 struct sw_err *err);
void sw_db_close(struct sw_db *db); /* NULL accepted */

void sw_db_lock(struct sw_db *db);
void sw_db_unlock(struct sw_db *db);
/* A transaction that writes; the lock is held. */
SW_MUST_USE sw_status sw_db_begin(struct sw_db *db, struct sw_err *err);
SW_MUST_USE sw_status sw_db_commit(struct sw_db *db, struct sw_err *err); /* failed: rolled back */
void sw_db_rollback(struct sw_db *db);
/* The WAL goes into the file and is emptied. */
SW_MUST_USE sw_status sw_db_fold_wal(struct sw_db *db, struct sw_err *err);

/* What SQLite said, as a status and a sentence. */
sw_status sw_db_fail(struct sw_db *db, int code, struct sw_err *err);
/* SW_DAMAGED: the file contradicts itself, in what the format says. */
SW_PRINTF(3, 4)
sw_status sw_db_damaged(const struct sw_db *db, struct sw_err *err, const char *format, ...);

/* Bytes of the file and its journal or WAL. */
int64_t sw_db_disk_bytes(struct sw_db *db);
int64_t sw_db_journal_bytes(struct sw_db *db);

/* Files through SQLite's layer, so that tests can put in theirs. */
bool sw_file_exists(const char *vfs, const char *path);
void sw_file_remove(const char *vfs, const char *path, bool is_synced);

#endif
