/* The definition of a derived table: from JSON to names and expressions. */
#include <stdio.h>
#include <stdlib.h>

#include "base/params.h"
#include "derive/derive_priv.h"

#define JOIN_SUFFIX "_2"

sw_status sw_derive_no_memory(struct sw_err *err)
{
    return sw_fail(err, SW_NO_MEMORY, "the server has no memory left for this table");
}

/* -- expressions and their inputs ----------------------------------------------------------- */

static sw_status add_inputs(struct sw_derive_plan *plan, const struct sw_expr *expr,
                            struct sw_err *err)
{
    const struct sw_span *names;
    size_t count = sw_expr_inputs(expr, &names);
    struct sw_span *all =
        sw_arena_array(&plan->arena, plan->inputs + count + 1, sizeof(struct sw_span));
    if (all == NULL) {
        return sw_derive_no_memory(err);
    }
    for (size_t i = 0; i < plan->inputs; i++) {
        all[i] = plan->input[i];
    }
    plan->input = all;
    for (size_t i = 0; i < count; i++) {
        bool is_known = false;
        for (size_t k = 0; k < plan->inputs; k++) {
            is_known = is_known || sw_span_equal(all[k], names[i]);
        }
        if (!is_known) {
            const char *copy = sw_arena_text(&plan->arena, names[i]);
            if (copy == NULL) {
                return sw_derive_no_memory(err);
            }
            all[plan->inputs++] = sw_span_of(copy, names[i].length);
        }
    }
    return SW_OK;
}

/* `what` says in a message which of the expressions is wrong. */
static sw_status read_expr(struct sw_derive_plan *plan, const char *what, struct sw_span text,
                           struct sw_expr **expr, struct sw_err *err)
{
    struct sw_err inner = {0};
    sw_status status = sw_expr_parse(text, expr, &inner);
    if (status != SW_OK) {
        if (err != NULL) {
            *err = inner;
            (void)snprintf(err->message, sizeof(err->message), "%.100s: %.380s", what,
                           inner.message);
        }
        return status;
    }
    return add_inputs(plan, *expr, err);
}

/* -- columns -------------------------------------------------------------------------------- */

static sw_status bad_column(const char *what, struct sw_err *err)
{
    return sw_fail(err, SW_PARAMS,
                   "table.create: `%s` is a list of column names, {\"name\", \"column\"} or "
                   "{\"name\", \"expr\"}",
                   what);
}

static sw_status read_column(struct sw_derive_plan *plan, const struct sw_json *json,
                             const char *what, struct sw_derive_column *column, struct sw_err *err)
{
    struct sw_span expr = {0};
    const struct sw_param list[] = {
        {"name", SW_PARAM_NAME, false, &column->name, 0, 0},
        {"column", SW_PARAM_NAME, false, &column->column, 0, 0},
        {"expr", SW_PARAM_TEXT, false, &expr, 0, 0},
    };
    if (sw_json_get_text(json, &column->column)) {
        column->name = column->column;
        return SW_OK;
    }
    if (json->kind != SW_JSON_OBJECT) {
        return bad_column(what, err);
    }
    SW_TRY(sw_params_read(json, what, list, 3, NULL, err));
    if ((column->column.length > 0) == (expr.data != NULL) ||
        (expr.data != NULL && column->name.length == 0)) {
        return bad_column(what, err);
    }
    if (expr.data != NULL) {
        char where[SW_NAME_BYTES_MAX + 16];
        (void)snprintf(where, sizeof(where), "column `%.*s`", (int)column->name.length,
                       column->name.data);
        return read_expr(plan, where, expr, &column->expr, err);
    }
    column->name = column->name.length > 0 ? column->name : column->column;
    return SW_OK;
}

static sw_status read_columns(struct sw_derive_plan *plan, const struct sw_json *json,
                              const char *what, size_t most, struct sw_derive_column **columns,
                              uint32_t *count, struct sw_err *err)
{
    size_t items = json->u.list.count;
    if (items > most) {
        return sw_fail_limit(err, what, (int64_t)items, (int64_t)most, "name fewer columns");
    }
    *columns = sw_arena_array(&plan->arena, items + 1, sizeof(**columns));
    if (*columns == NULL) {
        return sw_derive_no_memory(err);
    }
    for (size_t i = 0; i < items; i++) {
        struct sw_derive_column *column = &(*columns)[i];
        *count = (uint32_t)(i + 1);
        SW_TRY(read_column(plan, &json->u.list.items[i], what, column, err));
        for (size_t k = 0; k < i; k++) {
            if (sw_span_equal((*columns)[k].name, column->name)) {
                return sw_fail(err, SW_PARAMS,
                               "table.create: `%s` has two columns `%.*s`: name one of them "
                               "differently",
                               what, (int)column->name.length, column->name.data);
            }
        }
    }
    return SW_OK;
}

