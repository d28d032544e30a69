/* A column that values are written to: a literal's, an expression's, or nulls. */
#include <math.h>
#include <stdlib.h>

#include "edit/edit_priv.h"
#include "kernel/kernel.h"
#include "table/datetime.h"

sw_status sw_edit_target_begin(struct sw_edit_target *target, const struct sw_edit_set *set,
                               const struct sw_schema *schema, struct sw_err *err)
{
    if (set == NULL) {
        target->source = SW_SOURCE_NULLS;
        return SW_OK;
    }
    if (set->literal != NULL) {
        SW_TRY(sw_edit_value_read(target->name, target->type, set->literal, &target->literal, err));
        target->source = target->literal.is_null ? SW_SOURCE_NULLS : SW_SOURCE_LITERAL;
        return SW_OK;
    }
    target->source = SW_SOURCE_PROGRAM;
    SW_TRY(sw_edit_expr_compile(&set->expr, schema, &target->program, err));
    target->from = sw_program_type(target->program);
    return sw_expr_state_new(target->program, &target->state) == SW_OK ? SW_OK
                                                                       : sw_edit_no_memory(err);
}

void sw_edit_target_end(struct sw_edit_target *target)
{
    if (target->state != NULL) {
        sw_expr_state_free(target->state);
    }
    if (target->program != NULL) {
        sw_program_free(target->program);
    }
    sw_builder_free(target->builder);
    *target = (struct sw_edit_target){0};
}

sw_status sw_edit_target_finish(const struct sw_edit_target *target, struct sw_err *err)
{
    return target->state == NULL ? SW_OK : sw_expr_state_status(target->state, err);
}

/* -- the builder ---------------------------------------------------------------------- */

/* Does all that will be written stand in the chunk's own dictionary already? */
static bool is_known(const struct sw_edit_target *target, const struct sw_chunk *chunk)
{
    return target->source == SW_SOURCE_NULLS ||
           (target->source == SW_SOURCE_LITERAL &&
            sw_dict_find(chunk->dict, target->literal.u.s) != SW_DICT_NONE);
}

static sw_status string_builder(struct sw_edit *edit, struct sw_edit_target *target,
                                const struct sw_chunk *chunk, struct sw_err *err)
{
    struct sw_builder *builder = target->builder;
    if (builder != NULL && (chunk == NULL || (target->is_plain && builder->dict == NULL))) {
        return SW_OK;
    }
    struct sw_dict *dict = NULL;
    if (chunk != NULL && chunk->dict != NULL && is_known(target, chunk)) {
        dict = sw_dict_ref(chunk->dict);
    } else if (!target->is_plain) {
        SW_TRY(sw_edit_dict(edit, target->column, chunk, &dict, err));
    }
    if (builder != NULL && builder->dict == dict) {
        sw_dict_unref(dict);
        return SW_OK;
    }
    sw_builder_free(builder);
    target->builder = NULL;
    sw_status status = sw_builder_new(SW_TYPE_STRING, dict, edit->budget, &target->builder, err);
    sw_dict_unref(dict);
    return status;
}

static sw_status need_builder(struct sw_edit *edit, struct sw_edit_target *target,
                              const struct sw_chunk *chunk, struct sw_err *err)
{
    if (target->type == SW_TYPE_STRING) {
        return string_builder(edit, target, chunk, err);
    }
    if (target->builder != NULL) {
        return SW_OK;
    }
    return sw_builder_new(target->type, NULL, edit->budget, &target->builder, err);
}

/* -- values of an expression -------------------------------------------------------------- */

static enum sw_type asked_type(const struct sw_edit_target *target)
{
    bool is_number = target->from == SW_TYPE_INT || target->from == SW_TYPE_BOOL ||
                     target->from == SW_TYPE_FLOAT;
    return target->type == SW_TYPE_FLOAT && is_number ? SW_TYPE_FLOAT : target->from;
}

bool sw_edit_is_convertible(enum sw_type from, enum sw_type to)
{
    bool is_from_number = from == SW_TYPE_BOOL || from == SW_TYPE_INT || from == SW_TYPE_FLOAT;
    bool is_to_number = to == SW_TYPE_BOOL || to == SW_TYPE_INT || to == SW_TYPE_FLOAT;
    bool is_to_time = to == SW_TYPE_DATE || to == SW_TYPE_TIMESTAMP;
    bool is_from_time = from == SW_TYPE_DATE || from == SW_TYPE_TIMESTAMP;
    return from == to || (is_from_number && is_to_number) ||
           (is_to_time && (is_from_time || from == SW_TYPE_STRING));
}

