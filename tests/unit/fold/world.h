/* A random table for the tests of fold/: as plain values, as versions split into row groups in
 * several ways, and as a SQLite table `t` with the same rows (column `pos` is the position; dates
 * are days, timestamps milliseconds; a NaN is NULL there). */
#ifndef SW_TEST_FOLD_WORLD_H
#define SW_TEST_FOLD_WORLD_H

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "fold/filter.h"
#include "fold/fold.h"
#include "support/test.h"
#include "table/builder.h"
#include "table/datetime.h"

#define COLUMNS 10
enum { C_I, C_BIG, C_F, C_G, C_N, C_S, C_T, C_D, C_TS, C_B };

static const char *const column_names[COLUMNS] = {"i", "big", "f", "g",  "n",
                                                  "s", "t",   "d", "ts", "b"};
static const enum sw_type column_types[COLUMNS] = {
    SW_TYPE_INT,    SW_TYPE_INT,    SW_TYPE_FLOAT, SW_TYPE_FLOAT,     SW_TYPE_FLOAT,
    SW_TYPE_STRING, SW_TYPE_STRING, SW_TYPE_DATE,  SW_TYPE_TIMESTAMP, SW_TYPE_BOOL};

struct world {
    struct test_random random;
    uint32_t rows;
    struct sw_value *value[COLUMNS]; /* [rows] */
    struct sw_arena arena;
    struct sw_schema *schema;
    struct sw_version *version[3]; /* the same rows in other row groups */
    sqlite3 *db;
};

/* -- JSON from text: only what tests write ------------------------------------------- */

static inline const char *parse_json(struct sw_arena *arena, const char *p, struct sw_json *into);

static inline const char *parse_list(struct sw_arena *arena, const char *p, struct sw_json *into)
{
    bool is_object = *p == '{';
    struct sw_json *items = sw_arena_array(arena, 400, sizeof(*items));
    into->kind = is_object ? SW_JSON_OBJECT : SW_JSON_ARRAY;
    into->u.list.items = items;
    for (p++; *p != '}' && *p != ']'; p += strspn(p, ", ")) {
        struct sw_json key = {0};
        if (is_object) {
            p = parse_json(arena, p, &key);
            p += strspn(p, ": ");
        }
        struct sw_json *item = &items[into->u.list.count++];
        p = parse_json(arena, p, item);
        item->key = key.u.text;
    }
    return p + 1;
}

static inline const char *parse_json(struct sw_arena *arena, const char *p, struct sw_json *into)
{
    p += strspn(p, " ");
    if (*p == '{' || *p == '[') {
        return parse_list(arena, p, into);
    }
    if (*p == '"') {
        const char *end = strchr(p + 1, '"');
        into->kind = SW_JSON_STRING;
        into->u.text = sw_span_of(p + 1, (size_t)(end - p - 1));
        return end + 1;
    }
    if (*p == 't' || *p == 'f') {
        into->kind = SW_JSON_BOOL;
        into->u.boolean = *p == 't';
        return p + (*p == 't' ? 4 : 5);
    }
    if (*p == 'n') {
        into->kind = SW_JSON_NULL;
        return p + 4;
    }
    size_t length = strspn(p, "+-0123456789.eE");
    bool is_float = strcspn(p, ".eE") < length;
    into->kind = is_float ? SW_JSON_FLOAT : SW_JSON_INT;
    if (is_float) {
        into->u.number = strtod(p, NULL);
    } else {
        into->u.integer = strtoll(p, NULL, 10);
    }
    return p + length;
}

/* A JSON value that lives as long as the arena; `text` too must. */
static inline struct sw_json json_of(struct sw_arena *arena, const char *text)
{
    struct sw_json json = {0};
    parse_json(arena, text, &json);
    return json;
}

/* -- rows ------------------------------------------------------------------------------- */

static inline double random_normal(struct test_random *random)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) {
        sum += test_random_unit(random);
    }
    return sum;
}

