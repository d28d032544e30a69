/* Random tables, written as CSV in random ways, load as what they were. */
#include "loading.h"

#define COLUMNS_MAX 8
#define ROUNDS      150

/* How a round writes. */
struct writing {
    struct test_random random;
    char delimiter;
    const char *line_end;
    bool quotes_all;
    uint32_t columns;
    enum sw_type type[COLUMNS_MAX];
    uint64_t null_share; /* one cell in so many; 0: none */
};

static void put_quoted(struct sw_buf *csv, struct sw_span text)
{
    sw_buf_put_byte(csv, '"');
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '"') {
            sw_buf_put_byte(csv, '"');
        }
        sw_buf_put_byte(csv, text.data[i]);
    }
    sw_buf_put_byte(csv, '"');
}

static bool needs_quotes(const struct writing *how, struct sw_span text)
{
    bool is_needed = text.length <= 4; /* perhaps a null token */
    for (size_t i = 0; i < text.length; i++) {
        const char byte = text.data[i];
        is_needed |= byte == how->delimiter || byte == '\n' || byte == '\r' || byte == '"';
    }
    return is_needed;
}

static void put_field(struct writing *how, struct sw_buf *csv, struct sw_span text, bool is_string)
{
    const bool is_needed = is_string && needs_quotes(how, text);
    if (is_needed || how->quotes_all || test_random_once_in(&how->random, 5)) {
        put_quoted(csv, text);
    } else {
        sw_buf_put(csv, text.data, text.length);
    }
}

static void random_string(struct test_random *random, struct sw_buf *text)
{
    static const char *const pieces[] = {"a",    "b",  " ",  ",", ";",         "\"", "\n",
                                         "\r\n", "\r", "é",  "€", "😀",         "0",  "1",
                                         "NA",   "'",  "\t", "|", "long text "};
    const uint64_t count = test_random_below(random, 8);
    for (uint64_t i = 0; i < count; i++) {
        sw_buf_put_text(text, pieces[test_random_below(random, 19)]);
    }
}

static void put_null(struct writing *how, bool is_string, struct sw_buf *csv, struct sw_buf *want)
{
    const uint64_t spelling = test_random_below(&how->random, SW_NULL_SPELLINGS);
    sw_buf_put_text(csv, sw_null_spellings[spelling]);
    sw_buf_printf(want, "null%s%s", is_string && spelling != 0 ? " " : "",
                  is_string ? sw_null_spellings[spelling] : "");
}

/* The cell as text, and as loading.h shows it. The first row settles the type. */
static void random_cell(struct writing *how, enum sw_type type, uint64_t row, struct sw_buf *text,
                        struct sw_buf *want)
{
    char written[SW_TIMESTAMP_TEXT_MAX];
    struct test_random *random = &how->random;
    switch (type) {
    case SW_TYPE_BOOL: {
        const bool is_true = test_random_once_in(random, 2);
        sw_buf_put_text(text, is_true ? "TRUE" : "false");
        sw_buf_put_text(want, is_true ? "true" : "false");
        return;
    }
    case SW_TYPE_INT: {
        const int64_t bits = (int64_t)test_random_bits(random);
        sw_buf_put_int(text, bits >> test_random_below(random, 64));
        break;
    }
    case SW_TYPE_FLOAT: {
        const double small = (double)test_random_between(random, -99999, 99999) / 100;
        const double large = (test_random_unit(random) - 0.5) * 1e18;
        sw_buf_put_float(text, row == 0 ? 0.5 : test_random_once_in(random, 2) ? small : large);
        break;
    }
    case SW_TYPE_STRING: {
        if (row == 0) {
            sw_buf_put_text(text, "text!");
        }
        random_string(random, text);
        sw_json_put_text(want, sw_buf_peek(text));
        return;
    }
    case SW_TYPE_DATE:
        sw_date_format(test_random_between(random, -300000, 1000000), written);
        sw_buf_put_text(text, written);
        break;
    case SW_TYPE_TIMESTAMP:
        sw_timestamp_format(test_random_between(random, -10000000000000, 100000000000000), written);
        sw_buf_put_text(text, written);
        break;
    case SW_TYPE_COUNT:
        fail();
    }
    sw_buf_put(want, text->data, text->length);
}

