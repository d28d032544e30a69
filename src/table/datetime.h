/* datetime: calendar days and UTC milliseconds to text and back (proleptic
 * Gregorian, years 0001..9999).  Any thread, no allocation.                   */
#ifndef SW_TABLE_DATETIME_H
#define SW_TABLE_DATETIME_H

#include "base/span.h"
#include "base/status.h"

#define SW_DATE_TEXT_MAX      16 /* YYYY-MM-DD and NUL */
#define SW_TIMESTAMP_TEXT_MAX 32 /* YYYY-MM-DDThh:mm:ss.mmmZ and NUL */

int64_t sw_days_from_civil(int64_t year, unsigned month, unsigned day);
void sw_civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day);
/* Both write NUL-terminated text and return its length. Milliseconds only where not zero. */
size_t sw_date_format(int64_t days, char *into);
size_t sw_timestamp_format(int64_t ms, char *into);
/* Exactly YYYY-MM-DD, a real day. */
bool sw_date_parse(struct sw_span text, int64_t *days);
/* ISO 8601 / RFC 3339: date, 'T' or blank, hh:mm[:ss[.fraction]], zone Z, +hh:mm, +hhmm, +hh or
 * none (UTC).  A fraction finer than 1 ms is refused unless its further digits are zero; a plain
 * date is refused. */
bool sw_timestamp_parse(struct sw_span text, int64_t *ms);

#endif
