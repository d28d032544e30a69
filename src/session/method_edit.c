#include "base/params.h"
#include "session/change.h"
#include "session/derived.h"
#include "session/editing.h"
#include "session/history.h"

/* The methods that change a table: table and if_version are read here, the rest by edit/. */

static sw_status read_common(struct sw_call *call, const char *const *also, struct sw_span *table,
                             int64_t *if_version, struct sw_err *err)
{
    char what[SW_NAME_BYTES_MAX + 1];
    struct sw_span method = call->request->method;
    sw_assert(method.length < sizeof what);
    memcpy(what, method.data, method.length);
    what[method.length] = '\0';
    *if_version = -1;
    const struct sw_param list[] = {{"table", SW_PARAM_NAME, true, table, 0, 0},
                                    {"if_version", SW_PARAM_INT, false, if_version, 0, INT64_MAX}};
    SW_TRY(sw_params_read(call->request->params, what, list, 2, also, err));
    struct sw_table *found = NULL;
    SW_TRY(sw_tables_need(&call->session->tables, *table, &found, err));
    SW_TRY(sw_derived_check_edit(found, err));
    if (found->version == NULL || found->is_loading) {
        return sw_fail(err, SW_NOT_ALLOWED, "`%s` is still loading: edit it when it is complete",
                       found->name);
    }
    return SW_OK;
}

sw_status sw_method_table_edit(struct sw_call *call, struct sw_err *err)
{
    static const char *const also[] = {"set",      "where",  "row_ids", "columns", "rows", "name",
                                       "expr",     "type",   "column",  "from",    "to",   "ops",
                                       "on_error", "frozen", "preview", "limit",   NULL};
    struct sw_span table = {0};
    int64_t if_version;
    struct sw_edit_plan *plan = NULL;
    SW_TRY(read_common(call, also, &table, &if_version, err));
    struct sw_seen_inputs seen = {.call = call};
    sw_status status = sw_edit_plan_new(call->request->method, call->request->params, call->held,
                                        sw_seen_input, &seen, &plan, err);
    sw_seen_inputs_end(&seen);
    if (status != SW_OK) {
        return status;
    }
    return sw_editing_add(call, SW_TASK_PLAN, table, plan, if_version, err);
}

sw_status sw_method_table_undo(struct sw_call *call, struct sw_err *err)
{
    struct sw_span table = {0};
    int64_t if_version;
    SW_TRY(read_common(call, NULL, &table, &if_version, err));
    return sw_editing_add(call, SW_TASK_UNDO, table, NULL, if_version, err);
}

sw_status sw_method_table_redo(struct sw_call *call, struct sw_err *err)
{
    struct sw_span table = {0};
    int64_t if_version;
    SW_TRY(read_common(call, NULL, &table, &if_version, err));
    return sw_editing_add(call, SW_TASK_REDO, table, NULL, if_version, err);
}

sw_status sw_method_table_history(struct sw_call *call, struct sw_err *err)
{
    struct sw_span name = {0};
    const struct sw_param list[] = {{"table", SW_PARAM_NAME, true, &name, 0, 0}};
    struct sw_table *table = NULL;
    SW_TRY(sw_params_read(call->request->params, "table.history", list, 1, NULL, err));
    SW_TRY(sw_tables_need(&call->session->tables, name, &table, err));
    sw_history_put(table->history, &call->result);
    return SW_OK;
}
