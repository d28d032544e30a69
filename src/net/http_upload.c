/* Uploads in one request: PUT /upload/NAME (curl -T) and POST /upload (curl -F), and what they
 * share with tus: a body's pieces into the upload at the pace that it can take. */
#include "net/net_priv.h"

#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_BYTES_MAX 256
#define PUT_QUERY       4u /* options of a PUT that its query may have */

/* -- a body, whatever brings it -- */

int sw_http_take_body(struct lws *wsi)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct sw_conn *conn = sw_conn_of(wsi);
    struct sw_exchange *exchange = conn->exchange;
    if (!exchange->ask.has_completion) {
        return exchange->complete(wsi, exchange); /* G9 */
    }
    sw_conn_enter(conn, SW_PHASE_BODY);
    if (!exchange->ask.expects_continue || !exchange->ask.is_http11 || exchange->ask.length == 0) {
        return 0;
    }
    unsigned char *scratch = conn->net->scratch + LWS_PRE;
    memcpy(scratch, go_on, sizeof(go_on) - 1);
    return lws_write(wsi, scratch, sizeof(go_on) - 1, LWS_WRITE_RAW) < 0 ? -1 : 0; /* G26 */
}

sw_status sw_http_feed(struct sw_conn *conn, struct sw_span bytes, struct sw_err *err)
{
    struct sw_exchange *exchange = conn->exchange;
    bool is_full = false;
    SW_TRY(sw_upload_write(exchange->upload, conn, bytes.data, bytes.length, &is_full, err));
    if (is_full && !conn->is_paused && exchange->received < exchange->ask.length) {
        conn->is_paused = true;
        (void)lws_rx_flow_control(conn->wsi, 0);
    }
    return SW_OK;
}

void sw_http_resume(struct sw_conn *conn)
{
    if (!conn->is_paused) {
        return;
    }
    conn->is_paused = false;
    sw_conn_enter(conn, SW_PHASE_BODY); /* a new window */
    (void)lws_rx_flow_control(conn->wsi, 1);
}

sw_status sw_http_end_upload(struct lws *wsi, struct sw_err *err)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    struct sw_exchange *exchange = conn->exchange;
    struct sw_upload *upload = exchange->upload;
    sw_status status = sw_upload_end(upload, conn, err);
    exchange->awaits_head = status == SW_AGAIN;
    if (status == SW_AGAIN && !conn->is_deaf) {
        conn->is_deaf = true;
        (void)lws_rx_flow_control(wsi, 0);
        sw_conn_enter(conn, SW_PHASE_SEND);
    }
    if (status != SW_AGAIN) {
        exchange->upload = NULL;
    }
    return status;
}

void sw_http_upload_ready(struct sw_conn *conn)
{
    if (conn->is_deaf) {
        conn->is_deaf = false;
        (void)lws_rx_flow_control(conn->wsi, 1);
    }
    if (conn->exchange->complete(conn->wsi, conn->exchange) != 0) {
        sw_conn_kill(conn);
    }
}

int sw_http_reply_upload(struct lws *wsi, const struct sw_upload *upload)
{
    struct sw_exchange *exchange = sw_conn_of(wsi)->exchange;
    struct sw_buf body;
    sw_buf_init(&body);
    sw_buf_put_text(&body, "{\"upload\":");
    sw_json_put_text(&body, sw_span_text(sw_upload_id(upload)));
    sw_buf_put_text(&body, ",\"table\":");
    sw_json_put_text(&body, sw_span_text(sw_upload_table(upload)));
    sw_buf_put_text(&body, "}\n");
    if (!exchange->is_answered) {
        sw_reply_begin(exchange, 201);
    }
    sw_reply_header(exchange, "Cache-Control", "no-store");
    int result = sw_reply_body(wsi, "application/json", sw_buf_peek(&body));
    sw_buf_fini(&body);
    return result;
}

/* -- PUT /upload/NAME -- */

static int complete_put(struct lws *wsi, struct sw_exchange *exchange)
{
    struct sw_upload *upload = exchange->upload;
    struct sw_err err = {0};
    sw_status status = sw_http_end_upload(wsi, &err);
    if (status == SW_AGAIN) {
        return 0;
    }
    return status == SW_OK ? sw_http_reply_upload(wsi, upload) : sw_reply_error(wsi, 0, &err);
}

