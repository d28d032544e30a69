/* See unpack.h. Zstandard (RFC 8878) by libzstd; frames may follow one another. */
#include "ingest/unpack.h"

#include "base/limits.h"

#include <zstd.h>
#include <zstd_errors.h>

struct sw_unpack {
    char unused; /* the state is libzstd's own; the type only lends its name */
};

static ZSTD_DStream *stream_of(struct sw_unpack *state)
{
    return (ZSTD_DStream *)(void *)state;
}

static sw_status zstd_open(struct sw_unpack **state, struct sw_err *err)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    if (stream == NULL ||
        ZSTD_isError(ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, SW_ZSTD_WINDOW_LOG_MAX))) {
        ZSTD_freeDStream(stream);
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to unpack this file.");
    }
    *state = (struct sw_unpack *)(void *)stream;
    return SW_OK;
}

static void zstd_close(struct sw_unpack *state)
{
    ZSTD_freeDStream(stream_of(state));
}

static sw_status fail_zstd(size_t code, struct sw_err *err)
{
    switch (ZSTD_getErrorCode(code)) {
    case ZSTD_error_memory_allocation:
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to unpack this file.");
    case ZSTD_error_frameParameter_windowTooLarge:
        return sw_fail_limit(err, "zstd_window", 0, (int64_t)1 << SW_ZSTD_WINDOW_LOG_MAX,
                             "compress without --long or --ultra");
    default:
        return sw_fail(err, SW_UPLOAD,
                       "The zstd data is damaged (%s). Compress the file again, or send it plain.",
                       ZSTD_getErrorName(code));
    }
}

static sw_status zstd_run(struct sw_unpack *state, const char *in, size_t *in_length, char *out,
                          size_t *out_length, bool *is_between, struct sw_err *err)
{
    ZSTD_inBuffer from = {in, *in_length, 0};
    ZSTD_outBuffer to = {out, *out_length, 0};
    size_t code = ZSTD_decompressStream(stream_of(state), &to, &from);
    *in_length = from.pos;
    *out_length = to.pos;
    if (ZSTD_isError(code)) {
        return fail_zstd(code, err);
    }
    *is_between = code == 0;
    return SW_OK;
}

const struct sw_unpacker sw_unpack_zstd = {zstd_open, zstd_close, zstd_run};
