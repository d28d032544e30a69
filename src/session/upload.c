#include "session/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/random.h"
#include "session/derived.h"
#include "session/disk.h"
#include "session/editing.h"
#include "session/keeping.h"
#include "session/keptupload.h"
#include "session/server_priv.h"
#include "session/spool.h"
#include "session/stored.h"
#include "session/upload_priv.h"
#include "wire/decode.h"
#include "wire/encode.h"

#define UPLOAD_TELL_MS 100 /* between two upload.progress */

/* -- telling the clients -------------------------------------------------------------------- */

static void begin_params(const struct sw_upload *upload, struct sw_buf *params)
{
    sw_buf_init(params);
    sw_buf_printf(params, "{\"upload\":\"%s\",\"table\":", upload->id);
    sw_json_put_text(params, sw_span_text(upload->table->name));
}

void sw_upload_tell_progress(struct sw_upload *upload, bool is_due)
{
    int64_t now = sw_clock_ms(upload->session->server->clock);
    upload->is_untold = !is_due && now - upload->told_ms < UPLOAD_TELL_MS;
    if (upload->is_untold) {
        return;
    }
    upload->told_ms = now;
    struct sw_buf params;
    begin_params(upload, &params);
    sw_buf_printf(&params, ",\"bytes\":%" PRId64, upload->offset);
    if (upload->length >= 0) {
        sw_buf_printf(&params, ",\"total\":%" PRId64, upload->length);
    }
    sw_buf_printf(&params, ",\"rows\":%" PRIu64 "}", upload->table->rows_read);
    if (!params.failed) {
        sw_session_notify(upload->session, "upload.progress", sw_buf_peek(&params));
    }
    sw_buf_fini(&params);
}

static void tell_failed(struct sw_upload *upload, const struct sw_err *err)
{
    struct sw_buf params;
    begin_params(upload, &params);
    sw_buf_put_text(&params, ",\"error\":");
    sw_encode_error_object(&params, err);
    sw_buf_put_byte(&params, '}');
    if (!params.failed) {
        sw_session_notify(upload->session, "upload.failed", sw_buf_peek(&params));
    }
    sw_buf_fini(&params);
}

/* -- lifetime -------------------------------------------------------------------------------- */

void sw_upload_unref(struct sw_upload *upload)
{
    sw_assert(upload->refs > 0);
    if (--upload->refs == 0) {
        sw_assert(upload->loading == NULL);
        sw_table_unref(upload->table);
        free(upload->metadata);
        free(upload->kept);
        free(upload);
    }
}

void sw_upload_forget_body(struct sw_upload *upload)
{
    sw_digest_free(upload->digest);
    upload->digest = NULL;
    upload->request = NULL;
    upload->waiter = NULL;
    upload->is_paused = false;
    upload->is_refused = false;
}

/* Whoever sends a body now, or waits for the end, learns from its next call that it is over. */
void sw_upload_dismiss(struct sw_upload *upload)
{
    void *request = upload->request;
    sw_upload_forget_body(upload);
    if (request != NULL) {
        upload->session->server->calls.request_ready(request);
    }
}

static void drop_table(struct sw_upload *upload)
{
    struct sw_session *session = upload->session;
    if (upload->table != NULL) {
        sw_tables_remove(&session->tables, upload->table);
        session->moment++;
        sw_graph_table_changed(session->graph, sw_span_text(upload->table->name), false);
        sw_derived_table_changed(session, sw_span_text(upload->table->name));
    }
}