/* -- join ----------------------------------------------------------------------------------- */

static sw_status read_on_item(const struct sw_json *json, struct sw_derive_on *on,
                              struct sw_err *err)
{
    const struct sw_param list[] = {
        {"left", SW_PARAM_NAME, true, &on->left, 0, 0},
        {"right", SW_PARAM_NAME, true, &on->right, 0, 0},
    };
    if (sw_json_get_text(json, &on->left)) {
        on->right = on->left;
        return SW_OK;
    }
    if (json->kind != SW_JSON_OBJECT) {
        return sw_fail(err, SW_PARAMS,
                       "join: `on` is a list of column names that both tables have, or of "
                       "{\"left\", \"right\"}");
    }
    return sw_params_read(json, "join: on", list, 2, NULL, err);
}

static sw_status read_on(struct sw_derive_plan *plan, const struct sw_json *json,
                         struct sw_err *err)
{
    bool is_list = json->kind == SW_JSON_ARRAY;
    size_t count = is_list ? json->u.list.count : 1;
    if (count == 0) {
        return sw_fail(err, SW_PARAMS, "join: `on` needs at least one column");
    }
    if (count > SW_JOIN_KEYS_MAX) {
        return sw_fail_limit(err, "join_keys", (int64_t)count, SW_JOIN_KEYS_MAX,
                             "join on fewer columns");
    }
    plan->on = sw_arena_array(&plan->arena, count, sizeof(*plan->on));
    if (plan->on == NULL) {
        return sw_derive_no_memory(err);
    }
    for (; plan->ons < count; plan->ons++) {
        SW_TRY(read_on_item(is_list ? &json->u.list.items[plan->ons] : json, &plan->on[plan->ons],
                            err));
    }
    return SW_OK;
}

static sw_status read_join(struct sw_derive_plan *plan, const struct sw_json *json,
                           struct sw_err *err)
{
    const struct sw_json *on = NULL;
    struct sw_span kind = sw_span_text("inner");
    const struct sw_param list[] = {
        {"table", SW_PARAM_NAME, true, &plan->join, 0, 0},
        {"on", SW_PARAM_ANY, true, &on, 0, 0},
        {"kind", SW_PARAM_TEXT, false, &kind, 0, 0},
        {"suffix", SW_PARAM_NAME, false, &plan->suffix, 0, 0},
    };
    plan->suffix = sw_span_text(JOIN_SUFFIX);
    SW_TRY(sw_params_read(json, "join", list, 4, NULL, err));
    plan->has_join = true;
    plan->is_left_join = sw_span_equal(kind, sw_span_text("left"));
    if (!plan->is_left_join && !sw_span_equal(kind, sw_span_text("inner"))) {
        return sw_fail(err, SW_PARAMS, "join: `kind` is \"inner\" or \"left\"");
    }
    return read_on(plan, on, err);
}

/* -- groups --------------------------------------------------------------------------------- */

/* What the measures read; their functions and types are checked when the rows are there. */
static sw_status read_measured(struct sw_derive_plan *plan, const struct sw_json *measures,
                               struct sw_err *err)
{
    size_t count = measures->u.list.count;
    if (count > SW_MEASURES_MAX) {
        return sw_fail_limit(err, "measures", (int64_t)count, SW_MEASURES_MAX,
                             "ask for fewer measures");
    }
    plan->measured = sw_arena_array(&plan->arena, count + 1, sizeof(*plan->measured));
    if (plan->measured == NULL) {
        return sw_derive_no_memory(err);
    }
    for (; plan->measure_count < count; plan->measure_count++) {
        const struct sw_json *json = &measures->u.list.items[plan->measure_count];
        struct sw_derive_column *measured = &plan->measured[plan->measure_count];
        struct sw_span expr;
        char where[SW_NAME_BYTES_MAX + 16];
        if (json->key.length == 0 || json->key.length > SW_NAME_BYTES_MAX) {
            return sw_fail(err, SW_PARAMS, "a measure's name has 1 to 255 bytes");
        }
        measured->name = json->key;
        (void)sw_json_get_text(sw_json_member(json, "column"), &measured->column);
        (void)snprintf(where, sizeof(where), "measure `%.*s`", (int)json->key.length,
                       json->key.data);
        if (sw_json_get_text(sw_json_member(json, "expr"), &expr)) {
            plan->measure_count++;
            sw_status status = read_expr(plan, where, expr, &measured->expr, err);
            plan->measure_count--;
            SW_TRY(status);
        }
    }
    return SW_OK;
}

