/* See brush.h: answers. */
#include <stdlib.h>

#include "base/thread.h"
#include "exec/brush_priv.h"

#define PIECE_ROWS    256u
#define LIST_ROOM_MAX (1u << 20) /* cells of the bins of a list that are added up here */

int32_t sw_brush_find(const struct sw_brush *brush, const struct sw_identity *identity)
{
    for (uint32_t i = 0; brush->is_ready && i < brush->slots; i++) {
        if (sw_identity_equal(&brush->slot[i].identity, identity) &&
            !atomic_load_explicit(&brush->slot[i].is_dead, memory_order_relaxed)) {
            return (int32_t)i;
        }
    }
    return -1;
}

/* -- a move -------------------------------------------------------------------------------- */

static bool keep_edge(struct sw_brush *brush, uint32_t group, uint32_t at)
{
    if (brush->edges == brush->edges_capacity) {
        uint32_t capacity = brush->edges_capacity < 1024 ? 1024 : brush->edges_capacity * 2;
        struct sw_brush_edge *edge = realloc(brush->edge, capacity * sizeof(*edge));
        if (edge == NULL) {
            return false;
        }
        brush->edge = edge;
        brush->edges_capacity = capacity;
    }
    brush->edge[brush->edges++] = (struct sw_brush_edge){group, at};
    return true;
}

static bool is_in_range(const struct sw_filter_range *range, int64_t bits)
{
    double value;
    if (range->type != SW_TYPE_FLOAT) {
        return bits >= range->low_i && bits <= range->high_i;
    }
    memcpy(&value, &bits, sizeof(value));
    return value >= range->low_f && value <= range->high_f;
}

/* The rows of a bin that are in the range. False: too many to be looked at here. */
static bool look_at(struct sw_brush *brush, const struct sw_filter_range *range, uint32_t bin,
                    uint32_t *seen)
{
    uint32_t block = bin / SW_BRUSH_BLOCK;
    int fine = (int)(bin % SW_BRUSH_BLOCK);
    for (uint32_t g = 0; g < brush->version->groups; g++) {
        const struct sw_brush_sheet *sheet = brush->sheet[g];
        uint32_t end = sheet->start[block + 1];
        for (uint32_t at = sheet->start[block]; at < end; at++) {
            const uint8_t *found = memchr(sheet->fine + at, fine, end - at);
            if (found == NULL) {
                break;
            }
            at = (uint32_t)(found - sheet->fine);
            if (++*seen > SW_BRUSH_EDGE_ROWS) {
                return false;
            }
            if (is_in_range(range, sheet->value[0][at]) && !keep_edge(brush, g, at)) {
                return false;
            }
        }
    }
    return true;
}

static bool move_to_range(struct sw_brush *brush, const struct sw_filter_range *range)
{
    struct sw_brush_span span = sw_brush_ruler_span(&brush->ruler, range);
    uint32_t seen = 0;
    bool is_met = true;
    if (span.from == span.to) {
        return true;
    }
    if (span.has_edges) {
        uint32_t last = span.to - 1;
        is_met = look_at(brush, range, span.from, &seen) &&
                 (last == span.from || look_at(brush, range, last, &seen));
        span.from++;
        span.to = last > span.from ? last : span.from;
    }
    if (span.from < span.to) {
        brush->span[brush->spans++] = span;
    }
    return is_met;
}

static bool move_to_list(struct sw_brush *brush, const struct sw_filter_values *list)
{
    uint16_t *bin = malloc((list->count + (size_t)1) * sizeof(*bin));
    int32_t n = bin == NULL ? -1 : sw_brush_ruler_list(&brush->ruler, list, bin);
    uint64_t room = 0;
    for (uint32_t i = 0; i < brush->slots && n > 0; i++) {
        room += (uint64_t)brush->slot[i].shape.cells * (uint64_t)n;
    }
    for (int32_t i = 0; i < n; i++) {
        if (i > 0 && bin[i] == brush->span[brush->spans - 1].to) {
            brush->span[brush->spans - 1].to++;
        } else {
            brush->span[brush->spans++] = (struct sw_brush_span){bin[i], bin[i] + 1u, false};
        }
    }
    free(bin);
    return n >= 0 && room <= LIST_ROOM_MAX;
}

