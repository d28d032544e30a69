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
