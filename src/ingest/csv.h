/* csv: the loops that read a batch of cells into a column's builder, one for each
 * kind, and the widening they ask for.  Inside column.{h,c}; worker thread.       */
#ifndef SW_INGEST_CSV_H
#define SW_INGEST_CSV_H

#include "ingest/column.h"

/* The builder of a column that had no cells yet; its first value, or SW_INFER_NONE, says of which
 * type, so that few columns begin with the wrong one. */
SW_MUST_USE sw_status sw_column_open(struct sw_csv_column *column, struct sw_guess cell,
                                     struct sw_err *err);
/* The cell does not fit: the column's kind becomes one that holds it; what is stored is converted,
 * or the column falls behind. */
SW_MUST_USE sw_status sw_column_widen(struct sw_csv_column *column, struct sw_guess cell,
                                      struct sw_err *err);

#endif
