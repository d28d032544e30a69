#include "support/test.h"

#include "net/multipart.h"

#include <stdlib.h>
#include <string.h>

/* What the scanner said, as text: "[name|filename]data;" per part. */
struct log {
    struct sw_buf text;
    int fail_after; /* calls until one fails; -1: none does */
};

static sw_status step(struct log *log, struct sw_err *err)
{
    if (log->fail_after == 0) {
        return sw_fail(err, SW_STORAGE, "no room");
    }
    log->fail_after -= log->fail_after > 0;
    return SW_OK;
}

static sw_status on_part(void *context, const struct sw_part *part, struct sw_err *err)
{
    struct log *log = context;
    sw_buf_put_byte(&log->text, '[');
    sw_buf_put(&log->text, part->name.data, part->name.length);
    if (part->is_file) {
        sw_buf_put_byte(&log->text, '|');
        sw_buf_put(&log->text, part->filename.data, part->filename.length);
    }
    sw_buf_put_byte(&log->text, ']');
    return step(log, err);
}

static sw_status on_data(void *context, struct sw_span bytes, struct sw_err *err)
{
    struct log *log = context;
    assert_true(bytes.length > 0);
    sw_buf_put(&log->text, bytes.data, bytes.length);
    return step(log, err);
}

static sw_status on_part_end(void *context, struct sw_err *err)
{
    struct log *log = context;
    sw_buf_put_byte(&log->text, ';');
    return step(log, err);
}

/* Scans a body cut into pieces of `piece` bytes (0: at random); the log is the caller's to free. */
static sw_status scan(struct sw_span body, const char *boundary, size_t piece,
                      struct test_random *random, struct log *log)
{
    struct sw_multipart multipart;
    struct sw_multipart_calls calls = {on_part, on_data, on_part_end, log};
    sw_status status = SW_OK;
    sw_buf_init(&log->text);
    sw_multipart_init(&multipart, sw_span_text(boundary), &calls);
    for (size_t at = 0; at < body.length && status == SW_OK;) {
        size_t length = piece > 0 ? piece : 1 + (size_t)test_random_below(random, 40);
        length = length < body.length - at ? length : body.length - at;
        /* An exact copy, so that a read past the piece's end is seen. */
        char *copy = malloc(length);
        assert_non_null(copy);
        memcpy(copy, body.data + at, length);
        status = sw_multipart_push(&multipart, sw_span_of(copy, length), NULL);
        free(copy);
        at += length;
    }
    if (status == SW_OK) {
        status = sw_multipart_finish(&multipart, NULL);
    }
    sw_multipart_fini(&multipart);
    return status;
}

static const struct {
    const char *what;
    const char *body;
    sw_status status;
    const char *log;
} forms[] = {
    {"what curl sends",
     "--X\r\nContent-Disposition: form-data; name=\"table\"\r\n\r\ntrips\r\n"
     "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n"
     "Content-Type: text/csv\r\n\r\na,b\r\n1,2\r\n\r\n--X--\r\n",
     SW_OK, "[table]trips;[file|a.csv]a,b\r\n1,2\r\n;"},
    {"a preamble and an epilogue",
     "hello\r\n--X\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"
     "--X--\r\nbye --X\r\n",
     SW_OK, "[a]1;"},
    {"an empty part", "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--X--", SW_OK,
     "[a];"},
    {"an empty part without its own line end",
     "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n--X--", SW_OK, "[a];"},
    {"data that looks like a boundary",
     "--X\r\nContent-Disposition: form-data; "
     "name=\"a\"\r\n\r\n--Y\r\n-\r\n--\r\n\r\r\n--W\r\n--X--",
     SW_OK, "[a]--Y\r\n-\r\n--\r\n\r\r\n--W;"},
    {"spaces behind the boundary",
     "--X  \t\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--X \r\n"
     "content-disposition:form-data;name=b\r\n\r\n2\r\n--X--",
     SW_OK, "[a]1;[b]2;"},
    {"escaped quotes in names",
     "--X\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\\\"b\\\\c\\d;e.csv\"\r\n\r\n1"
     "\r\n--X--",
     SW_OK, "[f|a\"b\\c\\d;e.csv]1;"},
    {"no part", "--X--\r\n", SW_OK, ""},
    {"a file name that is empty",
     "--X\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\"\r\n\r\n\r\n--X--", SW_OK,
     "[f|];"},
    {"a body cut within data", "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n12\r\n--",
     SW_PARAMS, "[a]12"},
    {"a body cut within a header", "--X\r\nContent-Disposition: form-da", SW_PARAMS, ""},
    {"nothing", "", SW_PARAMS, ""},
    {"a part without a name", "--X\r\nContent-Type: text/csv\r\n\r\n1\r\n--X--", SW_PARAMS, ""},
    {"a part without a header", "--X\r\n\r\n1\r\n--X--", SW_PARAMS, ""},
    {"junk behind the boundary", "--Xjunk\r\n\r\n1\r\n--X--", SW_PARAMS, ""},
    {"an unclosed quote", "--X\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--X--",
     SW_PARAMS, ""},
};

static void forms_are_read_however_they_are_cut(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
        for (size_t piece = 0; piece < 80; piece++) {
            struct log log = {.fail_after = -1};

            sw_status status = scan(sw_span_text(forms[i].body), "X", piece, &random, &log);

            if (status != forms[i].status) {
                print_error("%s, in pieces of %zu\n", forms[i].what, piece);
            }
            assert_int_equal(status, forms[i].status);
            assert_true(sw_span_equal(sw_buf_peek(&log.text), sw_span_text(forms[i].log)));
            sw_buf_fini(&log.text);
        }
    }
}

