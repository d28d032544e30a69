#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"

static void assert_hex(const unsigned char *bytes, size_t length, const char *expected)
{
    char text[2 * SW_SHA256_BYTES + 1];
    for (size_t i = 0; i < length; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    assert_string_equal(text, expected);
}

static void the_published_examples_come_out(void **state)
{
    (void)state;
    unsigned char sha256[SW_SHA256_BYTES];
    sw_sha256("abc", 3, sha256);
    assert_hex(sha256, sizeof sha256,
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sw_sha256(NULL, 0, sha256);
    assert_hex(sha256, sizeof sha256,
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

    struct sw_digest *digest;
    unsigned char sha1[SW_SHA1_BYTES];
    assert_int_equal(sw_digest_new(SW_DIGEST_SHA1, &digest), SW_OK);
    sw_digest_add(digest, "abc", 3);
    sw_digest_finish(digest, sha1);
    sw_digest_free(digest);
    assert_hex(sha1, sizeof sha1, "a9993e364706816aba3e25717850c26c9cd0d89d");
}

static void pieces_of_any_size_make_the_digest_of_the_whole(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    unsigned char bytes[3000];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)test_random_bits(&random);
    }
    unsigned char whole[SW_SHA256_BYTES], pieces[SW_SHA256_BYTES];
    sw_sha256(bytes, sizeof bytes, whole);
    struct sw_digest *digest;
    assert_int_equal(sw_digest_new(SW_DIGEST_SHA256, &digest), SW_OK);
    for (size_t at = 0; at < sizeof bytes;) {
        size_t size = test_random_below(&random, 200);
        size = size < sizeof bytes - at ? size : sizeof bytes - at;
        sw_digest_add(digest, bytes + at, size);
        at += size;
    }
    sw_digest_finish(digest, pieces);
    sw_digest_free(digest);
    assert_true(sw_digest_equal(whole, pieces, sizeof whole));
    pieces[31] ^= 1;
    assert_false(sw_digest_equal(whole, pieces, sizeof whole));
    assert_true(sw_digest_equal(whole, pieces, 31));
}

static void a_digest_may_be_given_up(void **state)
{
    (void)state;
    struct sw_digest *digest;
    assert_int_equal(sw_digest_new(SW_DIGEST_SHA256, &digest), SW_OK);
    sw_digest_add(digest, "x", 1);
    sw_digest_free(digest);
    sw_digest_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_examples_come_out),
        cmocka_unit_test(pieces_of_any_size_make_the_digest_of_the_whole),
        cmocka_unit_test(a_digest_may_be_given_up),
    };
    return cmocka_run_group_tests_name("base/digest", tests, NULL, NULL);
}
