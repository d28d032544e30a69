#include "spill/cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/obj.h"
#include "base/thread.h"
#include "spill/chunks.h"
#include "spill/spill_priv.h"
#include "spill/twoq.h"

#define EVICTED_AT_ONCE 32u        /* chunks between two looks at the lock */
#define SLACK           (1u << 20) /* more than was asked for, so that the next does not ask */
#define MARK_SHARE      4u         /* of a session's limit, that the cache keeps free of chunks */
#define SET_MARK_SHARE  8u         /* of the server's */

/* A chunk's home. */
struct sw_cached {
    struct sw_chunk_home home; /* first */
    struct sw_cache *cache;    /* counted */
    struct sw_chunk *chunk;    /* it owns this */
    uint64_t key;              /* lock; 0: unwritten */
    bool is_writing;           /* lock */
    struct sw_twoq_item item;  /* lock */
};

struct sw_cache {
    struct sw_chunk_keeper keeper; /* first */
    _Atomic uint32_t refs;
    struct sw_cache_set *set;
    struct sw_cache *next, **link; /* lock: of the set */
    struct sw_budget *budget;
    int64_t mark;  /* used bytes above which it makes room */
    uint64_t much; /* unwritten bytes that are worth a batch then */
    pthread_rwlock_t store_lock;
    struct sw_store *store; /* lock: store_lock */
    pthread_mutex_t lock;
    struct sw_twoq here;             /* lock */
    struct sw_twoq unwritten;        /* lock; all in NEW */
    struct sw_cache_figures figures; /* lock; here_bytes aside */
    uint64_t *gone;                  /* lock; keys; owned */
    size_t gone_count, gone_room;    /* lock */
    struct sw_err damage;            /* lock */
    _Atomic bool is_damaged;
};

struct sw_cache_set {
    struct sw_budget *budget;
    pthread_mutex_t lock; /* taken before a cache's */
    struct sw_cache *first;
};

#define CACHED_OF(that) \
    ((struct sw_cached *)(void *)((char *)(that)-offsetof(struct sw_cached, item)))

static void lock(struct sw_cache *cache)
{
    sw_assert(pthread_mutex_lock(&cache->lock) == 0);
}

static void unlock(struct sw_cache *cache)
{
    sw_assert(pthread_mutex_unlock(&cache->lock) == 0);
}

/* -- taking out ------------------------------------------------------------------------------ */

/* A batch of those that may go; under the lock. How many, their bytes in *freed. */
static size_t take_out(struct sw_cache *cache, size_t bytes, struct sw_chunk_values *values,
                       size_t *freed)
{
    size_t count = 0;
    size_t looks = 2 * sw_twoq_count(&cache->here); /* a used one is looked at twice */
    for (; looks > 0 && *freed < bytes && count < EVICTED_AT_ONCE; looks--) {
        struct sw_twoq_item *item = sw_twoq_oldest(&cache->here);
        if (item == NULL) {
            break;
        }
        struct sw_chunk *chunk = CACHED_OF(item)->chunk;
        bool is_used = item->place == SW_TWOQ_HOT &&
                       atomic_exchange_explicit(&chunk->is_used, false, memory_order_relaxed);
        size_t out = is_used ? 0 : sw_chunk_evict(chunk, &values[count]);
        if (out == 0) {
            sw_twoq_spare(&cache->here, item);
            continue;
        }
        sw_twoq_leave(&cache->here, item);
        cache->figures.away_bytes += item->bytes;
        cache->figures.evictions++;
        *freed += out;
        count++;
    }
    return count;
}

size_t sw_cache_give_up(struct sw_cache *cache, size_t bytes)
{
    struct sw_chunk_values values[EVICTED_AT_ONCE];
    size_t given = 0;
    size_t count;
    do {
        lock(cache);
        count = take_out(cache, bytes, values, &given);
        unlock(cache);
        for (size_t i = 0; i < count; i++) {
            sw_chunk_values_free(&values[i]);
        }
    } while (count > 0 && given < bytes);
    return given;
}

static size_t with_slack(size_t bytes)
{
    return bytes > SIZE_MAX - SLACK ? SIZE_MAX : bytes + SLACK;
}

static size_t shed(void *context, size_t bytes)
{
    return sw_cache_give_up(context, with_slack(bytes));
}

static size_t bytes_here(struct sw_cache *cache)
{
    lock(cache);
    size_t bytes = sw_twoq_bytes(&cache->here);
    unlock(cache);
    return bytes;
}

/* From the session that holds most. */
static size_t shed_any(void *context, size_t bytes)
{
    struct sw_cache_set *set = context;
    struct sw_cache *largest = NULL;
    size_t most = 0;
    sw_assert(pthread_mutex_lock(&set->lock) == 0);
    for (struct sw_cache *at = set->first; at != NULL; at = at->next) {
        size_t here = bytes_here(at);
        largest = here > most ? at : largest;
        most = here > most ? here : most;
    }
    size_t given = largest != NULL ? sw_cache_give_up(largest, with_slack(bytes)) : 0;
    sw_assert(pthread_mutex_unlock(&set->lock) == 0);
    return given;
}

