/* seal: from the open arrays of a builder to a chunk in the narrowest encoding (chunk.h lists
 * them).
 *
 * Nulls: their slots first take the value of some valid row, so that the loops over all rows need
 * no test, and are set to zero in the packed data at the end.
 *
 * Decimals: with p = 10^scale, v is m / p exactly when dividing the integer m = rint(v * p) by p
 * gives back the bits of v.  rint is the addition of 1.5 * 2^52, right for |v * p| < 2^51; the
 * integer then stands in the low bits of the sum.  m grows with v, so that its bounds follow from
 * those of v. (The observation is that of ALP, Afroozeh, Kuffo, Boncz, 2023.) */
#include "table/poison.h"
#include "table/table_priv.h"

#include <math.h>

#define ROUNDER      0x1.8p52
#define MANTISSA_MAX 0x1p51
#define SAMPLES      64u
#define STEP         2048u
#define LANES        8u

static inline uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static inline int64_t mantissa_of(double value, double power)
{
    double sum = value * power + ROUNDER;
    return (int64_t)(bits_of(sum) - bits_of(ROUNDER));
}

/* -- nulls ---------------------------------------------------------------------- */

/* The null rows of word `word`, as bits. */
static inline uint64_t null_bits(const struct sw_builder *builder, uint32_t word)
{
    uint32_t left = builder->rows - word * 64;
    uint64_t inside = left >= 64 ? UINT64_MAX : ((uint64_t)1 << left) - 1;
    return ~builder->valid[word] & inside;
}

static uint32_t words_of(const struct sw_builder *builder)
{
    return (builder->rows + 63) / 64;
}

static void fill_null_ints(struct sw_builder *builder, int64_t filler)
{
    for (uint32_t word = 0; word < words_of(builder); word++) {
        for (uint64_t bits = null_bits(builder, word); bits != 0; bits &= bits - 1) {
            builder->ints[word * 64 + (uint32_t)__builtin_ctzll(bits)] = filler;
        }
    }
}

static void fill_null_floats(struct sw_builder *builder, double filler)
{
    for (uint32_t word = 0; word < words_of(builder); word++) {
        for (uint64_t bits = null_bits(builder, word); bits != 0; bits &= bits - 1) {
            builder->floats[word * 64 + (uint32_t)__builtin_ctzll(bits)] = filler;
        }
    }
}

/* The first row that is not null; there is one. */
static uint32_t first_valid(const struct sw_builder *builder)
{
    uint32_t word = 0;
    while (builder->valid[word] == 0) {
        word++;
    }
    return word * 64 + (uint32_t)__builtin_ctzll(builder->valid[word]);
}

static void zero_null_slots(const struct sw_builder *builder, unsigned char *data, size_t width)
{
    for (uint32_t word = 0; width > 0 && word < words_of(builder); word++) {
        for (uint64_t bits = null_bits(builder, word); bits != 0; bits &= bits - 1) {
            memset(data + (word * 64 + (uint32_t)__builtin_ctzll(bits)) * width, 0, width);
        }
    }
}

/* -- packing ---------------------------------------------------------------------- */

static uint8_t width_for(uint64_t range)
{
    return range == 0            ? 0
           : range <= UINT8_MAX  ? 1
           : range <= UINT16_MAX ? 2
           : range <= UINT32_MAX ? 4
                                 : 8;
}

static void pack_ints(const int64_t *restrict from, uint32_t n, int64_t base, uint8_t width,
                      void *into, uint32_t at)
{
    if (width == 0) {
        return; /* a constant has no data, and no pointer to count from */
    }
    uint8_t *restrict into8 = (uint8_t *)into + at;
    uint16_t *restrict into16 = (uint16_t *)into + at;
    uint32_t *restrict into32 = (uint32_t *)into + at;
    uint64_t first = (uint64_t)base;
    switch (width) {
    case 1:
        for (uint32_t i = 0; i < n; i++) {
            into8[i] = (uint8_t)((uint64_t)from[i] - first);
        }
        break;
    case 2:
        for (uint32_t i = 0; i < n; i++) {
            into16[i] = (uint16_t)((uint64_t)from[i] - first);
        }
        break;
    case 4:
        for (uint32_t i = 0; i < n; i++) {
            into32[i] = (uint32_t)((uint64_t)from[i] - first);
        }
        break;
    default:
        break; /* eight bytes: keep_wide */
    }
}

