/* uthash, told to report that memory ran out instead of ending the program. */
#define HASH_NONFATAL_OOM            1
#define uthash_nonfatal_oom(element) (is_out_of_memory = true)

#include "spill/chunk_map.h"

#include <stdlib.h>

void sw_chunk_map_init(struct sw_chunk_map *map)
{
    *map = (struct sw_chunk_map){.next_key = 1, .next_dict = 1};
}

void sw_chunk_map_fini(struct sw_chunk_map *map)
{
    while (map->by_key != NULL) {
        sw_chunk_map_remove(map, map->by_key);
    }
    while (map->dict_by_key != NULL) {
        sw_chunk_map_remove_dict(map, map->dict_by_key);
    }
}

struct sw_chunk_entry *sw_chunk_map_by_id(const struct sw_chunk_map *map, uint64_t id)
{
    struct sw_chunk_entry *entry;
    HASH_FIND(by_id, map->by_id, &id, sizeof(id), entry);
    return entry;
}

struct sw_chunk_entry *sw_chunk_map_by_key(const struct sw_chunk_map *map, uint64_t key)
{
    struct sw_chunk_entry *entry;
    HASH_FIND(by_key, map->by_key, &key, sizeof(key), entry);
    return entry;
}

struct sw_chunk_entry *sw_chunk_map_add(struct sw_chunk_map *map,
                                        const struct sw_chunk_entry *entry)
{
    bool is_out_of_memory = false;
    struct sw_chunk_entry *made = malloc(sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    *made = *entry;
    made->id = 0;
    HASH_ADD(by_key, map->by_key, key, sizeof(made->key), made);
    if (is_out_of_memory) {
        free(made);
        return NULL;
    }
    map->next_key = made->key >= map->next_key ? made->key + 1 : map->next_key;
    map->chunks++;
    map->memory_bytes += made->memory_bytes;
    map->payload_bytes += made->payload_bytes;
    sw_chunk_map_set_id(map, made, entry->id);
    return made;
}

/* Where memory runs out the entry stays without its id: the chunk is then written once more. */
void sw_chunk_map_set_id(struct sw_chunk_map *map, struct sw_chunk_entry *entry, uint64_t id)
{
    bool is_out_of_memory = false;
    if (entry->id != 0) {
        HASH_DELETE(by_id, map->by_id, entry);
    }
    entry->id = id;
    if (id != 0) {
        HASH_ADD(by_id, map->by_id, id, sizeof(entry->id), entry);
        entry->id = is_out_of_memory ? 0 : id;
    }
}

void sw_chunk_map_remove(struct sw_chunk_map *map, struct sw_chunk_entry *entry)
{
    sw_chunk_map_set_id(map, entry, 0);
    HASH_DELETE(by_key, map->by_key, entry);
    map->chunks--;
    map->memory_bytes -= entry->memory_bytes;
    map->payload_bytes -= entry->payload_bytes;
    free(entry);
}

struct sw_dict_entry *sw_chunk_map_dict(const struct sw_chunk_map *map, const struct sw_dict *dict)
{
    struct sw_dict_entry *entry;
    HASH_FIND(by_dict, map->dict_by_dict, &dict, sizeof(dict), entry);
    return entry;
}

struct sw_dict_entry *sw_chunk_map_dict_by_key(const struct sw_chunk_map *map, uint64_t key)
{
    struct sw_dict_entry *entry;
    HASH_FIND(by_key, map->dict_by_key, &key, sizeof(key), entry);
    return entry;
}

struct sw_dict_entry *sw_chunk_map_add_dict(struct sw_chunk_map *map, uint64_t key,
                                            struct sw_dict *dict)
{
    bool is_out_of_memory = false;
    struct sw_dict_entry *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    made->key = key;
    made->dict = dict;
    HASH_ADD(by_key, map->dict_by_key, key, sizeof(made->key), made);
    if (is_out_of_memory) {
        free(made);
        return NULL;
    }
    HASH_ADD(by_dict, map->dict_by_dict, dict, sizeof(made->dict), made);
    if (is_out_of_memory) {
        HASH_DELETE(by_key, map->dict_by_key, made);
        free(made);
        return NULL;
    }
    sw_dict_ref(dict);
    map->next_dict = key >= map->next_dict ? key + 1 : map->next_dict;
    return made;
}

void sw_chunk_map_remove_dict(struct sw_chunk_map *map, struct sw_dict_entry *entry)
{
    HASH_DELETE(by_key, map->dict_by_key, entry);
    HASH_DELETE(by_dict, map->dict_by_dict, entry);
    sw_dict_unref(entry->dict);
    free(entry);
}
