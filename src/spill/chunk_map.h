/* chunk_map: which chunks and dictionaries of a store are written, under which keys.
 * Under the lock of the file of chunks.  For this folder alone.                      */
#ifndef SW_SPILL_CHUNK_MAP_H
#define SW_SPILL_CHUNK_MAP_H

#include <uthash.h>

#include "table/chunk.h"

/* A chunk that so many saves in a row did not hold goes: one that was written behind waits for the
 * save that does hold it. */
#define SW_IDLE_SAVES_MAX 2u

struct sw_chunk_entry {
    uint64_t key;
    uint64_t id;     /* of the chunk in this process; 0: not read yet */
    uint64_t dict;   /* its dictionary's key; 0: none */
    uint32_t refs;   /* row groups of the last save that hold it */
    uint32_t idle;   /* saves that have passed without one */
    bool is_held;    /* by a chunk of this process whose values may be nowhere else: it stays */
    bool is_leaving; /* being swept */
    size_t memory_bytes, payload_bytes;
    UT_hash_handle by_id, by_key;
};

struct sw_dict_entry {
    uint64_t key;
    struct sw_dict *dict; /* counted: so its address means it and no other */
    uint32_t stored;      /* its first entries that are written, */
    uint32_t committed;   /* and those that stay so if the transaction fails */
    bool is_used;         /* by a chunk: for the sweep */
    UT_hash_handle by_dict, by_key;
};

struct sw_chunk_map {
    struct sw_chunk_entry *by_id, *by_key; /* owned */
    struct sw_dict_entry *dict_by_dict, *dict_by_key;
    uint64_t next_key, next_dict; /* never used again: a crash may skip some */
    uint64_t chunks, memory_bytes, payload_bytes;
};

void sw_chunk_map_init(struct sw_chunk_map *map);
void sw_chunk_map_fini(struct sw_chunk_map *map); /* gives the dictionaries back */

struct sw_chunk_entry *sw_chunk_map_by_id(const struct sw_chunk_map *map, uint64_t id);
struct sw_chunk_entry *sw_chunk_map_by_key(const struct sw_chunk_map *map, uint64_t key);
/* A copy goes in; NULL: no memory. */
struct sw_chunk_entry *sw_chunk_map_add(struct sw_chunk_map *map,
                                        const struct sw_chunk_entry *entry);
/* It has been read: its chunk in this process is `id`. */
void sw_chunk_map_set_id(struct sw_chunk_map *map, struct sw_chunk_entry *entry, uint64_t id);
void sw_chunk_map_remove(struct sw_chunk_map *map, struct sw_chunk_entry *entry);

struct sw_dict_entry *sw_chunk_map_dict(const struct sw_chunk_map *map, const struct sw_dict *dict);
struct sw_dict_entry *sw_chunk_map_dict_by_key(const struct sw_chunk_map *map, uint64_t key);
/* Adds a reference to the dictionary; NULL: no memory. */
struct sw_dict_entry *sw_chunk_map_add_dict(struct sw_chunk_map *map, uint64_t key,
                                            struct sw_dict *dict);
void sw_chunk_map_remove_dict(struct sw_chunk_map *map, struct sw_dict_entry *entry);

#endif
