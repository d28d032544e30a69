/* Decoding, comparing, counting and binning against their naive twins, over chunks of every
 * encoding and width. */
#include "kernel/kernel.h"

#include <math.h>
#include <stdlib.h>

#include "kernel/batch.h"
#include "support/look.h"
#include "support/test.h"
#include "table/builder.h"

#define KINDS 14u

/* A chunk of random numbers of the kind: constant, narrow, wide, decimal, raw, sorted, skewed. */
static struct sw_chunk *random_chunk(struct test_random *random, unsigned kind, uint32_t rows)
{
    struct sw_builder *builder;
    struct sw_chunk *chunk;
    bool is_float = kind >= 7;
    bool has_nulls = test_random_once_in(random, 3);
    assert_int_equal(
        sw_builder_new(is_float ? SW_TYPE_FLOAT : SW_TYPE_INT, NULL, NULL, &builder, NULL), SW_OK);
    for (uint32_t i = 0; i < rows; i++) {
        bool is_rare = test_random_once_in(random, 10);
        const int64_t ints[] = {
            -7,
            test_random_between(random, -100, 100),
            test_random_between(random, -30000, 30000),
            test_random_between(random, 0, INT64_C(3000000000)),
            (int64_t)test_random_bits(random),
            (int64_t)i * 3,
            is_rare ? test_random_between(random, 0, 50) : 5,
        };
        const double floats[] = {
            2.5,
            (double)test_random_between(random, -128, 127) / 10,
            (double)test_random_between(random, 0, 20000) / 100,
            (double)test_random_between(random, -45000, 45000) / 10000,
            test_random_unit(random) * 1e3,
            is_rare ? (double)NAN : test_random_unit(random) - 0.5,
            is_rare ? (test_random_once_in(random, 2) ? (double)INFINITY : -0.0) : 1e-3,
        };
        if (has_nulls && is_rare) {
            assert_int_equal(sw_builder_null(builder, SW_NULL_EMPTY), SW_OK);
        } else if (is_float) {
            assert_int_equal(sw_builder_float(builder, floats[kind - 7]), SW_OK);
        } else {
            assert_int_equal(sw_builder_int(builder, ints[kind]), SW_OK);
        }
    }
    assert_int_equal(sw_builder_seal(builder, &chunk, NULL), SW_OK);
    sw_builder_free(builder);
    return chunk;
}

static double float_at(const struct sw_chunk *chunk, uint32_t row)
{
    struct sw_value value = test_cell(chunk, row);
    return chunk->type == SW_TYPE_FLOAT ? value.u.f : (double)value.u.i;
}

/* Calls `check` with chunks of every kind and vectors of them. */
static void with_vectors(void (*check)(struct test_random *, const struct sw_chunk *, uint32_t,
                                       uint32_t))
{
    struct test_random random;
    test_random_init(&random, test_seed());
    for (unsigned round = 0; round < 6; round++) {
        for (unsigned kind = 0; kind < KINDS; kind++) {
            uint32_t rows = (uint32_t)test_random_below(&random, round == 0 ? 20000 : 5000) + 1;
            struct sw_chunk *chunk = random_chunk(&random, kind, rows);
            for (uint32_t at = 0; at < rows; at += SW_VECTOR_ROWS) {
                check(&random, chunk, at, rows - at < SW_VECTOR_ROWS ? rows - at : SW_VECTOR_ROWS);
            }
            sw_chunk_unref(chunk);
        }
    }
}

/* -- decode -------------------------------------------------------------------------- */

static void check_decode(struct test_random *random, const struct sw_chunk *chunk, uint32_t start,
                         uint32_t n)
{
    double floats[SW_VECTOR_ROWS];
    int64_t ints[SW_VECTOR_ROWS];
    (void)random;
    sw_decode_floats(test_look(chunk), start, n, floats);
    if (chunk->type == SW_TYPE_INT) {
        sw_decode_ints(test_look(chunk), start, n, ints);
    }
    for (uint32_t i = 0; i < n; i++) {
        double value = float_at(chunk, start + i);
        if (test_is_null(chunk, start + i)) {
            continue;
        }
        assert_memory_equal(&floats[i], &value, sizeof(value));
        if (chunk->type == SW_TYPE_INT) {
            assert_int_equal(ints[i], test_cell(chunk, start + i).u.i);
        }
    }
}

