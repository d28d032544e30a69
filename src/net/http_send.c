/* An answer's bytes, at the reader's pace: at most one write of 64 KiB per WRITEABLE (G20).
 *
 * While an answer is sent lws reads nothing of this connection, but it goes on polling for input;
 * bytes of a next request (or the end of the line) that wait in the kernel would then wake the loop
 * without pause. So each tick looks whether something waits. If so the connection goes deaf: its
 * input is switched off, and since lws then withholds WRITEABLE too, the ticks send. The next
 * request is read when this answer is out. (lws 4.3 reads them itself and ends the line: a client
 * that sends a request behind a download there must send it again.) */
#include "net/net_priv.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define DEAF_WRITES_PER_TICK 16 /* 1 MiB each 50 ms: enough for who pipelines behind a download */
#define CHUNK_END            "0\r\n\r\n"

enum progress { WENT, NOTHING, FINISHED, BROKEN };

static enum progress write_out(struct lws *wsi, const void *data, size_t length)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    unsigned char *scratch = conn->net->scratch + LWS_PRE;
    if (data != scratch) {
        memcpy(scratch, data, length);
    }
    sw_conn_progress(conn);
    conn->net->counts.sent_bytes += length;
    return lws_write(wsi, scratch, length, LWS_WRITE_HTTP) < 0 ? BROKEN : WENT;
}

/* The next piece of the download behind room for its chunk's frame. */
static enum progress write_download(struct lws *wsi, struct sw_exchange *exchange)
{
    struct sw_span piece;
    enum sw_piece got = sw_download_next(exchange->download, &piece);
    exchange->is_starved = got == SW_PIECE_WAIT;
    switch (got) {
    case SW_PIECE_WAIT:
        return NOTHING;
    case SW_PIECE_FAILED:
        return BROKEN;
    case SW_PIECE_END:
        exchange->source = SW_SOURCE_NONE;
        return exchange->is_chunked ? write_out(wsi, CHUNK_END, sizeof(CHUNK_END) - 1) : WENT;
    case SW_PIECE_READY:
        break;
    }
    sw_assert(piece.length <= SW_SEND_BYTES_MAX);
    if (piece.length == 0 || !exchange->is_chunked) {
        return piece.length == 0 ? WENT : write_out(wsi, piece.data, piece.length);
    }
    unsigned char *scratch = sw_conn_of(wsi)->net->scratch + LWS_PRE;
    int frame = snprintf((char *)scratch, 16, "%zx\r\n", piece.length);
    memcpy(scratch + frame, piece.data, piece.length);
    memcpy(scratch + frame + piece.length, "\r\n", 2);
    return write_out(wsi, scratch, (size_t)frame + piece.length + 2);
}

static enum progress write_span(struct lws *wsi, struct sw_exchange *exchange)
{
    size_t length = exchange->span.length;
    length = length < SW_SEND_BYTES_MAX ? length : SW_SEND_BYTES_MAX;
    const char *data = exchange->span.data;
    exchange->span.data += length;
    exchange->span.length -= length;
    if (exchange->span.length == 0) {
        exchange->source = SW_SOURCE_NONE;
    }
    return length == 0 ? WENT : write_out(wsi, data, length);
}

static enum progress write_head(struct lws *wsi, struct sw_exchange *exchange)
{
    size_t left = exchange->out.length - exchange->out_sent;
    size_t length = left < SW_SEND_BYTES_MAX ? left : SW_SEND_BYTES_MAX;
    const char *data = exchange->out.data + exchange->out_sent;
    exchange->out_sent += length;
    return write_out(wsi, data, length);
}

/* One write, or the news that there is none to make. */
static enum progress write_next(struct lws *wsi, struct sw_exchange *exchange)
{
    if (exchange->out.failed) {
        return BROKEN;
    }
    if (exchange->out_sent < exchange->out.length) {
        return write_head(wsi, exchange);
    }
    switch (exchange->source) {
    case SW_SOURCE_SPAN:
        return write_span(wsi, exchange);
    case SW_SOURCE_DOWNLOAD:
        return write_download(wsi, exchange);
    case SW_SOURCE_NONE:
        return FINISHED;
    }
    return FINISHED;
}

static bool is_all_written(const struct sw_exchange *exchange)
{
    return exchange->out_sent == exchange->out.length && exchange->source == SW_SOURCE_NONE;
}

/* The answer is out: on to the next request, or to the end of the line. A body that is still coming
 * is swallowed for a moment, so that the answer is not lost to a reset. */
static int finish(struct lws *wsi, struct sw_conn *conn)
{
    struct sw_exchange *exchange = conn->exchange;
    bool ends_line = exchange->ends_line;
    bool is_early = exchange->received < exchange->ask.length;
    sw_exchange_free(conn);
    if (conn->is_deaf) {
        conn->is_deaf = false;
        (void)lws_rx_flow_control(wsi, 1);
    }
    if (ends_line && is_early) {
        sw_conn_enter(conn, SW_PHASE_LINGER);
        return 0;
    }
    if (ends_line) {
        return -1;
    }
    sw_conn_enter(conn, SW_PHASE_IDLE);
    return lws_http_transaction_completed(wsi) != 0 ? -1 : 0;
}

int sw_http_push(struct lws *wsi)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    struct sw_exchange *exchange = conn->exchange;
    if (conn->phase != SW_PHASE_SEND) {
        sw_conn_enter(conn, SW_PHASE_SEND);
    }
    enum progress progress = write_next(wsi, exchange);
    if (progress == BROKEN) {
        return -1;
    }
    if (progress == FINISHED || (progress == WENT && is_all_written(exchange))) {
        return finish(wsi, conn);
    }
    if (progress == WENT && !conn->is_deaf) {
        lws_callback_on_writable(wsi);
    }
    return 0;
}

/* Bytes, or the end of the line, wait in the kernel. */
static bool has_input(struct lws *wsi)
{
    char byte;
    ssize_t got = recv(lws_get_socket_fd(wsi), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static bool is_writable(struct lws *wsi)
{
    struct pollfd line = {.fd = lws_get_socket_fd(wsi), .events = POLLOUT};
    return poll(&line, 1, 0) == 1 && (line.revents & (POLLOUT | POLLERR | POLLHUP)) != 0;
}

static void set_deaf(struct sw_conn *conn, bool is_deaf)
{
    if (conn->is_deaf != is_deaf) {
        conn->is_deaf = is_deaf;
        (void)lws_rx_flow_control(conn->wsi, is_deaf ? 0 : 1);
    }
}

void sw_http_tick(struct sw_conn *conn)
{
    struct lws *wsi = conn->wsi;
    if (!conn->is_deaf && !has_input(wsi)) {
        return;
    }
    if (lws_partial_buffered(wsi)) {
        /* Only WRITEABLE flushes what lws holds: it may come once it does at once. */
        set_deaf(conn, !is_writable(wsi));
        return;
    }
    set_deaf(conn, true);
    for (int i = 0; i < DEAF_WRITES_PER_TICK && conn->is_deaf; i++) {
        struct sw_exchange *exchange = conn->exchange;
        if (exchange->awaits_head || exchange->is_starved || lws_send_pipe_choked(wsi)) {
            return;
        }
        if (sw_http_push(wsi) != 0) {
            sw_conn_kill(conn);
            return;
        }
    }
}
