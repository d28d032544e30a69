/* See loops.h: a processor with one set of loops. */
#include "kernel/loops.h"

const struct sw_loops *sw_loops_choose(void)
{
    return &sw_loops_plain;
}
