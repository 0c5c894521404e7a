/* export_command.h - `ssql export` and `.export`: a table, or the rows of a query, to a file or to the results. */
#ifndef SHELL_EXPORT_COMMAND_H
#define SHELL_EXPORT_COMMAND_H

#include "shell/transfer_command.h"

extern const struct transfer_kind export_kind;

int export_command(int argc, char **argv);

#endif