static void put_row(struct writing *how, uint64_t row, struct sw_buf *csv, struct sw_buf *want)
{
    struct sw_buf text;
    sw_buf_init(&text);
    for (uint32_t c = 0; c < how->columns; c++) {
        const bool is_string = how->type[c] == SW_TYPE_STRING;
        sw_buf_put_text(want, c == 0 ? "row: " : " | ");
        if (c > 0) {
            sw_buf_put_byte(csv, how->delimiter);
        }
        if (row > 0 && how->null_share > 0 && test_random_once_in(&how->random, how->null_share)) {
            put_null(how, is_string, csv, want);
            continue;
        }
        sw_buf_clear(&text);
        random_cell(how, how->type[c], row, &text, want);
        put_field(how, csv, sw_buf_peek(&text), is_string);
    }
    sw_buf_put_byte(want, '\n');
    sw_buf_put_text(csv, how->line_end);
    sw_buf_fini(&text);
}

static void put_header(const struct writing *how, struct sw_buf *csv, struct sw_buf *want)
{
    sw_buf_put_text(want, "columns:");
    for (uint32_t c = 0; c < how->columns; c++) {
        if (c > 0) {
            sw_buf_put_byte(csv, how->delimiter);
        }
        sw_buf_printf(csv, "col%u", c);
        sw_buf_printf(want, "%s col%u %s", c > 0 ? " |" : "", c, sw_type_name(how->type[c]));
    }
    sw_buf_put_text(csv, how->line_end);
    sw_buf_put_byte(want, '\n');
}

static struct writing random_writing(uint64_t seed)
{
    struct writing how = {.delimiter = ','};
    test_random_init(&how.random, seed);
    how.line_end = test_random_once_in(&how.random, 3) ? "\r\n" : "\n";
    how.quotes_all = test_random_once_in(&how.random, 5);
    how.columns = 2 + (uint32_t)test_random_below(&how.random, COLUMNS_MAX - 1);
    for (uint32_t c = 0; c < how.columns; c++) {
        how.type[c] = (enum sw_type)test_random_below(&how.random, SW_TYPE_COUNT);
    }
    how.null_share = test_random_below(&how.random, 6);
    return how;
}

/* The load's answer beside the table; the cuts are of the round. */
static void check_round(uint64_t seed, uint64_t rows)
{
    struct writing how = random_writing(seed);
    struct sw_buf csv;
    struct sw_buf want;
    struct sw_buf got;
    sw_buf_init(&csv);
    sw_buf_init(&want);
    sw_buf_init(&got);
    put_header(&how, &csv, &want);
    for (uint64_t row = 0; row < rows; row++) {
        put_row(&how, row, &csv, &want);
    }
    size_t pieces[12];
    size_t at = 0;
    for (size_t i = 0; i < 12; i++) {
        at += test_random_below(&how.random, 1 + (csv.length - at) / 4);
        pieces[i] = at;
    }
    const struct loading loading = {.has_header = 1,
                                    .delimiter = how.delimiter,
                                    .pieces = pieces,
                                    .piece_count = 12,
                                    .step_bytes = 1 + test_random_below(&how.random, 1000000)};
    dump_load(csv.data, csv.length, &loading, &got);
    if (!sw_span_equal(sw_buf_peek(&want), sw_buf_peek(&got))) {
        size_t i = 0;
        while (i < want.length && i < got.length && want.data[i] == got.data[i]) {
            i++;
        }
        fail_msg("seed %" PRIu64 ", %" PRIu64 " rows, byte %zu:\nwant %.200s\ngot  %.200s", seed,
                 rows, i, want.data + (i > 50 ? i - 50 : 0), got.data + (i > 50 ? i - 50 : 0));
    }
    sw_buf_fini(&csv);
    sw_buf_fini(&want);
    sw_buf_fini(&got);
}

static void random_tables_come_back_as_they_were_written(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t rows = 1 + test_random_below(&random, round % 10 == 0 ? 6000 : 40);
        check_round(test_random_bits(&random), rows);
    }
}

static void a_random_table_of_several_row_groups_comes_back(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 3; round++) {
        check_round(test_random_bits(&random), 140000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_tables_come_back_as_they_were_written),
        cmocka_unit_test(a_random_table_of_several_row_groups_comes_back),
    };
    return cmocka_run_group_tests_name("ingest/roundtrip", tests, NULL, NULL);
}
