/* A chunk as bytes: it comes back as it was, and bytes that are not as they were never do. */
#include "world.h"

#include "spill/chunk_format.h"
#include "spill/row.h"

#define KEY 77

struct coded {
    struct sw_chunk *chunk;
    struct sw_dict *dict;
    struct sw_chunk_code code;
};

/* A chunk of a type and shape, with exceptions where asked for. */
static void make(struct coded *coded, struct test_random *random, enum sw_type type,
                 enum world_shape shape, uint32_t rows)
{
    *coded = (struct coded){0};
    if (type == SW_TYPE_STRING && shape != WORLD_WIDE) {
        assert_int_equal(sw_dict_new(NULL, &coded->dict, NULL), SW_OK);
    }
    coded->chunk = world_chunk(random, type, shape, coded->dict, NULL, rows);
    struct sw_exception_list list = {0};
    for (uint32_t i = 0; type != SW_TYPE_STRING && i < rows; i++) {
        if (test_is_null(coded->chunk, i) && test_random_once_in(random, 3)) {
            assert_int_equal(sw_exception_list_add(&list, i, sw_span_text("not one of these")),
                             SW_OK);
        }
    }
    if (list.count > 0) {
        struct sw_exceptions *exceptions;
        assert_int_equal(sw_exception_list_seal(&list, &exceptions), SW_OK);
        assert_int_equal(
            sw_chunk_take_exceptions((struct sw_chunk *)(uintptr_t)test_look(coded->chunk),
                                     exceptions, NULL),
            SW_OK);
    }
    sw_exception_list_fini(&list);
    assert_int_equal(sw_chunk_encode(test_look(coded->chunk), KEY, coded->dict != NULL ? 5 : 0,
                                     &coded->code, NULL),
                     SW_OK);
}

static void forget(struct coded *coded)
{
    sw_chunk_code_fini(&coded->code);
    sw_chunk_unref(coded->chunk);
    sw_dict_unref(coded->dict);
}

static sw_status decode(const struct coded *coded, const void *facts, size_t facts_size,
                        struct sw_span payload, struct sw_chunk **chunk, struct sw_err *err)
{
    struct sw_chunk_facts read;
    SW_TRY(sw_chunk_facts_read(sw_span_of(facts, facts_size), KEY, &read, err));
    return sw_chunk_decode(&read, KEY, payload, coded->dict, NULL, chunk, err);
}

typedef void (*visit_fn)(struct coded *coded, struct test_random *random);

/* Every type in every shape. */
static void visit_all(uint32_t rows, visit_fn visit)
{
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int type = 0; type < SW_TYPE_COUNT; type++) {
        for (int shape = 0; shape < WORLD_SHAPES; shape++) {
            struct coded coded;
            make(&coded, &random, (enum sw_type)type, (enum world_shape)shape, rows);
            visit(&coded, &random);
            forget(&coded);
        }
    }
}

static void check_round_trip(struct coded *coded, struct test_random *random)
{
    struct sw_chunk *back;
    struct sw_err err = {0};
    (void)random;
    if (decode(coded, coded->code.facts, coded->code.facts_size, coded->code.payload, &back,
               &err) != SW_OK) {
        fail_msg("%s", err.message);
    }
    world_same_chunk(coded->chunk, back);
    sw_chunk_unref(back);
}

static void every_encoding_comes_back_as_it_was(void **state)
{
    (void)state;
    visit_all(1, check_round_trip);
    visit_all(64, check_round_trip);
    visit_all(1001, check_round_trip);
    visit_all(SW_CHUNK_ROWS, check_round_trip);
}

