/* interactive.h - the prompt. */
#ifndef SHELL_INTERACTIVE_H
#define SHELL_INTERACTIVE_H

#include "shell/session.h"

/* Reads and runs until the user leaves. False when the last thing failed. */
bool interactive_run(struct session *session);

#endif
