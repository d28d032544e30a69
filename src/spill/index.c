/* The index of stores: who is there, without opening anybody's file.  Made anew when it is lost or
 * damaged. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "spill/spill_priv.h"

static int64_t id_of(const char *name)
{
    return (int64_t)sw_hash_bytes(name, strlen(name), SW_INDEX_APPLICATION);
}

sw_status sw_index_put(struct sw_spill *spill, const struct sw_stored *stored, struct sw_err *err)
{
    struct sw_row row;
    sw_db_lock(spill->index);
    sw_status status = sw_row_start(&row, spill->index, SW_SQL_INDEX_PUT, err);
    if (status == SW_OK) {
        sw_row_put_int(&row, id_of(stored->name));
        sw_row_put_text(&row, sw_span_text(stored->name));
        sw_row_put_int(&row, (int64_t)stored->kind);
        sw_row_put_blob(&row, sw_span_of((const char *)stored->key, sizeof(stored->key)));
        sw_row_put_text(&row, sw_span_text(stored->app));
        sw_row_put_int(&row, stored->opened_ms);
        sw_row_put_int(&row, stored->seen_ms);
        sw_row_put_int(&row, stored->disk_bytes);
        status = sw_row_write(&row, err);
    }
    sw_db_unlock(spill->index);
    return status;
}

void sw_index_cut(struct sw_spill *spill, const char *name)
{
    struct sw_row row;
    sw_db_lock(spill->index);
    if (sw_row_start(&row, spill->index, SW_SQL_INDEX_CUT, NULL) == SW_OK) {
        sw_row_bind_int(&row, id_of(name));
        sw_status status = sw_row_run(&row, NULL);
        (void)status; /* a row without a store goes at the next start */
    }
    sw_db_unlock(spill->index);
}

static bool read_text(struct sw_row *row, char *into, size_t size)
{
    struct sw_span text = sw_row_text(row);
    bool fits = text.length < size && memchr(text.data, '\0', text.length) == NULL;
    if (fits) {
        memcpy(into, text.data, text.length);
        into[text.length] = '\0';
    }
    return fits;
}

static sw_status read_row(struct sw_row *row, struct sw_stored *stored, struct sw_err *err)
{
    *stored = (struct sw_stored){0};
    sw_row_int(row);
    bool is_good = read_text(row, stored->name, sizeof(stored->name));
    int64_t kind = sw_row_int(row);
    struct sw_span key = sw_row_blob(row);
    is_good = is_good && key.length == sizeof(stored->key);
    if (is_good) {
        memcpy(stored->key, key.data, sizeof(stored->key));
    }
    is_good = read_text(row, stored->app, sizeof(stored->app)) && is_good;
    stored->opened_ms = sw_row_int(row);
    stored->seen_ms = sw_row_int(row);
    stored->disk_bytes = sw_row_int(row);
    stored->kind = kind == SW_STORE_DATASET ? SW_STORE_DATASET : SW_STORE_SESSION;
    SW_TRY(sw_row_check(row, err));
    return is_good && sw_store_name_is_good(stored->name)
               ? SW_OK
               : sw_db_damaged(row->db, err, "a name or a key has no such length");
}

bool sw_index_get(struct sw_spill *spill, const char *name, struct sw_stored *stored)
{
    struct sw_row row;
    bool is_there = false;
    sw_db_lock(spill->index);
    if (sw_row_start(&row, spill->index, SW_SQL_INDEX_ONE, NULL) == SW_OK) {
        sw_row_bind_int(&row, id_of(name));
        is_there = sw_row_one(&row, &is_there, NULL) == SW_OK && is_there &&
                   read_row(&row, stored, NULL) == SW_OK;
        sw_row_end(&row);
    }
    sw_db_unlock(spill->index);
    return is_there;
}

/* Reads all rows into one array, so that the callee may use the index. */
static sw_status read_all(struct sw_spill *spill, struct sw_stored **all, size_t *count,
                          struct sw_err *err)
{
    struct sw_row row;
    size_t room = 0;
    SW_TRY(sw_row_start(&row, spill->index, SW_SQL_INDEX_GET, err));
    sw_status status;
    while (sw_row_next(&row, &status, err)) {
        if (*count == room) {
            room = room == 0 ? 64 : room * 2;
            struct sw_stored *more = realloc(*all, room * sizeof(**all));
            if (more == NULL) {
                status = sw_fail(err, SW_NO_MEMORY, "There is not enough memory for the index.");
                break;
            }
            *all = more;
        }
        status = read_row(&row, &(*all)[*count], err);
        if (status != SW_OK) {
            break;
        }
        ++*count;
    }
    sw_row_end(&row);
    return status;
}

/* The index as it is, if every row of it can be read; NULL where it is blank. */
static sw_status open_whole(struct sw_spill *spill, const struct sw_db_place *place,
                            struct sw_err *err)
{
    struct sw_stored *all = NULL;
    size_t count = 0;
    SW_TRY(sw_db_open(place, &spill->index, err));
    if (spill->index == NULL) {
        return SW_OK;
    }
    sw_status status = read_all(spill, &all, &count, err);
    free(all);
    if (status != SW_OK) {
        sw_db_close(spill->index);
        spill->index = NULL;
    }
    return status;
}

sw_status sw_index_open(struct sw_spill *spill, struct sw_err *err)
{
    char *path = sw_spill_path(spill->folder, "index", ".db");
    if (path == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to open the state folder.");
    }
    const struct sw_db_place place = {
        .path = path, .name = "index", .vfs = spill->vfs, .kind = SW_DB_INDEX};
    sw_status status = SW_OK;
    if (sw_file_exists(spill->vfs, path)) {
        status = open_whole(spill, &place, err);
        if (status == SW_DAMAGED || (status == SW_OK && spill->index == NULL)) {
            sw_log(SW_LOG_WARN, NULL, "spill.index made anew");
            sw_file_remove(spill->vfs, path, false);
            status = SW_OK;
        }
    }
    if (status == SW_OK && spill->index == NULL) {
        status = sw_db_create(&place, NULL, NULL, &spill->index, err);
    }
    free(path);
    return status;
}

sw_status sw_spill_each(struct sw_spill *spill, sw_stored_fn each, void *context,
                        struct sw_err *err)
{
    struct sw_stored *all = NULL;
    size_t count = 0;
    sw_db_lock(spill->index);
    sw_status status = read_all(spill, &all, &count, err);
    sw_db_unlock(spill->index);
    for (size_t i = 0; status == SW_OK && i < count; i++) {
        each(context, &all[i]);
    }
    free(all);
    return status;
}
