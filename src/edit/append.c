/* table.append: new rows make a row group at the end.  Small groups before it are taken into it
 * where they are at most twice its size, so that many small appends leave few groups and a row is
 * copied only as often as its group grows by half.                                              */
#include <stdlib.h>

#include "edit/edit_priv.h"

#define KNOWN_MAX 64u  /* names of a row that are remembered */
#define TEXTS     256u /* strings that are put at once */

/* One value that was given. */
struct cell {
    uint32_t row;
    const struct sw_json *json;
};

struct append {
    uint32_t rows; /* new ones */
    /* `columns`: */
    const struct sw_json **list; /* [columns] the values of each; NULL: all null; owned */
    /* `rows`: */
    uint32_t *start;   /* [columns + 1]: where a column's cells begin; owned */
    struct cell *cell; /* by column, then by row; owned */
};

/* The new values of one column, in order. */
struct cells {
    const struct sw_json *list;
    const struct cell *next, *end;
};

/* -- cells ------------------------------------------------------------------------------ */

static sw_status too_many(size_t rows, struct sw_err *err)
{
    return sw_fail_limit(err, "append_rows", (int64_t)rows, SW_CHUNK_ROWS,
                         "append in several calls, or upload a file");
}

static sw_status need_column(const struct sw_edit *edit, struct sw_span name, uint32_t *column,
                             struct sw_err *err)
{
    SW_TRY(sw_schema_need(edit->version->schema, name, column, err));
    return sw_edit_need_values(edit->version->schema, *column, err);
}

static bool make_arrays(struct append *append, uint32_t columns, size_t cells)
{
    append->start = calloc(columns + (size_t)2, sizeof *append->start);
    append->cell = malloc((cells + 1) * sizeof *append->cell);
    return append->start != NULL && append->cell != NULL;
}

static sw_status read_columns(struct sw_edit *edit, struct append *append, struct sw_err *err)
{
    const struct sw_json *columns = edit->op->columns;
    size_t rows = 0;
    for (size_t i = 0; i < columns->u.list.count; i++) {
        const struct sw_json *list = &columns->u.list.items[i];
        if (list->kind != SW_JSON_ARRAY) {
            return sw_fail(err, SW_PARAMS, "table.append: `%.*s` is not a list of values",
                           sw_edit_shown(list->key, 60), list->key.data);
        }
        if (i > 0 && list->u.list.count != rows) {
            return sw_fail(err, SW_PARAMS,
                           "table.append: the lists differ in length: `%.*s` has %zu values, the "
                           "first has %zu",
                           sw_edit_shown(list->key, 60), list->key.data, list->u.list.count, rows);
        }
        rows = list->u.list.count;
    }
    if (rows > SW_CHUNK_ROWS) {
        return too_many(rows, err);
    }
    append->rows = (uint32_t)rows;
    append->list = calloc(edit->version->schema->columns, sizeof *append->list);
    if (append->list == NULL) {
        return sw_edit_no_memory(err);
    }
    for (size_t i = 0; i < columns->u.list.count; i++) {
        uint32_t column;
        SW_TRY(need_column(edit, columns->u.list.items[i].key, &column, err));
        append->list[column] = columns->u.list.items[i].u.list.items;
    }
    return SW_OK;
}

/* A row's names are mostly those of the row before, in the same order and the same memory
 * (wire/decode.c). */
struct known {
    const char *name[KNOWN_MAX];
    uint32_t column[KNOWN_MAX];
};

static inline sw_status find_column(const struct sw_edit *edit, struct known *known, size_t place,
                                    struct sw_span name, uint32_t *column, struct sw_err *err)
{
    if (place < KNOWN_MAX && known->name[place] == name.data && name.length > 0) {
        *column = known->column[place];
        return SW_OK;
    }
    SW_TRY(need_column(edit, name, column, err));
    if (place < KNOWN_MAX) {
        known->name[place] = name.data;
        known->column[place] = *column;
    }
    return SW_OK;
}

