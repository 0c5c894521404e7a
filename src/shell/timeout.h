/* timeout.h - a limit to the time that a statement takes. When it has passed, the statement is asked to give up, as
 * Ctrl-C would. It rests on SIGALRM: the program has one timer. Threads: one. */
#ifndef SHELL_TIMEOUT_H
#define SHELL_TIMEOUT_H

#include <ssql.h>
#include <stdbool.h>

enum { TIMEOUT_SECONDS_MOST = 1000000 };

/* Lets `seconds` (0: no limit) begin for the statements of the connection. */
void timeout_start(ssql_conn *connection, double seconds);

/* Ends it. True when the time had passed. */
bool timeout_stop(void);

/* "0.5", "30": true with *seconds when the text is a number from 0 to TIMEOUT_SECONDS_MOST. */
bool timeout_read(const char *text, double *seconds);

#endif
