/* pack: bytes smaller, where that pays.  LZ4: it unpacks at the speed at which a disk reads.
 *
 * Chunks are narrow before they come here, so numbers are left as they are unless a sample
 * shrinks to a quarter (runs, sorted codes); texts are packed when a fifth is saved.     */
#ifndef SW_SPILL_PACK_H
#define SW_SPILL_PACK_H

#include "base/buf.h"
#include "base/span.h"

enum sw_pack_content { SW_PACK_NUMBERS, SW_PACK_TEXT };

/* Appends the packed bytes to `out` and is true; false: they stay as they are. */
bool sw_pack(enum sw_pack_content content, struct sw_span bytes, struct sw_buf *out);
/* Exactly `size` bytes into `into`, or false. */
bool sw_unpack(struct sw_span packed, void *into, size_t size);

#endif
