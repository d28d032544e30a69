/* Expressions as further columns of a version: a part is one expression over one row group, written
 * into a chunk; the other chunks stay as they are.                                               */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "derive/derive_priv.h"

struct fresh {
    struct sw_program *program; /* owned */
    enum sw_type type;
    struct sw_span name;     /* of the result, for messages */
    struct sw_dict *dict;    /* strings; counted */
    _Atomic uint64_t rows;   /* written with it */
    _Atomic bool is_plain;   /* a dictionary did not pay */
    struct sw_chunk **chunk; /* [groups] counted each; owned */
};

struct worker {
    struct sw_batch_cache *cache;
    struct sw_expr_state **state; /* [fresh] */
};

struct sw_derive_extend {
    struct sw_derive *run;
    struct sw_version *from; /* borrowed from the run */
    uint32_t count;
    struct fresh *fresh; /* [count] owned */
    unsigned workers;
    struct worker *worker; /* [workers] owned */
    struct sw_schema *schema;
    struct sw_derive_made made;
    struct sw_version *version;
};

void sw_derive_extend_free(struct sw_derive_extend *extend)
{
    if (extend == NULL) {
        return;
    }
    for (unsigned i = 0; i < extend->workers; i++) {
        sw_batch_cache_free(extend->worker[i].cache);
        for (uint32_t k = 0; extend->worker[i].state != NULL && k < extend->count; k++) {
            if (extend->worker[i].state[k] != NULL) {
                sw_expr_state_free(extend->worker[i].state[k]);
            }
        }
        free(extend->worker[i].state);
    }
    for (uint32_t i = 0; extend->fresh != NULL && i < extend->count; i++) {
        struct fresh *fresh = &extend->fresh[i];
        for (uint32_t k = 0; fresh->chunk != NULL && k < extend->from->groups; k++) {
            sw_chunk_unref(fresh->chunk[k]);
        }
        if (fresh->program != NULL) {
            sw_program_free(fresh->program);
        }
        sw_dict_unref(fresh->dict);
        free(fresh->chunk);
    }
    free(extend->worker);
    free(extend->fresh);
    sw_derive_made_fini(&extend->made);
    if (extend->schema != NULL) {
        sw_schema_unref(extend->schema);
    }
    sw_version_unref(extend->version);
    free(extend);
}

/* -- parts ---------------------------------------------------------------------------------- */

static sw_status need_state(struct sw_derive_extend *extend, unsigned index, uint32_t which,
                            struct sw_err *err)
{
    struct worker *worker = &extend->worker[index];
    sw_status status = SW_OK;
    if (worker->cache == NULL) {
        status = sw_batch_cache_new(extend->from->schema->columns, &worker->cache);
    }
    if (worker->state == NULL) {
        worker->state = calloc(extend->count, sizeof(struct sw_expr_state *));
    }
    if (status == SW_OK && worker->state != NULL && worker->state[which] == NULL) {
        status = sw_expr_state_new(extend->fresh[which].program, &worker->state[which]);
    }
    return status == SW_OK && worker->state != NULL ? SW_OK : sw_derive_no_memory(err);
}

static void copy_nulls(struct sw_builder *builder, const uint64_t *valid, uint32_t rows)
{
    uint32_t at = builder->rows; /* a multiple of 64 */
    for (uint32_t word = 0; valid != NULL && word < sw_bits_words(rows); word++) {
        uint64_t inside = sw_bits_inside(rows, word);
        builder->valid[at / 64 + word] = valid[word] | ~inside;
        builder->nulls += (uint32_t)__builtin_popcountll(inside & ~valid[word]);
    }
}

static sw_status put_texts(struct sw_builder *builder, const struct sw_expr_vector *vector,
                           uint32_t rows)
{
    if (vector->valid == NULL) {
        return sw_builder_texts(builder, vector->texts, rows);
    }
    for (uint32_t i = 0; i < rows; i++) {
        SW_TRY(sw_bits_has(vector->valid, i) ? sw_builder_text(builder, vector->texts[i])
                                             : sw_builder_null(builder, SW_NULL_EMPTY));
    }
    return SW_OK;
}

static bool has_misfits(const struct sw_expr_vector *vector)
{
    for (uint32_t word = 0; vector->misfits != NULL && word < SW_VECTOR_WORDS; word++) {
        if (vector->misfits[word] != 0) {
            return true;
        }
    }
    return false;
}

