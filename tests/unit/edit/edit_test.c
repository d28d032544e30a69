/* Random programs of edits on random tables, each step also done by SQLite on the same rows: after
 * every step all cells and row ids are equal, and no earlier version has changed.  Then what
 * sharing, dictionaries, appends and casts promise.                                              */
#include "unit/fold/world.h"

#include "edit/edit.h"
#include "support/look.h"

#define PROGRAMS   60
#define STEPS      25
#define EXTRA_MAX  4 /* columns added */
#define TEXT_BYTES 4096

/* -- running an edit ------------------------------------------------------------------ */

static sw_status run_edit(const char *method, const struct sw_json *params,
                          struct sw_version *version, struct sw_budget *budget,
                          struct sw_edit_outcome *outcome, struct sw_version **after,
                          struct sw_err *err)
{
    struct sw_edit_plan *plan = NULL;
    struct sw_edit *edit = NULL;
    struct sw_edit_result result;
    SW_TRY(sw_edit_plan_new(sw_span_text(method), params, NULL, NULL, NULL, &plan, err));
    assert_int_equal(sw_edit_new(plan, version, budget, &edit, err), SW_OK);
    while (sw_edit_step_work(edit, 0)) {
    }
    sw_status status = sw_edit_result(edit, &result, err);
    if (status == SW_OK) {
        *after = sw_version_ref(result.version);
        assert_int_equal(result.version->number, version->number + (result.is_changed ? 1 : 0));
        assert_true(strlen(result.what) > 0);
        if (outcome != NULL) {
            *outcome = result.outcome[0];
        }
    }
    sw_edit_free(edit);
    sw_edit_plan_free(plan);
    return status;
}

/* The same with parameters as text; the edit must succeed. */
static struct sw_version *edited(struct sw_arena *arena, struct sw_version *version,
                                 struct sw_budget *budget, const char *method, const char *params,
                                 struct sw_edit_outcome *outcome)
{
    struct sw_err err = {0};
    struct sw_version *after = NULL;
    struct sw_json json = json_of(arena, params);
    if (run_edit(method, &json, version, budget, outcome, &after, &err) != SW_OK) {
        fail_msg("%s %s: %s", method, params, err.message);
    }
    return after;
}

/* -- the model ------------------------------------------------------------------------ */

struct program {
    struct world *world;
    struct sw_version *version;
    uint32_t extras, names; /* columns added and still there; names given so far */
    char extra[EXTRA_MAX][16];
};

static struct test_random *random_of(struct program *program)
{
    return &program->world->random;
}

static void compare_cell(const struct sw_value *value, sqlite3_stmt *rows, int at, const char *name)
{
    bool is_nan = !value->is_null && value->type == SW_TYPE_FLOAT && value->u.f != value->u.f;
    if (value->is_null || is_nan) {
        assert_int_equal(sqlite3_column_type(rows, at), SQLITE_NULL);
        return;
    }
    if (sqlite3_column_type(rows, at) == SQLITE_NULL) {
        fail_msg("column %s: a value where SQLite has none", name);
    }
    if (value->type == SW_TYPE_STRING) {
        struct sw_span text = sw_span_of((const char *)sqlite3_column_text(rows, at),
                                         (size_t)sqlite3_column_bytes(rows, at));
        if (!sw_span_equal(text, value->u.s)) {
            fail_msg("column %s: \"%.*s\", SQLite has \"%.*s\"", name, (int)value->u.s.length,
                     value->u.s.data, (int)text.length, text.data);
        }
    } else if (value->type == SW_TYPE_FLOAT) {
        double expected = sqlite3_column_double(rows, at);
        assert_memory_equal(&expected, &value->u.f, sizeof expected);
    } else {
        assert_int_equal(sqlite3_column_int64(rows, at), value->u.i);
    }
}