static void a_vector_decodes_to_the_values_of_its_rows(void **state)
{
    (void)state;
    with_vectors(check_decode);
}

/* -- compare -------------------------------------------------------------------------- */

static void check_bits(const uint64_t *bits, uint32_t n)
{
    for (uint32_t i = n; i < SW_VECTOR_ROWS; i++) {
        assert_false(sw_bits_has(bits, i));
    }
}

static void check_ranges(struct test_random *random, const struct sw_chunk *chunk, uint32_t start,
                         uint32_t n)
{
    uint64_t bits[SW_VECTOR_WORDS];
    double a = float_at(chunk, start + (uint32_t)test_random_below(random, n));
    double b = float_at(chunk, start + (uint32_t)test_random_below(random, n));
    const double lows[] = {a, b, -INFINITY, nextafter(a, INFINITY), 3e300, -1e18};
    const double highs[] = {b, a, INFINITY, nextafter(b, -INFINITY), -3e300, 1e18};
    for (unsigned k = 0; k < 6; k++) {
        double low = lows[k];
        double high = highs[k];
        if (chunk->type == SW_TYPE_FLOAT) {
            sw_compare_floats(test_look(chunk), start, n, low, high, bits);
        } else {
            low = low < -9e18 ? -9e18 : low > 9e18 ? 9e18 : ceil(low);
            high = high < -9e18 ? -9e18 : high > 9e18 ? 9e18 : floor(high);
            sw_compare_ints(test_look(chunk), start, n, (int64_t)low, (int64_t)high, bits);
        }
        check_bits(bits, n);
        for (uint32_t i = 0; i < n; i++) {
            if (test_is_null(chunk, start + i)) {
                continue;
            }
            struct sw_value value = test_cell(chunk, start + i);
            bool passes = chunk->type == SW_TYPE_FLOAT
                              ? value.u.f >= low && value.u.f <= high
                              : value.u.i >= (int64_t)low && value.u.i <= (int64_t)high;
            assert_int_equal(sw_bits_has(bits, i), passes);
        }
    }
}

static void a_range_holds_just_the_rows_within_it(void **state)
{
    (void)state;
    with_vectors(check_ranges);
}

static void flags_become_bits(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (unsigned round = 0; round < 200; round++) {
        uint8_t flags[SW_VECTOR_ROWS];
        uint8_t copy[SW_VECTOR_ROWS];
        uint64_t bits[SW_VECTOR_WORDS];
        uint16_t row[SW_VECTOR_ROWS];
        uint32_t n = (uint32_t)test_random_below(&random, SW_VECTOR_ROWS) + 1;
        uint64_t share = test_random_below(&random, 4) + 1;
        for (uint32_t i = 0; i < n; i++) {
            flags[i] = test_random_once_in(&random, share);
            copy[i] = flags[i];
        }

        sw_bits_pack(flags, n, bits);

        uint32_t count = 0;
        uint32_t rows = sw_bits_rows(bits, n, row);
        check_bits(bits, n);
        for (uint32_t i = 0; i < n; i++) {
            assert_int_equal(sw_bits_has(bits, i), copy[i]);
            if (copy[i]) {
                assert_int_equal(row[count], i);
                count++;
            }
        }
        assert_int_equal(rows, count);
        assert_int_equal(sw_bits_count(bits), count);
        assert_int_equal(sw_bits_rows(NULL, n, row), n);
        assert_int_equal(row[n - 1], n - 1);
    }
}

/* -- count ----------------------------------------------------------------------------- */

