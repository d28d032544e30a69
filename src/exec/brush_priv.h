/* brush_priv: what brush.c (life), brush_make.c (workers) and brush_move.c (answers) share.  No one
 * else includes it.
 *
 * Made in two phases: the rows of each row group are listed by bin, then each block of bins is
 * added up over all lists.  Who touches what meanwhile: counters are atomic, a row group's lists
 * belong to the worker that claimed it, so do a block's totals, a part belongs to its worker; the
 * last worker alone makes running totals of it all.  From done on everything is the loop's. */
#ifndef SW_EXEC_BRUSH_PRIV_H
#define SW_EXEC_BRUSH_PRIV_H

#include <stdatomic.h>

#include "exec/brush.h"
#include "exec/sieve.h"

#define SW_BRUSH_MAGIC   0x62727368u /* "brsh" */
#define SW_BRUSH_NO_CELL UINT16_MAX
#define SW_BRUSH_NO_BIN  UINT16_MAX
#define SW_BRUSH_BLOCK   SW_BRUSH_BINS_MIN /* bins of a block: its totals stay in a cache */

/* Running totals of one measure by bin and cell, as in struct sw_cube_sum. */
struct sw_brush_sums {
    uint32_t *n;
    __int128 *high, *low; /* NULL: not summed, or integers (low alone) */
};

/* Of one output: [(bins + 1) * cells], of bin b at b + 1; in the end, of all bins before b at b. */
struct sw_brush_totals {
    uint32_t *rows;
    struct sw_brush_sums *sums; /* [measures] */
};

struct sw_brush_slot {
    struct sw_foldrun *run; /* owned */
    struct sw_cube_shape shape;
    struct sw_identity identity;
    uint32_t mask;        /* of the sieve */
    bool is_narrow;       /* cells fit a byte */
    _Atomic bool is_dead; /* it cannot be held */
};

/* A worker's own. */
struct sw_brush_part {
    struct sw_sieve_state *sieve;
    double *least, *most; /* [bins] values of the brushed column that it has seen */
    uint16_t *bin;        /* [SW_CHUNK_ROWS] of the row group */
    uint16_t *cell;       /* [slots * SW_CHUNK_ROWS] */
};

/* The rows of a row group by bin. */
struct sw_brush_lists {
    uint32_t *start; /* [bins + 1]; NULL: none of its rows is in a bin */
    uint16_t *row;
    void **cells; /* [slots]: uint8_t[] or uint16_t[]; the greatest value: not the output's row */
};

struct sw_brush {
    uint32_t magic;
    struct sw_job job;
    struct sw_pool *pool;
    struct sw_version *version; /* counted */
    struct sw_budget *budget;
    size_t charged;
    uint32_t column, bins, slots, workers;
    enum sw_type type;
    struct sw_axis axis;
    struct sw_sieve *sieve;         /* owned; the other filters */
    struct sw_brush_slot *slot;     /* [slots] */
    struct sw_brush_part *part;     /* [workers] */
    struct sw_brush_lists *lists;   /* [version->groups] */
    struct sw_brush_totals *totals; /* [slots] */
    double *least, *most;           /* [bins]: the values that each holds */
    _Atomic uint32_t next_group, left_groups, next_block, left_blocks;
    _Atomic bool is_listed, has_failed;
    bool is_ready, is_freed, is_running;
    sw_brush_done_fn done;
    void *context;
    /* the last move: whole bins [from, to), and rows of the others one by one */
    uint32_t from, to;
    uint32_t edges, edges_capacity;
    struct sw_brush_edge {
        uint32_t group, at; /* in its list */
    } * edge;
};

/* brush_make.c */
bool sw_brush_step_work(struct sw_job *job, unsigned worker);
struct sw_brush_totals *sw_brush_totals_new(const struct sw_brush *brush);
void sw_brush_totals_free(const struct sw_brush *brush, struct sw_brush_totals *totals);

#endif
