/* strict: reads a text that must be exactly one JSON document by RFC 8259, within
 * our limits, once from end to end.  Before cJSON sees a byte, because cJSON takes
 * more than JSON: text behind the document, `01`, raw control bytes, bad UTF-8, a
 * byte order mark.  What has a value is read on the way, because cJSON rounds
 * integers above 2^53 and loses the length of strings that hold \u0000; the order
 * and nesting of lists and objects are noted for wire/decode.c, its only caller.
 * Any thread.                                                                    */
#ifndef SW_WIRE_STRICT_H
#define SW_WIRE_STRICT_H

#include "base/json.h"

/* A list with SW_BULK_ITEMS_MIN items or more that are plain values, or objects of plain values:
 * the columns or the rows of an append.  decode.c puts these together without cJSON. */
#define SW_BULK_ITEMS_MIN 16u
struct sw_bulk {
    uint32_t offset; /* in the text, behind the bracket */
    uint32_t length; /* up to the closing one */
    uint32_t first;  /* its first item's place among the values */
    uint32_t values; /* items, and members of those that are objects */
};

struct sw_strict {
    const char *text; /* a copy of the text in which strings are unescaped where they stand */
    /* In the order of the text, a list or an object before what it holds: of those kind, key and
     * count are set, `items` is not.  Texts point into the copy and end with a NUL there. */
    struct sw_json *value;
    size_t values;
    struct sw_buf bulks; /* struct sw_bulk, in the order of the text; owned */
};

/* All but the bulks is the arena's; sw_strict_fini in any case.  SW_JSON with the position,
 * SW_LIMIT, or SW_NO_MEMORY. */
SW_MUST_USE sw_status sw_strict_read(struct sw_arena *arena, struct sw_span text,
                                     struct sw_strict *strict, struct sw_err *err);
void sw_strict_fini(struct sw_strict *strict);

#endif