static sw_status refuse(const struct sw_edit_target *target, const struct sw_value *value,
                        struct sw_err *err)
{
    char room[SW_VALUE_TEXT];
    struct sw_span text = sw_value_text(value, room);
    const char *type = sw_type_name(target->type);
    if (!sw_edit_is_convertible(value->type, target->type)) {
        return sw_fail(
            err, SW_TYPE,
            "column `%.100s` is of type %s, and the expression gives %s, for one `%.*s`: "
            "use CAST(... AS %s)%s",
            target->name, type, sw_type_name(value->type), sw_edit_shown(text, 40), text.data, type,
            target->is_new ? " or another type" : " or cast the column first");
    }
    return sw_fail(err, SW_TYPE,
                   "column `%.100s` is of type %s, and the expression gives `%.*s`, which does not "
                   "fit: %s",
                   target->name, type, sw_edit_shown(text, 40), text.data,
                   target->type == SW_TYPE_INT
                       ? "use round(), or a column of type float (table.cast_column)"
                       : "change the expression, or cast the column first (table.cast_column)");
}

static sw_status fit(const struct sw_edit_target *target, const struct sw_expr_vector *vector,
                     uint32_t i, struct sw_value *value, struct sw_err *err)
{
    char room[SW_VALUE_TEXT];
    if (vector->misfits != NULL && sw_bits_has(vector->misfits, i)) {
        return sw_fail(err, SW_TYPE,
                       "column `%.100s` is of type %s, and the expression goes beyond 64 bits: use "
                       "a column of type float (table.cast_column)",
                       target->name, sw_type_name(target->type));
    }
    struct sw_value own = sw_edit_expr_value(vector, i);
    if (own.is_null) {
        *value = (struct sw_value){.type = target->type, .is_null = true};
        return SW_OK;
    }
    if (!sw_edit_is_convertible(own.type, target->type) ||
        !sw_edit_value_cast(&own, target->type, value, room)) {
        return refuse(target, &own, err);
    }
    return SW_OK;
}

/* -- writing ------------------------------------------------------------------------------ */

/* Over rows [start, ...) that stand in the builder already; not for plain text. */
static void poke(struct sw_builder *builder, uint32_t row, const struct sw_value *value,
                 uint32_t code)
{
    sw_edit_poke_valid(builder, row, !value->is_null);
    if (builder->codes != NULL) {
        builder->codes[row] = value->is_null ? 0 : code;
    } else if (builder->floats != NULL) {
        builder->floats[row] = value->is_null ? 0 : value->u.f;
    } else {
        builder->ints[row] = value->is_null ? 0 : value->u.i;
    }
}

/* Numbers that need no look at each: the rows of `select` at once. */
static bool poke_numbers(struct sw_edit_target *target, const struct sw_expr_vector *vector,
                         const uint64_t *select, uint32_t at, uint32_t rows)
{
    struct sw_builder *builder = target->builder;
    bool is_direct = vector->type == target->type && vector->misfits == NULL &&
                     (builder->ints != NULL || builder->floats != NULL);
    if (!is_direct) {
        return false;
    }
    uint16_t row[SW_VECTOR_ROWS];
    uint32_t n = sw_bits_rows(select, rows, row);
    for (uint32_t i = 0; i < n && builder->floats != NULL; i++) {
        builder->floats[at + row[i]] = vector->floats[row[i]];
    }
    for (uint32_t i = 0; i < n && builder->ints != NULL; i++) {
        builder->ints[at + row[i]] = vector->ints[row[i]];
    }
    for (uint32_t i = 0; i < n && (vector->valid != NULL || builder->nulls > 0); i++) {
        sw_edit_poke_valid(builder, at + row[i],
                           vector->valid == NULL || sw_bits_has(vector->valid, row[i]));
    }
    return true;
}

/* The next value of a string column, behind the builder's rows. */
static sw_status put_text(struct sw_builder *builder, const struct sw_value *value)
{
    return value->is_null ? sw_builder_null(builder, SW_NULL_EMPTY)
                          : sw_builder_text(builder, value->u.s);
}

