#include "exec/turns.h"

#include <stdlib.h>

#define UNHURRIED_SHARE 9      /* one part in 1 + 9 */
#define EARNED_US_MAX   100000 /* neither side saves up more than a frame */

static bool is_unhurried(enum sw_class urgency)
{
    return urgency == SW_CLASS_INGEST || urgency == SW_CLASS_BULK;
}

/* -- heaps ------------------------------------------------------------------ */

static void heap_set(struct sw_turns *turns, enum sw_turn_heap which, size_t at,
                     struct sw_lane *lane)
{
    turns->heap[which][at] = lane;
    lane->slot[which] = at + 1;
}

static void heap_rise(struct sw_turns *turns, enum sw_turn_heap which, size_t at)
{
    struct sw_lane *lane = turns->heap[which][at];
    while (at > 0) {
        struct sw_lane *above = turns->heap[which][(at - 1) / 2];
        if (above->used_us <= lane->used_us) {
            break;
        }
        heap_set(turns, which, at, above);
        at = (at - 1) / 2;
    }
    heap_set(turns, which, at, lane);
}

static void heap_sink(struct sw_turns *turns, enum sw_turn_heap which, size_t at)
{
    struct sw_lane *lane = turns->heap[which][at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= turns->count[which]) {
            break;
        }
        struct sw_lane **heap = turns->heap[which];
        if (child + 1 < turns->count[which] && heap[child + 1]->used_us < heap[child]->used_us) {
            child++;
        }
        if (heap[child]->used_us >= lane->used_us) {
            break;
        }
        heap_set(turns, which, at, heap[child]);
        at = child;
    }
    heap_set(turns, which, at, lane);
}

static void heap_add(struct sw_turns *turns, enum sw_turn_heap which, struct sw_lane *lane)
{
    if (lane->slot[which] != 0) {
        return;
    }
    sw_assert(turns->count[which] < turns->capacity);
    size_t at = turns->count[which]++;
    heap_set(turns, which, at, lane);
    heap_rise(turns, which, at);
}

static void heap_remove(struct sw_turns *turns, enum sw_turn_heap which, struct sw_lane *lane)
{
    if (lane->slot[which] == 0) {
        return;
    }
    size_t at = lane->slot[which] - 1;
    lane->slot[which] = 0;
    struct sw_lane *last = turns->heap[which][--turns->count[which]];
    if (last == lane) {
        return;
    }
    heap_set(turns, which, at, last);
    heap_rise(turns, which, at);
    heap_sink(turns, which, last->slot[which] - 1);
}

/* -- lanes ------------------------------------------------------------------ */

bool sw_turns_add_lane(struct sw_turns *turns)
{
    if (turns->lanes == turns->capacity) {
        size_t capacity = turns->capacity == 0 ? 16 : turns->capacity * 2;
        for (int which = 0; which < SW_HEAPS; which++) {
            struct sw_lane **heap = realloc(turns->heap[which], capacity * sizeof(*heap));
            if (heap == NULL) {
                return false;
            }
            turns->heap[which] = heap;
        }
        turns->capacity = capacity;
    }
    turns->lanes++;
    return true;
}

void sw_turns_drop_lane(struct sw_turns *turns)
{
    sw_assert(turns->lanes > 0);
    turns->lanes--;
}

void sw_turns_fini(struct sw_turns *turns)
{
    for (int which = 0; which < SW_HEAPS; which++) {
        free(turns->heap[which]);
    }
    *turns = (struct sw_turns){0};
}

static void queue_append(struct sw_lane *lane, struct sw_job *job)
{
    job->pool.next = NULL;
    job->pool.previous = lane->last[job->urgency];
    if (job->pool.previous != NULL) {
        job->pool.previous->pool.next = job;
    } else {
        lane->first[job->urgency] = job;
    }
    lane->last[job->urgency] = job;
}

