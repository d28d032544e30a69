/* compile: the typed tree to instructions.  Registers are given out like a stack:
 * one is free again as soon as the instruction that reads it stands.
 *
 * The largest parts that depend on one string column alone stand behind a
 * DICTIONARY instruction: where the chunk is coded they run once per dictionary
 * entry (dictionary.c), else once per row.  Registers do not pass the border of
 * such a part, so that it can be skipped or run on entries instead of rows.
 *
 * "As float": SQLite lets CASE WHEN c THEN 1.5 ELSE 0 END be REAL in one row and
 * INTEGER in the next.  Where the reader takes a float anyway (the program's own
 * type, arithmetic with a float) the branches are made floats at once, so the
 * vector has one type.                                                          */
#include "expr/expr.h"
#include "expr/program.h"

#include <stdlib.h>

struct operand {
    uint32_t index;
    bool is_owned; /* a temp that may be given back after use */
};

struct bound {
    const struct sw_typed *typed;
    uint32_t index;
};

struct emitter {
    struct sw_program *program;
    uint32_t code_capacity;
    uint32_t register_capacity;
    uint32_t free[SW_EXPR_REGISTERS_MAX];
    uint32_t free_count;
    uint32_t temps;
    struct bound bound[SW_EXPR_HEIGHT_MAX + 1]; /* values in use by a construct around here */
    uint32_t bound_count;
    uint32_t bound_base; /* those below belong to outside of the dictionary's part */
    bool is_in_dictionary;
    struct sw_err *err;
};

static sw_status emit(struct emitter *e, const struct sw_typed *typed, bool as_float,
                      struct operand *out);
static sw_status emit_node(struct emitter *e, const struct sw_typed *typed, bool as_float,
                           struct operand *out);

static sw_status no_memory(struct emitter *e)
{
    return sw_fail(e->err, SW_NO_MEMORY, "out of memory");
}

/* A larger copy of an arena array; the old one stays behind. */
static void *grow(struct sw_arena *arena, const void *items, uint32_t count, size_t size,
                  uint32_t *capacity)
{
    uint32_t wanted = *capacity == 0 ? 16 : *capacity * 2;
    void *grown = sw_arena_array(arena, wanted, size);
    if (grown != NULL && count > 0) {
        memcpy(grown, items, count * size);
    }
    *capacity = grown == NULL ? *capacity : wanted;
    return grown;
}

static sw_status add_register(struct emitter *e, const struct sw_register *plan, uint32_t *index)
{
    struct sw_program *program = e->program;
    if (program->register_count == e->register_capacity) {
        struct sw_register *grown =
            grow(&program->arena, program->registers, program->register_count,
                 sizeof *program->registers, &e->register_capacity);
        if (grown == NULL) {
            return no_memory(e);
        }
        program->registers = grown;
    }
    *index = program->register_count;
    program->registers[program->register_count++] = *plan;
    return SW_OK;
}

static sw_status add_temp(struct emitter *e, struct operand *out)
{
    out->is_owned = true;
    if (e->free_count > 0) {
        out->index = e->free[--e->free_count];
        return SW_OK;
    }
    if (++e->temps > SW_EXPR_REGISTERS_MAX) {
        return sw_fail_limit(e->err, "expression_registers", e->temps, SW_EXPR_REGISTERS_MAX,
                             "make columns of its parts");
    }
    const struct sw_register plan = {.kind = SW_REGISTER_TEMP};
    return add_register(e, &plan, &out->index);
}

static void release(struct emitter *e, struct operand operand)
{
    if (operand.is_owned) {
        e->free[e->free_count++] = operand.index;
    }
}

static sw_status add_code(struct emitter *e, const struct sw_instruction *instruction)
{
    struct sw_program *program = e->program;
    if (program->count == e->code_capacity) {
        struct sw_instruction *grown = grow(&program->arena, program->code, program->count,
                                            sizeof *program->code, &e->code_capacity);
        if (grown == NULL) {
            return no_memory(e);
        }
        program->code = grown;
    }
    program->code[program->count++] = *instruction;
    return SW_OK;
}

