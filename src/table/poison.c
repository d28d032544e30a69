/* See poison.h. */
#include "table/poison.h"

#include <pthread.h>
#include <stddef.h>

#include "table/chunk.h"

/* gcc defines a macro, clang answers a question. */
#ifdef __has_feature
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)

#include <sanitizer/asan_interface.h>

/* The pointers to the values lie side by side, in whole words of the shadow. */
#define FIRST offsetof(struct sw_chunk, data)
#define END   offsetof(struct sw_chunk, dict)
_Static_assert(FIRST % 8 == 0 && END - FIRST == 5 * sizeof(void *), "only the values' pointers");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void cover(const void *block, size_t size)
{
    if (block != NULL) {
        __asan_poison_memory_region(block, size);
    }
}

static void uncover(const void *block, size_t size)
{
    if (block != NULL) {
        __asan_unpoison_memory_region(block, size);
    }
}

static void show(struct sw_chunk *chunk)
{
    uncover((const char *)chunk + FIRST, END - FIRST);
    uncover(chunk->data, chunk->data_size);
    uncover(chunk->bytes, chunk->bytes_size);
    uncover(chunk->valid, ((size_t)chunk->rows + 63) / 64 * sizeof(uint64_t));
    uncover(chunk->null_spelling, chunk->rows);
    uncover(chunk->exceptions, sizeof(*chunk->exceptions));
    uncover(chunk->exceptions, chunk->exceptions == NULL ? 0 : chunk->exceptions->size);
}

static void hide(struct sw_chunk *chunk)
{
    show(chunk);
    cover(chunk->data, chunk->data_size);
    cover(chunk->bytes, chunk->bytes_size);
    cover(chunk->valid, ((size_t)chunk->rows + 63) / 64 * sizeof(uint64_t));
    cover(chunk->null_spelling, chunk->rows);
    cover(chunk->exceptions, chunk->exceptions == NULL ? 0 : chunk->exceptions->size);
    cover((const char *)chunk + FIRST, END - FIRST);
}

void sw_poison_enter(struct sw_chunk *chunk)
{
    (void)pthread_mutex_lock(&lock);
    if (chunk->lookers++ == 0) {
        show(chunk);
    }
    (void)pthread_mutex_unlock(&lock);
}

void sw_poison_leave(struct sw_chunk *chunk)
{
    (void)pthread_mutex_lock(&lock);
    sw_assert(chunk->lookers > 0);
    if (--chunk->lookers == 0) {
        hide(chunk);
    }
    (void)pthread_mutex_unlock(&lock);
}

void sw_poison_lift(struct sw_chunk *chunk)
{
    sw_assert(chunk->lookers == 0);
    show(chunk);
}

void sw_poison_lay(struct sw_chunk *chunk)
{
    sw_assert(chunk->lookers == 0);
    hide(chunk);
}

#else

void sw_poison_enter(struct sw_chunk *chunk)
{
    (void)chunk;
}

void sw_poison_leave(struct sw_chunk *chunk)
{
    (void)chunk;
}

void sw_poison_lift(struct sw_chunk *chunk)
{
    (void)chunk;
}

void sw_poison_lay(struct sw_chunk *chunk)
{
    (void)chunk;
}

#endif
