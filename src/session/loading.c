#include "session/loading.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/block.h"
#include "base/obj.h"

#define LOADING_MAGIC       0x6c6f6164u /* "load" */
#define LOADING_BLOCK_BYTES (256u << 10)
#define LOADING_STEP_BYTES  (4u << 20) /* parsed per step: about 10 ms */
#define LOADING_LOW_BYTES   (2u << 20) /* pending bytes under which a paused sender goes on */

struct spool_block {
    struct spool_block *next;
    uint64_t offset;
    size_t length;
    char data[LOADING_BLOCK_BYTES];
};

struct sw_loading {
    uint32_t magic;
    struct sw_job job;
    struct sw_pool *pool;
    struct sw_load *load; /* owned */
    int fd;               /* owned */
    sw_loading_step_fn on_step;
    void (*on_refused)(void *context, uint64_t written, const struct sw_err *err);
    void (*on_drained)(void *context);
    void *context;
    pthread_mutex_t lock;
    struct spool_block *first, *last; /* lock: lock */
    size_t pending;                   /* lock: lock; bytes in blocks, and `refused` */
    size_t refused;                   /* lock: lock; that the disk did not take, not yet reported */
    uint64_t written;                 /* lock: lock; the spool holds all bytes below this */
    unsigned cuts;                    /* lock: lock; how often bytes were taken back */
    int write_errno;                  /* lock: lock */
    uint64_t asked;                   /* loop; offered by the owner */
    uint64_t offered;                 /* loop; told to the load */
    uint64_t version_seen;            /* loop */
    bool is_running, is_asked_again, is_ending, is_end_told, is_over, is_closed; /* loop */
};

/* -- the worker's half ----------------------------------------------------------- */

static bool write_all_work(int fd, const char *data, size_t length, uint64_t offset)
{
    while (length > 0) {
        ssize_t wrote = pwrite(fd, data, length, (off_t)offset);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return false;
        }
        data += wrote;
        length -= (size_t)wrote;
        offset += (uint64_t)wrote;
    }
    return true;
}

static struct spool_block *pop_block_work(struct sw_loading *loading, unsigned *cuts)
{
    (void)pthread_mutex_lock(&loading->lock);
    *cuts = loading->cuts;
    struct spool_block *block = loading->first;
    if (block != NULL) {
        loading->first = block->next;
        if (loading->first == NULL) {
            loading->last = NULL;
        }
    }
    (void)pthread_mutex_unlock(&loading->lock);
    return block;
}

static void write_blocks_work(struct sw_loading *loading)
{
    for (;;) {
        unsigned cuts;
        struct spool_block *block = pop_block_work(loading, &cuts);
        if (block == NULL) {
            return;
        }
        bool is_written = write_all_work(loading->fd, block->data, block->length, block->offset);
        int why = errno;
        (void)pthread_mutex_lock(&loading->lock);
        if (cuts == loading->cuts && loading->write_errno == 0 && !is_written) {
            loading->write_errno = why == 0 ? EIO : why;
        }
        if (cuts == loading->cuts && loading->write_errno != 0) {
            loading->refused += block->length; /* nobody may take it for written */
        } else {
            loading->pending -= block->length;
        }
        if (cuts == loading->cuts && loading->write_errno == 0) {
            loading->written = block->offset + block->length;
        } /* else it was taken back meanwhile, or lies behind a gap: what comes now overwrites it */
        (void)pthread_mutex_unlock(&loading->lock);
        sw_block_free(block, sizeof *block);
    }
}

static bool step_work(struct sw_job *job, unsigned worker)
{
    (void)worker;
    struct sw_loading *loading =
        (struct sw_loading *)(void *)((char *)job - offsetof(struct sw_loading, job));
    sw_assert(loading->magic == LOADING_MAGIC);
    write_blocks_work(loading);
    sw_status status =
        sw_load_step_work(loading->load, LOADING_STEP_BYTES, &loading->job.is_cancelled);
    sw_assert(status == SW_OK); /* failures are in the report */
    return false;
}

/* -- the loop's half --------------------------------------------------------------- */