/* out = op(args); the arguments are given back. `out` may be one of them. */
static sw_status add_call(struct emitter *e, const struct sw_call *call, const struct operand *args,
                          uint32_t count, struct operand *out)
{
    struct sw_instruction instruction = {.call = *call, .args = (uint8_t)count};
    struct operand result;
    SW_TRY(add_temp(e, &result));
    instruction.out = result.index;
    for (uint32_t i = 0; i < count; i++) {
        instruction.arg[i] = args[i].index;
        release(e, args[i]);
    }
    *out = result;
    return add_code(e, &instruction);
}

static sw_status add_op(struct emitter *e, enum sw_op op, const struct operand *args,
                        uint32_t count, struct operand *out)
{
    const struct sw_call call = {.op = (uint8_t)op};
    return add_call(e, &call, args, count, out);
}

static sw_status emit_constant(struct emitter *e, struct sw_scalar value, bool as_float,
                               struct operand *out)
{
    struct sw_register plan = {.kind = SW_REGISTER_CONSTANT, .value = value};
    if (as_float && value.tag == SW_TAG_INT) {
        plan.value = sw_scalar_float((double)value.u.i);
    }
    out->is_owned = false;
    return add_register(e, &plan, &out->index);
}

/* One register for a column (and one for it as floats); loading twice costs nothing (eval.c). */
static sw_status emit_column(struct emitter *e, const struct sw_typed *typed, bool as_float,
                             struct operand *out)
{
    struct sw_program *program = e->program;
    struct sw_instruction load = {.call = {.op = SW_OP_COLUMN}};
    const struct sw_register plan = {.kind = SW_REGISTER_COLUMN,
                                     .as_float = as_float || typed->mask == SW_MASK_FLOAT,
                                     .column = (uint32_t)typed->column};
    uint32_t index = 0;
    while (index < program->register_count) {
        const struct sw_register *have = &program->registers[index];
        if (have->kind == SW_REGISTER_COLUMN && have->column == plan.column &&
            have->as_float == plan.as_float) {
            break;
        }
        index++;
    }
    if (index == program->register_count) {
        SW_TRY(add_register(e, &plan, &index));
    }
    out->index = index;
    out->is_owned = false;
    load.out = index;
    load.column = plan.column;
    return add_code(e, &load);
}

/* A part of a construct: its comparison with the shared value, which no dictionary may cover. */
static sw_status emit_part(struct emitter *e, const struct sw_typed *part, struct operand *out)
{
    bool is_leaf = part->op == SW_OP_CONSTANT || part->op == SW_OP_COLUMN;
    return is_leaf ? emit(e, part, false, out) : emit_node(e, part, false, out);
}

static sw_status bind(struct emitter *e, const struct sw_typed *typed, struct operand *shared)
{
    SW_TRY(emit(e, typed, false, shared));
    sw_assert(e->bound_count < SW_EXPR_HEIGHT_MAX + 1);
    e->bound[e->bound_count++] = (struct bound){typed, shared->index};
    return SW_OK;
}

static void unbind(struct emitter *e, struct operand shared)
{
    e->bound_count--;
    release(e, shared);
}

static sw_status emit_between(struct emitter *e, const struct sw_typed *typed, struct operand *out)
{
    struct operand shared;
    struct operand both[2];
    SW_TRY(bind(e, typed->child[0], &shared));
    SW_TRY(emit_part(e, typed->child[1], &both[0]));
    SW_TRY(emit_part(e, typed->child[2], &both[1]));
    SW_TRY(add_op(e, SW_OP_AND, both, 2, out));
    unbind(e, shared);
    return SW_OK;
}

static sw_status emit_in(struct emitter *e, const struct sw_typed *typed, struct operand *out)
{
    struct operand shared;
    struct operand both[2] = {{0, false}, {0, false}};
    SW_TRY(bind(e, typed->child[0], &shared));
    uint32_t first = 1;
    if (typed->set != NULL) {
        struct operand borrowed = {shared.index, false};
        const struct sw_call call = {.op = SW_OP_IN_SET, .extra = typed->set};
        SW_TRY(add_call(e, &call, &borrowed, 1, &both[0]));
    } else {
        SW_TRY(emit_part(e, typed->child[first++], &both[0]));
    }
    for (uint32_t i = first; i < typed->count; i++) {
        SW_TRY(emit_part(e, typed->child[i], &both[1]));
        SW_TRY(add_op(e, SW_OP_OR, both, 2, &both[0]));
    }
    *out = both[0];
    unbind(e, shared);
    return SW_OK;
}

