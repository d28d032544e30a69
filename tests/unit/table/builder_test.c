/* Builder and chunk: what goes in comes out, in the narrowest encoding, with a true zone. */
#include "table/builder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/look.h"
#include "support/test.h"

static struct sw_budget budget;

static int set_up(void **state)
{
    (void)state;
    sw_budget_init(&budget, "memory", INT64_C(1) << 32, NULL);
    return 0;
}

/* Every test gives all memory back. */
static int tear_down(void **state)
{
    (void)state;
    return sw_budget_used(&budget) == 0 ? 0 : -1;
}

static struct sw_builder *new_builder(enum sw_type type, struct sw_dict *dict)
{
    struct sw_builder *builder;
    assert_int_equal(sw_builder_new(type, dict, &budget, &builder, NULL), SW_OK);
    return builder;
}

static struct sw_chunk *seal(struct sw_builder *builder)
{
    struct sw_chunk *chunk;
    assert_int_equal(sw_builder_seal(builder, &chunk, NULL), SW_OK);
    assert_int_equal(builder->rows, 0);
    assert_int_equal(chunk->refs, 1);
    return chunk;
}

static bool is_same(const struct sw_value *a, const struct sw_value *b)
{
    if (a->is_null || b->is_null) {
        return a->is_null == b->is_null;
    }
    if (a->type == SW_TYPE_STRING) {
        return sw_span_equal(a->u.s, b->u.s);
    }
    return a->u.i == b->u.i; /* doubles by their bits */
}

/* Zone by the plain definition. */
static void check_zone(const struct sw_chunk *chunk, const struct sw_value *values)
{
    uint32_t nulls = 0;
    uint32_t nans = 0;
    bool is_ascending = true;
    const struct sw_value *min = NULL;
    const struct sw_value *max = NULL;
    for (uint32_t i = 0; i < chunk->rows; i++) {
        const struct sw_value *v = &values[i];
        bool is_nan = v->type == SW_TYPE_FLOAT && !v->is_null && isnan(v->u.f);
        nulls += v->is_null;
        nans += is_nan;
        if (v->is_null || is_nan) {
            is_ascending = false;
            continue;
        }
        is_ascending = is_ascending && (i == 0 || sw_value_compare(v, v - 1) >= 0);
        min = min == NULL || sw_value_compare(v, min) < 0 ? v : min;
        max = max == NULL || sw_value_compare(v, max) > 0 ? v : max;
    }
    assert_int_equal(chunk->zone.nulls, nulls);
    assert_int_equal(chunk->zone.nans, nans);
    assert_int_equal(chunk->zone.has_values, min != NULL);
    if (chunk->type == SW_TYPE_STRING) {
        return;
    }
    assert_int_equal(chunk->zone.is_ascending, is_ascending);
    if (min != NULL && chunk->type == SW_TYPE_FLOAT) {
        assert_true(chunk->zone.min_f == min->u.f);
        assert_true(chunk->zone.max_f == max->u.f);
    } else if (min != NULL) {
        assert_int_equal(chunk->zone.min_i, min->u.i);
        assert_int_equal(chunk->zone.max_i, max->u.i);
        assert_true(chunk->zone.min_f == (double)min->u.i);
        assert_true(chunk->zone.max_f == (double)max->u.i);
    }
}

static struct sw_chunk *check_round_trip(struct sw_builder *builder, const struct sw_value *values,
                                         uint32_t rows)
{
    for (uint32_t i = 0; i < rows; i++) {
        assert_int_equal(sw_builder_value(builder, &values[i]), SW_OK);
    }
    struct sw_chunk *chunk = seal(builder);
    assert_int_equal(chunk->rows, rows);
    assert_true((test_look(chunk)->valid != NULL) == (chunk->zone.nulls > 0));
    for (uint32_t i = 0; i < rows; i++) {
        struct sw_value back = test_cell(chunk, i);
        if (!is_same(&back, &values[i])) {
            fail_msg("row %u of %u came back changed (encoding %d, width %u, scale %u)", i, rows,
                     (int)chunk->encoding, chunk->width, chunk->scale);
        }
    }
    for (uint32_t i = rows; test_look(chunk)->valid != NULL && i < (rows + 63) / 64 * 64; i++) {
        assert_int_equal(test_look(chunk)->valid[i / 64] >> (i % 64) & 1, 0);
    }
    check_zone(chunk, values);
    return chunk;
}

