/* datasetstore: what a file of the command line became, in a store of its own: opened
 * when the file is the same, written after it was parsed.  For dataset.c, whose
 * tasks (disk.h) are stepped here.
 *
 * The same: size and time are those of then; where only the time is another, the
 * SHA-256 decides.  The store's key names the file's path, how it is read (--strict)
 * and the version of this program, so that another reading is another store.        */
#ifndef SW_SESSION_DATASETSTORE_H
#define SW_SESSION_DATASETSTORE_H

#include "base/digest.h"
#include "session/disk.h"
#include "spill/restore.h"
#include "spill/save.h"

struct sw_file_facts {
    int64_t bytes, mtime_ns;
    bool has_digest;
    unsigned char digest[SW_SHA256_BYTES]; /* SHA-256 of all of it; zero without has_digest */
};

enum sw_datafile_task {
    SW_DATAFILE_OPEN,  /* the store, if the file is the same */
    SW_DATAFILE_CHECK, /* hash all of the file */
    SW_DATAFILE_KEEP,  /* hash where that is missing, then save `state` */
};

enum sw_datafile_outcome {
    SW_DATAFILE_SAME,
    SW_DATAFILE_NONE,    /* nothing usable was stored */
    SW_DATAFILE_CHANGED, /* the file is another: err says how */
};

struct sw_dataset;

struct sw_datafile {
    struct sw_disk_task task; /* first */
    struct sw_dataset *owner;
    enum sw_datafile_task kind;
    enum sw_datafile_outcome outcome;
    int fd; /* of the file; owned; -1 when it is no longer needed */
    unsigned char key[SW_SHA256_BYTES];
    char name[SW_STORE_NAME_MAX + 1]; /* of the store; empty: none yet */
    struct sw_spill *spill;
    struct sw_budget *budget;   /* of what is restored */
    struct sw_file_facts facts; /* of the file */
    bool is_retimed;            /* the same bytes under another time: to be saved again */
    struct sw_store *store;     /* NULL: none open */
    struct sw_store *stale;     /* one whose chunks are still in use, to be removed at the end */
    struct sw_saved *state;     /* what was restored, or is to be saved; owned */
    /* of the task that runs */
    struct sw_digest *digest;
    int64_t hashed;
    struct sw_restore *restore;
    struct sw_save *save;
};

/* Size and time of an open file. */
SW_MUST_USE sw_status sw_file_facts_read(int fd, struct sw_file_facts *facts);
/* May what was read of one be taken for the other's? Where a digest is missing the time counts. */
bool sw_file_facts_equal(const struct sw_file_facts *a, const struct sw_file_facts *b);
/* As text: "BYTES MTIME_NS DIGEST", the last in hexadecimal, or "-". */
#define SW_FILE_FACTS_TEXT 112
void sw_file_facts_write(const struct sw_file_facts *facts, char into[SW_FILE_FACTS_TEXT]);
bool sw_file_facts_parse(struct sw_span text, struct sw_file_facts *facts);

/* One step of the task; for task.work. */
bool sw_datafile_step_work(struct sw_disk_task *task);
/* Closes its stores, after everything that was restored from them has gone. */
bool sw_datafile_close_work(struct sw_disk_task *task);

#endif
