/* See decode.h. */
#include "ingest/decode.h"

#include <string.h>

#define HIGH_BITS   0x8080808080808080u
#define REPLACEMENT 0xfffdu

/* Bytes at the front that are ASCII, in whole words of 32. */
static size_t ascii_prefix(const unsigned char *from, size_t length)
{
    size_t at = 0;
    for (; at + 32 <= length; at += 32) {
        uint64_t words[4];
        memcpy(words, from + at, sizeof(words));
        if (((words[0] | words[1] | words[2] | words[3]) & HIGH_BITS) != 0) {
            break;
        }
    }
    while (at < length && from[at] < 0x80) {
        at++;
    }
    return at;
}

/* What may follow a lead byte: how many bytes, and the bounds of the first of them. */
struct lead {
    unsigned follow;
    unsigned char low, high;
};

static struct lead lead_of(unsigned char byte)
{
    if (byte >= 0xc2 && byte <= 0xdf) {
        return (struct lead){1, 0x80, 0xbf};
    }
    if (byte >= 0xe0 && byte <= 0xef) { /* no overlong form, no surrogate */
        return (struct lead){2, byte == 0xe0 ? 0xa0 : 0x80, byte == 0xed ? 0x9f : 0xbf};
    }
    if (byte >= 0xf0 && byte <= 0xf4) { /* no overlong form, nothing above U+10FFFF */
        return (struct lead){3, byte == 0xf0 ? 0x90 : 0x80, byte == 0xf4 ? 0x8f : 0xbf};
    }
    return (struct lead){0, 0, 0};
}

/* Length of the sequence at `from` (not ASCII). *is_good: valid. *is_cut: more bytes decide. */
static size_t sequence_length(const unsigned char *from, size_t length, bool *is_good, bool *is_cut)
{
    struct lead lead = lead_of(from[0]);
    size_t n = 1;
    for (; n <= lead.follow && n < length; n++) {
        unsigned char low = n == 1 ? lead.low : 0x80;
        unsigned char high = n == 1 ? lead.high : 0xbf;
        if (from[n] < low || from[n] > high) {
            break;
        }
    }
    *is_good = lead.follow > 0 && n == lead.follow + 1;
    *is_cut = lead.follow > 0 && !*is_good && n == length;
    return n;
}

bool sw_decode_is_plain(const struct sw_decode *decode, const char *from, size_t length)
{
    if (decode->encoding != SW_TEXT_UTF8 || decode->held_length > 0) {
        return false;
    }
    const unsigned char *bytes = (const unsigned char *)from;
    for (size_t at = ascii_prefix(bytes, length); at < length;) {
        bool is_good;
        bool is_cut;
        at += sequence_length(bytes + at, length - at, &is_good, &is_cut);
        if (!is_good) {
            return false;
        }
        at += ascii_prefix(bytes + at, length - at);
    }
    return true;
}

