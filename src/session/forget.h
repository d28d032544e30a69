/* forget: what formulas have computed gives way to what is needed now.  A slot of a row
 * group is never emptied (docs/threads.md), so the tables of a session get other versions
 * with the same number and contents, whose slots are empty, and so do the steps of their
 * histories and whoever waits for a version to be ready.  The chunks go with the last
 * reader of the versions before; who needs them later computes them again.  Loop thread. */
#ifndef SW_SESSION_FORGET_H
#define SW_SESSION_FORGET_H

#include "session/session.h"

/* `mine`, one more version that is held (counted; NULL: none), is exchanged, too.  False: no
 * formula of the session has been computed. */
bool sw_forget_formulas(struct sw_session *session, struct sw_version **mine);

#endif
