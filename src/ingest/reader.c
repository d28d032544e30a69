/* See reader.h.
 *
 * The window holds text that is decoded and not yet consumed:
 *
 *     store | 64 | ... consumed ... | start ... text ... end | ... room ... | 64 |
 *
 * The margins let scanners and number loops read whole words at both ends.  A block is the window
 * from `start`, which is where a record begins; what is behind its last line end moves to the front
 * when room is needed.  A record longer than the block makes the window grow, and it is scanned
 * again only when it has doubled, so that the work stays linear.                                 */
#include "ingest/reader.h"

#include "base/limits.h"

#include <stdio.h>
#include <stdlib.h>

#define MARGIN      64u
#define RAW_BYTES   (128u << 10) /* read and decoded at once */
#define HEAD_BYTES  4096u        /* kept of the start, for sniffing */
#define BLOCK_BYTES (256u << 10) /* scanned at once: with its index it stays in the second cache */

struct sw_reader {
    struct sw_source *source; /* owned */
    struct sw_decode decode;
    struct sw_dialect dialect;
    sw_scan_fast *scan_fast;
    struct sw_rows rows;
    uint32_t *index; /* scan.at - 1; owned */
    char *raw;       /* [RAW_BYTES] on the way to decoding; owned */
    char *store;     /* the window; owned */
    size_t capacity; /* of text, without margins */
    size_t start, end;
    size_t need;  /* do not scan before there is so much text */
    size_t tried; /* text of the last scan that found no record */
    bool is_second;
    uint64_t line;       /* 1-based, where `start` is */
    char said_delimiter; /* by a line of the file; 0: none */
    uint32_t head_length;
    char head[HEAD_BYTES];
    bool has_begun;   /* the line ends at the start of the text are skipped */
    bool is_at_end;   /* the source has no more text */
    bool is_finished; /* the last record was given its line end */
};

static sw_status fail_memory(struct sw_err *err)
{
    return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to read this file.");
}

sw_status sw_reader_new(int fd, struct sw_reader **reader, struct sw_err *err)
{
    struct sw_reader *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return fail_memory(err);
    }
    sw_status status = sw_source_new(fd, &made->source, err);
    made->capacity = BLOCK_BYTES + sw_decode_room(RAW_BYTES);
    made->index = malloc((1 + SW_SCAN_INDEX_MAX + SW_SCAN_INDEX_SLACK) * sizeof(*made->index));
    made->raw = malloc(RAW_BYTES);
    made->store = malloc(made->capacity + 2 * MARGIN);
    if (status == SW_OK && (made->index == NULL || made->raw == NULL || made->store == NULL)) {
        status = fail_memory(err);
    }
    if (status != SW_OK) {
        sw_reader_free(made);
        return status;
    }
    memset(made->store, 0, MARGIN);
    made->index[0] = UINT32_MAX;
    made->rows.scan.at = made->index + 1;
    made->rows.dialect = &made->dialect;
    made->scan_fast = sw_scan_choose();
    made->line = 1;
    *reader = made;
    return SW_OK;
}

void sw_reader_free(struct sw_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    sw_source_free(reader->source);
    sw_rows_fini(&reader->rows);
    free(reader->index);
    free(reader->raw);
    free(reader->store);
    free(reader);
}

char sw_reader_said_delimiter(const struct sw_reader *reader)
{
    return reader->said_delimiter;
}

uint64_t sw_reader_used(const struct sw_reader *reader)
{
    return sw_source_used(reader->source);
}

const struct sw_source *sw_reader_source_peek(const struct sw_reader *reader)
{
    return reader->source;
}

const struct sw_decode *sw_reader_decode_peek(const struct sw_reader *reader)
{
    return &reader->decode;
}

static char *text_of(const struct sw_reader *reader)
{
    return reader->store + MARGIN + reader->start;
}

static size_t length_of(const struct sw_reader *reader)
{
    return reader->end - reader->start;
}

/* Room for `more` bytes of text behind `end`. */
static sw_status make_room(struct sw_reader *reader, size_t more, struct sw_err *err)
{
    if (reader->capacity - reader->end >= more) {
        return SW_OK;
    }
    memmove(reader->store + MARGIN, text_of(reader), length_of(reader));
    reader->end = length_of(reader);
    reader->start = 0;
    if (reader->capacity - reader->end >= more) {
        return SW_OK;
    }
    size_t capacity = reader->capacity * 2;
    capacity = capacity < reader->end + more ? reader->end + more : capacity;
    char *grown = realloc(reader->store, capacity + 2 * MARGIN);
    if (grown == NULL) {
        return fail_memory(err);
    }
    reader->store = grown;
    reader->capacity = capacity;
    return SW_OK;
}

/* The bytes behind the text are read by the scanner, never used. */
static void clear_margin(struct sw_reader *reader)
{
    memset(reader->store + MARGIN + reader->end, 0, MARGIN);
}

