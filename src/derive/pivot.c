/* Groups as columns.  `now` is sorted by the keys, then by the pivot's column: one pass finds the
 * rows of the result (runs of equal keys) and the distinct values of the pivot's column, whose
 * order is that of the new columns.  Then 65,536 new rows are a part: their cells are put in order
 * of the column, so that each new column is written by one pass over its own.                   */
#include <stdlib.h>

#include "base/number.h"
#include "derive/derive_priv.h"
#include "fold/key_column.h"
#include "table/datetime.h"
#include "table/pins.h"

struct sw_derive_pivot {
    struct sw_derive *run;
    const struct sw_version *from; /* borrowed from the run */
    uint32_t keys;                 /* columns */
    bool is_count;                 /* a cell without rows is 0, not null */
    enum sw_type type;             /* of the cells */
    struct sw_key_column values;   /* of the pivot's column */
    bool has_values;
    uint32_t *place; /* [values] of each: which column; owned */
    uint32_t *value; /* [rows of `from`] number of its value, then its column; owned */
    uint64_t *first; /* [rows + 1] of the result: the first row of `from`; owned */
    uint64_t rows;
    size_t charged;
    struct sw_dict **dict; /* [keys + 1] for strings; counted each; owned */
    struct sw_schema *schema;
    struct sw_derive_made made;
    struct sw_version *version;
};

void sw_derive_pivot_free(struct sw_derive_pivot *pivot)
{
    if (pivot == NULL) {
        return;
    }
    if (pivot->has_values) {
        sw_key_column_fini(&pivot->values);
    }
    for (uint32_t i = 0; pivot->dict != NULL && i <= pivot->keys; i++) {
        sw_dict_unref(pivot->dict[i]);
    }
    free(pivot->dict);
    free(pivot->place);
    free(pivot->value);
    free(pivot->first);
    sw_budget_release(pivot->run->budget, pivot->charged);
    if (pivot->schema != NULL) {
        sw_schema_unref(pivot->schema);
    }
    sw_derive_made_fini(&pivot->made);
    sw_version_unref(pivot->version);
    free(pivot);
}

/* A gather made it: its groups are full. */
static const struct sw_chunk *chunk_at(const struct sw_version *version, uint32_t column,
                                       uint64_t row)
{
    return version->group[row / SW_CHUNK_ROWS]->chunk[column];
}

/* Text until the next one; null where the pins could not get at it. */
static struct sw_value cell_at(const struct sw_version *version, struct sw_pins *pins,
                               uint32_t column, uint64_t row)
{
    const struct sw_chunk *chunk = sw_pins_get(pins, chunk_at(version, column, row));
    return chunk == NULL ? (struct sw_value){.is_null = true}
                         : sw_chunk_value(chunk, row % SW_CHUNK_ROWS);
}

/* -- rows and values ------------------------------------------------------------------------ */

static bool is_same_cell(const struct sw_derive_pivot *pivot, struct sw_pins *pins, uint32_t column,
                         uint64_t a, uint64_t b)
{
    struct sw_value x = cell_at(pivot->from, pins, column, a);
    const struct sw_chunk *chunk = chunk_at(pivot->from, column, a);
    bool is_other = chunk != chunk_at(pivot->from, column, b);
    bool is_held = is_other && sw_chunk_pin_here(chunk); /* as long as the other is looked at */
    struct sw_value y = cell_at(pivot->from, pins, column, b);
    bool is_same = (!is_other || is_held) && sw_value_compare(&x, &y) == 0;
    if (is_held) {
        sw_chunk_unpin(chunk);
    }
    return is_same;
}

static bool is_same_row(const struct sw_derive_pivot *pivot, struct sw_pins *pins, uint64_t a,
                        uint64_t b)
{
    bool is_same = true;
    for (uint32_t i = 0; i < pivot->keys && is_same; i++) {
        is_same = is_same_cell(pivot, pins, i, a, b);
    }
    return is_same;
}

static sw_status too_many(const struct sw_derive_pivot *pivot, struct sw_err *err)
{
    uint32_t limit = pivot->run->plan->pivot_limit;
    return sw_fail_limit(err, "pivot_columns", (int64_t)limit + 1, limit,
                         limit < SW_PIVOT_COLUMNS_MAX
                             ? "the pivot's column has more values: give a larger `limit` (up to "
                               "1,000), filter first, or pivot by a coarser column"
                             : "the pivot's column has more values: filter first, or pivot by a "
                               "coarser column");
}

