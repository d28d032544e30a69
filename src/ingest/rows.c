/* See rows.h. */
#include "ingest/rows.h"

#include <stdlib.h>

void sw_rows_fini(struct sw_rows *rows)
{
    free(rows->first);
    free(rows->fields);
    *rows = (struct sw_rows){0};
}

static bool find_regular(const struct sw_rows *rows)
{
    const struct sw_scan *scan = &rows->scan;
    const uint32_t columns = rows->dialect->columns;
    if ((uint64_t)scan->records * columns != scan->count) {
        return false;
    }
    /* As many line ends as rows: none stands elsewhere when each row ends in one. */
    const uint32_t *last = scan->at + columns - 1;
    uint32_t wrong = 0;
    for (uint32_t row = 0; row < scan->records; row++, last += columns) {
        wrong |= rows->text[*last] != rows->dialect->newline;
    }
    return wrong == 0;
}

static bool is_empty_line(const struct sw_rows *rows, uint32_t place)
{
    const uint32_t begin = rows->scan.at[(int64_t)place - 1] + 1;
    const uint32_t length = rows->scan.at[place] - begin;
    return length == 0 ||
           (length == 1 && rows->text[begin] == '\r' && rows->dialect->newline == '\n');
}

static void find_rows(struct sw_rows *rows)
{
    const struct sw_scan *scan = &rows->scan;
    uint32_t first = 0;
    rows->count = 0;
    for (uint32_t place = 0; place < scan->count; place++) {
        if (rows->text[scan->at[place]] != rows->dialect->newline) {
            continue;
        }
        const bool is_empty =
            place == first && rows->dialect->columns > 1 && is_empty_line(rows, place);
        if (!is_empty) {
            rows->first[rows->count] = first;
            rows->fields[rows->count] = place - first + 1;
            rows->count++;
        }
        first = place + 1;
    }
}

sw_status sw_rows_index(struct sw_rows *rows, struct sw_err *err)
{
    rows->is_regular = find_regular(rows);
    rows->count = rows->scan.records;
    if (rows->is_regular) {
        return SW_OK;
    }
    if (rows->first == NULL) {
        rows->first = malloc(SW_SCAN_INDEX_MAX * sizeof(*rows->first));
        rows->fields = malloc(SW_SCAN_INDEX_MAX * sizeof(*rows->fields));
    }
    if (rows->first == NULL || rows->fields == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to read this file.");
    }
    find_rows(rows);
    return SW_OK;
}

uint32_t sw_rows_fields(const struct sw_rows *rows, uint32_t row)
{
    return rows->is_regular ? rows->dialect->columns : rows->fields[row];
}

static uint32_t first_of(const struct sw_rows *rows, uint32_t row)
{
    return rows->is_regular ? row * rows->dialect->columns : rows->first[row];
}

uint64_t sw_rows_line(const struct sw_rows *rows, uint32_t row)
{
    const uint32_t begin = rows->scan.at[(int64_t)first_of(rows, row) - 1] + 1;
    uint64_t line = rows->line;
    for (uint32_t at = 0; at < begin; at++) {
        line += rows->text[at] == rows->dialect->newline;
    }
    return line;
}

bool sw_rows_place(const struct sw_rows *rows, uint32_t place, uint32_t *row, uint32_t *column)
{
    uint32_t low = 0;
    uint32_t high = rows->count; /* the row is the last that begins at or before the place */
    while (low + 1 < high) {
        uint32_t middle = low + (high - low) / 2;
        if (first_of(rows, middle) <= place) {
            low = middle;
        } else {
            high = middle;
        }
    }
    *row = low;
    *column = place - first_of(rows, low);
    return low < rows->count && place >= first_of(rows, low) && *column < sw_rows_fields(rows, low);
}

static void find_regular_cells(const struct sw_rows *rows, uint32_t column, uint32_t row,
                               struct sw_cells *cells)
{
    const uint32_t columns = rows->dialect->columns;
    const uint32_t *at = rows->scan.at + (int64_t)row * columns + column;
    for (uint32_t i = 0; i < cells->count; i++, at += columns) {
        const uint32_t begin = at[-1] + 1;
        cells->begin[i] = begin;
        cells->length[i] = at[0] - begin;
    }
}

/* The same and the quotes taken off at once: most blocks are so. */
static void find_quoted_cells(const struct sw_rows *rows, uint32_t column, uint32_t row,
                              struct sw_cells *cells)
{
    const uint32_t columns = rows->dialect->columns;
    const uint32_t *at = rows->scan.at + (int64_t)row * columns + column;
    const char *text = rows->text;
    const char quote = cells->quote;
    uint32_t any = 0;
    for (uint32_t i = 0; i < cells->count; i++, at += columns) {
        uint32_t begin = at[-1] + 1;
        uint32_t length = at[0] - begin;
        uint8_t quoting = SW_CELL_PLAIN;
        if (text[begin] == quote && length > 0) {
            quoting =
                length > 1 && text[begin + length - 1] == quote ? SW_CELL_QUOTED : SW_CELL_ODD;
            begin += quoting == SW_CELL_QUOTED;
            length -= quoting == SW_CELL_QUOTED ? 2 : 0;
            any = 1;
        }
        cells->begin[i] = begin;
        cells->length[i] = length;
        cells->quoting[i] = quoting;
    }
    cells->has_quotes = any != 0;
}

