/* The dictionary against a plain list of strings. */
#include "table/dict.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "support/test.h"

static struct sw_dict *new_dict(struct sw_budget *budget)
{
    struct sw_dict *dict;
    assert_int_equal(sw_dict_new(budget, &dict, NULL), SW_OK);
    return dict;
}

static uint32_t intern(struct sw_dict *dict, const char *data, size_t length)
{
    uint32_t code;
    sw_dict_write_begin(dict);
    assert_int_equal(sw_dict_intern(dict, sw_span_of(data, length), &code), SW_OK);
    sw_dict_write_end(dict);
    return code;
}

static void codes_are_given_in_the_order_of_first_sight(void **state)
{
    (void)state;
    struct sw_dict *dict = new_dict(NULL);

    assert_int_equal(intern(dict, "figs", 4), 0);
    assert_int_equal(intern(dict, "", 0), 1);
    assert_int_equal(intern(dict, "figs", 4), 0);
    assert_int_equal(intern(dict, "figs\0", 5), 2);
    assert_int_equal(intern(dict, NULL, 0), 1);
    assert_int_equal(sw_dict_count(dict), 3);
    assert_int_equal(sw_dict_find(dict, sw_span_of("figs\0", 5)), 2);
    assert_int_equal(sw_dict_find(dict, sw_span_text("fig")), SW_DICT_NONE);
    assert_int_equal(sw_dict_at(dict, 2).length, 5);
    sw_dict_unref(dict);
}

static void a_settled_dictionary_takes_less_and_knows_all_it_knew(void **state)
{
    (void)state;
    struct sw_budget budget;
    sw_budget_init(&budget, "memory", 1 << 20, NULL);
    struct sw_dict *dict = new_dict(&budget);
    for (unsigned i = 0; i < 5000; i++) {
        char text[32];
        int length = snprintf(text, sizeof(text), "a street of name %u", i);
        assert_int_equal(intern(dict, text, (size_t)length), (int)i);
    }
    size_t before = sw_dict_bytes(dict);
    sw_dict_settle(dict);
    size_t settled = sw_dict_bytes(dict);
    budget.limit = (int64_t)settled; /* no room for slots: found all the same */

    assert_true(settled < before / 2);
    assert_int_equal(sw_dict_find(dict, sw_span_text("a street of name 4321")), 4321);
    assert_int_equal(sw_dict_find(dict, sw_span_text("a street of no name")), SW_DICT_NONE);
    assert_int_equal(sw_dict_bytes(dict), settled);
    budget.limit = 1 << 20;
    assert_int_equal(sw_dict_find(dict, sw_span_text("a street of name 77")), 77);
    assert_int_equal(sw_dict_bytes(dict), before);
    assert_int_equal(intern(dict, "new", 3), 5000);
    sw_dict_unref(dict);
}

/* A string of 0 to 40 bytes from a small alphabet, so that many are alike but for one byte. */
static struct sw_span random_text(struct test_random *random, char *into)
{
    size_t length = test_random_below(random, test_random_once_in(random, 3) ? 41 : 19);
    for (size_t i = 0; i < length; i++) {
        into[i] =
            (char)("\0a\xff"[test_random_once_in(random, 8) ? test_random_below(random, 3) : 1]);
    }
    return sw_span_of(into, length);
}

static void each_string_keeps_one_code_and_its_bytes(void **state)
{
    (void)state;
    enum { ROUNDS = 20000 };
    struct test_random random;
    test_random_init(&random, test_seed());
    struct sw_budget budget;
    sw_budget_init(&budget, "memory", 1 << 30, NULL);
    struct sw_dict *dict = new_dict(&budget);
    char(*seen)[48] = calloc(ROUNDS, sizeof(*seen));
    size_t *lengths = calloc(ROUNDS, sizeof(*lengths));

    for (uint32_t i = 0; i < ROUNDS; i++) {
        char bytes[48];
        struct sw_span text = random_text(&random, bytes);
        if (test_random_once_in(&random, 100)) {
            sw_dict_settle(dict);
        }
        uint32_t known = sw_dict_find(dict, text);
        uint32_t before = sw_dict_count(dict);
        uint32_t code = intern(dict, text.data, text.length);
        if (known == SW_DICT_NONE) {
            assert_int_equal(code, before);
            memcpy(seen[code], text.data, text.length);
            lengths[code] = text.length;
        } else {
            assert_int_equal(code, known);
            assert_int_equal(sw_dict_count(dict), before);
        }
    }
    for (uint32_t code = 0; code < sw_dict_count(dict); code++) {
        assert_true(sw_span_equal(sw_dict_at(dict, code), sw_span_of(seen[code], lengths[code])));
        assert_int_equal(sw_dict_find(dict, sw_span_of(seen[code], lengths[code])), code);
    }
    assert_int_equal(sw_budget_used(&budget), sw_dict_bytes(dict));
    sw_dict_unref(dict);
    assert_int_equal(sw_budget_used(&budget), 0);
    free(seen);
    free(lengths);
}

