#include "base/digest.h"

#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

struct sw_digest {
    EVP_MD_CTX *context; /* owned */
};

sw_status sw_digest_new(enum sw_digest_kind kind, struct sw_digest **digest)
{
    struct sw_digest *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->context = EVP_MD_CTX_new();
    const EVP_MD *algorithm = kind == SW_DIGEST_SHA1 ? EVP_sha1() : EVP_sha256();
    if (made->context == NULL || EVP_DigestInit_ex(made->context, algorithm, NULL) != 1) {
        sw_digest_free(made);
        return SW_NO_MEMORY;
    }
    *digest = made;
    return SW_OK;
}

void sw_digest_free(struct sw_digest *digest)
{
    if (digest != NULL) {
        EVP_MD_CTX_free(digest->context);
        free(digest);
    }
}

void sw_digest_add(struct sw_digest *digest, const void *data, size_t length)
{
    sw_assert(EVP_DigestUpdate(digest->context, data, length) == 1);
}

void sw_digest_finish(struct sw_digest *digest, unsigned char *into)
{
    sw_assert(EVP_DigestFinal_ex(digest->context, into, NULL) == 1);
}

void sw_sha256(const void *data, size_t length, unsigned char into[SW_SHA256_BYTES])
{
    sw_assert(EVP_Digest(data, length, into, NULL, EVP_sha256(), NULL) == 1);
}

bool sw_digest_equal(const unsigned char *a, const unsigned char *b, size_t length)
{
    return CRYPTO_memcmp(a, b, length) == 0;
}
