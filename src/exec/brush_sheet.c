/* The rows of one row group by block of bins: workers.  See brush_priv.h. */
#include <stdlib.h>

#include "base/block.h"
#include "exec/brush_priv.h"
#include "kernel/kernel.h"

#define NO_BLOCK (SW_BRUSH_NO_BIN >> SW_BRUSH_BLOCK_BITS)

/* -- a worker's room ------------------------------------------------------------------------- */

static size_t widest_unit(const struct sw_brush *brush, bool has_sums)
{
    size_t widest = 1;
    for (uint32_t i = 0; i < brush->slots; i++) {
        const struct sw_brush_slot *slot = &brush->slot[i];
        size_t cells = slot->shape.cells + (size_t)1;
        widest = !has_sums && cells > widest ? cells : widest;
        for (uint32_t m = 0; has_sums && m < slot->measures; m++) {
            uint32_t words = slot->measure[m].form == SW_CUBE_EXTREME ? 1 : slot->measure[m].words;
            widest = cells * words > widest ? cells * words : widest;
        }
    }
    return widest * SW_BRUSH_BLOCK;
}

bool sw_brush_part_open(struct sw_brush *brush, struct sw_brush_part *part)
{
    if (part->is_open) {
        return true;
    }
    sw_brush_part_fini(part); /* what a failed try has left */
    if (sw_sieve_state_new(brush->sieve, brush->version, &part->sieve) != SW_OK) {
        return false;
    }
    part->bin = malloc(SW_CHUNK_ROWS * sizeof(*part->bin));
    part->at = malloc(SW_CHUNK_ROWS * sizeof(*part->at));
    part->plane = malloc((size_t)brush->planes * SW_CHUNK_ROWS * sizeof(*part->plane));
    part->value = malloc((brush->columns + (size_t)1) * SW_CHUNK_ROWS * sizeof(*part->value));
    part->count = malloc(widest_unit(brush, false) * sizeof(*part->count));
    part->sum = malloc(widest_unit(brush, true) * sizeof(*part->sum));
    part->is_open = part->bin != NULL && part->at != NULL && part->plane != NULL &&
                    part->value != NULL && part->count != NULL && part->sum != NULL;
    return part->is_open;
}

void sw_brush_part_fini(struct sw_brush_part *part)
{
    sw_sieve_state_free(part->sieve);
    free(part->bin);
    free(part->at);
    free(part->plane);
    free(part->value);
    free(part->count);
    free(part->sum);
    *part = (struct sw_brush_part){0};
}

/* -- one vector --------------------------------------------------------------------------- */

static void put_bytes(uint32_t *plane, uint32_t at, const uint16_t *bytes, uint32_t n)
{
    uint32_t shift = sw_brush_plane_shift(at);
    for (uint32_t i = 0; i < n; i++) {
        plane[i] |= (uint32_t)bytes[i] << shift;
    }
}

/* The cells of the rows that pass the output's filters. */
static void put_cells(const struct sw_brush *brush, struct sw_brush_part *part,
                      const struct sw_brush_slot *slot)
{
    uint16_t cell[SW_VECTOR_ROWS];
    struct sw_batch *batch = sw_sieve_batch(part->sieve);
    uint32_t *plane = part->plane + (size_t)(slot->at / SW_BRUSH_PLANE) * SW_CHUNK_ROWS;
    uint16_t none = (uint16_t)slot->shape.cells;
    bool is_reached = sw_sieve_reach(part->sieve, slot->mask) != SW_REACH_NONE;
    sw_assert(brush->planes > slot->at / SW_BRUSH_PLANE);
    if (!is_reached || sw_sieve_select(part->sieve, slot->mask) == 0) {
        for (uint32_t i = 0; i < batch->rows; i++) {
            cell[i] = none;
        }
    } else {
        const uint64_t *select = batch->select;
        sw_foldrun_cells(slot->run, batch, cell);
        for (uint32_t i = 0; select != NULL && i < batch->rows; i++) {
            cell[i] = sw_bits_has(select, i) ? cell[i] : none;
        }
    }
    put_bytes(plane + batch->start, slot->at, cell, batch->rows);
}

