/* ticket: a promised download: a version, rows, columns and order, pinned; known
 * by 256 random bits that stand in its URL and are kept hashed.  Lives for
 * SW_TICKET_S or until its session ends; a running download holds a reference.
 * Loop thread, except the parts that a download's worker reads (immutable).      */
#ifndef SW_SESSION_TICKET_H
#define SW_SESSION_TICKET_H

#include "exec/order.h"
#include "session/session.h"

struct sw_ticket {
    uint32_t refs;
    struct sw_session *session; /* NULL once it ended or expired */
    struct sw_ticket *sibling;  /* session->tickets */
    unsigned char key[SW_SHA256_BYTES];
    struct sw_version *version; /* counted */
    struct sw_order *order;     /* counted; NULL: all rows as they lie */
    uint32_t *columns;          /* owned */
    uint32_t column_count;
    char filename[SW_NAME_BYTES_MAX + 8];
    char etag[48];      /* quoted */
    int64_t expires_ms; /* clock */
    bool is_used;       /* a whole download has begun: only ranges may follow */
    uint32_t segments;
    int64_t *segment_start; /* [segments + 1] byte offsets; NULL until a range asked; owned */
    UT_hash_handle by_key;  /* server->tickets */
};

/* A segment is what a worker writes at a time: a row group, or 65,536 rows of a sorted order. */
uint32_t sw_ticket_count_segments(const struct sw_ticket *ticket);

/* Adds it to the session (newest first; over SW_DOWNLOADS_PER_SESSION_MAX the oldest goes). */
void sw_ticket_add(struct sw_session *session, struct sw_ticket *ticket, char text[SW_TOKEN_TEXT]);
struct sw_ticket *sw_ticket_find(struct sw_server *server, struct sw_span text); /* or NULL */
struct sw_ticket *sw_ticket_ref(struct sw_ticket *ticket);
void sw_ticket_unref(struct sw_ticket *ticket); /* NULL accepted */
void sw_ticket_free(struct sw_ticket *ticket);  /* off its session; freed with the last reference */
void sw_ticket_sweep(struct sw_session *session, int64_t now_ms);

#endif
