/* A chunk's values: asked for, let go of, taken out, brought back.
 *
 * One word says it all: AWAY, BUSY and the number of pins.  A pin adds itself first and looks then,
 * so whoever finds the values there has them; taking them out is one compare and swap from "here,
 * no pin" to "away, busy".  Who finds them away takes BUSY (or waits for who has it) and loads
 * with no lock held: loading charges the budget, which may take out other chunks, and waits for
 * the disk.  Waiting is rare and goes by a few locks that chunks share. */
#include "table/chunk.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/block.h"
#include "base/obj.h"
#include "table/poison.h"
#include "table/table_priv.h"

#define STRIPES 16u
#define STRIPE                                              \
    {                                                       \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER \
    }
#define FOUR STRIPE, STRIPE, STRIPE, STRIPE

static struct stripe {
    pthread_mutex_t lock;
    pthread_cond_t calm; /* a chunk of the stripe is no longer busy */
} stripes[STRIPES] = {FOUR, FOUR, FOUR, FOUR};

static struct stripe *stripe_of(const struct sw_chunk *chunk)
{
    return &stripes[chunk->id % STRIPES];
}

/* BUSY goes, and with it AWAY where the values are here now. */
static void calm(struct sw_chunk *chunk, uint32_t bits)
{
    struct stripe *stripe = stripe_of(chunk);
    sw_assert(pthread_mutex_lock(&stripe->lock) == 0);
    (void)atomic_fetch_and_explicit(&chunk->state, ~bits, memory_order_release);
    sw_assert(pthread_cond_broadcast(&stripe->calm) == 0);
    sw_assert(pthread_mutex_unlock(&stripe->lock) == 0);
}

static void wait_calm(struct sw_chunk *chunk)
{
    struct stripe *stripe = stripe_of(chunk);
    sw_assert(pthread_mutex_lock(&stripe->lock) == 0);
    while ((atomic_load_explicit(&chunk->state, memory_order_acquire) & SW_CHUNK_BUSY) != 0) {
        sw_assert(pthread_cond_wait(&stripe->calm, &stripe->lock) == 0);
    }
    sw_assert(pthread_mutex_unlock(&stripe->lock) == 0);
}

/* -- values --------------------------------------------------------------------------------- */

void sw_chunk_values_move(struct sw_chunk *chunk, struct sw_chunk_values *values)
{
    bool is_own = chunk->bytes_size > 0; /* else they follow the offsets */
    sw_poison_lift(chunk);
    *values = (struct sw_chunk_values){
        .data = chunk->data,
        .bytes = is_own ? chunk->bytes : NULL,
        .valid = chunk->valid,
        .null_spelling = chunk->null_spelling,
        .exceptions = chunk->exceptions,
        .data_size = chunk->data_size,
        .bytes_size = chunk->bytes_size,
        .valid_size = sw_chunk_valid_size(chunk->rows),
        .spelling_size = chunk->rows,
    };
    chunk->data = NULL;
    chunk->bytes = NULL;
    chunk->valid = NULL;
    chunk->null_spelling = NULL;
    chunk->exceptions = NULL;
}

void sw_chunk_values_free(struct sw_chunk_values *values)
{
    sw_block_free((void *)(uintptr_t)values->data, values->data_size);
    sw_block_free((void *)(uintptr_t)values->bytes, values->bytes_size);
    sw_block_free((void *)(uintptr_t)values->valid, values->valid_size);
    sw_block_free((void *)(uintptr_t)values->null_spelling, values->spelling_size);
    sw_exceptions_free(values->exceptions);
    *values = (struct sw_chunk_values){0};
}

size_t sw_chunk_evict(struct sw_chunk *chunk, struct sw_chunk_values *values)
{
    uint32_t idle = 0;
    size_t bytes = chunk->held_bytes - sizeof(*chunk);
    if (bytes == 0 || !atomic_compare_exchange_strong_explicit(
                          &chunk->state, &idle, SW_CHUNK_AWAY | SW_CHUNK_BUSY, memory_order_acq_rel,
                          memory_order_relaxed)) {
        return 0;
    }
    sw_chunk_values_move(chunk, values);
    sw_poison_lay(chunk);
    sw_budget_release(chunk->budget, bytes);
    calm(chunk, SW_CHUNK_BUSY);
    return bytes;
}

/* -- loading -------------------------------------------------------------------------------- */

