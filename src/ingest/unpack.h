/* unpack: streaming gzip and zstd decoders behind one face; source.c is the caller.
 * Owned by the source; worker thread.                                              */
#ifndef SW_INGEST_UNPACK_H
#define SW_INGEST_UNPACK_H

#include "base/status.h"

struct sw_unpack; /* a decoder's state, its own */

struct sw_unpacker {
    SW_MUST_USE sw_status (*open)(struct sw_unpack **state, struct sw_err *err);
    void (*close)(struct sw_unpack *state); /* NULL accepted */
    /* Uses *in_length bytes at most and writes *out_length at most; both return what was done.
     * *is_between: at the end of a member or frame, where the file may end. */
    SW_MUST_USE sw_status (*run)(struct sw_unpack *state, const char *in, size_t *in_length,
                                 char *out, size_t *out_length, bool *is_between,
                                 struct sw_err *err);
};

extern const struct sw_unpacker sw_unpack_gzip;
extern const struct sw_unpacker sw_unpack_zstd;

#endif
