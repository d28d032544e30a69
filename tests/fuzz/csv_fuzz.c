/*
 * A file of any bytes, loaded at once and in pieces: both give the same table, report or error.
 *
 *     byte 0   bits 0-1: header guessed, no, yes; bits 2-4: delimiter guessed or given; bit 5: the
 *              first column is declared an int, bit 6: a date
 *     byte 1   seed of the cuts
 *     rest     the file
 */
#include "support/fuzz.h"

#include "unit/ingest/loading.h"

#define PIECES_MAX 16

static struct loading loading_of(uint8_t flags, struct sw_json *types, struct sw_json *member)
{
    static const char delimiters[] = {0, 0, 0, ',', ';', '\t', '|', 'x'};
    struct loading how = {.has_header = (int8_t)((flags & 3) == 1   ? 0
                                                 : (flags & 3) == 2 ? 1
                                                                    : -1),
                          .delimiter = delimiters[flags >> 2 & 7]};
    *member = (struct sw_json){.kind = SW_JSON_STRING,
                               .key = sw_span_text("a"),
                               .u.text = sw_span_text((flags & 32) != 0 ? "int" : "date")};
    *types = (struct sw_json){.kind = SW_JSON_OBJECT};
    types->u.list.items = member;
    types->u.list.count = 1;
    how.types = (flags & 96) != 0 ? types : NULL;
    return how;
}

static size_t cut(struct test_random *random, size_t length, size_t *pieces)
{
    size_t count = 0;
    size_t at = 0;
    while (count < PIECES_MAX && at < length) {
        at += test_random_below(random, 1 + length / 4);
        pieces[count++] = at < length ? at : length;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct sw_json types;
    struct sw_json member;
    struct test_random random;
    size_t pieces[PIECES_MAX];
    struct sw_buf whole;
    struct sw_buf cut_up;
    struct loading how = loading_of(data[0], &types, &member);
    test_random_init(&random, data[1]);
    sw_buf_init(&whole);
    sw_buf_init(&cut_up);
    dump_load(data + 2, size - 2, &how, &whole);
    how.pieces = pieces;
    how.piece_count = cut(&random, size - 2, pieces);
    how.step_bytes = 1;
    dump_load(data + 2, size - 2, &how, &cut_up);
    assert_same_text("whole and in pieces", sw_buf_peek(&whole), sw_buf_peek(&cut_up));
    sw_buf_fini(&whole);
    sw_buf_fini(&cut_up);
    return 0;
}
