/* What a socket sends next: order, newest values, flow control, limits. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "session/outbox.h"

static struct sw_outbox *new_outbox(void)
{
    struct sw_outbox *outbox;
    assert_int_equal(sw_outbox_new(SW_FORMAT_JSON, &outbox), SW_OK);
    return outbox;
}

static void put_text(struct sw_outbox *outbox, const char *text)
{
    struct sw_buf message;
    sw_buf_init(&message);
    sw_buf_put_text(&message, text);
    assert_int_equal(sw_outbox_put(outbox, &message), SW_OK);
    sw_buf_fini(&message);
}

/* A value of `output` that counts `n`. */
static void put_value(struct sw_outbox *outbox, const char *output, uint64_t seq, int64_t n)
{
    struct sw_output_value *value = calloc(1, sizeof *value);
    assert_non_null(value);
    value->refs = 1;
    value->output = strdup(output);
    value->kind = strdup("value");
    value->seq = seq;
    assert_int_equal(sw_series_new(1, &value->series), SW_OK);
    assert_int_equal(sw_series_ints(value->series, 0, "measures", "n", SW_TYPE_INT, &n, NULL, 1),
                     SW_OK);
    sw_series_mark_scalar(value->series, 0);
    sw_outbox_put_value(outbox, value);
    sw_output_value_unref(value);
}

static void put_flush(struct sw_outbox *outbox, int64_t epoch)
{
    struct sw_flush flush = {0};
    sw_outbox_put_flush(outbox, &flush, epoch);
}

static void sends(struct sw_outbox *outbox, const char *part)
{
    struct sw_outgoing message;
    assert_true(sw_outbox_next(outbox, &message));
    char *text = sw_span_dup(message.bytes);
    if (strstr(text, part) == NULL) {
        fail_msg("wanted %s in %s", part, text);
    }
    free(text);
    sw_outbox_sent(outbox);
}

static void sends_nothing(struct sw_outbox *outbox)
{
    struct sw_outgoing message;
    assert_false(sw_outbox_next(outbox, &message));
    assert_true(sw_outbox_is_empty(outbox));
}

static void replies_go_first_then_values_then_their_flush(void **state)
{
    (void)state;
    struct sw_outbox *outbox = new_outbox();

    put_value(outbox, "a", 1, 10);
    put_value(outbox, "b", 1, 20);
    put_flush(outbox, 7);
    put_text(outbox, "{\"reply\":1}");

    sends(outbox, "reply");
    sends(outbox, "\"output\":\"a\",\"kind\":\"value\",\"epoch\":7");
    sends(outbox, "\"output\":\"b\"");
    sends(outbox, "\"epoch\":7,\"versions\":{},\"outputs\":[\"a\",\"b\"]");
    sends_nothing(outbox);
    sw_outbox_free(outbox);
}

static void the_newest_value_replaces_one_not_yet_sent(void **state)
{
    (void)state;
    struct sw_outbox *outbox = new_outbox();

    put_value(outbox, "a", 1, 10);
    put_flush(outbox, 1);
    put_value(outbox, "a", 2, 11);
    put_flush(outbox, 2);

    sends(outbox, "\"seq\":2");
    sends(outbox, "\"method\":\"flush\",\"params\":{\"epoch\":2");
    sends_nothing(outbox);
    sw_outbox_free(outbox);
}

static void an_unsent_value_goes_with_the_next_flush_and_is_named_by_it(void **state)
{
    (void)state;
    struct sw_outbox *outbox = new_outbox();

    put_value(outbox, "a", 1, 10);
    put_flush(outbox, 1);
    put_value(outbox, "b", 1, 20);
    put_flush(outbox, 2);

    sends(outbox, "\"output\":\"a\",\"kind\":\"value\",\"epoch\":2");
    sends(outbox, "\"output\":\"b\"");
    sends(outbox, "\"outputs\":[\"a\",\"b\"]");
    sends_nothing(outbox);
    sw_outbox_free(outbox);
}

static void a_window_holds_flushes_back_until_one_is_acknowledged(void **state)
{
    (void)state;
    struct sw_outbox *outbox = new_outbox();
    assert_int_equal(sw_outbox_set_window(outbox, 1), SW_OK);

    put_value(outbox, "a", 1, 10);
    put_flush(outbox, 1);
    sends(outbox, "\"seq\":1");
    sends(outbox, "\"epoch\":1");
    put_value(outbox, "a", 2, 11);
    put_flush(outbox, 2);
    put_value(outbox, "a", 3, 12);
    put_flush(outbox, 3);
    sends_nothing(outbox);
    put_text(outbox, "{\"reply\":1}"); /* replies do not wait */
    sends(outbox, "reply");

    sw_outbox_acknowledge(outbox, 1);

    sends(outbox, "\"seq\":3");
    sends(outbox, "\"epoch\":3");
    sends_nothing(outbox);
    sw_outbox_free(outbox);
}

