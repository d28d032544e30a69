/* number: decimal text to numbers and back, by SQLite's rules for what counts as
 * a number, but correctly rounded (docs/expressions.md, "Differences").
 * Any thread, no allocation.                                                  */
#ifndef SW_EXPR_NUMBER_H
#define SW_EXPR_NUMBER_H

#include "base/span.h"

#include <stdint.h>

/* What the beginning of a text is. */
enum sw_number_form {
    SW_NUMBER_WHOLE_INT,   /* all of it digits, but for blanks around and a sign */
    SW_NUMBER_WHOLE_FLOAT, /* all of it a number with a point or an exponent */
    SW_NUMBER_PART_FLOAT,  /* begins with a number with a point or an exponent */
    SW_NUMBER_NONE         /* anything else; may begin with digits */
};

struct sw_number {
    enum sw_number_form form;
    double f;      /* of its beginning; 0 when that is no number */
    int64_t i;     /* digits at its beginning, saturated; 0 when there are none */
    bool is_exact; /* i did not saturate */
};

struct sw_number sw_number_read(struct sw_span text);
/* The value of digits * 10^exponent, correctly rounded; digits are decimal, any length. */
double sw_number_scale(const char *digits, size_t count, int64_t exponent);

#define SW_NUMBER_TEXT_MAX 32
/* At most 15 significant digits, always with a point; NUL-terminated; returns the length. */
size_t sw_number_format(double value, char *into);
/* Half away from zero at `places` (0..30) decimals, as SQLite's round(). */
double sw_number_round(double value, int64_t places);
/* Toward zero, saturated at the ends. */
int64_t sw_number_cut(double value);

#endif
