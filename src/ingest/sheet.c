/* See sheet.h. */
#include "ingest/sheet.h"

#include "ingest/names.h"

#include <stdlib.h>

/* Text of a row group at most: no column of it can outgrow a chunk's 32-bit offsets. */
#define GROUP_BYTES_MAX ((uint64_t)1 << 30)

static sw_status fail_memory(struct sw_err *err)
{
    return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to read this table.");
}

sw_status sw_sheet_init_take(struct sw_sheet *sheet, struct sw_budget *budget, char **names,
                             uint32_t columns, struct sw_err *err)
{
    *sheet = (struct sw_sheet){.budget = budget, .columns = columns, .name = names};
    sheet->column = calloc(columns, sizeof(*sheet->column));
    sheet->again = calloc(columns, sizeof(*sheet->again));
    return sheet->column == NULL || sheet->again == NULL ? fail_memory(err) : SW_OK;
}

void sw_sheet_fini(struct sw_sheet *sheet)
{
    for (uint32_t i = 0; sheet->column != NULL && i < sheet->columns; i++) {
        sw_column_fini(&sheet->column[i]);
    }
    sw_names_free(sheet->name, sheet->columns);
    for (uint32_t i = 0; i < sheet->groups; i++) {
        sw_rowgroup_unref(sheet->group[i]);
    }
    free(sheet->column);
    free(sheet->again);
    free(sheet->group);
    free(sheet->group_rows);
    sw_schema_unref(sheet->schema);
    *sheet = (struct sw_sheet){0};
}

/* -- taking rows ------------------------------------------------------------------ */

static sw_status add_group(struct sw_sheet *sheet, struct sw_err *err)
{
    if (sheet->groups == sheet->capacity) {
        const uint32_t capacity = sheet->capacity == 0 ? 16 : sheet->capacity * 2;
        uint32_t *rows = realloc(sheet->group_rows, capacity * sizeof(*rows));
        if (rows == NULL) {
            return fail_memory(err);
        }
        sheet->group_rows = rows;
        struct sw_rowgroup **group = realloc(sheet->group, capacity * sizeof(*group));
        if (group == NULL) {
            return fail_memory(err);
        }
        sheet->group = group;
        sheet->capacity = capacity;
    }
    sheet->group_rows[sheet->groups] = sheet->open_rows;
    sheet->group[sheet->groups] = NULL;
    sheet->groups++;
    return SW_OK;
}

/* The open rows become a group. */
static sw_status cut_group(struct sw_sheet *sheet, struct sw_err *err)
{
    for (uint32_t i = 0; i < sheet->columns; i++) {
        if (!sheet->column[i].is_behind) {
            SW_TRY(sw_column_seal(&sheet->column[i], err));
        }
    }
    SW_TRY(add_group(sheet, err));
    sheet->open_rows = 0;
    sheet->open_bytes = 0;
    return SW_OK;
}

static bool is_full(const struct sw_sheet *sheet)
{
    if (sheet->open_rows == SW_CHUNK_ROWS || sheet->open_bytes >= GROUP_BYTES_MAX) {
        return true;
    }
    bool is_any_full = false;
    for (uint32_t i = 0; i < sheet->columns; i++) {
        const struct sw_builder *builder = sheet->column[i].builder;
        is_any_full |= builder != NULL && sw_builder_is_full(builder);
    }
    return is_any_full;
}

/* Reports what is wrong with the records themselves. */
static void report_rows(const struct sw_sheet *sheet, const struct sw_rows *rows, uint32_t from,
                        uint32_t count, struct sw_bad *bad)
{
    for (uint32_t row = from; !rows->is_regular && row < from + count; row++) {
        const uint32_t fields = sw_rows_fields(rows, row);
        if (fields < sheet->columns) {
            sw_bad_add(bad, row, -1, "%u of %u fields: the missing ones are null", fields,
                       sheet->columns);
        } else if (fields > sheet->columns) {
            sw_bad_add(bad, row, -1, "%u fields, but %u columns: the further ones are left out",
                       fields, sheet->columns);
        }
    }
    const uint64_t unlisted = rows->scan.odd_count - rows->scan.odd_kept;
    bad->count += from + count == rows->count ? unlisted : 0;
    for (uint32_t i = 0; i < rows->scan.odd_kept; i++) {
        uint32_t row;
        uint32_t column;
        if (sw_rows_place(rows, rows->scan.odd[i], &row, &column) && row >= from &&
            row < from + count) {
            sw_bad_add(bad, row, column < sheet->columns ? (int32_t)column : -1,
                       "text after the closing quote: it is kept");
        }
    }
}