static sw_status put_vector(const struct fresh *fresh, struct sw_builder *builder,
                            const struct sw_expr_vector *vector, uint32_t rows, struct sw_err *err)
{
    if (has_misfits(vector)) {
        return sw_fail(err, SW_TYPE,
                       "column `%.*s` is of type %s and goes beyond 64 bits in some row: use "
                       "CAST(... AS float)",
                       (int)fresh->name.length, fresh->name.data, sw_type_name(fresh->type));
    }
    if (fresh->type == SW_TYPE_STRING) {
        return sw_derive_builder_said(put_texts(builder, vector, rows), builder, err);
    }
    if (builder->floats != NULL) {
        memcpy(builder->floats + builder->rows, vector->floats, rows * sizeof(double));
    } else {
        memcpy(builder->ints + builder->rows, vector->ints, rows * sizeof(int64_t));
    }
    copy_nulls(builder, vector->valid, rows);
    builder->rows += rows;
    return SW_OK;
}

/* A dictionary pays while at most half of the rows bring a new string. */
static struct sw_dict *choose_dictionary(struct fresh *fresh)
{
    uint64_t rows = atomic_load_explicit(&fresh->rows, memory_order_relaxed);
    if (rows >= SW_CHUNK_ROWS && fresh->dict != NULL && sw_dict_count(fresh->dict) > rows / 2) {
        atomic_store_explicit(&fresh->is_plain, true, memory_order_relaxed);
    }
    return atomic_load_explicit(&fresh->is_plain, memory_order_relaxed) ? NULL : fresh->dict;
}

static sw_status evaluate(struct sw_derive_extend *extend, unsigned index, uint32_t which,
                          uint32_t group, struct sw_builder *builder, struct sw_err *err)
{
    struct worker *worker = &extend->worker[index];
    struct fresh *fresh = &extend->fresh[which];
    uint32_t rows = extend->from->group[group]->rows;
    sw_status status = SW_OK;
    for (uint32_t start = 0; start < rows && status == SW_OK; start += SW_VECTOR_ROWS) {
        struct sw_batch batch;
        struct sw_expr_vector vector = {0};
        sw_batch_at(&batch, worker->cache, extend->from, group, start);
        sw_expr_eval_as(fresh->program, worker->state[which], &batch, fresh->type, &vector);
        status = put_vector(fresh, builder, &vector, batch.rows, err);
    }
    struct sw_err lost = {0};
    sw_status read = sw_batch_leave(worker->cache, &lost);
    if (read != SW_OK) {
        *err = lost;
        return read;
    }
    SW_TRY(status);
    return sw_expr_state_status(worker->state[which], err);
}

static sw_status extend_work(struct sw_derive *run, unsigned index, uint64_t part,
                             struct sw_err *err)
{
    struct sw_derive_extend *extend = run->extend;
    uint32_t which = (uint32_t)(part % extend->count);
    uint32_t group = (uint32_t)(part / extend->count);
    struct fresh *fresh = &extend->fresh[which];
    struct sw_builder *builder = NULL;
    SW_TRY(need_state(extend, index, which, err));
    SW_TRY(sw_builder_new(fresh->type, choose_dictionary(fresh), run->budget, &builder, err));
    sw_status status = evaluate(extend, index, which, group, builder, err);
    if (status == SW_OK) {
        status = sw_builder_seal(builder, &fresh->chunk[group], err);
        atomic_fetch_add_explicit(&fresh->rows, extend->from->group[group]->rows,
                                  memory_order_relaxed);
    }
    sw_builder_free(builder);
    return status;
}

static sw_status assemble_work(struct sw_derive *run, unsigned worker, uint64_t part,
                               struct sw_err *err)
{
    struct sw_derive_extend *extend = run->extend;
    const struct sw_version *from = extend->from;
    uint32_t old = from->schema->columns;
    (void)worker;
    (void)part;
    for (uint32_t group = 0; group < from->groups; group++) {
        struct sw_chunk **chunk = extend->made.chunk + (size_t)group * extend->made.columns;
        for (uint32_t i = 0; i < old; i++) {
            chunk[i] = sw_chunk_ref(from->group[group]->chunk[i]);
        }
        for (uint32_t i = 0; i < extend->count; i++) {
            chunk[old + i] = extend->fresh[i].chunk[group];
            extend->fresh[i].chunk[group] = NULL;
        }
    }
    return sw_derive_made_version(&extend->made, run->number, extend->schema, &extend->version,
                                  err);
}

static sw_status assembled(struct sw_derive *run, struct sw_err *err)
{
    struct sw_version *version = run->extend->version;
    run->extend->version = NULL;
    return sw_derive_next(run, version, err);
}