static void pack_codes(const uint32_t *restrict from, uint32_t n, uint8_t width, void *into)
{
    uint8_t *restrict into8 = into;
    uint16_t *restrict into16 = into;
    switch (width) {
    case 1:
        for (uint32_t i = 0; i < n; i++) {
            into8[i] = (uint8_t)from[i];
        }
        break;
    case 2:
        for (uint32_t i = 0; i < n; i++) {
            into16[i] = (uint16_t)from[i];
        }
        break;
    default:
        memcpy(into, from, n * sizeof(*from));
        break;
    }
}

static sw_status keep_exceptions(const struct sw_builder *builder, struct sw_chunk **chunk,
                                 struct sw_err *err)
{
    struct sw_exceptions *exceptions = NULL;
    sw_status status = sw_exception_list_seal(&builder->exceptions, &exceptions);
    if (status != SW_OK) {
        status = sw_fail(err, status, "There is not enough memory for another part of the table.");
    } else {
        status = sw_chunk_take_exceptions(*chunk, exceptions, err);
    }
    if (status != SW_OK) {
        sw_chunk_unref(*chunk);
        *chunk = NULL;
    }
    return status;
}

/* A chunk with room for what `parts` says; validity, spellings and exceptions copied. */
static sw_status make_chunk(const struct sw_builder *builder, const struct sw_chunk *parts,
                            struct sw_chunk **chunk, struct sw_err *err)
{
    bool has_valid = builder->nulls > 0;
    bool has_spelling = has_valid && builder->spelling != NULL;
    SW_TRY(sw_chunk_new(parts, has_valid, has_spelling, chunk, err));
    if (has_valid) {
        uint64_t *valid = (uint64_t *)(uintptr_t)(*chunk)->valid;
        uint32_t words = words_of(builder);
        memcpy(valid, builder->valid, words * sizeof(*valid));
        if (builder->rows % 64 != 0) {
            valid[words - 1] &= ((uint64_t)1 << builder->rows % 64) - 1;
        }
    }
    if (has_spelling) {
        memcpy((uint8_t *)(uintptr_t)(*chunk)->null_spelling, builder->spelling, builder->rows);
    }
    return builder->exceptions.count == 0 ? SW_OK : keep_exceptions(builder, chunk, err);
}

static void *data_of(struct sw_chunk *chunk)
{
    return (void *)(uintptr_t)chunk->data;
}

/* Eight bytes a value, as they stand: a full chunk takes the builder's array, which gets the
 * chunk's new one (builder and chunk have paid for one of the size each). */
static void *keep_wide(const struct sw_builder *builder, void *values, struct sw_chunk *chunk)
{
    void *other = data_of(chunk);
    if (builder->rows < SW_CHUNK_ROWS) {
        memcpy(other, values, chunk->data_size);
        return values;
    }
    chunk->data = values;
    return other;
}

/* -- integers ----------------------------------------------------------------------- */

