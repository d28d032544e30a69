#include "base/block.h"

#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/status.h"

#define BLOCK_ALIGN      64u
#define BLOCK_BITS_MIN   12u /* 4 KiB */
#define BLOCK_BITS_MAX   22u /* 4 MiB */
#define BLOCK_STEPS      4u  /* sizes from one power of two to below the next: 1, 1.25, 1.5, 1.75 */
#define BLOCK_CLASSES    ((BLOCK_BITS_MAX - BLOCK_BITS_MIN) * BLOCK_STEPS + 1)
#define BLOCK_KEPT_BYTES (64u << 20) /* kept for reuse over all sizes */
#define PAGE_BYTES       4096u
#define WHOLE_BYTES_MIN  (128u << 10) /* below, the faults cost no more than the call */

/* gcc defines a macro, clang answers a question. */
#ifdef __has_feature
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer)
static const bool is_recycling = false;
#else
static const bool is_recycling = true;
#endif

struct free_block {
    struct free_block *next;
};

static struct {
    pthread_mutex_t lock;
    struct free_block *list[BLOCK_CLASSES]; /* lock: lock */
    size_t kept_bytes;                      /* lock: lock */
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The size of a class: what is asked for wastes a fifth of it at most. */
static size_t size_of(unsigned kind)
{
    size_t power = (size_t)1 << (kind / BLOCK_STEPS + BLOCK_BITS_MIN);
    return power + power / BLOCK_STEPS * (kind % BLOCK_STEPS);
}

/* Class of a size, or BLOCK_CLASSES where it is too large or too small to keep. */
static unsigned class_of(size_t size)
{
    if (size > ((size_t)1 << BLOCK_BITS_MAX) || size <= ((size_t)1 << (BLOCK_BITS_MIN - 1))) {
        return BLOCK_CLASSES;
    }
    unsigned kind = 0;
    while (size_of(kind) < size) {
        kind++;
    }
    return kind;
}

static void *fresh(size_t size)
{
    size_t rounded;
    if (__builtin_add_overflow(size, BLOCK_ALIGN - 1, &rounded)) {
        return NULL;
    }
    rounded &= ~(size_t)(BLOCK_ALIGN - 1);
    return aligned_alloc(BLOCK_ALIGN, rounded == 0 ? BLOCK_ALIGN : rounded);
}

/* The pages of a fresh block.  A kernel before 5.14, or one short of memory, says no: then the
 * first touch brings them. */
static void bring_pages(void *block, size_t size)
{
    uintptr_t first = (uintptr_t)block & ~(uintptr_t)(PAGE_BYTES - 1);
    uintptr_t end = ((uintptr_t)block + size + PAGE_BYTES - 1) & ~(uintptr_t)(PAGE_BYTES - 1);
    (void)madvise((void *)first, end - first, MADV_POPULATE_WRITE);
}

static void *take_kept(unsigned kind)
{
    (void)pthread_mutex_lock(&pool.lock);
    struct free_block *block = pool.list[kind];
    if (block != NULL) {
        pool.list[kind] = block->next;
        pool.kept_bytes -= size_of(kind);
    }
    (void)pthread_mutex_unlock(&pool.lock);
    return block;
}

static void *alloc(size_t size, bool is_whole)
{
    unsigned kind = class_of(size);
    bool is_kept_size = is_recycling && kind < BLOCK_CLASSES;
    void *block = is_kept_size ? take_kept(kind) : NULL;
    if (block != NULL) {
        return block;
    }
    block = fresh(is_kept_size ? size_of(kind) : size);
    if (block != NULL && is_whole && size >= WHOLE_BYTES_MIN) {
        bring_pages(block, size);
    }
    return block;
}

void *sw_block_alloc(size_t size)
{
    return alloc(size, false);
}

void *sw_block_alloc_whole(size_t size)
{
    return alloc(size, true);
}

void sw_block_free(void *block, size_t size)
{
    if (block == NULL) {
        return;
    }
    unsigned kind = class_of(size);
    if (!is_recycling || kind == BLOCK_CLASSES) {
        free(block);
        return;
    }
    size_t bytes = size_of(kind);
    (void)pthread_mutex_lock(&pool.lock);
    bool is_kept = pool.kept_bytes + bytes <= BLOCK_KEPT_BYTES;
    if (is_kept) {
        struct free_block *head = block;
        head->next = pool.list[kind];
        pool.list[kind] = head;
        pool.kept_bytes += bytes;
    }
    (void)pthread_mutex_unlock(&pool.lock);
    if (!is_kept) {
        free(block);
    }
}

void sw_block_trim(void)
{
    (void)pthread_mutex_lock(&pool.lock);
    for (unsigned kind = 0; kind < BLOCK_CLASSES; kind++) {
        struct free_block *block = pool.list[kind];
        pool.list[kind] = NULL;
        while (block != NULL) {
            struct free_block *next = block->next;
            free(block);
            block = next;
        }
    }
    pool.kept_bytes = 0;
    (void)pthread_mutex_unlock(&pool.lock);
    (void)malloc_trim(0);
}