bool sw_brush_move(struct sw_brush *brush, const struct sw_filter *filter)
{
    struct sw_filter_range range;
    struct sw_filter_values list;
    sw_assert_loop();
    brush->spans = 0;
    brush->edges = 0;
    if (!brush->is_ready) {
        return false;
    }
    if (sw_filter_range(filter, &range)) {
        return range.column == brush->column && range.type == brush->ruler.type &&
               move_to_range(brush, &range);
    }
    return sw_filter_values(filter, &list) && list.column == brush->column &&
           list.type == brush->ruler.type && move_to_list(brush, &list);
}

/* -- whole bins ------------------------------------------------------------------------------ */

static void add_counts(const struct sw_brush_totals *totals, uint32_t bins,
                       const struct sw_brush_span *span, uint32_t *into)
{
    uint32_t width = totals->width;
    uint32_t from = span->from / SW_BRUSH_BLOCK;
    uint32_t to = span->to / SW_BRUSH_BLOCK;
    const uint32_t *low = totals->count + (size_t)span->from * width;
    for (uint32_t c = 0; c < width; c++) {
        into[c] -= low[c];
    }
    for (uint32_t b = from; b < to; b++) {
        const uint32_t *block = totals->block_count + (size_t)b * width;
        for (uint32_t c = 0; c < width; c++) {
            into[c] += block[c];
        }
    }
    const uint32_t *high = totals->count + (size_t)span->to * width;
    for (uint32_t c = 0; span->to < bins && c < width; c++) {
        into[c] += high[c];
    }
}

static void add_sums(const struct sw_brush_totals *totals, uint32_t bins,
                     const struct sw_brush_span *span, __int128 *into)
{
    uint32_t width = totals->width;
    uint32_t from = span->from / SW_BRUSH_BLOCK;
    uint32_t to = span->to / SW_BRUSH_BLOCK;
    const __int128 *low = totals->wide + (size_t)span->from * width;
    for (uint32_t c = 0; c < width; c++) {
        into[c] -= low[c];
    }
    for (uint32_t b = from; b < to; b++) {
        const __int128 *block = totals->block_wide + (size_t)b * width;
        for (uint32_t c = 0; c < width; c++) {
            into[c] += block[c];
        }
    }
    const __int128 *high = totals->wide + (size_t)span->to * width;
    for (uint32_t c = 0; span->to < bins && c < width; c++) {
        into[c] += high[c];
    }
}

static void keep_least(const int64_t *from, uint32_t cells, int64_t *into)
{
    for (uint32_t c = 0; c < cells; c++) {
        into[c] = from[c] < into[c] ? from[c] : into[c];
    }
}

static void add_extremes(const struct sw_brush_extremes *extremes, uint32_t cells,
                         const struct sw_brush_span *span, int64_t *into)
{
    uint32_t bin = span->from;
    while (bin < span->to) {
        uint32_t end = (bin / SW_BRUSH_BLOCK + 1) * SW_BRUSH_BLOCK;
        if (end <= span->to) {
            keep_least(extremes->behind + (size_t)bin * cells, cells, into);
        } else if (bin % SW_BRUSH_BLOCK == 0) {
            keep_least(extremes->before + (size_t)(span->to - 1) * cells, cells, into);
        } else {
            for (; bin < span->to; bin++) {
                keep_least(extremes->alone + (size_t)bin * cells, cells, into);
            }
        }
        bin = end;
    }
}

/* -- an answer ----------------------------------------------------------------------------- */

/* What is added up of a slot; all of it zero at first, but extremes. */
struct sums {
    uint32_t *rows;               /* [cells] */
    uint64_t *rows_all;           /* [cells] */
    struct sw_cube_measure *cube; /* [measures] */
    uint32_t **known;             /* [measures] or NULL */
};

