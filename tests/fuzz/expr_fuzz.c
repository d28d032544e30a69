/* Any bytes as an expression: parse, compile against a table of every type, run over its rows as
 * values and as a condition.  Whatever comes out, nothing may crash, leak or run long. */
#include "expr/expr.h"
#include "support/fuzz.h"
#include "table/builder.h"

#include <math.h>
#include <stdlib.h>

#define COLUMNS 7
#define ROWS    70

static struct sw_version *version;
static struct sw_batch_cache *cache;

static struct sw_value value_at(enum sw_type type, uint32_t i)
{
    static const char *const texts[] = {"", "12", "a%b", "1.5e3x", "\xc3\xa4", "2024-02-29"};
    struct sw_value value = {.type = type, .is_null = i % 5 == 3};
    if (type == SW_TYPE_FLOAT) {
        value.u.f = i % 7 == 0 ? (double)NAN : i % 11 == 0 ? 1e308 : (double)i / 4 - 3;
    } else if (type == SW_TYPE_STRING) {
        value.u.s = sw_span_text(texts[i % 6]);
    } else if (type == SW_TYPE_BOOL) {
        value.u.i = i % 2;
    } else {
        value.u.i = i % 13 == 0 ? INT64_MAX : (int64_t)i * 1000 - 20000;
    }
    return value;
}

static void make_table(void)
{
    static const char *const names[COLUMNS] = {"b", "i", "f", "s", "u", "d", "t"};
    static const enum sw_type types[COLUMNS] = {SW_TYPE_BOOL,     SW_TYPE_INT,    SW_TYPE_FLOAT,
                                                SW_TYPE_STRING,   SW_TYPE_STRING, SW_TYPE_DATE,
                                                SW_TYPE_TIMESTAMP};
    struct sw_schema *schema;
    struct sw_chunk *chunk[COLUMNS];
    struct sw_rowgroup *group;
    struct sw_dict *dict;
    bool is_good = sw_schema_new(COLUMNS, names, types, &schema) == SW_OK &&
                   sw_dict_new(NULL, &dict, NULL) == SW_OK;
    for (uint32_t c = 0; is_good && c < COLUMNS; c++) {
        struct sw_builder *builder;
        is_good = sw_builder_new(types[c], c == 3 ? dict : NULL, NULL, &builder, NULL) == SW_OK;
        for (uint32_t i = 0; is_good && i < ROWS; i++) {
            struct sw_value value = value_at(types[c], i);
            is_good = sw_builder_value(builder, &value) == SW_OK;
        }
        is_good = is_good && sw_builder_seal(builder, &chunk[c], NULL) == SW_OK;
        sw_builder_free(builder);
    }
    is_good = is_good && sw_rowgroup_take(COLUMNS, chunk, 0, NULL, &group) == SW_OK &&
              sw_version_new(1, schema, 1, &group, ROWS, &version) == SW_OK &&
              sw_batch_cache_new(COLUMNS, &cache) == SW_OK;
    if (!is_good) {
        abort();
    }
    sw_rowgroup_unref(group);
    sw_schema_unref(schema);
    sw_dict_unref(dict);
}

/* $x is a number, $s a text, $l a list; others are unset. */
static const struct sw_json *input(void *context, struct sw_span name)
{
    static const struct sw_json items[] = {
        {.kind = SW_JSON_INT, .u.integer = 3},
        {.kind = SW_JSON_NULL},
        {.kind = SW_JSON_STRING, .u.text = {"a%b", 3}},
    };
    static const struct sw_json number = {.kind = SW_JSON_FLOAT, .u.number = 1.5};
    static const struct sw_json list = {.kind = SW_JSON_ARRAY, .u.list = {items, 3}};
    (void)context;
    if (name.length != 1) {
        return NULL;
    }
    return name.data[0] == 'x'   ? &number
           : name.data[0] == 's' ? &items[2]
           : name.data[0] == 'l' ? &list
                                 : NULL;
}

static void run(const struct sw_program *program)
{
    struct sw_expr_state *state;
    struct sw_batch batch;
    struct sw_expr_vector vector;
    uint64_t bits[SW_VECTOR_WORDS];
    if (sw_expr_state_new(program, &state) != SW_OK) {
        return;
    }
    sw_batch_at(&batch, cache, version, 0, 0);
    (void)sw_program_reach(program, version->group[0]);
    sw_expr_test(program, state, &batch, bits);
    sw_expr_eval(program, state, &batch, &vector);
    sw_expr_eval_as(program, state, &batch, SW_TYPE_STRING, &vector);
    (void)!sw_expr_state_status(state, NULL);
    sw_expr_state_free(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_err err;
    struct sw_expr *expr;
    struct sw_program *program;
    if (version == NULL) {
        make_table();
    }
    if (sw_expr_parse(sw_span_of((const char *)data, size), &expr, &err) != SW_OK) {
        return 0;
    }
    if (sw_expr_compile(expr, version->schema, input, NULL, &program, &err) == SW_OK) {
        run(program);
        sw_program_free(program);
    }
    sw_expr_free(expr);
    return 0;
}
