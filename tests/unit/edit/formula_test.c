/* Random programs of formulas, edits, inputs and steps back, each step also done by SQLite on the
 * same rows: whatever is read of a formula is what SQLite's SELECT of its expression gives, and the
 * bits are those of a computation from nothing.  Then what is computed when, and what does not
 * fit. */
#include "unit/fold/world.h"

#include "edit/edit.h"
#include "edit/formula.h"
#include "support/look.h"

#define PROGRAMS   40
#define STEPS      30
#define EXTRAS_MAX 6 /* columns besides the world's */

/* -- running ---------------------------------------------------------------------------- */

struct inputs {
    struct sw_json p, w; /* a number or null, a text */
};

static const struct sw_json *input_value(void *context, struct sw_span name)
{
    const struct inputs *inputs = context;
    const struct sw_json *value = sw_span_equal(name, sw_span_text("p")) ? &inputs->p : &inputs->w;
    return value->kind == SW_JSON_NULL ? NULL : value;
}

static sw_status run_edit(const char *method, const struct sw_json *params, struct inputs *inputs,
                          struct sw_version *version, struct sw_version **after, struct sw_err *err)
{
    struct sw_edit_plan *plan = NULL;
    struct sw_edit *edit = NULL;
    struct sw_edit_result result;
    SW_TRY(sw_edit_plan_new(sw_span_text(method), params, NULL, input_value, inputs, &plan, err));
    assert_int_equal(sw_edit_new(plan, version, NULL, &edit, err), SW_OK);
    while (sw_edit_step_work(edit, 0)) {
    }
    sw_status status = sw_edit_result(edit, &result, err);
    if (status == SW_OK) {
        *after = sw_version_ref(result.version);
    }
    sw_edit_free(edit);
    sw_edit_plan_free(plan);
    return status;
}

/* Fills the slots of the set in all groups. */
static void realise(struct sw_version *version, const uint8_t *set)
{
    struct sw_realise_plan *plan = NULL;
    struct sw_realise_state *state = NULL;
    struct sw_err err = {0};
    assert_int_equal(sw_realise_plan_new(version->schema, set, &plan, &err), SW_OK);
    assert_int_equal(sw_realise_state_new(plan, NULL, &state, &err), SW_OK);
    for (uint32_t g = 0; g < version->groups; g++) {
        if (sw_realise_group(state, version, g, &err) != SW_OK) {
            fail_msg("%s", err.message);
        }
    }
    assert_true(sw_realise_is_done(version, set, 0, version->groups));
    sw_realise_state_free(state);
    sw_realise_plan_free(plan);
}

/* -- the model: rows in SQLite, formulas as texts ---------------------------------------- */

struct extra {
    char name[16];
    bool is_formula;
    int template; /* index into templates */
    int source;   /* column of the schema's kind: base column, or COLUMNS + extra */
    uint32_t id;  /* told apart through renames and drops */
    uint32_t source_id;
};

struct model {
    uint32_t extras;
    struct extra extra[EXTRAS_MAX];
};

struct program {
    struct world *world;
    struct sw_version *version;
    struct model model;
    struct inputs inputs;
    uint32_t names; /* given so far */
};

/* %s is the source; kinds: n a number, s a text. Nothing that asks whether it is a column, and no
 * text of a float, which SQLite rounds wrongly now and then (docs/expressions.md). */
static const struct {
    const char *text;
    char takes, gives;
} templates[] = {
    {"%s + 1", 'n', 'n'},
    {"%s * 0.5", 'n', 'n'},
    {"%s * $p", 'n', 'n'},
    {"coalesce(%s, $p)", 'n', 'n'},
    {"i - %s", 'n', 'n'},
    {"CASE WHEN f > 10 THEN %s END", 'n', 'n'},
    {"CAST(%s AS int) || ''", 'n', 's'},
    {"upper(%s)", 's', 's'},
    {"%s || $w", 's', 's'},
    {"length(%s)", 's', 'n'},
    {"substr(%s, 2)", 's', 's'},
    {"coalesce(%s, 'none')", 's', 's'},
};
#define TEMPLATES (sizeof templates / sizeof templates[0])

static struct test_random *random_of(struct program *program)
{
    return &program->world->random;
}