/* The line sep=; that Excel writes and reads before a header.  False: the text is too short yet to
 * tell. */
static bool skip_said_delimiter(struct sw_reader *reader)
{
    static const char sep[] = "sep=";
    const char *p = text_of(reader);
    const size_t length = length_of(reader);
    const size_t known = length < 4 ? length : 4;
    if (memcmp(p, sep, known) != 0) {
        return true;
    }
    if (length < 7 && !reader->is_at_end) {
        return false;
    }
    const bool is_crlf = length > 6 && p[5] == '\r' && p[6] == '\n';
    if (length > 5 && (p[5] == '\n' || p[5] == '\r')) {
        reader->said_delimiter = p[4];
        reader->start += is_crlf ? 7 : 6;
        reader->line++;
    }
    return true;
}

static void skip_line_ends(struct sw_reader *reader)
{
    while (length_of(reader) > 0 && (*text_of(reader) == '\n' || *text_of(reader) == '\r')) {
        const char *p = text_of(reader);
        if (*p == '\r' && length_of(reader) == 1 && !reader->is_at_end) {
            return; /* perhaps of a CRLF, which is one line end */
        }
        const bool is_cr_of_crlf = *p == '\r' && length_of(reader) > 1 && p[1] == '\n';
        reader->line += !is_cr_of_crlf;
        reader->start++;
    }
    reader->has_begun = length_of(reader) > 0 && skip_said_delimiter(reader);
}

struct sw_span sw_reader_head_peek(const struct sw_reader *reader)
{
    return sw_span_of(reader->head, reader->head_length);
}

static void keep_head(struct sw_reader *reader, const char *bytes, size_t got)
{
    size_t room = HEAD_BYTES - reader->head_length;
    size_t length = got < room ? got : room;
    memcpy(reader->head + reader->head_length, bytes, length);
    reader->head_length += (uint32_t)length;
}

/* Reads and decodes some more; *is_starved when nothing came.  What is UTF-8 already stays where it
 * was read; the rest is moved away and decoded into its place. */
static sw_status fill(struct sw_reader *reader, struct sw_extent extent, bool *is_starved,
                      struct sw_err *err)
{
    size_t got = 0;
    SW_TRY(make_room(reader, sw_decode_room(RAW_BYTES), err));
    char *into = reader->store + MARGIN + reader->end;
    SW_TRY(sw_source_read(reader->source, extent.readable, extent.is_whole, into, RAW_BYTES, &got,
                          &reader->is_at_end, err));
    *is_starved = got == 0 && !reader->is_at_end;
    keep_head(reader, into, got);
    if (sw_decode_is_plain(&reader->decode, into, got)) {
        reader->end += got;
    } else {
        memcpy(reader->raw, into, got);
        reader->end += sw_decode_run(&reader->decode, reader->raw, got, reader->is_at_end, into);
    }
    if (!reader->has_begun) {
        skip_line_ends(reader);
    }
    clear_margin(reader);
    return SW_OK;
}

/* Until there are `bytes` of text, or the text ends, or the file does not go on for now. */
static sw_status fill_to(struct sw_reader *reader, struct sw_extent extent, size_t bytes,
                         bool *is_starved, struct sw_err *err)
{
    *is_starved = false;
    while (length_of(reader) < bytes && !reader->is_at_end && !*is_starved) {
        SW_TRY(fill(reader, extent, is_starved, err));
    }
    return SW_OK;
}

sw_status sw_reader_sample(struct sw_reader *reader, struct sw_extent extent, size_t bytes,
                           struct sw_span *sample, bool *is_ready, bool *is_whole,
                           struct sw_err *err)
{
    bool is_starved;
    SW_TRY(fill_to(reader, extent, bytes, &is_starved, err));
    *is_ready = !is_starved;
    *is_whole = reader->is_at_end && length_of(reader) <= bytes;
    size_t length = length_of(reader) < bytes ? length_of(reader) : bytes;
    *sample = sw_span_of(text_of(reader), length);
    return SW_OK;
}

void sw_reader_begin(struct sw_reader *reader, const struct sw_dialect *dialect, bool is_second)
{
    reader->dialect = *dialect;
    reader->is_second = is_second;
}

/* The last record may lack its line end. */
static sw_status finish_text(struct sw_reader *reader, struct sw_err *err)
{
    reader->is_finished = true;
    if (length_of(reader) == 0 ||
        reader->store[MARGIN + reader->end - 1] == reader->dialect.newline) {
        return SW_OK;
    }
    SW_TRY(make_room(reader, 1, err));
    reader->store[MARGIN + reader->end++] = reader->dialect.newline;
    clear_margin(reader);
    return SW_OK;
}

static uint64_t line_at(const struct sw_reader *reader, uint32_t offset)
{
    uint64_t line = reader->line;
    for (uint32_t i = 0; i < offset; i++) {
        line += text_of(reader)[i] == reader->dialect.newline;
    }
    return line;
}

