#include "session/disk.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "base/limits.h"

struct sw_disk {
    struct sw_pool *pool[SW_DISK_QUEUES];
    struct sw_lane *lane[SW_DISK_QUEUES];
};

static const unsigned threads[SW_DISK_QUEUES] = {SW_DISK_LOG_THREADS, SW_DISK_BULK_THREADS};

sw_status sw_disk_new(void (*wake)(void *context), void *context, struct sw_disk **disk,
                      struct sw_err *err)
{
    struct sw_disk *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    sw_status status = SW_OK;
    for (size_t i = 0; i < SW_DISK_QUEUES && status == SW_OK; i++) {
        status = sw_pool_new(threads[i], wake, context, &made->pool[i], err);
        status = status == SW_OK ? sw_lane_new(made->pool[i], &made->lane[i]) : status;
    }
    if (status != SW_OK) {
        sw_disk_free(made);
        return status;
    }
    *disk = made;
    return SW_OK;
}

void sw_disk_free(struct sw_disk *disk)
{
    for (size_t i = 0; disk != NULL && i < SW_DISK_QUEUES; i++) {
        if (disk->lane[i] != NULL) {
            sw_lane_free(disk->lane[i]);
        }
        if (disk->pool[i] != NULL) {
            sw_pool_free(disk->pool[i]);
        }
    }
    free(disk);
}

void sw_disk_drain(struct sw_disk *disk)
{
    for (size_t i = 0; i < SW_DISK_QUEUES; i++) {
        sw_pool_drain(disk->pool[i]);
    }
}

bool sw_disk_is_idle(const struct sw_disk *disk)
{
    return disk == NULL ||
           (sw_lane_is_idle(disk->lane[SW_DISK_LOG]) && sw_lane_is_idle(disk->lane[SW_DISK_BULK]));
}

/* What ends in one queue may begin something in the other. */
void sw_disk_settle(struct sw_disk *disk)
{
    while (!sw_disk_is_idle(disk)) {
        sw_pool_settle(disk->pool[SW_DISK_LOG]);
        sw_pool_settle(disk->pool[SW_DISK_BULK]);
    }
}

static bool step_work(struct sw_job *job, unsigned worker)
{
    struct sw_disk_task *task = (struct sw_disk_task *)job;
    (void)worker;
    return task->work(task);
}

/* Who waits for a chart goes before who packs chunks: such a thread has less weight from its first
 * step on. (On Linux: the thread that asks.) */
static bool bulk_step_work(struct sw_job *job, unsigned worker)
{
    static _Thread_local bool is_lighter;
    if (!is_lighter) {
        is_lighter = true;
        int nice = getpriority(PRIO_PROCESS, 0);
        (void)setpriority(PRIO_PROCESS, 0, nice + SW_DISK_BULK_NICE);
    }
    return step_work(job, worker);
}

static void step_done(struct sw_job *job)
{
    struct sw_disk_task *task = (struct sw_disk_task *)job;
    task->done(task);
}

static const struct sw_job_ops ops[SW_DISK_QUEUES] = {
    [SW_DISK_LOG] = {step_work, step_done},
    [SW_DISK_BULK] = {bulk_step_work, step_done},
};

void sw_disk_run(struct sw_disk *disk, enum sw_disk_queue queue, struct sw_disk_task *task)
{
    task->status = SW_OK;
    sw_job_init(&task->job, &ops[queue], disk->lane[queue], SW_CLASS_INTERACTIVE, 1);
    sw_pool_submit(disk->pool[queue], &task->job);
}

void sw_disk_cancel(struct sw_disk *disk, struct sw_disk_task *task)
{
    sw_job_cancel(disk->pool[SW_DISK_BULK], &task->job);
}
