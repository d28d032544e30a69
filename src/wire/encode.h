/* encode: replies, notifications, series, pages and rows to bytes.  Everything
 * appends to a buf; a buf that ran out of memory says so at its end.
 * Loop thread, except sw_encode_csv_* (workers).                               */
#ifndef SW_WIRE_ENCODE_H
#define SW_WIRE_ENCODE_H

#include "base/json.h"
#include "table/page.h"
#include "table/series.h"
#include "table/table.h"

/* {"jsonrpc":"2.0","id":ID,"result":RESULT}; result is JSON text. */
void sw_encode_reply(struct sw_buf *out, const struct sw_json *id, struct sw_span result);
/* ... "error":{code, message, data?}} with data.limit..., data.position, data.version as known. */
void sw_encode_error(struct sw_buf *out, const struct sw_json *id, const struct sw_err *err);
/* The bare error object, for HTTP bodies and output.state. */
void sw_encode_error_object(struct sw_buf *out, const struct sw_err *err);
void sw_encode_notification(struct sw_buf *out, const char *method, struct sw_span params);

/* A value as JSON (PROTOCOL 1: dates and timestamps as text; NaN null). */
void sw_encode_value(struct sw_buf *out, const struct sw_value *value);

/* The `data` of an output.value. */
void sw_encode_series(struct sw_buf *out, const struct sw_series *series);
/* The `facet` member of a faceted series: {column, values, counts, total}. */
void sw_encode_facet(struct sw_buf *out, const struct sw_series *series);
/* {version, rows, offset, row_ids, columns: [names], types: [type names], data: [[values], ...],
 * exceptions: [[column, row, text], ...], formula_errors: [{column, message}, ...]}; rows: after
 * the filter; the last two only where there are some. */
void sw_encode_page(struct sw_buf *out, const struct sw_page *page);
/* The last two members, each with a comma before it. */
void sw_encode_page_notes(struct sw_buf *out, const struct sw_page *page);
/* A whole binary frame of subprotocol spillway.v1.arrow (schema/series-frame.md): header is the
 * JSON object of output.value's params without data; a page adds its offset and exceptions.
 * SW_LIMIT: more than 2^31 values or bytes of text in a column. */
SW_MUST_USE sw_status sw_encode_series_arrow(struct sw_buf *out, struct sw_span header,
                                             const struct sw_series *series);
SW_MUST_USE sw_status sw_encode_page_arrow(struct sw_buf *out, struct sw_span header,
                                           const struct sw_page *page);

/* CSV (RFC 4180, CRLF not used: lines end in LF), any thread.  Columns are indices; a null is
 * empty, or in string columns its spelling in the source, or the text that did not fit; texts that
 * look like a null ("", NA, ...) are quoted; shortest round-trip floats; ISO dates; timestamps
 * with Z. */
void sw_encode_csv_header(struct sw_buf *out, const struct sw_schema *schema,
                          const uint32_t *columns, uint32_t column_count);
/* Rows [first, first + count) of a group, those in `select` (bit i: its row i; NULL: all of them).
 * A call sets up a writer per column and pins its chunk: give it hundreds of rows at once, or see
 * sw_csv_gather.  As sw_chunk_pin; what memory runs out for is said by `out`. */
SW_MUST_USE sw_status sw_encode_csv_rows(struct sw_buf *out, const struct sw_rowgroup *group,
                                         const uint32_t *columns, uint32_t column_count,
                                         const uint64_t *select, uint32_t first, uint32_t count,
                                         struct sw_err *err);

/* The same rows one by one from anywhere in a version, as a sorted download needs them: the writers
 * of a row group are set up once and kept (up to some megabytes of them), and its chunks are pinned
 * until _leave, or until memory is short: a step of a job ends with it.  One thread at a time;
 * version and columns are borrowed and outlive it. */
struct sw_csv_gather;
SW_MUST_USE sw_status sw_csv_gather_new(const struct sw_version *version, const uint32_t *columns,
                                        uint32_t column_count, struct sw_csv_gather **gather);
void sw_csv_gather_free(struct sw_csv_gather *gather); /* NULL accepted */
/* The rows at these positions of the version, in this order; at most SW_CSV_GATHER_MAX. */
#define SW_CSV_GATHER_MAX 256u
SW_MUST_USE sw_status sw_csv_gather_rows(struct sw_csv_gather *gather, const uint64_t *positions,
                                         uint32_t count, struct sw_buf *out, struct sw_err *err);
void sw_csv_gather_leave(struct sw_csv_gather *gather); /* NULL accepted */

#endif
