/*
 * derive_bench: what a table made from others costs a row of its first source: 2 million rows in
 * memory (or as many as the first argument says), one worker, joined with a table of 10,000 rows.
 * The twin is SQLite in memory on the first 500,000 of them.
 */
#include "support.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "derive/derive.h"
#include "table/builder.h"

#define REPEATS     3
#define SMALL_ROWS  10000u
#define SAMPLE_ROWS 500000u

/* Columns of both tables; the small one has each id and each station once. */
enum { ID, STATION, CATEGORY, PRICE, COLUMNS };

static const char *const names[COLUMNS] = {"id", "station", "category", "price"};
static const enum sw_type types[COLUMNS] = {SW_TYPE_INT, SW_TYPE_STRING, SW_TYPE_STRING,
                                            SW_TYPE_FLOAT};

static double process_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static uint64_t bits_of_row(uint64_t row, bool is_small)
{
    return is_small ? row : (row * 6364136223846793005u + 1442695040888963407u) >> 20;
}

static struct sw_value value_of(int column, uint64_t bits, char *text)
{
    static const char *const categories[] = {"apples", "oranges", "figs", "pineapples", "plums"};
    struct sw_value value = {.type = types[column]};
    switch (column) {
    case ID:
        value.u.i = (int64_t)(bits % SMALL_ROWS);
        break;
    case STATION:
        value.u.s = sw_span_of(
            text, (size_t)snprintf(text, 32, "station-%04u", (unsigned)(bits % SMALL_ROWS)));
        break;
    case CATEGORY:
        value.u.s = sw_span_text(categories[bits % 5]);
        break;
    default:
        value.u.f = (double)(bits % 9973) / 100;
        break;
    }
    return value;
}

static struct sw_version *make_table(uint64_t rows, bool is_small)
{
    uint32_t groups = (uint32_t)((rows + SW_CHUNK_ROWS - 1) / SW_CHUNK_ROWS);
    struct sw_rowgroup **group = calloc(groups, sizeof(struct sw_rowgroup *));
    struct sw_builder *builder[COLUMNS];
    struct sw_schema *schema;
    struct sw_version *version;
    bench_need(group == NULL ? SW_NO_MEMORY : SW_OK, NULL, "table");
    bench_need(sw_schema_new(COLUMNS, names, types, &schema), NULL, "schema");
    for (int c = 0; c < COLUMNS; c++) {
        struct sw_dict *dict = NULL;
        if (types[c] == SW_TYPE_STRING) {
            bench_need(sw_dict_new(NULL, &dict, NULL), NULL, "dictionary");
        }
        bench_need(sw_builder_new(types[c], dict, NULL, &builder[c], NULL), NULL, "builder");
        sw_dict_unref(dict);
    }
    for (uint32_t k = 0; k < groups; k++) {
        struct sw_chunk *chunk[COLUMNS];
        uint64_t from = (uint64_t)k * SW_CHUNK_ROWS;
        uint64_t end = rows - from < SW_CHUNK_ROWS ? rows : from + SW_CHUNK_ROWS;
        for (int c = 0; c < COLUMNS; c++) {
            for (uint64_t row = from; row < end; row++) {
                char text[32];
                struct sw_value value = value_of(c, bits_of_row(row, is_small), text);
                bench_need(sw_builder_value(builder[c], &value), NULL, "value");
            }
            bench_need(sw_builder_seal(builder[c], &chunk[c], NULL), NULL, "seal");
        }
        bench_need(sw_rowgroup_take(COLUMNS, chunk, from, NULL, &group[k]), NULL, "row group");
    }
    bench_need(sw_version_new(1, schema, groups, group, rows, &version), NULL, "version");
    for (uint32_t k = 0; k < groups; k++) {
        sw_rowgroup_unref(group[k]);
    }
    for (int c = 0; c < COLUMNS; c++) {
        sw_builder_free(builder[c]);
    }
    sw_schema_unref(schema);
    free(group);
    return version;
}

/* -- the twin -------------------------------------------------------------------------- */

