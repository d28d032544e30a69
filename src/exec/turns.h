/* turns: whose job a free worker takes next.  Private to exec/pool.c, which calls
 * it with its lock held; no threads in here, so the rules are tested as they are.
 *
 * Stride scheduling (Waldspurger 1995) over lanes: each lane has a virtual time,
 * the microseconds its steps took; the lane with the least goes next.  A lane that
 * was idle comes back at the present, so that rest earns no credit.  Within a lane:
 * interactive, then index, then ingest and bulk in turn; within a class round
 * robin, so that a short job passes a long one.
 *
 * Ingest and bulk work of all lanes together gets at least a tenth: while some of it
 * waits, each microsecond of urgent work earns it a ninth of one, and what is earned
 * is spent before anything else is taken.                                          */
#ifndef SW_EXEC_TURNS_H
#define SW_EXEC_TURNS_H

#include "exec/pool.h"

enum sw_turn_heap {
    SW_HEAP_ALL,       /* lanes with a job that can take a worker */
    SW_HEAP_UNHURRIED, /* lanes with an ingest or bulk job that can */
    SW_HEAPS
};

#define SW_LANE_MAGIC 0x6c616e65u /* "lane" */

struct sw_lane {
    uint32_t magic;
    struct sw_pool *pool;
    int64_t used_us;                  /* virtual time */
    struct sw_job *first[SW_CLASSES]; /* jobs that can take a worker, in turn */
    struct sw_job *last[SW_CLASSES];
    size_t slot[SW_HEAPS]; /* place in a heap plus one; 0: not in it */
    unsigned jobs;         /* live */
    bool is_bulk_next;     /* of ingest and bulk */
    bool is_freed;         /* goes with its last job */
};

struct sw_turns {
    struct sw_lane **heap[SW_HEAPS]; /* binary heaps by used_us; owned */
    size_t count[SW_HEAPS];
    size_t capacity; /* of each: at least the number of lanes */
    size_t lanes;
    int64_t now_us;    /* virtual time of the lane taken last */
    int64_t earned_us; /* by waiting ingest and bulk work */
};

/* Room for one lane more; false: no memory. */
bool sw_turns_add_lane(struct sw_turns *turns);
void sw_turns_drop_lane(struct sw_turns *turns);
void sw_turns_fini(struct sw_turns *turns);

void sw_turns_put(struct sw_turns *turns, struct sw_job *job);    /* it can take a worker */
void sw_turns_remove(struct sw_turns *turns, struct sw_job *job); /* it cannot any more */
/* The job whose turn it is, left in its queue behind its equals; NULL: none. */
struct sw_job *sw_turns_next(struct sw_turns *turns);
/* A step of that lane and class took so long. */
void sw_turns_charge(struct sw_turns *turns, struct sw_lane *lane, enum sw_class urgency,
                     int64_t us);

#endif
