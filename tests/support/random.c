/* See random.h. The generator is splitmix64 (Steele, Lea, Flood 2014). */
#include "support/random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t test_seed(void)
{
    static uint64_t seed;
    if (seed == 0) {
        const char *given = getenv("SW_SEED");
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        seed = given != NULL ? strtoull(given, NULL, 0)
                             : ((uint64_t)now.tv_sec * 1000000007u) ^ (uint64_t)now.tv_nsec;
        seed = seed == 0 ? 1 : seed;
        printf("# SW_SEED=%" PRIu64 "\n", seed);
        fflush(stdout);
    }
    return seed;
}

void test_random_init(struct test_random *random, uint64_t seed)
{
    random->state = seed;
}

uint64_t test_random_bits(struct test_random *random)
{
    random->state += 0x9e3779b97f4a7c15u;
    uint64_t z = random->state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t test_random_below(struct test_random *random, uint64_t limit)
{
    return (uint64_t)(((unsigned __int128)test_random_bits(random) * limit) >> 64);
}

int64_t test_random_between(struct test_random *random, int64_t low, int64_t high)
{
    uint64_t span = (uint64_t)high - (uint64_t)low + 1;
    uint64_t step = span == 0 ? test_random_bits(random) : test_random_below(random, span);
    return (int64_t)((uint64_t)low + step);
}

double test_random_unit(struct test_random *random)
{
    return (double)(test_random_bits(random) >> 11) * 0x1p-53;
}

bool test_random_once_in(struct test_random *random, uint64_t of)
{
    return test_random_below(random, of) == 0;
}