static void check(struct program *program)
{
    const struct sw_version *version = program->version;
    sqlite3_stmt *rows = sql_prepare(program->world, "SELECT * FROM t ORDER BY pos");
    assert_int_equal(sqlite3_column_count(rows), (int)version->schema->columns + 1);
    for (uint32_t c = 0; c < version->schema->columns; c++) {
        assert_string_equal(sqlite3_column_name(rows, (int)c + 1), version->schema->column[c].name);
    }
    uint64_t count = 0;
    for (uint32_t g = 0; g < version->groups; g++) {
        const struct sw_rowgroup *group = version->group[g];
        assert_true(group->rows > 0);
        for (uint32_t row = 0; row < group->rows; row++, count++) {
            assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
            assert_int_equal(sqlite3_column_int64(rows, 0), test_row_id(group, row));
            for (uint32_t c = 0; c < group->columns; c++) {
                struct sw_value value = test_cell(group->chunk[c], row);
                assert_int_equal(value.type, version->schema->column[c].type);
                compare_cell(&value, rows, (int)c + 1, version->schema->column[c].name);
            }
        }
    }
    assert_int_equal(sqlite3_step(rows), SQLITE_DONE);
    assert_int_equal(count, version->rows);
    sqlite3_finalize(rows);
}

/* -- random parameters ---------------------------------------------------------------- */

struct parameters {
    struct sw_json member[8];
    size_t members;
};

static void add_member(struct parameters *parameters, const char *name, struct sw_json json)
{
    json.key = sw_span_text(name);
    parameters->member[parameters->members++] = json;
}

static struct sw_json object_of(struct program *program, const struct parameters *parameters)
{
    struct sw_json *items =
        sw_arena_array(&program->world->arena, parameters->members + 1, sizeof *items);
    memcpy(items, parameters->member, parameters->members * sizeof *items);
    struct sw_json json = {.kind = SW_JSON_OBJECT};
    json.u.list.items = items;
    json.u.list.count = parameters->members;
    return json;
}

static struct sw_json text_json(const char *text)
{
    return (struct sw_json){.kind = SW_JSON_STRING, .u.text = sw_span_text(text)};
}

/* Rows by condition or by id; returns the same in SQL. */
static const char *random_rows(struct program *program, struct parameters *parameters)
{
    static const char *const wheres[] = {"i > 40",
                                         "i % 3 = 0",
                                         "s = 'figs'",
                                         "f IS NULL",
                                         "t LIKE 'word-01%'",
                                         "g > 0 AND b",
                                         "f BETWEEN 0 AND 50",
                                         "s IN ('apples', 'Oranges') OR i < 0",
                                         "i = 7",
                                         "big > 0",
                                         "1",
                                         "0",
                                         "length(t) > 9"};
    struct world *world = program->world;
    if (program->version->rows == 0 || test_random_once_in(random_of(program), 2)) {
        const char *where = wheres[test_random_below(random_of(program), 13)];
        add_member(parameters, "where", text_json(where));
        return where;
    }
    size_t count = test_random_below(random_of(program), 5);
    struct sw_json *items = sw_arena_array(&world->arena, count + 1, sizeof *items);
    const char *sql = "pos IN (-1";
    for (size_t i = 0; i < count; i++) {
        uint32_t group;
        uint32_t row;
        sw_version_locate(program->version,
                          test_random_below(random_of(program), program->version->rows), &group,
                          &row);
        int64_t id = (int64_t)test_row_id(program->version->group[group], row);
        items[i] = (struct sw_json){.kind = SW_JSON_INT, .u.integer = id};
        sql = text_of(world, "%s, %lld", sql, (long long)id);
    }
    struct sw_json list = {.kind = SW_JSON_ARRAY};
    list.u.list.items = items;
    list.u.list.count = count;
    add_member(parameters, "row_ids", list);
    return text_of(world, "%s)", sql);
}

/* A value of a column as JSON and in SQL. */
static struct sw_json random_cell(struct program *program, int column, const char **sql)
{
    struct world *world = program->world;
    struct sw_value v = random_value(world, column, 5);
    char text[64];
    if (v.is_null || (v.type == SW_TYPE_FLOAT && v.u.f != v.u.f)) {
        *sql = "NULL";
        return (struct sw_json){.kind = SW_JSON_NULL};
    }
    *sql = text_of(world, "%lld", (long long)v.u.i);
    switch (v.type) {
    case SW_TYPE_STRING: {
        char *quoted = sqlite3_mprintf("%Q", v.u.s.data);
        *sql = text_of(world, "%s", quoted);
        sqlite3_free(quoted);
        return text_json(text_of(world, "%s", v.u.s.data));
    }
    case SW_TYPE_FLOAT:
        *sql = text_of(world, "%.17g", v.u.f);
        return (struct sw_json){.kind = SW_JSON_FLOAT, .u.number = strtod(*sql, NULL)};
    case SW_TYPE_DATE:
        sw_date_format(v.u.i, text);
        return text_json(text_of(world, "%s", text));
    case SW_TYPE_TIMESTAMP:
        sw_timestamp_format(v.u.i, text);
        return text_json(text_of(world, "%s", text));
    case SW_TYPE_BOOL:
        return (struct sw_json){.kind = SW_JSON_BOOL, .u.boolean = v.u.i != 0};
    default:
        return (struct sw_json){.kind = SW_JSON_INT, .u.integer = v.u.i};
    }
}

