/*
 * instructions: the parser and the main folds, each once in the function `gate`, for callgrind to
 * count what a row costs in instructions: tools/check_instructions.py compares them with those that
 * were committed. Small, and the same on every run. It prints the name of each work and its rows.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fold/filter.h"
#include "ingest/scan.h"

#define ROWS (2u * SW_CHUNK_ROWS)

enum kind { PARSE, SCAN, FOLD, BRUSHED };

struct work {
    const char *name;
    enum kind kind;
    const char *fold, *params;
};

static const struct work works[] = {
    {"scan of a CSV", SCAN, NULL, NULL},
    {"CSV to a table", PARSE, NULL, NULL},
    {"histogram", FOLD, "histogram", "{\"x\":\"x\",\"bins\":50}"},
    {"histogram, filtered", BRUSHED, "histogram", "{\"x\":\"x\",\"bins\":50}"},
    {"histogram2d", FOLD, "histogram2d",
     "{\"x\":{\"column\":\"x\",\"bins\":64},\"y\":{\"column\":\"y\",\"bins\":64}}"},
    {"groupby of 4, mean", FOLD, "groupby",
     "{\"by\":[\"category\"],\"measures\":{\"n\":{\"fn\":\"count\"},"
     "\"mean\":{\"fn\":\"mean\",\"column\":\"price\"}}}"},
    {"groupby of 4, mean, filtered", BRUSHED, "groupby",
     "{\"by\":[\"category\"],\"measures\":{\"n\":{\"fn\":\"count\"},"
     "\"mean\":{\"fn\":\"mean\",\"column\":\"price\"}}}"},
    {"groupby of 1,000, sum", FOLD, "groupby",
     "{\"by\":[\"station\"],\"measures\":{\"n\":{\"fn\":\"count\"},"
     "\"sum\":{\"fn\":\"sum\",\"column\":\"price\"}}}"},
    {"sum", FOLD, "value", "{\"measures\":{\"s\":{\"fn\":\"sum\",\"column\":\"x\"}}}"},
    {"median", FOLD, "value", "{\"measures\":{\"m\":{\"fn\":\"median\",\"column\":\"x\"}}}"},
    {"line m4", FOLD, "line", "{\"x\":\"ts\",\"y\":[\"price\"],\"points\":100,\"method\":\"m4\"}"},
};

/* What all works read; the CSV also lies in a file that has no name. */
struct bench {
    char *text;
    size_t length;
    uint32_t *index;
    char path[64];
    struct sw_version *version;
    struct sw_filter *filter;
};

static uint32_t next(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % below;
}

static void make_csv(struct bench *bench)
{
    static const char *const categories[] = {"apples", "oranges", "figs", "pineapples"};
    size_t room = (size_t)ROWS * 96 + SW_SCAN_BEHIND;
    uint64_t state = 42;
    bench->text = calloc(1, room);
    bench->index = malloc((1 + SW_SCAN_INDEX_MAX + SW_SCAN_INDEX_SLACK) * sizeof(*bench->index));
    int fd = memfd_create("trips.csv", 0);
    if (bench->text == NULL || bench->index == NULL || fd < 0) {
        bench_need(SW_NO_MEMORY, NULL, "data");
        return;
    }
    char *at = bench->text;
    at += sprintf(at, "id,ts,category,station,price,x,y,note\n");
    for (uint32_t row = 0; row < ROWS; row++) {
        uint32_t price = 100 + next(&state, 5000);
        uint32_t x = next(&state, 80000);
        at += snprintf(at, 96, "%u,2024-01-%02u %02u:%02u:%02u,%s,stop %u,%u.%02u,%u.%04u,%u,", row,
                       1 + row / 8640, row / 360 % 24, row / 6 % 60, row % 6 * 10,
                       categories[next(&state, 4)], next(&state, 1000), price / 100, price % 100,
                       x / 10000, x % 10000, next(&state, 1000));
        at += snprintf(at, 24, "\"ripe, no %u\"\n", next(&state, 3000));
    }
    bench->length = (size_t)(at - bench->text);
    if (write(fd, bench->text, bench->length) != (ssize_t)bench->length) {
        bench_need(SW_INTERNAL, NULL, "data");
    }
    snprintf(bench->path, sizeof(bench->path), "/proc/self/fd/%d", fd);
}

static void scan(struct bench *bench)
{
    const struct sw_dialect dialect = {.delimiter = ',', .quote = '"', .newline = '\n'};
    const uint32_t block = 256u << 10;
    struct sw_scan scan = {.at = bench->index + 1};
    size_t at = 0;
    bench->index[0] = UINT32_MAX;
    do {
        size_t left = bench->length - at;
        uint32_t length = left < block ? (uint32_t)left : block;
        sw_scan_block(sw_scan_choose(), &dialect, bench->text + at, length, &scan);
        at += scan.consumed;
    } while (scan.consumed > 0);
}

static void run(struct bench *bench, const struct work *work)
{
    switch (work->kind) {
    case SCAN:
        scan(bench);
        break;
    case PARSE:
        sw_version_unref(bench->version);
        bench->version = bench_load(bench->path);
        break;
    case FOLD:
    case BRUSHED:
        bench_fold(bench->version, work->fold, work->params,
                   work->kind == BRUSHED ? bench->filter : NULL);
        break;
    }
}

/* By this name callgrind knows when to count. */
void gate(struct bench *bench, const struct work *work);
__attribute__((noipa)) void gate(struct bench *bench, const struct work *work)
{
    run(bench, work);
}

static void make_filter(struct bench *bench)
{
    struct sw_err err = {0};
    struct sw_arena arena;
    uint32_t column = 0;
    sw_arena_init(&arena);
    bench_need(sw_schema_need(bench->version->schema, sw_span_text("price"), &column, &err), &err,
               "price");
    bench_need(sw_filter_between(bench->version, column, bench_json(&arena, "10"),
                                 bench_json(&arena, "35"), false, true, &bench->filter, &err),
               &err, "filter");
    sw_arena_fini(&arena);
}

int main(void)
{
    struct bench bench = {0};
    make_csv(&bench);
    for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
        if (works[i].kind != SCAN && works[i].kind != PARSE) {
            if (bench.filter == NULL) {
                make_filter(&bench);
            }
            run(&bench, &works[i]); /* what is made once and kept is there */
        }
        gate(&bench, &works[i]);
        printf("%u\t%s\n", ROWS, works[i].name);
    }
    sw_filter_free(bench.filter);
    sw_version_unref(bench.version);
    free(bench.text);
    free(bench.index);
    return 0;
}
