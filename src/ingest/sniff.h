/* sniff: is this a text with a table, and if not, what is it?  Any thread.
 * Known formats are refused by name, with what to do instead.                 */
#ifndef SW_INGEST_SNIFF_H
#define SW_INGEST_SNIFF_H

#include "base/span.h"
#include "base/status.h"

/* `head`: the first bytes of the file, unpacked but not decoded.  SW_UPLOAD when it is no CSV. */
SW_MUST_USE sw_status sw_sniff_check(struct sw_span head, struct sw_err *err);

#endif
