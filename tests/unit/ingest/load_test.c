#include "loading.h"

#include "base/limits.h"
#include "ingest/scan.h"

#include <zlib.h>
#include <zstd.h>

/* -- many rows, types that change late ------------------------------------------------ */

#define MANY 70000 /* more than a row group */

/* MANY rows `cell,i` under the header `a,n`, then one row with `last`. */
static void put_many(struct sw_buf *csv, const char *cell, const char *last)
{
    sw_buf_put_text(csv, "a,n\n");
    for (int i = 0; i < MANY; i++) {
        sw_buf_printf(csv, "%s,%d\n", cell, i);
    }
    sw_buf_printf(csv, "%s,%d\n", last, MANY);
}

static struct sw_value value_at(const struct sw_version *version, uint32_t column, uint64_t row)
{
    uint32_t group;
    uint32_t at;
    sw_version_locate(version, row, &group, &at);
    return test_cell(version->group[group]->chunk[column], at);
}

static struct sw_version *load_whole(struct sw_buf *csv, struct sw_budget *budget,
                                     struct sw_load **load, const struct loading *how)
{
    struct sw_load_report report;
    struct sw_err err = {0};
    assert_false(csv->failed);
    *load = load_bytes(csv->data, csv->length, how, budget, &report, &err);
    assert_non_null(*load);
    if (report.state != SW_LOAD_DONE) {
        fail_msg("%s", sw_load_error_peek(*load)->message);
    }
    return sw_load_version(*load);
}

static void check_late(const char *cell, const char *last, enum sw_type type)
{
    struct sw_buf csv;
    struct sw_budget budget;
    struct sw_load *load;
    const size_t pieces[] = {300000, 400000, 500000};
    const struct loading how = {
        .has_header = -1, .pieces = pieces, .piece_count = 3, .is_strict = true};
    sw_buf_init(&csv);
    put_many(&csv, cell, last);

    struct sw_version *version = load_whole(&csv, &budget, &load, &how);

    assert_int_equal(version->rows, MANY + 1);
    assert_int_equal(version->schema->column[0].type, type);
    assert_int_equal(version->schema->column[1].type, SW_TYPE_INT);
    for (uint64_t row = 0; row <= MANY; row += 997) {
        const struct sw_value number = value_at(version, 1, row);
        assert_int_equal(number.u.i, row);
        const struct sw_value value = value_at(version, 0, row);
        assert_true(value.is_null == (strcmp(cell, "NA") == 0));
        if (type == SW_TYPE_STRING) {
            assert_true(sw_span_equal(value.u.s, sw_span_text(cell)));
        }
    }
    const struct sw_value end = value_at(version, 0, MANY);
    if (type == SW_TYPE_STRING) {
        assert_true(sw_span_equal(end.u.s, sw_span_text(last)));
    } else if (type == SW_TYPE_FLOAT) {
        assert_true(end.u.f == strtod(last, NULL));
        assert_true(value_at(version, 0, 0).u.f == strtod(cell, NULL));
    }
    sw_version_unref(version);
    sw_load_free(load);
    sw_buf_fini(&csv);
    assert_int_equal(sw_budget_used(&budget), 0);
}

static void a_type_that_changes_in_the_last_row_changes_all_rows_without_loss(void **state)
{
    (void)state;
    check_late("12", "2.5", SW_TYPE_FLOAT);
    check_late("12", "007", SW_TYPE_STRING);
    check_late("+12", "x", SW_TYPE_STRING);
    check_late("9007199254740993", "1.5", SW_TYPE_STRING);
    check_late("1.50", "x", SW_TYPE_STRING);
    check_late("TRUE", "maybe", SW_TYPE_STRING);
    check_late("2024-01-31", "soon", SW_TYPE_STRING);
    check_late("2024-01-31", "2024-02-01T10:00:00Z", SW_TYPE_TIMESTAMP);
    check_late("2024-01-31 10:00", "x", SW_TYPE_STRING);
    check_late("01/02/2020", "13/02/2020", SW_TYPE_DATE);
    check_late("13/02/2020", "02/13/2020", SW_TYPE_STRING);
    check_late("NA", "5", SW_TYPE_INT);
}

