/*
 * edit_bench: what an edit costs, one thread, 10 million rows in memory (or as many as the first
 * argument says): price (two decimals), category (four strings), x, y, station (10,000 strings).
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edit/edit.h"
#include "edit/formula.h"
#include "table/builder.h"

#define REPEATS 5

enum { PRICE, CATEGORY, X, Y, STATION, COLUMNS };

static const char *const names[COLUMNS] = {"price", "category", "x", "y", "station"};
static const enum sw_type types[COLUMNS] = {SW_TYPE_FLOAT, SW_TYPE_STRING, SW_TYPE_INT,
                                            SW_TYPE_FLOAT, SW_TYPE_STRING};

static uint64_t next_bits(uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return *random >> 11;
}

static struct sw_value random_value(int column, uint64_t bits, char *text)
{
    static const char *const categories[] = {"apples", "oranges", "figs", "pineapples", "plums"};
    struct sw_value value = {.type = types[column]};
    switch (column) {
    case PRICE:
        value.u.f = (double)(bits % 10000) / 100;
        break;
    case CATEGORY:
        value.u.s = sw_span_text(categories[bits % 5]);
        break;
    case X:
        value.u.i = (int64_t)(bits % 100000);
        break;
    case Y:
        value.u.f = (double)bits * 0x1p-53;
        break;
    default:
        value.u.s =
            sw_span_of(text, (size_t)snprintf(text, 32, "station-%04u", (unsigned)(bits % 10000)));
        break;
    }
    return value;
}

static struct sw_version *make_table(uint64_t rows)
{
    uint32_t groups = (uint32_t)((rows + SW_CHUNK_ROWS - 1) / SW_CHUNK_ROWS);
    struct sw_rowgroup **group = calloc(groups, sizeof(struct sw_rowgroup *));
    struct sw_builder *builder[COLUMNS];
    struct sw_schema *schema;
    struct sw_version *version;
    uint64_t random = 1;
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
        uint64_t left = rows - (uint64_t)k * SW_CHUNK_ROWS;
        uint32_t n = left < SW_CHUNK_ROWS ? (uint32_t)left : SW_CHUNK_ROWS;
        for (int c = 0; c < COLUMNS; c++) {
            for (uint32_t row = 0; row < n; row++) {
                char text[32];
                struct sw_value value = random_value(c, next_bits(&random), text);
                bench_need(sw_builder_value(builder[c], &value), NULL, "value");
            }
            bench_need(sw_builder_seal(builder[c], &chunk[c], NULL), NULL, "seal");
        }
        bench_need(sw_rowgroup_take(COLUMNS, chunk, (uint64_t)k * SW_CHUNK_ROWS, NULL, &group[k]),
                   NULL, "row group");
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

/* Seconds of the edit, best of some; *rows: how many it changed. */
static double edit_seconds(struct sw_version *version, const char *method,
                           const struct sw_json *params, uint64_t *rows)
{
    double best = 1e9;
    for (int i = 0; i < REPEATS; i++) {
        struct sw_edit_plan *plan;
        struct sw_edit *edit;
        struct sw_edit_result result;
        struct sw_err err;
        double begin = bench_cpu_seconds();
        bench_need(sw_edit_plan_new(sw_span_text(method), params, NULL, NULL, NULL, &plan, &err),
                   &err, method);
        bench_need(sw_edit_new(plan, version, NULL, &edit, &err), &err, method);
        while (sw_edit_step_work(edit, 0)) {
        }
        bench_need(sw_edit_result(edit, &result, &err), &err, method);
        double seconds = bench_cpu_seconds() - begin;
        best = seconds < best ? seconds : best;
        *rows = result.rows;
        sw_edit_free(edit);
        sw_edit_plan_free(plan);
    }
    return best;
}

/* Milliseconds of the edit as it stands in JSON. */
static void report_ms(struct sw_version *version, const char *what, const char *method,
                      const char *params)
{
    struct sw_arena arena;
    uint64_t rows;
    sw_arena_init(&arena);
    double seconds = edit_seconds(version, method, bench_json(&arena, params), &rows);
    bench_report(what, "ms", seconds * 1e3, 0, "");
    sw_arena_fini(&arena);
}

