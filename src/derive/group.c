/* Groups: a fold whose result is not a series but stays as it is (fold/grouped.h), for the parts
 * that write it as rows: one column of 65,536 groups each.                                       */
#include <stdatomic.h>
#include <stdlib.h>

#include "derive/derive_priv.h"
#include "fold/grouped.h"

struct column {
    enum sw_type type;
    struct sw_dict *dict; /* strings; counted */
    _Atomic bool is_wide; /* a sum of ints beyond 64 bits: the column is of floats */
};

struct sw_derive_group {
    struct sw_derive *run;
    struct sw_grouped grouped;            /* the plan of the fold */
    struct sw_grouped_state *own;         /* the result where it is not grouped.first; owned */
    const struct sw_grouped_state *state; /* the result */
    uint32_t keys, columns;
    uint32_t groups;
    struct column *column; /* [columns] owned */
    struct sw_span *name;  /* [columns] in the run's arena */
    struct sw_derive_made made;
    struct sw_version *version;
};

void sw_derive_group_free(struct sw_derive_group *group)
{
    if (group == NULL) {
        return;
    }
    for (uint32_t i = 0; group->column != NULL && i < group->columns; i++) {
        sw_dict_unref(group->column[i].dict);
    }
    free(group->column);
    sw_grouped_free(group->own);
    sw_grouped_fini(&group->grouped);
    sw_derive_made_fini(&group->made);
    sw_version_unref(group->version);
    free(group);
}

/* -- the fold ------------------------------------------------------------------------------- */

/* The plan is the group itself, which the run owns. */
static sw_status fold_plan(const struct sw_json *params, const struct sw_fold_env *env, void **plan,
                           struct sw_err *err)
{
    struct sw_derive *run = env->context;
    (void)params;
    (void)err;
    *plan = run->group;
    return SW_OK;
}

static void fold_plan_free(void *plan)
{
    (void)plan;
}

static sw_status fold_init(const void *plan, void **state)
{
    return sw_grouped_init(&((const struct sw_derive_group *)plan)->grouped,
                           (struct sw_grouped_state **)state);
}

static void fold_rows(const void *plan, void *state, struct sw_batch *batch)
{
    sw_grouped_fold(&((const struct sw_derive_group *)plan)->grouped, state, batch);
}

static sw_status fold_merge(const void *plan, void *into, const void *from, uint32_t group)
{
    (void)group;
    return sw_grouped_merge(&((const struct sw_derive_group *)plan)->grouped, into, from);
}

/* Keeps what there is: the caller frees an empty state. */
static sw_status fold_finish(void *plan, void *state_, struct sw_series *series, size_t panel,
                             struct sw_err *err)
{
    struct sw_derive_group *group = plan;
    struct sw_grouped_state *state = state_;
    (void)series;
    (void)panel;
    SW_TRY(sw_grouped_round(&group->grouped, state, &group->state, err));
    if (group->state == state) {
        group->own = malloc(sizeof(*group->own));
        if (group->own == NULL) {
            return sw_derive_no_memory(err);
        }
        *group->own = *state;
        *state = (struct sw_grouped_state){0};
        group->state = group->own;
    }
    return SW_OK;
}

static void fold_state_free(void *state)
{
    sw_grouped_free(state);
}

static size_t fold_state_bytes(const void *plan)
{
    (void)plan;
    return 64u << 10;
}

static bool fold_has_rounds(const void *plan)
{
    return sw_measures_has_rounds(((const struct sw_derive_group *)plan)->grouped.measures);
}

static const struct sw_fold group_fold = {
    .kind = "derive",
    .plan = fold_plan,
    .plan_free = fold_plan_free,
    .init = fold_init,
    .fold = fold_rows,
    .merge = fold_merge,
    .finish = fold_finish,
    .state_free = fold_state_free,
    .state_bytes = fold_state_bytes,
    .has_rounds = fold_has_rounds,
};

/* -- rows of groups ------------------------------------------------------------------------- */

static struct sw_value value_of(const struct sw_derive_group *group, uint32_t column, uint32_t key)
{
    if (column < group->keys) {
        return sw_keys_value(group->state->keys, key, column);
    }
    return sw_measures_value(group->grouped.measures, group->state->measures, column - group->keys,
                             key);
}

