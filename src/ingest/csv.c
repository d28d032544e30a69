/* See csv.h and column.h.
 *
 * A loop writes value i of the batch to slot builder->rows + i and clears the validity bit of a
 * null, but leaves builder->rows alone: when a cell does not fit, the batch is undone by setting
 * the bits again, the column is widened and the batch read anew.  Each widening is to a strictly
 * wider kind, so there are few.  Strings fit always; their loop appends as it goes.
 *
 * Most cells pass the first line of a loop; the rest (nulls, blanks, signs, long or quoted ones)
 * take the slow way through a span.                                                              */
#include "ingest/csv.h"

#include "ingest/digits.h"
#include "table/datetime.h"

#define DAY_MS 86400000

enum fit { FITS, IS_NULL, FITS_NOT };

static inline void clear_valid(struct sw_builder *builder, uint32_t row)
{
    builder->valid[row >> 6] &= ~((uint64_t)1 << (row & 63));
    builder->nulls++;
}

/* The cell's value without blanks; *is_null for a null token, quoted or not. */
static struct sw_span value_of(struct sw_parse *parse, uint32_t i, bool *is_null)
{
    struct sw_span text = sw_infer_trim(sw_cells_text(&parse->cells, i, &parse->scratch));
    *is_null = sw_infer_null(text.data, text.length) >= 0;
    return text;
}

/* -- bool, int, float ------------------------------------------------------------ */

static uint32_t read_bools(const struct sw_csv_column *column, struct sw_parse *parse, uint32_t i)
{
    struct sw_builder *builder = column->builder;
    int64_t *out = builder->ints + builder->rows;
    for (; i < parse->cells.count; i++) {
        bool is_null;
        const struct sw_span text = value_of(parse, i, &is_null);
        if (is_null) {
            out[i] = 0;
            clear_valid(builder, builder->rows + i);
        } else if (!(column->is_declared ? sw_infer_bool_declared(text, &out[i])
                                         : sw_infer_bool(text, &out[i]))) {
            return i;
        }
    }
    return i;
}

static enum fit read_int(const struct sw_csv_column *column, struct sw_parse *parse, uint32_t i,
                         int64_t *value)
{
    bool is_null;
    *value = 0;
    const struct sw_span text = value_of(parse, i, &is_null);
    if (is_null) {
        return IS_NULL;
    }
    const bool fits =
        column->is_declared ? sw_infer_int_declared(text, value) : sw_digits_int(text, value);
    return fits ? FITS : FITS_NOT;
}

static uint32_t read_ints(const struct sw_csv_column *column, struct sw_parse *parse, uint32_t i)
{
    struct sw_builder *builder = column->builder;
    const struct sw_cells *cells = &parse->cells;
    int64_t *out = builder->ints + builder->rows;
    for (; i < cells->count; i++) {
        if (sw_digits_int_fast(cells->text + cells->begin[i], cells->length[i], &out[i])) {
            continue;
        }
        const enum fit fit = read_int(column, parse, i, &out[i]);
        if (fit == FITS_NOT) {
            return i;
        }
        if (fit == IS_NULL) {
            clear_valid(builder, builder->rows + i);
        }
    }
    return i;
}

static uint32_t read_floats(const struct sw_csv_column *column, struct sw_parse *parse, uint32_t i)
{
    struct sw_builder *builder = column->builder;
    const struct sw_cells *cells = &parse->cells;
    double *out = builder->floats + builder->rows;
    for (; i < cells->count; i++) {
        if (sw_digits_float_fast(cells->text + cells->begin[i], cells->length[i], &out[i])) {
            continue;
        }
        bool is_null;
        const struct sw_span text = value_of(parse, i, &is_null);
        if (is_null) {
            out[i] = 0;
            clear_valid(builder, builder->rows + i);
        } else if (!sw_digits_float(text, &out[i])) {
            return i;
        }
    }
    return i;
}

/* -- dates and timestamps --------------------------------------------------------- */

/* The last day read: neighbours in a file are often of one day. */
struct day_cache {
    uint64_t head; /* YYYY-MM- */
    uint16_t tail; /* DD */
    int64_t days;
};

#define NO_DAY                    \
    {                             \
        UINT64_MAX, UINT16_MAX, 0 \
    } /* bytes that no UTF-8 has */

