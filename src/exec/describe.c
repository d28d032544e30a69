/* See describe.h.  Columns are claimed first to last; a column belongs to one worker at
 * a time, who adds one row group per step; whoever ends the last group makes the
 * column's stats.                                                                    */
#include "exec/describe.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/obj.h"
#include "base/thread.h"
#include "exec/distinct_count.h"
#include "kernel/batch.h"

#define DESCRIBE_MAGIC 0x64657363u /* "desc" */
#define RANGE_MAX      (1u << 22)  /* integers counted by a bitmap: half a megabyte */

struct seen_codes { /* of one dictionary */
    struct seen_codes *next;
    struct sw_dict *dict; /* borrowed from the chunks */
    uint32_t words;
    uint64_t *bits; /* owned */
};

struct column_work {
    uint32_t next_group;
    bool is_busy, is_done; /* lock */
    uint64_t *range;       /* bitmap of value - range_from; owned */
    int64_t range_from;
    struct seen_codes *dicts;        /* owned */
    struct sw_distinct_count *count; /* owned */
    struct sw_buf min, max;          /* of texts; owned */
    bool has_texts;
};

struct sw_describe_job {
    struct sw_job job; /* first: a step finds the rest by it */
    uint32_t magic;
    struct sw_pool *pool;
    sw_describe_done_fn done;
    void *context;
    struct sw_version *version; /* counted */
    pthread_mutex_t lock;
    uint32_t first_open;            /* lock: columns below are done */
    sw_status status;               /* lock */
    struct sw_err err;              /* lock */
    struct column_work *column;     /* [columns] owned */
    struct sw_batch_cache **worker; /* [threads] owned */
    struct sw_description *description;
};

void sw_description_free(struct sw_description *description)
{
    if (description != NULL) {
        sw_arena_fini(&description->arena);
        free(description);
    }
}

/* -- cells that do not fit their type ------------------------------------------------------ */

/* Bytes of a text that are shown, no UTF-8 sequence cut. */
static size_t shown_bytes(struct sw_span text)
{
    size_t shown = text.length < SW_EXCEPTION_TEXT_MAX ? text.length : SW_EXCEPTION_TEXT_MAX;
    while (shown > 0 && shown < text.length && ((unsigned char)text.data[shown] & 0xc0) == 0x80) {
        shown--;
    }
    return shown;
}

/* The first exceptions of a column; its row ids are pinned. */
static sw_status list_exceptions(struct sw_arena *arena, const struct sw_rowgroup *group,
                                 const struct sw_exceptions *exceptions,
                                 struct sw_column_stats *stats)
{
    if (stats->exception == NULL) {
        stats->exception =
            sw_arena_array(arena, SW_EXCEPTIONS_LISTED_MAX, sizeof(*stats->exception));
    }
    if (stats->exception == NULL) {
        return SW_NO_MEMORY;
    }
    for (uint32_t i = 0;
         i < exceptions->count && stats->exceptions_listed < SW_EXCEPTIONS_LISTED_MAX; i++) {
        struct sw_span text = sw_exceptions_text(exceptions, i);
        text.length = shown_bytes(text);
        text.data = sw_arena_text(arena, text);
        if (text.data == NULL) {
            return SW_NO_MEMORY;
        }
        stats->exception[stats->exceptions_listed++] =
            (struct sw_described_exception){sw_rowgroup_row_id(group, exceptions->row[i]), text};
    }
    return SW_OK;
}

/* The chunk is pinned. */
static sw_status count_exceptions(struct sw_describe_job *job, const struct sw_rowgroup *group,
                                  const struct sw_exceptions *exceptions,
                                  struct sw_column_stats *stats, struct sw_err *err)
{
    if (exceptions == NULL) {
        return SW_OK;
    }
    stats->exceptions += exceptions->count;
    if (stats->exceptions_listed == SW_EXCEPTIONS_LISTED_MAX) {
        return SW_OK;
    }
    SW_TRY(sw_rowgroup_pin_ids(group, err));
    pthread_mutex_lock(&job->lock);
    sw_status status = list_exceptions(&job->description->arena, group, exceptions, stats);
    pthread_mutex_unlock(&job->lock);
    sw_rowgroup_unpin_ids(group);
    return status;
}

