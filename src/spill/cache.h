/* cache: the chunks of a session under its memory budget.  Each chunk that is charged to the
 * budget is known here from when it is sealed until it ends:
 *
 *   UNWRITTEN  only memory has it        -> sw_cache_write_work, or a save, writes it
 *   HERE       memory and the file do    -> evicted when the budget is short (twoq.h says which)
 *   AWAY       only the file has it      -> a pin loads it (table/chunk.h)
 *
 * so taking one out is only a free.  What does not fit is asked of the cache by the budget itself
 * (sw_budget_add_shed), after partial results and indexes; above a mark below the limit the cache
 * makes room by itself, so that those have some.
 *
 * Dictionaries stay in memory: every chunk that is coded by one needs it, and kernels read its
 * entries without asking.
 *
 * A server's caches form a set: when the server's budget is short, the session that holds most
 * gives.  Any thread; the lock of a cache is held for moments and nothing is called under it that
 * takes another lock of ours.  A store may be taken away while chunks live on (its session ends):
 * pins of what is away then fail.                                                             */
#ifndef SW_SPILL_CACHE_H
#define SW_SPILL_CACHE_H

#include "spill/store.h"
#include "table/chunk.h"

struct sw_cache;
struct sw_cache_set;

SW_MUST_USE sw_status sw_cache_set_new(struct sw_budget *budget, struct sw_cache_set **set);
void sw_cache_set_free(struct sw_cache_set *set); /* empty by now; NULL accepted */

/* The keeper of the budget from now on. `set` may be NULL. `limit_bytes`: of the budget, as it is
 * in the end (it may be raised for a while). */
SW_MUST_USE sw_status sw_cache_new(struct sw_cache_set *set, struct sw_budget *budget,
                                   int64_t limit_bytes, struct sw_cache **cache);
struct sw_cache *sw_cache_ref(struct sw_cache *cache);
/* The budget ends soon: it has no keeper any more, and what is written stays where it is. */
void sw_cache_close(struct sw_cache *cache); /* NULL accepted */
void sw_cache_unref(struct sw_cache *cache); /* NULL accepted */

/* Where its chunks are; NULL: nowhere now. Waits for the loads that run. Any worker. */
void sw_cache_set_store_work(struct sw_cache *cache, struct sw_store *store);

/* Writes those that are not written, the oldest first, about `bytes` of them. */
SW_MUST_USE sw_status sw_cache_write_work(struct sw_cache *cache, struct sw_store *store,
                                          size_t bytes, struct sw_err *err);
/* Takes out so many bytes of what is written, or as many as there are: how many. */
size_t sw_cache_give_up(struct sw_cache *cache, size_t bytes);
/* Makes room up to the mark. False: there is less, and some is unwritten: once that is written
 * there will be more. */
SW_MUST_USE bool sw_cache_make_room(struct sw_cache *cache);

struct sw_cache_figures {
    uint64_t unwritten_bytes; /* of chunks only memory has */
    uint64_t here_bytes;      /* of chunks both have */
    uint64_t away_bytes;      /* of chunks only the file has: what they would take in memory */
    uint64_t loads, evictions;
    uint64_t load_us; /* that all loads took */
};
void sw_cache_figures(struct sw_cache *cache, struct sw_cache_figures *figures);
/* What was read and is not what was written: SW_DAMAGED with its words, once found. */
SW_MUST_USE sw_status sw_cache_check(struct sw_cache *cache, struct sw_err *err);

/* -- for this folder ---------------------------------------------------------------------- */

/* The chunk of a key, its values away; charged to the budget of the cache. `parts` as for
 * sw_chunk_new_away. */
SW_MUST_USE sw_status sw_cache_shell(struct sw_cache *cache, uint64_t key,
                                     const struct sw_chunk *parts, bool has_valid,
                                     bool has_spelling, size_t exceptions_size,
                                     struct sw_chunk **chunk, struct sw_err *err);
/* It is committed under that key in the store of the cache. False: it is not of the cache. */
bool sw_cache_note_written(struct sw_cache *cache, const struct sw_chunk *chunk, uint64_t key);
/* A key of a written chunk that has ended since it was asked last; 0: no more. */
uint64_t sw_cache_next_gone(struct sw_cache *cache);

#endif
