/* A filter that is a range; see filter.h.  Bounds are made closed when it is compiled: integers
 * by one, doubles by the next double.  A range without both ends passes every row, nulls too, as
 * if the clause were off. */
#include <math.h>
#include <stdlib.h>

#include "fold/filter_priv.h"
#include "kernel/kernel.h"

#define DAY_MS INT64_C(86400000)

struct between {
    struct sw_filter head;
    enum sw_type type;
    bool is_everything, is_nothing;
    int64_t low_i, high_i;
    double low_f, high_f;
    struct sw_span low_s, high_s;
    bool has_low, has_high, is_low_open, is_high_open; /* strings */
};

static const struct between *between_of(const struct sw_filter *filter)
{
    return (const struct between *)(const void *)filter;
}

/* -- testing ---------------------------------------------------------------------- */

static void free_between(struct sw_filter *filter)
{
    sw_arena_fini(&filter->arena);
    free(filter);
}

static enum sw_filter_reach reach_by_floats(const struct between *b, const struct sw_zone *zone)
{
    if (zone->max_f < b->low_f || zone->min_f > b->high_f) {
        return SW_REACH_NONE;
    }
    bool is_within = zone->min_f >= b->low_f && zone->max_f <= b->high_f;
    return is_within && zone->nulls == 0 && zone->nans == 0 ? SW_REACH_ALL : SW_REACH_SOME;
}

static enum sw_filter_reach reach_by_ints(const struct between *b, const struct sw_zone *zone)
{
    if (zone->max_i < b->low_i || zone->min_i > b->high_i) {
        return SW_REACH_NONE;
    }
    bool is_within = zone->min_i >= b->low_i && zone->max_i <= b->high_i;
    return is_within && zone->nulls == 0 ? SW_REACH_ALL : SW_REACH_SOME;
}

static enum sw_filter_reach reach_between(const struct sw_filter *filter,
                                          const struct sw_rowgroup *group)
{
    const struct between *b = between_of(filter);
    const struct sw_zone *zone = &group->chunk[filter->column]->zone;
    if (b->is_everything) {
        return SW_REACH_ALL;
    }
    if (b->is_nothing || !zone->has_values) {
        return SW_REACH_NONE;
    }
    if (b->type == SW_TYPE_STRING) {
        return SW_REACH_SOME;
    }
    return b->type == SW_TYPE_FLOAT ? reach_by_floats(b, zone) : reach_by_ints(b, zone);
}

static void test_between(const struct sw_filter *filter, struct sw_filter_state *state,
                         struct sw_batch *batch, uint64_t *into)
{
    const struct between *b = between_of(filter);
    if (b->is_everything) {
        sw_bits_all(into, batch->rows);
        return;
    }
    const struct sw_chunk *chunk = b->is_nothing ? NULL : sw_batch_values(batch, filter->column);
    if (chunk == NULL) {
        memset(into, 0, SW_VECTOR_WORDS * sizeof(*into));
        return;
    }
    if (b->type == SW_TYPE_STRING) {
        sw_filter_test_texts(filter, state, batch, into);
    } else if (b->type == SW_TYPE_FLOAT) {
        sw_compare_floats(chunk, batch->start, batch->rows, b->low_f, b->high_f, into);
    } else {
        sw_compare_ints(chunk, batch->start, batch->rows, b->low_i, b->high_i, into);
    }
    sw_filter_drop_nulls(filter, batch, into);
}

static bool passes_between(const struct sw_filter *filter, struct sw_span text)
{
    const struct between *b = between_of(filter);
    if (b->has_low) {
        int order = sw_span_compare(text, b->low_s);
        if (order < 0 || (order == 0 && b->is_low_open)) {
            return false;
        }
    }
    if (b->has_high) {
        int order = sw_span_compare(text, b->high_s);
        return order < 0 || (order == 0 && !b->is_high_open);
    }
    return true;
}

static const struct sw_filter_ops between_ops = {
    .free = free_between,
    .reach = reach_between,
    .test = test_between,
    .passes_text = passes_between,
};

bool sw_filter_range(const struct sw_filter *filter, struct sw_filter_range *range)
{
    if (filter->ops != &between_ops) {
        return false;
    }
    const struct between *b = between_of(filter);
    *range = (struct sw_filter_range){filter->column, b->type,  b->is_nothing, b->low_i,
                                      b->high_i,      b->low_f, b->high_f};
    return !b->is_everything && b->type != SW_TYPE_STRING;
}

/* -- compiling ---------------------------------------------------------------------- */

/* The least integer that is at least (open: above) the number; false: there is none. */
static bool least_int(const struct sw_filter_number *number, bool is_open, int64_t *least)
{
    if (number->is_integer) {
        *least = number->i + (is_open && number->i < INT64_MAX);
        return !is_open || number->i < INT64_MAX;
    }
    double up = ceil(number->f);
    if (!(up < 0x1p63)) {
        return false;
    }
    *least = up < -0x1p63 ? INT64_MIN : (int64_t)up;
    if (is_open && up == number->f && up >= -0x1p63) {
        *least += 1; /* below 2^63, so its double's successor fits */
    }
    return true;
}

