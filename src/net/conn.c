/* A connection's life, and the limits on its time (G7, G21, G23). */
#include "net/net_priv.h"

#include "base/log.h"
#include "base/obj.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#define CONN_OF(timer_, member) \
    ((struct sw_conn *)(void *)((char *)(timer_)-offsetof(struct sw_conn, member)))

int64_t sw_net_now_us(const struct sw_net *net)
{
    return sw_clock_us(net->clock);
}

struct sw_conn *sw_conn_of(struct lws *wsi)
{
    void *conn = lws_get_opaque_user_data(wsi);
    return conn == NULL ? NULL : SW_CAST(struct sw_conn, SW_CONN_MAGIC, conn);
}

int sw_conn_open(struct sw_net *net, struct lws *wsi)
{
    struct sw_conn *conn = calloc(1, sizeof(*conn));
    if (conn == NULL) {
        return -1;
    }
    conn->magic = SW_CONN_MAGIC;
    conn->net = net;
    conn->wsi = wsi;
    conn->heard_us = sw_net_now_us(net);
    conn->peer = sw_accept_peer(net, wsi);
    net->conn_count++;
    net->counts.connections++;
    lws_set_opaque_user_data(wsi, conn);
    return 0;
}

static void unlink_ready(struct sw_conn *conn)
{
    struct sw_conn **link = &conn->net->ready;
    while (conn->is_ready && *link != NULL) {
        if (*link == conn) {
            *link = conn->ready_next;
            conn->is_ready = false;
            return;
        }
        link = &(*link)->ready_next;
    }
}

void sw_conn_free(struct sw_conn *conn)
{
    sw_ws_closed(conn);
    sw_exchange_free(conn);
    unlink_ready(conn);
    sw_wheel_clear(&conn->timer);
    sw_wheel_clear(&conn->stall);
    sw_peers_leave(&conn->net->clients, conn->client);
    sw_peers_leave(&conn->net->peers, conn->peer);
    conn->net->conn_count--;
    sw_buf_fini(&conn->message);
    lws_set_opaque_user_data(conn->wsi, NULL);
    conn->magic = 0;
    free(conn);
}

struct sw_exchange *sw_exchange_new(struct sw_conn *conn)
{
    sw_assert(conn->exchange == NULL);
    struct sw_exchange *exchange = calloc(1, sizeof(*exchange));
    if (exchange == NULL) {
        return NULL;
    }
    sw_buf_init(&exchange->out);
    conn->exchange = exchange;
    conn->net->exchange_count++;
    conn->next = conn->net->busy;
    conn->link = &conn->net->busy;
    if (conn->next != NULL) {
        conn->next->link = &conn->next;
    }
    conn->net->busy = conn;
    return exchange;
}

/* A body that ended before its time: tus keeps what came, to go on from there; of a PUT or a form
 * nothing can be made. One that is all here becomes a table whether or not its answer is heard. */
static void cut_upload(struct sw_conn *conn, struct sw_exchange *exchange)
{
    struct sw_upload *upload = exchange->upload;
    exchange->upload = NULL;
    if (!exchange->is_resumable && !exchange->awaits_head &&
        sw_upload_check(upload, NULL) == SW_OK) {
        sw_upload_terminate(upload);
    }
    sw_upload_cut(upload, conn);
}

void sw_exchange_free(struct sw_conn *conn)
{
    struct sw_exchange *exchange = conn->exchange;
    if (exchange == NULL) {
        return;
    }
    conn->exchange = NULL;
    conn->net->exchange_count--;
    *conn->link = conn->next;
    if (conn->next != NULL) {
        conn->next->link = conn->link;
    }
    conn->next = NULL;
    conn->link = NULL;
    if (exchange->upload != NULL) {
        cut_upload(conn, exchange);
    }
    sw_form_free(exchange->form);
    sw_accept_leave(conn->net, exchange);
    if (exchange->download != NULL) {
        sw_download_close(exchange->download);
    }
    sw_buf_fini(&exchange->out);
    free(exchange);
}

/* lws looks at its timers only after input of some kind, which the cancel is; and what comes in
 * until then would set another time limit, so it is refused (is_doomed). */