void sw_upload_remove(struct sw_upload *upload, const char *why)
{
    struct sw_session *session = upload->session;
    bool is_unfinished = upload->phase == SW_UPLOAD_RECEIVING || upload->phase == SW_UPLOAD_PARSING;
    sw_upload_dismiss(upload);
    sw_loading_close(upload->loading);
    upload->loading = NULL;
    if (is_unfinished) {
        drop_table(upload);
    }
    if (is_unfinished && upload->kept != NULL && !session->is_leaving) {
        sw_kept_upload_gone(upload);
        sw_spool_remove(session, upload->id);
    }
    sw_upload_hold(upload, 0);
    upload->phase = SW_UPLOAD_GONE;
    (void)sw_fail(&upload->err, SW_UPLOAD, "%s", why);
    for (struct sw_upload **link = &session->uploads; *link != NULL; link = &(*link)->sibling) {
        if (*link == upload) {
            *link = upload->sibling;
            session->upload_count--;
            break;
        }
    }
    upload->session = NULL;
    sw_upload_unref(upload);
}

bool sw_upload_list_is_receiving(const struct sw_upload *uploads)
{
    for (; uploads != NULL; uploads = uploads->sibling) {
        if (uploads->phase == SW_UPLOAD_PARSING || uploads->request != NULL) {
            return true;
        }
    }
    return false;
}

void sw_upload_sweep(struct sw_session *session, int64_t now_ms)
{
    struct sw_upload *next;
    for (struct sw_upload *upload = session->uploads; upload != NULL; upload = next) {
        next = upload->sibling;
        if (upload->is_untold && upload->phase < SW_UPLOAD_DONE) {
            sw_upload_tell_progress(upload, false);
        }
        if (now_ms - upload->touched_ms >= (int64_t)SW_UPLOAD_EXPIRES_S * 1000) {
            sw_upload_remove(upload, "the upload has expired: send the file again");
        }
    }
}

/* Ended uploads are kept to be asked about, up to a number. */
static void forget_oldest(struct sw_session *session)
{
    struct sw_upload *oldest = NULL;
    for (struct sw_upload *upload = session->uploads; upload != NULL; upload = upload->sibling) {
        if (upload->phase >= SW_UPLOAD_DONE && upload->request == NULL) {
            oldest = upload; /* the list is newest first */
        }
    }
    if (oldest != NULL && session->upload_count > SW_UPLOADS_KEPT_MAX) {
        sw_upload_remove(oldest, "the upload ended long ago");
    }
}

/* -- after each step of the loading ----------------------------------------------------------- */

/* Its table is complete once more, at the version that it had. */
static void replay_over(struct sw_upload *upload, const struct sw_err *err)
{
    void (*done)(void *context, const struct sw_err *err) = upload->on_replayed;
    upload->on_replayed = NULL;
    if (err == NULL && upload->version > 0 &&
        sw_table_renumber(upload->table, upload->version) != SW_OK) {
        (void)sw_fail(&upload->err, SW_NO_MEMORY, "out of memory");
        err = &upload->err;
    }
    done(upload->replay_context, err);
}

/* What the load worked with is free now. */
static void want_trim(const struct sw_upload *upload)
{
    struct sw_server *server = upload->session->server;
    sw_trim_want(&server->trimming, sw_clock_ms(server->clock));
}

static void finish_load(struct sw_upload *upload)
{
    upload->phase = SW_UPLOAD_DONE;
    upload->table->is_loading = false;
    sw_upload_sync(upload);
    sw_loading_close(upload->loading);
    upload->loading = NULL;
    want_trim(upload);
    if (upload->on_replayed != NULL) {
        replay_over(upload, NULL);
        return;
    }
    sw_kept_upload_done(upload);
    sw_upload_tell_progress(upload, true);
    sw_session_tell_changed(upload->session, upload->table, "upload");
    sw_upload_poke(upload);
    sw_log(SW_LOG_INFO, upload->session->name, "upload done bytes=%" PRId64 " rows=%" PRIu64,
           upload->offset, sw_table_rows(upload->table));
}

