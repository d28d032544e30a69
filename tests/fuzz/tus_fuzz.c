/* tus header values: each line of the input as a number, metadata, a checksum. What the checks
 * accept must then be readable. */
#include "support/fuzz.h"

#include "base/status.h"
#include "net/tus.h"

#include <string.h>

static void try_line(struct sw_span line)
{
    int64_t number = -1;
    if (sw_tus_read_number(line, &number)) {
        sw_assert(number >= 0);
    }
    struct sw_buf value;
    sw_buf_init(&value);
    if (sw_tus_check_metadata(line, NULL) == SW_OK) {
        (void)sw_tus_find_metadata(line, "filename", &value);
        sw_assert(value.length <= line.length);
    }
    enum sw_checksum kind = SW_CHECKSUM_NONE;
    unsigned char digest[SW_DIGEST_BYTES_MAX];
    if (sw_tus_read_checksum(line, &kind, digest, NULL) == SW_OK) {
        sw_assert(kind != SW_CHECKSUM_NONE);
    }
    sw_buf_fini(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data;
    const char *end = at + size;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop != NULL ? stop : end;
        try_line(sw_span_of(at, (size_t)(stop - at)));
        at = stop + 1;
    }
    return 0;
}