static void nulls_before_the_first_value_stay_null_and_keep_their_spelling(void **state)
{
    (void)state;
    struct sw_buf csv;
    struct sw_budget budget;
    struct sw_load *load;
    sw_buf_init(&csv);
    put_many(&csv, "N/A", "x");

    struct sw_version *version = load_whole(&csv, &budget, &load, &usual_way);

    assert_int_equal(version->schema->column[0].type, SW_TYPE_STRING);
    for (uint32_t g = 0; g < version->groups; g++) {
        const struct sw_chunk *chunk = version->group[g]->chunk[0];
        assert_true(test_is_null(chunk, 0));
        assert_int_equal(test_look(chunk)->null_spelling[0], SW_NULL_N_A);
    }
    sw_version_unref(version);
    sw_load_free(load);
    sw_buf_fini(&csv);
}

static void many_columns_that_change_at_different_rows_are_each_read_again(void **state)
{
    (void)state;
    enum { COLUMNS = 12, ROWS = 40000 };
    struct sw_buf csv;
    struct sw_budget budget;
    struct sw_load *load;
    sw_buf_init(&csv);
    for (int c = 0; c < COLUMNS; c++) {
        sw_buf_printf(&csv, "c%d%s", c, c + 1 < COLUMNS ? "," : "\n");
    }
    for (int row = 0; row < ROWS; row++) {
        for (int c = 0; c < COLUMNS; c++) {
            const bool is_odd = row == (c + 1) * 3000;
            sw_buf_printf(&csv, is_odd ? "0%d%s" : "+%d%s", row, c + 1 < COLUMNS ? "," : "\n");
        }
    }

    struct sw_version *version = load_whole(&csv, &budget, &load, &usual_way);

    assert_int_equal(version->rows, ROWS);
    for (uint32_t c = 0; c < COLUMNS; c++) {
        assert_int_equal(version->schema->column[c].type, SW_TYPE_STRING);
        for (uint64_t row = 1; row < ROWS; row += 499) {
            char want[16];
            snprintf(want, sizeof(want), "+%d", (int)row);
            assert_true(sw_span_equal(value_at(version, c, row).u.s, sw_span_text(want)));
        }
    }
    sw_version_unref(version);
    sw_load_free(load);
    sw_buf_fini(&csv);
    assert_int_equal(sw_budget_used(&budget), 0);
}

static void the_old_version_stays_whole_while_a_column_is_read_again(void **state)
{
    (void)state;
    struct sw_buf csv;
    struct sw_budget budget;
    struct sw_load *load = NULL;
    struct sw_load_report report;
    struct sw_err err = {0};
    sw_buf_init(&csv);
    put_many(&csv, "+1", "x");
    const int fd = file_of(csv.data, csv.length);
    sw_budget_init(&budget, "memory", INT64_MAX, NULL);
    const struct sw_load_options options = {
        .fd = fd, .budget = &budget, .has_header = -1, .is_strict = true};
    assert_int_equal(sw_load_new(&options, &load, &err), SW_OK);
    close(fd);
    sw_load_offer(load, csv.length - 100);
    run_steps(load, 0, &report);
    struct sw_version *old = sw_load_version(load);

    sw_load_offer(load, csv.length);
    sw_load_end(load);
    int steps = 0;
    do {
        assert_int_equal(sw_load_step_work(load, 1, NULL), SW_OK);
        sw_load_report_peek(load, &report);
        struct sw_version *version = sw_load_version(load);
        const bool is_string = version->schema->column[0].type == SW_TYPE_STRING;
        assert_true(is_string == (version->rows == MANY + 1));
        sw_version_unref(version);
        steps++;
    } while (report.has_more);

    assert_true(steps > 3);
    assert_int_equal(report.state, SW_LOAD_DONE);
    assert_int_equal(old->schema->column[0].type, SW_TYPE_INT);
    assert_int_equal(value_at(old, 0, 5).u.i, 1);
    sw_version_unref(old);
    sw_load_free(load);
    sw_buf_fini(&csv);
    assert_int_equal(sw_budget_used(&budget), 0);
}

