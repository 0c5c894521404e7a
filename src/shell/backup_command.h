/* backup_command.h - `ssql backup` and .backup: a copy of a database that may be in use. */
#ifndef SHELL_BACKUP_COMMAND_H
#define SHELL_BACKUP_COMMAND_H

#include "shell/command_line.h"
#include "shell/option_list.h"

/* The command, with its name in argv[0]. Returns the exit status. */
int backup_command(int argc, char **argv);

/* .backup [OPTION]... DEST, of the session's database. */
bool command_backup(struct command_line *line);

extern option_list backup_options_list;

#endif
