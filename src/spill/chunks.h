/* chunks: sealed chunks and dictionaries of a store, each written once.
 *
 * A chunk has a key in its store that outlives the process; the store remembers which
 * chunks (by sw_chunk.id) have one, so that writing a chunk twice costs a look-up.
 * Writing behind: whoever seals chunks hands them to sw_chunks_put_work soon after, in
 * batches; a save then finds them written.  A dictionary goes along with the first
 * chunk that needs its newer entries, and only those entries are written.
 *
 * Chunks that no saved version holds are deleted by the save that no longer needs them,
 * or by the next open.  Any worker.                                                  */
#ifndef SW_SPILL_CHUNKS_H
#define SW_SPILL_CHUNKS_H

#include "spill/store.h"
#include "table/table.h"

/* Writes those that the store does not have yet, in transactions of about SW_SPILL_BATCH_BYTES. On
 * failure some may be written. */
SW_MUST_USE sw_status sw_chunks_put_work(struct sw_store *store, struct sw_chunk *const *chunks,
                                         size_t count, struct sw_err *err);
/* Is it written? Its key then. */
bool sw_chunks_key(struct sw_store *store, const struct sw_chunk *chunk, uint64_t *key);
/* The chunk of a key as a new object, charged to `budget`; its dictionary is the one that other
 * chunks of this store with the same dictionary have. SW_DAMAGED also where there is no such
 * key. */
SW_MUST_USE sw_status sw_chunks_get_work(struct sw_store *store, uint64_t key,
                                         struct sw_budget *budget, struct sw_chunk **chunk,
                                         struct sw_err *err);

/* The same for a store with a cache, without the values: they come when they are asked for. */
SW_MUST_USE sw_status sw_chunks_shell_work(struct sw_store *store, uint64_t key,
                                           struct sw_budget *budget, struct sw_chunk **chunk,
                                           struct sw_err *err);
/* The values of a chunk that was written under that key, as a chunk of their own with the same
 * dictionary and budget. */
SW_MUST_USE sw_status sw_chunks_load_work(struct sw_store *store, uint64_t key,
                                          const struct sw_chunk *chunk, struct sw_chunk **copy,
                                          struct sw_err *err);

struct sw_chunks_figures {
    uint64_t chunks;        /* written */
    uint64_t memory_bytes;  /* what they take in memory */
    uint64_t payload_bytes; /* what they take in the file, dictionaries too */
};
void sw_chunks_figures(struct sw_store *store, struct sw_chunks_figures *figures);

#endif
