/* Rows of a chunk into a builder, in runs: codes stay codes where the dictionary is the same. */
#include <stdlib.h>

#include "edit/edit_priv.h"
#include "kernel/kernel.h"

#define TEXTS 256u /* strings handed over at a time */

sw_status sw_edit_builder_said(sw_status status, const struct sw_builder *builder,
                               struct sw_err *err)
{
    if (status == SW_NO_MEMORY) {
        return sw_edit_no_memory(err);
    }
    if (status == SW_LIMIT) {
        return sw_fail_limit(err, "field_bytes", (int64_t)SW_FIELD_BYTES_MAX + 1,
                             SW_FIELD_BYTES_MAX, "store shorter texts");
    }
    if (status == SW_OK && builder->text.length > SW_EDIT_TEXT_BYTES_MAX) {
        return sw_fail_limit(err, "edit_text_bytes", (int64_t)builder->text.length,
                             SW_EDIT_TEXT_BYTES_MAX, "store shorter texts, or in fewer rows");
    }
    return status;
}

void sw_edit_poke_valid(struct sw_builder *builder, uint32_t row, bool is_valid)
{
    uint64_t bit = (uint64_t)1 << (row & 63);
    bool was_valid = (builder->valid[row >> 6] & bit) != 0;
    if (is_valid && !was_valid) {
        builder->valid[row >> 6] |= bit;
        builder->nulls--;
    } else if (!is_valid && was_valid) {
        builder->valid[row >> 6] &= ~bit;
        builder->nulls++;
    }
    if (builder->spelling != NULL) {
        builder->spelling[row] = SW_NULL_EMPTY;
    }
    if (builder->exceptions.count > 0) {
        sw_exception_list_drop(&builder->exceptions, row);
    }
}

/* Rows `at` and on stand for the chunk's from `start`: those that are null become so. */
static sw_status copy_nulls(struct sw_builder *builder, const struct sw_chunk *chunk,
                            uint32_t start, uint32_t n, uint32_t at)
{
    if (chunk->valid == NULL) {
        return SW_OK;
    }
    for (uint32_t row = start; row < start + n;) {
        uint64_t missing = ~chunk->valid[row >> 6] >> (row & 63);
        if (missing == 0) {
            row = (row | 63) + 1;
            continue;
        }
        row += (uint32_t)__builtin_ctzll(missing);
        if (row >= start + n) {
            break;
        }
        builder->rows = at + (row - start);
        if (chunk->null_spelling != NULL) {
            SW_TRY(sw_builder_null(builder, (enum sw_null_spelling)chunk->null_spelling[row]));
            row++;
            continue;
        }
        uint64_t present = chunk->valid[row >> 6] >> (row & 63);
        uint32_t run = present == 0 ? 64 - (row & 63) : (uint32_t)__builtin_ctzll(present);
        run = run < start + n - row ? run : start + n - row;
        SW_TRY(sw_builder_nulls(builder, run));
        row += run;
    }
    return SW_OK;
}

/* -- strings ---------------------------------------------------------------------------- */

static sw_status copy_plain(struct sw_builder *builder, const struct sw_chunk *chunk,
                            uint32_t start, uint32_t n)
{
    const uint32_t *offset = (const uint32_t *)chunk->data + start;
    uint32_t at = builder->rows;
    size_t shift = builder->text.length;
    sw_buf_put(&builder->text, chunk->bytes + offset[0], offset[n] - offset[0]);
    if (builder->text.failed) {
        return SW_NO_MEMORY;
    }
    if (builder->text.length > SW_EDIT_TEXT_BYTES_MAX) {
        return SW_OK; /* refused by who looks at the length */
    }
    for (uint32_t i = 1; i <= n; i++) {
        builder->offsets[at + i] = (uint32_t)(shift + (offset[i] - offset[0]));
    }
    return SW_OK;
}

