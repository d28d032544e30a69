/* See batch.h.  All columns have their room in one block of memory from the start; pages of
 * columns that no one asks for are never touched. */
#include "kernel/batch.h"

#include <stdlib.h>

#include "base/block.h"
#include "kernel/kernel.h"

enum { HAS_FLOATS = 1, HAS_INTS = 2, HAS_CODES = 4, HAS_VALID = 8, IS_VALID = 16 };

/* The decoded values of one column. */
struct decoded {
    double floats[SW_VECTOR_ROWS];
    int64_t ints[SW_VECTOR_ROWS];
    uint32_t codes[SW_VECTOR_ROWS];
};

/* Places of one chunk where none can be kept. */
union own_places {
    uint8_t narrow[SW_CHUNK_ROWS];
    uint16_t wide[SW_CHUNK_ROWS];
};

/* The places of one chunk on one axis. */
struct placed {
    uint64_t chunk_id, axis_id; /* 0: nothing yet */
    struct sw_places *kept;     /* with a reference; NULL: in `own` */
    const uint8_t *narrow;      /* whole chunk, one of the two */
    const uint16_t *wide;
};

struct sw_batch_cache {
    uint64_t turn; /* goes up with each vector */
    uint32_t columns;
    uint32_t next_axis;      /* the slot to give away next */
    uint8_t *has;            /* [columns] of the current vector */
    uint64_t *has_turn;      /* [columns]: the vector that `has` speaks of */
    struct decoded *decoded; /* [columns] */
    struct placed placed[SW_BATCH_AXES];
    union own_places *own;      /* [SW_BATCH_AXES]; touched where it is needed */
    struct sw_places_work work; /* for placing chunks */
};

static size_t decoded_bytes(uint32_t columns)
{
    return (columns + (size_t)1) * sizeof(struct decoded);
}

