/* trimming: freed memory goes back to the system.  Loads and sessions leave behind large
 * blocks that are kept to be used again (base/block.h); once a load has ended or sessions
 * have gone, and nothing more of the kind came for a second, a worker gives them back:
 * that walks the heap, which is nothing for the loop to wait for.
 *
 *   loop     sw_trim_want ... sw_trim_tick -> worker   sw_block_trim             */
#ifndef SW_SESSION_TRIMMING_H
#define SW_SESSION_TRIMMING_H

#include "exec/pool.h"

struct sw_trimming {
    struct sw_job job;
    struct sw_pool *pool;
    bool is_wanted, is_running;
    int64_t wanted_ms; /* clock: when it was last wanted */
};

/* Its jobs are over when the pool has settled. */
void sw_trim_init(struct sw_trimming *trimming, struct sw_pool *pool, struct sw_lane *lane);
void sw_trim_want(struct sw_trimming *trimming, int64_t now_ms);
void sw_trim_tick(struct sw_trimming *trimming, int64_t now_ms); /* now and then */

#endif
