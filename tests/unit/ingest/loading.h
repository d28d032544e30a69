/*
 * What the tests of ingest share: a load of bytes in any pieces, and a table as readable text.
 *
 *     columns: a int | b string        names and types
 *     row: 1 | "x"                     a cell: number, "text", date, true, null; a string's null
 *     row: null | null NA              that was not empty in the file is followed by its spelling
 *     row: except "n.a."               a cell that does not fit its column: null, its text kept
 *     bad: line 3: reason              or  line 3 column 2: reason  (columns from 1)
 *     replaced: 1                      invalid UTF-8
 *     error: message                   instead of all that
 */
#ifndef SW_TEST_INGEST_LOADING_H
#define SW_TEST_INGEST_LOADING_H

#include "base/json.h"
#include "ingest/load.h"
#include "support/look.h"
#include "support/test.h"
#include "table/datetime.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* How a test loads. */
struct loading {
    const struct sw_json *types;
    char delimiter;
    int8_t has_header;
    const size_t *pieces; /* the file is offered up to each of these, in order; then whole */
    size_t piece_count;
    size_t step_bytes; /* 0: much */
    int64_t memory;    /* 0: much */
    bool is_strict;
};

static inline int file_of(const void *data, size_t length)
{
    const int fd = memfd_create("test", MFD_CLOEXEC);
    assert_true(fd >= 0);
    size_t done = 0;
    while (done < length) {
        const ssize_t n = write(fd, (const char *)data + done, length - done);
        assert_true(n > 0);
        done += (size_t)n;
    }
    return fd;
}

static inline void run_steps(struct sw_load *load, size_t step_bytes, struct sw_load_report *report)
{
    do {
        assert_int_equal(sw_load_step_work(load, step_bytes == 0 ? SIZE_MAX : step_bytes, NULL),
                         SW_OK);
        sw_load_report_peek(load, report);
    } while (report->has_more);
}

/* Versions only grow. */
static inline void check_growth(const struct sw_load *load, uint64_t *number, uint64_t *rows)
{
    struct sw_version *version = sw_load_version(load);
    if (version != NULL) {
        assert_true(version->number >= *number);
        assert_true(version->rows >= *rows);
        *number = version->number;
        *rows = version->rows;
    } else {
        assert_int_equal(*number, 0);
    }
    sw_version_unref(version);
}

/* The load after its last step; NULL when it could not be made (*err). The caller frees. */
static inline struct sw_load *load_bytes(const void *data, size_t length, const struct loading *how,
                                         struct sw_budget *budget, struct sw_load_report *report,
                                         struct sw_err *err)
{
    const int fd = file_of(data, length);
    struct sw_load *load = NULL;
    sw_budget_init(budget, "memory", how->memory == 0 ? INT64_MAX : how->memory, NULL);
    const struct sw_load_options options = {.fd = fd,
                                            .budget = budget,
                                            .types = how->types,
                                            .is_strict = how->is_strict,
                                            .delimiter = how->delimiter,
                                            .has_header = how->has_header};
    const sw_status status = sw_load_new(&options, &load, err);
    close(fd);
    if (status != SW_OK) {
        return NULL;
    }
    uint64_t number = 0;
    uint64_t rows = 0;
    for (size_t i = 0; i < how->piece_count; i++) {
        sw_load_offer(load, how->pieces[i]);
        run_steps(load, how->step_bytes, report);
        check_growth(load, &number, &rows);
    }
    sw_load_offer(load, length);
    sw_load_end(load);
    run_steps(load, how->step_bytes, report);
    check_growth(load, &number, &rows);
    assert_true(report->state != SW_LOAD_RUNNING);
    return load;
}

