/* Chunks of formulas: the expression over the rows of a group, sealed like any other chunk; see
 * formula.h.  A chunk depends on nothing but the group's other chunks and the formula, so it does
 * not matter who makes it, when, or how often. */
#include <stdatomic.h>
#include <stdlib.h>

#include "edit/edit_priv.h"
#include "edit/formula_priv.h"

struct part {
    uint32_t column;
    enum sw_type type;          /* of the column */
    enum sw_type asked;         /* of the expression's values */
    struct sw_formula *formula; /* the schema's */
    struct sw_program *program; /* owned */
};

struct sw_realise_plan {
    struct sw_schema *schema; /* counted */
    uint32_t parts;
    struct part part[];
};

/* Of one worker and one part. */
struct maker {
    struct sw_expr_state *state; /* owned; NULL until first used */
    struct sw_builder *builder;  /* owned; the same */
};

struct sw_realise_state {
    const struct sw_realise_plan *plan;
    struct sw_budget *budget;
    struct sw_batch_cache *cache;
    struct maker maker[]; /* [plan->parts] */
};

/* -- the plan ----------------------------------------------------------------------------- */

/* Formulas that cannot be computed, and those that read them, are taken out of the set. */
static bool close_set(const struct sw_schema *schema, uint8_t *set)
{
    uint8_t *broken = calloc(schema->columns, 1);
    if (broken == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < schema->columns; i++) {
        const struct sw_formula *formula = schema->column[i].formula;
        broken[i] = formula != NULL && formula->broken != NULL;
    }
    sw_schema_add_dependents(schema, broken);
    for (uint32_t i = 0; i < schema->columns; i++) {
        set[i] = set[i] != 0 && broken[i] == 0;
    }
    free(broken);
    sw_schema_add_sources(schema, set);
    return true;
}

static sw_status add_part(struct sw_realise_plan *plan, uint32_t index, struct sw_err *err)
{
    const struct sw_column *column = &plan->schema->column[index];
    struct part *part = &plan->part[plan->parts];
    SW_TRY(sw_formula_compile(plan->schema, index, &part->program, err));
    enum sw_type from = sw_program_type(part->program);
    bool is_number = from == SW_TYPE_INT || from == SW_TYPE_BOOL || from == SW_TYPE_FLOAT;
    part->column = index;
    part->type = column->type;
    part->asked = column->type == SW_TYPE_FLOAT && is_number ? SW_TYPE_FLOAT : from;
    part->formula = column->formula;
    part->formula->is_wanted = true;
    plan->parts++;
    return SW_OK;
}

static sw_status add_parts(struct sw_realise_plan *plan, const uint8_t *set, struct sw_err *err)
{
    const struct sw_schema *schema = plan->schema;
    uint32_t *order = calloc(schema->formulas + (size_t)1, sizeof *order);
    uint8_t *closed = calloc(schema->columns, 1);
    sw_status status = order == NULL || closed == NULL ? SW_NO_MEMORY : SW_OK;
    if (status == SW_OK) {
        memcpy(closed, set, schema->columns);
        status = close_set(schema, closed) ? SW_OK : SW_NO_MEMORY;
    }
    if (status == SW_OK) {
        status = sw_formula_order(schema, SW_FORMULA_NONE, order, err);
    } else {
        (void)sw_edit_no_memory(err);
    }
    for (uint32_t i = 0; i < schema->formulas && status == SW_OK; i++) {
        if (closed[order[i]] != 0) {
            status = add_part(plan, order[i], err);
        }
    }
    free(order);
    free(closed);
    return status;
}

sw_status sw_realise_plan_new(struct sw_schema *schema, const uint8_t *set,
                              struct sw_realise_plan **plan, struct sw_err *err)
{
    struct sw_realise_plan *made = calloc(1, sizeof *made + schema->formulas * sizeof(struct part));
    if (made == NULL) {
        return sw_edit_no_memory(err);
    }
    made->schema = sw_schema_ref(schema);
    sw_status status = add_parts(made, set, err);
    if (status != SW_OK) {
        sw_realise_plan_free(made);
        return status;
    }
    *plan = made;
    return SW_OK;
}

void sw_realise_plan_free(struct sw_realise_plan *plan)
{
    if (plan == NULL) {
        return;
    }
    for (uint32_t i = 0; i < plan->parts; i++) {
        sw_program_free(plan->part[i].program);
    }
    sw_schema_unref(plan->schema);
    free(plan);
}

bool sw_realise_is_done(const struct sw_version *version, const uint8_t *set, uint32_t first,
                        uint32_t end)
{
    const struct sw_schema *schema = version->schema;
    bool is_done = true;
    uint8_t *closed = schema->formulas == 0 ? NULL : calloc(schema->columns, 1);
    if (schema->formulas == 0) {
        return true;
    }
    if (closed == NULL) {
        return false;
    }
    memcpy(closed, set, schema->columns);
    is_done = close_set(schema, closed);
    for (uint32_t c = 0; c < schema->columns && is_done; c++) {
        bool is_asked = closed[c] != 0 && schema->column[c].formula != NULL;
        for (uint32_t i = first; i < end && is_asked && is_done; i++) {
            is_done = version->group[i]->chunk[c] != NULL;
        }
    }
    free(closed);
    return is_done;
}

