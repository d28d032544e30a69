#include <inttypes.h>
#include <stdlib.h>

#include "base/params.h"
#include "session/derived.h"
#include "session/dispatch.h"
#include "session/editing.h"
#include "session/pageparams.h"
#include "session/server_priv.h"
#include "wire/encode.h"

#define PAGE_ROWS_DEFAULT 100

/* -- table.list, table.drop --------------------------------------------------------------- */

void sw_put_tables(struct sw_buf *out, const struct sw_tables *tables)
{
    sw_buf_put_byte(out, '[');
    for (uint32_t i = 0; i < tables->count; i++) {
        const struct sw_table *table = tables->item[i];
        sw_buf_put_text(out, i == 0 ? "{\"table\":" : ",{\"table\":");
        sw_json_put_text(out, sw_span_text(table->name));
        sw_buf_printf(out, ",\"rows\":%" PRIu64 ",\"version\":%" PRIu64 ",\"shared\":%s",
                      sw_table_rows(table), sw_table_version_number(table),
                      table->is_shared ? "true" : "false");
        if (table->derived != NULL) {
            sw_buf_printf(out, ",\"derived\":true,\"stale\":%s",
                          sw_derived_is_stale(table->derived) ? "true" : "false");
        }
        sw_buf_put_byte(out, '}');
    }
    sw_buf_put_byte(out, ']');
}

sw_status sw_method_table_list(struct sw_call *call, struct sw_err *err)
{
    SW_TRY(sw_params_read(call->request->params, "table.list", NULL, 0, NULL, err));
    sw_put_tables(&call->result, &call->session->tables);
    return SW_OK;
}

static sw_status read_table(struct sw_call *call, const char *what, struct sw_table **table,
                            struct sw_err *err)
{
    struct sw_span name = {0};
    const struct sw_param list[] = {{"table", SW_PARAM_NAME, true, &name, 0, 0}};
    SW_TRY(sw_params_read(call->request->params, what, list, 1, NULL, err));
    return sw_tables_need(&call->session->tables, name, table, err);
}

sw_status sw_method_table_drop(struct sw_call *call, struct sw_err *err)
{
    struct sw_table *table;
    SW_TRY(read_table(call, "table.drop", &table, err));
    if (table->is_loading && !table->is_shared) {
        return sw_fail(err, SW_NOT_ALLOWED,
                       "`%s` is still being uploaded: cancel the upload instead", table->name);
    }
    SW_TRY(sw_derived_check_drop(call->session, table, err));
    /* the name is gone before the graph looks for it */
    (void)sw_table_ref(table);
    sw_tables_remove(&call->session->tables, table);
    call->session->moment++;
    sw_graph_table_changed(call->session->graph, sw_span_text(table->name), false);
    sw_table_unref(table);
    return SW_OK;
}

/* -- table.describe ------------------------------------------------------------------------- */

static void put_formula(struct sw_buf *out, const struct sw_version *version, uint32_t column)
{
    const struct sw_formula *formula = version->schema->column[column].formula;
    uint64_t misfits = 0;
    if (formula == NULL) {
        return;
    }
    sw_buf_put_text(out, ",\"formula\":");
    sw_json_put_text(out, formula->text);
    for (uint32_t i = 0; i < version->groups; i++) {
        const struct sw_chunk *chunk = version->group[i]->chunk[column];
        misfits += chunk == NULL ? 0 : chunk->misfits;
    }
    if (misfits > 0) {
        sw_buf_printf(out, ",\"misfits\":%" PRIu64, misfits);
    }
    if (formula->broken != NULL) {
        sw_buf_put_text(out, ",\"formula_error\":");
        sw_json_put_text(out, sw_span_text(formula->broken));
    }
}

static void put_exceptions(struct sw_buf *out, const struct sw_column_stats *stats)
{
    if (stats->exceptions == 0) {
        return;
    }
    sw_buf_printf(out, ",\"exceptions\":{\"count\":%" PRIu64 ",\"first\":[", stats->exceptions);
    for (uint32_t i = 0; i < stats->exceptions_listed; i++) {
        sw_buf_printf(out, "%s{\"row_id\":%" PRIu64 ",\"value\":", i == 0 ? "" : ",",
                      stats->exception[i].row_id);
        sw_json_put_text(out, stats->exception[i].text);
        sw_buf_put_byte(out, '}');
    }
    sw_buf_put_text(out, "]}");
}

