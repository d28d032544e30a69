#include "support/test.h"

#include "net/tus.h"

#include <string.h>

static void numbers_are_digits_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value; /* -1: refused */
    } cases[] = {
        {"0", 0},     {"5", 5},    {"007", 7},    {"123456789012345678", 123456789012345678},
        {"", -1},     {"-5", -1},  {"+5", -1},    {"5 ", -1},
        {" 5", -1},   {"0x5", -1}, {"5,  0", -1}, {"1234567890123456789", -1},
        {"5xyz", -1}, {"1e3", -1}, {"5.0", -1},   {"\xd9\xa5", -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int64_t value = -2;

        bool is_number = sw_tus_read_number(sw_span_text(cases[i].text), &value);

        assert_int_equal(is_number, cases[i].value >= 0);
        assert_int_equal(value, cases[i].value >= 0 ? cases[i].value : -2);
    }
}

/* The slow twin: a value of six bits per character, found by looking. */
static bool decode_slowly(const char *text, size_t length, unsigned char *out, size_t *out_length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    *out_length = 0;
    if (length % 4 != 0) {
        return false;
    }
    for (size_t i = 0; i < length; i += 4) {
        int values[4];
        int padding = 0;
        for (int k = 0; k < 4; k++) {
            char c = text[i + (size_t)k];
            const char *at = c == '\0' ? NULL : strchr(digits, c);
            bool may_pad = i + 4 == length && k >= 2 && c == '=';
            if (at == NULL && !may_pad) {
                return false;
            }
            if (at != NULL && padding > 0) {
                return false;
            }
            padding += at == NULL;
            values[k] = at == NULL ? 0 : (int)(at - digits);
        }
        unsigned bits = (unsigned)(values[0] << 18 | values[1] << 12 | values[2] << 6 | values[3]);
        for (int k = 0; k < 3 - padding; k++) {
            out[(*out_length)++] = (unsigned char)(bits >> (16 - 8 * k));
        }
    }
    return true;
}

static void base64_agrees_with_its_slow_twin(void **state)
{
    (void)state;
    static const char alphabet[] = "ABab01+/=x";
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 20000; round++) {
        char text[24];
        unsigned char expected[24];
        size_t expected_length;
        size_t length = (size_t)test_random_below(&random, sizeof(text));
        for (size_t i = 0; i < length; i++) {
            bool is_tail = i + 2 >= length;
            text[i] = alphabet[test_random_below(&random, is_tail ? 10 : 8)];
        }
        struct sw_buf got;
        sw_buf_init(&got);

        bool is_good = sw_tus_decode_base64(sw_span_of(text, length), &got);

        bool should_be = decode_slowly(text, length, expected, &expected_length);
        assert_int_equal(is_good, should_be);
        assert_int_equal(got.length, should_be ? expected_length : 0);
        if (should_be && expected_length > 0) {
            assert_memory_equal(got.data, expected, expected_length);
        }
        sw_buf_fini(&got);
    }
}

static void metadata_is_pairs_of_key_and_base64(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        sw_status status;
    } cases[] = {
        {"", SW_OK},
        {"filename d29ybGQ=", SW_OK},
        {"filename d29ybGQ=,is_confidential", SW_OK},
        {"filename d29ybGQ= , types e30=", SW_OK},
        {"filename", SW_OK},
        {",", SW_PARAMS},
        {"filename d29ybGQ=,", SW_PARAMS},
        {"filename d29ybGQ", SW_PARAMS},
        {"filename world", SW_PARAMS},
        {"filename d29ybGQ= extra", SW_PARAMS},
        {"a YQ==,a Yg==", SW_PARAMS},
        {"n\xc3\xa4me YQ==", SW_PARAMS},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sw_err err = {.message = ""};

        sw_status status = sw_tus_check_metadata(sw_span_text(cases[i].text), &err);

        assert_int_equal(status, cases[i].status);
        assert_int_equal(err.message[0] != '\0', status != SW_OK);
    }
}

static void metadata_over_the_limit_names_it(void **state)
{
    (void)state;
    static char text[8193];
    memset(text, 'a', sizeof(text));
    struct sw_err err;

    sw_status at_limit = sw_tus_check_metadata(sw_span_of(text, 8192), &err);
    sw_status over = sw_tus_check_metadata(sw_span_of(text, 8193), &err);

    assert_int_equal(at_limit, SW_PARAMS); /* a key of that length */
    assert_int_equal(over, SW_LIMIT);
    assert_string_equal(err.limit, "metadata_bytes");
}

