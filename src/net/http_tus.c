/* tus 1.0.0: core, creation, creation-with-upload, creation-defer-length, expiration, checksum,
 * termination. A client's mistake is never a 5xx: tus clients try those again. Tus-Resumable is put
 * on every answer under /files by reply.c. */
#include "net/net_priv.h"

#include "net/tus.h"

#include <inttypes.h>
#include <string.h>

#define TOKEN_BYTES_MAX 256
#define TUS_KEYS        5u /* of Upload-Metadata that say how to read the file */
#define BODY_TYPE       "application/offset+octet-stream"

/* An upload that is not there is 404 here, in JSON-RPC it is -32060. */
static int reply_not_found(struct lws *wsi, const struct sw_err *err)
{
    return sw_reply_error(wsi, err->status == SW_UPLOAD ? 404 : 0, err);
}

static void put_expires(struct sw_exchange *exchange, const struct sw_upload *upload)
{
    if (sw_upload_offset(upload) == sw_upload_length(upload)) {
        return;
    }
    char date[SW_HTTP_DATE_BYTES];
    sw_tus_put_date(date, sw_upload_expires_ms(upload));
    sw_reply_header(exchange, "Upload-Expires", "%s", date);
}

static int options(struct lws *wsi)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    struct sw_exchange *exchange = conn->exchange;
    sw_reply_begin(exchange, 204);
    sw_reply_header(exchange, "Tus-Version", SW_TUS_VERSION);
    sw_reply_header(exchange, "Tus-Extension", SW_TUS_EXTENSIONS);
    sw_reply_header(exchange, "Tus-Max-Size", "%" PRId64,
                    sw_server_upload_bytes_max(conn->net->server));
    sw_reply_header(exchange, "Tus-Checksum-Algorithm", SW_TUS_CHECKSUMS);
    sw_reply_preflight(exchange);
    return sw_reply_empty(wsi);
}

/* -- creation -- */

static sw_status read_length(struct lws *wsi, int64_t *length, struct sw_err *err)
{
    char text[32];
    bool has_length = lws_hdr_custom_length(wsi, "upload-length:", 14) >= 0;
    bool is_deferred = lws_hdr_custom_length(wsi, "upload-defer-length:", 20) >= 0;
    if (has_length == is_deferred) {
        return sw_fail(err, SW_PARAMS, "Send either Upload-Length or Upload-Defer-Length: 1.");
    }
    if (is_deferred) {
        *length = -1;
        bool is_one = sw_ask_header(wsi, "upload-defer-length:", text, sizeof(text)) &&
                      strcmp(text, "1") == 0;
        return is_one ? SW_OK : sw_fail(err, SW_PARAMS, "Upload-Defer-Length can only be 1.");
    }
    if (!sw_ask_header(wsi, "upload-length:", text, sizeof(text)) ||
        !sw_tus_read_number(sw_span_text(text), length)) {
        return sw_fail(err, SW_PARAMS, "Upload-Length must be one decimal number.");
    }
    return SW_OK;
}

static sw_status read_checksum(struct lws *wsi, struct sw_exchange *exchange,
                               enum sw_checksum *kind, unsigned char *digest, struct sw_err *err)
{
    char text[128];
    *kind = SW_CHECKSUM_NONE;
    if (lws_hdr_custom_length(wsi, "upload-checksum:", 16) < 0) {
        return SW_OK;
    }
    if (!sw_ask_header(wsi, "upload-checksum:", text, sizeof(text))) {
        return sw_fail(err, SW_PARAMS, "Upload-Checksum is too long.");
    }
    exchange->has_checksum = true;
    return sw_tus_read_checksum(sw_span_text(text), kind, digest, err);
}

static bool has_body_type(struct lws *wsi)
{
    char type[64];
    return sw_ask_token(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, type, sizeof(type)) &&
           strcmp(type, BODY_TYPE) == 0;
}

static int refuse_body_type(struct lws *wsi)
{
    struct sw_err err = {0};
    (void)sw_fail(&err, SW_PARAMS, "The body of an upload is sent as " BODY_TYPE ".");
    return sw_reply_error(wsi, 415, &err);
}