/* Bytes by which what is used is above the marks, at the price of cold chunks. */
static int64_t bring_down(struct sw_cache *cache)
{
    int64_t over = sw_budget_used(cache->budget) - cache->mark;
    if (over > 0) {
        (void)sw_cache_give_up(cache, (size_t)over);
        over = sw_budget_used(cache->budget) - cache->mark;
    }
    struct sw_budget *all = cache->budget->parent;
    int64_t all_over = 0;
    if (cache->set != NULL && all == cache->set->budget) {
        int64_t mark = all->limit - all->limit / SET_MARK_SHARE;
        all_over = sw_budget_used(all) - mark;
        if (all_over > 0 && shed_any(cache->set, (size_t)all_over) > 0) {
            all_over = sw_budget_used(all) - mark;
        }
    }
    return over > all_over ? over : all_over;
}

bool sw_cache_make_room(struct sw_cache *cache)
{
    if (bring_down(cache) <= 0) {
        return true;
    }
    lock(cache);
    bool is_all_written = cache->figures.unwritten_bytes == 0;
    unlock(cache);
    return is_all_written;
}

/* -- a chunk's home -------------------------------------------------------------------------- */

static void note_damage(struct sw_cache *cache, const struct sw_err *err)
{
    lock(cache);
    if (!atomic_load_explicit(&cache->is_damaged, memory_order_relaxed)) {
        cache->damage = *err;
        atomic_store_explicit(&cache->is_damaged, true, memory_order_release);
    }
    unlock(cache);
}

static sw_status load(struct sw_chunk_home *home, const struct sw_chunk *chunk,
                      struct sw_chunk **copy, struct sw_err *err)
{
    struct sw_cached *cached = (struct sw_cached *)home;
    struct sw_cache *cache = cached->cache;
    struct sw_err local;
    err = err != NULL ? err : &local;
    int64_t begun_us = sw_clock_us(&sw_clock_system);
    sw_assert(pthread_rwlock_rdlock(&cache->store_lock) == 0);
    sw_status status = cache->store == NULL
                           ? sw_fail(err, SW_STORAGE, "The session's file is closed.")
                           : sw_chunks_load_work(cache->store, cached->key, chunk, copy, err);
    sw_assert(pthread_rwlock_unlock(&cache->store_lock) == 0);
    if (status == SW_DAMAGED) {
        note_damage(cache, err);
    }
    lock(cache);
    cache->figures.loads += status == SW_OK;
    cache->figures.load_us += (uint64_t)(sw_clock_us(&sw_clock_system) - begun_us);
    unlock(cache);
    return status;
}

static void loaded(struct sw_chunk_home *home)
{
    struct sw_cached *cached = (struct sw_cached *)home;
    struct sw_cache *cache = cached->cache;
    lock(cache);
    cache->figures.away_bytes -= cached->item.bytes;
    sw_twoq_come(&cache->here, &cached->item);
    unlock(cache);
    (void)bring_down(cache);
}

/* Where memory for its key is short, the chunk's place in the file stays taken. */
static void add_gone(struct sw_cache *cache, uint64_t key)
{
    if (cache->gone_count == cache->gone_room) {
        size_t room = cache->gone_room == 0 ? 64 : cache->gone_room * 2;
        uint64_t *more = realloc(cache->gone, room * sizeof(*more));
        if (more == NULL) {
            return;
        }
        cache->gone = more;
        cache->gone_room = room;
    }
    cache->gone[cache->gone_count++] = key;
}

static void forget(struct sw_chunk_home *home)
{
    struct sw_cached *cached = (struct sw_cached *)home;
    struct sw_cache *cache = cached->cache;
    bool is_here = cached->chunk != NULL && sw_chunk_is_here(cached->chunk);
    lock(cache);
    sw_assert(!cached->is_writing);
    if (cached->key == 0) {
        sw_twoq_remove(&cache->unwritten, &cached->item);
        cache->figures.unwritten_bytes -= cached->item.bytes;
    } else {
        sw_twoq_remove(&cache->here, &cached->item);
        cache->figures.away_bytes -= is_here ? 0 : cached->item.bytes;
        add_gone(cache, cached->key);
    }
    unlock(cache);
    free(cached);
    sw_cache_unref(cache);
}

static const struct sw_chunk_home_ops home_ops = {load, loaded, forget};

