/* From the parameters of a request to a plan; see edit.h. */
#include <stdlib.h>

#include "base/params.h"
#include "edit/edit_priv.h"

struct reader {
    struct sw_edit_plan *plan;
    sw_expr_input_fn input;
    void *context;
};

static const char *const of_caller[] = {"table", "if_version", NULL};

static const char *const method_names[SW_EDIT_KINDS] = {
    [SW_EDIT_UPDATE] = "table.update",
    [SW_EDIT_APPEND] = "table.append",
    [SW_EDIT_DELETE_ROWS] = "table.delete_rows",
    [SW_EDIT_ADD_COLUMN] = "table.add_column",
    [SW_EDIT_DROP_COLUMN] = "table.drop_column",
    [SW_EDIT_RENAME_COLUMN] = "table.rename_column",
    [SW_EDIT_CAST_COLUMN] = "table.cast_column",
    [SW_EDIT_SET_FORMULA] = "table.set_formula",
    [SW_EDIT_FREEZE_COLUMN] = "table.freeze_column",
    [SW_EDIT_PREVIEW] = "table.preview",
};

static bool find_kind(struct sw_span method, enum sw_edit_kind *kind)
{
    for (unsigned i = 0; i < SW_EDIT_KINDS; i++) {
        if (sw_span_equal(sw_span_text(method_names[i]), method)) {
            *kind = (enum sw_edit_kind)i;
            return true;
        }
    }
    return false;
}

bool sw_edit_is_method(struct sw_span method)
{
    enum sw_edit_kind kind;
    return find_kind(method, &kind) || sw_span_equal(method, sw_span_text("table.batch"));
}

/* -- pieces ------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static sw_status read_ids(struct reader *reader, const struct sw_json *list, const char *what,
                          struct sw_edit_op *op, struct sw_err *err)
{
    uint64_t *id = sw_arena_array(&reader->plan->arena, list->u.list.count + 1, sizeof *id);
    if (id == NULL) {
        return sw_edit_no_memory(err);
    }
    size_t count = list->u.list.count;
    for (size_t i = 0; i < count; i++) {
        int64_t value;
        if (!sw_json_get_int(&list->u.list.items[i], &value) || value < 0) {
            return sw_fail(err, SW_PARAMS,
                           "%s: row_ids is a list of row ids, integers from 0 on, as table.page "
                           "gives them",
                           what);
        }
        id[i] = (uint64_t)value;
    }
    qsort(id, count, sizeof *id, by_number);
    op->ids = 0;
    for (size_t i = 0; i < count; i++) {
        if (op->ids == 0 || id[op->ids - 1] != id[i]) {
            id[op->ids++] = id[i];
        }
    }
    op->id = id;
    op->has_ids = true;
    return SW_OK;
}

static sw_status read_rows(struct reader *reader, const struct sw_json *params,
                           struct sw_span where, const struct sw_json *ids, const char *what,
                           struct sw_edit_op *op, struct sw_err *err)
{
    bool has_where = !sw_json_is_null(sw_json_member(params, "where"));
    if (has_where && ids != NULL) {
        return sw_fail(err, SW_PARAMS, "%s: give `where` or `row_ids`, not both", what);
    }
    if (ids != NULL) {
        return read_ids(reader, ids, what, op, err);
    }
    if (has_where) {
        return sw_edit_expr_read(&reader->plan->arena, where, reader->input, reader->context,
                                 &op->where, err);
    }
    return SW_OK;
}

static sw_status read_set(struct reader *reader, const struct sw_json *member,
                          struct sw_edit_set *set, struct sw_err *err)
{
    set->column = member->key;
    if (member->kind != SW_JSON_OBJECT) {
        set->literal = member;
        return SW_OK;
    }
    struct sw_span text;
    if (member->u.list.count != 1 || !sw_json_get_text(sw_json_member(member, "expr"), &text)) {
        return sw_fail(err, SW_PARAMS,
                       "table.update: the new value of `%.*s` is a plain value or {\"expr\": "
                       "\"...\"}",
                       sw_edit_shown(set->column, 60), set->column.data);
    }
    return sw_edit_expr_read(&reader->plan->arena, text, reader->input, reader->context, &set->expr,
                             err);
}

static sw_status read_type(struct sw_span name, const char *what, struct sw_edit_op *op,
                           struct sw_err *err)
{
    op->has_type = sw_type_parse(name, &op->type);
    if (!op->has_type) {
        return sw_fail(err, SW_PARAMS,
                       "%s: `%.*s` is no column type; there are bool, int, float, string, date and "
                       "timestamp",
                       what, sw_edit_shown(name, 32), name.data);
    }
    return SW_OK;
}

/* -- one method each ------------------------------------------------------------------- */