static void put_values(struct sw_brush_part *part, const struct sw_brush_column *column,
                       uint32_t index)
{
    struct sw_batch *batch = sw_sieve_batch(part->sieve);
    int64_t *value = part->value + (size_t)index * SW_CHUNK_ROWS + batch->start;
    if (column->as_floats) {
        memcpy(value, sw_batch_floats(batch, column->column), batch->rows * sizeof(*value));
    } else {
        memcpy(value, sw_batch_ints(batch, column->column), batch->rows * sizeof(*value));
    }
    if (column->has_nulls) {
        uint16_t known[SW_VECTOR_ROWS];
        const uint64_t *valid = sw_batch_valid(batch, column->column);
        for (uint32_t i = 0; i < batch->rows; i++) {
            known[i] = valid == NULL || sw_bits_has(valid, i);
        }
        put_bytes(part->plane + (size_t)(column->at / SW_BRUSH_PLANE) * SW_CHUNK_ROWS +
                      batch->start,
                  column->at, known, batch->rows);
    }
}

static void put_vector(struct sw_brush *brush, struct sw_brush_part *part, uint32_t start)
{
    sw_sieve_vector(part->sieve, start);
    struct sw_batch *batch = sw_sieve_batch(part->sieve);
    sw_brush_ruler_bins_work(&brush->ruler, batch, brush->column, part->bin + start);
    for (uint32_t p = 0; p < brush->planes; p++) {
        memset(part->plane + (size_t)p * SW_CHUNK_ROWS + start, 0,
               batch->rows * sizeof(*part->plane));
    }
    for (uint32_t i = 0; i < brush->slots; i++) {
        put_cells(brush, part, &brush->slot[i]);
    }
    for (uint32_t i = 0; i < brush->columns; i++) {
        put_values(part, &brush->kept[i], i);
    }
}

/* -- one row group ------------------------------------------------------------------------ */

/* Where each row goes: behind those of blocks before its own.  Rows in no bin come last. */
static void find_places(const struct sw_brush_part *part, uint32_t rows, uint32_t blocks,
                        uint32_t *start)
{
    uint32_t count[2][NO_BLOCK + 1] = {{0}};
    uint32_t next[NO_BLOCK + 1];
    uint32_t sum = 0;
    for (uint32_t i = 0; i < rows; i++) {
        count[i & 1][part->bin[i] >> SW_BRUSH_BLOCK_BITS]++;
    }
    for (uint32_t b = 0; b <= NO_BLOCK; b++) {
        next[b] = sum;
        sum += count[0][b] + count[1][b];
    }
    for (uint32_t i = 0; i < rows; i++) {
        part->at[i] = (uint16_t)next[part->bin[i] >> SW_BRUSH_BLOCK_BITS]++;
    }
    start[0] = 0;
    for (uint32_t b = 0; b < blocks; b++) {
        start[b + 1] = next[b];
    }
}

struct sw_brush_sheet *sw_brush_sheet_new(const struct sw_brush *brush, uint32_t rows)
{
    struct sw_brush_sheet *sheet = calloc(1, sizeof(*sheet));
    if (sheet == NULL) {
        return NULL;
    }
    sheet->rows = rows;
    sheet->start = calloc(brush->blocks + (size_t)1, sizeof(*sheet->start));
    sheet->plane = calloc(brush->planes + (size_t)1, sizeof(*sheet->plane));
    sheet->value = calloc(brush->columns + (size_t)1, sizeof(*sheet->value));
    bool is_made = sheet->start != NULL && sheet->plane != NULL && sheet->value != NULL;
    if (is_made && rows > 0) {
        sheet->fine = sw_block_alloc(rows);
        is_made = sheet->fine != NULL;
    }
    for (uint32_t p = 0; is_made && rows > 0 && p < brush->planes; p++) {
        sheet->plane[p] = sw_block_alloc(rows * sizeof(**sheet->plane));
        is_made = sheet->plane[p] != NULL;
    }
    for (uint32_t v = 0; is_made && rows > 0 && v < brush->columns; v++) {
        sheet->value[v] = sw_block_alloc(rows * sizeof(**sheet->value));
        is_made = sheet->value[v] != NULL;
    }
    if (!is_made) {
        sw_brush_sheet_free(brush, sheet);
        return NULL;
    }
    return sheet;
}

