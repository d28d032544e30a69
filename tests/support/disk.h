/*
 * A disk in memory under SQLite, as a VFS of its own: it remembers every write and every sync, so
 * that a power cut can be played at any moment of what happened, thousands of times over; and it
 * fails the Nth call in the way that it is told to.
 *
 * What a cut leaves: of each file what was synced, and of the writes since then a random part, in
 * sectors of 512 bytes; files that were made and never synced may be gone, files that were removed
 * without a sync of their folder may be back.
 *
 * One thread. Files are opened exclusively (no shared memory), as the spill does.
 */
#ifndef SW_TEST_DISK_H
#define SW_TEST_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/random.h"

enum disk_fault {
    DISK_FINE,
    DISK_FULL,        /* a write fails for want of space, nothing is written */
    DISK_SHORT,       /* half of a write is done, then the space ends */
    DISK_WRITE_FAILS, /* a write fails (EIO) */
    DISK_SYNC_FAILS,  /* a sync fails (EIO) */
    DISK_READ_FAILS,  /* a read fails (EIO) */
    DISK_FAULTS
};

struct disk;

/* Registered with SQLite under disk_vfs(); the folder's path in names does not matter. */
struct disk *disk_new(void);
void disk_free(struct disk *disk);
const char *disk_vfs(const struct disk *disk);

/* The `nth` call (from 1) of that kind from now on fails; `is_lasting`: all after it, too. */
void disk_set_fault(struct disk *disk, enum disk_fault fault, uint64_t nth, bool is_lasting);
/* Did it? */
bool disk_has_failed(const struct disk *disk);

/* Things that happened so far: a moment is between two of them. */
size_t disk_moment(const struct disk *disk);
/* Memory of what happens is kept only from disk_record on. */
void disk_record(struct disk *disk);

/* Plays cuts of `from` in ascending moments. */
struct disk_cuts;
struct disk_cuts *disk_cuts_new(const struct disk *from);
void disk_cuts_free(struct disk_cuts *cuts);
/* `to` then has the files that a cut at the moment leaves; nothing of it may be open. */
void disk_cut(struct disk_cuts *cuts, size_t moment, struct test_random *random, struct disk *to);

/* For damage: a file whose name ends so; NULL: there is none. Its bytes may be changed in place. */
unsigned char *disk_bytes(struct disk *disk, const char *ending, size_t *size);
void disk_truncate(struct disk *disk, const char *ending, size_t size);
/* All files of `from`. */
void disk_copy(const struct disk *from, struct disk *to);

#endif