static void a_file_that_changes_while_it_is_read_again_is_an_error(void **state)
{
    (void)state;
    struct sw_buf csv;
    struct sw_load *load = NULL;
    struct sw_load_report report;
    struct sw_err err = {0};
    sw_buf_init(&csv);
    put_many(&csv, "+1", "x");
    const int fd = file_of(csv.data, csv.length);
    const struct sw_load_options options = {.fd = fd, .has_header = -1, .is_strict = true};
    assert_int_equal(sw_load_new(&options, &load, &err), SW_OK);
    sw_load_offer(load, csv.length - 100);
    run_steps(load, 0, &report);

    memset(csv.data, '"', csv.length / 2);
    assert_int_equal(pwrite(fd, csv.data, csv.length / 2, 0), csv.length / 2);
    sw_load_offer(load, csv.length);
    sw_load_end(load);
    run_steps(load, 0, &report);

    assert_int_equal(report.state, SW_LOAD_FAILED);
    assert_int_equal(sw_load_error_peek(load)->status, SW_UPLOAD);
    sw_load_free(load);
    close(fd);
    sw_buf_fini(&csv);
}

static void strings_that_are_hardly_ever_the_same_make_no_dictionary(void **state)
{
    (void)state;
    enum { ROWS = 70000 };
    struct sw_buf csv;
    struct sw_load *load = NULL;
    struct sw_budget budget;
    sw_buf_init(&csv);
    sw_budget_init(&budget, "memory", 1 << 30, NULL);
    sw_buf_put_text(&csv, "note,place,id\n");
    for (unsigned row = 0; row < ROWS; row++) {
        sw_buf_printf(&csv, "note %u,place %u,%u\n", row, row % 10000, row);
    }
    const struct loading how = {.has_header = 1};
    struct sw_version *version = load_whole(&csv, &budget, &load, &how);

    assert_int_equal(version->groups, 2);
    for (uint32_t group = 0; group < version->groups; group++) {
        assert_int_equal(version->group[group]->chunk[0]->encoding, SW_ENC_TEXT);
        assert_int_equal(version->group[group]->chunk[1]->encoding, SW_ENC_DICT);
    }
    assert_true(sw_span_equal(value_at(version, 0, 69999).u.s, sw_span_text("note 69999")));
    assert_true(sw_span_equal(value_at(version, 1, 69999).u.s, sw_span_text("place 9999")));
    sw_version_unref(version);
    sw_load_free(load);
    sw_buf_fini(&csv);
}

static void rows_are_there_before_the_file_is(void **state)
{
    (void)state;
    struct sw_buf csv;
    struct sw_budget budget;
    struct sw_load *load = NULL;
    struct sw_load_report report;
    struct sw_err err = {0};
    sw_buf_init(&csv);
    put_many(&csv, "1.5", "2");
    const int fd = file_of(csv.data, csv.length);
    sw_budget_init(&budget, "memory", INT64_MAX, NULL);
    const struct sw_load_options options = {.fd = fd, .budget = &budget, .has_header = -1};
    assert_int_equal(sw_load_new(&options, &load, &err), SW_OK);
    close(fd);

    assert_null(sw_load_version(load));
    sw_load_offer(load, 100000);
    run_steps(load, 0, &report);
    struct sw_version *version = sw_load_version(load);

    assert_int_equal(report.state, SW_LOAD_RUNNING);
    assert_non_null(version);
    assert_int_equal(version->rows, report.rows);
    assert_true(version->rows > 5000);
    assert_int_equal(version->group[0]->first_row_id, 0);
    sw_version_unref(version);
    sw_load_free(load);
    sw_buf_fini(&csv);
    assert_int_equal(sw_budget_used(&budget), 0);
}

/* -- packed files --------------------------------------------------------------------- */

static size_t gzip(const void *data, size_t length, char *into, size_t capacity)
{
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)data;
    stream.avail_in = (uInt)length;
    stream.next_out = (Bytef *)into;
    stream.avail_out = (uInt)capacity;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    const size_t written = stream.total_out;
    deflateEnd(&stream);
    return written;
}

static void assert_bytes_load_as(const void *data, size_t length, const char *want)
{
    struct sw_buf out;
    struct loading how = usual_way;
    size_t pieces[512];
    assert_true(length < 512);
    for (size_t i = 0; i < length; i++) {
        pieces[i] = i;
    }
    for (int round = 0; round < 2; round++) {
        sw_buf_init(&out);
        dump_load(data, length, &how, &out);
        assert_same_text(round == 0 ? "at once" : "byte by byte", sw_span_text(want),
                         sw_buf_peek(&out));
        sw_buf_fini(&out);
        how.pieces = pieces;
        how.piece_count = length;
    }
}