static void report_row_ns(struct sw_version *version, const char *what, const char *method,
                          const char *params)
{
    struct sw_arena arena;
    uint64_t rows;
    sw_arena_init(&arena);
    double seconds = edit_seconds(version, method, bench_json(&arena, params), &rows);
    bench_report(what, "ns/row of the table", seconds * 1e9 / (double)version->rows, 0, "");
    sw_arena_fini(&arena);
}

static void report_append(struct sw_version *version, unsigned rows)
{
    struct sw_buf text;
    struct sw_arena arena;
    uint64_t random = 7;
    uint64_t appended;
    sw_buf_init(&text);
    sw_buf_put_text(&text, "{\"columns\":{\"price\":[");
    for (unsigned i = 0; i < rows; i++) {
        sw_buf_printf(&text, "%s%u.25", i == 0 ? "" : ",", (unsigned)(next_bits(&random) % 100));
    }
    sw_buf_put_text(&text, "],\"x\":[");
    for (unsigned i = 0; i < rows; i++) {
        sw_buf_printf(&text, "%s%u", i == 0 ? "" : ",", (unsigned)(next_bits(&random) % 100));
    }
    sw_buf_put_text(&text, "],\"station\":[");
    for (unsigned i = 0; i < rows; i++) {
        sw_buf_printf(&text, "%s\"station-%04u\"", i == 0 ? "" : ",",
                      (unsigned)(next_bits(&random) % 10000));
    }
    sw_buf_put_text(&text, "]}}");
    sw_buf_put_byte(&text, '\0');
    sw_arena_init(&arena);
    double seconds =
        edit_seconds(version, "table.append", bench_json(&arena, text.data), &appended);
    char what[64];
    (void)snprintf(what, sizeof what, "append %u rows", rows);
    bench_report(what, "ms", seconds * 1e3, 0, "");
    sw_arena_fini(&arena);
    sw_buf_fini(&text);
}

/* -- formulas -------------------------------------------------------------------------- */

static struct sw_json tax = {.kind = SW_JSON_FLOAT, .u.number = 0.25};

static const struct sw_json *tax_input(void *context, struct sw_span name)
{
    (void)context;
    (void)name;
    return &tax;
}

static struct sw_version *edited(struct sw_version *version, const char *method, const char *params)
{
    struct sw_arena arena;
    struct sw_edit_plan *plan;
    struct sw_edit *edit;
    struct sw_edit_result result;
    struct sw_err err;
    sw_arena_init(&arena);
    bench_need(sw_edit_plan_new(sw_span_text(method), bench_json(&arena, params), NULL, tax_input,
                                NULL, &plan, &err),
               &err, method);
    bench_need(sw_edit_new(plan, version, NULL, &edit, &err), &err, method);
    while (sw_edit_step_work(edit, 0)) {
    }
    bench_need(sw_edit_result(edit, &result, &err), &err, method);
    struct sw_version *after = sw_version_ref(result.version);
    sw_edit_free(edit);
    sw_edit_plan_free(plan);
    sw_arena_fini(&arena);
    return after;
}

/* Seconds to make the last column, a formula, readable. */
static double read_seconds(struct sw_version *version)
{
    struct sw_realise_plan *plan;
    struct sw_realise_state *state;
    struct sw_err err;
    uint8_t set[COLUMNS + 1] = {[COLUMNS] = 1};
    double begin = bench_cpu_seconds();
    bench_need(sw_realise_plan_new(version->schema, set, &plan, &err), &err, "formula");
    bench_need(sw_realise_state_new(plan, NULL, &state, &err), &err, "formula");
    for (uint32_t i = 0; i < version->groups; i++) {
        bench_need(sw_realise_group(state, version, i, &err), &err, "formula");
    }
    sw_realise_state_free(state);
    sw_realise_plan_free(plan);
    return bench_cpu_seconds() - begin;
}

