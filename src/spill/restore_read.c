/* The rows of a session's file as structs: lengths and numbers checked, nothing yet looked up. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "spill/restore_priv.h"
#include "spill/schema_code.h"

static sw_status no_memory(struct sw_err *err)
{
    return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to open what is stored.");
}

/* Room for one more of an array. */
static void *grow(void *array, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room) {
        return array;
    }
    uint32_t more = *room == 0 ? 16 : *room * 2;
    void *grown = more > *room ? realloc(array, more * size) : NULL;
    if (grown != NULL) {
        *room = more;
    }
    return grown;
}

#define GROW(restore, what)                                                 \
    grow((restore)->what, (restore)->what##_count, &(restore)->what##_room, \
         sizeof(*(restore)->what))

static bool keep(struct sw_arena *arena, struct sw_span text, struct sw_span *kept)
{
    const char *copy = sw_arena_text(arena, text);
    *kept = sw_span_of(copy != NULL ? copy : "", copy != NULL ? text.length : 0);
    return copy != NULL;
}

/* A blob of numbers of 8 bytes. */
static bool keep_numbers(struct sw_arena *arena, struct sw_span blob, void *numbers)
{
    void *copy = sw_arena_array(arena, blob.length / 8 + 1, 8);
    if (copy != NULL) {
        memcpy(copy, blob.data, blob.length / 8 * 8);
    }
    memcpy(numbers, &copy, sizeof(copy));
    return copy != NULL;
}

static sw_status read_columns(struct sw_restore *restore, struct sw_row *row, struct sw_err *err)
{
    int64_t id = sw_row_int(row);
    struct sw_span list = sw_row_blob(row);
    SW_TRY(sw_row_check(row, err));
    struct sw_restore_columns *all = GROW(restore, columns);
    if (all == NULL) {
        return no_memory(err);
    }
    restore->columns = all;
    struct sw_schema *schema;
    sw_status status = sw_schema_decode(list, &schema);
    if (status == SW_DAMAGED) {
        return sw_db_damaged(row->db, err, "a list of columns contradicts itself");
    }
    if (status != SW_OK) {
        return no_memory(err);
    }
    all[restore->columns_count++] = (struct sw_restore_columns){id, schema};
    return SW_OK;
}

static sw_status read_group(struct sw_restore *restore, struct sw_row *row, struct sw_err *err)
{
    struct sw_restore_group group = {.id = sw_row_int(row)};
    int64_t rows = sw_row_int(row);
    int64_t first = sw_row_int(row);
    int64_t row_ids = sw_row_int(row);
    struct sw_span keys = sw_row_blob(row);
    SW_TRY(sw_row_check(row, err));
    if (rows < 1 || rows > SW_CHUNK_ROWS || first < 0 || row_ids < 0 || keys.length % 8 != 0 ||
        keys.length == 0 || keys.length / 8 > SW_COLUMNS_MAX) {
        return sw_db_damaged(row->db, err, "a row group has no such size");
    }
    struct sw_restore_group *all = GROW(restore, group);
    if (all == NULL || !keep_numbers(&restore->arena, keys, &group.key)) {
        restore->group = all != NULL ? all : restore->group;
        return no_memory(err);
    }
    restore->group = all;
    group.rows = (uint32_t)rows;
    group.columns = (uint32_t)(keys.length / 8);
    group.first_row_id = (uint64_t)first;
    group.row_ids = (uint64_t)row_ids;
    all[restore->group_count++] = group;
    return SW_OK;
}

static sw_status read_version(struct sw_restore *restore, struct sw_row *row, struct sw_err *err)
{
    struct sw_restore_version version = {.id = sw_row_int(row)};
    int64_t number = sw_row_int(row);
    version.columns = sw_row_int(row);
    int64_t next_row_id = sw_row_int(row);
    struct sw_span groups = sw_row_blob(row);
    SW_TRY(sw_row_check(row, err));
    if (number < 0 || next_row_id < 0 || groups.length % 8 != 0 ||
        groups.length / 8 > SW_SAVED_GROUPS_MAX) {
        return sw_db_damaged(row->db, err, "a version of a table has no such size");
    }
    struct sw_restore_version *all = GROW(restore, version);
    if (all == NULL || !keep_numbers(&restore->arena, groups, &version.group)) {
        restore->version = all != NULL ? all : restore->version;
        return no_memory(err);
    }
    restore->version = all;
    version.number = (uint64_t)number;
    version.next_row_id = (uint64_t)next_row_id;
    version.groups = groups.length / 8;
    all[restore->version_count++] = version;
    return SW_OK;
}

