/* See order.h.  One job in phases; each phase is cut into parts, and whoever ends the
 * last part of a phase opens the next one:
 *
 *   PLAN      1 part        sort: ranks of dictionaries, fields of the key
 *   COUNT     per group     filter -> bitmap; sort: rows per bucket (top bits of the key)
 *   PLACE     1 part        sort: memory, and where each group's share of each bucket goes
 *   SCATTER   per group     sort: keys and positions into their buckets
 *   SORT      per bucket    sort: each bucket by all levels (sortrun.c)
 *
 * Groups and rows go into buckets in their order, and each bucket's sort is stable, so
 * equal rows keep it.  Buckets of about SORT_BUCKET_ROWS stay in a core's cache.      */
#include "exec/order.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/obj.h"
#include "base/thread.h"
#include "exec/sieve.h"
#include "exec/sortkey.h"

#define ORDER_MAGIC      0x6f726472u /* "ordr" */
#define SORT_BUCKET_ROWS 8192u
#define SORT_BITS_MAX    11u

enum phase { PHASE_PLAN, PHASE_COUNT, PHASE_PLACE, PHASE_SCATTER, PHASE_SORT, PHASE_OVER };

struct spare { /* of a worker: room to sort a bucket in */
    size_t rows;
    uint64_t *key;
    uint32_t *position;
};

struct sw_order_job {
    struct sw_job job; /* first: a step finds the rest by it */
    uint32_t magic;
    struct sw_pool *pool;
    sw_order_done_fn done;
    void *context;
    struct sw_version *version; /* counted */
    struct sw_budget *budget;
    uint32_t sort_count;
    struct sw_sort_key sort[SW_SORT_KEYS_MAX];
    uint32_t filters;
    struct sw_sieve *sieve;         /* owned; mask 0: all filters */
    struct sw_sieve_state **worker; /* [threads] owned */
    struct spare *spare;            /* [threads] owned */

    pthread_mutex_t lock;
    enum phase phase;     /* lock */
    uint32_t next, ended; /* lock: parts of the phase claimed, ended */
    uint32_t parts;       /* lock */
    sw_status status;     /* lock */
    struct sw_err err;    /* lock */

    struct sw_order *order; /* made at submit; owned until done */
    uint32_t *passed;       /* [groups] written by the part; owned */
    struct sw_sort_plan plan;
    unsigned bucket_shift; /* of a level 0 word */
    uint32_t buckets;
    uint32_t *at;              /* [groups][buckets] counts, then places; owned */
    uint32_t *bucket_start;    /* [buckets + 1] owned */
    uint64_t *key;             /* [rows] owned */
    size_t charged;            /* for what lives only as long as the job */
    _Atomic uint32_t progress; /* parts ended, of all phases */
};

/* -- parts, on workers ---------------------------------------------------------- */

static struct sw_order_job *job_of(struct sw_job *job)
{
    struct sw_order_job *order_job = (struct sw_order_job *)job;
    sw_assert(order_job->magic == ORDER_MAGIC);
    return order_job;
}

static sw_status no_memory(struct sw_err *err)
{
    return sw_fail(err, SW_NO_MEMORY, "the server has no memory left to sort or filter the table");
}

static sw_status plan_work(struct sw_order_job *job, struct sw_err *err)
{
    if (job->sort_count == 0) {
        return SW_OK;
    }
    SW_TRY(sw_sort_plan_work(job->version, job->sort, job->sort_count, &job->plan, err));
    unsigned word_bits = job->plan.levels == 0 ? 0 : job->plan.level[0].bits;
    unsigned bits = 0;
    while (bits < SORT_BITS_MAX && bits < word_bits &&
           (job->version->rows >> bits) > SORT_BUCKET_ROWS) {
        bits++;
    }
    job->bucket_shift = word_bits - bits;
    job->buckets = 1u << bits;
    size_t cells = (size_t)job->version->groups * job->buckets;
    SW_TRY(sw_budget_charge(job->budget, cells * sizeof(uint32_t), err));
    job->charged += cells * sizeof(uint32_t);
    job->at = calloc(cells + 1, sizeof(*job->at));
    job->bucket_start = calloc(job->buckets + 1, sizeof(*job->bucket_start));
    return job->at == NULL || job->bucket_start == NULL ? no_memory(err) : SW_OK;
}

static uint32_t bucket_of(const struct sw_order_job *job, uint64_t word)
{
    return job->bucket_shift == 64 ? 0 : (uint32_t)(word >> job->bucket_shift);
}