struct formula {
    int column;
    const char *text;
};
static const struct formula formulas[] = {
    {C_I, "i + 1"},
    {C_I, "length(t)"},
    {C_I, "coalesce(i, -5) * 2 % 1000"},
    {C_I, "CASE WHEN f > 0 THEN i END"},
    {C_F, "f * 1.1"},
    {C_F, "i"},
    {C_F, "g / 3 + f"},
    {C_G, "abs(g)"},
    {C_S, "upper(s)"},
    {C_S, "substr(t, 1, 4)"},
    {C_S, "coalesce(s, 'none')"},
    {C_T, "t || '-' || i"},
    {C_T, "lower(t)"},
    {C_T, "s"},
    {C_B, "i > 0"},
    {C_D, "d"},
    {C_BIG, "big + i"},
    {C_S, "CASE WHEN i % 2 = 0 THEN s ELSE NULL END"},
    {C_TS, "ts"},
};

/* -- one step each -------------------------------------------------------------------- */

static void do_edit(struct program *program, const char *method,
                    const struct parameters *parameters, const char *sql)
{
    struct sw_json json = object_of(program, parameters);
    struct sw_err err = {0};
    struct sw_edit_outcome outcome = {0};
    struct sw_version *after = NULL;
    if (run_edit(method, &json, program->version, NULL, &outcome, &after, &err) != SW_OK) {
        fail_msg("%s (%s): %s", method, sql, err.message);
    }
    sql_run(program->world, sql);
    if (strcmp(method, "table.update") == 0 || strcmp(method, "table.delete_rows") == 0) {
        assert_int_equal(outcome.rows, sqlite3_changes(program->world->db));
    }
    sw_version_unref(program->version);
    program->version = after;
}

static void step_update(struct program *program)
{
    struct parameters parameters = {0};
    struct parameters set = {0};
    const char *sql = "UPDATE t SET";
    bool is_taken[COLUMNS] = {false};
    for (uint64_t n = test_random_below(random_of(program), 3) + 1; n > 0; n--) {
        const struct formula *formula =
            &formulas[test_random_below(random_of(program), sizeof formulas / sizeof formulas[0])];
        int column = formula->column;
        if (is_taken[column]) {
            continue;
        }
        is_taken[column] = true;
        struct sw_json value;
        const char *right = formula->text;
        if (test_random_once_in(random_of(program), 2)) {
            value = random_cell(program, column, &right);
        } else {
            struct parameters inner = {0};
            add_member(&inner, "expr", text_json(right));
            value = object_of(program, &inner);
        }
        add_member(&set, column_names[column], value);
        sql = text_of(program->world, "%s%s %s = %s", sql, set.members == 1 ? "" : ",",
                      column_names[column], right);
    }
    add_member(&parameters, "set", object_of(program, &set));
    const char *where = random_rows(program, &parameters);
    do_edit(program, "table.update", &parameters,
            text_of(program->world, "%s WHERE %s", sql, where));
}

static void step_append(struct program *program)
{
    struct parameters parameters = {0};
    struct world *world = program->world;
    size_t count = test_random_below(random_of(program), 4);
    count = test_random_once_in(random_of(program), 8) ? count * 50 : count;
    struct sw_json list = {.kind = SW_JSON_ARRAY};
    struct sw_json *rows = sw_arena_array(&world->arena, count + 1, sizeof *rows);
    sqlite3_exec(world->db, "BEGIN", NULL, NULL, NULL);
    for (size_t i = 0; i < count; i++) {
        struct parameters row = {0};
        const char *names = "pos";
        const char *values =
            text_of(world, "%llu", (unsigned long long)(program->version->next_row_id + i));
        for (int c = 0; c < COLUMNS && row.members < 8; c++) {
            if (test_random_once_in(random_of(program), 2)) {
                const char *sql;
                add_member(&row, column_names[c], random_cell(program, c, &sql));
                names = text_of(world, "%s, %s", names, column_names[c]);
                values = text_of(world, "%s, %s", values, sql);
            }
        }
        rows[i] = object_of(program, &row);
        sql_run(world, text_of(world, "INSERT INTO t(%s) VALUES(%s)", names, values));
    }
    list.u.list.items = rows;
    list.u.list.count = count;
    add_member(&parameters, "rows", list);
    do_edit(program, "table.append", &parameters, "COMMIT");
}

