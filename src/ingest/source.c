/* See source.h. */
#include "ingest/source.h"

#include "base/limits.h"
#include "ingest/unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RAW_BYTES   (64u << 10) /* packed bytes read at once */
#define MAGIC_BYTES 4u          /* that tell the packing */
#define RATIO_FREE  (1u << 20)  /* inflated bytes before the ratio counts */

struct sw_source {
    int fd;
    enum sw_packing packing;
    const struct sw_unpacker *unpacker; /* NULL: plain */
    struct sw_unpack *state;            /* owned */
    bool is_between;                    /* gzip members, zstd frames */
    uint64_t offset;                    /* of the next byte to read from the file */
    uint64_t inflated;                  /* bytes given out */
    size_t raw_at, raw_end;             /* packed bytes not yet used */
    char *raw;                          /* [RAW_BYTES], owned; NULL: plain */
};

sw_status sw_source_new(int fd, struct sw_source **source, struct sw_err *err)
{
    struct sw_source *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to read this file.");
    }
    made->fd = fd;
    *source = made;
    return SW_OK;
}

void sw_source_free(struct sw_source *source)
{
    if (source == NULL) {
        return;
    }
    if (source->unpacker != NULL) {
        source->unpacker->close(source->state);
    }
    free(source->raw);
    free(source);
}

uint64_t sw_source_used(const struct sw_source *source)
{
    return source->offset - (source->raw_end - source->raw_at);
}

enum sw_packing sw_source_packing(const struct sw_source *source)
{
    return source->packing;
}

/* Bytes from the file at the offset, which moves on; fewer only at `readable`. */
static sw_status read_file(struct sw_source *source, uint64_t readable, char *into, size_t capacity,
                           size_t *got, struct sw_err *err)
{
    *got = 0;
    while (*got < capacity && source->offset < readable) {
        uint64_t left = readable - source->offset;
        size_t want = left < capacity - *got ? (size_t)left : capacity - *got;
        ssize_t n = pread(source->fd, into + *got, want, (off_t)source->offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return sw_fail(err, SW_STORAGE, "The uploaded file cannot be read from disk: %s.",
                           n < 0 ? strerror(errno) : "it is shorter than it should be");
        }
        *got += (size_t)n;
        source->offset += (uint64_t)n;
    }
    return SW_OK;
}

static enum sw_packing packing_of(const unsigned char *magic, size_t length)
{
    static const unsigned char zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
    if (length >= 3 && magic[0] == 0x1f && magic[1] == 0x8b && magic[2] == 8) {
        return SW_PACKING_GZIP;
    }
    if (length >= 4 && memcmp(magic, zstd, sizeof(zstd)) == 0) {
        return SW_PACKING_ZSTD;
    }
    return SW_PACKING_NONE;
}

/* Finds the packing once its bytes are there. */
static sw_status open_packing(struct sw_source *source, uint64_t readable, bool is_whole,
                              struct sw_err *err)
{
    if (readable < MAGIC_BYTES && !is_whole) {
        return SW_OK;
    }
    unsigned char magic[MAGIC_BYTES];
    size_t got;
    SW_TRY(read_file(source, readable, (char *)magic, sizeof(magic), &got, err));
    source->offset = 0;
    enum sw_packing packing = packing_of(magic, got);
    if (packing != SW_PACKING_NONE) {
        source->raw = malloc(RAW_BYTES);
        if (source->raw == NULL) {
            return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to read this file.");
        }
        const struct sw_unpacker *unpacker =
            packing == SW_PACKING_GZIP ? &sw_unpack_gzip : &sw_unpack_zstd;
        SW_TRY(unpacker->open(&source->state, err));
        source->unpacker = unpacker;
    }
    source->packing = packing;
    return SW_OK;
}

static sw_status check_growth(const struct sw_source *source, struct sw_err *err)
{
    if (source->inflated > SW_INFLATED_BYTES_MAX) {
        return sw_fail_limit(err, "inflated_bytes", (int64_t)source->inflated,
                             (int64_t)SW_INFLATED_BYTES_MAX, "split the file");
    }
    uint64_t used = sw_source_used(source);
    if (source->inflated > RATIO_FREE && source->inflated / SW_INFLATE_RATIO_MAX > used) {
        return sw_fail_limit(err, "inflate_ratio", (int64_t)(source->inflated / (used + 1)),
                             (int64_t)SW_INFLATE_RATIO_MAX,
                             "the file grows too much when unpacked; send it plain");
    }
    return SW_OK;
}

/* One turn of the unpacker; nothing done means that it waits for bytes. */
static sw_status unpack(struct sw_source *source, uint64_t readable, char *into, size_t capacity,
                        size_t *got, bool *is_stuck, struct sw_err *err)
{
    if (source->raw_at == source->raw_end) {
        source->raw_at = 0;
        source->raw_end = 0;
        SW_TRY(read_file(source, readable, source->raw, RAW_BYTES, &source->raw_end, err));
    }
    size_t in = source->raw_end - source->raw_at;
    bool was_between = source->is_between;
    *got = capacity;
    if (in == 0 && was_between) {
        *got = 0;
        *is_stuck = true;
        return SW_OK;
    }
    SW_TRY(source->unpacker->run(source->state, source->raw + source->raw_at, &in, into, got,
                                 &source->is_between, err));
    source->raw_at += in;
    source->inflated += *got;
    *is_stuck = in == 0 && *got == 0 && source->is_between == was_between;
    return check_growth(source, err);
}

static sw_status read_packed(struct sw_source *source, uint64_t readable, bool is_whole, char *into,
                             size_t capacity, size_t *got, bool *is_end, struct sw_err *err)
{
    bool is_stuck = false;
    *got = 0;
    while (*got < capacity && !is_stuck) {
        size_t more;
        SW_TRY(unpack(source, readable, into + *got, capacity - *got, &more, &is_stuck, err));
        *got += more;
    }
    if (is_stuck && is_whole && source->offset == readable) {
        if (!source->is_between) {
            return sw_fail(err, SW_UPLOAD,
                           "The %s data ends too early: the file was cut. Compress and send it "
                           "again.",
                           source->packing == SW_PACKING_GZIP ? "gzip" : "zstd");
        }
        *is_end = *got == 0;
    }
    return SW_OK;
}

sw_status sw_source_read(struct sw_source *source, uint64_t readable, bool is_whole, char *into,
                         size_t capacity, size_t *got, bool *is_end, struct sw_err *err)
{
    *got = 0;
    *is_end = false;
    if (source->packing == SW_PACKING_UNKNOWN) {
        SW_TRY(open_packing(source, readable, is_whole, err));
        if (source->packing == SW_PACKING_UNKNOWN) {
            return SW_OK;
        }
    }
    if (source->unpacker != NULL) {
        return read_packed(source, readable, is_whole, into, capacity, got, is_end, err);
    }
    SW_TRY(read_file(source, readable, into, capacity, got, err));
    *is_end = *got == 0 && is_whole && source->offset == readable;
    return SW_OK;
}