/* What the rows of a vector shall be: one literal, or the expression's values. */
static sw_status wanted(struct sw_edit_target *target, const struct sw_expr_vector *vector,
                        uint32_t i, struct sw_value *value, struct sw_err *err)
{
    if (target->source == SW_SOURCE_PROGRAM) {
        return fit(target, vector, i, value, err);
    }
    *value = target->literal;
    value->type = target->type;
    value->is_null = target->source == SW_SOURCE_NULLS;
    return SW_OK;
}

/* The end of the run of rows from row[i] on that follow one another and have a string. */
static uint32_t run_of_texts(const struct sw_expr_vector *vector, const uint16_t *row, uint32_t i,
                             uint32_t n)
{
    uint32_t end = i;
    while (end < n && row[end] == row[i] + (end - i) &&
           (vector->valid == NULL || sw_bits_has(vector->valid, row[end]))) {
        end++;
    }
    return end;
}

/* The new string of row[i], or the strings of a run that begins there; *done: how many. */
static sw_status put_texts(struct sw_edit_target *target, const struct sw_expr_vector *vector,
                           const uint16_t *row, uint32_t i, uint32_t n, uint32_t *done,
                           struct sw_err *err)
{
    struct sw_builder *builder = target->builder;
    if (target->source == SW_SOURCE_PROGRAM && target->from == SW_TYPE_STRING) {
        uint32_t end = run_of_texts(vector, row, i, n);
        if (end > i) {
            *done = end - i;
            return sw_edit_builder_said(sw_builder_texts(builder, vector->texts + row[i], end - i),
                                        builder, err);
        }
    }
    struct sw_value value;
    *done = 1;
    SW_TRY(wanted(target, vector, row[i], &value, err));
    return sw_edit_builder_said(put_text(builder, &value), builder, err);
}

static sw_status write_each_text(struct sw_edit_target *target, const struct sw_chunk *chunk,
                                 const struct sw_expr_vector *vector, const uint64_t *select,
                                 uint32_t start, uint32_t rows, struct sw_err *err)
{
    struct sw_builder *builder = target->builder;
    uint32_t done = 0;
    uint16_t row[SW_VECTOR_ROWS];
    uint32_t n = sw_bits_rows(select, rows, row);
    for (uint32_t i = 0; i < n;) {
        uint32_t put = 0;
        if (row[i] > done) {
            SW_TRY(sw_edit_copy(builder, chunk, start + done, row[i] - done, err));
        }
        SW_TRY(put_texts(target, vector, row, i, n, &put, err));
        i += put;
        done = row[i - 1] + 1u;
    }
    return done < rows ? sw_edit_copy(builder, chunk, start + done, rows - done, err) : SW_OK;
}

/* Strings of a vector, in order: runs of old ones are copied. One lock for all of them. */
static sw_status write_texts(struct sw_edit_target *target, const struct sw_chunk *chunk,
                             const struct sw_expr_vector *vector, const uint64_t *select,
                             uint32_t start, uint32_t rows, struct sw_err *err)
{
    if (target->builder->dict == NULL) {
        return write_each_text(target, chunk, vector, select, start, rows, err);
    }
    struct sw_dict *dict = sw_dict_ref(target->builder->dict); /* the builder may give it up */
    sw_dict_write_begin(dict);
    sw_status status = write_each_text(target, chunk, vector, select, start, rows, err);
    sw_dict_write_end(dict);
    sw_dict_unref(dict);
    return status;
}

/* Numbers of a vector: all are copied, then some are written over. */
static sw_status write_numbers(struct sw_edit_target *target, const struct sw_chunk *chunk,
                               const struct sw_expr_vector *vector, const uint64_t *select,
                               uint32_t start, uint32_t rows, struct sw_err *err)
{
    struct sw_builder *builder = target->builder;
    uint32_t at = builder->rows;
    if (chunk != NULL) {
        SW_TRY(sw_edit_copy(builder, chunk, start, rows, err));
    } else {
        builder->rows += rows;
    }
    if (target->source == SW_SOURCE_PROGRAM && poke_numbers(target, vector, select, at, rows)) {
        return SW_OK;
    }
    uint16_t row[SW_VECTOR_ROWS];
    uint32_t n = sw_bits_rows(select, rows, row);
    for (uint32_t i = 0; i < n; i++) {
        struct sw_value value;
        SW_TRY(wanted(target, vector, row[i], &value, err));
        poke(builder, at + row[i], &value, 0);
    }
    return SW_OK;
}

