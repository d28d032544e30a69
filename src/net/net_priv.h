/* net_priv: what the files of net/ share: the connection, the request on it, and
 * who does what.  Loop thread only.
 *
 * A connection is in one phase:
 *
 *   IDLE --request--> BODY --complete--> SEND --sent--> IDLE
 *     |                 |                 ^
 *     |                 `--- no body -----'      LINGER: refused; what still comes is
 *     `--upgrade--> WS --> CLOSING               swallowed for a moment, then cut
 *
 * Two timers watch it: `timer` for what the phase allows, `stall` for a reader of
 * ours that makes no progress (G21).                                             */
#ifndef SW_NET_NET_PRIV_H
#define SW_NET_NET_PRIV_H

#include "base/buf.h"
#include "base/limits.h"
#include "net/guard.h"
#include "net/multipart.h"
#include "net/net.h"
#include "net/peers.h"
#include "net/wheel.h"
#include "session/download.h"
#include "session/socket.h"
#include "session/upload.h"

#include <libwebsockets.h>
#include <pthread.h>
#include <uv.h>

#define SW_NET_MAGIC  0x4e657453u
#define SW_CONN_MAGIC 0x436f6e53u

#define SW_PATH_BYTES_MAX   1024u /* of a request's path, decoded */
#define SW_ORIGIN_BYTES_MAX 256u

struct sw_files; /* http_static.c */

/* What came in a request's head, kept because lws forgets it. */
struct sw_ask {
    enum sw_verb verb; /* X-HTTP-Method-Override applied */
    bool is_http11;
    bool expects_continue;
    bool is_cross_origin; /* an allowed one: CORS headers are due */
    bool has_completion;  /* lws will call BODY_COMPLETION */
    int64_t length;       /* of the body */
    char path[SW_PATH_BYTES_MAX];
    char origin[SW_ORIGIN_BYTES_MAX]; /* empty: none */
};

enum sw_source { SW_SOURCE_NONE, SW_SOURCE_SPAN, SW_SOURCE_DOWNLOAD };

/* One request and its answer. */
struct sw_exchange {
    struct sw_ask ask;
    int64_t received; /* bytes of the body so far */

    struct sw_peer *client;   /* held, of net->clients; NULL where nothing is forwarded */
    struct sw_peer *uploader; /* whose upload this counts as; NULL: none */

    /* who takes the body, and the answer at its end (http_upload.c, http_tus.c) */
    struct sw_upload *upload; /* between _begin and _end or _cut */
    bool is_resumable;        /* a broken body is kept: tus */
    bool has_checksum;
    int (*complete)(struct lws *wsi, struct sw_exchange *exchange);
    struct sw_form *form; /* owned; POST /upload */

    /* the answer (reply.c, http_send.c) */
    bool is_answered; /* its head is in `out` */
    int status;       /* of it */
    bool ends_line;   /* Connection: close was said */
    struct sw_buf out;
    size_t out_sent;
    enum sw_source source;
    struct sw_span span;          /* SOURCE_SPAN: what is left of it; lives as long as net */
    struct sw_download *download; /* SOURCE_DOWNLOAD, or its head is awaited */
    bool is_chunked;
    bool awaits_head; /* a worker counts a download's rows or reads an upload's */
    bool is_starved;  /* the source has nothing now and will call */
};

enum sw_phase {
    SW_PHASE_IDLE,
    SW_PHASE_BODY,
    SW_PHASE_SEND,
    SW_PHASE_LINGER,
    SW_PHASE_WS,
    SW_PHASE_CLOSING
};

struct sw_conn {
    uint32_t magic;
    enum sw_phase phase;
    struct sw_net *net;
    struct lws *wsi;
    struct sw_peer *peer;
    struct sw_peer *client; /* of a WebSocket: held, of net->clients; NULL as in the exchange */
    struct sw_timer timer;  /* net->wheel */
    struct sw_timer stall;  /* net->stalls */
    struct sw_conn *next;   /* net->busy, while there is an exchange */
    struct sw_conn **link;

    bool is_doomed;      /* killed, soon gone */
    int64_t heard_us;    /* the peer's last sign of life (WS) */
    int64_t progress_us; /* the last write that went, or the start of waiting for one */

