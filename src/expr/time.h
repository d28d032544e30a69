/* time: what expressions do with days since 1970-01-01 and with milliseconds of
 * UTC.  Outside the years 0001..9999 the answer is NULL (false here).
 * Any thread, no allocation.                                                  */
#ifndef SW_EXPR_TIME_H
#define SW_EXPR_TIME_H

#include "table/datetime.h"

#define SW_DAY_MS 86400000

/* Units and parts in one list: SW_UNIT(name, text, may be a unit, may be a part). */
enum sw_unit {
#define SW_UNIT(name, text, is_unit, is_part) SW_UNIT_##name,
#include "expr/units.inc"
#undef SW_UNIT
    SW_UNIT_COUNT
};

bool sw_unit_parse(struct sw_span text, bool is_part, enum sw_unit *unit);
const char *sw_unit_names(bool is_part); /* "year, quarter, ..." for messages */

bool sw_time_is_date(int64_t days);                                 /* within the calendar */
bool sw_time_is_timestamp(int64_t ms);                              /* within the calendar */
bool sw_time_trunc(int64_t ms, enum sw_unit unit, int64_t *result); /* weeks begin on Monday */
bool sw_time_part(int64_t ms, enum sw_unit unit, int64_t *result);
/* A date or a timestamp in text, as either. */
bool sw_time_read_date(struct sw_span text, int64_t *days);
bool sw_time_read_timestamp(struct sw_span text, int64_t *ms);

#endif
