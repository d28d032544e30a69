/* wheel: timers of whole seconds, up to 63 of them ahead, set and cleared in
 * constant time.  One per connection, so that five thousand idle sockets cost
 * nothing until their second comes (G23: lws keeps its own in a sorted list,
 * linear per accept).  Loop thread; the timer lives in its owner.              */
#ifndef SW_NET_WHEEL_H
#define SW_NET_WHEEL_H

#include <stdint.h>

#define SW_WHEEL_SLOTS 64

struct sw_timer {
    struct sw_timer *next;
    struct sw_timer **link; /* what points at this; NULL: not set */
};

struct sw_wheel {
    struct sw_timer *slots[SW_WHEEL_SLOTS];
    int64_t now_s;
};

void sw_wheel_init(struct sw_wheel *wheel, int64_t now_s);
/* Fires in `seconds` (1..63, cut to that) from now; replaces what was set. */
void sw_wheel_set(struct sw_wheel *wheel, struct sw_timer *timer, int64_t seconds);
void sw_wheel_clear(struct sw_timer *timer);
/* Moves on to now_s and calls `fire` for each timer due, each cleared before; fire may set it
 * again, and may clear or set others. */
void sw_wheel_turn(struct sw_wheel *wheel, int64_t now_s,
                   void (*fire)(struct sw_timer *timer, void *context), void *context);

#endif
