/* test_command.h - `ssql test`: runs golden test files (docs/golden-tests.md). */
#ifndef SHELL_TEST_COMMAND_H
#define SHELL_TEST_COMMAND_H

/* argv[0] is "test". Returns the exit status: 0 all passed, 1 some failed, 2 could not run, or nothing was found,
 * 130 interrupted. */
int test_command(int argc, char **argv);

#endif
