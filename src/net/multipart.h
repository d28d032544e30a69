/* multipart: a scanner for multipart/form-data (RFC 7578) that takes the body in
 * pieces cut anywhere and holds no more than one part's header.  It searches the
 * boundary a block at a time, so a file costs one pass of memmem (G3: the helper
 * of lws has a published heap overflow).  Pure, no sockets; one thread at a time.  */
#ifndef SW_NET_MULTIPART_H
#define SW_NET_MULTIPART_H

#include "base/buf.h"

#define SW_BOUNDARY_BYTES_MAX 70 /* RFC 2046 */

/* The header of a part; borrowed until the call returns. */
struct sw_part {
    struct sw_span name;
    bool is_file; /* it has a filename, perhaps an empty one */
    struct sw_span filename;
};

/* What the scanner says of the body, in order: (part data* part_end)*. A failure ends the scan. */
struct sw_multipart_calls {
    sw_status (*part)(void *context, const struct sw_part *part, struct sw_err *err);
    sw_status (*data)(void *context, struct sw_span bytes, struct sw_err *err);
    sw_status (*part_end)(void *context, struct sw_err *err);
    void *context;
};

enum sw_multipart_state {
    SW_MULTIPART_DATA,   /* in a part, or before the first: looking for the delimiter */
    SW_MULTIPART_AFTER,  /* behind a delimiter: "--" or the end of its line */
    SW_MULTIPART_DASH,   /* one dash seen */
    SW_MULTIPART_RETURN, /* the line's CR seen */
    SW_MULTIPART_HEAD,   /* in a part's header */
    SW_MULTIPART_END     /* behind the last delimiter: what follows is ignored */
};

struct sw_multipart {
    struct sw_multipart_calls calls;
    enum sw_multipart_state state;
    bool is_in_part;
    char delimiter[4 + SW_BOUNDARY_BYTES_MAX]; /* CR LF - - boundary */
    size_t delimiter_length;
    size_t matched;  /* bytes of the delimiter at the end of what came so far */
    size_t borrowed; /* of them, its CR LF where it did not come as data */
    struct sw_buf head;
};

/* The boundary of a Content-Type value; SW_PARAMS: it is not multipart/form-data with one. */
SW_MUST_USE sw_status sw_multipart_boundary(struct sw_span content_type, struct sw_span *boundary,
                                            struct sw_err *err);
void sw_multipart_init(struct sw_multipart *multipart, struct sw_span boundary,
                       const struct sw_multipart_calls *calls);
void sw_multipart_fini(struct sw_multipart *multipart);
/* The next piece. SW_PARAMS: malformed; else what a call returned. */
SW_MUST_USE sw_status sw_multipart_push(struct sw_multipart *multipart, struct sw_span bytes,
                                        struct sw_err *err);
/* The body is complete: SW_PARAMS unless its last delimiter came. */
SW_MUST_USE sw_status sw_multipart_finish(const struct sw_multipart *multipart, struct sw_err *err);

#endif
