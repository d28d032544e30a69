/*
 * For the tests of the spill: random tables with everything that a chunk can be, two versions
 * compared bit by bit, and a state folder that goes when the test ends.
 */
#ifndef SW_TEST_SPILL_WORLD_H
#define SW_TEST_SPILL_WORLD_H

#include "support/folder.h"
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spill/chunks.h"
#include "spill/journal.h"
#include "spill/restore.h"
#include "spill/save.h"
#include "spill/spill.h"
#include "spill/store.h"
#include "support/look.h"
#include "table/builder.h"
#include "table/table.h"

/* -- files -------------------------------------------------------------------------------- */

/* A folder of its own in memory, or where temporary files lie. */
static inline void world_make_folder(char path[64])
{
    snprintf(path, 64, "%s/spillway-test-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(path));
}

static inline struct sw_spill *world_open(const char *folder, enum sw_durability durability,
                                          const char *vfs)
{
    const struct sw_spill_options options = {
        .state_dir = folder,
        .durability = durability,
        .disk_bytes = INT64_MAX,
        .disk_free_bytes = 0,
        .vfs = vfs,
    };
    struct sw_spill *spill;
    struct sw_err err = {0};
    sw_status status = sw_spill_open(&options, &spill, &err);
    if (status != SW_OK) {
        fail_msg("%s", err.message);
    }
    return spill;
}

static inline struct sw_store *world_create(struct sw_spill *spill, const char *name)
{
    struct sw_store_facts facts = {.kind = SW_STORE_SESSION, .opened_ms = 1234567890123};
    struct sw_store *store;
    struct sw_err err = {0};
    snprintf(facts.app, sizeof(facts.app), "an app");
    sw_sha256(name, strlen(name), facts.key);
    if (sw_store_create_work(spill, name, &facts, INT64_MAX, &store, &err) != SW_OK) {
        fail_msg("%s", err.message);
    }
    return store;
}

static inline struct sw_store *world_reopen(struct sw_spill *spill, const char *name)
{
    struct sw_store *store;
    struct sw_err err = {0};
    if (sw_store_open_work(spill, name, INT64_MAX, &store, &err) != SW_OK) {
        fail_msg("%s", err.message);
    }
    return store;
}

/* -- random tables -------------------------------------------------------------------------- */

/* What a column may look like; each leads to another encoding. */
enum world_shape {
    WORLD_CONSTANT,
    WORLD_NARROW,
    WORLD_SORTED,
    WORLD_WIDE,
    WORLD_ALL_NULL,
    WORLD_SHAPES
};

struct world_table {
    struct sw_schema *schema;
    struct sw_dict *dict[SW_COLUMNS_MAX]; /* NULL: no string, or plain */
    enum world_shape shape[SW_COLUMNS_MAX];
    uint64_t next_row_id;
};

static inline struct sw_span world_text(struct test_random *random, enum world_shape shape,
                                        char into[80])
{
    static const char *const few[] = {"apples", "", "Äpfel", "a \"quoted\" one", "figs"};
    if (shape == WORLD_CONSTANT) {
        return sw_span_text("the same");
    }
    if (shape == WORLD_NARROW) {
        return sw_span_text(few[test_random_below(random, 5)]);
    }
    int length = snprintf(into, 80, "text %llu of many",
                          (unsigned long long)test_random_below(random, (uint64_t)1 << 40));
    return sw_span_of(into, (size_t)length);
}

static inline int64_t world_int(struct test_random *random, enum sw_type type,
                                enum world_shape shape, uint32_t i)
{
    if (type == SW_TYPE_BOOL) {
        return shape == WORLD_CONSTANT ? 1 : (int64_t)test_random_below(random, 2);
    }
    if (type == SW_TYPE_DATE || type == SW_TYPE_TIMESTAMP) {
        return shape == WORLD_CONSTANT ? 19000
               : shape == WORLD_SORTED ? 19000 + i
                                       : test_random_between(random, -700000, 2900000);
    }
    switch (shape) {
    case WORLD_CONSTANT:
        return -77;
    case WORLD_NARROW:
        return test_random_between(random, 1000, 1200);
    case WORLD_SORTED:
        return (int64_t)i * 3 - 100;
    default:
        return test_random_once_in(random, 3) ? (int64_t)test_random_bits(random)
                                              : test_random_between(random, -5, 5);
    }
}

static inline double world_float(struct test_random *random, enum world_shape shape, uint32_t i)
{
    switch (shape) {
    case WORLD_CONSTANT:
        return 0.25;
    case WORLD_NARROW:
        return (double)test_random_between(random, 0, 9999) / 100;
    case WORLD_SORTED:
        return (double)i / 10;
    default:
        return test_random_once_in(random, 20)   ? (double)NAN
               : test_random_once_in(random, 20) ? (double)-INFINITY
                                                 : test_random_unit(random) * 1e6;
    }
}

static inline void world_add_value(struct sw_builder *builder, struct test_random *random,
                                   enum world_shape shape, uint32_t i)
{
    char text[80];
    if (shape == WORLD_ALL_NULL || (shape != WORLD_CONSTANT && test_random_once_in(random, 9))) {
        enum sw_null_spelling spelling =
            builder->type == SW_TYPE_STRING && test_random_once_in(random, 3)
                ? (enum sw_null_spelling)test_random_below(random, SW_NULL_SPELLINGS)
                : SW_NULL_EMPTY;
        assert_int_equal(sw_builder_null(builder, spelling), SW_OK);
        return;
    }
    if (builder->type == SW_TYPE_STRING) {
        assert_int_equal(sw_builder_text(builder, world_text(random, shape, text)), SW_OK);
    } else if (builder->type == SW_TYPE_FLOAT) {
        assert_int_equal(sw_builder_float(builder, world_float(random, shape, i)), SW_OK);
    } else {
        assert_int_equal(sw_builder_int(builder, world_int(random, builder->type, shape, i)),
                         SW_OK);
    }
}

static inline struct sw_chunk *world_chunk(struct test_random *random, enum sw_type type,
                                           enum world_shape shape, struct sw_dict *dict,
                                           struct sw_budget *budget, uint32_t rows)
{
    struct sw_builder *builder;
    struct sw_chunk *chunk;
    assert_int_equal(sw_builder_new(type, dict, budget, &builder, NULL), SW_OK);
    for (uint32_t i = 0; i < rows; i++) {
        world_add_value(builder, random, shape, i);
    }
    assert_int_equal(sw_builder_seal(builder, &chunk, NULL), SW_OK);
    sw_builder_free(builder);
    return chunk;
}

/* A schema of `columns` random types and shapes. */
static inline void world_table_init(struct world_table *table, struct test_random *random,
                                    uint32_t columns)
{
    const char **names = calloc(columns, sizeof(*names));
    enum sw_type *types = calloc(columns, sizeof(*types));
    assert_true(names != NULL && types != NULL);
    *table = (struct world_table){0};
    for (uint32_t i = 0; i < columns; i++) {
        char name[32];
        snprintf(name, sizeof(name), "column %u", i);
        names[i] = strdup(name);
        types[i] = (enum sw_type)(i < SW_TYPE_COUNT ? i : test_random_below(random, SW_TYPE_COUNT));
        table->shape[i] = (enum world_shape)test_random_below(random, WORLD_SHAPES);
        if (types[i] == SW_TYPE_STRING && table->shape[i] != WORLD_WIDE) {
            assert_int_equal(sw_dict_new(NULL, &table->dict[i], NULL), SW_OK);
        }
    }
    assert_int_equal(sw_schema_new(columns, names, types, &table->schema), SW_OK);
    for (uint32_t i = 0; i < columns; i++) {
        free((void *)(uintptr_t)names[i]);
    }
    free(names);
    free(types);
}

static inline void world_table_fini(struct world_table *table)
{
    for (uint32_t i = 0; i < table->schema->columns; i++) {
        sw_dict_unref(table->dict[i]);
    }
    sw_schema_unref(table->schema);
}

static inline struct sw_chunk *world_row_ids(uint64_t first, uint32_t rows)
{
    struct sw_builder *builder;
    struct sw_chunk *chunk;
    assert_int_equal(sw_builder_new(SW_TYPE_INT, NULL, NULL, &builder, NULL), SW_OK);
    for (uint32_t i = 0; i < rows; i++) {
        assert_int_equal(sw_builder_int(builder, (int64_t)(first + 2 * (uint64_t)i)), SW_OK);
    }
    assert_int_equal(sw_builder_seal(builder, &chunk, NULL), SW_OK);
    sw_builder_free(builder);
    return chunk;
}

static inline struct sw_rowgroup *world_group(struct world_table *table, struct test_random *random,
                                              uint32_t rows)
{
    struct sw_chunk *chunk[64];
    struct sw_rowgroup *group;
    assert_true(table->schema->columns <= 64);
    for (uint32_t i = 0; i < table->schema->columns; i++) {
        chunk[i] = world_chunk(random, table->schema->column[i].type, table->shape[i],
                               table->dict[i], NULL, rows);
    }
    bool has_ids = test_random_once_in(random, 4);
    struct sw_chunk *row_ids = has_ids ? world_row_ids(table->next_row_id, rows) : NULL;
    assert_int_equal(
        sw_rowgroup_take(table->schema->columns, chunk, table->next_row_id, row_ids, &group),
        SW_OK);
    table->next_row_id += 2 * (uint64_t)rows;
    return group;
}

static inline struct sw_version *world_version(struct world_table *table,
                                               struct test_random *random, uint64_t number,
                                               uint32_t groups, uint32_t rows)
{
    struct sw_rowgroup *group[64];
    struct sw_version *version;
    assert_true(groups <= 64);
    for (uint32_t i = 0; i < groups; i++) {
        group[i] = world_group(table, random, rows);
    }
    assert_int_equal(
        sw_version_new(number, table->schema, groups, group, table->next_row_id, &version), SW_OK);
    for (uint32_t i = 0; i < groups; i++) {
        sw_rowgroup_unref(group[i]);
    }
    return version;
}

/* The next version: one chunk of a group replaced, sometimes a group more or less. */
static inline struct sw_version *world_edit(struct world_table *table, struct test_random *random,
                                            const struct sw_version *before)
{
    struct sw_rowgroup *group[64];
    struct sw_version *version;
    uint32_t groups = before->groups;
    for (uint32_t i = 0; i < groups; i++) {
        group[i] = sw_rowgroup_ref(before->group[i]);
    }
    if (groups > 0) {
        uint32_t g = (uint32_t)test_random_below(random, groups);
        uint32_t c = (uint32_t)test_random_below(random, table->schema->columns);
        struct sw_rowgroup *changed;
        struct sw_chunk *chunk = world_chunk(random, table->schema->column[c].type, table->shape[c],
                                             table->dict[c], NULL, group[g]->rows);
        assert_int_equal(sw_rowgroup_with_chunk(group[g], c, chunk, &changed), SW_OK);
        sw_rowgroup_unref(group[g]);
        group[g] = changed;
    }
    if (groups < 60 && test_random_once_in(random, 3)) {
        group[groups++] = world_group(table, random, 1 + (uint32_t)test_random_below(random, 50));
    } else if (groups > 1 && test_random_once_in(random, 3)) {
        sw_rowgroup_unref(group[--groups]);
    }
    assert_int_equal(sw_version_new(before->number + 1, table->schema, groups, group,
                                    table->next_row_id, &version),
                     SW_OK);
    for (uint32_t i = 0; i < groups; i++) {
        sw_rowgroup_unref(group[i]);
    }
    return version;
}

/* -- comparing ------------------------------------------------------------------------------ */

static inline void world_same_value(struct sw_value a, struct sw_value b)
{
    assert_int_equal(a.type, b.type);
    assert_int_equal(a.is_null, b.is_null);
    if (a.is_null) {
        return;
    }
    if (a.type == SW_TYPE_STRING) {
        assert_true(sw_span_equal(a.u.s, b.u.s));
    } else if (a.type == SW_TYPE_FLOAT) {
        assert_memory_equal(&a.u.f, &b.u.f, sizeof(double));
    } else {
        assert_int_equal(a.u.i, b.u.i);
    }
}

static inline void world_same_chunk(const struct sw_chunk *a, const struct sw_chunk *b)
{
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->encoding, b->encoding);
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->scale, b->scale);
    assert_int_equal(a->base, b->base);
    assert_int_equal(a->dict_count, b->dict_count);
    assert_int_equal(a->held_bytes, b->held_bytes);
    assert_int_equal(a->zone.has_values, b->zone.has_values);
    assert_int_equal(a->zone.is_ascending, b->zone.is_ascending);
    assert_int_equal(a->zone.nulls, b->zone.nulls);
    assert_int_equal(a->zone.nans, b->zone.nans);
    assert_int_equal(a->zone.min_i, b->zone.min_i);
    assert_int_equal(a->zone.max_i, b->zone.max_i);
    assert_memory_equal(&a->zone.min_f, &b->zone.min_f, sizeof(double));
    assert_memory_equal(&a->zone.max_f, &b->zone.max_f, sizeof(double));
    assert_int_equal(test_look(a)->null_spelling == NULL, test_look(b)->null_spelling == NULL);
    assert_int_equal(test_look(a)->exceptions == NULL, test_look(b)->exceptions == NULL);
    for (uint32_t i = 0; i < a->rows; i++) {
        struct sw_span x = {0};
        struct sw_span y = {0};
        world_same_value(test_cell(a, i), test_cell(b, i));
        assert_true(a->null_spelling == NULL || a->null_spelling[i] == b->null_spelling[i]);
        assert_int_equal(sw_exceptions_find(test_look(a)->exceptions, i, &x),
                         sw_exceptions_find(test_look(b)->exceptions, i, &y));
        assert_true(sw_span_equal(x, y));
    }
}

