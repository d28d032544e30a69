#include "spill/row.h"

#include <string.h>

#include <xxhash.h>

uint64_t sw_hash_bytes(const void *data, size_t length, uint64_t seed)
{
    return XXH3_64bits_withSeed(length > 0 ? data : "", length, seed);
}

sw_status sw_row_start(struct sw_row *row, struct sw_db *db, enum sw_sql sql, struct sw_err *err)
{
    const char *table = sw_sql_table(sql);
    *row = (struct sw_row){.db = db, .table = table};
    row->hash = sw_hash_bytes(table, strlen(table), 0);
    sqlite3_stmt **statement = &db->statement[sql];
    if (*statement == NULL) {
        int code = sqlite3_prepare_v3(db->handle, sw_sql_text(sql), -1, SQLITE_PREPARE_PERSISTENT,
                                      statement, NULL);
        if (code != SQLITE_OK) {
            return sw_db_fail(db, code, err);
        }
    }
    row->statement = *statement;
    return SW_OK;
}

void sw_row_end(struct sw_row *row)
{
    if (row->statement != NULL) {
        sqlite3_reset(row->statement); /* its failure was reported by the step */
        sqlite3_clear_bindings(row->statement);
        row->statement = NULL;
    }
}

static void add_int(struct sw_row *row, int64_t value)
{
    row->hash = sw_hash_bytes(&value, sizeof(value), row->hash);
}

static void add_span(struct sw_row *row, struct sw_span span)
{
    row->hash = sw_hash_bytes(span.data, span.length, row->hash);
}

/* -- writing ------------------------------------------------------------------------ */

/* A binding fails only for want of memory, or beyond the longest blob: the row is then given up. */
static void note(struct sw_row *row, int code)
{
    row->is_wrong = row->is_wrong || code != SQLITE_OK;
}

void sw_row_bind_int(struct sw_row *row, int64_t value)
{
    note(row, sqlite3_bind_int64(row->statement, ++row->at, value));
}

void sw_row_put_int(struct sw_row *row, int64_t value)
{
    sw_row_bind_int(row, value);
    add_int(row, value);
}

void sw_row_put_text(struct sw_row *row, struct sw_span text)
{
    note(row, sqlite3_bind_text64(row->statement, ++row->at, text.length > 0 ? text.data : "",
                                  text.length, SQLITE_STATIC, SQLITE_UTF8));
    add_span(row, text);
}

void sw_row_put_blob(struct sw_row *row, struct sw_span blob)
{
    note(row, sqlite3_bind_blob64(row->statement, ++row->at, blob.length > 0 ? blob.data : "",
                                  blob.length, SQLITE_STATIC));
    add_span(row, blob);
}

sw_status sw_row_run(struct sw_row *row, struct sw_err *err)
{
    int code = row->is_wrong ? SQLITE_NOMEM : sqlite3_step(row->statement);
    sw_status status = code == SQLITE_DONE ? SW_OK : sw_db_fail(row->db, code, err);
    sw_row_end(row);
    return status;
}

sw_status sw_row_write(struct sw_row *row, struct sw_err *err)
{
    sw_row_bind_int(row, (int64_t)row->hash);
    return sw_row_run(row, err);
}

/* -- reading ------------------------------------------------------------------------ */

bool sw_row_next(struct sw_row *row, sw_status *status, struct sw_err *err)
{
    int code = row->is_wrong ? SQLITE_NOMEM : sqlite3_step(row->statement);
    row->at = 0;
    row->hash = sw_hash_bytes(row->table, strlen(row->table), 0);
    *status = code == SQLITE_ROW || code == SQLITE_DONE ? SW_OK : sw_db_fail(row->db, code, err);
    return code == SQLITE_ROW;
}

static bool is_kind(struct sw_row *row, int kind)
{
    bool is_right = row->at < sqlite3_column_count(row->statement) &&
                    sqlite3_column_type(row->statement, row->at) == kind;
    row->is_wrong = row->is_wrong || !is_right;
    row->at++;
    return is_right;
}

int64_t sw_row_int(struct sw_row *row)
{
    if (!is_kind(row, SQLITE_INTEGER)) {
        return 0;
    }
    int64_t value = sqlite3_column_int64(row->statement, row->at - 1);
    add_int(row, value);
    return value;
}

static struct sw_span bytes_of(struct sw_row *row, int kind)
{
    if (!is_kind(row, kind)) {
        return sw_span_of("", 0);
    }
    const void *data = kind == SQLITE_TEXT
                           ? (const void *)sqlite3_column_text(row->statement, row->at - 1)
                           : sqlite3_column_blob(row->statement, row->at - 1);
    int length = sqlite3_column_bytes(row->statement, row->at - 1);
    if (data == NULL && length > 0) {
        row->is_wrong = true; /* no memory */
        length = 0;
    }
    struct sw_span span = sw_span_of(data != NULL ? data : "", (size_t)length);
    add_span(row, span);
    return span;
}

struct sw_span sw_row_text(struct sw_row *row)
{
    return bytes_of(row, SQLITE_TEXT);
}

struct sw_span sw_row_blob(struct sw_row *row)
{
    return bytes_of(row, SQLITE_BLOB);
}

sw_status sw_row_check_kinds(struct sw_row *row, struct sw_err *err)
{
    if (row->is_wrong) {
        return sw_db_damaged(row->db, err, "a row of its table \"%s\" has no such form",
                             row->table);
    }
    return SW_OK;
}

sw_status sw_row_check(struct sw_row *row, struct sw_err *err)
{
    uint64_t hash = row->hash;
    int64_t stored = sw_row_int(row);
    SW_TRY(sw_row_check_kinds(row, err));
    if ((uint64_t)stored != hash) {
        return sw_db_damaged(row->db, err, "a row of its table \"%s\" is not as it was written",
                             row->table);
    }
    return SW_OK;
}

sw_status sw_row_one(struct sw_row *row, bool *is_there, struct sw_err *err)
{
    sw_status status;
    *is_there = sw_row_next(row, &status, err);
    return status;
}
