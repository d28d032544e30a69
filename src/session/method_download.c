#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/params.h"
#include "session/dispatch.h"
#include "session/pageparams.h"
#include "session/server_priv.h"
#include "session/ticket.h"

/* download.create: resolve what is asked for against the current version, have the
 * order made where a filter or a sort asks for one, then hand out a ticket.       */

struct download_call {
    struct sw_pending *pending; /* NULL: answered at once */
    struct sw_order_job *job;
    struct sw_session *session;
    struct sw_ticket *ticket; /* not yet given out */
};

static void put_ticket(struct sw_buf *out, struct sw_session *session, struct sw_ticket *ticket)
{
    uint64_t rows = ticket->order == NULL ? ticket->version->rows : ticket->order->rows;
    char text[SW_TOKEN_TEXT];
    sw_ticket_add(session, ticket, text);
    sw_buf_printf(out, "{\"url\":\"/download/%s\",\"expires_s\":%u,\"rows\":%" PRIu64 "}", text,
                  SW_TICKET_S, rows);
}

static void cancel_download(void *work)
{
    struct download_call *call = work;
    sw_order_cancel(call->job);
}

static void order_done(void *context, sw_status status, struct sw_order *order,
                       const struct sw_err *err)
{
    struct download_call *call = context;
    struct sw_buf result;
    sw_buf_init(&result);
    call->ticket->order = order;
    if (status == SW_OK && call->pending->socket != NULL) {
        put_ticket(&result, call->session, call->ticket);
    } else {
        sw_ticket_unref(call->ticket);
    }
    sw_pending_answer(call->pending, &result, status == SW_OK ? NULL : err);
    sw_buf_fini(&result);
    free(call);
}

static sw_status make_ticket(struct sw_version *version, const struct sw_page_spec *spec,
                             struct sw_span filename, struct sw_ticket **ticket, struct sw_err *err)
{
    struct sw_ticket *made = calloc(1, sizeof *made);
    uint32_t count = spec->columns == NULL ? version->schema->columns : spec->column_count;
    uint32_t *columns = calloc(count == 0 ? 1 : count, sizeof *columns);
    if (made == NULL || columns == NULL) {
        free(made);
        free(columns);
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; i < count; i++) {
        columns[i] = spec->columns == NULL ? i : spec->columns[i];
    }
    made->refs = 1;
    made->version = sw_version_ref(version);
    made->columns = columns;
    made->column_count = count;
    (void)snprintf(made->filename, sizeof made->filename, "%.*s",
                   (int)(filename.length < SW_NAME_BYTES_MAX ? filename.length : SW_NAME_BYTES_MAX),
                   filename.data);
    *ticket = made;
    return SW_OK;
}

/* Equal tags mean equal bytes: version, columns, filter and order all go in. */
static void make_etag(struct sw_ticket *ticket, const struct sw_page_spec *spec)
{
    struct sw_buf text;
    sw_buf_init(&text);
    sw_buf_printf(&text, "%" PRIu64 "/%" PRIu64 "/", ticket->version->number,
                  ticket->version->groups == 0 ? 0 : ticket->version->group[0]->id);
    sw_buf_put(&text, ticket->columns, ticket->column_count * sizeof ticket->columns[0]);
    for (uint32_t i = 0; i < spec->sort_count; i++) {
        sw_buf_printf(&text, "/%u%c", spec->sort[i].column,
                      spec->sort[i].is_descending ? 'd' : 'a');
    }
    sw_buf_put(&text, spec->filter_key.data, spec->filter_key.length);
    unsigned char digest[SW_SHA256_BYTES];
    sw_sha256(text.data, text.length, digest);
    sw_buf_fini(&text);
    size_t at = 0;
    ticket->etag[at++] = '"';
    for (size_t i = 0; i < 16; i++) {
        at += (size_t)snprintf(ticket->etag + at, sizeof ticket->etag - at, "%02x", digest[i]);
    }
    (void)snprintf(ticket->etag + at, sizeof ticket->etag - at, "\"");
}

