#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static void what_is_put_in_any_pieces_comes_out_in_order(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    char *plain = malloc(200000);
    size_t length = 0;
    struct sw_buf buf;
    sw_buf_init(&buf);
    while (length < 150000) {
        char piece[5000];
        size_t size = test_random_below(&random, test_random_once_in(&random, 20) ? 5000 : 30);
        for (size_t i = 0; i < size; i++) {
            piece[i] = (char)test_random_bits(&random);
        }
        sw_buf_put(&buf, piece, size);
        memcpy(plain + length, piece, size);
        length += size;
        if (test_random_once_in(&random, 4)) {
            sw_buf_put_byte(&buf, 'x');
            plain[length++] = 'x';
        }
    }
    assert_false(buf.failed);
    assert_int_equal(buf.length, length);
    assert_memory_equal(buf.data, plain, length);
    sw_buf_fini(&buf);
    free(plain);
}

static void texts_numbers_and_formats_are_appended(void **state)
{
    (void)state;
    struct sw_buf buf;
    sw_buf_init(&buf);
    sw_buf_put_text(&buf, "a");
    sw_buf_put_text(&buf, "");
    sw_buf_put_int(&buf, INT64_MIN);
    sw_buf_put_byte(&buf, ' ');
    sw_buf_put_float(&buf, -0.5);
    sw_buf_put_float(&buf, INFINITY);
    sw_buf_printf(&buf, "%s-%05d", "b", 42);
    sw_buf_printf(&buf, "%s", "");
    sw_buf_put_byte(&buf, '\0');
    assert_string_equal(buf.data, "a-9223372036854775808 -0.5Infinityb-00042");
    sw_buf_fini(&buf);
}

static void a_long_format_grows_the_buffer(void **state)
{
    (void)state;
    struct sw_buf buf;
    sw_buf_init(&buf);
    sw_buf_printf(&buf, "%0*d", 10000, 7);
    assert_int_equal(buf.length, 10000);
    assert_int_equal(buf.data[9999], '7');
    sw_buf_fini(&buf);
}

static void a_size_that_cannot_be_fails_and_drops_what_follows(void **state)
{
    (void)state;
    struct sw_buf buf;
    sw_buf_init(&buf);
    sw_buf_put_text(&buf, "kept");
    assert_null(sw_buf_reserve(&buf, SIZE_MAX));
    assert_true(buf.failed);
    sw_buf_put_text(&buf, "dropped");
    sw_buf_put_int(&buf, 5);
    sw_buf_printf(&buf, "%d", 5);
    assert_int_equal(buf.length, 4);
    sw_buf_clear(&buf);
    assert_false(buf.failed);
    sw_buf_put_text(&buf, "anew");
    assert_memory_equal(buf.data, "anew", 4);
    sw_buf_fini(&buf);
}

static void a_reserve_counts_nothing_and_a_clear_keeps_the_memory(void **state)
{
    (void)state;
    struct sw_buf buf;
    sw_buf_init(&buf);
    char *room = sw_buf_reserve(&buf, 1000);
    memset(room, 'r', 1000);
    assert_int_equal(buf.length, 0);
    buf.length = 1000;
    size_t capacity = buf.capacity;
    sw_buf_clear(&buf);
    assert_int_equal(buf.length, 0);
    assert_int_equal(buf.capacity, capacity);
    assert_ptr_equal(sw_buf_reserve(&buf, capacity), room);
    sw_buf_fini(&buf);
}

static void taken_bytes_belong_to_the_taker(void **state)
{
    (void)state;
    struct sw_buf buf;
    sw_buf_init(&buf);
    sw_buf_put_text(&buf, "mine");
    size_t length;
    char *bytes = sw_buf_take(&buf, &length);
    assert_int_equal(length, 4);
    assert_memory_equal(bytes, "mine", 4);
    assert_null(buf.data);
    assert_int_equal(buf.length, 0);
    sw_buf_put_text(&buf, "other");
    sw_buf_fini(&buf);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_in_any_pieces_comes_out_in_order),
        cmocka_unit_test(texts_numbers_and_formats_are_appended),
        cmocka_unit_test(a_long_format_grows_the_buffer),
        cmocka_unit_test(a_size_that_cannot_be_fails_and_drops_what_follows),
        cmocka_unit_test(a_reserve_counts_nothing_and_a_clear_keeps_the_memory),
        cmocka_unit_test(taken_bytes_belong_to_the_taker),
    };
    return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
