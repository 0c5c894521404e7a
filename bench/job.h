/* job.h - what one suite is to do: with which engine, on how many rows of which data. */
#ifndef BENCH_JOB_H
#define BENCH_JOB_H

#include "engine.h"
#include "generator.h"

struct job {
    const struct engine *engine;
    struct settings settings;
    enum data_kind data;
    uint64_t rows;
    uint64_t large_rows;      /* of suite large; 0: so many that they take four times the memory on disk */
    const char *shared;       /* a directory for what the engines of one suite and round have in common */
    const char *ssql_shell;   /* programs of suites shell and import */
    const char *sqlite_shell;
    int round;
};

#endif