static struct extra *extra_of(struct model *model, uint32_t id)
{
    for (uint32_t i = 0; i < model->extras; i++) {
        if (model->extra[i].id == id) {
            return &model->extra[i];
        }
    }
    fail_msg("no column of id %u", id);
    return NULL;
}

static const char *source_name(struct program *program, const struct extra *extra)
{
    return extra->source < COLUMNS ? column_names[extra->source]
                                   : extra_of(&program->model, extra->source_id)->name;
}

/* The formula's text with `source` in its place. */
static const char *fill_in(struct program *program, int template, const char *source)
{
    const char *mark = strstr(templates[template].text, "%s");
    return text_of(program->world, "%.*s%s%s", (int)(mark - templates[template].text),
                   templates[template].text, source, mark + 2);
}

static const char *input_sql(struct program *program, const struct sw_json *json)
{
    struct world *world = program->world;
    return json->kind == SW_JSON_NULL     ? "NULL"
           : json->kind == SW_JSON_STRING ? text_of(world, "'%s'", json->u.text.data)
           : json->kind == SW_JSON_INT    ? text_of(world, "(%lld)", (long long)json->u.integer)
                                          : text_of(world, "(%.17g)", json->u.number);
}

/* SQL with inputs put in. */
static const char *bind(struct program *program, const char *text)
{
    const char *at;
    while ((at = strchr(text, '$')) != NULL) {
        const struct sw_json *json = at[1] == 'p' ? &program->inputs.p : &program->inputs.w;
        text = text_of(program->world, "%.*s%s%s", (int)(at - text), text, input_sql(program, json),
                       at + 2);
    }
    return text;
}

/* What an extra column is in SQL over the rows that SQLite has; floats stay floats. */
static const char *expand(struct program *program, const struct extra *extra)
{
    if (!extra->is_formula) {
        return extra->name;
    }
    const char *source = extra->source < COLUMNS
                             ? column_names[extra->source]
                             : expand(program, extra_of(&program->model, extra->source_id));
    const char *text = bind(program, fill_in(program, extra->template, source));
    int32_t column = sw_schema_find(program->version->schema, sw_span_text(extra->name));
    bool is_float = program->version->schema->column[column].type == SW_TYPE_FLOAT;
    return text_of(program->world, is_float ? "CAST(%s AS REAL)" : "(%s)", text);
}

static char kind_of(const struct sw_version *version, const char *name)
{
    int32_t column = sw_schema_find(version->schema, sw_span_text(name));
    assert_true(column >= 0);
    return version->schema->column[column].type == SW_TYPE_STRING ? 's' : 'n';
}

/* -- comparing --------------------------------------------------------------------------- */

static void compare_cell(const struct sw_value *value, sqlite3_stmt *rows, const char *what)
{
    bool is_nan = !value->is_null && value->type == SW_TYPE_FLOAT && value->u.f != value->u.f;
    if (value->is_null || is_nan) {
        if (sqlite3_column_type(rows, 0) != SQLITE_NULL) {
            fail_msg("%s: null, SQLite has %s", what, sqlite3_column_text(rows, 0));
        }
    } else if (sqlite3_column_type(rows, 0) == SQLITE_NULL) {
        fail_msg("%s: a value where SQLite has none", what);
    } else if (value->type == SW_TYPE_STRING) {
        struct sw_span text = sw_span_of((const char *)sqlite3_column_text(rows, 0),
                                         (size_t)sqlite3_column_bytes(rows, 0));
        if (!sw_span_equal(text, value->u.s)) {
            fail_msg("%s: \"%.*s\", SQLite has \"%.*s\"", what, (int)value->u.s.length,
                     value->u.s.data, (int)text.length, text.data);
        }
    } else if (value->type == SW_TYPE_FLOAT) {
        double expected = sqlite3_column_double(rows, 0);
        if (expected != value->u.f) {
            fail_msg("%s: %.17g, SQLite has %.17g", what, value->u.f, expected);
        }
    } else {
        long long expected = sqlite3_column_int64(rows, 0);
        if (expected != value->u.i) {
            fail_msg("%s: %lld, SQLite has %lld", what, (long long)value->u.i, expected);
        }
    }
}

