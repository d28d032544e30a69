/* decode: bytes of a text frame to a request.  A strict reader (RFC 8259: one
 * document, UTF-8, escapes, numbers, depth; wire/strict.h) runs before cJSON
 * sees a byte; the result is a struct sw_json tree in the caller's arena without
 * duplicate names, integers exact, strings with \u0000 whole.  Loop thread (cJSON
 * keeps an error position in a global).                                        */
#ifndef SW_WIRE_DECODE_H
#define SW_WIRE_DECODE_H

#include "base/json.h"

/* SW_JSON with position, or SW_LIMIT. */
SW_MUST_USE sw_status sw_decode_json(struct sw_arena *arena, struct sw_span text,
                                     const struct sw_json **json, struct sw_err *err);

/* JSON-RPC 2.0.  Members beside jsonrpc, id, method and params are ignored, `"params": null` is
 * none; an id that is neither a string nor an integer (null, too) is refused. */
struct sw_request {
    const struct sw_json *id; /* text, int, or NULL: a notification */
    struct sw_span method;
    const struct sw_json *params; /* an object, or NULL */
};
/* SW_JSON, SW_REQUEST (also for batches) or SW_LIMIT; the id is filled where it could be read. */
SW_MUST_USE sw_status sw_decode_request(struct sw_arena *arena, struct sw_span text,
                                        struct sw_request *request, struct sw_err *err);

#endif
