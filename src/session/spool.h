/* spool: the files in which uploads lie until their tables are saved: STATE/uploads/
 * SESSION.UPLOAD.  Where the server keeps nothing they have no name.  A file goes when
 * its upload fails or its table is saved; what a kill leaves behind goes at the next
 * start, or when its session is opened.                                              */
#ifndef SW_SESSION_SPOOL_H
#define SW_SESSION_SPOOL_H

#include "session/session.h"

/* A new file, or the one that is there; -1 with errno. */
int sw_spool_open(const struct sw_session *session, const char *upload, bool is_new);
/* On a disk thread, soon. */
void sw_spool_remove(struct sw_session *session, const char *upload);
/* All of a session. Any thread. */
void sw_spools_remove_work(int uploads_fd, const char *session);
/* Those that `is_wanted` does not want; before the loop runs. */
void sw_spools_sweep(int uploads_fd, bool (*is_wanted)(void *context, const char *session),
                     void *context);

#endif
