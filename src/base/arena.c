#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>

#define ARENA_BLOCK_BYTES 4096u

struct sw_arena_block {
    struct sw_arena_block *next;
    size_t used;
    size_t size;
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
        free(block);
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

static struct sw_arena_block *add_block(struct sw_arena *arena, size_t need)
{
    size_t size = arena->head == NULL ? ARENA_BLOCK_BYTES : arena->head->size * 2;
    if (size > (1u << 20)) {
        size = 1u << 20;
    }
    if (size < need) {
        size = need;
    }
    struct sw_arena_block *block = malloc(sizeof *block + size);
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

void *sw_arena_alloc(struct sw_arena *arena, size_t size)
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
    memset(result, 0, rounded);
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
    char *copy = sw_arena_alloc(arena, text.length + 1);
    if (copy != NULL && text.length > 0) {
        memcpy(copy, text.data, text.length);
    }
    return copy;
}
