/* socket_priv: a socket's struct, for the files of session/ only. */
#ifndef SW_SESSION_SOCKET_PRIV_H
#define SW_SESSION_SOCKET_PRIV_H

#include "session/outbox.h"
#include "session/session.h"

struct sw_pending;

struct sw_socket {
    struct sw_server *server;
    void *net;                  /* net's own; for want_write and close */
    struct sw_session *session; /* NULL before session.open and after its end */
    struct sw_socket *sibling;  /* session->sockets */
    struct sw_outbox *outbox;   /* owned */
    struct sw_pending *pending; /* calls to be answered later */
    int64_t epoch;              /* its own newest */
    int64_t running_epoch;      /* of the run that goes on, as it sees it */
    bool has_epoch, is_closing;
};

/* Queue a reply, an error or an event; a reader that is too slow is closed with 1013. */
void sw_socket_put(struct sw_socket *socket, struct sw_buf *message);
void sw_socket_notify(struct sw_socket *socket, const char *method, struct sw_span params);
void sw_socket_wake(struct sw_socket *socket);
/* Ask net to close it. */
void sw_socket_shut(struct sw_socket *socket, int code, const char *reason);
/* Attach to a session; detach (closes the connection with 4001 when the session ended). */
void sw_socket_attach(struct sw_socket *socket, struct sw_session *session);
void sw_socket_leave(struct sw_socket *socket);
void sw_socket_detach(struct sw_socket *socket);

#endif