static int64_t random_int(struct test_random *random, unsigned kind, uint32_t i)
{
    switch (kind % 7) {
    case 0:
        return 7;
    case 1:
        return test_random_between(random, -100, 155);
    case 2:
        return test_random_between(random, 1000000, 1065535);
    case 3:
        return test_random_between(random, -5, (INT64_C(1) << 32) - 6);
    case 4:
        return (int64_t)test_random_bits(random);
    case 5:
        return (int64_t)i * 3 - 1000;
    default:
        return test_random_once_in(random, 2) ? INT64_MIN : INT64_MAX;
    }
}

static double random_float(struct test_random *random, unsigned kind)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY, -0.0, 1e300, 5e-324, 0x1p51, 0x1p53};
    double cents = (double)test_random_between(random, -5000, 60000) / 100;
    switch (kind % 8) {
    case 0:
        return 2.5;
    case 1:
        return cents;
    case 2:
        return (double)test_random_between(random, -1000000000, 1000000000) / 1e9;
    case 3:
        return test_random_unit(random) * 1e6;
    case 4:
        return test_random_once_in(random, 1000) ? odd[test_random_below(random, 8)] : cents;
    case 5:
        return odd[test_random_below(random, 8)];
    case 6:
        return (double)test_random_between(random, -(INT64_C(1) << 51), INT64_C(1) << 51);
    default:
        return test_random_once_in(random, 3000) ? cents + 1e-9 : cents;
    }
}

static void numbers_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    struct sw_value *values = calloc(SW_CHUNK_ROWS, sizeof(*values));
    struct sw_builder *ints = new_builder(SW_TYPE_INT, NULL);
    struct sw_builder *floats = new_builder(SW_TYPE_FLOAT, NULL);
    for (unsigned round = 0; round < 120; round++) {
        bool is_float = test_random_once_in(&random, 2);
        unsigned kind = (unsigned)test_random_below(&random, 100);
        uint64_t null_share = test_random_below(&random, 4); /* none, all, half, few */
        uint32_t rows = (uint32_t)test_random_below(
                            &random, test_random_once_in(&random, 8) ? SW_CHUNK_ROWS : 300) +
                        1;
        for (uint32_t i = 0; i < rows; i++) {
            values[i] = (struct sw_value){.type = is_float ? SW_TYPE_FLOAT : SW_TYPE_INT};
            values[i].is_null =
                null_share > 0 && test_random_once_in(&random, null_share < 3 ? null_share : 50);
            if (is_float) {
                values[i].u.f = random_float(&random, kind);
            } else {
                values[i].u.i = random_int(&random, kind, i);
            }
        }

        sw_chunk_unref(check_round_trip(is_float ? floats : ints, values, rows));
    }
    sw_builder_free(ints);
    sw_builder_free(floats);
    free(values);
}

static struct sw_chunk *chunk_of_floats(const double *values, uint32_t n)
{
    struct sw_builder *builder = new_builder(SW_TYPE_FLOAT, NULL);
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(sw_builder_float(builder, values[i]), SW_OK);
    }
    struct sw_chunk *chunk = seal(builder);
    sw_builder_free(builder);
    return chunk;
}

static void check_float_encoding(const double *values, uint32_t n, enum sw_encoding encoding,
                                 unsigned width, unsigned scale)
{
    struct sw_chunk *chunk = chunk_of_floats(values, n);
    assert_int_equal(chunk->encoding, encoding);
    assert_int_equal(chunk->width, width);
    assert_int_equal(chunk->scale, scale);
    sw_chunk_unref(chunk);
}

