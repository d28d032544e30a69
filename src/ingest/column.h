/* column: one column of a table while it is read: what its values may be so far, the
 * chunks that are sealed, and the builder of the open row group.  Worker thread; the
 * load owns it.
 *
 * Widening (see infer.h): int to float, date to timestamp and a settled date convert
 * the chunks there are.  What must become a string is *behind*: its bytes are not
 * kept, so it takes no cells and has no chunks until the load has read it again from
 * the file.  A declared type never widens: what does not fit is a bad cell, null and
 * reported.
 *
 * Exceptions (tally.h): a cell that would make a column text becomes null, its text
 * kept, as long as such cells are few among the values so far.  Where they are not,
 * the column is text, and counts what its values would be; sw_column_narrow makes it
 * narrow again, to be read again, when they have become few.  So the last word does
 * not depend on where in the file they stand.  Cells that do not fit a declared type
 * keep their text too.  Strict: neither.                                          */
#ifndef SW_INGEST_COLUMN_H
#define SW_INGEST_COLUMN_H

#include "ingest/bad.h"
#include "ingest/rows.h"
#include "ingest/tally.h"
#include "table/builder.h"

struct sw_csv_column {
    struct sw_inferred inferred;
    bool is_declared;
    enum sw_type declared;
    sw_formats allowed;    /* of dates */
    bool is_strict;        /* no exceptions */
    bool is_text;          /* no narrower type is looked for any more */
    struct sw_tally tally; /* of the values read; while it is narrow only their number */
    uint64_t expected;     /* values that are known to come: it is read again as narrow */
    uint32_t exceptions;   /* in chunks and builder */
    bool is_behind;
    bool is_changed;            /* chunks that were published are others now */
    struct sw_builder *builder; /* of the type of inferred.kind; NULL when behind and
                                   before the first cells; owned */
    struct sw_chunk **chunk;    /* [chunks] sealed, in order; counted each */
    uint32_t chunks, capacity;
    struct sw_budget *budget;
};

/* What the columns of a load share while a batch is parsed. */
struct sw_parse {
    struct sw_cells cells;
    struct sw_span texts[SW_CELLS_BATCH];
    struct sw_buf scratch;
    uint32_t excepted; /* cells of the batch that do not fit: empty in `cells` until it is over */
    struct {
        uint32_t row, length;
        uint8_t quoting;
    } except[SW_CELLS_BATCH];
    struct sw_bad *bad;
    uint32_t row;   /* of the block, of cell 0: for reports */
    int32_t column; /* the same */
};

/* `declared` NULL: to be inferred. `allowed` narrows the formats of a declared date. */
void sw_column_init(struct sw_csv_column *column, const enum sw_type *declared, sw_formats allowed,
                    bool is_strict, struct sw_budget *budget);
void sw_column_fini(struct sw_csv_column *column);

/* Appends parse->cells (SW_CHUNK_ROWS are not exceeded), or falls behind. */
SW_MUST_USE sw_status sw_column_parse(struct sw_csv_column *column, struct sw_parse *parse,
                                      struct sw_err *err);
/* The open rows become a chunk. */
SW_MUST_USE sw_status sw_column_seal(struct sw_csv_column *column, struct sw_err *err);
/* A chunk of the open rows, which stay open; the caller's reference. */
SW_MUST_USE sw_status sw_column_snapshot(const struct sw_csv_column *column,
                                         struct sw_chunk **chunk, struct sw_err *err);
/* Would a column of text be narrower now, with exceptions? `is_final`: these are all values; else
 * it must pay to read it again. */
bool sw_column_may_narrow(const struct sw_csv_column *column, bool is_final);
/* It is narrow then, and behind. */
void sw_column_narrow(struct sw_csv_column *column);
/* Begin to read a column that is behind again. */
SW_MUST_USE sw_status sw_column_restart(struct sw_csv_column *column, struct sw_err *err);
/* All rows are in: a declared date that never had a value gets its type. *is_ambiguous: a declared
 * date whose order of day and month stayed open; it is a string. */
SW_MUST_USE sw_status sw_column_finish(struct sw_csv_column *column, bool *is_ambiguous,
                                       struct sw_err *err);

static inline enum sw_type sw_column_type(const struct sw_csv_column *column)
{
    return sw_infer_type(column->inferred.kind);
}

#endif
