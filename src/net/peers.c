#include "net/peers.h"

#include "base/random.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* An address is the client's choice (a /64 at a time), so the hash is keyed. */
#define HASH_FUNCTION(key, length, hash) ((hash) = (unsigned)sw_hash((key), (length)))
#define HASH_NONFATAL_OOM                1
#include <uthash.h>

#define TOKEN     1000000 /* one connection; so a microsecond at rate 1 is a token's millionth */
#define KEY_BYTES 9       /* family, then an IPv4 address or the /64 of an IPv6 one */

struct sw_peer {
    unsigned char key[KEY_BYTES];
    int64_t held, uploads;
    int64_t tokens;     /* millionths of connections that it may open at once */
    int64_t updated_us; /* when tokens was right */
    UT_hash_handle hh;
};

static void make_key(unsigned char key[KEY_BYTES], const struct sockaddr *address)
{
    memset(key, 0, KEY_BYTES);
    key[0] = (unsigned char)address->sa_family;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
        memcpy(key + 1, &in->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
        memcpy(key + 1, &in6->sin6_addr, 8);
    }
}

static int64_t burst_of(const struct sw_peers *peers)
{
    return 2 * peers->rate_max * TOKEN;
}

static void refill(const struct sw_peers *peers, struct sw_peer *peer, int64_t now_us)
{
    /* Two seconds fill it up, so that more need not be multiplied. */
    int64_t elapsed_us = now_us - peer->updated_us;
    elapsed_us = elapsed_us > 2000000 ? 2000000 : elapsed_us;
    peer->tokens += elapsed_us * peers->rate_max;
    if (peer->tokens > burst_of(peers)) {
        peer->tokens = burst_of(peers);
    }
    peer->updated_us = now_us;
}

static struct sw_peer *find_or_add(struct sw_peers *peers, const struct sockaddr *address,
                                   int64_t now_us)
{
    unsigned char key[KEY_BYTES];
    struct sw_peer *peer = NULL;
    make_key(key, address);
    HASH_FIND(hh, peers->table, key, KEY_BYTES, peer);
    if (peer != NULL) {
        refill(peers, peer, now_us);
        return peer;
    }
    peer = calloc(1, sizeof(*peer));
    if (peer == NULL) {
        return NULL;
    }
    memcpy(peer->key, key, KEY_BYTES);
    peer->tokens = burst_of(peers);
    peer->updated_us = now_us;
    HASH_ADD(hh, peers->table, key, KEY_BYTES, peer);
    if (peer->hh.tbl == NULL) {
        free(peer);
        return NULL;
    }
    return peer;
}

static void forget(struct sw_peers *peers, struct sw_peer *peer)
{
    HASH_DEL(peers->table, peer);
    free(peer);
}

void sw_peers_init(struct sw_peers *peers, int64_t held_max, int64_t rate_max)
{
    peers->table = NULL;
    peers->held_max = held_max;
    peers->rate_max = rate_max;
}

void sw_peers_fini(struct sw_peers *peers)
{
    struct sw_peer *peer;
    struct sw_peer *next;
    HASH_ITER (hh, peers->table, peer, next) {
        forget(peers, peer);
    }
    peers->table = NULL;
}

bool sw_peers_may_enter(struct sw_peers *peers, const struct sockaddr *address, int64_t now_us)
{
    struct sw_peer *peer = find_or_add(peers, address, now_us);
    if (peer == NULL || peer->held >= peers->held_max || peer->tokens < TOKEN) {
        return false;
    }
    peer->tokens -= TOKEN;
    return true;
}

struct sw_peer *sw_peers_enter(struct sw_peers *peers, const struct sockaddr *address,
                               int64_t now_us)
{
    struct sw_peer *peer = find_or_add(peers, address, now_us);
    if (peer != NULL) {
        peer->held++;
    }
    return peer;
}

void sw_peers_leave(struct sw_peers *peers, struct sw_peer *peer)
{
    (void)peers;
    if (peer != NULL) {
        sw_assert(peer->held > 0);
        peer->held--;
    }
}

bool sw_peers_is_full(const struct sw_peers *peers, const struct sw_peer *peer)
{
    return peer->held > peers->held_max;
}

bool sw_peer_begin_upload(struct sw_peer *peer, int64_t most)
{
    if (peer->uploads >= most) {
        return false;
    }
    peer->uploads++;
    return true;
}

void sw_peer_end_upload(struct sw_peer *peer)
{
    sw_assert(peer->uploads > 0);
    peer->uploads--;
}

void sw_peers_sweep(struct sw_peers *peers, int64_t now_us)
{
    struct sw_peer *peer;
    struct sw_peer *next;
    HASH_ITER (hh, peers->table, peer, next) {
        if (peer->held == 0) {
            refill(peers, peer, now_us);
            if (peer->tokens >= burst_of(peers)) {
                forget(peers, peer);
            }
        }
    }
}

size_t sw_peers_count(const struct sw_peers *peers)
{
    return HASH_COUNT(peers->table);
}