void sw_conn_kill(struct sw_conn *conn)
{
    conn->is_doomed = true;
    lws_set_timeout(conn->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
    lws_cancel_service(conn->net->context);
}

void sw_conn_progress(struct sw_conn *conn)
{
    conn->progress_us = sw_net_now_us(conn->net);
    if (conn->stall.link == NULL) {
        sw_wheel_set(&conn->net->stalls, &conn->stall, SW_STALL_S);
    }
}

/* lws has a time limit of its own on content, renewed by every byte; ours replace it. */
static void drop_lws_timeout(struct sw_conn *conn)
{
    lws_set_timeout(conn->wsi, NO_PENDING_TIMEOUT, 0);
}

void sw_conn_enter(struct sw_conn *conn, enum sw_phase phase)
{
    conn->phase = phase;
    switch (phase) {
    case SW_PHASE_IDLE:
        sw_wheel_clear(&conn->timer);
        return;
    case SW_PHASE_BODY:
        conn->window_us = sw_net_now_us(conn->net);
        conn->window_bytes = 0;
        /* The wheel counts whole seconds and may fire almost one early: the window must be over. */
        sw_wheel_set(&conn->net->wheel, &conn->timer, SW_BODY_WINDOW_S + 1);
        return;
    case SW_PHASE_SEND:
        sw_wheel_clear(&conn->timer);
        drop_lws_timeout(conn);
        return;
    case SW_PHASE_LINGER:
        sw_wheel_set(&conn->net->wheel, &conn->timer, SW_LINGER_S);
        return;
    case SW_PHASE_WS:
        conn->heard_us = sw_net_now_us(conn->net);
        sw_wheel_set(&conn->net->wheel, &conn->timer, SW_PING_S);
        return;
    case SW_PHASE_CLOSING:
        sw_wheel_set(&conn->net->wheel, &conn->timer, SW_CLOSE_S);
        return;
    }
}

/* G7: a window that was paused, even in part, proves nothing. */
static void check_body(struct sw_conn *conn)
{
    int64_t now_us = sw_net_now_us(conn->net);
    if (!conn->is_paused && sw_guard_body_is_slow(now_us - conn->window_us, conn->window_bytes)) {
        conn->net->counts.slow_bodies++;
        sw_log(SW_LOG_INFO, NULL, "body too slow bytes=%lld",
               conn->exchange == NULL ? 0 : (long long)conn->exchange->received);
        sw_conn_kill(conn);
        return;
    }
    if (conn->is_paused) {
        drop_lws_timeout(conn);
    }
    sw_conn_enter(conn, SW_PHASE_BODY);
}

/* Seconds since the peer sent anything. lws tells neither of pings nor of empty pongs; the kernel
 * knows when the last bytes came. */
static int64_t silent_seconds(const struct sw_conn *conn)
{
    int64_t silent_s = (sw_net_now_us(conn->net) - conn->heard_us) / 1000000;
    struct tcp_info info = {.tcpi_state = 0};
    socklen_t length = sizeof(info);
    if (getsockopt(lws_get_socket_fd(conn->wsi), IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
        (int64_t)info.tcpi_last_data_recv / 1000 < silent_s) {
        silent_s = (int64_t)info.tcpi_last_data_recv / 1000;
    }
    return silent_s;
}

/* G23 */
static void check_life(struct sw_conn *conn)
{
    int64_t silent_s = silent_seconds(conn);
    if (silent_s >= (int64_t)SW_SILENT_S) {
        conn->net->counts.silent_peers++;
        sw_conn_kill(conn);
        return;
    }
    conn->wants_ping = true;
    lws_callback_on_writable(conn->wsi);
    int64_t left_s = (int64_t)SW_SILENT_S - silent_s;
    sw_wheel_set(&conn->net->wheel, &conn->timer,
                 left_s < (int64_t)SW_PING_S ? left_s : (int64_t)SW_PING_S);
}

void sw_conn_fire(struct sw_timer *timer, void *net)
{
    (void)net;
    struct sw_conn *conn = CONN_OF(timer, timer);
    switch (conn->phase) {
    case SW_PHASE_BODY:
        check_body(conn);
        return;
    case SW_PHASE_WS:
        check_life(conn);
        return;
    case SW_PHASE_LINGER:
    case SW_PHASE_CLOSING:
        sw_conn_kill(conn);
        return;
    case SW_PHASE_IDLE:
    case SW_PHASE_SEND:
        return;
    }
}

static bool waits_for_reader(const struct sw_conn *conn)
{
    if (conn->phase == SW_PHASE_WS) {
        return conn->is_sending;
    }
    return conn->phase == SW_PHASE_SEND && conn->exchange != NULL && !conn->exchange->is_starved &&
           !conn->exchange->awaits_head;
}

/* G21 */
void sw_conn_fire_stall(struct sw_timer *timer, void *net_pointer)
{
    struct sw_net *net = net_pointer;
    struct sw_conn *conn = CONN_OF(timer, stall);
    if (!waits_for_reader(conn)) {
        return;
    }
    int64_t now_us = sw_net_now_us(net);
    if (!sw_guard_is_stalled(now_us, conn->progress_us)) {
        int64_t left_us = conn->progress_us + (int64_t)SW_STALL_S * 1000000 - now_us;
        sw_wheel_set(&net->stalls, timer, left_us / 1000000 + 1);
        return;
    }
    net->counts.stalled_readers++;
    if (conn->phase == SW_PHASE_WS) {
        sw_send_close(conn, 1013, "the reader is too slow");
    } else {
        sw_conn_kill(conn);
    }
}