static void put_columns(struct sw_buf *out, const struct sw_version *version,
                        const struct sw_description *description)
{
    sw_buf_put_byte(out, '[');
    for (uint32_t i = 0; version != NULL && i < version->schema->columns; i++) {
        const struct sw_column *column = &version->schema->column[i];
        const struct sw_column_stats *stats = &description->column[i];
        sw_buf_put_text(out, i == 0 ? "{\"name\":" : ",{\"name\":");
        sw_json_put_text(out, sw_span_text(column->name));
        sw_buf_printf(out,
                      ",\"type\":\"%s\",\"nulls\":%" PRIu64 ",\"min\":", sw_type_name(column->type),
                      stats->nulls);
        if (stats->has_values) {
            sw_encode_value(out, &stats->min);
            sw_buf_put_text(out, ",\"max\":");
            sw_encode_value(out, &stats->max);
        } else {
            sw_buf_put_text(out, "null,\"max\":null");
        }
        sw_buf_printf(out, ",\"distinct\":%" PRIu64 ",\"distinct_exact\":%s", stats->distinct,
                      stats->is_distinct_exact ? "true" : "false");
        put_exceptions(out, stats);
        put_formula(out, version, i);
        sw_buf_put_byte(out, '}');
    }
    sw_buf_put_byte(out, ']');
}

/* The column that was the file's n-th, by its present name; NULL: none, or dropped since. */
static const char *name_of_file_column(const struct sw_schema *schema, int64_t nth)
{
    for (uint32_t i = 0; i < schema->columns; i++) {
        if (nth >= 0 && schema->column[i].id == (uint64_t)nth) {
            return schema->column[i].name;
        }
    }
    return NULL;
}

static void put_bad_rows(struct sw_buf *out, const struct sw_table *table)
{
    sw_buf_printf(out, "{\"count\":%" PRIu64 ",\"first\":[", table->bad_count);
    for (uint32_t i = 0; i < table->bad_kept; i++) {
        const struct sw_bad_row *bad = &table->bad[i];
        sw_buf_printf(out, "%s{\"line\":%" PRIu64, i == 0 ? "" : ",", bad->line);
        const char *column = table->version == NULL
                                 ? NULL
                                 : name_of_file_column(table->version->schema, bad->column);
        if (column != NULL) {
            sw_buf_put_text(out, ",\"column\":");
            sw_json_put_text(out, sw_span_text(column));
        }
        sw_buf_put_text(out, ",\"reason\":");
        sw_json_put_text(out, sw_span_text(bad->reason));
        sw_buf_put_byte(out, '}');
    }
    sw_buf_put_text(out, "]}");
}

static void put_description(struct sw_buf *out, const struct sw_table *table,
                            const struct sw_version *version, bool is_loading,
                            const struct sw_description *description)
{
    sw_buf_put_text(out, "{\"table\":");
    sw_json_put_text(out, sw_span_text(table->name));
    sw_buf_printf(out,
                  ",\"version\":%" PRIu64 ",\"rows\":%" PRIu64
                  ",\"bytes\":%zu,\"spilled_bytes\":%zu,\"source\":",
                  version == NULL ? 0 : version->number, version == NULL ? 0 : version->rows,
                  version == NULL ? 0 : sw_version_bytes(version),
                  version == NULL ? 0 : sw_version_away_bytes(version));
    sw_json_put_text(out, sw_span_text(table->source));
    sw_buf_printf(out, ",\"shared\":%s,\"status\":\"%s\"", table->is_shared ? "true" : "false",
                  is_loading ? "loading" : "ready");
    if (is_loading) {
        sw_buf_printf(out, ",\"loading\":{\"bytes\":%" PRIu64 ",\"rows\":%" PRIu64,
                      table->bytes_read, table->rows_read);
        if (table->bytes_total >= 0) {
            sw_buf_printf(out, ",\"total\":%" PRId64, table->bytes_total);
        }
        sw_buf_put_byte(out, '}');
    }
    sw_buf_put_text(out, ",\"columns\":");
    put_columns(out, version, description);
    sw_buf_put_text(out, ",\"bad_rows\":");
    put_bad_rows(out, table);
    sw_buf_printf(out, ",\"replaced_bytes\":%" PRIu64, table->replaced_bytes);
    if (table->derived != NULL) {
        sw_buf_put_text(out, ",\"derived\":");
        sw_buf_put(out, table->derived->definition.data, table->derived->definition.length);
    }
    sw_buf_put_byte(out, '}');
}

