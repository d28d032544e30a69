/* See batch.h.  All columns have their room in one block of memory from the start; pages of
 * columns that no one asks for are never touched. */
#include "kernel/batch.h"

#include <stdlib.h>

#include "kernel/kernel.h"

enum { HAS_FLOATS = 1, HAS_INTS = 2, HAS_CODES = 4, HAS_VALID = 8, IS_VALID = 16 };

/* The decoded values of one column. */
struct decoded {
    double floats[SW_VECTOR_ROWS];
    int64_t ints[SW_VECTOR_ROWS];
    uint32_t codes[SW_VECTOR_ROWS];
};

/* The places of one column on one axis. */
struct placed {
    uint64_t turn; /* of the cache, when they were computed; 0: never */
    uint64_t axis_id;
    uint32_t column;
    struct sw_axis_table table;
    uint32_t places[SW_VECTOR_ROWS];
    uint32_t table_start[SW_AXIS_TABLE_PLACES + 1];
    uint16_t table_place[SW_AXIS_TABLE_MAX];
};

struct sw_batch_cache {
    uint64_t turn; /* goes up with each vector */
    uint32_t columns;
    uint32_t next_axis;      /* the slot to give away next */
    uint8_t *has;            /* [columns] of the current vector */
    uint64_t *has_turn;      /* [columns]: the vector that `has` speaks of */
    struct decoded *decoded; /* [columns] */
    struct placed *placed;   /* [SW_BATCH_AXES] */
};

sw_status sw_batch_cache_new(uint32_t columns, struct sw_batch_cache **cache)
{
    struct sw_batch_cache *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->columns = columns;
    made->has = calloc(columns + (size_t)1, sizeof(*made->has));
    made->has_turn = calloc(columns + (size_t)1, sizeof(*made->has_turn));
    made->decoded = malloc((columns + (size_t)1) * sizeof(*made->decoded));
    made->placed = malloc(SW_BATCH_AXES * sizeof(*made->placed));
    if (made->has == NULL || made->has_turn == NULL || made->decoded == NULL ||
        made->placed == NULL) {
        sw_batch_cache_free(made);
        return SW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < SW_BATCH_AXES; i++) {
        struct placed *placed = &made->placed[i];
        placed->turn = 0;
        placed->axis_id = 0;
        placed->table =
            (struct sw_axis_table){.start = placed->table_start, .place = placed->table_place};
    }
    *cache = made;
    return SW_OK;
}

void sw_batch_cache_free(struct sw_batch_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    free(cache->has);
    free(cache->has_turn);
    free(cache->decoded);
    free(cache->placed);
    free(cache);
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

static void compute_places(struct sw_batch *batch, uint32_t column, const struct sw_axis *axis,
                           struct placed *placed)
{
    const struct sw_chunk *chunk = sw_batch_chunk(batch, column);
    if (placed->table.axis_id != axis->id || placed->table.chunk_id != chunk->id) {
        sw_axis_table_make(&placed->table, axis, chunk);
    }
    if (placed->table.is_usable) {
        sw_axis_table_places(&placed->table, chunk, batch->start, batch->rows, placed->places);
    } else {
        sw_axis_places(axis, sw_batch_floats(batch, column), batch->rows, placed->places);
    }
}

const uint32_t *sw_batch_places(struct sw_batch *batch, uint32_t column, const struct sw_axis *axis)
{
    struct sw_batch_cache *cache = batch->cache;
    struct placed *placed = NULL;
    for (uint32_t i = 0; i < SW_BATCH_AXES && placed == NULL; i++) {
        bool is_it = cache->placed[i].axis_id == axis->id && cache->placed[i].column == column;
        placed = is_it ? &cache->placed[i] : NULL;
    }
    if (placed == NULL) {
        placed = &cache->placed[cache->next_axis];
        cache->next_axis = (cache->next_axis + 1) % SW_BATCH_AXES;
        placed->axis_id = axis->id;
        placed->column = column;
        placed->turn = 0;
    }
    if (placed->turn != cache->turn) {
        placed->turn = cache->turn;
        compute_places(batch, column, axis, placed);
    }
    return placed->places;
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
