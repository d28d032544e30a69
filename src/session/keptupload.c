/* See keptupload.h. */
#include "session/keptupload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session/keeping.h"
#include "session/server_priv.h"
#include "session/spool.h"
#include "session/upload_priv.h"
#include "wire/decode.h"

/* -- writing ------------------------------------------------------------------------------ */

static void put_member(struct sw_buf *out, const char *name, struct sw_span text)
{
    sw_buf_printf(out, "\"%s\":", name);
    sw_json_put_text(out, text);
    sw_buf_put_byte(out, ',');
}

sw_status sw_kept_upload_note(struct sw_upload *upload, const struct sw_upload_spec *spec)
{
    if (upload->session->keep == NULL) {
        return SW_OK;
    }
    struct sw_buf out;
    size_t length;
    sw_buf_init(&out);
    put_member(&out, "id", sw_span_text(upload->id));
    put_member(&out, "table", sw_span_text(upload->table->name));
    put_member(&out, "filename", spec->filename);
    put_member(&out, "types", spec->types);
    put_member(&out, "strict", spec->strict);
    put_member(&out, "metadata", sw_span_text(upload->metadata));
    sw_buf_printf(&out, "\"is_single\":%s,\"expires_ms\":%" PRId64,
                  spec->is_single ? "true" : "false", upload->expires_wall_ms);
    upload->is_single = spec->is_single;
    sw_buf_put_byte(&out, '\0');
    upload->kept = out.failed ? NULL : sw_buf_take(&out, &length);
    sw_buf_fini(&out);
    return upload->kept == NULL ? SW_NO_MEMORY : SW_OK;
}

static void put_upload(const struct sw_upload *upload, struct sw_buf *out)
{
    sw_buf_printf(out, "{%s,\"length\":%" PRId64 ",\"marked\":%" PRId64, upload->kept,
                  upload->length, upload->marked);
    sw_buf_printf(out, ",\"is_open\":%s,\"is_done\":%s}", upload->is_mark_open ? "true" : "false",
                  upload->phase == SW_UPLOAD_DONE ? "true" : "false");
}

/* `record` is taken. */
static void add_record(struct sw_upload *upload, const char *method, struct sw_buf *record)
{
    struct sw_session *session = upload->session;
    const struct sw_keep_entry entry = {.method = sw_span_text(method),
                                        .message = sw_buf_peek(record)};
    if (record->failed) {
        sw_keep_add_unknown(session);
    } else {
        sw_keep_add(session, &entry);
    }
    upload->need = sw_keep_need(session);
    sw_buf_fini(record);
}

void sw_kept_upload_begin(struct sw_upload *upload)
{
    struct sw_buf record;
    if (upload->kept != NULL) {
        sw_buf_init(&record);
        put_upload(upload, &record);
        add_record(upload, "upload.begin", &record);
    }
}

void sw_kept_upload_mark(struct sw_upload *upload, int64_t offset, bool is_open)
{
    struct sw_buf record;
    if (upload->kept == NULL) {
        return;
    }
    upload->marked = offset;
    upload->is_mark_open = is_open;
    sw_buf_init(&record);
    sw_buf_printf(&record,
                  "{\"id\":\"%s\",\"marked\":%" PRId64 ",\"length\":%" PRId64 ",\"is_open\":%s}",
                  upload->id, offset, upload->length, is_open ? "true" : "false");
    add_record(upload, "upload.mark", &record);
}

void sw_kept_upload_done(struct sw_upload *upload)
{
    struct sw_buf record;
    if (upload->kept == NULL) {
        return;
    }
    sw_buf_init(&record);
    sw_buf_printf(&record, "{\"id\":\"%s\",\"length\":%" PRId64 ",\"version\":%" PRIu64 "}",
                  upload->id, upload->length, sw_table_version_number(upload->table));
    add_record(upload, "upload.done", &record);
    upload->done_record = upload->session->keep->queued;
    upload->session->keep->is_urgent = true;
}

void sw_kept_upload_gone(struct sw_upload *upload)
{
    struct sw_buf record;
    if (upload->kept == NULL) {
        return;
    }
    sw_buf_init(&record);
    sw_buf_printf(&record, "{\"id\":\"%s\"}", upload->id);
    add_record(upload, "upload.gone", &record);
}

/* Newest first, as the session has them. */
void sw_kept_uploads_put(const struct sw_session *session, struct sw_buf *out)
{
    const char *comma = "";
    sw_buf_put_byte(out, '[');
    for (const struct sw_upload *at = session->uploads; at != NULL; at = at->sibling) {
        if (at->kept != NULL && at->phase <= SW_UPLOAD_DONE) {
            sw_buf_put_text(out, comma);
            put_upload(at, out);
            comma = ",";
        }
    }
    sw_buf_put_byte(out, ']');
}

