/* row: one row being written or read, column after column, with its hash: XXH3 over the
 * columns in order, seeded by the statement's table, as the last column.  So a row that
 * was torn, mixed up or written by something else is seen when it is read.
 *
 *   write   sw_row_start, sw_row_put_* for each parameter, sw_row_write
 *   read    sw_row_start, sw_row_bind_* for the parameters, then while sw_row_next:
 *           sw_row_int, _text, _blob for each column, sw_row_check; sw_row_end
 *
 * The db's lock is held all the while; one row of a statement at a time.               */
#ifndef SW_SPILL_ROW_H
#define SW_SPILL_ROW_H

#include "base/span.h"
#include "spill/db.h"

struct sw_row {
    struct sw_db *db;
    sqlite3_stmt *statement;
    const char *table; /* seeds the hash */
    int at;            /* columns put or read */
    uint64_t hash;
    bool is_wrong; /* a column is of another kind than it should be */
};

SW_MUST_USE sw_status sw_row_start(struct sw_row *row, struct sw_db *db, enum sw_sql sql,
                                   struct sw_err *err);

/* Texts and blobs are borrowed until sw_row_write or _end. */
void sw_row_put_int(struct sw_row *row, int64_t value);
void sw_row_put_text(struct sw_row *row, struct sw_span text);
void sw_row_put_blob(struct sw_row *row, struct sw_span blob);
SW_MUST_USE sw_status sw_row_write(struct sw_row *row, struct sw_err *err); /* with the hash */

void sw_row_bind_int(struct sw_row *row, int64_t value); /* a parameter that is no column */
/* Runs a statement that gives no rows, without a hash. */
SW_MUST_USE sw_status sw_row_run(struct sw_row *row, struct sw_err *err);
/* False: no row, or a failure in *status. */
bool sw_row_next(struct sw_row *row, sw_status *status, struct sw_err *err);
int64_t sw_row_int(struct sw_row *row);
struct sw_span sw_row_text(struct sw_row *row); /* until the next row */
struct sw_span sw_row_blob(struct sw_row *row); /* until the next row */
/* The last column is the hash of those before. */
SW_MUST_USE sw_status sw_row_check(struct sw_row *row, struct sw_err *err);
/* For tables that have none. */
SW_MUST_USE sw_status sw_row_check_kinds(struct sw_row *row, struct sw_err *err);
void sw_row_end(struct sw_row *row);

/* Ends the reading of a statement that gives one row at most; *is_there. */
SW_MUST_USE sw_status sw_row_one(struct sw_row *row, bool *is_there, struct sw_err *err);

uint64_t sw_hash_bytes(const void *data, size_t length, uint64_t seed); /* XXH3, 64 bits */

#endif
