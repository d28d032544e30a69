/* stored: sessions that are on disk and not in memory: those of an earlier process, and
 * those that were parked.  Each costs a small record; the next message that names its
 * token brings it back (waking.c).  Loop thread.                                       */
#ifndef SW_SESSION_STORED_H
#define SW_SESSION_STORED_H

#include "session/session.h"
#include "spill/spill.h"

struct sw_waking;

struct sw_stored_session {
    unsigned char key[SW_SHA256_BYTES];
    char name[SW_SESSION_NAME_TEXT];
    bool has_store;  /* else nothing was ever done in it */
    bool is_closing; /* its files are still those of the session that was parked */
    int64_t idle_since_ms, opened_ms;
    char *app;                /* owned; NULL: in the store */
    struct sw_waking *waking; /* NULL: asleep */
    UT_hash_handle by_key;    /* server->stored */
};

/* With err NULL: the session, live. Else why it cannot be opened. */
typedef void (*sw_awake_fn)(void *context, struct sw_session *session, const struct sw_err *err);

/* All that the state folder holds; before the loop runs. Files of uploads that belong to no session
 * go. */
SW_MUST_USE sw_status sw_stored_read(struct sw_server *server, struct sw_err *err);
/* The session of a token. SW_AGAIN: it is being brought back, `awake` follows (NULL: nobody waits
 * for it). SW_UNKNOWN_TOKEN. */
SW_MUST_USE sw_status sw_stored_wake(struct sw_server *server, struct sw_span token,
                                     sw_awake_fn awake, void *context, struct sw_session **session,
                                     struct sw_err *err);
/* The context of a wake no longer waits. */
void sw_stored_no_longer(struct sw_server *server, const void *context);
/* All of the session is on disk: its memory is given back. */
void sw_stored_park(struct sw_session *session);
/* Removes what has been asleep for too long. */
void sw_stored_sweep(struct sw_server *server, int64_t now_ms);
/* Forgets them; their files stay. Nothing is being brought back any more. */
void sw_stored_free(struct sw_server *server);
void sw_stored_forget(struct sw_server *server, struct sw_stored_session *stored);

/* -- waking.c */
SW_MUST_USE sw_status sw_waking_start(struct sw_server *server, struct sw_stored_session *stored,
                                      sw_awake_fn awake, void *context, struct sw_err *err);
/* Its files are closed, or the data sets are there: on with it. */
void sw_waking_go_on(struct sw_waking *waking);
void sw_wakings_go_on(struct sw_server *server);
/* The server stops: who waits is told, what is half made goes with the jobs that make it. */
void sw_wakings_stop(struct sw_server *server);

#endif
