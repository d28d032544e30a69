/* Bodies of uploads: bytes at an offset, checksums, the pace, the end. See upload.h. */
#include <inttypes.h>

#include "session/keptupload.h"
#include "session/server_priv.h"
#include "session/upload_priv.h"

#define UPLOAD_PENDING_HIGH (8u << 20) /* unwritten bytes at which a sender is paused */

static sw_status check_phase(const struct sw_upload *upload, struct sw_err *err)
{
    if (upload->phase == SW_UPLOAD_FAILED || upload->phase == SW_UPLOAD_GONE) {
        if (err != NULL) {
            *err = upload->err;
        }
        return upload->err.status;
    }
    return SW_OK;
}

/* The request is the one that sends the body now. */
static sw_status check_request(const struct sw_upload *upload, const void *request,
                               struct sw_err *err)
{
    SW_TRY(check_phase(upload, err));
    if (upload->request != request) {
        return sw_fail(err, SW_CANCELLED, "a newer request has taken over this upload");
    }
    if (upload->is_refused) {
        if (err != NULL) {
            *err = upload->err;
        }
        return upload->err.status;
    }
    return SW_OK;
}

sw_status sw_upload_check(const struct sw_upload *upload, struct sw_err *err)
{
    return check_phase(upload, err);
}

static sw_status check_begin(const struct sw_upload *upload, int64_t offset, int64_t length,
                             struct sw_err *err)
{
    SW_TRY(check_phase(upload, err));
    if (offset != upload->offset) {
        return sw_fail(err, SW_CONFLICT,
                       "the upload stands at byte %" PRId64 ", not %" PRId64 ": ask with HEAD",
                       upload->offset, offset);
    }
    if (upload->phase != SW_UPLOAD_RECEIVING && length > 0) {
        return sw_fail(err, SW_CONFLICT, "the upload is complete");
    }
    int64_t most = upload->length >= 0 ? upload->length : upload->session->server->upload_bytes_max;
    if (length > most - offset) {
        return sw_fail_limit(err, "upload_bytes", offset + length, most,
                             "send no more than the announced length");
    }
    return SW_OK;
}

/* The bytes of the body that is arriving were for nothing. */
static void cut_body(struct sw_upload *upload)
{
    sw_loading_cut(upload->loading, (uint64_t)upload->body_offset);
    if (upload->is_mark_open) {
        sw_kept_upload_mark(upload, upload->body_offset, false);
    }
}

sw_status sw_upload_begin(struct sw_upload *upload, int64_t offset, int64_t length,
                          enum sw_checksum checksum, const unsigned char *digest, void *request,
                          struct sw_err *err)
{
    sw_assert(offset >= 0 && length >= 0);
    if (upload->request != NULL) {
        if (upload->digest != NULL) {
            cut_body(upload);
        }
        sw_upload_dismiss(upload);
    }
    SW_TRY(check_begin(upload, offset, length, err));
    if (checksum != SW_CHECKSUM_NONE) {
        bool is_sha1 = checksum == SW_CHECKSUM_SHA1;
        SW_TRY(sw_digest_new(is_sha1 ? SW_DIGEST_SHA1 : SW_DIGEST_SHA256, &upload->digest));
        memcpy(upload->wanted, digest, is_sha1 ? SW_SHA1_BYTES : SW_SHA256_BYTES);
        sw_kept_upload_mark(upload, offset, true);
    }
    upload->refs++;
    upload->checksum = checksum;
    upload->request = request;
    upload->body_offset = offset;
    upload->body_length = length;
    upload->body_received = 0;
    upload->is_paused = false;
    upload->touched_ms = sw_clock_ms(upload->session->server->clock);
    return SW_OK;
}