static void counts_are_those_of_the_selected_rows(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (unsigned round = 0; round < 300; round++) {
        uint32_t codes = round % 2 == 0 ? 53 : 2 * SW_COUNT_WIDE;
        uint8_t narrow[SW_VECTOR_ROWS];
        uint16_t wide[SW_VECTOR_ROWS];
        uint32_t code[SW_VECTOR_ROWS];
        uint64_t select[SW_VECTOR_WORDS] = {0};
        uint64_t counts[3][2 * SW_COUNT_WIDE] = {{0}};
        uint64_t naive[2 * SW_COUNT_WIDE] = {0};
        uint32_t n = (uint32_t)test_random_below(&random, SW_VECTOR_ROWS) + 1;
        uint32_t selected = 0;
        bool is_skewed = test_random_once_in(&random, 2);
        uint64_t share = test_random_below(&random, 7);
        for (uint32_t i = 0; i < n; i++) {
            code[i] = is_skewed && !test_random_once_in(&random, 10)
                          ? 3
                          : (uint32_t)test_random_below(&random, codes);
            narrow[i] = (uint8_t)code[i];
            wide[i] = (uint16_t)code[i];
            if (share == 0 || test_random_once_in(&random, share)) {
                sw_bits_set(select, i);
                selected++;
                naive[code[i]]++;
            }
        }
        const uint64_t *rows = share == 0 ? NULL : select;

        sw_count(code, rows, n, counts[0]);
        sw_count_wide(wide, rows, selected, n, counts[1], codes);
        if (codes <= UINT8_MAX) {
            sw_count_narrow(narrow, rows, selected, n, counts[2], codes);
        }

        for (uint32_t c = 0; c < codes; c++) {
            assert_int_equal(counts[0][c], naive[c]);
            assert_int_equal(counts[1][c], naive[c]);
            assert_int_equal(counts[2][c], codes <= UINT8_MAX ? naive[c] : 0);
        }
    }
}

/* -- axes -------------------------------------------------------------------------------- */

static uint32_t naive_place(const struct sw_axis *axis, double value)
{
    if (value != value) {
        return axis->bins + 2;
    }
    if (value < axis->edges[0] || value > axis->edges[axis->bins]) {
        return value < axis->edges[0] ? 0 : axis->bins + 1;
    }
    uint32_t k = axis->bins;
    while (k > 1 && !(axis->edges[k - 1] <= value)) {
        k--;
    }
    return k;
}

static void check_places(struct test_random *random, const struct sw_chunk *chunk, uint32_t start,
                         uint32_t n)
{
    double values[SW_VECTOR_ROWS];
    uint16_t places[SW_VECTOR_ROWS];
    uint32_t table_start[SW_AXIS_TABLE_PLACES + 1];
    uint16_t *table_place = malloc(SW_AXIS_TABLE_MAX * sizeof(*table_place));
    struct sw_axis_table table = {.start = table_start, .place = table_place};
    struct sw_axis axis;
    double a = float_at(chunk, start + (uint32_t)test_random_below(random, n));
    double b = float_at(chunk, start + (uint32_t)test_random_below(random, n));
    a = isfinite(a) ? a : 0;
    b = isfinite(b) && b != a ? b : a + 1 + fabs(a);
    uint32_t bins = (uint32_t)test_random_below(random, test_random_once_in(random, 4) ? 900 : 60);
    assert_int_equal(sw_axis_init(&axis, a < b ? a : b, a < b ? b : a, bins + 1, SW_TYPE_FLOAT),
                     SW_OK);
    sw_decode_floats(test_look(chunk), start, n, values);

    sw_axis_places(&axis, values, n, places);

    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(places[i], naive_place(&axis, values[i]));
    }
    sw_axis_table_make(&table, &axis, chunk);
    if (table.is_usable) {
        sw_axis_table_places(&table, test_look(chunk), start, n, places);
        for (uint32_t i = 0; i < n; i++) {
            if (!test_is_null(chunk, start + i)) {
                assert_int_equal(places[i], naive_place(&axis, values[i]));
            }
        }
    }
    sw_axis_fini(&axis);
    free(table_place);
}

static void a_place_is_where_the_edges_say(void **state)
{
    (void)state;
    with_vectors(check_places);
}

