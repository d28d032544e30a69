/* peers: how many connections and uploads each address holds and how fast it opens
 * connections (G13; lws is built without its peer limits).  An IPv6 address counts as its
 * /64.  Loop thread; one table per server.                                     */
#ifndef SW_NET_PEERS_H
#define SW_NET_PEERS_H

#include "base/status.h"

#include <sys/socket.h>

struct sw_peer;

struct sw_peers {
    struct sw_peer *table; /* owned */
    int64_t held_max;      /* connections of one address */
    int64_t rate_max;      /* new ones a second, twice as many at once */
};

void sw_peers_init(struct sw_peers *peers, int64_t held_max, int64_t rate_max);
void sw_peers_fini(struct sw_peers *peers);
/* False: this address has too many, or opens too fast; refuse the connection. Counts only the
 * rate: a connection that is refused later never entered. */
bool sw_peers_may_enter(struct sw_peers *peers, const struct sockaddr *address, int64_t now_us);
/* Counts a connection; NULL: no memory. */
struct sw_peer *sw_peers_enter(struct sw_peers *peers, const struct sockaddr *address,
                               int64_t now_us);
/* Holds it as many already as one may? */
bool sw_peers_is_full(const struct sw_peers *peers, const struct sw_peer *peer);
/* One more upload, unless it has `most`. */
bool sw_peer_begin_upload(struct sw_peer *peer, int64_t most);
void sw_peer_end_upload(struct sw_peer *peer);
void sw_peers_leave(struct sw_peers *peers, struct sw_peer *peer); /* NULL accepted */
/* Forgets addresses without a connection whose rate has recovered; about once a second. */
void sw_peers_sweep(struct sw_peers *peers, int64_t now_us);
size_t sw_peers_count(const struct sw_peers *peers);

#endif