static inline struct sw_span random_word(struct world *world, uint64_t of)
{
    static const char *const heads[] = {"",     "apples", "Oranges",
                                        "figs", "it's",   "\xc3\xa9t\xc3\xa9"};
    char text[64];
    uint64_t k = test_random_below(&world->random, of);
    int length = k < 6 ? snprintf(text, sizeof(text), "%s", heads[k])
                       : snprintf(text, sizeof(text), "word-%03u-%s", (unsigned)k,
                                  k % 3 == 0 ? "long enough to be out of line" : "");
    return sw_span_of(sw_arena_text(&world->arena, sw_span_of(text, (size_t)length)),
                      (size_t)length);
}

static inline struct sw_value random_value(struct world *world, int column, uint32_t row)
{
    struct test_random *random = &world->random;
    struct sw_value v = {.type = column_types[column]};
    switch (column) {
    case C_I:
        v.u.i = test_random_between(random, -20, 80);
        break;
    case C_BIG:
        v.u.i = test_random_between(random, -(INT64_C(1) << 52), INT64_C(1) << 52);
        break;
    case C_F:
        v.u.f = (double)test_random_between(random, -5000, 20000) / 100;
        break;
    case C_G:
        v.u.f = random_normal(random) * 1e3;
        break;
    case C_N:
        v.u.f = test_random_once_in(random, 9) ? (double)NAN : random_normal(random);
        break;
    case C_S:
        v.u.s = random_word(world, 9);
        break;
    case C_T:
        v.u.s = random_word(world, 60);
        break;
    case C_D:
        v.u.i = test_random_between(random, 19700, 19760);
        break;
    case C_TS:
        v.u.i = INT64_C(1700000000000) + (int64_t)row * 60000 +
                (int64_t)test_random_below(random, 50000);
        break;
    default:
        v.u.i = test_random_once_in(random, 2);
        break;
    }
    v.is_null = column != C_TS && test_random_once_in(random, 12);
    return v;
}

static inline struct sw_rowgroup *build_group(const struct world *world, struct sw_dict **dicts,
                                              uint32_t first, uint32_t rows)
{
    struct sw_chunk *chunk[COLUMNS];
    struct sw_rowgroup *group;
    for (int c = 0; c < COLUMNS; c++) {
        struct sw_builder *builder;
        assert_int_equal(sw_builder_new(column_types[c], dicts[c], NULL, &builder, NULL), SW_OK);
        for (uint32_t i = first; i < first + rows; i++) {
            assert_int_equal(sw_builder_value(builder, &world->value[c][i]), SW_OK);
        }
        assert_int_equal(sw_builder_seal(builder, &chunk[c], NULL), SW_OK);
        sw_builder_free(builder);
    }
    assert_int_equal(sw_rowgroup_take(COLUMNS, chunk, first, NULL, &group), SW_OK);
    return group;
}

enum coding { CODED, PLAIN, MIXED };

/* The rows in groups of random sizes up to `most`; t is coded by one dictionary, plain, or by turns
 * plain and coded by a dictionary of the group's own, as after edits. */
static inline struct sw_version *build_version(struct world *world, uint32_t most,
                                               enum coding coding)
{
    struct sw_rowgroup **group = calloc(world->rows + 1, sizeof(*group));
    struct sw_dict *dicts[COLUMNS] = {NULL};
    struct sw_version *version;
    uint32_t groups = 0;
    assert_int_equal(sw_dict_new(NULL, &dicts[C_S], NULL), SW_OK);
    if (coding == CODED) {
        assert_int_equal(sw_dict_new(NULL, &dicts[C_T], NULL), SW_OK);
    }
    for (uint32_t first = 0; first < world->rows;) {
        uint32_t rows = (uint32_t)test_random_below(&world->random, most) + 1;
        rows = rows < world->rows - first ? rows : world->rows - first;
        if (coding == MIXED) {
            sw_dict_unref(dicts[C_T]);
            dicts[C_T] = NULL;
            if (groups % 3 > 0) {
                assert_int_equal(sw_dict_new(NULL, &dicts[C_T], NULL), SW_OK);
            }
        }
        group[groups++] = build_group(world, dicts, first, rows);
        first += rows;
    }
    assert_int_equal(sw_version_new(1, world->schema, groups, group, world->rows, &version), SW_OK);
    for (uint32_t i = 0; i < groups; i++) {
        sw_rowgroup_unref(group[i]);
    }
    sw_dict_unref(dicts[C_S]);
    sw_dict_unref(dicts[C_T]);
    free(group);
    return version;
}

