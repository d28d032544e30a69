/* Sheets into running totals: workers.  See brush_priv.h.
 *
 * A unit adds up one block of bins over some of the sheets, in a table of its own that stays in a
 * cache, then puts running sums of it into the totals.  All of it is linear, so that it may come
 * in any order, and sheets that are no more are subtracted. */
#include <stdlib.h>

#include "exec/brush_priv.h"
#include "kernel/kernel.h"

#define PIECE_ROWS 256u

/* -- room ------------------------------------------------------------------------------------ */

static bool make_totals(struct sw_brush_totals *totals, const struct sw_brush *brush,
                        uint32_t width, bool is_wide)
{
    size_t n = (size_t)sw_brush_bins(brush) * width;
    size_t blocks = (size_t)brush->blocks * width;
    totals->width = width;
    if (is_wide) {
        totals->wide = calloc(n, sizeof(*totals->wide));
        totals->block_wide = calloc(blocks, sizeof(*totals->block_wide));
        return totals->wide != NULL && totals->block_wide != NULL;
    }
    totals->count = calloc(n, sizeof(*totals->count));
    totals->block_count = calloc(blocks, sizeof(*totals->block_count));
    return totals->count != NULL && totals->block_count != NULL;
}

static bool make_extremes(struct sw_brush_extremes *extremes, const struct sw_brush *brush,
                          uint32_t cells)
{
    size_t n = (size_t)sw_brush_bins(brush) * cells;
    extremes->alone = malloc(n * sizeof(*extremes->alone));
    extremes->before = malloc(n * sizeof(*extremes->before));
    extremes->behind = malloc(n * sizeof(*extremes->behind));
    return extremes->alone != NULL && extremes->before != NULL && extremes->behind != NULL;
}

/* Rows with a value are counted where they are not all of a cell's. */
static bool counts_known(const struct sw_brush *brush, const struct sw_brush_measure *measure)
{
    if (measure->form == SW_CUBE_ROWS) {
        return false;
    }
    return measure->is_derived ? brush->ruler.null_bin != SW_BRUSH_NO_BIN
                               : brush->kept[measure->value].has_nulls;
}

sw_status sw_brush_totals_make(struct sw_brush *brush, struct sw_brush_slot *slot)
{
    uint32_t cells = slot->shape.cells;
    bool is_made = make_totals(&slot->rows, brush, cells, false);
    for (uint32_t m = 0; is_made && m < slot->measures; m++) {
        struct sw_brush_measure *measure = &slot->measure[m];
        if (counts_known(brush, measure)) {
            is_made = make_totals(&measure->known, brush, cells, false);
        }
        if (is_made && measure->words > 0) {
            is_made = make_totals(&measure->sums, brush, cells * measure->words, true);
        }
        if (is_made && measure->form == SW_CUBE_EXTREME) {
            is_made = make_extremes(&measure->extremes, brush, cells);
        }
    }
    return is_made ? SW_OK : SW_NO_MEMORY;
}

static void totals_fini(struct sw_brush_totals *totals)
{
    free(totals->count);
    free(totals->wide);
    free(totals->block_count);
    free(totals->block_wide);
    *totals = (struct sw_brush_totals){0};
}

void sw_brush_totals_fini(struct sw_brush_slot *slot)
{
    totals_fini(&slot->rows);
    for (uint32_t m = 0; m < slot->measures; m++) {
        struct sw_brush_measure *measure = &slot->measure[m];
        totals_fini(&measure->known);
        totals_fini(&measure->sums);
        free(measure->extremes.alone);
        free(measure->extremes.before);
        free(measure->extremes.behind);
        measure->extremes = (struct sw_brush_extremes){0};
    }
}

static void move_totals(struct sw_brush_totals *into, struct sw_brush_totals *from)
{
    *into = *from;
    *from = (struct sw_brush_totals){0};
}

void sw_brush_totals_move(struct sw_brush_slot *slot, struct sw_brush_slot *from)
{
    sw_assert(slot->measures == from->measures);
    move_totals(&slot->rows, &from->rows);
    for (uint32_t m = 0; m < slot->measures; m++) {
        move_totals(&slot->measure[m].known, &from->measure[m].known);
        move_totals(&slot->measure[m].sums, &from->measure[m].sums);
        slot->measure[m].extremes = from->measure[m].extremes;
        from->measure[m].extremes = (struct sw_brush_extremes){0};
    }
}

