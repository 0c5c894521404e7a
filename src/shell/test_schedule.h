/* test_schedule.h - runs test files, each in a process of its own, several at a time: a crash or a hang fails one file.
 * The library is not touched in the parent, so that a child starts with nothing of it. */
#ifndef SHELL_TEST_SCHEDULE_H
#define SHELL_TEST_SCHEDULE_H

#include "shell/test_case.h"

enum { JOBS_MOST = 64 };

struct test_schedule {
    struct test_options options; /* its directory and `to` are set for each file */
    unsigned job_count;          /* files at a time, 1 to JOBS_MOST */
    unsigned timeout_s;          /* of one file */
    bool keep;                   /* the databases of failed files stay */

    /* Called with each file that has ended: takes the result over. `kept`: where its databases stay, or NULL. Returns
     * false when nobody listens any more: then the run ends as after Ctrl-C. */
    bool (*take)(void *context, struct test_result *result, const char *kept);
    void *context;
};

/* Runs the files in their order. Returns false when that was ended before its time: what ran was ended and is not told,
 * what did not run was left out. */
bool test_schedule_run(const struct test_schedule *schedule, char *const *paths, size_t path_count);

/* SIGTERM or SIGHUP, when one of them ended the run in the same way; 0: none did. */
int test_schedule_signal(void);

#endif
