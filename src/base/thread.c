#include "base/thread.h"

static _Thread_local enum sw_thread_kind kind_of_this;

void sw_thread_be(enum sw_thread_kind kind)
{
    kind_of_this = kind;
}

enum sw_thread_kind sw_thread_kind(void)
{
    return kind_of_this;
}