/* From the last branch to the first: each chooses between its value and what came so far. */
static sw_status emit_case(struct emitter *e, const struct sw_typed *typed, bool as_float,
                           struct operand *out)
{
    bool has_base = typed->op == SW_OP_CASE_OF;
    uint32_t first = has_base ? 1 : 0;
    struct operand shared = {0, false};
    struct operand three[3];
    if (has_base) {
        SW_TRY(bind(e, typed->child[0], &shared));
    }
    SW_TRY(emit(e, typed->child[typed->count - 1], as_float, &three[2]));
    for (uint32_t i = typed->count - 1; i > first; i -= 2) {
        SW_TRY(has_base ? emit_part(e, typed->child[i - 2], &three[0])
                        : emit(e, typed->child[i - 2], false, &three[0]));
        SW_TRY(emit(e, typed->child[i - 1], as_float, &three[1]));
        SW_TRY(add_op(e, SW_OP_CHOOSE, three, 3, &three[2]));
    }
    *out = three[2];
    if (has_base) {
        unbind(e, shared);
    }
    return SW_OK;
}

static bool is_number(const struct sw_typed *typed)
{
    return (typed->mask & SW_MASK_TEXT) == 0 && typed->mask != 0;
}

/* Does the reader of child i take a float whatever comes? */
static bool takes_float(const struct sw_typed *typed, uint32_t i, bool as_float)
{
    bool is_arithmetic = typed->op == SW_OP_ADD || typed->op == SW_OP_SUBTRACT ||
                         typed->op == SW_OP_MULTIPLY || typed->op == SW_OP_DIVIDE;
    if (!is_number(typed->child[i])) {
        return false;
    }
    if (is_arithmetic) {
        return typed->child[1 - i]->mask == SW_MASK_FLOAT;
    }
    bool is_math = typed->op == SW_OP_SQRT || typed->op == SW_OP_EXP || typed->op == SW_OP_LN ||
                   typed->op == SW_OP_LOG10 || typed->op == SW_OP_LOG2 || typed->op == SW_OP_POW;
    return is_math || (as_float && typed->op == SW_OP_COALESCE);
}

static sw_status emit_call(struct emitter *e, const struct sw_typed *typed, bool as_float,
                           struct operand *out)
{
    struct operand args[SW_CALL_ARGS_MAX];
    const struct sw_call call = {
        .op = typed->op, .affinity = typed->compare, .unit = typed->unit, .extra = typed->set};
    sw_assert(typed->count >= 1 && typed->count <= SW_CALL_ARGS_MAX);
    for (uint32_t i = 0; i < typed->count; i++) {
        SW_TRY(emit(e, typed->child[i], takes_float(typed, i, as_float), &args[i]));
    }
    return add_call(e, &call, args, typed->count, out);
}

static sw_status emit_node(struct emitter *e, const struct sw_typed *typed, bool as_float,
                           struct operand *out)
{
    bool is_mixed = (typed->mask & SW_MASK_INT) != 0;
    if (typed->op == SW_OP_BETWEEN) {
        SW_TRY(emit_between(e, typed, out));
    } else if (typed->op == SW_OP_IN) {
        SW_TRY(emit_in(e, typed, out));
    } else if (typed->op == SW_OP_CASE || typed->op == SW_OP_CASE_OF) {
        return emit_case(e, typed, as_float, out);
    } else {
        SW_TRY(emit_call(e, typed, as_float, out));
    }
    if (!as_float || !is_mixed) {
        return SW_OK;
    }
    struct operand from = *out;
    return add_op(e, SW_OP_TO_FLOAT, &from, 1, out);
}

static bool is_for_dictionary(const struct emitter *e, const struct sw_typed *typed)
{
    return !e->is_in_dictionary && typed->depends >= 0 &&
           e->program->schema->column[typed->depends].type == SW_TYPE_STRING;
}

static sw_status emit_dictionary(struct emitter *e, const struct sw_typed *typed, bool as_float,
                                 struct operand *out)
{
    uint32_t at = e->program->count;
    struct sw_instruction look = {.call = {.op = SW_OP_DICTIONARY},
                                  .column = (uint32_t)typed->depends,
                                  .slot = e->program->slots++};
    uint32_t base = e->bound_base;
    SW_TRY(add_code(e, &look));
    e->is_in_dictionary = true;
    e->bound_base = e->bound_count;
    SW_TRY(emit_node(e, typed, as_float, out));
    e->bound_base = base;
    e->is_in_dictionary = false;
    sw_assert(out->is_owned);
    look.out = out->index;
    look.skip = e->program->count - at - 1;
    e->program->code[at] = look;
    return SW_OK;
}

