/* See measure.h: the plan's half. */
#include "fold/measure_priv.h"

#include <math.h>
#include <stdlib.h>

#include "base/params.h"

static const char *const fn_names[] = {
    [SW_MEASURE_COUNT] = "count",   [SW_MEASURE_SUM] = "sum",
    [SW_MEASURE_MEAN] = "mean",     [SW_MEASURE_MIN] = "min",
    [SW_MEASURE_MAX] = "max",       [SW_MEASURE_STDDEV] = "stddev",
    [SW_MEASURE_MEDIAN] = "median", [SW_MEASURE_DISTINCT] = "distinct",
};
#define FNS (sizeof(fn_names) / sizeof(fn_names[0]))

static sw_status read_fn(struct sw_span name, const char *what, enum sw_measure_fn *fn,
                         struct sw_err *err)
{
    for (unsigned i = 0; i < FNS; i++) {
        if (sw_span_equal(name, sw_span_text(fn_names[i]))) {
            *fn = (enum sw_measure_fn)i;
            return SW_OK;
        }
    }
    return sw_fail(err, SW_PARAMS,
                   "%s: a measure's `fn` must be one of count, sum, mean, min, max, stddev, "
                   "median, distinct.",
                   what);
}

/* -- inputs ----------------------------------------------------------------------- */

static sw_status compile_input(struct sw_span text, const struct sw_fold_env *env,
                               struct sw_measure *measure, struct sw_err *err)
{
    struct sw_expr *expr;
    SW_TRY(sw_expr_parse(text, &expr, err));
    sw_status status = sw_expr_compile(expr, env->version->schema, env->input, env->context,
                                       &measure->program, err);
    sw_expr_free(expr);
    if (status == SW_OK) {
        measure->type = sw_program_type(measure->program);
    }
    return status;
}

static sw_status check_type(const struct sw_measure *measure, const char *what,
                            const struct sw_schema *schema, struct sw_err *err)
{
    bool is_time = measure->type == SW_TYPE_DATE || measure->type == SW_TYPE_TIMESTAMP;
    bool is_text = measure->type == SW_TYPE_STRING;
    bool is_fine = true;
    switch (measure->fn) {
    case SW_MEASURE_COUNT:
    case SW_MEASURE_MIN:
    case SW_MEASURE_MAX:
    case SW_MEASURE_DISTINCT:
        break;
    case SW_MEASURE_SUM:
    case SW_MEASURE_STDDEV:
        is_fine = !is_text && !is_time;
        break;
    case SW_MEASURE_MEAN:
    case SW_MEASURE_MEDIAN:
        is_fine = !is_text;
        break;
    }
    if (is_fine) {
        return SW_OK;
    }
    const char *input =
        measure->program != NULL ? "the expression" : schema->column[measure->column].name;
    return sw_fail(err, SW_TYPE, "%s: %s needs numbers, and %s is of type %s.", what,
                   fn_names[measure->fn], input, sw_type_name(measure->type));
}

static double largest_of(const struct sw_measures *measures, const struct sw_measure *measure)
{
    if (measure->program != NULL) {
        return 0; /* not known */
    }
    struct sw_column_zone zone = sw_version_zone(measures->version, measure->column);
    double largest = fabs(zone.min_f) > fabs(zone.max_f) ? fabs(zone.min_f) : fabs(zone.max_f);
    return largest > 0 ? largest : 1;
}

static void plan_sums(const struct sw_measures *measures, struct sw_measure *measure)
{
    double largest = largest_of(measures, measure);
    measure->power = 1;
    measure->cut[0] = sw_exact_cut_for(largest);
    if (measure->fn != SW_MEASURE_STDDEV || !measure->cut[0].is_usable) {
        return;
    }
    /* Scaled by 2^-e all are below 1, squares too, and the error of a square below 2^-53. */
    measure->power = ldexp(1, -measure->cut[0].exponent);
    measure->cut[0] = sw_exact_cut_for(0.5);
    measure->cut[1] = sw_exact_cut_for(0.5);
    measure->cut[2] = sw_exact_cut_for(0x1p-54);
}

/* Values of a column have a known range to be counted in. */
static sw_status plan_ranks(const struct sw_measures *measures, struct sw_measure *measure,
                            const double *q, uint32_t count)
{
    SW_TRY(sw_ranks_new(q, count, &measure->ranks));
    struct sw_column_zone zone = {.has_values = false};
    if (measure->program == NULL) {
        zone = sw_version_zone(measures->version, measure->column);
    }
    if (zone.has_values) {
        sw_ranks_expect(measure->ranks, zone.min_f, zone.max_f, sw_type_is_integral(measure->type));
    }
    return SW_OK;
}