static sw_status add_exceptions(struct sw_describe_job *job, uint32_t column,
                                const struct sw_rowgroup *group, struct sw_err *err)
{
    const struct sw_chunk *chunk = group->chunk[column];
    if (chunk->type == SW_TYPE_STRING || chunk->zone.nulls == 0) {
        return SW_OK;
    }
    SW_TRY(sw_chunk_pin(chunk, err));
    sw_status status =
        count_exceptions(job, group, chunk->exceptions, &job->description->column[column], err);
    sw_chunk_unpin(chunk);
    return status;
}

/* -- a row group of a column, on a worker ------------------------------------------------- */

static bool is_valid(const uint64_t *valid, uint32_t row)
{
    return valid == NULL || ((valid[row >> 6] >> (row & 63)) & 1) != 0;
}

static uint64_t word_of(double value)
{
    uint64_t word;
    value = value == 0 ? 0 : value; /* both zeros */
    memcpy(&word, &value, sizeof(word));
    return value != value ? UINT64_MAX : word; /* one NaN */
}

static struct seen_codes *need_codes(struct column_work *work, const struct sw_chunk *chunk)
{
    struct seen_codes *seen = work->dicts;
    while (seen != NULL && seen->dict != chunk->dict) {
        seen = seen->next;
    }
    if (seen == NULL) {
        seen = calloc(1, sizeof(*seen));
        if (seen == NULL) {
            return NULL;
        }
        seen->dict = chunk->dict;
        seen->next = work->dicts;
        work->dicts = seen;
    }
    uint32_t words = chunk->dict_count / 64 + 1;
    if (words > seen->words) {
        uint64_t *bits = realloc(seen->bits, words * sizeof(*bits));
        if (bits == NULL) {
            return NULL;
        }
        memset(bits + seen->words, 0, (words - seen->words) * sizeof(*bits));
        seen->bits = bits;
        seen->words = words;
    }
    return seen;
}

static sw_status add_codes(struct column_work *work, struct sw_batch *batch, uint32_t column)
{
    const struct sw_chunk *chunk = sw_batch_chunk(batch, column);
    const uint64_t *valid = sw_batch_valid(batch, column);
    const uint32_t *codes = sw_batch_codes(batch, column);
    struct seen_codes *seen = need_codes(work, chunk);
    if (seen == NULL) {
        return SW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < batch->rows; i++) {
        if (is_valid(valid, i)) {
            seen->bits[codes[i] >> 6] |= UINT64_C(1) << (codes[i] & 63);
        }
    }
    return SW_OK;
}

static void widen_bounds(struct column_work *work, struct sw_span text)
{
    if (!work->has_texts || sw_span_compare(text, sw_buf_peek(&work->min)) < 0) {
        sw_buf_clear(&work->min);
        sw_buf_put(&work->min, text.data, text.length);
    }
    if (!work->has_texts || sw_span_compare(text, sw_buf_peek(&work->max)) > 0) {
        sw_buf_clear(&work->max);
        sw_buf_put(&work->max, text.data, text.length);
    }
    work->has_texts = true;
}

static sw_status need_count(struct column_work *work)
{
    return work->count != NULL ? SW_OK : sw_distinct_count_new(&work->count);
}

static sw_status add_texts(struct column_work *work, struct sw_batch *batch, uint32_t column)
{
    const uint64_t *valid = sw_batch_valid(batch, column);
    SW_TRY(need_count(work));
    for (uint32_t i = 0; i < batch->rows; i++) {
        if (is_valid(valid, i)) {
            struct sw_span text = sw_batch_text(batch, column, i);
            widen_bounds(work, text);
            SW_TRY(sw_distinct_count_text(work->count, text));
        }
    }
    return SW_OK;
}

