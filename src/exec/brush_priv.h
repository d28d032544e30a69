/* brush_priv: what the files of the index share.  No one else includes it.
 *
 *   brush.c        its life, and what of an index before it is taken over
 *   brush_ruler.c  which bin a value is in
 *   brush_sheet.c  workers: the rows of a row group by block of bins
 *   brush_sum.c    workers: sheets into running totals
 *   brush_move.c   answers
 *
 * Made in two phases: a sheet for each row group, then for each block of bins (and part of the
 * sheets, where there are few blocks) a unit of adding up.  Who touches what meanwhile: counters
 * are atomic, a row group's sheet belongs to the worker that claimed it, a part to its worker; a
 * unit's sums are put into the totals under the lock.  From done on everything is the loop's. */
#ifndef SW_EXEC_BRUSH_PRIV_H
#define SW_EXEC_BRUSH_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "exec/brush.h"
#include "exec/sieve.h"

#define SW_BRUSH_MAGIC      0x62727368u /* "brsh" */
#define SW_BRUSH_NO_BIN     UINT16_MAX
#define SW_BRUSH_BLOCK_BITS 8u
#define SW_BRUSH_BLOCK      (1u << SW_BRUSH_BLOCK_BITS) /* bins of a block: a byte tells */
#define SW_BRUSH_PLANE      4u /* bytes of a plane: cells of up to four outputs */

/* -- bins ------------------------------------------------------------------------------- */

enum sw_brush_rule {
    SW_BRUSH_NUMBERS, /* bin b holds (base + b) / 10^scale and nothing else */
    SW_BRUSH_CODES,   /* bin b holds the string of code b */
    SW_BRUSH_RANGES   /* of equal widths; what lies beyond is in the first or the last */
};

struct sw_brush_ruler {
    enum sw_brush_rule rule;
    enum sw_type type;
    uint32_t bins;     /* with that of nulls */
    uint32_t null_bin; /* the last; SW_BRUSH_NO_BIN: nulls are in none */
    int64_t base;
    uint8_t scale;
    struct sw_dict *dict; /* counted */
    double low, per_unit;
};

/* SW_PARAMS: no ruler fits the column.  A number has a bin of its own where there are at most
 * `values`, else there are so many ranges. */
SW_MUST_USE sw_status sw_brush_ruler_init(struct sw_brush_ruler *ruler,
                                          const struct sw_version *version, uint32_t column,
                                          uint32_t values, uint32_t ranges);
void sw_brush_ruler_fini(struct sw_brush_ruler *ruler);
/* Does it still measure the column, in this version? */
bool sw_brush_ruler_fits(const struct sw_brush_ruler *ruler, const struct sw_version *version,
                         uint32_t column);
void sw_brush_ruler_bins_work(const struct sw_brush_ruler *ruler, struct sw_batch *batch,
                              uint32_t column, uint16_t *bin);
/* The value of a bin of SW_BRUSH_NUMBERS, a double's bits where floats are wanted. */
int64_t sw_brush_ruler_value(const struct sw_brush_ruler *ruler, uint32_t bin, bool as_float);
/* Bins [from, to) that hold values of the range, and whether the first and the last of them hold
 * others too. */
struct sw_brush_span {
    uint32_t from, to;
    bool has_edges;
};
struct sw_brush_span sw_brush_ruler_span(const struct sw_brush_ruler *ruler,
                                         const struct sw_filter_range *range);
/* Bins of the values of a list, ascending, each once: into[SW_IN_LIST_MAX + 1]; how many.  -1: not
 * with this ruler. */
int32_t sw_brush_ruler_list(const struct sw_brush_ruler *ruler, const struct sw_filter_values *list,
                            uint16_t *into);

/* -- rows --------------------------------------------------------------------------------- */

/* A column of which the values of rows are kept. */
struct sw_brush_column {
    uint32_t column;
    bool as_floats; /* a double's bits, else an integer */
    bool has_nulls; /* then a byte says which rows have a value ... */
    uint32_t at;    /* ... at this byte of the planes */
};

/* The rows of a row group that are in a bin, by block of bins. */
struct sw_brush_sheet {
    uint32_t rows;          /* room for so many */
    uint32_t *start;        /* [blocks + 1] */
    uint8_t *fine;          /* [rows] bin within the block */
    uint32_t **plane;       /* [planes][rows] cells */
    int64_t **value;        /* [columns][rows] */
    struct sw_identity key; /* of the chunks that it was made of */
};

/* -- totals --------------------------------------------------------------------------------- */

/* Of `width` numbers by bin; either 32 bits, which may wrap around, or 128. */
struct sw_brush_totals {
    uint32_t width;  /* 0: there are none */
    uint32_t *count; /* [blocks * SW_BRUSH_BLOCK * width] of the bins before it in its block */
    __int128 *wide;
    uint32_t *block_count; /* [blocks * width] of a whole block */
    __int128 *block_wide;
};

/* The best places (sw_cube_place) by bin and cell, alone and with all before and behind it in its
 * block. */
struct sw_brush_extremes {
    int64_t *alone, *before, *behind; /* [blocks * SW_BRUSH_BLOCK * cells] */
};

struct sw_brush_measure {
    const struct sw_measure *measure; /* of the slot's run */
    enum sw_cube_form form;
    uint32_t words;
    bool is_derived; /* of the brushed column, each bin of which is one value */
    int32_t value;   /* index of its column's values; -1: none are kept */
    struct sw_brush_totals known, sums;
    struct sw_brush_extremes extremes;
};

