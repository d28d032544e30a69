#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"
#include "support/look.h"
#include "table/builder.h"
#include "table/datetime.h"
#include "table/table.h"
#include "wire/encode.h"

#define COLUMNS_MAX 24

static void must(sw_status status)
{
    assert_int_equal(status, SW_OK);
}

/* -- the plain twin -------------------------------------------------------------------- */

static void twin_text(struct sw_buf *out, struct sw_span text)
{
    bool is_quoted = memchr(text.data, ',', text.length) || memchr(text.data, '"', text.length) ||
                     memchr(text.data, '\n', text.length) || memchr(text.data, '\r', text.length);
    for (size_t i = 0; i < SW_NULL_SPELLINGS; i++) {
        is_quoted = is_quoted || sw_span_equal(text, sw_span_text(sw_null_spellings[i]));
    }
    if (!is_quoted) {
        sw_buf_put(out, text.data, text.length);
        return;
    }
    sw_buf_put_byte(out, '"');
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '"') {
            sw_buf_put_byte(out, '"');
        }
        sw_buf_put_byte(out, text.data[i]);
    }
    sw_buf_put_byte(out, '"');
}

static void twin_cell(struct sw_buf *out, const struct sw_chunk *chunk, uint32_t row)
{
    struct sw_value value = test_cell(chunk, row);
    char text[64];
    struct sw_span kept;
    if (sw_exceptions_find(test_look(chunk)->exceptions, row, &kept)) {
        twin_text(out, kept);
        return;
    }
    if (value.is_null) {
        uint8_t spelling =
            test_look(chunk)->null_spelling == NULL ? 0 : test_look(chunk)->null_spelling[row];
        sw_buf_put_text(out, sw_null_spellings[spelling]);
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
        twin_text(out, value.u.s);
        break;
    case SW_TYPE_DATE:
        (void)sw_date_format(value.u.i, text);
        sw_buf_put_text(out, text);
        break;
    case SW_TYPE_TIMESTAMP:
        (void)sw_timestamp_format(value.u.i, text);
        sw_buf_put_text(out, text);
        break;
    case SW_TYPE_COUNT:
        fail();
    }
}

static void twin_rows(struct sw_buf *out, const struct sw_rowgroup *group, const uint32_t *columns,
                      uint32_t count, const uint64_t *select, uint32_t first, uint32_t rows)
{
    for (uint32_t row = first; row < first + rows; row++) {
        if (select != NULL && (select[row / 64] >> (row % 64) & 1) == 0) {
            continue;
        }
        for (uint32_t i = 0; i < count; i++) {
            twin_cell(out, group->chunk[columns[i]], row);
            sw_buf_put_byte(out, i + 1 < count ? ',' : '\n');
        }
    }
}

/* -- random tables ---------------------------------------------------------------------- */

static struct sw_span random_text(struct test_random *random, char *into, size_t most)
{
    static const char *const words[] = {"",      "NA",  "N/A",   "NULL", "null", "None", "none",
                                        "na",    "nul", "Nones", "\"",   ",",    "\n",   "\r",
                                        "a\"\"", "é",   " x ",   "N",    "n",    "No"};
    if (test_random_once_in(random, 3)) {
        const char *word = words[test_random_below(random, sizeof words / sizeof words[0])];
        return sw_span_text(word);
    }
    size_t length = test_random_below(random, most);
    bool is_odd = test_random_once_in(random, 4);
    for (size_t i = 0; i < length; i++) {
        into[i] = (char)('a' + test_random_below(random, 26));
        if (is_odd && test_random_once_in(random, 10)) {
            into[i] = ",\"\n\r\t #"[test_random_below(random, 7)];
        }
    }
    return sw_span_of(into, length);
}

static double random_float(struct test_random *random, unsigned kind)
{
    static const double odd[] = {0,     -0.0,    INFINITY, -INFINITY, NAN,
                                 1e300, -5e-324, 1e16,     1e15,      0.1,
                                 1e-6,  1e-7,    -1,       1e21,      123456789012345678.0};
    if (kind == 0) {
        return odd[test_random_below(random, sizeof odd / sizeof odd[0])];
    }
    if (kind == 1) {
        return test_random_unit(random) * 1000 - 500;
    }
    unsigned scale = kind - 2;
    int64_t most = (int64_t)pow(10, (double)test_random_between(random, 1, 15));
    int64_t mantissa = test_random_between(random, -most, most);
    return mantissa == 0 ? 0 : (double)mantissa / pow(10, scale);
}

