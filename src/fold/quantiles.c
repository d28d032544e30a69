/* Kind "quantiles"; see kinds.h. */
#include <math.h>
#include <stdlib.h>

#include "base/params.h"
#include "fold/grouped.h"
#include "fold/kinds.h"

struct quantiles {
    struct sw_grouped grouped;
    enum sw_type type;
    uint32_t count;
    double q[SW_QUANTILES_MAX];
};

static void plan_free(void *plan)
{
    struct quantiles *quantiles = plan;
    if (quantiles != NULL) {
        sw_grouped_fini(&quantiles->grouped);
        free(quantiles);
    }
}

static sw_status read_q(struct quantiles *quantiles, const struct sw_json *q, struct sw_err *err)
{
    if (q == NULL || q->u.list.count == 0 || q->u.list.count > SW_QUANTILES_MAX) {
        return sw_fail(err, SW_PARAMS, "quantiles: `q` holds 1 to %u numbers.", SW_QUANTILES_MAX);
    }
    for (size_t i = 0; i < q->u.list.count; i++) {
        double value;
        if (!sw_json_get_float(&q->u.list.items[i], &value) || !(value >= 0 && value <= 1)) {
            return sw_fail(err, SW_PARAMS, "quantiles: each `q` is a number from 0 to 1.");
        }
        quantiles->q[quantiles->count++] = value;
    }
    return SW_OK;
}

static sw_status read_params(struct quantiles *quantiles, const struct sw_json *params,
                             const struct sw_fold_env *env, struct sw_err *err)
{
    struct sw_span column = {NULL, 0};
    const struct sw_json *q = NULL;
    const struct sw_json *by = NULL;
    uint32_t index;
    const struct sw_param list[] = {
        {.name = "column", .kind = SW_PARAM_NAME, .is_required = true, .into = &column},
        {.name = "q", .kind = SW_PARAM_ARRAY, .is_required = true, .into = &q},
        {.name = "by", .kind = SW_PARAM_ANY, .into = &by},
    };
    SW_TRY(sw_params_read(params, "quantiles", list, 3, sw_fold_common_params, err));
    SW_TRY(read_q(quantiles, q, err));
    SW_TRY(sw_grouped_columns(&quantiles->grouped, by, "quantiles", err));
    SW_TRY(sw_schema_need(env->version->schema, column, &index, err));
    quantiles->type = env->version->schema->column[index].type;
    return sw_measures_quantiles(index, quantiles->q, quantiles->count, env,
                                 &quantiles->grouped.measures, err);
}

static sw_status plan(const struct sw_json *params, const struct sw_fold_env *env, void **into,
                      struct sw_err *err)
{
    struct quantiles *quantiles = calloc(1, sizeof(*quantiles));
    if (quantiles == NULL) {
        return SW_NO_MEMORY;
    }
    quantiles->grouped.version = env->version;
    sw_status status = read_params(quantiles, params, env, err);
    if (status != SW_OK) {
        plan_free(quantiles);
        return status;
    }
    sw_grouped_ready(&quantiles->grouped);
    *into = quantiles;
    return SW_OK;
}

static sw_status init(const void *plan_, void **state)
{
    return sw_grouped_init(&((const struct quantiles *)plan_)->grouped,
                           (struct sw_grouped_state **)state);
}

static void state_free(void *state)
{
    sw_grouped_free(state);
}

static void fold(const void *plan_, void *state, struct sw_batch *batch)
{
    sw_grouped_fold(&((const struct quantiles *)plan_)->grouped, state, batch);
}

static sw_status merge(const void *plan_, void *into, const void *from, uint32_t group)
{
    (void)group;
    return sw_grouped_merge(&((const struct quantiles *)plan_)->grouped, into, from);
}

static int compare_keys(const void *a, const void *b, void *keys)
{
    return sw_keys_compare(keys, *(const uint32_t *)a, *(const uint32_t *)b);
}

