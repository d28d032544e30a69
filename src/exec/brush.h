/* brush: an index over a version for one brushed column, so that a move of the brush costs what
 * its two edges cost and not what the table does.
 *
 * The column's values are sorted into fine bins.  For each output the index holds running totals
 * over the bins: rows and sums of each of the output's cells (fold/cube.h).  A range's partial is
 * the difference of two of them, plus the rows of the two bins in which it begins and ends, which
 * are looked at one by one: rows of a row group are kept by block of bins, with their values and
 * cells.  All of it is whole numbers, so the answer is that of a scan, bit for bit.
 *
 * Where a column has few enough values each has a bin of its own: then no range has edges, and a
 * list of values (`in`, `equals`) is a set of bins.  So it is with the codes of a dictionary.
 *
 * Other filters of an output are tested while the index is made; its rows are those that pass.
 *
 * Of a later version only the row groups are looked at that have changed: what they had in the old
 * one is taken off the totals, what they have now is added.
 *
 * Made by workers.  sw_brush_new, _move, _answer and _free: the loop; `done` comes there, once.
 * Nothing here reads the table's chunks but the workers, which pin them. */
#ifndef SW_EXEC_BRUSH_H
#define SW_EXEC_BRUSH_H

#include "base/budget.h"
#include "base/identity.h"
#include "exec/pool.h"
#include "fold/cube.h"
#include "fold/filter.h"

struct sw_brush;

struct sw_brush_output {
    struct sw_foldrun *run;  /* taken over */
    const uint32_t *filters; /* the others: indices into the spec's filters; copied */
    uint32_t filter_count;
    struct sw_identity identity; /* what it is known by, in any version: sw_brush_find */
};

struct sw_brush_spec {
    struct sw_version *version;       /* a reference is taken */
    uint32_t column;                  /* brushed */
    struct sw_filter *const *filters; /* distinct, without the brush's; taken over */
    uint32_t filter_count;
    const struct sw_brush_output *outputs;
    uint32_t output_count;
    struct sw_budget *budget; /* charged as spare; may be NULL */
    struct sw_brush *from;    /* of an earlier version, ready; taken over; may be NULL */
};

typedef void (*sw_brush_done_fn)(void *context, struct sw_brush *brush);

/* Can the output be in an index? */
bool sw_brush_takes(const struct sw_foldrun *run);
/* Starts to make it; outputs that it cannot hold after all are left out of it.  SW_LIMIT: there is
 * no room for it; SW_PARAMS: the column is none to be indexed.  On failure runs, filters and `from`
 * are freed and done is not called. */
SW_MUST_USE sw_status sw_brush_new(struct sw_pool *pool, struct sw_lane *lane,
                                   const struct sw_brush_spec *spec, sw_brush_done_fn done,
                                   void *context, struct sw_brush **brush);
/* While it is made: done follows and frees it.  Else frees it. NULL accepted. */
void sw_brush_free(struct sw_brush *brush);

bool sw_brush_is_ready(const struct sw_brush *brush);
/* Ready, and of that version's contents. */
bool sw_brush_is_of(const struct sw_brush *brush, const struct sw_version *version);
/* About how many row groups it would read anew, or take off, to be of that version. */
uint32_t sw_brush_differences(const struct sw_brush *brush, const struct sw_version *version);
/* The output of that identity, or -1. */
int32_t sw_brush_find(const struct sw_brush *brush, const struct sw_identity *identity);
/* To where the brush goes; the answers that follow are for the rows that pass the filter.  False:
 * it is none that this index can follow. */
bool sw_brush_move(struct sw_brush *brush, const struct sw_filter *filter);
SW_MUST_USE sw_status sw_brush_answer(struct sw_brush *brush, uint32_t output,
                                      struct sw_series **series, uint64_t *rows,
                                      struct sw_err *err);
size_t sw_brush_bytes(const struct sw_brush *brush);
/* Row groups that were read for it: all of them, or what has changed since the version before. */
uint32_t sw_brush_groups_made(const struct sw_brush *brush);

#endif