struct sw_brush_slot {
    struct sw_foldrun *run; /* owned */
    struct sw_cube_shape shape;
    struct sw_identity identity;
    struct sw_identity made_of; /* what its totals follow from besides rows */
    uint32_t mask;              /* of the sieve */
    uint32_t at;                /* byte of the planes where its cell is; shape.cells: no cell */
    bool is_wide;               /* two bytes */
    _Atomic bool is_dead;       /* it cannot be held */
    struct sw_brush_totals rows;
    uint32_t measures;
    struct sw_brush_measure *measure; /* [measures] */
};

/* A worker's own. */
struct sw_brush_part {
    bool is_open;
    struct sw_sieve_state *sieve;
    uint16_t *bin, *at; /* [SW_CHUNK_ROWS] of the row group, and where the row goes */
    uint32_t *plane;    /* [planes * SW_CHUNK_ROWS] */
    int64_t *value;     /* [columns * SW_CHUNK_ROWS] */
    uint32_t *count;    /* [SW_BRUSH_BLOCK * (cells + 1)] of a unit, for the widest slot */
    int64_t *sum;       /* [SW_BRUSH_BLOCK * (cells + 1) * words] */
    uint32_t sum_rows;  /* a bound on what is in one of its sums */
};

struct sw_brush_change {
    const struct sw_brush_sheet *sheet;
    bool is_removed;
};

struct sw_brush {
    uint32_t magic;
    struct sw_job job;
    struct sw_pool *pool;
    struct sw_version *version; /* counted */
    struct sw_budget *budget;
    size_t charged;
    uint32_t column, blocks, slots, workers, planes, columns;
    struct sw_brush_ruler ruler;
    struct sw_sieve *sieve;       /* owned; the other filters */
    struct sw_brush_slot *slot;   /* [slots] */
    struct sw_brush_column *kept; /* [columns] the brushed one first where it has edges */
    struct sw_brush_part *part;   /* [workers] */
    uint32_t *reads;              /* [read_count] columns that sheets are made of */
    uint32_t read_count;
    struct sw_brush_sheet **sheet; /* [version->groups] owned */
    struct sw_brush_sheet **gone;  /* [goners] of row groups that are no more; owned */
    uint32_t goners;
    uint32_t *make; /* [makes] row groups whose sheet is to be made */
    uint32_t makes;
    struct sw_brush_change *change; /* [changes] */
    uint32_t changes, units, segments;
    pthread_mutex_t lock; /* the totals, while units are added up */
    _Atomic uint32_t next_make, left_makes, next_unit, left_units;
    _Atomic bool is_listed, has_failed;
    bool is_ready, is_freed, is_running;
    sw_brush_done_fn done;
    void *context;
    /* the last move: whole bins, and rows of others one by one */
    uint32_t spans, edges, edges_capacity;
    struct sw_brush_span *span; /* [SW_IN_LIST_MAX + 1] */
    struct sw_brush_edge {
        uint32_t group, at; /* in its sheet */
    } * edge;
};

static inline uint32_t sw_brush_bins(const struct sw_brush *brush)
{
    return brush->blocks * SW_BRUSH_BLOCK;
}

static inline uint32_t sw_brush_plane_shift(uint32_t at)
{
    return at % SW_BRUSH_PLANE * 8;
}

/* The slot's cell of a row, or shape.cells. */
static inline uint32_t sw_brush_cell(const struct sw_brush_slot *slot,
                                     const struct sw_brush_sheet *sheet, uint32_t row)
{
    uint32_t word = sheet->plane[slot->at / SW_BRUSH_PLANE][row] >> sw_brush_plane_shift(slot->at);
    return word & (slot->is_wide ? UINT16_MAX : UINT8_MAX);
}

/* Has the row a value in a kept column? */
static inline bool sw_brush_is_known(const struct sw_brush_column *column,
                                     const struct sw_brush_sheet *sheet, uint32_t row)
{
    return !column->has_nulls ||
           ((sheet->plane[column->at / SW_BRUSH_PLANE][row] >> sw_brush_plane_shift(column->at)) &
            UINT8_MAX) != 0;
}

/* brush_sheet.c */
bool sw_brush_part_open(struct sw_brush *brush, struct sw_brush_part *part);
void sw_brush_part_fini(struct sw_brush_part *part);
SW_MUST_USE sw_status sw_brush_make_sheet_work(struct sw_brush *brush, struct sw_brush_part *part,
                                               uint32_t group);
/* Of so many rows; NULL: no memory. */
struct sw_brush_sheet *sw_brush_sheet_new(const struct sw_brush *brush, uint32_t rows);
void sw_brush_sheet_free(const struct sw_brush *brush, struct sw_brush_sheet *sheet);

/* brush_sum.c */
SW_MUST_USE sw_status sw_brush_totals_make(struct sw_brush *brush, struct sw_brush_slot *slot);
void sw_brush_totals_fini(struct sw_brush_slot *slot);
/* Takes them over. */
void sw_brush_totals_move(struct sw_brush_slot *slot, struct sw_brush_slot *from);
size_t sw_brush_totals_bytes(const struct sw_brush *brush, uint32_t blocks);
void sw_brush_add_unit_work(struct sw_brush *brush, struct sw_brush_part *part, uint32_t unit);

#endif
