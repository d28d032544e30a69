/* disk: work that may wait for the disk, on threads of its own, so that neither the loop
 * nor a worker that folds ever does.  Appends to logs have threads that nothing else
 * uses: a large save holds up no acknowledgement.
 *
 *   loop     sw_disk_run
 *   worker   task->work until it returns false
 *   loop     task->done
 *
 * The owner of a task keeps it until done, which always comes. */
#ifndef SW_SESSION_DISK_H
#define SW_SESSION_DISK_H

#include "exec/pool.h"

struct sw_disk;
struct sw_disk_task;

enum sw_disk_queue {
    SW_DISK_LOG,  /* short, and somebody waits for it */
    SW_DISK_BULK, /* saves, restores, removals */
    SW_DISK_QUEUES
};

struct sw_disk_task {
    struct sw_job job; /* first: a step finds the rest by it */
    /* One step; true: again. Ends early when sw_job_is_cancelled. */
    bool (*work)(struct sw_disk_task *task);
    void (*done)(struct sw_disk_task *task);
    void *context;
    sw_status status; /* of the work */
    struct sw_err err;
};

SW_MUST_USE sw_status sw_disk_new(void (*wake)(void *context), void *context, struct sw_disk **disk,
                                  struct sw_err *err);
void sw_disk_free(struct sw_disk *disk);          /* all tasks are over; NULL accepted */
void sw_disk_drain(struct sw_disk *disk);         /* after wake */
bool sw_disk_is_idle(const struct sw_disk *disk); /* NULL accepted */
/* Runs until nothing is left, draining: for a stop. NULL accepted. */
void sw_disk_settle(struct sw_disk *disk);
/* Starts task->work; work, done and context are filled by the caller. */
void sw_disk_run(struct sw_disk *disk, enum sw_disk_queue queue, struct sw_disk_task *task);
/* Of the bulk queue: its work sees it; done still comes. */
void sw_disk_cancel(struct sw_disk *disk, struct sw_disk_task *task);

#endif
