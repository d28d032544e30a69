/* spill: the state directory of a server and everything in it that outlives a
 * process: one store per session or data set (store.h), an index of them, and
 * those that were found damaged.
 *
 *   STATE/sessions/NAME.db        facts, tables, log of changes (schema/session.sql)
 *   STATE/sessions/NAME.chunks    column chunks and dictionaries (schema/chunks.sql)
 *   STATE/sessions/index.db       name, token's digest, app, times: made anew when lost
 *   STATE/damaged/NAME.*          set aside by sw_store_set_aside, never opened again
 *
 * The folders are 0700, the files 0600.  One server at a time: the folder is
 * locked while it runs.
 *
 * sw_spill_open and _close: the main thread before and after the loop.  What is
 * named _work: any worker.  The rest: any thread.  The owner closes all stores first. */
#ifndef SW_SPILL_SPILL_H
#define SW_SPILL_SPILL_H

#include "base/budget.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/span.h"

#define SW_STORE_NAME_MAX 64 /* bytes: letters, digits, '-' and '_' */

/* What is written before a change is acknowledged. */
enum sw_durability {
    SW_DURABILITY_OFF,     /* nothing: a kill loses what came after the last save */
    SW_DURABILITY_PROCESS, /* the log, to the system: survives a kill, not a power cut */
    SW_DURABILITY_POWER,   /* the log, to the disk: survives a power cut */
};

struct sw_spill;

struct sw_spill_options {
    const char *state_dir; /* exists */
    enum sw_durability durability;
    int64_t disk_bytes;      /* --disk: all stores; SW_DISK_BYTES */
    int64_t disk_free_bytes; /* kept free on the disk: SW_DISK_FREE_BYTES */
    const char *vfs;         /* SQLite's file layer by name; NULL: its own. Tests put in theirs. */
};

bool sw_durability_parse(const char *text, enum sw_durability *durability);
const char *sw_durability_name(enum sw_durability durability);

/* Configures SQLite (once in a process, before anything else uses it), makes the folders, locks and
 * reads the index; stores that the index lacks are entered, rows without a store go, and so do
 * files that belong to no store. SW_STORAGE: the folder cannot be used, and why. */
SW_MUST_USE sw_status sw_spill_open(const struct sw_spill_options *options, struct sw_spill **spill,
                                    struct sw_err *err);
void sw_spill_close(struct sw_spill *spill); /* NULL accepted */

enum sw_store_kind { SW_STORE_SESSION, SW_STORE_DATASET };

/* One store as the index has it. */
struct sw_stored {
    char name[SW_STORE_NAME_MAX + 1];
    enum sw_store_kind kind;
    unsigned char key[SW_SHA256_BYTES]; /* of the token; a data set: whatever identifies its file */
    char app[SW_NAME_BYTES_MAX + 1];
    int64_t opened_ms, seen_ms; /* since 1970; seen: the last sw_store_touch_work or close */
    int64_t disk_bytes;
};

/* All of them, in no order; no store is opened for it. Between open and the loop's start, or on a
 * worker. */
typedef void (*sw_stored_fn)(void *context, const struct sw_stored *stored);
SW_MUST_USE sw_status sw_spill_each(struct sw_spill *spill, sw_stored_fn each, void *context,
                                    struct sw_err *err);
/* Removes the store NAME that is not open, with every byte of it. A name without one: SW_OK. */
SW_MUST_USE sw_status sw_spill_remove_work(struct sw_spill *spill, const char *name,
                                           struct sw_err *err);

struct sw_spill_figures {
    int64_t disk_bytes;       /* of all stores, open or not */
    int64_t disk_limit_bytes; /* --disk */
    int64_t free_bytes;       /* on that disk; -1: not known */
    int64_t sqlite_bytes;     /* memory that SQLite holds, all stores together */
    uint32_t stores, open_stores;
};
void sw_spill_figures(struct sw_spill *spill, struct sw_spill_figures *figures);
/* Room for so many bytes beside the stores, `beside` of which are there already: SW_LIMIT
 * (--disk), SW_STORAGE (--disk-free). */
SW_MUST_USE sw_status sw_spill_check_room(struct sw_spill *spill, int64_t beside, int64_t bytes,
                                          struct sw_err *err);
enum sw_durability sw_spill_durability(const struct sw_spill *spill);

#endif
