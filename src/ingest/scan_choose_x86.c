/* See scan.h: which scanner runs on this x86-64 processor. */
#include "ingest/scan.h"

sw_scan_fast *sw_scan_choose(void)
{
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
        __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt")) {
        return sw_scan_avx2;
    }
    return sw_scan_sse2;
}