static sw_status extended(struct sw_derive *run, struct sw_err *err)
{
    (void)err;
    sw_derive_parts(run, 1, 1, assemble_work, assembled);
    return SW_OK;
}

/* -- the loop's side ------------------------------------------------------------------------ */

static sw_status add_fresh(struct sw_derive_extend *extend, const struct sw_derive_column *column,
                           struct sw_err *err)
{
    struct sw_derive *run = extend->run;
    struct fresh *fresh = &extend->fresh[extend->count++];
    fresh->name = column->name;
    fresh->chunk = calloc(extend->from->groups + 1u, sizeof(struct sw_chunk *));
    if (fresh->chunk == NULL) {
        return sw_derive_no_memory(err);
    }
    SW_TRY(sw_derive_compile(run, column->expr, extend->from->schema, &fresh->program, err));
    fresh->type = sw_program_type(fresh->program);
    return fresh->type == SW_TYPE_STRING ? sw_dict_new(run->budget, &fresh->dict, err) : SW_OK;
}

/* The old columns' names stay; new ones have names of their own that nothing asks for. */
static sw_status new_schema(struct sw_derive_extend *extend, struct sw_err *err)
{
    const struct sw_schema *old = extend->from->schema;
    uint32_t count = old->columns + extend->count;
    struct sw_arena *arena = &extend->run->arena;
    struct sw_span *name = sw_arena_array(arena, count, sizeof(*name));
    enum sw_type *type = sw_arena_array(arena, count, sizeof(*type));
    if (name == NULL || type == NULL) {
        return sw_derive_no_memory(err);
    }
    for (uint32_t i = 0; i < count; i++) {
        bool is_old = i < old->columns;
        char text[24];
        (void)snprintf(text, sizeof(text), "\x01%u", (unsigned)i);
        const char *copy = sw_arena_text(arena, sw_span_text(is_old ? old->column[i].name : text));
        if (copy == NULL) {
            return sw_derive_no_memory(err);
        }
        name[i] = sw_span_text(copy);
        type[i] = is_old ? old->column[i].type : extend->fresh[i - old->columns].type;
    }
    return sw_derive_schema(count, name, type, &extend->schema, err);
}

/* run->out: where each of the columns will be. */
static sw_status map_columns(struct sw_derive *run, const struct sw_derive_column *columns,
                             uint32_t count, uint32_t *expressions, struct sw_err *err)
{
    struct sw_derive_out *out = sw_arena_array(&run->arena, count + 1u, sizeof(*out));
    if (out == NULL) {
        return sw_derive_no_memory(err);
    }
    for (uint32_t i = 0; i < count; i++) {
        out[i].name = columns[i].name;
        if (columns[i].expr != NULL) {
            out[i].column = run->now->schema->columns + (*expressions)++;
        } else {
            SW_TRY(sw_schema_need(run->now->schema, columns[i].column, &out[i].column, err));
        }
    }
    run->out = out;
    run->outs = count;
    return SW_OK;
}

static sw_status plan(struct sw_derive_extend *extend, const struct sw_derive_column *columns,
                      uint32_t count, struct sw_err *err)
{
    extend->workers = sw_pool_threads(extend->run->pool);
    extend->worker = calloc(extend->workers, sizeof(*extend->worker));
    extend->fresh = calloc(count + 1u, sizeof(*extend->fresh));
    if (extend->worker == NULL || extend->fresh == NULL) {
        extend->workers = extend->worker == NULL ? 0 : extend->workers;
        return sw_derive_no_memory(err);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (columns[i].expr != NULL) {
            SW_TRY(add_fresh(extend, &columns[i], err));
        }
    }
    SW_TRY(new_schema(extend, err));
    return sw_derive_made_init(&extend->made, extend->from->groups, extend->schema->columns, err);
}

sw_status sw_derive_extend(struct sw_derive *run, const struct sw_derive_column *columns,
                           uint32_t count, struct sw_err *err)
{
    uint32_t expressions = 0;
    SW_TRY(map_columns(run, columns, count, &expressions, err));
    if (expressions == 0) {
        return sw_derive_next(run, NULL, err);
    }
    struct sw_derive_extend *extend = calloc(1, sizeof(*extend));
    if (extend == NULL) {
        return sw_derive_no_memory(err);
    }
    extend->run = run;
    extend->from = run->now;
    run->extend = extend;
    SW_TRY(plan(extend, columns, count, err));
    sw_derive_parts(run, (uint64_t)extend->from->groups * extend->count, 0, extend_work, extended);
    return SW_OK;
}
