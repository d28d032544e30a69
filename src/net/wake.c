/* What the server asks of the sockets, and the one call from another thread (uv_async_send). */
#include "net/net_priv.h"

#include "base/obj.h"

static void wake(void *net_pointer)
{
    struct sw_net *net = net_pointer;
    (void)pthread_mutex_lock(&net->waking);
    if (!net->is_deaf) {
        (void)uv_async_send(&net->wake);
    }
    (void)pthread_mutex_unlock(&net->waking);
}

static void want_write(void *socket)
{
    struct sw_conn *conn = SW_CAST(struct sw_conn, SW_CONN_MAGIC, socket);
    lws_callback_on_writable(conn->wsi);
}

static void close_socket(void *socket, int code, const char *reason)
{
    sw_send_close(SW_CAST(struct sw_conn, SW_CONN_MAGIC, socket), code, reason);
}

/* The server is within a call of its own: it is asked again from the loop. */
static void request_ready(void *request)
{
    struct sw_conn *conn = SW_CAST(struct sw_conn, SW_CONN_MAGIC, request);
    if (!conn->is_ready) {
        conn->is_ready = true;
        conn->ready_next = conn->net->ready;
        conn->net->ready = conn;
        wake(conn->net);
    }
}

struct sw_net_calls sw_wake_calls(struct sw_net *net)
{
    return (struct sw_net_calls){.wake = wake,
                                 .want_write = want_write,
                                 .close = close_socket,
                                 .request_ready = request_ready,
                                 .net = net};
}

void sw_wake_ready(struct sw_net *net)
{
    while (net->ready != NULL) {
        struct sw_conn *conn = net->ready;
        net->ready = conn->ready_next;
        conn->is_ready = false;
        sw_http_ready(conn);
    }
}

void sw_wake_on_async(uv_async_t *async)
{
    struct sw_net *net = SW_CAST(struct sw_net, SW_NET_MAGIC, async->data);
    sw_server_drain(net->server);
    sw_wake_ready(net);
}