/* One string that the dictionary knows, or nulls, over many rows: its code is looked up once. */
static sw_status write_codes(struct sw_edit_target *target, const struct sw_chunk *chunk,
                             const uint64_t *select, uint32_t start, uint32_t rows,
                             struct sw_err *err)
{
    struct sw_builder *builder = target->builder;
    uint32_t at = builder->rows;
    struct sw_value value = target->literal;
    value.is_null = target->source == SW_SOURCE_NULLS;
    uint32_t code = value.is_null ? 0 : sw_dict_find(builder->dict, value.u.s);
    if (code == SW_DICT_NONE) {
        return write_texts(target, chunk, NULL, select, start, rows, err);
    }
    SW_TRY(sw_edit_copy(builder, chunk, start, rows, err));
    uint16_t row[SW_VECTOR_ROWS];
    uint32_t n = sw_bits_rows(select, rows, row);
    for (uint32_t i = 0; i < n; i++) {
        poke(builder, at + row[i], &value, code);
    }
    return SW_OK;
}

static sw_status write_vector(struct sw_edit *edit, struct sw_edit_target *target, uint32_t index,
                              const struct sw_chunk *chunk, const uint64_t *select, uint32_t start,
                              uint32_t rows, struct sw_err *err)
{
    struct sw_expr_vector vector = {0};
    if (target->source == SW_SOURCE_PROGRAM) {
        struct sw_batch batch;
        SW_TRY(sw_edit_batch_at(edit, &batch, index, start, err));
        sw_expr_eval_as(target->program, target->state, &batch, asked_type(target), &vector);
    }
    if (target->type != SW_TYPE_STRING) {
        return write_numbers(target, chunk, &vector, select, start, rows, err);
    }
    if (target->source != SW_SOURCE_PROGRAM && chunk != NULL && target->builder->dict != NULL) {
        return write_codes(target, chunk, select, start, rows, err);
    }
    return write_texts(target, chunk, &vector, select, start, rows, err);
}

/* `old`, where there is one, is pinned. */
static sw_status write_group(struct sw_edit *edit, struct sw_edit_target *target, uint32_t index,
                             const struct sw_chunk *old, const uint64_t *bits, struct sw_err *err)
{
    const struct sw_rowgroup *group = edit->version->group[index];
    for (uint32_t start = 0; start < group->rows; start += SW_VECTOR_ROWS) {
        uint32_t left = group->rows - start;
        uint32_t rows = left < SW_VECTOR_ROWS ? left : SW_VECTOR_ROWS;
        const uint64_t *select = bits == NULL ? NULL : bits + start / 64;
        if (select != NULL && sw_bits_count(select) == 0) {
            SW_TRY(sw_edit_copy(target->builder, old, start, rows, err));
        } else {
            SW_TRY(write_vector(edit, target, index, old, select, start, rows, err));
        }
    }
    return SW_OK;
}

sw_status sw_edit_target_chunk(struct sw_edit *edit, struct sw_edit_target *target, uint32_t index,
                               const uint64_t *bits, struct sw_chunk **chunk, struct sw_err *err)
{
    const struct sw_rowgroup *group = edit->version->group[index];
    const struct sw_chunk *old = target->is_new ? NULL : group->chunk[target->column];
    SW_TRY(need_builder(edit, target, old, err));
    if (old != NULL) {
        SW_TRY(sw_chunk_pin(old, err));
    }
    sw_status status = write_group(edit, target, index, old, bits, err);
    if (old != NULL) {
        sw_chunk_unpin(old);
    }
    SW_TRY(status);
    if (target->source != SW_SOURCE_PROGRAM) {
        /* a few rows say nothing about whether the column's dictionary pays */
        target->builder->dict_chunks = 0;
        target->builder->dict_rows = 0;
    }
    bool was_coded = target->builder->dict != NULL;
    SW_TRY(sw_builder_seal(target->builder, chunk, err));
    target->is_plain = target->is_plain || (was_coded && target->builder->dict == NULL);
    return SW_OK;
}
