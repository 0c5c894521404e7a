/* program_command.h - the commands of the program, such as `ssql check`: rows of a table in main.c. */
#ifndef SHELL_PROGRAM_COMMAND_H
#define SHELL_PROGRAM_COMMAND_H

#include "shell/option_list.h"

struct program_command {
    const char *name;
    const char *arguments; /* as --help shows them: "DB [TABLE]" */
    const char *description;
    int (*run)(int argc, char **argv); /* argv[0] is the command; returns the exit status */
    option_list *options;              /* NULL: --help alone */
};

/* The i-th command, from 0; NULL past the last. */
const struct program_command *program_command_at(int i);

#endif