static void check_column(struct program *program, uint32_t column, const char *sql)
{
    const struct sw_version *version = program->version;
    sqlite3_stmt *rows =
        sql_prepare(program->world, text_of(program->world, "SELECT %s FROM t ORDER BY pos", sql));
    for (uint32_t g = 0; g < version->groups; g++) {
        for (uint32_t row = 0; row < version->group[g]->rows; row++) {
            struct sw_value value = test_cell(version->group[g]->chunk[column], row);
            assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
            compare_cell(&value, rows, sql);
        }
    }
    assert_int_equal(sqlite3_step(rows), SQLITE_DONE);
    sqlite3_finalize(rows);
}

static bool is_same_cell(const struct sw_value *a, const struct sw_value *b)
{
    if (a->is_null || b->is_null) {
        return a->is_null && b->is_null;
    }
    return a->type == SW_TYPE_STRING ? sw_span_equal(a->u.s, b->u.s) : a->u.i == b->u.i;
}

/* All formulas made from nothing: the same bits. */
static void check_cold(struct sw_version *version)
{
    const uint32_t columns = version->schema->columns;
    uint8_t *set = calloc(columns, 1);
    struct sw_rowgroup **group = calloc(version->groups + 1u, sizeof *group);
    struct sw_version *cold = NULL;
    for (uint32_t i = 0; i < columns; i++) {
        set[i] = version->schema->column[i].formula != NULL;
    }
    realise(version, set);
    for (uint32_t g = 0; g < version->groups; g++) {
        assert_int_equal(sw_rowgroup_without(version->group[g], set, &group[g]), SW_OK);
    }
    assert_int_equal(sw_version_new(1, version->schema, version->groups, group, 0, &cold), SW_OK);
    realise(cold, set);
    for (uint32_t g = 0; g < version->groups; g++) {
        for (uint32_t c = 0; c < columns; c++) {
            const struct sw_chunk *warm = version->group[g]->chunk[c];
            assert_int_equal(warm->misfits, cold->group[g]->chunk[c]->misfits);
            for (uint32_t row = 0; row < warm->rows; row++) {
                struct sw_value a = test_cell(warm, row);
                struct sw_value b = test_cell(cold->group[g]->chunk[c], row);
                assert_true(is_same_cell(&a, &b));
            }
        }
        sw_rowgroup_unref(group[g]);
    }
    sw_version_unref(cold);
    free(group);
    free(set);
}

/* Some columns are read, or all. */
static void check(struct program *program, bool is_all)
{
    const struct sw_schema *schema = program->version->schema;
    uint8_t *set = calloc(schema->columns, 1);
    for (uint32_t i = 0; i < schema->columns; i++) {
        set[i] = is_all || test_random_once_in(random_of(program), 3);
    }
    realise(program->version, set);
    for (uint32_t i = 0; i < schema->columns; i++) {
        bool is_extra = i >= COLUMNS;
        const struct extra *extra = is_extra ? &program->model.extra[i - COLUMNS] : NULL;
        const char *name = is_extra ? extra->name : column_names[i];
        assert_string_equal(schema->column[i].name, name);
        assert_int_equal(schema->column[i].formula != NULL, is_extra && extra->is_formula);
        if (is_extra && extra->is_formula) {
            const char *text = fill_in(program, extra->template, source_name(program, extra));
            assert_true(sw_span_equal(schema->column[i].formula->text, sw_span_text(text)));
        }
        if (set[i] != 0) {
            check_column(program, i, is_extra ? expand(program, extra) : name);
        }
    }
    if (is_all) {
        check_cold(program->version);
    }
    free(set);
}

/* -- steps ------------------------------------------------------------------------------- */

/* True: it was done; otherwise the message holds `refusal`. */
static bool try_edit(struct program *program, const char *method, const char *params,
                     const char *refusal)
{
    struct sw_err err = {0};
    struct sw_version *after = NULL;
    struct sw_json json = json_of(&program->world->arena, params);
    sw_status status = run_edit(method, &json, &program->inputs, program->version, &after, &err);
    if (status != SW_OK && (refusal == NULL || strstr(err.message, refusal) == NULL)) {
        fail_msg("%s %s: %s", method, params, err.message);
    }
    if (status != SW_OK) {
        return false;
    }
    if (refusal != NULL) {
        fail_msg("%s %s: was not refused", method, params);
    }
    sw_version_unref(program->version);
    program->version = after;
    return true;
}

