/* See measure_rows.h. */
#include "fold/measure_rows.h"

#define SHARE 4u /* one row in so many must be seen for looking at all of them */

/* The rows of the grouping that are in the set. */
static void rows_seen(const struct sw_rows *rows, uint64_t *keep)
{
    const uint64_t *select = rows->grouping->select;
    for (uint32_t word = 0; word < SW_VECTOR_WORDS; word++) {
        bool is_inside = rows->valid != NULL && word < sw_bits_words(rows->batch->rows);
        keep[word] = (select != NULL ? select[word] : UINT64_MAX) &
                     (is_inside ? rows->valid[word] : UINT64_MAX);
    }
}

static void begin_few(struct sw_rows *rows, bool sees_all)
{
    const struct sw_grouping *from = rows->grouping;
    uint32_t n = rows->batch->rows;
    uint64_t keep[SW_VECTOR_WORDS];
    rows->form = SW_ROWS_FEW;
    if (sees_all) {
        memcpy(rows->few, from->narrow, n);
        return;
    }
    rows_seen(rows, keep);
    sw_mark(from->narrow, keep, n, (uint8_t)from->groups, rows->few);
}

static void begin_wide(struct sw_rows *rows, bool sees_all)
{
    const struct sw_grouping *from = rows->grouping;
    uint32_t n = rows->batch->rows;
    uint64_t keep[SW_VECTOR_WORDS];
    rows->form = SW_ROWS_WIDE;
    rows->wide = from->wide;
    if (!sees_all) {
        rows_seen(rows, keep);
        sw_mark_wide(from->wide, keep, n, (uint16_t)(from->groups - 1), rows->own_wide);
        rows->wide = rows->own_wide;
    }
}

void sw_rows_begin(struct sw_rows *rows, const struct sw_grouping *grouping,
                   const struct sw_batch *batch, const uint64_t *valid)
{
    bool sees_all = grouping->select == NULL && valid == NULL;
    bool is_dense = grouping->selected >= batch->rows / SHARE;
    rows->grouping = grouping;
    rows->batch = batch;
    rows->valid = valid;
    rows->groups = grouping->groups;
    rows->form = SW_ROWS_LISTED;
    rows->has_tally = false;
    rows->is_listed = false;
    if (grouping->narrow != NULL && grouping->groups <= SW_FEW_GROUPS && is_dense) {
        begin_few(rows, sees_all);
    } else if (grouping->wide != NULL && (sees_all || (grouping->has_spare && is_dense))) {
        begin_wide(rows, sees_all);
    }
}

const uint64_t *sw_rows_tally(struct sw_rows *rows)
{
    sw_assert(rows->form == SW_ROWS_FEW);
    if (!rows->has_tally) {
        memset(rows->tally, 0, (rows->groups + (size_t)1) * sizeof(*rows->tally));
        sw_count_narrow(rows->few, NULL, rows->batch->rows, rows->batch->rows, rows->tally,
                        rows->groups);
        rows->has_tally = true;
    }
    return rows->tally;
}

static void list_groups(struct sw_rows *rows)
{
    const struct sw_grouping *from = rows->grouping;
    rows->n = sw_bits_rows(from->select, rows->batch->rows, rows->own_row);
    rows->row = rows->own_row;
    rows->group = rows->own_group;
    for (uint32_t i = 0; i < rows->n && from->narrow != NULL; i++) {
        rows->own_group[i] = from->narrow[rows->own_row[i]];
    }
    for (uint32_t i = 0; i < rows->n && from->wide != NULL; i++) {
        rows->own_group[i] = from->wide[rows->own_row[i]];
    }
    for (uint32_t i = 0; i < rows->n && from->full != NULL; i++) {
        rows->own_group[i] = from->full[rows->own_row[i]];
    }
}

static void keep_valid(struct sw_rows *rows)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < rows->n; i++) {
        uint16_t row = rows->row[i];
        rows->own_row[n] = row;
        rows->own_group[n] = rows->group[i];
        n += sw_bits_has(rows->valid, row);
    }
    rows->n = n;
    rows->row = rows->own_row;
    rows->group = rows->own_group;
}

void sw_rows_list(struct sw_rows *rows)
{
    if (rows->is_listed) {
        return;
    }
    rows->is_listed = true;
    if (rows->grouping->row == NULL) {
        list_groups(rows);
    } else {
        rows->n = rows->grouping->selected;
        rows->row = rows->grouping->row;
        rows->group = rows->grouping->group;
    }
    if (rows->valid != NULL) {
        keep_valid(rows);
    }
}

void sw_rows_count(struct sw_rows *rows, uint64_t *counts)
{
    const struct sw_grouping *from = rows->grouping;
    uint32_t n = rows->batch->rows;
    if (rows->form == SW_ROWS_FEW) {
        const uint64_t *tally = sw_rows_tally(rows);
        for (uint32_t g = 0; g < rows->groups; g++) {
            counts[g] += tally[g];
        }
    } else if (from->narrow != NULL) {
        sw_count_narrow(from->narrow, from->select, from->selected, n, counts, from->groups);
    } else {
        sw_assert(from->wide != NULL);
        sw_count_wide(from->wide, from->select, from->selected, n, counts, from->groups);
    }
}
