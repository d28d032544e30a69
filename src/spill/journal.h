/* journal: the log of acknowledged changes of a session since its last save: appended
 * before a change is acknowledged, read back and done again after a restart, cut by
 * the save that contains it (save.h, in the same transaction).
 *
 * What a record means is the session's affair: a kind, a method's name, bytes (its
 * params as JSON).  Each has a checksum.  Any worker; records that wait while an append
 * runs go together into the next one: so a sync is shared.                          */
#ifndef SW_SPILL_JOURNAL_H
#define SW_SPILL_JOURNAL_H

#include "spill/store.h"

struct sw_record {
    uint64_t seq;          /* >= 1, greater than any before it in this store, saved ones too */
    uint32_t kind;         /* the session's */
    int64_t wall_ms;       /* since 1970 */
    struct sw_span method; /* borrowed */
    struct sw_span params; /* borrowed; SW_RECORD_PARAMS_MAX */
};

/* All or none. When it returns SW_OK the records are as safe as the durability says. On failure
 * none is there, but one thing: after a failed sync (sw_store_has_failed) they may be found when
 * the store is opened again. Whoever then saves from memory saves with seq =
 * sw_journal_last_seq(), which cuts them off, and numbers on from there. */
SW_MUST_USE sw_status sw_journal_append_work(struct sw_store *store,
                                             const struct sw_record *records, size_t count,
                                             struct sw_err *err);

/* The callee copies what it keeps; its failure ends the reading and is returned. */
typedef sw_status (*sw_record_fn)(void *context, const struct sw_record *record,
                                  struct sw_err *err);
/* In order, those after `after_seq`. SW_DAMAGED at the first that is: those before it have been
 * handed out, none behind it will. */
SW_MUST_USE sw_status sw_journal_read_work(struct sw_store *store, uint64_t after_seq,
                                           sw_record_fn each, void *context, struct sw_err *err);

/* The greatest seq ever appended or saved (0: none), and what lies in the log now. */
uint64_t sw_journal_last_seq(struct sw_store *store);
void sw_journal_figures(struct sw_store *store, uint64_t *records, uint64_t *bytes);

#endif
