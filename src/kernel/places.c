/* See places.h.  A table of chains by chunk, and a list by use. Whoever holds a reference reads on
 * when the cache has let go. */
#include "kernel/places.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/block.h"
#include "kernel/kernel.h"

#define SLOTS 4096u /* 2^12, as chain_of has it */

struct kept {
    struct sw_places places; /* first: what users hold */
    _Atomic uint32_t refs;
    struct sw_budget *budget;
    size_t bytes;
    struct kept *next;          /* of the chain; lock: cache */
    struct kept *newer, *older; /* lock: cache */
};

static struct {
    pthread_mutex_t lock;
    struct sw_budget *budget;
    size_t limit, bytes;
    struct kept *newest, *oldest;
    struct kept *slot[SLOTS];
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER, .limit = SW_PLACES_BYTES_MAX};

static struct kept *kept_of(struct sw_places *places)
{
    return (struct kept *)(void *)places; /* its first member */
}

static bool is_narrow(const struct sw_axis *axis)
{
    return SW_AXIS_PLACES(axis) <= SW_PLACES_NARROW;
}

/* -- making ---------------------------------------------------------------------- */

static void part_of(const struct sw_chunk *chunk, const struct sw_axis *axis,
                    struct sw_places_work *work, uint32_t start, uint32_t n, uint16_t *part)
{
    if (work->table.is_usable) {
        sw_axis_table_places(&work->table, chunk, start, n, part);
    } else {
        sw_decode_floats(chunk, start, n, work->values);
        sw_axis_places(axis, work->values, n, part);
    }
    uint16_t none = (uint16_t)(axis->bins + 2);
    for (uint32_t word = 0; word < sw_bits_words(n) && chunk->zone.nulls > 0; word++) {
        uint64_t nulls = ~chunk->valid[start / 64 + word] & sw_bits_inside(n, word);
        for (; nulls != 0; nulls &= nulls - 1) {
            part[word * 64 + (uint32_t)__builtin_ctzll(nulls)] = none;
        }
    }
}

void sw_places_make(const struct sw_chunk *chunk, const struct sw_axis *axis,
                    struct sw_places_work *work, uint8_t *narrow, uint16_t *wide)
{
    work->table.start = work->table_start;
    work->table.place = work->table_place;
    sw_axis_table_make(&work->table, axis, chunk);
    for (uint32_t start = 0; start < chunk->rows; start += SW_VECTOR_ROWS) {
        uint32_t left = chunk->rows - start;
        uint32_t n = left < SW_VECTOR_ROWS ? left : SW_VECTOR_ROWS;
        if (!is_narrow(axis)) {
            part_of(chunk, axis, work, start, n, wide + start);
            continue;
        }
        part_of(chunk, axis, work, start, n, work->part);
        for (uint32_t i = 0; i < n; i++) {
            narrow[start + i] = (uint8_t)work->part[i];
        }
    }
}

static size_t codes_bytes(const struct sw_chunk *chunk, const struct sw_axis *axis)
{
    return chunk->rows * (is_narrow(axis) ? sizeof(uint8_t) : sizeof(uint16_t));
}

static void free_kept(struct kept *kept)
{
    const void *codes = kept->places.narrow != NULL ? (const void *)kept->places.narrow
                                                    : (const void *)kept->places.wide;
    sw_block_free((void *)(uintptr_t)codes, kept->bytes - sizeof(*kept));
    sw_budget_release(kept->budget, kept->bytes);
    free(kept);
}

static struct kept *make_kept(const struct sw_chunk *chunk, const struct sw_axis *axis,
                              struct sw_places_work *work, struct sw_budget *budget)
{
    size_t size = codes_bytes(chunk, axis);
    size_t held = size + sizeof(struct kept);
    /* Where there is no room, those that nobody used for long make some. */
    if (!sw_budget_charge_spare(budget, held) &&
        (sw_places_shed(held) == 0 || !sw_budget_charge_spare(budget, held))) {
        return NULL;
    }
    struct kept *made = calloc(1, sizeof(*made));
    void *codes = sw_block_alloc(size);
    if (made == NULL || codes == NULL) {
        free(made);
        sw_block_free(codes, size);
        sw_budget_release(budget, held);
        return NULL;
    }
    made->budget = budget;
    made->bytes = held;
    made->places.chunk_id = chunk->id;
    made->places.axis_id = axis->id;
    made->places.rows = chunk->rows;
    made->places.places = SW_AXIS_PLACES(axis);
    made->places.narrow = is_narrow(axis) ? codes : NULL;
    made->places.wide = is_narrow(axis) ? NULL : codes;
    sw_places_make(chunk, axis, work, is_narrow(axis) ? codes : NULL,
                   is_narrow(axis) ? NULL : codes);
    atomic_init(&made->refs, 1);
    return made;
}

/* -- the cache; all under its lock --------------------------------------------------- */

static struct kept **chain_of(uint64_t chunk_id)
{
    return &cache.slot[(chunk_id * UINT64_C(0x9e3779b97f4a7c15)) >> 52];
}

static void unlist(struct kept *kept)
{
    *(kept->newer != NULL ? &kept->newer->older : &cache.newest) = kept->older;
    *(kept->older != NULL ? &kept->older->newer : &cache.oldest) = kept->newer;
}

