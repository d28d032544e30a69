/* See load.h.  The parts: reader (bytes to rows), sheet (rows to columns, groups, versions); here
 * is what drives them.
 *
 * Phases of a step:
 *
 *   sample --> rows <--> again
 *                |
 *                +--> finished
 *
 * `again` reads the file from its start for the columns that fell behind, while `rows` stands
 * still.  It begins at once while what was read again in all stays below what was read plus 64 MiB,
 * else when that holds again or the text has ended: reading again costs little more than twice the
 * reading, even when every column of a hostile file changes its mind at another row.            */
#include "ingest/load.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/obj.h"
#include "base/thread.h"
#include "ingest/declare.h"
#include "ingest/names.h"
#include "ingest/reader.h"
#include "ingest/sheet.h"
#include "ingest/sniff.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LOAD_MAGIC       0x6c6f6164u /* "load" */
#define AGAIN_FREE_BYTES (64u << 20)
#define SHOW_EVERY_US    250000 /* open rows are copied for a version no oftener */
#define SHOW_SHARE       8u     /* unless they grew by this share */

enum phase { IN_SAMPLE, IN_ROWS, IN_AGAIN };

struct sw_load {
    uint32_t magic;
    int fd; /* owned */
    char delimiter;
    int has_header;
    char name[SW_NAME_BYTES_MAX + 1];
    struct sw_budget *budget;
    struct sw_declared *declared; /* owned; NULL: none */
    _Atomic uint64_t offered;     /* bytes */
    _Atomic bool has_ended;       /* set after the last bytes were offered */
    struct sw_reader *reader;     /* worker, as all below; owned */
    struct sw_reader *again;      /* owned; NULL: not reading again */
    uint64_t text_bytes;          /* of rows taken */
    uint64_t again_bytes;         /* of rows read again, in all */
    enum phase phase;
    size_t sample_bytes;
    struct sw_dialect dialect;
    bool is_header_read; /* by the reader; by `again` */
    bool is_again_header_read;
    bool is_strict;
    bool is_text_read; /* `again` ends the load */
    bool has_sheet;
    uint64_t versions; /* made before it began anew */
    struct sw_sheet sheet;
    struct sw_parse *parse; /* owned */
    struct sw_bad bad;
    int64_t shown_us; /* when the last version was made */
    enum sw_load_state state;
    bool has_more;
    char source[128];
    struct sw_err err;
    pthread_mutex_t lock;
    struct sw_version *version; /* lock; counted */
};

/* -- life -------------------------------------------------------------------------- */

static sw_status fail_memory(struct sw_err *err)
{
    return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to read this file.");
}

/* Printable or a tab, and with no other meaning in a CSV. */
static bool is_delimiter(char byte)
{
    return byte == '\t' || (byte >= ' ' && byte <= '~' && byte != '"' && byte != '\'');
}

static sw_status open_parts(struct sw_load *load, const struct sw_load_options *options,
                            struct sw_err *err)
{
    if (options->delimiter != 0 && !is_delimiter(options->delimiter)) {
        return sw_fail(err, SW_PARAMS,
                       "delimiter: a tab or one printable ASCII character is expected, and no "
                       "quote.");
    }
    SW_TRY(sw_declared_new(options->types, &load->declared, err));
    load->fd = fcntl(options->fd, F_DUPFD_CLOEXEC, 0);
    if (load->fd < 0) {
        return sw_fail(err, SW_STORAGE, "The file cannot be opened for reading.");
    }
    load->parse = calloc(1, sizeof(*load->parse));
    if (load->parse == NULL) {
        return fail_memory(err);
    }
    sw_buf_init(&load->parse->scratch);
    load->parse->bad = &load->bad;
    return sw_reader_new(load->fd, &load->reader, err);
}

