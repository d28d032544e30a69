/* table.cast_column: each value as one of another type, those that do not fit counted and shown.
 *
 * Exceptions (table/exceptions.h) count as the texts that they are: a cast to string gives them
 * back, a type that takes the text makes a value of it, and otherwise they stay what they were. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "edit/edit_priv.h"
#include "kernel/kernel.h"

struct cast {
    uint32_t column;
    enum sw_type from;
    struct sw_builder *builder; /* owned */
    /* of a preview */
    const struct sw_dict *tried_dict; /* borrowed from the version */
    uint32_t tried_count;
    uint8_t *tried; /* [tried_count] 0: not yet, 1: fits, 2: does not; owned */
};

static sw_status begin(struct sw_edit *edit, struct sw_err *err)
{
    const struct sw_schema *schema = edit->version->schema;
    const struct sw_edit_op *op = edit->op;
    struct cast *cast = calloc(1, sizeof *cast);
    if (cast == NULL) {
        return sw_edit_no_memory(err);
    }
    edit->state = cast;
    SW_TRY(sw_schema_need(schema, op->column, &cast->column, err));
    SW_TRY(sw_edit_need_values(schema, cast->column, err));
    cast->from = schema->column[cast->column].type;
    if (!sw_edit_is_castable(cast->from, op->type)) {
        return sw_fail(err, SW_TYPE, "column `%.100s` is of type %s, which does not become %s",
                       schema->column[cast->column].name, sw_type_name(cast->from),
                       sw_type_name(op->type));
    }
    if (op->is_preview) {
        return sw_edit_sample_begin(edit, SW_PREVIEW_ROWS, err);
    }
    const char **name = calloc(schema->columns, sizeof(char *));
    enum sw_type *type = calloc(schema->columns, sizeof *type);
    sw_status status = name == NULL || type == NULL ? SW_NO_MEMORY : SW_OK;
    for (uint32_t i = 0; status == SW_OK && i < schema->columns; i++) {
        name[i] = schema->column[i].name;
        type[i] = i == cast->column ? op->type : schema->column[i].type;
    }
    if (status == SW_OK) {
        status = sw_schema_new(schema->columns, name, type, &edit->schema);
    }
    for (uint32_t i = 0; status == SW_OK && i < schema->columns; i++) {
        edit->schema->column[i].id = schema->column[i].id;
    }
    free(name);
    free(type);
    return status == SW_OK ? SW_OK : sw_edit_no_memory(err);
}

/* The first columns' dictionary is new; later row groups go on with it. */
static sw_status need_builder(struct sw_edit *edit, struct cast *cast, struct sw_err *err)
{
    if (cast->builder != NULL) {
        return SW_OK;
    }
    struct sw_dict *dict = NULL;
    if (edit->op->type == SW_TYPE_STRING) {
        SW_TRY(sw_dict_new(edit->budget, &dict, err));
    }
    sw_status status = sw_builder_new(edit->op->type, dict, edit->budget, &cast->builder, err);
    sw_dict_unref(dict);
    return status;
}

/* A value that the type does not take: its text is kept, or it is null and noted. */
static sw_status put_misfit(struct sw_edit *edit, struct cast *cast,
                            const struct sw_rowgroup *group, uint32_t row,
                            const struct sw_value *value, struct sw_err *err)
{
    char room[SW_VALUE_TEXT];
    sw_edit_note_misfit(edit, sw_rowgroup_row_id(group, row), value);
    if (!edit->op->is_kept_on_error) {
        return sw_builder_null(cast->builder, SW_NULL_EMPTY);
    }
    uint64_t misfits = sw_edit_outcome_now(edit)->misfits;
    if (misfits > SW_EXCEPTIONS_MAX) {
        return sw_fail_limit(err, "exceptions", (int64_t)misfits, SW_EXCEPTIONS_MAX,
                             "more values do not fit than can be kept beside the column: use "
                             "on_error \"null\", or another type");
    }
    struct sw_value text;
    bool is_text = sw_edit_value_cast(value, SW_TYPE_STRING, &text, room);
    sw_assert(is_text); /* everything becomes one */
    return sw_builder_exception(cast->builder, text.u.s);
}

/* The text of an exception in the new type. */
static sw_status cast_exception(const struct sw_edit *edit, struct cast *cast, struct sw_span text)
{
    char room[SW_VALUE_TEXT];
    const struct sw_value value = {.type = SW_TYPE_STRING, .u.s = text};
    struct sw_value fit;
    return sw_edit_value_cast(&value, edit->op->type, &fit, room)
               ? sw_builder_value(cast->builder, &fit)
               : sw_builder_exception(cast->builder, text);
}

