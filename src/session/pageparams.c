#include "session/pageparams.h"

static sw_status resolve(struct sw_session *session, const struct sw_page_params *params,
                         struct sw_version *version, struct sw_page_resolved *resolved,
                         struct sw_page_spec *spec, struct sw_err *err)
{
    SW_TRY(sw_window_init(&resolved->window, params->columns, params->sort, version->schema, err));
    spec->columns = resolved->window.columns;
    spec->column_count = resolved->window.column_count;
    spec->sort = resolved->window.sort;
    spec->sort_count = resolved->window.sort_count;
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
    sw_window_fini(&resolved->window);
    sw_buf_fini(&resolved->key);
    *resolved = (struct sw_page_resolved){0};
}