/* Is some sum a float? */
static sw_status widen_work(struct sw_derive *run, unsigned worker, uint64_t part,
                            struct sw_err *err)
{
    struct sw_derive_group *group = run->group;
    struct column *column = &group->column[part];
    (void)worker;
    (void)err;
    bool is_sum = part >= group->keys &&
                  group->grouped.measures->measure[part - group->keys].fn == SW_MEASURE_SUM;
    for (uint32_t key = 0; is_sum && column->type == SW_TYPE_INT && key < group->groups; key++) {
        struct sw_value value = value_of(group, (uint32_t)part, key);
        if (!value.is_null && value.type == SW_TYPE_FLOAT) {
            column->is_wide = true;
            return SW_OK;
        }
    }
    return SW_OK;
}

static sw_status put_value(struct sw_builder *builder, struct sw_value value)
{
    if (!value.is_null && value.type == SW_TYPE_INT && builder->type == SW_TYPE_FLOAT) {
        return sw_builder_float(builder, (double)value.u.i);
    }
    return sw_builder_value(builder, &value);
}

static sw_status write_work(struct sw_derive *run, unsigned worker, uint64_t part,
                            struct sw_err *err)
{
    struct sw_derive_group *group = run->group;
    uint32_t index = (uint32_t)(part % group->columns);
    struct column *column = &group->column[index];
    uint64_t block = part / group->columns;
    uint32_t rows = sw_derive_group_rows(group->groups, block);
    enum sw_type type = column->is_wide ? SW_TYPE_FLOAT : column->type;
    struct sw_builder *builder = NULL;
    (void)worker;
    SW_TRY(sw_builder_new(type, column->dict, run->budget, &builder, err));
    sw_status status = SW_OK;
    for (uint32_t i = 0; i < rows && status == SW_OK; i++) {
        uint32_t key = (uint32_t)(block * SW_CHUNK_ROWS) + i;
        status =
            sw_derive_builder_said(put_value(builder, value_of(group, index, key)), builder, err);
    }
    if (status == SW_OK) {
        status = sw_builder_seal(builder, &group->made.chunk[part], err);
    }
    sw_builder_free(builder);
    return status;
}

static sw_status assemble_work(struct sw_derive *run, unsigned worker, uint64_t part,
                               struct sw_err *err)
{
    struct sw_derive_group *group = run->group;
    struct sw_schema *schema = NULL;
    enum sw_type type[SW_GROUP_COLUMNS_MAX + SW_MEASURES_MAX + 1];
    (void)worker;
    (void)part;
    for (uint32_t i = 0; i < group->columns; i++) {
        type[i] = group->column[i].is_wide ? SW_TYPE_FLOAT : group->column[i].type;
    }
    SW_TRY(sw_derive_schema(group->columns, group->name, type, &schema, err));
    sw_status status =
        sw_derive_made_version(&group->made, run->number, schema, &group->version, err);
    sw_schema_unref(schema);
    /* texts of millions of groups are given back here, not on the loop */
    sw_grouped_free(group->own);
    sw_grouped_fini(&group->grouped);
    group->own = NULL;
    group->grouped = (struct sw_grouped){0};
    return status;
}

static sw_status assembled(struct sw_derive *run, struct sw_err *err)
{
    struct sw_version *version = run->group->version;
    run->group->version = NULL;
    run->out = NULL;
    run->outs = 0;
    return sw_derive_next(run, version, err);
}

static sw_status written(struct sw_derive *run, struct sw_err *err)
{
    (void)err;
    sw_derive_parts(run, 1, 1, assemble_work, assembled);
    return SW_OK;
}

static sw_status widened(struct sw_derive *run, struct sw_err *err)
{
    struct sw_derive_group *group = run->group;
    uint64_t blocks = sw_derive_groups(group->groups);
    SW_TRY(sw_derive_made_init(&group->made, blocks, group->columns, err));
    sw_derive_parts(run, blocks * group->columns, 0, write_work, written);
    return SW_OK;
}

static sw_status folded(struct sw_derive *run, struct sw_err *err)
{
    struct sw_derive_group *group = run->group;
    (void)err;
    /* without keys there is one group, also of no rows */
    group->groups = group->keys == 0 ? 1 : sw_keys_count(group->state->keys);
    sw_derive_parts(run, group->columns, 0, widen_work, widened);
    return SW_OK;
}

/* -- the loop's side ------------------------------------------------------------------------ */

