/* Frames of the Arrow subprotocol: their layout here; what is in them is read by the two Arrow
 * libraries of tests/wire/arrow.test.mjs, for which SW_FRAMES names a folder: each frame is written
 * there as N.arrow beside N.json, the same series as JSON. */
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire/encode.h"

#define LENGTH_MAX 40

static void must(sw_status status)
{
    assert_int_equal(status, SW_OK);
}

/* -- what a frame looks like --------------------------------------------------------------- */

static uint32_t read32(const char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* The metadata's and the body's bytes of the message at `at`; the body's length is read from the
 * Message table through its vtable. */
static size_t skip_message(const struct sw_buf *frame, size_t at)
{
    assert_true(at % 8 == 0);
    assert_true(at + 8 <= frame->length);
    assert_true(read32(frame->data + at) == 0xffffffff);
    uint32_t metadata = read32(frame->data + at + 4);
    assert_true(metadata % 8 == 0);
    const char *buffer = frame->data + at + 8;
    const char *table = buffer + read32(buffer);
    const char *vtable = table - (int32_t)read32(table);
    uint16_t place;
    memcpy(&place, vtable + 4 + 2 * 3, sizeof place);
    int64_t body;
    memcpy(&body, table + place, sizeof body);
    assert_true(body % 8 == 0);
    assert_true((size_t)(table + place - frame->data) % 8 == 0);
    return at + 8 + metadata + (size_t)body;
}

static void check_layout(const struct sw_buf *frame, struct sw_span header)
{
    assert_false(frame->failed);
    assert_true(read32(frame->data) == header.length);
    assert_memory_equal(frame->data + 4, header.data, header.length);
    size_t at = 4 + header.length;
    for (; at % 8 != 0; at++) {
        assert_int_equal(frame->data[at], 0);
    }
    at = skip_message(frame, at);
    at = skip_message(frame, at);
    assert_int_equal(frame->length, at + 8);
    assert_memory_equal(frame->data + at, "\xff\xff\xff\xff\0\0\0\0", 8);
}

static void save(const struct sw_buf *bytes, int number, const char *kind)
{
    const char *folder = getenv("SW_FRAMES");
    if (folder == NULL) {
        return;
    }
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%d.%s", folder, number, kind);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes->data, 1, bytes->length, file), bytes->length);
    assert_int_equal(fclose(file), 0);
}

static int saved;

static void check_series(const struct sw_series *series)
{
    struct sw_buf header, frame, json;
    sw_buf_init(&header);
    sw_buf_init(&frame);
    sw_buf_init(&json);
    sw_buf_printf(&header, "{\"output\":\"o%.*s\",\"kind\":\"k\"", saved % 9, "---------");
    if (series->facet_column != NULL) {
        sw_buf_put_text(&header, ",\"facet\":");
        sw_encode_facet(&header, series);
    }
    sw_buf_put_byte(&header, '}');

    must(sw_encode_series_arrow(&frame, sw_buf_peek(&header), series));
    sw_encode_series(&json, series);

    check_layout(&frame, sw_buf_peek(&header));
    save(&frame, saved, "arrow");
    save(&json, saved, "json");
    saved++;
    sw_buf_fini(&header);
    sw_buf_fini(&frame);
    sw_buf_fini(&json);
}

/* -- random series --------------------------------------------------------------------------- */

static int64_t random_int(struct test_random *random, enum sw_type type)
{
    if (type == SW_TYPE_BOOL) {
        return (int64_t)test_random_below(random, 2);
    }
    if (type == SW_TYPE_DATE) {
        return test_random_between(random, -719162, 2932896);
    }
    if (type == SW_TYPE_TIMESTAMP) {
        return test_random_between(random, -62135596800000, 253402300799999);
    }
    return (int64_t)test_random_bits(random) >> test_random_below(random, 64);
}

static double random_float(struct test_random *random)
{
    static const double odd[] = {0, -0.0, NAN, INFINITY, -INFINITY, 5e-324, 1.7976931348623157e308};
    if (test_random_once_in(random, 4)) {
        return odd[test_random_below(random, sizeof odd / sizeof odd[0])];
    }
    return test_random_unit(random) * 100 - 50;
}

static struct sw_value random_value(struct test_random *random, enum sw_type type, bool has_nulls)
{
    static const char *const texts[] = {
        "", "a", "größe", "😀", "quote \" and \\", "line\nbreak", "longer than eight bytes"};
    struct sw_value value = {.type = type};
    value.is_null = has_nulls && test_random_once_in(random, 3);
    if (type == SW_TYPE_STRING) {
        value.u.s = sw_span_text(texts[test_random_below(random, sizeof texts / sizeof texts[0])]);
    } else if (type == SW_TYPE_FLOAT) {
        value.u.f = random_float(random);
    } else {
        value.u.i = random_int(random, type);
    }
    return value;
}

struct plan {
    const char *group;
    char name[32];
    enum sw_type type;
    bool is_scalar, is_axis, has_nulls;
};

static void add_field(struct test_random *random, struct sw_series *series, size_t panel,
                      const struct plan *plan)
{
    struct sw_value values[LENGTH_MAX];
    size_t length = plan->is_scalar ? 1 : (size_t)test_random_below(random, LENGTH_MAX);
    for (size_t i = 0; i < length; i++) {
        values[i] = random_value(random, plan->type, plan->has_nulls);
    }
    must(sw_series_values(series, panel, plan->group, plan->name, plan->type, values, length));
    if (plan->is_scalar) {
        sw_series_mark_scalar(series, panel);
    }
    if (plan->is_axis) {
        sw_series_mark_axis(series, panel);
    }
}

static void make_facet(struct test_random *random, struct sw_series *series)
{
    static const char *const columns[] = {"category", "größe", "a.b"};
    series->facet_column = columns[test_random_below(random, 3)];
    series->facet_total = (int64_t)series->panels + (int64_t)test_random_below(random, 3);
    series->facet_value =
        sw_arena_array(&series->arena, series->panels + 1, sizeof *series->facet_value);
    series->facet_count =
        sw_arena_array(&series->arena, series->panels + 1, sizeof *series->facet_count);
    enum sw_type type = (enum sw_type)test_random_below(random, SW_TYPE_COUNT);
    for (size_t i = 0; i < series->panels; i++) {
        series->facet_value[i] = random_value(random, type, true);
        series->facet_count[i] = (int64_t)test_random_below(random, 1000);
    }
}

static struct sw_series *random_series(struct test_random *random)
{
    static const char *const groups[] = {NULL, "y", "keys", "measures"};
    struct plan plan[10];
    size_t fields = test_random_below(random, 10) + 1;
    for (size_t i = 0; i < fields; i++) {
        plan[i] = (struct plan){.group = groups[test_random_below(random, 4)]};
        (void)snprintf(plan[i].name, sizeof plan[i].name, "%s%zu",
                       plan[i].group != NULL && i % 2 ? "a.b" : "f", i);
        plan[i].type = (enum sw_type)test_random_below(random, SW_TYPE_COUNT);
        plan[i].is_scalar = test_random_once_in(random, 4);
        plan[i].has_nulls = test_random_once_in(random, 2);
        plan[i].is_axis = sw_type_is_integral(plan[i].type) && test_random_once_in(random, 2);
    }
    bool has_facet = test_random_once_in(random, 2);
    size_t panels = has_facet ? (size_t)test_random_below(random, 6) : 1;
    struct sw_series *series;
    must(sw_series_new(panels, &series));
    for (size_t panel = 0; panel < panels; panel++) {
        for (size_t i = 0; i < fields; i++) {
            add_field(random, series, panel, &plan[i]);
        }
    }
    if (has_facet) {
        make_facet(random, series);
    }
    return series;
}

static void random_series_make_frames_of_the_drawn_layout(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed());
    for (int i = 0; i < 300; i++) {
        struct sw_series *series = random_series(&random);
        check_series(series);
        sw_series_unref(series);
    }
}

