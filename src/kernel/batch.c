/* See batch.h.  All columns have their room in one block of memory from the start; pages of
 * columns that no one asks for are never touched.  With its pin the cache takes a reference, so
 * that it may be freed later than the version that it read. */
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

#define ROW_IDS(cache) ((cache)->columns) /* where it holds them, after the columns */

/* A column in the row group where the cache stands. */
struct held {
    struct sw_chunk *chunk; /* pinned, with a reference; NULL: not asked for, or lost */
    bool is_lost;           /* its values could not be brought back */
};

struct sw_batch_cache {
    uint64_t turn; /* goes up with each vector */
    uint32_t columns;
    uint64_t group_id; /* of the row group; 0: none */
    uint32_t held_count;
    uint32_t *held_column; /* [columns + 1] of which held_count: those asked for */
    struct held *held;     /* [columns + 1] */
    sw_status status;      /* why a column was lost; asked by sw_batch_leave */
    struct sw_err err;
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
    made->group_id = 0;
    made->held_count = 0;
    made->status = SW_OK;
    made->next_axis = 0;
    made->held_column = calloc(columns + (size_t)1, sizeof(*made->held_column));
    made->held = calloc(columns + (size_t)1, sizeof(*made->held));
    made->has = calloc(columns + (size_t)1, sizeof(*made->has));
    made->has_turn = calloc(columns + (size_t)1, sizeof(*made->has_turn));
    made->decoded = sw_block_alloc(decoded_bytes(columns));
    made->own = malloc(SW_BATCH_AXES * sizeof(*made->own));
    for (uint32_t i = 0; i < SW_BATCH_AXES; i++) {
        made->placed[i] = (struct placed){0};
    }
    if (made->has == NULL || made->has_turn == NULL || made->decoded == NULL || made->own == NULL ||
        made->held_column == NULL || made->held == NULL) {
        sw_batch_cache_free(made);
        return SW_NO_MEMORY;
    }
    *cache = made;
    return SW_OK;
}

/* -- pins ------------------------------------------------------------------------- */

static void let_go(struct sw_batch_cache *cache)
{
    for (uint32_t i = 0; i < cache->held_count; i++) {
        struct held *held = &cache->held[cache->held_column[i]];
        if (held->chunk != NULL) {
            sw_chunk_unpin(held->chunk);
            sw_chunk_unref(held->chunk);
        }
        *held = (struct held){NULL, false};
    }
    cache->held_count = 0;
    cache->group_id = 0;
}

static const struct sw_chunk *hold(struct sw_batch_cache *cache, uint32_t column,
                                   struct sw_chunk *chunk)
{
    struct held *held = &cache->held[column];
    if (held->is_lost) {
        return NULL;
    }
    struct sw_err err = {0};
    sw_status status = sw_chunk_pin(chunk, &err);
    cache->held_column[cache->held_count++] = column;
    held->is_lost = status != SW_OK;
    if (status == SW_OK) {
        held->chunk = sw_chunk_ref(chunk);
    } else if (cache->status == SW_OK) {
        cache->status = status;
        cache->err = err;
    }
    return held->chunk;
}

static const struct sw_chunk *held_of(const struct sw_batch *batch, uint32_t column,
                                      struct sw_chunk *chunk)
{
    const struct held *held = &batch->cache->held[column];
    return held->chunk != NULL ? held->chunk : hold(batch->cache, column, chunk);
}

const struct sw_chunk *sw_batch_values(const struct sw_batch *batch, uint32_t column)
{
    sw_assert(column < batch->group->columns);
    return held_of(batch, column, batch->group->chunk[column]);
}

bool sw_batch_is_lost(const struct sw_batch *batch)
{
    return batch->cache->status != SW_OK;
}

sw_status sw_batch_leave(struct sw_batch_cache *cache, struct sw_err *err)
{
    sw_status status = cache->status;
    if (status != SW_OK && err != NULL) {
        *err = cache->err;
    }
    cache->status = SW_OK;
    let_go(cache);
    return status;
}

/* -- the cache ---------------------------------------------------------------------- */

