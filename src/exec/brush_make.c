/* See brush.h: workers make the index, a row group at a time. */
#include <math.h>
#include <stdlib.h>

#include "exec/brush_priv.h"
#include "fold/binned.h"
#include "kernel/kernel.h"

/* -- totals ---------------------------------------------------------------------------- */

void sw_brush_totals_free(const struct sw_brush *brush, struct sw_brush_totals *totals)
{
    for (uint32_t i = 0; totals != NULL && i < brush->slots; i++) {
        const struct sw_measures *measures = brush->slot[i].shape.measures;
        struct sw_brush_sums *sums = totals[i].sums;
        for (uint32_t m = 0; sums != NULL && m < measures->count; m++) {
            free(sums[m].n);
            free(sums[m].high);
            free(sums[m].low);
        }
        free(sums);
        free(totals[i].rows);
    }
    free(totals);
}

static bool fill_sums(const struct sw_measure *measure, size_t cells, struct sw_brush_sums *sums)
{
    if (!measure->has_input) {
        return true;
    }
    bool is_float = measure->type == SW_TYPE_FLOAT;
    sums->n = calloc(cells, sizeof(*sums->n));
    if (sw_cube_sums(measure)) {
        sums->low = calloc(cells, sizeof(*sums->low));
        sums->high = is_float ? calloc(cells, sizeof(*sums->high)) : NULL;
    }
    return sums->n != NULL &&
           (!sw_cube_sums(measure) || (sums->low != NULL && (!is_float || sums->high != NULL)));
}

static bool fill_totals(const struct sw_brush *brush, struct sw_brush_totals *totals)
{
    for (uint32_t i = 0; i < brush->slots; i++) {
        const struct sw_cube_shape *shape = &brush->slot[i].shape;
        size_t cells = (brush->bins + (size_t)1) * shape->cells;
        totals[i].rows = calloc(cells, sizeof(*totals[i].rows));
        if (totals[i].rows == NULL) {
            return false;
        }
        if (shape->measures == NULL) {
            continue;
        }
        totals[i].sums = calloc(shape->measures->count + (size_t)1, sizeof(*totals[i].sums));
        bool is_filled = totals[i].sums != NULL;
        for (uint32_t m = 0; is_filled && m < shape->measures->count; m++) {
            is_filled = fill_sums(&shape->measures->measure[m], cells, &totals[i].sums[m]);
        }
        if (!is_filled) {
            return false;
        }
    }
    return true;
}

struct sw_brush_totals *sw_brush_totals_new(const struct sw_brush *brush)
{
    struct sw_brush_totals *totals = calloc(brush->slots, sizeof(*totals));
    if (totals != NULL && !fill_totals(brush, totals)) {
        sw_brush_totals_free(brush, totals);
        totals = NULL;
    }
    return totals;
}

static bool open_part(struct sw_brush *brush, struct sw_brush_part *part)
{
    if (part->cell != NULL) {
        return true;
    }
    if (sw_sieve_state_new(brush->sieve, brush->version, &part->sieve) != SW_OK) {
        return false;
    }
    part->least = malloc(brush->bins * sizeof(*part->least));
    part->most = malloc(brush->bins * sizeof(*part->most));
    part->bin = malloc(SW_CHUNK_ROWS * sizeof(*part->bin));
    if (part->least == NULL || part->most == NULL || part->bin == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < brush->bins; i++) {
        part->least[i] = INFINITY;
        part->most[i] = -INFINITY;
    }
    part->cell = malloc((size_t)brush->slots * SW_CHUNK_ROWS * sizeof(*part->cell));
    return part->cell != NULL;
}

/* -- one vector --------------------------------------------------------------------------- */

/* The fine bin of each row, and the range of values that each bin holds. */
static void find_bins(struct sw_brush *brush, struct sw_brush_part *part, struct sw_batch *batch)
{
    uint16_t room[SW_VECTOR_ROWS];
    uint16_t *bin = part->bin + batch->start;
    const uint16_t *place =
        sw_binned_wide(sw_batch_places(batch, brush->column, &brush->axis), batch->rows, room);
    const double *value = sw_batch_floats(batch, brush->column);
    for (uint32_t i = 0; i < batch->rows; i++) {
        uint32_t at = (uint32_t)place[i] - 1;
        bin[i] = at < brush->bins ? (uint16_t)at : SW_BRUSH_NO_BIN;
        if (at < brush->bins) {
            part->least[at] = value[i] < part->least[at] ? value[i] : part->least[at];
            part->most[at] = value[i] > part->most[at] ? value[i] : part->most[at];
        }
    }
}