static void step_delete(struct program *program)
{
    struct parameters parameters = {0};
    const char *where = random_rows(program, &parameters);
    if (strcmp(where, "1") == 0 && !test_random_once_in(random_of(program), 4)) {
        return; /* an empty table is worth a test, but not each time */
    }
    do_edit(program, "table.delete_rows", &parameters,
            text_of(program->world, "DELETE FROM t WHERE %s AND 1", where));
}

static void step_add(struct program *program)
{
    struct parameters parameters = {0};
    if (program->extras == EXTRA_MAX) {
        return;
    }
    char *name = program->extra[program->extras++];
    (void)snprintf(name, sizeof program->extra[0], "z%u", program->names++);
    const struct formula *formula =
        &formulas[test_random_below(random_of(program), sizeof formulas / sizeof formulas[0])];
    add_member(&parameters, "name", text_json(text_of(program->world, "%s", name)));
    const char *sql = text_of(program->world, "ALTER TABLE t ADD COLUMN %s;", name);
    if (test_random_once_in(random_of(program), 4)) {
        add_member(&parameters, "type", text_json("string"));
    } else {
        add_member(&parameters, "expr", text_json(formula->text));
        add_member(&parameters, "frozen",
                   (struct sw_json){.kind = SW_JSON_BOOL, .u.boolean = true});
        sql = text_of(program->world, "%s UPDATE t SET %s = %s", sql, name, formula->text);
    }
    do_edit(program, "table.add_column", &parameters, sql);
}

static void step_rename(struct program *program)
{
    struct parameters parameters = {0};
    if (program->extras == 0) {
        return;
    }
    char *name = program->extra[test_random_below(random_of(program), program->extras)];
    const char *to = text_of(program->world, "z%u", program->names++);
    const char *sql = text_of(program->world, "ALTER TABLE t RENAME COLUMN %s TO %s", name, to);
    add_member(&parameters, "from", text_json(text_of(program->world, "%s", name)));
    add_member(&parameters, "to", text_json(to));
    do_edit(program, "table.rename_column", &parameters, sql);
    (void)snprintf(name, sizeof program->extra[0], "%s", to);
}

static void step_drop(struct program *program)
{
    struct parameters parameters = {0};
    if (program->extras == 0) {
        return;
    }
    uint32_t at = (uint32_t)test_random_below(random_of(program), program->extras);
    const char *name = text_of(program->world, "%s", program->extra[at]);
    add_member(&parameters, "column", text_json(name));
    do_edit(program, "table.drop_column", &parameters,
            text_of(program->world, "ALTER TABLE t DROP COLUMN %s", name));
    program->extras--;
    memmove(program->extra[at], program->extra[at + 1],
            (program->extras - at) * sizeof program->extra[0]);
}

static uint64_t checksum(const struct sw_version *version)
{
    uint64_t sum = version->rows;
    for (uint32_t g = 0; g < version->groups; g++) {
        for (uint32_t c = 0; c < version->group[g]->columns; c++) {
            const struct sw_chunk *chunk = version->group[g]->chunk[c];
            for (uint32_t row = 0; row < chunk->rows; row++) {
                struct sw_value v = test_cell(chunk, row);
                uint64_t bits = v.is_null ? 1 : 2;
                if (!v.is_null && v.type == SW_TYPE_STRING) {
                    for (size_t i = 0; i < v.u.s.length; i++) {
                        bits = bits * 31 + (unsigned char)v.u.s.data[i];
                    }
                } else if (!v.is_null) {
                    bits ^= (uint64_t)v.u.i;
                }
                sum = sum * UINT64_C(6364136223846793005) + bits;
            }
        }
    }
    return sum;
}

