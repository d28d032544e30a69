/* A request's way through lws's callbacks:
 *
 *   HTTP              the guards, the route; most answers are given here
 *   HTTP_BODY         pieces of an upload
 *   HTTP_COMPLETION   the upload's answer; where its rows are still being read, the connection goes
 *                     deaf until request_ready (G22: lws would call again and again)
 *   HTTP_WRITEABLE    the next piece of a long answer
 *
 * POST with Content-Length 0 gets a completion, PUT and PATCH do not (G9): has_completion. */
#include "net/net_priv.h"

#include <stdio.h>
#include <string.h>

static const struct sw_refusal no_memory = {503, true, "Out of memory: try again in a moment."};

static const struct sw_refusal too_many = {
    429, false,
    "This address has as many connections as one may: close some, or ask the operator to raise "
    "--address-connections."};

/* The rest of `path` behind a prefix; false: it does not begin with it. */
static bool strip(const char *path, const char *prefix, struct sw_span *rest)
{
    size_t length = strlen(prefix);
    if (strncmp(path, prefix, length) != 0) {
        return false;
    }
    *rest = sw_span_text(path + length);
    return true;
}

static int refuse_method(struct lws *wsi, const char *allowed)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    struct sw_err err = {.status = SW_REQUEST};
    snprintf(err.message, sizeof(err.message), "Allowed here: %s.", allowed);
    conn->net->counts.refused_requests++;
    sw_reply_begin(conn->exchange, 405);
    sw_reply_header(conn->exchange, "Allow", "%s", allowed);
    return sw_reply_error(wsi, 405, &err);
}

/* A browser's question before a request of another origin. */
static int preflight(struct lws *wsi)
{
    struct sw_exchange *exchange = sw_conn_of(wsi)->exchange;
    sw_reply_begin(exchange, 204);
    sw_reply_preflight(exchange);
    return sw_reply_empty(wsi);
}

static int route_read(struct lws *wsi, const char *path)
{
    struct sw_span rest;
    if (strip(path, "/download/", &rest)) {
        return sw_http_download(wsi, rest);
    }
    if (strcmp(path, "/healthz") == 0) {
        return sw_http_health(wsi);
    }
    if (strcmp(path, "/readyz") == 0) {
        return sw_http_ready_page(wsi);
    }
    if (strcmp(path, "/metrics") == 0) {
        return sw_http_metrics(wsi);
    }
    if (strcmp(path, "/ws") == 0) {
        struct sw_refusal refusal = {426, false, "This is the address of the WebSocket."};
        return sw_reply_refusal(wsi, &refusal);
    }
    return sw_http_static(wsi);
}

/* Does the request bring a body for an upload? */
static bool is_upload(const struct sw_ask *ask)
{
    bool has_verb =
        ask->verb == SW_VERB_POST || ask->verb == SW_VERB_PUT || ask->verb == SW_VERB_PATCH;
    return has_verb &&
           (strncmp(ask->path, "/files", 6) == 0 || strncmp(ask->path, "/upload", 7) == 0);
}

static int route(struct lws *wsi)
{
    struct sw_exchange *exchange = sw_conn_of(wsi)->exchange;
    const char *path = exchange->ask.path;
    enum sw_verb verb = exchange->ask.verb;
    struct sw_span rest = sw_span_of("", 0);
    struct sw_err err = {0};
    if (is_upload(&exchange->ask) && sw_accept_upload(sw_conn_of(wsi), &err) != SW_OK) {
        return sw_reply_error(wsi, 429, &err);
    }
    if (strcmp(path, "/files") == 0 || strcmp(path, "/files/") == 0 ||
        strip(path, "/files/", &rest)) {
        return sw_http_tus(wsi, rest);
    }
    if (verb == SW_VERB_OPTIONS) {
        return preflight(wsi);
    }
    if (strcmp(path, "/upload") == 0 || strcmp(path, "/upload/") == 0) {
        return verb == SW_VERB_POST ? sw_http_form(wsi) : refuse_method(wsi, "POST, OPTIONS");
    }
    if (strip(path, "/upload/", &rest)) {
        return verb == SW_VERB_PUT ? sw_http_put(wsi, rest) : refuse_method(wsi, "PUT, OPTIONS");
    }
    if (verb == SW_VERB_GET || verb == SW_VERB_HEAD) {
        return route_read(wsi, path);
    }
    return refuse_method(wsi, "GET, HEAD, OPTIONS");
}

/* The exchange of a request, its head read; *result says what the callback returns when the request
 * goes no further. */
