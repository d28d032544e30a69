/* session: what one browser (or program) keeps on the server: tables, the reactive
 * graph, uploads, and the sockets attached to it.  It outlives its sockets by the
 * idle timeout.  Loop thread only.
 *
 * Phases: new -> live -> sw_session_end: sockets (told that it is gone), uploads,
 * tickets and graph go at once -> no job of its lane is left on a worker (each held
 * versions and the budget) -> sw_session_reap: orders, lane, tables, itself.     */
#ifndef SW_SESSION_SESSION_H
#define SW_SESSION_SESSION_H

#include <uthash.h>

#include "base/digest.h"
#include "base/limits.h"
#include "exec/partials.h"
#include "reactive/graph.h"
#include "session/server.h"
#include "session/tables.h"

#define SW_TOKEN_BYTES       32 /* 256 bits */
#define SW_TOKEN_TEXT        44 /* base64url and NUL */
#define SW_SESSION_NAME_TEXT 17

struct sw_cache;
struct sw_socket;
struct sw_upload;
struct sw_ticket;
struct sw_pending;
struct sw_edit_task_call;
struct sw_prepare;
struct sw_deriving;
struct sw_keep;
struct sw_replay;
struct sw_realising;

struct sw_session {
    struct sw_server *server;
    char name[SW_SESSION_NAME_TEXT];    /* public */
    unsigned char key[SW_SHA256_BYTES]; /* SHA-256 of the token, which is not kept */
    char app[SW_NAME_BYTES_MAX + 1];
    int64_t opened_ms, idle_since_ms; /* clock; idle_since: when the last socket went */
    int64_t epoch;                    /* newest of any socket */
    struct sw_budget budget;          /* below the server's */
    struct sw_tables tables;
    struct sw_cache *cache; /* its chunks; NULL: they all stay in memory */
    struct sw_lane *lane;
    struct sw_partials *partials;
    struct sw_order_cache *orders;
    struct sw_graph *graph;
    bool is_short;  /* an output found no memory, and history has made room: to be tried again */
    bool is_active; /* the graph wants ticks */
    struct sw_socket *sockets; /* list by socket->sibling */
    uint32_t socket_count;
    struct sw_upload *uploads; /* list by upload->sibling */
    uint32_t upload_count;
    struct sw_ticket *tickets; /* list by ticket->sibling */
    uint32_t ticket_count;
    struct sw_edit_task_call *edits; /* oldest first */
    uint32_t edits_waiting;
    uint64_t moment;                  /* goes up with every change of an input or a table */
    struct sw_prepare *prepares;      /* open requests */
    struct sw_prepare *graph_prepare; /* the graph's, one of them, or NULL */
    struct sw_deriving *derivings;    /* derived tables that are being made */
    struct sw_realising *realisings;  /* formulas being computed (formulas.c) */
    struct sw_keep *keep;             /* what outlives the process; NULL: nothing does */
    const struct sw_replay *replay;   /* the change that is being done again; NULL: none */
    char *files;                      /* of data sets that it has seen, until its sockets hear of
                                         others (dataset.h); owned; NULL: those of now */
    uint64_t next_table;              /* the newest number of a saved table */
    bool is_listed;                   /* in server->sessions */
    bool is_leaving;                  /* it ends, but stays on disk */
    struct sw_session *next_ending;   /* server->ending */
    UT_hash_handle by_key;            /* server->sessions */
};

SW_MUST_USE sw_status sw_session_new(struct sw_server *server, struct sw_span app,
                                     char token[SW_TOKEN_TEXT], struct sw_session **session,
                                     struct sw_err *err);
/* One without parts and data sets, not in the server's list, for who brings it back (waking.c); app
 * may be NULL. */
SW_MUST_USE sw_status sw_session_alloc(struct sw_server *server, const char *name,
                                       const unsigned char *key, const char *app,
                                       struct sw_session **session);
SW_MUST_USE sw_status sw_session_make_parts(struct sw_session *session, struct sw_err *err);
SW_MUST_USE sw_status sw_session_add_datasets(struct sw_session *session, struct sw_err *err);
/* One that is nowhere yet, or nowhere any more. */
void sw_session_free(struct sw_session *session);
void sw_session_enter(struct sw_session *session); /* into the server's list */
/* Its memory is given back; what is on disk of it stays. */
void sw_session_leave(struct sw_session *session);
/* Since 1970; of a change that is done again: then. */
int64_t sw_session_wall_ms(const struct sw_session *session);
/* A change that is done again gives the table the number that it had. */
SW_MUST_USE sw_status sw_session_renumber(const struct sw_session *session, struct sw_table *table);
/* It is gone for everybody at once, with every byte on disk; its memory goes as soon as no worker
 * is at it any more. */
void sw_session_end(struct sw_session *session);
/* Free ended sessions that have come to rest; after each drain. */
void sw_session_reap(struct sw_server *server);
/* The session of a token, or SW_UNKNOWN_TOKEN. */
SW_MUST_USE sw_status sw_session_find(struct sw_server *server, struct sw_span token,
                                      struct sw_session **session, struct sw_err *err);
/* A notification to every socket. */
void sw_session_notify(struct sw_session *session, const char *method, struct sw_span params);
/* A session.notice to every socket; level: info, warn or error. */
void sw_session_tell(struct sw_session *session, const char *level, const char *text);
/* A table has a new version: outputs follow. */
void sw_session_table_changed(struct sw_session *session, const struct sw_table *table);
/* ... and clients hear of it (table.changed). */
void sw_session_tell_changed(struct sw_session *session, const struct sw_table *table,
                             const char *what);
/* Run the graph after something changed; keeps it on the tick list while it is busy. */
void sw_session_run(struct sw_session *session);
/* So long without sockets that its memory can serve others, and nothing is at it. */
bool sw_session_may_park(const struct sw_session *session, int64_t now_ms);
/* Its life without sockets and uploads is over. */
bool sw_session_is_expired(const struct sw_session *session, int64_t now_ms);

#endif