static void run_program(uint64_t seed)
{
    static void (*const steps[])(struct program *) = {step_update, step_update, step_update,
                                                      step_append, step_append, step_delete,
                                                      step_add,    step_rename, step_drop};
    struct program program = {.world = new_world(seed)};
    struct sw_version *past[STEPS];
    uint64_t sum[STEPS];
    program.version =
        sw_version_ref(program.world->version[test_random_below(&program.world->random, 3)]);
    for (int i = 0; i < STEPS; i++) {
        past[i] = sw_version_ref(program.version);
        sum[i] = checksum(program.version);
        steps[test_random_below(&program.world->random, 9)](&program);
        check(&program);
    }
    for (int i = 0; i < STEPS; i++) {
        assert_int_equal(checksum(past[i]), sum[i]);
        sw_version_unref(past[i]);
    }
    sw_version_unref(program.version);
    free_world(program.world);
}

static void random_programs_of_edits_give_what_sqlite_gives(void **state)
{
    (void)state;
    uint64_t seed = test_seed();
    for (uint64_t i = 0; i < PROGRAMS; i++) {
        run_program(seed + i);
    }
}

/* -- sharing -------------------------------------------------------------------------- */

/* Chunks of the version that the other does not have at the same place. */
static unsigned fresh_chunks(const struct sw_version *version, const struct sw_version *other)
{
    unsigned fresh = 0;
    for (uint32_t g = 0; g < version->groups; g++) {
        for (uint32_t c = 0; c < version->schema->columns; c++) {
            fresh += g >= other->groups || version->group[g]->chunk[c] != other->group[g]->chunk[c];
        }
    }
    return fresh;
}

static void a_cell_edit_makes_one_chunk(void **state)
{
    (void)state;
    struct world *world = new_world(4);
    struct sw_version *version = world->version[1];
    assert_true(version->groups > 1);
    struct sw_version *after =
        edited(&world->arena, version, NULL, "table.update",
               "{\"row_ids\": [3], \"set\": {\"f\": 1.25, \"s\": \"never seen\"}}", NULL);
    assert_int_equal(fresh_chunks(after, version), 2);
    assert_int_equal(after->schema == version->schema, true);
    const struct sw_chunk *chunk = after->group[0]->chunk[C_S];
    assert_ptr_equal(chunk->dict, version->group[0]->chunk[C_S]->dict);
    sw_version_unref(after);
    free_world(world);
}

static void row_groups_that_zones_exclude_are_shared(void **state)
{
    (void)state;
    struct world *world = new_world(4);
    struct sw_version *version = world->version[1];
    const struct sw_zone *zone = &version->group[0]->chunk[C_TS]->zone;
    const char *params =
        text_of(world, "{\"where\": \"ts <= %lld\", \"set\": {\"i\": 5}}", (long long)zone->max_i);
    struct sw_version *after = edited(&world->arena, version, NULL, "table.update", params, NULL);
    for (uint32_t g = 1; g < version->groups; g++) {
        if (version->group[g]->chunk[C_TS]->zone.min_i > zone->max_i) {
            assert_ptr_equal(after->group[g], version->group[g]);
        }
    }
    assert_ptr_not_equal(after->group[0], version->group[0]);
    sw_version_unref(after);
    free_world(world);
}

static void the_dictionary_of_a_shared_data_set_never_grows(void **state)
{
    (void)state;
    struct world *world = new_world(4);
    struct sw_budget budget;
    sw_budget_init(&budget, "session_memory_bytes", 1 << 30, NULL);
    struct sw_version *version = world->version[0];
    const struct sw_dict *dict = version->group[0]->chunk[C_S]->dict;
    uint32_t count = sw_dict_count(dict);
    struct sw_version *after = edited(&world->arena, version, &budget, "table.update",
                                      "{\"row_ids\": [1], \"set\": {\"s\": \"figs\"}}", NULL);
    assert_ptr_equal(after->group[0]->chunk[C_S]->dict, dict);
    struct sw_version *later = edited(&world->arena, after, &budget, "table.update",
                                      "{\"row_ids\": [2], \"set\": {\"s\": \"unheard\"}}", NULL);
    const struct sw_dict *own = later->group[0]->chunk[C_S]->dict;
    assert_ptr_not_equal(own, dict);
    assert_int_equal(sw_dict_count(dict), count);
    struct sw_version *last = edited(&world->arena, later, &budget, "table.append",
                                     "{\"rows\": [{\"s\": \"also new\"}]}", NULL);
    assert_ptr_equal(last->group[last->groups - 1]->chunk[C_S]->dict, own);
    assert_int_equal(sw_dict_count(dict), count);
    sw_version_unref(after);
    sw_version_unref(later);
    sw_version_unref(last);
    assert_int_equal(sw_budget_used(&budget), 0);
    free_world(world);
}

