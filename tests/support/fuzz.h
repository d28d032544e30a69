/*
 * The one function that a fuzzer defines, tests/fuzz/X_fuzz.c; its corpus is tests/fuzz/corpus/X/.
 * Returns 0 always: a failure is a crash.
 */
#ifndef SW_TEST_FUZZ_H
#define SW_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
