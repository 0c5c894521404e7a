/* transfer_options.h - the options of `ssql import`, `export` and `dump`, and of the dot commands of the same names:
 * one table from which they are read and explained. Threads: one. */
#ifndef SHELL_TRANSFER_OPTIONS_H
#define SHELL_TRANSFER_OPTIONS_H

#include <stdbool.h>

#include "shell/option_list.h"
#include "shell/text_buffer.h"

enum transfer_use { TRANSFER_IMPORT = 1, TRANSFER_EXPORT = 2, TRANSFER_DUMP = 4 };
enum { TRANSFER_ARGUMENTS_MOST = 4096 };

/* Texts belong to whoever gave them; NULL: the option was not given. */
struct transfer_options {
    const char *format, *columns, *delimiter, *null_text, *primary, *on_conflict, *rejects;
    const char *skip, *max_rejects, *batch_rows; /* digits */
    bool creates, has_no_header, only_schema, only_data, is_quiet, help;
    const char **arguments; /* what is no option; allocated */
    int argument_count;
};

/* Takes words apart. False with a message and perhaps a hint; clear the options in any case. */
bool transfer_options_read(struct transfer_options *options, enum transfer_use use, char **words, int count,
                           struct text_buffer *message, struct text_buffer *hint);
void transfer_options_clear(struct transfer_options *options);

/* A line for each option. */
void transfer_options_describe(struct text_buffer *to, enum transfer_use use);

/* The same for manuals and completion. */
bool import_options_list(int i, struct listed_option *option);
bool export_options_list(int i, struct listed_option *option);
bool dump_options_list(int i, struct listed_option *option);

/* The format that options or the ending of a path name, of which .gz and .zst are no part; else csv. */
const char *transfer_format(const struct transfer_options *options, const char *path);

/* Adds ` (a, b)` for the text of --columns. */
void transfer_columns_add(struct text_buffer *statement, const char *columns);

/* Adds ` (format csv, …)`: the options of a copy statement that both directions have. The parenthesis is left open. */
void transfer_options_add(struct text_buffer *statement, const struct transfer_options *options, const char *format);

#endif
