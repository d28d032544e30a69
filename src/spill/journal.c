#include "spill/journal.h"

#include <stdatomic.h>
#include <string.h>

#include "base/thread.h"
#include "spill/spill_priv.h"

/* What a record takes besides its texts, about: its row, and its share of pages. */
#define RECORD_OVERHEAD 256u

static uint64_t bytes_of(const struct sw_record *record)
{
    return record->method.length + record->params.length;
}

static sw_status check_records(struct sw_store *store, const struct sw_record *records,
                               size_t count, uint64_t *bytes, struct sw_err *err)
{
    uint64_t last = atomic_load_explicit(&store->last_seq, memory_order_relaxed);
    *bytes = 0;
    if (count > SW_RECORDS_PER_APPEND) {
        return sw_fail_limit(err, "records_per_append", (int64_t)count, SW_RECORDS_PER_APPEND,
                             "append them in several calls");
    }
    for (size_t i = 0; i < count; i++) {
        if (records[i].params.length > SW_RECORD_PARAMS_MAX) {
            return sw_fail_limit(err, "record_params_bytes", (int64_t)records[i].params.length,
                                 SW_RECORD_PARAMS_MAX, "make the change in smaller parts");
        }
        sw_assert(records[i].seq > last);
        sw_assert(records[i].seq <= INT64_MAX);
        last = records[i].seq;
        *bytes += bytes_of(&records[i]);
    }
    return SW_OK;
}

static sw_status put_record(struct sw_db *db, const struct sw_record *record, struct sw_err *err)
{
    struct sw_row row;
    SW_TRY(sw_row_start(&row, db, SW_SQL_LOG_PUT, err));
    sw_row_put_int(&row, (int64_t)record->seq);
    sw_row_put_int(&row, record->kind);
    sw_row_put_int(&row, record->wall_ms);
    sw_row_put_text(&row, record->method);
    sw_row_put_blob(&row, record->params);
    return sw_row_write(&row, err);
}

static sw_status put_records(struct sw_db *db, const struct sw_record *records, size_t count,
                             struct sw_err *err)
{
    SW_TRY(sw_db_begin(db, err));
    for (size_t i = 0; i < count; i++) {
        sw_status status = put_record(db, &records[i], err);
        if (status != SW_OK) {
            sw_db_rollback(db);
            return status;
        }
    }
    return sw_db_commit(db, err);
}

sw_status sw_journal_append_work(struct sw_store *store, const struct sw_record *records,
                                 size_t count, struct sw_err *err)
{
    sw_assert_worker();
    if (count == 0) {
        return SW_OK;
    }
    uint64_t bytes;
    sw_db_lock(store->session);
    sw_status status = check_records(store, records, count, &bytes, err);
    status =
        status == SW_OK ? sw_store_reserve(store, bytes + count * RECORD_OVERHEAD, err) : status;
    status = status == SW_OK ? put_records(store->session, records, count, err) : status;
    sw_store_settle_session(store);
    if (status == SW_OK) {
        atomic_store_explicit(&store->last_seq, records[count - 1].seq, memory_order_relaxed);
        atomic_fetch_add_explicit(&store->log_records, count, memory_order_relaxed);
        atomic_fetch_add_explicit(&store->log_bytes, bytes, memory_order_relaxed);
    }
    sw_db_unlock(store->session);
    return status;
}

/* -- reading ---------------------------------------------------------------------------- */

static sw_status read_record(struct sw_row *row, struct sw_record *record, struct sw_err *err)
{
    int64_t seq = sw_row_int(row);
    int64_t kind = sw_row_int(row);
    record->wall_ms = sw_row_int(row);
    record->method = sw_row_text(row);
    record->params = sw_row_blob(row);
    SW_TRY(sw_row_check(row, err));
    if (seq < 1 || kind < 0 || kind > UINT32_MAX) {
        return sw_db_damaged(row->db, err, "a record of its log has no such number");
    }
    record->seq = (uint64_t)seq;
    record->kind = (uint32_t)kind;
    return SW_OK;
}

sw_status sw_journal_read_work(struct sw_store *store, uint64_t after_seq, sw_record_fn each,
                               void *context, struct sw_err *err)
{
    struct sw_row row;
    struct sw_record record;
    sw_assert_worker();
    sw_db_lock(store->session);
    sw_status status = sw_row_start(&row, store->session, SW_SQL_LOG_GET, err);
    if (status == SW_OK) {
        sw_row_bind_int(&row, after_seq > INT64_MAX ? INT64_MAX : (int64_t)after_seq);
        while (sw_row_next(&row, &status, err)) {
            status = read_record(&row, &record, err);
            status = status == SW_OK ? each(context, &record, err) : status;
            if (status != SW_OK) {
                break;
            }
        }
        sw_row_end(&row);
    }
    sw_db_unlock(store->session);
    return status;
}

uint64_t sw_journal_last_seq(struct sw_store *store)
{
    return atomic_load_explicit(&store->last_seq, memory_order_relaxed);
}

void sw_journal_figures(struct sw_store *store, uint64_t *records, uint64_t *bytes)
{
    *records = atomic_load_explicit(&store->log_records, memory_order_relaxed);
    *bytes = atomic_load_explicit(&store->log_bytes, memory_order_relaxed);
}