static void many_strings_at_once_get_the_same_codes_as_one_by_one(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    struct sw_dict *one = new_dict(NULL);
    struct sw_dict *all = new_dict(NULL);
    static char bytes[COUNT][16];
    static struct sw_span texts[COUNT];
    static uint32_t codes[COUNT];
    size_t done;
    for (size_t i = 0; i < COUNT; i++) {
        int length = snprintf(bytes[i], sizeof(bytes[i]), "%zu", i * i % 3001);
        texts[i] = sw_span_of(bytes[i], (size_t)length);
    }

    sw_dict_write_begin(all);
    assert_int_equal(sw_dict_intern_all(all, texts, COUNT, codes, &done), SW_OK);
    assert_true(sw_dict_is_writer(all));
    sw_dict_write_end(all);

    assert_false(sw_dict_is_writer(all));
    assert_int_equal(done, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(codes[i], intern(one, texts[i].data, texts[i].length));
    }
    sw_dict_unref(one);
    sw_dict_unref(all);
}

static void ranks_are_places_in_byte_order(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    struct sw_dict *dict = new_dict(NULL);
    for (int i = 0; i < 300; i++) {
        char bytes[48];
        struct sw_span text = random_text(&random, bytes);
        intern(dict, text.data, text.length);
    }
    uint32_t count = sw_dict_count(dict);

    const uint32_t *few = sw_dict_ranks(dict, count / 2);
    const uint32_t *ranks = sw_dict_ranks(dict, count);

    assert_ptr_equal(ranks, sw_dict_ranks(dict, count));
    assert_ptr_equal(few, sw_dict_ranks(dict, count / 2));
    for (uint32_t a = 0; a < count; a++) {
        uint32_t below = 0;
        uint32_t below_few = 0;
        for (uint32_t b = 0; b < count; b++) {
            bool is_below = sw_span_compare(sw_dict_at(dict, b), sw_dict_at(dict, a)) < 0;
            below += is_below;
            below_few += is_below && b < count / 2;
        }
        assert_int_equal(ranks[a], below);
        if (a < count / 2) {
            assert_int_equal(few[a], below_few);
        }
    }
    sw_dict_unref(dict);
}

static void a_full_budget_is_a_limit_and_leaves_the_dictionary_whole(void **state)
{
    (void)state;
    struct sw_budget budget;
    sw_budget_init(&budget, "session-memory", 20000, NULL);
    struct sw_dict *dict = new_dict(&budget);
    uint32_t code = 0;
    sw_status status = SW_OK;
    uint32_t good = 0;
    char bytes[16];

    sw_dict_write_begin(dict);
    while (status == SW_OK && good < 100000) {
        int length = snprintf(bytes, sizeof(bytes), "%u", good);
        status = sw_dict_intern(dict, sw_span_of(bytes, (size_t)length), &code);
        good += status == SW_OK;
    }
    sw_dict_write_end(dict);

    assert_int_equal(status, SW_LIMIT);
    assert_int_equal(sw_dict_count(dict), good);
    assert_true(sw_budget_used(&budget) <= 20000);
    for (uint32_t i = 0; i < good; i++) {
        int length = snprintf(bytes, sizeof(bytes), "%u", i);
        assert_int_equal(sw_dict_find(dict, sw_span_of(bytes, (size_t)length)), i);
    }
    sw_dict_unref(dict);
    assert_int_equal(sw_budget_used(&budget), 0);
}

static void *read_what_was_published(void *argument)
{
    struct sw_dict *dict = argument;
    uint32_t count = 0;
    while (count < 20000) {
        count = sw_dict_count(dict);
        for (uint32_t code = count > 64 ? count - 64 : 0; code < count; code++) {
            char bytes[16];
            int length = snprintf(bytes, sizeof(bytes), "%u", code);
            struct sw_span expected = sw_span_of(bytes, (size_t)length);
            sw_assert(sw_span_equal(sw_dict_at(dict, code), expected));
        }
        sw_assert(sw_dict_find(dict, sw_span_text("absent")) == SW_DICT_NONE);
    }
    return NULL;
}

static void readers_see_whole_strings_while_a_writer_adds(void **state)
{
    (void)state;
    struct sw_dict *dict = new_dict(NULL);
    pthread_t reader;
    assert_int_equal(pthread_create(&reader, NULL, read_what_was_published, dict), 0);

    for (uint32_t i = 0; i < 20000; i++) {
        char bytes[16];
        int length = snprintf(bytes, sizeof(bytes), "%u", i);
        assert_int_equal(intern(dict, bytes, (size_t)length), i);
    }

    assert_int_equal(pthread_join(reader, NULL), 0);
    sw_dict_unref(dict);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_given_in_the_order_of_first_sight),
        cmocka_unit_test(a_settled_dictionary_takes_less_and_knows_all_it_knew),
        cmocka_unit_test(each_string_keeps_one_code_and_its_bytes),
        cmocka_unit_test(many_strings_at_once_get_the_same_codes_as_one_by_one),
        cmocka_unit_test(ranks_are_places_in_byte_order),
        cmocka_unit_test(a_full_budget_is_a_limit_and_leaves_the_dictionary_whole),
        cmocka_unit_test(readers_see_whole_strings_while_a_writer_adds),
    };
    return cmocka_run_group_tests_name("table/dict", tests, NULL, NULL);
}
