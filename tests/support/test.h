/*
 * What every unit test includes: cmocka with the headers that it wants before itself, and the
 * random numbers with a printed seed. A test file ends in
 *
 *     int main(void)
 *     {
 *         const struct CMUnitTest tests[] = {cmocka_unit_test(a_sentence_in_words)};
 *         return cmocka_run_group_tests_name("folder/module", tests, NULL, NULL);
 *     }
 */
#ifndef SW_TEST_TEST_H
#define SW_TEST_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/random.h"

#endif