static inline bool day_of(const char *text, struct day_cache *cache)
{
    uint64_t head;
    uint16_t tail;
    memcpy(&head, text, sizeof(head));
    memcpy(&tail, text + 8, sizeof(tail));
    if (head == cache->head && tail == cache->tail) {
        return true;
    }
    if (!sw_date_parse(sw_span_of(text, 10), &cache->days)) {
        return false;
    }
    cache->head = head;
    cache->tail = tail;
    return true;
}

static uint32_t read_dates(const struct sw_csv_column *column, struct sw_parse *parse, uint32_t i)
{
    struct sw_builder *builder = column->builder;
    const struct sw_cells *cells = &parse->cells;
    const bool is_iso = column->inferred.formats == SW_FORMAT_ISO;
    struct day_cache cache = NO_DAY;
    int64_t *out = builder->ints + builder->rows;
    for (; i < cells->count; i++) {
        if (is_iso && cells->length[i] == 10 && day_of(cells->text + cells->begin[i], &cache)) {
            out[i] = cache.days;
            continue;
        }
        bool is_null;
        bool has_time = false;
        int64_t ms;
        out[i] = 0;
        const struct sw_span text = value_of(parse, i, &is_null);
        if (is_null) {
            clear_valid(builder, builder->rows + i);
        } else if (!sw_moment_read(text, column->inferred.formats, &out[i], &ms, &has_time) ||
                   has_time) {
            return i;
        }
    }
    return i;
}

static inline unsigned two_digits(const char *text, unsigned *wrong)
{
    const unsigned tens = (unsigned)(unsigned char)text[0] - '0';
    const unsigned ones = (unsigned)(unsigned char)text[1] - '0';
    *wrong |= (tens > 9) | (ones > 9);
    return tens * 10 + ones;
}

/* Exactly YYYY-MM-DDThh:mm:ss, YYYY-MM-DDThh:mm:ssZ or the latter with .mmm; false: look closer. */
static inline bool timestamp_fast(const char *text, uint32_t length, struct day_cache *cache,
                                  int64_t *ms)
{
    if ((length != 24 && length != 19 && length != 20) || (text[10] != 'T' && text[10] != ' ') ||
        !day_of(text, cache)) {
        return false;
    }
    unsigned wrong = (text[13] != ':') | (text[16] != ':');
    const unsigned hour = two_digits(text + 11, &wrong);
    const unsigned minute = two_digits(text + 14, &wrong);
    const unsigned second = two_digits(text + 17, &wrong);
    unsigned fraction = 0;
    if (length == 24) {
        const unsigned last = (unsigned)(unsigned char)text[22] - '0';
        fraction = two_digits(text + 20, &wrong) * 10 + last;
        wrong |= (text[19] != '.') | (last > 9);
    }
    wrong |= (length != 19 && text[length - 1] != 'Z');
    wrong |= (hour > 23) | (minute > 59) | (second > 59);
    *ms = cache->days * DAY_MS + ((int64_t)(hour * 60 + minute) * 60 + second) * 1000 + fraction;
    return wrong == 0;
}

static uint32_t read_timestamps(const struct sw_csv_column *column, struct sw_parse *parse,
                                uint32_t i)
{
    struct sw_builder *builder = column->builder;
    const struct sw_cells *cells = &parse->cells;
    const bool is_iso = column->inferred.formats == SW_FORMAT_ISO;
    struct day_cache cache = NO_DAY;
    int64_t *out = builder->ints + builder->rows;
    for (; i < cells->count; i++) {
        if (is_iso &&
            timestamp_fast(cells->text + cells->begin[i], cells->length[i], &cache, &out[i])) {
            continue;
        }
        bool is_null;
        bool has_time;
        int64_t days;
        const struct sw_span text = value_of(parse, i, &is_null);
        if (is_null) {
            out[i] = 0;
            clear_valid(builder, builder->rows + i);
        } else if (!sw_moment_read(text, column->inferred.formats, &days, &out[i], &has_time)) {
            return i;
        }
    }
    return i;
}

/* -- strings ------------------------------------------------------------------------ */

static sw_status put_texts(struct sw_builder *builder, struct sw_parse *parse, uint32_t *waiting)
{
    const uint32_t count = *waiting;
    *waiting = 0;
    return count == 0 ? SW_OK : sw_builder_texts(builder, parse->texts, count);
}

