/* Rows to CSV, at the speed of a download.  A writer per column is chosen once per call from type
 * and encoding; a row is then one call per cell.  Decimals are written from their scaled integers
 * and dates from a remembered day; numbers of up to eight digits without a branch on their length.
 *
 * Room: before each row there are ROOM_CELL bytes for every cell, which covers all but texts; a
 * text asks for its own room on top, so that what was set aside for the cells behind it stays. */
#include "wire/encode.h"

#include <stdlib.h>

#include "base/number.h"
#include "table/datetime.h"

#define ROOM_CELL    48u    /* of a cell that is no text, with its comma, and stores past its end */
#define COLUMNS_FEW  16u    /* writers kept without an allocation */
#define CELLS_KEPT   65536u /* writers that a gather keeps: about five megabytes */
#define ROWS_AHEAD   12u    /* rows whose cells are fetched before they are written */
#define DAY_MS       86400000
#define DATE_BYTES   10u
#define SMALL_END    100000000u /* eight digits */
#define PLACES_SHORT 6u
#define DECIMAL_END  1000000000000000 /* 10^15: from here on the double's own text is asked for */
#define ONES         0x0101010101010101u
#define HIGHS        0x8080808080808080u
#define ZEROS        0x3030303030303030u /* eight times '0' */
#define COLONS       0x00000a00000a0000u /* makes the third and the sixth '0' a colon */

struct csv {
    char *end;
    size_t row_room; /* ROOM_CELL for each cell */
    struct sw_buf *out;
};

struct cell {
    const struct sw_chunk *chunk;
    char *(*put)(struct csv *csv, struct cell *cell, uint32_t row, char *at);
    int64_t day_ms; /* timestamps: start of the day whose text is kept */
    char day_text[SW_DATE_TEXT_MAX];
};

/* Moves `at` to where `more` bytes and a row have room; false when memory runs out. */
static bool make_room(struct csv *csv, char **at, size_t more)
{
    if ((size_t)(csv->end - *at) >= more + csv->row_room) {
        return true;
    }
    csv->out->length = (size_t)(*at - csv->out->data);
    char *moved = sw_buf_reserve(csv->out, more + csv->row_room);
    if (moved == NULL) {
        return false;
    }
    *at = moved;
    csv->end = csv->out->data + csv->out->capacity;
    return true;
}

/* -- numbers ----------------------------------------------------------------------------- */

static inline uint64_t slot_of(const struct sw_chunk *chunk, uint32_t row)
{
    switch (chunk->width) {
    case 1:
        return ((const uint8_t *)chunk->data)[row];
    case 2:
        return ((const uint16_t *)chunk->data)[row];
    case 4:
        return ((const uint32_t *)chunk->data)[row];
    case 8:
        return ((const uint64_t *)chunk->data)[row];
    default:
        return 0;
    }
}

static inline int64_t int_of(const struct sw_chunk *chunk, uint32_t row)
{
    return (int64_t)((uint64_t)chunk->base + slot_of(chunk, row));
}

/* The eight digits of a value below 10^8 as bytes 0..9, the first digit in the lowest byte: halves,
 * then quarters, then single digits, side by side in one word. */
static inline uint64_t eight_digits(uint32_t value)
{
    uint64_t halves = value / 10000 | (uint64_t)(value % 10000) << 32;
    uint64_t hundreds = (halves * 10486 >> 20) & 0x0000007f0000007fu;
    uint64_t quarters = hundreds | (halves - hundreds * 100) << 16;
    uint64_t tens = (quarters * 103 >> 10) & 0x000f000f000f000fu;
    return tens | (quarters - tens * 10) << 8;
}

static inline void store8(char *into, uint64_t bytes)
{
    memcpy(into, &bytes, sizeof bytes);
}

/* A value of up to eight digits; eight bytes are stored whatever its length. */
static inline char *put_small(char *at, uint32_t value)
{
    uint64_t digits = eight_digits(value);
    unsigned leading = (unsigned)__builtin_ctzll(digits | (uint64_t)1 << 56) / 8;
    store8(at, (digits | ZEROS) >> (leading * 8));
    return at + (8 - leading);
}

