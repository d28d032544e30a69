/* thread: which thread this is, and asserts on it.  The loop thread calls
 * sw_thread_be_loop() once at start; workers sw_thread_be_worker().  A program
 * that calls neither (tests) passes both asserts.                              */
#ifndef SW_BASE_THREAD_H
#define SW_BASE_THREAD_H

#include "base/status.h"

enum sw_thread_kind { SW_THREAD_ANY, SW_THREAD_LOOP, SW_THREAD_WORKER };

void sw_thread_be(enum sw_thread_kind kind);
enum sw_thread_kind sw_thread_kind(void);

#define sw_assert_loop()   sw_assert(sw_thread_kind() != SW_THREAD_WORKER)
#define sw_assert_worker() sw_assert(sw_thread_kind() != SW_THREAD_LOOP)

#endif
