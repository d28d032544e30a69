/* eval: runs a program over the rows of one vector. */
#include "expr/expr.h"
#include "expr/state.h"

#include <stdlib.h>

/* -- columns ---------------------------------------------------------------- */

static void load_valid(struct sw_vec *vec, const uint64_t *valid, uint32_t rows)
{
    vec->valid = NULL;
    if (valid != NULL) {
        uint32_t words = sw_bits_words(rows);
        memcpy(vec->store->valid, valid, words * sizeof *valid);
        memset(vec->store->valid + words, 0, (SW_VECTOR_WORDS - words) * sizeof *valid);
        vec->valid = vec->store->valid;
    }
}

/* A NaN is NULL to an expression. */
static void drop_nans(struct sw_vec *vec, uint32_t rows)
{
    uint8_t flags[SW_VECTOR_ROWS];
    uint64_t good[SW_VECTOR_WORDS];
    for (uint32_t i = 0; i < rows; i++) {
        flags[i] = vec->floats[i] == vec->floats[i];
    }
    sw_bits_pack(flags, rows, good);
    for (uint32_t w = 0; w < SW_VECTOR_WORDS; w++) {
        vec->store->valid[w] = vec->valid == NULL ? good[w] : vec->valid[w] & good[w];
    }
    vec->valid = vec->store->valid;
}

static void load_texts(struct sw_vec *vec, struct sw_batch *batch, uint32_t column)
{
    struct sw_span *texts = vec->store->u.texts;
    const struct sw_chunk *chunk = sw_batch_chunk(batch, column);
    vec->form = SW_FORM_TEXT;
    vec->texts = texts;
    if (!sw_batch_is_coded(batch, column) || chunk->dict_count == 0) {
        for (uint32_t i = 0; i < batch->rows; i++) {
            texts[i] = sw_batch_text(batch, column, i);
        }
        return;
    }
    const uint32_t *codes = sw_batch_codes(batch, column);
    for (uint32_t i = 0; i < batch->rows; i++) {
        texts[i] = sw_dict_at(chunk->dict, codes[i]);
    }
}

static void load_rows(struct sw_vec *vec, struct sw_batch *batch, const struct sw_register *plan)
{
    const struct sw_chunk *chunk = sw_batch_chunk(batch, plan->column);
    load_valid(vec, sw_batch_valid(batch, plan->column), batch->rows);
    if (chunk->type == SW_TYPE_STRING) {
        load_texts(vec, batch, plan->column);
    } else if (plan->as_float) {
        vec->form = SW_FORM_FLOAT;
        vec->floats = sw_batch_floats(batch, plan->column);
        if (chunk->zone.nans > 0) {
            drop_nans(vec, batch->rows);
        }
    } else {
        vec->form = SW_FORM_INT;
        vec->ints = sw_batch_ints(batch, plan->column);
    }
}

static void load(struct sw_expr_state *state, uint32_t index)
{
    struct sw_vec *vec = &state->vecs[index];
    const struct sw_source *source = &state->source;
    if (state->loaded[index] == state->turn) {
        return;
    }
    state->loaded[index] = state->turn;
    if (source->batch != NULL) {
        load_rows(vec, source->batch, &state->program->registers[index]);
    } else if (source->is_null) {
        sw_vec_set(vec, SW_FORM_NULL, false);
    } else {
        for (uint32_t i = 0; i < source->rows; i++) {
            vec->store->u.texts[i] = sw_dict_at(source->dict, source->first + i);
        }
        sw_vec_set(vec, SW_FORM_TEXT, false);
    }
}

/* -- instructions ------------------------------------------------------------ */

static void run_by_row(struct sw_expr_state *state, const struct sw_instruction *instruction)
{
    struct sw_vec *out = &state->vecs[instruction->out];
    const struct sw_vec *args[SW_CALL_ARGS_MAX];
    struct sw_scalar values[SW_CALL_ARGS_MAX];
    unsigned seen = 0;
    for (uint32_t k = 0; k < instruction->args; k++) {
        args[k] = &state->vecs[instruction->arg[k]];
    }
    for (uint32_t i = 0; i < state->source.rows; i++) {
        for (uint32_t k = 0; k < instruction->args; k++) {
            values[k] = sw_vec_get(args[k], i);
        }
        struct sw_scalar value =
            sw_scalar_apply(&instruction->call, values, instruction->args, &state->pool);
        out->store->tags[i] = value.tag;
        out->store->u.cells[i] = value.u;
        seen |= 1u << value.tag;
    }
    sw_vec_narrow(out, state->source.rows, seen);
}