/* The cells of the rows that pass the output's filters. */
static void find_cells(struct sw_brush *brush, struct sw_brush_part *part, uint32_t index)
{
    struct sw_brush_slot *slot = &brush->slot[index];
    struct sw_batch *batch = sw_sieve_batch(part->sieve);
    uint16_t *cell = part->cell + (size_t)index * SW_CHUNK_ROWS + batch->start;
    bool is_reached = sw_sieve_reach(part->sieve, slot->mask) != SW_REACH_NONE;
    if (!is_reached || sw_sieve_select(part->sieve, slot->mask) == 0) {
        memset(cell, 0xff, batch->rows * sizeof(*cell));
        return;
    }
    sw_foldrun_cells(slot->run, batch, cell);
    for (uint32_t i = 0; batch->select != NULL && i < batch->rows; i++) {
        cell[i] = sw_bits_has(batch->select, i) ? cell[i] : SW_BRUSH_NO_CELL;
    }
}

/* -- one row group ------------------------------------------------------------------------ */

static void *list_cells(const struct sw_brush_slot *slot, const uint16_t *cell,
                        const struct sw_brush_lists *lists, uint32_t n)
{
    if (slot->is_narrow) {
        uint8_t *narrow = malloc(n);
        for (uint32_t i = 0; narrow != NULL && i < n; i++) {
            narrow[i] = (uint8_t)cell[lists->row[i]]; /* no cell: the greatest byte */
        }
        return narrow;
    }
    uint16_t *wide = malloc(n * sizeof(*wide));
    for (uint32_t i = 0; wide != NULL && i < n; i++) {
        wide[i] = cell[lists->row[i]];
    }
    return wide;
}

/* A counting sort of the rows by bin. */
static bool list_rows(const struct sw_brush *brush, const struct sw_brush_part *part, uint32_t rows,
                      struct sw_brush_lists *lists)
{
    const uint16_t *bin = part->bin;
    lists->start = calloc(brush->bins + (size_t)1, sizeof(*lists->start));
    uint32_t *next = malloc((brush->bins + (size_t)1) * sizeof(*next));
    lists->cells = calloc(brush->slots, sizeof(*lists->cells));
    bool is_good = lists->start != NULL && next != NULL && lists->cells != NULL;
    for (uint32_t i = 0; is_good && i < rows; i++) {
        if (bin[i] != SW_BRUSH_NO_BIN) {
            lists->start[bin[i] + 1]++;
        }
    }
    for (uint32_t b = 0; is_good && b < brush->bins; b++) {
        lists->start[b + 1] += lists->start[b];
    }
    uint32_t n = is_good ? lists->start[brush->bins] : 0;
    lists->row = is_good ? malloc((n + (size_t)1) * sizeof(*lists->row)) : NULL;
    is_good = is_good && lists->row != NULL;
    if (is_good) {
        memcpy(next, lists->start, (brush->bins + (size_t)1) * sizeof(*next));
    }
    for (uint32_t i = 0; is_good && i < rows; i++) {
        if (bin[i] != SW_BRUSH_NO_BIN) {
            lists->row[next[bin[i]]++] = (uint16_t)i;
        }
    }
    for (uint32_t i = 0; is_good && i < brush->slots; i++) {
        const uint16_t *cell = part->cell + (size_t)i * SW_CHUNK_ROWS;
        lists->cells[i] = list_cells(&brush->slot[i], cell, lists, n + 1);
        is_good = lists->cells[i] != NULL;
    }
    free(next);
    return is_good;
}

static bool make_group(struct sw_brush *brush, struct sw_brush_part *part, uint32_t index)
{
    const struct sw_rowgroup *group = brush->version->group[index];
    if (!open_part(brush, part)) {
        return false;
    }
    if (!sw_sieve_group(part->sieve, index)) {
        return true;
    }
    for (uint32_t start = 0; start < group->rows; start += SW_VECTOR_ROWS) {
        sw_sieve_vector(part->sieve, start);
        find_bins(brush, part, sw_sieve_batch(part->sieve));
        for (uint32_t i = 0; i < brush->slots; i++) {
            find_cells(brush, part, i);
        }
    }
    if (sw_sieve_leave(part->sieve, NULL) != SW_OK) {
        return false;
    }
    for (uint32_t i = 0; i < brush->slots; i++) {
        struct sw_err err;
        if (sw_sieve_status(part->sieve, brush->slot[i].mask, &err) != SW_OK) {
            atomic_store_explicit(&brush->slot[i].is_dead, true, memory_order_relaxed);
        }
    }
    return list_rows(brush, part, group->rows, &brush->lists[index]);
}

