/* See loops.h: which loops run on this x86-64 processor. */
#include "kernel/loops.h"

const struct sw_loops *sw_loops_choose(void)
{
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt")) {
        return &sw_loops_avx2;
    }
    return &sw_loops_plain;
}