/* Counts the cells of each column into start[column + 1], and all of them. */
static sw_status count_cells(const struct sw_edit *edit, const struct sw_json *rows,
                             uint32_t *start, struct sw_err *err)
{
    struct known known = {0};
    for (size_t i = 0; i < rows->u.list.count; i++) {
        const struct sw_json *row = &rows->u.list.items[i];
        if (row->kind != SW_JSON_OBJECT) {
            return sw_fail(err, SW_PARAMS,
                           "table.append: rows is a list of objects {column: value}; item %zu is "
                           "none",
                           i + 1);
        }
        for (size_t j = 0; j < row->u.list.count; j++) {
            uint32_t column;
            SW_TRY(find_column(edit, &known, j, row->u.list.items[j].key, &column, err));
            start[column + 1]++;
        }
    }
    return SW_OK;
}

static sw_status read_rows(struct sw_edit *edit, struct append *append, struct sw_err *err)
{
    const struct sw_json *rows = edit->op->rows;
    uint32_t columns = edit->version->schema->columns;
    struct known known = {0};
    size_t cells = 0;
    if (rows->u.list.count > SW_CHUNK_ROWS) {
        return too_many(rows->u.list.count, err);
    }
    append->rows = (uint32_t)rows->u.list.count;
    for (size_t i = 0; i < rows->u.list.count; i++) {
        cells +=
            rows->u.list.items[i].kind == SW_JSON_OBJECT ? rows->u.list.items[i].u.list.count : 0;
    }
    if (cells >= UINT32_MAX) {
        return too_many(cells, err);
    }
    if (!make_arrays(append, columns, cells)) {
        return sw_edit_no_memory(err);
    }
    SW_TRY(count_cells(edit, rows, append->start, err));
    for (uint32_t c = 0; c < columns; c++) {
        append->start[c + 1] += append->start[c];
    }
    /* each column's start moves along while its cells are put, and is moved back after */
    for (uint32_t i = 0; i < append->rows; i++) {
        const struct sw_json *row = &rows->u.list.items[i];
        for (size_t j = 0; j < row->u.list.count; j++) {
            uint32_t column = 0;
            SW_TRY(find_column(edit, &known, j, row->u.list.items[j].key, &column, err));
            append->cell[append->start[column]++] = (struct cell){i, &row->u.list.items[j]};
        }
    }
    memmove(append->start + 1, append->start, columns * sizeof *append->start);
    append->start[0] = 0;
    return SW_OK;
}

static sw_status begin(struct sw_edit *edit, struct sw_err *err)
{
    struct append *append = calloc(1, sizeof *append);
    if (append == NULL) {
        return sw_edit_no_memory(err);
    }
    edit->state = append;
    return edit->op->rows != NULL ? read_rows(edit, append, err) : read_columns(edit, append, err);
}

static sw_status group(struct sw_edit *edit, uint32_t index, struct sw_err *err)
{
    return sw_edit_emit_shared(edit, index, err);
}

/* -- the new group -------------------------------------------------------------------------- */

static size_t text_bytes(const struct sw_rowgroup *group)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < group->columns; i++) {
        const struct sw_chunk *chunk = group->chunk[i];
        bool is_text = chunk != NULL && chunk->encoding == SW_ENC_TEXT;
        bytes += is_text ? chunk->data_size + chunk->bytes_size : 0;
    }
    return bytes;
}

/* From which group on all become one with `rows` new ones. */
static uint32_t first_taken(const struct sw_version *version, uint32_t rows)
{
    uint32_t first = version->groups;
    uint64_t total = rows;
    size_t text = 0;
    while (first > 0) {
        const struct sw_rowgroup *before = version->group[first - 1];
        text += text_bytes(before);
        if (before->rows > 2 * total || before->rows + total > SW_CHUNK_ROWS ||
            text > SW_CHUNK_TEXT_BYTES / 2) {
            break;
        }
        total += before->rows;
        first--;
    }
    return first;
}

static struct cells cells_of(const struct append *append, uint32_t column)
{
    if (append->list != NULL) {
        return (struct cells){.list = append->list[column]};
    }
    return (struct cells){.next = append->cell + append->start[column],
                          .end = append->cell + append->start[column + 1]};
}

/* NULL: none was given. */
static inline const struct sw_json *next_cell(struct cells *cells, uint32_t row)
{
    if (cells->list != NULL) {
        return &cells->list[row];
    }
    const struct sw_json *json = NULL;
    while (cells->next < cells->end && cells->next->row == row) {
        json = cells->next++->json;
    }
    return json;
}