void sw_upload_fail(struct sw_upload *upload, const struct sw_err *err)
{
    struct sw_session *session = upload->session;
    session->server->count.uploads_failed++;
    upload->err = *err;
    upload->phase = SW_UPLOAD_FAILED;
    sw_loading_close(upload->loading);
    upload->loading = NULL;
    want_trim(upload);
    sw_upload_hold(upload, 0);
    drop_table(upload);
    if (upload->on_replayed != NULL) {
        replay_over(upload, &upload->err);
        return;
    }
    if (upload->kept != NULL) {
        sw_kept_upload_gone(upload);
        sw_spool_remove(session, upload->id);
    }
    sw_upload_dismiss(upload);
    tell_failed(upload, &upload->err);
    sw_log(SW_LOG_INFO, session->name, "upload failed bytes=%" PRId64 " status=%s", upload->offset,
           sw_status_name(upload->err.status));
    sw_session_run(session);
}

static void load_stepped(void *context, const struct sw_load_report *report,
                         struct sw_version *version, const struct sw_err *err)
{
    struct sw_upload *upload = context;
    struct sw_session *session = upload->session;
    sw_table_set_report(upload->table, report);
    if (version != NULL) {
        sw_table_set_version(upload->table, version);
    }
    switch (report->state) {
    case SW_LOAD_RUNNING:
        sw_editing_keep_headroom(session);
        sw_upload_tell_progress(upload, false);
        if (upload->waiter != NULL) {
            sw_upload_poke(upload);
        }
        break;
    case SW_LOAD_DONE:
        finish_load(upload);
        break;
    case SW_LOAD_FAILED:
        /* old steps of edits give way to new rows */
        if (!sw_editing_make_room(session, err) || !sw_loading_again(upload->loading)) {
            sw_upload_fail(upload, err);
        }
        return;
    }
    if (version != NULL && session->replay == NULL) {
        sw_session_table_changed(session, upload->table);
    }
}

/* The upload stands where its spool ends; whoever was sending hears why, and may come again. */
static void spool_refused(void *context, uint64_t written, const struct sw_err *err)
{
    struct sw_upload *upload = context;
    int64_t good = (int64_t)written;
    upload->err = *err;
    upload->room = upload->offset = upload->offset < good ? upload->offset : good;
    if (upload->phase == SW_UPLOAD_PARSING) {
        upload->phase = SW_UPLOAD_RECEIVING;
    }
    sw_log(SW_LOG_WARN, upload->session->name, "upload refused bytes=%" PRId64 " reason=\"%s\"",
           upload->offset, err->message);
    if (upload->on_replayed != NULL) {
        replay_over(upload, &upload->err);
    } else if (upload->request != NULL) {
        upload->is_refused = true;
        upload->is_paused = false;
        upload->session->server->calls.request_ready(upload->request);
    }
}

static void spool_drained(void *context)
{
    struct sw_upload *upload = context;
    if (upload->is_paused) {
        upload->is_paused = false;
        upload->session->server->calls.request_ready(upload->request);
    }
    if (upload->waiter != NULL) {
        sw_upload_poke(upload);
    }
}

/* -- making one ------------------------------------------------------------------------------- */

/* The session of a bearer token. */
static sw_status find_session(struct sw_server *server, struct sw_span token,
                              struct sw_session **session, struct sw_err *err)
{
    if (token.length == 0) {
        return sw_fail(err, SW_NO_SESSION,
                       "an upload needs a session: send the header Authorization: Bearer TOKEN, "
                       "with the token of session.open");
    }
    sw_status status = sw_stored_wake(server, token, NULL, NULL, session, err);
    return status != SW_AGAIN ? status
                              : sw_fail(err, SW_WAKING,
                                        "the session is being brought back from disk: try again in "
                                        "a second");
}