static sw_status emit(struct emitter *e, const struct sw_typed *typed, bool as_float,
                      struct operand *out)
{
    if (typed->op == SW_OP_CONSTANT) {
        return emit_constant(e, typed->value, as_float, out);
    }
    if (typed->op == SW_OP_COLUMN) {
        return emit_column(e, typed, as_float && typed->mask == SW_MASK_INT, out);
    }
    for (uint32_t i = e->bound_count; i-- > e->bound_base;) {
        if (e->bound[i].typed == typed) {
            *out = (struct operand){e->bound[i].index, false};
            return SW_OK;
        }
    }
    if (is_for_dictionary(e, typed)) {
        return emit_dictionary(e, typed, as_float, out);
    }
    return emit_node(e, typed, as_float, out);
}

static enum sw_type type_of(const struct sw_typed *root)
{
    if ((root->mask & SW_MASK_TEXT) != 0) {
        return SW_TYPE_STRING;
    }
    if ((root->mask & SW_MASK_FLOAT) != 0) {
        return SW_TYPE_FLOAT;
    }
    static const enum sw_type types[] = {[SW_SENSE_PLAIN] = SW_TYPE_INT,
                                         [SW_SENSE_BOOL] = SW_TYPE_BOOL,
                                         [SW_SENSE_DATE] = SW_TYPE_DATE,
                                         [SW_SENSE_TIME] = SW_TYPE_TIMESTAMP};
    return types[root->sense];
}

/* The columns that the code reads, each once. */
static sw_status list_columns(struct sw_program *program, struct sw_err *err)
{
    program->columns =
        sw_arena_array(&program->arena, program->register_count + 1, sizeof *program->columns);
    if (program->columns == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; i < program->register_count; i++) {
        bool is_new = program->registers[i].kind == SW_REGISTER_COLUMN;
        for (size_t k = 0; is_new && k < program->column_count; k++) {
            is_new = program->columns[k] != program->registers[i].column;
        }
        if (is_new) {
            program->columns[program->column_count++] = program->registers[i].column;
        }
    }
    return SW_OK;
}

static sw_status generate(struct sw_program *program, struct sw_err *err)
{
    struct emitter *e = calloc(1, sizeof *e);
    if (e == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    struct operand result = {0, false};
    e->program = program;
    e->err = err;
    sw_status status = emit(e, program->root, program->type == SW_TYPE_FLOAT, &result);
    program->result = result.index;
    free(e);
    return status != SW_OK ? status : list_columns(program, err);
}

sw_status sw_expr_compile(const struct sw_expr *expr, const struct sw_schema *schema,
                          sw_expr_input_fn input, void *context, struct sw_program **program,
                          struct sw_err *err)
{
    struct sw_program *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    made->magic = SW_PROGRAM_MAGIC;
    sw_arena_init(&made->arena);
    sw_pool_init(&made->pool);
    made->schema = sw_schema_ref((struct sw_schema *)(uintptr_t)schema);
    struct sw_resolver resolver = {.arena = &made->arena,
                                   .pool = &made->pool,
                                   .schema = schema,
                                   .input = input,
                                   .context = context,
                                   .err = err};
    sw_status status = sw_typed_resolve(&resolver, expr->root, &made->root);
    if (status == SW_OK) {
        made->type = type_of(made->root);
        status = generate(made, err);
    }
    if (status != SW_OK) {
        sw_program_free(made);
        return status;
    }
    *program = made;
    return SW_OK;
}

void sw_program_free(struct sw_program *program)
{
    if (program == NULL) {
        return;
    }
    sw_assert(program->magic == SW_PROGRAM_MAGIC);
    sw_schema_unref(program->schema);
    sw_pool_fini(&program->pool);
    sw_arena_fini(&program->arena);
    program->magic = 0;
    free(program);
}

enum sw_type sw_program_type(const struct sw_program *program)
{
    return program->type;
}

size_t sw_program_columns(const struct sw_program *program, const uint32_t **columns)
{
    *columns = program->columns;
    return program->column_count;
}