sw_status sw_load_new(const struct sw_load_options *options, struct sw_load **load,
                      struct sw_err *err)
{
    sw_assert_loop();
    struct sw_load *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return fail_memory(err);
    }
    made->magic = LOAD_MAGIC;
    made->fd = -1;
    made->budget = options->budget;
    made->delimiter = options->delimiter;
    made->has_header = options->has_header;
    made->is_strict = options->is_strict;
    made->sample_bytes = SW_SAMPLE_BYTES;
    snprintf(made->name, sizeof(made->name), "%.*s", (int)options->name.length,
             options->name.length > 0 ? options->name.data : "");
    sw_assert(pthread_mutex_init(&made->lock, NULL) == 0);
    sw_status status = open_parts(made, options, err);
    if (status != SW_OK) {
        sw_load_free(made);
        return status;
    }
    *load = made;
    return SW_OK;
}

void sw_load_free(struct sw_load *load)
{
    if (load == NULL) {
        return;
    }
    sw_assert_loop();
    sw_assert(load->magic == LOAD_MAGIC);
    sw_reader_free(load->reader);
    sw_reader_free(load->again);
    if (load->has_sheet) {
        sw_sheet_fini(&load->sheet);
    }
    if (load->parse != NULL) {
        sw_buf_fini(&load->parse->scratch);
        free(load->parse);
    }
    sw_declared_free(load->declared);
    sw_version_unref(load->version);
    pthread_mutex_destroy(&load->lock);
    if (load->fd >= 0) {
        close(load->fd);
    }
    load->magic = 0;
    free(load);
}

sw_status sw_load_again(struct sw_load *load)
{
    struct sw_reader *reader = NULL;
    sw_assert_loop();
    sw_assert(load->state == SW_LOAD_FAILED);
    SW_TRY(sw_reader_new(load->fd, &reader, NULL));
    sw_reader_free(load->reader);
    sw_reader_free(load->again);
    load->reader = reader;
    load->again = NULL;
    if (load->has_sheet) {
        load->versions = load->sheet.versions;
        sw_sheet_fini(&load->sheet);
    }
    load->has_sheet = false;
    load->text_bytes = 0;
    load->again_bytes = 0;
    load->phase = IN_SAMPLE;
    load->sample_bytes = SW_SAMPLE_BYTES;
    load->is_header_read = false;
    load->is_text_read = false;
    load->bad = (struct sw_bad){0};
    load->err = (struct sw_err){0};
    load->state = SW_LOAD_RUNNING;
    load->has_more = true;
    return SW_OK;
}

void sw_load_offer(struct sw_load *load, uint64_t length)
{
    sw_assert(length >= atomic_load_explicit(&load->offered, memory_order_relaxed));
    atomic_store_explicit(&load->offered, length, memory_order_release);
}

void sw_load_end(struct sw_load *load)
{
    atomic_store_explicit(&load->has_ended, true, memory_order_release);
}

/* The end is looked at first: when it is set, the last offer is seen too. */
static struct sw_extent extent_of(const struct sw_load *load)
{
    const bool is_whole = atomic_load_explicit(&load->has_ended, memory_order_acquire);
    return (struct sw_extent){atomic_load_explicit(&load->offered, memory_order_acquire), is_whole};
}

/* -- versions ------------------------------------------------------------------------ */

static sw_status show(struct sw_load *load, bool with_open)
{
    struct sw_version *version = NULL;
    SW_TRY(sw_sheet_version(&load->sheet, with_open, &version, &load->err));
    pthread_mutex_lock(&load->lock);
    struct sw_version *before = load->version;
    load->version = version;
    pthread_mutex_unlock(&load->lock);
    sw_version_unref(before);
    load->shown_us = sw_clock_us(&sw_clock_system);
    return SW_OK;
}

/* After a block: whatever costs no copy, and the very first rows. */
static sw_status show_groups(struct sw_load *load)
{
    const struct sw_sheet *sheet = &load->sheet;
    const bool is_first = sheet->shown_rows == 0 && sheet->rows > 0;
    const bool has_new = sheet->groups > sheet->shown_groups;
    if ((!is_first && !has_new) || sw_sheet_is_behind(sheet)) {
        return SW_OK;
    }
    return show(load, is_first);
}

