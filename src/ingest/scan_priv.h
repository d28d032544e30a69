/* scan_priv: what the scanners of this folder share.  Any thread. */
#ifndef SW_INGEST_SCAN_PRIV_H
#define SW_INGEST_SCAN_PRIV_H

#include "ingest/scan.h"

/* The bytes looked for. In a text whose lines end in CR that byte is no part of a CRLF. */
struct needles {
    char delimiter, newline, quote, cr;
};

static inline struct needles needles_of(const struct sw_dialect *dialect)
{
    /* A second look for the line end is harmless where there is no CRLF. */
    char cr = dialect->newline == '\n' ? '\r' : dialect->newline;
    return (struct needles){dialect->delimiter, dialect->newline, dialect->quote, cr};
}

/* Drops what stands behind the last line end outside quotes: terminators and line ends in quotes.
 * The counts of all that was looked at are set. */
void sw_scan_finish(const struct sw_dialect *dialect, const char *text, struct sw_scan *scan);

#endif
