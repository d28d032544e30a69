#include "net/guard.h"

#include "base/limits.h"
#include "net/tus.h"

#include <libwebsockets.h>

#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#if !defined(LWS_WITH_CUSTOM_HEADERS) || !defined(LWS_WITH_LIBUV) || !defined(LWS_ROLE_WS)
#error "libwebsockets must be built with WebSockets, custom headers and libuv"
#endif

#define KEY_LENGTH     24 /* base64 of 16 bytes */
#define FD_LIMIT_LEAST 64 /* sockets below which a server is no use */

static struct sw_refusal refuse(int status, const char *message)
{
    return (struct sw_refusal){.status = status, .message = message};
}

static struct sw_refusal refuse_unframed(int status, const char *message)
{
    return (struct sw_refusal){.status = status, .is_unframed = true, .message = message};
}

static const struct sw_refusal pass = {0, false, NULL};

static bool has_body(enum sw_verb verb)
{
    switch (verb) {
    case SW_VERB_POST:
    case SW_VERB_PUT:
    case SW_VERB_PATCH:
        return true;
    case SW_VERB_GET:
    case SW_VERB_HEAD:
    case SW_VERB_DELETE:
    case SW_VERB_OPTIONS:
    case SW_VERB_OTHER:
        return false;
    }
    return false;
}

/* One name or address with an optional port. lws joins two Host lines with ",  ". */
static bool is_host(struct sw_span host)
{
    if (host.length == 0 || host.length > SW_NAME_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < host.length; i++) {
        char c = host.data[i];
        bool is_good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       strchr(".-_:[]", c) != NULL;
        if (c == '\0' || !is_good) {
            return false;
        }
    }
    return true;
}

static bool is_text(struct sw_span span, const char *text)
{
    return span.length == strlen(text) && strncasecmp(span.data, text, span.length) == 0;
}

struct sw_refusal sw_guard_request(const struct sw_header *header, int64_t *length)
{
    *length = 0;
    if (header->transfer_encoding.data != NULL) {
        return refuse_unframed(411, "A chunked body is not taken: send a Content-Length (with "
                                    "curl, upload from a file instead of a pipe).");
    }
    if (header->content_length.data != NULL &&
        !sw_tus_read_number(header->content_length, length)) {
        return refuse_unframed(400, "Content-Length must be one decimal number.");
    }
    if (header->verb == SW_VERB_OTHER) {
        return refuse(405, "This method is not served.");
    }
    if (has_body(header->verb) && header->content_length.data == NULL) {
        return refuse_unframed(411, "Send a Content-Length with this method.");
    }
    if (!has_body(header->verb) && *length > 0) {
        return refuse(400, "This method takes no body.");
    }
    if (header->is_http11 ? !is_host(header->host)
                          : header->host.data != NULL && !is_host(header->host)) {
        return refuse(400, "Send exactly one Host header.");
    }
    if (header->expect.data != NULL && !is_text(header->expect, "100-continue")) {
        return refuse(417, "Only 100-continue can be expected.");
    }
    return pass;
}

bool sw_guard_upgrade(struct sw_span upgrade)
{
    return upgrade.data != NULL && is_text(upgrade, "websocket");
}

/* Is one of the comma-separated tokens of `list` this one? */
static bool lists(struct sw_span list, const char *token)
{
    const char *p = list.data;
    const char *end = p + list.length;
    while (p < end) {
        const char *stop = memchr(p, ',', (size_t)(end - p));
        stop = stop != NULL ? stop : end;
        const char *from = p;
        const char *to = stop;
        while (from < to && (*from == ' ' || *from == '\t')) {
            from++;
        }
        while (to > from && (to[-1] == ' ' || to[-1] == '\t')) {
            to--;
        }
        if (is_text(sw_span_of(from, (size_t)(to - from)), token)) {
            return true;
        }
        p = stop + 1;
    }
    return false;
}

static bool is_key(struct sw_span key)
{
    struct sw_buf bytes;
    sw_buf_init(&bytes);
    bool is_good = key.data != NULL && key.length == KEY_LENGTH &&
                   sw_tus_decode_base64(key, &bytes) && bytes.length == 16;
    sw_buf_fini(&bytes);
    return is_good;
}

struct sw_refusal sw_guard_handshake(const struct sw_header *header)
{
    if (header->verb != SW_VERB_GET || !header->is_http11) {
        return refuse(400, "A WebSocket begins with GET and HTTP/1.1.");
    }
    if (header->connection.data == NULL || !lists(header->connection, "upgrade")) {
        return refuse(400, "A WebSocket begins with Connection: Upgrade.");
    }
    if (header->websocket_version.data == NULL || !is_text(header->websocket_version, "13")) {
        return refuse(426, "Only Sec-WebSocket-Version 13 is spoken.");
    }
    if (!is_key(header->websocket_key)) {
        return refuse(400, "Sec-WebSocket-Key must be 16 bytes in base64.");
    }
    if (header->websocket_protocol.data != NULL &&
        !lists(header->websocket_protocol, "spillway.v1.json") &&
        !lists(header->websocket_protocol, "spillway.v1.arrow")) {
        return refuse(400, "Subprotocols: spillway.v1.json (also when none is offered) and "
                           "spillway.v1.arrow.");
    }
    return pass;
}

