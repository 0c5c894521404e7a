/* test_schedule.h - runs golden files, each in a process of its own, several at a time: a crash or a hang fails one
 * file. The library is not touched in the parent, so that a child starts with nothing of it. */
#ifndef SHELL_TEST_SCHEDULE_H
#define SHELL_TEST_SCHEDULE_H

#include "shell/test_run.h"

enum { JOBS_MOST = 64 };

struct test_schedule {
    struct test_options options; /* its directory is set for each file */
    unsigned job_count;          /* files at a time, 1 to JOBS_MOST */
    unsigned timeout_s;          /* of one file */
    bool keep;                   /* the databases of failed files stay */
};

struct test_outcome {
    struct test_counts total;
    bool could_not_run;  /* some file, or a part of it */
    bool is_interrupted; /* by Ctrl-C: what ran was ended, what did not was left out */
};

/* Runs the files in their order and prints their reports to stdout as they end. */
void test_schedule_run(const struct test_schedule *schedule, char *const *paths, size_t path_count,
                       struct test_outcome *outcome);

#endif