void sw_state_run(struct sw_expr_state *state, uint32_t begin, uint32_t end)
{
    for (uint32_t at = begin; at < end; at++) {
        const struct sw_instruction *instruction = &state->program->code[at];
        enum sw_op op = (enum sw_op)instruction->call.op;
        if (op == SW_OP_COLUMN) {
            load(state, instruction->out);
            continue;
        }
        if (op == SW_OP_DICTIONARY) {
            at += sw_entries_look_up(state, at) ? instruction->skip : 0;
            continue;
        }
        const struct sw_vec *args[SW_CALL_ARGS_MAX];
        for (uint32_t k = 0; k < instruction->args; k++) {
            args[k] = &state->vecs[instruction->arg[k]];
        }
        sw_kernel_fn kernel = sw_kernel_of(op);
        if (kernel == NULL || !kernel(&instruction->call, &state->vecs[instruction->out], args,
                                      instruction->args, state->source.rows)) {
            run_by_row(state, instruction);
        }
    }
}

static const struct sw_vec *run_all(struct sw_expr_state *state, struct sw_batch *batch)
{
    const struct sw_program *program = state->program;
    state->source = (struct sw_source){.batch = batch, .rows = batch->rows};
    state->turn++;
    sw_arena_reset(&state->pool.arena);
    sw_state_run(state, 0, program->count);
    if (state->status == SW_OK) {
        state->status = state->pool.status;
    }
    return &state->vecs[program->result];
}

/* -- results ------------------------------------------------------------------ */

/* One value as the program's type; false: an int that overflowed, which no int64 holds. */
static bool fit(struct sw_expr_state *state, enum sw_type type, struct sw_scalar value, uint32_t i)
{
    if (type == SW_TYPE_FLOAT) {
        state->result->u.floats[i] = sw_scalar_as_float(value);
        return true;
    }
    if (type == SW_TYPE_STRING) {
        struct sw_scalar text = sw_scalar_as_text(value, &state->pool);
        state->result->u.texts[i] = text.tag == SW_TAG_TEXT ? text.u.s : sw_span_of("", 0);
        return true;
    }
    bool is_int = value.tag == SW_TAG_INT || value.tag == SW_TAG_NULL;
    state->result->u.ints[i] = is_int ? value.u.i : 0;
    return is_int;
}

static void convert(struct sw_expr_state *state, const struct sw_vec *vec, uint32_t rows,
                    struct sw_expr_vector *vector)
{
    struct sw_vec_store *result = state->result;
    bool has_nulls = false;
    memset(state->misfits, 0, sizeof state->misfits);
    memset(result->valid, 0, sizeof result->valid);
    for (uint32_t i = 0; i < rows; i++) {
        struct sw_scalar value = sw_vec_get(vec, i);
        bool is_fit = fit(state, vector->type, value, i);
        if (is_fit && value.tag != SW_TAG_NULL) {
            sw_bits_set(result->valid, i);
        } else {
            has_nulls = true;
        }
        if (!is_fit) {
            sw_bits_set(state->misfits, i);
            vector->misfits = state->misfits;
        }
    }
    vector->ints = result->u.ints;
    vector->floats = result->u.floats;
    vector->texts = result->u.texts;
    vector->valid = has_nulls ? result->valid : NULL;
}

static enum sw_form form_of(enum sw_type type)
{
    return type == SW_TYPE_FLOAT    ? SW_FORM_FLOAT
           : type == SW_TYPE_STRING ? SW_FORM_TEXT
                                    : SW_FORM_INT;
}

static void clear_beyond(uint64_t *restrict into, const uint64_t *restrict from, uint32_t rows)
{
    for (uint32_t w = 0; w < SW_VECTOR_WORDS; w++) {
        into[w] = from[w] & sw_bits_inside(rows, w);
    }
}