static bool open_measure(const struct sw_brush_slot *slot, uint32_t m, struct sums *sums)
{
    const struct sw_brush_measure *measure = &slot->measure[m];
    struct sw_cube_measure *cube = &sums->cube[m];
    size_t cells = slot->shape.cells;
    if (measure->known.width > 0) {
        sums->known[m] = calloc(cells, sizeof(**sums->known));
        cube->n = calloc(cells, sizeof(*cube->n));
    }
    if (measure->words > 0) {
        cube->word = calloc(cells * measure->words, sizeof(*cube->word));
    }
    if (measure->form == SW_CUBE_EXTREME) {
        cube->extreme = malloc(cells * sizeof(*cube->extreme));
        for (size_t c = 0; cube->extreme != NULL && c < cells; c++) {
            cube->extreme[c] = SW_CUBE_NO_BEST;
        }
    }
    return (measure->known.width == 0 || (sums->known[m] != NULL && cube->n != NULL)) &&
           (measure->words == 0 || cube->word != NULL) &&
           (measure->form != SW_CUBE_EXTREME || cube->extreme != NULL);
}

static bool sums_init(const struct sw_brush_slot *slot, struct sums *sums)
{
    size_t cells = slot->shape.cells;
    *sums = (struct sums){calloc(cells, sizeof(uint32_t)), calloc(cells, sizeof(uint64_t)),
                          calloc(slot->measures + (size_t)1, sizeof(struct sw_cube_measure)),
                          calloc(slot->measures + (size_t)1, sizeof(uint32_t *))};
    bool is_open =
        sums->rows != NULL && sums->rows_all != NULL && sums->cube != NULL && sums->known != NULL;
    for (uint32_t m = 0; is_open && m < slot->measures; m++) {
        is_open = open_measure(slot, m, sums);
    }
    return is_open;
}

static void sums_fini(const struct sw_brush_slot *slot, struct sums *sums)
{
    for (uint32_t m = 0; m < slot->measures; m++) {
        if (sums->cube != NULL) {
            free(sums->cube[m].n);
            free(sums->cube[m].word);
            free(sums->cube[m].extreme);
        }
        if (sums->known != NULL) {
            free(sums->known[m]);
        }
    }
    free(sums->rows);
    free(sums->rows_all);
    free(sums->cube);
    free(sums->known);
}

static void take_whole(const struct sw_brush *brush, const struct sw_brush_slot *slot,
                       struct sums *sums)
{
    uint32_t bins = sw_brush_bins(brush);
    for (uint32_t i = 0; i < brush->spans; i++) {
        const struct sw_brush_span *span = &brush->span[i];
        add_counts(&slot->rows, bins, span, sums->rows);
        for (uint32_t m = 0; m < slot->measures; m++) {
            const struct sw_brush_measure *measure = &slot->measure[m];
            if (measure->known.width > 0) {
                add_counts(&measure->known, bins, span, sums->known[m]);
            }
            if (measure->words > 0) {
                add_sums(&measure->sums, bins, span, sums->cube[m].word);
            }
            if (measure->form == SW_CUBE_EXTREME) {
                add_extremes(&measure->extremes, slot->shape.cells, span, sums->cube[m].extreme);
            }
        }
    }
}

/* Rows of the edges that are the slot's, and have a value of the measure. */
struct edges {
    uint32_t n;
    uint32_t cell[PIECE_ROWS];
    int64_t value[PIECE_ROWS];
};

static void add_edges(const struct sw_brush_measure *measure, const struct edges *edges,
                      uint32_t *known, struct sw_cube_measure *cube)
{
    int64_t word[PIECE_ROWS * SW_CUBE_WORDS_MAX];
    for (uint32_t i = 0; known != NULL && i < edges->n; i++) {
        known[edges->cell[i]]++;
    }
    if (measure->words > 0) {
        bool is_met = sw_cube_split(measure->measure, edges->value, edges->n, word);
        sw_assert(is_met); /* its bin was found so when it was made */
    }
    for (uint32_t i = 0; i < edges->n * measure->words; i++) {
        cube->word[(size_t)edges->cell[i / measure->words] * measure->words + i % measure->words] +=
            word[i];
    }
    for (uint32_t i = 0; cube->extreme != NULL && i < edges->n; i++) {
        int64_t place;
        bool is_met = sw_cube_place(measure->measure, edges->value[i], &place);
        int64_t *best = &cube->extreme[edges->cell[i]];
        sw_assert(is_met);
        *best = place < *best ? place : *best;
    }
}