/* No record of the `length` bytes is complete: may it be so?  `is_end`: no more text comes. */
static sw_status check_incomplete(struct sw_reader *reader, uint32_t length, bool is_end,
                                  struct sw_err *err)
{
    struct sw_scan *scan = &reader->rows.scan;
    if (scan->scanned < length) {
        return sw_fail_limit(err, "columns", SW_SCAN_INDEX_MAX, SW_COLUMNS_MAX,
                             "one line has far more fields than a table may have columns; is the "
                             "delimiter right?");
    }
    if (!is_end && length <= SW_FIELD_BYTES_MAX) {
        return SW_OK;
    }
    sw_scan_exact(&reader->dialect, text_of(reader), length, scan);
    const unsigned long long line = line_at(reader, scan->is_open ? scan->open_at : scan->field_at);
    const uint32_t field = length - scan->field_at;
    if (field > SW_FIELD_BYTES_MAX) {
        char hint[SW_ERR_HINT_MAX];
        snprintf(hint, sizeof(hint), "the field begins in line %llu; %s", line,
                 scan->is_open ? "its closing quote is probably missing"
                               : "is this a CSV file with this delimiter?");
        return sw_fail_limit(err, "field_bytes", field, SW_FIELD_BYTES_MAX, hint);
    }
    if (is_end) {
        return sw_fail(err, SW_UPLOAD,
                       "The quote opened in line %llu is never closed. Close it, or double it "
                       "(\"\") if it belongs to the text.",
                       line);
    }
    if (length > SW_RECORD_BYTES_MAX) {
        return sw_fail_limit(err, "record_bytes", length, SW_RECORD_BYTES_MAX,
                             "one record is longer; is this a CSV file with this delimiter?");
    }
    return SW_OK;
}

/* Only a record longer than the largest field can hold one that is too long. */
static sw_status check_fields(const struct sw_reader *reader, struct sw_err *err)
{
    const struct sw_scan *scan = &reader->rows.scan;
    for (uint32_t i = 0; scan->consumed > SW_FIELD_BYTES_MAX && i < scan->count; i++) {
        const uint32_t begin = scan->at[(int64_t)i - 1] + 1;
        if (scan->at[i] - begin > SW_FIELD_BYTES_MAX) {
            char hint[SW_ERR_HINT_MAX];
            snprintf(hint, sizeof(hint), "the field begins in line %llu",
                     (unsigned long long)line_at(reader, begin));
            return sw_fail_limit(err, "field_bytes", scan->at[i] - begin, SW_FIELD_BYTES_MAX, hint);
        }
    }
    return SW_OK;
}

/* Scans the window; rows->count is 0 when nothing is complete, or only empty lines were. */
static sw_status scan_window(struct sw_reader *reader, struct sw_err *err)
{
    struct sw_rows *rows = &reader->rows;
    size_t length = length_of(reader);
    if (reader->need == 0 && length > BLOCK_BYTES) {
        length = BLOCK_BYTES;
    }
    rows->text = text_of(reader);
    rows->line = reader->line;
    sw_scan_block(reader->scan_fast, &reader->dialect, rows->text, (uint32_t)length, &rows->scan);
    rows->count = 0;
    rows->bytes = rows->scan.consumed;
    if (rows->scan.consumed == 0) {
        reader->tried = length;
        reader->need = length < BLOCK_BYTES / 4 ? length + 1 : length * 2;
        const bool is_end = reader->is_finished && length == length_of(reader);
        return check_incomplete(reader, (uint32_t)length, is_end, err);
    }
    SW_TRY(check_fields(reader, err));
    reader->need = 0;
    reader->tried = 0;
    reader->start += rows->scan.consumed;
    reader->line += rows->scan.lines;
    return sw_rows_index(rows, err);
}

sw_status sw_reader_next(struct sw_reader *reader, struct sw_extent extent, enum sw_read *read,
                         const struct sw_rows **rows, struct sw_err *err)
{
    *rows = &reader->rows;
    for (;;) {
        bool is_starved;
        size_t want = reader->need > BLOCK_BYTES ? reader->need : BLOCK_BYTES;
        SW_TRY(fill_to(reader, extent, want, &is_starved, err));
        if (reader->is_at_end && !reader->is_finished) {
            SW_TRY(finish_text(reader, err));
        }
        const bool is_eager = reader->is_second && length_of(reader) > reader->tried;
        const bool is_short = length_of(reader) < reader->need && !is_eager;
        if (length_of(reader) == 0 || (is_starved && is_short)) {
            *read = reader->is_finished && length_of(reader) == 0 ? SW_READ_END : SW_READ_STARVED;
            return SW_OK;
        }
        SW_TRY(scan_window(reader, err));
        if (reader->rows.count > 0) {
            *read = SW_READ_ROWS;
            return SW_OK;
        }
    }
}
