/* dump_command.h - `ssql dump` and `.dump`: the script that makes tables and their rows again. */
#ifndef SHELL_DUMP_COMMAND_H
#define SHELL_DUMP_COMMAND_H

#include "shell/transfer_command.h"

extern const struct transfer_kind dump_kind;

int dump_command(int argc, char **argv);

#endif
