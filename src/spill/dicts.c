#include "spill/dicts.h"

#include <stdlib.h>
#include <string.h>

#include "spill/chunk_format.h"
#include "spill/pack.h"
#include "spill/row.h"

#define RUN_BYTES   ((size_t)1 << 20) /* of texts in a run, about */
#define RUN_ENTRIES 65536u
#define RUN_MAX     ((int64_t)SW_DICT_BYTES_MAX + (int64_t)RUN_ENTRIES * 4) /* as read */

/* -- writing ---------------------------------------------------------------------------- */

/* How many entries from `first` on make a run. */
static uint32_t run_length(const struct sw_dict *dict, uint32_t first, uint32_t end)
{
    size_t bytes = 0;
    uint32_t at = first;
    while (at < end && at - first < RUN_ENTRIES && bytes < RUN_BYTES) {
        bytes += sw_dict_at(dict, at++).length;
    }
    return at - first;
}

static void put_lengths_and_texts(const struct sw_dict *dict, uint32_t first, uint32_t count,
                                  struct sw_buf *out)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t length = (uint32_t)sw_dict_at(dict, first + i).length;
        sw_buf_put(out, &length, sizeof(length));
    }
    for (uint32_t i = 0; i < count; i++) {
        struct sw_span text = sw_dict_at(dict, first + i);
        sw_buf_put(out, text.data, text.length);
    }
}

static int64_t run_id(uint64_t key, uint32_t first)
{
    return (int64_t)(key << 32 | first);
}

static sw_status write_run(struct sw_db *db, const struct sw_dict_entry *entry, uint32_t count,
                           struct sw_err *err)
{
    struct sw_buf plain;
    struct sw_buf packed;
    struct sw_row row;
    sw_buf_init(&plain);
    sw_buf_init(&packed);
    put_lengths_and_texts(entry->dict, entry->stored, count, &plain);
    bool is_packed = !plain.failed && sw_pack(SW_PACK_TEXT, sw_buf_peek(&plain), &packed);
    sw_status status = plain.failed ? sw_fail(err, SW_NO_MEMORY,
                                              "There is not enough memory to store a dictionary.")
                                    : sw_row_start(&row, db, SW_SQL_ENTRIES_PUT, err);
    if (status == SW_OK) {
        sw_row_put_int(&row, run_id(entry->key, entry->stored));
        sw_row_put_int(&row, count);
        sw_row_put_int(&row, is_packed ? SW_CODEC_LZ4 : SW_CODEC_NONE);
        sw_row_put_int(&row, (int64_t)plain.length);
        sw_row_put_blob(&row, sw_buf_peek(is_packed ? &packed : &plain));
        status = sw_row_write(&row, err);
    }
    sw_buf_fini(&plain);
    sw_buf_fini(&packed);
    return status;
}

sw_status sw_dicts_put(struct sw_chunk_map *map, struct sw_db *db, struct sw_dict *dict,
                       uint32_t count, uint64_t *key, struct sw_err *err)
{
    struct sw_dict_entry *entry = sw_chunk_map_dict(map, dict);
    if (entry == NULL) {
        entry = sw_chunk_map_add_dict(map, map->next_dict, dict);
        if (entry == NULL) {
            return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to store a dictionary.");
        }
    }
    *key = entry->key;
    uint32_t end = sw_dict_count(dict);
    sw_assert(count <= end);
    while (entry->stored < count) {
        uint32_t run = run_length(dict, entry->stored, end);
        SW_TRY(write_run(db, entry, run, err));
        entry->stored += run;
    }
    return SW_OK;
}

void sw_dicts_settle(struct sw_chunk_map *map, bool is_committed)
{
    struct sw_dict_entry *entry;
    struct sw_dict_entry *next;
    HASH_ITER (by_key, map->dict_by_key, entry, next) {
        if (is_committed) {
            entry->committed = entry->stored;
        } else {
            entry->stored = entry->committed;
        }
    }
}

size_t sw_dicts_pending(const struct sw_chunk_map *map, const struct sw_dict *dict)
{
    const struct sw_dict_entry *entry = sw_chunk_map_dict(map, dict);
    return entry != NULL && entry->stored == sw_dict_count(dict) ? 0 : sw_dict_bytes(dict);
}

/* -- reading ---------------------------------------------------------------------------- */

