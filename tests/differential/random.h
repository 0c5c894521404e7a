/* random.h - a small random number generator (xorshift64*), the same on every machine. */
#ifndef DIFFERENTIAL_RANDOM_H
#define DIFFERENTIAL_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state; /* not 0 */
};

static inline struct random random_start(uint64_t seed)
{
    return (struct random){seed * UINT64_C(0x9E3779B97F4A7C15) | 1};
}

static inline uint64_t random_bits(struct random *random)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * UINT64_C(0x2545F4914F6CDD1D);
}

/* From 0 to below - 1. */
static inline int random_below(struct random *random, int below)
{
    return (int)((random_bits(random) >> 33) % (uint64_t)below);
}

static inline bool random_percent(struct random *random, int percent)
{
    return random_below(random, 100) < percent;
}

#endif
