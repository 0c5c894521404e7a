/* test_run.h - runs one test file against databases of its own, and sends what came of it. In a process of its own. */
#ifndef SHELL_TEST_RUN_H
#define SHELL_TEST_RUN_H

#include "shell/test_case.h"

/* Sends the cases, changes and the end to options->to. */
void test_run_file(const char *path, const struct test_options *options);

#endif