static int reply_created(struct lws *wsi, const struct sw_upload *upload)
{
    struct sw_exchange *exchange = sw_conn_of(wsi)->exchange;
    sw_reply_begin(exchange, 201);
    sw_reply_header(exchange, "Location", "/files/%s", sw_upload_id(upload));
    sw_reply_header(exchange, "Upload-Offset", "%" PRId64, sw_upload_offset(upload));
    put_expires(exchange, upload);
    return sw_http_reply_upload(wsi, upload);
}

/* Answers a body that ended badly; its upload stays for another try. */
static int reply_body_error(struct lws *wsi, struct sw_exchange *exchange, const struct sw_err *err)
{
    bool is_mismatch = exchange->has_checksum && err->status == SW_PARAMS;
    return sw_reply_error(wsi, is_mismatch ? 460 : 0, err);
}

static int complete_create(struct lws *wsi, struct sw_exchange *exchange)
{
    struct sw_upload *upload = exchange->upload;
    struct sw_err err = {0};
    sw_status status = sw_http_end_upload(wsi, &err);
    if (status == SW_AGAIN) {
        return 0;
    }
    return status == SW_OK ? reply_created(wsi, upload) : reply_body_error(wsi, exchange, &err);
}

static sw_status create(struct lws *wsi, struct sw_upload **upload, struct sw_err *err)
{
    char text[TOKEN_BYTES_MAX];
    char metadata[SW_METADATA_BYTES_MAX + 1] = "";
    struct sw_buf values[TUS_KEYS];
    static const char *const keys[TUS_KEYS] = {"filename", "table", "format", "types", "strict"};
    struct sw_upload_spec spec = {.length = -1};
    SW_TRY(read_length(wsi, &spec.length, err));
    if (lws_hdr_custom_length(wsi, "upload-concat:", 14) >= 0) {
        return sw_fail(err, SW_PARAMS,
                       "Uploads in parts are not put together here: send the file "
                       "as one upload.");
    }
    if (lws_hdr_custom_length(wsi, "upload-metadata:", 16) >= 0 &&
        !sw_ask_header(wsi, "upload-metadata:", metadata, sizeof(metadata))) {
        return sw_fail_limit(err, "metadata_bytes",
                             lws_hdr_custom_length(wsi, "upload-metadata:", 16),
                             SW_METADATA_BYTES_MAX, "Send less Upload-Metadata.");
    }
    spec.metadata = sw_span_text(metadata);
    SW_TRY(sw_tus_check_metadata(spec.metadata, err));
    for (size_t i = 0; i < TUS_KEYS; i++) {
        sw_buf_init(&values[i]);
        (void)sw_tus_find_metadata(spec.metadata, keys[i], &values[i]);
    }
    spec.filename = sw_buf_peek(&values[0]);
    spec.table = sw_buf_peek(&values[1]);
    spec.format = sw_buf_peek(&values[2]);
    spec.types = sw_buf_peek(&values[3]);
    spec.strict = sw_buf_peek(&values[4]);
    sw_status status = sw_upload_create(sw_conn_of(wsi)->net->server,
                                        sw_ask_bearer(wsi, text, sizeof(text)), &spec, upload, err);
    for (size_t i = 0; i < TUS_KEYS; i++) {
        sw_buf_fini(&values[i]);
    }
    return status;
}

static int complete_create_empty(struct lws *wsi, struct sw_exchange *exchange)
{
    struct sw_upload *upload;
    struct sw_err err = {0};
    if (create(wsi, &upload, &err) != SW_OK) {
        return sw_reply_error(wsi, 0, &err);
    }
    if (sw_upload_length(upload) == 0) {
        return reply_created(wsi, upload); /* it is complete: what it is worth is told later */
    }
    if (sw_upload_begin(upload, 0, 0, SW_CHECKSUM_NONE, NULL, sw_conn_of(wsi), &err) != SW_OK) {
        sw_upload_terminate(upload);
        return sw_reply_error(wsi, 0, &err);
    }
    exchange->upload = upload; /* an empty body: it ends when the upload outlives a kill */
    exchange->is_resumable = true;
    exchange->complete = complete_create;
    return complete_create(wsi, exchange);
}