static sw_status begin_put(struct lws *wsi, struct sw_span name, struct sw_buf query[PUT_QUERY],
                           struct sw_err *err)
{
    static const char *const names[PUT_QUERY] = {"table", "format", "types", "strict"};
    char text[TOKEN_BYTES_MAX];
    struct sw_conn *conn = sw_conn_of(wsi);
    struct sw_exchange *exchange = conn->exchange;
    for (size_t i = 0; i < PUT_QUERY; i++) {
        (void)sw_ask_query(wsi, names[i], &query[i]);
    }
    struct sw_upload_spec spec = {.filename = name,
                                  .table = sw_buf_peek(&query[0]),
                                  .format = sw_buf_peek(&query[1]),
                                  .types = sw_buf_peek(&query[2]),
                                  .strict = sw_buf_peek(&query[3]),
                                  .length = exchange->ask.length,
                                  .is_single = true};
    struct sw_upload *upload;
    SW_TRY(sw_upload_create(conn->net->server, sw_ask_bearer(wsi, text, sizeof(text)), &spec,
                            &upload, err));
    sw_status status =
        sw_upload_begin(upload, 0, exchange->ask.length, SW_CHECKSUM_NONE, NULL, conn, err);
    if (status != SW_OK) {
        sw_upload_terminate(upload);
        return status;
    }
    exchange->upload = upload;
    exchange->complete = complete_put;
    return SW_OK;
}

int sw_http_put(struct lws *wsi, struct sw_span name)
{
    struct sw_buf query[PUT_QUERY];
    struct sw_err err = {0};
    for (size_t i = 0; i < PUT_QUERY; i++) {
        sw_buf_init(&query[i]);
    }
    sw_status status = begin_put(wsi, name, query, &err);
    for (size_t i = 0; i < PUT_QUERY; i++) {
        sw_buf_fini(&query[i]);
    }
    return status == SW_OK ? sw_http_take_body(wsi) : sw_reply_error(wsi, 0, &err);
}

/* -- POST /upload -- */

enum field {
    FIELD_TABLE,
    FIELD_FORMAT,
    FIELD_TYPES,
    FIELD_STRICT,
    FIELD_FILENAME,
    FIELD_COUNT,
    FIELD_FILE
};

static const char *const field_names[FIELD_COUNT] = {"table", "format", "types", "strict",
                                                     "filename"};

struct sw_form {
    struct sw_conn *conn;
    struct sw_multipart scan;
    char token[TOKEN_BYTES_MAX];
    struct sw_buf fields[FIELD_COUNT];
    enum field current;
    bool has_file;
    bool is_read; /* the closing boundary was there, and nothing amiss */
};

static enum field field_of(struct sw_span name)
{
    for (int i = 0; i < FIELD_COUNT; i++) {
        if (sw_span_equal(name, sw_span_text(field_names[i]))) {
            return (enum field)i;
        }
    }
    return FIELD_FILE;
}

static sw_status begin_file(struct sw_form *form, const struct sw_part *part, struct sw_err *err)
{
    struct sw_conn *conn = form->conn;
    if (form->has_file) {
        return sw_fail(err, SW_PARAMS,
                       "One file per form: the first one was taken, send the next one by itself.");
    }
    struct sw_span given = sw_buf_peek(&form->fields[FIELD_FILENAME]);
    struct sw_upload_spec spec = {.filename = given.length > 0 ? given : part->filename,
                                  .table = sw_buf_peek(&form->fields[FIELD_TABLE]),
                                  .format = sw_buf_peek(&form->fields[FIELD_FORMAT]),
                                  .types = sw_buf_peek(&form->fields[FIELD_TYPES]),
                                  .strict = sw_buf_peek(&form->fields[FIELD_STRICT]),
                                  .length = -1,
                                  .is_single = true};
    if (spec.filename.length == 0) {
        return sw_fail(err, SW_PARAMS, "No file was chosen: the form's file has no name.");
    }
    struct sw_upload *upload;
    SW_TRY(sw_upload_create(conn->net->server, sw_span_text(form->token), &spec, &upload, err));
    /* Of the file's length only a bound is known until its end. */
    sw_status status =
        sw_upload_begin(upload, 0, conn->exchange->ask.length, SW_CHECKSUM_NONE, NULL, conn, err);
    if (status != SW_OK) {
        sw_upload_terminate(upload);
        return status;
    }
    form->has_file = true;
    form->current = FIELD_FILE;
    conn->exchange->upload = upload;
    return SW_OK;
}

