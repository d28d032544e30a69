/* An answer's head, and the small bodies. Every answer carries the same security headers, errors
 * too: a header list in one place cannot be forgotten by a route. */
#include "net/net_priv.h"

#include "net/tus.h"
#include "wire/encode.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char security[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data: blob:; font-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(), microphone=(), geolocation=(), payment=(), usb=()\r\n";

static const char exposed[] =
    "Access-Control-Expose-Headers: Location, Upload-Offset, Upload-Length, Upload-Metadata, "
    "Upload-Expires, Upload-Defer-Length, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, "
    "Tus-Checksum-Algorithm, ETag, Content-Disposition, Content-Range\r\n";

static const struct {
    int status;
    const char *text;
} phrases[] = {
    {200, "OK"},
    {201, "Created"},
    {204, "No Content"},
    {206, "Partial Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {460, "Checksum Mismatch"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
    {507, "Insufficient Storage"},
};

static const char *phrase_of(int status)
{
    for (size_t i = 0; i < sizeof(phrases) / sizeof(*phrases); i++) {
        if (phrases[i].status == status) {
            return phrases[i].text;
        }
    }
    return "Status";
}

void sw_reply_begin(struct sw_exchange *exchange, int status)
{
    char date[SW_HTTP_DATE_BYTES];
    struct sw_buf *out = &exchange->out;
    sw_tus_put_date(date, sw_clock_system.wall_ms(sw_clock_system.context));
    sw_buf_clear(out);
    sw_buf_printf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", status, phrase_of(status), date);
    sw_buf_put_text(out, security);
    if (exchange->ask.is_cross_origin) {
        sw_buf_printf(out, "Access-Control-Allow-Origin: %s\r\nVary: Origin\r\n",
                      exchange->ask.origin);
        sw_buf_put_text(out, exposed);
    }
    if (strcmp(exchange->ask.path, "/files") == 0 ||
        strncmp(exchange->ask.path, "/files/", 7) == 0) {
        sw_buf_put_text(out, "Tus-Resumable: " SW_TUS_VERSION "\r\n");
    }
    exchange->is_answered = true;
    exchange->status = status;
    exchange->source = SW_SOURCE_NONE;
}

void sw_reply_header(struct sw_exchange *exchange, const char *name, const char *format, ...)
{
    char value[2 * SW_METADATA_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(value, sizeof(value), format, arguments);
    va_end(arguments);
    sw_assert(length >= 0);
    sw_assert((size_t)length < sizeof(value));
    /* Whatever a value was made of, it ends with its line. */
    for (char *c = value; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            *c = ' ';
        }
    }
    sw_buf_printf(&exchange->out, "%s: %s\r\n", name, value);
}

/* An answer that comes before the request's body is all here ends the line: what the client still
 * sends must not be taken for a request (and lws would read it for as long as it drips). */
static bool is_early(const struct sw_conn *conn, const struct sw_exchange *exchange)
{
    return exchange->received < exchange->ask.length || conn->phase == SW_PHASE_LINGER;
}

static void end_head(struct sw_conn *conn, struct sw_exchange *exchange)
{
    exchange->ends_line = exchange->ends_line || is_early(conn, exchange) || conn->net->is_stopping;
    if (exchange->ends_line) {
        sw_buf_put_text(&exchange->out, "Connection: close\r\n");
    }
    sw_buf_put_text(&exchange->out, "\r\n");
}

int sw_reply_start(struct lws *wsi)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    end_head(conn, conn->exchange);
    return sw_http_push(wsi);
}

int sw_reply_body(struct lws *wsi, const char *content_type, struct sw_span body)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    struct sw_exchange *exchange = conn->exchange;
    sw_reply_header(exchange, "Content-Type", "%s", content_type);
    sw_reply_header(exchange, "Content-Length", "%zu", body.length);
    end_head(conn, exchange);
    if (exchange->ask.verb != SW_VERB_HEAD) {
        sw_buf_put(&exchange->out, body.data, body.length);
    }
    return sw_http_push(wsi);
}

int sw_reply_empty(struct lws *wsi)
{
    struct sw_exchange *exchange = sw_conn_of(wsi)->exchange;
    if (exchange->status != 204 && exchange->status != 304) {
        sw_reply_header(exchange, "Content-Length", "0");
    }
    return sw_reply_start(wsi);
}

void sw_reply_preflight(struct sw_exchange *exchange)
{
    static const char methods[] = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
    sw_reply_header(exchange, "Allow", "%s", methods);
    if (!exchange->ask.is_cross_origin) {
        return;
    }
    sw_reply_header(exchange, "Access-Control-Allow-Methods", "%s", methods);
    sw_reply_header(exchange, "Access-Control-Allow-Headers",
                    "Authorization, Content-Type, Tus-Resumable, Upload-Length, Upload-Offset, "
                    "Upload-Metadata, Upload-Defer-Length, Upload-Checksum, "
                    "X-HTTP-Method-Override, X-Requested-With, Range, If-Range");
    sw_reply_header(exchange, "Access-Control-Max-Age", "600");
}

int sw_reply_error(struct lws *wsi, int status, const struct sw_err *err)
{
    struct sw_exchange *exchange = sw_conn_of(wsi)->exchange;
    struct sw_buf body;
    sw_buf_init(&body);
    status = status != 0 ? status : sw_status_http(err->status);
    sw_encode_error_object(&body, err);
    sw_buf_put_byte(&body, '\n');
    if (!exchange->is_answered) {
        sw_reply_begin(exchange, status);
    }
    sw_reply_header(exchange, "Cache-Control", "no-store");
    if (status == 401) {
        sw_reply_header(exchange, "WWW-Authenticate", "Bearer");
    }
    if (err->status == SW_WAKING) {
        sw_reply_header(exchange, "Retry-After", "1");
    }
    int result = sw_reply_body(wsi, "application/json", sw_buf_peek(&body));
    sw_buf_fini(&body);
    return result;
}

int sw_reply_refusal(struct lws *wsi, const struct sw_refusal *refusal)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    struct sw_exchange *exchange = conn->exchange;
    struct sw_err err = {.status = refusal->status == 403   ? SW_NOT_ALLOWED
                                   : refusal->status == 413 ? SW_LIMIT
                                   : refusal->status == 429 ? SW_LIMIT
                                                            : SW_REQUEST};
    snprintf(err.message, sizeof(err.message), "%s", refusal->message);
    conn->net->counts.refused_requests++;
    exchange->ends_line = true;
    sw_reply_begin(exchange, refusal->status);
    if (refusal->status == 426) {
        sw_reply_header(exchange, "Upgrade", "websocket");
        sw_reply_header(exchange, "Sec-WebSocket-Version", "13");
    }
    return sw_reply_error(wsi, refusal->status, &err);
}
