#include "base/random.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

void sw_random_bytes(void *into, size_t length)
{
    char *at = into;
    while (length > 0) {
        ssize_t got = getrandom(at, length, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        sw_assert(got > 0);
        at += got;
        length -= (size_t)got;
    }
}

void sw_random_text(char *into, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char bytes[64];
    sw_assert(length <= sizeof bytes);
    sw_random_bytes(bytes, length);
    uint32_t held = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < length; i++) {
        held = (held << 8) | bytes[i];
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            *into++ = digits[(held >> bits) & 63];
        }
    }
    if (bits > 0) {
        *into++ = digits[(held << (6 - bits)) & 63];
    }
    *into = '\0';
}

static uint64_t hash_key[2];
static pthread_once_t hash_once = PTHREAD_ONCE_INIT;

static void make_key(void)
{
    sw_random_bytes(hash_key, sizeof hash_key);
}

static inline uint64_t rotate(uint64_t value, int bits)
{
    return (value << bits) | (value >> (64 - bits));
}

/* SipHash-1-3 (Aumasson, Bernstein 2012): fast, and keyed: clients cannot aim at a bucket. */
struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

/* All of the data, before the end of either length. `variant` goes into v1, as the paper has it. */
static struct sip absorb(const void *data, size_t length, uint64_t variant)
{
    (void)pthread_once(&hash_once, make_key);
    struct sip s = {hash_key[0] ^ 0x736f6d6570736575u, hash_key[1] ^ 0x646f72616e646f6du ^ variant,
                    hash_key[0] ^ 0x6c7967656e657261u, hash_key[1] ^ 0x7465646279746573u};
    const unsigned char *at = data;
    size_t rest = length;
    for (; rest >= 8; rest -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        s.v3 ^= word;
        sip_round(&s);
        s.v0 ^= word;
    }
    uint64_t last = (uint64_t)length << 56;
    for (size_t i = 0; i < rest; i++) {
        last |= (uint64_t)at[i] << (8 * i);
    }
    s.v3 ^= last;
    sip_round(&s);
    s.v0 ^= last;
    return s;
}

static uint64_t finish(struct sip *s)
{
    for (int i = 0; i < 3; i++) {
        sip_round(s);
    }
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t sw_hash(const void *data, size_t length)
{
    struct sip s = absorb(data, length, 0);
    s.v2 ^= 0xff;
    return finish(&s);
}

void sw_hash_wide(const void *data, size_t length, uint64_t into[2])
{
    struct sip s = absorb(data, length, 0xee);
    s.v2 ^= 0xee;
    into[0] = finish(&s);
    s.v1 ^= 0xdd;
    into[1] = finish(&s);
}