static void a_value_is_found_by_its_key_and_decoded(void **state)
{
    (void)state;
    struct sw_span metadata = sw_span_text("filename w6QuY3N2,table YQ==, empty,types e30=");
    struct sw_buf value;
    sw_buf_init(&value);

    assert_true(sw_tus_find_metadata(metadata, "filename", &value));
    assert_true(sw_span_equal(sw_buf_peek(&value), sw_span_text("\xc3\xa4.csv")));
    sw_buf_clear(&value);
    assert_true(sw_tus_find_metadata(metadata, "types", &value));
    assert_true(sw_span_equal(sw_buf_peek(&value), sw_span_text("{}")));
    sw_buf_clear(&value);
    assert_true(sw_tus_find_metadata(metadata, "empty", &value));
    assert_int_equal(value.length, 0);
    assert_false(sw_tus_find_metadata(metadata, "file", &value));
    assert_false(sw_tus_find_metadata(sw_span_text(""), "filename", &value));
    sw_buf_fini(&value);
}

static void a_checksum_names_a_known_algorithm_and_has_its_length(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        sw_status status;
        enum sw_checksum kind;
    } cases[] = {
        {"sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=", SW_OK, SW_CHECKSUM_SHA1},
        {"sha256 LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", SW_OK, SW_CHECKSUM_SHA256},
        {"sha1   qvTGHdzF6KLavt4PO0gs2a6pQ00=", SW_OK, SW_CHECKSUM_SHA1},
        {"sha256 qvTGHdzF6KLavt4PO0gs2a6pQ00=", SW_PARAMS, SW_CHECKSUM_NONE},
        {"sha1 qvTGHdzF6KLavt4PO0gs2a6pQ0", SW_PARAMS, SW_CHECKSUM_NONE},
        {"md5 kAFQmDzST7DWlj99KOF/cg==", SW_PARAMS, SW_CHECKSUM_NONE},
        {"sha1", SW_PARAMS, SW_CHECKSUM_NONE},
        {"", SW_PARAMS, SW_CHECKSUM_NONE},
        {" ", SW_PARAMS, SW_CHECKSUM_NONE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        enum sw_checksum kind = SW_CHECKSUM_NONE;
        unsigned char digest[SW_DIGEST_BYTES_MAX];

        sw_status status = sw_tus_read_checksum(sw_span_text(cases[i].text), &kind, digest, NULL);

        assert_int_equal(status, cases[i].status);
        if (status == SW_OK) {
            assert_int_equal(kind, cases[i].kind);
        }
    }
}

static void a_checksum_is_the_digest_of_hello(void **state)
{
    (void)state;
    enum sw_checksum kind;
    unsigned char digest[SW_DIGEST_BYTES_MAX];

    assert_int_equal(sw_tus_read_checksum(sw_span_text("sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00="), &kind,
                                          digest, NULL),
                     SW_OK);

    static const unsigned char sha1_of_hello[] = {0xaa, 0xf4, 0xc6, 0x1d, 0xdc, 0xc5, 0xe8,
                                                  0xa2, 0xda, 0xbe, 0xde, 0x0f, 0x3b, 0x48,
                                                  0x2c, 0xd9, 0xae, 0xa9, 0x43, 0x4d};
    assert_memory_equal(digest, sha1_of_hello, sizeof(sha1_of_hello));
}

static void dates_are_those_of_http(void **state)
{
    (void)state;
    static const struct {
        int64_t wall_ms;
        const char *text;
    } cases[] = {
        {784111777000, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {1709164799999, "Wed, 28 Feb 2024 23:59:59 GMT"},
        {1709164800000, "Thu, 29 Feb 2024 00:00:00 GMT"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char date[SW_HTTP_DATE_BYTES];

        sw_tus_put_date(date, cases[i].wall_ms);

        assert_string_equal(date, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_digits_and_nothing_else),
        cmocka_unit_test(base64_agrees_with_its_slow_twin),
        cmocka_unit_test(metadata_is_pairs_of_key_and_base64),
        cmocka_unit_test(metadata_over_the_limit_names_it),
        cmocka_unit_test(a_value_is_found_by_its_key_and_decoded),
        cmocka_unit_test(a_checksum_names_a_known_algorithm_and_has_its_length),
        cmocka_unit_test(a_checksum_is_the_digest_of_hello),
        cmocka_unit_test(dates_are_those_of_http),
    };
    return cmocka_run_group_tests_name("net/tus", tests, NULL, NULL);
}
