/* bad: the rows that could not be read as the others: all counted, the first ones
 * kept with line, column and reason (struct sw_bad_row of load.h).  Columns are
 * parsed one after the other; the list is in the order of the file all the same:
 * what a batch of rows brings waits, sorted, until sw_bad_settle.  Worker thread;
 * the load owns it.                                                             */
#ifndef SW_INGEST_BAD_H
#define SW_INGEST_BAD_H

#include "base/limits.h"
#include "ingest/load.h"
#include "ingest/rows.h"

struct sw_bad_waiting {
    uint32_t row; /* of the block */
    struct sw_bad_row bad;
};

struct sw_bad {
    uint64_t count; /* each reason counts, also two of one row */
    uint32_t kept;
    uint32_t waiting_count;
    struct sw_bad_row row[SW_BAD_ROWS_KEPT];
    struct sw_bad_waiting waiting[SW_BAD_ROWS_KEPT]; /* by row, then column */
};

/* `column` -1: the row as a whole. */
SW_PRINTF(4, 5)
void sw_bad_add(struct sw_bad *bad, uint32_t row, int32_t column, const char *format, ...);
/* The batch is over: what waits goes to the list with its line. */
void sw_bad_settle(struct sw_bad *bad, const struct sw_rows *rows);
/* One that has no row of a block. */
void sw_bad_note(struct sw_bad *bad, uint64_t line, int32_t column, const char *reason);

#endif
