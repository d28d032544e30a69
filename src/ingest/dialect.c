/* See dialect.h. */
#include "ingest/dialect.h"

#include "base/limits.h"
#include "ingest/digits.h"
#include "ingest/infer.h"
#include "ingest/rows.h"
#include "ingest/scan.h"

#include <stdlib.h>

#define JUDGED_ROWS 100u /* rows that a header is compared with */
#define NEARLY      0.98 /* two scores as good as equal */
#define ODD_WEIGHT  0.9  /* of the share of irregular quotes among all */

/* The work space of one guess. */
struct guess {
    struct sw_span text;    /* the sample, with a line end at the end where it is whole */
    char *copy;             /* owned */
    uint32_t *index;        /* owned; scan.at - 1 */
    uint32_t *widths;       /* [SW_COLUMNS_MAX + 2] records by number of fields; owned */
    struct sw_cells *cells; /* owned */
    struct sw_scan scan;
    sw_scan_fast *fast;
};

/* How the sample looks with one delimiter and one quote. */
struct trial {
    char delimiter, quote;
    double score;         /* 0: no delimiter of this text */
    uint32_t records;     /* without empty lines */
    uint32_t first;       /* fields of the first */
    uint32_t usual;       /* the most frequent number of fields, of two or more */
    uint32_t usual_count; /* records that have it */
    uint32_t quoted;      /* fields that begin with the quote */
    uint32_t odd;         /* fields with text behind the closing quote */
};

static void end_guess(struct guess *guess)
{
    free(guess->copy);
    free(guess->index);
    free(guess->widths);
    free(guess->cells);
}

static sw_status begin_guess(struct guess *guess, struct sw_span sample, struct sw_err *err)
{
    *guess = (struct guess){.text = sample};
    guess->copy = calloc(1, sample.length + 1 + SW_SCAN_BEHIND);
    guess->index = malloc((1 + SW_SCAN_INDEX_MAX + SW_SCAN_INDEX_SLACK) * sizeof(*guess->index));
    guess->widths = malloc((SW_COLUMNS_MAX + 2) * sizeof(*guess->widths));
    guess->cells = malloc(sizeof(*guess->cells));
    if (guess->copy == NULL || guess->index == NULL || guess->widths == NULL ||
        guess->cells == NULL) {
        end_guess(guess);
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to read this file.");
    }
    guess->index[0] = UINT32_MAX;
    guess->scan.at = guess->index + 1;
    guess->fast = sw_scan_choose();
    return SW_OK;
}

/* LF, or CR where more of those that are no part of a CRLF end lines.  Quotes are taken by their
 * parity alone: where fields begin is not known before the line end is. */
static char guess_newline(struct sw_span text)
{
    size_t lf = 0;
    size_t cr = 0;
    bool is_inside = false;
    for (size_t i = 0; i < text.length; i++) {
        const char byte = text.data[i];
        const bool is_crlf = byte == '\r' && i + 1 < text.length && text.data[i + 1] == '\n';
        is_inside ^= byte == '"';
        lf += byte == '\n' && !is_inside;
        cr += byte == '\r' && !is_inside && !is_crlf;
    }
    return cr > lf ? '\r' : '\n';
}

static void finish_text(struct guess *guess, char newline)
{
    memcpy(guess->copy, guess->text.data, guess->text.length);
    guess->copy[guess->text.length] = newline;
    guess->text.data = guess->copy;
    guess->text.length++;
}

/* -- the delimiter ------------------------------------------------------------- */

static void count_record(struct guess *guess, struct trial *trial, uint32_t first, uint32_t place)
{
    const uint32_t fields = place - first + 1;
    const uint32_t begin = guess->scan.at[(int64_t)first - 1] + 1;
    const uint32_t length = guess->scan.at[first] - begin;
    if (fields == 1 && (length == 0 || (length == 1 && guess->text.data[begin] == '\r'))) {
        return;
    }
    trial->first = trial->records == 0 ? fields : trial->first;
    trial->records++;
    guess->widths[fields <= SW_COLUMNS_MAX ? fields : SW_COLUMNS_MAX + 1]++;
}

