/* generator.h - the same rows for every engine, from a seed. */
#ifndef BENCH_GENERATOR_H
#define BENCH_GENERATOR_H

#include "engine.h"

enum data_kind {
    DATA_FRIENDLY,   /* dense ids, users "user%08u" of 100,000, amounts 0..999,999 */
    DATA_UNFRIENDLY, /* sparse 63-bit ids, users of 4-200 unrelated bytes, 10 % null amounts */
};

uint64_t mix64(uint64_t x);

/* Row number i, from 0; ids are distinct and, for friendly data, ascending. */
void generate(enum data_kind kind, uint64_t i, struct event *event);
int64_t generate_id(enum data_kind kind, uint64_t i);

/* A permutation of 0..count-1: item i. */
struct permutation { uint64_t count, mask, keys[4]; int half_bits; };
void permutation_init(struct permutation *permutation, uint64_t count, uint64_t seed);
uint64_t permutation_at(const struct permutation *permutation, uint64_t i);

/* Zipf numbers in 0..count-1 with theta 0.99 (Gray et al., "Quickly generating billion-record synthetic databases"). */
struct zipf { uint64_t count; double theta, zeta, alpha, eta; uint64_t state; };
void zipf_init(struct zipf *zipf, uint64_t count, uint64_t seed);
uint64_t zipf_next(struct zipf *zipf);

#endif
