/* interactive.h - the prompt: texts are read from the terminal, remembered and run, until the user leaves. The
 * functions for dot commands work on the prompt of a session (session->interactive). */
#ifndef SHELL_INTERACTIVE_H
#define SHELL_INTERACTIVE_H

#include "shell/history.h"
#include "shell/session.h"

/* Reads and runs until the user leaves. False when the last thing failed. */
bool interactive_run(struct session *session);

/* ---- for dot commands ---- */

/* What was typed in this session and before. */
const struct history *interactive_history(const struct interactive *interactive);

/* The last text that was no dot command; NULL: there was none. */
const char *interactive_last_text(const struct interactive *interactive);

/* The text stands at the next prompt, to be changed or run. */
void interactive_propose(struct interactive *interactive, const char *text);

/* Runs a text as if it had been typed; it is not remembered. False when something of it failed. */
bool interactive_run_text(struct session *session, const char *text);

#endif
