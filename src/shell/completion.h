/* completion.h - which words may stand where the cursor is: keywords and functions, tables after from and into, columns
 * of the tables that the statement names, dot commands and what they take, file names. */
#ifndef SHELL_COMPLETION_H
#define SHELL_COMPLETION_H

#include <stddef.h>

#include "shell/session.h"

struct completion {
    struct session *session;
    char **words; /* for the place that was asked for last */
    size_t count;
};

/* As edit_hooks wants it; `owner` is a struct completion. */
char *completion_word(void *owner, const char *text, size_t begin, size_t end, int i);
void completion_clear(struct completion *completion);

#endif
