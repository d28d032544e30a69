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

#endif