static sw_status read_update(struct reader *reader, const struct sw_json *params,
                             struct sw_edit_op *op, struct sw_err *err)
{
    const struct sw_json *set = NULL;
    const struct sw_json *ids = NULL;
    struct sw_span where = {0};
    const struct sw_param list[] = {{"set", SW_PARAM_OBJECT, true, &set, 0, 0},
                                    {"where", SW_PARAM_TEXT, false, &where, 0, 0},
                                    {"row_ids", SW_PARAM_ARRAY, false, &ids, 0, 0}};
    SW_TRY(sw_params_read(params, "table.update", list, 3, of_caller, err));
    size_t count = set->u.list.count;
    if (count == 0) {
        return sw_fail(err, SW_PARAMS, "table.update: `set` names no column");
    }
    op->set = sw_arena_array(&reader->plan->arena, count, sizeof *op->set);
    if (op->set == NULL) {
        return sw_edit_no_memory(err);
    }
    op->sets = count;
    for (size_t i = 0; i < count; i++) {
        SW_TRY(read_set(reader, &set->u.list.items[i], &op->set[i], err));
    }
    return read_rows(reader, params, where, ids, "table.update", op, err);
}

static sw_status read_append(struct reader *reader, const struct sw_json *params,
                             struct sw_edit_op *op, struct sw_err *err)
{
    (void)reader;
    const struct sw_param list[] = {{"columns", SW_PARAM_OBJECT, false, &op->columns, 0, 0},
                                    {"rows", SW_PARAM_ARRAY, false, &op->rows, 0, 0}};
    SW_TRY(sw_params_read(params, "table.append", list, 2, of_caller, err));
    if ((op->columns == NULL) == (op->rows == NULL)) {
        return sw_fail(err, SW_PARAMS,
                       "table.append: give `rows`, a list of objects, or `columns`, an object of "
                       "lists");
    }
    return SW_OK;
}

static sw_status read_delete(struct reader *reader, const struct sw_json *params,
                             struct sw_edit_op *op, struct sw_err *err)
{
    const struct sw_json *ids = NULL;
    struct sw_span where = {0};
    const struct sw_param list[] = {{"where", SW_PARAM_TEXT, false, &where, 0, 0},
                                    {"row_ids", SW_PARAM_ARRAY, false, &ids, 0, 0}};
    SW_TRY(sw_params_read(params, "table.delete_rows", list, 2, of_caller, err));
    if (sw_json_is_null(sw_json_member(params, "where")) && ids == NULL) {
        return sw_fail(err, SW_PARAMS,
                       "table.delete_rows: say which rows, by `where` or `row_ids` (\"1\" is true "
                       "for all)");
    }
    return read_rows(reader, params, where, ids, "table.delete_rows", op, err);
}

/* The one expression of the op; its inputs are those of now. */
static sw_status read_column_expr(struct reader *reader, struct sw_span text, struct sw_edit_op *op,
                                  struct sw_err *err)
{
    op->set = sw_arena_array(&reader->plan->arena, 1, sizeof *op->set);
    if (op->set == NULL) {
        return sw_edit_no_memory(err);
    }
    op->sets = 1;
    op->set->column = op->column;
    return sw_edit_expr_read(&reader->plan->arena, text, reader->input, reader->context,
                             &op->set->expr, err);
}

