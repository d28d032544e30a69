/* Kind "groupby"; see kinds.h. */
#include <stdlib.h>

#include "base/params.h"
#include "fold/firsts.h"
#include "fold/grouped.h"
#include "fold/kinds.h"

#define RANKED_GROUPS 256u /* fewer are compared by their texts */

struct groupby {
    struct sw_grouped grouped;
    int32_t order; /* index of a measure, or -1: by keys */
    bool is_descending;
    bool has_other;
    uint32_t limit;
};

/* -- plan ------------------------------------------------------------------------------ */

static void plan_free(void *plan)
{
    struct groupby *groupby = plan;
    if (groupby != NULL) {
        sw_grouped_fini(&groupby->grouped);
        free(groupby);
    }
}

static sw_status read_order(struct groupby *groupby, const struct sw_json *order,
                            struct sw_err *err)
{
    struct sw_span measure = {NULL, 0};
    const struct sw_param params[] = {
        {.name = "measure", .kind = SW_PARAM_NAME, .is_required = true, .into = &measure},
        {.name = "desc", .kind = SW_PARAM_BOOL, .into = &groupby->is_descending},
    };
    groupby->order = -1;
    if (sw_json_is_null(order)) {
        return SW_OK;
    }
    SW_TRY(sw_params_read(order, "groupby.order", params, 2, NULL, err));
    const struct sw_measures *measures = groupby->grouped.measures;
    for (uint32_t i = 0; i < measures->count; i++) {
        if (sw_span_equal(measure, sw_span_text(measures->measure[i].name))) {
            groupby->order = (int32_t)i;
            return SW_OK;
        }
    }
    return sw_fail(err, SW_PARAMS, "groupby: `order` names \"%.*s\", which is not a measure of it.",
                   (int)measure.length, measure.data);
}

static sw_status read_params(struct groupby *groupby, const struct sw_json *params,
                             const struct sw_fold_env *env, struct sw_err *err)
{
    const struct sw_json *by = NULL;
    const struct sw_json *measures = NULL;
    const struct sw_json *order = NULL;
    int64_t limit = SW_GROUPS_SENT_MAX;
    const struct sw_param list[] = {
        {.name = "by", .kind = SW_PARAM_ANY, .is_required = true, .into = &by},
        {.name = "measures", .kind = SW_PARAM_OBJECT, .is_required = true, .into = &measures},
        {.name = "order", .kind = SW_PARAM_OBJECT, .into = &order},
        {.name = "limit",
         .kind = SW_PARAM_INT,
         .into = &limit,
         .low = 1,
         .high = SW_GROUPS_SENT_MAX},
        {.name = "other", .kind = SW_PARAM_BOOL, .into = &groupby->has_other},
    };
    SW_TRY(sw_params_read(params, "groupby", list, sizeof(list) / sizeof(list[0]),
                          sw_fold_common_params, err));
    groupby->limit = (uint32_t)limit;
    SW_TRY(sw_grouped_columns(&groupby->grouped, by, "groupby", err));
    SW_TRY(sw_measures_parse(measures, "groupby", env, &groupby->grouped.measures, err));
    if (groupby->has_other && sw_measures_has_rounds(groupby->grouped.measures)) {
        return sw_fail(err, SW_PARAMS,
                       "groupby: `other` cannot have a median; ask for it as a "
                       "`value` output, or leave `other` out.");
    }
    return read_order(groupby, order, err);
}

static sw_status plan(const struct sw_json *params, const struct sw_fold_env *env, void **into,
                      struct sw_err *err)
{
    struct groupby *groupby = calloc(1, sizeof(*groupby));
    if (groupby == NULL) {
        return SW_NO_MEMORY;
    }
    groupby->grouped.version = env->version;
    sw_status status = read_params(groupby, params, env, err);
    if (status != SW_OK) {
        plan_free(groupby);
        return status;
    }
    sw_grouped_ready(&groupby->grouped);
    *into = groupby;
    return SW_OK;
}

/* -- the middle -------------------------------------------------------------------------- */

