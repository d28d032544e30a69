/* precheck: is this text exactly one JSON document by RFC 8259, within our
 * limits?  Asked before cJSON sees a byte, because cJSON takes more than JSON:
 * text behind the document, `01`, raw control bytes, bad UTF-8, a byte order mark.
 * It also notes where each number and string stands, because cJSON rounds
 * integers above 2^53 and loses the length of strings that hold \u0000, and where
 * long lists of plain values stand, which are read without cJSON.
 * Only wire/decode.c calls it.  Any thread.                                   */
#ifndef SW_WIRE_PRECHECK_H
#define SW_WIRE_PRECHECK_H

#include "base/buf.h"
#include "base/span.h"

/* A number or a string (member names are strings too), in document order. */
struct sw_token {
    uint32_t offset;  /* of its first byte; a string's first byte behind the quote */
    uint32_t length;  /* bytes in the source, without quotes */
    uint32_t decoded; /* strings: bytes of UTF-8 once escapes are resolved */
};

/* A list without lists and objects in it that is empty or has SW_PLAIN_LIST_MIN values or more, in
 * document order. */
#define SW_PLAIN_LIST_MIN 16u
struct sw_plain_list {
    uint32_t offset; /* behind the bracket */
    uint32_t length; /* up to the closing one */
    uint32_t count;
};

/* Appends a struct sw_token for each number and string to `tokens`, and the plain lists to `lists`.
 * SW_JSON with the position, SW_LIMIT, or SW_NO_MEMORY; on failure both hold what came before. */
SW_MUST_USE sw_status sw_precheck_json(struct sw_span text, struct sw_buf *tokens,
                                       struct sw_buf *lists, struct sw_err *err);
/* The UTF-8 of a string's source text (that passed the check) into `into`, which has room for
 * token->decoded bytes. */
void sw_precheck_unescape(struct sw_span source, char *into);

#endif