/* -- appends -------------------------------------------------------------------------- */

static void many_small_appends_leave_few_groups(void **state)
{
    (void)state;
    struct world *world = new_world(4);
    struct sw_version *version = sw_version_ref(world->version[0]);
    uint64_t copied = 0;
    for (uint64_t i = 1; i <= 2000; i++) {
        struct sw_version *after = edited(&world->arena, version, NULL, "table.append",
                                          "{\"columns\": {\"i\": [7]}}", NULL);
        copied += after->group[after->groups - 1]->rows;
        assert_int_equal(after->rows, version->rows + 1);
        sw_version_unref(version);
        version = after;
    }
    assert_true(version->groups <= 16);
    assert_true(copied < 2000 * 20);
    for (uint32_t g = 0; g < version->groups; g++) {
        assert_null(version->group[g]->row_ids);
    }
    sw_version_unref(version);
    free_world(world);
}

/* -- casts ---------------------------------------------------------------------------- */

struct cast_case {
    enum sw_type from;
    const char *value; /* JSON of the original */
    enum sw_type to;
    const char *result; /* text of what it becomes; NULL: it does not fit */
};

static const struct cast_case cast_cases[] = {
    {SW_TYPE_STRING, "\"12\"", SW_TYPE_INT, "12"},
    {SW_TYPE_STRING, "\"-9223372036854775808\"", SW_TYPE_INT, "-9223372036854775808"},
    {SW_TYPE_STRING, "\"9223372036854775808\"", SW_TYPE_INT, NULL},
    {SW_TYPE_STRING, "\"1.5\"", SW_TYPE_INT, NULL},
    {SW_TYPE_STRING, "\"176.0\"", SW_TYPE_INT, "176"},
    {SW_TYPE_STRING, "\"-3e2\"", SW_TYPE_INT, "-300"},
    {SW_TYPE_STRING, "\"1e19\"", SW_TYPE_INT, NULL},
    {SW_TYPE_STRING, "\"12a\"", SW_TYPE_INT, NULL},
    {SW_TYPE_STRING, "\"\"", SW_TYPE_INT, NULL},
    {SW_TYPE_STRING, "\"1.5e3\"", SW_TYPE_FLOAT, "1500.0"},
    {SW_TYPE_STRING, "\"-Infinity\"", SW_TYPE_FLOAT, "-Infinity"},
    {SW_TYPE_STRING, "\"NaN\"", SW_TYPE_FLOAT, "NaN"},
    {SW_TYPE_STRING, "\"1e999\"", SW_TYPE_FLOAT, NULL},
    {SW_TYPE_STRING, "\"much\"", SW_TYPE_FLOAT, NULL},
    {SW_TYPE_STRING, "\"TRUE\"", SW_TYPE_BOOL, "true"},
    {SW_TYPE_STRING, "\"0\"", SW_TYPE_BOOL, "false"},
    {SW_TYPE_STRING, "\"yes\"", SW_TYPE_BOOL, NULL},
    {SW_TYPE_STRING, "\"2024-02-29\"", SW_TYPE_DATE, "2024-02-29"},
    {SW_TYPE_STRING, "\"2023-02-29\"", SW_TYPE_DATE, NULL},
    {SW_TYPE_STRING, "\"2024-01-31T12:00:00Z\"", SW_TYPE_DATE, NULL},
    {SW_TYPE_STRING, "\"2024-01-31\"", SW_TYPE_TIMESTAMP, "2024-01-31T00:00:00Z"},
    {SW_TYPE_FLOAT, "2.0", SW_TYPE_INT, "2"},
    {SW_TYPE_FLOAT, "2.5", SW_TYPE_INT, NULL},
    {SW_TYPE_FLOAT, "9.3e18", SW_TYPE_INT, NULL},
    {SW_TYPE_FLOAT, "\"NaN\"", SW_TYPE_INT, NULL},
    {SW_TYPE_FLOAT, "0.1", SW_TYPE_STRING, "0.1"},
    {SW_TYPE_FLOAT, "176", SW_TYPE_STRING, "176.0"},
    {SW_TYPE_FLOAT, "-0.0", SW_TYPE_STRING, "-0.0"},
    {SW_TYPE_FLOAT, "0", SW_TYPE_STRING, "0.0"},
    {SW_TYPE_FLOAT, "1e15", SW_TYPE_STRING, "1.0e+15"},
    {SW_TYPE_FLOAT, "0.00001", SW_TYPE_STRING, "1.0e-05"},
    {SW_TYPE_FLOAT, "0.30000000000000004", SW_TYPE_STRING, "0.30000000000000004"},
    {SW_TYPE_FLOAT, "1.7976931348623157e308", SW_TYPE_STRING, "1.7976931348623157e+308"},
    {SW_TYPE_FLOAT, "\"NaN\"", SW_TYPE_STRING, "NaN"},
    {SW_TYPE_FLOAT, "\"-Infinity\"", SW_TYPE_STRING, "-Infinity"},
    {SW_TYPE_FLOAT, "1.0", SW_TYPE_BOOL, "true"},
    {SW_TYPE_INT, "\"9007199254740993\"", SW_TYPE_FLOAT, NULL},
    {SW_TYPE_INT, "\"9007199254740992\"", SW_TYPE_FLOAT, "9007199254740992.0"},
    {SW_TYPE_INT, "2", SW_TYPE_BOOL, NULL},
    {SW_TYPE_INT, "19754", SW_TYPE_DATE, "2024-02-01"},
    {SW_TYPE_INT, "99999999", SW_TYPE_DATE, NULL},
    {SW_TYPE_INT, "-5", SW_TYPE_STRING, "-5"},
    {SW_TYPE_BOOL, "true", SW_TYPE_INT, "1"},
    {SW_TYPE_BOOL, "true", SW_TYPE_STRING, "true"},
    {SW_TYPE_DATE, "\"2024-02-01\"", SW_TYPE_TIMESTAMP, "2024-02-01T00:00:00Z"},
    {SW_TYPE_DATE, "\"2024-02-01\"", SW_TYPE_INT, "19754"},
    {SW_TYPE_TIMESTAMP, "\"2024-02-01T00:00:01Z\"", SW_TYPE_DATE, NULL},
    {SW_TYPE_TIMESTAMP, "1706745600000", SW_TYPE_DATE, "2024-02-01"},
};