static sw_status put_strings(struct sw_builder *builder, struct sw_parse *parse)
{
    const struct sw_cells *cells = &parse->cells;
    uint32_t waiting = 0;
    for (uint32_t i = 0; i < cells->count; i++) {
        const char *text = cells->text + cells->begin[i];
        const uint32_t length = cells->length[i];
        if (cells->quoting[i] == SW_CELL_PLAIN) {
            /* One branch that is nearly always the same: empty, or short and like NA, null. */
            const bool is_short = (length == 0) | ((length <= 4) & ((text[0] | 32) == 'n'));
            const int spelling = is_short ? sw_infer_null(text, length) : -1;
            if (spelling < 0) {
                parse->texts[waiting++] = sw_span_of(text, length);
                continue;
            }
            SW_TRY(put_texts(builder, parse, &waiting));
            SW_TRY(sw_builder_null(builder, (enum sw_null_spelling)spelling));
            continue;
        }
        const struct sw_span value = sw_cells_text(cells, i, &parse->scratch);
        parse->texts[waiting++] = value;
        if (value.data != text) { /* it stays in the scratch buffer only until the next */
            SW_TRY(put_texts(builder, parse, &waiting));
        }
    }
    return put_texts(builder, parse, &waiting);
}

/* The lock of the dictionary is held for the batch, on a reference of our own: the builder may give
 * its dictionary up. */
static sw_status read_strings(const struct sw_csv_column *column, struct sw_parse *parse,
                              struct sw_err *err)
{
    struct sw_builder *builder = column->builder;
    struct sw_dict *dict = builder->dict != NULL ? sw_dict_ref(builder->dict) : NULL;
    if (dict != NULL) {
        sw_dict_write_begin(dict);
    }
    sw_status status = put_strings(builder, parse);
    if (dict != NULL) {
        sw_dict_write_end(dict);
        sw_dict_unref(dict);
    }
    if (status == SW_OK && parse->scratch.failed) {
        status = SW_NO_MEMORY;
    }
    return status == SW_OK ? SW_OK
                           : sw_fail(err, status, "There is not enough memory to read this table.");
}

/* -- what does not fit --------------------------------------------------------------- */

/* A column without values so far, or dates of open order: the first cell that changes that. */
static uint32_t find_change(struct sw_csv_column *column, struct sw_parse *parse, uint32_t i)
{
    struct sw_inferred inferred = column->inferred;
    for (; i < parse->cells.count; i++) {
        const struct sw_guess cell =
            sw_infer_cell(sw_cells_text(&parse->cells, i, &parse->scratch));
        if (cell.kind == SW_INFER_NONE) {
            continue;
        }
        const struct sw_inferred before = inferred;
        sw_infer_join(&inferred, true, cell);
        if (inferred.kind != SW_INFER_MAYBE || before.kind != SW_INFER_MAYBE ||
            (column->declared == SW_TYPE_DATE && column->is_declared && inferred.has_time)) {
            return i;
        }
        column->inferred = inferred;
    }
    return i;
}

/* Cells of the batch from i on that fit the kind; the first that does not. */
static uint32_t read_kind(struct sw_csv_column *column, struct sw_parse *parse, uint32_t i)
{
    switch (column->inferred.kind) {
    case SW_INFER_NONE:
    case SW_INFER_MAYBE:
        return find_change(column, parse, i);
    case SW_INFER_BOOL:
        return read_bools(column, parse, i);
    case SW_INFER_INT:
        return read_ints(column, parse, i);
    case SW_INFER_FLOAT:
        return read_floats(column, parse, i);
    case SW_INFER_DATE:
        return read_dates(column, parse, i);
    case SW_INFER_TIMESTAMP:
        return read_timestamps(column, parse, i);
    case SW_INFER_STRING:
        break;
    }
    return parse->cells.count;
}

static void undo(struct sw_builder *builder, uint32_t nulls, uint32_t count)
{
    builder->nulls = nulls;
    for (uint32_t row = builder->rows; row < builder->rows + count; row++) {
        builder->valid[row >> 6] |= (uint64_t)1 << (row & 63);
    }
}

