/* column: one column of a table while it is read: what its values may be so far, the
 * chunks that are sealed, and the builder of the open row group.  Worker thread; the
 * load owns it.
 *
 * Widening (see infer.h): int to float, date to timestamp and a settled date convert
 * the chunks there are.  What must become a string is *behind*: its bytes are not
 * kept, so it takes no cells and has no chunks until the load has read it again from
 * the file.  A declared type never widens: what does not fit is a bad cell, null and
 * reported.  */
#ifndef SW_INGEST_COLUMN_H
#define SW_INGEST_COLUMN_H

#include "ingest/bad.h"
#include "ingest/infer.h"
#include "table/builder.h"

struct sw_csv_column {
    struct sw_inferred inferred;
    bool is_declared;
    enum sw_type declared;
    sw_formats allowed; /* of dates */
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
    struct sw_bad *bad;
    uint32_t row;   /* of the block, of cell 0: for reports */
    int32_t column; /* the same */
};

/* `declared` NULL: to be inferred. `allowed` narrows the formats of a declared date. */
void sw_column_init(struct sw_csv_column *column, const enum sw_type *declared, sw_formats allowed,
                    struct sw_budget *budget);
void sw_column_fini(struct sw_csv_column *column);

/* Appends parse->cells (SW_CHUNK_ROWS are not exceeded), or falls behind. */
SW_MUST_USE sw_status sw_column_parse(struct sw_csv_column *column, struct sw_parse *parse,
                                      struct sw_err *err);
/* The open rows become a chunk. */
SW_MUST_USE sw_status sw_column_seal(struct sw_csv_column *column, struct sw_err *err);
/* A chunk of the open rows, which stay open; the caller's reference. */
SW_MUST_USE sw_status sw_column_snapshot(const struct sw_csv_column *column,
                                         struct sw_chunk **chunk, struct sw_err *err);
/* Begin to read a column that is behind again, as a string. */
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
