/* server: the whole of Spillway without sockets: sessions, tables, uploads,
 * downloads, the worker pool.  net/ drives it: it makes one, tells it of sockets
 * and requests, asks it for bytes to send, and is called back through struct
 * sw_net_calls.  Loop thread only.                                              */
#ifndef SW_SESSION_SERVER_H
#define SW_SESSION_SERVER_H

#include "base/budget.h"
#include "base/buf.h"
#include "base/clock.h"
#include "spill/spill.h"

struct sw_server;

struct sw_server_options {
    const char *state_dir;        /* exists or is made, 0700; uploads lie here */
    unsigned threads;             /* 0: one per core */
    int64_t memory_bytes;         /* --memory */
    int64_t session_memory_bytes; /* --session-memory */
    int64_t idle_timeout_s;       /* --idle-timeout */
    bool is_kept;     /* sessions outlive the process; else the next five mean nothing */
    bool is_spilling; /* chunks of a session leave memory when it is short */
    enum sw_durability durability; /* --durability */
    int64_t park_after_s;          /* --park-after */
    int64_t session_disk_bytes;    /* --session-disk */
    int64_t disk_bytes;            /* --disk */
    int64_t disk_free_bytes;       /* --disk-free */
    int64_t flush_ms;              /* --flush-timeout; 0: any time */
    int64_t session_sockets;       /* --session-sockets; 0: SW_SOCKETS_PER_SESSION_MAX */
    int64_t session_uploads;       /* --session-uploads; 0: SW_UPLOADS_PER_SESSION_MAX */
    bool is_strict;                /* --strict: data sets of the command line have no exceptions */
    int64_t upload_bytes_max;      /* SW_UPLOAD_BYTES_MAX unless a test wants less */
    const struct sw_clock *clock;
};

/* What the server asks of net. `socket` and `request` are net's own pointers as given to it.
 * None of these calls back into the server before it returns. */
struct sw_net_calls {
    void (*wake)(void *net);          /* ANY thread: call sw_server_drain soon */
    void (*want_write)(void *socket); /* sw_socket_next has something */
    void (*close)(void *socket, int code, const char *reason); /* close frame, then close */
    void (*request_ready)(void *request); /* an upload may go on, a download has bytes or
                                                      its head, a waiting answer is there */
    void *net;
};

SW_MUST_USE sw_status sw_server_new(const struct sw_server_options *options,
                                    const struct sw_net_calls *calls, struct sw_server **server,
                                    struct sw_err *err);
/* All sockets and requests must be gone. Joins the workers. */
void sw_server_free(struct sw_server *server);
/* A file of the command line becomes a data set that every session has; loading goes on in the
 * background. The table is named after the file ("a/trips.csv.gz" -> "trips"). */
SW_MUST_USE sw_status sw_server_add_file(struct sw_server *server, const char *path,
                                         struct sw_err *err);

void sw_server_drain(struct sw_server *server); /* after wake */
void sw_server_tick(struct sw_server *server);  /* about every 50 ms */
/* No new sessions and uploads; sockets are closed with 1001 once their answers are out.
 * True when nothing is left to do. */
bool sw_server_stop(struct sw_server *server);

bool sw_server_is_ready(const struct sw_server *server); /* /readyz: accepting, data sets loaded */
/* Prometheus text: sessions, sockets, memory, uploads, flushes, ... */
void sw_server_put_metrics(struct sw_server *server, struct sw_buf *out);
int64_t sw_server_upload_bytes_max(const struct sw_server *server);

#endif
