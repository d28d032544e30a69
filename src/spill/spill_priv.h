/* spill_priv: what the files of this folder share.  No one else includes it.
 *
 * Locks of a store, in the order in which they may be taken:
 *   writing        one at a time writes chunks, saves or restores
 *   session->lock  the session's file: held for a transaction, or the reading of a table
 *   chunks->lock   the chunks' file and the maps of chunks: held for one blob, or a commit
 * The last two are never held together; neither is the index's, which is taken alone.     */
#ifndef SW_SPILL_SPILL_PRIV_H
#define SW_SPILL_SPILL_PRIV_H

#include "spill/chunk_map.h"
#include "spill/manifest.h"
#include "spill/row.h"
#include "spill/store.h"

#define SW_UID_BYTES   16
#define SW_STORE_MAGIC 0x73746f72u /* "stor" */

struct sw_cache;

struct sw_spill {
    char *folder;  /* STATE/sessions; owned */
    char *damaged; /* STATE/damaged; owned */
    int folder_fd; /* locked (flock) as long as the server runs */
    const char *vfs;
    enum sw_durability durability;
    struct sw_db *index;
    int64_t disk_limit, free_limit;
    _Atomic int64_t disk_used; /* all stores */
    _Atomic uint32_t stores, open_stores;
};

struct sw_store {
    uint32_t magic;
    struct sw_spill *spill;
    char name[SW_STORE_NAME_MAX + 1];
    struct sw_store_facts facts;
    unsigned char uid[SW_UID_BYTES];
    struct sw_db *session;
    struct sw_db *_Atomic chunks; /* NULL: no chunk yet; made under `writing` */
    pthread_mutex_t writing;
    struct sw_chunk_map map;     /* lock: chunks->lock, or before there is one */
    struct sw_cache *cache;      /* whose chunks are here; borrowed; NULL: all stay in memory */
    struct sw_manifest manifest; /* lock: writing */
    bool is_known;               /* lock: writing. The manifest is what the file says: the store is
                                    new or was restored; else a save begins from nothing */
    int64_t disk_limit;
    _Atomic int64_t session_bytes, chunk_bytes; /* of the files */
    _Atomic int64_t free_bytes;                 /* of them: pages of chunks that have gone */
    _Atomic uint64_t last_seq, log_records, log_bytes;
    _Atomic int64_t seen_ms;
};

/* -- spill.c */
bool sw_store_name_is_good(const char *name);
/* "FOLDER/NAME" and a suffix, to be freed; NULL: no memory. */
char *sw_spill_path(const char *folder, const char *name, const char *suffix);
/* Bytes of the files of a store that is not open. */
int64_t sw_spill_stored_bytes(const struct sw_spill *spill, const char *name);
/* Removes its files; the session's file first: without it there is no store. */
void sw_spill_remove_files(struct sw_spill *spill, const char *name);

/* -- index.c */
SW_MUST_USE sw_status sw_index_open(struct sw_spill *spill, struct sw_err *err);
SW_MUST_USE sw_status sw_index_put(struct sw_spill *spill, const struct sw_stored *stored,
                                   struct sw_err *err);
/* False: there is no such row. */
bool sw_index_get(struct sw_spill *spill, const char *name, struct sw_stored *stored);
void sw_index_cut(struct sw_spill *spill, const char *name);

/* -- store.c */
/* Room for about so many bytes more, where free pages do not do: SW_LIMIT, or SW_STORAGE when the
 * disk is short. */
SW_MUST_USE sw_status sw_store_reserve(struct sw_store *store, uint64_t bytes, struct sw_err *err);
/* After a write; the db's lock is held. */
void sw_store_settle_session(struct sw_store *store);
void sw_store_settle_chunks(struct sw_store *store);

/* -- chunks.c: under `writing` */
/* The file of chunks, made when it is not there. */
SW_MUST_USE sw_status sw_chunks_need(struct sw_store *store, struct sw_db **db, struct sw_err *err);
/* A batch: as many of the chunks from *at on as SW_SPILL_BATCH_BYTES allow; *at is moved on. */
SW_MUST_USE sw_status sw_chunks_put_batch(struct sw_store *store, struct sw_chunk *const *chunks,
                                          size_t count, size_t *at, struct sw_err *err);

/* -- sweep.c: under `writing`
 * Removes chunks that the last saves did not hold; in a file just restored (is_opened) those that
 * the map does not know. */
SW_MUST_USE sw_status sw_chunks_sweep(struct sw_store *store, bool is_opened, struct sw_err *err);
/* A save has failed: what it had written, from that key on, goes again. */
void sw_chunks_take_back(struct sw_store *store, uint64_t first_key);

#endif
