#include "support/test.h"

#include "base/limits.h"
#include "net/guard.h"

#include <string.h>

static struct sw_span span(const char *text)
{
    return text == NULL ? sw_span_of(NULL, 0) : sw_span_text(text);
}

/* A GET that passes, to be spoilt. */
static struct sw_header good_get(void)
{
    return (struct sw_header){
        .verb = SW_VERB_GET, .is_http11 = true, .host = sw_span_text("localhost:8080")};
}

static void a_content_length_is_digits_or_the_request_is_unframed(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "-5", "+5", "5xyz", "0x5", "5,  0", "5,  5", "99999999999999999999999", "5 5", "\x01"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct sw_header header = good_get();
        int64_t length = -1;
        header.verb = SW_VERB_PUT;
        header.content_length = span(wrong[i]);

        struct sw_refusal refusal = sw_guard_request(&header, &length);

        assert_int_equal(refusal.status, 400);
        assert_true(refusal.is_unframed);
    }
}

static void requests_are_judged_by_verb_and_framing(void **state)
{
    (void)state;
    static const struct {
        enum sw_verb verb;
        const char *length, *encoding, *expect, *host;
        int status;
    } cases[] = {
        {SW_VERB_GET, NULL, NULL, NULL, "h", 0},
        {SW_VERB_GET, "0", NULL, NULL, "h", 0},
        {SW_VERB_GET, "5", NULL, NULL, "h", 400},
        {SW_VERB_HEAD, "5", NULL, NULL, "h", 400},
        {SW_VERB_DELETE, "5", NULL, NULL, "h", 400},
        {SW_VERB_OPTIONS, "5", NULL, NULL, "h", 400},
        {SW_VERB_PUT, "5", NULL, NULL, "h", 0},
        {SW_VERB_PUT, NULL, NULL, NULL, "h", 411},
        {SW_VERB_POST, NULL, NULL, NULL, "h", 411},
        {SW_VERB_PATCH, NULL, NULL, NULL, "h", 411},
        {SW_VERB_POST, "5", "chunked", NULL, "h", 411},
        {SW_VERB_GET, NULL, "identity", NULL, "h", 411},
        {SW_VERB_PUT, "5", NULL, "100-continue", "h", 0},
        {SW_VERB_PUT, "5", NULL, "100-Continue", "h", 0},
        {SW_VERB_PUT, "5", NULL, "200-ok", "h", 417},
        {SW_VERB_GET, NULL, NULL, NULL, NULL, 400},
        {SW_VERB_GET, NULL, NULL, NULL, "a,  b", 400},
        {SW_VERB_GET, NULL, NULL, NULL, "a b", 400},
        {SW_VERB_GET, NULL, NULL, NULL, "user@h", 400},
        {SW_VERB_GET, NULL, NULL, NULL, "[::1]:8080", 0},
        {SW_VERB_OTHER, NULL, NULL, NULL, "h", 405},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sw_header header = {.verb = cases[i].verb,
                                   .is_http11 = true,
                                   .host = span(cases[i].host),
                                   .content_length = span(cases[i].length),
                                   .transfer_encoding = span(cases[i].encoding),
                                   .expect = span(cases[i].expect)};
        int64_t length;

        struct sw_refusal refusal = sw_guard_request(&header, &length);

        assert_int_equal(refusal.status, cases[i].status);
        assert_int_equal(refusal.message != NULL, cases[i].status != 0);
    }
}

static void http10_may_go_without_a_host(void **state)
{
    (void)state;
    struct sw_header header = good_get();
    int64_t length;
    header.is_http11 = false;
    header.host = sw_span_of(NULL, 0);

    assert_int_equal(sw_guard_request(&header, &length).status, 0);
}