static void floats_are_decimals_only_where_every_bit_comes_back(void **state)
{
    (void)state;
    const double whole[] = {1, 2, 250};
    const double cents[] = {0.01, 655.36};
    const double nano[] = {0.123456789, 1};
    const double constant[] = {-12.5, -12.5};
    const double not_a_number[] = {1, NAN};
    const double negative_zero[] = {1, -0.0};
    const double infinite[] = {1, INFINITY};
    const double third[] = {1, 1.0 / 3};
    const double wide[] = {0, 0x1p51 - 1};

    check_float_encoding(whole, 3, SW_ENC_DECIMAL, 1, 0);
    check_float_encoding(cents, 2, SW_ENC_DECIMAL, 2, 2);
    check_float_encoding(nano, 2, SW_ENC_DECIMAL, 4, 9);
    check_float_encoding(constant, 2, SW_ENC_DECIMAL, 0, 1);
    check_float_encoding(not_a_number, 2, SW_ENC_FLOAT, 8, 0);
    check_float_encoding(negative_zero, 2, SW_ENC_FLOAT, 8, 0);
    check_float_encoding(infinite, 2, SW_ENC_FLOAT, 8, 0);
    check_float_encoding(third, 2, SW_ENC_FLOAT, 8, 0);
    check_float_encoding(wide, 2, SW_ENC_FLOAT, 8, 0);
}

static void integers_take_the_width_of_their_range(void **state)
{
    (void)state;
    static const struct {
        int64_t low, high;
        unsigned width;
    } cases[] = {
        {5, 5, 0},
        {-128, 127, 1},
        {-128, 128, 2},
        {INT64_MAX - 65535, INT64_MAX, 2},
        {0, 65536, 4},
        {INT64_MIN, INT64_MIN + UINT32_MAX, 4},
        {0, INT64_C(1) << 32, 8},
        {INT64_MIN, INT64_MAX, 8},
    };
    struct sw_builder *builder = new_builder(SW_TYPE_TIMESTAMP, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(sw_builder_int(builder, cases[i].high), SW_OK);
        assert_int_equal(sw_builder_int(builder, cases[i].low), SW_OK);

        struct sw_chunk *chunk = seal(builder);

        assert_int_equal(chunk->width, cases[i].width);
        assert_int_equal(test_cell(chunk, 0).u.i, cases[i].high);
        assert_int_equal(test_cell(chunk, 1).u.i, cases[i].low);
        sw_chunk_unref(chunk);
    }
    sw_builder_free(builder);
}

static void strings_come_out_as_they_went_in_coded_or_plain(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    static char bytes[2000][24];
    struct sw_value *values = calloc(2000, sizeof(*values));
    for (unsigned round = 0; round < 40; round++) {
        struct sw_dict *dict = NULL;
        bool is_coded = round % 2 == 0;
        uint64_t distinct = test_random_below(&random, 600) + 1;
        if (is_coded) {
            assert_int_equal(sw_dict_new(&budget, &dict, NULL), SW_OK);
        }
        struct sw_builder *builder = new_builder(SW_TYPE_STRING, dict);
        uint32_t rows = (uint32_t)test_random_below(&random, 2000) + 1;
        for (uint32_t i = 0; i < rows; i++) {
            int length =
                snprintf(bytes[i], sizeof(bytes[i]), "%*u", (int)test_random_below(&random, 20) + 1,
                         (unsigned)test_random_below(&random, distinct));
            values[i] = (struct sw_value){.type = SW_TYPE_STRING,
                                          .is_null = test_random_once_in(&random, 9)};
            values[i].u.s = sw_span_of(bytes[i], (size_t)length);
        }

        struct sw_chunk *chunk = check_round_trip(builder, values, rows);

        assert_int_equal(chunk->encoding, is_coded ? SW_ENC_DICT : SW_ENC_TEXT);
        sw_builder_free(builder);
        sw_dict_unref(dict);
        sw_chunk_unref(chunk);
    }
    free(values);
}