static struct sw_cached *new_cached(struct sw_cache *cache, size_t held_bytes)
{
    struct sw_cached *made = calloc(1, sizeof(*made));
    if (made != NULL) {
        made->home.ops = &home_ops;
        made->cache = sw_cache_ref(cache);
        made->item.bytes = held_bytes - sizeof(struct sw_chunk);
    }
    return made;
}

sw_status sw_cache_shell(struct sw_cache *cache, uint64_t key, const struct sw_chunk *parts,
                         bool has_valid, bool has_spelling, size_t exceptions_size,
                         struct sw_chunk **chunk, struct sw_err *err)
{
    struct sw_cached *made = new_cached(cache, sizeof(struct sw_chunk));
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to open a table.");
    }
    made->key = key;
    SW_TRY(sw_chunk_new_away(parts, has_valid, has_spelling, exceptions_size, &made->home, chunk,
                             err));
    lock(cache);
    made->chunk = *chunk;
    made->item.bytes = (*chunk)->held_bytes - sizeof(struct sw_chunk);
    cache->figures.away_bytes += made->item.bytes;
    unlock(cache);
    return SW_OK;
}

/* -- writing --------------------------------------------------------------------------------- */

bool sw_cache_note_written(struct sw_cache *cache, const struct sw_chunk *chunk, uint64_t key)
{
    struct sw_cached *cached = (struct sw_cached *)chunk->home;
    if (cached == NULL || cached->home.ops != &home_ops || cached->cache != cache) {
        return false;
    }
    lock(cache);
    if (cached->key == 0) {
        sw_twoq_remove(&cache->unwritten, &cached->item);
        cache->figures.unwritten_bytes -= cached->item.bytes;
        sw_twoq_come(&cache->here, &cached->item);
    } else if (cached->key != key) {
        add_gone(cache, cached->key);
    }
    cached->key = key;
    unlock(cache);
    return true;
}

/* The oldest unwritten ones, each with a reference. */
static sw_status take_unwritten(struct sw_cache *cache, size_t bytes, struct sw_chunk ***chunks,
                                size_t *count)
{
    size_t taken = 0;
    *count = 0;
    lock(cache);
    size_t room = cache->unwritten.list[SW_TWOQ_NEW].count;
    *chunks = malloc((room + 1) * sizeof(**chunks));
    for (; *chunks != NULL && room > 0 && taken < bytes; room--) {
        struct sw_twoq_item *item = sw_twoq_oldest(&cache->unwritten);
        struct sw_cached *cached = CACHED_OF(item);
        sw_twoq_remove(&cache->unwritten, item);
        if (sw_chunk_ref_living(cached->chunk)) { /* else it is about to leave by itself */
            cached->is_writing = true;
            taken += item->bytes;
            (*chunks)[(*count)++] = cached->chunk;
        }
    }
    unlock(cache);
    return *chunks != NULL ? SW_OK : SW_NO_MEMORY;
}

/* What was not written waits again. */
static void put_back(struct sw_cache *cache, struct sw_chunk *const *chunks, size_t count)
{
    lock(cache);
    for (size_t i = 0; i < count; i++) {
        struct sw_cached *cached = (struct sw_cached *)chunks[i]->home;
        cached->is_writing = false;
        if (cached->key == 0 && cached->item.place == SW_TWOQ_OUT) {
            sw_twoq_come(&cache->unwritten, &cached->item);
        }
    }
    unlock(cache);
}

sw_status sw_cache_write_work(struct sw_cache *cache, struct sw_store *store, size_t bytes,
                              struct sw_err *err)
{
    struct sw_chunk **chunks;
    size_t count;
    sw_assert_worker();
    if (take_unwritten(cache, bytes, &chunks, &count) != SW_OK) {
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to store this.");
    }
    sw_status status = sw_chunks_put_work(store, chunks, count, err);
    put_back(cache, chunks, count);
    for (size_t i = 0; i < count; i++) {
        sw_chunk_unref(chunks[i]);
    }
    free(chunks);
    return status;
}

/* Above the mark, and much is unwritten: whoever makes more writes it himself, before he makes
 * still more.  On the loop nobody waits for the disk. */
static void relieve(struct sw_cache *cache)
{
    if (sw_budget_used(cache->budget) <= cache->mark || sw_thread_kind() != SW_THREAD_WORKER ||
        bring_down(cache) <= 0) {
        return;
    }
    lock(cache);
    bool is_much = cache->figures.unwritten_bytes > cache->much;
    unlock(cache);
    if (!is_much) {
        return;
    }
    struct sw_err err;
    sw_assert(pthread_rwlock_rdlock(&cache->store_lock) == 0);
    if (cache->store != NULL &&
        sw_cache_write_work(cache, cache->store, SW_SPILL_BATCH_BYTES, &err) != SW_OK) {
        sw_log(SW_LOG_WARN, sw_store_name(cache->store), "spill failed reason=\"%s\"", err.message);
    }
    sw_assert(pthread_rwlock_unlock(&cache->store_lock) == 0);
    (void)bring_down(cache);
}