static void only_websocket_upgrades(void **state)
{
    (void)state;
    assert_true(sw_guard_upgrade(span("websocket")));
    assert_true(sw_guard_upgrade(span("WebSocket")));
    assert_false(sw_guard_upgrade(span("websocket, h2c")));
    assert_false(sw_guard_upgrade(span("h2c")));
    assert_false(sw_guard_upgrade(span("foo")));
    assert_false(sw_guard_upgrade(span("")));
    assert_false(sw_guard_upgrade(span(NULL)));
}

static struct sw_header good_handshake(void)
{
    struct sw_header header = good_get();
    header.connection = span("keep-alive, Upgrade");
    header.upgrade = span("websocket");
    header.websocket_version = span("13");
    header.websocket_key = span("dGhlIHNhbXBsZSBub25jZQ==");
    return header;
}

static void handshakes_are_strict(void **state)
{
    (void)state;
    struct sw_header header = good_handshake();
    assert_int_equal(sw_guard_handshake(&header).status, 0);

    header.verb = SW_VERB_POST;
    assert_int_equal(sw_guard_handshake(&header).status, 400);
    header = good_handshake();
    header.is_http11 = false;
    assert_int_equal(sw_guard_handshake(&header).status, 400);
    header = good_handshake();
    header.connection = span("u");
    assert_int_equal(sw_guard_handshake(&header).status, 400);
    static const char *const versions[] = {"8", "12", "14", "13, 8", "", NULL};
    for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
        header = good_handshake();
        header.websocket_version = span(versions[i]);
        assert_int_equal(sw_guard_handshake(&header).status, 426);
    }
    static const char *const keys[] = {"abc",
                                       "",
                                       NULL,
                                       "dGhlIHNhbXBsZSBub25jZQ==X",
                                       "dGhlIHNhbXBsZSBub25jZ===",
                                       "!!!!!!!!!!!!!!!!!!!!!!=="};
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        header = good_handshake();
        header.websocket_key = span(keys[i]);
        assert_int_equal(sw_guard_handshake(&header).status, 400);
    }
}

static void a_subprotocol_is_ours_or_none(void **state)
{
    (void)state;
    static const struct {
        const char *offered;
        int status;
    } cases[] = {
        {NULL, 0},
        {"spillway.v1.json", 0},
        {"spillway.v1.arrow", 0},
        {"chat, spillway.v1.arrow", 0},
        {"chat", 400},
        {"spillway.v2.json", 400},
        {"spillway.v1.json2", 400},
        {"", 400},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sw_header header = good_handshake();
        header.websocket_protocol = span(cases[i].offered);

        assert_int_equal(sw_guard_handshake(&header).status, cases[i].status);
    }
}