/* The entries must come out with the codes that they had: one that is there twice would not. */
static sw_status intern_run(struct sw_db *db, struct sw_dict *dict, uint32_t first, uint32_t count,
                            const char *bytes, size_t size, struct sw_err *err)
{
    const char *text = bytes + count * sizeof(uint32_t);
    size_t left = size - count * sizeof(uint32_t);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t length;
        uint32_t code;
        memcpy(&length, bytes + i * sizeof(length), sizeof(length));
        if (length > left || length > SW_FIELD_BYTES_MAX) {
            return sw_db_damaged(db, err, "a run of a dictionary is shorter than its texts");
        }
        sw_status status = sw_dict_intern(dict, sw_span_of(text, length), &code);
        if (status != SW_OK) {
            return sw_fail(err, status, "There is not enough memory for a dictionary.");
        }
        if (code != first + i) {
            return sw_db_damaged(db, err, "a dictionary has an entry twice");
        }
        text += length;
        left -= length;
    }
    return left == 0 ? SW_OK
                     : sw_db_damaged(db, err, "a run of a dictionary is longer than its texts");
}

static sw_status read_run(struct sw_row *row, uint64_t key, struct sw_dict *dict,
                          struct sw_err *err)
{
    struct sw_db *db = row->db;
    uint32_t first = sw_dict_count(dict);
    int64_t id = sw_row_int(row);
    int64_t count = sw_row_int(row);
    int64_t codec = sw_row_int(row);
    int64_t size = sw_row_int(row);
    struct sw_span bytes = sw_row_blob(row);
    SW_TRY(sw_row_check(row, err));
    if (id != run_id(key, first) || count < 1 || count > RUN_ENTRIES || size > RUN_MAX ||
        size < count * (int64_t)sizeof(uint32_t) || codec < 0 || codec >= SW_CODEC_COUNT ||
        (codec == SW_CODEC_NONE && bytes.length != (size_t)size)) {
        return sw_db_damaged(db, err, "a run of a dictionary is missing or has no such length");
    }
    if (codec == SW_CODEC_NONE) {
        return intern_run(db, dict, first, (uint32_t)count, bytes.data, bytes.length, err);
    }
    char *plain = malloc((size_t)size);
    if (plain == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory for a dictionary.");
    }
    sw_status status = sw_unpack(bytes, plain, (size_t)size)
                           ? intern_run(db, dict, first, (uint32_t)count, plain, (size_t)size, err)
                           : sw_db_damaged(db, err, "a run of a dictionary cannot be unpacked");
    free(plain);
    return status;
}

static sw_status read_runs(struct sw_db *db, uint64_t key, struct sw_dict *dict, struct sw_err *err)
{
    struct sw_row row;
    sw_status status;
    SW_TRY(sw_row_start(&row, db, SW_SQL_ENTRIES_GET, err));
    sw_row_bind_int(&row, run_id(key, 0));
    sw_row_bind_int(&row, run_id(key, UINT32_MAX));
    sw_dict_write_begin(dict);
    while (sw_row_next(&row, &status, err)) {
        status = read_run(&row, key, dict, err);
        if (status != SW_OK) {
            break;
        }
    }
    sw_dict_write_end(dict);
    sw_row_end(&row);
    return status;
}

sw_status sw_dicts_get(struct sw_chunk_map *map, struct sw_db *db, uint64_t key,
                       struct sw_budget *budget, struct sw_dict **dict, struct sw_err *err)
{
    struct sw_dict_entry *entry = sw_chunk_map_dict_by_key(map, key);
    if (entry != NULL) {
        *dict = entry->dict;
        return SW_OK;
    }
    if (key == 0 || key > INT32_MAX) {
        return sw_db_damaged(db, err, "a chunk names a dictionary that cannot be");
    }
    struct sw_dict *made;
    SW_TRY(sw_dict_new(budget, &made, err));
    sw_status status = read_runs(db, key, made, err);
    if (status == SW_OK) {
        entry = sw_chunk_map_add_dict(map, key, made);
        status = entry != NULL
                     ? SW_OK
                     : sw_fail(err, SW_NO_MEMORY, "There is not enough memory for a dictionary.");
    }
    if (status == SW_OK) {
        entry->stored = entry->committed = sw_dict_count(made);
        *dict = made;
    }
    sw_dict_unref(made); /* the map holds it */
    return status;
}