static void count_words(struct sw_order_job *job, uint32_t *count, struct sw_batch *batch)
{
    uint64_t words[SW_VECTOR_ROWS];
    const uint64_t *select = batch->select;
    sw_sort_words(&job->plan, batch, words);
    for (uint32_t i = 0; i < batch->rows; i++) {
        count[bucket_of(job, words[i])] += select == NULL || ((select[i >> 6] >> (i & 63)) & 1);
    }
}

static size_t bitmap_words(uint32_t rows)
{
    return ((size_t)rows + SW_VECTOR_ROWS - 1) / SW_VECTOR_ROWS * SW_VECTOR_WORDS;
}

/* The bitmap of a group, or NULL where all or none pass. */
static sw_status count_group(struct sw_order_job *job, struct sw_sieve_state *sieve, uint32_t index,
                             uint64_t **bitmap, struct sw_err *err)
{
    const struct sw_rowgroup *group = job->version->group[index];
    uint32_t *count = job->sort_count > 0 ? job->at + (size_t)index * job->buckets : NULL;
    size_t words = bitmap_words(group->rows);
    uint64_t *bits = NULL;
    job->passed[index] = 0;
    if (!sw_sieve_group(sieve, index)) {
        return SW_OK;
    }
    if (sw_sieve_reach(sieve, 0) == SW_REACH_SOME) {
        bits = calloc(words, sizeof(*bits));
        if (bits == NULL) {
            return no_memory(err);
        }
    }
    for (uint32_t start = 0; start < group->rows; start += SW_VECTOR_ROWS) {
        sw_sieve_vector(sieve, start);
        uint32_t selected = sw_sieve_select(sieve, 0);
        struct sw_batch *batch = sw_sieve_batch(sieve);
        job->passed[index] += selected;
        if (bits != NULL && selected > 0 && batch->select != NULL) {
            memcpy(bits + start / 64, batch->select, SW_VECTOR_WORDS * sizeof(*bits));
        } else if (bits != NULL && selected > 0) {
            for (uint32_t i = start; i < start + batch->rows; i++) {
                bits[i >> 6] |= UINT64_C(1) << (i & 63);
            }
        }
        if (count != NULL && selected > 0) {
            count_words(job, count, batch);
        }
    }
    *bitmap = bits;
    return sw_sieve_leave(sieve, err);
}

static sw_status count_work(struct sw_order_job *job, struct sw_sieve_state *sieve, uint32_t index,
                            struct sw_err *err)
{
    uint64_t *bits = NULL;
    uint32_t rows = job->version->group[index]->rows;
    sw_status tested = count_group(job, sieve, index, &bits, err);
    tested = tested == SW_OK ? sw_sieve_status(sieve, 0, err) : tested;
    if (tested != SW_OK) {
        free(bits);
        return tested;
    }
    if (bits != NULL && (job->passed[index] == rows || job->passed[index] == 0)) {
        free(bits);
        bits = NULL;
    }
    if (bits != NULL) {
        size_t bytes = bitmap_words(rows) * sizeof(*bits);
        sw_status status = sw_budget_charge(job->budget, bytes, err);
        if (status != SW_OK) {
            free(bits);
            return status;
        }
        pthread_mutex_lock(&job->lock);
        job->order->bytes += bytes;
        pthread_mutex_unlock(&job->lock);
    }
    job->order->select[index] = bits;
    return SW_OK;
}

/* Counts become places: all of bucket 0, group by group, then bucket 1, ... */
static sw_status place_work(struct sw_order_job *job, struct sw_err *err)
{
    struct sw_order *order = job->order;
    for (uint32_t i = 0; i < order->groups; i++) {
        order->start[i + 1] = order->start[i] + job->passed[i];
    }
    order->rows = order->start[order->groups];
    if (job->sort_count == 0) {
        return SW_OK;
    }
    for (uint32_t group = 0; group < order->groups; group++) {
        for (uint32_t bucket = 0; bucket < job->buckets; bucket++) {
            job->bucket_start[bucket + 1] += job->at[(size_t)group * job->buckets + bucket];
        }
    }
    for (uint32_t bucket = 0; bucket < job->buckets; bucket++) {
        job->bucket_start[bucket + 1] += job->bucket_start[bucket];
    }
    sw_assert(job->bucket_start[job->buckets] == order->rows);
    uint32_t *place = calloc(job->buckets, sizeof(*place));
    if (place == NULL) {
        return no_memory(err);
    }
    memcpy(place, job->bucket_start, job->buckets * sizeof(*place));
    for (uint32_t group = 0; group < order->groups; group++) {
        uint32_t *at = job->at + (size_t)group * job->buckets;
        for (uint32_t bucket = 0; bucket < job->buckets; bucket++) {
            uint32_t count = at[bucket];
            at[bucket] = place[bucket];
            place[bucket] += count;
        }
    }
    free(place);
    size_t key_bytes = order->rows * sizeof(*job->key);
    size_t position_bytes = order->rows * sizeof(*order->position);
    SW_TRY(sw_budget_charge(job->budget, key_bytes, err));
    job->charged += key_bytes;
    SW_TRY(sw_budget_charge(job->budget, position_bytes, err));
    order->bytes += position_bytes;
    job->key = malloc(key_bytes + 1);
    order->position = malloc(position_bytes + 1);
    return job->key == NULL || order->position == NULL ? no_memory(err) : SW_OK;
}