static const char *const type_columns[SW_TYPE_COUNT] = {"b", "i", "f", "s", "d", "ts"};

static void check_cast(struct world *world, const struct cast_case *c)
{
    const char *column = type_columns[c->from];
    const char *params = text_of(world, "{\"where\": \"1\", \"set\": {\"%s\": null}}", column);
    struct sw_version *blank =
        edited(&world->arena, world->version[1], NULL, "table.update", params, NULL);
    params = text_of(world, "{\"set\": {\"%s\": %s}, \"row_ids\": [1]}", column, c->value);
    struct sw_version *alone = edited(&world->arena, blank, NULL, "table.update", params, NULL);

    struct sw_edit_outcome outcome = {0};
    params = text_of(world, "{\"column\": \"%s\", \"type\": \"%s\", \"on_error\": \"null\"}",
                     column, sw_type_name(c->to));
    struct sw_version *cast =
        edited(&world->arena, alone, NULL, "table.cast_column", params, &outcome);
    int32_t at = sw_schema_find(cast->schema, sw_span_text(column));
    struct sw_value value = test_cell(cast->group[0]->chunk[at], 1);
    if (value.is_null != (c->result == NULL) || outcome.misfits != (c->result == NULL ? 1 : 0)) {
        fail_msg("%s to %s: %s, %llu misfits", c->value, sw_type_name(c->to),
                 value.is_null ? "null" : "a value", (unsigned long long)outcome.misfits);
    }
    if (c->result != NULL) {
        params = text_of(world, "{\"column\": \"%s\", \"type\": \"string\"}", column);
        struct sw_version *text =
            edited(&world->arena, cast, NULL, "table.cast_column", params, NULL);
        struct sw_value shown = test_cell(text->group[0]->chunk[at], 1);
        assert_string_equal(text_of(world, "%.*s", (int)shown.u.s.length, shown.u.s.data),
                            c->result);
        sw_version_unref(text);
    } else {
        struct sw_err err = {0};
        struct sw_version *none = NULL;
        params =
            text_of(world, "{\"column\": \"%s\", \"type\": \"%s\"}", column, sw_type_name(c->to));
        struct sw_json json = json_of(&world->arena, params);
        assert_int_equal(run_edit("table.cast_column", &json, alone, NULL, NULL, &none, &err),
                         SW_TYPE);
        assert_non_null(strstr(err.message, "row id 1"));
        assert_int_equal(outcome.examples, 1);
        assert_int_equal(outcome.example[0].row_id, 1);
    }
    sw_version_unref(blank);
    sw_version_unref(alone);
    sw_version_unref(cast);
}

