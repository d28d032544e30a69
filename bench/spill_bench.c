/*
 * spill_bench FILE: what keeping a table on disk costs: writing its chunks, reading them back, a
 * histogram over a column that is away against one that is here, a restart, a session that wakes
 * without the values of its table, and the acknowledgement of a change by durability. The state
 * lies in the folder of the file, so that it is on a disk like it.
 */
#include "support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "spill/cache.h"
#include "spill/chunks.h"
#include "spill/journal.h"
#include "spill/restore.h"
#include "spill/save.h"

#define BINS    50
#define REPEATS 3
#define COMMITS 300
#define STORES  50

static char folder[4096];

static void remove_folder(const char *path)
{
    char inner[4400];
    DIR *list = opendir(path);
    const struct dirent *entry;
    while (list != NULL && (entry = readdir(list)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
            if (unlink(inner) != 0) {
                remove_folder(inner);
            }
        }
    }
    if (list != NULL) {
        closedir(list);
        rmdir(path);
    }
}

static struct sw_spill *open_state(enum sw_durability durability)
{
    const struct sw_spill_options options = {
        .state_dir = folder, .durability = durability, .disk_bytes = INT64_MAX};
    struct sw_spill *spill;
    struct sw_err err = {0};
    bench_need(sw_spill_open(&options, &spill, &err), &err, folder);
    return spill;
}

static struct sw_store *make_store(struct sw_spill *spill, const char *name)
{
    const struct sw_store_facts facts = {.opened_ms = 1};
    struct sw_store *store;
    struct sw_err err = {0};
    bench_need(sw_store_create_work(spill, name, &facts, INT64_MAX, &store, &err), &err, name);
    return store;
}

/* -- chunks ---------------------------------------------------------------------------------- */

static void save(struct sw_store *store, struct sw_version *version)
{
    struct sw_saved *state;
    struct sw_save *run;
    struct sw_err err = {0};
    bool is_done = false;
    bench_need(sw_saved_new(1, 0, &state), NULL, "save");
    state->table[0] = (struct sw_saved_table){
        .id = 1, .name = sw_span_text("t"), .version = sw_version_ref(version)};
    bench_need(sw_save_new(store, state, &run, &err), &err, "save");
    while (!is_done) {
        bench_need(sw_save_step_work(run, &is_done, &err), &err, "save");
    }
    sw_save_free(run);
}

static struct sw_saved *restore(struct sw_store *store, struct sw_budget *budget)
{
    struct sw_restore *run;
    struct sw_err err = {0};
    bool is_done = false;
    bench_need(sw_restore_new(store, budget, &run, &err), &err, "restore");
    while (!is_done) {
        bench_need(sw_restore_step_work(run, &is_done, &err), &err, "restore");
    }
    struct sw_saved *state = sw_restore_take(run);
    sw_restore_free(run);
    return state;
}

/* CPU seconds of writing the version to a new store. */
static double write_once(struct sw_spill *spill, struct sw_version *version, double *wall,
                         double *disk)
{
    struct sw_store *store = make_store(spill, "written");
    double started = bench_wall_seconds();
    double cpu = bench_cpu_seconds();
    save(store, version);
    cpu = bench_cpu_seconds() - cpu;
    *wall = bench_wall_seconds() - started;
    *disk = (double)sw_store_disk_bytes(store);
    sw_store_remove_work(store);
    return cpu;
}

static void measure_writing(struct sw_spill *spill, struct sw_version *version, double ingest)
{
    double bytes = (double)sw_version_bytes(version);
    double best = 1e9;
    double best_wall = 1e9;
    double disk = 0;
    for (int i = 0; i < REPEATS; i++) {
        double wall;
        double cpu = write_once(spill, version, &wall, &disk);
        best = cpu < best ? cpu : best;
        best_wall = wall < best_wall ? wall : best_wall;
    }
    bench_report("writing a table's chunks, CPU, synced", "MB/s", bytes / best / 1e6, 0, NULL);
    bench_report("the same by the clock", "MB/s", bytes / best_wall / 1e6, 0, NULL);
    bench_report("what it adds to the ingest of the CSV, CPU", "%", 100 * best / ingest, 15,
                 "the goal");
    bench_report("the table on disk", "B/row", disk / (double)version->rows,
                 bytes / (double)version->rows, "in memory");
}

/* -- a scan -------------------------------------------------------------------------------- */

#define COUNT(type)                                                            \
    do {                                                                       \
        const type *values = chunk->data;                                      \
        for (uint32_t i = 0; i < chunk->rows; i++) {                           \
            double value = (double)(chunk->base + (int64_t)values[i]) / power; \
            bins[(int)((value - low) * scale)]++;                              \
        }                                                                      \
    } while (0)

