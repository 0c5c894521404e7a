/* test_golden.h - runs the steps of a golden file. */
#ifndef SHELL_TEST_GOLDEN_H
#define SHELL_TEST_GOLDEN_H

#include "shell/test_case.h"

/* run->text holds the file. Sends its cases; run->complaint is left empty when all of it could be run. */
void test_golden_run(struct test_run *run);

#endif