static sw_status cast_rows(struct sw_edit *edit, struct cast *cast, const struct sw_rowgroup *group,
                           struct sw_err *err)
{
    const struct sw_chunk *chunk = group->chunk[cast->column];
    const struct sw_exceptions *exceptions = chunk->exceptions;
    uint32_t next = 0;
    for (uint32_t row = 0; row < group->rows; row++) {
        char room[SW_VALUE_TEXT];
        struct sw_value value = sw_chunk_value(chunk, row);
        struct sw_value fit;
        sw_status status = SW_OK;
        if (exceptions != NULL && next < exceptions->count && exceptions->row[next] == row) {
            status = cast_exception(edit, cast, sw_exceptions_text(exceptions, next++));
        } else if (sw_edit_value_cast(&value, edit->op->type, &fit, room)) {
            status = sw_builder_value(cast->builder, &fit);
        } else {
            SW_TRY(put_misfit(edit, cast, group, row, &value, err));
        }
        SW_TRY(sw_edit_builder_said(status, cast->builder, err));
    }
    return SW_OK;
}

/* -- the preview: counted and shown, nothing is made ------------------------------------- */

/* Room to note for each code of a dictionary whether its text fits: tried once, not row by row. */
static sw_status need_tried(struct cast *cast, const struct sw_chunk *chunk, struct sw_err *err)
{
    if (cast->tried_dict == chunk->dict && chunk->dict_count <= cast->tried_count) {
        return SW_OK;
    }
    uint32_t kept = cast->tried_dict == chunk->dict ? cast->tried_count : 0;
    uint8_t *tried = realloc(cast->tried, chunk->dict_count);
    if (tried == NULL) {
        return sw_edit_no_memory(err);
    }
    memset(tried + kept, 0, chunk->dict_count - kept);
    cast->tried = tried;
    cast->tried_count = chunk->dict_count;
    cast->tried_dict = chunk->dict;
    return SW_OK;
}

static sw_status count_codes(struct sw_edit *edit, struct cast *cast,
                             const struct sw_rowgroup *group, struct sw_err *err)
{
    const struct sw_chunk *chunk = group->chunk[cast->column];
    if (chunk->dict_count == 0) {
        return SW_OK; /* all null */
    }
    SW_TRY(need_tried(cast, chunk, err));
    for (uint32_t start = 0; start < group->rows; start += SW_VECTOR_ROWS) {
        uint32_t codes[SW_VECTOR_ROWS];
        uint32_t n = group->rows - start < SW_VECTOR_ROWS ? group->rows - start : SW_VECTOR_ROWS;
        sw_decode_codes(chunk, start, n, codes);
        for (uint32_t i = 0; i < n; i++) {
            uint8_t *tried = &cast->tried[codes[i]];
            if (*tried == 1 || sw_chunk_is_null(chunk, start + i)) {
                continue;
            }
            char room[SW_VALUE_TEXT];
            struct sw_value fit;
            const struct sw_value value = {.type = SW_TYPE_STRING,
                                           .u.s = sw_dict_at(chunk->dict, codes[i])};
            if (*tried == 0) {
                *tried = sw_edit_value_cast(&value, edit->op->type, &fit, room) ? 1 : 2;
            }
            if (*tried == 2) {
                sw_edit_note_misfit(edit, sw_rowgroup_row_id(group, start + i), &value);
            }
        }
    }
    return SW_OK;
}

static void count_values(struct sw_edit *edit, const struct cast *cast,
                         const struct sw_rowgroup *group)
{
    const struct sw_chunk *chunk = group->chunk[cast->column];
    for (uint32_t row = 0; row < group->rows; row++) {
        char room[SW_VALUE_TEXT];
        struct sw_value fit;
        const struct sw_value value = sw_chunk_value(chunk, row);
        if (!value.is_null && !sw_edit_value_cast(&value, edit->op->type, &fit, room)) {
            sw_edit_note_misfit(edit, sw_rowgroup_row_id(group, row), &value);
        }
    }
}

/* The first rows as they are and as they would be. */
static sw_status sample_rows(struct sw_edit *edit, const struct cast *cast,
                             const struct sw_rowgroup *group, struct sw_err *err)
{
    const struct sw_chunk *chunk = group->chunk[cast->column];
    const struct sw_edit_outcome *outcome = sw_edit_outcome_now(edit);
    for (uint32_t row = 0; row < group->rows && outcome->samples < SW_PREVIEW_ROWS; row++) {
        char room[SW_VALUE_TEXT];
        struct sw_value value = sw_chunk_value(chunk, row);
        struct sw_value fit;
        struct sw_span text;
        if (sw_exceptions_find(chunk->exceptions, row, &text)) {
            value = (struct sw_value){.type = SW_TYPE_STRING, .u.s = text};
        }
        if (!sw_edit_value_cast(&value, edit->op->type, &fit, room)) {
            fit = (struct sw_value){.type = edit->op->type, .is_null = true};
        }
        SW_TRY(sw_edit_sample_add(edit, sw_rowgroup_row_id(group, row), &value, &fit, err));
    }
    return SW_OK;
}