static int64_t random_int(struct test_random *random, enum sw_type type, unsigned bits)
{
    int64_t value = (int64_t)test_random_bits(random) >> (63 - bits);
    switch (type) {
    case SW_TYPE_BOOL:
        return value & 1;
    case SW_TYPE_DATE:
        return value % 3652059 - 719162;
    case SW_TYPE_TIMESTAMP:
        return test_random_once_in(random, 2) ? value % 253402300800000
                                              : value % 253402300800000 / 1000 * 1000;
    default:
        return value;
    }
}

static struct sw_chunk *random_chunk(struct test_random *random, uint32_t rows)
{
    enum sw_type type = (enum sw_type)test_random_below(random, SW_TYPE_COUNT);
    struct sw_dict *dict = NULL;
    if (type == SW_TYPE_STRING && test_random_once_in(random, 2)) {
        must(sw_dict_new(NULL, &dict, NULL));
    }
    struct sw_builder *builder;
    must(sw_builder_new(type, dict, NULL, &builder, NULL));
    uint64_t nulls = test_random_below(random, 4);
    unsigned kind = (unsigned)test_random_below(random, 12);
    unsigned bits = (unsigned)test_random_below(random, 64);
    char text[4000];
    size_t most = test_random_once_in(random, 8) ? sizeof text : 40;
    const bool has_exceptions = type != SW_TYPE_STRING && test_random_once_in(random, 2);
    for (uint32_t row = 0; row < rows; row++) {
        if (has_exceptions && test_random_once_in(random, 20)) {
            must(sw_builder_exception(builder, random_text(random, text, most)));
        } else if (nulls > 0 && test_random_once_in(random, nulls * nulls)) {
            must(sw_builder_null(
                builder, (enum sw_null_spelling)test_random_below(random, SW_NULL_SPELLINGS)));
        } else if (type == SW_TYPE_STRING) {
            must(sw_builder_text(builder, random_text(random, text, most)));
        } else if (type == SW_TYPE_FLOAT) {
            must(sw_builder_float(builder, random_float(random, kind)));
        } else {
            must(sw_builder_int(builder, random_int(random, type, bits)));
        }
    }
    struct sw_chunk *chunk;
    must(sw_builder_seal(builder, &chunk, NULL));
    sw_builder_free(builder);
    sw_dict_unref(dict);
    return chunk;
}

static struct sw_rowgroup *random_group(struct test_random *random)
{
    struct sw_chunk *chunks[COLUMNS_MAX];
    uint32_t columns = (uint32_t)test_random_between(random, 1, COLUMNS_MAX);
    uint32_t rows = (uint32_t)test_random_between(random, 1, 300);
    for (uint32_t i = 0; i < columns; i++) {
        chunks[i] = random_chunk(random, rows);
    }
    struct sw_rowgroup *group;
    must(sw_rowgroup_take(columns, chunks, 0, NULL, &group));
    return group;
}

static void check_equal(const struct sw_buf *fast, const struct sw_buf *plain)
{
    assert_false(fast->failed);
    size_t at = 0;
    while (at < fast->length && at < plain->length && fast->data[at] == plain->data[at]) {
        at++;
    }
    if (at < fast->length || at < plain->length) {
        size_t from = at < 30 ? 0 : at - 30;
        fail_msg("differ at byte %zu: ...%.*s, plain twin ...%.*s", at,
                 (int)(fast->length - from > 80 ? 80 : fast->length - from), fast->data + from,
                 (int)(plain->length - from > 80 ? 80 : plain->length - from), plain->data + from);
    }
}

static void random_rows_come_out_as_the_plain_twin_writes_them(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 400; round++) {
        struct sw_rowgroup *group = random_group(&random);
        uint32_t columns[COLUMNS_MAX];
        uint32_t count = (uint32_t)test_random_between(&random, 1, COLUMNS_MAX);
        for (uint32_t i = 0; i < count; i++) {
            columns[i] = (uint32_t)test_random_below(&random, group->columns);
        }
        uint64_t select[5];
        for (size_t i = 0; i < 5; i++) {
            select[i] = test_random_bits(&random);
        }
        uint64_t *chosen = test_random_once_in(&random, 2) ? select : NULL;
        uint32_t first = (uint32_t)test_random_below(&random, group->rows + 1);
        uint32_t rows = (uint32_t)test_random_below(&random, group->rows - first + 1);
        struct sw_buf fast, plain;
        sw_buf_init(&fast);
        sw_buf_init(&plain);
        sw_buf_put_text(&fast, "before\n");
        sw_buf_put_text(&plain, "before\n");

        must(sw_encode_csv_rows(&fast, group, columns, count, chosen, first, rows, NULL));
        twin_rows(&plain, group, columns, count, chosen, first, rows);

        check_equal(&fast, &plain);
        sw_buf_fini(&fast);
        sw_buf_fini(&plain);
        sw_rowgroup_unref(group);
    }
}

#define GATHER_GROUPS  5
#define GATHER_COLUMNS 3