static inline char *put_uint(char *at, uint64_t value)
{
    return value < SMALL_END ? put_small(at, (uint32_t)value) : sw_number_put_uint(at, value);
}

static char *put_int_cell(struct csv *csv, struct cell *cell, uint32_t row, char *at)
{
    (void)csv;
    int64_t value = int_of(cell->chunk, row);
    *at = '-';
    at += value < 0;
    return put_uint(at, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

static char *put_bool_cell(struct csv *csv, struct cell *cell, uint32_t row, char *at)
{
    (void)csv;
    bool is_true = int_of(cell->chunk, row) != 0;
    memcpy(at, is_true ? "true " : "false", 5);
    return at + (is_true ? 4 : 5);
}

/* value / 10^scale; divisions by constants are multiplications. */
static inline uint64_t whole_of(uint64_t value, unsigned scale)
{
    switch (scale) {
    case 0:
        return value;
    case 1:
        return value / 10;
    case 2:
        return value / 100;
    case 3:
        return value / 1000;
    case 4:
        return value / 10000;
    case 5:
        return value / 100000;
    default:
        return value / 1000000;
    }
}

/* A decimal with up to PLACES_SHORT places and eight digits before the point: the fraction's digits
 * stand at the front of its eight, zeros behind the last that is none are left out. */
static inline char *put_short_decimal(char *at, uint64_t size, uint64_t whole, unsigned scale)
{
    static const uint32_t power[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
    static const uint32_t fill[] = {100000000, 10000000, 1000000, 100000, 10000, 1000, 100};
    uint32_t fraction = (uint32_t)(size - whole * power[scale]);
    uint64_t digits = eight_digits(fraction * fill[scale]);
    unsigned kept = (71 - (unsigned)__builtin_clzll(digits | 1)) / 8;
    at = put_small(at, (uint32_t)whole);
    *at = '.';
    store8(at + 1, digits | ZEROS);
    return at + (fraction == 0 ? 0 : 1 + kept);
}

static char *put_decimal_cell(struct csv *csv, struct cell *cell, uint32_t row, char *at)
{
    (void)csv;
    int64_t mantissa = int_of(cell->chunk, row);
    unsigned scale = cell->chunk->scale;
    uint64_t size = mantissa < 0 ? 0 - (uint64_t)mantissa : (uint64_t)mantissa;
    if (scale <= PLACES_SHORT) {
        uint64_t whole = whole_of(size, scale);
        if (whole < SMALL_END) {
            *at = '-';
            return put_short_decimal(at + (mantissa < 0), size, whole, scale);
        }
    }
    if (size < DECIMAL_END) {
        return sw_number_put_decimal(at, mantissa, scale);
    }
    return sw_number_put_float(at, (double)mantissa / sw_decimal_powers[scale]);
}

static char *put_float_cell(struct csv *csv, struct cell *cell, uint32_t row, char *at)
{
    (void)csv;
    return sw_number_put_float(at, ((const double *)cell->chunk->data)[row]);
}

/* -- time -------------------------------------------------------------------------------- */

static char *put_date_cell(struct csv *csv, struct cell *cell, uint32_t row, char *at)
{
    (void)csv;
    return at + sw_date_format(int_of(cell->chunk, row), at);
}

/* Thh:mm:ss[.mmm]Z of a moment within a day. */
static inline char *put_time(char *at, uint32_t ms)
{
    uint32_t seconds = ms / 1000;
    uint32_t rest = ms % 1000;
    uint32_t minutes = seconds / 60;
    uint32_t hours = minutes / 60;
    uint32_t spaced = hours * 1000000 + (minutes - hours * 60) * 1000 + (seconds - minutes * 60);
    at[0] = 'T';
    store8(at + 1, (eight_digits(spaced) | ZEROS) + COLONS); /* hh0mm0ss */
    if (rest == 0) {
        at[9] = 'Z';
        return at + 10;
    }
    at[9] = '.';
    at[10] = (char)('0' + rest / 100);
    at[11] = (char)('0' + rest / 10 % 10);
    at[12] = (char)('0' + rest % 10);
    at[13] = 'Z';
    return at + 14;
}

/* The first moment of a day, whose text is kept, or one beyond the years 1 to 9999. */
static __attribute__((noinline)) char *put_new_day(struct cell *cell, int64_t ms, char *at)
{
    size_t length = sw_timestamp_format(ms, at);
    int64_t again;
    if (sw_timestamp_parse(sw_span_of(at, length), &again) && again == ms) {
        memcpy(cell->day_text, at, DATE_BYTES);
        int64_t rest = ms % DAY_MS;
        cell->day_ms = ms - rest - (rest < 0 ? DAY_MS : 0);
    }
    return at + length;
}

static char *put_timestamp_cell(struct csv *csv, struct cell *cell, uint32_t row, char *at)
{
    (void)csv;
    int64_t ms = int_of(cell->chunk, row);
    uint64_t in_day = (uint64_t)ms - (uint64_t)cell->day_ms;
    if (in_day >= DAY_MS) {
        return put_new_day(cell, ms, at);
    }
    memcpy(at, cell->day_text, DATE_BYTES);
    return put_time(at + DATE_BYTES, (uint32_t)in_day);
}

/* -- texts -------------------------------------------------------------------------------- */

/* Not 0 when some byte of the word is `byte`. */
static inline uint64_t has_byte(uint64_t word, uint64_t byte)
{
    uint64_t other = word ^ (byte * ONES);
    return (other - ONES) & ~other & HIGHS;
}

static inline uint64_t has_special(uint64_t word)
{
    return has_byte(word, '"') | has_byte(word, ',') | has_byte(word, '\n') | has_byte(word, '\r');
}

static inline uint64_t load8(const char *from)
{
    uint64_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

static inline uint32_t load4(const char *from)
{
    uint32_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

/* Up to seven bytes as one word with zeros behind. */
static inline uint64_t load_few(const char *from, size_t length)
{
    if (length >= 4) {
        return load4(from) | (uint64_t)load4(from + length - 4) << (8 * (length - 4));
    }
    if (length == 0) {
        return 0;
    }
    const unsigned char *byte = (const unsigned char *)from;
    return byte[0] | (uint64_t)byte[length / 2] << (8 * (length / 2)) |
           (uint64_t)byte[length - 1] << (8 * (length - 1));
}

/* Sixteen bytes at a time, in a vector register where there are some. */
typedef unsigned char bytes16 __attribute__((vector_size(16)));

static inline bool copy_sixteen(char *into, const char *from)
{
    bytes16 word;
    memcpy(&word, from, sizeof word);
    memcpy(into, &word, sizeof word);
    bytes16 found = (bytes16)((word == '"') | (word == ',') | (word == '\n') | (word == '\r'));
    uint64_t halves[2];
    memcpy(halves, &found, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

/* Copies a text and tells whether it must be quoted.  `into` has eight bytes to spare. */
static inline bool copy_plain(char *into, struct sw_span text)
{
    if (text.length < 8) {
        uint64_t word = load_few(text.data, text.length);
        store8(into, word);
        return has_special(word) != 0;
    }
    if (text.length < 16) {
        uint64_t first = load8(text.data);
        uint64_t last = load8(text.data + text.length - 8);
        store8(into, first);
        store8(into + text.length - 8, last);
        return (has_special(first) | has_special(last)) != 0;
    }
    bool is_special = copy_sixteen(into + text.length - 16, text.data + text.length - 16);
    for (size_t i = 0; i < text.length - 16; i += 16) {
        is_special |= copy_sixteen(into + i, text.data + i);
    }
    return is_special;
}

/* Unquoted, such a text would be read as a null. */
static bool is_null_word(struct sw_span text)
{
    if (text.length > 4 || (text.length > 0 && (text.data[0] | 0x20) != 'n')) {
        return false;
    }
    for (size_t i = 0; i < SW_NULL_SPELLINGS; i++) {
        if (sw_span_equal(text, sw_span_text(sw_null_spellings[i]))) {
            return true;
        }
    }
    return false;
}

static char *put_quoted(char *at, struct sw_span text)
{
    *at++ = '"';
    const char *from = text.data;
    const char *end = text.data + text.length;
    while (from < end) {
        const char *quote = memchr(from, '"', (size_t)(end - from));
        size_t run = quote == NULL ? (size_t)(end - from) : (size_t)(quote - from) + 1;
        memcpy(at, from, run);
        at += run;
        from += run;
        if (quote != NULL) {
            *at++ = '"';
        }
    }
    *at++ = '"';
    return at;
}

static inline char *put_text(struct csv *csv, struct sw_span text, char *at)
{
    if (!make_room(csv, &at, text.length * 2 + 8)) {
        return at;
    }
    if (copy_plain(at, text) || is_null_word(text)) {
        return put_quoted(at, text);
    }
    return at + text.length;
}

static char *put_dict_cell(struct csv *csv, struct cell *cell, uint32_t row, char *at)
{
    uint32_t code = (uint32_t)slot_of(cell->chunk, row);
    return put_text(csv, sw_dict_at(cell->chunk->dict, code), at);
}

static char *put_text_cell(struct csv *csv, struct cell *cell, uint32_t row, char *at)
{
    const uint32_t *offset = (const uint32_t *)cell->chunk->data + row;
    return put_text(csv, sw_span_of(cell->chunk->bytes + offset[0], offset[1] - offset[0]), at);
}

/* -- rows ---------------------------------------------------------------------------------- */

static char *put_null(struct csv *csv, const struct sw_chunk *chunk, uint32_t row, char *at)
{
    struct sw_span text;
    if (chunk->exceptions != NULL && sw_exceptions_find(chunk->exceptions, row, &text)) {
        return put_text(csv, text, at);
    }
    if (chunk->null_spelling == NULL) {
        return at;
    }
    const char *word = sw_null_spellings[chunk->null_spelling[row]];
    size_t length = strlen(word);
    memcpy(at, word, length);
    return at + length;
}

static void start_cell(struct cell *cell, const struct sw_chunk *chunk)
{
    *cell = (struct cell){.chunk = chunk, .day_ms = INT64_MAX};
    switch (chunk->encoding) {
    case SW_ENC_DECIMAL:
        cell->put = put_decimal_cell;
        break;
    case SW_ENC_FLOAT:
        cell->put = put_float_cell;
        break;
    case SW_ENC_DICT:
        cell->put = put_dict_cell;
        break;
    case SW_ENC_TEXT:
        cell->put = put_text_cell;
        break;
    case SW_ENC_INT:
        cell->put = chunk->type == SW_TYPE_BOOL        ? put_bool_cell
                    : chunk->type == SW_TYPE_DATE      ? put_date_cell
                    : chunk->type == SW_TYPE_TIMESTAMP ? put_timestamp_cell
                                                       : put_int_cell;
        break;
    }
}

static char *put_row(struct csv *csv, struct cell *cells, uint32_t count, uint32_t row, char *at)
{
    for (uint32_t i = 0; i < count; i++) {
        struct cell *cell = &cells[i];
        bool is_null = sw_chunk_is_null(cell->chunk, row);
        at = is_null ? put_null(csv, cell->chunk, row, at) : cell->put(csv, cell, row, at);
        *at++ = ',';
    }
    at[-1] = '\n';
    return at;
}

static bool is_selected(const uint64_t *select, uint32_t row)
{
    return select == NULL || (select[row >> 6] >> (row & 63) & 1) != 0;
}

static void put_rows(struct sw_buf *out, struct cell *cells, uint32_t column_count,
                     const uint64_t *select, uint32_t first, uint32_t end)
{
    struct csv csv = {.row_room = (size_t)column_count * ROOM_CELL, .out = out};
    char *at = sw_buf_reserve(out, csv.row_room);
    if (at == NULL) {
        return;
    }
    csv.end = out->data + out->capacity;
    for (uint32_t row = first; row < end && make_room(&csv, &at, 0); row++) {
        if (is_selected(select, row)) {
            at = put_row(&csv, cells, column_count, row, at);
        }
    }
    if (!out->failed) {
        sw_assert(at <= csv.end);
        out->length = (size_t)(at - out->data);
    }
}

/* A column may be asked for twice. */
static void unpin(const struct sw_rowgroup *group, const uint32_t *columns, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        sw_chunk_unpin(group->chunk[columns[i]]);
    }
}

static sw_status pin(const struct sw_rowgroup *group, const uint32_t *columns, uint32_t count,
                     struct sw_err *err)
{
    for (uint32_t i = 0; i < count; i++) {
        sw_assert(columns[i] < group->columns);
        sw_status status = sw_chunk_pin(group->chunk[columns[i]], err);
        if (status != SW_OK) {
            unpin(group, columns, i);
            return status;
        }
    }
    return SW_OK;
}

sw_status sw_encode_csv_rows(struct sw_buf *out, const struct sw_rowgroup *group,
                             const uint32_t *columns, uint32_t column_count, const uint64_t *select,
                             uint32_t first, uint32_t count, struct sw_err *err)
{
    sw_assert(first <= group->rows && count <= group->rows - first);
    sw_assert(column_count > 0);
    struct cell few[COLUMNS_FEW];
    struct cell *cells = few;
    if (column_count > COLUMNS_FEW) {
        cells = calloc(column_count, sizeof *cells);
        if (cells == NULL) {
            out->failed = true;
            return SW_OK;
        }
    }
    sw_status status = pin(group, columns, column_count, err);
    if (status == SW_OK) {
        for (uint32_t i = 0; i < column_count; i++) {
            start_cell(&cells[i], group->chunk[columns[i]]);
        }
        put_rows(out, cells, column_count, select, first, first + count);
        unpin(group, columns, column_count);
    }
    if (cells != few) {
        free(cells);
    }
    return status;
}

/* -- rows from anywhere ---------------------------------------------------------------------- */

/* A row here and a row there: what costs is waiting for memory, so the cells of rows that come soon
 * are asked for early; setting up writers anew for each row would cost as much again. */
struct sw_csv_gather {
    const struct sw_version *version;
    const uint32_t *columns;
    uint32_t column_count;
    uint32_t groups_kept;   /* of which the writers are kept, CELLS_KEPT at most */
    uint32_t pinned;        /* groups whose chunks are */
    bool *is_pinned;        /* [version->groups]; owned */
    struct cell **of_group; /* [version->groups] NULL: not set up; owned each */
    struct cell *loose;     /* [column_count] of a group that is not kept; owned */
    const struct sw_rowgroup *loose_group;
};

sw_status sw_csv_gather_new(const struct sw_version *version, const uint32_t *columns,
                            uint32_t column_count, struct sw_csv_gather **gather)
{
    sw_assert(column_count > 0);
    struct sw_csv_gather *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->version = version;
    made->columns = columns;
    made->column_count = column_count;
    made->of_group = calloc(version->groups + (size_t)1, sizeof(struct cell *));
    made->loose = calloc(column_count, sizeof *made->loose);
    made->is_pinned = calloc(version->groups + (size_t)1, sizeof *made->is_pinned);
    if (made->of_group == NULL || made->loose == NULL || made->is_pinned == NULL) {
        sw_csv_gather_free(made);
        return SW_NO_MEMORY;
    }
    *gather = made;
    return SW_OK;
}

void sw_csv_gather_free(struct sw_csv_gather *gather)
{
    if (gather == NULL) {
        return;
    }
    sw_csv_gather_leave(gather);
    for (uint32_t i = 0; gather->of_group != NULL && i < gather->version->groups; i++) {
        free(gather->of_group[i]);
    }
    free(gather->of_group);
    free(gather->is_pinned);
    free(gather->loose);
    free(gather);
}

void sw_csv_gather_leave(struct sw_csv_gather *gather)
{
    for (uint32_t i = 0; gather != NULL && gather->pinned > 0; i++) {
        if (gather->is_pinned[i]) {
            gather->is_pinned[i] = false;
            gather->pinned--;
            unpin(gather->version->group[i], gather->columns, gather->column_count);
        }
    }
}

/* Where memory is short, what is pinned here may be what is in the way. */
static sw_status pin_group(struct sw_csv_gather *gather, uint32_t index, struct sw_err *err)
{
    const struct sw_rowgroup *group = gather->version->group[index];
    sw_status status = pin(group, gather->columns, gather->column_count, err);
    if ((status == SW_NO_MEMORY || status == SW_LIMIT) && gather->pinned > 0) {
        sw_csv_gather_leave(gather);
        status = pin(group, gather->columns, gather->column_count, err);
    }
    gather->is_pinned[index] = status == SW_OK;
    gather->pinned += status == SW_OK;
    return status;
}

static void start_cells(const struct sw_csv_gather *gather, const struct sw_rowgroup *group,
                        struct cell *cells)
{
    for (uint32_t i = 0; i < gather->column_count; i++) {
        sw_assert(gather->columns[i] < group->columns);
        start_cell(&cells[i], group->chunk[gather->columns[i]]);
    }
}

/* The writers of a group: kept ones, or those for groups beyond what is kept. */
static struct cell *cells_of(struct sw_csv_gather *gather, uint32_t index)
{
    const struct sw_rowgroup *group = gather->version->group[index];
    if (gather->of_group[index] != NULL) {
        return gather->of_group[index];
    }
    if ((uint64_t)(gather->groups_kept + 1) * gather->column_count <= CELLS_KEPT) {
        struct cell *cells = calloc(gather->column_count, sizeof *cells);
        if (cells != NULL) {
            start_cells(gather, group, cells);
            gather->of_group[index] = cells;
            gather->groups_kept++;
            return cells;
        }
    }
    if (gather->loose_group != group) {
        start_cells(gather, group, gather->loose);
        gather->loose_group = group;
    }
    return gather->loose;
}

static void fetch_row(const struct sw_csv_gather *gather, uint32_t index, uint32_t row)
{
    const struct sw_rowgroup *group = gather->version->group[index];
    for (uint32_t i = 0; gather->is_pinned[index] && i < gather->column_count; i++) {
        const struct sw_chunk *chunk = group->chunk[gather->columns[i]];
        const size_t width = chunk->encoding == SW_ENC_TEXT ? sizeof(uint32_t) : chunk->width;
        if (width > 0) {
            __builtin_prefetch((const char *)chunk->data + row * width);
        }
        if (chunk->valid != NULL) {
            __builtin_prefetch(&chunk->valid[row >> 6]);
        }
    }
}

sw_status sw_csv_gather_rows(struct sw_csv_gather *gather, const uint64_t *positions,
                             uint32_t count, struct sw_buf *out, struct sw_err *err)
{
    sw_assert(count <= SW_CSV_GATHER_MAX);
    uint32_t group[SW_CSV_GATHER_MAX];
    uint32_t row[SW_CSV_GATHER_MAX];
    struct csv csv = {.row_room = (size_t)gather->column_count * ROOM_CELL, .out = out};
    char *at = sw_buf_reserve(out, csv.row_room);
    sw_status status = SW_OK;
    if (at == NULL) {
        return SW_OK;
    }
    csv.end = out->data + out->capacity;
    for (uint32_t i = 0; i < count; i++) {
        sw_version_locate(gather->version, positions[i], &group[i], &row[i]);
    }
    for (uint32_t i = 0; i < count && i < ROWS_AHEAD; i++) {
        fetch_row(gather, group[i], row[i]);
    }
    for (uint32_t i = 0; i < count && make_room(&csv, &at, 0); i++) {
        if (i + ROWS_AHEAD < count) {
            fetch_row(gather, group[i + ROWS_AHEAD], row[i + ROWS_AHEAD]);
        }
        status = gather->is_pinned[group[i]] ? SW_OK : pin_group(gather, group[i], err);
        if (status != SW_OK) {
            break;
        }
        at = put_row(&csv, cells_of(gather, group[i]), gather->column_count, row[i], at);
    }
    if (!out->failed) {
        sw_assert(at <= csv.end);
        out->length = (size_t)(at - out->data);
    }
    return status;
}

void sw_encode_csv_header(struct sw_buf *out, const struct sw_schema *schema,
                          const uint32_t *columns, uint32_t column_count)
{
    struct csv csv = {.row_room = ROOM_CELL, .out = out};
    char *at = sw_buf_reserve(out, csv.row_room);
    if (at == NULL) {
        return;
    }
    csv.end = out->data + out->capacity;
    for (uint32_t i = 0; i < column_count && !out->failed; i++) {
        sw_assert(columns[i] < schema->columns);
        at = put_text(&csv, sw_span_text(schema->column[columns[i]].name), at);
        *at++ = i + 1 < column_count ? ',' : '\n';
    }
    if (!out->failed) {
        out->length = (size_t)(at - out->data);
    }
}
