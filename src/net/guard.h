/* guard: what Debian 12's libwebsockets 4.1.6 gets wrong and what we do about it,
 * in one list.  The judgements are here, as pure functions over what came; where
 * a guard is a setting or a place in the flow, the list names the file.
 *
 *  G1  upgrade: `in` of CONFIRM_UPGRADE may be freed memory; the header is read
 *      again, and anything but "websocket" hangs up         sw_guard_upgrade, ws.c
 *  G2  Content-Length is digits or the request is refused       sw_guard_request
 *  G3  no lws_spa: its multipart parser overflows               multipart.c
 *  G4  no HTTP/2, neither by ALPN nor h2c (no TLS here; G1 refuses h2c)  net.c
 *  G5  no permessage-deflate: info.extensions is NULL           net.c
 *  G6  the build flags we rely on are checked at start          sw_guard_build
 *  G7  a body keeps a minimum rate                          sw_guard_body_is_slow, conn.c
 *  G8  Transfer-Encoding on a request is refused                sw_guard_request
 *  G9  PATCH and PUT of length 0 get no completion callback: answered at once  http.c
 *  G10 CONNECT turns a socket raw: RAW_ADOPT hangs up           ws.c
 *  G11 16 KiB of header space, instead of 4                     net.c
 *  G12 fd_limit leaves files to the rest; refuses too small a limit  sw_guard_fd_limit
 *  G13 connections per address, held and per second             peers.c, accept.c
 *  G14 strict WebSocket handshake                               sw_guard_handshake
 *  G15 Origin on the socket and on every method that changes    sw_guard_origin
 *  G16 a subprotocol of ours, or none                           sw_guard_handshake
 *  G17 a message's size is judged at its first piece            sw_guard_message
 *  G18 UTF-8 of text is validated by lws                        net.c
 *  G19 close codes that may not be sent are not echoed          sw_guard_close
 *  G20 at most 64 KiB per write, the next in the next WRITEABLE send.c, http_send.c
 *  G21 a reader without progress is cut                         sw_guard_is_stalled
 *  G22 while an answer is put off at a body's end, input is off  http_upload.c
 *  G23 own ping wheel; lws's validity timers are off            wheel.c, conn.c
 *  G24 a stop closes every socket and waits for answers under way  net.c
 *  G25 own loop and own signals                                 net.c
 *  G26 Expect: 100-continue is answered, or the refusal is      http_upload.c
 *
 * Any thread: nothing is kept.                                                     */
#ifndef SW_NET_GUARD_H
#define SW_NET_GUARD_H

#include "base/span.h"
#include "base/status.h"

enum sw_verb {
    SW_VERB_GET,
    SW_VERB_HEAD,
    SW_VERB_POST,
    SW_VERB_PUT,
    SW_VERB_PATCH,
    SW_VERB_DELETE,
    SW_VERB_OPTIONS,
    SW_VERB_OTHER
};

/* The header lines that judgement needs, as they came; data NULL: there was none. */
struct sw_header {
    enum sw_verb verb;
    bool is_http11;
    struct sw_span host;
    struct sw_span content_length;
    struct sw_span transfer_encoding;
    struct sw_span expect;
    struct sw_span connection;
    struct sw_span upgrade;
    struct sw_span websocket_version;
    struct sw_span websocket_key;
    struct sw_span websocket_protocol;
};

/* Why a request is refused; status 0: it is not. */
struct sw_refusal {
    int status;          /* HTTP */
    bool is_unframed;    /* where it ends is unknown: hang up at once */
    const char *message; /* for the client */
};

/* G2, G8, Host, Expect, method. *length: of the body, 0 without one. */
struct sw_refusal sw_guard_request(const struct sw_header *header, int64_t *length);
bool sw_guard_upgrade(struct sw_span upgrade); /* G1 */
/* G14 and G16. */
struct sw_refusal sw_guard_handshake(const struct sw_header *header);

/* G15: the origin is that of `host` (scheme apart: TLS may end at a proxy) or in the list. A
 * missing one (data NULL) is no browser's. */
bool sw_guard_origin(struct sw_span origin, struct sw_span host, const char *const *allowed,
                     size_t allowed_count);
bool sw_guard_is_same_origin(struct sw_span origin, struct sw_span host);

/* G6. */
SW_MUST_USE sw_status sw_guard_build(struct sw_err *err);
/* G12: raises the soft limit to the hard one; what lws may use. */
SW_MUST_USE sw_status sw_guard_fd_limit(unsigned *limit, struct sw_err *err);

/* G7: `received` bytes in a window of `window_us` in which we were always reading. */
bool sw_guard_body_is_slow(int64_t window_us, int64_t received);
/* G17: `have` bytes of the message, `piece` now, `announced` still to come of this frame. */
bool sw_guard_message(size_t have, size_t piece, size_t announced);
/* G19: the payload of a close frame of the peer may be answered. */
bool sw_guard_close(struct sw_span payload);
/* G21 */
bool sw_guard_is_stalled(int64_t now_us, int64_t progress_us);

#endif
