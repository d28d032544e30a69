/* GET /download/TICKET: a table as a file, in pieces as the reader takes them. The head may come
 * later than the request (a worker counts); then the answer begins in sw_http_download_ready. */
#include "net/net_priv.h"

#include "net/tus.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* "bytes=5-9", "bytes=5-", "bytes=-9". Several ranges, and what is none, are answered whole, as RFC
 * 9110 allows. */
static struct sw_download_range read_range(struct lws *wsi)
{
    static const char unit[] = "bytes=";
    struct sw_download_range none = {.is_asked = false};
    struct sw_download_range range = {.is_asked = true, .first = -1, .last = -1};
    char text[64];
    if (!sw_ask_token(wsi, WSI_TOKEN_HTTP_RANGE, text, sizeof(text)) ||
        strncasecmp(text, unit, sizeof(unit) - 1) != 0) {
        return none;
    }
    char *first = text + sizeof(unit) - 1;
    char *dash = strchr(first, '-');
    if (dash == NULL) {
        return none;
    }
    struct sw_span from = sw_span_of(first, (size_t)(dash - first));
    struct sw_span to = sw_span_text(dash + 1);
    bool is_good = (from.length > 0 || to.length > 0) &&
                   (from.length == 0 || sw_tus_read_number(from, &range.first)) &&
                   (to.length == 0 || sw_tus_read_number(to, &range.last)) &&
                   (from.length == 0 || to.length == 0 || range.first <= range.last);
    return is_good ? range : none;
}

static bool is_plain(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$&+-.^_`|~", c) != NULL);
}

/* The name twice (RFC 6266): in ASCII for who knows no better, and as it is. */
static void put_disposition(struct sw_exchange *exchange, const char *filename)
{
    struct sw_buf ascii;
    struct sw_buf encoded;
    sw_buf_init(&ascii);
    sw_buf_init(&encoded);
    for (const char *c = filename; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;
        bool is_ascii = byte >= ' ' && byte < 0x7f;
        sw_buf_put_byte(&ascii, is_ascii && byte != '"' && byte != '\\' ? *c : '_');
        if (is_plain(byte)) {
            sw_buf_put_byte(&encoded, *c);
        } else {
            sw_buf_printf(&encoded, "%%%02X", byte);
        }
    }
    if (!ascii.failed && !encoded.failed) {
        sw_reply_header(exchange, "Content-Disposition",
                        "attachment; filename=\"%.*s\"; filename*=UTF-8''%.*s", (int)ascii.length,
                        ascii.data, (int)encoded.length, encoded.data);
    }
    sw_buf_fini(&ascii);
    sw_buf_fini(&encoded);
}

static void put_length(struct sw_exchange *exchange, const struct sw_download_head *head)
{
    if (head->status == 206) {
        sw_reply_header(exchange, "Content-Range", "bytes %" PRId64 "-%" PRId64 "/%" PRId64,
                        head->first, head->last, head->total);
    }
    if (head->length >= 0) {
        sw_reply_header(exchange, "Content-Length", "%" PRId64, head->length);
    } else if (exchange->ask.is_http11) {
        sw_reply_header(exchange, "Transfer-Encoding", "chunked");
        exchange->is_chunked = true;
    } else {
        exchange->ends_line = true; /* the body ends where the line does */
    }
}

static int reply_unsatisfiable(struct lws *wsi, const struct sw_download_head *head)
{
    struct sw_err err = {0};
    struct sw_exchange *exchange = sw_conn_of(wsi)->exchange;
    (void)sw_fail(&err, SW_PARAMS, "The range lies beyond the file's %" PRId64 " bytes.",
                  head->total);
    sw_reply_begin(exchange, 416);
    sw_reply_header(exchange, "Content-Range", "bytes */%" PRId64, head->total);
    return sw_reply_error(wsi, 416, &err);
}

static int start(struct lws *wsi, const struct sw_download_head *head)
{
    struct sw_exchange *exchange = sw_conn_of(wsi)->exchange;
    if (head->status == 416) {
        return reply_unsatisfiable(wsi, head);
    }
    sw_reply_begin(exchange, head->status);
    sw_reply_header(exchange, "Content-Type", "%s", head->content_type);
    sw_reply_header(exchange, "Cache-Control", "no-store");
    if (head->etag != NULL) {
        sw_reply_header(exchange, "ETag", "%s", head->etag);
        sw_reply_header(exchange, "Accept-Ranges", "bytes");
    }
    if (head->filename != NULL) {
        put_disposition(exchange, head->filename);
    }
    put_length(exchange, head);
    if (exchange->ask.verb != SW_VERB_HEAD) {
        exchange->source = SW_SOURCE_DOWNLOAD;
    }
    return sw_reply_start(wsi);
}

/* The head now, or when the worker has it. */
static int start_or_wait(struct lws *wsi)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    struct sw_exchange *exchange = conn->exchange;
    struct sw_download_head head = {.length = -1};
    exchange->awaits_head = !sw_download_head(exchange->download, &head);
    if (exchange->awaits_head) {
        sw_conn_enter(conn, SW_PHASE_SEND);
        return 0;
    }
    return start(wsi, &head);
}

int sw_http_download(struct lws *wsi, struct sw_span ticket)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    struct sw_exchange *exchange = conn->exchange;
    struct sw_download_range range = read_range(wsi);
    char if_range[128] = "";
    struct sw_err err = {0};
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_IF_RANGE) > 0 &&
        !sw_ask_token(wsi, WSI_TOKEN_HTTP_IF_RANGE, if_range, sizeof(if_range))) {
        range.is_asked = false; /* too long to be an ETag of ours */
    }
    sw_status status =
        sw_download_open(conn->net->server, ticket, &range, sw_span_text(if_range),
                         exchange->ask.verb == SW_VERB_HEAD, conn, &exchange->download, &err);
    if (status != SW_OK) {
        exchange->download = NULL;
        return sw_reply_error(wsi, status == SW_PARAMS ? 404 : 0, &err);
    }
    return start_or_wait(wsi);
}

void sw_http_download_ready(struct sw_conn *conn)
{
    if (start_or_wait(conn->wsi) != 0) {
        sw_conn_kill(conn);
    }
}
