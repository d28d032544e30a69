/* See chunk.h. */
#include "table/chunk.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/block.h"
#include "base/obj.h"
#include "table/poison.h"
#include "table/table_priv.h"

const char *const sw_null_spellings[SW_NULL_SPELLINGS] = {
    [SW_NULL_EMPTY] = "",     [SW_NULL_NA] = "NA",      [SW_NULL_N_A] = "N/A",
    [SW_NULL_UPPER] = "NULL", [SW_NULL_LOWER] = "null", [SW_NULL_NONE] = "None",
};

const double sw_decimal_powers[SW_DECIMAL_SCALES] = {1e0, 1e1, 1e2, 1e3, 1e4,
                                                     1e5, 1e6, 1e7, 1e8, 1e9};

/* Ids are never used again, so a cache keyed by one needs no notice of the chunk's end. */
static _Atomic uint64_t last_id;

static void (*_Atomic end_listener)(uint64_t id);

static void free_parts(struct sw_chunk *chunk)
{
    struct sw_chunk_values values;
    sw_chunk_values_move(chunk, &values);
    sw_chunk_values_free(&values);
}

static size_t held_bytes(const struct sw_chunk *parts, bool has_valid, bool has_spelling)
{
    return sizeof(struct sw_chunk) + parts->data_size + parts->bytes_size +
           (has_valid ? sw_chunk_valid_size(parts->rows) : 0) + (has_spelling ? parts->rows : 0);
}

/* What is no fact of its values. */
static void start(struct sw_chunk *chunk, size_t held)
{
    chunk->magic = SW_CHUNK_MAGIC;
    atomic_init(&chunk->refs, 1);
    chunk->id = atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed) + 1;
    chunk->held_bytes = held;
    chunk->home = NULL;
    chunk->lookers = 0;
    atomic_init(&chunk->is_marked, false);
    atomic_init(&chunk->is_used, false);
    atomic_init(&chunk->state, 0);
    if (chunk->dict != NULL) {
        sw_dict_ref(chunk->dict);
    }
}

sw_status sw_chunk_new(const struct sw_chunk *parts, bool has_valid, bool has_spelling,
                       struct sw_chunk **chunk, struct sw_err *err)
{
    sw_assert(parts->rows >= 1);
    sw_assert(parts->rows <= SW_CHUNK_ROWS);
    sw_assert((parts->encoding == SW_ENC_DICT) == (parts->dict != NULL));
    sw_assert(parts->exceptions == NULL);

    size_t held = held_bytes(parts, has_valid, has_spelling);
    SW_TRY(sw_budget_charge(parts->budget, held, err));
    struct sw_chunk *made = malloc(sizeof(*made));
    if (made == NULL) {
        goto fail_charge;
    }
    *made = *parts;
    made->data = parts->data_size > 0 ? sw_block_alloc_whole(parts->data_size) : NULL;
    made->bytes = parts->bytes_size > 0 ? sw_block_alloc(parts->bytes_size) : NULL;
    made->valid = has_valid ? sw_block_alloc(sw_chunk_valid_size(parts->rows)) : NULL;
    made->null_spelling = has_spelling ? sw_block_alloc(parts->rows) : NULL;
    if ((parts->data_size > 0 && made->data == NULL) ||
        (parts->bytes_size > 0 && made->bytes == NULL) || (has_valid && made->valid == NULL) ||
        (has_spelling && made->null_spelling == NULL)) {
        goto fail_parts;
    }
    start(made, held);
    *chunk = made;
    return SW_OK;

fail_parts:
    free_parts(made);
    free(made);
fail_charge:
    sw_budget_release(parts->budget, held);
    return sw_fail(err, SW_NO_MEMORY, "There is not enough memory for another part of the table.");
}

sw_status sw_chunk_take_exceptions(struct sw_chunk *chunk, struct sw_exceptions *exceptions,
                                   struct sw_err *err)
{
    if (exceptions == NULL) {
        return SW_OK;
    }
    sw_assert(chunk->exceptions == NULL);
    sw_assert(chunk->type != SW_TYPE_STRING);
    sw_status status = sw_budget_charge(chunk->budget, exceptions->size, err);
    if (status != SW_OK) {
        sw_exceptions_free(exceptions);
        return status;
    }
    for (uint32_t i = 0; i < exceptions->count; i++) {
        sw_assert(exceptions->row[i] < chunk->rows);
        sw_assert(sw_chunk_is_null(chunk, exceptions->row[i]));
    }
    chunk->exceptions = exceptions;
    chunk->held_bytes += exceptions->size;
    return SW_OK;
}

void sw_chunk_mark(const struct sw_chunk *chunk)
{
    struct sw_chunk *marked = (struct sw_chunk *)(uintptr_t)chunk;
    sw_assert(atomic_load_explicit(&end_listener, memory_order_acquire) != NULL);
    atomic_store_explicit(&marked->is_marked, true, memory_order_relaxed);
}