static sw_status plan_measure(struct sw_measures *measures, struct sw_measure *measure,
                              const char *what, struct sw_err *err)
{
    static const double half = 0.5;
    SW_TRY(check_type(measure, what, measures->version->schema, err));
    switch (measure->fn) {
    case SW_MEASURE_SUM:
    case SW_MEASURE_MEAN:
    case SW_MEASURE_STDDEV:
        plan_sums(measures, measure);
        return SW_OK;
    case SW_MEASURE_MEDIAN:
        return plan_ranks(measures, measure, &half, 1);
    case SW_MEASURE_COUNT:
    case SW_MEASURE_MIN:
    case SW_MEASURE_MAX:
    case SW_MEASURE_DISTINCT:
        break;
    }
    return SW_OK;
}

/* -- parsing ------------------------------------------------------------------------ */

static sw_status parse_measure(const struct sw_json *json, const char *what,
                               const struct sw_fold_env *env, struct sw_measures *measures,
                               struct sw_err *err)
{
    struct sw_span fn = {NULL, 0};
    struct sw_span column = {NULL, 0};
    struct sw_span expr = {NULL, 0};
    const struct sw_param params[] = {
        {.name = "fn", .kind = SW_PARAM_NAME, .is_required = true, .into = &fn},
        {.name = "column", .kind = SW_PARAM_NAME, .into = &column},
        {.name = "expr", .kind = SW_PARAM_TEXT, .into = &expr},
    };
    struct sw_measure *measure = &measures->measure[measures->count];
    SW_TRY(sw_params_read(json, what, params, 3, NULL, err));
    SW_TRY(read_fn(fn, what, &measure->fn, err));
    if (column.data != NULL && expr.data != NULL) {
        return sw_fail(err, SW_PARAMS, "%s: a measure takes `column` or `expr`, not both.", what);
    }
    measure->has_input = column.data != NULL || expr.data != NULL;
    measures->count++; /* from here on sw_measures_free sees it */
    if (!measure->has_input && measure->fn == SW_MEASURE_COUNT) {
        return SW_OK;
    }
    if (!measure->has_input) {
        return sw_fail(err, SW_PARAMS, "%s: %s needs a `column` or an `expr`.", what,
                       fn_names[measure->fn]);
    }
    if (expr.data != NULL) {
        SW_TRY(compile_input(expr, env, measure, err));
    } else {
        SW_TRY(sw_schema_need(env->version->schema, column, &measure->column, err));
        measure->type = env->version->schema->column[measure->column].type;
    }
    return plan_measure(measures, measure, what, err);
}

static sw_status new_measures(size_t count, const struct sw_fold_env *env,
                              struct sw_measures **measures)
{
    struct sw_measures *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    sw_arena_init(&made->arena);
    made->version = env->version;
    made->rows_from = -1;
    made->measure = sw_arena_array(&made->arena, count + 1, sizeof(*made->measure));
    if (made->measure == NULL) {
        sw_measures_free(made);
        return SW_NO_MEMORY;
    }
    *measures = made;
    return SW_OK;
}

static sw_status parse_items(const struct sw_json *items, size_t count, const char *what,
                             const struct sw_fold_env *env, struct sw_measures *measures,
                             struct sw_err *err)
{
    for (size_t i = 0; i < count; i++) {
        struct sw_span name = items[i].key;
        if (name.length == 0 || name.length > SW_NAME_BYTES_MAX) {
            return sw_fail(err, SW_PARAMS, "%s: a measure's name has 1 to 255 bytes.", what);
        }
        measures->measure[i].name = sw_arena_text(&measures->arena, name);
        if (measures->measure[i].name == NULL) {
            return SW_NO_MEMORY;
        }
        SW_TRY(parse_measure(&items[i], what, env, measures, err));
    }
    return SW_OK;
}

/* A sum of a column without nulls, or else a count of rows, which is then counted. */
static void find_rows(struct sw_measures *measures)
{
    for (uint32_t i = 0; i < measures->count; i++) {
        const struct sw_measure *measure = &measures->measure[i];
        enum sw_cell_kind kind = sw_measure_kind(measure);
        if (measure->has_input && measure->program == NULL &&
            (kind == SW_CELL_FLOAT || kind == SW_CELL_INT) &&
            sw_version_zone(measures->version, measure->column).nulls == 0) {
            measures->rows_from = (int32_t)i;
            return;
        }
        if (sw_measure_is_row_count(measure) && measures->rows_from < 0) {
            measures->rows_from = (int32_t)i;
        }
    }
}