/* A version whose groups have chunks of any types: the writer asks the chunks, not the schema. */
static struct sw_version *random_version(struct test_random *random)
{
    static const char *const names[GATHER_COLUMNS] = {"a", "b", "c"};
    static const enum sw_type types[GATHER_COLUMNS] = {SW_TYPE_INT, SW_TYPE_INT, SW_TYPE_INT};
    struct sw_schema *schema;
    struct sw_rowgroup *group[GATHER_GROUPS];
    struct sw_version *version;
    must(sw_schema_new(GATHER_COLUMNS, names, types, &schema));
    for (int g = 0; g < GATHER_GROUPS; g++) {
        struct sw_chunk *chunks[GATHER_COLUMNS];
        uint32_t rows = (uint32_t)test_random_between(random, 1, 200);
        for (int c = 0; c < GATHER_COLUMNS; c++) {
            chunks[c] = random_chunk(random, rows);
        }
        must(sw_rowgroup_take(GATHER_COLUMNS, chunks, 0, NULL, &group[g]));
    }
    must(sw_version_new(1, schema, GATHER_GROUPS, group, 0, &version));
    for (int g = 0; g < GATHER_GROUPS; g++) {
        sw_rowgroup_unref(group[g]);
    }
    sw_schema_unref(schema);
    return version;
}

static void rows_gathered_from_anywhere_come_out_as_the_plain_twin_writes_them(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 150; round++) {
        struct sw_version *version = random_version(&random);
        const uint32_t columns[] = {2, 0, 1, 2};
        struct sw_csv_gather *gather = NULL;
        struct sw_buf fast, plain;
        sw_buf_init(&fast);
        sw_buf_init(&plain);
        must(sw_csv_gather_new(version, columns, 4, &gather));
        for (int part = 0; part < 4; part++) {
            uint64_t positions[SW_CSV_GATHER_MAX];
            uint32_t count = (uint32_t)test_random_below(&random, SW_CSV_GATHER_MAX + 1);
            for (uint32_t i = 0; i < count; i++) {
                uint32_t g;
                uint32_t row;
                positions[i] = test_random_below(&random, version->rows);
                sw_version_locate(version, positions[i], &g, &row);
                twin_rows(&plain, version->group[g], columns, 4, NULL, row, 1);
            }
            must(sw_csv_gather_rows(gather, positions, count, &fast, NULL));
        }

        check_equal(&fast, &plain);
        sw_csv_gather_free(gather);
        sw_buf_fini(&fast);
        sw_buf_fini(&plain);
        sw_version_unref(version);
    }
}

/* One column of texts written, as a string. */
static void assert_column(const struct sw_span *texts, size_t count, bool has_dict,
                          const char *expected)
{
    struct sw_dict *dict = NULL;
    struct sw_builder *builder;
    struct sw_chunk *chunk;
    struct sw_rowgroup *group;
    if (has_dict) {
        must(sw_dict_new(NULL, &dict, NULL));
    }
    must(sw_builder_new(SW_TYPE_STRING, dict, NULL, &builder, NULL));
    for (size_t i = 0; i < count; i++) {
        must(texts[i].data == NULL ? sw_builder_null(builder, (enum sw_null_spelling)i)
                                   : sw_builder_text(builder, texts[i]));
    }
    must(sw_builder_seal(builder, &chunk, NULL));
    must(sw_rowgroup_take(1, &chunk, 0, NULL, &group));
    struct sw_buf out;
    sw_buf_init(&out);

    must(sw_encode_csv_rows(&out, group, (uint32_t[]){0}, 1, NULL, 0, group->rows, NULL));

    assert_int_equal(out.length, strlen(expected));
    assert_memory_equal(out.data, expected, out.length);
    sw_buf_fini(&out);
    sw_rowgroup_unref(group);
    sw_builder_free(builder);
    sw_dict_unref(dict);
}

static void quotes_stand_where_rfc_4180_wants_them_and_nowhere_else(void **state)
{
    (void)state;
    const struct sw_span texts[] = {
        sw_span_text("plain"),
        sw_span_text("a,b"),
        sw_span_text("say \"hi\""),
        sw_span_text("two\nlines"),
        sw_span_text("carriage\rreturn"),
        sw_span_text(" blanks kept "),
        sw_span_text("'single'"),
        sw_span_text("seventeen letters,"),
        sw_span_text(",seventeen letters"),
        sw_span_text("\""),
        sw_span_text("tab\there"),
        sw_span_text("=1+1"),
    };
    const char *expected =
        "plain\n\"a,b\"\n\"say \"\"hi\"\"\"\n\"two\nlines\"\n\"carriage\rreturn\"\n"
        " blanks kept \n'single'\n\"seventeen letters,\"\n"
        "\",seventeen letters\"\n\"\"\"\"\ntab\there\n=1+1\n";
    assert_column(texts, 12, false, expected);
    assert_column(texts, 12, true, expected);
}

