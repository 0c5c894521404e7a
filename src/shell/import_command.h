/* import_command.h - `ssql import` and `.import`: files of records, and scripts of inserts, into a table. */
#ifndef SHELL_IMPORT_COMMAND_H
#define SHELL_IMPORT_COMMAND_H

#include "shell/transfer_command.h"

extern const struct transfer_kind import_kind;

int import_command(int argc, char **argv);

#endif
