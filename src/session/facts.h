/* facts: a session as what a save holds (spill/save.h), and back.  Data sets of the
 * command line are named, not saved; a table that is still loading is its upload.
 * Loop thread.                                                                     */
#ifndef SW_SESSION_FACTS_H
#define SW_SESSION_FACTS_H

#include "session/session.h"
#include "spill/save.h"

/* The session as it is now, all changes up to `seq` in it. */
SW_MUST_USE sw_status sw_facts_collect(struct sw_session *session, uint64_t seq,
                                       struct sw_saved **saved);
/* Into a session without tables. SW_DAMAGED: what was saved contradicts itself. */
SW_MUST_USE sw_status sw_facts_apply(struct sw_session *session, const struct sw_saved *saved,
                                     struct sw_err *err);

/* A data set as a state of its own, with room for so many facts; its id is 0. */
SW_MUST_USE sw_status sw_facts_collect_table(const struct sw_table *table, uint32_t facts,
                                             struct sw_saved **saved);
/* Where it came from and what was read of it, into a table without a session. */
SW_MUST_USE sw_status sw_facts_apply_report(struct sw_table *table,
                                            const struct sw_saved_table *saved, struct sw_err *err);

#endif