static void a_histogram_of_one_bin_and_an_empty_one_make_frames(void **state)
{
    (void)state;
    struct sw_series *series;
    must(sw_series_new(1, &series));
    must(sw_series_floats(series, 0, NULL, "edges", (const double[]){1, 1}, NULL, 2));
    must(sw_series_ints(series, 0, NULL, "count", SW_TYPE_INT, (const int64_t[]){9007199254740993},
                        NULL, 1));
    check_series(series);
    sw_series_unref(series);

    must(sw_series_new(1, &series));
    must(sw_series_floats(series, 0, NULL, "edges", NULL, NULL, 0));
    must(sw_series_texts(series, 0, "keys", "t", NULL, NULL, 0));
    check_series(series);
    sw_series_unref(series);
}

static void many_values_make_one_frame(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    double *values = malloc(MANY * sizeof *values);
    uint8_t *is_null = calloc(MANY, 1);
    for (size_t i = 0; i < MANY; i++) {
        values[i] = (double)i / 3;
        is_null[i] = i % 7 == 0;
    }
    struct sw_series *series;
    must(sw_series_new(1, &series));
    must(sw_series_floats(series, 0, NULL, "x", values, NULL, MANY));
    must(sw_series_floats(series, 0, "y", "price", values, is_null, MANY));
    check_series(series);
    sw_series_unref(series);
    free(values);
    free(is_null);
}