static uint32_t smaller(uint64_t a, uint64_t b)
{
    return (uint32_t)(a < b ? a : b);
}

sw_status sw_sheet_take_rows(struct sw_sheet *sheet, const struct sw_rows *rows, uint32_t from,
                             struct sw_parse *parse, struct sw_err *err)
{
    while (from < rows->count) {
        const uint32_t room = smaller(SW_CELLS_BATCH, SW_CHUNK_ROWS - sheet->open_rows);
        const uint32_t count = smaller(rows->count - from, room);
        parse->row = from;
        report_rows(sheet, rows, from, count, parse->bad);
        for (uint32_t i = 0; i < sheet->columns; i++) {
            if (!sheet->column[i].is_behind) {
                parse->column = (int32_t)i;
                sw_rows_cells(rows, i, from, count, &parse->cells);
                SW_TRY(sw_column_parse(&sheet->column[i], parse, err));
            }
        }
        sw_bad_settle(parse->bad, rows);
        from += count;
        sheet->rows += count;
        sheet->open_rows += count;
        sheet->open_bytes += rows->bytes / rows->count * count;
        if (is_full(sheet)) {
            SW_TRY(cut_group(sheet, err));
        }
    }
    return SW_OK;
}

sw_status sw_sheet_close(struct sw_sheet *sheet, struct sw_err *err)
{
    return sheet->open_rows > 0 ? cut_group(sheet, err) : SW_OK;
}

/* -- reading again ------------------------------------------------------------------- */

void sw_sheet_narrow(struct sw_sheet *sheet, bool is_final)
{
    for (uint32_t i = 0; i < sheet->columns; i++) {
        if (sw_column_may_narrow(&sheet->column[i], is_final)) {
            sw_column_narrow(&sheet->column[i]);
        }
    }
}

bool sw_sheet_is_behind(const struct sw_sheet *sheet)
{
    bool is_behind = sheet->again_count > 0;
    for (uint32_t i = 0; i < sheet->columns; i++) {
        is_behind |= sheet->column[i].is_behind;
    }
    return is_behind;
}

sw_status sw_sheet_again_begin(struct sw_sheet *sheet, struct sw_err *err)
{
    sheet->again_count = 0;
    sheet->again_rows = 0;
    sheet->again_group = 0;
    sheet->again_open = 0;
    for (uint32_t i = 0; i < sheet->columns; i++) {
        if (sheet->column[i].is_behind) {
            SW_TRY(sw_column_restart(&sheet->column[i], err));
            sheet->again[sheet->again_count++] = i;
        }
    }
    return SW_OK;
}

/* The rows of group g, or the open ones. */
static uint32_t rows_of_group(const struct sw_sheet *sheet, uint32_t g)
{
    return g < sheet->groups ? sheet->group_rows[g] : sheet->open_rows;
}

static sw_status again_cut(struct sw_sheet *sheet, struct sw_err *err)
{
    for (uint32_t i = 0; i < sheet->again_count; i++) {
        SW_TRY(sw_column_seal(&sheet->column[sheet->again[i]], err));
    }
    sheet->again_group++;
    sheet->again_open = 0;
    return SW_OK;
}

sw_status sw_sheet_again_take(struct sw_sheet *sheet, const struct sw_rows *rows, uint32_t from,
                              struct sw_parse *parse, bool *is_done, struct sw_err *err)
{
    while (from < rows->count && sheet->again_rows < sheet->rows) {
        const uint32_t room = rows_of_group(sheet, sheet->again_group) - sheet->again_open;
        const uint32_t count = smaller(rows->count - from, smaller(room, SW_CELLS_BATCH));
        for (uint32_t i = 0; i < sheet->again_count; i++) {
            const uint32_t column = sheet->again[i];
            sw_rows_cells(rows, column, from, count, &parse->cells);
            SW_TRY(sw_column_parse(&sheet->column[column], parse, err));
        }
        from += count;
        sheet->again_rows += count;
        sheet->again_open += count;
        if (count == room && sheet->again_group < sheet->groups) {
            SW_TRY(again_cut(sheet, err));
        }
    }
    *is_done = sheet->again_rows == sheet->rows;
    if (*is_done) {
        sheet->again_count = 0;
    }
    return SW_OK;
}

