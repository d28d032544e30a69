/* What the answers to uploads say, and wait for: bytes in the spool, on the disk where the
 * durability says so, and records in the log. */
#include <stdlib.h>
#include <unistd.h>

#include "session/disk.h"
#include "session/keeping.h"
#include "session/keptupload.h"
#include "session/server_priv.h"
#include "session/spool.h"
#include "session/upload_priv.h"

/* Its descriptor on a disk thread. */
struct syncing {
    struct sw_disk_task task; /* first */
    struct sw_upload *upload; /* counted */
    int fd, folder;
    int64_t offset;
};

static bool sync_work(struct sw_disk_task *task)
{
    struct syncing *syncing = task->context;
    if (syncing->fd < 0 || fdatasync(syncing->fd) != 0 || fsync(syncing->folder) != 0) {
        task->status =
            sw_fail(&task->err, SW_STORAGE, "the server could not write the upload to its disk");
    }
    return false;
}

static void sync_done(struct sw_disk_task *task)
{
    struct syncing *syncing = task->context;
    struct sw_upload *upload = syncing->upload;
    upload->is_syncing = false;
    if (upload->session != NULL && task->status != SW_OK && upload->phase < SW_UPLOAD_DONE) {
        /* what the disk holds of it is not known, and a second sync would not say so */
        sw_upload_fail(upload, &task->err);
    } else if (upload->session != NULL && task->status != SW_OK) {
        upload->is_refused = true;
        upload->err = task->err;
    } else if (upload->session != NULL) {
        upload->synced = syncing->offset;
        sw_kept_upload_mark(upload, syncing->offset, false);
    }
    if (upload->session != NULL) {
        sw_upload_poke(upload);
    }
    if (syncing->fd >= 0) {
        (void)close(syncing->fd);
    }
    sw_upload_unref(upload);
    free(syncing);
}

static void start_sync(struct sw_upload *upload)
{
    struct sw_server *server = upload->session->server;
    struct syncing *made = upload->is_syncing ? NULL : calloc(1, sizeof *made);
    if (made == NULL) {
        return;
    }
    made->upload = upload;
    upload->refs++;
    upload->is_syncing = true;
    made->fd = sw_loading_dup(upload->loading);
    made->folder = server->uploads_fd;
    made->offset = upload->offset;
    made->task.work = sync_work;
    made->task.done = sync_done;
    made->task.context = made;
    sw_disk_run(server->disk, SW_DISK_LOG, &made->task);
}

/* All that was taken is as safe as the durability says; else it will be, and a poke follows. */
bool sw_upload_is_settled(struct sw_upload *upload)
{
    struct sw_session *session = upload->session;
    if (session->keep == NULL || upload->kept == NULL) {
        return true;
    }
    if (upload->loading != NULL && sw_loading_pending(upload->loading) > 0) {
        return false;
    }
    if (sw_spill_durability(session->server->spill) == SW_DURABILITY_POWER &&
        upload->synced < upload->offset) {
        if (upload->loading != NULL) {
            start_sync(upload);
        }
        return false;
    }
    return sw_keep_is_committed(session, upload->need);
}

/* Whoever waits asks again, when there is an answer. */
void sw_upload_poke(struct sw_upload *upload)
{
    bool is_over =
        upload->is_refused || (upload->phase != SW_UPLOAD_PARSING && sw_upload_is_settled(upload));
    if (upload->waiter != NULL && is_over) {
        upload->session->server->calls.request_ready(upload->waiter);
    }
}

void sw_uploads_committed(struct sw_session *session)
{
    for (struct sw_upload *upload = session->uploads; upload != NULL; upload = upload->sibling) {
        if (upload->waiter != NULL) {
            sw_upload_poke(upload);
        }
    }
}

void sw_uploads_saved(struct sw_session *session, uint64_t seq)
{
    for (struct sw_upload *upload = session->uploads; upload != NULL; upload = upload->sibling) {
        if (upload->done_record != 0 && upload->done_record <= seq) {
            upload->done_record = 0;
            sw_upload_hold(upload, 0);
            sw_spool_remove(session, upload->id);
        }
    }
}

void sw_uploads_refused(struct sw_session *session, const struct sw_err *err)
{
    for (struct sw_upload *upload = session->uploads; upload != NULL; upload = upload->sibling) {
        if (upload->waiter != NULL) {
            upload->is_refused = true;
            upload->err = *err;
            sw_upload_poke(upload);
        }
    }
}

void sw_upload_sync(struct sw_upload *upload)
{
    struct sw_server *server = upload->session->server;
    if (upload->kept != NULL && sw_spill_durability(server->spill) == SW_DURABILITY_POWER) {
        start_sync(upload);
    }
}

/* -- what they say ------------------------------------------------------------------------- */

const char *sw_upload_id(const struct sw_upload *upload)
{
    return upload->id;
}

const char *sw_upload_table(const struct sw_upload *upload)
{
    return upload->table->name;
}

/* Without what a kill would take back. */
int64_t sw_upload_offset(const struct sw_upload *upload)
{
    bool is_kept = upload->kept != NULL && upload->loading != NULL && upload->digest == NULL;
    return upload->offset - (is_kept ? (int64_t)sw_loading_pending(upload->loading) : 0);
}

int64_t sw_upload_length(const struct sw_upload *upload)
{
    return upload->length;
}

struct sw_span sw_upload_metadata(const struct sw_upload *upload)
{
    return sw_span_text(upload->metadata);
}

int64_t sw_upload_expires_ms(const struct sw_upload *upload)
{
    return upload->expires_wall_ms;
}