static void casts_keep_what_fits_and_count_the_rest(void **state)
{
    (void)state;
    struct world *world = new_world(4);
    for (size_t i = 0; i < sizeof cast_cases / sizeof cast_cases[0]; i++) {
        check_cast(world, &cast_cases[i]);
    }
    free_world(world);
}

/* -- batches, failures, memory -------------------------------------------------------- */

static void a_batch_is_one_version_and_a_failure_leaves_nothing(void **state)
{
    (void)state;
    struct world *world = new_world(4);
    struct sw_budget budget;
    sw_budget_init(&budget, "session_memory_bytes", 1 << 30, NULL);
    struct sw_err err = {0};
    struct sw_version *after =
        edited(&world->arena, world->version[1], &budget, "table.batch",
               "{\"ops\": [{\"method\": \"table.add_column\", \"params\": {\"name\": \"z\", "
               "\"expr\": \"i * "
               "2\"}}, {\"method\": \"table.delete_rows\", \"params\": {\"where\": \"z < 0\"}}, "
               "{\"method\": "
               "\"table.rename_column\", \"params\": {\"from\": \"z\", \"to\": \"w\"}}]}",
               NULL);
    assert_int_equal(after->number, world->version[1]->number + 1);
    assert_int_equal(sw_schema_find(after->schema, sw_span_text("w")), COLUMNS);
    sw_version_unref(after);
    struct sw_json json = json_of(
        &world->arena, "{\"ops\": [{\"method\": \"table.update\", \"params\": {\"set\": {\"i\": "
                       "1}}}, {\"method\": \"table.update\", \"params\": {\"set\": {\"i\": "
                       "1.5}}}]}");
    after = NULL;
    assert_int_equal(run_edit("table.batch", &json, world->version[1], &budget, NULL, &after, &err),
                     SW_TYPE);
    assert_null(after);
    assert_non_null(strstr(err.message, "change 2: column `i` is of type int, and 1.5 is not"));
    assert_int_equal(sw_budget_used(&budget), 0);
    free_world(world);
}

static void an_edit_over_the_budget_is_refused_by_its_name(void **state)
{
    (void)state;
    struct world *world = new_world(4);
    for (int64_t limit = 0; limit < 4000000; limit = limit * 2 + 1000) {
        struct sw_budget budget;
        struct sw_err err = {0};
        struct sw_version *after = NULL;
        sw_budget_init(&budget, "session_memory_bytes", limit, NULL);
        struct sw_json json =
            json_of(&world->arena, "{\"where\": \"i > 0\", \"set\": {\"f\": {\"expr\": \"f * "
                                   "3\"}, \"t\": {\"expr\": \"t || s\"}}}");
        sw_status status =
            run_edit("table.update", &json, world->version[1], &budget, NULL, &after, &err);
        if (status != SW_OK) {
            assert_int_equal(status, SW_LIMIT);
            assert_string_equal(err.limit, "session_memory_bytes");
        }
        sw_version_unref(after);
        assert_int_equal(sw_budget_used(&budget), 0);
    }
    free_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_programs_of_edits_give_what_sqlite_gives),
        cmocka_unit_test(a_cell_edit_makes_one_chunk),
        cmocka_unit_test(row_groups_that_zones_exclude_are_shared),
        cmocka_unit_test(the_dictionary_of_a_shared_data_set_never_grows),
        cmocka_unit_test(many_small_appends_leave_few_groups),
        cmocka_unit_test(casts_keep_what_fits_and_count_the_rest),
        cmocka_unit_test(a_batch_is_one_version_and_a_failure_leaves_nothing),
        cmocka_unit_test(an_edit_over_the_budget_is_refused_by_its_name),
    };
    return cmocka_run_group_tests_name("edit/edit", tests, NULL, NULL);
}
