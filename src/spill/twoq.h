/* twoq: which of many things in memory goes first, so that a pass over all of them does not drive
 * out what is asked for again and again.  After Johnson and Shasha, "2Q: A Low Overhead High
 * Performance Buffer Management Replacement Algorithm" (VLDB 1994), "full version":
 *
 *   what comes for the first time enters NEW, first in, first out
 *   what falls out of NEW is remembered as a GHOST for a while
 *   what comes back while it is one enters HOT, least recently used first out
 *
 * NEW keeps a quarter of the bytes, so one pass replaces a quarter at most.  HOT is a clock in
 * place of a list by last use: a use sets a flag and moves nothing.
 *
 * Pure; the owner has a lock.  Things are linked in, never owned.                               */
#ifndef SW_SPILL_TWOQ_H
#define SW_SPILL_TWOQ_H

#include "base/status.h"

enum sw_twoq_place { SW_TWOQ_OUT, SW_TWOQ_NEW, SW_TWOQ_HOT, SW_TWOQ_GHOST, SW_TWOQ_PLACES };

struct sw_twoq_item {
    struct sw_twoq_item *before, *after;
    size_t bytes;
    enum sw_twoq_place place; /* zeroed: OUT */
};

struct sw_twoq {
    struct sw_twoq_list {
        struct sw_twoq_item *first, *last; /* newest, oldest */
        size_t bytes, count;
    } list[SW_TWOQ_PLACES]; /* OUT is empty */
    size_t ghosts_max;      /* bytes that ghosts stand for */
};

void sw_twoq_init(struct sw_twoq *queue, size_t ghosts_max);
/* It is in memory now: OUT -> NEW, GHOST -> HOT. */
void sw_twoq_come(struct sw_twoq *queue, struct sw_twoq_item *item);
/* The next to go, if it may; NULL: nothing is in memory. */
struct sw_twoq_item *sw_twoq_oldest(const struct sw_twoq *queue);
/* It cannot go now, or was used again: NEW or HOT -> the young end of the same. */
void sw_twoq_spare(struct sw_twoq *queue, struct sw_twoq_item *item);
/* It has left memory: NEW -> GHOST, HOT -> OUT; old ghosts are forgotten. */
void sw_twoq_leave(struct sw_twoq *queue, struct sw_twoq_item *item);
/* It is gone for good: any -> OUT. */
void sw_twoq_remove(struct sw_twoq *queue, struct sw_twoq_item *item);

static inline size_t sw_twoq_bytes(const struct sw_twoq *queue) /* in memory */
{
    return queue->list[SW_TWOQ_NEW].bytes + queue->list[SW_TWOQ_HOT].bytes;
}

static inline size_t sw_twoq_count(const struct sw_twoq *queue)
{
    return queue->list[SW_TWOQ_NEW].count + queue->list[SW_TWOQ_HOT].count;
}

#endif