static void codes_take_the_width_of_the_highest_in_the_chunk(void **state)
{
    (void)state;
    static const uint32_t distinct[] = {1, 256, 257, 65536};
    static const unsigned width[] = {1, 1, 2, 2};
    for (size_t k = 0; k < 4; k++) {
        struct sw_dict *dict;
        assert_int_equal(sw_dict_new(&budget, &dict, NULL), SW_OK);
        struct sw_builder *builder = new_builder(SW_TYPE_STRING, dict);
        for (uint32_t i = 0; i < distinct[k]; i++) {
            char text[16];
            snprintf(text, sizeof(text), "%u", i);
            assert_int_equal(sw_builder_text(builder, sw_span_text(text)), SW_OK);
        }

        struct sw_chunk *chunk = seal(builder);

        assert_int_equal(chunk->width, width[k]);
        assert_int_equal(chunk->dict_count, distinct[k]);
        sw_chunk_unref(chunk);
        sw_builder_free(builder);
        sw_dict_unref(dict);
    }
}

static void a_column_of_nulls_alone_has_no_values(void **state)
{
    (void)state;
    struct sw_dict *dict;
    assert_int_equal(sw_dict_new(&budget, &dict, NULL), SW_OK);
    struct sw_builder *builder = new_builder(SW_TYPE_STRING, dict);
    for (unsigned i = 0; i < 70; i++) {
        assert_int_equal(sw_builder_null(builder, SW_NULL_EMPTY), SW_OK);
    }

    struct sw_chunk *chunk = seal(builder);

    assert_int_equal(chunk->dict_count, 0);
    assert_int_equal(chunk->zone.nulls, 70);
    assert_false(chunk->zone.has_values);
    assert_null(test_look(chunk)->null_spelling);
    assert_true(test_cell(chunk, 69).is_null);
    sw_chunk_unref(chunk);
    sw_builder_free(builder);
    sw_dict_unref(dict);
}

static void the_spelling_of_a_null_is_kept(void **state)
{
    (void)state;
    struct sw_builder *builder = new_builder(SW_TYPE_STRING, NULL);
    assert_int_equal(sw_builder_null(builder, SW_NULL_EMPTY), SW_OK);
    assert_int_equal(sw_builder_text(builder, sw_span_text("x")), SW_OK);
    assert_int_equal(sw_builder_null(builder, SW_NULL_N_A), SW_OK);

    struct sw_chunk *first = seal(builder);
    assert_int_equal(sw_builder_null(builder, SW_NULL_EMPTY), SW_OK);
    assert_int_equal(sw_builder_null(builder, SW_NULL_NONE), SW_OK);
    struct sw_chunk *second = seal(builder);

    assert_int_equal(test_look(first)->null_spelling[0], SW_NULL_EMPTY);
    assert_int_equal(test_look(first)->null_spelling[2], SW_NULL_N_A);
    assert_string_equal(sw_null_spellings[test_look(first)->null_spelling[2]], "N/A");
    assert_int_equal(test_look(second)->null_spelling[0], SW_NULL_EMPTY);
    assert_int_equal(test_look(second)->null_spelling[1], SW_NULL_NONE);
    sw_chunk_unref(first);
    sw_chunk_unref(second);
    sw_builder_free(builder);
}