/* No bytes are left for now: what there is, unless it is little and was shown just before. */
static sw_status show_waiting(struct sw_load *load)
{
    const struct sw_sheet *sheet = &load->sheet;
    if (!load->has_sheet || sw_sheet_is_behind(sheet)) {
        return SW_OK;
    }
    if (sheet->versions == 0) {
        return show(load, true);
    }
    const uint64_t fresh = sheet->rows - sheet->shown_rows;
    const bool is_much = fresh * SHOW_SHARE >= sheet->open_rows;
    const bool is_old = sw_clock_us(&sw_clock_system) - load->shown_us >= SHOW_EVERY_US;
    return fresh > 0 && (is_much || is_old) ? show(load, true) : SW_OK;
}

/* -- the beginning --------------------------------------------------------------------- */

static const char *delimiter_name(const struct sw_dialect *dialect)
{
    switch (dialect->delimiter) {
    case ',':
        return "comma";
    case ';':
        return "semicolon";
    case '\t':
        return "tab";
    case '|':
        return "bar";
    case SW_DELIMITER_NONE:
        return "one column";
    default:
        return "delimited";
    }
}

static void describe(struct sw_load *load)
{
    static const char *const packings[] = {"", "", ", gzip", ", zstd"};
    static const char *const encodings[] = {"UTF-8", "UTF-8", "UTF-16LE", "UTF-16BE"};
    const enum sw_packing packing = sw_source_packing(sw_reader_source_peek(load->reader));
    const enum sw_encoding_text encoding = sw_reader_decode_peek(load->reader)->encoding;
    snprintf(load->source, sizeof(load->source), "CSV, %s, %s%s%s%s",
             delimiter_name(&load->dialect), encodings[encoding],
             load->dialect.quote == '\'' ? ", single quotes" : "",
             load->dialect.newline == '\r' ? ", CR" : "", packings[packing]);
}

/* Columns with their names and declared types. `header` NULL: none. */
static sw_status open_sheet(struct sw_load *load, const struct sw_rows *header)
{
    char **names = NULL;
    SW_TRY(sw_names_new(header, load->dialect.columns, &names, &load->err));
    load->has_sheet = true;
    SW_TRY(
        sw_sheet_init_take(&load->sheet, load->budget, names, load->dialect.columns, &load->err));
    load->sheet.versions = load->versions;
    SW_TRY(sw_declared_check(load->declared, names, load->dialect.columns, &load->err));
    for (uint32_t i = 0; i < load->dialect.columns; i++) {
        enum sw_type type;
        sw_formats allowed = SW_FORMATS_ALL;
        const bool is_declared = sw_declared_find(load->declared, names[i], &type, &allowed);
        sw_column_init(&load->sheet.column[i], is_declared ? &type : NULL, allowed, load->is_strict,
                       load->budget);
    }
    return SW_OK;
}

static sw_status read_sample(struct sw_load *load, struct sw_extent extent, bool *waits)
{
    struct sw_span sample;
    bool is_ready;
    bool is_whole;
    SW_TRY(sw_reader_sample(load->reader, extent, load->sample_bytes, &sample, &is_ready, &is_whole,
                            &load->err));
    *waits = !is_ready;
    if (!is_ready) {
        return SW_OK;
    }
    SW_TRY(sw_sniff_check(sw_reader_head_peek(load->reader), &load->err));
    if (sample.length == 0) {
        return sw_fail(&load->err, SW_UPLOAD,
                       "The file is empty. Upload a CSV file with a header line and rows.");
    }
    const bool is_all_there_may_be = is_whole || load->sample_bytes >= SW_SAMPLE_BYTES_MAX;
    bool is_short;
    if (load->delimiter == 0 && is_delimiter(sw_reader_said_delimiter(load->reader))) {
        load->delimiter = sw_reader_said_delimiter(load->reader);
    }
    SW_TRY(sw_dialect_guess(sample, is_all_there_may_be, load->delimiter, load->has_header,
                            &load->dialect, &is_short, &load->err));
    if (is_short) {
        load->sample_bytes *= 4;
        return SW_OK;
    }
    sw_reader_begin(load->reader, &load->dialect, false);
    describe(load);
    load->is_header_read = !load->dialect.has_header;
    if (load->is_header_read) {
        SW_TRY(open_sheet(load, NULL));
    }
    load->phase = IN_ROWS;
    return SW_OK;
}