size_t sw_brush_totals_bytes(const struct sw_brush *brush, uint32_t blocks)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < brush->slots; i++) {
        const struct sw_brush_slot *slot = &brush->slot[i];
        size_t cell = sizeof(uint32_t);
        for (uint32_t m = 0; m < slot->measures; m++) {
            const struct sw_brush_measure *measure = &slot->measure[m];
            cell += sizeof(uint32_t) + measure->words * sizeof(__int128);
            cell += measure->form == SW_CUBE_EXTREME ? 3 * sizeof(int64_t) : 0;
        }
        bytes += cell * slot->shape.cells * SW_BRUSH_BLOCK * blocks;
    }
    return bytes;
}

/* -- from a unit into the totals ------------------------------------------------------------- */

/* The unit's counts, by bin and `stride` cells of which the last is nobody's. */
static void put_counts(struct sw_brush *brush, struct sw_brush_totals *totals, uint32_t block,
                       const uint32_t *count, uint32_t stride)
{
    uint32_t cells = totals->width;
    uint32_t *into = totals->count + (size_t)block * SW_BRUSH_BLOCK * cells;
    uint32_t *sum = totals->block_count + (size_t)block * cells;
    uint32_t *run = calloc(cells, sizeof(*run));
    if (run == NULL) {
        atomic_store(&brush->has_failed, true);
        return;
    }
    (void)pthread_mutex_lock(&brush->lock);
    for (uint32_t b = 0; b < SW_BRUSH_BLOCK; b++) {
        for (uint32_t c = 0; c < cells; c++) {
            into[c] += run[c];
            run[c] += count[c];
        }
        into += cells;
        count += stride;
    }
    for (uint32_t c = 0; c < cells; c++) {
        sum[c] += run[c];
    }
    (void)pthread_mutex_unlock(&brush->lock);
    free(run);
}

/* The same of sums: [bin][stride][words]. */
static void put_sums(struct sw_brush *brush, struct sw_brush_totals *totals, uint32_t block,
                     const int64_t *sums, size_t stride)
{
    uint32_t width = totals->width;
    __int128 *into = totals->wide + (size_t)block * SW_BRUSH_BLOCK * width;
    __int128 *sum = totals->block_wide + (size_t)block * width;
    __int128 *run = calloc(width, sizeof(*run));
    if (run == NULL) {
        atomic_store(&brush->has_failed, true);
        return;
    }
    (void)pthread_mutex_lock(&brush->lock);
    for (uint32_t b = 0; b < SW_BRUSH_BLOCK; b++) {
        for (uint32_t c = 0; c < width; c++) {
            into[c] += run[c];
            run[c] += sums[c];
        }
        into += width;
        sums += stride;
    }
    for (uint32_t c = 0; c < width; c++) {
        sum[c] += run[c];
    }
    (void)pthread_mutex_unlock(&brush->lock);
    free(run);
}

/* -- counting --------------------------------------------------------------------------------- */

/* A part of a sheet: the rows [from, to) are in the block. */
struct piece {
    const struct sw_brush_sheet *sheet;
    uint32_t from, to;
    bool is_removed;
};

static struct piece piece_of(const struct sw_brush *brush, uint32_t change, uint32_t block)
{
    const struct sw_brush_change *at = &brush->change[change];
    return (struct piece){at->sheet, at->sheet->start[block], at->sheet->start[block + 1],
                          at->is_removed};
}

static void count_rows(const struct sw_brush_slot *slot, const struct piece *piece, uint32_t *count)
{
    const uint32_t *plane = piece->sheet->plane[slot->at / SW_BRUSH_PLANE];
    const uint8_t *fine = piece->sheet->fine;
    uint32_t stride = slot->shape.cells + 1;
    uint32_t shift = sw_brush_plane_shift(slot->at);
    uint32_t mask = slot->is_wide ? UINT16_MAX : UINT8_MAX;
    uint32_t one = piece->is_removed ? UINT32_MAX : 1;
    for (uint32_t i = piece->from; i < piece->to; i++) {
        count[fine[i] * stride + ((plane[i] >> shift) & mask)] += one;
    }
}

