#include "spill/pack.h"

#include <limits.h>

#include <lz4.h>

#define LEAST_BYTES  512u  /* below, packing saves nothing worth a step */
#define SAMPLE_BYTES 4096u /* from the middle */
#define ROOM         2     /* LZ4_compressBound is little more than the size */

/* Of 100 bytes at most so many may be left. */
static int left_at_most(enum sw_pack_content content)
{
    return content == SW_PACK_TEXT ? 80 : 25;
}

static bool sample_pays(enum sw_pack_content content, struct sw_span bytes)
{
    char packed[LZ4_COMPRESSBOUND(SAMPLE_BYTES)];
    if (bytes.length <= ROOM * (size_t)SAMPLE_BYTES) {
        return true;
    }
    const char *middle = bytes.data + bytes.length / 2;
    int size = LZ4_compress_default(middle, packed, (int)SAMPLE_BYTES, (int)sizeof(packed));
    /* A sample repeats less than the whole: some grace. */
    return size > 0 && size * 100 <= (int)SAMPLE_BYTES * (left_at_most(content) + 10);
}

bool sw_pack(enum sw_pack_content content, struct sw_span bytes, struct sw_buf *out)
{
    if (bytes.length < LEAST_BYTES || bytes.length > LZ4_MAX_INPUT_SIZE ||
        !sample_pays(content, bytes)) {
        return false;
    }
    size_t allowed = bytes.length / 100 * (size_t)left_at_most(content);
    char *into = sw_buf_reserve(out, allowed);
    int size = into == NULL ? 0
                            : LZ4_compress_default(bytes.data, into, (int)bytes.length,
                                                   (int)(allowed < INT_MAX ? allowed : INT_MAX));
    if (size <= 0) {
        return false; /* it does not fit in what would pay, or there is no memory: unpacked then */
    }
    out->length += (size_t)size;
    return true;
}

bool sw_unpack(struct sw_span packed, void *into, size_t size)
{
    if (packed.length > INT_MAX || size > INT_MAX) {
        return false;
    }
    int done = LZ4_decompress_safe(packed.data, into, (int)packed.length, (int)size);
    return done >= 0 && (size_t)done == size;
}
