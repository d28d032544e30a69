/* See scan.h. Sixteen bytes at a time: every x86-64 has it. */
#include "ingest/scan_priv.h"

#include <emmintrin.h>

struct masks {
    uint64_t delimiter, newline, quote, cr;
};

static inline uint64_t equal16(__m128i bytes, char needle)
{
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(needle)));
}

static inline struct masks masks_at(const char *text, const struct needles *needles)
{
    struct masks masks = {0, 0, 0, 0};
    for (unsigned i = 0; i < 4; i++) {
        const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(text + i * 16));
        masks.delimiter |= equal16(bytes, needles->delimiter) << (16 * i);
        masks.newline |= equal16(bytes, needles->newline) << (16 * i);
        masks.quote |= equal16(bytes, needles->quote) << (16 * i);
        masks.cr |= equal16(bytes, needles->cr) << (16 * i);
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

#define SCAN_NAME sw_scan_sse2
#include "ingest/scan_body.inc"
#undef SCAN_NAME
