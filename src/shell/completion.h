/* completion.h - which words may stand where the cursor is: of statements those that the library offers, those first
 * that were used often; of dot commands their names and what they take, files among it. */
#ifndef SHELL_COMPLETION_H
#define SHELL_COMPLETION_H

#include <stddef.h>

#include "shell/edit.h"
#include "shell/session.h"
#include "shell/word_uses.h"

struct completion {
    struct session *session;
    struct word_uses uses;
    struct edit_words words; /* for the place that was asked for last */
    int *kinds;              /* of these words: SSQL_WORD_… */
};

/* As edit_hooks wants it. */
const struct edit_words *completion_find_words(struct completion *completion, const char *text, size_t size, size_t at);
void completion_clear(struct completion *completion);

#endif
