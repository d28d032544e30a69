/* A request's head, out of lws's header table and through the guards. */
#include "net/net_priv.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The header lines that are judged, as text. */
struct lines {
    char host[SW_NAME_BYTES_MAX + 2];
    char content_length[32];
    char transfer_encoding[64];
    char expect[32];
    char connection[128];
    char upgrade[32];
    char version[16];
    char key[64];
    char protocol[256];
};

/* Too long a value fits no rule; this stands for it. */
static const char unfit[] = "\x01";

static struct sw_span read_line(struct lws *wsi, enum lws_token_indexes token, char *text,
                                size_t size)
{
    if (lws_hdr_total_length(wsi, token) <= 0) {
        return sw_span_of(NULL, 0);
    }
    int length = lws_hdr_copy(wsi, text, (int)size, token);
    return length < 0 ? sw_span_of(unfit, 1) : sw_span_of(text, (size_t)length);
}

bool sw_ask_token(struct lws *wsi, enum lws_token_indexes token, char *text, size_t size)
{
    struct sw_span line = read_line(wsi, token, text, size);
    return line.data == text;
}

bool sw_ask_header(struct lws *wsi, const char *name, char *text, size_t size)
{
    /* lws sees custom headers in lower case with their colon, and of a repeated one the first. */
    int name_length = (int)strlen(name);
    if (lws_hdr_custom_length(wsi, name, name_length) < 0) {
        return false;
    }
    int length = lws_hdr_custom_copy(wsi, text, (int)size, name, name_length);
    if (length < 0) {
        return false;
    }
    text[length] = '\0';
    return true;
}

struct sw_span sw_ask_bearer(struct lws *wsi, char *text, size_t size)
{
    static const char scheme[] = "Bearer ";
    if (!sw_ask_token(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, text, size) ||
        strncasecmp(text, scheme, sizeof(scheme) - 1) != 0) {
        return sw_span_of("", 0);
    }
    const char *token = text + sizeof(scheme) - 1;
    token += strspn(token, " ");
    return sw_span_text(token);
}

bool sw_ask_query(struct lws *wsi, const char *name, struct sw_buf *value)
{
    size_t name_length = strlen(name);
    char text[SW_METADATA_BYTES_MAX];
    for (int i = 0;; i++) {
        int length =
            lws_hdr_copy_fragment(wsi, text, (int)sizeof(text), WSI_TOKEN_HTTP_URI_ARGS, i);
        if (length < 0) {
            return false;
        }
        if ((size_t)length > name_length && text[name_length] == '=' &&
            memcmp(text, name, name_length) == 0) {
            sw_buf_put(value, text + name_length + 1, (size_t)length - name_length - 1);
            return true;
        }
    }
}

static bool ask_has_body(enum sw_verb verb)
{
    return verb == SW_VERB_POST || verb == SW_VERB_PUT || verb == SW_VERB_PATCH;
}

static enum sw_verb verb_of(int method)
{
    switch (method) {
    case LWSHUMETH_GET:
        return SW_VERB_GET;
    case LWSHUMETH_HEAD:
        return SW_VERB_HEAD;
    case LWSHUMETH_POST:
        return SW_VERB_POST;
    case LWSHUMETH_PUT:
        return SW_VERB_PUT;
    case LWSHUMETH_PATCH:
        return SW_VERB_PATCH;
    case LWSHUMETH_DELETE:
        return SW_VERB_DELETE;
    case LWSHUMETH_OPTIONS:
        return SW_VERB_OPTIONS;
    default:
        return SW_VERB_OTHER;
    }
}

static struct sw_header read_header(struct lws *wsi, enum sw_verb verb, struct lines *lines)
{
    char version[16] = "";
    struct sw_header header = {.verb = verb};
    (void)sw_ask_token(wsi, WSI_TOKEN_HTTP, version, sizeof(version));
    header.is_http11 = strcmp(version, "HTTP/1.1") == 0;
    header.host = read_line(wsi, WSI_TOKEN_HOST, lines->host, sizeof(lines->host));
    header.content_length = read_line(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, lines->content_length,
                                      sizeof(lines->content_length));
    header.transfer_encoding =
        read_line(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING, lines->transfer_encoding,
                  sizeof(lines->transfer_encoding));
    header.expect = read_line(wsi, WSI_TOKEN_HTTP_EXPECT, lines->expect, sizeof(lines->expect));
    header.connection =
        read_line(wsi, WSI_TOKEN_CONNECTION, lines->connection, sizeof(lines->connection));
    header.upgrade = read_line(wsi, WSI_TOKEN_UPGRADE, lines->upgrade, sizeof(lines->upgrade));
    header.websocket_version =
        read_line(wsi, WSI_TOKEN_VERSION, lines->version, sizeof(lines->version));
    header.websocket_key = read_line(wsi, WSI_TOKEN_KEY, lines->key, sizeof(lines->key));
    header.websocket_protocol =
        read_line(wsi, WSI_TOKEN_PROTOCOL, lines->protocol, sizeof(lines->protocol));
    return header;
}

