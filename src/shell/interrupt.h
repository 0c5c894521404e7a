/* interrupt.h - Ctrl-C. It asks the running statement to give up and is remembered until somebody takes notice. */
#ifndef SHELL_INTERRUPT_H
#define SHELL_INTERRUPT_H

#include <ssql.h>
#include <stdbool.h>
#include <sys/types.h>

/* Installs the handler; system calls that wait are then ended by the signal. */
void interrupt_install(void);

/* The connection whose statement is asked to give up; NULL: none. */
void interrupt_watch(ssql_conn *connection);

/* For handlers of other signals that shall be taken for Ctrl-C. */
void interrupt_note(void);

/* Signals since the last interrupt_take. */
bool interrupt_is_pending(void);
bool interrupt_take(void);

/* read, which goes on after other signals than Ctrl-C, and waits where a descriptor has nothing to give yet. */
ssize_t interrupt_read(int file, void *bytes, size_t capacity);

/* True when the last three signals came within two seconds: somebody wants to get out. */
bool interrupt_is_urgent(void);

#endif
