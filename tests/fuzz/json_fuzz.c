/* Any bytes as a message: what the strict check takes, cJSON must take too, and what was decoded
 * must come out of the writer and in again as the same value. */
#include "support/fuzz.h"

#include <stdlib.h>

#include "base/buf.h"
#include "wire/decode.h"

static void expect(int claim)
{
    if (!claim) {
        abort();
    }
}

/* Numbers may change their spelling (1.0 is written 1), not their value; an integer beyond 2^53 is
 * written as a string. */
static int is_same(const struct sw_json *a, const struct sw_json *b)
{
    int64_t x, y;
    double f, g;
    if (a->kind == SW_JSON_INT) {
        return sw_json_get_int(a, &x) && sw_json_get_int(b, &y) && x == y;
    }
    if (a->kind == SW_JSON_FLOAT) {
        return sw_json_get_float(a, &f) && sw_json_get_float(b, &g) && f == g;
    }
    if (a->kind != SW_JSON_ARRAY && a->kind != SW_JSON_OBJECT) {
        return sw_json_equal(a, b);
    }
    if (a->kind != b->kind || a->u.list.count != b->u.list.count) {
        return 0;
    }
    for (size_t i = 0; i < a->u.list.count; i++) {
        const struct sw_json *p = &a->u.list.items[i];
        const struct sw_json *q = &b->u.list.items[i];
        if (!sw_span_equal(p->key, q->key) || !is_same(p, q)) {
            return 0;
        }
    }
    return 1;
}

static void check_round_trip(const struct sw_json *json)
{
    struct sw_arena arena;
    struct sw_buf out;
    sw_arena_init(&arena);
    sw_buf_init(&out);
    sw_json_put(&out, json);
    const struct sw_json *again = NULL;
    sw_status status = sw_decode_json(&arena, sw_buf_peek(&out), &again, NULL);
    expect(status == SW_OK || status == SW_LIMIT); /* escapes may grow over the message limit */
    expect(status != SW_OK || is_same(json, again));
    sw_buf_fini(&out);
    sw_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_span text = sw_span_of((const char *)data, size);
    struct sw_arena arena;
    struct sw_err err = {0};
    struct sw_request request;
    const struct sw_json *json = NULL;
    sw_arena_init(&arena);
    sw_status status = sw_decode_json(&arena, text, &json, &err);
    expect(status == SW_OK || status == SW_JSON || status == SW_LIMIT);
    if (status == SW_OK) {
        check_round_trip(json);
    } else {
        expect(err.status == status && err.message[0] != '\0');
    }
    status = sw_decode_request(&arena, text, &request, &err);
    expect(status != SW_OK || request.method.length > 0);
    sw_arena_fini(&arena);
    return 0;
}