struct describe_call {
    struct sw_pending *pending;
    struct sw_table *table;     /* counted */
    struct sw_version *version; /* counted */
    bool is_loading;            /* the table was, when that version was its newest */
    struct sw_describe_job *job;
};

static void cancel_describe(void *work)
{
    struct describe_call *call = work;
    sw_describe_cancel(call->job);
}

static void describe_done(void *context, sw_status status, struct sw_description *description,
                          const struct sw_err *err)
{
    struct describe_call *call = context;
    struct sw_buf result;
    sw_buf_init(&result);
    if (status == SW_OK) {
        put_description(&result, call->table, call->version, call->is_loading, description);
        sw_description_free(call->table->description);
        call->table->description = description;
    }
    sw_pending_answer(call->pending, &result, status == SW_OK ? NULL : err);
    sw_buf_fini(&result);
    sw_version_unref(call->version);
    sw_table_unref(call->table);
    free(call);
}

static sw_status start_describe(struct sw_call *call, struct sw_table *table,
                                struct sw_version *version, struct sw_err *err)
{
    struct describe_call *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }

    sw_status status = sw_describe_submit(call->session->server->pool, call->session->lane, version,
                                          describe_done, made, &made->job);
    if (status != SW_OK) {
        free(made);
        return sw_fail(err, status, "out of memory");
    }
    made->table = sw_table_ref(table);
    made->version = sw_version_ref(version);
    made->is_loading = table->is_loading;
    status = sw_pending_new(call, &made->pending, err);
    sw_assert(status == SW_OK);
    made->pending->cancel = cancel_describe;
    made->pending->work = made;
    return SW_OK;
}

sw_status sw_method_table_describe(struct sw_call *call, struct sw_err *err)
{
    struct sw_table *table;
    SW_TRY(read_table(call, "table.describe", &table, err));
    bool is_known =
        table->version == NULL ||
        (table->description != NULL && table->description->version == table->version->number);
    if (!is_known) {
        const struct sw_need need = {.table = sw_span_text(table->name), .is_all = true};
        struct sw_version *version = NULL;
        SW_TRY(sw_call_prepare(call, &need, &version, err));
        sw_status status = start_describe(call, table, version, err);
        sw_version_unref(version);
        return status;
    }
    put_description(&call->result, table, table->version, table->is_loading, table->description);
    return SW_OK;
}

/* -- table.page -------------------------------------------------------------------------------- */

struct page_call {
    struct sw_pending *pending;
    struct sw_page_job *job;
    struct sw_session *session;
    struct sw_arena arena;        /* of params */
    struct sw_page_params params; /* to be asked once more when memory was short */
    struct sw_version *version;   /* counted */
    bool is_again;
};

static void free_page_call(struct page_call *call)
{
    sw_version_unref(call->version);
    sw_arena_fini(&call->arena);
    free(call);
}

static void cancel_page(void *work)
{
    struct page_call *call = work;
    sw_page_cancel(call->job);
}

static bool try_page_again(struct page_call *call, const struct sw_err *err);

static void page_done(void *context, sw_status status, struct sw_page *page,
                      const struct sw_err *err)
{
    struct page_call *call = context;
    struct sw_buf result;
    if (status == SW_LIMIT && try_page_again(call, err)) {
        return;
    }
    sw_buf_init(&result);
    if (status == SW_OK) {
        sw_encode_page(&result, page);
    }
    sw_pending_answer(call->pending, &result, status == SW_OK ? NULL : err);
    sw_buf_fini(&result);
    sw_page_unref(page);
    free_page_call(call);
}

static sw_status start_page(struct page_call *call, struct sw_err *err)
{
    struct sw_session *session = call->session;
    struct sw_page_resolved resolved;
    struct sw_page_spec spec = {0};
    SW_TRY(sw_page_params_resolve(session, &call->params, call->version, &resolved, &spec, err));
    sw_status status = sw_page_submit(session->server->pool, session->lane, session->orders, &spec,
                                      page_done, call, &call->job, err);
    sw_page_params_fini(&resolved);
    return status;
}