sw_status sw_upload_write(struct sw_upload *upload, void *request, const void *data, size_t length,
                          bool *is_full, struct sw_err *err)
{
    *is_full = false;
    SW_TRY(check_request(upload, request, err));
    if ((int64_t)length > upload->body_length - upload->body_received) {
        return sw_fail(err, SW_UPLOAD, "the body is longer than announced");
    }
    uint64_t at = (uint64_t)(upload->body_offset + upload->body_received);
    SW_TRY(sw_upload_check_room(upload, (int64_t)(at + length), err));
    if (sw_loading_write(upload->loading, at, data, length) != SW_OK) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory: try again");
    }
    upload->body_received += (int64_t)length;
    if ((int64_t)(at + length) > upload->held) {
        sw_upload_hold(upload, (int64_t)(at + length));
    }
    upload->session->server->count.received_bytes += length;
    upload->touched_ms = sw_clock_ms(upload->session->server->clock);
    if (upload->digest != NULL) {
        sw_digest_add(upload->digest, data, length);
    } else {
        upload->offset = upload->body_offset + upload->body_received;
        sw_loading_offer(upload->loading, (uint64_t)upload->offset);
    }
    upload->is_paused = sw_loading_pending(upload->loading) > UPLOAD_PENDING_HIGH;
    *is_full = upload->is_paused;
    sw_upload_tell_progress(upload, false);
    return SW_OK;
}

/* The checksum of the body that just ended is the announced one? */
static bool is_checksum_right(struct sw_upload *upload)
{
    unsigned char got[SW_SHA256_BYTES];
    sw_digest_finish(upload->digest, got);
    size_t length = upload->checksum == SW_CHECKSUM_SHA1 ? SW_SHA1_BYTES : SW_SHA256_BYTES;
    return sw_digest_equal(got, upload->wanted, length);
}

/* The disk or the log did not take it. One that nobody has heard of yet is no use to anybody. */
static void forget_refused(struct sw_upload *upload)
{
    sw_upload_forget_body(upload);
    if (!upload->is_told && upload->phase < SW_UPLOAD_DONE) {
        sw_upload_terminate(upload);
    }
}

/* The body is complete: may its sender be told? */
static sw_status end_wait(struct sw_upload *upload, struct sw_err *err)
{
    if (upload->is_refused) {
        if (err != NULL) {
            *err = upload->err;
        }
        sw_status status = upload->err.status;
        forget_refused(upload);
        return status;
    }
    if (upload->phase == SW_UPLOAD_PARSING || !sw_upload_is_settled(upload)) {
        return SW_AGAIN;
    }
    sw_upload_forget_body(upload);
    upload->is_told = true;
    return SW_OK;
}

static sw_status end_body(struct sw_upload *upload, struct sw_err *err)
{
    if (upload->digest != NULL) {
        if (!is_checksum_right(upload)) {
            cut_body(upload);
            sw_upload_forget_body(upload);
            return sw_fail(err, SW_PARAMS, "the checksum does not match: send these bytes again");
        }
        upload->offset = upload->body_offset + upload->body_received;
        sw_loading_offer(upload->loading, (uint64_t)upload->offset);
        sw_kept_upload_mark(upload, upload->offset, false);
    }
    void *request = upload->request;
    sw_upload_forget_body(upload);
    if (upload->offset == upload->length && upload->phase == SW_UPLOAD_RECEIVING) {
        upload->phase = SW_UPLOAD_PARSING;
        sw_loading_end(upload->loading);
    }
    upload->request = upload->waiter = request;
    return end_wait(upload, err);
}

sw_status sw_upload_end(struct sw_upload *upload, void *request, struct sw_err *err)
{
    sw_status status = check_request(upload, request, err);
    if (status == SW_OK) {
        status = upload->waiter == request ? end_wait(upload, err) : end_body(upload, err);
    } else if (upload->request == request) {
        if (upload->digest != NULL) {
            cut_body(upload);
        }
        forget_refused(upload);
    }
    if (status != SW_AGAIN) {
        sw_upload_unref(upload);
    }
    return status;
}

void sw_upload_cut(struct sw_upload *upload, void *request)
{
    if (upload->request == request) {
        if (upload->digest != NULL) {
            cut_body(upload);
        }
        upload->session->idle_since_ms = sw_clock_ms(upload->session->server->clock);
        if (upload->is_refused) {
            forget_refused(upload);
        } else {
            sw_upload_forget_body(upload);
        }
    }
    sw_upload_unref(upload);
}