static int post(struct lws *wsi)
{
    struct sw_conn *conn = sw_conn_of(wsi);
    struct sw_exchange *exchange = conn->exchange;
    if (exchange->ask.length == 0) {
        exchange->complete = complete_create_empty;
        return sw_http_take_body(wsi);
    }
    enum sw_checksum kind;
    unsigned char digest[SW_DIGEST_BYTES_MAX];
    struct sw_upload *upload;
    struct sw_err err = {0};
    if (!has_body_type(wsi)) {
        return refuse_body_type(wsi);
    }
    if (read_checksum(wsi, exchange, &kind, digest, &err) != SW_OK ||
        create(wsi, &upload, &err) != SW_OK) {
        return sw_reply_error(wsi, 0, &err);
    }
    if (sw_upload_begin(upload, 0, exchange->ask.length, kind, digest, conn, &err) != SW_OK) {
        sw_upload_terminate(upload);
        return sw_reply_error(wsi, 0, &err);
    }
    exchange->upload = upload;
    exchange->is_resumable = true;
    exchange->complete = complete_create;
    return sw_http_take_body(wsi);
}

/* -- one upload -- */

static sw_status find(struct lws *wsi, struct sw_span id, struct sw_upload **upload,
                      struct sw_err *err)
{
    char text[TOKEN_BYTES_MAX];
    return sw_upload_find(sw_conn_of(wsi)->net->server, sw_ask_bearer(wsi, text, sizeof(text)), id,
                          upload, err);
}

static int head(struct lws *wsi, struct sw_span id)
{
    struct sw_exchange *exchange = sw_conn_of(wsi)->exchange;
    struct sw_upload *upload;
    struct sw_err err = {0};
    if (find(wsi, id, &upload, &err) != SW_OK) {
        return reply_not_found(wsi, &err);
    }
    if (sw_upload_check(upload, &err) != SW_OK) {
        return sw_reply_error(wsi, 410, &err);
    }
    sw_reply_begin(exchange, 200);
    sw_reply_header(exchange, "Upload-Offset", "%" PRId64, sw_upload_offset(upload));
    if (sw_upload_length(upload) >= 0) {
        sw_reply_header(exchange, "Upload-Length", "%" PRId64, sw_upload_length(upload));
    } else {
        sw_reply_header(exchange, "Upload-Defer-Length", "1");
    }
    struct sw_span metadata = sw_upload_metadata(upload);
    if (metadata.length > 0) {
        sw_reply_header(exchange, "Upload-Metadata", "%.*s", (int)metadata.length, metadata.data);
    }
    sw_reply_header(exchange, "Cache-Control", "no-store");
    put_expires(exchange, upload);
    return sw_reply_empty(wsi);
}

static int complete_patch(struct lws *wsi, struct sw_exchange *exchange)
{
    struct sw_upload *upload = exchange->upload;
    struct sw_err err = {0};
    sw_status status = sw_http_end_upload(wsi, &err);
    if (status == SW_AGAIN) {
        return 0;
    }
    if (status != SW_OK) {
        return reply_body_error(wsi, exchange, &err);
    }
    sw_reply_begin(exchange, 204);
    sw_reply_header(exchange, "Upload-Offset", "%" PRId64, sw_upload_offset(upload));
    put_expires(exchange, upload);
    return sw_reply_empty(wsi);
}

/* Upload-Length in a PATCH tells a deferred length. */
static sw_status take_length(struct lws *wsi, struct sw_upload *upload, struct sw_err *err)
{
    char text[32];
    int64_t length;
    if (lws_hdr_custom_length(wsi, "upload-length:", 14) < 0) {
        return SW_OK;
    }
    if (!sw_ask_header(wsi, "upload-length:", text, sizeof(text)) ||
        !sw_tus_read_number(sw_span_text(text), &length)) {
        return sw_fail(err, SW_PARAMS, "Upload-Length must be one decimal number.");
    }
    return sw_upload_set_length(upload, length, err);
}