static void a_sum_that_left_64_bits_in_one_panel_is_a_float_in_all(void **state)
{
    (void)state;
    struct sw_series *series;
    must(sw_series_new(2, &series));
    must(sw_series_ints(series, 0, "measures", "total", SW_TYPE_INT, (const int64_t[]){5, 6}, NULL,
                        2));
    must(sw_series_floats(series, 1, "measures", "total", (const double[]){1e19}, NULL, 1));
    struct test_random random;
    test_random_init(&random, 1);
    make_facet(&random, series);
    check_series(series);
    sw_series_unref(series);
}

/* -- pages ------------------------------------------------------------------------------------- */

static struct sw_page *random_page(struct test_random *random, uint32_t rows, uint32_t columns)
{
    struct sw_page *page = calloc(1, sizeof *page);
    sw_arena_init(&page->arena);
    page->version = 3;
    page->total = 1000;
    page->offset = 17;
    page->rows = rows;
    page->columns = columns;
    page->name = sw_arena_array(&page->arena, columns, sizeof *page->name);
    page->type = sw_arena_array(&page->arena, columns, sizeof *page->type);
    page->row_id = sw_arena_array(&page->arena, rows, sizeof *page->row_id);
    page->value = sw_arena_array(&page->arena, columns, sizeof *page->value);
    for (uint32_t row = 0; row < rows; row++) {
        page->row_id[row] = test_random_below(random, 1u << 30);
    }
    for (uint32_t i = 0; i < columns; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "c.%u", i);
        page->name[i] = sw_arena_text(&page->arena, sw_span_text(i == 0 ? "row_ids" : name));
        page->type[i] = (enum sw_type)test_random_below(random, SW_TYPE_COUNT);
        page->value[i] = sw_arena_array(&page->arena, rows, sizeof **page->value);
        for (uint32_t row = 0; row < rows; row++) {
            page->value[i][row] = random_value(random, page->type[i], i % 2 == 0);
        }
    }
    return page;
}

static void random_pages_make_frames_of_flat_columns(void **state)
{
    (void)state;
    struct test_random random;
    test_random_init(&random, test_seed() + 1);
    saved = 1000; /* the numbers of pages */
    for (int i = 0; i < 40; i++) {
        struct sw_page *page = random_page(&random, (uint32_t)test_random_below(&random, 30),
                                           (uint32_t)test_random_below(&random, 8));
        struct sw_buf frame, json;
        sw_buf_init(&frame);
        sw_buf_init(&json);

        must(sw_encode_page_arrow(&frame, sw_span_text("{\"output\":\"p\"}"), page));
        sw_encode_page(&json, page);

        check_layout(&frame, sw_span_text("{\"output\":\"p\",\"offset\":17}"));
        save(&frame, saved, "arrow");
        save(&json, saved, "json");
        saved++;
        sw_buf_fini(&frame);
        sw_buf_fini(&json);
        sw_arena_fini(&page->arena);
        free(page);
    }
}

static void a_frame_may_stand_behind_other_bytes(void **state)
{
    (void)state;
    struct sw_series *series;
    must(sw_series_new(1, &series));
    must(sw_series_ints(series, 0, NULL, "n", SW_TYPE_INT, (const int64_t[]){1, 2, 3}, NULL, 3));
    struct sw_buf alone, behind;
    sw_buf_init(&alone);
    sw_buf_init(&behind);
    sw_buf_put_text(&behind, "odd");

    must(sw_encode_series_arrow(&alone, sw_span_text("{}"), series));
    must(sw_encode_series_arrow(&behind, sw_span_text("{}"), series));

    assert_int_equal(behind.length, alone.length + 3);
    assert_memory_equal(behind.data + 3, alone.data, alone.length);
    sw_buf_fini(&alone);
    sw_buf_fini(&behind);
    sw_series_unref(series);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_series_make_frames_of_the_drawn_layout),
        cmocka_unit_test(a_histogram_of_one_bin_and_an_empty_one_make_frames),
        cmocka_unit_test(many_values_make_one_frame),
        cmocka_unit_test(a_sum_that_left_64_bits_in_one_panel_is_a_float_in_all),
        cmocka_unit_test(a_frame_may_stand_behind_other_bytes),
        cmocka_unit_test(random_pages_make_frames_of_flat_columns),
    };
    return cmocka_run_group_tests_name("wire/arrow", tests, NULL, NULL);
}