static bool is_same(const struct sw_chunk *chunk, const struct sw_chunk *copy)
{
    return copy->type == chunk->type && copy->encoding == chunk->encoding &&
           copy->width == chunk->width && copy->scale == chunk->scale &&
           copy->rows == chunk->rows && copy->base == chunk->base && copy->dict == chunk->dict &&
           copy->dict_count == chunk->dict_count && copy->data_size == chunk->data_size &&
           copy->bytes_size == chunk->bytes_size && copy->zone.nulls == chunk->zone.nulls &&
           copy->held_bytes == chunk->held_bytes && copy->budget == chunk->budget;
}

/* The copy's values become the chunk's, the rest of it goes. */
static sw_status take_values(struct sw_chunk *chunk, struct sw_chunk *copy, struct sw_err *err)
{
    if (!is_same(chunk, copy)) {
        sw_chunk_unref(copy);
        return sw_fail(err, SW_DAMAGED, "What is stored of a table is not what was written.");
    }
    sw_poison_lift(copy);
    sw_poison_lift(chunk);
    chunk->data = copy->data;
    chunk->bytes = copy->bytes;
    chunk->valid = copy->valid;
    chunk->null_spelling = copy->null_spelling;
    chunk->exceptions = copy->exceptions;
    sw_poison_lay(chunk);
    struct sw_chunk_values none;
    sw_chunk_values_move(copy, &none);
    copy->held_bytes = sizeof(*copy); /* the rest is the chunk's now */
    sw_chunk_unref(copy);
    return SW_OK;
}

static sw_status load(struct sw_chunk *chunk, struct sw_err *err)
{
    struct sw_chunk *copy;
    sw_status status = chunk->home->ops->load(chunk->home, chunk, &copy, err);
    status = status == SW_OK ? take_values(chunk, copy, err) : status;
    calm(chunk, status == SW_OK ? SW_CHUNK_AWAY | SW_CHUNK_BUSY : SW_CHUNK_BUSY);
    if (status == SW_OK) {
        chunk->home->ops->loaded(chunk->home);
    }
    return status;
}

/* The pin is counted: nobody takes out what comes now. */
static sw_status bring(struct sw_chunk *chunk, struct sw_err *err)
{
    for (;;) {
        uint32_t state = atomic_load_explicit(&chunk->state, memory_order_acquire);
        if ((state & SW_CHUNK_BUSY) != 0) {
            wait_calm(chunk);
        } else if ((state & SW_CHUNK_AWAY) == 0) {
            return SW_OK;
        } else if (atomic_compare_exchange_weak_explicit(
                       &chunk->state, &state, state | SW_CHUNK_BUSY, memory_order_acq_rel,
                       memory_order_relaxed)) {
            return load(chunk, err);
        }
    }
}

sw_status sw_chunk_pin(const struct sw_chunk *of, struct sw_err *err)
{
    struct sw_chunk *chunk = (struct sw_chunk *)(uintptr_t)of;
    uint32_t before = atomic_fetch_add_explicit(&chunk->state, SW_CHUNK_PIN, memory_order_acquire);
    sw_assert(before < UINT32_MAX - SW_CHUNK_PIN);
    if (!atomic_load_explicit(&chunk->is_used, memory_order_relaxed)) {
        atomic_store_explicit(&chunk->is_used, true, memory_order_relaxed);
    }
    sw_status status = (before & SW_CHUNK_AWAY) == 0 ? SW_OK : bring(chunk, err);
    if (status == SW_OK) {
        sw_poison_enter(chunk);
    } else {
        (void)atomic_fetch_sub_explicit(&chunk->state, SW_CHUNK_PIN, memory_order_relaxed);
    }
    return status;
}

bool sw_chunk_pin_here(const struct sw_chunk *of)
{
    struct sw_chunk *chunk = (struct sw_chunk *)(uintptr_t)of;
    uint32_t before = atomic_fetch_add_explicit(&chunk->state, SW_CHUNK_PIN, memory_order_acquire);
    sw_assert(before < UINT32_MAX - SW_CHUNK_PIN);
    if ((before & SW_CHUNK_AWAY) != 0) {
        (void)atomic_fetch_sub_explicit(&chunk->state, SW_CHUNK_PIN, memory_order_relaxed);
        return false;
    }
    atomic_store_explicit(&chunk->is_used, true, memory_order_relaxed);
    sw_poison_enter(chunk);
    return true;
}

void sw_chunk_unpin(const struct sw_chunk *of)
{
    struct sw_chunk *chunk = (struct sw_chunk *)(uintptr_t)of;
    sw_poison_leave(chunk);
    uint32_t before = atomic_fetch_sub_explicit(&chunk->state, SW_CHUNK_PIN, memory_order_release);
    sw_assert(before >= SW_CHUNK_PIN);
}