/* A chunk without a home, for want of memory, stays in memory. */
static void adopt(struct sw_chunk_keeper *keeper, struct sw_chunk *chunk)
{
    struct sw_cache *cache = (struct sw_cache *)keeper;
    struct sw_cached *made = new_cached(cache, chunk->held_bytes);
    if (made == NULL) {
        return;
    }
    made->chunk = chunk;
    chunk->home = &made->home;
    lock(cache);
    sw_twoq_come(&cache->unwritten, &made->item);
    cache->figures.unwritten_bytes += made->item.bytes;
    unlock(cache);
    relieve(cache);
}

uint64_t sw_cache_next_gone(struct sw_cache *cache)
{
    lock(cache);
    uint64_t key = cache->gone_count == 0 ? 0 : cache->gone[--cache->gone_count];
    unlock(cache);
    return key;
}

/* -- figures --------------------------------------------------------------------------------- */

void sw_cache_figures(struct sw_cache *cache, struct sw_cache_figures *figures)
{
    lock(cache);
    *figures = cache->figures;
    figures->here_bytes = sw_twoq_bytes(&cache->here);
    unlock(cache);
}

sw_status sw_cache_check(struct sw_cache *cache, struct sw_err *err)
{
    if (!atomic_load_explicit(&cache->is_damaged, memory_order_acquire)) {
        return SW_OK;
    }
    lock(cache);
    *err = cache->damage;
    unlock(cache);
    return SW_DAMAGED;
}

/* -- lifetime -------------------------------------------------------------------------------- */

void sw_cache_set_store_work(struct sw_cache *cache, struct sw_store *store)
{
    sw_assert(pthread_rwlock_wrlock(&cache->store_lock) == 0);
    cache->store = store;
    if (store != NULL) {
        store->cache = cache;
    }
    sw_assert(pthread_rwlock_unlock(&cache->store_lock) == 0);
}

sw_status sw_cache_new(struct sw_cache_set *set, struct sw_budget *budget, int64_t limit_bytes,
                       struct sw_cache **cache)
{
    struct sw_cache *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->keeper.adopt = adopt;
    atomic_init(&made->refs, 1);
    made->set = set;
    made->budget = budget;
    made->mark = limit_bytes - limit_bytes / MARK_SHARE;
    made->much = (uint64_t)limit_bytes / SW_BEHIND_SHARE / 2;
    sw_assert(pthread_rwlock_init(&made->store_lock, NULL) == 0);
    sw_assert(pthread_mutex_init(&made->lock, NULL) == 0);
    sw_twoq_init(&made->here, (size_t)limit_bytes / 2);
    sw_twoq_init(&made->unwritten, 0);
    if (set != NULL) {
        sw_assert(pthread_mutex_lock(&set->lock) == 0);
        made->next = set->first;
        made->link = &set->first;
        if (made->next != NULL) {
            made->next->link = &made->next;
        }
        set->first = made;
        sw_assert(pthread_mutex_unlock(&set->lock) == 0);
    }
    sw_budget_add_last_shed(budget, shed, made);
    budget->keeper = &made->keeper;
    *cache = made;
    return SW_OK;
}

struct sw_cache *sw_cache_ref(struct sw_cache *cache)
{
    atomic_fetch_add_explicit(&cache->refs, 1, memory_order_relaxed);
    return cache;
}

void sw_cache_close(struct sw_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    struct sw_cache_set *set = cache->set;
    cache->budget->keeper = NULL;
    sw_budget_remove_shed(cache->budget, shed);
    if (set != NULL) {
        sw_assert(pthread_mutex_lock(&set->lock) == 0);
        *cache->link = cache->next;
        if (cache->next != NULL) {
            cache->next->link = cache->link;
        }
        sw_assert(pthread_mutex_unlock(&set->lock) == 0);
    }
    sw_cache_unref(cache);
}

void sw_cache_unref(struct sw_cache *cache)
{
    if (cache == NULL || atomic_fetch_sub_explicit(&cache->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    pthread_rwlock_destroy(&cache->store_lock);
    pthread_mutex_destroy(&cache->lock);
    free(cache->gone);
    free(cache);
}

sw_status sw_cache_set_new(struct sw_budget *budget, struct sw_cache_set **set)
{
    struct sw_cache_set *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->budget = budget;
    sw_assert(pthread_mutex_init(&made->lock, NULL) == 0);
    sw_budget_add_last_shed(budget, shed_any, made);
    *set = made;
    return SW_OK;
}

void sw_cache_set_free(struct sw_cache_set *set)
{
    if (set == NULL) {
        return;
    }
    sw_assert(set->first == NULL);
    sw_budget_remove_shed(set->budget, shed_any);
    pthread_mutex_destroy(&set->lock);
    free(set);
}