static sw_status init(const void *plan_, void **state)
{
    return sw_grouped_init(&((const struct groupby *)plan_)->grouped,
                           (struct sw_grouped_state **)state);
}

static void state_free(void *state)
{
    sw_grouped_free(state);
}

static void fold(const void *plan_, void *state, struct sw_batch *batch)
{
    sw_grouped_fold(&((const struct groupby *)plan_)->grouped, state, batch);
}

static sw_status merge(const void *plan_, void *into, const void *from, uint32_t group)
{
    (void)group;
    return sw_grouped_merge(&((const struct groupby *)plan_)->grouped, into, from);
}

static void needs(const void *plan_, struct sw_fold_needs *needs)
{
    sw_grouped_needs(&((const struct groupby *)plan_)->grouped, needs);
}

static size_t settle(void *state)
{
    return sw_grouped_settle(state);
}

static size_t state_bytes(const void *plan_)
{
    const struct groupby *groupby = plan_;
    return sw_grouped_state_bytes(&groupby->grouped);
}

/* -- finish -------------------------------------------------------------------------------- */

struct ordering {
    const struct groupby *groupby;
    const struct sw_keys *keys;
    struct sw_value *value; /* [groups] of the measure that orders; NULL: by keys */
    uint32_t *rank;         /* [groups] of the keys, where that is cheaper than comparing them */
};

static void free_ordering(struct ordering *ordering)
{
    free(ordering->value);
    free(ordering->rank);
}

static sw_status make_ordering(const struct groupby *groupby, const struct sw_grouped_state *state,
                               uint32_t groups, struct ordering *ordering)
{
    const struct sw_measures *measures = groupby->grouped.measures;
    *ordering = (struct ordering){.groupby = groupby, .keys = state->keys};
    if (groupby->order >= 0) {
        ordering->value = malloc((groups + (size_t)1) * sizeof(*ordering->value));
        if (ordering->value == NULL) {
            return SW_NO_MEMORY;
        }
    }
    for (uint32_t i = 0; i < groups && groupby->order >= 0; i++) {
        ordering->value[i] =
            sw_measures_value(measures, state->measures, (uint32_t)groupby->order, i);
    }
    if (groups >= RANKED_GROUPS) {
        ordering->rank = malloc((groups + (size_t)1) * sizeof(*ordering->rank));
        if (ordering->rank == NULL) {
            free_ordering(ordering);
            return SW_NO_MEMORY;
        }
        if (!sw_keys_ranks(state->keys, ordering->rank)) {
            free(ordering->rank);
            ordering->rank = NULL;
        }
    }
    return SW_OK;
}

/* Null and NaN last either way; 0: equal. */
static int compare_values(const struct sw_value *a, const struct sw_value *b, bool is_descending)
{
    struct sw_value u = *a;
    struct sw_value v = *b;
    if (u.type != v.type && !u.is_null && !v.is_null) { /* a sum beyond 64 bits */
        u.u.f = u.type == SW_TYPE_INT ? (double)u.u.i : u.u.f;
        v.u.f = v.type == SW_TYPE_INT ? (double)v.u.i : v.u.f;
        u.type = v.type = SW_TYPE_FLOAT;
    }
    int order = sw_value_compare(&u, &v);
    bool is_last =
        u.is_null || v.is_null || (u.type == SW_TYPE_FLOAT && (u.u.f != u.u.f || v.u.f != v.u.f));
    return is_descending && !is_last ? -order : order;
}

/* As the measure says, ties by keys. */
static int compare_groups(const void *a, const void *b, void *context)
{
    const struct ordering *ordering = context;
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    if (ordering->value != NULL) {
        int order = compare_values(&ordering->value[x], &ordering->value[y],
                                   ordering->groupby->is_descending);
        if (order != 0) {
            return order;
        }
    }
    if (ordering->rank != NULL) {
        return (ordering->rank[x] > ordering->rank[y]) - (ordering->rank[x] < ordering->rank[y]);
    }
    return sw_keys_compare(ordering->keys, x, y);
}

