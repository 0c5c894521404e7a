/* completion_command.h - `ssql completion bash|zsh|fish`: writes a script for that shell (docs/shell.md, "Completion in
 * your shell"). Returns the exit status. */
#ifndef SHELL_COMPLETION_COMMAND_H
#define SHELL_COMPLETION_COMMAND_H

int completion_command(int argc, char **argv);

#endif
