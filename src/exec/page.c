/* See page.h.  A page job waits for its order, if it needs one, and then gathers its
 * window in one step on a worker.  Whatever ends it early, its done comes from the
 * mailbox like any other.                                                           */
#include "exec/page.h"

#include <stdlib.h>

#include "base/obj.h"
#include "base/thread.h"
#include "exec/order_cache.h"
#include "table/cells.h"

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

/* What a page is gathered with. */
struct gathering {
    const struct sw_page_job *job;
    struct sw_page *page;
    struct sw_cells cells;
    struct sw_span *exception;            /* [rows] of a column; owned */
    struct sw_page_exception *exceptions; /* of all; owned */
    uint32_t capacity;
};

static sw_status no_memory(struct sw_err *err)
{
    return sw_fail(err, SW_NO_MEMORY,
                   "the server has no memory left for this page; ask for fewer rows or columns");
}

/* The cells of a column that do not fit their type, behind those of the columns before it. */
static bool add_exceptions(struct gathering *gathering, uint32_t column)
{
    struct sw_page *page = gathering->page;
    for (uint32_t i = 0; i < page->rows; i++) {
        if (gathering->exception[i].data == NULL) {
            continue;
        }
        if (page->exceptions == gathering->capacity) {
            uint32_t capacity = gathering->capacity == 0 ? 16 : gathering->capacity * 2;
            struct sw_page_exception *grown =
                realloc(gathering->exceptions, capacity * sizeof(*grown));
            if (grown == NULL) {
                return false;
            }
            gathering->exceptions = grown;
            gathering->capacity = capacity;
        }
        gathering->exceptions[page->exceptions++] =
            (struct sw_page_exception){column, i, gathering->exception[i]};
    }
    return true;
}

/* A formula that cannot be computed with the inputs of now has nothing to show but the reason. */
static bool say_broken(const struct sw_page_job *job, struct sw_page *page, uint32_t at)
{
    const struct sw_schema *schema = job->version->schema;
    struct sw_err err;
    if (schema->column[job->column[at]].formula == NULL) {
        return true;
    }
    uint8_t *set = sw_arena_array(&page->arena, schema->columns, 1);
    if (set == NULL) {
        return false;
    }
    set[job->column[at]] = 1;
    sw_schema_add_sources(schema, set);
    if (sw_schema_check_formulas(schema, set, &err) == SW_OK) {
        return true;
    }
    page->broken[at] = sw_arena_text(&page->arena, sw_span_text(err.message));
    return page->broken[at] != NULL;
}

static sw_status gather_column(struct gathering *gathering, uint32_t at, struct sw_err *err)
{
    struct sw_page *page = gathering->page;
    uint32_t column = gathering->job->column[at];
    const struct sw_column *facts = &gathering->job->version->schema->column[column];
    page->name[at] = sw_arena_text(&page->arena, sw_span_text(facts->name));
    page->type[at] = facts->type;
    page->value[at] = sw_arena_array(&page->arena, page->rows + (size_t)1, sizeof(struct sw_value));
    bool has_room = page->name[at] != NULL && page->value[at] != NULL;
    if (!has_room || !say_broken(gathering->job, page, at)) {
        return no_memory(err);
    }
    if (page->broken[at] != NULL) {
        for (uint32_t i = 0; i < page->rows; i++) {
            page->value[at][i] = (struct sw_value){.type = facts->type, .is_null = true};
        }
        return SW_OK;
    }
    SW_TRY(sw_cells_read(&gathering->cells, column, &page->arena, page->value[at],
                         gathering->exception, err));
    return add_exceptions(gathering, at) ? SW_OK : no_memory(err);
}

static bool take_exceptions(struct gathering *gathering)
{
    struct sw_page *page = gathering->page;
    page->exception = sw_arena_array(&page->arena, page->exceptions, sizeof(*page->exception));
    if (page->exception == NULL) {
        return false;
    }
    memcpy(page->exception, gathering->exceptions, page->exceptions * sizeof(*page->exception));
    return true;
}

static sw_status gather_columns(struct gathering *gathering, struct sw_err *err)
{
    struct sw_page *page = gathering->page;
    gathering->exception = calloc(page->rows + (size_t)1, sizeof(*gathering->exception));
    if (gathering->exception == NULL) {
        return no_memory(err);
    }
    SW_TRY(sw_cells_row_ids(&gathering->cells, page->row_id, err));
    for (uint32_t i = 0; i < page->columns; i++) {
        SW_TRY(gather_column(gathering, i, err));
    }
    return page->exceptions == 0 || take_exceptions(gathering) ? SW_OK : no_memory(err);
}

static bool make_arrays(const struct sw_page_job *job, struct sw_page *page)
{
    page->columns = job->columns;
    page->name = sw_arena_array(&page->arena, job->columns + 1u, sizeof(*page->name));
    page->type = sw_arena_array(&page->arena, job->columns + 1u, sizeof(*page->type));
    page->broken = sw_arena_array(&page->arena, job->columns + 1u, sizeof(*page->broken));
    page->value = sw_arena_array(&page->arena, job->columns + 1u, sizeof(*page->value));
    page->row_id = sw_arena_array(&page->arena, page->rows + 1u, sizeof(*page->row_id));
    return page->name != NULL && page->type != NULL && page->broken != NULL &&
           page->value != NULL && page->row_id != NULL;
}

static sw_status gather(const struct sw_page_job *job, struct sw_page *page, struct sw_err *err)
{
    uint64_t position[SW_PAGE_ROWS_MAX];
    struct sw_cell_at at[SW_PAGE_ROWS_MAX];
    page->version = job->version->number;
    page->total = job->order == NULL ? job->version->rows : job->order->rows;
    page->offset = job->offset;
    uint64_t left = job->offset < page->total ? page->total - job->offset : 0;
    page->rows = left < job->limit ? (uint32_t)left : job->limit;
    if (!make_arrays(job, page)) {
        return no_memory(err);
    }
    if (job->order != NULL && page->rows > 0) {
        sw_order_positions(job->order, job->offset, page->rows, position);
    }
    for (uint32_t i = 0; i < page->rows; i++) {
        uint64_t row = job->order == NULL ? job->offset + i : position[i];
        sw_version_locate(job->version, row, &at[i].group, &at[i].row);
    }
    struct gathering gathering = {.job = job, .page = page};
    sw_status status = sw_cells_init(&gathering.cells, job->version, at, page->rows, err);
    if (status == SW_OK) {
        status = gather_columns(&gathering, err);
    }
    sw_cells_fini(&gathering.cells);
    free(gathering.exception);
    free(gathering.exceptions);
    return status;
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
    job->status =
        sw_page_new(&job->page) == SW_OK ? gather(job, job->page, &job->err) : no_memory(&job->err);
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