/* -- one worker's ------------------------------------------------------------------------ */

sw_status sw_realise_state_new(const struct sw_realise_plan *plan, struct sw_budget *budget,
                               struct sw_realise_state **state, struct sw_err *err)
{
    struct sw_realise_state *made = calloc(1, sizeof *made + plan->parts * sizeof(struct maker));
    if (made == NULL || sw_batch_cache_new(plan->schema->columns, &made->cache) != SW_OK) {
        free(made);
        return sw_edit_no_memory(err);
    }
    made->plan = plan;
    made->budget = budget;
    *state = made;
    return SW_OK;
}

void sw_realise_state_free(struct sw_realise_state *state)
{
    if (state == NULL) {
        return;
    }
    for (uint32_t i = 0; i < state->plan->parts; i++) {
        if (state->maker[i].state != NULL) {
            sw_expr_state_free(state->maker[i].state);
        }
        sw_builder_free(state->maker[i].builder);
    }
    sw_batch_cache_free(state->cache);
    free(state);
}

/* -- dictionaries of text formulas ------------------------------------------------------- */

/* The one that all chunks of the formula share; counted; NULL with SW_OK: plain text. */
static sw_status need_dict(struct sw_formula *formula, struct sw_budget *budget,
                           struct sw_dict **dict, struct sw_err *err)
{
    *dict = NULL;
    if (formula->is_plain) {
        return SW_OK;
    }
    struct sw_dict *own = formula->dict;
    if (own == NULL) {
        struct sw_dict *made = NULL;
        SW_TRY(sw_dict_new(budget, &made, err));
        if (atomic_compare_exchange_strong(&formula->dict, &own, made)) {
            own = made;
        } else {
            sw_dict_unref(made);
        }
    }
    *dict = sw_dict_ref(own);
    return SW_OK;
}

static sw_status need_builder(struct sw_realise_state *state, const struct part *part,
                              struct maker *maker, struct sw_err *err)
{
    bool is_text = part->type == SW_TYPE_STRING;
    if (maker->builder != NULL && is_text && part->formula->is_plain &&
        maker->builder->dict != NULL) {
        sw_builder_free(maker->builder);
        maker->builder = NULL;
    }
    if (maker->builder != NULL) {
        return SW_OK;
    }
    struct sw_dict *dict = NULL;
    if (is_text) {
        SW_TRY(need_dict(part->formula, state->budget, &dict, err));
    }
    sw_status status = sw_builder_new(part->type, dict, state->budget, &maker->builder, err);
    sw_dict_unref(dict);
    return status;
}

/* -- values ------------------------------------------------------------------------------ */

static bool is_null(const struct sw_expr_vector *vector, uint32_t i)
{
    return vector->valid != NULL && !sw_bits_has(vector->valid, i);
}

/* The vector's numbers are the column's as they are. */
static void put_numbers(struct sw_builder *builder, const struct sw_expr_vector *vector,
                        uint32_t rows)
{
    uint32_t at = builder->rows;
    if (builder->floats != NULL) {
        memcpy(builder->floats + at, vector->floats, rows * sizeof(double));
    } else {
        memcpy(builder->ints + at, vector->ints, rows * sizeof(int64_t));
    }
    builder->rows += rows;
    for (uint32_t i = 0; vector->valid != NULL && i < rows; i++) {
        if (is_null(vector, i)) {
            sw_edit_poke_valid(builder, at + i, false);
            if (builder->floats != NULL) {
                builder->floats[at + i] = 0;
            } else {
                builder->ints[at + i] = 0;
            }
        }
    }
}

static sw_status put_texts(struct sw_builder *builder, const struct sw_expr_vector *vector,
                           uint32_t rows, struct sw_err *err)
{
    for (uint32_t i = 0; i < rows;) {
        uint32_t end = i;
        while (end < rows && !is_null(vector, end)) {
            end++;
        }
        sw_status status = end > i ? sw_builder_texts(builder, vector->texts + i, end - i)
                                   : sw_builder_null(builder, SW_NULL_EMPTY);
        SW_TRY(sw_edit_builder_said(status, builder, err));
        i = end > i ? end : i + 1;
    }
    return SW_OK;
}

