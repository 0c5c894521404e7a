/* dot_commands.h - the commands that steer the shell: lines that begin with a dot (docs/shell.md, "Dot commands"). */
#ifndef SHELL_DOT_COMMANDS_H
#define SHELL_DOT_COMMANDS_H

#include <stdbool.h>

#include "shell/session.h"

/* Runs the line. False when it failed, which is reported. */
bool dot_command_run(struct session *session, const struct source *source);

/* Name of the i-th command, with its dot, from 0; NULL past the last. */
const char *dot_command_name(int i);

/* What the command (a unique beginning does) takes, for completion: "file", "mode", "table" or "". */
const char *dot_command_argument(const char *name);

#endif