/* host:port of an origin without its scheme, and the port that the scheme means. */
static bool split_origin(struct sw_span origin, struct sw_span *host, const char **port)
{
    static const struct {
        const char *scheme;
        const char *port;
    } schemes[] = {{"http://", ":80"}, {"https://", ":443"}};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
        size_t length = strlen(schemes[i].scheme);
        if (origin.length > length && strncasecmp(origin.data, schemes[i].scheme, length) == 0) {
            *host = sw_span_of(origin.data + length, origin.length - length);
            *port = schemes[i].port;
            return true;
        }
    }
    return false;
}

/* `host` with the default port cut off. */
static struct sw_span without_port(struct sw_span host, const char *port)
{
    size_t length = strlen(port);
    if (host.length > length && memcmp(host.data + host.length - length, port, length) == 0) {
        host.length -= length;
    }
    return host;
}

bool sw_guard_is_same_origin(struct sw_span origin, struct sw_span host)
{
    struct sw_span theirs;
    const char *port;
    if (origin.data == NULL || host.data == NULL || !split_origin(origin, &theirs, &port)) {
        return false;
    }
    theirs = without_port(theirs, port);
    host = without_port(host, port);
    return theirs.length == host.length && theirs.length > 0 &&
           strncasecmp(theirs.data, host.data, host.length) == 0;
}

bool sw_guard_origin(struct sw_span origin, struct sw_span host, const char *const *allowed,
                     size_t allowed_count)
{
    if (origin.data == NULL || sw_guard_is_same_origin(origin, host)) {
        return true;
    }
    for (size_t i = 0; i < allowed_count; i++) {
        if (is_text(origin, allowed[i])) {
            return true;
        }
    }
    return false;
}

sw_status sw_guard_build(struct sw_err *err)
{
    /* The library that is loaded may be another than the one compiled against; the version's text
     * begins with the same major.minor. */
    const char *loaded = lws_get_library_version();
    const char *dot = strchr(LWS_LIBRARY_VERSION, '.');
    dot = dot != NULL ? strchr(dot + 1, '.') : NULL;
    size_t length = dot != NULL ? (size_t)(dot - LWS_LIBRARY_VERSION) + 1 : 0;
    if (length == 0 || strncmp(loaded, LWS_LIBRARY_VERSION, length) != 0) {
        return sw_fail(err, SW_INTERNAL,
                       "This program was built with libwebsockets " LWS_LIBRARY_VERSION
                       " and found %s: install the former, or build again.",
                       loaded);
    }
    return SW_OK;
}

sw_status sw_guard_fd_limit(unsigned *limit, struct sw_err *err)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) {
        return sw_fail(err, SW_INTERNAL, "The limit on open files cannot be read.");
    }
    if (files.rlim_cur < files.rlim_max) {
        struct rlimit raised = {files.rlim_max, files.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
            files = raised;
        }
    }
    rlim_t all = files.rlim_cur == RLIM_INFINITY || files.rlim_cur > SW_FILES_MAX ? SW_FILES_MAX
                                                                                  : files.rlim_cur;
    if (all < SW_FILES_RESERVED + FD_LIMIT_LEAST) {
        return sw_fail(err, SW_LIMIT,
                       "The limit on open files is %llu; at least %u are needed (ulimit -n).",
                       (unsigned long long)all, SW_FILES_RESERVED + FD_LIMIT_LEAST);
    }
    *limit = (unsigned)all - SW_FILES_RESERVED;
    return SW_OK;
}

bool sw_guard_body_is_slow(int64_t window_us, int64_t received)
{
    int64_t window_s = window_us / 1000000;
    return window_s >= (int64_t)SW_BODY_WINDOW_S && received < window_s * (int64_t)SW_BODY_RATE_MIN;
}

bool sw_guard_message(size_t have, size_t piece, size_t announced)
{
    return have <= SW_MESSAGE_BYTES_MAX && piece <= SW_MESSAGE_BYTES_MAX - have &&
           announced <= SW_MESSAGE_BYTES_MAX - have - piece;
}

bool sw_guard_close(struct sw_span payload)
{
    if (payload.length == 0) {
        return true;
    }
    if (payload.length == 1) {
        return false;
    }
    unsigned code = (unsigned)(unsigned char)payload.data[0] << 8 | (unsigned char)payload.data[1];
    return code < 5000;
}

bool sw_guard_is_stalled(int64_t now_us, int64_t progress_us)
{
    return now_us - progress_us >= (int64_t)SW_STALL_S * 1000000;
}
