#include "expr/apply.h"
#include "expr/number.h"
#include "expr/pattern.h"
#include "expr/text.h"

#include <math.h>

/* An argument of a mathematical function: a text that is no number from end to end is NULL. */
static struct sw_scalar number_of(struct sw_scalar value)
{
    struct sw_scalar number = sw_apply_numeric(value);
    return number.tag == SW_TAG_TEXT ? sw_scalar_null() : number;
}

SW_APPLY(sw_apply_abs)
{
    (void)call;
    (void)count;
    (void)pool;
    struct sw_scalar x = args[0];
    if (x.tag == SW_TAG_NULL) {
        return x;
    }
    if (x.tag == SW_TAG_INT && x.u.i != INT64_MIN) {
        return sw_scalar_int(x.u.i < 0 ? -x.u.i : x.u.i);
    }
    double f = sw_scalar_as_float(x);
    return sw_scalar_float(f < 0 ? -f : f);
}

SW_APPLY(sw_apply_round)
{
    (void)call;
    (void)pool;
    if (args[0].tag == SW_TAG_NULL || (count == 2 && args[1].tag == SW_TAG_NULL)) {
        return sw_scalar_null();
    }
    int64_t places = count == 2 ? sw_scalar_as_int(args[1]) : 0;
    return sw_scalar_float(sw_number_round(sw_scalar_as_float(args[0]), places));
}

SW_APPLY(sw_apply_whole)
{
    (void)count;
    (void)pool;
    struct sw_scalar x = number_of(args[0]);
    if (x.tag != SW_TAG_FLOAT) {
        return x;
    }
    double f = x.u.f;
    return sw_scalar_float(call->op == SW_OP_FLOOR  ? floor(f)
                           : call->op == SW_OP_CEIL ? ceil(f)
                                                    : trunc(f));
}

SW_APPLY(sw_apply_math)
{
    (void)count;
    (void)pool;
    struct sw_scalar x = number_of(args[0]);
    if (x.tag == SW_TAG_NULL) {
        return x;
    }
    double f = sw_scalar_as_float(x);
    if (call->op == SW_OP_SIGN) {
        return sw_scalar_int((f > 0) - (f < 0));
    }
    if (call->op == SW_OP_SQRT || call->op == SW_OP_EXP) {
        return sw_scalar_float(call->op == SW_OP_SQRT ? sqrt(f) : exp(f));
    }
    if (f <= 0) {
        return sw_scalar_null();
    }
    return sw_scalar_float(call->op == SW_OP_LN      ? log(f)
                           : call->op == SW_OP_LOG10 ? log10(f)
                                                     : log2(f));
}

SW_APPLY(sw_apply_pow)
{
    (void)call;
    (void)count;
    (void)pool;
    struct sw_scalar x = number_of(args[0]);
    struct sw_scalar y = number_of(args[1]);
    if (x.tag == SW_TAG_NULL || y.tag == SW_TAG_NULL) {
        return sw_scalar_null();
    }
    return sw_scalar_float(pow(sw_scalar_as_float(x), sw_scalar_as_float(y)));
}

SW_APPLY(sw_apply_length)
{
    (void)call;
    (void)count;
    struct sw_scalar text = sw_scalar_as_text(args[0], pool);
    return text.tag == SW_TAG_NULL ? text : sw_scalar_int((int64_t)sw_text_characters(text.u.s));
}

SW_APPLY(sw_apply_lower)
{
    (void)call;
    (void)count;
    struct sw_scalar text = sw_scalar_as_text(args[0], pool);
    return text.tag == SW_TAG_NULL ? text : sw_text_lower(text.u.s, pool);
}

SW_APPLY(sw_apply_upper)
{
    (void)call;
    (void)count;
    struct sw_scalar text = sw_scalar_as_text(args[0], pool);
    return text.tag == SW_TAG_NULL ? text : sw_text_upper(text.u.s, pool);
}