/* -- reading ------------------------------------------------------------------------------ */

static struct sw_span text_of(const struct sw_json *object, const char *name)
{
    struct sw_span text = {"", 0};
    (void)sw_json_get_text(sw_json_member(object, name), &text);
    return text;
}

static int64_t number_of(const struct sw_json *object, const char *name, int64_t otherwise)
{
    int64_t number = otherwise;
    return sw_json_get_int(sw_json_member(object, name), &number) ? number : otherwise;
}

static bool flag_of(const struct sw_json *object, const char *name)
{
    const struct sw_json *json = sw_json_member(object, name);
    return json != NULL && json->kind == SW_JSON_BOOL && json->u.boolean;
}

static struct sw_upload *find(const struct sw_session *session, const struct sw_json *record)
{
    struct sw_span id = text_of(record, "id");
    struct sw_upload *at = session->uploads;
    while (at != NULL && !sw_span_equal(sw_span_text(at->id), id)) {
        at = at->sibling;
    }
    return at;
}

/* The table that an ended upload made, or one that carries its name. */
static struct sw_table *table_for(struct sw_session *session, struct sw_span name, bool is_done)
{
    struct sw_table *table = is_done ? sw_tables_find(&session->tables, name) : NULL;
    if (table != NULL) {
        return sw_table_ref(table);
    }
    return sw_table_new(name, &table) == SW_OK ? table : NULL;
}

static sw_status fill(struct sw_session *session, struct sw_upload *upload,
                      const struct sw_json *record)
{
    bool is_done = flag_of(record, "is_done");
    struct sw_span id = text_of(record, "id");
    const struct sw_upload_spec spec = {.filename = text_of(record, "filename"),
                                        .types = text_of(record, "types"),
                                        .strict = text_of(record, "strict"),
                                        .is_single = flag_of(record, "is_single")};
    (void)snprintf(upload->id, sizeof upload->id, "%.*s", (int)id.length, id.data);
    upload->metadata = sw_span_dup(text_of(record, "metadata"));
    upload->table = table_for(session, text_of(record, "table"), is_done);
    if (upload->metadata == NULL || upload->table == NULL) {
        return SW_NO_MEMORY;
    }
    upload->length = number_of(record, "length", -1);
    upload->marked = number_of(record, "marked", 0);
    upload->is_mark_open = flag_of(record, "is_open");
    upload->expires_wall_ms = number_of(record, "expires_ms", 0);
    upload->touched_ms = sw_clock_ms(session->server->clock);
    upload->phase = is_done ? SW_UPLOAD_DONE : SW_UPLOAD_RECEIVING;
    upload->offset = is_done ? upload->length : upload->marked;
    upload->synced = upload->offset;
    return sw_kept_upload_note(upload, &spec);
}

static sw_status make(struct sw_session *session, const struct sw_json *record, struct sw_err *err)
{
    struct sw_upload *upload = sw_upload_make(session);
    if (upload == NULL || fill(session, upload, record) != SW_OK) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    return SW_OK;
}

sw_status sw_kept_uploads_take(struct sw_session *session, const struct sw_json *list,
                               struct sw_err *err)
{
    size_t count = list->kind == SW_JSON_ARRAY ? list->u.list.count : 0;
    for (size_t i = count; i > 0; i--) {
        SW_TRY(make(session, &list->u.list.items[i - 1], err));
    }
    return SW_OK;
}

/* Its table into the session, its spool to be read: `offset` bytes of it are good. */
static sw_status load(struct sw_session *session, struct sw_upload *upload, int fd, int64_t offset,
                      struct sw_err *err)
{
    struct sw_arena arena;
    struct sw_buf text;
    const struct sw_json *kept = NULL;
    sw_arena_init(&arena);
    sw_buf_init(&text);
    sw_buf_printf(&text, "{%s}", upload->kept);
    upload->table->is_loading = true;
    upload->table->bytes_total = upload->length;
    upload->offset = upload->synced = offset;
    sw_upload_hold(upload, offset);
    sw_status status = text.failed ? sw_fail(err, SW_NO_MEMORY, "out of memory")
                                   : sw_decode_json(&arena, sw_buf_peek(&text), &kept, err);
    status = status == SW_OK ? sw_tables_add(&session->tables, upload->table, err) : status;
    if (status == SW_OK) {
        status = sw_upload_load(upload, fd, text_of(kept, "types"),
                                sw_span_equal(text_of(kept, "strict"), sw_span_text("true")),
                                text_of(kept, "filename"), offset, err);
    } else {
        (void)close(fd);
    }
    if (status == SW_OK) {
        sw_loading_offer(upload->loading, (uint64_t)offset);
    }
    sw_buf_fini(&text);
    sw_arena_fini(&arena);
    return status;
}