static void a_column_of_unlike_strings_leaves_its_dictionary(void **state)
{
    (void)state;
    struct sw_dict *dict;
    assert_int_equal(sw_dict_new(&budget, &dict, NULL), SW_OK);
    struct sw_builder *builder = new_builder(SW_TYPE_STRING, dict);
    struct sw_chunk *chunk[3];
    for (unsigned k = 0; k < 3; k++) {
        for (unsigned i = 0; i < SW_CHUNK_ROWS; i++) {
            char text[16];
            snprintf(text, sizeof(text), "%u/%u", k, i);
            assert_int_equal(sw_builder_text(builder, sw_span_text(text)), SW_OK);
        }
        assert_true(sw_builder_is_full(builder));
        chunk[k] = seal(builder);
    }

    assert_int_equal(chunk[0]->encoding, SW_ENC_DICT);
    assert_int_equal(chunk[1]->encoding, SW_ENC_DICT);
    assert_int_equal(chunk[2]->encoding, SW_ENC_TEXT);
    assert_true(sw_span_equal(test_cell(chunk[1], 77).u.s, sw_span_text("1/77")));
    assert_true(sw_span_equal(test_cell(chunk[2], 77).u.s, sw_span_text("2/77")));
    for (unsigned k = 0; k < 3; k++) {
        sw_chunk_unref(chunk[k]);
    }
    sw_builder_free(builder);
    sw_dict_unref(dict);
}

static void a_full_dictionary_turns_the_open_rows_plain(void **state)
{
    (void)state;
    struct sw_budget small;
    sw_budget_init(&small, "session-memory", 16000, &budget);
    struct sw_dict *dict;
    assert_int_equal(sw_dict_new(&small, &dict, NULL), SW_OK);
    struct sw_builder *builder = new_builder(SW_TYPE_STRING, dict);
    static char bytes[1000][8];
    static struct sw_span texts[1000];
    for (unsigned i = 0; i < 1000; i++) {
        texts[i] = sw_span_of(bytes[i], (size_t)snprintf(bytes[i], sizeof(bytes[i]), "%u", i));
    }

    assert_int_equal(sw_builder_null(builder, SW_NULL_NA), SW_OK);
    assert_int_equal(sw_builder_texts(builder, texts, 1000), SW_OK);
    struct sw_chunk *chunk = seal(builder);

    assert_null(builder->dict);
    assert_int_equal(chunk->encoding, SW_ENC_TEXT);
    assert_int_equal(chunk->rows, 1001);
    assert_true(test_is_null(chunk, 0));
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(sw_span_equal(test_cell(chunk, i + 1).u.s, texts[i]));
    }
    sw_chunk_unref(chunk);
    sw_builder_free(builder);
    sw_dict_unref(dict);
    assert_int_equal(sw_budget_used(&small), 0);
}

static void a_seal_over_the_budget_keeps_the_rows(void **state)
{
    (void)state;
    struct sw_budget small;
    struct sw_err err = {0};
    struct sw_builder *builder;
    struct sw_chunk *chunk;
    sw_budget_init(&small, "session-memory", SW_CHUNK_ROWS * 8 + SW_CHUNK_ROWS / 8 + 100, &budget);
    assert_int_equal(sw_builder_new(SW_TYPE_INT, NULL, &small, &builder, NULL), SW_OK);
    assert_int_equal(sw_builder_int(builder, 1), SW_OK);
    assert_int_equal(sw_builder_int(builder, 2), SW_OK);

    assert_int_equal(sw_builder_seal(builder, &chunk, &err), SW_LIMIT);
    assert_string_equal(err.limit, "session-memory");
    assert_int_equal(builder->rows, 2);
    small.limit *= 2;
    assert_int_equal(sw_builder_seal(builder, &chunk, &err), SW_OK);

    assert_int_equal(chunk->rows, 2);
    assert_int_equal(test_cell(chunk, 1).u.i, 2);
    sw_chunk_unref(chunk);
    sw_builder_free(builder);
    assert_int_equal(sw_budget_used(&small), 0);
}

static void a_chunk_lives_until_its_last_reference_goes(void **state)
{
    (void)state;
    struct sw_builder *builder = new_builder(SW_TYPE_INT, NULL);
    assert_int_equal(sw_builder_int(builder, 1), SW_OK);
    struct sw_chunk *one = seal(builder);
    assert_int_equal(sw_builder_int(builder, 1), SW_OK);
    struct sw_chunk *two = seal(builder);
    sw_builder_free(builder);

    assert_true(one->id != two->id);
    assert_ptr_equal(sw_chunk_ref(one), one);
    sw_chunk_unref(one);
    assert_int_equal(test_cell(one, 0).u.i, 1);
    sw_chunk_unref(one);
    sw_chunk_unref(two);
    sw_chunk_unref(NULL);
}