static sw_status begin_patch(struct lws *wsi, struct sw_upload *upload, struct sw_err *err)
{
    char text[32];
    int64_t offset;
    enum sw_checksum kind;
    unsigned char digest[SW_DIGEST_BYTES_MAX];
    struct sw_conn *conn = sw_conn_of(wsi);
    struct sw_exchange *exchange = conn->exchange;
    if (!sw_ask_header(wsi, "upload-offset:", text, sizeof(text)) ||
        !sw_tus_read_number(sw_span_text(text), &offset)) {
        return sw_fail(err, SW_PARAMS, "Upload-Offset must be one decimal number.");
    }
    SW_TRY(read_checksum(wsi, exchange, &kind, digest, err));
    if (offset == sw_upload_offset(upload)) {
        SW_TRY(take_length(wsi, upload, err));
    }
    return sw_upload_begin(upload, offset, exchange->ask.length, kind, digest, conn, err);
}

static int patch(struct lws *wsi, struct sw_span id)
{
    struct sw_exchange *exchange = sw_conn_of(wsi)->exchange;
    struct sw_upload *upload;
    struct sw_err err = {0};
    if (!has_body_type(wsi)) {
        return refuse_body_type(wsi);
    }
    if (find(wsi, id, &upload, &err) != SW_OK) {
        return reply_not_found(wsi, &err);
    }
    if (begin_patch(wsi, upload, &err) != SW_OK) {
        return sw_reply_error(wsi, 0, &err);
    }
    exchange->upload = upload;
    exchange->is_resumable = true;
    exchange->complete = complete_patch;
    return sw_http_take_body(wsi);
}

static int complete_delete(struct lws *wsi, struct sw_exchange *exchange)
{
    struct sw_span id = sw_span_text(exchange->ask.path + strlen("/files/"));
    struct sw_upload *upload;
    struct sw_err err = {0};
    if (find(wsi, id, &upload, &err) != SW_OK) {
        return reply_not_found(wsi, &err);
    }
    sw_upload_terminate(upload);
    sw_reply_begin(exchange, 204);
    return sw_reply_empty(wsi);
}

/* -- verbs -- */

/* Answers a POST that means another method: lws completes a POST without a body once more. */
static int complete_head(struct lws *wsi, struct sw_exchange *exchange)
{
    return head(wsi, sw_span_text(exchange->ask.path + strlen("/files/")));
}

static int refuse_method(struct lws *wsi, const char *allowed)
{
    struct sw_exchange *exchange = sw_conn_of(wsi)->exchange;
    struct sw_err err = {0};
    (void)sw_fail(&err, SW_REQUEST, "Allowed here: %s.", allowed);
    sw_reply_begin(exchange, 405);
    sw_reply_header(exchange, "Allow", "%s", allowed);
    return sw_reply_error(wsi, 405, &err);
}

static int refuse_version(struct lws *wsi)
{
    struct sw_exchange *exchange = sw_conn_of(wsi)->exchange;
    struct sw_err err = {0};
    (void)sw_fail(&err, SW_REQUEST, "Tus-Resumable: " SW_TUS_VERSION " is spoken here.");
    sw_reply_begin(exchange, 412);
    sw_reply_header(exchange, "Tus-Version", SW_TUS_VERSION);
    return sw_reply_error(wsi, 412, &err);
}

int sw_http_tus(struct lws *wsi, struct sw_span id)
{
    struct sw_exchange *exchange = sw_conn_of(wsi)->exchange;
    char version[16];
    if (exchange->ask.verb == SW_VERB_OPTIONS) {
        return options(wsi);
    }
    if (!sw_ask_header(wsi, "tus-resumable:", version, sizeof(version)) ||
        strcmp(version, SW_TUS_VERSION) != 0) {
        return refuse_version(wsi);
    }
    if (id.length == 0) {
        return exchange->ask.verb == SW_VERB_POST ? post(wsi) : refuse_method(wsi, "POST, OPTIONS");
    }
    switch (exchange->ask.verb) {
    case SW_VERB_HEAD:
        exchange->complete = complete_head;
        return sw_http_take_body(wsi);
    case SW_VERB_PATCH:
        return patch(wsi, id);
    case SW_VERB_DELETE:
        exchange->complete = complete_delete;
        return sw_http_take_body(wsi);
    case SW_VERB_GET:
    case SW_VERB_POST:
    case SW_VERB_PUT:
    case SW_VERB_OPTIONS:
    case SW_VERB_OTHER:
        return refuse_method(wsi, "HEAD, PATCH, DELETE, OPTIONS");
    }
    return refuse_method(wsi, "HEAD, PATCH, DELETE, OPTIONS");
}
