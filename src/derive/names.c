/* Columns by name: which of a schema are needed, and new names that are free. */
#include <stdio.h>

#include "derive/derive_priv.h"

static bool is_taken(struct sw_span name, const struct sw_span *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (sw_span_equal(names[i], name)) {
            return true;
        }
    }
    return false;
}

size_t sw_derive_cut(struct sw_span name, size_t most)
{
    size_t length = name.length < most ? name.length : most;
    while (length > 0 && length < name.length &&
           ((unsigned char)name.data[length] & 0xc0) == 0x80) {
        length--;
    }
    return length;
}

struct sw_span sw_derive_free_name(struct sw_arena *arena, struct sw_span wanted,
                                   const char *suffix, const struct sw_span *names, size_t count)
{
    char text[2 * SW_NAME_BYTES_MAX + 16];
    size_t most = SW_NAME_BYTES_MAX - 12 - strlen(suffix);
    int length = (int)sw_derive_cut(wanted, SW_NAME_BYTES_MAX);
    (void)snprintf(text, sizeof(text), "%.*s", length, wanted.data);
    if (is_taken(sw_span_text(text), names, count)) {
        length = (int)sw_derive_cut(wanted, most);
        (void)snprintf(text, sizeof(text), "%.*s%s", length, wanted.data, suffix);
    }
    for (unsigned i = 2; is_taken(sw_span_text(text), names, count); i++) {
        (void)snprintf(text, sizeof(text), "%.*s%s_%u", length, wanted.data, suffix, i);
    }
    const char *copy = sw_arena_text(arena, sw_span_text(text));
    return copy == NULL ? sw_span_of(NULL, 0) : sw_span_text(copy);
}

sw_status sw_derive_out_all(struct sw_derive *run, const bool *marked, struct sw_err *err)
{
    const struct sw_schema *schema = run->now->schema;
    run->out = sw_arena_array(&run->arena, schema->columns + 1u, sizeof(*run->out));
    run->outs = 0;
    if (run->out == NULL) {
        return sw_derive_no_memory(err);
    }
    for (uint32_t i = 0; i < schema->columns; i++) {
        if (marked != NULL && !marked[i]) {
            continue;
        }
        const char *name = sw_arena_text(&run->arena, sw_span_text(schema->column[i].name));
        if (name == NULL) {
            return sw_derive_no_memory(err);
        }
        run->out[run->outs++] = (struct sw_derive_out){sw_span_text(name), i};
    }
    return SW_OK;
}

sw_status sw_derive_schema(uint32_t columns, const struct sw_span *names, const enum sw_type *types,
                           struct sw_schema **schema, struct sw_err *err)
{
    struct sw_arena arena;
    sw_arena_init(&arena);
    if (columns > SW_COLUMNS_MAX) {
        return sw_fail_limit(err, "columns", columns, SW_COLUMNS_MAX, "name fewer `columns`");
    }
    const char **text = sw_arena_array(&arena, columns + 1u, sizeof(*text));
    bool is_fine = text != NULL;
    for (uint32_t i = 0; i < columns && is_fine; i++) {
        text[i] = sw_arena_text(&arena, names[i]);
        is_fine = text[i] != NULL;
    }
    sw_status status = is_fine ? sw_schema_new(columns, text, types, schema) : SW_NO_MEMORY;
    sw_arena_fini(&arena);
    return status == SW_NO_MEMORY ? sw_derive_no_memory(err) : status;
}

/* -- what is needed ------------------------------------------------------------------------- */

static sw_status mark_expr(struct sw_derive *run, const struct sw_expr *expr,
                           const struct sw_schema *schema, bool *needed, struct sw_err *err)
{
    struct sw_program *program = NULL;
    const uint32_t *columns;
    SW_TRY(sw_derive_compile(run, expr, schema, &program, err));
    size_t count = sw_program_columns(program, &columns);
    for (size_t i = 0; i < count; i++) {
        needed[columns[i]] = true;
    }
    sw_program_free(program);
    return SW_OK;
}

static sw_status mark_column(const struct sw_schema *schema, struct sw_span name, bool *needed,
                             struct sw_err *err)
{
    uint32_t column;
    SW_TRY(sw_schema_need(schema, name, &column, err));
    needed[column] = true;
    return SW_OK;
}

static sw_status mark_columns(struct sw_derive *run, const struct sw_derive_column *columns,
                              uint32_t count, const struct sw_schema *schema, bool *needed,
                              struct sw_err *err)
{
    for (uint32_t i = 0; i < count; i++) {
        if (columns[i].expr != NULL) {
            SW_TRY(mark_expr(run, columns[i].expr, schema, needed, err));
        } else if (columns[i].column.length > 0) {
            SW_TRY(mark_column(schema, columns[i].column, needed, err));
        }
    }
    return SW_OK;
}

sw_status sw_derive_needed(struct sw_derive *run, const struct sw_schema *schema, bool *needed,
                           struct sw_err *err)
{
    const struct sw_derive_plan *plan = run->plan;
    if (run->where != NULL) {
        SW_TRY(mark_expr(run, run->where, schema, needed, err));
    }
    if (plan->is_grouped && !run->is_group_done) {
        SW_TRY(mark_columns(run, plan->key, plan->keys, schema, needed, err));
        SW_TRY(mark_columns(run, plan->measured, plan->measure_count, schema, needed, err));
        return plan->has_pivot ? mark_column(schema, plan->pivot, needed, err) : SW_OK;
    }
    if (plan->has_columns) {
        return mark_columns(run, plan->column, plan->columns, schema, needed, err);
    }
    for (uint32_t i = 0; i < schema->columns; i++) {
        needed[i] = true;
    }
    return SW_OK;
}
