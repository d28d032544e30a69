/* dialect: how the records of a text are written, and the guess at it from the
 * first 64 KiB.  Worker thread, no allocation is kept.
 *
 * The guess: each of , ; tab | is tried with the exact scanner; the one whose
 * records agree most on their number of fields wins (quotes respected).  Where a
 * comma and a semicolon agree alike and every comma stands between digits, the
 * commas are decimal ones.  A text in which no delimiter convinces has one column.
 * The quote is " unless fields are quoted with ' throughout.  The line ends in LF
 * (a CR before it is dropped) or, where more records end so, in CR.
 *
 * The first record is a header unless its cells look like those below it.        */
#ifndef SW_INGEST_DIALECT_H
#define SW_INGEST_DIALECT_H

#include "base/span.h"
#include "base/status.h"

/* Of a text of one column: a control byte that texts do not hold, so that commas stay. */
#define SW_DELIMITER_NONE '\x1f'

struct sw_dialect {
    char delimiter;
    char quote;
    char newline; /* '\n' or '\r' */
    bool has_header;
    uint32_t columns; /* of the table: those of the header, or what most records have */
};

/* `delimiter` 0 and `has_header` -1 are guessed; others are taken as given.  `is_whole`: the
 * sample is the whole text; SW_SCAN_BEHIND bytes behind it are readable.  *is_short: it is not, and
 * it holds no complete record, or quotes that look irregular; nothing was guessed, ask again with
 * more.  SW_OK, SW_NO_MEMORY or
 * SW_LIMIT (columns). */
SW_MUST_USE sw_status sw_dialect_guess(struct sw_span sample, bool is_whole, char delimiter,
                                       int has_header, struct sw_dialect *dialect, bool *is_short,
                                       struct sw_err *err);

#endif