/* Bits of every kind: whole numbers and doubles that no narrower form holds. */
static int64_t wide_bits(uint32_t chunk, uint32_t row)
{
    return (int64_t)(((uint64_t)chunk << 16 | row) * 0x9e3779b97f4a7c15u);
}

/* A full chunk of eight bytes a value takes the builder's array: what follows must not reach it. */
static void a_full_chunk_of_wide_numbers_is_left_alone_by_the_next(void **state)
{
    (void)state;
    static const enum sw_type types[] = {SW_TYPE_INT, SW_TYPE_FLOAT};
    for (size_t t = 0; t < 2; t++) {
        struct sw_builder *builder = new_builder(types[t], NULL);
        struct sw_chunk *chunk[3];
        for (uint32_t c = 0; c < 3; c++) {
            for (uint32_t row = 0; row < SW_CHUNK_ROWS; row++) {
                struct sw_value value = {.type = types[t], .is_null = row % 7 == c};
                value.u.i = wide_bits(c, row);
                assert_int_equal(sw_builder_value(builder, &value), SW_OK);
            }
            chunk[c] = seal(builder);
            assert_int_equal(chunk[c]->width, 8);
        }
        for (uint32_t c = 0; c < 3; c++) {
            for (uint32_t row = 0; row < SW_CHUNK_ROWS; row++) {
                struct sw_value value = test_cell(chunk[c], row);
                assert_int_equal(value.is_null, row % 7 == c);
                assert_true(value.is_null || value.u.i == wide_bits(c, row));
            }
            sw_chunk_unref(chunk[c]);
        }
        sw_builder_free(builder);
    }
}

static void a_bound_of_zero_is_the_first_zero_of_the_rows(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        bool is_minus = i % 2 == 1;
        double other = i < 2 ? 1.5 : -1.5; /* zero is the least, or the most */
        struct sw_builder *builder = new_builder(SW_TYPE_FLOAT, NULL);
        for (uint32_t row = 0; row < 100; row++) {
            double zero = (row == 13) == is_minus ? -0.0 : 0.0;
            double value = row < 13 ? (double)NAN : row % 2 == 0 ? other : zero;
            assert_int_equal(sw_builder_float(builder, value), SW_OK);
        }
        struct sw_chunk *chunk = seal(builder);
        assert_int_equal(chunk->zone.nans, 13);
        double bound = i < 2 ? chunk->zone.min_f : chunk->zone.max_f;
        assert_true(bound == 0 && (signbit(bound) != 0) == is_minus);
        assert_true((i < 2 ? chunk->zone.max_f : chunk->zone.min_f) == other);
        sw_chunk_unref(chunk);
        sw_builder_free(builder);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(numbers_come_out_as_they_went_in),
        TEST(floats_are_decimals_only_where_every_bit_comes_back),
        TEST(integers_take_the_width_of_their_range),
        TEST(strings_come_out_as_they_went_in_coded_or_plain),
        TEST(codes_take_the_width_of_the_highest_in_the_chunk),
        TEST(a_column_of_nulls_alone_has_no_values),
        TEST(the_spelling_of_a_null_is_kept),
        TEST(a_column_of_unlike_strings_leaves_its_dictionary),
        TEST(a_full_dictionary_turns_the_open_rows_plain),
        TEST(a_seal_over_the_budget_keeps_the_rows),
        TEST(a_full_chunk_of_wide_numbers_is_left_alone_by_the_next),
        TEST(a_bound_of_zero_is_the_first_zero_of_the_rows),
        TEST(a_chunk_lives_until_its_last_reference_goes),
    };
    return cmocka_run_group_tests_name("table/builder", tests, NULL, NULL);
}