/* A row whose words are not those that were counted has no place: nothing is placed of a vector
 * that could not be read. */
static sw_status scatter_work(struct sw_order_job *job, struct sw_sieve_state *sieve,
                              uint32_t index, struct sw_err *err)
{
    const struct sw_rowgroup *group = job->version->group[index];
    const uint64_t *bits = job->order->select[index];
    uint32_t *at = job->at + (size_t)index * job->buckets;
    uint64_t words[SW_VECTOR_ROWS];
    if (job->passed[index] == 0) {
        return SW_OK;
    }
    (void)sw_sieve_group(sieve, index);
    for (uint32_t start = 0; start < group->rows; start += SW_VECTOR_ROWS) {
        sw_sieve_vector(sieve, start);
        struct sw_batch *batch = sw_sieve_batch(sieve);
        sw_sort_words(&job->plan, batch, words);
        if (sw_batch_is_lost(batch)) {
            break;
        }
        uint32_t base = (uint32_t)job->version->row_start[index] + start;
        for (uint32_t i = 0; i < batch->rows; i++) {
            if (bits != NULL && ((bits[(start + i) >> 6] >> ((start + i) & 63)) & 1) == 0) {
                continue;
            }
            uint32_t to = at[bucket_of(job, words[i])]++;
            job->key[to] = words[i];
            job->order->position[to] = base + i;
        }
    }
    return sw_sieve_leave(sieve, err);
}

static sw_status sort_work(struct sw_order_job *job, struct spare *spare, uint32_t bucket,
                           struct sw_err *err)
{
    uint32_t start = job->bucket_start[bucket];
    size_t count = job->bucket_start[bucket + 1] - start;
    if (count < 2) {
        return SW_OK;
    }
    if (spare->rows < count) {
        free(spare->key);
        free(spare->position);
        spare->key = malloc(count * sizeof(*spare->key));
        spare->position = malloc(count * sizeof(*spare->position));
        spare->rows = spare->key != NULL && spare->position != NULL ? count : 0;
        if (spare->rows == 0) {
            return no_memory(err);
        }
    }
    return sw_sort_run(&job->plan, job->key + start, job->order->position + start, count,
                       spare->key, spare->position, err);
}

/* -- phases ----------------------------------------------------------------------- */

/* A key that fits the buckets' bits and has no further level is sorted by the scatter alone. */
static bool is_sorted_by_buckets(const struct sw_order_job *job)
{
    return job->plan.levels <= 1 && job->bucket_shift == 0;
}

static uint32_t parts_of(const struct sw_order_job *job, enum phase phase)
{
    bool is_sorted = job->sort_count > 0;
    switch (phase) {
    case PHASE_PLAN:
    case PHASE_PLACE:
        return 1;
    case PHASE_COUNT:
        return job->version->groups;
    case PHASE_SCATTER:
        return is_sorted ? job->version->groups : 0;
    case PHASE_SORT:
        return is_sorted && !is_sorted_by_buckets(job) ? job->buckets : 0;
    case PHASE_OVER:
        return 0;
    }
    return 0;
}

static bool claim(struct sw_order_job *job, enum phase *phase, uint32_t *part)
{
    pthread_mutex_lock(&job->lock);
    bool is_claimed = job->phase != PHASE_OVER && job->next < job->parts;
    if (is_claimed) {
        *phase = job->phase;
        *part = job->next++;
    }
    pthread_mutex_unlock(&job->lock);
    return is_claimed;
}

static void end_part(struct sw_order_job *job, sw_status status, const struct sw_err *err)
{
    pthread_mutex_lock(&job->lock);
    job->ended++;
    if (status != SW_OK && job->status == SW_OK) {
        job->status = status;
        job->err = *err;
    }
    if (job->status != SW_OK) {
        job->phase = PHASE_OVER;
    }
    while (job->phase != PHASE_OVER && job->ended == job->parts) {
        job->phase++;
        job->next = 0;
        job->ended = 0;
        job->parts = parts_of(job, job->phase);
    }
    pthread_mutex_unlock(&job->lock);
    atomic_fetch_add_explicit(&job->progress, 1, memory_order_relaxed);
}

