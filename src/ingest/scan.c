/* See scan.h. Here: the scanner for any machine, the choice, and what all scanners end with. */
#include "ingest/scan.h"

#include "ingest/scan_priv.h"

struct masks {
    uint64_t delimiter, newline, quote, cr;
};

#define LOW7 0x7f7f7f7f7f7f7f7fu
#define ONES 0x0101010101010101u

/* One bit for each of eight bytes that equals the needle; the first byte is the lowest bit. */
static inline uint64_t equal8(uint64_t word, uint64_t needle)
{
    const uint64_t x = word ^ (needle * ONES);
    const uint64_t zero = ~(((x & LOW7) + LOW7) | x | LOW7); /* 0x80 where the byte is zero */
    return ((zero >> 7) * 0x0102040810204080u) >> 56;
}

static inline struct masks masks_at(const char *text, const struct needles *needles)
{
    struct masks masks = {0, 0, 0, 0};
    for (unsigned i = 0; i < 8; i++) {
        uint64_t word = 0;
        for (unsigned k = 0; k < 8; k++) { /* the first byte lowest, whatever the byte order */
            word |= (uint64_t)(unsigned char)text[i * 8 + k] << (8 * k);
        }
        masks.delimiter |= equal8(word, (unsigned char)needles->delimiter) << (8 * i);
        masks.newline |= equal8(word, (unsigned char)needles->newline) << (8 * i);
        masks.quote |= equal8(word, (unsigned char)needles->quote) << (8 * i);
        masks.cr |= equal8(word, (unsigned char)needles->cr) << (8 * i);
    }
    return masks;
}

/* Bit i is the parity of bits 0..i. */
static inline uint64_t prefix_xor(uint64_t bits)
{
    for (unsigned shift = 1; shift < 64; shift *= 2) {
        bits ^= bits << shift;
    }
    return bits;
}

static inline uint32_t *flatten(uint32_t *into, uint32_t base, uint64_t bits)
{
    for (; bits != 0; bits &= bits - 1) {
        *into++ = base + (uint32_t)__builtin_ctzll(bits);
    }
    return into;
}

#define SCAN_NAME sw_scan_plain
#include "ingest/scan_body.inc"
#undef SCAN_NAME

void sw_scan_finish(const struct sw_dialect *dialect, const char *text, struct sw_scan *scan)
{
    while (scan->count > 0 && text[scan->at[scan->count - 1]] != dialect->newline) {
        scan->count--;
    }
    scan->consumed = scan->count == 0 ? 0 : scan->at[scan->count - 1] + 1;
    for (uint32_t at = scan->consumed; scan->lines > scan->records && at < scan->scanned; at++) {
        scan->lines -= text[at] == dialect->newline;
    }
    scan->odd_count = 0;
    scan->odd_kept = 0;
    scan->is_open = false;
    scan->open_at = 0;
    scan->field_at = 0;
}

void sw_scan_block(sw_scan_fast *fast, const struct sw_dialect *dialect, const char *text,
                   uint32_t length, struct sw_scan *scan)
{
    if (!fast(dialect, text, length, scan)) {
        sw_scan_exact(dialect, text, length, scan);
    }
}