/* Those that have a value. */
static void count_known(const struct sw_brush_slot *slot, const struct sw_brush_column *column,
                        const struct piece *piece, uint32_t *count)
{
    uint32_t stride = slot->shape.cells + 1;
    uint32_t one = piece->is_removed ? UINT32_MAX : 1;
    for (uint32_t i = piece->from; i < piece->to; i++) {
        uint32_t cell = sw_brush_is_known(column, piece->sheet, i)
                            ? sw_brush_cell(slot, piece->sheet, i)
                            : stride - 1;
        count[piece->sheet->fine[i] * stride + cell] += one;
    }
}

/* -- adding up -------------------------------------------------------------------------------- */

/* Where the sums of rows [from, from + n) are, in cells. */
static void find_cells(const struct sw_brush_slot *slot, const struct sw_brush_column *column,
                       const struct sw_brush_sheet *sheet, uint32_t from, uint32_t n, uint32_t *at)
{
    uint32_t stride = slot->shape.cells + 1;
    for (uint32_t i = 0; i < n; i++) {
        at[i] = sheet->fine[from + i] * stride + sw_brush_cell(slot, sheet, from + i);
    }
    for (uint32_t i = 0; column->has_nulls && i < n; i++) {
        if (!sw_brush_is_known(column, sheet, from + i)) {
            at[i] = stride - 1; /* nobody's */
        }
    }
}

static void add_words(const int64_t *word, const uint32_t *at, uint32_t n, uint32_t words,
                      bool is_removed, int64_t *sum)
{
    for (uint32_t i = 0; i < n; i++) {
        int64_t *into = sum + (size_t)at[i] * words;
        for (uint32_t w = 0; w < words; w++) {
            into[w] += is_removed ? -word[w] : word[w];
        }
        word += words;
    }
}

static void add_pairs(const int64_t *word, const uint32_t *at, uint32_t n, int64_t *sum)
{
    for (uint32_t i = 0; i < n; i++) {
        sum[2 * (size_t)at[i]] += word[2 * i];
        sum[2 * (size_t)at[i] + 1] += word[2 * i + 1];
    }
}

/* Some value could not be cut: where it is nobody's, it is nothing.  False: it is the output's. */
static bool drop_unseen(const struct sw_brush_slot *slot, const struct sw_brush_measure *measure,
                        const int64_t *value, const uint32_t *at, uint32_t n, int64_t *word)
{
    uint32_t stride = slot->shape.cells + 1;
    for (uint32_t i = 0; i < n; i++, word += measure->words) {
        if (at[i] % stride == stride - 1) {
            memset(word, 0, measure->words * sizeof(*word));
        } else if (!sw_cube_split(measure->measure, &value[i], 1, word)) {
            return false;
        }
    }
    return true;
}

static bool add_piece(const struct sw_brush *brush, const struct sw_brush_slot *slot,
                      const struct sw_brush_measure *measure, const struct piece *piece,
                      int64_t *sum)
{
    const int64_t *value = piece->sheet->value[measure->value];
    const struct sw_brush_column *column = &brush->kept[measure->value];
    int64_t word[PIECE_ROWS * SW_CUBE_WORDS_MAX];
    uint32_t at[PIECE_ROWS];
    for (uint32_t from = piece->from; from < piece->to; from += PIECE_ROWS) {
        uint32_t n = piece->to - from < PIECE_ROWS ? piece->to - from : PIECE_ROWS;
        find_cells(slot, column, piece->sheet, from, n, at);
        if (!sw_cube_split(measure->measure, value + from, n, word) &&
            !drop_unseen(slot, measure, value + from, at, n, word)) {
            return false;
        }
        if (measure->words == 2 && !piece->is_removed) {
            add_pairs(word, at, n, sum);
        } else {
            add_words(word, at, n, measure->words, piece->is_removed, sum);
        }
    }
    return true;
}

struct unit {
    uint32_t block, first, last; /* of the changes */
};

