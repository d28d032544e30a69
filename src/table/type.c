/* See type.h. */
#include "table/type.h"

#include "base/number.h"
#include "table/datetime.h"

static const char *const type_names[SW_TYPE_COUNT] = {
    [SW_TYPE_BOOL] = "bool",     [SW_TYPE_INT] = "int",   [SW_TYPE_FLOAT] = "float",
    [SW_TYPE_STRING] = "string", [SW_TYPE_DATE] = "date", [SW_TYPE_TIMESTAMP] = "timestamp",
};

const char *sw_type_name(enum sw_type type)
{
    sw_assert(type < SW_TYPE_COUNT);
    return type_names[type];
}

bool sw_type_parse(struct sw_span name, enum sw_type *type)
{
    for (unsigned i = 0; i < SW_TYPE_COUNT; i++) {
        if (sw_span_equal(name, sw_span_text(type_names[i]))) {
            *type = (enum sw_type)i;
            return true;
        }
    }
    return false;
}

bool sw_type_is_integral(enum sw_type type)
{
    return type != SW_TYPE_FLOAT && type != SW_TYPE_STRING;
}

bool sw_type_is_numeric(enum sw_type type)
{
    return type != SW_TYPE_STRING;
}

static int compare_floats(double a, double b)
{
    bool a_nan = a != a;
    bool b_nan = b != b;
    if (a_nan || b_nan) {
        return a_nan - b_nan;
    }
    return (a > b) - (a < b);
}

int sw_value_compare(const struct sw_value *a, const struct sw_value *b)
{
    if (a->is_null || b->is_null) {
        return a->is_null - b->is_null;
    }
    sw_assert(a->type == b->type);
    if (a->type == SW_TYPE_STRING) {
        return sw_span_compare(a->u.s, b->u.s);
    }
    if (a->type == SW_TYPE_FLOAT) {
        return compare_floats(a->u.f, b->u.f);
    }
    return (a->u.i > b->u.i) - (a->u.i < b->u.i);
}

struct sw_span sw_value_text(const struct sw_value *value, char *into)
{
    switch (value->type) {
    case SW_TYPE_BOOL:
        return sw_span_text(value->u.i != 0 ? "true" : "false");
    case SW_TYPE_INT:
        return sw_span_of(into, (size_t)(sw_number_put_int(into, value->u.i) - into));
    case SW_TYPE_FLOAT:
        return sw_span_of(into, (size_t)(sw_number_put_float(into, value->u.f) - into));
    case SW_TYPE_STRING:
        return value->u.s;
    case SW_TYPE_DATE:
        return sw_span_of(into, sw_date_format(value->u.i, into));
    case SW_TYPE_TIMESTAMP:
        return sw_span_of(into, sw_timestamp_format(value->u.i, into));
    case SW_TYPE_COUNT:
        break;
    }
    sw_assert(false);
    return sw_span_of("", 0);
}
