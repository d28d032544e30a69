/* typed_meet: how values of two types come together: comparison, merging, dates.
 *
 * A date is an int of days, a timestamp an int of milliseconds.  Where the two
 * meet, the date becomes the timestamp of its midnight; a constant text that
 * reads as a date or timestamp becomes one; any other text makes the date its
 * ISO text; a number meets the count of days or milliseconds.                  */
#include "expr/time.h"
#include "expr/typed_priv.h"

static sw_status convert(struct sw_resolver *r, enum sw_op op, enum sw_sense sense, uint8_t mask,
                         struct sw_typed **typed)
{
    struct sw_typed *from = *typed;
    SW_TRY(sw_typed_new(r, op, from->position, mask, 1, &from, typed));
    (*typed)->sense = (uint8_t)sense;
    return SW_OK;
}

sw_status sw_typed_as_text(struct sw_resolver *r, struct sw_typed **typed)
{
    if (!sw_typed_is_time(*typed)) {
        return SW_OK;
    }
    bool is_date = (*typed)->sense == SW_SENSE_DATE;
    return convert(r, is_date ? SW_OP_DATE_TEXT : SW_OP_TIME_TEXT, SW_SENSE_PLAIN, SW_MASK_TEXT,
                   typed);
}

static sw_status to_timestamp(struct sw_resolver *r, struct sw_typed **typed)
{
    if ((*typed)->sense != SW_SENSE_DATE) {
        return SW_OK;
    }
    return convert(r, SW_OP_DATE_TIME, SW_SENSE_TIME, SW_MASK_INT, typed);
}

/* A constant text as the date or timestamp that it is, if it is one. */
static sw_status read_constant(struct sw_resolver *r, struct sw_typed **typed, bool *is_read)
{
    struct sw_span text = (*typed)->value.u.s;
    int64_t value = 0;
    bool is_date = sw_date_parse(text, &value);
    *is_read = is_date || sw_timestamp_parse(text, &value);
    if (!*is_read) {
        return SW_OK;
    }
    return sw_typed_constant(r, (*typed)->position, sw_scalar_int(value),
                             is_date ? SW_SENSE_DATE : SW_SENSE_TIME, typed);
}

static bool is_constant_text(const struct sw_typed *typed)
{
    return sw_typed_is_constant(typed) && typed->value.tag == SW_TAG_TEXT;
}

sw_status sw_typed_meet(struct sw_resolver *r, struct sw_typed **a, struct sw_typed **b)
{
    if (sw_typed_is_time(*a) == sw_typed_is_time(*b)) {
        if ((*a)->sense != (*b)->sense && sw_typed_is_time(*a)) {
            SW_TRY(to_timestamp(r, a));
            SW_TRY(to_timestamp(r, b));
        }
        return SW_OK;
    }
    struct sw_typed **time = sw_typed_is_time(*a) ? a : b;
    struct sw_typed **other = time == a ? b : a;
    if (is_constant_text(*other)) {
        bool is_read = false;
        SW_TRY(read_constant(r, other, &is_read));
        if (is_read) {
            return sw_typed_meet(r, a, b);
        }
        int length = (int)((*other)->value.u.s.length > 40 ? 40 : (*other)->value.u.s.length);
        return sw_expr_fail(r->err, SW_TYPE, (*other)->position,
                            "'%.*s' is compared with a %s but is none; write it as "
                            "'2024-01-31' or '2024-01-31T12:00:00Z'",
                            length, (*other)->value.u.s.data,
                            (*time)->sense == SW_SENSE_DATE ? "date" : "timestamp");
    }
    return ((*other)->mask & SW_MASK_TEXT) != 0 ? sw_typed_as_text(r, time) : SW_OK;
}

/* SQLite's rule: a number's affinity wins over a text's, and any over none. */
static enum sw_affinity shared_affinity(const struct sw_typed *a, const struct sw_typed *b)
{
    if (a->affinity != SW_AFFINITY_NONE && b->affinity != SW_AFFINITY_NONE) {
        bool has_number = a->affinity == SW_AFFINITY_NUMERIC || b->affinity == SW_AFFINITY_NUMERIC;
        return has_number ? SW_AFFINITY_NUMERIC : SW_AFFINITY_NONE;
    }
    return (enum sw_affinity)(a->affinity != SW_AFFINITY_NONE ? a->affinity : b->affinity);
}

