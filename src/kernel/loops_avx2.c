/* See loops.h. Compiled for AVX2, FMA, BMI and POPCNT; called only where they are. */
#define LOOPS_NAME sw_loops_avx2
#define LOOPS_WIDE
#include "kernel/loops_body.inc"
