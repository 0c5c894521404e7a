/* workload.h - suites of workloads that one engine runs on one fresh database, in a process of its own. */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include "engine.h"
#include "generator.h"

struct job {
    const struct engine *engine;
    struct settings settings;
    enum data_kind data;
    uint64_t rows;
    int round;
};

struct suite {
    const char *name;
    bool (*run)(const struct job *job);
};

extern const struct suite suites[];
extern const size_t suite_count;

#endif