/* A constant takes the affinity now, when the other side is sure not to change the rule. */
static sw_status prepare(struct sw_resolver *r, enum sw_affinity affinity,
                         const struct sw_typed *other, struct sw_typed **typed)
{
    bool is_numeric = affinity == SW_AFFINITY_NUMERIC && is_constant_text(*typed);
    bool is_text =
        affinity == SW_AFFINITY_TEXT && sw_typed_is_constant(*typed) && other->mask == SW_MASK_TEXT;
    if (!is_numeric && !is_text) {
        return SW_OK;
    }
    struct sw_scalar value = sw_scalar_to_affinity((*typed)->value, affinity, r->pool);
    return sw_typed_constant(r, (*typed)->position, value, SW_SENSE_PLAIN, typed);
}

sw_status sw_typed_compare(struct sw_resolver *r, enum sw_op op, uint32_t position,
                           struct sw_typed *left, struct sw_typed *right, struct sw_typed **typed)
{
    struct sw_typed *both[2] = {left, right};
    SW_TRY(sw_typed_meet(r, &both[0], &both[1]));
    enum sw_affinity affinity = shared_affinity(both[0], both[1]);
    SW_TRY(prepare(r, affinity, both[1], &both[0]));
    SW_TRY(prepare(r, affinity, both[0], &both[1]));
    bool has_text = ((both[0]->mask | both[1]->mask) & SW_MASK_TEXT) != 0;
    bool is_same_text = both[0]->mask == SW_MASK_TEXT && both[1]->mask == SW_MASK_TEXT &&
                        affinity == SW_AFFINITY_TEXT;
    if (!has_text || is_same_text) {
        affinity = SW_AFFINITY_NONE;
    }
    return sw_typed_new_compare(r, op, position, affinity, both, typed);
}

/* What the values are, taken together. */
struct kinds {
    uint8_t mask;
    bool has_date, has_time, has_text, has_number, is_all_bool;
};

static struct kinds look_at(struct sw_typed *const *value, size_t count, size_t stride)
{
    struct kinds kinds = {.is_all_bool = true};
    for (size_t i = 0; i < count; i++) {
        const struct sw_typed *v = value[i * stride];
        bool is_number = (v->mask & SW_MASK_NUMBER) != 0 && !sw_typed_is_time(v);
        kinds.mask |= v->mask;
        kinds.has_date = kinds.has_date || v->sense == SW_SENSE_DATE;
        kinds.has_time = kinds.has_time || v->sense == SW_SENSE_TIME;
        kinds.has_text = kinds.has_text || (v->mask & SW_MASK_TEXT) != 0;
        kinds.has_number = kinds.has_number || is_number;
        kinds.is_all_bool = kinds.is_all_bool && (v->mask == 0 || v->sense == SW_SENSE_BOOL);
    }
    return kinds;
}

sw_status sw_typed_merge(struct sw_resolver *r, struct sw_typed **value, size_t count,
                         size_t stride, uint8_t *mask, enum sw_sense *sense)
{
    struct kinds kinds = look_at(value, count, stride);
    if (kinds.has_date || kinds.has_time) {
        for (size_t i = 0; i < count; i++) {
            bool is_read = false;
            if (is_constant_text(value[i * stride])) {
                SW_TRY(read_constant(r, &value[i * stride], &is_read));
            }
        }
        kinds = look_at(value, count, stride);
        for (size_t i = 0; i < count; i++) {
            if (kinds.has_text) {
                SW_TRY(sw_typed_as_text(r, &value[i * stride]));
            } else if (kinds.has_time && !kinds.has_number) {
                SW_TRY(to_timestamp(r, &value[i * stride]));
            }
        }
        kinds.mask = look_at(value, count, stride).mask;
    }
    *mask = kinds.mask;
    bool is_time = !kinds.has_text && !kinds.has_number;
    *sense = is_time && kinds.has_time                        ? SW_SENSE_TIME
             : is_time && kinds.has_date                      ? SW_SENSE_DATE
             : kinds.is_all_bool && kinds.mask == SW_MASK_INT ? SW_SENSE_BOOL
                                                              : SW_SENSE_PLAIN;
    return SW_OK;
}
