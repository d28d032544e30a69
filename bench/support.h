/*
 * What the measuring programs share: the table that they measure on, a clock, and the line of JSON
 * that bench.mjs reads. One thread.
 */
#ifndef SW_BENCH_SUPPORT_H
#define SW_BENCH_SUPPORT_H

#include "base/json.h"
#include "table/table.h"

/* CPU seconds of this thread, and wall seconds. */
double bench_cpu_seconds(void);
double bench_wall_seconds(void);

/* Bytes that the process has in memory. */
double bench_resident_bytes(void);

/* Loads a CSV file on this thread; ends the program when that fails. One reference. */
struct sw_version *bench_load(const char *path);

struct sw_filter;
/* One run of an output over all rows, on this thread, `filter` (NULL: none) included; ends the
 * program when that fails. CPU seconds. */
double bench_fold(const struct sw_version *version, const char *kind, const char *params,
                  const struct sw_filter *filter);

/* JSON text as a tree in the arena; ends the program when it is none. */
const struct sw_json *bench_json(struct sw_arena *arena, const char *text);

/* Ends the program with a message when `status` is a failure. */
void bench_need(sw_status status, const struct sw_err *err, const char *what);

/* One line of the table; twin 0: there is none. */
void bench_report(const char *workload, const char *unit, double ours, double twin,
                  const char *twin_name);

/* All values of a numeric column as doubles, nulls as NaN; the caller frees. */
double *bench_floats(const struct sw_version *version, const char *column);

#endif