static void gzip_members_and_zstd_frames_are_unpacked_one_after_the_other(void **state)
{
    (void)state;
    static const char first[] = "a,b\n1,x\n";
    static const char second[] = "2,y\n";
    static const char want[] = "columns: a int | b string\nrow: 1 | \"x\"\nrow: 2 | \"y\"\n";
    char packed[400] = {0};

    size_t length = gzip(first, strlen(first), packed, 200);
    length += gzip(second, strlen(second), packed + length, 200);
    assert_bytes_load_as(packed, length, want);
    assert_bytes_load_as(packed, length + 20, want); /* padded with zeros */

    length = ZSTD_compress(packed, 200, first, strlen(first), 3);
    length += ZSTD_compress(packed + length, 200, second, strlen(second), 3);
    assert_bytes_load_as(packed, length, want);
}

static void a_packed_file_that_is_cut_or_damaged_says_so(void **state)
{
    (void)state;
    static const char text[] = "a,b\n1,x\n2,y\n3,z\n";
    char packed[400];

    size_t length = gzip(text, strlen(text), packed, sizeof(packed));
    assert_bytes_load_as(packed, length - 9,
                         "error: The gzip data ends too early: the file was cut. Compress and "
                         "send it again.\n");
    packed[length - 6] ^= 1;
    assert_bytes_load_as(packed, length,
                         "error: The gzip data is damaged (incorrect data check). Compress the "
                         "file again, or send it plain.\n");
    length = ZSTD_compress(packed, sizeof(packed), text, strlen(text), 3);
    assert_bytes_load_as(packed, length - 3,
                         "error: The zstd data ends too early: the file was cut. Compress and "
                         "send it again.\n");
}

static void assert_limit(const void *data, size_t length, const char *limit)
{
    struct sw_err err = {0};
    struct sw_budget budget;
    struct sw_load_report report;
    struct sw_load *load = load_bytes(data, length, &usual_way, &budget, &report, &err);
    assert_non_null(load);
    assert_int_equal(report.state, SW_LOAD_FAILED);
    assert_int_equal(sw_load_error_peek(load)->status, SW_LIMIT);
    assert_string_equal(sw_load_error_peek(load)->limit, limit);
    sw_load_free(load);
    assert_int_equal(sw_budget_used(&budget), 0);
}

static void a_bomb_is_stopped_by_its_growth(void **state)
{
    (void)state;
    const size_t length = 64u << 20;
    char *text = malloc(length);
    char *packed = malloc(1u << 20);
    assert_non_null(text);
    assert_non_null(packed);
    memset(text, '1', length);
    for (size_t i = 63; i < length; i += 64) {
        text[i] = '\n';
    }
    assert_limit(packed, gzip(text, length, packed, 1u << 20), "inflate_ratio");
    assert_limit(packed, ZSTD_compress(packed, 1u << 20, text, length, 3), "inflate_ratio");
    free(text);
    free(packed);
}

/* -- limits ----------------------------------------------------------------------------- */

static void a_field_longer_than_its_limit_is_refused_with_its_line(void **state)
{
    (void)state;
    const size_t length = SW_FIELD_BYTES_MAX + 4096;
    char *text = malloc(length);
    struct sw_buf out;
    assert_non_null(text);
    memset(text, 'x', length);
    assert_limit(text, length, "field_bytes");
    memcpy(text, "a,b\n1,2\n3,\"", 11);
    for (size_t i = 60; i < length; i += 50) {
        text[i] = '\n';
    }
    sw_buf_init(&out);
    dump_load(text, length, &usual_way, &out);
    sw_buf_put_byte(&out, '\0');
    assert_non_null(strstr(out.data, "begins in line 3; its closing quote is probably missing"));
    sw_buf_fini(&out);
    free(text);
}

static void a_field_of_exactly_the_limit_is_a_field(void **state)
{
    (void)state;
    struct sw_buf csv;
    struct sw_budget budget;
    struct sw_load *load;
    sw_buf_init(&csv);
    sw_buf_put_text(&csv, "a,b\n1,");
    char *into = sw_buf_reserve(&csv, SW_FIELD_BYTES_MAX);
    assert_non_null(into);
    memset(into, 'x', SW_FIELD_BYTES_MAX);
    csv.length += SW_FIELD_BYTES_MAX;
    sw_buf_put_text(&csv, "\n2,y\n");

    struct sw_version *version = load_whole(&csv, &budget, &load, &usual_way);

    assert_int_equal(version->rows, 2);
    assert_int_equal(value_at(version, 1, 0).u.s.length, SW_FIELD_BYTES_MAX);
    sw_version_unref(version);
    sw_load_free(load);
    sw_buf_fini(&csv);
}

