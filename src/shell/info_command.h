/* info_command.h - `ssql info DB`: what tables a database has, how many rows, and where they lie. */
#ifndef SHELL_INFO_COMMAND_H
#define SHELL_INFO_COMMAND_H

/* argv[0] is "info". Returns the exit status. */
int info_command(int argc, char **argv);

#endif
