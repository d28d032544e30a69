/* store: what is on disk of one session or one data set: its files opened, checked,
 * written, removed.  Everything in the files is doubted until it has been checked;
 * what does not hold comes back as SW_DAMAGED with a sentence, for this store alone: it is
 * to be closed and set aside.  SW_STORAGE is the disk's: full, failing, in use.
 *
 * Phases: sw_store_create_work or sw_store_open_work -> sw_restore (restore.h) after
 * an open -> journal.h, save.h, chunks.h in any order from any worker -> close or
 * remove.  Inside, the session's file and the chunks' file have a lock each, so that
 * an acknowledgement does not wait for chunks being written.  No call on the loop:
 * each may wait for the disk.  The owner outlives all chunks that were restored from it.
 *
 * After a failed sync nobody knows what the disk holds: the store then refuses every
 * write with SW_STORAGE until it is closed, opened again (which finds a clean earlier
 * state) and saved from memory (save.h).  A full disk does no such harm: the write
 * fails, what was there stays, a later one may succeed.                            */
#ifndef SW_SPILL_STORE_H
#define SW_SPILL_STORE_H

#include "spill/spill.h"

struct sw_store;

struct sw_store_facts {
    enum sw_store_kind kind;
    unsigned char key[SW_SHA256_BYTES];
    char app[SW_NAME_BYTES_MAX + 1];
    int64_t opened_ms; /* since 1970 */
};

/* Makes the files; SW_STORAGE when there is a store of that name. `disk_bytes`: what this one may
 * take (--session-disk). By SW_DURABILITY_POWER the empty store is on the disk afterwards; by the
 * others a power cut may lose or tear it until its first save. */
SW_MUST_USE sw_status sw_store_create_work(struct sw_spill *spill, const char *name,
                                           const struct sw_store_facts *facts, int64_t disk_bytes,
                                           struct sw_store **store, struct sw_err *err);
/* Opens and checks them: whose they are, their version, that they hang together. What a process
 * left half written is taken back. SW_UNKNOWN_TOKEN: its making was cut short, so that nobody was
 * ever told of it; it has been removed. */
SW_MUST_USE sw_status sw_store_open_work(struct sw_spill *spill, const char *name,
                                         int64_t disk_bytes, struct sw_store **store,
                                         struct sw_err *err);
/* After a failed sync: closed, opened and found as it was, its chunks under the same keys. On
 * failure *store is NULL: it is closed. */
SW_MUST_USE sw_status sw_store_reopen_work(struct sw_store **store, struct sw_err *err);
/* Closes the files, which stay. NULL accepted. */
void sw_store_close_work(struct sw_store *store);
/* Closes and removes: no byte stays. */
void sw_store_remove_work(struct sw_store *store);
/* Moves the files of a store that is not open to STATE/damaged, whole or not. */
SW_MUST_USE sw_status sw_store_set_aside_work(struct sw_spill *spill, const char *name,
                                              struct sw_err *err);

const char *sw_store_name(const struct sw_store *store);
const struct sw_store_facts *sw_store_facts_peek(const struct sw_store *store);
/* Bytes of its files as of the last write. */
int64_t sw_store_disk_bytes(const struct sw_store *store);
/* A sync has failed: nothing more will be written. */
bool sw_store_has_failed(const struct sw_store *store);
/* The session was in use at that time (since 1970), for the index; not synced. */
void sw_store_touch_work(struct sw_store *store, int64_t seen_ms);

#endif