static void fill_sqlite(sqlite3 *db, const char *name, uint64_t rows, bool is_small)
{
    char text[200];
    sqlite3_stmt *insert = NULL;
    (void)snprintf(text, sizeof(text),
                   "CREATE TABLE %s(id INTEGER, station TEXT, category TEXT, price REAL)", name);
    (void)sqlite3_exec(db, text, NULL, NULL, NULL);
    (void)snprintf(text, sizeof(text), "INSERT INTO %s VALUES(?,?,?,?)", name);
    bench_need(sqlite3_prepare_v2(db, text, -1, &insert, NULL) == SQLITE_OK ? SW_OK : SW_INTERNAL,
               NULL, "SQLite");
    for (uint64_t row = 0; row < rows; row++) {
        for (int c = 0; c < COLUMNS; c++) {
            char room[32];
            struct sw_value value = value_of(c, bits_of_row(row, is_small), room);
            if (value.type == SW_TYPE_INT) {
                sqlite3_bind_int64(insert, c + 1, value.u.i);
            } else if (value.type == SW_TYPE_FLOAT) {
                sqlite3_bind_double(insert, c + 1, value.u.f);
            } else {
                sqlite3_bind_text(insert, c + 1, value.u.s.data, (int)value.u.s.length,
                                  SQLITE_TRANSIENT);
            }
        }
        (void)sqlite3_step(insert);
        (void)sqlite3_reset(insert);
    }
    (void)sqlite3_finalize(insert);
}

static double twin_ns(sqlite3 *db, const char *sql)
{
    char text[600];
    (void)snprintf(text, sizeof(text), "DROP TABLE IF EXISTS made; CREATE TEMP TABLE made AS %s",
                   sql);
    double best = 1e9;
    for (int i = 0; i < REPEATS; i++) {
        double begin = process_seconds();
        bench_need(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK ? SW_OK : SW_INTERNAL,
                   NULL, sql);
        double seconds = process_seconds() - begin;
        best = seconds < best ? seconds : best;
    }
    return best * 1e9 / SAMPLE_ROWS;
}

/* -- ours --------------------------------------------------------------------------------- */

struct bed {
    struct sw_pool *pool;
    struct sw_lane *lane;
    struct sw_version *big, *small;
    sqlite3 *db;
};

static void wake(void *context)
{
    (void)context;
}

static void made(void *context, sw_status status, struct sw_version *version,
                 const struct sw_err *err)
{
    (void)context;
    bench_need(status, err, "derive");
    sw_version_unref(version);
}

static void report(const struct bed *bed, const char *what, const char *definition, const char *sql)
{
    struct sw_arena arena;
    struct sw_derive_plan *plan;
    struct sw_err err;
    sw_arena_init(&arena);
    bench_need(sw_derive_plan_new(bench_json(&arena, definition), NULL, &plan, &err), &err, what);
    double best = 1e9;
    for (int i = 0; i < REPEATS; i++) {
        struct sw_derive *run;
        const struct sw_derive_spec spec = {
            .plan = plan,
            .from = bed->big,
            .join = sw_derive_plan_join(plan).length > 0 ? bed->small : NULL,
            .number = 1,
            .clock = &sw_clock_system,
        };
        double begin = process_seconds();
        bench_need(sw_derive_submit(bed->pool, bed->lane, &spec, made, NULL, &run, &err), &err,
                   what);
        sw_pool_settle(bed->pool);
        double seconds = process_seconds() - begin;
        best = seconds < best ? seconds : best;
    }
    bench_report(what, "ns/row", best * 1e9 / (double)bed->big->rows, twin_ns(bed->db, sql),
                 "SQLite");
    sw_derive_plan_unref(plan);
    sw_arena_fini(&arena);
}

