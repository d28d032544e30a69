/*
 * output_bench FILE: ns per row of each kind of output on one thread, beside a plain loop in
 * C over the same values as doubles. A fold reads packed chunks through filters and null bits; the
 * twin has none of that to do, so that a ratio of 1 is already good.
 */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fold/filter.h"
#include "fold/fold.h"

#define REPEATS 5

struct columns {
    const double *x, *y, *price;
    const uint32_t *category;
    size_t rows;
};

struct work {
    const char *name;
    const char *kind;
    const char *params;
    bool is_filtered;
    void (*twin)(const struct columns *columns, double low, double high);
    const char *twin_name;
};

static const double price_low = 5;
static const double price_high = 20;
/* Where the twins leave their sums, so that no loop is thought away. */
static volatile double sink;

static bool is_in(const struct columns *columns, size_t i, double low, double high)
{
    return columns->price[i] >= low && columns->price[i] < high;
}

static void twin_histogram(const struct columns *columns, double low, double high)
{
    uint64_t count[50] = {0};
    for (size_t i = 0; i < columns->rows; i++) {
        double x = columns->x[i];
        if (is_in(columns, i, low, high) && x >= -4 && x < 4) {
            count[(size_t)((x + 4) * 6.25)]++;
        }
    }
    sink = (double)count[25];
}

static void twin_histogram2d(const struct columns *columns, double low, double high)
{
    static uint64_t count[64 * 64];
    memset(count, 0, sizeof(count));
    for (size_t i = 0; i < columns->rows; i++) {
        double x = columns->x[i];
        double y = columns->y[i];
        if (is_in(columns, i, low, high) && x >= -4 && x < 4 && y >= -4 && y < 4) {
            count[(size_t)((y + 4) * 8) * 64 + (size_t)((x + 4) * 8)]++;
        }
    }
    sink = (double)count[2080];
}

static void twin_groupby(const struct columns *columns, double low, double high)
{
    uint64_t count[16] = {0};
    double sum[16] = {0};
    for (size_t i = 0; i < columns->rows; i++) {
        if (is_in(columns, i, low, high)) {
            uint32_t group = columns->category[i] & 15u;
            count[group]++;
            sum[group] += columns->price[i];
        }
    }
    sink = sum[0] / (double)count[0];
}

static void twin_value(const struct columns *columns, double low, double high)
{
    double sum = 0;
    double least = HUGE_VAL;
    double most = -HUGE_VAL;
    uint64_t count = 0;
    for (size_t i = 0; i < columns->rows; i++) {
        double y = columns->y[i];
        if (is_in(columns, i, low, high) && !isnan(y)) {
            count++;
            sum += y;
            least = y < least ? y : least;
            most = y > most ? y : most;
        }
    }
    sink = sum + least + most + (double)count;
}

#define HISTOGRAM "{\"x\":\"x\",\"bins\":50,\"domain\":[-4,4]}"
#define GRID                                                   \
    "{\"x\":{\"column\":\"x\",\"bins\":64,\"domain\":[-4,4]}," \
    "\"y\":{\"column\":\"y\",\"bins\":64,\"domain\":[-4,4]}}"
#define GROUPS                                                       \
    "{\"by\":[\"category\"],\"measures\":{\"n\":{\"fn\":\"count\"}," \
    "\"mean\":{\"fn\":\"mean\",\"column\":\"price\"}}}"
#define STATIONS                                                    \
    "{\"by\":[\"station\"],\"measures\":{\"n\":{\"fn\":\"count\"}," \
    "\"sum\":{\"fn\":\"sum\",\"column\":\"price\"}},"               \
    "\"order\":{\"measure\":\"sum\",\"desc\":true},\"limit\":20}"
#define VALUES                                                                             \
    "{\"measures\":{\"n\":{\"fn\":\"count\",\"column\":\"y\"},"                            \
    "\"sum\":{\"fn\":\"sum\",\"column\":\"y\"},\"min\":{\"fn\":\"min\",\"column\":\"y\"}," \
    "\"max\":{\"fn\":\"max\",\"column\":\"y\"}}}"

