/* type: the six column types and single values of them.  Any thread. */
#ifndef SW_TABLE_TYPE_H
#define SW_TABLE_TYPE_H

#include "base/span.h"
#include "base/status.h"

enum sw_type {
    SW_TYPE_BOOL,      /* int64 0 or 1 */
    SW_TYPE_INT,       /* int64 */
    SW_TYPE_FLOAT,     /* double */
    SW_TYPE_STRING,    /* UTF-8 bytes */
    SW_TYPE_DATE,      /* int64 days since 1970-01-01 */
    SW_TYPE_TIMESTAMP, /* int64 milliseconds since 1970-01-01 UTC */
    SW_TYPE_COUNT
};

const char *sw_type_name(enum sw_type type);                 /* "bool" ... "timestamp" */
bool sw_type_parse(struct sw_span name, enum sw_type *type); /* false: no such type */
/* Held as int64 (bool, int, date, timestamp)? */
bool sw_type_is_integral(enum sw_type type);
/* Has an axis: int, float, date, timestamp (a bool counts as 0 and 1). */
bool sw_type_is_numeric(enum sw_type type);

/* One value; text is borrowed. */
struct sw_value {
    enum sw_type type;
    bool is_null;
    union {
        int64_t i; /* bool, int, date, timestamp */
        double f;
        struct sw_span s;
    } u;
};

/* Order of two values of one type: nulls last, NaN after numbers, strings by bytes. */
int sw_value_compare(const struct sw_value *a, const struct sw_value *b);

/* Text of a value that is not null; `into` has room for SW_VALUE_TEXT, a string's own bytes are
 * returned as they are. */
#define SW_VALUE_TEXT 40
struct sw_span sw_value_text(const struct sw_value *value, char *into);

#endif