/* Each value as one of the column's type; *misfits: those that are none. */
static sw_status put_each(struct sw_builder *builder, enum sw_type type,
                          const struct sw_expr_vector *vector, uint32_t rows, uint32_t *misfits,
                          struct sw_err *err)
{
    for (uint32_t i = 0; i < rows; i++) {
        char room[SW_VALUE_TEXT];
        struct sw_value value = {.type = vector->type, .is_null = is_null(vector, i)};
        struct sw_value fit;
        if (!value.is_null && vector->type == SW_TYPE_STRING) {
            value.u.s = vector->texts[i];
        } else if (!value.is_null && vector->type == SW_TYPE_FLOAT) {
            value.u.f = vector->floats[i];
        } else if (!value.is_null) {
            value.u.i = vector->ints[i];
        }
        if (!sw_edit_value_cast(&value, type, &fit, room)) {
            fit = (struct sw_value){.type = type, .is_null = true};
            (*misfits)++;
        }
        SW_TRY(sw_edit_builder_said(sw_builder_value(builder, &fit), builder, err));
    }
    return SW_OK;
}

static uint32_t count_misfits(const struct sw_expr_vector *vector, uint32_t rows)
{
    uint32_t count = 0;
    for (uint32_t i = 0; vector->misfits != NULL && i < rows; i++) {
        count += sw_bits_has(vector->misfits, i);
    }
    return count;
}

static sw_status put_vector(struct sw_builder *builder, const struct part *part,
                            const struct sw_expr_vector *vector, uint32_t rows, uint32_t *misfits,
                            struct sw_err *err)
{
    *misfits += count_misfits(vector, rows);
    if (vector->type != part->type) {
        return put_each(builder, part->type, vector, rows, misfits, err);
    }
    if (part->type != SW_TYPE_STRING) {
        put_numbers(builder, vector, rows);
        return SW_OK;
    }
    if (builder->dict == NULL) {
        return put_texts(builder, vector, rows, err);
    }
    struct sw_dict *dict = sw_dict_ref(builder->dict); /* the builder may give it up */
    sw_dict_write_begin(dict);
    sw_status status = put_texts(builder, vector, rows, err);
    sw_dict_write_end(dict);
    sw_dict_unref(dict);
    return status;
}

/* -- chunks ------------------------------------------------------------------------------ */

static sw_status put_rows(struct sw_realise_state *state, const struct part *part,
                          const struct maker *maker, const struct sw_version *version,
                          uint32_t index, uint32_t *misfits, struct sw_err *err)
{
    const struct sw_rowgroup *group = version->group[index];
    sw_status status = SW_OK;
    for (uint32_t start = 0; start < group->rows && status == SW_OK; start += SW_VECTOR_ROWS) {
        struct sw_batch batch;
        struct sw_expr_vector vector = {0};
        sw_batch_at(&batch, state->cache, version, index, start);
        sw_expr_eval_as(part->program, maker->state, &batch, part->asked, &vector);
        status = put_vector(maker->builder, part, &vector, batch.rows, misfits, err);
    }
    struct sw_err lost = {0};
    sw_status read = sw_batch_leave(state->cache, &lost);
    if (read != SW_OK && err != NULL) {
        *err = lost;
    }
    return read != SW_OK ? read : status;
}

/* A text beyond the limit is NULL, as everywhere; only memory is an error. */
static sw_status check_state(struct maker *maker, struct sw_err *err)
{
    struct sw_err said = {0};
    sw_status status = sw_expr_state_status(maker->state, &said);
    return status == SW_NO_MEMORY ? sw_edit_no_memory(err) : SW_OK;
}

static sw_status make_chunk(struct sw_realise_state *state, uint32_t at,
                            const struct sw_version *version, uint32_t index,
                            struct sw_chunk **chunk, struct sw_err *err)
{
    const struct part *part = &state->plan->part[at];
    struct maker *maker = &state->maker[at];
    if (maker->state == NULL && sw_expr_state_new(part->program, &maker->state) != SW_OK) {
        return sw_edit_no_memory(err);
    }
    SW_TRY(need_builder(state, part, maker, err));
    sw_status status = put_rows(state, part, maker, version, index, &maker->builder->misfits, err);
    status = status == SW_OK ? check_state(maker, err) : status;
    bool was_coded = maker->builder->dict != NULL;
    status = status == SW_OK ? sw_builder_seal(maker->builder, chunk, err) : status;
    if (status != SW_OK) {
        sw_builder_free(maker->builder); /* with rows in it */
        maker->builder = NULL;
        return status;
    }
    if (was_coded && maker->builder->dict == NULL) {
        part->formula->is_plain = true;
    }
    return SW_OK;
}

sw_status sw_realise_group(struct sw_realise_state *state, const struct sw_version *version,
                           uint32_t group, struct sw_err *err)
{
    for (uint32_t i = 0; i < state->plan->parts; i++) {
        uint32_t column = state->plan->part[i].column;
        struct sw_chunk *chunk = NULL;
        if (version->group[group]->chunk[column] == NULL) {
            SW_TRY(make_chunk(state, i, version, group, &chunk, err));
            sw_rowgroup_fill(version->group[group], column, chunk);
        }
    }
    return SW_OK;
}
