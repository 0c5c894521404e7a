/* test_slt_run.h - runs the records of a sqllogictest file. */
#ifndef SHELL_TEST_SLT_RUN_H
#define SHELL_TEST_SLT_RUN_H

#include "shell/test_case.h"

/* run->text holds the file: all of it is one case. As test_golden_run. */
void test_slt_run(struct test_run *run);

#endif
