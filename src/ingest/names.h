/* names: the column names of a table, from its header or made up.  Worker thread.
 * A name is trimmed, its control bytes become blanks, it is cut to
 * SW_NAME_BYTES_MAX at a character.  Column 5 without a name is column_5; of two
 * alike the second is name_2 (or the next number that is free).                  */
#ifndef SW_INGEST_NAMES_H
#define SW_INGEST_NAMES_H

#include "ingest/rows.h"

/* `header` NULL: all are made up. (*names)[i] and *names are the caller's: sw_names_free. */
SW_MUST_USE sw_status sw_names_new(const struct sw_rows *header, uint32_t columns, char ***names,
                                   struct sw_err *err);
void sw_names_free(char **names, uint32_t columns);

#endif