    /* HTTP */
    struct sw_exchange *exchange; /* owned; NULL between requests */
    int64_t window_us;            /* the current window of G7 began */
    int64_t window_bytes;
    bool is_paused; /* the body is not read: the upload is full */
    bool is_deaf;   /* reading is off while an answer is sent: see http_send.c */
    bool is_ready;  /* in net->ready */
    struct sw_conn *ready_next;

    /* WebSocket */
    struct sw_socket *socket;
    struct sw_buf message; /* being received */
    size_t sent;           /* bytes of the outgoing message */
    bool is_sending;       /* it is begun and not told _sent */
    bool is_all_written;   /* its last piece is with lws, perhaps not with the kernel */
    bool wants_ping;
    uint16_t close_code; /* 0: stays open */
    bool has_said_close;
    char close_reason[64];
};

/* Counted for /metrics. */
struct sw_net_counts {
    uint64_t connections, refused_connections, requests, refused_requests;
    uint64_t slow_bodies, stalled_readers, silent_peers;
    uint64_t sent_bytes, received_bytes;
};

struct sw_net {
    uint32_t magic;
    struct sw_net_options options;
    const struct sw_clock *clock;
    struct sw_server *server;
    struct lws_context *context;
    int port;
    uv_loop_t loop;
    bool has_loop;
    pthread_mutex_t waking; /* guards is_deaf */
    bool is_deaf;           /* the loop has ended: workers that finish now wake nobody */
    uv_async_t wake;
    uv_timer_t tick;
    uv_signal_t signals[3];
    struct sw_wheel wheel;   /* phases */
    struct sw_wheel stalls;  /* writes */
    struct sw_peers peers;   /* by the other end of the line */
    struct sw_peers clients; /* by what a trusted proxy says; is_forwarded alone */
    struct sw_files *files;
    struct sw_conn *busy;  /* with an exchange */
    struct sw_conn *ready; /* request_ready came */
    size_t conn_count, socket_count, exchange_count;
    bool is_stopping;
    int64_t stop_us; /* when it began */
    struct sw_net_counts counts;
    unsigned char scratch[LWS_PRE + SW_SEND_BYTES_MAX + 32]; /* one write, with a chunk's frame */
};

/* -- conn.c: a connection's life and its one timer --- */
struct sw_conn *sw_conn_of(struct lws *wsi); /* NULL: not one of ours */
int sw_conn_open(struct sw_net *net, struct lws *wsi);
void sw_conn_free(struct sw_conn *conn);
/* Enters a phase and sets the timer for it. */
void sw_conn_enter(struct sw_conn *conn, enum sw_phase phase);
void sw_conn_fire(struct sw_timer *timer, void *net);       /* of net->wheel */
void sw_conn_fire_stall(struct sw_timer *timer, void *net); /* of net->stalls */
void sw_conn_progress(struct sw_conn *conn);                /* a write begins, or went */
void sw_conn_kill(struct sw_conn *conn);                    /* without a word, soon */
struct sw_exchange *sw_exchange_new(struct sw_conn *conn);
void sw_exchange_free(struct sw_conn *conn); /* cuts its upload, closes its download */
int64_t sw_net_now_us(const struct sw_net *net);

/* -- accept.c: who may connect --- */
int sw_accept_filter(struct sw_net *net, const struct lws_filter_network_conn_args *args);
struct sw_peer *sw_accept_peer(struct sw_net *net, struct lws *wsi);
/* Who asks, behind a trusted proxy: held by the exchange. False: that address has too many. */
bool sw_accept_client(struct sw_conn *conn);
/* The exchange is an upload of its client. SW_LIMIT: the address has too many. */
SW_MUST_USE sw_status sw_accept_upload(struct sw_conn *conn, struct sw_err *err);
void sw_accept_leave(struct sw_net *net, struct sw_exchange *exchange);

/* -- ask.c: a request's head --- */
/* Fills `ask`; a refusal with status 0: it may go on. */
struct sw_refusal sw_ask_read(struct sw_conn *conn, struct sw_ask *ask, bool is_handshake);
/* A header by its lower-case name with the colon, as tus needs them; false: it is not there. The
 * text is NUL-terminated; too long a value reads as absent. */
bool sw_ask_header(struct lws *wsi, const char *name, char *text, size_t size);
bool sw_ask_token(struct lws *wsi, enum lws_token_indexes token, char *text, size_t size);
/* The token of Authorization: Bearer, into text; empty when there is none. */
struct sw_span sw_ask_bearer(struct lws *wsi, char *text, size_t size);
/* The decoded value of a query parameter, appended; false: not there. */
bool sw_ask_query(struct lws *wsi, const char *name, struct sw_buf *value);

