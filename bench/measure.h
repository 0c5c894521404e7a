/* measure.h - clocks, memory, bytes, and the one line that a measurement is. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "engine.h"

struct usage {
    double wall_s, cpu_s;
    uint64_t written_bytes; /* given to write calls by this process */
};

struct usage usage_now(void);
uint64_t directory_bytes(const char *path);
void directory_remove(const char *path);
uint64_t peak_memory_bytes(void);

/* Prints {"workload":…,"engine":…,"round":…,"operations":…,"seconds":…,…} to standard output. `extra` is more JSON, beginning
 * with a comma, or "". */
void report(const char *workload, const char *engine, int round, uint64_t operations, struct usage from,
            struct answer answer, const char *extra);

#endif