static sw_status on_part(void *context, const struct sw_part *part, struct sw_err *err)
{
    struct sw_form *form = context;
    if (part->is_file) {
        return begin_file(form, part, err);
    }
    form->current = field_of(part->name);
    if (form->current == FIELD_FILE) {
        return sw_fail(
            err, SW_PARAMS,
            "The form's field \"%.*s\" is unknown: table, format, types, strict and filename are "
            "fields, and a file needs a file name.",
            part->name.length > 64 ? 64 : (int)part->name.length, part->name.data);
    }
    if (form->has_file) {
        return sw_fail(err, SW_PARAMS, "Put the field \"%s\" before the file.",
                       field_names[form->current]);
    }
    sw_buf_clear(&form->fields[form->current]);
    return SW_OK;
}

static sw_status on_data(void *context, struct sw_span bytes, struct sw_err *err)
{
    struct sw_form *form = context;
    if (form->current == FIELD_FILE) {
        return sw_http_feed(form->conn, bytes, err);
    }
    struct sw_buf *field = &form->fields[form->current];
    if (bytes.length > SW_FORM_FIELD_BYTES_MAX - field->length) {
        return sw_fail_limit(err, "form_field_bytes", (int64_t)(field->length + bytes.length),
                             SW_FORM_FIELD_BYTES_MAX, "Send the data as a file part.");
    }
    sw_buf_put(field, bytes.data, bytes.length);
    return field->failed ? sw_fail(err, SW_NO_MEMORY, "Out of memory.") : SW_OK;
}

static sw_status on_part_end(void *context, struct sw_err *err)
{
    struct sw_form *form = context;
    struct sw_exchange *exchange = form->conn->exchange;
    if (form->current != FIELD_FILE) {
        return SW_OK;
    }
    return sw_upload_set_complete(exchange->upload, err);
}

static int complete_form(struct lws *wsi, struct sw_exchange *exchange)
{
    struct sw_form *form = exchange->form;
    struct sw_upload *upload = exchange->upload;
    struct sw_err err = {0};
    sw_status status = form->is_read ? SW_OK : sw_multipart_finish(&form->scan, &err);
    if (status == SW_OK && !form->has_file) {
        status =
            sw_fail(&err, SW_PARAMS, "The form holds no file: curl -F file=@data.csv sends one.");
    }
    form->is_read = status == SW_OK;
    if (status == SW_OK) {
        status = sw_http_end_upload(wsi, &err);
    }
    if (status == SW_AGAIN) {
        return 0;
    }
    return status == SW_OK ? sw_http_reply_upload(wsi, upload) : sw_reply_error(wsi, 0, &err);
}

int sw_http_form_body(struct lws *wsi, struct sw_span bytes)
{
    struct sw_err err = {0};
    if (sw_multipart_push(&sw_conn_of(wsi)->exchange->form->scan, bytes, &err) != SW_OK) {
        return sw_reply_error(wsi, 0, &err);
    }
    return 0;
}

void sw_form_free(struct sw_form *form)
{
    if (form == NULL) {
        return;
    }
    sw_multipart_fini(&form->scan);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        sw_buf_fini(&form->fields[i]);
    }
    free(form);
}

/* The token is judged before gigabytes are sent: an upload of no name is unknown to a good one. */
static sw_status check_token(struct sw_server *server, struct sw_span token, struct sw_err *err)
{
    struct sw_upload *upload;
    sw_status status = sw_upload_find(server, token, sw_span_of("", 0), &upload, err);
    return status == SW_UPLOAD ? SW_OK : status;
}

static sw_status begin_form(struct lws *wsi, struct sw_err *err)
{
    static const struct sw_multipart_calls calls = {
        .part = on_part, .data = on_data, .part_end = on_part_end};
    struct sw_conn *conn = sw_conn_of(wsi);
    char type[256] = "";
    char text[TOKEN_BYTES_MAX];
    struct sw_span boundary;
    struct sw_span token = sw_ask_bearer(wsi, text, sizeof(text));
    SW_TRY(check_token(conn->net->server, token, err));
    (void)sw_ask_token(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, type, sizeof(type));
    SW_TRY(sw_multipart_boundary(sw_span_text(type), &boundary, err));
    struct sw_form *form = calloc(1, sizeof(*form));
    if (form == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "Out of memory.");
    }
    struct sw_multipart_calls own = calls;
    own.context = form;
    sw_multipart_init(&form->scan, boundary, &own);
    form->conn = conn;
    memcpy(form->token, token.data, token.length);
    conn->exchange->form = form;
    conn->exchange->complete = complete_form;
    return SW_OK;
}

int sw_http_form(struct lws *wsi)
{
    struct sw_err err = {0};
    return begin_form(wsi, &err) == SW_OK ? sw_http_take_body(wsi) : sw_reply_error(wsi, 0, &err);
}