/* Fields "other".<measure> of all groups that are not sent, and how many those are. */
static sw_status put_other(const struct groupby *groupby, struct sw_grouped_state *state,
                           const uint32_t *key, uint32_t kept, uint32_t groups,
                           struct sw_series *series, size_t panel)
{
    const struct sw_measures *measures = groupby->grouped.measures;
    struct sw_measures_state *rest = NULL;
    uint32_t *map = malloc((groups + (size_t)1) * sizeof(*map));
    sw_status status = map == NULL ? SW_NO_MEMORY : sw_measures_state_new(measures, &rest);
    if (status == SW_OK) {
        for (uint32_t i = 0; i < groups; i++) {
            map[key[i]] = i < kept ? SW_KEYS_NONE : 0;
        }
        status = sw_measures_merge(measures, rest, state->measures, map, 1);
    }
    for (uint32_t i = 0; i < measures->count && status == SW_OK; i++) {
        const uint32_t group = 0;
        status = sw_measures_put(measures, rest, i, &group, 1, series, panel, "other");
        if (status == SW_OK) {
            sw_series_mark_scalar(series, panel);
        }
    }
    int64_t left = groups - kept;
    if (status == SW_OK) {
        status = sw_series_ints(series, panel, NULL, "other_groups", SW_TYPE_INT, &left, NULL, 1);
    }
    if (status == SW_OK) {
        sw_series_mark_scalar(series, panel);
    }
    sw_measures_state_free(rest);
    free(map);
    return status;
}

static sw_status put(struct groupby *groupby, const struct sw_grouped_state *state,
                     const uint32_t *key, uint32_t groups, struct sw_series *series, size_t panel)
{
    uint32_t kept = groups < groupby->limit ? groups : groupby->limit;
    int64_t total = groups;
    SW_TRY(sw_grouped_put_keys(&groupby->grouped, state, key, kept, series, panel));
    for (uint32_t i = 0; i < groupby->grouped.measures->count; i++) {
        SW_TRY(sw_measures_put(groupby->grouped.measures, state->measures, i, key, kept, series,
                               panel, "measures"));
    }
    SW_TRY(sw_series_ints(series, panel, NULL, "groups", SW_TYPE_INT, &total, NULL, 1));
    sw_series_mark_scalar(series, panel);
    return SW_OK;
}

static sw_status finish(void *plan_, void *state, struct sw_series *series, size_t panel,
                        struct sw_err *err)
{
    struct groupby *groupby = plan_;
    const struct sw_grouped_state *result;
    SW_TRY(sw_grouped_round(&groupby->grouped, state, &result, err));
    uint32_t groups = sw_keys_count(result->keys);
    uint32_t *key = malloc((groups + (size_t)1) * sizeof(*key));
    if (key == NULL) {
        return SW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < groups; i++) {
        key[i] = i;
    }
    struct ordering ordering;
    sw_status status = make_ordering(groupby, result, groups, &ordering);
    if (status != SW_OK) {
        free(key);
        return status;
    }
    sw_firsts(key, groups, groupby->limit, compare_groups, &ordering);
    free_ordering(&ordering);
    status = put(groupby, result, key, groups, series, panel);
    if (status == SW_OK && groupby->has_other) {
        uint32_t kept = groups < groupby->limit ? groups : groupby->limit;
        status = put_other(groupby, state, key, kept, groups, series, panel);
    }
    free(key);
    return status;
}

static bool has_rounds(const void *plan_)
{
    return sw_measures_has_rounds(((const struct groupby *)plan_)->grouped.measures);
}

static bool cube(const void *plan, struct sw_cube_shape *shape)
{
    return sw_grouped_cube(&((const struct groupby *)plan)->grouped, shape);
}

static void cells(const void *plan, struct sw_batch *batch, uint16_t *into)
{
    sw_grouped_cells(&((const struct groupby *)plan)->grouped, batch, into);
}

static sw_status fill(const void *plan, void *state, const struct sw_cube_cells *cells)
{
    return sw_grouped_fill(&((const struct groupby *)plan)->grouped, state, cells);
}

const struct sw_fold sw_fold_groupby = {
    .kind = "groupby",
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
    .cube = cube,
    .cells = cells,
    .fill = fill,
};