static inline void world_same_version(const struct sw_version *a, const struct sw_version *b)
{
    assert_int_equal(a->number, b->number);
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->next_row_id, b->next_row_id);
    assert_int_equal(a->groups, b->groups);
    assert_int_equal(a->schema->columns, b->schema->columns);
    for (uint32_t i = 0; i < a->schema->columns; i++) {
        assert_string_equal(a->schema->column[i].name, b->schema->column[i].name);
        assert_int_equal(a->schema->column[i].type, b->schema->column[i].type);
        assert_int_equal(a->schema->column[i].id, b->schema->column[i].id);
    }
    for (uint32_t g = 0; g < a->groups; g++) {
        assert_int_equal(a->group[g]->first_row_id, b->group[g]->first_row_id);
        assert_int_equal(a->group[g]->row_ids == NULL, b->group[g]->row_ids == NULL);
        for (uint32_t i = 0; i < a->schema->columns; i++) {
            world_same_chunk(a->group[g]->chunk[i], b->group[g]->chunk[i]);
        }
        if (a->group[g]->row_ids != NULL) {
            world_same_chunk(a->group[g]->row_ids, b->group[g]->row_ids);
        }
    }
}

static inline void world_same_state(const struct sw_saved *a, const struct sw_saved *b)
{
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->tables, b->tables);
    assert_int_equal(a->facts, b->facts);
    for (uint32_t i = 0; i < a->facts; i++) {
        assert_true(sw_span_equal(a->fact[i].name, b->fact[i].name));
        assert_true(sw_span_equal(a->fact[i].value, b->fact[i].value));
    }
    for (uint32_t i = 0; i < a->tables; i++) {
        const struct sw_saved_table *x = &a->table[i];
        const struct sw_saved_table *y = &b->table[i];
        assert_int_equal(x->id, y->id);
        assert_true(sw_span_equal(x->name, y->name));
        assert_true(sw_span_equal(x->source, y->source));
        assert_true(sw_span_equal(x->facts, y->facts));
        assert_int_equal(x->version == NULL, y->version == NULL);
        if (x->version != NULL) {
            world_same_version(x->version, y->version);
        }
        assert_int_equal(x->steps, y->steps);
        assert_int_equal(x->done, y->done);
        for (uint32_t k = 0; k < x->steps; k++) {
            assert_true(sw_span_equal(x->step[k].what, y->step[k].what));
            assert_int_equal(x->step[k].rows, y->step[k].rows);
            assert_int_equal(x->step[k].number, y->step[k].number);
            assert_int_equal(x->step[k].wall_ms, y->step[k].wall_ms);
            assert_int_equal(x->step[k].made_us, y->step[k].made_us);
            world_same_version(x->step[k].before, y->step[k].before);
            world_same_version(x->step[k].after, y->step[k].after);
        }
    }
}