static sw_status read_add(struct reader *reader, const struct sw_json *params,
                          struct sw_edit_op *op, struct sw_err *err)
{
    struct sw_span expr = {0};
    struct sw_span type = {0};
    bool is_frozen = false;
    const struct sw_param list[] = {{"name", SW_PARAM_NAME, true, &op->column, 0, 0},
                                    {"expr", SW_PARAM_TEXT, false, &expr, 0, 0},
                                    {"type", SW_PARAM_TEXT, false, &type, 0, 0},
                                    {"frozen", SW_PARAM_BOOL, false, &is_frozen, 0, 0}};
    SW_TRY(sw_params_read(params, "table.add_column", list, 4, of_caller, err));
    if (!sw_json_is_null(sw_json_member(params, "type"))) {
        SW_TRY(read_type(type, "table.add_column", op, err));
    }
    if (sw_json_is_null(sw_json_member(params, "expr"))) {
        if (!op->has_type) {
            return sw_fail(err, SW_PARAMS,
                           "table.add_column: give an `expr`, or a `type` for a column of nulls");
        }
        return SW_OK;
    }
    op->formula = is_frozen ? (struct sw_span){0} : expr;
    return read_column_expr(reader, expr, op, err);
}

static sw_status read_set_formula(struct reader *reader, const struct sw_json *params,
                                  struct sw_edit_op *op, struct sw_err *err)
{
    struct sw_span type = {0};
    const struct sw_param list[] = {{"column", SW_PARAM_NAME, true, &op->column, 0, 0},
                                    {"expr", SW_PARAM_TEXT, true, &op->formula, 0, 0},
                                    {"type", SW_PARAM_TEXT, false, &type, 0, 0}};
    SW_TRY(sw_params_read(params, "table.set_formula", list, 3, of_caller, err));
    if (!sw_json_is_null(sw_json_member(params, "type"))) {
        SW_TRY(read_type(type, "table.set_formula", op, err));
    }
    return read_column_expr(reader, op->formula, op, err);
}

static sw_status read_freeze(struct reader *reader, const struct sw_json *params,
                             struct sw_edit_op *op, struct sw_err *err)
{
    (void)reader;
    const struct sw_param list[] = {{"column", SW_PARAM_NAME, true, &op->column, 0, 0}};
    return sw_params_read(params, "table.freeze_column", list, 1, of_caller, err);
}

static sw_status read_drop(struct reader *reader, const struct sw_json *params,
                           struct sw_edit_op *op, struct sw_err *err)
{
    (void)reader;
    const struct sw_param list[] = {{"column", SW_PARAM_NAME, true, &op->column, 0, 0}};
    return sw_params_read(params, "table.drop_column", list, 1, of_caller, err);
}

static sw_status read_rename(struct reader *reader, const struct sw_json *params,
                             struct sw_edit_op *op, struct sw_err *err)
{
    (void)reader;
    const struct sw_param list[] = {{"from", SW_PARAM_NAME, true, &op->column, 0, 0},
                                    {"to", SW_PARAM_NAME, true, &op->to, 0, 0}};
    return sw_params_read(params, "table.rename_column", list, 2, of_caller, err);
}

static sw_status read_cast(struct reader *reader, const struct sw_json *params,
                           struct sw_edit_op *op, struct sw_err *err)
{
    (void)reader;
    struct sw_span type = {0};
    struct sw_span on_error = sw_span_text("fail");
    const struct sw_param list[] = {{"column", SW_PARAM_NAME, true, &op->column, 0, 0},
                                    {"type", SW_PARAM_TEXT, true, &type, 0, 0},
                                    {"on_error", SW_PARAM_TEXT, false, &on_error, 0, 0},
                                    {"preview", SW_PARAM_BOOL, false, &op->is_preview, 0, 0}};
    SW_TRY(sw_params_read(params, "table.cast_column", list, 4, of_caller, err));
    SW_TRY(read_type(type, "table.cast_column", op, err));
    op->is_null_on_error = sw_span_equal(on_error, sw_span_text("null"));
    op->is_kept_on_error = sw_span_equal(on_error, sw_span_text("keep"));
    if (!op->is_null_on_error && !op->is_kept_on_error &&
        !sw_span_equal(on_error, sw_span_text("fail"))) {
        return sw_fail(err, SW_PARAMS,
                       "table.cast_column: on_error is \"fail\", \"null\" or \"keep\"");
    }
    return SW_OK;
}

