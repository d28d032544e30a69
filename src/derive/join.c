/* A hash join.  The right table's keys are numbered row group by row group (by one worker at a
 * time), then its rows are listed by key; then the left table's row groups look their keys up, all
 * workers at once.  Only when all matches have been counted are they written down as pairs of rows,
 * which gather.c makes columns of.  Where each left row has one match, its columns go through as
 * they are, chunk by chunk.                                                                      */
#include <stdlib.h>

#include "derive/derive_priv.h"
#include "derive/joinkey.h"

/* What a row group of the left table found. */
struct found {
    uint32_t rows;  /* of it that go on */
    uint16_t *row;  /* [rows]; NULL: all of them; owned */
    uint32_t *key;  /* [rows] SW_WORD_NONE: none; owned */
    uint64_t count; /* pairs */
    uint64_t first; /* the place of the first */
};

struct worker {
    struct sw_sieve_state *sieve;
    struct sw_joinkeys_scratch scratch;
    uint32_t number[SW_VECTOR_ROWS];
    uint32_t key[SW_CHUNK_ROWS];
    uint16_t row[SW_CHUNK_ROWS];
};

struct sw_derive_join {
    struct sw_derive *run;
    const struct sw_version *left, *right; /* borrowed from the run */
    struct sw_joinkeys *keys;
    struct sw_sieve *sieve; /* mask 0 */
    unsigned workers;
    struct worker **worker; /* [workers] owned */

    struct sw_batch_cache *cache; /* of the right table */
    uint32_t *number;             /* [right rows] */
    uint32_t *start;              /* [keys + 1] into row; NULL: one row each */
    uint32_t *row;                /* rows by key */

    struct found *found; /* [left groups] */
    bool is_whole;       /* each left row goes on once: left_row is not needed */
    uint64_t pairs;
    uint32_t *left_row, *right_row; /* [pairs] */
    _Atomic uint64_t charged;

    struct sw_schema *schema; /* counted: of the result */
    struct sw_derive_pick *pick;
};

void sw_derive_join_free(struct sw_derive_join *join)
{
    if (join == NULL) {
        return;
    }
    for (unsigned i = 0; i < join->workers; i++) {
        if (join->worker[i] != NULL) {
            sw_sieve_state_free(join->worker[i]->sieve);
            free(join->worker[i]);
        }
    }
    for (uint32_t i = 0; join->found != NULL && i < join->left->groups; i++) {
        free(join->found[i].row);
        free(join->found[i].key);
    }
    free(join->worker);
    free(join->found);
    sw_joinkeys_free(join->keys);
    sw_sieve_free(join->sieve);
    sw_batch_cache_free(join->cache);
    free(join->number);
    free(join->start);
    free(join->row);
    free(join->left_row);
    free(join->right_row);
    if (join->schema != NULL) {
        sw_schema_unref(join->schema);
    }
    sw_budget_release(join->run->budget, join->charged);
    free(join);
}

/* Charged, and held until the end of the join; NULL with *status set. */
static void *new_array(struct sw_derive_join *join, uint64_t count, size_t size, sw_status *status,
                       struct sw_err *err)
{
    size_t bytes = (size_t)count * size;
    *status = sw_budget_charge(join->run->budget, bytes, err);
    if (*status != SW_OK) {
        return NULL;
    }
    join->charged += bytes;
    void *array = malloc(bytes + 1);
    if (array == NULL) {
        *status = sw_derive_no_memory(err);
    }
    return array;
}

/* -- names ---------------------------------------------------------------------------------- */

/* All columns that the join could have: those of the left table, then those of the right that are
 * not keys of the same name. */
struct columns {
    uint32_t count;
    struct sw_span *name;
    enum sw_type *type;
    struct sw_derive_pick *pick;
};

static bool is_shared_key(const struct sw_derive_plan *plan, struct sw_span name)
{
    for (uint32_t i = 0; i < plan->ons; i++) {
        if (sw_span_equal(plan->on[i].left, name) && sw_span_equal(plan->on[i].right, name)) {
            return true;
        }
    }
    return false;
}

