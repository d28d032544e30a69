/* See filter.h: what all filters share. */
#include "fold/filter_priv.h"

#include <stdlib.h>

#include "kernel/kernel.h"
#include "table/datetime.h"

/* -- values in JSON ------------------------------------------------------------- */

static sw_status fail_type(const struct sw_version *version, uint32_t column, const char *wanted,
                           struct sw_err *err)
{
    const struct sw_column *c = &version->schema->column[column];
    return sw_fail(err, SW_TYPE, "Column \"%.100s\" is of type %s: compare it with %s.", c->name,
                   sw_type_name(c->type), wanted);
}

static bool read_time(struct sw_span text, int64_t *ms)
{
    int64_t days;
    if (sw_date_parse(text, &days)) {
        *ms = days * 86400000;
        return true;
    }
    return sw_timestamp_parse(text, ms);
}

sw_status sw_filter_read_number(const struct sw_version *version, uint32_t column,
                                const struct sw_json *json, struct sw_filter_number *number,
                                struct sw_err *err)
{
    enum sw_type type = version->schema->column[column].type;
    bool is_time = type == SW_TYPE_DATE || type == SW_TYPE_TIMESTAMP;
    struct sw_span text;
    *number = (struct sw_filter_number){.is_integer = true};
    if (is_time && sw_json_get_text(json, &text) && read_time(text, &number->i)) {
        return SW_OK;
    }
    if (type == SW_TYPE_BOOL && json->kind == SW_JSON_BOOL) {
        number->i = json->u.boolean;
        return SW_OK;
    }
    if (sw_json_get_int(json, &number->i)) {
        number->f = (double)number->i;
        return SW_OK;
    }
    number->is_integer = false;
    if (sw_json_get_float(json, &number->f)) {
        return SW_OK;
    }
    return fail_type(version, column,
                     is_time                ? "a date or time as text, or milliseconds since 1970"
                     : type == SW_TYPE_BOOL ? "true or false"
                                            : "numbers",
                     err);
}

sw_status sw_filter_read_text(const struct sw_version *version, uint32_t column,
                              const struct sw_json *json, struct sw_span *text, struct sw_err *err)
{
    if (sw_json_get_text(json, text)) {
        return SW_OK;
    }
    return fail_type(version, column, "text", err);
}

/* -- rows -------------------------------------------------------------------------- */

void sw_filter_drop_nulls(const struct sw_filter *filter, struct sw_batch *batch, uint64_t *into)
{
    const uint64_t *valid = sw_batch_valid(batch, filter->column);
    for (uint32_t word = 0; valid != NULL && word < sw_bits_words(batch->rows); word++) {
        into[word] &= valid[word];
    }
}

/* Knows of each code below `count` whether it passes; false when memory runs out. */
static bool learn_codes(const struct sw_filter *filter, struct sw_filter_state *state,
                        struct sw_dict *dict, uint32_t count)
{
    if (state->dict != dict) {
        sw_dict_unref(state->dict);
        state->dict = sw_dict_ref(dict);
        state->known = 0;
    }
    if (count <= state->known) {
        return true;
    }
    uint8_t *passes = realloc(state->passes, count);
    if (passes == NULL) {
        return false;
    }
    state->passes = passes;
    for (; state->known < count; state->known++) {
        passes[state->known] = filter->ops->passes_text(filter, sw_dict_at(dict, state->known));
    }
    return true;
}

void sw_filter_test_texts(const struct sw_filter *filter, struct sw_filter_state *state,
                          struct sw_batch *batch, uint64_t *into)
{
    const struct sw_chunk *chunk = sw_batch_chunk(batch, filter->column);
    if (chunk->encoding == SW_ENC_DICT &&
        learn_codes(filter, state, chunk->dict, chunk->dict_count)) {
        const struct sw_chunk *values = sw_batch_values(batch, filter->column);
        if (values != NULL) {
            sw_compare_codes(values, batch->start, batch->rows, state->passes, into);
            return;
        }
    }
    memset(into, 0, SW_VECTOR_WORDS * sizeof(*into));
    for (uint32_t i = 0; i < batch->rows; i++) {
        if (filter->ops->passes_text(filter, sw_batch_text(batch, filter->column, i))) {
            sw_bits_set(into, i);
        }
    }
}

/* -- the filter -------------------------------------------------------------------- */

void sw_filter_free(struct sw_filter *filter)
{
    if (filter != NULL) {
        filter->ops->free(filter);
    }
}

size_t sw_filter_columns(const struct sw_filter *filter, const uint32_t **columns)
{
    if (filter->program != NULL) {
        return sw_program_columns(filter->program, columns);
    }
    *columns = &filter->column;
    return 1;
}

enum sw_filter_reach sw_filter_reach(const struct sw_filter *filter,
                                     const struct sw_rowgroup *group)
{
    return filter->ops->reach(filter, group);
}

sw_status sw_filter_state_new(const struct sw_filter *filter, struct sw_filter_state **state)
{
    struct sw_filter_state *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    if (filter->program != NULL) {
        sw_status status = sw_expr_state_new(filter->program, &made->expr);
        if (status != SW_OK) {
            free(made);
            return status;
        }
    }
    *state = made;
    return SW_OK;
}

void sw_filter_state_free(struct sw_filter_state *state)
{
    if (state == NULL) {
        return;
    }
    if (state->expr != NULL) {
        sw_expr_state_free(state->expr);
    }
    sw_dict_unref(state->dict);
    free(state->passes);
    free(state);
}

sw_status sw_filter_state_status(const struct sw_filter_state *state, struct sw_err *err)
{
    return state->expr == NULL ? SW_OK : sw_expr_state_status(state->expr, err);
}

void sw_filter_test(const struct sw_filter *filter, struct sw_filter_state *state,
                    struct sw_batch *batch, uint64_t *into)
{
    filter->ops->test(filter, state, batch, into);
}
