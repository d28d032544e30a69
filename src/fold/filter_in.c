/* A filter that is a list of values; see filter.h.  The list is sorted once; a row is looked up
 * in it, a coded string once per code. */
#include <math.h>
#include <stdlib.h>

#include "fold/filter_priv.h"
#include "kernel/kernel.h"

#define DAY_MS    INT64_C(86400000)
#define INT64_END 9223372036854775808.0 /* 2^63 */

struct in {
    struct sw_filter head;
    enum sw_type type;
    bool has_null;
    size_t count;
    int64_t *ints;         /* sorted; of the arena, as are the other two */
    double *floats;        /* sorted */
    struct sw_span *texts; /* sorted */
};

static const struct in *in_of(const struct sw_filter *filter)
{
    return (const struct in *)(const void *)filter;
}

static int compare_ints(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int compare_floats(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static int compare_texts(const void *a, const void *b)
{
    return sw_span_compare(*(const struct sw_span *)a, *(const struct sw_span *)b);
}

/* -- testing ------------------------------------------------------------------------ */

static void free_in(struct sw_filter *filter)
{
    sw_arena_fini(&filter->arena);
    free(filter);
}

static bool has_int(const struct in *in, int64_t value)
{
    return bsearch(&value, in->ints, in->count, sizeof(value), compare_ints) != NULL;
}

static bool has_float(const struct in *in, double value)
{
    return value == value &&
           bsearch(&value, in->floats, in->count, sizeof(value), compare_floats) != NULL;
}

static bool passes_in(const struct sw_filter *filter, struct sw_span text)
{
    const struct in *in = in_of(filter);
    return in->count > 0 &&
           bsearch(&text, in->texts, in->count, sizeof(text), compare_texts) != NULL;
}

/* Does any of the list lie within the chunk's bounds? */
static bool may_hold(const struct in *in, const struct sw_zone *zone)
{
    for (size_t i = 0; i < in->count; i++) {
        bool is_within = in->type == SW_TYPE_FLOAT
                             ? in->floats[i] >= zone->min_f && in->floats[i] <= zone->max_f
                             : in->ints[i] >= zone->min_i && in->ints[i] <= zone->max_i;
        if (is_within) {
            return true;
        }
    }
    return false;
}

static enum sw_filter_reach reach_in(const struct sw_filter *filter,
                                     const struct sw_rowgroup *group)
{
    const struct in *in = in_of(filter);
    const struct sw_chunk *chunk = group->chunk[filter->column];
    bool may_null = in->has_null && chunk->zone.nulls > 0;
    if (may_null) {
        return chunk->zone.nulls == chunk->rows ? SW_REACH_ALL : SW_REACH_SOME;
    }
    if (in->count == 0 || !chunk->zone.has_values) {
        return SW_REACH_NONE;
    }
    return in->type == SW_TYPE_STRING || may_hold(in, &chunk->zone) ? SW_REACH_SOME : SW_REACH_NONE;
}

static void test_numbers(const struct in *in, struct sw_batch *batch, uint64_t *into)
{
    uint32_t column = in->head.column;
    const struct sw_chunk *chunk = sw_batch_values(batch, column);
    uint8_t flags[SW_VECTOR_ROWS];
    if (chunk != NULL && in->count == 1 && in->type != SW_TYPE_FLOAT) {
        sw_compare_ints(chunk, batch->start, batch->rows, in->ints[0], in->ints[0], into);
        return;
    }
    if (in->type == SW_TYPE_FLOAT) {
        const double *values = sw_batch_floats(batch, column);
        for (uint32_t i = 0; i < batch->rows; i++) {
            flags[i] = has_float(in, values[i]);
        }
    } else {
        const int64_t *values = sw_batch_ints(batch, column);
        for (uint32_t i = 0; i < batch->rows; i++) {
            flags[i] = has_int(in, values[i]);
        }
    }
    sw_bits_pack(flags, batch->rows, into);
}

static void add_nulls(const struct in *in, struct sw_batch *batch, uint64_t *into)
{
    const uint64_t *valid = sw_batch_valid(batch, in->head.column);
    for (uint32_t word = 0; valid != NULL && word < sw_bits_words(batch->rows); word++) {
        into[word] |= ~valid[word] & sw_bits_inside(batch->rows, word);
    }
}

static void test_in(const struct sw_filter *filter, struct sw_filter_state *state,
                    struct sw_batch *batch, uint64_t *into)
{
    const struct in *in = in_of(filter);
    if (in->count == 0) {
        memset(into, 0, SW_VECTOR_WORDS * sizeof(*into));
    } else if (in->type == SW_TYPE_STRING) {
        sw_filter_test_texts(filter, state, batch, into);
    } else {
        test_numbers(in, batch, into);
    }
    sw_filter_drop_nulls(filter, batch, into);
    if (in->has_null) {
        add_nulls(in, batch, into);
    }
}

static const struct sw_filter_ops in_ops = {
    .free = free_in,
    .reach = reach_in,
    .test = test_in,
    .passes_text = passes_in,
};

bool sw_filter_values(const struct sw_filter *filter, struct sw_filter_values *values)
{
    if (filter->ops != &in_ops) {
        return false;
    }
    const struct in *in = in_of(filter);
    *values = (struct sw_filter_values){filter->column, in->type,   in->has_null, in->count,
                                        in->ints,       in->floats, in->texts};
    return true;
}

/* -- compiling ------------------------------------------------------------------------- */

/* The integer that a value of the list stands for; false when no row can hold it. */
static bool int_of(enum sw_type type, const struct sw_filter_number *number, int64_t *value)
{
    *value = number->i;
    if (!number->is_integer) {
        if (!(number->f >= -INT64_END && number->f < INT64_END) || number->f != floor(number->f)) {
            return false;
        }
        *value = (int64_t)number->f;
    }
    if (type == SW_TYPE_DATE) {
        bool is_midnight = *value % DAY_MS == 0;
        *value /= DAY_MS;
        return is_midnight;
    }
    return true;
}

static sw_status add_text(struct in *in, const struct sw_version *version,
                          const struct sw_json *json, struct sw_err *err)
{
    struct sw_span text;
    SW_TRY(sw_filter_read_text(version, in->head.column, json, &text, err));
    const char *copy = sw_arena_text(&in->head.arena, text);
    if (copy == NULL) {
        return SW_NO_MEMORY;
    }
    in->texts[in->count++] = sw_span_of(copy, text.length);
    return SW_OK;
}

static sw_status add_number(struct in *in, const struct sw_version *version,
                            const struct sw_json *json, struct sw_err *err)
{
    struct sw_filter_number number;
    SW_TRY(sw_filter_read_number(version, in->head.column, json, &number, err));
    if (in->type == SW_TYPE_FLOAT) {
        in->floats[in->count++] = number.f;
    } else {
        in->count += int_of(in->type, &number, &in->ints[in->count]);
    }
    return SW_OK;
}

static sw_status add_values(struct in *in, const struct sw_version *version,
                            const struct sw_json *items, size_t count, struct sw_err *err)
{
    in->ints = sw_arena_array(&in->head.arena, count + 1, sizeof(*in->ints));
    in->floats = sw_arena_array(&in->head.arena, count + 1, sizeof(*in->floats));
    in->texts = sw_arena_array(&in->head.arena, count + 1, sizeof(*in->texts));
    if (in->ints == NULL || in->floats == NULL || in->texts == NULL) {
        return SW_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        if (sw_json_is_null(&items[i])) {
            in->has_null = true;
            continue;
        }
        SW_TRY(in->type == SW_TYPE_STRING ? add_text(in, version, &items[i], err)
                                          : add_number(in, version, &items[i], err));
    }
    qsort(in->ints, in->type == SW_TYPE_FLOAT || in->type == SW_TYPE_STRING ? 0 : in->count,
          sizeof(*in->ints), compare_ints);
    qsort(in->floats, in->type == SW_TYPE_FLOAT ? in->count : 0, sizeof(*in->floats),
          compare_floats);
    qsort(in->texts, in->type == SW_TYPE_STRING ? in->count : 0, sizeof(*in->texts), compare_texts);
    return SW_OK;
}

static sw_status filter_of(const struct sw_version *version, uint32_t column,
                           const struct sw_json *items, size_t count, struct sw_filter **filter,
                           struct sw_err *err)
{
    sw_assert(column < version->schema->columns);
    struct in *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    made->head.ops = &in_ops;
    made->head.column = column;
    made->type = version->schema->column[column].type;
    sw_arena_init(&made->head.arena);
    sw_status status = add_values(made, version, items, count, err);
    if (status != SW_OK) {
        free_in(&made->head);
        return status;
    }
    *filter = &made->head;
    return SW_OK;
}

sw_status sw_filter_in(const struct sw_version *version, uint32_t column,
                       const struct sw_json *values, struct sw_filter **filter, struct sw_err *err)
{
    if (values == NULL || values->kind != SW_JSON_ARRAY) {
        return sw_fail(err, SW_PARAMS, "An `in` clause needs a list of values.");
    }
    if (values->u.list.count > SW_IN_LIST_MAX) {
        return sw_fail_limit(err, "in_list", (int64_t)values->u.list.count, SW_IN_LIST_MAX,
                             "Use a range, or a column that says which rows are meant.");
    }
    return filter_of(version, column, values->u.list.items, values->u.list.count, filter, err);
}

sw_status sw_filter_equals(const struct sw_version *version, uint32_t column,
                           const struct sw_json *value, struct sw_filter **filter,
                           struct sw_err *err)
{
    const struct sw_json null = {.kind = SW_JSON_NULL};
    return filter_of(version, column, value != NULL ? value : &null, 1, filter, err);
}