static sw_status list_columns(struct sw_derive *run, struct columns *columns, struct sw_err *err)
{
    const struct sw_schema *left = run->now->schema;
    const struct sw_schema *right = run->join->schema;
    size_t most = (size_t)left->columns + right->columns;
    columns->name = sw_arena_array(&run->arena, most, sizeof(*columns->name));
    columns->type = sw_arena_array(&run->arena, most, sizeof(*columns->type));
    columns->pick = sw_arena_array(&run->arena, most, sizeof(*columns->pick));
    if (columns->name == NULL || columns->type == NULL || columns->pick == NULL) {
        return sw_derive_no_memory(err);
    }
    char suffix[SW_NAME_BYTES_MAX + 1];
    size_t length = run->plan->suffix.length < 64 ? run->plan->suffix.length : 64;
    memcpy(suffix, run->plan->suffix.data, length);
    suffix[length] = '\0';
    for (uint32_t i = 0; i < most; i++) {
        bool is_left = i < left->columns;
        const struct sw_column *column =
            is_left ? &left->column[i] : &right->column[i - left->columns];
        struct sw_span name = sw_span_text(column->name);
        if (!is_left && is_shared_key(run->plan, name)) {
            continue;
        }
        if (!is_left) {
            name = sw_derive_free_name(&run->arena, name, suffix, columns->name, columns->count);
        }
        uint32_t at = columns->count++;
        columns->name[at] = name;
        columns->type[at] = column->type;
        columns->pick[at] =
            (struct sw_derive_pick){is_left ? 0 : 1, is_left ? i : i - left->columns};
        if (name.data == NULL) {
            return sw_derive_no_memory(err);
        }
    }
    return SW_OK;
}

/* `where` that is about the left table alone is tested before the join. */
static sw_status place_where(struct sw_derive *run, const struct sw_schema *all, bool *is_left,
                             struct sw_err *err)
{
    struct sw_program *program = NULL;
    const uint32_t *columns;
    *is_left = true;
    if (run->where == NULL) {
        return SW_OK;
    }
    SW_TRY(sw_derive_compile(run, run->where, all, &program, err));
    size_t count = sw_program_columns(program, &columns);
    for (size_t i = 0; i < count; i++) {
        *is_left = *is_left && columns[i] < run->now->schema->columns;
    }
    sw_program_free(program);
    return SW_OK;
}

/* The columns that are needed, and the filters that go before; run->where is what is left. */
static sw_status plan_columns(struct sw_derive_join *join, const struct columns *columns,
                              const struct sw_schema *all, struct sw_filter ***filters,
                              uint32_t *filter_count, struct sw_err *err)
{
    struct sw_derive *run = join->run;
    bool is_left;
    bool *needed = sw_arena_array(&run->arena, columns->count + 1u, sizeof(*needed));
    struct sw_span *name = sw_arena_array(&run->arena, columns->count + 1u, sizeof(*name));
    enum sw_type *type = sw_arena_array(&run->arena, columns->count + 1u, sizeof(*type));
    if (needed == NULL || name == NULL || type == NULL) {
        return sw_derive_no_memory(err);
    }
    SW_TRY(place_where(run, all, &is_left, err));
    const struct sw_expr *later = is_left ? NULL : run->where;
    run->where = is_left ? run->where : NULL;
    SW_TRY(sw_derive_take_filters(run, filters, filter_count, err));
    run->where = later;
    SW_TRY(sw_derive_needed(run, all, needed, err));
    join->pick = columns->pick;
    uint32_t count = 0;
    for (uint32_t i = 0; i < columns->count; i++) {
        bool is_last_chance = count == 0 && i + 1 == columns->count; /* rows need some column */
        if (needed[i] || is_last_chance) {
            name[count] = columns->name[i];
            type[count] = columns->type[i];
            join->pick[count++] = columns->pick[i];
        }
    }
    return sw_derive_schema(count, name, type, &join->schema, err);
}

static sw_status new_keys(struct sw_derive_join *join, struct sw_err *err)
{
    const struct sw_derive_plan *plan = join->run->plan;
    uint32_t left[SW_JOIN_KEYS_MAX];
    uint32_t right[SW_JOIN_KEYS_MAX];
    for (uint32_t i = 0; i < plan->ons; i++) {
        SW_TRY(sw_schema_need(join->left->schema, plan->on[i].left, &left[i], err));
        SW_TRY(sw_schema_need(join->right->schema, plan->on[i].right, &right[i], err));
    }
    return sw_joinkeys_new(join->left, left, join->right, right, plan->ons, join->run->budget,
                           &join->keys, err);
}

