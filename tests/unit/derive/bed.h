/* A pool, two random tables `w` and `v` as versions and in SQLite, and a run of a definition over
 * them, compared row by row with a query. For the tests of derive. */
#ifndef SW_TEST_DERIVE_BED_H
#define SW_TEST_DERIVE_BED_H

#include "unit/exec/world.h"

#include <inttypes.h>

#include "base/limits.h"
#include "derive/derive.h"
#include "support/look.h"
#include "wire/decode.h"

struct bed {
    struct test_random random;
    struct sw_pool *pool;
    struct sw_lane *lane;
    struct sw_budget budget;
    struct world left, right;
    struct sw_version *w, *v;
    sqlite3 *db;
    /* the last run */
    struct sw_derive *run;
    unsigned calls;
    sw_status status;
    struct sw_version *made;
    struct sw_err err;
    const struct sw_json *input; /* of every `$` name; NULL: unset */
};

static inline void bed_wake(void *context)
{
    (void)context;
}

/* Values that the other table has too, so that rows find one another. */
static inline void bed_narrow(struct world *world, struct test_random *random)
{
    for (uint64_t row = 0; row < world->rows; row++) {
        struct sw_value *i = &world->value[WORLD_I][row];
        struct sw_value *f = &world->value[WORLD_F][row];
        struct sw_value *d = &world->value[WORLD_D][row];
        struct sw_value *m = &world->value[WORLD_M][row];
        i->u.i = i->is_null ? 0 : i->u.i % 40;
        f->u.f = f->is_null ? 0 : (double)test_random_between(random, -60, 60) / 4;
        m->u.i = d->is_null ? m->u.i : d->u.i * 86400000;
        if (test_random_once_in(random, 3)) {
            m->u.i += 1;
        }
    }
}

