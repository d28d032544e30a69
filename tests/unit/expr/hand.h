/*
 * One small table for the tests of expressions by hand, some inputs, and the value of an expression
 * in its first row as text.
 */
#ifndef SW_TEST_EXPR_HAND_H
#define SW_TEST_EXPR_HAND_H

#include "expr/expr.h"
#include "support/test.h"
#include "table/builder.h"
#include "table/datetime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 8

static const char *const names[COLUMNS] = {"price", "qty", "name", "flag",
                                           "day",   "at",  "note", "Big Number"};
static const enum sw_type types[COLUMNS] = {SW_TYPE_FLOAT,  SW_TYPE_INT,  SW_TYPE_STRING,
                                            SW_TYPE_BOOL,   SW_TYPE_DATE, SW_TYPE_TIMESTAMP,
                                            SW_TYPE_STRING, SW_TYPE_INT};

struct fixture {
    struct sw_schema *schema;
    struct sw_version *version;
    struct sw_batch_cache *cache;
};

/* Row r: price 2.5 + r, qty 4 + r, name Fig / Date / NULL in turn, note always NULL. */
static inline struct sw_value value_at(uint32_t column, uint32_t row)
{
    struct sw_value value = {.type = types[column]};
    switch (column) {
    case 0:
        value.u.f = 2.5 + row;
        break;
    case 1:
        value.u.i = 4 + (int64_t)row;
        break;
    case 2:
        value.u.s = sw_span_text(row % 3 == 0 ? "Fig" : "Date");
        value.is_null = row % 3 == 2;
        break;
    case 3:
        value.u.i = row % 2 == 0;
        break;
    case 4:
        value.u.i = sw_days_from_civil(2024, 2, 29) + row;
        break;
    case 5:
        value.u.i = sw_days_from_civil(2024, 2, 29) * 86400000 + 45296789;
        break;
    case 6:
        value.is_null = true;
        value.u.s = sw_span_text("");
        break;
    default:
        value.u.i = INT64_MAX - row;
        break;
    }
    return value;
}

static inline void make_table(struct fixture *f, uint32_t rows)
{
    struct sw_chunk *chunk[COLUMNS];
    struct sw_rowgroup *group;
    struct sw_dict *dict;
    assert_int_equal(sw_schema_new(COLUMNS, names, types, &f->schema), SW_OK);
    assert_int_equal(sw_dict_new(NULL, &dict, NULL), SW_OK);
    for (uint32_t c = 0; c < COLUMNS; c++) {
        struct sw_builder *builder;
        assert_int_equal(sw_builder_new(types[c], c == 2 ? dict : NULL, NULL, &builder, NULL),
                         SW_OK);
        for (uint32_t r = 0; r < rows; r++) {
            struct sw_value value = value_at(c, r);
            assert_int_equal(sw_builder_value(builder, &value), SW_OK);
        }
        assert_int_equal(sw_builder_seal(builder, &chunk[c], NULL), SW_OK);
        sw_builder_free(builder);
    }
    assert_int_equal(sw_rowgroup_take(COLUMNS, chunk, 0, NULL, &group), SW_OK);
    assert_int_equal(sw_version_new(1, f->schema, 1, &group, rows, &f->version), SW_OK);
    assert_int_equal(sw_batch_cache_new(COLUMNS, &f->cache), SW_OK);
    sw_rowgroup_unref(group);
    sw_dict_unref(dict);
}

static inline void free_table(struct fixture *f)
{
    sw_batch_cache_free(f->cache);
    sw_version_unref(f->version);
    sw_schema_unref(f->schema);
}

/* Inputs of the tests: $low 3, $day a text, $list, $empty, $names; others are unset. */
static const struct sw_json list_items[] = {{.kind = SW_JSON_INT, .u.integer = 4},
                                            {.kind = SW_JSON_NULL},
                                            {.kind = SW_JSON_STRING, .u.text = {"Fig", 3}}};

static const struct sw_json *input(void *context, struct sw_span name)
{
    static const struct sw_json low = {.kind = SW_JSON_INT, .u.integer = 3};
    static const struct sw_json day = {.kind = SW_JSON_STRING, .u.text = {"2024-02-29", 10}};
    static const struct sw_json list = {.kind = SW_JSON_ARRAY, .u.list = {list_items, 3}};
    static const struct sw_json no_list = {.kind = SW_JSON_ARRAY, .u.list = {NULL, 0}};
    static const struct {
        const char *name;
        const struct sw_json *value;
    } inputs[] = {{"low", &low}, {"day", &day}, {"list", &list}, {"none", &no_list}};
    (void)context;
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        if (sw_span_equal(name, sw_span_text(inputs[i].name))) {
            return inputs[i].value;
        }
    }
    return NULL;
}

static inline sw_status compile(const struct fixture *f, const char *text,
                                struct sw_program **program, struct sw_err *err)
{
    struct sw_expr *expr;
    sw_status status = sw_expr_parse(sw_span_text(text), &expr, err);
    if (status == SW_OK) {
        status = sw_expr_compile(expr, f->schema, input, NULL, program, err);
        sw_expr_free(expr);
    }
    return status;
}

/* The first row's value as text: NULL, or as the type prints. */
static inline void value_of(const struct fixture *f, const char *text, char *into, size_t size)
{
    struct sw_err err;
    struct sw_program *program;
    struct sw_expr_state *state;
    struct sw_expr_vector vector;
    struct sw_batch batch;
    if (compile(f, text, &program, &err) != SW_OK) {
        snprintf(into, size, "%s", err.message);
        return;
    }
    assert_int_equal(sw_expr_state_new(program, &state), SW_OK);
    sw_batch_at(&batch, f->cache, f->version, 0, 0);
    sw_expr_eval(program, state, &batch, &vector);
    if (vector.misfits != NULL && (vector.misfits[0] & 1) != 0) {
        snprintf(into, size, "misfit");
    } else if (vector.valid != NULL && (vector.valid[0] & 1) == 0) {
        snprintf(into, size, "NULL");
    } else if (vector.type == SW_TYPE_FLOAT) {
        snprintf(into, size, "%.17g", vector.floats[0]);
    } else if (vector.type == SW_TYPE_STRING) {
        snprintf(into, size, "%.*s", (int)vector.texts[0].length, vector.texts[0].data);
    } else if (vector.type == SW_TYPE_DATE) {
        (void)sw_date_format(vector.ints[0], into);
    } else if (vector.type == SW_TYPE_TIMESTAMP) {
        (void)sw_timestamp_format(vector.ints[0], into);
    } else {
        snprintf(into, size, "%lld", (long long)vector.ints[0]);
    }
    sw_expr_state_free(state);
    sw_program_free(program);
}

#endif
