/* fold: what a row costs in each fold, beside a naive loop over plain arrays.
 *
 *   fold_bench [ROWS]
 *
 * The table is like the peers' trips: sorted times, 4 categories, 10,000 stations, small
 * integers, prices of two decimals, x and y of four decimals, 3 % of y null.  Thread CPU time,
 * best of 5. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "fold/filter.h"
#include "fold/fold.h"
#include "kernel/places.h"
#include "table/builder.h"

#define STATIONS 10000u

enum { TS, CATEGORY, STATION, QTY, PRICE, X, Y, COLUMNS };

static const char *const names[COLUMNS] = {"ts", "category", "station", "qty", "price", "x", "y"};
static const enum sw_type types[COLUMNS] = {SW_TYPE_TIMESTAMP, SW_TYPE_STRING, SW_TYPE_STRING,
                                            SW_TYPE_INT,       SW_TYPE_FLOAT,  SW_TYPE_FLOAT,
                                            SW_TYPE_FLOAT};

struct plain { /* the same rows for the naive twins */
    double *price, *x, *y;
    uint32_t *category, *station;
    double *ts;
};

static uint64_t random_state = 42;

static double uniform(void)
{
    random_state += 0x9e3779b97f4a7c15u;
    uint64_t z = random_state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static double normal(void)
{
    return sqrt(-2 * log(1 - uniform())) * cos(6.283185307179586 * uniform());
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void must(sw_status status, const struct sw_err *err)
{
    if (status != SW_OK) {
        fprintf(stderr, "fold_bench: %s %s\n", sw_status_name(status),
                err != NULL ? err->message : "");
        exit(1);
    }
}

/* -- the table -------------------------------------------------------------------------- */

static void add_row(struct sw_builder **builder, uint64_t row, uint64_t rows, struct plain *plain)
{
    static const char *const categories[] = {"apples", "oranges", "figs", "pineapples"};
    unsigned c = (unsigned)(uniform() * 50);
    unsigned category = c < 5 ? 0 : c < 15 ? 1 : c < 35 ? 2 : 3;
    char station[32];
    unsigned stop = (unsigned)(uniform() * STATIONS);
    int length = snprintf(station, sizeof(station), "Alder %05u", stop);
    double price = rint(exp(2.5 + 0.6 * normal()) * 100) / 100;
    double x = rint(normal() * 10000) / 10000 + 0.0; /* no -0.0: it is no decimal */
    double y = rint((0.6 * x + 0.8 * normal()) * 10000) / 10000 + 0.0;
    bool has_y = uniform() >= 0.03;
    int64_t ts = INT64_C(1704067200000) +
                 (int64_t)(((double)row + uniform()) / (double)rows * 31622400000.0);
    must(sw_builder_int(builder[TS], ts), NULL);
    must(sw_builder_text(builder[CATEGORY], sw_span_text(categories[category])), NULL);
    must(sw_builder_text(builder[STATION], sw_span_of(station, (size_t)length)), NULL);
    must(sw_builder_int(builder[QTY], (int64_t)(uniform() * 50) + 1), NULL);
    must(sw_builder_float(builder[PRICE], price), NULL);
    must(sw_builder_float(builder[X], x), NULL);
    must(has_y ? sw_builder_float(builder[Y], y) : sw_builder_null(builder[Y], SW_NULL_EMPTY),
         NULL);
    plain->price[row] = price;
    plain->x[row] = x;
    plain->y[row] = has_y ? y : (double)NAN;
    plain->category[row] = category;
    plain->station[row] = stop;
    plain->ts[row] = (double)ts;
}

static struct sw_version *make_table(uint64_t rows, struct plain *plain)
{
    struct sw_builder *builder[COLUMNS];
    struct sw_rowgroup **group = calloc(rows / SW_CHUNK_ROWS + 1, sizeof(struct sw_rowgroup *));
    struct sw_schema *schema;
    struct sw_version *version;
    uint32_t groups = 0;
    double seal_s = 0;
    *plain = (struct plain){malloc(rows * 8), malloc(rows * 8), malloc(rows * 8),
                            malloc(rows * 4), malloc(rows * 4), malloc(rows * 8)};
    for (int i = 0; i < COLUMNS; i++) {
        struct sw_dict *dict = NULL;
        if (types[i] == SW_TYPE_STRING) {
            must(sw_dict_new(NULL, &dict, NULL), NULL);
        }
        must(sw_builder_new(types[i], dict, NULL, &builder[i], NULL), NULL);
        sw_dict_unref(dict);
    }
    for (uint64_t row = 0; row < rows;) {
        struct sw_chunk *chunk[COLUMNS];
        uint64_t first = row;
        for (; row < rows && row - first < SW_CHUNK_ROWS; row++) {
            add_row(builder, row, rows, plain);
        }
        double begin = seconds();
        for (int i = 0; i < COLUMNS; i++) {
            must(sw_builder_seal(builder[i], &chunk[i], NULL), NULL);
        }
        seal_s += seconds() - begin;
        must(sw_rowgroup_take(COLUMNS, chunk, first, NULL, &group[groups++]), NULL);
    }
    must(sw_schema_new(COLUMNS, names, types, &schema), NULL);
    must(sw_version_new(1, schema, groups, group, rows, &version), NULL);
    bench_report("a table of 7 columns", "B/row", (double)sw_version_bytes(version) / (double)rows,
                 sizeof(double) * COLUMNS, "seven plain doubles");
    bench_report("building and sealing 7 columns", "ns/row", seal_s / (double)rows * 1e9, 0, NULL);
    return version;
}

/* -- runs ---------------------------------------------------------------------------------- */

#define OUTPUTS_MAX 8
#define PARTIALS    4u

struct output {
    const char *kind;
    struct sw_json params;
};

static struct sw_json text_json(const char *key, const char *text)
{
    return (struct sw_json){
        .kind = SW_JSON_STRING, .key = sw_span_text(key), .u.text = sw_span_text(text)};
}

static struct sw_json int_json(const char *key, int64_t value)
{
    return (struct sw_json){.kind = SW_JSON_INT, .key = sw_span_text(key), .u.integer = value};
}

static struct sw_json list_json(enum sw_json_kind kind, const char *key, size_t count,
                                const struct sw_json *items)
{
    struct sw_json *copy = calloc(count + 1, sizeof(*copy));
    memcpy(copy, items, count * sizeof(*copy));
    struct sw_json json = {.kind = kind, .key = sw_span_text(key)};
    json.u.list.items = copy;
    json.u.list.count = count;
    return json;
}

static struct sw_json object_json(const char *key, size_t count, const struct sw_json *items)
{
    return list_json(SW_JSON_OBJECT, key, count, items);
}

static struct output histogram_of(const char *column)
{
    const struct sw_json items[] = {text_json("x", column), int_json("bins", 50)};
    return (struct output){"histogram", object_json("", 2, items)};
}

static struct output histogram2d_of(const char *x, const char *y)
{
    const struct sw_json xs[] = {text_json("column", x), int_json("bins", 64)};
    const struct sw_json ys[] = {text_json("column", y), int_json("bins", 64)};
    const struct sw_json items[] = {object_json("x", 2, xs), object_json("y", 2, ys)};
    return (struct output){"histogram2d", object_json("", 2, items)};
}

static struct output groupby_of(const char *by, const char *fn, const char *column)
{
    const struct sw_json count[] = {text_json("fn", "count")};
    const struct sw_json other[] = {text_json("fn", fn), text_json("column", column)};
    const struct sw_json measures[] = {object_json("n", 1, count), object_json("m", 2, other)};
    const struct sw_json items[] = {text_json("by", by), object_json("measures", 2, measures)};
    return (struct output){"groupby", object_json("", 2, items)};
}

static struct output value_of(const char *fn, const char *column)
{
    const struct sw_json other[] = {text_json("fn", fn), text_json("column", column)};
    const struct sw_json measures[] = {object_json("m", 2, other)};
    const struct sw_json items[] = {object_json("measures", 1, measures)};
    return (struct output){"value", object_json("", 1, items)};
}

static struct output line_of(const char *x, const char *y, int64_t points)
{
    const struct sw_json ys[] = {text_json("", y)};
    const struct sw_json items[] = {text_json("x", x), list_json(SW_JSON_ARRAY, "y", 1, ys),
                                    int_json("points", points)};
    return (struct output){"line", object_json("", 3, items)};
}

static struct output scatter_of(const char *x, const char *y)
{
    const struct sw_json items[] = {text_json("x", x), text_json("y", y), int_json("points", 1000)};
    return (struct output){"scatter", object_json("", 3, items)};
}

static void fold_group(const struct sw_version *version, uint32_t group,
                       const struct sw_filter *filter, struct sw_filter_state *state,
                       struct sw_batch_cache *cache, struct sw_foldrun *const *run, void **part,
                       unsigned outputs)
{
    for (uint32_t at = 0; at < version->group[group]->rows; at += SW_VECTOR_ROWS) {
        struct sw_batch batch;
        uint64_t select[SW_VECTOR_WORDS];
        sw_batch_at(&batch, cache, version, group, at);
        if (filter != NULL) {
            sw_filter_test(filter, state, &batch, select);
            batch.select = select;
            batch.selected = sw_bits_count(select);
        }
        for (unsigned i = 0; i < outputs; i++) {
            sw_foldrun_fold(run[i], part[i], &batch);
        }
    }
}

/* One round of all outputs over all rows, in as many partials as a pool would make of them. */
static void scan(const struct sw_version *version, const struct sw_filter *filter,
                 struct sw_filter_state *state, struct sw_batch_cache *cache,
                 struct sw_foldrun *const *run, void **all, unsigned outputs)
{
    for (uint32_t p = 0; p < PARTIALS; p++) {
        void *part[OUTPUTS_MAX];
        for (unsigned i = 0; i < outputs; i++) {
            must(sw_foldrun_init(run[i], &part[i]), NULL);
        }
        for (uint32_t g = version->groups * p / PARTIALS; g < version->groups * (p + 1) / PARTIALS;
             g++) {
            fold_group(version, g, filter, state, cache, run, part, outputs);
        }
        for (unsigned i = 0; i < outputs; i++) {
            must(sw_foldrun_merge(run[i], all[i], part[i], SW_FOLD_GROUPS), NULL);
            sw_foldrun_state_free(part[i]);
        }
    }
}

static double run_once(const struct sw_version *version, const struct sw_filter *filter,
                       const struct output *output, unsigned outputs)
{
    struct sw_foldrun *run[OUTPUTS_MAX];
    struct sw_filter_state *state = NULL;
    struct sw_batch_cache *cache;
    void *all[OUTPUTS_MAX];
    struct sw_err err = {0};
    must(sw_batch_cache_new(COLUMNS, &cache), NULL);
    if (filter != NULL) {
        must(sw_filter_state_new(filter, &state), NULL);
    }
    double begin = seconds();
    for (unsigned i = 0; i < outputs; i++) {
        const struct sw_fold *fold = sw_fold_find(sw_span_text(output[i].kind));
        must(sw_foldrun_new(fold, &output[i].params, version, &run[i], &err), &err);
    }
    sw_status status = SW_AGAIN;
    while (status == SW_AGAIN) {
        for (unsigned i = 0; i < outputs; i++) {
            must(sw_foldrun_init(run[i], &all[i]), NULL);
        }
        scan(version, filter, state, cache, run, all, outputs);
        status = SW_OK;
        for (unsigned i = 0; i < outputs; i++) {
            struct sw_series *series = NULL;
            sw_status one = sw_foldrun_finish(run[i], all[i], &series, &err);
            status = one == SW_AGAIN ? one : status;
            sw_series_unref(series);
            sw_foldrun_state_free(all[i]);
        }
    }
    double spent = seconds() - begin;
    for (unsigned i = 0; i < outputs; i++) {
        sw_foldrun_free(run[i]);
    }
    sw_filter_state_free(state);
    sw_batch_cache_free(cache);
    return spent;
}

/* `twin`: ns/row of the plain loop that does the same; 0: there is none. */
static void measure_places(const char *what, const struct sw_version *version,
                           const struct sw_filter *filter, const struct output *output,
                           unsigned outputs, double twin, bool is_cold)
{
    double best = 1e9;
    for (int i = 0; i < 5; i++) {
        if (is_cold) {
            (void)sw_places_shed(SIZE_MAX);
        }
        double spent = run_once(version, filter, output, outputs);
        best = spent < best ? spent : best;
    }
    bench_report(what, "ns/row", best / (double)version->rows * 1e9, twin,
                 "plain loop over doubles");
}

static void measure_beside(const char *what, const struct sw_version *version,
                           const struct sw_filter *filter, const struct output *output,
                           unsigned outputs, double twin)
{
    measure_places(what, version, filter, output, outputs, twin, false);
}

static void measure(const char *what, const struct sw_version *version,
                    const struct sw_filter *filter, const struct output *output, unsigned outputs)
{
    measure_beside(what, version, filter, output, outputs, 0);
}

/* -- naive twins ------------------------------------------------------------------------------ */

/* ns/row */
static double naive_w3(const struct plain *plain, uint64_t rows)
{
    double best = 1e9;
    for (int k = 0; k < 5; k++) {
        static uint64_t counts[3][52];
        static uint64_t n[4];
        static double sum[4];
        double begin = seconds();
        for (uint64_t i = 0; i < rows; i++) {
            if (plain->price[i] >= 8 && plain->price[i] <= 20) {
                counts[0][(unsigned)((plain->x[i] + 6) / 12 * 50)]++;
                if (plain->y[i] == plain->y[i]) {
                    counts[1][(unsigned)((plain->y[i] + 6) / 12 * 50)]++;
                }
                counts[2][(unsigned)(plain->price[i] / 20 * 50)]++;
                n[plain->category[i]]++;
                sum[plain->category[i]] += plain->price[i];
            }
        }
        double spent = seconds() - begin;
        best = spent < best ? spent : best;
        __asm__ volatile("" : : "r"(counts), "r"(n), "r"(sum) : "memory");
    }
    return best / (double)rows * 1e9;
}

/* The best of five runs of a plain loop, in ns/row. */
static double naive(void (*loop)(const struct plain *plain, uint64_t rows),
                    const struct plain *plain, uint64_t rows)
{
    double best = 1e9;
    for (int k = 0; k < 5; k++) {
        double begin = seconds();
        loop(plain, rows);
        double spent = seconds() - begin;
        best = spent < best ? spent : best;
    }
    return best / (double)rows * 1e9;
}

static unsigned bin_of(double value)
{
    double at = (value + 6) / 12 * 64;
    return at > 0 ? (at < 63 ? (unsigned)at : 63) : 0;
}

static void loop_cells(const struct plain *plain, uint64_t rows)
{
    static uint64_t cells[64][64];
    for (uint64_t i = 0; i < rows; i++) {
        if (plain->y[i] == plain->y[i]) {
            cells[bin_of(plain->y[i])][bin_of(plain->x[i])]++;
        }
    }
    __asm__ volatile("" : : "r"(cells) : "memory");
}

static void loop_stations(const struct plain *plain, uint64_t rows)
{
    static uint64_t n[STATIONS];
    static double sum[STATIONS];
    for (uint64_t i = 0; i < rows; i++) {
        n[plain->station[i]]++;
        sum[plain->station[i]] += plain->price[i];
    }
    __asm__ volatile("" : : "r"(n), "r"(sum) : "memory");
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void loop_sort(const struct plain *plain, uint64_t rows)
{
    double *copy = malloc(rows * sizeof(*copy));
    memcpy(copy, plain->x, rows * sizeof(*copy));
    qsort(copy, rows, sizeof(*copy), compare_doubles);
    __asm__ volatile("" : : "r"(copy) : "memory");
    free(copy);
}

static void loop_m4(const struct plain *plain, uint64_t rows)
{
    static double low[1000];
    static double high[1000];
    for (uint64_t i = 0; i < rows; i++) {
        unsigned at = (unsigned)((plain->ts[i] - 1704067200000.0) / 31622400000.0 * 1000);
        double value = plain->price[i];
        low[at] = value < low[at] ? value : low[at];
        high[at] = value > high[at] ? value : high[at];
    }
    __asm__ volatile("" : : "r"(low), "r"(high) : "memory");
}

static void measure_interning(unsigned distinct)
{
    enum { COUNT = 1 << 20, PART = 4096 };
    static char bytes[100000][16];
    struct sw_span *texts = malloc(COUNT * sizeof(*texts));
    uint32_t codes[PART];
    struct sw_dict *dict;
    double best = 1e9;
    for (unsigned i = 0; i < distinct; i++) {
        snprintf(bytes[i], sizeof(bytes[i]), "user%u", i * 7919u % 1000003u);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        texts[i] = sw_span_text(bytes[(unsigned)(uniform() * distinct)]);
    }
    must(sw_dict_new(NULL, &dict, NULL), NULL);
    for (int k = 0; k < 5; k++) {
        double begin = seconds();
        for (unsigned i = 0; i < COUNT; i += PART) {
            size_t done;
            sw_dict_write_begin(dict);
            must(sw_dict_intern_all(dict, texts + i, PART, codes, &done), NULL);
            sw_dict_write_end(dict);
        }
        double spent = seconds() - begin;
        best = spent < best ? spent : best;
    }
    char what[64];
    snprintf(what, sizeof(what), "interning a string, one of %u", distinct);
    bench_report(what, "ns", best / COUNT * 1e9, 0, NULL);
    sw_dict_unref(dict);
    free(texts);
}

int main(int argc, char **argv)
{
    uint64_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    rows = rows > 0 ? rows : 2000000;
    struct plain plain;
    struct sw_filter *filter;
    const struct sw_json low = int_json("", 8);
    const struct sw_json high = int_json("", 20);
    measure_interning(20);
    measure_interning(100000);
    struct sw_version *version = make_table(rows, &plain);
    must(sw_filter_between(version, PRICE, &low, &high, false, false, &filter, NULL), NULL);

    const struct output w3[] = {histogram_of("x"), histogram_of("y"), histogram_of("qty"),
                                groupby_of("category", "mean", "price")};
    measure_beside("a brush: filter, 3 histograms, 4 groups", version, filter, w3, 4,
                   naive_w3(&plain, rows));
    measure_places("the same, no bin codes kept", version, filter, w3, 4, naive_w3(&plain, rows),
                   true);
    measure("the same of all rows", version, NULL, w3, 4);
    measure("filter and histogram of price", version, filter,
            &(struct output[]){histogram_of("price")}[0], 1);
    measure("histogram of price (2 bytes)", version, NULL,
            &(struct output[]){histogram_of("price")}[0], 1);
    measure("histogram of x (4 bytes)", version, NULL, &w3[0], 1);
    measure("histogram of qty (1 byte)", version, NULL, &w3[2], 1);
    measure_beside("histogram2d 64 x 64", version, NULL,
                   &(struct output[]){histogram2d_of("x", "y")}[0], 1,
                   naive(loop_cells, &plain, rows));
    measure("groupby 4, count and mean", version, NULL, &w3[3], 1);
    measure_beside("groupby 10,000, count and sum", version, NULL,
                   &(struct output[]){groupby_of("station", "sum", "price")}[0], 1,
                   naive(loop_stations, &plain, rows));
    measure("groupby 10,000, count and max", version, NULL,
            &(struct output[]){groupby_of("station", "max", "qty")}[0], 1);
    measure("value: sum of a float", version, NULL, &(struct output[]){value_of("sum", "x")}[0], 1);
    measure("value: stddev", version, NULL, &(struct output[]){value_of("stddev", "x")}[0], 1);
    measure_beside("value: median", version, NULL, &(struct output[]){value_of("median", "x")}[0],
                   1, naive(loop_sort, &plain, rows));
    measure("value: distinct of 10,000 strings", version, NULL,
            &(struct output[]){value_of("distinct", "station")}[0], 1);
    measure_beside("line m4 of 1,000", version, NULL,
                   &(struct output[]){line_of("ts", "price", 1000)}[0], 1,
                   naive(loop_m4, &plain, rows));
    measure("scatter of 1,000", version, NULL, &(struct output[]){scatter_of("x", "y")}[0], 1);
    sw_filter_free(filter);
    sw_version_unref(version);
    return 0;
}
