/* download: a table as CSV, piece by piece, made on a worker as fast as the
 * reader takes it, in constant memory.  A ticket (download.create) pins version,
 * filter, columns and order; it needs no token and serves one download and its
 * Range continuations until it expires.  Loop thread.                            */
#ifndef SW_SESSION_DOWNLOAD_H
#define SW_SESSION_DOWNLOAD_H

#include "session/server.h"

struct sw_download;

struct sw_download_range {
    bool is_asked;
    int64_t first; /* -1: the last `last` bytes */
    int64_t last;  /* -1: to the end */
};

struct sw_download_head {
    int status;                 /* 200, 206, 416 */
    int64_t length;             /* of the body; -1: not known (send chunked) */
    int64_t first, last, total; /* 206: Content-Range; 416: total */
    const char *content_type;
    const char *filename; /* UTF-8 label */
    const char *etag;     /* quoted */
};

/* SW_UPLOAD-like statuses do not occur: SW_PARAMS (404) unknown or spent ticket. if_range may be
 * empty: a range whose if_range differs from the etag is ignored. */
SW_MUST_USE sw_status sw_download_open(struct sw_server *server, struct sw_span ticket,
                                       const struct sw_download_range *range,
                                       struct sw_span if_range, bool is_head_only, void *request,
                                       struct sw_download **download, struct sw_err *err);
/* False: not known yet, calls->request_ready(request) follows. */
bool sw_download_head(struct sw_download *download, struct sw_download_head *head);

enum sw_piece { SW_PIECE_READY, SW_PIECE_WAIT, SW_PIECE_END, SW_PIECE_FAILED };
/* Up to SW_SEND_BYTES_MAX bytes, borrowed until the next call. WAIT: request_ready follows.
 * FAILED: break the connection so that the reader notices. */
enum sw_piece sw_download_next(struct sw_download *download, struct sw_span *piece);
void sw_download_close(struct sw_download *download); /* done or broken; keeps the ticket */

#endif
