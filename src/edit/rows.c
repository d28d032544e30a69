/* Which rows of a version an edit is about: by condition, by id, or all. */
#include <stdlib.h>

#include "edit/edit_priv.h"
#include "kernel/kernel.h"

sw_status sw_edit_rows_begin(struct sw_edit *edit, struct sw_edit_rows *rows, struct sw_err *err)
{
    const struct sw_edit_op *op = edit->op;
    *rows = (struct sw_edit_rows){.id = op->id, .ids = op->ids, .has_ids = op->has_ids};
    if (op->has_ids) {
        rows->is_found = calloc(op->ids + 1, 1);
        return rows->is_found == NULL ? sw_edit_no_memory(err) : SW_OK;
    }
    if (op->where.expr == NULL) {
        return SW_OK;
    }
    SW_TRY(sw_edit_expr_compile(&op->where, edit->version->schema, &rows->where, err));
    SW_TRY(sw_edit_reads(edit, rows->where, err));
    return sw_expr_state_new(rows->where, &rows->state) == SW_OK ? SW_OK : sw_edit_no_memory(err);
}

sw_status sw_edit_rows_join(struct sw_edit_rows *rows, const struct sw_edit_rows *part,
                            struct sw_err *err)
{
    for (size_t i = 0; rows->has_ids && i < rows->ids; i++) {
        rows->is_found[i] |= part->is_found[i];
    }
    rows->found += part->found;
    return part->state == NULL ? SW_OK : sw_expr_state_status(part->state, err);
}

void sw_edit_rows_end(struct sw_edit_rows *rows)
{
    if (rows->state != NULL) {
        sw_expr_state_free(rows->state);
    }
    if (rows->where != NULL) {
        sw_program_free(rows->where);
    }
    free(rows->is_found);
    *rows = (struct sw_edit_rows){0};
}

/* -- all --------------------------------------------------------------------------- */

static void all_rows(uint64_t *bits, uint32_t rows)
{
    memset(bits, 0xff, rows / 64 * sizeof *bits);
    if (rows % 64 != 0) {
        bits[rows / 64] = ((uint64_t)1 << rows % 64) - 1;
    }
}

/* -- by condition ---------------------------------------------------------------------- */

static sw_status test_group(struct sw_edit *edit, struct sw_edit_rows *rows, uint32_t index,
                            uint64_t *bits, uint32_t *count, struct sw_err *err)
{
    const struct sw_rowgroup *group = edit->version->group[index];
    SW_TRY(sw_edit_realise(edit, index, err));
    switch (sw_program_reach(rows->where, group)) {
    case SW_EXPR_REACH_NONE:
        return SW_OK;
    case SW_EXPR_REACH_ALL:
        all_rows(bits, group->rows);
        *count = group->rows;
        return SW_OK;
    case SW_EXPR_REACH_SOME:
        break;
    }
    for (uint32_t start = 0; start < group->rows; start += SW_VECTOR_ROWS) {
        struct sw_batch batch;
        SW_TRY(sw_edit_batch_at(edit, &batch, index, start, err));
        sw_expr_test(rows->where, rows->state, &batch, bits + start / 64);
        *count += sw_bits_count(bits + start / 64);
    }
    return SW_OK;
}

/* -- by id -------------------------------------------------------------------------------- */

/* The first of the ids that is not below `least`. */
static size_t first_from(const struct sw_edit_rows *rows, uint64_t least)
{
    size_t low = 0;
    size_t high = rows->ids;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rows->id[middle] < least) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void find(struct sw_edit_rows *rows, size_t at, uint32_t row, uint64_t *bits,
                 uint32_t *count)
{
    if (!rows->is_found[at]) {
        rows->is_found[at] = 1;
        rows->found++;
        sw_bits_set(bits, row);
        (*count)++;
    }
}

/* Listed ids in ascending order: a search for each one that is wanted. */
static void search_ascending(const struct sw_chunk *chunk, struct sw_edit_rows *rows, size_t from,
                             uint64_t last, uint64_t *bits, uint32_t *count)
{
    for (size_t i = from; i < rows->ids && rows->id[i] <= last; i++) {
        uint32_t low = 0;
        uint32_t high = chunk->rows;
        while (low < high) {
            uint32_t middle = low + (high - low) / 2;
            if ((uint64_t)sw_chunk_value(chunk, middle).u.i < rows->id[i]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low < chunk->rows && (uint64_t)sw_chunk_value(chunk, low).u.i == rows->id[i]) {
            find(rows, i, low, bits, count);
        }
    }
}

static void search_any(const struct sw_chunk *chunk, struct sw_edit_rows *rows, uint64_t *bits,
                       uint32_t *count)
{
    for (uint32_t row = 0; row < chunk->rows; row++) {
        uint64_t id = (uint64_t)sw_chunk_value(chunk, row).u.i;
        size_t at = first_from(rows, id);
        if (at < rows->ids && rows->id[at] == id) {
            find(rows, at, row, bits, count);
        }
    }
}

static sw_status find_ids(const struct sw_rowgroup *group, struct sw_edit_rows *rows,
                          uint64_t *bits, uint32_t *count, struct sw_err *err)
{
    const struct sw_chunk *chunk = group->row_ids;
    uint64_t first = chunk == NULL ? group->first_row_id : (uint64_t)chunk->zone.min_i;
    uint64_t last = chunk == NULL ? first + group->rows - 1 : (uint64_t)chunk->zone.max_i;
    size_t from = first_from(rows, first);
    if (from == rows->ids || rows->id[from] > last) {
        return SW_OK;
    }
    SW_TRY(sw_rowgroup_pin_ids(group, err));
    if (chunk == NULL) {
        for (size_t i = from; i < rows->ids && rows->id[i] <= last; i++) {
            find(rows, i, (uint32_t)(rows->id[i] - first), bits, count);
        }
    } else if (chunk->zone.is_ascending) {
        search_ascending(chunk, rows, from, last, bits, count);
    } else {
        search_any(chunk, rows, bits, count);
    }
    sw_rowgroup_unpin_ids(group);
    return SW_OK;
}

sw_status sw_edit_rows_group(struct sw_edit *edit, struct sw_edit_rows *rows, uint32_t index,
                             uint64_t *bits, uint32_t *count, struct sw_err *err)
{
    const struct sw_rowgroup *group = edit->version->group[index];
    memset(bits, 0, SW_GROUP_WORDS * sizeof *bits);
    *count = 0;
    if (rows->has_ids) {
        return find_ids(group, rows, bits, count, err);
    }
    if (rows->where != NULL) {
        return test_group(edit, rows, index, bits, count, err);
    }
    all_rows(bits, group->rows);
    *count = group->rows;
    return SW_OK;
}

sw_status sw_edit_rows_finish(const struct sw_edit_rows *rows, struct sw_err *err)
{
    if (rows->state != NULL) {
        SW_TRY(sw_expr_state_status(rows->state, err));
    }
    for (size_t i = 0; rows->has_ids && rows->found < rows->ids && i < rows->ids; i++) {
        if (!rows->is_found[i]) {
            return sw_fail(err, SW_PARAMS,
                           "there is no row with id %llu in this version: it was deleted or never "
                           "was",
                           (unsigned long long)rows->id[i]);
        }
    }
    return SW_OK;
}