/* -- saving and restoring --------------------------------------------------------------------- */

/* Takes the state over. */
static inline sw_status world_try_save(struct sw_store *store, struct sw_saved *state,
                                       struct sw_err *err)
{
    struct sw_save *save;
    bool is_done = false;
    sw_status status = sw_save_new(store, state, &save, err);
    if (status != SW_OK) {
        return status;
    }
    while (status == SW_OK && !is_done) {
        status = sw_save_step_work(save, &is_done, err);
    }
    sw_save_free(save);
    return status;
}

static inline sw_status world_try_restore(struct sw_store *store, struct sw_budget *budget,
                                          struct sw_saved **state, struct sw_err *err)
{
    struct sw_restore *restore;
    bool is_done = false;
    sw_status status = sw_restore_new(store, budget, &restore, err);
    if (status != SW_OK) {
        return status;
    }
    while (status == SW_OK && !is_done) {
        status = sw_restore_step_work(restore, &is_done, err);
    }
    if (status == SW_OK) {
        *state = sw_restore_take(restore);
    }
    sw_restore_free(restore);
    return status;
}

static inline void world_save(struct sw_store *store, struct sw_saved *state)
{
    struct sw_err err = {0};
    if (world_try_save(store, state, &err) != SW_OK) {
        fail_msg("%s", err.message);
    }
}