static sw_status open_spool(struct sw_session *session, const struct sw_upload *upload, int *fd,
                            int64_t *size, struct sw_err *err)
{
    struct stat about;
    *fd = sw_spool_open(session, upload->id, false);
    if (*fd < 0 && errno == ENOENT && upload->marked == 0) {
        *fd = sw_spool_open(session, upload->id, true); /* none of its bytes was acknowledged */
    }
    if (*fd >= 0 && fstat(*fd, &about) == 0) {
        *size = about.st_size;
        return SW_OK;
    }
    if (*fd >= 0) {
        (void)close(*fd);
    }
    return sw_fail(err, SW_STORAGE, "the bytes of an upload are missing");
}

static sw_status replay_done(struct sw_session *session, struct sw_upload *upload,
                             const struct sw_json *record,
                             void (*done)(void *context, const struct sw_err *err), void *context,
                             struct sw_err *err)
{
    int fd;
    int64_t size = 0;
    upload->length = number_of(record, "length", upload->length);
    SW_TRY(open_spool(session, upload, &fd, &size, err));
    if (size < upload->length) {
        (void)close(fd);
        return sw_fail(err, SW_STORAGE, "bytes of an upload are missing");
    }
    upload->phase = SW_UPLOAD_PARSING;
    upload->version = (uint64_t)number_of(record, "version", 0);
    upload->on_replayed = done;
    upload->replay_context = context;
    SW_TRY(load(session, upload, fd, upload->length, err));
    sw_loading_end(upload->loading);
    return SW_AGAIN;
}

sw_status sw_kept_upload_replay(struct sw_session *session, struct sw_span method,
                                const struct sw_json *record,
                                void (*done)(void *context, const struct sw_err *err),
                                void *context, struct sw_err *err)
{
    if (sw_span_equal(method, sw_span_text("upload.begin"))) {
        return make(session, record, err);
    }
    struct sw_upload *upload = find(session, record);
    if (upload == NULL) {
        return sw_fail(err, SW_STORAGE, "the log names an upload that it did not begin");
    }
    if (sw_span_equal(method, sw_span_text("upload.done"))) {
        sw_status status = replay_done(session, upload, record, done, context, err);
        upload->on_replayed = status == SW_AGAIN ? done : NULL;
        upload->done_record = session->keep->queued;
        return status;
    }
    if (sw_span_equal(method, sw_span_text("upload.gone"))) {
        sw_spool_remove(session, upload->id);
        sw_upload_remove(upload, "it has gone");
        return SW_OK;
    }
    upload->marked = number_of(record, "marked", upload->marked);
    upload->length = number_of(record, "length", upload->length);
    upload->is_mark_open = flag_of(record, "is_open");
    return SW_OK;
}

/* Bytes of the spool that were acknowledged, or are good all the same. */
static int64_t good_bytes(const struct sw_session *session, const struct sw_upload *upload,
                          int64_t size)
{
    bool is_marked =
        upload->is_mark_open || sw_spill_durability(session->server->spill) == SW_DURABILITY_POWER;
    int64_t good = is_marked && upload->marked < size ? upload->marked : size;
    return upload->length >= 0 && good > upload->length ? upload->length : good;
}

static sw_status go_on(struct sw_session *session, struct sw_upload *upload, struct sw_err *err)
{
    int fd;
    int64_t size = 0;
    SW_TRY(open_spool(session, upload, &fd, &size, err));
    int64_t good = good_bytes(session, upload, size);
    if (upload->is_single && good != upload->length) {
        (void)close(fd);
        return sw_fail(err, SW_UPLOAD, "the server stopped before all of it was here");
    }
    upload->is_mark_open = false;
    if (good < size && ftruncate(fd, good) != 0) {
        (void)close(fd);
        return sw_fail(err, SW_STORAGE, "the bytes of an upload cannot be cut");
    }
    SW_TRY(load(session, upload, fd, good, err));
    if (good == upload->length) {
        upload->phase = SW_UPLOAD_PARSING;
        sw_loading_end(upload->loading);
    }
    return SW_OK;
}

void sw_kept_uploads_go_on(struct sw_session *session)
{
    struct sw_upload *next;
    struct sw_err err = {0};
    for (struct sw_upload *upload = session->uploads; upload != NULL; upload = next) {
        next = upload->sibling;
        if (upload->phase == SW_UPLOAD_RECEIVING && upload->loading == NULL &&
            go_on(session, upload, &err) != SW_OK) {
            sw_upload_remove(upload, err.message);
        }
    }
}