static sw_status new_sieve(struct sw_derive_join *join, struct sw_filter **filters, uint32_t count,
                           struct sw_err *err)
{
    uint32_t *index = sw_arena_array(&join->run->arena, count + 1u, sizeof(*index));
    uint32_t mask;
    sw_status status = sw_sieve_new(filters, count, &join->sieve);
    for (uint32_t i = 0; index != NULL && i < count; i++) {
        index[i] = i;
    }
    if (status == SW_OK) {
        status = index == NULL ? SW_NO_MEMORY : sw_sieve_mask(join->sieve, index, count, &mask);
    }
    return status == SW_OK ? SW_OK : sw_derive_no_memory(err);
}

/* -- the right table ------------------------------------------------------------------------ */

static sw_status number_work(struct sw_derive *run, unsigned worker, uint64_t part,
                             struct sw_err *err)
{
    struct sw_derive_join *join = run->joining;
    const struct sw_version *right = join->right;
    struct sw_joinkeys_scratch *scratch = &join->worker[0]->scratch;
    (void)worker;
    for (uint32_t start = 0; start < right->group[part]->rows; start += SW_VECTOR_ROWS) {
        struct sw_batch batch;
        sw_batch_at(&batch, join->cache, right, (uint32_t)part, start);
        uint32_t *number = join->number + right->row_start[part] + start;
        SW_TRY(sw_joinkeys_add(join->keys, &batch, scratch, number, err));
    }
    return sw_batch_leave(join->cache, err);
}

/* Rows by key; without `start` where no key has two. */
static sw_status index_work(struct sw_derive *run, unsigned worker, uint64_t part,
                            struct sw_err *err)
{
    sw_status status = SW_OK;
    struct sw_derive_join *join = run->joining;
    uint64_t rows = join->right->rows;
    uint32_t keys = sw_joinkeys_count(join->keys);
    (void)worker;
    (void)part;
    join->start = new_array(join, keys + UINT64_C(1), sizeof(uint32_t), &status, err);
    SW_TRY(status);
    memset(join->start, 0, (keys + (size_t)1) * sizeof(uint32_t));
    uint64_t filled = 0;
    for (uint64_t row = 0; row < rows; row++) {
        if (join->number[row] != SW_WORD_NONE) {
            join->start[join->number[row] + 1]++;
            filled++;
        }
    }
    for (uint32_t key = 0; key < keys; key++) { /* [k + 1]: where k ends */
        join->start[key + 1] += join->start[key];
    }
    join->row = new_array(join, filled, sizeof(uint32_t), &status, err);
    SW_TRY(status);
    for (uint64_t row = rows; row-- > 0;) { /* from the end: each key's rows stay in order */
        if (join->number[row] != SW_WORD_NONE) {
            join->row[--join->start[join->number[row] + 1]] = (uint32_t)row;
        }
    }
    for (uint32_t key = 0; key < keys; key++) { /* [k + 1] is where k begins: one to the left */
        join->start[key] = join->start[key + 1];
    }
    join->start[keys] = (uint32_t)filled;
    free(join->number);
    join->number = NULL;
    if (filled == keys) {
        free(join->start);
        join->start = NULL;
    }
    return sw_joinkeys_prepare(join->keys, err);
}

/* -- the left table ------------------------------------------------------------------------- */

static sw_status need_worker(struct sw_derive_join *join, unsigned index, struct sw_err *err)
{
    struct worker **worker = &join->worker[index];
    if (*worker == NULL) {
        *worker = calloc(1, sizeof(**worker));
    }
    if (*worker == NULL) {
        return sw_derive_no_memory(err);
    }
    if ((*worker)->sieve == NULL &&
        sw_sieve_state_new(join->sieve, join->left, &(*worker)->sieve) != SW_OK) {
        return sw_derive_no_memory(err);
    }
    return SW_OK;
}