/* -- rows -------------------------------------------------------------------------------- */

/* May columns that are behind be read again now, by what that has cost so far? */
static bool is_again_cheap(const struct sw_load *load)
{
    return load->again_bytes <= load->text_bytes + AGAIN_FREE_BYTES;
}

static bool is_again_due(const struct sw_load *load)
{
    return load->has_sheet && sw_sheet_is_behind(&load->sheet) && is_again_cheap(load);
}

static sw_status begin_again(struct sw_load *load)
{
    SW_TRY(sw_reader_new(load->fd, &load->again, &load->err));
    sw_reader_begin(load->again, &load->dialect, true);
    load->is_again_header_read = !load->dialect.has_header;
    load->phase = IN_AGAIN;
    return sw_sheet_again_begin(&load->sheet, &load->err);
}

static sw_status finish(struct sw_load *load)
{
    for (uint32_t i = 0; i < load->sheet.columns; i++) {
        bool is_ambiguous;
        SW_TRY(sw_column_finish(&load->sheet.column[i], &is_ambiguous, &load->err));
        if (is_ambiguous) {
            sw_bad_note(&load->bad, 1, (int32_t)i,
                        "day and month can be either way round: the column is text; declare it "
                        "with :dmy or :mdy");
        }
    }
    SW_TRY(sw_sheet_close(&load->sheet, &load->err));
    SW_TRY(show(load, false));
    load->state = SW_LOAD_DONE;
    return SW_OK;
}

static sw_status end_rows(struct sw_load *load)
{
    load->is_text_read = true;
    if (!load->has_sheet) {
        return sw_fail(&load->err, SW_UPLOAD, "The file holds no rows and no header.");
    }
    if (!sw_sheet_is_behind(&load->sheet)) {
        sw_sheet_narrow(&load->sheet, true);
    }
    return sw_sheet_is_behind(&load->sheet) ? begin_again(load) : finish(load);
}

static sw_status take_rows(struct sw_load *load, const struct sw_rows *rows)
{
    uint32_t from = 0;
    if (!load->is_header_read) {
        SW_TRY(open_sheet(load, rows));
        load->is_header_read = true;
        from = 1;
    }
    return sw_sheet_take_rows(&load->sheet, rows, from, load->parse, &load->err);
}

static sw_status read_rows(struct sw_load *load, struct sw_extent extent, size_t *bytes,
                           bool *waits)
{
    enum sw_read read;
    const struct sw_rows *rows;
    SW_TRY(sw_reader_next(load->reader, extent, &read, &rows, &load->err));
    switch (read) {
    case SW_READ_STARVED:
        *waits = true;
        return SW_OK;
    case SW_READ_END:
        return end_rows(load);
    case SW_READ_ROWS:
        *bytes = rows->bytes;
        load->text_bytes += rows->bytes;
        SW_TRY(take_rows(load, rows));
        if (is_again_cheap(load)) {
            sw_sheet_narrow(&load->sheet, false);
        }
        break;
    }
    return is_again_due(load) ? begin_again(load) : show_groups(load);
}

static sw_status read_again(struct sw_load *load, struct sw_extent extent, size_t *bytes)
{
    enum sw_read read;
    const struct sw_rows *rows;
    SW_TRY(sw_reader_next(load->again, extent, &read, &rows, &load->err));
    if (read != SW_READ_ROWS) { /* all these rows came before */
        return sw_fail(&load->err, SW_UPLOAD, "The file changed while it was read. Load it again.");
    }
    *bytes = rows->bytes;
    load->again_bytes += rows->bytes;
    const uint32_t from = load->is_again_header_read ? 0 : 1;
    load->is_again_header_read = true;
    bool is_done;
    SW_TRY(sw_sheet_again_take(&load->sheet, rows, from, load->parse, &is_done, &load->err));
    if (!is_done) {
        return SW_OK;
    }
    sw_reader_free(load->again);
    load->again = NULL;
    load->phase = IN_ROWS;
    return load->is_text_read ? end_rows(load) : show(load, true);
}

/* -- steps ------------------------------------------------------------------------------- */