/* Sorting takes memory, for which old steps of edits give way. */
static bool try_page_again(struct page_call *call, const struct sw_err *err)
{
    struct sw_err unused = {0};
    if (call->is_again || call->pending->socket == NULL || call->session->graph == NULL ||
        !sw_editing_make_room(call->session, err)) {
        return false;
    }
    call->is_again = true;
    return start_page(call, &unused) == SW_OK;
}

static bool copy_span(struct sw_arena *arena, struct sw_span *text)
{
    if (text->data != NULL) {
        text->data = sw_arena_text(arena, *text);
        return text->data != NULL;
    }
    return true;
}

static bool copy_json(struct sw_arena *arena, const struct sw_json **json)
{
    if (*json != NULL) {
        *json = sw_json_copy(arena, *json);
        return *json != NULL;
    }
    return true;
}

/* Takes over the version. */
static sw_status new_page_call(struct sw_call *call, const struct sw_page_params *params,
                               struct sw_version *version, struct page_call **result,
                               struct sw_err *err)
{
    struct page_call *made = calloc(1, sizeof *made);
    if (made == NULL) {
        sw_version_unref(version);
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    sw_arena_init(&made->arena);
    made->session = call->session;
    made->version = version;
    made->params = *params;
    struct sw_page_params *own = &made->params;
    bool is_copied = copy_span(&made->arena, &own->table) && copy_span(&made->arena, &own->where) &&
                     copy_span(&made->arena, &own->select) &&
                     copy_json(&made->arena, &own->columns) && copy_json(&made->arena, &own->sort);
    if (!is_copied) {
        free_page_call(made);
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    *result = made;
    return SW_OK;
}

static sw_status submit_page(struct sw_call *call, struct page_call *made, struct sw_err *err)
{
    sw_status status = sw_pending_new(call, &made->pending, err);
    if (status != SW_OK) {
        free_page_call(made);
        return status;
    }
    made->pending->cancel = cancel_page;
    made->pending->work = made;
    if (start_page(made, err) != SW_OK) {
        struct sw_buf unused = {0};
        struct sw_err copy = *err;
        sw_pending_answer(made->pending, &unused, &copy);
        free_page_call(made);
    }
    return SW_OK;
}

sw_status sw_method_table_page(struct sw_call *call, struct sw_err *err)
{
    struct sw_page_params params = {.limit = PAGE_ROWS_DEFAULT, .is_shown = true};
    const struct sw_param list[] = {
        {"table", SW_PARAM_NAME, true, &params.table, 0, 0},
        {"offset", SW_PARAM_INT, false, &params.offset, 0, INT64_MAX},
        {"limit", SW_PARAM_INT, false, &params.limit, 0, INT64_MAX},
        {"columns", SW_PARAM_ARRAY, false, &params.columns, 0, 0},
        {"sort", SW_PARAM_ARRAY, false, &params.sort, 0, 0},
        {"where", SW_PARAM_TEXT, false, &params.where, 0, 0},
        {"select", SW_PARAM_NAME, false, &params.select, 0, 0},
    };
    SW_TRY(sw_params_read(call->request->params, "table.page", list, 7, NULL, err));
    if (params.limit > SW_PAGE_ROWS_MAX) {
        return sw_fail_limit(err, "page_rows", params.limit, SW_PAGE_ROWS_MAX,
                             "ask for several pages");
    }
    struct sw_table *table;
    struct sw_version *version = NULL;
    SW_TRY(sw_tables_need(&call->session->tables, params.table, &table, err));
    SW_TRY(sw_page_params_prepare(call, &params, &version, err));
    if (version == NULL) {
        sw_buf_put_text(&call->result, "{\"version\":0,\"rows\":0,\"offset\":0,\"row_ids\":[],"
                                       "\"columns\":[],\"types\":[],\"data\":[]}");
        return SW_OK;
    }
    struct page_call *made = NULL;
    SW_TRY(new_page_call(call, &params, version, &made, err));
    return submit_page(call, made, err);
}