static void free_loading(struct sw_loading *loading)
{
    while (loading->first != NULL) {
        struct spool_block *next = loading->first->next;
        sw_block_free(loading->first, sizeof *loading->first);
        loading->first = next;
    }
    sw_load_free(loading->load);
    if (loading->fd >= 0) {
        (void)close(loading->fd);
    }
    (void)pthread_mutex_destroy(&loading->lock);
    loading->magic = 0;
    free(loading);
}

/* Tell the load of bytes that are both asked for and written; true when that is news. */
static bool offer_written(struct sw_loading *loading)
{
    (void)pthread_mutex_lock(&loading->lock);
    uint64_t written = loading->written;
    (void)pthread_mutex_unlock(&loading->lock);
    uint64_t reach = loading->asked < written ? loading->asked : written;
    bool is_news = false;
    if (reach > loading->offered) {
        sw_load_offer(loading->load, reach);
        loading->offered = reach;
        is_news = true;
    }
    if (loading->is_ending && !loading->is_end_told && loading->offered == loading->asked) {
        sw_load_end(loading->load);
        loading->is_end_told = true;
        is_news = true;
    }
    return is_news;
}

static void submit(struct sw_loading *loading)
{
    if (loading->is_running) {
        loading->is_asked_again = true; /* the running step may not see what is new */
    } else if (!loading->is_over && !loading->is_closed) {
        loading->is_running = true;
        loading->is_asked_again = false;
        sw_pool_submit(loading->pool, &loading->job);
    }
}

static bool has_blocks(struct sw_loading *loading)
{
    (void)pthread_mutex_lock(&loading->lock);
    bool has = loading->first != NULL;
    (void)pthread_mutex_unlock(&loading->lock);
    return has;
}

/* The disk refuses: as if what it did not take had never come. */
static void report_write_failure(struct sw_loading *loading, int why)
{
    struct sw_err err;
    (void)sw_fail(&err, SW_STORAGE,
                  why == ENOSPC
                      ? "the server's disk is full: send the rest when there is space, or "
                        "ask the operator for it"
                      : "the server could not write the upload to its disk: try again");
    (void)pthread_mutex_lock(&loading->lock);
    uint64_t written = loading->written;
    loading->write_errno = 0;
    loading->pending -= loading->refused;
    loading->refused = 0;
    (void)pthread_mutex_unlock(&loading->lock);
    sw_assert(!loading->is_end_told);
    sw_loading_cut(loading, written);
    loading->asked = loading->asked < written ? loading->asked : written;
    loading->is_ending = false;
    loading->on_refused(loading->context, written, &err);
}

static void report_step(struct sw_loading *loading)
{
    struct sw_load_report report;
    sw_load_report_peek(loading->load, &report);
    struct sw_version *version = sw_load_version(loading->load);
    if (version != NULL && version->number == loading->version_seen) {
        sw_version_unref(version);
        version = NULL;
    }
    if (version != NULL) {
        loading->version_seen = version->number;
    }
    bool is_news = offer_written(loading);
    loading->is_over = report.state != SW_LOAD_RUNNING;
    bool goes_on = report.has_more || is_news || loading->is_asked_again || has_blocks(loading);
    if (goes_on) {
        submit(loading);
    }
    const struct sw_err *err =
        report.state == SW_LOAD_FAILED ? sw_load_error_peek(loading->load) : NULL;
    loading->on_step(loading->context, &report, version, err);
}

static void step_done(struct sw_job *job)
{
    struct sw_loading *loading =
        (struct sw_loading *)(void *)((char *)job - offsetof(struct sw_loading, job));
    sw_assert(loading->magic == LOADING_MAGIC);
    loading->is_running = false;
    if (loading->is_closed) {
        free_loading(loading);
        return;
    }
    (void)pthread_mutex_lock(&loading->lock);
    size_t pending = loading->pending;
    int why = loading->write_errno;
    (void)pthread_mutex_unlock(&loading->lock);
    if (why != 0) {
        report_write_failure(loading, why);
    }
    if (pending < LOADING_LOW_BYTES && loading->on_drained != NULL) {
        loading->on_drained(loading->context);
    }
    report_step(loading);
}

static const struct sw_job_ops job_ops = {step_work, step_done};