/* The slow twin: the data of the one part of a form is what lies between its head and the first
 * delimiter behind it. */
static void random_data_full_of_near_boundaries_comes_through(void **state)
{
    (void)state;
    static const char head[] = "--aab\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n";
    static const char alphabet[] = "\r\n--aab";
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int round = 0; round < 3000; round++) {
        struct sw_buf body;
        struct sw_buf expected;
        struct log log = {.fail_after = -1};
        sw_buf_init(&body);
        sw_buf_init(&expected);
        sw_buf_put_text(&body, head);
        size_t length = (size_t)test_random_below(&random, 200);
        for (size_t i = 0; i < length; i++) {
            sw_buf_put_byte(&body, alphabet[test_random_below(&random, sizeof(alphabet) - 1)]);
        }
        sw_buf_put_text(&body, "z\r\n--aab--");
        const char *data = body.data + sizeof(head) - 1;
        const char *stop = memmem(data, body.length - sizeof(head) + 1, "\r\n--aab", 7);
        bool starts_with_delimiter = memcmp(data, "--aab", 5) == 0;
        bool is_last = stop + 9 == body.data + body.length;
        sw_buf_put_text(&expected, "[f]");
        sw_buf_put(&expected, data, (size_t)(stop - data));
        sw_buf_put_byte(&expected, ';');

        sw_status status = scan(sw_buf_peek(&body), "aab", 0, &random, &log);

        if (is_last && !starts_with_delimiter) {
            assert_int_equal(status, SW_OK);
            assert_true(sw_span_equal(sw_buf_peek(&log.text), sw_buf_peek(&expected)));
        }
        sw_buf_fini(&body);
        sw_buf_fini(&expected);
        sw_buf_fini(&log.text);
    }
}

static void a_header_over_the_limit_is_refused(void **state)
{
    (void)state;
    for (int extra = 0; extra < 2; extra++) {
        struct sw_buf body;
        struct log log = {.fail_after = -1};
        struct test_random random;
        test_random_init(&random, 1);
        sw_buf_init(&body);
        sw_buf_put_text(&body, "--X\r\nContent-Disposition: form-data; name=\"a\"\r\nJunk: ");
        /* 8,192 bytes of header are allowed, its blank line counted. */
        while (body.length < 5 + 8192 - 4 + (size_t)extra) {
            sw_buf_put_byte(&body, 'j');
        }
        sw_buf_put_text(&body, "\r\n\r\n1\r\n--X--");

        sw_status status = scan(sw_buf_peek(&body), "X", 1000, &random, &log);

        assert_int_equal(status, extra == 0 ? SW_OK : SW_PARAMS);
        sw_buf_fini(&body);
        sw_buf_fini(&log.text);
    }
}

static void a_failure_of_the_taker_ends_the_scan(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, 1);
    for (int fail_after = 0; fail_after < 6; fail_after++) {
        struct log log = {.fail_after = fail_after};

        sw_status status = scan(sw_span_text(forms[0].body), "X", 1000, &random, &log);

        assert_int_equal(status, SW_STORAGE);
        sw_buf_fini(&log.text);
    }
}

static void the_boundary_is_read_from_the_content_type(void **state)
{
    (void)state;
    static const char seventy[] =
        "multipart/form-data; boundary="
        "0123456789012345678901234567890123456789012345678901234567890123456789";
    static const struct {
        const char *type;
        const char *boundary; /* NULL: refused */
    } cases[] = {
        {"multipart/form-data; boundary=X", "X"},
        {"Multipart/Form-Data;Boundary=\"a b\"", "a b"},
        {"multipart/form-data; charset=utf-8; boundary=----WebKitFormBoundary7MA4YWxk",
         "----WebKitFormBoundary7MA4YWxk"},
        {"multipart/form-data; boundary=X ; x=y", "X"},
        {seventy, seventy + 30},
        {"multipart/form-data", NULL},
        {"multipart/form-data; boundary=", NULL},
        {"multipart/form-data; boundary=\"\"", NULL},
        {"multipart/form-data; boundary=\"a \"", NULL},
        {"multipart/form-data; boundary=a{b", NULL},
        {"multipart/form-data; boundary=\"a", NULL},
        {"multipart/form-data; "
         "boundary=01234567890123456789012345678901234567890123456789012345678901234567890",
         NULL},
        {"multipart/form-datas; boundary=X", NULL},
        {"multipart/mixed; boundary=X", NULL},
        {"text/csv", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sw_span boundary;
        struct sw_err err;

        sw_status status = sw_multipart_boundary(sw_span_text(cases[i].type), &boundary, &err);

        assert_int_equal(status, cases[i].boundary != NULL ? SW_OK : SW_PARAMS);
        if (status == SW_OK) {
            assert_true(sw_span_equal(boundary, sw_span_text(cases[i].boundary)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_read_however_they_are_cut),
        cmocka_unit_test(random_data_full_of_near_boundaries_comes_through),
        cmocka_unit_test(a_header_over_the_limit_is_refused),
        cmocka_unit_test(a_failure_of_the_taker_ends_the_scan),
        cmocka_unit_test(the_boundary_is_read_from_the_content_type),
    };
    return cmocka_run_group_tests_name("net/multipart", tests, NULL, NULL);
}