static sw_status put_cell(const struct sw_column *facts, const struct sw_json *json,
                          struct sw_builder *builder, struct sw_err *err)
{
    struct sw_value value;
    SW_TRY(sw_edit_value_read(facts->name, facts->type, json, &value, err));
    return sw_edit_builder_said(sw_builder_value(builder, &value), builder, err);
}

/* What JSON has as it stands goes straight into the builder's array. */
static sw_status put_numbers(const struct sw_column *facts, struct cells *cells, uint32_t rows,
                             struct sw_builder *builder, struct sw_err *err)
{
    for (uint32_t row = 0; row < rows; row++) {
        const struct sw_json *json = next_cell(cells, row);
        enum sw_json_kind kind = json == NULL ? SW_JSON_NULL : json->kind;
        if (kind == SW_JSON_INT && facts->type == SW_TYPE_INT) {
            builder->ints[builder->rows++] = json->u.integer;
        } else if (kind == SW_JSON_INT && facts->type == SW_TYPE_FLOAT) {
            builder->floats[builder->rows++] = (double)json->u.integer;
        } else if (kind == SW_JSON_FLOAT && facts->type == SW_TYPE_FLOAT) {
            builder->floats[builder->rows++] = json->u.number;
        } else {
            SW_TRY(put_cell(facts, json, builder, err));
        }
    }
    return SW_OK;
}

static sw_status put_texts(const struct sw_column *facts, struct cells *cells, uint32_t rows,
                           struct sw_builder *builder, struct sw_err *err)
{
    struct sw_span text[TEXTS];
    uint32_t count = 0;
    for (uint32_t row = 0; row < rows; row++) {
        const struct sw_json *json = next_cell(cells, row);
        bool is_text = json != NULL && json->kind == SW_JSON_STRING;
        if (is_text) {
            text[count++] = json->u.text;
        }
        if (count == TEXTS || !is_text) {
            SW_TRY(sw_edit_builder_said(sw_builder_texts(builder, text, count), builder, err));
            count = 0;
        }
        if (!is_text) {
            SW_TRY(put_cell(facts, json, builder, err));
        }
    }
    return sw_edit_builder_said(sw_builder_texts(builder, text, count), builder, err);
}

static sw_status put_cells(struct sw_edit *edit, const struct append *append, uint32_t column,
                           struct sw_builder *builder, struct sw_err *err)
{
    const struct sw_column *facts = &edit->version->schema->column[column];
    struct cells cells = cells_of(append, column);
    sw_assert(append->rows <= SW_CHUNK_ROWS - builder->rows);
    if (cells.list == NULL && cells.next == cells.end) {
        return sw_edit_builder_said(sw_builder_nulls(builder, append->rows), builder, err);
    }
    return facts->type == SW_TYPE_STRING ? put_texts(facts, &cells, append->rows, builder, err)
                                         : put_numbers(facts, &cells, append->rows, builder, err);
}

static sw_status fill(struct sw_edit *edit, const struct append *append, uint32_t first,
                      uint32_t column, struct sw_builder *builder, struct sw_err *err)
{
    for (uint32_t i = first; i < edit->version->groups; i++) {
        const struct sw_chunk *chunk = edit->version->group[i]->chunk[column];
        SW_TRY(sw_chunk_pin(chunk, err));
        sw_status status = sw_edit_copy(builder, chunk, 0, chunk->rows, err);
        sw_chunk_unpin(chunk);
        SW_TRY(status);
    }
    if (builder->dict == NULL) {
        return put_cells(edit, append, column, builder, err);
    }
    struct sw_dict *dict = sw_dict_ref(builder->dict); /* the builder may give it up */
    sw_dict_write_begin(dict);
    sw_status status = put_cells(edit, append, column, builder, err);
    sw_dict_write_end(dict);
    sw_dict_unref(dict);
    return status;
}

