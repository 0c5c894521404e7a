/* measure.h - clocks, memory, bytes, programs, and the one line that a measurement is. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "job.h"

/* Of this process with all its threads: what it used until now, or since a moment, or of a program that ended. */
struct usage {
    double wall_s, cpu_s;
    uint64_t written_bytes;     /* given to write calls */
    uint64_t peak_memory_bytes; /* resident, the most until now */
};

double clock_seconds(void);
struct usage usage_now(void);
struct usage usage_since(struct usage from);
uint64_t directory_bytes(const char *path);
bool directory_make(const char *path); /* false after printing why not */
void directory_remove(const char *path);
uint64_t peak_memory_bytes(void);

/* Runs a program with a file as its standard input and without output, and tells what it took from start to end. False,
 * after printing it, when the program could not be run or failed. */
bool program_run(char *const arguments[], const char *input, struct usage *usage);

/* Prints {"workload":…,"engine":…,"round":…,"operations":…,"seconds":…,…} to standard output. `extra` is more JSON, beginning
 * with a comma, or "". `report` takes the moment at which the work began, `report_cost` what it took. */
void report(const struct job *job, const char *workload, uint64_t operations, struct usage from, struct answer answer,
            const char *extra);
void report_cost(const struct job *job, const char *workload, uint64_t operations, struct usage cost,
                 struct answer answer, const char *extra);

#endif