static sw_status number_values(struct sw_derive_pivot *pivot, struct sw_pins *pins,
                               struct sw_err *err)
{
    uint64_t rows = pivot->from->rows;
    uint32_t limit = pivot->run->plan->pivot_limit;
    for (uint64_t row = 0; row < rows; row++) {
        struct sw_value value = cell_at(pivot->from, pins, pivot->keys, row);
        SW_TRY(pins->status);
        if (sw_key_column_add(&pivot->values, &value, &pivot->value[row]) != SW_OK) {
            return sw_derive_no_memory(err);
        }
        if (pivot->values.count > limit) {
            return too_many(pivot, err);
        }
        if (row == 0 || !is_same_row(pivot, pins, row - 1, row)) {
            pivot->first[pivot->rows++] = row;
        }
    }
    pivot->first[pivot->rows] = rows;
    return SW_OK;
}

static int compare_values(const void *a, const void *b, void *values)
{
    struct sw_value x = sw_key_column_value(values, *(const uint32_t *)a);
    struct sw_value y = sw_key_column_value(values, *(const uint32_t *)b);
    return sw_value_compare(&x, &y);
}

/* -- names ---------------------------------------------------------------------------------- */

static struct sw_span say_value(const struct sw_value *value, char *into)
{
    if (value->is_null) {
        return sw_span_text("null");
    }
    bool is_empty = value->type == SW_TYPE_STRING && value->u.s.length == 0;
    return is_empty ? sw_span_text("empty") : sw_value_text(value, into);
}

/* What can be asked for by name: no control bytes. */
static struct sw_span clean_name(struct sw_arena *arena, struct sw_span text)
{
    char *copy = sw_arena_text(arena, text);
    for (size_t i = 0; copy != NULL && i < text.length; i++) {
        unsigned char byte = (unsigned char)copy[i];
        copy[i] = byte < 0x20 || byte == 0x7f ? '_' : copy[i];
    }
    return sw_span_of(copy, copy == NULL ? 0 : text.length);
}

static sw_status name_columns(struct sw_derive_pivot *pivot, const uint32_t *order,
                              struct sw_err *err)
{
    const struct sw_schema *from = pivot->from->schema;
    uint32_t columns = pivot->keys + pivot->values.count;
    struct sw_arena arena;
    sw_arena_init(&arena);
    struct sw_span *name = sw_arena_array(&arena, columns + 1u, sizeof(*name));
    enum sw_type *type = sw_arena_array(&arena, columns + 1u, sizeof(*type));
    bool is_fine = name != NULL && type != NULL;
    for (uint32_t i = 0; i < columns && is_fine; i++) {
        char text[SW_TIMESTAMP_TEXT_MAX + SW_NUMBER_FLOAT_BYTES];
        if (i < pivot->keys) {
            name[i] = sw_span_text(from->column[i].name);
            type[i] = from->column[i].type;
            continue;
        }
        struct sw_value value = sw_key_column_value(&pivot->values, order[i - pivot->keys]);
        struct sw_span clean = clean_name(&arena, say_value(&value, text));
        type[i] = pivot->type;
        name[i] = clean.data == NULL ? clean : sw_derive_free_name(&arena, clean, "", name, i);
        is_fine = name[i].data != NULL;
    }
    sw_status status = is_fine ? sw_derive_schema(columns, name, type, &pivot->schema, err)
                               : sw_derive_no_memory(err);
    sw_arena_fini(&arena);
    return status;
}

static sw_status order_values(struct sw_derive_pivot *pivot, struct sw_err *err)
{
    uint32_t count = pivot->values.count;
    uint32_t order[SW_PIVOT_COLUMNS_MAX + 1];
    pivot->place = calloc(count + 1u, sizeof(*pivot->place));
    if (pivot->place == NULL) {
        return sw_derive_no_memory(err);
    }
    for (uint32_t i = 0; i < count; i++) {
        order[i] = i;
    }
    qsort_r(order, count, sizeof(*order), compare_values, &pivot->values);
    for (uint32_t i = 0; i < count; i++) {
        pivot->place[order[i]] = i;
    }
    return name_columns(pivot, order, err);
}