static sw_status plan_keys(struct sw_derive_group *group, struct sw_err *err)
{
    struct sw_derive *run = group->run;
    if (run->outs > SW_GROUP_COLUMNS_MAX) {
        return sw_fail_limit(err, "group_columns", run->outs, SW_GROUP_COLUMNS_MAX,
                             "group by fewer columns");
    }
    group->keys = run->outs;
    for (uint32_t i = 0; i < run->outs; i++) {
        group->grouped.column[group->grouped.columns++] = run->out[i].column;
    }
    return SW_OK;
}

static sw_status plan_columns(struct sw_derive_group *group, struct sw_err *err)
{
    struct sw_derive *run = group->run;
    const struct sw_measures *measures = group->grouped.measures;
    uint32_t count = group->keys + (measures == NULL ? 0 : measures->count);
    if (count == 0) {
        return sw_fail(err, SW_PARAMS,
                       "table.create: `group_by` names no column and there are no `measures`");
    }
    group->column = calloc(count, sizeof(*group->column));
    group->name = sw_arena_array(&run->arena, count, sizeof(*group->name));
    if (group->column == NULL || group->name == NULL) {
        return sw_derive_no_memory(err);
    }
    group->columns = count;
    for (uint32_t i = 0; i < count; i++) {
        bool is_key = i < group->keys;
        group->name[i] =
            is_key ? run->out[i].name : sw_span_text(measures->measure[i - group->keys].name);
        group->column[i].type = is_key
                                    ? run->now->schema->column[run->out[i].column].type
                                    : sw_measure_result_type(&measures->measure[i - group->keys]);
        for (uint32_t k = 0; k < i; k++) {
            if (sw_span_equal(group->name[k], group->name[i])) {
                return sw_fail(err, SW_PARAMS,
                               "table.create: there would be two columns `%.*s`: give the key or "
                               "the measure another name",
                               (int)group->name[i].length, group->name[i].data);
            }
        }
        if (group->column[i].type == SW_TYPE_STRING) {
            SW_TRY(sw_dict_new(run->budget, &group->column[i].dict, err));
        }
    }
    return SW_OK;
}

static sw_status submit(struct sw_derive_group *group, const struct sw_json *measures,
                        struct sw_err *err)
{
    struct sw_derive *run = group->run;
    static const struct sw_json no_params = {.kind = SW_JSON_OBJECT};
    const struct sw_fold_env env = {run->now, sw_derive_input, run};
    struct sw_filter **filters = NULL;
    uint32_t count = 0;
    if (measures != NULL) {
        SW_TRY(sw_measures_parse(measures, "table.create", &env, &group->grouped.measures, err));
        sw_grouped_ready(&group->grouped);
    }
    SW_TRY(plan_columns(group, err));
    struct sw_scan_output output = {0};
    SW_TRY(sw_foldrun_new_env(&group_fold, &no_params, &env, &output.run, err));
    sw_status status = sw_derive_take_filters(run, &filters, &count, err);
    if (status != SW_OK) {
        sw_foldrun_free(output.run);
        return status;
    }
    uint32_t index[SW_CLAUSES_MAX + 2];
    sw_assert(count <= SW_CLAUSES_MAX + 1);
    for (uint32_t i = 0; i < count; i++) {
        index[i] = i;
    }
    output.filters = index;
    output.filter_count = count;
    const struct sw_scan_spec spec = {.version = run->now,
                                      .filters = filters,
                                      .filter_count = count,
                                      .outputs = &output,
                                      .output_count = 1,
                                      .budget = run->budget,
                                      .clock = run->clock,
                                      .urgency = SW_CLASS_INTERACTIVE};
    status = sw_scan_submit(run->pool, run->lane, &spec, sw_derive_scan_done, run, &run->scan, err);
    free(filters);
    if (status == SW_OK) {
        run->then = folded;
        run->is_busy = true;
    }
    return status;
}

sw_status sw_derive_group(struct sw_derive *run, const struct sw_json *measures, struct sw_err *err)
{
    struct sw_derive_group *group = calloc(1, sizeof(*group));
    if (group == NULL) {
        return sw_derive_no_memory(err);
    }
    group->run = run;
    group->grouped.version = run->now;
    run->group = group;
    SW_TRY(plan_keys(group, err));
    return submit(group, measures, err);
}
