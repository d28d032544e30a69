/* See scan.h: machines other than x86-64 have the plain scanner. */
#include "ingest/scan.h"

sw_scan_fast *sw_scan_choose(void)
{
    return sw_scan_plain;
}