/* -- SQLite ------------------------------------------------------------------------------- */

static inline void sql_run(const struct world *world, const char *sql)
{
    char *message = NULL;
    if (sqlite3_exec(world->db, sql, NULL, NULL, &message) != SQLITE_OK) {
        fail_msg("%s: %s", message, sql);
    }
}

static inline sqlite3_stmt *sql_prepare(const struct world *world, const char *sql)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(world->db, sql, -1, &statement, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sqlite3_errmsg(world->db), sql);
    }
    return statement;
}

static inline void sql_bind(sqlite3_stmt *statement, int at, const struct sw_value *v)
{
    if (v->is_null) {
        sqlite3_bind_null(statement, at);
    } else if (v->type == SW_TYPE_STRING) {
        sqlite3_bind_text(statement, at, v->u.s.data, (int)v->u.s.length, SQLITE_STATIC);
    } else if (v->type == SW_TYPE_FLOAT) {
        sqlite3_bind_double(statement, at, v->u.f);
    } else {
        sqlite3_bind_int64(statement, at, v->u.i);
    }
}

static inline void fill_sqlite(struct world *world)
{
    assert_int_equal(sqlite3_open(":memory:", &world->db), SQLITE_OK);
    sql_run(world, "CREATE TABLE t(pos INTEGER PRIMARY KEY, i INT, big INT, f REAL, g REAL,"
                   " n REAL, s TEXT, t TEXT, d INT, ts INT, b INT);"
                   "CREATE TABLE e(k INTEGER PRIMARY KEY, low REAL, high REAL, last INT); BEGIN");
    sqlite3_stmt *insert = sql_prepare(world, "INSERT INTO t VALUES(?,?,?,?,?,?,?,?,?,?,?)");
    for (uint32_t row = 0; row < world->rows; row++) {
        sqlite3_bind_int64(insert, 1, row);
        for (int c = 0; c < COLUMNS; c++) {
            sql_bind(insert, c + 2, &world->value[c][row]);
        }
        assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    sql_run(world, "COMMIT");
}

/* -- a world --------------------------------------------------------------------------------- */

static inline struct world *new_world(uint64_t seed)
{
    struct world *world = calloc(1, sizeof(*world));
    test_random_init(&world->random, seed);
    sw_arena_init(&world->arena);
    world->rows = (uint32_t)test_random_below(&world->random,
                                              test_random_once_in(&world->random, 6) ? 9000 : 700);
    for (int c = 0; c < COLUMNS; c++) {
        world->value[c] = calloc(world->rows + 1, sizeof(struct sw_value));
        for (uint32_t row = 0; row < world->rows; row++) {
            world->value[c][row] = random_value(world, c, row);
        }
    }
    assert_int_equal(sw_schema_new(COLUMNS, column_names, column_types, &world->schema), SW_OK);
    world->version[0] = build_version(world, 65536, CODED);
    world->version[1] = build_version(world, 150, MIXED);
    world->version[2] = build_version(world, 5000, PLAIN);
    fill_sqlite(world);
    return world;
}

static inline void free_world(struct world *world)
{
    for (int i = 0; i < 3; i++) {
        sw_version_unref(world->version[i]);
    }
    for (int c = 0; c < COLUMNS; c++) {
        free(world->value[c]);
    }
    sw_schema_unref(world->schema);
    sw_arena_fini(&world->arena);
    sqlite3_close(world->db);
    free(world);
}

/* Text that lives as long as the world. */
SW_PRINTF(2, 3) static inline const char *text_of(struct world *world, const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && (size_t)length < sizeof(text));
    return sw_arena_text(&world->arena, sw_span_of(text, (size_t)length));
}

#endif
