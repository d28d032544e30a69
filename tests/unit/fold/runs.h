/* Random filters for a world, and outputs run over it: as one partial, as one for each row group,
 * as the shares of 1 to 4 workers; all must give the same series bit by bit. */
#ifndef SW_TEST_FOLD_RUNS_H
#define SW_TEST_FOLD_RUNS_H

#include "unit/fold/world.h"

#define FILTERS_MAX 3

/* A selection: clauses as functions of a version, and the same in SQL. */
struct clause {
    int column;
    enum { BETWEEN, IN, EQUALS } kind;
    struct sw_json low, high; /* BETWEEN; IN: low is the list; EQUALS: low is the value */
    bool is_low_open, is_high_open;
};

struct selection {
    unsigned clauses;
    struct clause clause[FILTERS_MAX];
    const char *sql;
};

/* A value of the column or one near it, as JSON and as SQL. */
static inline void random_literal(struct world *world, int column, struct sw_json *json,
                                  const char **sql)
{
    uint32_t row = (uint32_t)test_random_below(&world->random, world->rows + 1);
    struct sw_value v = random_value(world, column, row);
    if (row < world->rows && !world->value[column][row].is_null &&
        test_random_once_in(&world->random, 2)) {
        v = world->value[column][row];
    }
    if (v.type == SW_TYPE_STRING) {
        *json = (struct sw_json){.kind = SW_JSON_STRING, .u.text = v.u.s};
        char *quoted = sqlite3_mprintf("%Q", v.u.s.data);
        *sql = text_of(world, "%s", quoted);
        sqlite3_free(quoted);
    } else if (v.type == SW_TYPE_FLOAT) {
        double number = v.u.f == v.u.f ? v.u.f : 0.25;
        *json = (struct sw_json){.kind = SW_JSON_FLOAT, .u.number = number};
        *sql = text_of(world, "%.17g", number);
    } else if (v.type == SW_TYPE_DATE) {
        char date[SW_DATE_TEXT_MAX];
        sw_date_format(v.u.i, date);
        *json = (struct sw_json){.kind = SW_JSON_STRING};
        json->u.text = sw_span_text(text_of(world, "%s", date));
        *sql = text_of(world, "%lld", (long long)v.u.i);
    } else if (v.type == SW_TYPE_TIMESTAMP && test_random_once_in(&world->random, 2)) {
        char time[SW_TIMESTAMP_TEXT_MAX];
        sw_timestamp_format(v.u.i, time);
        *json = (struct sw_json){.kind = SW_JSON_STRING};
        json->u.text = sw_span_text(text_of(world, "%s", time));
        *sql = text_of(world, "%lld", (long long)v.u.i);
    } else {
        *json = (struct sw_json){.kind = SW_JSON_INT, .u.integer = v.u.i};
        *sql = text_of(world, "%lld", (long long)v.u.i);
    }
}

static inline const char *random_between(struct world *world, struct clause *clause)
{
    const char *name = column_names[clause->column];
    const char *low;
    const char *high;
    const char *sql = "1";
    struct test_random *random = &world->random;
    random_literal(world, clause->column, &clause->low, &low);
    random_literal(world, clause->column, &clause->high, &high);
    clause->is_low_open = test_random_once_in(random, 3);
    clause->is_high_open = test_random_once_in(random, 3);
    bool has_low = !test_random_once_in(random, 5);
    bool has_high = !test_random_once_in(random, 5);
    if (has_low) {
        sql = text_of(world, "%s AND %s %s %s", sql, name, clause->is_low_open ? ">" : ">=", low);
    } else {
        clause->low.kind = SW_JSON_NULL;
    }
    if (has_high) {
        sql = text_of(world, "%s AND %s %s %s", sql, name, clause->is_high_open ? "<" : "<=", high);
    } else {
        clause->high.kind = SW_JSON_NULL;
    }
    return sql;
}

static inline const char *random_in(struct world *world, struct clause *clause)
{
    const char *name = column_names[clause->column];
    size_t count = test_random_below(&world->random, 6);
    struct sw_json *items = sw_arena_array(&world->arena, count + 1, sizeof(*items));
    const char *sql = "0";
    for (size_t i = 0; i < count; i++) {
        const char *literal;
        random_literal(world, clause->column, &items[i], &literal);
        if (test_random_once_in(&world->random, 6)) {
            items[i] = (struct sw_json){.kind = SW_JSON_NULL};
            sql = text_of(world, "%s OR %s IS NULL", sql, name);
        } else {
            sql = text_of(world, "%s OR %s = %s", sql, name, literal);
        }
    }
    clause->low = (struct sw_json){.kind = SW_JSON_ARRAY};
    clause->low.u.list.items = items;
    clause->low.u.list.count = count;
    return sql;
}

