/* info_command.h - `ssql info` and .info: what a database holds, and how it lies in its files. */
#ifndef SHELL_INFO_COMMAND_H
#define SHELL_INFO_COMMAND_H

#include <ssql.h>
#include <stdbool.h>

#include "shell/option_list.h"
#include "shell/text_buffer.h"

/* Adds what there is to say; with `levels` also each level of each table, and amplification. False with the error in
 * the connection. */
bool info_add(struct text_buffer *text, ssql_db *db, ssql_conn *connection, const char *path, bool levels);

/* Adds a line with the name, about how many rows, and the size in files of table i: for .tables on a terminal. */
void info_add_table_line(struct text_buffer *text, const ssql_tables *tables, int i);

/* The command, with its name in argv[0]. Returns the exit status. */
int info_command(int argc, char **argv);

/* Its options: an option_list. */
bool info_options_list(int i, struct listed_option *option);

#endif