static void more_columns_than_the_limit_are_refused(void **state)
{
    (void)state;
    struct sw_buf csv;
    sw_buf_init(&csv);
    for (uint32_t c = 0; c <= SW_COLUMNS_MAX; c++) {
        sw_buf_printf(&csv, "c%u%s", c, c < SW_COLUMNS_MAX ? "," : "\n");
    }
    assert_limit(csv.data, csv.length, "columns");
    sw_buf_clear(&csv);
    sw_buf_put_text(&csv, "a,b\n1,2\n");
    for (uint32_t i = 0; i < 2 * SW_SCAN_INDEX_MAX; i++) {
        sw_buf_put_byte(&csv, ',');
    }
    assert_limit(csv.data, csv.length, "columns");
    sw_buf_fini(&csv);
}

static void a_header_longer_than_the_first_sample_is_read(void **state)
{
    (void)state;
    enum { COLUMNS = 900 };
    struct sw_buf csv;
    struct sw_budget budget;
    struct sw_load *load;
    sw_buf_init(&csv);
    for (int c = 0; c < COLUMNS; c++) {
        sw_buf_printf(&csv, "\"%0100d, of\n%d\"%s", c, COLUMNS, c + 1 < COLUMNS ? ";" : "\n");
    }
    for (int row = 0; row < 3; row++) {
        for (int c = 0; c < COLUMNS; c++) {
            sw_buf_printf(&csv, "%d%s", row * c, c + 1 < COLUMNS ? ";" : "\n");
        }
    }
    assert_true(csv.length > SW_SAMPLE_BYTES);

    struct sw_version *version = load_whole(&csv, &budget, &load, &usual_way);

    assert_int_equal(version->schema->columns, COLUMNS);
    assert_int_equal(version->rows, 3);
    assert_int_equal(value_at(version, COLUMNS - 1, 2).u.i, 2 * (COLUMNS - 1));
    sw_version_unref(version);
    sw_load_free(load);
    sw_buf_fini(&csv);
}

static void memory_that_runs_out_is_an_error_that_names_the_limit(void **state)
{
    (void)state;
    struct sw_buf csv;
    struct sw_err err = {0};
    struct sw_budget budget;
    struct sw_load_report report;
    sw_buf_init(&csv);
    put_many(&csv, "some text", "x");
    for (int64_t memory = 1000; memory < 2000000; memory = memory * 3 / 2) {
        const struct loading how = {.has_header = -1, .memory = memory};
        struct sw_load *load = load_bytes(csv.data, csv.length, &how, &budget, &report, &err);
        assert_non_null(load);
        if (report.state == SW_LOAD_FAILED) {
            assert_int_equal(sw_load_error_peek(load)->status, SW_LIMIT);
            assert_string_equal(sw_load_error_peek(load)->limit, "memory");
        }
        sw_load_free(load);
        assert_int_equal(sw_budget_used(&budget), 0);
    }
    sw_buf_fini(&csv);
}

static void a_load_that_found_no_memory_begins_anew_when_there_is_some(void **state)
{
    (void)state;
    struct sw_buf csv;
    struct sw_err err = {0};
    struct sw_budget budget;
    struct sw_load_report report;
    sw_buf_init(&csv);
    put_many(&csv, "1", "2.5");
    for (int64_t memory = 1500000; memory < 4000000; memory = memory * 5 / 4) {
        const struct loading how = {.has_header = -1, .memory = memory};
        struct sw_load *load = load_bytes(csv.data, csv.length, &how, &budget, &report, &err);
        assert_non_null(load);
        struct sw_version *before = sw_load_version(load);
        if (report.state == SW_LOAD_FAILED) {
            budget.limit = INT64_MAX;

            assert_int_equal(sw_load_again(load), SW_OK);
            run_steps(load, 0, &report);
        }

        struct sw_version *after = sw_load_version(load);
        assert_int_equal(report.state, SW_LOAD_DONE);
        assert_int_equal(after->rows, MANY + 1);
        assert_true(before == NULL || after == before || after->number > before->number);
        assert_int_equal(after->schema->column[0].type, SW_TYPE_FLOAT);
        sw_version_unref(before);
        sw_version_unref(after);
        sw_load_free(load);
        assert_int_equal(sw_budget_used(&budget), 0);
    }
    sw_buf_fini(&csv);
}

