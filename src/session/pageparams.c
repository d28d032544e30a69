#include "session/pageparams.h"

#include <stdlib.h>

#include "base/params.h"

static sw_status resolve_columns(const struct sw_json *names, const struct sw_schema *schema,
                                 struct sw_page_resolved *resolved, struct sw_page_spec *spec,
                                 struct sw_err *err)
{
    if (names == NULL) {
        return SW_OK;
    }
    size_t count = names->u.list.count;
    if (count == 0 || count > SW_COLUMNS_MAX) {
        return sw_fail(err, SW_PARAMS, "`columns` must name 1 to %u columns", SW_COLUMNS_MAX);
    }
    resolved->columns = calloc(count, sizeof resolved->columns[0]);
    if (resolved->columns == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        struct sw_span name;
        if (!sw_json_get_text(&names->u.list.items[i], &name)) {
            return sw_fail(err, SW_PARAMS, "`columns` must be a list of column names");
        }
        SW_TRY(sw_schema_need(schema, name, &resolved->columns[i], err));
    }
    spec->columns = resolved->columns;
    spec->column_count = (uint32_t)count;
    return SW_OK;
}

static sw_status resolve_sort(const struct sw_json *keys, const struct sw_schema *schema,
                              struct sw_page_resolved *resolved, struct sw_page_spec *spec,
                              struct sw_err *err)
{
    size_t count = keys == NULL ? 0 : keys->u.list.count;
    if (count > SW_SORT_KEYS_MAX) {
        return sw_fail_limit(err, "sort_keys", (int64_t)count, SW_SORT_KEYS_MAX,
                             "sort by fewer columns");
    }
    for (size_t i = 0; i < count; i++) {
        struct sw_span name = {0};
        const struct sw_param list[] = {
            {"column", SW_PARAM_TEXT, true, &name, 0, 0},
            {"desc", SW_PARAM_BOOL, false, &resolved->sort[i].is_descending, 0, 0},
        };
        SW_TRY(sw_params_read(&keys->u.list.items[i], "sort", list, 2, NULL, err));
        SW_TRY(sw_schema_need(schema, name, &resolved->sort[i].column, err));
    }
    spec->sort = resolved->sort;
    spec->sort_count = (uint32_t)count;
    return SW_OK;
}

static sw_status resolve(struct sw_session *session, const struct sw_page_params *params,
                         struct sw_version *version, struct sw_page_resolved *resolved,
                         struct sw_page_spec *spec, struct sw_err *err)
{
    SW_TRY(resolve_columns(params->columns, version->schema, resolved, spec, err));
    SW_TRY(resolve_sort(params->sort, version->schema, resolved, spec, err));
    size_t count = 0;
    SW_TRY(sw_graph_filters(session->graph, version, params->table, params->select, params->where,
                            resolved->filters, SW_CLAUSES_MAX + 1, &count, &resolved->key, err));
    spec->filters = resolved->filters;
    spec->filter_count = (uint32_t)count;
    spec->filter_key = sw_buf_peek(&resolved->key);
    spec->version = version;
    spec->offset = (uint64_t)params->offset;
    spec->limit = (uint32_t)params->limit;
    return SW_OK;
}

sw_status sw_page_params_resolve(struct sw_session *session, const struct sw_page_params *params,
                                 struct sw_version *version, struct sw_page_resolved *resolved,
                                 struct sw_page_spec *spec, struct sw_err *err)
{
    *resolved = (struct sw_page_resolved){0};
    sw_buf_init(&resolved->key);
    sw_status status = resolve(session, params, version, resolved, spec, err);
    if (status != SW_OK) {
        sw_page_params_fini(resolved);
    }
    return status;
}

void sw_page_params_drop_filters(const struct sw_page_spec *spec)
{
    for (uint32_t i = 0; i < spec->filter_count; i++) {
        sw_filter_free(spec->filters[i]);
    }
}

void sw_page_params_fini(struct sw_page_resolved *resolved)
{
    free(resolved->columns);
    sw_buf_fini(&resolved->key);
    *resolved = (struct sw_page_resolved){0};
}