sw_status sw_batch_cache_new(uint32_t columns, struct sw_batch_cache **cache)
{
    struct sw_batch_cache *made = sw_block_alloc(sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->turn = 0;
    made->columns = columns;
    made->next_axis = 0;
    made->has = calloc(columns + (size_t)1, sizeof(*made->has));
    made->has_turn = calloc(columns + (size_t)1, sizeof(*made->has_turn));
    made->decoded = sw_block_alloc(decoded_bytes(columns));
    made->own = malloc(SW_BATCH_AXES * sizeof(*made->own));
    for (uint32_t i = 0; i < SW_BATCH_AXES; i++) {
        made->placed[i] = (struct placed){0};
    }
    if (made->has == NULL || made->has_turn == NULL || made->decoded == NULL || made->own == NULL) {
        sw_batch_cache_free(made);
        return SW_NO_MEMORY;
    }
    *cache = made;
    return SW_OK;
}

void sw_batch_cache_free(struct sw_batch_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    for (uint32_t i = 0; i < SW_BATCH_AXES; i++) {
        sw_places_unref(cache->placed[i].kept);
    }
    free(cache->has);
    free(cache->has_turn);
    sw_block_free(cache->decoded, decoded_bytes(cache->columns));
    free(cache->own);
    sw_block_free(cache, sizeof(*cache));
}

void sw_batch_at(struct sw_batch *batch, struct sw_batch_cache *cache,
                 const struct sw_version *version, uint32_t group_index, uint32_t start)
{
    const struct sw_rowgroup *group = version->group[group_index];
    sw_assert(start % SW_VECTOR_ROWS == 0);
    sw_assert(start < group->rows);
    sw_assert(group->columns <= cache->columns);
    uint32_t left = group->rows - start;
    cache->turn++;
    *batch = (struct sw_batch){.version = version,
                               .group = group,
                               .group_index = group_index,
                               .start = start,
                               .rows = left < SW_VECTOR_ROWS ? left : SW_VECTOR_ROWS,
                               .cache = cache};
    batch->selected = batch->rows;
}

/* The flags of a column for the current vector. */
static uint8_t *flags_of(struct sw_batch *batch, uint32_t column)
{
    struct sw_batch_cache *cache = batch->cache;
    sw_assert(column < batch->group->columns);
    if (cache->has_turn[column] != cache->turn) {
        cache->has_turn[column] = cache->turn;
        cache->has[column] = 0;
    }
    return &cache->has[column];
}

const double *sw_batch_floats(struct sw_batch *batch, uint32_t column)
{
    uint8_t *has = flags_of(batch, column);
    double *floats = batch->cache->decoded[column].floats;
    if ((*has & HAS_FLOATS) == 0) {
        sw_decode_floats(sw_batch_chunk(batch, column), batch->start, batch->rows, floats);
        *has |= HAS_FLOATS;
    }
    return floats;
}

const int64_t *sw_batch_ints(struct sw_batch *batch, uint32_t column)
{
    uint8_t *has = flags_of(batch, column);
    int64_t *ints = batch->cache->decoded[column].ints;
    if ((*has & HAS_INTS) == 0) {
        sw_assert(sw_batch_chunk(batch, column)->encoding == SW_ENC_INT);
        sw_decode_ints(sw_batch_chunk(batch, column), batch->start, batch->rows, ints);
        *has |= HAS_INTS;
    }
    return ints;
}

bool sw_batch_is_coded(const struct sw_batch *batch, uint32_t column)
{
    return sw_batch_chunk(batch, column)->encoding == SW_ENC_DICT;
}

const uint32_t *sw_batch_codes(struct sw_batch *batch, uint32_t column)
{
    uint8_t *has = flags_of(batch, column);
    uint32_t *codes = batch->cache->decoded[column].codes;
    if ((*has & HAS_CODES) == 0) {
        sw_decode_codes(sw_batch_chunk(batch, column), batch->start, batch->rows, codes);
        *has |= HAS_CODES;
    }
    return codes;
}

struct sw_span sw_batch_text(const struct sw_batch *batch, uint32_t column, uint32_t i)
{
    sw_assert(i < batch->rows);
    struct sw_value value = sw_chunk_value(sw_batch_chunk(batch, column), batch->start + i);
    sw_assert(value.type == SW_TYPE_STRING);
    return value.is_null ? sw_span_of("", 0) : value.u.s;
}

const uint64_t *sw_batch_valid(struct sw_batch *batch, uint32_t column)
{
    const struct sw_chunk *chunk = sw_batch_chunk(batch, column);
    if (chunk->valid == NULL) {
        return NULL;
    }
    const uint64_t *valid = chunk->valid + batch->start / 64;
    uint8_t *has = flags_of(batch, column);
    if ((*has & HAS_VALID) == 0) {
        uint64_t missing = 0;
        for (uint32_t word = 0; word < sw_bits_words(batch->rows); word++) {
            missing |= valid[word] ^ sw_bits_inside(batch->rows, word);
        }
        *has |= (uint8_t)(HAS_VALID | (missing == 0 ? IS_VALID : 0));
    }
    return (*has & IS_VALID) != 0 ? NULL : valid;
}

/* Stands at the chunk: with what is kept of it, or places of the worker's own. */
static void place_chunk(struct sw_batch_cache *cache, uint32_t slot, const struct sw_chunk *chunk,
                        const struct sw_axis *axis)
{
    struct placed *placed = &cache->placed[slot];
    union own_places *own = &cache->own[slot];
    sw_places_unref(placed->kept);
    *placed = (struct placed){.chunk_id = chunk->id,
                              .axis_id = axis->id,
                              .kept = sw_places_of(chunk, axis, &cache->work)};
    if (placed->kept != NULL) {
        placed->narrow = placed->kept->narrow;
        placed->wide = placed->kept->wide;
        return;
    }
    bool is_narrow = SW_AXIS_PLACES(axis) <= SW_PLACES_NARROW;
    sw_places_make(chunk, axis, &cache->work, own->narrow, own->wide);
    placed->narrow = is_narrow ? own->narrow : NULL;
    placed->wide = is_narrow ? NULL : own->wide;
}

struct sw_batch_places sw_batch_places(struct sw_batch *batch, uint32_t column,
                                       const struct sw_axis *axis)
{
    struct sw_batch_cache *cache = batch->cache;
    const struct sw_chunk *chunk = sw_batch_chunk(batch, column);
    uint32_t slot = 0;
    while (slot < SW_BATCH_AXES &&
           (cache->placed[slot].axis_id != axis->id || cache->placed[slot].chunk_id != chunk->id)) {
        slot++;
    }
    if (slot == SW_BATCH_AXES) {
        slot = cache->next_axis;
        cache->next_axis = (cache->next_axis + 1) % SW_BATCH_AXES;
        place_chunk(cache, slot, chunk, axis);
    }
    const struct placed *placed = &cache->placed[slot];
    return (struct sw_batch_places){placed->narrow != NULL ? placed->narrow + batch->start : NULL,
                                    placed->wide != NULL ? placed->wide + batch->start : NULL};
}

uint32_t sw_batch_select_valid(struct sw_batch *batch, uint32_t column, uint64_t *into)
{
    const uint64_t *valid = sw_batch_valid(batch, column);
    if (batch->select != NULL) {
        memcpy(into, batch->select, SW_VECTOR_WORDS * sizeof(*into));
    } else {
        sw_bits_all(into, batch->rows);
    }
    if (valid == NULL) {
        return batch->selected;
    }
    for (uint32_t word = 0; word < sw_bits_words(batch->rows); word++) {
        into[word] &= valid[word];
    }
    return sw_bits_count(into);
}
