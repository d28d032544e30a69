/* See support.h. */
#include "support.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fold/filter.h"
#include "fold/fold.h"
#include "ingest/load.h"
#include "wire/decode.h"

#define STEP_BYTES (4u << 20)

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double bench_cpu_seconds(void)
{
    return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

double bench_wall_seconds(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

double bench_resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*s %ld", &pages) != 1) {
        pages = 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

void bench_need(sw_status status, const struct sw_err *err, const char *what)
{
    if (status != SW_OK) {
        fprintf(stderr, "%s: %s\n", what, err != NULL ? err->message : sw_status_name(status));
        exit(1);
    }
}

struct sw_version *bench_load(const char *path)
{
    struct sw_err err = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat facts;
    if (fd < 0 || fstat(fd, &facts) != 0) {
        perror(path);
        exit(1);
    }
    struct sw_load_options options = {.fd = fd, .has_header = -1};
    struct sw_load *load = NULL;
    bench_need(sw_load_new(&options, &load, &err), &err, path);
    sw_load_offer(load, (uint64_t)facts.st_size);
    sw_load_end(load);
    _Atomic bool cancel = false;
    struct sw_load_report report = {.state = SW_LOAD_RUNNING};
    while (report.state == SW_LOAD_RUNNING) {
        bench_need(sw_load_step_work(load, STEP_BYTES, &cancel), NULL, path);
        sw_load_report_peek(load, &report);
    }
    if (report.state == SW_LOAD_FAILED) {
        bench_need(SW_UPLOAD, sw_load_error_peek(load), path);
    }
    struct sw_version *version = sw_load_version(load);
    sw_load_free(load);
    close(fd);
    return version;
}

const struct sw_json *bench_json(struct sw_arena *arena, const char *text)
{
    struct sw_err err = {0};
    const struct sw_json *json = NULL;
    bench_need(sw_decode_json(arena, sw_span_text(text), &json, &err), &err, text);
    return json;
}

static sw_status fold_round(const struct sw_version *version, struct sw_foldrun *run,
                            const struct sw_filter *filter, struct sw_filter_state *filter_state,
                            struct sw_batch_cache *cache)
{
    struct sw_err err = {0};
    struct sw_series *series = NULL;
    void *state = NULL;
    bench_need(sw_foldrun_init(run, &state), NULL, "fold");
    for (uint32_t group = 0; group < version->groups; group++) {
        for (uint32_t start = 0; start < version->group[group]->rows; start += SW_VECTOR_ROWS) {
            struct sw_batch batch;
            uint64_t select[SW_VECTOR_WORDS];
            sw_batch_at(&batch, cache, version, group, start);
            if (filter != NULL) {
                sw_filter_test(filter, filter_state, &batch, select);
                batch.select = select;
                batch.selected = sw_bits_count(select);
            }
            sw_foldrun_fold(run, state, &batch);
        }
    }
    sw_status status = sw_foldrun_finish(run, state, &series, &err);
    bench_need(status == SW_AGAIN ? SW_OK : status, &err, "fold");
    sw_series_unref(series);
    sw_foldrun_state_free(state);
    return status;
}

double bench_fold(const struct sw_version *version, const char *kind, const char *params,
                  const struct sw_filter *filter)
{
    struct sw_err err = {0};
    struct sw_arena arena;
    struct sw_filter_state *filter_state = NULL;
    struct sw_batch_cache *cache = NULL;
    struct sw_foldrun *run = NULL;
    sw_arena_init(&arena);
    const struct sw_json *json = bench_json(&arena, params);
    if (filter != NULL) {
        bench_need(sw_filter_state_new(filter, &filter_state), NULL, kind);
    }
    bench_need(sw_batch_cache_new(version->schema->columns, &cache), NULL, kind);
    double started = bench_cpu_seconds();
    bench_need(sw_foldrun_new(sw_fold_find(sw_span_text(kind)), json, version, &run, &err), &err,
               kind);
    while (fold_round(version, run, filter, filter_state, cache) == SW_AGAIN) {
    }
    double took = bench_cpu_seconds() - started;
    sw_foldrun_free(run);
    sw_batch_cache_free(cache);
    sw_filter_state_free(filter_state);
    sw_arena_fini(&arena);
    return took;
}

void bench_report(const char *workload, const char *unit, double ours, double twin,
                  const char *twin_name)
{
    printf("{\"workload\":\"%s\",\"unit\":\"%s\",\"ours\":%.6g", workload, unit, ours);
    if (twin > 0) {
        printf(",\"twin\":%.6g,\"twin_name\":\"%s\"", twin, twin_name);
    }
    printf("}\n");
    fflush(stdout);
}

double *bench_floats(const struct sw_version *version, const char *column)
{
    struct sw_err err = {0};
    uint32_t at = 0;
    bench_need(sw_schema_need(version->schema, sw_span_text(column), &at, &err), &err, column);
    double *values = malloc(version->rows * sizeof(*values));
    if (values == NULL) {
        bench_need(SW_NO_MEMORY, NULL, column);
        return NULL;
    }
    size_t n = 0;
    for (uint32_t group = 0; group < version->groups; group++) {
        const struct sw_chunk *chunk = version->group[group]->chunk[at];
        for (uint32_t row = 0; row < chunk->rows; row++) {
            struct sw_value value = sw_chunk_value(chunk, row);
            bool is_float = chunk->type == SW_TYPE_FLOAT;
            double number = is_float ? value.u.f : (double)value.u.i;
            values[n++] = sw_chunk_is_null(chunk, row) ? (double)NAN : number;
        }
    }
    return values;
}