static sw_status add_numbers(struct column_work *work, struct sw_batch *batch, uint32_t column)
{
    const uint64_t *valid = sw_batch_valid(batch, column);
    enum sw_type type = batch->version->schema->column[column].type;
    if (work->range != NULL) {
        const int64_t *ints = sw_batch_ints(batch, column);
        for (uint32_t i = 0; i < batch->rows; i++) {
            if (is_valid(valid, i)) {
                uint64_t at = (uint64_t)ints[i] - (uint64_t)work->range_from;
                work->range[at >> 6] |= UINT64_C(1) << (at & 63);
            }
        }
        return SW_OK;
    }
    SW_TRY(need_count(work));
    bool is_float = type == SW_TYPE_FLOAT;
    const double *floats = is_float ? sw_batch_floats(batch, column) : NULL;
    const int64_t *ints = is_float ? NULL : sw_batch_ints(batch, column);
    for (uint32_t i = 0; i < batch->rows; i++) {
        if (is_valid(valid, i)) {
            uint64_t word = is_float ? word_of(floats[i]) : (uint64_t)ints[i];
            SW_TRY(sw_distinct_count_word(work->count, word));
        }
    }
    return SW_OK;
}

static sw_status add_vector(struct column_work *work, struct sw_batch *batch, uint32_t column)
{
    if (batch->version->schema->column[column].type != SW_TYPE_STRING) {
        return add_numbers(work, batch, column);
    }
    return sw_batch_is_coded(batch, column) ? add_codes(work, batch, column)
                                            : add_texts(work, batch, column);
}

static sw_status add_group(struct sw_describe_job *job, struct column_work *work, uint32_t column,
                           struct sw_batch_cache *cache, struct sw_err *err)
{
    const struct sw_rowgroup *group = job->version->group[work->next_group];
    struct sw_batch batch;
    const struct sw_chunk *chunk = group->chunk[column];
    if (chunk == NULL) { /* of a broken formula */
        return SW_OK;
    }
    SW_TRY(add_exceptions(job, column, group, err));
    if (chunk->zone.nulls == group->rows) {
        return SW_OK;
    }
    sw_status status = SW_OK;
    for (uint32_t start = 0; start < group->rows && status == SW_OK; start += SW_VECTOR_ROWS) {
        sw_batch_at(&batch, cache, job->version, work->next_group, start);
        status = add_vector(work, &batch, column);
    }
    sw_status read = sw_batch_leave(cache, err);
    return read != SW_OK ? read : status;
}

/* -- a column's end ------------------------------------------------------------------------- */

/* The strings of codes that occur: their bounds; with more than one source they are counted as
 * texts, since two dictionaries may hold the same string. */
static sw_status end_codes(struct column_work *work, struct sw_column_stats *stats)
{
    bool is_alone = work->count == NULL && work->dicts != NULL && work->dicts->next == NULL;
    uint64_t codes = 0;
    for (struct seen_codes *seen = work->dicts; seen != NULL; seen = seen->next) {
        for (uint32_t code = 0; code < seen->words * 64; code++) {
            if (((seen->bits[code >> 6] >> (code & 63)) & 1) == 0) {
                continue;
            }
            struct sw_span text = sw_dict_at(seen->dict, code);
            widen_bounds(work, text);
            codes++;
            if (!is_alone) {
                SW_TRY(need_count(work));
                SW_TRY(sw_distinct_count_text(work->count, text));
            }
        }
    }
    if (is_alone) {
        stats->distinct = codes;
        stats->is_distinct_exact = true;
    }
    return SW_OK;
}

static uint64_t count_range(const uint64_t *bits)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < RANGE_MAX / 64; i++) {
        count += (uint64_t)__builtin_popcountll(bits[i]);
    }
    return count;
}

static sw_status end_texts(struct sw_describe_job *job, struct column_work *work,
                           struct sw_column_stats *stats)
{
    stats->has_values = work->has_texts;
    if (!work->has_texts) {
        return SW_OK;
    }
    if (work->min.failed || work->max.failed) {
        return SW_NO_MEMORY;
    }
    stats->min = (struct sw_value){.type = SW_TYPE_STRING, .u.s = sw_buf_peek(&work->min)};
    stats->max = (struct sw_value){.type = SW_TYPE_STRING, .u.s = sw_buf_peek(&work->max)};
    pthread_mutex_lock(&job->lock);
    struct sw_arena *arena = &job->description->arena;
    stats->min.u.s.data = sw_arena_text(arena, stats->min.u.s);
    stats->max.u.s.data = sw_arena_text(arena, stats->max.u.s);
    pthread_mutex_unlock(&job->lock);
    return stats->min.u.s.data == NULL || stats->max.u.s.data == NULL ? SW_NO_MEMORY : SW_OK;
}