static sw_status make_chunk(struct sw_edit *edit, const struct append *append, uint32_t first,
                            uint32_t column, struct sw_chunk **chunk, struct sw_err *err)
{
    const struct sw_version *version = edit->version;
    enum sw_type type = version->schema->column[column].type;
    struct sw_dict *dict = NULL;
    if (type == SW_TYPE_STRING) {
        const struct sw_chunk *last =
            version->groups == 0 ? NULL : version->group[version->groups - 1]->chunk[column];
        SW_TRY(sw_edit_dict(edit, column, last, &dict, err));
    }
    struct sw_builder *builder = NULL;
    sw_status status = sw_builder_new(type, dict, edit->budget, &builder, err);
    sw_dict_unref(dict);
    if (status == SW_OK) {
        status = fill(edit, append, first, column, builder, err);
    }
    if (status == SW_OK) {
        status = sw_builder_seal(builder, chunk, err);
    }
    sw_builder_free(builder);
    return status;
}

static sw_status put_ids(const struct sw_rowgroup *group, struct sw_builder *builder,
                         struct sw_err *err)
{
    SW_TRY(sw_rowgroup_pin_ids(group, err));
    for (uint32_t row = 0; row < group->rows; row++) {
        builder->ints[builder->rows++] = (int64_t)sw_rowgroup_row_id(group, row);
    }
    sw_rowgroup_unpin_ids(group);
    return SW_OK;
}

/* Ids of the rows taken in and the new ones: a chunk, or none where they follow one another. */
static sw_status make_ids(struct sw_edit *edit, const struct append *append, uint32_t first,
                          uint64_t *first_id, struct sw_chunk **ids, struct sw_err *err)
{
    const struct sw_version *version = edit->version;
    struct sw_builder *builder = NULL;
    SW_TRY(sw_builder_new(SW_TYPE_INT, NULL, edit->budget, &builder, err));
    for (uint32_t i = first; i < version->groups; i++) {
        sw_status status = put_ids(version->group[i], builder, err);
        if (status != SW_OK) {
            sw_builder_free(builder);
            return status;
        }
    }
    for (uint32_t row = 0; row < append->rows; row++) {
        builder->ints[builder->rows++] = (int64_t)(version->next_row_id + row);
    }
    return sw_edit_seal_ids(builder, first_id, ids, err);
}

static sw_status add_group(struct sw_edit *edit, const struct append *append, struct sw_err *err)
{
    uint32_t columns = edit->version->schema->columns;
    uint32_t first = first_taken(edit->version, append->rows);
    struct sw_chunk **chunk = calloc(columns, sizeof(struct sw_chunk *));
    struct sw_chunk *ids = NULL;
    uint64_t first_id = 0;
    if (chunk == NULL) {
        return sw_edit_no_memory(err);
    }
    sw_status status = make_ids(edit, append, first, &first_id, &ids, err);
    for (uint32_t i = 0; i < columns && status == SW_OK; i++) {
        if (edit->version->schema->column[i].formula == NULL) {
            status = make_chunk(edit, append, first, i, &chunk[i], err);
        }
    }
    struct sw_rowgroup *made = NULL;
    if (status == SW_OK) {
        status = sw_rowgroup_take(columns, chunk, first_id, ids, &made);
        status = status == SW_OK ? SW_OK : sw_edit_no_memory(err);
    } else {
        for (uint32_t i = 0; i < columns; i++) {
            sw_chunk_unref(chunk[i]);
        }
        sw_chunk_unref(ids);
    }
    free(chunk);
    if (status != SW_OK) {
        return status;
    }
    while (edit->outs > first) {
        sw_rowgroup_unref(edit->out[--edit->outs]);
    }
    return sw_edit_emit(edit, made, err);
}

static sw_status finish(struct sw_edit *edit, struct sw_err *err)
{
    const struct append *append = edit->state;
    sw_edit_outcome_now(edit)->rows = append->rows;
    edit->is_same = append->rows == 0;
    edit->next_row_id = edit->version->next_row_id + append->rows;
    return append->rows == 0 ? SW_OK : add_group(edit, append, err);
}

static void end(struct sw_edit *edit)
{
    struct append *append = edit->state;
    if (append != NULL) {
        free(append->list);
        free(append->start);
        free(append->cell);
        free(append);
    }
}

static void say(const struct sw_edit *edit, struct sw_buf *what)
{
    sw_buf_put_text(what, "appended ");
    sw_edit_say_rows(what, edit->outcome[edit->op_index].rows);
}

const struct sw_edit_kind_ops sw_edit_append = {begin, group, finish, end, say};
