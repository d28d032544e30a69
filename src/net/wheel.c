#include "net/wheel.h"

#include <stddef.h>
#include <string.h>

void sw_wheel_init(struct sw_wheel *wheel, int64_t now_s)
{
    memset(wheel, 0, sizeof(*wheel));
    wheel->now_s = now_s;
}

void sw_wheel_clear(struct sw_timer *timer)
{
    if (timer->link == NULL) {
        return;
    }
    *timer->link = timer->next;
    if (timer->next != NULL) {
        timer->next->link = timer->link;
    }
    timer->next = NULL;
    timer->link = NULL;
}

static void link_into(struct sw_timer **head, struct sw_timer *timer)
{
    timer->next = *head;
    timer->link = head;
    if (timer->next != NULL) {
        timer->next->link = &timer->next;
    }
    *head = timer;
}

void sw_wheel_set(struct sw_wheel *wheel, struct sw_timer *timer, int64_t seconds)
{
    sw_wheel_clear(timer);
    if (seconds < 1) {
        seconds = 1;
    }
    if (seconds > SW_WHEEL_SLOTS - 1) {
        seconds = SW_WHEEL_SLOTS - 1;
    }
    link_into(&wheel->slots[(wheel->now_s + seconds) % SW_WHEEL_SLOTS], timer);
}

/* The slot is emptied through a list of its own, so that a timer which is set again from `fire`
 * is not met twice, and one that is cleared there leaves the list whole. */
static void fire_slot(struct sw_timer **slot, void (*fire)(struct sw_timer *timer, void *context),
                      void *context)
{
    struct sw_timer *due = *slot;
    *slot = NULL;
    if (due != NULL) {
        due->link = &due;
    }
    while (due != NULL) {
        struct sw_timer *timer = due;
        sw_wheel_clear(timer);
        fire(timer, context);
    }
}

void sw_wheel_turn(struct sw_wheel *wheel, int64_t now_s,
                   void (*fire)(struct sw_timer *timer, void *context), void *context)
{
    /* After a stop of the whole process every slot is due once, not once per turn missed. */
    if (now_s > wheel->now_s + SW_WHEEL_SLOTS) {
        wheel->now_s = now_s - SW_WHEEL_SLOTS;
    }
    while (wheel->now_s < now_s) {
        wheel->now_s++;
        fire_slot(&wheel->slots[wheel->now_s % SW_WHEEL_SLOTS], fire, context);
    }
}
