/* tally: how many values of a column fit each narrower type, so that a column of a
 * million numbers and one "n.a." is known as numbers with an exception, whichever came
 * first.  Any thread, no allocation; column.c keeps one per column.
 *
 * Where more than 99.9 % of at least 1,000 values fit bool, or int or float, or the
 * dates of one format, the rest become exceptions (table/exceptions.h): but not where
 * that could harm.  A text that is a number, and that a number could not give back
 * (007, 1e400, an integer beyond 64 bits), keeps its column text: an id must not become
 * a null.  The same holds for times finer than a millisecond among times, and for a
 * date with the day first among dates with the month first: then no order is sure. */
#ifndef SW_INGEST_TALLY_H
#define SW_INGEST_TALLY_H

#include "ingest/infer.h"

#define SW_FORMAT_COUNT 9u /* bits of sw_formats */

struct sw_tally {
    uint64_t values; /* not null */
    uint64_t bools, ints, floats;
    uint64_t format[SW_FORMAT_COUNT];    /* dates and times that fit it */
    sw_formats with_time;                /* formats that some time came in */
    bool has_day_first, has_month_first; /* dates that can be nothing else */
    bool has_beyond_float;               /* an int that no double holds */
    bool has_kept_number, has_fine_time; /* texts that keep their kin text */
};

/* One more value, of the guess that sw_infer_cell made of it. Nulls are passed over. */
void sw_tally_add(struct sw_tally *tally, struct sw_span text, struct sw_guess cell);

/* The type that most values fit, the share aside; *misfits: how many do not. False: text only. */
bool sw_tally_choose(const struct sw_tally *tally, struct sw_inferred *choice, uint64_t *misfits);
/* Can no more values make a narrower type right?  Too many fit none. */
bool sw_tally_is_hopeless(const struct sw_tally *tally);
/* So few of the values that the rest decides? */
bool sw_tally_is_share(uint64_t misfits, uint64_t values);
/* May this cell be an exception of a column of that kind? */
bool sw_tally_may_except(const struct sw_inferred *kind, struct sw_span text, struct sw_guess cell);

#endif
