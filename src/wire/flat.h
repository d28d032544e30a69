/* flat: writes a FlatBuffers buffer (flatbuffers.dev, "internals") front to back:
 * a parent is written before its children and its offsets are patched when they
 * come, so no second buffer is needed.  Only what Arrow's metadata asks for:
 * tables, vectors, strings.  Only wire/arrow.c calls it.
 *
 *     table:   vtable { u16 its bytes, u16 the table's bytes, u16 offset of each field or 0 }
 *              table  { i32 distance back to the vtable, fields... }       starts 8-aligned
 *     vector:  u32 count, elements
 *     string:  u32 length, bytes, NUL
 *     offset:  u32 distance forward, from the offset's own place
 *
 * Places are bytes from the buffer's start.  A failed sw_buf makes all calls do nothing. */
#ifndef SW_WIRE_FLAT_H
#define SW_WIRE_FLAT_H

#include "base/buf.h"

#define SW_FLAT_FIELDS_MAX 8u

struct sw_flat {
    struct sw_buf *out;
    size_t start; /* of the buffer in `out` */
};

/* Starts a buffer behind what `out` holds, with the offset of its root table still open at 0. */
struct sw_flat sw_flat_begin(struct sw_buf *out);
/* Zeros up to a multiple of 8; the buffer's length. */
size_t sw_flat_end(struct sw_flat *flat);

/* A table of zeros whose field i takes sizes[i] bytes (1, 2, 4, 8; 0: absent); place[i] is where it
 * stands.  The offset at `link`, if it is not SIZE_MAX, is set to the table. */
void sw_flat_table(struct sw_flat *flat, size_t link, const uint8_t *sizes, size_t count,
                   size_t *place);
/* A vector of zeros; the place of its first element, which is aligned to `align`. */
size_t sw_flat_vector(struct sw_flat *flat, size_t link, size_t count, size_t size, size_t align);
void sw_flat_string(struct sw_flat *flat, size_t link, const char *prefix, const char *text);
/* The low `size` bytes of a value at a place. */
void sw_flat_set(struct sw_flat *flat, size_t place, int64_t value, size_t size);

#endif