static sw_status layout_work(struct sw_derive *run, unsigned worker, uint64_t part,
                             struct sw_err *err)
{
    struct sw_derive_pivot *pivot = run->pivot;
    uint64_t rows = pivot->from->rows;
    size_t bytes = (size_t)rows * (sizeof(uint32_t) + sizeof(uint64_t)) + sizeof(uint64_t);
    (void)worker;
    (void)part;
    SW_TRY(sw_budget_charge(run->budget, bytes, err));
    pivot->charged = bytes;
    pivot->value = malloc(rows * sizeof(*pivot->value) + 1);
    pivot->first = malloc((rows + 1) * sizeof(*pivot->first));
    if (pivot->value == NULL || pivot->first == NULL) {
        return sw_derive_no_memory(err);
    }
    struct sw_pins pins = {0};
    sw_status status = number_values(pivot, &pins, err);
    SW_TRY(sw_pins_leave(&pins, err));
    SW_TRY(status);
    SW_TRY(order_values(pivot, err));
    if (pivot->schema->columns == 0) {
        return sw_fail(err, SW_PARAMS,
                       "pivot: there are no rows and so no columns: add `group_by`");
    }
    return sw_derive_made_init(&pivot->made, sw_derive_groups(pivot->rows), pivot->schema->columns,
                               err);
}

/* -- parts ---------------------------------------------------------------------------------- */

/* The cells of a part, by column. */
struct cells {
    uint32_t *start; /* [columns + 1] */
    uint32_t *row;   /* of the new row group */
    uint64_t *from;  /* row of `from` */
};

static void free_cells(struct cells *cells)
{
    free(cells->start);
    free(cells->row);
    free(cells->from);
}

static sw_status list_cells(const struct sw_derive_pivot *pivot, uint64_t first_row, uint32_t rows,
                            struct cells *cells, struct sw_err *err)
{
    uint32_t columns = pivot->values.count;
    uint64_t first = pivot->first[first_row];
    uint64_t end = pivot->first[first_row + rows];
    cells->start = calloc(columns + 2u, sizeof(*cells->start));
    cells->row = malloc((end - first + 1) * sizeof(*cells->row));
    cells->from = malloc((end - first + 1) * sizeof(*cells->from));
    if (cells->start == NULL || cells->row == NULL || cells->from == NULL) {
        return sw_derive_no_memory(err);
    }
    for (uint64_t i = first; i < end; i++) {
        cells->start[pivot->place[pivot->value[i]] + 2]++;
    }
    for (uint32_t i = 0; i < columns; i++) {
        cells->start[i + 2] += cells->start[i + 1];
    }
    for (uint32_t row = 0; row < rows; row++) {
        for (uint64_t i = pivot->first[first_row + row]; i < pivot->first[first_row + row + 1];
             i++) {
            uint32_t at = cells->start[pivot->place[pivot->value[i]] + 1]++;
            cells->row[at] = row;
            cells->from[at] = i;
        }
    }
    return SW_OK;
}

static sw_status put_missing(const struct sw_derive_pivot *pivot, struct sw_builder *builder,
                             uint32_t until)
{
    while (builder->rows < until) {
        SW_TRY(pivot->is_count ? sw_builder_int(builder, 0)
                               : sw_builder_null(builder, SW_NULL_EMPTY));
    }
    return SW_OK;
}

static sw_status put_cell(struct sw_builder *builder, const struct sw_version *from,
                          struct sw_pins *pins, uint32_t column, uint64_t row)
{
    struct sw_value value = cell_at(from, pins, column, row);
    SW_TRY(pins->status);
    return sw_builder_value(builder, &value);
}

