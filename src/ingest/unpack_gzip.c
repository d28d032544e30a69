/* See unpack.h. gzip (RFC 1952) by zlib: members may follow one another, zero bytes pad the end. */
#include "ingest/unpack.h"

#include <zlib.h>

#include <stdlib.h>

struct sw_unpack {
    z_stream stream;
    bool is_between; /* members */
};

#define WINDOW_GZIP (15 + 16) /* the largest window, gzip framing only */

static sw_status gzip_open(struct sw_unpack **state, struct sw_err *err)
{
    struct sw_unpack *made = calloc(1, sizeof(*made));
    if (made == NULL || inflateInit2(&made->stream, WINDOW_GZIP) != Z_OK) {
        free(made);
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to unpack this file.");
    }
    *state = made;
    return SW_OK;
}

static void gzip_close(struct sw_unpack *state)
{
    if (state != NULL) {
        inflateEnd(&state->stream);
        free(state);
    }
}

/* Between members: padding is dropped, another member begins anew. */
static size_t skip_padding(struct sw_unpack *state, const char *in, size_t length)
{
    size_t zeros = 0;
    while (zeros < length && in[zeros] == '\0') {
        zeros++;
    }
    if (zeros < length) {
        state->is_between = false;
        sw_assert(inflateReset(&state->stream) == Z_OK);
    }
    return zeros;
}

static sw_status gzip_run(struct sw_unpack *state, const char *in, size_t *in_length, char *out,
                          size_t *out_length, bool *is_between, struct sw_err *err)
{
    z_stream *stream = &state->stream;
    size_t skipped = state->is_between ? skip_padding(state, in, *in_length) : 0;
    const size_t room = *out_length;
    *out_length = 0;
    *is_between = state->is_between;
    if (state->is_between) {
        *in_length = skipped;
        return SW_OK;
    }
    /* zlib does not write to its input. */
    stream->next_in = (Bytef *)(uintptr_t)(in + skipped);
    stream->avail_in = (uInt)(*in_length - skipped);
    stream->next_out = (Bytef *)out;
    stream->avail_out = (uInt)room;
    int code = inflate(stream, Z_NO_FLUSH);
    *in_length -= stream->avail_in;
    *out_length = room - stream->avail_out;
    if (code == Z_MEM_ERROR) {
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to unpack this file.");
    }
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
        return sw_fail(err, SW_UPLOAD,
                       "The gzip data is damaged (%s). Compress the file again, or send it plain.",
                       stream->msg != NULL ? stream->msg : "unknown content");
    }
    state->is_between = code == Z_STREAM_END;
    *is_between = state->is_between;
    return SW_OK;
}

const struct sw_unpacker sw_unpack_gzip = {gzip_open, gzip_close, gzip_run};