static const struct work works[] = {
    {"histogram of 50 bins", "histogram", HISTOGRAM, false, twin_histogram, "plain C loop"},
    {"histogram of 50 bins, brushed", "histogram", HISTOGRAM, true, twin_histogram, "plain C loop"},
    {"2-D histogram of 64 x 64", "histogram2d", GRID, false, twin_histogram2d, "plain C loop"},
    {"2-D histogram, brushed", "histogram2d", GRID, true, twin_histogram2d, "plain C loop"},
    {"group by 4 categories, count and mean", "groupby", GROUPS, false, twin_groupby,
     "plain C loop"},
    {"group by 4 categories, brushed", "groupby", GROUPS, true, twin_groupby, "plain C loop"},
    {"group by 10,000 stations, top 20", "groupby", STATIONS, false, NULL, NULL},
    {"count, sum, min, max", "value", VALUES, false, twin_value, "plain C loop"},
    {"line of 1,000 points, m4", "line",
     "{\"x\":\"time\",\"y\":[\"price\"],\"points\":1000,\"method\":\"m4\"}", false, NULL, NULL},
    {"scatter of 1,000 points", "scatter", "{\"x\":\"x\",\"y\":\"y\",\"points\":1000}", false, NULL,
     NULL},
};

static void measure(const struct sw_version *version, const struct work *work,
                    struct sw_filter *filter, const struct columns *columns)
{
    double ours = 1e9;
    double twin = work->twin == NULL ? 0 : 1e9;
    for (int i = 0; i < REPEATS; i++) {
        double took =
            bench_fold(version, work->kind, work->params, work->is_filtered ? filter : NULL);
        ours = took < ours ? took : ours;
        if (work->twin != NULL) {
            double started = bench_cpu_seconds();
            work->twin(columns, work->is_filtered ? price_low : -HUGE_VAL,
                       work->is_filtered ? price_high : HUGE_VAL);
            took = bench_cpu_seconds() - started;
            twin = took < twin ? took : twin;
        }
    }
    double rows = (double)version->rows;
    bench_report(work->name, "ns/row", ours / rows * 1e9, twin / rows * 1e9, work->twin_name);
}

/* The codes of a string column that is a dictionary throughout; the caller frees. */
static uint32_t *load_codes(const struct sw_version *version, const char *name)
{
    struct sw_err err = {0};
    uint32_t column = 0;
    bench_need(sw_schema_need(version->schema, sw_span_text(name), &column, &err), &err, name);
    struct sw_batch_cache *cache = NULL;
    bench_need(sw_batch_cache_new(version->schema->columns, &cache), NULL, name);
    uint32_t *codes = malloc(version->rows * sizeof(*codes));
    size_t n = 0;
    for (uint32_t group = 0; codes != NULL && group < version->groups; group++) {
        for (uint32_t start = 0; start < version->group[group]->rows; start += SW_VECTOR_ROWS) {
            struct sw_batch batch;
            sw_batch_at(&batch, cache, version, group, start);
            memcpy(codes + n, sw_batch_codes(&batch, column), batch.rows * sizeof(*codes));
            n += batch.rows;
        }
    }
    sw_batch_cache_free(cache);
    return codes;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s FILE.csv\n", argv[0]);
        return 2;
    }
    struct sw_err err = {0};
    struct sw_version *version = bench_load(argv[1]);
    double *x = bench_floats(version, "x");
    double *y = bench_floats(version, "y");
    double *price = bench_floats(version, "price");
    uint32_t *category = load_codes(version, "category");
    struct columns columns = {x, y, price, category, version->rows};
    struct sw_arena arena;
    sw_arena_init(&arena);
    uint32_t column = 0;
    struct sw_filter *filter = NULL;
    bench_need(sw_schema_need(version->schema, sw_span_text("price"), &column, &err), &err,
               "price");
    bench_need(sw_filter_between(version, column, bench_json(&arena, "5"), bench_json(&arena, "20"),
                                 false, true, &filter, &err),
               &err, "filter");
    for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
        measure(version, &works[i], filter, &columns);
    }
    sw_filter_free(filter);
    sw_arena_fini(&arena);
    free(x);
    free(y);
    free(price);
    free(category);
    sw_version_unref(version);
    return 0;
}
