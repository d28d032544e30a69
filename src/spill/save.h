/* save: a session as it was at one moment goes to its store, all of it or nothing.
 *
 *   loop     collect the state (references to versions, facts as JSON, the log's seq)
 *   worker   sw_save_step_work until done: chunks that are not written yet, a batch a
 *            step; the last step is one transaction: tables, versions, history, facts,
 *            and the log cut up to state.seq
 *   loop     sw_save_free, which gives the references back
 *
 * Between steps other work may run, appends to the log too: records after state.seq
 * stay.  Given up before the last step, it changes nothing that an open would see.
 * One save or restore of a store at a time.
 *
 * Versions, row groups and schemas are stored once, however many steps of the history
 * and tables share them, and what is stored already is not written again.            */
#ifndef SW_SPILL_SAVE_H
#define SW_SPILL_SAVE_H

#include "base/arena.h"
#include "spill/store.h"
#include "table/table.h"

struct sw_saved_step {
    struct sw_version *before, *after; /* counted */
    struct sw_span what;
    uint64_t rows, number;
    int64_t wall_ms, made_us;
};

struct sw_saved_table {
    uint64_t id; /* the session's number for it, never given to another table of this session */
    struct sw_span name;
    struct sw_span source;      /* where it came from, in words */
    struct sw_span facts;       /* JSON, the session's affair: bad rows, bytes, ... */
    struct sw_version *version; /* counted; NULL: none yet */
    uint32_t steps, done;       /* of the history: [0, done) can be undone, the rest redone */
    struct sw_saved_step *step; /* [steps] */
};

/* Any other state of the session: "inputs", "selections", "outputs", "epoch", ... as JSON. */
struct sw_saved_fact {
    struct sw_span name, value;
};

struct sw_saved {
    struct sw_arena arena; /* owns arrays and texts */
    uint64_t seq;          /* the last record of the log that this contains; 0: none */
    uint32_t tables, facts;
    struct sw_saved_table *table; /* [tables], in the session's order */
    struct sw_saved_fact *fact;   /* [facts]; names differ */
};

/* Empty, with room for so many of each. */
SW_MUST_USE sw_status sw_saved_new(uint32_t tables, uint32_t facts, struct sw_saved **saved);
/* Gives the versions back. NULL accepted. */
void sw_saved_free(struct sw_saved *saved);

struct sw_save;

/* Takes the state over, also on failure. */
SW_MUST_USE sw_status sw_save_new(struct sw_store *store, struct sw_saved *state,
                                  struct sw_save **save, struct sw_err *err);
/* One batch. *is_done: it is saved, and safe from a power cut but by SW_DURABILITY_OFF. On failure
 * it may be saved all the same, where only the last sync went wrong. */
SW_MUST_USE sw_status sw_save_step_work(struct sw_save *save, bool *is_done, struct sw_err *err);
/* From 0 to 1; any thread. */
double sw_save_progress(const struct sw_save *save);
void sw_save_free(struct sw_save *save); /* NULL accepted */

#endif
