/* table.delete_rows: the other rows keep their ids; row groups without a deleted row are shared. */
#include <stdlib.h>

#include "edit/edit_priv.h"

static sw_status begin(struct sw_edit *edit, struct sw_err *err)
{
    struct sw_edit_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL) {
        return sw_edit_no_memory(err);
    }
    edit->state = rows;
    return sw_edit_rows_begin(edit, rows, err);
}

/* The next row from `row` on whose bit is `bit`, or `rows`. */
static uint32_t next_row(const uint64_t *bits, uint32_t row, uint32_t rows, bool bit)
{
    while (row < rows) {
        uint64_t word = (bit ? bits[row / 64] : ~bits[row / 64]) >> (row % 64);
        if (word != 0) {
            row += (uint32_t)__builtin_ctzll(word);
            return row < rows ? row : rows;
        }
        row = (row | 63) + 1;
    }
    return rows;
}

/* Moves the kept ones of the builder's values together. */
static void squeeze_values(struct sw_builder *builder, const uint64_t *bits)
{
    uint32_t rows = builder->rows;
    uint32_t kept = 0;
    for (uint32_t row = 0; row < rows && builder->ints != NULL; row++) {
        builder->ints[kept] = builder->ints[row];
        kept += !sw_bits_has(bits, row);
    }
    for (uint32_t row = 0; row < rows && builder->floats != NULL; row++) {
        builder->floats[kept] = builder->floats[row];
        kept += !sw_bits_has(bits, row);
    }
    for (uint32_t row = 0; row < rows && builder->codes != NULL; row++) {
        builder->codes[kept] = builder->codes[row];
        kept += !sw_bits_has(bits, row);
    }
    builder->rows = kept;
}

/* The same for null flags and spellings of the `rows` rows that there were. */
static void squeeze_nulls(struct sw_builder *builder, const uint64_t *bits, uint32_t rows)
{
    uint32_t kept = 0;
    for (uint32_t row = 0; row < rows && builder->nulls > 0; row++) {
        if (sw_bits_has(bits, row)) {
            continue;
        }
        uint64_t valid = builder->valid[row / 64] >> (row % 64) & 1;
        uint64_t *word = &builder->valid[kept / 64];
        *word = (*word & ~((uint64_t)1 << kept % 64)) | valid << kept % 64;
        if (builder->spelling != NULL) {
            builder->spelling[kept] = builder->spelling[row];
        }
        kept++;
    }
    uint32_t nulls = 0;
    for (uint32_t row = next_row(builder->valid, 0, kept, false); row < kept;
         row = next_row(builder->valid, row + 1, kept, false)) {
        nulls++;
    }
    if (builder->nulls > 0) {
        /* what lies behind the kept rows is as in a fresh builder */
        for (uint32_t row = kept; row < rows; row++) {
            sw_bits_set(builder->valid, row);
        }
        if (builder->spelling != NULL) {
            memset(builder->spelling + kept, SW_NULL_EMPTY, rows - kept);
        }
    }
    builder->nulls = nulls;
}

/* Plain text is copied run by run, all else at once and then squeezed. */
static sw_status copy_kept(struct sw_builder *builder, const struct sw_chunk *chunk,
                           const uint64_t *bits, struct sw_err *err)
{
    if (chunk->encoding != SW_ENC_TEXT) {
        SW_TRY(sw_edit_copy(builder, chunk, 0, chunk->rows, err));
        squeeze_values(builder, bits);
        squeeze_nulls(builder, bits, chunk->rows);
        sw_exception_list_squeeze(&builder->exceptions, bits);
        return SW_OK;
    }
    for (uint32_t row = next_row(bits, 0, chunk->rows, false); row < chunk->rows;) {
        uint32_t gone = next_row(bits, row, chunk->rows, true);
        SW_TRY(sw_edit_copy(builder, chunk, row, gone - row, err));
        row = next_row(bits, gone, chunk->rows, false);
    }
    return SW_OK;
}