static void values_on_and_beside_an_edge_find_their_bin(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (unsigned round = 0; round < 300; round++) {
        struct sw_axis axis;
        double low = (test_random_unit(&random) - 0.5) * pow(10, (double)(round % 30) - 10);
        double high = low + test_random_unit(&random) * pow(10, (double)(round % 7) - 3);
        high = high > low ? high : nextafter(nextafter(low, INFINITY), INFINITY);
        uint32_t bins = (uint32_t)test_random_below(&random, 400) + 1;
        assert_int_equal(sw_axis_init(&axis, low, high, bins, SW_TYPE_FLOAT), SW_OK);
        for (uint32_t k = 0; k <= bins; k++) {
            const double values[] = {axis.edges[k], nextafter(axis.edges[k], INFINITY),
                                     nextafter(axis.edges[k], -INFINITY)};
            uint16_t places[3];

            sw_axis_places(&axis, values, 3, places);

            for (unsigned i = 0; i < 3; i++) {
                assert_int_equal(places[i], naive_place(&axis, values[i]));
            }
        }
        sw_axis_fini(&axis);
    }
}

static void equal_axes_share_their_id_and_others_do_not(void **state)
{
    (void)state;
    struct sw_axis a;
    struct sw_axis b;
    struct sw_axis c;
    assert_int_equal(sw_axis_init(&a, 0, 1, 10, SW_TYPE_FLOAT), SW_OK);
    assert_int_equal(sw_axis_init(&b, 0, 1, 10, SW_TYPE_FLOAT), SW_OK);
    assert_int_equal(sw_axis_init(&c, 0, 1, 11, SW_TYPE_FLOAT), SW_OK);

    assert_true(a.id == b.id);
    assert_true(a.id != c.id);
    sw_axis_fini(&a);
    sw_axis_fini(&b);
    sw_axis_fini(&c);
}

/* -- extremes -------------------------------------------------------------------------------- */

static void the_least_and_the_greatest_are_found_among_rows_that_count(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (unsigned round = 0; round < 500; round++) {
        double values[300];
        double masked[300];
        uint64_t keep[SW_VECTOR_WORDS] = {0};
        uint32_t n = (uint32_t)test_random_below(&random, 300) + 1;
        uint32_t least_at = 0;
        uint32_t greatest_at = 0;
        double least;
        double greatest;
        for (uint32_t i = 0; i < n; i++) {
            bool is_kept = i == 0 || test_random_once_in(&random, 2);
            values[i] = i > 0 && test_random_once_in(&random, 4)
                            ? (double)NAN
                            : (double)test_random_between(&random, -400, 400) / 100;
            if (is_kept) {
                sw_bits_set(keep, i);
                least_at = values[i] < values[least_at] ? i : least_at;
                greatest_at = values[i] > values[greatest_at] ? i : greatest_at;
            }
        }

        sw_mask_floats(values, keep, n, masked);
        sw_min_max(masked, n, &least, &greatest);

        for (uint32_t i = 0; i < n; i++) {
            assert_true(sw_bits_has(keep, i) && values[i] == values[i] ? masked[i] == values[i]
                                                                       : masked[i] != masked[i]);
        }
        assert_true(least == values[least_at]);
        assert_true(greatest == values[greatest_at]);
        assert_int_equal(sw_find(masked, n, least), least_at);
        assert_int_equal(sw_find(masked, n, greatest), greatest_at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vector_decodes_to_the_values_of_its_rows),
        cmocka_unit_test(a_range_holds_just_the_rows_within_it),
        cmocka_unit_test(flags_become_bits),
        cmocka_unit_test(counts_are_those_of_the_selected_rows),
        cmocka_unit_test(a_place_is_where_the_edges_say),
        cmocka_unit_test(values_on_and_beside_an_edge_find_their_bin),
        cmocka_unit_test(equal_axes_share_their_id_and_others_do_not),
        cmocka_unit_test(the_least_and_the_greatest_are_found_among_rows_that_count),
    };
    return cmocka_run_group_tests_name("kernel/kernel", tests, NULL, NULL);
}