sw_status sw_loading_new(const struct sw_loading_options *options, struct sw_loading **loading,
                         struct sw_err *err)
{
    struct sw_loading *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    made->magic = LOADING_MAGIC;
    sw_status status = sw_load_new(&options->load, &made->load, err);
    if (status != SW_OK) {
        free(made);
        return status;
    }
    (void)pthread_mutex_init(&made->lock, NULL);
    made->pool = options->pool;
    made->fd = options->load.fd;
    made->on_step = options->on_step;
    made->on_refused = options->on_refused;
    made->on_drained = options->on_drained;
    made->context = options->context;
    made->written = options->is_spool ? options->written : UINT64_MAX;
    sw_job_init(&made->job, &job_ops, options->lane, SW_CLASS_INGEST, 1);
    *loading = made;
    return SW_OK;
}

static struct spool_block *block_for(struct sw_loading *loading, uint64_t offset)
{
    struct spool_block *last = loading->last;
    if (last != NULL && last->length < LOADING_BLOCK_BYTES &&
        last->offset + last->length == offset) {
        return last;
    }
    struct spool_block *block = sw_block_alloc(sizeof *block);
    if (block == NULL) {
        return NULL;
    }
    block->next = NULL;
    block->offset = offset;
    block->length = 0;
    if (last == NULL) {
        loading->first = block;
    } else {
        last->next = block;
    }
    loading->last = block;
    return block;
}

sw_status sw_loading_write(struct sw_loading *loading, uint64_t offset, const void *data,
                           size_t length)
{
    const char *at = data;
    sw_status status = SW_OK;
    (void)pthread_mutex_lock(&loading->lock);
    while (length > 0) {
        struct spool_block *block = block_for(loading, offset);
        if (block == NULL) {
            status = SW_NO_MEMORY;
            break;
        }
        size_t room = LOADING_BLOCK_BYTES - block->length;
        size_t part = length < room ? length : room;
        memcpy(block->data + block->length, at, part);
        block->length += part;
        loading->pending += part;
        at += part;
        offset += part;
        length -= part;
    }
    size_t pending = loading->pending;
    (void)pthread_mutex_unlock(&loading->lock);
    if (pending >= LOADING_BLOCK_BYTES) {
        submit(loading);
    }
    return status;
}

int sw_loading_dup(const struct sw_loading *loading)
{
    return fcntl(loading->fd, F_DUPFD_CLOEXEC, 0);
}

size_t sw_loading_pending(struct sw_loading *loading)
{
    (void)pthread_mutex_lock(&loading->lock);
    size_t pending = loading->pending;
    (void)pthread_mutex_unlock(&loading->lock);
    return pending;
}

void sw_loading_cut(struct sw_loading *loading, uint64_t length)
{
    (void)pthread_mutex_lock(&loading->lock);
    struct spool_block **link = &loading->first;
    loading->last = NULL;
    while (*link != NULL) {
        struct spool_block *block = *link;
        if (block->offset >= length) {
            *link = block->next;
            loading->pending -= block->length;
            sw_block_free(block, sizeof *block);
            continue;
        }
        if (block->offset + block->length > length) {
            size_t kept = (size_t)(length - block->offset);
            loading->pending -= block->length - kept;
            block->length = kept;
        }
        loading->last = block;
        link = &block->next;
    }
    if (loading->written > length) {
        loading->written = length;
    }
    loading->cuts++;
    (void)pthread_mutex_unlock(&loading->lock);
}

void sw_loading_offer(struct sw_loading *loading, uint64_t length)
{
    loading->asked = length;
    if (offer_written(loading) || has_blocks(loading)) {
        submit(loading);
    }
}

void sw_loading_end(struct sw_loading *loading)
{
    loading->is_ending = true;
    (void)offer_written(loading);
    submit(loading);
}

bool sw_loading_again(struct sw_loading *loading)
{
    sw_assert(loading->is_over && !loading->is_running);
    if (sw_load_again(loading->load) != SW_OK) {
        return false;
    }
    loading->is_over = false;
    submit(loading);
    return true;
}

void sw_loading_close(struct sw_loading *loading)
{
    if (loading == NULL) {
        return;
    }
    loading->is_closed = true;
    if (loading->is_running) {
        sw_job_cancel(loading->pool, &loading->job);
        return;
    }
    free_loading(loading);
}