static void end_numbers(const struct sw_column_zone *zone, enum sw_type type,
                        struct sw_column_stats *stats)
{
    stats->has_values = zone->has_values;
    stats->min.type = type;
    stats->max.type = type;
    if (type == SW_TYPE_FLOAT) {
        stats->min.u.f = zone->min_f;
        stats->max.u.f = zone->max_f;
    } else {
        stats->min.u.i = zone->min_i;
        stats->max.u.i = zone->max_i;
    }
}

static void free_column(struct column_work *work)
{
    struct seen_codes *next;
    for (struct seen_codes *seen = work->dicts; seen != NULL; seen = next) {
        next = seen->next;
        free(seen->bits);
        free(seen);
    }
    sw_distinct_count_free(work->count);
    sw_buf_fini(&work->min);
    sw_buf_fini(&work->max);
    free(work->range);
    work->dicts = NULL;
    work->count = NULL;
    work->range = NULL;
}

static sw_status end_column(struct sw_describe_job *job, struct column_work *work, uint32_t column)
{
    struct sw_column_stats *stats = &job->description->column[column];
    enum sw_type type = job->version->schema->column[column].type;
    struct sw_column_zone zone = sw_version_zone(job->version, column);
    sw_status status = SW_OK;
    stats->nulls = zone.nulls;
    stats->is_distinct_exact = true;
    if (type == SW_TYPE_STRING) {
        status = end_codes(work, stats);
        status = status == SW_OK ? end_texts(job, work, stats) : status;
    } else {
        end_numbers(&zone, type, stats);
    }
    if (work->range != NULL) {
        stats->distinct = count_range(work->range);
    } else if (work->count != NULL) {
        stats->distinct = sw_distinct_count_value(work->count, &stats->is_distinct_exact);
    }
    free_column(work);
    return status;
}

/* -- claims ---------------------------------------------------------------------------------- */

static struct column_work *claim(struct sw_describe_job *job)
{
    struct column_work *claimed = NULL;
    uint32_t columns = job->version->schema->columns;
    pthread_mutex_lock(&job->lock);
    while (job->first_open < columns && job->column[job->first_open].is_done) {
        job->first_open++;
    }
    for (uint32_t i = job->first_open; i < columns && job->status == SW_OK; i++) {
        if (!job->column[i].is_busy && !job->column[i].is_done) {
            claimed = &job->column[i];
            claimed->is_busy = true;
            break;
        }
    }
    pthread_mutex_unlock(&job->lock);
    return claimed;
}

static sw_status begin_column(struct sw_describe_job *job, struct column_work *work,
                              uint32_t column)
{
    enum sw_type type = job->version->schema->column[column].type;
    struct sw_column_zone zone = sw_version_zone(job->version, column);
    if (!sw_type_is_integral(type) || !zone.has_values ||
        (uint64_t)zone.max_i - (uint64_t)zone.min_i >= RANGE_MAX) {
        return SW_OK;
    }
    work->range_from = zone.min_i;
    work->range = calloc(RANGE_MAX / 64, sizeof(*work->range));
    return work->range == NULL ? SW_NO_MEMORY : SW_OK;
}

static sw_status run_group(struct sw_describe_job *job, struct column_work *work, unsigned worker,
                           bool *is_done, struct sw_err *err)
{
    uint32_t column = (uint32_t)(work - job->column);
    if (job->worker[worker] == NULL) {
        SW_TRY(sw_batch_cache_new(job->version->schema->columns, &job->worker[worker]));
    }
    if (work->next_group == 0) {
        SW_TRY(begin_column(job, work, column));
    }
    if (work->next_group < job->version->groups) {
        SW_TRY(add_group(job, work, column, job->worker[worker], err));
        work->next_group++;
    }
    *is_done = work->next_group == job->version->groups;
    return *is_done ? end_column(job, work, column) : SW_OK;
}