static inline struct sw_saved *world_restore(struct sw_store *store)
{
    struct sw_saved *state = NULL;
    struct sw_err err = {0};
    if (world_try_restore(store, NULL, &state, &err) != SW_OK) {
        fail_msg("%s", err.message);
    }
    return state;
}

static inline struct sw_span world_keep(struct sw_saved *state, const char *text)
{
    const char *copy = sw_arena_text(&state->arena, sw_span_text(text));
    assert_non_null(copy);
    return sw_span_text(copy);
}

/* A deep enough copy: the same versions, the same texts. */
static inline struct sw_saved *world_copy_state(const struct sw_saved *from)
{
    struct sw_saved *state;
    assert_int_equal(sw_saved_new(from->tables, from->facts, &state), SW_OK);
    state->seq = from->seq;
    for (uint32_t i = 0; i < from->facts; i++) {
        char *value = sw_span_dup(from->fact[i].value);
        char *name = sw_span_dup(from->fact[i].name);
        state->fact[i].name = world_keep(state, name);
        state->fact[i].value = world_keep(state, value);
        free(name);
        free(value);
    }
    for (uint32_t i = 0; i < from->tables; i++) {
        const struct sw_saved_table *x = &from->table[i];
        struct sw_saved_table *y = &state->table[i];
        y->id = x->id;
        y->name = world_keep(state, x->name.data);
        y->source = world_keep(state, x->source.data);
        y->facts = world_keep(state, x->facts.data);
        y->version = x->version != NULL ? sw_version_ref(x->version) : NULL;
        y->step = sw_arena_array(&state->arena, x->steps + (size_t)1, sizeof(*y->step));
        assert_non_null(y->step);
        y->steps = x->steps;
        y->done = x->done;
        for (uint32_t k = 0; k < x->steps; k++) {
            y->step[k] = x->step[k];
            y->step[k].what = world_keep(state, x->step[k].what.data);
            sw_version_ref(x->step[k].before);
            sw_version_ref(x->step[k].after);
        }
    }
    return state;
}

