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
    /* the body that is arriving; request NULL: none */
    void *request;
    int64_t body_offset, body_length, body_received;
    bool is_paused;           /* request was told to stop reading */
    struct sw_digest *digest; /* owned; of this body */
    enum sw_checksum checksum;
    unsigned char wanted[SW_SHA256_BYTES];
};

/* Takes it off the session's list whatever its phase; its table goes too unless it is complete. */
void sw_upload_remove(struct sw_upload *upload, const char *why);
/* Some upload of the list still receives bytes or parses. */
bool sw_upload_list_is_receiving(const struct sw_upload *uploads);
/* Removes uploads that nobody has touched for SW_UPLOAD_EXPIRES_S. */
void sw_upload_sweep(struct sw_session *session, int64_t now_ms);

#endif