static sw_status read_preview(struct reader *reader, const struct sw_json *params,
                              struct sw_edit_op *op, struct sw_err *err)
{
    struct sw_span expr = {0};
    struct sw_span type = {0};
    struct sw_span where = {0};
    op->limit = SW_PREVIEW_ROWS;
    const struct sw_param list[] = {{"expr", SW_PARAM_TEXT, false, &expr, 0, 0},
                                    {"type", SW_PARAM_TEXT, false, &type, 0, 0},
                                    {"where", SW_PARAM_TEXT, false, &where, 0, 0},
                                    {"limit", SW_PARAM_INT, false, &op->limit, 0, INT64_MAX}};
    SW_TRY(sw_params_read(params, "table.preview", list, 4, of_caller, err));
    if (op->limit > SW_PAGE_ROWS_MAX) {
        return sw_fail_limit(err, "page_rows", op->limit, SW_PAGE_ROWS_MAX, "look at fewer rows");
    }
    op->is_preview = true;
    if (!sw_json_is_null(sw_json_member(params, "type"))) {
        SW_TRY(read_type(type, "table.preview", op, err));
    }
    SW_TRY(read_rows(reader, params, where, NULL, "table.preview", op, err));
    return sw_json_is_null(sw_json_member(params, "expr"))
               ? SW_OK
               : read_column_expr(reader, expr, op, err);
}

/* -- the plan ---------------------------------------------------------------------------- */

static sw_status read_op(struct reader *reader, struct sw_span method, const struct sw_json *params,
                         struct sw_err *err)
{
    static sw_status (*const read[SW_EDIT_KINDS])(struct reader *, const struct sw_json *,
                                                  struct sw_edit_op *, struct sw_err *) = {
        [SW_EDIT_UPDATE] = read_update,        [SW_EDIT_APPEND] = read_append,
        [SW_EDIT_DELETE_ROWS] = read_delete,   [SW_EDIT_ADD_COLUMN] = read_add,
        [SW_EDIT_DROP_COLUMN] = read_drop,     [SW_EDIT_RENAME_COLUMN] = read_rename,
        [SW_EDIT_CAST_COLUMN] = read_cast,     [SW_EDIT_SET_FORMULA] = read_set_formula,
        [SW_EDIT_FREEZE_COLUMN] = read_freeze, [SW_EDIT_PREVIEW] = read_preview,
    };
    struct sw_edit_op *op = &reader->plan->op[reader->plan->ops];
    if (!find_kind(method, &op->kind)) {
        return sw_fail(err, SW_PARAMS,
                       "table.batch: `%.*s` is no edit; there are table.update, append, "
                       "delete_rows, add_column, drop_column, rename_column, cast_column, "
                       "set_formula and freeze_column",
                       sw_edit_shown(method, 40), method.data);
    }
    reader->plan->ops++; /* from here on it is freed with the plan */
    return read[op->kind](reader, params, op, err);
}

