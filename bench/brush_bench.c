/*
 * brush_bench FILE: the index of a brush over four linked views (three histograms of 50 bins, four
 * groups with a mean), made by two workers, and its moves. The brush is on prices, each with a bin
 * of its own, on doubles, whose ranges have edges, and on a list of categories. The twin of an
 * index is the goal for it, that of a move too. Processor time is that of all threads.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exec/brush.h"

#define MAKES   4
#define MOVES   400
#define THREADS 2
#define VIEWS   4

struct view {
    const char *kind, *params;
};

static const struct view views[VIEWS] = {
    {"histogram", "{\"x\":\"x\",\"bins\":50,\"domain\":[-4,4]}"},
    {"histogram", "{\"x\":\"y\",\"bins\":50,\"domain\":[-4,4]}"},
    {"histogram", "{\"x\":\"price\",\"bins\":50,\"domain\":[0,100]}"},
    {"groupby", "{\"by\":[\"category\"],\"measures\":{\"n\":{\"fn\":\"count\"},"
                "\"mean\":{\"fn\":\"mean\",\"column\":\"price\"}}}"}};

static double process_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void done(void *context, struct sw_brush *brush)
{
    (void)context;
    (void)brush;
}

static struct sw_brush *make(struct sw_pool *pool, struct sw_lane *lane, struct sw_version *version,
                             uint32_t column, struct sw_brush *from)
{
    struct sw_arena arena;
    struct sw_err err = {0};
    struct sw_brush *brush = NULL;
    struct sw_brush_output output[VIEWS];
    sw_arena_init(&arena);
    for (uint32_t i = 0; i < VIEWS; i++) {
        struct sw_foldrun *run = NULL;
        bench_need(sw_foldrun_new(sw_fold_find(sw_span_text(views[i].kind)),
                                  bench_json(&arena, views[i].params), version, &run, &err),
                   &err, views[i].kind);
        output[i] = (struct sw_brush_output){.run = run, .identity = {i, 0}};
    }
    const struct sw_brush_spec spec = {.version = version,
                                       .column = column,
                                       .outputs = output,
                                       .output_count = VIEWS,
                                       .from = from};
    bench_need(sw_brush_new(pool, lane, &spec, done, NULL, &brush), NULL, "an index");
    sw_pool_settle(pool);
    if (!sw_brush_is_ready(brush)) {
        bench_need(SW_INTERNAL, NULL, "an index that is made");
    }
    sw_arena_fini(&arena);
    return brush;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The time of a move and of all answers. */
static double move(struct sw_brush *brush, const struct sw_filter *filter)
{
    double started = bench_wall_seconds();
    if (!sw_brush_move(brush, filter)) {
        bench_need(SW_INTERNAL, NULL, "a move");
    }
    for (uint32_t i = 0; i < VIEWS; i++) {
        struct sw_series *series = NULL;
        struct sw_err err = {0};
        uint64_t rows;
        bench_need(sw_brush_answer(brush, i, &series, &rows, &err), &err, "an answer");
        sw_series_unref(series);
    }
    return bench_wall_seconds() - started;
}

/* The filter of a step of the drag, or of one pick after the other. */
static struct sw_filter *filter_of(const struct sw_version *version, uint32_t column, bool is_pick,
                                   int step)
{
    static const char *const picks[] = {"[\"figs\"]", "[\"apples\",\"figs\"]", "[\"oranges\"]"};
    struct sw_arena arena;
    struct sw_err err = {0};
    struct sw_filter *filter = NULL;
    char low[32];
    char high[32];
    sw_arena_init(&arena);
    struct sw_column_zone zone = sw_version_zone(version, column);
    double width = (zone.max_f - zone.min_f) / MOVES / 2;
    snprintf(low, sizeof(low), "%.17g", zone.min_f + width * step);
    snprintf(high, sizeof(high), "%.17g", zone.min_f + width * (step + MOVES / 3.0));
    bench_need(
        is_pick ? sw_filter_in(version, column, bench_json(&arena, picks[step % 3]), &filter, &err)
                : sw_filter_between(version, column, bench_json(&arena, low),
                                    bench_json(&arena, high), false, true, &filter, &err),
        &err, "a filter");
    sw_arena_fini(&arena);
    return filter;
}

static void report(const char *name, const char *what, const char *unit, double ours, double limit)
{
    char workload[128];
    snprintf(workload, sizeof(workload), "brush on %s: %s", name, what);
    bench_report(workload, unit, ours, limit, limit > 0 ? "the limit set" : NULL);
}

static void measure(struct sw_pool *pool, struct sw_lane *lane, struct sw_version *version,
                    const char *name, bool is_pick)
{
    uint32_t column = 0;
    struct sw_brush *brush = NULL;
    double wall = 1e9;
    double processor = 1e9;
    double took[MOVES];
    bench_need(sw_schema_need(version->schema, sw_span_text(name), &column, NULL), NULL, name);
    for (int i = 0; i < MAKES; i++) {
        sw_brush_free(brush);
        double started = bench_wall_seconds();
        double used = process_seconds();
        brush = make(pool, lane, version, column, NULL);
        wall = bench_wall_seconds() - started < wall ? bench_wall_seconds() - started : wall;
        processor = process_seconds() - used < processor ? process_seconds() - used : processor;
    }
    for (int i = 0; i < MOVES; i++) {
        struct sw_filter *filter = filter_of(version, column, is_pick, i);
        took[i] = move(brush, filter) * 1e6;
        sw_filter_free(filter);
    }
    qsort(took, MOVES, sizeof(*took), compare);
    report(name, "the index over four views, two workers", "ms", wall * 1e3,
           60 * (double)version->rows / 1e7);
    report(name, "processor time of that", "ns/row", processor * 1e9 / (double)version->rows, 12);
    report(name, "a move, four views, median", "us", took[MOVES / 2], 0);
    report(name, "a move, four views, p99", "us", took[MOVES * 99 / 100], 200);
    double started = process_seconds();
    brush = make(pool, lane, version, column, brush);
    report(name, "the index taken along, nothing changed", "ms",
           (process_seconds() - started) * 1e3, 0);
    sw_brush_free(brush);
}

int main(int argc, char **argv)
{
    struct sw_pool *pool = NULL;
    struct sw_lane *lane = NULL;
    if (argc != 2) {
        fprintf(stderr, "usage: %s FILE.csv\n", argv[0]);
        return 2;
    }
    struct sw_version *version = bench_load(argv[1]);
    bench_need(sw_pool_new(THREADS, NULL, NULL, &pool, NULL), NULL, "a pool");
    bench_need(sw_lane_new(pool, &lane), NULL, "a lane");
    measure(pool, lane, version, "price", false);
    measure(pool, lane, version, "x", false);
    measure(pool, lane, version, "category", true);
    sw_lane_free(lane);
    sw_pool_free(pool);
    sw_version_unref(version);
    return 0;
}
