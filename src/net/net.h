/* net: the sockets of Spillway: HTTP, WebSockets, the loop.  main opens it, runs
 * it and closes it; everything that a request means is session's.
 * One loop thread, which is the caller of these functions.                     */
#ifndef SW_NET_NET_H
#define SW_NET_NET_H

#include "session/server.h"

struct sw_net;

struct sw_net_options {
    const char *host; /* an address to listen on, IPv4 or IPv6 without brackets */
    int port;         /* 0: a free one */
    const char *const *allowed_origins;
    size_t allowed_origin_count;
    const char *static_dir;      /* read once, at the start */
    int64_t address_connections; /* of one address at once (G13) */
    int64_t address_uploads;     /* requests with a body for an upload, of one address at once */
    bool is_forwarded;           /* the client's address is the last of X-Forwarded-For */
    const struct sw_clock *clock;
};

/* Reads the page's files, makes the server and listens. The strings of the options are used until
 * _close. SW_INTERNAL says what the operator can change. */
SW_MUST_USE sw_status sw_net_open(const struct sw_net_options *options,
                                  const struct sw_server_options *server_options,
                                  struct sw_net **net, struct sw_err *err);
struct sw_server *sw_net_server(struct sw_net *net);
int sw_net_port(const struct sw_net *net);
/* Serves until SIGTERM or SIGINT and then until all is answered (G24); a second one ends the
 * process at once. */
void sw_net_run(struct sw_net *net);
/* The libraries below, with their versions: for --version. */
void sw_net_put_libraries(char *text, size_t size);
/* Frees everything, the server included. */
void sw_net_close(struct sw_net *net);

#endif
