#include <stdio.h>

#include "base/params.h"
#include "session/derived.h"

/* table.create: what is said about the new table; the definition is read by derive/. */

static sw_status new_table(struct sw_span name, struct sw_derived *derived, struct sw_table **table,
                           struct sw_err *err)
{
    struct sw_buf source;
    sw_status status = sw_table_new(name, table);
    if (status != SW_OK) {
        sw_derived_free(derived);
        return sw_fail(err, status, "out of memory");
    }
    (*table)->derived = derived;
    sw_buf_init(&source);
    sw_derive_plan_say(derived->plan, &source);
    sw_buf_put_byte(&source, '\0');
    (void)snprintf((*table)->source, sizeof(*table)->source, "%.127s",
                   source.failed ? "derived" : source.data);
    sw_buf_fini(&source);
    return SW_OK;
}

sw_status sw_method_table_create(struct sw_call *call, struct sw_err *err)
{
    static const char *const also[] = {"from",     "join",   "columns", "where",    "select",
                                       "group_by", "having", "pivot",   "measures", "distinct",
                                       "sort",     "limit",  NULL};
    struct sw_span name = {0};
    bool is_snapshot = false;
    bool is_replace = false;
    const struct sw_param list[] = {
        {"table", SW_PARAM_NAME, true, &name, 0, 0},
        {"snapshot", SW_PARAM_BOOL, false, &is_snapshot, 0, 0},
        {"replace", SW_PARAM_BOOL, false, &is_replace, 0, 0},
    };
    struct sw_derived *derived = NULL;
    struct sw_table *table = NULL;
    SW_TRY(sw_params_read(call->request->params, "table.create", list, 3, also, err));
    SW_TRY(sw_derived_new(call->request->params, &derived, err));
    sw_status status =
        sw_derived_check_sources(call->session, derived->plan, name, is_snapshot, err);
    if (status != SW_OK) {
        sw_derived_free(derived);
        return status;
    }
    SW_TRY(new_table(name, derived, &table, err));
    return sw_deriving_create(call, table, is_snapshot, is_replace, err);
}