static void check_flips(struct coded *coded, struct test_random *random)
{
    struct sw_chunk *back = NULL;
    struct sw_err err = {0};
    struct sw_span payload = coded->code.payload;
    (void)random;
    for (size_t bit = 0; bit < coded->code.facts_size * 8; bit++) {
        unsigned char facts[SW_CHUNK_FACTS_MAX];
        memcpy(facts, coded->code.facts, coded->code.facts_size);
        facts[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_int_equal(decode(coded, facts, coded->code.facts_size, payload, &back, &err),
                         SW_DAMAGED);
    }
    char *bytes = malloc(payload.length + 1);
    for (size_t bit = 0; bit < payload.length * 8; bit++) {
        memcpy(bytes, payload.data, payload.length);
        bytes[bit / 8] = (char)((unsigned char)bytes[bit / 8] ^ (1u << bit % 8));
        assert_int_equal(decode(coded, coded->code.facts, coded->code.facts_size,
                                sw_span_of(bytes, payload.length), &back, &err),
                         SW_DAMAGED);
    }
    free(bytes);
}

static void a_flipped_bit_anywhere_is_seen(void **state)
{
    (void)state;
    visit_all(70, check_flips);
}

static void check_cuts(struct coded *coded, struct test_random *random)
{
    struct sw_chunk *back = NULL;
    struct sw_err err = {0};
    struct sw_span payload = coded->code.payload;
    (void)random;
    for (size_t size = 0; size < coded->code.facts_size; size++) {
        char *facts = malloc(size + 1); /* exact, so that a read behind it is seen */
        memcpy(facts, coded->code.facts, size);
        assert_int_equal(decode(coded, facts, size, payload, &back, &err), SW_DAMAGED);
        free(facts);
    }
    for (size_t size = 0; size < payload.length; size++) {
        assert_int_equal(decode(coded, coded->code.facts, coded->code.facts_size,
                                sw_span_of(payload.data, size), &back, &err),
                         SW_DAMAGED);
    }
}

static void a_chunk_cut_anywhere_is_seen(void **state)
{
    (void)state;
    visit_all(70, check_cuts);
}

static void a_chunk_under_another_key_is_refused(void **state)
{
    struct test_random random;
    struct coded coded;
    struct sw_chunk_facts facts;
    struct sw_chunk *back;
    struct sw_err err = {0};
    (void)state;
    test_random_init(&random, test_seed());
    make(&coded, &random, SW_TYPE_INT, WORLD_NARROW, 100);
    struct sw_span bytes = sw_span_of((const char *)coded.code.facts, coded.code.facts_size);

    assert_int_equal(sw_chunk_facts_read(bytes, KEY + 1, &facts, &err), SW_DAMAGED);
    assert_int_equal(sw_chunk_facts_read(bytes, KEY, &facts, &err), SW_OK);
    assert_int_equal(sw_chunk_decode(&facts, KEY + 1, coded.code.payload, NULL, NULL, &back, &err),
                     SW_DAMAGED);
    forget(&coded);
}

static uint64_t bytes_seen;

/* Touches every value, for the address sanitizer to see. */
static void read_all_of(const struct sw_chunk *chunk)
{
    for (uint32_t i = 0; i < chunk->rows; i++) {
        struct sw_value value = test_cell(chunk, i);
        if (value.type == SW_TYPE_STRING && !value.is_null) {
            bytes_seen += sw_hash_bytes(value.u.s.data, value.u.s.length, 0);
        }
    }
}

/* Whoever writes such a file can make its hashes right, too: nothing may then be read outside of
 * what is there. */
static void check_forgeries(struct coded *coded, struct test_random *random)
{
    for (int round = 0; round < 300; round++) {
        unsigned char facts[SW_CHUNK_FACTS_MAX];
        size_t size = coded->code.facts_size;
        struct sw_span payload = coded->code.payload;
        struct sw_chunk *back = NULL;
        struct sw_err err = {0};
        char *bytes = malloc(payload.length + 1);
        memcpy(facts, coded->code.facts, size);
        if (payload.length > 0) {
            memcpy(bytes, payload.data, payload.length);
            bytes[test_random_below(random, payload.length)] = (char)test_random_bits(random);
        }
        if (test_random_once_in(random, 2)) {
            facts[5 + test_random_below(random, size - 5)] =
                (unsigned char)test_random_bits(random);
        }
        size_t at = 0;
        for (unsigned i = 0; i < facts[10] && i < SW_SECTIONS_MAX; i++) {
            unsigned char *section = facts + SW_CHUNK_FACTS_HEAD + i * SW_SECTION_HEAD;
            uint64_t stored;
            memcpy(&stored, section + 16, 8);
            if (stored <= payload.length - at) {
                uint64_t hash = sw_hash_bytes(bytes + at, stored, KEY * 8 + section[0]);
                memcpy(section + 24, &hash, 8);
                at += stored;
            }
        }
        uint64_t hash = sw_hash_bytes(facts, size - 8, KEY);
        memcpy(facts + size - 8, &hash, 8);
        if (decode(coded, facts, size, sw_span_of(bytes, payload.length), &back, &err) == SW_OK) {
            assert_int_equal(sw_chunk_check(test_look(back), &err), SW_OK);
            read_all_of(back);
            sw_chunk_unref(back);
        } else {
            assert_true(err.message[0] != '\0');
        }
        free(bytes);
    }
}

static void forged_chunks_are_refused_or_harmless(void **state)
{
    (void)state;
    visit_all(90, check_forgeries);
}

static void a_dictionary_that_lacks_entries_is_refused(void **state)
{
    struct test_random random;
    struct coded coded;
    struct sw_chunk_facts facts;
    struct sw_dict *empty;
    struct sw_chunk *back;
    struct sw_err err = {0};
    (void)state;
    test_random_init(&random, test_seed());
    make(&coded, &random, SW_TYPE_STRING, WORLD_CONSTANT, 10);
    assert_int_equal(sw_dict_new(NULL, &empty, NULL), SW_OK);
    assert_int_equal(
        sw_chunk_facts_read(sw_span_of((const char *)coded.code.facts, coded.code.facts_size), KEY,
                            &facts, &err),
        SW_OK);

    assert_int_equal(sw_chunk_decode(&facts, KEY, coded.code.payload, empty, NULL, &back, &err),
                     SW_DAMAGED);
    sw_dict_unref(empty);
    forget(&coded);
}

static void texts_are_packed_and_narrow_numbers_are_not(void **state)
{
    struct test_random random;
    struct coded coded;
    (void)state;
    test_random_init(&random, test_seed());

    make(&coded, &random, SW_TYPE_STRING, WORLD_WIDE, 5000);
    assert_true(coded.code.payload.length < coded.chunk->data_size * 8 / 10);
    forget(&coded);
    make(&coded, &random, SW_TYPE_FLOAT, WORLD_CONSTANT, 5000);
    assert_int_equal(coded.code.payload.length, 0);
    forget(&coded);
    make(&coded, &random, SW_TYPE_INT, WORLD_NARROW, 5000);
    assert_true(coded.code.payload.length >= coded.chunk->data_size);
    forget(&coded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_encoding_comes_back_as_it_was),
        cmocka_unit_test(a_flipped_bit_anywhere_is_seen),
        cmocka_unit_test(a_chunk_cut_anywhere_is_seen),
        cmocka_unit_test(a_chunk_under_another_key_is_refused),
        cmocka_unit_test(forged_chunks_are_refused_or_harmless),
        cmocka_unit_test(a_dictionary_that_lacks_entries_is_refused),
        cmocka_unit_test(texts_are_packed_and_narrow_numbers_are_not),
    };
    return cmocka_run_group_tests_name("spill/chunk", tests, NULL, NULL);
}