static size_t put_utf8(char *into, uint32_t point)
{
    if (point < 0x80) {
        into[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        into[0] = (char)(0xc0 | point >> 6);
        into[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        into[0] = (char)(0xe0 | point >> 12);
        into[1] = (char)(0x80 | (point >> 6 & 0x3f));
        into[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    into[0] = (char)(0xf0 | point >> 18);
    into[1] = (char)(0x80 | (point >> 12 & 0x3f));
    into[2] = (char)(0x80 | (point >> 6 & 0x3f));
    into[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

/* Decodes UTF-8; *used falls short of `length` only by a cut sequence. */
static size_t run_utf8(struct sw_decode *decode, const unsigned char *from, size_t length,
                       bool is_end, char *into, size_t *used)
{
    size_t at = 0;
    size_t written = 0;
    while (at < length) {
        size_t plain = ascii_prefix(from + at, length - at);
        memcpy(into + written, from + at, plain);
        at += plain;
        written += plain;
        if (at == length) {
            break;
        }
        bool is_good;
        bool is_cut;
        size_t n = sequence_length(from + at, length - at, &is_good, &is_cut);
        if (is_cut && !is_end) {
            break;
        }
        if (is_good) {
            memcpy(into + written, from + at, n);
            written += n;
        } else {
            written += put_utf8(into + written, REPLACEMENT);
            decode->replaced++;
        }
        at += n;
    }
    *used = at;
    return written;
}

static uint32_t unit_at(const struct sw_decode *decode, const unsigned char *from)
{
    return decode->encoding == SW_TEXT_UTF16LE ? (uint32_t)(from[0] | from[1] << 8)
                                               : (uint32_t)(from[0] << 8 | from[1]);
}

/* The code point at `from`; 0 bytes used when it is cut. */
static size_t utf16_point(struct sw_decode *decode, const unsigned char *from, size_t length,
                          bool is_end, uint32_t *point)
{
    *point = REPLACEMENT;
    if (length < 2) {
        decode->replaced += is_end;
        return is_end ? length : 0;
    }
    uint32_t unit = unit_at(decode, from);
    if (unit < 0xd800 || unit > 0xdfff) {
        *point = unit;
        return 2;
    }
    if (unit < 0xdc00 && length >= 4) {
        uint32_t low = unit_at(decode, from + 2);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *point = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            return 4;
        }
    }
    if (unit < 0xdc00 && length < 4 && !is_end) {
        return 0;
    }
    decode->replaced++;
    return 2;
}

static size_t run_utf16(struct sw_decode *decode, const unsigned char *from, size_t length,
                        bool is_end, char *into, size_t *used)
{
    size_t at = 0;
    size_t written = 0;
    while (at < length) {
        uint32_t point;
        size_t n = utf16_point(decode, from + at, length - at, is_end, &point);
        if (n == 0) {
            break;
        }
        written += put_utf8(into + written, point);
        at += n;
    }
    *used = at;
    return written;
}

static size_t run_some(struct sw_decode *decode, const unsigned char *from, size_t length,
                       bool is_end, char *into, size_t *used)
{
    if (decode->encoding == SW_TEXT_UTF8) {
        return run_utf8(decode, from, length, is_end, into, used);
    }
    return run_utf16(decode, from, length, is_end, into, used);
}

/* Adds bytes to those held until the mark, if there is one, is whole; returns how many it took. */
static size_t find_mark(struct sw_decode *decode, const unsigned char *from, size_t length,
                        bool is_end)
{
    static const unsigned char utf8[] = {0xef, 0xbb, 0xbf};
    size_t taken = 0;
    while (decode->held_length < 3 && taken < length) {
        decode->held[decode->held_length++] = from[taken++];
    }
    const unsigned char *held = decode->held;
    uint32_t skip = 0;
    if (decode->held_length >= 2 && held[0] == 0xff && held[1] == 0xfe) {
        decode->encoding = SW_TEXT_UTF16LE;
        skip = 2;
    } else if (decode->held_length >= 2 && held[0] == 0xfe && held[1] == 0xff) {
        decode->encoding = SW_TEXT_UTF16BE;
        skip = 2;
    } else if (decode->held_length == 3 || is_end) {
        decode->encoding = SW_TEXT_UTF8;
        skip = decode->held_length == 3 && memcmp(held, utf8, sizeof(utf8)) == 0 ? 3 : 0;
    }
    memmove(decode->held, decode->held + skip, decode->held_length - skip);
    decode->held_length -= skip;
    return taken;
}

size_t sw_decode_run(struct sw_decode *decode, const char *from, size_t length, bool is_end,
                     char *into)
{
    const unsigned char *bytes = (const unsigned char *)from;
    size_t at = 0;
    size_t written = 0;
    if (decode->encoding == SW_TEXT_UNKNOWN) {
        at = find_mark(decode, bytes, length, is_end);
        if (decode->encoding == SW_TEXT_UNKNOWN) {
            return 0;
        }
    }
    /* What is held is finished byte by byte: after three more it is whole or broken. */
    while (decode->held_length > 0 && (at < length || is_end)) {
        bool is_last = at == length;
        if (!is_last && decode->held_length < sizeof(decode->held)) {
            decode->held[decode->held_length++] = bytes[at++];
        }
        size_t used;
        written += run_some(decode, decode->held, decode->held_length, is_last && is_end,
                            into + written, &used);
        memmove(decode->held, decode->held + used, decode->held_length - used);
        decode->held_length -= (uint32_t)used;
    }
    if (at < length) {
        size_t used;
        written += run_some(decode, bytes + at, length - at, is_end, into + written, &used);
        size_t left = length - at - used;
        sw_assert(left < sizeof(decode->held));
        memcpy(decode->held, bytes + at + used, left);
        decode->held_length = (uint32_t)left;
    }
    return written;
}
