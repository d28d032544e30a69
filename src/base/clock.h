/* clock: time that tests can replace.  One struct made in main, passed down. Any thread. */
#ifndef SW_BASE_CLOCK_H
#define SW_BASE_CLOCK_H

#include <stdint.h>

struct sw_clock {
    int64_t (*now_us)(void *context);  /* monotonic microseconds */
    int64_t (*wall_ms)(void *context); /* milliseconds since 1970 UTC, for display only */
    void *context;
};

extern const struct sw_clock sw_clock_system;

static inline int64_t sw_clock_us(const struct sw_clock *clock)
{
    return clock->now_us(clock->context);
}

static inline int64_t sw_clock_ms(const struct sw_clock *clock)
{
    return clock->now_us(clock->context) / 1000;
}

#endif