/* A histogram straight from the chunk: what a chart's first fold does at the least. */
static void count(const struct sw_chunk *chunk, double low, double high, uint64_t *bins)
{
    double power = sw_decimal_powers[chunk->scale];
    double scale = (BINS - 1) / (high > low ? high - low : 1);
    switch (chunk->width) {
    case 1:
        COUNT(uint8_t);
        break;
    case 2:
        COUNT(uint16_t);
        break;
    case 4:
        COUNT(uint32_t);
        break;
    default:
        for (uint32_t i = 0; chunk->width == 8 && i < chunk->rows; i++) {
            double value = chunk->encoding == SW_ENC_FLOAT
                               ? ((const double *)chunk->data)[i]
                               : (double)((const int64_t *)chunk->data)[i];
            bins[value >= low && value <= high ? (int)((value - low) * scale) : 0]++;
        }
        break;
    }
}

static double scan(const struct sw_version *version, struct sw_store *away, uint32_t column,
                   const uint64_t *key, uint64_t *bins)
{
    struct sw_column_zone zone = sw_version_zone(version, column);
    double low = zone.min_f < 0 ? zone.min_f : 0; /* nulls are 0 */
    double high = zone.max_f > 0 ? zone.max_f : 0;
    double started = bench_cpu_seconds();
    for (uint32_t g = 0; g < version->groups; g++) {
        struct sw_chunk *chunk = NULL;
        if (away != NULL) {
            struct sw_err err = {0};
            bench_need(sw_chunks_get_work(away, key[g], NULL, &chunk, &err), &err, "read");
        } else {
            chunk = sw_chunk_ref(version->group[g]->chunk[column]);
        }
        count(chunk, low, high, bins);
        sw_chunk_unref(chunk);
    }
    return bench_cpu_seconds() - started;
}

static void measure_scan(struct sw_store *store, const struct sw_version *version, uint32_t column)
{
    uint64_t *key = calloc(version->groups, sizeof(*key));
    uint64_t bins[BINS] = {0};
    double here = 1e9;
    double away = 1e9;
    double bytes = 0;
    for (uint32_t g = 0; g < version->groups; g++) {
        const struct sw_chunk *chunk = version->group[g]->chunk[column];
        bytes += (double)chunk->held_bytes;
        if (!sw_chunks_key(store, chunk, &key[g])) {
            fprintf(stderr, "a chunk is not stored\n");
            exit(1);
        }
    }
    for (int i = 0; i < REPEATS; i++) {
        double took = scan(version, NULL, column, key, bins);
        here = took < here ? took : here;
        took = scan(version, store, column, key, bins);
        away = took < away ? took : away;
    }
    char title[120];
    snprintf(title, sizeof(title), "histogram of %s, its chunks on disk, cached by the system",
             version->schema->column[column].name);
    bench_report(title, "ns/row", away / (double)version->rows * 1e9,
                 here / (double)version->rows * 1e9, "its chunks in memory");
    snprintf(title, sizeof(title), "reading %s back", version->schema->column[column].name);
    bench_report(title, "MB/s", bytes / (away - here) / 1e6, 0, NULL);
    free(key);
}

/* A histogram of a column by way of its pins. */
static void chart(const struct sw_version *version, uint32_t column)
{
    uint64_t bins[BINS] = {0};
    struct sw_column_zone zone = sw_version_zone(version, column);
    double low = zone.min_f < 0 ? zone.min_f : 0;
    double high = zone.max_f > 0 ? zone.max_f : 0;
    struct sw_err err = {0};
    for (uint32_t g = 0; g < version->groups; g++) {
        const struct sw_chunk *chunk = version->group[g]->chunk[column];
        bench_need(sw_chunk_pin(chunk, &err), &err, "pin");
        count(chunk, low, high, bins);
        sw_chunk_unpin(chunk);
    }
}

/* The store of measure_restart, as a session opens it. */
static void measure_waking(struct sw_spill *spill)
{
    struct sw_budget budget;
    struct sw_cache *cache;
    struct sw_store *store;
    struct sw_err err = {0};
    int64_t limit = (int64_t)SW_SESSION_MEMORY_BYTES;
    sw_budget_init(&budget, "session_memory_bytes", limit, NULL);
    bench_need(sw_cache_new(NULL, &budget, limit, &cache), NULL, "cache");
    double started = bench_wall_seconds();
    bench_need(sw_store_open_work(spill, "restored", INT64_MAX, &store, &err), &err, "open");
    sw_cache_set_store_work(cache, store);
    struct sw_saved *state = restore(store, &budget);
    bench_report("waking a session, without the values of its table", "ms",
                 (bench_wall_seconds() - started) * 1e3, 0, NULL);
    const struct sw_version *version = state->table[0].version;
    uint32_t column = 0;
    while (column + 1 < version->schema->columns &&
           !sw_type_is_numeric(version->schema->column[column].type)) {
        column++;
    }
    started = bench_wall_seconds();
    chart(version, column);
    bench_report("its first chart, of one column", "ms", (bench_wall_seconds() - started) * 1e3, 0,
                 NULL);
    sw_saved_free(state);
    sw_cache_set_store_work(cache, NULL);
    sw_store_remove_work(store);
    sw_cache_close(cache);
}