static inline struct selection random_selection(struct world *world)
{
    struct selection selection = {.clauses = (unsigned)test_random_below(&world->random, 4),
                                  .sql = "1"};
    for (unsigned i = 0; i < selection.clauses; i++) {
        struct clause *clause = &selection.clause[i];
        const char *sql;
        do { /* a NaN is no NULL: SQLite cannot judge a filter on n */
            clause->column = (int)test_random_below(&world->random, COLUMNS);
        } while (clause->column == C_N);
        uint64_t kind = test_random_below(&world->random, 8);
        clause->kind = kind < 6 ? BETWEEN : kind == 6 ? IN : EQUALS;
        if (clause->kind == BETWEEN) {
            sql = random_between(world, clause);
        } else if (clause->kind == IN) {
            sql = random_in(world, clause);
        } else {
            const char *literal;
            random_literal(world, clause->column, &clause->low, &literal);
            sql = text_of(world, "%s = %s", column_names[clause->column], literal);
        }
        selection.sql = text_of(world, "%s AND (%s)", selection.sql, sql);
    }
    return selection;
}

static inline struct sw_filter *compile(const struct clause *clause,
                                        const struct sw_version *version)
{
    struct sw_filter *filter = NULL;
    struct sw_err err = {0};
    uint32_t column = (uint32_t)clause->column;
    sw_status status =
        clause->kind == BETWEEN
            ? sw_filter_between(version, column, &clause->low, &clause->high, clause->is_low_open,
                                clause->is_high_open, &filter, &err)
        : clause->kind == IN ? sw_filter_in(version, column, &clause->low, &filter, &err)
                             : sw_filter_equals(version, column, &clause->low, &filter, &err);
    if (status != SW_OK) {
        fail_msg("filter on %s: %s", column_names[clause->column], err.message);
    }
    return filter;
}

/* -- one output -------------------------------------------------------------------------- */

struct scan {
    const struct sw_version *version;
    struct sw_filter *filter[FILTERS_MAX + 1];
    struct sw_filter_state *state[FILTERS_MAX + 1];
    unsigned filters;
    struct sw_batch_cache *cache;
};

static inline void begin_scan(struct scan *scan, const struct sw_version *version,
                              const struct selection *selection)
{
    *scan = (struct scan){.version = version};
    for (unsigned i = 0; i < selection->clauses; i++) {
        scan->filter[scan->filters++] = compile(&selection->clause[i], version);
    }
    for (unsigned i = 0; i < scan->filters; i++) {
        assert_int_equal(sw_filter_state_new(scan->filter[i], &scan->state[i]), SW_OK);
    }
    assert_int_equal(sw_batch_cache_new(COLUMNS, &scan->cache), SW_OK);
}

static inline void end_scan(struct scan *scan)
{
    for (unsigned i = 0; i < scan->filters; i++) {
        sw_filter_state_free(scan->state[i]);
        sw_filter_free(scan->filter[i]);
    }
    sw_batch_cache_free(scan->cache);
}

/* What the zones say must hold for the rows. */
static inline void check_reach(const struct scan *scan, unsigned i, const struct sw_batch *batch,
                               const uint64_t *passes)
{
    uint32_t count = sw_bits_count(passes);
    enum sw_filter_reach reach = sw_filter_reach(scan->filter[i], batch->group);
    if ((reach == SW_REACH_NONE && count > 0) || (reach == SW_REACH_ALL && count < batch->rows)) {
        fail_msg("the zones say %d and %u of %u rows pass", (int)reach, count, batch->rows);
    }
}

static inline void fold_group(struct scan *scan, const struct sw_foldrun *run, void *state,
                              uint32_t group)
{
    for (uint32_t at = 0; at < scan->version->group[group]->rows; at += SW_VECTOR_ROWS) {
        struct sw_batch batch;
        uint64_t select[SW_VECTOR_WORDS];
        sw_batch_at(&batch, scan->cache, scan->version, group, at);
        sw_bits_all(select, batch.rows);
        for (unsigned i = 0; i < scan->filters; i++) {
            uint64_t passes[SW_VECTOR_WORDS];
            sw_filter_test(scan->filter[i], scan->state[i], &batch, passes);
            check_reach(scan, i, &batch, passes);
            sw_bits_and(select, passes);
        }
        batch.select = scan->filters > 0 ? select : NULL;
        batch.selected = sw_bits_count(select);
        sw_foldrun_fold(run, state, &batch);
    }
}

