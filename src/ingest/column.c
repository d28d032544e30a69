/* See column.h; the loops over cells are in csv.c. */
#include "ingest/column.h"

#include "ingest/csv.h"
#include "ingest/digits.h"

#include <stdlib.h>

#define DAY_MS        86400000
#define NARROW_VALUES 65536u /* fewer are not read again while more come */
#define NARROW_SHARE  2u     /* times the share: it shall not change to and fro */
#define UNLIKE_ROWS   8192u  /* fewer say nothing about the strings to come */

static sw_status new_builder(struct sw_csv_column *column, enum sw_type type,
                             struct sw_builder **builder, struct sw_err *err)
{
    struct sw_dict *dict = NULL;
    if (type == SW_TYPE_STRING) {
        SW_TRY(sw_dict_new(column->budget, &dict, err));
    }
    sw_status status = sw_builder_new(type, dict, column->budget, builder, err);
    sw_dict_unref(dict);
    return status;
}

static enum sw_infer kind_of(enum sw_type type)
{
    switch (type) {
    case SW_TYPE_BOOL:
        return SW_INFER_BOOL;
    case SW_TYPE_INT:
        return SW_INFER_INT;
    case SW_TYPE_FLOAT:
        return SW_INFER_FLOAT;
    case SW_TYPE_STRING:
        return SW_INFER_STRING;
    case SW_TYPE_DATE: /* the format shows in the values */
    case SW_TYPE_TIMESTAMP:
    case SW_TYPE_COUNT:
        break;
    }
    return SW_INFER_NONE;
}

void sw_column_init(struct sw_csv_column *column, const enum sw_type *declared, sw_formats allowed,
                    bool is_strict, struct sw_budget *budget)
{
    *column = (struct sw_csv_column){.budget = budget, .allowed = allowed, .is_strict = is_strict};
    if (declared != NULL) {
        column->is_declared = true;
        column->declared = *declared;
        column->inferred.kind = kind_of(*declared);
        column->inferred.has_time = *declared == SW_TYPE_TIMESTAMP;
    }
}

sw_status sw_column_open(struct sw_csv_column *column, struct sw_guess cell, struct sw_err *err)
{
    sw_assert(column->builder == NULL);
    sw_infer_join(&column->inferred, true, cell);
    return new_builder(column, sw_column_type(column), &column->builder, err);
}

static void drop_chunks(struct sw_csv_column *column)
{
    for (uint32_t i = 0; i < column->chunks; i++) {
        sw_chunk_unref(column->chunk[i]);
    }
    column->chunks = 0;
}

void sw_column_fini(struct sw_csv_column *column)
{
    drop_chunks(column);
    free(column->chunk);
    sw_builder_free(column->builder);
    *column = (struct sw_csv_column){0};
}

/* More than three of four strings of the first rows are new ones: a dictionary would be larger than
 * they are.  (The builder looks at two chunks, but with a lower bar.) */
static bool is_unlike(const struct sw_csv_column *column)
{
    const struct sw_builder *builder = column->builder;
    return builder->dict != NULL && column->chunks == 0 && builder->rows >= UNLIKE_ROWS &&
           sw_dict_count(builder->dict) > builder->rows / 4 * 3;
}

sw_status sw_column_seal(struct sw_csv_column *column, struct sw_err *err)
{
    if (column->chunks == column->capacity) {
        uint32_t capacity = column->capacity == 0 ? 8 : column->capacity * 2;
        struct sw_chunk **grown = realloc(column->chunk, capacity * sizeof(*grown));
        if (grown == NULL) {
            return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to read this table.");
        }
        column->chunk = grown;
        column->capacity = capacity;
    }
    if (is_unlike(column)) {
        sw_status status = sw_builder_leave_dictionary(column->builder);
        (void)status; /* too little memory to change over: the dictionary goes on */
    }
    SW_TRY(sw_builder_seal(column->builder, &column->chunk[column->chunks], err));
    column->chunks++;
    return SW_OK;
}

sw_status sw_column_snapshot(const struct sw_csv_column *column, struct sw_chunk **chunk,
                             struct sw_err *err)
{
    struct sw_builder *copy = NULL;
    SW_TRY(sw_builder_copy(column->builder, &copy, err));
    sw_status status = sw_builder_seal(copy, chunk, err);
    sw_builder_free(copy);
    return status;
}