static inline void put_cell(struct sw_buf *out, const struct sw_chunk *chunk, uint32_t row)
{
    char text[SW_TIMESTAMP_TEXT_MAX];
    const struct sw_value value = test_cell(chunk, row);
    struct sw_span kept;
    if (sw_exceptions_find(test_look(chunk)->exceptions, row, &kept)) {
        assert_true(value.is_null);
        sw_buf_put_text(out, "except ");
        sw_json_put_text(out, kept);
        return;
    }
    if (value.is_null) {
        const uint8_t spelling =
            test_look(chunk)->null_spelling != NULL ? test_look(chunk)->null_spelling[row] : 0;
        sw_buf_printf(out, "null%s%s", spelling != 0 ? " " : "", sw_null_spellings[spelling]);
        return;
    }
    switch (value.type) {
    case SW_TYPE_BOOL:
        sw_buf_put_text(out, value.u.i != 0 ? "true" : "false");
        break;
    case SW_TYPE_INT:
        sw_buf_put_int(out, value.u.i);
        break;
    case SW_TYPE_FLOAT:
        sw_buf_put_float(out, value.u.f);
        break;
    case SW_TYPE_STRING:
        sw_json_put_text(out, value.u.s);
        break;
    case SW_TYPE_DATE:
        sw_date_format(value.u.i, text);
        sw_buf_put_text(out, text);
        break;
    case SW_TYPE_TIMESTAMP:
        sw_timestamp_format(value.u.i, text);
        sw_buf_put_text(out, text);
        break;
    case SW_TYPE_COUNT:
        fail();
    }
}

static inline void put_version(struct sw_buf *out, const struct sw_version *version)
{
    const struct sw_schema *schema = version->schema;
    sw_buf_put_text(out, "columns:");
    for (uint32_t c = 0; c < schema->columns; c++) {
        sw_buf_printf(out, "%s %s %s", c > 0 ? " |" : "", schema->column[c].name,
                      sw_type_name(schema->column[c].type));
    }
    sw_buf_put_byte(out, '\n');
    for (uint32_t g = 0; g < version->groups; g++) {
        for (uint32_t row = 0; row < version->group[g]->rows; row++) {
            sw_buf_put_text(out, "row:");
            for (uint32_t c = 0; c < schema->columns; c++) {
                sw_buf_put_text(out, c > 0 ? " | " : " ");
                put_cell(out, version->group[g]->chunk[c], row);
            }
            sw_buf_put_byte(out, '\n');
        }
    }
}

static inline void put_report(struct sw_buf *out, const struct sw_load_report *report)
{
    for (uint32_t i = 0; i < report->bad_kept; i++) {
        const struct sw_bad_row *bad = &report->bad[i];
        sw_buf_printf(out, "bad: line %" PRIu64, bad->line);
        if (bad->column >= 0) {
            sw_buf_printf(out, " column %d", bad->column + 1);
        }
        sw_buf_printf(out, ": %s\n", bad->reason);
    }
    if (report->bad_count > report->bad_kept) {
        sw_buf_printf(out, "bad: %" PRIu64 " in all\n", report->bad_count);
    }
    if (report->replaced_bytes > 0) {
        sw_buf_printf(out, "replaced: %" PRIu64 "\n", report->replaced_bytes);
    }
}

/* Loads and writes what came of it; all memory is given back. */
static inline void dump_load(const void *data, size_t length, const struct loading *how,
                             struct sw_buf *out)
{
    struct sw_err err = {0};
    struct sw_budget budget;
    struct sw_load_report report;
    struct sw_load *load = load_bytes(data, length, how, &budget, &report, &err);
    if (load == NULL) {
        sw_buf_printf(out, "error: %s\n", err.message);
    } else if (report.state == SW_LOAD_FAILED) {
        sw_buf_printf(out, "error: %s\n", sw_load_error_peek(load)->message);
    } else {
        struct sw_version *version = sw_load_version(load);
        assert_non_null(version);
        assert_int_equal(version->rows, report.rows);
        put_version(out, version);
        put_report(out, &report);
        sw_version_unref(version);
    }
    sw_load_free(load);
    assert_int_equal(sw_budget_used(&budget), 0);
    assert_false(out->failed);
}

static inline void assert_same_text(const char *what, struct sw_span want, struct sw_span got)
{
    if (!sw_span_equal(want, got)) {
        fail_msg("%s\n--- expected\n%.*s--- got\n%.*s", what, (int)want.length, want.data,
                 (int)got.length, got.data);
    }
}

/* What a text loads as, on the plain way, is `want`. */
static inline void assert_loads_as(const char *text, const struct loading *how, const char *want)
{
    struct sw_buf out;
    sw_buf_init(&out);
    dump_load(text, strlen(text), how, &out);
    assert_same_text(text, sw_span_text(want), sw_buf_peek(&out));
    sw_buf_fini(&out);
}

static const struct loading usual_way = {.has_header = -1};

#endif
