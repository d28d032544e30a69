/* rows: the records of one scanned block as a table of cells, read column by
 * column.  reader.c makes them, csv_column.c reads them; worker thread, valid until
 * the reader's next block.
 *
 * A row has the table's number of cells: missing ones are empty, further ones are
 * left out; both are told by sw_rows_fields.  Empty lines are no rows, except in a
 * table of one column, where an empty line is how a null is written.            */
#ifndef SW_INGEST_ROWS_H
#define SW_INGEST_ROWS_H

#include "base/buf.h"
#include "ingest/scan.h"

/* Cells taken at once: what a column's loop works on stays in the first cache. */
#define SW_CELLS_BATCH 2048u

struct sw_rows {
    const struct sw_dialect *dialect;
    const char *text;    /* of the block; borrowed */
    struct sw_scan scan; /* scan.at is owned by the reader */
    uint32_t count;      /* rows */
    bool is_regular;     /* row r has the terminators r * columns ... */
    uint32_t *first;     /* [count] else: the place of its first one; owned */
    uint32_t *fields;    /* [count] and how many it has; owned */
    uint64_t line;       /* 1-based line of the file where the block begins */
    uint64_t bytes;      /* of the block's complete records */
};

enum sw_quoting {
    SW_CELL_PLAIN,
    SW_CELL_QUOTED, /* the quotes are left out of begin and length; doubled ones may be inside */
    SW_CELL_ODD     /* begins with a quote but does not end with one: all of it is here */
};

/* Up to SW_CELLS_BATCH cells of one column. */
struct sw_cells {
    const char *text;
    char quote;
    bool has_quotes; /* some quoting is not SW_CELL_PLAIN */
    uint32_t count;
    uint32_t begin[SW_CELLS_BATCH];
    uint32_t length[SW_CELLS_BATCH];
    uint8_t quoting[SW_CELLS_BATCH];
};

/* Fills count, is_regular, first, fields from rows->scan. */
SW_MUST_USE sw_status sw_rows_index(struct sw_rows *rows, struct sw_err *err);
void sw_rows_fini(struct sw_rows *rows);

void sw_rows_cells(const struct sw_rows *rows, uint32_t column, uint32_t row, uint32_t count,
                   struct sw_cells *cells);
/* How many fields the record really has. */
uint32_t sw_rows_fields(const struct sw_rows *rows, uint32_t row);
/* 1-based line of the file where the row begins. Counts from the block's start. */
uint64_t sw_rows_line(const struct sw_rows *rows, uint32_t row);
/* Row and column of a terminator's place; false: of no row. */
bool sw_rows_place(const struct sw_rows *rows, uint32_t place, uint32_t *row, uint32_t *column);

/* The cell's value, quotes resolved; in the block's text or in `scratch`, until it changes. */
struct sw_span sw_cells_text(const struct sw_cells *cells, uint32_t i, struct sw_buf *scratch);

#endif