sw_status sw_measures_parse(const struct sw_json *json, const char *what,
                            const struct sw_fold_env *env, struct sw_measures **measures,
                            struct sw_err *err)
{
    if (json == NULL || json->kind != SW_JSON_OBJECT || json->u.list.count == 0) {
        return sw_fail(err, SW_PARAMS,
                       "%s needs `measures`: an object like {\"n\": {\"fn\": \"count\"}}.", what);
    }
    if (json->u.list.count > SW_MEASURES_MAX) {
        return sw_fail_limit(err, "measures", (int64_t)json->u.list.count, SW_MEASURES_MAX,
                             "Define a second output for the rest.");
    }
    struct sw_measures *made;
    SW_TRY(new_measures(json->u.list.count, env, &made));
    sw_status status = parse_items(json->u.list.items, json->u.list.count, what, env, made, err);
    if (status != SW_OK) {
        sw_measures_free(made);
        return status;
    }
    find_rows(made);
    *measures = made;
    return SW_OK;
}

sw_status sw_measures_parse_one(const struct sw_json *json, const char *what,
                                const struct sw_fold_env *env, struct sw_measures **measures,
                                struct sw_err *err)
{
    struct sw_measures *made;
    SW_TRY(new_measures(1, env, &made));
    made->measure[0].name = sw_arena_text(&made->arena, sw_span_text("value"));
    sw_status status =
        made->measure[0].name == NULL ? SW_NO_MEMORY : parse_measure(json, what, env, made, err);
    if (status != SW_OK) {
        sw_measures_free(made);
        return status;
    }
    *measures = made;
    return SW_OK;
}

sw_status sw_measures_quantiles(uint32_t column, const double *q, uint32_t count,
                                const struct sw_fold_env *env, struct sw_measures **measures,
                                struct sw_err *err)
{
    struct sw_measures *made;
    SW_TRY(new_measures(1, env, &made));
    struct sw_measure *measure = &made->measure[0];
    *measure = (struct sw_measure){.fn = SW_MEASURE_MEDIAN,
                                   .has_input = true,
                                   .column = column,
                                   .type = env->version->schema->column[column].type};
    made->count = 1;
    sw_status status = check_type(measure, "quantiles", env->version->schema, err);
    if (status == SW_OK) {
        status = plan_ranks(made, measure, q, count);
    }
    if (status != SW_OK) {
        sw_measures_free(made);
        return status;
    }
    *measures = made;
    return SW_OK;
}

void sw_measures_free(struct sw_measures *measures)
{
    if (measures == NULL) {
        return;
    }
    for (uint32_t i = 0; i < measures->count; i++) {
        if (measures->measure[i].program != NULL) {
            sw_program_free(measures->measure[i].program);
        }
        sw_ranks_free(measures->measure[i].ranks);
    }
    sw_arena_fini(&measures->arena);
    free(measures);
}

static void cut_needs(const struct sw_exact_cut *cut, struct sw_fold_needs *needs)
{
    sw_identity_add(&needs->identity, cut->is_usable ? (uint64_t)cut->exponent : UINT64_MAX);
}

void sw_measures_needs(const struct sw_measures *measures, struct sw_fold_needs *needs)
{
    for (uint32_t i = 0; i < measures->count; i++) {
        const struct sw_measure *measure = &measures->measure[i];
        const uint32_t *columns = &measure->column;
        size_t count = measure->has_input ? 1 : 0;
        if (measure->program != NULL) {
            count = sw_program_columns(measure->program, &columns);
        }
        for (size_t k = 0; k < count; k++) {
            sw_fold_reads(needs, columns[k]);
        }
        for (unsigned k = 0; k < 3; k++) {
            cut_needs(&measure->cut[k], needs);
        }
        sw_identity_add(&needs->identity, sw_exact_bits(measure->power));
        sw_identity_add(&needs->identity, (uint64_t)(measures->rows_from + 1));
        if (measure->fn == SW_MEASURE_DISTINCT && measure->program == NULL) {
            sw_keys_identify(measures->version, &measure->column, 1, &needs->identity);
        }
    }
}

void sw_measures_expect(struct sw_measures *measures, uint64_t groups)
{
    for (uint32_t i = 0; measures != NULL && i < measures->count; i++) {
        if (measures->measure[i].ranks != NULL && groups > SW_RANKS_GROUPS) {
            sw_ranks_expect_many(measures->measure[i].ranks);
        }
    }
}

bool sw_measures_has_rounds(const struct sw_measures *measures)
{
    for (uint32_t i = 0; measures != NULL && i < measures->count; i++) {
        if (measures->measure[i].ranks != NULL) {
            return true;
        }
    }
    return false;
}
