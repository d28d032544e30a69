#include "expr/apply.h"
#include "expr/time.h"

static struct sw_scalar when(bool is_good, int64_t value)
{
    return is_good ? sw_scalar_int(value) : sw_scalar_null();
}

SW_APPLY(sw_apply_date_text)
{
    (void)call;
    (void)count;
    bool is_good = args[0].tag == SW_TAG_INT && sw_time_is_date(args[0].u.i);
    char *into = is_good ? sw_pool_alloc(pool, SW_DATE_TEXT_MAX) : NULL;
    if (into == NULL) {
        return sw_scalar_null();
    }
    return sw_scalar_text(sw_span_of(into, sw_date_format(args[0].u.i, into)));
}

SW_APPLY(sw_apply_time_text)
{
    (void)call;
    (void)count;
    bool is_good = args[0].tag == SW_TAG_INT && sw_time_is_timestamp(args[0].u.i);
    char *into = is_good ? sw_pool_alloc(pool, SW_TIMESTAMP_TEXT_MAX) : NULL;
    if (into == NULL) {
        return sw_scalar_null();
    }
    return sw_scalar_text(sw_span_of(into, sw_timestamp_format(args[0].u.i, into)));
}

SW_APPLY(sw_apply_date_time)
{
    (void)call;
    (void)count;
    (void)pool;
    bool is_good = args[0].tag == SW_TAG_INT && sw_time_is_date(args[0].u.i);
    return when(is_good, is_good ? args[0].u.i * SW_DAY_MS : 0);
}

SW_APPLY(sw_apply_time_date)
{
    (void)call;
    (void)count;
    (void)pool;
    int64_t ms = args[0].tag == SW_TAG_INT ? args[0].u.i : 0;
    bool is_good = args[0].tag == SW_TAG_INT && sw_time_is_timestamp(ms);
    return when(is_good, ms / SW_DAY_MS - (ms % SW_DAY_MS < 0 ? 1 : 0));
}

SW_APPLY(sw_apply_text_date)
{
    (void)call;
    (void)count;
    (void)pool;
    int64_t days = 0;
    bool is_good = args[0].tag == SW_TAG_TEXT && sw_time_read_date(args[0].u.s, &days);
    return when(is_good, days);
}

SW_APPLY(sw_apply_text_time)
{
    (void)call;
    (void)count;
    (void)pool;
    int64_t ms = 0;
    bool is_good = args[0].tag == SW_TAG_TEXT && sw_time_read_timestamp(args[0].u.s, &ms);
    return when(is_good, ms);
}

SW_APPLY(sw_apply_number_date)
{
    (void)call;
    (void)count;
    if (args[0].tag == SW_TAG_TEXT) {
        return sw_apply_text_date(call, args, count, pool);
    }
    int64_t days = sw_scalar_as_int(args[0]);
    return when(args[0].tag != SW_TAG_NULL && sw_time_is_date(days), days);
}

SW_APPLY(sw_apply_number_time)
{
    (void)call;
    (void)count;
    if (args[0].tag == SW_TAG_TEXT) {
        return sw_apply_text_time(call, args, count, pool);
    }
    int64_t ms = sw_scalar_as_int(args[0]);
    return when(args[0].tag != SW_TAG_NULL && sw_time_is_timestamp(ms), ms);
}

/* False where the sum leaves int64. A float counts without its fraction. */
static bool shift(bool is_plus, const struct sw_scalar *args, int64_t *moved)
{
    if (args[0].tag != SW_TAG_INT || args[1].tag == SW_TAG_NULL) {
        return false;
    }
    int64_t by = sw_scalar_as_int(args[1]);
    bool is_over = is_plus ? __builtin_add_overflow(args[0].u.i, by, moved)
                           : __builtin_sub_overflow(args[0].u.i, by, moved);
    return !is_over;
}

SW_APPLY(sw_apply_date_shift)
{
    (void)count;
    (void)pool;
    int64_t moved = 0;
    bool is_good = shift(call->op == SW_OP_DATE_ADD, args, &moved) && sw_time_is_date(moved);
    return when(is_good, moved);
}

SW_APPLY(sw_apply_time_shift)
{
    (void)count;
    (void)pool;
    int64_t moved = 0;
    bool is_good = shift(call->op == SW_OP_TIME_ADD, args, &moved) && sw_time_is_timestamp(moved);
    return when(is_good, moved);
}

/* Days as the milliseconds of their midnight, so that both types share the calendar code. */
SW_APPLY(sw_apply_date_unit)
{
    (void)count;
    (void)pool;
    int64_t result = 0;
    if (args[0].tag != SW_TAG_INT || !sw_time_is_date(args[0].u.i)) {
        return sw_scalar_null();
    }
    int64_t ms = args[0].u.i * SW_DAY_MS;
    enum sw_unit unit = (enum sw_unit)call->unit;
    if (call->op == SW_OP_DATE_PART) {
        bool has_part = sw_time_part(ms, unit, &result);
        return when(has_part, result);
    }
    bool is_good = sw_time_trunc(ms, unit, &result);
    return when(is_good, (result - (result % SW_DAY_MS + SW_DAY_MS) % SW_DAY_MS) / SW_DAY_MS);
}

SW_APPLY(sw_apply_time_unit)
{
    (void)count;
    (void)pool;
    int64_t result = 0;
    if (args[0].tag != SW_TAG_INT) {
        return sw_scalar_null();
    }
    enum sw_unit unit = (enum sw_unit)call->unit;
    bool is_good = call->op == SW_OP_TIME_PART ? sw_time_part(args[0].u.i, unit, &result)
                                               : sw_time_trunc(args[0].u.i, unit, &result);
    return when(is_good, result);
}
