/* Frames to whole messages (G17, G19). */
#include "net/net_priv.h"

#include <string.h>

static int refuse(struct lws *wsi, enum lws_close_status code, const char *reason)
{
    lws_close_reason(wsi, code, (unsigned char *)(uintptr_t)reason, strlen(reason));
    return -1;
}

/* PROTOCOL 1: control is text; a binary frame from a client is no message of ours. */
static int check_piece(struct lws *wsi, const struct sw_conn *conn, size_t length)
{
    if (lws_frame_is_binary(wsi)) {
        return refuse(wsi, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE,
                      "requests are JSON in text frames");
    }
    if (!sw_guard_message(conn->message.length, length, lws_remaining_packet_payload(wsi))) {
        return refuse(wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, "the message is too long");
    }
    return 0;
}

int sw_recv_piece(struct lws *wsi, const void *data, size_t length)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    if (conn == NULL || conn->is_doomed) {
        return -1;
    }
    if (conn->socket == NULL) {
        return 0;
    }
    conn->heard_us = sw_net_now_us(conn->net);
    conn->net->counts.received_bytes += length;
    int refused = check_piece(wsi, conn, length);
    if (refused != 0) {
        return refused;
    }
    bool is_whole = lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0;
    if (is_whole && conn->message.length == 0) {
        sw_socket_receive(conn->socket, sw_span_of(data, length));
        return 0;
    }
    if (conn->message.length == 0) {
        /* the rest of the frame, which the guard has let pass, takes its place but once */
        (void)sw_buf_reserve(&conn->message, length + lws_remaining_packet_payload(wsi));
    }
    sw_buf_put(&conn->message, data, length);
    if (conn->message.failed) {
        return refuse(wsi, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION, "out of memory");
    }
    if (is_whole) {
        sw_socket_receive(conn->socket, sw_buf_peek(&conn->message));
        sw_buf_fini(&conn->message);
        sw_buf_init(&conn->message);
    }
    return 0;
}

int sw_recv_close(struct lws *wsi, const void *payload, size_t length)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    if (conn == NULL || conn->has_said_close) {
        return -1; /* the answer to ours */
    }
    if (!sw_guard_close(sw_span_of(payload, length))) {
        lws_close_reason(wsi, LWS_CLOSE_STATUS_PROTOCOL_ERR, NULL, 0);
        return -1;
    }
    return 0;
}
