#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>

#include "base/arena_bulk.h"
#include "base/block.h"

#define ARENA_BLOCK_BYTES     4096u /* with its head */
#define ARENA_BLOCK_BYTES_MAX (1u << 20)

struct sw_arena_block {
    struct sw_arena_block *next;
    size_t used;
    size_t size; /* of data */
    alignas(max_align_t) char data[];
};

void sw_arena_init(struct sw_arena *arena)
{
    *arena = (struct sw_arena){0};
}

static void free_list(struct sw_arena_block *block)
{
    while (block != NULL) {
        struct sw_arena_block *next = block->next;
        sw_block_free(block, sizeof *block + block->size);
        block = next;
    }
}

void sw_arena_fini(struct sw_arena *arena)
{
    free_list(arena->head);
    *arena = (struct sw_arena){0};
}

void sw_arena_reset(struct sw_arena *arena)
{
    struct sw_arena_block *kept = arena->head;
    if (kept == NULL) {
        return;
    }
    free_list(kept->next);
    kept->next = NULL;
    kept->used = 0;
    arena->bytes = kept->size;
}

/* Blocks come from the pool of blocks, whose pages have been touched before; they double. */
static struct sw_arena_block *add_block(struct sw_arena *arena, size_t need)
{
    size_t size = ARENA_BLOCK_BYTES;
    if (arena->head != NULL) {
        size = (arena->head->size + sizeof *arena->head) * 2;
    }
    if (size > ARENA_BLOCK_BYTES_MAX) {
        size = ARENA_BLOCK_BYTES_MAX;
    }
    size -= sizeof(struct sw_arena_block);
    if (size < need) {
        size = need;
    }
    struct sw_arena_block *block = sw_block_alloc(sizeof *block + size);
    if (block == NULL) {
        return NULL;
    }
    block->next = arena->head;
    block->used = 0;
    block->size = size;
    arena->head = block;
    arena->bytes += size;
    return block;
}

void *sw_arena_raw(struct sw_arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    struct sw_arena_block *block = arena->head;
    if (block == NULL || block->size - block->used < rounded) {
        block = add_block(arena, rounded);
        if (block == NULL) {
            return NULL;
        }
    }
    void *result = block->data + block->used;
    block->used += rounded;
    return result;
}

void *sw_arena_alloc(struct sw_arena *arena, size_t size)
{
    void *result = sw_arena_raw(arena, size);
    if (result != NULL) {
        memset(result, 0, size);
    }
    return result;
}

void *sw_arena_array(struct sw_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        return NULL;
    }
    return sw_arena_alloc(arena, bytes);
}

char *sw_arena_text(struct sw_arena *arena, struct sw_span text)
{
    char *copy = text.length < SIZE_MAX ? sw_arena_raw(arena, text.length + 1) : NULL;
    if (copy == NULL) {
        return NULL;
    }
    if (text.length > 0) {
        memcpy(copy, text.data, text.length);
    }
    copy[text.length] = '\0';
    return copy;
}

struct sw_arena_held {
    struct sw_arena arena;
    unsigned references;
};

struct sw_arena_held *sw_arena_hold(struct sw_arena *arena)
{
    struct sw_arena_held *held = malloc(sizeof *held);
    if (held != NULL) {
        *held = (struct sw_arena_held){*arena, 1};
        sw_arena_init(arena);
    }
    return held;
}

struct sw_arena_held *sw_arena_held_ref(struct sw_arena_held *held)
{
    held->references++;
    return held;
}

void sw_arena_held_unref(struct sw_arena_held *held)
{
    if (held != NULL && --held->references == 0) {
        sw_arena_fini(&held->arena);
        free(held);
    }
}

size_t sw_arena_held_bytes(const struct sw_arena_held *held)
{
    return held->arena.bytes;
}
