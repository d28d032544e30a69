/* See brush.h: workers make the index, a row group at a time. */
#include <math.h>
#include <stdlib.h>

#include "exec/brush_priv.h"
#include "fold/binned.h"

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
    if (part->totals != NULL) {
        return true;
    }
    if (sw_sieve_state_new(brush->sieve, brush->version, &part->sieve) != SW_OK) {
        return false;
    }
    part->least = malloc(brush->bins * sizeof(*part->least));
    part->most = malloc(brush->bins * sizeof(*part->most));
    part->bin = malloc(SW_CHUNK_ROWS * sizeof(*part->bin));
    part->cell = malloc((size_t)brush->slots * SW_CHUNK_ROWS * sizeof(*part->cell));
    if (part->least == NULL || part->most == NULL || part->bin == NULL || part->cell == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < brush->bins; i++) {
        part->least[i] = INFINITY;
        part->most[i] = -INFINITY;
    }
    part->totals = sw_brush_totals_new(brush);
    return part->totals != NULL;
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

/* Where in the totals each row of the output goes, and its cell for the lists. */
static uint32_t place_rows(const struct sw_brush_slot *slot, const struct sw_batch *batch,
                           const uint16_t *bin, uint16_t *cell, uint16_t *row, uint32_t *at)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < batch->rows; i++) {
        bool is_in =
            bin[i] != SW_BRUSH_NO_BIN && (batch->select == NULL || sw_bits_has(batch->select, i));
        row[n] = (uint16_t)i;
        at[n] = ((uint32_t)bin[i] + 1) * slot->shape.cells + cell[i];
        cell[i] = is_in ? cell[i] : SW_BRUSH_NO_CELL;
        n += is_in;
    }
    return n;
}

static bool add_floats(const struct sw_measure *measure, const double *values,
                       const uint64_t *valid, const uint16_t *row, const uint32_t *at, uint32_t n,
                       struct sw_brush_sums *sums)
{
    bool is_met = true;
    for (uint32_t i = 0; i < n; i++) {
        int64_t high;
        int64_t low;
        if (valid != NULL && !sw_bits_has(valid, row[i])) {
            continue;
        }
        is_met = sw_exact_split(&measure->cut[0], values[row[i]], &high, &low) && is_met;
        sums->n[at[i]]++;
        sums->high[at[i]] += high;
        sums->low[at[i]] += low;
    }
    return is_met;
}

static void add_ints(const int64_t *values, const uint64_t *valid, const uint16_t *row,
                     const uint32_t *at, uint32_t n, struct sw_brush_sums *sums)
{
    for (uint32_t i = 0; i < n; i++) {
        if (valid == NULL || sw_bits_has(valid, row[i])) {
            sums->n[at[i]]++;
            sums->low[at[i]] += values[row[i]];
        }
    }
}

static void add_known(const uint64_t *valid, const uint16_t *row, const uint32_t *at, uint32_t n,
                      struct sw_brush_sums *sums)
{
    for (uint32_t i = 0; i < n; i++) {
        sums->n[at[i]] += valid == NULL || sw_bits_has(valid, row[i]);
    }
}

/* False: a value that no sum here can hold. */
static bool add_measures(const struct sw_measures *measures, struct sw_batch *batch,
                         const uint16_t *row, const uint32_t *at, uint32_t n,
                         struct sw_brush_sums *sums)
{
    bool is_met = true;
    for (uint32_t m = 0; measures != NULL && m < measures->count; m++) {
        const struct sw_measure *measure = &measures->measure[m];
        if (!measure->has_input) {
            continue;
        }
        const uint64_t *valid = sw_batch_valid(batch, measure->column);
        if (!sw_cube_sums(measure)) {
            add_known(valid, row, at, n, &sums[m]);
        } else if (measure->type == SW_TYPE_FLOAT) {
            is_met = add_floats(measure, sw_batch_floats(batch, measure->column), valid, row, at, n,
                                &sums[m]) &&
                     is_met;
        } else {
            add_ints(sw_batch_ints(batch, measure->column), valid, row, at, n, &sums[m]);
        }
    }
    return is_met;
}