static bool step_work(struct sw_job *base, unsigned worker)
{
    struct sw_describe_job *job = (struct sw_describe_job *)base;
    sw_assert(job->magic == DESCRIBE_MAGIC);
    sw_assert_worker();
    struct column_work *work = claim(job);
    if (work == NULL) {
        return false;
    }
    bool is_done = false;
    struct sw_err err = {0};
    sw_status status = run_group(job, work, worker, &is_done, &err);
    pthread_mutex_lock(&job->lock);
    work->is_busy = false;
    work->is_done = is_done;
    if (status != SW_OK && job->status == SW_OK) {
        job->status = status;
        job->err = err;
    }
    pthread_mutex_unlock(&job->lock);
    return true;
}

/* -- the loop's side ------------------------------------------------------------------------- */

static void free_job(struct sw_describe_job *job)
{
    for (uint32_t i = 0; job->column != NULL && i < job->version->schema->columns; i++) {
        free_column(&job->column[i]);
    }
    for (unsigned i = 0; job->worker != NULL && i < sw_pool_threads(job->pool); i++) {
        sw_batch_cache_free(job->worker[i]);
    }
    free(job->column);
    free(job->worker);
    sw_description_free(job->description);
    sw_version_unref(job->version);
    pthread_mutex_destroy(&job->lock);
    job->magic = 0;
    free(job);
}

static void job_done(struct sw_job *base)
{
    struct sw_describe_job *job = (struct sw_describe_job *)base;
    sw_assert(job->magic == DESCRIBE_MAGIC);
    struct sw_description *description = NULL;
    sw_status status = job->status;
    for (uint32_t i = 0; status == SW_OK && i < job->version->schema->columns; i++) {
        status = job->column[i].is_done ? SW_OK : SW_CANCELLED;
    }
    if (status == SW_OK) {
        description = job->description;
        job->description = NULL;
    }
    sw_describe_done_fn done = job->done;
    void *context = job->context;
    struct sw_err err = job->err;
    if (status == SW_CANCELLED || status == SW_NO_MEMORY) {
        (void)sw_fail(&err, status, status == SW_CANCELLED ? "cancelled" : "out of memory");
    }
    free_job(job);
    done(context, status, description, &err);
}

static const struct sw_job_ops describe_ops = {step_work, job_done};

static sw_status new_description(const struct sw_version *version,
                                 struct sw_description **description)
{
    struct sw_description *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    sw_arena_init(&made->arena);
    made->version = version->number;
    made->columns = version->schema->columns;
    made->column = sw_arena_array(&made->arena, made->columns + 1u, sizeof(*made->column));
    *description = made;
    return made->column == NULL ? SW_NO_MEMORY : SW_OK;
}

sw_status sw_describe_submit(struct sw_pool *pool, struct sw_lane *lane, struct sw_version *version,
                             sw_describe_done_fn done, void *context,
                             struct sw_describe_job **result)
{
    sw_assert_loop();
    struct sw_describe_job *job = calloc(1, sizeof(*job));
    if (job == NULL) {
        return SW_NO_MEMORY;
    }
    job->magic = DESCRIBE_MAGIC;
    job->pool = pool;
    job->done = done;
    job->context = context;
    job->version = sw_version_ref(version);
    pthread_mutex_init(&job->lock, NULL);
    job->column = calloc(version->schema->columns + 1u, sizeof(*job->column));
    job->worker = calloc(sw_pool_threads(pool), sizeof(struct sw_batch_cache *));
    sw_status status = job->column == NULL || job->worker == NULL
                           ? SW_NO_MEMORY
                           : new_description(version, &job->description);
    if (status != SW_OK) {
        free_job(job);
        return status;
    }
    sw_job_init(&job->job, &describe_ops, lane, SW_CLASS_BULK, 0);
    *result = job;
    sw_pool_submit(pool, &job->job);
    return SW_OK;
}

void sw_describe_cancel(struct sw_describe_job *job)
{
    sw_job_cancel(job->pool, &job->job);
}
