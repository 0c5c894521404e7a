/* column_types.h - the columns that several files have between them, with types that fit the values of each: what
 * `ssql import --create` makes its table of. Threads: one. */
#ifndef SHELL_COLUMN_TYPES_H
#define SHELL_COLUMN_TYPES_H

#include <ssql.h>
#include <stdbool.h>

#include "shell/text_buffer.h"

struct column_types {
    struct typed_column *columns; /* in the order in which they came */
    size_t count;
};

/* Adds the columns of a table that was made after one of the files: a new one, or one whose type becomes wide enough.
 * False with an error in the connection. */
bool column_types_add(struct column_types *types, ssql_conn *connection, const char *table);

/* Adds the statement that makes the table; `primary` as option --primary has it, or NULL. */
void column_types_define(const struct column_types *types, struct text_buffer *to, const char *table,
                         const char *primary);

void column_types_clear(struct column_types *types);

#endif