static void take_edges_of(const struct sw_brush *brush, const struct sw_brush_slot *slot,
                          uint32_t m, struct sums *sums)
{
    const struct sw_brush_measure *measure = &slot->measure[m];
    struct edges edges = {.n = 0};
    if (measure->form == SW_CUBE_ROWS) {
        return;
    }
    sw_assert(measure->value >= 0); /* none is derived where bins have edges */
    for (uint32_t i = 0; i < brush->edges; i++) {
        const struct sw_brush_edge *edge = &brush->edge[i];
        const struct sw_brush_sheet *sheet = brush->sheet[edge->group];
        uint32_t cell = sw_brush_cell(slot, sheet, edge->at);
        if (cell < slot->shape.cells &&
            sw_brush_is_known(&brush->kept[measure->value], sheet, edge->at)) {
            edges.cell[edges.n] = cell;
            edges.value[edges.n++] = sheet->value[measure->value][edge->at];
        }
        if (edges.n == PIECE_ROWS) {
            add_edges(measure, &edges, sums->known[m], &sums->cube[m]);
            edges.n = 0;
        }
    }
    add_edges(measure, &edges, sums->known[m], &sums->cube[m]);
}

static void take_edges(const struct sw_brush *brush, const struct sw_brush_slot *slot,
                       struct sums *sums)
{
    for (uint32_t i = 0; i < brush->edges; i++) {
        const struct sw_brush_edge *edge = &brush->edge[i];
        uint32_t cell = sw_brush_cell(slot, brush->sheet[edge->group], edge->at);
        if (cell < slot->shape.cells) {
            sums->rows[cell]++;
        }
    }
    for (uint32_t m = 0; brush->edges > 0 && m < slot->measures; m++) {
        take_edges_of(brush, slot, m, sums);
    }
}

static sw_status finish(const struct sw_brush_slot *slot, const struct sw_cube_cells *cells,
                        uint64_t rows, struct sw_series **series, struct sw_err *err)
{
    void *state = NULL;
    SW_TRY(sw_foldrun_init(slot->run, &state));
    sw_status status = sw_foldrun_fill(slot->run, state, cells, rows);
    if (status == SW_OK) {
        status = sw_foldrun_finish(slot->run, state, series, err);
    }
    sw_foldrun_state_free(state);
    return status;
}

sw_status sw_brush_answer(struct sw_brush *brush, uint32_t output, struct sw_series **series,
                          uint64_t *rows, struct sw_err *err)
{
    struct sums sums;
    sw_assert_loop();
    sw_assert(brush->is_ready);
    sw_assert(output < brush->slots);
    const struct sw_brush_slot *slot = &brush->slot[output];
    sw_status status = sums_init(slot, &sums) ? SW_OK : SW_NO_MEMORY;
    if (status == SW_OK) {
        take_whole(brush, slot, &sums);
        take_edges(brush, slot, &sums);
        *rows = 0;
        for (uint32_t c = 0; c < slot->shape.cells; c++) {
            sums.rows_all[c] = sums.rows[c];
            *rows += sums.rows[c];
        }
        for (uint32_t m = 0; m < slot->measures; m++) {
            for (uint32_t c = 0; sums.known[m] != NULL && c < slot->shape.cells; c++) {
                sums.cube[m].n[c] = sums.known[m][c];
            }
        }
        const struct sw_cube_cells cells = {sums.rows_all, sums.cube};
        status = finish(slot, &cells, *rows, series, err);
    }
    sums_fini(slot, &sums);
    return status;
}