static struct sw_sieve_state *sieve_of_worker(struct sw_order_job *job, unsigned worker)
{
    if (job->worker[worker] == NULL &&
        sw_sieve_state_new(job->sieve, job->version, &job->worker[worker]) != SW_OK) {
        job->worker[worker] = NULL;
    }
    return job->worker[worker];
}

static sw_status run_part(struct sw_order_job *job, unsigned worker, enum phase phase,
                          uint32_t part, struct sw_err *err)
{
    struct sw_sieve_state *sieve = sieve_of_worker(job, worker);
    if (sieve == NULL) {
        return no_memory(err);
    }
    switch (phase) {
    case PHASE_PLAN:
        return plan_work(job, err);
    case PHASE_COUNT:
        return count_work(job, sieve, part, err);
    case PHASE_PLACE:
        return place_work(job, err);
    case PHASE_SCATTER:
        return scatter_work(job, sieve, part, err);
    case PHASE_SORT:
        return sort_work(job, &job->spare[worker], part, err);
    case PHASE_OVER:
        return SW_OK;
    }
    return SW_OK;
}

static bool step_work(struct sw_job *base, unsigned worker)
{
    struct sw_order_job *job = job_of(base);
    enum phase phase;
    uint32_t part;
    struct sw_err err = {0};
    sw_assert_worker();
    if (!claim(job, &phase, &part)) {
        return false;
    }
    sw_status status = run_part(job, worker, phase, part, &err);
    end_part(job, status, &err);
    return true;
}

/* -- the loop's side ---------------------------------------------------------------- */

static void free_job(struct sw_order_job *job)
{
    if (job == NULL) {
        return;
    }
    for (unsigned i = 0; i < sw_pool_threads(job->pool); i++) {
        if (job->worker != NULL) {
            sw_sieve_state_free(job->worker[i]);
        }
        if (job->spare != NULL) {
            free(job->spare[i].key);
            free(job->spare[i].position);
        }
    }
    free(job->worker);
    free(job->spare);
    free(job->passed);
    free(job->at);
    free(job->bucket_start);
    free(job->key);
    sw_budget_release(job->budget, job->charged);
    sw_order_unref(job->order);
    sw_sieve_free(job->sieve);
    sw_version_unref(job->version);
    pthread_mutex_destroy(&job->lock);
    job->magic = 0;
    free(job);
}

/* A sorted order is its positions: the bitmaps were only on the way. */
static void drop_bitmaps(struct sw_order *order)
{
    for (uint32_t i = 0; i < order->groups; i++) {
        free((void *)order->select[i]);
        order->select[i] = NULL;
    }
    free(order->select);
    free(order->start);
    free(order->row_start);
    order->select = NULL;
    order->start = NULL;
    order->row_start = NULL;
    size_t bytes = order->rows * sizeof(*order->position);
    sw_budget_release(order->budget, order->bytes - bytes);
    order->bytes = bytes;
}

static void job_done(struct sw_job *base)
{
    struct sw_order_job *job = job_of(base);
    struct sw_order *order = NULL;
    struct sw_err err = job->err;
    sw_status status = job->status;
    if (status == SW_OK && job->phase != PHASE_OVER) {
        status = sw_fail(&err, SW_CANCELLED, "the request was cancelled");
    }
    if (status == SW_OK) {
        order = job->order;
        job->order = NULL;
        if (order->is_sorted) {
            drop_bitmaps(order);
        }
    }
    sw_order_done_fn done = job->done;
    void *context = job->context;
    free_job(job);
    done(context, status, order, &err);
}

static const struct sw_job_ops order_ops = {step_work, job_done};

static sw_status check_spec(const struct sw_order_spec *spec, struct sw_err *err)
{
    if (spec->sort_count > SW_SORT_KEYS_MAX) {
        return sw_fail_limit(err, "sort_keys", spec->sort_count, SW_SORT_KEYS_MAX,
                             "sort by fewer columns");
    }
    if (spec->sort_count > 0 && spec->version->rows > SW_SORT_ROWS_MAX) {
        return sw_fail_limit(err, "sort_rows", (int64_t)spec->version->rows, SW_SORT_ROWS_MAX,
                             "filter without sorting, or sort a smaller table");
    }
    for (uint32_t i = 0; i < spec->sort_count; i++) {
        sw_assert(spec->sort[i].column < spec->version->schema->columns);
    }
    return SW_OK;
}

