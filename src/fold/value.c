/* Kind "value"; see kinds.h. */
#include <stdlib.h>

#include "base/params.h"
#include "fold/grouped.h"
#include "fold/kinds.h"

static void plan_free(void *plan)
{
    struct sw_grouped *grouped = plan;
    if (grouped != NULL) {
        sw_grouped_fini(grouped);
        free(grouped);
    }
}

static sw_status plan(const struct sw_json *params, const struct sw_fold_env *env, void **into,
                      struct sw_err *err)
{
    const struct sw_json *measures = NULL;
    const struct sw_param list[] = {
        {.name = "measures", .kind = SW_PARAM_OBJECT, .is_required = true, .into = &measures},
    };
    SW_TRY(sw_params_read(params, "value", list, 1, sw_fold_common_params, err));
    struct sw_grouped *grouped = calloc(1, sizeof(*grouped));
    if (grouped == NULL) {
        return SW_NO_MEMORY;
    }
    grouped->version = env->version;
    sw_status status = sw_measures_parse(measures, "value", env, &grouped->measures, err);
    if (status != SW_OK) {
        plan_free(grouped);
        return status;
    }
    *into = grouped;
    return SW_OK;
}

static sw_status init(const void *grouped, void **state)
{
    return sw_grouped_init(grouped, (struct sw_grouped_state **)state);
}

static void state_free(void *state)
{
    sw_grouped_free(state);
}

static void fold(const void *grouped, void *state, struct sw_batch *batch)
{
    sw_grouped_fold(grouped, state, batch);
}

static sw_status merge(const void *grouped, void *into, const void *from, uint32_t group)
{
    (void)group;
    return sw_grouped_merge(grouped, into, from);
}

static sw_status finish(void *plan_, void *state, struct sw_series *series, size_t panel,
                        struct sw_err *err)
{
    struct sw_grouped *grouped = plan_;
    const struct sw_grouped_state *result;
    SW_TRY(sw_grouped_round(grouped, state, &result, err));
    for (uint32_t i = 0; i < grouped->measures->count; i++) {
        const uint32_t group = 0;
        SW_TRY(sw_measures_put(grouped->measures, result->measures, i, &group, 1, series, panel,
                               "measures"));
        sw_series_mark_scalar(series, panel);
    }
    return SW_OK;
}

static void needs(const void *grouped, struct sw_fold_needs *needs)
{
    sw_grouped_needs(grouped, needs);
}

static size_t settle(void *state)
{
    return sw_grouped_settle(state);
}

static size_t state_bytes(const void *grouped)
{
    (void)grouped;
    return 4096;
}

static bool has_rounds(const void *plan_)
{
    return sw_measures_has_rounds(((const struct sw_grouped *)plan_)->measures);
}

static bool cube(const void *plan, struct sw_cube_shape *shape)
{
    return sw_grouped_cube(plan, shape);
}

static void cells(const void *plan, struct sw_batch *batch, uint16_t *into)
{
    sw_grouped_cells(plan, batch, into);
}

static sw_status fill(const void *plan, void *state, const struct sw_cube_cells *cells)
{
    return sw_grouped_fill(plan, state, cells);
}

const struct sw_fold sw_fold_value = {
    .kind = "value",
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
