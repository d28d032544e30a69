/* entries: parts of a program that depend on one string column, run once per
 * dictionary entry instead of once per row, then looked up by code.
 *
 * When: a small dictionary at once; a large one after as many rows have been done
 * one by one as it has entries, so that it costs at most twice what was needed
 * whichever way the scan ends.  A dictionary only grows: later chunks add to what
 * is kept.                                                                       */
#include "expr/state.h"

#include <stdlib.h>

void sw_entries_fini(struct sw_entries *entries)
{
    sw_dict_unref(entries->dict);
    free(entries->passes);
    free(entries->known);
    free(entries->tags);
    free(entries->cells);
    sw_pool_fini(&entries->pool);
    *entries = (struct sw_entries){0};
}

static bool grow(void **items, size_t count, size_t size)
{
    void *grown = realloc(*items, count * size);
    *items = grown == NULL ? *items : grown;
    return grown != NULL;
}

static bool reserve(struct sw_entries *entries, uint32_t count)
{
    if (count <= entries->capacity) {
        return true;
    }
    uint32_t capacity = count < 64 ? 64 : count + count / 4;
    bool is_good = grow((void **)&entries->passes, capacity, 1) &&
                   grow((void **)&entries->known, capacity, 1) &&
                   grow((void **)&entries->tags, capacity, 1) &&
                   grow((void **)&entries->cells, capacity, sizeof(union sw_cell));
    entries->capacity = is_good ? capacity : entries->capacity;
    return is_good;
}

/* A value that outlives the vector. */
static struct sw_scalar keep(struct sw_entries *entries, struct sw_scalar value)
{
    if (value.tag != SW_TAG_TEXT) {
        return value;
    }
    char *copy = sw_pool_alloc(&entries->pool, value.u.s.length);
    if (copy == NULL) {
        return sw_scalar_null();
    }
    if (value.u.s.length > 0) {
        memcpy(copy, value.u.s.data, value.u.s.length);
    }
    return sw_scalar_text(sw_span_of(copy, value.u.s.length));
}

/* 0, 1 or NULL: what a bitmap can hold. */
static bool is_truth(struct sw_scalar value)
{
    return value.tag == SW_TAG_NULL ||
           (value.tag == SW_TAG_INT && (value.u.i == 0 || value.u.i == 1));
}

static void store(struct sw_entries *entries, const struct sw_vec *vec, uint32_t first,
                  uint32_t rows)
{
    for (uint32_t i = 0; i < rows; i++) {
        struct sw_scalar value = keep(entries, sw_vec_get(vec, i));
        entries->tags[first + i] = value.tag;
        entries->cells[first + i] = value.u;
        entries->known[first + i] = value.tag != SW_TAG_NULL;
        entries->passes[first + i] = value.tag == SW_TAG_INT && value.u.i != 0;
        entries->has_unknown = entries->has_unknown || value.tag == SW_TAG_NULL;
        entries->is_truth = entries->is_truth && is_truth(value);
    }
}

/* The part of the program behind `at`, on a slice of entries or on one NULL row. */
static const struct sw_vec *run_slice(struct sw_expr_state *state, uint32_t at,
                                      const struct sw_source *source)
{
    const struct sw_instruction *look = &state->program->code[at];
    state->source = *source;
    state->turn++;
    sw_arena_reset(&state->pool.arena);
    sw_state_run(state, at + 1, at + 1 + look->skip);
    return &state->vecs[look->out];
}

/* The register that holds the column; strings have one. */
static uint32_t register_of(const struct sw_program *program, uint32_t column)
{
    uint32_t index = 0;
    while (program->registers[index].kind != SW_REGISTER_COLUMN ||
           program->registers[index].column != column) {
        index++;
        sw_assert(index < program->register_count);
    }
    return index;
}

static void run_entries(struct sw_expr_state *state, uint32_t at, struct sw_entries *entries,
                        uint32_t count)
{
    struct sw_source null_row = {.is_null = true, .rows = 1};
    const struct sw_vec *vec = run_slice(state, at, &null_row);
    entries->for_null = keep(entries, sw_vec_get(vec, 0));
    entries->is_truth = entries->is_truth && is_truth(entries->for_null);
    while (entries->count < count) {
        uint32_t rest = count - entries->count;
        struct sw_source slice = {.dict = entries->dict,
                                  .first = entries->count,
                                  .rows = rest < SW_VECTOR_ROWS ? rest : SW_VECTOR_ROWS};
        store(entries, run_slice(state, at, &slice), slice.first, slice.rows);
        entries->count += slice.rows;
    }
}

/* Entries up to `count`.  The vector that is under way goes on afterwards as if nothing had been:
 * its texts, its source and the column that it may have loaded already are set aside.           */
