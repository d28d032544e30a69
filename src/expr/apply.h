/* apply: one function for each op, on single values: the definition of the language (scalar.h).
 * apply.c holds the table and the operators, apply_time.c the calendar, apply_function.c the rest.
 * Any thread.                                                                                   */
#ifndef SW_EXPR_APPLY_H
#define SW_EXPR_APPLY_H

#include "expr/scalar.h"

typedef struct sw_scalar (*sw_apply_fn)(const struct sw_call *call, const struct sw_scalar *args,
                                        size_t count, struct sw_pool *pool);

/* A text that is a number from end to end becomes it; others stay. */
struct sw_scalar sw_apply_numeric(struct sw_scalar value);

#define SW_APPLY(name)                                                                            \
    struct sw_scalar name(const struct sw_call *call, const struct sw_scalar *args, size_t count, \
                          struct sw_pool *pool)
SW_APPLY(sw_apply_date_text);
SW_APPLY(sw_apply_time_text);
SW_APPLY(sw_apply_date_time);
SW_APPLY(sw_apply_time_date);
SW_APPLY(sw_apply_text_date);
SW_APPLY(sw_apply_text_time);
SW_APPLY(sw_apply_number_date);
SW_APPLY(sw_apply_number_time);
SW_APPLY(sw_apply_date_shift);
SW_APPLY(sw_apply_time_shift);
SW_APPLY(sw_apply_date_unit);
SW_APPLY(sw_apply_time_unit);

SW_APPLY(sw_apply_abs);
SW_APPLY(sw_apply_round);
SW_APPLY(sw_apply_whole); /* floor, ceil, trunc */
SW_APPLY(sw_apply_math);  /* sqrt, exp, logarithms, sign */
SW_APPLY(sw_apply_pow);
SW_APPLY(sw_apply_length);
SW_APPLY(sw_apply_lower);
SW_APPLY(sw_apply_upper);
SW_APPLY(sw_apply_trim);
SW_APPLY(sw_apply_substr);
SW_APPLY(sw_apply_instr);
SW_APPLY(sw_apply_replace);
SW_APPLY(sw_apply_concat);
SW_APPLY(sw_apply_like);
SW_APPLY(sw_apply_glob);

#endif
