/* behind: chunks of a session are written to its file soon after they are sealed, a batch
 * at a time on a disk thread, so that taking one out of memory is only a free
 * (spill/cache.h).  A save that runs writes them, too: one of the two at a time.
 * What is damaged is found when it is read: the session is then set aside.  Loop thread. */
#ifndef SW_SESSION_BEHIND_H
#define SW_SESSION_BEHIND_H

#include "session/keeping.h"

/* Begins to write where enough waits; often. */
void sw_behind_tick(struct sw_session *session);
/* What is stored of it is not what was written: it has ended, and its files are where nobody opens
 * them. */
bool sw_behind_set_aside(struct sw_session *session);

#endif
