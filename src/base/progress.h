/* progress.h - how far a statement is, for whoever wants to see it. The parts that do the work count into `done`; a
 * look costs a read of the clock and calls the report every PROGRESS_INTERVAL_MS at most. Threads: the one that runs
 * the statement. */
#ifndef SSQL_BASE_PROGRESS_H
#define SSQL_BASE_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { PROGRESS_INTERVAL_MS = 100 };

struct progress {
    int (*report)(void *context, const char *what, int64_t done, int64_t total); /* not 0: give up */
    void *context;
    uint64_t next_report_ns;
    const char *what;                    /* one word; static */
    int64_t done, total;                 /* total 0: not known */
    const atomic_int_least64_t *counted; /* NULL, or what other threads count (cancellation.h): added to `done` */
    int64_t counted_before;              /* of it, when this began */
    bool is_refused;                     /* the report said so; stays until the next start */
};

/* At a statement's start, in the thread that runs it. */
void progress_start(struct progress *progress);

/* What is being done from here on; `done` is 0. */
void progress_begin(struct progress *progress, const char *what, int64_t total); /* accepts NULL */

/* False: the report wants the statement to give up. */
bool progress_look(struct progress *progress);

/* Nanoseconds of a clock that only goes on. */
uint64_t clock_now_ns(void);

#endif
