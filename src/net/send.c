/* Messages to frames of at most 64 KiB, one per WRITEABLE (G20), pings between them (G23). */
#include "net/net_priv.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define SLOW_READER 1013

/* What is queued goes out first, within the time of the phase CLOSING; a slow reader has had its
 * time. */
void sw_send_close(struct sw_conn *conn, int code, const char *reason)
{
    if (conn->close_code != 0) {
        return;
    }
    conn->close_code = (uint16_t)code;
    snprintf(conn->close_reason, sizeof(conn->close_reason), "%s", reason == NULL ? "" : reason);
    sw_conn_enter(conn, SW_PHASE_CLOSING);
    lws_callback_on_writable(conn->wsi);
}

/* The close frame, past lws: under libuv lws closes a socket twice whose WRITEABLE callback
 * returned -1, the second time without the frame. No frame is half written here, and this one is
 * smaller than what WRITEABLE promises room for. The peer's answer ends the line (recv.c), or the
 * timer of the phase CLOSING does. */
static int say_close(struct lws *wsi, struct sw_conn *conn)
{
    size_t length = strlen(conn->close_reason);
    unsigned char frame[4 + sizeof(conn->close_reason)];
    frame[0] = 0x88; /* FIN, opcode 8 */
    frame[1] = (unsigned char)(2 + length);
    frame[2] = (unsigned char)(conn->close_code >> 8);
    frame[3] = (unsigned char)(conn->close_code & 0xff);
    memcpy(frame + 4, conn->close_reason, length);
    conn->has_said_close = true;
    ssize_t sent = send(lws_get_socket_fd(wsi), frame, 4 + length, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent == (ssize_t)(4 + length) ? 0 : -1;
}

/* With a payload, since lws keeps an empty pong to itself. */
static int ping(struct lws *wsi, struct sw_conn *conn)
{
    static const char payload[] = "spillway";
    memcpy(conn->net->scratch + LWS_PRE, payload, sizeof(payload) - 1);
    conn->wants_ping = false;
    lws_callback_on_writable(wsi);
    return lws_write(wsi, conn->net->scratch + LWS_PRE, sizeof(payload) - 1, LWS_WRITE_PING) < 0
               ? -1
               : 0;
}

static void finish_message(struct sw_conn *conn)
{
    conn->is_sending = false;
    conn->is_all_written = false;
    conn->sent = 0;
    sw_socket_sent(conn->socket);
}

static int write_piece(struct lws *wsi, struct sw_conn *conn, const struct sw_outgoing *message)
{
    struct sw_net *net = conn->net;
    size_t left = message->bytes.length - conn->sent;
    size_t length = left < SW_SEND_BYTES_MAX ? left : SW_SEND_BYTES_MAX;
    bool is_start = conn->sent == 0;
    bool is_end = length == left;
    int flags = lws_write_ws_flags(message->is_binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT, is_start,
                                   is_end);
    if (length > 0) {
        memcpy(net->scratch + LWS_PRE, message->bytes.data + conn->sent, length);
    }
    conn->is_sending = true;
    sw_conn_progress(conn);
    if (lws_write(wsi, net->scratch + LWS_PRE, length, (enum lws_write_protocol)flags) < 0) {
        return -1;
    }
    conn->sent += length;
    net->counts.sent_bytes += length;
    conn->is_all_written = is_end;
    if (is_end && !lws_partial_buffered(wsi)) {
        finish_message(conn);
    }
    return 0;
}

int sw_send_writeable(struct lws *wsi)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    if (conn == NULL) {
        return -1;
    }
    if (conn->has_said_close) {
        return 0;
    }
    if (lws_partial_buffered(wsi)) {
        lws_callback_on_writable(wsi);
        return 0;
    }
    if (conn->is_all_written) {
        sw_conn_progress(conn);
        finish_message(conn);
    }
    if (conn->close_code == SLOW_READER) {
        return say_close(wsi, conn);
    }
    if (conn->wants_ping) {
        return ping(wsi, conn);
    }
    struct sw_outgoing message;
    if (conn->socket == NULL || !sw_socket_next(conn->socket, &message)) {
        return conn->close_code == 0 ? 0 : say_close(wsi, conn);
    }
    int result = write_piece(wsi, conn, &message);
    bool has_more =
        conn->is_sending || conn->close_code != 0 || sw_socket_next(conn->socket, &message);
    if (result == 0 && has_more) {
        lws_callback_on_writable(wsi);
    }
    return result;
}