/* May a column that was declared a date take the cell? */
static bool is_allowed(const struct sw_csv_column *column, struct sw_guess *cell)
{
    const bool is_moment = cell->kind == SW_INFER_DATE || cell->kind == SW_INFER_TIMESTAMP;
    const bool is_too_fine = cell->kind == SW_INFER_TIMESTAMP && column->declared == SW_TYPE_DATE;
    const sw_formats possible = column->inferred.kind == SW_INFER_NONE
                                    ? column->allowed
                                    : (sw_formats)(column->allowed & column->inferred.formats);
    cell->formats &= possible;
    return is_moment && !is_too_fine && cell->formats != 0;
}

/* -- exceptions ---------------------------------------------------------------------- */

/* The cell is empty until the batch is over.  They stand by row, though a column that widens within
 * the batch goes over it again. */
static void put_aside(struct sw_parse *parse, uint32_t i)
{
    sw_assert(parse->excepted < SW_CELLS_BATCH);
    uint32_t at = parse->excepted++;
    for (; at > 0 && parse->except[at - 1].row > i; at--) {
        parse->except[at] = parse->except[at - 1];
    }
    parse->except[at].row = i;
    parse->except[at].length = parse->cells.length[i];
    parse->except[at].quoting = parse->cells.quoting[i];
    parse->cells.length[i] = 0;
    parse->cells.quoting[i] = SW_CELL_PLAIN;
}

static void put_back(struct sw_parse *parse)
{
    for (uint32_t k = 0; k < parse->excepted; k++) {
        const uint32_t i = parse->except[k].row;
        parse->cells.length[i] = parse->except[k].length;
        parse->cells.quoting[i] = parse->except[k].quoting;
    }
}

/* Cell i fits no number and no time of the column: are such cells few among the values so far? */
static bool is_exception(const struct sw_csv_column *column, struct sw_parse *parse, uint32_t i,
                         uint32_t nulls)
{
    if (column->is_strict || column->is_declared || sw_column_type(column) == SW_TYPE_STRING) {
        return false;
    }
    const uint64_t misfits = column->exceptions + (uint64_t)parse->excepted + 1;
    const uint64_t here = i + 1u + parse->excepted - (column->builder->nulls - nulls);
    const uint64_t values = column->tally.values + here;
    if (!sw_tally_is_share(misfits, values > column->expected ? values : column->expected)) {
        return false;
    }
    const struct sw_span text = sw_cells_text(&parse->cells, i, &parse->scratch);
    return sw_tally_may_except(&column->inferred, text, sw_infer_cell(text));
}

/* The batch stands in the builder: the texts of what was put aside go along. */
static sw_status keep_exceptions(struct sw_csv_column *column, struct sw_parse *parse,
                                 struct sw_err *err)
{
    struct sw_builder *builder = column->builder;
    put_back(parse);
    for (uint32_t k = 0; k < parse->excepted; k++) {
        const uint32_t i = parse->except[k].row;
        const struct sw_span text = sw_cells_text(&parse->cells, i, &parse->scratch);
        const sw_status status =
            parse->scratch.failed
                ? SW_NO_MEMORY
                : sw_exception_list_add(&builder->exceptions, builder->rows + i, text);
        if (status != SW_OK) {
            return sw_fail(err, status, "There is not enough memory to read this table.");
        }
    }
    column->exceptions += parse->excepted;
    return SW_OK;
}

/* Does a value that begins so neither read as anything but text, nor mean null? Most texts do, and
 * looking closer costs ten times as much as the rest of them. */
static bool is_word_start(char first)
{
    /* As true, false, inf, nan and null do. */
    const uint32_t other =
        1u << ('t' - 'a') | 1u << ('f' - 'a') | 1u << ('i' - 'a') | 1u << ('n' - 'a');
    const unsigned char byte = (unsigned char)first;
    const uint32_t letter = (byte | 0x20u) - 'a';
    return byte >= 0x80 || (letter < 26 && (other >> letter & 1) == 0);
}

/* What the values of a column of text would be. */
static void count_kinds(struct sw_csv_column *column, struct sw_parse *parse)
{
    if (column->is_declared || column->is_strict || column->is_text) {
        return;
    }
    const struct sw_cells *cells = &parse->cells;
    for (uint32_t i = 0; i < cells->count; i++) {
        if (cells->length[i] > 0 && is_word_start(cells->text[cells->begin[i]])) {
            column->tally.values++;
            continue;
        }
        const struct sw_span text = sw_cells_text(cells, i, &parse->scratch);
        sw_tally_add(&column->tally, text, sw_infer_cell(text));
    }
    column->is_text = sw_tally_is_hopeless(&column->tally);
}