/* -- versions ---------------------------------------------------------------------------- */

/* Groups of chunks that were converted are made anew. */
static void forget_changed(struct sw_sheet *sheet)
{
    bool is_changed = false;
    for (uint32_t i = 0; i < sheet->columns; i++) {
        is_changed |= sheet->column[i].is_changed;
        sheet->column[i].is_changed = false;
    }
    for (uint32_t g = 0; is_changed && g < sheet->groups; g++) {
        sw_rowgroup_unref(sheet->group[g]);
        sheet->group[g] = NULL;
    }
}

static sw_status make_group(struct sw_sheet *sheet, uint32_t g, uint64_t first_row,
                            struct sw_chunk **chunks)
{
    for (uint32_t i = 0; i < sheet->columns; i++) {
        chunks[i] = sw_chunk_ref(sheet->column[i].chunk[g]);
    }
    return sw_rowgroup_take(sheet->columns, chunks, first_row, NULL, &sheet->group[g]);
}

/* A group of copies of the open rows. */
static sw_status snapshot(struct sw_sheet *sheet, struct sw_chunk **chunks,
                          struct sw_rowgroup **group, struct sw_err *err)
{
    for (uint32_t i = 0; i < sheet->columns; i++) {
        sw_status status = sw_column_snapshot(&sheet->column[i], &chunks[i], err);
        if (status != SW_OK) {
            while (i-- > 0) {
                sw_chunk_unref(chunks[i]);
            }
            return status;
        }
    }
    return sw_rowgroup_take(sheet->columns, chunks, sheet->rows - sheet->open_rows, NULL, group);
}

/* The schema, anew where a type is another. */
static sw_status update_schema(struct sw_sheet *sheet, enum sw_type *types)
{
    bool is_same = sheet->schema != NULL;
    for (uint32_t i = 0; i < sheet->columns; i++) {
        types[i] = sw_column_type(&sheet->column[i]);
        is_same = is_same && sheet->schema->column[i].type == types[i];
    }
    if (is_same) {
        return SW_OK;
    }
    struct sw_schema *schema = NULL;
    SW_TRY(sw_schema_new(sheet->columns, (const char *const *)sheet->name, types, &schema));
    sw_schema_unref(sheet->schema);
    sheet->schema = schema;
    return SW_OK;
}

/* `chunks` has room for one of each column, `list` for a group more than there are. */
static sw_status make_version(struct sw_sheet *sheet, bool with_open, struct sw_chunk **chunks,
                              struct sw_rowgroup **list, struct sw_version **version,
                              struct sw_err *err)
{
    uint64_t row = 0;
    for (uint32_t g = 0; g < sheet->groups; g++) {
        if (sheet->group[g] == NULL) {
            SW_TRY(make_group(sheet, g, row, chunks));
        }
        list[g] = sheet->group[g];
        row += sheet->group_rows[g];
    }
    uint32_t groups = sheet->groups;
    struct sw_rowgroup *open = NULL;
    if (with_open && sheet->open_rows > 0) {
        SW_TRY(snapshot(sheet, chunks, &open, err));
        list[groups++] = open;
        row += sheet->open_rows;
    }
    sw_status status =
        sw_version_new(sheet->versions + 1, sheet->schema, groups, list, row, version);
    sw_rowgroup_unref(open);
    if (status == SW_OK) {
        sheet->versions++;
        sheet->shown_rows = row;
        sheet->shown_groups = sheet->groups;
    }
    return status;
}

sw_status sw_sheet_version(struct sw_sheet *sheet, bool with_open, struct sw_version **version,
                           struct sw_err *err)
{
    sw_assert(!sw_sheet_is_behind(sheet));
    struct sw_chunk **chunks = calloc(sheet->columns, sizeof(struct sw_chunk *));
    enum sw_type *types = calloc(sheet->columns, sizeof(*types));
    struct sw_rowgroup **list = calloc((size_t)sheet->groups + 1, sizeof(struct sw_rowgroup *));
    sw_status status = SW_NO_MEMORY;
    if (chunks != NULL && types != NULL && list != NULL) {
        forget_changed(sheet);
        status = update_schema(sheet, types);
    }
    if (status == SW_OK) {
        status = make_version(sheet, with_open, chunks, list, version, err);
    }
    free(chunks);
    free(types);
    free(list);
    return status == SW_NO_MEMORY ? fail_memory(err) : status;
}
