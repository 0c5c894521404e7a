/* check_command.h - `ssql check DB`: reads every byte of a database and says what is damaged. */
#ifndef SHELL_CHECK_COMMAND_H
#define SHELL_CHECK_COMMAND_H

/* argv[0] is "check". Returns the exit status. */
int check_command(int argc, char **argv);

#endif