void sw_chunk_on_end(void (*listener)(uint64_t id))
{
    atomic_store_explicit(&end_listener, listener, memory_order_release);
}

void sw_chunk_settle(struct sw_chunk *chunk)
{
    struct sw_chunk_keeper *keeper = chunk->budget != NULL ? chunk->budget->keeper : NULL;
    sw_assert(chunk->home == NULL);
    if (keeper != NULL) {
        keeper->adopt(keeper, chunk);
    }
}

sw_status sw_chunk_new_away(const struct sw_chunk *parts, bool has_valid, bool has_spelling,
                            size_t exceptions_size, struct sw_chunk_home *home,
                            struct sw_chunk **chunk, struct sw_err *err)
{
    sw_assert(parts->rows >= 1);
    sw_assert(parts->rows <= SW_CHUNK_ROWS);
    sw_assert((parts->encoding == SW_ENC_DICT) == (parts->dict != NULL));
    sw_status status = sw_budget_charge(parts->budget, sizeof(**chunk), err);
    if (status != SW_OK) {
        home->ops->forget(home);
        return status;
    }
    struct sw_chunk *made = malloc(sizeof(*made));
    if (made == NULL) {
        sw_budget_release(parts->budget, sizeof(*made));
        home->ops->forget(home);
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to open a table.");
    }
    *made = *parts;
    start(made, held_bytes(parts, has_valid, has_spelling) + exceptions_size);
    made->home = home;
    atomic_init(&made->state, made->held_bytes > sizeof(*made) ? SW_CHUNK_AWAY : 0);
    sw_poison_lay(made);
    *chunk = made;
    return SW_OK;
}

bool sw_chunk_ref_living(struct sw_chunk *chunk)
{
    uint32_t refs = atomic_load_explicit(&chunk->refs, memory_order_relaxed);
    while (refs > 0) {
        if (atomic_compare_exchange_weak_explicit(&chunk->refs, &refs, refs + 1,
                                                  memory_order_relaxed, memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

struct sw_chunk *sw_chunk_ref(struct sw_chunk *chunk)
{
    sw_assert(chunk->magic == SW_CHUNK_MAGIC);
    atomic_fetch_add_explicit(&chunk->refs, 1, memory_order_relaxed);
    return chunk;
}

void sw_chunk_unref(struct sw_chunk *chunk)
{
    if (chunk == NULL) {
        return;
    }
    sw_assert(chunk->magic == SW_CHUNK_MAGIC);
    if (atomic_fetch_sub_explicit(&chunk->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    if (atomic_load_explicit(&chunk->is_marked, memory_order_relaxed)) {
        atomic_load_explicit(&end_listener, memory_order_acquire)(chunk->id);
    }
    if (chunk->home != NULL) {
        chunk->home->ops->forget(chunk->home);
    }
    bool is_here = sw_chunk_is_here(chunk);
    sw_assert(atomic_load_explicit(&chunk->state, memory_order_relaxed) < SW_CHUNK_PIN);
    free_parts(chunk);
    sw_dict_unref(chunk->dict);
    sw_budget_release(chunk->budget, is_here ? chunk->held_bytes : sizeof(*chunk));
    chunk->magic = 0;
    free(chunk);
}

/* The unsigned number of the chunk's width at a row. */
static uint64_t read_slot(const struct sw_chunk *chunk, uint32_t row)
{
    switch (chunk->width) {
    case 1:
        return ((const uint8_t *)chunk->data)[row];
    case 2:
        return ((const uint16_t *)chunk->data)[row];
    case 4:
        return ((const uint32_t *)chunk->data)[row];
    case 8:
        return ((const uint64_t *)chunk->data)[row];
    default:
        return 0;
    }
}

static int64_t read_int(const struct sw_chunk *chunk, uint32_t row)
{
    return (int64_t)((uint64_t)chunk->base + read_slot(chunk, row));
}

static struct sw_span read_text(const struct sw_chunk *chunk, uint32_t row)
{
    const uint32_t *offset = chunk->data;
    return sw_span_of(chunk->bytes + offset[row], offset[row + 1] - offset[row]);
}

struct sw_value sw_chunk_value(const struct sw_chunk *chunk, uint32_t row)
{
    sw_assert(row < chunk->rows);
    struct sw_value value = {.type = chunk->type, .is_null = sw_chunk_is_null(chunk, row)};
    if (value.is_null) {
        return value;
    }
    switch (chunk->encoding) {
    case SW_ENC_INT:
        value.u.i = read_int(chunk, row);
        break;
    case SW_ENC_DECIMAL:
        value.u.f = (double)read_int(chunk, row) / sw_decimal_powers[chunk->scale];
        break;
    case SW_ENC_FLOAT:
        value.u.f = ((const double *)chunk->data)[row];
        break;
    case SW_ENC_DICT:
        value.u.s = sw_dict_at(chunk->dict, (uint32_t)read_slot(chunk, row));
        break;
    case SW_ENC_TEXT:
        value.u.s = read_text(chunk, row);
        break;
    }
    return value;
}
