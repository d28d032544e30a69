/* See loops.h: for any machine. */
#define LOOPS_NAME sw_loops_plain
#include "kernel/loops_body.inc"