static void only_the_first_bad_rows_are_listed_and_all_are_counted(void **state)
{
    (void)state;
    struct sw_buf csv;
    struct sw_err err = {0};
    struct sw_budget budget;
    struct sw_load_report report;
    sw_buf_init(&csv);
    sw_buf_put_text(&csv, "a,b,c\n");
    for (int i = 0; i < 5000; i++) {
        sw_buf_put_text(&csv, i % 10 == 0 ? "1,2\n" : "1,2,3\n");
    }
    struct sw_load *load = load_bytes(csv.data, csv.length, &usual_way, &budget, &report, &err);

    assert_int_equal(report.bad_count, 500);
    assert_int_equal(report.bad_kept, SW_BAD_ROWS_KEPT);
    for (uint32_t i = 0; i < report.bad_kept; i++) {
        assert_int_equal(report.bad[i].line, 2 + i * 10);
    }
    assert_string_equal(report.source, "CSV, comma, UTF-8");
    sw_load_free(load);
    sw_buf_fini(&csv);
}

static void a_cancelled_step_stops_between_blocks_and_the_next_goes_on(void **state)
{
    (void)state;
    struct sw_buf csv;
    struct sw_load *load = NULL;
    struct sw_load_report report;
    struct sw_err err = {0};
    _Atomic bool cancel = true;
    sw_buf_init(&csv);
    put_many(&csv, "1", "2");
    const int fd = file_of(csv.data, csv.length);
    const struct sw_load_options options = {.fd = fd, .has_header = -1};
    assert_int_equal(sw_load_new(&options, &load, &err), SW_OK);
    close(fd);
    sw_load_offer(load, csv.length);
    sw_load_end(load);

    assert_int_equal(sw_load_step_work(load, SIZE_MAX, &cancel), SW_OK);
    sw_load_report_peek(load, &report);

    assert_int_equal(report.rows, 0);
    assert_true(report.has_more);
    run_steps(load, 0, &report);
    assert_int_equal(report.state, SW_LOAD_DONE);
    assert_int_equal(report.rows, MANY + 1);
    sw_load_free(load);
    sw_buf_fini(&csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_type_that_changes_in_the_last_row_changes_all_rows_without_loss),
        cmocka_unit_test(nulls_before_the_first_value_stay_null_and_keep_their_spelling),
        cmocka_unit_test(many_columns_that_change_at_different_rows_are_each_read_again),
        cmocka_unit_test(the_old_version_stays_whole_while_a_column_is_read_again),
        cmocka_unit_test(a_file_that_changes_while_it_is_read_again_is_an_error),
        cmocka_unit_test(strings_that_are_hardly_ever_the_same_make_no_dictionary),
        cmocka_unit_test(rows_are_there_before_the_file_is),
        cmocka_unit_test(gzip_members_and_zstd_frames_are_unpacked_one_after_the_other),
        cmocka_unit_test(a_packed_file_that_is_cut_or_damaged_says_so),
        cmocka_unit_test(a_bomb_is_stopped_by_its_growth),
        cmocka_unit_test(a_field_longer_than_its_limit_is_refused_with_its_line),
        cmocka_unit_test(a_field_of_exactly_the_limit_is_a_field),
        cmocka_unit_test(more_columns_than_the_limit_are_refused),
        cmocka_unit_test(a_header_longer_than_the_first_sample_is_read),
        cmocka_unit_test(memory_that_runs_out_is_an_error_that_names_the_limit),
        cmocka_unit_test(a_load_that_found_no_memory_begins_anew_when_there_is_some),
        cmocka_unit_test(only_the_first_bad_rows_are_listed_and_all_are_counted),
        cmocka_unit_test(a_cancelled_step_stops_between_blocks_and_the_next_goes_on),
    };
    return cmocka_run_group_tests_name("ingest/load", tests, NULL, NULL);
}
