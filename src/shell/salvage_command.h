/* salvage_command.h - `ssql salvage`: what is left of a damaged database, as a new one. */
#ifndef SHELL_SALVAGE_COMMAND_H
#define SHELL_SALVAGE_COMMAND_H

/* The command, with its name in argv[0]. Returns the exit status. */
int salvage_command(int argc, char **argv);

#endif