static void a_null_keeps_its_spelling_and_a_text_that_looks_like_one_is_quoted(void **state)
{
    (void)state;
    const struct sw_span texts[] = {
        {NULL, 0},
        {NULL, 0},
        {NULL, 0},
        {NULL, 0},
        {NULL, 0},
        {NULL, 0},
        sw_span_text(""),
        sw_span_text("NA"),
        sw_span_text("N/A"),
        sw_span_text("NULL"),
        sw_span_text("null"),
        sw_span_text("None"),
        sw_span_text("none"),
        sw_span_text("nAn"),
    };
    assert_column(
        texts, 14, false,
        "\nNA\nN/A\nNULL\nnull\nNone\n\"\"\n\"NA\"\n\"N/A\"\n\"NULL\"\n\"null\"\n\"None\"\n"
        "none\nnAn\n");
}

static void a_special_byte_is_found_at_every_place_of_every_length(void **state)
{
    (void)state;
    char text[70];
    char expected[160];
    for (size_t length = 1; length < 66; length++) {
        for (size_t at = 0; at < length; at++) {
            for (const char *special = ",\"\n\r"; *special != '\0'; special++) {
                memset(text, 'x', length);
                text[at] = *special;
                text[length] = '\0';
                const char *twice = *special == '"' ? "\"" : "";
                (void)snprintf(expected, sizeof expected, "\"%.*s%s%s\"\n", (int)at, text, twice,
                               text + at);
                struct sw_span span = sw_span_of(text, length);
                assert_column(&span, 1, false, expected);
            }
        }
    }
}

static void the_header_quotes_names_as_needed(void **state)
{
    (void)state;
    const char *const names[] = {"id", "a,b", "say \"x\"", "", "größe", "two\nlines"};
    const enum sw_type types[] = {SW_TYPE_INT, SW_TYPE_INT, SW_TYPE_INT,
                                  SW_TYPE_INT, SW_TYPE_INT, SW_TYPE_INT};
    struct sw_schema *schema;
    must(sw_schema_new(6, names, types, &schema));
    struct sw_buf out;
    sw_buf_init(&out);

    sw_encode_csv_header(&out, schema, (uint32_t[]){5, 0, 1, 2, 3, 4}, 6);

    const char *expected = "\"two\nlines\",id,\"a,b\",\"say \"\"x\"\"\",\"\",größe\n";
    assert_int_equal(out.length, strlen(expected));
    assert_memory_equal(out.data, expected, out.length);
    sw_buf_fini(&out);
    sw_schema_unref(schema);
}

static void thousands_of_columns_are_written_in_order(void **state)
{
    (void)state;
    enum { WIDE = 4096 };
    struct sw_builder *builder;
    must(sw_builder_new(SW_TYPE_INT, NULL, NULL, &builder, NULL));
    struct sw_chunk **chunks = calloc(WIDE, sizeof(struct sw_chunk *));
    uint32_t *columns = calloc(WIDE, sizeof *columns);
    for (uint32_t i = 0; i < WIDE; i++) {
        must(sw_builder_int(builder, (int64_t)i * 1000003));
        must(sw_builder_seal(builder, &chunks[i], NULL));
        columns[i] = i;
    }
    struct sw_rowgroup *group;
    must(sw_rowgroup_take(WIDE, chunks, 0, NULL, &group));
    struct sw_buf fast, plain;
    sw_buf_init(&fast);
    sw_buf_init(&plain);

    must(sw_encode_csv_rows(&fast, group, columns, WIDE, NULL, 0, 1, NULL));
    twin_rows(&plain, group, columns, WIDE, NULL, 0, 1);

    check_equal(&fast, &plain);
    sw_buf_fini(&fast);
    sw_buf_fini(&plain);
    sw_rowgroup_unref(group);
    sw_builder_free(builder);
    free(chunks);
    free(columns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_stand_where_rfc_4180_wants_them_and_nowhere_else),
        cmocka_unit_test(a_null_keeps_its_spelling_and_a_text_that_looks_like_one_is_quoted),
        cmocka_unit_test(a_special_byte_is_found_at_every_place_of_every_length),
        cmocka_unit_test(the_header_quotes_names_as_needed),
        cmocka_unit_test(thousands_of_columns_are_written_in_order),
        cmocka_unit_test(random_rows_come_out_as_the_plain_twin_writes_them),
        cmocka_unit_test(rows_gathered_from_anywhere_come_out_as_the_plain_twin_writes_them),
    };
    return cmocka_run_group_tests_name("wire/csv_write", tests, NULL, NULL);
}
