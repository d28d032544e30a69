/* See page.h.  A page job waits for its order, if it needs one, and then gathers its
 * window in one step on a worker.  Whatever ends it early, its done comes from the
 * mailbox like any other.                                                           */
#include "exec/page.h"

#include <stdlib.h>

#include "base/obj.h"
#include "base/thread.h"
#include "exec/order_cache.h"

#define PAGE_JOB_MAGIC 0x70616765u /* "page" */

struct sw_page_job {
    struct sw_job job; /* first: a step finds the rest by it */
    uint32_t magic;
    struct sw_pool *pool;
    sw_page_done_fn done;
    void *context;
    struct sw_order_waiter waiter;
    struct sw_version *version; /* counted */
    struct sw_order *order;     /* counted; NULL: the rows as they lie */
    uint64_t offset;
    uint32_t limit;
    uint32_t columns;
    uint32_t *column; /* owned */
    struct sw_page *page;
    sw_status status;
    struct sw_err err;
};

/* -- gather, on a worker -------------------------------------------------------------- */

static bool copy_value(struct sw_page *page, struct sw_value value, struct sw_value *into)
{
    *into = value;
    if (value.type != SW_TYPE_STRING || value.is_null) {
        return true;
    }
    into->u.s.data = sw_arena_text(&page->arena, value.u.s);
    return into->u.s.data != NULL;
}

static bool gather_column(const struct sw_page_job *job, struct sw_page *page, uint32_t at,
                          const uint32_t *group, const uint32_t *row)
{
    uint32_t column = job->column[at];
    const struct sw_column *facts = &job->version->schema->column[column];
    page->name[at] = sw_arena_text(&page->arena, sw_span_text(facts->name));
    page->type[at] = facts->type;
    page->value[at] = sw_arena_array(&page->arena, page->rows, sizeof(struct sw_value));
    if (page->name[at] == NULL || (page->rows > 0 && page->value[at] == NULL)) {
        return false;
    }
    for (uint32_t i = 0; i < page->rows; i++) {
        const struct sw_chunk *chunk = job->version->group[group[i]]->chunk[column];
        if (!copy_value(page, sw_chunk_value(chunk, row[i]), &page->value[at][i])) {
            return false;
        }
    }
    return true;
}

/* The cells that do not fit their type, counted, and put into `list` where there is one. */
static uint32_t find_exceptions(const struct sw_page_job *job, const struct sw_page *page,
                                const uint32_t *group, const uint32_t *row,
                                struct sw_page_exception *list)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < job->columns; at++) {
        for (uint32_t i = 0; i < page->rows; i++) {
            const struct sw_chunk *chunk = job->version->group[group[i]]->chunk[job->column[at]];
            struct sw_span text;
            if (chunk == NULL || chunk->exceptions == NULL ||
                !sw_exceptions_find(chunk->exceptions, row[i], &text)) {
                continue;
            }
            if (list != NULL) {
                list[count] = (struct sw_page_exception){at, i, text};
            }
            count++;
        }
    }
    return count;
}

static bool gather_exceptions(const struct sw_page_job *job, struct sw_page *page,
                              const uint32_t *group, const uint32_t *row)
{
    uint32_t count = find_exceptions(job, page, group, row, NULL);
    if (count == 0) {
        return true;
    }
    page->exception = sw_arena_array(&page->arena, count, sizeof(*page->exception));
    if (page->exception == NULL) {
        return false;
    }
    page->exceptions = find_exceptions(job, page, group, row, page->exception);
    for (uint32_t i = 0; i < count; i++) {
        struct sw_span *text = &page->exception[i].text;
        text->data = sw_arena_text(&page->arena, *text);
        if (text->data == NULL) {
            return false;
        }
    }
    return true;
}

static bool make_arrays(const struct sw_page_job *job, struct sw_page *page)
{
    page->columns = job->columns;
    page->name = sw_arena_array(&page->arena, job->columns + 1u, sizeof(*page->name));
    page->type = sw_arena_array(&page->arena, job->columns + 1u, sizeof(*page->type));
    page->value = sw_arena_array(&page->arena, job->columns + 1u, sizeof(*page->value));
    page->row_id = sw_arena_array(&page->arena, page->rows + 1u, sizeof(*page->row_id));
    return page->name != NULL && page->type != NULL && page->value != NULL && page->row_id != NULL;
}

static bool gather(const struct sw_page_job *job, struct sw_page *page)
{
    uint64_t position[SW_PAGE_ROWS_MAX];
    uint32_t group[SW_PAGE_ROWS_MAX];
    uint32_t row[SW_PAGE_ROWS_MAX];
    page->version = job->version->number;
    page->total = job->order == NULL ? job->version->rows : job->order->rows;
    page->offset = job->offset;
    uint64_t left = job->offset < page->total ? page->total - job->offset : 0;
    page->rows = left < job->limit ? (uint32_t)left : job->limit;
    if (!make_arrays(job, page)) {
        return false;
    }
    if (job->order != NULL && page->rows > 0) {
        sw_order_positions(job->order, job->offset, page->rows, position);
    }
    for (uint32_t i = 0; i < page->rows; i++) {
        uint64_t at = job->order == NULL ? job->offset + i : position[i];
        sw_version_locate(job->version, at, &group[i], &row[i]);
        page->row_id[i] = sw_rowgroup_row_id(job->version->group[group[i]], row[i]);
    }
    for (uint32_t i = 0; i < job->columns; i++) {
        if (!gather_column(job, page, i, group, row)) {
            return false;
        }
    }
    return gather_exceptions(job, page, group, row);
}

