/* random: bytes from the system, and digests.  Any thread. */
#ifndef SW_BASE_RANDOM_H
#define SW_BASE_RANDOM_H

#include "base/status.h"

void sw_random_bytes(void *into, size_t length); /* aborts when the system has none */
/* length random bytes as base64url without padding; `into` holds 4*length/3+3. */
void sw_random_text(char *into, size_t length);
/* A 64-bit hash keyed once per process at start: safe for names that clients choose. */
uint64_t sw_hash(const void *data, size_t length);
/* The same in 128 bits, for who has no room for the texts to compare: no two differ and are equal
 * here, by chance or by will. */
void sw_hash_wide(const void *data, size_t length, uint64_t into[2]);

#endif