static sw_status read_batch(struct reader *reader, const struct sw_json *params, struct sw_err *err)
{
    const struct sw_json *ops = NULL;
    const struct sw_param list[] = {{"ops", SW_PARAM_ARRAY, true, &ops, 0, 0}};
    SW_TRY(sw_params_read(params, "table.batch", list, 1, of_caller, err));
    size_t count = ops->u.list.count;
    if (count == 0) {
        return sw_fail(err, SW_PARAMS, "table.batch: `ops` is empty");
    }
    if (count > SW_EDITS_PER_BATCH_MAX) {
        return sw_fail_limit(err, "edits_per_batch", (int64_t)count, SW_EDITS_PER_BATCH_MAX,
                             "one table.update or table.append can change many rows");
    }
    reader->plan->op = sw_arena_array(&reader->plan->arena, count, sizeof *reader->plan->op);
    if (reader->plan->op == NULL) {
        return sw_edit_no_memory(err);
    }
    const struct sw_json *table = sw_json_member(params, "table");
    for (size_t i = 0; i < count; i++) {
        struct sw_span method = {0};
        const struct sw_json *inner = NULL;
        const struct sw_param each[] = {{"method", SW_PARAM_TEXT, true, &method, 0, 0},
                                        {"params", SW_PARAM_OBJECT, true, &inner, 0, 0}};
        SW_TRY(sw_params_read(&ops->u.list.items[i], "table.batch", each, 2, NULL, err));
        const struct sw_json *own = sw_json_member(inner, "table");
        if (own != NULL && (table == NULL || !sw_json_equal(own, table))) {
            return sw_fail(err, SW_PARAMS, "table.batch: all its ops are about one table");
        }
        if (sw_json_member(inner, "if_version") != NULL) {
            return sw_fail(err, SW_PARAMS, "table.batch: if_version stands beside ops, not in one");
        }
        SW_TRY(read_op(reader, method, inner, err));
        if (reader->plan->op[i].is_preview) {
            return sw_fail(err, SW_PARAMS,
                           "table.batch: a preview changes nothing: ask for it "
                           "by itself");
        }
    }
    return SW_OK;
}

sw_status sw_edit_plan_new(struct sw_span method, const struct sw_json *params,
                           struct sw_arena_held *held, sw_expr_input_fn input, void *context,
                           struct sw_edit_plan **plan, struct sw_err *err)
{
    struct sw_edit_plan *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sw_edit_no_memory(err);
    }
    sw_arena_init(&made->arena);
    made->is_batch = sw_span_equal(method, sw_span_text("table.batch"));
    struct reader reader = {made, input, context};
    sw_status status = SW_OK;
    if (held != NULL) {
        made->held = sw_arena_held_ref(held);
    } else if (params != NULL) {
        params = sw_json_copy(&made->arena, params);
        status = params == NULL ? sw_edit_no_memory(err) : SW_OK;
    }
    if (status == SW_OK && made->is_batch) {
        status = read_batch(&reader, params, err);
    } else if (status == SW_OK) {
        made->op = sw_arena_array(&made->arena, 1, sizeof *made->op);
        status = made->op == NULL ? sw_edit_no_memory(err) : read_op(&reader, method, params, err);
    }
    if (status != SW_OK) {
        sw_edit_plan_free(made);
        return status;
    }
    *plan = made;
    return SW_OK;
}

bool sw_edit_plan_is_preview(const struct sw_edit_plan *plan)
{
    return plan != NULL && plan->ops == 1 && plan->op[0].is_preview;
}

void sw_edit_plan_free(struct sw_edit_plan *plan)
{
    if (plan == NULL) {
        return;
    }
    for (uint32_t i = 0; i < plan->ops; i++) {
        struct sw_edit_op *op = &plan->op[i];
        if (op->where.expr != NULL) {
            sw_expr_free(op->where.expr);
        }
        for (size_t j = 0; j < op->sets; j++) {
            if (op->set[j].expr.expr != NULL) {
                sw_expr_free(op->set[j].expr.expr);
            }
        }
    }
    sw_arena_fini(&plan->arena);
    sw_arena_held_unref(plan->held);
    free(plan);
}

uint32_t sw_edit_plan_ops(const struct sw_edit_plan *plan)
{
    return plan->ops;
}

size_t sw_edit_plan_bytes(const struct sw_edit_plan *plan)
{
    size_t held = plan->held == NULL ? 0 : sw_arena_held_bytes(plan->held);
    return sizeof *plan + plan->arena.bytes + held;
}
