/* What the log writes is read back from a file that stands for stderr meanwhile. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

struct capture {
    int saved;
    FILE *file;
    char text[200000];
};

static void begin(struct capture *capture)
{
    fflush(stderr);
    capture->file = tmpfile();
    assert_non_null(capture->file);
    capture->saved = dup(STDERR_FILENO);
    assert_true(dup2(fileno(capture->file), STDERR_FILENO) >= 0);
}

static size_t end(struct capture *capture)
{
    fflush(stderr);
    assert_true(dup2(capture->saved, STDERR_FILENO) >= 0);
    close(capture->saved);
    rewind(capture->file);
    size_t length = fread(capture->text, 1, sizeof capture->text - 1, capture->file);
    capture->text[length] = '\0';
    fclose(capture->file);
    size_t lines = 0;
    for (const char *at = capture->text; *at != '\0'; at++) {
        lines += *at == '\n';
    }
    return lines;
}

static void a_line_has_time_level_session_and_event(void **state)
{
    (void)state;
    struct capture *capture = malloc(sizeof *capture);
    begin(capture);
    sw_log(SW_LOG_WARN, "s-1", "upload bytes=%d", 42);
    assert_int_equal(end(capture), 1);
    assert_int_equal(strlen(capture->text), strlen("2024-01-01T00:00:00.000Z warn s-1 upload "
                                                   "bytes=42\n"));
    assert_string_equal(capture->text + 23, "Z warn s-1 upload bytes=42\n");
    begin(capture);
    sw_log(SW_LOG_ERROR, NULL, "start");
    assert_int_equal(end(capture), 1);
    assert_string_equal(capture->text + 24, " error - start\n");
    free(capture);
}

static void a_line_stays_one_line_whatever_is_in_it(void **state)
{
    (void)state;
    struct capture *capture = malloc(sizeof *capture);
    char *text = malloc(5000);
    memset(text, 'x', 4999);
    text[4999] = '\0';
    begin(capture);
    sw_log(SW_LOG_INFO, NULL, "%s", "a\nb\r\x1b[31mc\x7f");
    sw_log(SW_LOG_INFO, NULL, "%s", text);
    assert_int_equal(end(capture), 2);
    assert_non_null(strstr(capture->text, "a?b??[31mc?\n"));
    assert_true(strlen(capture->text) < 1300);
    free(text);
    free(capture);
}

static void levels_below_the_set_one_are_silent(void **state)
{
    (void)state;
    enum sw_log_level level;
    assert_true(sw_log_level_parse("warn", &level));
    assert_int_equal(level, SW_LOG_WARN);
    assert_true(sw_log_level_parse("debug", &level));
    assert_false(sw_log_level_parse("loud", &level));
    assert_false(sw_log_level_parse("", &level));
    struct capture *capture = malloc(sizeof *capture);
    begin(capture);
    sw_log(SW_LOG_DEBUG, NULL, "not by default");
    sw_log_set_level(SW_LOG_ERROR);
    sw_log(SW_LOG_WARN, NULL, "not now");
    sw_log(SW_LOG_ERROR, NULL, "this");
    sw_log_set_level(SW_LOG_INFO);
    assert_int_equal(end(capture), 1);
    assert_non_null(strstr(capture->text, "this"));
    free(capture);
}

static void a_flood_is_counted_instead_of_written(void **state)
{
    (void)state;
    struct capture *capture = malloc(sizeof *capture);
    begin(capture);
    for (int i = 0; i < 5000; i++) {
        sw_log(SW_LOG_INFO, NULL, "flood i=%d", i);
    }
    size_t lines = end(capture);
    assert_in_range(lines, 1, 1000); /* a few seconds' worth on a very slow machine */
    free(capture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_session_and_event),
        cmocka_unit_test(a_line_stays_one_line_whatever_is_in_it),
        cmocka_unit_test(levels_below_the_set_one_are_silent),
        cmocka_unit_test(a_flood_is_counted_instead_of_written),
    };
    return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
