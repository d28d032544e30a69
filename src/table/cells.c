/* See cells.h. */
#include "table/cells.h"

#include <stdlib.h>

static sw_status no_memory(struct sw_err *err)
{
    return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to read cells of the table.");
}

/* -- places --------------------------------------------------------------------------- */

/* A counting sort. */
static sw_status sort(const struct sw_cells *cells)
{
    uint32_t groups = cells->version->groups;
    uint32_t *start = calloc(groups + (size_t)1, sizeof(*start));
    if (start == NULL) {
        return SW_NO_MEMORY;
    }
    for (size_t i = 0; i < cells->n; i++) {
        start[cells->at[i].group + 1]++;
    }
    for (uint32_t group = 0; group < groups; group++) {
        start[group + 1] += start[group];
    }
    for (size_t i = 0; i < cells->n; i++) {
        cells->order[start[cells->at[i].group]++] = (uint32_t)i;
    }
    free(start);
    return SW_OK;
}

sw_status sw_cells_init(struct sw_cells *cells, const struct sw_version *version,
                        const struct sw_cell_at *at, size_t n, struct sw_err *err)
{
    sw_assert(n < UINT32_MAX);
    *cells = (struct sw_cells){version, at, n, malloc((n + 1) * sizeof(*cells->order))};
    if (cells->order == NULL) {
        return no_memory(err);
    }
    bool is_sorted = true;
    for (size_t i = 0; i < n; i++) {
        sw_assert(at[i].group < version->groups);
        is_sorted = is_sorted && (i == 0 || at[i].group >= at[i - 1].group);
        cells->order[i] = (uint32_t)i;
    }
    if (!is_sorted && sort(cells) != SW_OK) {
        sw_cells_fini(cells);
        return no_memory(err);
    }
    return SW_OK;
}

void sw_cells_fini(struct sw_cells *cells)
{
    free(cells->order);
    *cells = (struct sw_cells){0};
}

/* The end of the run of order[] from `from` on that lies in one row group. */
static size_t run_end(const struct sw_cells *cells, size_t from)
{
    uint32_t group = cells->at[cells->order[from]].group;
    size_t end = from + 1;
    while (end < cells->n && cells->at[cells->order[end]].group == group) {
        end++;
    }
    return end;
}

static const struct sw_rowgroup *group_at(const struct sw_cells *cells, size_t from)
{
    return cells->version->group[cells->at[cells->order[from]].group];
}

/* -- cells ------------------------------------------------------------------------------ */

static bool copy_text(struct sw_arena *arena, struct sw_span *text)
{
    text->data = sw_arena_text(arena, *text);
    return text->data != NULL;
}

/* A run's cells of a pinned chunk. */
static bool read_run(const struct sw_cells *cells, size_t from, size_t end,
                     const struct sw_chunk *chunk, struct sw_arena *arena, struct sw_value *values)
{
    bool is_good = true;
    for (size_t k = from; k < end && is_good; k++) {
        uint32_t i = cells->order[k];
        values[i] = sw_chunk_value(chunk, cells->at[i].row);
        if (values[i].type == SW_TYPE_STRING && !values[i].is_null) {
            is_good = copy_text(arena, &values[i].u.s);
        }
    }
    return is_good;
}

static bool read_exceptions(const struct sw_cells *cells, size_t from, size_t end,
                            const struct sw_chunk *chunk, struct sw_arena *arena,
                            struct sw_span *exceptions)
{
    bool is_good = true;
    for (size_t k = from; k < end && is_good; k++) {
        uint32_t i = cells->order[k];
        exceptions[i] = (struct sw_span){0};
        if (sw_exceptions_find(chunk->exceptions, cells->at[i].row, &exceptions[i])) {
            is_good = copy_text(arena, &exceptions[i]);
        }
    }
    return is_good;
}

sw_status sw_cells_read(const struct sw_cells *cells, uint32_t column, struct sw_arena *arena,
                        struct sw_value *values, struct sw_span *exceptions, struct sw_err *err)
{
    for (size_t from = 0; from < cells->n;) {
        size_t end = run_end(cells, from);
        const struct sw_chunk *chunk = group_at(cells, from)->chunk[column];
        SW_TRY(sw_chunk_pin(chunk, err));
        bool is_good =
            read_run(cells, from, end, chunk, arena, values) &&
            (exceptions == NULL || read_exceptions(cells, from, end, chunk, arena, exceptions));
        sw_chunk_unpin(chunk);
        if (!is_good) {
            return no_memory(err);
        }
        from = end;
    }
    return SW_OK;
}

sw_status sw_cells_row_ids(const struct sw_cells *cells, uint64_t *row_ids, struct sw_err *err)
{
    for (size_t from = 0; from < cells->n;) {
        size_t end = run_end(cells, from);
        const struct sw_rowgroup *group = group_at(cells, from);
        SW_TRY(sw_rowgroup_pin_ids(group, err));
        for (size_t k = from; k < end; k++) {
            uint32_t i = cells->order[k];
            row_ids[i] = sw_rowgroup_row_id(group, cells->at[i].row);
        }
        sw_rowgroup_unpin_ids(group);
        from = end;
    }
    return SW_OK;
}
