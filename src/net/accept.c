/* Who may connect (G13), and the size of the kernel's buffer for them (G20). */
#include "net/net_priv.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

int sw_accept_filter(struct sw_net *net, const struct lws_filter_network_conn_args *args)
{
    const struct sockaddr *address = (const struct sockaddr *)(const void *)&args->cli_addr;
    if (net->is_stopping || !sw_peers_may_enter(&net->peers, address, sw_net_now_us(net))) {
        net->counts.refused_connections++;
        return -1;
    }
    /* What a reader that never reads can hold of ours in the kernel. */
    int bytes = (int)SW_SOCKET_BUFFER_BYTES;
    (void)setsockopt(args->accept_fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    return 0;
}

static struct sockaddr_storage address_of(struct lws *wsi)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof(address);
    if (getpeername(lws_get_socket_fd(wsi), (struct sockaddr *)(void *)&address, &length) != 0) {
        address.ss_family = AF_UNSPEC;
    }
    return address;
}

struct sw_peer *sw_accept_peer(struct sw_net *net, struct lws *wsi)
{
    struct sockaddr_storage address = address_of(wsi);
    return sw_peers_enter(&net->peers, (const struct sockaddr *)(const void *)&address,
                          sw_net_now_us(net));
}

/* "1.2.3.4", "2001:db8::1", "[2001:db8::1]:443" */
static bool parse_address(char *text, struct sockaddr_storage *address)
{
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)address;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)address;
    char *port = strrchr(text, ':');
    if (text[0] == '[') {
        text++;
        text[strcspn(text, "]")] = '\0';
    } else if (port != NULL && strchr(text, ':') == port) {
        *port = '\0';
    }
    *address = (struct sockaddr_storage){.ss_family = AF_INET};
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
        return true;
    }
    address->ss_family = AF_INET6;
    return inet_pton(AF_INET6, text, &in6->sin6_addr) == 1;
}

/* The last address of X-Forwarded-For is the one that the proxy itself has seen: those before it
 * are what the client says. */
static bool read_forwarded(struct lws *wsi, struct sockaddr_storage *address)
{
    char text[SW_HEADER_BYTES_MAX];
    if (!sw_ask_token(wsi, WSI_TOKEN_X_FORWARDED_FOR, text, sizeof(text))) {
        return false;
    }
    char *comma = strrchr(text, ',');
    char *last = comma == NULL ? text : comma + 1;
    last += strspn(last, " \t");
    last[strcspn(last, " \t")] = '\0';
    return parse_address(last, address);
}

bool sw_accept_client(struct sw_conn *conn)
{
    struct sw_net *net = conn->net;
    struct sockaddr_storage address;
    if (!net->options.is_forwarded) {
        return true;
    }
    if (!read_forwarded(conn->wsi, &address)) {
        address = address_of(conn->wsi);
    }
    struct sw_peer *client = sw_peers_enter(
        &net->clients, (const struct sockaddr *)(const void *)&address, sw_net_now_us(net));
    conn->exchange->client = client;
    return client != NULL && !sw_peers_is_full(&net->clients, client);
}

sw_status sw_accept_upload(struct sw_conn *conn, struct sw_err *err)
{
    struct sw_exchange *exchange = conn->exchange;
    struct sw_peer *peer = exchange->client != NULL ? exchange->client : conn->peer;
    int64_t most = conn->net->options.address_uploads;
    if (peer == NULL || sw_peer_begin_upload(peer, most)) {
        exchange->uploader = peer;
        return SW_OK;
    }
    return sw_fail_limit(err, "address_uploads", most + 1, most,
                         "let others of this address finish, or ask the operator to raise "
                         "--address-uploads");
}

void sw_accept_leave(struct sw_net *net, struct sw_exchange *exchange)
{
    if (exchange->uploader != NULL) {
        sw_peer_end_upload(exchange->uploader);
    }
    sw_peers_leave(&net->clients, exchange->client);
}