static sw_status new_order(const struct sw_order_spec *spec, struct sw_order **result,
                           struct sw_err *err)
{
    uint32_t groups = spec->version->groups;
    size_t bytes = groups * (sizeof(uint64_t *) + 2 * sizeof(uint64_t)) + sizeof(struct sw_order);
    SW_TRY(sw_budget_charge(spec->budget, bytes, err));
    struct sw_order *order = calloc(1, sizeof(*order));
    if (order == NULL) {
        sw_budget_release(spec->budget, bytes);
        return no_memory(err);
    }
    atomic_init(&order->refs, 1);
    order->is_sorted = spec->sort_count > 0;
    order->groups = groups;
    order->bytes = bytes;
    order->budget = spec->budget;
    order->select = calloc(groups + 1, sizeof(*order->select));
    order->start = calloc(groups + 1, sizeof(*order->start));
    order->row_start = malloc((groups + 1) * sizeof(*order->row_start));
    *result = order;
    if (order->select == NULL || order->start == NULL || order->row_start == NULL) {
        return no_memory(err);
    }
    memcpy(order->row_start, spec->version->row_start, (groups + 1) * sizeof(*order->row_start));
    return SW_OK;
}

static sw_status fill_job(struct sw_order_job *job, const struct sw_order_spec *spec,
                          struct sw_err *err)
{
    unsigned threads = sw_pool_threads(job->pool);
    uint32_t *all = calloc(spec->filter_count + 1, sizeof(*all));
    uint32_t mask = 0;
    for (uint32_t i = 0; all != NULL && i < spec->filter_count; i++) {
        all[i] = i;
    }
    sw_status status =
        all == NULL ? SW_NO_MEMORY : sw_sieve_mask(job->sieve, all, spec->filter_count, &mask);
    free(all);
    job->worker = calloc(threads, sizeof(struct sw_sieve_state *));
    job->spare = calloc(threads, sizeof(*job->spare));
    job->passed = calloc(spec->version->groups + 1, sizeof(*job->passed));
    if (status != SW_OK || job->worker == NULL || job->spare == NULL || job->passed == NULL) {
        return no_memory(err);
    }
    return new_order(spec, &job->order, err);
}

static void free_filters(const struct sw_order_spec *spec)
{
    for (uint32_t i = 0; i < spec->filter_count; i++) {
        sw_filter_free(spec->filters[i]);
    }
}

sw_status sw_order_submit(struct sw_pool *pool, struct sw_lane *lane,
                          const struct sw_order_spec *spec, sw_order_done_fn done, void *context,
                          struct sw_order_job **result, struct sw_err *err)
{
    sw_assert_loop();
    sw_status status = check_spec(spec, err);
    struct sw_order_job *job = status == SW_OK ? calloc(1, sizeof(*job)) : NULL;
    if (job == NULL) {
        free_filters(spec);
        return status == SW_OK ? no_memory(err) : status;
    }
    job->magic = ORDER_MAGIC;
    job->pool = pool;
    job->done = done;
    job->context = context;
    job->version = sw_version_ref(spec->version);
    job->budget = spec->budget;
    job->sort_count = spec->sort_count;
    job->filters = spec->filter_count;
    job->parts = 1;
    if (spec->sort_count > 0) {
        memcpy(job->sort, spec->sort, spec->sort_count * sizeof(*spec->sort));
    }
    pthread_mutex_init(&job->lock, NULL);
    status = sw_sieve_new(spec->filters, spec->filter_count, &job->sieve);
    status = status == SW_OK ? fill_job(job, spec, err) : no_memory(err);
    if (status != SW_OK) {
        free_job(job);
        return status;
    }
    sw_job_init(&job->job, &order_ops, lane, spec->urgency, 0);
    *result = job;
    sw_pool_submit(pool, &job->job);
    return SW_OK;
}

void sw_order_cancel(struct sw_order_job *job)
{
    sw_job_cancel(job->pool, &job->job);
}

double sw_order_progress(const struct sw_order_job *job)
{
    uint64_t parts = 2 + job->version->groups;
    if (job->sort_count > 0) {
        uint64_t buckets = job->version->rows / SORT_BUCKET_ROWS + 1;
        parts += job->version->groups;
        parts += buckets < (1u << SORT_BITS_MAX) ? buckets : 1u << SORT_BITS_MAX;
    }
    double progress =
        (double)atomic_load_explicit(&job->progress, memory_order_relaxed) / (double)parts;
    return progress > 1 ? 1 : progress;
}
