/* upload: bytes of a file on their way into a session's table.  One object per
 * upload whatever brought it (tus, PUT, multipart): an offset, a spool file, a
 * loader.  net/ parses HTTP and speaks tus; this knows sessions, quotas, offsets,
 * checksums, flow.  Loop thread; the spool is written and parsed on a worker.
 *
 * A body is a stretch of bytes at the upload's offset:
 *   begin -> write... -> end (or cut: the bytes stay, unless a checksum was announced)
 * One body at a time: a new begin of the owner takes over from a stale one, whose
 * request is called back (request_ready) and gets SW_CANCELLED from its next write.
 * An upload that fails while its body arrives (not a CSV, over a limit) calls back the
 * same way and gives its error from write and end.
 * A pointer from _create or _find is good until the loop is given back; from a begin
 * that succeeded until the one _end (but SW_AGAIN) or _cut of that request, which must
 * follow, whatever write said.                                                             */
#ifndef SW_SESSION_UPLOAD_H
#define SW_SESSION_UPLOAD_H

#include "session/server.h"

struct sw_upload;

struct sw_upload_spec {
    struct sw_span filename; /* label only, UTF-8, any bytes accepted; cut at 255 */
    struct sw_span table;    /* empty: from filename, made unique */
    struct sw_span format;   /* empty or "csv" */
    struct sw_span types;    /* JSON object text, or empty */
    struct sw_span strict;   /* empty, "true" or "false" */
    int64_t length;          /* bytes as sent; -1: told later (tus defer-length) */
    struct sw_span metadata; /* tus Upload-Metadata, kept to be echoed */
    bool is_single;          /* in one request: nobody can go on with it after a restart */
};

/* The token is that of Authorization: Bearer. SW_NO_SESSION, SW_LIMIT, SW_PARAMS ... */
SW_MUST_USE sw_status sw_upload_create(struct sw_server *server, struct sw_span token,
                                       const struct sw_upload_spec *spec, struct sw_upload **upload,
                                       struct sw_err *err);
/* An upload of that session by its id (the last part of its tus URL); SW_UPLOAD: unknown. */
SW_MUST_USE sw_status sw_upload_find(struct sw_server *server, struct sw_span token,
                                     struct sw_span id, struct sw_upload **upload,
                                     struct sw_err *err);
const char *sw_upload_id(const struct sw_upload *upload);
const char *sw_upload_table(const struct sw_upload *upload);
int64_t sw_upload_offset(const struct sw_upload *upload);
int64_t sw_upload_length(const struct sw_upload *upload); /* -1: not told yet */
struct sw_span sw_upload_metadata(const struct sw_upload *upload);
int64_t sw_upload_expires_ms(const struct sw_upload *upload); /* wall clock */
SW_MUST_USE sw_status sw_upload_set_length(struct sw_upload *upload, int64_t length,
                                           struct sw_err *err);
/* What has come is all of it. */
SW_MUST_USE sw_status sw_upload_set_complete(struct sw_upload *upload, struct sw_err *err);

enum sw_checksum { SW_CHECKSUM_NONE, SW_CHECKSUM_SHA1, SW_CHECKSUM_SHA256 };

/* A body of `length` bytes begins at `offset`. SW_CONFLICT: wrong offset. `request` is net's. */
SW_MUST_USE sw_status sw_upload_begin(struct sw_upload *upload, int64_t offset, int64_t length,
                                      enum sw_checksum checksum, const unsigned char *digest,
                                      void *request, struct sw_err *err);
/* *is_full: stop reading until calls->request_ready(request). SW_CANCELLED: taken over. */
SW_MUST_USE sw_status sw_upload_write(struct sw_upload *upload, void *request, const void *data,
                                      size_t length, bool *is_full, struct sw_err *err);
/* The body is complete. SW_PARAMS with err: the checksum does not match (tus 460); its bytes are
 * gone.  SW_AGAIN: with it the upload is, and its rows are being read: request_ready comes when the
 * table is there or the file has proved unreadable; then call this again (or cut). */
SW_MUST_USE sw_status sw_upload_end(struct sw_upload *upload, void *request, struct sw_err *err);
/* The connection broke, or the request went wrong. */
void sw_upload_cut(struct sw_upload *upload, void *request);
void sw_upload_terminate(struct sw_upload *upload);
/* SW_OK, or the error with which it failed: for HEAD and the like. */
SW_MUST_USE sw_status sw_upload_check(const struct sw_upload *upload, struct sw_err *err);

#endif