static sw_status read_data(struct sw_restore *restore, struct sw_row *row, struct sw_err *err)
{
    struct sw_restore_data data = {0};
    int64_t id = sw_row_int(row);
    int64_t place = sw_row_int(row);
    bool is_kept = keep(&restore->state->arena, sw_row_text(row), &data.table.name);
    is_kept = keep(&restore->state->arena, sw_row_text(row), &data.table.source) && is_kept;
    is_kept = keep(&restore->state->arena, sw_row_blob(row), &data.table.facts) && is_kept;
    data.version = sw_row_int(row);
    int64_t steps = sw_row_int(row);
    int64_t done = sw_row_int(row);
    SW_TRY(sw_row_check(row, err));
    if (id < 0 || place != (int64_t)restore->data_count || place >= SW_TABLES_MAX || done < 0 ||
        steps < done || steps > UINT32_MAX) {
        return sw_db_damaged(row->db, err, "a table has no such number");
    }
    struct sw_restore_data *all = GROW(restore, data);
    if (all == NULL || !is_kept) {
        restore->data = all != NULL ? all : restore->data;
        return no_memory(err);
    }
    restore->data = all;
    data.table.id = (uint64_t)id;
    data.table.steps = (uint32_t)steps;
    data.table.done = (uint32_t)done;
    all[restore->data_count++] = data;
    return SW_OK;
}

static sw_status read_step(struct sw_restore *restore, struct sw_row *row, struct sw_err *err)
{
    struct sw_restore_step step = {0};
    sw_row_int(row);
    step.data = sw_row_int(row);
    step.before = sw_row_int(row);
    step.after = sw_row_int(row);
    bool is_kept = keep(&restore->state->arena, sw_row_text(row), &step.step.what);
    step.step.rows = (uint64_t)sw_row_int(row);
    step.step.number = (uint64_t)sw_row_int(row);
    step.step.wall_ms = sw_row_int(row);
    step.step.made_us = sw_row_int(row);
    SW_TRY(sw_row_check(row, err));
    struct sw_restore_step *all = GROW(restore, step);
    if (all == NULL || !is_kept) {
        restore->step = all != NULL ? all : restore->step;
        return no_memory(err);
    }
    restore->step = all;
    all[restore->step_count++] = step;
    return SW_OK;
}

static sw_status read_fact(struct sw_restore *restore, struct sw_row *row, struct sw_err *err)
{
    struct sw_saved_fact fact;
    sw_row_int(row);
    bool is_kept = keep(&restore->state->arena, sw_row_text(row), &fact.name);
    is_kept = keep(&restore->state->arena, sw_row_blob(row), &fact.value) && is_kept;
    SW_TRY(sw_row_check(row, err));
    struct sw_saved_fact *all = GROW(restore, fact);
    if (all == NULL || !is_kept) {
        restore->fact = all != NULL ? all : restore->fact;
        return no_memory(err);
    }
    restore->fact = all;
    all[restore->fact_count++] = fact;
    return SW_OK;
}

static sw_status read_saved(struct sw_restore *restore, struct sw_row *row, struct sw_err *err)
{
    sw_row_int(row);
    restore->seq = (uint64_t)sw_row_int(row);
    return sw_row_check(row, err);
}

typedef sw_status (*read_fn)(struct sw_restore *, struct sw_row *, struct sw_err *);

static sw_status read_table(struct sw_restore *restore, enum sw_sql sql, read_fn read,
                            struct sw_err *err)
{
    struct sw_row row;
    sw_status status;
    SW_TRY(sw_row_start(&row, restore->store->session, sql, err));
    while (sw_row_next(&row, &status, err)) {
        status = read(restore, &row, err);
        if (status != SW_OK) {
            break;
        }
    }
    sw_row_end(&row);
    return status;
}

static sw_status read_all(struct sw_restore *restore, struct sw_err *err)
{
    SW_TRY(read_table(restore, SW_SQL_SAVED_GET, read_saved, err));
    SW_TRY(read_table(restore, SW_SQL_COLUMNS_GET, read_columns, err));
    SW_TRY(read_table(restore, SW_SQL_GROUP_GET, read_group, err));
    SW_TRY(read_table(restore, SW_SQL_VERSION_GET, read_version, err));
    SW_TRY(read_table(restore, SW_SQL_DATA_GET, read_data, err));
    SW_TRY(read_table(restore, SW_SQL_STEP_GET, read_step, err));
    return read_table(restore, SW_SQL_FACT_GET, read_fact, err);
}

sw_status sw_restore_read(struct sw_restore *restore, struct sw_err *err)
{
    sw_db_lock(restore->store->session);
    sw_status status = read_all(restore, err);
    sw_db_unlock(restore->store->session);
    atomic_store_explicit(&restore->total, restore->group_count, memory_order_relaxed);
    return status;
}
