/* json: a decoded JSON value that any layer may read.  wire/decode.c makes it
 * (strict pre-check, cJSON, then this tree in an arena); handlers and output
 * kinds read it, mostly through base/params.h.  Immutable once made; lives as
 * long as its arena.  Integers within 64 bits are exact: a JSON number without
 * fraction or exponent is SW_JSON_INT; a decimal string stays a string and
 * sw_json_int() reads it too (PROTOCOL 1: beyond +-2^53 they travel as strings).
 * Any thread, read-only.                                                      */
#ifndef SW_BASE_JSON_H
#define SW_BASE_JSON_H

#include "base/arena.h"
#include "base/buf.h"

enum sw_json_kind {
    SW_JSON_NULL,
    SW_JSON_BOOL,
    SW_JSON_INT,
    SW_JSON_FLOAT,
    SW_JSON_STRING,
    SW_JSON_ARRAY,
    SW_JSON_OBJECT
};

struct sw_json {
    enum sw_json_kind kind;
    struct sw_span key; /* member name, where the parent is an object */
    union {
        bool boolean;
        int64_t integer;
        double number;
        struct sw_span text; /* UTF-8, may hold NUL bytes */
        struct {
            const struct sw_json *items; /* array items or object members, in order */
            size_t count;
        } list;
    } u;
};

/* A member of an object, or NULL (also when `json` is NULL or no object). */
const struct sw_json *sw_json_member(const struct sw_json *json, const char *name);
bool sw_json_is_null(const struct sw_json *json); /* NULL pointer or JSON null */
/* Read as a kind; false when it is another.  Int accepts integral floats within
 * +-2^53 and decimal strings; float accepts ints and decimal strings.           */
bool sw_json_get_int(const struct sw_json *json, int64_t *value);
bool sw_json_get_float(const struct sw_json *json, double *value);
bool sw_json_get_text(const struct sw_json *json, struct sw_span *value);
bool sw_json_equal(const struct sw_json *a, const struct sw_json *b);
/* Deep copy into another arena; NULL when memory runs out. */
const struct sw_json *sw_json_copy(struct sw_arena *arena, const struct sw_json *json);
/* Writing: text escaped per RFC 8259; int beyond +-2^53 as a string; NaN and inf as null. */
void sw_json_put_text(struct sw_buf *out, struct sw_span text);
void sw_json_put_int(struct sw_buf *out, int64_t value);
void sw_json_put_float(struct sw_buf *out, double value);
void sw_json_put(struct sw_buf *out, const struct sw_json *json);

#endif
