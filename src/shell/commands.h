/* commands.h - what the dot commands do; one function each, by theme. dot_commands.c gives them their names. All return
 * false when they failed, which is reported. */
#ifndef SHELL_COMMANDS_H
#define SHELL_COMMANDS_H

#include "shell/command_line.h"

/* commands_output.c: how results are written, and where */
bool command_color(struct command_line *line);
bool command_header(struct command_line *line);
bool command_mode(struct command_line *line);
bool command_null(struct command_line *line);
bool command_once(struct command_line *line);
bool command_output(struct command_line *line);
bool command_pager(struct command_line *line);
bool command_print(struct command_line *line);
bool command_rows(struct command_line *line);
bool command_separator(struct command_line *line);
bool command_width(struct command_line *line);

/* commands_database.c: opening, and looking at what is there */
bool command_check(struct command_line *line);
bool command_close(struct command_line *line);
bool command_describe(struct command_line *line);
bool command_indexes(struct command_line *line);
bool command_info(struct command_line *line);
bool command_open(struct command_line *line);
bool command_schema(struct command_line *line);
bool command_tables(struct command_line *line);

/* commands_settings.c: how the shell works */
bool command_bail(struct command_line *line);
bool command_echo(struct command_line *line);
bool command_explain(struct command_line *line);
bool command_progress(struct command_line *line);
bool command_safe(struct command_line *line);
bool command_set(struct command_line *line);
bool command_show(struct command_line *line);
bool command_stats(struct command_line *line);
bool command_timeout(struct command_line *line);
bool command_timer(struct command_line *line);
bool command_var(struct command_line *line);

/* commands_run.c: scripts, programs, leaving */
bool command_cd(struct command_line *line);
bool command_exit(struct command_line *line);
bool command_read(struct command_line *line);
bool command_shell(struct command_line *line);

/* commands_transfer.c: rows in and out */
bool command_dump(struct command_line *line);
bool command_export(struct command_line *line);
bool command_import(struct command_line *line);

/* commands_editing.c: what was typed, and is typed */
bool command_copy(struct command_line *line);
bool command_edit(struct command_line *line);
bool command_expanded(struct command_line *line);
bool command_history(struct command_line *line);
bool command_prompt(struct command_line *line);
bool command_run_again(struct command_line *line);
bool command_watch(struct command_line *line);

/* help.c */
bool command_help(struct command_line *line);

#endif
