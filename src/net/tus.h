/* tus: the header values of the tus 1.0.0 protocol, as text: numbers, metadata,
 * checksums, dates.  Pure functions, no sockets, no state; http_tus.c speaks the
 * protocol with them.  Any thread.                                             */
#ifndef SW_NET_TUS_H
#define SW_NET_TUS_H

#include "base/buf.h"
#include "session/upload.h"

#define SW_TUS_VERSION "1.0.0"
#define SW_TUS_EXTENSIONS \
    "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination"
#define SW_TUS_CHECKSUMS    "sha1,sha256"
#define SW_DIGEST_BYTES_MAX 32

/* 1 to 18 digits and nothing else: what Content-Length, Upload-Offset and Upload-Length may be
 * (G2: atoll would take "5xyz", "+5", "-5" and "5, 0"). */
bool sw_tus_read_number(struct sw_span text, int64_t *number);

/* Upload-Metadata: "key base64,key base64,key". SW_PARAMS names the pair that is wrong; a key
 * that comes twice is wrong too. Empty is fine. */
SW_MUST_USE sw_status sw_tus_check_metadata(struct sw_span metadata, struct sw_err *err);
/* The decoded value of a key, appended; false and nothing appended: there is none. The metadata
 * was checked. */
bool sw_tus_find_metadata(struct sw_span metadata, const char *key, struct sw_buf *value);

/* Upload-Checksum: "sha1 base64" or "sha256 base64" of the right length. */
SW_MUST_USE sw_status sw_tus_read_checksum(struct sw_span text, enum sw_checksum *kind,
                                           unsigned char digest[SW_DIGEST_BYTES_MAX],
                                           struct sw_err *err);

/* RFC 4648 base64 with padding; false: it is none. */
bool sw_tus_decode_base64(struct sw_span text, struct sw_buf *bytes);

/* "Sun, 06 Nov 1994 08:49:37 GMT" of milliseconds since 1970. */
#define SW_HTTP_DATE_BYTES 30
void sw_tus_put_date(char date[SW_HTTP_DATE_BYTES], int64_t wall_ms);

#endif