/* A random source for a template, by index; its kind fits. False: there is none. */
static bool pick_source(struct program *program, struct extra *extra)
{
    static const int bases[] = {C_I, C_F, C_G, C_S, C_T};
    for (int tries = 0; tries < 20; tries++) {
        extra->template = (int)test_random_below(random_of(program), TEMPLATES);
        uint64_t at = test_random_below(random_of(program), 5 + program->model.extras);
        extra->source = at < 5 ? bases[at] : COLUMNS;
        extra->source_id = at < 5 ? 0 : program->model.extra[at - 5].id;
        if (kind_of(program->version, source_name(program, extra)) ==
            templates[extra->template].takes) {
            return true;
        }
    }
    return false;
}

static const char *extra_text(struct program *program, const struct extra *extra)
{
    return fill_in(program, extra->template, source_name(program, extra));
}

static void step_add(struct program *program)
{
    struct extra extra = {.is_formula = true, .id = program->names};
    if (program->model.extras == EXTRAS_MAX || !pick_source(program, &extra)) {
        return;
    }
    (void)snprintf(extra.name, sizeof extra.name, "z%u", program->names++);
    (void)try_edit(program, "table.add_column",
                   text_of(program->world, "{\"name\": \"%s\", \"expr\": \"%s\"}", extra.name,
                           extra_text(program, &extra)),
                   NULL);
    program->model.extra[program->model.extras++] = extra;
}

static struct extra *pick_extra(struct program *program)
{
    return program->model.extras == 0
               ? NULL
               : &program->model
                      .extra[test_random_below(random_of(program), program->model.extras)];
}

/* Does `from` read `id`, itself or through others? */
static bool reaches(struct program *program, const struct extra *from, uint32_t id)
{
    return from->id == id || (from->is_formula && from->source == COLUMNS &&
                              reaches(program, extra_of(&program->model, from->source_id), id));
}

static void drop_in_sqlite(struct program *program, const struct extra *extra)
{
    if (!extra->is_formula) {
        sql_run(program->world,
                text_of(program->world, "ALTER TABLE t DROP COLUMN %s", extra->name));
    }
}

static bool is_read(struct program *program, uint32_t id)
{
    for (uint32_t i = 0; i < program->model.extras; i++) {
        const struct extra *extra = &program->model.extra[i];
        if (extra->is_formula && extra->source == COLUMNS && extra->source_id == id) {
            return true;
        }
    }
    return false;
}

/* Kinds stay: another formula of the same kind of values, unless it would read itself. */
static void step_set(struct program *program)
{
    struct extra *extra = pick_extra(program);
    struct extra next = extra == NULL ? (struct extra){0} : *extra;
    if (extra == NULL || !pick_source(program, &next) ||
        templates[next.template].gives != kind_of(program->version, extra->name)) {
        return;
    }
    bool is_cycle = next.source == COLUMNS &&
                    reaches(program, extra_of(&program->model, next.source_id), extra->id);
    next.is_formula = true;
    if (try_edit(program, "table.set_formula",
                 text_of(program->world, "{\"column\": \"%s\", \"expr\": \"%s\"}", extra->name,
                         extra_text(program, &next)),
                 is_cycle ? text_of(program->world, "cannot read themselves: %s -> ", extra->name)
                          : NULL)) {
        drop_in_sqlite(program, extra);
        *extra = next;
    }
}

static void step_freeze(struct program *program)
{
    struct extra *extra = pick_extra(program);
    if (extra == NULL) {
        return;
    }
    const char *sql = text_of(program->world, "ALTER TABLE t ADD COLUMN %s; UPDATE t SET %s = %s",
                              extra->name, extra->name, expand(program, extra));
    if (try_edit(program, "table.freeze_column",
                 text_of(program->world, "{\"column\": \"%s\"}", extra->name),
                 extra->is_formula ? NULL : "is no formula")) {
        sql_run(program->world, sql);
        extra->is_formula = false;
    }
}

static void step_drop(struct program *program)
{
    struct extra *extra = pick_extra(program);
    if (extra == NULL || !try_edit(program, "table.drop_column",
                                   text_of(program->world, "{\"column\": \"%s\"}", extra->name),
                                   is_read(program, extra->id) ? "is read by the formula" : NULL)) {
        return;
    }
    drop_in_sqlite(program, extra);
    program->model.extras--;
    memmove(extra, extra + 1,
            (size_t)(program->model.extra + program->model.extras - extra) * sizeof *extra);
}

