#include "session/pageparams.h"

#include <stdlib.h>

/* -- what it reads ------------------------------------------------------------------------- */

static void add_names(const struct sw_json *list, struct sw_span *column, size_t *columns)
{
    for (size_t i = 0; list != NULL && i < list->u.list.count; i++) {
        const struct sw_json *item = &list->u.list.items[i];
        const struct sw_json *name =
            item->kind == SW_JSON_OBJECT ? sw_json_member(item, "column") : item;
        if (sw_json_get_text(name, &column[*columns])) {
            (*columns)++;
        }
    }
}

/* False: no memory. */
static bool fill_need(struct sw_session *session, const struct sw_page_params *params,
                      struct sw_arena *arena, struct sw_need *need)
{
    const struct sw_table *table = sw_tables_find(&session->tables, params->table);
    const struct sw_schema *schema =
        table == NULL || table->version == NULL ? NULL : table->version->schema;
    *need = (struct sw_need){.table = params->table};
    if (schema == NULL || schema->formulas == 0) {
        return true;
    }
    size_t room = schema->columns + (params->columns == NULL ? 0 : params->columns->u.list.count) +
                  (params->sort == NULL ? 0 : params->sort->u.list.count);
    struct sw_span *column = sw_arena_array(arena, room + 1, sizeof *column);
    uint8_t *set = sw_arena_array(arena, schema->columns, 1);
    if (column == NULL || set == NULL) {
        return false;
    }
    add_names(params->columns, column, &need->columns);
    add_names(params->sort, column, &need->columns);
    sw_graph_add_reads(session->graph, schema, params->select, params->where, set);
    for (uint32_t i = 0; i < schema->columns; i++) {
        if (set[i] != 0) {
            column[need->columns++] = sw_span_text(schema->column[i].name);
        }
    }
    need->column = column;
    need->is_all = params->columns == NULL;
    bool is_window = params->sort == NULL && params->where.data == NULL &&
                     params->select.data == NULL && params->limit > 0;
    need->first_row = is_window ? (uint64_t)params->offset : 0;
    need->rows = is_window ? (uint64_t)params->limit : 0;
    return true;
}

sw_status sw_page_params_prepare(struct sw_call *call, const struct sw_page_params *params,
                                 struct sw_version **version, struct sw_err *err)
{
    struct sw_need need;
    struct sw_arena arena;
    sw_arena_init(&arena);
    sw_status status = fill_need(call->session, params, &arena, &need)
                           ? sw_call_prepare(call, &need, version, err)
                           : sw_fail(err, SW_NO_MEMORY, "out of memory");
    sw_arena_fini(&arena);
    return status;
}

/* A formula that cannot be computed now is an error for whoever needs its values. */
static sw_status check_formulas(struct sw_session *session, const struct sw_page_params *params,
                                const struct sw_page_spec *spec, const struct sw_schema *schema,
                                struct sw_err *err)
{
    if (schema->formulas == 0) {
        return SW_OK;
    }
    uint8_t *set = calloc(schema->columns, 1);
    if (set == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; !params->is_shown && i < spec->column_count; i++) {
        set[spec->columns[i]] = 1;
    }
    for (uint32_t i = 0; !params->is_shown && spec->columns == NULL && i < schema->columns; i++) {
        set[i] = 1;
    }
    for (uint32_t i = 0; i < spec->sort_count; i++) {
        set[spec->sort[i].column] = 1;
    }
    sw_graph_add_reads(session->graph, schema, params->select, params->where, set);
    sw_schema_add_sources(schema, set);
    sw_status status = sw_schema_check_formulas(schema, set, err);
    free(set);
    return status;
}

/* -- what is asked for ------------------------------------------------------------------------ */

static sw_status resolve(struct sw_session *session, const struct sw_page_params *params,
                         struct sw_version *version, struct sw_page_resolved *resolved,
                         struct sw_page_spec *spec, struct sw_err *err)
{
    SW_TRY(sw_window_init(&resolved->window, params->columns, params->sort, version->schema, err));
    spec->columns = resolved->window.columns;
    spec->column_count = resolved->window.column_count;
    spec->sort = resolved->window.sort;
    spec->sort_count = resolved->window.sort_count;
    SW_TRY(check_formulas(session, params, spec, version->schema, err));
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
