/* table.preview: what an expression gives for the first rows of a condition, and how many rows
 * that has: for whoever is still writing it.  Nothing is changed.  And what previews of all kinds
 * keep to be shown. */
#include <stdio.h>
#include <stdlib.h>

#include "edit/edit_priv.h"

/* -- what is shown -------------------------------------------------------------------------- */

sw_status sw_edit_sample_begin(struct sw_edit *edit, uint32_t most, struct sw_err *err)
{
    struct sw_edit_outcome *outcome = sw_edit_outcome_now(edit);
    outcome->is_preview = true;
    outcome->sample = sw_arena_array(&edit->samples, most + 1u, sizeof *outcome->sample);
    return outcome->sample == NULL ? sw_edit_no_memory(err) : SW_OK;
}

static bool keep_text(struct sw_edit *edit, struct sw_value *value)
{
    if (value->is_null || value->type != SW_TYPE_STRING) {
        return true;
    }
    int shown = sw_edit_shown(value->u.s, SW_PREVIEW_TEXT_MAX);
    value->u.s.length = (size_t)shown;
    value->u.s.data = sw_arena_text(&edit->samples, value->u.s);
    return value->u.s.data != NULL;
}

sw_status sw_edit_sample_add(struct sw_edit *edit, uint64_t row_id, const struct sw_value *before,
                             const struct sw_value *after, struct sw_err *err)
{
    struct sw_edit_outcome *outcome = sw_edit_outcome_now(edit);
    struct sw_edit_sample *sample = &outcome->sample[outcome->samples];
    *sample = (struct sw_edit_sample){.row_id = row_id, .before = *before, .after = *after};
    if (!keep_text(edit, &sample->before) || !keep_text(edit, &sample->after)) {
        return sw_edit_no_memory(err);
    }
    outcome->samples++;
    return SW_OK;
}

void sw_edit_note_misfit(struct sw_edit *edit, uint64_t row_id, const struct sw_value *value)
{
    struct sw_edit_outcome *outcome = sw_edit_outcome_now(edit);
    outcome->misfits++;
    if (outcome->examples == SW_CAST_EXAMPLES_MAX) {
        return;
    }
    struct sw_edit_example *example = &outcome->example[outcome->examples++];
    char room[SW_VALUE_TEXT];
    struct sw_span text = sw_value_text(value, room);
    int shown = sw_edit_shown(text, SW_EDIT_EXAMPLE_TEXT - 4);
    example->row_id = row_id;
    (void)snprintf(example->text, sizeof example->text, "%.*s%s", shown, text.data,
                   (size_t)shown < text.length ? "..." : "");
}

/* -- the expression ------------------------------------------------------------------------- */

struct preview {
    struct sw_edit_rows rows;
    struct sw_program *program; /* owned; NULL: only the rows */
    struct sw_expr_state *state;
    enum sw_type from, type; /* of the program, and as asked for */
};

static sw_status begin_program(struct sw_edit *edit, struct preview *preview, struct sw_err *err)
{
    const struct sw_edit_op *op = edit->op;
    SW_TRY(sw_edit_expr_compile(&op->set->expr, edit->version->schema, &preview->program, err));
    SW_TRY(sw_edit_reads(edit, preview->program, err));
    preview->from = sw_program_type(preview->program);
    preview->type = op->has_type ? op->type : preview->from;
    if (!sw_edit_is_convertible(preview->from, preview->type)) {
        return sw_fail(err, SW_TYPE,
                       "the expression gives %s, which does not become %s: use CAST(... AS %s) or "
                       "another type",
                       sw_type_name(preview->from), sw_type_name(preview->type),
                       sw_type_name(preview->type));
    }
    struct sw_edit_outcome *outcome = sw_edit_outcome_now(edit);
    outcome->has_type = true;
    outcome->type = preview->type;
    return sw_expr_state_new(preview->program, &preview->state) == SW_OK ? SW_OK
                                                                         : sw_edit_no_memory(err);
}

static sw_status begin(struct sw_edit *edit, struct sw_err *err)
{
    struct preview *preview = calloc(1, sizeof *preview);
    if (preview == NULL) {
        return sw_edit_no_memory(err);
    }
    edit->state = preview;
    SW_TRY(sw_edit_sample_begin(edit, (uint32_t)edit->op->limit, err));
    if (edit->op->sets > 0) {
        SW_TRY(begin_program(edit, preview, err));
    }
    return sw_edit_rows_begin(edit, &preview->rows, err);
}

