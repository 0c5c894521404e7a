/* unfinished_file.h - files that are gone when a signal ends the program before they are whole: what is written beside
 * its place, what an editor was given. After SIGTERM, SIGHUP and the like the program ends by the signal as it would
 * have. Threads: one. */
#ifndef SHELL_UNFINISHED_FILE_H
#define SHELL_UNFINISHED_FILE_H

#include <ssql.h>

/* From here on the file at `path` is removed when such a signal comes; `path` stays the caller's and must live until
 * unfinished_file_forget, which is called before it is freed. */
void unfinished_file_guard(const char *path);

/* The file is whole or removed. NULL is accepted. */
void unfinished_file_forget(const char *path);

/* While a statement runs that writes files of its own, the library alone knows what is to be removed: the first such
 * signal asks it to give up, and unfinished_statement_end ends the program. What does not hear is ended by a second
 * signal, or three seconds later. The connection lives until the end. */
void unfinished_statement_begin(ssql_conn *connection);
void unfinished_statement_end(void);

#endif