static sw_status preview_group(struct sw_edit *edit, struct cast *cast, uint32_t index,
                               struct sw_err *err)
{
    const struct sw_rowgroup *group = edit->version->group[index];
    const struct sw_chunk *chunk = group->chunk[cast->column];
    struct sw_edit_outcome *outcome = sw_edit_outcome_now(edit);
    outcome->rows += group->rows;
    outcome->nulls +=
        chunk->zone.nulls - (chunk->exceptions == NULL ? 0 : chunk->exceptions->count);
    SW_TRY(sample_rows(edit, cast, group, err));
    if (cast->from == edit->op->type || edit->op->type == SW_TYPE_STRING) {
        return SW_OK;
    }
    if (chunk->encoding == SW_ENC_DICT) {
        return count_codes(edit, cast, group, err);
    }
    count_values(edit, cast, group);
    return SW_OK;
}

/* Its column and its row ids are pinned. */
static sw_status cast_group(struct sw_edit *edit, struct cast *cast, uint32_t index,
                            struct sw_err *err)
{
    const struct sw_rowgroup *old = edit->version->group[index];
    if (edit->op->is_preview) {
        return preview_group(edit, cast, index, err);
    }
    SW_TRY(need_builder(edit, cast, err));
    struct sw_dict *dict = cast->builder->dict == NULL ? NULL : sw_dict_ref(cast->builder->dict);
    if (dict != NULL) {
        sw_dict_write_begin(dict);
    }
    sw_status status = cast_rows(edit, cast, old, err);
    if (dict != NULL) {
        sw_dict_write_end(dict);
        sw_dict_unref(dict);
    }
    struct sw_chunk *chunk = NULL;
    struct sw_rowgroup *made = NULL;
    SW_TRY(status);
    SW_TRY(sw_builder_seal(cast->builder, &chunk, err));
    if (sw_rowgroup_with_chunk(old, cast->column, chunk, &made) != SW_OK) {
        return sw_edit_no_memory(err);
    }
    return sw_edit_emit_changed(edit, index, made, err);
}

static sw_status group(struct sw_edit *edit, uint32_t index, struct sw_err *err)
{
    struct cast *cast = edit->state;
    const struct sw_rowgroup *old = edit->version->group[index];
    const struct sw_chunk *values = old->chunk[cast->column];
    if (!edit->op->is_preview && cast->from == edit->op->type) {
        return sw_edit_emit_shared(edit, index, err);
    }
    SW_TRY(sw_chunk_pin(values, err));
    sw_status status = sw_rowgroup_pin_ids(old, err);
    if (status == SW_OK) {
        status = cast_group(edit, cast, index, err);
        sw_rowgroup_unpin_ids(old);
    }
    sw_chunk_unpin(values);
    return status;
}

static sw_status refuse(const struct sw_edit *edit, const struct sw_edit_outcome *outcome,
                        struct sw_err *err)
{
    struct sw_buf list;
    sw_buf_init(&list);
    for (uint32_t i = 0; i < outcome->examples && list.length < 200; i++) {
        sw_buf_printf(&list, "%s\"%s\" (row id %" PRIu64 ")", i == 0 ? "" : ", ",
                      outcome->example[i].text, outcome->example[i].row_id);
    }
    struct sw_span shown = list.failed ? sw_span_of("", 0) : sw_buf_peek(&list);
    bool is_one = outcome->misfits == 1;
    sw_status status =
        sw_fail(err, SW_TYPE,
                "%" PRIu64 " %s of column `%.*s` %s not fit %s: %.*s%s; nothing was changed; with "
                "on_error \"null\" %s null, with \"keep\" null with the text kept",
                outcome->misfits, is_one ? "value" : "values", sw_edit_shown(edit->op->column, 60),
                edit->op->column.data, is_one ? "does" : "do", sw_type_name(edit->op->type),
                (int)shown.length, shown.data, is_one ? "" : ", ...",
                is_one ? "it becomes" : "they become");
    sw_buf_fini(&list);
    return status;
}

static sw_status finish(struct sw_edit *edit, struct sw_err *err)
{
    const struct sw_edit_outcome *outcome = sw_edit_outcome_now(edit);
    if (edit->op->is_preview) {
        edit->is_same = true;
        return SW_OK;
    }
    if (outcome->misfits > 0 && !edit->op->is_null_on_error && !edit->op->is_kept_on_error) {
        return refuse(edit, outcome, err);
    }
    return SW_OK;
}

static void end(struct sw_edit *edit)
{
    struct cast *cast = edit->state;
    if (cast != NULL) {
        sw_builder_free(cast->builder);
        free(cast->tried);
        free(cast);
    }
}

static void say(const struct sw_edit *edit, struct sw_buf *what)
{
    sw_buf_put_text(what, "made ");
    sw_edit_say_name(what, edit->op->column);
    sw_buf_printf(what, " %s %s column", edit->op->type == SW_TYPE_INT ? "an" : "a",
                  sw_type_name(edit->op->type));
    uint64_t misfits = edit->outcome[edit->op_index].misfits;
    if (misfits > 0) {
        sw_buf_put_text(what,
                        edit->op->is_kept_on_error ? ", which does not fit in " : ", null in ");
        sw_edit_say_rows(what, misfits);
    }
}

const struct sw_edit_kind_ops sw_edit_cast_column = {begin, group, finish, end, say};
