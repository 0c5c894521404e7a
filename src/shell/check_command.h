/* check_command.h - `ssql check` and .check: reads every byte of a database and says what is damaged. */
#ifndef SHELL_CHECK_COMMAND_H
#define SHELL_CHECK_COMMAND_H

#include "shell/output.h"
#include "shell/progress.h"

/* Checks the database at a path. Findings and the outcome go to `output`, progress to the line, an error that prevents
 * the check to standard error. Returns an exit status: STATUS_DONE, _FAILED (cannot write), _NO_START or _DAMAGED. */
int check_database(const char *path, struct output *output, struct progress_line *progress);

/* The command, with its name in argv[0]. Returns the exit status. */
int check_command(int argc, char **argv);

#endif