sw_status sw_column_restart(struct sw_csv_column *column, struct sw_err *err)
{
    sw_assert(column->is_behind);
    sw_assert(column->builder == NULL);
    SW_TRY(new_builder(column, sw_column_type(column), &column->builder, err));
    column->tally = (struct sw_tally){0};
    column->exceptions = 0;
    column->is_behind = false;
    column->is_changed = true;
    return SW_OK;
}

/* -- widening ------------------------------------------------------------------ */

static sw_status chunk_fits(const struct sw_chunk *chunk, bool *fits, struct sw_err *err)
{
    const struct sw_zone *zone = &chunk->zone;
    if (!zone->has_values ||
        (zone->max_i <= SW_DIGITS_INT_EXACT && zone->min_i >= -SW_DIGITS_INT_EXACT)) {
        return SW_OK;
    }
    SW_TRY(sw_chunk_pin(chunk, err));
    for (uint32_t row = 0; row < chunk->rows && *fits; row++) {
        const struct sw_value value = sw_chunk_value(chunk, row);
        *fits = value.is_null || sw_digits_is_exact(value.u.i);
    }
    sw_chunk_unpin(chunk);
    return SW_OK;
}

/* Do doubles hold all ints so far? */
static sw_status ints_fit(const struct sw_csv_column *column, bool *fits, struct sw_err *err)
{
    *fits = true;
    if (column->inferred.kind != SW_INFER_INT) {
        return SW_OK;
    }
    for (uint32_t i = 0; i < column->chunks && *fits; i++) {
        SW_TRY(chunk_fits(column->chunk[i], fits, err));
    }
    for (uint32_t row = 0; row < column->builder->rows && *fits; row++) {
        *fits = sw_digits_is_exact(column->builder->ints[row]); /* of a null: 0 */
    }
    return SW_OK;
}

/* A stored value that is not null in the wider kind; false: a text that a declared type does not
 * take. */
static bool convert(const struct sw_csv_column *column, struct sw_value value,
                    struct sw_value *into, enum sw_type type)
{
    struct sw_value wide = {.type = type};
    bool fits = true;
    if (value.type == SW_TYPE_INT) {
        wide.u.f = (double)value.u.i;
    } else if (value.type == SW_TYPE_DATE) {
        wide.u.i = value.u.i * DAY_MS;
    } else {
        struct sw_span text = sw_infer_trim(value.u.s);
        int64_t days = 0;
        int64_t ms = 0;
        bool has_time;
        wide.is_null = sw_infer_null(text.data, text.length) >= 0;
        if (!wide.is_null) {
            fits = sw_moment_read(text, column->inferred.formats, &days, &ms, &has_time) &&
                   !(has_time && type == SW_TYPE_DATE);
            wide.u.i = type == SW_TYPE_DATE ? days : ms;
        }
    }
    *into = wide;
    return fits;
}

/* The chunk is pinned. */
static sw_status convert_rows(const struct sw_csv_column *column, const struct sw_chunk *chunk,
                              struct sw_builder *builder)
{
    const uint32_t exceptions = chunk->exceptions == NULL ? 0 : chunk->exceptions->count;
    uint32_t next = 0;
    for (uint32_t row = 0; row < chunk->rows; row++) {
        const struct sw_value value = sw_chunk_value(chunk, row);
        struct sw_value wide = {.type = builder->type, .is_null = true};
        if (next < exceptions && chunk->exceptions->row[next] == row) {
            const struct sw_span text = sw_exceptions_text(chunk->exceptions, next++);
            SW_TRY(sw_builder_exception(builder, text));
        } else if (!value.is_null && !convert(column, value, &wide, builder->type)) {
            sw_assert(column->is_declared);
            SW_TRY(sw_builder_exception(builder, value.u.s));
        } else {
            SW_TRY(sw_builder_value(builder, &wide));
        }
    }
    return SW_OK;
}

static sw_status convert_chunk(const struct sw_csv_column *column, const struct sw_chunk *chunk,
                               struct sw_builder *builder, struct sw_err *err)
{
    SW_TRY(sw_chunk_pin(chunk, err));
    sw_status status = convert_rows(column, chunk, builder);
    sw_chunk_unpin(chunk);
    return status;
}

