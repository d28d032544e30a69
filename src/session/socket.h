/* socket: one WebSocket as the server sees it: messages in, messages out.
 * Loop thread.  Lifetime: _open when the handshake is done, _close when net has
 * lost the connection (always, also after calls->close).                        */
#ifndef SW_SESSION_SOCKET_H
#define SW_SESSION_SOCKET_H

#include "session/server.h"

enum sw_format { SW_FORMAT_JSON, SW_FORMAT_ARROW };

struct sw_socket;

SW_MUST_USE sw_status sw_socket_open(struct sw_server *server, enum sw_format format,
                                     void *net_socket, struct sw_socket **socket,
                                     struct sw_err *err);
void sw_socket_close(struct sw_socket *socket);
/* One complete text message, at most SW_MESSAGE_BYTES_MAX. */
void sw_socket_receive(struct sw_socket *socket, struct sw_span message);

struct sw_outgoing {
    struct sw_span bytes; /* borrowed until sw_socket_sent or _close */
    bool is_binary;
};
/* The next whole message to send, chosen now (newest values win); false: nothing. Calling it again
 * before _sent gives the same message. */
bool sw_socket_next(struct sw_socket *socket, struct sw_outgoing *message);
void sw_socket_sent(struct sw_socket *socket); /* all its bytes are with the kernel */

#endif