static void report_formula(struct sw_version *version, const char *name, const char *expr)
{
    char what[80];
    char params[160];
    struct sw_rebound rebound;
    double begin = bench_cpu_seconds();
    (void)snprintf(params, sizeof params, "{\"name\":\"formula\",\"expr\":\"%s\"}", expr);
    struct sw_version *added = edited(version, "table.add_column", params);
    (void)snprintf(what, sizeof what, "formula %s: added", name);
    bench_report(what, "ms", (bench_cpu_seconds() - begin) * 1e3, 0, "");
    (void)snprintf(what, sizeof what, "formula %s: first read", name);
    bench_report(what, "ns/row", read_seconds(added) * 1e9 / (double)version->rows, 0, "");
    struct sw_version *after =
        edited(added, "table.update",
               "{\"row_ids\":[5000],\"set\":{\"price\":1.5,\"category\":\"figs\"}}");
    (void)snprintf(what, sizeof what, "formula %s: read after a row's edit", name);
    bench_report(what, "ms", read_seconds(after) * 1e3, 0, "");
    tax.u.number += 0.25;
    begin = bench_cpu_seconds();
    bench_need(sw_formula_rebind(after, 3, tax_input, NULL, &rebound, NULL), NULL, "inputs");
    if (rebound.version != NULL) {
        (void)snprintf(what, sizeof what, "formula %s: an input is set", name);
        bench_report(what, "ms", (bench_cpu_seconds() - begin) * 1e3, 0, "");
        (void)snprintf(what, sizeof what, "formula %s: read after that", name);
        bench_report(what, "ns/row", read_seconds(rebound.version) * 1e9 / (double)version->rows, 0,
                     "");
    }
    free(rebound.set);
    sw_version_unref(rebound.version);
    sw_version_unref(after);
    sw_version_unref(added);
}

int main(int argc, char **argv)
{
    uint64_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 0; /* a file's name is passed over */
    rows = rows == 0 ? 10000000u : rows;
    struct sw_version *version = make_table(rows);
    report_ms(version, "one cell, price", "table.update",
              "{\"row_ids\":[5000],\"set\":{\"price\":1.5}}");
    report_ms(version, "one cell, x", "table.update", "{\"row_ids\":[5000],\"set\":{\"x\":15}}");
    report_ms(version, "one cell, category", "table.update",
              "{\"row_ids\":[5000],\"set\":{\"category\":\"figs\"}}");
    report_ms(version, "one row of five cells", "table.update",
              "{\"row_ids\":[5000],\"set\":{\"price\":1,\"category\":\"figs\",\"x\":1,\"y\":2,"
              "\"station\":\"station-0001\"}}");
    report_row_ns(
        version, "price * 1.1 where figs (20 %)", "table.update",
        "{\"where\":\"category = 'figs'\",\"set\":{\"price\":{\"expr\":\"price * 1.1\"}}}");
    report_row_ns(version, "category = 'figs' where x < 20000 (20 %)", "table.update",
                  "{\"where\":\"x < 20000\",\"set\":{\"category\":\"figs\"}}");
    report_row_ns(version, "station = upper(station), all", "table.update",
                  "{\"set\":{\"station\":{\"expr\":\"upper(station)\"}}}");
    report_row_ns(version, "add column price * x, frozen", "table.add_column",
                  "{\"name\":\"total\",\"expr\":\"price * x\",\"frozen\":true}");
    report_row_ns(version, "delete 20 %", "table.delete_rows", "{\"where\":\"category = 'figs'\"}");
    report_row_ns(version, "cast x to float", "table.cast_column",
                  "{\"column\":\"x\",\"type\":\"float\"}");
    report_ms(version, "rename a column", "table.rename_column",
              "{\"from\":\"x\",\"to\":\"amount\"}");
    report_append(version, 1);
    report_append(version, 10000);
    report_formula(version, "price * x", "price * x");
    report_formula(version, "price * (1 + $tax)", "price * (1 + $tax)");
    report_formula(version, "category || '/' || station", "category || '/' || station");
    sw_version_unref(version);
    return 0;
}
