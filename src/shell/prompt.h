/* prompt.h - the text before what is typed. In a pattern %d is the name of the database, %t the state of the
 * transaction ("", * in one, ! when a statement in it failed), %% a percent sign. */
#ifndef SHELL_PROMPT_H
#define SHELL_PROMPT_H

#include "shell/session.h"

/* The prompt as it is now; the caller frees it. */
char *prompt_make(const struct session *session);

/* The sign behind a % that is none (a blank: nothing stands there), or '\0': the pattern is good. */
char prompt_check(const char *pattern);

#endif
