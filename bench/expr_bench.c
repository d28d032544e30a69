/*
 * expr_bench: nanoseconds per row of expressions, one thread, 2 million rows in memory as a fold
 * would read them: decoded column by column into vectors of 2,048. The first figure is the whole
 * way (decode, run, result), the second with the columns decoded already for another reader.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expr/expr.h"
#include "table/builder.h"

#define ROWS    2097152u
#define REPEATS 5
#define COLUMNS 6

struct work {
    const char *text;
    bool is_condition;
};

static const struct work works[] = {
    {"a + b", false},
    {"a * 1.1 + b", false},
    {"i + k", false},
    {"i * 2 + 1", false},
    {"case when (a*1.1+b)/(a+1.0) > 0.5 then a else 0 end", false},
    {"a > 0.5", true},
    {"i between 100 and 200", true},
    {"a > 0.5 and i < 500 or b < 0.1", true},
    {"cat = 'group7'", true},
    {"cat like '%7%'", true},
    {"cat in ('group1', 'group2', 'group3')", true},
    {"i in (1, 5, 7, 100, 900)", true},
    {"upper(cat)", false},
    {"round(a, 2)", false},
    {"sqrt(a)", false},
    {"ln(a)", false},
    {"coalesce(a, 0)", false},
    {"cast(a * 100 as int)", false},
    {"i % 7", false},
    {"date_trunc('month', d)", false},
    {"date_part('year', d)", false},
    {"id like '%99%'", true},
    {"substr(id, 1, 4) || '-'", false},
};

static struct sw_chunk *make_chunk(uint32_t column, enum sw_type type, struct sw_dict *dict,
                                   uint64_t *random)
{
    struct sw_builder *builder;
    struct sw_chunk *chunk;
    struct sw_err err;
    bench_need(sw_builder_new(type, dict, NULL, &builder, &err), &err, "builder");
    for (uint32_t row = 0; row < SW_CHUNK_ROWS; row++) {
        char text[32];
        *random = *random * 6364136223846793005u + 1442695040888963407u;
        uint64_t bits = *random >> 11;
        struct sw_value value = {.type = type};
        if (type == SW_TYPE_FLOAT) {
            value.u.f = (double)bits * 0x1p-53;
        } else if (type == SW_TYPE_STRING) {
            unsigned long number = (unsigned long)(bits % (dict != NULL ? 20 : 1000000));
            int length = snprintf(text, sizeof text, dict != NULL ? "group%lu" : "id%lu", number);
            value.u.s = sw_span_of(text, (size_t)length);
        } else {
            value.u.i = (int64_t)(bits % (column == 5 ? 20000 : 1000));
        }
        bench_need(sw_builder_value(builder, &value), NULL, "value");
    }
    bench_need(sw_builder_seal(builder, &chunk, &err), &err, "seal");
    sw_builder_free(builder);
    return chunk;
}

static struct sw_version *make_table(void)
{
    static const char *const names[] = {"a", "b", "i", "cat", "id", "d", "k"};
    static const enum sw_type types[] = {SW_TYPE_FLOAT,  SW_TYPE_FLOAT, SW_TYPE_INT, SW_TYPE_STRING,
                                         SW_TYPE_STRING, SW_TYPE_DATE,  SW_TYPE_INT};
    static struct sw_rowgroup *group[ROWS / SW_CHUNK_ROWS];
    enum { columns = sizeof types / sizeof types[0] };
    struct sw_schema *schema;
    struct sw_dict *dict;
    struct sw_version *version;
    uint64_t random = 1;
    bench_need(sw_schema_new(columns, names, types, &schema), NULL, "schema");
    bench_need(sw_dict_new(NULL, &dict, NULL), NULL, "dictionary");
    for (uint32_t k = 0; k < ROWS / SW_CHUNK_ROWS; k++) {
        struct sw_chunk *chunk[columns];
        for (uint32_t c = 0; c < columns; c++) {
            chunk[c] = make_chunk(c, types[c], c == 3 ? dict : NULL, &random);
        }
        bench_need(sw_rowgroup_take(columns, chunk, (uint64_t)k * SW_CHUNK_ROWS, NULL, &group[k]),
                   NULL, "row group");
    }
    bench_need(sw_version_new(1, schema, ROWS / SW_CHUNK_ROWS, group, ROWS, &version), NULL,
               "version");
    sw_dict_unref(dict);
    sw_schema_unref(schema);
    return version;
}

static volatile uint64_t sink;

/* One pass; with `is_warm` every vector is run twice and only the second time counts. */
static double pass(const struct sw_version *version, const struct sw_program *program,
                   struct sw_expr_state *state, struct sw_batch_cache *cache,
                   const struct work *work, bool is_warm)
{
    struct sw_batch batch;
    struct sw_expr_vector vector;
    uint64_t bits[SW_VECTOR_ROWS / 64];
    double seconds = 0;
    for (uint32_t k = 0; k < version->groups; k++) {
        for (uint32_t start = 0; start < version->group[k]->rows; start += SW_VECTOR_ROWS) {
            sw_batch_at(&batch, cache, version, k, start);
            for (int turn = is_warm ? 0 : 1; turn < 2; turn++) {
                double begin = bench_cpu_seconds();
                if (work->is_condition) {
                    sw_expr_test(program, state, &batch, bits);
                    sink += bits[0];
                } else {
                    sw_expr_eval(program, state, &batch, &vector);
                    sink += vector.ints != NULL || vector.floats != NULL;
                }
                seconds += turn == 1 ? bench_cpu_seconds() - begin : 0;
            }
        }
    }
    return seconds;
}

static double best_of(const struct sw_version *version, const struct work *work, bool is_warm)
{
    struct sw_err err;
    struct sw_expr *expr;
    struct sw_program *program;
    struct sw_expr_state *state;
    struct sw_batch_cache *cache;
    double best = 1e9;
    bench_need(sw_expr_parse(sw_span_text(work->text), &expr, &err), &err, work->text);
    bench_need(sw_expr_compile(expr, version->schema, NULL, NULL, &program, &err), &err,
               work->text);
    bench_need(sw_expr_state_new(program, &state), NULL, "state");
    bench_need(sw_batch_cache_new(version->schema->columns, &cache), NULL, "cache");
    for (int i = 0; i < REPEATS; i++) {
        double seconds = pass(version, program, state, cache, work, is_warm);
        best = seconds < best ? seconds : best;
    }
    sw_batch_cache_free(cache);
    sw_expr_state_free(state);
    sw_program_free(program);
    sw_expr_free(expr);
    return best / ROWS * 1e9;
}

int main(void)
{
    struct sw_version *version = make_table();
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        double decoded = best_of(version, &works[i], true);
        bench_report(works[i].text, "ns/row", best_of(version, &works[i], false), decoded,
                     "the same, columns decoded already");
    }
    sw_version_unref(version);
    return 0;
}