static sw_status order_then_answer(struct sw_call *call, const struct sw_page_spec *spec,
                                   struct sw_ticket *ticket, struct sw_err *err)
{
    struct download_call *made = calloc(1, sizeof *made);
    sw_status status = made == NULL ? sw_fail(err, SW_NO_MEMORY, "out of memory")
                                    : sw_pending_new(call, &made->pending, err);
    if (status != SW_OK) {
        sw_page_params_drop_filters(spec);
        sw_ticket_unref(ticket);
        free(made);
        return status;
    }
    made->pending->cancel = cancel_download;
    made->pending->work = made;
    made->session = call->session;
    made->ticket = ticket;
    struct sw_order_spec order = {
        .version = spec->version,
        .sort = spec->sort,
        .sort_count = spec->sort_count,
        .filters = spec->filters,
        .filter_count = spec->filter_count,
        .budget = &call->session->budget,
        .urgency = SW_CLASS_BULK,
    };
    status = sw_order_submit(call->session->server->pool, call->session->lane, &order, order_done,
                             made, &made->job, err);
    if (status != SW_OK) {
        struct sw_err copy = *err;
        struct sw_buf unused = {0};
        sw_pending_answer(made->pending, &unused, &copy);
        sw_ticket_unref(ticket);
        free(made);
    }
    return SW_OK;
}

static sw_status check_format(struct sw_span format, struct sw_err *err)
{
    if (sw_span_equal(format, sw_span_text("csv"))) {
        return SW_OK;
    }
    return sw_fail(err, SW_PARAMS, "download.create: format `%.*s` is not known: csv is",
                   (int)(format.length < 32 ? format.length : 32), format.data);
}

static sw_status create(struct sw_call *call, const struct sw_page_params *params,
                        struct sw_version *version, struct sw_span filename, struct sw_err *err)
{
    struct sw_page_resolved resolved;
    struct sw_page_spec spec = {0};
    SW_TRY(sw_page_params_resolve(call->session, params, version, &resolved, &spec, err));
    struct sw_ticket *ticket = NULL;
    sw_status status = make_ticket(version, &spec, filename, &ticket, err);
    if (status != SW_OK) {
        sw_page_params_drop_filters(&spec);
    } else {
        make_etag(ticket, &spec);
        if (spec.filter_count == 0 && spec.sort_count == 0) {
            put_ticket(&call->result, call->session, ticket);
        } else {
            status = order_then_answer(call, &spec, ticket, err);
        }
    }
    sw_page_params_fini(&resolved);
    return status;
}

sw_status sw_method_download_create(struct sw_call *call, struct sw_err *err)
{
    struct sw_page_params params = {0};
    struct sw_span format = sw_span_text("csv");
    struct sw_span filename = {0};
    const struct sw_param list[] = {
        {"table", SW_PARAM_NAME, true, &params.table, 0, 0},
        {"format", SW_PARAM_TEXT, false, &format, 0, 0},
        {"where", SW_PARAM_TEXT, false, &params.where, 0, 0},
        {"select", SW_PARAM_NAME, false, &params.select, 0, 0},
        {"columns", SW_PARAM_ARRAY, false, &params.columns, 0, 0},
        {"sort", SW_PARAM_ARRAY, false, &params.sort, 0, 0},
        {"filename", SW_PARAM_NAME, false, &filename, 0, 0},
    };
    SW_TRY(sw_params_read(call->request->params, "download.create", list, 7, NULL, err));
    SW_TRY(check_format(format, err));
    struct sw_table *table;
    SW_TRY(sw_tables_need(&call->session->tables, params.table, &table, err));
    if (table->version == NULL || table->is_loading) {
        return sw_fail(err, SW_NOT_ALLOWED,
                       "`%s` is still loading: download it when it is complete", table->name);
    }
    char name[SW_NAME_BYTES_MAX + 8];
    if (filename.length == 0) {
        (void)snprintf(name, sizeof name, "%s.csv", table->name);
        filename = sw_span_text(name);
    }
    struct sw_version *version = NULL;
    SW_TRY(sw_page_params_prepare(call, &params, &version, err));
    if (version == NULL) {
        return sw_fail(err, SW_NO_TABLE, "`%s` is gone", table->name);
    }
    sw_status status = create(call, &params, version, filename, err);
    sw_version_unref(version);
    return status;
}