static void measure_restart(struct sw_spill *spill, struct sw_version *version)
{
    double bytes = (double)sw_version_bytes(version);
    struct sw_store *store = make_store(spill, "restored");
    struct sw_err err = {0};
    save(store, version);
    for (uint32_t i = 0; i < version->schema->columns; i++) {
        if (sw_type_is_numeric(version->schema->column[i].type)) {
            measure_scan(store, version, i);
        }
    }
    sw_store_close_work(store);
    double started = bench_cpu_seconds();
    bench_need(sw_store_open_work(spill, "restored", INT64_MAX, &store, &err), &err, "open");
    struct sw_saved *state = restore(store, NULL);
    double took = bench_cpu_seconds() - started;
    bench_report("restoring a table, all of it, CPU", "s/GB", took / bytes * 1e9, 0, NULL);
    sw_saved_free(state);
    sw_store_close_work(store);
    measure_waking(spill);
}

/* -- acknowledgements ------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure_commits(enum sw_durability durability)
{
    static double took[COMMITS];
    char params[200];
    char title[100];
    struct sw_spill *spill = open_state(durability);
    struct sw_store *store = make_store(spill, "log");
    struct sw_err err = {0};
    memset(params, 'x', sizeof(params));
    for (uint64_t i = 0; i < COMMITS; i++) {
        const struct sw_record record = {.seq = i + 1,
                                         .method = sw_span_text("table.update"),
                                         .params = sw_span_of(params, sizeof(params))};
        double started = bench_wall_seconds();
        bench_need(sw_journal_append_work(store, &record, 1, &err), &err, "append");
        took[i] = bench_wall_seconds() - started;
    }
    qsort(took, COMMITS, sizeof(*took), compare);
    snprintf(title, sizeof(title), "a change in the log, --durability %s, median",
             sw_durability_name(durability));
    bench_report(title, "us", took[COMMITS / 2] * 1e6, 0, NULL);
    snprintf(title, sizeof(title), "a change in the log, --durability %s, p99",
             sw_durability_name(durability));
    bench_report(title, "us", took[COMMITS * 99 / 100] * 1e6, 0, NULL);
    sw_store_remove_work(store);

    struct sw_store *many[STORES];
    double started = bench_wall_seconds();
    for (int i = 0; i < STORES; i++) {
        char name[32];
        snprintf(name, sizeof(name), "store%d", i);
        many[i] = make_store(spill, name);
    }
    snprintf(title, sizeof(title), "a new session's store, --durability %s",
             sw_durability_name(durability));
    bench_report(title, "us", (bench_wall_seconds() - started) / STORES * 1e6, 0, NULL);
    for (int i = 0; i < STORES; i++) {
        sw_store_close_work(many[i]);
    }
    started = bench_wall_seconds();
    sw_spill_close(spill);
    spill = open_state(durability);
    for (int i = 0; i < STORES; i++) {
        char name[32];
        snprintf(name, sizeof(name), "store%d", i);
        bench_need(sw_store_open_work(spill, name, INT64_MAX, &many[i], &err), &err, "open");
    }
    if (durability == SW_DURABILITY_PROCESS) {
        bench_report("opening an empty session's store", "us",
                     (bench_wall_seconds() - started) / STORES * 1e6, 0, NULL);
    }
    for (int i = 0; i < STORES; i++) {
        sw_store_remove_work(many[i]);
    }
    sw_spill_close(spill);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s FILE.csv\n", argv[0]);
        return 2;
    }
    snprintf(folder, sizeof(folder), "%.4000s.state-XXXXXX", argv[1]);
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        return 1;
    }
    sw_log_set_level(SW_LOG_ERROR);
    struct sw_spill *spill = open_state(SW_DURABILITY_PROCESS);
    double ingest = 1e9;
    struct sw_version *version = NULL;
    for (int i = 0; i < REPEATS; i++) {
        sw_version_unref(version);
        double started = bench_cpu_seconds();
        version = bench_load(argv[1]);
        double took = bench_cpu_seconds() - started;
        ingest = took < ingest ? took : ingest;
    }
    measure_writing(spill, version, ingest);
    measure_restart(spill, version);
    sw_spill_close(spill);
    measure_commits(SW_DURABILITY_OFF);
    measure_commits(SW_DURABILITY_PROCESS);
    measure_commits(SW_DURABILITY_POWER);
    sw_version_unref(version);
    remove_folder(folder);
    return 0;
}