static sw_status read_pivot(struct sw_derive_plan *plan, const struct sw_json *json,
                            struct sw_err *err)
{
    const struct sw_json *measure = NULL;
    int64_t limit = SW_PIVOT_COLUMNS;
    const struct sw_param list[] = {
        {"column", SW_PARAM_NAME, true, &plan->pivot, 0, 0},
        {"measure", SW_PARAM_OBJECT, true, &measure, 0, 0},
        {"limit", SW_PARAM_INT, false, &limit, 1, SW_PIVOT_COLUMNS_MAX},
    };
    if (plan->measures != NULL) {
        return sw_fail(err, SW_PARAMS,
                       "table.create: a pivot has its own `measure`: leave out `measures`");
    }
    SW_TRY(sw_params_read(json, "pivot", list, 3, NULL, err));
    struct sw_json *value = sw_arena_alloc(&plan->arena, sizeof(*value));
    struct sw_json *measures = sw_arena_alloc(&plan->arena, sizeof(*measures));
    if (value == NULL || measures == NULL) {
        return sw_derive_no_memory(err);
    }
    *value = *measure;
    value->key = sw_span_text("value");
    *measures = (struct sw_json){.kind = SW_JSON_OBJECT, .u.list = {value, 1}};
    plan->measures = measures;
    plan->has_pivot = true;
    plan->pivot_limit = (uint32_t)limit;
    plan->is_grouped = true;
    return read_measured(plan, measures, err);
}

static sw_status read_groups(struct sw_derive_plan *plan, const struct sw_json *group_by,
                             const struct sw_json *pivot, struct sw_err *err)
{
    plan->is_grouped = group_by != NULL || plan->measures != NULL;
    if (group_by != NULL) {
        SW_TRY(read_columns(plan, group_by, "group_by", SW_GROUP_COLUMNS_MAX, &plan->key,
                            &plan->keys, err));
    }
    if (plan->measures != NULL) {
        SW_TRY(read_measured(plan, plan->measures, err));
    }
    return pivot == NULL ? SW_OK : read_pivot(plan, pivot, err);
}

/* -- sort ----------------------------------------------------------------------------------- */

static sw_status read_sort(struct sw_derive_plan *plan, const struct sw_json *json,
                           struct sw_err *err)
{
    size_t count = json->u.list.count;
    if (count > SW_SORT_KEYS_MAX) {
        return sw_fail_limit(err, "sort_keys", (int64_t)count, SW_SORT_KEYS_MAX,
                             "sort by fewer columns");
    }
    plan->sort = sw_arena_array(&plan->arena, count + 1, sizeof(*plan->sort));
    if (plan->sort == NULL) {
        return sw_derive_no_memory(err);
    }
    for (; plan->sorts < count; plan->sorts++) {
        struct sw_derive_sort *sort = &plan->sort[plan->sorts];
        const struct sw_param list[] = {
            {"column", SW_PARAM_NAME, true, &sort->column, 0, 0},
            {"desc", SW_PARAM_BOOL, false, &sort->is_descending, 0, 0},
        };
        const struct sw_json *item = &json->u.list.items[plan->sorts];
        if (!sw_json_get_text(item, &sort->column)) {
            SW_TRY(sw_params_read(item, "sort", list, 2, NULL, err));
        }
    }
    return SW_OK;
}

/* -- all ------------------------------------------------------------------------------------ */