void sw_brush_sheet_free(const struct sw_brush *brush, struct sw_brush_sheet *sheet)
{
    if (sheet == NULL) {
        return;
    }
    for (uint32_t p = 0; sheet->plane != NULL && p < brush->planes; p++) {
        sw_block_free(sheet->plane[p], sheet->rows * sizeof(**sheet->plane));
    }
    for (uint32_t v = 0; sheet->value != NULL && v < brush->columns; v++) {
        sw_block_free(sheet->value[v], sheet->rows * sizeof(**sheet->value));
    }
    sw_block_free(sheet->fine, sheet->rows);
    free(sheet->plane);
    free(sheet->value);
    free(sheet->start);
    free(sheet);
}

static void scatter(const struct sw_brush *brush, const struct sw_brush_part *part,
                    struct sw_brush_sheet *sheet)
{
    const uint16_t *at = part->at;
    uint32_t rows = sheet->rows;
    for (uint32_t i = 0; i < rows; i++) {
        sheet->fine[at[i]] = (uint8_t)(part->bin[i] % SW_BRUSH_BLOCK);
    }
    for (uint32_t p = 0; p < brush->planes; p++) {
        const uint32_t *from = part->plane + (size_t)p * SW_CHUNK_ROWS;
        uint32_t *into = sheet->plane[p];
        for (uint32_t i = 0; i < rows; i++) {
            into[at[i]] = from[i];
        }
    }
    for (uint32_t v = 0; v < brush->columns; v++) {
        const int64_t *from = part->value + (size_t)v * SW_CHUNK_ROWS;
        int64_t *into = sheet->value[v];
        for (uint32_t i = 0; i < rows; i++) {
            into[at[i]] = from[i];
        }
    }
}

static sw_status make_sheet(struct sw_brush *brush, struct sw_brush_part *part, uint32_t index)
{
    uint32_t rows = brush->version->group[index]->rows;
    struct sw_brush_sheet *sheet = brush->sheet[index];
    struct sw_identity key = sheet->key;
    if (!sw_sieve_group(part->sieve, index)) {
        return SW_OK; /* it stays empty */
    }
    for (uint32_t start = 0; start < rows; start += SW_VECTOR_ROWS) {
        put_vector(brush, part, start);
    }
    SW_TRY(sw_sieve_leave(part->sieve, NULL));
    for (uint32_t i = 0; i < brush->slots; i++) {
        struct sw_err err;
        if (sw_sieve_status(part->sieve, brush->slot[i].mask, &err) != SW_OK) {
            atomic_store_explicit(&brush->slot[i].is_dead, true, memory_order_relaxed);
        }
    }
    sheet = sw_brush_sheet_new(brush, rows);
    if (sheet == NULL) {
        return SW_NO_MEMORY;
    }
    sheet->key = key;
    find_places(part, rows, brush->blocks, sheet->start);
    scatter(brush, part, sheet);
    sw_brush_sheet_free(brush, brush->sheet[index]);
    brush->sheet[index] = sheet;
    return SW_OK;
}

/* What vectors read is pinned with them; the ruler reads the brushed column's numbers itself. */
sw_status sw_brush_make_sheet_work(struct sw_brush *brush, struct sw_brush_part *part,
                                   uint32_t index)
{
    const struct sw_chunk *chunk = brush->version->group[index]->chunk[brush->column];
    sw_assert(chunk != NULL);
    SW_TRY(sw_chunk_pin(chunk, NULL));
    sw_status status = make_sheet(brush, part, index);
    sw_chunk_unpin(chunk);
    return status;
}