static void scan_ints(struct sw_builder *builder, struct sw_zone *zone)
{
    if (builder->nulls == builder->rows) {
        fill_null_ints(builder, 0);
        return;
    }
    if (builder->nulls > 0) {
        fill_null_ints(builder, builder->ints[first_valid(builder)]);
    }
    const int64_t *values = builder->ints;
    int64_t min = values[0];
    int64_t max = values[0];
    for (uint32_t i = 1; i < builder->rows; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    uint32_t ascending = 1;
    while (ascending < builder->rows && values[ascending] >= values[ascending - 1]) {
        ascending++;
    }
    zone->has_values = true;
    zone->is_ascending = builder->nulls == 0 && ascending == builder->rows;
    zone->min_i = min;
    zone->max_i = max;
    zone->min_f = (double)min;
    zone->max_f = (double)max;
}

static sw_status seal_ints(struct sw_builder *builder, struct sw_chunk *parts,
                           struct sw_chunk **chunk, struct sw_err *err)
{
    scan_ints(builder, &parts->zone);
    parts->encoding = SW_ENC_INT;
    parts->width = width_for((uint64_t)parts->zone.max_i - (uint64_t)parts->zone.min_i);
    parts->base = parts->width == 8 ? 0 : parts->zone.min_i;
    parts->data_size = (size_t)parts->rows * parts->width;
    SW_TRY(make_chunk(builder, parts, chunk, err));
    if (parts->width == 8) {
        builder->ints = keep_wide(builder, builder->ints, *chunk);
    } else {
        pack_ints(builder->ints, parts->rows, parts->base, parts->width, data_of(*chunk), 0);
    }
    return SW_OK;
}

/* -- floats ------------------------------------------------------------------------- */

/* Of zeros the first: 0 and -0 are equal, and lanes meet them in another order. */
static double first_zero(const double *values)
{
    while (*values != 0) {
        values++;
    }
    return *values;
}

/* The bounds of what is a number; returns how many are none.  Lanes, because a chain of comparisons
 * waits for each. */
static uint64_t find_bounds(const double *restrict values, uint32_t n, double *least, double *most)
{
    uint64_t nans[LANES] = {0};
    double min[LANES];
    double max[LANES];
    for (uint32_t k = 0; k < LANES; k++) {
        min[k] = INFINITY;
        max[k] = -INFINITY;
    }
    for (uint32_t i = 0; i < n; i += LANES) {
        uint32_t lanes = n - i < LANES ? n - i : LANES;
        const double *value = values + i;
        for (uint32_t k = 0; k < lanes; k++) {
            min[k] = value[k] < min[k] ? value[k] : min[k];
        }
        for (uint32_t k = 0; k < lanes; k++) {
            max[k] = value[k] > max[k] ? value[k] : max[k];
        }
        for (uint32_t k = 0; k < lanes; k++) {
            nans[k] += value[k] != value[k];
        }
    }
    for (uint32_t k = 1; k < LANES; k++) {
        min[0] = min[k] < min[0] ? min[k] : min[0];
        max[0] = max[k] > max[0] ? max[k] : max[0];
        nans[0] += nans[k];
    }
    *least = min[0] == 0 ? first_zero(values) : min[0];
    *most = max[0] == 0 ? first_zero(values) : max[0];
    return nans[0];
}

static void scan_floats(struct sw_builder *builder, struct sw_zone *zone)
{
    double *values = builder->floats;
    uint32_t rows = builder->rows;
    if (builder->nulls > 0) {
        bool has_valid = builder->nulls < rows;
        fill_null_floats(builder, has_valid ? values[first_valid(builder)] : 0);
    }
    double min;
    double max;
    uint64_t nans = find_bounds(values, rows, &min, &max);
    if (nans > 0 && builder->nulls > 0 &&
        values[first_valid(builder)] != values[first_valid(builder)]) {
        nans -= builder->nulls; /* the filler was a NaN itself */
    }
    uint32_t ascending = 1;
    while (ascending < rows && values[ascending] >= values[ascending - 1]) {
        ascending++;
    }
    zone->nans = (uint32_t)nans;
    zone->has_values = builder->nulls + nans < rows;
    zone->is_ascending = builder->nulls == 0 && nans == 0 && ascending == rows;
    zone->min_f = zone->has_values ? min : 0;
    zone->max_f = zone->has_values ? max : 0;
}

static bool is_exact(double value, double power)
{
    double rounded = value * power + ROUNDER - ROUNDER;
    return bits_of(rounded / power) == bits_of(value);
}

static bool are_exact(const double *restrict values, uint32_t n, double power)
{
    uint64_t wrong = 0;
    for (uint32_t i = 0; i < n; i++) {
        double rounded = values[i] * power + ROUNDER - ROUNDER;
        wrong |= bits_of(rounded / power) ^ bits_of(values[i]);
    }
    return wrong == 0;
}

/* The least scale at which every value is a decimal; false when there is none up to 9. */
static bool find_scale(const struct sw_builder *builder, const struct sw_zone *zone, uint8_t *scale)
{
    const double *values = builder->floats;
    uint32_t rows = builder->rows;
    double largest = fabs(zone->min_f) > fabs(zone->max_f) ? fabs(zone->min_f) : fabs(zone->max_f);
    uint32_t stride = rows / SAMPLES + 1;
    unsigned s = 0;
    for (uint32_t i = 0; i < rows; i += stride) {
        while (s < SW_DECIMAL_SCALES && !is_exact(values[i], sw_decimal_powers[s])) {
            s++;
        }
    }
    for (uint32_t at = 0; s < SW_DECIMAL_SCALES && at < rows;) {
        uint32_t n = rows - at < STEP ? rows - at : STEP;
        bool is_good = are_exact(values + at, n, sw_decimal_powers[s]);
        s += !is_good;
        at = is_good ? at + n : 0;
    }
    *scale = (uint8_t)s;
    return s < SW_DECIMAL_SCALES && largest * sw_decimal_powers[s] < MANTISSA_MAX;
}

static sw_status seal_decimals(struct sw_builder *builder, struct sw_chunk *parts,
                               struct sw_chunk **chunk, struct sw_err *err)
{
    SW_TRY(make_chunk(builder, parts, chunk, err));
    double power = sw_decimal_powers[parts->scale];
    for (uint32_t at = 0; at < parts->rows; at += STEP) {
        int64_t mantissa[STEP];
        uint32_t n = parts->rows - at < STEP ? parts->rows - at : STEP;
        for (uint32_t i = 0; i < n; i++) {
            mantissa[i] = mantissa_of(builder->floats[at + i], power);
        }
        pack_ints(mantissa, n, parts->base, parts->width, data_of(*chunk), at);
    }
    return SW_OK;
}

static sw_status seal_floats(struct sw_builder *builder, struct sw_chunk *parts,
                             struct sw_chunk **chunk, struct sw_err *err)
{
    scan_floats(builder, &parts->zone);
    uint8_t scale = 0;
    if (parts->zone.nans == 0 && find_scale(builder, &parts->zone, &scale)) {
        int64_t min = mantissa_of(parts->zone.min_f, sw_decimal_powers[scale]);
        int64_t max = mantissa_of(parts->zone.max_f, sw_decimal_powers[scale]);
        uint8_t width = width_for((uint64_t)max - (uint64_t)min);
        if (width < 8) {
            parts->encoding = SW_ENC_DECIMAL;
            parts->scale = scale;
            parts->base = min;
            parts->width = width;
            parts->data_size = (size_t)parts->rows * width;
            return seal_decimals(builder, parts, chunk, err);
        }
    }
    parts->encoding = SW_ENC_FLOAT;
    parts->width = 8;
    parts->data_size = (size_t)parts->rows * 8;
    SW_TRY(make_chunk(builder, parts, chunk, err));
    builder->floats = keep_wide(builder, builder->floats, *chunk);
    return SW_OK;
}

/* -- strings -------------------------------------------------------------------------- */

static sw_status seal_codes(struct sw_builder *builder, struct sw_chunk *parts,
                            struct sw_chunk **chunk, struct sw_err *err)
{
    uint32_t highest = 0;
    for (uint32_t i = 0; i < builder->rows; i++) {
        highest = builder->codes[i] > highest ? builder->codes[i] : highest;
    }
    parts->encoding = SW_ENC_DICT;
    parts->dict = builder->dict;
    parts->dict_count = builder->nulls == builder->rows ? 0 : highest + 1;
    parts->width = highest <= UINT8_MAX ? 1 : highest <= UINT16_MAX ? 2 : 4;
    parts->data_size = (size_t)parts->rows * parts->width;
    SW_TRY(make_chunk(builder, parts, chunk, err));
    pack_codes(builder->codes, parts->rows, parts->width, data_of(*chunk));
    return SW_OK;
}

static sw_status seal_texts(struct sw_builder *builder, struct sw_chunk *parts,
                            struct sw_chunk **chunk, struct sw_err *err)
{
    size_t offsets_size = ((size_t)builder->rows + 1) * sizeof(uint32_t);
    parts->encoding = SW_ENC_TEXT;
    parts->data_size = offsets_size + builder->text.length;
    SW_TRY(make_chunk(builder, parts, chunk, err));
    char *data = data_of(*chunk);
    memcpy(data, builder->offsets, offsets_size);
    if (builder->text.length > 0) {
        memcpy(data + offsets_size, builder->text.data, builder->text.length);
    }
    (*chunk)->bytes = data + offsets_size;
    return SW_OK;
}

/* Over half of the rows of two full chunks were new strings: codes would only cost.  Where memory
 * is too short to change over, the dictionary goes on. */
static void judge_dictionary(struct sw_builder *builder, uint32_t rows)
{
    builder->dict_chunks++;
    builder->dict_rows += rows;
    bool is_enough = builder->dict_chunks >= 2 && builder->dict_rows > SW_CHUNK_ROWS;
    if (is_enough && sw_dict_count(builder->dict) > builder->dict_rows / 2) {
        sw_status status = sw_builder_leave_dictionary(builder);
        (void)status;
    }
}

static sw_status seal_type(struct sw_builder *builder, struct sw_chunk *parts,
                           struct sw_chunk **chunk, struct sw_err *err)
{
    switch (builder->type) {
    case SW_TYPE_BOOL:
    case SW_TYPE_INT:
    case SW_TYPE_DATE:
    case SW_TYPE_TIMESTAMP:
        return seal_ints(builder, parts, chunk, err);
    case SW_TYPE_FLOAT:
        return seal_floats(builder, parts, chunk, err);
    case SW_TYPE_STRING:
        parts->zone.has_values = builder->nulls < builder->rows;
        return builder->dict != NULL ? seal_codes(builder, parts, chunk, err)
                                     : seal_texts(builder, parts, chunk, err);
    case SW_TYPE_COUNT:
        break;
    }
    sw_assert(false);
    return SW_INTERNAL;
}

static void start_anew(struct sw_builder *builder)
{
    memset(builder->valid, 0xff, words_of(builder) * sizeof(uint64_t));
    if (builder->spelling != NULL) {
        memset(builder->spelling, SW_NULL_EMPTY, builder->rows);
    }
    sw_buf_clear(&builder->text);
    sw_exception_list_clear(&builder->exceptions);
    builder->rows = 0;
    builder->nulls = 0;
    builder->misfits = 0;
}

sw_status sw_builder_seal(struct sw_builder *builder, struct sw_chunk **chunk, struct sw_err *err)
{
    sw_assert(builder->rows >= 1);
    sw_assert(builder->rows <= SW_CHUNK_ROWS);
    sw_assert(builder->nulls <= builder->rows);
    struct sw_chunk parts = {.type = builder->type,
                             .rows = builder->rows,
                             .misfits = builder->misfits,
                             .zone = {.nulls = builder->nulls},
                             .budget = builder->budget};
    SW_TRY(seal_type(builder, &parts, chunk, err));
    if (builder->nulls > 0) {
        zero_null_slots(builder, data_of(*chunk), (*chunk)->width);
    }
    sw_poison_lay(*chunk);
    sw_chunk_settle(*chunk);
    uint32_t rows = builder->rows;
    start_anew(builder);
    if (builder->dict != NULL) {
        judge_dictionary(builder, rows);
    }
    return SW_OK;
}
