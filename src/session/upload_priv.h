/* upload_priv: an upload's struct, for the files of session/ only. */
#ifndef SW_SESSION_UPLOAD_PRIV_H
#define SW_SESSION_UPLOAD_PRIV_H

#include "session/loading.h"
#include "session/session.h"
#include "session/upload.h"

#define SW_UPLOAD_ID_TEXT 24

/* RECEIVING -> PARSING when the last byte is here -> DONE.  Any of the two first -> FAILED (the
 * object stays, to say why).  Any -> GONE: terminated, expired, or its session ended; requests that
 * still hold it hear so. */
enum sw_upload_phase {
    SW_UPLOAD_RECEIVING,
    SW_UPLOAD_PARSING,
    SW_UPLOAD_DONE,
    SW_UPLOAD_FAILED,
    SW_UPLOAD_GONE
};

struct sw_upload {
    uint32_t refs;              /* the session's list, and each request between begin and end/cut */
    struct sw_session *session; /* NULL once GONE */
    struct sw_upload *sibling;  /* session->uploads */
    char id[SW_UPLOAD_ID_TEXT]; /* 128 random bits */
    char *metadata;             /* owned */
    struct sw_table *table;     /* counted */
    struct sw_loading *loading; /* owned; NULL from DONE, FAILED, GONE on */
    struct sw_err err;          /* FAILED, GONE: why */
    enum sw_upload_phase phase;
    int64_t length;     /* -1: not told yet */
    int64_t offset;     /* bytes accepted */
    int64_t touched_ms; /* clock: of the newest byte */
    int64_t expires_wall_ms;
    int64_t told_ms; /* clock: of the last upload.progress */
    bool is_untold;  /* it went on since, too soon to be told: the sweep tells it */
    /* what a restart needs; kept NULL where the server keeps nothing */
    char *kept;           /* owned; see keptupload.h */
    uint64_t need;        /* the record of the log that acknowledgements wait for */
    uint64_t done_record; /* DONE: a save that contains it lets the spool go; 0: there is none */
    uint64_t version;     /* the number that its table had, while it is read anew; 0: any */
    int64_t marked;       /* bytes acknowledged by a mark */
    int64_t synced;       /* bytes on the disk */
    int64_t room;         /* bytes that there was room for when that was last asked */
    int64_t held;         /* bytes of its spool that count for the server's */
    bool is_single;       /* see struct sw_upload_spec */
    bool is_told;         /* a client knows of it: some answer named it, or asked for it */
    bool is_mark_open;    /* a body with a checksum is arriving */
    bool is_syncing;
    bool is_refused; /* its record could not be written: err says why */
    void (*on_replayed)(void *context, const struct sw_err *err); /* it is read anew */
    void *replay_context;
    /* the body that is arriving; request NULL: none */
    void *request;
    void *waiter; /* the request, when its body is complete and its answer waits */
    int64_t body_offset, body_length, body_received;
    bool is_paused;           /* request was told to stop reading */
    struct sw_digest *digest; /* owned; of this body */
    enum sw_checksum checksum;
    unsigned char wanted[SW_SHA256_BYTES];
};

/* -- uploadroom.c */
/* Room on the disk for bytes of the upload up to `end`, within the session's limit and the
 * server's. */
SW_MUST_USE sw_status sw_upload_check_room(struct sw_upload *upload, int64_t end,
                                           struct sw_err *err);
/* The same before there is an upload. */
SW_MUST_USE sw_status sw_session_check_room(struct sw_session *session, int64_t bytes,
                                            struct sw_err *err);
/* Its spool has so many bytes. */
void sw_upload_hold(struct sw_upload *upload, int64_t bytes);
/* -- uploadack.c */
/* All that was taken is as safe as the durability says; else it will be, and the waiter hears. */
bool sw_upload_is_settled(struct sw_upload *upload);
/* The waiter asks again, if there is an answer. */
void sw_upload_poke(struct sw_upload *upload);
/* Its loading is about to be closed: the spool is synced where the durability says so. */
void sw_upload_sync(struct sw_upload *upload);
/* -- upload.c */
void sw_upload_unref(struct sw_upload *upload);
/* It ends without a table; the session stays the owner. */
void sw_upload_fail(struct sw_upload *upload, const struct sw_err *err);
/* upload.progress to the clients, unless it is too soon (is_due: whenever it is). */
void sw_upload_tell_progress(struct sw_upload *upload, bool is_due);
/* There is no body arriving any more. */
void sw_upload_forget_body(struct sw_upload *upload);
/* Whoever sends a body now, or waits for the end, learns from its next call that it is over. */
void sw_upload_dismiss(struct sw_upload *upload);
/* One more, without table and loading, in the session's list; NULL: no memory. */
struct sw_upload *sw_upload_make(struct sw_session *session);
/* Reads what is in its spool, and what is still to come. */
SW_MUST_USE sw_status sw_upload_load(struct sw_upload *upload, int fd, struct sw_span types,
                                     bool is_strict, struct sw_span filename, int64_t written,
                                     struct sw_err *err);
/* The records up to that one are in the log, in a save, or will be in none. */
void sw_uploads_committed(struct sw_session *session);
void sw_uploads_saved(struct sw_session *session, uint64_t seq);
void sw_uploads_refused(struct sw_session *session, const struct sw_err *err);
/* Takes it off the session's list whatever its phase; its table goes too unless it is complete. */
void sw_upload_remove(struct sw_upload *upload, const char *why);
/* Some upload of the list still receives bytes or parses. */
bool sw_upload_list_is_receiving(const struct sw_upload *uploads);
/* Removes uploads that nobody has touched for SW_UPLOAD_EXPIRES_S. */
void sw_upload_sweep(struct sw_session *session, int64_t now_ms);

#endif