static bool extend(struct sw_expr_state *state, uint32_t at, struct sw_entries *entries,
                   uint32_t count)
{
    uint32_t index = register_of(state->program, state->program->code[at].column);
    struct sw_vec_store *room = calloc(1, sizeof *room);
    if (room == NULL) {
        return false;
    }
    struct sw_source source = state->source;
    struct sw_pool pool = state->pool;
    struct sw_vec column = state->vecs[index];
    uint32_t loaded = state->loaded[index];
    uint32_t turn = state->turn;
    sw_pool_init(&state->pool);
    state->vecs[index].store = room;

    run_entries(state, at, entries, count);

    entries->is_full = entries->pool.status != SW_OK || state->pool.status != SW_OK;
    sw_pool_fini(&state->pool);
    state->pool = pool;
    state->source = source;
    state->vecs[index] = column;
    state->loaded[index] = loaded;
    state->turn = turn;
    free(room);
    return !entries->is_full;
}

static bool prepare(struct sw_expr_state *state, uint32_t at, struct sw_entries *entries,
                    const struct sw_chunk *chunk)
{
    uint32_t count = chunk->dict_count;
    uint32_t rows = state->source.rows;
    if (entries->dict != chunk->dict) {
        sw_entries_fini(entries);
        sw_pool_init(&entries->pool);
        entries->dict = sw_dict_ref(chunk->dict);
        entries->is_truth = true;
        entries->rows_seen = 0;
    } else if (entries->count >= count && entries->capacity > 0) {
        return !entries->is_full;
    }
    bool is_small = count <= SW_VECTOR_ROWS && count <= chunk->rows;
    if (entries->is_full || count > SW_EXPR_ENTRIES_MAX ||
        !(is_small || entries->rows_seen >= count)) {
        entries->rows_seen += rows;
        return false;
    }
    if (!reserve(entries, count)) {
        entries->is_full = true;
        return false;
    }
    return extend(state, at, entries, count);
}

static void look_up_truth(const struct sw_entries *entries, struct sw_batch *batch, uint32_t column,
                          struct sw_vec *out)
{
    const struct sw_chunk *chunk = sw_batch_values(batch, column);
    const uint64_t *valid = sw_batch_valid(batch, column);
    uint64_t *restrict bits = out->store->u.bits;
    uint64_t *restrict known = out->store->valid;
    bool null_passes = entries->for_null.tag == SW_TAG_INT && entries->for_null.u.i != 0;
    bool null_is_known = entries->for_null.tag != SW_TAG_NULL;
    sw_compare_codes(chunk, batch->start, batch->rows, entries->passes, bits);
    if (entries->has_unknown) {
        sw_compare_codes(chunk, batch->start, batch->rows, entries->known, known);
    } else if (valid != NULL) {
        sw_bits_all(known, batch->rows);
    }
    for (uint32_t w = 0; valid != NULL && w < sw_bits_words(batch->rows); w++) {
        uint64_t missing = ~valid[w] & sw_bits_inside(batch->rows, w);
        bits[w] = (bits[w] & valid[w]) | (null_passes ? missing : 0);
        known[w] = (known[w] & valid[w]) | (null_is_known ? missing : 0);
    }
    sw_vec_set(out, SW_FORM_BITS, entries->has_unknown || (valid != NULL && !null_is_known));
}

static void look_up_values(const struct sw_entries *entries, struct sw_batch *batch,
                           uint32_t column, struct sw_vec *out)
{
    const uint32_t *codes = sw_batch_codes(batch, column);
    const uint64_t *valid = sw_batch_valid(batch, column);
    unsigned seen = 0;
    for (uint32_t i = 0; i < batch->rows; i++) {
        bool is_valid = valid == NULL || sw_bits_has(valid, i);
        uint8_t tag = is_valid ? entries->tags[codes[i]] : entries->for_null.tag;
        out->store->tags[i] = tag;
        out->store->u.cells[i] = is_valid ? entries->cells[codes[i]] : entries->for_null.u;
        seen |= 1u << tag;
    }
    sw_vec_narrow(out, batch->rows, seen);
}

bool sw_entries_look_up(struct sw_expr_state *state, uint32_t at)
{
    const struct sw_instruction *look = &state->program->code[at];
    struct sw_batch *batch = state->source.batch;
    struct sw_entries *entries = &state->entries[look->slot];
    if (batch == NULL || !sw_batch_is_coded(batch, look->column)) {
        return false;
    }
    const struct sw_chunk *chunk = sw_batch_values(batch, look->column);
    if (chunk == NULL || chunk->dict_count == 0 || !prepare(state, at, entries, chunk)) {
        return false;
    }
    struct sw_vec *out = &state->vecs[look->out];
    if (entries->is_truth) {
        look_up_truth(entries, batch, look->column, out);
    } else {
        look_up_values(entries, batch, look->column, out);
    }
    return true;
}