void sw_expr_eval_as(const struct sw_program *program, struct sw_expr_state *state,
                     struct sw_batch *batch, enum sw_type type, struct sw_expr_vector *vector)
{
    sw_assert(state->magic == SW_EXPR_STATE_MAGIC && state->program == program);
    const struct sw_vec *vec = run_all(state, batch);
    *vector = (struct sw_expr_vector){.type = type};
    if (vec->form != (uint8_t)form_of(type)) {
        convert(state, vec, batch->rows, vector);
        return;
    }
    vector->ints = vec->ints;
    vector->floats = vec->floats;
    vector->texts = vec->texts;
    if (vec->valid != NULL) {
        clear_beyond(state->result->valid, vec->valid, batch->rows);
        vector->valid = state->result->valid;
    }
}

void sw_expr_eval(const struct sw_program *program, struct sw_expr_state *state,
                  struct sw_batch *batch, struct sw_expr_vector *vector)
{
    sw_expr_eval_as(program, state, batch, program->type, vector);
}

void sw_expr_test(const struct sw_program *program, struct sw_expr_state *state,
                  struct sw_batch *batch, uint64_t *into)
{
    uint64_t is_known[SW_VECTOR_WORDS];
    sw_assert(state->magic == SW_EXPR_STATE_MAGIC && state->program == program);
    sw_vec_truth(run_all(state, batch), batch->rows, into, is_known);
}

/* -- life ----------------------------------------------------------------------- */

static sw_status make_vecs(struct sw_expr_state *state)
{
    const struct sw_program *program = state->program;
    for (uint32_t i = 0; i < program->register_count; i++) {
        const struct sw_register *plan = &program->registers[i];
        struct sw_vec *vec = &state->vecs[i];
        if (plan->kind == SW_REGISTER_CONSTANT) {
            bool is_null = plan->value.tag == SW_TAG_NULL;
            vec->form = is_null ? SW_FORM_NULL : SW_FORM_CONSTANT;
            vec->value = plan->value;
            continue;
        }
        vec->store = calloc(1, sizeof *vec->store);
        if (vec->store == NULL) {
            return SW_NO_MEMORY;
        }
    }
    return SW_OK;
}

sw_status sw_expr_state_new(const struct sw_program *program, struct sw_expr_state **state)
{
    struct sw_expr_state *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->magic = SW_EXPR_STATE_MAGIC;
    made->program = program;
    sw_pool_init(&made->pool);
    made->vecs = calloc(program->register_count + (size_t)1, sizeof *made->vecs);
    made->loaded = calloc(program->register_count + (size_t)1, sizeof *made->loaded);
    made->entries = calloc(program->slots + (size_t)1, sizeof *made->entries);
    made->result = calloc(1, sizeof *made->result);
    bool is_good =
        made->vecs != NULL && made->loaded != NULL && made->entries != NULL && made->result != NULL;
    if (!is_good || make_vecs(made) != SW_OK) {
        sw_expr_state_free(made);
        return SW_NO_MEMORY;
    }
    *state = made;
    return SW_OK;
}

void sw_expr_state_free(struct sw_expr_state *state)
{
    if (state == NULL) {
        return;
    }
    sw_assert(state->magic == SW_EXPR_STATE_MAGIC);
    for (uint32_t i = 0; state->vecs != NULL && i < state->program->register_count; i++) {
        free(state->vecs[i].store);
    }
    for (uint32_t i = 0; state->entries != NULL && i < state->program->slots; i++) {
        sw_entries_fini(&state->entries[i]);
    }
    free(state->vecs);
    free(state->loaded);
    free(state->entries);
    free(state->result);
    sw_pool_fini(&state->pool);
    state->magic = 0;
    free(state);
}

sw_status sw_expr_state_status(const struct sw_expr_state *state, struct sw_err *err)
{
    if (state->status == SW_LIMIT) {
        return sw_fail_limit(err, "expression_text", SW_EXPR_TEXT_BYTES_MAX, SW_EXPR_TEXT_BYTES_MAX,
                             "a text made by the expression, all texts of 2,048 rows, or a LIKE "
                             "pattern grew too long");
    }
    return state->status == SW_OK ? SW_OK : sw_fail(err, state->status, "out of memory");
}