static void an_origin_is_our_own_or_allowed(void **state)
{
    (void)state;
    static const char *const allowed[] = {"https://data.example", "http://localhost:3000"};
    static const struct {
        const char *origin, *host;
        bool may;
    } cases[] = {
        {NULL, "h:8080", true},
        {"http://h:8080", "h:8080", true},
        {"https://h:8080", "h:8080", true},
        {"HTTP://H:8080", "h:8080", true},
        {"http://h", "h", true},
        {"http://h:80", "h", true},
        {"http://h", "h:80", true},
        {"https://h:443", "h", true},
        {"https://h:80", "h", false},
        {"http://[::1]:8080", "[::1]:8080", true},
        {"https://data.example", "h:8080", true},
        {"https://data.example:443", "h:8080", false},
        {"http://data.example", "h:8080", false},
        {"https://data.example.evil", "h:8080", false},
        {"https://evil.data.example", "h:8080", false},
        {"http://localhost:3000", "h:8080", true},
        {"http://h:8081", "h:8080", false},
        {"http://h:8080.evil", "h:8080", false},
        {"http://evil?h:8080", "h:8080", false},
        {"http://user@h:8080", "h:8080", false},
        {"//h:8080", "h:8080", false},
        {"h:8080", "h:8080", false},
        {"null", "h:8080", false},
        {"file://", "h:8080", false},
        {"http://", "", false},
        {"http://h:8080,  http://h:8080", "h:8080", false},
        {"", "h:8080", false},
        {"http://h:8080", NULL, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        bool may = sw_guard_origin(span(cases[i].origin), span(cases[i].host), allowed, 2);

        if (may != cases[i].may) {
            print_error("origin %s, host %s\n", cases[i].origin, cases[i].host);
        }
        assert_int_equal(may, cases[i].may);
    }
}

static void a_body_must_keep_its_rate_over_a_window(void **state)
{
    (void)state;
    assert_false(sw_guard_body_is_slow(9999999, 0));
    assert_true(sw_guard_body_is_slow(10000000, 10 * 1024 - 1));
    assert_false(sw_guard_body_is_slow(10000000, 10 * 1024));
    assert_true(sw_guard_body_is_slow(12000000, 12 * 1024 - 1));
}

static void a_message_is_measured_at_its_first_piece(void **state)
{
    (void)state;
    assert_true(sw_guard_message(0, SW_MESSAGE_BYTES_MAX, 0));
    assert_true(sw_guard_message(0, 1, SW_MESSAGE_BYTES_MAX - 1));
    assert_false(sw_guard_message(0, 1, SW_MESSAGE_BYTES_MAX));
    assert_false(sw_guard_message(0, 1, SIZE_MAX));
    assert_false(sw_guard_message(SW_MESSAGE_BYTES_MAX, 1, 0));
    assert_true(sw_guard_message(SW_MESSAGE_BYTES_MAX - 5, 5, 0));
    assert_false(sw_guard_message(SIZE_MAX, 1, 0));
    assert_false(sw_guard_message(1, SIZE_MAX, SIZE_MAX));
}

static void close_codes_that_mean_nothing_are_not_echoed(void **state)
{
    (void)state;
    assert_true(sw_guard_close(sw_span_of("", 0)));
    assert_false(sw_guard_close(sw_span_of("\x03", 1)));
    assert_true(sw_guard_close(sw_span_of("\x03\xe8", 2)));
    assert_true(sw_guard_close(sw_span_of("\x13\x87", 2)));
    assert_false(sw_guard_close(sw_span_of("\x13\x88", 2)));
    assert_false(sw_guard_close(sw_span_of("\xff\xff", 2)));
}

static void a_reader_is_stalled_after_its_time(void **state)
{
    (void)state;
    assert_false(sw_guard_is_stalled(SW_STALL_S * 1000000ll - 1, 0));
    assert_true(sw_guard_is_stalled(SW_STALL_S * 1000000ll, 0));
}

static void the_library_and_the_limits_of_this_machine_will_do(void **state)
{
    (void)state;
    unsigned limit = 0;

    assert_int_equal(sw_guard_build(NULL), SW_OK);
    assert_int_equal(sw_guard_fd_limit(&limit, NULL), SW_OK);
    assert_true(limit >= 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_content_length_is_digits_or_the_request_is_unframed),
        cmocka_unit_test(requests_are_judged_by_verb_and_framing),
        cmocka_unit_test(http10_may_go_without_a_host),
        cmocka_unit_test(only_websocket_upgrades),
        cmocka_unit_test(handshakes_are_strict),
        cmocka_unit_test(a_subprotocol_is_ours_or_none),
        cmocka_unit_test(an_origin_is_our_own_or_allowed),
        cmocka_unit_test(a_body_must_keep_its_rate_over_a_window),
        cmocka_unit_test(a_message_is_measured_at_its_first_piece),
        cmocka_unit_test(close_codes_that_mean_nothing_are_not_echoed),
        cmocka_unit_test(a_reader_is_stalled_after_its_time),
        cmocka_unit_test(the_library_and_the_limits_of_this_machine_will_do),
    };
    return cmocka_run_group_tests_name("net/guard", tests, NULL, NULL);
}
