/* The one callback of lws: it only says whose turn it is. */
#include "net/net_priv.h"

#include "base/log.h"
#include "base/obj.h"

#include <string.h>

int sw_ws_open(struct lws *wsi)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    if (conn == NULL) {
        return -1;
    }
    const struct lws_protocols *protocol = lws_get_protocol(wsi);
    enum sw_format format =
        strcmp(protocol->name, "spillway.v1.arrow") == 0 ? SW_FORMAT_ARROW : SW_FORMAT_JSON;
    struct sw_err err = {0};
    sw_conn_enter(conn, SW_PHASE_WS);
    sw_status status = sw_socket_open(conn->net->server, format, conn, &conn->socket, &err);
    if (status != SW_OK) {
        sw_send_close(conn, status == SW_LIMIT ? 4008 : 1013, "no room for another socket");
        return 0;
    }
    conn->net->socket_count++;
    return 0;
}

void sw_ws_closed(struct sw_conn *conn)
{
    if (conn->socket != NULL) {
        sw_socket_close(conn->socket);
        conn->socket = NULL;
        conn->net->socket_count--;
    }
    conn->is_sending = false;
    if (conn->phase == SW_PHASE_WS) {
        conn->phase = SW_PHASE_CLOSING;
    }
}

static int closed_http(struct lws *wsi)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    if (conn != NULL) {
        sw_exchange_free(conn);
    }
    return 0;
}

static int closed_ws(struct lws *wsi)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    if (conn != NULL) {
        sw_ws_closed(conn);
    }
    return 0;
}

static int destroyed(struct lws *wsi)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    if (conn != NULL) {
        sw_conn_free(conn);
    }
    return 0;
}

static int pong(struct lws *wsi)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    if (conn != NULL) {
        conn->heard_us = sw_net_now_us(conn->net);
    }
    return 0;
}

int sw_net_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t length)
{
    /* lws gives NULL contexts for a moment while it is made and destroyed. */
    struct lws_context *context = wsi == NULL ? NULL : lws_get_context(wsi);
    void *owner = context == NULL ? NULL : lws_context_user(context);
    if (owner == NULL) {
        return 0;
    }
    struct sw_net *net = SW_CAST(struct sw_net, SW_NET_MAGIC, owner);
    switch ((int)reason) {
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
        return sw_accept_filter(net, user);
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        return sw_conn_open(net, wsi);
    case LWS_CALLBACK_WSI_DESTROY:
        return destroyed(wsi);
    case LWS_CALLBACK_RAW_ADOPT: /* G10 */
    case LWS_CALLBACK_RAW_RX:
        return -1;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return sw_http_upgrade(wsi);
    case LWS_CALLBACK_HTTP:
        return sw_http_request(wsi);
    case LWS_CALLBACK_HTTP_BODY:
        return sw_http_body(wsi, in, length);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return sw_http_complete(wsi);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return sw_http_writeable(wsi);
    case LWS_CALLBACK_CLOSED_HTTP:
        return closed_http(wsi);
    case LWS_CALLBACK_ESTABLISHED:
        return sw_ws_open(wsi);
    case LWS_CALLBACK_RECEIVE:
        return sw_recv_piece(wsi, in, length);
    case LWS_CALLBACK_RECEIVE_PONG:
        return pong(wsi);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return sw_recv_close(wsi, in, length);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return sw_send_writeable(wsi);
    case LWS_CALLBACK_CLOSED:
        return closed_ws(wsi);
    default:
        return 0;
    }
}