static bool greatest_int(const struct sw_filter_number *number, bool is_open, int64_t *greatest)
{
    if (number->is_integer) {
        *greatest = number->i - (is_open && number->i > INT64_MIN);
        return !is_open || number->i > INT64_MIN;
    }
    double down = floor(number->f);
    if (!(down >= -0x1p63)) {
        return false;
    }
    *greatest = down >= 0x1p63 ? INT64_MAX : (int64_t)down;
    if (is_open && down == number->f && down < 0x1p63) {
        if (*greatest == INT64_MIN) {
            return false;
        }
        *greatest -= 1;
    }
    return true;
}

static int64_t floor_days(int64_t ms)
{
    return ms / DAY_MS - (ms % DAY_MS < 0);
}

static int64_t ceil_days(int64_t ms)
{
    return ms / DAY_MS + (ms % DAY_MS > 0);
}

/* Open ends first became closed ones in milliseconds; a day passes by its midnight. */
static sw_status compile_ints(struct between *b, const struct sw_version *version,
                              const struct sw_json *low, const struct sw_json *high,
                              struct sw_err *err)
{
    struct sw_filter_number number;
    b->low_i = INT64_MIN;
    b->high_i = INT64_MAX;
    if (b->has_low) {
        SW_TRY(sw_filter_read_number(version, b->head.column, low, &number, err));
        b->is_nothing = !least_int(&number, b->is_low_open, &b->low_i) || b->is_nothing;
        b->low_i = b->type == SW_TYPE_DATE ? ceil_days(b->low_i) : b->low_i;
    }
    if (b->has_high) {
        SW_TRY(sw_filter_read_number(version, b->head.column, high, &number, err));
        b->is_nothing = !greatest_int(&number, b->is_high_open, &b->high_i) || b->is_nothing;
        b->high_i = b->type == SW_TYPE_DATE ? floor_days(b->high_i) : b->high_i;
    }
    b->is_nothing = b->is_nothing || b->low_i > b->high_i;
    return SW_OK;
}

static sw_status compile_floats(struct between *b, const struct sw_version *version,
                                const struct sw_json *low, const struct sw_json *high,
                                struct sw_err *err)
{
    struct sw_filter_number number;
    b->low_f = -INFINITY;
    b->high_f = INFINITY;
    if (b->has_low) {
        SW_TRY(sw_filter_read_number(version, b->head.column, low, &number, err));
        b->low_f = b->is_low_open ? nextafter(number.f, INFINITY) : number.f;
    }
    if (b->has_high) {
        SW_TRY(sw_filter_read_number(version, b->head.column, high, &number, err));
        b->high_f = b->is_high_open ? nextafter(number.f, -INFINITY) : number.f;
    }
    b->is_nothing = !(b->low_f <= b->high_f);
    return SW_OK;
}

static sw_status compile_texts(struct between *b, const struct sw_version *version,
                               const struct sw_json *low, const struct sw_json *high,
                               struct sw_err *err)
{
    const struct sw_json *ends[] = {low, high};
    struct sw_span *into[] = {&b->low_s, &b->high_s};
    bool has[] = {b->has_low, b->has_high};
    for (unsigned i = 0; i < 2; i++) {
        struct sw_span text;
        if (!has[i]) {
            continue;
        }
        SW_TRY(sw_filter_read_text(version, b->head.column, ends[i], &text, err));
        const char *copy = sw_arena_text(&b->head.arena, text);
        if (copy == NULL) {
            return SW_NO_MEMORY;
        }
        *into[i] = sw_span_of(copy, text.length);
    }
    return SW_OK;
}

sw_status sw_filter_between(const struct sw_version *version, uint32_t column,
                            const struct sw_json *low, const struct sw_json *high, bool is_low_open,
                            bool is_high_open, struct sw_filter **filter, struct sw_err *err)
{
    sw_assert(column < version->schema->columns);
    struct between *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return SW_NO_MEMORY;
    }
    *made = (struct between){.head = {.ops = &between_ops, .column = column},
                             .type = version->schema->column[column].type,
                             .has_low = !sw_json_is_null(low),
                             .has_high = !sw_json_is_null(high),
                             .is_low_open = is_low_open,
                             .is_high_open = is_high_open};
    sw_arena_init(&made->head.arena);
    made->is_everything = !made->has_low && !made->has_high;
    sw_status status = made->type == SW_TYPE_STRING  ? compile_texts(made, version, low, high, err)
                       : made->type == SW_TYPE_FLOAT ? compile_floats(made, version, low, high, err)
                                                     : compile_ints(made, version, low, high, err);
    if (status != SW_OK) {
        free_between(&made->head);
        return status;
    }
    *filter = &made->head;
    return SW_OK;
}
