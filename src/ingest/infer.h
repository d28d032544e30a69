/* infer: what a cell of text may be, and how the type of a column widens over all
 * its cells.  Any thread, no allocation; csv_column.c of this folder is the caller.
 *
 *                        string
 *              /     |      |       \
 *           bool   float  timestamp  (maybe date)
 *                    |      |
 *                   int    date
 *              \     |      |       /
 *                     none
 *
 * none: nothing but nulls so far.  int widens to float while a double holds each value
 * exactly, date to timestamp; the stored values are converted, nothing is lost.  All
 * else meets in string, and the column is read again from the file.  Dates keep the
 * set of formats that all values fit: exactly one left makes a date, none a string;
 * more than one (01/02/2020) is a string that may become a date when a value settles
 * it, and stays one if none does.  A string and a date of another format: string.
 *
 * Null tokens: empty, NA, N/A, NULL, null, None.  In a string column only unquoted
 * ones are null, in the others quoted ones too.  Blanks around a value count in
 * string columns only.                                                              */
#ifndef SW_INGEST_INFER_H
#define SW_INGEST_INFER_H

#include "ingest/moment.h"
#include "table/chunk.h"

enum sw_infer {
    SW_INFER_NONE,
    SW_INFER_BOOL,
    SW_INFER_INT,
    SW_INFER_FLOAT,
    SW_INFER_DATE,
    SW_INFER_TIMESTAMP,
    SW_INFER_MAYBE, /* date or timestamp of several possible formats, stored as string */
    SW_INFER_STRING
};

/* What one cell is. */
struct sw_guess {
    enum sw_infer kind;   /* never SW_INFER_MAYBE */
    sw_formats formats;   /* dates and timestamps: those it fits, at least one */
    bool is_beyond_float; /* an int that no double holds exactly */
};

/* What all cells of a column are so far. */
struct sw_inferred {
    enum sw_infer kind;
    sw_formats formats; /* dates, timestamps, maybe */
    bool has_time;      /* some date had a time of day */
};

/* The spelling of a null token, or -1. */
static inline int sw_infer_null(const char *text, size_t length)
{
    if (length > 4) {
        return -1;
    }
    switch (length) {
    case 0:
        return SW_NULL_EMPTY;
    case 2:
        return memcmp(text, "NA", 2) == 0 ? SW_NULL_NA : -1;
    case 3:
        return memcmp(text, "N/A", 3) == 0 ? SW_NULL_N_A : -1;
    case 4:
        return memcmp(text, "NULL", 4) == 0   ? SW_NULL_UPPER
               : memcmp(text, "null", 4) == 0 ? SW_NULL_LOWER
               : memcmp(text, "None", 4) == 0 ? SW_NULL_NONE
                                              : -1;
    default:
        return -1;
    }
}

/* Without blanks and tabs at both ends. */
struct sw_span sw_infer_trim(struct sw_span text);
/* true or false in any case. */
bool sw_infer_bool(struct sw_span text, int64_t *value);
/* The same for a column that was declared bool: also yes, no, y, n, t, f, 1, 0. */
bool sw_infer_bool_declared(struct sw_span text, int64_t *value);
/* Digits with leading zeros, for a column that was declared int: 007 is 7. */
bool sw_infer_int_declared(struct sw_span text, int64_t *value);

/* The narrowest kind of a cell (quotes taken off). A null token is SW_INFER_NONE. */
struct sw_guess sw_infer_cell(struct sw_span text);
/* Widen to hold the cell too.  `ints_fit`: a double holds every int of the column so far. */
void sw_infer_join(struct sw_inferred *inferred, bool ints_fit, struct sw_guess cell);
/* The type in which a column of that kind is stored. */
enum sw_type sw_infer_type(enum sw_infer kind);

#endif
