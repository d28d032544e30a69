/* digest: SHA-1 and SHA-256 (OpenSSL), at once and piecewise; comparison in constant
 * time.  Any thread; a digest belongs to one thread at a time.                  */
#ifndef SW_BASE_DIGEST_H
#define SW_BASE_DIGEST_H

#include "base/status.h"

#define SW_SHA1_BYTES   20
#define SW_SHA256_BYTES 32

enum sw_digest_kind { SW_DIGEST_SHA1, SW_DIGEST_SHA256 };

struct sw_digest;

SW_MUST_USE sw_status sw_digest_new(enum sw_digest_kind kind, struct sw_digest **digest);
void sw_digest_free(struct sw_digest *digest);
void sw_digest_add(struct sw_digest *digest, const void *data, size_t length);
/* Writes SW_SHA1_BYTES or SW_SHA256_BYTES; the digest is spent. */
void sw_digest_finish(struct sw_digest *digest, unsigned char *into);

void sw_sha256(const void *data, size_t length, unsigned char into[SW_SHA256_BYTES]);
/* Equal, in time that does not depend on where they differ. */
bool sw_digest_equal(const unsigned char *a, const unsigned char *b, size_t length);

#endif
