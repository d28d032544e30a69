/*
 * Random numbers for tests: a seed that is printed, so that a failed run can be repeated, and a
 * small generator that gives the same numbers on every machine.
 *
 * SW_SEED=N in the environment overrides the seed. Any thread, one struct per user.
 */
#ifndef SW_TEST_RANDOM_H
#define SW_TEST_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct test_random {
    uint64_t state;
};

/* The seed of this run: SW_SEED, or fresh from the clock. Printed once as a TAP comment. */
uint64_t test_seed(void);

void test_random_init(struct test_random *random, uint64_t seed);

/* 64 random bits (splitmix64). */
uint64_t test_random_bits(struct test_random *random);

/* A number in [0, limit), limit > 0. */
uint64_t test_random_below(struct test_random *random, uint64_t limit);

/* A number in [low, high], both included. */
int64_t test_random_between(struct test_random *random, int64_t low, int64_t high);

/* A double in [0, 1). */
double test_random_unit(struct test_random *random);

/* True once in `of` times. */
bool test_random_once_in(struct test_random *random, uint64_t of);

#endif
