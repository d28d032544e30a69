#include "session/socket.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "session/dispatch.h"
#include "session/keeping.h"
#include "session/server_priv.h"
#include "wire/encode.h"

sw_status sw_socket_open(struct sw_server *server, enum sw_format format, void *net_socket,
                         struct sw_socket **socket, struct sw_err *err)
{
    if (server->is_stopping) {
        return sw_fail(err, SW_NOT_ALLOWED, "the server is stopping");
    }
    struct sw_socket *made = calloc(1, sizeof *made);
    if (made == NULL || sw_outbox_new(format, &made->outbox) != SW_OK) {
        free(made);
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    made->server = server;
    made->net = net_socket;
    server->socket_count++;
    *socket = made;
    return SW_OK;
}

void sw_socket_close(struct sw_socket *socket)
{
    if (socket == NULL) {
        return;
    }
    sw_pending_abandon(socket);
    sw_socket_leave(socket);
    sw_outbox_free(socket->outbox);
    socket->server->socket_count--;
    free(socket);
}

void sw_socket_receive(struct sw_socket *socket, struct sw_span message)
{
    if (!socket->is_closing) {
        sw_dispatch(socket, message);
    }
}

bool sw_socket_next(struct sw_socket *socket, struct sw_outgoing *message)
{
    return sw_outbox_next(socket->outbox, message);
}

void sw_socket_sent(struct sw_socket *socket)
{
    sw_outbox_sent(socket->outbox);
    socket->server->count.sent_messages++;
}

void sw_socket_wake(struct sw_socket *socket)
{
    if (!sw_outbox_is_empty(socket->outbox)) {
        socket->server->calls.want_write(socket->net);
    }
}

void sw_socket_shut(struct sw_socket *socket, int code, const char *reason)
{
    if (!socket->is_closing) {
        socket->is_closing = true;
        socket->server->calls.close(socket->net, code, reason);
    }
}

void sw_socket_put(struct sw_socket *socket, struct sw_buf *message)
{
    sw_outbox_hold(socket->outbox, socket->session == NULL ? 0 : sw_keep_need(socket->session));
    if (sw_outbox_put(socket->outbox, message) != SW_OK) {
        sw_socket_shut(socket, 1013, "reader too slow");
        return;
    }
    sw_socket_wake(socket);
}

void sw_socket_notify(struct sw_socket *socket, const char *method, struct sw_span params)
{
    struct sw_buf message;
    sw_buf_init(&message);
    sw_encode_notification(&message, method, params);
    sw_socket_put(socket, &message);
    sw_buf_fini(&message);
}

void sw_socket_attach(struct sw_socket *socket, struct sw_session *session)
{
    sw_assert(socket->session == NULL);
    socket->session = session;
    socket->sibling = session->sockets;
    session->sockets = socket;
    session->socket_count++;
}

void sw_socket_leave(struct sw_socket *socket)
{
    struct sw_session *session = socket->session;
    if (session == NULL) {
        return;
    }
    for (struct sw_socket **link = &session->sockets; *link != NULL; link = &(*link)->sibling) {
        if (*link == socket) {
            *link = socket->sibling;
            break;
        }
    }
    session->socket_count--;
    session->idle_since_ms = sw_clock_ms(session->server->clock);
    socket->session = NULL;
    socket->sibling = NULL;
}

void sw_socket_detach(struct sw_socket *socket)
{
    sw_pending_abandon(socket);
    sw_socket_leave(socket);
    sw_socket_shut(socket, 4001, "the session has ended");
}
