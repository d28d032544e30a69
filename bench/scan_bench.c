/*
 * scan_bench FILE: the structural scan of a CSV, each of the scanners that this machine has beside
 * the exact one, which reads byte by byte.
 */
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/scan.h"

#define BLOCK_BYTES (256u << 10)
#define TEXT_BYTES  ((size_t)64 << 20) /* of the file's start */
#define REPEATS     3

/* GB/s over the text, block by block; `fast` NULL: the exact scanner. */
static double measure(sw_scan_fast *fast, const char *text, size_t length, uint32_t *index)
{
    const struct sw_dialect dialect = {.delimiter = ',', .quote = '"', .newline = '\n'};
    struct sw_scan scan = {.at = index + 1};
    double best = 0;
    for (int i = 0; i < REPEATS; i++) {
        const double started = bench_cpu_seconds();
        size_t at = 0;
        do {
            const uint32_t block =
                length - at < BLOCK_BYTES ? (uint32_t)(length - at) : BLOCK_BYTES;
            if (fast != NULL) {
                sw_scan_block(fast, &dialect, text + at, block, &scan);
            } else {
                sw_scan_exact(&dialect, text + at, block, &scan);
            }
            at += scan.consumed;
        } while (scan.consumed > 0);
        const double rate = (double)at / (bench_cpu_seconds() - started) / 1e9;
        best = rate > best ? rate : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    struct stat facts;
    const int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0 || fstat(fd, &facts) != 0) {
        fprintf(stderr, "usage: %s FILE.csv\n", argv[0]);
        return 2;
    }
    const size_t size = (size_t)facts.st_size < TEXT_BYTES ? (size_t)facts.st_size : TEXT_BYTES;
    char *text = calloc(1, size + SW_SCAN_BEHIND);
    uint32_t *index = malloc((1 + SW_SCAN_INDEX_MAX + SW_SCAN_INDEX_SLACK) * sizeof(*index));
    if (text == NULL || index == NULL || pread(fd, text, size, 0) != (ssize_t)size) {
        perror(argv[1]);
        return 1;
    }
    index[0] = UINT32_MAX;
    const double exact = measure(NULL, text, size, index);
    bench_report("scan of a CSV, the best scanner here", "GB/s",
                 measure(sw_scan_choose(), text, size, index), exact, "byte by byte");
    bench_report("scan of a CSV, the scanner for any machine", "GB/s",
                 measure(sw_scan_plain, text, size, index), exact, "byte by byte");
    free(index);
    free(text);
    close(fd);
    return 0;
}