/* A bad cell becomes empty, and is reported; its text is kept, unless there are too many. */
static void refuse(const struct sw_csv_column *column, struct sw_parse *parse, uint32_t i)
{
    const struct sw_span text = sw_cells_text(&parse->cells, i, &parse->scratch);
    const int shown = text.length < 40 ? (int)text.length : 40;
    sw_bad_add(parse->bad, parse->row + i, parse->column, "'%.*s%s' is no %s: the cell is null",
               shown, text.data, text.length > 40 ? "..." : "", sw_type_name(column->declared));
    if (!column->is_strict && column->exceptions + parse->excepted < SW_EXCEPTIONS_MAX) {
        put_aside(parse, i);
    } else {
        parse->cells.length[i] = 0;
        parse->cells.quoting[i] = SW_CELL_PLAIN;
    }
}

/* Cell i does not fit: widen, or refuse it. *is_refused: the batch goes on from i. */
static sw_status meet(struct sw_csv_column *column, struct sw_parse *parse, uint32_t i,
                      bool *is_refused, struct sw_err *err)
{
    struct sw_guess cell = sw_infer_cell(sw_cells_text(&parse->cells, i, &parse->scratch));
    const bool is_open = column->declared == SW_TYPE_DATE || column->declared == SW_TYPE_TIMESTAMP;
    *is_refused = column->is_declared && !(is_open && is_allowed(column, &cell));
    if (*is_refused) {
        refuse(column, parse, i);
        return SW_OK;
    }
    if (!column->is_declared) { /* the batch begins anew, and meets them again */
        put_back(parse);
        parse->excepted = 0;
    }
    return sw_column_widen(column, cell, err);
}

/* The first cell of the batch that is not null. */
static struct sw_guess first_value(struct sw_parse *parse)
{
    struct sw_guess cell = {.kind = SW_INFER_NONE};
    for (uint32_t i = 0; i < parse->cells.count && cell.kind == SW_INFER_NONE; i++) {
        cell = sw_infer_cell(sw_cells_text(&parse->cells, i, &parse->scratch));
    }
    return cell;
}

static sw_status end_batch(struct sw_csv_column *column, struct sw_parse *parse, uint32_t nulls,
                           struct sw_err *err)
{
    struct sw_builder *builder = column->builder;
    if (sw_column_type(column) == SW_TYPE_STRING) {
        put_back(parse); /* a declared date without a value so far: they are kept as text */
        column->exceptions += parse->excepted;
        count_kinds(column, parse);
        return read_strings(column, parse, err);
    }
    column->tally.values += parse->cells.count - (builder->nulls - nulls) + parse->excepted;
    if (parse->excepted > 0) {
        SW_TRY(keep_exceptions(column, parse, err));
    }
    builder->rows += parse->cells.count;
    return SW_OK;
}

sw_status sw_column_parse(struct sw_csv_column *column, struct sw_parse *parse, struct sw_err *err)
{
    if (column->builder == NULL) {
        const struct sw_guess none = {.kind = SW_INFER_NONE};
        SW_TRY(sw_column_open(column, column->is_declared ? none : first_value(parse), err));
    }
    parse->excepted = 0;
    uint32_t nulls = column->builder->nulls;
    const uint32_t count = parse->cells.count;
    sw_assert(column->builder->rows + count <= SW_CHUNK_ROWS);
    for (uint32_t from = 0;;) {
        const uint32_t i = read_kind(column, parse, from);
        if (i == count) {
            break;
        }
        if (is_exception(column, parse, i, nulls)) {
            put_aside(parse, i);
            from = i;
            continue;
        }
        bool is_refused;
        if (sw_column_type(column) != SW_TYPE_STRING && !column->is_declared) {
            undo(column->builder, nulls, count);
        }
        SW_TRY(meet(column, parse, i, &is_refused, err));
        if (column->is_behind) {
            return SW_OK;
        }
        from = is_refused ? i : 0;
        nulls = is_refused ? nulls : column->builder->nulls;
    }
    return end_batch(column, parse, nulls, err);
}