static sw_status turn(struct sw_load *load, struct sw_extent extent, size_t *bytes, bool *waits)
{
    switch (load->phase) {
    case IN_SAMPLE:
        return read_sample(load, extent, waits);
    case IN_ROWS:
        return read_rows(load, extent, bytes, waits);
    case IN_AGAIN:
        return read_again(load, extent, bytes);
    }
    return SW_INTERNAL;
}

static sw_status step(struct sw_load *load, size_t bytes_max, const _Atomic bool *cancel)
{
    const struct sw_extent extent = extent_of(load);
    size_t done = 0;
    bool waits = false;
    while (load->state == SW_LOAD_RUNNING && done < bytes_max && !waits) {
        if (cancel != NULL && atomic_load_explicit(cancel, memory_order_relaxed)) {
            break;
        }
        size_t bytes = 0;
        SW_TRY(turn(load, extent, &bytes, &waits));
        done += bytes;
    }
    if (waits) {
        SW_TRY(show_waiting(load));
    }
    const struct sw_extent now = extent_of(load);
    const bool has_grown = now.readable != extent.readable || now.is_whole != extent.is_whole;
    load->has_more = load->state == SW_LOAD_RUNNING && (!waits || has_grown);
    return SW_OK;
}

/* Which budget is short: of the load's and those above it the one with the least room. */
static void name_budget(const struct sw_load *load, struct sw_err *err)
{
    const struct sw_budget *shortest = load->budget;
    for (const struct sw_budget *at = load->budget; at != NULL; at = at->parent) {
        if (at->limit - sw_budget_used(at) < shortest->limit - sw_budget_used(shortest)) {
            shortest = at;
        }
    }
    (void)sw_fail_limit(err, shortest->name, sw_budget_used(shortest), shortest->limit,
                        "drop tables that are no longer needed, or load fewer columns");
}

/* The message begins with the file's name. */
static void name_error(struct sw_load *load, sw_status status)
{
    struct sw_err *err = &load->err;
    if (status == SW_LIMIT && err->limit[0] == '\0' && load->budget != NULL) {
        name_budget(load, err);
    } else if (err->status == SW_OK) {
        (void)sw_fail(err, status, "The file could not be read (%s).", sw_status_name(status));
    }
    char message[SW_ERR_MESSAGE_MAX];
    if (load->name[0] != '\0') {
        snprintf(message, sizeof(message), "%.250s: %.255s", load->name, err->message);
        memcpy(err->message, message, sizeof(message));
    }
}

sw_status sw_load_step_work(struct sw_load *load, size_t bytes_max, const _Atomic bool *cancel)
{
    sw_assert_worker();
    sw_assert(load->magic == LOAD_MAGIC);
    if (load->state != SW_LOAD_RUNNING) {
        return SW_OK;
    }
    const sw_status status = step(load, bytes_max, cancel);
    if (status != SW_OK) {
        load->state = SW_LOAD_FAILED;
        load->has_more = false;
        name_error(load, status);
    }
    return SW_OK;
}

void sw_load_report_peek(const struct sw_load *load, struct sw_load_report *report)
{
    *report = (struct sw_load_report){
        .state = load->state,
        .bytes_read = sw_reader_used(load->reader),
        .rows = load->has_sheet ? load->sheet.rows : 0,
        .bad_count = load->bad.count,
        .replaced_bytes = sw_reader_decode_peek(load->reader)->replaced,
        .bad_kept = load->bad.kept,
        .bad = load->bad.row,
        .has_more = load->has_more,
    };
    memcpy(report->source, load->source, sizeof(report->source));
}

const struct sw_err *sw_load_error_peek(const struct sw_load *load)
{
    return &load->err;
}

struct sw_version *sw_load_version(const struct sw_load *load)
{
    struct sw_load *shared =
        (struct sw_load *)(uintptr_t)load; /* its lock is no part of its value */
    pthread_mutex_lock(&shared->lock);
    struct sw_version *version = shared->version != NULL ? sw_version_ref(shared->version) : NULL;
    pthread_mutex_unlock(&shared->lock);
    return version;
}