static void step_rename(struct program *program)
{
    struct extra *extra = pick_extra(program);
    if (extra == NULL) {
        return;
    }
    const char *to = text_of(program->world, "z%u", program->names++);
    (void)try_edit(program, "table.rename_column",
                   text_of(program->world, "{\"from\": \"%s\", \"to\": \"%s\"}", extra->name, to),
                   NULL);
    if (!extra->is_formula) {
        sql_run(program->world,
                text_of(program->world, "ALTER TABLE t RENAME COLUMN %s TO %s", extra->name, to));
    }
    (void)snprintf(extra->name, sizeof extra->name, "%s", to);
}

/* Rows by what formulas say, set to what formulas say. */
static void step_update(struct program *program)
{
    static const char *const sets[][2] = {
        {"f", "f * 1.1"}, {"i", "i + 1"}, {"s", "upper(s)"}, {"g", "NULL"}, {"t", "s"}};
    const char *const *set = sets[test_random_below(random_of(program), 5)];
    const struct extra *extra = pick_extra(program);
    const char *where = "i % 3 = 0";
    const char *where_sql = where;
    if (extra != NULL && test_random_once_in(random_of(program), 2)) {
        where = text_of(program->world, "length(%s) > 3", extra->name);
        where_sql = text_of(program->world, "length(%s) > 3", expand(program, extra));
    }
    if (try_edit(program, "table.update",
                 text_of(program->world,
                         "{\"set\": {\"%s\": {\"expr\": \"%s\"}}, \"where\": \"%s\"}", set[0],
                         set[1], where),
                 NULL)) {
        sql_run(program->world, text_of(program->world, "UPDATE t SET %s = %s WHERE %s", set[0],
                                        set[1], where_sql));
    }
}

static void step_copy(struct program *program)
{
    const struct extra *extra = pick_extra(program);
    if (extra == NULL) {
        return;
    }
    const char *to = kind_of(program->version, extra->name) == 's' ? "t" : "f";
    if (try_edit(program, "table.update",
                 text_of(program->world,
                         "{\"set\": {\"%s\": {\"expr\": \"%s\"}}, \"where\": \"i > 40\"}", to,
                         extra->name),
                 NULL)) {
        sql_run(program->world, text_of(program->world, "UPDATE t SET %s = %s WHERE i > 40", to,
                                        expand(program, extra)));
    }
}

static void step_append(struct program *program)
{
    uint64_t id = program->version->next_row_id;
    if (try_edit(program, "table.append",
                 "{\"rows\": [{\"i\": 7, \"f\": 2.5, \"s\": \"new\"}, {\"t\": \"some\"}]}", NULL)) {
        sql_run(program->world, text_of(program->world,
                                        "INSERT INTO t(pos, i, f, s) VALUES(%llu, 7, 2.5, 'new');"
                                        "INSERT INTO t(pos, t) VALUES(%llu, 'some')",
                                        (unsigned long long)id, (unsigned long long)id + 1));
    }
}

static void step_delete(struct program *program)
{
    if (try_edit(program, "table.delete_rows", "{\"where\": \"i = 11 OR f > 150\"}", NULL)) {
        sql_run(program->world, "DELETE FROM t WHERE i = 11 OR f > 150");
    }
}

/* The version that a session would show with the inputs of now. */
static void rebind(struct program *program)
{
    struct sw_rebound rebound;
    struct sw_err err = {0};
    const struct sw_version *before = program->version;
    bool is_stale = sw_formula_is_stale(before->schema, input_value, &program->inputs, false);
    assert_int_equal(sw_formula_rebind(before, before->number + 1, input_value, &program->inputs,
                                       &rebound, &err),
                     SW_OK);
    assert_int_equal(is_stale, rebound.version != NULL);
    if (rebound.version == NULL) {
        return;
    }
    assert_int_equal(rebound.version->content, before->content);
    assert_int_equal(rebound.version->number, before->number + rebound.is_visible);
    free(rebound.set);
    sw_version_unref(program->version);
    program->version = rebound.version;
}