int main(int argc, char **argv)
{
    uint64_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 0; /* a file's name is passed over */
    rows = rows > 0 ? rows : 2000000;
    struct bed bed = {0};
    bench_need(sw_pool_new(1, wake, NULL, &bed.pool, NULL), NULL, "pool");
    bench_need(sw_lane_new(bed.pool, &bed.lane), NULL, "lane");
    bed.big = make_table(rows, false);
    bed.small = make_table(SMALL_ROWS, true);
    bench_need(sqlite3_open(":memory:", &bed.db) == SQLITE_OK ? SW_OK : SW_INTERNAL, NULL,
               "SQLite");
    fill_sqlite(bed.db, "big", SAMPLE_ROWS, false);
    fill_sqlite(bed.db, "small", SMALL_ROWS, true);
    (void)sqlite3_exec(bed.db, "CREATE INDEX a ON small(id); CREATE INDEX b ON small(station)",
                       NULL, NULL, NULL);
    report(&bed, "derive: join on an int, all columns",
           "{\"from\":\"big\",\"join\":{\"table\":\"small\",\"on\":[\"id\"]}}",
           "SELECT big.*, s.station, s.category, s.price FROM big JOIN small s ON big.id = s.id");
    report(&bed, "derive: join on a coded string, all columns",
           "{\"from\":\"big\",\"join\":{\"table\":\"small\",\"on\":[\"station\"]}}",
           "SELECT big.*, s.id, s.category, s.price FROM big JOIN small s ON big.station = "
           "s.station");
    report(&bed, "derive: join on two columns, filtered",
           "{\"from\":\"big\",\"join\":{\"table\":\"small\",\"on\":[\"id\",\"station\"]},"
           "\"where\":\"price < 50\"}",
           "SELECT big.*, s.category, s.price FROM big JOIN small s ON big.id = s.id AND "
           "big.station = s.station WHERE big.price < 50");
    report(&bed, "derive: join, then a group by of the other's column",
           "{\"from\":\"big\",\"join\":{\"table\":\"small\",\"on\":[\"id\"]},\"group_by\":["
           "\"category_2\"],\"measures\":{\"sum\":{\"fn\":\"sum\",\"column\":\"price\"}}}",
           "SELECT s.category, sum(big.price) FROM big JOIN small s ON big.id = s.id GROUP BY 1");
    report(&bed, "derive: group by 10,000 strings, sum and mean",
           "{\"from\":\"big\",\"group_by\":[\"station\"],\"measures\":{\"sum\":{\"fn\":\"sum\","
           "\"column\":\"id\"},\"mean\":{\"fn\":\"mean\",\"column\":\"price\"}}}",
           "SELECT station, sum(id), avg(price) FROM big GROUP BY station");
    report(&bed, "derive: group by two columns (50,000 groups)",
           "{\"from\":\"big\",\"group_by\":[\"category\",\"id\"],\"measures\":{\"n\":{\"fn\":"
           "\"count\"}}}",
           "SELECT category, id, count(*) FROM big GROUP BY category, id");
    report(&bed, "derive: filter a fifth", "{\"from\":\"big\",\"where\":\"category = 'figs'\"}",
           "SELECT * FROM big WHERE category = 'figs'");
    report(&bed, "derive: an expression more",
           "{\"from\":\"big\",\"columns\":[\"id\",{\"name\":\"x\",\"expr\":\"price * 1.1\"}]}",
           "SELECT id, price * 1.1 FROM big");
    report(&bed, "derive: sort by a float", "{\"from\":\"big\",\"sort\":[\"price\"]}",
           "SELECT * FROM big ORDER BY price");
    report(&bed, "derive: distinct of two columns",
           "{\"from\":\"big\",\"columns\":[\"category\",\"id\"],\"distinct\":true}",
           "SELECT DISTINCT category, id FROM big");
    report(&bed, "derive: pivot, five columns",
           "{\"from\":\"big\",\"group_by\":[\"id\"],\"pivot\":{\"column\":\"category\","
           "\"measure\":{\"fn\":\"count\"}}}",
           "SELECT id, count(*) FILTER (WHERE category = 'apples'), count(*) FILTER (WHERE "
           "category = 'figs'), count(*) FILTER (WHERE category = 'oranges'), count(*) FILTER "
           "(WHERE category = 'pineapples'), count(*) FILTER (WHERE category = 'plums') FROM big "
           "GROUP BY id");
    sqlite3_close(bed.db);
    sw_version_unref(bed.big);
    sw_version_unref(bed.small);
    sw_lane_free(bed.lane);
    sw_pool_free(bed.pool);
    return 0;
}