static void add_values(struct sw_brush *brush, struct sw_brush_part *part,
                       struct sw_brush_slot *slot, struct sw_brush_measure *measure,
                       const struct unit *unit)
{
    size_t stride = (slot->shape.cells + (size_t)1) * measure->words;
    uint32_t rows = 0;
    memset(part->sum, 0, stride * SW_BRUSH_BLOCK * sizeof(*part->sum));
    for (uint32_t i = unit->first; i < unit->last; i++) {
        struct piece piece = piece_of(brush, i, unit->block);
        rows += piece.to - piece.from;
        if (rows > SW_EXACT_ROWS) {
            put_sums(brush, &measure->sums, unit->block, part->sum, stride);
            memset(part->sum, 0, stride * SW_BRUSH_BLOCK * sizeof(*part->sum));
            rows = piece.to - piece.from;
        }
        if (!add_piece(brush, slot, measure, &piece, part->sum)) {
            atomic_store_explicit(&slot->is_dead, true, memory_order_relaxed);
            return;
        }
    }
    put_sums(brush, &measure->sums, unit->block, part->sum, stride);
}

/* Each bin is one value: its sums are those of one row, times the rows that were counted. */
static void derive_values(struct sw_brush *brush, const uint32_t *count, struct sw_brush_slot *slot,
                          struct sw_brush_measure *measure, uint32_t block)
{
    struct sw_brush_totals *totals = &measure->sums;
    const struct sw_brush_ruler *ruler = &brush->ruler;
    uint32_t words = measure->words;
    bool as_float = sw_cube_reads_floats(measure->measure);
    __int128 *into = totals->wide + (size_t)block * SW_BRUSH_BLOCK * totals->width;
    __int128 *run = calloc(totals->width, sizeof(*run));
    if (run == NULL) {
        atomic_store(&brush->has_failed, true);
        return;
    }
    (void)pthread_mutex_lock(&brush->lock);
    for (uint32_t b = 0; b < SW_BRUSH_BLOCK; b++, into += totals->width) {
        uint32_t bin = block * SW_BRUSH_BLOCK + b;
        int64_t value = sw_brush_ruler_value(ruler, bin, as_float);
        int64_t word[SW_CUBE_WORDS_MAX] = {0};
        bool is_one = bin < ruler->bins && bin != ruler->null_bin;
        bool is_cut = is_one && sw_cube_split(measure->measure, &value, 1, word);
        for (uint32_t i = 0; i < totals->width; i++) {
            int32_t rows = (int32_t)count[b * (slot->shape.cells + (size_t)1) + i / words];
            into[i] += run[i];
            run[i] += is_cut ? (__int128)rows * word[i % words] : 0;
            if (is_one && !is_cut && rows != 0) {
                atomic_store_explicit(&slot->is_dead, true, memory_order_relaxed);
            }
        }
    }
    for (uint32_t i = 0; i < totals->width; i++) {
        totals->block_wide[(size_t)block * totals->width + i] += run[i];
    }
    (void)pthread_mutex_unlock(&brush->lock);
    free(run);
}

/* -- extremes --------------------------------------------------------------------------------- */

static void run_extremes(struct sw_brush_extremes *extremes, uint32_t block, uint32_t cells)
{
    size_t first = (size_t)block * SW_BRUSH_BLOCK * cells;
    size_t n = (size_t)SW_BRUSH_BLOCK * cells;
    const int64_t *alone = extremes->alone + first;
    int64_t *before = extremes->before + first;
    int64_t *behind = extremes->behind + first;
    for (size_t i = 0; i < n; i++) {
        int64_t best = i < cells ? SW_CUBE_NO_BEST : before[i - cells];
        before[i] = alone[i] < best ? alone[i] : best;
    }
    for (size_t i = n; i-- > 0;) {
        int64_t best = i + cells >= n ? SW_CUBE_NO_BEST : behind[i + cells];
        behind[i] = alone[i] < best ? alone[i] : best;
    }
}

/* Of all sheets, not of what has changed: what is gone may have been the best. */
static void find_extremes(struct sw_brush *brush, struct sw_brush_part *part,
                          struct sw_brush_slot *slot, struct sw_brush_measure *measure,
                          uint32_t block)
{
    uint32_t cells = slot->shape.cells;
    uint32_t stride = cells + 1;
    const struct sw_brush_column *column = &brush->kept[measure->value];
    for (size_t i = 0; i < (size_t)SW_BRUSH_BLOCK * stride; i++) {
        part->sum[i] = SW_CUBE_NO_BEST;
    }
    for (uint32_t g = 0; g < brush->version->groups; g++) {
        const struct sw_brush_sheet *sheet = brush->sheet[g];
        for (uint32_t i = sheet->start[block]; i < sheet->start[block + 1]; i++) {
            uint32_t cell = sw_brush_cell(slot, sheet, i);
            int64_t *best = &part->sum[sheet->fine[i] * (size_t)stride + cell];
            int64_t place;
            if (cell == cells || !sw_brush_is_known(column, sheet, i)) {
                continue;
            }
            if (!sw_cube_place(measure->measure, sheet->value[measure->value][i], &place)) {
                atomic_store_explicit(&slot->is_dead, true, memory_order_relaxed);
            }
            *best = place < *best ? place : *best;
        }
    }
    int64_t *alone = measure->extremes.alone + (size_t)block * SW_BRUSH_BLOCK * cells;
    for (uint32_t b = 0; b < SW_BRUSH_BLOCK; b++) {
        memcpy(alone + (size_t)b * cells, part->sum + (size_t)b * stride, cells * sizeof(*alone));
    }
    run_extremes(&measure->extremes, block, cells);
}

