/* measure_rows: the rows of a vector that a measure sees, with their groups, in the form that is
 * cheapest to add up.  For measure_add.c; worker thread, on its stack. */
#ifndef SW_FOLD_MEASURE_ROWS_H
#define SW_FOLD_MEASURE_ROWS_H

#include "fold/measure.h"
#include "kernel/kernel.h"

enum sw_rows_form {
    SW_ROWS_LISTED, /* row[0..n), group[0..n): always to be had, by sw_rows_list */
    SW_ROWS_FEW,    /* few[row]: at most SW_FEW_GROUPS; `groups` for rows that are not seen */
    SW_ROWS_WIDE    /* wide[row]: rows that are not seen are in the spare group */
};

struct sw_rows {
    const struct sw_grouping *grouping;
    const struct sw_batch *batch;
    const uint64_t *valid; /* those of the grouping that are in this set; NULL: all */
    enum sw_rows_form form;
    bool has_tally, is_listed;
    uint32_t groups;
    uint32_t n; /* of the list */
    const uint16_t *row;
    const uint32_t *group;
    const uint16_t *wide;
    uint64_t tally[SW_FEW_GROUPS + 1]; /* rows of each group; few */
    uint8_t few[SW_VECTOR_ROWS];
    uint16_t own_wide[SW_VECTOR_ROWS];
    uint16_t own_row[SW_VECTOR_ROWS];
    uint32_t own_group[SW_VECTOR_ROWS];
};

void sw_rows_begin(struct sw_rows *rows, const struct sw_grouping *grouping,
                   const struct sw_batch *batch, const uint64_t *valid);
/* Makes row[0..n) and group[0..n). */
void sw_rows_list(struct sw_rows *rows);
/* Rows of each group; SW_ROWS_FEW. */
const uint64_t *sw_rows_tally(struct sw_rows *rows);
/* counts[group] += rows; narrow or wide groupings. */
void sw_rows_count(struct sw_rows *rows, uint64_t *counts);

#endif