static void step_input(struct program *program)
{
    static const char *const words[] = {"", "!", "\xc3\xa9"};
    uint64_t what = test_random_below(random_of(program), 4);
    struct sw_json *p = &program->inputs.p;
    if (what == 0) {
        const char *word = words[test_random_below(random_of(program), 3)];
        program->inputs.w = (struct sw_json){.kind = SW_JSON_STRING, .u.text = sw_span_text(word)};
    } else if (what == 1) {
        *p = (struct sw_json){.kind = SW_JSON_NULL};
    } else if (what == 2) {
        *p = (struct sw_json){.kind = SW_JSON_INT,
                              .u.integer = test_random_between(random_of(program), -3, 3)};
    } else {
        *p = (struct sw_json){.kind = SW_JSON_FLOAT,
                              .u.number = (double)test_random_below(random_of(program), 9) / 4};
    }
    rebind(program);
}

static void run_program(uint64_t seed)
{
    static void (*const steps[])(struct program *) = {
        step_add,    step_add,    step_add,    step_set,    step_set,  step_freeze,
        step_drop,   step_rename, step_update, step_update, step_copy, step_append,
        step_delete, step_input,  step_input,  step_input};
    struct program program = {.world = new_world(seed)};
    struct sw_version *past[STEPS];
    struct model model[STEPS];
    program.inputs.w = (struct sw_json){.kind = SW_JSON_STRING, .u.text = sw_span_text("?")};
    program.version = sw_version_ref(program.world->version[seed % 3]);
    for (int i = 0; i < STEPS; i++) {
        past[i] = sw_version_ref(program.version);
        model[i] = program.model;
        sql_run(program.world, text_of(program.world, "CREATE TABLE past%d AS SELECT * FROM t", i));
        if (i > 0 && test_random_once_in(random_of(&program), 8)) {
            int to = (int)test_random_below(random_of(&program), (uint64_t)i);
            sw_version_unref(program.version);
            program.version = sw_version_ref(past[to]);
            program.model = model[to];
            sql_run(
                program.world,
                text_of(program.world, "DROP TABLE t; CREATE TABLE t AS SELECT * FROM past%d", to));
            rebind(&program);
        } else {
            steps[test_random_below(random_of(&program), sizeof steps / sizeof steps[0])](&program);
        }
        check(&program, i + 1 == STEPS || test_random_once_in(random_of(&program), 10));
    }
    for (int i = 0; i < STEPS; i++) {
        sw_version_unref(past[i]);
    }
    sw_version_unref(program.version);
    free_world(program.world);
}

static void random_programs_of_formulas_give_what_sqlite_gives(void **state)
{
    (void)state;
    uint64_t seed = test_seed();
    for (uint64_t i = 0; i < PROGRAMS; i++) {
        run_program(seed + i);
    }
}

/* -- what is computed, and when ---------------------------------------------------------- */

static struct sw_version *edited(struct world *world, struct sw_version *version,
                                 struct inputs *inputs, const char *method, const char *params)
{
    struct sw_err err = {0};
    struct sw_version *after = NULL;
    struct sw_json json = json_of(&world->arena, params);
    if (run_edit(method, &json, inputs, version, &after, &err) != SW_OK) {
        fail_msg("%s %s: %s", method, params, err.message);
    }
    sw_version_unref(version);
    return after;
}

static uint32_t filled(const struct sw_version *version, uint32_t column)
{
    uint32_t count = 0;
    for (uint32_t g = 0; g < version->groups; g++) {
        count += version->group[g]->chunk[column] != NULL;
    }
    return count;
}

/* two = i * 2, sum = two + $p and more = f + 1 behind the world's columns. */
static struct sw_version *with_formulas(struct world *world, struct inputs *inputs)
{
    struct sw_version *version = sw_version_ref(world->version[1]);
    inputs->p = (struct sw_json){.kind = SW_JSON_INT, .u.integer = 1};
    version = edited(world, version, inputs, "table.add_column",
                     "{\"name\": \"two\", \"expr\": \"I * 2\"}");
    version = edited(world, version, inputs, "table.add_column",
                     "{\"name\": \"sum\", \"expr\": \"two + $p\"}");
    return edited(world, version, inputs, "table.add_column",
                  "{\"name\": \"more\", \"expr\": \"f + 1\"}");
}

