/* The list of cells that do not fit, against one that is plainly written down. */
#include "support/look.h"
#include "support/test.h"
#include "table/builder.h"

#include <stdio.h>
#include <stdlib.h>

#define ROWS 3000

static void assert_same(const struct sw_exceptions *exceptions, char (*const want)[8],
                        uint32_t rows)
{
    uint32_t count = 0;
    for (uint32_t row = 0; row < rows; row++) {
        struct sw_span text = {0};
        const bool is_there = sw_exceptions_find(exceptions, row, &text);
        assert_int_equal(is_there, want[row][0] != '\0');
        assert_true(!is_there || sw_span_equal(text, sw_span_text(want[row])));
        count += is_there;
    }
    assert_int_equal(exceptions == NULL ? 0 : exceptions->count, count);
    assert_true(count > 0 || exceptions == NULL);
}

/* Rows leave, from the plain list too. */
static uint32_t squeeze(struct test_random *random, struct sw_exception_list *list, char (*want)[8])
{
    uint64_t bits[ROWS / 64 + 1] = {0};
    uint32_t kept = 0;
    for (uint32_t row = 0; row < ROWS; row++) {
        if (test_random_below(random, 3) == 0) {
            bits[row / 64] |= (uint64_t)1 << row % 64;
        } else {
            memmove(want[kept++], want[row], sizeof want[0]);
        }
    }
    sw_exception_list_squeeze(list, bits);
    return kept;
}

static void rows_are_added_dropped_moved_and_copied_as_in_a_plain_list(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 50; round++) {
        struct sw_exception_list list = {0};
        struct sw_exception_list part = {0};
        struct sw_exceptions *sealed = NULL;
        char(*want)[8] = calloc(ROWS, sizeof want[0]);
        assert_non_null(want);
        const uint64_t every = 1 + test_random_below(&random, 300);
        for (uint32_t row = 0; row < ROWS; row++) {
            if (test_random_below(&random, every) == 0) {
                snprintf(want[row], sizeof want[row], "t%u", row % 10000);
                assert_int_equal(sw_exception_list_add(&list, row, sw_span_text(want[row])), SW_OK);
            }
        }
        for (int i = 0; i < 200; i++) {
            const uint32_t row = (uint32_t)test_random_below(&random, ROWS);
            sw_exception_list_drop(&list, row);
            want[row][0] = '\0';
        }
        const uint32_t rows = squeeze(&random, &list, want);

        assert_int_equal(sw_exception_list_seal(&list, &sealed), SW_OK);
        assert_same(sealed, want, rows);

        const uint32_t start = (uint32_t)test_random_below(&random, rows);
        const uint32_t n = 1 + (uint32_t)test_random_below(&random, rows - start);
        assert_int_equal(sw_exception_list_add_from(&part, sealed, start, n, 0), SW_OK);
        sw_exceptions_free(sealed);
        assert_int_equal(sw_exception_list_seal(&part, &sealed), SW_OK);
        assert_same(sealed, want + start, n);
        sw_exceptions_free(sealed);
        sw_exception_list_fini(&list);
        sw_exception_list_fini(&part);
        free(want);
    }
}

static void a_chunk_has_its_exceptions_as_nulls_and_pays_for_them(void **state)
{
    (void)state;
    struct sw_budget budget;
    struct sw_builder *builder = NULL;
    struct sw_builder *copy = NULL;
    struct sw_chunk *chunk = NULL;
    struct sw_chunk *other = NULL;
    sw_budget_init(&budget, "memory", INT64_MAX, NULL);
    assert_int_equal(sw_builder_new(SW_TYPE_INT, NULL, &budget, &builder, NULL), SW_OK);
    assert_int_equal(sw_builder_int(builder, 5), SW_OK);
    assert_int_equal(sw_builder_exception(builder, sw_span_text("n.a.")), SW_OK);
    assert_int_equal(sw_builder_null(builder, SW_NULL_EMPTY), SW_OK);
    assert_int_equal(sw_builder_exception(builder, sw_span_text("")), SW_OK);
    assert_int_equal(sw_builder_copy(builder, &copy, NULL), SW_OK);

    assert_int_equal(sw_builder_seal(builder, &chunk, NULL), SW_OK);
    assert_int_equal(sw_builder_seal(copy, &other, NULL), SW_OK);

    struct sw_span text;
    assert_int_equal(chunk->zone.nulls, 3);
    assert_true(test_is_null(chunk, 1));
    assert_true(sw_exceptions_find(test_look(chunk)->exceptions, 1, &text));
    assert_true(sw_span_equal(text, sw_span_text("n.a.")));
    assert_false(sw_exceptions_find(test_look(chunk)->exceptions, 2, &text));
    assert_true(sw_exceptions_find(test_look(other)->exceptions, 3, &text));
    assert_int_equal(text.length, 0);
    assert_true(chunk->held_bytes > sizeof *chunk + test_look(chunk)->exceptions->size);
    assert_int_equal(sw_builder_int(builder, 7), SW_OK);
    sw_chunk_unref(chunk);
    assert_int_equal(sw_builder_seal(builder, &chunk, NULL), SW_OK);
    assert_null(test_look(chunk)->exceptions);
    sw_chunk_unref(chunk);
    sw_chunk_unref(other);
    sw_builder_free(builder);
    sw_builder_free(copy);
    assert_int_equal(sw_budget_used(&budget), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_added_dropped_moved_and_copied_as_in_a_plain_list),
        cmocka_unit_test(a_chunk_has_its_exceptions_as_nulls_and_pays_for_them),
    };
    return cmocka_run_group_tests_name("table/exceptions", tests, NULL, NULL);
}