static void queue_unlink(struct sw_lane *lane, struct sw_job *job)
{
    if (job->pool.previous != NULL) {
        job->pool.previous->pool.next = job->pool.next;
    } else {
        lane->first[job->urgency] = job->pool.next;
    }
    if (job->pool.next != NULL) {
        job->pool.next->pool.previous = job->pool.previous;
    } else {
        lane->last[job->urgency] = job->pool.previous;
    }
    job->pool.next = NULL;
    job->pool.previous = NULL;
}

static bool has_unhurried(const struct sw_lane *lane)
{
    return lane->first[SW_CLASS_INGEST] != NULL || lane->first[SW_CLASS_BULK] != NULL;
}

static bool has_any(const struct sw_lane *lane)
{
    return has_unhurried(lane) || lane->first[SW_CLASS_INTERACTIVE] != NULL ||
           lane->first[SW_CLASS_INDEX] != NULL;
}

void sw_turns_put(struct sw_turns *turns, struct sw_job *job)
{
    struct sw_lane *lane = job->lane;
    sw_assert(!job->pool.is_queued);
    if (lane->slot[SW_HEAP_ALL] == 0 && lane->used_us < turns->now_us) {
        lane->used_us = turns->now_us;
    }
    queue_append(lane, job);
    job->pool.is_queued = true;
    heap_add(turns, SW_HEAP_ALL, lane);
    if (is_unhurried(job->urgency)) {
        heap_add(turns, SW_HEAP_UNHURRIED, lane);
    }
}

void sw_turns_remove(struct sw_turns *turns, struct sw_job *job)
{
    struct sw_lane *lane = job->lane;
    sw_assert(job->pool.is_queued);
    queue_unlink(lane, job);
    job->pool.is_queued = false;
    if (!has_unhurried(lane)) {
        heap_remove(turns, SW_HEAP_UNHURRIED, lane);
    }
    if (!has_any(lane)) {
        heap_remove(turns, SW_HEAP_ALL, lane);
    }
}

static enum sw_class choose_unhurried(struct sw_lane *lane)
{
    bool is_bulk = lane->first[SW_CLASS_BULK] != NULL &&
                   (lane->is_bulk_next || lane->first[SW_CLASS_INGEST] == NULL);
    lane->is_bulk_next = !is_bulk;
    return is_bulk ? SW_CLASS_BULK : SW_CLASS_INGEST;
}

struct sw_job *sw_turns_next(struct sw_turns *turns)
{
    if (turns->count[SW_HEAP_ALL] == 0) {
        return NULL;
    }
    bool is_owed = turns->earned_us > 0 && turns->count[SW_HEAP_UNHURRIED] > 0;
    struct sw_lane *lane = turns->heap[is_owed ? SW_HEAP_UNHURRIED : SW_HEAP_ALL][0];
    enum sw_class urgency;
    if (!is_owed && lane->first[SW_CLASS_INTERACTIVE] != NULL) {
        urgency = SW_CLASS_INTERACTIVE;
    } else if (!is_owed && lane->first[SW_CLASS_INDEX] != NULL) {
        urgency = SW_CLASS_INDEX;
    } else {
        urgency = choose_unhurried(lane);
    }
    if (!is_owed && lane->used_us > turns->now_us) {
        turns->now_us = lane->used_us;
    }
    struct sw_job *job = lane->first[urgency];
    sw_assert(job != NULL);
    queue_unlink(lane, job);
    queue_append(lane, job);
    return job;
}

void sw_turns_charge(struct sw_turns *turns, struct sw_lane *lane, enum sw_class urgency,
                     int64_t us)
{
    lane->used_us += us;
    for (int which = 0; which < SW_HEAPS; which++) {
        if (lane->slot[which] != 0) {
            heap_sink(turns, (enum sw_turn_heap)which, lane->slot[which] - 1);
        }
    }
    if (is_unhurried(urgency)) {
        turns->earned_us -= us * UNHURRIED_SHARE;
    } else if (turns->count[SW_HEAP_UNHURRIED] > 0) {
        turns->earned_us += us;
    }
    if (turns->earned_us > EARNED_US_MAX) {
        turns->earned_us = EARNED_US_MAX;
    } else if (turns->earned_us < -EARNED_US_MAX) {
        turns->earned_us = -EARNED_US_MAX;
    }
}