static void nothing_is_computed_before_it_is_read(void **state)
{
    (void)state;
    struct world *world = new_world(4);
    struct inputs inputs = {0};
    struct sw_version *version = with_formulas(world, &inputs);
    version =
        edited(world, version, &inputs, "table.update", "{\"row_ids\": [3], \"set\": {\"i\": 5}}");
    version = edited(world, version, &inputs, "table.append", "{\"rows\": [{\"i\": 1}]}");
    version = edited(world, version, &inputs, "table.delete_rows", "{\"where\": \"i = 7\"}");
    for (uint32_t c = COLUMNS; c < COLUMNS + 3; c++) {
        assert_int_equal(filled(version, c), 0);
    }
    uint8_t set[COLUMNS + 3] = {[COLUMNS + 1] = 1};

    realise(version, set);

    assert_int_equal(filled(version, COLUMNS), version->groups);
    assert_int_equal(filled(version, COLUMNS + 1), version->groups);
    assert_int_equal(filled(version, COLUMNS + 2), 0);
    sw_version_unref(version);
    free_world(world);
}

static void a_cell_edit_empties_what_follows_it_in_its_row_group(void **state)
{
    (void)state;
    struct world *world = new_world(4);
    struct inputs inputs = {0};
    struct sw_version *version = with_formulas(world, &inputs);
    uint8_t all[COLUMNS + 3] = {[COLUMNS] = 1, [COLUMNS + 1] = 1, [COLUMNS + 2] = 1};
    realise(version, all);
    assert_true(version->groups > 1);

    version =
        edited(world, version, &inputs, "table.update", "{\"row_ids\": [3], \"set\": {\"i\": 5}}");

    assert_int_equal(filled(version, COLUMNS), version->groups - 1);
    assert_int_equal(filled(version, COLUMNS + 1), version->groups - 1);
    assert_int_equal(filled(version, COLUMNS + 2), version->groups);
    assert_null(version->group[0]->chunk[COLUMNS + 1]);
    sw_version_unref(version);
    free_world(world);
}

static void an_input_empties_what_names_it_and_shares_nothing_with_the_version_before(void **state)
{
    (void)state;
    struct world *world = new_world(4);
    struct inputs inputs = {0};
    struct sw_rebound rebound;
    struct sw_version *version = with_formulas(world, &inputs);
    uint8_t all[COLUMNS + 3] = {[COLUMNS] = 1, [COLUMNS + 1] = 1, [COLUMNS + 2] = 1};
    realise(version, all);
    inputs.p.u.integer = 2;

    assert_int_equal(sw_formula_rebind(version, 99, input_value, &inputs, &rebound, NULL), SW_OK);

    assert_true(rebound.is_visible);
    assert_int_equal(rebound.version->number, 99);
    assert_int_equal(filled(rebound.version, COLUMNS), version->groups);
    assert_int_equal(filled(rebound.version, COLUMNS + 1), 0);
    assert_int_equal(filled(rebound.version, COLUMNS + 2), version->groups);
    assert_int_equal(rebound.set[COLUMNS] + rebound.set[COLUMNS + 2], 0);
    for (uint32_t g = 0; g < version->groups; g++) {
        assert_ptr_not_equal(version->group[g], rebound.version->group[g]);
    }
    free(rebound.set);
    sw_version_unref(rebound.version);
    sw_version_unref(version);
    free_world(world);
}

static void a_formula_that_nothing_has_read_is_not_asked_for_new_inputs(void **state)
{
    (void)state;
    struct world *world = new_world(4);
    struct inputs inputs = {0};
    struct sw_version *version = with_formulas(world, &inputs);
    inputs.p.u.integer = 2;

    assert_true(sw_formula_is_stale(version->schema, input_value, &inputs, false));
    assert_false(sw_formula_is_stale(version->schema, input_value, &inputs, true));

    uint8_t set[COLUMNS + 3] = {[COLUMNS + 1] = 1};
    realise(version, set);
    assert_true(sw_formula_is_stale(version->schema, input_value, &inputs, true));
    sw_version_unref(version);
    free_world(world);
}

/* -- what does not fit ------------------------------------------------------------------- */