static void score(const struct guess *guess, struct trial *trial)
{
    uint32_t several = 0;
    for (uint32_t fields = 2; fields <= SW_COLUMNS_MAX + 1; fields++) {
        several += guess->widths[fields];
        if (guess->widths[fields] > trial->usual_count ||
            (guess->widths[fields] == trial->usual_count && fields == trial->first)) {
            trial->usual = fields;
            trial->usual_count = guess->widths[fields];
        }
    }
    if (several * 2 >= trial->records && several > 0) {
        const double share = (double)several / trial->records;
        const double same = (double)trial->usual_count / trial->records;
        /* Quotes that do not close at delimiters speak against the delimiter. */
        const double regular = trial->odd == 0 ? 1 : 1 - ODD_WEIGHT * trial->odd / trial->quoted;
        trial->score = share * share * (0.25 + 0.75 * same) * regular;
    }
}

static struct trial try_dialect(struct guess *guess, char delimiter, char quote, char newline)
{
    struct trial trial = {.delimiter = delimiter, .quote = quote};
    struct sw_dialect dialect = {.delimiter = delimiter, .quote = quote, .newline = newline};
    sw_scan_block(guess->fast, &dialect, guess->text.data, (uint32_t)guess->text.length,
                  &guess->scan);
    memset(guess->widths, 0, (SW_COLUMNS_MAX + 2) * sizeof(*guess->widths));
    uint32_t first = 0;
    for (uint32_t place = 0; place < guess->scan.count; place++) {
        const uint32_t begin = guess->scan.at[(int64_t)place - 1] + 1;
        trial.quoted += guess->text.data[begin] == quote;
        if (guess->text.data[guess->scan.at[place]] == newline) {
            count_record(guess, &trial, first, place);
            first = place + 1;
        }
    }
    trial.odd = guess->scan.odd_count;
    score(guess, &trial);
    return trial;
}

static const char delimiters[] = {',', ';', '\t', '|'};

/* Does every comma stand between two digits, as in 1,5? */
static bool has_decimal_commas(struct sw_span text)
{
    bool has_any = false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] != ',') {
            continue;
        }
        const bool is_between = i > 0 && i + 1 < text.length && text.data[i - 1] >= '0' &&
                                text.data[i - 1] <= '9' && text.data[i + 1] >= '0' &&
                                text.data[i + 1] <= '9';
        if (!is_between) {
            return false;
        }
        has_any = true;
    }
    return has_any;
}

/* The best delimiter with this quote, or the given one. */
static struct trial try_quote(struct guess *guess, char quote, char newline, char given)
{
    if (given != 0) {
        return try_dialect(guess, given, quote, newline);
    }
    struct trial best = try_dialect(guess, ',', quote, newline);
    const bool has_decimals = best.score > 0 && has_decimal_commas(guess->text);
    for (size_t i = 1; i < sizeof(delimiters); i++) {
        struct trial trial = try_dialect(guess, delimiters[i], quote, newline);
        const bool is_near = trial.score >= best.score * NEARLY && trial.score > 0;
        const bool is_wider = is_near && trial.usual > best.usual;
        const bool is_decimal = is_near && has_decimals && best.delimiter == ',';
        if (trial.score * NEARLY > best.score || is_wider || is_decimal) {
            best = trial;
        }
    }
    return best;
}

static struct trial choose(struct guess *guess, char newline, char given)
{
    struct trial usual = try_quote(guess, '"', newline, given);
    if (usual.quoted > 0) {
        return usual;
    }
    struct trial single = try_quote(guess, '\'', newline, given);
    const bool is_convincing = single.quoted >= 2 && single.quoted * 2 >= single.records &&
                               single.odd == 0 && single.score >= usual.score;
    return is_convincing ? single : usual;
}

/* -- the header ----------------------------------------------------------------- */

struct votes {
    uint32_t yes, no;
    uint32_t names; /* cells of the first record that are plain text */
    uint32_t years; /* that could be years, each one more than the one before */
    int64_t year_before;
};

static bool is_year(struct sw_span text, int64_t *year)
{
    return text.length == 4 && sw_digits_int(text, year) && *year >= 1800 && *year <= 2200;
}

/* Nothing but digits and what stands between them, such as 1,5 or 12:30: a value, no name. */
static bool is_figure(struct sw_span text)
{
    static const char allowed[] = "0123456789.,:/+-% ";
    bool has_digit = false;
    for (size_t i = 0; i < text.length; i++) {
        if (memchr(allowed, text.data[i], sizeof(allowed) - 1) == NULL) {
            return false;
        }
        has_digit |= text.data[i] >= '0' && text.data[i] <= '9';
    }
    return has_digit;
}