static struct sw_refusal read_path(struct lws *wsi, struct sw_ask *ask, enum sw_verb *verb)
{
    char *uri = NULL;
    int length = 0;
    *verb = verb_of(lws_http_get_uri_and_method(wsi, &uri, &length));
    if (uri == NULL || length <= 0 || uri[0] != '/') {
        return (struct sw_refusal){400, true, "The request names no path."};
    }
    if ((size_t)length >= sizeof(ask->path)) {
        return (struct sw_refusal){414, false, "The path is too long."};
    }
    memcpy(ask->path, uri, (size_t)length);
    ask->path[length] = '\0';
    return (struct sw_refusal){0, false, NULL};
}

/* X-HTTP-Method-Override: for clients behind a proxy that knows only POST. */
static struct sw_refusal override_verb(struct lws *wsi, struct sw_ask *ask)
{
    char name[16];
    if (ask->verb != SW_VERB_POST ||
        !sw_ask_header(wsi, "x-http-method-override:", name, sizeof(name))) {
        return (struct sw_refusal){0, false, NULL};
    }
    static const struct {
        const char *name;
        enum sw_verb verb;
    } known[] = {{"PATCH", SW_VERB_PATCH},    {"DELETE", SW_VERB_DELETE}, {"HEAD", SW_VERB_HEAD},
                 {"PUT", SW_VERB_PUT},        {"POST", SW_VERB_POST},     {"GET", SW_VERB_GET},
                 {"OPTIONS", SW_VERB_OPTIONS}};
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (strcmp(name, known[i].name) == 0) {
            ask->verb = known[i].verb;
            if (ask->length > 0 && ask->verb != SW_VERB_PATCH && ask->verb != SW_VERB_PUT &&
                ask->verb != SW_VERB_POST) {
                return (struct sw_refusal){400, false, "This method takes no body."};
            }
            return (struct sw_refusal){0, false, NULL};
        }
    }
    return (struct sw_refusal){405, false, "This method is not served."};
}

/* G15. Reading is everyone's; a page of another origin may neither change anything nor open a
 * socket. */
static struct sw_refusal check_origin(struct sw_conn *conn, struct sw_ask *ask, struct sw_span host,
                                      bool is_handshake)
{
    const struct sw_net_options *options = &conn->net->options;
    struct sw_span origin =
        read_line(conn->wsi, WSI_TOKEN_ORIGIN, ask->origin, sizeof(ask->origin));
    bool is_allowed =
        sw_guard_origin(origin, host, options->allowed_origins, options->allowed_origin_count);
    ask->is_cross_origin =
        origin.data != NULL && is_allowed && !sw_guard_is_same_origin(origin, host);
    bool is_reading = !is_handshake && (ask->verb == SW_VERB_GET || ask->verb == SW_VERB_HEAD ||
                                        ask->verb == SW_VERB_OPTIONS);
    if (!is_allowed && !is_reading) {
        return (struct sw_refusal){403, false,
                                   "Pages of this origin may not use this server: start it with "
                                   "--allow-origin."};
    }
    return (struct sw_refusal){0, false, NULL};
}

struct sw_refusal sw_ask_read(struct sw_conn *conn, struct sw_ask *ask, bool is_handshake)
{
    struct lines lines;
    enum sw_verb verb;
    struct sw_refusal refusal = read_path(conn->wsi, ask, &verb);
    struct sw_header header = read_header(conn->wsi, verb, &lines);
    ask->verb = verb;
    ask->is_http11 = header.is_http11;
    ask->expects_continue = header.expect.data != NULL;
    if (refusal.status == 0) {
        refusal = sw_guard_request(&header, &ask->length);
    }
    if (refusal.is_unframed) {
        /* What follows is no request whatever it looks like. lws takes 100 MiB of it for the body
         * where a method has one and no length was said; that is swallowed. Else the line ends at
         * once. */
        bool is_swallowed = header.content_length.data == NULL && ask_has_body(verb);
        ask->length = is_swallowed ? INT64_MAX : 0;
    }
    ask->has_completion = (verb == SW_VERB_POST ||
                           ((verb == SW_VERB_PUT || verb == SW_VERB_PATCH) && ask->length > 0));
    if (refusal.status == 0) {
        refusal = check_origin(conn, ask, header.host, is_handshake);
    }
    if (refusal.status == 0 && is_handshake) {
        refusal = ask->length > 0 ? (struct sw_refusal){400, true,
                                                        "A WebSocket begins without a "
                                                        "body."}
                                  : sw_guard_handshake(&header);
    }
    if (refusal.status == 0 && !is_handshake) {
        refusal = override_verb(conn->wsi, ask);
    }
    return refusal;
}