/* Rows of a vector that go on, behind the first n; returns how many there are then. */
static uint32_t collect(const struct sw_derive_join *join, struct worker *worker,
                        const struct sw_batch *batch, uint32_t n)
{
    const uint32_t *number = worker->number;
    bool is_left = join->run->plan->is_left_join;
    if (batch->select == NULL) {
        for (uint32_t i = 0; i < batch->rows; i++) {
            worker->row[n] = (uint16_t)(batch->start + i);
            worker->key[n] = number[i];
            n += is_left || number[i] != SW_WORD_NONE;
        }
        return n;
    }
    uint16_t row[SW_VECTOR_ROWS];
    uint32_t rows = sw_bits_rows(batch->select, batch->rows, row);
    for (uint32_t i = 0; i < rows; i++) {
        worker->row[n] = (uint16_t)(batch->start + row[i]);
        worker->key[n] = number[row[i]];
        n += is_left || number[row[i]] != SW_WORD_NONE;
    }
    return n;
}

static uint64_t count_pairs(const struct sw_derive_join *join, const uint32_t *key, uint32_t n)
{
    uint64_t pairs = 0;
    if (join->start == NULL) {
        return n;
    }
    for (uint32_t i = 0; i < n; i++) {
        pairs += key[i] == SW_WORD_NONE ? 1 : join->start[key[i] + 1] - join->start[key[i]];
    }
    return pairs;
}

static sw_status keep_found(struct sw_derive_join *join, const struct worker *worker, uint32_t n,
                            uint32_t group_rows, struct found *found, struct sw_err *err)
{
    sw_status status = SW_OK;
    found->rows = n;
    found->count = count_pairs(join, worker->key, n);
    if (n == 0) {
        return SW_OK;
    }
    found->key = new_array(join, n, sizeof(uint32_t), &status, err);
    SW_TRY(status);
    memcpy(found->key, worker->key, n * sizeof(uint32_t));
    if (n < group_rows) {
        found->row = new_array(join, n, sizeof(uint16_t), &status, err);
        SW_TRY(status);
        memcpy(found->row, worker->row, n * sizeof(uint16_t));
    }
    return SW_OK;
}

static sw_status probe_work(struct sw_derive *run, unsigned index, uint64_t part,
                            struct sw_err *err)
{
    struct sw_derive_join *join = run->joining;
    SW_TRY(need_worker(join, index, err));
    struct worker *worker = join->worker[index];
    uint32_t rows = join->left->group[part]->rows;
    uint32_t n = 0;
    if (!sw_sieve_group(worker->sieve, (uint32_t)part)) {
        return SW_OK;
    }
    for (uint32_t start = 0; start < rows; start += SW_VECTOR_ROWS) {
        sw_sieve_vector(worker->sieve, start);
        if (sw_sieve_select(worker->sieve, 0) == 0) {
            continue;
        }
        struct sw_batch *batch = sw_sieve_batch(worker->sieve);
        sw_joinkeys_find(join->keys, batch, &worker->scratch, worker->number);
        n = collect(join, worker, batch, n);
    }
    SW_TRY(sw_sieve_leave(worker->sieve, err));
    SW_TRY(sw_sieve_status(worker->sieve, 0, err));
    return keep_found(join, worker, n, rows, &join->found[part], err);
}

/* -- pairs ---------------------------------------------------------------------------------- */

static sw_status pair_work(struct sw_derive *run, unsigned worker, uint64_t part,
                           struct sw_err *err)
{
    struct sw_derive_join *join = run->joining;
    const struct found *found = &join->found[part];
    uint32_t base = (uint32_t)join->left->row_start[part];
    uint64_t at = found->first;
    (void)worker;
    (void)err;
    for (uint32_t i = 0; i < found->rows; i++) {
        uint32_t key = found->key[i];
        uint32_t left = base + (found->row == NULL ? i : found->row[i]);
        bool is_none = key == SW_WORD_NONE;
        uint32_t from = is_none || join->start == NULL ? key : join->start[key];
        uint32_t pairs = is_none || join->start == NULL ? 1 : join->start[key + 1] - from;
        for (uint32_t k = 0; k < pairs; k++, at++) {
            join->right_row[at] = is_none ? SW_ROW_NONE : join->row[from + k];
            if (!join->is_whole) {
                join->left_row[at] = left;
            }
        }
    }
    sw_assert(at == found->first + found->count);
    return SW_OK;
}

static sw_status joined(struct sw_derive *run, struct sw_err *err)
{
    struct sw_derive_join *join = run->joining;
    const struct sw_derive_gather_spec spec = {
        .rows = {{.version = join->left, .position = join->left_row},
                 {.version = join->right, .position = join->right_row}},
        .count = join->pairs,
        .columns = join->schema->columns,
        .pick = join->pick,
        .schema = sw_schema_ref(join->schema),
    };
    return sw_derive_gather(run, &spec, err);
}