static void vote(const struct sw_cells *cells, struct votes *votes, struct sw_buf *scratch)
{
    struct sw_inferred below = {SW_INFER_NONE, 0, false};
    bool is_repeated = false;
    const struct sw_span raw = {cells->text + cells->begin[0], cells->length[0]};
    for (uint32_t i = 1; i < cells->count; i++) {
        const struct sw_span other = {cells->text + cells->begin[i], cells->length[i]};
        is_repeated |= raw.length > 0 && sw_span_equal(raw, other);
        sw_infer_join(&below, true, sw_infer_cell(sw_cells_text(cells, i, scratch)));
    }
    struct sw_span text = sw_cells_text(cells, 0, scratch);
    struct sw_guess first = sw_infer_cell(text);
    int64_t year;
    if (first.kind == SW_INFER_STRING && is_figure(text)) {
        votes->no++;
    } else if (first.kind == SW_INFER_STRING) {
        votes->names++;
        votes->yes += below.kind != SW_INFER_STRING && below.kind != SW_INFER_NONE;
        votes->no += is_repeated;
    } else if (is_year(text, &year) && (votes->years == 0 || year == votes->year_before + 1)) {
        votes->years++;
        votes->year_before = year;
    } else if (first.kind != SW_INFER_NONE) {
        votes->no++;
    }
}

static sw_status guess_header(struct guess *guess, struct sw_dialect *dialect, struct sw_err *err)
{
    struct sw_rows rows = {.dialect = dialect, .text = guess->text.data};
    sw_scan_exact(dialect, guess->text.data, (uint32_t)guess->text.length, &guess->scan);
    rows.scan = guess->scan;
    SW_TRY(sw_rows_index(&rows, err));
    struct votes votes = {0};
    struct sw_buf scratch;
    sw_buf_init(&scratch);
    const uint32_t count = rows.count < JUDGED_ROWS + 1 ? rows.count : JUDGED_ROWS + 1;
    for (uint32_t column = 0; column < dialect->columns && count > 0; column++) {
        sw_rows_cells(&rows, column, 0, count, guess->cells);
        vote(guess->cells, &votes, &scratch);
    }
    sw_buf_fini(&scratch);
    rows.scan.at = NULL;
    sw_rows_fini(&rows);
    /* 2019, 2020, 2021 next to a name are the columns of a series, single ones are values. */
    votes.no += votes.years == 1 || votes.names == 0 ? votes.years : 0;
    dialect->has_header = votes.no == 0 || votes.yes > votes.no;
    return SW_OK;
}

/* Columns: the first record's fields, or more where most records have more, so that nothing is
 * lost. */
static uint32_t columns_of(const struct trial *trial)
{
    if (trial->records == 0) {
        return 1;
    }
    const uint32_t others = trial->records > 1 ? trial->records - 1 : 1;
    const bool is_wider = trial->usual > trial->first && trial->usual_count * 2 > others;
    return is_wider ? trial->usual : trial->first;
}

static sw_status guess_all(struct guess *guess, bool is_whole, char delimiter, int has_header,
                           struct sw_dialect *dialect, bool *is_short, struct sw_err *err)
{
    const char newline = guess_newline(guess->text);
    if (is_whole) {
        finish_text(guess, newline);
    }
    struct trial trial = choose(guess, newline, delimiter);
    *is_short = (trial.records == 0 || trial.odd > 0) && !is_whole;
    if (*is_short) {
        return SW_OK;
    }
    const bool has_delimiter = delimiter != 0 || trial.score > 0;
    *dialect = (struct sw_dialect){.delimiter = has_delimiter ? trial.delimiter : SW_DELIMITER_NONE,
                                   .quote = trial.quote,
                                   .newline = newline,
                                   .has_header = has_header == 1};
    dialect->columns = has_delimiter ? columns_of(&trial) : 1;
    if (dialect->columns > SW_COLUMNS_MAX) {
        return sw_fail_limit(err, "columns", dialect->columns, SW_COLUMNS_MAX,
                             "is the delimiter right? A table in long form needs fewer columns");
    }
    return has_header >= 0 ? SW_OK : guess_header(guess, dialect, err);
}

sw_status sw_dialect_guess(struct sw_span sample, bool is_whole, char delimiter, int has_header,
                           struct sw_dialect *dialect, bool *is_short, struct sw_err *err)
{
    struct guess guess;
    SW_TRY(begin_guess(&guess, sample, err));
    sw_status status = guess_all(&guess, is_whole, delimiter, has_header, dialect, is_short, err);
    end_guess(&guess);
    return status;
}