static inline void bed_add_sql(struct bed *bed, const char *name, const struct world *world)
{
    char text[300];
    sqlite3_stmt *insert = NULL;
    (void)snprintf(text, sizeof(text),
                   "CREATE TABLE %s(pos INTEGER PRIMARY KEY, n INTEGER, i INTEGER, f REAL, r REAL, "
                   "s TEXT, t TEXT, d INTEGER, m INTEGER, b INTEGER)",
                   name);
    assert_int_equal(sqlite3_exec(bed->db, text, NULL, NULL, NULL), SQLITE_OK);
    (void)snprintf(text, sizeof(text), "INSERT INTO %s VALUES(?,?,?,?,?,?,?,?,?,?)", name);
    assert_int_equal(sqlite3_prepare_v2(bed->db, text, -1, &insert, NULL), SQLITE_OK);
    for (uint64_t row = 0; row < world->rows; row++) {
        sqlite3_bind_int64(insert, 1, (sqlite3_int64)row);
        for (int column = 0; column < WORLD_COLUMNS; column++) {
            world_bind(insert, column + 2, &world->value[column][row]);
        }
        assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
}

static inline void bed_init(struct bed *bed, uint64_t seed, uint64_t left_rows, uint64_t right_rows)
{
    *bed = (struct bed){0};
    test_random_init(&bed->random, seed);
    sw_budget_init(&bed->budget, "test_bytes", INT64_C(1) << 32, NULL);
    assert_int_equal(sw_pool_new(3, bed_wake, NULL, &bed->pool, NULL), SW_OK);
    assert_int_equal(sw_lane_new(bed->pool, &bed->lane), SW_OK);
    world_init(&bed->left, &bed->random, left_rows, false);
    world_init(&bed->right, &bed->random, right_rows, false);
    bed_narrow(&bed->left, &bed->random);
    bed_narrow(&bed->right, &bed->random);
    bed->w = world_version(&bed->left, 1, 1 + (uint32_t)test_random_below(&bed->random, 3000),
                           (uint32_t)test_random_below(&bed->random, 3));
    bed->v = world_version(&bed->right, 1, 1 + (uint32_t)test_random_below(&bed->random, 200),
                           (uint32_t)test_random_below(&bed->random, 3));
    assert_int_equal(sqlite3_open(":memory:", &bed->db), SQLITE_OK);
    bed_add_sql(bed, "w", &bed->left);
    bed_add_sql(bed, "v", &bed->right);
}

static inline void bed_fini(struct bed *bed)
{
    sw_version_unref(bed->made);
    sw_lane_free(bed->lane);
    sw_pool_free(bed->pool);
    sw_version_unref(bed->w);
    sw_version_unref(bed->v);
    world_fini(&bed->left);
    world_fini(&bed->right);
    sqlite3_close(bed->db);
    assert_int_equal(sw_budget_used(&bed->budget), 0);
}

static inline void bed_done(void *context, sw_status status, struct sw_version *version,
                            const struct sw_err *err)
{
    struct bed *bed = context;
    bed->calls++;
    bed->status = status;
    bed->made = version;
    bed->err = *err;
}

static inline const struct sw_json *bed_input(void *context, struct sw_span name)
{
    (void)name;
    return ((struct bed *)context)->input;
}

/* Starts a run; the status of the start. */
static inline sw_status bed_start(struct bed *bed, const char *definition)
{
    struct sw_arena arena;
    const struct sw_json *params = NULL;
    struct sw_derive_plan *plan = NULL;
    sw_arena_init(&arena);
    assert_int_equal(sw_decode_json(&arena, sw_span_text(definition), &params, NULL), SW_OK);
    sw_version_unref(bed->made);
    bed->made = NULL;
    bed->calls = 0;
    bed->err = (struct sw_err){0};
    bed->status = sw_derive_plan_new(params, NULL, &plan, &bed->err);
    sw_arena_fini(&arena);
    if (bed->status != SW_OK) {
        return bed->status;
    }
    const struct sw_derive_spec spec = {
        .plan = plan,
        .from = bed->w,
        .join = sw_derive_plan_join(plan).length > 0 ? bed->v : NULL,
        .input = bed_input,
        .input_context = bed,
        .number = 7,
        .budget = &bed->budget,
        .clock = &sw_clock_system,
    };
    bed->status =
        sw_derive_submit(bed->pool, bed->lane, &spec, bed_done, bed, &bed->run, &bed->err);
    sw_derive_plan_unref(plan);
    return bed->status;
}

static inline sw_status bed_run(struct bed *bed, const char *definition)
{
    if (bed_start(bed, definition) == SW_OK) {
        sw_pool_settle(bed->pool);
        assert_int_equal(bed->calls, 1);
    }
    return bed->status;
}

static inline void bed_check_shape(const struct sw_version *version)
{
    uint64_t rows = 0;
    assert_int_equal(version->number, 7);
    for (uint32_t i = 0; i < version->groups; i++) {
        const struct sw_rowgroup *group = version->group[i];
        assert_int_equal(group->first_row_id, rows);
        assert_null(group->row_ids);
        rows += group->rows;
    }
    assert_int_equal(version->rows, rows);
    assert_int_equal(version->next_row_id, rows);
}

static inline bool bed_is_equal(const struct sw_value *value, sqlite3_stmt *query, int column)
{
    int kind = sqlite3_column_type(query, column);
    bool is_nan = !value->is_null && value->type == SW_TYPE_FLOAT && isnan(value->u.f);
    if (value->is_null || is_nan || kind == SQLITE_NULL) {
        return (value->is_null || is_nan) && kind == SQLITE_NULL;
    }
    if (value->type == SW_TYPE_STRING) {
        struct sw_span text = sw_span_of((const char *)sqlite3_column_blob(query, column),
                                         (size_t)sqlite3_column_bytes(query, column));
        return sw_span_equal(value->u.s, text);
    }
    if (value->type == SW_TYPE_FLOAT) {
        double want = sqlite3_column_double(query, column);
        return value->u.f == want || fabs(value->u.f - want) <= 1e-12 * fabs(want);
    }
    return kind == SQLITE_INTEGER && value->u.i == sqlite3_column_int64(query, column);
}

/* The run's rows are those of the query, in its order. */
static inline void bed_compare(struct bed *bed, const char *definition, const char *sql)
{
    sqlite3_stmt *query = NULL;
    if (bed_run(bed, definition) != SW_OK) {
        fail_msg("%s\n%s", definition, bed->err.message);
    }
    if (sqlite3_prepare_v2(bed->db, sql, -1, &query, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(bed->db));
    }
    const struct sw_version *version = bed->made;
    bed_check_shape(version);
    int columns = sqlite3_column_count(query);
    assert_int_equal(version->schema->columns, columns);
    uint64_t row = 0;
    for (; sqlite3_step(query) == SQLITE_ROW; row++) {
        if (row >= version->rows) {
            fail_msg("%s\n%s\nonly %" PRIu64 " rows", definition, sql, version->rows);
        }
        uint32_t group;
        uint32_t in_group;
        sw_version_locate(version, row, &group, &in_group);
        for (int i = 0; i < columns; i++) {
            struct sw_value value = test_cell(version->group[group]->chunk[i], in_group);
            if (!bed_is_equal(&value, query, i)) {
                fail_msg("%s\n%s\nrow %" PRIu64 ", column %s differs", definition, sql, row,
                         version->schema->column[i].name);
            }
        }
    }
    sqlite3_finalize(query);
    if (row != version->rows) {
        fail_msg("%s\n%s\n%" PRIu64 " rows, not %" PRIu64, definition, sql, version->rows, row);
    }
}

#endif
