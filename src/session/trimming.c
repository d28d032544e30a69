/* See trimming.h. */
#include "session/trimming.h"

#include "base/block.h"

#define QUIET_MS 1000 /* a load that follows at once uses the blocks again */

static bool trim_work(struct sw_job *job, unsigned worker)
{
    (void)job;
    (void)worker;
    sw_block_trim();
    return false;
}

static void trim_done(struct sw_job *job)
{
    struct sw_trimming *trimming = (struct sw_trimming *)(void *)job;
    trimming->is_running = false;
}

static const struct sw_job_ops trim_ops = {trim_work, trim_done};

void sw_trim_init(struct sw_trimming *trimming, struct sw_pool *pool, struct sw_lane *lane)
{
    trimming->pool = pool;
    sw_job_init(&trimming->job, &trim_ops, lane, SW_CLASS_BULK, 1);
}

void sw_trim_want(struct sw_trimming *trimming, int64_t now_ms)
{
    trimming->is_wanted = true;
    trimming->wanted_ms = now_ms;
}

void sw_trim_tick(struct sw_trimming *trimming, int64_t now_ms)
{
    if (!trimming->is_wanted || trimming->is_running || now_ms - trimming->wanted_ms < QUIET_MS) {
        return;
    }
    trimming->is_wanted = false;
    trimming->is_running = true;
    sw_pool_submit(trimming->pool, &trimming->job);
}