static void what_is_held_goes_with_the_log_or_when_the_log_is_gone(void **state)
{
    (void)state;
    struct sw_outbox *outbox = new_outbox();
    struct sw_outgoing message;
    sw_outbox_hold(outbox, 3);
    put_text(outbox, "three");
    sw_outbox_hold(outbox, 5);
    put_text(outbox, "five");
    assert_false(sw_outbox_next(outbox, &message));
    sw_outbox_release(outbox, 3);
    sends(outbox, "three");
    assert_false(sw_outbox_next(outbox, &message));

    sw_outbox_let_go(outbox);
    put_text(outbox, "closed");
    sends(outbox, "five");
    sends(outbox, "closed");

    sw_outbox_hold(outbox, 1); /* of another session */
    put_text(outbox, "one");
    assert_false(sw_outbox_next(outbox, &message));
    sw_outbox_release(outbox, 1);
    sends(outbox, "one");
    sends_nothing(outbox);
    sw_outbox_free(outbox);
}

static void a_dropped_output_is_not_sent(void **state)
{
    (void)state;
    struct sw_outbox *outbox = new_outbox();

    put_value(outbox, "a", 1, 10);
    put_value(outbox, "b", 1, 20);
    put_flush(outbox, 1);
    sw_outbox_forget(outbox, sw_span_text("a"));

    sends(outbox, "\"output\":\"b\"");
    sends(outbox, "\"outputs\":[\"b\"]");
    sends_nothing(outbox);
    sw_outbox_free(outbox);
}

static void the_newest_state_waits_for_the_value_it_belongs_to(void **state)
{
    (void)state;
    struct sw_outbox *outbox = new_outbox();

    sw_outbox_put_state(outbox, "a", SW_OUTPUT_BUSY, 0.25, NULL);
    sends(outbox, "\"state\":\"busy\",\"progress\":0.25");
    put_value(outbox, "a", 1, 10);
    sw_outbox_put_state(outbox, "a", SW_OUTPUT_OK, -1, NULL);
    put_flush(outbox, 1);

    sends(outbox, "output.value");
    sends(outbox, "\"state\":\"ok\"}");
    sends(outbox, "\"method\":\"flush\"");
    sends_nothing(outbox);
    sw_outbox_free(outbox);
}

static void an_error_state_carries_the_error(void **state)
{
    (void)state;
    struct sw_outbox *outbox = new_outbox();
    struct sw_err err;
    (void)sw_fail(&err, SW_NO_TABLE, "no table `t`");

    sw_outbox_put_state(outbox, "a", SW_OUTPUT_ERROR, -1, &err);

    sends(outbox, "\"state\":\"error\",\"error\":{\"code\":-32030,\"message\":\"no table `t`\"");
    sends_nothing(outbox);
    sw_outbox_free(outbox);
}

static void replies_are_bounded_at_their_edge(void **state)
{
    (void)state;
    struct sw_outbox *outbox = new_outbox();
    for (unsigned i = 0; i < SW_OUTBOX_REPLIES_MAX; i++) {
        put_text(outbox, "{}");
    }
    struct sw_buf message;
    sw_buf_init(&message);
    sw_buf_put_text(&message, "{}");

    assert_int_equal(sw_outbox_put(outbox, &message), SW_LIMIT);

    sw_buf_fini(&message);
    sends(outbox, "{}");
    put_text(outbox, "{}");
    sw_outbox_free(outbox);
}

static void memory_grows_with_outputs_and_not_with_updates(void **state)
{
    (void)state;
    struct sw_outbox *outbox = new_outbox();
    for (uint64_t i = 1; i <= 100000; i++) {
        put_value(outbox, i % 2 == 0 ? "a" : "b", i, (int64_t)i);
        put_flush(outbox, (int64_t)i);
    }

    assert_true(sw_outbox_bytes(outbox) < 4096);

    sends(outbox, "\"seq\":99999");
    sends(outbox, "\"seq\":100000");
    sends(outbox, "\"epoch\":100000");
    sends_nothing(outbox);
    sw_outbox_free(outbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_go_first_then_values_then_their_flush),
        cmocka_unit_test(the_newest_value_replaces_one_not_yet_sent),
        cmocka_unit_test(an_unsent_value_goes_with_the_next_flush_and_is_named_by_it),
        cmocka_unit_test(a_window_holds_flushes_back_until_one_is_acknowledged),
        cmocka_unit_test(what_is_held_goes_with_the_log_or_when_the_log_is_gone),
        cmocka_unit_test(a_dropped_output_is_not_sent),
        cmocka_unit_test(the_newest_state_waits_for_the_value_it_belongs_to),
        cmocka_unit_test(an_error_state_carries_the_error),
        cmocka_unit_test(replies_are_bounded_at_their_edge),
        cmocka_unit_test(memory_grows_with_outputs_and_not_with_updates),
    };
    return cmocka_run_group_tests_name("session/outbox", tests, NULL, NULL);
}
