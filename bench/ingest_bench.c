/*
 * ingest_bench FILE: a CSV from the page cache to a table on one thread, beside the least that any
 * reader must do: read the same bytes and find the line ends. CPU time of the thread.
 */
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES (1u << 20)
#define REPEATS     3

static uint64_t count_lines(const char *path)
{
    static char block[BLOCK_BYTES];
    uint64_t lines = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;
    while (fd >= 0 && (got = read(fd, block, sizeof(block))) > 0) {
        const char *at = block;
        const char *end = block + got;
        while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
            lines++;
            at++;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return lines;
}

int main(int argc, char **argv)
{
    struct stat facts;
    if (argc != 2 || stat(argv[1], &facts) != 0) {
        fprintf(stderr, "usage: %s FILE.csv\n", argv[0]);
        return 2;
    }
    double megabytes = (double)facts.st_size / 1e6;
    double best_lines = 1e9;
    for (int i = 0; i < REPEATS; i++) {
        double started = bench_cpu_seconds();
        uint64_t lines = count_lines(argv[1]);
        double took = bench_cpu_seconds() - started;
        best_lines = lines > 0 && took < best_lines ? took : best_lines;
    }

    double resident = bench_resident_bytes();
    double started = bench_cpu_seconds();
    struct sw_version *version = bench_load(argv[1]);
    double first = bench_cpu_seconds() - started;
    double rows = (double)version->rows;
    bench_report("ingest of a CSV, one thread, first time", "MB/s", megabytes / first,
                 megabytes / best_lines, "read() and memchr of line ends");
    bench_report("memory of the table, chunks and dictionaries", "B/row",
                 (double)sw_version_bytes(version) / rows, megabytes * 1e6 / rows,
                 "the CSV itself");
    bench_report("memory of the process after the load", "B/row",
                 (bench_resident_bytes() - resident) / rows, megabytes * 1e6 / rows,
                 "the CSV itself");
    sw_version_unref(version);

    double best = first;
    for (int i = 0; i < REPEATS; i++) {
        started = bench_cpu_seconds();
        version = bench_load(argv[1]);
        double took = bench_cpu_seconds() - started;
        best = took < best ? took : best;
        sw_version_unref(version);
    }
    bench_report("ingest of a CSV, one thread, memory warm", "MB/s", megabytes / best,
                 megabytes / best_lines, "read() and memchr of line ends");
    return 0;
}