static void add_slot(struct sw_brush *brush, struct sw_brush_part *part, uint32_t index)
{
    struct sw_brush_slot *slot = &brush->slot[index];
    uint16_t row[SW_VECTOR_ROWS];
    uint32_t at[SW_VECTOR_ROWS];
    struct sw_batch *batch = sw_sieve_batch(part->sieve);
    uint16_t *cell = part->cell + (size_t)index * SW_CHUNK_ROWS + batch->start;
    bool is_reached = sw_sieve_reach(part->sieve, slot->mask) != SW_REACH_NONE;
    if (!is_reached || sw_sieve_select(part->sieve, slot->mask) == 0) {
        memset(cell, 0xff, batch->rows * sizeof(*cell));
        return;
    }
    sw_foldrun_cells(slot->run, batch, cell);
    uint32_t n = place_rows(slot, batch, part->bin + batch->start, cell, row, at);
    uint32_t *rows = part->totals[index].rows;
    for (uint32_t i = 0; i < n; i++) {
        rows[at[i]]++;
    }
    if (!add_measures(slot->shape.measures, batch, row, at, n, part->totals[index].sums)) {
        atomic_store_explicit(&slot->is_dead, true, memory_order_relaxed);
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
            add_slot(brush, part, i);
        }
    }
    for (uint32_t i = 0; i < brush->slots; i++) {
        struct sw_err err;
        if (sw_sieve_status(part->sieve, brush->slot[i].mask, &err) != SW_OK) {
            atomic_store_explicit(&brush->slot[i].is_dead, true, memory_order_relaxed);
        }
    }
    return list_rows(brush, part, group->rows, &brush->lists[index]);
}

/* -- the whole ----------------------------------------------------------------------------- */

static void add_counts(uint32_t *into, const uint32_t *from, size_t n)
{
    for (size_t i = 0; from != NULL && i < n; i++) {
        into[i] += from[i];
    }
}

static void add_wides(__int128 *into, const __int128 *from, size_t n)
{
    for (size_t i = 0; from != NULL && i < n; i++) {
        into[i] += from[i];
    }
}

static void add_part(const struct sw_brush *brush, struct sw_brush_part *into,
                     const struct sw_brush_part *from)
{
    for (uint32_t i = 0; i < brush->slots; i++) {
        const struct sw_cube_shape *shape = &brush->slot[i].shape;
        size_t n = (brush->bins + (size_t)1) * shape->cells;
        add_counts(into->totals[i].rows, from->totals[i].rows, n);
        for (uint32_t m = 0; shape->measures != NULL && m < shape->measures->count; m++) {
            add_counts(into->totals[i].sums[m].n, from->totals[i].sums[m].n, n);
            add_wides(into->totals[i].sums[m].high, from->totals[i].sums[m].high, n);
            add_wides(into->totals[i].sums[m].low, from->totals[i].sums[m].low, n);
        }
    }
    for (uint32_t b = 0; b < brush->bins; b++) {
        into->least[b] = fmin(into->least[b], from->least[b]);
        into->most[b] = fmax(into->most[b], from->most[b]);
    }
}

/* From the totals of each bin to those of all bins before it: each row gets the row before added. */
static void run_totals(const struct sw_brush *brush, struct sw_brush_part *whole)
{
    for (uint32_t i = 0; i < brush->slots; i++) {
        const struct sw_cube_shape *shape = &brush->slot[i].shape;
        size_t cells = shape->cells;
        size_t n = brush->bins * cells;
        add_counts(whole->totals[i].rows + cells, whole->totals[i].rows, n);
        for (uint32_t m = 0; shape->measures != NULL && m < shape->measures->count; m++) {
            struct sw_brush_sums *sums = &whole->totals[i].sums[m];
            add_counts(sums->n == NULL ? NULL : sums->n + cells, sums->n, n);
            add_wides(sums->high == NULL ? NULL : sums->high + cells, sums->high, n);
            add_wides(sums->low == NULL ? NULL : sums->low + cells, sums->low, n);
        }
    }
}

static bool seal(struct sw_brush *brush)
{
    struct sw_brush_part *whole = &brush->part[0];
    if (!open_part(brush, whole)) {
        return false;
    }
    for (uint32_t i = 1; i < brush->workers; i++) {
        if (brush->part[i].totals != NULL) {
            add_part(brush, whole, &brush->part[i]);
            sw_brush_totals_free(brush, brush->part[i].totals);
            brush->part[i].totals = NULL;
        }
    }
    run_totals(brush, whole);
    return true;
}

bool sw_brush_step_work(struct sw_job *job, unsigned worker)
{
    struct sw_brush *brush =
        (struct sw_brush *)(void *)((char *)job - offsetof(struct sw_brush, job));
    uint32_t index = atomic_fetch_add_explicit(&brush->next, 1, memory_order_relaxed);
    if (index >= brush->version->groups || atomic_load(&brush->has_failed)) {
        return false;
    }
    bool is_made = make_group(brush, &brush->part[worker], index);
    bool is_last = atomic_fetch_sub(&brush->left, 1) == 1;
    if (!is_made || (is_last && !atomic_load(&brush->has_failed) && !seal(brush))) {
        atomic_store(&brush->has_failed, true);
    }
    return true;
}