/* -- one block of bins -------------------------------------------------------------------- */

static uint32_t cell_at(const struct sw_brush_slot *slot, const void *cells, uint32_t at)
{
    return slot->is_narrow ? ((const uint8_t *)cells)[at] : ((const uint16_t *)cells)[at];
}

static void count_block(const struct sw_brush *brush, uint32_t index, uint32_t bin, uint32_t end)
{
    const struct sw_brush_slot *slot = &brush->slot[index];
    uint32_t cells = slot->shape.cells;
    for (uint32_t g = 0; g < brush->version->groups; g++) {
        const struct sw_brush_lists *lists = &brush->lists[g];
        for (uint32_t b = bin; lists->start != NULL && b < end; b++) {
            uint32_t *rows = brush->totals[index].rows + (b + (size_t)1) * cells;
            for (uint32_t at = lists->start[b]; at < lists->start[b + 1]; at++) {
                uint32_t cell = cell_at(slot, lists->cells[index], at);
                if (cell < cells) {
                    rows[cell]++;
                }
            }
        }
    }
}

/* A piece of a list: rows in one bin each, ascending. */
struct piece {
    const struct sw_chunk *chunk; /* of the measure; pinned */
    const uint16_t *row;
    uint32_t n;
    const size_t *at; /* [n] in the totals; SIZE_MAX: not the output's */
};

static bool add_floats(const struct sw_measure *measure, const struct piece *piece,
                       struct sw_brush_sums *sums)
{
    double value[SW_VECTOR_ROWS];
    bool is_met = true;
    sw_gather_floats(piece->chunk, piece->row, piece->n, value);
    for (uint32_t i = 0; i < piece->n; i++) {
        size_t at = piece->at[i];
        int64_t high;
        int64_t low;
        if (at != SIZE_MAX && !sw_chunk_is_null(piece->chunk, piece->row[i])) {
            is_met = sw_exact_split(&measure->cut[0], value[i], &high, &low) && is_met;
            sums->n[at]++;
            sums->high[at] += high;
            sums->low[at] += low;
        }
    }
    return is_met;
}

static void add_ints(const struct piece *piece, struct sw_brush_sums *sums)
{
    int64_t value[SW_VECTOR_ROWS];
    sw_gather_ints(piece->chunk, piece->row, piece->n, value);
    for (uint32_t i = 0; i < piece->n; i++) {
        size_t at = piece->at[i];
        if (at != SIZE_MAX && !sw_chunk_is_null(piece->chunk, piece->row[i])) {
            sums->n[at]++;
            sums->low[at] += value[i];
        }
    }
}

static void add_known(const struct piece *piece, struct sw_brush_sums *sums)
{
    for (uint32_t i = 0; i < piece->n; i++) {
        if (piece->at[i] != SIZE_MAX && !sw_chunk_is_null(piece->chunk, piece->row[i])) {
            sums->n[piece->at[i]]++;
        }
    }
}

/* False: a value that no sum here can hold. */
static bool add_piece(const struct sw_measure *measure, const struct piece *piece,
                      struct sw_brush_sums *sums)
{
    if (!sw_cube_sums(measure)) {
        add_known(piece, sums);
    } else if (measure->type != SW_TYPE_FLOAT) {
        add_ints(piece, sums);
    } else {
        return add_floats(measure, piece, sums);
    }
    return true;
}

static bool sum_list(const struct sw_brush *brush, uint32_t index, uint32_t m, uint32_t group,
                     uint32_t bin, uint32_t end)
{
    const struct sw_rowgroup *rows = brush->version->group[group];
    const struct sw_brush_slot *slot = &brush->slot[index];
    const struct sw_brush_lists *lists = &brush->lists[group];
    const struct sw_measure *measure = &slot->shape.measures->measure[m];
    size_t at[SW_VECTOR_ROWS];
    const struct sw_chunk *chunk = rows->chunk[measure->column];
    bool is_met = true;
    uint32_t b = bin;
    if (lists->start[bin] == lists->start[end]) {
        return true;
    }
    if (sw_chunk_pin(chunk, NULL) != SW_OK) {
        return false;
    }
    for (uint32_t from = lists->start[bin]; from < lists->start[end]; from += SW_VECTOR_ROWS) {
        uint32_t left = lists->start[end] - from;
        uint32_t n = left < SW_VECTOR_ROWS ? left : SW_VECTOR_ROWS;
        for (uint32_t i = 0; i < n; i++) {
            while (from + i >= lists->start[b + 1]) {
                b++;
            }
            uint32_t cell = cell_at(slot, lists->cells[index], from + i);
            at[i] =
                cell < slot->shape.cells ? (b + (size_t)1) * slot->shape.cells + cell : SIZE_MAX;
        }
        const struct piece piece = {chunk, lists->row + from, n, at};
        is_met = add_piece(measure, &piece, &brush->totals[index].sums[m]) && is_met;
    }
    sw_chunk_unpin(chunk);
    return is_met;
}

