/* identity: what something was made of, in 128 bits: two things made of the same parts in the
 * same order have one identity, and no two others ever meet by chance.  A cache key that holds
 * nothing and needs no comparison of the parts.  Text is hashed under a key of the process
 * (base/random.h), so that a client cannot choose two of one identity.  A value; any thread. */
#ifndef SW_BASE_IDENTITY_H
#define SW_BASE_IDENTITY_H

#include "base/random.h"
#include "base/span.h"

struct sw_identity {
    uint64_t a, b;
};

static inline uint64_t sw_identity_mix(uint64_t x, uint64_t y)
{
    unsigned __int128 product = (unsigned __int128)x * y;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline void sw_identity_add(struct sw_identity *identity, uint64_t part)
{
    identity->a = sw_identity_mix(identity->a ^ part ^ 0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu);
    identity->b = sw_identity_mix(identity->b + part + 0x8ebc6af09c88c6e3u, 0x589965cc75374cc3u);
}

static inline void sw_identity_add_text(struct sw_identity *identity, struct sw_span text)
{
    sw_identity_add(identity, text.length);
    sw_identity_add(identity, text.length == 0 ? 0 : sw_hash(text.data, text.length));
}

static inline void sw_identity_add_other(struct sw_identity *identity,
                                         const struct sw_identity *other)
{
    sw_identity_add(identity, other->a);
    sw_identity_add(identity, other->b);
}

static inline bool sw_identity_equal(const struct sw_identity *a, const struct sw_identity *b)
{
    return a->a == b->a && a->b == b->b;
}

#endif