static struct sw_value first_value(struct world *world, const char *params, uint32_t *misfits)
{
    struct inputs inputs = {0};
    struct sw_version *version = sw_version_ref(world->version[0]);
    version = edited(world, version, &inputs, "table.add_column", params);
    uint8_t set[COLUMNS + 1] = {[COLUMNS] = 1};
    realise(version, set);
    const struct sw_chunk *chunk = version->group[0]->chunk[COLUMNS];
    struct sw_value value = test_cell(chunk, 0);
    if (value.type == SW_TYPE_STRING) {
        value.u.s = sw_span_of(sw_arena_text(&world->arena, value.u.s), value.u.s.length);
    }
    *misfits = chunk->misfits;
    assert_int_equal(version->schema->column[COLUMNS].type, chunk->type);
    sw_version_unref(version);
    return value;
}

static void what_a_type_cannot_hold_is_null_and_counted(void **state)
{
    (void)state;
    struct world *world = new_world(4);
    uint32_t rows = world->rows;
    uint32_t misfits;

    struct sw_value value = first_value(
        world, "{\"name\": \"z\", \"expr\": \"9223372036854775807 + b * 0 + 1\"}", &misfits);
    assert_true(value.is_null);
    assert_true(misfits > 0 && misfits <= rows);

    value = first_value(
        world, "{\"name\": \"z\", \"expr\": \"9223372036854775807 + 1\", \"type\": \"float\"}",
        &misfits);
    assert_true(value.u.f == 0x1p63);
    assert_int_equal(misfits, 0);

    value = first_value(world, "{\"name\": \"z\", \"expr\": \"1.5\", \"type\": \"int\"}", &misfits);
    assert_true(value.is_null);
    assert_int_equal(misfits, rows);

    value = first_value(world, "{\"name\": \"z\", \"expr\": \"s || 'x'\", \"type\": \"date\"}",
                        &misfits);
    assert_true(value.is_null);
    assert_true(misfits > 0);

    value = first_value(
        world, "{\"name\": \"z\", \"expr\": \"'2024-01-31'\", \"type\": \"timestamp\"}", &misfits);
    assert_int_equal(value.u.i, INT64_C(1706659200000));
    assert_int_equal(misfits, 0);
    free_world(world);
}

/* -- names ------------------------------------------------------------------------------- */

static struct sw_span renamed(void *context, struct sw_span name)
{
    return sw_span_equal(name, sw_span_text("a")) ? sw_span_text(context) : name;
}

static void respelled(const char *text, const char *to, const char *expected)
{
    struct sw_expr *expr = NULL;
    struct sw_buf out;
    sw_buf_init(&out);
    assert_int_equal(sw_expr_parse(sw_span_text(text), &expr, NULL), SW_OK);
    assert_int_equal(sw_expr_respell(expr, renamed, (void *)(uintptr_t)to, &out, NULL), SW_OK);
    sw_buf_put_byte(&out, '\0');
    assert_string_equal(out.data, expected);
    sw_buf_fini(&out);
    sw_expr_free(expr);
}

static void names_are_respelled_where_they_are_columns(void **state)
{
    (void)state;
    respelled("a + b /* a */ - abs(a)", "c", "c + b /* a */ - abs(c)");
    respelled("'a' || \"a\" || $a", "c", "'a' || \"c\" || $a");
    respelled("a BETWEEN 1 AND [a]", "x y", "\"x y\" BETWEEN 1 AND \"x y\"");
    respelled("CASE WHEN a THEN a END", "end", "CASE WHEN \"end\" THEN \"end\" END");
    respelled("a", "say \"a\"", "\"say \"\"a\"\"\"");
    respelled("iif(a IN (1, a), `a`, -a)", "b", "iif(b IN (1, b), \"b\", -b)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_programs_of_formulas_give_what_sqlite_gives),
        cmocka_unit_test(nothing_is_computed_before_it_is_read),
        cmocka_unit_test(a_cell_edit_empties_what_follows_it_in_its_row_group),
        cmocka_unit_test(an_input_empties_what_names_it_and_shares_nothing_with_the_version_before),
        cmocka_unit_test(a_formula_that_nothing_has_read_is_not_asked_for_new_inputs),
        cmocka_unit_test(what_a_type_cannot_hold_is_null_and_counted),
        cmocka_unit_test(names_are_respelled_where_they_are_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