/* -- http.c: a request's way through the callbacks --- */
int sw_http_request(struct lws *wsi);
int sw_http_upgrade(struct lws *wsi); /* CONFIRM_UPGRADE */
int sw_http_body(struct lws *wsi, const void *data, size_t length);
int sw_http_complete(struct lws *wsi);
int sw_http_writeable(struct lws *wsi);
void sw_http_ready(struct sw_conn *conn); /* request_ready came */

/* -- reply.c: an answer's head and small bodies. Each returns what the callback must. --- */
/* Begins the head: status, Date, the security and CORS headers. */
void sw_reply_begin(struct sw_exchange *exchange, int status);
SW_PRINTF(3, 4)
void sw_reply_header(struct sw_exchange *exchange, const char *name, const char *format, ...);
int sw_reply_body(struct lws *wsi, const char *content_type, struct sw_span body);
int sw_reply_empty(struct lws *wsi); /* no body */
/* What a browser asks before a request of another origin. */
void sw_reply_preflight(struct sw_exchange *exchange);
/* The error object of PROTOCOL 5 as a body; status 0: the one that fits err. */
int sw_reply_error(struct lws *wsi, int status, const struct sw_err *err);
int sw_reply_refusal(struct lws *wsi, const struct sw_refusal *refusal);
/* Ends the head begun and starts to send it with what the exchange's source gives. */
int sw_reply_start(struct lws *wsi);

/* -- http_send.c: an answer's bytes, at the reader's pace --- */
int sw_http_push(struct lws *wsi);
void sw_http_tick(struct sw_conn *conn); /* SEND, each tick */

/* -- the routes: what the callback must return --- */
int sw_http_static(struct lws *wsi);
int sw_http_health(struct lws *wsi);
int sw_http_ready_page(struct lws *wsi);
int sw_http_metrics(struct lws *wsi);
int sw_http_download(struct lws *wsi, struct sw_span ticket);
void sw_http_download_ready(struct sw_conn *conn);
int sw_http_tus(struct lws *wsi, struct sw_span id); /* empty: the collection */
int sw_http_put(struct lws *wsi, struct sw_span name);
int sw_http_form(struct lws *wsi);

/* -- http_upload.c: the body of whatever upload --- */
/* Says 100 Continue where it is awaited and lets the body come; exchange->complete answers it. */
int sw_http_take_body(struct lws *wsi);
/* {upload, table}; with status 201 unless a head was begun. */
int sw_http_reply_upload(struct lws *wsi, const struct sw_upload *upload);
/* A piece of body for the exchange's upload; pauses the reading when it is full. */
SW_MUST_USE sw_status sw_http_feed(struct sw_conn *conn, struct sw_span bytes, struct sw_err *err);
/* The body is here. SW_AGAIN: its rows are being read; exchange->complete is called once more then.
 * Else the exchange has no upload any more. */
SW_MUST_USE sw_status sw_http_end_upload(struct lws *wsi, struct sw_err *err);
void sw_http_upload_ready(struct sw_conn *conn);
int sw_http_form_body(struct lws *wsi, struct sw_span bytes);
void sw_form_free(struct sw_form *form);
void sw_http_resume(struct sw_conn *conn);

/* -- http_static.c --- */
SW_MUST_USE sw_status sw_files_read(const char *folder, struct sw_files **files,
                                    struct sw_err *err);
void sw_files_free(struct sw_files *files);

/* -- ws.c, recv.c, send.c: the WebSocket --- */
int sw_net_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t length);
int sw_ws_open(struct lws *wsi);
void sw_ws_closed(struct sw_conn *conn);
int sw_recv_piece(struct lws *wsi, const void *data, size_t length);
int sw_recv_close(struct lws *wsi, const void *payload, size_t length);
int sw_send_writeable(struct lws *wsi);
void sw_send_close(struct sw_conn *conn, int code, const char *reason);

/* -- wake.c: what the server asks of us, and the one off-thread call --- */
struct sw_net_calls sw_wake_calls(struct sw_net *net);
void sw_wake_on_async(uv_async_t *async);
void sw_wake_ready(struct sw_net *net); /* serves net->ready */

#endif