static sw_status read_all(struct sw_derive_plan *plan, const struct sw_json *params,
                          const char *const *also, struct sw_err *err)
{
    const struct sw_json *join = NULL;
    const struct sw_json *columns = NULL;
    const struct sw_json *group_by = NULL;
    const struct sw_json *pivot = NULL;
    const struct sw_json *sort = NULL;
    struct sw_span where = {0};
    struct sw_span having = {0};
    int64_t limit = -1;
    const struct sw_param list[] = {
        {"from", SW_PARAM_NAME, true, &plan->from, 0, 0},
        {"join", SW_PARAM_OBJECT, false, &join, 0, 0},
        {"columns", SW_PARAM_ARRAY, false, &columns, 0, 0},
        {"where", SW_PARAM_TEXT, false, &where, 0, 0},
        {"select", SW_PARAM_NAME, false, &plan->select, 0, 0},
        {"group_by", SW_PARAM_ARRAY, false, &group_by, 0, 0},
        {"measures", SW_PARAM_OBJECT, false, &plan->measures, 0, 0},
        {"having", SW_PARAM_TEXT, false, &having, 0, 0},
        {"pivot", SW_PARAM_OBJECT, false, &pivot, 0, 0},
        {"distinct", SW_PARAM_BOOL, false, &plan->is_distinct, 0, 0},
        {"sort", SW_PARAM_ARRAY, false, &sort, 0, 0},
        {"limit", SW_PARAM_INT, false, &limit, 0, INT64_MAX},
    };
    SW_TRY(sw_params_read(params, "table.create", list, sizeof(list) / sizeof(list[0]), also, err));
    SW_TRY(join == NULL ? SW_OK : read_join(plan, join, err));
    SW_TRY(where.data == NULL ? SW_OK : read_expr(plan, "where", where, &plan->where, err));
    SW_TRY(read_groups(plan, group_by, pivot, err));
    if (having.data != NULL) {
        if (!plan->is_grouped) {
            return sw_fail(err, SW_PARAMS,
                           "table.create: `having` filters groups: use `where` for rows");
        }
        SW_TRY(read_expr(plan, "having", having, &plan->having, err));
    }
    if (columns != NULL) {
        plan->has_columns = true;
        SW_TRY(read_columns(plan, columns, "columns", SW_COLUMNS_MAX, &plan->column, &plan->columns,
                            err));
        if (plan->columns == 0) {
            return sw_fail(err, SW_PARAMS, "table.create: `columns` names no column");
        }
    }
    plan->has_limit = limit >= 0;
    plan->limit = limit >= 0 ? (uint64_t)limit : 0;
    return sort == NULL ? SW_OK : read_sort(plan, sort, err);
}

sw_status sw_derive_plan_new(const struct sw_json *params, const char *const *also,
                             struct sw_derive_plan **plan, struct sw_err *err)
{
    struct sw_derive_plan *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return sw_derive_no_memory(err);
    }
    made->refs = 1;
    sw_arena_init(&made->arena);
    const struct sw_json *copy = sw_json_copy(&made->arena, params);
    sw_status status = copy == NULL ? sw_derive_no_memory(err) : read_all(made, copy, also, err);
    if (status != SW_OK) {
        sw_derive_plan_unref(made);
        return status;
    }
    *plan = made;
    return SW_OK;
}

struct sw_derive_plan *sw_derive_plan_ref(struct sw_derive_plan *plan)
{
    plan->refs++;
    return plan;
}

static void free_expressions(struct sw_derive_column *columns, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        sw_expr_free(columns[i].expr);
    }
}

void sw_derive_plan_unref(struct sw_derive_plan *plan)
{
    if (plan == NULL || --plan->refs > 0) {
        return;
    }
    sw_expr_free(plan->where);
    sw_expr_free(plan->having);
    free_expressions(plan->column, plan->columns);
    free_expressions(plan->key, plan->keys);
    free_expressions(plan->measured, plan->measure_count);
    sw_arena_fini(&plan->arena);
    free(plan);
}

/* -- to read -------------------------------------------------------------------------------- */

struct sw_span sw_derive_plan_from(const struct sw_derive_plan *plan)
{
    return plan->from;
}

struct sw_span sw_derive_plan_join(const struct sw_derive_plan *plan)
{
    return plan->join;
}

struct sw_span sw_derive_plan_select(const struct sw_derive_plan *plan)
{
    return plan->select;
}

size_t sw_derive_plan_inputs(const struct sw_derive_plan *plan, const struct sw_span **names)
{
    *names = plan->input;
    return plan->inputs;
}

static void say_name(struct sw_buf *out, const char *before, struct sw_span name)
{
    sw_buf_printf(out, "%s`%.*s`", before, (int)sw_derive_cut(name, 20), name.data);
}

void sw_derive_plan_say(const struct sw_derive_plan *plan, struct sw_buf *out)
{
    say_name(out, "derived from ", plan->from);
    if (plan->has_join) {
        say_name(out, " and ", plan->join);
    }
    for (uint32_t i = 0; i < plan->keys && i < 2; i++) {
        say_name(out, i == 0 ? ", by " : ", ", plan->key[i].name);
    }
    sw_buf_put_text(out, plan->keys > 2 ? ", ..." : "");
}