/* value[group * q + i]; null where a group has none. */
static sw_status put_values(const struct quantiles *quantiles, const uint32_t *key, uint32_t groups,
                            struct sw_series *series, size_t panel)
{
    const struct sw_ranks *ranks = quantiles->grouped.measures->measure[0].ranks;
    bool is_time = quantiles->type == SW_TYPE_DATE || quantiles->type == SW_TYPE_TIMESTAMP;
    size_t n = (size_t)groups * quantiles->count;
    struct sw_value *values = calloc(n + 1, sizeof(*values));
    if (values == NULL) {
        return SW_NO_MEMORY;
    }
    enum sw_type type = is_time ? SW_TYPE_TIMESTAMP : SW_TYPE_FLOAT;
    for (size_t i = 0; i < n; i++) {
        double value = 0;
        values[i].type = type;
        values[i].is_null = !sw_ranks_value(ranks, key[i / quantiles->count],
                                            (uint32_t)(i % quantiles->count), &value);
        if (is_time) {
            values[i].u.i = (int64_t)rint(value * sw_axis_unit(quantiles->type));
        } else {
            values[i].u.f = value;
        }
    }
    sw_status status = sw_series_values(series, panel, NULL, "value", type, values, n);
    if (status == SW_OK && is_time) {
        sw_series_mark_axis(series, panel);
    }
    free(values);
    return status;
}

static sw_status finish(void *plan_, void *state, struct sw_series *series, size_t panel,
                        struct sw_err *err)
{
    struct quantiles *quantiles = plan_;
    const struct sw_grouped_state *result;
    SW_TRY(sw_grouped_round(&quantiles->grouped, state, &result, err));
    bool has_keys = quantiles->grouped.columns > 0;
    uint32_t groups = has_keys ? sw_keys_count(result->keys) : 1;
    uint32_t kept = groups < SW_GROUPS_SENT_MAX ? groups : SW_GROUPS_SENT_MAX;
    uint32_t *key = malloc((groups + (size_t)1) * sizeof(*key));
    if (key == NULL) {
        return SW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < groups; i++) {
        key[i] = i;
    }
    if (has_keys) {
        qsort_r(key, groups, sizeof(*key), compare_keys, result->keys);
    }
    sw_status status =
        sw_series_floats(series, panel, NULL, "q", quantiles->q, NULL, quantiles->count);
    if (status == SW_OK) {
        status = put_values(quantiles, key, kept, series, panel);
    }
    if (status == SW_OK && has_keys) {
        int64_t total = groups;
        status = sw_grouped_put_keys(&quantiles->grouped, result, key, kept, series, panel);
        if (status == SW_OK) {
            status = sw_series_ints(series, panel, NULL, "groups", SW_TYPE_INT, &total, NULL, 1);
        }
        if (status == SW_OK) {
            sw_series_mark_scalar(series, panel);
        }
    }
    free(key);
    return status;
}

static void needs(const void *plan_, struct sw_fold_needs *needs)
{
    sw_grouped_needs(&((const struct quantiles *)plan_)->grouped, needs);
}

static size_t settle(void *state)
{
    return sw_grouped_settle(state);
}

/* At most SW_RANKED_KEPT values of 16 bytes in all partials together; one of several, or of several
 * facets, holds its share. */
static size_t state_bytes(const void *plan_)
{
    const struct quantiles *quantiles = plan_;
    uint64_t rows = quantiles->grouped.version->rows;
    return 4096 + (size_t)(rows < SW_RANKED_KEPT ? rows : SW_RANKED_KEPT) * 2;
}

static bool has_rounds(const void *plan_)
{
    (void)plan_;
    return true;
}

const struct sw_fold sw_fold_quantiles = {
    .kind = "quantiles",
    .plan = plan,
    .plan_free = plan_free,
    .init = init,
    .fold = fold,
    .merge = merge,
    .finish = finish,
    .state_free = state_free,
    .state_bytes = state_bytes,
    .has_rounds = has_rounds,
    .needs = needs,
    .settle = settle,
};
