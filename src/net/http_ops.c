/* What an operator's tools ask: alive, accepting, and the numbers. */
#include "net/net_priv.h"

#include <inttypes.h>

static int reply_text(struct lws *wsi, int status, const char *type, struct sw_span text)
{
    struct sw_exchange *exchange = sw_conn_of(wsi)->exchange;
    sw_reply_begin(exchange, status);
    sw_reply_header(exchange, "Cache-Control", "no-store");
    return sw_reply_body(wsi, type, text);
}

int sw_http_health(struct lws *wsi)
{
    return reply_text(wsi, 200, "text/plain; charset=utf-8", sw_span_text("ok\n"));
}

int sw_http_ready_page(struct lws *wsi)
{
    const struct sw_net *net = sw_conn_of(wsi)->net;
    if (net->is_stopping) {
        return reply_text(wsi, 503, "text/plain; charset=utf-8", sw_span_text("stopping\n"));
    }
    if (!sw_server_is_ready(net->server)) {
        return reply_text(wsi, 503, "text/plain; charset=utf-8", sw_span_text("loading\n"));
    }
    return reply_text(wsi, 200, "text/plain; charset=utf-8", sw_span_text("ready\n"));
}

static void put_metric(struct sw_buf *out, const char *name, const char *kind, const char *help,
                       uint64_t value)
{
    sw_buf_printf(
        out, "# HELP spillway_net_%s %s\n# TYPE spillway_net_%s %s\nspillway_net_%s %" PRIu64 "\n",
        name, help, name, kind, name, value);
}

static void put_net_metrics(const struct sw_net *net, struct sw_buf *out)
{
    const struct sw_net_counts *counts = &net->counts;
    put_metric(out, "connections", "gauge", "TCP connections held.", net->conn_count);
    put_metric(out, "websockets", "gauge", "WebSockets held.", net->socket_count);
    put_metric(out, "requests_running", "gauge", "HTTP requests being answered.",
               net->exchange_count);
    put_metric(out, "connections_total", "counter", "Connections accepted.", counts->connections);
    put_metric(out, "connections_refused_total", "counter",
               "Connections refused: too many or too fast from one address, or stopping.",
               counts->refused_connections);
    put_metric(out, "requests_total", "counter", "HTTP requests and handshakes.", counts->requests);
    put_metric(out, "requests_refused_total", "counter", "Of them, refused by a guard.",
               counts->refused_requests);
    put_metric(out, "slow_bodies_total", "counter", "Uploads cut because they dripped.",
               counts->slow_bodies);
    put_metric(out, "stalled_readers_total", "counter", "Readers cut because they took nothing.",
               counts->stalled_readers);
    put_metric(out, "silent_peers_total", "counter", "WebSockets dropped because they were silent.",
               counts->silent_peers);
    put_metric(out, "sent_bytes_total", "counter", "Bytes handed to the kernel, without framing.",
               counts->sent_bytes);
    put_metric(out, "received_bytes_total", "counter", "Body and message bytes received.",
               counts->received_bytes);
}

int sw_http_metrics(struct lws *wsi)
{
    const struct sw_net *net = sw_conn_of(wsi)->net;
    struct sw_buf text;
    sw_buf_init(&text);
    sw_server_put_metrics(net->server, &text);
    put_net_metrics(net, &text);
    int result =
        reply_text(wsi, 200, "text/plain; version=0.0.4; charset=utf-8", sw_buf_peek(&text));
    sw_buf_fini(&text);
    return result;
}