/* String by string: the dictionaries differ. */
static sw_status copy_texts(struct sw_builder *builder, const struct sw_chunk *chunk,
                            uint32_t start, uint32_t n)
{
    struct sw_span text[TEXTS];
    size_t texts = 0;
    for (uint32_t row = start; row < start + n; row++) {
        struct sw_value value = sw_chunk_value(chunk, row);
        if (!value.is_null) {
            text[texts++] = value.u.s;
        }
        if (texts > 0 && (texts == TEXTS || value.is_null)) {
            SW_TRY(sw_builder_texts(builder, text, texts));
            texts = 0;
        }
        if (value.is_null) {
            unsigned spelling = chunk->null_spelling == NULL ? 0 : chunk->null_spelling[row];
            SW_TRY(sw_builder_null(builder, (enum sw_null_spelling)spelling));
        }
    }
    return texts == 0 ? SW_OK : sw_builder_texts(builder, text, texts);
}

static sw_status copy(struct sw_builder *builder, const struct sw_chunk *chunk, uint32_t start,
                      uint32_t n)
{
    uint32_t at = builder->rows;
    if (builder->ints != NULL) {
        sw_decode_ints(chunk, start, n, builder->ints + at);
    } else if (builder->floats != NULL) {
        sw_decode_floats(chunk, start, n, builder->floats + at);
    } else if (builder->dict != NULL && chunk->dict == builder->dict) {
        sw_decode_codes(chunk, start, n, builder->codes + at);
    } else if (builder->dict == NULL && chunk->encoding == SW_ENC_TEXT) {
        SW_TRY(copy_plain(builder, chunk, start, n));
    } else {
        return copy_texts(builder, chunk, start, n);
    }
    SW_TRY(copy_nulls(builder, chunk, start, n, at));
    builder->rows = at + n;
    return sw_exception_list_add_from(&builder->exceptions, chunk->exceptions, start, n, at);
}

sw_status sw_edit_copy(struct sw_builder *builder, const struct sw_chunk *chunk, uint32_t start,
                       uint32_t n, struct sw_err *err)
{
    if (n == 0) {
        return SW_OK;
    }
    sw_assert(n <= SW_CHUNK_ROWS - builder->rows);
    return sw_edit_builder_said(copy(builder, chunk, start, n), builder, err);
}

/* -- dictionaries -------------------------------------------------------------------------- */

/* A dictionary of another budget belongs to a shared data set: it is read, never added to. */
static bool is_own(const struct sw_edit *edit, const struct sw_chunk *chunk)
{
    return chunk->dict != NULL && sw_dict_budget(chunk->dict) == edit->budget;
}

sw_status sw_edit_dict(const struct sw_edit *edit, uint32_t column, const struct sw_chunk *chunk,
                       struct sw_dict **dict, struct sw_err *err)
{
    *dict = NULL;
    if (chunk != NULL && chunk->encoding == SW_ENC_TEXT) {
        return SW_OK;
    }
    if (chunk != NULL && is_own(edit, chunk)) {
        *dict = sw_dict_ref(chunk->dict);
        return SW_OK;
    }
    for (uint32_t i = 0; i < edit->outs; i++) {
        if (column < edit->out[i]->columns && is_own(edit, edit->out[i]->chunk[column])) {
            *dict = sw_dict_ref(edit->out[i]->chunk[column]->dict);
            return SW_OK;
        }
    }
    for (uint32_t i = 0; i < edit->version->groups; i++) {
        const struct sw_rowgroup *group = edit->version->group[i];
        if (column < group->columns && is_own(edit, group->chunk[column])) {
            *dict = sw_dict_ref(group->chunk[column]->dict);
            return SW_OK;
        }
    }
    return sw_dict_new(edit->budget, dict, err);
}

sw_status sw_edit_seal_ids(struct sw_builder *builder, uint64_t *first, struct sw_chunk **ids,
                           struct sw_err *err)
{
    bool is_run = true;
    for (uint32_t i = 1; i < builder->rows && is_run; i++) {
        is_run = builder->ints[i] == builder->ints[i - 1] + 1;
    }
    *first = (uint64_t)builder->ints[0];
    *ids = NULL;
    sw_status status = is_run ? SW_OK : sw_builder_seal(builder, ids, err);
    sw_builder_free(builder);
    return status;
}