static bool begin(struct lws *wsi, bool is_handshake, int *result)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    *result = -1;
    /* A line that was to end serves no more; a second request cannot come before the first is
     * answered. */
    if (conn == NULL || conn->is_doomed || conn->phase != SW_PHASE_IDLE || conn->exchange != NULL ||
        sw_exchange_new(conn) == NULL) {
        return false;
    }
    conn->net->counts.requests++;
    struct sw_exchange *exchange = conn->exchange;
    struct sw_refusal refusal = sw_ask_read(conn, &exchange->ask, is_handshake);
    if (refusal.status == 0 && sw_accept_client(conn)) {
        return true;
    }
    if (refusal.status == 0) {
        refusal = too_many;
    }
    *result = sw_reply_refusal(wsi, &refusal);
    return false;
}

int sw_http_request(struct lws *wsi)
{
    int result;
    if (!begin(wsi, false, &result)) {
        return result;
    }
    return route(wsi);
}

int sw_http_upgrade(struct lws *wsi)
{
    char upgrade[32];
    int result;
    /* G1: what the callback was given may be freed memory, so it is read again. */
    if (!sw_ask_token(wsi, WSI_TOKEN_UPGRADE, upgrade, sizeof(upgrade)) ||
        !sw_guard_upgrade(sw_span_text(upgrade))) {
        struct sw_conn *conn = sw_conn_of(wsi);
        if (conn != NULL) {
            conn->net->counts.refused_requests++;
        }
        return -1;
    }
    if (!begin(wsi, true, &result)) {
        return -1;
    }
    struct sw_conn *conn = sw_conn_of(wsi);
    const char *path = conn->exchange->ask.path;
    if (strcmp(path, "/ws") != 0) {
        struct sw_refusal refusal = {404, true, "The WebSocket is at /ws."};
        (void)sw_reply_refusal(wsi, &refusal);
        return -1;
    }
    if (conn->net->is_stopping) {
        struct sw_refusal refusal = {503, true, "The server is stopping."};
        (void)sw_reply_refusal(wsi, &refusal);
        return -1;
    }
    conn->client = conn->exchange->client;
    conn->exchange->client = NULL;
    sw_exchange_free(conn);
    return 0;
}

/* A piece of the body for who takes it. */
static int take_piece(struct lws *wsi, struct sw_conn *conn, struct sw_span bytes)
{
    struct sw_exchange *exchange = conn->exchange;
    struct sw_err err = {0};
    exchange->received += (int64_t)bytes.length;
    conn->window_bytes += (int64_t)bytes.length;
    if (exchange->is_answered || bytes.length == 0) {
        return 0;
    }
    if (exchange->form != NULL) {
        return sw_http_form_body(wsi, bytes);
    }
    if (sw_http_feed(conn, bytes, &err) != SW_OK) {
        return sw_reply_error(wsi, err.status == SW_CANCELLED ? 409 : 0, &err);
    }
    return 0;
}

int sw_http_body(struct lws *wsi, const void *data, size_t length)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    if (conn == NULL || conn->is_doomed) {
        return -1;
    }
    conn->net->counts.received_bytes += length;
    struct sw_exchange *exchange = conn->exchange;
    if (exchange == NULL || length == 0) {
        return 0; /* LINGER, or the empty piece of a POST without a body */
    }
    int64_t left = exchange->ask.length - exchange->received;
    if ((int64_t)length <= left) {
        return take_piece(wsi, conn, sw_span_of(data, length));
    }
    /* lws 4.3 takes a request that follows in the same read for more of the body and then waits for
     * ever. The body ends where it was said to; the line ends with its answer. */
    exchange->ends_line = true;
    int result = take_piece(wsi, conn, sw_span_of(data, (size_t)left));
    if (result == 0 && conn->exchange != NULL && !conn->exchange->is_answered) {
        result = sw_http_complete(wsi);
    }
    return result;
}

int sw_http_complete(struct lws *wsi)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    if (conn == NULL || conn->phase == SW_PHASE_LINGER) {
        return -1;
    }
    struct sw_exchange *exchange = conn->exchange;
    if (exchange == NULL || exchange->is_answered) {
        return 0;
    }
    sw_http_resume(conn);
    if (exchange->complete == NULL) {
        return sw_reply_refusal(wsi, &no_memory);
    }
    return exchange->complete(wsi, exchange);
}

int sw_http_writeable(struct lws *wsi)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    if (conn == NULL) {
        return -1;
    }
    if (conn->exchange == NULL || !conn->exchange->is_answered || conn->phase != SW_PHASE_SEND) {
        return 0;
    }
    return sw_http_push(wsi);
}

void sw_http_ready(struct sw_conn *conn)
{
    struct sw_exchange *exchange = conn->exchange;
    if (exchange == NULL) {
        return;
    }
    if (exchange->awaits_head && exchange->upload != NULL) {
        sw_http_upload_ready(conn);
    } else if (exchange->awaits_head) {
        sw_http_download_ready(conn);
    } else if (exchange->source == SW_SOURCE_DOWNLOAD) {
        exchange->is_starved = false;
        if (!conn->is_deaf) {
            lws_callback_on_writable(conn->wsi);
        }
    } else {
        sw_http_resume(conn);
    }
}
