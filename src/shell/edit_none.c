/* Without a library: the terminal's own line editing, line by line; no history, no completion. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/edit.h"
#include "shell/interrupt.h"
#include "shell/text_buffer.h"

static struct edit_hooks hooks;

void edit_start(const struct edit_hooks *given)
{
    hooks = *given;
}

enum edit_result edit_read(const char *prompt, const char *next_prompt, char **text)
{
    struct text_buffer gathered = {0};
    char *line = NULL;
    size_t capacity = 0;
    enum edit_result result = EDIT_TEXT;

    *text = NULL;
    for (;;) {
        fputs(gathered.size == 0 ? prompt : next_prompt, stdout);
        fflush(stdout);
        clearerr(stdin);
        ssize_t size = getline(&line, &capacity, stdin);
        if (size < 0 && errno == EINTR && interrupt_take()) {
            putchar('\n');
            result = gathered.size == 0 ? EDIT_EMPTY_BREAK : EDIT_DROPPED;
            break;
        }
        if (size < 0) {
            result = gathered.size == 0 ? EDIT_END : EDIT_TEXT;
            break;
        }
        text_add(&gathered, line, (size_t)size);
        if (hooks.is_complete(hooks.owner, gathered.data, gathered.size))
            break;
    }
    free(line);
    if (result == EDIT_TEXT)
        *text = must_copy(text_string(&gathered), gathered.size);
    text_clear(&gathered);
    return result;
}

void edit_remember(const char *text)
{
    (void)text;
}

void edit_stop(void)
{
}

const char *edit_library(void)
{
    return "none";
}

const char *edit_licence(void)
{
    return "MIT";
}