/* The value of a row as the type that was asked for, or a note that it is none. */
static struct sw_value convert(struct sw_edit *edit, const struct preview *preview,
                               const struct sw_expr_vector *vector, uint32_t i, uint64_t row_id,
                               char *room)
{
    struct sw_value fit = {.type = preview->type, .is_null = true};
    struct sw_value value = sw_edit_expr_value(vector, i);
    if (vector->misfits != NULL && sw_bits_has(vector->misfits, i)) {
        const struct sw_value beyond = {.type = SW_TYPE_STRING,
                                        .u.s = sw_span_text("beyond 64 bits: ask for a float")};
        sw_edit_note_misfit(edit, row_id, &beyond);
    } else if (!sw_edit_value_cast(&value, preview->type, &fit, room)) {
        sw_edit_note_misfit(edit, row_id, &value);
        fit = (struct sw_value){.type = preview->type, .is_null = true};
    }
    return fit;
}

static sw_status sample_vector(struct sw_edit *edit, struct preview *preview, uint32_t index,
                               uint32_t start, const uint64_t *bits, struct sw_err *err)
{
    const struct sw_rowgroup *group = edit->version->group[index];
    const struct sw_edit_outcome *outcome = sw_edit_outcome_now(edit);
    struct sw_expr_vector vector = {0};
    struct sw_batch batch;
    if (preview->program != NULL) {
        const bool is_number = preview->from == SW_TYPE_INT || preview->from == SW_TYPE_BOOL;
        SW_TRY(sw_edit_batch_at(edit, &batch, index, start, err));
        sw_expr_eval_as(preview->program, preview->state, &batch,
                        preview->type == SW_TYPE_FLOAT && is_number ? SW_TYPE_FLOAT : preview->from,
                        &vector);
    }
    for (uint32_t row = start;
         row < group->rows && row < start + SW_VECTOR_ROWS && outcome->samples < edit->op->limit;
         row++) {
        char room[SW_VALUE_TEXT];
        struct sw_value value = {.is_null = true};
        uint64_t row_id = sw_rowgroup_row_id(group, row);
        if (!sw_bits_has(bits, row)) {
            continue;
        }
        if (preview->program != NULL) {
            value = convert(edit, preview, &vector, row - start, row_id, room);
        }
        SW_TRY(sw_edit_sample_add(edit, row_id, &value, &value, err));
    }
    return SW_OK;
}

/* Its row ids are pinned. */
static sw_status sample_group(struct sw_edit *edit, struct preview *preview, uint32_t index,
                              const uint64_t *bits, struct sw_err *err)
{
    const struct sw_edit_outcome *outcome = sw_edit_outcome_now(edit);
    const uint32_t rows = edit->version->group[index]->rows;
    for (uint32_t start = 0; start < rows && outcome->samples < edit->op->limit;
         start += SW_VECTOR_ROWS) {
        uint64_t any = 0;
        for (uint32_t word = start / 64; word * 64 < rows && word < (start + SW_VECTOR_ROWS) / 64;
             word++) {
            any |= bits[word];
        }
        if (any != 0) {
            SW_TRY(sample_vector(edit, preview, index, start, bits, err));
        }
    }
    return SW_OK;
}

static sw_status group(struct sw_edit *edit, uint32_t index, struct sw_err *err)
{
    struct preview *preview = edit->state;
    struct sw_edit_outcome *outcome = sw_edit_outcome_now(edit);
    const uint32_t rows = edit->version->group[index]->rows;
    const bool is_sampled = outcome->samples >= edit->op->limit;
    uint64_t bits[SW_GROUP_WORDS];
    uint32_t count = 0;
    if (is_sampled && preview->rows.where == NULL) {
        outcome->rows += rows;
        return SW_OK;
    }
    SW_TRY(sw_edit_rows_group(edit, &preview->rows, index, bits, &count, err));
    outcome->rows += count;
    if (is_sampled || count == 0) {
        return SW_OK;
    }
    SW_TRY(sw_edit_realise(edit, index, err));
    SW_TRY(sw_rowgroup_pin_ids(edit->version->group[index], err));
    sw_status status = sample_group(edit, preview, index, bits, err);
    sw_rowgroup_unpin_ids(edit->version->group[index]);
    return status;
}

static sw_status finish(struct sw_edit *edit, struct sw_err *err)
{
    const struct preview *preview = edit->state;
    edit->is_same = true;
    SW_TRY(sw_edit_rows_finish(&preview->rows, err));
    return preview->state == NULL ? SW_OK : sw_expr_state_status(preview->state, err);
}

static void end(struct sw_edit *edit)
{
    struct preview *preview = edit->state;
    if (preview == NULL) {
        return;
    }
    if (preview->state != NULL) {
        sw_expr_state_free(preview->state);
    }
    if (preview->program != NULL) {
        sw_program_free(preview->program);
    }
    sw_edit_rows_end(&preview->rows);
    free(preview);
}

static void say(const struct sw_edit *edit, struct sw_buf *what)
{
    (void)edit;
    sw_buf_put_text(what, "looked at rows");
}

const struct sw_edit_kind_ops sw_edit_preview = {begin, group, finish, end, say};