static sw_status probed(struct sw_derive *run, struct sw_err *err)
{
    sw_status status = SW_OK;
    struct sw_derive_join *join = run->joining;
    join->is_whole = true;
    for (uint32_t i = 0; i < join->left->groups; i++) {
        struct found *found = &join->found[i];
        found->first = join->pairs;
        join->pairs += found->count;
        join->is_whole = join->is_whole && found->rows == join->left->group[i]->rows &&
                         found->count == found->rows;
    }
    if (join->pairs > SW_DERIVED_ROWS_MAX) {
        return sw_fail_limit(err, "derived_rows", (int64_t)join->pairs, SW_DERIVED_ROWS_MAX,
                             "join on more columns, or on a table in which each key is once");
    }
    join->right_row = new_array(join, join->pairs, sizeof(uint32_t), &status, err);
    SW_TRY(status);
    if (!join->is_whole) {
        join->left_row = new_array(join, join->pairs, sizeof(uint32_t), &status, err);
        SW_TRY(status);
    }
    sw_derive_parts(run, join->left->groups, 0, pair_work, joined);
    return SW_OK;
}

static sw_status indexed(struct sw_derive *run, struct sw_err *err)
{
    (void)err;
    sw_derive_parts(run, run->joining->left->groups, 0, probe_work, probed);
    return SW_OK;
}

static sw_status numbered(struct sw_derive *run, struct sw_err *err)
{
    (void)err;
    sw_derive_parts(run, 1, 1, index_work, indexed);
    return SW_OK;
}

/* -- start ---------------------------------------------------------------------------------- */

static sw_status check_rows(const struct sw_version *version, struct sw_err *err)
{
    return version->rows <= SW_SORT_ROWS_MAX
               ? SW_OK
               : sw_fail_limit(err, "join_rows", (int64_t)version->rows, SW_SORT_ROWS_MAX,
                               "filter or group the table first");
}

static sw_status plan(struct sw_derive_join *join, struct sw_err *err)
{
    struct sw_derive *run = join->run;
    struct columns columns = {0};
    struct sw_schema *all = NULL;
    struct sw_filter **filters = NULL;
    uint32_t filter_count = 0;
    SW_TRY(check_rows(join->left, err));
    SW_TRY(check_rows(join->right, err));
    SW_TRY(new_keys(join, err));
    SW_TRY(list_columns(run, &columns, err));
    SW_TRY(sw_derive_schema(columns.count, columns.name, columns.type, &all, err));
    sw_status status = plan_columns(join, &columns, all, &filters, &filter_count, err);
    sw_schema_unref(all);
    if (filters != NULL) {
        sw_status made = new_sieve(join, filters, filter_count, status == SW_OK ? err : NULL);
        status = status == SW_OK ? made : status;
    }
    free(filters);
    return status;
}

static sw_status new_parts(struct sw_derive_join *join, struct sw_err *err)
{
    sw_status status = SW_OK;
    join->workers = sw_pool_threads(join->run->pool);
    join->worker = calloc(join->workers, sizeof(struct worker *));
    join->found = calloc(join->left->groups + 1u, sizeof(*join->found));
    if (join->worker == NULL || join->found == NULL) {
        join->workers = join->worker == NULL ? 0 : join->workers;
        return sw_derive_no_memory(err);
    }
    join->worker[0] = calloc(1, sizeof(struct worker));
    if (join->worker[0] == NULL ||
        sw_batch_cache_new(join->right->schema->columns, &join->cache) != SW_OK) {
        return sw_derive_no_memory(err);
    }
    join->number = new_array(join, join->right->rows, sizeof(uint32_t), &status, err);
    return status;
}

sw_status sw_derive_join_start(struct sw_derive *run, struct sw_err *err)
{
    struct sw_derive_join *join = calloc(1, sizeof(*join));
    if (join == NULL) {
        return sw_derive_no_memory(err);
    }
    join->run = run;
    join->left = run->now;
    join->right = run->join;
    run->joining = join;
    SW_TRY(plan(join, err));
    SW_TRY(new_parts(join, err));
    sw_derive_parts(run, join->right->groups, 1, number_work, numbered);
    return SW_OK;
}
