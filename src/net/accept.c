/* Who may connect (G13), and the size of the kernel's buffer for them (G20). */
#include "net/net_priv.h"

#include <netinet/in.h>
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

struct sw_peer *sw_accept_peer(struct sw_net *net, struct lws *wsi)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof(address);
    if (getpeername(lws_get_socket_fd(wsi), (struct sockaddr *)(void *)&address, &length) != 0) {
        address.ss_family = AF_UNSPEC;
    }
    return sw_peers_enter(&net->peers, (const struct sockaddr *)(const void *)&address,
                          sw_net_now_us(net));
}
