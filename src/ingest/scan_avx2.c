/* See scan.h. Compiled with AVX2, PCLMUL, BMI and POPCNT; called only where they are. */
#include "ingest/scan_priv.h"

#include <immintrin.h>

struct masks {
    uint64_t delimiter, newline, quote, cr;
};

static inline uint64_t equal64(__m256i low, __m256i high, char needle)
{
    const __m256i wanted = _mm256_set1_epi8(needle);
    const uint32_t first = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted));
    const uint32_t second = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted));
    return first | (uint64_t)second << 32;
}

static inline struct masks masks_at(const char *text, const struct needles *needles)
{
    const __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)text);
    const __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(text + 32));
    return (struct masks){equal64(low, high, needles->delimiter),
                          equal64(low, high, needles->newline), equal64(low, high, needles->quote),
                          equal64(low, high, needles->cr)};
}

/* Bit i is the parity of bits 0..i: a product without carries by all ones. */
static inline uint64_t prefix_xor(uint64_t bits)
{
    const __m128i product =
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), _mm_set1_epi8((char)0xff), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

/* Eight places are written whatever the count: cheaper than a branch for each. */
static inline uint32_t *flatten(uint32_t *into, uint32_t base, uint64_t bits)
{
    uint32_t *const end = into + __builtin_popcountll(bits);
    for (unsigned i = 0; i < 8; i++) {
        into[i] = base + (uint32_t)_tzcnt_u64(bits);
        bits = _blsr_u64(bits);
    }
    for (into += 8; bits != 0; bits = _blsr_u64(bits)) {
        *into++ = base + (uint32_t)_tzcnt_u64(bits);
    }
    return end;
}

#define SCAN_NAME sw_scan_avx2
#include "ingest/scan_body.inc"
#undef SCAN_NAME