static struct sw_page_job *job_of(struct sw_job *job)
{
    struct sw_page_job *page_job = (struct sw_page_job *)job;
    sw_assert(page_job->magic == PAGE_JOB_MAGIC);
    return page_job;
}

static bool step_work(struct sw_job *base, unsigned worker)
{
    struct sw_page_job *job = job_of(base);
    (void)worker;
    sw_assert_worker();
    if (job->status != SW_OK) {
        return false;
    }
    sw_status status = sw_page_new(&job->page);
    if (status != SW_OK || !gather(job, job->page)) {
        job->status = sw_fail(&job->err, SW_NO_MEMORY,
                              "the server has no memory left for this "
                              "page; ask for fewer rows or columns");
    }
    return false;
}

/* -- the loop's side ------------------------------------------------------------------- */

static void free_job(struct sw_page_job *job)
{
    sw_page_unref(job->page);
    sw_order_unref(job->order);
    sw_version_unref(job->version);
    free(job->column);
    job->magic = 0;
    free(job);
}

static void job_done(struct sw_job *base)
{
    struct sw_page_job *job = job_of(base);
    struct sw_page *page = NULL;
    if (job->status == SW_OK && (sw_job_is_cancelled(base) || job->page == NULL)) {
        job->status = sw_fail(&job->err, SW_CANCELLED, "the request was cancelled");
    }
    if (job->status == SW_OK) {
        page = job->page;
        job->page = NULL;
    }
    sw_page_done_fn done = job->done;
    void *context = job->context;
    sw_status status = job->status;
    struct sw_err err = job->err;
    free_job(job);
    done(context, status, page, &err);
}

static const struct sw_job_ops page_ops = {step_work, job_done};

static void order_arrived(struct sw_order_waiter *waiter, sw_status status, struct sw_order *order,
                          const struct sw_err *err)
{
    struct sw_page_job *job =
        (struct sw_page_job *)((char *)waiter - offsetof(struct sw_page_job, waiter));
    sw_assert(job->magic == PAGE_JOB_MAGIC);
    job->status = status;
    if (status != SW_OK) {
        job->err = *err;
    } else {
        job->order = sw_order_ref(order);
    }
    sw_pool_submit(job->pool, &job->job);
}

static sw_status choose_columns(struct sw_page_job *job, const struct sw_page_spec *spec)
{
    uint32_t all = spec->version->schema->columns;
    job->columns = spec->columns == NULL ? all : spec->column_count;
    job->column = calloc(job->columns + 1u, sizeof(*job->column));
    if (job->column == NULL) {
        return SW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < job->columns; i++) {
        job->column[i] = spec->columns == NULL ? i : spec->columns[i];
        sw_assert(job->column[i] < all);
    }
    return SW_OK;
}

sw_status sw_page_submit(struct sw_pool *pool, struct sw_lane *lane, struct sw_order_cache *cache,
                         const struct sw_page_spec *spec, sw_page_done_fn done, void *context,
                         struct sw_page_job **result, struct sw_err *err)
{
    sw_assert_loop();
    sw_assert(spec->limit <= SW_PAGE_ROWS_MAX);
    struct sw_page_job *job = calloc(1, sizeof(*job));
    if (job == NULL || choose_columns(job, spec) != SW_OK) {
        free(job);
        for (uint32_t i = 0; i < spec->filter_count; i++) {
            sw_filter_free(spec->filters[i]);
        }
        return sw_fail(err, SW_NO_MEMORY, "the server has no memory left for this page");
    }
    job->magic = PAGE_JOB_MAGIC;
    job->pool = pool;
    job->done = done;
    job->context = context;
    job->version = sw_version_ref(spec->version);
    job->offset = spec->offset;
    job->limit = spec->limit;
    job->waiter.arrived = order_arrived;
    sw_job_init(&job->job, &page_ops, lane, SW_CLASS_INTERACTIVE, 1);
    if (spec->sort_count > 0 || spec->filter_count > 0) {
        struct sw_order *order = NULL;
        sw_status status = sw_order_cache_get(cache, pool, lane, spec, &job->waiter, &order, err);
        if (status != SW_OK) {
            free_job(job);
            return status;
        }
        job->order = order == NULL ? NULL : sw_order_ref(order);
    }
    *result = job;
    if (job->waiter.entry == NULL) {
        sw_pool_submit(pool, &job->job);
    }
    return SW_OK;
}

void sw_page_cancel(struct sw_page_job *job)
{
    sw_assert_loop();
    sw_job_cancel(job->pool, &job->job);
    if (job->waiter.entry != NULL) {
        sw_order_waiter_leave(&job->waiter);
        sw_pool_submit(job->pool, &job->job);
    }
}

double sw_page_progress(const struct sw_page_job *job)
{
    return sw_order_waiter_progress(&job->waiter);
}
