/* decode: bytes of a text file to UTF-8.  A byte order mark tells UTF-8, UTF-16LE
 * or UTF-16BE and is dropped; without one it is UTF-8.  What is not valid becomes
 * U+FFFD, one for each maximal broken piece (Unicode 15, section 3.9), and is
 * counted.  A sequence cut by the end of a piece waits for the next one.  Worker
 * thread; a value of the caller's.                                               */
#ifndef SW_INGEST_DECODE_H
#define SW_INGEST_DECODE_H

#include "base/status.h"

enum sw_encoding_text { SW_TEXT_UNKNOWN, SW_TEXT_UTF8, SW_TEXT_UTF16LE, SW_TEXT_UTF16BE };

struct sw_decode {
    enum sw_encoding_text encoding;
    unsigned char held[4]; /* the cut sequence */
    uint32_t held_length;
    uint64_t replaced; /* U+FFFD put in */
};

/* Output of `length` bytes takes no more than this. */
static inline size_t sw_decode_room(size_t length)
{
    return (length + sizeof(((struct sw_decode *)NULL)->held)) * 3;
}

/* Is the piece valid UTF-8 as it is, ending with a whole character, and nothing held before it? */
bool sw_decode_is_plain(const struct sw_decode *decode, const char *from, size_t length);

/* Decodes all of `from`, as far as sequences are whole; with `is_end` also what is cut.  Returns
 * the bytes written.  `into` has sw_decode_room(length) bytes and does not overlap `from`.      */
size_t sw_decode_run(struct sw_decode *decode, const char *from, size_t length, bool is_end,
                     char *into);

#endif
