/* dot_commands.h - the commands that steer the shell: lines that begin with a dot (docs/shell.md, "Dot commands").
 * Another one is a row in dot_commands.c, a declaration in commands.h and a function in a file of its theme. */
#ifndef SHELL_DOT_COMMANDS_H
#define SHELL_DOT_COMMANDS_H

#include <stdbool.h>

#include "shell/command_line.h"

/* Runs the line. False when it failed, which is reported. */
bool dot_command_run(struct session *session, const struct source *source);

/* Name of the i-th command, with its dot, from 0; NULL past the last. */
const char *dot_command_name(int i);

/* The i-th command; NULL past the last. */
const struct dot_command *dot_command_at(int i);

/* The i-th other name, and the command's own; NULL past the last. */
const char *dot_command_alias(int i, const char **name);

/* By name, alias or a beginning that only one command has; NULL: none or several. */
const struct dot_command *dot_command_find(const char *name);

/* What the command (a unique beginning does) takes, for completion: "file", "mode", "table" or "". */
const char *dot_command_argument(const char *name);

#endif
