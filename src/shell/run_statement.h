/* run_statement.h - one statement: its parameters, its rows, and what is said about it. */
#ifndef SHELL_RUN_STATEMENT_H
#define SHELL_RUN_STATEMENT_H

#include "shell/session.h"

/* Runs the statement and writes its result. False when it failed, which is reported. */
bool run_statement(struct session *session, const struct source *source);

#endif
