/* suite.h - suites of workloads that one engine runs on one fresh database, in a process of its own. */
#ifndef BENCH_SUITE_H
#define BENCH_SUITE_H

#include "workload.h"

struct suite {
    const char *name;
    bool (*run)(const struct job *job);
    bool (*prepare)(const struct job *job); /* once a round, into job->shared; NULL: nothing to prepare */
    bool by_request;                        /* only when it is named in --suites */
};

extern const struct suite suites[];
extern const size_t suite_count;

bool suite_sequential(const struct job *job);
bool suite_random(const struct job *job);
bool suite_durable(const struct job *job);
bool suite_recover(const struct job *job);
bool suite_compaction(const struct job *job);
bool suite_latency(const struct job *job);
bool suite_large(const struct job *job);
bool suite_threads(const struct job *job);
bool suite_import(const struct job *job);
bool suite_import_prepare(const struct job *job);
bool suite_shell(const struct job *job);
bool suite_shell_prepare(const struct job *job);

#endif