static sw_status check_spec(const struct sw_session *session, const struct sw_upload_spec *spec,
                            struct sw_err *err)
{
    const struct sw_server *server = session->server;
    if (server->is_stopping) {
        return sw_fail(err, SW_NOT_ALLOWED, "the server is stopping: upload again in a moment");
    }
    if (spec->format.length > 0 && !sw_span_equal(spec->format, sw_span_text("csv"))) {
        return sw_fail(err, SW_UPLOAD, "format `%.*s` is not known: csv is",
                       (int)(spec->format.length < 32 ? spec->format.length : 32),
                       spec->format.data);
    }
    if (spec->strict.length > 0 && !sw_span_equal(spec->strict, sw_span_text("true")) &&
        !sw_span_equal(spec->strict, sw_span_text("false"))) {
        return sw_fail(err, SW_PARAMS, "strict: true or false is expected");
    }
    if (spec->length > server->upload_bytes_max) {
        return sw_fail_limit(err, "upload_bytes", spec->length, server->upload_bytes_max,
                             "compress the file (gzip, zstd) or split it");
    }
    if (spec->table.length > SW_NAME_BYTES_MAX) {
        return sw_fail_limit(err, "name_bytes", (int64_t)spec->table.length, SW_NAME_BYTES_MAX,
                             "choose a shorter table name");
    }
    if (sw_tables_find(&session->tables, spec->table) != NULL) {
        return sw_fail(err, SW_UPLOAD,
                       "there is a table `%.*s` already: drop it or choose another name",
                       (int)spec->table.length, spec->table.data);
    }
    uint32_t unfinished = 0;
    for (const struct sw_upload *other = session->uploads; other != NULL; other = other->sibling) {
        unfinished += other->phase < SW_UPLOAD_DONE;
    }
    if (unfinished >= server->session_uploads) {
        return sw_fail_limit(err, "uploads", unfinished + 1, server->session_uploads,
                             "let others finish or cancel them, or ask the operator to raise "
                             "--session-uploads");
    }
    return SW_OK;
}

static sw_status make_table(struct sw_session *session, const struct sw_upload_spec *spec,
                            struct sw_upload *upload, struct sw_err *err)
{
    char name[SW_NAME_BYTES_MAX + 1];
    struct sw_span wanted =
        spec->table.length > 0 ? spec->table : sw_tables_name_of_file(spec->filename);
    sw_tables_free_name(&session->tables, wanted, name);
    SW_TRY(sw_table_new(sw_span_text(name), &upload->table));
    upload->table->is_loading = true;
    upload->table->bytes_total = spec->length;
    return sw_tables_add(&session->tables, upload->table, err);
}

sw_status sw_upload_load(struct sw_upload *upload, int fd, struct sw_span types_text,
                         bool is_strict, struct sw_span filename, int64_t written,
                         struct sw_err *err)
{
    struct sw_session *session = upload->session;
    struct sw_arena arena;
    sw_arena_init(&arena);
    const struct sw_json *types = NULL;
    sw_status status = SW_OK;
    if (types_text.length > 0) {
        status = sw_decode_json(&arena, types_text, &types, err);
        if (status == SW_OK && types->kind != SW_JSON_OBJECT) {
            status = sw_fail(err, SW_PARAMS, "`types` must be an object of column: type");
        }
    }
    if (status == SW_OK) {
        struct sw_loading_options options = {
            .pool = session->server->pool,
            .lane = session->lane,
            .load = {.fd = fd,
                     .budget = &session->budget,
                     .types = types,
                     .is_strict = is_strict,
                     .has_header = -1,
                     .name = filename},
            .is_spool = true,
            .written = (uint64_t)written,
            .on_step = load_stepped,
            .on_refused = spool_refused,
            .on_drained = spool_drained,
            .context = upload,
        };
        status = sw_loading_new(&options, &upload->loading, err);
    }
    if (status != SW_OK) {
        (void)close(fd);
    }
    sw_arena_fini(&arena);
    return status;
}

static sw_status make_loading(struct sw_upload *upload, const struct sw_upload_spec *spec,
                              struct sw_err *err)
{
    int fd = sw_spool_open(upload->session, upload->id, true);
    if (fd < 0) {
        return sw_fail(err, SW_STORAGE, "the server could not make room for the upload: %s",
                       strerror(errno));
    }
    return sw_upload_load(upload, fd, spec->types,
                          sw_span_equal(spec->strict, sw_span_text("true")), spec->filename, 0,
                          err);
}

