/* moment: dates and timestamps in the ways people write them.  Any thread, no
 * allocation.
 *
 * A format is an order of year, month and day and one separator.  Year first:
 * YYYY-MM-DD (ISO 8601), YYYY/MM/DD, YYYY.MM.DD.  Day or month first: d/m/YYYY or
 * m/d/YYYY with / . or -, one or two digits each.  A time may follow: in ISO 8601 as
 * sw_timestamp_parse reads it, elsewhere a blank or T, h:mm[:ss[.fraction]] and
 * optionally AM or PM.  Seconds finer than 1 ms do not fit (unless zeros).
 *
 * 01/02/2020 fits two orders: a set of formats says which are still possible.     */
#ifndef SW_INGEST_MOMENT_H
#define SW_INGEST_MOMENT_H

#include "base/span.h"
#include "base/status.h"

enum sw_date_order { SW_ORDER_YMD, SW_ORDER_DMY, SW_ORDER_MDY, SW_ORDERS };

/* A set of formats: bit order * 3 + separator ('-', '/', '.'). */
typedef uint16_t sw_formats;

#define SW_FORMATS_ALL   ((sw_formats)0x1ff)
#define SW_FORMAT_ISO    ((sw_formats)1)
#define SW_FORMATS_OF(o) ((sw_formats)(7u << ((unsigned)(o)*3)))

/* The formats that the text fits, 0: none; whether it has a time of day. */
sw_formats sw_moment_formats(struct sw_span text, bool *has_time);
/* One format of exactly one bit. A date alone counts as its midnight; false: does not fit. */
bool sw_moment_read(struct sw_span text, sw_formats format, int64_t *days, int64_t *ms,
                    bool *has_time);

static inline bool sw_formats_is_one(sw_formats formats)
{
    return formats != 0 && (formats & (formats - 1)) == 0;
}

#endif
