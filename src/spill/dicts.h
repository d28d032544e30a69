/* dicts: dictionaries in the file of chunks: their entries in runs, in the order of their
 * codes, only ever added to.  Under `writing` (put) and the file's lock (both), inside a
 * transaction of the caller's (put).  For this folder alone.                            */
#ifndef SW_SPILL_DICTS_H
#define SW_SPILL_DICTS_H

#include "spill/chunk_map.h"
#include "spill/db.h"

/* The first `count` entries are written afterwards, and what follows them by now. */
SW_MUST_USE sw_status sw_dicts_put(struct sw_chunk_map *map, struct sw_db *db, struct sw_dict *dict,
                                   uint32_t count, uint64_t *key, struct sw_err *err);
/* The transaction is over. */
void sw_dicts_settle(struct sw_chunk_map *map, bool is_committed);
/* The dictionary of a key, read when it is not there yet; borrowed from the map. */
SW_MUST_USE sw_status sw_dicts_get(struct sw_chunk_map *map, struct sw_db *db, uint64_t key,
                                   struct sw_budget *budget, struct sw_dict **dict,
                                   struct sw_err *err);
/* Bytes that the next put of it will write, about. */
size_t sw_dicts_pending(const struct sw_chunk_map *map, const struct sw_dict *dict);

#endif