/* One table with `edits` steps of history over random data. */
static inline struct sw_saved *world_state(struct test_random *random, uint32_t tables,
                                           uint32_t edits, uint32_t groups, uint32_t rows)
{
    struct sw_saved *state;
    assert_int_equal(sw_saved_new(tables, 2, &state), SW_OK);
    state->fact[0] =
        (struct sw_saved_fact){world_keep(state, "inputs"), world_keep(state, "{\"a\": 1}")};
    state->fact[1] = (struct sw_saved_fact){world_keep(state, "empty"), world_keep(state, "")};
    for (uint32_t i = 0; i < tables; i++) {
        struct world_table world;
        char text[64];
        struct sw_saved_table *table = &state->table[i];
        world_table_init(&world, random, 6 + (uint32_t)test_random_below(random, 6));
        snprintf(text, sizeof(text), "table %u", i);
        table->id = 100 + i;
        table->name = world_keep(state, text);
        table->source = world_keep(state, "CSV, comma, UTF-8");
        table->facts = world_keep(state, "{\"bad\": []}");
        table->version = world_version(&world, random, 1, groups, rows);
        table->step = sw_arena_array(&state->arena, edits + (size_t)1, sizeof(*table->step));
        for (uint32_t k = 0; k < edits; k++) {
            struct sw_version *after = world_edit(&world, random, table->version);
            snprintf(text, sizeof(text), "edit %u", k);
            table->step[k] = (struct sw_saved_step){
                .before = table->version,
                .after = sw_version_ref(after),
                .what = world_keep(state, text),
                .rows = k,
                .number = after->number,
                .wall_ms = 1000 + k,
                .made_us = -5 + (int64_t)k,
            };
            table->steps = k + 1;
            table->version = after;
        }
        table->done = edits / 2;
        world_table_fini(&world);
    }
    return state;
}

#endif