static bool sum_block(const struct sw_brush *brush, uint32_t index, uint32_t m, uint32_t bin,
                      uint32_t end)
{
    bool is_met = true;
    bool has_input = brush->slot[index].shape.measures->measure[m].has_input;
    for (uint32_t g = 0; has_input && g < brush->version->groups; g++) {
        if (brush->lists[g].start != NULL) {
            is_met = sum_list(brush, index, m, g, bin, end) && is_met;
        }
    }
    return is_met;
}

static void make_block(struct sw_brush *brush, uint32_t block)
{
    uint32_t bin = block * SW_BRUSH_BLOCK;
    uint32_t end = bin + SW_BRUSH_BLOCK;
    for (uint32_t i = 0; i < brush->slots; i++) {
        const struct sw_measures *measures = brush->slot[i].shape.measures;
        count_block(brush, i, bin, end);
        for (uint32_t m = 0; measures != NULL && m < measures->count; m++) {
            if (!sum_block(brush, i, m, bin, end)) {
                atomic_store_explicit(&brush->slot[i].is_dead, true, memory_order_relaxed);
            }
        }
    }
}

/* -- the whole ----------------------------------------------------------------------------- */

/* What each bin holds, of all workers. */
static void join_ranges(struct sw_brush *brush)
{
    for (uint32_t b = 0; b < brush->bins; b++) {
        brush->least[b] = INFINITY;
        brush->most[b] = -INFINITY;
    }
    for (uint32_t i = 0; i < brush->workers; i++) {
        const struct sw_brush_part *part = &brush->part[i];
        for (uint32_t b = 0; part->cell != NULL && b < brush->bins; b++) {
            brush->least[b] = fmin(brush->least[b], part->least[b]);
            brush->most[b] = fmax(brush->most[b], part->most[b]);
        }
    }
}

static void run_counts(uint32_t *totals, size_t cells, size_t n)
{
    for (size_t i = 0; totals != NULL && i < n; i++) {
        totals[cells + i] += totals[i];
    }
}

static void run_wides(__int128 *totals, size_t cells, size_t n)
{
    for (size_t i = 0; totals != NULL && i < n; i++) {
        totals[cells + i] += totals[i];
    }
}

/* From the totals of each bin to those of all bins before it. */
static void run_totals(const struct sw_brush *brush)
{
    for (uint32_t i = 0; i < brush->slots; i++) {
        const struct sw_cube_shape *shape = &brush->slot[i].shape;
        size_t n = (size_t)brush->bins * shape->cells;
        run_counts(brush->totals[i].rows, shape->cells, n);
        for (uint32_t m = 0; shape->measures != NULL && m < shape->measures->count; m++) {
            struct sw_brush_sums *sums = &brush->totals[i].sums[m];
            run_counts(sums->n, shape->cells, n);
            run_wides(sums->high, shape->cells, n);
            run_wides(sums->low, shape->cells, n);
        }
    }
}

static bool list_next(struct sw_brush *brush, unsigned worker)
{
    uint32_t index = atomic_fetch_add_explicit(&brush->next_group, 1, memory_order_relaxed);
    if (index >= brush->version->groups) {
        return false;
    }
    if (!make_group(brush, &brush->part[worker], index)) {
        atomic_store(&brush->has_failed, true);
    }
    if (atomic_fetch_sub(&brush->left_groups, 1) == 1) {
        join_ranges(brush);
        atomic_store(&brush->is_listed, true);
    }
    return true;
}

bool sw_brush_step_work(struct sw_job *job, unsigned worker)
{
    struct sw_brush *brush =
        (struct sw_brush *)(void *)((char *)job - offsetof(struct sw_brush, job));
    if (atomic_load(&brush->has_failed)) {
        return false;
    }
    if (!atomic_load(&brush->is_listed)) {
        return list_next(brush, worker);
    }
    uint32_t block = atomic_fetch_add_explicit(&brush->next_block, 1, memory_order_relaxed);
    if (block >= brush->bins / SW_BRUSH_BLOCK) {
        return false;
    }
    make_block(brush, block);
    if (atomic_fetch_sub(&brush->left_blocks, 1) == 1) {
        run_totals(brush);
    }
    return true;
}
