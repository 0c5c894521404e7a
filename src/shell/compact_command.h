/* compact_command.h - `ssql compact`: merges the files of a database. */
#ifndef SHELL_COMPACT_COMMAND_H
#define SHELL_COMPACT_COMMAND_H

/* The command, with its name in argv[0]. Returns the exit status. */
int compact_command(int argc, char **argv);

#endif
