#include "support/test.h"

#include <string.h>

#include "base/status.h"
#include "base/utf8.h"

static void a_failure_fills_the_error_and_returns_its_status(void **state)
{
    (void)state;
    struct sw_err err;
    memset(&err, 0x5a, sizeof err);
    assert_int_equal(sw_fail(&err, SW_NO_TABLE, "there is no table `%s`", "t"), SW_NO_TABLE);
    assert_int_equal(err.status, SW_NO_TABLE);
    assert_string_equal(err.message, "there is no table `t`");
    assert_false(err.has_position);
    assert_string_equal(err.limit, "");
    assert_int_equal(err.version, 0);
    assert_int_equal(sw_fail(NULL, SW_TYPE, "nobody reads %d", 1), SW_TYPE);
}

static void a_limit_says_its_name_value_and_hint(void **state)
{
    (void)state;
    struct sw_err err;
    assert_int_equal(sw_fail_limit(&err, "bins", 100000, 65536, "use fewer bins"), SW_LIMIT);
    assert_string_equal(err.message, "over the limit bins: 100000, at most 65536: use fewer bins");
    assert_string_equal(err.limit, "bins");
    assert_string_equal(err.hint, "use fewer bins");
    assert_true(err.limit_value == 100000 && err.limit_allowed == 65536);
    assert_int_equal(sw_fail_limit(NULL, "bins", 1, 0, ""), SW_LIMIT);
}

static void a_message_that_is_too_long_is_cut_between_characters(void **state)
{
    (void)state;
    static const char *const characters[] = {"x", "é", "€", "😀"};
    for (size_t kind = 0; kind < 4; kind++) {
        for (size_t lead = 0; lead < 4; lead++) {
            char text[2 * SW_ERR_MESSAGE_MAX] = "";
            memset(text, '.', lead);
            while (strlen(text) < SW_ERR_MESSAGE_MAX + 50) {
                strcat(text, characters[kind]);
            }
            struct sw_err err;
            (void)sw_fail(&err, SW_PARAMS, "%s", text);
            size_t length = strlen(err.message);
            assert_true(length >= SW_ERR_MESSAGE_MAX - 4 && length < SW_ERR_MESSAGE_MAX);
            assert_true(sw_utf8_is_valid(sw_span_text(err.message)));
            assert_memory_equal(err.message, text, length);
        }
    }
}

static void a_message_that_just_fits_is_whole(void **state)
{
    (void)state;
    char text[SW_ERR_MESSAGE_MAX] = "";
    memset(text, 'a', SW_ERR_MESSAGE_MAX - 4);
    strcat(text, "€");
    struct sw_err err;
    (void)sw_fail(&err, SW_PARAMS, "%s", text);
    assert_string_equal(err.message, text);
}

static void every_status_has_a_name_a_code_and_an_http_status(void **state)
{
    (void)state;
    for (int i = 0; i < SW_STATUS_COUNT; i++) {
        sw_status status = (sw_status)i;
        assert_true(strlen(sw_status_name(status)) > 0);
        assert_true((sw_status_code(status) == 0) == (status == SW_OK || status == SW_AGAIN));
        assert_true(sw_status_http(status) >= 200 && sw_status_http(status) < 600);
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(sw_status_name(status), sw_status_name((sw_status)k));
        }
    }
    assert_int_equal(sw_status_code(SW_LIMIT), -32050);
    assert_int_equal(sw_status_http(SW_UNKNOWN_TOKEN), 401);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_fills_the_error_and_returns_its_status),
        cmocka_unit_test(a_limit_says_its_name_value_and_hint),
        cmocka_unit_test(a_message_that_is_too_long_is_cut_between_characters),
        cmocka_unit_test(a_message_that_just_fits_is_whole),
        cmocka_unit_test(every_status_has_a_name_a_code_and_an_http_status),
    };
    return cmocka_run_group_tests_name("base/status", tests, NULL, NULL);
}