/* -- a unit ----------------------------------------------------------------------------------- */

static void clear_counts(struct sw_brush_part *part, const struct sw_brush_slot *slot)
{
    memset(part->count, 0, SW_BRUSH_BLOCK * (slot->shape.cells + (size_t)1) * sizeof(*part->count));
}

static void add_measure(struct sw_brush *brush, struct sw_brush_part *part,
                        struct sw_brush_slot *slot, struct sw_brush_measure *measure,
                        const struct unit *unit)
{
    uint32_t stride = slot->shape.cells + 1;
    if (measure->known.width > 0) {
        clear_counts(part, slot);
        for (uint32_t i = unit->first; i < unit->last; i++) {
            struct piece piece = piece_of(brush, i, unit->block);
            count_known(slot, &brush->kept[measure->value], &piece, part->count);
        }
        put_counts(brush, &measure->known, unit->block, part->count, stride);
    }
    if (measure->words > 0) {
        add_values(brush, part, slot, measure, unit);
    }
    if (measure->form == SW_CUBE_EXTREME && unit->first == 0) {
        find_extremes(brush, part, slot, measure, unit->block);
    }
}

/* Right after the rows have been counted, whose counts it uses. */
static void derive_measure(struct sw_brush *brush, struct sw_brush_part *part,
                           struct sw_brush_slot *slot, struct sw_brush_measure *measure,
                           uint32_t block)
{
    uint32_t stride = slot->shape.cells + 1;
    uint32_t null_bin = brush->ruler.null_bin;
    if (measure->words > 0) {
        derive_values(brush, part->count, slot, measure, block);
    }
    if (measure->known.width > 0) {
        if (null_bin / SW_BRUSH_BLOCK == block) {
            memset(part->count + (size_t)(null_bin % SW_BRUSH_BLOCK) * stride, 0,
                   stride * sizeof(*part->count));
        }
        put_counts(brush, &measure->known, block, part->count, stride);
    }
}

static void add_slot(struct sw_brush *brush, struct sw_brush_part *part, struct sw_brush_slot *slot,
                     const struct unit *unit)
{
    clear_counts(part, slot);
    for (uint32_t i = unit->first; i < unit->last; i++) {
        struct piece piece = piece_of(brush, i, unit->block);
        count_rows(slot, &piece, part->count);
    }
    put_counts(brush, &slot->rows, unit->block, part->count, slot->shape.cells + 1);
    for (uint32_t m = 0; m < slot->measures; m++) {
        if (slot->measure[m].is_derived) {
            derive_measure(brush, part, slot, &slot->measure[m], unit->block);
        }
    }
    for (uint32_t m = 0; m < slot->measures; m++) {
        if (!slot->measure[m].is_derived && slot->measure[m].form != SW_CUBE_ROWS) {
            add_measure(brush, part, slot, &slot->measure[m], unit);
        }
    }
}

void sw_brush_add_unit_work(struct sw_brush *brush, struct sw_brush_part *part, uint32_t index)
{
    uint32_t segment = index / brush->blocks;
    const struct unit unit = {
        .block = index % brush->blocks,
        .first = (uint32_t)((uint64_t)brush->changes * segment / brush->segments),
        .last = (uint32_t)((uint64_t)brush->changes * (segment + 1) / brush->segments)};
    for (uint32_t i = 0; i < brush->slots; i++) {
        if (!atomic_load_explicit(&brush->slot[i].is_dead, memory_order_relaxed)) {
            add_slot(brush, part, &brush->slot[i], &unit);
        }
    }
}
