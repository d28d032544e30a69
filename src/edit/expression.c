/* Expressions of an edit: parsed with the request, compiled for the version it runs on. */
#include "edit/edit_priv.h"

sw_status sw_edit_expr_read(struct sw_arena *arena, struct sw_span text, sw_expr_input_fn input,
                            void *context, struct sw_edit_expr *expr, struct sw_err *err)
{
    SW_TRY(sw_expr_parse(text, &expr->expr, err));
    const struct sw_span *names = NULL;
    size_t count = sw_expr_inputs(expr->expr, &names);
    const struct sw_json **value = sw_arena_array(arena, count + 1, sizeof *value);
    if (value == NULL) {
        return sw_edit_no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        const struct sw_json *now = input == NULL ? NULL : input(context, names[i]);
        if (now != NULL) {
            value[i] = sw_json_copy(arena, now);
            if (value[i] == NULL) {
                return sw_edit_no_memory(err);
            }
        }
    }
    expr->inputs = count;
    expr->name = names;
    expr->value = value;
    return SW_OK;
}

const struct sw_json *sw_edit_expr_input(void *context, struct sw_span name)
{
    const struct sw_edit_expr *expr = context;
    for (size_t i = 0; i < expr->inputs; i++) {
        if (sw_span_equal(expr->name[i], name)) {
            return expr->value[i];
        }
    }
    return NULL;
}

sw_status sw_edit_expr_compile(const struct sw_edit_expr *expr, const struct sw_schema *schema,
                               struct sw_program **program, struct sw_err *err)
{
    return sw_expr_compile(expr->expr, schema, sw_edit_expr_input, (void *)(uintptr_t)expr, program,
                           err);
}

struct sw_value sw_edit_expr_value(const struct sw_expr_vector *vector, uint32_t i)
{
    struct sw_value value = {.type = vector->type};
    value.is_null = vector->valid != NULL && !sw_bits_has(vector->valid, i);
    if (value.is_null) {
        return value;
    }
    if (vector->type == SW_TYPE_STRING) {
        value.u.s = vector->texts[i];
    } else if (vector->type == SW_TYPE_FLOAT) {
        value.u.f = vector->floats[i];
    } else {
        value.u.i = vector->ints[i];
    }
    return value;
}
