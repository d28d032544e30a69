/* keptupload: uploads over a restart: as records of the session's log, as a fact of its
 * save, and back.  An upload is known by what began it; its bytes lie in its spool
 * (spool.h), and how many of them count follows from the file, or from the last mark.
 *
 *   upload.begin  all that makes it anew
 *   upload.mark   so many bytes are acknowledged; is_open: those behind await a checksum
 *   upload.done   its table is complete, at this version
 *   upload.gone   failed, cancelled or expired                                        */
#ifndef SW_SESSION_KEPTUPLOAD_H
#define SW_SESSION_KEPTUPLOAD_H

#include "session/session.h"

struct sw_upload_spec;

/* What began it, into upload->kept: JSON members without braces. */
SW_MUST_USE sw_status sw_kept_upload_note(struct sw_upload *upload,
                                          const struct sw_upload_spec *spec);
/* Records; nothing where the server keeps nothing. */
void sw_kept_upload_begin(struct sw_upload *upload);
void sw_kept_upload_mark(struct sw_upload *upload, int64_t offset, bool is_open);
void sw_kept_upload_done(struct sw_upload *upload);
void sw_kept_upload_gone(struct sw_upload *upload);

/* The session's uploads as a list; from it into a session that has none. */
void sw_kept_uploads_put(const struct sw_session *session, struct sw_buf *out);
SW_MUST_USE sw_status sw_kept_uploads_take(struct sw_session *session, const struct sw_json *list,
                                           struct sw_err *err);
/* A record again. SW_AGAIN: its table is being read anew; done(context, error or NULL) follows. */
SW_MUST_USE sw_status sw_kept_upload_replay(struct sw_session *session, struct sw_span method,
                                            const struct sw_json *record,
                                            void (*done)(void *context, const struct sw_err *err),
                                            void *context, struct sw_err *err);
/* All records are done again: those that are not complete go on where they were. */
void sw_kept_uploads_go_on(struct sw_session *session);

#endif