/* The rows of the chunk whose bits are 0. */
static sw_status keep_rows(struct sw_edit *edit, const struct sw_chunk *chunk, const uint64_t *bits,
                           struct sw_chunk **kept, struct sw_err *err)
{
    struct sw_builder *builder = NULL;
    SW_TRY(sw_builder_new(chunk->type, chunk->dict, edit->budget, &builder, err));
    sw_status status = sw_chunk_pin(chunk, err);
    if (status == SW_OK) {
        status = copy_kept(builder, chunk, bits, err);
        sw_chunk_unpin(chunk);
    }
    if (status == SW_OK) {
        status = sw_builder_seal(builder, kept, err);
    }
    sw_builder_free(builder);
    return status;
}

/* Ids of the kept rows: a chunk, or none where they follow one another. */
static sw_status keep_ids(struct sw_edit *edit, const struct sw_rowgroup *group,
                          const uint64_t *bits, uint64_t *first, struct sw_chunk **ids,
                          struct sw_err *err)
{
    struct sw_builder *builder = NULL;
    SW_TRY(sw_builder_new(SW_TYPE_INT, NULL, edit->budget, &builder, err));
    sw_status status = sw_rowgroup_pin_ids(group, err);
    if (status != SW_OK) {
        sw_builder_free(builder);
        return status;
    }
    for (uint32_t row = next_row(bits, 0, group->rows, false); row < group->rows;
         row = next_row(bits, row + 1, group->rows, false)) {
        builder->ints[builder->rows++] = (int64_t)sw_rowgroup_row_id(group, row);
    }
    sw_rowgroup_unpin_ids(group);
    return sw_edit_seal_ids(builder, first, ids, err);
}

static sw_status rebuild(struct sw_edit *edit, uint32_t index, const uint64_t *bits,
                         struct sw_err *err)
{
    const struct sw_rowgroup *group = edit->version->group[index];
    struct sw_chunk **chunk = calloc(group->columns, sizeof(struct sw_chunk *));
    struct sw_chunk *ids = NULL;
    uint64_t first = 0;
    if (chunk == NULL) {
        return sw_edit_no_memory(err);
    }
    sw_status status = keep_ids(edit, group, bits, &first, &ids, err);
    for (uint32_t i = 0; i < group->columns && status == SW_OK; i++) {
        if (edit->version->schema->column[i].formula == NULL) {
            status = keep_rows(edit, group->chunk[i], bits, &chunk[i], err);
        }
    }
    struct sw_rowgroup *made = NULL;
    if (status == SW_OK) {
        status = sw_rowgroup_take(group->columns, chunk, first, ids, &made);
        status = status == SW_OK ? sw_edit_emit(edit, made, err) : sw_edit_no_memory(err);
    } else {
        for (uint32_t i = 0; i < group->columns; i++) {
            sw_chunk_unref(chunk[i]);
        }
        sw_chunk_unref(ids);
    }
    free(chunk);
    return status;
}

static sw_status group(struct sw_edit *edit, uint32_t index, struct sw_err *err)
{
    uint64_t bits[SW_GROUP_WORDS];
    uint32_t count = 0;
    SW_TRY(sw_edit_rows_group(edit, edit->state, index, bits, &count, err));
    sw_edit_outcome_now(edit)->rows += count;
    if (count == 0) {
        return sw_edit_emit_shared(edit, index, err);
    }
    return count == edit->version->group[index]->rows ? SW_OK : rebuild(edit, index, bits, err);
}

static sw_status finish(struct sw_edit *edit, struct sw_err *err)
{
    SW_TRY(sw_edit_rows_finish(edit->state, err));
    edit->is_same = sw_edit_outcome_now(edit)->rows == 0;
    return SW_OK;
}

static bool is_divisible(const struct sw_edit *edit)
{
    return !edit->op->has_ids;
}

static sw_status join(struct sw_edit *edit, const struct sw_edit *part, struct sw_err *err)
{
    sw_edit_outcome_now(edit)->rows += part->outcome[part->op_index].rows;
    return sw_edit_rows_join(edit->state, part->state, err);
}

static void end(struct sw_edit *edit)
{
    if (edit->state != NULL) {
        sw_edit_rows_end(edit->state);
        free(edit->state);
    }
}

static void say(const struct sw_edit *edit, struct sw_buf *what)
{
    sw_buf_put_text(what, "deleted ");
    sw_edit_say_rows(what, edit->outcome[edit->op_index].rows);
}

const struct sw_edit_kind_ops sw_edit_delete_rows = {begin, group, finish, end, say};
const struct sw_edit_split_ops sw_edit_delete_rows_split = {is_divisible, join};