SW_APPLY(sw_apply_trim)
{
    struct sw_scalar text = sw_scalar_as_text(args[0], pool);
    struct sw_scalar set = sw_scalar_text(sw_span_of(" ", 1));
    if (count == 2) {
        set = sw_scalar_as_text(args[1], pool);
    }
    if (text.tag == SW_TAG_NULL || set.tag == SW_TAG_NULL) {
        return sw_scalar_null();
    }
    enum sw_text_side side = call->op == SW_OP_LTRIM   ? SW_TEXT_LEFT
                             : call->op == SW_OP_RTRIM ? SW_TEXT_RIGHT
                                                       : SW_TEXT_BOTH;
    return sw_scalar_text(sw_text_trim(text.u.s, set.u.s, side));
}

SW_APPLY(sw_apply_substr)
{
    (void)call;
    struct sw_scalar text = sw_scalar_as_text(args[0], pool);
    bool has_count = count == 3;
    if (text.tag == SW_TAG_NULL || args[1].tag == SW_TAG_NULL ||
        (has_count && args[2].tag == SW_TAG_NULL)) {
        return sw_scalar_null();
    }
    int64_t wanted = has_count ? sw_scalar_as_int(args[2]) : 0;
    return sw_scalar_text(sw_text_part(text.u.s, sw_scalar_as_int(args[1]), has_count, wanted));
}

SW_APPLY(sw_apply_instr)
{
    (void)call;
    (void)count;
    struct sw_scalar text = sw_scalar_as_text(args[0], pool);
    struct sw_scalar part = sw_scalar_as_text(args[1], pool);
    if (text.tag == SW_TAG_NULL || part.tag == SW_TAG_NULL) {
        return sw_scalar_null();
    }
    return sw_scalar_int(sw_text_find(text.u.s, part.u.s));
}

/* With nothing to look for the first argument comes back as it is, a number too. */
SW_APPLY(sw_apply_replace)
{
    (void)call;
    (void)count;
    struct sw_scalar text = sw_scalar_as_text(args[0], pool);
    struct sw_scalar part = sw_scalar_as_text(args[1], pool);
    if (text.tag == SW_TAG_NULL || part.tag == SW_TAG_NULL) {
        return sw_scalar_null();
    }
    if (part.u.s.length == 0) {
        return args[0];
    }
    struct sw_scalar by = sw_scalar_as_text(args[2], pool);
    return by.tag == SW_TAG_NULL ? by : sw_text_replace(text.u.s, part.u.s, by.u.s, pool);
}

SW_APPLY(sw_apply_concat)
{
    (void)call;
    (void)count;
    struct sw_scalar a = sw_scalar_as_text(args[0], pool);
    struct sw_scalar b = sw_scalar_as_text(args[1], pool);
    if (a.tag == SW_TAG_NULL || b.tag == SW_TAG_NULL) {
        return sw_scalar_null();
    }
    return sw_text_join(a.u.s, b.u.s, pool);
}

SW_APPLY(sw_apply_like)
{
    (void)call;
    struct sw_scalar text = sw_scalar_as_text(args[0], pool);
    struct sw_scalar pattern = sw_scalar_as_text(args[1], pool);
    struct sw_scalar escape = sw_scalar_text(sw_span_of("", 0));
    if (count == 3) {
        escape = sw_scalar_as_text(args[2], pool);
    }
    if (text.tag == SW_TAG_NULL || pattern.tag == SW_TAG_NULL || escape.tag == SW_TAG_NULL) {
        return sw_scalar_null();
    }
    if (pattern.u.s.length > SW_PATTERN_BYTES_MAX) {
        pool->status = SW_LIMIT;
        return sw_scalar_null();
    }
    if (count == 3 && sw_text_characters(escape.u.s) != 1) {
        return sw_scalar_null();
    }
    return sw_scalar_int(sw_pattern_like(text.u.s, pattern.u.s, escape.u.s));
}

SW_APPLY(sw_apply_glob)
{
    (void)call;
    (void)count;
    struct sw_scalar text = sw_scalar_as_text(args[0], pool);
    struct sw_scalar pattern = sw_scalar_as_text(args[1], pool);
    if (text.tag == SW_TAG_NULL || pattern.tag == SW_TAG_NULL) {
        return sw_scalar_null();
    }
    if (pattern.u.s.length > SW_PATTERN_BYTES_MAX) {
        pool->status = SW_LIMIT;
        return sw_scalar_null();
    }
    return sw_scalar_int(sw_pattern_glob(text.u.s, pattern.u.s));
}