static void find_ragged_cells(const struct sw_rows *rows, uint32_t column, uint32_t row,
                              struct sw_cells *cells)
{
    for (uint32_t i = 0; i < cells->count; i++) {
        cells->begin[i] = 0;
        cells->length[i] = 0;
        if (column < rows->fields[row + i]) {
            const uint32_t *at = rows->scan.at + (int64_t)rows->first[row + i] + column;
            cells->begin[i] = at[-1] + 1;
            cells->length[i] = at[0] - cells->begin[i];
        }
    }
}

/* The CR of a CRLF belongs to the line end, not to the last field. */
static void drop_cr(const struct sw_rows *rows, uint32_t column, uint32_t row,
                    struct sw_cells *cells)
{
    for (uint32_t i = 0; i < cells->count; i++) {
        const uint32_t end = cells->begin[i] + cells->length[i];
        const bool is_last = rows->is_regular || rows->fields[row + i] == column + 1;
        cells->length[i] -= cells->length[i] > 0 && is_last && rows->text[end - 1] == '\r';
    }
}

static void take_quotes_off(struct sw_cells *cells)
{
    uint32_t any = 0;
    for (uint32_t i = 0; i < cells->count; i++) {
        const char *begin = cells->text + cells->begin[i];
        const uint32_t length = cells->length[i];
        enum sw_quoting quoting = SW_CELL_PLAIN;
        if (length > 0 && *begin == cells->quote) {
            const bool is_closed = length > 1 && begin[length - 1] == cells->quote;
            quoting = is_closed ? SW_CELL_QUOTED : SW_CELL_ODD;
            cells->begin[i] += is_closed;
            cells->length[i] -= is_closed ? 2 : 0;
        }
        cells->quoting[i] = (uint8_t)quoting;
        any |= (uint32_t)quoting;
    }
    cells->has_quotes = any != 0;
}

void sw_rows_cells(const struct sw_rows *rows, uint32_t column, uint32_t row, uint32_t count,
                   struct sw_cells *cells)
{
    cells->text = rows->text;
    cells->quote = rows->dialect->quote;
    cells->count = count;
    cells->has_quotes = false;
    const bool ends_row = !rows->is_regular || column + 1 == rows->dialect->columns;
    const bool has_cr = rows->dialect->newline == '\n' && ends_row;
    if (rows->is_regular && rows->scan.has_quotes && !has_cr) {
        find_quoted_cells(rows, column, row, cells);
        return;
    }
    if (rows->is_regular) {
        find_regular_cells(rows, column, row, cells);
    } else {
        find_ragged_cells(rows, column, row, cells);
    }
    if (has_cr) {
        drop_cr(rows, column, row, cells);
    }
    if (rows->scan.has_quotes) {
        take_quotes_off(cells);
    } else {
        memset(cells->quoting, SW_CELL_PLAIN, count);
    }
}

/* A whole field that begins with a quote: doubled quotes are one, text behind the closing one is
 * kept as it is (rules of scan.h). */
static struct sw_span resolve(struct sw_span field, char quote, struct sw_buf *scratch)
{
    sw_buf_clear(scratch);
    size_t at = 1;
    while (at < field.length) {
        const char *from = field.data + at;
        const char *found = memchr(from, quote, field.length - at);
        const size_t length = found == NULL ? field.length - at : (size_t)(found - from);
        sw_buf_put(scratch, from, length);
        at += length + 1;
        if (at >= field.length || field.data[at] != quote) {
            break;
        }
        sw_buf_put_byte(scratch, quote);
        at++;
    }
    if (at < field.length) {
        sw_buf_put(scratch, field.data + at, field.length - at);
    }
    return sw_buf_peek(scratch);
}

struct sw_span sw_cells_text(const struct sw_cells *cells, uint32_t i, struct sw_buf *scratch)
{
    struct sw_span cell = {cells->text + cells->begin[i], cells->length[i]};
    switch ((enum sw_quoting)cells->quoting[i]) {
    case SW_CELL_PLAIN:
        return cell;
    case SW_CELL_QUOTED:
        if (memchr(cell.data, cells->quote, cell.length) == NULL) {
            return cell;
        }
        cell.data--;
        cell.length += 2;
        return resolve(cell, cells->quote, scratch);
    case SW_CELL_ODD:
        return resolve(cell, cells->quote, scratch);
    }
    return cell;
}