static void list_newest(struct kept *kept)
{
    kept->newer = NULL;
    kept->older = cache.newest;
    *(cache.newest != NULL ? &cache.newest->newer : &cache.oldest) = kept;
    cache.newest = kept;
}

static struct kept *find(uint64_t chunk_id, const struct sw_axis *axis)
{
    for (struct kept *at = *chain_of(chunk_id); at != NULL; at = at->next) {
        if (at->places.chunk_id == chunk_id && at->places.axis_id == axis->id &&
            at->places.places == SW_AXIS_PLACES(axis)) {
            return at;
        }
    }
    return NULL;
}

/* Out of the cache, onto a list of those to let go of outside the lock. */
static void drop(struct kept *kept, struct kept **dropped)
{
    struct kept **at = chain_of(kept->places.chunk_id);
    while (*at != kept) {
        at = &(*at)->next;
    }
    *at = kept->next;
    unlist(kept);
    cache.bytes -= kept->bytes;
    kept->next = *dropped;
    *dropped = kept;
}

static void let_go(struct kept *dropped)
{
    while (dropped != NULL) {
        struct kept *next = dropped->next;
        sw_places_unref(&dropped->places);
        dropped = next;
    }
}

/* The cache's own reference is added to the caller's. Another may have made the same meanwhile:
 * then both work with their own and the first stays. */
static void enter(struct kept *kept, const struct sw_axis *axis)
{
    struct kept *dropped = NULL;
    (void)pthread_mutex_lock(&cache.lock);
    bool is_wanted = kept->bytes <= cache.limit && kept->budget == cache.budget &&
                     find(kept->places.chunk_id, axis) == NULL;
    if (is_wanted) {
        struct kept **chain = chain_of(kept->places.chunk_id);
        kept->next = *chain;
        *chain = kept;
        list_newest(kept);
        cache.bytes += kept->bytes;
        atomic_fetch_add_explicit(&kept->refs, 1, memory_order_relaxed);
        while (cache.bytes > cache.limit) {
            drop(cache.oldest, &dropped);
        }
    }
    (void)pthread_mutex_unlock(&cache.lock);
    let_go(dropped);
}

/* -- for users ---------------------------------------------------------------------------- */

struct sw_places *sw_places_find(const struct sw_chunk *chunk, const struct sw_axis *axis)
{
    (void)pthread_mutex_lock(&cache.lock);
    struct kept *kept = find(chunk->id, axis);
    if (kept != NULL) {
        unlist(kept);
        list_newest(kept);
        atomic_fetch_add_explicit(&kept->refs, 1, memory_order_relaxed);
    }
    (void)pthread_mutex_unlock(&cache.lock);
    return kept == NULL ? NULL : &kept->places;
}

struct sw_places *sw_places_of(const struct sw_chunk *chunk, const struct sw_axis *axis,
                               struct sw_places_work *work)
{
    struct sw_places *known = sw_places_find(chunk, axis);
    if (known != NULL) {
        return known;
    }
    (void)pthread_mutex_lock(&cache.lock);
    struct sw_budget *budget = cache.budget;
    bool is_kept = cache.limit > 0;
    (void)pthread_mutex_unlock(&cache.lock);
    struct kept *kept = is_kept ? make_kept(chunk, axis, work, budget) : NULL;
    if (kept == NULL) {
        return NULL;
    }
    sw_chunk_on_end(sw_places_forget);
    sw_chunk_mark(chunk);
    enter(kept, axis);
    return &kept->places;
}

void sw_places_unref(struct sw_places *places)
{
    if (places == NULL) {
        return;
    }
    struct kept *kept = kept_of(places);
    if (atomic_fetch_sub_explicit(&kept->refs, 1, memory_order_acq_rel) == 1) {
        free_kept(kept);
    }
}

size_t sw_places_shed(size_t bytes)
{
    struct kept *dropped = NULL;
    size_t before;
    size_t after;
    (void)pthread_mutex_lock(&cache.lock);
    before = cache.bytes;
    while (cache.oldest != NULL && before - cache.bytes < bytes) {
        drop(cache.oldest, &dropped);
    }
    after = cache.bytes;
    (void)pthread_mutex_unlock(&cache.lock);
    let_go(dropped);
    return before - after;
}

void sw_places_forget(uint64_t chunk_id)
{
    struct kept *dropped = NULL;
    (void)pthread_mutex_lock(&cache.lock);
    struct kept *next;
    for (struct kept *at = *chain_of(chunk_id); at != NULL; at = next) {
        next = at->next;
        if (at->places.chunk_id == chunk_id) {
            drop(at, &dropped);
        }
    }
    (void)pthread_mutex_unlock(&cache.lock);
    let_go(dropped);
}

void sw_places_keep(struct sw_budget *budget, size_t bytes)
{
    (void)sw_places_shed(SIZE_MAX);
    (void)pthread_mutex_lock(&cache.lock);
    cache.budget = budget;
    cache.limit = bytes;
    (void)pthread_mutex_unlock(&cache.lock);
}

size_t sw_places_bytes(void)
{
    (void)pthread_mutex_lock(&cache.lock);
    size_t bytes = cache.bytes;
    (void)pthread_mutex_unlock(&cache.lock);
    return bytes;
}