/* All chunks and the open rows in the type of inferred.kind. */
static sw_status convert_all(struct sw_csv_column *column, struct sw_err *err)
{
    struct sw_builder *builder = NULL;
    const bool has_open = column->builder != NULL && column->builder->rows > 0;
    const uint32_t sealed = column->chunks;
    if (has_open) {
        SW_TRY(sw_column_seal(column, err));
    }
    SW_TRY(new_builder(column, sw_column_type(column), &builder, err));
    sw_status status = SW_OK;
    for (uint32_t i = 0; i < column->chunks && status == SW_OK; i++) {
        struct sw_chunk *wide = NULL;
        status = convert_chunk(column, column->chunk[i], builder, err);
        if (status == SW_OK && i < sealed) {
            status = sw_builder_seal(builder, &wide, err);
        }
        if (status == SW_OK) {
            sw_chunk_unref(column->chunk[i]);
            column->chunk[i] = wide;
        }
    }
    column->chunks = status == SW_OK ? sealed : column->chunks;
    sw_builder_free(column->builder);
    column->builder = builder;
    column->is_changed = true;
    return status;
}

static void drop_rows(struct sw_csv_column *column)
{
    sw_builder_free(column->builder);
    column->builder = NULL;
    drop_chunks(column);
}

/* The values so far cannot be written back as text: they are read again.  Where they should have
 * been narrow, by their numbers, they are text for good: nothing goes round in circles. */
static sw_status fall_behind(struct sw_csv_column *column, struct sw_err *err)
{
    const bool has_rows = column->chunks > 0 || column->builder->rows > 0;
    drop_rows(column);
    column->is_text = column->is_text || column->tally.values < column->expected;
    column->expected = 0;
    column->is_behind = has_rows;
    return has_rows ? SW_OK : new_builder(column, SW_TYPE_STRING, &column->builder, err);
}

bool sw_column_may_narrow(const struct sw_csv_column *column, bool is_final)
{
    struct sw_inferred choice;
    uint64_t misfits;
    const uint64_t values = column->tally.values;
    if (column->inferred.kind != SW_INFER_STRING || column->is_declared || column->is_strict ||
        column->is_text || column->is_behind || (!is_final && values < NARROW_VALUES)) {
        return false;
    }
    return sw_tally_choose(&column->tally, &choice, &misfits) &&
           sw_tally_is_share(is_final ? misfits : misfits * NARROW_SHARE, values);
}

void sw_column_narrow(struct sw_csv_column *column)
{
    uint64_t misfits;
    sw_assert(sw_tally_choose(&column->tally, &column->inferred, &misfits));
    column->expected = column->tally.values;
    drop_rows(column);
    column->is_behind = true;
}

sw_status sw_column_widen(struct sw_csv_column *column, struct sw_guess cell, struct sw_err *err)
{
    const enum sw_infer before = column->inferred.kind;
    bool fits;
    SW_TRY(ints_fit(column, &fits, err));
    sw_infer_join(&column->inferred, fits, cell);
    const enum sw_infer after = column->inferred.kind;
    const bool was_text = sw_infer_type(before) == SW_TYPE_STRING;
    const bool is_text = sw_infer_type(after) == SW_TYPE_STRING;
    sw_assert(after != before || after == SW_INFER_MAYBE);
    if (is_text) {
        return was_text ? SW_OK : fall_behind(column, err);
    }
    return convert_all(column, err);
}

sw_status sw_column_finish(struct sw_csv_column *column, bool *is_ambiguous, struct sw_err *err)
{
    if (column->builder != NULL && column->builder->dict != NULL) {
        sw_dict_settle(column->builder->dict);
    }
    *is_ambiguous = column->is_declared && column->inferred.kind == SW_INFER_MAYBE;
    const bool is_moment =
        column->declared == SW_TYPE_DATE || column->declared == SW_TYPE_TIMESTAMP;
    if (!column->is_declared || !is_moment || column->inferred.kind != SW_INFER_NONE) {
        return SW_OK;
    }
    column->inferred.kind = column->declared == SW_TYPE_DATE ? SW_INFER_DATE : SW_INFER_TIMESTAMP;
    column->inferred.formats = SW_FORMAT_ISO;
    return convert_all(column, err);
}