static sw_status write_column(struct sw_derive_pivot *pivot, const struct cells *cells,
                              uint64_t first_row, uint32_t rows, uint32_t column,
                              struct sw_chunk **chunk, struct sw_err *err)
{
    bool is_key = column < pivot->keys;
    struct sw_dict *dict = pivot->dict[is_key ? column : pivot->keys];
    struct sw_builder *builder = NULL;
    SW_TRY(sw_builder_new(pivot->schema->column[column].type, dict, pivot->run->budget, &builder,
                          err));
    sw_status status = SW_OK;
    struct sw_pins pins = {0};
    for (uint32_t row = 0; is_key && row < rows && status == SW_OK; row++) {
        status = put_cell(builder, pivot->from, &pins, column, pivot->first[first_row + row]);
    }
    for (uint32_t i = is_key ? 0 : cells->start[column - pivot->keys];
         !is_key && i < cells->start[column - pivot->keys + 1] && status == SW_OK; i++) {
        status = put_missing(pivot, builder, cells->row[i]);
        if (status == SW_OK) {
            status = put_cell(builder, pivot->from, &pins, pivot->keys + 1, cells->from[i]);
        }
    }
    if (status == SW_OK) {
        status = put_missing(pivot, builder, rows);
    }
    sw_status read = sw_pins_leave(&pins, err);
    status = read != SW_OK ? read : sw_derive_builder_said(status, builder, err);
    if (status == SW_OK) {
        status = sw_builder_seal(builder, chunk, err);
    }
    sw_builder_free(builder);
    return status;
}

static sw_status write_work(struct sw_derive *run, unsigned worker, uint64_t part,
                            struct sw_err *err)
{
    struct sw_derive_pivot *pivot = run->pivot;
    uint64_t first_row = part * SW_CHUNK_ROWS;
    uint32_t rows = sw_derive_group_rows(pivot->rows, part);
    struct cells cells = {0};
    (void)worker;
    sw_status status = list_cells(pivot, first_row, rows, &cells, err);
    for (uint32_t i = 0; i < pivot->schema->columns && status == SW_OK; i++) {
        status = write_column(pivot, &cells, first_row, rows, i,
                              &pivot->made.chunk[part * pivot->schema->columns + i], err);
    }
    free_cells(&cells);
    return status;
}

static sw_status assemble_work(struct sw_derive *run, unsigned worker, uint64_t part,
                               struct sw_err *err)
{
    struct sw_derive_pivot *pivot = run->pivot;
    (void)worker;
    (void)part;
    return sw_derive_made_version(&pivot->made, run->number, pivot->schema, &pivot->version, err);
}

static sw_status assembled(struct sw_derive *run, struct sw_err *err)
{
    struct sw_version *version = run->pivot->version;
    run->pivot->version = NULL;
    return sw_derive_next(run, version, err);
}

static sw_status written(struct sw_derive *run, struct sw_err *err)
{
    (void)err;
    sw_derive_parts(run, 1, 1, assemble_work, assembled);
    return SW_OK;
}

static sw_status laid_out(struct sw_derive *run, struct sw_err *err)
{
    (void)err;
    sw_derive_parts(run, run->pivot->made.groups, 0, write_work, written);
    return SW_OK;
}

/* -- the loop's side ------------------------------------------------------------------------ */

sw_status sw_derive_pivot(struct sw_derive *run, struct sw_err *err)
{
    const struct sw_schema *schema = run->now->schema;
    struct sw_derive_pivot *pivot = calloc(1, sizeof(*pivot));
    struct sw_span fn = {0};
    if (pivot == NULL) {
        return sw_derive_no_memory(err);
    }
    run->pivot = pivot;
    pivot->run = run;
    pivot->from = run->now;
    pivot->keys = run->plan->keys;
    pivot->type = schema->column[pivot->keys + 1].type;
    (void)sw_json_get_text(sw_json_member(&run->plan->measures->u.list.items[0], "fn"), &fn);
    pivot->is_count =
        sw_span_equal(fn, sw_span_text("count")) || sw_span_equal(fn, sw_span_text("distinct"));
    if (sw_key_column_init_type(&pivot->values, schema->column[pivot->keys].type) != SW_OK) {
        return sw_derive_no_memory(err);
    }
    pivot->has_values = true;
    pivot->dict = calloc(pivot->keys + 1u, sizeof(struct sw_dict *));
    if (pivot->dict == NULL) {
        return sw_derive_no_memory(err);
    }
    for (uint32_t i = 0; i <= pivot->keys; i++) {
        enum sw_type type = i < pivot->keys ? schema->column[i].type : pivot->type;
        if (type == SW_TYPE_STRING) {
            SW_TRY(sw_dict_new(run->budget, &pivot->dict[i], err));
        }
    }
    sw_derive_parts(run, 1, 1, layout_work, laid_out);
    return SW_OK;
}