struct sw_upload *sw_upload_make(struct sw_session *session)
{
    struct sw_upload *made = calloc(1, sizeof *made);
    if (made != NULL) {
        made->refs = 1;
        made->session = session;
        made->sibling = session->uploads;
        session->uploads = made;
        session->upload_count++;
    }
    return made;
}

static sw_status fill(struct sw_upload *upload, const struct sw_upload_spec *spec,
                      struct sw_err *err)
{
    struct sw_session *session = upload->session;
    sw_random_text(upload->id, 16);
    upload->metadata = sw_span_dup(spec->metadata);
    if (upload->metadata == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    upload->length = spec->length;
    upload->touched_ms = sw_clock_ms(session->server->clock);
    upload->expires_wall_ms = session->server->clock->wall_ms(session->server->clock->context) +
                              (int64_t)SW_UPLOAD_EXPIRES_S * 1000;
    SW_TRY(make_table(session, spec, upload, err));
    SW_TRY(make_loading(upload, spec, err));
    return sw_kept_upload_note(upload, spec) == SW_OK ? SW_OK
                                                      : sw_fail(err, SW_NO_MEMORY, "out of memory");
}

sw_status sw_upload_create(struct sw_server *server, struct sw_span token,
                           const struct sw_upload_spec *spec, struct sw_upload **upload,
                           struct sw_err *err)
{
    struct sw_session *session;
    SW_TRY(find_session(server, token, &session, err));
    SW_TRY(check_spec(session, spec, err));
    SW_TRY(sw_session_check_room(session, spec->length < 0 ? 0 : spec->length, err));
    struct sw_upload *made = sw_upload_make(session);
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    sw_status status = fill(made, spec, err);
    if (status != SW_OK) {
        sw_upload_remove(made, "not made");
        return status;
    }
    forget_oldest(session);
    server->count.uploads++;
    sw_kept_upload_begin(made);
    if (spec->length == 0) {
        made->phase = SW_UPLOAD_PARSING;
        sw_loading_end(made->loading);
    }
    *upload = made;
    return SW_OK;
}

sw_status sw_upload_find(struct sw_server *server, struct sw_span token, struct sw_span id,
                         struct sw_upload **upload, struct sw_err *err)
{
    struct sw_session *session;
    SW_TRY(find_session(server, token, &session, err));
    for (*upload = session->uploads; *upload != NULL; *upload = (*upload)->sibling) {
        if (sw_span_equal(sw_span_text((*upload)->id), id)) {
            (*upload)->is_told = true;
            return SW_OK;
        }
    }
    return sw_fail(err, SW_UPLOAD, "no such upload: it has ended, failed or expired");
}

sw_status sw_upload_set_length(struct sw_upload *upload, int64_t length, struct sw_err *err)
{
    if (upload->length >= 0 && upload->length != length) {
        return sw_fail(err, SW_PARAMS, "the upload's length is %" PRId64 " and cannot change",
                       upload->length);
    }
    if (length > upload->session->server->upload_bytes_max) {
        return sw_fail_limit(err, "upload_bytes", length, upload->session->server->upload_bytes_max,
                             "compress the file (gzip, zstd) or split it");
    }
    if (upload->length < 0 && length > upload->held) {
        SW_TRY(sw_session_check_room(upload->session, length - upload->held, err));
    }
    if (length < upload->offset) {
        return sw_fail(err, SW_PARAMS,
                       "%" PRId64 " bytes are here already: the length is too small",
                       upload->offset);
    }
    upload->length = length;
    upload->table->bytes_total = length;
    return SW_OK;
}

sw_status sw_upload_set_complete(struct sw_upload *upload, struct sw_err *err)
{
    return sw_upload_set_length(upload, upload->offset, err);
}

void sw_upload_terminate(struct sw_upload *upload)
{
    struct sw_session *session = upload->session;
    sw_upload_remove(upload, "the upload was cancelled");
    sw_session_run(session);
}