void sw_batch_cache_free(struct sw_batch_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    if (cache->held != NULL && cache->held_column != NULL) {
        let_go(cache);
    }
    free(cache->held_column);
    free(cache->held);
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
    if (cache->group_id != group->id) {
        let_go(cache);
        cache->group_id = group->id;
    }
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

/* Of a column that is lost: what may be looked up in whatever was made for the chunk's range. */
static void lose_floats(const struct sw_batch *batch, uint32_t column, double *into)
{
    for (uint32_t i = 0; i < batch->rows; i++) {
        into[i] = sw_batch_chunk(batch, column)->zone.min_f;
    }
}

static void lose_ints(const struct sw_batch *batch, uint32_t column, int64_t *into)
{
    for (uint32_t i = 0; i < batch->rows; i++) {
        into[i] = sw_batch_chunk(batch, column)->zone.min_i;
    }
}

const double *sw_batch_floats(struct sw_batch *batch, uint32_t column)
{
    uint8_t *has = flags_of(batch, column);
    double *floats = batch->cache->decoded[column].floats;
    if ((*has & HAS_FLOATS) == 0) {
        const struct sw_chunk *chunk = sw_batch_values(batch, column);
        if (chunk != NULL) {
            sw_decode_floats(chunk, batch->start, batch->rows, floats);
        } else {
            lose_floats(batch, column, floats);
        }
        *has |= HAS_FLOATS;
    }
    return floats;
}

const int64_t *sw_batch_ints(struct sw_batch *batch, uint32_t column)
{
    uint8_t *has = flags_of(batch, column);
    int64_t *ints = batch->cache->decoded[column].ints;
    if ((*has & HAS_INTS) == 0) {
        const struct sw_chunk *chunk = sw_batch_values(batch, column);
        sw_assert(sw_batch_chunk(batch, column)->encoding == SW_ENC_INT);
        if (chunk != NULL) {
            sw_decode_ints(chunk, batch->start, batch->rows, ints);
        } else {
            lose_ints(batch, column, ints);
        }
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
        const struct sw_chunk *chunk = sw_batch_values(batch, column);
        if (chunk != NULL) {
            sw_decode_codes(chunk, batch->start, batch->rows, codes);
        } else {
            memset(codes, 0, batch->rows * sizeof(*codes));
        }
        *has |= HAS_CODES;
    }
    return codes;
}

struct sw_span sw_batch_text(const struct sw_batch *batch, uint32_t column, uint32_t i)
{
    const struct sw_chunk *chunk = sw_batch_values(batch, column);
    sw_assert(i < batch->rows);
    sw_assert(sw_batch_chunk(batch, column)->type == SW_TYPE_STRING);
    if (chunk == NULL) {
        return sw_span_of("", 0);
    }
    struct sw_value value = sw_chunk_value(chunk, batch->start + i);
    return value.is_null ? sw_span_of("", 0) : value.u.s;
}

double sw_batch_float(const struct sw_batch *batch, uint32_t column, uint32_t i)
{
    const struct sw_chunk *chunk = sw_batch_values(batch, column);
    double value = sw_batch_chunk(batch, column)->zone.min_f;
    sw_assert(i < batch->rows);
    if (chunk != NULL) {
        sw_decode_floats(chunk, batch->start + i, 1, &value);
    }
    return value;
}

const uint64_t *sw_batch_valid(struct sw_batch *batch, uint32_t column)
{
    static const uint64_t none[SW_VECTOR_WORDS];
    if (sw_batch_chunk(batch, column)->zone.nulls == 0) {
        return NULL;
    }
    const struct sw_chunk *chunk = sw_batch_values(batch, column);
    if (chunk == NULL) {
        return none;
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

static struct sw_places *find_places(struct sw_batch *batch, uint32_t column,
                                     const struct sw_axis *axis)
{
    struct sw_places *kept = sw_places_find(sw_batch_chunk(batch, column), axis);
    const struct sw_chunk *chunk = kept == NULL ? sw_batch_values(batch, column) : NULL;
    return chunk == NULL ? kept : sw_places_of(chunk, axis, &batch->cache->work);
}

/* All rows where nulls are. */
static void place_none(const struct sw_chunk *chunk, const struct sw_axis *axis,
                       union own_places *own)
{
    if (SW_AXIS_PLACES(axis) <= SW_PLACES_NARROW) {
        memset(own->narrow, (int)(axis->bins + 2), chunk->rows);
        return;
    }
    for (uint32_t i = 0; i < chunk->rows; i++) {
        own->wide[i] = (uint16_t)(axis->bins + 2);
    }
}

/* Stands at the chunk: with what is kept of it, or places of the worker's own. */
static void place_chunk(struct sw_batch *batch, uint32_t column, uint32_t slot,
                        const struct sw_axis *axis)
{
    struct sw_batch_cache *cache = batch->cache;
    struct placed *placed = &cache->placed[slot];
    union own_places *own = &cache->own[slot];
    sw_places_unref(placed->kept);
    *placed = (struct placed){.chunk_id = sw_batch_chunk(batch, column)->id,
                              .axis_id = axis->id,
                              .kept = find_places(batch, column, axis)};
    if (placed->kept != NULL) {
        placed->narrow = placed->kept->narrow;
        placed->wide = placed->kept->wide;
        return;
    }
    bool is_narrow = SW_AXIS_PLACES(axis) <= SW_PLACES_NARROW;
    const struct sw_chunk *chunk = sw_batch_values(batch, column);
    if (chunk != NULL) {
        sw_places_make(chunk, axis, &cache->work, own->narrow, own->wide);
    } else {
        place_none(sw_batch_chunk(batch, column), axis, own);
        placed->chunk_id = 0; /* the next reader tries again */
    }
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
        place_chunk(batch, column, slot, axis);
    }
    const struct placed *placed = &cache->placed[slot];
    return (struct sw_batch_places){placed->narrow != NULL ? placed->narrow + batch->start : NULL,
                                    placed->wide != NULL ? placed->wide + batch->start : NULL};
}

uint64_t sw_batch_row_id(const struct sw_batch *batch, uint32_t i)
{
    const struct sw_rowgroup *group = batch->group;
    sw_assert(i < batch->rows);
    bool is_here = group->row_ids == NULL || held_of(batch, ROW_IDS(batch->cache), group->row_ids);
    return is_here ? sw_rowgroup_row_id(group, batch->start + i) : 0;
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