/* One round in `partials` shares of the row groups (0: one for each group), merged in order. */
static inline void *fold_round(struct scan *scan, const struct sw_foldrun *run, uint32_t partials)
{
    uint32_t groups = scan->version->groups;
    uint32_t shares = partials == 0 ? groups : partials;
    void *all;
    assert_int_equal(sw_foldrun_init(run, &all), SW_OK);
    for (uint32_t k = 0; k < shares; k++) {
        void *part;
        assert_int_equal(sw_foldrun_init(run, &part), SW_OK);
        uint32_t end = (uint32_t)((uint64_t)groups * (k + 1) / shares);
        for (uint32_t g = (uint32_t)((uint64_t)groups * k / shares); g < end; g++) {
            fold_group(scan, run, part, g);
        }
        assert_int_equal(sw_foldrun_merge(run, all, part, SW_FOLD_GROUPS), SW_OK);
        sw_foldrun_state_free(part);
    }
    return all;
}

static inline sw_status try_output(const struct sw_version *version,
                                   const struct selection *selection, const char *kind,
                                   const struct sw_json *params, uint32_t partials,
                                   struct sw_series **series, struct sw_err *err)
{
    struct scan scan;
    struct sw_foldrun *run;
    *series = NULL;
    const struct sw_fold *fold = sw_fold_find(sw_span_text(kind));
    assert_non_null(fold);
    sw_status status = sw_foldrun_new(fold, params, version, &run, err);
    if (status != SW_OK) {
        return status;
    }
    begin_scan(&scan, version, selection);
    do {
        void *state = fold_round(&scan, run, partials);
        status = sw_foldrun_finish(run, state, series, err);
        sw_foldrun_state_free(state);
    } while (status == SW_AGAIN);
    end_scan(&scan);
    sw_foldrun_free(run);
    return status;
}

/* -- series ----------------------------------------------------------------------------------- */

static inline const struct sw_field *field_of(const struct sw_series *series, size_t panel,
                                              const char *group, const char *name)
{
    const struct sw_panel *from = &series->panel[panel];
    for (size_t i = 0; i < from->fields; i++) {
        const struct sw_field *field = &from->field[i];
        bool is_group = group == NULL ? field->group == NULL
                                      : field->group != NULL && strcmp(group, field->group) == 0;
        if (is_group && strcmp(field->name, name) == 0) {
            return field;
        }
    }
    fail_msg("no field %s.%s", group != NULL ? group : "", name);
    return NULL;
}

static inline bool is_null_at(const struct sw_field *field, size_t i)
{
    return field->is_null != NULL && field->is_null[i];
}

static inline bool is_same_field(const struct sw_field *a, const struct sw_field *b)
{
    if (strcmp(a->name, b->name) != 0 || a->shape != b->shape || a->type != b->type ||
        a->is_axis != b->is_axis || a->length != b->length) {
        return false;
    }
    for (size_t i = 0; i < a->length; i++) {
        if (is_null_at(a, i) != is_null_at(b, i)) {
            return false;
        }
        if (is_null_at(a, i)) {
            continue;
        }
        bool is_same = a->type == SW_TYPE_STRING ? sw_span_equal(a->u.texts[i], b->u.texts[i])
                                                 : a->u.ints[i] == b->u.ints[i]; /* all bits */
        if (!is_same) {
            return false;
        }
    }
    return true;
}

static inline void check_same_panel(const struct sw_series *a, size_t panel_a,
                                    const struct sw_series *b, size_t panel_b, const char *what)
{
    assert_int_equal(a->panel[panel_a].fields, b->panel[panel_b].fields);
    for (size_t i = 0; i < a->panel[panel_a].fields; i++) {
        if (!is_same_field(&a->panel[panel_a].field[i], &b->panel[panel_b].field[i])) {
            fail_msg("%s: field %s differs", what, a->panel[panel_a].field[i].name);
        }
    }
}

static inline void check_same(const struct sw_series *a, const struct sw_series *b,
                              const char *what)
{
    assert_int_equal(a->panels, b->panels);
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->facet_total, b->facet_total);
    for (size_t p = 0; p < a->panels; p++) {
        check_same_panel(a, p, b, p, what);
        if (a->facet_value != NULL) {
            assert_int_equal(sw_value_compare(&a->facet_value[p], &b->facet_value[p]), 0);
            assert_int_equal(a->facet_count[p], b->facet_count[p]);
        }
    }
}

/* The output over all splits of the rows and numbers of partials: one series. */
static inline struct sw_series *run_output(struct world *world, const struct selection *selection,
                                           const char *kind, const char *params)
{
    struct sw_json json = json_of(&world->arena, params);
    struct sw_series *first = NULL;
    for (int v = 0; v < 3; v++) {
        for (uint32_t partials = 0; partials <= 4; partials += 1 + (uint32_t)v) {
            struct sw_series *series;
            struct sw_err err = {0};
            sw_status status =
                try_output(world->version[v], selection, kind, &json, partials, &series, &err);
            if (status != SW_OK) {
                fail_msg("%s %s: %s", kind, params, err.message);
            }
            if (first == NULL) {
                first = series;
                continue;
            }
            check_same(first, series, params);
            sw_series_unref(series);
        }
    }
    return first;
}

#endif
